//! Calls that go out: which addresses are called at all, and one request over one line.
//!
//! Nothing is followed, nothing is kept open, no cookie is held. Whatever a name leads to is looked at before a line is opened, and
//! what was looked at is what is called. This room must never decide what is said, try again, keep anything, or call the places
//! where clouds keep the keys of machines. Begin with [`Caller::call`]; `reach.rs` says which machines, `address.rs` which addresses.

mod address;
mod call;
mod reach;

pub use address::{Address, AddressRefused};
pub use call::{Answer, CallFailed, CallLimits, Caller, open};
pub use reach::{NotReachable, PrivateAddresses, allowed};

/// A certificate of an authority, in DER.
pub type Authority = rustls_pki_types::CertificateDer<'static>;
