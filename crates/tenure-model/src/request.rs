//! Requests: somebody asks for what they may not do alone, and others decide.
//!
//! A request grants nothing: what it permits is matched once, with everything asked again then. Every one has an end by
//! which it is decided and one by which it is used; it must never outlive both. Next: `identity.rs`, the charter it carries.

use crate::{
    Charter, HandoffStage, IdentityId, Instant, OwnerRole, PersonId, PrincipalId, PrincipalKind, SourceId,
    lifecycle::Lifecycle, noun,
};
use serde::{Deserialize, Serialize};
use std::fmt;

noun! {
    /// What is asked for.
    pub enum RequestKind as "kind of request" {
        /// That a principal may be made at a source.
        Create = "create",
        /// That an identity that is there may hold further rights, until an end.
        Privilege = "privilege",
        /// That an identity that nobody answers for is offered to somebody.
        Ownership = "ownership",
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

/// A right as a source says it: which, on what, and whether its holder may pass it on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AskedRight {
    /// Which right, in the system's word: `SELECT`.
    pub right: String,
    /// On what: `shop/table/public.orders`.
    pub resource: String,
    /// With the right to pass it on.
    #[serde(default)]
    pub grantable: bool,
}

impl fmt::Display for AskedRight {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { right, resource, grantable } = self;
        write!(out, "{right} on {resource}{}", if *grantable { ", to be passed on" } else { "" })
    }
}

/// Further rights of an identity that is there, complete: what is decided about, and what is held against what is seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Privilege {
    /// Whose.
    pub identity: IdentityId,
    /// Where.
    pub source: SourceId,
    /// Which of its principals.
    pub principal_id: PrincipalId,
    /// That principal's name as its source says it.
    pub principal: String,
    /// Its class in the programme; nothing where none means it.
    pub class: Option<String>,
    /// The rights, each once, in order.
    pub rights: Vec<AskedRight>,
    /// Until when they are to be there.
    pub until: Instant,
    /// The principal, where it holds them already.
    #[serde(default)]
    pub late_for: Option<PrincipalId>,
    /// It holds them by a request, and is to go on holding them.
    #[serde(default)]
    pub renews: bool,
}

/// An identity that nobody answers for, and whom it is to be offered to, complete.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ownership {
    /// Which.
    pub identity: IdentityId,
    /// Where one of its principals is.
    pub source: SourceId,
    /// That principal's name as its source says it.
    pub principal: String,
    /// Its class in the programme; nothing where none means it.
    pub class: Option<String>,
    /// Which share of its charter.
    pub role: OwnerRole,
    /// Whom it is to be offered to.
    pub to: PersonId,
    /// Where the work stands.
    pub stage: HandoffStage,
    /// What to do about it: an address, or a text.
    pub runbook: String,
}

/// What is asked for, complete.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wanted {
    /// A principal that is to be made.
    Creation(Creation),
    /// Further rights of one that is there.
    Privilege(Privilege),
    /// Somebody who is to answer for one that nobody answers for.
    Ownership(Ownership),
}

impl Wanted {
    /// Which kind of request this is.
    pub const fn kind(&self) -> RequestKind {
        match self {
            Self::Creation(_) => RequestKind::Create,
            Self::Privilege(_) => RequestKind::Privilege,
            Self::Ownership(_) => RequestKind::Ownership,
        }
    }

    /// Where.
    pub const fn source(&self) -> SourceId {
        match self {
            Self::Creation(one) => one.source,
            Self::Privilege(one) => one.source,
            Self::Ownership(one) => one.source,
        }
    }

    /// The name of the principal it is about, as its source says it.
    pub fn principal(&self) -> &str {
        match self {
            Self::Creation(one) => &one.principal,
            Self::Privilege(one) => &one.principal,
            Self::Ownership(one) => &one.principal,
        }
    }

    /// Its class in the programme; nothing where none means it.
    pub fn class(&self) -> Option<&str> {
        match self {
            Self::Creation(one) => one.class.as_deref(),
            Self::Privilege(one) => one.class.as_deref(),
            Self::Ownership(one) => one.class.as_deref(),
        }
    }

    /// The principal that was there already, or holds it already.
    pub const fn late_for(&self) -> Option<PrincipalId> {
        match self {
            Self::Creation(one) => one.late_for,
            Self::Privilege(one) => one.late_for,
            Self::Ownership(_) => None,
        }
    }

    /// It was asked for after the fact.
    pub const fn is_late(&self) -> bool {
        match self {
            Self::Creation(one) => one.late_for.is_some(),
            Self::Privilege(one) => one.late_for.is_some() && !one.renews,
            Self::Ownership(_) => false,
        }
    }

    /// What is to be made; nothing where something else is asked for.
    pub const fn creation(&self) -> Option<&Creation> {
        match self {
            Self::Creation(one) => Some(one),
            Self::Privilege(_) | Self::Ownership(_) => None,
        }
    }

    /// Which rights are asked for; nothing where something else is.
    pub const fn privilege(&self) -> Option<&Privilege> {
        match self {
            Self::Creation(_) | Self::Ownership(_) => None,
            Self::Privilege(one) => Some(one),
        }
    }

    /// Who is to answer for what; nothing where something else is asked for.
    pub const fn ownership(&self) -> Option<&Ownership> {
        match self {
            Self::Creation(_) | Self::Privilege(_) => None,
            Self::Ownership(one) => Some(one),
        }
    }

    /// The identity it is about; nothing where there is none yet.
    pub const fn identity(&self) -> Option<IdentityId> {
        match self {
            Self::Creation(_) => None,
            Self::Privilege(one) => Some(one.identity),
            Self::Ownership(one) => Some(one.identity),
        }
    }

    /// What is decided, in words, of what is called so: `main/etl may be made`.
    pub fn in_words(&self, name: &str) -> String {
        match self {
            Self::Creation(_) => format!("{name} may be made"),
            Self::Privilege(one) => {
                let rights: Vec<String> = one.rights.iter().map(ToString::to_string).collect();
                let holds = if one.late_for.is_some() { "may go on holding" } else { "may hold" };
                format!("{name} {holds} {} until {:#}", rights.join("; "), one.until)
            }
            Self::Ownership(_) => format!("{name}, which nobody answers for, is offered to somebody"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::RequestState;

    #[test]
    fn the_life_of_a_request() {
        insta::assert_snapshot!(crate::lifecycle::grid::<RequestState>());
    }
}
