//! Checks of closing a file to others: that it is closed, that what is said of it is true, and that nothing else is touched.
//!
//! A file is planned as the engine plans it: what the blast radius says it was becomes part of the target. The system itself
//! is asked each time, through the fixture, and never the connector alone. No check here may end on a machine where
//! somebody depends on the file. What a fixture provides is in `files.rs`.

use super::{
    files::{FileFixture, OpenFile},
    rig::{Rig, Stop, ensure},
};
use crate::{Act, Effect, FileChange, OutsideFailure, Target};
use tenure_model::{ControlPlane, PRIMARY, ProbeAnswer, Secret, ShortName, StepKind};

/// A file that was planned for.
struct Planned {
    target: Target,
    change: FileChange,
}

fn files<'fixture>(rig: &Rig<'fixture>) -> Result<&'fixture dyn FileFixture, Stop> {
    rig.needs(StepKind::Tighten)?;
    rig.needs(StepKind::Loosen)?;
    rig.fixture.files().ok_or_else(|| {
        Stop::Fixture(super::FixtureBroke {
            what: "lay a file".to_owned(),
            why: "the manifest lists `tighten`, and the fixture has no files".to_owned(),
        })
    })
}

/// A new file that others can read, with what tightening it would make of it.
async fn planned(rig: &Rig<'_>) -> Result<Planned, Stop> {
    let OpenFile { mut target, value } = files(rig)?.open_file().await?;
    rig.listen_for(&value)?;
    let blast = rig.blast_radius(&target).await?;
    ensure(blast.refusals.is_empty(), || format!("the blast radius refuses: {:?}", blast.refusals))?;
    let change =
        blast.file.ok_or_else(|| Stop::Broken("the blast radius says nothing of the file".to_owned()))?;
    ensure(change.mode_before != change.mode_after, || "it says that there is nothing to do".to_owned())?;
    if let Some(file) = &mut target.file {
        file.was = Some(change.was.clone());
    }
    Ok(Planned { target, change })
}

async fn is_open(rig: &Rig<'_>, target: &Target) -> Result<bool, Stop> {
    Ok(files(rig)?.others_can_read(target).await?)
}

async fn tighten(rig: &Rig<'_>, target: &Target) -> Result<(), Stop> {
    let done = rig.do_act(target, &Act::Tighten).await?;
    ensure(done.changed, || "`tighten` says that nothing changed".to_owned())
}

/// What the control plane says, and whether the effect of tightening is seen.
async fn said(rig: &Rig<'_>, target: &Target) -> Result<(ControlPlane, Effect), Stop> {
    Ok((rig.control_plane(target).await?, rig.effect(target, StepKind::Tighten, None).await?))
}

/// Nothing that is said may be taken for a closed file.
async fn ensure_not_called_closed(rig: &Rig<'_>, target: &Target, when: &str) -> Result<(), Stop> {
    let (plane, effect) = said(rig, target).await?;
    ensure(plane != ControlPlane::Disabled, || format!("{when} the control plane says {plane:?}"))?;
    ensure(effect != Effect::Present, || format!("{when} the effect of `tighten` is {effect:?}"))
}

pub(super) async fn tighten_closes(rig: &Rig<'_>) -> Result<(), Stop> {
    let Planned { target, .. } = planned(rig).await?;
    ensure(is_open(rig, &target).await?, || "the system itself keeps others out before".to_owned())?;
    ensure_not_called_closed(rig, &target, "before,").await?;
    tighten(rig, &target).await?;
    ensure(!is_open(rig, &target).await?, || "the system itself still lets others read it".to_owned())?;
    let after = said(rig, &target).await?;
    ensure(after == (ControlPlane::Disabled, Effect::Present), || format!("after, it says {after:?}"))?;
    let record = rig.record(&target).await?;
    let again = rig.do_act(&target, &Act::Tighten).await?;
    ensure(!again.changed, || "`tighten` says that something changed the second time".to_owned())?;
    ensure(rig.record(&target).await? == record, || "`tighten` changed something the second time".to_owned())
}

pub(super) async fn reopened_is_seen(rig: &Rig<'_>) -> Result<(), Stop> {
    let Planned { target, .. } = planned(rig).await?;
    tighten(rig, &target).await?;
    files(rig)?.open_again(&target).await?;
    ensure_not_called_closed(rig, &target, "opened again,").await
}

pub(super) async fn the_reader_is_honest(rig: &Rig<'_>) -> Result<(), Stop> {
    let Planned { target, change } = planned(rig).await?;
    let primary = ShortName::parse(PRIMARY).map_err(|why| Stop::Broken(why.to_string()))?;
    let nothing = Secret::new(String::new());
    let before = rig.probe(&primary, &target, &nothing).await?;
    if let Err(why) = &change.tried_as {
        ensure(!why.trim().is_empty(), || "it does not say why nobody can try".to_owned())?;
        ensure(change.was.tried_as.is_none(), || "nobody can try, and an account is planned".to_owned())?;
        return ensure(matches!(before, ProbeAnswer::CannotKnow { .. }), || {
            format!("nobody can try, and trying was answered: {before:?}")
        });
    }
    ensure(before == ProbeAnswer::Accepted, || format!("before, trying was answered: {before:?}"))?;
    tighten(rig, &target).await?;
    let after = rig.probe(&primary, &target, &nothing).await?;
    ensure(matches!(after, ProbeAnswer::Refused { .. }), || {
        format!("after, trying was answered: {after:?}")
    })?;
    files(rig)?.open_again(&target).await?;
    let again = rig.probe(&primary, &target, &nothing).await?;
    ensure(again == ProbeAnswer::Accepted, || format!("opened again, trying was answered: {again:?}"))
}

pub(super) async fn another_file_is_left(rig: &Rig<'_>) -> Result<(), Stop> {
    let Planned { target, .. } = planned(rig).await?;
    files(rig)?.replace(&target).await?;
    let before = rig.record(&target).await?;
    let answer = rig.act(&target, &Act::Tighten).await?;
    ensure(matches!(answer, Err(OutsideFailure::TargetChanged { .. })), || {
        format!("`tighten` of another file was answered: {answer:?}")
    })?;
    ensure(rig.record(&target).await? == before, || "`tighten` changed another file".to_owned())?;
    ensure_not_called_closed(rig, &target, "of another file,").await?;
    let Planned { target, .. } = planned(rig).await?;
    tighten(rig, &target).await?;
    files(rig)?.replace(&target).await?;
    let before = rig.record(&target).await?;
    let undone = rig.do_act(&target, &Act::Loosen).await?;
    ensure(!undone.changed && rig.record(&target).await? == before, || {
        "`loosen` changed another file, or says so".to_owned()
    })
}

pub(super) async fn loosen_restores(rig: &Rig<'_>) -> Result<(), Stop> {
    let Planned { target, .. } = planned(rig).await?;
    let before = rig.record(&target).await?;
    tighten(rig, &target).await?;
    let undone = rig.do_act(&target, &Act::Loosen).await?;
    ensure(undone.changed, || "`loosen` says that nothing changed".to_owned())?;
    let after = rig.record(&target).await?;
    ensure(before == after, || format!("it was {before} and came back as {after}"))?;
    let effect = rig.effect(&target, StepKind::Loosen, None).await?;
    ensure(effect == Effect::Present, || format!("after, the effect of `loosen` is {effect:?}"))?;
    let Planned { target, .. } = planned(rig).await?;
    tighten(rig, &target).await?;
    files(rig)?.change_otherwise(&target).await?;
    let theirs = rig.record(&target).await?;
    let undone = rig.do_act(&target, &Act::Loosen).await?;
    ensure(!undone.changed && rig.record(&target).await? == theirs, || {
        "`loosen` changed what somebody else had set, or says so".to_owned()
    })
}

pub(super) async fn looking_at_files_changes_nothing(rig: &Rig<'_>) -> Result<(), Stop> {
    let Planned { target, .. } = planned(rig).await?;
    let before = rig.record(&target).await?;
    rig.blast_radius(&target).await?;
    rig.control_plane(&target).await?;
    for step in [StepKind::Tighten, StepKind::Loosen] {
        rig.effect(&target, step, None).await?;
    }
    let primary = ShortName::parse(PRIMARY).map_err(|why| Stop::Broken(why.to_string()))?;
    rig.probe(&primary, &target, &Secret::new(String::new())).await?;
    rig.derived(&target).await?;
    ensure(rig.record(&target).await? == before, || "looking at a file changed it".to_owned())
}
