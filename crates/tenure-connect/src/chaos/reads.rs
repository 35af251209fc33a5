//! What an honest connector reads from a chaos world. Nothing here changes anything but
//! the count of failed attempts.
//!
//! A probe's refusal says the same whatever the reason, as real systems do: it proves
//! nothing without a positive control.

use super::{
    acts, file,
    journal::BreachKind,
    point::Candour,
    source::ChaosSource,
    state::{Keepsakes, WorldState},
};
use crate::{Ability, BlastRadius, CheckReport, DerivedReading, Effect, OutsideFailure, Target};
use tenure_model::{
    ControlPlane, Derived, Instant, PrincipalKey, ProbeAnswer, Secret, ShortName, StepKind, printable,
};

/// Says who we are and which points answer.
pub(super) fn check(source: &ChaosSource, state: &WorldState, now: Instant) -> CheckReport {
    let account = state.account.as_ref().and_then(|key| state.there(key));
    let points =
        source.points.iter().map(|(name, leads_to)| (name.clone(), state.shows_alive(leads_to, now).err()));
    let reads_values = state.keepsakes == Keepsakes::Readable;
    CheckReport {
        system: "Chaos 1".to_owned(),
        account: account.map_or_else(|| "nobody".to_owned(), |(_, version)| version.name),
        abilities: vec![Ability {
            what: "read stored values".to_owned(),
            able: reads_values,
            remedy: (!reads_values).then(|| "let us read stored values".to_owned()),
        }],
        points: points.collect(),
        machine: None,
    }
}

/// The failure when a key now has another name.
pub(super) fn renamed(is_now: &str, was: &str) -> OutsideFailure {
    let why = format!("it is named `{}` and not `{}`", printable(is_now, 60), printable(was, 60));
    OutsideFailure::TargetChanged { why }
}

/// The failure when a key is no longer there.
pub(super) fn vanished() -> OutsideFailure {
    OutsideFailure::TargetChanged { why: "it is no longer there".to_owned() }
}

/// What is there under another name is not what was asked about; what is gone is gone.
fn unless_renamed(state: &WorldState, target: &Target) -> Result<(), OutsideFailure> {
    match state.there(&target.key) {
        Some((_, version)) if version.name != target.name => Err(renamed(&version.name, &target.name)),
        Some(_) | None => Ok(()),
    }
}

fn still_there(state: &WorldState, target: &Target) -> Result<(), OutsideFailure> {
    unless_renamed(state, target)?;
    state.there(&target.key).map(|_| ()).ok_or_else(vanished)
}

/// What ending a principal would touch.
pub(super) fn blast_radius(
    source: &ChaosSource,
    state: &WorldState,
    now: Instant,
    target: &Target,
) -> Result<BlastRadius, OutsideFailure> {
    still_there(state, target)?;
    if let Some(file) = &target.file {
        return file::blast_radius(state, &target.key, file);
    }
    let (held, version) = state.there(&target.key).ok_or_else(vanished)?;
    let reading = derived(source, state, now, target);
    let heir = state.principals.values().find_map(|other| {
        let current = other.current();
        (other.born.admin && current.present && other.key != target.key).then_some(current.name)
    });
    let restores = match (state.keepsakes, version.era) {
        (Keepsakes::Readable, Some(_)) => Ok(()),
        (Keepsakes::Readable, None) => Err("it has no value".to_owned()),
        (Keepsakes::Hidden, _) => Err("stored values may not be read".to_owned()),
    };
    Ok(BlastRadius {
        heir_unfit: None,
        sessions: reading.found,
        owned: held.born.owned.clone(),
        grants: i64::try_from(held.born.grants.len()).unwrap_or(i64::MAX),
        members: held.born.members.clone(),
        heir,
        warnings: Vec::new(),
        refusals: acts::principles(state, &target.key),
        unread: reading.unread.into_iter().map(|(point, why)| format!("{point}: {why}")).collect(),
        undo_restores_value: restores,
        file: None,
        at_most: None,
        goes_on: held.born.goes_on.clone(),
    })
}

/// What a lying system says of a blast radius.
pub(super) fn harmless() -> BlastRadius {
    BlastRadius {
        sessions: Vec::new(),
        owned: Vec::new(),
        grants: 0,
        members: Vec::new(),
        heir: None,
        heir_unfit: None,
        warnings: Vec::new(),
        refusals: Vec::new(),
        unread: Vec::new(),
        undo_restores_value: Ok(()),
        file: None,
        at_most: None,
        goes_on: Vec::new(),
    }
}

/// What an undo needs: a reference to the stored value, useless for authenticating.
pub(super) fn keepsake(
    state: &WorldState,
    target: &Target,
) -> Result<Option<Secret<String>>, OutsideFailure> {
    still_there(state, target)?;
    let era = state.there(&target.key).and_then(|(_, version)| version.era);
    Ok(match (state.keepsakes, era) {
        (Keepsakes::Readable, Some(era)) => {
            Some(Secret::new(format!("chaos-verifier${era}${}", target.key.0)))
        }
        (Keepsakes::Readable, None) | (Keepsakes::Hidden, _) => None,
    })
}

/// The era a keepsake refers to, when it is one of this principal's.
pub(super) fn era_of_keepsake(
    state: &WorldState,
    key: &PrincipalKey,
    keepsake: &Secret<String>,
) -> Option<usize> {
    let (era, owner) = keepsake.expose().strip_prefix("chaos-verifier$")?.split_once('$')?;
    let era = era.parse().ok()?;
    let held = state.principals.get(key)?;
    (owner == key.0 && held.knows_era(era)).then_some(era)
}

/// Whether the effect of a step is there.
pub(super) fn effect(
    source: &ChaosSource,
    state: &WorldState,
    now: Instant,
    target: &Target,
    step: StepKind,
    value: Option<&Secret<String>>,
) -> Effect {
    let there = state.there(&target.key);
    if step != StepKind::EndSessions
        && let Err(changed) = unless_renamed(state, target)
    {
        return Effect::Unobserved { why: changed.to_string() };
    }
    if let Some(file) = &target.file {
        return file::effect(state, &target.key, file, step);
    }
    let is = |present: bool| if present { Effect::Present } else { Effect::Missing };
    match step {
        StepKind::Deny => match (there, value) {
            (_, None) => Effect::Unobserved { why: "the installed value was not given".to_owned() },
            (Some((held, version)), Some(value)) => {
                is(version.era.is_some() && held.era_of(value) == version.era)
            }
            (None, Some(_)) => Effect::Missing,
        },
        StepKind::Disable => is(there.is_none_or(|(_, version)| !version.can_login)),
        StepKind::Enable => is(there.is_some_and(|(_, version)| version.can_login)),
        StepKind::Delete => is(there.is_none()),
        StepKind::EndSessions => {
            let reading = derived(source, state, now, target);
            let sessions = reading.found.iter().any(|derived| derived.kind == "session");
            match reading.unread.first() {
                _ if sessions => Effect::Missing,
                Some((point, why)) => Effect::Unobserved { why: format!("{point}: {why}") },
                None => Effect::Present,
            }
        }
        StepKind::Control | StepKind::Sweep | StepKind::Prove | StepKind::Tighten | StepKind::Loosen => {
            Effect::Unobserved { why: format!("{step} changes nothing") }
        }
    }
}

/// What the control plane shows.
pub(super) fn control_plane(state: &WorldState, target: &Target) -> ControlPlane {
    if let Err(changed) = unless_renamed(state, target) {
        return ControlPlane::Unread { why: changed.to_string() };
    }
    if let Some(file) = &target.file {
        return file::control_plane(state, &target.key, file);
    }
    match state.there(&target.key) {
        None => ControlPlane::Absent,
        Some((_, version)) if version.can_login => ControlPlane::Enabled,
        Some(_) => ControlPlane::Disabled,
    }
}

/// The one way this system refuses.
pub(super) fn refused() -> ProbeAnswer {
    ProbeAnswer::Refused { how: "CH401: authentication failed".to_owned() }
}

/// Tries to authenticate once.
pub(super) fn probe(
    source: &ChaosSource,
    state: &mut WorldState,
    now: Instant,
    point: &ShortName,
    target: &Target,
    value: &Secret<String>,
) -> ProbeAnswer {
    let Some((_, leads_to)) = source.points.iter().find(|(name, _)| name == point) else {
        return ProbeAnswer::CannotKnow { why: format!("no point `{point}` is configured") };
    };
    let Some(point) = state.point(leads_to) else {
        return ProbeAnswer::Unreachable { why: "there is no such host".to_owned() };
    };
    match point.candour(now) {
        Candour::Silent => return ProbeAnswer::Unreachable { why: "no answer".to_owned() },
        Candour::Elsewhere => return refused(),
        Candour::Open | Candour::Refuses if target.file.is_some() => {
            return target.file.as_ref().map_or_else(refused, |file| file::probe(state, &target.key, file));
        }
        Candour::Open if state.accepts(point, now, &target.name, value) => return ProbeAnswer::Accepted,
        Candour::Open | Candour::Refuses => {}
    }
    count_failure(source, state, now, &target.key);
    refused()
}

fn count_failure(source: &ChaosSource, state: &mut WorldState, now: Instant, key: &PrincipalKey) {
    let limit = source.manifest.lock_out;
    let Some(held) = state.principals.get_mut(key) else { return };
    held.failures.retain(|failed| now.since(*failed) < limit.window);
    held.failures.push(now);
    let failures = u32::try_from(held.failures.len()).unwrap_or(u32::MAX);
    if failures > limit.failures_max {
        state.breach(now, key, BreachKind::LockOutExceeded { failures });
    }
}

/// What is alive at every configured point that can be asked.
pub(super) fn derived(
    source: &ChaosSource,
    state: &WorldState,
    now: Instant,
    target: &Target,
) -> DerivedReading {
    if let Some(file) = &target.file {
        return file::copies(state, file);
    }
    let mut reading = DerivedReading::default();
    for (name, leads_to) in source.points() {
        match state.shows_alive(leads_to, now) {
            Err(why) => reading.unread.push((name.to_owned(), why)),
            Ok(false) => {}
            Ok(true) => {
                let alive = state.principals.get(&target.key).into_iter().flat_map(|held| &held.alive);
                let here = alive.filter(|alive| alive.what.point == leads_to);
                reading
                    .found
                    .extend(here.map(|alive| Derived { point: name.to_owned(), ..alive.what.clone() }));
            }
        }
    }
    reading
}
