//! What the organisation decided: the programme in force, those before it, and what another one would change.

pub(super) mod acknowledge;
pub(super) mod apply;
pub(super) mod check;
pub(super) mod consequences;
pub(super) mod foresee;
pub(super) mod list;
pub(super) mod playbooks;
pub(super) mod ready;
pub(super) mod replay;
pub(super) mod show;
pub(super) mod version;
