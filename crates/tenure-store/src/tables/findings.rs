//! Findings: conditions that fail, opened and closed by judging.
//!
//! One condition about one subject is one open finding, however often it is judged; what is over stays as
//! history. This file must never judge. Next: `tenure-judge`, whose conditions come here.

use super::Mint;
use crate::{Row, StoreFailure, Tx, value::named};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use tenure_model::{FindingId, IdentityId, Instant, PolicyKind, Severity};

/// A finding as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingRow {
    /// Its id.
    pub id: FindingId,
    /// Whose.
    pub identity: IdentityId,
    /// That identity's name.
    pub identity_name: String,
    /// Which policy.
    pub policy: String,
    /// Which principal or credential.
    pub subject: String,
    /// Which kind of policy.
    pub kind: PolicyKind,
    /// Which control.
    pub control: String,
    /// How bad.
    pub severity: Severity,
    /// What is wrong.
    pub reason: String,
    /// What to do.
    pub remedy: String,
    /// Since when.
    pub opened: Instant,
    /// Until when, when it is over.
    pub closed: Option<Instant>,
}

/// A condition that fails now, as judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedNow {
    /// Which policy.
    pub policy: String,
    /// Which principal or credential.
    pub subject: String,
    /// Which kind of policy.
    pub kind: PolicyKind,
    /// Which control.
    pub control: String,
    /// How bad.
    pub severity: Severity,
    /// What is wrong.
    pub reason: String,
    /// What to do.
    pub remedy: String,
}

/// What applying a judgement changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FindingChanges {
    /// Opened now.
    pub opened: i64,
    /// Closed now.
    pub closed: i64,
}

pub(super) fn finding(row: &Row<'_>) -> Result<FindingRow, StoreFailure> {
    Ok(FindingRow {
        id: row.parsed(0)?,
        identity: row.parsed(1)?,
        identity_name: row.text(2)?,
        policy: row.text(3)?,
        subject: row.text(4)?,
        kind: row.parsed(5)?,
        control: row.text(6)?,
        severity: row.parsed(7)?,
        reason: row.text(8)?,
        remedy: row.text(9)?,
        opened: row.instant(10)?,
        closed: row.opt_instant(11)?,
    })
}

impl Tx<'_> {
    /// Open findings of an identity.
    pub fn open_findings_of(&mut self, identity: IdentityId) -> Result<Vec<FindingRow>, StoreFailure> {
        self.query(
            "findings",
            "SELECT f.finding_id, f.identity_id, i.name, f.policy, f.subject, f.kind, f.control, f.severity, f.reason, f.remedy, \
             f.opened_us, f.closed_us FROM findings f JOIN identities i ON i.identity_id = f.identity_id \
             WHERE f.identity_id = $1 AND f.closed_us IS NULL ORDER BY f.policy, f.subject",
            &[named(identity)],
            finding,
        )
    }

    /// Open findings, worst first, one page after `after` rows.
    pub fn open_findings(&mut self, skip: i64, page_size: i64) -> Result<Vec<FindingRow>, StoreFailure> {
        self.query(
            "findings",
            "SELECT f.finding_id, f.identity_id, i.name, f.policy, f.subject, f.kind, f.control, f.severity, f.reason, f.remedy, \
             f.opened_us, f.closed_us FROM findings f JOIN identities i ON i.identity_id = f.identity_id \
             WHERE f.closed_us IS NULL ORDER BY CASE f.severity WHEN 'critical' THEN 0 WHEN 'high' THEN 1 \
             WHEN 'medium' THEN 2 ELSE 3 END, f.opened_us, i.name, f.policy, f.finding_id LIMIT $2 OFFSET $1",
            &[skip.into(), page_size.into()],
            finding,
        )
    }

    /// Makes the open findings of an identity those of a judgement: opens, keeps, closes.
    pub fn apply_findings(
        &mut self,
        mint: &Mint,
        identity: IdentityId,
        failed: &[FailedNow],
    ) -> Result<FindingChanges, StoreFailure> {
        let mut open: BTreeMap<(String, String), FindingRow> = self
            .open_findings_of(identity)?
            .into_iter()
            .map(|row| ((row.policy.clone(), row.subject.clone()), row))
            .collect();
        let mut changes = FindingChanges::default();
        let mut said = BTreeSet::new();
        for now in failed {
            // One condition about one subject is one finding, however often it was said.
            if !said.insert((&now.policy, &now.subject)) {
                continue;
            }
            if let Some(kept) = open.remove(&(now.policy.clone(), now.subject.clone())) {
                self.refresh_finding(&kept, now)?;
            } else {
                self.open_finding(mint, identity, now)?;
                changes.opened += 1;
            }
        }
        for over in open.into_values() {
            self.execute(
                "UPDATE findings SET closed_us = $2 WHERE finding_id = $1",
                &[named(over.id), mint.now.into()],
            )?;
            changes.closed += 1;
        }
        Ok(changes)
    }

    fn open_finding(
        &mut self,
        mint: &Mint,
        identity: IdentityId,
        now: &FailedNow,
    ) -> Result<(), StoreFailure> {
        let (at, randomness) = mint.parts();
        self.execute(
            "INSERT INTO findings (finding_id, identity_id, policy, subject, kind, control, severity, reason, remedy, opened_us) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            &[
                named(FindingId::new(at, randomness)),
                named(identity),
                now.policy.as_str().into(),
                now.subject.as_str().into(),
                named(now.kind),
                now.control.as_str().into(),
                named(now.severity),
                now.reason.as_str().into(),
                now.remedy.as_str().into(),
                at.into(),
            ],
        )?;
        Ok(())
    }

    fn refresh_finding(&mut self, kept: &FindingRow, now: &FailedNow) -> Result<(), StoreFailure> {
        if kept.reason == now.reason && kept.severity == now.severity && kept.remedy == now.remedy {
            return Ok(());
        }
        self.execute(
            "UPDATE findings SET reason = $2, severity = $3, remedy = $4 WHERE finding_id = $1",
            &[named(kept.id), now.reason.as_str().into(), named(now.severity), now.remedy.as_str().into()],
        )?;
        Ok(())
    }
}
