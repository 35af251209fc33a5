//! What a probe may and may not say: twins that differ in one thing, of which one must not prove.
//!
//! A wrong value, another host, a paused replica, a pooler with its own list, a rule that asks for
//! nothing: in each the refusal or acceptance proves nothing, and the probe has to say so.

use crate::stage::{act, name, runtime, secret, shown, source_with, start, start_with, target, url};
use tenure_connect::{Act, Source, Target};
use tenure_model::{ProbeAnswer, Secret};
use tenure_testbed::{
    PgBouncer, PgBouncerAuth, PgBouncerOptions, PoolMode, Postgres, PostgresOptions, Replica, needs,
};

const VALUE: &str = "installed-by-tenure-0123456789";

fn with_app() -> Postgres {
    let postgres = start();
    postgres.sql("postgres", "CREATE ROLE app LOGIN PASSWORD 'first'").unwrap();
    postgres
}

async fn probe(source: &dyn Source, point: &str, target: &Target, value: &Secret<String>) -> String {
    shown(&source.probe(&name(point), target, value).await)
}

fn pooler(postgres: &Postgres, auth: PgBouncerAuth) -> PgBouncer {
    PgBouncer::start(postgres, PgBouncerOptions { auth, pool_mode: PoolMode::Transaction }).unwrap()
}

#[test]
fn a_probe_follows_a_password_through_its_life() {
    needs!(postgres);
    let postgres = with_app();
    let (source, app, value) = (source_with(&postgres, &[], &[]), target(&postgres, "app"), secret(VALUE));
    let rows = runtime().block_on(async {
        let mut rows = vec![format!("before: {}", probe(&*source, "primary", &app, &value).await)];
        act(&*source, &app, Act::Deny { value: &value }).await.unwrap();
        rows.push(format!("installed: {}", probe(&*source, "primary", &app, &value).await));
        rows.push(format!("wrong value: {}", probe(&*source, "primary", &app, &secret("wrong")).await));
        rows.push(format!("no such point: {}", probe(&*source, "elsewhere", &app, &value).await));
        act(&*source, &app, Act::Disable).await.unwrap();
        rows.push(format!("disabled: {}", probe(&*source, "primary", &app, &value).await));
        rows.push(format!(
            "disabled, wrong value: {}",
            probe(&*source, "primary", &app, &secret("wrong")).await
        ));
        act(&*source, &app, Act::Delete { heir: None }).await.unwrap();
        rows.push(format!("deleted: {}", probe(&*source, "primary", &app, &value).await));
        rows
    });
    insta::assert_snapshot!(rows.join("\n"));
}

#[test]
fn a_name_that_was_given_to_another_role_proves_nothing() {
    needs!(postgres);
    let postgres = with_app();
    let (source, app, value) = (source_with(&postgres, &[], &[]), target(&postgres, "app"), secret(VALUE));
    runtime().block_on(async {
        act(&*source, &app, Act::Deny { value: &value }).await.unwrap();
        act(&*source, &app, Act::Disable).await.unwrap();
        act(&*source, &app, Act::Delete { heir: None }).await.unwrap();
        let gone = probe(&*source, "primary", &app, &value).await;
        assert!(gone.starts_with("refused: 28P01"), "{gone}");
        // Somebody makes it again, with its former password.
        postgres.sql("postgres", "CREATE ROLE app LOGIN PASSWORD 'first'").unwrap();
        let again = probe(&*source, "primary", &app, &value).await;
        assert!(again.starts_with("cannot know: another role of this name is there"), "{again}");
        postgres.sql("postgres", "ALTER ROLE app PASSWORD 'installed-by-tenure-0123456789'").unwrap();
        assert_eq!(probe(&*source, "primary", &app, &value).await, "accepted", "whoever it is, it is alive");
    });
}

#[test]
fn an_error_after_the_password_was_accepted_is_an_acceptance() {
    needs!(postgres);
    let postgres = with_app();
    postgres.create_database("closed").unwrap();
    let script = "REVOKE CONNECT ON DATABASE closed FROM PUBLIC; ALTER ROLE app PASSWORD 'installed-by-tenure-0123456789';
        CREATE ROLE full LOGIN CONNECTION LIMIT 0 PASSWORD 'installed-by-tenure-0123456789'";
    postgres.sql("postgres", script).unwrap();
    let points = [
        ("missing", url(postgres.port(), postgres.superuser(), "no_such_database")),
        ("closed", url(postgres.port(), postgres.superuser(), "closed")),
    ];
    let source = source_with(&postgres, &points, &[]);
    let (app, full, value) = (target(&postgres, "app"), target(&postgres, "full"), secret(VALUE));
    runtime().block_on(async {
        assert_eq!(probe(&*source, "missing", &app, &value).await, "accepted");
        assert_eq!(probe(&*source, "closed", &app, &value).await, "accepted");
        assert_eq!(probe(&*source, "primary", &full, &value).await, "accepted");
        let wrong = probe(&*source, "missing", &app, &secret("wrong")).await;
        assert!(wrong.starts_with("refused: 28P01"), "{wrong}");
    });
}

#[test]
fn a_point_that_never_asks_or_turns_us_away_by_address_cannot_know() {
    needs!(postgres);
    let hba = ["host all trusted all trust", "host all away all reject", "host all clear all password"];
    let postgres = start_with(PostgresOptions {
        hba_lines: hba.map(str::to_owned).to_vec(),
        ..PostgresOptions::default()
    });
    let roles = ["trusted", "away", "clear"];
    for role in roles {
        postgres.sql("postgres", &format!("CREATE ROLE {role} LOGIN PASSWORD '{VALUE}'")).unwrap();
    }
    let source = source_with(&postgres, &[], &[]);
    let value = secret(VALUE);
    let rows = runtime().block_on(async {
        let mut rows = Vec::new();
        for role in roles {
            let target = target(&postgres, role);
            rows.push(format!("{role}: {}", probe(&*source, "primary", &target, &value).await));
            postgres.sql("postgres", &format!("ALTER ROLE {role} NOLOGIN")).unwrap();
            rows.push(format!("{role}, disabled: {}", probe(&*source, "primary", &target, &value).await));
        }
        rows
    });
    let address = "\"127.0.0.1\"";
    insta::assert_snapshot!(rows.join("\n").replace(address, "<address>"));
}

#[test]
fn a_point_that_is_not_there_or_does_not_answer_is_unreachable() {
    needs!(postgres);
    let postgres = with_app();
    let away = with_app();
    let points = [("gone", url(away.port(), "x", "postgres"))];
    let source = source_with(&postgres, &points, &[]);
    let app = target(&postgres, "app");
    away.stop().unwrap();
    let answer = runtime().block_on(source.probe(&name("gone"), &app, &secret(VALUE)));
    assert!(matches!(answer, ProbeAnswer::Unreachable { .. }), "{answer:?}");
}

#[test]
fn a_wrong_host_refuses_before_and_after_and_so_has_no_control() {
    needs!(postgres);
    let postgres = with_app();
    let stranger = with_app();
    let source = source_with(&postgres, &[("wrong", stranger.url("postgres"))], &[]);
    let (app, value) = (target(&postgres, "app"), secret(VALUE));
    runtime().block_on(async {
        act(&*source, &app, Act::Deny { value: &value }).await.unwrap();
        assert_eq!(probe(&*source, "primary", &app, &value).await, "accepted");
        let wrong = probe(&*source, "wrong", &app, &value).await;
        assert!(wrong.starts_with("refused: 28P01"), "the control fails here: {wrong}");
        // Its oids mean other roles: it is neither looked at nor acted on.
        let derived = source.derived(&app).await;
        assert_eq!(derived.unread.iter().map(|(point, _)| point.as_str()).collect::<Vec<_>>(), ["wrong"]);
        let done = act(&*source, &app, Act::EndSessions).await.unwrap();
        assert!(done.detail.contains_key("passed_over_wrong"), "{done:?}");
        let points = source.check().await.unwrap().points;
        let wrong = points.iter().find(|(point, _)| point.as_str() == "wrong").unwrap();
        insta::assert_snapshot!(wrong.1.as_deref().unwrap_or_default(), @"refused (another cluster): this point is neither the primary nor a standby of it");
    });
}

#[test]
fn a_replica_that_does_not_replay_still_accepts() {
    needs!(postgres);
    let postgres = with_app();
    let replica = Replica::start(&postgres).unwrap();
    let source = source_with(&postgres, &[("replica-1", replica.url("postgres"))], &[]);
    let (app, value) = (target(&postgres, "app"), secret(VALUE));
    let runtime = runtime();
    runtime.block_on(act(&*source, &app, Act::Deny { value: &value })).unwrap();
    replica.wait_caught_up(&postgres).unwrap();
    assert_eq!(runtime.block_on(probe(&*source, "replica-1", &app, &value)), "accepted");
    replica.pause_replay().unwrap();
    runtime.block_on(act(&*source, &app, Act::Disable)).unwrap();
    runtime.block_on(act(&*source, &app, Act::Delete { heir: None })).unwrap();
    assert!(runtime.block_on(probe(&*source, "primary", &app, &value)).starts_with("refused"));
    assert_eq!(runtime.block_on(probe(&*source, "replica-1", &app, &value)), "accepted");
    replica.resume_replay().unwrap();
    replica.wait_caught_up(&postgres).unwrap();
    assert!(runtime.block_on(probe(&*source, "replica-1", &app, &value)).starts_with("refused"));
}

/// Every answer of one pooler through the life of a password.
fn life_behind(postgres: &Postgres, pooler: &PgBouncer) -> String {
    let point = url(pooler.port(), postgres.superuser(), "postgres");
    let source = source_with(postgres, &[("pooler", point)], &[]);
    let (app, value) = (target(postgres, "app"), secret(VALUE));
    let rows = runtime().block_on(async {
        let mut rows = Vec::new();
        rows.push(format!("first value: {}", probe(&*source, "pooler", &app, &secret("first")).await));
        act(&*source, &app, Act::Deny { value: &value }).await.unwrap();
        rows.push(format!(
            "first value, replaced: {}",
            probe(&*source, "pooler", &app, &secret("first")).await
        ));
        rows.push(format!("installed: {}", probe(&*source, "pooler", &app, &value).await));
        rows.push(format!("wrong value: {}", probe(&*source, "pooler", &app, &secret("wrong")).await));
        act(&*source, &app, Act::Disable).await.unwrap();
        rows.push(format!("disabled: {}", probe(&*source, "pooler", &app, &value).await));
        rows.push(format!(
            "first value, disabled: {}",
            probe(&*source, "pooler", &app, &secret("first")).await
        ));
        act(&*source, &app, Act::Delete { heir: None }).await.unwrap();
        rows.push(format!("deleted: {}", probe(&*source, "pooler", &app, &value).await));
        rows.push(format!(
            "first value, deleted: {}",
            probe(&*source, "pooler", &app, &secret("first")).await
        ));
        rows
    });
    rows.join("\n")
}

#[test]
fn a_pooler_that_asks_the_server_follows_it() {
    needs!(postgres, pgbouncer);
    let postgres = with_app();
    let pooler = pooler(&postgres, PgBouncerAuth::AuthQuery);
    insta::assert_snapshot!(life_behind(&postgres, &pooler));
}

#[test]
fn a_pooler_with_a_list_of_its_own_gives_no_control_and_so_no_proof() {
    needs!(postgres, pgbouncer);
    let postgres = with_app();
    let stored = postgres.sql("postgres", "SELECT rolpassword FROM pg_authid WHERE rolname = 'app'").unwrap();
    let pooler = pooler(&postgres, PgBouncerAuth::Userlist(vec![("app".to_owned(), stored)]));
    insta::assert_snapshot!(life_behind(&postgres, &pooler));
}

#[test]
fn a_pooler_that_checks_md5_says_no_in_other_words() {
    needs!(postgres, pgbouncer);
    let postgres = start();
    postgres
        .sql("postgres", "SET password_encryption = md5; CREATE ROLE app LOGIN PASSWORD 'first'")
        .unwrap();
    let stored = postgres.sql("postgres", "SELECT rolpassword FROM pg_authid WHERE rolname = 'app'").unwrap();
    let pooler = pooler(&postgres, PgBouncerAuth::Userlist(vec![("app".to_owned(), stored)]));
    let point = url(pooler.port(), postgres.superuser(), "postgres");
    let source = source_with(&postgres, &[("pooler", point)], &[]);
    let (app, wrong) = (target(&postgres, "app"), secret("wrong"));
    let answer = runtime().block_on(probe(&*source, "pooler", &app, &wrong));
    assert_eq!(answer, "refused: 08P01 password authentication failed");
}

#[test]
fn a_pooler_that_nobody_called_one_is_recognised() {
    needs!(postgres, pgbouncer);
    let postgres = with_app();
    let pooler = pooler(&postgres, PgBouncerAuth::AuthQuery);
    let point = url(pooler.port(), postgres.superuser(), "postgres");
    let source = source_with(&postgres, &[("front", point)], &[]);
    let app = target(&postgres, "app");
    runtime().block_on(async {
        assert!(source.check().await.unwrap().points.iter().all(|(_, trouble)| trouble.is_none()));
        let done = act(&*source, &app, Act::EndSessions).await.unwrap();
        assert!(done.detail.contains_key("passed_over_front"), "{done:?}");
        assert!(source.derived(&app).await.unread.is_empty());
        assert_eq!(probe(&*source, "front", &app, &secret("first")).await, "accepted");
        assert!(probe(&*source, "front", &app, &secret("wrong")).await.starts_with("refused"));
    });
}

#[test]
fn a_pooler_that_does_not_know_the_role_refuses_from_the_start() {
    needs!(postgres, pgbouncer);
    let postgres = with_app();
    let pooler = pooler(&postgres, PgBouncerAuth::Userlist(Vec::new()));
    insta::assert_snapshot!(life_behind(&postgres, &pooler));
}

#[test]
fn a_probe_says_who_it_is() {
    needs!(postgres);
    let postgres = start_with(PostgresOptions {
        settings: vec![
            ("log_connections".to_owned(), "on".to_owned()),
            ("log_line_prefix".to_owned(), "%a ".to_owned()),
        ],
        ..PostgresOptions::default()
    });
    postgres.sql("postgres", &format!("CREATE ROLE app LOGIN PASSWORD '{VALUE}'")).unwrap();
    let source = source_with(&postgres, &[], &[]);
    runtime().block_on(source.probe(&name("primary"), &target(&postgres, "app"), &secret(VALUE)));
    let log = postgres.log().unwrap();
    assert!(
        log.contains("connection authorized: user=app database=postgres application_name=tenure-probe"),
        "{log}"
    );
    assert!(!log.contains("unexpected EOF"), "the probe says goodbye");
}
