//! What waits for people, and what Tenure does meanwhile: the first page of the console.

use crate::{Engine, EngineFailure};
use tenure_model::PlanState;
use tenure_store::tables::{list_waiting::Waiting, plans::PlanRow, surveys::SurveyRow};

/// Findings in the queue: what somebody does first, not a wall.
const QUEUE: i64 = 5;
/// Plans that are named, at most.
const PLANS: i64 = 20;

/// What waits, each kind in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waits {
    /// The most important open findings, at most five.
    pub findings: Vec<Waiting>,
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
        let read = |tx: &mut tenure_store::Tx<'_>| {
            let decided = tx.plans(None, PLANS)?.into_iter().filter(|plan| plan.state != PlanState::Proposed);
            Ok(Waits {
                findings: tx.findings_first(QUEUE)?,
                undecided: tx.plans_undecided(PLANS)?,
                held: tx.surveys_held()?,
                plans: decided.collect(),
                sources: tx.sources()?.len(),
            })
        };
        Ok(self.store.read("waiting", read).await?)
    }
}
