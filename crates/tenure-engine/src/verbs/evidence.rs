//! Reading the log for people: heads, entries, proofs and exports.
//!
//! An export holds all that an auditor needs and nothing that must be believed: raw entries,
//! inclusion proofs, the signed checkpoint. It must never hold a value; entries never do.

use crate::{Engine, EngineFailure, signer::verifier_keys};
use serde::Serialize;
use tenure_evidence::{
    export::{Claim, DisclosedBody, EarlierCheckpoint, Export, ExportedEntry},
    inclusion_proof,
};
use tenure_model::{Instant, PlanId};
use tenure_store::{Head, LogReader, StoreFailure, Tx};

/// Where the log stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogStatus {
    /// Its origin, which is also its key's name.
    pub origin: String,
    /// Entries in it.
    pub size: u64,
    /// Its root, in base64.
    pub root: String,
    /// The signed checkpoint.
    pub checkpoint: String,
    /// Keys that verify it, as note verifier keys, newest first.
    pub keys: Vec<String>,
}

/// An export ready to be written to a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvidenceExport {
    /// The file's content (`tenure-export/1`).
    pub bytes: Vec<u8>,
    /// Entries in it.
    pub entries: usize,
    /// Size of the tree it leads to.
    pub size: u64,
}

impl Engine {
    /// The keys that verify this log.
    pub fn log_keys(&self) -> Vec<String> {
        verifier_keys(&self.keys)
    }

    /// Where the log stands.
    pub async fn log_status(&self) -> Result<LogStatus, EngineFailure> {
        let (origin, head) = self.store.read("head", |tx| Ok((tx.log_origin()?, tx.head()?))).await?;
        Ok(LogStatus {
            origin,
            size: head.size,
            root: head.root.to_base64(),
            checkpoint: head.note,
            keys: self.log_keys(),
        })
    }

    /// Exports everything recorded about one plan, with the bodies that are still there.
    pub async fn export_plan(&self, plan: PlanId) -> Result<EvidenceExport, EngineFailure> {
        let chosen = move |tx: &mut Tx<'_>, _: &Head| {
            let subject = plan.to_string();
            match (tx.missing_about(&subject)?, tx.leaves_about(&subject, 10_000)?) {
                (0, leaves) if !leaves.is_empty() => Ok(leaves),
                (0, _) => {
                    Err(StoreFailure::LogDamaged { why: format!("nothing is recorded about plan {subject}") })
                }
                (missing, _) => Err(StoreFailure::LogDamaged {
                    why: format!(
                        "{missing} entries about plan {subject} were removed; tenure doctor says more"
                    ),
                }),
            }
        };
        self.export("export_plan", chosen, Claim::Selection).await
    }

    /// Exports a range of the log, complete.
    pub async fn export_range(&self, first: u64, end: Option<u64>) -> Result<EvidenceExport, EngineFailure> {
        let size = self.store.read("head", |tx| tx.head()).await?.size;
        let end = end.unwrap_or(size).min(size);
        if first >= end || end - first > 100_000 {
            let why = format!("the log has entries 0 to {size}; ask for at most 100000 of them");
            return Err(EngineFailure::Refused { why });
        }
        let claim = Claim::Range { first, end };
        self.export("export_range", move |_, _| Ok((first..end).collect()), claim).await
    }

    async fn export<F>(
        &self,
        what: &'static str,
        mut choose: F,
        claim: Claim,
    ) -> Result<EvidenceExport, EngineFailure>
    where
        F: FnMut(&mut Tx<'_>, &Head) -> Result<Vec<u64>, StoreFailure> + Send + 'static,
    {
        let (export, size) = self
            .store
            .read(what, move |tx| {
                let head = tx.head()?;
                let indexes: Vec<u64> =
                    choose(tx, &head)?.into_iter().filter(|index| *index < head.size).collect();
                let head = cosigned_head(tx, indexes.last().copied())?.unwrap_or(head);
                let entries =
                    indexes.iter().map(|index| exported(tx, &head, *index)).collect::<Result<Vec<_>, _>>()?;
                let earlier: Vec<EarlierCheckpoint> = Vec::new();
                Ok((Export { claim, checkpoint: head.note, earlier, entries }, head.size))
            })
            .await?;
        let bytes = export.encode().map_err(EngineFailure::evidence)?;
        Ok(EvidenceExport { bytes, entries: export.entries.len(), size })
    }

    /// One page of the log, newest first: index, time and the entry itself.
    pub async fn log_page(
        &self,
        before: Option<u64>,
        page_size: u64,
    ) -> Result<Vec<(u64, tenure_evidence::Entry)>, EngineFailure> {
        let leaves = self
            .store
            .read("log_page", move |tx| {
                let end = before.unwrap_or(u64::MAX).min(tx.head()?.size);
                tx.leaves(end.saturating_sub(page_size), end)
            })
            .await?;
        leaves
            .into_iter()
            .rev()
            .map(|(index, bytes)| {
                let entry = tenure_evidence::Entry::decode(&bytes).map_err(EngineFailure::evidence)?;
                Ok((index, entry))
            })
            .collect()
    }

    /// The first and last instants of a plan's evidence, for headlines.
    pub async fn evidence_span(&self, plan: PlanId) -> Result<Option<(u64, u64)>, EngineFailure> {
        let leaves = self.store.read("span", move |tx| tx.leaves_about(&plan.to_string(), 10_000)).await?;
        Ok(leaves.first().copied().zip(leaves.last().copied()))
    }

    /// The present, for headers of exports.
    pub fn present(&self) -> Instant {
        self.clock.now()
    }
}

/// Exports a range of the log of a database that no store has open.
pub(crate) fn export_closed(
    database: &std::path::Path,
    first: u64,
    end: u64,
) -> Result<Vec<u8>, EngineFailure> {
    let export = tenure_store::read_closed(database, |tx| {
        let head = tx.head()?;
        let entries = (first..end).map(|index| exported(tx, &head, index)).collect::<Result<Vec<_>, _>>()?;
        Ok(Export { claim: Claim::Range { first, end }, checkpoint: head.note, earlier: Vec::new(), entries })
    })?;
    export.encode().map_err(EngineFailure::evidence)
}

/// A checkpoint that a witness cosigned and that covers `last`: better than our word alone.
fn cosigned_head(tx: &mut Tx<'_>, last: Option<u64>) -> Result<Option<Head>, StoreFailure> {
    let Some(last) = last else { return Ok(None) };
    let kept = tx.cosigned()?.into_iter().find(|(_, size, ..)| *size > last);
    let Some((_, size, note, _)) = kept else { return Ok(None) };
    let root = tenure_evidence::root_at(size, &LogReader::new(tx))
        .map_err(|error| StoreFailure::LogDamaged { why: error.to_string() })?;
    Ok(Some(Head { size, root, note }))
}

fn exported(tx: &mut Tx<'_>, head: &Head, index: u64) -> Result<ExportedEntry, StoreFailure> {
    let damaged = |why: String| StoreFailure::LogDamaged { why };
    let (_, raw) = tx
        .leaves(index, index + 1)?
        .into_iter()
        .next()
        .ok_or_else(|| damaged(format!("entry {index} is missing")))?;
    let entry = tenure_evidence::Entry::decode(&raw).map_err(|error| damaged(error.to_string()))?;
    let body = tx.body_of(&entry.id)?.map(|(nonce, canonical)| DisclosedBody { nonce, canonical });
    let proof =
        inclusion_proof(head.size, index, &LogReader::new(tx)).map_err(|error| damaged(error.to_string()))?;
    Ok(ExportedEntry { index, raw, proof, body })
}
