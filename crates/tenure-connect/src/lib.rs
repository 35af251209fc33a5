//! The connector port: what Tenure asks of every system, and what a system may answer.
//!
//! A connector observes, acts on a recorded intent, and probes; it never judges, never
//! stores, never retries (the engine does), and never logs a value. Begin with `source.rs`
//! (the trait), `manifest.rs` (what a connector says about itself) and `failure.rs` (what
//! can go wrong outside); `survey_sink.rs` is the receiving end of a survey. `conformance/` is the suite every connector must pass and
//! `chaos/` a deterministic adversary; both are behind the feature `conformance`.

#[cfg(feature = "conformance")]
pub mod chaos;
#[cfg(feature = "conformance")]
pub mod conformance;
mod content_digest;
mod failure;
mod manifest;
mod marks;
mod source;
mod survey_sink;

pub use content_digest::{ContentDigest, Recognition};
pub use failure::{FailureClass, OutsideFailure};
pub use manifest::{LockOut, Manifest, Permission, SettingKnown};
pub use marks::{Marks, PublicMark};
pub use source::{
    Ability, Act, AtMost, BlastRadius, CheckReport, ConfigRefused, Connector, DerivedReading, Done, Effect,
    FileChange, Fingerprint, Introduction, Owned, Source, SourceConfig, Target,
};
pub use survey_sink::{NotObservable, PAGE_MAX, SinkClosed, SurveySink};
