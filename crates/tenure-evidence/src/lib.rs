//! The evidence log, as arithmetic: entry encoding, RFC 6962 hashing, tiles, checkpoints, proofs, witnesses and the
//! offline verifier.
//!
//! A leaf room: bytes and signatures in, verdicts out. It must never do I/O, read a clock, draw randomness, spawn or
//! await anything, and it knows no noun of the model: an entry is a few short strings, facts and a digest. Whoever
//! holds the log (the store), serves it (the server) or checks it (the command line) calls the same functions.
//!
//! The formats are C2SP's (`tlog-tiles`, `signed-note`, `tlog-checkpoint`, `tlog-cosignature`, `tlog-witness`,
//! `tlog-proof`), so that other people's tools verify what Tenure writes; `docs/evidence.md` is the auditor's view.
//!
//! Where to go next: [`entry`] for what a leaf is, [`tree`] for how the log grows, [`verify`] for how it is checked.

pub mod audit;
pub mod checkpoint;
pub mod cosignature;
pub mod entry;
pub mod export;
pub mod hash;
pub mod json;
pub mod note;
pub mod population;
pub mod proof;
pub mod tile;
pub mod tlog_proof;
pub mod tree;
pub mod trust;
pub mod verify;
pub mod witness;

pub use audit::{LogFault, LogVerdict, verify_log};
pub use checkpoint::{Checkpoint, CheckpointRefused, sign_checkpoint, verify_checkpoint};
pub use cosignature::{CosignRefused, Cosigner, cosign, verify_cosignatures};
pub use entry::{ENTRY_BYTES_MAX, Entry, EntryRefused, FactValue, body_digest};
pub use export::{
    Claim, DisclosedBody, EarlierCheckpoint, Export, ExportMalformed, ExportRefused, ExportedEntry,
};
pub use hash::{Hash, HashMalformed, empty_root, leaf_hash, node_hash};
pub use json::{JsonRefused, canonical_json};
pub use note::{
    Ed25519Signer, KeyAlgorithm, KeyMalformed, NoteRefused, NoteSignature, NoteSigner, SignRefused,
    SignedNote, VerifierKey, sign_note,
};
pub use population::{PopulationDigest, SAMPLE_MAX, Sampler};
pub use proof::{ProofBroken, verify_consistency, verify_inclusion};
pub use tile::{BundleId, TileId};
pub use tlog_proof::{TlogProof, TlogProofMalformed};
pub use tree::{
    Frontier, FrontierRefused, ProofRefused, TileSink, TileSource, consistency_proof, inclusion_proof,
    root_at,
};
pub use trust::{Level, Refusal, Trust};
pub use verify::{Verdict, VerifiedEntry, verify_export, verify_tlog_proof};
