//! Plans: drafted, looked at, applied, taken back, watched, exported.

pub(super) mod apply;
pub(super) mod draft;
pub(super) mod events;
pub(super) mod evidence;
pub(super) mod list;
pub(super) mod show;
pub(super) mod undo;
pub(super) mod withdraw;

use crate::{problem::Problem, shared::Shared};
use tenure_engine::PlanShown;
use tenure_model::Charter;

/// The one plan that is meant, by handle or id, and the charter of the identity it is about.
pub(crate) async fn find(shared: &Shared, given: &str) -> Result<(PlanShown, Charter), Problem> {
    let shown = shared.engine.show_plan(given).await?;
    let identity = shown.plan.identity;
    let charter = shared.engine.store().read("charter", move |tx| tx.identity(identity)).await?.charter;
    Ok((shown, charter))
}
