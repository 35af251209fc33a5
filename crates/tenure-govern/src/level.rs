//! The proof level of a plan, computed from what was seen and from nothing else.
//!
//! A refusal counts for P3 only at a point where this very value, or this very key, was accepted
//! before the act (positive control), only when it was seen twice, and only when the last time lies past the
//! propagation lag. One acceptance after the act beats everything. The sentence says what is
//! known and what keeps the level from being higher.

use crate::{DerivedSeen, PlanView};
use tenure_model::{
    ControlPlane, Instant, PlanKind, ProbeAnswer, ProofLevel, ShortName, ShownBy, StepKind, counted,
};

/// Refusals in a row that a point must show.
const REFUSALS_NEEDED: usize = 2;

/// How well the end of a credential is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assessment {
    /// The level.
    pub level: ProofLevel,
    /// In plain words: what is known, and what keeps it from being higher.
    pub sentence: String,
    /// Where it is still alive, as last seen. Non-empty means: not over.
    pub alive: Vec<String>,
    /// What is missing that a further look may still bring.
    pub missing: Vec<String>,
    /// What no further look will bring.
    pub unknowable: Vec<String>,
}

/// What one point contributes.
enum PointState {
    Dead(String),
    Alive,
    Waiting(String),
    CannotKnow(String),
}

/// Computes the level.
pub fn assess(view: &PlanView) -> Assessment {
    match view.kind {
        PlanKind::Enable => return assess_return(view),
        PlanKind::Tighten => return crate::tighten::assess(view),
        PlanKind::Disable | PlanKind::Revoke => {}
    }
    let Some(since) = view.last_act().filter(|_| acts_are_done(view)) else {
        return Assessment {
            level: ProofLevel::P0,
            sentence: String::from("nothing was changed yet"),
            alive: Vec::new(),
            missing: vec![String::from("the steps of the plan")],
            unknowable: Vec::new(),
        };
    };
    let (mut alive, mut missing, mut unknowable, mut dead) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for point in &view.points {
        match point_state(view, point, since) {
            PointState::Dead(how) => dead.push(format!("{point}: {how}")),
            PointState::Alive => alive.push(format!("{point} still accepts it")),
            PointState::Waiting(why) => missing.push(format!("{point}: {why}")),
            PointState::CannotKnow(why) => unknowable.push(format!("{point}: {why}")),
        }
    }
    let read = view.control_plane(since).map(|(_, read)| read);
    match read {
        Some(ControlPlane::Enabled) => alive.push(String::from("a fresh read shows it enabled")),
        Some(ControlPlane::Unread { why }) => missing.push(format!("a fresh read: {why}")),
        None => missing.push(String::from("a fresh read")),
        Some(ControlPlane::Absent | ControlPlane::Disabled) => {}
    }
    let derived_clean = assess_derived(view, since, &mut alive, &mut missing, &mut unknowable);
    let level = if !alive.is_empty() || !matches!(read, Some(ControlPlane::Absent | ControlPlane::Disabled)) {
        ProofLevel::P1
    } else if dead.len() < view.points.len() || view.points.is_empty() {
        ProofLevel::P2
    } else if derived_clean {
        ProofLevel::P4
    } else {
        ProofLevel::P3
    };
    let sentence = sentence(level, view, read, &dead, &[&alive[..], &missing[..], &unknowable[..]].concat());
    Assessment { level, sentence, alive, missing, unknowable }
}

/// How well it is known that something was brought back.
fn assess_return(view: &PlanView) -> Assessment {
    let read = view.last_act().and_then(|since| view.control_plane(since)).map(|(_, read)| read);
    let (level, sentence) = match (view.last_act(), read) {
        (None, _) => (ProofLevel::P0, "nothing was changed yet"),
        (Some(_), Some(ControlPlane::Enabled)) => {
            (ProofLevel::P2, "a fresh read shows that it may log in again")
        }
        (Some(_), _) => (ProofLevel::P1, "the system accepted the change; no fresh read shows it yet"),
    };
    Assessment {
        level,
        sentence: sentence.to_owned(),
        alive: Vec::new(),
        missing: Vec::new(),
        unknowable: Vec::new(),
    }
}

/// True when every step that changes something is done; skipped ones do not count as undone.
fn acts_are_done(view: &PlanView) -> bool {
    use tenure_model::StepState;
    view.steps
        .iter()
        .filter(|step| step.kind.acts() && !step.kind.takes_back())
        .all(|step| matches!(step.state, StepState::Done | StepState::Skipped))
}

fn point_state(view: &PlanView, point: &ShortName, since: Instant) -> PointState {
    let afters = view.tries(point, since);
    if let Some((_, ProbeAnswer::Accepted)) = afters.last() {
        return PointState::Alive;
    }
    match control_at(view, point) {
        Ok(()) => {}
        Err(why) => return PointState::CannotKnow(why),
    }
    if let Some(how) = refused_for_good(view, since, &afters) {
        return PointState::Dead(how);
    }
    match afters.last() {
        Some((_, ProbeAnswer::Unreachable { why })) => {
            PointState::Waiting(format!("could not be reached ({why})"))
        }
        Some((_, ProbeAnswer::CannotKnow { why })) => PointState::CannotKnow(why.clone()),
        Some((_, ProbeAnswer::Refused { .. } | ProbeAnswer::Accepted)) | None => {
            PointState::Waiting(String::from("not refused often enough yet"))
        }
    }
}

/// How it was refused, where that was often enough and late enough.
pub(crate) fn refused_for_good(
    view: &PlanView,
    since: Instant,
    tries: &[(Instant, &ProbeAnswer)],
) -> Option<String> {
    let refusals =
        tries.iter().rev().take_while(|(_, answer)| matches!(answer, ProbeAnswer::Refused { .. })).count();
    match tries.last() {
        Some((at, ProbeAnswer::Refused { how }))
            if refusals >= REFUSALS_NEEDED && *at >= past_lag(view, since, tries) =>
        {
            Some(how.clone())
        }
        Some(_) | None => None,
    }
}

/// The instant after which a refusal may be the last one needed: past the lag since the act, and since the
/// last acceptance, which showed that the change had not arrived everywhere by then.
pub(crate) fn past_lag(view: &PlanView, since: Instant, tries: &[(Instant, &ProbeAnswer)]) -> Instant {
    let accepted = tries.iter().rev().find(|(_, answer)| **answer == ProbeAnswer::Accepted);
    accepted.map_or(since, |(at, _)| since.max(*at)).plus(view.lag)
}

/// Whether it was accepted at this point before the act; `Err` says why refusals there prove nothing.
pub(crate) fn control_at(view: &PlanView, point: &ShortName) -> Result<(), String> {
    let Some(since) = view.controls_count_from() else {
        return Err(String::from(match view.shown_by() {
            Some(ShownBy::PublicKey) => {
                "what names its key was not kept, so nothing was tried there before the act"
            }
            Some(ShownBy::Reader) => "nobody tried to read it before the act",
            Some(ShownBy::InstalledValue) | None => {
                "we held no value that was accepted there before, so a refusal would prove nothing"
            }
        }));
    };
    let it = match view.shown_by() {
        Some(ShownBy::PublicKey) => "the key",
        Some(ShownBy::Reader) => "the account that was to read it",
        Some(ShownBy::InstalledValue) | None => "the value",
    };
    let mut controls = view.controls(point, since);
    // What is accepted after the act is no control but a failure of the act.
    let changes = [StepKind::Disable, StepKind::Tighten];
    let disabled = changes.into_iter().find_map(|kind| view.step(kind).and_then(|step| step.done));
    controls.retain(|(at, _)| disabled.is_none_or(|disabled| *at < disabled));
    if controls.iter().any(|(_, answer)| **answer == ProbeAnswer::Accepted) {
        return Ok(());
    }
    Err(match controls.last() {
        None => String::from("it was not tried there before the act"),
        Some((_, ProbeAnswer::Refused { how })) => {
            format!("{it} was not accepted there even before the act ({how}), so a refusal proves nothing")
        }
        Some((_, ProbeAnswer::Unreachable { why })) => {
            format!("it could not be reached before the act ({why})")
        }
        Some((_, ProbeAnswer::CannotKnow { why })) => why.clone(),
        Some((_, ProbeAnswer::Accepted)) => String::from("it was accepted"),
    })
}

/// True when everything derived was read past the lag and nothing was found.
fn assess_derived(
    view: &PlanView,
    since: Instant,
    alive: &mut Vec<String>,
    missing: &mut Vec<String>,
    unknowable: &mut Vec<String>,
) -> bool {
    match view.derived(since) {
        None => {
            missing.push(String::from("a look for what came from it"));
            false
        }
        Some(DerivedSeen { at, found, unread, unknowable: hidden }) => {
            for thing in found.iter().take(5) {
                alive.push(format!(
                    "{} {} at {}",
                    thing.kind,
                    tenure_model::printable(&thing.name, 60),
                    thing.point
                ));
            }
            for (point, why) in unread {
                missing.push(format!("what came from it at {point} could not be read ({why})"));
            }
            for (point, why) in hidden {
                unknowable.push(format!("{point}: {why}"));
            }
            if at < since.plus(view.lag) {
                missing.push(String::from("a look for what came from it, past the lag"));
            }
            found.is_empty() && unread.is_empty() && hidden.is_empty() && at >= since.plus(view.lag)
        }
    }
}

fn sentence(
    level: ProofLevel,
    view: &PlanView,
    read: Option<&ControlPlane>,
    dead: &[String],
    gaps: &[String],
) -> String {
    let read = match read {
        Some(ControlPlane::Absent) => "a fresh read shows it absent",
        Some(ControlPlane::Disabled) => "a fresh read shows it disabled",
        Some(ControlPlane::Enabled) => "a fresh read shows it enabled",
        Some(ControlPlane::Unread { .. }) | None => "it was not read afresh",
    };
    let points = view.points.len();
    match level {
        ProofLevel::P4 | ProofLevel::P5 => {
            format!(
                "refused at {points} of {} ({}), and nothing known to come from it is alive",
                counted(points, "point"),
                dead.join("; ")
            )
        }
        ProofLevel::P3 => {
            format!("refused at {points} of {}, but: {}", counted(points, "point"), gaps.join("; "))
        }
        ProofLevel::P2 => format!("{read}; not proved beyond that: {}", gaps.join("; ")),
        ProofLevel::P1 | ProofLevel::P0 => {
            format!("the system accepted the change, but: {}", gaps.join("; "))
        }
    }
}
