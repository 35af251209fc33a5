//! The one way every call goes: count it, let misfortune strike, answer or never answer.
//!
//! Effects happen under the world's lock and answers are given after it, so that a lost
//! answer and a crash are exactly "it happened, nobody heard". Nothing is retried here.

use super::{
    fault::{Call, FaultKind},
    journal::{BreachKind, Ended, Journal},
    source::ChaosSource,
    state::WorldState,
    world::ChaosWorld,
};
use crate::OutsideFailure;
use std::time::Duration;
use tenure_model::{Instant, IntentRecord, PrincipalKey, StepKind};

/// What a call is about, for the journal and for misfortune.
#[derive(Clone, Copy)]
pub(super) struct Question<'call> {
    pub(super) call: Call,
    pub(super) principal: Option<&'call PrincipalKey>,
    pub(super) point: Option<&'call str>,
    pub(super) intent: Option<&'call IntentRecord>,
}

impl<'call> Question<'call> {
    /// A call about nobody.
    pub(super) const fn of(call: Call) -> Self {
        Self { call, principal: None, point: None, intent: None }
    }

    /// A call about one principal.
    pub(super) const fn about(call: Call, principal: &'call PrincipalKey) -> Self {
        Self { call, principal: Some(principal), point: None, intent: None }
    }

    fn subject(&self) -> String {
        let principal = self.principal.map_or("", |key| key.0.as_str());
        format!("{principal}@{}", self.point.unwrap_or(""))
    }
}

/// Whether an answer is the truth or what the caller hopes for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Honesty {
    Honest,
    Lying,
}

/// How a call goes on after the lock is released.
pub(super) enum Course<T> {
    Answer(T),
    Never,
}

/// The source belongs to a process that has died.
pub(super) struct LifeOver;

/// What misfortune does to one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Fail,
    FailAfter,
    Hang,
    HangAfter,
    Crash,
    CrashAfter,
    Answer(Honesty),
}

impl Fate {
    pub(super) const fn of(fault: Option<FaultKind>) -> Self {
        match fault {
            None => Self::Answer(Honesty::Honest),
            Some(FaultKind::Lie) => Self::Answer(Honesty::Lying),
            Some(
                FaultKind::Error
                | FaultKind::Throttle
                | FaultKind::Unreachable
                | FaultKind::Puzzle
                | FaultKind::Survey(_),
            ) => Self::Fail,
            Some(FaultKind::TimeoutBefore) => Self::Hang,
            Some(FaultKind::LostResponse) => Self::FailAfter,
            Some(FaultKind::HangAfter) => Self::HangAfter,
            Some(FaultKind::CrashBefore) => Self::Crash,
            Some(FaultKind::CrashAfter) => Self::CrashAfter,
        }
    }

    const fn ended(self) -> Ended {
        match self {
            Self::Answer(_) => Ended::Answered,
            Self::Fail | Self::FailAfter => Ended::Failed,
            Self::Hang | Self::HangAfter | Self::Crash | Self::CrashAfter => Ended::Never,
        }
    }
}

/// The failure a caller hears of.
pub(super) fn failure_of(fault: FaultKind) -> OutsideFailure {
    match fault {
        FaultKind::Throttle => OutsideFailure::Throttled {
            why: "too many requests".to_owned(),
            retry_after: Some(Duration::from_secs(2)),
        },
        FaultKind::Unreachable => OutsideFailure::Unreachable { why: "connection refused".to_owned() },
        FaultKind::Puzzle => OutsideFailure::Puzzling { why: "an empty answer".to_owned() },
        FaultKind::LostResponse => OutsideFailure::Lost { why: "connection reset".to_owned() },
        FaultKind::Error
        | FaultKind::TimeoutBefore
        | FaultKind::HangAfter
        | FaultKind::Lie
        | FaultKind::CrashBefore
        | FaultKind::CrashAfter
        | FaultKind::Survey(_) => OutsideFailure::Refused {
            code: "CH500".to_owned(),
            why: "internal error".to_owned(),
            remedy: "ask whoever runs the system".to_owned(),
        },
    }
}

/// While it exists, an act on a principal is under way.
pub(super) struct UnderWay {
    world: ChaosWorld,
    key: PrincipalKey,
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut state = self.world.state();
        if let Some(count) = state.under_way.get_mut(&self.key) {
            *count = count.saturating_sub(1);
        }
    }
}

impl ChaosSource {
    /// Asks the world something. `fail` turns a failure into this call's kind of answer;
    /// `answer` is run at most once, under the lock.
    pub(super) async fn ask<T: Send>(
        &self,
        question: Question<'_>,
        fail: impl Fn(OutsideFailure) -> T + Send,
        answer: impl FnOnce(&mut WorldState, Instant, Honesty) -> T + Send,
    ) -> T {
        let _under_way = self.begin(question);
        tokio::task::yield_now().await;
        match self.decide(question, fail, answer) {
            Course::Answer(answered) => answered,
            Course::Never => std::future::pending().await,
        }
    }

    /// Marks an act as under way, and notes when it was not alone.
    fn begin(&self, question: Question<'_>) -> Option<UnderWay> {
        let (Call::Act(step), Some(key)) = (question.call, question.principal) else { return None };
        let now = self.world.now();
        let mut state = self.world.state();
        if state.crashes != self.life {
            return None;
        }
        let count = state.under_way.entry(key.clone()).or_insert(0);
        *count += 1;
        if *count > 1 {
            state.breach(now, key, BreachKind::TwoActsAtOnce);
        }
        if let Some(intent) = question.intent {
            self.examine(&mut state, now, step, intent);
        }
        drop(state);
        Some(UnderWay { world: self.world.clone(), key: key.clone() })
    }

    fn examine(&self, state: &mut WorldState, now: Instant, step: StepKind, intent: &IntentRecord) {
        if now > intent.deadline {
            state.breach(now, &intent.principal, BreachKind::ActAfterDeadline { intent: intent.id });
        }
        if intent.source != self.id {
            state.breach(now, &intent.principal, BreachKind::ForeignIntent { intent: intent.id });
        }
        let used = (step, intent.principal.clone());
        if *state.intents.entry(intent.id).or_insert_with(|| used.clone()) != used {
            state.breach(now, &intent.principal, BreachKind::IntentReused { intent: intent.id });
        }
    }

    /// Draws what goes wrong with a call and writes the journal entry that `conclude` completes.
    pub(super) fn draw(
        &self,
        state: &mut WorldState,
        now: Instant,
        question: Question<'_>,
    ) -> Result<Option<FaultKind>, LifeOver> {
        if state.crashes != self.life {
            return Err(LifeOver);
        }
        state.let_consumers_return(now);
        state.touched.clear();
        let struck = state.misfortune.strike(question.call, &question.subject());
        let fault = if state.down.is_some() { Some(FaultKind::Unreachable) } else { struck };
        state.journal.push(Journal {
            at: now,
            life: self.life,
            call: question.call,
            principal: question.principal.cloned(),
            point: question.point.map(str::to_owned),
            intent: question.intent.map(|intent| intent.id),
            action: question.intent.map(|intent| intent.action),
            attempt: question.intent.map(|intent| intent.attempt),
            fault,
            touched: Vec::new(),
            ended: Ended::Never,
        });
        Ok(fault)
    }

    fn decide<T>(
        &self,
        question: Question<'_>,
        fail: impl Fn(OutsideFailure) -> T,
        answer: impl FnOnce(&mut WorldState, Instant, Honesty) -> T,
    ) -> Course<T> {
        let now = self.world.now();
        let mut state = self.world.state();
        let Ok(fault) = self.draw(&mut state, now, question) else { return Course::Never };
        let fate = Fate::of(fault);
        let failed = |fault: Option<FaultKind>| fail(failure_of(fault.unwrap_or(FaultKind::Error)));
        let course = match fate {
            Fate::Answer(honesty) => Course::Answer(answer(&mut state, now, honesty)),
            Fate::Fail => Course::Answer(failed(fault)),
            Fate::FailAfter => {
                answer(&mut state, now, Honesty::Honest);
                Course::Answer(failed(fault))
            }
            Fate::HangAfter | Fate::CrashAfter => {
                answer(&mut state, now, Honesty::Honest);
                Course::Never
            }
            Fate::Hang | Fate::Crash => Course::Never,
        };
        let touched = std::mem::take(&mut state.touched);
        if let Some(entry) = state.journal.last_mut() {
            entry.touched = touched;
            entry.ended = fate.ended();
        }
        self.die_if(fate, &mut state);
        course
    }

    /// Ends this life of the process when that is its fate.
    pub(super) fn die_if(&self, fate: Fate, state: &mut WorldState) {
        if matches!(fate, Fate::Crash | Fate::CrashAfter) {
            state.crashes += 1;
            self.world.announce_crash();
        }
    }
}
