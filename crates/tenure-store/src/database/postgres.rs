//! PostgreSQL: several workers, SERIALIZABLE, retried when two transactions disagree.
//!
//! The sequencer is one thread on its own connection. It holds an advisory lock for as long
//! as it lives, so a second node is refused at its start, and it fences itself with the
//! epoch in `log_head`: an advance by a node that lost its connection touches no row.

use super::{Connection, DatabaseLocation, Tx};
use crate::{
    StoreFailure, Value,
    log::LogState,
    store::{Job, Shared},
};
use ::postgres::{
    Client, Config, IsolationLevel, NoTls, Statement,
    types::{ToSql, Type},
};
use crossbeam_channel::Receiver;
use std::{collections::HashMap, str::FromStr as _, sync::Arc, time::Duration};

/// Worker threads, each with a connection.
pub(crate) const WORKERS: usize = 4;
/// How often a transaction is tried again before its caller is told.
const RETRIES_MAX: u32 = 40;
/// Key of the advisory lock that keeps a second node out: the bytes of `tenure01`.
const NODE_LOCK: i64 = 0x7465_6e75_7265_3031;
/// How often and at which distance the node lock is asked for.
const LOCK_TRIES: u32 = 20;
const LOCK_DISTANCE: Duration = Duration::from_millis(100);
/// Entries turned into leaves in one transaction, at most; 65,535 bytes each bounds its memory.
pub(crate) const SEQUENCE_MAX: i64 = 4_096;

/// A server or role set to answer before a commit is on disk would make receipts worthless;
/// stronger settings stay.
const DURABLE: &str = "SELECT set_config('synchronous_commit', 'on', false) \
                       WHERE current_setting('synchronous_commit') = 'off'";

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
pub(crate) fn connect(location: &DatabaseLocation) -> Result<Client, StoreFailure> {
    let DatabaseLocation::Postgres { parameters, password } = location else {
        return Err(StoreFailure::Unreachable { why: String::from("not a PostgreSQL location") });
    };
    let mut config =
        Config::from_str(parameters).map_err(|error| StoreFailure::Unreachable { why: error.to_string() })?;
    if let Some(password) = password {
        config.password(password.expose());
    }
    config.application_name("tenure-store").connect_timeout(Duration::from_secs(10));
    let mut client = config.connect(NoTls).map_err(|error| sort("connect", &error))?;
    client.batch_execute(DURABLE).map_err(|error| sort("connect", &error))?;
    Ok(client)
}

/// A worker thread: runs each body in its own SERIALIZABLE transaction.
pub(crate) fn run_worker(
    location: &DatabaseLocation,
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
    location: &DatabaseLocation,
    session: &mut Option<(Client, Statements)>,
    job: &mut dyn Job,
) -> Result<(), StoreFailure> {
    for attempt in 0..RETRIES_MAX {
        if session.as_ref().is_none_or(|(client, _)| client.is_closed()) {
            *session = Some((connect(location)?, HashMap::new()));
        }
        let Some((client, statements)) = session.as_mut() else { continue };
        match run_once(client, statements, job) {
            Err(StoreFailure::Contended { .. }) => {
                // The two that met are spread out: short, growing, different for each attempt.
                std::thread::sleep(Duration::from_micros(200 * u64::from(attempt) * u64::from(attempt)));
            }
            outcome => return outcome,
        }
    }
    Err(StoreFailure::Contended { what: job.what() })
}

fn run_once(client: &mut Client, statements: &mut Statements, job: &mut dyn Job) -> Result<(), StoreFailure> {
    let what = job.what();
    let transaction = client
        .build_transaction()
        .isolation_level(IsolationLevel::Serializable)
        .read_only(!job.writes())
        .start()
        .map_err(|error| sort(what, &error))?;
    let mut tx = Tx::new(what, Connection::Postgres { transaction, statements });
    let kept = job.run(&mut tx);
    let Connection::Postgres { transaction, .. } = tx.connection else { return Ok(()) };
    if kept {
        transaction.commit().map_err(|error| commit_failed(what, &error))
    } else {
        let rolled_back = transaction.rollback().map_err(|error| sort(what, &error));
        if job.failed_by_contention() { Err(StoreFailure::Contended { what }) } else { rolled_back }
    }
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
    pub(crate) client: Client,
    pub(crate) log: LogState,
    pub(crate) shared: Arc<Shared>,
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
            match self.advance(&mut statements) {
                Ok(0) => match wake.recv_timeout(Duration::from_millis(500)) {
                    Err(crossbeam_channel::RecvTimeoutError::Disconnected) => return,
                    Ok(()) | Err(crossbeam_channel::RecvTimeoutError::Timeout) => {}
                },
                Ok(_) => {}
                Err(StoreFailure::Contended { .. }) => {}
                Err(failure) => {
                    // The lock went with the connection: this node must not sequence any more.
                    tracing::error!(%failure, "the sequencer stopped");
                    self.shared.stop(&failure.to_string());
                    return;
                }
            }
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
