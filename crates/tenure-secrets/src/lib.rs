//! Secrets: found in bytes, named, checked, and handed over without being shown.
//!
//! Bytes in, hits out. This room must never read a file, a clock or the network, keep what it was given,
//! print a value, or try one out. What a hit holds is a `Secret`; what may be shown of it is what the
//! vendor's own pages show. Begin with `scan.rs`, then `rule.rs` (what a rule is), `rules/` (the rules
//! themselves, as data), `check.rs` (checksums and structures) and `placeholder.rs` (what only looks
//! like a value). Walking a machine is the host connector's work.

mod check;
mod encoding;
mod placeholder;
mod rule;
mod rules;
mod scan;

pub use check::aws_account_of;
pub use placeholder::{is_example, is_placeholder};
pub use rule::{Check, Confidence, Rule};
pub use rules::all as all_rules;
pub use scan::{CutShort, Hit, Scan, ScanLimits, Scanner, ScannerRefused};
