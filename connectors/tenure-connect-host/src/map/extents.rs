//! The extents of a machine, and which of them a place belongs to.
//!
//! `accounts` (who exists), `passwords` (how they are kept), `services` (what runs), `machine` (keys and certificates
//! of the system), and `home/<account>` for each home. Each is whole only if everything in it could be read, so that
//! an unreadable home makes nothing in another one disappear. Next: `observe.rs`, which sends them.

use crate::found::{Found, Reading};
use crate::item::ThingKind;
use crate::unread::{Spent, Unread};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use tenure_model::{Completeness, Observation};

pub(super) const ACCOUNTS: &str = "accounts";
pub(super) const PASSWORDS: &str = "passwords";
pub(super) const SERVICES: &str = "services";
pub(super) const MACHINE: &str = "machine";
/// Extents of the system, in the order in which they are sent: principals before what belongs to them.
const OF_SYSTEM: [&str; 4] = [ACCOUNTS, PASSWORDS, SERVICES, MACHINE];
/// Places named in the reason why an extent is part, at most.
const NAMED_MAX: usize = 5;

/// Where services and jobs are defined.
const OF_SERVICES: [&str; 8] = [
    "/etc/systemd/",
    "/usr/lib/systemd/",
    "/lib/systemd/",
    "/Library/LaunchDaemons/",
    "/Library/LaunchAgents/",
    "/etc/cron",
    "/var/spool/cron",
    "/etc/crontab",
];

/// What one extent holds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ExtentContent {
    pub(crate) observations: Vec<Observation>,
    pub(crate) completeness: Completeness,
}

/// The extents being filled.
pub(super) struct Extents {
    content: BTreeMap<String, Vec<Observation>>,
    /// Homes and whose they are.
    homes: Vec<(String, String)>,
}

impl Extents {
    pub(super) fn new(homes: impl Iterator<Item = (String, String)>) -> Self {
        let mut homes: Vec<(String, String)> = homes.filter(|(home, _)| home.len() > 1).collect();
        // The longest first: a home inside another is its own.
        homes.sort_by_key(|(home, _)| core::cmp::Reverse(home.len()));
        Self { content: BTreeMap::new(), homes }
    }

    pub(super) fn push(&mut self, extent: &str, observation: Observation) {
        self.content.entry(extent.to_owned()).or_default().push(observation);
    }

    /// The extent of a thing.
    pub(super) fn of(&self, thing: &Found) -> String {
        match (&thing.account, thing.kind) {
            (_, ThingKind::StoredPassword) => PASSWORDS.to_owned(),
            (_, ThingKind::ProcessSecret) => crate::processes::EXTENT.to_owned(),
            (_, ThingKind::Account | ThingKind::Group) => ACCOUNTS.to_owned(),
            (Some(account), _) => home_of(account),
            (None, _) => self.of_place(&thing.place.to_string()),
        }
    }

    fn of_place(&self, place: &str) -> String {
        if matches!(place, "/etc/passwd" | "/etc/group") {
            return ACCOUNTS.to_owned();
        }
        if place == "/etc/shadow" {
            return PASSWORDS.to_owned();
        }
        if OF_SERVICES.iter().any(|start| place.starts_with(start)) {
            return SERVICES.to_owned();
        }
        let within = |home: &str| {
            place.strip_prefix(home).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let known = self.homes.iter().find(|(home, _)| within(home)).map(|(_, account)| account.as_str());
        let further = ["/home/", "/Users/"]
            .iter()
            .find_map(|parent| place.strip_prefix(parent))
            .and_then(|rest| rest.split('/').next());
        match known.or(further) {
            Some(account) => home_of(account),
            None if within("/root") => home_of("root"),
            None => MACHINE.to_owned(),
        }
    }

    /// Everything, with what keeps an extent from being whole.
    pub(super) fn finish(
        mut self,
        reading: &Reading,
        ended_by: Option<Spent>,
        closed_remedy: &'static str,
    ) -> Vec<(String, ExtentContent)> {
        let mut faults: BTreeMap<String, Faults> = BTreeMap::new();
        for unread in &reading.not_read {
            let closed = matches!(unread.why, Unread::NotPermitted);
            let fault = faults.entry(self.of_place(&unread.place.to_string())).or_default();
            fault.add(unread.to_string(), closed);
        }
        for line in &reading.skipped {
            let (place, skipped) = (line.place.to_string(), &line.skipped);
            faults.entry(self.of_place(&place)).or_default().add(format!("{place}: {skipped}"), false);
        }
        for extent in OF_SYSTEM.into_iter().map(str::to_owned).chain(faults.keys().cloned()) {
            self.content.entry(extent).or_default();
        }
        let everywhere = everywhere(reading, ended_by);
        let mut ordered: Vec<(String, Vec<Observation>)> = self.content.into_iter().collect();
        let rank =
            |extent: &str| OF_SYSTEM.iter().position(|known| *known == extent).unwrap_or(OF_SYSTEM.len());
        ordered.sort_by(|(one, _), (other, _)| rank(one).cmp(&rank(other)).then_with(|| one.cmp(other)));
        let content = |(extent, observations): (String, Vec<Observation>)| {
            let completeness = match (&everywhere, faults.remove(&extent)) {
                (Some(part), _) => part.clone(),
                (None, Some(fault)) => fault.into_part(closed_remedy),
                (None, None) => Completeness::Whole,
            };
            (extent, ExtentContent { observations, completeness })
        };
        ordered.into_iter().map(content).collect()
    }
}

fn home_of(account: &str) -> String {
    format!("home/{account}")
}

/// What keeps every extent from being whole, because nobody can say what it would have concerned.
fn everywhere(reading: &Reading, ended_by: Option<Spent>) -> Option<Completeness> {
    let why = match ended_by {
        Some(Spent::Connection) => {
            let remedy = String::from("see why the machine ended it, then read it again");
            let why = format!("the reading ended early: {}", Spent::Connection.sentence());
            return Some(Completeness::Part { why, remedy });
        }
        Some(spent) => format!("the reading ended early: the limit `{spent}` was reached"),
        None if reading.not_read_more + reading.skipped_more > 0 => {
            format!("{} further places could not be read", reading.not_read_more + reading.skipped_more)
        }
        None => return None,
    };
    let remedy = String::from("raise the limit with an option of this source, or read a smaller root");
    Some(Completeness::Part { why, remedy })
}

/// What could not be read in one extent.
#[derive(Default)]
struct Faults {
    named: Vec<String>,
    more: usize,
    closed: bool,
}

impl Faults {
    fn add(&mut self, what: String, closed: bool) {
        self.closed |= closed;
        if self.named.len() < NAMED_MAX { self.named.push(what) } else { self.more += 1 }
    }

    fn into_part(self, closed_remedy: &'static str) -> Completeness {
        let mut why = self.named.join("; ");
        if self.more > 0 {
            let _ = write!(why, "; and {} more", self.more);
        }
        let remedy = if self.closed {
            closed_remedy
        } else {
            "look at these places; what is in them is kept as it was last seen"
        };
        Completeness::Part { why, remedy: remedy.to_owned() }
    }
}
