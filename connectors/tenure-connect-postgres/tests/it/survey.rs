//! What a survey sees.
//!
//! Roles, passwords, rights with their paths, access rules and sessions of a private server, as
//! observations; and what a role that may see less is told about what it could not see.

use crate::stage::{Remembers, runtime, secret, source, source_with, start, start_with, target, until};
use tenure_connect::Act;
use tenure_model::{CredentialState, Fact, PrincipalKind, names};
use tenure_testbed::{PostgresOptions, Replica, needs};

#[test]
fn a_survey_shows_roles_with_their_attributes_and_comments() {
    needs!(postgres);
    let postgres = start();
    let script = "CREATE ROLE app LOGIN SUPERUSER PASSWORD 'x' CONNECTION LIMIT 7;
        COMMENT ON ROLE app IS 'owner: team shop';
        CREATE ROLE readers; CREATE ROLE off NOLOGIN PASSWORD 'y' REPLICATION BYPASSRLS CREATEDB CREATEROLE;";
    postgres.sql("postgres", script).unwrap();
    let survey = runtime().block_on(Remembers::survey(&*source(&postgres)));

    let app = survey.principal("app");
    assert_eq!(app.key.0, target(&postgres, "app").key.0);
    assert_eq!((app.kind, app.built_in), (PrincipalKind::Account, false));
    assert_eq!(app.charter_hint.as_deref(), Some("owner: team shop"));
    assert_eq!(app.facts.get(names::SUPERUSER), Some(&Fact::Flag(true)));
    assert_eq!(app.facts.get("sessions_max"), Some(&Fact::Number(7)));
    assert_eq!(survey.principal("readers").kind, PrincipalKind::Group);
    let off = survey.principal("off");
    assert_eq!(off.kind, PrincipalKind::Account, "it has a password and could log in again");
    for name in
        [names::REPLICATION, names::BYPASS_ROW_SECURITY, names::CREATE_DATABASES, names::CREATE_PRINCIPALS]
    {
        assert_eq!(off.facts.get(name), Some(&Fact::Flag(true)), "{name}");
    }
    assert!(survey.principal("pg_monitor").built_in);
    assert!(survey.principal(postgres.superuser()).built_in);
    assert!(survey.principal("PUBLIC").built_in);
    insta::assert_snapshot!(survey.extents(), @r"
    access-rules: whole
    copies/postgres: whole
    credentials: whole
    databases: whole
    grants/postgres: whole
    inherited-databases: whole
    inherited-memberships: whole
    inherited/postgres: whole
    memberships: whole
    owned/postgres: whole
    roles: whole
    sessions: whole
    ");
}

#[test]
fn a_survey_shows_how_passwords_are_kept_and_never_the_verifier() {
    needs!(postgres);
    let postgres = start();
    let script = "CREATE ROLE good LOGIN PASSWORD 'long and random';
        CREATE ROLE nopass LOGIN; CREATE ROLE off NOLOGIN PASSWORD 'x';
        CREATE ROLE past LOGIN PASSWORD 'x' VALID UNTIL '2020-01-01Z';
        CREATE ROLE soon LOGIN PASSWORD 'x' VALID UNTIL '2099-01-01Z';
        CREATE ROLE ever LOGIN PASSWORD 'x' VALID UNTIL 'infinity';
        SET password_encryption = md5;
        CREATE ROLE old LOGIN PASSWORD 'something'; CREATE ROLE silly LOGIN PASSWORD 'silly';
        CREATE ROLE empty LOGIN PASSWORD 'x';
        UPDATE pg_authid SET rolpassword = 'md5' || md5('empty') WHERE rolname = 'empty';
        CREATE ROLE weak LOGIN PASSWORD 'SCRAM-SHA-256$1000:c2FsdHNhbHQ=$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=';";
    postgres.sql("postgres", script).unwrap();
    let survey = runtime().block_on(Remembers::survey(&*source(&postgres)));

    assert!(survey.credential("nopass").is_none());
    let shown = ["good", "off", "past", "soon", "ever", "old", "silly", "empty", "weak"].map(|role| {
        let credential = survey.credential(role).unwrap();
        let until = credential.valid_until.map_or(String::new(), |until| format!(" until {until}"));
        format!("{role}: {}{until} {:?}", credential.state, credential.facts)
    });
    insta::assert_snapshot!(shown.join("\n"));
    assert_eq!(survey.credential("good").unwrap().state, CredentialState::Live);
    let verifiers =
        postgres.sql("postgres", "SELECT rolpassword FROM pg_authid WHERE rolpassword IS NOT NULL").unwrap();
    let everything = format!("{} {:?}", serde_json::to_string(&survey.seen).unwrap(), survey.notes);
    for verifier in verifiers.lines() {
        assert!(!everything.contains(verifier), "a verifier shows");
        let key = verifier.rsplit(['$', ':']).next().unwrap();
        assert!(!everything.contains(key), "a key of a verifier shows");
    }
}

#[test]
fn equal_verifiers_have_equal_fingerprints() {
    needs!(postgres);
    let postgres = start();
    let script = "CREATE ROLE one LOGIN PASSWORD 'md5a3556571e93b0d20722ba62be61e8c2d';
        CREATE ROLE two LOGIN PASSWORD 'md5a3556571e93b0d20722ba62be61e8c2d';
        CREATE ROLE six LOGIN PASSWORD 'md5a3556571e93b0d20722ba62be61e8c2e';";
    postgres.sql("postgres", script).unwrap();
    let survey = runtime().block_on(Remembers::survey(&*source(&postgres)));
    let of = |role: &str| survey.credential(role).unwrap().fingerprint.clone().unwrap();
    assert_eq!(of("one"), of("two"));
    assert_ne!(of("one"), of("six"));
}

#[test]
fn a_survey_shows_rights_with_their_path_in_every_database() {
    needs!(postgres);
    let postgres = start();
    postgres.create_database("shop").unwrap();
    let roles =
        "CREATE ROLE app LOGIN; CREATE ROLE readers; CREATE ROLE staff; CREATE ROLE keeper NOINHERIT LOGIN;
        GRANT readers TO app WITH ADMIN OPTION; GRANT staff TO readers; GRANT staff TO keeper;
        GRANT CREATE ON DATABASE shop TO staff; GRANT SET ON PARAMETER work_mem TO app;";
    postgres.sql("postgres", roles).unwrap();
    let shop = r#"CREATE SCHEMA "Odd Schema"; GRANT USAGE ON SCHEMA "Odd Schema" TO readers;
        CREATE TABLE orders (id int, card text); CREATE VIEW seen AS SELECT 1 AS one; CREATE SEQUENCE numbers;
        CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT 1'; REVOKE ALL ON FUNCTION f FROM PUBLIC;
        GRANT SELECT, UPDATE ON orders TO staff WITH GRANT OPTION; GRANT SELECT (card) ON orders TO app;
        GRANT SELECT ON seen TO PUBLIC; GRANT USAGE ON SEQUENCE numbers TO app; GRANT EXECUTE ON FUNCTION f TO app;
        GRANT SELECT ON pg_authid TO app; ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO app;
        CREATE TABLE theirs (); ALTER TABLE theirs OWNER TO readers; CREATE TYPE mood AS ENUM ('a');
        ALTER TYPE mood OWNER TO app; SELECT lo_create(4711); GRANT SELECT ON LARGE OBJECT 4711 TO app;"#;
    postgres.sql("shop", shop).unwrap();
    let survey = runtime().block_on(Remembers::survey(&*source(&postgres)));
    insta::assert_snapshot!("rights_of_app", survey.rights("app"));
    insta::assert_snapshot!("rights_of_keeper", survey.rights("keeper"));
    insta::assert_snapshot!("rights_of_public", survey.rights("PUBLIC"));
    assert!(survey.rights("readers").contains("owner* on shop/table/public.theirs"));
}

#[test]
fn a_survey_shows_access_rules_that_need_no_password() {
    needs!(postgres);
    let hba_lines = ["host all safe all reject", "host shop +trusted all trust", "local all odd peer"];
    let postgres = start_with(PostgresOptions {
        hba_lines: hba_lines.map(str::to_owned).to_vec(),
        ..PostgresOptions::default()
    });
    let script =
        "CREATE ROLE trusted; CREATE ROLE app LOGIN IN ROLE trusted; CREATE ROLE safe LOGIN IN ROLE trusted;
        CREATE ROLE odd LOGIN; CREATE ROLE plain LOGIN; CREATE ROLE off NOLOGIN IN ROLE trusted;";
    postgres.sql("postgres", script).unwrap();
    let survey = runtime().block_on(Remembers::survey(&*source(&postgres)));
    let rule = |role: &str| survey.principal(role).facts.get(names::PASSWORDLESS_RULE).cloned();
    assert_eq!(rule("app"), Some(Fact::Text("line 2: host shop +trusted all trust".to_owned())));
    for role in ["safe", "odd", "plain", "off"] {
        assert_eq!(rule(role), None, "{role}");
    }
    let others = survey.principal("odd").facts.get("other_ways_in").cloned();
    assert_eq!(others, Some(Fact::Texts(vec!["line 3: local all odd peer".to_owned()])));
}

#[test]
fn a_survey_shows_who_is_logged_in_at_every_server() {
    needs!(postgres);
    let postgres = start();
    postgres.sql("postgres", "CREATE ROLE app LOGIN PASSWORD 'x'").unwrap();
    let replica = Replica::start(&postgres).unwrap();
    let points = [("replica-1", replica.url("postgres"))];
    std::thread::scope(|scope| {
        scope.spawn(|| {
            postgres.sql_as("app", "x", "postgres", "SET application_name = 'etl'; SELECT pg_sleep(60)")
        });
        scope.spawn(|| {
            replica.sql_as("app", "x", "postgres", "SET application_name = 'report'; SELECT pg_sleep(60)")
        });
        let sleeping = "SELECT count(*) FROM pg_stat_activity WHERE application_name IN ('etl', 'report')";
        until("a session at the primary", || postgres.sql("postgres", sleeping).unwrap() == "1");
        until("a session at the replica", || replica.sql("postgres", sleeping).unwrap() == "1");
        let source = source_with(&postgres, &points, &[]);
        let survey = runtime().block_on(Remembers::survey(&*source));
        let app = survey.principal("app");
        let mut uses: Vec<String> = survey
            .uses()
            .filter(|seen| seen.principal == app.key)
            .map(|seen| format!("{} {} {}", seen.consumer, seen.bucket, seen.count))
            .collect();
        uses.sort();
        insta::assert_snapshot!(uses.join("\n"), @r"
        127.0.0.1 (etl) 2026-11-21T12:00:00Z 1
        127.0.0.1 (report) 2026-11-21T12:00:00Z 1
        ");
        assert!(survey.notes.iter().any(|note| note.remedy.contains("log_connections")));
        let target = target(&postgres, "app");
        runtime().block_on(crate::stage::act(&*source, &target, Act::EndSessions)).unwrap();
    });
}

#[test]
fn a_survey_shows_copies_of_passwords_by_fingerprint() {
    needs!(postgres);
    let postgres = start_with(PostgresOptions {
        settings: vec![("wal_level".to_owned(), "logical".to_owned())],
        ..PostgresOptions::default()
    });
    let script = "CREATE ROLE app LOGIN;
        CREATE FOREIGN DATA WRAPPER far; CREATE SERVER elsewhere FOREIGN DATA WRAPPER far OPTIONS (host 'db.example', port '5433');
        CREATE USER MAPPING FOR app SERVER elsewhere OPTIONS (user 'loader', password 'hunter2-canary');
        CREATE USER MAPPING FOR PUBLIC SERVER elsewhere OPTIONS (user 'guest');
        CREATE SUBSCRIPTION feed CONNECTION 'host=feed.example user=feeder password=hunter2-canary' PUBLICATION p
            WITH (connect = false);";
    postgres.sql("postgres", script).unwrap();
    let survey = runtime().block_on(Remembers::survey(&*source(&postgres)));
    let mut shown: Vec<String> = survey
        .sightings()
        .map(|sighting| {
            let towards = sighting.towards.as_deref().unwrap_or("nowhere");
            let value = if sighting.fingerprint.is_some() { "value seen" } else { "no value" };
            format!("{} towards {towards}: {} ({value})", sighting.principal_name, sighting.place)
        })
        .collect();
    shown.sort();
    insta::assert_snapshot!(shown.join("\n"));
    let prints: Vec<_> = survey.sightings().filter_map(|sighting| sighting.fingerprint.clone()).collect();
    assert_eq!(prints.len(), 2);
    assert_eq!(prints[0], prints[1], "the same value has the same fingerprint wherever it lies");
    assert!(!serde_json::to_string(&survey.seen).unwrap().contains("hunter2"));
}

#[test]
fn a_receiver_that_goes_away_stops_the_survey_without_a_failure() {
    needs!(postgres);
    let postgres = start();
    let mut sink = Remembers { close_after: Some(1), ..Remembers::default() };
    runtime().block_on(source(&postgres).observe(crate::stage::now(), &mut sink)).unwrap();
    assert!(!sink.ended.contains_key("databases"));
}

#[test]
fn inherited_rights_beyond_the_bound_are_said_to_be_part() {
    needs!(postgres);
    let postgres = start();
    let script = "CREATE ROLE everyone;
        DO $$ BEGIN FOR i IN 1..150 LOOP EXECUTE format('CREATE ROLE m%s IN ROLE everyone', i);
            EXECUTE format('CREATE TABLE t%s ()', i); EXECUTE format('GRANT SELECT ON t%s TO everyone', i); END LOOP; END $$;";
    postgres.sql("postgres", script).unwrap();
    let survey = runtime().block_on(Remembers::survey(&*source(&postgres)));
    assert!(survey.extents().contains("inherited/postgres: part: there are more than 20000"));
    assert!(survey.extents().contains("grants/postgres: whole"));
    let of = |extent: &str| survey.grants().filter(|(name, _)| *name == extent).count();
    assert_eq!(of("inherited/postgres"), 20_000);
    assert!(survey.biggest_page <= tenure_connect::PAGE_MAX);
}

#[test]
fn a_value_that_is_not_plain_is_refused_before_anything_is_sent() {
    needs!(postgres);
    let postgres = start();
    postgres.sql("postgres", "CREATE ROLE app LOGIN").unwrap();
    let value = secret("pässword-canary");
    let target = target(&postgres, "app");
    let refused =
        runtime().block_on(crate::stage::act(&*source(&postgres), &target, Act::Deny { value: &value }));
    insta::assert_snapshot!(refused.unwrap_err(), @"will not be done: the value holds characters outside printable ASCII");
}
