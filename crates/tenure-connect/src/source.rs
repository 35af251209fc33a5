//! The traits a connector implements: a factory, and the connection to one system.
//!
//! Concurrency: a `Source` is shared; calls may overlap, except that the engine never
//! runs two acts on one principal at once. Deadlines: the engine drops the future of a
//! call that takes too long, which is the same as a lost answer; a connector must leave
//! nothing locked behind. Retries: never inside a connector.

use crate::{Manifest, Marks, OutsideFailure, SurveySink};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::Arc};
use tenure_model::{
    ControlPlane, Derived, Facts, FileTarget, FileWas, Instant, IntentRecord, Point, PrincipalKey,
    PrincipalKind, ProbeAnswer, ProofLevel, RecordedIntent, Secret, ShortName, SourceId, StepKind,
};

/// Turns a value into a keyed hash. Equal values give equal text, within one deployment and
/// one domain; nothing can be learned from the text without the key.
pub trait Fingerprint: Send + Sync {
    /// The fingerprint of `value`. `domain` keeps kinds of values apart, such as `postgres-verifier`.
    fn fingerprint(&self, domain: &str, value: &[u8]) -> String;
}

/// How one source is configured.
pub struct SourceConfig {
    /// Its id.
    pub id: SourceId,
    /// Its name.
    pub name: ShortName,
    /// Where it is: the first point is always `primary`. Addresses never hold passwords.
    pub points: Vec<Point>,
    /// The password or token we use there.
    pub secret: Option<Arc<Secret<String>>>,
    /// Further settings, each documented by the connector; an unknown one is refused.
    pub options: BTreeMap<String, String>,
    /// For fingerprints of values that are read.
    pub fingerprint: Arc<dyn Fingerprint>,
}

/// A configuration a connector cannot accept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigRefused {
    /// An address cannot be understood.
    #[error("the address of `{point}` cannot be used: {why}")]
    Address {
        /// Which point.
        point: String,
        /// What is wrong with it.
        why: String,
    },
    /// An address holds a password.
    #[error("the address of `{point}` holds a password; give it with --password-file instead")]
    PasswordInAddress {
        /// Which point.
        point: String,
    },
    /// A setting is unknown or has a value that cannot be used.
    #[error("the setting `{name}` cannot be used: {why}")]
    Setting {
        /// Which setting.
        name: String,
        /// What is wrong with it.
        why: String,
    },
}

/// What a system says of itself that a person must vouch for before anything is sent to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Introduction {
    /// What it showed, and to what nothing was sent yet.
    pub shown: String,
    /// How a person makes sure of it by another way.
    pub check: String,
    /// The setting by which they vouch for it: name and value.
    pub option: (String, String),
}

/// Makes connections to one kind of system.
#[async_trait]
pub trait Connector: Send + Sync {
    /// What this connector says about itself.
    fn manifest(&self) -> &'static Manifest;
    /// Checks a configuration without connecting anywhere.
    fn source(&self, config: SourceConfig) -> Result<Arc<dyn Source>, ConfigRefused>;

    /// Why a source would read another system if its points became these: what it showed would then be somebody else's.
    /// Nothing where it goes on reading the same. Pure; asked when a source is changed, of points `source` accepts.
    fn another_system(&self, was: &[Point], will: &[Point]) -> Option<String> {
        let address = |points: &[Point]| points.first().map(|point| point.url.clone());
        let (was, will) = (address(was), address(will));
        (was != will).then(|| String::from("its address says what it reads"))
    }

    /// Why principals of this kind are not ended by this connector, and what a person does instead; nothing where it can
    /// end them. No plan is offered or made for what it names.
    fn not_ended(&self, kind: PrincipalKind) -> Option<&'static str> {
        let _ = kind;
        None
    }

    /// Where on the machine Tenure runs on a file lies that a source with these points calls `place`; nothing where it lies
    /// elsewhere, or is called the same there.
    fn path_here(&self, points: &[Point], place: &str) -> Option<String> {
        let _ = (points, place);
        None
    }

    /// How a source with these points calls the file at a path of the machine Tenure runs on; the other way round than
    /// `path_here`, and nothing where that says nothing.
    fn place_of(&self, points: &[Point], path: &str) -> Option<String> {
        let _ = (points, path);
        None
    }

    /// What a person must vouch for before a source at this address can be made. Connects, sends nothing that is ours, and
    /// is asked only while somebody adds a source; nothing where nothing is needed, or it was vouched for.
    async fn introduction(
        &self,
        url: &str,
        options: &BTreeMap<String, String>,
    ) -> Result<Option<Introduction>, OutsideFailure> {
        let _ = (url, options);
        Ok(None)
    }

    /// By what surveys of this connector would have reported `value`: one secret, or a text that holds one.
    /// Pure; keeps nothing of it, and what it answers holds nothing that is secret.
    fn marks_of(&self, value: &[u8]) -> Marks {
        let _ = value;
        Marks::default()
    }

    /// Values that this connector reports in a form in which they cannot be looked up, and why: said when a
    /// look-up finds nothing. Nothing where there are none.
    fn not_recognisable(&self) -> Option<&'static str> {
        None
    }
}

/// The one principal a call is about, or one file in which a credential of it lies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// Its key; never reused by the system.
    pub key: PrincipalKey,
    /// Its name when the plan was made; if the key now has another, `TargetChanged`.
    pub name: String,
    /// The file, where the call is about who may read one: then every verb speaks of the file and of nothing else.
    /// Only connectors whose manifest has the step `tighten` are given one.
    pub file: Option<FileTarget>,
}

impl Target {
    /// A principal as such.
    pub const fn principal(key: PrincipalKey, name: String) -> Self {
        Self { key, name, file: None }
    }

    /// What an intent is about.
    pub fn of(record: &IntentRecord) -> Self {
        Self { key: record.principal.clone(), name: record.principal_name.clone(), file: record.file.clone() }
    }
}

/// Who can read a file and who will be able to, as far as the system shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileChange {
    /// What it is now, by which it is known again.
    pub was: FileWas,
    /// Its mode now, as people write it: `0644`.
    pub mode_before: String,
    /// Its mode when it is tightened. Equal to the other: there is nothing to do.
    pub mode_after: String,
    /// The name of its owner.
    pub owner: String,
    /// The name of its group.
    pub group: String,
    /// Accounts that can read it now and will not, by name.
    pub lose: Vec<String>,
    /// Accounts beside its owner and the administrator that go on reading it.
    pub keep: Vec<String>,
    /// The account that is to try, before and after; `Err` says why nobody can, so that less is shown.
    pub tried_as: Result<String, String>,
}

/// One thing we can or cannot do with the account we were given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ability {
    /// What: `read password verifiers`, `disable roles`.
    pub what: String,
    /// Whether we can.
    pub able: bool,
    /// When not: why, and what would mend it.
    pub remedy: Option<String>,
}

/// What a connection check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckReport {
    /// The system and its version, in its own words.
    pub system: String,
    /// Who we are there.
    pub account: String,
    /// What we can and cannot do.
    pub abilities: Vec<Ability>,
    /// Each enforcement point, with why it cannot be reached when it cannot.
    pub points: Vec<(ShortName, Option<String>)>,
    /// By what this very system is known again at another address, as its surveys say it of the principal that is the
    /// machine itself; nothing where there is no such thing.
    #[serde(skip)]
    pub machine: Option<String>,
}

/// Things a principal owns that a deletion must hand over or destroy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owned {
    /// In which part of the system: a database.
    pub place: String,
    /// What: `table`, `view`, `function`.
    pub kind: String,
    /// How many.
    pub count: i64,
}

/// What keeps an end from being known as well as it could be, as things stand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AtMost {
    /// No plan made now can be proved beyond this.
    pub level: ProofLevel,
    /// Why, and what would raise it.
    pub why: String,
}

/// What ending a principal would touch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlastRadius {
    /// What is logged in now.
    pub sessions: Vec<Derived>,
    /// What it owns.
    pub owned: Vec<Owned>,
    /// Rights it holds directly.
    pub grants: i64,
    /// Principals that hold rights through it.
    pub members: Vec<String>,
    /// Who would receive what it owns.
    pub heir: Option<String>,
    /// Why that heir can be handed nothing by us, whatever is granted; nothing where it can, or nothing needs one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heir_unfit: Option<String>,
    /// What will stop working, as far as can be seen.
    pub warnings: Vec<String>,
    /// Why it must not be done at all: it is us, it is built in, it is the last administrator.
    pub refusals: Vec<String>,
    /// Where the blast radius could not be read, and why.
    pub unread: Vec<String>,
    /// Whether the former value can be brought back by an undo, with the reason when not.
    pub undo_restores_value: Result<(), String>,
    /// Of a file: who can read it, and who will.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<FileChange>,
    /// What keeps the proof low; nothing where nothing is known to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<AtMost>,
    /// Others of this system that hold the very same value and go on with it, as the warnings say: where one of them is
    /// seen after the end, nothing returned.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub goes_on: Vec<PrincipalKey>,
}

/// A change to one principal. Every act is idempotent: done twice, it is done once.
#[derive(Debug)]
pub enum Act<'value> {
    /// Replace the value by `value`, which we hold sealed. The former value stops working.
    Deny {
        /// The value to install.
        value: &'value Secret<String>,
    },
    /// Stop it from authenticating.
    Disable,
    /// End what is logged in, at every point.
    EndSessions,
    /// Remove it. What it owns goes to `heir`, or the deletion is refused when it owns something.
    Delete {
        /// The name of the principal that receives what it owns.
        heir: Option<&'value str>,
    },
    /// Let it authenticate again, with its former stored value when we kept it and had replaced or removed it.
    Enable {
        /// What `keepsake` returned before the first act.
        keepsake: Option<&'value Secret<String>>,
    },
    /// Keep all others from reading the file of the intent. Never loosens, and acts only on the very file that was
    /// planned for, as it was then: another file in its place, another owner or another mode is `TargetChanged`.
    Tighten,
    /// Give the file of the intent the mode back that it had, if it is still that file and has what tightening gave it;
    /// otherwise nothing is done, and the fact `left_as_it_is` says why.
    Loosen,
}

/// What the system answered to an act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// False when it was so already.
    pub changed: bool,
    /// What was done, in facts without values: counts, names, the system's own command tags.
    pub detail: Facts,
}

/// Whether an act's effect is there, freshly observed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// It is.
    Present,
    /// It is not.
    Missing,
    /// It could not be observed.
    Unobserved {
        /// What happened.
        why: String,
    },
}

/// What is alive that came from a principal, at every point.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DerivedReading {
    /// What was found.
    pub found: Vec<Derived>,
    /// Points that could not be read, with why. They are looked at again until they can be.
    pub unread: Vec<(String, String)>,
    /// What no further look will show, and at which point: the level stays below P4 for good.
    pub unknowable: Vec<(String, String)>,
}

/// A connection to one system.
#[async_trait]
pub trait Source: Send + Sync {
    /// Says who we are there, what we can do, and which points answer. Changes nothing.
    async fn check(&self) -> Result<CheckReport, OutsideFailure>;

    /// Reads everything we may see. Extents are ended as whole or as part; an `Err` means
    /// the survey could not go on, and extents not ended count as not read. `now` dates uses.
    async fn observe(&self, now: Instant, sink: &mut dyn SurveySink) -> Result<(), OutsideFailure>;

    /// Says what ending `target` would touch, with `heir` (or else the source's own) to receive what it owns. Changes
    /// nothing.
    async fn blast_radius(&self, target: &Target, heir: Option<&str>) -> Result<BlastRadius, OutsideFailure>;

    /// Reads what an undo needs to bring the former value back (a stored verifier), when we may.
    /// `None` means an undo can restore access only with a new value. Where the manifest says that a refusal
    /// is shown by the public key, it is read before the first act, names the key for `probe`, and without it
    /// nothing can be brought back.
    async fn keepsake(&self, target: &Target) -> Result<Option<Secret<String>>, OutsideFailure>;

    /// Carries out one change. Acts only on the principal of the intent, and only if key and
    /// name still belong together. `Ok` means the system confirmed it; `Lost` means unknown.
    async fn act(&self, intent: &RecordedIntent, act: &Act<'_>) -> Result<Done, OutsideFailure>;

    /// Observes whether the effect of a step is there. `value` is what `Deny` installed, or what `Enable` was handed.
    async fn effect(&self, target: &Target, step: StepKind, value: Option<&Secret<String>>) -> Effect;

    /// Reads the control plane afresh, never from a cache. Of a file: `Disabled` when it is the planned one and nobody
    /// else can read it, by mode and by access list; `Enabled` when others can; `Absent` when it is not at its place.
    async fn control_plane(&self, target: &Target) -> ControlPlane;

    /// Tries to authenticate at one point, once. Never more often than the manifest's lock-out
    /// limit allows, which the engine holds. The connection carries a name that says who asks. `value` is what
    /// `Deny` installed, or the keepsake where the manifest says that a refusal is shown by the public key. Of a file:
    /// whether the account that the file target names can open what is at its place; `value` is empty then.
    async fn probe(&self, point: &ShortName, target: &Target, value: &Secret<String>) -> ProbeAnswer;

    /// The system's own commands with which a person ends `target` by hand, for when we cannot even
    /// write down an intent. Never holds a value; empty when there is no such command.
    fn by_hand(&self, target: &Target) -> Vec<String> {
        let _ = target;
        Vec::new()
    }

    /// Lists what is alive at every point that came from `target`, including things minted meanwhile. Of a file: copies
    /// that others can read.
    async fn derived(&self, target: &Target) -> DerivedReading;
}
