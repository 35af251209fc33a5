//! Reading `pg_hba.conf` as the server parses it.
//!
//! What the view shows is the file as it is now; rules that were changed and not yet loaded
//! are shown although they do not apply. The rules themselves become facts of roles; the
//! extent only says whether they could be read.

use super::{end_part, extent, hba::Rule, pages::Stopped};
use crate::source::unread;
use tenure_connect::{NotObservable, SurveySink};
use tenure_model::Completeness;
use tokio_postgres::{Row, Transaction};

const EXTENT: &str = "access-rules";
const READABLE: &str = "
SELECT has_table_privilege(current_user, 'pg_catalog.pg_hba_file_rules', 'SELECT')
   AND has_function_privilege(current_user, 'pg_catalog.pg_hba_file_rules()', 'EXECUTE')";
const RULES: &str = "
SELECT line_number, type, database, user_name, address, netmask, auth_method
  FROM pg_hba_file_rules WHERE error IS NULL ORDER BY line_number";
/// PostgreSQL 16 numbers the rules over included files.
const RULES_FROM_16: &str = "
SELECT line_number, type, database, user_name, address, netmask, auth_method
  FROM pg_hba_file_rules WHERE error IS NULL ORDER BY rule_number";

/// What is known about the access rules.
#[derive(Debug)]
pub(super) enum Rules {
    /// In the order in which they are tried.
    Read(Vec<Rule>),
    /// Closed to us.
    Unread,
}

/// Reads the access rules.
pub(super) async fn read(transaction: &Transaction<'_>, sink: &mut dyn SurveySink) -> Result<Rules, Stopped> {
    let row = transaction.query_one(READABLE, &[]).await.map_err(|error| unread(&error))?;
    let readable: bool = row.try_get(0).map_err(|error| unread(&error))?;
    if !readable {
        not_readable(sink).await?;
        return Ok(Rules::Unread);
    }
    let version = transaction
        .query_one("SELECT current_setting('server_version_num')::int", &[])
        .await
        .and_then(|row| row.try_get::<_, i32>(0))
        .map_err(|error| unread(&error))?;
    let statement = if version >= 160_000 { RULES_FROM_16 } else { RULES };
    let rows = transaction.query(statement, &[]).await.map_err(|error| unread(&error))?;
    let rules: Result<Vec<Rule>, _> = rows.iter().map(rule).collect();
    let rules = rules.map_err(|error| unread(&error))?;
    sink.end(&extent(EXTENT), Completeness::Whole).await?;
    Ok(Rules::Read(rules))
}

async fn not_readable(sink: &mut dyn SurveySink) -> Result<(), Stopped> {
    let remedy = "GRANT SELECT ON pg_catalog.pg_hba_file_rules TO Tenure's account; \
                  GRANT EXECUTE ON FUNCTION pg_catalog.pg_hba_file_rules() TO Tenure's account";
    let why = "our account may not read pg_hba_file_rules";
    let note = NotObservable {
        what: "which roles are let in without a password".to_owned(),
        why: why.to_owned(),
        remedy: remedy.to_owned(),
    };
    sink.not_observable(note).await?;
    end_part(sink, &extent(EXTENT), why, remedy).await
}

fn rule(row: &Row) -> Result<Rule, tokio_postgres::Error> {
    Ok(Rule {
        line: row.try_get(0)?,
        kind: row.try_get(1)?,
        databases: row.try_get::<_, Option<Vec<String>>>(2)?.unwrap_or_default(),
        users: row.try_get::<_, Option<Vec<String>>>(3)?.unwrap_or_default(),
        address: row.try_get(4)?,
        netmask: row.try_get(5)?,
        method: row.try_get(6)?,
    })
}
