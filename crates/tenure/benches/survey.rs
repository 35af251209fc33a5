//! What a survey of a large PostgreSQL costs Tenure, against what it costs the server.
//!
//! A private server with 10 000 roles and 200 000 rights, read (a) by the connector alone into a sink that
//! drops everything, the first time and when it recognises all of it, (b) by the engine into an embedded
//! deployment, first, unchanged, and after one right was granted, with (c) the same rights into a plain SQLite
//! table in the same run as the floor for (b). Processor time of this process against that of all
//! processes of the server. JIT and autovacuum are off, so that the server's side is
//! not flattered by compiling or cleaning.

mod measure;

use anyhow::{Context as _, Result, bail};
use async_trait::async_trait;
use measure::{
    Cost, ServerTime, figure, first_person, median, memory_mib, milliseconds, open, own_processor_time,
};
use std::{collections::BTreeMap, sync::Arc};
use tempfile::TempDir;
use tenure_connect::{
    Connector as _, ContentDigest, Fingerprint, NotObservable, Recognition, SinkClosed, Source, SourceConfig,
    SurveySink,
};
use tenure_connect_postgres::PostgresConnector;
use tenure_engine::{Belief, Deployment, NewSource, SurveyRow};
use tenure_model::{
    Completeness, Extent, Instant, Observation, ObservedGrant, Point, Secret, ShortName, SourceId,
};
use tenure_testbed::{Availability, Postgres, PostgresOptions, postgres_available};
use tokio::runtime::Runtime;

/// Surveys by the connector alone, measured together.
const ROUNDS_ALONE: u32 = 10;
/// New deployments, each with a first survey.
const DEPLOYMENTS: usize = 3;
/// Unchanged surveys of each, measured together.
const ROUNDS_UNCHANGED: u32 = 10;

/// 9 950 accounts with a password and 50 groups of ten; 2 000 tables in 20 schemas, each with two rights
/// for 50 roles, so that every role holds 20. Verifiers are made up: nobody logs in with them.
const WORLD: &str = "
DO $$ BEGIN
  FOR i IN 1..10000 LOOP
    EXECUTE CASE WHEN i <= 50 THEN format('CREATE ROLE team_%s NOLOGIN', i)
      ELSE format('CREATE ROLE app_%s LOGIN PASSWORD %L', i, 'SCRAM-SHA-256$4096:'
        || encode(sha256(('salt' || i)::bytea), 'base64') || '$' || encode(sha256(('stored' || i)::bytea), 'base64')
        || ':' || encode(sha256(('server' || i)::bytea), 'base64')) END;
  END LOOP;
  FOR i IN 51..550 LOOP EXECUTE format('GRANT team_%s TO app_%s', 1 + i % 50, i); END LOOP;
END $$;
DO $$ DECLARE who text; BEGIN
  FOR s IN 1..20 LOOP EXECUTE format('CREATE SCHEMA area_%s', s); END LOOP;
  FOR t IN 1..2000 LOOP
    EXECUTE format('CREATE TABLE area_%s.ledger_%s (id int)', 1 + t % 20, t);
    SELECT string_agg(CASE WHEN r <= 50 THEN 'team_' ELSE 'app_' END || r, ', ') INTO who
      FROM generate_series(1 + (t - 1) % 200, 10000, 200) r;
    EXECUTE format('GRANT SELECT, INSERT ON area_%s.ledger_%s TO %s', 1 + t % 20, t, who);
  END LOOP;
END $$;
VACUUM ANALYZE;";

fn main() -> Result<()> {
    if let Availability::Missing(reason) = postgres_available() {
        println!("SKIPPED: postgres ({reason})");
        return Ok(());
    }
    let settings = [("autovacuum", "off"), ("jit", "off"), ("max_locks_per_transaction", "1024")];
    let postgres = Postgres::start(&PostgresOptions {
        settings: settings.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
        ..PostgresOptions::default()
    })?;
    postgres.sql("postgres", WORLD)?;
    let server = ServerTime::of_idle(postgres.pid()?)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    alone(&runtime, &postgres, &server)?;
    with_ingest(&runtime, &postgres, &server)?;
    figure(
        "survey: memory at most, engine with both surveys",
        &format!("{:.0} MiB", memory_mib(std::process::id(), "VmHWM")?),
    );
    plain(&runtime, &postgres)
}

/// Drops what it is given, after counting it and, if asked, keeping the rights. Remembers digests.
#[derive(Default)]
struct Drops {
    observations: usize,
    grants: usize,
    kept: Option<Vec<ObservedGrant>>,
    digests: BTreeMap<Extent, ContentDigest>,
}

#[async_trait]
impl SurveySink for Drops {
    async fn page(&mut self, _: &Extent, page: Vec<Observation>) -> Result<(), SinkClosed> {
        self.observations += page.len();
        for observation in page {
            if let Observation::Grant(grant) = observation {
                self.grants += 1;
                self.kept.iter_mut().for_each(|kept| kept.push(grant.clone()));
            }
        }
        Ok(())
    }

    async fn end(&mut self, extent: &Extent, completeness: Completeness) -> Result<(), SinkClosed> {
        if completeness != Completeness::Whole {
            println!("{}: {completeness:?}", extent.0);
        }
        Ok(())
    }

    async fn not_observable(&mut self, _: NotObservable) -> Result<(), SinkClosed> {
        Ok(())
    }

    async fn recalls(&mut self, extent: &Extent) -> Result<bool, SinkClosed> {
        Ok(self.digests.contains_key(extent))
    }

    async fn offer(&mut self, extent: &Extent, digest: &ContentDigest) -> Result<Recognition, SinkClosed> {
        let is_known = self.digests.get(extent) == Some(digest);
        Ok(if is_known { Recognition::Unchanged } else { Recognition::Unknown })
    }

    async fn end_as(&mut self, extent: &Extent, digest: ContentDigest) -> Result<(), SinkClosed> {
        self.digests.insert(extent.clone(), digest);
        Ok(())
    }
}

/// As long as a keyed one, and no secret is behind it.
struct MadeUp;

impl Fingerprint for MadeUp {
    fn fingerprint(&self, domain: &str, value: &[u8]) -> String {
        format!("{domain}:{}", tenure_evidence::leaf_hash(value))
    }
}

fn points(postgres: &Postgres) -> Result<Vec<Point>> {
    Ok(vec![Point { name: ShortName::parse("primary")?, url: postgres.url("postgres") }])
}

fn source(postgres: &Postgres) -> Result<Arc<dyn Source>> {
    Ok(PostgresConnector.source(SourceConfig {
        id: SourceId::new(Instant::from_micros(0), [0; 10]),
        name: ShortName::parse("main")?,
        points: points(postgres)?,
        secret: Some(Arc::new(Secret::new(postgres.password().to_owned()))),
        options: BTreeMap::new(),
        fingerprint: Arc::new(MadeUp),
    })?)
}

fn read(runtime: &Runtime, source: &dyn Source, sink: &mut Drops) -> Result<()> {
    let now = Instant::from_micros(1_780_272_000_000_000);
    Ok(runtime.block_on(source.observe(now, sink))?)
}

/// (a) The connector alone.
fn alone(runtime: &Runtime, postgres: &Postgres, server: &ServerTime) -> Result<()> {
    let source = source(postgres)?;
    let mut warm = Drops::default();
    read(runtime, source.as_ref(), &mut warm)?;
    let cost = Cost::of_one(server, ROUNDS_ALONE, || read(runtime, source.as_ref(), &mut Drops::default()))?;
    println!(
        "{} observations, {} of them rights; mean of {ROUNDS_ALONE} surveys",
        warm.observations, warm.grants
    );
    report("survey, connector alone", &[cost])?;
    let unchanged = Cost::of_one(server, ROUNDS_ALONE, || {
        warm.observations = 0;
        read(runtime, source.as_ref(), &mut warm)?;
        assert_quiet(&warm)
    })?;
    report("survey, connector alone, unchanged", &[unchanged])
}

/// Nothing but sessions was sent.
fn assert_quiet(sink: &Drops) -> Result<()> {
    if sink.observations > 10 {
        bail!("nothing changed, but {} observations were sent", sink.observations);
    }
    Ok(())
}

fn report(what: &str, costs: &[Cost]) -> Result<()> {
    figure(&format!("{what}: wall"), &milliseconds(median(costs.iter().map(|cost| cost.wall))?));
    figure(&format!("{what}: own processor time"), &milliseconds(median(costs.iter().map(|cost| cost.own))?));
    figure(
        &format!("{what}: the server's processor time"),
        &milliseconds(median(costs.iter().map(|cost| cost.server))?),
    );
    figure(
        &format!("{what}: own in percent of the server's"),
        &format!("{:.0} %", median(costs.iter().map(Cost::percent))?),
    );
    Ok(())
}

/// (b) The engine, into an embedded deployment.
fn with_ingest(runtime: &Runtime, postgres: &Postgres, server: &ServerTime) -> Result<()> {
    let (mut first, mut unchanged, mut changed, mut judging) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for number in 0..DEPLOYMENTS {
        let directory = TempDir::new()?;
        let deployment = runtime.block_on(prepared(directory.path(), postgres))?;
        first.push(Cost::of_one(server, 1, || runtime.block_on(surveyed(&deployment)).map(drop))?);
        let before = own_processor_time()?;
        let judged = runtime.block_on(deployment.engine.judge_touched())?;
        judging.push(own_processor_time()?.saturating_sub(before));
        println!("{judged} identities judged after the first survey");
        unchanged.push(Cost::of_one(server, ROUNDS_UNCHANGED, || {
            let survey = runtime.block_on(surveyed(&deployment))?;
            if survey.changed != 0 || survey.missing != 0 {
                bail!("nothing changed, but the survey says: {survey:?}");
            }
            Ok(())
        })?);
        postgres.sql("postgres", &format!("GRANT UPDATE ON area_1.ledger_20 TO app_{}", 1_000 + number))?;
        changed.push(Cost::of_one(server, 1, || {
            let survey = runtime.block_on(surveyed(&deployment))?;
            if survey.changed != 1 || survey.missing != 0 {
                bail!("one right was granted, but the survey says: {survey:?}");
            }
            Ok(())
        })?);
        runtime.block_on(deployment.close());
    }
    report("survey with ingest, first", &first)?;
    report("survey with ingest, unchanged", &unchanged)?;
    report("survey with ingest, one right granted", &changed)?;
    figure("judging after the first survey: own processor time", &milliseconds(median(judging)?));
    Ok(())
}

async fn prepared(directory: &std::path::Path, postgres: &Postgres) -> Result<Deployment> {
    let deployment = open(&directory.join("data")).await?;
    let person = first_person(&deployment).await?;
    let new = NewSource {
        name: ShortName::parse("main")?,
        system: String::from("postgres"),
        points: points(postgres)?,
        options: BTreeMap::new(),
        secret: Some(Secret::new(postgres.password().to_owned())),
    };
    deployment.engine.add_source(person, new).await?;
    Ok(deployment)
}

async fn surveyed(deployment: &Deployment) -> Result<SurveyRow> {
    Ok(deployment.engine.survey(None, "main", Belief::HoldWhenMuchIsMissing).await?)
}

/// (c) The same rights into a plain table: what no ingest into this database can go below.
fn plain(runtime: &Runtime, postgres: &Postgres) -> Result<()> {
    let mut sink = Drops { kept: Some(Vec::new()), ..Drops::default() };
    read(runtime, source(postgres)?.as_ref(), &mut sink)?;
    let grants = sink.kept.context("rights were kept")?;
    let directory = TempDir::new()?;
    let database = rusqlite::Connection::open(directory.path().join("plain.sqlite"))?;
    database.execute_batch(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-32768;
         CREATE TABLE grants (principal TEXT NOT NULL, resource TEXT NOT NULL, right_name TEXT NOT NULL, path TEXT NOT NULL,
           grantable INTEGER NOT NULL, PRIMARY KEY (principal, resource, right_name, path)) STRICT, WITHOUT ROWID",
    )?;
    for what in ["first", "unchanged"] {
        let before = own_processor_time()?;
        for page in grants.chunks(1_000) {
            let transaction = database.unchecked_transaction()?;
            for grant in page {
                let mut statement = transaction.prepare_cached(
                    "INSERT INTO grants VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE SET grantable = excluded.grantable \
                     WHERE grants.grantable <> excluded.grantable",
                )?;
                let path = grant.path.join(",");
                statement.execute((
                    &grant.principal.0,
                    &grant.resource,
                    &grant.right,
                    path,
                    grant.grantable,
                ))?;
            }
            transaction.commit()?;
        }
        let taken = own_processor_time()?.saturating_sub(before);
        figure(
            &format!("the same rights into a plain table, {what}: own processor time"),
            &milliseconds(taken),
        );
    }
    Ok(())
}
