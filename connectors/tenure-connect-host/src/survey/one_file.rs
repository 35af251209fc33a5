//! Whether a credential lies in one file now: the reading of a whole machine, shown no file but that one.
//!
//! So the same formats are read at the same places, by the same rules, as when the file was found. It must never say that
//! there is none when the reading did not come to its end. Next: `../blast_file.rs`.

use super::survey_files;
use crate::files::{FileContent, Files};
use crate::item::ThingKind;
use crate::limits::{Budget, Limits};
use crate::open::{FileFacts, Root};
use crate::place::Place;
use crate::unread::{Spent, Unread};
use crate::walk::{EntryKind, Listed};
use std::time::Instant as Clock;
use tenure_connect::Fingerprint;
use tenure_model::Secret;
use tenure_secrets::Scanner;

/// Who has which home, and where the SSH server looks for keys: by these the readings of other files are found.
const READ_AS_WELL: [&[u8]; 3] = [b"etc/passwd", b"etc/ssh/sshd_config", b"etc/ssh/sshd_config.d"];

/// Whether a credential lies in the file; `Err` where that cannot be said.
pub(crate) fn holds_credential(
    root: &Root,
    place: &Place,
    limits: Limits,
    fingerprint: &dyn Fingerprint,
    scanner: &Scanner,
) -> Result<bool, Unread> {
    let began = Clock::now();
    let elapsed = || began.elapsed();
    let only = OneFile { root, place };
    let reading = survey_files(&only, &Budget::new(limits, &elapsed), fingerprint, scanner);
    let is_one = |kind: ThingKind| {
        kind.is_secret() || matches!(kind, ThingKind::AuthorizedKey | ThingKind::Certificate)
    };
    if reading.found.iter().any(|thing| thing.place == *place && is_one(thing.kind)) {
        return Ok(true);
    }
    let unread = reading.not_read.iter().find(|unread| unread.place == *place).map(|unread| unread.why);
    match reading.ended_by.map(Unread::Limit).or(unread) {
        Some(why) => Err(why),
        None => Ok(false),
    }
}

/// A machine of which only one file is there, with what lies beside it and is read as part of it.
struct OneFile<'one> {
    root: &'one Root,
    place: &'one Place,
}

impl OneFile<'_> {
    fn shows(&self, place: &Place) -> bool {
        // The drop-ins of a unit.
        let beside = [self.place.name(), b".d"].concat();
        let is_beside = || place.components().any(|name| name == beside.as_slice());
        place == self.place || READ_AS_WELL.iter().any(|known| below(known, place)) || is_beside()
    }

    fn shown<T>(&self, place: &Place, ask: impl FnOnce() -> Result<T, Unread>) -> Result<T, Unread> {
        if self.shows(place) { ask() } else { Err(Unread::Absent) }
    }
}

/// Whether a place is this folder or below it.
fn below(folder: &[u8], place: &Place) -> bool {
    let rest = place.as_bytes().strip_prefix(folder);
    rest.is_some_and(|rest| folder.is_empty() || rest.is_empty() || rest.starts_with(b"/"))
}

impl Files for OneFile<'_> {
    fn read(&self, place: &Place, budget: &Budget<'_>) -> Result<FileContent, Unread> {
        self.shown(place, || Files::read(self.root, place, budget))
    }

    fn tail(&self, _: &Place, _: u64) -> Result<Secret<Vec<u8>>, Unread> {
        Err(Unread::Absent)
    }

    fn facts(&self, place: &Place) -> Result<FileFacts, Unread> {
        self.shown(place, || self.root.facts(place))
    }

    fn directory_facts(&self, place: &Place) -> Result<FileFacts, Unread> {
        self.root.directory_facts(place)
    }

    fn list(&self, place: &Place, budget: &Budget<'_>) -> Result<(Vec<Listed>, Option<Spent>), Unread> {
        if self.shows(place) {
            return Files::list(self.root, place, budget);
        }
        let rest = self
            .place
            .as_bytes()
            .strip_prefix(place.as_bytes())
            .filter(|_| below(place.as_bytes(), self.place));
        let mut names = rest.unwrap_or_default().split(|byte| *byte == b'/').filter(|name| !name.is_empty());
        let Some(name) = names.next() else { return Ok((Vec::new(), None)) };
        let kind = if names.next().is_some() { EntryKind::Directory } else { EntryKind::File };
        Ok((vec![Listed { name: name.to_vec(), kind }], None))
    }
}
