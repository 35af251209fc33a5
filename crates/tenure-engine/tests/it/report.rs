//! The report for somebody who waits: the sheet of now, or the one before, or none yet; made once however many ask.

use crate::bench::Bench;
use std::{
    sync::{
        Arc, Mutex,
        mpsc::{self, Sender},
    },
    time::Duration,
};
use tenure_engine::{Engine, FindingsMeant, ReportSoon, Soon};

/// As long as a loaded machine may need.
const LONG: Duration = Duration::from_mins(5);
/// More than the store has readers.
const READS: usize = 32;

/// Keeps every reader of the store busy until what is returned is dropped, so that no report is made meanwhile.
fn busy(engine: &Engine) -> Sender<()> {
    let (open, gate) = mpsc::channel();
    let gate = Arc::new(Mutex::new(gate));
    for _ in 0..READS {
        let (store, gate) = (engine.store().clone(), Arc::clone(&gate));
        tokio::spawn(async move {
            let wait = move |_: &mut tenure_store::Tx<'_>| {
                let _ = gate.lock().unwrap().recv();
                Ok(())
            };
            store.read("wait", wait).await
        });
    }
    open
}

async fn made(engine: &Engine) -> Arc<tenure_engine::Report> {
    match engine.report_within(None, LONG).await.unwrap() {
        ReportSoon::Made(report) => report,
        other @ ReportSoon::UnderWay(_) => panic!("it was waited for: {other:?}"),
    }
}

#[tokio::test]
async fn who_does_not_wait_has_the_sheet_before_and_never_calls_it_new() {
    let mut bench = Bench::new();
    let deployment = bench.surveyed().await;
    let engine = &deployment.engine;
    let gate = busy(engine);
    let nothing_yet = engine.report_within(None, Duration::ZERO).await.unwrap();
    assert!(matches!(nothing_yet, ReportSoon::UnderWay(None)), "{nothing_yet:?}");
    drop(gate);
    let first = made(engine).await;
    let now = engine.report(None).await.unwrap();
    let of_then = (first.made, first.decisions.clone());
    assert_eq!(*first, tenure_engine::Report { made: of_then.0, decisions: of_then.1, ..now });
    let gate = busy(engine);
    let former = engine.report_within(None, Duration::ZERO).await.unwrap();
    let ReportSoon::UnderWay(Some(former)) = former else { panic!("{former:?}") };
    assert_eq!(former.made, first.made);
    let of_another = engine.report_within(Some(first.made), Duration::ZERO).await.unwrap();
    assert!(
        matches!(of_another, ReportSoon::UnderWay(None)),
        "a sheet answers only its own question: {of_another:?}"
    );
    drop(gate);
    assert!(made(engine).await.made >= former.made);
}

#[tokio::test]
async fn what_to_do_first_is_of_now_or_says_of_when_it_is() {
    let mut bench = Bench::new();
    let deployment = bench.surveyed().await;
    let engine = &deployment.engine;
    let gate = busy(engine);
    let nothing_yet = engine.first_things(Duration::ZERO).await.unwrap();
    assert!(matches!(nothing_yet, Soon::UnderWay(None)), "{nothing_yet:?}");
    drop(gate);
    let Soon::Made(first) = engine.first_things(LONG).await.unwrap() else { panic!("it was waited for") };
    bench.clock.advance(Duration::from_mins(1));
    let gate = busy(engine);
    let Soon::UnderWay(Some(former)) = engine.first_things(Duration::ZERO).await.unwrap() else {
        panic!("it cannot be counted while nothing is read")
    };
    assert_eq!(former.at, first.at, "it says of when it is");
    drop(gate);
    let Soon::Made(now) = engine.first_things(LONG).await.unwrap() else { panic!("it was waited for") };
    assert!(now.at > first.at);
    assert_eq!(now.items, engine.queue(FindingsMeant::Counted, 5).await.unwrap().items);
}
