//! A graph that Cartography gathered, as Neo4j's APOC exports it: JSON lines, a list, two lists, or CSV.
//!
//! Nodes come before relationships, in every one of these forms. Identities are handed on as they come; a credential
//! waits for the relationship that says whose it is. Everything else is passed over and counted. Memory is
//! bounded by how many nodes are remembered. Next: `claim.rs`.

use crate::{
    claim::{Claim, Desk},
    limits::{NODES_MAX, WAITING_MAX},
    mapping::{
        apply::Row,
        cell::{Cell, any_date},
    },
    read::cell_of,
    trouble::Trouble,
    unreadable::Unreadable,
};
use serde_json::Value;
use std::{borrow::Cow, collections::HashMap};
use tenure_model::{
    CredentialKind, CredentialState, Fact, Observation, ObservedCredential, ObservedGrant, PrincipalKey,
    PrincipalKind, names, printable,
};

/// Labels of nodes that are identities.
const IDENTITIES: &[(&str, PrincipalKind)] = &[
    ("AWSUser", PrincipalKind::Account),
    ("AWSRole", PrincipalKind::Workload),
    ("AWSGroup", PrincipalKind::Group),
    ("GCPServiceAccount", PrincipalKind::Workload),
    ("GitHubUser", PrincipalKind::Account),
    ("OktaUser", PrincipalKind::Account),
    ("OktaGroup", PrincipalKind::Group),
];
/// Labels of nodes that are credentials, and the property that is the credential's key.
const CREDENTIALS: &[(&str, CredentialKind, &str)] = &[
    ("AccountAccessKey", CredentialKind::CloudKey, "accesskeyid"),
    ("AWSAccountAccessKey", CredentialKind::CloudKey, "accesskeyid"),
    ("GCPServiceAccountKey", CredentialKind::CloudKey, "id"),
    ("GitHubPersonalAccessToken", CredentialKind::Token, "id"),
    ("OktaApiToken", CredentialKind::Token, "id"),
];
/// Relationships that say whose a credential is, in either direction.
const BELONGS: &[&str] = &["AWS_ACCESS_KEY", "OWNED_BY", "OWNS", "HAS_KEY"];
/// Relationships that are rights of the node they begin at, and the right.
const RIGHTS: &[(&str, &str)] = &[
    ("MEMBER_AWS_GROUP", "member"),
    ("MEMBER_OF_OKTA_GROUP", "member"),
    ("STS_ASSUMEROLE_ALLOW", "assume"),
    ("POLICY", "policy"),
    ("MEMBER_OF", "member"),
    ("ADMIN_OF", "admin"),
];
/// Properties by which a node is called, the first that is there.
const NAMES: &[&str] = &["name", "username", "login", "email", "id"];
/// Properties that say when something was used last.
const USED: &[&str] =
    &["passwordlastused", "lastuseddate", "last_used_at", "last_login", "credential_accessed_at"];

/// A node or a relationship.
pub(crate) enum Record<'record> {
    Node { id: String, labels: Vec<Cow<'record, str>>, properties: HashMap<&'record str, Cow<'record, str>> },
    Relationship { kind: Cow<'record, str>, start: String, end: String },
}

/// What is remembered of a node.
#[derive(Debug)]
enum Known {
    Principal(PrincipalKey, Box<str>),
    Credential,
    Other(Box<str>),
}

/// A credential that waits for its owner.
#[derive(Debug)]
struct Waiting {
    line: u64,
    credential: ObservedCredential,
    used: Option<tenure_model::Instant>,
    owner: Option<PrincipalKey>,
}

/// What came so far.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    known: HashMap<String, Known>,
    waiting: HashMap<String, Waiting>,
}

type Taken = (Option<Claim>, Vec<Observation>);

impl Graph {
    /// Takes a record; gives what it claims.
    pub(crate) fn take(
        &mut self,
        record: &Record<'_>,
        line: u64,
        desk: &mut Desk<'_>,
    ) -> Result<Taken, Trouble> {
        match record {
            Record::Node { id, labels, properties } => {
                let node = Node { labels, properties };
                if self.known.len() >= NODES_MAX {
                    return Err(Trouble::TooManyNodes);
                }
                self.take_node(id, &node, line, desk)
            }
            Record::Relationship { kind, start, end } => {
                let further = self.take_relationship(kind, start, end, desk)?;
                Ok((None, further))
            }
        }
    }

    /// The lines of credentials of which nothing said whose they are.
    pub(crate) fn nobodys(&self) -> Vec<u64> {
        let mut lines: Vec<u64> =
            self.waiting.values().filter(|one| one.owner.is_none()).map(|one| one.line).collect();
        lines.sort_unstable();
        lines
    }

    fn take_node(
        &mut self,
        id: &str,
        node: &Node<'_>,
        line: u64,
        desk: &mut Desk<'_>,
    ) -> Result<Taken, Trouble> {
        if let Some((label, kind)) = IDENTITIES.iter().find(|(label, _)| node.is(label)) {
            let claim = node.principal(label, *kind, line, desk)?;
            let known = Known::Principal(claim.principal.key.clone(), claim.principal.name.as_str().into());
            self.known.insert(id.to_owned(), known);
            return Ok((Some(claim), Vec::new()));
        }
        if let Some((label, kind, key)) = CREDENTIALS.iter().find(|(label, ..)| node.is(label)) {
            if self.waiting.len() >= WAITING_MAX {
                return Err(Trouble::TooManyNodes);
            }
            let credential = node.credential(label, *kind, key, line, desk)?;
            let used = USED.iter().find_map(|used| any_date(node.property(used)?));
            self.waiting.insert(id.to_owned(), Waiting { line, credential, used, owner: None });
            self.known.insert(id.to_owned(), Known::Credential);
            return Ok((None, Vec::new()));
        }
        let label = node.labels.first().map_or("(no label)", |label| label.as_ref());
        desk.tally.pass_over(label);
        // It may still be what a right is on: then its name is wanted.
        let name = ["arn", "name", "id"].iter().find_map(|name| node.property(name)).unwrap_or(id);
        self.known.insert(id.to_owned(), Known::Other(name.chars().take(200).collect::<String>().into()));
        Ok((None, Vec::new()))
    }

    fn take_relationship(
        &mut self,
        kind: &str,
        start: &str,
        end: &str,
        desk: &mut Desk<'_>,
    ) -> Result<Vec<Observation>, Trouble> {
        let right = RIGHTS.iter().find(|(known, _)| *known == kind).map(|(_, right)| *right);
        if right.is_none() && !BELONGS.contains(&kind) {
            return Ok(Vec::new());
        }
        let (Some(from), Some(to)) = (self.known.get(start), self.known.get(end)) else {
            return Err(Trouble::NodeUnknown);
        };
        match (from, to, right) {
            (Known::Principal(owner, _), Known::Credential, None) => {
                let owner = owner.clone();
                self.give(end, &owner, desk)
            }
            (Known::Credential, Known::Principal(owner, _), None) => {
                let owner = owner.clone();
                self.give(start, &owner, desk)
            }
            (Known::Principal(holder, _), Known::Principal(_, name) | Known::Other(name), Some(right)) => {
                Ok(vec![Observation::Grant(ObservedGrant {
                    principal: holder.clone(),
                    resource: desk.name("name of the node at the end", name)?,
                    right: right.to_owned(),
                    path: Vec::new(),
                    grantable: false,
                })])
            }
            _ => Ok(Vec::new()),
        }
    }

    /// Hands a credential to its owner; a second relationship to the same owner changes nothing.
    fn give(
        &mut self,
        node: &str,
        owner: &PrincipalKey,
        desk: &Desk<'_>,
    ) -> Result<Vec<Observation>, Trouble> {
        let Some(waiting) = self.waiting.get_mut(node) else { return Ok(Vec::new()) };
        match &waiting.owner {
            Some(known) if known == owner => return Ok(Vec::new()),
            Some(_) => return Err(Trouble::Contradicts),
            None => waiting.owner = Some(owner.clone()),
        }
        let credential = ObservedCredential { principal: owner.clone(), ..waiting.credential.clone() };
        let used = waiting.used.map(|at| desk.last_use(owner, at, None));
        Ok(std::iter::once(Observation::Credential(credential)).chain(used).collect())
    }
}

/// A node, with what it says.
struct Node<'node> {
    labels: &'node [Cow<'node, str>],
    properties: &'node HashMap<&'node str, Cow<'node, str>>,
}

impl Node<'_> {
    fn is(&self, label: &str) -> bool {
        self.labels.iter().any(|own| own == label)
    }

    fn property(&self, name: &str) -> Option<&str> {
        self.properties.get(name).map(|text| text.as_ref()).filter(|text| !text.trim().is_empty())
    }

    fn principal(
        &self,
        label: &str,
        kind: PrincipalKind,
        line: u64,
        desk: &mut Desk<'_>,
    ) -> Result<Claim, Trouble> {
        let key =
            desk.name("id", self.property("id").or_else(|| self.property("arn")).unwrap_or_default())?;
        let (column, name) =
            NAMES.iter().find_map(|name| Some((*name, self.property(name)?))).unwrap_or(("id", &key));
        let name = desk.name(column, name)?;
        let mut principal = desk.principal(line, format!("{label}:{key}"), name, kind);
        principal.built_in = self.property("path").is_some_and(|path| path.starts_with("/aws-service-role/"));
        for (fact, property) in [("created", "createdate"), ("created", "created")] {
            let at = self.property(property).and_then(any_date);
            principal.facts.extend(at.map(|at| (fact.to_owned(), Fact::At(at))));
        }
        let login = match (self.property("disabled"), self.property("status")) {
            (Some("true"), _) | (_, Some("SUSPENDED" | "DEPROVISIONED")) => Fact::Flag(false),
            (Some("false"), _) | (_, Some("ACTIVE")) => Fact::Flag(true),
            _ => Fact::Unknown("the file does not say".to_owned()),
        };
        principal.facts.insert(names::LOGIN.to_owned(), login);
        let mut hints = Vec::new();
        for property in ["owner", "team", "displayName", "manager", "department"] {
            let told = self.property(property).and_then(|text| desk.told(property, text));
            hints.extend(told.map(|told| format!("{property}: {told}")));
        }
        principal.charter_hint = (!hints.is_empty()).then(|| hints.join("; "));
        let used = USED.iter().find_map(|used| any_date(self.property(used)?));
        let further = used.map(|at| desk.last_use(&principal.key, at, None)).into_iter().collect();
        Ok(Claim { principal, further })
    }

    fn credential(
        &self,
        label: &str,
        kind: CredentialKind,
        key: &str,
        line: u64,
        desk: &mut Desk<'_>,
    ) -> Result<ObservedCredential, Trouble> {
        let key = desk.name(key, self.property(key).or_else(|| self.property("id")).unwrap_or_default())?;
        let mut facts = desk.facts(line);
        for (fact, property) in
            [("created", "createdate"), ("created", "created"), ("created", "validAfterTime")]
        {
            let at = self.property(property).and_then(any_date);
            facts.extend(at.map(|at| (fact.to_owned(), Fact::At(at))));
        }
        for property in ["token_name", "token_kind", "scopes", "lastusedservice"] {
            let told = self.property(property).and_then(|text| desk.told(property, text));
            facts.extend(told.map(|told| (property.to_owned(), Fact::Text(told))));
        }
        let refused = self.property("disabled") == Some("true")
            || self.property("status").is_some_and(|status| status.eq_ignore_ascii_case("inactive"));
        let until =
            ["expires_at", "validBeforeTime"].iter().find_map(|until| any_date(self.property(until)?));
        Ok(ObservedCredential {
            key,
            // Set when the relationship comes.
            principal: PrincipalKey(label.to_owned()),
            kind,
            state: if refused { CredentialState::Disabled } else { CredentialState::Live },
            fingerprint: None,
            valid_until: until,
            facts,
        })
    }
}

/// The lists of an outer object, if the file begins with one of them.
pub(crate) fn lists_of(head: &[u8]) -> Vec<String> {
    let trimmed = head.trim_ascii_start();
    let inner = trimmed.strip_prefix(b"{").map(<[u8]>::trim_ascii_start);
    let lists = inner.is_some_and(|inner| inner.starts_with(b"\"nodes\"") || inner.starts_with(b"\"rels\""));
    if lists { vec!["nodes".to_owned(), "rels".to_owned()] } else { Vec::new() }
}

/// A record of the JSON forms.
pub(crate) fn from_json(value: &Value) -> Result<Record<'_>, Trouble> {
    let text = |value: &Value| match cell_of(value) {
        Cell::Text(text) => Some(text.into_owned()),
        Cell::Missing | Cell::Texts(_) | Cell::Nested => None,
    };
    match value.get("type").and_then(Value::as_str) {
        Some("node") => {
            let labels = value.get("labels").and_then(Value::as_array).into_iter().flatten();
            let properties = value.get("properties").and_then(Value::as_object).into_iter().flatten();
            Ok(Record::Node {
                id: value.get("id").and_then(text).ok_or(Trouble::NotOfAGraph)?,
                labels: labels.filter_map(Value::as_str).map(Cow::Borrowed).collect(),
                properties: properties
                    .filter_map(|(name, value)| match cell_of(value) {
                        Cell::Text(text) => Some((name.as_str(), text)),
                        Cell::Texts(texts) => Some((name.as_str(), Cow::Owned(texts.join(", ")))),
                        Cell::Missing | Cell::Nested => None,
                    })
                    .collect(),
            })
        }
        Some("relationship") => Ok(Record::Relationship {
            kind: value
                .get("label")
                .and_then(Value::as_str)
                .map(Cow::Borrowed)
                .ok_or(Trouble::NotOfAGraph)?,
            start: value.pointer("/start/id").and_then(text).ok_or(Trouble::NotOfAGraph)?,
            end: value.pointer("/end/id").and_then(text).ok_or(Trouble::NotOfAGraph)?,
        }),
        _ => Err(Trouble::NotOfAGraph),
    }
}

/// Refuses a CSV file that is no export of a graph.
pub(crate) fn check_header(header: &[String]) -> Result<(), Unreadable> {
    for column in ["_id", "_labels", "_start", "_end", "_type"] {
        if !header.iter().any(|name| name == column) {
            return Err(Unreadable::NoColumn { column: printable(column, 20), hint: String::new() });
        }
    }
    Ok(())
}

/// A record of the CSV form: nodes have an id, relationships a type.
pub(crate) fn from_row<'row>(header: &'row [String], row: &'row Row<'_>) -> Result<Record<'row>, Trouble> {
    let properties: HashMap<&str, Cow<'_, str>> = header
        .iter()
        .zip(&row.cells)
        .filter_map(|(name, cell)| match cell {
            Cell::Text(text) => Some((name.as_str(), Cow::Borrowed(text.as_ref()))),
            Cell::Missing | Cell::Texts(_) | Cell::Nested => None,
        })
        .collect();
    let of = |name: &str| properties.get(name).map(|text| text.clone().into_owned());
    match (of("_type"), of("_start"), of("_end"), of("_id")) {
        (Some(kind), Some(start), Some(end), _) => {
            Ok(Record::Relationship { kind: Cow::Owned(kind), start, end })
        }
        (None, None, None, Some(id)) => {
            let labels = of("_labels").unwrap_or_default();
            let labels =
                labels.split(':').filter(|label| !label.is_empty()).map(|label| Cow::Owned(label.to_owned()));
            Ok(Record::Node { id, labels: labels.collect(), properties })
        }
        _ => Err(Trouble::NotOfAGraph),
    }
}
