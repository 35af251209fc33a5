//! Offline verification of an export and of a proof file: bytes and pinned keys in, a verdict out.
//!
//! The room an auditor relies on. It must never call anything but arithmetic, must never let a doubt pass as a yes, and
//! hands out no entry of evidence it refused. Its verdict says in plain words what the evidence does not show. Next:
//! [`crate::trust`] for keys and refusals, [`crate::audit`] for a whole log.

use crate::checkpoint::Checkpoint;
use crate::cosignature::Cosigner;
use crate::entry::{Entry, body_digest};
use crate::export::{Claim, Export, ExportedEntry};
use crate::hash::{Hash, leaf_hash};
use crate::json::parse_canonical;
use crate::proof::{verify_consistency, verify_inclusion};
use crate::tlog_proof::TlogProof;
use crate::tree::Frontier;
use crate::trust::{
    Level, Refusal, Trust, check_fork, check_head, check_quorum, check_since, head_limits, head_shows,
    same_origin,
};
use serde_json::Value;

/// What was found about an export.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// How far it holds.
    pub level: Level,
    /// Name of the log; empty if the export could not be read that far.
    pub origin: String,
    /// Size of the log at the export's checkpoint; 0 if the export could not be read that far.
    pub tree_size: u64,
    /// Pinned witnesses that cosigned the checkpoint.
    pub cosigners: Vec<Cosigner>,
    /// The entries, by ascending index; none if refused.
    pub entries: Vec<VerifiedEntry>,
    /// What it shows, in plain words; nothing if refused.
    pub shows: Vec<String>,
    /// What it does not show, in plain words; nothing if refused.
    pub does_not_show: Vec<String>,
}

/// An entry that is in the log.
#[derive(Debug, Clone, PartialEq)]
pub struct VerifiedEntry {
    /// Its leaf index.
    pub index: u64,
    /// The entry.
    pub entry: Entry,
    /// Its body, where disclosed.
    pub body: Option<Value>,
}

impl Verdict {
    fn blank() -> Self {
        Self {
            level: Level::ConsistentSignerUnverified,
            origin: String::new(),
            tree_size: 0,
            cosigners: Vec::new(),
            entries: Vec::new(),
            shows: Vec::new(),
            does_not_show: Vec::new(),
        }
    }

    /// The refusal, if it is one.
    pub fn refusal(&self) -> Option<&Refusal> {
        match &self.level {
            Level::Refused(refusal) => Some(refusal),
            Level::Verified | Level::ConsistentSignerUnverified => None,
        }
    }
}

/// Verifies an export file (`tenure-export/1`).
pub fn verify_export(bytes: &[u8], trust: &Trust) -> Verdict {
    let mut verdict = Verdict::blank();
    match examine(bytes, trust, &mut verdict) {
        Ok(()) if trust.log_keys.is_empty() => verdict.level = Level::ConsistentSignerUnverified,
        Ok(()) => verdict.level = Level::Verified,
        Err(refusal) => {
            let (origin, tree_size) = (verdict.origin, verdict.tree_size);
            verdict =
                Verdict { level: Level::Refused(Box::new(refusal)), origin, tree_size, ..Verdict::blank() };
        }
    }
    verdict
}

fn examine(bytes: &[u8], trust: &Trust, verdict: &mut Verdict) -> Result<(), Refusal> {
    let read = Export::read(bytes).map_err(Refusal::ExportMalformed)?;
    let export = read.export;
    let head = check_head(&export.checkpoint, "the checkpoint", trust)?;
    verdict.origin.clone_from(&head.checkpoint.origin);
    verdict.tree_size = head.checkpoint.size;
    check_quorum(&head, trust)?;
    let earlier = check_earlier(&export, &head.checkpoint, trust)?;
    let since = check_since(&head.checkpoint, trust)?;
    for exported in &export.entries {
        verdict.entries.push(check_entry(exported, &head.checkpoint)?);
    }
    check_claim(&export, &head.checkpoint)?;
    if let Some(since) = &since {
        check_extends(since, &head.checkpoint, &earlier, &export)?;
    }
    if !read.digest_holds {
        return Err(Refusal::DigestDiffers);
    }
    verdict.shows = head_shows(&head, trust);
    verdict.shows.extend(export_shows(&export, &head.checkpoint, &earlier, since.as_ref()));
    verdict.does_not_show = export_limits(&export, &head.checkpoint);
    verdict.does_not_show.extend(head_limits(&head, trust));
    verdict.cosigners = head.cosigners;
    Ok(())
}

fn check_earlier(export: &Export, head: &Checkpoint, trust: &Trust) -> Result<Vec<Checkpoint>, Refusal> {
    let mut earlier: Vec<Checkpoint> = Vec::new();
    for part in &export.earlier {
        let which = "an earlier checkpoint";
        let checkpoint = check_head(&part.checkpoint, which, trust)?.checkpoint;
        same_origin(head, &checkpoint, which)?;
        let ascending = earlier.last().is_none_or(|last| last.size < checkpoint.size);
        if !ascending || checkpoint.size > head.size {
            return Err(Refusal::EarlierOutOfOrder(checkpoint.size));
        }
        verify_consistency(checkpoint.size, &checkpoint.root, head.size, &head.root, &part.proof).map_err(
            |source| Refusal::EarlierNotExtended { size: head.size, earlier: checkpoint.size, source },
        )?;
        earlier.push(checkpoint);
    }
    Ok(earlier)
}

fn check_entry(exported: &ExportedEntry, head: &Checkpoint) -> Result<VerifiedEntry, Refusal> {
    let index = exported.index;
    verify_inclusion(index, head.size, &leaf_hash(&exported.raw), &head.root, &exported.proof)
        .map_err(|source| Refusal::EntryNotIncluded { index, source })?;
    let entry = Entry::decode(&exported.raw).map_err(|source| Refusal::EntryMalformed { index, source })?;
    let body = match &exported.body {
        Some(body) if body_digest(&body.nonce, &body.canonical) != entry.body_digest => {
            return Err(Refusal::BodyDiffers { index });
        }
        Some(body) => Some(
            parse_canonical(&body.canonical).map_err(|source| Refusal::BodyMalformed { index, source })?,
        ),
        None => None,
    };
    Ok(VerifiedEntry { index, entry, body })
}

fn check_claim(export: &Export, head: &Checkpoint) -> Result<(), Refusal> {
    let Claim::Range { first, end } = export.claim else { return Ok(()) };
    let incomplete = |what: String| Err(Refusal::RangeIncomplete { first, end, what });
    if first >= end || end > head.size {
        return incomplete(format!("the log has {} entries", head.size));
    }
    let mut expected = first;
    for entry in &export.entries {
        if entry.index < first || entry.index >= end {
            return incomplete(format!("entry {} is outside", entry.index));
        }
        if entry.index != expected {
            return incomplete(format!("entry {expected} is missing"));
        }
        expected += 1;
    }
    if expected == end { Ok(()) } else { incomplete(format!("entry {expected} is missing")) }
}

/// That the export's tree extends the one seen before: by an earlier checkpoint in it, or because all entries up to
/// that size are in it.
fn check_extends(
    since: &Checkpoint,
    head: &Checkpoint,
    earlier: &[Checkpoint],
    export: &Export,
) -> Result<(), Refusal> {
    if since.size == 0 || since.size == head.size {
        return Ok(());
    }
    if let Some(known) = earlier.iter().find(|known| known.size == since.size) {
        return check_fork(since, &known.root);
    }
    let Claim::Range { first: 0, end } = export.claim else {
        return Err(Refusal::SinceNotCovered { since: since.size });
    };
    if end < since.size {
        return Err(Refusal::SinceNotCovered { since: since.size });
    }
    let mut tree = Frontier::empty();
    for entry in export.entries.iter().take_while(|entry| entry.index < since.size) {
        tree.append(leaf_hash(&entry.raw), &mut |_: u8, _: u64, _: &[Hash]| {});
    }
    check_fork(since, &tree.root())
}

fn export_shows(
    export: &Export,
    head: &Checkpoint,
    earlier: &[Checkpoint],
    since: Option<&Checkpoint>,
) -> Vec<String> {
    let mut shows = Vec::new();
    match export.claim {
        Claim::Selection => {
            shows.push("each entry in it is in the log, unchanged, at the place named".to_owned());
        }
        Claim::Range { first: 0, end } if end == head.size => {
            shows.push("its entries are the whole log, unchanged and in order".to_owned());
        }
        Claim::Range { first, end } => {
            shows.push(format!("its entries are all from {first} up to {end}, unchanged and in order"));
        }
    }
    for checkpoint in earlier.iter().chain(since) {
        shows.push(format!("the log extends its checkpoint of size {}", checkpoint.size));
    }
    shows.dedup();
    shows
}

fn export_limits(export: &Export, head: &Checkpoint) -> Vec<String> {
    let mut limits = Vec::new();
    match export.claim {
        Claim::Selection => limits.push(format!(
            "that these are all entries there are: the exporter chose {} of {}",
            export.entries.len(),
            head.size
        )),
        Claim::Range { first: 0, end } if end == head.size => {}
        Claim::Range { first, end } => {
            limits.push(format!("what the log holds before {first} and from {end} up to {}", head.size));
        }
    }
    let undisclosed = export.entries.iter().filter(|entry| entry.body.is_none()).count();
    if undisclosed > 0 {
        limits.push(format!("what undisclosed bodies say: {undisclosed} are here only as a digest"));
    }
    limits
}

/// Verifies a proof file (`c2sp.org/tlog-proof@v1`) for the entry whose bytes are `entry`.
pub fn verify_tlog_proof(text: &str, entry: &[u8], trust: &Trust) -> Verdict {
    let mut verdict = Verdict::blank();
    match examine_proof(text, entry, trust, &mut verdict) {
        Ok(()) if trust.log_keys.is_empty() => verdict.level = Level::ConsistentSignerUnverified,
        Ok(()) => verdict.level = Level::Verified,
        Err(refusal) => {
            let (origin, tree_size) = (verdict.origin, verdict.tree_size);
            verdict =
                Verdict { level: Level::Refused(Box::new(refusal)), origin, tree_size, ..Verdict::blank() };
        }
    }
    verdict
}

fn examine_proof(text: &str, entry: &[u8], trust: &Trust, verdict: &mut Verdict) -> Result<(), Refusal> {
    let file = TlogProof::parse(text).map_err(Refusal::ProofFileMalformed)?;
    let head = check_head(&file.checkpoint, "the checkpoint", trust)?;
    verdict.origin.clone_from(&head.checkpoint.origin);
    verdict.tree_size = head.checkpoint.size;
    check_quorum(&head, trust)?;
    if let Some(since) = check_since(&head.checkpoint, trust)?
        && since.size != 0
        && since.size != head.checkpoint.size
    {
        return Err(Refusal::SinceNotCovered { since: since.size });
    }
    let exported = ExportedEntry { index: file.index, raw: entry.to_vec(), proof: file.proof, body: None };
    verdict.entries.push(check_entry(&exported, &head.checkpoint)?);
    verdict.shows = head_shows(&head, trust);
    verdict.shows.push(format!("this entry is in the log, unchanged, at place {}", file.index));
    verdict.does_not_show = vec!["what the body of the entry says: only its digest is here".to_owned()];
    verdict.does_not_show.extend(head_limits(&head, trust));
    verdict.cosigners = head.cosigners;
    Ok(())
}
