//! The evidence log inside the database: how entries become leaves, tiles and a signed head.
//!
//! Entries commit with the write they belong to. SQLite's only writer gives them their leaf
//! index at once; elsewhere `sequence` does, in order of arrival, and after a crash everywhere.
//! `grow` then advances the head by compare-and-swap, the only mutable truth. Formats and
//! hashing are `tenure-evidence`; nothing here signs more than once per batch.

use crate::{StoreFailure, Tx, store::LogSigner};
use std::{cell::RefCell, sync::Arc};
use tenure_evidence::{Checkpoint, Entry, Frontier, Hash, TileSink, TileSource, leaf_hash};
use tenure_model::EntryId;

/// Hashes in a full tile (tlog-tiles).
pub const TILE_WIDTH: u16 = 256;

/// The nonce and the canonical JSON of a body.
pub type NonceAndBody = ([u8; 32], Vec<u8>);

/// An entry to be written, with the body it commits to.
#[derive(Debug, Clone)]
pub struct NewEntry {
    /// The entry; its `body_digest` must commit to `body`.
    pub entry: Entry,
    /// Ids and names under which people will look for it: plan, identity, source.
    pub about: Vec<String>,
    /// Nonce and canonical JSON of the body, kept in a row that can be deleted.
    pub body: Option<NonceAndBody>,
}

/// A signed tree head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Leaves in the tree.
    pub size: u64,
    /// Its root.
    pub root: Hash,
    /// The signed checkpoint (C2SP signed note).
    pub note: String,
}

/// What the sequencer knows between batches.
#[derive(Clone)]
pub(crate) struct LogState {
    pub(crate) origin: String,
    pub(crate) epoch: i64,
    pub(crate) frontier: Frontier,
    pub(crate) signer: Arc<dyn LogSigner>,
}

/// Collects full tiles until they are written.
#[derive(Default)]
struct FullTiles(Vec<(u8, u64, Vec<u8>)>);

impl TileSink for FullTiles {
    fn full_tile(&mut self, level: u8, index: u64, hashes: &[Hash]) {
        self.0.push((level, index, tenure_evidence::tile::encode_tile(hashes)));
    }
}

pub(crate) fn number(value: u64) -> Result<i64, StoreFailure> {
    i64::try_from(value).map_err(|_| StoreFailure::LogDamaged { why: format!("{value} is too large") })
}

fn natural(value: i64) -> Result<u64, StoreFailure> {
    u64::try_from(value).map_err(|_| StoreFailure::LogDamaged { why: format!("{value} is negative") })
}

/// Turns entries that are durable but no leaves yet into leaves, in order of arrival, at most `most`;
/// returns how many. The transaction must see one snapshot, so that both statements mean the same rows.
pub(crate) fn sequence(
    tx: &mut Tx<'_>,
    log: &mut LogState,
    most: i64,
) -> Result<(usize, Option<Head>), StoreFailure> {
    let leaves = tx.query(
        "entries",
        "SELECT bytes FROM entries WHERE leaf_index IS NULL ORDER BY arrival LIMIT $1",
        &[most.into()],
        |row| row.bytes(0).map(|bytes| leaf_hash(&bytes)),
    )?;
    if leaves.is_empty() {
        return Ok((0, None));
    }
    let touched = tx.execute(
        "UPDATE entries SET leaf_index = waiting.leaf FROM \
         (SELECT arrival, CAST($1 AS BIGINT) - 1 + ROW_NUMBER() OVER (ORDER BY arrival) AS leaf FROM entries \
         WHERE leaf_index IS NULL ORDER BY arrival LIMIT $2) AS waiting WHERE entries.arrival = waiting.arrival",
        &[number(log.frontier.size())?.into(), most.into()],
    )?;
    let taken = leaves.len();
    if touched != taken as u64 {
        let why = format!("{taken} entries waited, but {touched} became leaves");
        return Err(StoreFailure::LogDamaged { why });
    }
    grow(tx, log, leaves).map(|head| (taken, head))
}

/// Adds `leaves`, whose entries have their index already, and advances the head. `None` when there are none.
pub(crate) fn grow(
    tx: &mut Tx<'_>,
    log: &mut LogState,
    leaves: Vec<Hash>,
) -> Result<Option<Head>, StoreFailure> {
    if leaves.is_empty() {
        return Ok(None);
    }
    let before = log.frontier.size();
    let mut full = FullTiles::default();
    for leaf in leaves {
        log.frontier.append(leaf, &mut full);
    }
    for (level, index, hashes) in full.0 {
        write_tile(tx, level, index, TILE_WIDTH, hashes)?;
    }
    for (tile, hashes) in log.frontier.partial_tiles() {
        write_tile(tx, tile.level, tile.index, tile.width, tenure_evidence::tile::encode_tile(&hashes))?;
    }
    let head = sign(log)?;
    let moved = tx.execute(
        "UPDATE log_head SET size = $1, root = $2, note = $3 WHERE only_one = 1 AND size = $4 AND epoch = $5",
        &[
            number(head.size)?.into(),
            head.root.as_bytes().to_vec().into(),
            head.note.as_str().into(),
            number(before)?.into(),
            log.epoch.into(),
        ],
    )?;
    if moved == 1 {
        Ok(Some(head))
    } else {
        Err(StoreFailure::LogDamaged {
            why: format!("the head is no longer at size {before}; another node moved it"),
        })
    }
}

/// Signs the present tree.
pub(crate) fn sign(log: &LogState) -> Result<Head, StoreFailure> {
    let (size, root) = (log.frontier.size(), log.frontier.root());
    let checkpoint = Checkpoint { origin: log.origin.clone(), size, root, extensions: Vec::new() };
    let note = log.signer.sign_checkpoint(&checkpoint).map_err(|why| StoreFailure::Unsigned { why })?;
    Ok(Head { size, root, note })
}

fn write_tile(
    tx: &mut Tx<'_>,
    level: u8,
    index: u64,
    width: u16,
    hashes: Vec<u8>,
) -> Result<(), StoreFailure> {
    tx.execute(
        "INSERT INTO tiles (level, tile_index, width, hashes) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (level, tile_index) DO UPDATE SET width = excluded.width, hashes = excluded.hashes",
        &[i64::from(level).into(), number(index)?.into(), i64::from(width).into(), hashes.into()],
    )?;
    Ok(())
}

impl Tx<'_> {
    /// The signed head.
    pub fn head(&mut self) -> Result<Head, StoreFailure> {
        self.query_one("log_head", "SELECT size, root, note FROM log_head WHERE only_one = 1", &[], |row| {
            let root = row.bytes(1)?;
            let root: [u8; 32] = root.as_slice().try_into().map_err(|_| StoreFailure::LogDamaged {
                why: String::from("the root has the wrong length"),
            })?;
            Ok(Head { size: natural(row.number(0)?)?, root: Hash::from_bytes(root), note: row.text(2)? })
        })?
        .ok_or_else(|| StoreFailure::LogDamaged { why: String::from("there is no head") })
    }

    /// The log's origin.
    pub fn log_origin(&mut self) -> Result<String, StoreFailure> {
        self.query_one("log_head", "SELECT origin FROM log_head WHERE only_one = 1", &[], |row| row.text(0))?
            .ok_or_else(|| StoreFailure::LogDamaged { why: String::from("there is no head") })
    }

    /// How many entries there are, leaves or not. Those beyond the head's size wait to become leaves.
    pub fn count_entries(&mut self) -> Result<u64, StoreFailure> {
        let count = self.query_one("entries", "SELECT COUNT(*) FROM entries", &[], |row| row.number(0))?;
        natural(count.unwrap_or(0))
    }

    /// Encoded entries `[from, to)` in order. The caller bounds the range.
    pub fn leaves(&mut self, from: u64, to: u64) -> Result<Vec<(u64, Vec<u8>)>, StoreFailure> {
        let (from, to) = (number(from)?, number(to)?);
        self.query(
            "entries",
            "SELECT leaf_index, bytes FROM entries WHERE leaf_index >= $1 AND leaf_index < $2 ORDER BY leaf_index",
            &[from.into(), to.into()],
            |row| Ok((natural(row.number(0)?)?, row.bytes(1)?)),
        )
    }

    /// Where an entry is in the log; `None` while it waits to become a leaf.
    pub fn leaf_of(&mut self, entry: EntryId) -> Result<Option<u64>, StoreFailure> {
        let found = self.query_one(
            "entries",
            "SELECT leaf_index FROM entries WHERE entry_id = $1",
            &[crate::value::named(entry)],
            |row| row.opt_number(0),
        )?;
        match found {
            None => Err(StoreFailure::Missing { noun: "entry", given: entry.to_string() }),
            Some(None) => Ok(None),
            Some(Some(index)) => natural(index).map(Some),
        }
    }

    /// Leaf indexes of the entries about one subject, oldest first, at most `most`.
    pub fn leaves_about(&mut self, subject: &str, most: i64) -> Result<Vec<u64>, StoreFailure> {
        self.query(
            "entry_subjects",
            "SELECT e.leaf_index FROM entry_subjects s JOIN entries e ON e.entry_id = s.entry_id \
             WHERE s.subject = $1 AND e.leaf_index IS NOT NULL ORDER BY e.leaf_index LIMIT $2",
            &[subject.into(), most.into()],
            |row| natural(row.number(0)?),
        )
    }

    /// How many entries about a subject were written and are not there any more: somebody removed them.
    pub fn missing_about(&mut self, subject: &str) -> Result<i64, StoreFailure> {
        let missing = self.query_one(
            "entry_subjects",
            "SELECT COUNT(*) FROM entry_subjects s LEFT JOIN entries e ON e.entry_id = s.entry_id \
             WHERE s.subject = $1 AND e.entry_id IS NULL",
            &[subject.into()],
            |row| row.number(0),
        )?;
        Ok(missing.unwrap_or(0))
    }

    /// The body an entry commits to: nonce and canonical JSON; `None` when it has none or was erased.
    pub fn body_of(&mut self, entry_id: &str) -> Result<Option<NonceAndBody>, StoreFailure> {
        self.query_one(
            "bodies",
            "SELECT nonce, body FROM bodies WHERE entry_id = $1",
            &[entry_id.into()],
            |row| {
                let nonce = row.bytes(0)?;
                let nonce = nonce.as_slice().try_into().map_err(|_| StoreFailure::Shape {
                    table: "bodies",
                    why: String::from("a nonce has the wrong length"),
                })?;
                Ok((nonce, row.bytes(1)?))
            },
        )
    }
}

/// Reads tiles through a transaction, for proofs.
pub struct LogReader<'tx, 'db>(RefCell<&'tx mut Tx<'db>>);

impl<'tx, 'db> LogReader<'tx, 'db> {
    /// Reads through `tx`.
    pub const fn new(tx: &'tx mut Tx<'db>) -> Self {
        Self(RefCell::new(tx))
    }
}

impl TileSource for LogReader<'_, '_> {
    type Error = StoreFailure;

    fn tile(&self, level: u8, index: u64, width: u16) -> Result<Vec<Hash>, StoreFailure> {
        let mut tx = self.0.borrow_mut();
        let found = tx.query_one(
            "tiles",
            "SELECT width, hashes FROM tiles WHERE level = $1 AND tile_index = $2",
            &[i64::from(level).into(), number(index)?.into()],
            |row| Ok((row.number(0)?, row.bytes(1)?)),
        )?;
        let missing =
            || StoreFailure::LogDamaged { why: format!("tile {level}/{index} of width {width} is missing") };
        let (held, bytes) = found.ok_or_else(missing)?;
        let held = u16::try_from(held).map_err(|_| missing())?;
        let mut hashes = tenure_evidence::tile::parse_tile(&bytes, held)
            .map_err(|error| StoreFailure::LogDamaged { why: error.to_string() })?;
        if hashes.len() < usize::from(width) {
            return Err(missing());
        }
        // A narrower partial tile is a prefix of a wider one, because leaves never change.
        hashes.truncate(usize::from(width));
        Ok(hashes)
    }
}

/// Reads the sequencer's state back; refuses a head that its tiles do not bear out.
pub(crate) fn load(tx: &mut Tx<'_>, signer: Arc<dyn LogSigner>) -> Result<LogState, StoreFailure> {
    let head = tx.head()?;
    let (origin, epoch) = tx
        .query_one("log_head", "SELECT origin, epoch FROM log_head WHERE only_one = 1", &[], |row| {
            Ok((row.text(0)?, row.number(1)?))
        })?
        .ok_or_else(|| StoreFailure::LogDamaged { why: String::from("there is no head") })?;
    let (signed, _) = Checkpoint::parse_unverified(&head.note).map_err(|error| StoreFailure::LogDamaged {
        why: format!("the checkpoint of the head cannot be read ({error})"),
    })?;
    if (signed.size, signed.root, &signed.origin) != (head.size, head.root, &origin) {
        return Err(StoreFailure::LogDamaged {
            why: String::from("the head is not what its checkpoint says"),
        });
    }
    let mut tiles = Vec::new();
    {
        let reader = LogReader::new(tx);
        for tile in tenure_evidence::tree::partial_tile_ids(head.size) {
            let hashes = reader.tile(tile.level, tile.index, tile.width)?;
            tiles.push((tile, hashes));
        }
    }
    let frontier = Frontier::from_partial_tiles(head.size, &tiles)
        .map_err(|error| StoreFailure::LogDamaged { why: error.to_string() })?;
    if frontier.root() != head.root {
        return Err(StoreFailure::LogDamaged { why: String::from("the tiles do not bear out the head") });
    }
    Ok(LogState { origin, epoch, frontier, signer })
}
