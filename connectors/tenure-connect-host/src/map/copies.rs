//! Secrets for other systems: put together by fingerprint, each copy a sighting.
//!
//! What is found is the copy, not the identity: it lives in another system, and what it may do there is not known
//! here. It is named after the copy in the best known place, so that a changed value stays the same credential and a
//! second copy makes no second identity; `kept.rs` says which identity of before it is. Whether the value still works is
//! never tried.

use super::federation::Ways;
use super::kept::{Identity, identities, key_at};
use super::{Mapper, fingerprint};
use crate::found::{Found, FoundMark};
use crate::item::{Problem, ThingKind};
use crate::processes;
use std::collections::BTreeMap;
use tenure_model::{
    CredentialKind, CredentialState, Fact, Observation, ObservedCredential, ObservedPrincipal,
    ObservedSighting, PrincipalKind, flag, names,
};

impl Mapper<'_> {
    pub(super) fn copies(&mut self) {
        let mut groups: BTreeMap<String, Vec<&Found>> = BTreeMap::new();
        for (number, thing) in self.all().enumerate() {
            if kind_of(thing.kind).is_some() {
                let alone = || format!("alone:{number}");
                let mark = thing.mark.as_ref().filter(|mark| !matches!(mark, FoundMark::StoredHash(_)));
                let group = mark.map_or_else(alone, |_| fingerprint(thing).unwrap_or_else(alone));
                groups.entry(group).or_default().push(thing);
            }
        }
        let mut sorted: Vec<Vec<&Found>> = groups.into_values().collect();
        for group in &mut sorted {
            group.sort_by(|one, other| order(one).cmp(&order(other)));
        }
        // Keys with a number behind them must not depend on fingerprints, which differ from deployment to deployment.
        sorted.sort_by(|one, other| {
            one.first().map(|thing| order(thing)).cmp(&other.first().map(|thing| order(thing)))
        });
        let ways = self.ways();
        let identities = identities(sorted, self.known);
        // What is new must not be given a key that is somebody's.
        identities.iter().filter_map(|one| one.key.as_ref()).for_each(|key| self.keys.insert(key.0.clone()));
        for identity in self.budget.while_telling(identities.into_iter()) {
            self.copied(&identity, &ways);
        }
    }

    fn copied(&mut self, identity: &Identity<'_>, ways: &Ways) {
        let group = identity.copies.as_slice();
        let Some(best) = group.first() else { return };
        let Some(kind) = kind_of(best.kind) else { return };
        let extent = self.extents.of(best);
        let assistant = best.kind == ThingKind::AssistantSecret;
        let key = identity.key.clone().unwrap_or_else(|| self.key(&key_at(best)));
        let name = self.name_in_file(best);
        let mut facts = tenure_model::Facts::new();
        facts.insert(names::DEFINED_IN.to_owned(), Fact::Text(self.place(best)));
        let towards = group.iter().find_map(|copy| copy.towards.clone());
        if let Some(towards) = &towards {
            facts.insert(names::TOWARDS.to_owned(), Fact::Text(towards.clone()));
        }
        for hint in ["code_owners", "git_authors"] {
            let named = group.iter().find_map(|copy| copy.facts.get(hint));
            facts.extend(named.map(|named| (hint.to_owned(), named.clone())));
        }
        facts.insert(names::OF_ANOTHER_SYSTEM.to_owned(), Fact::Flag(true));
        facts.insert("what".to_owned(), Fact::Text(best.description.clone()));
        facts.insert("file_owner".to_owned(), Fact::Text(self.user(best.file.uid)));
        let principal = ObservedPrincipal {
            key: key.clone(),
            name: name.clone(),
            kind: if assistant { PrincipalKind::Agent } else { PrincipalKind::External },
            built_in: false,
            facts,
            charter_hint: None,
        };
        self.principal(&extent, principal);
        let mut facts = self.facts_of_copies(group);
        if let Some(way) = group.iter().find_map(|copy| ways.instead_of(copy)) {
            facts.insert(names::FEDERATION_AT_HAND.to_owned(), Fact::Text(way.to_owned()));
        }
        let credential = ObservedCredential {
            key: String::from("secret"),
            principal: key.clone(),
            kind,
            state: CredentialState::Live,
            fingerprint: fingerprint(best),
            valid_until: None,
            facts,
        };
        self.credential(&extent, credential);
        for copy in self.budget.while_telling(group.iter()) {
            self.sighting(copy, &name);
        }
    }

    /// The facts of the best copy, with what is wrong with any of them.
    fn facts_of_copies(&self, group: &[&Found]) -> tenure_model::Facts {
        let mut all = self.budget.while_telling(group.iter()).map(|copy| (copy, self.facts_of_file(copy)));
        let Some((best, mut facts)) = all.next() else { return tenure_model::Facts::new() };
        for (_, further) in all {
            for name in [names::READABLE_BY, names::WRITABLE_BY, names::UNENCRYPTED] {
                if let Some(fact) = further.get(name) {
                    facts.entry(name.to_owned()).or_insert_with(|| fact.clone());
                }
            }
        }
        let in_clear = |copy: &&&Found| {
            copy.kind == ThingKind::AssistantSecret && copy.problems.contains(&Problem::SecretInClear)
        };
        if let Some(copy) = group.iter().find(in_clear) {
            facts.insert(names::IN_CLEAR.to_owned(), Fact::Text(self.place(copy)));
        }
        if let Some(why) = endless(best) {
            facts.insert(names::ENDLESS.to_owned(), Fact::Text(why.to_owned()));
        }
        let copies = i64::try_from(group.len()).unwrap_or(i64::MAX);
        facts.insert("copies".to_owned(), Fact::Number(copies));
        let processes: i64 = group.iter().filter_map(|copy| super::number(&copy.facts, "processes")).sum();
        if processes > 0 {
            facts.insert("processes".to_owned(), Fact::Number(processes));
        }
        facts
    }

    fn sighting(&mut self, copy: &Found, principal_name: &str) {
        let line = copy.line.map(|line| format!(":{line}")).unwrap_or_default();
        let sighting = ObservedSighting {
            principal_name: principal_name.to_owned(),
            place: processes::place_of(copy, &self.user(copy.file.uid))
                .unwrap_or_else(|| format!("{}{line}", copy.place)),
            fingerprint: fingerprint(copy),
            towards: copy.towards.clone(),
        };
        let extent = self.extents.of(copy);
        self.extents.push(&extent, Observation::Sighting(sighting));
    }
}

/// Which copy names the credential: a file made for it, then an assistant's, an environment's, a job's; then by place.
fn order(thing: &Found) -> (u8, String, Option<u32>, &str) {
    let rank = match thing.kind {
        ThingKind::AssistantSecret => 1,
        ThingKind::EnvironmentSecret => 2,
        ThingKind::JobSecret => 3,
        ThingKind::ProcessSecret => 4,
        _ => 0,
    };
    (rank, thing.place.to_string(), thing.line, thing.whose.as_str())
}

/// What kind of credential a copy is of; `None` for what belongs to this machine.
fn kind_of(kind: ThingKind) -> Option<CredentialKind> {
    match kind {
        ThingKind::SshPrivateKey => Some(CredentialKind::SshKey),
        ThingKind::AwsKey | ThingKind::GcpServiceAccountKey => Some(CredentialKind::CloudKey),
        ThingKind::NetrcPassword
        | ThingKind::PostgresPassword
        | ThingKind::MysqlPassword
        | ThingKind::GitPassword
        | ThingKind::RegistryLogin => Some(CredentialKind::Password),
        ThingKind::GcpUserToken
        | ThingKind::AzureToken
        | ThingKind::KubernetesCredential
        | ThingKind::NpmToken
        | ThingKind::PypiToken
        | ThingKind::CargoToken
        | ThingKind::TerraformToken
        | ThingKind::VaultToken
        | ThingKind::GithubToken
        | ThingKind::GitlabToken
        | ThingKind::AssistantSecret
        | ThingKind::EnvironmentSecret
        | ThingKind::ProcessSecret
        | ThingKind::JobSecret => Some(CredentialKind::Token),
        ThingKind::Account
        | ThingKind::Group
        | ThingKind::StoredPassword
        | ThingKind::ServiceUnit
        | ThingKind::TimerUnit
        | ThingKind::ScheduledJob
        | ThingKind::AuthorizedKey
        | ThingKind::SshHostKey
        | ThingKind::SshServerSetting
        | ThingKind::Certificate
        | ThingKind::PrivateKey
        | ThingKind::KeyStore
        | ThingKind::CloudFederation
        | ThingKind::AssistantServer => None,
    }
}

/// Why a secret has no end of its own, where its kind says so.
fn endless(thing: &Found) -> Option<&'static str> {
    match thing.kind {
        ThingKind::AwsKey if flag(&thing.facts, "temporary") != Some(true) => {
            Some("an AWS access key of a user works until somebody ends it")
        }
        ThingKind::GcpServiceAccountKey => {
            Some("a key of a Google Cloud service account has no end unless a policy sets one")
        }
        ThingKind::PypiToken => Some("a token of a Python package index has no end"),
        _ => None,
    }
}
