//! What `check` reports.

use crate::stage::{runtime, source_with, start, try_source, url};
use tenure_connect::{Ability, CheckReport, OutsideFailure};
use tenure_testbed::{Replica, needs};

fn shown(report: &CheckReport) -> String {
    let ability = |ability: &Ability| {
        let mark = if ability.able { "yes" } else { "no" };
        let remedy = ability.remedy.as_deref().map_or(String::new(), |remedy| format!(" -> {remedy}"));
        format!("{mark}: {}{remedy}", ability.what)
    };
    let lines: Vec<String> = report.abilities.iter().map(ability).collect();
    format!("as {}\n{}", report.account, lines.join("\n"))
}

#[test]
fn a_superuser_can_do_everything() {
    needs!(postgres);
    let postgres = start();
    let replica = Replica::start(&postgres).unwrap();
    let stopped = Replica::start(&postgres).unwrap();
    stopped.stop().unwrap();
    let points = [("replica-1", replica.url("postgres")), ("replica-2", stopped.url("postgres"))];
    let report = runtime().block_on(source_with(&postgres, &points, &[]).check()).unwrap();
    assert!(report.system.starts_with("PostgreSQL 1"), "{}", report.system);
    assert!(report.abilities.iter().all(|ability| ability.able && ability.remedy.is_none()), "{report:?}");
    assert_eq!(report.points.len(), 3);
    assert_eq!((&report.points[0].1, &report.points[1].1), (&None, &None));
    assert!(report.points[2].1.as_deref().is_some_and(|why| why.starts_with("could not be reached")));
}

#[test]
fn a_plain_account_is_told_what_it_lacks_and_the_statement_that_grants_it() {
    needs!(postgres);
    let postgres = start();
    let script = "CREATE ROLE \"Odd\"\"name\" LOGIN PASSWORD 'x'; CREATE DATABASE closed;";
    for line in script.split(';').filter(|line| !line.is_empty()) {
        postgres.sql("postgres", line).unwrap();
    }
    postgres.sql("postgres", "REVOKE CONNECT ON DATABASE closed FROM PUBLIC").unwrap();
    let source =
        try_source(&[("primary", url(postgres.port(), "Odd%22name", "postgres"))], "x", &[]).unwrap();
    let report = runtime().block_on(source.check()).unwrap();
    insta::assert_snapshot!(shown(&report));
}

#[test]
fn our_own_account_turned_away_is_for_the_operator() {
    needs!(postgres);
    let postgres = start();
    let source = try_source(&[("primary", postgres.url("postgres"))], "wrong-canary", &[]).unwrap();
    let failure = runtime().block_on(source.check()).unwrap_err();
    assert!(!format!("{failure} {failure:?}").contains("canary"));
    insta::assert_snapshot!(failure, @r#"refused (28P01): password authentication failed for user "testbed_admin""#);
    let source = try_source(&[("primary", postgres.url("nowhere"))], postgres.password(), &[]).unwrap();
    let failure = runtime().block_on(source.check()).unwrap_err();
    insta::assert_snapshot!(failure, @r#"refused (3D000): database "nowhere" does not exist"#);
}

#[test]
fn a_replica_as_primary_is_noticed() {
    needs!(postgres);
    let postgres = start();
    postgres.sql("postgres", "CREATE ROLE app LOGIN").unwrap();
    let replica = Replica::start(&postgres).unwrap();
    let source = try_source(&[("primary", replica.url("postgres"))], postgres.password(), &[]).unwrap();
    let report = runtime().block_on(source.check()).unwrap();
    let last = report.abilities.last().unwrap();
    assert!(!last.able);
    let target = crate::stage::target(&postgres, "app");
    let failure =
        runtime().block_on(crate::stage::act(&*source, &target, tenure_connect::Act::Disable)).unwrap_err();
    assert!(matches!(failure, OutsideFailure::Refused { .. }), "{failure}");
    insta::assert_snapshot!(failure, @"refused (25006): cannot execute ALTER ROLE in a read-only transaction");
}
