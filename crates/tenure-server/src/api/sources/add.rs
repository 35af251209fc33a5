//! `POST /api/v1/sources`: adds a source. It connects nowhere; the check does.
//!
//! The secret goes straight into custody: a body that cannot be understood is refused without
//! repeating any of it.

use super::{SourceShown, find};
use crate::api::prelude::*;
use crate::body;
use crate::limits::{ADDRESS_CHARS_MAX, NAME_CHARS_MAX, at_most};
use std::collections::BTreeMap;
use tenure_engine::NewSource;
use tenure_model::{DecisionRight, PRIMARY, Point, Secret, ShortName};

/// Enforcement points of one source, at most.
pub(super) const POINTS_MAX: usize = 50;
/// Settings of one source, at most.
pub(super) const OPTIONS_MAX: usize = 100;

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
    name: String,
    system: String,
    points: Vec<PointRequest>,
    #[serde(default)]
    options: BTreeMap<String, String>,
    #[serde(default, deserialize_with = "body::secret")]
    secret: Option<Secret<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PointRequest {
    name: String,
    url: String,
}

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    SecretBody(request): SecretBody<SourceRequest>,
) -> Result<(StatusCode, Json<SourceShown>), Problem> {
    let actor = asked.authorise_decision(DecisionRight::Configure, Whose::Nobodys)?;
    let SourceRequest { name, system, points, options, secret } = request;
    let name = short("name", &name)?;
    let points = read_points(points)?;
    check_options(&options)?;
    let added = shared.engine.add_source(actor, NewSource { name, system, points, options, secret }).await?;
    Ok((StatusCode::CREATED, Json(find(&shared, added.name.as_str()).await?)))
}

/// Settings of a connector have limits too. What was given is not repeated: it may be a secret.
fn check_options(options: &BTreeMap<String, String>) -> Result<(), Problem> {
    if options.len() > OPTIONS_MAX {
        return Err(Problem::refused(format!("a source has at most {OPTIONS_MAX} options")));
    }
    for (name, value) in options {
        at_most("options", name, NAME_CHARS_MAX)?;
        at_most("options", value, ADDRESS_CHARS_MAX)?;
    }
    Ok(())
}

/// A short name; a wrong one is not repeated, because this body may hold a secret in any place.
pub(super) fn short(field: &str, given: &str) -> Result<ShortName, Problem> {
    ShortName::parse(given).map_err(|_| {
        Problem::refused(format!(
            "`{field}` is 1 to 40 lower-case letters, digits and `-`, beginning with a letter"
        ))
    })
}

/// What every connector takes for granted: `primary` comes first, and names are different.
fn read_points(given: Vec<PointRequest>) -> Result<Vec<Point>, Problem> {
    if given.len() > POINTS_MAX {
        return Err(Problem::refused(format!("a source has at most {POINTS_MAX} points")));
    }
    let mut points: Vec<Point> = Vec::with_capacity(given.len());
    for PointRequest { name, url } in given {
        let name = short("points[].name", &name)?;
        at_most("points[].url", &url, ADDRESS_CHARS_MAX)?;
        if points.iter().any(|point| point.name == name) {
            return Err(Problem::refused("every point of a source has a name of its own"));
        }
        points.push(Point { name, url });
    }
    if points.first().is_none_or(|first| first.name.as_str() != PRIMARY) {
        return Err(Problem::refused("the first point of a source is named `primary`"));
    }
    Ok(points)
}
