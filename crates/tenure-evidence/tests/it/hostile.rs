//! Bytes from strangers: no reader and no verifier panics, whatever it is given, and none accepts what it cannot write.
//!
//! Random bytes, and honest files with random pieces removed, doubled and overwritten. Refusing is the only other outcome;
//! which sentence it is refused with is for the other files.

use crate::support::{Log, entry, pinned};
use proptest::prelude::*;
use std::convert::Infallible;
use tenure_evidence::tile::{parse_bundle, parse_tile};
use tenure_evidence::witness::{AddCheckpoint, add_checkpoint_body, parse_conflict, parse_cosignatures};
use tenure_evidence::{
    BundleId, Checkpoint, Entry, Export, Hash, SignedNote, TileId, TlogProof, VerifierKey, verify_export,
    verify_log, verify_tlog_proof,
};

/// Overwrites, removes or doubles a piece.
fn tampered(honest: &[u8], at: usize, length: usize, how: u8, noise: &[u8]) -> Vec<u8> {
    let at = at % honest.len();
    let end = (at + length).min(honest.len());
    let piece = &honest[at..end];
    match how % 3 {
        0 => [&honest[..at], noise, &honest[end..]].concat(),
        1 => [&honest[..at], &honest[end..]].concat(),
        _ => [&honest[..at], piece, piece, &honest[end..]].concat(),
    }
}

fn read_all(bytes: &[u8]) {
    if let Ok(entry) = Entry::decode(bytes) {
        assert_eq!(entry.encode().as_deref(), Ok(bytes));
    }
    if let Ok(export) = Export::parse(bytes) {
        assert_eq!(export.encode().as_deref(), Ok(bytes));
    }
    let _ = (
        verify_export(bytes, &pinned()),
        parse_tile(bytes, 3),
        parse_bundle(bytes, 3),
        AddCheckpoint::parse(bytes),
    );
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(note) = SignedNote::parse(text) {
        assert_eq!(note.encode(), text);
    }
    if let Ok(checkpoint) = Checkpoint::parse(text) {
        assert_eq!(checkpoint.encode().as_deref(), Ok(text));
        let no_entries = std::iter::empty::<Result<Vec<u8>, Infallible>>();
        let signed = format!("{text}\n\u{2014} a AAAAAAA=\n");
        let verdict = verify_log(no_entries, [].as_slice() as &[Hash], &signed, &pinned());
        assert_eq!(verdict.level.exit_code(), 1);
    }
    if let Ok(key) = text.parse::<VerifierKey>() {
        assert_eq!(key.to_string(), text);
    }
    if let Ok(proof) = TlogProof::parse(text) {
        assert_eq!(proof.encode(), text);
    }
    let _ = (TileId::parse_path(text), BundleId::parse_path(text), Hash::from_base64(text));
    let _ = (
        parse_conflict(text),
        parse_cosignatures(text, text, &[]),
        verify_tlog_proof(text, bytes, &pinned()),
    );
}

proptest! {
    #[test]
    fn random_bytes_make_no_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        read_all(&bytes);
    }

    #[test]
    fn honest_files_with_pieces_changed_make_no_reader_panic(
        which in 0_usize..5, at in any::<usize>(), length in 1_usize..60, how in any::<u8>(),
        noise in "[0-9a-zA-Z+/= \n\u{2014}]{0,20}",
    ) {
        let log = Log::sample(9);
        let proof = log.exported(9, 4, false).proof;
        let files = [
            log.selection(9, &[0, 3, 4]).encode().unwrap(),
            entry(4).encode().unwrap(),
            log.cosigned(9, &[1]).into_bytes(),
            add_checkpoint_body(4, &proof, &log.checkpoint(9)).into_bytes(),
            TlogProof { extra: None, index: 4, proof, checkpoint: log.checkpoint(9) }.encode().into_bytes(),
        ];
        let changed = tampered(&files[which], at, length, how, noise.as_bytes());
        read_all(&changed);
        if which == 0 && changed != files[0] {
            prop_assert!(verify_export(&changed, &pinned()).refusal().is_some());
        }
    }

    #[test]
    fn checkpoints_of_any_size_make_no_check_panic(size in any::<u64>(), root in any::<[u8; 32]>()) {
        let text = format!("a\n{size}\n{}\n\n\u{2014} a AAAAAAA=\n", Hash::from_bytes(root));
        let log = Log::sample(300);
        let entries = log.entries.iter().cloned().map(Ok::<_, Infallible>);
        let verdict = verify_log(entries, &log.tiles, &text, &tenure_evidence::Trust::default());
        prop_assert_eq!(verdict.level.exit_code(), 1);
    }
}
