//! Opening the store, and running transactions in it.
//!
//! `write` returns when the transaction is durable; `read` sees one consistent state. Bodies
//! are plain functions: they can await nothing. A write body may run more than once (PostgreSQL
//! retries), so it must take what it consumes by clone. Next: `database/sqlite.rs` for what a
//! commit is, `log.rs` for what happens to entries.

use crate::{
    Anchor, DatabaseLocation, Head, PostgresLocation, StoreFailure, Tx,
    database::{Connection, postgres, sqlite},
    log, migrate,
    reserve::Reserve,
};
use crossbeam_channel::{Receiver, Sender};
use std::{
    collections::HashMap,
    fs::TryLockError,
    io::{Read as _, Seek as _, Write as _},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};
use tenure_evidence::Checkpoint;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot, watch};

/// Transactions that may wait for a thread; more callers wait outside.
const WAITING_MAX: usize = 4_096;

/// Signs checkpoints with the log's key.
pub trait LogSigner: Send + Sync {
    /// The origin a new log would have.
    fn origin(&self) -> String;
    /// A signed note over the checkpoint, by every key in overlap; or why not.
    fn sign_checkpoint(&self, checkpoint: &Checkpoint) -> Result<String, String>;
}

/// How urgent a write is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Urgency {
    Ordinary,
    /// May use the reserve when the disk is full.
    Emergency,
}

/// Called before each commit in tests; `Some` is a disk that did not confirm the write.
pub type CommitFault = Arc<dyn Fn() -> Option<String> + Send + Sync>;

/// How to open the store.
pub struct StoreOptions {
    /// Where the database is.
    pub location: DatabaseLocation,
    /// The data directory: lock, reserve, automatic backups.
    pub directory: PathBuf,
    /// Signs the log.
    pub signer: Arc<dyn LogSigner>,
    /// Keeps the last checkpoint outside the database.
    pub anchor: Arc<dyn Anchor>,
    /// Injects disk failures, in tests.
    pub commit_fault: Option<CommitFault>,
}

/// What opening found.
pub struct Opened {
    /// The store.
    pub store: Store,
    /// True when the database was empty.
    pub created: bool,
    /// The backup that was made before a migration.
    pub backup: Option<PathBuf>,
}

/// State shared between the store's threads and its callers.
pub(crate) struct Shared {
    stopped: Mutex<Option<String>>,
    head: watch::Sender<Head>,
    anchored: Sender<()>,
    commit_fault: Option<CommitFault>,
    pub(crate) reserve_used: AtomicBool,
    writes_held: AtomicBool,
}

impl Shared {
    pub(crate) fn stopped_because(&self) -> Option<String> {
        self.stopped.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn stop(&self, why: &str) {
        self.stopped.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(|| why.to_owned());
        // Whoever waits for the head to grow looks up and asks `stopped_because`.
        self.head.send_modify(|_| {});
    }

    pub(crate) fn advance(&self, head: Head) {
        self.head.send_replace(head);
        // When a wake-up waits already, it will find this head.
        let _ = self.anchored.try_send(());
    }

    /// The newest signed head.
    pub(crate) fn newest(&self) -> Head {
        self.head.borrow().clone()
    }

    /// Holds writes back while this node cannot know that it is alone.
    pub(crate) fn hold_writes(&self, held: bool) {
        self.writes_held.store(held, Ordering::SeqCst);
    }

    pub(crate) fn are_writes_held(&self) -> bool {
        self.writes_held.load(Ordering::SeqCst)
    }

    pub(crate) fn injected_commit_fault(&self) -> Option<String> {
        self.commit_fault.as_ref().and_then(|fault| fault())
    }
}

/// One transaction on its way through a thread.
pub(crate) trait Job: Send {
    fn what(&self) -> &'static str;
    fn urgency(&self) -> Urgency;
    fn writes(&self) -> bool;
    /// Runs the body; true when it should be kept.
    fn run(&mut self, tx: &mut Tx<'_>) -> bool;
    /// Why the body failed, when that was the disk: then the whole batch fails.
    fn disk_failure(&self) -> Option<StoreFailure>;
    fn failed_by_contention(&self) -> bool;
    /// Answers the caller: the body's own result when the commit went well.
    fn deliver(self: Box<Self>, commit: Result<(), StoreFailure>);
}

struct Transaction<T, F> {
    what: &'static str,
    urgency: Urgency,
    writes: bool,
    body: F,
    result: Option<Result<T, StoreFailure>>,
    reply: oneshot::Sender<Result<T, StoreFailure>>,
    _place: OwnedSemaphorePermit,
}

impl<T, F> Job for Transaction<T, F>
where
    T: Send + 'static,
    F: FnMut(&mut Tx<'_>) -> Result<T, StoreFailure> + Send + 'static,
{
    fn what(&self) -> &'static str {
        self.what
    }
    fn urgency(&self) -> Urgency {
        self.urgency
    }
    fn writes(&self) -> bool {
        self.writes
    }
    fn run(&mut self, tx: &mut Tx<'_>) -> bool {
        let mut result = (self.body)(tx);
        if result.is_ok() && tx.broken {
            // PostgreSQL would answer such a commit with a silent rollback.
            let why = String::from("a statement failed and the transaction went on");
            result = Err(StoreFailure::Refused { what: self.what, why });
        }
        let kept = result.is_ok();
        self.result = Some(result);
        kept
    }
    fn disk_failure(&self) -> Option<StoreFailure> {
        match &self.result {
            Some(Err(StoreFailure::DiskFull)) => Some(StoreFailure::DiskFull),
            Some(Err(StoreFailure::ReadOnly)) => Some(StoreFailure::ReadOnly),
            Some(Err(StoreFailure::DiskUnsure { why })) => {
                Some(StoreFailure::DiskUnsure { why: why.clone() })
            }
            Some(_) | None => None,
        }
    }
    fn failed_by_contention(&self) -> bool {
        matches!(self.result, Some(Err(StoreFailure::Contended { .. })))
    }
    fn deliver(self: Box<Self>, commit: Result<(), StoreFailure>) {
        let answer = match (commit, self.result) {
            (Err(failure), _) => Err(failure),
            (Ok(()), Some(result)) => result,
            (Ok(()), None) => Err(StoreFailure::Closed),
        };
        // A caller that went away does not undo what is durable.
        let _ = self.reply.send(answer);
    }
}

/// The store. Cheap to clone; closes when the last clone is dropped.
#[derive(Clone)]
pub struct Store {
    writes: Queue,
    reads: Queue,
    shared: Arc<Shared>,
    head: watch::Receiver<Head>,
    pub(crate) location: DatabaseLocation,
    threads: Arc<Threads>,
}

/// Transactions on their way to the threads; whoever finds it full waits without blocking a thread.
#[derive(Clone)]
struct Queue {
    jobs: Sender<Box<dyn Job>>,
    places: Arc<Semaphore>,
}

impl Queue {
    fn new() -> (Self, Receiver<Box<dyn Job>>) {
        let (jobs, waiting) = crossbeam_channel::unbounded();
        (Self { jobs, places: Arc::new(Semaphore::new(WAITING_MAX)) }, waiting)
    }
}

impl Store {
    /// Opens the store: takes the directory's lock, migrates, checks the log against its anchor,
    /// turns entries left over by a crash into leaves.
    pub fn open(options: StoreOptions) -> Result<Opened, StoreFailure> {
        let lock = Arc::new(DirectoryLock::take(&options.directory)?);
        match options.location {
            DatabaseLocation::Sqlite(ref path) => open_sqlite(&path.clone(), options, lock),
            DatabaseLocation::Postgres(ref location) => open_postgres(&Arc::clone(location), options, lock),
        }
    }

    /// Runs a write. When this returns `Ok`, it is durable.
    pub async fn write<T, F>(&self, what: &'static str, body: F) -> Result<T, StoreFailure>
    where
        T: Send + 'static,
        F: FnMut(&mut Tx<'_>) -> Result<T, StoreFailure> + Send + 'static,
    {
        run(&self.writes, what, Urgency::Ordinary, true, body).await
    }

    /// Runs a write that may use the reserve when the disk is full.
    pub async fn write_emergency<T, F>(&self, what: &'static str, body: F) -> Result<T, StoreFailure>
    where
        T: Send + 'static,
        F: FnMut(&mut Tx<'_>) -> Result<T, StoreFailure> + Send + 'static,
    {
        run(&self.writes, what, Urgency::Emergency, true, body).await
    }

    /// Runs a read.
    pub async fn read<T, F>(&self, what: &'static str, body: F) -> Result<T, StoreFailure>
    where
        T: Send + 'static,
        F: FnMut(&mut Tx<'_>) -> Result<T, StoreFailure> + Send + 'static,
    {
        run(&self.reads, what, Urgency::Ordinary, false, body).await
    }

    /// The signed head, and a way to wait for the next.
    pub fn head(&self) -> watch::Receiver<Head> {
        self.head.clone()
    }

    /// Why writing stopped, when it did.
    pub fn stopped_because(&self) -> Option<String> {
        self.shared.stopped_because()
    }

    /// True when the database is a file of this process.
    pub fn is_embedded(&self) -> bool {
        matches!(self.location, DatabaseLocation::Sqlite(_))
    }

    /// True when the reserve was used since the start.
    pub fn reserve_was_used(&self) -> bool {
        self.shared.reserve_used.load(Ordering::Relaxed)
    }

    /// Closes this handle; when it is the last, waits for the threads to finish.
    pub fn close(self) {
        let Self { writes, reads, threads, shared, head, location } = self;
        drop((writes, reads, head, shared, location));
        if let Some(threads) = Arc::into_inner(threads) {
            threads.join();
        }
    }
}

async fn run<T, F>(
    queue: &Queue,
    what: &'static str,
    urgency: Urgency,
    writes: bool,
    body: F,
) -> Result<T, StoreFailure>
where
    T: Send + 'static,
    F: FnMut(&mut Tx<'_>) -> Result<T, StoreFailure> + Send + 'static,
{
    let place = Arc::clone(&queue.places).acquire_owned().await.map_err(|_| StoreFailure::Closed)?;
    let (reply, answer) = oneshot::channel();
    let job = Transaction { what, urgency, writes, body, result: None, reply, _place: place };
    queue.jobs.send(Box::new(job)).map_err(|_| StoreFailure::Closed)?;
    answer.await.map_err(|_| StoreFailure::Closed)?
}

#[derive(Default)]
struct Threads(Mutex<Vec<std::thread::JoinHandle<()>>>);

impl Threads {
    fn spawn(&self, name: &str, run: impl FnOnce() + Send + 'static) -> Result<(), StoreFailure> {
        let handle = std::thread::Builder::new().name(name.to_owned()).spawn(run).map_err(|source| {
            StoreFailure::File { path: String::from("a thread"), verb: "started", source }
        })?;
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(handle);
        Ok(())
    }

    fn join(self) {
        for handle in self.0.into_inner().unwrap_or_else(PoisonError::into_inner) {
            let _ = handle.join();
        }
    }
}

/// The lock that keeps two processes off one data directory; holds the pid for messages.
struct DirectoryLock(std::fs::File);

impl DirectoryLock {
    fn take(directory: &Path) -> Result<Self, StoreFailure> {
        let path = directory.join("lock");
        let failed =
            |source| StoreFailure::File { path: path.display().to_string(), verb: "written", source };
        let mut file = std::fs::OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::Error(source)) => return Err(failed(source)),
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                let _ = file.read_to_string(&mut holder);
                return Err(StoreFailure::InUse { pid: holder.trim().parse().unwrap_or(0) });
            }
        }
        // A full disk must not keep us from starting: the pid is only for messages.
        let _ = file.set_len(0);
        let _ = file.rewind();
        let _ = write!(file, "{}", std::process::id());
        Ok(Self(file))
    }
}

impl Drop for DirectoryLock {
    fn drop(&mut self) {
        let _ = self.0.unlock();
    }
}

fn create_log(tx: &mut Tx<'_>, signer: &dyn LogSigner) -> Result<(), StoreFailure> {
    let (origin, root) = (signer.origin(), tenure_evidence::empty_root());
    let checkpoint = Checkpoint { origin: origin.clone(), size: 0, root, extensions: Vec::new() };
    let note = signer.sign_checkpoint(&checkpoint).map_err(|why| StoreFailure::Unsigned { why })?;
    tx.execute(
        "INSERT INTO log_head (only_one, origin, epoch, size, root, note) VALUES (1, $1, 1, 0, $2, $3)",
        &[origin.into(), root.as_bytes().to_vec().into(), note.into()],
    )?;
    Ok(())
}

/// Makes the log when there is none yet; returns whether it did. A head that is missing although there
/// are entries is damage, not a new log.
fn ensure_log(tx: &mut Tx<'_>, signer: &dyn LogSigner) -> Result<bool, StoreFailure> {
    let heads = tx.query("log_head", "SELECT size FROM log_head", &[], |row| row.number(0))?;
    let entries = tx.query("entries", "SELECT arrival FROM entries LIMIT 1", &[], |row| row.number(0))?;
    let is_new = heads.is_empty() && entries.is_empty();
    if is_new {
        create_log(tx, signer)?;
    }
    Ok(is_new)
}

/// What opening the log found.
struct Prepared {
    log: log::LogState,
    head: Head,
    created: bool,
}

/// Prepares the log inside one transaction: creates or fences it, checks the anchor, recovers.
fn prepare_log(
    tx: &mut Tx<'_>,
    signer: &Arc<dyn LogSigner>,
    anchor: &dyn Anchor,
) -> Result<Prepared, StoreFailure> {
    let created = ensure_log(tx, signer.as_ref())?;
    tx.execute("UPDATE log_head SET epoch = epoch + 1 WHERE only_one = 1", &[])?;
    let anchored = anchor.read().map_err(|source| StoreFailure::File {
        path: String::from("the checkpoint kept beside the database"),
        verb: "read",
        source,
    })?;
    if let Some(note) = anchored {
        crate::anchor::check(tx, &note)?;
    }
    let mut state = log::load(tx, Arc::clone(signer))?;
    while log::sequence(tx, &mut state, postgres::SEQUENCE_MAX)?.0 > 0 {}
    let head = tx.head()?;
    Ok(Prepared { log: state, head, created })
}

/// Starts the thread that writes the newest checkpoint beside the database.
fn shared_state(
    options: &mut StoreOptions,
    head: Head,
    threads: &Threads,
    lock: &Arc<DirectoryLock>,
) -> Result<Arc<Shared>, StoreFailure> {
    let (anchored, woken) = crossbeam_channel::bounded::<()>(1);
    let (sender, newest) = watch::channel(head.clone());
    let shared = Arc::new(Shared {
        stopped: Mutex::new(None),
        head: sender,
        anchored,
        commit_fault: options.commit_fault.take(),
        reserve_used: AtomicBool::new(false),
        writes_held: AtomicBool::new(false),
    });
    let (anchor, watcher, lock) = (Arc::clone(&options.anchor), Arc::downgrade(&shared), Arc::clone(lock));
    threads.spawn("tenure-anchor", move || {
        let _lock = lock;
        while woken.recv().is_ok() {
            // Only the newest matters: the anchor may lag, never run ahead.
            let note = newest.borrow().note.clone();
            if let Err(error) = anchor.replace(&note) {
                tracing::error!(%error, "the checkpoint beside the database could not be written");
                if error.kind() != std::io::ErrorKind::StorageFull
                    && let Some(shared) = watcher.upgrade()
                {
                    shared.stop(&format!("the checkpoint beside the database: {error}"));
                }
            }
        }
    })?;
    shared.advance(head);
    Ok(shared)
}

struct PreparedSqlite {
    connection: rusqlite::Connection,
    prepared: Prepared,
    backup: Option<PathBuf>,
}

fn prepare_sqlite(path: &Path, options: &StoreOptions) -> Result<PreparedSqlite, StoreFailure> {
    let failed = |error: rusqlite::Error| sqlite::sort("open", &error);
    let mut connection = sqlite::open_writer(path)?;
    let backup = migrate::sqlite(&mut connection, &options.directory.join("backups"), migrate::STEPS)?;
    connection.execute_batch("BEGIN IMMEDIATE").map_err(failed)?;
    let prepared = {
        let mut tx = Tx::new("open", Connection::Sqlite(&connection));
        prepare_log(&mut tx, &options.signer, options.anchor.as_ref())?
    };
    connection.execute_batch("COMMIT").map_err(failed)?;
    Ok(PreparedSqlite { connection, prepared, backup })
}

fn open_sqlite(
    path: &Path,
    mut options: StoreOptions,
    lock: Arc<DirectoryLock>,
) -> Result<Opened, StoreFailure> {
    let mut reserve = Reserve::of(&options.directory);
    let mut outcome = prepare_sqlite(path, &options);
    // Starting writes, too: on a full disk the reserve lets us start for an emergency.
    let starts_on_reserve = matches!(outcome, Err(StoreFailure::DiskFull)) && reserve.release();
    if starts_on_reserve {
        outcome = prepare_sqlite(path, &options);
    }
    let PreparedSqlite { connection, prepared: Prepared { log, head, created }, backup } = outcome?;
    if !reserve.hold() {
        tracing::warn!("the reserve for emergencies could not be set aside; free some disk space");
    }
    let threads = Threads::default();
    let shared = shared_state(&mut options, head, &threads, &lock)?;
    shared.reserve_used.store(starts_on_reserve, Ordering::Relaxed);
    let head = shared.head.subscribe();
    let (writes, write_jobs) = Queue::new();
    let (reads, read_jobs) = Queue::new();
    let writer = sqlite::Writer { connection, log, shared: Arc::clone(&shared), reserve };
    threads.spawn("tenure-writer", move || {
        let _lock = lock;
        writer.run(&write_jobs);
    })?;
    for _ in 0..sqlite::READERS {
        let (path, jobs) = (path.to_owned(), read_jobs.clone());
        threads.spawn("tenure-reader", move || sqlite::run_reader(&path, &jobs))?;
    }
    let location = options.location;
    let store = Store { writes, reads, shared, head, location, threads: Arc::new(threads) };
    Ok(Opened { store, created, backup })
}

fn prepare_postgres(
    client: &mut ::postgres::Client,
    options: &StoreOptions,
) -> Result<Prepared, StoreFailure> {
    let mut statements = HashMap::new();
    let transaction = client
        .build_transaction()
        .isolation_level(::postgres::IsolationLevel::RepeatableRead)
        .start()
        .map_err(|error| postgres::sort("open", &error))?;
    let mut tx = Tx::new("open", Connection::Postgres { transaction, statements: &mut statements });
    let prepared = prepare_log(&mut tx, &options.signer, options.anchor.as_ref())?;
    if let Connection::Postgres { transaction, .. } = tx.connection {
        transaction.commit().map_err(|error| postgres::sort("open", &error))?;
    }
    Ok(prepared)
}

fn open_postgres(
    location: &Arc<PostgresLocation>,
    mut options: StoreOptions,
    lock: Arc<DirectoryLock>,
) -> Result<Opened, StoreFailure> {
    let mut client = postgres::connect(location)?;
    postgres::Sequencer::lock_out_others(&mut client)?;
    let backups = options.directory.join("backups");
    let backup = migrate::postgres(&mut client, location, &backups, migrate::STEPS)?;
    let Prepared { log, head, created } = prepare_postgres(&mut client, &options)?;
    let threads = Threads::default();
    let shared = shared_state(&mut options, head, &threads, &lock)?;
    let head = shared.head.subscribe();
    let (jobs, job_queue) = Queue::new();
    let (wake, woken) = crossbeam_channel::bounded::<()>(1);
    let sequencer =
        postgres::Sequencer { location: Arc::clone(location), client, log, shared: Arc::clone(&shared) };
    threads.spawn("tenure-sequencer", move || {
        let _lock = lock;
        sequencer.run(&woken);
    })?;
    for _ in 0..postgres::WORKERS {
        let (location, shared, wake, jobs) =
            (Arc::clone(location), Arc::clone(&shared), wake.clone(), job_queue.clone());
        threads.spawn("tenure-worker", move || postgres::run_worker(&location, &shared, &wake, &jobs))?;
    }
    let location = options.location;
    let store =
        Store { writes: jobs.clone(), reads: jobs, shared, head, location, threads: Arc::new(threads) };
    Ok(Opened { store, created, backup })
}
