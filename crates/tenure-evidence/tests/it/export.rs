//! Exports: what verifies, and that nothing changed does.
//!
//! Accidents (any bit, byte or line) and forgeries (the closing digest put right). Each refusal is compared with its whole
//! sentence. `audit.rs` does the same for whole logs.

use crate::support::{
    Log, ORIGIN, body, entry, forge_digest, log_key, log_signer, nonce, pinned, witness_key, witness_signer,
};
use tenure_evidence::export::DisclosedBody;
use tenure_evidence::{
    Claim, Ed25519Signer, Export, ExportMalformed, ExportRefused, Level, NoteSigner, Refusal, TlogProof,
    Trust, Verdict, VerifierKey, cosign, inclusion_proof, sign_checkpoint, sign_note, verify_export,
    verify_tlog_proof,
};

fn sample() -> (Log, Export) {
    let log = Log::sample(21);
    let mut export = log.selection(21, &[0, 3, 4, 20]);
    export.earlier = vec![log.earlier(21, 8), log.earlier(21, 13)];
    (log, export)
}

fn refusal(export: &Export, trust: &Trust) -> String {
    refusal_of(&export.encode().unwrap(), trust)
}

fn refusal_of(bytes: &[u8], trust: &Trust) -> String {
    let verdict = verify_export(bytes, trust);
    assert_eq!(verdict.level.exit_code(), 1, "{verdict:?}");
    assert!(verdict.entries.is_empty() && verdict.shows.is_empty() && verdict.does_not_show.is_empty());
    chain(verdict.refusal().unwrap())
}

/// The whole message, cause by cause, as the command line prints it.
fn chain(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {}", chain(source)),
        None => error.to_string(),
    }
}

fn indices(verdict: &Verdict) -> Vec<u64> {
    verdict.entries.iter().map(|entry| entry.index).collect()
}

#[test]
fn an_untouched_export_verifies_under_the_pinned_key() {
    let (_, export) = sample();
    let verdict = verify_export(&export.encode().unwrap(), &pinned());
    assert_eq!(verdict.level, Level::Verified);
    assert_eq!(verdict.level.exit_code(), 0);
    assert_eq!((verdict.origin.as_str(), verdict.tree_size), (ORIGIN, 21));
    assert_eq!(indices(&verdict), [0, 3, 4, 20]);
    assert_eq!(verdict.entries[2].entry, entry(4));
    assert_eq!(verdict.entries[2].body, Some(serde_json::from_slice(&body(4)).unwrap()));
    assert_eq!(verdict.entries[1].body, None);
    insta::assert_snapshot!(verdict.shows.join("\n"), @r"
        the holder of the pinned key signed the log `tenure.example/log/1` at size 21
        each entry in it is in the log, unchanged, at the place named
        the log extends its checkpoint of size 8
        the log extends its checkpoint of size 13
        ");
    insta::assert_snapshot!(verdict.does_not_show.join("\n"), @r"
        that these are all entries there are: the exporter chose 4 of 21
        what undisclosed bodies say: 1 are here only as a digest
        that what an entry says is true: it shows what Tenure recorded, not that the world was so
        when an entry was recorded: its time is the clock of the one who recorded it
        that nobody but the log's operator could use the signing key
        that everyone is shown the same log: no independent witness was asked to confirm it
        that it extends what you saw before: no earlier checkpoint was given
        what was recorded after size 21
        ");
}

#[test]
fn without_a_pinned_key_the_signer_stays_unverified() {
    let (_, export) = sample();
    let verdict = verify_export(&export.encode().unwrap(), &Trust::default());
    assert_eq!(verdict.level, Level::ConsistentSignerUnverified);
    assert_eq!(verdict.level.exit_code(), 4);
    assert_eq!(indices(&verdict), [0, 3, 4, 20]);
    assert!(verdict.does_not_show.iter().any(|limit| limit.contains("no log key was pinned")));
}

#[test]
fn an_export_has_these_bytes() {
    let log = Log::sample(3);
    let mut export = log.selection(3, &[2]);
    export.earlier.push(log.earlier(3, 1));
    let bytes = export.encode().unwrap();
    insta::assert_snapshot!(String::from_utf8(bytes.clone()).unwrap(), @r#"
        tenure-export/1
        claim selection
        checkpoint 315
        tenure.example/log/1
        3
        WdiH/JTc8Z2M+k4G4MdTNNg/kyuvy9dqYXxzkAK3zXE=

        — tenure.example/log/1 SwbtIg3F7COeTOId23RXzwKdV78da3PMLd+8AjHHVQXmueT8Aok00RlCuyp1cQtqU1aU5FNMFT40VTlhaQ7MYmWOZgE=
        — witness.example/w1 6irQBwAAAABoi+qBHHOhs0/tGtQ5SM0ojGEcAQrLPN3StseEDBbVeZXdULjpITvAtRKWAsBve+LR8OMkF9APNKyy+ou9ak8m3MN0Cw==
        earlier 187 2
        tenure.example/log/1
        1
        cO1E07yMPBzOIBQia+UuRbvhuDf9z7PuGiHvhBDqvxw=

        — tenure.example/log/1 SwbtIsMZkFS9niMWjzNIKPWsx9jW4RwNwGUjZF4SU0plcrKTFc1sL61O9zmC0JIhey+ZgFKmZUB3GgXlpWdVuiJ6rQk=
        7FxbnWEiBsVr9CCCgXQBi8xxcPSj5ai77fYswL+s9FM=
        WHy6EqzyjK9VVVWTQmhpE38bzhJzeJUTDEffTkWx9zE=
        entries 1
        entry 2 266 1
        {"actor":"person/01981f0e","body_digest":"BkNHRCdXSqO+tBNvn9kCu4So4/fZOzZmo/MGGkY3SHQ=","facts":{"number":2},"id":"01981f0e-7c00-7000-8000-000000000002","kind":"credential.revoked/1","right":"revoke","subject":"principal/0002","time_us":1754000000002000,"version":1}
        u9FYfcs4cmdbOetIM2M5fnV1gimHvfAMLg8aYi9NJzs=
        body 60 2B9ReB7rj0ag4RLobKM1iWzMEs7gDmz89Yo1ARKd/CQ=
        {"note":"rôle café","number":2,"steps":["deny","disable"]}
        end qmFadYA4calDImyTtnx7Umq8wIPREPaKn3fojolwpGQ=
        "#);
    assert_eq!(Export::parse(&bytes), Ok(export));
}

#[test]
fn every_flipped_bit_of_every_byte_is_refused() {
    let log = Log::sample(5);
    let mut export = log.selection(5, &[1, 2]);
    export.earlier.push(log.earlier(5, 2));
    let bytes = export.encode().unwrap();
    let trust = pinned();
    for at in 0..bytes.len() {
        for bit in [0, 1, 2, 3, 4, 5, 6, 7] {
            let mut changed = bytes.clone();
            changed[at] ^= 1 << bit;
            let verdict = verify_export(&changed, &trust);
            assert!(verdict.refusal().is_some(), "byte {at} bit {bit} went unnoticed");
            assert!(verify_export(&changed, &Trust::default()).refusal().is_some(), "byte {at} bit {bit}");
        }
    }
}

#[test]
fn a_forger_who_fixes_the_digest_changes_nothing_that_is_signed_or_proved() {
    let log = Log::sample(5);
    let mut export = log.selection(5, &[1, 2]);
    export.earlier.push(log.earlier(5, 2));
    let bytes = export.encode().unwrap();
    let honest = verify_export(&bytes, &pinned());
    let unsigned = Export::parse(&bytes).unwrap().checkpoint;
    let line = unsigned.lines().last().unwrap();
    let start = bytes.windows(line.len()).position(|window| window == line.as_bytes()).unwrap();
    let unpinned_witness_line = start..start + line.len();
    let mut passed = 0;
    for at in 0..bytes.len() - 49 {
        for bit in [0, 3, 7] {
            let mut changed = bytes.clone();
            changed[at] ^= 1 << bit;
            let verdict = verify_export(&forge_digest(&changed), &pinned());
            if verdict.refusal().is_none() {
                passed += 1;
                assert!(unpinned_witness_line.contains(&at), "byte {at} bit {bit} went unnoticed");
                assert_eq!(verdict.entries, honest.entries);
            }
        }
    }
    assert!(passed > 0, "the line of a witness nobody pinned is not covered, and the test should see it");
}

#[test]
fn every_truncation_and_every_added_byte_is_refused() {
    let (_, export) = sample();
    let bytes = export.encode().unwrap();
    for length in 0..bytes.len() {
        assert!(verify_export(&bytes[..length], &pinned()).refusal().is_some(), "cut to {length}");
    }
    let longer = [bytes.as_slice(), b"\n"].concat();
    assert_eq!(
        refusal_of(&longer, &pinned()),
        format!("export is malformed: at byte {} the export is over, but the file goes on", bytes.len())
    );
    assert_eq!(
        refusal_of(&bytes[..bytes.len() - 60], &pinned()),
        format!(
            "export is malformed: the file is cut short: at byte {} body bytes must follow",
            bytes.len() - 60
        )
    );
}

#[test]
fn every_removed_doubled_or_swapped_line_is_refused() {
    let (_, export) = sample();
    let bytes = export.encode().unwrap();
    let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
    for at in 0..lines.len() {
        let removed = [&lines[..at], &lines[at + 1..]].concat().concat();
        assert!(verify_export(&removed, &pinned()).refusal().is_some(), "line {at} removed");
        let doubled = [&lines[..=at], &lines[at..]].concat().concat();
        assert!(verify_export(&doubled, &pinned()).refusal().is_some(), "line {at} doubled");
        if at + 1 < lines.len() && lines[at] != lines[at + 1] {
            let mut swapped = lines.clone();
            swapped.swap(at, at + 1);
            assert!(verify_export(&swapped.concat(), &pinned()).refusal().is_some(), "line {at} swapped");
        }
    }
}

#[test]
fn what_a_forger_does_to_an_entry_is_named() {
    let (log, export) = sample();
    let check = |change: &dyn Fn(&mut Export), expect: &str| {
        let mut forged = export.clone();
        change(&mut forged);
        assert_eq!(refusal(&forged, &pinned()), expect);
    };
    check(
        &|export| export.entries[1].raw = entry(9).encode().unwrap(),
        "entry 3 is not in the log at that place: the proof leads to another root",
    );
    check(
        &|export| export.entries[1].index = 2,
        "entry 2 is not in the log at that place: the proof leads to another root",
    );
    check(
        &|export| export.entries[3].index = 21,
        "entry 21 is not in the log at that place: leaf 21 is outside a tree of 21",
    );
    check(
        &|export| export.entries[1].proof.truncate(4),
        "entry 3 is not in the log at that place: a proof of length 4 does not fit the tree",
    );
    check(
        &|export| export.entries[2].body.as_mut().unwrap().canonical = body(6),
        "the body of entry 4 is not the one recorded",
    );
    check(
        &|export| export.entries[2].body.as_mut().unwrap().nonce = nonce(6),
        "the body of entry 4 is not the one recorded",
    );
    check(
        &|export| export.entries[1].body = Some(DisclosedBody { nonce: nonce(4), canonical: body(4) }),
        "the body of entry 3 is not the one recorded",
    );
    check(
        &|export| export.earlier[0].proof[0] = log.leaf(0),
        "the log of size 21 does not extend its earlier checkpoint of size 8: the proof leads to another root",
    );
    check(&|export| export.earlier.swap(0, 1), "earlier checkpoint of size 8 is out of order");
    let mut out_of_order = export.clone();
    out_of_order.entries.swap(0, 1);
    assert_eq!(out_of_order.encode(), Err(ExportRefused::Order(0)));
}

#[test]
fn a_recorded_entry_that_is_no_entry_and_a_body_that_is_no_json_are_refused() {
    let mut wrong = entry(1);
    wrong.body_digest = tenure_evidence::body_digest(&nonce(1), b"{ }");
    let log = Log::of(vec![b"not an entry".to_vec(), wrong.encode().unwrap()]);
    let junk = Export { entries: vec![log.exported(2, 0, false)], ..log.selection(2, &[]) };
    assert_eq!(
        refusal(&junk, &pinned()),
        "entry 0 is malformed: not an entry: expected ident at line 1 column 2"
    );
    let mut spaced = log.selection(2, &[]);
    spaced.entries = vec![log.exported(2, 1, false)];
    spaced.entries[0].body = Some(DisclosedBody { nonce: nonce(1), canonical: b"{ }".to_vec() });
    assert_eq!(refusal(&spaced, &pinned()), "the body of entry 1 is malformed: not in canonical form");
}

#[test]
fn a_claimed_range_must_be_whole() {
    let log = Log::sample(12);
    let export = log.range(12, 3, 7);
    assert_eq!(verify_export(&export.encode().unwrap(), &pinned()).level, Level::Verified);
    let check = |change: &dyn Fn(&mut Export), expect: &str| {
        let mut forged = log.range(12, 3, 7);
        change(&mut forged);
        assert_eq!(refusal(&forged, &pinned()), expect);
    };
    let lead = "the export claims every entry from 3 up to";
    check(&|export| drop(export.entries.remove(1)), &format!("{lead} 7, but entry 4 is missing"));
    check(&|export| drop(export.entries.remove(0)), &format!("{lead} 7, but entry 3 is missing"));
    check(&|export| drop(export.entries.pop()), &format!("{lead} 7, but entry 6 is missing"));
    check(
        &|export| export.claim = Claim::Range { first: 3, end: 6 },
        &format!("{lead} 6, but entry 6 is outside"),
    );
    check(
        &|export| export.claim = Claim::Range { first: 3, end: 13 },
        &format!("{lead} 13, but the log has 12 entries"),
    );
    check(
        &|export| export.claim = Claim::Range { first: 3, end: 3 },
        &format!("{lead} 3, but the log has 12 entries"),
    );
}

#[test]
fn re_signing_is_refused() {
    let (log, mut export) = sample();
    let stranger = Ed25519Signer::from_seed(ORIGIN, &[66; 32]).unwrap();
    export.checkpoint = sign_checkpoint(&log.head(21), &stranger).unwrap();
    export.earlier.clear();
    assert_eq!(
        refusal(&export, &pinned()),
        format!("the checkpoint is not signed by a pinned key of the log `{ORIGIN}`")
    );
    assert_eq!(
        verify_export(&export.encode().unwrap(), &Trust::default()).level,
        Level::ConsistentSignerUnverified,
        "which is why a key must be pinned"
    );
    let elsewhere = Trust {
        log_keys: vec![VerifierKey::ed25519("other.example/log", &log_signer().public_key()).unwrap()],
        ..Trust::default()
    };
    let (_, honest) = sample();
    assert_eq!(
        refusal(&honest, &elsewhere),
        format!("the checkpoint is of the log `{ORIGIN}`, and no pinned key speaks for that log")
    );
    let mut witness_only = honest.clone();
    witness_only.checkpoint = sign_note(&log.head(21).encode().unwrap(), &witness_signer(1)).unwrap();
    assert!(matches!(
        verify_export(&witness_only.encode().unwrap(), &pinned()).refusal(),
        Some(Refusal::SignatureMissing { .. })
    ));
}

#[test]
fn two_keys_of_one_log_overlap_during_a_rotation() {
    let (log, mut export) = sample();
    let next = Ed25519Signer::from_seed(ORIGIN, &[2; 32]).unwrap();
    let next_key = VerifierKey::ed25519(ORIGIN, &next.public_key()).unwrap();
    export.checkpoint = sign_checkpoint(&log.head(21), &next).unwrap();
    let both = Trust { log_keys: vec![log_key(), next_key], ..Trust::default() };
    assert_eq!(verify_export(&export.encode().unwrap(), &both).level, Level::Verified);
    assert!(verify_export(&export.encode().unwrap(), &pinned()).refusal().is_some());
}

#[test]
fn the_quorum_counts_different_pinned_witnesses() {
    let log = Log::sample(9);
    let mut export = log.selection(9, &[0]);
    export.checkpoint = log.cosigned(9, &[1, 2]);
    let trust =
        |witness_keys: Vec<VerifierKey>, witness_quorum| Trust { witness_keys, witness_quorum, ..pinned() };
    let verdict = verify_export(&export.encode().unwrap(), &trust(vec![witness_key(1), witness_key(2)], 2));
    assert_eq!(verdict.level, Level::Verified);
    assert_eq!(verdict.cosigners.len(), 2);
    assert_eq!(
        refusal(&export, &trust(vec![witness_key(1), witness_key(3)], 2)),
        "1 of the pinned witnesses cosigned the checkpoint, 2 must"
    );
    let alias =
        VerifierKey::cosignature_v1("witness.example/alias", &witness_signer(1).public_key()).unwrap();
    let renamed = Ed25519Signer::from_seed("witness.example/alias", &[101; 32]).unwrap();
    let text = log.head(9).encode().unwrap();
    let line = cosign(&text, 5, &renamed).unwrap();
    export.checkpoint = tenure_evidence::witness::add_signatures(&log.cosigned(9, &[1]), &[line]).unwrap();
    assert_eq!(
        refusal(&export, &trust(vec![witness_key(1), alias], 2)),
        "1 of the pinned witnesses cosigned the checkpoint, 2 must",
        "one key under two names is one witness"
    );
}

#[test]
fn a_wrong_line_by_a_pinned_witness_is_refused() {
    let log = Log::sample(9);
    let mut export = log.selection(9, &[0]);
    let other = cosign(&log.head(8).encode().unwrap(), 5, &witness_signer(1)).unwrap();
    export.checkpoint = tenure_evidence::witness::add_signatures(&log.checkpoint(9), &[other]).unwrap();
    let trust = Trust { witness_keys: vec![witness_key(1)], ..pinned() };
    let id = witness_key(1).key_id();
    assert_eq!(
        refusal(&export, &trust),
        format!(
            "the checkpoint was changed after it was signed: signature by `witness.example/w1` (key {id:08x}) is wrong"
        )
    );
}

#[test]
fn a_cut_tail_and_a_fork_are_caught_against_a_checkpoint_seen_before() {
    let log = Log::sample(21);
    let since = |size| Trust { since: Some(log.checkpoint(size)), ..pinned() };
    let mut export = log.selection(13, &[0, 3]);
    export.earlier = vec![log.earlier(13, 8)];
    let bytes = export.encode().unwrap();
    for size in [0, 8, 13] {
        assert_eq!(verify_export(&bytes, &since(size)).level, Level::Verified, "since {size}");
    }
    assert_eq!(
        refusal(&export, &since(21)),
        "the log ends at size 13, but size 21 was seen before: its tail is missing"
    );
    assert_eq!(
        refusal(&export, &since(9)),
        "nothing in the export shows that it extends the checkpoint of size 9 seen before"
    );
    let mut entries = log.entries.clone();
    entries[5] = entry(50).encode().unwrap();
    let fork = Log::of(entries);
    let seen = |size| Trust { since: Some(fork.checkpoint(size)), ..pinned() };
    for size in [8, 13] {
        assert_eq!(
            refusal(&export, &seen(size)),
            format!("the log was forked: at size {size} it has another root than the one seen before")
        );
    }
    let whole = log.range(21, 0, 21);
    assert_eq!(verify_export(&whole.encode().unwrap(), &since(9)).level, Level::Verified);
    assert_eq!(
        refusal(&whole, &seen(9)),
        "the log was forked: at size 9 it has another root than the one seen before"
    );
    let part = log.range(21, 0, 8);
    assert_eq!(
        refusal(&part, &since(9)),
        "nothing in the export shows that it extends the checkpoint of size 9 seen before"
    );
}

#[test]
fn checkpoints_of_another_log_do_not_count() {
    let log = Log::sample(9);
    let other = Ed25519Signer::from_seed("tenure.example/log/2", &[1; 32]).unwrap();
    let other_key = VerifierKey::ed25519(other.name(), &other.public_key()).unwrap();
    let head = tenure_evidence::Checkpoint { origin: other.name().into(), ..log.head(4) };
    let foreign = sign_checkpoint(&head, &other).unwrap();
    let both = Trust { log_keys: vec![log_key(), other_key], ..Trust::default() };
    let mut export = log.selection(9, &[0]);
    let since = Trust { since: Some(foreign.clone()), ..both.clone() };
    assert_eq!(
        refusal(&export, &since),
        format!("the checkpoint seen before is of the log `tenure.example/log/2`, not `{ORIGIN}`")
    );
    export.earlier = vec![log.earlier(9, 4)];
    export.earlier[0].checkpoint = foreign;
    assert_eq!(
        refusal(&export, &both),
        format!("an earlier checkpoint is of the log `tenure.example/log/2`, not `{ORIGIN}`")
    );
}

#[test]
fn files_that_are_no_export_are_refused_with_the_place() {
    let check = |bytes: &[u8], expect: ExportMalformed| assert_eq!(Export::parse(bytes), Err(expect));
    check(b"", ExportMalformed::Header);
    check(b"tenure-export/2\n", ExportMalformed::Header);
    check(b"tenure-export/1\r\n", ExportMalformed::Header);
    check(b"tenure-export/1\nclaim all\n", ExportMalformed::Unexpected { at: 16, wanted: "claim" });
    check(b"tenure-export/1\nclaim range 0 01\n", ExportMalformed::Unexpected { at: 16, wanted: "claim" });
    check(b"tenure-export/1\nclaim selection\n", ExportMalformed::CutShort { at: 32, wanted: "checkpoint" });
    let huge = b"tenure-export/1\nclaim selection\ncheckpoint 18446744073709551615\n";
    check(huge, ExportMalformed::Unexpected { at: 64, wanted: "checkpoint" });
    let (_, export) = sample();
    let mut bytes = export.encode().unwrap();
    let last = bytes.len() - 3;
    bytes[last] = if bytes[last] == b'A' { b'E' } else { b'A' };
    assert!(matches!(
        Export::parse(&bytes),
        Err(ExportMalformed::DigestDiffers | ExportMalformed::Unexpected { wanted: "closing line", .. })
    ));
}

#[test]
fn a_proof_file_verifies_and_a_changed_one_does_not() {
    let log = Log::sample(21);
    let proof = inclusion_proof(21, 4, &log.tiles).unwrap();
    let file = TlogProof { extra: None, index: 4, proof, checkpoint: log.cosigned(21, &[1]) };
    let raw = entry(4).encode().unwrap();
    let trust = Trust { witness_keys: vec![witness_key(1)], witness_quorum: 1, ..pinned() };
    let verdict = verify_tlog_proof(&file.encode(), &raw, &trust);
    assert_eq!((verdict.level, verdict.entries[0].index), (Level::Verified, 4));
    assert!(verify_tlog_proof(&file.encode(), &entry(5).encode().unwrap(), &trust).refusal().is_some());
    let text = file.encode();
    for at in 0..text.len() {
        let mut bytes = text.clone().into_bytes();
        bytes[at] ^= 1;
        let Ok(changed) = String::from_utf8(bytes) else { continue };
        assert!(verify_tlog_proof(&changed, &raw, &trust).refusal().is_some(), "byte {at}");
    }
    let tail = Trust { since: Some(log.checkpoint(20)), ..trust };
    assert!(matches!(
        verify_tlog_proof(&text, &raw, &tail).refusal(),
        Some(Refusal::SinceNotCovered { since: 20 })
    ));
}
