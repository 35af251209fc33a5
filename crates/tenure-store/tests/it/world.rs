//! A small outside world to write down: sources, roles, passwords, grants, plans.
//!
//! Helpers only; what must hold is in the files named after the nouns.

use crate::bed::{Bed, read, write};
use std::collections::BTreeMap;
use tenure_model::{
    ActionId, CredentialKind, CredentialState, Extent, Fact, Facts, Instant, Observation, ObservedCredential,
    ObservedGrant, ObservedPrincipal, ObservedSighting, ObservedUse, PersonId, PlanEvent, PlanId, PlanKind,
    PlanState, Point, PrincipalKey, PrincipalKind, ProofLevel, ShortName, SourceId, Standing, StepKind,
    SurveyId,
};
use tenure_store::{
    Store, StoreFailure,
    tables::{
        identities::{IdentityRow, JudgedAs},
        ingest::{IngestContext, PageOutcome, Seen, seen_key},
        inventory::PrincipalRow,
        list_identities::IdentityQuery,
        plans::PlanRow,
        sources::SourceRow,
    },
};

/// Names that other systems really allow and that break careless code.
pub(crate) fn hostile_names() -> Vec<String> {
    vec![
        String::from("quote\"s and 'others'"),
        String::from("two\nlines\r\n\tand a tab"),
        String::from("\u{202e}sdrawkcab\u{202c} \u{2066}isolated\u{2069} zero\u{200b}width"),
        "é".repeat(31) + "e",
        String::from("'; DROP TABLE principals; --"),
        String::from("<script>alert(1)</script>"),
        String::from("%_\\ like $1 ?1 {braces} \u{1F600} \u{1}\u{7f}\u{85}"),
        String::from(" leading and trailing "),
    ]
}

/// What a judgement says, of no class and no risk tier.
pub(crate) fn judged_as(standing: Standing, due: Option<Instant>) -> JudgedAs {
    JudgedAs { standing, due, class: None, tier: None }
}

pub(crate) fn source_row(bed: &Bed, name: &str) -> SourceRow {
    let now = bed.ids.now();
    SourceRow {
        id: SourceId::new(now, bed.ids.random()),
        name: ShortName::parse(name).unwrap(),
        system: String::from("postgres"),
        points: vec![Point {
            name: ShortName::parse("primary").unwrap(),
            url: String::from("postgresql://db/x"),
        }],
        options: BTreeMap::from([(String::from("sample"), String::from("yes"))]),
        secret: Some(vec![0, 1, 255]),
        not_observable: Vec::new(),
        created: now,
    }
}

pub(crate) fn add_source(bed: &Bed, store: &Store, name: &str) -> SourceRow {
    let row = source_row(bed, name);
    let added = row.clone();
    write(store, move |tx| tx.add_source(&added)).unwrap();
    row
}

pub(crate) fn context(bed: &Bed, source: &SourceRow) -> IngestContext {
    IngestContext { source: source.id, source_name: source.name.to_string(), mint: bed.ids.mint() }
}

pub(crate) fn extent(name: &str) -> Extent {
    Extent(String::from(name))
}

pub(crate) fn facts(names: &[(&str, bool)]) -> Facts {
    names.iter().map(|(name, value)| ((*name).to_owned(), Fact::Flag(*value))).collect()
}

pub(crate) fn role(key: &str, name: &str) -> ObservedPrincipal {
    ObservedPrincipal {
        key: PrincipalKey(String::from(key)),
        name: String::from(name),
        kind: PrincipalKind::Account,
        built_in: false,
        facts: facts(&[("login", true)]),
        charter_hint: None,
    }
}

pub(crate) fn password(key: &str, fingerprint: &str) -> ObservedCredential {
    ObservedCredential {
        key: String::from("password"),
        principal: PrincipalKey(String::from(key)),
        kind: CredentialKind::Password,
        state: CredentialState::Live,
        fingerprint: Some(String::from(fingerprint)),
        valid_until: None,
        facts: Facts::new(),
    }
}

pub(crate) fn grant(key: &str, resource: &str, right: &str) -> ObservedGrant {
    ObservedGrant {
        principal: PrincipalKey(String::from(key)),
        resource: String::from(resource),
        right: String::from(right),
        path: Vec::new(),
        grantable: false,
    }
}

pub(crate) fn used(key: &str, consumer: &str, bucket: Instant, count: i64) -> ObservedUse {
    ObservedUse {
        principal: PrincipalKey(String::from(key)),
        consumer: String::from(consumer),
        bucket,
        count,
    }
}

pub(crate) fn sighting(place: &str, principal_name: &str) -> ObservedSighting {
    ObservedSighting {
        principal_name: String::from(principal_name),
        place: String::from(place),
        fingerprint: None,
        towards: None,
    }
}

/// Writes one page.
pub(crate) fn ingest(
    bed: &Bed,
    store: &Store,
    source: &SourceRow,
    at: &str,
    page: &[Observation],
) -> Result<PageOutcome, StoreFailure> {
    let (context, at, page) = (context(bed, source), extent(at), page.to_vec());
    write(store, move |tx| tx.ingest_page(&context, &at, &page))
}

pub(crate) fn seen(page: &[Observation]) -> Seen {
    page.iter().filter_map(seen_key).collect()
}

/// One role with a password, two rights and a use.
pub(crate) fn shop() -> Vec<Observation> {
    vec![
        Observation::Principal(role("oid:1", "shop")),
        Observation::Credential(password("oid:1", "f1")),
        Observation::Grant(grant("oid:1", "shop/table/orders", "SELECT")),
        Observation::Grant(grant("oid:1", "shop/table/orders", "owner")),
        Observation::Use(used("oid:1", "10.0.0.7 (etl)", Instant::from_micros(3_600_000_000), 4)),
        Observation::Sighting(sighting("user mapping of `reports`", "shop")),
    ]
}

pub(crate) fn everyone(store: &Store) -> Vec<IdentityRow> {
    let wanted = IdentityQuery { built_in: true, ..IdentityQuery::default() };
    read(store, move |tx| tx.list_identities(&wanted, None, 1_000)).rows
}

/// Every principal, by its key in its system.
pub(crate) fn principals(store: &Store) -> Vec<PrincipalRow> {
    let mut rows = read(store, |tx| tx.principals_page(None, 10_000));
    rows.sort_by(|one, other| one.native_key.cmp(&other.native_key));
    rows
}

pub(crate) fn begin_survey(bed: &Bed, store: &Store, source: &SourceRow) -> SurveyId {
    let (id, source, now) = (SurveyId::new(bed.ids.now(), bed.ids.random()), source.id, bed.ids.now());
    write(store, move |tx| tx.begin_survey(id, source, now)).unwrap();
    id
}

/// A proposed plan for a principal.
pub(crate) fn plan_row(bed: &Bed, principal: &PrincipalRow, kind: PlanKind) -> PlanRow {
    let id = PlanId::new(bed.ids.now(), bed.ids.random());
    PlanRow {
        id,
        handle: id.handle(),
        kind,
        state: PlanState::Proposed,
        source: principal.source,
        principal: principal.id,
        principal_key: principal.native_key.clone(),
        principal_name: principal.name.clone(),
        identity: principal.identity,
        reason: String::from("nobody's"),
        digest: String::from("d1"),
        blast_radius: serde_json::json!({ "sessions": 2 }),
        file: None,
        points: vec![ShortName::parse("primary").unwrap()],
        heir: None,
        required_level: ProofLevel::P3,
        lag_us: 1_000_000,
        level: None,
        sentence: None,
        requested_by: Some(PersonId::new(bed.ids.now(), bed.ids.random())),
        created: bed.ids.now(),
        settled: None,
        version: 0,
    }
}

/// Adds a plan with these steps, and moves it on by `events`.
pub(crate) fn add_plan(
    bed: &Bed,
    store: &Store,
    plan: &PlanRow,
    steps: &[StepKind],
    events: &[PlanEvent],
) -> Vec<ActionId> {
    let actions: Vec<(ActionId, StepKind)> =
        steps.iter().map(|kind| (ActionId::new(bed.ids.now(), bed.ids.random()), *kind)).collect();
    let (plan, events, added) = (plan.clone(), events.to_vec(), actions.clone());
    write(store, move |tx| {
        tx.add_plan(&plan, &added)?;
        events.iter().try_for_each(|event| tx.move_plan(plan.id, *event).map(drop))
    })
    .unwrap();
    actions.into_iter().map(|(action, _)| action).collect()
}

/// A source with the shop in it; returns the source and the shop's principal.
pub(crate) fn with_shop(bed: &Bed, store: &Store) -> (SourceRow, PrincipalRow) {
    let source = add_source(bed, store, "pg");
    ingest(bed, store, &source, "roles", &shop()).unwrap();
    let principal = principals(store).remove(0);
    (source, principal)
}
