//! The check of a whole log: every entry, every tile and the checkpoint against each other.
//!
//! Where the signed root vouches for the tiles, a tile says which leaf must stand where, so a fault is named at its
//! index: altered, replaced, moved, removed, inserted. Where it does not, the entries are hashed anew and the tiles are
//! compared with that. It must never stop at the first fault, nor report one twice. Streams: memory does not grow with
//! the log. Next: [`crate::trust`] for the head, [`crate::verify`] for exports.

use crate::checkpoint::Checkpoint;
use crate::cosignature::Cosigner;
use crate::entry::Entry;
use crate::hash::{Hash, leaf_hash};
use crate::tile::{TILE_WIDTH, TileId};
use crate::tree::{Frontier, TileSource, complete_root, root_at};
use crate::trust::{
    Head, Level, Refusal, Trust, check_head, check_quorum, check_since, head_limits, head_shows,
};
use std::collections::HashMap;
use std::fmt::Display;

/// Most faults that are listed; the rest is counted.
pub const FAULTS_MAX: usize = 100;

/// Most misplaced leaves that are kept to tell a removal from a change.
const WINDOW: usize = 1024;

/// What was found about a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogVerdict {
    /// How far it holds.
    pub level: Level,
    /// Name of the log; empty if the checkpoint could not be read.
    pub origin: String,
    /// Size the checkpoint signs.
    pub tree_size: u64,
    /// Entries read.
    pub entries_read: u64,
    /// Pinned witnesses that cosigned the checkpoint.
    pub cosigners: Vec<Cosigner>,
    /// What is wrong with the log, at most [`FAULTS_MAX`].
    pub faults: Vec<LogFault>,
    /// How many faults were found beyond those listed.
    pub faults_unlisted: u64,
    /// What it shows, in plain words; nothing if refused.
    pub shows: Vec<String>,
    /// What it does not show, in plain words; nothing if refused.
    pub does_not_show: Vec<String>,
}

/// One thing wrong with a log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LogFault {
    /// The bytes at an index are not those recorded, and no entry at all.
    #[error("entry {index} was altered: its bytes are no longer an entry")]
    EntryAltered {
        /// Leaf index.
        index: u64,
    },
    /// Another well-formed entry stands at an index.
    #[error("entry {index} was replaced: another entry, `{id}`, stands in its place")]
    EntryReplaced {
        /// Leaf index.
        index: u64,
        /// Id of the entry found.
        id: String,
    },
    /// An entry stands at another index than the one recorded.
    #[error("entry {belongs} was moved: it stands at {stands}")]
    EntryMoved {
        /// Index at which it was recorded.
        belongs: u64,
        /// Index at which it stands.
        stands: u64,
    },
    /// Entries are missing before the end; those after moved up.
    #[error("entries were removed from {first} on, {count} in number")]
    EntriesRemoved {
        /// Index of the first one missing.
        first: u64,
        /// How many.
        count: u64,
    },
    /// Entries stand where none were recorded; those after moved down.
    #[error("entries were inserted before {first}, {count} in number")]
    EntriesInserted {
        /// Index at which the first stands.
        first: u64,
        /// How many.
        count: u64,
    },
    /// The last entries are missing.
    #[error("the tail was cut: {found} entries are there, the checkpoint signs {signed}")]
    TailCut {
        /// Entries signed.
        signed: u64,
        /// Entries there.
        found: u64,
    },
    /// There are more entries than the checkpoint signs.
    #[error("the last entries are not signed: {found} are there, the checkpoint signs {signed}")]
    TailUnsigned {
        /// Entries signed.
        signed: u64,
        /// Entries there.
        found: u64,
    },
    /// There are more or fewer entries than signed, and it cannot be said which.
    #[error("{found} entries are there, the checkpoint signs {signed}")]
    CountDiffers {
        /// Entries signed.
        signed: u64,
        /// Entries there.
        found: u64,
    },
    /// What was recorded at an index is not an entry.
    #[error("entry {index} is as recorded, but not a well-formed entry: {why}")]
    EntryMalformed {
        /// Leaf index.
        index: u64,
        /// Why.
        why: String,
    },
    /// An entry could not be read; the check of entries ended there.
    #[error("entry {index} could not be read: {why}")]
    EntryUnreadable {
        /// Leaf index.
        index: u64,
        /// Why.
        why: String,
    },
    /// A tile holds other hashes than the entries, or the tile above, lead to.
    #[error("tile `{}` was changed", .0.path())]
    TileChanged(TileId),
    /// A tile could not be read.
    #[error("tile `{}` could not be read: {why}", .tile.path())]
    TileUnreadable {
        /// The tile.
        tile: TileId,
        /// Why.
        why: String,
    },
    /// Neither tiles nor entries lead to the signed root.
    #[error(
        "neither the tiles nor the entries lead to the signed root: the log was rewritten, or the checkpoint is of another"
    )]
    RootDiffers,
    /// At a size seen before, the log now has another root.
    #[error("the log was forked: at size {size} it has another root than the one seen before")]
    Forked {
        /// The size.
        size: u64,
    },
}

/// Checks a whole log: its entries in order, its tiles and its signed checkpoint.
///
/// `entries` yields the bytes of each entry from index 0; it is read to its end, or to its first error. Each tile is
/// read at most three times.
pub fn verify_log<S, E>(
    entries: impl IntoIterator<Item = Result<Vec<u8>, E>>,
    tiles: &S,
    checkpoint: &str,
    trust: &Trust,
) -> LogVerdict
where
    S: TileSource + ?Sized,
    S::Error: Display,
    E: Display,
{
    match check_log_head(checkpoint, trust) {
        Ok((head, since)) => examine(entries, tiles, head, since, trust),
        Err(refused) => LogVerdict {
            level: Level::Refused(Box::new(refused.0)),
            origin: refused.1.as_ref().map_or_else(String::new, |known| known.origin.clone()),
            tree_size: refused.1.map_or(0, |known| known.size),
            entries_read: 0,
            cosigners: Vec::new(),
            faults: Vec::new(),
            faults_unlisted: 0,
            shows: Vec::new(),
            does_not_show: Vec::new(),
        },
    }
}

type HeadRefused = Box<(Refusal, Option<Checkpoint>)>;

fn check_log_head(checkpoint: &str, trust: &Trust) -> Result<(Head, Option<Checkpoint>), HeadRefused> {
    let unverified = Checkpoint::parse_unverified(checkpoint).ok().map(|(checkpoint, _)| checkpoint);
    let head =
        check_head(checkpoint, "the checkpoint", trust).map_err(|refusal| Box::new((refusal, unverified)))?;
    let refused = |refusal| Box::new((refusal, Some(head.checkpoint.clone())));
    check_quorum(&head, trust).map_err(refused)?;
    let since = check_since(&head.checkpoint, trust).map_err(refused)?;
    Ok((head, since))
}

fn examine<S, E>(
    entries: impl IntoIterator<Item = Result<Vec<u8>, E>>,
    tiles: &S,
    head: Head,
    since: Option<Checkpoint>,
    trust: &Trust,
) -> LogVerdict
where
    S: TileSource + ?Sized,
    S::Error: Display,
    E: Display,
{
    let mut faults = Faults::default();
    let reading = read_entries(entries, tiles, &head.checkpoint, since.as_ref(), &mut faults);
    conclude(&reading, &head.checkpoint, since.as_ref(), &mut faults);
    let level = match faults.count() {
        0 if trust.log_keys.is_empty() => Level::ConsistentSignerUnverified,
        0 => Level::Verified,
        count => Level::Refused(Box::new(Refusal::LogFaulty(count))),
    };
    let good = faults.count() == 0;
    let mut shows = if good { head_shows(&head, trust) } else { Vec::new() };
    if good {
        shows.push(format!("all {} entries are unchanged, complete and in order", head.checkpoint.size));
        shows.extend(since.map(|since| format!("the log extends its checkpoint of size {}", since.size)));
    }
    LogVerdict {
        level,
        does_not_show: if good { head_limits(&head, trust) } else { Vec::new() },
        origin: head.checkpoint.origin,
        tree_size: head.checkpoint.size,
        entries_read: reading.tree.size(),
        cosigners: head.cosigners,
        faults: faults.listed,
        faults_unlisted: faults.unlisted,
        shows,
    }
}

/// Everything learnt in one pass over the entries.
struct Reading {
    /// The tree the entries lead to.
    tree: Frontier,
    /// Whether the entries up to the signed size lead to the signed root.
    entries_hold: bool,
    /// Whether the right-edge tiles lead to the signed root.
    tiles_hold: bool,
    /// Whether every entry could be read.
    readable: bool,
    /// Tiles that differ from what the entries lead to, or cannot be read.
    tile_faults: Vec<LogFault>,
    /// Root at the size seen before.
    root_since: Option<Hash>,
    /// Leaves that are not the ones the tiles name, from the first on, at most [`WINDOW`].
    misplaced: Vec<Leaf>,
    /// Leaf hashes the tiles name for the window and a little beyond.
    named: HashMap<Hash, u64>,
}

/// A leaf that stands where the tiles name another.
struct Leaf {
    index: u64,
    found: Hash,
    /// Hash the tiles name here; `None` beyond the signed size or where the tile is not vouched for.
    named: Option<Hash>,
    /// Id of the entry found, if it is one.
    id: Option<String>,
}

fn read_entries<S, E>(
    entries: impl IntoIterator<Item = Result<Vec<u8>, E>>,
    tiles: &S,
    head: &Checkpoint,
    since: Option<&Checkpoint>,
    faults: &mut Faults,
) -> Reading
where
    S: TileSource + ?Sized,
    S::Error: Display,
    E: Display,
{
    let mut vouched = VouchedTiles::new(head, tiles);
    let mut reading = Reading {
        tree: Frontier::empty(),
        entries_hold: head.size == 0,
        tiles_hold: vouched.edge_holds,
        readable: true,
        tile_faults: Vec::new(),
        root_since: None,
        misplaced: Vec::new(),
        named: HashMap::new(),
    };
    for entry in entries {
        let index = reading.tree.size();
        match entry {
            Ok(bytes) => reading.take(&bytes, head, &mut vouched, faults),
            Err(why) => {
                faults.add(LogFault::EntryUnreadable { index, why: why.to_string() });
                reading.readable = false;
                break;
            }
        }
        if since.is_some_and(|since| since.size == reading.tree.size()) {
            reading.root_since = Some(reading.tree.root());
        }
    }
    if reading.tree.size() <= head.size {
        reading.compare_edge(tiles);
    }
    if let Some(first) = reading.misplaced.first() {
        // The window, and as much beyond, so that entries that moved up by a few are recognised.
        for index in first.index..head.size.min(first.index + 2 * WINDOW as u64) {
            if let Some(hash) = vouched.leaf(index) {
                reading.named.entry(hash).or_insert(index);
            }
        }
    }
    for fault in vouched.faults {
        faults.add(fault);
    }
    reading
}

impl Reading {
    fn take<S>(
        &mut self,
        bytes: &[u8],
        head: &Checkpoint,
        vouched: &mut VouchedTiles<'_, S>,
        faults: &mut Faults,
    ) where
        S: TileSource + ?Sized,
        S::Error: Display,
    {
        let found = leaf_hash(bytes);
        let tile_faults = &mut self.tile_faults;
        let index = self.tree.append(found, &mut |level: u8, index: u64, hashes: &[Hash]| {
            let covered = (index + 1) << (8 * (u32::from(level) + 1)) <= head.size;
            if covered && tile_faults.len() <= FAULTS_MAX {
                let tile = TileId { level, index, width: TILE_WIDTH };
                tile_faults.extend(compare_tile(vouched.tiles, tile, hashes));
            }
        });
        if self.tree.size() == head.size {
            self.entries_hold = self.tree.root() == head.root;
        }
        let named = if index < head.size { vouched.leaf(index) } else { None };
        let in_place = named == Some(found);
        let decoded = Entry::decode(bytes);
        if in_place && let Err(refused) = &decoded {
            faults.add(LogFault::EntryMalformed { index, why: refused.to_string() });
        }
        if !in_place && self.misplaced.len() < WINDOW {
            self.misplaced.push(Leaf { index, found, named, id: decoded.ok().map(|entry| entry.id) });
        }
    }

    /// Compares the partial tiles; only meaningful when the entries are as many as signed.
    fn compare_edge<S>(&mut self, tiles: &S)
    where
        S: TileSource + ?Sized,
        S::Error: Display,
    {
        if !self.entries_hold {
            return;
        }
        for (tile, hashes) in self.tree.partial_tiles() {
            self.tile_faults.extend(compare_tile(tiles, tile, &hashes));
        }
    }
}

/// What is wrong with a stored tile, given the hashes the entries lead to.
fn compare_tile<S>(tiles: &S, tile: TileId, hashes: &[Hash]) -> Option<LogFault>
where
    S: TileSource + ?Sized,
    S::Error: Display,
{
    match tiles.tile(tile.level, tile.index, tile.width) {
        Ok(stored) if stored == hashes => None,
        Ok(_) => Some(LogFault::TileChanged(tile)),
        Err(why) => Some(LogFault::TileUnreadable { tile, why: why.to_string() }),
    }
}

/// Tiles read from the top, each vouched for by the one above it and the topmost by the signed root.
struct VouchedTiles<'a, S: ?Sized> {
    tiles: &'a S,
    size: u64,
    edge_holds: bool,
    /// The last tile read at each level, with its index.
    held: [Option<(u64, Vec<Hash>)>; 9],
    /// The last tile found bad at each level, so that it is reported once.
    bad: [Option<u64>; 9],
    faults: Vec<LogFault>,
}

impl<'a, S> VouchedTiles<'a, S>
where
    S: TileSource + ?Sized,
    S::Error: Display,
{
    fn new(head: &Checkpoint, tiles: &'a S) -> Self {
        let edge_holds = root_at(head.size, tiles).is_ok_and(|root| root == head.root);
        Self {
            tiles,
            size: head.size,
            edge_holds,
            held: [const { None }; 9],
            bad: [None; 9],
            faults: Vec::new(),
        }
    }

    /// The leaf hash recorded at `index`, if the tiles are vouched for.
    fn leaf(&mut self, index: u64) -> Option<Hash> {
        if !self.edge_holds || index >= self.size {
            return None;
        }
        self.hash(0, index)
    }

    fn hash(&mut self, level: usize, position: u64) -> Option<Hash> {
        let index = position / u64::from(TILE_WIDTH);
        let offset = usize::try_from(position % u64::from(TILE_WIDTH)).ok()?;
        if self.held.get(level)?.as_ref().is_none_or(|(held, _)| *held != index) {
            self.load(level, index)?;
        }
        self.held.get(level)?.as_ref()?.1.get(offset).copied()
    }

    fn load(&mut self, level: usize, index: u64) -> Option<()> {
        if *self.bad.get(level)? == Some(index) {
            return None;
        }
        let available = (self.size >> (8 * level)) - index * u64::from(TILE_WIDTH);
        let width = u16::try_from(available).unwrap_or(TILE_WIDTH).min(TILE_WIDTH);
        let tile = TileId { level: u8::try_from(level).ok()?, index, width };
        let fault = match self.tiles.tile(tile.level, index, width) {
            Ok(hashes) if hashes.len() != usize::from(width) => LogFault::TileChanged(tile),
            Ok(hashes) => {
                // Partial tiles are part of the right edge, which the root vouches for.
                let holds = width < TILE_WIDTH || self.hash(level + 1, index)? == complete_root(&hashes);
                if holds {
                    *self.held.get_mut(level)? = Some((index, hashes));
                    return Some(());
                }
                LogFault::TileChanged(tile)
            }
            Err(why) => LogFault::TileUnreadable { tile, why: why.to_string() },
        };
        *self.bad.get_mut(level)? = Some(index);
        self.faults.push(fault);
        None
    }
}

/// Turns what was read into faults.
fn conclude(reading: &Reading, head: &Checkpoint, since: Option<&Checkpoint>, faults: &mut Faults) {
    let found = reading.tree.size();
    if reading.entries_hold {
        for fault in &reading.tile_faults {
            faults.add(fault.clone());
        }
        if found > head.size {
            faults.add(LogFault::TailUnsigned { signed: head.size, found });
        }
        let forked = since.filter(|since| since.size > 0 && reading.root_since != Some(since.root));
        if let Some(since) = forked {
            faults.add(LogFault::Forked { size: since.size });
        }
        return;
    }
    if !reading.tiles_hold {
        faults.add(LogFault::RootDiffers);
        if found < head.size && reading.readable {
            faults.add(LogFault::TailCut { signed: head.size, found });
        }
        return;
    }
    name_entry_faults(reading, head.size, faults);
    if faults.count() == 0 {
        faults.add(LogFault::RootDiffers);
    }
}

/// The tiles are vouched for, so each leaf that differs can be named.
fn name_entry_faults(reading: &Reading, signed: u64, faults: &mut Faults) {
    let found = reading.tree.size();
    let misplaced: Vec<&Leaf> = reading.misplaced.iter().filter(|leaf| leaf.named.is_some()).collect();
    if let Some(first) = misplaced.first() {
        if found < signed && reading.readable && moved_up(&misplaced, signed - found, &reading.named) {
            faults.add(LogFault::EntriesRemoved { first: first.index, count: signed - found });
            return;
        }
        if found > signed && moved_down(&reading.misplaced, found - signed, signed) {
            faults.add(LogFault::EntriesInserted { first: first.index, count: found - signed });
            return;
        }
    }
    for leaf in &misplaced {
        let belongs = reading.named.get(&leaf.found).filter(|belongs| **belongs != leaf.index);
        faults.add(match (belongs, &leaf.id) {
            (Some(belongs), _) => LogFault::EntryMoved { belongs: *belongs, stands: leaf.index },
            (None, Some(id)) => LogFault::EntryReplaced { index: leaf.index, id: id.clone() },
            (None, None) => LogFault::EntryAltered { index: leaf.index },
        });
    }
    let count_explained = !misplaced.is_empty();
    if found < signed && reading.readable {
        let (tail, other) = (LogFault::TailCut { signed, found }, LogFault::CountDiffers { signed, found });
        faults.add(if count_explained { other } else { tail });
    } else if found > signed {
        faults.add(LogFault::CountDiffers { signed, found });
    }
}

/// Whether every misplaced leaf is the one named `count` places later.
fn moved_up(misplaced: &[&Leaf], count: u64, named: &HashMap<Hash, u64>) -> bool {
    misplaced.iter().all(|leaf| named.get(&leaf.found) == Some(&(leaf.index + count)))
}

/// Whether every leaf named in the window is found `count` places later, as far as the window shows it.
fn moved_down(misplaced: &[Leaf], count: u64, signed: u64) -> bool {
    let found: HashMap<u64, Hash> = misplaced.iter().map(|leaf| (leaf.index, leaf.found)).collect();
    let last = misplaced.last().map_or(0, |leaf| leaf.index);
    let mut seen = false;
    for leaf in misplaced.iter().filter(|leaf| leaf.index < signed && leaf.index + count <= last) {
        if leaf.named.is_none() || found.get(&(leaf.index + count)).copied() != leaf.named {
            return false;
        }
        seen = true;
    }
    seen
}

/// Faults without doubles, bounded.
#[derive(Default)]
struct Faults {
    listed: Vec<LogFault>,
    unlisted: u64,
}

impl Faults {
    fn add(&mut self, fault: LogFault) {
        if self.listed.contains(&fault) {
            return;
        }
        if self.listed.len() < FAULTS_MAX {
            self.listed.push(fault);
        } else {
            self.unlisted += 1;
        }
    }

    fn count(&self) -> usize {
        self.listed.len() + usize::try_from(self.unlisted).unwrap_or(usize::MAX)
    }
}
