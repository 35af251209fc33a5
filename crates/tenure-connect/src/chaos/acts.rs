//! Acts on a chaos world, as an honest system and an honest connector would do them.
//!
//! Every act is idempotent and acts on the principal of the intent alone, by its key and
//! only under its name. Next: `reads.rs`.

use super::{file, reads, source::ChaosSource, state::WorldState};
use crate::{Act, Done, OutsideFailure};
use tenure_model::{Fact, Facts, Instant, IntentRecord, PrincipalKey, Secret, StepKind, printable};

/// Carries out one act.
pub(super) fn carry_out(
    source: &ChaosSource,
    state: &mut WorldState,
    now: Instant,
    record: &IntentRecord,
    act: &Act<'_>,
) -> Result<Done, OutsideFailure> {
    let key = &record.principal;
    let is_there = match state.there(key) {
        Some((_, version)) if version.name != record.principal_name => {
            return Err(reads::renamed(&version.name, &record.principal_name));
        }
        Some(_) => true,
        None => false,
    };
    if is_there && !matches!(act, Act::EndSessions | Act::Enable { .. } | Act::Tighten | Act::Loosen) {
        refuse_on_principle(state, key)?;
    }
    if let Some(file) = &record.file {
        if !is_there {
            return Err(reads::vanished());
        }
        return file::carry_out(state, key, file, act);
    }
    match act {
        Act::Delete { .. } if !is_there => Ok(done(false, Facts::new())),
        Act::EndSessions => end_sessions(source, state, now, key),
        Act::Deny { .. } | Act::Disable | Act::Enable { .. } if !is_there => Err(reads::vanished()),
        Act::Deny { value } => Ok(done(state.replace_value(key, now, value), Facts::new())),
        Act::Disable => Ok(done(state.change(key, now, |version| version.can_login = false), Facts::new())),
        Act::Delete { heir } => delete(state, now, key, *heir),
        Act::Tighten | Act::Loosen => {
            Err(OutsideFailure::NotOurs { why: "the plan names no file".to_owned() })
        }
        Act::Enable { keepsake } => enable(state, now, key, *keepsake),
    }
}

/// Why a principal must not be acted on at all.
pub(super) fn principles(state: &WorldState, key: &PrincipalKey) -> Vec<String> {
    let mut principles = Vec::new();
    if state.account.as_ref() == Some(key) {
        principles.push("this is the account Tenure itself uses".to_owned());
    }
    if let Some((held, _)) = state.there(key) {
        if held.born.built_in {
            principles.push("it is built in".to_owned());
        }
        if held.born.admin && state.administrators_without(key) == 0 {
            principles.push("it is the last administrator".to_owned());
        }
    }
    principles
}

fn refuse_on_principle(state: &WorldState, key: &PrincipalKey) -> Result<(), OutsideFailure> {
    match principles(state, key).into_iter().next() {
        Some(why) => Err(OutsideFailure::NotOurs { why }),
        None => Ok(()),
    }
}

fn done(changed: bool, detail: Facts) -> Done {
    Done { changed, detail }
}

/// Ends sessions where it can. When a point could not be asked, what happened there is
/// unknown, and so is the act: `Lost`, not `Unreachable`, because others were ended.
fn end_sessions(
    source: &ChaosSource,
    state: &mut WorldState,
    now: Instant,
    key: &PrincipalKey,
) -> Result<Done, OutsideFailure> {
    let mut asked = Vec::new();
    let mut unasked = Vec::new();
    for (name, leads_to) in source.points() {
        match state.shows_alive(leads_to, now) {
            Ok(true) => asked.push(leads_to.to_owned()),
            Ok(false) => {}
            Err(why) => unasked.push(format!("{name}: {why}")),
        }
    }
    let ended = state.end_sessions(key, &asked);
    if !unasked.is_empty() {
        return Err(OutsideFailure::Lost {
            why: format!("not every point was asked ({})", unasked.join("; ")),
        });
    }
    let count = Fact::Number(i64::try_from(ended).unwrap_or(i64::MAX));
    Ok(done(ended > 0, Facts::from([("ended_sessions".to_owned(), count)])))
}

fn delete(
    state: &mut WorldState,
    now: Instant,
    key: &PrincipalKey,
    heir: Option<&str>,
) -> Result<Done, OutsideFailure> {
    let owns = state.there(key).is_some_and(|(held, _)| !held.born.owned.is_empty());
    match heir {
        None if owns => {
            return Err(OutsideFailure::Refused {
                code: "CH409".to_owned(),
                why: "it owns things".to_owned(),
                remedy: "name an heir".to_owned(),
            });
        }
        None => {}
        Some(heir) => match state.named(heir) {
            Some(heir) if heir != *key => state.hand_over(key, &heir),
            Some(_) | None => {
                return Err(OutsideFailure::Refused {
                    code: "CH404".to_owned(),
                    why: format!("there is no heir `{}`", printable(heir, 60)),
                    remedy: "name an heir that exists".to_owned(),
                });
            }
        },
    }
    Ok(done(state.change(key, now, |version| version.present = false), Facts::new()))
}

fn enable(
    state: &mut WorldState,
    now: Instant,
    key: &PrincipalKey,
    keepsake: Option<&Secret<String>>,
) -> Result<Done, OutsideFailure> {
    let era = match keepsake {
        None => None,
        Some(keepsake) => {
            Some(reads::era_of_keepsake(state, key, keepsake).ok_or_else(|| OutsideFailure::Refused {
                code: "CH422".to_owned(),
                why: "this is not a stored value of this principal".to_owned(),
                remedy: "enable it without the former value".to_owned(),
            })?)
        }
    };
    let changed = state.change(key, now, |version| {
        version.can_login = true;
        version.era = era.or(version.era);
    });
    Ok(done(changed, Facts::from([("step".to_owned(), Fact::Text(StepKind::Enable.to_string()))])))
}
