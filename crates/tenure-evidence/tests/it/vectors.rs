//! The language-neutral vectors in `vectors/evidence`: made here, compared byte for byte with what is committed.
//!
//! `UPDATE_VECTORS=1` writes them anew. Their shape is described in `vectors/evidence/README.md`.

use crate::support::{
    Log, ORIGIN, body, entry, forge_digest, log_key, log_signer, nonce, pinned, witness_key, witness_signer,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use std::path::PathBuf;
use tenure_evidence::export::DisclosedBody;
use tenure_evidence::tile::{append_to_bundle, encode_tile};
use tenure_evidence::tree::partial_tile_ids;
use tenure_evidence::witness::{
    AddCheckpoint, Decision, KnownLog, WitnessConfig, add_checkpoint_body, decide,
};
use tenure_evidence::{
    BundleId, Checkpoint, Claim, Ed25519Signer, Entry, Export, Hash, SignedNote, TileId, TileSource,
    TlogProof, Trust, VerifierKey, body_digest, consistency_proof, empty_root, inclusion_proof, leaf_hash,
    node_hash, root_at, sign_checkpoint, sign_note, verify_consistency, verify_cosignatures, verify_export,
    verify_inclusion, verify_tlog_proof,
};

pub(crate) fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../vectors/evidence").join(name)
}

/// The committed vectors of that name.
pub(crate) fn committed(name: &str) -> Value {
    serde_json::from_slice(&std::fs::read(path(name)).unwrap()).unwrap()
}

fn check(name: &str, vectors: &Value) {
    let mut text = serde_json::to_string_pretty(&sorted(vectors)).unwrap();
    text.push('\n');
    if std::env::var_os("UPDATE_VECTORS").is_some() {
        std::fs::write(path(name), &text).unwrap();
    }
    let committed = std::fs::read_to_string(path(name)).unwrap();
    assert!(
        committed == text,
        "{name} differs from what this version makes; UPDATE_VECTORS=1 writes it anew"
    );
}

/// Members in order of their names, whichever map the JSON library was built with.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut names: Vec<&String> = members.keys().collect();
            names.sort();
            Value::Object(
                names.into_iter().map(|name| (name.clone(), sorted(&members[name]))).collect::<Map<_, _>>(),
            )
        }
        Value::Array(items) => Value::Array(items.iter().map(sorted).collect()),
        other => other.clone(),
    }
}

fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

fn texts(hashes: &[Hash]) -> Vec<String> {
    hashes.iter().map(Hash::to_base64).collect()
}

#[test]
fn hashes_are_as_committed() {
    let inputs: [&[u8]; 5] = [b"", b"\x00", b"tenure", &[0xff; 100], &[0x5a; 2000]];
    let leaf: Vec<Value> =
        inputs.iter().map(|input| json!({"entry_base64": base64(input), "hash": leaf_hash(input)})).collect();
    let (left, right) = (leaf_hash(b"left"), leaf_hash(b"right"));
    let node = json!([
        {"left": left, "right": right, "hash": node_hash(&left, &right)},
        {"left": right, "right": left, "hash": node_hash(&right, &left)},
    ]);
    check("hashes.json", &json!({"empty_root": empty_root(), "leaf": leaf, "node": node}));
}

#[test]
fn entries_are_as_committed() {
    let mut unusual = entry(6);
    unusual.actor = "person/\u{e9}\u{1f600}\"\\".into();
    unusual.time_us = -9_007_199_254_740_991;
    let good: Vec<Value> = [entry(0), entry(1), entry(2), unusual].iter().map(good_entry).collect();
    let bytes = String::from_utf8(entry(0).encode().unwrap()).unwrap();
    let refused = [
        bytes.replace("{\"actor\"", "{ \"actor\""),
        bytes.replace(",\"version\":1}", "}"),
        bytes.replace(",\"version\":1}", ",\"version\":2}"),
        bytes.replace("\"number\":0", "\"number\":0.0"),
        bytes.replace("\"number\":0", "\"Number\":0"),
        bytes.replace("\"right\":\"revoke\"", "\"right\":null"),
        bytes.replace("\"right\":\"revoke\"", "\"right\":\"\""),
        bytes.replace("person/01981f0e", "person\\/01981f0e"),
        bytes.replace("person/01981f0e", "person\\u002f01981f0e"),
        bytes.replace("\"id\":", "\"id\":\"x\",\"id\":"),
        bytes.replace(",\"version\":1}", ",\"version\":1,\"zz\":1}"),
        format!("{bytes}\n"),
    ];
    let refused: Vec<Value> = refused
        .iter()
        .map(|text| {
            assert_ne!(text, &bytes);
            json!({"bytes": text, "why": Entry::decode(text.as_bytes()).unwrap_err().to_string()})
        })
        .collect();
    let bodies: Vec<Value> = [0, 1, 7]
        .iter()
        .map(|index| {
            let (nonce, body) = (nonce(*index), body(*index));
            let digest = body_digest(&nonce, &body);
            json!({"nonce": base64(&nonce), "body": String::from_utf8(body).unwrap(), "digest": digest})
        })
        .collect();
    check("entries.json", &json!({"good": good, "refused": refused, "bodies": bodies}));
}

fn good_entry(entry: &Entry) -> Value {
    let bytes = entry.encode().unwrap();
    let leaf = leaf_hash(&bytes);
    let text = String::from_utf8(bytes).unwrap();
    let fields: Value = serde_json::from_str(&text).unwrap();
    json!({"fields": fields, "bytes": text, "leaf_hash": leaf})
}

#[test]
fn tiles_are_as_committed() {
    let tiles = [(0, 0, 256), (0, 0, 1), (0, 999, 255), (1, 1_000, 256), (2, 1_234_067, 17), (7, 0, 64)];
    let paths: Vec<Value> = tiles
        .iter()
        .map(|(level, index, width)| {
            let tile = TileId { level: *level, index: *index, width: *width };
            let bundle = BundleId { index: *index, width: *width };
            json!({"level": level, "index": index, "width": width, "path": tile.path(), "entries_path": bundle.path()})
        })
        .collect();
    let refused =
        ["tile/0/0", "tile/00/000", "tile/0/x000/001", "tile/0/000.p/256", "tile/0/000.p/0", "tile/64/000"];
    for path in refused {
        assert!(TileId::parse_path(path).is_err());
    }
    let partial: Vec<Value> = [0, 1, 255, 256, 257, 65_535, 65_536, 70_000]
        .iter()
        .map(|size| {
            let paths: Vec<String> = partial_tile_ids(*size).iter().map(TileId::path).collect();
            json!({"size": size, "paths": paths})
        })
        .collect();
    let mut bundle = Vec::new();
    let entries: [&[u8]; 3] = [b"first", b"", b"third"];
    for entry in entries {
        append_to_bundle(entry, &mut bundle).unwrap();
    }
    let bundle = json!({"entries_base64": entries.map(base64), "bytes_base64": base64(&bundle)});
    check(
        "tiles.json",
        &json!({"paths": paths, "refused_paths": refused, "partial_tiles": partial, "entry_bundle": bundle}),
    );
}

const TREE_SIZES: [u64; 14] = [1, 2, 3, 4, 5, 6, 7, 8, 31, 33, 255, 256, 257, 300];

#[test]
fn trees_are_as_committed() {
    let leaves: Vec<Hash> = (0_u64..300).map(|index| leaf_hash(&index.to_be_bytes())).collect();
    let source = leaves.as_slice();
    let roots: Vec<Value> = TREE_SIZES
        .iter()
        .map(|size| json!({"size": size, "root": root_at(*size, source).unwrap()}))
        .collect();
    let mut inclusion = Vec::new();
    let mut consistency = Vec::new();
    for size in TREE_SIZES {
        for index in [0, size / 2, size - 1] {
            push_inclusion(source, size, index, &mut inclusion);
        }
        for old in [1, size / 2 + 1, size] {
            push_consistency(source, old.min(size), size, &mut consistency);
        }
    }
    let tiles: Vec<Value> = partial_tile_ids(300)
        .into_iter()
        .chain([TileId { level: 0, index: 0, width: 256 }])
        .map(|tile| {
            let hashes = source.tile(tile.level, tile.index, tile.width).unwrap();
            json!({"path": tile.path(), "bytes_base64": base64(&encode_tile(&hashes))})
        })
        .collect();
    let vectors = json!({
        "leaf_entry": "leaf i is the hash of the 8 bytes of i, most significant first",
        "roots": roots,
        "inclusion": inclusion,
        "consistency": consistency,
        "tiles_of_300": tiles,
    });
    check("trees.json", &vectors);
}

fn push_inclusion(source: &[Hash], size: u64, index: u64, out: &mut Vec<Value>) {
    let (root, proof) = (root_at(size, source).unwrap(), inclusion_proof(size, index, source).unwrap());
    let leaf = source[usize::try_from(index).unwrap()];
    let mut case = |index: u64, leaf: Hash, proof: &[Hash]| {
        let holds = verify_inclusion(index, size, &leaf, &root, proof).is_ok();
        out.push(json!({
            "size": size, "index": index, "leaf": leaf, "root": root, "proof": texts(proof), "holds": holds
        }));
    };
    case(index, leaf, &proof);
    case(index, leaf_hash(b"other"), &proof);
    case(index + 1, leaf, &proof);
    case(index, leaf, &[proof.as_slice(), &[leaf]].concat());
}

fn push_consistency(source: &[Hash], old: u64, new: u64, out: &mut Vec<Value>) {
    let proof = consistency_proof(old, new, source).unwrap();
    let (old_root, new_root) = (root_at(old, source).unwrap(), root_at(new, source).unwrap());
    let mut case = |old_root: Hash, new_root: Hash, proof: &[Hash]| {
        let holds = verify_consistency(old, &old_root, new, &new_root, proof).is_ok();
        out.push(json!({
            "old_size": old, "old_root": old_root, "new_size": new, "new_root": new_root,
            "proof": texts(proof), "holds": holds,
        }));
    };
    case(old_root, new_root, &proof);
    case(leaf_hash(b"other"), new_root, &proof);
    case(old_root, leaf_hash(b"other"), &proof);
    case(old_root, new_root, &[proof.as_slice(), &[old_root]].concat());
}

fn trust_json(trust: &Trust) -> Value {
    json!({
        "log_keys": trust.log_keys.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "witness_keys": trust.witness_keys.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "witness_quorum": trust.witness_quorum,
        "since": trust.since,
    })
}

#[test]
fn notes_are_as_committed() {
    let spec_key = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
    let spec_note = "This is an example message.\n\n\u{2014} example.com/foo \
        Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";
    let log = Log::sample(5);
    let both = log.cosigned(5, &[1, 2]);
    let cases: Vec<(&str, String, Vec<VerifierKey>)> = vec![
        ("the example of signed-note", spec_note.into(), vec![spec_key.parse().unwrap()]),
        (
            "its text changed",
            spec_note.replace("example message", "exampel message"),
            vec![spec_key.parse().unwrap()],
        ),
        ("a checkpoint", log.checkpoint(5), vec![log_key()]),
        ("a checkpoint by a key not pinned", log.checkpoint(5), vec![spec_key.parse().unwrap()]),
        ("a cosigned checkpoint, one witness pinned", both.clone(), vec![log_key(), witness_key(2)]),
        ("a cosigned checkpoint with its size changed", both.replace("\n5\n", "\n6\n"), vec![witness_key(1)]),
        ("no empty line", both.replace("\n\n", "\n"), vec![log_key()]),
        ("a carriage return", both.replace("\n5\n", "\n5\r\n"), vec![log_key()]),
    ];
    let notes: Vec<Value> = cases
        .iter()
        .map(|(name, note, keys)| {
            let parsed = SignedNote::parse(note);
            let signed_by: Vec<String> = parsed
                .as_ref()
                .ok()
                .and_then(|note| note.verify(keys).ok())
                .map(|signed| signed.iter().map(ToString::to_string).collect())
                .unwrap_or_default();
            let times: Vec<u64> = parsed
                .ok()
                .and_then(|note| verify_cosignatures(&note, keys).ok())
                .map(|cosigners| cosigners.iter().map(|cosigner| cosigner.time_s).collect())
                .unwrap_or_default();
            let keys: Vec<String> = keys.iter().map(ToString::to_string).collect();
            json!({
                "name": name, "note": note, "keys": keys, "holds": !signed_by.is_empty(),
                "signed_by": signed_by, "cosigned_at_s": times,
            })
        })
        .collect();
    let keys: Vec<Value> = [spec_key.parse().unwrap(), log_key(), witness_key(1)]
        .iter()
        .map(|key: &VerifierKey| {
            json!({
                "vkey": key.to_string(), "name": key.name(), "key_id": format!("{:08x}", key.key_id()),
                "type": key.algorithm().identifier(), "public_key": base64(key.public_key()),
            })
        })
        .collect();
    check("notes.json", &json!({"keys": keys, "notes": notes}));
}

const NOW_S: u64 = 1_754_000_000;

#[test]
fn witness_answers_are_as_committed() {
    let log = Log::sample(20);
    let forked =
        Log::of((0..20).map(|index| entry(if index == 3 { 99 } else { index }).encode().unwrap()).collect());
    let of = |log: &Log, old: u64, size: u64| {
        add_checkpoint_body(old, &consistency_proof(old, size, &log.tiles).unwrap(), &log.checkpoint(size))
    };
    let stranger = Ed25519Signer::from_seed(ORIGIN, &[66; 32]).unwrap();
    let by_stranger = sign_checkpoint(&log.head(20), &stranger).unwrap();
    let proof = consistency_proof(8, 20, &log.tiles).unwrap();
    let elsewhere = Ed25519Signer::from_seed("unknown.example", &[1; 32]).unwrap();
    let unknown = Checkpoint { origin: "unknown.example".into(), ..log.head(20) };
    let unknown = sign_checkpoint(&unknown, &elsewhere).unwrap();
    let empty_wrong = Checkpoint { size: 0, ..log.head(1) };
    let empty_wrong = sign_note(&empty_wrong.encode().unwrap(), &log_signer()).unwrap();
    let good = of(&log, 8, 20);
    let cases: [(&str, u64, String); 13] = [
        ("first checkpoint", 0, of(&log, 0, 8)),
        ("grown", 8, good.clone()),
        ("same again", 20, of(&log, 20, 20)),
        ("no request", 8, "nonsense".into()),
        ("old size with a leading zero", 8, good.replace("old 8", "old 08")),
        ("old size beyond the checkpoint", 8, good.replace("old 8", "old 21")),
        ("unknown origin", 8, add_checkpoint_body(8, &proof, &unknown)),
        ("signed by a stranger", 8, add_checkpoint_body(8, &proof, &by_stranger)),
        ("the client is behind", 8, of(&log, 7, 20)),
        ("proof too short", 8, add_checkpoint_body(8, &proof[1..], &log.checkpoint(20))),
        ("proof for a first checkpoint", 0, add_checkpoint_body(0, &proof, &log.checkpoint(20))),
        ("a fork", 8, of(&forked, 8, 20)),
        ("an empty log with a root", 0, add_checkpoint_body(0, &[], &empty_wrong)),
    ];
    let config = WitnessConfig { logs: vec![KnownLog { origin: ORIGIN.into(), keys: vec![log_key()] }] };
    let cases: Vec<Value> = cases
        .iter()
        .map(|(name, stored, request)| {
            let stored = (*stored > 0).then(|| (*stored, log.head(*stored).root));
            let response = match AddCheckpoint::parse(request.as_bytes())
                .map(|request| decide(&config, stored, &request))
            {
                Err(refused) | Ok(Decision::Refuse(refused)) => refused.response(),
                Ok(Decision::Cosign(acceptance)) => {
                    acceptance.cosign(NOW_S, &witness_signer(1)).unwrap().response
                }
            };
            let stored = stored.map(|(size, root)| json!({"size": size, "root": root}));
            json!({
                "name": name, "stored": stored, "request": request, "status": response.status,
                "content_type": response.content_type, "response": response.body,
            })
        })
        .collect();
    let vectors = json!({
        "log": {"origin": ORIGIN, "key": log_key().to_string()},
        "witness_key": witness_key(1).to_string(),
        "now_s": NOW_S,
        "cases": cases,
    });
    check("witness.json", &vectors);
}

#[test]
fn exports_are_as_committed() {
    let log = Log::sample(21);
    let mut selection = log.selection(21, &[0, 3, 4, 20]);
    selection.earlier = vec![log.earlier(21, 8), log.earlier(21, 13)];
    let range = log.range(13, 2, 6);
    let since = |size| Trust { since: Some(log.checkpoint(size)), ..pinned() };
    let witnessed = |quorum| Trust {
        witness_keys: vec![witness_key(1), witness_key(2)],
        witness_quorum: quorum,
        ..pinned()
    };
    let same = |export: &Export| text_of(export, &|_| {});
    let text = same(&selection);
    let mut cases: Vec<(&str, String, Trust)> = vec![
        ("a selection", text.clone(), pinned()),
        ("a selection, no key pinned", text.clone(), Trust::default()),
        ("a range", same(&range), pinned()),
        ("the whole log", same(&log.range(13, 0, 13)), since(9)),
        ("one witness of two asked for one", text.clone(), witnessed(1)),
        ("one witness of two asked for two", text.clone(), witnessed(2)),
        ("extends a checkpoint seen before", text.clone(), since(8)),
        ("does not say whether it extends one", text.clone(), since(9)),
        ("its tail is missing", same(&range), since(20)),
        ("the digest differs", text.replace("witness.example/w1", "witness.example/w9"), pinned()),
        (
            "a stranger's line changed, the digest put right",
            String::from_utf8(forge_digest(
                text.replace("witness.example/w1", "witness.example/w9").as_bytes(),
            ))
            .unwrap(),
            pinned(),
        ),
        ("cut", text[..text.find("entry 4 ").unwrap()].to_owned(), pinned()),
    ];
    cases.extend(forgeries(&log, &selection, &range).into_iter().map(|(name, file)| (name, file, pinned())));
    let cases: Vec<Value> = cases
        .iter()
        .map(|(name, file, trust)| {
            let verdict = verify_export(file.as_bytes(), trust);
            let indices: Vec<u64> = verdict.entries.iter().map(|entry| entry.index).collect();
            json!({
                "name": name, "file": file, "trust": trust_json(trust), "exit_code": verdict.level.exit_code(),
                "refusal": verdict.refusal().map(ToString::to_string), "indices": indices,
            })
        })
        .collect();
    check("exports.json", &json!({"cases": cases}));
}

fn text_of(export: &Export, change: &dyn Fn(&mut Export)) -> String {
    let mut changed = export.clone();
    change(&mut changed);
    String::from_utf8(changed.encode().unwrap()).unwrap()
}

/// Exports that were tampered with, their closing digest put right.
fn forgeries(log: &Log, selection: &Export, range: &Export) -> Vec<(&'static str, String)> {
    let stranger = Ed25519Signer::from_seed(ORIGIN, &[66; 32]).unwrap();
    let by_stranger = sign_checkpoint(&log.head(21), &stranger).unwrap();
    vec![
        ("another entry", text_of(selection, &|export| export.entries[1].raw = entry(9).encode().unwrap())),
        ("another place", text_of(selection, &|export| export.entries[1].index = 2)),
        (
            "another body",
            text_of(selection, &|export| {
                export.entries[2].body = Some(DisclosedBody { nonce: nonce(6), canonical: body(6) });
            }),
        ),
        ("a gap in the range", text_of(range, &|export| drop(export.entries.remove(1)))),
        (
            "a range beyond the log",
            text_of(range, &|export| export.claim = Claim::Range { first: 2, end: 14 }),
        ),
        ("re-signed", text_of(selection, &|export| export.checkpoint.clone_from(&by_stranger))),
        (
            "an earlier checkpoint of a fork",
            text_of(selection, &|export| export.earlier[0].proof[0] = leaf_hash(b"other")),
        ),
    ]
}

#[test]
fn proof_files_are_as_committed() {
    let log = Log::sample(21);
    let raw = String::from_utf8(entry(4).encode().unwrap()).unwrap();
    let file = TlogProof {
        extra: None,
        index: 4,
        proof: inclusion_proof(21, 4, &log.tiles).unwrap(),
        checkpoint: log.cosigned(21, &[1]),
    };
    let with_extra = TlogProof { extra: Some(raw.clone().into_bytes()), ..file.clone() };
    let other_place = TlogProof { index: 5, ..file.clone() };
    let short = TlogProof { proof: file.proof[1..].to_vec(), ..file.clone() };
    let witnessed = Trust { witness_keys: vec![witness_key(1)], witness_quorum: 1, ..pinned() };
    let unwitnessed = Trust { witness_keys: vec![witness_key(2)], ..witnessed.clone() };
    let cases: Vec<Value> = [
        ("a proof", file.encode(), &witnessed),
        ("a proof that carries the entry", with_extra.encode(), &witnessed),
        ("a proof, no key pinned", file.encode(), &Trust::default()),
        ("a proof without the witness asked for", file.encode(), &unwitnessed),
        ("another place", other_place.encode(), &witnessed),
        ("a hash short", short.encode(), &witnessed),
        ("another header", file.encode().replace("@v1", "@v2"), &witnessed),
    ]
    .into_iter()
    .map(|(name, file, trust)| {
        let verdict = verify_tlog_proof(&file, raw.as_bytes(), trust);
        json!({
            "name": name, "file": file, "trust": trust_json(trust), "exit_code": verdict.level.exit_code(),
            "refusal": verdict.refusal().map(ToString::to_string),
        })
    })
    .collect();
    check("proofs.json", &json!({"entry": raw, "cases": cases}));
}
