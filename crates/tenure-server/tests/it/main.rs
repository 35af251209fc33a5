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
mod console_guard;
mod console_manners;
mod crowd;
mod documents;
mod find;
mod flow;
mod matrix;
mod ownership;
mod people;
mod programme;
mod repeat;
mod report;
mod shape;
mod sign_in;
mod source_change;
mod tiles;
mod transports;
mod unwritable;
