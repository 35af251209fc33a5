//! Copying a database while it is in use, and opening a new log in a restored one.
//!
//! A copy is one consistent state, and always a SQLite file. A restored database never continues
//! its old log: what was written after the copy was taken is missing from it, so a new origin
//! begins, which cites the last checkpoint known of the old. Next: `transfer.rs`.

use crate::{
    DatabaseLocation, Head, LogSigner, PostgresLocation, Store, StoreFailure, Tx, database::Connection,
    database::sqlite, migrate, transfer,
};
use std::{path::Path, sync::Arc};
use tenure_evidence::Checkpoint;

impl Store {
    /// Copies the database, as it is at one moment, into the new SQLite file `to`; durable when it returns.
    pub async fn copy_to(&self, to: &Path) -> Result<(), StoreFailure> {
        let (location, to) = (self.location.clone(), to.to_owned());
        blocking(move || {
            match &location {
                DatabaseLocation::Sqlite(from) => copy_embedded(from, &to)?,
                DatabaseLocation::Postgres(from) => transfer::into_file(from, &to, migrate::STEPS)?,
            }
            let synced = std::fs::File::open(&to).and_then(|copy| copy.sync_all());
            synced.map_err(|source| StoreFailure::File {
                path: to.display().to_string(),
                verb: "written",
                source,
            })
        })
        .await
    }
}

/// Moves the database in the SQLite file `from` to where a deployment is to have it: a PostgreSQL that
/// holds none yet. The file stays.
pub async fn move_to_postgres(from: &Path, location: Arc<PostgresLocation>) -> Result<(), StoreFailure> {
    let from = from.to_owned();
    blocking(move || transfer::into_postgres(&from, &location)).await
}

async fn blocking(
    run: impl FnOnce() -> Result<(), StoreFailure> + Send + 'static,
) -> Result<(), StoreFailure> {
    tokio::task::spawn_blocking(run).await.map_err(|_| StoreFailure::Closed)?
}

fn copy_embedded(from: &Path, to: &Path) -> Result<(), StoreFailure> {
    let failed = |error: &rusqlite::Error| sqlite::sort("copy", error);
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
    let connection = rusqlite::Connection::open_with_flags(from, flags).map_err(|error| failed(&error))?;
    connection.execute("VACUUM INTO ?1", [to.display().to_string()]).map_err(|error| failed(&error))?;
    Ok(())
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
