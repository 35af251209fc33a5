//! Checks of probes: a probe that accepts too much or too little proves nothing.
//!
//! They must never fail more often on one principal than the manifest's lock-out limit
//! allows. `expect_accepted` and `expect_refused` serve `ending.rs` too.

use super::rig::{Rig, Stop, ensure};
use crate::{Effect, Target};
use tenure_model::{ControlPlane, ProbeAnswer, Secret, ShortName, StepKind};

pub(super) async fn right_value_is_accepted(rig: &Rig<'_>) -> Result<(), Stop> {
    let subject = rig.subject().await?;
    let points = rig.fixture.points();
    ensure(!points.is_empty(), || "the fixture names no point".to_owned())?;
    for point in &points {
        expect_accepted(rig, point, &subject.target, &subject.value).await?;
    }
    Ok(())
}

pub(super) async fn wrong_value_is_never_accepted(rig: &Rig<'_>) -> Result<(), Stop> {
    let other = rig.subject().await?;
    let attempts_max = usize::try_from(rig.fixture.manifest().lock_out.failures_max).unwrap_or(usize::MAX);
    for point in &rig.fixture.points() {
        let subject = rig.subject().await?;
        let mut wrong = near_misses(subject.value.expose());
        wrong.push(("another's value", other.value.expose().clone()));
        for (what, value) in wrong.into_iter().take(attempts_max) {
            let answer = rig.probe(point, &subject.target, &Secret::new(value)).await?;
            ensure(answer != ProbeAnswer::Accepted, || format!("{what} was accepted at `{point}`"))?;
        }
        let nobody = Target { name: format!("{}x", subject.target.name), ..subject.target.clone() };
        let answer = rig.probe(point, &nobody, &subject.value).await?;
        ensure(answer != ProbeAnswer::Accepted, || format!("an unknown name was accepted at `{point}`"))?;
    }
    Ok(())
}

pub(super) async fn wrong_host_never_accepts(rig: &Rig<'_>) -> Result<(), Stop> {
    let Some(point) = rig.fixture.wrong_host() else {
        return Err(Stop::NotApplicable("the test bed has no second system".to_owned()));
    };
    let subject = rig.subject().await?;
    let answer = rig.probe(&point, &subject.target, &subject.value).await?;
    ensure(answer != ProbeAnswer::Accepted, || format!("`{point}` leads elsewhere and accepted"))
}

pub(super) async fn renamed_is_not_gone(rig: &Rig<'_>) -> Result<(), Stop> {
    let subject = rig.subject().await?;
    let renamed = Target { name: format!("{}x", subject.target.name), ..subject.target.clone() };
    let read = rig.control_plane(&renamed).await?;
    ensure(!matches!(read, ControlPlane::Absent | ControlPlane::Disabled), || {
        format!("under another name the control plane says {read:?}")
    })?;
    for step in [StepKind::Disable, StepKind::Delete] {
        let effect = rig.effect(&renamed, step, None).await?;
        ensure(effect != Effect::Present, || format!("under another name the effect of `{step}` is there"))?;
    }
    Ok(())
}

/// Values that a careless comparison takes for `right`.
fn near_misses(right: &str) -> Vec<(&'static str, String)> {
    let flipped = |letter: char| {
        if letter.is_ascii_lowercase() { letter.to_ascii_uppercase() } else { letter.to_ascii_lowercase() }
    };
    let mut shorter = right.to_owned();
    shorter.pop();
    let mut misses = vec![
        ("the value with a letter more", format!("{right}x")),
        ("the value with a letter less", shorter),
        ("the value with a space before it", format!(" {right}")),
        ("an empty value", String::new()),
    ];
    let other_case: String = right.chars().map(flipped).collect();
    if other_case != right {
        misses.push(("the value in other case", other_case));
    }
    misses
}

/// The connector says accepted, and so does the server itself.
pub(super) async fn expect_accepted(
    rig: &Rig<'_>,
    point: &ShortName,
    target: &Target,
    value: &Secret<String>,
) -> Result<(), Stop> {
    let really = rig.fixture.accepts(point, &target.name, value).await?;
    let answer = rig.probe(point, target, value).await?;
    ensure(really, || format!("the server itself refuses it at `{point}`"))?;
    ensure(answer == ProbeAnswer::Accepted, || format!("the probe at `{point}` answered {answer:?}"))
}

/// The connector says refused, and so does the server itself.
pub(super) async fn expect_refused(
    rig: &Rig<'_>,
    point: &ShortName,
    target: &Target,
    value: &Secret<String>,
) -> Result<(), Stop> {
    let really = rig.fixture.accepts(point, &target.name, value).await?;
    let answer = rig.probe(point, target, value).await?;
    ensure(!really, || format!("the server itself still accepts it at `{point}`"))?;
    ensure(matches!(answer, ProbeAnswer::Refused { .. }), || {
        format!("the probe at `{point}` answered {answer:?}")
    })
}
