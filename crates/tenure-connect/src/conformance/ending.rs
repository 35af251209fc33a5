//! Checks of what each act is for: what is refused, what lives on, what comes back.
//!
//! Each asks the server itself as well as the connector, and must never take one for the
//! other. What holds for every act alike is in `acting.rs`.

use super::{
    proving::{expect_accepted, expect_refused},
    rig::{Rig, Stop, ensure},
};
use crate::{Act, FailureClass};
use tenure_model::{ControlPlane, StepKind};

pub(super) async fn deny_replaces_the_value(rig: &Rig<'_>) -> Result<(), Stop> {
    rig.needs(StepKind::Deny)?;
    let subject = rig.subject().await?;
    let value = rig.new_value()?;
    rig.do_act(&subject.target, &Act::Deny { value: &value }).await?;
    rig.settle().await?;
    for point in &rig.fixture.points() {
        expect_refused(rig, point, &subject.target, &subject.value).await?;
        expect_accepted(rig, point, &subject.target, &value).await?;
    }
    Ok(())
}

pub(super) async fn disable_refuses(rig: &Rig<'_>) -> Result<(), Stop> {
    rig.needs(StepKind::Disable)?;
    let subject = rig.subject().await?;
    let before = rig.control_plane(&subject.target).await?;
    ensure(before == ControlPlane::Enabled, || format!("before, the control plane says {before:?}"))?;
    rig.do_act(&subject.target, &Act::Disable).await?;
    rig.settle().await?;
    for point in &rig.fixture.points() {
        expect_refused(rig, point, &subject.target, &subject.value).await?;
    }
    let after = rig.control_plane(&subject.target).await?;
    ensure(after == ControlPlane::Disabled, || format!("after, the control plane says {after:?}"))
}

pub(super) async fn end_sessions_leaves_nothing(rig: &Rig<'_>) -> Result<(), Stop> {
    rig.needs(StepKind::EndSessions)?;
    let subject = rig.subject().await?;
    let points = rig.fixture.points();
    let mut sessions = Vec::new();
    for point in &points {
        sessions.push(rig.fixture.log_in(point, &subject).await?);
    }
    let before = rig.derived(&subject.target).await?;
    ensure(before.found.len() >= points.len(), || {
        format!("{} points have a session and {} were found", points.len(), before.found.len())
    })?;
    rig.do_act(&subject.target, &Act::EndSessions).await?;
    rig.settle().await?;
    let after = rig.derived(&subject.target).await?;
    ensure(after.found.is_empty(), || format!("{} are still alive", after.found.len()))?;
    let unread = after.unread.iter().filter(|(name, _)| points.iter().any(|point| point.as_str() == name));
    ensure(unread.count() == 0, || "not every point could be read".to_owned())?;
    drop(sessions);
    Ok(())
}

pub(super) async fn enable_restores(rig: &Rig<'_>) -> Result<(), Stop> {
    rig.needs(StepKind::Enable)?;
    rig.needs(StepKind::Disable)?;
    let subject = rig.subject().await?;
    let keepsake = rig.keepsake(&subject.target).await?;
    let radius = rig.blast_radius(&subject.target).await?;
    ensure(radius.undo_restores_value.is_ok() == keepsake.is_some(), || {
        format!(
            "the blast radius says of an undo {:?}, the keepsake says otherwise",
            radius.undo_restores_value
        )
    })?;
    let mut current = None;
    if rig.can(StepKind::Deny) {
        let value = rig.new_value()?;
        rig.do_act(&subject.target, &Act::Deny { value: &value }).await?;
        current = Some(value);
    }
    rig.do_act(&subject.target, &Act::Disable).await?;
    rig.do_act(&subject.target, &Act::Enable { keepsake: keepsake.as_ref() }).await?;
    rig.settle().await?;
    let read = rig.control_plane(&subject.target).await?;
    ensure(read == ControlPlane::Enabled, || format!("the control plane says {read:?}"))?;
    let value = match (&keepsake, &current) {
        (Some(_), _) | (None, None) => &subject.value,
        (None, Some(current)) => current,
    };
    for point in &rig.fixture.points() {
        expect_accepted(rig, point, &subject.target, value).await?;
    }
    Ok(())
}

pub(super) async fn owned_is_spared(rig: &Rig<'_>) -> Result<(), Stop> {
    rig.needs(StepKind::Delete)?;
    let Some(owner) = rig.owner().await? else {
        return Err(Stop::NotApplicable("nothing can be owned here".to_owned()));
    };
    let radius = rig.blast_radius(&owner.target).await?;
    let owned: i64 = radius.owned.iter().map(|owned| owned.count).sum();
    ensure(owned > 0, || "the blast radius does not show what it owns".to_owned())?;
    let before = rig.record(&owner.target).await?;
    let answer = rig.act(&owner.target, &Act::Delete { heir: None }).await?;
    let class = answer.as_ref().err().map(crate::OutsideFailure::class);
    ensure(class == Some(FailureClass::AskOperator), || format!("it was answered: {answer:?}"))?;
    ensure(rig.record(&owner.target).await? == before, || "the refused deletion changed something".to_owned())
}

pub(super) async fn delete_is_the_end(rig: &Rig<'_>) -> Result<(), Stop> {
    rig.needs(StepKind::Delete)?;
    let subject = rig.subject().await?;
    rig.do_act(&subject.target, &Act::Delete { heir: None }).await?;
    rig.settle().await?;
    let read = rig.control_plane(&subject.target).await?;
    ensure(read == ControlPlane::Absent, || format!("the control plane says {read:?}"))?;
    for point in &rig.fixture.points() {
        expect_refused(rig, point, &subject.target, &subject.value).await?;
    }
    Ok(())
}
