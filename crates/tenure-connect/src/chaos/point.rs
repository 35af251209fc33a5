//! Enforcement points and their bad habits.
//!
//! A point accepts what was true of a principal during a window of time: the instant `now
//! - lag` for an honest one, a frozen instant for a copy, a stretch for a cache. What a
//! point *answers to a probe* may differ from what it accepts; only `truth` knows both.

use std::time::Duration;
use tenure_model::Instant;

/// How a point behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behaviour {
    /// Accepts what was true one lag ago and says so.
    Honest,
    /// A pooler with its own copy of everything, taken at an instant and never refreshed.
    StaticCopy {
        /// When the copy was taken.
        as_of: Instant,
    },
    /// A replica that stopped following, or was not restarted, at an instant.
    Stale {
        /// When it stopped.
        as_of: Instant,
    },
    /// A pooler that goes on accepting everything that was accepted within the last `window`.
    Caches {
        /// How long it remembers.
        window: Duration,
    },
    /// Refuses whoever probes, whatever the value; its consumers are served honestly.
    AlwaysRefuses,
    /// The address leads to some other system that knows nobody here: it refuses every
    /// probe and shows nothing alive. Consumers reach the right one and are served honestly.
    WrongHost,
    /// We cannot reach it; its consumers can.
    Unreachable {
        /// Until when; `None` until it is told otherwise.
        until: Option<Instant>,
    },
    /// Honest before `from`; after that it says refused although it accepts. A probe alone
    /// cannot see through it once the positive control has passed: use a `from` in the past
    /// to test the control, a later one to test that other readings are believed over it.
    Lies {
        /// Since when.
        from: Instant,
    },
}

/// The stretch of time whose truth a point accepts, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) from: Instant,
    pub(super) to: Instant,
}

/// What a point tells a probe, given what it really accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Candour {
    /// The truth.
    Open,
    /// Refused, whatever is true.
    Refuses,
    /// Nothing: it cannot be reached.
    Silent,
    /// Refused, from a system that knows nobody.
    Elsewhere,
}

/// One enforcement point of a world.
#[derive(Debug, Clone)]
pub(super) struct ChaosPoint {
    pub(super) name: String,
    pub(super) lag: Duration,
    pub(super) behaviour: Behaviour,
}

impl ChaosPoint {
    /// The stretch of time whose truth counts here.
    pub(super) fn window(&self, now: Instant) -> Window {
        let honest = now.minus(self.lag);
        match self.behaviour {
            Behaviour::StaticCopy { as_of } | Behaviour::Stale { as_of } => {
                let frozen = as_of.min(honest);
                Window { from: frozen, to: frozen }
            }
            Behaviour::Caches { window } => Window { from: honest.minus(window), to: honest },
            Behaviour::Honest
            | Behaviour::AlwaysRefuses
            | Behaviour::WrongHost
            | Behaviour::Unreachable { .. }
            | Behaviour::Lies { .. } => Window { from: honest, to: honest },
        }
    }

    /// What it tells whoever probes.
    pub(super) fn candour(&self, now: Instant) -> Candour {
        match self.behaviour {
            Behaviour::Honest
            | Behaviour::StaticCopy { .. }
            | Behaviour::Stale { .. }
            | Behaviour::Caches { .. } => Candour::Open,
            Behaviour::AlwaysRefuses => Candour::Refuses,
            Behaviour::WrongHost => Candour::Elsewhere,
            Behaviour::Unreachable { until: Some(until) } if until <= now => Candour::Open,
            Behaviour::Unreachable { .. } => Candour::Silent,
            Behaviour::Lies { from } if now < from => Candour::Open,
            Behaviour::Lies { .. } => Candour::Refuses,
        }
    }
}
