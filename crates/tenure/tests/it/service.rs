//! The program as `packaging/tenure.service` runs it: in a directory that is there already, and quiet.

use crate::program::Place;
use std::{
    fs,
    os::unix::fs::DirBuilderExt as _,
    time::{Duration, Instant},
};

const PATIENCE: Duration = Duration::from_mins(1);

#[test]
fn as_a_service_it_prints_no_way_in_and_ends_cleanly_when_it_is_told_to() {
    let place = Place::new();
    // As systemd makes a StateDirectory: empty, for the account alone.
    fs::DirBuilder::new().mode(0o700).create(&place.data).unwrap();
    let service = place.begin(&["--quiet", "up", "--listen", "127.0.0.1:0"]);
    let deadline = Instant::now() + PATIENCE;
    while !place.data.join("socket").exists() {
        assert!(Instant::now() < deadline, "it never listened");
        std::thread::yield_now();
    }
    place.done(&["identities", "--quiet"]);
    let code = place.done(&["people", "code", "--quiet"]).out;
    assert_eq!(
        code.trim().len(),
        "0000-0000-0000".len(),
        "an administrator of the machine still gets a code: {code}"
    );
    let ended = service.stop().ended(0);
    assert_eq!(ended.out, "", "what a service prints stands in the journal");
    assert!(!ended.err.contains("one-time") && !ended.err.contains(code.trim()), "{}", ended.err);
}
