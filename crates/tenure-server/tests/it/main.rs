//! The server from outside: through its router, its socket and its TCP address.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests stop at the first surprise"
)]

mod bad_input;
mod bench;
mod canary;
mod console;
mod console_acts;
mod console_astray;
mod console_delegations;
mod console_exceptions;
mod console_guard;
mod console_handoffs;
mod console_manners;
mod console_requests;
mod console_steps;
mod crowd;
mod documents;
mod find;
mod flow;
mod hooks;
#[path = "../../../tenure-oidc/tests/it/hostile.rs"]
#[allow(dead_code, reason = "half of what it plays is for the tests of tenure-oidc")]
mod hostile;
mod ldap;
mod matrix;
mod ownership;
mod people;
mod people_import;
mod programme;
mod provider;
mod repeat;
mod report;
mod scim;
mod shape;
mod sign_in;
mod source_change;
mod step_up;
mod tiles;
mod transports;
mod unwritable;
