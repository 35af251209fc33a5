//! SQLite: one writer thread, several reader threads, one sync for many transactions.
//!
//! Timeline of a batch: t0 the writer takes every waiting body; t1 BEGIN IMMEDIATE; t2 each
//! body runs inside its own SAVEPOINT, so one that fails undoes only itself; t3 the
//! sequencer turns the new entries into leaves and signs one checkpoint; t4 COMMIT with one
//! fsync; t5 every caller is answered. A crash before t4 leaves nothing, after t4 everything.

use super::{Connection, Tx};
use crate::{
    StoreFailure,
    log::LogState,
    store::{Job, Shared, Urgency},
};
use crossbeam_channel::Receiver;
use rusqlite::{ErrorCode, OpenFlags};
use std::{
    path::{Path, PathBuf},
    sync::{Arc, atomic::Ordering},
};

/// Bodies in one batch, at most: bounds how long a caller waits for others.
const BATCH_MAX: usize = 512;
/// Reader threads; reads never wait for the writer under WAL.
pub(crate) const READERS: usize = 2;
/// Size of the reserve that keeps emergency revocation possible on a full disk, in bytes.
pub(crate) const RESERVE_BYTES: u64 = 4 * 1024 * 1024;

/// Sorts a SQLite error into what a caller can do.
pub(crate) fn sort(what: &'static str, error: &rusqlite::Error) -> StoreFailure {
    let why = error.to_string();
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => StoreFailure::DiskFull,
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => StoreFailure::ReadOnly,
        Some(ErrorCode::SystemIoFailure) => StoreFailure::DiskUnsure { why },
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreFailure::Contended { what },
        Some(ErrorCode::CannotOpen) => StoreFailure::Unreachable { why },
        _ => StoreFailure::Refused { what, why },
    }
}

impl rusqlite::ToSql for crate::Value {
    fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
        use rusqlite::types::{ToSqlOutput, ValueRef};
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Number(number) => ValueRef::Integer(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

/// Opens the connection that writes: WAL, a sync on every commit, foreign keys on.
pub(crate) fn open_writer(path: &Path) -> Result<rusqlite::Connection, StoreFailure> {
    let connection = rusqlite::Connection::open(path).map_err(|error| sort("open", &error))?;
    let pragmas = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; \
                   PRAGMA busy_timeout=5000; PRAGMA temp_store=MEMORY; PRAGMA cache_size=-32768; \
                   PRAGMA secure_delete=ON; PRAGMA trusted_schema=OFF;";
    connection.execute_batch(pragmas).map_err(|error| sort("open", &error))?;
    connection.set_prepared_statement_cache_capacity(256);
    Ok(connection)
}

fn open_reader(path: &Path) -> Result<rusqlite::Connection, StoreFailure> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection =
        rusqlite::Connection::open_with_flags(path, flags).map_err(|error| sort("open", &error))?;
    connection
        .execute_batch("PRAGMA busy_timeout=5000; PRAGMA cache_size=-8192; PRAGMA trusted_schema=OFF;")
        .map_err(|error| sort("open", &error))?;
    connection.set_prepared_statement_cache_capacity(128);
    Ok(connection)
}

/// The writer thread: takes bodies until the channel closes.
pub(crate) struct Writer {
    pub(crate) connection: rusqlite::Connection,
    pub(crate) log: LogState,
    pub(crate) shared: Arc<Shared>,
    pub(crate) reserve: PathBuf,
}

impl Writer {
    pub(crate) fn run(mut self, jobs: &Receiver<Box<dyn Job>>) {
        while let Ok(first) = jobs.recv() {
            let mut batch = vec![first];
            while batch.len() < BATCH_MAX {
                match jobs.try_recv() {
                    Ok(job) => batch.push(job),
                    Err(_) => break,
                }
            }
            if let Some(why) = self.shared.stopped_because() {
                for job in batch {
                    job.deliver(Err(StoreFailure::DiskUnsure { why: why.clone() }));
                }
                continue;
            }
            self.commit_batch(batch);
        }
        // Best effort: the next start recovers from the WAL either way.
        let _ = self.connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)");
    }

    fn commit_batch(&mut self, mut batch: Vec<Box<dyn Job>>) {
        let mut outcome = self.attempt(&mut batch);
        if matches!(outcome, Err(StoreFailure::DiskFull)) {
            let urgent = batch.iter().any(|job| job.urgency() == Urgency::Emergency);
            if urgent && self.release_reserve() {
                let (mut emergencies, ordinary): (Vec<_>, Vec<_>) =
                    batch.into_iter().partition(|job| job.urgency() == Urgency::Emergency);
                for job in ordinary {
                    job.deliver(Err(StoreFailure::DiskFull));
                }
                outcome = self.attempt(&mut emergencies);
                batch = emergencies;
            }
        }
        match outcome {
            Ok(note) => {
                if let Some(note) = note {
                    self.shared.advance(note);
                }
                for job in batch {
                    job.deliver(Ok(()));
                }
            }
            Err(failure) => {
                if failure.is_fatal() {
                    self.shared.stop(&failure.to_string());
                }
                for job in batch {
                    job.deliver(Err(again(&failure)));
                }
            }
        }
    }

    /// Runs every body and commits. On failure nothing of the batch remains, and the log's
    /// frontier in memory is as it was.
    fn attempt(&mut self, batch: &mut [Box<dyn Job>]) -> Result<Option<crate::log::Head>, StoreFailure> {
        let batched = |error: &rusqlite::Error| sort("batch", error);
        self.connection.execute_batch("BEGIN IMMEDIATE").map_err(|error| batched(&error))?;
        let before = self.log.clone();
        let outcome = run_bodies(&self.connection, batch)
            .and_then(|pending| {
                let mut tx = Tx {
                    what: "sequence",
                    connection: Connection::Sqlite(&self.connection),
                    pending: Vec::new(),
                };
                crate::log::sequence(&mut tx, &mut self.log, pending)
            })
            .and_then(|head| {
                if let Some(fault) = self.shared.injected_commit_fault() {
                    return Err(StoreFailure::DiskUnsure { why: fault });
                }
                self.connection.execute_batch("COMMIT").map_err(|error| batched(&error))?;
                Ok(head)
            });
        if outcome.is_err() {
            self.log = before;
            if !self.connection.is_autocommit() {
                let _ = self.connection.execute_batch("ROLLBACK");
            }
        }
        outcome
    }

    /// Gives back the space kept for emergencies. True when there was some.
    fn release_reserve(&self) -> bool {
        let held = std::fs::metadata(&self.reserve).map(|meta| meta.len()).unwrap_or(0);
        let released = held > 0 && std::fs::write(&self.reserve, b"").is_ok();
        if released {
            self.shared.reserve_used.store(true, Ordering::Relaxed);
            tracing::warn!("the disk is full: the reserve was released for an emergency");
        }
        released
    }
}

fn run_bodies(
    connection: &rusqlite::Connection,
    batch: &mut [Box<dyn Job>],
) -> Result<Vec<crate::log::PendingEntry>, StoreFailure> {
    let mut pending = Vec::new();
    for job in batch {
        let in_batch = |error: &rusqlite::Error| sort("batch", error);
        connection.execute_batch("SAVEPOINT body").map_err(|error| in_batch(&error))?;
        let mut tx = Tx { what: job.what(), connection: Connection::Sqlite(connection), pending: Vec::new() };
        if job.run(&mut tx) {
            pending.append(&mut tx.pending);
            connection.execute_batch("RELEASE body").map_err(|error| in_batch(&error))?;
        } else {
            if job.failed_for_the_disk() {
                return Err(job.disk_failure());
            }
            connection.execute_batch("ROLLBACK TO body; RELEASE body").map_err(|error| in_batch(&error))?;
        }
    }
    Ok(pending)
}

/// The same failure once more, for another caller of the same batch.
fn again(failure: &StoreFailure) -> StoreFailure {
    match failure {
        StoreFailure::DiskFull => StoreFailure::DiskFull,
        StoreFailure::ReadOnly => StoreFailure::ReadOnly,
        StoreFailure::DiskUnsure { why } => StoreFailure::DiskUnsure { why: why.clone() },
        StoreFailure::Contended { what } => StoreFailure::Contended { what },
        StoreFailure::LogDamaged { why } => StoreFailure::LogDamaged { why: why.clone() },
        StoreFailure::Unsigned { why } => StoreFailure::Unsigned { why: why.clone() },
        other => StoreFailure::Refused { what: "batch", why: other.to_string() },
    }
}

/// A reader thread: each body sees one consistent state.
pub(crate) fn run_reader(path: &Path, jobs: &Receiver<Box<dyn Job>>) {
    let mut connection = open_reader(path);
    while let Ok(mut job) = jobs.recv() {
        if connection.is_err() {
            connection = open_reader(path);
        }
        match &connection {
            Err(failure) => job.deliver(Err(StoreFailure::Unreachable { why: failure.to_string() })),
            Ok(open) => {
                if let Err(error) = open.execute_batch("BEGIN DEFERRED") {
                    job.deliver(Err(sort("read", &error)));
                    continue;
                }
                let mut tx =
                    Tx { what: job.what(), connection: Connection::Sqlite(open), pending: Vec::new() };
                job.run(&mut tx);
                drop(tx);
                let _ = open.execute_batch("COMMIT");
                job.deliver(Ok(()));
            }
        }
    }
}

/// Makes sure the reserve is there; called at every start. Failing to make it is not an error
/// (the disk may be full), but `tenure doctor` says so.
pub(crate) fn preallocate(reserve: &Path) -> bool {
    let enough = std::fs::metadata(reserve).is_ok_and(|meta| meta.len() >= RESERVE_BYTES);
    enough || write_reserve(reserve).is_ok()
}

fn write_reserve(reserve: &Path) -> std::io::Result<()> {
    use std::io::Write as _;
    let mut file = std::fs::File::create(reserve)?;
    // Random-looking bytes, so that a compressing file system really sets the space aside.
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut block = vec![0_u8; 64 * 1024];
    for _ in 0..RESERVE_BYTES / (64 * 1024) {
        for chunk in block.chunks_exact_mut(8) {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            chunk.copy_from_slice(&state.to_le_bytes());
        }
        file.write_all(&block)?;
    }
    file.sync_all()
}
