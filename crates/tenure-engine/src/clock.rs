//! Time, as the engine sees it: never backwards within a deployment (law 10).

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};
use tenure_model::Instant;

/// Tells the time.
pub trait Clock: Send + Sync {
    /// The present: later than every instant it told before, so that what was written after
    /// something else also reads as later.
    fn now(&self) -> Instant;
    /// Never again tells an instant before `floor`: the last one this deployment recorded.
    fn not_before(&self, floor: Instant);
}

/// The machine's clock, held still while it runs backwards.
#[derive(Debug, Default)]
pub struct SystemClock {
    latest: AtomicI64,
}

impl Clock for SystemClock {
    fn now(&self) -> Instant {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let wall = i64::try_from(wall.as_micros()).unwrap_or(i64::MAX);
        let next = |before: i64| Some(wall.max(before.saturating_add(1)));
        let before = self.latest.fetch_update(Ordering::AcqRel, Ordering::Acquire, next).unwrap_or(wall);
        Instant::from_micros(wall.max(before.saturating_add(1)))
    }

    fn not_before(&self, floor: Instant) {
        self.latest.fetch_max(floor.as_micros(), Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::{Clock as _, SystemClock};
    use tenure_model::Instant;

    #[test]
    fn time_does_not_run_backwards() {
        let clock = SystemClock::default();
        let first = clock.now();
        assert!(clock.now() > first);
        let future = Instant::from_micros(i64::MAX / 2);
        clock.not_before(future);
        assert!(clock.now() > future);
    }
}
