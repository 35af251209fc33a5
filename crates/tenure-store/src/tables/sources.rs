//! Sources: configured connections to systems.
//!
//! Their secrets are sealed before they come here and must never be seen in clear. A removed source keeps
//! its row, because evidence points to it. Next: `surveys.rs`, the readings of a source.

use crate::{
    Row, StoreFailure, Tx,
    value::{json, named},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use tenure_model::{
    Facts, IdentityId, Instant, PlanId, PlanState, Point, PrincipalId, PrincipalKind, ShortName, SourceId,
    names, text,
};

/// A source as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceRow {
    /// Its id.
    pub id: SourceId,
    /// Its name.
    pub name: ShortName,
    /// Which connector.
    pub system: String,
    /// Its enforcement points; the first is the primary.
    pub points: Vec<Point>,
    /// Settings of the connector.
    pub options: BTreeMap<String, String>,
    /// Our password there, sealed.
    pub secret: Option<Vec<u8>>,
    /// What cannot be known there, said once.
    pub not_observable: Vec<Unobservable>,
    /// When it was added.
    pub created: Instant,
}

/// Something that cannot be known at a source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unobservable {
    /// What.
    pub what: String,
    /// Why not.
    pub why: String,
    /// What would mend it.
    pub remedy: String,
}

fn source(row: &Row<'_>) -> Result<SourceRow, StoreFailure> {
    // A removed source whose name was taken by another keeps it before the `#`.
    let kept = row.text(1)?;
    let name = ShortName::parse(kept.split_once('#').map_or(&*kept, |(former, _)| former))
        .map_err(|error| StoreFailure::Shape { table: "sources", why: error.to_string() })?;
    Ok(SourceRow {
        id: row.parsed(0)?,
        name,
        system: row.text(2)?,
        points: row.json(3)?,
        options: row.json(4)?,
        secret: row.opt_bytes(5)?,
        not_observable: row.json(6)?,
        created: row.instant(7)?,
    })
}

/// What hangs on a source: what follows when it is not read any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SourceLeaving {
    /// Which.
    pub source: SourceId,
    /// Identities that it shows as present, without those that are part of the system itself.
    pub identities_count: i64,
    /// How many of them no other source shows: they are unobserved then.
    pub unobserved_count: i64,
    /// Open findings about those that it shows, without dismissed and excepted ones.
    pub findings_count: i64,
    /// Plans there that are not over, oldest first.
    pub plans: Vec<OpenPlan>,
}

/// A plan that is not over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OpenPlan {
    /// Which.
    pub plan: PlanId,
    /// The short form people type.
    pub handle: String,
    /// The principal it changes, by name.
    pub principal: String,
    /// How far it has come.
    pub state: PlanState,
}

// The numbers of `identities` and `findings`: without what is part of a system itself, and without what is
// dismissed or excepted.
const SHOWN_THERE: &str = "SELECT COUNT(DISTINCT p.identity_id) FROM principals p JOIN identities i \
     ON i.identity_id = p.identity_id WHERE p.source_id = $1 AND p.presence = 'present' AND i.built_in = 0";
const SHOWN_ONLY_THERE: &str = "SELECT COUNT(DISTINCT p.identity_id) FROM principals p JOIN identities i \
     ON i.identity_id = p.identity_id WHERE p.source_id = $1 AND p.presence = 'present' AND i.built_in = 0 AND NOT EXISTS (SELECT 1 FROM principals q \
     JOIN sources s ON s.source_id = q.source_id WHERE q.identity_id = p.identity_id AND q.source_id <> $1 \
     AND q.presence = 'present' AND s.removed_us IS NULL)";
const FINDINGS_THERE: &str = "SELECT COUNT(*) FROM findings f WHERE f.closed_us IS NULL AND f.excepted_us IS NULL AND NOT EXISTS \
     (SELECT 1 FROM dismissals d WHERE d.identity_id = f.identity_id AND d.policy = f.policy AND d.subject = f.subject \
     AND d.withdrawn_us IS NULL) AND EXISTS \
     (SELECT 1 FROM principals p WHERE p.identity_id = f.identity_id AND p.source_id = $1 AND p.presence = 'present')";

impl Tx<'_> {
    /// Adds a source, or takes up the removed one of this id again, with all that it showed. A name that is
    /// taken is a conflict.
    pub fn add_source(&mut self, source: &SourceRow) -> Result<(), StoreFailure> {
        if self.source_named(source.name.as_str())?.is_some() {
            let why = format!("there is already a source named `{}`; choose another name", source.name);
            return Err(StoreFailure::Conflict { why });
        }
        let former = self.query_one(
            "sources",
            "SELECT name FROM sources WHERE source_id = $1",
            &[named(source.id)],
            |row| row.text(0),
        )?;
        // A removed source keeps its row for the evidence that points to it, not its name.
        self.execute(
            "UPDATE sources SET name = name || '#' || source_id WHERE name = $1 AND removed_us IS NOT NULL",
            &[source.name.as_str().into()],
        )?;
        self.execute(
            "INSERT INTO sources (source_id, name, system, points, options, secret, not_observable, created_us) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (source_id) DO UPDATE SET name = excluded.name, \
             points = excluded.points, options = excluded.options, secret = excluded.secret, \
             removed_us = NULL WHERE sources.removed_us IS NOT NULL",
            &[
                named(source.id),
                source.name.as_str().into(),
                source.system.as_str().into(),
                json(&source.points)?,
                json(&source.options)?,
                source.secret.clone().into(),
                json(&source.not_observable)?,
                source.created.into(),
            ],
        )?;
        if let Some(former) = former {
            self.rename_held(source, &former)?;
        }
        self.touch_held(source.id, source.created)
    }

    /// What a source showed is named after it; one taken up again may bear another name.
    fn rename_held(&mut self, source: &SourceRow, former: &str) -> Result<(), StoreFailure> {
        let former = former.split_once('#').map_or(former, |(former, _)| former);
        let held: Vec<(IdentityId, String)> = self.query(
            "principals",
            "SELECT identity_id, name FROM principals WHERE source_id = $1",
            &[named(source.id)],
            |row| Ok((row.parsed(0)?, row.text(1)?)),
        )?;
        for (identity, name) in held {
            let names = (format!("{former}/{name}"), format!("{}/{name}", source.name));
            self.rename_identity(identity, (&names.0, &names.1), source.created)?;
        }
        Ok(())
    }

    /// Every source, by name.
    pub fn sources(&mut self) -> Result<Vec<SourceRow>, StoreFailure> {
        self.query(
            "sources",
            "SELECT source_id, name, system, points, options, secret, not_observable, created_us FROM sources \
             WHERE removed_us IS NULL ORDER BY name",
            &[],
            source,
        )
    }

    /// Names of other sources whose last survey showed the machine of this `machine_id`, by name.
    pub fn sources_of_machine(
        &mut self,
        except: SourceId,
        machine: &str,
    ) -> Result<Vec<String>, StoreFailure> {
        let machines: Vec<(String, Facts)> = self.query(
            "principals",
            "SELECT s.name, p.facts FROM principals p JOIN sources s ON s.source_id = p.source_id \
             WHERE p.kind = $1 AND p.gone_us IS NULL AND s.removed_us IS NULL AND s.source_id <> $2 ORDER BY s.name",
            &[PrincipalKind::Machine.as_str().into(), named(except)],
            |row| Ok((row.text(0)?, row.json(1)?)),
        )?;
        let same = |facts: &Facts| text(facts, names::MACHINE_ID) == Some(machine);
        Ok(machines.into_iter().filter(|(_, facts)| same(facts)).map(|(name, _)| name).collect())
    }

    /// The source of a name.
    pub fn source_named(&mut self, name: &str) -> Result<Option<SourceRow>, StoreFailure> {
        self.query_one(
            "sources",
            "SELECT source_id, name, system, points, options, secret, not_observable, created_us FROM sources \
             WHERE name = $1 AND removed_us IS NULL",
            &[name.into()],
            source,
        )
    }

    /// The source of an id, removed or not.
    pub fn source(&mut self, id: SourceId) -> Result<SourceRow, StoreFailure> {
        self.query_one(
            "sources",
            "SELECT source_id, name, system, points, options, secret, not_observable, created_us FROM sources \
             WHERE source_id = $1",
            &[named(id)],
            source,
        )?
        .ok_or_else(|| StoreFailure::Missing { noun: "source", given: id.to_string() })
    }

    /// When the baseline of a source was set; `None` before its first survey has ended.
    pub fn baseline(&mut self, id: SourceId) -> Result<Option<Instant>, StoreFailure> {
        let found = self.query_one(
            "sources",
            "SELECT baseline_us FROM sources WHERE source_id = $1",
            &[named(id)],
            |row| row.opt_instant(0),
        )?;
        Ok(found.flatten())
    }

    /// Sets the baseline of a source anew: what is there now is no news, and is judged as that.
    pub fn set_baseline(&mut self, id: SourceId, now: Instant) -> Result<(), StoreFailure> {
        self.execute("UPDATE sources SET baseline_us = $2 WHERE source_id = $1", &[named(id), now.into()])?;
        self.touch_held(id, now)
    }

    /// Sets the baseline of a source that has none. What is there was seen before it, so nothing becomes news or
    /// ceases to be.
    ///
    /// t0 a page is written; t1 what it holds is judged; t2 the rest is written and the survey ends. What was judged at
    /// t1 was judged by half of it: it counts as not judged yet, and what is wrong with it is of the first day.
    pub fn set_first_baseline(&mut self, id: SourceId, now: Instant) -> Result<(), StoreFailure> {
        let set = self.execute(
            "UPDATE sources SET baseline_us = $2 WHERE source_id = $1 AND baseline_us IS NULL",
            &[named(id), now.into()],
        )?;
        if set == 0 {
            return Ok(());
        }
        self.execute(
            "INSERT INTO touched (identity_id, since_us, times) SELECT DISTINCT i.identity_id, CAST($2 AS BIGINT), 1 FROM principals p \
             JOIN identities i ON i.identity_id = p.identity_id WHERE p.source_id = $1 AND i.judged_us IS NOT NULL \
             ON CONFLICT (identity_id) DO UPDATE SET times = touched.times + 1",
            &[named(id), now.into()],
        )?;
        self.execute(
            "UPDATE identities SET judged_us = NULL WHERE judged_us IS NOT NULL AND identity_id IN \
             (SELECT identity_id FROM principals WHERE source_id = $1)",
            &[named(id)],
        )?;
        Ok(())
    }

    /// Since when governance applies to an identity, and whether none of its principals was there at the baseline of
    /// its source.
    pub fn enrolled_and_new(
        &mut self,
        identity: IdentityId,
    ) -> Result<(Option<Instant>, bool), StoreFailure> {
        let found = self.query_one(
            "principals",
            "SELECT (SELECT enrolled_us FROM identities WHERE identity_id = $1), COUNT(*), \
             COUNT(CASE WHEN p.first_seen_us > s.baseline_us THEN 1 END) FROM principals p \
             JOIN sources s ON s.source_id = p.source_id WHERE p.identity_id = $1",
            &[named(identity)],
            |row| Ok((row.opt_instant(0)?, row.number(1)?, row.number(2)?)),
        )?;
        Ok(found.map_or((None, false), |(enrolled, all, new)| (enrolled, all > 0 && all == new)))
    }

    /// How many open findings that count hang on identities of a source, and how many of them are new.
    pub fn count_findings_of(&mut self, source: SourceId) -> Result<(i64, i64), StoreFailure> {
        let counted = self.query_one(
            "findings",
            "SELECT COUNT(*), COUNT(CASE WHEN f.opened_us > s.baseline_us THEN 1 END) FROM findings f \
             JOIN sources s ON s.source_id = $1 LEFT JOIN dismissals d ON d.identity_id = f.identity_id AND d.policy = f.policy \
             AND d.subject = f.subject AND d.withdrawn_us IS NULL WHERE f.closed_us IS NULL AND f.excepted_us IS NULL AND d.dismissal_id IS NULL \
             AND EXISTS (SELECT 1 FROM principals p WHERE p.identity_id = f.identity_id AND p.source_id = $1)",
            &[named(source)],
            |row| Ok((row.number(0)?, row.number(1)?)),
        )?;
        Ok(counted.unwrap_or_default())
    }

    /// Replaces what cannot be known at a source.
    pub fn set_not_observable(&mut self, id: SourceId, notes: &[Unobservable]) -> Result<(), StoreFailure> {
        self.execute(
            "UPDATE sources SET not_observable = $2 WHERE source_id = $1",
            &[named(id), json(&notes)?],
        )?;
        Ok(())
    }

    /// Replaces the sealed password of a source, after its sealing key was rotated.
    pub fn set_source_secret(&mut self, id: SourceId, sealed: Vec<u8>) -> Result<(), StoreFailure> {
        self.execute("UPDATE sources SET secret = $2 WHERE source_id = $1", &[named(id), sealed.into()])?;
        Ok(())
    }

    /// The removed source of the same system and primary address, the latest, whose identities go on when
    /// it is added again. Its name alone is not enough: another server's keys are others'.
    pub fn removed_source(
        &mut self,
        system: &str,
        points: &[Point],
    ) -> Result<Option<SourceId>, StoreFailure> {
        let Some(primary) = points.first() else { return Ok(None) };
        let removed = self.query(
            "sources",
            "SELECT source_id, name, system, points, options, secret, not_observable, created_us FROM sources \
             WHERE system = $1 AND removed_us IS NOT NULL ORDER BY removed_us DESC, source_id",
            &[system.into()],
            source,
        )?;
        let same = |row: &SourceRow| row.points.first().is_some_and(|point| point.url == primary.url);
        Ok(removed.into_iter().find(same).map(|row| row.id))
    }

    /// Marks for judging every identity that a source shows, and whoever shares a value with one.
    fn touch_held(&mut self, id: SourceId, now: Instant) -> Result<(), StoreFailure> {
        let held: Vec<(PrincipalId, IdentityId)> = self.query(
            "principals",
            "SELECT principal_id, identity_id FROM principals WHERE source_id = $1 AND presence = 'present'",
            &[named(id)],
            |row| Ok((row.parsed(0)?, row.parsed(1)?)),
        )?;
        for (principal, identity) in held {
            self.touch(identity, now)?;
            self.touch_related(principal, now)?;
        }
        Ok(())
    }

    /// Notes that a source that was removed and added again was read: until then, what it showed stays as not read.
    pub fn set_read_again(&mut self, id: SourceId, now: Instant) -> Result<(), StoreFailure> {
        let noted = self.execute(
            "UPDATE sources SET back_us = $2 WHERE source_id = $1 AND left_us IS NOT NULL AND back_us IS NULL",
            &[named(id), now.into()],
        )?;
        if noted > 0 {
            self.touch_held(id, now)?;
        }
        Ok(())
    }

    /// A plan that is carried out holds its source as it is.
    fn refuse_while_busy(&mut self, id: SourceId) -> Result<(), StoreFailure> {
        let busy = self.query_one(
            "plans",
            "SELECT handle FROM plans WHERE source_id = $1 AND state IN ('approved', 'running', 'undoing') LIMIT 1",
            &[named(id)],
            |row| row.text(0),
        )?;
        let Some(handle) = busy else { return Ok(()) };
        let why = format!("plan {handle} is still running there; wait for it, or undo it, then try again");
        Err(StoreFailure::Conflict { why })
    }

    /// Gives a source other points, options or another sealed password, if it still is as `was`. It reads the same system:
    /// that is for the caller to have asked. The next survey recalls nothing, because it may be about more.
    pub fn change_source(&mut self, was: &SourceRow, will: &SourceRow) -> Result<(), StoreFailure> {
        self.refuse_while_busy(was.id)?;
        if self.source_named(was.name.as_str())?.as_ref() != Some(was) {
            let why =
                format!("`{}` was changed by somebody else meanwhile; look at it, then try again", was.name);
            return Err(StoreFailure::Conflict { why });
        }
        self.forget_digests(was.id)?;
        self.execute(
            "UPDATE sources SET points = $2, options = $3, secret = $4 WHERE source_id = $1",
            &[named(was.id), json(&will.points)?, json(&will.options)?, will.secret.clone().into()],
        )?;
        Ok(())
    }

    /// What hangs on a source that may be removed.
    pub fn source_leaving(&mut self, id: SourceId) -> Result<SourceLeaving, StoreFailure> {
        let mut count = |sql: &'static str| -> Result<i64, StoreFailure> {
            Ok(self.query_one("counts", sql, &[named(id)], |row| row.number(0))?.unwrap_or(0))
        };
        let (identities_count, unobserved_count) = (count(SHOWN_THERE)?, count(SHOWN_ONLY_THERE)?);
        let findings_count = count(FINDINGS_THERE)?;
        let plans = self.query(
            "plans",
            "SELECT plan_id, handle, principal_name, state FROM plans WHERE source_id = $1 \
             AND state IN ('proposed', 'approved', 'running', 'undoing') ORDER BY plan_id",
            &[named(id)],
            |row| {
                Ok(OpenPlan {
                    plan: row.parsed(0)?,
                    handle: row.text(1)?,
                    principal: row.text(2)?,
                    state: row.parsed(3)?,
                })
            },
        )?;
        Ok(SourceLeaving { source: id, identities_count, unobserved_count, findings_count, plans })
    }

    /// Stops reading a source and forgets our password there. What was seen stays as history.
    pub fn remove_source(&mut self, id: SourceId, now: Instant) -> Result<(), StoreFailure> {
        self.refuse_while_busy(id)?;
        // Nobody looks there any more: what it held stays as it was last seen, and is judged as not read.
        self.touch_held(id, now)?;
        self.forget_digests(id)?;
        self.execute(
            "UPDATE sources SET removed_us = $2, left_us = $2, back_us = NULL, secret = NULL WHERE source_id = $1 AND removed_us IS NULL",
            &[named(id), now.into()],
        )?;
        Ok(())
    }
}
