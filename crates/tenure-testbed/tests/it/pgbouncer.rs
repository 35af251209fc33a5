//! A pooler as an enforcement point with a memory of its own.
//!
//! Both ways of knowing passwords are tried with right and wrong ones, before and after the server changed
//! its mind.

use tenure_testbed::{
    PgBouncer, PgBouncerAuth, PgBouncerOptions, PoolMode, Postgres, PostgresOptions, needs,
};

fn primary_with_app() -> Postgres {
    let primary = Postgres::start(&PostgresOptions::default()).unwrap();
    primary.sql("postgres", "CREATE ROLE app LOGIN PASSWORD 'right'").unwrap();
    primary
}

fn verifier(primary: &Postgres) -> String {
    primary.sql("postgres", "SELECT rolpassword FROM pg_authid WHERE rolname = 'app'").unwrap()
}

/// PgBouncer's words differ between versions; that it refuses, and is not merely out of reach, does not.
fn assert_refused(pooler: &PgBouncer, password: &str) {
    let refused = pooler.sql_as("app", password, "postgres", "SELECT 1").unwrap_err();
    let words = ["SASL authentication failed", "password authentication failed", "no such user"];
    assert!(words.iter().any(|word| refused.message.contains(word)), "{refused}");
}

#[test]
fn with_an_authentication_query_the_pooler_follows_the_server() {
    needs!(postgres, pgbouncer);
    let primary = primary_with_app();
    let options = PgBouncerOptions { auth: PgBouncerAuth::AuthQuery, pool_mode: PoolMode::Transaction };
    let pooler = PgBouncer::start(&primary, options).unwrap();
    primary.create_database("later").unwrap();
    for database in ["postgres", "later"] {
        assert_eq!(pooler.sql_as("app", "right", database, "SELECT current_user").unwrap(), "app");
    }
    assert_refused(&pooler, "wrong");

    primary.sql("postgres", "ALTER ROLE app NOLOGIN").unwrap();
    assert_refused(&pooler, "right");
    assert!(pooler.admin("SHOW POOLS").unwrap().contains("app"));
}

#[test]
fn with_a_user_list_the_pooler_believes_an_old_password_until_it_reloads() {
    needs!(postgres, pgbouncer);
    let primary = primary_with_app();
    let old = vec![("app".to_owned(), verifier(&primary))];
    let options = PgBouncerOptions { auth: PgBouncerAuth::Userlist(old), pool_mode: PoolMode::Transaction };
    let pooler = PgBouncer::start(&primary, options).unwrap();
    assert_eq!(pooler.sql_as("app", "right", "postgres", "SELECT current_user").unwrap(), "app");
    assert_refused(&pooler, "wrong");

    primary.sql("postgres", "ALTER ROLE app PASSWORD 'new'").unwrap();
    // The server refuses the old password; the pooler still lets it use the connection it holds.
    assert!(primary.sql_as("app", "right", "postgres", "SELECT 1").is_err());
    assert_eq!(pooler.sql_as("app", "right", "postgres", "SELECT current_user").unwrap(), "app");

    pooler.write_userlist(&[("app".to_owned(), verifier(&primary))]).unwrap();
    pooler.reload().unwrap();
    assert_refused(&pooler, "right");
    pooler.restart().unwrap();
    assert_eq!(pooler.sql_as("app", "new", "postgres", "SELECT current_user").unwrap(), "app");
    pooler.stop().unwrap();
    assert!(pooler.pid().is_err());
    assert!(pooler.sql_as("app", "new", "postgres", "SELECT 1").is_err());
}
