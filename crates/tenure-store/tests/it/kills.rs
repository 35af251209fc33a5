//! Real `kill -9`, again and again: what was acknowledged is in the log exactly once, and the log holds.
//!
//! The child is this test program once more, told by an environment variable to write until it dies.
//! `TENURE_KILLS` says how often (default 20 for each database); the moment differs every time.

use crate::bed::{Bed, Ids, ORIGIN, Signer, assert_whole, read, settled};
use std::{
    collections::BTreeSet,
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
    sync::Arc,
};
use tenure_model::{EntryId, Secret};
use tenure_store::{DatabaseLocation, PostgresLocation, Store, StoreFailure, StoreOptions};

const DIRECTORY: &str = "TENURE_KILL_DIRECTORY";
const PARAMETERS: &str = "TENURE_KILL_PARAMETERS";
const PASSWORD: &str = "TENURE_KILL_PASSWORD";
const FIRST: &str = "TENURE_KILL_FIRST";
/// Tasks that write at the same time in the child.
const WRITERS: u64 = 8;

fn kills() -> u64 {
    std::env::var("TENURE_KILLS").ok().and_then(|count| count.parse().ok()).unwrap_or(20)
}

/// Not a test of its own: the process that is killed.
#[test]
#[ignore = "it is run by the tests below, and ends only when it is killed"]
fn the_child_writes_until_it_is_killed() {
    let path = std::path::PathBuf::from(std::env::var(DIRECTORY).unwrap());
    let location = match std::env::var(PARAMETERS) {
        Ok(parameters) => DatabaseLocation::Postgres(Arc::new(PostgresLocation {
            parameters,
            password: Some(Secret::new(std::env::var(PASSWORD).unwrap())),
            ca_file: None,
        })),
        Err(_) => DatabaseLocation::Sqlite(path.join("tenure.sqlite")),
    };
    let options = StoreOptions {
        location,
        directory: path.clone(),
        signer: Arc::new(Signer::named(ORIGIN)),
        anchor: Arc::new(crate::bed::FileAnchor(path.join("checkpoint"))),
        commit_fault: None,
    };
    let store = Store::open(options).unwrap().store;
    println!("open");
    let ids = Ids::from(std::env::var(FIRST).unwrap().parse().unwrap());
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap().block_on(async {
        let tasks = (0..WRITERS)
            .map(|_| tokio::spawn(write_for_ever(store.clone(), ids.clone())))
            .collect::<Vec<_>>();
        for task in tasks {
            task.await.unwrap();
        }
    });
}

async fn write_for_ever(store: Store, ids: Ids) {
    loop {
        let entries = [ids.entry(), ids.entry()];
        let receipts = entries.clone().map(|entry| entry.entry.id).join(" ");
        let fails = ids.next().is_multiple_of(5);
        let written = store
            .write("child", move |tx| {
                entries.iter().try_for_each(|entry| tx.entry(entry.clone()))?;
                if fails { Err(StoreFailure::Conflict { why: String::from("on purpose") }) } else { Ok(()) }
            })
            .await;
        match written {
            Ok(()) => println!("receipt {receipts}"),
            Err(_) => println!("refused {receipts}"),
        }
    }
}

fn start_child(bed: &Bed, first: u64) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "kills::the_child_writes_until_it_is_killed", "--ignored", "--nocapture"])
        .env(DIRECTORY, &bed.path)
        .env(FIRST, first.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit());
    if let DatabaseLocation::Postgres(location) = bed.location() {
        let password = location.password.as_ref().unwrap();
        command.env(PARAMETERS, &location.parameters).env(PASSWORD, password.expose());
    }
    command.spawn().unwrap()
}

/// Lets the child acknowledge some writes and kills it in the middle of others; returns what it
/// acknowledged and what it was told had failed.
fn run_and_kill(bed: &Bed, round: u64) -> (Vec<EntryId>, Vec<EntryId>) {
    let mut child = start_child(bed, (round + 1) * 10_000_000);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    // The moment of the kill: after so many lines, and then some part of a millisecond.
    let lines_wanted = usize::try_from((round * 37) % 60).unwrap();
    let (mut receipts, mut refused) = (Vec::new(), Vec::new());
    let mut keep = |line: &str| {
        let (into, ids) = match line.split_once("receipt ").or_else(|| line.split_once("refused ")) {
            Some((_, ids)) if line.contains("receipt ") => (&mut receipts, ids),
            Some((_, ids)) => (&mut refused, ids),
            None => return,
        };
        into.extend(ids.split(' ').map(|id| id.parse::<EntryId>().unwrap()));
    };
    let opened = lines.by_ref().map(Result::unwrap).any(|line| line.ends_with("open"));
    assert!(opened, "the child of round {round} did not open the store");
    for line in lines.by_ref().take(lines_wanted) {
        keep(&line.unwrap());
    }
    let until = std::time::Instant::now() + std::time::Duration::from_micros((round * 7_919) % 3_000);
    while std::time::Instant::now() < until {
        std::hint::spin_loop();
    }
    child.kill().unwrap();
    // A line that the kill cut in half is no acknowledgement.
    let rest: Vec<String> = lines.map_while(Result::ok).filter(|line| line.len() >= 8 + 73).collect();
    for line in &rest {
        keep(line);
    }
    child.wait().unwrap();
    (receipts, refused)
}

fn survive(bed: &Bed) {
    let mut acknowledged: Vec<EntryId> = Vec::new();
    let mut refused = BTreeSet::new();
    for round in 0..kills() {
        let (receipts, failed) = run_and_kill(bed, round);
        acknowledged.extend(receipts);
        refused.extend(failed);
        let store = bed.open();
        settled(&store);
        assert_whole(&store);
        let wanted = acknowledged.clone();
        let places: Vec<u64> =
            read(&store, move |tx| wanted.iter().map(|id| Ok(tx.leaf_of(*id)?.unwrap())).collect());
        let distinct: BTreeSet<u64> = places.iter().copied().collect();
        assert_eq!(distinct.len(), acknowledged.len(), "an entry is there once, in its own place");
        assert_refused_are_absent(&store, &refused);
        store.close();
    }
    assert!(acknowledged.len() as u64 >= kills(), "the children hardly wrote anything");
}

fn assert_refused_are_absent(store: &Store, refused: &BTreeSet<EntryId>) {
    let size = settled(store);
    let leaves = read(store, move |tx| tx.leaves(0, size));
    for (_, bytes) in leaves {
        let id: EntryId = tenure_evidence::Entry::decode(&bytes).unwrap().id.parse().unwrap();
        assert!(!refused.contains(&id), "{id} was refused and is in the log");
    }
}

#[test]
fn nothing_acknowledged_is_lost_or_doubled_on_sqlite() {
    survive(&Bed::sqlite());
}

#[test]
fn nothing_acknowledged_is_lost_or_doubled_on_postgres() {
    tenure_testbed::needs!(postgres);
    survive(&Bed::postgres());
}
