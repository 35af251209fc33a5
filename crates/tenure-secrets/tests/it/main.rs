//! Every rule against its labelled examples, and a scan against hostile bytes. No value in these tests is a
//! real credential: each is drawn from a seed when the test runs.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed"
)]

mod draw;
mod examples;
mod hostile;
