//! The connection to a chaos world: each call of the port, and where its answer comes from.
//!
//! It answers honestly through `reads.rs` and `acts.rs`; `ask.rs` decides whether the
//! caller hears of it. It must never look at `truth`.

use super::{
    acts,
    ask::{Fate, Honesty, Question, failure_of},
    fault::{Call, FaultKind, SurveyFault},
    journal::Ended,
    reads, survey,
    world::ChaosWorld,
};
use crate::{
    Act, BlastRadius, CheckReport, DerivedReading, Done, Effect, Fingerprint, Manifest, OutsideFailure,
    Source, SurveySink, Target,
};
use async_trait::async_trait;
use std::sync::Arc;
use tenure_model::{
    ControlPlane, Facts, Instant, ProbeAnswer, RecordedIntent, Secret, ShortName, SourceId, StepKind,
};

/// A connection to a chaos world. It belongs to one life of the process: after a scripted
/// crash every call to it hangs for ever and does nothing.
pub struct ChaosSource {
    pub(super) world: ChaosWorld,
    pub(super) manifest: &'static Manifest,
    pub(super) id: SourceId,
    /// Configured points and the points of the world their addresses lead to.
    pub(super) points: Vec<(ShortName, String)>,
    pub(super) page_size: usize,
    pub(super) fingerprint: Arc<dyn Fingerprint>,
    /// How many crashes there had been when it was made.
    pub(super) life: u64,
}

impl ChaosSource {
    pub(super) fn new(
        world: ChaosWorld,
        manifest: &'static Manifest,
        id: SourceId,
        points: Vec<(ShortName, String)>,
        page_size: usize,
        fingerprint: Arc<dyn Fingerprint>,
    ) -> Self {
        let life = world.crashes();
        Self { world, manifest, id, points, page_size, fingerprint, life }
    }

    /// The configured points as pairs of plain names.
    pub(super) fn points(&self) -> impl Iterator<Item = (&str, &str)> {
        self.points.iter().map(|(name, leads_to)| (name.as_str(), leads_to.as_str()))
    }
}

/// The step an act carries out.
const fn step_of(act: &Act<'_>) -> StepKind {
    match act {
        Act::Deny { .. } => StepKind::Deny,
        Act::Disable => StepKind::Disable,
        Act::EndSessions => StepKind::EndSessions,
        Act::Delete { .. } => StepKind::Delete,
        Act::Enable { .. } => StepKind::Enable,
        Act::Tighten => StepKind::Tighten,
        Act::Loosen => StepKind::Loosen,
    }
}

#[async_trait]
impl Source for ChaosSource {
    async fn check(&self) -> Result<CheckReport, OutsideFailure> {
        self.ask(Question::of(Call::Check), Err, |state, now, _| Ok(reads::check(self, state, now))).await
    }

    async fn observe(&self, now: Instant, sink: &mut dyn SurveySink) -> Result<(), OutsideFailure> {
        tokio::task::yield_now().await;
        let question = Question::of(Call::Observe);
        let drawn = {
            let mut state = self.world.state();
            self.draw(&mut state, self.world.now(), question)
        };
        let Ok(fault) = drawn else { return std::future::pending().await };
        let ended = self.survey(now, sink, fault).await;
        match ended {
            Some(result) => {
                let ended = if result.is_ok() { Ended::Answered } else { Ended::Failed };
                survey::conclude(self, ended);
                result
            }
            None => std::future::pending().await,
        }
    }

    async fn blast_radius(&self, target: &Target, _: Option<&str>) -> Result<BlastRadius, OutsideFailure> {
        let question = Question::about(Call::BlastRadius, &target.key);
        self.ask(question, Err, |state, now, honesty| match honesty {
            Honesty::Honest => reads::blast_radius(self, state, now, target),
            Honesty::Lying => Ok(reads::harmless()),
        })
        .await
    }

    async fn keepsake(&self, target: &Target) -> Result<Option<Secret<String>>, OutsideFailure> {
        let question = Question::about(Call::Keepsake, &target.key);
        self.ask(question, Err, |state, _, honesty| match honesty {
            Honesty::Honest => reads::keepsake(state, target),
            Honesty::Lying => Ok(None),
        })
        .await
    }

    async fn act(&self, intent: &RecordedIntent, act: &Act<'_>) -> Result<Done, OutsideFailure> {
        let record = intent.record();
        let question = Question {
            call: Call::Act(step_of(act)),
            principal: Some(&record.principal),
            point: None,
            intent: Some(record),
        };
        self.ask(question, Err, |state, now, honesty| match honesty {
            Honesty::Honest => acts::carry_out(self, state, now, record, act),
            Honesty::Lying => Ok(Done { changed: true, detail: Facts::new() }),
        })
        .await
    }

    async fn effect(&self, target: &Target, step: StepKind, value: Option<&Secret<String>>) -> Effect {
        let question = Question::about(Call::Effect(step), &target.key);
        let fail = |failure: OutsideFailure| Effect::Unobserved { why: failure.to_string() };
        self.ask(question, fail, |state, now, honesty| match honesty {
            Honesty::Honest => reads::effect(self, state, now, target, step, value),
            Honesty::Lying => Effect::Present,
        })
        .await
    }

    async fn control_plane(&self, target: &Target) -> ControlPlane {
        let question = Question::about(Call::ControlPlane, &target.key);
        let fail = |failure: OutsideFailure| ControlPlane::Unread { why: failure.to_string() };
        self.ask(question, fail, |state, _, honesty| match honesty {
            Honesty::Honest => reads::control_plane(state, target),
            Honesty::Lying if target.file.is_some() => ControlPlane::Disabled,
            Honesty::Lying => ControlPlane::Absent,
        })
        .await
    }

    async fn probe(&self, point: &ShortName, target: &Target, value: &Secret<String>) -> ProbeAnswer {
        let question = Question { point: Some(point.as_str()), ..Question::about(Call::Probe, &target.key) };
        let fail = |failure: OutsideFailure| match failure {
            OutsideFailure::Unreachable { why } | OutsideFailure::Lost { why } => {
                ProbeAnswer::Unreachable { why }
            }
            OutsideFailure::Throttled { .. }
            | OutsideFailure::Refused { .. }
            | OutsideFailure::TargetChanged { .. }
            | OutsideFailure::NotOurs { .. }
            | OutsideFailure::Puzzling { .. } => ProbeAnswer::CannotKnow { why: failure.to_string() },
        };
        self.ask(question, fail, |state, now, honesty| match honesty {
            Honesty::Honest => reads::probe(self, state, now, point, target, value),
            Honesty::Lying => reads::refused(),
        })
        .await
    }

    async fn derived(&self, target: &Target) -> DerivedReading {
        let question = Question::about(Call::Derived, &target.key);
        let fail = |failure: OutsideFailure| DerivedReading {
            found: Vec::new(),
            unread: self.points().map(|(point, _)| (point.to_owned(), failure.to_string())).collect(),
            unknowable: Vec::new(),
        };
        self.ask(question, fail, |state, now, honesty| match honesty {
            Honesty::Honest => reads::derived(self, state, now, target),
            Honesty::Lying => DerivedReading::default(),
        })
        .await
    }
}

impl ChaosSource {
    /// Runs a survey under `fault`. `None` means that no answer ever comes.
    async fn survey(
        &self,
        now: Instant,
        sink: &mut dyn SurveySink,
        fault: Option<FaultKind>,
    ) -> Option<Result<(), OutsideFailure>> {
        let fate = Fate::of(fault);
        let read = match (fault, fate) {
            (Some(FaultKind::Survey(fault)), _) => {
                return Some(survey::run(self, now, sink, Some(fault)).await);
            }
            (_, Fate::Answer(Honesty::Honest)) => return Some(survey::run(self, now, sink, None).await),
            (_, Fate::Answer(Honesty::Lying)) => {
                return Some(survey::run(self, now, sink, Some(SurveyFault::Empty)).await);
            }
            (_, Fate::FailAfter | Fate::HangAfter | Fate::CrashAfter) => {
                survey::run(self, now, sink, None).await
            }
            (_, Fate::Fail | Fate::Hang | Fate::Crash) => Ok(()),
        };
        self.die_if(fate, &mut self.world.state());
        match fate {
            Fate::Fail | Fate::FailAfter => {
                Some(read.and(Err(failure_of(fault.unwrap_or(FaultKind::Error)))))
            }
            Fate::Hang | Fate::HangAfter | Fate::Crash | Fate::CrashAfter | Fate::Answer(_) => None,
        }
    }
}
