//! The suite is tested too: an honest connector passes it whole, and for every promise there
//! is a connector that breaks it and is caught by the very check that names it. A new check
//! must never come without its sin: add one in `sinner.rs`.

mod fixture;
mod sinner;

use super::{Check, Exception, Report, Verdict, check};
use fixture::ChaosFixture;
use sinner::Sin;
use std::collections::BTreeSet;

async fn report_of(sin: Option<Sin>) -> Report {
    check(&ChaosFixture::sinning(sin)).await
}

#[tokio::test]
async fn an_honest_connector_keeps_every_promise() {
    let report = report_of(None).await;
    let held = report.results.iter().all(|(_, verdict)| *verdict == Verdict::Held);
    assert!(held && report.passed(), "{report}");
}

#[tokio::test]
async fn every_sin_is_caught_by_the_check_that_names_it() {
    let mut caught = BTreeSet::new();
    for (sin, promise, expected) in Sin::ALL {
        let report = report_of(Some(*sin)).await;
        let caught_for_it = match report.verdict(*promise) {
            Some(Verdict::Broken { why }) => why.contains(expected),
            _ => false,
        };
        assert!(
            caught_for_it,
            "{sin:?} was not caught because {expected}:
{report}"
        );
        assert!(!report.passed(), "{sin:?}");
        caught.insert(*promise);
    }
    let unproven: Vec<&Check> = Check::ALL.iter().filter(|promise| !caught.contains(promise)).collect();
    assert!(unproven.is_empty(), "no sin shows that these can fail: {unproven:?}");
}

#[tokio::test]
async fn a_sin_spoils_little_beyond_its_own_promise() {
    let mut also = Vec::new();
    for (sin, promise) in [
        (Sin::LiesAboutDeny, Check::DenyReplacesTheValue),
        (Sin::SparesNothingOwned, Check::OwnedIsSpared),
        (Sin::DoesNotKnowItself, Check::WeAreRefused),
        (Sin::TellsTheValue, Check::NoSecretShows),
        (Sin::EndsExtentsTwice, Check::ExtentsEndOnce),
    ] {
        let report = report_of(Some(sin)).await;
        let broken = report.results.iter().filter(|(check, verdict)| *check != promise && !verdict.passes());
        also.push(format!(
            "{sin:?}: {}",
            broken.map(|(check, _)| format!("{check:?}")).collect::<Vec<_>>().join(" ")
        ));
    }
    let expected = [
        "LiesAboutDeny: ActTwiceIsOnce RenamedIsRefused EffectsAreSeen GoneIsLeftAlone WeAreRefused",
        "SparesNothingOwned: ",
        "DoesNotKnowItself: ",
        "TellsTheValue: ",
        "EndsExtentsTwice: RecognisedIsTheSame",
    ];
    assert_eq!(also.len(), expected.len());
    for (seen, expected) in also.iter().zip(expected) {
        assert_eq!(seen, expected);
    }
}

fn except(check: Check, reason: &str) -> Exception {
    Exception { check, reason: reason.to_owned() }
}

async fn verdict_with(sin: Option<Sin>, exceptions: Vec<Exception>, promise: Check) -> (Verdict, bool) {
    let report = check(&ChaosFixture::sinning(sin).excepting(exceptions)).await;
    (report.verdict(promise).cloned().expect("a verdict"), report.passed())
}

#[tokio::test]
async fn an_exception_lets_a_broken_promise_pass_only_with_a_reason() {
    let promise = Check::OwnedIsSpared;
    let sin = Some(Sin::SparesNothingOwned);
    let (verdict, passed) = verdict_with(sin, vec![except(promise, "it has no owners")], promise).await;
    assert!(
        matches!(verdict, Verdict::Excepted { ref reason, .. } if reason == "it has no owners"),
        "{verdict:?}"
    );
    assert!(passed);
    let (verdict, passed) = verdict_with(sin, vec![except(promise, " ")], promise).await;
    assert!(matches!(verdict, Verdict::ExceptionRefused { .. }) && !passed, "{verdict:?}");
    let twice = vec![except(promise, "one"), except(promise, "two")];
    let (verdict, passed) = verdict_with(sin, twice, promise).await;
    assert!(matches!(verdict, Verdict::ExceptionRefused { .. }) && !passed, "{verdict:?}");
}

#[tokio::test]
async fn an_exception_that_is_not_needed_fails_the_report() {
    let promise = Check::PagesAreSmall;
    let (verdict, passed) = verdict_with(None, vec![except(promise, "pages are large here")], promise).await;
    assert_eq!(verdict, Verdict::ExceptionRefused { why: "it is not needed".to_owned() });
    assert!(!passed);
}

#[tokio::test]
async fn a_step_that_the_manifest_does_not_list_is_not_asked_for() {
    let report = check(&ChaosFixture::that_only_disables()).await;
    assert!(report.passed(), "{report}");
    let not_applicable =
        report.results.iter().filter(|(_, verdict)| matches!(verdict, Verdict::NotApplicable { .. }));
    let names: Vec<String> = not_applicable.map(|(check, _)| format!("{check:?}")).collect();
    assert_eq!(
        names,
        [
            "WrongHostNeverAccepts",
            "DenyReplacesTheValue",
            "EndSessionsLeavesNothing",
            "EnableRestores",
            "OwnedIsSpared",
            "DeleteIsTheEnd",
            "GoneIsLeftAlone",
            "TightenCloses",
            "ReopenedIsSeen",
            "TheReaderIsHonest",
            "AnotherFileIsLeft",
            "LoosenRestores",
            "LookingAtFilesChangesNothing",
            "WeAreRefused"
        ]
    );
}

#[tokio::test]
async fn a_fixture_that_breaks_shows_nothing_and_fails() {
    let report = check(&ChaosFixture::with_short_values()).await;
    assert!(!report.passed());
    let verdict = report.verdict(Check::RightValueIsAccepted).expect("a verdict");
    let why =
        "the fixture could not make a value: it has fewer than 12 characters, so a copy could not be told";
    assert_eq!(*verdict, Verdict::Unchecked { why: why.to_owned() });
}

#[tokio::test]
async fn a_report_reads_well() {
    let report = report_of(Some(Sin::SparesNothingOwned)).await;
    let shown = report.to_string();
    let lines: Vec<&str> = shown.lines().collect();
    assert_eq!(lines[0], "conformance of `chaos`: 34 of 35 checks pass");
    assert_eq!(lines[1], "  held              the manifest is whole and its steps act");
    let broken = lines.iter().position(|line| line.contains("BROKEN")).expect("a broken check");
    assert_eq!(
        lines[broken],
        "  BROKEN            a deletion without an heir is refused when something is owned"
    );
    assert_eq!(
        lines[broken + 1],
        "                      it was answered: Ok(Done { changed: true, detail: {} })"
    );
}
