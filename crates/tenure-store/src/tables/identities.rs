//! Identities: what is governed. Found by handle, by name or by id.
//!
//! A lookup yields exactly one identity or says why not; it never guesses. Charters and standings are
//! written here and decided elsewhere. Next: `list_identities.rs`, many of them; `inventory.rs`, what they hold.

use crate::{
    Row, StoreFailure, Tx,
    database::listed,
    value::{json, named},
};
use serde::{Deserialize, Serialize};
use tenure_model::{Charter, IdentityId, Instant, RiskTier, Standing, printable};

/// An identity as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdentityRow {
    /// Its id.
    pub id: IdentityId,
    /// Its name: `source/principal` until somebody names it otherwise.
    pub name: String,
    /// The short form people type.
    pub handle: String,
    /// Its charter.
    pub charter: Charter,
    /// Whether somebody claimed it, or it is part of a system.
    pub enrolled: bool,
    /// Part of a system, owned by its vendor.
    pub built_in: bool,
    /// Its judged state.
    pub standing: Standing,
    /// When its standing changes by itself.
    pub due: Option<Instant>,
    /// When it was judged last; nothing when it never was.
    pub judged: Option<Instant>,
    /// Its class in the programme, as it was judged last.
    pub class: Option<String>,
    /// How much it could cost, as it was judged last; nothing of what a system brought with it, and of what is not there.
    pub tier: Option<RiskTier>,
}

impl IdentityRow {
    /// Whether governance applies to it: somebody claimed it, or a class of the programme means it.
    pub const fn is_governed(&self) -> bool {
        self.enrolled || self.class.is_some()
    }
}

/// What a judgement says of an identity, as far as it is kept with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JudgedAs {
    /// Its state.
    pub standing: Standing,
    /// When that changes by itself.
    pub due: Option<Instant>,
    /// Its class in the programme; the first one enrols it.
    pub class: Option<String>,
    /// How much it could cost.
    pub tier: Option<RiskTier>,
}

pub(super) fn identity(row: &Row<'_>) -> Result<IdentityRow, StoreFailure> {
    Ok(IdentityRow {
        id: row.parsed(0)?,
        name: row.text(1)?,
        handle: row.text(2)?,
        charter: row.json(3)?,
        enrolled: row.flag(4)?,
        built_in: row.flag(5)?,
        standing: row.parsed(6)?,
        due: row.opt_instant(7)?,
        judged: row.opt_instant(8)?,
        class: row.opt_text(9)?,
        tier: row.opt_parsed(10)?,
    })
}

impl Tx<'_> {
    /// Adds an identity with an empty charter.
    pub(crate) fn add_identity(
        &mut self,
        id: IdentityId,
        name: &str,
        built_in: bool,
        now: Instant,
    ) -> Result<(), StoreFailure> {
        self.execute(
            "INSERT INTO identities (identity_id, name, handle, charter, enrolled, built_in, standing, created_us) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            &[
                named(id),
                name.into(),
                id.handle().into(),
                json(&Charter::default())?,
                built_in.into(),
                built_in.into(),
                named(if built_in { Standing::Sound } else { Standing::Unclaimed }),
                now.into(),
            ],
        )?;
        Ok(())
    }

    /// Follows a principal's new name, unless somebody named the identity otherwise.
    pub(crate) fn rename_identity(
        &mut self,
        id: IdentityId,
        (from, to): (&str, &str),
        now: Instant,
    ) -> Result<(), StoreFailure> {
        self.keep_past_charter(id, now)?;
        self.execute(
            "UPDATE identities SET name = $3, named_us = $4 WHERE identity_id = $1 AND name = $2",
            &[named(id), from.into(), to.into(), now.into()],
        )?;
        Ok(())
    }

    /// One identity.
    pub fn identity(&mut self, id: IdentityId) -> Result<IdentityRow, StoreFailure> {
        self.query_one(
            "identities",
            "SELECT identity_id, name, handle, charter, enrolled, built_in, standing, due_us, judged_us, class, risk_tier FROM identities \
             WHERE identity_id = $1",
            &[named(id)],
            identity,
        )?
        .ok_or_else(|| StoreFailure::Missing { noun: "identity", given: id.to_string() })
    }

    /// Finds the one identity a person means: by id, handle, full name, bare principal name, or a handle's beginning.
    /// A name means what is there at a source that is read, before what bore it elsewhere or before. A whole handle
    /// goes before every name, because others choose names: what is called like it is meant with its source.
    pub fn find_identity(&mut self, given: &str) -> Result<IdentityRow, StoreFailure> {
        if let Ok(id) = given.parse::<IdentityId>() {
            return self.identity(id);
        }
        let of_handle = self.identities_of_handle(given)?;
        if !of_handle.is_empty() {
            return only_one(of_handle, given);
        }
        let by_name = self.query(
            "identities",
            "SELECT identity_id, name, handle, charter, enrolled, built_in, standing, due_us, judged_us, class, risk_tier FROM identities \
             WHERE name = $1 ORDER BY CASE WHEN EXISTS (SELECT 1 FROM principals p \
             JOIN sources s ON s.source_id = p.source_id WHERE p.identity_id = identities.identity_id \
             AND p.presence = 'present' AND s.removed_us IS NULL) THEN 0 ELSE 1 END, created_us DESC LIMIT 2",
            &[given.into()],
            identity,
        )?;
        // The same name used again later names the one that is there, then the newer: the older has its handle.
        if let Some(newest) = by_name.into_iter().next() {
            return Ok(newest);
        }
        let there = self.query(
            "identities",
            "SELECT DISTINCT i.identity_id, i.name, i.handle, i.charter, i.enrolled, i.built_in, i.standing, i.due_us, \
             i.judged_us, i.class, i.risk_tier FROM identities i JOIN principals p ON p.identity_id = i.identity_id \
             JOIN sources s ON s.source_id = p.source_id \
             WHERE p.name = $1 AND p.presence = 'present' AND s.removed_us IS NULL LIMIT 20",
            &[given.into()],
            identity,
        )?;
        // What is there, at a source that is read, goes before what bore the name elsewhere or before.
        if !there.is_empty() {
            return only_one(there, given);
        }
        let by_principal = self.query(
            "identities",
            "SELECT DISTINCT i.identity_id, i.name, i.handle, i.charter, i.enrolled, i.built_in, i.standing, i.due_us, \
             i.judged_us, i.class, i.risk_tier FROM identities i JOIN principals p ON p.identity_id = i.identity_id WHERE p.name = $1 LIMIT 20",
            &[given.into()],
            identity,
        )?;
        if by_principal.is_empty() && given.len() >= 3 {
            let by_handle = self.query(
                "identities",
                "SELECT identity_id, name, handle, charter, enrolled, built_in, standing, due_us, judged_us, class, risk_tier FROM identities \
                 WHERE handle >= $1 AND handle < $2 ORDER BY handle LIMIT 20",
                &[given.into(), format!("{given}\u{7f}").into()],
                identity,
            )?;
            if !by_handle.is_empty() {
                return only_one(by_handle, given);
            }
        }
        // A path at a source once stood behind two slashes: who wrote such a name down means what bears it with one.
        if by_principal.is_empty() && given.contains("//") {
            return self.find_identity(&given.replace("//", "/"));
        }
        if by_principal.is_empty() {
            let near = self.near_names(given)?;
            if !near.is_empty() {
                let near = near.join(", ");
                return Err(StoreFailure::MissingNear {
                    noun: "identity",
                    given: printable(given, 80),
                    near,
                });
            }
        }
        only_one(by_principal, given)
    }

    /// How many identities have each standing, built-in ones apart (second number).
    pub fn standings(&mut self) -> Result<Vec<(Standing, i64, i64)>, StoreFailure> {
        self.query(
            "identities",
            "SELECT standing, CAST(SUM(1 - built_in) AS BIGINT), CAST(SUM(built_in) AS BIGINT) FROM identities \
             GROUP BY standing ORDER BY standing",
            &[],
            |row| Ok((row.parsed(0)?, row.number(1)?, row.number(2)?)),
        )
    }

    /// When the charter was last written; nothing where it never was.
    pub fn charter_written(&mut self, id: IdentityId) -> Result<Option<Instant>, StoreFailure> {
        let sql = "SELECT charter_us FROM identities WHERE identity_id = $1";
        Ok(self.query_one("identities", sql, &[named(id)], |row| row.opt_instant(0))?.flatten())
    }

    /// Replaces the charter and enrols the identity.
    pub fn set_charter(
        &mut self,
        id: IdentityId,
        charter: &Charter,
        now: Instant,
    ) -> Result<(), StoreFailure> {
        self.keep_past_charter(id, now)?;
        self.execute_on(
            ("identity", id),
            "UPDATE identities SET charter = $2, enrolled = 1, enrolled_us = COALESCE(enrolled_us, $3), charter_us = $3, \
             named_us = $3 WHERE identity_id = $1",
            &[named(id), json(charter)?, now.into()],
        )?;
        self.set_owned(id, charter)?;
        self.set_watches(id, charter.retirement_trigger.as_deref())?;
        // Whoever holds a value of it is judged by where this one belongs, too.
        for principal in self.principals_of(id)? {
            self.touch_related(principal.id, now)?;
        }
        self.touch(id, now)
    }

    /// Records a judgement; `before` is the standing that was read before it was judged. True when the standing changed:
    /// whatever waits for it is judged again then.
    pub fn set_judged(
        &mut self,
        id: IdentityId,
        judged: &JudgedAs,
        before: Standing,
        now: Instant,
    ) -> Result<bool, StoreFailure> {
        if before == judged.standing && self.judged_again(id, judged, now)? {
            return Ok(false);
        }
        self.keep_past_standing(id, now)?;
        let mut was = before;
        if self.write_judged(id, judged, was, now)? == 0 {
            // Somebody else judged it meanwhile.
            was = self.identity(id)?.standing;
            self.write_judged(id, judged, was, now)?;
        }
        if was != judged.standing {
            self.touch_watching_identity(id, now)?;
        }
        Ok(was != judged.standing)
    }

    /// Records a judgement that says what the last one said; false where it says anything else.
    fn judged_again(
        &mut self,
        id: IdentityId,
        judged: &JudgedAs,
        now: Instant,
    ) -> Result<bool, StoreFailure> {
        let written = self.execute(
            "UPDATE identities SET due_us = $5, judged_us = $6 WHERE identity_id = $1 AND standing = $2 \
             AND COALESCE(class, '') = $3 AND COALESCE(risk_tier, '') = $4 AND standing_us IS NOT NULL",
            &[
                named(id),
                named(judged.standing),
                judged.class.clone().unwrap_or_default().into(),
                judged.tier.map(|tier| tier.to_string()).unwrap_or_default().into(),
                judged.due.into(),
                now.into(),
            ],
        )?;
        Ok(written > 0)
    }

    fn write_judged(
        &mut self,
        id: IdentityId,
        judged: &JudgedAs,
        before: Standing,
        now: Instant,
    ) -> Result<u64, StoreFailure> {
        self.execute(
            "UPDATE identities SET standing = $2, class = $3, risk_tier = $4, due_us = $5, judged_us = $6, standing_us = $6, \
             enrolled_us = COALESCE(enrolled_us, $7) WHERE identity_id = $1 AND standing = $8",
            &[
                named(id),
                named(judged.standing),
                judged.class.clone().into(),
                judged.tier.map(|tier| tier.to_string()).into(),
                judged.due.into(),
                now.into(),
                judged.class.as_ref().map(|_| now).into(),
                named(before),
            ],
        )
    }

    /// Has every identity judged again. Returns how many that are.
    pub fn touch_all(&mut self, now: Instant) -> Result<i64, StoreFailure> {
        let touched = self.execute(
            "INSERT INTO touched (identity_id, since_us, times) SELECT identity_id, CAST($1 AS BIGINT), 1 FROM identities WHERE true \
             ON CONFLICT (identity_id) DO UPDATE SET times = touched.times + 1",
            &[now.into()],
        )?;
        Ok(i64::try_from(touched).unwrap_or(i64::MAX))
    }

    /// How many identities there are of each class; those of none are not counted.
    pub fn class_counts(&mut self) -> Result<Vec<(String, i64)>, StoreFailure> {
        self.query(
            "identities",
            "SELECT class, COUNT(*) FROM identities WHERE class IS NOT NULL GROUP BY class ORDER BY class",
            &[],
            |row| Ok((row.text(0)?, row.number(1)?)),
        )
    }

    /// How many identities there are of each risk tier, the lowest first; those of none are not counted.
    pub fn tier_counts(&mut self) -> Result<Vec<(RiskTier, i64)>, StoreFailure> {
        let mut counts = self.query(
            "identities",
            "SELECT risk_tier, COUNT(*) FROM identities WHERE risk_tier IS NOT NULL GROUP BY risk_tier",
            &[],
            |row| Ok((row.parsed::<RiskTier>(0)?, row.number(1)?)),
        )?;
        counts.sort();
        Ok(counts)
    }

    /// How many identities there are.
    pub fn count_identities(&mut self) -> Result<i64, StoreFailure> {
        let sql = "SELECT COUNT(*) FROM identities";
        Ok(self.query_one("identities", sql, &[], |row| row.number(0))?.unwrap_or_default())
    }

    /// Something that is another whenever a survey ended or an identity came: until when surveys ended, and how many
    /// identities there are.
    pub fn inventory_mark(&mut self) -> Result<(i64, i64), StoreFailure> {
        let sql = "SELECT COALESCE(MAX(ended_us), 0) FROM surveys";
        let ended = self.query_one("surveys", sql, &[], |row| row.number(0))?.unwrap_or_default();
        Ok((ended, self.count_identities()?))
    }

    /// How many identities wait to be judged.
    pub fn count_touched(&mut self) -> Result<i64, StoreFailure> {
        let sql = "SELECT COUNT(*) FROM touched";
        Ok(self.query_one("touched", sql, &[], |row| row.number(0))?.unwrap_or_default())
    }

    /// Identities after `after` that wait to be judged: touched, or past their own due; each with how often it was
    /// touched since it was last judged, which is to be read together with what is judged. At most `most`, by id.
    ///
    /// Each half is cut by itself, so that neither table is read whole for one batch of a million. What is past its due
    /// is cut by that: one that comes after the cut is found by the next pass over all.
    pub fn to_judge(
        &mut self,
        now: Instant,
        after: Option<IdentityId>,
        most: i64,
    ) -> Result<Vec<(IdentityId, i64)>, StoreFailure> {
        self.query(
            "touched",
            "SELECT w.identity_id, COALESCE(t.times, 0) FROM (SELECT identity_id FROM (SELECT identity_id FROM touched \
             WHERE identity_id > $3 ORDER BY identity_id LIMIT $2) AS waiting UNION \
             SELECT identity_id FROM (SELECT identity_id FROM identities WHERE due_us <= $1 AND identity_id > $3 \
             ORDER BY due_us LIMIT $2) AS due) AS w LEFT JOIN touched t ON t.identity_id = w.identity_id \
             ORDER BY w.identity_id LIMIT $2",
            &[now.into(), most.into(), after.map(|id| id.to_string()).unwrap_or_default().into()],
            |row| Ok((row.parsed(0)?, row.number(1)?)),
        )
    }

    /// Every identity after `after`, for the full sweep.
    pub fn all_identities(
        &mut self,
        after: Option<IdentityId>,
        most: i64,
    ) -> Result<Vec<IdentityId>, StoreFailure> {
        self.query(
            "identities",
            "SELECT identity_id FROM identities WHERE identity_id > $1 ORDER BY identity_id LIMIT $2",
            &[after.map(|id| id.to_string()).unwrap_or_default().into(), most.into()],
            |row| row.parsed(0),
        )
    }

    /// How often an identity was touched since it was last judged; read it together with what is judged.
    pub fn touches(&mut self, id: IdentityId) -> Result<i64, StoreFailure> {
        let times = self.query_one(
            "touched",
            "SELECT times FROM touched WHERE identity_id = $1",
            &[named(id)],
            |row| row.number(0),
        )?;
        Ok(times.unwrap_or(0))
    }

    /// Says that an identity was judged as it was after so many `touches`. What touched it since then
    /// was not judged, and keeps it waiting.
    pub fn untouch_if(&mut self, id: IdentityId, touches: i64) -> Result<(), StoreFailure> {
        self.execute(
            "DELETE FROM touched WHERE identity_id = $1 AND times <= $2",
            &[named(id), touches.into()],
        )?;
        Ok(())
    }

    /// Says that an identity was judged, in the transaction that also read what was judged; apart from
    /// that, use [`Tx::untouch_if`].
    pub fn untouch(&mut self, id: IdentityId) -> Result<(), StoreFailure> {
        self.execute("DELETE FROM touched WHERE identity_id = $1", &[named(id)])?;
        Ok(())
    }
}

fn only_one(found: Vec<IdentityRow>, given: &str) -> Result<IdentityRow, StoreFailure> {
    let names: Vec<String> =
        found.iter().map(|row| format!("{} ({})", printable(&row.name, 60), row.handle)).collect();
    let mut found = found.into_iter();
    match (found.next(), found.next()) {
        (Some(row), None) => Ok(row),
        (None, _) => Err(StoreFailure::Missing { noun: "identity", given: printable(given, 80) }),
        (Some(_), Some(_)) => Err(StoreFailure::Ambiguous {
            given: printable(given, 80),
            candidates: listed(names.iter().map(String::as_str)),
        }),
    }
}
