//! The acts on one authorised key: taken out of the files where it stands, and put back.
//!
//! A key of an account is one principal, wherever it stands: all its lines go, from every file that the SSH server's
//! settings name for the account. This file must never act on anything but the key of the intent, touch another line,
//! or say that it did what it did not see done. Reading and writing block, so every verb runs beside the tasks of the
//! program. Next: `act/ways_in.rs`, `act/lines.rs`, `act/replace.rs`.

pub(crate) mod dead_ends;
pub(crate) mod lines;
pub(crate) mod mode;
pub(crate) mod other_ways;
pub(crate) mod readers;
pub(crate) mod replace;
pub(crate) mod try_reading;
pub(crate) mod ways_in;

use crate::open::ReadFile;
use crate::place::Place;
use crate::unread::Unread;
use lines::TakenLine;
use replace::NotReplaced;
use serde::{Deserialize, Serialize};
use tenure_connect::{Done, Effect, OutsideFailure, Target};
use tenure_model::{ControlPlane, Fact, Facts, PrincipalKey, Secret, printable};
use ways_in::{Account, Ground, Machine};

/// The only version of a keepsake so far.
const KEEPSAKE_VERSION: u32 = 1;

/// The key a target names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeyOf {
    /// Whose account it opens.
    pub(crate) account: String,
    /// `SHA256:…`, as `ssh-keygen -l` shows it.
    pub(crate) fingerprint: String,
}

impl KeyOf {
    /// Reads a target's key; `None` for a principal of another kind.
    pub(crate) fn parse(target: &Target) -> Option<Self> {
        let rest = target.key.0.strip_prefix("key:")?;
        let (account, digest) = rest.rsplit_once(":SHA256:")?;
        Some(Self { account: account.to_owned(), fingerprint: format!("SHA256:{digest}") })
    }

    /// The principal that this key is.
    pub(crate) fn principal(&self) -> PrincipalKey {
        PrincipalKey(format!("key:{}:{}", self.account, self.fingerprint))
    }
}

/// What an undo needs, and what names the key for the proof.
#[derive(Serialize, Deserialize)]
struct Keepsake {
    version: u32,
    files: Vec<KeptFile>,
}

#[derive(Serialize, Deserialize)]
struct KeptFile {
    /// Where, below the root.
    place: String,
    lines: Vec<TakenLine>,
}

/// The public key that a keepsake names, as it goes over the wire.
pub(crate) fn public_key_of(keepsake: &Secret<String>) -> Option<Vec<u8>> {
    let kept = parsed(keepsake)?;
    kept.files.iter().flat_map(|file| &file.lines).find_map(TakenLine::public_key)
}

fn parsed(keepsake: &Secret<String>) -> Option<Keepsake> {
    let kept: Keepsake = serde_json::from_str(keepsake.expose()).ok()?;
    (kept.version == KEEPSAKE_VERSION).then_some(kept)
}

/// A file in which the key stands.
pub(crate) struct Standing {
    pub(crate) place: Place,
    pub(crate) file: ReadFile,
    pub(crate) lines: Vec<TakenLine>,
    rest: Vec<u8>,
}

/// Files in which the key stands, and those that could not be looked into.
pub(crate) struct Standings {
    pub(crate) found: Vec<Standing>,
    pub(crate) unread: Vec<(Place, Unread)>,
}

/// Looks for the key in every file of its account.
pub(crate) fn standings(machine: &Machine<'_>, account: &Account, key: &KeyOf) -> Result<Standings, Unread> {
    let mut seen = Standings { found: Vec::new(), unread: Vec::new() };
    for place in machine.key_files(account)? {
        match machine.read(&place) {
            Ok(Some(file)) => {
                let (rest, lines) = lines::take_out(file.content.expose(), &key.fingerprint);
                if !lines.is_empty() {
                    seen.found.push(Standing { place, file, lines, rest });
                }
            }
            Ok(None) => {}
            Err(why) => seen.unread.push((place, why)),
        }
    }
    Ok(seen)
}

/// Reads what an undo needs; `None` when the key stands nowhere.
pub(crate) fn keepsake(ground: &Ground, key: &KeyOf) -> Result<Option<Secret<String>>, OutsideFailure> {
    let seen = look(ground, key)?;
    if seen.found.is_empty() {
        return Ok(None);
    }
    let files = seen.found.into_iter();
    let files = files
        .filter_map(|one| {
            // A name that is no text cannot be kept as text; the act refuses such a file, too.
            let place = String::from_utf8(one.place.as_bytes().to_vec()).ok()?;
            Some(KeptFile { place, lines: one.lines })
        })
        .collect();
    let kept = serde_json::to_string(&Keepsake { version: KEEPSAKE_VERSION, files });
    kept.map(|kept| Some(Secret::new(kept))).map_err(|why| OutsideFailure::Puzzling { why: why.to_string() })
}

fn look(ground: &Ground, key: &KeyOf) -> Result<Standings, OutsideFailure> {
    let looked = ground.with(|machine| match machine.account(&key.account)? {
        Some(account) => standings(machine, &account, key),
        None => Ok(Standings { found: Vec::new(), unread: Vec::new() }),
    });
    looked.map_err(|why| refused(&format!("looking for the key: {why}"), why))
}

/// Takes the key out of every file. `mark` names what is made on the way.
pub(crate) fn take_out(ground: &Ground, key: &KeyOf, mark: &str) -> Result<Done, OutsideFailure> {
    let seen = look(ground, key)?;
    if let Some((place, why)) = seen.unread.first() {
        return Err(refused(&format!("{place} could not be looked into: {why}"), *why));
    }
    let edits = seen.found.into_iter().map(|one| (one.place, one.file, one.rest)).collect();
    let files = write(ground, edits, mark)?;
    clear(ground, key, mark);
    Ok(done(files, "taken_out_of"))
}

/// Puts the lines of a keepsake back where they stood.
pub(crate) fn put_back(
    ground: &Ground,
    key: &KeyOf,
    keepsake: Option<&Secret<String>>,
    mark: &str,
) -> Result<Done, OutsideFailure> {
    let Some(kept) = keepsake.and_then(parsed) else {
        return match is_anywhere(ground, key) {
            Ok(true) => Ok(done(Vec::new(), "put_back_into")),
            Ok(false) | Err(_) => Err(OutsideFailure::Refused {
                code: String::from("nothing kept"),
                why: String::from("the line that was taken out was not kept"),
                remedy: String::from("add the key to the file by hand"),
            }),
        };
    };
    let read = ground.with(|machine| {
        let mut edits = Vec::new();
        for kept in &kept.files {
            let Some(place) = Place::parse(kept.place.as_bytes()) else { continue };
            let Some(file) = machine.read(&place)? else { return Err(Unread::Absent) };
            let back = lines::put_back(file.content.expose(), &kept.lines);
            if back != *file.content.expose() {
                edits.push((place, file, back));
            }
        }
        Ok(edits)
    });
    let edits = read.map_err(|why| refused(&format!("reading the file it was taken from: {why}"), why))?;
    let files = write(ground, edits, mark)?;
    clear(ground, key, mark);
    Ok(done(files, "put_back_into"))
}

/// Replaces one file after the other. After the first, a failure leaves some of it done.
fn write(
    ground: &Ground,
    edits: Vec<(Place, ReadFile, Vec<u8>)>,
    mark: &str,
) -> Result<Vec<String>, OutsideFailure> {
    let mut files = Vec::new();
    for (place, file, new) in edits {
        let replaced = ground
            .with(|machine| Ok(replace::replace(&machine.root, &place, &file, &new, mark)))
            .unwrap_or_else(|why| Err(NotReplaced::Unread(why)));
        match replaced {
            Ok(()) => files.push(place.to_string()),
            Err(why) => return Err(not_replaced(&place, &why, files.is_empty())),
        }
    }
    Ok(files)
}

/// Removes what an earlier try of this plan may have left behind when it was cut off.
fn clear(ground: &Ground, key: &KeyOf, mark: &str) {
    let _ = ground.with(|machine| {
        if let Some(account) = machine.account(&key.account)? {
            for place in machine.key_files(&account)? {
                replace::clear_leftover(&machine.root, &place, mark);
            }
        }
        Ok(())
    });
}

fn done(files: Vec<String>, what: &str) -> Done {
    let mut detail = Facts::new();
    let changed = !files.is_empty();
    if changed {
        detail.insert(what.to_owned(), Fact::Texts(files));
    }
    Done { changed, detail }
}

/// Whether the key stands in any file; `Err` says which could not be looked into.
pub(crate) fn is_anywhere(ground: &Ground, key: &KeyOf) -> Result<bool, String> {
    let seen = look(ground, key).map_err(|why| why.to_string())?;
    match (seen.found.is_empty(), seen.unread.first()) {
        (false, _) => Ok(true),
        (true, None) => Ok(false),
        (true, Some((place, why))) => Err(format!("{place} could not be looked into: {why}")),
    }
}

/// Whether the effect of taking out is there.
pub(crate) fn is_out(ground: &Ground, key: &KeyOf) -> Effect {
    match is_anywhere(ground, key) {
        Ok(false) => Effect::Present,
        Ok(true) => Effect::Missing,
        Err(why) => Effect::Unobserved { why },
    }
}

/// Whether the effect of putting back is there.
pub(crate) fn is_back(ground: &Ground, key: &KeyOf, keepsake: Option<&Secret<String>>) -> Effect {
    let Some(kept) = keepsake.and_then(parsed) else {
        return match is_anywhere(ground, key) {
            Ok(true) => Effect::Present,
            Ok(false) => Effect::Missing,
            Err(why) => Effect::Unobserved { why },
        };
    };
    let there = ground.with(|machine| {
        for kept in &kept.files {
            let Some(place) = Place::parse(kept.place.as_bytes()) else { continue };
            let Some(file) = machine.read(&place)? else { return Ok(false) };
            if !lines::are_there(file.content.expose(), &kept.lines) {
                return Ok(false);
            }
        }
        Ok(true)
    });
    match there {
        Ok(true) => Effect::Present,
        Ok(false) => Effect::Missing,
        Err(why) => Effect::Unobserved { why: why.to_string() },
    }
}

/// What the files say.
pub(crate) fn control_plane(ground: &Ground, key: &KeyOf) -> ControlPlane {
    match is_anywhere(ground, key) {
        Ok(true) => ControlPlane::Enabled,
        Ok(false) => ControlPlane::Absent,
        Err(why) => ControlPlane::Unread { why },
    }
}

fn refused(what: &str, why: Unread) -> OutsideFailure {
    let remedy = match why {
        Unread::NotPermitted => "run Tenure as root, or as the account whose file it is",
        Unread::Link => "let the SSH server's settings name the file that the link leads to",
        Unread::Absent => "make the file again, or add the key by hand",
        _ => "take the line out by hand; the commands are in the plan",
    };
    OutsideFailure::Refused {
        code: String::from("file"),
        why: printable(what, 300),
        remedy: remedy.to_owned(),
    }
}

fn not_replaced(place: &Place, why: &NotReplaced, nothing_done: bool) -> OutsideFailure {
    let text = printable(&format!("{place}: {why}"), 300);
    if !nothing_done || matches!(why, NotReplaced::NotConfirmed(_)) {
        return OutsideFailure::Lost { why: text };
    }
    match why {
        NotReplaced::Changed | NotReplaced::Unread(Unread::Replaced) => {
            OutsideFailure::Throttled { why: text, retry_after: None }
        }
        NotReplaced::Unread(unread) => refused(&text, *unread),
        NotReplaced::OtherNames(_)
        | NotReplaced::NotKept { .. }
        | NotReplaced::System { .. }
        | NotReplaced::NotConfirmed(_) => OutsideFailure::Refused {
            code: String::from("file"),
            why: text,
            remedy: String::from("nothing was changed; take the line out by hand, or run Tenure as root"),
        },
    }
}
