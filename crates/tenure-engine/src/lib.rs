//! The verbs of the wheel, one file each, and the reconcilers that turn it.
//!
//! observe and ingest (`verbs/survey.rs`), judge (`verbs/judge.rs`), plan and approve
//! (`verbs/plan.rs`), intend, act, settle and prove (`verbs/drive.rs`, `verbs/act.rs`,
//! `verbs/look.rs`). This room must never speak HTTP, print, write SQL or know a particular
//! system. A request handler calls a verb; a reconciler (`reconcile.rs`) can redo its work
//! after a crash. Begin with `engine.rs`.

mod clock;
mod engine;
mod failure;
mod open;
mod progress;
mod reconcile;
mod record;
mod signer;
mod verbs;

pub use clock::{Clock, SystemClock};
pub use engine::{Actor, Engine};
pub use failure::EngineFailure;
pub use open::{Database, Deadlines, Deployment, OpenOptions, Opening, Paths};
pub use progress::SurveyProgress;
pub use reconcile::Reconcilers;
pub use tenure_connect::{CheckReport, FileChange, OutsideFailure};
pub use tenure_events::SignatureRefused;
pub use tenure_evidence::{Entry, FactValue};
pub use tenure_govern::Waiting;
pub use tenure_judge::{Gate, ProgrammeFault, ProgrammeFiles, Readiness, SubjectKind};
pub use tenure_store::{
    PostgresLocation, StoreFailure, Tx,
    tables::{
        as_of::{
            CredentialThen, FiguresThen, FindingThen, FindingsThen, GrantThen, IdentityThen, PrincipalThen,
            StandingThen, ThenQuery,
        },
        consequences::ConsequenceRow,
        delegations::{DelegatedDecision, DelegationRow, DelegationsMeant},
        directory::{DirectoryGiven, DirectoryRow, HeldRow, name_key},
        dismissals::DismissedShare,
        exceptions::{ControlExcepted, ExceptionNumbers, ExceptionRow, ExceptionsMeant},
        findings::{FindingRow, FindingsMeant},
        handoffs::{HandoffRow, HandoffsMeant},
        identities::IdentityRow,
        inventory::{CredentialRow, GrantRow, PrincipalRow, UseRow},
        leavers::{LeftBehind, PersonShownRow},
        links::{LinkRow, Whom},
        list_credentials::CredentialQuery,
        list_grants::{GrantQuery, HeldGrant},
        list_identities::{IdentityKey, IdentityQuery, OwnedBy},
        list_principals::{Held, PrincipalQuery},
        list_scan::Scanned,
        list_waiting::ExtentSeen,
        messages::MessagesMeant,
        passings::PassingRow,
        plans::{Approval, PlanRow},
        programmes::ProgrammeRow,
        report::{AgedCredential, Changes, Reviewed, StepsWaited, Unowned},
        requests::{RequestRow, RequestsMeant},
        review_items::{ReviewItemRow, ReviewItemsMeant, ReviewNamed},
        reviews::ReviewRow,
        sources::{OpenPlan, SourceLeaving, SourceRow, Unobservable},
        steps::{ProbeRow, StepRow},
        surveys::SurveyRow,
        teams::TeamRow,
        tickets::{TicketRow, TicketsMeant},
    },
};
pub use verbs::{
    answers::Recalled,
    approvals::DecisionNeeded,
    as_of::{AsOf, EntryThen, IdentityAsOf, Sample, population_line},
    backup::{BackupReport, RestoreReport, restore},
    baseline::Baseline,
    by_hand::{ByHand, by_hand_unopened},
    change_source::{SettingChange, SourceChange, SourcePart, Writing},
    clocks::{ClockPauseShown, ClockShown, ClocksFollowed},
    confirm::{Confirmation, ConfirmedLast, ToConfirm},
    consequences::{ConsequenceShown, Followed},
    days::{DayClosed, DaysKept},
    delegations::{DelegationLine, DelegationShown, DelegationWish, DelegationsFollowed},
    directory::{
        Provisioned, Provisioner,
        ldap::{LdapDirectory, LdapForeseen, LdapRead, LdapShown},
        list::{LISTED_MAX, ListFrom, Listed, NamedPeople, PeopleForeseen, PeopleList, TeamForeseen},
        teams::{MEMBERS_MAX, Team, TeamGiven, TeamShown},
        tokens::ProvisioningHolder,
    },
    dismiss::{Dismissal, FindingSeen, FindingsBeside},
    doctor::{Check, CheckState},
    drive::Drive,
    ending::Belief,
    events::{EventStream, EventStreamShown, EventWay, EventsTold},
    evidence::{EvidenceExport, LogStatus},
    exceptions::{
        ControlFigures, ExceptionAnswer, ExceptionCase, ExceptionDecision, ExceptionFigures, ExceptionShown,
        ExceptionWish,
    },
    find::{CopyFound, CredentialFound, Found, STRING_BYTES_MAX, SecretFound, Sought},
    handoffs::{
        HANDOFFS_MAX, HandoffContents, HandoffItem, HandoffLine, HandoffShown, HandoffStays, HandoffWish,
        HandoffsFollowed, HandoffsForeseen, HandoffsWish,
    },
    inbox::{Inbox, InboxLine, MoreWaiting},
    keys::{KeyShown, RingName},
    list_entries::{BodyState, EntryProved, ProofStep},
    list_waiting::{FirstThings, Waits},
    messages::{Chat, ChatShown, Mail, MailShown, MessageShown, MessagesSent},
    own::CharterChange,
    ownership::{
        charters::{CharterTaken, CharterWritten},
        claim::{CLAIMS_MAX, ClaimBasis, ClaimMade, ClaimWish},
        foresee::{ConditionForeseen, StandingForeseen},
        import::{CharterGiven, CharterImported, CharterState, FieldChange, Import},
        pass_on::NotMine,
        rule::Meant,
        suggest::{PassedShown, Suggested, SuggestionQuery, SuggestionShown},
    },
    people::{NewPerson, OwnedShown, PersonLeaving, token_hash},
    plan::{Assessed, PlanRequest, PlanShown},
    programme::{
        ClassForeseen, ClassShown, ContactShown, DayReplayed, DrillSaid, DrillShown, Foreseen,
        IdentityForeseen, IdentityReplayed, Looked, PlaybookShown, PolicyForeseen, PolicyReplayed,
        PolicyShown, ProgrammeApplied, ProgrammeChecked, ProgrammeForeseen, ProgrammeListed,
        ProgrammeReplayed, ProgrammeShown, Replayed, StandingMoved, check_files, check_programme, digest_of,
    },
    queue::{Queue, QueueItem},
    report::{Decisions, REPORT_ROWS_MAX, Report, ReportFindings, ReportProof, ReportSource, ReportStanding},
    report_soon::ReportSoon,
    requests::{
        GainShown, REQUEST_WAIT_MAX, RequestAnswer, RequestDecision, RequestShown, RequestStep, RequestWish,
        RightShown,
    },
    reviews::{
        ReviewDecisionMade, ReviewGroupWish, ReviewItemShown, ReviewMeant, ReviewShown, ReviewStart,
        ReviewWish, ReviewsFollowed, ToReview,
    },
    show::{Answer, CredentialShown, IdentityShown, Question},
    soon::Soon,
    source::NewSource,
    tickets::{
        HookKey, TICKETS_MAX, TicketGiven, TicketHeard, TicketHook, TicketShape, TicketShown, TicketsForeseen,
    },
    tighten::FoundFile,
    tokens::{IssuedToken, TOKEN_DAYS, TOKEN_DAYS_MAX, TokenHolder, TokenShown},
    who::{Reachable, Who},
    witness::Cosigned,
};
