//! The step machine: given a plan as it is written down, what comes next.
//!
//! It remembers nothing and does nothing. The engine carries out what it says, writes down
//! what happened, and asks again; so the path after a crash is the normal path. An intended
//! step found here was cut off: it is observed, never assumed (law 3).

use crate::{
    DerivedSeen, Look, PlanView, StepView,
    level::{Assessment, assess, control_at, past_lag},
    patience::{CONTROL_PATIENCE, ESCALATE_AFTER, backoff},
};
use std::time::Duration;
use tenure_model::{
    ControlPlane, Instant, PlanKind, PlanState, ProbeAnswer, ShortName, ShownBy, StepKind, StepState,
};

/// Distance between the first two tries of a value at a point; it doubles from there.
const TRY_DISTANCE: Duration = Duration::from_millis(500);
/// The longest distance between two tries of the control value.
const TRY_DISTANCE_MAX: Duration = Duration::from_secs(5);
/// Distance between two looks at something that is alive and cannot be ended.
const LIFE_DISTANCE: Duration = Duration::from_secs(16);

/// What comes next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Nothing: it is settled, or waits for a decision.
    Nothing,
    /// The first step may begin.
    Begin,
    /// Put into escrow what will be tried at the points, with what an undo needs: a value that is generated
    /// now, or the keepsake that names the public key.
    Keep,
    /// Record an intent for this step, act, settle.
    Act(i64),
    /// Observe whether this step's effect is there, and settle.
    Observe(i64),
    /// Make an observation for the proof and write it down.
    Look(Look),
    /// This step, which changes nothing, is done.
    Complete(i64),
    /// Go on without this step; the level will say so.
    GiveUp(i64, String),
    /// Do this step once more: something is alive again.
    Repeat(i64, String),
    /// Nothing before this instant; say so to a person when it drags on.
    Wait {
        /// Until when.
        until: Instant,
        /// True when a person should look at the step.
        escalate: Option<i64>,
    },
    /// All is done: this is what is known.
    Finish(Assessment),
    /// It was taken back.
    FinishUndo,
}

/// Says what comes next.
pub fn next(view: &PlanView, now: Instant) -> Next {
    match decide(view, now) {
        // Nobody is locked out for trying to read a file.
        Next::Look(Look::Control(_) | Look::After(_))
            if view.kind != PlanKind::Tighten && view.next_attempt(now) > now =>
        {
            Next::Wait { until: view.next_attempt(now), escalate: None }
        }
        decided => decided,
    }
}

fn decide(view: &PlanView, now: Instant) -> Next {
    match view.state {
        PlanState::Proposed
        | PlanState::Proved
        | PlanState::Short
        | PlanState::Undone
        | PlanState::Withdrawn => Next::Nothing,
        PlanState::Approved => Next::Begin,
        PlanState::Undoing => next_of_undo(view, now),
        PlanState::Running => next_of_run(view, now),
    }
}

fn next_of_undo(view: &PlanView, now: Instant) -> Next {
    if let Some(step) =
        view.steps.iter().find(|step| matches!(step.state, StepState::Intended | StepState::Unknown))
    {
        return observe(step, now);
    }
    match view.step(view.kind.taken_back_by()) {
        None => Next::FinishUndo,
        Some(step) => match step.state {
            StepState::Waiting | StepState::Failed => when_ready(step, now, Next::Act(step.position)),
            StepState::Intended | StepState::Unknown => observe(step, now),
            StepState::Done | StepState::Undone | StepState::Skipped => Next::FinishUndo,
        },
    }
}

fn next_of_run(view: &PlanView, now: Instant) -> Next {
    let open = view.steps.iter().find(|step| !matches!(step.state, StepState::Done | StepState::Skipped));
    let Some(step) = open else { return Next::Finish(assess(view)) };
    match step.state {
        // A point that cannot be asked for its sessions must not keep the identity alive: go on, and
        // let the readings for the proof say what still lives there.
        StepState::Unknown | StepState::Failed
            if step.kind == StepKind::EndSessions
                && step.escalated
                && view.step(StepKind::Delete).is_some() =>
        {
            let why = "sessions at some point could not be ended; the proof will say what lives";
            Next::GiveUp(step.position, String::from(why))
        }
        // Nothing outlives the attempt and nothing waits for it: what a person must mend first ends the plan.
        StepState::Failed if step.kind == StepKind::Tighten && step.escalated => {
            Next::GiveUp(step.position, step.answer.clone().unwrap_or_default())
        }
        StepState::Intended | StepState::Unknown => observe(step, now),
        StepState::Waiting | StepState::Failed => next_of_step(view, step, now),
        StepState::Done | StepState::Skipped | StepState::Undone => Next::Nothing,
    }
}

fn observe(step: &StepView, now: Instant) -> Next {
    when_ready(step, now, Next::Observe(step.position))
}

fn when_ready(step: &StepView, now: Instant, ready: Next) -> Next {
    if now >= step.not_before {
        ready
    } else {
        let escalate = (step.attempt >= ESCALATE_AFTER && !step.escalated).then_some(step.position);
        Next::Wait { until: step.not_before, escalate }
    }
}

fn next_of_step(view: &PlanView, step: &StepView, now: Instant) -> Next {
    match step.kind {
        StepKind::Deny => {
            // Best effort: without it the proof is weaker, but the identity must still end.
            if step.state == StepState::Failed && (step.escalated || step.attempt >= 3) {
                let why = "its value could not be replaced, so refusals will prove less";
                return Next::GiveUp(step.position, String::from(why));
            }
            let ready = if view.can_try { Next::Act(step.position) } else { Next::Keep };
            when_ready(step, now, ready)
        }
        StepKind::Control => next_of_control(view, step, now),
        // By INVARIANT it never comes to this; a removal that nothing can undo is worth asking twice.
        StepKind::Delete if view.step(StepKind::Disable).is_some() && !view.is_done(StepKind::Disable) => {
            Next::Nothing
        }
        StepKind::Disable
        | StepKind::EndSessions
        | StepKind::Delete
        | StepKind::Enable
        | StepKind::Tighten
        | StepKind::Loosen => when_ready(step, now, Next::Act(step.position)),
        StepKind::Sweep => next_of_sweep(view, step, now),
        StepKind::Prove => next_of_proof(view, step, now),
    }
}

fn next_of_control(view: &PlanView, step: &StepView, now: Instant) -> Next {
    match view.shown_by() {
        Some(ShownBy::PublicKey) if !view.can_try => return when_ready(step, now, Next::Keep),
        Some(ShownBy::Reader) if !view.can_try => {
            return Next::GiveUp(step.position, String::from("no account is named that could read it"));
        }
        Some(ShownBy::PublicKey | ShownBy::Reader | ShownBy::InstalledValue) | None => {}
    }
    let public = view.shown_by() != Some(ShownBy::InstalledValue);
    let Some(since) = view.controls_count_from() else {
        return Next::GiveUp(step.position, String::from("there is no value of ours to try"));
    };
    // Nothing was changed yet that a point would still have to hear of: only being away is waited for.
    let begun = if public { view.first_control().unwrap_or(now) } else { since.plus(view.lag) };
    let patience_ends = begun.plus(CONTROL_PATIENCE);
    let mut wake: Option<Instant> = None;
    for point in &view.points {
        let controls = view.controls(point, since);
        match controls.last() {
            None => return Next::Look(Look::Control(point.clone())),
            Some((_, ProbeAnswer::Accepted | ProbeAnswer::CannotKnow { .. })) => {}
            Some((_, ProbeAnswer::Refused { .. })) if public => {}
            Some((at, ProbeAnswer::Refused { .. } | ProbeAnswer::Unreachable { .. })) => {
                let again = at.plus(try_distance(controls.len()));
                if now < patience_ends && now >= again {
                    return Next::Look(Look::Control(point.clone()));
                }
                if now < patience_ends {
                    wake = Some(wake.map_or(again, |earliest| earliest.min(again)));
                }
            }
        }
    }
    match wake {
        Some(until) => Next::Wait { until, escalate: None },
        None => Next::Complete(step.position),
    }
}

/// How long to wait after the `tries`th try of the control value: 0.5 s, doubling, at most 5 s.
fn try_distance(tries: usize) -> Duration {
    let doublings = u32::try_from(tries.saturating_sub(1)).unwrap_or(u32::MAX).min(10);
    TRY_DISTANCE.saturating_mul(1 << doublings).min(TRY_DISTANCE_MAX)
}

fn next_of_sweep(view: &PlanView, step: &StepView, now: Instant) -> Next {
    let since = view.last_act().unwrap_or(now);
    match view.derived(since) {
        None => when_ready(step, now, Next::Look(Look::Derived)),
        Some(seen) if seen.found.is_empty() => Next::Complete(step.position),
        Some(seen) => still_alive(view, step, seen, now),
    }
}

/// Something that came from it is alive: end sessions once more, at growing distances, and keep looking.
fn still_alive(view: &PlanView, step: &StepView, seen: DerivedSeen<'_>, now: Instant) -> Next {
    let again = seen.at.plus(LIFE_DISTANCE);
    let mut until = again;
    // Also when it was given up at first: what kept it from working may have passed.
    let ended = |end: &&StepView| matches!(end.state, StepState::Done | StepState::Skipped);
    if let Some(end) = view.step(StepKind::EndSessions).filter(ended) {
        let repeat = repeat_from(end);
        if now >= repeat {
            return Next::Repeat(end.position, String::from("something that came from it is alive"));
        }
        until = until.min(repeat);
    }
    if now >= again { Next::Look(Look::Derived) } else { wait_on(view, step, until, now) }
}

/// When a step that did not hold may be done once more: at once, then at growing distances.
fn repeat_from(step: &StepView) -> Instant {
    let last = step.done.map_or(step.not_before, |done| done.max(step.not_before));
    if step.attempt < 2 { last } else { last.plus(backoff(step.attempt)) }
}

fn repeat(view: &PlanView, step: &StepView, kind: StepKind, why: &str, now: Instant) -> Option<Next> {
    let again = view.step(kind).filter(|step| step.state == StepState::Done)?;
    let from = repeat_from(again);
    Some(if now >= from {
        Next::Repeat(again.position, why.to_owned())
    } else {
        wait_on(view, step, from, now)
    })
}

/// Waits; once a minute past the lag has gone by, a person is asked to look.
fn wait_on(view: &PlanView, step: &StepView, until: Instant, now: Instant) -> Next {
    let patient_until = view.last_act().unwrap_or(now).plus(view.lag).plus(Duration::from_mins(1));
    if now < patient_until { Next::Wait { until, escalate: None } } else { wait(step, until) }
}

fn wait(step: &StepView, until: Instant) -> Next {
    Next::Wait { until, escalate: (!step.escalated).then_some(step.position) }
}

fn next_of_proof(view: &PlanView, step: &StepView, now: Instant) -> Next {
    let Some(since) = view.last_act() else { return Next::Complete(step.position) };
    match view.kind {
        PlanKind::Enable => return next_of_return(view, step, since, now),
        PlanKind::Tighten => return crate::tighten::next_look(view, step, since, now),
        PlanKind::Disable | PlanKind::Revoke => {}
    }
    let past_lag = since.plus(view.lag);
    // One look at each point at once, so that what is still open is seen early.
    let mut wake: Option<Instant> = None;
    for point in &view.points {
        match look_at_point(view, point, since, now) {
            PointLook::Now => return Next::Look(Look::After(point.clone())),
            PointLook::At(until) => wake = Some(wake.map_or(until, |earliest| earliest.min(until))),
            PointLook::Never => {}
        }
    }
    if let Some(again) = reread(view, step, since, now) {
        return again;
    }
    let derived = view.derived(past_lag);
    if let Some(seen) = derived.filter(|seen| !seen.found.is_empty()) {
        return still_alive(view, step, seen, now);
    }
    match derived.map(|seen| (seen.at, seen.unread.is_empty())) {
        None if now >= past_lag => return Next::Look(Look::Derived),
        None => wake = Some(wake.map_or(past_lag, |earliest| earliest.min(past_lag))),
        Some((_, true)) => {}
        // Where refusals prove nothing, a reading that some point withholds cannot raise the level.
        Some((_, false)) if view.points.iter().any(|point| control_at(view, point).is_err()) => {}
        Some((at, false)) => {
            let again = at.plus(Duration::from_secs(5));
            if now >= again {
                return Next::Look(Look::Derived);
            }
            wake = Some(wake.map_or(again, |earliest| earliest.min(again)));
        }
    }
    wake.map_or(Next::Complete(step.position), |until| wait_on(view, step, until, now))
}

/// Bringing something back is shown by a fresh read alone: we hold no value of its owner to try.
fn next_of_return(view: &PlanView, step: &StepView, since: Instant, now: Instant) -> Next {
    match view.control_plane(since) {
        None => Next::Look(Look::ControlPlane),
        Some((_, ControlPlane::Enabled)) => Next::Complete(step.position),
        Some((at, ControlPlane::Unread { .. } | ControlPlane::Absent | ControlPlane::Disabled)) => {
            let again = at.plus(Duration::from_secs(5));
            if now >= again { Next::Look(Look::ControlPlane) } else { wait(step, again) }
        }
    }
}

/// A fresh read, once after the last act and again while it shows the wrong thing.
fn reread(view: &PlanView, step: &StepView, since: Instant, now: Instant) -> Option<Next> {
    match view.control_plane(since) {
        None => Some(Next::Look(Look::ControlPlane)),
        Some((_, ControlPlane::Absent)) => None,
        // Still there although a removal was confirmed: the confirmation was wrong.
        Some((_, ControlPlane::Disabled)) => {
            repeat(view, step, StepKind::Delete, "a fresh read shows it is still there", now)
        }
        Some((_, ControlPlane::Enabled)) => {
            repeat(view, step, StepKind::Disable, "a fresh read shows it enabled again", now)
        }
        Some((at, ControlPlane::Unread { .. })) => {
            let again = at.plus(Duration::from_secs(2));
            Some(if now >= again { Next::Look(Look::ControlPlane) } else { wait_on(view, step, again, now) })
        }
    }
}

pub(crate) enum PointLook {
    Now,
    At(Instant),
    Never,
}

pub(crate) fn look_at_point(view: &PlanView, point: &ShortName, since: Instant, now: Instant) -> PointLook {
    if !view.can_try || control_at(view, point).is_err() {
        return PointLook::Never;
    }
    let afters = view.tries(point, since);
    let past_lag = past_lag(view, since, &afters);
    let Some((last, answer)) = afters.last() else { return PointLook::Now };
    let refused =
        afters.iter().rev().take_while(|(_, answer)| matches!(answer, ProbeAnswer::Refused { .. })).count();
    let again = match answer {
        ProbeAnswer::Refused { .. } if refused >= 2 && *last >= past_lag => return PointLook::Never,
        // The second refusal counts only past the lag.
        ProbeAnswer::Refused { .. } => past_lag.max(last.plus(TRY_DISTANCE)),
        ProbeAnswer::CannotKnow { .. } => return PointLook::Never,
        ProbeAnswer::Accepted | ProbeAnswer::Unreachable { .. } => {
            let tries = u32::try_from(afters.len().saturating_sub(refused)).unwrap_or(u32::MAX);
            last.plus(backoff(tries).min(Duration::from_secs(30)))
        }
    };
    if now >= again { PointLook::Now } else { PointLook::At(again) }
}
