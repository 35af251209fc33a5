//! Escrow: sealed values we hold until a death is proved.
//!
//! Their data keys are files elsewhere and never in a backup; a row without its key is noise. This
//! file must never see a value in clear. Next: `plans.rs`, which they belong to.

use crate::{StoreFailure, Tx, value::named};
use tenure_model::{Instant, PlanId};

/// Why a value is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EscrowPurpose {
    /// The value we installed and probe with.
    Value,
    /// The former stored value, for an undo.
    Keepsake,
}

impl EscrowPurpose {
    /// Its stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Value => "value",
            Self::Keepsake => "keepsake",
        }
    }
}

impl Tx<'_> {
    /// Keeps a sealed value for a plan. A second value for the same purpose is refused.
    pub fn keep_sealed(
        &mut self,
        id: &str,
        plan: PlanId,
        purpose: EscrowPurpose,
        sealed: Vec<u8>,
        now: Instant,
    ) -> Result<(), StoreFailure> {
        // After a restore the former value is gone, and another may take its place.
        let kept = self.execute(
            "INSERT INTO escrow (escrow_id, plan_id, purpose, sealed, kept_us) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (plan_id, purpose) DO UPDATE SET escrow_id = excluded.escrow_id, sealed = excluded.sealed, \
             kept_us = excluded.kept_us, destroyed_us = NULL WHERE escrow.destroyed_us IS NOT NULL",
            &[id.into(), named(plan), purpose.as_str().into(), sealed.into(), now.into()],
        )?;
        if kept == 1 {
            Ok(())
        } else {
            Err(StoreFailure::Conflict {
                why: format!("a {} is held for this plan already", purpose.as_str()),
            })
        }
    }

    /// Settled plans for which something is still held: a crash came between the end and the destruction.
    pub fn settled_with_escrow(&mut self) -> Result<Vec<PlanId>, StoreFailure> {
        self.query(
            "escrow",
            "SELECT DISTINCT e.plan_id FROM escrow e JOIN plans p ON p.plan_id = e.plan_id \
             WHERE e.destroyed_us IS NULL AND p.state IN ('proved', 'short', 'undone', 'withdrawn') ORDER BY e.plan_id",
            &[],
            |row| row.parsed(0),
        )
    }

    /// The sealed value of a plan, with its id; `None` when there is none or it was destroyed.
    pub fn sealed_for(
        &mut self,
        plan: PlanId,
        purpose: EscrowPurpose,
    ) -> Result<Option<(String, Vec<u8>)>, StoreFailure> {
        self.query_one(
            "escrow",
            "SELECT escrow_id, sealed FROM escrow WHERE plan_id = $1 AND purpose = $2 AND destroyed_us IS NULL",
            &[named(plan), purpose.as_str().into()],
            |row| Ok((row.text(0)?, row.bytes(1)?)),
        )
    }

    /// Ids of everything held for a plan.
    pub fn held_for(&mut self, plan: PlanId) -> Result<Vec<String>, StoreFailure> {
        self.query(
            "escrow",
            "SELECT escrow_id FROM escrow WHERE plan_id = $1 AND destroyed_us IS NULL ORDER BY escrow_id",
            &[named(plan)],
            |row| row.text(0),
        )
    }

    /// Ids of everything held for any plan.
    pub fn held(&mut self) -> Result<Vec<String>, StoreFailure> {
        self.query(
            "escrow",
            "SELECT escrow_id FROM escrow WHERE destroyed_us IS NULL ORDER BY escrow_id",
            &[],
            |row| row.text(0),
        )
    }

    /// Says that the values of a plan are destroyed, and empties their rows.
    pub fn mark_destroyed(&mut self, plan: PlanId, now: Instant) -> Result<(), StoreFailure> {
        self.execute(
            "UPDATE escrow SET destroyed_us = $2, sealed = $3 WHERE plan_id = $1 AND destroyed_us IS NULL",
            &[named(plan), now.into(), crate::Value::Bytes(Vec::new())],
        )?;
        Ok(())
    }
}
