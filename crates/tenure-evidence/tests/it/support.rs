//! A small log in memory, made of fixed entries and fixed keys.
//!
//! What every other file here builds on. It must never judge anything, and nothing in it may vary between runs: the
//! vectors are made from it.

use std::collections::BTreeMap;
use tenure_evidence::export::{DisclosedBody, EarlierCheckpoint, ExportedEntry};
use tenure_evidence::{
    Checkpoint, Claim, Ed25519Signer, Entry, Export, FactValue, Frontier, Hash, NoteSigner, Trust,
    VerifierKey, body_digest, consistency_proof, cosign, inclusion_proof, leaf_hash, root_at,
    sign_checkpoint,
};

pub(crate) const ORIGIN: &str = "tenure.example/log/1";

pub(crate) type Tiles = BTreeMap<(u8, u64), Vec<Hash>>;

/// A log with all its tiles.
pub(crate) struct Log {
    pub(crate) entries: Vec<Vec<u8>>,
    pub(crate) tiles: Tiles,
    pub(crate) frontier: Frontier,
}

impl Log {
    pub(crate) fn of(entries: Vec<Vec<u8>>) -> Self {
        let mut tiles = Tiles::new();
        let mut frontier = Frontier::empty();
        for entry in &entries {
            frontier.append(leaf_hash(entry), &mut |level: u8, index: u64, hashes: &[Hash]| {
                assert!(
                    tiles.insert((level, index), hashes.to_vec()).is_none(),
                    "tile {level}/{index} came twice"
                );
            });
        }
        for (tile, hashes) in frontier.partial_tiles() {
            assert!(tiles.insert((tile.level, tile.index), hashes).is_none());
        }
        Self { entries, tiles, frontier }
    }

    /// A log of sample entries.
    pub(crate) fn sample(size: u64) -> Self {
        Self::of((0..size).map(|index| entry(index).encode().unwrap()).collect())
    }

    pub(crate) fn leaf(&self, index: u64) -> Hash {
        leaf_hash(&self.entries[usize::try_from(index).unwrap()])
    }

    /// The checkpoint at a size, signed by the log.
    pub(crate) fn checkpoint(&self, size: u64) -> String {
        sign_checkpoint(&self.head(size), &log_signer()).unwrap()
    }

    pub(crate) fn head(&self, size: u64) -> Checkpoint {
        let root = root_at(size, &self.tiles).unwrap();
        Checkpoint { origin: ORIGIN.into(), size, root, extensions: Vec::new() }
    }

    /// The checkpoint at a size, signed by the log and cosigned by these witnesses.
    pub(crate) fn cosigned(&self, size: u64, witnesses: &[u8]) -> String {
        let text = self.head(size).encode().unwrap();
        let lines: Vec<_> = witnesses
            .iter()
            .map(|number| {
                cosign(&text, 1_754_000_000 + u64::from(*number), &witness_signer(*number)).unwrap()
            })
            .collect();
        tenure_evidence::witness::add_signatures(&self.checkpoint(size), &lines).unwrap()
    }

    pub(crate) fn exported(&self, size: u64, index: u64, disclose: bool) -> ExportedEntry {
        ExportedEntry {
            index,
            raw: self.entries[usize::try_from(index).unwrap()].clone(),
            proof: inclusion_proof(size, index, &self.tiles).unwrap(),
            body: disclose.then(|| DisclosedBody { nonce: nonce(index), canonical: body(index) }),
        }
    }

    pub(crate) fn earlier(&self, size: u64, earlier: u64) -> EarlierCheckpoint {
        let proof = consistency_proof(earlier, size, &self.tiles).unwrap();
        EarlierCheckpoint { checkpoint: self.checkpoint(earlier), proof }
    }

    /// An export of a few entries at a size, two of them with bodies.
    pub(crate) fn selection(&self, size: u64, indices: &[u64]) -> Export {
        let entries =
            indices.iter().map(|index| self.exported(size, *index, index.is_multiple_of(2))).collect();
        Export {
            claim: Claim::Selection,
            checkpoint: self.cosigned(size, &[1]),
            earlier: Vec::new(),
            entries,
        }
    }

    /// An export of all entries of a range.
    pub(crate) fn range(&self, size: u64, first: u64, end: u64) -> Export {
        let entries = (first..end).map(|index| self.exported(size, index, false)).collect();
        Export {
            claim: Claim::Range { first, end },
            checkpoint: self.checkpoint(size),
            earlier: Vec::new(),
            entries,
        }
    }
}

pub(crate) fn entry(index: u64) -> Entry {
    let mut facts = BTreeMap::new();
    facts.insert("number".into(), FactValue::Integer(i64::try_from(index).unwrap()));
    if index.is_multiple_of(3) {
        facts.insert("proof_level".into(), FactValue::Text("P3".into()));
        facts.insert("alone".into(), FactValue::Flag(index.is_multiple_of(2)));
    }
    Entry {
        version: 1,
        id: format!("01981f0e-7c00-7000-8000-{index:012x}"),
        time_us: 1_754_000_000_000_000 + i64::try_from(index).unwrap() * 1_000,
        kind: if index.is_multiple_of(2) { "credential.revoked/1" } else { "survey.extent_complete/1" }
            .into(),
        actor: "person/01981f0e".into(),
        subject: format!("principal/{index:04}"),
        right: (index.is_multiple_of(2)).then(|| "revoke".into()),
        body_digest: body_digest(&nonce(index), &body(index)),
        facts,
    }
}

pub(crate) fn nonce(index: u64) -> [u8; 32] {
    *leaf_hash(&index.to_be_bytes()).as_bytes()
}

pub(crate) fn body(index: u64) -> Vec<u8> {
    let value =
        serde_json::json!({"note": "r\u{f4}le caf\u{e9}", "number": index, "steps": ["deny", "disable"]});
    tenure_evidence::canonical_json(&value).unwrap()
}

pub(crate) fn log_signer() -> Ed25519Signer {
    Ed25519Signer::from_seed(ORIGIN, &[1; 32]).unwrap()
}

pub(crate) fn log_key() -> VerifierKey {
    VerifierKey::ed25519(ORIGIN, &log_signer().public_key()).unwrap()
}

pub(crate) fn witness_signer(number: u8) -> Ed25519Signer {
    Ed25519Signer::from_seed(&format!("witness.example/w{number}"), &[100 + number; 32]).unwrap()
}

pub(crate) fn witness_key(number: u8) -> VerifierKey {
    let signer = witness_signer(number);
    VerifierKey::cosignature_v1(signer.name(), &signer.public_key()).unwrap()
}

/// Trust that pins the log and nothing else.
pub(crate) fn pinned() -> Trust {
    Trust { log_keys: vec![log_key()], ..Trust::default() }
}

/// Closes changed export bytes with a right digest, as a forger would.
pub(crate) fn forge_digest(export: &[u8]) -> Vec<u8> {
    let start = export.len() - 49;
    let mut forged = export[..start].to_vec();
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &forged);
    let digest = Hash::from_bytes(digest.as_ref().try_into().unwrap());
    forged.extend_from_slice(format!("end {digest}\n").as_bytes());
    forged
}
