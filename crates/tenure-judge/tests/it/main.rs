//! The judge from outside: labelled examples, an executable model, properties and goldens.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in a test a surprise is a failure, and these end it with the place"
)]

mod approvals;
mod business_time;
mod controls;
mod decisions;
mod delegations;
mod dossiers;
mod examples;
mod exceptions;
mod matrix;
mod messages;
mod model;
mod own_policies;
mod playbooks;
mod programmes;
mod properties;
mod reviews;
mod risk;
mod service_levels;
mod silence;
mod standings;
mod unanswered;
