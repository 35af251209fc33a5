//! How it is shown that a file is closed to others: what to look at next, and how well it is known.
//!
//! Known is who can read one file, and nothing about what lies in it: no sentence here may say that a credential ended.
//! A refusal counts only where the same account could read the file before (positive control), twice, the last time past
//! the lag; a reading of the mode counts past the lag. Who opened it again is not fought with: the plan falls short and
//! says so. Next: `machine.rs`, `level.rs`.

use crate::{
    Look, Next, PlanView, StepView,
    level::{Assessment, control_at, refused_for_good},
    machine::{PointLook, look_at_point},
};
use std::time::Duration;
use tenure_model::{ControlPlane, Instant, ProbeAnswer, ProofLevel, StepKind, StepState};

/// Distance between two readings of a file that could not be read.
const READ_DISTANCE: Duration = Duration::from_secs(2);
/// How long past the lag such a file is waited for: it is there or it is not.
const READ_PATIENCE: Duration = Duration::from_secs(10);
/// Said of what this proof is not about.
const GOES_ON: &str = "what lies in it goes on working";

/// What to look at next.
pub(crate) fn next_look(view: &PlanView, step: &StepView, since: Instant, now: Instant) -> Next {
    let past_lag = since.plus(view.lag);
    let mut wake: Option<Instant> = None;
    let mut wait_for = |until: Instant| wake = Some(wake.map_or(until, |first: Instant| first.min(until)));
    match view.control_plane(since) {
        None => return Next::Look(Look::ControlPlane),
        // Whatever it is now, it is not what was made of it, and no further look changes that.
        Some((_, ControlPlane::Enabled | ControlPlane::Absent)) => return Next::Complete(step.position),
        Some((at, ControlPlane::Disabled)) if at >= past_lag => {}
        Some((_, ControlPlane::Disabled)) if now >= past_lag => return Next::Look(Look::ControlPlane),
        Some((_, ControlPlane::Disabled)) => wait_for(past_lag),
        Some((at, ControlPlane::Unread { .. })) if at < past_lag.plus(READ_PATIENCE) => {
            if now >= at.plus(READ_DISTANCE) {
                return Next::Look(Look::ControlPlane);
            }
            wait_for(at.plus(READ_DISTANCE));
        }
        Some((_, ControlPlane::Unread { .. })) => {}
    }
    for point in &view.points {
        if matches!(view.tries(point, since).last(), Some((_, ProbeAnswer::Accepted))) {
            return Next::Complete(step.position);
        }
        match look_at_point(view, point, since, now) {
            PointLook::Now => return Next::Look(Look::After(point.clone())),
            PointLook::At(until) => wait_for(until),
            PointLook::Never => {}
        }
    }
    if view.derived(since).is_none() {
        return Next::Look(Look::Derived);
    }
    wake.map_or(Next::Complete(step.position), |until| Next::Wait { until, escalate: None })
}

/// How well it is known that others cannot read it.
pub(crate) fn assess(view: &PlanView) -> Assessment {
    let Some(since) = view.last_act().filter(|_| view.is_done(StepKind::Tighten)) else {
        return nothing_changed(view);
    };
    let (mut alive, mut missing, mut unknowable, mut refused) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for point in &view.points {
        let tries = view.tries(point, since);
        match (tries.last(), control_at(view, point)) {
            (Some((_, ProbeAnswer::Accepted)), _) => {
                alive.push(String::from("an account that was to be kept from it can still read it"));
            }
            (_, Err(why)) => unknowable.push(why),
            (last, Ok(())) => match (refused_for_good(view, since, &tries), last) {
                (Some(how), _) => refused.push(how),
                (None, Some((_, ProbeAnswer::CannotKnow { why } | ProbeAnswer::Unreachable { why }))) => {
                    missing.push(why.clone());
                }
                (None, _) => missing
                    .push(String::from("an account that could read it was not refused often enough yet")),
            },
        }
    }
    let closed = is_closed(view, since, &mut alive, &mut missing);
    let level = match (alive.is_empty() && closed, !refused.is_empty() && refused.len() == view.points.len())
    {
        (false, _) => ProofLevel::P1,
        (true, false) => ProofLevel::P2,
        (true, true) => ProofLevel::P3,
    };
    let gaps = [&alive[..], &missing[..], &unknowable[..]].concat().join("; ");
    let sentence = match level {
        ProofLevel::P3 | ProofLevel::P4 | ProofLevel::P5 => format!(
            "an account that could read it is refused ({}), and a fresh read shows it closed to others",
            refused.join("; ")
        ),
        ProofLevel::P2 if gaps.is_empty() => String::from(
            "a fresh read of mode and access list shows it closed to others; nobody was there who could be seen to be refused",
        ),
        ProofLevel::P2 => {
            format!(
                "a fresh read of mode and access list shows it closed to others; not shown beyond that: {gaps}"
            )
        }
        ProofLevel::P1 | ProofLevel::P0 => format!("its mode was changed, but: {gaps}"),
    };
    let sentence = format!("{sentence}; {GOES_ON}{}", copies(view, since));
    Assessment { level, sentence, alive, missing, unknowable }
}

/// Whether a reading past the lag shows it closed; if not, what it shows instead.
fn is_closed(view: &PlanView, since: Instant, alive: &mut Vec<String>, missing: &mut Vec<String>) -> bool {
    match view.control_plane(since) {
        Some((at, ControlPlane::Disabled)) if at >= since.plus(view.lag) => true,
        Some((_, ControlPlane::Enabled)) => {
            alive.push(String::from(
                "a fresh read shows that others can read it: its mode or access list was changed again",
            ));
            false
        }
        Some((_, ControlPlane::Absent)) => {
            missing.push(String::from(
                "a fresh read shows that the file is not at its place any more: it was removed, or another was put there",
            ));
            false
        }
        Some((_, ControlPlane::Unread { why })) => {
            missing.push(format!("a fresh read: {why}"));
            false
        }
        Some((_, ControlPlane::Disabled)) | None => {
            missing.push(String::from("a fresh read, past the lag"));
            false
        }
    }
}

/// Nothing was done, with the reason where there is one.
fn nothing_changed(view: &PlanView) -> Assessment {
    let given_up = view.step(StepKind::Tighten).filter(|step| step.state == StepState::Skipped);
    let sentence = match given_up.and_then(|step| step.answer.as_ref()) {
        Some(why) => format!("its mode was not changed: {why}"),
        None => String::from("nothing was changed yet"),
    };
    Assessment {
        level: ProofLevel::P0,
        sentence,
        alive: Vec::new(),
        missing: vec![String::from("the steps of the plan")],
        unknowable: Vec::new(),
    }
}

/// Copies that others can read, or of which it is not known: they are other files, and said all the same.
fn copies(view: &PlanView, since: Instant) -> String {
    const FEW: usize = 5;
    let Some(seen) = view.derived(since) else { return String::new() };
    let mut said: Vec<String> = seen
        .found
        .iter()
        .map(|copy| {
            format!("others can still read a copy of it: {}", tenure_model::printable(&copy.name, 160))
        })
        .collect();
    for (place, why) in seen.unread.iter().chain(seen.unknowable) {
        // Where none could be looked for, what is named is the point.
        let which = if view.points.iter().any(|point| point.as_str() == place) {
            String::from("copies of it")
        } else {
            format!("its copy {}", tenure_model::printable(place, 120))
        };
        let unknown = format!("whether others can read {which} is not known: {why}");
        if !said.contains(&unknown) {
            said.push(unknown);
        }
    }
    if said.len() > FEW {
        let more = said.split_off(FEW).len();
        said.push(format!("and {more} more copies"));
    }
    said.into_iter().map(|one| format!("; {one}")).collect::<Vec<_>>().concat()
}
