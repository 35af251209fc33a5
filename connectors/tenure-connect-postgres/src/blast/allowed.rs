//! Whether our account may end a role, and whether a pooler may hang on it: said before a plan is made.
//!
//! What the server would refuse in the middle of a revocation is found here first. Looks at rights
//! only, changes nothing, and never guesses: what cannot be known beforehand is left to the
//! rehearsal in `act/delete.rs`. The superuser's own objects are not in `pg_shdepend` as owned, so
//! a right on an object without an owner there is a right on a superuser's.

use crate::{map::counted, quote::identifier, role::Role, source::unread};
use tenure_connect::OutsideFailure;
use tokio_postgres::Transaction;

/// Who we are, and what of the role's only a superuser may touch.
const OURS: &str = "
SELECT me.rolname::text, me.rolsuper, me.rolcreaterole,
       current_setting('server_version_num')::int >= 160000
         AND NOT pg_has_role(me.oid, $1::oid, 'USAGE WITH ADMIN OPTION'),
       (SELECT count(*)
          FROM pg_shdepend a
               LEFT JOIN pg_shdepend o ON (o.dbid, o.classid, o.objid) = (a.dbid, a.classid, a.objid)
                     AND o.deptype = 'o' AND o.refclassid = 'pg_authid'::regclass
               LEFT JOIN pg_roles r ON r.oid = o.refobjid
         WHERE a.refclassid = 'pg_authid'::regclass AND a.refobjid = $1 AND a.deptype = 'a'
           AND (r.oid IS NULL OR r.rolsuper)),
       (SELECT count(*) FROM pg_prepared_xact() AS p (transaction, gid, prepared, ownerid, dbid)
         WHERE p.ownerid = $1)
  FROM pg_roles me WHERE me.rolname = current_user";

/// A role that is no superuser and can read stored passwords, itself or through a function made for it: what the
/// account of a pooler needs that looks logins up (`auth_user` and `auth_query` of PgBouncer).
const LOOKS_UP: &str = "
SELECT NOT r.rolsuper AND r.rolcanlogin AND (
         has_column_privilege(r.oid, 'pg_catalog.pg_authid', 'rolpassword', 'SELECT')
         OR has_table_privilege(r.oid, 'pg_catalog.pg_shadow', 'SELECT')
         OR EXISTS (SELECT FROM pg_proc p CROSS JOIN LATERAL aclexplode(p.proacl) x
                     WHERE p.prosecdef AND p.prosrc ~ 'pg_shadow|pg_authid'
                       AND x.grantee = r.oid AND x.privilege_type = 'EXECUTE'))
  FROM pg_roles r WHERE r.oid = $1";

/// What stands in the way of ending a role with our account.
#[derive(Debug, Default)]
pub(super) struct Standing {
    /// Nothing of a plan could be carried out.
    pub(super) refusals: Vec<String>,
    /// Some of it could not.
    pub(super) warnings: Vec<String>,
}

/// What our account lacks to end a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lacks {
    /// To be a superuser, as the role is.
    Superuser,
    /// To change any role.
    CreateRole,
    /// To change this one.
    Admin,
}

impl Lacks {
    /// In plain words, with what mends it; both names as identifiers.
    pub(crate) fn said(self, us: &str, them: &str) -> String {
        match self {
            Self::Superuser => {
                format!(
                    "it is a superuser and Tenure's account {us} is not: have a superuser end it (`tenure revoke NAME --by-hand` prints how)"
                )
            }
            Self::CreateRole => {
                format!("Tenure's account {us} may change no roles: ALTER ROLE {us} CREATEROLE")
            }
            Self::Admin => format!(
                "Tenure's account {us} may not change it: GRANT {them} TO {us} WITH ADMIN TRUE, INHERIT FALSE, SET FALSE"
            ),
        }
    }
}

/// Asks the server what our account may do with the role.
pub(super) async fn standing(transaction: &Transaction<'_>, role: &Role) -> Result<Standing, OutsideFailure> {
    let row = transaction.query_one(OURS, &[&role.oid]).await.map_err(|error| unread(&error))?;
    let read = || -> Result<_, tokio_postgres::Error> {
        Ok((
            row.try_get::<_, String>(0)?,
            [row.try_get::<_, bool>(1)?, row.try_get(2)?, row.try_get(3)?],
            [row.try_get::<_, i64>(4)?, row.try_get(5)?],
        ))
    };
    let (us, [superuser, creates_roles, lacks_admin], [rights, prepared]) =
        read().map_err(|error| unread(&error))?;
    let mut standing = Standing::default();
    if superuser {
        return Ok(standing);
    }
    let (us, them) = (identifier(&us), identifier(&role.name));
    let lacks = if role.superuser {
        Some(Lacks::Superuser)
    } else if !creates_roles {
        Some(Lacks::CreateRole)
    } else {
        lacks_admin.then_some(Lacks::Admin)
    };
    standing.refusals.extend(lacks.map(|lacks| lacks.said(&us, &them)));
    if rights > 0 {
        standing.warnings.push(format!(
            "it holds {} on what superusers own, which Tenure's account cannot withdraw: deleting it would stop there until \
             a superuser runs DROP OWNED BY {them} in each database",
            counted(rights, "right")
        ));
    }
    if prepared > 0 {
        standing.warnings.push(format!(
            "only a superuser can end its {}: deleting it would stop there",
            counted(prepared, "prepared transaction")
        ));
    }
    Ok(standing)
}

/// Whether a pooler may look its clients up as this role.
pub(super) async fn may_look_logins_up(
    transaction: &Transaction<'_>,
    role: &Role,
) -> Result<bool, tokio_postgres::Error> {
    transaction.query_one(LOOKS_UP, &[&role.oid]).await?.try_get(0)
}
