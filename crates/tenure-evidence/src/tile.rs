//! Names and encodings of the static resources of a tiled log: hash tiles and entry bundles (C2SP tlog-tiles).
//!
//! Only names and bytes; it must never fetch, store or cache one. A path has one spelling, so that a server can map a
//! request to a resource without normalising. Next: [`crate::tree`] says which tiles a tree has.

use crate::entry::ENTRY_BYTES_MAX;
use crate::hash::{HASH_BYTES, Hash};
use std::fmt::Write as _;

/// Hashes in a full tile, entries in a full bundle (tlog-tiles, "Merkle Tree").
pub const TILE_WIDTH: u16 = 256;

/// Highest tile level that any tree within [`crate::tree::TREE_SIZE_MAX`] reaches.
pub const TILE_LEVEL_MAX: u8 = 7;

/// One hash tile: `width` consecutive hashes at height `8 * level`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TileId {
    /// 0 for leaf hashes; each level above holds the roots of full tiles of the level below.
    pub level: u8,
    /// Position of the tile within its level.
    pub index: u64,
    /// How many hashes it holds, 1 to 256; 256 is a full tile.
    pub width: u16,
}

/// One entry bundle: the entries whose leaf hashes are in the level 0 tile of the same index and width.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BundleId {
    /// Position of the bundle.
    pub index: u64,
    /// How many entries it holds, 1 to 256.
    pub width: u16,
}

/// Why text is not the path of a tile or bundle, or bytes are not its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TileMalformed {
    /// The path has another shape or another spelling of the same resource.
    #[error("not the path of a tile or entry bundle")]
    Path,
    /// A hash tile whose length is not 32 bytes times the expected width.
    #[error("tile has {got} bytes instead of {want}")]
    TileLength {
        /// Expected bytes.
        want: usize,
        /// Bytes found.
        got: usize,
    },
    /// A bundle that ends inside an entry.
    #[error("entry bundle ends inside its entry {0}")]
    BundleCut(usize),
    /// A bundle with another number of entries than its name says.
    #[error("entry bundle has {got} entries instead of {want}")]
    BundleCount {
        /// Expected entries.
        want: usize,
        /// Entries found.
        got: usize,
    },
    /// An entry too long for its 16-bit length.
    #[error("entry of {0} bytes does not fit in a bundle")]
    EntryTooLong(usize),
}

impl TileId {
    /// Path below the log's prefix, such as `tile/1/x001/234.p/17` (no leading slash).
    pub fn path(&self) -> String {
        format!("tile/{}/{}", self.level, index_and_width(self.index, self.width))
    }

    /// Reads what [`TileId::path`] writes and nothing else.
    pub fn parse_path(path: &str) -> Result<Self, TileMalformed> {
        let (level, rest) =
            path.strip_prefix("tile/").and_then(|rest| rest.split_once('/')).ok_or(TileMalformed::Path)?;
        let level: u8 = level.parse().map_err(|_| TileMalformed::Path)?;
        let (index, width) = parse_index_and_width(rest)?;
        let tile = Self { level, index, width };
        if level <= 63 && tile.path() == path { Ok(tile) } else { Err(TileMalformed::Path) }
    }
}

impl BundleId {
    /// Path below the log's prefix, such as `tile/entries/x001/234.p/17` (no leading slash).
    pub fn path(&self) -> String {
        format!("tile/entries/{}", index_and_width(self.index, self.width))
    }

    /// Reads what [`BundleId::path`] writes and nothing else.
    pub fn parse_path(path: &str) -> Result<Self, TileMalformed> {
        let rest = path.strip_prefix("tile/entries/").ok_or(TileMalformed::Path)?;
        let (index, width) = parse_index_and_width(rest)?;
        let bundle = Self { index, width };
        if bundle.path() == path { Ok(bundle) } else { Err(TileMalformed::Path) }
    }
}

/// Content of a hash tile: the hashes, concatenated.
pub fn encode_tile(hashes: &[Hash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| *hash.as_bytes()).collect()
}

/// Reads the content of a hash tile of exactly `width` hashes.
pub fn parse_tile(bytes: &[u8], width: u16) -> Result<Vec<Hash>, TileMalformed> {
    let want = usize::from(width) * HASH_BYTES;
    let (chunks, rest) = bytes.as_chunks::<HASH_BYTES>();
    if bytes.len() != want || !rest.is_empty() {
        return Err(TileMalformed::TileLength { want, got: bytes.len() });
    }
    Ok(chunks.iter().map(|chunk| Hash::from_bytes(*chunk)).collect())
}

/// Appends one entry to a bundle: big-endian 16-bit length, then the bytes (tlog-tiles, "Log entries").
pub fn append_to_bundle(entry: &[u8], bundle: &mut Vec<u8>) -> Result<(), TileMalformed> {
    let length = u16::try_from(entry.len()).map_err(|_| TileMalformed::EntryTooLong(entry.len()))?;
    bundle.reserve(entry.len() + 2);
    bundle.extend_from_slice(&length.to_be_bytes());
    bundle.extend_from_slice(entry);
    Ok(())
}

/// Splits a bundle into exactly `width` entries, borrowing from `bytes`.
pub fn parse_bundle(bytes: &[u8], width: u16) -> Result<Vec<&[u8]>, TileMalformed> {
    const { assert!(ENTRY_BYTES_MAX == u16::MAX as usize) };
    let mut entries = Vec::with_capacity(usize::from(width));
    let mut rest = bytes;
    while !rest.is_empty() {
        let cut = TileMalformed::BundleCut(entries.len());
        let (length, after) = rest.split_first_chunk::<2>().ok_or(cut)?;
        let (entry, after) = after.split_at_checked(usize::from(u16::from_be_bytes(*length))).ok_or(cut)?;
        entries.push(entry);
        rest = after;
    }
    if entries.len() == usize::from(width) {
        Ok(entries)
    } else {
        Err(TileMalformed::BundleCount { want: usize::from(width), got: entries.len() })
    }
}

fn index_and_width(index: u64, width: u16) -> String {
    let mut groups = vec![index % 1000];
    let mut rest = index / 1000;
    while rest > 0 {
        groups.push(rest % 1000);
        rest /= 1000;
    }
    let mut path = String::with_capacity(32);
    for (position, group) in groups.iter().enumerate().rev() {
        // Writing to a string cannot fail.
        let _ = if position > 0 { write!(path, "x{group:03}/") } else { write!(path, "{group:03}") };
    }
    if width != TILE_WIDTH {
        let _ = write!(path, ".p/{width}");
    }
    path
}

/// Lenient about spelling; callers compare with the one spelling that [`index_and_width`] writes.
fn parse_index_and_width(text: &str) -> Result<(u64, u16), TileMalformed> {
    let (groups, width) = match text.split_once(".p/") {
        Some((groups, width)) => (groups, width.parse::<u16>().map_err(|_| TileMalformed::Path)?),
        None => (text, TILE_WIDTH),
    };
    let full_but_marked_partial = text.contains(".p/") && width == TILE_WIDTH;
    if width == 0 || width > TILE_WIDTH || full_but_marked_partial {
        return Err(TileMalformed::Path);
    }
    let mut index = 0_u64;
    for group in groups.split('/') {
        let digits = group.strip_prefix('x').unwrap_or(group);
        if digits.len() != 3 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(TileMalformed::Path);
        }
        let value: u64 = digits.parse().map_err(|_| TileMalformed::Path)?;
        index =
            index.checked_mul(1000).and_then(|index| index.checked_add(value)).ok_or(TileMalformed::Path)?;
    }
    Ok((index, width))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn paths_are_those_of_the_specification() {
        let check = |level, index, width, expect: &str| {
            let tile = TileId { level, index, width };
            assert_eq!(tile.path(), expect);
            assert_eq!(TileId::parse_path(expect), Ok(tile));
        };
        check(0, 0, 256, "tile/0/000");
        check(0, 1_234_067, 256, "tile/0/x001/x234/067");
        check(1, 999, 17, "tile/1/999.p/17");
        check(63, 1000, 255, "tile/63/x001/000.p/255");
        let bundle = BundleId { index: 273, width: 112 };
        assert_eq!(bundle.path(), "tile/entries/273.p/112");
        assert_eq!(BundleId::parse_path("tile/entries/273.p/112"), Ok(bundle));
    }

    #[test]
    fn other_spellings_of_a_path_are_refused() {
        for bad in [
            "",
            "/tile/0/000",
            "tile/0/000/",
            "tile/00/000",
            "tile/+1/000",
            "tile/64/000",
            "tile/0/0",
            "tile/0/0000",
            "tile/0/x000/001",
            "tile/0/001/002",
            "tile/0/x001",
            "tile/0/000.p/0",
            "tile/0/000.p/256",
            "tile/0/000.p/01",
            "tile/0/000.p/+1",
            "tile/0/000.p/",
            "tile/0/000.p/1.p/1",
            "tile/0/x999/x999/x999/x999/x999/x999/999",
            "tile/entries/000",
        ] {
            assert_eq!(TileId::parse_path(bad), Err(TileMalformed::Path), "{bad}");
        }
        assert_eq!(BundleId::parse_path("tile/0/000"), Err(TileMalformed::Path));
        assert_eq!(BundleId::parse_path("tile/entries/x00/000"), Err(TileMalformed::Path));
    }

    #[test]
    fn a_bundle_that_is_cut_or_miscounted_is_refused() {
        let mut bundle = Vec::new();
        append_to_bundle(b"first", &mut bundle).unwrap();
        append_to_bundle(b"", &mut bundle).unwrap();
        assert_eq!(bundle, b"\x00\x05first\x00\x00");
        assert_eq!(parse_bundle(&bundle, 2), Ok(vec![b"first".as_slice(), b""]));
        assert_eq!(parse_bundle(&bundle, 1), Err(TileMalformed::BundleCount { want: 1, got: 2 }));
        assert_eq!(parse_bundle(&bundle[..8], 2), Err(TileMalformed::BundleCut(1)));
        assert_eq!(parse_bundle(&bundle[..6], 1), Err(TileMalformed::BundleCut(0)));
        assert_eq!(append_to_bundle(&vec![0; 65_536], &mut bundle), Err(TileMalformed::EntryTooLong(65_536)));
    }

    #[test]
    fn a_tile_of_the_wrong_length_is_refused() {
        let hashes = [crate::empty_root(), crate::leaf_hash(b"a")];
        let bytes = encode_tile(&hashes);
        assert_eq!(parse_tile(&bytes, 2), Ok(hashes.to_vec()));
        assert_eq!(parse_tile(&bytes, 1), Err(TileMalformed::TileLength { want: 32, got: 64 }));
        assert_eq!(parse_tile(&bytes[..63], 2), Err(TileMalformed::TileLength { want: 64, got: 63 }));
    }

    proptest! {
        #[test]
        fn every_tile_path_reads_back(level in 0_u8..=63, index in any::<u64>(), width in 1_u16..=256) {
            let tile = TileId { level, index, width };
            prop_assert_eq!(TileId::parse_path(&tile.path()), Ok(tile));
            let bundle = BundleId { index, width };
            prop_assert_eq!(BundleId::parse_path(&bundle.path()), Ok(bundle));
        }
    }
}
