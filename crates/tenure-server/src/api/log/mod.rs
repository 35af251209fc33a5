//! The evidence log as static resources for other people's tools (C2SP tlog-tiles), under `/log/`.
//!
//! Open to everybody: entries hold ids and digests, never a name.

pub(super) mod checkpoint;
pub(super) mod tile;
