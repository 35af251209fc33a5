//! `POST /api/v1/sources`: adds a source. It connects nowhere; the check does.
//!
//! The secret goes straight into custody: a body that cannot be understood is refused without
//! repeating any of it.

use super::{SourceShown, find};
use crate::api::prelude::*;
use crate::body;
use std::collections::{BTreeMap, BTreeSet};
use tenure_engine::NewSource;
use tenure_model::{DecisionRight, PRIMARY, Point, Secret, ShortName};

/// Enforcement points of one source, at most.
const POINTS_MAX: usize = 50;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Post,
    path: "/api/v1/sources",
    access: Access::Decided { action: ApiAction::Configure, kind: ApiResourceKind::Source },
    evidence: Some("source.added"),
    about: "Adds a source; it connects nowhere yet.",
    query: &[],
    takes: Some("SourceRequest"),
    answers: Answers::Json(201, "Source"),
    route: || post(handle),
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SourceRequest {
    name: ShortName,
    system: String,
    points: Vec<Point>,
    #[serde(default)]
    options: BTreeMap<String, String>,
    #[serde(default, deserialize_with = "body::secret")]
    secret: Option<Secret<String>>,
}

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    SecretBody(request): SecretBody<SourceRequest>,
) -> Result<(StatusCode, Json<SourceShown>), Problem> {
    let actor = asked.authorise_decision(DecisionRight::Configure, Whose::Nobodys)?;
    let SourceRequest { name, system, points, options, secret } = request;
    check_points(&points)?;
    let added = shared.engine.add_source(actor, NewSource { name, system, points, options, secret }).await?;
    Ok((StatusCode::CREATED, Json(find(&shared, added.name.as_str()).await?)))
}

/// What every connector takes for granted.
fn check_points(points: &[Point]) -> Result<(), Problem> {
    if points.len() > POINTS_MAX {
        return Err(Problem::refused(format!("a source has at most {POINTS_MAX} points")));
    }
    if points.first().is_none_or(|first| first.name.as_str() != PRIMARY) {
        return Err(Problem::refused("the first point of a source is named `primary`"));
    }
    let names: BTreeSet<&ShortName> = points.iter().map(|point| &point.name).collect();
    if names.len() != points.len() {
        return Err(Problem::refused("every point of a source has a name of its own"));
    }
    Ok(())
}
