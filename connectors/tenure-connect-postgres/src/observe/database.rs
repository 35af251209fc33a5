//! The databases, what the cluster shares, and the reading of each database.
//!
//! A database we cannot enter ends its extents as part and stops nothing else. Templates are
//! left out: nobody works in them.

use super::{copies, end_failed, end_part, extent, grants, memberships::Graph, pages::Stopped, settle};
use crate::source::{PostgresSource, unread};
use tenure_connect::{OutsideFailure, SurveySink};
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
    transaction: &Transaction<'_>,
    graph: &Graph,
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
    let mut inherited = grants::Inherited::new(graph);
    grants::read(transaction, &shared, &extent(EXTENT), &mut inherited, sink).await?;
    inherited.emit(&extent(INHERITED), sink).await?;
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
fn extents(name: &str) -> [String; 4] {
    ["owned", "grants", "inherited", "copies"].map(|part| format!("{part}/{name}"))
}

/// Reads one database; what goes wrong in it stays in it, unless the receiver is gone.
pub(super) async fn read(
    source: &PostgresSource,
    database: &Database,
    graph: &Graph,
    sink: &mut dyn SurveySink,
) -> Result<(), Stopped> {
    let names = extents(&database.name);
    if let Some((why, remedy)) = database.closed {
        for name in &names {
            end_part(sink, &extent(name), why, remedy).await?;
        }
        return Ok(());
    }
    let mut ended = 0;
    match within(source, database, graph, sink, &mut ended).await {
        Ok(()) => Ok(()),
        Err(Stopped::Closed) => Err(Stopped::Closed),
        Err(Stopped::Outside(failure)) => {
            for name in names.iter().skip(ended) {
                end_failed(sink, &extent(name), &failure).await?;
            }
            gone_altogether(source, failure).await
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
    source: &PostgresSource,
    database: &Database,
    graph: &Graph,
    sink: &mut dyn SurveySink,
    ended: &mut usize,
) -> Result<(), Stopped> {
    let mut session = source.open_in(&source.primary, &database.name).await?;
    let mut transaction = session.snapshot().await.map_err(|error| unread(&error))?;
    let mut inherited = grants::Inherited::new(graph);
    let [owned, granted, through, copied] = extents(&database.name).map(|name| extent(&name));
    for (place, statement) in [(&owned, grants::OWNED), (&granted, grants::GRANTED)] {
        let savepoint = transaction.transaction().await.map_err(|error| unread(&error))?;
        let read = grants::read(&savepoint, statement, place, &mut inherited, sink).await;
        settle(savepoint, read, sink, place).await?;
        *ended += 1;
    }
    inherited.emit(&through, sink).await?;
    *ended += 1;
    let savepoint = transaction.transaction().await.map_err(|error| unread(&error))?;
    let read = copies::read(source, &savepoint, &copied, sink).await;
    settle(savepoint, read, sink, &copied).await?;
    *ended += 1;
    transaction.rollback().await.map_err(|error| unread(&error))?;
    session.close().await;
    Ok(())
}
