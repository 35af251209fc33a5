//! Judging: from a dossier to a standing, and from an actor to what they may do.
//!
//! The only room that names Cedar. It must never read a clock, draw randomness, do I/O,
//! await, store anything or know how a system is reached: the dossier and `now` come in,
//! a judgement goes out, and the same input gives the same answer. Policies see booleans
//! only; `facts.rs` turns thresholds into booleans and says when each one flips.
//! Begin with `judge.rs`, then `policies/*.cedar`; `authorise.rs` is the other half.

mod authorise;
mod consumer;
mod dossier;
mod example;
mod facts;
mod grounds;
mod judge;
mod ownership;
mod policy;
mod programme;
mod remain;
mod review;
mod risk;
mod sentence;
mod silence;
mod ticket;

pub use authorise::{
    Actor, ApiAction, ApiResource, ApiResourceKind, Authoriser, AuthoriserRefused, Claim, Verdict,
};
pub use dossier::{
    Awaited, ClaimedDead, Confirmed, CredentialDossier, Dossier, Gain, MadeOutside, PrincipalDossier,
    RightDossier, Said, UseDossier, Validity, Word,
};
pub use example::{EXAMPLE_NOW, Example, described, examples};
pub use facts::{CredentialFact, IdentityFact, PrincipalFact, SubjectKind};
pub use judge::{
    CREDENTIALS_MAX, ExplainedFact, ExplainedJudgement, FailedCondition, Judge, JudgeFailed, Judgement,
    OpenSince, PRINCIPALS_MAX, RIGHTS_MAX, USES_MAX, WordEnded,
};
pub use ownership::{
    COMMENTS, Clue, ClueKind, Confidence, Evidence, OWNER_TAGS, PointsTo, PrincipalTraits, Rule, RuleRefused,
    Suggestion, Tag, Traits, suggest, tags_of,
};
pub use policy::{AskedOf, PolicyCard};
pub use programme::{
    ACKNOWLEDGED_FOR, Accepted, ApprovalRule, ApprovalRules, Approver, Asked, AskedInVain, Calendar,
    CheckMode, CheckWarning, Class, ClockRules, Consequence, Control, CredentialStore, DataPoints, Day,
    DecidedKind, DelegationRules, DeliveredBy, Drill, Drills, EnvironmentPoints, ExceptionRules,
    ExposurePoints, FEDERATION, Gate, Given, GraceDays, HandoffRules, MessageRules, NextTerm, NotApproved,
    NotDelegated, NotExcepted, OwnPolicy, Part, Partner, PartnerKind, PartnerRole, People, PlanAbout,
    Playbook, PolicySetting, Programme, ProgrammeFault, ProgrammeFiles, ProgrammeRefused, REVIEW_CONTROL,
    ReachPoints, Readiness, RequestRules, RetentionRules, ReviewRules, RiskRules, ServiceLevel, StepAbout,
    StoreKind, Tellable, Term, Thresholds, TierDays, TierLines, Told, Warned, Wish, asked_in_vain,
    asked_in_words, decides_step, gate, may_decide, passed_on, people_named, readiness, step_in_words,
    undecided, who_revokes,
};
pub use remain::Recall;
pub use review::{Recommendation, RecommendedBecause};
pub use risk::{Risk, RiskTerm, RiskTermKind, tier_foreseen};
pub use silence::held_by_silence;
pub use tenure_model::Grounds;
pub use ticket::{PrincipalSeen, TicketSeen, ticket_outcome};
