//! `PATCH /api/v1/sources/{name}`: other options, points or another password for a source that stays itself.
//!
//! What is not named stays, `null` takes away. Without `write` it only says what would change. It connects nowhere, and a
//! body that cannot be understood is refused without repeating any of it. Next: `add.rs`.

use super::{
    SourceShown,
    add::{OPTIONS_MAX, POINTS_MAX, short},
    find,
};
use crate::api::prelude::*;
use crate::body;
use crate::limits::{ADDRESS_CHARS_MAX, NAME_CHARS_MAX, at_most, at_most_if};
use std::collections::BTreeMap;
use tenure_engine::{SettingChange, SourceChange, Writing};
use tenure_model::{DecisionRight, Secret};

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Patch,
    path: "/api/v1/sources/{name}",
    access: Access::Decided { action: ApiAction::Configure, kind: ApiResourceKind::Source },
    evidence: Some("source.changed"),
    about: "Says what other options, points or another password would change at a source; with `write` it is changed. One that would read another system is refused.",
    query: &[],
    takes: Some("SourceChangeRequest"),
    answers: Answers::Json(200, "SourceChanged"),
    route: || patch(handle),
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SourceChangeRequest {
    write: bool,
    #[serde(default)]
    options: BTreeMap<String, Option<String>>,
    #[serde(default)]
    points: BTreeMap<String, Option<String>>,
    #[serde(default, deserialize_with = "body::secret")]
    secret: Option<Secret<String>>,
}

#[derive(Serialize)]
struct SourceChanged {
    source: SourceShown,
    changes: Vec<SettingChange>,
    written: bool,
}

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Named(name): Named<String>,
    SecretBody(request): SecretBody<SourceChangeRequest>,
) -> Result<Json<SourceChanged>, Problem> {
    let actor = asked.authorise_decision(DecisionRight::Configure, Whose::Nobodys)?;
    let SourceChangeRequest { write, options, points, secret } = request;
    let change = SourceChange { options: read_options(options)?, points: read_points(points)?, secret };
    let writing = if write { Writing::Write } else { Writing::Preview };
    let changes = shared.engine.change_source(actor, &name, change, writing).await?;
    let written = write && !changes.is_empty();
    Ok(Json(SourceChanged { source: find(&shared, &name).await?, changes, written }))
}

/// Settings of a connector have limits too. What was given is not repeated: it may be a secret.
fn read_options(
    given: BTreeMap<String, Option<String>>,
) -> Result<BTreeMap<String, Option<String>>, Problem> {
    if given.len() > OPTIONS_MAX {
        return Err(Problem::refused(format!("a source has at most {OPTIONS_MAX} options")));
    }
    for (name, value) in &given {
        at_most("options", name, NAME_CHARS_MAX)?;
        at_most_if("options", value.as_deref(), ADDRESS_CHARS_MAX)?;
    }
    Ok(given)
}

fn read_points(
    given: BTreeMap<String, Option<String>>,
) -> Result<BTreeMap<tenure_model::ShortName, Option<String>>, Problem> {
    if given.len() > POINTS_MAX {
        return Err(Problem::refused(format!("a source has at most {POINTS_MAX} points")));
    }
    let point = |(name, url): (String, Option<String>)| {
        at_most_if("points", url.as_deref(), ADDRESS_CHARS_MAX)?;
        Ok((short("points", &name)?, url))
    };
    given.into_iter().map(point).collect()
}
