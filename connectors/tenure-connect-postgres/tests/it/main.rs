//! The connector against real servers: private PostgreSQL, a streaming replica, PgBouncer.
//!
//! Every test starts its own servers and says loudly when it cannot. Begin with `stage.rs`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod act;
mod blast;
mod check;
mod conformance;
mod encryption;
mod hostile;
mod least_privilege;
mod proof;
mod recognised;
mod stage;
mod survey;
mod trouble;
