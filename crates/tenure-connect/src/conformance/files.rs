//! What a connector's live tests provide where it closes files to others, and how the suite runs for files alone.
//!
//! As every fixture, it must never answer through the connector under test. Next: `closing.rs`.

use super::{Exception, Fixture, FixtureBroke, Session, Subject};
use crate::{Manifest, Source, Target};
use async_trait::async_trait;
use std::{sync::Arc, time::Duration};
use tenure_model::{Instant, PRIMARY, Secret, ShortName, SourceId};

/// A file made for one check.
#[derive(Debug)]
pub struct OpenFile {
    /// A principal whose credential lies in it, with the file as somebody wishes it to be: what it was is not known yet.
    pub target: Target,
    /// What lies in it: at least 12 letters and digits, so that a copy of it is recognised wherever it shows.
    pub value: Secret<String>,
}

/// A private system with files, and the connector under test connected to it.
#[async_trait]
pub trait FileFixture: Send + Sync {
    /// The manifest of the connector under test.
    fn manifest(&self) -> &'static Manifest;

    /// The source under test. The same one each time.
    fn source(&self) -> Arc<dyn Source>;

    /// The id the source was configured with.
    fn source_id(&self) -> SourceId;

    /// What time it is for intents.
    fn now(&self) -> Instant;

    /// Lays a file that others than its owner can read; each call another one.
    async fn open_file(&self) -> Result<OpenFile, FixtureBroke>;

    /// Asks the system itself, without the connector, whether others than its owner can read what is at the place.
    async fn others_can_read(&self, target: &Target) -> Result<bool, FixtureBroke>;

    /// Everything the system holds about the file at the place, as text: which file, mode, owner, lists, content. Equal
    /// texts mean that nothing changed.
    async fn record(&self, target: &Target) -> Result<String, FixtureBroke>;

    /// Gives the file the rights it had when it was laid.
    async fn open_again(&self, target: &Target) -> Result<(), FixtureBroke>;

    /// Gives the file rights that are neither those it was laid with nor those that tightening gives.
    async fn change_otherwise(&self, target: &Target) -> Result<(), FixtureBroke>;

    /// Puts another file of the same content in its place, with the rights of the one that was there.
    async fn replace(&self, target: &Target) -> Result<(), FixtureBroke>;

    /// How long a call may take before it counts as hanging.
    fn patience(&self) -> Duration {
        Duration::from_secs(30)
    }
}

/// A fixture of files as one of principals, of which there are none.
pub(super) struct FilesAlone<'fixture>(pub(super) &'fixture dyn FileFixture);

fn none<T>(what: &str) -> Result<T, FixtureBroke> {
    Err(FixtureBroke { what: what.to_owned(), why: "it has files alone".to_owned() })
}

#[async_trait]
impl Fixture for FilesAlone<'_> {
    fn manifest(&self) -> &'static Manifest {
        self.0.manifest()
    }

    fn source(&self) -> Arc<dyn Source> {
        self.0.source()
    }

    fn source_id(&self) -> SourceId {
        self.0.source_id()
    }

    fn now(&self) -> Instant {
        self.0.now()
    }

    fn points(&self) -> Vec<ShortName> {
        ShortName::parse(PRIMARY).into_iter().collect()
    }

    fn wrong_host(&self) -> Option<ShortName> {
        None
    }

    async fn subject(&self) -> Result<Subject, FixtureBroke> {
        none("create a principal")
    }

    async fn owner(&self) -> Result<Option<Subject>, FixtureBroke> {
        none("create an owner")
    }

    fn new_value(&self) -> Secret<String> {
        Secret::new(String::new())
    }

    async fn accepts(&self, _: &ShortName, _: &str, _: &Secret<String>) -> Result<bool, FixtureBroke> {
        none("ask for a value")
    }

    async fn log_in(&self, _: &ShortName, _: &Subject) -> Result<Session, FixtureBroke> {
        none("log in")
    }

    async fn record(&self, target: &Target) -> Result<String, FixtureBroke> {
        self.0.record(target).await
    }

    async fn settle(&self) -> Result<(), FixtureBroke> {
        Ok(())
    }

    fn ourselves(&self) -> Option<Target> {
        None
    }

    fn files(&self) -> Option<&dyn FileFixture> {
        Some(self.0)
    }

    fn patience(&self) -> Duration {
        self.0.patience()
    }

    fn exceptions(&self) -> Vec<Exception> {
        Vec::new()
    }
}
