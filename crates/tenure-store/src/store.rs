//! Opening the store, and running transactions in it.
//!
//! `write` returns when the transaction is durable; `read` sees one consistent state. Bodies
//! are plain functions: they can await nothing. A write body may run more than once (PostgreSQL
//! retries), so it must take what it consumes by clone. Next: `database/sqlite.rs` for what a
//! commit is, `log.rs` for what happens to entries.

use crate::{
    Anchor, DatabaseLocation, Head, StoreFailure, Tx,
    database::{Connection, postgres, sqlite},
    log, migrate,
};
use crossbeam_channel::Sender;
use std::{
    collections::HashMap,
    io::{Read as _, Seek as _, Write as _},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};
use tenure_evidence::Checkpoint;
use tokio::sync::{oneshot, watch};

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
    anchored: Sender<String>,
    commit_fault: Option<CommitFault>,
    pub(crate) reserve_used: AtomicBool,
}

impl Shared {
    pub(crate) fn stopped_because(&self) -> Option<String> {
        self.stopped.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn stop(&self, why: &str) {
        self.stopped.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(|| why.to_owned());
    }

    pub(crate) fn advance(&self, head: Head) {
        let _ = self.anchored.send(head.note.clone());
        self.head.send_replace(head);
    }

    pub(crate) fn injected_commit_fault(&self) -> Option<String> {
        self.commit_fault.as_ref().and_then(|fault| fault())
    }
}

/// One transaction on its way through a thread.
pub(crate) trait Job: Send {
    fn what(&self) -> &'static str;
    fn urgency(&self) -> Urgency;
    fn wrote(&self) -> bool;
    /// Runs the body; true when it should be kept.
    fn run(&mut self, tx: &mut Tx<'_>) -> bool;
    fn failed_for_the_disk(&self) -> bool;
    fn disk_failure(&self) -> StoreFailure;
    fn failed_by_contention(&self) -> bool;
    /// Answers the caller: the body's own result when the commit went well.
    fn deliver(self: Box<Self>, commit: Result<(), StoreFailure>);
}

struct Body<T, F> {
    what: &'static str,
    urgency: Urgency,
    writes: bool,
    body: F,
    result: Option<Result<T, StoreFailure>>,
    reply: oneshot::Sender<Result<T, StoreFailure>>,
}

impl<T, F> Job for Body<T, F>
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
    fn wrote(&self) -> bool {
        self.writes
    }
    fn run(&mut self, tx: &mut Tx<'_>) -> bool {
        let result = (self.body)(tx);
        let kept = result.is_ok();
        self.result = Some(result);
        kept
    }
    fn failed_for_the_disk(&self) -> bool {
        matches!(
            self.result,
            Some(Err(StoreFailure::DiskFull | StoreFailure::ReadOnly | StoreFailure::DiskUnsure { .. }))
        )
    }
    fn disk_failure(&self) -> StoreFailure {
        match &self.result {
            Some(Err(StoreFailure::ReadOnly)) => StoreFailure::ReadOnly,
            Some(Err(StoreFailure::DiskUnsure { why })) => StoreFailure::DiskUnsure { why: why.clone() },
            _ => StoreFailure::DiskFull,
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
    writes: Sender<Box<dyn Job>>,
    reads: Sender<Box<dyn Job>>,
    shared: Arc<Shared>,
    head: watch::Receiver<Head>,
    _lock: Arc<DirectoryLock>,
    threads: Arc<Threads>,
}

impl Store {
    /// Opens the store: takes the directory's lock, migrates, checks the log against its anchor,
    /// turns entries left over by a crash into leaves.
    pub fn open(options: StoreOptions) -> Result<Opened, StoreFailure> {
        let lock = Arc::new(DirectoryLock::take(&options.directory)?);
        match options.location {
            DatabaseLocation::Sqlite(ref path) => open_sqlite(&path.clone(), options, lock),
            DatabaseLocation::Postgres { .. } => open_postgres(options, lock),
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

    /// True when the reserve was used since the start.
    pub fn reserve_was_used(&self) -> bool {
        self.shared.reserve_used.load(Ordering::Relaxed)
    }

    /// Closes this handle; when it is the last, waits for the threads to finish.
    pub fn close(self) {
        let Self { writes, reads, threads, shared, head, _lock } = self;
        drop((writes, reads, head, shared));
        if let Some(threads) = Arc::into_inner(threads) {
            threads.join();
        }
    }
}

async fn run<T, F>(
    jobs: &Sender<Box<dyn Job>>,
    what: &'static str,
    urgency: Urgency,
    writes: bool,
    body: F,
) -> Result<T, StoreFailure>
where
    T: Send + 'static,
    F: FnMut(&mut Tx<'_>) -> Result<T, StoreFailure> + Send + 'static,
{
    let (reply, answer) = oneshot::channel();
    let job = Body { what, urgency, writes, body, result: None, reply };
    jobs.send(Box::new(job)).map_err(|_| StoreFailure::Closed)?;
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
        if file.try_lock().is_err() {
            let mut holder = String::new();
            let _ = file.read_to_string(&mut holder);
            return Err(StoreFailure::InUse { pid: holder.trim().parse().unwrap_or(0) });
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

/// Prepares the log inside one transaction: creates or fences it, checks the anchor, recovers.
fn prepare_log(
    tx: &mut Tx<'_>,
    created: bool,
    signer: &Arc<dyn LogSigner>,
    anchor: &dyn Anchor,
) -> Result<(log::LogState, Head), StoreFailure> {
    if created {
        create_log(tx, signer.as_ref())?;
    }
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
    loop {
        let waiting = log::unsequenced(tx, 20_000)?;
        if log::sequence(tx, &mut state, waiting)?.is_none() {
            break;
        }
    }
    let head = tx.head()?;
    Ok((state, head))
}

fn shared_state(
    options: &mut StoreOptions,
    head: Head,
    threads: &Threads,
) -> Result<Arc<Shared>, StoreFailure> {
    let (anchored, notes) = crossbeam_channel::unbounded::<String>();
    let (sender, _) = watch::channel(head.clone());
    let shared = Arc::new(Shared {
        stopped: Mutex::new(None),
        head: sender,
        anchored,
        commit_fault: options.commit_fault.take(),
        reserve_used: AtomicBool::new(false),
    });
    let (anchor, watcher) = (Arc::clone(&options.anchor), Arc::downgrade(&shared));
    threads.spawn("tenure-anchor", move || {
        while let Ok(mut note) = notes.recv() {
            // Only the newest matters: the anchor may lag, never run ahead.
            while let Ok(newer) = notes.try_recv() {
                note = newer;
            }
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

fn open_sqlite(
    path: &Path,
    mut options: StoreOptions,
    lock: Arc<DirectoryLock>,
) -> Result<Opened, StoreFailure> {
    let mut connection = sqlite::open_writer(path)?;
    let migrated = migrate::sqlite(&mut connection, &options.directory.join("backups"))?;
    let created = migrated.from == 0;
    connection.execute_batch("BEGIN IMMEDIATE").map_err(|error| sqlite::sort("open", &error))?;
    let (log, head) = {
        let mut tx = Tx { what: "open", connection: Connection::Sqlite(&connection), pending: Vec::new() };
        prepare_log(&mut tx, created, &options.signer, options.anchor.as_ref())?
    };
    connection.execute_batch("COMMIT").map_err(|error| sqlite::sort("open", &error))?;
    let reserve = options.directory.join("reserve");
    if !sqlite::preallocate(&reserve) {
        tracing::warn!("the reserve for emergencies could not be set aside; free some disk space");
    }
    let threads = Threads::default();
    let shared = shared_state(&mut options, head, &threads)?;
    let head = shared.head.subscribe();
    let (writes, write_jobs) = crossbeam_channel::bounded::<Box<dyn Job>>(4_096);
    let (reads, read_jobs) = crossbeam_channel::bounded::<Box<dyn Job>>(4_096);
    let writer = sqlite::Writer { connection, log, shared: Arc::clone(&shared), reserve };
    threads.spawn("tenure-writer", move || writer.run(&write_jobs))?;
    for _ in 0..sqlite::READERS {
        let (path, jobs) = (path.to_owned(), read_jobs.clone());
        threads.spawn("tenure-reader", move || sqlite::run_reader(&path, &jobs))?;
    }
    let store = Store { writes, reads, shared, head, _lock: lock, threads: Arc::new(threads) };
    Ok(Opened { store, created, backup: migrated.backup })
}

fn prepare_postgres(
    client: &mut ::postgres::Client,
    created: bool,
    options: &StoreOptions,
) -> Result<(log::LogState, Head), StoreFailure> {
    let mut statements = HashMap::new();
    let transaction = client.transaction().map_err(|error| postgres::sort("open", &error))?;
    let connection = Connection::Postgres { transaction, statements: &mut statements };
    let mut tx = Tx { what: "open", connection, pending: Vec::new() };
    let prepared = prepare_log(&mut tx, created, &options.signer, options.anchor.as_ref())?;
    if let Connection::Postgres { transaction, .. } = tx.connection {
        transaction.commit().map_err(|error| postgres::sort("open", &error))?;
    }
    Ok(prepared)
}

fn open_postgres(mut options: StoreOptions, lock: Arc<DirectoryLock>) -> Result<Opened, StoreFailure> {
    let mut client = postgres::connect(&options.location)?;
    postgres::Sequencer::lock_out_others(&mut client)?;
    let migrated = migrate::postgres(&mut client)?;
    let created = migrated.from == 0;
    let (log, head) = prepare_postgres(&mut client, created, &options)?;
    let threads = Threads::default();
    let shared = shared_state(&mut options, head, &threads)?;
    let head = shared.head.subscribe();
    let (jobs, job_queue) = crossbeam_channel::bounded::<Box<dyn Job>>(4_096);
    let (wake, woken) = crossbeam_channel::bounded::<()>(1);
    let sequencer = postgres::Sequencer { client, log, shared: Arc::clone(&shared) };
    threads.spawn("tenure-sequencer", move || sequencer.run(&woken))?;
    let location = Arc::new(options.location);
    for _ in 0..postgres::WORKERS {
        let (location, shared, wake, jobs) =
            (Arc::clone(&location), Arc::clone(&shared), wake.clone(), job_queue.clone());
        threads.spawn("tenure-worker", move || postgres::run_worker(&location, &shared, &wake, &jobs))?;
    }
    let store =
        Store { writes: jobs.clone(), reads: jobs, shared, head, _lock: lock, threads: Arc::new(threads) };
    Ok(Opened { store, created, backup: None })
}
