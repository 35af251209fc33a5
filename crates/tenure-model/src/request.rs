//! Requests: somebody asks for what they may not do alone, and others decide.
//!
//! A request grants nothing: what it permits is matched once, with everything asked again then. Every one has an end by
//! which it is decided and one by which it is used; it must never outlive both. Next: `identity.rs`, the charter it carries.

use crate::{Charter, PrincipalId, PrincipalKind, SourceId, lifecycle::Lifecycle, noun};
use serde::{Deserialize, Serialize};

noun! {
    /// What is asked for.
    pub enum RequestKind as "kind of request" {
        /// That a principal may be made at a source.
        Create = "create",
    }
}

noun! {
    /// How far a request is.
    pub enum RequestState as "request state" {
        /// It waits for decisions.
        Asked = "asked",
        /// Every step was decided; what was asked for may be made, until its end.
        Approved = "approved",
        /// What was asked for was seen, and is linked to it.
        Fulfilled = "fulfilled",
        /// Whoever decides said no.
        Refused = "refused",
        /// Whoever asked took it back.
        Withdrawn = "withdrawn",
        /// An end came, or what it rested on does not hold any more.
        Lapsed = "lapsed",
    }
}

noun! {
    /// What can happen to a request.
    pub enum RequestEvent as "request event" {
        /// The last step is decided.
        Approve = "approve",
        /// What was asked for is seen.
        Fulfil = "fulfil",
        /// Somebody whose step it is says no.
        Refuse = "refuse",
        /// It is taken back.
        Withdraw = "withdraw",
        /// An end comes, or it cannot be used any more.
        Lapse = "lapse",
    }
}

impl Lifecycle for RequestState {
    type Event = RequestEvent;
    const STATES: &'static [Self] = Self::ALL;
    const EVENTS: &'static [RequestEvent] = RequestEvent::ALL;

    fn on(self, event: RequestEvent) -> Option<Self> {
        use RequestEvent as E;
        match (self, event) {
            (Self::Asked, E::Approve) => Some(Self::Approved),
            (Self::Asked, E::Refuse) => Some(Self::Refused),
            (Self::Asked | Self::Approved, E::Withdraw) => Some(Self::Withdrawn),
            (Self::Asked | Self::Approved, E::Lapse) => Some(Self::Lapsed),
            (Self::Approved, E::Fulfil) => Some(Self::Fulfilled),
            (Self::Asked, E::Fulfil)
            | (Self::Approved, E::Approve | E::Refuse)
            | (Self::Fulfilled | Self::Refused | Self::Withdrawn | Self::Lapsed, _) => None,
        }
    }
}

/// A principal that is to be made, complete: what is decided about, and what its identity is enrolled with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Creation {
    /// Where it will be.
    pub source: SourceId,
    /// Its name as that source will say it.
    pub principal: String,
    /// What it will be.
    pub principal_kind: PrincipalKind,
    /// Its class in the programme; nothing where none means it.
    pub class: Option<String>,
    /// Where its credential will live, by the name the programme has for it.
    pub store: String,
    /// Who answers for it, why, where and until when.
    pub charter: Charter,
    /// The principal that was there already: it was made before it was asked for, and this was asked late.
    #[serde(default)]
    pub late_for: Option<PrincipalId>,
}

#[cfg(test)]
mod tests {
    use super::RequestState;

    #[test]
    fn the_life_of_a_request() {
        insta::assert_snapshot!(crate::lifecycle::grid::<RequestState>());
    }
}
