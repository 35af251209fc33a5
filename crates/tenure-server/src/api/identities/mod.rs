//! Identities: listed, shown, explained, owned; and the way that is left when nothing can be written.

pub(super) mod by_hand;
pub(crate) mod confirm;
pub(super) mod explain;
pub(super) mod list;
pub(crate) mod listing;
pub(super) mod own;
pub(super) mod show;
pub(super) mod who;

use crate::{problem::Problem, shared::Shared};
use tenure_engine::IdentityRow;

/// The one identity that is meant: by handle, name, bare principal name or id.
pub(crate) async fn find(shared: &Shared, given: &str) -> Result<IdentityRow, Problem> {
    let wanted = given.to_owned();
    Ok(shared.engine.store().read("find_identity", move |tx| tx.find_identity(&wanted)).await?)
}
