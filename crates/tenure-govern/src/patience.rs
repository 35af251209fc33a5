//! How long to wait, and what a failed call means for its step.
//!
//! Nothing is given up: a step is tried again for ever, at growing distances, and a person is
//! asked to look once. A lost answer is never counted as done or as not done.

use std::time::Duration;
use tenure_model::{Instant, StepEvent};

/// After this many attempts a person is asked to look at a step.
pub const ESCALATE_AFTER: u32 = 5;
/// How long past the propagation lag we wait for the control value to be accepted at a point.
pub const CONTROL_PATIENCE: Duration = Duration::from_secs(5);
/// The first and the longest distance between attempts.
const BACKOFF_FIRST: Duration = Duration::from_secs(1);
const BACKOFF_LONGEST: Duration = Duration::from_mins(5);

/// How long to wait after the `attempt`th failure, counted from 1: 1 s, doubling, at most 5 min.
pub fn backoff(attempt: u32) -> Duration {
    let doublings = attempt.saturating_sub(1).min(20);
    BACKOFF_FIRST.saturating_mul(1 << doublings).min(BACKOFF_LONGEST)
}

/// What a failure means for its step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settled {
    /// What happened to the step.
    pub event: StepEvent,
    /// When it may be tried again.
    pub not_before: Instant,
    /// True when a person should look at it.
    pub escalate: bool,
}

/// Sorts a failed call. `lost` means the answer is unknown; `needs_person` that waiting alone
/// will not mend it; `retry_after` is what the system asked for.
pub fn settle_failure(
    now: Instant,
    attempt: u32,
    lost: Lost,
    needs_person: NeedsPerson,
    retry_after: Option<Duration>,
) -> Settled {
    let wait = retry_after.unwrap_or(Duration::ZERO).max(backoff(attempt));
    let needs_person = needs_person == NeedsPerson::Yes;
    match lost {
        // Observing is cheap and safe, so it happens at once.
        Lost::Yes => Settled { event: StepEvent::Lose, not_before: now, escalate: attempt >= ESCALATE_AFTER },
        Lost::No => Settled {
            event: StepEvent::Fail,
            not_before: now.plus(wait),
            escalate: needs_person || attempt >= ESCALATE_AFTER,
        },
    }
}

/// Whether the answer to a call was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lost {
    /// It may have happened.
    Yes,
    /// It did not happen.
    No,
}

/// Whether somebody must change something outside first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NeedsPerson {
    /// Yes.
    Yes,
    /// No, time may mend it.
    No,
}

#[cfg(test)]
mod tests {
    use super::{Lost, NeedsPerson, backoff, settle_failure};
    use std::time::Duration;
    use tenure_model::{Instant, StepEvent};

    #[test]
    fn distances_double_and_stop_growing() {
        let shown: Vec<u64> = [1, 2, 3, 9, 10, 4_000_000_000].map(|n| backoff(n).as_secs()).to_vec();
        assert_eq!(shown, [1, 2, 4, 256, 300, 300]);
    }

    #[test]
    fn a_lost_answer_is_observed_at_once_and_never_called_a_failure() {
        let now = Instant::from_micros(7);
        let settled = settle_failure(now, 1, Lost::Yes, NeedsPerson::No, None);
        assert_eq!((settled.event, settled.not_before, settled.escalate), (StepEvent::Lose, now, false));
    }

    #[test]
    fn a_system_that_asks_for_time_gets_it() {
        let now = Instant::from_micros(0);
        let settled = settle_failure(now, 1, Lost::No, NeedsPerson::No, Some(Duration::from_secs(90)));
        assert_eq!(settled.not_before.since(now), Duration::from_secs(90));
        assert!(settle_failure(now, 1, Lost::No, NeedsPerson::Yes, None).escalate);
    }
}
