//! From a reading of a machine to what the port calls principals, credentials, rights and sightings.
//!
//! Pure: it is given what was found and says what that is in the words of the inventory. It must never judge (a
//! text such as `readable_by` says what a file's mode says, and a policy decides), never show a value, and give each
//! thing a key that stays the same from reading to reading. Accounts, services and jobs are principals of the
//! machine; a key in `authorized_keys` is one too, because it is what lets somebody in. A secret for another system
//! is the credential of an identity there, of which nothing is known but its copies: these are put together by
//! fingerprint, and the copy in the best known place gives it its name. Next: `map/extents.rs`.

mod accounts;
mod copies;
mod extents;
mod federation;
mod given;
mod holdings;
mod kept;
#[cfg(test)]
mod out_of_time;
mod workloads;

use crate::found::{Found, FoundMark, Reading};
use crate::item::{Problem, ThingKind};
use crate::limits::Budget;
pub(crate) use extents::ExtentContent;
use extents::Extents;
use given::Given;
pub(crate) use kept::{KEY_START, Known};
use std::collections::BTreeMap;
use tenure_model::{
    Fact, Facts, Observation, ObservedCredential, ObservedGrant, ObservedPrincipal, PrincipalKey,
    PrincipalKind, names, printable,
};

/// Characters of a name that is made here, at most.
const NAME_CHARS: usize = 160;
/// The key of the principal that is the machine itself.
const MACHINE: &str = "machine";

/// Makes observations of a reading, in the order in which they are sent.
/// `known` are the identities of copies of before; `closed_remedy` says what opens places that our account may not read. When the budget has no time left, the rest is
/// left out and every extent is part.
pub(crate) fn observations(
    reading: &Reading,
    known: &Known,
    closed_remedy: &'static str,
    budget: &Budget<'_>,
) -> Vec<(String, ExtentContent)> {
    let mut mapper = Mapper::new(reading, known, budget);
    mapper.machine();
    mapper.accounts();
    mapper.passwords();
    mapper.workloads();
    mapper.authorized_keys();
    mapper.holdings();
    mapper.copies();
    let ended_by = reading.ended_by.or(budget.time_to_tell().err());
    mapper.extents.finish(reading, ended_by, closed_remedy)
}

/// What is known of an account while mapping.
struct AccountSeen {
    key: PrincipalKey,
    uid: Option<i64>,
    /// Its home, as a path on the machine.
    home: String,
}

struct Mapper<'reading> {
    reading: &'reading Reading,
    budget: &'reading Budget<'reading>,
    known: &'reading Known,
    extents: Extents,
    accounts: BTreeMap<String, AccountSeen>,
    /// Names of users and groups by number, for saying who may read a file.
    users: BTreeMap<i64, String>,
    groups: BTreeMap<i64, String>,
    /// Keys and names of principals that were given out.
    keys: Given,
    named: Given,
}

impl<'reading> Mapper<'reading> {
    fn new(reading: &'reading Reading, known: &'reading Known, budget: &'reading Budget<'reading>) -> Self {
        let mut accounts = BTreeMap::new();
        let (mut users, mut groups) = (BTreeMap::new(), BTreeMap::new());
        for thing in budget.while_telling(reading.found.iter()) {
            match thing.kind {
                ThingKind::Account => {
                    let uid = number(&thing.facts, "uid");
                    let home = text(&thing.facts, "home").unwrap_or_default().to_owned();
                    let key = PrincipalKey(format!("account:{}:{}", uid.unwrap_or(-1), thing.whose));
                    users.extend(uid.map(|uid| (uid, thing.whose.clone())));
                    accounts.entry(thing.whose.clone()).or_insert(AccountSeen { key, uid, home });
                }
                ThingKind::Group => {
                    groups.extend(number(&thing.facts, "gid").map(|gid| (gid, thing.whose.clone())));
                }
                _ => {}
            }
        }
        let homes = accounts.iter().map(|(name, seen)| (seen.home.clone(), name.clone()));
        let extents = Extents::new(homes);
        let (keys, named) = (Given::default(), Given::default());
        Self { reading, budget, known, extents, accounts, users, groups, keys, named }
    }

    /// The machine itself: what it holds belongs to it where it is in nobody's home.
    fn machine(&mut self) {
        let mut facts = Facts::new();
        for setting in self.of_kind(ThingKind::SshServerSetting) {
            for (name, fact) in &setting.facts {
                facts.entry(format!("ssh_{name}")).or_insert_with(|| fact.clone());
            }
        }
        let principal = ObservedPrincipal {
            key: PrincipalKey(MACHINE.to_owned()),
            name: MACHINE.to_owned(),
            kind: PrincipalKind::Machine,
            built_in: true,
            facts,
            charter_hint: None,
        };
        self.keys.insert(MACHINE.to_owned());
        self.named.insert(MACHINE.to_owned());
        self.extents.push(extents::ACCOUNTS, Observation::Principal(principal));
    }

    fn of_kind(&self, kind: ThingKind) -> impl Iterator<Item = &'reading Found> + use<'reading> {
        self.all().filter(move |thing| thing.kind == kind)
    }

    /// Everything that was found, for as long as there is time.
    fn all(&self) -> impl Iterator<Item = &'reading Found> + use<'reading> {
        self.budget.while_telling(self.reading.found.iter())
    }

    /// A key that no other principal has: the second of its kind is numbered.
    fn key(&mut self, wanted: &str) -> PrincipalKey {
        PrincipalKey(self.keys.unique(wanted))
    }

    /// A name that no other principal has.
    fn name(&mut self, wanted: &str) -> String {
        self.named.unique(&printable(wanted, NAME_CHARS))
    }

    fn principal(&mut self, extent: &str, principal: ObservedPrincipal) {
        self.extents.push(extent, Observation::Principal(principal));
    }

    fn credential(&mut self, extent: &str, credential: ObservedCredential) {
        self.extents.push(extent, Observation::Credential(credential));
    }

    /// A right on an account of this machine.
    fn right(&mut self, extent: &str, principal: &PrincipalKey, account: &str, right: &str) {
        self.right_on(extent, principal, format!("account/{account}"), right);
    }

    fn right_on(&mut self, extent: &str, principal: &PrincipalKey, resource: String, right: &str) {
        let grant = ObservedGrant {
            principal: principal.clone(),
            resource,
            right: right.to_owned(),
            path: Vec::new(),
            grantable: false,
        };
        self.extents.push(extent, Observation::Grant(grant));
    }

    /// A place as people write it: below a home with `~name`.
    fn place(&self, thing: &Found) -> String {
        if let Some(place) = crate::processes::place_of(thing, &self.user(thing.file.uid)) {
            return place;
        }
        let place = thing.place.to_string();
        let home = thing.account.as_ref().and_then(|account| {
            let home = &self.accounts.get(account)?.home;
            let rest = place.strip_prefix(home.as_str()).filter(|_| home.len() > 1)?;
            rest.starts_with('/').then(|| format!("~{account}{rest}"))
        });
        home.unwrap_or(place)
    }

    /// The name of a thing in a file: the file, and which of several it is. A whole path loses its first slash, because
    /// a name stands behind that of its source: `this-host/etc/shop.env[TOKEN]`.
    fn name_in_file(&mut self, thing: &Found) -> String {
        let place = self.place(thing);
        let place = place.strip_prefix('/').unwrap_or(&place);
        let of_file = crate::place::shown(thing.place.name()) == thing.whose;
        let wanted = if of_file { place.to_owned() } else { format!("{place}[{}]", thing.whose) };
        self.name(&wanted)
    }

    /// The facts that every thing in a file has: what was read, where it is, whose file that is, who may read it.
    fn facts_of_file(&self, thing: &Found) -> Facts {
        let mut facts = thing.facts.clone();
        facts.insert(names::PLACE.to_owned(), Fact::Text(self.place(thing)));
        let path = thing.place.to_string();
        // A name that is shown otherwise than it is written names no file to act on.
        let named = thing.kind != ThingKind::ProcessSecret;
        if named && crate::place::Place::parse(path.as_bytes()).as_ref() == Some(&thing.place) {
            facts.insert(names::FILE.to_owned(), Fact::Text(path));
        }
        facts.insert("file_mode".to_owned(), Fact::Text(format!("{:04o}", thing.file.mode)));
        facts.insert("file_owner".to_owned(), Fact::Text(self.user(thing.file.uid)));
        let has = |problem| thing.problems.contains(&problem);
        let readers = if has(Problem::ReadableByOthers) {
            Some(String::from("everybody on this machine"))
        } else if has(Problem::ReadableByGroup) {
            Some(format!("group {}", self.group(thing.file.gid)))
        } else {
            None
        };
        if let Some(readers) = readers {
            let says = format!("{readers}, at {} (mode {:04o})", self.place(thing), thing.file.mode);
            facts.insert(names::READABLE_BY.to_owned(), Fact::Text(says));
        }
        if let Some(says) = self.writers(thing) {
            facts.insert(names::WRITABLE_BY.to_owned(), Fact::Text(says));
        }
        if let Some(weak) = weak_key(&thing.facts) {
            facts.insert(names::WEAK.to_owned(), Fact::Text(weak));
        }
        // A server's key must be there when nobody is; a person's, or an account's for logging in elsewhere, need not.
        if has(Problem::Unencrypted) && thing.kind == ThingKind::SshPrivateKey {
            let says = format!("no passphrase protects {}", self.place(thing));
            facts.insert(names::UNENCRYPTED.to_owned(), Fact::Text(says));
        }
        facts
    }

    /// Who beside its account may change the file of a thing, or put another in its place.
    fn writers(&self, thing: &Found) -> Option<String> {
        let (place, mode) = (self.place(thing), thing.file.mode);
        let has = |problem| thing.problems.contains(&problem);
        if has(Problem::WritableByOthers) {
            Some(format!("everybody on this machine, at {place} (mode {mode:04o})"))
        } else if has(Problem::ReplaceableByOthers) {
            Some(format!(
                "everybody on this machine, by putting another in the place of {place}: a folder on its way is open to all"
            ))
        } else if has(Problem::WritableByGroup) {
            Some(format!("group {}, at {place} (mode {mode:04o})", self.group(thing.file.gid)))
        } else {
            None
        }
    }

    fn user(&self, uid: u32) -> String {
        self.users.get(&i64::from(uid)).cloned().unwrap_or_else(|| uid.to_string())
    }

    fn group(&self, gid: u32) -> String {
        self.groups.get(&i64::from(gid)).cloned().unwrap_or_else(|| gid.to_string())
    }

    fn is_root(&self, account: &str) -> bool {
        self.accounts.get(account).is_some_and(|seen| seen.uid == Some(0))
    }
}

fn text<'facts>(facts: &'facts Facts, name: &str) -> Option<&'facts str> {
    tenure_model::text(facts, name)
}

fn number(facts: &Facts, name: &str) -> Option<i64> {
    tenure_model::number(facts, name)
}

/// The text by which a thing is recognised elsewhere.
fn fingerprint(thing: &Found) -> Option<String> {
    match &thing.mark {
        Some(FoundMark::Value(mark) | FoundMark::StoredHash(mark) | FoundMark::Public(mark)) => {
            Some(mark.clone())
        }
        None => None,
    }
}

/// Why a key or signature is weak, as far as type and length say.
fn weak_key(facts: &Facts) -> Option<String> {
    let kind = text(facts, "key_type").unwrap_or_default().to_ascii_lowercase();
    if kind == "ssh-dss" || kind == "dsa" {
        return Some(String::from("DSA"));
    }
    let bits = number(facts, "key_bits").filter(|bits| kind.contains("rsa") && *bits < 2_048);
    let signature = text(facts, "signature").unwrap_or_default().to_ascii_lowercase();
    match bits {
        Some(bits) => Some(format!("RSA with {bits} bits")),
        None if signature.contains("sha1") || signature.contains("md5") => {
            Some(format!("signed with {signature}"))
        }
        None => None,
    }
}
