//! Reading a whole PostgreSQL: first what the cluster shares, then database by database.
//!
//! Each database is read in one read-only snapshot, page by page through a portal, so memory
//! stays bounded however large the catalogs are. The server does the joining; no statement
//! is per role. Whatever was closed to us ends its extent as part, with why and what mends
//! it, and the survey goes on. What the receiver recorded before is read once for its digest (`content.rs`), and
//! made into observations only if it is another. Never judges, never keeps a verifier longer than its
//! fingerprint takes. Extents, in order: `access-rules`, `sessions`, `roles`, `credentials`,
//! `memberships`, `inherited-memberships`, `databases`, `inherited-databases`, then for each database `owned/<db>`,
//! `grants/<db>`, `inherited/<db>`, `copies/<db>`.

mod access_rules;
mod content;
mod copies;
mod credentials;
mod database;
mod grants;
pub(crate) mod hba;
mod held_back;
mod memberships;
mod pages;
mod rights;
mod roles;
mod sessions;

use crate::source::{PostgresSource, unread};
use content::Digests;
use memberships::Memberships;
use pages::{Pages, Stopped, end_part};
use tenure_connect::{FailureClass, NotObservable, OutsideFailure, SurveySink};
use tenure_model::{Extent, Instant};
use tokio_postgres::Transaction;

/// Every domain in which a survey takes fingerprints of values.
pub(crate) const MARK_DOMAINS: &[&str] = &[copies::FINGERPRINT_DOMAIN, credentials::FINGERPRINT_DOMAIN];

/// Reads everything we may see.
pub(crate) async fn observe(
    source: &PostgresSource,
    now: Instant,
    sink: &mut dyn SurveySink,
) -> Result<(), OutsideFailure> {
    match everything(source, now, sink).await {
        Ok(()) | Err(Stopped::Closed) => Ok(()),
        Err(Stopped::Outside(failure)) => Err(failure),
    }
}

async fn everything(source: &PostgresSource, now: Instant, sink: &mut dyn SurveySink) -> Result<(), Stopped> {
    let mut session = source.open(&source.primary).await?;
    let mut transaction = session.snapshot().await.map_err(|error| unread(&error))?;
    blind_spots(sink).await?;
    let digests = Digests::new(&*source.fingerprint);
    let memberships = Memberships::read(&transaction, &digests).await?;
    let reading = Reading { source, digests, memberships };
    let rules = access_rules::read(&transaction, sink).await?;
    sessions::sample(source, &transaction, now, sink).await?;
    roles::read(&reading, &transaction, sink, &rules).await?;
    credentials::read(&reading, &transaction, sink).await?;
    memberships::emit(&reading, sink).await?;
    let databases = database::list(&reading, &mut transaction, sink).await?;
    transaction.rollback().await.map_err(|error| unread(&error))?;
    session.close().await;
    for one in &databases {
        database::read(&reading, one, sink).await?;
    }
    Ok(())
}

/// What the reading of every extent starts from.
pub(super) struct Reading<'source> {
    source: &'source PostgresSource,
    digests: Digests<'source>,
    memberships: Memberships,
}

/// What no PostgreSQL tells anybody, said once.
async fn blind_spots(sink: &mut dyn SurveySink) -> Result<(), Stopped> {
    let note = NotObservable {
        what: "when a role was last used, before Tenure's first sample and between samples".to_owned(),
        why: "PostgreSQL keeps no last login; sessions are sampled while a survey runs".to_owned(),
        remedy: "set log_connections = on and keep the log, or survey more often than sessions are short"
            .to_owned(),
    };
    sink.not_observable(note).await.map_err(|_| Stopped::Closed)
}

/// Ends one extent's savepoint: when reading failed for a reason of its own (a permission, a lock), the
/// snapshot lives on, and the reason is the answer. Anything else ends the survey.
pub(super) async fn settle<T>(
    savepoint: Transaction<'_>,
    read: Result<T, Stopped>,
) -> Result<Result<T, OutsideFailure>, Stopped> {
    let failure = match read {
        Ok(read) => {
            savepoint.commit().await.map_err(|error| unread(&error))?;
            return Ok(Ok(read));
        }
        Err(Stopped::Outside(failure)) if failure.class() == FailureClass::AskOperator => failure,
        Err(Stopped::Outside(failure @ OutsideFailure::Throttled { .. })) => failure,
        Err(stopped) => return Err(stopped),
    };
    savepoint.rollback().await.map_err(|error| unread(&error))?;
    Ok(Err(failure))
}

/// Ends an extent that failed.
pub(super) async fn end_failed(
    sink: &mut dyn SurveySink,
    extent: &Extent,
    failure: &OutsideFailure,
) -> Result<(), Stopped> {
    let remedy = match failure {
        OutsideFailure::Refused { remedy, .. } => remedy,
        _ => "survey again; if it stays, look into the server's log",
    };
    end_part(sink, extent, &failure.to_string(), remedy).await
}

/// An extent by name.
pub(super) fn extent(name: &str) -> Extent {
    Extent(name.to_owned())
}

/// Pages of an extent.
pub(super) fn pages<'sink>(sink: &'sink mut dyn SurveySink, name: &str) -> Pages<'sink> {
    Pages::new(sink, extent(name))
}
