//! PostgreSQL: several workers, SERIALIZABLE, retried when two transactions disagree.
//!
//! The sequencer is one thread on its own connection. It holds an advisory lock for as long
//! as it lives, so a second node is refused at its start, and it fences itself with the
//! epoch in `log_head`: an advance by a node that lost its connection touches no row. When the
//! connection is lost, nothing is written until it is there again, holds the lock again, and
//! shows the log that this node saw last.

use super::{Connection, PostgresLocation, Tx};
use crate::{
    StoreFailure, Value, anchor,
    log::{self, LogState},
    store::{Job, Shared},
};
use ::postgres::{
    Client, Config, IsolationLevel, NoTls, Statement,
    config::{Host, SslMode},
    types::{ToSql, Type},
};
use crossbeam_channel::{Receiver, RecvTimeoutError};
use std::{collections::HashMap, str::FromStr as _, sync::Arc, time::Duration};
use tenure_tls::{ClientConfig, Encryption, Encryptor, authorities, is_loopback};
use tokio_postgres_rustls::MakeRustlsConnect;

/// Worker threads, each with a connection.
pub(crate) const WORKERS: usize = 4;
/// How often a transaction is tried again before its caller is told.
const RETRIES_MAX: u32 = 40;
/// Key of the advisory lock that keeps a second node out: the bytes of `tenure01`.
const NODE_LOCK: i64 = 0x7465_6e75_7265_3031;
/// How often and at which distance the node lock is asked for.
const LOCK_TRIES: u32 = 20;
const LOCK_DISTANCE: Duration = Duration::from_millis(100);
/// How long the sequencer waits for news before it looks by itself.
const LOOK_DISTANCE: Duration = Duration::from_millis(500);
/// Distance between two attempts to make a lost connection again, at most.
const RECONNECT_MAX: Duration = Duration::from_secs(5);
/// Entries turned into leaves in one transaction, at most; 65,535 bytes each bounds its memory.
pub(crate) const SEQUENCE_MAX: i64 = 4_096;

/// A server or role set to answer before a commit is on disk would make receipts worthless;
/// stronger settings stay.
const DURABLE: &str = "SELECT set_config('synchronous_commit', 'on', false) \
                       WHERE current_setting('synchronous_commit') = 'off'";

/// Why a write is refused while the sequencer has no connection.
const HELD: &str =
    "the connection that keeps other nodes out was lost and is being made again; nothing was written";

type Statements = HashMap<&'static str, Statement>;

impl ToSql for Value {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut ::postgres::types::private::BytesMut,
    ) -> Result<::postgres::types::IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Null => Ok(::postgres::types::IsNull::Yes),
            Self::Number(number) => number.to_sql(ty, out),
            Self::Text(text) => text.to_sql(ty, out),
            Self::Bytes(bytes) => bytes.to_sql(ty, out),
        }
    }

    fn accepts(ty: &Type) -> bool {
        [Type::INT8, Type::TEXT, Type::BYTEA].contains(ty)
    }

    ::postgres::types::to_sql_checked!();
}

/// Values as the driver wants them.
pub(crate) fn bound(values: &[Value]) -> Vec<&(dyn ToSql + Sync)> {
    values.iter().map(|value| value as &(dyn ToSql + Sync)).collect()
}

/// The prepared form of a statement on this connection. The types of its parameters are those of the
/// values: left to itself, the server takes `$1 = 1` for a 32-bit number.
pub(crate) fn prepared(
    transaction: &mut ::postgres::Transaction<'_>,
    statements: &mut Statements,
    sql: &'static str,
    values: &[Value],
) -> Result<Statement, ::postgres::Error> {
    if let Some(statement) = statements.get(sql) {
        return Ok(statement.clone());
    }
    let types: Vec<Type> = values
        .iter()
        .map(|value| match value {
            Value::Null => Type::UNKNOWN,
            Value::Number(_) => Type::INT8,
            Value::Text(_) => Type::TEXT,
            Value::Bytes(_) => Type::BYTEA,
        })
        .collect();
    let statement = transaction.prepare_typed(sql, &types)?;
    statements.insert(sql, statement.clone());
    Ok(statement)
}

/// Sorts a PostgreSQL error into what a caller can do.
pub(crate) fn sort(what: &'static str, error: &::postgres::Error) -> StoreFailure {
    let Some(answer) = error.as_db_error() else {
        return StoreFailure::Unreachable { why: error.to_string() };
    };
    let why = format!("{} ({})", answer.message(), answer.code().code());
    match answer.code().code() {
        "40001" | "40P01" => StoreFailure::Contended { what },
        "53100" => StoreFailure::DiskFull,
        "25006" => StoreFailure::ReadOnly,
        "58030" => StoreFailure::DiskUnsure { why },
        "57P01" | "57P02" | "57P03" => StoreFailure::Unreachable { why },
        _ => StoreFailure::Refused { what, why },
    }
}

/// Opens one connection.
pub(crate) fn connect(location: &PostgresLocation) -> Result<Client, StoreFailure> {
    let unreachable = |why: String| StoreFailure::Unreachable { why };
    let PostgresLocation { parameters, password, ca_file } = location;
    let mut config = Config::from_str(parameters).map_err(|error| unreachable(error.to_string()))?;
    if let Some(password) = password {
        config.password(password.expose());
    }
    config.application_name("tenure-store").connect_timeout(Duration::from_secs(10));
    let encryption = encryption(parameters, &config);
    let authorities = ca_file.as_deref().map_or(Ok(Vec::new()), authorities);
    let encrypting = authorities
        .and_then(|authorities| Encryptor::with(authorities).of(encryption))
        .map_err(|refused| unreachable(refused.to_string()))?;
    let mut client = match encryption {
        Encryption::Disable => config.ssl_mode(SslMode::Disable).connect(NoTls),
        Encryption::Prefer => config.ssl_mode(SslMode::Prefer).connect(tls(&encrypting)),
        Encryption::Require => config.ssl_mode(SslMode::Require).connect(tls(&encrypting)),
    }
    .map_err(|error| connect_failed(&error))?;
    client.batch_execute(DURABLE).map_err(|error| sort("connect", &error))?;
    Ok(client)
}

fn tls(config: &ClientConfig) -> MakeRustlsConnect {
    MakeRustlsConnect::new(config.clone())
}

/// What the parameters say about encryption; when they say nothing, `require` unless every host is this
/// machine.
fn encryption(parameters: &str, config: &Config) -> Encryption {
    let said = parameters.contains("sslmode=");
    let is_far = config.get_hosts().iter().any(|host| matches!(host, Host::Tcp(host) if !is_loopback(host)))
        || config.get_hostaddrs().iter().any(|address| !address.is_loopback());
    match config.get_ssl_mode() {
        _ if !said && is_far => Encryption::Require,
        _ if !said => Encryption::Prefer,
        SslMode::Disable => Encryption::Disable,
        SslMode::Prefer => Encryption::Prefer,
        _ => Encryption::Require,
    }
}

/// The driver's own words leave out why a certificate was refused.
fn connect_failed(error: &::postgres::Error) -> StoreFailure {
    match (sort("connect", error), std::error::Error::source(error)) {
        (StoreFailure::Unreachable { why }, Some(source)) => {
            StoreFailure::Unreachable { why: format!("{why}: {source}") }
        }
        (sorted, _) => sorted,
    }
}

/// A worker thread: runs each body in its own SERIALIZABLE transaction.
pub(crate) fn run_worker(
    location: &PostgresLocation,
    shared: &Shared,
    wake: &crossbeam_channel::Sender<()>,
    jobs: &Receiver<Box<dyn Job>>,
) {
    let mut session: Option<(Client, Statements)> = None;
    while let Ok(mut job) = jobs.recv() {
        if let Some(why) = shared.stopped_because() {
            job.deliver(Err(StoreFailure::DiskUnsure { why }));
            continue;
        }
        if job.writes() && shared.are_writes_held() {
            job.deliver(Err(StoreFailure::Unreachable { why: String::from(HELD) }));
            continue;
        }
        let outcome = run_one(location, &mut session, job.as_mut());
        if matches!(outcome, Err(StoreFailure::Unreachable { .. })) {
            session = None;
        }
        if outcome.is_ok() && job.writes() {
            let _ = wake.try_send(());
        }
        if let Err(failure) = &outcome
            && failure.is_fatal()
        {
            shared.stop(&failure.to_string());
        }
        job.deliver(outcome);
    }
}

fn run_one(
    location: &PostgresLocation,
    session: &mut Option<(Client, Statements)>,
    job: &mut dyn Job,
) -> Result<(), StoreFailure> {
    for attempt in 0..RETRIES_MAX {
        let mut is_new = false;
        if session.as_ref().is_none_or(|(client, _)| client.is_closed()) {
            *session = Some((connect(location)?, HashMap::new()));
            is_new = true;
        }
        let Some((client, statements)) = session.as_mut() else { continue };
        match run_once(client, statements, job) {
            Ok(()) => return Ok(()),
            Err(Unfinished { failure: StoreFailure::Contended { .. }, .. }) => {
                // The two that met are spread out: short, growing, different for each attempt.
                std::thread::sleep(Duration::from_micros(200 * u64::from(attempt) * u64::from(attempt)));
            }
            // The server ended a session that nobody used: nothing was written, so it is done on a new one.
            Err(Unfinished { failure: StoreFailure::Unreachable { .. }, may_repeat: true }) if !is_new => {
                *session = None;
            }
            Err(Unfinished { failure, .. }) => return Err(failure),
        }
    }
    Err(StoreFailure::Contended { what: job.what() })
}

/// A transaction that did not come to its end.
struct Unfinished {
    failure: StoreFailure,
    /// It was never begun, or only read.
    may_repeat: bool,
}

fn run_once(client: &mut Client, statements: &mut Statements, job: &mut dyn Job) -> Result<(), Unfinished> {
    let (what, only_reads) = (job.what(), !job.writes());
    let transaction = client
        .build_transaction()
        .isolation_level(IsolationLevel::Serializable)
        .read_only(only_reads)
        .start()
        .map_err(|error| Unfinished { failure: sort(what, &error), may_repeat: true })?;
    let mut tx = Tx::new(what, Connection::Postgres { transaction, statements });
    let kept = job.run(&mut tx);
    let Connection::Postgres { transaction, .. } = tx.connection else { return Ok(()) };
    let ended = if kept {
        transaction.commit().map_err(|error| commit_failed(what, &error))
    } else {
        let rolled_back = transaction.rollback().map_err(|error| sort(what, &error));
        if job.failed_by_contention() { Err(StoreFailure::Contended { what }) } else { rolled_back }
    };
    ended.map_err(|failure| Unfinished { failure, may_repeat: only_reads })
}

/// A commit whose answer was lost may have happened; the words say so.
fn commit_failed(what: &'static str, error: &::postgres::Error) -> StoreFailure {
    match sort(what, error) {
        StoreFailure::Unreachable { why } => {
            StoreFailure::Unreachable { why: format!("{why}; whether `{what}` was written is not known") }
        }
        sorted => sorted,
    }
}

/// The sequencer thread of this node.
pub(crate) struct Sequencer {
    pub(crate) location: Arc<PostgresLocation>,
    pub(crate) client: Client,
    pub(crate) log: LogState,
    pub(crate) shared: Arc<Shared>,
}

/// Whether a thread goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Going {
    On,
    /// The store was closed.
    Away,
}

impl Sequencer {
    /// Takes the node lock, or says that another node has it. A predecessor that was killed holds it
    /// until the server notices, so it is asked for a moment longer.
    pub(crate) fn lock_out_others(client: &mut Client) -> Result<(), StoreFailure> {
        for attempt in 0..LOCK_TRIES {
            if attempt > 0 {
                std::thread::sleep(LOCK_DISTANCE);
            }
            let row = client
                .query_one("SELECT pg_try_advisory_lock($1)", &[&NODE_LOCK])
                .map_err(|error| sort("lock", &error))?;
            if row.get::<_, bool>(0) {
                return Ok(());
            }
        }
        Err(StoreFailure::InUse { pid: 0 })
    }

    pub(crate) fn run(mut self, wake: &Receiver<()>) {
        let mut statements = HashMap::new();
        loop {
            let outcome = match self.advance(&mut statements) {
                Ok(0) => match wake.recv_timeout(LOOK_DISTANCE) {
                    Err(RecvTimeoutError::Disconnected) => return,
                    Ok(()) | Err(RecvTimeoutError::Timeout) => Ok(Going::On),
                },
                Ok(_) | Err(StoreFailure::Contended { .. }) => Ok(Going::On),
                Err(StoreFailure::Unreachable { why }) => {
                    tracing::warn!(
                        why,
                        "the sequencer lost its connection; nothing is written until it is back"
                    );
                    statements.clear();
                    self.come_back(wake)
                }
                Err(failure) => Err(failure),
            };
            match outcome {
                Ok(Going::On) => {}
                Ok(Going::Away) => return,
                Err(failure) => {
                    tracing::error!(%failure, "the sequencer stopped");
                    self.shared.stop(&failure.to_string());
                    return;
                }
            }
        }
    }

    /// Makes a lost connection again, however long it takes.
    fn come_back(&mut self, wake: &Receiver<()>) -> Result<Going, StoreFailure> {
        self.shared.hold_writes(true);
        let mut distance = LOCK_DISTANCE;
        loop {
            if wake.recv_timeout(distance) == Err(RecvTimeoutError::Disconnected) {
                return Ok(Going::Away);
            }
            distance = RECONNECT_MAX.min(distance.saturating_mul(2));
            match self.resume() {
                Ok(()) => {
                    self.shared.hold_writes(false);
                    tracing::info!("the sequencer is back");
                    return Ok(Going::On);
                }
                // The lock may still be held by our own lost session, until the server notices.
                Err(StoreFailure::Unreachable { .. } | StoreFailure::InUse { .. }) => {}
                Err(failure) => return Err(failure),
            }
        }
    }

    /// One attempt: connects, sees that no other node was here, takes the lock, and sees that the log is
    /// the one this node knows. A server that came back with an older state is refused.
    fn resume(&mut self) -> Result<(), StoreFailure> {
        let mut client = connect(&self.location)?;
        self.read_own_log(&mut client)?;
        Self::lock_out_others(&mut client)?;
        let log = self.read_own_log(&mut client)?;
        self.client = client;
        self.log = log;
        Ok(())
    }

    /// Reads the log's state; refuses one that does not continue what this node saw last, or that another
    /// node has opened since: whoever opens it raises its epoch.
    fn read_own_log(&self, client: &mut Client) -> Result<LogState, StoreFailure> {
        let mut statements = HashMap::new();
        let transaction = client
            .build_transaction()
            .isolation_level(IsolationLevel::RepeatableRead)
            .read_only(true)
            .start()
            .map_err(|error| sort("read_log", &error))?;
        let mut tx = Tx::new("read_log", Connection::Postgres { transaction, statements: &mut statements });
        anchor::check(&mut tx, &self.shared.newest().note)?;
        let log = log::load(&mut tx, Arc::clone(&self.log.signer))?;
        if log.epoch == self.log.epoch {
            Ok(log)
        } else {
            Err(StoreFailure::TakenOver { epoch: log.epoch, ours: self.log.epoch })
        }
    }

    /// Turns waiting entries into leaves; returns how many.
    pub(crate) fn advance(&mut self, statements: &mut Statements) -> Result<usize, StoreFailure> {
        let before = self.log.clone();
        let outcome = self.advance_once(statements);
        match outcome {
            Ok((taken, head)) => {
                if let Some(head) = head {
                    self.shared.advance(head);
                }
                Ok(taken)
            }
            Err(failure) => {
                self.log = before;
                Err(failure)
            }
        }
    }

    fn advance_once(
        &mut self,
        statements: &mut Statements,
    ) -> Result<(usize, Option<crate::log::Head>), StoreFailure> {
        // One snapshot for both statements: an entry that commits in between waits for the next turn.
        let transaction = self
            .client
            .build_transaction()
            .isolation_level(IsolationLevel::RepeatableRead)
            .start()
            .map_err(|error| sort("sequence", &error))?;
        let mut tx = Tx::new("sequence", Connection::Postgres { transaction, statements });
        let (taken, head) = crate::log::sequence(&mut tx, &mut self.log, SEQUENCE_MAX)?;
        let Connection::Postgres { transaction, .. } = tx.connection else { return Ok((0, None)) };
        transaction.commit().map_err(|error| commit_failed("sequence", &error))?;
        Ok((taken, head))
    }
}
