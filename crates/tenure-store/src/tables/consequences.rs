//! What follows when a control does not hold for an identity: how far that came, one row for each of both.
//!
//! A row is there while the identity is lapsed by the control, and goes when it is not; what was is in the evidence log.
//! This file must never decide what follows. Next: `verbs/consequences.rs` of the engine.

use crate::{Row, StoreFailure, Tx, value::named};
use serde::Serialize;
use tenure_model::{ConsequenceState, IdentityId, Instant, PlanId};

/// How far what follows came for one identity, by one control.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConsequenceRow {
    /// Which identity.
    pub identity: IdentityId,
    /// Its name.
    pub identity_name: String,
    /// By which control.
    pub control: String,
    /// How far it came.
    pub state: ConsequenceState,
    /// Why no further, where it would be disabled and is not.
    pub why: Option<String>,
    /// Since when it is lapsed by the control.
    pub lapsed: Instant,
    /// When it was warned.
    pub warned: Instant,
    /// When it came so far.
    pub at: Instant,
    /// The plan that Tenure proposed.
    pub plan: Option<PlanId>,
}

/// What makes an identity a candidate: lapsed by a control for so long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LapsedBy {
    /// The control.
    pub control: String,
    /// Findings opened before these count: of low, medium, high and critical ones.
    pub opened_before: [Instant; 4],
}

fn consequence(row: &Row<'_>) -> Result<ConsequenceRow, StoreFailure> {
    Ok(ConsequenceRow {
        identity: row.parsed(0)?,
        identity_name: row.text(1)?,
        control: row.text(2)?,
        state: row.parsed(3)?,
        why: row.opt_text(4)?,
        lapsed: row.instant(5)?,
        warned: row.instant(6)?,
        at: row.instant(7)?,
        plan: row.opt_parsed(8)?,
    })
}

/// Open findings `f` that count and were opened before the instant of their severity, of identities `i` that are lapsed.
macro_rules! lapsed_by {
    () => {
        "f.closed_us IS NULL AND f.excepted_us IS NULL AND i.standing = 'lapsed' AND f.opened_us <= CASE f.severity WHEN 'low' THEN CAST($2 AS BIGINT) \
         WHEN 'medium' THEN CAST($3 AS BIGINT) WHEN 'high' THEN CAST($4 AS BIGINT) ELSE CAST($5 AS BIGINT) END \
         AND NOT EXISTS (SELECT 1 FROM dismissals d WHERE d.identity_id = f.identity_id AND d.policy = f.policy \
         AND d.subject = f.subject AND d.withdrawn_us IS NULL)"
    };
}

macro_rules! select_consequences {
    ($rest:literal) => {
        concat!(
            "SELECT c.identity_id, i.name, c.control, c.state, c.why, c.lapsed_us, c.warned_us, c.at_us, c.plan_id \
             FROM consequences c JOIN identities i ON i.identity_id = c.identity_id ",
            $rest
        )
    };
}

impl LapsedBy {
    fn values(&self) -> Vec<crate::Value> {
        let mut values: Vec<crate::Value> = vec![self.control.as_str().into()];
        values.extend(self.opened_before.iter().map(|before| crate::Value::from(*before)));
        values
    }
}

impl Tx<'_> {
    /// Identities that are lapsed by a control and for which nothing followed yet, after one of them, in their order.
    pub fn lapsed_without_consequence(
        &mut self,
        lapsed: &LapsedBy,
        after: Option<IdentityId>,
        most: i64,
    ) -> Result<Vec<IdentityId>, StoreFailure> {
        let mut values = lapsed.values();
        values.push(after.map_or_else(String::new, |id| id.to_string()).into());
        values.push(most.into());
        self.query(
            "findings",
            concat!(
                "SELECT DISTINCT f.identity_id FROM findings f JOIN identities i ON i.identity_id = f.identity_id WHERE ",
                lapsed_by!(),
                " AND f.control = $1 AND f.identity_id > $6 AND NOT EXISTS (SELECT 1 FROM consequences c \
                 WHERE c.identity_id = f.identity_id AND c.control = f.control) ORDER BY 1 LIMIT $7"
            ),
            &values,
            |row| row.parsed(0),
        )
    }

    /// Identities that were warned by a control before an instant, are lapsed since another or longer, and for which
    /// nothing further followed, after one of them, in their order. With `again`, those too that would be disabled.
    pub fn warned_before(
        &mut self,
        control: &str,
        (warned, lapsed): (Instant, Instant),
        again: ConsequenceState,
        (after, most): (Option<IdentityId>, i64),
    ) -> Result<Vec<ConsequenceRow>, StoreFailure> {
        self.query(
            "consequences",
            select_consequences!(
                "WHERE c.control = $1 AND c.state IN ('warned', $2) AND c.warned_us <= $3 AND c.lapsed_us <= $4 \
                 AND c.identity_id > $5 ORDER BY c.identity_id LIMIT $6"
            ),
            &[
                control.into(),
                named(again),
                warned.into(),
                lapsed.into(),
                after.map_or_else(String::new, |id| id.to_string()).into(),
                most.into(),
            ],
            consequence,
        )
    }

    /// Writes down how far it came.
    pub fn put_consequence(&mut self, row: &ConsequenceRow) -> Result<(), StoreFailure> {
        self.execute(
            "INSERT INTO consequences (identity_id, control, state, why, lapsed_us, warned_us, at_us, plan_id) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (identity_id, control) DO UPDATE SET state = excluded.state, \
             why = excluded.why, lapsed_us = excluded.lapsed_us, warned_us = excluded.warned_us, at_us = excluded.at_us, \
             plan_id = excluded.plan_id",
            &[
                named(row.identity),
                row.control.as_str().into(),
                named(row.state),
                row.why.clone().into(),
                row.lapsed.into(),
                row.warned.into(),
                row.at.into(),
                row.plan.map(|plan| plan.to_string()).into(),
            ],
        )?;
        Ok(())
    }

    /// How far it came for one identity by one control; nothing where nothing followed.
    pub fn consequence(
        &mut self,
        identity: IdentityId,
        control: &str,
    ) -> Result<Option<ConsequenceRow>, StoreFailure> {
        self.query_one(
            "consequences",
            select_consequences!("WHERE c.identity_id = $1 AND c.control = $2"),
            &[named(identity), control.into()],
            consequence,
        )
    }

    /// Takes out one that is over.
    pub fn end_consequence(&mut self, identity: IdentityId, control: &str) -> Result<(), StoreFailure> {
        self.execute(
            "DELETE FROM consequences WHERE identity_id = $1 AND control = $2",
            &[named(identity), control.into()],
        )?;
        Ok(())
    }

    /// Takes out what followed for identities that are not lapsed by that control any more; returns how many.
    pub fn end_consequences(&mut self, lapsed: &LapsedBy) -> Result<u64, StoreFailure> {
        self.execute(
            concat!(
                "DELETE FROM consequences WHERE control = $1 AND NOT EXISTS (SELECT 1 FROM findings f \
                 JOIN identities i ON i.identity_id = f.identity_id WHERE f.identity_id = consequences.identity_id \
                 AND f.control = consequences.control AND ",
                lapsed_by!(),
                ")"
            ),
            &lapsed.values(),
        )
    }

    /// Controls by which something followed, each once.
    pub fn controls_with_consequences(&mut self) -> Result<Vec<String>, StoreFailure> {
        let sql = "SELECT DISTINCT control FROM consequences ORDER BY 1";
        self.query("consequences", sql, &[], |row| row.text(0))
    }

    /// Takes out all that followed by a control by which nothing follows any more.
    pub fn forget_consequences(&mut self, control: &str) -> Result<u64, StoreFailure> {
        self.execute("DELETE FROM consequences WHERE control = $1", &[control.into()])
    }

    /// What followed, those that came furthest first, then the newest; at most `most`.
    pub fn consequences(&mut self, most: i64) -> Result<Vec<ConsequenceRow>, StoreFailure> {
        self.query(
            "consequences",
            select_consequences!(
                "ORDER BY CASE c.state WHEN 'proposed' THEN 0 WHEN 'would_disable' THEN 1 ELSE 2 END, c.at_us DESC, i.name LIMIT $1"
            ),
            &[most.into()],
            consequence,
        )
    }

    /// What followed for one identity, by control.
    pub fn consequences_of(&mut self, identity: IdentityId) -> Result<Vec<ConsequenceRow>, StoreFailure> {
        self.query(
            "consequences",
            select_consequences!("WHERE c.identity_id = $1 ORDER BY c.control"),
            &[named(identity)],
            consequence,
        )
    }

    /// Plans that Tenure itself proposed and nobody decided yet.
    pub fn count_proposed_by_tenure(&mut self) -> Result<i64, StoreFailure> {
        let sql = "SELECT COUNT(*) FROM plans WHERE requested_by IS NULL AND state = 'proposed'";
        Ok(self.query_one("plans", sql, &[], |row| row.number(0))?.unwrap_or_default())
    }
}
