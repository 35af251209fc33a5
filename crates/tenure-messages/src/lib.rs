//! Messages to people: what one says, and how it gets to a mail server or into a chat.
//!
//! This room must never decide who is told or what waits, keep anything, put a secret or somebody else's address into a
//! message, send anything in clear off this machine, or repeat what the other side answered: that may hold what we sent. It is
//! the only one that names the SMTP library. Start at [`MailChannel::send`] and [`ChatChannel::send`]; `letter.rs` and `notice.rs`
//! say what is written.

mod address;
mod chat;
mod letter;
mod mail;
mod notice;
mod slack;
mod teams;

pub use address::{MailAddress, MailAddressRefused};
pub use chat::{ChatChannel, ChatKind, NotPosted};
pub use letter::{Letter, LetterLine, digest_letter};
pub use mail::{MailChannel, MailSecurity, NotSent};
pub use notice::{Notice, NoticeDetails, NoticeLine, Noticed};
pub use tenure_call::{CallLimits, Caller, NotReachable, PrivateAddresses};
