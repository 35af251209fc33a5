//! Events for other systems: what an entry of the log is called there, and how it gets there.
//!
//! CloudEvents 1.0 and OCSF 1.5 are the forms; a webhook signed as Standard Webhooks says, and syslog (RFC 5424) over TLS (RFC 5425),
//! the ways. This room must never decide what is told or when, keep anything, try again, put into an event what is not in the entry or
//! its body, or repeat what the other side answered. Begin with [`Event`]; `cloud_event.rs` and `ocsf.rs` say how it reads,
//! `webhook.rs` and `syslog.rs` how it leaves, `signing.rs` by what it is believed.

mod cloud_event;
mod event;
mod hub;
mod ocsf;
mod signing;
mod syslog;
mod webhook;

pub use event::{Event, EventFormat, NotTaken};
pub use hub::HubSecret;
pub use signing::{SIGNED_WITHIN, SignatureRefused, Signed, SigningSecret, SigningSecretRefused};
pub use syslog::SyslogChannel;
pub use tenure_call::{Address, Authority, CallLimits, Caller, PrivateAddresses};
pub use webhook::WebhookChannel;
