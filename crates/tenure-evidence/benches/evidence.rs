//! How fast the log's arithmetic is: encode, hash, append, prove, verify, sign. One line per figure, one thread.
//!
//! Prints operations per second of the best of five runs; it never asserts a time. `cargo bench -p tenure-evidence`.
#![expect(clippy::unwrap_used, reason = "a bench that cannot set itself up should stop")]

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::Instant;
use tenure_evidence::{
    Ed25519Signer, Entry, FactValue, Frontier, Hash, NoteSigner, TileSource as _, body_digest,
    consistency_proof, inclusion_proof, leaf_hash, verify_inclusion,
};

fn main() {
    let entry = sample();
    let bytes = entry.encode().unwrap();
    println!("entry of {} bytes", bytes.len());
    let mut buffer = Vec::with_capacity(1024);
    report("encode an entry", 200_000, || {
        buffer.clear();
        black_box(&entry).encode_into(&mut buffer).unwrap();
    });
    report("decode an entry", 100_000, || drop(black_box(Entry::decode(black_box(&bytes)).unwrap())));
    report("hash a leaf", 500_000, || {
        black_box(leaf_hash(black_box(&bytes)));
    });
    let leaf = leaf_hash(&bytes);
    let mut frontier = Frontier::empty();
    let mut tiles = 0_u64;
    report("append a leaf hash", 1_000_000, || {
        frontier.append(black_box(leaf), &mut |_: u8, _: u64, hashes: &[Hash]| tiles += hashes.len() as u64);
    });
    report("root", 200_000, || {
        black_box(frontier.root());
    });
    let leaves: Vec<Hash> = (0_u64..100_000).map(|index| leaf_hash(&index.to_be_bytes())).collect();
    let mut held = BTreeMap::new();
    for (level, count) in [(0_u8, 391_u64), (1, 2), (2, 1)] {
        for index in 0..count {
            held.insert((level, index), leaves.as_slice().tile(level, index, 256).unwrap());
        }
    }
    let mut index = 0;
    report("prove inclusion in 100,000", 500, || {
        index = (index + 7_919) % 100_000;
        drop(black_box(inclusion_proof(100_000, index, &held).unwrap()));
    });
    report("prove consistency to 100,000", 500, || {
        index = 1 + (index + 7_919) % 99_999;
        drop(black_box(consistency_proof(index, 100_000, &held).unwrap()));
    });
    let proof = inclusion_proof(100_000, 4_711, &held).unwrap();
    let root = tenure_evidence::root_at(100_000, &held).unwrap();
    let (_, found) = leaves.split_at(4_711);
    let leaf = found.first().copied().unwrap();
    report("verify inclusion in 100,000", 20_000, || {
        verify_inclusion(4_711, 100_000, &leaf, &root, black_box(&proof)).unwrap();
    });
    let signer = Ed25519Signer::from_seed("bench.example", &[1; 32]).unwrap();
    report("sign", 5_000, || {
        black_box(signer.sign(b"checkpoint").unwrap());
    });
}

fn report(what: &str, count: u32, mut operation: impl FnMut()) {
    let mut best = f64::INFINITY;
    for _ in 0..5 {
        let start = Instant::now();
        for _ in 0..count {
            operation();
        }
        best = best.min(start.elapsed().as_secs_f64());
    }
    println!("FIGURE {what} | {:.0}/s", f64::from(count) / best);
}

fn sample() -> Entry {
    Entry {
        version: 1,
        id: "01981f0e-7c00-7000-8000-000000000001".into(),
        time_us: 1_754_000_000_000_000,
        kind: "credential.revoked/1".into(),
        actor: "person/01981f0e-7c00-7000-8000-0000000000aa".into(),
        subject: "principal/01981f0e-7c00-7000-8000-0000000000bb".into(),
        right: Some("revoke".into()),
        body_digest: body_digest(&[7; 32], b"{}"),
        facts: BTreeMap::from([
            ("proof_level".into(), FactValue::Text("P4".into())),
            ("points".into(), FactValue::Integer(3)),
            ("alone".into(), FactValue::Flag(false)),
        ]),
    }
}
