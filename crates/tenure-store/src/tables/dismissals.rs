//! Dismissals: conditions of which a person said, with a reason and an end, that they are no finding here.
//!
//! A dismissal stands until it is withdrawn or its end has come; what is over stays as history. It never
//! closes a finding: the condition is judged on, and counts again by itself. Next: `findings.rs`.

use super::Mint;
use crate::{
    Row, StoreFailure, Tx,
    value::{json, named},
};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use tenure_model::{DismissalId, Grounds, IdentityId, Instant, PersonId};

/// A dismissal as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DismissalRow {
    /// Its id.
    pub id: DismissalId,
    /// Whose condition.
    pub identity: IdentityId,
    /// Which policy.
    pub policy: String,
    /// Which principal or credential.
    pub subject: String,
    /// Why it is no finding here.
    pub reason: String,
    /// Who said so.
    pub dismissed_by: PersonId,
    /// When.
    pub dismissed: Instant,
    /// When it counts again.
    pub ends: Instant,
    /// What the finding rested on, as the judge says it.
    pub rested_on: Option<Grounds>,
}

/// What a person says about one condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDismissal {
    /// Whose condition.
    pub identity: IdentityId,
    /// Which policy.
    pub policy: String,
    /// Which principal or credential.
    pub subject: String,
    /// Why it is no finding here.
    pub reason: String,
    /// Who says so.
    pub dismissed_by: PersonId,
    /// When it counts again.
    pub ends: Instant,
    /// What the finding rests on, as the judge says it.
    pub rested_on: Grounds,
}

/// How often a policy was said to be wrong in the field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DismissedShare {
    /// Which policy.
    pub policy: String,
    /// Its open findings, dismissed ones included.
    pub open: i64,
    /// Those of them that are dismissed now.
    pub dismissed: i64,
}

fn dismissal(row: &Row<'_>) -> Result<DismissalRow, StoreFailure> {
    Ok(DismissalRow {
        id: row.parsed(0)?,
        identity: row.parsed(1)?,
        policy: row.text(2)?,
        subject: row.text(3)?,
        reason: row.text(4)?,
        dismissed_by: row.parsed(5)?,
        dismissed: row.instant(6)?,
        ends: row.instant(7)?,
        rested_on: row.opt_json(8)?,
    })
}

impl Tx<'_> {
    /// Dismissals of an identity's conditions that were not withdrawn; their end may have come.
    pub fn dismissals_of(&mut self, identity: IdentityId) -> Result<Vec<DismissalRow>, StoreFailure> {
        self.query(
            "dismissals",
            "SELECT dismissal_id, identity_id, policy, subject, reason, dismissed_by, dismissed_us, ends_us, rested_on \
             FROM dismissals WHERE identity_id = $1 AND withdrawn_us IS NULL ORDER BY policy, subject",
            &[named(identity)],
            dismissal,
        )
    }

    /// Dismissals of an identity's conditions that stood at an instant.
    pub fn dismissals_then(
        &mut self,
        identity: IdentityId,
        at: Instant,
    ) -> Result<Vec<DismissalRow>, StoreFailure> {
        self.query(
            "dismissals",
            "SELECT dismissal_id, identity_id, policy, subject, reason, dismissed_by, dismissed_us, ends_us, rested_on \
             FROM dismissals WHERE identity_id = $1 AND dismissed_us <= $2 AND ends_us > $2 \
             AND (withdrawn_us IS NULL OR withdrawn_us > $2) ORDER BY policy, subject",
            &[named(identity), at.into()],
            dismissal,
        )
    }

    /// Writes down that a condition is no finding until its end. One that stands already is a conflict.
    pub fn dismiss(&mut self, mint: &Mint, new: &NewDismissal) -> Result<(), StoreFailure> {
        self.end_dismissals(new.identity, mint.now)?;
        let stands = |one: &DismissalRow| one.policy == new.policy && one.subject == new.subject;
        if self.dismissals_of(new.identity)?.iter().any(stands) {
            let why = String::from("this finding is dismissed already; withdraw that first");
            return Err(StoreFailure::Conflict { why });
        }
        let (at, randomness) = mint.parts();
        self.execute(
            "INSERT INTO dismissals (dismissal_id, identity_id, policy, subject, reason, dismissed_by, dismissed_us, ends_us, \
             rested_on) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            &[
                named(DismissalId::new(at, randomness)),
                named(new.identity),
                new.policy.as_str().into(),
                new.subject.as_str().into(),
                new.reason.as_str().into(),
                named(new.dismissed_by),
                at.into(),
                new.ends.into(),
                json(&new.rested_on)?,
            ],
        )?;
        self.touch(new.identity, at)
    }

    /// Takes a dismissal back. Returns false when none stood.
    pub fn withdraw_dismissal(
        &mut self,
        identity: IdentityId,
        policy: &str,
        subject: &str,
        now: Instant,
    ) -> Result<bool, StoreFailure> {
        let withdrawn = self.execute(
            "UPDATE dismissals SET withdrawn_us = $4 WHERE identity_id = $1 AND policy = $2 AND subject = $3 \
             AND withdrawn_us IS NULL",
            &[named(identity), policy.into(), subject.into(), now.into()],
        )?;
        self.touch(identity, now)?;
        Ok(withdrawn > 0)
    }

    /// How long people said of this condition that it is none, since an instant; and whether this person was among them.
    pub fn dismissed_for(
        &mut self,
        (identity, policy, subject): (IdentityId, &str, &str),
        by: PersonId,
        since: Instant,
    ) -> Result<(Duration, bool), StoreFailure> {
        let terms: Vec<(Instant, Instant, PersonId)> = self.query(
            "dismissals",
            "SELECT dismissed_us, CASE WHEN withdrawn_us < ends_us THEN withdrawn_us ELSE ends_us END, dismissed_by \
             FROM dismissals WHERE identity_id = $1 AND policy = $2 AND subject = $3",
            &[named(identity), policy.into(), subject.into()],
            |row| Ok((row.instant(0)?, row.instant(1)?, row.parsed(2)?)),
        )?;
        let terms: Vec<_> = terms.into_iter().filter(|(_, to, _)| *to > since).collect();
        let all = terms.iter().map(|(from, to, _)| to.since((*from).max(since))).sum();
        Ok((all, terms.iter().any(|(.., person)| *person == by)))
    }

    /// Lets go of the dismissals of an identity whose end has come; they are withdrawn by their own end.
    pub fn end_dismissals(&mut self, identity: IdentityId, now: Instant) -> Result<(), StoreFailure> {
        self.execute(
            "UPDATE dismissals SET withdrawn_us = ends_us WHERE identity_id = $1 AND withdrawn_us IS NULL AND ends_us <= $2",
            &[named(identity), now.into()],
        )?;
        Ok(())
    }

    /// Ends a dismissal before its end, and says why. Returns false when it does not stand any more.
    pub fn end_dismissal_early(
        &mut self,
        dismissal: DismissalId,
        why: &str,
        now: Instant,
    ) -> Result<bool, StoreFailure> {
        let ended = self.execute(
            "UPDATE dismissals SET withdrawn_us = $2, ended_why = $3 WHERE dismissal_id = $1 AND withdrawn_us IS NULL",
            &[named(dismissal), now.into(), why.into()],
        )?;
        Ok(ended > 0)
    }

    /// Has everything judged again of which this person said that it is no finding.
    pub fn touch_dismissed_by(&mut self, person: PersonId, now: Instant) -> Result<(), StoreFailure> {
        let touched: Vec<IdentityId> = self.query(
            "dismissals",
            "SELECT DISTINCT identity_id FROM dismissals WHERE dismissed_by = $1 AND withdrawn_us IS NULL",
            &[named(person)],
            |row| row.parsed(0),
        )?;
        for identity in touched {
            self.touch(identity, now)?;
        }
        Ok(())
    }

    /// Policies with dismissed findings, the most dismissed first.
    pub fn dismissed_shares(&mut self) -> Result<Vec<DismissedShare>, StoreFailure> {
        self.query(
            "dismissals",
            "SELECT f.policy, COUNT(*), COUNT(d.dismissal_id) FROM findings f LEFT JOIN dismissals d \
             ON d.identity_id = f.identity_id AND d.policy = f.policy AND d.subject = f.subject AND d.withdrawn_us IS NULL \
             WHERE f.closed_us IS NULL GROUP BY f.policy HAVING COUNT(d.dismissal_id) > 0 ORDER BY 3 DESC, 1",
            &[],
            |row| Ok(DismissedShare { policy: row.text(0)?, open: row.number(1)?, dismissed: row.number(2)? }),
        )
    }
}
