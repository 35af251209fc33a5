//! What handing over to the heir needs and our account or the heir lacks, with the statement that gives it.
//!
//! REASSIGN OWNED needs the heir's rights for our account, for a schema CREATE on its database (ours, or
//! through a role we take), and for functions and the like that the heir has CREATE on their schema; tables
//! and types need nothing (`shdepReassignOwned`, pg_shdepend.c; `AlterSchemaOwner_internal`,
//! `AlterObjectOwner_internal`). Looks only, changes nothing, and never stops a deletion: the rehearsal in
//! `act/delete.rs` decides, this says beforehand what it would say, and how to mend it.

use crate::{
    quote::identifier,
    source::{PostgresSource, unread},
};
use tenure_connect::OutsideFailure;
use tenure_model::printable;
use tokio_postgres::{Row, Transaction};

/// Databases that are entered to look for schemas; more are left to the rehearsal.
const DATABASES_MAX: i64 = 32;
/// Statements that are said; more are counted.
const SAID_MAX: usize = 3;

/// Our account and the heir, which may not be there.
const PARTIES: &str = "
SELECT me.rolname::text, me.rolsuper, h.rolsuper,
       coalesce(pg_has_role(me.oid, h.oid, 'MEMBER'), false),
       coalesce(pg_has_role(me.oid, h.oid, 'MEMBER WITH ADMIN OPTION'), false)
         OR (me.rolcreaterole AND current_setting('server_version_num')::int < 160000),
       current_setting('server_version_num')::int >= 160000
  FROM pg_roles me LEFT JOIN pg_roles h ON h.rolname = $1 WHERE me.rolname = current_user";

/// Databases in which a schema or a publication could not be handed over. A schema asks for the right of whoever
/// hands it over, which takes the former owner's and the heir's; a publication for the heir's.
const DATABASES: &str = "
SELECT DISTINCT d.datname::text
  FROM pg_shdepend s JOIN pg_database d ON d.oid = s.dbid JOIN pg_roles o ON o.oid = s.refobjid
 WHERE s.refclassid = 'pg_authid'::regclass AND s.deptype = 'o' AND o.rolname <> $1 AND o.rolname <> current_user
   AND NOT o.rolsuper AND ($2::oid IS NULL OR o.oid = $2)
   AND NOT has_database_privilege($1::name, d.oid, 'CREATE')
   AND (s.classid = 'pg_publication'::regclass
        OR s.classid = 'pg_namespace'::regclass AND NOT has_database_privilege(current_user, d.oid, 'CREATE')
           AND NOT has_database_privilege(o.oid, d.oid, 'CREATE'))
 ORDER BY 1";

/// Databases with things that stand in a schema and whose new owner must be allowed to create there.
const TO_ENTER: &str = "
SELECT DISTINCT d.datname::text
  FROM pg_shdepend s JOIN pg_database d ON d.oid = s.dbid JOIN pg_roles o ON o.oid = s.refobjid
 WHERE s.refclassid = 'pg_authid'::regclass AND s.deptype = 'o' AND o.rolname <> $1 AND NOT o.rolsuper
   AND ($2::oid IS NULL OR o.oid = $2) AND d.datallowconn AND has_database_privilege(current_user, d.oid, 'CONNECT')
   AND s.classid IN ('pg_proc'::regclass, 'pg_operator'::regclass, 'pg_opclass'::regclass, 'pg_opfamily'::regclass,
                     'pg_collation'::regclass, 'pg_conversion'::regclass, 'pg_ts_dict'::regclass,
                     'pg_ts_config'::regclass, 'pg_statistic_ext'::regclass)
 ORDER BY 1 LIMIT $3";

/// Schemas of the database we are in where the heir may create nothing. One that belongs to the same owner goes to
/// the heir first, in most cases, and is left to the rehearsal.
const SCHEMAS: &str = "
WITH placed (classid, oid, owner, schema) AS (
    SELECT tableoid, oid, proowner, pronamespace FROM pg_proc
    UNION ALL SELECT tableoid, oid, oprowner, oprnamespace FROM pg_operator
    UNION ALL SELECT tableoid, oid, opcowner, opcnamespace FROM pg_opclass
    UNION ALL SELECT tableoid, oid, opfowner, opfnamespace FROM pg_opfamily
    UNION ALL SELECT tableoid, oid, collowner, collnamespace FROM pg_collation
    UNION ALL SELECT tableoid, oid, conowner, connamespace FROM pg_conversion
    UNION ALL SELECT tableoid, oid, dictowner, dictnamespace FROM pg_ts_dict
    UNION ALL SELECT tableoid, oid, cfgowner, cfgnamespace FROM pg_ts_config
    UNION ALL SELECT tableoid, oid, stxowner, stxnamespace FROM pg_statistic_ext)
SELECT DISTINCT n.nspname::text
  FROM placed p JOIN pg_namespace n ON n.oid = p.schema JOIN pg_roles o ON o.oid = p.owner
 WHERE p.oid >= 16384 AND o.rolname <> $1 AND NOT o.rolsuper AND ($2::oid IS NULL OR o.oid = $2)
   AND n.nspowner <> p.owner AND NOT has_schema_privilege($1::name, n.oid, 'CREATE')
 ORDER BY 1";

/// Why something cannot be handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Lacking {
    /// No grant helps, only another heir: why. How one is named depends on who asked.
    Unfit(String),
    /// Each with the statement that mends it. Empty where nothing is lacking, as far as can be seen.
    Statements(Vec<String>),
}

impl Lacking {
    /// In one sentence, more than a few counted; nothing where nothing is lacking. `another` says how another heir is
    /// named.
    pub(crate) fn said(&self, another: &str) -> Option<String> {
        match self {
            Self::Unfit(why) => Some(format!("{why}: {another}")),
            Self::Statements(statements) if statements.is_empty() => None,
            Self::Statements(statements) => {
                let shown: Vec<&str> = statements.iter().take(SAID_MAX).map(String::as_str).collect();
                let more = statements.len().saturating_sub(SAID_MAX);
                let more = if more > 0 { format!("; and {more} more like it") } else { String::new() };
                Some(format!("{}{more}", shown.join("; ")))
            }
        }
    }
}

/// What is lacking to hand over to `heir` what the role with this oid owns, or what anybody owns.
pub(crate) async fn lacking(
    source: &PostgresSource,
    transaction: &Transaction<'_>,
    heir: &str,
    owner: Option<u32>,
) -> Result<Lacking, OutsideFailure> {
    let parties = transaction.query_one(PARTIES, &[&heir]).await.map_err(|error| unread(&error))?;
    let (is_superuser, party) = party(&parties, heir).map_err(|error| unread(&error))?;
    if let Some(party) = party {
        return Ok(party);
    }
    if is_superuser {
        return Ok(Lacking::Statements(Vec::new()));
    }
    let rows = transaction.query(DATABASES, &[&heir, &owner]).await.map_err(|error| unread(&error))?;
    let mut lacking = Vec::new();
    for database in names(&rows)? {
        let database = identifier(&database);
        lacking.push(format!("GRANT CREATE ON DATABASE {database} TO {}", identifier(heir)));
    }
    let rows = transaction
        .query(TO_ENTER, &[&heir, &owner, &DATABASES_MAX])
        .await
        .map_err(|error| unread(&error))?;
    for database in names(&rows)? {
        // A database that does not let us in is told by what asks whether we may enter all of them.
        let Ok(mut session) = source.open_in(&source.primary, &database).await else { continue };
        let inside = session.snapshot().await.map_err(|error| unread(&error))?;
        let rows = inside.query(SCHEMAS, &[&heir, &owner]).await.map_err(|error| unread(&error))?;
        for schema in names(&rows)? {
            lacking.push(format!(
                "in database {}: GRANT CREATE ON SCHEMA {} TO {}",
                identifier(&database),
                identifier(&schema),
                identifier(heir)
            ));
        }
        drop(inside);
        session.close().await;
    }
    Ok(Lacking::Statements(lacking))
}

/// Whether our account is a superuser, and what keeps it from taking the heir's rights.
fn party(row: &Row, heir: &str) -> Result<(bool, Option<Lacking>), tokio_postgres::Error> {
    let (us, is_superuser): (String, bool) = (row.try_get(0)?, row.try_get(1)?);
    let heir_is_superuser: Option<bool> = row.try_get(2)?;
    let (member, may_take, since_16): (bool, bool, bool) =
        (row.try_get(3)?, row.try_get(4)?, row.try_get(5)?);
    let (us, quoted) = (identifier(&us), identifier(heir));
    let lacks = match heir_is_superuser {
        None => Lacking::Unfit(format!("`{}` is not a role there", printable(heir, 64))),
        Some(_) if is_superuser || member => return Ok((is_superuser, None)),
        Some(true) => Lacking::Unfit(format!("{quoted} is a superuser and Tenure's account {us} is not")),
        Some(false) if may_take => return Ok((is_superuser, None)),
        Some(false) if since_16 => Lacking::Statements(vec![format!(
            "GRANT {quoted} TO {us} WITH ADMIN TRUE, INHERIT FALSE, SET FALSE"
        )]),
        Some(false) => {
            Lacking::Statements(vec![format!("ALTER ROLE {us} CREATEROLE, or GRANT {quoted} TO {us}")])
        }
    };
    Ok((is_superuser, Some(lacks)))
}

fn names(rows: &[Row]) -> Result<Vec<String>, OutsideFailure> {
    rows.iter().map(|row| row.try_get(0).map_err(|error| unread(&error))).collect()
}
