//! Whether a static key of a cloud lies where there is a way to that cloud without one.
//!
//! A way counts for whoever can use it: what a person configured, for the keys in the same home; what a file names, for
//! the keys in that file; a token that the platform hands to the whole machine, for all. A key of another account of
//! the cloud than the way leads to is left alone. Nothing here may ask a cloud or a metadata service.

use super::{Mapper, text};
use crate::found::Found;
use crate::item::ThingKind;
use crate::read::federation::{AWS, AZURE, GOOGLE};
use std::collections::BTreeMap;
use tenure_model::flag;

/// Ways of one cloud and one circle that are kept.
const WAYS_MAX: usize = 20;
/// Where a platform puts what it hands to every workload of the machine.
const OF_PLATFORM: [&str; 2] = ["/run/secrets/", "/etc/environment"];

/// Whom a way serves.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Circle {
    Machine,
    Account(String),
    File(String),
}

/// A way: the account of the cloud it leads to, if it says, and what it is, in words.
struct Way {
    account: Option<String>,
    says: String,
}

/// All ways that were found, by cloud and circle.
#[derive(Default)]
pub(super) struct Ways(BTreeMap<(String, Circle), Vec<Way>>);

impl Mapper<'_> {
    pub(super) fn ways(&self) -> Ways {
        let mut ways = Ways::default();
        for found in self.of_kind(ThingKind::CloudFederation) {
            let (Some(cloud), Some(says)) = (found.towards.clone(), text(&found.facts, "way")) else {
                continue;
            };
            let place = found.place.to_string();
            let circle = match &found.account {
                _ if OF_PLATFORM.iter().any(|start| place.starts_with(start)) => Circle::Machine,
                // A file of variables is of the program that reads it, not of the person in whose home it lies.
                Some(account) if found.line.is_none() => Circle::Account(account.clone()),
                Some(_) | None => Circle::File(place),
            };
            let of_circle = ways.0.entry((cloud, circle)).or_default();
            if of_circle.len() < WAYS_MAX {
                let account = text(&found.facts, "account").map(str::to_owned);
                let says = format!("{}: {says}, as {} says", found.whose, self.place(found));
                of_circle.push(Way { account, says });
            }
        }
        ways
    }
}

impl Ways {
    /// The way there is in the place of this key; `None` for what is no static key of a cloud.
    pub(super) fn instead_of(&self, key: &Found) -> Option<&str> {
        let cloud = static_key_of(key)?;
        let home = key.account.clone().map(Circle::Account);
        let circles = [Some(Circle::File(key.place.to_string())), home, Some(Circle::Machine)];
        let account = text(&key.facts, "account");
        let fits = |way: &&Way| match (&way.account, account) {
            (Some(leads_to), Some(of_key)) => leads_to == of_key,
            (None, _) | (_, None) => true,
        };
        circles
            .into_iter()
            .flatten()
            .filter_map(|circle| self.0.get(&(cloud.to_owned(), circle)))
            .flatten()
            .find(fits)
            .map(|way| way.says.as_str())
    }
}

/// Which cloud's static key it is.
fn static_key_of(key: &Found) -> Option<&'static str> {
    match key.kind {
        ThingKind::AwsKey if flag(&key.facts, "temporary") != Some(true) => Some(AWS),
        ThingKind::GcpServiceAccountKey => Some(GOOGLE),
        ThingKind::AzureToken if text(&key.facts, "what") == Some("client_secret") => Some(AZURE),
        _ => None,
    }
}
