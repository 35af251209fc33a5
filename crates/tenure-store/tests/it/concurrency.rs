//! Transactions that meet: what serializability promises, on PostgreSQL, where they really run at once.
//!
//! SQLite hides write skew behind its one writer, so it is not asked here.

use crate::bed::{Bed, Ids, assert_whole, read, record, settled, write};
use crate::world::{add_source, ingest, judged_as, role, with_shop};
use std::sync::{
    Arc, Barrier,
    atomic::{AtomicU32, Ordering},
};
use tenure_model::{Charter, Observation, Standing};
use tenure_store::{Store, StoreFailure};

/// Two rows that must never both be lapsed: each transaction looks at one and changes the other.
#[test]
fn write_skew_is_met_retried_and_never_committed() {
    tenure_testbed::needs!(postgres);
    let bed = Bed::postgres();
    let store = bed.open();
    let source = add_source(&bed, &store, "pg");
    let page = [Observation::Principal(role("oid:1", "a")), Observation::Principal(role("oid:2", "b"))];
    ingest(&bed, &store, &source, "roles", &page).unwrap();
    let ids = read(&store, |tx| tx.all_identities(None, 10));
    let runs = Arc::new(AtomicU32::new(0));
    for round in 0..10_u32 {
        for id in ids.clone() {
            let now = bed.ids.now();
            write(&store, move |tx| {
                tx.set_judged(id, &judged_as(Standing::Sound, None), Standing::Unclaimed, now)
            })
            .unwrap();
        }
        let meet = Arc::new(Barrier::new(2));
        let outcomes: Vec<Result<bool, StoreFailure>> = std::thread::scope(|scope| {
            let tasks = [(ids[0], ids[1]), (ids[1], ids[0])].map(|(looked_at, changed)| {
                let (store, meet, runs, now) =
                    (store.clone(), Arc::clone(&meet), Arc::clone(&runs), bed.ids.now());
                scope.spawn(move || {
                    let mut first = true;
                    write(&store, move |tx| {
                        runs.fetch_add(1, Ordering::Relaxed);
                        let other = tx.identity(looked_at)?.standing;
                        if std::mem::take(&mut first) {
                            meet.wait();
                        }
                        if other == Standing::Lapsed {
                            return Ok(false);
                        }
                        tx.set_judged(changed, &judged_as(Standing::Lapsed, None), Standing::Unclaimed, now)
                    })
                })
            });
            tasks.map(|task| task.join().unwrap()).into_iter().collect()
        });
        let changed = outcomes.into_iter().map(Result::unwrap).filter(|changed| *changed).count();
        assert_eq!(changed, 1, "round {round}: the later one saw what the earlier one did");
    }
    assert!(runs.load(Ordering::Relaxed) >= 30, "in each round one of the two ran again");
}

#[test]
fn many_at_once_on_one_row_all_come_through_and_each_entry_is_a_leaf() {
    tenure_testbed::needs!(postgres);
    let bed = Bed::postgres();
    let store = bed.open();
    let (_, principal) = with_shop(&bed, &store);
    let ids = Ids::from(5_000_000);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    runtime.block_on(async {
        let tasks: Vec<_> = (0..40)
            .map(|_| tokio::spawn(rewrite_charter(store.clone(), principal.identity, ids.clone())))
            .collect();
        for task in tasks {
            task.await.unwrap().unwrap();
        }
    });
    let identity = principal.identity;
    let purpose = read(&store, move |tx| tx.identity(identity)).charter.purpose.unwrap();
    assert_eq!(purpose.len(), 40, "no update was lost");
    assert_eq!(settled(&store), 40);
    assert_whole(&store);
}

/// Adds a letter to what is there: a lost update would lose a letter.
async fn rewrite_charter(
    store: Store,
    identity: tenure_model::IdentityId,
    ids: Ids,
) -> Result<(), StoreFailure> {
    let (entry, now) = (ids.entry(), ids.now());
    store
        .write("rewrite", move |tx| {
            let charter = tx.identity(identity)?.charter;
            let purpose = charter.purpose.clone().unwrap_or_default() + "x";
            tx.set_charter(identity, &Charter { purpose: Some(purpose), ..charter }, now)?;
            tx.entry(entry.clone())
        })
        .await
}

#[test]
fn a_server_that_went_away_is_an_answer_and_a_store_without_it_closes() {
    tenure_testbed::needs!(postgres);
    let bed = Bed::postgres();
    let store = bed.open();
    record(&store, bed.ids.entry()).unwrap();
    settled(&store);
    bed.server().kill9().unwrap();
    for _ in 0..3 {
        let failed = record(&store, bed.ids.entry()).unwrap_err();
        assert!(matches!(failed, StoreFailure::Unreachable { .. }), "{failed}");
    }
    assert_eq!(store.stopped_because(), None, "it waits for its server");
    store.close();
    bed.server().restart().unwrap();
    let store = bed.open();
    record(&store, bed.ids.entry()).unwrap();
    assert_eq!(settled(&store), 2);
    assert_whole(&store);
}

#[test]
fn a_role_that_would_answer_before_the_disk_is_overruled() {
    tenure_testbed::needs!(postgres);
    let bed = Bed::postgres();
    bed.raw(&format!("ALTER ROLE {} SET synchronous_commit = off", bed.server().superuser())).unwrap();
    bed.raw("CREATE TABLE noted (setting TEXT)").unwrap();
    bed.raw(
        "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS \
         $$ BEGIN INSERT INTO noted SELECT current_setting('synchronous_commit'); RETURN NEW; END $$",
    )
    .unwrap();
    let store = bed.open();
    bed.raw("CREATE TRIGGER noting AFTER INSERT ON entries FOR EACH ROW EXECUTE FUNCTION note()").unwrap();
    record(&store, bed.ids.entry()).unwrap();
    assert_eq!(bed.server().sql(crate::bed::DATABASE, "SELECT setting FROM noted").unwrap(), "on");
}
