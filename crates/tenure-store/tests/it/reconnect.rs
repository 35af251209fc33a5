//! A PostgreSQL that goes away under the store: it comes back by itself, and only to the log it knows.
//!
//! Each loss is a real one: a restarted server, ended sessions, another database under the same
//! name. Must never wait for a time to pass, only for something to be seen.

use crate::bed::{Bed, DATABASE, assert_whole, record, settled};
use std::time::{Duration, Instant};
use tenure_store::{Store, StoreFailure, StoreOptions};

const END_SESSIONS: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                            WHERE application_name = 'tenure-store' AND pid <> pg_backend_pid()";

/// Asks again until it holds, for at most a minute.
fn until<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_mins(1);
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < deadline, "{what}");
        std::thread::yield_now();
    }
}

/// Writes, as somebody who tries again when the database cannot be reached.
fn record_with_patience(bed: &Bed, store: &Store) {
    until("the store did not come back", || match record(store, bed.ids.entry()) {
        Ok(_) => Some(()),
        Err(StoreFailure::Unreachable { .. }) => None,
        Err(other) => panic!("{other}"),
    });
}

fn stopped(store: &Store) -> String {
    until("the store did not stop", || store.stopped_because())
}

#[test]
fn a_server_that_was_restarted_is_written_to_again_and_no_entry_is_lost() {
    tenure_testbed::needs!(postgres);
    let bed = Bed::postgres();
    let store = bed.open();
    record(&store, bed.ids.entry()).unwrap();
    for round in 0..3 {
        if round == 2 {
            bed.server().kill9().unwrap();
        }
        bed.server().restart().unwrap();
        let before = settled_with_patience(&store);
        record_with_patience(&bed, &store);
        assert!(settled_with_patience(&store) > before, "the entry became a leaf");
    }
    assert_whole(&store);
    assert_eq!(store.stopped_because(), None);
    let written = settled(&store);
    assert_eq!(settled(&bed.reopen(store)), written);
}

/// As `settled`, while reads may still meet the loss.
fn settled_with_patience(store: &Store) -> u64 {
    until("reads did not come back", || {
        crate::bed::block_on(store.read("probe", |tx| tx.head())).ok().map(|_| ())
    });
    settled(store)
}

#[test]
fn sessions_that_an_administrator_ended_are_made_again() {
    tenure_testbed::needs!(postgres);
    let bed = Bed::postgres();
    let store = bed.open();
    record(&store, bed.ids.entry()).unwrap();
    bed.raw(END_SESSIONS).unwrap();
    record_with_patience(&bed, &store);
    let elsewhere = tempfile::tempdir().unwrap();
    let options = || StoreOptions { directory: elsewhere.path().to_owned(), ..bed.options() };
    settled_with_patience(&store);
    let refused = until("the lock is taken again", || match Store::open(options()) {
        Err(refused) => Some(refused),
        Ok(opened) => {
            opened.store.close();
            None
        }
    });
    assert!(matches!(refused, StoreFailure::InUse { pid: 0 }), "{refused}");
    assert_whole(&store);
}

#[test]
fn a_node_that_finds_another_has_been_there_stops_writing() {
    tenure_testbed::needs!(postgres);
    let bed = Bed::postgres();
    let store = bed.open();
    record(&store, bed.ids.entry()).unwrap();
    settled(&store);
    // What another node does first when it opens the database.
    bed.raw("UPDATE log_head SET epoch = epoch + 1").unwrap();
    bed.raw(END_SESSIONS).unwrap();
    assert_eq!(
        stopped(&store),
        "another Tenure took this database over while the connection was lost (epoch 3, ours was 2); \
         this one stopped writing. Let only one of the two run"
    );
    let refused = record(&store, bed.ids.entry()).unwrap_err();
    assert!(refused.to_string().contains("took this database over"), "{refused}");
}

#[test]
fn a_server_that_comes_back_with_an_older_state_is_refused() {
    tenure_testbed::needs!(postgres);
    let bed = Bed::postgres();
    let store = bed.open();
    record(&store, bed.ids.entry()).unwrap();
    settled(&store);
    store.close();
    let server = bed.server();
    server.sql("postgres", &format!("CREATE DATABASE older TEMPLATE {DATABASE}")).unwrap();
    let store = bed.open();
    record(&store, bed.ids.entry()).unwrap();
    assert_eq!(settled(&store), 2);
    server.sql("postgres", &format!("ALTER DATABASE {DATABASE} ALLOW_CONNECTIONS false")).unwrap();
    server.sql("postgres", END_SESSIONS).unwrap();
    until("the sessions ended", || {
        server.sql("postgres", &format!("ALTER DATABASE {DATABASE} RENAME TO newer")).ok()
    });
    server.sql("postgres", &format!("ALTER DATABASE older RENAME TO {DATABASE}")).unwrap();
    let why = stopped(&store);
    assert!(
        why.starts_with("the database was rolled back: its log has 1 entries, but 2 were seen here"),
        "{why}"
    );
}
