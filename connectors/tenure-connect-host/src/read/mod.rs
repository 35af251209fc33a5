//! Readers: bytes in, typed facts out. Pure: no file, no clock, no randomness; whatever the bytes are, an
//! answer in time linear in their number. A reader says of each line it could not use why; it never quotes
//! the line.

pub mod authorized_keys;
pub mod certificate;
mod der;
pub mod group;
mod lines;
pub mod passwd;
mod pem;
pub mod private_key;
pub mod shadow;
mod ssh_wire;

pub use lines::{LineFault, Parsed, Skipped};
pub(crate) use lines::{lines, number, trimmed};
