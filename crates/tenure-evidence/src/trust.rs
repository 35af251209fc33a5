//! What a verifier pins, and the first question put to any evidence: whose tree head is this?
//!
//! [`check_head`] is shared by the checks of an export, of a proof file and of a whole log. It must never take a key, a
//! quorum or an origin from the evidence itself. Next: [`crate::verify`] and [`crate::audit`].

use crate::checkpoint::{Checkpoint, CheckpointRefused};
use crate::cosignature::{Cosigner, verify_cosignatures};
use crate::entry::EntryRefused;
use crate::export::ExportMalformed;
use crate::hash::Hash;
use crate::json::JsonRefused;
use crate::note::{KeyAlgorithm, NoteRefused, SignedNote, VerifierKey};
use crate::proof::ProofBroken;
use crate::tlog_proof::TlogProofMalformed;

/// What the verifier knows from elsewhere.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trust {
    /// Pinned keys of logs. Each speaks only for the origin it is named after. Without any, the signer stays unverified.
    pub log_keys: Vec<VerifierKey>,
    /// Pinned keys of witnesses.
    pub witness_keys: Vec<VerifierKey>,
    /// How many different pinned witnesses must have cosigned the checkpoint.
    pub witness_quorum: usize,
    /// A checkpoint (a signed note) seen before: the evidence must be of the same log and at least as long.
    pub since: Option<String>,
}

/// How far evidence was found to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Level {
    /// Everything holds, under a pinned key.
    Verified,
    /// Everything holds together, but no key was pinned: anyone could have made it.
    ConsistentSignerUnverified,
    /// Something does not hold.
    Refused(Box<Refusal>),
}

impl Level {
    /// Exit code of the command line: 0 verified, 1 refused, 4 consistent but signer unverified.
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Verified => 0,
            Self::Refused(_) => 1,
            Self::ConsistentSignerUnverified => 4,
        }
    }
}

/// The one thing found that makes evidence worthless.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not an export, or one that was cut or changed where its form shows it.
    #[error("export is malformed")]
    ExportMalformed(#[source] ExportMalformed),
    /// Not a proof file.
    #[error("proof file is malformed")]
    ProofFileMalformed(#[source] TlogProofMalformed),
    /// A checkpoint is malformed.
    #[error("{which} is malformed")]
    CheckpointMalformed {
        /// Which checkpoint, in words.
        which: String,
        /// Why.
        #[source]
        source: CheckpointRefused,
    },
    /// No pinned key speaks for this log.
    #[error("{which} is of the log `{origin}`, and no pinned key speaks for that log")]
    OriginUnpinned {
        /// Which checkpoint, in words.
        which: String,
        /// Origin found.
        origin: String,
    },
    /// Signed by another key than those pinned, or not at all: re-signed, or another log.
    #[error("{which} is not signed by a pinned key of the log `{origin}`")]
    SignatureMissing {
        /// Which checkpoint, in words.
        which: String,
        /// Origin found.
        origin: String,
    },
    /// A signature or cosignature by a pinned key is wrong: the checkpoint was changed after it was signed.
    #[error("{which} was changed after it was signed")]
    SignatureWrong {
        /// Which checkpoint, in words.
        which: String,
        /// Whose signature.
        #[source]
        source: NoteRefused,
    },
    /// Fewer pinned witnesses cosigned than asked for.
    #[error("{found} of the pinned witnesses cosigned the checkpoint, {wanted} must")]
    WitnessesTooFew {
        /// Witnesses that did.
        found: usize,
        /// Witnesses asked for.
        wanted: usize,
    },
    /// A checkpoint is of another log.
    #[error("{which} is of the log `{found}`, not `{expected}`")]
    OriginDiffers {
        /// Which checkpoint, in words.
        which: String,
        /// Origin of the evidence.
        expected: String,
        /// Origin found.
        found: String,
    },
    /// Earlier checkpoints are not by ascending size, or larger than the export's.
    #[error("earlier checkpoint of size {0} is out of order")]
    EarlierOutOfOrder(u64),
    /// The tree does not extend an earlier checkpoint of its own: forked, or the proof was changed.
    #[error("the log of size {size} does not extend its earlier checkpoint of size {earlier}")]
    EarlierNotExtended {
        /// Size of the export's checkpoint.
        size: u64,
        /// Size of the earlier one.
        earlier: u64,
        /// What broke.
        #[source]
        source: ProofBroken,
    },
    /// The evidence ends before a checkpoint seen earlier: its tail was cut, or the log was rolled back.
    #[error("the log ends at size {size}, but size {since} was seen before: its tail is missing")]
    TailMissing {
        /// Size of the evidence.
        size: u64,
        /// Size seen before.
        since: u64,
    },
    /// At a size seen before, the log now has another root: its history was rewritten.
    #[error("the log was forked: at size {size} it has another root than the one seen before")]
    Forked {
        /// The size seen before.
        size: u64,
    },
    /// The evidence holds nothing that links it to the checkpoint seen before.
    #[error("nothing in the export shows that it extends the checkpoint of size {since} seen before")]
    SinceNotCovered {
        /// Size seen before.
        since: u64,
    },
    /// An entry is not one: its bytes were changed, or the log holds something else.
    #[error("entry {index} is malformed")]
    EntryMalformed {
        /// Its leaf index.
        index: u64,
        /// Why.
        #[source]
        source: EntryRefused,
    },
    /// An entry is not in the log at its place: changed, replaced or moved.
    #[error("entry {index} is not in the log at that place")]
    EntryNotIncluded {
        /// Its claimed leaf index.
        index: u64,
        /// What broke.
        #[source]
        source: ProofBroken,
    },
    /// A disclosed body is not the one the entry commits to.
    #[error("the body of entry {index} is not the one recorded")]
    BodyDiffers {
        /// Leaf index of the entry.
        index: u64,
    },
    /// A disclosed body has the right digest but is not canonical JSON.
    #[error("the body of entry {index} is malformed")]
    BodyMalformed {
        /// Leaf index of the entry.
        index: u64,
        /// Why.
        #[source]
        source: JsonRefused,
    },
    /// The export claims every entry of a range and lacks one, or has one outside it.
    #[error("the export claims every entry from {first} up to {end}, but {what}")]
    RangeIncomplete {
        /// First index claimed.
        first: u64,
        /// Index after the last claimed.
        end: u64,
        /// What is wrong, in words.
        what: String,
    },
    /// Nothing that proofs or signatures cover was changed, but the file was.
    #[error("the file was changed after it was written, in a part no signature covers")]
    DigestDiffers,
    /// The check of a whole log found faults; they are listed beside.
    #[error("the log has faults, {0} in number")]
    LogFaulty(usize),
}

/// A tree head and what is known about who signed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) checkpoint: Checkpoint,
    pub(crate) cosigners: Vec<Cosigner>,
}

/// Reads a signed checkpoint and checks it against the pinned keys. `which` names it in refusals. Without pinned log keys
/// its signer is not checked; witnesses always are.
pub(crate) fn check_head(note: &str, which: &str, trust: &Trust) -> Result<Head, Refusal> {
    let malformed = |source| Refusal::CheckpointMalformed { which: which.to_owned(), source };
    let (checkpoint, note) = Checkpoint::parse_unverified(note).map_err(malformed)?;
    checkpoint.check_empty_root().map_err(malformed)?;
    if !trust.log_keys.is_empty() {
        check_signer(&checkpoint, &note, which, &trust.log_keys)?;
    }
    let cosigners = verify_cosignatures(&note, &trust.witness_keys)
        .map_err(|source| Refusal::SignatureWrong { which: which.to_owned(), source })?;
    Ok(Head { checkpoint, cosigners })
}

/// Counts witnesses by public key: one witness pinned under two names is still one.
pub(crate) fn check_quorum(head: &Head, trust: &Trust) -> Result<(), Refusal> {
    let mut public_keys: Vec<&[u8; 32]> = trust
        .witness_keys
        .iter()
        .filter(|key| head.cosigners.iter().any(|by| by.name == key.name() && by.key_id == key.key_id()))
        .map(VerifierKey::public_key)
        .collect();
    public_keys.sort_unstable();
    public_keys.dedup();
    if public_keys.len() >= trust.witness_quorum {
        Ok(())
    } else {
        Err(Refusal::WitnessesTooFew { found: public_keys.len(), wanted: trust.witness_quorum })
    }
}

/// The checkpoint seen before, checked like any other, and that the evidence is of that log and not shorter.
pub(crate) fn check_since(head: &Checkpoint, trust: &Trust) -> Result<Option<Checkpoint>, Refusal> {
    let Some(since) = &trust.since else { return Ok(None) };
    let which = "the checkpoint seen before";
    let since = check_head(since, which, trust)?.checkpoint;
    same_origin(head, &since, which)?;
    if since.size > head.size {
        return Err(Refusal::TailMissing { size: head.size, since: since.size });
    }
    if since.size == head.size && since.root != head.root {
        return Err(Refusal::Forked { size: since.size });
    }
    Ok(Some(since))
}

pub(crate) fn same_origin(head: &Checkpoint, other: &Checkpoint, which: &str) -> Result<(), Refusal> {
    if head.origin == other.origin {
        return Ok(());
    }
    Err(Refusal::OriginDiffers {
        which: which.to_owned(),
        expected: head.origin.clone(),
        found: other.origin.clone(),
    })
}

fn check_signer(
    checkpoint: &Checkpoint,
    note: &SignedNote,
    which: &str,
    log_keys: &[VerifierKey],
) -> Result<(), Refusal> {
    let (which, origin) = (which.to_owned(), checkpoint.origin.clone());
    let keys: Vec<VerifierKey> = log_keys
        .iter()
        .filter(|key| key.algorithm() == KeyAlgorithm::Ed25519 && key.name() == origin)
        .cloned()
        .collect();
    if keys.is_empty() {
        return Err(Refusal::OriginUnpinned { which, origin });
    }
    match note.verify(&keys) {
        Ok(_) => Ok(()),
        Err(NoteRefused::SignatureMissing) => Err(Refusal::SignatureMissing { which, origin }),
        Err(source) => Err(Refusal::SignatureWrong { which, source }),
    }
}

/// What no check of a tree head can show, in plain words.
pub(crate) fn head_limits(head: &Head, trust: &Trust) -> Vec<String> {
    let mut limits = vec![
        "that what an entry says is true: it shows what Tenure recorded, not that the world was so"
            .to_owned(),
        "when an entry was recorded: its time is the clock of the one who recorded it".to_owned(),
        "that nobody but the log's operator could use the signing key".to_owned(),
    ];
    if trust.log_keys.is_empty() {
        limits.push("who signed it: no log key was pinned, so anyone could have made this".to_owned());
    }
    if head.cosigners.is_empty() {
        limits.push(
            "that everyone is shown the same log: no independent witness was asked to confirm it".to_owned(),
        );
    }
    if trust.since.is_none() {
        limits.push("that it extends what you saw before: no earlier checkpoint was given".to_owned());
    }
    limits.push(format!("what was recorded after size {}", head.checkpoint.size));
    limits
}

/// What a good tree head shows, in plain words.
pub(crate) fn head_shows(head: &Head, trust: &Trust) -> Vec<String> {
    let checkpoint = &head.checkpoint;
    let mut shows = Vec::new();
    if !trust.log_keys.is_empty() {
        shows.push(format!(
            "the holder of the pinned key signed the log `{}` at size {}",
            checkpoint.origin, checkpoint.size
        ));
    }
    for cosigner in &head.cosigners {
        shows.push(format!(
            "witness `{}` saw this log and that it extends all it saw before, at {} s since 1970",
            cosigner.name, cosigner.time_s
        ));
    }
    shows
}

/// Root of a checkpoint at a size, as evidence computes it, against one seen before.
pub(crate) fn check_fork(since: &Checkpoint, root: &Hash) -> Result<(), Refusal> {
    if since.root == *root { Ok(()) } else { Err(Refusal::Forked { size: since.size }) }
}
