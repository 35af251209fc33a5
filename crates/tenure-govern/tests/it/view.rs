//! Making plans to look at: a revocation at three points, its steps done, and observations added
//! one by one. Instants are seconds after the beginning.
//! Nothing here decides anything: what is expected stands in the tests. Next: `mutants.rs`, `laws.rs`.

use std::time::Duration;
use tenure_govern::{PlanView, Seen, SeenWhat, StepView};
use tenure_model::{
    ControlPlane, Derived, Instant, PlanKind, PlanState, ProbeAnswer, ProofLevel, ShortName, StepKind,
    StepState,
};

pub(crate) const LAG: Duration = Duration::from_secs(5);
/// When `Deny` was done, and when the last act was done, in seconds.
pub(crate) const DENIED: u64 = 10;
pub(crate) const ACTED: u64 = 20;

pub(crate) fn at(seconds: u64) -> Instant {
    Instant::from_micros(1_000_000_000).plus(Duration::from_secs(seconds))
}

pub(crate) fn point(name: &str) -> ShortName {
    ShortName::parse(name).unwrap()
}

pub(crate) fn points() -> Vec<ShortName> {
    ["primary", "replica-1", "pooler"].map(point).to_vec()
}

pub(crate) fn refused() -> ProbeAnswer {
    ProbeAnswer::Refused { how: String::from("28P01") }
}

fn step(position: i64, kind: StepKind, done: Option<u64>) -> StepView {
    let state = if done.is_some() { StepState::Done } else { StepState::Waiting };
    StepView {
        position,
        kind,
        state,
        attempt: 1,
        not_before: at(0),
        done: done.map(at),
        escalated: false,
        answer: None,
    }
}

/// A revocation whose acts are done; the proof is still open.
pub(crate) fn acted() -> PlanView {
    PlanView {
        kind: PlanKind::Revoke,
        state: PlanState::Running,
        points: points(),
        required: ProofLevel::P4,
        lag: LAG,
        steps: vec![
            step(1, StepKind::Deny, Some(DENIED)),
            step(2, StepKind::Control, Some(DENIED + 2)),
            step(3, StepKind::Disable, Some(ACTED - 4)),
            step(4, StepKind::EndSessions, Some(ACTED - 3)),
            step(5, StepKind::Delete, Some(ACTED)),
            step(6, StepKind::Sweep, Some(ACTED + 1)),
            step(7, StepKind::Prove, None),
        ],
        seen: Vec::new(),
        can_try: true,
        refusals_max: u32::MAX,
        refusals_window: Duration::ZERO,
    }
}

/// The same where the public key is asked for: nothing is installed.
pub(crate) fn acted_by_key() -> PlanView {
    PlanView {
        steps: vec![
            step(1, StepKind::Control, Some(DENIED + 2)),
            step(2, StepKind::Disable, Some(ACTED - 4)),
            step(3, StepKind::EndSessions, Some(ACTED - 3)),
            step(4, StepKind::Delete, Some(ACTED)),
            step(5, StepKind::Sweep, Some(ACTED + 1)),
            step(6, StepKind::Prove, None),
        ],
        ..acted()
    }
}

/// A plan of these steps of which nothing was done yet.
pub(crate) fn fresh_of(kinds: &[StepKind]) -> PlanView {
    let steps = (1..)
        .zip(kinds)
        .map(|(position, kind)| StepView { attempt: 0, ..step(position, *kind, None) })
        .collect();
    PlanView { state: PlanState::Approved, steps, can_try: false, ..acted() }
}

/// A revocation of which nothing was done yet.
pub(crate) fn fresh() -> PlanView {
    let kinds = [
        StepKind::Deny,
        StepKind::Control,
        StepKind::Disable,
        StepKind::EndSessions,
        StepKind::Delete,
        StepKind::Sweep,
        StepKind::Prove,
    ];
    fresh_of(&kinds)
}

/// The same where the public key is asked for.
pub(crate) fn fresh_by_key() -> PlanView {
    let kinds = [
        StepKind::Control,
        StepKind::Disable,
        StepKind::EndSessions,
        StepKind::Delete,
        StepKind::Sweep,
        StepKind::Prove,
    ];
    fresh_of(&kinds)
}

pub(crate) fn control(view: &mut PlanView, seconds: u64, name: &str, answer: ProbeAnswer) {
    view.seen.push(Seen { at: at(seconds), what: SeenWhat::Control { point: point(name), answer } });
}

pub(crate) fn after(view: &mut PlanView, seconds: u64, name: &str, answer: ProbeAnswer) {
    view.seen.push(Seen { at: at(seconds), what: SeenWhat::After { point: point(name), answer } });
}

pub(crate) fn read(view: &mut PlanView, seconds: u64, read: ControlPlane) {
    view.seen.push(Seen { at: at(seconds), what: SeenWhat::ControlPlane(read) });
}

pub(crate) fn derived(view: &mut PlanView, seconds: u64, found: Vec<Derived>, unread: Vec<(String, String)>) {
    view.seen
        .push(Seen { at: at(seconds), what: SeenWhat::Derived { found, unread, unknowable: Vec::new() } });
}

pub(crate) fn derived_but(view: &mut PlanView, seconds: u64, why: &str) {
    let unknowable = vec![(String::from("primary"), why.to_owned())];
    let what = SeenWhat::Derived { found: Vec::new(), unread: Vec::new(), unknowable };
    view.seen.push(Seen { at: at(seconds), what });
}

/// Everything that a whole proof needs.
pub(crate) fn proved() -> PlanView {
    proved_of(acted())
}

/// Everything that a whole proof needs, for a plan whose acts are done.
pub(crate) fn proved_of(mut view: PlanView) -> PlanView {
    for name in ["primary", "replica-1", "pooler"] {
        control(&mut view, DENIED + 1, name, ProbeAnswer::Accepted);
    }
    for name in ["primary", "replica-1", "pooler"] {
        after(&mut view, ACTED + 1, name, refused());
    }
    read(&mut view, ACTED + 1, ControlPlane::Absent);
    for name in ["primary", "replica-1", "pooler"] {
        after(&mut view, ACTED + 6, name, refused());
    }
    derived(&mut view, ACTED + 6, Vec::new(), Vec::new());
    view
}
