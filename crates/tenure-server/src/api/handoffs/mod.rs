//! Handoffs: offered by whoever answers for an identity, and theirs until whom it was offered to accepts.

pub(crate) mod answer;
pub(super) mod list;
pub(super) mod many;
pub(crate) mod offer;
pub(super) mod show;
pub(super) mod withdraw;

use crate::api::prelude::*;
use crate::limits::{NAME_CHARS_MAX, SENTENCE_CHARS_MAX, at_most};
use tenure_engine::HandoffRow;
use tenure_judge::ApiResource;

/// A handoff. Of one that does not exist nothing is told to whoever may not see any.
pub(crate) async fn found(shared: &Shared, asked: &Asked, given: &str) -> Result<HandoffRow, Problem> {
    match shared.engine.handoff_row(given).await {
        Ok(row) => Ok(row),
        Err(failure) => {
            asked.authorise(Whose::Nobodys)?;
            Err(failure.into())
        }
    }
}

/// What the access policies are asked about a handoff: whether it is this person's, as giver, owner or receiver.
pub(crate) async fn party(
    shared: &Shared,
    asked: &Asked,
    row: &HandoffRow,
) -> Result<Whose<'static>, Problem> {
    let is_theirs = shared.engine.handoff_is_theirs(asked.person.id, row).await?;
    Ok(Whose::Claimed(ApiResource::new(ApiResourceKind::Handoff, is_theirs)))
}

/// Refuses what is longer than anybody reads.
pub(crate) fn limited(to: &str, runbook: &str, reason: &str) -> Result<(), Problem> {
    at_most("to", to, NAME_CHARS_MAX)?;
    at_most("runbook", runbook, SENTENCE_CHARS_MAX)?;
    at_most("reason", reason, SENTENCE_CHARS_MAX)
}

/// Something of somebody's own that they hand on: whether they may at all.
pub(crate) const THEIRS: ApiResource = ApiResource {
    kind: ApiResourceKind::Identity,
    owned_by_actor: true,
    in_place_of_owner: false,
    claim: tenure_judge::Claim {
        owned: true,
        built_in: false,
        privileged: false,
        names_another: true,
        ends_anothers: false,
    },
};
