//! Durable evidence entries a second, in batches and individually acknowledged, against plain SQLite.
//!
//! The log is the one a deployment has: its keys sign a checkpoint for every commit, its checkpoint file
//! is replaced beside the database, every commit is synced. The peer writes the same encoded rows with the
//! same keys into plain SQLite (WAL, `synchronous=FULL`), one commit for the same number of rows. Rounds
//! alternate between the two. The load generator is in this process and is counted.

mod measure;

use anyhow::{Context as _, Result};
use measure::{figure, median, open};
use std::{
    cell::Cell,
    collections::BTreeMap,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use tempfile::TempDir;
use tenure_engine::Deployment;
use tenure_evidence::{Entry, FactValue, body_digest};
use tenure_model::{EntryId, Instant as Moment};
use tenure_store::NewEntry;
use tokio::runtime::Runtime;

const ROUNDS: usize = 5;
/// Entries in a batch: one transaction.
const BATCH: usize = 1_000;
/// Batches in a round.
const BATCHES: usize = 100;
/// Batches that wait while one is written.
const BATCHES_IN_FLIGHT: usize = 4;
/// Callers that each wait for their own entry to be durable.
const CALLERS: usize = 512;
/// Entries of each caller in a round.
const ENTRIES_PER_CALLER: usize = 60;
/// Rows that plain SQLite commits one by one, to show what grouping saves.
const ALONE: usize = 1_000;

fn main() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let mut made = Made::default();
    println!("an entry is {} bytes; median of {ROUNDS} rounds", made.next(Shape::Bare).entry.encode()?.len());
    batched(&runtime, &mut made)?;
    for (shape, name) in [(Shape::Bare, "bare"), (Shape::Whole, "with two subjects and a body")] {
        acknowledged(&runtime, &mut made, shape, name)?;
    }
    Ok(())
}

/// What comes with an entry.
#[derive(Debug, Clone, Copy)]
enum Shape {
    /// Nothing: the leaf alone.
    Bare,
    /// What a decision writes: two ids to find it by, and a body that can be deleted.
    Whole,
}

/// Makes entries, each later than the one before.
#[derive(Default)]
struct Made(u32);

impl Made {
    fn next(&mut self, shape: Shape) -> NewEntry {
        self.0 += 1;
        let [a, b, c, d] = self.0.to_be_bytes();
        let now = Moment::from_micros(1_780_272_000_000_000 + i64::from(self.0));
        let id = EntryId::new(now, [a, b, c, d, 5, 6, 7, 8, 9, 10]).to_string();
        let (nonce, body) = ([7; 32], br#"{"reason":"contract ended"}"#);
        let entry = Entry {
            version: 1,
            subject: id.clone(),
            id,
            time_us: now.as_micros(),
            kind: String::from("credential.revoked/1"),
            actor: String::from("01981f0e-7c00-7000-8000-0000000000aa"),
            right: Some(String::from("revoke")),
            body_digest: body_digest(&nonce, body),
            facts: BTreeMap::from([
                (String::from("proof_level"), FactValue::Text(String::from("P4"))),
                (String::from("points"), FactValue::Integer(3)),
            ]),
        };
        let (about, body) = match shape {
            Shape::Bare => (Vec::new(), None),
            Shape::Whole => {
                let about = vec![entry.subject.clone(), String::from("01981f0e-7c00-7000-8000-0000000000bb")];
                (about, Some((nonce, body.to_vec())))
            }
        };
        NewEntry { entry, about, body }
    }

    fn many(&mut self, shape: Shape, count: usize) -> Vec<NewEntry> {
        (0..count).map(|_| self.next(shape)).collect()
    }
}

#[expect(clippy::cast_precision_loss, reason = "a rate for people to read")]
fn per_second(count: usize, taken: Duration) -> f64 {
    count as f64 / taken.as_secs_f64()
}

/// Both rates of every round, as figures.
fn report(what: &str, rounds: &[(f64, f64)]) -> Result<()> {
    let ours = median(rounds.iter().map(|(ours, _)| *ours))?;
    let plain = median(rounds.iter().map(|(_, plain)| *plain))?;
    let share = median(rounds.iter().map(|(ours, plain)| ours / plain))?;
    figure(&format!("log, {what}"), &format!("{ours:.0} entries/s"));
    figure(&format!("plain SQLite, {what}"), &format!("{plain:.0} rows/s"));
    figure(&format!("log against plain SQLite, {what}"), &format!("{share:.2}"));
    Ok(())
}

fn batched(runtime: &Runtime, made: &mut Made) -> Result<()> {
    let home = TempDir::new()?;
    let deployment = runtime.block_on(open(&home.path().join("data")))?;
    let plain = Plain::open(home.path())?;
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let batches: Vec<Arc<Vec<NewEntry>>> =
            (0..BATCHES).map(|_| Arc::new(made.many(Shape::Bare, BATCH))).collect();
        let rows: Vec<Vec<NewEntry>> = batches.iter().map(|batch| batch.to_vec()).collect();
        let begun = Instant::now();
        runtime.block_on(write_batches(&deployment, batches))?;
        let ours = per_second(BATCHES * BATCH, begun.elapsed());
        let begun = Instant::now();
        rows.iter().try_for_each(|batch| plain.commit(batch))?;
        rounds.push((ours, per_second(BATCHES * BATCH, begun.elapsed())));
    }
    report(&format!("batches of {BATCH}"), &rounds)?;
    runtime.block_on(deployment.close());
    Ok(())
}

/// Writes every batch as one transaction, a few of them waiting at a time.
async fn write_batches(deployment: &Deployment, batches: Vec<Arc<Vec<NewEntry>>>) -> Result<()> {
    let waiting = Arc::new(Mutex::new(batches.into_iter()));
    let mut writers = tokio::task::JoinSet::new();
    for _ in 0..BATCHES_IN_FLIGHT {
        let (waiting, store) = (Arc::clone(&waiting), deployment.engine.store().clone());
        writers.spawn(async move {
            loop {
                let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).next();
                let Some(batch) = next else { return Ok(()) };
                let write = move |tx: &mut tenure_store::Tx<'_>| {
                    batch.iter().try_for_each(|entry| tx.entry(entry.clone()))
                };
                store.write("bench", write).await?;
            }
        });
    }
    while let Some(ended) = writers.join_next().await {
        ended?.map_err(|failure: tenure_store::StoreFailure| anyhow::Error::new(failure))?;
    }
    Ok(())
}

fn acknowledged(runtime: &Runtime, made: &mut Made, shape: Shape, name: &str) -> Result<()> {
    let home = TempDir::new()?;
    let deployment = runtime.block_on(open(&home.path().join("data")))?;
    let plain = Plain::open(home.path())?;
    let (mut rounds, mut waits, mut alone) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let of_callers: Vec<Vec<NewEntry>> =
            (0..CALLERS).map(|_| made.many(shape, ENTRIES_PER_CALLER)).collect();
        let rows: Vec<NewEntry> = of_callers.iter().flatten().cloned().collect();
        let begun = Instant::now();
        waits.append(&mut runtime.block_on(call(&deployment, of_callers))?);
        let ours = per_second(CALLERS * ENTRIES_PER_CALLER, begun.elapsed());
        let begun = Instant::now();
        rows.chunks(CALLERS).try_for_each(|rows| plain.commit(rows))?;
        rounds.push((ours, per_second(CALLERS * ENTRIES_PER_CALLER, begun.elapsed())));
        let more = made.many(shape, ALONE);
        let begun = Instant::now();
        more.chunks(1).try_for_each(|row| plain.commit(row))?;
        alone.push(per_second(ALONE, begun.elapsed()));
    }
    report(&format!("{CALLERS} callers, individually acknowledged, {name}"), &rounds)?;
    figure(&format!("plain SQLite, one commit a row, {name}"), &format!("{:.0} rows/s", median(alone)?));
    waits.sort_unstable();
    for (part, of) in [(50, "median"), (99, "99th percentile")] {
        let wait = waits.get(waits.len() * part / 100).context("nothing was measured")?;
        figure(
            &format!("log, wait of one of {CALLERS} callers, {of}, {name}"),
            &format!("{:.1} ms", wait.as_secs_f64() * 1_000.0),
        );
    }
    runtime.block_on(deployment.close());
    Ok(())
}

/// Every caller writes its entries one after the other, each awaited; returns how long each took.
async fn call(deployment: &Deployment, of_callers: Vec<Vec<NewEntry>>) -> Result<Vec<Duration>> {
    let mut callers = tokio::task::JoinSet::new();
    for entries in of_callers {
        let store = deployment.engine.store().clone();
        callers.spawn(async move {
            let mut waits = Vec::with_capacity(entries.len());
            for entry in entries {
                let begun = Instant::now();
                store.write("bench", move |tx| tx.entry(entry.clone())).await?;
                waits.push(begun.elapsed());
            }
            Ok::<_, tenure_store::StoreFailure>(waits)
        });
    }
    let mut waits = Vec::new();
    while let Some(ended) = callers.join_next().await {
        waits.append(&mut ended??);
    }
    Ok(waits)
}

/// The same rows without a log: no hashing, no tree, no signature.
struct Plain {
    database: rusqlite::Connection,
    rows: Cell<i64>,
}

impl Plain {
    fn open(directory: &Path) -> Result<Self> {
        let database = rusqlite::Connection::open(directory.join("plain.sqlite"))?;
        database.execute_batch(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-32768;
             CREATE TABLE entries (arrival INTEGER PRIMARY KEY, entry_id TEXT NOT NULL UNIQUE, leaf_index INTEGER UNIQUE,
               bytes BLOB NOT NULL) STRICT;
             CREATE TABLE entry_subjects (subject TEXT NOT NULL, entry_id TEXT NOT NULL, PRIMARY KEY (subject, entry_id))
               STRICT, WITHOUT ROWID;
             CREATE TABLE bodies (entry_id TEXT PRIMARY KEY, nonce BLOB NOT NULL, body BLOB NOT NULL) STRICT",
        )?;
        Ok(Self { database, rows: Cell::new(0) })
    }

    /// Writes the rows in one synced commit.
    fn commit(&self, rows: &[NewEntry]) -> Result<()> {
        let transaction = self.database.unchecked_transaction()?;
        for NewEntry { entry, about, body } in rows {
            if let Some((nonce, body)) = body {
                let mut insert = transaction.prepare_cached("INSERT INTO bodies VALUES (?1, ?2, ?3)")?;
                insert.execute((&entry.id, nonce, body))?;
            }
            for subject in about {
                let mut insert = transaction.prepare_cached("INSERT INTO entry_subjects VALUES (?1, ?2)")?;
                insert.execute((subject, &entry.id))?;
            }
            let row = self.rows.replace(self.rows.get() + 1);
            let mut insert = transaction
                .prepare_cached("INSERT INTO entries (entry_id, leaf_index, bytes) VALUES (?1, ?2, ?3)")?;
            insert.execute((&entry.id, row, entry.encode()?))?;
        }
        Ok(transaction.commit()?)
    }
}
