//! Delegations that end by themselves: their time is over, nobody accepted, or one of the two left.
//!
//! None of them hangs on this: what is decided by one asks the clock and the people itself. This writes down that it is over,
//! once. It must never end one that counts. Next: `capacity.rs`.

use super::about;
use crate::{Engine, EngineFailure, record::By};
use std::time::Duration;
use tenure_model::{DelegationEvent, DelegationState};
use tenure_store::{
    Tx,
    tables::delegations::{DelegationRow, DelegationsMeant},
};

/// Delegations that are looked at in one round.
const LOOKED_AT_MAX: i64 = 1_000;
/// While the machine's clock is set back by more than this, none lapses.
const SET_BACK: Duration = Duration::from_secs(1);

/// What one round did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DelegationsFollowed {
    /// Delegations that lapsed.
    pub lapsed: i64,
}

impl Engine {
    /// Ends the delegations that are over, each with its entry.
    pub async fn follow_delegations(&self) -> Result<DelegationsFollowed, EngineFailure> {
        let mut followed = DelegationsFollowed::default();
        if self.clock.behind() > SET_BACK {
            return Ok(followed);
        }
        let delegating = self.delegating();
        let read = move |tx: &mut Tx<'_>| {
            let mut over: Vec<(DelegationRow, &'static str)> = Vec::new();
            for row in tx.delegations(DelegationsMeant::Current, 0, LOOKED_AT_MAX)? {
                let because = delegating.over_because(tx, &row)?;
                over.extend(because.map(|why| (row, why)));
            }
            Ok(over)
        };
        for (row, why) in self.store.read("delegations_to_follow", read).await? {
            followed.lapsed += i64::from(self.lapse_delegation(row, why).await?);
        }
        Ok(followed)
    }

    async fn lapse_delegation(&self, row: DelegationRow, why: &'static str) -> Result<bool, EngineFailure> {
        let delegating = self.delegating();
        let now = delegating.now;
        let entry = self.entry(about(&row, "delegation.lapsed", By::Tenure).text("why", why))?;
        let write = move |tx: &mut Tx<'_>| {
            let row = tx.delegation(row.id)?;
            let lives = matches!(row.state, DelegationState::Offered | DelegationState::Accepted);
            // One of the two may have ended it, or come back, meanwhile.
            if !lives || delegating.over_because(tx, &row)? != Some(why) {
                return Ok(false);
            }
            tx.end_delegation(row.id, DelegationEvent::Lapse, why, now)?;
            tx.entry(entry.clone())?;
            Ok(true)
        };
        Ok(self.store.write("lapse_delegation", write).await?)
    }
}
