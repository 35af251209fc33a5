//! An independent witness: cosigns a checkpoint only when it extends all it cosigned before.
//!
//! C2SP tlog-witness over HTTP, with a data directory of its own that holds its key and the
//! latest head of each log it watches. A head is durable before its cosignature leaves: a crash
//! in between costs an answer, never a second history. This room must never need anything of a
//! deployment but what its log serves to everybody. `store.rs` is the disk, `serve.rs` the
//! protocol, `ask.rs` the client.

pub(crate) mod ask;
pub(crate) mod serve;
pub(crate) mod store;
