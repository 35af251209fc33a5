//! What a connector's live tests provide: a private server and ways to ask it directly.
//!
//! A fixture must never answer through the connector under test: it is the second opinion.

use crate::{Manifest, Source};
use async_trait::async_trait;
use std::{sync::Arc, time::Duration};
use tenure_model::{Instant, Secret, ShortName, SourceId};

use super::{Check, FileFixture};
use crate::Target;

/// The fixture itself did not work; nothing is said about the connector.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the fixture could not {what}: {why}")]
pub struct FixtureBroke {
    /// What it was to do: `create a role`.
    pub what: String,
    /// What happened.
    pub why: String,
}

/// A promise this connector cannot keep, and why that is acceptable. The check still runs:
/// an exception whose check holds is needless and fails the report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exception {
    /// Which promise.
    pub check: Check,
    /// Why; shown in the report and copied into the connector's README.
    pub reason: String,
}

/// A principal made for one check.
#[derive(Debug)]
pub struct Subject {
    /// Its key and name.
    pub target: Target,
    /// A value that authenticates it now: at least 12 letters and digits, so that a copy of
    /// it is recognised wherever it shows.
    pub value: Secret<String>,
}

/// Something logged in that stays so until it is dropped.
pub type Session = Box<dyn Send>;

/// A private server, and the connector under test connected to it.
#[async_trait]
pub trait Fixture: Send + Sync {
    /// The manifest of the connector under test.
    fn manifest(&self) -> &'static Manifest;

    /// The source under test. The same one each time.
    fn source(&self) -> Arc<dyn Source>;

    /// The id the source was configured with.
    fn source_id(&self) -> SourceId;

    /// What time it is for intents and surveys.
    fn now(&self) -> Instant;

    /// Configured points that lead to the right system, `primary` first.
    fn points(&self) -> Vec<ShortName>;

    /// A configured point whose address leads to another system of the same kind, where
    /// the subjects do not exist. `None` when the test bed has no second system.
    fn wrong_host(&self) -> Option<ShortName>;

    /// Creates a principal with a known value, known at every point when it returns. Each
    /// call makes another one, with a name that is hard to quote.
    async fn subject(&self) -> Result<Subject, FixtureBroke>;

    /// Creates a principal that owns something. `None` when nothing can be owned here.
    async fn owner(&self) -> Result<Option<Subject>, FixtureBroke>;

    /// A value fit for `Deny`, another one each time; at least 12 letters and digits.
    fn new_value(&self) -> Secret<String>;

    /// Asks the server itself, without the connector, whether it lets this name in with
    /// this value at this point.
    async fn accepts(
        &self,
        point: &ShortName,
        name: &str,
        value: &Secret<String>,
    ) -> Result<bool, FixtureBroke>;

    /// Logs in without the connector and stays logged in until the answer is dropped. Asked
    /// only when the manifest lists `end_sessions`.
    async fn log_in(&self, point: &ShortName, subject: &Subject) -> Result<Session, FixtureBroke>;

    /// Everything the server itself holds about a principal, as text: attributes, stored
    /// verifier (or a hash of it), memberships, rights, ownership. Equal texts mean that
    /// nothing changed. A principal that is not there has a text too.
    async fn record(&self, target: &Target) -> Result<String, FixtureBroke>;

    /// Gives a principal a right that a survey shows, without the connector. False when no right can be
    /// given here.
    async fn grant(&self, target: &Target) -> Result<bool, FixtureBroke> {
        let _ = target;
        Ok(false)
    }

    /// Takes away what `grant` gave.
    async fn revoke(&self, target: &Target) -> Result<(), FixtureBroke> {
        let _ = target;
        Ok(())
    }

    /// Waits until everything that was done has reached every point.
    async fn settle(&self) -> Result<(), FixtureBroke>;

    /// The account the source itself uses. `None` when it is not a principal there.
    fn ourselves(&self) -> Option<Target>;

    /// The files of this system, where the connector closes files to others. Needed when the manifest lists `tighten`.
    fn files(&self) -> Option<&dyn FileFixture> {
        None
    }

    /// How long a call may take before it counts as hanging.
    fn patience(&self) -> Duration {
        Duration::from_secs(30)
    }

    /// Promises that cannot be kept here, each with its reason.
    fn exceptions(&self) -> Vec<Exception> {
        Vec::new()
    }
}
