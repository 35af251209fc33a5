//! Homes: which there are, and what lies in them.

use super::Survey;
use super::work_trees::TREES_MAX;
use crate::catalogue::{self, Format, NOT_WALKED};
use crate::place::{Place, shown};
use crate::read::passwd::Account;
use crate::unread::{NotRead, Spent, Unread};
use crate::walk::{Entry, EntryKind, Onward, walk};
use tenure_model::printable;

/// Homes of system accounts that are directories of the system itself: not walked.
const NOT_HOMES: [&str; 16] = [
    "",
    "bin",
    "sbin",
    "usr",
    "usr/bin",
    "usr/sbin",
    "usr/games",
    "dev",
    "etc",
    "proc",
    "run",
    "sys",
    "tmp",
    "var",
    "nonexistent",
    "var/empty",
];
/// Beginnings of places that never are homes.
const NEVER_BELOW: [&str; 6] = ["bin/", "sbin/", "usr/", "proc/", "sys/", "dev/"];
/// Where homes are, beside those that `passwd` names.
const PARENTS: [&str; 2] = ["home", "Users"];

/// A home.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Home {
    pub(super) place: Place,
    /// Whose, as far as `passwd` or the directory's name says.
    pub(super) account: String,
}

/// The home of an account, unless it is a directory of the system.
pub(super) fn of_account(account: &Account) -> Option<Home> {
    let place = Place::parse(&account.home)?;
    let bytes = place.as_bytes();
    let of_system = NOT_HOMES.iter().any(|home| home.as_bytes() == bytes)
        || NEVER_BELOW.iter().any(|start| bytes.starts_with(start.as_bytes()));
    (!of_system).then(|| Home { place, account: printable(&shown(&account.name), 120) })
}

impl Survey<'_> {
    /// Adds homes that no account names: of accounts kept elsewhere, or of accounts that are gone.
    pub(super) fn further_homes(&mut self, homes: &mut Vec<Home>) -> Result<(), Spent> {
        homes.push(Home { place: Place::root().join(b"root"), account: "root".to_owned() });
        for parent in PARENTS {
            let parent = Place::root().join(parent.as_bytes());
            for listed in self.names(&parent)? {
                let place = parent.join(&listed.name);
                match listed.kind {
                    EntryKind::Directory => {
                        homes.push(Home { place, account: printable(&shown(&listed.name), 120) });
                    }
                    EntryKind::Link => self.not_read(&place, Unread::Link),
                    EntryKind::File | EntryKind::Special => {}
                }
            }
        }
        // The account that `passwd` names first is the one whose home it is.
        homes.sort_by(|one, other| one.place.cmp(&other.place));
        homes.dedup_by(|later, earlier| later.place == earlier.place);
        Ok(())
    }

    /// Reads the known places of a home.
    pub(super) fn known_places(&mut self, home: &Home) -> Result<(), Spent> {
        for spot in catalogue::HOME {
            for place in self.expand(&home.place, spot.pattern)? {
                self.one(&place, spot.format, Some(&home.account))?;
            }
        }
        Ok(())
    }

    /// Walks through a home and reads what lies about in it.
    pub(super) fn lying_about(&mut self, home: &Home) -> Result<(), Spent> {
        let limits = self.budget.limits();
        let (entries_max, files_max) = (limits.home_entries_max, limits.home_files_max);
        let mut lying: Vec<(Place, Format)> = Vec::new();
        let mut unread: Vec<NotRead> = Vec::new();
        let mut entries = 0;
        let mut full = None;
        let mut tops: Vec<Place> = Vec::new();
        let mut visit = |entry: &Entry| {
            entries += 1;
            let is_git = entry.place.name() == b".git" && tops.len() < TREES_MAX;
            tops.extend(is_git.then(|| entry.place.parent()));
            full = match (entries > entries_max, lying.len() >= files_max) {
                (true, _) => Some(Spent::HomeEntries),
                (false, true) => Some(Spent::HomeFiles),
                (false, false) => None,
            };
            if full.is_some() { Onward::Stop } else { visit(entry, &home.place, &mut lying) }
        };
        let ended = walk(self.files, &home.place, self.budget, &mut visit, &mut |why| unread.push(why));
        unread.extend(full.map(|spent| NotRead { place: home.place.clone(), why: Unread::Limit(spent) }));
        for NotRead { place, why } in unread {
            self.not_read(&place, why);
        }
        self.work_trees.extend(tops);
        for (place, format) in lying {
            self.one(&place, format, Some(&home.account))?;
        }
        ended
    }
}

fn visit(entry: &Entry, home: &Place, lying: &mut Vec<(Place, Format)>) -> Onward {
    match entry.kind {
        EntryKind::Directory if is_left_out(&entry.place, home) => Onward::Pass,
        EntryKind::Directory => Onward::Enter,
        EntryKind::File => {
            let parent = entry.place.parent();
            let format = catalogue::by_name(parent.name(), entry.place.name());
            lying.extend(format.map(|format| (entry.place.clone(), format)));
            Onward::Pass
        }
        EntryKind::Link | EntryKind::Special => Onward::Pass,
    }
}

fn is_left_out(place: &Place, home: &Place) -> bool {
    let below = place.as_bytes().strip_prefix(home.as_bytes()).unwrap_or_default();
    let below = below.strip_prefix(b"/").unwrap_or(below);
    NOT_WALKED.iter().any(|left_out| {
        if left_out.contains('/') {
            below == left_out.as_bytes()
        } else {
            place.name() == left_out.as_bytes()
        }
    })
}
