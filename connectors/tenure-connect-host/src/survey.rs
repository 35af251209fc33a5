//! One reading of a machine: accounts first, then the places of the system, then each home.
//!
//! Goes through the catalogue, reads what is there, and says what could not be read. It must never open
//! anything itself (`open.rs` does), never stop at a failure that concerns one place, and never report a
//! place as unread because nothing is there. Next: `catalogue.rs`, `found.rs`.

mod formats;
mod groups;
mod homes;
mod one_file;
mod places;
pub(crate) use one_file::holds_credential;
mod ssh_server;
pub(crate) use ssh_server::place_of;
mod units;
mod work_trees;

use crate::catalogue::{self, Format};
use crate::files::{FileContent, Files};
use crate::found::{Found, Origin, Reading, SkippedLine};
use crate::item::{Item, Problem, ThingKind};
use crate::limits::{Budget, Limits};
use crate::open::{FileFacts, Root, Way};
use crate::place::{Place, shown};
use crate::read::{self, Skipped};
use crate::unread::{NotRead, Spent, Unread};
use crate::vendor::vendor_of;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;
use tenure_connect::Fingerprint;
use tenure_model::{Fact, printable};
use tenure_secrets::Scanner;

/// What is asked of a reading.
pub struct Asked<'asked> {
    /// The directory that is taken for the root of a machine: `/`, or a copy or mount of one.
    pub root: &'asked Path,
    /// How far it goes.
    pub limits: Limits,
    /// Turns a secret value into its keyed hash, as soon as it is read.
    pub fingerprint: &'asked dyn Fingerprint,
    /// Finds secrets where a name or a place alone does not tell. Made once for any number of readings.
    pub scanner: &'asked Scanner,
    /// How long the reading has been running.
    pub elapsed: &'asked dyn Fn() -> Duration,
    /// How files are opened; `Way::Kernel` unless a test asks otherwise.
    pub way: Way,
}

/// Reads a machine. Fails only where the root itself cannot be opened.
pub fn survey_root(asked: &Asked<'_>) -> Result<Reading, Unread> {
    let root = Root::open_by(asked.root, asked.limits.file_systems, asked.way)?;
    let budget = Budget::new(asked.limits, asked.elapsed);
    Ok(survey_files(&root, &budget, asked.fingerprint, asked.scanner))
}

/// Reads the machine whose files these are.
pub(crate) fn survey_files(
    files: &dyn Files,
    budget: &Budget<'_>,
    fingerprint: &dyn Fingerprint,
    scanner: &Scanner,
) -> Reading {
    let mut survey = Survey {
        files,
        budget,
        fingerprint,
        scanner,
        reading: Reading::default(),
        done: BTreeSet::new(),
        passable: BTreeMap::new(),
        passable_to: BTreeMap::new(),
        replaceable: BTreeMap::new(),
        people: Vec::new(),
        key_files: BTreeSet::new(),
        units: BTreeSet::new(),
        work_trees: BTreeSet::new(),
    };
    let ended = survey.all();
    let mut reading = survey.reading;
    reading.ended_by = ended.err();
    reading.files_opened = budget.files_opened();
    reading.entries_seen = budget.entries_seen();
    reading.bytes_read = budget.bytes_read();
    pair_certificates(&mut reading.found);
    groups::keep_where_somebody_is(&mut reading.found);
    reading
}

struct Survey<'asked> {
    files: &'asked dyn Files,
    budget: &'asked Budget<'asked>,
    fingerprint: &'asked dyn Fingerprint,
    scanner: &'asked Scanner,
    reading: Reading,
    /// Places that were dealt with: no file is read twice.
    done: BTreeSet<Place>,
    /// Directories, and whether others get into them.
    passable: BTreeMap<Place, bool>,
    /// Directories and groups, and whether members of the group get into them.
    passable_to: BTreeMap<(Place, u32), bool>,
    /// Directories, and whether everybody may put something else in the place of what is in them.
    replaceable: BTreeMap<Place, bool>,
    /// Names and homes of all accounts, as `passwd` has them.
    people: Vec<(Vec<u8>, Vec<u8>)>,
    /// Where the SSH server looks for keys, beside the usual places.
    key_files: BTreeSet<String>,
    /// Names of units that were read.
    units: BTreeSet<Vec<u8>>,
    /// Directories of homes that hold a `.git`.
    work_trees: BTreeSet<Place>,
}

impl Survey<'_> {
    fn all(&mut self) -> Result<(), Spent> {
        let homes = self.accounts()?;
        for spot in catalogue::SYSTEM {
            for place in self.expand(&Place::root(), spot.pattern)? {
                self.one(&place, spot.format, None)?;
            }
        }
        self.further_key_files()?;
        // The known places of every home come first: a home that is full of files must not keep the others from being
        // looked at.
        for home in &homes {
            self.known_places(home)?;
        }
        for home in &homes {
            self.lying_about(home)?;
        }
        self.in_work_trees(&homes)
    }

    /// Reads the accounts and says which homes there are.
    fn accounts(&mut self) -> Result<Vec<homes::Home>, Spent> {
        let mut homes = Vec::new();
        let place = Place::root().join(b"etc").join(b"passwd");
        if let Some(file) = self.content(&place)? {
            let parsed = read::passwd::read(file.content.expose());
            let mut items = Vec::new();
            for account in parsed.things {
                homes.extend(homes::of_account(&account));
                self.people.push((account.name.clone(), account.home.clone()));
                let vendor = vendor_of(&account);
                let mut item = account.item().flag("built_in", vendor.is_some());
                if let Some(vendor) = vendor {
                    item = item.text("vendor", vendor.as_str());
                }
                items.push(item);
                items.extend(read::passwd::password_in_clear_sight(account));
            }
            self.keep(&place, file.facts, None, items, parsed.skipped)?;
        }
        self.further_homes(&mut homes)?;
        Ok(homes)
    }

    /// Reads one place in one format.
    fn one(&mut self, place: &Place, format: Format, account: Option<&str>) -> Result<(), Spent> {
        if !self.done.insert(place.clone()) {
            return Ok(());
        }
        match format {
            Format::KeyStore => return self.key_store(place, account),
            Format::PlatformToken => return self.platform_token(place),
            Format::Unit => return self.unit(place),
            Format::SshServer => return self.ssh_server(place),
            _ => {}
        }
        let Some(file) = self.content(place)? else { return Ok(()) };
        let mut parsed = formats::items(format, file.content.expose(), &shown(place.name()), self.scanner);
        // What is named a configuration is written by people, also where a program reads its login from it.
        if format.keeps_logins() && !place.name().starts_with(b"config") {
            let kept_by_program = |problem: &Problem| *problem != Problem::SecretInClear;
            parsed.things.iter_mut().for_each(|item| item.problems.retain(kept_by_program));
        }
        self.keep(place, file.facts, account, parsed.things, parsed.skipped)
    }

    /// A container is noted, not opened.
    fn key_store(&mut self, place: &Place, account: Option<&str>) -> Result<(), Spent> {
        self.budget.entry()?;
        match self.files.facts(place) {
            Ok(facts) => {
                self.budget.file()?;
                let item = Item::new(ThingKind::KeyStore, &shown(place.name()));
                self.keep(place, facts, account, vec![item], Vec::new())
            }
            Err(why) => {
                self.not_read(place, why);
                Ok(())
            }
        }
    }

    /// A platform's token is noted by its folder: it is a link to a file that is renewed, and nobody's to read.
    fn platform_token(&mut self, place: &Place) -> Result<(), Spent> {
        self.budget.entry()?;
        let Ok(folder) = self.files.directory_facts(&place.parent()) else { return Ok(()) };
        let item = read::federation::of_token_file(place.parent().as_bytes());
        self.keep(place, folder, None, item.into_iter().collect(), Vec::new())
    }

    /// The content of a file; `None` when there is none or it cannot be read, which is then said.
    fn content(&mut self, place: &Place) -> Result<Option<FileContent>, Spent> {
        match self.files.read(place, self.budget) {
            Ok(file) => Ok(Some(file)),
            Err(Unread::Limit(spent)) => {
                self.not_read(place, Unread::Limit(spent));
                Err(spent)
            }
            Err(why) => {
                self.not_read(place, why);
                Ok(None)
            }
        }
    }

    fn keep(
        &mut self,
        place: &Place,
        file: FileFacts,
        account: Option<&str>,
        items: Vec<Item>,
        skipped: Vec<Skipped>,
    ) -> Result<(), Spent> {
        let others_get_there = self.others_get_to(&place.parent());
        let others_can_replace = self.others_can_replace_in(&place.parent());
        let group_gets_there = file.mode & 0o060 != 0 && self.group_gets_to(&place.parent(), file.gid);
        let origin = Origin { place, file, account, others_get_there, group_gets_there, others_can_replace };
        for skipped in skipped {
            if self.reading.skipped.len() < self.budget.limits().unread_max {
                self.reading.skipped.push(SkippedLine { place: place.clone(), skipped });
            } else {
                self.reading.skipped_more += 1;
            }
        }
        let secrets_max = self.budget.limits().file_secrets_max;
        let (mut secrets, mut full) = (0, false);
        for item in items {
            // The passwords of accounts stand in one file of the system, however many there are.
            secrets += usize::from(item.kind.is_secret() && item.kind != ThingKind::StoredPassword);
            if secrets > secrets_max {
                full = true;
                break;
            }
            self.budget.thing()?;
            let item = item.guarded(|text| read::looks_like(self.scanner, text));
            self.reading.found.push(Found::new(item, &origin, self.fingerprint));
        }
        if full {
            self.not_read(place, Unread::Limit(Spent::FileSecrets));
        }
        Ok(())
    }

    fn not_read(&mut self, place: &Place, why: Unread) {
        // A place that is only looked for, and a directory or file on the way that is not there, is no news.
        if matches!(why, Unread::Absent | Unread::NotADirectory) {
            return;
        }
        if self.reading.not_read.len() < self.budget.limits().unread_max {
            self.reading.not_read.push(NotRead { place: place.clone(), why });
        } else {
            self.reading.not_read_more += 1;
        }
    }

    /// Whether accounts other than owner and group get into this directory: a file that everybody may read
    /// inside a closed directory is not readable by others.
    fn others_get_to(&mut self, directory: &Place) -> bool {
        if let Some(known) = self.passable.get(directory) {
            return *known;
        }
        let open = self.files.directory_facts(directory).is_ok_and(|facts| facts.mode & 0o001 != 0);
        let above = directory.as_bytes().is_empty() || self.others_get_to(&directory.parent());
        self.passable.insert(directory.clone(), open && above);
        open && above
    }
}

impl Survey<'_> {
    /// Whether everybody may put another file in the place of one in this directory, or another directory in the place of
    /// one on its way. Where the sticky bit is set, what is there stays its owner's (unlink(2)).
    fn others_can_replace_in(&mut self, directory: &Place) -> bool {
        if let Some(known) = self.replaceable.get(directory) {
            return *known;
        }
        let open = self.files.directory_facts(directory).is_ok_and(|facts| facts.mode & 0o1003 == 0o003);
        let here = open && self.others_get_to(directory);
        let can =
            here || (!directory.as_bytes().is_empty() && self.others_can_replace_in(&directory.parent()));
        self.replaceable.insert(directory.clone(), can);
        can
    }
}

/// Says of each certificate whether its key lies beside it, or elsewhere on the machine.
fn pair_certificates(found: &mut [Found]) {
    let digest = |thing: &Found| match thing.facts.get("spki_digest") {
        Some(Fact::Text(digest)) => Some(digest.clone()),
        _ => None,
    };
    // Of each key the first place, and all folders it lies in.
    let mut keys: BTreeMap<String, (Place, BTreeSet<Place>)> = BTreeMap::new();
    for key in found.iter().filter(|thing| thing.kind == ThingKind::PrivateKey) {
        if let Some(digest) = digest(key) {
            let (_, folders) = keys.entry(digest).or_insert_with(|| (key.place.clone(), BTreeSet::new()));
            folders.insert(key.place.parent());
        }
    }
    for certificate in found.iter_mut().filter(|thing| thing.kind == ThingKind::Certificate) {
        let Some((place, folders)) = digest(certificate).and_then(|digest| keys.get(&digest)) else {
            continue;
        };
        let beside = folders.contains(&certificate.place.parent());
        certificate.facts.insert("key_beside".to_owned(), Fact::Flag(beside));
        certificate.facts.insert("key_place".to_owned(), Fact::Text(printable(&place.to_string(), 400)));
    }
}
