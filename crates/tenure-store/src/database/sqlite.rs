//! SQLite: one writer thread, several reader threads, one sync for many transactions.
//!
//! Timeline of a batch: t0 the writer takes every waiting body; t1 BEGIN IMMEDIATE; t2 each
//! body runs inside its own SAVEPOINT, so one that fails undoes only itself, and its entries get
//! their leaf indexes; t3 the tree grows and one checkpoint is signed; t4 COMMIT with one fsync;
//! t5 every caller is answered. A crash before t4 leaves nothing, after t4 everything.

use super::{Connection, Tx};
use crate::{
    StoreFailure,
    log::LogState,
    reserve::Reserve,
    store::{Job, Shared, Urgency},
};
use crossbeam_channel::Receiver;
use rusqlite::{ErrorCode, OpenFlags, config::DbConfig, ffi};
use std::{
    path::Path,
    sync::{Arc, atomic::Ordering},
};

/// Bodies in one batch, at most: bounds how long a caller waits for others.
const BATCH_MAX: usize = 512;
/// Reader threads; reads never wait for the writer under WAL.
pub(crate) const READERS: usize = 2;

/// Sorts a SQLite error into what a caller can do.
pub(crate) fn sort(what: &'static str, error: &rusqlite::Error) -> StoreFailure {
    let why = error.to_string();
    // The shared-memory index is rebuilt from the log at every start; failing to grow it loses nothing.
    let index_could_not_grow = matches!(
        error,
        rusqlite::Error::SqliteFailure(failure, _) if failure.extended_code == ffi::SQLITE_IOERR_SHMSIZE
    );
    match error.sqlite_error_code() {
        _ if index_could_not_grow => StoreFailure::DiskFull,
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
    let mode: String = connection
        .query_row("PRAGMA journal_mode", [], |row| row.get(0))
        .map_err(|error| sort("open", &error))?;
    if mode != "wal" {
        let why = format!("the file system allows no write-ahead log (journal mode is `{mode}`)");
        return Err(StoreFailure::Refused { what: "open", why });
    }
    plans_hold(&connection)?;
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
    plans_hold(&connection)?;
    connection.set_prepared_statement_cache_capacity(128);
    Ok(connection)
}

/// A statement is planned once, whatever it is asked with. Otherwise one with `LIMIT $2` is parsed and planned anew each time,
/// because that value is looked at for its plan; a million dossiers do that a million times.
fn plans_hold(connection: &rusqlite::Connection) -> Result<(), StoreFailure> {
    let set = connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true);
    set.map(drop).map_err(|error| sort("open", &error))
}

/// The writer thread: takes bodies until the channel closes.
pub(crate) struct Writer {
    pub(crate) connection: rusqlite::Connection,
    pub(crate) log: LogState,
    pub(crate) shared: Arc<Shared>,
    pub(crate) reserve: Reserve,
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
        // What is left of a full disk is kept for emergencies until the reserve stands again.
        if !self.reserve.is_held() && !self.reserve.hold() {
            batch = refuse_ordinary(batch);
        }
        if batch.is_empty() {
            return;
        }
        let mut outcome = self.attempt(&mut batch);
        if matches!(outcome, Err(StoreFailure::DiskFull)) {
            let urgent = batch.iter().any(|job| job.urgency() == Urgency::Emergency);
            if urgent && self.reserve.release() {
                self.shared.reserve_used.store(true, Ordering::Relaxed);
                batch = refuse_ordinary(batch);
                outcome = self.attempt(&mut batch);
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
        run_cached(&self.connection, "BEGIN IMMEDIATE")?;
        let before = self.log.clone();
        let outcome = self.fill_and_commit(batch);
        if outcome.is_err() {
            self.log = before;
            if !self.connection.is_autocommit() {
                let _ = self.connection.execute_batch("ROLLBACK");
            }
        }
        outcome
    }

    fn fill_and_commit(
        &mut self,
        batch: &mut [Box<dyn Job>],
    ) -> Result<Option<crate::log::Head>, StoreFailure> {
        let first_leaf = crate::log::number(self.log.frontier.size())?;
        let leaves = run_bodies(&self.connection, batch, first_leaf)?;
        let mut tx = Tx::new("sequence", Connection::Sqlite(&self.connection));
        let head = crate::log::grow(&mut tx, &mut self.log, leaves)?;
        if let Some(why) = self.shared.injected_commit_fault() {
            return Err(StoreFailure::DiskUnsure { why });
        }
        run_cached(&self.connection, "COMMIT")?;
        Ok(head)
    }
}

/// Tells the ordinary writes of a batch that the disk is full; returns the emergencies.
fn refuse_ordinary(batch: Vec<Box<dyn Job>>) -> Vec<Box<dyn Job>> {
    let (emergencies, ordinary): (Vec<_>, Vec<_>) =
        batch.into_iter().partition(|job| job.urgency() == Urgency::Emergency);
    for job in ordinary {
        job.deliver(Err(StoreFailure::DiskFull));
    }
    emergencies
}

fn run_cached(connection: &rusqlite::Connection, sql: &'static str) -> Result<(), StoreFailure> {
    let mut statement = connection.prepare_cached(sql).map_err(|error| sort("batch", &error))?;
    statement.execute([]).map_err(|error| sort("batch", &error))?;
    Ok(())
}

/// Runs each body inside its own savepoint; returns the hashes of the new leaves, whose entries have
/// the indexes from `first_leaf` on.
fn run_bodies(
    connection: &rusqlite::Connection,
    batch: &mut [Box<dyn Job>],
    first_leaf: i64,
) -> Result<Vec<tenure_evidence::Hash>, StoreFailure> {
    let mut leaves = Vec::new();
    let mut next_leaf = first_leaf;
    for job in batch {
        run_cached(connection, "SAVEPOINT body")?;
        let mut tx = Tx::of_the_writer(job.what(), connection, next_leaf);
        if job.run(&mut tx) {
            next_leaf += crate::log::number(tx.leaves.len() as u64)?;
            leaves.append(&mut tx.leaves);
        } else {
            if let Some(failure) = job.disk_failure() {
                return Err(failure);
            }
            // What the body wrote goes, and with it the indexes it used.
            run_cached(connection, "ROLLBACK TO body")?;
        }
        run_cached(connection, "RELEASE body")?;
    }
    Ok(leaves)
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
                job.run(&mut Tx::new(job.what(), Connection::Sqlite(open)));
                let _ = open.execute_batch("COMMIT");
                job.deliver(Ok(()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{open_reader, open_writer};
    use rusqlite::StatementStatus;

    /// How often a statement with a bound limit is planned anew when it is asked again.
    fn planned_anew(connection: &rusqlite::Connection) -> i32 {
        let mut statement = connection.prepare("SELECT n FROM t ORDER BY n LIMIT ?1").unwrap();
        for most in 1..=5 {
            let read: Vec<i64> =
                statement.query_map([most], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
            assert_eq!(
                read,
                [1, 2, 3].into_iter().take(usize::try_from(most).unwrap()).collect::<Vec<i64>>()
            );
        }
        statement.get_status(StatementStatus::RePrepare)
    }

    #[test]
    fn a_statement_is_planned_once_whatever_it_is_asked_with() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.sqlite");
        let writer = open_writer(&path).unwrap();
        writer.execute_batch("CREATE TABLE t (n INTEGER); INSERT INTO t VALUES (1), (2), (3)").unwrap();
        assert_eq!((planned_anew(&writer), planned_anew(&open_reader(&path).unwrap())), (0, 0));
        let plain = rusqlite::Connection::open(&path).unwrap();
        assert!(planned_anew(&plain) > 0, "its twin: a connection as it comes plans anew");
    }
}
