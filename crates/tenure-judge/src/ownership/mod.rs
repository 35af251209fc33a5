//! Whose might it be? Suggestions from what was seen, and rules by which a person claims many at once.
//!
//! Nothing here claims anything: an owner is who a person confirmed. Nothing is guessed from numbers nobody
//! measured: how sure a suggestion is says a word, with its reason. Next: `suggest.rs`, then `rule.rs`.

mod glob;
mod rule;
mod suggest;
mod tag;

pub use rule::{COMMENTS, OWNER_TAGS, PrincipalTraits, Rule, RuleRefused, Traits};
pub use suggest::{Clue, ClueKind, Confidence, Evidence, PointsTo, Suggestion, suggest};
pub use tag::{Tag, tags_of};
