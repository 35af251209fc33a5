//! What is recognised by its content digest: everything while nothing changed, and nothing that did.
//!
//! Every kind of change is made at a real server, and the next survey must send the extents that show it;
//! and whatever is skipped must be what a reading without digests would have given.

use crate::{
    conformance::{ask, log_in, until_answered},
    stage::{Remembers, now, runtime, source, source_keyed, source_with, start, start_with, try_source, url},
};
use async_trait::async_trait;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};
use tenure_connect::{ContentDigest, NotObservable, Recognition, SinkClosed, Source, SurveySink};
use tenure_model::{Completeness, Extent, Observation};
use tenure_testbed::{Postgres, PostgresOptions, needs};
use tokio_postgres::Client;

/// A receiver that believes digests.
#[derive(Default)]
struct Believes {
    digests: BTreeMap<String, ContentDigest>,
    /// What each extent held when it was read last.
    held: BTreeMap<String, Vec<String>>,
    /// Of the survey in hand: extents that had pages or an end, and those recognised.
    read: BTreeMap<String, Completeness>,
    recognised: BTreeSet<String>,
}

#[async_trait]
impl SurveySink for Believes {
    async fn page(&mut self, extent: &Extent, page: Vec<Observation>) -> Result<(), SinkClosed> {
        assert!(!self.recognised.contains(&extent.0), "a page of {} although it was recognised", extent.0);
        let held = self.held.entry(extent.0.clone()).or_default();
        if !self.read.contains_key(&extent.0) {
            held.clear();
            let open = Completeness::Part { why: "it was not ended".to_owned(), remedy: String::new() };
            self.read.insert(extent.0.clone(), open);
        }
        held.extend(page.iter().map(|seen| format!("{seen:?}")));
        Ok(())
    }

    async fn end(&mut self, extent: &Extent, completeness: Completeness) -> Result<(), SinkClosed> {
        assert!(!self.recognised.contains(&extent.0), "an end of {} although it was recognised", extent.0);
        if self.read.insert(extent.0.clone(), completeness).is_none() {
            self.held.insert(extent.0.clone(), Vec::new());
        }
        self.digests.remove(&extent.0);
        Ok(())
    }

    async fn not_observable(&mut self, _: NotObservable) -> Result<(), SinkClosed> {
        Ok(())
    }

    async fn recalls(&mut self, extent: &Extent) -> Result<bool, SinkClosed> {
        Ok(self.digests.contains_key(&extent.0))
    }

    async fn offer(&mut self, extent: &Extent, digest: &ContentDigest) -> Result<Recognition, SinkClosed> {
        assert!(!self.read.contains_key(&extent.0), "{} was offered too late", extent.0);
        if self.digests.get(&extent.0) != Some(digest) {
            return Ok(Recognition::Unknown);
        }
        self.recognised.insert(extent.0.clone());
        Ok(Recognition::Unchanged)
    }

    async fn end_as(&mut self, extent: &Extent, digest: ContentDigest) -> Result<(), SinkClosed> {
        self.end(extent, Completeness::Whole).await?;
        self.digests.insert(extent.0.clone(), digest);
        Ok(())
    }
}

impl Believes {
    /// Surveys while nobody but `admin` is logged in, and says which extents were sent, without those that
    /// never have a digest.
    async fn survey(&mut self, source: &dyn Source, admin: &Client) -> Vec<String> {
        until_answered(admin, OTHERS, "0").await.unwrap();
        (self.read, self.recognised) = (BTreeMap::new(), BTreeSet::new());
        source.observe(now(), self).await.unwrap();
        let always = ["access-rules", "sessions"];
        self.read.keys().filter(|name| !always.contains(&name.as_str())).cloned().collect()
    }

    /// Holds what is held against a reading that knows of no digest.
    async fn assert_is_a_full_reading(&self, source: &dyn Source, admin: &Client) {
        until_answered(admin, OTHERS, "0").await.unwrap();
        let full = Remembers::survey(source).await;
        let mut held: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for extent in full.ended.keys() {
            held.insert(extent.clone(), Vec::new());
        }
        for (extent, seen) in &full.seen {
            held.entry(extent.clone()).or_default().push(format!("{seen:?}"));
        }
        for (extent, mut expected) in held {
            let mut known = self.held.get(&extent).cloned().unwrap_or_default();
            expected.sort();
            known.sort();
            assert_eq!(known, expected, "{extent}");
        }
    }
}

/// A session that ended lingers for a moment, and the number of sessions is a fact of roles.
const OTHERS: &str =
    "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()";

async fn admin_of(postgres: &Postgres) -> Client {
    log_in(postgres.port(), postgres.superuser(), postgres.password()).await.unwrap().0
}

const WORLD: &str =
    "CREATE ROLE app LOGIN PASSWORD 'x'; CREATE ROLE readers; CREATE ROLE staff; CREATE ROLE late LOGIN;
    GRANT readers TO app; GRANT staff TO readers; CREATE TABLE orders (id int); CREATE TABLE bills (id int);
    GRANT SELECT ON orders TO staff; ALTER TABLE bills OWNER TO readers;
    CREATE FOREIGN DATA WRAPPER far; CREATE SERVER elsewhere FOREIGN DATA WRAPPER far;
    CREATE USER MAPPING FOR app SERVER elsewhere OPTIONS (user 'loader', password 'hunter2-canary');";

fn world() -> Postgres {
    let postgres = start();
    postgres.sql("postgres", WORLD).unwrap();
    postgres
}

#[test]
fn nothing_is_sent_while_nothing_changed() {
    needs!(postgres);
    let postgres = world();
    let source = source(&postgres);
    runtime().block_on(async {
        let (mut sink, admin) = (Believes::default(), admin_of(&postgres).await);
        let all = sink.survey(&*source, &admin).await;
        assert_eq!(all.len(), 10, "{all:?}");
        assert!(sink.recognised.is_empty(), "nothing was known");
        assert!(sink.read.values().all(|completeness| *completeness == Completeness::Whole));
        for _ in 0..2 {
            assert_eq!(sink.survey(&*source, &admin).await, Vec::<String>::new());
            assert_eq!(sink.recognised.iter().cloned().collect::<Vec<_>>(), all);
        }
        // Rows that lie elsewhere in the table are the same rows.
        postgres.sql("postgres", "VACUUM FULL pg_authid; VACUUM FULL pg_class").unwrap();
        assert_eq!(sink.survey(&*source, &admin).await, Vec::<String>::new());
        sink.assert_is_a_full_reading(&*source, &admin).await;
    });
}

#[test]
fn each_kind_of_change_is_seen_by_the_next_survey() {
    needs!(postgres);
    let postgres = world();
    let memberships = "inherited-databases inherited-memberships inherited/postgres memberships roles";
    let rights = "grants/postgres inherited/postgres";
    let changes = [
        ("ALTER ROLE app CREATEDB", "roles"),
        ("ALTER ROLE app CONNECTION LIMIT 3", "roles"),
        ("COMMENT ON ROLE app IS 'owner: shop'", "roles"),
        ("ALTER ROLE app PASSWORD 'y'", "credentials"),
        ("ALTER ROLE late PASSWORD 'z'", "credentials roles"),
        ("ALTER ROLE app VALID UNTIL '2099-01-01Z'", "credentials roles"),
        ("ALTER ROLE app NOLOGIN", "credentials roles"),
        ("GRANT staff TO late", memberships),
        ("GRANT staff TO late WITH ADMIN OPTION", memberships),
        ("REVOKE staff FROM late", memberships),
        ("ALTER ROLE late RENAME TO later", memberships),
        ("GRANT INSERT ON orders TO staff", rights),
        ("GRANT INSERT ON orders TO staff WITH GRANT OPTION", rights),
        ("REVOKE INSERT ON orders FROM staff", rights),
        ("GRANT SELECT (id) ON bills TO later", rights),
        ("ALTER TABLE bills OWNER TO later", "grants/postgres inherited/postgres owned/postgres"),
        ("ALTER TABLE orders RENAME TO old_orders", rights),
        ("GRANT CREATE ON DATABASE postgres TO later", "databases inherited-databases"),
        ("ALTER USER MAPPING FOR app SERVER elsewhere OPTIONS (SET password 'another')", "copies/postgres"),
        ("DROP USER MAPPING FOR app SERVER elsewhere", "copies/postgres"),
        (
            "CREATE DATABASE shop",
            "copies/shop databases grants/shop inherited-databases inherited/shop owned/shop",
        ),
        ("DROP DATABASE shop", "databases inherited-databases"),
        ("DROP OWNED BY later; DROP ROLE later", ""),
    ];
    let source = source(&postgres);
    runtime().block_on(async {
        let (mut sink, admin) = (Believes::default(), admin_of(&postgres).await);
        sink.survey(&*source, &admin).await;
        for (change, expected) in changes {
            ask(&admin, change).await.unwrap();
            let sent = sink.survey(&*source, &admin).await.join(" ");
            if expected.is_empty() {
                assert!(sent.contains("roles") && sent.contains("owned/postgres"), "{change}: {sent}");
            } else {
                assert_eq!(sent, expected, "{change}");
            }
            sink.assert_is_a_full_reading(&*source, &admin).await;
            assert_eq!(
                sink.survey(&*source, &admin).await,
                Vec::<String>::new(),
                "{change}: it is known now"
            );
        }
    });
}

#[test]
fn a_password_that_ends_is_seen_although_no_row_changed() {
    needs!(postgres);
    let postgres = world();
    let source = source(&postgres);
    runtime().block_on(async {
        let (mut sink, admin) = (Believes::default(), admin_of(&postgres).await);
        postgres.sql("postgres", "ALTER ROLE app VALID UNTIL '2100-01-01Z'").unwrap();
        sink.survey(&*source, &admin).await;
        // The end comes nearer until it is passed; how the row is written does not change then.
        let near = "DO $$ BEGIN EXECUTE format('ALTER ROLE app VALID UNTIL %L', clock_timestamp() + interval '1 s'); END $$";
        postgres.sql("postgres", near).unwrap();
        sink.survey(&*source, &admin).await;
        let passed = "SELECT count(*) FROM pg_authid WHERE rolname = 'app' AND rolvaliduntil <= now()";
        crate::stage::until("the password to end", || postgres.sql("postgres", passed).unwrap() == "1");
        sink.survey(&*source, &admin).await;
        assert!(sink.held["credentials"].iter().any(|seen| seen.contains("state: Expired")));
    });
}

#[test]
fn another_access_rule_is_seen_in_the_roles() {
    needs!(postgres);
    let options = PostgresOptions {
        hba_lines: vec!["host all app all scram-sha-256".to_owned()],
        ..PostgresOptions::default()
    };
    let postgres = start_with(options);
    postgres.sql("postgres", WORLD).unwrap();
    let source = source(&postgres);
    runtime().block_on(async {
        let (mut sink, admin) = (Believes::default(), admin_of(&postgres).await);
        sink.survey(&*source, &admin).await;
        let file = postgres.sql("postgres", "SHOW hba_file").unwrap();
        let rules = std::fs::read_to_string(&file).unwrap();
        assert!(rules.contains("host all app all scram-sha-256"));
        std::fs::write(&file, rules.replace("host all app all scram-sha-256", "host all app all trust"))
            .unwrap();
        assert_eq!(sink.survey(&*source, &admin).await, ["roles"]);
        sink.assert_is_a_full_reading(&*source, &admin).await;
    });
}

#[test]
fn a_session_is_seen_as_a_use_and_changes_no_role() {
    needs!(postgres);
    let postgres = world();
    let source = source(&postgres);
    runtime().block_on(async {
        let (mut sink, admin) = (Believes::default(), admin_of(&postgres).await);
        sink.survey(&*source, &admin).await;
        let another = admin_of(&postgres).await;
        ask(&another, "SET application_name = 'etl'").await.unwrap();
        (sink.read, sink.recognised) = (BTreeMap::new(), BTreeSet::new());
        source.observe(now(), &mut sink).await.unwrap();
        assert!(sink.recognised.contains("roles") && sink.recognised.contains("credentials"));
        assert!(sink.held["sessions"].iter().any(|seen| seen.contains("(etl)")));
    });
}

#[test]
fn another_key_of_fingerprints_reads_everything_anew() {
    needs!(postgres);
    let postgres = world();
    runtime().block_on(async {
        let (mut sink, admin) = (Believes::default(), admin_of(&postgres).await);
        let all = sink.survey(&*source_keyed(&postgres, 1), &admin).await;
        let rotated = source_keyed(&postgres, 2);
        assert_eq!(sink.survey(&*rotated, &admin).await, all);
        assert_eq!(sink.survey(&*rotated, &admin).await, Vec::<String>::new());
    });
}

#[test]
fn what_is_more_than_can_be_listed_is_read_without_sending_what_is_known() {
    needs!(postgres);
    let postgres = start();
    let script = "CREATE ROLE everyone;
        DO $$ BEGIN FOR i IN 1..150 LOOP EXECUTE format('CREATE ROLE m%s IN ROLE everyone', i);
            EXECUTE format('CREATE TABLE t%s ()', i); EXECUTE format('GRANT SELECT ON t%s TO everyone', i); END LOOP; END $$;";
    postgres.sql("postgres", script).unwrap();
    let source = source(&postgres);
    runtime().block_on(async {
        let (mut sink, admin) = (Believes::default(), admin_of(&postgres).await);
        sink.survey(&*source, &admin).await;
        assert_eq!(
            sink.survey(&*source, &admin).await,
            ["inherited/postgres"],
            "it ends as part and has no digest"
        );
        assert!(matches!(sink.read["inherited/postgres"], Completeness::Part { .. }));
        assert_eq!(sink.held["inherited/postgres"].len(), 20_000);
    });
}

#[test]
fn what_cannot_be_read_has_no_digest() {
    needs!(postgres);
    let postgres = world();
    postgres.create_database("closed").unwrap();
    let source: Arc<dyn Source> = source_with(&postgres, &[], &[]);
    runtime().block_on(async {
        let (mut sink, admin) = (Believes::default(), admin_of(&postgres).await);
        sink.survey(&*source, &admin).await;
        postgres.sql("postgres", "ALTER DATABASE closed ALLOW_CONNECTIONS false").unwrap();
        let sent = ["copies/closed", "grants/closed", "inherited/closed", "owned/closed"];
        for _ in 0..2 {
            assert_eq!(sink.survey(&*source, &admin).await, sent);
        }
        postgres.sql("postgres", "ALTER DATABASE closed ALLOW_CONNECTIONS true").unwrap();
        assert_eq!(sink.survey(&*source, &admin).await, sent, "what was read in part is read in full");
        assert_eq!(sink.survey(&*source, &admin).await, Vec::<String>::new());
    });
}

#[test]
fn what_follows_from_rights_that_could_not_be_read_is_part_and_has_no_digest() {
    needs!(postgres);
    let postgres = world();
    let closing = "CREATE ROLE eyes LOGIN PASSWORD 'x'; REVOKE SELECT ON pg_catalog.pg_shdepend FROM PUBLIC";
    postgres.sql("postgres", closing).unwrap();
    let source = try_source(&[("primary", url(postgres.port(), "eyes", "postgres"))], "x", &[]).unwrap();
    runtime().block_on(async {
        let (mut sink, admin) = (Believes::default(), admin_of(&postgres).await);
        for _ in 0..2 {
            sink.survey(&*source, &admin).await;
            for extent in ["owned/postgres", "inherited/postgres"] {
                assert!(matches!(sink.read[extent], Completeness::Part { .. }), "{extent}");
            }
        }
        ask(&admin, "GRANT SELECT ON pg_catalog.pg_shdepend TO PUBLIC").await.unwrap();
        sink.survey(&*source, &admin).await;
        assert!(
            sink.digests.contains_key("owned/postgres") && sink.digests.contains_key("inherited/postgres")
        );
    });
}
