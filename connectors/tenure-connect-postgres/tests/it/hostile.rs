//! Names a person should never give a role, and somebody will.

use crate::stage::{Remembers, act, name, runtime, secret, shown, source_with, start, target};
use tenure_connect::{Act, Effect};
use tenure_model::{ControlPlane, StepKind};
use tenure_testbed::{needs, quote_identifier};

const NAMES: [&str; 14] = [
    "with space",
    "qu\"ote",
    "apo'strophe",
    "back\\slash",
    "semi;DROP TABLE t;--",
    "\" SUPERUSER; --",
    "line\nbreak\ttab",
    "\u{202e}desrever",
    "per%cent%s%I",
    "$1",
    "<b>html</b>&amp;",
    "PUBLIC",
    "sixty-three bytes: ééééééééééééééééééééé!!",
    "current_user",
];

#[test]
fn every_verb_works_on_every_name() {
    needs!(postgres);
    let postgres = start();
    postgres.sql("postgres", "CREATE TABLE t (); CREATE ROLE \"he\"\"ir\"").unwrap();
    let longest = "x".repeat(63);
    let names: Vec<&str> = NAMES.iter().copied().chain([longest.as_str()]).collect();
    for role in &names {
        let quoted = quote_identifier(role);
        let script = format!(
            "CREATE ROLE {quoted} LOGIN PASSWORD 'first'; GRANT SELECT ON t TO {quoted}; \
             COMMENT ON ROLE {quoted} IS 'hint'; CREATE SCHEMA {quoted} AUTHORIZATION {quoted};"
        );
        postgres.sql("postgres", &script).unwrap();
    }
    let source = source_with(&postgres, &[], &[("heir", "he\"ir")]);
    let value = secret("installed-0123456789");
    runtime().block_on(async {
        let survey = Remembers::survey(&*source).await;
        for role in names {
            assert_eq!(
                survey.principals().filter(|seen| seen.name == role && !seen.built_in).count(),
                1,
                "{role:?}"
            );
            let target = target(&postgres, role);
            assert!(source.keepsake(&target).await.unwrap().is_some(), "{role:?}");
            let radius = source.blast_radius(&target, None).await.unwrap();
            assert_eq!((radius.grants, radius.owned.len()), (1, 1), "{role:?}");
            act(&*source, &target, Act::Deny { value: &value }).await.unwrap();
            assert_eq!(
                source.effect(&target, StepKind::Deny, Some(&value)).await,
                Effect::Present,
                "{role:?}"
            );
            let answer = source.probe(&name("primary"), &target, &value).await;
            assert_eq!(shown(&answer), "accepted", "{role:?}");
            act(&*source, &target, Act::Disable).await.unwrap();
            let answer = source.probe(&name("primary"), &target, &value).await;
            assert!(shown(&answer).starts_with("refused: 28000"), "{role:?}: {answer:?}");
            assert!(!shown(&answer).contains(['\n', '\u{202e}']), "{role:?} breaks the line");
            act(&*source, &target, Act::EndSessions).await.unwrap();
            act(&*source, &target, Act::Delete { heir: None }).await.unwrap();
            assert_eq!(source.control_plane(&target).await, ControlPlane::Absent, "{role:?}");
        }
    });
    assert_eq!(postgres.sql("postgres", "SELECT count(*) FROM pg_class WHERE relname = 't'").unwrap(), "1");
    let supers = postgres.sql("postgres", "SELECT count(*) FROM pg_roles WHERE rolsuper").unwrap();
    assert_eq!(supers, "1");
}

#[test]
fn a_database_of_any_name_is_read_and_entered() {
    needs!(postgres);
    let postgres = start();
    postgres.sql("postgres", "CREATE ROLE app LOGIN; CREATE ROLE heir").unwrap();
    let names = ["a/b", "qu\"o'te", "line\nbreak", "per%20cent", "sslmode=disable user=x"];
    for database in names {
        postgres.create_database(database).unwrap();
        postgres.sql(database, "CREATE TABLE t (); ALTER TABLE t OWNER TO app").unwrap();
    }
    let source = source_with(&postgres, &[], &[("heir", "heir")]);
    let app = target(&postgres, "app");
    runtime().block_on(async {
        let survey = Remembers::survey(&*source).await;
        for database in names {
            for part in ["owned", "grants", "inherited", "copies"] {
                let ended = survey.ended.get(&format!("{part}/{database}"));
                assert_eq!(ended, Some(&tenure_model::Completeness::Whole), "{part}/{database:?}");
            }
        }
        act(&*source, &app, Act::Delete { heir: None }).await.unwrap();
    });
    for database in names {
        let owner = "SELECT pg_get_userbyid(relowner) FROM pg_class WHERE relname = 't'";
        assert_eq!(postgres.sql(database, owner).unwrap(), "heir", "{database:?}");
    }
}
