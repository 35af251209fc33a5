//! What is alive that came from one role, at every server.
//!
//! Looked for by oid, because sessions outlive a dropped role and keep its oid. Swept:
//! sessions and the replication slots they hold at every server; prepared transactions,
//! memberships the role granted to others, user mappings made for it and subscriptions it
//! owns at the primary. Not knowable here: roles it created (not recorded before PostgreSQL
//! 16), jobs kept in tables, clients that wait inside a pooler.

use crate::{
    cluster::Cluster,
    config::Place,
    role,
    source::{Peer, PostgresSource, elsewhere, unread},
};
use tenure_connect::{DerivedReading, OutsideFailure, Target};
use tenure_model::{Derived, printable};
use tokio_postgres::Transaction;

const SESSIONS: &str = "
SELECT 'session', 'process ' || a.pid || coalesce(' from ' || host(a.client_addr), '')
       || CASE WHEN a.application_name = '' THEN '' ELSE ' (' || a.application_name || ')' END
  FROM pg_stat_activity a WHERE a.usesysid = $1 AND a.pid <> pg_backend_pid()
UNION ALL
SELECT 'replication slot', s.slot_name::text
  FROM pg_replication_slots s JOIN pg_stat_activity a ON a.pid = s.active_pid WHERE a.usesysid = $1
ORDER BY 1, 2";

/// `pg_prepared_xacts` gives a name, or nothing once the role is gone; the function behind it keeps the oid.
const MINTED: &str = "
SELECT 'prepared transaction', p.gid FROM pg_prepared_xact() AS p (transaction, gid, prepared, ownerid, dbid)
 WHERE p.ownerid = $1
UNION ALL
SELECT 'membership', coalesce(m.rolname::text, m.oid::text) || ' in ' || coalesce(g.rolname::text, g.oid::text)
  FROM pg_auth_members a LEFT JOIN pg_roles m ON m.oid = a.member LEFT JOIN pg_roles g ON g.oid = a.roleid
 WHERE a.grantor = $1
UNION ALL
SELECT CASE s.classid WHEN 'pg_user_mapping'::regclass THEN 'user mapping' ELSE 'subscription' END,
       'oid ' || s.objid || coalesce(' in ' || d.datname, '')
  FROM pg_shdepend s LEFT JOIN pg_database d ON d.oid = s.dbid
 WHERE s.refclassid = 'pg_authid'::regclass AND s.refobjid = $1 AND s.deptype = 'o'
   AND s.classid IN ('pg_user_mapping'::regclass, 'pg_subscription'::regclass)
ORDER BY 1, 2";

/// Names longer than this are cut.
const NAME_CHARS: usize = 120;

/// What is alive, and where nobody could look.
pub(crate) async fn derived(source: &PostgresSource, target: &Target) -> DerivedReading {
    let mut reading = DerivedReading::default();
    let mut unread_at = |place: &Place, failure: &OutsideFailure| {
        reading.unread.push((place.name.to_string(), failure.to_string()));
    };
    let at_primary = match role::oid_of(&target.key) {
        Ok(oid) => primary(source, oid).await.map(|(cluster, found)| (oid, cluster, found)),
        Err(failure) => Err(failure),
    };
    let (oid, cluster, mut found) = match at_primary {
        Ok(read) => read,
        // Without the primary nobody can say that the others are of its cluster.
        Err(failure) => {
            source.servers().for_each(|place| unread_at(place, &failure));
            return reading;
        }
    };
    for place in source.servers().skip(1) {
        match peer(source, place, cluster, oid).await {
            Ok(here) => found.extend(here),
            Err(failure) => unread_at(place, &failure),
        }
    }
    found.sort();
    found.dedup();
    reading.found = found;
    reading
}

async fn primary(source: &PostgresSource, oid: u32) -> Result<(Cluster, Vec<Derived>), OutsideFailure> {
    let place = &source.primary;
    let mut session = source.open(place).await?;
    let transaction = session.look().await.map_err(|error| unread(&error))?;
    let cluster = Cluster::of(&transaction).await.map_err(|error| unread(&error))?;
    let mut found = sessions(&transaction, place, oid).await.map_err(|error| unread(&error))?;
    found.extend(read(&transaction, place, oid, MINTED).await.map_err(|error| unread(&error))?);
    drop(transaction);
    session.close().await;
    Ok((cluster, found))
}

/// The role's sessions at another server of the cluster.
pub(crate) async fn peer(
    source: &PostgresSource,
    place: &Place,
    cluster: Cluster,
    oid: u32,
) -> Result<Vec<Derived>, OutsideFailure> {
    let mut session = match source.open_peer(place, cluster).await? {
        Peer::Server(session) => session,
        Peer::Pooler => return Ok(Vec::new()),
        Peer::Elsewhere => return Err(elsewhere()),
    };
    let transaction = session.look().await.map_err(|error| unread(&error))?;
    let found = sessions(&transaction, place, oid).await.map_err(|error| unread(&error))?;
    drop(transaction);
    session.close().await;
    Ok(found)
}

/// The role's sessions, and the replication slots they hold, at one server.
pub(crate) async fn sessions(
    transaction: &Transaction<'_>,
    place: &Place,
    oid: u32,
) -> Result<Vec<Derived>, tokio_postgres::Error> {
    read(transaction, place, oid, SESSIONS).await
}

async fn read(
    transaction: &Transaction<'_>,
    place: &Place,
    oid: u32,
    statement: &str,
) -> Result<Vec<Derived>, tokio_postgres::Error> {
    let rows = transaction.query(statement, &[&oid]).await?;
    rows.iter()
        .map(|row| {
            let name: String = row.try_get(1)?;
            Ok(Derived {
                point: place.name.to_string(),
                kind: row.try_get(0)?,
                name: printable(&name, NAME_CHARS),
            })
        })
        .collect()
}
