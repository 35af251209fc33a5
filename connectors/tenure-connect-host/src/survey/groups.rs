//! Groups that may read a file: whether their members get to it, and whether there is anybody in them.
//!
//! Nearly every group is of one account, or of services that are meant to read what it may; said is only what lets a
//! further person read a secret. Who becomes root anyway is none. This file must never open anything; it takes back what
//! `found.rs` says from the mode alone. Next: `found.rs`.

use super::Survey;
use crate::found::Found;
use crate::item::{Problem, ThingKind};
use crate::place::Place;
use std::collections::{BTreeMap, BTreeSet};
use tenure_model::{Fact, number};

/// User ids of people: from where systems give them out to where they end (login.defs(5), nobody).
const PEOPLE: std::ops::Range<i64> = 1_000..65_534;
/// Groups whose members become root when they want to.
const ADMINISTRATORS: [&str; 4] = ["sudo", "wheel", "admin", "root"];

/// What is taken back where nobody but its owner is in the group.
const OF_GROUPS: [Problem; 2] = [Problem::ReadableByGroup, Problem::WritableByGroup];

impl Survey<'_> {
    /// Whether members of a group get into this directory.
    pub(super) fn group_gets_to(&mut self, directory: &Place, group: u32) -> bool {
        let key = (directory.clone(), group);
        if let Some(known) = self.passable_to.get(&key) {
            return *known;
        }
        let open = self.files.directory_facts(directory).is_ok_and(|facts| {
            let through = if facts.gid == group { 0o010 } else { 0o001 };
            facts.mode & through != 0
        });
        let above = directory.as_bytes().is_empty() || self.group_gets_to(&directory.parent(), group);
        self.passable_to.insert(key, open && above);
        open && above
    }
}

/// Takes back that a group may read or change a file where nobody but its owner is in the group.
pub(super) fn keep_where_somebody_is(found: &mut [Found]) {
    let people = people(found);
    let of_group = |thing: &&mut Found| thing.problems.iter().any(|one| OF_GROUPS.contains(one));
    for thing in found.iter_mut().filter(of_group) {
        let owner = i64::from(thing.file.uid);
        let others = people.get(&i64::from(thing.file.gid));
        if !others.is_some_and(|people| people.iter().any(|person| *person != owner)) {
            thing.problems.retain(|problem| !OF_GROUPS.contains(problem));
        }
    }
}

/// User ids of the people in each group, without those who become root when they want to.
fn people(found: &[Found]) -> BTreeMap<i64, BTreeSet<i64>> {
    let mut groups: BTreeMap<i64, BTreeSet<i64>> = BTreeMap::new();
    let mut administrators = BTreeSet::new();
    let mut named: BTreeMap<&str, i64> = BTreeMap::new();
    for account in found.iter().filter(|thing| thing.kind == ThingKind::Account) {
        let Some(user) = number(&account.facts, "uid").filter(|user| PEOPLE.contains(user)) else { continue };
        named.insert(account.whose.as_str(), user);
        if let Some(group) = number(&account.facts, "gid") {
            groups.entry(group).or_default().insert(user);
        }
    }
    for group in found.iter().filter(|thing| thing.kind == ThingKind::Group) {
        let Some(Fact::Texts(members)) = group.facts.get("members") else { continue };
        let users = members.iter().filter_map(|name| named.get(name.as_str()).copied());
        if ADMINISTRATORS.contains(&group.whose.as_str()) {
            administrators.extend(users);
        } else if let Some(gid) = number(&group.facts, "gid") {
            groups.entry(gid).or_default().extend(users);
        }
    }
    for people in groups.values_mut() {
        people.retain(|person| !administrators.contains(person));
    }
    groups
}
