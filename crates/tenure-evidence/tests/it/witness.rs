//! The witness: one answer per row of the protocol's table, and that two histories are never cosigned.
//!
//! Played without sockets: `serve` does what a server does, and keeps the stored head as a database would.

use crate::support::{Log, ORIGIN, entry, log_key, log_signer, witness_key, witness_signer};
use tenure_evidence::witness::{
    AddCheckpoint, AnswerRefused, Decision, KnownLog, Response, StoredHead, WitnessConfig,
    add_checkpoint_body, add_signatures, decide, origin_hash, parse_conflict, parse_cosignatures,
};
use tenure_evidence::{
    Checkpoint, Ed25519Signer, Hash, NoteRefused, SignedNote, consistency_proof, empty_root, leaf_hash,
    sign_checkpoint, sign_note, verify_cosignatures,
};

const NOW_S: u64 = 1_754_000_000;

fn config() -> WitnessConfig {
    WitnessConfig { logs: vec![KnownLog { origin: ORIGIN.into(), keys: vec![log_key()] }] }
}

/// One round as a server would do it; `stored` is replaced only by an accepted head.
fn serve(body: &[u8], stored: &mut Option<StoredHead>) -> Response {
    let request = match AddCheckpoint::parse(body) {
        Ok(request) => request,
        Err(refused) => return refused.response(),
    };
    match decide(&config(), *stored, &request) {
        Decision::Refuse(refused) => refused.response(),
        Decision::Cosign(acceptance) => {
            assert_eq!(acceptance.previous, *stored);
            *stored = Some((acceptance.size, acceptance.root));
            acceptance.cosign(NOW_S, &witness_signer(1)).unwrap().response
        }
    }
}

fn body(log: &Log, old: u64, size: u64) -> String {
    let proof = consistency_proof(old, size, &log.tiles).unwrap();
    add_checkpoint_body(old, &proof, &log.checkpoint(size))
}

#[test]
fn a_request_and_its_answer_have_these_bytes() {
    let log = Log::sample(5);
    let request = body(&log, 3, 5);
    insta::assert_snapshot!(request, @r"
        old 3
        WHy6EqzyjK9VVVWTQmhpE38bzhJzeJUTDEffTkWx9zE=
        aldBH6vr4NFUTD1ZOUNIT1WK9TCaV+eyUTZmNqf3h7w=
        u9FYfcs4cmdbOetIM2M5fnV1gimHvfAMLg8aYi9NJzs=
        lVU+mR7nyLhhxB6x3Ro3g/I5oNe8p5SqLA+SDeMa2Rg=

        tenure.example/log/1
        5
        5KXg1HXfHBgJzx1Pei5ZWdrIaTKLFgFoCBQ9IIE4hOQ=

        — tenure.example/log/1 SwbtImNBmabFM7QywPo+9NAZR1FynVPL/CMaL5LiQwwKZvhX34VbpuD3af2Ckl5A5b50yp3LmrFlDJnYIHSWQkGJ3w4=
        ");
    let mut stored = Some((3, log.head(3).root));
    let response = serve(request.as_bytes(), &mut stored);
    insta::assert_snapshot!(response.body, @"— witness.example/w1 6irQBwAAAABoi+qAFC/iTZwn3MaIuWNxEWy/kOYDoHJAhi2flopKoeoUC8JjK3xCsgG4tXKJoHeA01pGGBtJQ+xh1gP9Nz5sxi1TAA==");
    assert_eq!((response.status, response.content_type), (200, "text/plain; charset=utf-8"));
    assert_eq!(stored, Some((5, log.head(5).root)));
}

#[test]
fn a_log_is_cosigned_as_it_grows_and_the_client_can_use_the_answer() {
    let log = Log::sample(300);
    let mut stored = None;
    let mut old = 0;
    for size in [0, 1, 2, 2, 255, 256, 300] {
        let response = serve(body(&log, old, size).as_bytes(), &mut stored);
        assert_eq!(response.status, 200, "{size}: {}", response.body);
        let text = log.head(size).encode().unwrap();
        let lines = parse_cosignatures(&response.body, &text, &[witness_key(1)]).unwrap();
        let cosigned = add_signatures(&log.checkpoint(size), &lines).unwrap();
        let note = SignedNote::parse(&cosigned).unwrap();
        let cosigners = verify_cosignatures(&note, &[witness_key(1)]).unwrap();
        assert_eq!(cosigners[0].time_s, NOW_S);
        assert_eq!(add_signatures(&cosigned, &lines).unwrap(), cosigned, "adding twice changes nothing");
        old = size;
    }
}

#[test]
fn every_refusal_has_the_status_of_the_specification() {
    let log = Log::sample(20);
    let good = body(&log, 8, 20);
    let stranger = Ed25519Signer::from_seed(ORIGIN, &[66; 32]).unwrap();
    let stranger_signed = sign_checkpoint(&log.head(20), &stranger).unwrap();
    let proof = consistency_proof(8, 20, &log.tiles).unwrap();
    let elsewhere = Ed25519Signer::from_seed("unknown.example", &[1; 32]).unwrap();
    let unknown = Checkpoint { origin: "unknown.example".into(), ..log.head(20) };
    let hash_line = format!("{}\n", empty_root());
    let other = log.checkpoint(19);
    let wrong_signature = other.lines().last().unwrap();
    let right_signature = log.checkpoint(20);
    let right_signature = right_signature.lines().last().unwrap();
    let check = |body: &str, expect: (u16, &str)| {
        let mut stored = Some((8, log.head(8).root));
        let before = stored;
        let response = serve(body.as_bytes(), &mut stored);
        assert_eq!((response.status, response.body.as_str()), expect, "{body}");
        assert_eq!(stored, before, "a refusal changes nothing");
    };
    check("", (400, "malformed request: no empty line\n"));
    check(&good.replace("old 8", "old 08"), (400, "malformed request: first line is not an old size\n"));
    check(&good.replace("old 8", "new 8"), (400, "malformed request: first line is not an old size\n"));
    check(
        &good.replace("old 8\n", "old 8\nAAAA\n"),
        (400, "malformed request: a proof line is not the base64 of a hash\n"),
    );
    check(
        &good.replace("old 8\n", &format!("old 8\n{}", hash_line.repeat(64))),
        (400, "malformed request: more than 63 proof lines\n"),
    );
    check(
        &good.replace("\n20\n", "\n020\n"),
        (400, "malformed checkpoint: not a checkpoint: the second line is not a tree size\n"),
    );
    check(&good.replace("old 8", "old 21"), (400, "old size 21 is beyond checkpoint size 20\n"));
    check(
        &add_checkpoint_body(8, &proof, &sign_checkpoint(&unknown, &elsewhere).unwrap()),
        (404, "origin is not known here\n"),
    );
    check(
        &add_checkpoint_body(8, &proof, &stranger_signed),
        (403, "checkpoint signature: note is not signed by a known key\n"),
    );
    let id = log_key().key_id();
    check(
        &good.replace(right_signature, wrong_signature),
        (403, &format!("checkpoint signature: signature by `{ORIGIN}` (key {id:08x}) is wrong\n")),
    );
    check(&good.replace("old 8", "old 7"), (409, "8\n"));
    check(&good.replace("old 8", "old 0"), (409, "8\n"));
    check(
        &add_checkpoint_body(8, &proof[1..], &log.checkpoint(20)),
        (422, "consistency: a proof of length 1 does not fit the tree\n"),
    );
    let forked: Vec<Hash> = proof.iter().map(|_| leaf_hash(b"other")).collect();
    check(
        &add_checkpoint_body(8, &forked, &log.checkpoint(20)),
        (422, "consistency: the proof leads to another root\n"),
    );
}

#[test]
fn a_conflict_is_typed_as_the_specification_says_and_the_client_reads_it() {
    let log = Log::sample(20);
    let response = serve(body(&log, 0, 20).as_bytes(), &mut Some((8, log.head(8).root)));
    assert_eq!((response.status, response.content_type), (409, "text/x.tlog.size"));
    assert_eq!(parse_conflict(&response.body), Ok(8));
    for bad in ["8", "08\n", "", "\n", "8\n\n", "-1\n"] {
        assert_eq!(parse_conflict(bad), Err(AnswerRefused::NotASize), "{bad:?}");
    }
}

#[test]
fn a_first_checkpoint_needs_no_proof_and_must_not_bring_one() {
    let log = Log::sample(20);
    assert_eq!(serve(body(&log, 0, 20).as_bytes(), &mut None).status, 200);
    let with_proof = add_checkpoint_body(0, &[empty_root()], &log.checkpoint(20));
    assert_eq!(serve(with_proof.as_bytes(), &mut None).status, 422);
}

#[test]
fn an_empty_log_must_have_the_empty_root() {
    let wrong = Checkpoint { size: 0, root: leaf_hash(b"x"), ..Log::sample(1).head(1) };
    let note = sign_note(&wrong.encode().unwrap(), &log_signer()).unwrap();
    let response = serve(add_checkpoint_body(0, &[], &note).as_bytes(), &mut None);
    assert_eq!(response.status, 422);
    assert_eq!(
        response.body,
        "empty checkpoint: checkpoint of size 0 does not have the root of the empty tree\n"
    );
}

#[test]
fn a_fork_is_never_cosigned() {
    let log = Log::sample(20);
    let mut entries = log.entries.clone();
    entries[3] = entry(99).encode().unwrap();
    let fork = Log::of(entries);
    for (old, size) in [(8, 20), (20, 20), (7, 20)] {
        let mut stored = Some((old, log.head(old).root));
        let response = serve(body(&fork, old, size).as_bytes(), &mut stored);
        assert_eq!(response.status, 422, "{old} to {size}");
        assert_eq!(stored, Some((old, log.head(old).root)));
    }
}

#[test]
fn signatures_by_others_are_not_kept_in_what_the_witness_serves() {
    let log = Log::sample(5);
    let request = add_checkpoint_body(0, &[], &log.cosigned(5, &[2, 3]));
    let request = AddCheckpoint::parse(request.as_bytes()).unwrap();
    let Decision::Cosign(acceptance) = decide(&config(), None, &request) else { panic!("refused") };
    let served = acceptance.cosign(NOW_S, &witness_signer(1)).unwrap().checkpoint;
    let note = SignedNote::parse(&served).unwrap();
    let names: Vec<_> = note.signatures.iter().map(|signature| signature.name.as_str()).collect();
    assert_eq!(names, [ORIGIN, "witness.example/w1"]);
}

#[test]
fn a_client_ignores_strangers_and_refuses_lies() {
    let log = Log::sample(5);
    let text = log.head(5).encode().unwrap();
    let by =
        |number, text: &str| tenure_evidence::cosign(text, NOW_S, &witness_signer(number)).unwrap().line();
    let answer = format!("{}{}", by(2, &text), by(1, &text));
    assert_eq!(parse_cosignatures(&answer, &text, &[witness_key(1)]).unwrap().len(), 1);
    let missing = Err(AnswerRefused::Signature(NoteRefused::SignatureMissing));
    assert_eq!(parse_cosignatures(&by(2, &text), &text, &[witness_key(1)]), missing);
    let lie = by(1, &log.head(4).encode().unwrap());
    assert!(matches!(
        parse_cosignatures(&lie, &text, &[witness_key(1)]),
        Err(AnswerRefused::Signature(NoteRefused::SignatureWrong { .. }))
    ));
    assert!(parse_cosignatures("", &text, &[witness_key(1)]).is_err());
    assert!(parse_cosignatures("nonsense\n", &text, &[witness_key(1)]).is_err());
    let long = "x".repeat(64 * 1024 + 1);
    assert_eq!(parse_cosignatures(&long, &text, &[]), Err(AnswerRefused::TooLong(long.len())));
}

#[test]
fn the_monitoring_path_is_the_hash_of_the_origin() {
    // SHA-256 of "abc", FIPS 180-4.
    assert_eq!(origin_hash("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}
