//! The connection to one PostgreSQL: what every verb of the port starts from.
//!
//! Holds the configuration and opens sessions; each verb has its own file and this one only
//! leads there. Keeps no session between calls, so nothing is stale and nothing leaks.

use crate::{
    act, blast, check,
    client::{APPLICATION, Login, Session},
    cluster::Cluster,
    config::{Configured, Place, PlaceKind},
    derived, effect,
    failure::{self, Purpose},
    keepsake, observe, probe,
    quote::{identifier, literal},
};
use async_trait::async_trait;
use std::sync::Arc;
use tenure_connect::{
    Act, BlastRadius, CheckReport, DerivedReading, Done, Effect, Fingerprint, OutsideFailure, Source,
    SurveySink, Target,
};
use tenure_model::{ControlPlane, Instant, ProbeAnswer, RecordedIntent, Secret, ShortName, StepKind};
use tenure_tls::Encryptor;

/// One configured PostgreSQL.
pub(crate) struct PostgresSource {
    pub(crate) primary: Place,
    /// Every point but the primary.
    pub(crate) others: Vec<Place>,
    pub(crate) heir: Option<String>,
    pub(crate) fingerprint: Arc<dyn Fingerprint>,
    pub(crate) encryptor: Encryptor,
    password: Option<Arc<Secret<String>>>,
}

impl PostgresSource {
    /// From a configuration; `None` when it has no point.
    pub(crate) fn new(configured: Configured) -> Option<Self> {
        let mut places = configured.places.into_iter();
        Some(Self {
            primary: places.next()?,
            others: places.collect(),
            heir: configured.heir,
            fingerprint: configured.fingerprint,
            encryptor: Encryptor::with(configured.authorities),
            password: configured.password,
        })
    }

    /// Every point, the primary first.
    pub(crate) fn places(&self) -> impl Iterator<Item = &Place> {
        std::iter::once(&self.primary).chain(&self.others)
    }

    /// Every point that is a server itself, the primary first.
    pub(crate) fn servers(&self) -> impl Iterator<Item = &Place> {
        self.places().filter(|place| place.kind == PlaceKind::Server)
    }

    /// The point of this name.
    pub(crate) fn place(&self, name: &ShortName) -> Option<&Place> {
        self.places().find(|place| place.name == *name)
    }

    /// Opens a session as our own account in the database the address names.
    pub(crate) async fn open(&self, place: &Place) -> Result<Session, OutsideFailure> {
        self.open_in(place, &place.database).await
    }

    /// Opens a session at another point and looks what answers there.
    pub(crate) async fn open_peer(&self, place: &Place, of: Cluster) -> Result<Peer, OutsideFailure> {
        let mut session = self.open(place).await?;
        let process = session.seen.process;
        let transaction = session.look().await.map_err(|error| unread(&error))?;
        let found = Cluster::of(&transaction).await.map_err(|error| unread(&error))?;
        let row = transaction.query_one("SELECT pg_backend_pid()", &[]).await;
        let backend: i32 = row.and_then(|row| row.try_get(0)).map_err(|error| unread(&error))?;
        drop(transaction);
        if of.holds(found) && process == Some(backend) {
            return Ok(Peer::Server(session));
        }
        session.close().await;
        Ok(if of.holds(found) { Peer::Pooler } else { Peer::Elsewhere })
    }

    /// Opens a session as our own account in another database.
    pub(crate) async fn open_in(&self, place: &Place, database: &str) -> Result<Session, OutsideFailure> {
        let password = self.password.as_deref();
        let login = Login { user: &place.user, password, database, application: APPLICATION };
        Session::open(place, &self.encryptor, &login).await.map_err(|failed| failure::of_opening(&failed))
    }
}

/// What answers at a point that is configured as a server.
pub(crate) enum Peer {
    /// A server of the primary's cluster.
    Server(Session),
    /// Something in between that makes up a process of its own. Its sessions are the server's, and are seen there.
    Pooler,
    /// Another cluster, where an oid means another role: it is never looked at, and never acted on.
    Elsewhere,
}

/// Why a point that leads to another cluster is left alone.
pub(crate) fn elsewhere() -> OutsideFailure {
    let why = "this point is neither the primary nor a standby of it";
    failure::refused("another cluster", why, "correct the address of the point, or remove it")
}

/// What a failed reading statement means.
pub(crate) fn unread(error: &tokio_postgres::Error) -> OutsideFailure {
    failure::of_statement(
        error,
        Purpose::Read,
        "grant the permission the message names (sql/least-privilege.sql)",
    )
}

#[async_trait]
impl Source for PostgresSource {
    async fn check(&self) -> Result<CheckReport, OutsideFailure> {
        check::check(self).await
    }

    async fn observe(&self, now: Instant, sink: &mut dyn SurveySink) -> Result<(), OutsideFailure> {
        observe::observe(self, now, sink).await
    }

    async fn blast_radius(&self, target: &Target, heir: Option<&str>) -> Result<BlastRadius, OutsideFailure> {
        blast::blast_radius(self, target, heir).await
    }

    async fn keepsake(&self, target: &Target) -> Result<Option<Secret<String>>, OutsideFailure> {
        keepsake::keepsake(self, target).await
    }

    async fn act(&self, intent: &RecordedIntent, act: &Act<'_>) -> Result<Done, OutsideFailure> {
        act::act(self, intent, act).await
    }

    async fn effect(&self, target: &Target, step: StepKind, value: Option<&Secret<String>>) -> Effect {
        effect::effect(self, target, step, value).await
    }

    async fn control_plane(&self, target: &Target) -> ControlPlane {
        effect::control_plane(self, target).await
    }

    async fn probe(&self, point: &ShortName, target: &Target, value: &Secret<String>) -> ProbeAnswer {
        probe::probe(self, point, target, value).await
    }

    fn by_hand(&self, target: &Target) -> Vec<String> {
        let (role, text) = (identifier(&target.name), literal(&target.name));
        let end = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = {text};");
        let mut commands = vec![format!("ALTER ROLE {role} NOLOGIN PASSWORD NULL;"), end.clone()];
        for place in &self.others {
            match place.kind {
                PlaceKind::Server => commands.push(format!("-- at `{}`: {end}", place.name)),
                PlaceKind::Pooler => commands.push(format!(
                    "-- at `{}`, if it keeps a list of users: take the role out of it and RELOAD",
                    place.name
                )),
            }
        }
        commands
    }

    async fn derived(&self, target: &Target) -> DerivedReading {
        derived::derived(self, target).await
    }
}
