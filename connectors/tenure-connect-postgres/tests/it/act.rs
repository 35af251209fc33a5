//! What acts do, and what they refuse to do.
//!
//! Each act is carried out against a private server and read back there, twice: done again it must
//! change nothing. What must not be done (to ourselves, to built-ins, to a renamed role) is refused whole.

use crate::stage::{act, intent, runtime, secret, source, source_with, start, start_with, target, until};
use tenure_connect::{Act, Effect, OutsideFailure, Source, Target};
use tenure_model::{ControlPlane, Fact, Secret, StepKind, number};
use tenure_testbed::{Postgres, PostgresOptions, Replica, needs};

fn with_app() -> Postgres {
    let postgres = start();
    postgres.sql("postgres", "CREATE ROLE app LOGIN PASSWORD 'first'").unwrap();
    postgres
}

#[test]
fn deny_replaces_the_password_and_sends_no_clear_value() {
    needs!(postgres);
    let postgres = start_with(PostgresOptions {
        settings: vec![("log_statement".to_owned(), "all".to_owned())],
        ..PostgresOptions::default()
    });
    postgres.sql("postgres", "CREATE ROLE app LOGIN PASSWORD 'first' VALID UNTIL '2020-01-01Z'").unwrap();
    let (source, app) = (source(&postgres), target(&postgres, "app"));
    let value = secret("second-canary-0123456789");
    runtime().block_on(async {
        assert_eq!(source.effect(&app, StepKind::Deny, Some(&value)).await, Effect::Missing);
        let done = act(&*source, &app, Act::Deny { value: &value }).await.unwrap();
        assert!(done.changed);
        assert_eq!(done.detail.get("end_lifted"), Some(&Fact::Flag(true)));
        assert_eq!(source.effect(&app, StepKind::Deny, Some(&value)).await, Effect::Present);
        assert_eq!(source.effect(&app, StepKind::Deny, Some(&secret("other"))).await, Effect::Missing);
    });
    assert!(postgres.sql_as("app", "second-canary-0123456789", "postgres", "SELECT 1").is_ok());
    assert!(postgres.sql_as("app", "first", "postgres", "SELECT 1").is_err());
    let log = postgres.log().unwrap();
    assert!(!log.contains("second-canary"), "the value is in the server's log");
    let verifier =
        postgres.sql("postgres", "SELECT rolpassword FROM pg_authid WHERE rolname = 'app'").unwrap();
    assert!(!log.contains(&verifier), "the verifier is in the server's log");
}

#[test]
fn an_intent_carried_out_twice_leaves_the_same_verifier() {
    needs!(postgres);
    let postgres = with_app();
    let (source, app) = (source(&postgres), target(&postgres, "app"));
    let verifier =
        || postgres.sql("postgres", "SELECT rolpassword FROM pg_authid WHERE rolname = 'app'").unwrap();
    let value = secret("value");
    runtime().block_on(act(&*source, &app, Act::Deny { value: &value })).unwrap();
    let once = verifier();
    runtime().block_on(act(&*source, &app, Act::Deny { value: &value })).unwrap();
    assert_eq!(verifier(), once);
}

#[test]
fn disable_ends_sessions_and_enable_brings_the_former_password_back() {
    needs!(postgres);
    let postgres = with_app();
    let (source, app) = (source(&postgres), target(&postgres, "app"));
    let runtime = runtime();
    std::thread::scope(|scope| {
        scope.spawn(|| postgres.sql_as("app", "first", "postgres", "SELECT pg_sleep(60)"));
        let here = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'app'";
        until("a session", || postgres.sql("postgres", here).unwrap() == "1");
        runtime.block_on(async {
            assert_eq!(source.effect(&app, StepKind::Disable, None).await, Effect::Missing);
            let kept = source.keepsake(&app).await.unwrap().unwrap();
            let value = secret("second");
            act(&*source, &app, Act::Deny { value: &value }).await.unwrap();
            let done = act(&*source, &app, Act::Disable).await.unwrap();
            assert_eq!(number(&done.detail, "sessions_ended"), Some(1));
            assert_eq!(source.effect(&app, StepKind::Disable, None).await, Effect::Present);
            assert_eq!(source.control_plane(&app).await, ControlPlane::Disabled);
            let again = act(&*source, &app, Act::Disable).await.unwrap();
            assert!(!again.changed);
            act(&*source, &app, Act::Enable { keepsake: Some(&kept) }).await.unwrap();
            assert_eq!(source.effect(&app, StepKind::Enable, None).await, Effect::Present);
            assert_eq!(source.control_plane(&app).await, ControlPlane::Enabled);
        });
    });
    assert!(postgres.sql_as("app", "first", "postgres", "SELECT 1").is_ok());
    assert!(postgres.sql_as("app", "second", "postgres", "SELECT 1").is_err());
}

#[test]
fn an_undo_restores_no_password_and_an_end_as_they_were() {
    needs!(postgres);
    let postgres = start();
    postgres
        .sql(
            "postgres",
            "CREATE ROLE bare LOGIN; CREATE ROLE past LOGIN PASSWORD 'x' VALID UNTIL '2020-01-01Z'",
        )
        .unwrap();
    let source = source(&postgres);
    let stored = "SELECT rolname, rolpassword, rolvaliduntil FROM pg_authid WHERE rolname IN ('bare', 'past') ORDER BY 1";
    let before = postgres.sql("postgres", stored).unwrap();
    for role in ["bare", "past"] {
        let target = target(&postgres, role);
        runtime().block_on(async {
            let kept = source.keepsake(&target).await.unwrap().unwrap();
            act(&*source, &target, Act::Deny { value: &secret("other") }).await.unwrap();
            act(&*source, &target, Act::Disable).await.unwrap();
            act(&*source, &target, Act::Enable { keepsake: Some(&kept) }).await.unwrap();
        });
    }
    // No end and an infinite end mean the same and are written differently.
    assert_eq!(postgres.sql("postgres", stored).unwrap().replace("infinity", ""), before);
}

#[test]
fn sessions_are_ended_at_the_replica_too() {
    needs!(postgres);
    let postgres = with_app();
    let replica = Replica::start(&postgres).unwrap();
    let source = source_with(&postgres, &[("replica-1", replica.url("postgres"))], &[]);
    let app = target(&postgres, "app");
    std::thread::scope(|scope| {
        scope.spawn(|| replica.sql_as("app", "first", "postgres", "SELECT pg_sleep(60)"));
        let here = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'app'";
        until("a session at the replica", || replica.sql("postgres", here).unwrap() == "1");
        runtime().block_on(async {
            let derived = source.derived(&app).await;
            assert_eq!((derived.found.len(), derived.unread.len()), (1, 0));
            assert_eq!(
                (derived.found[0].point.as_str(), derived.found[0].kind.as_str()),
                ("replica-1", "session")
            );
            assert_eq!(source.effect(&app, StepKind::EndSessions, None).await, Effect::Missing);
            let done = act(&*source, &app, Act::EndSessions).await.unwrap();
            assert_eq!(number(&done.detail, "sessions_ended_replica-1"), Some(1));
            assert_eq!(source.effect(&app, StepKind::EndSessions, None).await, Effect::Present);
            assert!(source.derived(&app).await.found.is_empty());
        });
    });
}

#[test]
fn sessions_of_a_dropped_role_are_still_found_and_ended() {
    needs!(postgres);
    let postgres = with_app();
    let (source, app) = (source(&postgres), target(&postgres, "app"));
    std::thread::scope(|scope| {
        scope.spawn(|| postgres.sql_as("app", "first", "postgres", "SELECT pg_sleep(60)"));
        let here = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'app'";
        until("a session", || postgres.sql("postgres", here).unwrap() == "1");
        postgres.sql("postgres", "DROP ROLE app").unwrap();
        runtime().block_on(async {
            assert_eq!(source.control_plane(&app).await, ControlPlane::Absent);
            assert_eq!(source.derived(&app).await.found.len(), 1);
            let done = act(&*source, &app, Act::EndSessions).await.unwrap();
            assert!(done.changed);
            assert!(source.derived(&app).await.found.is_empty());
        });
    });
}

#[test]
fn delete_hands_over_in_every_database_and_removes_the_role() {
    needs!(postgres);
    let postgres = with_app();
    for database in ["shop", "Odd \"db\" %s"] {
        postgres.create_database(database).unwrap();
        let script = "CREATE SCHEMA app AUTHORIZATION app; CREATE TABLE app.t (); ALTER TABLE app.t OWNER TO app;
            CREATE TABLE other (); GRANT SELECT ON other TO app;
            ALTER DEFAULT PRIVILEGES FOR ROLE app GRANT SELECT ON TABLES TO PUBLIC;
            CREATE FUNCTION app.f() RETURNS int LANGUAGE sql AS 'SELECT 1'; ALTER FUNCTION app.f OWNER TO app;";
        postgres.sql(database, script).unwrap();
    }
    let script = "CREATE ROLE heir; CREATE ROLE grp; GRANT grp TO app; CREATE ROLE sub; GRANT app TO sub;
        GRANT CONNECT ON DATABASE shop TO app; CREATE DATABASE theirs OWNER app;";
    for line in script.split(';').filter(|line| !line.trim().is_empty()) {
        postgres.sql("postgres", line).unwrap();
    }
    let (source, app) = (source_with(&postgres, &[], &[("heir", "heir")]), target(&postgres, "app"));
    runtime().block_on(async {
        assert_eq!(source.effect(&app, StepKind::Delete, None).await, Effect::Missing);
        let done = act(&*source, &app, Act::Delete { heir: None }).await.unwrap();
        assert!(done.changed);
        assert_eq!(source.effect(&app, StepKind::Delete, None).await, Effect::Present);
        let again = act(&*source, &app, Act::Delete { heir: None }).await.unwrap();
        assert!(!again.changed, "a role that is gone is deleted");
    });
    let owner =
        "SELECT string_agg(DISTINCT pg_get_userbyid(relowner), ',') FROM pg_class WHERE relname = 't'";
    for database in ["shop", "Odd \"db\" %s"] {
        assert_eq!(postgres.sql(database, owner).unwrap(), "heir");
    }
    let owner = "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'theirs'";
    assert_eq!(postgres.sql("postgres", owner).unwrap(), "heir");
    assert_eq!(postgres.sql("postgres", "SELECT count(*) FROM pg_roles WHERE rolname = 'app'").unwrap(), "0");
}

fn refused(postgres: &Postgres, source: &dyn Source, role: &str, wish: Act<'_>) -> OutsideFailure {
    runtime().block_on(act(source, &target(postgres, role), wish)).unwrap_err()
}

#[test]
fn delete_refuses_before_anything_is_dropped() {
    needs!(postgres);
    let postgres = with_app();
    postgres.create_database("closed").unwrap();
    let script =
        "CREATE TABLE t (); ALTER TABLE t OWNER TO app; CREATE TABLE u (); GRANT SELECT ON u TO app;";
    postgres.sql("closed", script).unwrap();
    postgres
        .sql("postgres", "CREATE ROLE heir; CREATE TABLE mine (); ALTER TABLE mine OWNER TO app")
        .unwrap();
    let source = source(&postgres);
    let delete = |heir| refused(&postgres, &*source, "app", Act::Delete { heir });
    insta::assert_snapshot!(delete(None), @"refused (2BP01): it owns 2 objects and no heir is named");
    insta::assert_snapshot!(delete(Some("nobody")), @"refused (42704): the heir `nobody` is not a role here");
    insta::assert_snapshot!(delete(Some("app")), @"will not be done: a role cannot be its own heir");
    postgres.sql("postgres", "ALTER DATABASE closed WITH ALLOW_CONNECTIONS false").unwrap();
    insta::assert_snapshot!(delete(Some("heir")), @r#"refused (42501): it owns or holds something in databases Tenure cannot enter: "closed""#);
    let owner = "SELECT pg_get_userbyid(relowner) FROM pg_class WHERE relname = 'mine'";
    assert_eq!(postgres.sql("postgres", owner).unwrap(), "app", "nothing was handed over");
}

#[test]
fn delete_without_an_heir_withdraws_rights_and_destroys_nothing() {
    needs!(postgres);
    let postgres = with_app();
    postgres.sql("postgres", "CREATE TABLE t (); GRANT SELECT ON t TO app").unwrap();
    let (source, app) = (source(&postgres), target(&postgres, "app"));
    runtime().block_on(act(&*source, &app, Act::Delete { heir: None })).unwrap();
    assert_eq!(postgres.sql("postgres", "SELECT count(*) FROM pg_class WHERE relname = 't'").unwrap(), "1");
}

#[test]
fn delete_rolls_back_prepared_transactions_of_the_role() {
    needs!(postgres);
    let postgres = with_app();
    postgres.create_database("shop").unwrap();
    postgres.sql("shop", "GRANT CREATE ON SCHEMA public TO app").unwrap();
    let script = "BEGIN; CREATE TABLE pending (); PREPARE TRANSACTION 'it''s pending'";
    postgres.sql_as("app", "first", "shop", script).unwrap();
    let (source, app) = (source(&postgres), target(&postgres, "app"));
    runtime().block_on(async {
        let derived = source.derived(&app).await;
        assert_eq!(
            derived.found.iter().map(|one| one.kind.as_str()).collect::<Vec<_>>(),
            ["prepared transaction"]
        );
        let done = act(&*source, &app, Act::Delete { heir: None }).await.unwrap();
        assert_eq!(number(&done.detail, "prepared_transactions_rolled_back"), Some(1));
        assert!(source.derived(&app).await.found.is_empty());
    });
}

#[test]
fn nothing_is_done_to_ourselves_or_to_what_is_built_in() {
    needs!(postgres);
    let postgres = with_app();
    let script = "CREATE ROLE keeper LOGIN CREATEROLE PASSWORD 'k'; CREATE ROLE team; CREATE ROLE area;
        GRANT area TO team; GRANT team TO keeper;";
    postgres.sql("postgres", script).unwrap();
    let keeper = crate::stage::try_source(
        &[("primary", crate::stage::url(postgres.port(), "keeper", "postgres"))],
        "k",
        &[],
    )
    .unwrap();
    let rows = ["keeper", "team", "area", "pg_monitor", postgres.superuser()]
        .map(|role| format!("{role}: {}", refused(&postgres, &*keeper, role, Act::Disable)));
    insta::assert_snapshot!(rows.join("\n"));
}

#[test]
fn an_act_stops_when_key_and_name_no_longer_belong_together() {
    needs!(postgres);
    let postgres = with_app();
    let (source, app) = (source(&postgres), target(&postgres, "app"));
    postgres
        .sql("postgres", "ALTER ROLE app RENAME TO former; CREATE ROLE app LOGIN PASSWORD 'new'")
        .unwrap();
    let value = secret("v");
    for wish in [Act::Deny { value: &value }, Act::Disable, Act::EndSessions, Act::Delete { heir: None }] {
        let failure = runtime().block_on(act(&*source, &app, wish)).unwrap_err();
        assert!(matches!(failure, OutsideFailure::TargetChanged { .. }), "{failure}");
    }
    let untouched = "SELECT count(*) FROM pg_roles WHERE rolname IN ('app', 'former') AND rolcanlogin";
    assert_eq!(postgres.sql("postgres", untouched).unwrap(), "2");
    assert!(matches!(runtime().block_on(source.control_plane(&app)), ControlPlane::Unread { .. }));
}

#[test]
fn a_role_that_is_gone_is_not_changed_and_neither_is_its_successor() {
    needs!(postgres);
    let postgres = with_app();
    let (source, app) = (source(&postgres), target(&postgres, "app"));
    postgres.sql("postgres", "DROP ROLE app; CREATE ROLE app LOGIN PASSWORD 'new'").unwrap();
    let runtime = runtime();
    let disabled = runtime.block_on(act(&*source, &app, Act::Disable)).unwrap_err();
    assert!(matches!(disabled, OutsideFailure::TargetChanged { .. }), "{disabled}");
    let deleted = runtime.block_on(act(&*source, &app, Act::Delete { heir: None })).unwrap();
    assert!(!deleted.changed);
    assert!(postgres.sql_as("app", "new", "postgres", "SELECT 1").is_ok());
}

#[test]
fn what_the_role_made_for_others_is_listed_as_alive() {
    needs!(postgres);
    let postgres = start_with(PostgresOptions {
        settings: vec![("wal_level".to_owned(), "logical".to_owned())],
        ..PostgresOptions::default()
    });
    let script = "CREATE ROLE app LOGIN SUPERUSER PASSWORD 'first'; CREATE ROLE grp; CREATE ROLE friend;
        SET ROLE app; GRANT grp TO friend;
        CREATE FOREIGN DATA WRAPPER far; CREATE SERVER elsewhere FOREIGN DATA WRAPPER far;
        CREATE USER MAPPING FOR app SERVER elsewhere;
        CREATE SUBSCRIPTION feed CONNECTION 'host=nowhere' PUBLICATION p WITH (connect = false);";
    postgres.sql("postgres", script).unwrap();
    let (source, app) = (source(&postgres), target(&postgres, "app"));
    let reading = runtime().block_on(source.derived(&app));
    let kinds: Vec<String> = reading
        .found
        .iter()
        .map(|one| {
            format!(
                "{} {}",
                one.kind,
                one.name.replace(|letter: char| letter.is_ascii_digit(), "").trim_end()
            )
        })
        .collect();
    insta::assert_snapshot!(kinds.join("\n"), @r"
    membership friend in grp
    subscription oid
    user mapping oid  in postgres
    ");
}

#[test]
fn a_foreign_keepsake_is_refused() {
    needs!(postgres);
    let postgres = with_app();
    let (source, app) = (source(&postgres), target(&postgres, "app"));
    let kept: Secret<String> = secret("hunter2-canary");
    let failure = runtime().block_on(act(&*source, &app, Act::Enable { keepsake: Some(&kept) })).unwrap_err();
    assert!(!format!("{failure} {failure:?}").contains("hunter2"));
    let foreign = Target::principal(tenure_model::PrincipalKey("uid:1".to_owned()), "app".to_owned());
    assert_eq!(intent(&foreign).record().principal.0, "uid:1");
    let failure = runtime().block_on(act(&*source, &foreign, Act::Disable)).unwrap_err();
    assert!(matches!(failure, OutsideFailure::TargetChanged { .. }), "{failure}");
}

#[test]
fn a_function_that_would_run_with_the_heirs_rights_is_not_handed_over() {
    needs!(postgres);
    let postgres = start();
    let script =
        "CREATE ROLE app LOGIN; CREATE ROLE heir; GRANT CREATE ON SCHEMA public TO app, heir; SET ROLE app;
        CREATE TABLE t (); CREATE FUNCTION plain() RETURNS int LANGUAGE sql AS 'SELECT 1';
        CREATE FUNCTION trap() RETURNS int SECURITY DEFINER LANGUAGE sql AS 'SELECT 1';";
    postgres.sql("postgres", script).unwrap();
    let (source, app) = (source_with(&postgres, &[], &[("heir", "heir")]), target(&postgres, "app"));
    runtime().block_on(async {
        act(&*source, &app, Act::Disable).await.unwrap();
        let refused = act(&*source, &app, Act::Delete { heir: None }).await.unwrap_err().to_string();
        assert!(refused.contains("SECURITY DEFINER functions") && refused.contains("trap()"), "{refused}");
        let owner = "SELECT pg_get_userbyid(relowner) FROM pg_class WHERE relname = 't'";
        assert_eq!(postgres.sql("postgres", owner).unwrap(), "app", "nothing was handed over");
        postgres.sql("postgres", "DROP FUNCTION trap()").unwrap();
        act(&*source, &app, Act::Delete { heir: None }).await.unwrap();
        assert_eq!(postgres.sql("postgres", owner).unwrap(), "heir");
    });
}
