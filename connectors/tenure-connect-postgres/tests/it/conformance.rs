//! The promises every connector makes, held against a primary, a replica and a pooler.
//!
//! The suite is the port's own (`tenure_connect::conformance`); this file only tells it how to reach
//! real servers. An exception would have to be declared here with its reason; there is none.

use crate::stage::{name, now, runtime, secret, source_with, start, target, url};
use async_trait::async_trait;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tenure_connect::{
    Connector as _, Manifest, Source, Target,
    conformance::{Fixture, FixtureBroke, Session, Subject, check},
};
use tenure_connect_postgres::PostgresConnector;
use tenure_model::{Instant, PrincipalKey, Secret, ShortName, SourceId};
use tenure_testbed::{
    PgBouncer, PgBouncerAuth, PgBouncerOptions, PoolMode, Postgres, Replica, needs, quote_identifier,
    quote_literal,
};

/// A session that ended lingers for a moment, and a pooler keeps its own at the server when its client is
/// gone: both are ended here. What the fixture logged in itself has said `SELECT 1`.
const LEFT_BY_PROBES: &str = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE usename LIKE 'su''b%' AND query <> 'SELECT 1'";

/// A deadline no healthy server needs.
const PATIENCE: Duration = Duration::from_secs(30);

struct Bed {
    postgres: Postgres,
    replica: Replica,
    pooler: PgBouncer,
    stranger: Postgres,
    source: Arc<dyn Source>,
    /// Sessions of the fixture's own: a process for each question would take most of the time.
    admin: tokio_postgres::Client,
    admin_of_replica: tokio_postgres::Client,
    made: AtomicU64,
}

impl Bed {
    async fn start() -> Self {
        let (postgres, stranger) = (start(), start());
        let replica = Replica::start(&postgres).unwrap();
        let options = PgBouncerOptions { auth: PgBouncerAuth::AuthQuery, pool_mode: PoolMode::Session };
        let pooler = PgBouncer::start(&postgres, options).unwrap();
        let points = [
            ("replica-1", replica.url("postgres")),
            ("pooler", url(pooler.port(), postgres.superuser(), "postgres")),
            ("wrong", stranger.url("postgres")),
        ];
        let source = source_with(&postgres, &points, &[]);
        let admin = log_in(postgres.port(), postgres.superuser(), postgres.password()).await.unwrap().0;
        let admin_of_replica =
            log_in(replica.port(), postgres.superuser(), postgres.password()).await.unwrap().0;
        Self { postgres, replica, pooler, stranger, source, admin, admin_of_replica, made: AtomicU64::new(0) }
    }

    fn port(&self, point: &ShortName) -> u16 {
        match point.as_str() {
            "primary" => self.postgres.port(),
            "replica-1" => self.replica.port(),
            "pooler" => self.pooler.port(),
            _ => self.stranger.port(),
        }
    }

    async fn make(&self) -> Result<Subject, FixtureBroke> {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        let role = format!("su'b\"je\\ct %s {number}");
        let value = format!("value{number}abcdefghij");
        let created =
            format!("CREATE ROLE {} LOGIN PASSWORD {}", quote_identifier(&role), quote_literal(&value));
        ask(&self.admin, &created).await?;
        self.caught_up().await?;
        let oid =
            ask(&self.admin, &format!("SELECT oid FROM pg_roles WHERE rolname = {}", quote_literal(&role)))
                .await?;
        let target = Target::principal(PrincipalKey(format!("oid:{oid}")), role);
        Ok(Subject { target, value: secret(&value) })
    }

    async fn caught_up(&self) -> Result<(), FixtureBroke> {
        let reached = ask(&self.admin, "SELECT pg_current_wal_flush_lsn()").await?;
        let question = format!("SELECT pg_last_wal_replay_lsn() >= '{reached}'");
        until_answered(&self.admin_of_replica, &question, "t").await
    }
}

/// Every value of every row of every statement, a line each.
pub(crate) async fn ask(client: &tokio_postgres::Client, script: &str) -> Result<String, FixtureBroke> {
    let messages = client.simple_query(script).await.map_err(|error| broke(script, &format!("{error:?}")))?;
    let mut lines = Vec::new();
    for message in messages {
        if let tokio_postgres::SimpleQueryMessage::Row(row) = message {
            lines.extend((0..row.len()).map(|column| row.get(column).unwrap_or("-").to_owned()));
        }
    }
    Ok(lines.join("\n"))
}

pub(crate) async fn until_answered(
    client: &tokio_postgres::Client,
    script: &str,
    answer: &str,
) -> Result<(), FixtureBroke> {
    let waiting = async {
        while ask(client, script).await? != answer {
            ask(client, "SELECT pg_sleep(0.005)").await?;
        }
        Ok(())
    };
    tokio::time::timeout(PATIENCE, waiting).await.unwrap_or_else(|_| Err(broke(script, &"waited in vain")))
}

fn broke(what: &str, why: &dyn std::fmt::Display) -> FixtureBroke {
    FixtureBroke { what: what.to_owned(), why: why.to_string() }
}

/// A session that is not the connector's: a plain driver, without its watching. Ends when dropped.
pub(crate) struct LoggedIn(pub(crate) tokio_postgres::Client);

pub(crate) async fn log_in(port: u16, user: &str, value: &str) -> Result<LoggedIn, tokio_postgres::Error> {
    let mut config = tokio_postgres::Config::new();
    config.host("127.0.0.1").port(port).user(user).password(value).dbname("postgres");
    let (client, connection) = config.connect(tokio_postgres::NoTls).await?;
    tokio::spawn(async move {
        let _ = connection.await;
    });
    // A pooler opens its own session at the server only when there is something to do.
    client.batch_execute("SELECT 1").await?;
    Ok(LoggedIn(client))
}

#[async_trait]
impl Fixture for Bed {
    fn manifest(&self) -> &'static Manifest {
        PostgresConnector.manifest()
    }

    fn source(&self) -> Arc<dyn Source> {
        Arc::clone(&self.source)
    }

    fn source_id(&self) -> SourceId {
        SourceId::new(now(), [1; 10])
    }

    fn now(&self) -> Instant {
        now()
    }

    fn points(&self) -> Vec<ShortName> {
        ["primary", "replica-1", "pooler"].map(name).to_vec()
    }

    fn wrong_host(&self) -> Option<ShortName> {
        Some(name("wrong"))
    }

    async fn subject(&self) -> Result<Subject, FixtureBroke> {
        self.make().await
    }

    async fn owner(&self) -> Result<Option<Subject>, FixtureBroke> {
        let owner = self.make().await?;
        let role = quote_identifier(&owner.target.name);
        let script = format!("CREATE SCHEMA {role} AUTHORIZATION {role}");
        ask(&self.admin, &script).await?;
        Ok(Some(owner))
    }

    fn new_value(&self) -> Secret<String> {
        secret(&format!("fresh{}abcdefghij", self.made.fetch_add(1, Ordering::Relaxed)))
    }

    async fn accepts(
        &self,
        point: &ShortName,
        name: &str,
        value: &Secret<String>,
    ) -> Result<bool, FixtureBroke> {
        match log_in(self.port(point), name, value.expose()).await {
            Ok(_) => Ok(true),
            Err(error) if error.as_db_error().is_some() => Ok(false),
            Err(error) => Err(broke("log in", &error)),
        }
    }

    async fn log_in(&self, point: &ShortName, subject: &Subject) -> Result<Session, FixtureBroke> {
        let opened = log_in(self.port(point), &subject.target.name, subject.value.expose()).await;
        Ok(Box::new(opened.map_err(|error| broke("log in", &error))?))
    }

    async fn record(&self, target: &Target) -> Result<String, FixtureBroke> {
        let oid = target.key.0.trim_start_matches("oid:");
        let script = format!(
            "SELECT * FROM pg_authid WHERE oid = {oid};
             SELECT * FROM pg_auth_members WHERE {oid} IN (roleid, member, grantor) ORDER BY 1, 2;
             SELECT * FROM pg_shdepend WHERE refobjid = {oid} ORDER BY 1, 2, 3, 4;
             SELECT shobj_description({oid}, 'pg_authid');"
        );
        ask(&self.admin, &script).await
    }

    async fn grant(&self, target: &Target) -> Result<bool, FixtureBroke> {
        let role = quote_identifier(&target.name);
        ask(&self.admin, &format!("GRANT CREATE ON SCHEMA public TO {role}")).await?;
        Ok(true)
    }

    async fn revoke(&self, target: &Target) -> Result<(), FixtureBroke> {
        let role = quote_identifier(&target.name);
        ask(&self.admin, &format!("REVOKE CREATE ON SCHEMA public FROM {role}")).await.map(drop)
    }

    async fn settle(&self) -> Result<(), FixtureBroke> {
        self.caught_up().await?;
        until_answered(&self.admin, LEFT_BY_PROBES, "0").await?;
        until_answered(&self.admin_of_replica, LEFT_BY_PROBES, "0").await
    }

    fn ourselves(&self) -> Option<Target> {
        Some(target(&self.postgres, self.postgres.superuser()))
    }
}

#[test]
fn every_promise_of_the_port_is_kept() {
    needs!(postgres, pgbouncer);
    let report = runtime().block_on(async { check(&Bed::start().await).await });
    assert!(report.passed(), "{report}");
}
