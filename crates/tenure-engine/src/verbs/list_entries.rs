//! Entries of the log for people: those about one thing, and one entry with its proof, checked step by step.
//!
//! A proof is checked here as everybody could check it: from the entry's own bytes to the root that the checkpoint
//! signs. It must never say that an entry is in the log because the database says so. Next: `evidence.rs`, exports.

use crate::{Engine, EngineFailure};
use serde::Serialize;
use tenure_evidence::{
    Entry, Hash, VerifierKey, body_digest, inclusion_proof, leaf_hash, node_hash, verify_checkpoint,
    verify_inclusion,
};
use tenure_model::Instant;
use tenure_store::{LogReader, StoreFailure, Tx};

/// One step of a proof: which side the other hash is on, and where it leads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProofStep {
    /// The other hash, in base64.
    pub sibling: String,
    /// True when the other hash is hashed first.
    pub sibling_is_left: bool,
    /// What both give, in base64.
    pub gives: String,
}

/// Whether a body is what its entry commits to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BodyState {
    /// It is.
    AsRecorded,
    /// There is none: it was erased, or never kept.
    Absent,
    /// It was changed after it was recorded.
    Altered,
}

/// One entry with its proof, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryProved {
    /// Its leaf index.
    pub index: u64,
    /// The entry.
    pub entry: Entry,
    /// Its bytes, over which its leaf hash is.
    pub raw: Vec<u8>,
    /// Its leaf hash, in base64.
    pub leaf: String,
    /// From its leaf hash to the root.
    pub steps: Vec<ProofStep>,
    /// Leaves in the tree.
    pub size: u64,
    /// The root that the checkpoint signs, in base64.
    pub root: String,
    /// The signed checkpoint.
    pub checkpoint: String,
    /// Why the proof or the signature does not hold; nothing when both do.
    pub broken: Option<String>,
    /// What the body commits to, canonical JSON.
    pub body: Option<String>,
    /// Whether that is what was recorded.
    pub body_state: BodyState,
}

impl Engine {
    /// The newest entries about a thing (by its id), newest first.
    pub async fn entries_about(&self, subject: &str, most: i64) -> Result<Vec<(u64, Entry)>, EngineFailure> {
        let subject = subject.to_owned();
        self.entries_of(move |tx| tx.newest_leaves_about(&subject, most)).await
    }

    /// The newest entries about a thing that were written until an instant, newest first.
    pub(super) async fn entries_about_until(
        &self,
        subject: &str,
        until: Instant,
        most: i64,
    ) -> Result<Vec<(u64, Entry)>, EngineFailure> {
        let subject = subject.to_owned();
        let found = self.entries_of(move |tx| tx.newest_leaves_about_until(&subject, until, most)).await?;
        Ok(found.into_iter().filter(|(_, entry)| Instant::from_micros(entry.time_us) <= until).collect())
    }

    /// The first entry about a thing.
    pub(super) async fn first_entry_about(
        &self,
        subject: &str,
    ) -> Result<Option<(u64, Entry)>, EngineFailure> {
        let subject = subject.to_owned();
        let found =
            self.entries_of(move |tx| Ok(tx.first_leaf_about(&subject)?.into_iter().collect())).await?;
        Ok(found.into_iter().next())
    }

    /// Entries at the leaves that are meant, in their order.
    async fn entries_of(
        &self,
        mut meant: impl FnMut(&mut Tx<'_>) -> Result<Vec<i64>, StoreFailure> + Send + 'static,
    ) -> Result<Vec<(u64, Entry)>, EngineFailure> {
        let read = move |tx: &mut Tx<'_>| {
            let mut found = Vec::new();
            for index in meant(tx)? {
                let index = u64::try_from(index).unwrap_or(0);
                found.extend(tx.leaves(index, index + 1)?);
            }
            Ok(found)
        };
        let leaves = self.store.read("entries_about", read).await?;
        leaves
            .into_iter()
            .map(|(index, bytes)| Ok((index, Entry::decode(&bytes).map_err(EngineFailure::evidence)?)))
            .collect()
    }

    /// One entry with its proof. An index that the log does not have is missing.
    pub async fn entry_proved(&self, index: u64) -> Result<EntryProved, EngineFailure> {
        let keys: Vec<VerifierKey> = self.log_keys().iter().filter_map(|key| key.parse().ok()).collect();
        let read = move |tx: &mut Tx<'_>| {
            let head = tx.head()?;
            let missing = || StoreFailure::Missing { noun: "entry", given: index.to_string() };
            if index >= head.size {
                return Err(missing());
            }
            let damaged = |why: String| StoreFailure::LogDamaged { why };
            let (_, raw) = tx.leaves(index, index + 1)?.into_iter().next().ok_or_else(missing)?;
            let entry = Entry::decode(&raw).map_err(|error| damaged(error.to_string()))?;
            let proof = inclusion_proof(head.size, index, &LogReader::new(tx))
                .map_err(|error| damaged(error.to_string()))?;
            let body = tx.body_of(&entry.id)?;
            Ok((head, raw, entry, proof, body))
        };
        let (head, raw, entry, proof, body) = self.store.read("entry_proved", read).await?;
        let leaf = leaf_hash(&raw);
        let is_signed = keys.iter().any(|key| verify_checkpoint(&head.note, key).is_ok());
        let unsigned = (!is_signed).then(|| String::from("no key of this log signed the checkpoint"));
        let included = verify_inclusion(index, head.size, &leaf, &head.root, &proof);
        let body_state = match &body {
            None => BodyState::Absent,
            Some((nonce, body)) if body_digest(nonce, body) == entry.body_digest => BodyState::AsRecorded,
            Some(_) => BodyState::Altered,
        };
        Ok(EntryProved {
            index,
            leaf: leaf.to_base64(),
            steps: steps(index, head.size, leaf, &proof),
            size: head.size,
            root: head.root.to_base64(),
            broken: included.err().map(|broken| broken.to_string()).or(unsigned),
            checkpoint: head.note,
            body: body.map(|(_, body)| String::from_utf8_lossy(&body).into_owned()),
            body_state,
            entry,
            raw,
        })
    }
}

/// What each hash of an inclusion proof gives (RFC 9162 section 2.1.3.2), for showing it; whether it holds is
/// decided by `verify_inclusion` alone.
fn steps(index: u64, size: u64, leaf: Hash, proof: &[Hash]) -> Vec<ProofStep> {
    let (mut node, mut last, mut hash) = (index, size.saturating_sub(1), leaf);
    let mut steps = Vec::with_capacity(proof.len());
    for sibling in proof {
        let sibling_is_left = node & 1 == 1 || node == last;
        hash = if sibling_is_left { node_hash(sibling, &hash) } else { node_hash(&hash, sibling) };
        while sibling_is_left && node & 1 == 0 && node != 0 {
            node >>= 1;
            last >>= 1;
        }
        node >>= 1;
        last >>= 1;
        steps.push(ProofStep { sibling: sibling.to_base64(), sibling_is_left, gives: hash.to_base64() });
    }
    steps
}
