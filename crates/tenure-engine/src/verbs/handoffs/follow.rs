//! Handoffs that end by themselves: nobody accepted in time, or what one rested on is not so any more.
//!
//! Each is looked at again in the transaction that ends it, and ends once. Nothing hangs on a timer. It must never move what
//! was offered: it stays with whoever answers for it. Next: `../clocks.rs`, which warns before.

use super::answer::about;
use crate::{Engine, EngineFailure, record::By};
use std::time::Duration;
use tenure_model::{HandoffEvent, HandoffState};
use tenure_store::{
    Tx,
    tables::handoffs::{HandoffRow, HandoffsMeant},
};

/// Handoffs that are looked at in one round.
const LOOKED_AT_MAX: i64 = 1_000;
/// While the machine's clock is set back by more than this, none lapses.
const SET_BACK: Duration = Duration::from_secs(1);

/// What one round did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HandoffsFollowed {
    /// Handoffs that lapsed.
    pub lapsed: i64,
}

impl Engine {
    /// Ends the handoffs that nobody can accept any more, each with its entry.
    pub async fn follow_handoffs(&self) -> Result<HandoffsFollowed, EngineFailure> {
        let mut followed = HandoffsFollowed::default();
        if self.clock.behind() > SET_BACK {
            return Ok(followed);
        }
        let handing = self.handing();
        let read = move |tx: &mut Tx<'_>| {
            let mut over: Vec<(HandoffRow, &'static str)> = Vec::new();
            for row in tx.handoffs(HandoffsMeant::Offered, 0, LOOKED_AT_MAX)? {
                let because = handing.over_because(tx, &row)?;
                over.extend(because.map(|why| (row, why)));
            }
            Ok(over)
        };
        for (row, why) in self.store.read("handoffs_to_follow", read).await? {
            followed.lapsed += i64::from(self.lapse_handoff(row, why).await?);
        }
        Ok(followed)
    }

    async fn lapse_handoff(&self, row: HandoffRow, why: &'static str) -> Result<bool, EngineFailure> {
        let (handing, now) = (self.handing(), self.clock.now());
        let entry = self.entry(about(&row, "handoff.lapsed", By::Tenure).text("why", why))?;
        let write = move |tx: &mut Tx<'_>| {
            let row = tx.handoff(row.id)?;
            // Somebody may have answered or mended it meanwhile.
            if row.state != HandoffState::Offered || handing.over_because(tx, &row)? != Some(why) {
                return Ok(false);
            }
            tx.end_handoff(row.id, HandoffEvent::Lapse, why, now)?;
            tx.entry(entry.clone())?;
            Ok(true)
        };
        Ok(self.store.write("lapse_handoff", write).await?)
    }
}
