//! Delegations: somebody lets another decide in their place, for a time that ends.
//!
//! A delegation passes on who somebody is (their name, what they own, whom they stand for), never what their role lets them
//! do. It counts only once whom it was offered to accepted it, and ends by itself. It must never be without an end.
//! Next: `tenure-judge/src/programme/delegations.rs`, how long one may be.

use crate::{Instant, PersonId, lifecycle::Lifecycle, noun};

noun! {
    /// What a delegate decides in somebody's place.
    pub enum DelegatedKind as "kind of decision" {
        /// Steps of plans.
        Plan = "plan",
        /// Steps of requests.
        Request = "request",
        /// Exceptions that are asked for.
        Exception = "exception",
        /// Items of reviews.
        Review = "review",
    }
}

noun! {
    /// How far a delegation is.
    pub enum DelegationState as "state of a delegation" {
        /// It waits for whom it was offered to; nothing is decided by it.
        Offered = "offered",
        /// It was accepted: between its two instants the delegate decides in the delegator's place.
        Accepted = "accepted",
        /// Whom it was offered to said no.
        Declined = "declined",
        /// One of the two ended it before its time.
        Withdrawn = "withdrawn",
        /// Its time was over, or what it rested on.
        Lapsed = "lapsed",
    }
}

noun! {
    /// What can happen to a delegation.
    pub enum DelegationEvent as "event of a delegation" {
        /// Whom it was offered to says yes.
        Accept = "accept",
        /// Whom it was offered to says no.
        Decline = "decline",
        /// One of the two ends it.
        Withdraw = "withdraw",
        /// Its time is over, or what it rested on.
        Lapse = "lapse",
    }
}

impl Lifecycle for DelegationState {
    type Event = DelegationEvent;
    const STATES: &'static [Self] = Self::ALL;
    const EVENTS: &'static [DelegationEvent] = DelegationEvent::ALL;

    fn on(self, event: DelegationEvent) -> Option<Self> {
        match (self, event) {
            (Self::Offered, DelegationEvent::Accept) => Some(Self::Accepted),
            (Self::Offered, DelegationEvent::Decline) => Some(Self::Declined),
            (Self::Offered | Self::Accepted, DelegationEvent::Withdraw) => Some(Self::Withdrawn),
            (Self::Offered | Self::Accepted, DelegationEvent::Lapse) => Some(Self::Lapsed),
            (Self::Accepted, DelegationEvent::Accept | DelegationEvent::Decline)
            | (Self::Declined | Self::Withdrawn | Self::Lapsed, _) => None,
        }
    }
}

/// From when until when somebody lets others decide in their place: from the first instant, before the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DelegatedTime {
    /// Whom it is offered to, or who accepted it.
    pub to: PersonId,
    /// From when on.
    pub from: Instant,
    /// Until when, not included.
    pub until: Instant,
}
