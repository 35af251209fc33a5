//! Witnesses: keeping checkpoints of our log that independent parties cosigned.
//!
//! A cosigned checkpoint is kept only when it is one of ours: our key signed it and our tree
//! bears it out. Whether a witness is worth anything is the verifier's decision, never ours.

use crate::{
    Actor, Engine, EngineFailure,
    record::{By, Draft},
};
use serde::Serialize;
use tenure_evidence::{Checkpoint, VerifierKey, verify_checkpoint};
use tenure_model::Instant;
use tenure_store::LogReader;

/// A checkpoint of our log with somebody else's signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cosigned {
    /// The witness's name, as it signs.
    pub witness: String,
    /// Entries the checkpoint covers.
    pub size: u64,
    /// The checkpoint with all its signatures.
    pub checkpoint: String,
    /// When it was kept.
    pub kept_at: Instant,
}

impl Engine {
    /// Keeps a cosigned checkpoint of our own log. Returns the names of its witnesses.
    pub async fn keep_cosigned(&self, actor: Actor, note: &str) -> Result<Vec<String>, EngineFailure> {
        let refused = |why: String| EngineFailure::Refused { why };
        let (checkpoint, signed) = Checkpoint::parse_unverified(note).map_err(EngineFailure::evidence)?;
        let ours = self
            .log_keys()
            .iter()
            .any(|key| key.parse::<VerifierKey>().is_ok_and(|key| verify_checkpoint(note, &key).is_ok()));
        if !ours {
            return Err(refused(format!(
                "this checkpoint was not signed by the log `{}`",
                self.keys().log.name()
            )));
        }
        let size = checkpoint.size;
        let root = self
            .store
            .read("root_at", move |tx| Ok(tenure_evidence::root_at(size, &LogReader::new(tx)).ok()))
            .await?;
        if root != Some(checkpoint.root) {
            return Err(refused(String::from("this checkpoint is not of the tree that this log holds")));
        }
        let own_name = checkpoint.origin.clone();
        let mut witnesses: Vec<String> =
            signed.signatures.iter().map(|line| line.name.clone()).filter(|name| *name != own_name).collect();
        witnesses.dedup();
        if witnesses.is_empty() {
            return Err(refused(String::from("nobody but the log itself signed this checkpoint")));
        }
        let entry = self.entry(
            Draft::new("log.cosigned", By::Person(actor, None), &own_name)
                .number("size", i64::try_from(size).unwrap_or(i64::MAX))
                .number("witnesses", i64::try_from(witnesses.len()).unwrap_or(i64::MAX)),
        )?;
        let (names, text, now) = (witnesses.clone(), note.to_owned(), self.clock.now());
        self.store
            .write("keep_cosigned", move |tx| {
                for name in &names {
                    tx.keep_cosigned(name, size, &text, now)?;
                }
                tx.entry(entry.clone())
            })
            .await?;
        Ok(witnesses)
    }

    /// Cosigned checkpoints, the largest tree first.
    pub async fn cosigned(&self) -> Result<Vec<Cosigned>, EngineFailure> {
        let kept = self.store.read("cosigned", |tx| tx.cosigned()).await?;
        Ok(kept
            .into_iter()
            .map(|(witness, size, checkpoint, kept_at)| Cosigned { witness, size, checkpoint, kept_at })
            .collect())
    }

    /// What a witness needs to follow us from `old_size`: the consistency proof to the present head.
    pub async fn consistency_from(
        &self,
        old_size: u64,
    ) -> Result<(String, Vec<tenure_evidence::Hash>), EngineFailure> {
        let (note, proof) = self
            .store
            .read("consistency", move |tx| {
                let head = tx.head()?;
                let proof = tenure_evidence::consistency_proof(old_size, head.size, &LogReader::new(tx));
                Ok((head.note, proof.map_err(|error| error.to_string())))
            })
            .await?;
        let proof = proof
            .map_err(|why| EngineFailure::Refused { why: format!("no proof from size {old_size}: {why}") })?;
        Ok((note, proof))
    }
}
