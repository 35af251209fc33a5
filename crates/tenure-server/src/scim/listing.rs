//! Lists: what satisfies a filter, page by page (RFC 7644, sections 3.4.2 and 3.4.3).
//!
//! A name or the directory's own id is looked up; any other filter is asked of everybody, a thousand at a time. The
//! number of all is always exact. Next: `discovery.rs`.

use super::{
    ScimFailure,
    door::{Directory, Document},
    failure::answer,
    filter::{self, Filter},
    groups,
    resource::Wanted,
    schema::{Attribute, GROUP_ATTRIBUTES, USER_ATTRIBUTES, find},
    users,
};
use crate::api::prelude::*;
use axum::response::Response;
use serde_json::{Map, Value, json};
use tenure_engine::{StoreFailure, Team, TeamRow, Tx};
use tenure_model::Origin;

const LIST: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
/// Resources on a page, at most, and when nothing is said.
pub(super) const PAGE_MAX: i64 = 500;
const PAGE: i64 = 100;
/// People read at a time.
const BATCH: i64 = 1_000;

const ASKS: &[(&str, &str)] = &[
    ("filter", "text"),
    ("startIndex", "number"),
    ("count", "number"),
    ("attributes", "text"),
    ("excludedAttributes", "text"),
];

pub(crate) static USERS: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/scim/v2/Users",
    access: Access::Provisioning,
    evidence: None,
    about: "People of the directory, those who left too; with `filter` some of them.",
    query: ASKS,
    takes: None,
    answers: Answers::Scim(200),
    route: || get(users_by_query),
};

pub(crate) static GROUPS: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/scim/v2/Groups",
    access: Access::Provisioning,
    evidence: None,
    about: "Teams of the directory; with `filter` some of them.",
    query: ASKS,
    takes: None,
    answers: Answers::Scim(200),
    route: || get(groups_by_query),
};

pub(crate) static SEARCH_USERS: Endpoint = Endpoint {
    verb: Verb::Post,
    path: "/scim/v2/Users/.search",
    access: Access::Provisioning,
    evidence: None,
    about: "As the list of people, asked in a body.",
    query: &[],
    takes: None,
    answers: Answers::Scim(200),
    route: || post(search_users),
};

pub(crate) static SEARCH_GROUPS: Endpoint = Endpoint {
    verb: Verb::Post,
    path: "/scim/v2/Groups/.search",
    access: Access::Provisioning,
    evidence: None,
    about: "As the list of teams, asked in a body.",
    query: &[],
    takes: None,
    answers: Answers::Scim(200),
    route: || post(search_groups),
};

pub(crate) static SEARCH: Endpoint = Endpoint {
    verb: Verb::Post,
    path: "/scim/v2/.search",
    access: Access::Provisioning,
    evidence: None,
    about: "People, then teams, that satisfy a filter.",
    query: &[],
    takes: None,
    answers: Answers::Scim(200),
    route: || post(search),
};

/// What a list is asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Asks {
    filter: Option<String>,
    start_index: Option<i64>,
    count: Option<i64>,
    attributes: Option<String>,
    excluded_attributes: Option<String>,
}

/// The same in a body.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Search {
    filter: Option<String>,
    start_index: Option<i64>,
    count: Option<i64>,
    attributes: Vec<String>,
    excluded_attributes: Vec<String>,
}

#[derive(Debug, Clone, Copy)]
enum Of {
    Users,
    Groups,
    Both,
}

impl Asks {
    fn searched(self) -> Search {
        Search {
            filter: self.filter,
            start_index: self.start_index,
            count: self.count,
            attributes: Wanted::names(self.attributes.as_deref()),
            excluded_attributes: Wanted::names(self.excluded_attributes.as_deref()),
        }
    }
}

async fn users_by_query(
    State(shared): State<Shared>,
    directory: Directory,
    axum::extract::Query(asks): axum::extract::Query<Asks>,
) -> Result<Response, ScimFailure> {
    listed(&shared, &directory, asks.searched(), Of::Users).await
}

async fn groups_by_query(
    State(shared): State<Shared>,
    directory: Directory,
    axum::extract::Query(asks): axum::extract::Query<Asks>,
) -> Result<Response, ScimFailure> {
    listed(&shared, &directory, asks.searched(), Of::Groups).await
}

fn searched(document: Map<String, Value>) -> Result<Search, ScimFailure> {
    serde_json::from_value(Value::Object(document))
        .map_err(|_| ScimFailure::bad("invalidSyntax", "this is no SearchRequest of RFC 7644"))
}

async fn search_users(
    State(shared): State<Shared>,
    directory: Directory,
    Document(document): Document,
) -> Result<Response, ScimFailure> {
    listed(&shared, &directory, searched(document)?, Of::Users).await
}

async fn search_groups(
    State(shared): State<Shared>,
    directory: Directory,
    Document(document): Document,
) -> Result<Response, ScimFailure> {
    listed(&shared, &directory, searched(document)?, Of::Groups).await
}

async fn search(
    State(shared): State<Shared>,
    directory: Directory,
    Document(document): Document,
) -> Result<Response, ScimFailure> {
    listed(&shared, &directory, searched(document)?, Of::Both).await
}

/// One page in the making.
struct Page {
    /// How many are still to be passed over.
    skip: i64,
    /// How many are still to be shown.
    room: i64,
    total: i64,
}

impl Page {
    /// Counts one; true when it is shown.
    fn takes(&mut self) -> bool {
        self.total += 1;
        if self.skip > 0 {
            self.skip -= 1;
            return false;
        }
        let shows = self.room > 0;
        self.room -= i64::from(shows);
        shows
    }
}

async fn listed(
    shared: &Shared,
    directory: &Directory,
    asks: Search,
    of: Of,
) -> Result<Response, ScimFailure> {
    let wanted = Wanted::new(asks.attributes, asks.excluded_attributes)?;
    let filter = |attributes: &'static [Attribute]| match asks.filter.as_deref() {
        None => Ok(None),
        Some(text) => filter::read(text, attributes)
            .map(Some)
            .map_err(|why| ScimFailure::bad("invalidFilter", why.to_string())),
    };
    let (of_users, of_groups) = (filter(USER_ATTRIBUTES)?, filter(GROUP_ATTRIBUTES)?);
    let names =
        |word: &str| asks.filter.as_deref().is_some_and(|text| text.to_ascii_lowercase().contains(word));
    let (by_team, by_member) = (names("groups"), names("members"));
    let shows = |attributes, name| find(attributes, name).is_some_and(|one| wanted.holds(one, attributes));
    let (shows_teams, shows_members) = (shows(USER_ATTRIBUTES, "groups"), shows(GROUP_ATTRIBUTES, "members"));
    let start = asks.start_index.unwrap_or(1).max(1);
    let room = asks.count.unwrap_or(PAGE).clamp(0, PAGE_MAX);
    let base = directory.base.clone();
    let read = move |tx: &mut Tx<'_>| {
        let mut page = Page { skip: start - 1, room, total: 0 };
        let mut shown = Vec::new();
        if matches!(of, Of::Users | Of::Both) {
            let found = people(tx, of_users.as_ref(), (by_team, shows_teams), &base, &mut page)?;
            shown.extend(found.into_iter().map(|one| (one, USER_ATTRIBUTES)));
        }
        if matches!(of, Of::Groups | Of::Both) {
            let found = teams(tx, of_groups.as_ref(), (by_member, shows_members), &base, &mut page)?;
            shown.extend(found.into_iter().map(|one| (one, GROUP_ATTRIBUTES)));
        }
        Ok((page.total, shown))
    };
    let (total, shown) = shared.engine.store().read("scim_list", read).await.map_err(Problem::from)?;
    let shown: Vec<Value> =
        shown.into_iter().map(|(one, attributes)| Value::Object(wanted.of(one, attributes))).collect();
    let document = json!({
        "schemas": [LIST], "totalResults": total, "startIndex": start, "itemsPerPage": shown.len(), "Resources": shown,
    });
    Ok(answer(StatusCode::OK, &document))
}

fn people(
    tx: &mut Tx<'_>,
    filter: Option<&Filter>,
    (by_team, shows_teams): (bool, bool),
    base: &str,
    page: &mut Page,
) -> Result<Vec<Map<String, Value>>, StoreFailure> {
    let mut shown = Vec::new();
    let mut look = |tx: &mut Tx<'_>, rows: Vec<tenure_engine::DirectoryRow>| {
        for row in rows {
            let teams = if by_team { tx.teams_of(row.person)? } else { Vec::new() };
            let is_meant = |filter: &Filter| filter.matches(&users::resource(&row, &teams, base));
            if filter.is_none_or(is_meant) && page.takes() {
                let teams = if shows_teams && !by_team { tx.teams_of(row.person)? } else { teams };
                shown.push(users::resource(&row, &teams, base));
            }
        }
        Ok::<(), StoreFailure>(())
    };
    if let Some(name) = filter.and_then(|filter| filter.is_exactly("userName")) {
        let row = tx.directory_person_named(name)?.filter(|row| row.origin == Origin::Scim);
        look(tx, row.into_iter().collect())?;
    } else if let Some(external_id) = filter.and_then(|filter| filter.is_exactly("externalId")) {
        let rows = tx.directory_people_of(Origin::Scim, external_id)?;
        look(tx, rows)?;
    } else {
        let mut after = None;
        loop {
            let rows = tx.directory_people(Origin::Scim, after, BATCH)?;
            let Some(last) = rows.last().map(|row| row.person) else { break };
            after = Some(last);
            look(tx, rows)?;
        }
    }
    Ok(shown)
}

fn teams(
    tx: &mut Tx<'_>,
    filter: Option<&Filter>,
    (by_member, shows_members): (bool, bool),
    base: &str,
    page: &mut Page,
) -> Result<Vec<Map<String, Value>>, StoreFailure> {
    let mut shown = Vec::new();
    let rows = match filter.and_then(|filter| filter.is_exactly("displayName")) {
        Some(name) => tx.team_named(name)?.into_iter().collect::<Vec<_>>(),
        None => tx.teams()?,
    };
    // Another origin's teams are not there for a directory.
    let of_directory = |row: &TeamRow| row.origin == Origin::Scim;
    for row in rows.into_iter().filter(of_directory) {
        let members = if by_member { tx.members_of(row.id)? } else { Vec::new() };
        let mut team = Team { row, members };
        if filter.is_none_or(|filter| filter.matches(&groups::resource(&team, base))) && page.takes() {
            if shows_members && !by_member {
                team.members = tx.members_of(team.row.id)?;
            }
            shown.push(groups::resource(&team, base));
        }
    }
    Ok(shown)
}
