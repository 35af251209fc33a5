//! Rights: a run of them becomes rows. Those of one principal, or of several that follow each other, are compared
//! together, so a connector that gives them in that order is read faster.
//!
//! It must never leave a right out: one that was not looked up with the others is looked up by itself, or merely
//! written. Next: `known.rs`, the same for principals and credentials.

use super::{
    Beside, IngestContext, PageOutcome, Place, count,
    known::{Owner, most_of},
    path_text,
};
use crate::{StoreFailure, Tx, value::named};
use std::collections::BTreeSet;
use tenure_model::{Extent, IdentityId, ObservedGrant, PrincipalId};

/// Rights that are in the table, in the order of their keys.
struct KnownGrants {
    rows: Vec<KnownGrant>,
    /// There were too many in between to take them all.
    cut: bool,
}

/// A right that is in the table.
struct KnownGrant {
    principal: PrincipalId,
    resource: String,
    right: String,
    path: String,
    grantable: bool,
    place: Place,
    /// It was not written since it was looked up.
    holds: bool,
}

type GrantKey<'row> = (PrincipalId, &'row str, &'row str, &'row str);

impl KnownGrant {
    fn key(&self) -> GrantKey<'_> {
        (self.principal, &self.resource, &self.right, &self.path)
    }
}

impl KnownGrants {
    fn of(mut rows: Vec<KnownGrant>, most: i64) -> Self {
        rows.sort_unstable_by(|one, other| one.key().cmp(&other.key()));
        let cut = i64::try_from(rows.len()).unwrap_or(i64::MAX) >= most;
        Self { rows, cut }
    }
}

/// A right that was seen, and whose it is.
type Held<'seen> = (Owner, &'seen ObservedGrant);

impl Tx<'_> {
    /// Writes a run of rights.
    pub(super) fn ingest_grants(
        &mut self,
        context: &IngestContext,
        extent: &Extent,
        run: &[&ObservedGrant],
        (owners, touched): Beside<'_>,
    ) -> Result<PageOutcome, StoreFailure> {
        self.look_up_owners(context, run.iter().map(|grant| &grant.principal), owners)?;
        let held: Vec<Held<'_>> =
            run.iter().filter_map(|grant| Some(((*owners.get(&grant.principal)?)?, *grant))).collect();
        let mut outcome = PageOutcome { changed: 0, orphans: count(run.len().saturating_sub(held.len())) };
        let together = self.grants_between(extent, &held)?;
        if !together.cut {
            outcome.changed = self.write_unknown(context, extent, &held, together, touched)?;
            return Ok(outcome);
        }
        for of_one in held.chunk_by(|((one, _), _), ((next, _), _)| one == next) {
            let known = self.grants_of_one(extent, of_one)?;
            outcome.changed += self.write_unknown(context, extent, of_one, known, touched)?;
        }
        Ok(outcome)
    }

    /// Writes those that are not in the table as they were seen; returns how many.
    fn write_unknown(
        &mut self,
        context: &IngestContext,
        extent: &Extent,
        held: &[Held<'_>],
        mut known: KnownGrants,
        touched: &mut BTreeSet<IdentityId>,
    ) -> Result<i64, StoreFailure> {
        let mut changed = 0;
        for ((principal, identity), grant) in held {
            let path = path_text(&grant.path);
            let key = (*principal, grant.resource.as_str(), grant.right.as_str(), &*path);
            let at = known.rows.binary_search_by(|known| known.key().cmp(&key)).ok();
            if let Some(known) = at.and_then(|at| known.rows.get_mut(at)) {
                if known.holds && known.place == Place::Here && known.grantable == grant.grantable {
                    continue;
                }
                if known.grantable != grant.grantable {
                    let row_key = [named(*principal), key.1.into(), key.2.into(), key.3.into()];
                    self.keep_past_grant(&row_key, context.mint.now)?;
                }
                // It is written now, and what was looked up is what it was before.
                known.holds = false;
                self.forget_if_moved(context, known.place)?;
            } else if known.cut {
                let place = self.place_of_grant(extent, key)?;
                self.forget_if_moved(context, place)?;
            }
            if self.write_grant(context, extent, *principal, grant)? {
                changed += 1;
                touched.insert(*identity);
            }
        }
        Ok(changed)
    }

    /// Rights of all principals between the first and the last of a run, as far as one look takes them.
    fn grants_between(&mut self, extent: &Extent, held: &[Held<'_>]) -> Result<KnownGrants, StoreFailure> {
        let principals = || held.iter().map(|((principal, _), _)| *principal);
        let (Some(from), Some(to)) = (principals().min(), principals().max()) else {
            return Ok(KnownGrants { rows: Vec::new(), cut: false });
        };
        if from == to {
            return self.grants_of_one(extent, held);
        }
        let most = most_of(held.len());
        let rows = self.query(
            "grants",
            "SELECT principal_id, resource, right_name, path, grantable, extent FROM grants \
             WHERE principal_id >= $1 AND principal_id <= $2 \
             ORDER BY principal_id, resource, right_name, path LIMIT $3",
            &[named(from), named(to), most.into()],
            |row| {
                Ok(KnownGrant {
                    principal: row.parsed(0)?,
                    resource: row.text(1)?,
                    right: row.text(2)?,
                    path: row.text(3)?,
                    grantable: row.flag(4)?,
                    place: Place::of(row.text_ref(5)?, extent),
                    holds: true,
                })
            },
        )?;
        Ok(KnownGrants::of(rows, most))
    }

    /// Rights of one principal between the first and the last resource of a run. One that is left out is
    /// merely written by itself.
    fn grants_of_one(&mut self, extent: &Extent, held: &[Held<'_>]) -> Result<KnownGrants, StoreFailure> {
        let resources = || held.iter().map(|(_, grant)| grant.resource.as_str());
        let (Some(((principal, _), _)), Some(from), Some(to)) =
            (held.first(), resources().min(), resources().max())
        else {
            return Ok(KnownGrants { rows: Vec::new(), cut: false });
        };
        // A principal may hold millions of others in between.
        let most = most_of(held.len());
        let rows = self.query(
            "grants",
            "SELECT resource, right_name, path, grantable, extent FROM grants \
             WHERE principal_id = $1 AND resource >= $2 AND resource <= $3 LIMIT $4",
            &[named(*principal), from.into(), to.into(), most.into()],
            |row| {
                Ok(KnownGrant {
                    principal: *principal,
                    resource: row.text(0)?,
                    right: row.text(1)?,
                    path: row.text(2)?,
                    grantable: row.flag(3)?,
                    place: Place::of(row.text_ref(4)?, extent),
                    holds: true,
                })
            },
        )?;
        Ok(KnownGrants::of(rows, most))
    }

    /// Where one right stands that was not looked up with the others.
    fn place_of_grant(
        &mut self,
        extent: &Extent,
        (principal, resource, right, path): GrantKey<'_>,
    ) -> Result<Place, StoreFailure> {
        let found = self.query_one(
            "grants",
            "SELECT extent FROM grants WHERE principal_id = $1 AND resource = $2 AND right_name = $3 AND path = $4",
            &[named(principal), resource.into(), right.into(), path.into()],
            |row| Ok(Place::of(row.text_ref(0)?, extent)),
        )?;
        Ok(found.unwrap_or(Place::Here))
    }

    fn write_grant(
        &mut self,
        context: &IngestContext,
        extent: &Extent,
        principal: PrincipalId,
        seen: &ObservedGrant,
    ) -> Result<bool, StoreFailure> {
        let written = self.execute(
            "INSERT INTO grants (principal_id, resource, right_name, path, grantable, source_id, extent, first_seen_us) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (principal_id, resource, right_name, path) DO UPDATE SET \
             changed_us = CASE WHEN grants.grantable = excluded.grantable THEN grants.changed_us ELSE excluded.first_seen_us END, \
             grantable = excluded.grantable, extent = excluded.extent \
             WHERE grants.grantable <> excluded.grantable OR grants.extent <> excluded.extent",
            &[
                named(principal),
                seen.resource.as_str().into(),
                seen.right.as_str().into(),
                path_text(&seen.path).as_ref().into(),
                seen.grantable.into(),
                named(context.source),
                extent.0.as_str().into(),
                context.mint.now.into(),
            ],
        )?;
        Ok(written > 0)
    }
}
