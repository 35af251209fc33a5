//! Migrations: forward only, after an automatic backup; a newer schema is refused.
//!
//! Version 0 is an empty database. Each later version is a list of statements that never
//! changes once released. Before the first statement runs, SQLite is copied with its own backup
//! call and PostgreSQL table by table into the same kind of file; each migrates inside one
//! transaction.

use crate::{
    PostgresLocation, StoreFailure,
    database::{postgres, sqlite},
    schema::{Dialect, version_1, version_2, version_3},
    transfer,
};
use std::path::{Path, PathBuf};

/// The schema this version reads and writes.
pub const SCHEMA_VERSION: i64 = 3;

/// What makes each version from the one before: version 1 first.
pub(crate) type Steps = [fn(Dialect) -> Vec<String>];
pub(crate) const STEPS: &Steps = &[version_1, version_2, version_3];

/// The steps that lead from version `found` to the last; a newer one is refused.
fn steps_from(found: i64, steps: &Steps) -> Result<&Steps, StoreFailure> {
    let newer = StoreFailure::NewerSchema { found, known: known(steps) };
    usize::try_from(found).ok().and_then(|done| steps.get(done..)).ok_or(newer)
}

fn known(steps: &Steps) -> i64 {
    i64::try_from(steps.len()).unwrap_or(i64::MAX)
}

/// Brings a SQLite database to the present schema; returns the backup, when one was made.
pub(crate) fn sqlite(
    connection: &mut rusqlite::Connection,
    backups: &Path,
    steps: &Steps,
) -> Result<Option<PathBuf>, StoreFailure> {
    let failed = |error: rusqlite::Error| sqlite::sort("migrate", &error);
    let from: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(failed)?;
    let ahead = steps_from(from, steps)?;
    if ahead.is_empty() {
        return Ok(None);
    }
    let copy = |to: &Path| {
        let copied = connection.execute("VACUUM INTO ?1", [to.display().to_string()]);
        copied.map(drop).map_err(|error| sqlite::sort("back up", &error))
    };
    let backup = if from > 0 { Some(back_up(backups, known(steps), copy)?) } else { None };
    let transaction = connection.transaction().map_err(failed)?;
    for step in ahead {
        for statement in step(Dialect::Sqlite) {
            transaction.execute_batch(&statement).map_err(failed)?;
        }
    }
    transaction.pragma_update(None, "user_version", known(steps)).map_err(failed)?;
    transaction.commit().map_err(failed)?;
    Ok(backup)
}

/// Keeps a copy of the database before a migration. It has its name only once it is whole and durable.
fn back_up(
    backups: &Path,
    target: i64,
    copy_to: impl FnOnce(&Path) -> Result<(), StoreFailure>,
) -> Result<PathBuf, StoreFailure> {
    let file = |path: &Path| {
        let path = path.display().to_string();
        move |source| StoreFailure::File { path, verb: "written", source }
    };
    std::fs::create_dir_all(backups).map_err(file(backups))?;
    let partial = backups.join("unfinished");
    if partial.exists() {
        std::fs::remove_file(&partial).map_err(file(&partial))?;
    }
    copy_to(&partial)?;
    // An attempt that was cut off later must not lose the copy it made.
    let mut copy = backups.join(format!("before-schema-{target}.sqlite"));
    let mut number = 2;
    while copy.exists() {
        copy = backups.join(format!("before-schema-{target}-{number}.sqlite"));
        number += 1;
    }
    let synced = |path: &Path| std::fs::File::open(path)?.sync_all();
    synced(&partial).map_err(file(&partial))?;
    std::fs::rename(&partial, &copy).map_err(file(&copy))?;
    synced(backups).map_err(file(backups))?;
    Ok(copy)
}

/// Brings a PostgreSQL database to the present schema, in the connection's search path; returns the
/// backup, when one was made. The caller holds the lock that keeps other nodes out.
pub(crate) fn postgres(
    client: &mut ::postgres::Client,
    location: &PostgresLocation,
    backups: &Path,
    steps: &Steps,
) -> Result<Option<PathBuf>, StoreFailure> {
    let failed = |error: ::postgres::Error| postgres::sort("migrate", &error);
    client
        .batch_execute("CREATE TABLE IF NOT EXISTS schema_version (only_one BIGINT PRIMARY KEY, version BIGINT NOT NULL)")
        .map_err(failed)?;
    let row =
        client.query_opt("SELECT version FROM schema_version WHERE only_one = 1", &[]).map_err(failed)?;
    let from: i64 = row.map_or(0, |row| row.get(0));
    let ahead = steps_from(from, steps)?;
    if ahead.is_empty() {
        return Ok(None);
    }
    let done = steps.get(..steps.len() - ahead.len()).unwrap_or_default();
    let copy = |to: &Path| transfer::into_file(location, to, done);
    let backup = if from > 0 { Some(back_up(backups, known(steps), copy)?) } else { None };
    let mut transaction = client.transaction().map_err(failed)?;
    for step in ahead {
        for statement in step(Dialect::Postgres) {
            transaction.batch_execute(&statement).map_err(failed)?;
        }
    }
    transaction
        .execute(
            "INSERT INTO schema_version (only_one, version) VALUES (1, $1) \
             ON CONFLICT (only_one) DO UPDATE SET version = excluded.version",
            &[&known(steps)],
        )
        .map_err(failed)?;
    transaction.commit().map_err(failed)?;
    Ok(backup)
}

#[cfg(test)]
mod tests {
    use super::{Dialect, SCHEMA_VERSION, STEPS, Steps, known, postgres, sqlite, version_1};
    use crate::{PostgresLocation, StoreFailure};
    use tenure_model::Secret;
    use tenure_testbed::{Postgres, PostgresOptions};

    fn add_a_table(_: Dialect) -> Vec<String> {
        vec![String::from("CREATE TABLE newcomers (name TEXT NOT NULL)")]
    }

    fn fail_half_way(_: Dialect) -> Vec<String> {
        vec![String::from("CREATE TABLE half (name TEXT)"), String::from("CREATE TABLE half (name TEXT)")]
    }

    fn version_of(connection: &rusqlite::Connection) -> i64 {
        connection.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap()
    }

    fn count(connection: &rusqlite::Connection, table: &str) -> i64 {
        let sql = format!("SELECT COUNT(*) FROM sqlite_master WHERE name = '{table}'");
        connection.query_row(&sql, [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn every_version_has_its_step() {
        assert_eq!(known(STEPS), SCHEMA_VERSION);
    }

    #[test]
    fn a_database_is_backed_up_whole_before_it_is_migrated() {
        let directory = tempfile::tempdir().unwrap();
        let backups = directory.path().join("backups");
        let mut connection = rusqlite::Connection::open(directory.path().join("a.sqlite")).unwrap();
        assert_eq!(
            sqlite(&mut connection, &backups, &[version_1]).unwrap(),
            None,
            "there was nothing to keep"
        );
        connection.execute("INSERT INTO meta (key, value) VALUES ('kept', 'yes')", []).unwrap();
        let two: &Steps = &[version_1, add_a_table];
        // What a crash in the middle of an earlier backup left behind is no backup and in nobody's way.
        std::fs::create_dir_all(&backups).unwrap();
        std::fs::write(backups.join("unfinished"), b"half a copy").unwrap();
        let backup = sqlite(&mut connection, &backups, two).unwrap().unwrap();
        assert_eq!(backup, backups.join("before-schema-2.sqlite"));
        assert_eq!((version_of(&connection), count(&connection, "newcomers")), (2, 1));
        let copy = rusqlite::Connection::open(&backup).unwrap();
        assert_eq!((version_of(&copy), count(&copy, "newcomers")), (1, 0));
        let kept: String = copy.query_row("SELECT value FROM meta", [], |row| row.get(0)).unwrap();
        assert_eq!(kept, "yes");
        assert_eq!(sqlite(&mut connection, &backups, two).unwrap(), None, "it is up to date");
        assert!(!backups.join("unfinished").exists());
    }

    #[test]
    fn a_migration_that_fails_changes_nothing_and_may_be_tried_again() {
        let directory = tempfile::tempdir().unwrap();
        let backups = directory.path().join("backups");
        let mut connection = rusqlite::Connection::open(directory.path().join("a.sqlite")).unwrap();
        sqlite(&mut connection, &backups, &[version_1]).unwrap();
        let failed = sqlite(&mut connection, &backups, &[version_1, add_a_table, fail_half_way]).unwrap_err();
        assert!(matches!(failed, StoreFailure::Refused { what: "migrate", .. }), "{failed}");
        assert_eq!(
            (version_of(&connection), count(&connection, "newcomers"), count(&connection, "half")),
            (1, 0, 0)
        );
        let again = sqlite(&mut connection, &backups, &[version_1, add_a_table, add_a_table]).unwrap_err();
        assert!(again.to_string().contains("already exists"), "{again}");
        assert!(backups.join("before-schema-3-2.sqlite").exists(), "each attempt keeps its own backup");
    }

    #[test]
    fn a_newer_schema_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let mut connection = rusqlite::Connection::open(directory.path().join("a.sqlite")).unwrap();
        connection.pragma_update(None, "user_version", SCHEMA_VERSION + 1).unwrap();
        let refused = sqlite(&mut connection, directory.path(), STEPS).unwrap_err();
        insta::assert_snapshot!(refused, @"the database has schema 4, this Tenure knows up to 3; use the newer Tenure");
    }

    fn location_of(server: &Postgres) -> PostgresLocation {
        PostgresLocation {
            parameters: format!(
                "host=127.0.0.1 port={} user={} dbname=postgres",
                server.port(),
                server.superuser()
            ),
            password: Some(Secret::new(server.password().to_owned())),
            ca_file: None,
        }
    }

    #[test]
    fn a_postgres_is_backed_up_whole_before_it_is_migrated() {
        tenure_testbed::needs!(postgres);
        let server = Postgres::start(&PostgresOptions::default()).unwrap();
        let location = location_of(&server);
        let directory = tempfile::tempdir().unwrap();
        let mut client = super::postgres::connect(&location).unwrap();
        let mut migrate = |steps: &Steps| postgres(&mut client, &location, directory.path(), steps);
        assert_eq!(migrate(&[version_1]).unwrap(), None, "there was nothing to keep");
        server.sql("postgres", "INSERT INTO meta (key, value) VALUES ('kept', 'yes')").unwrap();
        let failed = migrate(&[version_1, fail_half_way]).unwrap_err();
        assert!(matches!(failed, StoreFailure::Refused { what: "migrate", .. }), "{failed}");
        let backup = migrate(&[version_1, add_a_table]).unwrap().unwrap();
        assert_eq!(backup, directory.path().join("before-schema-2-2.sqlite"), "each attempt keeps its own");
        let copy = rusqlite::Connection::open(&backup).unwrap();
        assert_eq!((version_of(&copy), count(&copy, "newcomers")), (1, 0));
        let kept: String = copy.query_row("SELECT value FROM meta", [], |row| row.get(0)).unwrap();
        assert_eq!(kept, "yes");
        assert_eq!(server.sql("postgres", "SELECT count(*) FROM newcomers").unwrap().trim(), "0");
        assert_eq!(migrate(&[version_1, add_a_table]).unwrap(), None, "it is up to date");
    }

    /// Three identities of a version without a list of owners: one that two own, one that one owns twice, one of nobody.
    const CHARTERS: [(&str, &str); 3] = [
        ("i1", r#"{"business_owner":"ada","technical_owner":"bob"}"#),
        ("i2", r#"{"business_owner":"ada","technical_owner":"ada"}"#),
        ("i3", r#"{"business_owner":null,"purpose":"a"}"#),
    ];

    fn plant(id: &str, charter: &str) -> String {
        format!(
            "INSERT INTO identities (identity_id, name, handle, charter, enrolled, built_in, standing, created_us) \
             VALUES ('{id}', 'n', 'h', '{charter}', 1, 0, 'sound', 1)"
        )
    }

    #[test]
    fn whose_things_are_is_taken_from_the_charters_of_before() {
        let directory = tempfile::tempdir().unwrap();
        let mut connection = rusqlite::Connection::open_in_memory().unwrap();
        sqlite(&mut connection, directory.path(), &STEPS[..2]).unwrap();
        for (id, charter) in CHARTERS {
            connection.execute_batch(&plant(id, charter)).unwrap();
        }
        sqlite(&mut connection, directory.path(), STEPS).unwrap();
        let mut asked = connection
            .prepare("SELECT person_id || ' ' || identity_id FROM owned ORDER BY identity_id, person_id")
            .unwrap();
        let owned: Vec<String> = asked.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        assert_eq!(owned, ["ada i1", "bob i1", "ada i2"]);
    }

    #[test]
    fn whose_things_are_is_taken_from_the_charters_of_before_on_postgres() {
        tenure_testbed::needs!(postgres);
        let server = Postgres::start(&PostgresOptions::default()).unwrap();
        let location = location_of(&server);
        let directory = tempfile::tempdir().unwrap();
        let mut client = super::postgres::connect(&location).unwrap();
        let mut migrate = |steps: &Steps| postgres(&mut client, &location, directory.path(), steps).unwrap();
        migrate(&STEPS[..2]);
        for (id, charter) in CHARTERS {
            server.sql("postgres", &plant(id, charter)).unwrap();
        }
        migrate(STEPS);
        let asked = "SELECT person_id || ' ' || identity_id FROM owned ORDER BY identity_id, person_id";
        let owned = server.sql("postgres", asked).unwrap();
        assert_eq!(owned.trim().lines().collect::<Vec<_>>(), ["ada i1", "bob i1", "ada i2"]);
    }
}
