//! The tour: a role from "found" to "proved dead" at a primary, a replica and a pooler, with
//! evidence that verifies, evidence that is refused, and a restore that cites the old log.
//!
//! Its transcript is docs/tour.md, which the README shows. `UPDATE_TOUR=1` rewrites it;
//! otherwise it is compared, with what differs from run to run made equal.

use crate::program::{Place, Ran};
use crate::transcript::{self, Transcript, typed};
use std::fs;
use tenure_testbed::{
    PgBouncer, PgBouncerAuth, PgBouncerOptions, PoolMode, Postgres, PostgresOptions, Replica, needs,
};

/// What the tour is about.
const SETUP: &str = "
CREATE ROLE dba LOGIN CREATEROLE PASSWORD 'correct-horse-dba';
CREATE ROLE shop_app LOGIN PASSWORD 'correct-horse-app';
CREATE ROLE kiosk LOGIN;
CREATE ROLE reporting LOGIN PASSWORD 'correct-horse-reporting';
COMMENT ON ROLE reporting IS 'monthly report for the board, until 2026';
CREATE TABLE orders (id int PRIMARY KEY, total int);
ALTER TABLE orders OWNER TO shop_app;
GRANT SELECT ON orders TO reporting;
CREATE TABLE report_totals (month date, total int);
ALTER TABLE report_totals OWNER TO reporting;
";

/// Servers of the tour.
struct Servers {
    primary: Postgres,
    replica: Replica,
    pooler: PgBouncer,
}

impl Servers {
    fn start() -> Self {
        let hba_lines = vec![String::from("host shop kiosk 127.0.0.1/32 trust")];
        let primary = Postgres::start(&PostgresOptions { hba_lines, ..PostgresOptions::default() }).unwrap();
        primary.create_database("shop").unwrap();
        primary.sql("shop", SETUP).unwrap();
        let options = PgBouncerOptions { auth: PgBouncerAuth::AuthQuery, pool_mode: PoolMode::Transaction };
        let pooler = PgBouncer::start(&primary, options).unwrap();
        let replica = Replica::start(&primary).unwrap();
        replica.wait_caught_up(&primary).unwrap();
        Self { primary, replica, pooler }
    }
}

#[test]
fn the_tour() {
    needs!(postgres, pgbouncer);
    let servers = Servers::start();
    let place = Place::new();
    let mut transcript = Transcript::default();
    transcript.heading("Begin");
    let mut up = place.begin(&["up", "--listen", "127.0.0.1:0"]);
    let said = up.until("Next: ");
    transcript.ran("tenure up --host none", &Ran { code: 0, out: said.clone(), err: String::new() });
    let log_key = said.lines().find(|line| line.starts_with("  tenure-")).unwrap().trim().to_owned();
    fs::write(place.path("log-key"), format!("{log_key}\n")).unwrap();
    read(&mut transcript, &place, &servers);
    let handle = end(&mut transcript, &place, &servers);
    evidence(&mut transcript, &place, &handle);
    restore(&mut transcript, &place, up);
    transcript::compare("docs/tour.md", &shown(&transcript.0, &place, &servers, &handle, &log_key));
}

fn read(transcript: &mut Transcript, place: &Place, servers: &Servers) {
    transcript.heading("Let it read a database");
    transcript.prose("An account with the least rights, made by a script that says what each part is for:");
    let script = place.done(&["source", "add", "--sql"]);
    transcript.ran(
        "tenure source add --sql > tenure.sql && psql --file tenure.sql",
        &Ran { out: String::new(), ..script.clone() },
    );
    servers.primary.sql("shop", &script.out).unwrap();
    servers.primary.sql("shop", "ALTER ROLE tenure PASSWORD 'correct-horse-tenure'").unwrap();
    servers.replica.wait_caught_up(&servers.primary).unwrap();
    place.private_file("tenure-pg", "correct-horse-tenure\n");
    let url = |port: u16| format!("postgres://tenure@127.0.0.1:{port}/shop");
    let add = format!(
        "tenure source add pg-main {} --point replica-1={} --point pooler={} --option heir=dba --option lag-seconds=1 --password-file tenure-pg",
        url(servers.primary.port()),
        url(servers.replica.port()),
        url(servers.pooler.port()),
    );
    typed(transcript, place, &add, 0);
    typed(transcript, place, "tenure survey", 0);
    transcript.prose("What is wrong whoever owns it:");
    let findings = typed(transcript, place, "tenure findings", 0);
    assert!(findings.out.contains("pg-main/kiosk"), "{findings:?}");
    transcript.heading("Take over");
    typed(
        transcript,
        place,
        "tenure own pg-main/reporting --purpose \"monthly report\" --environment production",
        0,
    );
    let shown = typed(transcript, place, "tenure show pg-main/reporting", 0);
    assert!(shown.out.contains("Should it exist?\n  monthly report; "), "{shown:?}");
}

/// Revokes the role while somebody is logged in with it; the plan's handle.
fn end(transcript: &mut Transcript, place: &Place, servers: &Servers) -> String {
    transcript.heading("End it, and prove it");
    transcript.prose("Without a terminal the name is given with `--yes`; with one, it is typed.");
    let (primary, password) = (&servers.primary, "correct-horse-reporting");
    let ended = std::thread::scope(|scope| {
        let logged_in = scope.spawn(|| {
            primary.sql_as(
                "reporting",
                password,
                "shop",
                "SET application_name = 'etl'; SELECT pg_sleep(300)",
            )
        });
        let sessions =
            "SELECT count(*) FROM pg_stat_activity WHERE usename = 'reporting' AND application_name = 'etl'";
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
        while primary.sql("shop", sessions).unwrap() != "1" {
            assert!(std::time::Instant::now() < deadline, "nobody logged in");
        }
        let line = "tenure revoke pg-main/reporting --reason \"contract ended\" --yes reporting";
        let ended = typed(transcript, place, line, 0);
        assert!(logged_in.join().unwrap().is_err(), "the session was ended");
        ended
    });
    assert!(ended.out.contains("P4 proved in "), "{ended:?}");
    assert!(ended.out.contains("refused at 3 of 3 points"), "{ended:?}");
    for refused in [
        primary.sql_as("reporting", password, "shop", "SELECT 1"),
        servers.replica.sql_as("reporting", password, "shop", "SELECT 1"),
        servers.pooler.sql_as("reporting", password, "shop", "SELECT 1"),
    ] {
        assert!(refused.is_err(), "{refused:?}");
    }
    let owner =
        primary.sql("shop", "SELECT tableowner FROM pg_tables WHERE tablename = 'report_totals'").unwrap();
    assert_eq!(owner, "dba", "what it owned was handed over");
    place.done(&["plans", "--json"]).json()["items"][0]["handle"].as_str().unwrap().to_owned()
}

fn evidence(transcript: &mut Transcript, place: &Place, handle: &str) {
    transcript.heading("Let somebody else check it");
    typed(transcript, place, &format!("tenure proof {handle} --export reporting.tenure"), 0);
    transcript.prose("On any machine, offline, with the key that was written down at the beginning:");
    typed(transcript, place, "tenure evidence verify reporting.tenure --log-key log-key", 0);
    transcript.prose("Without a key of your own, nobody knows who signed:");
    let unpinned = place.run(&["evidence", "verify", "reporting.tenure"]).ended(4);
    assert!(unpinned.out.starts_with("Consistent; signer unverified"), "{unpinned:?}");
    let first = format!("{}\n    …\n", unpinned.out.lines().next().unwrap());
    transcript.ran("tenure evidence verify reporting.tenure", &Ran { out: first, ..unpinned });
    transcript.prose("One changed byte (`contract ended` became `contract endeD`):");
    let mut bytes = fs::read(place.path("reporting.tenure")).unwrap();
    let at = bytes.windows(14).position(|window| window == b"contract ended").unwrap() + 13;
    bytes[at] = b'D';
    fs::write(place.path("forged.tenure"), bytes).unwrap();
    let forged = typed(transcript, place, "tenure evidence verify forged.tenure --log-key log-key", 1);
    assert!(forged.out.starts_with("Refused: the body of entry "), "{forged:?}");
}

fn restore(transcript: &mut Transcript, place: &Place, up: crate::program::Background) {
    transcript.heading("Lose the machine");
    typed(transcript, place, "tenure backup backup-1", 0);
    typed(transcript, place, "tenure people add alice --role auditor", 0);
    up.stop().ended(0);
    let line =
        "tenure restore backup-1 --into restored --key-file data/keys/kek --last-checkpoint data/checkpoint";
    let restored = typed(transcript, place, line, 0);
    assert!(restored.out.contains("is lost, and the new log says so"), "{restored:?}");
    transcript.prose("The new log's first entry cites the last checkpoint known of the old one:");
    let log = typed(transcript, place, "tenure --data restored evidence log --json --limit 1 --before 1", 0);
    let entry = log.json()["items"][0].clone();
    let status = place.done(&["evidence", "checkpoint", "--json"]).json();
    assert_eq!(entry["kind"], "log.opened");
    assert_eq!(entry["facts"]["old_origin"], status["origin"]);
    assert_eq!(entry["facts"]["old_size"], status["size"]);
    assert_eq!(entry["facts"]["old_root"], status["root"]);
    let old = fs::read_dir(place.path("restored/old-logs")).unwrap().flatten().next().unwrap().path();
    place.done(&["evidence", "verify", old.to_str().unwrap(), "--log-key", "log-key"]);
}

const HEAD: &str = "# A tour\n\n\
A PostgreSQL with a streaming replica and a PgBouncer, and a role that has to go. Everything below is the output of\n\
`crates/tenure/tests/it/tour.rs`, which runs in CI; only ports, ids, keys, times and counters were put in place of\n\
those of that run.\n";

/// The transcript with names in place of what differs from run to run.
fn shown(text: &str, place: &Place, servers: &Servers, handle: &str, log_key: &str) -> String {
    let origin = log_key.split('+').next().unwrap();
    let at = |port: u16| format!("127.0.0.1:{port}");
    let home = place.path("").display().to_string();
    let people = place.done(&["people", "list", "--json"]).json();
    let me = people["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|person| !person["local_uid"].is_null())
        .unwrap()
        .clone();
    let (my_name, my_handle) = (me["name"].as_str().unwrap(), handle_of(&me["id"]));
    let reporting = place.done(&["show", "pg-main/reporting", "--json"]).json();
    let restored = place.done(&["--data", "restored", "evidence", "checkpoint", "--json"]).json();
    let pairs: &[(&str, &str)] = &[
        (log_key, "tenure-7f3a09c1+8c1e52d0+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c"),
        (origin, "tenure-7f3a09c1"),
        (restored["origin"].as_str().unwrap(), "tenure-c4d18e60"),
        (handle, "k7wd2m"),
        (reporting["identity"]["handle"].as_str().unwrap(), "m4kdwq"),
        (&my_handle, "h7x3np"),
        (&format!("owned by {my_name}"), "owned by dana"),
        (&format!("{my_name} answers for it"), "dana answers for it"),
        (&at(servers.primary.port()), "127.0.0.1:5432"),
        (&at(servers.replica.port()), "127.0.0.1:5433"),
        (&at(servers.pooler.port()), "127.0.0.1:6432"),
        (home.trim_end_matches('/'), "~"),
        ("testbed_admin", "postgres"),
        ("testbed_pooler", "pooler_auth"),
    ];
    transcript::settled(HEAD, text, pairs)
}

/// The short form of an id, as the program prints it.
fn handle_of(id: &serde_json::Value) -> String {
    id.as_str().unwrap().parse::<tenure_model::PersonId>().unwrap().handle()
}
