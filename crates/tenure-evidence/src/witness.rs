//! The witness protocol without its sockets (C2SP tlog-witness, `add-checkpoint`).
//!
//! [`decide`] says what a witness must answer; [`Acceptance::cosign`] makes the answer. Between the two the caller must
//! make the new size and root durable, or a crash lets the witness cosign two histories:
//!
//! - t0 `decide` with the stored head; t1 replace the stored head by the new one if it is still the one decided on,
//!   durably (else begin again at t0); t2 `cosign` and answer.
//!
//! The client's half builds the request and reads the answers. Next: [`crate::cosignature`].

use crate::checkpoint::{Checkpoint, CheckpointRefused, parse_decimal};
use crate::cosignature::{CosignRefused, cosign, cosigned_at};
use crate::hash::{Hash, sha256};
use crate::note::{
    KeyAlgorithm, NOTE_BYTES_MAX, NoteRefused, NoteSignature, NoteSigner, SignedNote, VerifierKey,
};
use crate::proof::{ProofBroken, verify_consistency};
use std::fmt::Write as _;

/// Most hashes in a request (tlog-witness, "add-checkpoint").
pub const PROOF_HASHES_MAX: usize = 63;

/// Most bytes of a request body.
pub const REQUEST_BYTES_MAX: usize = NOTE_BYTES_MAX + 4096;

/// Most bytes of an answer a client reads.
pub const RESPONSE_BYTES_MAX: usize = 64 * 1024;

/// A log the witness watches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownLog {
    /// Its origin line.
    pub origin: String,
    /// The keys it may sign with; several during a key rotation.
    pub keys: Vec<VerifierKey>,
}

/// What a witness is configured with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WitnessConfig {
    /// The logs it watches, each origin once.
    pub logs: Vec<KnownLog>,
}

/// A head that a witness holds for a log: size and root of the latest checkpoint it cosigned.
pub type StoredHead = (u64, Hash);

/// A request to cosign, taken apart but not believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddCheckpoint {
    /// Size the client believes the witness cosigned last.
    pub old_size: u64,
    /// Consistency proof from that size.
    pub proof: Vec<Hash>,
    /// The note with the new checkpoint.
    pub note: SignedNote,
    /// What the note's text says.
    pub checkpoint: Checkpoint,
}

/// Why a body is not a request, or a request is not cosigned. [`WitnessRefused::response`] is the answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WitnessRefused {
    /// 400: the body is not of the shape of a request.
    #[error("malformed request: {0}")]
    Malformed(&'static str),
    /// 400: the checkpoint in it is malformed.
    #[error("malformed checkpoint")]
    CheckpointMalformed(#[source] CheckpointRefused),
    /// 400: the old size is beyond the checkpoint.
    #[error("old size {old} is beyond checkpoint size {size}")]
    OldSizeBeyond {
        /// Old size of the request.
        old: u64,
        /// Size of the checkpoint.
        size: u64,
    },
    /// 403: not signed, or wrongly, by a key of the log.
    #[error("checkpoint signature")]
    Signature(#[source] NoteRefused),
    /// 404: a log this witness does not watch.
    #[error("origin is not known here")]
    OriginUnknown,
    /// 409: the witness's latest checkpoint has another size than the client thinks.
    #[error("latest cosigned size is {latest}")]
    OldSizeConflict {
        /// Size of the latest checkpoint cosigned; 0 if there is none.
        latest: u64,
    },
    /// 422: an empty tree with a root.
    #[error("empty checkpoint")]
    EmptyRoot(#[source] CheckpointRefused),
    /// 422: the new tree does not extend the old one, or the proof does not show it.
    #[error("consistency")]
    Inconsistent(#[source] ProofBroken),
}

/// An HTTP answer, to be sent as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// Status code.
    pub status: u16,
    /// `Content-Type`.
    pub content_type: &'static str,
    /// Body.
    pub body: String,
}

/// What the witness must do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Make the new head durable, then cosign.
    Cosign(Acceptance),
    /// Send the refusal's response; nothing changes.
    Refuse(WitnessRefused),
}

/// A checkpoint that may be cosigned once its head is durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acceptance {
    /// The log.
    pub origin: String,
    /// The head decided on: the caller replaces exactly this one, or decides again.
    pub previous: Option<StoredHead>,
    /// New size, to be persisted before [`Acceptance::cosign`].
    pub size: u64,
    /// New root, to be persisted before [`Acceptance::cosign`].
    pub root: Hash,
    /// The checkpoint with only the log's verified signatures.
    note: SignedNote,
}

/// A cosigned checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cosigned {
    /// The answer to the client (200).
    pub response: Response,
    /// The checkpoint with the log's signatures and the cosignature, to serve at
    /// `<monitoring prefix>/<origin hash>/checkpoint`.
    pub checkpoint: String,
}

impl WitnessConfig {
    /// The log of that origin.
    pub fn log(&self, origin: &str) -> Option<&KnownLog> {
        self.logs.iter().find(|log| log.origin == origin)
    }
}

impl AddCheckpoint {
    /// Reads a request body.
    pub fn parse(body: &[u8]) -> Result<Self, WitnessRefused> {
        if body.len() > REQUEST_BYTES_MAX {
            return Err(WitnessRefused::Malformed("body is too long"));
        }
        let body = std::str::from_utf8(body).map_err(|_| WitnessRefused::Malformed("body is not utf-8"))?;
        let (head, note) = body.split_once("\n\n").ok_or(WitnessRefused::Malformed("no empty line"))?;
        let mut lines = head.split('\n');
        let old_size = lines
            .next()
            .and_then(|line| line.strip_prefix("old "))
            .and_then(parse_decimal)
            .ok_or(WitnessRefused::Malformed("first line is not an old size"))?;
        let mut proof = Vec::new();
        for line in lines {
            if proof.len() == PROOF_HASHES_MAX {
                return Err(WitnessRefused::Malformed("more than 63 proof lines"));
            }
            let hash = Hash::from_base64(line)
                .map_err(|_| WitnessRefused::Malformed("a proof line is not the base64 of a hash"))?;
            proof.push(hash);
        }
        let (checkpoint, note) =
            Checkpoint::parse_unverified(note).map_err(WitnessRefused::CheckpointMalformed)?;
        Ok(Self { old_size, proof, note, checkpoint })
    }

    /// The log whose stored head [`decide`] needs.
    pub fn origin(&self) -> &str {
        &self.checkpoint.origin
    }
}

/// Body of a request to cosign `checkpoint` (a signed note), whose consistency with `old_size` is shown by `proof`.
pub fn add_checkpoint_body(old_size: u64, proof: &[Hash], checkpoint: &str) -> String {
    let mut body = format!("old {old_size}\n");
    for hash in proof {
        // Writing to a string cannot fail.
        let _ = writeln!(body, "{hash}");
    }
    body.push('\n');
    body.push_str(checkpoint);
    body
}

/// Decides on a request, given the head stored for [`AddCheckpoint::origin`].
pub fn decide(config: &WitnessConfig, stored: Option<StoredHead>, request: &AddCheckpoint) -> Decision {
    match examine(config, stored, request) {
        Ok(acceptance) => Decision::Cosign(acceptance),
        Err(refused) => Decision::Refuse(refused),
    }
}

fn examine(
    config: &WitnessConfig,
    stored: Option<StoredHead>,
    request: &AddCheckpoint,
) -> Result<Acceptance, WitnessRefused> {
    let checkpoint = &request.checkpoint;
    let log = config.log(&checkpoint.origin).ok_or(WitnessRefused::OriginUnknown)?;
    let log_keys: Vec<VerifierKey> =
        log.keys.iter().filter(|key| key.algorithm() == KeyAlgorithm::Ed25519).cloned().collect();
    request.note.verify(&log_keys).map_err(WitnessRefused::Signature)?;
    if request.old_size > checkpoint.size {
        return Err(WitnessRefused::OldSizeBeyond { old: request.old_size, size: checkpoint.size });
    }
    let latest = stored.map_or(0, |(size, _)| size);
    if request.old_size != latest {
        return Err(WitnessRefused::OldSizeConflict { latest });
    }
    checkpoint.check_empty_root().map_err(WitnessRefused::EmptyRoot)?;
    let old_root = stored.map_or_else(crate::hash::empty_root, |(_, root)| root);
    verify_consistency(latest, &old_root, checkpoint.size, &checkpoint.root, &request.proof)
        .map_err(WitnessRefused::Inconsistent)?;
    let mut note = request.note.clone();
    note.signatures.retain(|signature| log_keys.iter().any(|key| signature.claims(key)));
    Ok(Acceptance {
        origin: checkpoint.origin.clone(),
        previous: stored,
        size: checkpoint.size,
        root: checkpoint.root,
        note,
    })
}

impl Acceptance {
    /// Cosigns as of `time_s` (seconds since the epoch). Only after the new head is durable.
    pub fn cosign(&self, time_s: u64, signer: &impl NoteSigner) -> Result<Cosigned, CosignRefused> {
        let signature = cosign(&self.note.text, time_s, signer)?;
        let body = signature.line();
        let mut note = self.note.clone();
        note.signatures.push(signature);
        let response = Response { status: 200, content_type: "text/plain; charset=utf-8", body };
        Ok(Cosigned { response, checkpoint: note.encode() })
    }
}

impl WitnessRefused {
    /// The status code tlog-witness asks for.
    pub const fn status(&self) -> u16 {
        match self {
            Self::Malformed(_) | Self::CheckpointMalformed(_) | Self::OldSizeBeyond { .. } => 400,
            Self::Signature(_) => 403,
            Self::OriginUnknown => 404,
            Self::OldSizeConflict { .. } => 409,
            Self::EmptyRoot(_) | Self::Inconsistent(_) => 422,
        }
    }

    /// The whole answer. For 409 the body is the latest size, as clients need it to try again.
    pub fn response(&self) -> Response {
        match self {
            Self::OldSizeConflict { latest } => {
                Response { status: 409, content_type: "text/x.tlog.size", body: format!("{latest}\n") }
            }
            Self::Malformed(_)
            | Self::CheckpointMalformed(_)
            | Self::OldSizeBeyond { .. }
            | Self::Signature(_)
            | Self::OriginUnknown
            | Self::EmptyRoot(_)
            | Self::Inconsistent(_) => Response {
                status: self.status(),
                content_type: "text/plain; charset=utf-8",
                body: format!("{}\n", with_causes(self)),
            },
        }
    }
}

/// An error with its causes, as the client should read it: nothing in them is secret.
fn with_causes(refused: &dyn std::error::Error) -> String {
    match refused.source() {
        Some(source) => format!("{refused}: {}", with_causes(source)),
        None => refused.to_string(),
    }
}

/// Lower-case hexadecimal SHA-256 of an origin: its path at a witness's monitoring prefix.
pub fn origin_hash(origin: &str) -> String {
    let mut hex = String::with_capacity(64);
    for byte in sha256(origin.as_bytes()).as_bytes() {
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

/// Why a witness's answer is of no use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AnswerRefused {
    /// Longer than [`RESPONSE_BYTES_MAX`].
    #[error("answer has {0} bytes, more than {RESPONSE_BYTES_MAX}")]
    TooLong(usize),
    /// The body of a 409 is not a size on a line.
    #[error("answer is not a tree size")]
    NotASize,
    /// A line of a 200 is not a signature, or a cosignature by a pinned witness is wrong.
    #[error("answer is refused")]
    Signature(#[source] NoteRefused),
}

/// Reads the body of a 200: the cosignatures on `text` (a checkpoint without signatures) by `witness_keys`. Lines by
/// others are ignored; a wrong line by a pinned witness, or none by any, refuses the answer.
pub fn parse_cosignatures(
    body: &str,
    text: &str,
    witness_keys: &[VerifierKey],
) -> Result<Vec<NoteSignature>, AnswerRefused> {
    if body.len() > RESPONSE_BYTES_MAX {
        return Err(AnswerRefused::TooLong(body.len()));
    }
    let lines = body.strip_suffix('\n').ok_or(AnswerRefused::Signature(NoteRefused::SignatureLine))?;
    let mut found = Vec::new();
    for line in lines.split('\n') {
        let signature = NoteSignature::parse(line).map_err(AnswerRefused::Signature)?;
        let claimed = witness_keys
            .iter()
            .find(|key| key.algorithm() == KeyAlgorithm::CosignatureV1 && signature.claims(key));
        if let Some(key) = claimed {
            if cosigned_at(text, &signature, key).is_none() {
                let (name, key_id) = (signature.name, signature.key_id);
                return Err(AnswerRefused::Signature(NoteRefused::SignatureWrong { name, key_id }));
            }
            found.push(signature);
        }
    }
    if found.is_empty() { Err(AnswerRefused::Signature(NoteRefused::SignatureMissing)) } else { Ok(found) }
}

/// Reads the body of a 409: the size the witness cosigned last.
pub fn parse_conflict(body: &str) -> Result<u64, AnswerRefused> {
    body.strip_suffix('\n').and_then(parse_decimal).ok_or(AnswerRefused::NotASize)
}

/// Adds cosignatures to a signed checkpoint. A line by the same name and key id is replaced, not doubled.
pub fn add_signatures(checkpoint: &str, signatures: &[NoteSignature]) -> Result<String, NoteRefused> {
    let mut note = SignedNote::parse(checkpoint)?;
    for signature in signatures {
        note.signatures.retain(|old| old.name != signature.name || old.key_id != signature.key_id);
        note.signatures.push(signature.clone());
    }
    let text = note.encode();
    SignedNote::parse(&text)?;
    Ok(text)
}
