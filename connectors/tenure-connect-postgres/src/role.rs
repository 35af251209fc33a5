//! The one role a call is about: found by its oid, confirmed by its name.
//!
//! An oid is the key, because names are given away again and oids, in practice, are not. A
//! role whose oid now has another name is not the one that was planned. Never looks a role
//! up by name to act on it. Next: `act/`, which acts only on a confirmed role.

use crate::{failure, source::unread};
use tenure_connect::{OutsideFailure, Target};
use tenure_model::{PrincipalKey, printable};
use tokio_postgres::Transaction;

/// Roles with a smaller oid belong to the system (`FirstNormalObjectId`, transam.h).
pub(crate) const FIRST_NORMAL_OID: u32 = 16_384;
/// How a principal key of this connector begins.
const KEY_PREFIX: &str = "oid:";

/// The key of a role.
pub(crate) fn key_of(oid: u32) -> PrincipalKey {
    PrincipalKey(format!("{KEY_PREFIX}{oid}"))
}

/// The oid in a key.
pub(crate) fn oid_of(key: &PrincipalKey) -> Result<u32, OutsideFailure> {
    key.0.strip_prefix(KEY_PREFIX).and_then(|digits| digits.parse().ok()).ok_or_else(|| {
        OutsideFailure::TargetChanged {
            why: failure::bounded(&format!(
                "`{}` is not the key of a PostgreSQL role",
                printable(&key.0, 60)
            )),
        }
    })
}

/// A role as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is one independent answer of one row")]
pub(crate) struct Role {
    pub(crate) oid: u32,
    pub(crate) name: String,
    pub(crate) login: bool,
    pub(crate) superuser: bool,
    /// It may make roles of its own.
    pub(crate) creates_roles: bool,
    /// `VALID UNTIL` has passed.
    pub(crate) expired: bool,
    /// It is the account we are connected as.
    pub(crate) us: bool,
    /// We hold its rights, directly or through other roles.
    pub(crate) holds_us: bool,
}

/// Members hold a role's rights unless the membership says neither `INHERIT` nor `SET` (PostgreSQL 16);
/// reading through `to_jsonb` lets one statement serve servers with and without those columns.
pub(crate) const UP: &str = "up(roleid) AS (
    SELECT m.roleid FROM pg_auth_members m JOIN pg_roles me ON me.oid = m.member
     WHERE me.rolname IN (current_user, session_user)
       AND (coalesce((to_jsonb(m) ->> 'set_option')::bool, true)
            OR coalesce((to_jsonb(m) ->> 'inherit_option')::bool, true))
    UNION
    SELECT m.roleid FROM pg_auth_members m JOIN up ON m.member = up.roleid
     WHERE coalesce((to_jsonb(m) ->> 'set_option')::bool, true)
        OR coalesce((to_jsonb(m) ->> 'inherit_option')::bool, true))";

const FIND: &str = "
WITH RECURSIVE {up}
SELECT r.rolname::text, r.rolcanlogin, r.rolsuper, coalesce(r.rolvaliduntil <= now(), false),
       r.rolname IN (current_user, session_user), EXISTS (SELECT FROM up WHERE up.roleid = r.oid),
       r.rolcreaterole
  FROM pg_roles r WHERE r.oid = $1";

/// The role with this oid, if there is one.
pub(crate) async fn find(
    transaction: &Transaction<'_>,
    oid: u32,
) -> Result<Option<Role>, tokio_postgres::Error> {
    let Some(row) = transaction.query_opt(&FIND.replace("{up}", UP), &[&oid]).await? else { return Ok(None) };
    Ok(Some(Role {
        oid,
        name: row.try_get(0)?,
        login: row.try_get(1)?,
        superuser: row.try_get(2)?,
        expired: row.try_get(3)?,
        us: row.try_get(4)?,
        holds_us: row.try_get(5)?,
        creates_roles: row.try_get(6)?,
    }))
}

/// Another role that has the name of the target: it was renamed, or made anew after a deletion.
pub(crate) async fn namesake(
    transaction: &Transaction<'_>,
    target: &Target,
) -> Result<Option<u32>, OutsideFailure> {
    let oid = oid_of(&target.key)?;
    let found = transaction
        .query_opt("SELECT oid FROM pg_roles WHERE rolname = $1 AND oid <> $2", &[&target.name, &oid])
        .await
        .map_err(|error| unread(&error))?;
    found.map(|row| row.try_get(0)).transpose().map_err(|error| unread(&error))
}

/// Key and name must still belong together.
pub(crate) fn same_name(role: &Role, name: &str) -> Result<(), OutsideFailure> {
    if role.name == name {
        return Ok(());
    }
    let (planned, found) = (printable(name, 64), printable(&role.name, 64));
    Err(OutsideFailure::TargetChanged {
        why: format!(
            "the role with oid {} was `{planned}` when this was planned and is `{found}` now",
            role.oid
        ),
    })
}

/// The target as it is now; `None` when its oid is gone. For reading.
pub(crate) async fn of_target(
    transaction: &Transaction<'_>,
    target: &Target,
) -> Result<Option<Role>, OutsideFailure> {
    let oid = oid_of(&target.key)?;
    let found = find(transaction, oid).await.map_err(|error| unread(&error))?;
    if let Some(role) = &found {
        same_name(role, &target.name)?;
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_keys_of_this_connector_are_understood() {
        assert_eq!(oid_of(&key_of(16_384)), Ok(16_384));
        for foreign in ["16384", "oid:", "oid:-1", "oid:x", "oid:99999999999", "uid:3"] {
            assert!(oid_of(&PrincipalKey(foreign.to_owned())).is_err(), "{foreign}");
        }
    }
}
