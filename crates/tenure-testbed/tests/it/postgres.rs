//! A private primary: what it answers, and how it ends and comes back.
//!
//! Exact refusals are checked by their text, because later proofs of revocation rest on telling them apart.

use std::net::TcpStream;
use std::path::PathBuf;

use tenure_testbed::{Postgres, PostgresOptions, needs, quote_identifier};

fn start() -> Postgres {
    Postgres::start(&PostgresOptions::default()).unwrap()
}

#[test]
fn a_server_answers_reports_itself_and_leaves_nothing_behind() {
    needs!(postgres);
    let server = start();
    assert_eq!(server.sql("postgres", "SELECT 1, 'a'; SELECT 2").unwrap(), "1|a\n2");
    assert_eq!(server.url("a b"), format!("postgresql://testbed_admin@127.0.0.1:{}/a%20b", server.port()));
    assert!(server.log().unwrap().contains("ready to accept connections"));
    let (pid, data) = (server.pid().unwrap(), server.data_dir());
    assert!(data.join("PG_VERSION").exists());
    drop(server);
    assert!(!PathBuf::from(format!("/proc/{pid}")).exists());
    assert!(!data.parent().unwrap().exists());
}

#[test]
fn two_servers_at_once_know_nothing_of_each_other() {
    needs!(postgres);
    let (first, second) = (start(), start());
    first.create_database("only here").unwrap();
    let question = "SELECT count(*) FROM pg_database WHERE datname = 'only here'";
    assert_eq!(first.sql("only here", question).unwrap(), "1");
    assert_eq!(second.sql("postgres", question).unwrap(), "0");
}

#[test]
fn a_nologin_role_a_wrong_password_and_an_unknown_role_are_refused_each_in_its_way() {
    needs!(postgres);
    let server = start();
    server.sql("postgres", "CREATE ROLE app LOGIN PASSWORD 'right'").unwrap();
    assert_eq!(server.sql_as("app", "right", "postgres", "SELECT current_user").unwrap(), "app");

    let wrong = server.sql_as("app", "wrong", "postgres", "SELECT 1").unwrap_err();
    assert!(wrong.message.contains("password authentication failed for user \"app\""), "{wrong}");
    assert_eq!(wrong.refusal(), Some("28P01"));
    let unknown = server.sql_as("nobody_here", "right", "postgres", "SELECT 1").unwrap_err();
    assert_eq!(unknown.refusal(), Some("28P01"), "{unknown}");

    server.sql("postgres", "ALTER ROLE app NOLOGIN").unwrap();
    let disabled = server.sql_as("app", "right", "postgres", "SELECT 1").unwrap_err();
    assert!(disabled.message.contains("role \"app\" is not permitted to log in"), "{disabled}");
    assert_eq!(disabled.refusal(), Some("28000"));
    let disabled_and_wrong = server.sql_as("app", "wrong", "postgres", "SELECT 1").unwrap_err();
    assert_eq!(disabled_and_wrong.refusal(), Some("28P01"), "{disabled_and_wrong}");
}

#[test]
fn names_with_quotes_spaces_and_line_feeds_pass_unharmed() {
    needs!(postgres);
    let server = start();
    for name in ["a\"b", "dbname=x user=y", "two\nlines", "\u{202e}rtl", "o'clock\\"] {
        let create = format!("CREATE ROLE {} LOGIN PASSWORD 'p'", quote_identifier(name));
        server.sql("postgres", &create).unwrap();
        server.create_database(name).unwrap();
        assert_eq!(server.sql_as(name, "p", name, "SELECT current_user").unwrap(), name);
    }
}

#[test]
fn a_failing_statement_is_an_error_with_the_servers_words() {
    needs!(postgres);
    let server = start();
    let error = server.sql("postgres", "SELECT 1; SELECT * FROM nowhere; SELECT 2").unwrap_err();
    assert!(error.to_string().contains("relation \"nowhere\" does not exist"), "{error}");
}

#[test]
fn a_script_and_its_answer_may_be_longer_than_a_pipe() {
    needs!(postgres);
    let server = start();
    let script = "SELECT repeat('x', 100);\n".repeat(5_000);
    assert_eq!(server.sql("postgres", &script).unwrap().len(), 5_000 * 101 - 1);
}

#[test]
fn settings_access_rules_and_files_are_those_asked_for() {
    needs!(postgres);
    let options = PostgresOptions {
        hba_lines: vec!["host all guest 127.0.0.1/32 trust".to_owned()],
        settings: vec![("application_name".to_owned(), "it's".to_owned())],
        data_files: vec![("extra.txt".to_owned(), b"kept".to_vec())],
        max_connections: 7,
    };
    let server = Postgres::start(&options).unwrap();
    server.sql("postgres", "CREATE ROLE guest LOGIN").unwrap();
    let show = "SELECT current_setting('max_connections'), pg_read_file('extra.txt')";
    assert_eq!(server.sql("postgres", show).unwrap(), "7|kept");
    assert_eq!(server.sql_as("guest", "", "postgres", "SELECT current_user").unwrap(), "guest");

    server.set_hba_lines(&["host all guest 127.0.0.1/32 reject".to_owned()]).unwrap();
    let refused = crate::leftovers::eventually(|| server.sql_as("guest", "", "postgres", "SELECT 1").err());
    assert_eq!(refused.refusal(), Some("28000"), "{refused}");
}

#[test]
fn a_killed_server_comes_back_on_its_port_with_what_was_committed() {
    needs!(postgres);
    let server = start();
    let port = server.port();
    server.sql("postgres", "CREATE ROLE kept LOGIN PASSWORD 'p'").unwrap();
    server.kill9().unwrap();
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
    assert!(server.pid().is_err());
    server.restart().unwrap();
    assert_eq!(server.port(), port);
    assert_eq!(server.sql_as("kept", "p", "postgres", "SELECT 1").unwrap(), "1");
    server.stop().unwrap();
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
    server.restart().unwrap();
    assert_eq!(server.sql_as("kept", "p", "postgres", "SELECT 1").unwrap(), "1");
}

#[test]
fn a_paused_server_hangs_without_refusing_and_answers_when_resumed() {
    needs!(postgres);
    let server = start();
    server.pause().unwrap();
    TcpStream::connect(("127.0.0.1", server.port())).unwrap();
    std::thread::scope(|scope| {
        let asked = scope.spawn(|| server.sql("postgres", "SELECT 1"));
        let pid = server.pid().unwrap();
        let state = crate::leftovers::eventually(|| {
            let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
            status.contains("State:\tT").then_some(status)
        });
        assert!(state.contains("(stopped)"));
        assert!(!asked.is_finished(), "a stopped server cannot answer");
        server.resume().unwrap();
        assert_eq!(asked.join().unwrap().unwrap(), "1");
    });
}

#[test]
fn a_paused_server_with_open_sessions_can_be_dropped() {
    needs!(postgres);
    let server = start();
    let pid = server.pid().unwrap();
    std::thread::scope(|scope| {
        let session = scope.spawn(|| server.sql("postgres", "SELECT pg_sleep(600)"));
        let sessions = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)'";
        let open = || (server.sql("postgres", sessions).unwrap() == "1").then_some(());
        crate::leftovers::eventually(open);
        server.pause().unwrap();
        server.stop().unwrap();
        assert!(session.join().unwrap().is_err());
    });
    drop(server);
    assert!(!PathBuf::from(format!("/proc/{pid}")).exists());
}
