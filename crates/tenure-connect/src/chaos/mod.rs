//! A system in memory that misbehaves on purpose, and the connector that reaches it.
//!
//! `ChaosWorld` is the outside: principals, enforcement points with lag and bad habits,
//! sessions, consumers that come back. It outlives crashes of whoever uses it, because the
//! test holds it. Everything is deterministic: time is a `ChaosClock`, faults are scripted
//! or drawn from a seed. It must never be reachable from a release build's list of
//! connectors, never print, and never tell a connector's caller what only `truth` knows.
//! Begin with `world.rs`; `fault.rs` lists what can go wrong, `point.rs` the bad habits.

mod acts;
mod ask;
mod clock;
mod connector;
mod dice;
mod fault;
mod file;
mod journal;
mod point;
mod principal;
mod reads;
mod source;
mod state;
mod survey;
#[cfg(test)]
mod tests;
mod truth;
mod world;

pub use clock::ChaosClock;
pub use connector::{CHAOS_MANIFEST, ChaosConnector, ChaosFingerprint};
pub use dice::Dice;
pub use fault::{Call, Fault, FaultKind, FaultRates, SurveyFault};
pub use file::ChaosFile;
pub use journal::{Breach, BreachKind, Ended, Journal};
pub use point::Behaviour;
pub use principal::ChaosPrincipal;
pub use source::ChaosSource;
pub use truth::{Accepting, Truth};
pub use world::{ChaosWorld, NoSuchPrincipal};
