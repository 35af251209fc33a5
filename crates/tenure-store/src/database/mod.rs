//! The two databases behind one transaction type.
//!
//! `sqlite.rs` has one writer thread that commits many transactions with one sync;
//! `postgres.rs` has several workers that retry on serialization failures. Statements are
//! written once, with `$n`; this room never knows what they mean.

pub(crate) mod postgres;
pub(crate) mod sqlite;

use crate::{
    StoreFailure,
    log::{NewEntry, PendingEntry},
    value::{Row, RowOf, Value},
};
use std::{collections::HashMap, path::PathBuf};
use tenure_model::Secret;

/// Where the database is.
#[derive(Debug)]
pub enum DatabaseLocation {
    /// A file that this process alone opens.
    Sqlite(PathBuf),
    /// A PostgreSQL database: connection parameters as `key=value` pairs without the password.
    Postgres {
        /// Connection parameters, in libpq's form.
        parameters: String,
        /// The password, when the server asks for one.
        password: Option<Secret<String>>,
    },
}

/// A transaction under way.
pub struct Tx<'tx> {
    pub(crate) what: &'static str,
    pub(crate) connection: Connection<'tx>,
    pub(crate) pending: Vec<PendingEntry>,
}

pub(crate) enum Connection<'tx> {
    Sqlite(&'tx rusqlite::Connection),
    Postgres {
        transaction: ::postgres::Transaction<'tx>,
        statements: &'tx mut HashMap<&'static str, ::postgres::Statement>,
    },
}

/// Rewrites `$n` to `?n`, because SQLite binds a bare `$2, $1` in order of appearance.
pub(crate) fn for_sqlite(sql: &str) -> String {
    sql.replace('$', "?")
}

impl Tx<'_> {
    /// Runs a statement; returns how many rows it touched.
    pub(crate) fn execute(&mut self, sql: &'static str, values: &[Value]) -> Result<u64, StoreFailure> {
        refuse_nul(values)?;
        match &mut self.connection {
            Connection::Sqlite(connection) => {
                let mut statement = connection
                    .prepare_cached(&for_sqlite(sql))
                    .map_err(|error| sqlite::sort(self.what, &error))?;
                let touched = statement
                    .execute(rusqlite::params_from_iter(values))
                    .map_err(|error| sqlite::sort(self.what, &error))?;
                Ok(touched as u64)
            }
            Connection::Postgres { transaction, statements } => {
                let statement = postgres::prepared(transaction, statements, sql)
                    .map_err(|e| postgres::sort(self.what, &e))?;
                transaction
                    .execute(&statement, &postgres::bound(values))
                    .map_err(|e| postgres::sort(self.what, &e))
            }
        }
    }

    /// Runs a query and maps every row. `table` names what is read, for messages.
    pub(crate) fn query<T>(
        &mut self,
        table: &'static str,
        sql: &'static str,
        values: &[Value],
        mut map: impl FnMut(&Row<'_>) -> Result<T, StoreFailure>,
    ) -> Result<Vec<T>, StoreFailure> {
        refuse_nul(values)?;
        match &mut self.connection {
            Connection::Sqlite(connection) => {
                let what = self.what;
                let mut statement = connection
                    .prepare_cached(&for_sqlite(sql))
                    .map_err(|error| sqlite::sort(what, &error))?;
                let mut rows = statement
                    .query(rusqlite::params_from_iter(values))
                    .map_err(|error| sqlite::sort(what, &error))?;
                let mut answer = Vec::new();
                while let Some(row) = rows.next().map_err(|error| sqlite::sort(what, &error))? {
                    answer.push(map(&Row { inner: RowOf::Sqlite(row), table })?);
                }
                Ok(answer)
            }
            Connection::Postgres { transaction, statements } => {
                let statement = postgres::prepared(transaction, statements, sql)
                    .map_err(|e| postgres::sort(self.what, &e))?;
                let rows = transaction
                    .query(&statement, &postgres::bound(values))
                    .map_err(|e| postgres::sort(self.what, &e))?;
                rows.iter().map(|row| map(&Row { inner: RowOf::Postgres(row), table })).collect()
            }
        }
    }

    /// Runs a query that yields at most one row.
    pub(crate) fn query_one<T>(
        &mut self,
        table: &'static str,
        sql: &'static str,
        values: &[Value],
        map: impl FnMut(&Row<'_>) -> Result<T, StoreFailure>,
    ) -> Result<Option<T>, StoreFailure> {
        Ok(self.query(table, sql, values, map)?.into_iter().next())
    }

    /// Adds an entry to the evidence log, as part of this transaction. It becomes a leaf when
    /// the transaction has committed; its id is the receipt.
    pub fn entry(&mut self, entry: NewEntry) -> Result<(), StoreFailure> {
        let NewEntry { entry, about, body } = entry;
        let bytes = entry.encode().map_err(StoreFailure::Entry)?;
        if let Some((nonce, body)) = body {
            self.execute(
                "INSERT INTO bodies (entry_id, nonce, body) VALUES ($1, $2, $3)",
                &[entry.id.as_str().into(), nonce.to_vec().into(), body.into()],
            )?;
        }
        for subject in about {
            self.execute(
                "INSERT INTO entry_subjects (subject, entry_id) VALUES ($1, $2) ON CONFLICT DO NOTHING",
                &[subject.into(), entry.id.as_str().into()],
            )?;
        }
        match &self.connection {
            Connection::Sqlite(_) => self.pending.push(PendingEntry { id: entry.id, bytes }),
            Connection::Postgres { .. } => {
                self.execute(
                    "INSERT INTO entries (entry_id, bytes) VALUES ($1, $2)",
                    &[entry.id.into(), bytes.into()],
                )?;
            }
        }
        Ok(())
    }
}

fn refuse_nul(values: &[Value]) -> Result<(), StoreFailure> {
    let holds_nul = values.iter().any(|value| matches!(value, Value::Text(text) if text.contains('\0')));
    if holds_nul { Err(StoreFailure::Nul) } else { Ok(()) }
}

/// A bounded list of words for an error message.
pub(crate) fn listed<'word>(words: impl IntoIterator<Item = &'word str>) -> String {
    let words: Vec<&str> = words.into_iter().collect();
    let shown: Vec<&str> = words.iter().take(8).copied().collect();
    let more = words.len().saturating_sub(shown.len());
    if more == 0 { shown.join(", ") } else { format!("{} and {more} more", shown.join(", ")) }
}
