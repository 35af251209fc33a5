//! Reviews: a population is looked at one by one, people say what is to become of each, and that is seen to be done.

pub(super) mod alike;
pub(super) mod cancel;
pub(super) mod decide;
pub(super) mod item;
pub(super) mod items;
pub(super) mod list;
pub(super) mod mine;
pub(super) mod preview;
pub(super) mod show;
pub(super) mod start;

use crate::api::prelude::*;
use tenure_engine::{Actor, ReviewItemRow, ReviewShown};
use tenure_judge::{ApiResource, ApiResourceKind as Kind};

/// A review. Of one that does not exist nothing is told to whoever may not see any.
pub(crate) async fn found(shared: &Shared, asked: &Asked, given: &str) -> Result<ReviewShown, Problem> {
    match shared.engine.review(given).await {
        Ok(review) => Ok(review),
        Err(failure) => {
            asked.authorise(Whose::Nobodys)?;
            Err(failure.into())
        }
    }
}

/// An item of a review, told as [`found`] tells a review.
pub(crate) async fn found_item(
    shared: &Shared,
    asked: &Asked,
    given: &str,
) -> Result<ReviewItemRow, Problem> {
    match shared.engine.review_item_row(given).await {
        Ok(row) => Ok(row),
        Err(failure) => {
            asked.authorise(Whose::Nobodys)?;
            Err(failure.into())
        }
    }
}

/// Whether whoever asks may decide an item: it is their turn, or has been.
pub(crate) async fn deciding(shared: &Shared, asked: &Asked, row: &ReviewItemRow) -> Result<Actor, Problem> {
    let person = Actor { person: asked.person.id, role: asked.person.role, local: asked.local };
    let not_theirs = shared.engine.review_not_theirs(person, row).await?;
    let actor = asked.authorise(Whose::Claimed(ApiResource::new(Kind::Review, not_theirs.is_none())));
    // Whose turn it is says more than that it is not theirs.
    let actor = actor.map_err(|problem| not_theirs.clone().map_or(problem, Problem::denied))?;
    match not_theirs {
        None => Ok(actor),
        Some(why) => Err(Problem::denied(why)),
    }
}
