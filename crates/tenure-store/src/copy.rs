//! Copying an embedded database while it is in use, and opening a new log in a restored one.
//!
//! A copy is one consistent state. A restored database never continues its old log: what was
//! written after the copy was taken is missing from it, so a new origin begins, which cites
//! the last checkpoint known of the old.

use crate::{Head, LogSigner, StoreFailure, Tx, database::Connection, database::sqlite};
use std::path::Path;
use tenure_evidence::Checkpoint;

/// Copies the database at `from` into the new file `to`.
pub fn copy_embedded(from: &Path, to: &Path) -> Result<(), StoreFailure> {
    let failed = |error: &rusqlite::Error| sqlite::sort("copy", error);
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
    let connection = rusqlite::Connection::open_with_flags(from, flags).map_err(|error| failed(&error))?;
    connection.execute("VACUUM INTO ?1", [to.display().to_string()]).map_err(|error| failed(&error))?;
    let copy = std::fs::File::open(to).map_err(|source| StoreFailure::File {
        path: to.display().to_string(),
        verb: "read",
        source,
    })?;
    copy.sync_all().map_err(|source| StoreFailure::File {
        path: to.display().to_string(),
        verb: "written",
        source,
    })
}

/// Empties the log of a restored database and begins a new one; returns the head of the old.
/// The caller keeps an export of the old log: afterwards only the new one is here.
pub fn begin_new_log(path: &Path, signer: &dyn LogSigner) -> Result<Head, StoreFailure> {
    let connection = sqlite::open_writer(path)?;
    let failed = |error: &rusqlite::Error| sqlite::sort("begin_new_log", error);
    connection.execute_batch("BEGIN IMMEDIATE").map_err(|error| failed(&error))?;
    let old = replace_log(&mut Tx::new("begin_new_log", Connection::Sqlite(&connection)), signer)?;
    connection.execute_batch("COMMIT").map_err(|error| failed(&error))?;
    Ok(old)
}

fn replace_log(tx: &mut Tx<'_>, signer: &dyn LogSigner) -> Result<Head, StoreFailure> {
    let old = tx.head()?;
    tx.execute("DELETE FROM entries", &[])?;
    tx.execute("DELETE FROM entry_subjects", &[])?;
    tx.execute("DELETE FROM bodies", &[])?;
    tx.execute("DELETE FROM tiles", &[])?;
    tx.execute("DELETE FROM cosignatures", &[])?;
    // Data keys are never in a backup: what was sealed with them is lost, and the rows say so.
    tx.execute("UPDATE escrow SET destroyed_us = kept_us WHERE destroyed_us IS NULL", &[])?;
    let (origin, root) = (signer.origin(), tenure_evidence::empty_root());
    let checkpoint = Checkpoint { origin: origin.clone(), size: 0, root, extensions: Vec::new() };
    let note = signer.sign_checkpoint(&checkpoint).map_err(|why| StoreFailure::Unsigned { why })?;
    tx.execute(
        "UPDATE log_head SET origin = $1, epoch = epoch + 1, size = 0, root = $2, note = $3 WHERE only_one = 1",
        &[origin.into(), root.as_bytes().to_vec().into(), note.into()],
    )?;
    Ok(old)
}

/// Reads a database that no store has open, inside one transaction.
pub fn read_closed<T>(
    path: &Path,
    body: impl FnOnce(&mut Tx<'_>) -> Result<T, StoreFailure>,
) -> Result<T, StoreFailure> {
    let connection = sqlite::open_writer(path)?;
    connection.execute_batch("BEGIN DEFERRED").map_err(|error| sqlite::sort("read_closed", &error))?;
    // Dropping the connection ends the transaction; nothing of it is kept.
    body(&mut Tx::new("read_closed", Connection::Sqlite(&connection)))
}
