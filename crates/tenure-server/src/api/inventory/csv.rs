//! `GET /api/v1/{list}.csv`: the lists as files for spreadsheets, filtered as in the console.
//!
//! It must never show more than the list itself does, and no value of a credential. Next: `api/csv.rs`, how a file
//! is written.

use super::rows::{self, Wanted};
use crate::api::{
    csv::{CSV, ROWS, file},
    filter,
    listing::{self, Listed},
    prelude::*,
};
use axum::response::Response;
use tenure_engine::{CredentialRow, Held, HeldGrant, PrincipalRow};
use tenure_model::Instant;

const fn endpoint(
    path: &'static str,
    about: &'static str,
    route: fn() -> axum::routing::MethodRouter<Shared>,
) -> Endpoint {
    Endpoint {
        verb: Verb::Get,
        path,
        access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::Identity },
        evidence: None,
        about,
        query: &[("q", "text")],
        takes: None,
        answers: Answers::Bytes(CSV),
        route,
    }
}

pub(crate) static IDENTITIES: Endpoint =
    endpoint("/api/v1/identities.csv", "Identities as a CSV file, all that match.", || get(identities));
pub(crate) static PRINCIPALS: Endpoint =
    endpoint("/api/v1/principals.csv", "Principals as a CSV file, all that match.", || get(principals));
pub(crate) static CREDENTIALS: Endpoint = endpoint(
    "/api/v1/credentials.csv",
    "Credentials as a CSV file, all that match; never their values.",
    || get(credentials),
);
pub(crate) static GRANTS: Endpoint =
    endpoint("/api/v1/grants.csv", "Rights as a CSV file, all that match.", || get(grants));

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Filter {
    #[serde(default)]
    q: String,
}

fn page_of(q: &str, after: Option<String>) -> Wanted {
    Wanted { q: Some(q.to_owned()), limit: Some(ROWS), after }
}

fn said(at: Option<Instant>) -> String {
    at.map(|at| at.to_string()).unwrap_or_default()
}

fn yes_no(flag: bool) -> String {
    String::from(if flag { "yes" } else { "no" })
}

async fn identities(
    State(shared): State<Shared>,
    asked: Asked,
    Asking(Filter { q }): Asking<Filter>,
) -> Result<Response, Problem> {
    asked.authorise(Whose::Nobodys)?;
    filter::identities(&q).strict()?;
    let me = asked.person.id;
    let columns: &[_] =
        &["identity", "handle", "standing", "owners", "findings", "worst", "changes_at", "built_in"];
    let read = move |after| {
        let (shared, q) = (shared.clone(), q.clone());
        async move {
            let wanted = filter::identities(&q).strict()?;
            Ok(listing::filtered(&shared, wanted, me, ROWS, after).await?.map(identity_cells))
        }
    };
    file("identities", columns, read).await
}

fn identity_cells(row: Listed) -> Vec<String> {
    vec![
        row.identity.name,
        row.identity.handle,
        row.identity.standing.to_string(),
        row.owners.join("; "),
        row.findings.to_string(),
        row.worst.map(|worst| worst.to_string()).unwrap_or_default(),
        said(row.identity.due),
        yes_no(row.identity.built_in),
    ]
}

async fn principals(
    State(shared): State<Shared>,
    asked: Asked,
    Asking(Filter { q }): Asking<Filter>,
) -> Result<Response, Problem> {
    asked.authorise(Whose::Nobodys)?;
    let columns: &[_] = &[
        "source",
        "principal",
        "kind",
        "presence",
        "built_in",
        "native_key",
        "first_seen",
        "gone",
        "identity",
        "identity_handle",
    ];
    let read = move |after| {
        let (shared, q) = (shared.clone(), q.clone());
        async move {
            let words = filter::principals(&q).strict()?;
            Ok(rows::principals(&shared, Some(words), page_of(&q, after)).await?.map(principal_cells))
        }
    };
    file("principals", columns, read).await
}

fn principal_cells(held: Held<PrincipalRow>) -> Vec<String> {
    let row = held.row;
    vec![
        row.source_name,
        row.name,
        row.kind.to_string(),
        row.presence.to_string(),
        yes_no(row.built_in),
        row.native_key,
        row.first_seen.to_string(),
        said(row.gone),
        held.identity_name,
        held.identity_handle,
    ]
}

async fn credentials(
    State(shared): State<Shared>,
    asked: Asked,
    Asking(Filter { q }): Asking<Filter>,
) -> Result<Response, Problem> {
    asked.authorise(Whose::Nobodys)?;
    let columns: &[_] = &[
        "holder",
        "credential",
        "kind",
        "state",
        "valid_until",
        "first_seen",
        "value_changed",
        "identity",
        "identity_handle",
    ];
    let read = move |after| {
        let (shared, q) = (shared.clone(), q.clone());
        async move {
            let words = filter::credentials(&q).strict()?;
            Ok(rows::credentials(&shared, words, page_of(&q, after)).await?.map(credential_cells))
        }
    };
    file("credentials", columns, read).await
}

fn credential_cells(held: Held<CredentialRow>) -> Vec<String> {
    let row = held.row;
    vec![
        row.holder,
        row.native_key,
        row.kind.to_string(),
        row.state.to_string(),
        said(row.valid_until),
        row.first_seen.to_string(),
        said(row.value_changed),
        held.identity_name,
        held.identity_handle,
    ]
}

async fn grants(
    State(shared): State<Shared>,
    asked: Asked,
    Asking(Filter { q }): Asking<Filter>,
) -> Result<Response, Problem> {
    asked.authorise(Whose::Nobodys)?;
    let columns: &[_] = &["holder", "resource", "right", "path", "grantable", "identity", "identity_handle"];
    let read = move |after| {
        let (shared, q) = (shared.clone(), q.clone());
        async move {
            let words = filter::grants(&q).strict()?;
            Ok(rows::grants(&shared, words, page_of(&q, after)).await?.map(grant_cells))
        }
    };
    file("grants", columns, read).await
}

fn grant_cells(held: Held<HeldGrant>) -> Vec<String> {
    let HeldGrant { holder, grant, .. } = held.row;
    vec![
        holder,
        grant.resource,
        grant.right,
        grant.path.join(" > "),
        yes_no(grant.grantable),
        held.identity_name,
        held.identity_handle,
    ]
}
