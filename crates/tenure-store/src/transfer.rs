//! A whole database from PostgreSQL into a SQLite file and back, table by table, for backups.
//!
//! A backup has one form, whichever database the deployment uses: a SQLite file. Which tables and
//! columns there are is read from the schema itself, so no table can be forgotten. Reading is one
//! snapshot; writing is one transaction into a database that must be empty. Must never change
//! what it copies. Next: `copy.rs`, which uses it.

use crate::{
    PostgresLocation, StoreFailure, Value,
    database::{postgres, sqlite},
    migrate,
};
use ::postgres::{
    IsolationLevel, binary_copy::BinaryCopyInWriter, fallible_iterator::FallibleIterator as _, types::Type,
};
use std::path::Path;

/// Rows fetched at a time.
const ROWS: i32 = 1_000;

/// A table of the schema.
struct Table {
    name: String,
    columns: Vec<(String, Type)>,
}

impl Table {
    fn column_list(&self) -> String {
        let names: Vec<&str> = self.columns.iter().map(|(name, _)| name.as_str()).collect();
        names.join(", ")
    }

    fn types(&self) -> Vec<Type> {
        self.columns.iter().map(|(_, of)| of.clone()).collect()
    }
}

/// Every table, parents before those that refer to them: in the order in which the schema makes them.
fn tables(database: &rusqlite::Connection) -> Result<Vec<Table>, rusqlite::Error> {
    let mut named = database.prepare(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY rowid",
    )?;
    let names = named.query_map([], |row| row.get::<_, String>(0))?;
    names
        .map(|name| {
            let name = name?;
            let mut described =
                database.prepare("SELECT name, type FROM pragma_table_info(?1) ORDER BY cid")?;
            let columns = described
                .query_map([&name], |row| {
                    let of = match row.get::<_, String>(1)?.as_str() {
                        "INTEGER" => Type::INT8,
                        "BLOB" => Type::BYTEA,
                        _ => Type::TEXT,
                    };
                    Ok((row.get(0)?, of))
                })?
                .collect::<Result<_, _>>()?;
            Ok(Table { name, columns })
        })
        .collect()
}

/// Copies a PostgreSQL deployment's database, as it is at one moment, into the new SQLite file `to`. `steps`
/// lead to the schema it has.
pub(crate) fn into_file(
    location: &PostgresLocation,
    to: &Path,
    steps: &migrate::Steps,
) -> Result<(), StoreFailure> {
    let failed = |error: rusqlite::Error| sqlite::sort("copy", &error);
    let outside = |error: ::postgres::Error| postgres::sort("copy", &error);
    let mut file = rusqlite::Connection::open(to).map_err(failed)?;
    file.execute_batch("PRAGMA journal_mode=DELETE; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON")
        .map_err(failed)?;
    migrate::sqlite(&mut file, to.parent().unwrap_or(to), steps)?;
    let tables = tables(&file).map_err(failed)?;
    let mut client = postgres::connect(location)?;
    let mut snapshot = client
        .build_transaction()
        .isolation_level(IsolationLevel::RepeatableRead)
        .read_only(true)
        .start()
        .map_err(outside)?;
    let kept = file.transaction().map_err(failed)?;
    for table in &tables {
        let (columns, name) = (table.column_list(), &table.name);
        let places: Vec<String> = (1..=table.columns.len()).map(|place| format!("?{place}")).collect();
        let places = places.join(", ");
        let mut insert =
            kept.prepare(&format!("INSERT INTO {name} ({columns}) VALUES ({places})")).map_err(failed)?;
        let portal = snapshot.bind(&format!("SELECT {columns} FROM {name}"), &[]).map_err(outside)?;
        loop {
            let mut rows = snapshot.query_portal_raw(&portal, ROWS).map_err(outside)?;
            let mut count = 0;
            while let Some(row) = rows.next().map_err(outside)? {
                insert
                    .execute(rusqlite::params_from_iter(values(&row, table).map_err(outside)?))
                    .map_err(failed)?;
                count += 1;
            }
            if count < ROWS {
                break;
            }
        }
    }
    kept.commit().map_err(failed)
}

fn values(row: &::postgres::Row, table: &Table) -> Result<Vec<Value>, ::postgres::Error> {
    table
        .columns
        .iter()
        .enumerate()
        .map(|(place, (_, of))| {
            Ok(match *of {
                Type::INT8 => row.try_get::<_, Option<i64>>(place)?.map_or(Value::Null, Value::Number),
                Type::BYTEA => row.try_get::<_, Option<Vec<u8>>>(place)?.map_or(Value::Null, Value::Bytes),
                _ => row.try_get::<_, Option<String>>(place)?.map_or(Value::Null, Value::Text),
            })
        })
        .collect()
}

/// Copies the SQLite file `from` into a PostgreSQL database that holds no deployment yet. The file is
/// brought to the present schema first.
pub(crate) fn into_postgres(from: &Path, location: &PostgresLocation) -> Result<(), StoreFailure> {
    let failed = |error: rusqlite::Error| sqlite::sort("copy", &error);
    let outside = |error: ::postgres::Error| postgres::sort("copy", &error);
    let mut file = sqlite::open_writer(from)?;
    migrate::sqlite(&mut file, &from.with_extension("backups"), migrate::STEPS)?;
    let tables = tables(&file).map_err(failed)?;
    let mut client = postgres::connect(location)?;
    postgres::Sequencer::lock_out_others(&mut client)?;
    migrate::postgres(&mut client, location, &from.with_extension("backups"), migrate::STEPS)?;
    let mut transaction = client.transaction().map_err(outside)?;
    for table in &tables {
        let (columns, name) = (table.column_list(), &table.name);
        let used = transaction.query_opt(&format!("SELECT 1 FROM {name} LIMIT 1"), &[]).map_err(outside)?;
        if used.is_some() {
            let why = String::from("that PostgreSQL database holds a deployment already; name an empty one");
            return Err(StoreFailure::Conflict { why });
        }
        let mut read = file.prepare(&format!("SELECT {columns} FROM {name}")).map_err(failed)?;
        let mut rows = read.query([]).map_err(failed)?;
        let sink = transaction
            .copy_in(&format!("COPY {name} ({columns}) FROM STDIN WITH (FORMAT binary)"))
            .map_err(outside)?;
        let mut writer = BinaryCopyInWriter::new(sink, &table.types());
        while let Some(row) = rows.next().map_err(failed)? {
            let values: Vec<Value> = (0..table.columns.len())
                .map(|place| value(row, place))
                .collect::<Result<_, _>>()
                .map_err(failed)?;
            writer.write(&postgres::bound(&values)).map_err(outside)?;
        }
        writer.finish().map_err(outside)?;
    }
    // New entries arrive after those that were copied.
    transaction
        .batch_execute(
            "SELECT setval(pg_get_serial_sequence('entries', 'arrival'), \
             (SELECT coalesce(max(arrival), 0) + 1 FROM entries), false)",
        )
        .map_err(outside)?;
    transaction.commit().map_err(outside)
}

fn value(row: &rusqlite::Row<'_>, place: usize) -> Result<Value, rusqlite::Error> {
    use rusqlite::types::ValueRef;
    Ok(match row.get_ref(place)? {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Number(number),
        ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()),
        ValueRef::Text(_) | ValueRef::Real(_) => Value::Text(row.get(place)?),
    })
}
