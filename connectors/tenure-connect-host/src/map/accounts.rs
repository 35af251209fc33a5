//! Accounts, their passwords, and the keys that open them.
//!
//! A fact here is what a file says: that an account is a service's follows from what runs as it and from its number,
//! and is never guessed from its name. Next: `workloads.rs`.

use super::{Mapper, extents, fingerprint, number, text};
use crate::found::Found;
use crate::item::{Problem, ThingKind};
use crate::read::authorized_keys::expiry;
use std::collections::{BTreeMap, BTreeSet};
use tenure_model::{
    CredentialKind, CredentialState, Fact, Facts, ObservedCredential, ObservedPrincipal, PrincipalKind, flag,
    names,
};

/// Groups whose members can do whatever root can.
const ADMINISTRATORS: [&str; 6] = ["sudo", "wheel", "docker", "admin", "lxd", "disk"];

impl<'reading> Mapper<'reading> {
    /// Every account, with its groups as rights.
    pub(super) fn accounts(&mut self) {
        let workers = self.workers();
        let (members, open) = (self.members(), self.no_passwords());
        let mut met = BTreeSet::new();
        for thing in self.of_kind(ThingKind::Account) {
            // The first line of a name is the one that counts (getpwnam(3)).
            if !met.insert(thing.whose.clone()) {
                continue;
            }
            let Some(key) = self.accounts.get(&thing.whose).map(|seen| seen.key.clone()) else { continue };
            let built_in = flag(&thing.facts, "built_in") == Some(true);
            let mut facts = thing.facts.clone();
            let login_shell = flag(&thing.facts, "login_shell") == Some(true);
            let root = number(&thing.facts, "uid") == Some(0);
            let groups = members.get(&thing.whose).cloned().unwrap_or_default();
            let administrator = groups.iter().any(|group| ADMINISTRATORS.contains(&group.as_str()));
            let system = flag(&thing.facts, "system_range") == Some(true) && !built_in;
            let service = (workers.contains(&thing.whose) || system) && !root;
            facts.insert(names::LOGIN.to_owned(), Fact::Flag(login_shell));
            facts.insert(names::LOGIN_SHELL.to_owned(), Fact::Flag(login_shell));
            facts.insert(names::SUPERUSER.to_owned(), Fact::Flag(root || administrator));
            facts.insert(names::SERVICE_ACCOUNT.to_owned(), Fact::Flag(service));
            facts.insert(names::DEFINED_IN.to_owned(), Fact::Text(thing.place.to_string()));
            if let Some(open) = open.get(thing.whose.as_str()) {
                facts.insert(names::PASSWORDLESS_RULE.to_owned(), Fact::Text(open.clone()));
            }
            let comment =
                text(&thing.facts, "comment").filter(|comment| !comment.trim_matches(',').is_empty());
            let principal = ObservedPrincipal {
                key: key.clone(),
                name: self.name(&thing.whose),
                kind: PrincipalKind::Account,
                built_in,
                facts,
                charter_hint: comment.map(str::to_owned),
            };
            self.keys.insert(key.0.clone());
            self.principal(extents::ACCOUNTS, principal);
            for group in groups {
                self.right_on(extents::ACCOUNTS, &key, format!("group/{group}"), "member");
            }
        }
    }

    /// Names of the accounts that something runs as.
    fn workers(&self) -> BTreeSet<String> {
        let services = self.of_kind(ThingKind::ServiceUnit).filter_map(|unit| text(&unit.facts, "user"));
        let jobs = self.of_kind(ThingKind::ScheduledJob).map(|job| job.whose.as_str());
        // A person may well have a job of their own; that makes no service account of theirs.
        let of_system = |name: &&str| {
            self.accounts.get(*name).is_some_and(|seen| seen.uid.is_some_and(|uid| uid < 1_000))
        };
        services.chain(jobs.filter(of_system)).map(str::to_owned).collect()
    }

    /// The groups of each account, by membership and by primary group where that group's name is another.
    fn members(&self) -> BTreeMap<String, BTreeSet<String>> {
        let mut members: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for group in self.of_kind(ThingKind::Group) {
            if let Some(Fact::Texts(names)) = group.facts.get("members") {
                for name in names {
                    members.entry(name.clone()).or_default().insert(group.whose.clone());
                }
            }
        }
        for account in self.of_kind(ThingKind::Account) {
            let primary = number(&account.facts, "gid").and_then(|gid| self.groups.get(&gid));
            if let Some(group) = primary.filter(|group| **group != account.whose) {
                members.entry(account.whose.clone()).or_default().insert(group.clone());
            }
        }
        members
    }

    /// What says of an account that it has no password.
    fn no_passwords(&self) -> BTreeMap<&'reading str, String> {
        let mut open = BTreeMap::new();
        for thing in self.of_kind(ThingKind::StoredPassword) {
            if thing.problems.contains(&Problem::NoPassword) {
                let says = || format!("{} has an empty password for it", thing.place);
                open.entry(thing.whose.as_str()).or_insert_with(says);
            }
        }
        open
    }

    /// The stored password of each account, as a fingerprint.
    pub(super) fn passwords(&mut self) {
        let mut met = BTreeSet::new();
        for thing in self.of_kind(ThingKind::StoredPassword) {
            let Some(seen) = self.accounts.get(&thing.whose) else { continue };
            if thing.problems.contains(&Problem::NoPassword) || !met.insert(thing.whose.clone()) {
                continue;
            }
            let key = seen.key.clone();
            let mut facts = thing.facts.clone();
            let scheme = text(&facts, names::VERIFIER).unwrap_or_default();
            if matches!(scheme, "des" | "extended_des" | "md5" | "nt" | "sha1") {
                let weak = format!("kept as {scheme}, which is broken quickly");
                facts.insert(names::WEAK.to_owned(), Fact::Text(weak));
            }
            let locked = flag(&facts, "locked") == Some(true);
            let ends = match facts.get("account_ends") {
                Some(Fact::At(ends)) => Some(*ends),
                _ => None,
            };
            let credential = ObservedCredential {
                key: String::from("password"),
                principal: key,
                kind: CredentialKind::Password,
                state: if locked { CredentialState::Disabled } else { CredentialState::Live },
                fingerprint: fingerprint(thing),
                valid_until: ends,
                facts,
            };
            self.credential(extents::PASSWORDS, credential);
        }
    }

    /// Each key that opens an account: a principal, because whoever holds it comes in.
    pub(super) fn authorized_keys(&mut self) {
        let mut opens: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for thing in self.of_kind(ThingKind::AuthorizedKey) {
            if let Some(mark) = fingerprint(thing) {
                opens.entry(mark).or_default().insert(opened_account(thing));
            }
        }
        let mut met = BTreeSet::new();
        for thing in self.of_kind(ThingKind::AuthorizedKey) {
            let Some(mark) = fingerprint(thing) else { continue };
            let account = opened_account(thing);
            // The same key twice for one account is one way in.
            if !met.insert((account.clone(), mark.clone())) {
                continue;
            }
            let others = opens.get(&mark).into_iter().flatten().filter(|other| **other != account);
            let others: Vec<String> = others.cloned().collect();
            self.authorized_key(thing, &account, &mark, others);
        }
    }

    fn authorized_key(&mut self, thing: &Found, account: &str, mark: &str, others: Vec<String>) {
        let extent = self.extents.of(thing);
        let key = self.key(&format!("key:{account}:{mark}"));
        let short: String = mark.trim_start_matches("SHA256:").chars().take(8).collect();
        let label = if thing.whose == "without a comment" { short } else { thing.whose.clone() };
        let restricted = flag(&thing.facts, "restricted") == Some(true);
        let root = self.is_root(account);
        let mut facts = Facts::new();
        facts.insert(names::LOGIN.to_owned(), Fact::Flag(true));
        facts.insert(names::SUPERUSER.to_owned(), Fact::Flag(root && !restricted));
        facts.insert(names::DEFINED_IN.to_owned(), Fact::Text(self.place(thing)));
        let principal = ObservedPrincipal {
            key: key.clone(),
            name: self.name(&format!("{account}/key:{label}")),
            kind: PrincipalKind::Key,
            built_in: false,
            facts,
            charter_hint: (thing.whose != "without a comment").then(|| thing.whose.clone()),
        };
        self.principal(&extent, principal);
        let mut facts = self.facts_of_file(thing);
        if root && !restricted {
            let says = format!("`{account}`, from anywhere and for anything");
            facts.insert(names::OPENS_ROOT.to_owned(), Fact::Text(says));
        }
        if !others.is_empty() {
            facts.insert(names::ALSO_OPENS.to_owned(), Fact::Texts(others));
        }
        let credential = ObservedCredential {
            key: String::from("public"),
            principal: key.clone(),
            kind: CredentialKind::SshKey,
            state: CredentialState::Live,
            fingerprint: Some(mark.to_owned()),
            valid_until: text(&thing.facts, "expiry_time").and_then(expiry),
            facts,
        };
        self.credential(&extent, credential);
        self.right(&extent, &key, account, "log in");
    }
}

/// The account a key opens: whose home its file is in, or whom the file is named after.
fn opened_account(thing: &Found) -> String {
    thing.account.clone().unwrap_or_else(|| crate::place::shown(thing.place.name()))
}
