//! How long a reading has been running, or that nobody waits for it any more.
//!
//! A thread that blocks cannot be stopped from outside. It asks its budget, and the budget asks here; whoever waits holds
//! the other end, and lets go of it when the survey is dropped. Next: `limits.rs`, which asks.

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant as Clock};

/// Held by whoever waits for a reading.
#[derive(Debug)]
pub(crate) struct Awaited(Arc<()>);

/// Held by the reading.
#[derive(Debug, Clone)]
pub(crate) struct Running {
    began: Clock,
    awaited: Weak<()>,
}

impl Awaited {
    /// A reading that begins now, and that somebody waits for.
    pub(crate) fn begin() -> (Self, Running) {
        let awaited = Arc::new(());
        let running = Running { began: Clock::now(), awaited: Arc::downgrade(&awaited) };
        (Self(awaited), running)
    }

    /// To be called when the reading has ended, so that it is awaited until then.
    pub(crate) fn until_here(self) {
        drop(self.0);
    }
}

impl Running {
    /// How long it has been running; longer than any limit when nobody waits for it.
    pub(crate) fn elapsed(&self) -> Duration {
        if self.awaited.strong_count() == 0 { Duration::MAX } else { self.began.elapsed() }
    }
}

#[cfg(test)]
mod tests {
    use super::Awaited;
    use crate::{Budget, Limits, Spent};
    use std::time::Duration;

    #[test]
    fn a_reading_that_nobody_waits_for_has_no_time_left() {
        let (awaited, running) = Awaited::begin();
        let elapsed = || running.elapsed();
        let limits = Limits { time_max: Duration::from_hours(1), ..Limits::default() };
        let budget = Budget::new(limits, &elapsed);
        assert_eq!((budget.time(), budget.time_to_tell()), (Ok(()), Ok(())));
        awaited.until_here();
        assert_eq!((budget.time(), budget.time_to_tell()), (Err(Spent::Time), Err(Spent::Time)));
    }
}
