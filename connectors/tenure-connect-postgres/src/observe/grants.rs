//! Owners and rights in one database, and what follows from them through memberships.
//!
//! The server takes the access lists apart and gives one row for each object and grantee;
//! an owner's own rights are left out, because they follow from owning. Objects of the
//! system count only where a role of the installation was granted something on them. Rights
//! are handed over in the order of who holds them (`held_back.rs`). What follows through
//! memberships is collected up to a bound and emitted as an extent of its own, so that the
//! bound can never make a granted right seem to disappear.

use super::{
    Reading,
    content::RowSum,
    held_back::HeldBack,
    memberships::{Graph, Holder, INHERITED_MAX, end_too_many},
    pages::{Pages, Portions, Stopped},
};
use crate::{role::key_of, source::unread};
use std::{collections::BTreeMap, sync::Arc};
use tenure_connect::{ContentDigest, OutsideFailure, SurveySink};
use tenure_model::{Extent, Observation, ObservedGrant, PrincipalKey};
use tokio_postgres::{Row, Transaction};

/// `pg_shdepend` knows the owner of everything that an ordinary role owns. What the bootstrap
/// superuser owns is not in it, and is not listed: it may do everything anyway.
pub(super) const OWNED: &str = "
SELECT quote_ident(current_database()) || '/' || o.type || '/' || o.identity, ARRAY[s.refobjid], ARRAY['owner*']
  FROM pg_shdepend s CROSS JOIN LATERAL pg_identify_object(s.classid, s.objid, s.objsubid) o
 WHERE s.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
   AND s.refclassid = 'pg_authid'::regclass AND s.deptype = 'o'
   AND s.classid NOT IN ('pg_default_acl'::regclass, 'pg_user_mapping'::regclass)
   AND o.identity IS NOT NULL";

/// One row for each object, with who holds which right on it; `right*` may be passed on. Two grantors of
/// one right count once. An access list is at most a page long, and so is a row.
pub(super) const GRANTED: &str = "
SELECT d.name || o.resource, g.grantees, g.rights
  FROM (SELECT quote_ident(current_database()) || '/' AS name) d CROSS JOIN (
    SELECT c.oid, c.relowner AS owner, c.relacl AS acl,
           CASE c.relkind WHEN 'v' THEN 'view/' WHEN 'm' THEN 'materialized view/' WHEN 'S' THEN 'sequence/'
                WHEN 'f' THEN 'foreign table/' ELSE 'table/' END
           || quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS resource
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relacl IS NOT NULL
    UNION ALL
    SELECT c.oid, c.relowner, a.attacl,
           'column/' || quote_ident(n.nspname) || '.' || quote_ident(c.relname) || '.' || quote_ident(a.attname)
      FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE a.attacl IS NOT NULL AND NOT a.attisdropped
    UNION ALL
    SELECT n.oid, n.nspowner, n.nspacl, 'schema/' || quote_ident(n.nspname)
      FROM pg_namespace n WHERE n.nspacl IS NOT NULL
    UNION ALL
    SELECT p.oid, p.proowner, p.proacl,
           CASE p.prokind WHEN 'p' THEN 'procedure/' WHEN 'a' THEN 'aggregate/' ELSE 'function/' END
           || (pg_identify_object('pg_proc'::regclass, p.oid, 0)).identity
      FROM pg_proc p WHERE p.proacl IS NOT NULL
    UNION ALL
    SELECT t.oid, t.typowner, t.typacl, 'type/' || quote_ident(n.nspname) || '.' || quote_ident(t.typname)
      FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE t.typacl IS NOT NULL
    UNION ALL
    SELECT l.oid, l.lanowner, l.lanacl, 'language/' || quote_ident(l.lanname)
      FROM pg_language l WHERE l.lanacl IS NOT NULL
    UNION ALL
    SELECT w.oid, w.fdwowner, w.fdwacl, 'foreign-data wrapper/' || quote_ident(w.fdwname)
      FROM pg_foreign_data_wrapper w WHERE w.fdwacl IS NOT NULL
    UNION ALL
    SELECT f.oid, f.srvowner, f.srvacl, 'server/' || quote_ident(f.srvname)
      FROM pg_foreign_server f WHERE f.srvacl IS NOT NULL
    UNION ALL
    SELECT b.oid, b.lomowner, b.lomacl, 'large object/' || b.oid
      FROM pg_largeobject_metadata b WHERE b.lomacl IS NOT NULL
    UNION ALL
    SELECT e.oid, e.defaclrole, e.defaclacl,
           'default privileges/' || quote_ident(r.rolname) || coalesce('.' || quote_ident(n.nspname), '') || '/'
           || CASE e.defaclobjtype WHEN 'r' THEN 'tables' WHEN 'S' THEN 'sequences' WHEN 'f' THEN 'functions'
                   WHEN 'T' THEN 'types' ELSE 'schemas' END
      FROM pg_default_acl e JOIN pg_roles r ON r.oid = e.defaclrole
           LEFT JOIN pg_namespace n ON n.oid = e.defaclnamespace) o
  CROSS JOIN LATERAL (
    SELECT array_agg(r.grantee) AS grantees,
           array_agg(r.privilege_type || CASE WHEN r.passed_on THEN '*' ELSE '' END) AS rights
      FROM (SELECT x.grantee, x.privilege_type, bool_or(x.is_grantable) AS passed_on
              FROM aclexplode(o.acl) x
             WHERE x.grantee <> o.owner AND (o.oid >= 16384 OR x.grantee >= 16384) GROUP BY 1, 2) r) g
 WHERE g.grantees IS NOT NULL";

/// Who holds which right on one object.
struct Held<'row> {
    resource: &'row str,
    grantees: Vec<u32>,
    rights: Vec<&'row str>,
}

impl<'row> Held<'row> {
    fn of(row: &'row Row) -> Result<Self, tokio_postgres::Error> {
        Ok(Self { resource: row.try_get(0)?, grantees: row.try_get(1)?, rights: row.try_get(2)? })
    }
}

/// A right held directly, from `SELECT` or, when it may be passed on, `SELECT*`.
pub(super) fn granted(principal: PrincipalKey, resource: &str, right: &str) -> ObservedGrant {
    let passed_on = right.strip_suffix('*');
    ObservedGrant {
        principal,
        resource: resource.to_owned(),
        right: passed_on.unwrap_or(right).to_owned(),
        path: Vec::new(),
        grantable: passed_on.is_some(),
    }
}

/// The digest of an extent of rights that were granted.
pub(super) fn digest(
    reading: &Reading<'_>,
    extent: &Extent,
    statement: &str,
    rows: &RowSum,
) -> ContentDigest {
    reading.digests.content(extent).answer(statement, rows).digest()
}

/// Reads one extent of rights.
pub(super) async fn read(
    reading: &Reading<'_>,
    transaction: &Transaction<'_>,
    (extent, statement): (&Extent, &str),
    inherited: &mut Inherited<'_>,
    sink: &mut dyn SurveySink,
) -> Result<RowSum, Stopped> {
    let (mut pages, mut sum) = (Pages::new(sink, extent.clone()), reading.digests.rows());
    let mut held_back = HeldBack::default();
    let read = hold_back(transaction, statement, (inherited, &mut sum), &mut held_back, &mut pages).await;
    if !matches!(read, Err(Stopped::Closed)) {
        // What was read before a failure was seen all the same.
        held_back.hand_over(&mut pages).await?;
    }
    read?;
    pages.end_as(digest(reading, extent, statement, &sum)).await?;
    Ok(sum)
}

async fn hold_back(
    transaction: &Transaction<'_>,
    statement: &str,
    (inherited, sum): (&mut Inherited<'_>, &mut RowSum),
    held_back: &mut HeldBack,
    pages: &mut Pages<'_>,
) -> Result<(), Stopped> {
    let mut portions = Portions::of(transaction, statement, &[]).await?;
    while let Some(rows) = portions.next().await? {
        for row in &rows {
            sum.add(row).map_err(|error| unread(&error))?;
            let held = Held::of(row).map_err(|error| unread(&error))?;
            held_back.begin_object(held.resource);
            for (grantee, right) in held.grantees.iter().zip(&held.rights) {
                inherited.follow(*grantee, held.resource, right);
                held_back.push(*grantee, right);
            }
        }
        if held_back.is_full() {
            std::mem::take(held_back).hand_over(pages).await?;
        }
    }
    Ok(())
}

/// Reads rights that were recognised, only for what follows from them.
pub(super) async fn follow(
    reading: &Reading<'_>,
    transaction: &Transaction<'_>,
    statement: &str,
    inherited: &mut Inherited<'_>,
) -> Result<RowSum, Stopped> {
    let mut sum = reading.digests.rows();
    let mut portions = Portions::of(transaction, statement, &[]).await?;
    while let Some(rows) = portions.next().await? {
        for row in &rows {
            sum.add(row).map_err(|error| unread(&error))?;
            let held = Held::of(row).map_err(|error| unread(&error))?;
            for (grantee, right) in held.grantees.iter().zip(&held.rights) {
                inherited.follow(*grantee, held.resource, right);
            }
        }
    }
    Ok(sum)
}

/// Rights that reach roles through memberships, up to `INHERITED_MAX` for one database.
pub(super) struct Inherited<'graph> {
    graph: &'graph Graph,
    holders: BTreeMap<u32, Arc<[Holder]>>,
    found: Vec<ObservedGrant>,
    /// There were more than are kept.
    more: bool,
}

impl<'graph> Inherited<'graph> {
    pub(super) fn new(graph: &'graph Graph) -> Self {
        Self { graph, holders: BTreeMap::new(), found: Vec::new(), more: false }
    }

    /// Adds what members of the grantee hold through it.
    fn follow(&mut self, grantee: u32, resource: &str, right: &str) {
        if self.more || !self.graph.has_members(grantee) {
            return;
        }
        let graph = self.graph;
        let known = self.holders.entry(grantee);
        // One more than can be kept, so that too many is noticed.
        let holders = Arc::clone(known.or_insert_with(|| graph.holders(grantee, INHERITED_MAX + 1).into()));
        for holder in holders.iter() {
            if self.found.len() == INHERITED_MAX {
                self.more = true;
                return;
            }
            let path = holder.path.clone();
            self.found.push(ObservedGrant { path, ..granted(key_of(holder.oid), resource, right) });
        }
    }

    /// Emits them as an extent: whole with this digest, or as part when what they follow from could not be read.
    pub(super) async fn emit(
        mut self,
        extent: &Extent,
        complete: Result<ContentDigest, OutsideFailure>,
        sink: &mut dyn SurveySink,
    ) -> Result<(), Stopped> {
        // As oids are: a shorter number is a smaller one.
        let length = |grant: &ObservedGrant| grant.principal.0.len();
        self.found.sort_by(|one, other| {
            length(one).cmp(&length(other)).then_with(|| one.principal.0.cmp(&other.principal.0))
        });
        let mut pages = Pages::new(sink, extent.clone());
        for grant in self.found {
            pages.push(Observation::Grant(grant)).await?;
        }
        match complete {
            Err(failure) => {
                let why = format!("rights they follow from were not read: {failure}");
                pages.end_part(&why, "survey again; if it stays, look at the extents they follow from").await
            }
            Ok(_) if self.more => end_too_many(pages).await,
            Ok(digest) => pages.end_as(digest).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::granted;
    use crate::role::key_of;

    #[test]
    fn a_star_says_that_a_right_may_be_passed_on() {
        let shown = |right: &str| {
            let grant = granted(key_of(7), "shop/table/public.t", right);
            format!("{} {} {}", grant.principal.0, grant.right, grant.grantable)
        };
        assert_eq!(shown("SELECT"), "oid:7 SELECT false");
        assert_eq!(shown("UPDATE*"), "oid:7 UPDATE true");
    }
}
