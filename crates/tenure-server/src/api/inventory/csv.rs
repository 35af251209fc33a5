//! `GET /api/v1/{list}.csv`: the lists as files for spreadsheets, filtered as in the console.
//!
//! It must never show more than the list itself does, and no value of a credential. Next: `api/csv.rs`, how a file
//! is written.

use super::rows::{self, Wanted};
use crate::api::{
    csv::{self, ROWS, Sheet, file, said},
    filter,
    listing::{self, Listed},
    prelude::*,
};
use axum::response::Response;
use tenure_engine::{CredentialRow, Held, HeldGrant, PrincipalRow};

const fn endpoint(
    path: &'static str,
    about: &'static str,
    route: fn() -> axum::routing::MethodRouter<Shared>,
) -> Endpoint {
    csv::endpoint(path, ApiResourceKind::Identity, about, &[("q", "text")], route)
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

static IDENTITY_SHEET: Sheet<Listed> = Sheet {
    name: "identities",
    columns: &[
        "identity",
        "handle",
        "standing",
        "owners",
        "findings",
        "worst",
        "class",
        "risk_tier",
        "built_in",
    ],
    cells: identity_cells,
};
static PRINCIPAL_SHEET: Sheet<Held<PrincipalRow>> = Sheet {
    name: "principals",
    columns: &[
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
    ],
    cells: principal_cells,
};
static CREDENTIAL_SHEET: Sheet<Held<CredentialRow>> = Sheet {
    name: "credentials",
    columns: &[
        "holder",
        "credential",
        "kind",
        "state",
        "valid_until",
        "first_seen",
        "value_changed",
        "identity",
        "identity_handle",
    ],
    cells: credential_cells,
};
static GRANT_SHEET: Sheet<Held<HeldGrant>> = Sheet {
    name: "grants",
    columns: &["holder", "resource", "right", "path", "grantable", "identity", "identity_handle"],
    cells: grant_cells,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Filter {
    #[serde(default)]
    q: String,
}

/// A page of a file, from where it begins.
fn page_of(after: Option<String>) -> Wanted {
    Wanted { q: None, limit: Some(ROWS), after }
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
    let (words, me) = (filter::identities(&q).strict()?, asked.person.id);
    let read = move |after| {
        let (shared, words) = (shared.clone(), words.clone());
        async move { listing::filtered(&shared, words, me, ROWS, after).await }
    };
    file(&IDENTITY_SHEET, read).await
}

async fn principals(
    State(shared): State<Shared>,
    asked: Asked,
    Asking(Filter { q }): Asking<Filter>,
) -> Result<Response, Problem> {
    asked.authorise(Whose::Nobodys)?;
    let words = filter::principals(&q).strict()?;
    let read = move |after| {
        let (shared, words) = (shared.clone(), words.clone());
        async move { rows::principals(&shared, Some(words), page_of(after)).await }
    };
    file(&PRINCIPAL_SHEET, read).await
}

async fn credentials(
    State(shared): State<Shared>,
    asked: Asked,
    Asking(Filter { q }): Asking<Filter>,
) -> Result<Response, Problem> {
    asked.authorise(Whose::Nobodys)?;
    let words = filter::credentials(&q).strict()?;
    let read = move |after| {
        let (shared, words) = (shared.clone(), words.clone());
        async move { rows::credentials(&shared, words, page_of(after)).await }
    };
    file(&CREDENTIAL_SHEET, read).await
}

async fn grants(
    State(shared): State<Shared>,
    asked: Asked,
    Asking(Filter { q }): Asking<Filter>,
) -> Result<Response, Problem> {
    asked.authorise(Whose::Nobodys)?;
    let words = filter::grants(&q).strict()?;
    let read = move |after| {
        let (shared, words) = (shared.clone(), words.clone());
        async move { rows::grants(&shared, words, page_of(after)).await }
    };
    file(&GRANT_SHEET, read).await
}

fn identity_cells(row: Listed) -> Vec<String> {
    vec![
        row.identity.name,
        row.identity.handle,
        row.identity.standing.to_string(),
        row.owners.join("; "),
        row.findings.to_string(),
        row.worst.map(|worst| worst.to_string()).unwrap_or_default(),
        row.identity.class.unwrap_or_default(),
        row.identity.tier.map(|tier| tier.to_string()).unwrap_or_default(),
        yes_no(row.identity.built_in),
    ]
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
