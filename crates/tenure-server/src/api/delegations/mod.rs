//! Delegations: somebody lets another decide in their place, for a time that ends.

pub(crate) mod answer;
pub(super) mod list;
pub(crate) mod offer;
pub(super) mod show;
pub(crate) mod withdraw;

use crate::api::prelude::*;
use tenure_engine::{DelegationRow, Engine};
use tenure_judge::ApiResource;

/// A delegation. Of one that does not exist nothing is told to whoever may not see any.
pub(crate) async fn found(shared: &Shared, asked: &Asked, given: &str) -> Result<DelegationRow, Problem> {
    match shared.engine.delegation_row(given).await {
        Ok(row) => Ok(row),
        Err(failure) => {
            asked.authorise(Whose::Nobodys)?;
            Err(failure.into())
        }
    }
}

/// What the access policies are asked about a delegation: whether it is this person's, as giver or receiver.
pub(crate) fn party(asked: &Asked, row: &DelegationRow) -> Whose<'static> {
    let is_theirs = Engine::delegation_is_theirs(asked.person.id, row);
    Whose::Claimed(ApiResource::new(ApiResourceKind::Delegation, is_theirs))
}
