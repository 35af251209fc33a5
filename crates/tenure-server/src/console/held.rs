//! An identity as it is now, for whoever confirms or reviews it: one sheet, filled in from what the engine shows.
//!
//! It must never leave out why something is not known. Next: `confirm.rs`, `review_item.rs`.

use super::{
    identity::credential,
    text::{self, Prose, When},
};
use askama::Template;
use tenure_engine::{ConfirmedLast, ToConfirm};
use tenure_model::Instant;

#[derive(Template)]
#[template(path = "held.html")]
pub(super) struct Held {
    pub(super) purpose: Option<String>,
    pub(super) owners: String,
    pub(super) is_owned: bool,
    pub(super) rights: String,
    pub(super) rights_named: Vec<String>,
    pub(super) gained: Vec<String>,
    pub(super) lost: i64,
    pub(super) credentials: Vec<CredentialHeld>,
    pub(super) last_use: Option<(String, When)>,
    pub(super) uses_missed: Option<Prose>,
    pub(super) findings: Vec<(&'static str, Prose)>,
    pub(super) last: Option<LastLine>,
    pub(super) due: Prose,
}

/// It is a template itself: what came from outside was escaped when it was filled in.
impl askama::filters::HtmlSafe for Held {}

pub(super) struct CredentialHeld {
    kind: String,
    place: String,
    since: When,
    dies: Prose,
}

pub(super) struct LastLine {
    by: String,
    for_owners: bool,
    at: When,
    said: Prose,
}

/// The sheet.
pub(super) fn held(seen: &ToConfirm, now: Instant) -> Held {
    Held {
        purpose: seen.identity.charter.purpose.as_deref().map(text::shown_long),
        owners: text::shown(&seen.owners.join(" and ")),
        is_owned: !seen.owners.is_empty(),
        rights: tenure_model::counted(seen.rights_count, "right"),
        rights_named: seen.rights.iter().map(|right| text::shown(right)).collect(),
        gained: seen.rights_gained.iter().map(|right| text::shown(right)).collect(),
        lost: seen.rights_lost,
        credentials: seen
            .credentials
            .iter()
            .map(|one| {
                let line = credential(one, false, now);
                CredentialHeld { kind: line.kind, place: line.place, since: line.since, dies: line.dies }
            })
            .collect(),
        last_use: seen
            .last_use
            .as_ref()
            .map(|one| (text::shown(&one.consumer), text::when(one.last_seen, now))),
        uses_missed: seen.uses_missed.as_deref().map(text::prose),
        findings: seen.findings.iter().map(|one| (one.severity.as_str(), text::prose(&one.reason))).collect(),
        last: seen.last.as_ref().map(|one| last(one, now)),
        due: text::prose(&seen.due),
    }
}

fn last(one: &ConfirmedLast, now: Instant) -> LastLine {
    let said = match (&one.denied, &one.ended) {
        (Some(denied), _) => denied.clone(),
        (None, Some(ended)) => format!("confirmed, which counts no more: {ended}"),
        (None, None) => String::from("confirmed"),
    };
    LastLine {
        by: one.by.as_deref().map_or_else(|| String::from("somebody who left"), text::shown),
        for_owners: one.for_owners,
        at: text::when(one.at, now),
        said: text::prose(&said),
    }
}
