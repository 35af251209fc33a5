//! The controls of the programme on its page: whether they are ready, whom they name, and what follows by itself.
//!
//! Whoever is named says with one button that messages reach them, and nobody says it for another. Next: `programme.rs`.

use super::{
    PageProblem, address,
    form::{self, Nothing, Sent},
    see_other,
    table::StateShown,
    text::{self, Prose, When},
};
use crate::api::prelude::*;
use axum::response::Response;
use tenure_engine::{ConsequenceShown, ContactShown, Readiness};
use tenure_model::{ConsequenceState, Instant};

pub(super) static ACKNOWLEDGE: Endpoint = form::act(
    "/programme/acknowledgement",
    (ApiAction::Acknowledge, ApiResourceKind::System),
    "contact.acknowledged",
    "The console: whoever asks says that messages reach them.",
    || post(acknowledge),
);

/// A control, and what the check says of it.
pub(super) struct ControlLine {
    pub(super) id: String,
    pub(super) holds: String,
    pub(super) references: String,
    pub(super) state: StateShown,
    pub(super) faults: Vec<Prose>,
    pub(super) warnings: Vec<Prose>,
}

/// Somebody whom the programme names.
pub(super) struct ContactLine {
    pub(super) name: String,
    pub(super) is_there: bool,
    pub(super) acknowledged: Option<When>,
    pub(super) counts_until: Option<When>,
}

/// What follows for an identity.
pub(super) struct ConsequenceLine {
    pub(super) name: String,
    pub(super) href: String,
    pub(super) control: String,
    pub(super) state: StateShown,
    pub(super) at: When,
    pub(super) disables_at: Option<When>,
    pub(super) why: Option<Prose>,
    pub(super) plan: Option<String>,
    pub(super) asked: Option<String>,
}

async fn acknowledge(
    State(shared): State<Shared>,
    asked: Asked,
    sent: Sent<Nothing>,
) -> Result<Response, PageProblem> {
    let actor = asked.authorise(Whose::Nobodys)?;
    let Nothing {} = sent.read()?;
    shared.engine.acknowledge(actor).await.map_err(Problem::from)?;
    Ok(see_other("/programme"))
}

fn state(mark: &'static str, word: &str, tone: &str) -> StateShown {
    StateShown { mark, word: word.to_owned(), tone: tone.to_owned() }
}

pub(super) fn control(one: Readiness) -> ControlLine {
    let state = if one.ready { state("✓", "ready", "good") } else { state("◔", "not ready", "warn") };
    let warning = |it: &tenure_judge::Warned| match it.accepted_until {
        Some(until) => format!("{} (accepted until {until})", it.why),
        None => it.why.clone(),
    };
    ControlLine {
        state,
        references: one.references.join(", "),
        faults: one.faults.iter().map(|why| text::prose(why)).collect(),
        warnings: one.warnings.iter().map(|it| text::prose(&warning(it))).collect(),
        holds: text::shown(&one.holds),
        id: one.control,
    }
}

pub(super) fn contact(one: &ContactShown, now: Instant) -> ContactLine {
    ContactLine {
        name: text::shown(&one.name),
        is_there: one.is_there,
        acknowledged: one.acknowledged.map(|at| text::when(at, now)),
        counts_until: one.counts_until.map(|at| text::when(at, now)),
    }
}

pub(super) fn consequence(one: &ConsequenceShown, now: Instant) -> ConsequenceLine {
    let row = &one.row;
    let state = match row.state {
        ConsequenceState::Warned => state("◔", "warned", "warn"),
        ConsequenceState::WouldDisable => state("○", "would be disabled", "quiet"),
        ConsequenceState::Proposed => state("▲", "plan proposed", "bad"),
    };
    ConsequenceLine {
        name: text::shown(&row.identity_name),
        href: address::of_identity(&row.identity_name, &row.identity.handle()),
        control: text::shown(&row.control),
        state,
        at: text::when(row.at, now),
        disables_at: one.disables_at.map(|at| text::when(at, now)),
        why: row.why.as_deref().map(text::prose),
        plan: one.plan_handle.clone(),
        asked: one.asked.as_deref().map(text::shown),
    }
}
