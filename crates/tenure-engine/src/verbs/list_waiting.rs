//! What waits for people, and what Tenure does meanwhile: the first page of the console.

use crate::{Engine, EngineFailure, QueueItem};
use tenure_model::PlanState;
use tenure_store::tables::{findings::FindingsMeant, plans::PlanRow, surveys::SurveyRow};

/// Things in the queue: what somebody does first, not a wall.
const QUEUE: u32 = 5;
/// Plans that are named, at most.
const PLANS: i64 = 20;

/// What waits, each kind in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waits {
    /// What to do first, at most five things: findings that are mended in one place are one of them.
    pub queue: Vec<QueueItem>,
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
        let queue = self.queue(FindingsMeant::Counted, QUEUE).await?.items;
        let read = move |tx: &mut tenure_store::Tx<'_>| {
            let decided = tx.plans(None, PLANS)?.into_iter().filter(|plan| plan.state != PlanState::Proposed);
            Ok(Waits {
                queue: queue.clone(),
                undecided: tx.plans_undecided(PLANS)?,
                held: tx.surveys_held()?,
                plans: decided.collect(),
                sources: tx.sources()?.len(),
            })
        };
        Ok(self.store.read("waiting", read).await?)
    }
}
