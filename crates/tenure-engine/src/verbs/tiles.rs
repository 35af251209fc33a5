//! The log as static resources: hash tiles and entry bundles, by their path (C2SP tlog-tiles).
//!
//! A resource exists when the signed head covers it. A partial tile stays available after it
//! has grown, because leaves never change. Next: `tenure-evidence/src/tile.rs` for the paths.

use crate::{Engine, EngineFailure};
use tenure_evidence::{
    BundleId, TileId, TileSource as _,
    tile::{TILE_LEVEL_MAX, TILE_WIDTH, append_to_bundle, encode_tile},
};
use tenure_store::{LogReader, StoreFailure, Tx};

impl Engine {
    /// The bytes of a tile or entry bundle; `None` when the path names none that the head covers.
    /// `path` is what stands below the log's prefix: `tile/0/x001/234.p/17`.
    pub async fn log_resource(&self, path: &str) -> Result<Option<Vec<u8>>, EngineFailure> {
        if let Ok(tile) = TileId::parse_path(path) {
            return Ok(self.store.read("tile", move |tx| read_tile(tx, tile)).await?);
        }
        let Ok(bundle) = BundleId::parse_path(path) else { return Ok(None) };
        Ok(self.store.read("bundle", move |tx| read_bundle(tx, bundle)).await?)
    }
}

/// The first position past a tile or bundle, within its level.
fn end_of(index: u64, width: u16) -> Option<u64> {
    index.checked_mul(u64::from(TILE_WIDTH))?.checked_add(u64::from(width))
}

fn read_tile(tx: &mut Tx<'_>, tile: TileId) -> Result<Option<Vec<u8>>, StoreFailure> {
    if tile.level > TILE_LEVEL_MAX {
        return Ok(None);
    }
    let hashes_at_level = tx.head()?.size >> (8 * u32::from(tile.level));
    if end_of(tile.index, tile.width).is_none_or(|end| end > hashes_at_level) {
        return Ok(None);
    }
    let hashes = LogReader::new(tx).tile(tile.level, tile.index, tile.width)?;
    Ok(Some(encode_tile(&hashes)))
}

fn read_bundle(tx: &mut Tx<'_>, bundle: BundleId) -> Result<Option<Vec<u8>>, StoreFailure> {
    let size = tx.head()?.size;
    let Some(end) = end_of(bundle.index, bundle.width).filter(|end| *end <= size) else { return Ok(None) };
    let damaged = |why: String| StoreFailure::LogDamaged { why };
    let leaves = tx.leaves(end - u64::from(bundle.width), end)?;
    if leaves.len() != usize::from(bundle.width) {
        return Err(damaged(format!("entries before {end} are missing")));
    }
    let mut bytes = Vec::new();
    for (_, entry) in leaves {
        append_to_bundle(&entry, &mut bytes).map_err(|error| damaged(error.to_string()))?;
    }
    Ok(Some(bytes))
}
