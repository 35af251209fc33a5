//! plan: what should change, and what it would touch.
//!
//! A plan is drafted against a fresh blast radius and linted; an approval binds its digest, so
//! that what is carried out is what was looked at. Next: `approvals.rs`, whose decision it is.

use crate::{
    Actor, Engine, EngineFailure,
    engine::outside,
    record::{By, Draft},
    verbs::{approvals::DecisionNeeded, drive::load, reason, show::Connectors},
};
use serde::{Deserialize, Serialize};
use std::{sync::Arc, time::Duration};
use tenure_connect::{AtMost, BlastRadius, Manifest, OutsideFailure, Target as OutsideTarget};
use tenure_evidence::canonical_json;
use tenure_govern::{Target, Touches, assess, draft_steps, level_required, lint};
use tenure_model::{
    ActionId, CredentialState, DecisionRight, DelegationId, FileTarget, PersonId, PlanEvent, PlanId,
    PlanKind, PlanState, Presence, PrincipalKey, ProofLevel, Readers, Role, ShownBy, StepKind, StepState,
    flag, names,
};
use tenure_store::{
    Tx,
    tables::{
        inventory::PrincipalRow,
        plans::{Approval, PlanRow},
        sources::SourceRow,
        steps::{ProbeRow, StepRow},
    },
};

/// A plan that is not written yet, with its steps and its entry.
pub(super) type Drafted = (PlanRow, Vec<(ActionId, StepKind)>, Draft);

/// A wish for change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanRequest {
    /// What for.
    pub kind: PlanKind,
    /// Which identity, by any of its names; to tighten a file, its path may stand here instead.
    pub identity: String,
    /// Why.
    pub reason: String,
    /// Who receives what it owns.
    #[serde(default)]
    pub heir: Option<String>,
    /// To tighten: which file, by its path, where credentials of the identity lie in several.
    #[serde(default)]
    pub file: Option<String>,
    /// To tighten: who may go on reading it; its owner alone, if nothing is said.
    #[serde(default)]
    pub readers: Option<Readers>,
}

/// A plan with everything that belongs to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlanShown {
    /// The plan.
    pub plan: PlanRow,
    /// The source's name.
    pub source_name: String,
    /// The identity's name.
    pub identity_name: String,
    /// Its steps, in order.
    pub steps: Vec<StepRow>,
    /// Observations made for its proof.
    pub probes: Vec<ProbeRow>,
    /// Who decided.
    pub approvals: Vec<Approval>,
    /// The decisions it needs before it begins, in order; none where one is enough, or once it has begun.
    pub decisions: Vec<DecisionNeeded>,
    /// Where its evidence is in the log.
    pub evidence: Vec<u64>,
    /// The level computed anew from the observations, for a plan whose end was judged. What is
    /// written down beside the plan is only a copy of it, and counts for nothing where they differ.
    pub assessed: Option<Assessed>,
    /// Of a file below the root of an image: its path on the machine Tenure runs on. The plan has its path in the image.
    pub path_here: Option<String>,
}

/// How well an end is known, computed from the observations and from nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Assessed {
    /// The level.
    pub level: ProofLevel,
    /// In plain words: what is known, and what keeps it from being higher.
    pub sentence: String,
    /// True when this is at least the required level, and nothing was seen alive.
    pub reached: bool,
}

impl Engine {
    /// Drafts a plan: reads what it would touch, refuses what is dangerous, writes it down as proposed.
    pub async fn draft_plan(&self, actor: Actor, request: PlanRequest) -> Result<PlanShown, EngineFailure> {
        let (plan, actions, entry) = self.drafted(By::Person(actor, None), request).await?;
        let entry = self.entry(entry)?;
        let (id, deciding) = (plan.id, self.deciding());
        // An emergency begins here: a full disk must not keep anybody from revoking.
        self.store
            .write_emergency("add_plan", move |tx| {
                tx.add_plan(&plan, &actions)?;
                deciding.bind_steps(tx, &plan)?;
                tx.entry(entry.clone())
            })
            .await?;
        self.show_plan(&id.to_string()).await
    }

    /// A plan, its steps and the entry that says who proposed it; nothing of it is written yet.
    pub(super) async fn drafted(&self, by: By, request: PlanRequest) -> Result<Drafted, EngineFailure> {
        if request.reason.trim().is_empty() {
            let why = String::from("a reason is needed: whoever reads the evidence later will ask why");
            return Err(EngineFailure::Refused { why });
        }
        reason::kept(&request.reason)?;
        let (principal, mut file, beside) = self.subject_of(&request).await?;
        let source_id = principal.source;
        let row = self.store.read("source", move |tx| tx.source(source_id)).await?;
        if let (Some(why), None) = (self.connector(&row.system)?.not_ended(principal.kind), &file) {
            let target =
                OutsideTarget::principal(PrincipalKey(principal.native_key.clone()), principal.name.clone());
            let commands = self.open_source(&row)?.by_hand(&target);
            let by_hand = if commands.is_empty() {
                String::new()
            } else {
                format!("; by hand: {}", commands.join("; "))
            };
            return Err(tenure_govern::PlanRefused::NotEnded { why: format!("{why}{by_hand}") }.into());
        }
        let mut blast =
            self.read_blast_radius(&row, &principal, file.clone(), request.heir.as_deref()).await?;
        if let Some(file) = &mut file {
            self.complete_change(&principal, file, &beside, &mut blast).await?;
        }
        let manifest = self.connector(&row.system)?.manifest();
        if request.kind == PlanKind::Enable && manifest.shown_by == ShownBy::PublicKey {
            // What was taken away is known to the plan that took it, and to nobody else.
            let why = "it is brought back by taking back the plan that disabled it: tenure undo PLAN";
            return Err(EngineFailure::Refused { why: why.to_owned() });
        }
        let steps = self.choose_steps(request.kind, &principal, file.as_ref(), manifest).await?;
        if request.kind == PlanKind::Revoke && !steps.contains(&StepKind::Control) {
            blast.at_most = Some(AtMost { level: ProofLevel::P2, why: self.no_control(&principal).await? });
        }
        let owned = blast.owned.iter().map(|owned| owned.count).sum();
        // The source's own heir is named only where something is to be received.
        let heir = request.heir.clone().or_else(|| blast.heir.clone().filter(|_| owned > 0));
        if let Some(heir) = &heir {
            self.check_heir(&row, &principal, heir).await?;
        }
        let touches = Touches {
            refusals: blast.refusals.clone(),
            unread: blast.unread.clone(),
            owned,
            has_heir: heir.is_some(),
            heir_unfit: blast.heir_unfit.clone(),
        };
        lint(&steps, manifest.steps, &touches)?;
        let plan = self.plan_row(by, &request, &row, (&principal, file), &steps, &blast, heir)?;
        self.proposed(by, plan, &row, &steps, &blast)
    }

    /// The principal a request is about, and the file where it is about one, with whose credentials lie beside.
    async fn subject_of(
        &self,
        request: &PlanRequest,
    ) -> Result<(PrincipalRow, Option<FileTarget>, Vec<String>), EngineFailure> {
        match request.kind {
            PlanKind::Tighten if request.heir.is_some() => Err(EngineFailure::Refused {
                why: String::from("nothing is handed over, so there is no heir"),
            }),
            PlanKind::Tighten => {
                let (principal, file, beside) = self.file_subject(request).await?;
                Ok((principal, Some(file), beside))
            }
            PlanKind::Disable | PlanKind::Revoke | PlanKind::Enable
                if request.file.is_some() || request.readers.is_some() =>
            {
                let why = "only a plan to tighten is about a file and its readers";
                Err(EngineFailure::Refused { why: why.to_owned() })
            }
            PlanKind::Disable | PlanKind::Revoke | PlanKind::Enable => {
                let wanted = request.identity.clone();
                let (identity, principals) = self
                    .store
                    .read("plan_target", move |tx| {
                        let identity = tx.find_identity(&wanted)?;
                        let principals = tx.principals_of(identity.id)?;
                        Ok((identity, principals))
                    })
                    .await?;
                Ok((only_present(principals, &identity.name)?, None, Vec::new()))
            }
        }
    }

    /// An heir that is not there would be found out only after the point where it hurts.
    async fn check_heir(
        &self,
        row: &SourceRow,
        target: &PrincipalRow,
        heir: &str,
    ) -> Result<(), EngineFailure> {
        let refused = |why: String| Err(EngineFailure::Refused { why });
        let shown = tenure_model::printable(heir, 80);
        if heir == target.name {
            return refused(format!(
                "`{shown}` cannot receive what it owns itself; name another with --heir"
            ));
        }
        let (source, name) = (row.id, heir.to_owned());
        let is_there = self.store.read("heir", move |tx| tx.is_present(source, &name)).await?;
        if is_there {
            return Ok(());
        }
        refused(format!(
            "`{shown}` is not known at `{}`, so it can receive nothing; survey it, or name another with --heir",
            row.name
        ))
    }

    async fn read_blast_radius(
        &self,
        row: &SourceRow,
        principal: &PrincipalRow,
        file: Option<FileTarget>,
        heir: Option<&str>,
    ) -> Result<BlastRadius, EngineFailure> {
        let source = self.open_source(row)?;
        let (key, name) = (PrincipalKey(principal.native_key.clone()), principal.name.clone());
        let target = OutsideTarget { key, name, file };
        let read =
            tokio::time::timeout(self.deadlines.blast_radius, source.blast_radius(&target, heir)).await;
        let slow =
            OutsideFailure::Unreachable { why: String::from("reading what it would touch took too long") };
        read.unwrap_or(Err(slow)).map_err(outside(row))
    }

    /// Why a plan cannot show a refusal: the way to prove more is there only where a plan of ours stopped it.
    async fn no_control(&self, principal: &PrincipalRow) -> Result<String, EngineFailure> {
        let (identity, id) = (principal.identity, principal.id);
        let plans = self.store.read("plans_of", move |tx| tx.plans_of(identity)).await?;
        let stopped_it = |plan: &&PlanRow| {
            plan.principal == id
                && plan.kind == PlanKind::Disable
                && matches!(plan.state, PlanState::Proved | PlanState::Short)
        };
        let why = "it may not log in now, so nothing can be shown to refuse what it accepted before";
        Ok(match plans.iter().find(stopped_it) {
            Some(PlanRow { handle, .. }) => {
                format!("{why}. To prove more, let it log in again (tenure undo {handle}) and revoke it then")
            }
            None => format!("{why}; that it is gone is read in its system"),
        })
    }

    async fn choose_steps(
        &self,
        kind: PlanKind,
        principal: &PrincipalRow,
        file: Option<&FileTarget>,
        manifest: &Manifest,
    ) -> Result<Vec<StepKind>, EngineFailure> {
        if let Some(file) = file {
            let target = Target {
                may_authenticate: file.tried_as().is_some(),
                has_value: false,
                shown_by: ShownBy::Reader,
                sessions_can_end: false,
            };
            return Ok(draft_steps(kind, target));
        }
        let id = principal.id;
        let credentials = self.store.read("credentials", move |tx| tx.credentials_of(id)).await?;
        let target = Target {
            may_authenticate: flag(&principal.facts, names::LOGIN).unwrap_or(true),
            has_value: credentials.iter().any(|credential| credential.state == CredentialState::Live),
            shown_by: manifest.shown_by,
            sessions_can_end: manifest.steps.contains(&StepKind::EndSessions),
        };
        Ok(draft_steps(kind, target))
    }

    #[expect(clippy::too_many_arguments, reason = "a plan is made of all of these, once, here")]
    fn plan_row(
        &self,
        by: By,
        request: &PlanRequest,
        row: &SourceRow,
        (principal, file): (&PrincipalRow, Option<FileTarget>),
        steps: &[StepKind],
        blast: &BlastRadius,
        heir: Option<String>,
    ) -> Result<PlanRow, EngineFailure> {
        let now = self.clock.now();
        let id = PlanId::new(now, self.random()?);
        let required_level =
            level_required(request.kind, steps, self.in_force().programme.thresholds.required_proof_level);
        let blast_radius = serde_json::to_value(blast)
            .map_err(|error| EngineFailure::Evidence { why: error.to_string() })?;
        let points: Vec<_> = row.points.iter().map(|point| point.name.clone()).collect();
        let lag_us = i64::try_from(self.lag_of(row)?.as_micros()).unwrap_or(i64::MAX);
        let bound = serde_json::json!({
            "plan": id, "kind": request.kind, "source": row.id, "principal": principal.native_key,
            "name": principal.name, "reason": request.reason, "steps": steps, "points": row.points, "lag_us": lag_us,
            "heir": heir, "required_level": required_level, "blast_radius": blast_radius,
            "file": file,
        });
        let digest = tenure_evidence::leaf_hash(&canonical_json(&bound).map_err(EngineFailure::evidence)?);
        Ok(PlanRow {
            id,
            handle: id.handle(),
            kind: request.kind,
            state: PlanState::Proposed,
            source: row.id,
            principal: principal.id,
            principal_key: principal.native_key.clone(),
            principal_name: principal.name.clone(),
            identity: principal.identity,
            reason: request.reason.clone(),
            digest: digest.to_base64(),
            blast_radius,
            file,
            points,
            heir,
            required_level,
            lag_us,
            level: None,
            sentence: None,
            requested_by: match by {
                By::Person(actor, _) => Some(actor.person),
                By::Tenure | By::Directory(_) => None,
            },
            created: now,
            settled: None,
            version: 0,
        })
    }

    /// How long a change takes to reach every point: the connector's word, unless the source says otherwise.
    fn lag_of(&self, row: &SourceRow) -> Result<Duration, EngineFailure> {
        match row.options.get("lag-seconds").map(|text| text.parse::<u64>()) {
            Some(Ok(seconds)) => Ok(Duration::from_secs(seconds)),
            Some(Err(_)) | None => Ok(self.connector(&row.system)?.manifest().propagation_lag),
        }
    }

    fn proposed(
        &self,
        by: By,
        plan: PlanRow,
        row: &SourceRow,
        steps: &[StepKind],
        blast: &BlastRadius,
    ) -> Result<Drafted, EngineFailure> {
        let now = self.clock.now();
        let mut actions = Vec::with_capacity(steps.len());
        for kind in steps {
            actions.push((ActionId::new(now, self.random()?), *kind));
        }
        let words: Vec<&str> = steps.iter().map(|step| step.as_str()).collect();
        let entry = Draft::new("plan.proposed", by, plan.id)
            .about(plan.identity)
            .about(plan.principal)
            .text("kind", plan.kind)
            .text("digest", &plan.digest)
            .text("required_level", plan.required_level)
            .text("steps", words.join(" "))
            .body(serde_json::json!({
                "principal": plan.principal_name, "reason": plan.reason, "heir": plan.heir, "blast_radius": blast,
                "points": row.points, "lag_us": plan.lag_us, "file": plan.file,
            }));
        Ok((plan, actions, entry))
    }

    /// A plan with its steps, probes, decisions and evidence.
    pub async fn show_plan(&self, given: &str) -> Result<PlanShown, EngineFailure> {
        let (wanted, connectors) = (given.to_owned(), self.connectors.clone());
        let mut shown = self.store.read("show_plan", move |tx| shown(tx, &connectors, &wanted)).await?;
        shown.decisions = self.decisions_needed(&shown.plan).await?;
        Ok(shown)
    }

    /// Withdraws a plan that has not begun.
    pub async fn withdraw(&self, actor: Actor, given: &str) -> Result<PlanShown, EngineFailure> {
        let plan = self.show_plan(given).await?.plan;
        let entry =
            self.entry(Draft::new("plan.withdrawn", By::Person(actor, None), plan.id).about(plan.identity))?;
        let id = plan.id;
        self.store
            .write("withdraw", move |tx| {
                tx.move_plan(id, PlanEvent::Withdraw)?;
                tx.entry(entry.clone())
            })
            .await?;
        self.show_plan(&id.to_string()).await
    }

    /// Takes a plan back, as far as that is possible: until its removal was begun.
    pub async fn undo(&self, actor: Actor, given: &str) -> Result<PlanShown, EngineFailure> {
        let shown = self.show_plan(given).await?;
        if shown.steps.iter().any(may_be_removed) {
            let why = format!("plan {} cannot be taken back: its removal has begun", shown.plan.handle);
            return Err(EngineFailure::Refused { why });
        }
        let took_part = shown.plan.requested_by == Some(actor.person)
            || shown.approvals.iter().any(|one| one.person == actor.person)
            || self.decided_in_place_of(actor.person, &shown.approvals).await?;
        let in_steps = shown.approvals.iter().any(|one| one.step.is_some());
        if in_steps && !took_part && actor.role == Role::Owner {
            let why = String::from(
                "it was decided in steps: whoever asked for it or decided one, an operator or an administrator takes it back",
            );
            return Err(EngineFailure::Denied { why });
        }
        let now = self.clock.now();
        let back = ActionId::new(now, self.random()?);
        let taken_back_by = shown.plan.kind.taken_back_by();
        let entry = self.entry(
            Draft::new("plan.undo_asked", By::Person(actor, Some(DecisionRight::Disable)), shown.plan.id)
                .about(shown.plan.identity),
        )?;
        let (id, position) = (shown.plan.id, i64::try_from(shown.steps.len()).unwrap_or(0) + 1);
        let plan = shown.plan;
        self.store
            .write("undo", move |tx| {
                refuse_older_plan(tx, &plan)?;
                // Read again inside the transaction: a removal may have been intended meanwhile.
                let steps = tx.steps(id)?;
                if steps.iter().any(may_be_removed) {
                    let why = String::from("the plan cannot be taken back: its removal has begun");
                    return Err(tenure_store::StoreFailure::Conflict { why });
                }
                tx.move_plan(id, PlanEvent::Undo)?;
                if !steps.iter().any(|step| step.kind == taken_back_by) {
                    tx.add_step(id, position, back, taken_back_by)?;
                }
                tx.entry(entry.clone())
            })
            .await?;
        self.plans_woken.notify_waiters();
        self.show_plan(&id.to_string()).await
    }

    /// Whether somebody decided in this person's place.
    async fn decided_in_place_of(
        &self,
        person: PersonId,
        approvals: &[Approval],
    ) -> Result<bool, EngineFailure> {
        let ids: Vec<DelegationId> = approvals.iter().filter_map(|one| one.delegation).collect();
        let read = move |tx: &mut Tx<'_>| {
            let mut found = false;
            for id in &ids {
                found |= tx.delegation(*id)?.from == person;
            }
            Ok(found)
        };
        Ok(self.store.read("decided_in_place_of", read).await?)
    }
}

/// One plan at a time works on a principal, and on a file, in which credentials of several may lie; a second would undo what
/// the first relies on. Asked in the transaction that approves, so that of two approvals at once one is refused.
pub(super) fn refuse_second_plan(tx: &mut Tx<'_>, plan: &PlanRow) -> Result<(), tenure_store::StoreFailure> {
    let place = |plan: &PlanRow| plan.file.as_ref().map(|file| file.place.clone());
    let at_work = tx.plans_at_work_at(plan.source)?.into_iter().find(|other| {
        let same_file = plan.file.is_some() && place(other) == place(plan);
        other.id != plan.id && (other.principal == plan.principal || same_file)
    });
    let Some(other) = at_work else { return Ok(()) };
    let handle = other.handle;
    Err(tenure_store::StoreFailure::Conflict {
        why: format!(
            "plan {handle} is at work on it already; wait for it (tenure proof {handle}) or take it back (tenure undo {handle})"
        ),
    })
}

/// What a later plan closed stays closed: an older one that is taken back would open it again, and leave the later one
/// saying that it is closed.
fn refuse_older_plan(tx: &mut Tx<'_>, plan: &PlanRow) -> Result<(), tenure_store::StoreFailure> {
    let Some(file) = &plan.file else { return Ok(()) };
    let closed_later = tx.plans_that_closed_at(plan.source)?.into_iter().find(|other| {
        other.id > plan.id && other.file.as_ref().is_some_and(|later| later.place == file.place)
    });
    let Some(PlanRow { handle, .. }) = closed_later else { return Ok(()) };
    Err(tenure_store::StoreFailure::Conflict {
        why: format!(
            "plan {handle} closed the same file later; take that one back first (tenure undo {handle})"
        ),
    })
}

/// A removal that happened, or may have. One that was refused did not happen: the way back is open.
const fn may_be_removed(step: &StepRow) -> bool {
    step.kind.is_final() && !matches!(step.state, StepState::Waiting | StepState::Failed | StepState::Skipped)
}

pub(crate) fn only_present(principals: Vec<PrincipalRow>, name: &str) -> Result<PrincipalRow, EngineFailure> {
    let name = tenure_model::printable(name, 80);
    let present = principals.into_iter().filter(|principal| principal.presence == Presence::Present);
    let (unread, read): (Vec<_>, Vec<_>) = present.partition(|principal| principal.unread_since.is_some());
    if let (true, Some(since)) = (read.is_empty(), unread.first().and_then(|one| one.unread_since)) {
        let why = format!(
            "`{name}` is not observed any more since {since}, when its source was removed; add the source again, then survey"
        );
        return Err(EngineFailure::Refused { why });
    }
    let mut present = read.into_iter();
    match (present.next(), present.next()) {
        (Some(principal), None) => Ok(principal),
        (None, _) => {
            Err(EngineFailure::Refused { why: format!("`{name}` is not there any more; survey to be sure") })
        }
        (Some(_), Some(_)) => Err(EngineFailure::Refused {
            why: format!(
                "`{name}` has several principals; plan them one by one (tenure principals lists them)"
            ),
        }),
    }
}

fn assessed(tx: &mut Tx<'_>, plan: &PlanRow) -> Result<Option<Assessed>, tenure_store::StoreFailure> {
    match plan.state {
        PlanState::Proved | PlanState::Short => {}
        PlanState::Proposed
        | PlanState::Approved
        | PlanState::Running
        | PlanState::Undoing
        | PlanState::Undone
        | PlanState::Withdrawn => return Ok(None),
    }
    let anew = assess(&load(tx, plan.id)?.view);
    let reached = anew.level >= plan.required_level && anew.alive.is_empty();
    Ok(Some(Assessed { level: anew.level, sentence: anew.sentence, reached }))
}

fn shown(
    tx: &mut Tx<'_>,
    connectors: &Connectors,
    given: &str,
) -> Result<PlanShown, tenure_store::StoreFailure> {
    let plan = tx.find_plan(given)?;
    let source = tx.source(plan.source)?;
    let connector = connectors.get(source.system.as_str());
    let path_here = |file: &FileTarget| connector?.path_here(&source.points, &file.place);
    Ok(PlanShown {
        assessed: assessed(tx, &plan)?,
        path_here: plan.file.as_ref().and_then(path_here),
        source_name: source.name.to_string(),
        identity_name: tx.identity(plan.identity)?.name,
        steps: tx.steps(plan.id)?,
        probes: tx.probes(plan.id)?,
        approvals: tx.approvals(plan.id)?,
        decisions: Vec::new(),
        evidence: tx.leaves_about(&plan.id.to_string(), 10_000)?,
        plan,
    })
}

/// The target of a plan, as connectors want it.
pub(crate) fn target_of(plan: &PlanRow) -> Arc<OutsideTarget> {
    Arc::new(OutsideTarget {
        key: PrincipalKey(plan.principal_key.clone()),
        name: plan.principal_name.clone(),
        file: plan.file.clone(),
    })
}
