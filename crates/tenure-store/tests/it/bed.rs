//! A deployment in a temporary directory, on either database, that can be opened again and again.
//!
//! Time and randomness come from a counter, so that every run is the same. Must never share a
//! database between two tests.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};
use tenure_evidence::{
    Checkpoint, Ed25519Signer, Entry, LogVerdict, NoteSigner as _, Trust, VerifierKey, body_digest,
    leaf_hash, verify_log,
};
use tenure_model::{EntryId, IdRandomness, Instant, Secret};
use tenure_store::{
    Anchor, CommitFault, DatabaseLocation, LogReader, LogSigner, NewEntry, Opened, PostgresLocation, Store,
    StoreFailure, StoreOptions, Tx, tables::Mint,
};
use tenure_testbed::{Postgres, PostgresOptions};

/// Runs a test on both databases.
macro_rules! on_both {
    ($(#[$meta:meta])* fn $name:ident($bed:ident) $body:block) => {
        $(#[$meta])*
        mod $name {
            #[allow(unused_imports, reason = "each test uses some of its file's imports")]
            use super::*;

            fn check($bed: &$crate::bed::Bed) $body

            #[test]
            fn on_sqlite() {
                check(&$crate::bed::Bed::sqlite());
            }

            #[test]
            fn on_postgres() {
                tenure_testbed::needs!(postgres);
                check(&$crate::bed::Bed::postgres());
            }
        }
    };
}

pub(crate) const ORIGIN: &str = "tenure-test";
/// The database inside a private server.
pub(crate) const DATABASE: &str = "tenure";

pub(crate) struct Signer(pub(crate) Ed25519Signer);

impl Signer {
    pub(crate) fn named(origin: &str) -> Self {
        Self(Ed25519Signer::from_seed(origin, &[7; 32]).unwrap())
    }
}

impl LogSigner for Signer {
    fn origin(&self) -> String {
        self.0.name().to_owned()
    }
    fn sign_checkpoint(&self, checkpoint: &Checkpoint) -> Result<String, String> {
        tenure_evidence::sign_checkpoint(checkpoint, &self.0).map_err(|error| error.to_string())
    }
}

pub(crate) fn trust() -> Trust {
    let key = VerifierKey::ed25519(ORIGIN, &Signer::named(ORIGIN).0.public_key()).unwrap();
    Trust { log_keys: vec![key], ..Trust::default() }
}

/// An anchor in a file, replaced as a whole; a test may read it, and write to it.
#[derive(Clone)]
pub(crate) struct FileAnchor(pub(crate) PathBuf);

impl Anchor for FileAnchor {
    fn read(&self) -> std::io::Result<Option<String>> {
        match std::fs::read_to_string(&self.0) {
            Ok(note) => Ok(Some(note)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
    fn replace(&self, note: &str) -> std::io::Result<()> {
        let next = self.0.with_extension("next");
        std::fs::write(&next, note)?;
        std::fs::rename(next, &self.0)
    }
}

pub(crate) struct Bed {
    _directory: tempfile::TempDir,
    pub(crate) path: PathBuf,
    server: Option<Postgres>,
    pub(crate) ids: Ids,
}

impl Bed {
    pub(crate) fn sqlite() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().to_owned();
        Self { _directory: directory, path, server: None, ids: Ids::from(1) }
    }

    /// On SQLite, in a directory that is there already.
    pub(crate) fn sqlite_in(path: &Path) -> Self {
        Self {
            _directory: tempfile::tempdir().unwrap(),
            path: path.to_owned(),
            server: None,
            ids: Ids::from(1),
        }
    }

    pub(crate) fn postgres() -> Self {
        let server = Postgres::start(&PostgresOptions::default()).unwrap();
        server.create_database(DATABASE).unwrap();
        Self { server: Some(server), ..Self::sqlite() }
    }

    pub(crate) fn server(&self) -> &Postgres {
        self.server.as_ref().unwrap()
    }

    pub(crate) fn is_sqlite(&self) -> bool {
        self.server.is_none()
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.path.join("tenure.sqlite")
    }

    pub(crate) fn anchor(&self) -> FileAnchor {
        FileAnchor(self.path.join("checkpoint"))
    }

    pub(crate) fn location(&self) -> DatabaseLocation {
        match &self.server {
            None => DatabaseLocation::Sqlite(self.database()),
            Some(_) => DatabaseLocation::Postgres(Arc::new(self.postgres_location())),
        }
    }

    pub(crate) fn postgres_location(&self) -> PostgresLocation {
        let server = self.server();
        PostgresLocation {
            parameters: format!(
                "host=127.0.0.1 port={} user={} dbname={DATABASE}",
                server.port(),
                server.superuser()
            ),
            password: Some(Secret::new(server.password().to_owned())),
            ca_file: None,
        }
    }

    pub(crate) fn options(&self) -> StoreOptions {
        StoreOptions {
            location: self.location(),
            directory: self.path.clone(),
            signer: Arc::new(Signer::named(ORIGIN)),
            anchor: Arc::new(self.anchor()),
            commit_fault: None,
        }
    }

    pub(crate) fn try_open(&self) -> Result<Opened, StoreFailure> {
        Store::open(self.options())
    }

    pub(crate) fn open(&self) -> Store {
        self.try_open().unwrap().store
    }

    pub(crate) fn open_with_fault(&self, fault: CommitFault) -> Store {
        Store::open(StoreOptions { commit_fault: Some(fault), ..self.options() }).unwrap().store
    }

    /// Runs SQL past the store, as somebody with access to the database would.
    pub(crate) fn raw(&self, sql: &str) -> Result<(), String> {
        match &self.server {
            None => rusqlite::Connection::open(self.database())
                .and_then(|database| database.execute_batch(sql))
                .map_err(|error| error.to_string()),
            Some(server) => server.sql(DATABASE, sql).map(drop).map_err(|error| format!("{error:#}")),
        }
    }

    /// Closes the store and opens it again.
    pub(crate) fn reopen(&self, store: Store) -> Store {
        store.close();
        self.open()
    }
}

/// Waits until everything written is in the tree, and returns how many leaves that is.
pub(crate) fn settled(store: &Store) -> u64 {
    let deadline = std::time::Instant::now() + std::time::Duration::from_mins(1);
    loop {
        let (waiting, size) =
            block_on(store.read("settled", |tx| Ok((entries_waiting(tx)?, tx.head()?.size)))).unwrap();
        if waiting == 0 {
            return size;
        }
        assert!(std::time::Instant::now() < deadline, "{waiting} entries still wait");
        std::thread::yield_now();
    }
}

fn entries_waiting(tx: &mut Tx<'_>) -> Result<u64, StoreFailure> {
    let size = tx.head()?.size;
    Ok(tx.count_entries()? - size)
}

/// Runs one future to its end on this thread.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

/// Writes, and waits until it is durable.
pub(crate) fn write<T: Send + 'static>(
    store: &Store,
    body: impl FnMut(&mut Tx<'_>) -> Result<T, StoreFailure> + Send + 'static,
) -> Result<T, StoreFailure> {
    block_on(store.write("test", body))
}

/// Reads.
pub(crate) fn read<T: Send + 'static>(
    store: &Store,
    body: impl FnMut(&mut Tx<'_>) -> Result<T, StoreFailure> + Send + 'static,
) -> T {
    block_on(store.read("test", body)).unwrap()
}

/// Adds one entry; returns its id.
pub(crate) fn record(store: &Store, entry: NewEntry) -> Result<String, StoreFailure> {
    let id = entry.entry.id.clone();
    write(store, move |tx| tx.entry(entry.clone())).map(|()| id)
}

/// Ids, instants and entries, each different from the one before.
#[derive(Clone)]
pub(crate) struct Ids(Arc<AtomicU64>);

impl Ids {
    pub(crate) fn from(first: u64) -> Self {
        Self(Arc::new(AtomicU64::new(first)))
    }

    pub(crate) fn next(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn now(&self) -> Instant {
        Instant::from_micros(1_800_000_000_000_000 + i64::try_from(self.next()).unwrap() * 1_000)
    }

    pub(crate) fn random(&self) -> IdRandomness {
        let hash = leaf_hash(&self.next().to_le_bytes());
        hash.as_bytes()[..10].try_into().unwrap()
    }

    pub(crate) fn mint(&self) -> Mint {
        let ids = self.clone();
        Mint { now: self.now(), randomness: Arc::new(move || ids.random()) }
    }

    pub(crate) fn entry(&self) -> NewEntry {
        self.entry_about("somebody")
    }

    pub(crate) fn entry_about(&self, subject: &str) -> NewEntry {
        let now = self.now();
        let (nonce, body) = ([3; 32], format!("{{\"number\":{}}}", self.next()).into_bytes());
        let entry = Entry {
            version: 1,
            id: EntryId::new(now, self.random()).to_string(),
            time_us: now.as_micros(),
            kind: String::from("test.happened/1"),
            actor: String::from("tenure"),
            subject: String::from(subject),
            right: None,
            body_digest: body_digest(&nonce, &body),
            facts: std::collections::BTreeMap::new(),
        };
        NewEntry { entry, about: vec![String::from(subject)], body: Some((nonce, body)) }
    }
}

/// Checks the whole log: entries, tiles and checkpoint against each other and the pinned key.
pub(crate) fn verdict(store: &Store) -> LogVerdict {
    read(store, |tx| {
        let head = tx.head()?;
        let entries = tx.leaves(0, u64::from(u32::MAX))?;
        let bytes: Vec<Result<Vec<u8>, String>> = entries.into_iter().map(|(_, bytes)| Ok(bytes)).collect();
        Ok(verify_log(bytes, &LogReader::new(tx), &head.note, &trust()))
    })
}

/// The log is whole and signed by the pinned key.
pub(crate) fn assert_whole(store: &Store) {
    let verdict = verdict(store);
    assert_eq!(verdict.level, tenure_evidence::Level::Verified, "{:?}", verdict.faults);
}

/// Something a fault hook can switch on and off.
#[derive(Clone, Default)]
pub(crate) struct Switch(Arc<Mutex<Option<String>>>);

impl Switch {
    pub(crate) fn set(&self, why: Option<&str>) {
        *self.0.lock().unwrap() = why.map(str::to_owned);
    }

    pub(crate) fn hook(&self) -> CommitFault {
        let state = Arc::clone(&self.0);
        Arc::new(move || state.lock().unwrap().clone())
    }
}
