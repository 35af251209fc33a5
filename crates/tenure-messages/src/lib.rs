//! Messages to people: what a mail says, and how it gets to a mail server.
//!
//! This room must never decide who is told or what waits, keep anything, put a secret or somebody else's address into a
//! message, send anything in clear off this machine, or repeat a server's own words: those may hold what we sent. It is
//! the only one that names the SMTP library. Start at [`MailChannel::send`]; `letter.rs` says what is written.

mod address;
mod letter;
mod mail;

pub use address::{MailAddress, MailAddressRefused};
pub use letter::{Letter, LetterLine, digest_letter};
pub use mail::{MailChannel, MailSecurity, NotSent};
pub use tenure_call::{NotReachable, PrivateAddresses};
