//! Exceptions and constraints: permissions to fail one condition, until an end.

use crate::{lifecycle::Lifecycle, noun};

noun! {
    /// Why a condition may fail for a while.
    pub enum ExceptionKind as "kind of exception" {
        /// It will be mended, and not yet.
        Exception = "exception",
        /// It cannot be mended here: what is there is replaced by a day.
        Constraint = "constraint",
    }
}

noun! {
    /// How far an exception is. No state is for ever but the last three: what waits lapses, what stands ends.
    pub enum ExceptionState as "exception state" {
        /// Somebody asks, and somebody else decides.
        Requested = "requested",
        /// The condition may fail until its end.
        Granted = "granted",
        /// Whoever decides said no.
        Refused = "refused",
        /// Whoever asked took it back, or nobody decided in time.
        Withdrawn = "withdrawn",
        /// It stood, and does not any more.
        Ended = "ended",
    }
}

noun! {
    /// What can happen to an exception.
    pub enum ExceptionEvent as "exception event" {
        /// Whoever holds the right agrees.
        Grant = "grant",
        /// Whoever holds the right does not.
        Refuse = "refuse",
        /// A person takes it back.
        Withdraw = "withdraw",
        /// Its end came, or it ended before it.
        End = "end",
    }
}

impl Lifecycle for ExceptionState {
    type Event = ExceptionEvent;
    const STATES: &'static [Self] = Self::ALL;
    const EVENTS: &'static [ExceptionEvent] = ExceptionEvent::ALL;

    fn on(self, event: ExceptionEvent) -> Option<Self> {
        use ExceptionEvent as E;
        match (self, event) {
            (Self::Requested, E::Grant) => Some(Self::Granted),
            (Self::Requested, E::Refuse) => Some(Self::Refused),
            (Self::Requested, E::Withdraw | E::End) => Some(Self::Withdrawn),
            (Self::Granted, E::Withdraw | E::End) => Some(Self::Ended),
            (Self::Granted, E::Grant | E::Refuse) | (Self::Refused | Self::Withdrawn | Self::Ended, _) => {
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ExceptionState;

    #[test]
    fn the_life_of_an_exception() {
        insta::assert_snapshot!(crate::lifecycle::grid::<ExceptionState>());
    }
}
