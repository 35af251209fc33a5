//! A survey: one reading of a source, extent by extent.
//!
//! An extent is a part of a source whose reading is complete or says why not; only a
//! complete extent may make something disappear (law 2). Next: `principal.rs`.

use crate::{lifecycle::Lifecycle, noun};
use serde::{Deserialize, Serialize};

noun! {
    /// Where a survey stands.
    pub enum SurveyState as "survey state" {
        /// Reading.
        Running = "running",
        /// Every extent was read whole and ingested.
        Complete = "complete",
        /// Some extents were not read whole; the rest was ingested.
        Partial = "partial",
        /// It would make too much disappear; a person decides.
        Held = "held",
        /// Nothing could be read, or it was cut off.
        Failed = "failed",
        /// It was held and a person said the loss was real.
        Accepted = "accepted",
        /// It was held and a person said not to believe it.
        Discarded = "discarded",
    }
}

noun! {
    /// What can happen to a survey.
    pub enum SurveyEvent as "survey event" {
        /// All extents were read whole.
        FinishWhole = "finish_whole",
        /// At least one extent was not.
        FinishPart = "finish_part",
        /// Too much would disappear.
        Hold = "hold",
        /// Reading failed, or the process died.
        Fail = "fail",
        /// A person believes it.
        Accept = "accept",
        /// A person does not.
        Discard = "discard",
    }
}

impl Lifecycle for SurveyState {
    type Event = SurveyEvent;
    const STATES: &'static [Self] = Self::ALL;
    const EVENTS: &'static [SurveyEvent] = SurveyEvent::ALL;

    fn on(self, event: SurveyEvent) -> Option<Self> {
        use SurveyEvent as E;
        match (self, event) {
            (Self::Running, E::FinishWhole) => Some(Self::Complete),
            (Self::Running, E::FinishPart) => Some(Self::Partial),
            (Self::Running, E::Hold) => Some(Self::Held),
            (Self::Running, E::Fail) => Some(Self::Failed),
            (Self::Held, E::Accept) => Some(Self::Accepted),
            (Self::Held, E::Discard) => Some(Self::Discarded),
            (
                Self::Running
                | Self::Held
                | Self::Complete
                | Self::Partial
                | Self::Failed
                | Self::Accepted
                | Self::Discarded,
                _,
            ) => None,
        }
    }
}

/// Whether an extent was read whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Completeness {
    /// Everything in it was read in one consistent view.
    Whole,
    /// Something was skipped: what, why, and what would mend it.
    Part {
        /// What was not read and why.
        why: String,
        /// What an operator can do about it.
        remedy: String,
    },
}

/// The name of an extent, stable from survey to survey: `roles`, `grants/shop`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Extent(pub String);

#[cfg(test)]
mod tests {
    use super::SurveyState;

    #[test]
    fn the_life_of_a_survey() {
        insta::assert_snapshot!(crate::lifecycle::grid::<SurveyState>());
    }
}
