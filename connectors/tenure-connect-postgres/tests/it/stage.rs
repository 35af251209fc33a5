//! What every test needs: a server, a source on it, intents, and a sink that remembers.
//!
//! Servers are private, on loopback, and end with the test. Nothing here decides anything; a test
//! that needs a special server asks for it by options.

use async_trait::async_trait;
use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant as Clock},
};
use tenure_connect::{
    Act, ConfigRefused, Connector as _, Done, Fingerprint, NotObservable, OutsideFailure, PAGE_MAX,
    SinkClosed, Source, SourceConfig, SurveySink, Target,
};
use tenure_connect_postgres::PostgresConnector;
use tenure_model::{
    ActionId, Completeness, Extent, Instant, IntentId, IntentRecord, Observation, ObservedCredential,
    ObservedGrant, ObservedPrincipal, ObservedSighting, ObservedUse, PlanId, Point, PrincipalKey,
    ProbeAnswer, RecordedIntent, Secret, ShortName, SourceId,
};
use tenure_testbed::{Postgres, PostgresOptions};

/// Pause between two looks at a condition.
const BETWEEN_LOOKS: Duration = Duration::from_millis(5);
/// A deadline no healthy server needs.
const PATIENCE: Duration = Duration::from_secs(30);

/// A fingerprint under a key that shows nothing of the value: good enough to compare.
struct Hashed(u64);
impl Fingerprint for Hashed {
    fn fingerprint(&self, domain: &str, value: &[u8]) -> String {
        use std::hash::{DefaultHasher, Hash as _, Hasher as _};
        let mut hasher = DefaultHasher::new();
        (self.0, domain, value).hash(&mut hasher);
        format!("{:016x}", hasher.finish())
    }
}

pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

pub(crate) fn start() -> Postgres {
    Postgres::start(&PostgresOptions::default()).unwrap()
}

pub(crate) fn start_with(options: PostgresOptions) -> Postgres {
    Postgres::start(&options).unwrap()
}

pub(crate) fn name(text: &str) -> ShortName {
    ShortName::parse(text).unwrap()
}

pub(crate) fn secret(text: &str) -> Secret<String> {
    Secret::new(text.to_owned())
}

pub(crate) fn now() -> Instant {
    Instant::parse("2026-11-21T12:34:56Z").unwrap()
}

pub(crate) fn try_source(
    points: &[(&str, String)],
    password: &str,
    options: &[(&str, &str)],
) -> Result<Arc<dyn Source>, ConfigRefused> {
    try_source_keyed(1, points, password, options)
}

fn try_source_keyed(
    key: u64,
    points: &[(&str, String)],
    password: &str,
    options: &[(&str, &str)],
) -> Result<Arc<dyn Source>, ConfigRefused> {
    PostgresConnector.source(SourceConfig {
        id: SourceId::new(now(), [1; 10]),
        name: name("pg"),
        points: points.iter().map(|(point, url)| Point { name: name(point), url: url.clone() }).collect(),
        secret: Some(Arc::new(secret(password))),
        options: options.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        fingerprint: Arc::new(Hashed(key)),
    })
}

/// A source that acts as the superuser, with the primary as its only point.
pub(crate) fn source(postgres: &Postgres) -> Arc<dyn Source> {
    source_with(postgres, &[], &[])
}

/// The same under another key of fingerprints, as after the ring was rotated.
pub(crate) fn source_keyed(postgres: &Postgres, key: u64) -> Arc<dyn Source> {
    try_source_keyed(key, &[("primary", postgres.url("postgres"))], postgres.password(), &[]).unwrap()
}

pub(crate) fn source_with(
    postgres: &Postgres,
    others: &[(&str, String)],
    options: &[(&str, &str)],
) -> Arc<dyn Source> {
    let points: Vec<(&str, String)> =
        std::iter::once(("primary", postgres.url("postgres"))).chain(others.iter().cloned()).collect();
    try_source(&points, postgres.password(), options).unwrap()
}

pub(crate) fn url(port: u16, user: &str, database: &str) -> String {
    format!("postgres://{user}@127.0.0.1:{port}/{database}")
}

/// The role of this name, as a target.
pub(crate) fn target(postgres: &Postgres, role: &str) -> Target {
    let quoted = tenure_testbed::quote_literal(role);
    let oid =
        postgres.sql("postgres", &format!("SELECT oid FROM pg_roles WHERE rolname = {quoted}")).unwrap();
    assert!(!oid.is_empty(), "there is no role {role:?}");
    Target::principal(PrincipalKey(format!("oid:{oid}")), role.to_owned())
}

pub(crate) fn intent(target: &Target) -> RecordedIntent {
    RecordedIntent::for_conformance(IntentRecord {
        id: IntentId::new(now(), [2; 10]),
        plan: PlanId::new(now(), [3; 10]),
        action: ActionId::new(now(), [4; 10]),
        attempt: 1,
        source: SourceId::new(now(), [1; 10]),
        principal: target.key.clone(),
        principal_name: target.name.clone(),
        file: None,
        deadline: now(),
    })
}

pub(crate) async fn act(source: &dyn Source, target: &Target, act: Act<'_>) -> Result<Done, OutsideFailure> {
    source.act(&intent(target), &act).await
}

/// One short line for an answer, without what differs from run to run.
pub(crate) fn shown(answer: &ProbeAnswer) -> String {
    match answer {
        ProbeAnswer::Refused { how } => format!("refused: {how}"),
        ProbeAnswer::Accepted => "accepted".to_owned(),
        ProbeAnswer::Unreachable { why } => format!("unreachable: {why}"),
        ProbeAnswer::CannotKnow { why } => format!("cannot know: {why}"),
    }
}

/// Looks until `condition` holds; there is no other way to wait in a test.
pub(crate) fn until(awaited: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Clock::now() + PATIENCE;
    while !condition() {
        assert!(Clock::now() < deadline, "waited in vain: {awaited}");
        std::thread::sleep(BETWEEN_LOOKS);
    }
}

/// Remembers a survey and holds it to the rules of a sink.
#[derive(Default)]
pub(crate) struct Remembers {
    pub(crate) seen: Vec<(String, Observation)>,
    pub(crate) ended: BTreeMap<String, Completeness>,
    pub(crate) notes: Vec<NotObservable>,
    pub(crate) biggest_page: usize,
    /// The receiver goes away after this many pages.
    pub(crate) close_after: Option<usize>,
    pub(crate) pages: usize,
}

#[async_trait]
impl SurveySink for Remembers {
    async fn page(&mut self, extent: &Extent, page: Vec<Observation>) -> Result<(), SinkClosed> {
        assert!(!page.is_empty() && page.len() <= PAGE_MAX, "a page of {}", page.len());
        assert!(!self.ended.contains_key(&extent.0), "a page of {} after its end", extent.0);
        self.pages += 1;
        if self.close_after.is_some_and(|pages| self.pages > pages) {
            return Err(SinkClosed);
        }
        self.biggest_page = self.biggest_page.max(page.len());
        self.seen.extend(page.into_iter().map(|observation| (extent.0.clone(), observation)));
        Ok(())
    }

    async fn end(&mut self, extent: &Extent, completeness: Completeness) -> Result<(), SinkClosed> {
        let before = self.ended.insert(extent.0.clone(), completeness);
        assert!(before.is_none(), "{} ended twice", extent.0);
        Ok(())
    }

    async fn not_observable(&mut self, note: NotObservable) -> Result<(), SinkClosed> {
        self.notes.push(note);
        Ok(())
    }
}

impl Remembers {
    pub(crate) async fn survey(source: &dyn Source) -> Self {
        let mut sink = Self::default();
        source.observe(now(), &mut sink).await.unwrap();
        sink
    }

    pub(crate) fn principals(&self) -> impl Iterator<Item = &ObservedPrincipal> {
        self.seen.iter().filter_map(|(_, seen)| match seen {
            Observation::Principal(principal) => Some(principal),
            _ => None,
        })
    }

    pub(crate) fn principal(&self, name: &str) -> &ObservedPrincipal {
        self.principals().find(|principal| principal.name == name).unwrap_or_else(|| panic!("no {name:?}"))
    }

    pub(crate) fn credentials(&self) -> impl Iterator<Item = &ObservedCredential> {
        self.seen.iter().filter_map(|(_, seen)| match seen {
            Observation::Credential(credential) => Some(credential),
            _ => None,
        })
    }

    pub(crate) fn credential(&self, role: &str) -> Option<&ObservedCredential> {
        let key = self.principal(role).key.clone();
        self.credentials().find(|credential| credential.principal == key)
    }

    pub(crate) fn grants(&self) -> impl Iterator<Item = (&str, &ObservedGrant)> {
        self.seen.iter().filter_map(|(extent, seen)| match seen {
            Observation::Grant(grant) => Some((extent.as_str(), grant)),
            _ => None,
        })
    }

    /// Every right of a role on one line each: extent, right, resource, path.
    pub(crate) fn rights(&self, role: &str) -> String {
        let key = &self.principal(role).key;
        let mut lines: Vec<String> = self
            .grants()
            .filter(|(_, grant)| grant.principal == *key)
            .map(|(extent, grant)| {
                let star = if grant.grantable { "*" } else { "" };
                let path = if grant.path.is_empty() {
                    String::new()
                } else {
                    format!(" by {}", grant.path.join(" > "))
                };
                format!("{extent}: {}{star} on {}{path}", grant.right, grant.resource)
            })
            .collect();
        lines.sort();
        lines.join("\n")
    }

    pub(crate) fn uses(&self) -> impl Iterator<Item = &ObservedUse> {
        self.seen.iter().filter_map(|(_, seen)| match seen {
            Observation::Use(one) => Some(one),
            _ => None,
        })
    }

    pub(crate) fn sightings(&self) -> impl Iterator<Item = &ObservedSighting> {
        self.seen.iter().filter_map(|(_, seen)| match seen {
            Observation::Sighting(sighting) => Some(sighting),
            _ => None,
        })
    }

    /// Every extent and how it ended, one line each.
    pub(crate) fn extents(&self) -> String {
        let show = |(name, completeness): (&String, &Completeness)| match completeness {
            Completeness::Whole => format!("{name}: whole"),
            Completeness::Part { why, .. } => format!("{name}: part: {why}"),
        };
        self.ended.iter().map(show).collect::<Vec<_>>().join("\n")
    }
}
