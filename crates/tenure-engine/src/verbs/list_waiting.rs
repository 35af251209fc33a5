//! What waits for people, and what Tenure does meanwhile: the first page of the console.

use super::{
    queue::{dated, items},
    soon::Soon,
};
use crate::{Engine, EngineFailure, QueueItem};
use std::{sync::Arc, time::Duration};
use tenure_model::{Instant, PlanState};
use tenure_store::{
    Tx,
    tables::{findings::FindingsMeant, plans::PlanRow, surveys::SurveyRow},
};

/// Things in the queue: what somebody does first, not a wall.
const QUEUE: i64 = 5;
/// Plans that are named, at most.
const PLANS: i64 = 20;

/// How long whoever looks waits for what is to be done first: where it is known to take longer, no longer than a page may;
/// else as long as one waits for a page that must not be of before; and for the first of all.
const WAIT: Duration = Duration::from_millis(150);
const WAIT_WHERE_QUICK: Duration = Duration::from_secs(10);
const WAIT_FOR_FIRST: Duration = Duration::from_secs(2);

/// What to do first, as it was at an instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirstThings {
    /// When it was counted.
    pub at: Instant,
    /// How long that took.
    pub took: Duration,
    /// At most five things: findings that are mended in one place are one of them.
    pub items: Vec<QueueItem>,
}

/// What waits, each kind in its order.
#[derive(Debug)]
pub struct Waits {
    /// What to do first; of a million findings, that takes longer than somebody waits.
    pub queue: Soon<FirstThings>,
    /// Plans without a decision, newest first, at most twenty.
    pub undecided: Vec<PlanRow>,
    /// Surveys that are held, each with the name of its source.
    pub held: Vec<(String, SurveyRow)>,
    /// Plans that Tenure carries out now, and those that ended last, newest first.
    pub plans: Vec<PlanRow>,
    /// How many sources there are.
    pub sources: usize,
}

impl Engine {
    /// What waits for people now.
    pub async fn waiting(&self) -> Result<Waits, EngineFailure> {
        let wait = match self.first_things.last(()) {
            Some(last) if last.took > WAIT => WAIT,
            Some(_) => WAIT_WHERE_QUICK,
            None => WAIT_FOR_FIRST,
        };
        let queue = self.first_things(wait).await?;
        let read = move |tx: &mut Tx<'_>| {
            let decided = tx.plans(None, PLANS)?.into_iter().filter(|plan| plan.state != PlanState::Proposed);
            let decided: Vec<PlanRow> = decided.collect();
            Ok((tx.plans_undecided(PLANS)?, tx.surveys_held()?, decided, tx.sources()?.len()))
        };
        let (undecided, held, plans, sources) = self.store.read("waiting", read).await?;
        Ok(Waits { queue, undecided, held, plans, sources })
    }

    /// What to do first, if it is counted within `wait`. Counting goes on afterwards, once however many ask.
    pub async fn first_things(&self, wait: Duration) -> Result<Soon<FirstThings>, EngineFailure> {
        let make = || {
            let (store, kept) = (self.store.clone(), Arc::clone(&self.first_things));
            let (clock, in_force) = (Arc::clone(&self.clock), self.in_force());
            async move {
                let turn = kept.turn().await;
                let read = move |tx: &mut Tx<'_>| {
                    let _turn = &turn;
                    items(tx, FindingsMeant::Counted, QUEUE)
                };
                let at = clock.now();
                let items = store.read("first_things", read).await?;
                Ok(FirstThings { at, took: clock.now().since(at), items: dated(items, &in_force) })
            }
        };
        self.first_things.within((), wait, make).await
    }
}
