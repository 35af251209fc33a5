//! Who is logged in right now, at every server: the only trace of use PostgreSQL keeps.
//!
//! A sample, not a log: what came and went between two surveys was never seen, and the survey
//! says so. Counts by role, client address and application name; no query text is read.

use super::{pages, pages::Stopped};
use crate::{
    client::PROBE_APPLICATION,
    cluster::Cluster,
    config::Place,
    role::key_of,
    source::{Peer, PostgresSource, elsewhere as another_cluster, unread},
};
use std::{collections::BTreeMap, time::Duration};
use tenure_connect::{OutsideFailure, SurveySink};
use tenure_model::{Instant, Observation, ObservedUse, printable};
use tokio_postgres::Transaction;

const EXTENT: &str = "sessions";
const HOUR: Duration = Duration::from_hours(1);
/// Longest name of a consumer, in characters.
const CONSUMER_CHARS: usize = 160;

/// As many rows as there are connections at most.
const SAMPLE: &str = "
SELECT a.usesysid, coalesce(host(a.client_addr), CASE WHEN a.backend_type IS NULL THEN 'hidden' ELSE 'local' END),
       a.application_name, count(*)
  FROM pg_stat_activity a
 WHERE a.usesysid IS NOT NULL AND a.pid <> pg_backend_pid() AND a.application_name <> $1
   AND coalesce(a.backend_type, 'client backend') IN ('client backend', 'walsender')
 GROUP BY 1, 2, 3 ORDER BY 1, 2, 3";

const ALL_VISIBLE: &str = "SELECT pg_has_role(current_user, 'pg_read_all_stats', 'USAGE')";

type Consumers = BTreeMap<(u32, String), i64>;

/// Takes the sample and emits it.
pub(super) async fn sample(
    source: &PostgresSource,
    transaction: &Transaction<'_>,
    now: Instant,
    sink: &mut dyn SurveySink,
) -> Result<(), Stopped> {
    let mut consumers = Consumers::new();
    let mut gaps = Vec::new();
    let visible = at(transaction, &mut consumers).await.map_err(|error| unread(&error))?;
    if !visible {
        gaps.push("where sessions come from is hidden from our account".to_owned());
    }
    let cluster = Cluster::of(transaction).await.map_err(|error| unread(&error))?;
    for place in source.servers().skip(1) {
        if let Err(failure) = elsewhere(source, place, cluster, &mut consumers).await {
            gaps.push(format!("{}: {failure}", place.name));
        }
    }
    let bucket = hour_of(now);
    let mut pages = pages(sink, EXTENT);
    for ((oid, consumer), count) in consumers {
        let observed = ObservedUse { principal: key_of(oid), consumer, bucket, count };
        pages.push(Observation::Use(observed)).await?;
    }
    if gaps.is_empty() {
        return pages.end_whole().await;
    }
    let remedy = "GRANT pg_read_all_stats TO Tenure's account, and make every server reachable";
    pages.end_part(&gaps.join("; "), remedy).await
}

async fn elsewhere(
    source: &PostgresSource,
    place: &Place,
    cluster: Cluster,
    consumers: &mut Consumers,
) -> Result<(), OutsideFailure> {
    let mut session = match source.open_peer(place, cluster).await? {
        Peer::Server(session) => session,
        Peer::Pooler => return Ok(()),
        Peer::Elsewhere => return Err(another_cluster()),
    };
    let transaction = session.look().await.map_err(|error| unread(&error))?;
    at(&transaction, consumers).await.map_err(|error| unread(&error))?;
    drop(transaction);
    session.close().await;
    Ok(())
}

/// Adds one server's sessions; true when nothing was hidden from us.
async fn at(transaction: &Transaction<'_>, consumers: &mut Consumers) -> Result<bool, tokio_postgres::Error> {
    let rows = transaction.query(SAMPLE, &[&PROBE_APPLICATION]).await?;
    for row in &rows {
        let (oid, from, application): (u32, &str, &str) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        let consumer = if application.is_empty() {
            from.to_owned()
        } else {
            format!("{from} ({})", printable(application, CONSUMER_CHARS))
        };
        *consumers.entry((oid, consumer)).or_default() += row.try_get::<_, i64>(3)?;
    }
    transaction.query_one(ALL_VISIBLE, &[]).await?.try_get(0)
}

/// The start of the hour an instant falls in.
fn hour_of(now: Instant) -> Instant {
    let hour = i64::try_from(HOUR.as_micros()).unwrap_or(i64::MAX);
    Instant::from_micros(now.as_micros() - now.as_micros().rem_euclid(hour))
}

#[cfg(test)]
mod tests {
    use super::hour_of;
    use tenure_model::Instant;

    #[test]
    fn a_use_falls_into_its_hour() {
        let at = |text: &str| Instant::parse(text).unwrap();
        assert_eq!(hour_of(at("2026-11-21T12:59:59.9Z")), at("2026-11-21T12:00:00Z"));
        assert_eq!(hour_of(at("1969-12-31T23:10:00Z")), at("1969-12-31T23:00:00Z"));
    }
}
