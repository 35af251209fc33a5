//! What a blast radius shows before anything is done.
//!
//! Each thing it foretells is made at a real server. Must never change what it reads: what really
//! happens is in `act.rs`.

use crate::stage::{runtime, source_with, start, start_with, target, try_source, until, url};
use tenure_connect::{BlastRadius, OutsideFailure};
use tenure_testbed::{PostgresOptions, Replica, needs};

fn shown(radius: &BlastRadius) -> String {
    let owned: Vec<String> =
        radius.owned.iter().map(|owned| format!("{}: {} {}", owned.place, owned.count, owned.kind)).collect();
    format!(
        "owned: {}\ngrants: {}\nmembers: {}\nheir: {:?}\nwarnings:\n  {}\nrefusals: {:?}\nundo: {:?}",
        owned.join(", "),
        radius.grants,
        radius.members.join(", "),
        radius.heir,
        radius.warnings.join("\n  "),
        radius.refusals,
        radius.undo_restores_value,
    )
}

#[test]
fn a_blast_radius_counts_across_databases_and_warns() {
    needs!(postgres);
    let postgres = start_with(PostgresOptions {
        settings: vec![("wal_level".to_owned(), "logical".to_owned())],
        ..PostgresOptions::default()
    });
    postgres.create_database("shop").unwrap();
    let script =
        "CREATE ROLE app LOGIN SUPERUSER PASSWORD 'x'; CREATE ROLE grp; CREATE ROLE sub; CREATE ROLE heir;
        GRANT grp TO app; GRANT app TO sub;
        CREATE SUBSCRIPTION feed CONNECTION 'host=nowhere' PUBLICATION p WITH (connect = false);
        ALTER SUBSCRIPTION feed OWNER TO app; CREATE TABLE t (); GRANT SELECT ON t TO app;
        SET ROLE app; GRANT grp TO sub;";
    postgres.sql("postgres", script).unwrap();
    let shop = "SET ROLE app; CREATE TABLE a (); CREATE VIEW b AS SELECT 1;
        CREATE FUNCTION f() RETURNS int SECURITY DEFINER LANGUAGE sql AS 'SELECT 1';
        CREATE FUNCTION e() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'; CREATE EVENT TRIGGER trip ON sql_drop EXECUTE FUNCTION e();
        ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC; CREATE POLICY p ON a TO app;
        BEGIN; CREATE TABLE pending (); PREPARE TRANSACTION 'pending'";
    postgres.sql("shop", shop).unwrap();
    let app = target(&postgres, "app");
    let source = source_with(&postgres, &[], &[("heir", "heir")]);
    insta::assert_snapshot!(shown(&runtime().block_on(source.blast_radius(&app, None)).unwrap()));
}

#[test]
fn sessions_at_every_server_and_unread_points_are_named() {
    needs!(postgres);
    let postgres = start();
    postgres.sql("postgres", "CREATE ROLE app LOGIN PASSWORD 'x'").unwrap();
    let replica = Replica::start(&postgres).unwrap();
    let gone = Replica::start(&postgres).unwrap();
    gone.stop().unwrap();
    let points = [
        ("replica-1", replica.url("postgres")),
        ("replica-2", gone.url("postgres")),
        ("pooler", url(1, "x", "postgres")),
    ];
    let source = source_with(&postgres, &points, &[]);
    std::thread::scope(|scope| {
        scope.spawn(|| replica.sql_as("app", "x", "postgres", "SELECT pg_sleep(60)"));
        let here = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'app'";
        until("a session at the replica", || replica.sql("postgres", here).unwrap() == "1");
        let radius = runtime().block_on(source.blast_radius(&target(&postgres, "app"), None)).unwrap();
        assert_eq!(radius.sessions.iter().map(|one| one.point.as_str()).collect::<Vec<_>>(), ["replica-1"]);
        assert_eq!(radius.unread.len(), 2, "{:?}", radius.unread);
        let waiting = "clients that wait inside the pooler `pooler` cannot be listed";
        assert!(radius.warnings.iter().any(|warning| warning == waiting), "{:?}", radius.warnings);
        assert!(radius.unread[0].starts_with("replica-2: could not be reached"));
        assert!(radius.unread[1].starts_with("pooler: could not be reached"));
        replica
            .sql("postgres", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'app'")
            .unwrap();
    });
}

#[test]
fn what_must_not_be_ended_says_why() {
    needs!(postgres);
    let postgres = start();
    let script = "CREATE ROLE keeper LOGIN CREATEROLE PASSWORD 'k'; CREATE ROLE team; GRANT team TO keeper;
        CREATE ROLE heir; CREATE ROLE root LOGIN SUPERUSER; CREATE ROLE app LOGIN;";
    postgres.sql("postgres", script).unwrap();
    let points = [("primary", url(postgres.port(), "keeper", "postgres"))];
    let source = try_source(&points, "k", &[("heir", "heir")]).unwrap();
    let refusals = |target: &tenure_connect::Target| {
        let (role, radius) = (&target.name, runtime().block_on(source.blast_radius(target, None)).unwrap());
        format!("{role}: {}; undo: {:?}", radius.refusals.join("; "), radius.undo_restores_value.is_ok())
    };
    let mut rows: Vec<String> = ["app", "keeper", "team", "heir", "pg_monitor", "root"]
        .map(|role| refusals(&target(&postgres, role)))
        .to_vec();
    let root = target(&postgres, "root");
    postgres.sql("postgres", &format!("ALTER ROLE {} NOLOGIN", postgres.superuser())).unwrap();
    rows.push(format!("alone: {}", refusals(&root)));
    insta::assert_snapshot!(rows.join("\n"));
}

#[test]
fn a_role_that_is_gone_has_no_blast_radius() {
    needs!(postgres);
    let postgres = start();
    postgres.sql("postgres", "CREATE ROLE app").unwrap();
    let app = target(&postgres, "app");
    postgres.sql("postgres", "DROP ROLE app").unwrap();
    let failure = runtime().block_on(source_with(&postgres, &[], &[]).blast_radius(&app, None)).unwrap_err();
    assert!(matches!(failure, OutsideFailure::TargetChanged { .. }), "{failure}");
}

#[test]
fn what_our_account_may_not_do_is_said_before_it_is_planned() {
    needs!(postgres);
    let postgres = start();
    let script = "CREATE ROLE reader LOGIN PASSWORD 'k'; CREATE ROLE keeper LOGIN CREATEROLE PASSWORD 'k';
        CREATE ROLE root LOGIN SUPERUSER; CREATE ROLE app LOGIN; CREATE ROLE other; CREATE ROLE plain LOGIN;
        CREATE TABLE of_root (); GRANT SELECT, INSERT ON of_root TO app;
        CREATE TABLE of_other (); ALTER TABLE of_other OWNER TO other; GRANT SELECT ON of_other TO plain";
    postgres.sql("postgres", script).unwrap();
    let mut rows = Vec::new();
    for account in ["reader", "keeper", postgres.superuser()] {
        let points = [("primary", url(postgres.port(), account, "postgres"))];
        let password = if account == postgres.superuser() { postgres.password() } else { "k" };
        let source = try_source(&points, password, &[]).unwrap();
        for role in ["app", "plain", "root"] {
            let radius = runtime().block_on(source.blast_radius(&target(&postgres, role), None)).unwrap();
            rows.push(format!("{account} {role}: {:?} {:?}", radius.refusals, radius.warnings));
        }
    }
    let rows = rows.join("\n").replace(postgres.superuser(), "<superuser>");
    insta::assert_snapshot!(rows);
}

#[test]
fn the_account_a_pooler_may_look_logins_up_with_is_pointed_out() {
    needs!(postgres);
    let postgres = start();
    let script = "CREATE ROLE reads LOGIN; GRANT SELECT ON pg_shadow TO reads; CREATE ROLE calls LOGIN; CREATE ROLE app LOGIN;
        CREATE FUNCTION lookup(text) RETURNS SETOF record LANGUAGE sql SECURITY DEFINER
          AS 'SELECT usename, passwd FROM pg_shadow WHERE usename = $1';
        REVOKE ALL ON FUNCTION lookup(text) FROM PUBLIC; GRANT EXECUTE ON FUNCTION lookup(text) TO calls;";
    postgres.sql("postgres", script).unwrap();
    let warned = |points: &[(&str, String)], role: &str| {
        let source = source_with(&postgres, points, &[]);
        let radius = runtime().block_on(source.blast_radius(&target(&postgres, role), None)).unwrap();
        radius.warnings.iter().any(|warning| warning.contains("everybody behind pooler is locked out"))
    };
    let pooler = [("pooler", postgres.url("postgres"))];
    assert!(warned(&pooler, "reads"));
    assert!(warned(&pooler, "calls"));
    assert!(!warned(&pooler, "app"));
    assert!(!warned(&[], "reads"), "without a pooler there is nobody to lock out");
}

#[test]
fn a_server_under_two_addresses_is_pointed_out() {
    needs!(postgres);
    let postgres = start();
    postgres.sql("postgres", "CREATE ROLE app LOGIN; CREATE ROLE maker LOGIN CREATEROLE").unwrap();
    let replica = Replica::start(&postgres).unwrap();
    let points = [
        ("replica-1", replica.url("postgres")),
        ("replica-2", postgres.url("postgres")),
        ("replica-3", replica.url("postgres")),
    ];
    let source = source_with(&postgres, &points, &[]);
    let app = runtime().block_on(source.blast_radius(&target(&postgres, "app"), None)).unwrap();
    let twice = |point: &str, first: &str| {
        format!("`{point}` is the server of `{first}` under another address: its refusal shows nothing more")
    };
    assert_eq!(app.warnings, [twice("replica-2", "primary"), twice("replica-3", "replica-1")]);
    let report = runtime().block_on(source.check()).unwrap();
    let troubled: Vec<&str> = report
        .points
        .iter()
        .filter(|(_, trouble)| trouble.is_some())
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(troubled, ["replica-2", "replica-3"]);
    let maker = runtime().block_on(source.blast_radius(&target(&postgres, "maker"), None)).unwrap();
    assert!(
        maker.warnings.iter().any(|warning| warning.starts_with("it may create roles")),
        "{:?}",
        maker.warnings
    );
}
