//! A witness beside a deployment: it cosigns what extends, and nothing else.

use crate::program::{Place, normalised};

/// Makes a deployment; its log's public key.
fn made(place: &Place) -> String {
    place.done(&["init", "--quiet"]).out.trim().to_owned()
}

#[test]
fn a_witness_cosigns_and_a_verifier_counts_it() {
    let place = Place::new();
    let log_key = made(&place);
    let mut witness = place.begin(&[
        "witness",
        "serve",
        "audit",
        "--name",
        "audit-1.example",
        "--log-key",
        &log_key,
        "--listen",
        "127.0.0.1:0",
    ]);
    let said = witness.until("Next: ");
    let address = format!("http://127.0.0.1:{}", port_in(&said));
    let witness_key = place.path("audit");
    assert!(witness_key.exists());
    let key = said.lines().find(|line| line.starts_with("audit-1.example+")).unwrap().to_owned();
    let cosign = ["witness", "cosign", "--witness", &address, "--witness-key", &key];
    let first = place.done(&[&cosign[..], &["--out", "checkpoint.cosigned"]].concat());
    insta::assert_snapshot!(normalised(&first.out, &place), @r"
        Cosigned by audit-1.example at size 2: the log extends the 0 entries it cosigned before.
        Written into checkpoint.cosigned.
        Next: tenure evidence verify FILE --log-key KEY --witness-key '[WITNESS-KEY]'
        ");
    place.done(&["people", "add", "alice", "--role", "owner"]);
    place.done(&["evidence", "export", "all.tenure"]);
    let into_export = [&cosign[..], &["--export", "all.tenure"]].concat();
    let second = place.done(&into_export);
    assert!(
        second.out.starts_with("Cosigned by audit-1.example at size 4: the log extends the 2 entries"),
        "{second:?}"
    );
    let verify = ["evidence", "verify", "all.tenure", "--log-key", &log_key, "--witness-key", &key];
    let verified = place.done(&[&verify[..], &["--since", "checkpoint.cosigned"]].concat());
    assert!(verified.out.starts_with("Verified: signed by log "), "{verified:?}");
    assert!(verified.out.contains("cosigned by witness audit-1.example"));
    // What the deployment kept is carried by every export that it covers.
    place.done(&["evidence", "export", "part.tenure", "--end", "3"]);
    place.done(&["evidence", "verify", "part.tenure", "--log-key", &log_key, "--witness-key", &key]);
    let listed = place.done(&["witness", "list"]);
    assert!(listed.out.contains("audit-1.example  4 "), "{listed:?}");
    witness.stop().ended(0);
    let nobody = place.run(&cosign).ended(1);
    assert!(nobody.err.contains("the witness was not asked"), "{nobody:?}");
}

#[test]
fn a_witness_that_watches_another_log_refuses() {
    let (place, other) = (Place::new(), Place::new());
    made(&place);
    let other_key = made(&other);
    let mut witness = place.begin(&[
        "witness",
        "serve",
        "audit",
        "--name",
        "audit-1.example",
        "--log-key",
        &other_key,
        "--listen",
        "127.0.0.1:0",
    ]);
    let said = witness.until("Next: ");
    let key = said.lines().find(|line| line.starts_with("audit-1.example+")).unwrap().to_owned();
    let address = format!("http://127.0.0.1:{}", port_in(&said));
    let refused = place.run(&["witness", "cosign", "--witness", &address, "--witness-key", &key]).ended(1);
    insta::assert_snapshot!(normalised(&refused.err, &place), @r"
        Not done: the checkpoint was not cosigned
          why:  the witness answered 404: origin is not known here
        ");
    let locked = place.run(&["witness", "key", "audit"]).ended(1);
    assert!(locked.err.contains("another process runs this witness"), "{locked:?}");
    witness.stop().ended(0);
    assert_eq!(place.done(&["witness", "key", "audit"]).out.trim(), key);
}

#[test]
fn a_restarted_witness_refuses_a_log_that_was_rolled_back() {
    let place = Place::new();
    let log_key = made(&place);
    let serve = [
        "witness",
        "serve",
        "audit",
        "--name",
        "audit-1.example",
        "--log-key",
        &log_key,
        "--listen",
        "127.0.0.1:0",
    ];
    place.done(&["evidence", "export", "before.tenure"]);
    place.done(&["people", "add", "alice", "--role", "owner"]);
    let mut witness = place.begin(&serve);
    let said = witness.until("Next: ");
    let key = said.lines().find(|line| line.starts_with("audit-1.example+")).unwrap().to_owned();
    let address = format!("http://127.0.0.1:{}", port_in(&said));
    place.done(&["witness", "cosign", "--witness", &address, "--witness-key", &key]);
    witness.kill();
    let mut witness = place.begin(&serve);
    let address = format!("http://127.0.0.1:{}", port_in(&witness.until("Next: ")));
    let refused = place
        .run(&[
            "witness",
            "cosign",
            "--witness",
            &address,
            "--witness-key",
            &key,
            "--export",
            "before.tenure",
        ])
        .ended(1);
    insta::assert_snapshot!(normalised(&refused.err, &place), @r"
        Not done: the checkpoint was not cosigned
          why:  the witness has cosigned size 3 already, this checkpoint has 2
          next: cosign a newer checkpoint; or, if the log has no newer one, its tail was cut: tenure help keys
        ");
}

fn port_in(said: &str) -> String {
    let (_, rest) = said.split_once("http://127.0.0.1:").unwrap();
    rest.chars().take_while(char::is_ascii_digit).collect()
}
