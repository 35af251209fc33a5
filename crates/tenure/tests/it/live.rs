//! Against a private PostgreSQL: surveys, held surveys, revocations hosted by the command itself,
//! hostile names, and a planted secret that must be nowhere.
//!
//! Each test starts its own server and skips loudly without one. Next: `tour.rs`.

use crate::program::{Place, normalised};
use std::time::{Duration, Instant};
use tenure_testbed::{Postgres, PostgresOptions, needs, quote_identifier, quote_literal};

/// A password that no output, file or log may hold.
const CANARY: &str = "canary-Zq7-hunter2-xyzzy";

pub(crate) fn started() -> Postgres {
    Postgres::start(&PostgresOptions::default()).unwrap()
}

pub(crate) fn login(postgres: &Postgres, name: &str) {
    let sql = format!(
        "CREATE ROLE {} LOGIN PASSWORD {}",
        quote_identifier(name),
        quote_literal("secret-of-a-role")
    );
    postgres.sql("postgres", &sql).unwrap();
}

/// Makes a deployment with a source `pg`, surveyed.
pub(crate) fn surveyed(postgres: &Postgres) -> Place {
    let place = Place::new();
    place.private_file("pw", postgres.password());
    place.done(&["init"]);
    let url = postgres.url("postgres");
    place.done(&["source", "add", "pg", &url, "--password-file", "pw", "--option", "lag-seconds=0"]);
    place.done(&["survey"]);
    place
}

#[test]
fn a_revocation_without_a_server_is_hosted_by_the_command_and_proved() {
    needs!(postgres);
    let postgres = started();
    login(&postgres, "reporting");
    let place = surveyed(&postgres);
    let wrong = place.run(&["revoke", "reporting", "--reason", "test", "--yes", "etl"]).ended(2);
    assert!(wrong.err.contains("--yes names `etl`, but this is about `reporting`"), "{wrong:?}");
    assert_eq!(place.done(&["plans", "--quiet"]).out, "", "no plan is left behind by a wrong name");
    let asked = place.run(&["revoke", "pg/reporting", "--reason", "test"]).ended(4);
    assert!(asked.err.contains("there is no terminal to ask for one"), "{asked:?}");
    assert!(
        postgres.sql_as("reporting", "secret-of-a-role", "postgres", "SELECT 1").is_ok(),
        "nothing was done"
    );
    let proved = place.done(&["revoke", "pg/reporting", "--reason", "contract ended", "--yes", "reporting"]);
    assert!(proved.out.contains("P4 proved in "), "{proved:?}");
    assert!(proved.out.contains("refused at 1 of 1 point ("), "{proved:?}");
    assert!(postgres.sql_as("reporting", "secret-of-a-role", "postgres", "SELECT 1").is_err());
    let shown = place.done(&["show", "pg/reporting"]);
    assert!(shown.out.contains("✓ retired"), "{shown:?}");
    let plans = place.done(&["plans", "--json"]).json();
    assert_eq!(plans["items"].as_array().unwrap().len(), 2);
    let proposed: Vec<&str> = plans["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|plan| plan["state"] == "proposed")
        .map(|plan| plan["handle"].as_str().unwrap())
        .collect();
    let withdrawn = place.done(&["undo", proposed[0]]);
    assert!(withdrawn.out.contains("Withdrawn before it began."), "{withdrawn:?}");
    for asked in [vec!["proof", proposed[0]], vec!["apply", proposed[0], "--yes", "reporting"]] {
        let taken_back = place.run(&asked).ended(1);
        assert!(taken_back.out.contains("The required P4 was not reached."), "{taken_back:?}");
    }
    let admin = place.done(&["show", &format!("pg/{}", postgres.superuser())]).out;
    assert!(admin.contains("no right is checked for it") && !admin.contains("it holds 0 rights"), "{admin}");
    assert!(admin.contains("not ended from here") && !admin.contains("a revocation would show"), "{admin}");
}

#[test]
fn what_is_not_over_in_time_goes_on_when_up_runs() {
    needs!(postgres);
    let postgres = started();
    login(&postgres, "etl");
    let place = surveyed(&postgres);
    place.done(&["source", "remove", "pg", "--yes", "pg"]);
    let (url, lag) = (postgres.url("postgres"), "lag-seconds=3");
    place.done(&["source", "add", "pg-slow", &url, "--password-file", "pw", "--option", lag]);
    place.done(&["survey"]);
    let pending =
        place.run(&["revoke", "pg-slow/etl", "--reason", "test", "--yes", "etl", "--wait", "0"]).ended(4);
    assert!(pending.out.contains("as soon as `tenure up` runs"), "{pending:?}");
    let plans = place.done(&["plans", "--json"]).json();
    let handle = plans["items"][0]["handle"].as_str().unwrap().to_owned();
    let mut up = place.begin(&["up", "--listen", "none"]);
    up.until("Next: ");
    let deadline = Instant::now() + Duration::from_mins(1);
    loop {
        let proof = place.run(&["proof", &handle]);
        if proof.code == 0 {
            assert!(proof.out.contains("P4 proved in "), "{proof:?}");
            break;
        }
        assert!(proof.code == 4 && Instant::now() < deadline, "{proof:?}");
        std::thread::yield_now();
    }
    up.stop().ended(0);
}

#[test]
fn a_disabled_identity_is_brought_back() {
    needs!(postgres);
    let postgres = started();
    login(&postgres, "etl");
    let place = surveyed(&postgres);
    place.done(&["disable", "pg/etl", "--reason", "test", "--yes", "pg/etl"]);
    assert!(postgres.sql_as("etl", "secret-of-a-role", "postgres", "SELECT 1").is_err());
    let handle = place.done(&["plans", "--json"]).json()["items"][0]["handle"].as_str().unwrap().to_owned();
    let undone = place.done(&["undo", &handle]);
    assert!(undone.out.contains("Undone: "), "{undone:?}");
    assert!(postgres.sql_as("etl", "secret-of-a-role", "postgres", "SELECT 1").is_ok());
}

#[test]
fn a_survey_that_would_lose_much_is_held_until_somebody_decides() {
    needs!(postgres);
    let postgres = started();
    for number in 0..12 {
        login(&postgres, &format!("app_{number}"));
    }
    let place = surveyed(&postgres);
    for number in 0..10 {
        postgres.sql("postgres", &format!("DROP ROLE app_{number}")).unwrap();
    }
    let held = place.run(&["survey"]).ended(4);
    assert!(held.out.contains("held for a decision"), "{held:?}");
    assert!(held.out.contains("Next: look at pg; then tenure survey pg --accept, or --discard"), "{held:?}");
    place.done(&["survey", "pg", "--discard"]);
    let counted = |place: &Place| {
        let listed = place.done(&["identities", "--contains", "app_", "--json"]).json();
        let rows = listed["items"].as_array().unwrap().clone();
        rows.iter().filter(|row| row["standing"] != "gone").count()
    };
    assert_eq!(counted(&place), 12);
    place.run(&["survey"]).ended(4);
    place.done(&["survey", "pg", "--accept"]);
    assert_eq!(counted(&place), 2);
    let twice = place.run(&["survey", "pg", "--accept"]).ended(1);
    assert!(twice.err.contains("is not held"), "{twice:?}");
}

#[test]
fn a_survey_whose_server_is_killed_is_begun_again_by_the_command_that_asked_for_it() {
    needs!(postgres);
    let postgres = started();
    login(&postgres, "etl");
    let place = Place::new();
    place.private_file("pw", postgres.password());
    let mut up = place.begin(&["up", "--listen", "none"]);
    up.until("Next: ");
    let url = postgres.url("postgres");
    place.done(&["source", "add", "pg", &url, "--password-file", "pw"]);
    postgres.pause().unwrap();
    let asked = place.begin(&["survey"]);
    let deadline = Instant::now() + Duration::from_mins(1);
    let is_running = || {
        let sources = place.done(&["source", "list", "--json"]).json();
        sources["items"][0]["last_survey"]["state"] == "running"
    };
    while !is_running() {
        assert!(Instant::now() < deadline, "the survey never began");
    }
    up.kill();
    postgres.resume().unwrap();
    let read = asked.wait().ended(0);
    assert!(read.out.contains("pg: read whole in "), "{read:?}");
    assert!(place.done(&["identities"]).out.contains("pg/etl"));
}

#[test]
fn a_source_that_cannot_be_reached_is_added_and_says_so() {
    needs!(postgres);
    let postgres = started();
    let place = Place::new();
    place.private_file("pw", postgres.password());
    place.done(&["init"]);
    let url = postgres.url("postgres");
    postgres.stop().unwrap();
    let added = place.run(&["source", "add", "pg", &url, "--password-file", "pw"]).ended(1);
    let all = normalised(&added.all(), &place);
    assert!(all.contains("tenure source check pg") && all.contains("tenure source remove pg"), "{all}");
    let checked = place.run(&["source", "check", "pg"]).ended(1);
    assert!(checked.err.starts_with("Not done: "), "no line of a log before it: {checked:?}");
    assert_eq!(checked.err.matches("cannot be reached").count().max(1), 1, "told once: {checked:?}");
    let read = place.run(&["survey", "pg"]).ended(1);
    assert!(read.err.contains("Not done: source `pg` was not read"), "{read:?}");
    assert!(!read.err.contains("ERROR") && !read.err.contains("WARN"), "{read:?}");
    assert!(read.err.contains("what was known before stays as it is"), "{read:?}");
    let missing = place.run(&["survey", "other"]).ended(1);
    assert!(missing.err.contains("there is no source `other`"), "{missing:?}");
}

#[test]
fn the_same_server_under_another_name_and_an_heir_that_is_not_there_are_told() {
    needs!(postgres);
    let postgres = started();
    let place = surveyed(&postgres);
    let url = postgres.url("postgres");
    let add = ["source", "add", "again", &url, "--password-file", "pw", "--option", "heir=nobody-here"];
    let again = place.done(&add);
    assert!(again.err.contains("`pg` reads the same server"), "{again:?}");
    place.done(&["survey", "again"]);
    let checked = place.done(&["source", "check", "again"]);
    assert!(checked.out.contains("cannot hand over what is owned to `nobody-here`"), "{checked:?}");
    assert_eq!(checked.out.matches("hand over what is owned").count(), 1, "told once: {checked:?}");
    assert!(checked.out.contains("heir=NAME") && !checked.out.contains("--heir"), "{checked:?}");
    let told = place.done(&["doctor"]);
    assert!(told.out.contains("source again, heir: `nobody-here` was not seen there"), "{told:?}");
    let sound = place.done(&["source", "check", "pg"]);
    assert!(!sound.out.contains("hand over"), "nobody is named there: {sound:?}");
}

#[test]
fn a_point_of_the_same_server_and_a_wrong_password_say_which_line_mends_them() {
    needs!(postgres);
    let postgres = started();
    let place = surveyed(&postgres);
    let point = format!("twice={}", postgres.url("postgres"));
    let set = ["source", "set", "pg", "--point", &point, "--password-file", "pw"];
    let twice = place.run(&set).ended(1);
    assert!(twice.out.contains("point twice answers, but is the server of `primary`"), "{twice:?}");
    assert!(!twice.out.contains("cannot be reached"), "{twice:?}");
    assert!(twice.out.contains("tenure source set pg --no-point twice takes it away"), "{twice:?}");
    place.done(&["source", "set", "pg", "--no-point", "twice"]);
    place.private_file("other", "not-the-password");
    let wrong = place.run(&["source", "set", "pg", "--password-file", "other"]).ended(1);
    assert!(wrong.err.contains("tenure source set pg --password-file FILE"), "{wrong:?}");
    place.done(&["source", "set", "pg", "--password-file", "pw"]);
}

#[test]
fn hostile_names_stay_on_one_line_and_can_be_revoked() {
    needs!(postgres);
    let postgres = started();
    let names = [
        "evil\u{1b}[31m\u{202e}",
        "new\nline",
        "it's \"quoted\"; DROP ROLE x; --",
        "<script>alert(1)</script>",
        "日本語の役割",
        &"x".repeat(63),
        "..",
        " ",
    ];
    for name in names {
        login(&postgres, name);
    }
    let place = surveyed(&postgres);
    let commands: &[&[&str]] =
        &[&["identities"], &["principals"], &["credentials"], &["findings"], &["doctor"]];
    for command in commands {
        let ran = place.done(command);
        assert!(!ran.out.contains(['\u{1b}', '\u{202e}']), "{command:?}: {ran:?}");
        assert!(!ran.out.contains("new\nline"), "{command:?}: {ran:?}");
    }
    for name in names {
        let shown = place.done(&["show", &format!("pg/{name}"), "--json"]).json();
        assert_eq!(shown["principals"][0]["name"], name);
        let handle = shown["identity"]["handle"].as_str().unwrap().to_owned();
        assert!(!place.done(&["show", &handle]).out.contains(['\u{1b}', '\u{202e}']));
    }
    for name in &names[..3] {
        let ended = place.done(&["revoke", &format!("pg/{name}"), "--reason", "test", "--yes", name]);
        assert!(!ended.out.contains(['\u{1b}', '\u{202e}']), "{ended:?}");
    }
}

#[test]
fn findings_end_with_the_code_that_was_asked_for() {
    needs!(postgres);
    let postgres = started();
    let md5 = "SET password_encryption = 'md5'; CREATE ROLE old LOGIN PASSWORD 'secret-of-a-role'";
    postgres.sql("postgres", md5).unwrap();
    let place = surveyed(&postgres);
    place.done(&["findings"]);
    place.done(&["findings", "--fail-at", "critical"]);
    let found = place.run(&["findings", "--fail-at", "high"]).ended(3);
    assert!(found.out.contains("pg/old"), "{found:?}");
    let short = place.run(&["findings", "--fail-at", "low", "--quiet"]).ended(3);
    assert!(short.out.lines().all(|line| line.starts_with("pg/") && !line.contains(' ')), "{short:?}");
    assert_eq!(
        place.run(&["findings", "--fail-at", "high", "--json"]).ended(3).json()["next"],
        serde_json::Value::Null
    );
}

#[test]
fn a_planted_secret_is_in_no_output_no_file_and_no_log() {
    needs!(postgres);
    let postgres = started();
    let admin = format!("CREATE ROLE keeper SUPERUSER LOGIN PASSWORD {}", quote_literal(CANARY));
    postgres.sql("postgres", &admin).unwrap();
    login(&postgres, "reporting");
    let place = Place::new().with("TENURE_LOG", "trace").with("PG_SECRET", CANARY);
    let secret_file = place.private_file("pw", &format!("{CANARY}\n"));
    let url = format!("postgres://keeper@127.0.0.1:{}/postgres", postgres.port());
    let mut up = place.begin(&["up", "--listen", "127.0.0.1:0", "--log", "json"]);
    up.until("Next: ");
    let commands: &[&[&str]] = &[
        &["source", "add", "by-file", &url, "--password-file", "pw", "--option", "lag-seconds=0"],
        &["source", "add", "by-env", &url, "--password-env", "PG_SECRET", "--option", "lag-seconds=0"],
        &["source", "list", "--json"],
        &["source", "remove", "by-env", "--yes", "by-env"],
        &["survey", "--json"],
        &["show", "by-file/keeper", "--json"],
        &["credentials", "--json"],
        &["revoke", "by-file/reporting", "--reason", "test", "--yes", "reporting", "--json"],
        &["evidence", "export", "all.tenure"],
        &["backup", "copy"],
        &["doctor", "--json"],
    ];
    let mut said = String::new();
    for command in commands {
        said.push_str(&place.done(command).all());
    }
    said.push_str(&up.stop().ended(0).all());
    assert!(!said.contains(CANARY));
    for (path, content) in place.files() {
        let holds = content.windows(CANARY.len()).any(|window| window == CANARY.as_bytes());
        assert!(!holds || path == secret_file, "{}", path.display());
    }
}
