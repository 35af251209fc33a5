//! Ending what is logged in as one role at one server.
//!
//! By oid, so that it also finds sessions of a role that was dropped. Works on a replica.
//! Ends client sessions and WAL senders; a worker that the server itself restarts is left to
//! whoever removes its cause. Never ends our own session.

use crate::{
    act::unchanged,
    client::Session,
    failure::{self, Purpose},
};
use tenure_connect::OutsideFailure;
use tokio_postgres::Transaction;

/// Looks after the signal, each `LOOK_SECONDS` apart: five seconds together.
const LOOKS_MAX: u32 = 100;
/// Seconds between two looks; the server waits, not we.
const LOOK_SECONDS: f64 = 0.05;

/// Sessions that can be ended: those a client opened. Without `pg_read_all_stats` the kind is
/// hidden, and a hidden one counts.
pub(crate) const OF_CLIENTS: &str =
    "coalesce(a.backend_type, 'client backend') IN ('client backend', 'walsender')";

/// Ends every session of the role; returns how many there were once none is left.
pub(crate) async fn end(session: &mut Session, oid: u32) -> Result<i64, OutsideFailure> {
    let transaction = session.look().await.map_err(|error| unchanged(&error))?;
    let statement = format!(
        "SELECT count(pg_terminate_backend(a.pid)) FROM pg_stat_activity a \
          WHERE a.usesysid = $1 AND a.pid <> pg_backend_pid() AND {OF_CLIENTS}"
    );
    let asked = transaction.query_one(&statement, &[&oid]).await;
    let ended: i64 = asked.and_then(|row| row.try_get(0)).map_err(|error| unended(&error))?;
    if ended > 0 {
        wait_until_none(&transaction, oid).await?;
    }
    transaction.commit().await.map_err(|error| unchanged(&error))?;
    Ok(ended)
}

async fn wait_until_none(transaction: &Transaction<'_>, oid: u32) -> Result<(), OutsideFailure> {
    let mut left = 0_i64;
    for _ in 0..LOOKS_MAX {
        left = remaining(transaction, oid).await.map_err(|error| unchanged(&error))?;
        if left == 0 {
            return Ok(());
        }
        let waited = transaction.query_one("SELECT pg_sleep($1)", &[&LOOK_SECONDS]).await;
        waited.map_err(|error| unchanged(&error))?;
    }
    let why = format!("{left} of its sessions have not ended yet");
    Err(OutsideFailure::Throttled { why, retry_after: None })
}

/// How many sessions of clients the role has now; the server keeps one view of them per transaction
/// unless told otherwise.
pub(crate) async fn remaining(transaction: &Transaction<'_>, oid: u32) -> Result<i64, tokio_postgres::Error> {
    transaction.query_one("SELECT pg_stat_clear_snapshot()::text", &[]).await?;
    let statement = format!(
        "SELECT count(*) FROM pg_stat_activity a \
          WHERE a.usesysid = $1 AND a.pid <> pg_backend_pid() AND {OF_CLIENTS}"
    );
    transaction.query_one(&statement, &[&oid]).await?.try_get(0)
}

fn unended(error: &tokio_postgres::Error) -> OutsideFailure {
    failure::of_statement(
        error,
        Purpose::Change,
        "GRANT pg_signal_backend TO Tenure's account; a superuser's sessions can only be ended by a superuser",
    )
}
