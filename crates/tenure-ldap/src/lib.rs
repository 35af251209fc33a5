//! Reads who is there from a directory that speaks LDAP (RFC 4511), and nothing else.
//!
//! It binds, searches and goes. This room must never write to a directory, follow a referral, send a password in clear beyond this
//! machine, put into a filter what a directory said, decide who leaves, keep anything, or believe a length before it is checked.
//! Begin with [`Directory::read`]; what is said on the line is in `ber.rs`, what is made of it in `reading.rs`.

mod ber;
mod dn;
mod filter;
mod line;
mod reading;
mod settings;

pub use reading::{GroupRead, PersonRead, Reading};
pub use settings::{Attributes, Directory, Membership, Part, Security, SettingsRefused, place};
pub use tenure_call::{Authority, PrivateAddresses};

/// Why a directory was not read. Nothing is known of it then, and nobody is taken for gone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotRead {
    /// The settings do not go together.
    #[error(transparent)]
    Settings(#[from] SettingsRefused),
    /// The line was not opened, or broke; or it was not encrypted as it must be.
    #[error("{why}")]
    Line {
        /// What happened, and what to do.
        why: String,
    },
    /// The directory refused what was asked, by a result code (RFC 4511, appendix A).
    #[error("the directory refused {what} with {code}: {hint}")]
    Refused {
        /// What was asked.
        what: &'static str,
        /// Its number.
        code: i64,
        /// What that mostly means, and what to do.
        hint: &'static str,
    },
    /// What it said is not LDAP as we read it.
    #[error("what the directory said is not LDAP: {why}")]
    Garbled {
        /// What is wrong.
        why: &'static str,
    },
    /// More than is read.
    #[error("{what}: {remedy}")]
    TooMuch {
        /// Of what.
        what: String,
        /// What to do.
        remedy: &'static str,
    },
}
