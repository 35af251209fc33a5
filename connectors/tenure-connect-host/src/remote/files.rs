//! The files of another machine, asked for over SFTP.
//!
//! SFTP opens what a path leads to, links and all, so nothing is opened before it was looked at, and what was opened is
//! compared with what is there: in the same round, before and behind the opening, everything on the way must be a
//! directory and no link, and a file must be the one that its handle shows (kind, owner, mode, size, time). README.md
//! says what that leaves open. Answers are remembered for one reading, so that what is not there costs no round trip. This file must
//! never ask for anything that writes, and never open what is not a regular file or a directory. Next: `conversation.rs`.

use super::conversation::{Asking, Broken};
use super::sftp::{
    Answer, Attributes, EOF, Kind, NO_SUCH_FILE, Named, PERMISSION_DENIED, Question, READ_BYTES, is_name,
};
use crate::files::{FileContent, Files};
use crate::limits::{Budget, Limits};
use crate::open::{FileFacts, append};
use crate::place::Place;
use crate::unread::{Special, Spent, Unread};
use crate::walk::{EntryKind, Listed};
use core::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use tenure_model::Secret;

/// Questions for the content of one file that are out at once.
const READS_TOGETHER: u64 = 16;
/// Questions for the names of one directory that are out at once.
const LISTINGS_TOGETHER: usize = 4;
/// Names of one directory that are remembered; a longer one is asked name by name.
const REMEMBERED_MAX: usize = 4_096;
/// How often a file is opened that seems to change.
const TRIES: usize = 3;
/// Names and directories that are remembered altogether.
const REMEMBERED_ALL_MAX: usize = 400_000;

/// The names in a directory, and what the server says of each.
type Names = BTreeMap<Vec<u8>, Attributes>;

/// The files below a directory of another machine, for one reading.
pub(super) struct RemoteFiles {
    asking: Asking,
    /// The directory that is taken for the root, without a slash at its end.
    root: Vec<u8>,
    limits: Limits,
    opened: Cell<u64>,
    received: Cell<u64>,
    /// How the conversation broke, once it did.
    broken: Cell<Option<Broken>>,
    /// Which limit of ours was reached, once one was.
    spent: Cell<Option<Spent>>,
    /// Handles that are given back with the next round.
    finished: RefCell<Vec<Vec<u8>>>,
    directories: RefCell<BTreeMap<Place, Result<Attributes, Unread>>>,
    /// What is in a directory; nothing where it could not be listed, or has too many names.
    names: RefCell<BTreeMap<Place, Option<Names>>>,
    remembered: Cell<usize>,
}

/// Something that was opened, and what it is.
struct Opened {
    handle: Vec<u8>,
    attributes: Attributes,
}

impl RemoteFiles {
    /// The files below `root`, a path on that machine. It may lead through links: it is the caller's word.
    pub(super) fn open(asking: Asking, root: &[u8], limits: Limits) -> Result<Self, Unread> {
        let files = Self {
            asking,
            root: Vec::new(),
            limits,
            opened: Cell::new(0),
            received: Cell::new(0),
            broken: Cell::new(None),
            spent: Cell::new(None),
            finished: RefCell::default(),
            directories: RefCell::default(),
            names: RefCell::default(),
            remembered: Cell::new(0),
        };
        let root = match files.one(Question::RealPath(root.to_vec()))? {
            Answer::Names(names) => names.into_iter().next().map(|first| first.name).unwrap_or_default(),
            answer => return Err(files.unexpected(&answer)),
        };
        if root.first() != Some(&b'/') || Place::parse(&root).is_none() {
            return Err(files.broke(Broken::Garbage));
        }
        let root: &[u8] = root.strip_suffix(b"/").unwrap_or(&root);
        let files = Self { root: root.to_vec(), ..files };
        files.directory(&Place::root())?;
        Ok(files)
    }

    /// How the conversation broke, if it did.
    pub(super) fn broken(&self) -> Option<Broken> {
        self.broken.get()
    }

    /// Which limit was reached, if one was.
    pub(super) fn spent(&self) -> Option<Spent> {
        self.spent.get()
    }

    fn over(&self, limit: Spent) -> Unread {
        self.spent.set(Some(limit));
        Unread::Limit(limit)
    }

    fn path(&self, place: &Place) -> Vec<u8> {
        let mut path = self.root.clone();
        path.push(b'/');
        path.extend_from_slice(place.as_bytes());
        path
    }

    fn broke(&self, how: Broken) -> Unread {
        let how = self.broken.get().unwrap_or(how);
        self.broken.set(Some(how));
        Unread::Limit(if how == Broken::Time { Spent::Time } else { Spent::Connection })
    }

    /// Asks, and gives back what was finished with.
    fn ask(&self, questions: Vec<Question>) -> Result<Vec<Answer>, Unread> {
        if let Some(how) = self.broken.get() {
            return Err(self.broke(how));
        }
        let closing = self.finished.take();
        let skipped = closing.len();
        let all = closing.into_iter().map(Question::Close).chain(questions).collect();
        let mut answers = self.asking.ask(all).map_err(|how| self.broke(how))?;
        answers.drain(..skipped.min(answers.len()));
        Ok(answers)
    }

    fn one(&self, question: Question) -> Result<Answer, Unread> {
        let mut answers = self.ask(vec![question])?;
        answers.pop().ok_or_else(|| self.broke(Broken::Garbage))
    }

    /// An answer that is none to what was asked: a refusal, or nonsense.
    fn unexpected(&self, answer: &Answer) -> Unread {
        match answer {
            Answer::Status(NO_SUCH_FILE) => Unread::Absent,
            Answer::Status(PERMISSION_DENIED) => Unread::NotPermitted,
            Answer::Status(code) if *code > EOF => Unread::RefusedByServer(*code),
            _ => self.broke(Broken::Garbage),
        }
    }

    fn attributes(&self, answer: &Answer) -> Result<Attributes, Unread> {
        match answer {
            Answer::Attributes(seen) => Ok(*seen),
            other => Err(self.unexpected(other)),
        }
    }

    /// Takes one thing to be opened off the limit.
    fn may_open(&self) -> Result<(), Unread> {
        let opened = self.opened.get();
        if opened >= self.limits.files_max {
            return Err(self.over(Spent::Files));
        }
        self.opened.set(opened + 1);
        Ok(())
    }

    /// Takes bytes that came off the limit.
    fn came(&self, bytes: usize) -> Result<(), Unread> {
        let received = self.received.get().saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
        self.received.set(received);
        if received > self.limits.bytes_max { Err(self.over(Spent::Bytes)) } else { Ok(()) }
    }

    /// What a directory is, when it is one and no link is on the way to it.
    fn directory(&self, place: &Place) -> Result<Attributes, Unread> {
        let mut at = Place::root();
        let mut seen = self.step(&at)?;
        for name in place.components() {
            at = at.join(name);
            seen = self.step(&at)?;
        }
        Ok(seen)
    }

    /// One directory on the way, of which those above are known to be directories.
    fn step(&self, place: &Place) -> Result<Attributes, Unread> {
        if let Some(known) = self.directories.borrow().get(place) {
            return *known;
        }
        let seen = self.seen(place).and_then(|seen| directory_only(&seen).map(|()| seen));
        if !matches!(seen, Err(Unread::Limit(_))) && self.remember(1) {
            self.directories.borrow_mut().insert(place.clone(), seen);
        }
        seen
    }

    /// What a directory's listing says of a name in it, or what the name itself does.
    fn seen(&self, place: &Place) -> Result<Attributes, Unread> {
        if !place.as_bytes().is_empty() {
            let parent = place.parent();
            self.learn(&parent)?;
            if let Some(Some(names)) = self.names.borrow().get(&parent) {
                let said = names.get(place.name()).copied();
                match said {
                    None => return Err(Unread::Absent),
                    Some(seen) if seen.kind() != Kind::Unsaid => return Ok(seen),
                    Some(_) => {}
                }
            }
        }
        let answer = self.one(Question::Look(self.path(place)))?;
        self.attributes(&answer)
    }

    fn remember(&self, many: usize) -> bool {
        let remembered = self.remembered.get().saturating_add(many);
        let fits = remembered <= REMEMBERED_ALL_MAX;
        if fits {
            self.remembered.set(remembered);
        }
        fits
    }

    /// Learns the names in a directory once, unless it has very many.
    fn learn(&self, directory: &Place) -> Result<(), Unread> {
        if self.names.borrow().contains_key(directory) {
            return Ok(());
        }
        let mut names = Names::new();
        let mut fits = true;
        let read = self.each_name(directory, &mut |named| {
            fits = names.len() < REMEMBERED_MAX;
            names.insert(named.name, named.attributes);
            fits
        });
        match read {
            Err(spent @ Unread::Limit(_)) => Err(spent),
            read => {
                let whole = read.is_ok() && fits && self.remember(names.len() + 1);
                self.names.borrow_mut().insert(directory.clone(), whole.then_some(names));
                Ok(())
            }
        }
    }

    /// Opens what is at a place, between two looks at it and at everything above it, in one round: directories above, no
    /// link anywhere, and the same thing before and behind. Hands out the handle, and what is there.
    fn open_between_looks(&self, place: &Place, question: Question) -> Result<Opened, Unread> {
        self.may_open()?;
        let mut way = vec![Place::root()];
        for name in place.components() {
            way.extend(way.last().map(|last| last.join(name)));
        }
        let looks = || way.iter().map(|place| Question::Look(self.path(place)));
        let answers = self.ask(looks().chain([question]).chain(looks()).collect())?;
        let mut answers = answers.into_iter();
        let before: Vec<Answer> = answers.by_ref().take(way.len()).collect();
        let opened = match answers.next() {
            Some(Answer::Handle(handle)) => Ok(handle),
            Some(other) => Err(self.unexpected(&other)),
            None => Err(self.broke(Broken::Garbage)),
        };
        let after: Vec<Answer> = answers.collect();
        let looked = self.same_way(&before).and_then(|there| Ok((there, self.same_way(&after)?)));
        match (opened, looked) {
            (Ok(handle), Ok((there, behind))) if is_same(&there, &behind) => {
                Ok(Opened { handle, attributes: behind })
            }
            (Ok(handle), looked) => {
                self.finish(handle);
                match looked {
                    Err(why @ (Unread::Link | Unread::Limit(_))) => Err(why),
                    _ => Err(Unread::Replaced),
                }
            }
            (Err(_), Err(why)) => Err(why),
            (Err(why), Ok(_)) => Err(why),
        }
    }

    /// What the last of these looks saw, when all before it saw directories, and it saw no link.
    fn same_way(&self, looks: &[Answer]) -> Result<Attributes, Unread> {
        let (last, above) = looks.split_last().ok_or_else(|| self.broke(Broken::Garbage))?;
        for answer in above {
            directory_only(&self.attributes(answer)?)?;
        }
        let there = self.attributes(last)?;
        if there.kind() == Kind::Link { Err(Unread::Link) } else { Ok(there) }
    }

    fn finish(&self, handle: Vec<u8>) {
        self.finished.borrow_mut().push(handle);
    }

    /// What a regular file is, before it is opened.
    fn look(&self, place: &Place) -> Result<Attributes, Unread> {
        self.directory(&place.parent())?;
        let seen = self.seen(place)?;
        regular_only(&seen)?;
        Ok(seen)
    }

    /// Reads a regular file from `from` on. A log may grow between two looks at it, so it is tried again.
    fn contents(
        &self,
        place: &Place,
        from: impl Fn(u64) -> u64,
        bytes_max: u64,
    ) -> Result<FileContent, Unread> {
        let mut tries = 1;
        loop {
            match self.content_once(place, &from, bytes_max) {
                Err(Unread::Replaced) if tries < TRIES => tries += 1,
                read => return read,
            }
        }
    }

    fn content_once(
        &self,
        place: &Place,
        from: &impl Fn(u64) -> u64,
        bytes_max: u64,
    ) -> Result<FileContent, Unread> {
        // What is remembered of it may be old, and a pipe would hold the machine's answer up.
        let now = self.one(Question::Look(self.path(place)))?;
        regular_only(&self.attributes(&now)?)?;
        let opened = self.open_between_looks(place, Question::Open(self.path(place)))?;
        let content = self.content(&opened, from(opened.attributes.bytes.unwrap_or(0)), bytes_max);
        let facts = facts(&opened.attributes);
        self.finish(opened.handle);
        Ok(FileContent { facts, content: content? })
    }

    /// Reads from a handle to its end, at most `bytes_max`, when it is of what was looked at.
    fn content(&self, opened: &Opened, from: u64, bytes_max: u64) -> Result<Secret<Vec<u8>>, Unread> {
        let size = opened.attributes.bytes.unwrap_or(0);
        let mut content =
            Vec::with_capacity(usize::try_from(size.saturating_sub(from).min(bytes_max)).unwrap_or(0));
        let outcome = self.pieces(opened, from, bytes_max, &mut content);
        let content = Secret::new(content);
        outcome.map(|()| content)
    }

    fn pieces(&self, opened: &Opened, from: u64, bytes_max: u64, into: &mut Vec<u8>) -> Result<(), Unread> {
        let piece = u64::from(READ_BYTES);
        let size = opened.attributes.bytes.unwrap_or(0);
        let mut looking = Some(Question::LookAt(opened.handle.clone()));
        loop {
            let at = from.saturating_add(u64::try_from(into.len()).unwrap_or(u64::MAX));
            // One more than it has, so that the end is seen in the same round.
            let many = (size.saturating_sub(at) / piece + 2).clamp(2, READS_TOGETHER);
            let question = |number: u64| Question::Read {
                handle: opened.handle.clone(),
                from: at.saturating_add(number * piece),
                bytes: READ_BYTES,
            };
            let looked = looking.is_some();
            let mut answers =
                self.ask(looking.take().into_iter().chain((0..many).map(question)).collect())?.into_iter();
            if looked {
                let handle = answers.next().ok_or_else(|| self.broke(Broken::Garbage))?;
                if !is_same(&self.attributes(&handle)?, &opened.attributes) {
                    return Err(Unread::Replaced);
                }
            }
            while let Some(answer) = answers.next() {
                let data = match answer {
                    Answer::Data(data) => data,
                    Answer::Status(EOF) => return Ok(()),
                    other => return Err(self.unexpected(&other)),
                };
                if data.is_empty() || data.len() > READ_BYTES as usize {
                    return Err(self.broke(Broken::Garbage));
                }
                self.came(data.len())?;
                let now = u64::try_from(into.len() + data.len()).unwrap_or(u64::MAX);
                if now > bytes_max {
                    // It grew while it was read.
                    return Err(Unread::TooLarge { bytes: now, bytes_max });
                }
                append(into, &data);
                if data.len() < READ_BYTES as usize {
                    let whole = from.saturating_add(now) >= size;
                    if whole && matches!(answers.next(), Some(Answer::Status(EOF))) {
                        return Ok(());
                    }
                    // The next round begins where this one fell short.
                    break;
                }
            }
        }
    }

    /// Hands over the names in a directory until one is declined.
    fn each_name(&self, place: &Place, take: &mut dyn FnMut(Named) -> bool) -> Result<(), Unread> {
        let opened = self.open_between_looks(place, Question::OpenDirectory(self.path(place)))?;
        let outcome = self.listed(&opened, take);
        self.finish(opened.handle);
        outcome
    }

    fn listed(&self, opened: &Opened, take: &mut dyn FnMut(Named) -> bool) -> Result<(), Unread> {
        loop {
            let questions = vec![Question::ReadDirectory(opened.handle.clone()); LISTINGS_TOGETHER];
            for answer in self.ask(questions)? {
                let names = match answer {
                    Answer::Names(names) => names,
                    Answer::Status(EOF) => return Ok(()),
                    other => return Err(self.unexpected(&other)),
                };
                for named in names {
                    if !is_name(&named.name) {
                        return Err(self.broke(Broken::Garbage));
                    }
                    self.came(named.name.len())?;
                    if !matches!(named.name.as_slice(), b"." | b"..") && !take(named) {
                        return Ok(());
                    }
                }
            }
        }
    }
}

impl Files for RemoteFiles {
    fn read(&self, place: &Place, budget: &Budget<'_>) -> Result<FileContent, Unread> {
        budget.entry().map_err(Unread::Limit)?;
        let seen = facts(&self.look(place)?);
        budget.file().map_err(Unread::Limit)?;
        let limit = budget.limits().file_bytes_max;
        if seen.bytes > limit {
            return Err(Unread::TooLarge { bytes: seen.bytes, bytes_max: limit });
        }
        budget.bytes(seen.bytes).map_err(Unread::Limit)?;
        self.contents(place, |_| 0, limit)
    }

    fn tail(&self, place: &Place, bytes_max: u64) -> Result<Secret<Vec<u8>>, Unread> {
        self.look(place)?;
        // It may grow while it is read, as logs do.
        let grown = bytes_max.saturating_add(1 << 20);
        self.contents(place, |size| size.saturating_sub(bytes_max), grown).map(|file| file.content)
    }

    fn facts(&self, place: &Place) -> Result<FileFacts, Unread> {
        self.look(place).map(|seen| facts(&seen))
    }

    fn directory_facts(&self, place: &Place) -> Result<FileFacts, Unread> {
        self.directory(place).map(|seen| facts(&seen))
    }

    fn list(&self, place: &Place, budget: &Budget<'_>) -> Result<(Vec<Listed>, Option<Spent>), Unread> {
        match self.directory(place) {
            Err(Unread::Limit(spent)) => return Ok((Vec::new(), Some(spent))),
            Err(why) => return Err(why),
            Ok(_) => {}
        }
        let mut names: Vec<Listed> = Vec::new();
        let mut said = Names::new();
        let mut cut = None;
        let read = self.each_name(place, &mut |named| {
            let many = u64::try_from(names.len()).unwrap_or(u64::MAX);
            let full = many >= budget.limits().directory_entries_max;
            cut = if full { Some(Spent::DirectoryEntries) } else { budget.entry().err() };
            if cut.is_some() {
                return false;
            }
            names.push(Listed { name: named.name.clone(), kind: kind_of(&named.attributes) });
            if said.len() <= REMEMBERED_MAX {
                said.insert(named.name, named.attributes);
            }
            true
        });
        match read {
            Ok(()) => {}
            Err(Unread::Limit(spent)) => cut = Some(spent),
            Err(why) => return Err(why),
        }
        if cut.is_none() && said.len() <= REMEMBERED_MAX && self.remember(said.len() + 1) {
            self.names.borrow_mut().insert(place.clone(), Some(said));
        }
        names.sort_unstable();
        // A server may say a name twice; it is one all the same.
        names.dedup();
        Ok((names, cut))
    }
}

/// Whether both are the same thing, as far as SFTP shows it. A directory changes whenever a name in it does.
fn is_same(one: &Attributes, other: &Attributes) -> bool {
    let lasting = |seen: &Attributes| (seen.mode, seen.owner);
    let content = |seen: &Attributes| (seen.bytes, seen.modified);
    let is_directory = one.kind() == Kind::Directory;
    one.kind() != Kind::Unsaid
        && lasting(one) == lasting(other)
        && (is_directory || content(one) == content(other))
}

fn directory_only(seen: &Attributes) -> Result<(), Unread> {
    match seen.kind() {
        Kind::Directory => Ok(()),
        Kind::Link => Err(Unread::Link),
        Kind::File | Kind::Fifo | Kind::Socket | Kind::Device | Kind::Unsaid => Err(Unread::NotADirectory),
    }
}

fn regular_only(seen: &Attributes) -> Result<(), Unread> {
    let special = match seen.kind() {
        Kind::File => return Ok(()),
        Kind::Link => return Err(Unread::Link),
        Kind::Directory => Special::Directory,
        Kind::Fifo => Special::Fifo,
        Kind::Socket => Special::Socket,
        Kind::Device => Special::Device,
        Kind::Unsaid => Special::Unnamed,
    };
    Err(Unread::NotRegular(special))
}

fn kind_of(seen: &Attributes) -> EntryKind {
    match seen.kind() {
        Kind::File => EntryKind::File,
        Kind::Directory => EntryKind::Directory,
        Kind::Link => EntryKind::Link,
        Kind::Fifo | Kind::Socket | Kind::Device | Kind::Unsaid => EntryKind::Special,
    }
}

fn facts(seen: &Attributes) -> FileFacts {
    let (uid, gid) = seen.owner.unwrap_or((u32::MAX, u32::MAX));
    FileFacts {
        mode: seen.mode.unwrap_or(0) & 0o7777,
        uid,
        gid,
        bytes: seen.bytes.unwrap_or(0),
        modified_seconds: i64::from(seen.modified.unwrap_or(0)),
        // SFTP does not say it.
        links: 1,
    }
}
