//! The Merkle tree of the log (RFC 6962), held as its right edge and read as tiles (C2SP tlog-tiles).
//!
//! [`Frontier`] is all a sequencer keeps in memory: the right-edge tiles and the roots of the complete subtrees. It
//! grows by one leaf in amortised one hash, without allocating. Proofs are computed from tiles that a [`TileSource`]
//! hands over. It must never believe a tile: proofs it builds are only as good as the tiles, and
//! [`crate::proof`] is what checks them. Next: [`crate::checkpoint`] signs a root.

use crate::hash::{Hash, empty_root, node_hash};
use crate::tile::{TILE_LEVEL_MAX, TILE_WIDTH, TileId};
use std::collections::BTreeMap;
use std::convert::Infallible;

/// Largest tree handled: no log reaches it, and every shift below stays within 64 bits.
pub const TREE_SIZE_MAX: u64 = 1 << 62;

/// Binary levels within a tile: 2^8 = 256.
const TILE_HEIGHT: usize = 8;

/// Tile levels a tree of [`TREE_SIZE_MAX`] can have.
const LEVELS: usize = TILE_LEVEL_MAX as usize + 1;

/// Receives tiles as they fill up.
pub trait TileSink {
    /// Called once per tile, when its 256th hash arrives, lower levels first. `hashes` is borrowed for the call; the
    /// sink copies what it keeps. Not durable: whoever commits the append commits the tile with it.
    fn full_tile(&mut self, level: u8, index: u64, hashes: &[Hash]);
}

impl<F: FnMut(u8, u64, &[Hash])> TileSink for F {
    fn full_tile(&mut self, level: u8, index: u64, hashes: &[Hash]) {
        self(level, index, hashes);
    }
}

/// Hands over tiles.
pub trait TileSource {
    /// What can go wrong while reading.
    type Error;

    /// The first `width` hashes (1 to 256) of the tile `index` at `level`. A source that holds a wider version of the
    /// tile answers with its first `width` hashes. Called at most once per tile and proof.
    fn tile(&self, level: u8, index: u64, width: u16) -> Result<Vec<Hash>, Self::Error>;
}

/// The right edge of a tree: enough to append and to know the root.
#[derive(Debug, Clone)]
pub struct Frontier {
    size: u64,
    /// Root of the complete subtree of height `h` at the right edge; meaningful where bit `h` of `size` is set.
    peaks: [Hash; 64],
    /// Hashes of the partial tile of each level; each vector is allocated once, 256 wide.
    tiles: [Vec<Hash>; LEVELS],
}

/// Why partial tiles do not make up a right edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrontierRefused {
    /// Larger than [`TREE_SIZE_MAX`].
    #[error("tree size {0} is beyond the largest tree handled")]
    SizeTooLarge(u64),
    /// A tree of this size has this partial tile, and it was not given.
    #[error("partial tile `{}` is missing", .0.path())]
    TileMissing(TileId),
    /// A tree of this size has no such partial tile, or it was given twice.
    #[error("tile `{}` is not on the right edge", .0.path())]
    TileUnexpected(TileId),
    /// A tile holds another number of hashes than its width.
    #[error("tile `{}` holds {got} hashes", .tile.path())]
    TileWidth {
        /// The tile.
        tile: TileId,
        /// Hashes given.
        got: usize,
    },
}

impl Frontier {
    /// The empty tree.
    pub const fn empty() -> Self {
        Self { size: 0, peaks: [empty_root(); 64], tiles: [const { Vec::new() }; LEVELS] }
    }

    /// Number of leaves.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Root of the tree (RFC 6962 section 2.1); at most 62 hashes.
    pub fn root(&self) -> Hash {
        let mut root: Option<Hash> = None;
        for (height, peak) in self.peaks.iter().enumerate() {
            if bit(self.size, height) {
                root = Some(root.map_or(*peak, |right| node_hash(peak, &right)));
            }
        }
        root.unwrap_or_else(empty_root)
    }

    /// Adds a leaf hash at the end and returns its index. Tells `sink` of every tile that is full thereby.
    pub fn append(&mut self, leaf: Hash, sink: &mut impl TileSink) -> u64 {
        let index = self.size;
        let mut hash = leaf;
        for (height, peak) in self.peaks.iter_mut().enumerate() {
            if height % TILE_HEIGHT == 0
                && let Some(tile) = self.tiles.get_mut(height / TILE_HEIGHT)
            {
                push_to_tile(tile, height / TILE_HEIGHT, index, hash, sink);
            }
            if !bit(index, height) {
                *peak = hash;
                break;
            }
            hash = node_hash(peak, &hash);
        }
        self.size += 1;
        index
    }

    /// The partial tiles of the right edge, lower levels first: exactly those tlog-tiles asks a log of this size to
    /// serve beside its full tiles.
    pub fn partial_tiles(&self) -> Vec<(TileId, Vec<Hash>)> {
        partial_tile_ids(self.size)
            .into_iter()
            .zip(self.tiles.iter().filter(|tile| !tile.is_empty()))
            .map(|(id, tile)| (id, tile.clone()))
            .collect()
    }

    /// Rebuilds the right edge from what [`Frontier::partial_tiles`] gave. The hashes are believed: compare
    /// [`Frontier::root`] with a root you trust.
    pub fn from_partial_tiles(size: u64, tiles: &[(TileId, Vec<Hash>)]) -> Result<Self, FrontierRefused> {
        if size > TREE_SIZE_MAX {
            return Err(FrontierRefused::SizeTooLarge(size));
        }
        let mut given: BTreeMap<TileId, &Vec<Hash>> = BTreeMap::new();
        for (id, hashes) in tiles {
            if hashes.len() != usize::from(id.width) {
                return Err(FrontierRefused::TileWidth { tile: *id, got: hashes.len() });
            }
            if given.insert(*id, hashes).is_some() {
                return Err(FrontierRefused::TileUnexpected(*id));
            }
        }
        let mut frontier = Self { size, ..Self::empty() };
        for id in partial_tile_ids(size) {
            let hashes = given.remove(&id).ok_or(FrontierRefused::TileMissing(id))?;
            frontier.adopt(usize::from(id.level), hashes);
        }
        match given.into_keys().next() {
            Some(stray) => Err(FrontierRefused::TileUnexpected(stray)),
            None => Ok(frontier),
        }
    }

    /// Takes over one partial tile and the roots of the complete subtrees within it.
    fn adopt(&mut self, level: usize, hashes: &[Hash]) {
        if let Some(tile) = self.tiles.get_mut(level) {
            tile.reserve_exact(usize::from(TILE_WIDTH));
            tile.extend_from_slice(hashes);
        }
        let mut rest = hashes;
        for height in (0..TILE_HEIGHT).rev() {
            if hashes.len() & (1 << height) != 0
                && let Some((subtree, after)) = rest.split_at_checked(1 << height)
            {
                if let Some(peak) = self.peaks.get_mut(level * TILE_HEIGHT + height) {
                    *peak = complete_root(subtree);
                }
                rest = after;
            }
        }
    }
}

impl PartialEq for Frontier {
    /// Equal size and right edge; peaks follow from those.
    fn eq(&self, other: &Self) -> bool {
        self.size == other.size && self.tiles == other.tiles && self.root() == other.root()
    }
}

impl Eq for Frontier {}

fn push_to_tile(tile: &mut Vec<Hash>, level: usize, leaf_index: u64, hash: Hash, sink: &mut impl TileSink) {
    if tile.capacity() == 0 {
        tile.reserve_exact(usize::from(TILE_WIDTH));
    }
    tile.push(hash);
    if tile.len() == usize::from(TILE_WIDTH) {
        // Tiles of the highest level hold 2^64 leaves and never fill, so the shift stays below 64.
        let tile_leaves_log2 = u32::from(level_u8(level) + 1) * 8;
        sink.full_tile(level_u8(level), leaf_index.checked_shr(tile_leaves_log2).unwrap_or_default(), tile);
        tile.clear();
    }
}

/// The partial tiles of a tree of `size` leaves, lower levels first (tlog-tiles, "Partial Tiles").
pub fn partial_tile_ids(size: u64) -> Vec<TileId> {
    let mut ids = Vec::new();
    for level in 0..LEVELS {
        let hashes = size >> (TILE_HEIGHT * level);
        let width = u16::try_from(hashes % u64::from(TILE_WIDTH)).unwrap_or_default();
        if width > 0 {
            ids.push(TileId { level: level_u8(level), index: hashes / u64::from(TILE_WIDTH), width });
        }
    }
    ids
}

/// Why a proof or root could not be computed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofRefused<E> {
    /// The tree has no leaf with that index.
    #[error("leaf {index} is outside a tree of {size}")]
    IndexOutsideTree {
        /// The leaf asked for.
        index: u64,
        /// Leaves in the tree.
        size: u64,
    },
    /// The older tree is larger than the newer one.
    #[error("the older tree has {old} leaves, the newer only {new}")]
    SizesReversed {
        /// Size of the tree called older.
        old: u64,
        /// Size of the tree called newer.
        new: u64,
    },
    /// Larger than [`TREE_SIZE_MAX`].
    #[error("tree size {0} is beyond the largest tree handled")]
    SizeTooLarge(u64),
    /// The source handed over another number of hashes than asked for.
    #[error("tile `{}` came with {got} hashes", .tile.path())]
    TileWidth {
        /// The tile asked for.
        tile: TileId,
        /// Hashes received.
        got: usize,
    },
    /// The source could not be read.
    #[error("tile `{}` could not be read", .tile.path())]
    Source {
        /// The tile asked for.
        tile: TileId,
        /// What the source said.
        #[source]
        source: E,
    },
}

/// Inclusion proof of leaf `index` in the tree of `size` leaves: siblings from the leaf up (RFC 6962 section 2.1.1).
pub fn inclusion_proof<S: TileSource + ?Sized>(
    size: u64,
    index: u64,
    source: &S,
) -> Result<Vec<Hash>, ProofRefused<S::Error>> {
    if index >= size {
        return Err(ProofRefused::IndexOutsideTree { index, size });
    }
    let mut nodes = Nodes::of(size, source)?;
    let mut proof = Vec::new();
    let (mut low, mut high) = (0, size);
    while high - low > 1 {
        let split = low + left_size(high - low);
        if index < split {
            proof.push(nodes.range(split, high)?);
            high = split;
        } else {
            proof.push(nodes.range(low, split)?);
            low = split;
        }
    }
    proof.reverse();
    Ok(proof)
}

/// Consistency proof between the trees of `old` and `new` leaves (RFC 6962 section 2.1.2); empty when `old` is 0 or
/// equal to `new`.
pub fn consistency_proof<S: TileSource + ?Sized>(
    old: u64,
    new: u64,
    source: &S,
) -> Result<Vec<Hash>, ProofRefused<S::Error>> {
    if old > new {
        return Err(ProofRefused::SizesReversed { old, new });
    }
    let mut proof = Vec::new();
    if old == 0 || old == new {
        return Ok(proof);
    }
    let mut nodes = Nodes::of(new, source)?;
    let (mut low, mut high) = (0, new);
    while old != high {
        let split = low + left_size(high - low);
        if old <= split {
            proof.push(nodes.range(split, high)?);
            high = split;
        } else {
            proof.push(nodes.range(low, split)?);
            low = split;
        }
    }
    // The verifier knows the old root already unless the old tree's last subtree is only part of it.
    if low > 0 {
        proof.push(nodes.range(low, high)?);
    }
    proof.reverse();
    Ok(proof)
}

/// Root of the first `size` leaves.
pub fn root_at<S: TileSource + ?Sized>(size: u64, source: &S) -> Result<Hash, ProofRefused<S::Error>> {
    if size == 0 { Ok(empty_root()) } else { Nodes::of(size, source)?.range(0, size) }
}

/// Node hashes of one tree, reading each tile once.
struct Nodes<'a, S: ?Sized> {
    size: u64,
    source: &'a S,
    read: BTreeMap<TileId, Vec<Hash>>,
}

impl<'a, S: TileSource + ?Sized> Nodes<'a, S> {
    fn of(size: u64, source: &'a S) -> Result<Self, ProofRefused<S::Error>> {
        if size > TREE_SIZE_MAX {
            return Err(ProofRefused::SizeTooLarge(size));
        }
        Ok(Self { size, source, read: BTreeMap::new() })
    }

    /// Root of the leaves `low..high`, where `low` is a multiple of the largest power of two not above `high - low`,
    /// as every range in a proof is.
    fn range(&mut self, low: u64, high: u64) -> Result<Hash, ProofRefused<S::Error>> {
        let mut subtrees = Vec::new();
        let mut start = low;
        while start < high {
            let height = (high - start).ilog2();
            subtrees.push(self.complete(start, height as usize)?);
            start += 1 << height;
        }
        let mut root: Option<Hash> = None;
        for subtree in subtrees.iter().rev() {
            root = Some(root.map_or(*subtree, |right| node_hash(subtree, &right)));
        }
        Ok(root.unwrap_or_else(empty_root))
    }

    /// Root of the complete subtree of `2^height` leaves that begins at leaf `start`.
    fn complete(&mut self, start: u64, height: usize) -> Result<Hash, ProofRefused<S::Error>> {
        let level = height / TILE_HEIGHT;
        let first = start >> (TILE_HEIGHT * level);
        let count = 1_usize << (height % TILE_HEIGHT);
        let index = first / u64::from(TILE_WIDTH);
        let available = (self.size >> (TILE_HEIGHT * level)) - index * u64::from(TILE_WIDTH);
        let width = u16::try_from(available).unwrap_or(TILE_WIDTH).min(TILE_WIDTH);
        let tile = TileId { level: level_u8(level), index, width };
        let hashes = self.tile(tile)?;
        let offset = usize::try_from(first % u64::from(TILE_WIDTH)).unwrap_or_default();
        let got = hashes.len();
        let subtree = hashes.get(offset..offset + count).ok_or(ProofRefused::TileWidth { tile, got })?;
        Ok(complete_root(subtree))
    }

    fn tile(&mut self, tile: TileId) -> Result<&[Hash], ProofRefused<S::Error>> {
        let slot = match self.read.entry(tile) {
            std::collections::btree_map::Entry::Occupied(slot) => slot.into_mut(),
            std::collections::btree_map::Entry::Vacant(slot) => {
                let hashes = self
                    .source
                    .tile(tile.level, tile.index, tile.width)
                    .map_err(|source| ProofRefused::Source { tile, source })?;
                if hashes.len() != usize::from(tile.width) {
                    return Err(ProofRefused::TileWidth { tile, got: hashes.len() });
                }
                slot.insert(hashes)
            }
        };
        Ok(slot)
    }
}

/// Root over a power-of-two number of hashes, at most 256.
pub(crate) fn complete_root(hashes: &[Hash]) -> Hash {
    match hashes {
        [] => empty_root(),
        [only] => *only,
        several => {
            let (left, right) = several.split_at(several.len() / 2);
            node_hash(&complete_root(left), &complete_root(right))
        }
    }
}

/// Largest power of two below `count`, which is at least 2.
fn left_size(count: u64) -> u64 {
    1 << (count - 1).ilog2()
}

const fn bit(value: u64, position: usize) -> bool {
    (value >> position) & 1 == 1
}

fn level_u8(level: usize) -> u8 {
    // By INVARIANT below LEVELS.
    u8::try_from(level).unwrap_or(u8::MAX)
}

/// Tiles held in memory: the whole log of a test, or a part of one.
impl TileSource for BTreeMap<(u8, u64), Vec<Hash>> {
    type Error = TileAbsent;

    fn tile(&self, level: u8, index: u64, width: u16) -> Result<Vec<Hash>, TileAbsent> {
        let hashes = self.get(&(level, index)).ok_or(TileAbsent)?;
        hashes.get(..usize::from(width)).map(<[Hash]>::to_vec).ok_or(TileAbsent)
    }
}

/// A tile that a map of tiles does not hold, or not that wide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("tile is not held")]
pub struct TileAbsent;

/// Leaf hashes in order, as a source: tiles above level 0 are computed. For small trees and tests of others.
impl TileSource for [Hash] {
    type Error = Infallible;

    fn tile(&self, level: u8, index: u64, width: u16) -> Result<Vec<Hash>, Infallible> {
        let first = u128::from(index) << (TILE_HEIGHT * (usize::from(level.min(TILE_LEVEL_MAX)) + 1));
        let leaves = usize::try_from(first).ok().and_then(|first| self.get(first..)).unwrap_or_default();
        let span = 1_usize << (TILE_HEIGHT * usize::from(level.min(TILE_LEVEL_MAX)));
        Ok(leaves.chunks_exact(span).take(usize::from(width)).map(complete_root).collect())
    }
}
