//! Virtual time, shared by a world, its connector and whoever tests with them.
//!
//! It moves only when a test advances it and never backwards. It must never read the
//! machine's clock.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};
use tenure_model::Instant;

/// Virtual time in microseconds since the Unix epoch. Clones share it.
#[derive(Debug, Clone)]
pub struct ChaosClock(Arc<AtomicI64>);

impl ChaosClock {
    /// A clock that stands at `at`.
    pub fn starting_at(at: Instant) -> Self {
        Self(Arc::new(AtomicI64::new(at.as_micros())))
    }

    /// A clock over microseconds that somebody else already shares.
    pub const fn over(micros: Arc<AtomicI64>) -> Self {
        Self(micros)
    }

    /// The shared microseconds, for another clock to read.
    pub fn micros(&self) -> Arc<AtomicI64> {
        Arc::clone(&self.0)
    }

    /// What time it is in this world.
    pub fn now(&self) -> Instant {
        Instant::from_micros(self.0.load(Ordering::SeqCst))
    }

    /// Moves time forward and says what time it is then.
    pub fn advance(&self, by: Duration) -> Instant {
        let micros = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
        Instant::from_micros(self.0.fetch_add(micros, Ordering::SeqCst).saturating_add(micros))
    }
}

impl Default for ChaosClock {
    /// Midday on 21 November 2026, UTC; any fixed instant would do.
    fn default() -> Self {
        Self::starting_at(Instant::from_micros(1_795_262_400_000_000))
    }
}
