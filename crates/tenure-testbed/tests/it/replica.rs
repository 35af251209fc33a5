//! A streaming replica as a second place where a password is accepted or refused.
//!
//! The replica that replays late is the case every prover of revocation has to survive.

use tenure_testbed::{Postgres, PostgresOptions, Replica, needs};

#[test]
fn a_replica_follows_holds_replay_back_and_comes_back_after_a_restart() {
    needs!(postgres);
    let primary = Postgres::start(&PostgresOptions::default()).unwrap();
    let replica = Replica::start(&primary).unwrap();
    assert_ne!(primary.port(), replica.port());
    assert_eq!(replica.sql("postgres", "SELECT pg_is_in_recovery()").unwrap(), "t");

    primary.sql("postgres", "CREATE ROLE app LOGIN PASSWORD 'right'").unwrap();
    replica.wait_caught_up(&primary).unwrap();
    assert_eq!(replica.sql_as("app", "right", "postgres", "SELECT 1").unwrap(), "1");

    replica.pause_replay().unwrap();
    primary.sql("postgres", "ALTER ROLE app NOLOGIN").unwrap();
    assert!(primary.sql_as("app", "right", "postgres", "SELECT 1").is_err());
    assert_eq!(replica.sql_as("app", "right", "postgres", "SELECT 1").unwrap(), "1");

    replica.resume_replay().unwrap();
    replica.wait_caught_up(&primary).unwrap();
    let refused = replica.sql_as("app", "right", "postgres", "SELECT 1").unwrap_err();
    assert_eq!(refused.refusal(), Some("28000"), "{refused}");

    replica.stop().unwrap();
    let unreachable = replica.sql_as("app", "right", "postgres", "SELECT 1").unwrap_err();
    assert_eq!(unreachable.refusal(), None, "unreachable is not refused: {unreachable}");
    primary.sql("postgres", "ALTER ROLE app LOGIN").unwrap();
    replica.restart().unwrap();
    replica.wait_caught_up(&primary).unwrap();
    assert_eq!(replica.sql_as("app", "right", "postgres", "SELECT 1").unwrap(), "1");
}
