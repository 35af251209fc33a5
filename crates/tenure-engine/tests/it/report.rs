//! The report for somebody who waits: the sheet of now, or the one before, or none yet; made once however many ask.

use crate::bench::Bench;
use std::time::Duration;
use tenure_engine::ReportSoon;

/// As long as a loaded machine may need.
const LONG: Duration = Duration::from_mins(5);

#[tokio::test]
async fn who_does_not_wait_has_the_sheet_before_and_never_calls_it_new() {
    let mut bench = Bench::new();
    let deployment = bench.surveyed().await;
    let engine = &deployment.engine;
    let nothing_yet = engine.report_within(None, Duration::ZERO).await.unwrap();
    assert!(matches!(nothing_yet, ReportSoon::UnderWay(None)), "{nothing_yet:?}");
    let ReportSoon::Made(first) = engine.report_within(None, LONG).await.unwrap() else {
        panic!("it was waited for");
    };
    assert_eq!(
        *first,
        engine.report(None).await.map(|now| tenure_engine::Report { made: first.made, ..now }).unwrap()
    );
    let former = engine.report_within(None, Duration::ZERO).await.unwrap();
    let ReportSoon::UnderWay(Some(former)) = former else { panic!("{former:?}") };
    assert_eq!(former.made, first.made);
    let ReportSoon::Made(second) = engine.report_within(None, LONG).await.unwrap() else {
        panic!("it was waited for");
    };
    assert!(second.made >= former.made);
    let of_another = engine.report_within(Some(first.made), Duration::ZERO).await.unwrap();
    assert!(
        matches!(of_another, ReportSoon::UnderWay(None)),
        "a sheet answers only its own question: {of_another:?}"
    );
}
