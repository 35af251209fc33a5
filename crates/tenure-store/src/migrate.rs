//! Migrations: forward only, after an automatic backup; a newer schema is refused.
//!
//! Version 0 is an empty database. Each later version is a list of statements that never
//! changes once released. SQLite is copied with its own backup call before the first
//! statement runs; PostgreSQL migrates inside one transaction.

use crate::{
    StoreFailure,
    database::{postgres, sqlite},
    schema::{Dialect, version_1},
};
use std::path::{Path, PathBuf};

/// The schema this version reads and writes.
pub const SCHEMA_VERSION: i64 = 1;

fn statements_to(version: i64, dialect: Dialect) -> Vec<String> {
    match version {
        1 => version_1(dialect),
        _ => Vec::new(),
    }
}

fn refuse_newer(found: i64) -> Result<(), StoreFailure> {
    if found > SCHEMA_VERSION {
        Err(StoreFailure::NewerSchema { found, known: SCHEMA_VERSION })
    } else {
        Ok(())
    }
}

/// What a migration did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Migrated {
    pub(crate) from: i64,
    pub(crate) backup: Option<PathBuf>,
}

/// Brings a SQLite database to the present schema.
pub(crate) fn sqlite(
    connection: &mut rusqlite::Connection,
    backups: &Path,
) -> Result<Migrated, StoreFailure> {
    let failed = |error: &rusqlite::Error| sqlite::sort("migrate", error);
    let from: i64 =
        connection.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(|error| failed(&error))?;
    refuse_newer(from)?;
    let mut backup = None;
    if from > 0 && from < SCHEMA_VERSION {
        std::fs::create_dir_all(backups).map_err(|source| StoreFailure::File {
            path: backups.display().to_string(),
            verb: "written",
            source,
        })?;
        let copy = backups.join(format!("before-schema-{SCHEMA_VERSION}.sqlite"));
        connection.execute("VACUUM INTO ?1", [copy.display().to_string()]).map_err(|error| failed(&error))?;
        backup = Some(copy);
    }
    let transaction = connection.transaction().map_err(|error| failed(&error))?;
    for version in from + 1..=SCHEMA_VERSION {
        for statement in statements_to(version, Dialect::Sqlite) {
            transaction.execute_batch(&statement).map_err(|error| failed(&error))?;
        }
    }
    transaction.pragma_update(None, "user_version", SCHEMA_VERSION).map_err(|error| failed(&error))?;
    transaction.commit().map_err(|error| failed(&error))?;
    Ok(Migrated { from, backup })
}

/// Brings a PostgreSQL database to the present schema, in the connection's search path.
pub(crate) fn postgres(client: &mut ::postgres::Client) -> Result<Migrated, StoreFailure> {
    let failed = |error: &::postgres::Error| postgres::sort("migrate", error);
    let mut transaction = client.transaction().map_err(|error| failed(&error))?;
    transaction
        .batch_execute("CREATE TABLE IF NOT EXISTS schema_version (only_one BIGINT PRIMARY KEY, version BIGINT NOT NULL)")
        .map_err(|error| failed(&error))?;
    let row = transaction
        .query_opt("SELECT version FROM schema_version WHERE only_one = 1", &[])
        .map_err(|error| failed(&error))?;
    let from: i64 = row.map_or(0, |row| row.get(0));
    refuse_newer(from)?;
    for version in from + 1..=SCHEMA_VERSION {
        for statement in statements_to(version, Dialect::Postgres) {
            transaction.batch_execute(&statement).map_err(|error| failed(&error))?;
        }
    }
    transaction
        .execute(
            "INSERT INTO schema_version (only_one, version) VALUES (1, $1) \
             ON CONFLICT (only_one) DO UPDATE SET version = excluded.version",
            &[&SCHEMA_VERSION],
        )
        .map_err(|error| failed(&error))?;
    transaction.commit().map_err(|error| failed(&error))?;
    Ok(Migrated { from, backup: None })
}
