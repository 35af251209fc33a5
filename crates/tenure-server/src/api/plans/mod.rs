//! Plans: drafted, looked at, applied, taken back, watched, exported.

pub(super) mod apply;
pub(super) mod csv;
pub(super) mod draft;
pub(super) mod events;
pub(super) mod evidence;
pub(super) mod list;
pub(super) mod show;
pub(super) mod undo;
pub(super) mod withdraw;

use crate::{
    enter::{Asked, Whose},
    problem::Problem,
    shared::Shared,
};
use tenure_engine::{EngineFailure, PlanShown, StoreFailure};
use tenure_model::{Charter, IdentityId};

/// The one plan that is meant, by handle or id, and the charter of the identity it is about.
pub(crate) async fn find(shared: &Shared, given: &str) -> Result<(PlanShown, Charter), Problem> {
    let shown = shared.engine.show_plan(given).await?;
    let identity = shown.plan.identity;
    let charter = shared.engine.store().read("charter", move |tx| tx.identity(identity)).await?.charter;
    Ok((shown, charter))
}

/// Whose a plan is, for whoever looks at it or decides it: its owners', and theirs who decide in an owner's place.
pub(crate) async fn whose<'charter>(
    shared: &Shared,
    asked: &Asked,
    (shown, charter): (&PlanShown, &'charter Charter),
) -> Result<Whose<'charter>, Problem> {
    let in_place = shared.engine.is_in_place_of_owner(asked.person.id, &shown.plan).await?;
    Ok(Whose::Decided(charter, in_place))
}

/// When nothing can be written down, the way that is left is named with the refusal (law 1).
pub(super) fn or_by_hand(failure: EngineFailure, identity: IdentityId) -> Problem {
    let nothing_can_be_written = matches!(
        failure,
        EngineFailure::Store(
            StoreFailure::DiskFull | StoreFailure::ReadOnly | StoreFailure::DiskUnsure { .. }
        )
    );
    let problem = Problem::from(failure);
    if !nothing_can_be_written {
        return problem;
    }
    problem.with_remedy(format!(
        "if it cannot wait until that is mended: `tenure revoke {} --by-hand` prints the system's own commands",
        identity.handle()
    ))
}
