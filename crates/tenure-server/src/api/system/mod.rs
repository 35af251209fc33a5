//! The deployment itself: how it stands, backups, numbers, and its own description.

pub(super) mod backup;
pub(super) mod code;
pub(super) mod doctor;
pub(super) mod health;
pub(super) mod metrics;
pub(super) mod openapi;
pub(super) mod ready;
pub(super) mod status;
