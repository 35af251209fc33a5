//! Secrets that the rules see in a piece of text, as items: for text that has no place of its own for a secret.

use crate::item::{Item, Mark, Problem, ThingKind};
use tenure_secrets::{Confidence, Hit, ScanLimits, Scanner};

/// How much of one piece is looked at.
const LIMITS: ScanLimits = ScanLimits { input_bytes_max: 1 << 20, candidates_max: 10_000, hits_max: 100 };
/// An access key id is a name; the secret half of the pair is what counts.
const NAMES_ONLY: [&str; 1] = ["aws_access_key_id"];

/// The secrets in a text, called `whose`. Guesses of low confidence are left out.
pub(crate) fn scanned(scanner: &Scanner, text: &[u8], kind: ThingKind, whose: &str) -> Vec<Item> {
    let hits = scanner.scan(text, &LIMITS).hits.into_iter();
    let sure = |hit: &Hit| hit.confidence > Confidence::Low && !NAMES_ONLY.contains(&hit.rule.id);
    hits.filter(sure).map(|hit| item(hit, kind, whose)).collect()
}

fn item(hit: Hit, kind: ThingKind, whose: &str) -> Item {
    let whose = if whose.is_empty() { hit.rule.title } else { whose };
    let mut item = Item::new(kind, whose)
        .text("rule", hit.rule.id)
        .text("shown", &hit.shown)
        .text("confidence", hit.confidence.as_str());
    for (name, note) in &hit.notes {
        item = item.text(name, note);
    }
    item.mark(Mark::Value(hit.value)).problem_if(true, Problem::SecretInClear)
}

/// A value under a name: a secret if the name says so, or if a rule knows its form.
pub(crate) fn named(
    scanner: &Scanner,
    kind: ThingKind,
    whose: &str,
    name: &str,
    value: &[u8],
) -> Option<Item> {
    let value =
        value.strip_prefix(b"Bearer ").or(value.strip_prefix(b"token ")).unwrap_or(value).trim_ascii();
    let mut seen = scanned(scanner, value, kind, whose);
    let by_name = super::secret_name::names_a_secret(name) && super::secret_name::is_secret_value(value);
    match (by_name, seen.pop()) {
        // Under such a name the whole value is the secret; the rule says which kind it is.
        (true, Some(known)) => Some(known.value(value)),
        (true, None) => {
            let item = Item::new(kind, whose).value(value);
            Some(item.problem_if(true, Problem::SecretInClear))
        }
        (false, known) => known,
    }
}
