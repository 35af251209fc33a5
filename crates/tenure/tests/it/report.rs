//! `report` writes one private file, whole or not at all, and never over one that is there.
//!
//! Next: `../../src/cli/report.rs`; what is in it is tested beside the server.

use crate::program::Place;
use std::os::unix::fs::PermissionsExt as _;

#[test]
fn a_report_is_one_private_file_that_is_not_written_over() {
    let place = Place::new();
    place.done(&["init"]);
    let wrote = place.done(&["report", "--out", "r.html"]);
    assert!(wrote.out.contains("Wrote "), "{wrote:?}");
    let path = place.path("r.html");
    let sheet = std::fs::read_to_string(&path).unwrap();
    assert!(sheet.starts_with("<!doctype html>") && sheet.trim_end().ends_with("</html>"));
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    std::fs::write(&path, "mine").unwrap();
    let refused = place.run(&["report", "--out", "r.html"]).ended(2);
    assert!(refused.err.contains("is there already"), "{refused:?}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "mine");
    place.done(&["report", "--out", "r.html", "--force", "--since", "2026-01-01"]);
    assert!(std::fs::read_to_string(&path).unwrap().contains("What happened since then"));
    let beside: Vec<_> =
        std::fs::read_dir(place.folder.path()).unwrap().flatten().map(|entry| entry.file_name()).collect();
    assert!(!beside.iter().any(|name| name.to_string_lossy().starts_with(".r.html")), "{beside:?}");
}

#[test]
fn with_json_the_facts_are_printed_and_nothing_is_written() {
    let place = Place::new();
    place.done(&["init"]);
    let report = place.done(&["report", "--json"]).json();
    assert_eq!((report["schema"].as_i64(), report["findings_open"].as_i64()), (Some(1), Some(0)));
    assert!(!place.path("tenure-report.html").exists());
}

#[test]
fn a_place_that_cannot_be_written_to_and_a_day_that_is_none_are_told() {
    let place = Place::new();
    place.done(&["init"]);
    let failed = place.run(&["report", "--out", "nowhere/r.html"]).ended(1);
    assert!(failed.err.contains("no report was written"), "{failed:?}");
    let refused = place.run(&["report", "--since", "yesterday"]).ended(2);
    assert!(refused.err.contains("it is a day such as 2026-11-01"), "{refused:?}");
}
