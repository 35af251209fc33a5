//! Checks that hold for every act: done once, on the right one, and seen afterwards.
//!
//! They loop over the steps the manifest lists and must never know what a step is for; that
//! is `ending.rs`.

use super::rig::{Ready, Rig, Stop, ensure};
use crate::{Act, Effect, OutsideFailure, Target};
use tenure_model::{ControlPlane, Secret, StepKind};

pub(super) async fn act_twice_is_once(rig: &Rig<'_>) -> Result<(), Stop> {
    for step in rig.steps() {
        let ready = rig.ready_for(step).await?;
        let target = &ready.subject.target;
        let Some(act) = ready.act(step) else { continue };
        let first = rig.do_act(target, &act).await?;
        ensure(first.changed, || format!("`{step}` says that nothing changed the first time"))?;
        rig.settle().await?;
        let after_first = rig.record(target).await?;
        let second = rig.do_act(target, &act).await?;
        ensure(!second.changed, || format!("`{step}` says that something changed the second time"))?;
        rig.settle().await?;
        let after_second = rig.record(target).await?;
        ensure(after_first == after_second, || format!("`{step}` changed something the second time"))?;
    }
    Ok(())
}

pub(super) async fn renamed_is_refused(rig: &Rig<'_>) -> Result<(), Stop> {
    for step in rig.steps() {
        let ready = rig.ready_for(step).await?;
        let target = &ready.subject.target;
        let Some(act) = ready.act(step) else { continue };
        let before = (rig.record(target).await?, alive(rig, step, target).await?);
        let renamed = Target { name: format!("{}x", target.name), ..target.clone() };
        let answer = rig.act(&renamed, &act).await?;
        ensure(matches!(answer, Err(OutsideFailure::TargetChanged { .. })), || {
            format!("`{step}` under another name was answered: {answer:?}")
        })?;
        rig.settle().await?;
        let after = (rig.record(target).await?, alive(rig, step, target).await?);
        ensure(before == after, || format!("`{step}` under another name changed something"))?;
    }
    Ok(())
}

/// How many derived things live, where ending them is what the step is for.
async fn alive(rig: &Rig<'_>, step: StepKind, target: &Target) -> Result<usize, Stop> {
    if step == StepKind::EndSessions { Ok(rig.derived(target).await?.found.len()) } else { Ok(0) }
}

pub(super) async fn others_are_untouched(rig: &Rig<'_>) -> Result<(), Stop> {
    let ends_sessions = rig.can(StepKind::EndSessions);
    let other = rig.subject().await?;
    let mut sessions = Vec::new();
    if ends_sessions {
        for point in &rig.fixture.points() {
            sessions.push(rig.fixture.log_in(point, &other).await?);
        }
    }
    let before = (rig.record(&other.target).await?, rig.derived(&other.target).await?);
    for step in rig.steps() {
        let ready = rig.ready_for(step).await?;
        if let Some(act) = ready.act(step) {
            rig.do_act(&ready.subject.target, &act).await?;
        }
        rig.settle().await?;
        let after = (rig.record(&other.target).await?, rig.derived(&other.target).await?);
        ensure(before == after, || format!("`{step}` on one principal changed another"))?;
    }
    drop(sessions);
    for point in &rig.fixture.points() {
        let accepted = rig.fixture.accepts(point, &other.target.name, &other.value).await?;
        ensure(accepted, || format!("the other principal is no longer accepted at `{point}`"))?;
    }
    Ok(())
}

pub(super) async fn effects_are_seen(rig: &Rig<'_>) -> Result<(), Stop> {
    for step in rig.steps() {
        let ready = rig.ready_for(step).await?;
        let target = &ready.subject.target;
        let Some(act) = ready.act(step) else { continue };
        let before = effect(rig, step, &ready).await?;
        ensure(before == Effect::Missing, || format!("before `{step}` its effect is {before:?}"))?;
        rig.do_act(target, &act).await?;
        rig.settle().await?;
        let after = effect(rig, step, &ready).await?;
        ensure(after == Effect::Present, || format!("after `{step}` its effect is {after:?}"))?;
    }
    Ok(())
}

async fn effect(rig: &Rig<'_>, step: StepKind, ready: &Ready) -> Result<Effect, Stop> {
    let value: Option<&Secret<String>> = (step == StepKind::Deny).then_some(&ready.value);
    rig.effect(&ready.subject.target, step, value).await
}

pub(super) async fn gone_is_left_alone(rig: &Rig<'_>) -> Result<(), Stop> {
    rig.needs(StepKind::Delete)?;
    for step in rig.steps() {
        let ready = rig.ready_for(StepKind::Delete).await?;
        let target = &ready.subject.target;
        rig.do_act(target, &Act::Delete { heir: None }).await?;
        rig.settle().await?;
        let before = rig.record(target).await?;
        let Some(act) = ready.act(step) else { continue };
        let answer = rig.act(target, &act).await?;
        ensure(!answer.as_ref().is_ok_and(|done| done.changed), || {
            format!("`{step}` says that it changed what is gone")
        })?;
        rig.settle().await?;
        ensure(rig.record(target).await? == before, || format!("`{step}` changed something"))?;
        let read = rig.control_plane(target).await?;
        ensure(read == ControlPlane::Absent, || format!("after `{step}` the control plane says {read:?}"))?;
    }
    Ok(())
}
