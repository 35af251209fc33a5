//! Time, as the engine sees it: never backwards within a deployment (law 10).

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tenure_model::Instant;

/// Tells the time.
pub trait Clock: Send + Sync {
    /// The present: later than every instant it told before, so that what was written after
    /// something else also reads as later.
    fn now(&self) -> Instant;
    /// Never again tells an instant before `floor`: the last one this deployment recorded.
    fn not_before(&self, floor: Instant);
    /// How far the machine's clock is behind what was told or recorded already. Until it has caught up, time
    /// stands nearly still and what waits for a time waits longer.
    fn behind(&self) -> Duration {
        Duration::ZERO
    }
}

/// The machine's clock, held still while it runs backwards.
#[derive(Debug, Default)]
pub struct SystemClock {
    latest: AtomicI64,
}

/// Microseconds since 1970 by the machine's clock.
fn wall_micros() -> i64 {
    let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(wall.as_micros()).unwrap_or(i64::MAX)
}

impl Clock for SystemClock {
    fn now(&self) -> Instant {
        let wall = wall_micros();
        let next = |before: i64| Some(wall.max(before.saturating_add(1)));
        let before = self.latest.fetch_update(Ordering::AcqRel, Ordering::Acquire, next).unwrap_or(wall);
        Instant::from_micros(wall.max(before.saturating_add(1)))
    }

    fn not_before(&self, floor: Instant) {
        self.latest.fetch_max(floor.as_micros(), Ordering::AcqRel);
    }

    fn behind(&self) -> Duration {
        let ahead = self.latest.load(Ordering::Acquire).saturating_sub(wall_micros());
        Duration::from_micros(u64::try_from(ahead).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::{Clock as _, SystemClock};
    use std::time::Duration;
    use tenure_model::Instant;

    #[test]
    fn time_does_not_run_backwards() {
        let clock = SystemClock::default();
        let first = clock.now();
        assert!(clock.now() > first);
        let future = Instant::from_micros(i64::MAX / 2);
        assert!(clock.behind() < Duration::from_secs(1));
        clock.not_before(future);
        assert!(clock.now() > future);
        assert!(clock.behind() > Duration::from_secs(1_000_000), "it says how far it was set back");
    }
}
