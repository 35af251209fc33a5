//! Requests: asked for by one, decided by others, used once or over by themselves.

pub(crate) mod create;
pub(super) mod decide;
pub(super) mod list;
pub(super) mod show;
pub(super) mod withdraw;

use crate::api::prelude::*;
use tenure_engine::RequestRow;
use tenure_model::Charter;

/// Whose a request is, for whoever decides it: theirs who are to own what it is about, and theirs who decide in their place.
pub(crate) async fn whose<'charter>(
    shared: &Shared,
    asked: &Asked,
    (row, charter): (&RequestRow, &'charter Charter),
) -> Result<Whose<'charter>, Problem> {
    let in_place = shared.engine.request_in_place_of_owner(asked.person.id, row).await?;
    Ok(Whose::Decided(charter, in_place))
}

/// A request. Of one that does not exist nothing is told to whoever may not see any.
pub(crate) async fn found(shared: &Shared, asked: &Asked, given: &str) -> Result<RequestRow, Problem> {
    match shared.engine.request_row(given).await {
        Ok(row) => Ok(row),
        Err(failure) => {
            asked.authorise(Whose::Nobodys)?;
            Err(failure.into())
        }
    }
}
