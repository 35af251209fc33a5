//! Checks of what a connector says about itself, about us, and of reading in general.
//!
//! Acting on ourselves is among them: it must stay the last act of a run, since a connector
//! that does it may lock itself out. The order is in `promise.rs`.

use super::rig::{Rig, Stop, ensure};
use crate::{Act, OutsideFailure};
use std::collections::BTreeSet;
use tenure_model::{ShortName, StepKind};

pub(super) fn manifest_is_whole(rig: &Rig<'_>) -> Result<(), Stop> {
    let manifest = rig.fixture.manifest();
    ensure(ShortName::parse(manifest.system).is_ok(), || "`system` is not a short name".to_owned())?;
    for (what, text) in [
        ("title", manifest.title),
        ("least_privilege_script", manifest.least_privilege_script),
        ("enforcement_points", manifest.enforcement_points),
    ] {
        ensure(!text.trim().is_empty(), || format!("`{what}` is empty"))?;
    }
    for permission in manifest.permissions {
        let said = !permission.name.trim().is_empty() && !permission.enables.trim().is_empty();
        ensure(said, || "a permission does not say what it is or enables".to_owned())?;
    }
    let distinct: BTreeSet<&StepKind> = manifest.steps.iter().collect();
    ensure(distinct.len() == manifest.steps.len(), || "a step is listed twice".to_owned())?;
    for step in manifest.steps {
        ensure(step.acts(), || format!("`{step}` is no step of a connector"))?;
    }
    ensure(manifest.lock_out.failures_max > 0, || "`lock_out` allows no probe at all".to_owned())?;
    ensure(!manifest.blind_spots.is_empty(), || "it claims to have no blind spots".to_owned())
}

pub(super) async fn check_names_every_point(rig: &Rig<'_>) -> Result<(), Stop> {
    let report = rig.connection_check().await?;
    ensure(!report.account.trim().is_empty(), || "it does not say who we are".to_owned())?;
    ensure(!report.system.trim().is_empty(), || "it does not say what the system is".to_owned())?;
    for point in rig.fixture.points() {
        let said = report.points.iter().find(|(name, _)| *name == point);
        let answers = said.map(|(_, trouble)| trouble.clone());
        ensure(answers == Some(None), || format!("of `{point}` it says {answers:?}"))?;
    }
    for ability in &report.abilities {
        let explained = ability.able || ability.remedy.is_some();
        ensure(explained, || format!("it cannot `{}` and gives no remedy", ability.what))?;
    }
    Ok(())
}

pub(super) async fn reading_changes_nothing(rig: &Rig<'_>) -> Result<(), Stop> {
    let subject = rig.subject().await?;
    let target = &subject.target;
    let before = rig.record(target).await?;
    rig.connection_check().await?;
    rig.survey().await?;
    rig.blast_radius(target).await?;
    rig.keepsake(target).await?;
    for step in StepKind::ALL {
        rig.effect(target, *step, Some(&subject.value)).await?;
    }
    rig.control_plane(target).await?;
    rig.derived(target).await?;
    for point in &rig.fixture.points() {
        rig.probe(point, target, &subject.value).await?;
    }
    rig.settle().await?;
    ensure(rig.record(target).await? == before, || "a reading changed what the server holds".to_owned())?;
    let alive = rig.derived(target).await?.found;
    ensure(alive.is_empty(), || format!("probes left {} things alive", alive.len()))
}

pub(super) async fn we_are_refused(rig: &Rig<'_>) -> Result<(), Stop> {
    let Some(ourselves) = rig.fixture.ourselves() else {
        return Err(Stop::NotApplicable("the account is not a principal here".to_owned()));
    };
    let refusals = rig.blast_radius(&ourselves).await?.refusals;
    ensure(!refusals.is_empty(), || "the blast radius does not refuse".to_owned())?;
    let before = rig.record(&ourselves).await?;
    let value = rig.new_value()?;
    let acts = [
        (StepKind::Deny, Act::Deny { value: &value }),
        (StepKind::Disable, Act::Disable),
        (StepKind::Delete, Act::Delete { heir: None }),
    ];
    for (step, act) in acts.into_iter().filter(|(step, _)| rig.can(*step)) {
        let answer = rig.act(&ourselves, &act).await?;
        ensure(matches!(answer, Err(OutsideFailure::NotOurs { .. })), || {
            format!("`{step}` on ourselves was answered: {answer:?}")
        })?;
    }
    rig.settle().await?;
    ensure(rig.record(&ourselves).await? == before, || "an act on ourselves changed something".to_owned())
}
