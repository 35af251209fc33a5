//! The script we ship: what each of its parts makes possible, and what is said without it.
//!
//! Parts are granted one after the other and the survey, the check and the acts are read again: a
//! part that makes no difference, or one whose lack goes unsaid, fails.

use crate::stage::{Remembers, act, runtime, secret, start, target, try_source, url};
use std::sync::Arc;
use tenure_connect::{Act, Effect, OutsideFailure, Source};
use tenure_connect_postgres::LEAST_PRIVILEGE;
use tenure_model::{Fact, StepKind};
use tenure_testbed::{Postgres, needs};

/// The parts of the script by the name in brackets that begins each.
fn part(wanted: &str) -> String {
    let mut found = String::new();
    let mut inside = false;
    for line in LEAST_PRIVILEGE.lines() {
        if let Some(rest) = line.strip_prefix("-- [") {
            inside = rest.split(']').next() == Some(wanted);
        }
        if inside {
            found.push_str(line);
            found.push('\n');
        }
    }
    assert!(!found.is_empty(), "the script has no part {wanted}");
    found
}

const PASSWORD: &str = "of-tenure";

fn with_parts(parts: &[&str]) -> (Postgres, Arc<dyn Source>) {
    let postgres = start();
    postgres.create_database("shop").unwrap();
    postgres.create_database("closed").unwrap();
    postgres.sql("postgres", "REVOKE CONNECT ON DATABASE closed FROM PUBLIC").unwrap();
    let shop = "CREATE ROLE app LOGIN PASSWORD 'first'; CREATE ROLE heir; CREATE TABLE t (); ALTER TABLE t OWNER TO app;
        CREATE ROLE root LOGIN SUPERUSER PASSWORD 'r'; CREATE ROLE keeper; CREATE TABLE u (); GRANT SELECT ON u TO app; ALTER TABLE u OWNER TO keeper;
        GRANT CREATE ON SCHEMA public TO heir;
        CREATE FOREIGN DATA WRAPPER far; CREATE SERVER elsewhere FOREIGN DATA WRAPPER far;
        CREATE USER MAPPING FOR app SERVER elsewhere OPTIONS (user 'loader', password 'hunter2-canary');";
    postgres.sql("shop", shop).unwrap();
    for name in parts {
        postgres.sql("postgres", &part(name)).unwrap();
    }
    postgres.sql("postgres", &format!("ALTER ROLE tenure PASSWORD '{PASSWORD}'")).unwrap();
    let points = [("primary", url(postgres.port(), "tenure", "postgres"))];
    let source = try_source(&points, PASSWORD, &[("heir", "heir")]).unwrap();
    (postgres, source)
}

#[test]
fn the_whole_script_runs_as_it_is() {
    needs!(postgres);
    let postgres = start();
    postgres.sql("postgres", LEAST_PRIVILEGE).unwrap();
    let flags =
        "SELECT rolsuper, rolcreatedb, rolreplication, rolbypassrls FROM pg_roles WHERE rolname = 'tenure'";
    assert_eq!(postgres.sql("postgres", flags).unwrap(), "f|f|f|f");
}

#[test]
fn with_the_account_alone_a_survey_works_and_says_what_it_cannot_see() {
    needs!(postgres);
    let (_postgres, source) = with_parts(&["account"]);
    let survey = runtime().block_on(Remembers::survey(&*source));
    insta::assert_snapshot!("extents_of_the_account_alone", survey.extents());
    let notes: Vec<String> =
        survey.notes.iter().map(|note| format!("{}: {} -> {}", note.what, note.why, note.remedy)).collect();
    insta::assert_snapshot!("notes_of_the_account_alone", notes.join("\n"));
    assert!(survey.rights("app").contains("owner* on shop/table/public.t"));
    assert_eq!(survey.credentials().count(), 0);
}

#[test]
fn with_the_account_alone_every_act_is_refused_with_what_would_mend_it() {
    needs!(postgres);
    let (postgres, source) = with_parts(&["account"]);
    let app = target(&postgres, "app");
    let value = secret("v");
    let mut rows = Vec::new();
    for wish in [
        Act::Deny { value: &value },
        Act::Disable,
        Act::Delete { heir: None },
        Act::Enable { keepsake: None },
    ] {
        let shown = format!("{wish:?}");
        let verb = shown.split(' ').next().unwrap_or_default().to_owned();
        match runtime().block_on(act(&*source, &app, wish)) {
            Err(OutsideFailure::Refused { code, why, remedy }) => {
                rows.push(format!("{verb}: {code} {why} -> {remedy}"));
            }
            other => rows.push(format!("{verb}: {other:?}")),
        }
    }
    insta::assert_snapshot!(rows.join("\n"));
    assert!(runtime().block_on(source.keepsake(&app)).unwrap().is_none());
    let radius = runtime().block_on(source.blast_radius(&app, None)).unwrap();
    assert!(radius.undo_restores_value.is_err());
}

#[test]
fn with_the_reading_parts_a_survey_sees_all_but_the_closed_database() {
    needs!(postgres);
    let (postgres, source) = with_parts(&["account", "sessions", "rules", "verifiers", "copies"]);
    postgres.sql("shop", &part("copies")).unwrap();
    let survey = runtime().block_on(Remembers::survey(&*source));
    insta::assert_snapshot!("extents_with_the_reading_parts", survey.extents());
    assert!(survey.credential("app").is_some());
    assert_eq!(survey.sightings().count(), 1);
}

#[test]
fn with_the_acting_parts_a_role_is_taken_from_live_to_gone() {
    needs!(postgres);
    let (postgres, source) = with_parts(&["account", "sessions", "end-sessions", "act", "quiet"]);
    let app = target(&postgres, "app");
    let value = secret("second");
    runtime().block_on(async {
        act(&*source, &app, Act::Deny { value: &value }).await.unwrap();
        // Without sight of verifiers, the effect is seen by one attempt.
        assert_eq!(source.effect(&app, StepKind::Deny, Some(&value)).await, Effect::Present);
        assert_eq!(source.effect(&app, StepKind::Deny, Some(&secret("other"))).await, Effect::Missing);
        act(&*source, &app, Act::Disable).await.unwrap();
        assert_eq!(source.effect(&app, StepKind::Deny, Some(&value)).await, Effect::Present);
        act(&*source, &app, Act::EndSessions).await.unwrap();
        act(&*source, &app, Act::Enable { keepsake: None }).await.unwrap();
        act(&*source, &app, Act::Disable).await.unwrap();
        act(&*source, &app, Act::Delete { heir: None }).await.unwrap();
        assert_eq!(source.effect(&app, StepKind::Delete, None).await, Effect::Present);
    });
    let owner = "SELECT pg_get_userbyid(relowner) FROM pg_class WHERE relname = 't'";
    assert_eq!(postgres.sql("shop", owner).unwrap(), "heir");
    let memberships = "SELECT count(*) FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.member
        WHERE r.rolname = 'tenure' AND m.roleid >= 16384";
    assert_eq!(postgres.sql("postgres", memberships).unwrap(), "0", "borrowed rights were given back");
}

#[test]
fn a_right_that_only_a_superuser_can_withdraw_is_refused_before_anything_changes() {
    needs!(postgres);
    let (postgres, source) = with_parts(&["account", "end-sessions", "act"]);
    postgres.sql("shop", "CREATE TABLE v (); GRANT SELECT ON v TO app").unwrap();
    let radius = runtime().block_on(source.blast_radius(&target(&postgres, "app"), None)).unwrap();
    let said = |warning: &String| warning.starts_with("it holds 1 right on what superusers own");
    assert!(radius.warnings.iter().any(said), "{:?}", radius.warnings);
    let failure =
        runtime().block_on(act(&*source, &target(&postgres, "app"), Act::Delete { heir: None })).unwrap_err();
    insta::assert_snapshot!(failure, @"refused (42501): shop: 1 of its rights here are not ours to withdraw");
    let owner = "SELECT pg_get_userbyid(relowner) FROM pg_class WHERE relname = 't'";
    assert_eq!(postgres.sql("shop", owner).unwrap(), "app", "nothing was handed over");
}

#[test]
fn a_superuser_is_refused_to_an_account_that_is_none() {
    needs!(postgres);
    let (postgres, source) = with_parts(&["account", "sessions", "end-sessions", "act"]);
    let root = target(&postgres, "root");
    let failure = runtime().block_on(act(&*source, &root, Act::Disable)).unwrap_err();
    assert!(matches!(&failure, OutsideFailure::Refused { code, .. } if code == "42501"), "{failure:?}");
}

#[test]
fn the_quiet_part_keeps_the_verifier_out_of_the_log() {
    needs!(postgres);
    let (postgres, source) = with_parts(&["account", "act", "quiet"]);
    postgres.sql("postgres", "ALTER SYSTEM SET log_statement = 'all'").unwrap();
    postgres.reload().unwrap();
    crate::stage::until("the setting to be read", || {
        postgres.sql("postgres", "SHOW log_statement").unwrap() == "all"
    });
    let value = secret("second");
    runtime().block_on(act(&*source, &target(&postgres, "app"), Act::Deny { value: &value })).unwrap();
    assert!(!postgres.log().unwrap().contains("SCRAM-SHA-256$"));
}

/// A schema that its owner could not have made asks for CREATE on its database when it is handed over.
#[test]
fn handing_a_schema_over_without_create_on_its_database_is_told_before_and_mended_by_what_is_said() {
    needs!(postgres);
    let (postgres, source) = with_parts(&["account", "sessions", "end-sessions", "act"]);
    postgres.sql("shop", "CREATE SCHEMA billing AUTHORIZATION app").unwrap();
    let app = target(&postgres, "app");
    let heir = |report: tenure_connect::CheckReport| {
        let told = report.abilities.into_iter().find(|one| one.what == "hand over what is owned to `heir`");
        told.map(|told| (told.able, told.remedy.unwrap_or_default()))
    };
    let runtime = runtime();
    let grant = "GRANT CREATE ON DATABASE \"shop\" TO \"heir\"";
    assert_eq!(heir(runtime.block_on(source.check()).unwrap()), Some((false, grant.to_owned())));
    let warned = || {
        let warnings = runtime.block_on(source.blast_radius(&app, None)).unwrap().warnings;
        warnings.into_iter().find(|one| one.starts_with("what it owns cannot be handed over to `heir`"))
    };
    assert!(warned().is_some_and(|warning| warning.ends_with(grant)), "{:?}", warned());
    match runtime.block_on(act(&*source, &app, Act::Delete { heir: None })) {
        Err(OutsideFailure::Refused { code, why, remedy }) => {
            assert_eq!(format!("{code} {why}"), "42501 shop: permission denied for database shop");
            assert_eq!(remedy, grant);
        }
        other => panic!("{other:?}"),
    }
    postgres.sql("postgres", grant).unwrap();
    assert_eq!(heir(runtime.block_on(source.check()).unwrap()), Some((true, String::new())));
    assert_eq!(warned(), None);
    runtime.block_on(act(&*source, &app, Act::Delete { heir: None })).unwrap();
    let owner = "SELECT pg_get_userbyid(nspowner) FROM pg_namespace WHERE nspname = 'billing'";
    assert_eq!(postgres.sql("shop", owner).unwrap(), "heir");
}

#[test]
fn handing_a_function_over_asks_for_create_on_its_schema() {
    needs!(postgres);
    let (postgres, source) = with_parts(&["account", "sessions", "end-sessions", "act"]);
    let script = "CREATE SCHEMA tools; CREATE FUNCTION tools.one() RETURNS int LANGUAGE sql AS 'SELECT 1';
        ALTER FUNCTION tools.one() OWNER TO app";
    postgres.sql("shop", script).unwrap();
    let app = target(&postgres, "app");
    let runtime = runtime();
    let grant = "GRANT CREATE ON SCHEMA \"tools\" TO \"heir\"";
    match runtime.block_on(act(&*source, &app, Act::Delete { heir: None })) {
        Err(OutsideFailure::Refused { remedy, .. }) => {
            assert_eq!(remedy, format!("in database \"shop\": {grant}"));
        }
        other => panic!("{other:?}"),
    }
    postgres.sql("shop", grant).unwrap();
    runtime.block_on(act(&*source, &app, Act::Delete { heir: None })).unwrap();
}

#[test]
fn an_heir_whose_rights_our_account_cannot_take_is_told() {
    needs!(postgres);
    let (postgres, _) = with_parts(&["account", "act"]);
    let told = |heir: &str| {
        let points = [("primary", url(postgres.port(), "tenure", "postgres"))];
        let source = try_source(&points, PASSWORD, &[("heir", heir)]).unwrap();
        let report = runtime().block_on(source.check()).unwrap();
        let told = report.abilities.into_iter().find(|one| one.what.starts_with("hand over")).unwrap();
        (told.able, told.remedy.unwrap_or_default())
    };
    let root = told("root");
    assert!(!root.0 && root.1.contains("\"root\" is a superuser"), "{root:?}");
    let nobody = told("nobody");
    assert!(!nobody.0 && nobody.1.contains("`nobody` is not a role there"), "{nobody:?}");
    assert_eq!(told("heir"), (true, String::new()));
}

/// The account may not take a superuser's rights: what is owned needs another heir, and where nothing is owned none.
#[test]
fn an_heir_that_is_a_superuser_stops_a_deletion_only_where_something_is_handed_over() {
    needs!(postgres);
    let (postgres, _) = with_parts(&["account", "sessions", "end-sessions", "act"]);
    postgres.sql("postgres", "CREATE ROLE bare LOGIN PASSWORD 'b'").unwrap();
    let points = [("primary", url(postgres.port(), "tenure", "postgres"))];
    let source = try_source(&points, PASSWORD, &[("heir", "root")]).unwrap();
    let runtime = runtime();
    let unfit = |role: &str, heir: Option<&str>| {
        runtime.block_on(source.blast_radius(&target(&postgres, role), heir)).unwrap().heir_unfit
    };
    let why = unfit("app", None).unwrap();
    assert!(why.starts_with("\"root\" is a superuser and Tenure's account \"tenure\" is not"), "{why}");
    assert!(unfit("app", Some("nobody")).is_some_and(|why| why == "`nobody` is not a role there"));
    assert_eq!((unfit("app", Some("heir")), unfit("bare", None)), (None, None));
    match runtime.block_on(act(&*source, &target(&postgres, "app"), Act::Delete { heir: None })) {
        Err(OutsideFailure::Refused { remedy, .. }) => assert!(remedy.contains("tenure undo"), "{remedy}"),
        other => panic!("{other:?}"),
    }
    let done =
        runtime.block_on(act(&*source, &target(&postgres, "bare"), Act::Delete { heir: None })).unwrap();
    assert_eq!(done.detail["command"], Fact::Text(String::from("DROP OWNED, DROP ROLE")));
    runtime.block_on(act(&*source, &target(&postgres, "app"), Act::Delete { heir: Some("heir") })).unwrap();
    let left = "SELECT count(*) FROM pg_roles WHERE rolname IN ('app', 'bare')";
    assert_eq!(postgres.sql("postgres", left).unwrap(), "0");
    let owner = "SELECT pg_get_userbyid(relowner) FROM pg_class WHERE relname = 't'";
    assert_eq!(postgres.sql("shop", owner).unwrap(), "heir");
}
