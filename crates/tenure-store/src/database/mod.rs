//! The two databases behind one transaction type.
//!
//! `sqlite.rs` has one writer thread that commits many transactions with one sync;
//! `postgres.rs` has several workers that retry on serialization failures. Statements are
//! written once, with `$n`; this room never knows what they mean.

pub(crate) mod postgres;
pub(crate) mod sqlite;

use crate::{
    StoreFailure,
    log::NewEntry,
    value::{Row, RowOf, Value},
};
use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, LazyLock, PoisonError, RwLock},
};
use tenure_evidence::{Hash, body_digest, leaf_hash};
use tenure_model::Secret;

/// Where the database is.
#[derive(Debug, Clone)]
pub enum DatabaseLocation {
    /// A file that this process alone opens.
    Sqlite(PathBuf),
    /// A PostgreSQL database.
    Postgres(Arc<PostgresLocation>),
}

/// How to reach a PostgreSQL database of ours.
#[derive(Debug)]
pub struct PostgresLocation {
    /// Connection parameters in libpq's form, without the password. Without `sslmode`, a line that leaves
    /// this machine is encrypted and the server's certificate checked.
    pub parameters: String,
    /// The password, when the server asks for one.
    pub password: Option<Secret<String>>,
    /// A PEM file with the authorities that sign the server's certificate, beside the system's.
    pub ca_file: Option<PathBuf>,
}

/// A transaction under way.
pub struct Tx<'tx> {
    pub(crate) what: &'static str,
    pub(crate) connection: Connection<'tx>,
    /// The leaf index of the next entry, where this transaction hands them out itself: on the
    /// thread of SQLite's only writer. `None` where the sequencer does it later.
    next_leaf: Option<i64>,
    /// Hashes of the entries that got an index here, in order.
    pub(crate) leaves: Vec<Hash>,
    /// A statement failed: nothing of this transaction may be kept, whatever its body says.
    pub(crate) broken: bool,
}

pub(crate) enum Connection<'tx> {
    Sqlite(&'tx rusqlite::Connection),
    Postgres {
        transaction: ::postgres::Transaction<'tx>,
        statements: &'tx mut HashMap<&'static str, ::postgres::Statement>,
    },
}

/// `$n` rewritten to `?n`, because SQLite binds a bare `$2, $1` in order of appearance. Each text of the
/// program is rewritten once: there are about two hundred, told apart by where they are.
pub(crate) fn for_sqlite(sql: &'static str) -> &'static str {
    type Rewritten = HashMap<(usize, usize), &'static str>;
    static REWRITTEN: LazyLock<RwLock<Rewritten>> = LazyLock::new(RwLock::default);
    let key = (sql.as_ptr().addr(), sql.len());
    let known = REWRITTEN.read().unwrap_or_else(PoisonError::into_inner).get(&key).copied();
    known.unwrap_or_else(|| {
        let mut rewritten = REWRITTEN.write().unwrap_or_else(PoisonError::into_inner);
        rewritten.entry(key).or_insert_with(|| Box::leak(sql.replace('$', "?").into_boxed_str()))
    })
}

impl<'tx> Tx<'tx> {
    /// A transaction whose entries become leaves later, or that writes none.
    pub(crate) const fn new(what: &'static str, connection: Connection<'tx>) -> Self {
        Self { what, connection, next_leaf: None, leaves: Vec::new(), broken: false }
    }

    /// A transaction of SQLite's only writer: its entries are leaves from `next_leaf` on.
    pub(crate) const fn of_the_writer(
        what: &'static str,
        connection: &'tx rusqlite::Connection,
        next_leaf: i64,
    ) -> Self {
        let connection = Connection::Sqlite(connection);
        Self { what, connection, next_leaf: Some(next_leaf), leaves: Vec::new(), broken: false }
    }

    /// Runs a statement; returns how many rows it touched.
    pub(crate) fn execute(&mut self, sql: &'static str, values: &[Value]) -> Result<u64, StoreFailure> {
        let touched = self.try_execute(sql, values);
        self.broken |= touched.is_err();
        touched
    }

    fn try_execute(&mut self, sql: &'static str, values: &[Value]) -> Result<u64, StoreFailure> {
        refuse_nul(values)?;
        match &mut self.connection {
            Connection::Sqlite(connection) => {
                still_inside(connection, self.what)?;
                let mut statement = connection
                    .prepare_cached(for_sqlite(sql))
                    .map_err(|error| sqlite::sort(self.what, &error))?;
                let touched = statement
                    .execute(rusqlite::params_from_iter(values))
                    .map_err(|error| sqlite::sort(self.what, &error))?;
                Ok(touched as u64)
            }
            Connection::Postgres { transaction, statements } => {
                let statement = postgres::prepared(transaction, statements, sql, values)
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
        map: impl FnMut(&Row<'_>) -> Result<T, StoreFailure>,
    ) -> Result<Vec<T>, StoreFailure> {
        let rows = self.try_query(table, sql, values, map);
        self.broken |= rows.is_err();
        rows
    }

    fn try_query<T>(
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
                still_inside(connection, what)?;
                let mut statement =
                    connection.prepare_cached(for_sqlite(sql)).map_err(|error| sqlite::sort(what, &error))?;
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
                let statement = postgres::prepared(transaction, statements, sql, values)
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

    /// Runs a statement that must touch the one row it names; otherwise that row does not exist.
    pub(crate) fn execute_on(
        &mut self,
        (noun, given): (&'static str, impl std::fmt::Display),
        sql: &'static str,
        values: &[Value],
    ) -> Result<(), StoreFailure> {
        match self.execute(sql, values)? {
            0 => Err(StoreFailure::Missing { noun, given: given.to_string() }),
            _ => Ok(()),
        }
    }

    /// Adds an entry to the evidence log, as part of this transaction. It becomes a leaf when
    /// the transaction has committed; its id is the receipt. An id that is in the log already,
    /// and a body that is not the one the entry commits to, are refused.
    pub fn entry(&mut self, entry: NewEntry) -> Result<(), StoreFailure> {
        let NewEntry { entry, about, body } = entry;
        let bytes = entry.encode().map_err(StoreFailure::Entry)?;
        if let Some((nonce, body)) = body {
            if body_digest(&nonce, &body) != entry.body_digest {
                let why = format!("it is not the body that entry {} commits to", entry.id);
                return Err(StoreFailure::Shape { table: "bodies", why });
            }
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
        let leaf = leaf_hash(&bytes);
        self.execute(
            "INSERT INTO entries (entry_id, leaf_index, bytes) VALUES ($1, $2, $3)",
            &[entry.id.into(), self.next_leaf.into(), bytes.into()],
        )?;
        if let Some(next) = &mut self.next_leaf {
            *next += 1;
            self.leaves.push(leaf);
        }
        Ok(())
    }
}

/// SQLite ends a transaction by itself on some failures; what came after it would commit alone.
fn still_inside(connection: &rusqlite::Connection, what: &'static str) -> Result<(), StoreFailure> {
    if connection.is_autocommit() {
        let why = String::from("the transaction was ended by an earlier failure");
        return Err(StoreFailure::Refused { what, why });
    }
    Ok(())
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
