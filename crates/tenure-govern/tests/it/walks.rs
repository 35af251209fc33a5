//! Whole plans in virtual time: a small honest world carries out what the machine says.
//!
//! The walk is written down as text and reviewed. "Crash everywhere" forgets the answer of every
//! act once and observes it instead: the path must be the same.

use crate::view::{at, fresh, fresh_by_key};
use std::{fmt::Write as _, time::Duration};
use tenure_govern::{Look, Next, PlanView, Seen, SeenWhat, next};
use tenure_model::{ControlPlane, Instant, PlanState, ProbeAnswer, StepKind, StepState};

#[derive(Default)]
struct World {
    installed: Option<Instant>,
    disabled: Option<Instant>,
    deleted: Option<Instant>,
    crash_everywhere: bool,
    /// How late each point hears of a change.
    lags: [(&'static str, u64); 3],
    deny_is_refused: bool,
    by_key: bool,
}

impl World {
    fn accepts(&self, point: &str, now: Instant) -> bool {
        let lag = self.lags.iter().find(|(name, _)| *name == point).map_or(0, |(_, lag)| *lag);
        let heard =
            |change: Option<Instant>| change.is_some_and(|at| at.plus(Duration::from_secs(lag)) <= now);
        (self.by_key || heard(self.installed)) && !heard(self.disabled) && !heard(self.deleted)
    }

    fn act(&mut self, kind: StepKind, now: Instant) -> bool {
        match kind {
            StepKind::Deny if self.deny_is_refused => return false,
            StepKind::Deny => self.installed = self.installed.or(Some(now)),
            StepKind::Disable => self.disabled = self.disabled.or(Some(now)),
            StepKind::Delete => self.deleted = self.deleted.or(Some(now)),
            StepKind::Enable => self.disabled = None,
            StepKind::EndSessions
            | StepKind::Control
            | StepKind::Sweep
            | StepKind::Prove
            | StepKind::Tighten
            | StepKind::Loosen => {}
        }
        true
    }

    fn look(&self, look: Look, now: Instant) -> SeenWhat {
        let answer = |point: &str| {
            if self.accepts(point, now) {
                ProbeAnswer::Accepted
            } else {
                ProbeAnswer::Refused { how: String::from("28P01") }
            }
        };
        match look {
            Look::Control(point) => SeenWhat::Control { answer: answer(point.as_str()), point },
            Look::After(point) => SeenWhat::After { answer: answer(point.as_str()), point },
            Look::ControlPlane if self.deleted.is_some() => SeenWhat::ControlPlane(ControlPlane::Absent),
            Look::ControlPlane if self.disabled.is_some() => SeenWhat::ControlPlane(ControlPlane::Disabled),
            Look::ControlPlane => SeenWhat::ControlPlane(ControlPlane::Enabled),
            Look::Derived => {
                SeenWhat::Derived { found: Vec::new(), unread: Vec::new(), unknowable: Vec::new() }
            }
        }
    }
}

fn set(view: &mut PlanView, position: i64, state: StepState, now: Instant) {
    let step = view.steps.iter_mut().find(|step| step.position == position).unwrap();
    step.state = state;
    step.done = (state == StepState::Done).then_some(now);
}

fn act(view: &mut PlanView, world: &mut World, position: i64, now: Instant) {
    let step = view.steps.iter_mut().find(|step| step.position == position).unwrap();
    step.attempt += 1;
    let kind = step.kind;
    let done = world.act(kind, now);
    if !done {
        step.state = StepState::Failed;
        step.escalated = true;
    } else if world.crash_everywhere {
        step.state = StepState::Intended;
    } else {
        set(view, position, StepState::Done, now);
    }
}

/// Walks a plan to its end; returns the walk as text.
fn walk(mut view: PlanView, mut world: World) -> String {
    let mut text = String::new();
    let mut now = at(0);
    for _ in 0..300 {
        now = now.plus(Duration::from_micros(1));
        let decided = next(&view, now);
        let seconds = now.since(at(0)).as_secs();
        match decided {
            Next::Wait { until, .. } => {
                assert!(until > now, "it waits for the past");
                now = until;
                continue;
            }
            Next::Begin => view.state = PlanState::Running,
            Next::Keep => view.can_try = true,
            Next::Act(position) => act(&mut view, &mut world, position, now),
            Next::Observe(position) | Next::Complete(position) => {
                set(&mut view, position, StepState::Done, now);
            }
            Next::Look(ref look) => {
                let what = world.look(look.clone(), now);
                view.seen.push(Seen { at: now, what });
            }
            Next::GiveUp(position, _) => set(&mut view, position, StepState::Skipped, now),
            Next::Repeat(position, _) => set(&mut view, position, StepState::Waiting, now),
            Next::Finish(assessment) => {
                let _ = writeln!(text, "{seconds:>3} s finish {}: {}", assessment.level, assessment.sentence);
                return text;
            }
            Next::FinishUndo => {
                let _ = writeln!(text, "{seconds:>3} s finish undo");
                return text;
            }
            Next::Nothing => panic!("nothing to do before the end\n{text}"),
        }
        let _ = writeln!(text, "{seconds:>3} s {}", words(&view, &decided));
    }
    panic!("no end\n{text}");
}

fn words(view: &PlanView, decided: &Next) -> String {
    let kind = |position: &i64| view.steps.iter().find(|step| step.position == *position).unwrap().kind;
    match decided {
        Next::Act(position) => format!("act {}", kind(position)),
        Next::Observe(position) => format!("observe {}", kind(position)),
        Next::Complete(position) => format!("complete {}", kind(position)),
        Next::GiveUp(position, why) => format!("give up {}: {why}", kind(position)),
        Next::Repeat(position, why) => format!("repeat {}: {why}", kind(position)),
        Next::Look(Look::Control(point)) => format!("control at {point}"),
        Next::Look(Look::After(point)) => format!("try at {point}"),
        Next::Look(Look::ControlPlane) => String::from("read afresh"),
        Next::Look(Look::Derived) => String::from("look for what came from it"),
        Next::Begin | Next::Keep | Next::Nothing | Next::Wait { .. } | Next::Finish(_) | Next::FinishUndo => {
            format!("{decided:?}").to_lowercase()
        }
    }
}

const NEAR: [(&str, u64); 3] = [("primary", 0), ("replica-1", 0), ("pooler", 0)];

#[test]
fn a_revocation_at_three_points() {
    insta::assert_snapshot!(walk(fresh(), World { lags: NEAR, ..World::default() }));
}

#[test]
fn a_revocation_by_the_public_key_at_three_points() {
    let world = World { lags: NEAR, by_key: true, ..World::default() };
    insta::assert_snapshot!(walk(fresh_by_key(), world));
}

#[test]
fn a_replica_that_lags_is_waited_for() {
    let lags = [("primary", 0), ("replica-1", 4), ("pooler", 0)];
    insta::assert_snapshot!(walk(fresh(), World { lags, ..World::default() }));
}

#[test]
fn a_password_that_cannot_be_replaced_does_not_keep_it_alive() {
    let world = World { lags: NEAR, deny_is_refused: true, ..World::default() };
    insta::assert_snapshot!(walk(fresh(), world));
}

#[test]
fn a_crash_after_every_act_takes_the_same_path() {
    let straight = walk(fresh(), World { lags: NEAR, ..World::default() });
    let crashed = walk(fresh(), World { lags: NEAR, crash_everywhere: true, ..World::default() });
    let without_observing: Vec<&str> = crashed.lines().filter(|line| !line.contains("observe")).collect();
    assert_eq!(without_observing, straight.lines().collect::<Vec<_>>());
    assert!(crashed.contains("observe delete"));
}

#[test]
fn a_point_that_never_hears_of_it_is_never_called_dead() {
    let mut view = fresh();
    view.points.truncate(2);
    let lags = [("primary", 0), ("replica-1", 3), ("pooler", 0)];
    let mut world = World { lags, ..World::default() };
    let mut now = at(0);
    for _ in 0..400 {
        now = now.plus(Duration::from_micros(1));
        match next(&view, now) {
            Next::Wait { until, .. } => now = until,
            Next::Begin => view.state = PlanState::Running,
            Next::Keep => view.can_try = true,
            Next::Act(position) => {
                act(&mut view, &mut world, position, now);
                if view.is_done(StepKind::Disable) {
                    // From here on the replica hears nothing any more.
                    world.lags[1].1 = 1_000_000;
                    world.installed = Some(at(0));
                }
            }
            Next::Observe(position) | Next::Complete(position) => {
                set(&mut view, position, StepState::Done, now);
            }
            Next::Look(look) => {
                let what = match (&look, world.lags[1].1) {
                    (Look::After(point), 1_000_000) if point.as_str() == "replica-1" => {
                        SeenWhat::After { point: point.clone(), answer: ProbeAnswer::Accepted }
                    }
                    _ => world.look(look, now),
                };
                view.seen.push(Seen { at: now, what });
            }
            Next::GiveUp(position, _) => set(&mut view, position, StepState::Skipped, now),
            Next::Repeat(position, _) => set(&mut view, position, StepState::Waiting, now),
            Next::Finish(assessment) => panic!("finished with {}: {}", assessment.level, assessment.sentence),
            Next::FinishUndo | Next::Nothing => panic!("nothing to do"),
        }
    }
}
