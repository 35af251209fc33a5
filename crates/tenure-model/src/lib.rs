//! The nouns of Tenure: typed ids, lives, people, secrets, what is seen and what is intended.
//!
//! This room must never read a clock, draw randomness, do I/O or await: time and
//! randomness are parameters (law 10). Every word here is in the glossary; a synonym is a
//! bug. Everything else in the workspace depends on it and it depends on nothing of ours.
//! Begin with `principal.rs` (what a system holds), `identity.rs` (what is governed) and
//! `plan.rs` (what should change).

mod clock;
mod consequence;
mod delegation;
mod exception;
mod facts;
mod file;
mod ground;
mod handoff;
mod id;
mod identity;
mod instant;
mod intent;
pub mod lifecycle;
mod message;
mod noun;
mod person;
mod plan;
mod principal;
mod proof;
mod request;
mod retire;
mod review;
mod secret;
mod source;
mod survey;
mod text;
mod ticket;
mod waiting;

pub use clock::{ClockKind, ClockStage};
pub use consequence::{ConsequenceMode, ConsequenceStage, ConsequenceState};
pub use delegation::{DelegatedKind, DelegatedTime, DelegationEvent, DelegationState};
pub use exception::{ExceptionEvent, ExceptionKind, ExceptionState};
pub use facts::{Fact, Facts, flag, names, number, text};
pub use file::{FileTarget, FileWas, Readers};
pub use ground::{Ground, Grounds};
pub use handoff::{HandoffEvent, HandoffStage, HandoffState, OwnerRole};
pub use id::{
    ActionId, CredentialId, DelegationId, DismissalId, EntryId, ExceptionId, FindingId, HANDLE_CHARS,
    HandoffId, IdRandomness, IdentityId, IntentId, MessageId, NotAnId, PersonId, PlanId, PrincipalId,
    RequestId, ReviewId, ReviewItemId, SourceId, SurveyId, TeamId, TokenId, handle_of, uuid_v7,
};
pub use identity::{
    Charter, CharterField, DataClass, Environment, Finding, PolicyKind, RiskTier, Severity, Standing,
};
pub use instant::{Instant, NotAnInstant};
pub use intent::{IntentRecord, RecordedIntent};
pub use message::{MessageKind, MessageWay};
pub use noun::UnknownWord;
pub use person::{DecisionRight, Origin, Person, Role};
pub use plan::{PlanEvent, PlanKind, PlanState, ShownBy, StepEvent, StepKind, StepState};
pub use principal::{
    CredentialKind, CredentialState, Observation, ObservedCredential, ObservedGrant, ObservedPrincipal,
    ObservedSighting, ObservedUse, Presence, PresenceEvent, PrincipalKey, PrincipalKind,
};
pub use proof::{ControlPlane, Derived, ProbeAnswer, ProofLevel};
pub use request::{
    AskedRight, Creation, Ownership, Privilege, RequestEvent, RequestKind, RequestState, Wanted,
};
pub use retire::{NotATerm, RetireWhen};
pub use review::{ReviewAnswer, ReviewEvent, ReviewItemEvent, ReviewItemState, ReviewState};
pub use secret::Secret;
pub use source::{NotAShortName, PRIMARY, Point, ShortName};
pub use survey::{Completeness, Extent, SurveyEvent, SurveyState};
pub use text::{counted, printable, said_words};
pub use ticket::{TicketOutcome, TicketState};
pub use waiting::WaitingKind;
