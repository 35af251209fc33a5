//! The databases, what the cluster shares, and the reading of each database.
//!
//! A database we cannot enter ends its extents as part and stops nothing else. Templates are
//! left out: nobody works in them.

use super::{Reading, copies, end_failed, end_part, extent, grants, pages::Stopped, rights::Rights, settle};
use crate::source::{PostgresSource, unread};
use std::collections::BTreeSet;
use tenure_connect::{OutsideFailure, SurveySink};
use tenure_model::Extent;
use tokio_postgres::{Row, Transaction};

const EXTENT: &str = "databases";
const INHERITED: &str = "inherited-databases";

/// A database, and whether we may enter it.
pub(super) struct Database {
    pub(super) name: String,
    /// Why not, and what mends it.
    closed: Option<(&'static str, &'static str)>,
}

const DATABASES: &str = "
SELECT d.datname::text, d.datallowconn, has_database_privilege(current_user, d.oid, 'CONNECT')
  FROM pg_database d WHERE NOT d.datistemplate ORDER BY 1";

/// Owners and rights of what belongs to no one database, shaped like `grants::GRANTED`.
const SHARED: &str = "
SELECT o.resource, ARRAY[o.owner], ARRAY['owner*']
  FROM (SELECT datdba AS owner, 'database/' || quote_ident(datname) AS resource FROM pg_database WHERE NOT datistemplate
        UNION ALL
        SELECT spcowner, 'tablespace/' || quote_ident(spcname) FROM pg_tablespace WHERE oid >= 16384) o
UNION ALL
SELECT r.resource, array_agg(r.grantee), array_agg(r.privilege_type || CASE WHEN r.passed_on THEN '*' ELSE '' END)
  FROM (SELECT o.resource, x.grantee, x.privilege_type, bool_or(x.is_grantable) AS passed_on
          FROM (SELECT datdba AS owner, 'database/' || quote_ident(datname) AS resource,
                       coalesce(datacl, acldefault('d', datdba)) AS acl FROM pg_database WHERE NOT datistemplate
                UNION ALL
                SELECT spcowner, 'tablespace/' || quote_ident(spcname), spcacl FROM pg_tablespace
                {parameters}) o
               CROSS JOIN LATERAL aclexplode(o.acl) x
         WHERE x.grantee <> o.owner GROUP BY 1, 2, 3) r
 GROUP BY 1 ORDER BY 1";
/// Rights on parameters, since PostgreSQL 15; they have no owner.
const PARAMETERS: &str =
    "UNION ALL SELECT 10::oid, 'parameter/' || quote_ident(parname), paracl FROM pg_parameter_acl";

/// Lists the databases and emits what is shared.
pub(super) async fn list(
    reading: &Reading<'_>,
    transaction: &mut Transaction<'_>,
    sink: &mut dyn SurveySink,
) -> Result<Vec<Database>, Stopped> {
    let rows = transaction.query(DATABASES, &[]).await.map_err(|error| unread(&error))?;
    let databases: Result<Vec<Database>, _> = rows.iter().map(database).collect();
    let version = transaction
        .query_one("SELECT current_setting('server_version_num')::int", &[])
        .await
        .and_then(|row| row.try_get::<_, i32>(0))
        .map_err(|error| unread(&error))?;
    let shared = SHARED.replace("{parameters}", if version >= 150_000 { PARAMETERS } else { "" });
    let rights = Rights { granted: vec![(extent(EXTENT), &shared)], inherited: extent(INHERITED) };
    rights.read(reading, transaction, sink, &mut BTreeSet::new()).await?;
    Ok(databases.map_err(|error| unread(&error))?)
}

fn database(row: &Row) -> Result<Database, tokio_postgres::Error> {
    let (accepts, may): (bool, bool) = (row.try_get(1)?, row.try_get(2)?);
    let closed = match (accepts, may) {
        (true, true) => None,
        (false, _) => Some((
            "the database accepts no connections",
            "ALTER DATABASE … WITH ALLOW_CONNECTIONS true, or drop it",
        )),
        (true, false) => Some((
            "our account may not connect to the database",
            "GRANT CONNECT ON DATABASE … TO Tenure's account",
        )),
    };
    Ok(Database { name: row.try_get(0)?, closed })
}

/// The extents of one database, in the order in which they are read.
fn extents(name: &str) -> [Extent; 4] {
    ["owned", "grants", "inherited", "copies"].map(|part| extent(&format!("{part}/{name}")))
}

/// Reads one database; what goes wrong in it stays in it, unless the receiver is gone.
pub(super) async fn read(
    reading: &Reading<'_>,
    database: &Database,
    sink: &mut dyn SurveySink,
) -> Result<(), Stopped> {
    let extents = extents(&database.name);
    if let Some((why, remedy)) = database.closed {
        for extent in &extents {
            end_part(sink, extent, why, remedy).await?;
        }
        return Ok(());
    }
    let mut ended = BTreeSet::new();
    match within(reading, database, sink, &mut ended).await {
        Ok(()) => Ok(()),
        Err(Stopped::Closed) => Err(Stopped::Closed),
        Err(Stopped::Outside(failure)) => {
            for extent in extents.iter().filter(|extent| !ended.contains(extent)) {
                end_failed(sink, extent, &failure).await?;
            }
            gone_altogether(reading.source, failure).await
        }
    }
}

/// A database may be dropped or locked while we read; a server that is gone ends the survey.
async fn gone_altogether(source: &PostgresSource, failure: OutsideFailure) -> Result<(), Stopped> {
    match source.open(&source.primary).await {
        Ok(session) => {
            session.close().await;
            Ok(())
        }
        Err(_) => Err(Stopped::Outside(failure)),
    }
}

async fn within(
    reading: &Reading<'_>,
    database: &Database,
    sink: &mut dyn SurveySink,
    ended: &mut BTreeSet<Extent>,
) -> Result<(), Stopped> {
    let mut session = reading.source.open_in(&reading.source.primary, &database.name).await?;
    let mut transaction = session.snapshot().await.map_err(|error| unread(&error))?;
    let [owned, granted, inherited, copied] = extents(&database.name);
    let rights = Rights { granted: vec![(owned, grants::OWNED), (granted, grants::GRANTED)], inherited };
    rights.read(reading, &mut transaction, sink, ended).await?;
    let savepoint = transaction.transaction().await.map_err(|error| unread(&error))?;
    let read = copies::read(reading, &savepoint, &copied, sink).await;
    if let Err(failure) = settle(savepoint, read).await? {
        end_failed(sink, &copied, &failure).await?;
    }
    ended.insert(copied);
    transaction.rollback().await.map_err(|error| unread(&error))?;
    session.close().await;
    Ok(())
}
