//! Random honest worlds, in virtual time: acts fail and answers get lost, points lag or are away for a while,
//! sessions and rights come back, and every plan still ends, with no more claimed than is true.
//!
//! An undo may come at any decision before the removal and must end as well, without removing anything.

use crate::view::{at, fresh, fresh_by_key};
use proptest::prelude::*;
use std::time::Duration;
use tenure_govern::{
    Assessment, Look, Lost, NeedsPerson, Next, PlanView, Seen, SeenWhat, StepView, assess, next,
    settle_failure,
};
use tenure_model::{
    ControlPlane, Derived, Instant, PlanState, ProbeAnswer, ProofLevel, StepEvent, StepKind, StepState,
};

/// What happens to one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Answered,
    Refused,
    LostBefore,
    LostAfter,
}

#[derive(Debug, Clone)]
struct World {
    fates: Vec<Fate>,
    lags: [u64; 3],
    /// Seconds during which a point cannot be reached.
    away: [(u64, u64); 3],
    /// Sessions that come back after they were ended, so many times.
    returning: u8,
    /// Somebody allows it to log in again, so many times, after it was disabled.
    enabling: u8,
    changes: Vec<(Instant, Known)>,
    sessions: bool,
    calls: usize,
    /// True where points say of the public key whether they would take it.
    by_key: bool,
}

/// What the system knows of the principal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Known {
    ours: bool,
    login: bool,
    exists: bool,
}

const UNTOUCHED: Known = Known { ours: false, login: true, exists: true };

impl World {
    fn known_at(&self, when: Instant) -> Known {
        self.changes.iter().rev().find(|(at, _)| *at <= when).map_or(UNTOUCHED, |(_, known)| *known)
    }

    fn probe(&self, name: &str, now: Instant) -> ProbeAnswer {
        let index = ["primary", "replica-1", "pooler"].iter().position(|known| *known == name).unwrap();
        let (from, to) = self.away[index];
        if now >= at(from) && now < at(to) {
            return ProbeAnswer::Unreachable { why: String::from("timeout") };
        }
        let known = self.known_at(now.minus(Duration::from_secs(self.lags[index])));
        if known.exists && known.login && (known.ours || self.by_key) {
            ProbeAnswer::Accepted
        } else {
            ProbeAnswer::Refused { how: String::from("28P01") }
        }
    }

    fn change(&mut self, kind: StepKind, now: Instant) {
        let known = self.known_at(now);
        let changed = match kind {
            StepKind::Deny => Known { ours: true, ..known },
            StepKind::Disable => Known { login: false, ..known },
            StepKind::Enable => Known { login: true, ours: false, ..known },
            StepKind::Delete => {
                assert!(!known.login, "it is removed only after it was disabled");
                Known { exists: false, ..known }
            }
            StepKind::EndSessions => {
                self.sessions = false;
                known
            }
            StepKind::Control | StepKind::Sweep | StepKind::Prove | StepKind::Tighten | StepKind::Loosen => {
                panic!("{kind} changes nothing")
            }
        };
        self.changes.push((now, changed));
    }

    fn has_effect(&self, kind: StepKind, now: Instant) -> bool {
        let known = self.known_at(now);
        match kind {
            StepKind::Deny => known.ours,
            StepKind::Disable => !known.login,
            // Being let in again with the value of its owner, not with ours.
            StepKind::Enable => known.login && !known.ours,
            StepKind::Delete => !known.exists,
            StepKind::EndSessions => !self.sessions,
            StepKind::Control | StepKind::Sweep | StepKind::Prove | StepKind::Tighten | StepKind::Loosen => {
                false
            }
        }
    }

    fn look(&mut self, look: Look, now: Instant) -> SeenWhat {
        match look {
            Look::Control(point) => SeenWhat::Control { answer: self.probe(point.as_str(), now), point },
            Look::After(point) => SeenWhat::After { answer: self.probe(point.as_str(), now), point },
            Look::ControlPlane => {
                let known = self.known_at(now);
                if known.exists && !known.login && self.enabling > 0 {
                    self.enabling -= 1;
                    self.changes.push((now, Known { login: true, ..known }));
                }
                let known = self.known_at(now);
                SeenWhat::ControlPlane(match (known.exists, known.login) {
                    (false, _) => ControlPlane::Absent,
                    (true, false) => ControlPlane::Disabled,
                    (true, true) => ControlPlane::Enabled,
                })
            }
            Look::Derived => {
                if !self.sessions && self.returning > 0 {
                    self.returning -= 1;
                    self.sessions = true;
                }
                let session = Derived {
                    point: String::from("primary"),
                    kind: String::from("session"),
                    name: String::from("7"),
                };
                SeenWhat::Derived {
                    found: if self.sessions { vec![session] } else { vec![] },
                    unread: vec![],
                    unknowable: vec![],
                }
            }
        }
    }
}

fn step_at(view: &mut PlanView, position: i64) -> &mut StepView {
    view.steps.iter_mut().find(|step| step.position == position).unwrap()
}

fn settle(view: &mut PlanView, position: i64, event: StepEvent, now: Instant) {
    let step = step_at(view, position);
    step.state = tenure_model::lifecycle::advance(step.state, event).unwrap();
    if step.state == StepState::Done {
        step.done = Some(now);
    }
}

fn fail(view: &mut PlanView, position: i64, lost: Lost, now: Instant) {
    let attempt = step_at(view, position).attempt;
    let settled = settle_failure(now, attempt, lost, NeedsPerson::No, None);
    settle(view, position, settled.event, now);
    let step = step_at(view, position);
    step.not_before = settled.not_before;
    step.escalated |= settled.escalate;
}

fn act(view: &mut PlanView, world: &mut World, position: i64, now: Instant) {
    settle(view, position, StepEvent::Intend, now);
    let step = step_at(view, position);
    step.attempt += 1;
    let kind = step.kind;
    world.calls += 1;
    match world.fates.get(world.calls).copied().unwrap_or(Fate::Answered) {
        Fate::Answered => {
            world.change(kind, now);
            settle(view, position, StepEvent::Succeed, now);
        }
        Fate::Refused => fail(view, position, Lost::No, now),
        Fate::LostBefore => fail(view, position, Lost::Yes, now),
        Fate::LostAfter => {
            world.change(kind, now);
            fail(view, position, Lost::Yes, now);
        }
    }
}

/// As the engine does it: what follows a repeated step was seen under a belief that turned out wrong.
fn repeat(view: &mut PlanView, position: i64, now: Instant) {
    settle(view, position, StepEvent::Repeat, now);
    let later: Vec<i64> = view
        .steps
        .iter()
        .filter(|step| step.state == StepState::Done && !step.kind.acts() && step.kind != StepKind::Control)
        .map(|step| step.position)
        .collect();
    for position in later {
        settle(view, position, StepEvent::Repeat, now);
    }
}

/// How a run ended.
enum End {
    Finished(Assessment),
    TakenBack,
}

/// Runs a plan to its end; an undo is asked for at the decision `undo_at`, if that is before the removal.
fn run(view: &mut PlanView, world: &mut World, undo_at: Option<usize>) -> (End, Instant) {
    let mut now = at(0);
    for decision in 0..5_000 {
        now = now.plus(Duration::from_millis(1));
        let removal = view.step(StepKind::Delete).unwrap();
        let may_undo = removal.attempt == 0 && view.state == PlanState::Running;
        if undo_at.is_some_and(|at| decision >= at) && may_undo {
            view.state = PlanState::Undoing;
            let last = view.steps[view.steps.len() - 1].clone();
            let enable =
                StepView { position: last.position + 1, kind: StepKind::Enable, not_before: at(0), ..last };
            view.steps.push(StepView { state: StepState::Waiting, attempt: 0, done: None, ..enable });
        }
        match next(view, now) {
            Next::Wait { until, escalate } => {
                assert!(until > now, "it waits for the past");
                if let Some(position) = escalate {
                    step_at(view, position).escalated = true;
                }
                now = until;
            }
            Next::Begin => view.state = PlanState::Running,
            Next::Keep => view.can_try = true,
            Next::Act(position) => {
                let kind = step_at(view, position).kind;
                assert!(view.state == PlanState::Running || kind == StepKind::Enable, "{kind} in an undo");
                act(view, world, position, now);
            }
            Next::Observe(position) => {
                let there = world.has_effect(step_at(view, position).kind, now);
                let event = if there { StepEvent::Succeed } else { StepEvent::Fail };
                settle(view, position, event, now);
            }
            Next::Look(look) => {
                let what = world.look(look, now);
                view.seen.push(Seen { at: now, what });
            }
            Next::Complete(position) => {
                settle(view, position, StepEvent::Intend, now);
                settle(view, position, StepEvent::Succeed, now);
            }
            Next::GiveUp(position, _) => settle(view, position, StepEvent::GiveUp, now),
            Next::Repeat(position, _) => repeat(view, position, now),
            Next::Finish(assessment) => return (End::Finished(assessment), now),
            Next::FinishUndo => return (End::TakenBack, now),
            Next::Nothing => panic!("nothing to do before the end: {:?}", view.steps),
        }
    }
    panic!("no end by {now}: {:?}", view.steps);
}

fn world() -> impl Strategy<Value = World> {
    let fate = prop_oneof![
        5 => Just(Fate::Answered),
        1 => Just(Fate::Refused),
        1 => Just(Fate::LostBefore),
        1 => Just(Fate::LostAfter),
    ];
    let lag = || 0_u64..=5;
    let away = || (0_u64..60, 0_u64..60).prop_map(|(from, for_seconds)| (from, from + for_seconds));
    (prop::collection::vec(fate, 0..30), [lag(), lag(), lag()], [away(), away(), away()], 0_u8..8, 0_u8..4)
        .prop_map(|(fates, lags, away, returning, enabling)| World {
            fates,
            lags,
            away,
            returning,
            enabling,
            changes: Vec::new(),
            sessions: true,
            calls: 0,
            by_key: false,
        })
}

/// What is claimed is true of the world.
fn assert_true(view: &PlanView, world: &mut World, assessment: &Assessment, now: Instant) {
    assert!(!world.known_at(now).exists, "it is gone");
    if assessment.level >= ProofLevel::P3 {
        for name in ["primary", "replica-1", "pooler"] {
            assert_ne!(world.probe(name, now), ProbeAnswer::Accepted, "{name}");
        }
    }
    if assessment.level >= ProofLevel::P4 {
        assert!(!world.sessions);
    }
    assert_eq!(assess(view), *assessment);
    assert!(assessment.alive.is_empty(), "{:?}", assessment.alive);
}

/// Worlds that each simulation tries.
fn seeds() -> u32 {
    let seeds = std::env::var("TENURE_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(1_500);
    println!("FIGURE simulated revocations in random worlds | {seeds}");
    seeds
}

proptest! {
    #![proptest_config(ProptestConfig { cases: seeds(), ..ProptestConfig::default() })]

    #[test]
    fn every_honest_world_comes_to_an_end_and_what_is_claimed_is_true(mut world in world()) {
        let mut view = fresh();
        let (end, now) = run(&mut view, &mut world, None);
        let End::Finished(assessment) = end else { panic!("nobody took it back") };
        prop_assert!(assessment.level >= ProofLevel::P2, "{}", assessment.sentence);
        assert_true(&view, &mut world, &assessment, now);
    }

    #[test]
    fn by_its_public_key_every_honest_world_comes_to_an_end_and_what_is_claimed_is_true(world in world()) {
        let (mut view, mut world) = (fresh_by_key(), World { by_key: true, ..world });
        let (end, now) = run(&mut view, &mut world, None);
        let End::Finished(assessment) = end else { panic!("nobody took it back") };
        prop_assert!(assessment.level >= ProofLevel::P2, "{}", assessment.sentence);
        assert_true(&view, &mut world, &assessment, now);
    }

    #[test]
    fn by_its_public_key_an_undo_at_any_decision_ends_with_it_allowed_in_again(
        world in world(),
        undo_at in 1_usize..40,
    ) {
        let (mut view, mut world) = (fresh_by_key(), World { by_key: true, ..world });
        match run(&mut view, &mut world, Some(undo_at)) {
            (End::TakenBack, now) => {
                let known = world.known_at(now);
                prop_assert!(known.exists && known.login, "{known:?}");
            }
            (End::Finished(assessment), now) => assert_true(&view, &mut world, &assessment, now),
        }
    }

    #[test]
    fn an_undo_at_any_decision_ends_with_it_allowed_in_again(mut world in world(), undo_at in 1_usize..40) {
        let mut view = fresh();
        match run(&mut view, &mut world, Some(undo_at)) {
            (End::TakenBack, now) => {
                let known = world.known_at(now);
                prop_assert!(known.exists && known.login && !known.ours, "{known:?}");
            }
            // The removal had begun: then it ends as any other.
            (End::Finished(assessment), now) => assert_true(&view, &mut world, &assessment, now),
        }
    }
}

#[test]
fn without_trouble_it_ends_proved_and_soon() {
    let mut world = World {
        fates: Vec::new(),
        lags: [0, 5, 1],
        away: [(0, 0); 3],
        returning: 0,
        enabling: 0,
        changes: Vec::new(),
        sessions: true,
        calls: 0,
        by_key: false,
    };
    for (mut view, by_key) in [(fresh(), false), (fresh_by_key(), true)] {
        world = World { by_key, changes: Vec::new(), sessions: true, ..world };
        let (end, now) = run(&mut view, &mut world, None);
        let End::Finished(assessment) = end else { panic!("nobody took it back") };
        assert_eq!(assessment.level, ProofLevel::P4, "{}", assessment.sentence);
        assert!(now.since(at(0)) < Duration::from_secs(30), "{now}");
    }
}
