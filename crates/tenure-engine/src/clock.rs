//! Time, as the engine sees it: never backwards within a deployment (law 10).

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};
use tenure_model::Instant;

/// Tells the time.
pub trait Clock: Send + Sync {
    /// The present. Never earlier than an instant it told before.
    fn now(&self) -> Instant;
}

/// The machine's clock, held still while it runs backwards.
#[derive(Debug, Default)]
pub struct SystemClock {
    latest: AtomicI64,
}

impl SystemClock {
    /// A clock that never goes below `floor`, the last instant this deployment recorded.
    pub const fn not_before(floor: Instant) -> Self {
        Self { latest: AtomicI64::new(floor.as_micros()) }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Instant {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let wall = i64::try_from(wall.as_micros()).unwrap_or(i64::MAX);
        let before = self.latest.fetch_max(wall, Ordering::AcqRel);
        Instant::from_micros(before.max(wall))
    }
}

#[cfg(test)]
mod tests {
    use super::{Clock as _, SystemClock};
    use tenure_model::Instant;

    #[test]
    fn time_does_not_run_backwards() {
        let future = Instant::from_micros(i64::MAX / 2);
        assert_eq!(SystemClock::not_before(future).now(), future);
        let clock = SystemClock::default();
        let first = clock.now();
        assert!(clock.now() >= first);
    }
}
