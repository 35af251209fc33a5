//! What a connector does not end is not offered to be ended, and refused with the true reason.

use crate::program::Place;

/// A deployment that reads the machine of `tenure demo`.
fn with_a_machine() -> Place {
    let place = Place::new().with("TENURE_HOST", "none");
    place.done(&["demo", "machine"]);
    place.done(&["init"]);
    place.done(&["source", "add", "box", &format!("host://{}", place.path("machine").display())]);
    place.done(&["survey", "box"]);
    place
}

#[test]
fn accounts_and_services_of_a_machine_are_offered_no_revocation_and_its_keys_are() {
    let place = with_a_machine();
    for (name, what) in
        [("box/deploy", "an account is locked"), ("box/shop.service", "a service or job is stopped")]
    {
        let shown = place.done(&["show", name]);
        let text = shown.out.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains("Not ended from here") && text.contains(what), "{shown:?}");
        let next = shown.out.lines().last().unwrap();
        assert!(next.starts_with("Next: tenure own") && !next.contains("revoke"), "{next}");
        for kind in ["revoke", "disable"] {
            let bare = name.split('/').nth(1).unwrap();
            let refused = place.run(&[kind, name, "--reason", "test", "--yes", bare]).ended(1);
            assert!(
                refused.err.contains("Tenure does not end it") && refused.err.contains(what),
                "{refused:?}"
            );
            assert!(!refused.err.contains("dangerous"), "{refused:?}");
        }
    }
    let by_hand = place.done(&["revoke", "box/deploy", "--by-hand"]);
    assert!(by_hand.out.contains("usermod"), "{by_hand:?}");
    // The twin: what can be ended is offered.
    let key = place.done(&["show", "box/deploy/key:ci@build"]);
    assert!(!key.out.contains("Not ended from here"), "{key:?}");
    assert!(key.out.lines().last().unwrap().contains("or tenure revoke"), "{key:?}");
}
