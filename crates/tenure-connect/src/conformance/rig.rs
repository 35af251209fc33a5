//! What all checks stand on: it asks the source, with patience, and listens for secrets.
//!
//! Every answer of the connector passes through `asked`, which prints it the ways it could
//! be printed in earnest and looks for every value used so far. Nothing here judges.

use super::{Fixture, FixtureBroke, Session, Subject};
use crate::{
    Act, BlastRadius, CheckReport, DerivedReading, Done, Effect, NotObservable, OutsideFailure, SinkClosed,
    Source, SurveySink, Target, chaos::Dice,
};
use async_trait::async_trait;
use core::fmt::Debug;
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tenure_model::{
    ActionId, Completeness, ControlPlane, Extent, IntentId, IntentRecord, Observation, PlanId, ProbeAnswer,
    RecordedIntent, Secret, ShortName, StepKind,
};

/// Why a check did not hold.
#[derive(Debug)]
pub(super) enum Stop {
    /// The promise is broken.
    Broken(String),
    /// The promise says nothing about this connector.
    NotApplicable(String),
    /// The fixture broke.
    Fixture(FixtureBroke),
}

impl From<FixtureBroke> for Stop {
    fn from(broke: FixtureBroke) -> Self {
        Self::Fixture(broke)
    }
}

/// Fails the check with `why` unless it holds.
pub(super) fn ensure(holds: bool, why: impl FnOnce() -> String) -> Result<(), Stop> {
    if holds { Ok(()) } else { Err(Stop::Broken(why())) }
}

/// One thing a survey gave.
#[derive(Debug, Clone)]
pub(super) enum Given {
    Page(Extent, Vec<Observation>),
    End(Extent, Completeness),
    Note(NotObservable),
}

/// Takes whatever comes, so that a survey that breaks the rules is seen whole.
#[derive(Default)]
struct Everything(Vec<Given>);

#[async_trait]
impl SurveySink for Everything {
    async fn page(&mut self, extent: &Extent, page: Vec<Observation>) -> Result<(), SinkClosed> {
        self.0.push(Given::Page(extent.clone(), page));
        Ok(())
    }

    async fn end(&mut self, extent: &Extent, completeness: Completeness) -> Result<(), SinkClosed> {
        self.0.push(Given::End(extent.clone(), completeness));
        Ok(())
    }

    async fn not_observable(&mut self, note: NotObservable) -> Result<(), SinkClosed> {
        self.0.push(Given::Note(note));
        Ok(())
    }
}

/// A subject ready for one step, with what the step needs.
pub(super) struct Ready {
    pub(super) subject: Subject,
    pub(super) value: Secret<String>,
    #[expect(dead_code, reason = "held, not read: while it lives there is something to end")]
    session: Option<Session>,
}

impl Ready {
    /// The act that carries out `step`; `None` for steps that do not act.
    pub(super) fn act(&self, step: StepKind) -> Option<Act<'_>> {
        match step {
            StepKind::Deny => Some(Act::Deny { value: &self.value }),
            StepKind::Disable => Some(Act::Disable),
            StepKind::EndSessions => Some(Act::EndSessions),
            StepKind::Delete => Some(Act::Delete { heir: None }),
            StepKind::Enable => Some(Act::Enable { keepsake: None }),
            StepKind::Tighten => Some(Act::Tighten),
            StepKind::Loosen => Some(Act::Loosen),
            StepKind::Control | StepKind::Sweep | StepKind::Prove => None,
        }
    }
}

/// The shortest value a copy of which is recognised for certain.
const VALUE_CHARS_MIN: usize = 12;

/// The fixture, and what was heard through it.
pub(super) struct Rig<'fixture> {
    pub(super) fixture: &'fixture dyn Fixture,
    source: Arc<dyn Source>,
    dice: Mutex<Dice>,
    values: Mutex<Vec<Secret<String>>>,
    leaks: Mutex<Vec<String>>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What there is to work with.
impl<'fixture> Rig<'fixture> {
    pub(super) fn new(fixture: &'fixture dyn Fixture) -> Self {
        let seed = fixture.now().as_micros().unsigned_abs();
        Self {
            fixture,
            source: fixture.source(),
            dice: Mutex::new(Dice::new(seed)),
            values: Mutex::new(Vec::new()),
            leaks: Mutex::new(Vec::new()),
        }
    }

    /// Whether the connector says that it can carry out `step`.
    pub(super) fn can(&self, step: StepKind) -> bool {
        self.fixture.manifest().steps.contains(&step)
    }

    /// Ends the check as not applicable unless the connector can carry out `step`.
    pub(super) fn needs(&self, step: StepKind) -> Result<(), Stop> {
        if self.can(step) {
            return Ok(());
        }
        Err(Stop::NotApplicable(format!("the manifest does not list `{step}`")))
    }

    /// The steps on principals that the connector can carry out and that can be prepared here; those on files have
    /// checks of their own.
    pub(super) fn steps(&self) -> Vec<StepKind> {
        let prepared = |step: &StepKind| match step {
            StepKind::Enable => self.can(StepKind::Disable),
            StepKind::Tighten | StepKind::Loosen => false,
            _ => true,
        };
        self.fixture.manifest().steps.iter().copied().filter(prepared).collect()
    }

    /// A new principal.
    pub(super) async fn subject(&self) -> Result<Subject, Stop> {
        let subject = self.fixture.subject().await?;
        self.listen_for(&subject.value)?;
        Ok(subject)
    }

    /// A new principal that owns something, when that is possible here.
    pub(super) async fn owner(&self) -> Result<Option<Subject>, Stop> {
        let owner = self.fixture.owner().await?;
        if let Some(owner) = &owner {
            self.listen_for(&owner.value)?;
        }
        Ok(owner)
    }

    /// A new value for `Deny`.
    pub(super) fn new_value(&self) -> Result<Secret<String>, Stop> {
        let value = self.fixture.new_value();
        self.listen_for(&value)?;
        Ok(value)
    }

    /// A new principal on which `step` has something to do.
    pub(super) async fn ready_for(&self, step: StepKind) -> Result<Ready, Stop> {
        let subject = self.subject().await?;
        let session = match step {
            StepKind::EndSessions => Some(self.log_in(&subject).await?),
            StepKind::Enable => {
                self.do_act(&subject.target, &Act::Disable).await?;
                None
            }
            StepKind::Deny
            | StepKind::Disable
            | StepKind::Delete
            | StepKind::Tighten
            | StepKind::Loosen
            | StepKind::Control
            | StepKind::Sweep
            | StepKind::Prove => None,
        };
        Ok(Ready { subject, value: self.new_value()?, session })
    }

    async fn log_in(&self, subject: &Subject) -> Result<Session, Stop> {
        let points = self.fixture.points();
        let primary = points.first().ok_or_else(|| FixtureBroke {
            what: "name a point".to_owned(),
            why: "`points` is empty".to_owned(),
        })?;
        Ok(self.fixture.log_in(primary, subject).await?)
    }

    /// What the server itself holds about a principal.
    pub(super) async fn record(&self, target: &Target) -> Result<String, Stop> {
        Ok(self.fixture.record(target).await?)
    }

    /// Waits until everything done has reached every point.
    pub(super) async fn settle(&self) -> Result<(), Stop> {
        Ok(self.fixture.settle().await?)
    }
}

/// Asking the connector.
impl Rig<'_> {
    pub(super) async fn connection_check(&self) -> Result<CheckReport, Stop> {
        let answer = self.asked("check", self.source.check()).await?;
        answer.map_err(|failure| Stop::Broken(format!("`check` was answered: {failure}")))
    }

    pub(super) async fn survey(&self) -> Result<Vec<Given>, Stop> {
        let mut everything = Everything::default();
        self.survey_into(&mut everything).await?;
        self.listen("observe", &everything.0);
        Ok(everything.0)
    }

    /// A survey for a receiver of the check's own.
    pub(super) async fn survey_into(&self, sink: &mut dyn SurveySink) -> Result<(), Stop> {
        let observed = self.source.observe(self.fixture.now(), sink);
        let answer = self.asked("observe", observed).await?;
        answer.map_err(|failure| Stop::Broken(format!("`observe` was answered: {failure}")))
    }

    pub(super) async fn blast_radius(&self, target: &Target) -> Result<BlastRadius, Stop> {
        let answer = self.asked("blast_radius", self.source.blast_radius(target, None)).await?;
        answer.map_err(|failure| Stop::Broken(format!("`blast_radius` was answered: {failure}")))
    }

    pub(super) async fn keepsake(&self, target: &Target) -> Result<Option<Secret<String>>, Stop> {
        let answer = self.asked("keepsake", self.source.keepsake(target)).await?;
        let kept = answer.map_err(|failure| Stop::Broken(format!("`keepsake` was answered: {failure}")))?;
        if let Some(kept) = &kept {
            locked(&self.values).push(copy_of(kept));
        }
        Ok(kept)
    }

    /// Acts on a target and gives whatever was answered.
    pub(super) async fn act(
        &self,
        target: &Target,
        act: &Act<'_>,
    ) -> Result<Result<Done, OutsideFailure>, Stop> {
        let intent = self.intent(target);
        self.asked("act", self.source.act(&intent, act)).await
    }

    /// Acts on a target and expects that it was done.
    pub(super) async fn do_act(&self, target: &Target, act: &Act<'_>) -> Result<Done, Stop> {
        let answer = self.act(target, act).await?;
        answer.map_err(|failure| Stop::Broken(format!("`{act:?}` was answered: {failure}")))
    }

    pub(super) async fn effect(
        &self,
        target: &Target,
        step: StepKind,
        value: Option<&Secret<String>>,
    ) -> Result<Effect, Stop> {
        self.asked("effect", self.source.effect(target, step, value)).await
    }

    pub(super) async fn control_plane(&self, target: &Target) -> Result<ControlPlane, Stop> {
        self.asked("control_plane", self.source.control_plane(target)).await
    }

    pub(super) async fn probe(
        &self,
        point: &ShortName,
        target: &Target,
        value: &Secret<String>,
    ) -> Result<ProbeAnswer, Stop> {
        self.asked("probe", self.source.probe(point, target, value)).await
    }

    pub(super) async fn derived(&self, target: &Target) -> Result<DerivedReading, Stop> {
        self.asked("derived", self.source.derived(target)).await
    }

    fn intent(&self, target: &Target) -> RecordedIntent {
        let now = self.fixture.now();
        let mut dice = locked(&self.dice);
        RecordedIntent::for_conformance(IntentRecord {
            id: IntentId::new(now, dice.id_randomness()),
            plan: PlanId::new(now, dice.id_randomness()),
            action: ActionId::new(now, dice.id_randomness()),
            attempt: 1,
            source: self.fixture.source_id(),
            principal: target.key.clone(),
            principal_name: target.name.clone(),
            file: target.file.clone(),
            deadline: now.plus(Duration::from_mins(5)),
        })
    }

    /// Waits for an answer, as long as the fixture's patience, and listens to it.
    async fn asked<T: Debug>(&self, call: &str, answer: impl Future<Output = T>) -> Result<T, Stop> {
        let patience = self.fixture.patience();
        let answer = tokio::time::timeout(patience, answer)
            .await
            .map_err(|_| Stop::Broken(format!("`{call}` did not answer within {patience:?}")))?;
        self.listen(call, &answer);
        Ok(answer)
    }
}

/// Listening for secrets.
impl Rig<'_> {
    pub(super) fn listen_for(&self, value: &Secret<String>) -> Result<(), Stop> {
        if value.expose().chars().count() < VALUE_CHARS_MIN {
            return Err(Stop::Fixture(FixtureBroke {
                what: "make a value".to_owned(),
                why: format!("it has fewer than {VALUE_CHARS_MIN} characters, so a copy could not be told"),
            }));
        }
        locked(&self.values).push(copy_of(value));
        Ok(())
    }

    /// Looks for every known value in what an answer prints. Everything a connector returns
    /// derives its Display and JSON from the same fields, so Debug shows whatever they do.
    pub(super) fn listen<T: Debug>(&self, call: &str, answer: &T) {
        let shown = format!("{answer:?}");
        if locked(&self.values).iter().any(|value| shown.contains(value.expose().as_str())) {
            locked(&self.leaks).push(call.to_owned());
        }
    }

    /// The canary: whether any value showed in anything heard so far.
    pub(super) fn no_secret_showed(&self) -> Result<(), Stop> {
        let mut leaks = locked(&self.leaks).clone();
        leaks.sort();
        leaks.dedup();
        ensure(leaks.is_empty(), || format!("a value shows in what was answered to: {}", leaks.join(", ")))
    }
}

fn copy_of(value: &Secret<String>) -> Secret<String> {
    Secret::new(value.expose().clone())
}
