//! Checks of surveys: extents, pages, keys, and whether two readings agree.
//!
//! They look at a survey whole, after it ended, and must never repair what they look at. What
//! an engine does with a bad survey is not their business.

use super::rig::{Given, Rig, Stop, ensure};
use crate::{Act, PAGE_MAX};
use std::collections::{BTreeMap, BTreeSet};
use tenure_model::{
    Completeness, CredentialState, Extent, Observation, ObservedPrincipal, PrincipalKey, PrincipalKind,
    StepKind, printable,
};

pub(super) async fn extents_end_once(rig: &Rig<'_>) -> Result<(), Stop> {
    let mut ends: BTreeMap<Extent, u32> = BTreeMap::new();
    for given in rig.survey().await? {
        match given {
            Given::Page(extent, _) => {
                ends.entry(extent).or_insert(0);
            }
            Given::End(extent, _) => *ends.entry(extent).or_insert(0) += 1,
            Given::Note(_) => {}
        }
    }
    ensure(!ends.is_empty(), || "the survey has no extent".to_owned())?;
    for (extent, count) in ends {
        ensure(count == 1, || format!("extent `{}` was ended {count} times", printable(&extent.0, 60)))?;
    }
    Ok(())
}

pub(super) async fn no_page_after_end(rig: &Rig<'_>) -> Result<(), Stop> {
    let mut ended = BTreeSet::new();
    for given in rig.survey().await? {
        match given {
            Given::Page(extent, page) => ensure(!ended.contains(&extent), || {
                format!("a page of {} came after the end of `{}`", page.len(), printable(&extent.0, 60))
            })?,
            Given::End(extent, _) => {
                ended.insert(extent);
            }
            Given::Note(_) => {}
        }
    }
    Ok(())
}

pub(super) async fn pages_are_small(rig: &Rig<'_>) -> Result<(), Stop> {
    for given in rig.survey().await? {
        if let Given::Page(extent, page) = given {
            ensure(page.len() <= PAGE_MAX, || {
                format!("a page of `{}` holds {} observations", printable(&extent.0, 60), page.len())
            })?;
        }
    }
    Ok(())
}

pub(super) async fn keys_are_unique(rig: &Rig<'_>) -> Result<(), Stop> {
    let mut seen = BTreeSet::new();
    for observation in observations(rig.survey().await?) {
        let key = key_of(&observation);
        ensure(seen.insert(key.clone()), || format!("{} came twice", printable(&key, 200)))?;
    }
    Ok(())
}

pub(super) async fn surveys_agree(rig: &Rig<'_>) -> Result<(), Stop> {
    let first = lasting(rig.survey().await?);
    let second = lasting(rig.survey().await?);
    let difference = first.symmetric_difference(&second).next();
    ensure(difference.is_none(), || {
        let shown = difference.map(|one| printable(one, 200)).unwrap_or_default();
        format!("{} and {} things seen; one has, the other has not: {shown}", first.len(), second.len())
    })
}

pub(super) async fn survey_shows_what_is_there(rig: &Rig<'_>) -> Result<(), Stop> {
    let subject = rig.subject().await?;
    let key = &subject.target.key;
    let seen = observations(rig.survey().await?);
    let principal = principal_of(&seen, key)
        .ok_or_else(|| Stop::Broken("it does not show a new principal".to_owned()))?;
    ensure(principal.name == subject.target.name, || {
        format!("its name is shown as `{}`", printable(&principal.name, 60))
    })?;
    ensure(principal.kind == PrincipalKind::Account && !principal.built_in, || {
        format!("it is shown as {} with built_in {}", principal.kind, principal.built_in)
    })?;
    let live = seen.iter().any(|observation| match observation {
        Observation::Credential(credential) => {
            credential.principal == *key && credential.state == CredentialState::Live
        }
        Observation::Principal(_)
        | Observation::Grant(_)
        | Observation::Sighting(_)
        | Observation::Use(_) => false,
    });
    ensure(live, || "its credential is not shown as live".to_owned())?;
    if rig.can(StepKind::Delete) {
        rig.do_act(&subject.target, &Act::Delete { heir: None }).await?;
        let seen = observations(rig.survey().await?);
        ensure(principal_of(&seen, key).is_none(), || "it still shows a deleted principal".to_owned())?;
    }
    Ok(())
}

fn principal_of<'seen>(seen: &'seen [Observation], key: &PrincipalKey) -> Option<&'seen ObservedPrincipal> {
    seen.iter().find_map(|observation| match observation {
        Observation::Principal(principal) if principal.key == *key => Some(principal),
        Observation::Principal(_)
        | Observation::Credential(_)
        | Observation::Grant(_)
        | Observation::Sighting(_)
        | Observation::Use(_) => None,
    })
}

fn observations(given: Vec<Given>) -> Vec<Observation> {
    let pages = given.into_iter().map(|given| match given {
        Given::Page(_, page) => page,
        Given::End(..) | Given::Note(_) => Vec::new(),
    });
    pages.flatten().collect()
}

/// What ingestion tells things apart by.
fn key_of(observation: &Observation) -> String {
    match observation {
        Observation::Principal(seen) => format!("principal {}", seen.key.0),
        Observation::Credential(seen) => format!("credential {} of {}", seen.key, seen.principal.0),
        Observation::Grant(seen) => {
            format!("grant {} on {} to {} by {:?}", seen.right, seen.resource, seen.principal.0, seen.path)
        }
        Observation::Sighting(seen) => format!("sighting of {} in {}", seen.principal_name, seen.place),
        Observation::Use(seen) => {
            format!("use of {} by {} from {}", seen.principal.0, seen.consumer, seen.bucket)
        }
    }
}

/// An observation as text, without what moves by itself. Uses do: somebody may log in between two surveys.
pub(super) fn lasting_text(observation: Observation) -> Option<String> {
    (!matches!(observation, Observation::Use(_))).then(|| format!("{observation:?}"))
}

/// Everything a survey gave that does not move by itself, as texts.
fn lasting(given: Vec<Given>) -> BTreeSet<String> {
    let mut texts = BTreeSet::new();
    for given in given {
        match given {
            Given::Page(extent, page) => {
                let shown = page.into_iter().filter_map(lasting_text);
                texts.extend(shown.map(|text| format!("{}: {text}", extent.0)));
            }
            Given::End(extent, Completeness::Whole) => {
                texts.insert(format!("{} is whole", extent.0));
            }
            Given::End(extent, Completeness::Part { why, .. }) => {
                texts.insert(format!("{} is part: {why}", extent.0));
            }
            Given::Note(note) => {
                texts.insert(format!("{note:?}"));
            }
        }
    }
    texts
}
