//! The only SQL to our own database, on SQLite or PostgreSQL, and the evidence log in it.
//!
//! Every governance write commits together with its evidence entry, or not at all (law 1).
//! This room must never judge, call an outside system, read a clock or draw randomness:
//! instants and ids come in as arguments. A transaction body is a plain function that can
//! await nothing, so nothing slow can happen inside one. Begin with `store.rs` (open,
//! read, write), `log.rs` (how entries become leaves) and `tables/` (one noun per file).

mod anchor;
mod copy;
mod database;
mod failure;
mod log;
mod migrate;
mod reserve;
mod schema;
mod store;
pub mod tables;
mod transfer;
mod unwritable;
mod value;

pub use anchor::{Anchor, AnchorRefused};
pub use copy::{begin_new_log, move_to_postgres, read_closed};
pub use database::{DatabaseLocation, PostgresLocation, Tx};
pub use failure::StoreFailure;
pub use log::{Head, LogReader, NewEntry, NonceAndBody, TILE_WIDTH};
pub use migrate::SCHEMA_VERSION;
pub use store::{CommitFault, LogSigner, Opened, Store, StoreOptions};
pub use unwritable::read_unwritable;
pub use value::{Row, Value};
