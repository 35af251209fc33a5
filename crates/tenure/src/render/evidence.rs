//! A verdict in words: whether it holds, what is recorded, and what that does not show.
//!
//! The words about what holds come from the verifier; this file lays them out. It must never
//! soften a refusal or show an entry of evidence that was refused.

use super::{
    Frame,
    paint::Look,
    words::{count, instant},
};
use crate::failure::chain;
use serde_json::{Value, json};
use tenure_evidence::{FactValue, Level, Verdict, VerifiedEntry};
use tenure_model::{Instant, printable};

/// The first sentence: whether it holds.
pub(crate) fn headline(verdict: &Verdict, frame: Frame) -> String {
    let entries = count(i64::try_from(verdict.entries.len()).unwrap_or(i64::MAX), "entry");
    let origin = printable(&verdict.origin, 200);
    match &verdict.level {
        Level::Verified | Level::ConsistentSignerUnverified if verdict.entries.is_empty() => {
            let word = frame.paint.text(Look::Warn, "Nothing to verify");
            format!("{word}: it says it is of log {origin} and holds no entry, so it is evidence of nothing.")
        }
        Level::Verified => {
            let witnesses: Vec<String> =
                verdict.cosigners.iter().map(|cosigner| printable(&cosigner.name, 100)).collect();
            let cosigned = if witnesses.is_empty() {
                String::new()
            } else {
                format!(", cosigned by witness {}", witnesses.join(" and "))
            };
            let sound = frame.paint.text(Look::Good, "Verified");
            format!(
                "{sound}: signed by log {origin} (your key){cosigned}. {entries}, unchanged and in their places:"
            )
        }
        Level::ConsistentSignerUnverified => {
            let word = frame.paint.text(Look::Warn, "Consistent; signer unverified");
            format!(
                "{word}: it says it is of log {origin}, but no key was given, so anyone could have made it. {entries}:"
            )
        }
        Level::Refused(refusal) => {
            let word = frame.paint.text(Look::Bad, "Refused");
            format!("{word}: {}.", chain(refusal.as_ref()))
        }
    }
}

/// The entries, one line each, with the words of a body that is disclosed.
pub(crate) fn entries(verdict: &Verdict) -> Vec<String> {
    verdict.entries.iter().map(entry_line).collect()
}

fn entry_line(verified: &VerifiedEntry) -> String {
    let entry = &verified.entry;
    let mut words: Vec<String> = Vec::new();
    if let Some(sentence) = body_text(verified, "sentence") {
        words.push(sentence);
    }
    for (name, value) in &entry.facts {
        let value = match value {
            FactValue::Text(text) if text.is_empty() => continue,
            // Digests and ids are for machines; `--json` has them.
            FactValue::Text(_) if name == "digest" => continue,
            FactValue::Text(text) if uuid::Uuid::try_parse(text).is_ok() => continue,
            FactValue::Text(text) => printable(text, 120),
            FactValue::Integer(number) => number.to_string(),
            FactValue::Flag(flag) => flag.to_string(),
        };
        words.push(format!("{} {value}", name.replace('_', " ")));
    }
    let right = entry
        .right
        .as_deref()
        .map(|right| format!(" holding \"{}\"", printable(right, 60)))
        .unwrap_or_default();
    let actor = if entry.actor == "tenure" {
        String::from("Tenure")
    } else {
        format!("person {}", short_id(&entry.actor))
    };
    let subject = body_text(verified, "principal").or_else(|| body_text(verified, "name"));
    let subject = subject.map(|name| format!(" `{name}`")).unwrap_or_default();
    let detail = if words.is_empty() { String::new() } else { format!(": {}", words.join(", ")) };
    format!(
        "  {:>4}  {}  {}{subject} by {actor}{right}{detail}",
        verified.index,
        instant(Instant::from_micros(entry.time_us)),
        printable(&entry.kind, 60),
    )
}

/// The handle of an id, as everywhere else; other text as it is.
pub(crate) fn short_id(text: &str) -> String {
    uuid::Uuid::try_parse(text).map_or_else(|_| printable(text, 60), tenure_model::handle_of)
}

fn body_text(verified: &VerifiedEntry, name: &str) -> Option<String> {
    let text = verified.body.as_ref()?.get(name)?.as_str()?;
    Some(printable(text, 300))
}

/// What it shows and what it does not.
pub(crate) fn limits(verdict: &Verdict) -> Vec<String> {
    let mut lines = Vec::new();
    if !verdict.shows.is_empty() {
        lines.push(String::from("It shows:"));
    }
    lines.extend(verdict.shows.iter().map(|text| format!("  - {}", printable(text, 400))));
    if !verdict.does_not_show.is_empty() {
        lines.push(String::from("It does not show:"));
    }
    lines.extend(verdict.does_not_show.iter().map(|text| format!("  - {}", printable(text, 400))));
    lines
}

/// The verdict as one document.
pub(crate) fn document(verdict: &Verdict) -> Value {
    let level = match &verdict.level {
        Level::Verified | Level::ConsistentSignerUnverified if verdict.entries.is_empty() => {
            "nothing_to_verify"
        }
        Level::Verified => "verified",
        Level::ConsistentSignerUnverified => "consistent_signer_unverified",
        Level::Refused(_) => "refused",
    };
    let entries: Vec<Value> = verdict.entries.iter().map(entry_document).collect();
    json!({
        "level": level,
        "refusal": verdict.refusal().map(|refusal| chain(refusal)),
        "origin": verdict.origin,
        "tree_size": verdict.tree_size,
        "cosigners": verdict.cosigners.iter().map(|cosigner| json!({
            "name": cosigner.name,
            "key_id": format!("{:08x}", cosigner.key_id),
            "time": Instant::from_micros(i64::try_from(cosigner.time_s).unwrap_or(i64::MAX).saturating_mul(1_000_000)),
        })).collect::<Vec<_>>(),
        "entries": entries,
        "shows": verdict.shows,
        "does_not_show": verdict.does_not_show,
    })
}

fn entry_document(verified: &VerifiedEntry) -> Value {
    let entry = &verified.entry;
    let facts: serde_json::Map<String, Value> = entry
        .facts
        .iter()
        .map(|(name, value)| {
            let value = match value {
                FactValue::Text(text) => json!(text),
                FactValue::Integer(number) => json!(number),
                FactValue::Flag(flag) => json!(flag),
            };
            (name.clone(), value)
        })
        .collect();
    json!({
        "index": verified.index, "id": entry.id, "time": Instant::from_micros(entry.time_us), "kind": entry.kind,
        "actor": entry.actor, "subject": entry.subject, "right": entry.right, "facts": facts, "body": verified.body,
        "body_digest": entry.body_digest.to_base64(),
    })
}
