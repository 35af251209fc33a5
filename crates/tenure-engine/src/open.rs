//! Opening a deployment: its directory, keys, database and log.
//!
//! The first opening makes everything and records who made it; a crash in between is picked up
//! by the next. Nothing here runs in the background: `reconcile.rs` does.

use crate::{
    Clock, Engine, EngineFailure,
    progress::Board,
    record::{By, Draft},
    signer::{CheckpointFile, CheckpointSigner},
    verbs::programme::{Foresights, InForce, Replays},
};
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    path::PathBuf,
    sync::{Arc, Mutex, RwLock},
    time::Duration,
};
use tenure_connect::Connector;
use tenure_judge::Authoriser;
use tenure_keys::{
    Disk, Escrow, KEK_FILE, Kek, KekSource, Keyring, Randomness, draw, make_private_directory,
};
use tenure_model::{Person, PersonId, Role};
use tenure_store::{CommitFault, DatabaseLocation, PostgresLocation, Store, StoreOptions};
use tokio::sync::Notify;

/// Where a deployment keeps its files, all below one directory that only its owner may enter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// The directory.
    pub directory: PathBuf,
}

impl Paths {
    /// The embedded database.
    pub fn database(&self) -> PathBuf {
        self.directory.join("tenure.sqlite")
    }
    /// The last checkpoint.
    pub fn checkpoint(&self) -> PathBuf {
        self.directory.join("checkpoint")
    }
    /// Rings and the key-encryption key.
    pub fn keys(&self) -> PathBuf {
        self.directory.join("keys")
    }
    /// Data keys of escrowed values; never in a backup.
    pub fn escrow(&self) -> PathBuf {
        self.directory.join("escrow")
    }
    /// Exports of logs that a restore closed.
    pub fn old_logs(&self) -> PathBuf {
        self.directory.join("old-logs")
    }
    /// The socket the command line talks to.
    pub fn socket(&self) -> PathBuf {
        self.directory.join("socket")
    }
}

/// Which database to use.
#[derive(Debug)]
pub enum Database {
    /// A file in the data directory.
    Embedded,
    /// A PostgreSQL database.
    Postgres(Arc<PostgresLocation>),
}

impl Database {
    fn location(&self, paths: &Paths) -> DatabaseLocation {
        match self {
            Self::Embedded => DatabaseLocation::Sqlite(paths.database()),
            Self::Postgres(location) => DatabaseLocation::Postgres(Arc::clone(location)),
        }
    }
}

/// How long a call to an outside system may take before its answer counts as lost, and how often
/// sources are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadlines {
    /// An act, or observing its effect.
    pub call: Duration,
    /// One look for a proof, or a connection check.
    pub look: Duration,
    /// Reading a blast radius.
    pub blast_radius: Duration,
    /// A whole survey.
    pub survey: Duration,
    /// How long after its last survey a source is read again by itself; zero for never.
    pub survey_every: Duration,
    /// How long after an extent was last read in full its content digest is believed; zero for never. A digest
    /// that lies, or a connector with a defect, is believed no longer than this.
    pub digest_believed: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            call: Duration::from_mins(1),
            look: Duration::from_secs(20),
            blast_radius: Duration::from_mins(1),
            survey: Duration::from_hours(1),
            survey_every: Duration::from_hours(1),
            digest_believed: Duration::from_hours(24),
        }
    }
}

/// How to open a deployment.
pub struct OpenOptions {
    /// Its directory; made when it is not there.
    pub directory: PathBuf,
    /// Which database.
    pub database: Database,
    /// Where the key-encryption key is; `None` for the file in the directory.
    pub kek: Option<KekSource>,
    /// The file layer.
    pub disk: Arc<dyn Disk>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub randomness: Box<dyn Randomness>,
    /// The connectors that are built in.
    pub connectors: Vec<Arc<dyn Connector>>,
    /// How long calls may take.
    pub deadlines: Deadlines,
    /// How mail leaves; without it nobody is told anything by mail.
    pub mail: Option<crate::Mail>,
    /// Chats in which people may be told what waits for them.
    pub chats: Vec<Arc<crate::Chat>>,
    /// Directories that are read by LDAP.
    pub ldap: Vec<Arc<crate::LdapDirectory>>,
    /// Streams by which other systems are told what the log holds.
    pub events: Vec<Arc<crate::EventStream>>,
    /// Systems that post their tickets themselves.
    pub ticket_hooks: Vec<crate::TicketHook>,
    /// Who is made administrator when the deployment is new: name and local account.
    pub first_person: (String, u32),
    /// Injects disk failures, in tests.
    pub commit_fault: Option<CommitFault>,
}

/// What opening found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// True when the deployment was made by this call.
    pub created: bool,
    /// The backup made before a migration.
    pub backup: Option<PathBuf>,
    /// Orphaned data keys that were removed.
    pub orphans_removed: usize,
}

/// An opened deployment.
pub struct Deployment {
    /// The engine.
    pub engine: Arc<Engine>,
    /// What opening found.
    pub opening: Opening,
}

impl Deployment {
    /// Opens a deployment, making it when it is not there.
    pub async fn open(mut options: OpenOptions) -> Result<Self, EngineFailure> {
        let paths = Paths { directory: options.directory.clone() };
        make_private_directory(options.disk.as_ref(), &paths.directory).map_err(EngineFailure::keys)?;
        let (kek, keys) = open_keys(&mut options, &paths)?;
        let keys = Arc::new(RwLock::new(keys));
        let escrow = Escrow::open(Arc::clone(&options.disk), &paths.escrow()).map_err(EngineFailure::keys)?;
        let store_options = StoreOptions {
            location: options.database.location(&paths),
            directory: paths.directory.clone(),
            signer: Arc::new(CheckpointSigner(Arc::clone(&keys))),
            anchor: Arc::new(CheckpointFile { disk: Arc::clone(&options.disk), path: paths.checkpoint() }),
            commit_fault: options.commit_fault,
        };
        let had_checkpoint = paths.checkpoint().exists();
        let opened = tokio::task::spawn_blocking(move || Store::open(store_options))
            .await
            .map_err(|error| EngineFailure::Refused { why: error.to_string() })??;
        let in_force = opened.store.read("programme", |tx| tx.programme_in_force()).await?;
        let in_force = InForce::of(in_force.as_ref())?;
        let authoriser =
            Authoriser::new().map_err(|error| EngineFailure::Programme { why: error.to_string() })?;
        let engine = Engine {
            store: opened.store,
            keys,
            kek,
            escrow,
            disk: options.disk,
            paths,
            clock: options.clock,
            deadlines: options.deadlines,
            randomness: Arc::new(Mutex::new(options.randomness)),
            connectors: options
                .connectors
                .into_iter()
                .map(|c| (c.manifest().system, c))
                .collect::<BTreeMap<_, _>>(),
            in_force: RwLock::new(Arc::new(in_force)),
            foresights: Foresights::default(),
            replays: Replays::default(),
            authoriser: Arc::new(authoriser),
            board: Board::default(),
            checkpoint_was_missing: !opened.created && !had_checkpoint,
            plans_woken: Notify::new(),
            judging_woken: Notify::new(),
            surveys_woken: Notify::new(),
            reviews_woken: Notify::new(),
            mail: options.mail,
            chats: options.chats,
            ldap: options.ldap,
            events: options.events,
            ticket_hooks: options.ticket_hooks,
            driving: Mutex::new(HashSet::new()),
            surveying: Mutex::new(HashSet::new()),
            reports: Arc::default(),
            first_things: Arc::default(),
            open_sources: Mutex::new(HashMap::new()),
        };
        engine.raise_clock().await?;
        engine.make_first_person(options.first_person).await?;
        engine.begin_past().await?;
        engine.end_endless_tokens().await?;
        engine.keep_event_streams().await?;
        let orphans_removed = engine.remove_orphaned_escrow().await?;
        engine.finish_destructions().await?;
        let opening = Opening { created: opened.created, backup: opened.backup, orphans_removed };
        Ok(Self { engine: Arc::new(engine), opening })
    }
}

impl Deployment {
    /// Closes the deployment and waits until every thread of its store has finished. Does nothing
    /// but let go while somebody else still holds the engine.
    pub async fn close(self) {
        if let Some(engine) = Arc::into_inner(self.engine) {
            let store = engine.store;
            // Threads are waited for where waiting is allowed.
            let _ = tokio::task::spawn_blocking(move || store.close()).await;
        }
    }
}

/// Opens the keys; makes them only when there is no database that needs the old ones.
fn open_keys(options: &mut OpenOptions, paths: &Paths) -> Result<(Kek, Keyring), EngineFailure> {
    let directory = paths.keys();
    // A deployment that lost its checkpoint is not a new one: its database needs its old keys.
    let is_new = !paths.checkpoint().exists() && !paths.database().exists();
    let disk = Arc::clone(&options.disk);
    let kek = match options.kek.take() {
        Some(source) => Kek::load(disk.as_ref(), &source).map_err(EngineFailure::keys)?,
        None => {
            let file = directory.join(KEK_FILE);
            if is_new && !file.exists() {
                make_private_directory(disk.as_ref(), &directory).map_err(EngineFailure::keys)?;
                Kek::create_file(disk.as_ref(), &file, options.randomness.as_mut())
                    .map_err(EngineFailure::keys)?
            } else {
                Kek::load(disk.as_ref(), &KekSource::File(file)).map_err(EngineFailure::keys)?
            }
        }
    };
    let keys = if is_new {
        let name = new_log_name(options.randomness.as_mut())?;
        let now = options.clock.now();
        Keyring::create(&disk, &directory, &kek, &name, now, options.randomness.as_mut())
    } else {
        Keyring::open(&disk, &directory, &kek)
    };
    Ok((kek, keys.map_err(EngineFailure::keys)?))
}

/// A name for a new log, such as `tenure-7f3a09`.
pub(crate) fn new_log_name(randomness: &mut dyn Randomness) -> Result<String, EngineFailure> {
    use std::fmt::Write as _;
    let bytes: [u8; 4] = draw(randomness).map_err(EngineFailure::keys)?;
    let mut name = String::from("tenure-");
    for byte in bytes {
        let _ = write!(name, "{byte:02x}");
    }
    Ok(name)
}

impl Engine {
    /// Time never runs backwards within a deployment: it goes on from the last entry of the log.
    async fn raise_clock(&self) -> Result<(), EngineFailure> {
        if let Some((_, last)) = self.log_page(None, 1).await?.first() {
            self.clock.not_before(tenure_model::Instant::from_micros(last.time_us));
        }
        Ok(())
    }

    /// Makes the first administrator, once, together with the entry that opens the log.
    async fn make_first_person(&self, (name, uid): (String, u32)) -> Result<(), EngineFailure> {
        let there_is_somebody = self.store.read("people", |tx| Ok(!tx.people()?.is_empty())).await?;
        if there_is_somebody {
            return Ok(());
        }
        let now = self.clock.now();
        let id = PersonId::new(now, self.random()?);
        let person = Person { id, name, role: Role::Administrator, local_uid: Some(uid) };
        let created = self.entry(
            Draft::new("deployment.created", By::Tenure, self.keys().log.name())
                .text("version", env!("CARGO_PKG_VERSION")),
        )?;
        let added = self.entry(
            Draft::new("person.added", By::Tenure, id)
                .text("role", person.role)
                .body(serde_json::json!({ "name": person.name, "local_uid": uid })),
        )?;
        self.store
            .write("make_first_person", move |tx| {
                tx.add_person(&person, now)?;
                tx.entry(created.clone())?;
                tx.entry(added.clone())
            })
            .await?;
        Ok(())
    }

    /// From the first opening on, what the inventory was is kept.
    async fn begin_past(&self) -> Result<(), EngineFailure> {
        if self.store.read("past_kept", |tx| tx.past_kept_since()).await?.is_none() {
            let now = self.clock.now();
            self.store.write("begin_past", move |tx| tx.begin_past(now)).await?;
        }
        Ok(())
    }

    /// Destroys what is still held for plans that have settled: a crash came in between.
    async fn finish_destructions(&self) -> Result<(), EngineFailure> {
        for plan in self.store.read("settled_with_escrow", |tx| tx.settled_with_escrow()).await? {
            let loaded = self.load(plan).await?;
            if !self.is_way_back(&loaded).await? {
                self.destroy_escrow(&loaded).await?;
            }
        }
        Ok(())
    }

    /// Removes data keys whose sealed value never reached the database: a crash between the two.
    async fn remove_orphaned_escrow(&self) -> Result<usize, EngineFailure> {
        let held: HashSet<String> = self.store.read("held", |tx| tx.held()).await?.into_iter().collect();
        let on_disk = self.escrow.list().map_err(EngineFailure::keys)?;
        let mut removed = 0;
        for id in on_disk.iter().filter(|id| !held.contains(*id)) {
            self.escrow.destroy(id).map_err(EngineFailure::keys)?;
            removed += 1;
        }
        Ok(removed)
    }
}
