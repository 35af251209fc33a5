//! Reviews: people look at identities one by one and say what is to become of each.
//!
//! What is decided is not done: an item is done once that is seen, and a review closes only when every item of it is. It
//! must never end by somebody's word alone, except that it is cancelled, and says so. Next: `tenure-judge/src/review.rs`.

use crate::{lifecycle::Lifecycle, noun};

noun! {
    /// How far a review is.
    pub enum ReviewState as "review state" {
        /// Something of it waits: for a decision, or for what was decided to be seen.
        Open = "open",
        /// Every item came to its end.
        Closed = "closed",
        /// Somebody gave it up, with a reason.
        Cancelled = "cancelled",
    }
}

noun! {
    /// What can happen to a review.
    pub enum ReviewEvent as "review event" {
        /// Its last item came to its end.
        Close = "close",
        /// It is given up.
        Cancel = "cancel",
    }
}

noun! {
    /// What a reviewer says, and what Tenure recommends.
    pub enum ReviewAnswer as "review answer" {
        /// It is needed, as it is and by whom it is.
        Keep = "keep",
        /// It is needed, with less.
        Narrow = "narrow",
        /// It is needed, with new credentials.
        Rotate = "rotate",
        /// It is needed, and somebody else answers for it.
        Reassign = "reassign",
        /// It is not needed.
        Retire = "retire",
    }
}

noun! {
    /// How far one item of a review is.
    pub enum ReviewItemState as "state of a review item" {
        /// It waits for its reviewer.
        Open = "open",
        /// What was decided waits to be seen.
        Decided = "decided",
        /// What was decided was seen.
        Done = "done",
        /// Nobody decided, and nobody is left to be asked in time.
        Missed = "missed",
        /// Nothing is left to decide: it ended otherwise, or the review was given up.
        Over = "over",
    }
}

noun! {
    /// What can happen to an item of a review.
    pub enum ReviewItemEvent as "event of a review item" {
        /// A reviewer says what is to become of it; once more while that is not seen.
        Decide = "decide",
        /// What was decided is seen.
        Execute = "execute",
        /// Its last end came without a decision.
        Miss = "miss",
        /// It ended otherwise.
        End = "end",
    }
}

impl Lifecycle for ReviewState {
    type Event = ReviewEvent;
    const STATES: &'static [Self] = Self::ALL;
    const EVENTS: &'static [ReviewEvent] = ReviewEvent::ALL;

    fn on(self, event: ReviewEvent) -> Option<Self> {
        match (self, event) {
            (Self::Open, ReviewEvent::Close) => Some(Self::Closed),
            (Self::Open, ReviewEvent::Cancel) => Some(Self::Cancelled),
            (Self::Closed | Self::Cancelled, _) => None,
        }
    }
}

impl ReviewItemState {
    /// Whether a review cannot close because of it.
    pub const fn waits(self) -> bool {
        match self {
            Self::Open | Self::Decided => true,
            Self::Done | Self::Missed | Self::Over => false,
        }
    }
}

impl Lifecycle for ReviewItemState {
    type Event = ReviewItemEvent;
    const STATES: &'static [Self] = Self::ALL;
    const EVENTS: &'static [ReviewItemEvent] = ReviewItemEvent::ALL;

    fn on(self, event: ReviewItemEvent) -> Option<Self> {
        use ReviewItemEvent as E;
        match (self, event) {
            (Self::Open | Self::Decided, E::Decide) => Some(Self::Decided),
            (Self::Decided, E::Execute) => Some(Self::Done),
            (Self::Open, E::Miss) => Some(Self::Missed),
            (Self::Open | Self::Decided, E::End) => Some(Self::Over),
            (Self::Open, E::Execute)
            | (Self::Decided, E::Miss)
            | (Self::Done | Self::Missed | Self::Over, _) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ReviewItemState, ReviewState};

    #[test]
    fn the_life_of_a_review() {
        insta::assert_snapshot!(crate::lifecycle::grid::<ReviewState>());
    }

    #[test]
    fn the_life_of_an_item_of_a_review() {
        insta::assert_snapshot!(crate::lifecycle::grid::<ReviewItemState>());
    }

    #[test]
    fn an_item_that_waits_has_something_that_can_happen_to_it_and_others_have_not() {
        use crate::lifecycle::Lifecycle as _;
        for state in ReviewItemState::ALL {
            let goes_on = ReviewItemState::EVENTS.iter().any(|event| state.on(*event).is_some());
            assert_eq!(goes_on, state.waits(), "{state}");
        }
    }
}
