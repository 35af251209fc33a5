//! A fixture over a chaos world: the smallest example of what a live test provides.
//!
//! It asks the world and never the connector, as every fixture must. The connectors it is
//! used with are in `sinner.rs`.

use super::sinner::{Sin, Sinner};
use crate::{
    Manifest, Owned, Source, Target,
    chaos::{Behaviour, CHAOS_MANIFEST, ChaosClock, ChaosConnector, ChaosPrincipal, ChaosWorld},
    conformance::{Exception, FileFixture, Fixture, FixtureBroke, OpenFile, Session, Subject},
};
use async_trait::async_trait;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};
use tenure_model::{
    Derived, FileTarget, Instant, PrincipalKey, Readers, Secret, ShortName, SourceId, StepKind, uuid_v7,
};

static ONLY_DISABLES: Manifest = Manifest { steps: &[StepKind::Disable], ..CHAOS_MANIFEST };
static WHOLE: Manifest = CHAOS_MANIFEST;
static UNTITLED: Manifest = Manifest { title: " ", ..CHAOS_MANIFEST };

/// A chaos world with a lagging replica and a point that leads to the wrong host.
pub(super) struct ChaosFixture {
    exceptions: Vec<Exception>,
    world: ChaosWorld,
    source: Arc<dyn Source>,
    manifest: &'static Manifest,
    ourselves: Option<Target>,
    has_wrong_host: bool,
    value_stem: &'static str,
    made: AtomicU32,
    patience: Duration,
}

fn name(text: &str) -> ShortName {
    ShortName::parse(text).expect("a name")
}

fn source_id() -> SourceId {
    SourceId::from_uuid(uuid_v7(Instant::from_micros(0), [3; 10]))
}

impl ChaosFixture {
    /// Over a connector that commits `sin`, if any.
    pub(super) fn sinning(sin: Option<Sin>) -> Self {
        let world = ChaosWorld::new(ChaosClock::default());
        world.point("replica", Duration::from_secs(10), Behaviour::Honest);
        world.point("decoy", Duration::ZERO, Behaviour::WrongHost);
        let root =
            world.add(ChaosPrincipal { admin: true, ..ChaosPrincipal::account("root", "root-value-0001") });
        world.add(ChaosPrincipal { admin: true, ..ChaosPrincipal::account("tenure", "tenure-value-01") });
        world.we_are(&root);
        let config = world.config(source_id(), name("chaos"));
        let inner = ChaosConnector::new(world.clone()).chaos_source(config).expect("a source");
        let ourselves = Target::principal(root, "root".to_owned());
        let hangs = sin == Some(Sin::NeverAnswers);
        Self {
            exceptions: Vec::new(),
            manifest: if sin == Some(Sin::SaysNothingOfItself) { &UNTITLED } else { &WHOLE },
            source: Arc::new(Sinner::new(inner, world.clone(), ourselves.clone(), sin)),
            ourselves: Some(ourselves),
            world,
            has_wrong_host: true,
            value_stem: "Sesame",
            made: AtomicU32::new(0),
            patience: if hangs { Duration::from_millis(50) } else { Duration::from_secs(30) },
        }
    }

    /// The same, with declared exceptions.
    pub(super) fn excepting(self, exceptions: Vec<Exception>) -> Self {
        Self { exceptions, ..self }
    }

    /// Over a connector whose manifest lists nothing but `disable`, in a small test bed.
    pub(super) fn that_only_disables() -> Self {
        Self { manifest: &ONLY_DISABLES, ourselves: None, has_wrong_host: false, ..Self::sinning(None) }
    }

    /// A broken fixture: its values are too short to be recognised.
    pub(super) fn with_short_values() -> Self {
        Self { value_stem: "", ..Self::sinning(None) }
    }

    fn number(&self) -> u32 {
        self.made.fetch_add(1, Ordering::SeqCst)
    }

    fn add(&self, born: impl FnOnce(ChaosPrincipal) -> ChaosPrincipal) -> Subject {
        let name = format!("it's \"{}\"; --\u{202e}", self.number());
        let value = self.new_value();
        let key: PrincipalKey = self.world.add(born(ChaosPrincipal::account(&name, value.expose())));
        Subject { target: Target::principal(key, name), value }
    }
}

/// Logs out when dropped.
struct LoggedIn {
    world: ChaosWorld,
    key: PrincipalKey,
    session: Derived,
}

impl Drop for LoggedIn {
    fn drop(&mut self) {
        let _ = self.world.end(&self.key, &self.session);
    }
}

fn broke(what: &str, why: impl ToString) -> FixtureBroke {
    FixtureBroke { what: what.to_owned(), why: why.to_string() }
}

#[async_trait]
impl Fixture for ChaosFixture {
    fn manifest(&self) -> &'static Manifest {
        self.manifest
    }

    fn source(&self) -> Arc<dyn Source> {
        Arc::clone(&self.source)
    }

    fn source_id(&self) -> SourceId {
        source_id()
    }

    fn now(&self) -> Instant {
        self.world.now()
    }

    fn points(&self) -> Vec<ShortName> {
        vec![name("primary"), name("replica")]
    }

    fn wrong_host(&self) -> Option<ShortName> {
        self.has_wrong_host.then(|| name("decoy"))
    }

    async fn subject(&self) -> Result<Subject, FixtureBroke> {
        Ok(self.add(|born| born))
    }

    async fn owner(&self) -> Result<Option<Subject>, FixtureBroke> {
        let owned = Owned { place: "shop".to_owned(), kind: "table".to_owned(), count: 2 };
        Ok(Some(self.add(|born| ChaosPrincipal { owned: vec![owned], ..born })))
    }

    fn new_value(&self) -> Secret<String> {
        Secret::new(format!("{}{:06}", self.value_stem, self.number()))
    }

    async fn accepts(
        &self,
        point: &ShortName,
        name: &str,
        value: &Secret<String>,
    ) -> Result<bool, FixtureBroke> {
        Ok(self.world.accepts(point.as_str(), name, value))
    }

    async fn log_in(&self, point: &ShortName, subject: &Subject) -> Result<Session, FixtureBroke> {
        let key = subject.target.key.clone();
        let session = self.world.open_session(&key, point.as_str()).map_err(|why| broke("log in", why))?;
        Ok(Box::new(LoggedIn { world: self.world.clone(), key, session }))
    }

    async fn record(&self, target: &Target) -> Result<String, FixtureBroke> {
        let truth = self.world.truth(&target.key).map_err(|why| broke("read a principal", why))?;
        let file = self.world.file(&target.key);
        Ok(format!("{} {} {} {:?} {file:?}", truth.name, truth.present, truth.can_login, truth.era))
    }

    async fn grant(&self, target: &Target) -> Result<bool, FixtureBroke> {
        self.world.grant(&target.key, "shop/table/orders", "SELECT").map_err(|why| broke("grant", why))?;
        Ok(true)
    }

    async fn revoke(&self, target: &Target) -> Result<(), FixtureBroke> {
        self.world.revoke(&target.key, "shop/table/orders", "SELECT").map_err(|why| broke("revoke", why))
    }

    async fn settle(&self) -> Result<(), FixtureBroke> {
        self.world.clock().advance(CHAOS_MANIFEST.propagation_lag);
        Ok(())
    }

    fn ourselves(&self) -> Option<Target> {
        self.ourselves.clone()
    }

    fn files(&self) -> Option<&dyn FileFixture> {
        Some(self)
    }

    fn patience(&self) -> Duration {
        self.patience
    }

    fn exceptions(&self) -> Vec<Exception> {
        self.exceptions.clone()
    }
}

/// How a file is laid: the group reads it, and so does everybody.
const LAID: u32 = 0o644;

#[async_trait]
impl FileFixture for ChaosFixture {
    fn manifest(&self) -> &'static Manifest {
        Fixture::manifest(self)
    }

    fn source(&self) -> Arc<dyn Source> {
        Fixture::source(self)
    }

    fn source_id(&self) -> SourceId {
        source_id()
    }

    fn now(&self) -> Instant {
        self.world.now()
    }

    async fn open_file(&self) -> Result<OpenFile, FixtureBroke> {
        let Subject { mut target, value } = self.add(|born| born);
        let place = format!("/srv/{}", self.number());
        self.world.put_file(&target.key, &place, LAID).map_err(|why| broke("lay a file", why))?;
        target.file = Some(FileTarget { place, readers: Readers::Owner, copies: Vec::new(), was: None });
        Ok(OpenFile { target, value })
    }

    async fn others_can_read(&self, target: &Target) -> Result<bool, FixtureBroke> {
        Ok(self.world.file(&target.key).is_some_and(|file| file.is_open()))
    }

    async fn record(&self, target: &Target) -> Result<String, FixtureBroke> {
        Fixture::record(self, target).await
    }

    async fn open_again(&self, target: &Target) -> Result<(), FixtureBroke> {
        self.world.set_mode(&target.key, LAID).map_err(|why| broke("open a file", why))
    }

    async fn change_otherwise(&self, target: &Target) -> Result<(), FixtureBroke> {
        self.world.set_mode(&target.key, 0o604).map_err(|why| broke("change a mode", why))
    }

    async fn replace(&self, target: &Target) -> Result<(), FixtureBroke> {
        let Some(file) = self.world.file(&target.key) else {
            return Err(broke("replace a file", "there is none"));
        };
        self.world.put_file(&target.key, &file.place, file.mode).map_err(|why| broke("replace a file", why))
    }

    fn patience(&self) -> Duration {
        self.patience
    }
}
