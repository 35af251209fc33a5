//! programme: what the organisation decided, applied as a whole, numbered, and in force from then on.
//!
//! A programme is judged by only after it was applied by a person who saw what it changes: the word that applies it is
//! made of its files and of the numbers they were shown. Nothing is ever taken out of what was applied. Whatever was
//! judged by another programme is judged again. It must never decide whether something fails. Next: `foresee.rs`.

mod drills;
mod foresee;
mod looking;
mod partners;
mod replay;

pub use drills::{DrillSaid, DrillShown, PlaybookShown};
pub(crate) use foresee::Foresights;
pub use foresee::{
    ClassForeseen, Foreseen, IdentityForeseen, PolicyForeseen, ProgrammeForeseen, StandingMoved,
};
pub use looking::Looked;
pub(crate) use partners::people;
pub use partners::{ContactShown, ProgrammeChecked, check_files};
pub(crate) use replay::Replays;
pub use replay::{DayReplayed, IdentityReplayed, PolicyReplayed, ProgrammeReplayed, Replayed};

use crate::{
    Actor, Engine, EngineFailure,
    record::{By, Draft, digest_hex},
    verbs::reason,
};
use serde::Serialize;
use std::sync::{Arc, PoisonError};
use tenure_judge::{Class, Judge, Programme, ProgrammeFault, ProgrammeFiles, ProgrammeRefused};
use tenure_model::{DecisionRight, Instant, Severity};
use tenure_store::{StoreFailure, Tx, tables::programmes::ProgrammeRow};

/// Programmes that a list shows, at most.
const LISTED_MAX: i64 = 200;

/// What judging follows.
#[derive(Debug)]
pub(crate) struct InForce {
    /// Its number; 0 where none was ever applied and the defaults are in force.
    pub(crate) version: i64,
    pub(crate) programme: Programme,
    pub(crate) judge: Judge,
}

/// The programme in force, and what follows from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProgrammeShown {
    /// When and by whom it was applied; nothing where none ever was and the defaults are in force.
    pub applied: Option<ProgrammeListed>,
    /// Its classes, in the order in which they are asked.
    pub classes: Vec<ClassShown>,
    /// Its policies, in the order in which conditions are reported.
    pub policies: Vec<PolicyShown>,
    /// Identities that wait to be judged by it.
    pub waiting: i64,
}

/// A programme that was applied, without its files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProgrammeListed {
    /// Its number, from 1.
    pub version: i64,
    /// SHA-256 of its files.
    pub digest: String,
    /// Why it was applied.
    pub reason: String,
    /// Who applied it, by name; nothing where they have left.
    pub applied_by: Option<String>,
    /// When.
    pub applied: Instant,
}

/// A class, and how many identities are of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClassShown {
    /// The class.
    #[serde(flatten)]
    pub class: Class,
    /// How many identities are of it, as they were judged last.
    pub identities: i64,
}

/// A policy as the programme has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PolicyShown {
    /// Its id.
    pub id: String,
    /// How bad it is here.
    pub severity: Severity,
    /// Whether it is asked.
    pub enabled: bool,
    /// It is the organisation's own.
    pub own: bool,
}

/// What somebody who applies a programme says.
#[derive(Debug, Clone)]
pub struct ProgrammeApplied {
    /// Its files.
    pub files: ProgrammeFiles,
    /// Why.
    pub reason: String,
    /// The word that was shown with what it changes.
    pub word: String,
    /// How many identities come to stand worse, typed, where that is held.
    pub worse: Option<i64>,
}

impl InForce {
    /// Makes ready what was applied, or the defaults.
    pub(crate) fn of(row: Option<&ProgrammeRow>) -> Result<Self, EngineFailure> {
        let (version, programme) = match row {
            None => (0, Programme::default()),
            Some(row) => {
                let files = ProgrammeFiles(row.files.clone());
                if let Err(faults) = Programme::read(&files) {
                    tracing::warn!(fault = %first(&faults), "a policy of the programme in force says otherwise than its examples");
                }
                let read = Programme::read_applied(&files);
                let refused = |faults: Vec<ProgrammeFault>| EngineFailure::Programme {
                    why: format!(
                        "the programme in force (version {}) cannot be read: {}",
                        row.version,
                        first(&faults)
                    ),
                };
                (row.version, read.map_err(refused)?)
            }
        };
        let judge =
            Judge::new(&programme).map_err(|error| EngineFailure::Programme { why: error.to_string() })?;
        Ok(Self { version, programme, judge })
    }
}

/// SHA-256 over the files, by name (as a leaf of RFC 6962): what is called by it is just these.
pub fn digest_of(files: &ProgrammeFiles) -> String {
    let mut whole = Vec::new();
    for (name, text) in &files.0 {
        for part in [name, text] {
            whole.extend_from_slice(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            whole.extend_from_slice(part.as_bytes());
        }
    }
    digest_hex(&whole)
}

/// A programme as it would be read back once it was applied after this version; or what is wrong with it.
fn as_if_applied(files: &ProgrammeFiles, base_version: i64, now: Instant) -> Result<InForce, EngineFailure> {
    let faults = check_programme(files);
    if !faults.is_empty() {
        return Err(EngineFailure::Refused { why: first(&faults) });
    }
    InForce::of(Some(&ProgrammeRow {
        version: base_version + 1,
        digest: digest_of(files),
        files: files.0.clone(),
        reason: String::new(),
        applied_by: tenure_model::PersonId::new(now, [0; 10]),
        applied: now,
    }))
}

/// Everything that is wrong with a programme; nothing where it can be applied.
pub fn check_programme(files: &ProgrammeFiles) -> Vec<ProgrammeFault> {
    match Programme::read(files) {
        Err(faults) => faults,
        Ok(programme) => {
            let faults = Judge::new(&programme).err().map(faulty);
            faults.into_iter().chain(secrets_told(files)).collect()
        }
    }
}

/// Files that would show a secret to everybody who reads a finding or the programme itself.
fn secrets_told(files: &ProgrammeFiles) -> Vec<ProgrammeFault> {
    let told = files.0.iter().filter(|(_, text)| reason::holds_a_secret(text));
    told.map(|(file, _)| ProgrammeFault {
        file: tenure_model::printable(file, 100),
        line: None,
        column: None,
        why: String::from("it holds what looks like a secret, and is shown and kept: say it without"),
        suggestion: None,
    })
    .collect()
}

#[expect(clippy::needless_pass_by_value, reason = "it maps an error")]
fn faulty(refused: ProgrammeRefused) -> ProgrammeFault {
    ProgrammeFault {
        file: String::from("programme.toml"),
        line: None,
        column: None,
        why: refused.to_string(),
        suggestion: None,
    }
}

fn first(faults: &[ProgrammeFault]) -> String {
    let more = if faults.len() > 1 { format!(" and {} more", faults.len() - 1) } else { String::new() };
    faults.first().map(|fault| format!("{fault}{more}")).unwrap_or_default()
}

impl Engine {
    /// The programme in force, with how many identities are of each class.
    pub async fn programme_shown(&self) -> Result<ProgrammeShown, EngineFailure> {
        let in_force = self.in_force();
        let (applied, counts, waiting) = self
            .store
            .read("programme", |tx| {
                let applied = tx.programmes(1)?.pop().map(|row| listed(tx, row)).transpose()?;
                Ok((applied, tx.class_counts()?, tx.count_touched()?))
            })
            .await?;
        let identities =
            |id: &str| counts.iter().find(|(class, _)| class == id).map_or(0, |(_, count)| *count);
        let classes = in_force.programme.classes.iter();
        let policies = in_force.judge.policies().map(|card| PolicyShown {
            id: card.id.clone(),
            severity: card.severity,
            enabled: card.enabled,
            own: card.is_own,
        });
        Ok(ProgrammeShown {
            applied,
            classes: classes
                .map(|class| ClassShown { identities: identities(&class.id), class: class.clone() })
                .collect(),
            policies: policies.collect(),
            waiting,
        })
    }

    /// Programmes that were applied, the last one first; at most 200.
    pub async fn programmes(&self) -> Result<Vec<ProgrammeListed>, EngineFailure> {
        let read = |tx: &mut Tx<'_>| {
            let rows = tx.programmes(LISTED_MAX)?;
            rows.into_iter().map(|row| listed(tx, row)).collect::<Result<Vec<_>, _>>()
        };
        Ok(self.store.read("programmes", read).await?)
    }

    /// One that was applied.
    pub async fn programme_of_version(&self, version: i64) -> Result<ProgrammeRow, EngineFailure> {
        let found = self.store.read("programme", move |tx| tx.programme(version)).await?;
        let missing = || StoreFailure::Missing { noun: "programme", given: version.to_string() };
        Ok(found.ok_or_else(missing)?)
    }

    /// Puts a programme in force. Whoever applies it says the word that was shown with what it changes; where that is
    /// held, also how many come to stand worse. What changed since it was looked at is a conflict.
    pub async fn apply_programme(
        self: &Arc<Self>,
        actor: Actor,
        given: ProgrammeApplied,
    ) -> Result<ProgrammeRow, EngineFailure> {
        let reason = given.reason.trim().to_owned();
        if reason.is_empty() {
            return Err(EngineFailure::Refused {
                why: String::from("a programme is applied for a reason; it is empty"),
            });
        }
        reason::kept(&reason)?;
        let foreseen = match self.foresee_programme(&given.files, std::time::Duration::ZERO).await? {
            Foreseen::Made(foreseen) => foreseen,
            Foreseen::UnderWay { judged, of } => {
                let why = format!(
                    "what it changes is still being looked at: {judged} of {of} identities; look again soon"
                );
                return Err(StoreFailure::Conflict { why }.into());
            }
        };
        let digest = foreseen.digest.clone();
        if self
            .store
            .read("programme", |tx| tx.programme_in_force())
            .await?
            .is_some_and(|row| row.digest == digest)
        {
            let why = String::from("this programme is in force already");
            return Err(StoreFailure::Conflict { why }.into());
        }
        agreed(&given, &foreseen)?;
        let now = self.clock.now();
        let row = ProgrammeRow {
            version: foreseen.base_version + 1,
            digest: foreseen.digest.clone(),
            files: given.files.0,
            reason,
            applied_by: actor.person,
            applied: now,
        };
        let ready = InForce::of(Some(&row))?;
        let asks_as_before = self.in_force().programme.asks_for_requests_as(&ready.programme);
        let draft =
            Draft::new("programme.applied", By::Person(actor, Some(DecisionRight::Configure)), "programme")
                .number("version", row.version)
                .text("digest", &row.digest)
                .number("changed", foreseen.changed)
                .number("worse", foreseen.worse)
                .number("lapsed", foreseen.lapses)
                .number("lapsing", foreseen.lapses_soon)
                .number("better", foreseen.better);
        let entry =
            self.entry(draft.body(serde_json::json!({ "files": row.files, "reason": row.reason })))?;
        let written = row.clone();
        self.store
            .write("apply_programme", move |tx| {
                if tx.person(actor.person)?.map(|person| person.role) != Some(actor.role) {
                    let why = String::from("whoever asked this was removed or given another role meanwhile");
                    return Err(StoreFailure::Conflict { why });
                }
                replace(tx, &written, asks_as_before)?;
                tx.entry(entry.clone())
            })
            .await?;
        self.put_in_force(ready);
        self.judging_woken.notify_one();
        Ok(row)
    }

    /// Follows what somebody else put in force.
    pub(crate) async fn read_programme_again(&self) -> Result<(), EngineFailure> {
        let row = self.store.read("programme", |tx| tx.programme_in_force()).await?;
        self.put_in_force(InForce::of(row.as_ref())?);
        Ok(())
    }

    fn put_in_force(&self, ready: InForce) {
        let mut in_force = self.in_force.write().unwrap_or_else(PoisonError::into_inner);
        if in_force.version < ready.version {
            *in_force = Arc::new(ready);
        }
    }
}

/// Puts it in the place of the one in force. Where something else has to be asked for, what was made before stays out of it.
fn replace(tx: &mut Tx<'_>, row: &ProgrammeRow, asks_as_before: bool) -> Result<(), StoreFailure> {
    tx.apply_programme(row)?;
    if !asks_as_before {
        tx.forget_request_watches()?;
    }
    tx.touch_all(row.applied)?;
    Ok(())
}

fn listed(tx: &mut Tx<'_>, row: ProgrammeRow) -> Result<ProgrammeListed, StoreFailure> {
    let applied_by = tx.person(row.applied_by)?.map(|person| person.name);
    let ProgrammeRow { version, digest, reason, applied, .. } = row;
    Ok(ProgrammeListed { version, digest, reason, applied_by, applied })
}

/// Refuses what was not agreed to as it was shown.
fn agreed(given: &ProgrammeApplied, foreseen: &ProgrammeForeseen) -> Result<(), EngineFailure> {
    if given.word.trim() != foreseen.word {
        let why = String::from("what it changes is other than what was shown; look at it again");
        return Err(StoreFailure::Conflict { why }.into());
    }
    match (&foreseen.held, given.worse) {
        (Some(why), None) => Err(EngineFailure::Refused {
            why: format!(
                "held: {why}; whoever applies it says how many come to stand worse (--worse {})",
                foreseen.worse
            ),
        }),
        (Some(_), Some(worse)) if worse != foreseen.worse => {
            let why = format!("{} identities come to stand worse, not {worse}", foreseen.worse);
            Err(StoreFailure::Conflict { why }.into())
        }
        _ => Ok(()),
    }
}
