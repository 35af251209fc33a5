//! The answers of the API, as far as this program shows them.
//!
//! Lenient on purpose: fields that are not shown are not listed, and unknown ones are ignored,
//! so that a newer server can be asked. `--json` prints the server's document, not these.

mod as_of;
mod clocks;
mod delegations;
mod exceptions;
mod handoffs;
mod inbox;
mod judgement;
mod ldap;
mod messages;
pub(crate) mod ownership;
pub(crate) mod programme;
pub(crate) mod programme_replay;
mod requests;
mod reviews;
mod tickets;

pub(crate) use as_of::{AsOf, DayClosed, IdentityAsOf, IdentityThen, Sample};
pub(crate) use clocks::Clock;
pub(crate) use delegations::{Delegation, DelegationLine};
pub(crate) use exceptions::{Exception, ExceptionCase, ExceptionFigures};
pub(crate) use handoffs::{Handoff, HandoffItem, HandoffLine, HandoffsForeseen};
pub(crate) use inbox::{Inbox, Waiting};
pub(crate) use judgement::{Condition, Explained, ExplainedFact, Judgement, Risk};
pub(crate) use ldap::{LdapForeseen, LdapList, LdapShown};
pub(crate) use messages::{ChatList, EventStream, MailWay, Message};
pub(crate) use requests::Request;
pub(crate) use reviews::{Recommendation, Review, ReviewItem, ReviewMeant};
use serde::Deserialize;
use std::collections::BTreeMap;
use tenure_model::{
    Charter, CredentialKind, CredentialState, Derived, ExceptionId, ExceptionState, Facts, FileTarget,
    FindingId, IdentityId, Instant, PlanKind, PlanState, PolicyKind, Presence, PrincipalKind, ProofLevel,
    RiskTier, Role, Severity, Standing, StepKind, StepState, SurveyState,
};
pub(crate) use tickets::{Ticket, TicketsForeseen};

/// One page of a list.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Page<T> {
    pub(crate) items: Vec<T>,
    pub(crate) next: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Status {
    pub(crate) version: String,
    pub(crate) sources: i64,
    #[serde(default)]
    pub(crate) standings: Vec<StandingCount>,
    #[serde(default)]
    pub(crate) findings_open: i64,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Log {
    pub(crate) origin: String,
    pub(crate) size: u64,
    #[serde(default)]
    pub(crate) checkpoint: String,
    #[serde(default)]
    pub(crate) keys: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct StandingCount {
    pub(crate) standing: Standing,
    pub(crate) count: i64,
    pub(crate) built_in: i64,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Person {
    pub(crate) name: String,
    pub(crate) role: Role,
    pub(crate) local_uid: Option<u32>,
}

/// A person, their tokens and their accounts at a provider.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct PersonShown {
    pub(crate) person: Person,
    pub(crate) tokens: Vec<TokenShown>,
    pub(crate) links: Vec<Link>,
    pub(crate) mail: Option<String>,
    pub(crate) chat: Option<String>,
}

/// A token as it is listed.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct TokenShown {
    pub(crate) handle: String,
    pub(crate) issued: String,
    pub(crate) ends: String,
    pub(crate) over: bool,
}

/// A team of a directory.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Team {
    pub(crate) name: String,
    pub(crate) members: i64,
    pub(crate) role: Option<Role>,
}

/// What a list of people changes.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct PeopleForeseen {
    pub(crate) word: String,
    pub(crate) people: usize,
    pub(crate) joins: NamedPeople,
    pub(crate) changes: NamedPeople,
    pub(crate) returns: NamedPeople,
    pub(crate) leaves: NamedPeople,
    pub(crate) held: NamedPeople,
    pub(crate) teams: Vec<TeamForeseen>,
    pub(crate) roles: NamedPeople,
}

impl PeopleForeseen {
    /// True when all is as the list says.
    pub(crate) fn is_empty(&self) -> bool {
        let all = [&self.joins, &self.changes, &self.returns, &self.leaves, &self.held];
        all.iter().all(|who| who.count == 0) && self.teams.is_empty()
    }
}

/// So many, and the first of their names.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct NamedPeople {
    pub(crate) count: usize,
    pub(crate) names: Vec<String>,
}

/// A team to which others belong.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct TeamForeseen {
    pub(crate) name: String,
    pub(crate) is_new: bool,
    pub(crate) replaces: bool,
    pub(crate) added: usize,
    pub(crate) removed: usize,
}

/// Somebody whose leaving is held.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct HeldLeaving {
    pub(crate) name: String,
    pub(crate) erases: bool,
    pub(crate) asked: String,
}

/// An account at a provider.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Link {
    pub(crate) issuer: String,
    pub(crate) subject: Option<String>,
    pub(crate) email: Option<String>,
}

/// What a person who is removed leaves behind.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct PersonLeaving {
    pub(crate) kept_because: Option<String>,
    pub(crate) owned_count: usize,
    pub(crate) unowned_count: usize,
    pub(crate) owned: Vec<OwnedIdentity>,
    pub(crate) approved: Vec<ApprovedPlan>,
    #[serde(default)]
    pub(crate) excepted_count: i64,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct OwnedIdentity {
    pub(crate) name: String,
    pub(crate) unowned: bool,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ApprovedPlan {
    pub(crate) handle: String,
    pub(crate) principal: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Point {
    pub(crate) name: String,
    pub(crate) url: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Source {
    pub(crate) name: String,
    pub(crate) system: String,
    pub(crate) points: Vec<Point>,
    #[serde(default)]
    pub(crate) not_observable: Vec<NotObservable>,
    #[serde(default)]
    pub(crate) last_survey: Option<Survey>,
}

/// What hangs on a source that may be removed.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct SourceLeaving {
    pub(crate) identities_count: i64,
    pub(crate) unobserved_count: i64,
    pub(crate) findings_count: i64,
    pub(crate) plans: Vec<OpenPlan>,
}

/// A plan that is not over.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct OpenPlan {
    pub(crate) handle: String,
    pub(crate) principal: String,
    pub(crate) state: PlanState,
}

/// What was changed at a source, or would be.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct SourceChanged {
    pub(crate) changes: Vec<SettingChange>,
    pub(crate) written: bool,
}

/// One difference; of a password neither side is told.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct SettingChange {
    pub(crate) part: String,
    pub(crate) name: String,
    pub(crate) was: Option<String>,
    pub(crate) will: Option<String>,
}

/// Something that cannot be known at a source.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct NotObservable {
    pub(crate) what: String,
    pub(crate) remedy: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct CheckReport {
    pub(crate) system: String,
    pub(crate) account: String,
    pub(crate) abilities: Vec<Ability>,
    pub(crate) points: Vec<(String, Option<String>)>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Ability {
    pub(crate) what: String,
    pub(crate) able: bool,
    pub(crate) remedy: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Survey {
    pub(crate) state: SurveyState,
    pub(crate) started: Instant,
    pub(crate) ended: Option<Instant>,
    pub(crate) seen: i64,
    pub(crate) changed: i64,
    pub(crate) missing: i64,
    pub(crate) note: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct SurveyShown {
    pub(crate) survey: Option<Survey>,
    pub(crate) progress: Option<SurveyProgress>,
    pub(crate) failure: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct SurveyProgress {
    pub(crate) seen: u64,
    pub(crate) extent: String,
    pub(crate) extents_ended: u64,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Identity {
    pub(crate) id: IdentityId,
    pub(crate) name: String,
    pub(crate) handle: String,
    pub(crate) charter: Charter,
    #[serde(default)]
    pub(crate) enrolled: bool,
    pub(crate) built_in: bool,
    pub(crate) standing: Standing,
    pub(crate) due: Option<Instant>,
    pub(crate) judged: Option<Instant>,
    #[serde(default)]
    pub(crate) tier: Option<RiskTier>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct IdentityListed {
    #[serde(flatten)]
    pub(crate) identity: Identity,
    #[serde(default)]
    pub(crate) owners: Vec<String>,
    pub(crate) findings: i64,
    pub(crate) worst: Option<Severity>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Question {
    #[serde(rename = "question")]
    pub(crate) asked: String,
    pub(crate) answer: String,
    pub(crate) text: String,
}

/// A right that was gained and is held.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Gained {
    pub(crate) says: String,
    pub(crate) seen: Instant,
    pub(crate) request: Option<String>,
    pub(crate) until: Option<Instant>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct IdentityShown {
    pub(crate) identity: Identity,
    pub(crate) questions: Vec<Question>,
    pub(crate) owners: Vec<String>,
    pub(crate) principals: Vec<Principal>,
    pub(crate) credentials: Vec<CredentialShown>,
    pub(crate) grants: Vec<Grant>,
    pub(crate) grants_count: i64,
    pub(crate) owned_count: i64,
    pub(crate) uses: Vec<Use>,
    pub(crate) copies: Vec<String>,
    pub(crate) findings: Vec<Finding>,
    pub(crate) plans: Vec<Plan>,
    #[serde(default)]
    pub(crate) not_ended_here: Option<String>,
    #[serde(default)]
    pub(crate) request: Option<String>,
    #[serde(default)]
    pub(crate) handoffs: Vec<HandoffLine>,
    #[serde(default)]
    pub(crate) risk: Option<Risk>,
    #[serde(default)]
    pub(crate) request_is_late: bool,
    #[serde(default)]
    pub(crate) gains: Vec<Gained>,
    #[serde(default)]
    pub(crate) tickets: Vec<Ticket>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Principal {
    pub(crate) source_name: String,
    pub(crate) name: String,
    pub(crate) kind: PrincipalKind,
    pub(crate) built_in: bool,
    pub(crate) facts: Facts,
    pub(crate) presence: Presence,
    pub(crate) first_seen: Instant,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Credential {
    pub(crate) holder: String,
    pub(crate) kind: CredentialKind,
    pub(crate) state: CredentialState,
    pub(crate) valid_until: Option<Instant>,
    pub(crate) facts: Facts,
    pub(crate) first_seen: Instant,
    pub(crate) value_changed: Option<Instant>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct CredentialShown {
    pub(crate) credential: Credential,
    pub(crate) issued_by: String,
    pub(crate) may_do: String,
    pub(crate) dies: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Grant {
    pub(crate) resource: String,
    pub(crate) right: String,
    pub(crate) path: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Use {
    pub(crate) consumer: String,
    pub(crate) last_seen: Instant,
    pub(crate) count: i64,
}

/// What a look-up found.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Found {
    pub(crate) known: bool,
    pub(crate) secrets: Vec<SecretFound>,
    pub(crate) looked_up: usize,
    pub(crate) cut: bool,
    pub(crate) not_recognisable: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct SecretFound {
    pub(crate) line: usize,
    pub(crate) what: String,
    pub(crate) rule: Option<String>,
    pub(crate) checked: bool,
    pub(crate) shown: String,
    pub(crate) notes: BTreeMap<String, String>,
    pub(crate) our_token_of: Option<String>,
    pub(crate) credentials: Vec<CredentialFound>,
    pub(crate) copies: Vec<CopyFound>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct CredentialFound {
    pub(crate) kind: CredentialKind,
    pub(crate) state: CredentialState,
    pub(crate) holder: String,
    pub(crate) presence: Presence,
    pub(crate) handle: String,
    pub(crate) name: String,
    pub(crate) standing: Standing,
    pub(crate) owners: Vec<String>,
    pub(crate) issued_by: String,
    pub(crate) may_do: String,
    pub(crate) dies: String,
    pub(crate) facts: Facts,
    pub(crate) since: Instant,
    pub(crate) rights: Vec<Grant>,
    pub(crate) rights_count: i64,
    pub(crate) used_since: Option<Instant>,
    pub(crate) uses: Vec<Use>,
    #[serde(default)]
    pub(crate) not_observable: Vec<NotObservable>,
    #[serde(default)]
    pub(crate) not_ended_here: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct CopyFound {
    pub(crate) place: String,
    pub(crate) source_name: String,
    pub(crate) principal_name: String,
    pub(crate) towards: Option<String>,
    pub(crate) first_seen: Instant,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Finding {
    pub(crate) id: FindingId,
    pub(crate) identity_name: String,
    pub(crate) policy: String,
    pub(crate) kind: PolicyKind,
    pub(crate) control: String,
    pub(crate) severity: Severity,
    pub(crate) reason: String,
    pub(crate) remedy: String,
    pub(crate) opened: Instant,
    #[serde(default)]
    pub(crate) cause: Option<String>,
    #[serde(default)]
    pub(crate) is_new: bool,
    #[serde(default)]
    pub(crate) dismissed_until: Option<Instant>,
    #[serde(default)]
    pub(crate) dismissed_because: Option<String>,
    #[serde(default)]
    pub(crate) dismissed_by: Option<String>,
    #[serde(default)]
    pub(crate) dismissal_ended: Option<String>,
    #[serde(default)]
    pub(crate) excepted_until: Option<Instant>,
    /// The exception that says most of it.
    #[serde(default)]
    pub(crate) exception: Option<ExceptionId>,
    #[serde(default)]
    pub(crate) exception_state: Option<ExceptionState>,
    /// Names what it rests on, where it was looked at.
    #[serde(default)]
    pub(crate) rests_on_digest: Option<String>,
}

/// Findings that are mended together.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct FindingsBeside {
    pub(crate) items: Vec<Finding>,
    pub(crate) is_cut: bool,
}

impl Finding {
    /// Whether it is this finding, or mended in one place with it: as the queue puts findings together.
    pub(crate) fn is_beside(&self, one: &Self) -> bool {
        let same_cause = self.cause.is_some() && self.cause == one.cause;
        self.id == one.id || (same_cause && self.policy == one.policy && self.severity == one.severity)
    }

    /// How an exception to it stands, where one says something.
    pub(crate) fn exception_said(&self) -> Option<String> {
        let (id, state) = self.exception.zip(self.exception_state)?;
        let handle = id.handle();
        Some(match (state, self.excepted_until) {
            (_, Some(end)) => {
                format!("excepted until {} (exception {handle})", crate::render::words::instant(end))
            }
            (ExceptionState::Requested, None) => format!("exception {handle} is asked for and waits"),
            (state, None) => format!("exception {handle} is {state}: it counts"),
        })
    }

    /// What was said of it by whom, and until when; or why that counts for nothing any more.
    pub(crate) fn dismissal_said(&self) -> Option<String> {
        if let Some(end) = self.dismissed_until {
            let by = self.dismissed_by.as_deref().unwrap_or("somebody who left");
            let reason = self.dismissed_because.as_deref().unwrap_or_default();
            return Some(format!(
                "dismissed until {} by {}: {}",
                crate::render::words::instant(end),
                tenure_model::printable(by, 80),
                tenure_model::printable(reason, 400)
            ));
        }
        let ended = self.dismissal_ended.as_deref()?;
        Some(format!("it was dismissed, and counts again: {}", tenure_model::printable(ended, 400)))
    }
}

/// What to do first.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Queue {
    pub(crate) items: Vec<QueueItem>,
    pub(crate) findings: i64,
    pub(crate) new: i64,
    pub(crate) dismissed: i64,
    #[serde(default)]
    pub(crate) excepted: i64,
    #[serde(default)]
    pub(crate) shares: Vec<DismissedShare>,
}

/// Findings of one policy with one cause, or one finding.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct QueueItem {
    pub(crate) policy: String,
    pub(crate) control: String,
    pub(crate) severity: Severity,
    pub(crate) count: i64,
    #[serde(default)]
    pub(crate) fix_once: Option<String>,
    pub(crate) is_new: bool,
    pub(crate) opened: Instant,
    pub(crate) reason: String,
    pub(crate) remedy: String,
    pub(crate) finding: String,
    pub(crate) names: Vec<String>,
    #[serde(default)]
    pub(crate) dismissal_ended: Option<String>,
}

/// How often a policy is said to be wrong here.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct DismissedShare {
    pub(crate) policy: String,
    pub(crate) open: i64,
    pub(crate) dismissed: i64,
}

/// A source's baseline, and what is news by it.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct SourceBaseline {
    pub(crate) source: String,
    pub(crate) baseline: Option<Instant>,
    pub(crate) findings: i64,
    pub(crate) new: i64,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Plan {
    pub(crate) handle: String,
    pub(crate) kind: PlanKind,
    pub(crate) state: PlanState,
    pub(crate) principal_name: String,
    pub(crate) reason: String,
    pub(crate) digest: String,
    pub(crate) blast_radius: serde_json::Value,
    #[serde(default)]
    pub(crate) file: Option<FileTarget>,
    pub(crate) points: Vec<String>,
    pub(crate) heir: Option<String>,
    pub(crate) required_level: ProofLevel,
    pub(crate) lag_us: u64,
    pub(crate) level: Option<ProofLevel>,
    pub(crate) sentence: Option<String>,
    pub(crate) created: Instant,
    pub(crate) settled: Option<Instant>,
}

impl Plan {
    /// What it is about, as people name it: its file, or its principal.
    pub(crate) fn about(&self) -> &str {
        self.file.as_ref().map_or(&self.principal_name, |file| &file.place)
    }
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct PlanShown {
    pub(crate) plan: Plan,
    #[serde(default)]
    pub(crate) source_name: String,
    pub(crate) identity_name: String,
    pub(crate) steps: Vec<Step>,
    pub(crate) probes: Vec<Probe>,
    pub(crate) approvals: Vec<Approval>,
    #[serde(default)]
    pub(crate) decisions: Vec<DecisionNeeded>,
    pub(crate) evidence: Vec<u64>,
    #[serde(default)]
    pub(crate) assessed: Option<Assessed>,
    #[serde(default)]
    pub(crate) path_here: Option<String>,
}

impl PlanShown {
    /// What it is about, as a person types it: of a file, its path on this machine.
    pub(crate) fn about(&self) -> &str {
        self.path_here.as_deref().unwrap_or_else(|| self.plan.about())
    }
}

/// The level computed anew from the observations.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Assessed {
    pub(crate) level: ProofLevel,
    pub(crate) sentence: String,
    pub(crate) reached: bool,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Step {
    pub(crate) position: i64,
    pub(crate) kind: StepKind,
    pub(crate) state: StepState,
    pub(crate) attempt: u32,
    pub(crate) answer: Option<String>,
    pub(crate) escalated: Option<Instant>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Probe {
    pub(crate) kind: String,
    pub(crate) point: String,
    pub(crate) answer: serde_json::Value,
    pub(crate) at: Instant,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Approval {
    pub(crate) person: String,
    pub(crate) right: String,
    pub(crate) alone: bool,
    pub(crate) decided: Instant,
    #[serde(default)]
    pub(crate) step: Option<i64>,
    #[serde(default)]
    pub(crate) emergency: Option<String>,
}

/// One of the decisions that a plan needs.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct DecisionNeeded {
    pub(crate) who: String,
    #[serde(default)]
    pub(crate) people: Vec<String>,
    pub(crate) person: Option<String>,
}

/// What a plan would touch, as the connector reported it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct BlastRadius {
    pub(crate) sessions: Vec<Derived>,
    pub(crate) owned: Vec<Owned>,
    pub(crate) grants: i64,
    pub(crate) members: Vec<String>,
    pub(crate) warnings: Vec<String>,
    pub(crate) unread: Vec<String>,
    /// `Ok`, or `Err` with the reason why an undo cannot bring the former value back.
    pub(crate) undo_restores_value: Option<Result<(), String>>,
    /// Of a file: who can read it, and who will.
    pub(crate) file: Option<FileChange>,
    /// What keeps the proof low.
    pub(crate) at_most: Option<AtMost>,
}

/// No plan made now can be proved beyond this level, and why.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct AtMost {
    pub(crate) level: ProofLevel,
    pub(crate) why: String,
}

/// What tightening changes about a file.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct FileChange {
    pub(crate) mode_before: String,
    pub(crate) mode_after: String,
    pub(crate) owner: String,
    pub(crate) group: String,
    pub(crate) lose: Vec<String>,
    pub(crate) keep: Vec<String>,
    /// `Ok` with the account that is to try, or `Err` with the reason why nobody can.
    pub(crate) tried_as: Option<Result<String, String>>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Owned {
    pub(crate) place: String,
    pub(crate) kind: String,
    pub(crate) count: i64,
}

/// Commands that end an identity at one source.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ByHand {
    pub(crate) source_name: String,
    pub(crate) principal_name: String,
    pub(crate) commands: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct EntryShown {
    pub(crate) index: u64,
    pub(crate) time: Instant,
    pub(crate) kind: String,
    pub(crate) actor: String,
    pub(crate) subject: String,
    pub(crate) facts: BTreeMap<String, serde_json::Value>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Key {
    pub(crate) ring: String,
    #[serde(rename = "key_id")]
    pub(crate) id: String,
    pub(crate) made_at: Instant,
    pub(crate) current: bool,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Check {
    pub(crate) what: String,
    pub(crate) state: String,
    pub(crate) found: String,
    pub(crate) remedy: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct BackupReport {
    pub(crate) directory: String,
    pub(crate) origin: String,
    pub(crate) size: u64,
    pub(crate) bytes: u64,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct KeptCosignature {
    pub(crate) witness: String,
    pub(crate) size: u64,
    pub(crate) kept_at: Instant,
}
