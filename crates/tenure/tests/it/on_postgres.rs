//! A deployment whose own database is a PostgreSQL: made, used, backed up, restored into either kind.
//!
//! The same commands as on the embedded database, through the program. Must never leave a password
//! in a file that Tenure writes.

use crate::live::{login, started};
use crate::program::Place;
use tenure_testbed::{Postgres, needs};

/// The flags that name a database of the server.
fn at(postgres: &Postgres, database: &str) -> Vec<String> {
    let flag = |name: &str, value: &str| [name.to_owned(), value.to_owned()];
    [flag("--database-url", &postgres.url(database)), flag("--database-password-file", "pw")].concat()
}

fn with<'text>(arguments: &[&'text str], flags: &'text [String]) -> Vec<&'text str> {
    arguments.iter().copied().chain(flags.iter().map(String::as_str)).collect()
}

/// Made, surveyed, and with one role proved dead.
fn used(postgres: &Postgres) -> Place {
    let place = Place::new();
    place.private_file("pw", postgres.password());
    postgres.create_database("own").unwrap();
    place.done(&with(&["init"], &at(postgres, "own")));
    let (url, lag) = (postgres.url("postgres"), "lag-seconds=0");
    place.done(&["source", "add", "pg", &url, "--password-file", "pw", "--option", lag]);
    login(postgres, "reporting");
    place.done(&["survey"]);
    let revoked = place.done(&["revoke", "pg/reporting", "--reason", "contract ended", "--yes", "reporting"]);
    assert!(revoked.out.contains("P4 proved in "), "{revoked:?}");
    place
}

#[test]
fn the_database_is_remembered_without_its_password_and_every_command_finds_it() {
    needs!(postgres);
    let postgres = started();
    let place = used(&postgres);
    assert!(!place.data.join("tenure.sqlite").exists());
    let remembered = std::fs::read_to_string(place.data.join("tenure.toml")).unwrap();
    assert!(remembered.contains("/own\"") && remembered.contains("password_file"), "{remembered}");
    assert!(!remembered.contains(postgres.password()), "{remembered}");
    let well = place.done(&["doctor"]);
    assert!(
        well.out.contains("✓ evidence log: ") && well.out.contains("✓ reserve: none is needed"),
        "{well:?}"
    );
    let shown = place.done(&["show", "pg/reporting"]);
    assert!(shown.out.contains("✓ retired"), "{shown:?}");
    let mut up = place.begin(&["up", "--listen", "none"]);
    up.until("Next: ");
    assert!(place.done(&["identities"]).out.contains("pg/reporting"));
    // The server of our own database goes away and comes back.
    postgres.restart().unwrap();
    login(&postgres, "etl");
    let mut tries = 0;
    while place.run(&["survey"]).code != 0 {
        tries += 1;
        assert!(tries < 50, "the deployment did not come back");
    }
    let revoked = place.done(&["revoke", "pg/etl", "--reason", "test", "--yes", "etl"]);
    assert!(revoked.out.contains("P4 proved in "), "{revoked:?}");
    drop(up);
}

#[test]
fn a_backup_is_restored_into_another_postgres_and_into_the_embedded_database() {
    needs!(postgres);
    let postgres = started();
    let place = used(&postgres);
    place.done(&["backup", "kept"]);
    postgres.create_database("second").unwrap();
    let key = place.data.join("keys/kek").display().to_string();
    for (into, flags) in [("moved", at(&postgres, "second")), ("embedded", Vec::new())] {
        let restore = ["restore", "kept", "--into", into, "--key-file", &key];
        let restored = place.done(&with(&restore, &flags));
        assert!(restored.out.contains("A new log begins: "), "{restored:?}");
        let shown = place.done(&["--data", into, "show", "pg/reporting"]);
        assert!(shown.out.contains("✓ retired"), "{shown:?}");
        assert_eq!(place.path(into).join("tenure.sqlite").exists(), flags.is_empty(), "{into}");
        let log = place.done(&["--data", into, "evidence", "log"]);
        assert!(log.out.contains("log.opened"), "{log:?}");
    }
    let refused = place
        .run(&with(&["restore", "kept", "--into", "third", "--key-file", &key], &at(&postgres, "second")));
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(refused.err.contains("holds a deployment already; name an empty one"), "{refused:?}");
}
