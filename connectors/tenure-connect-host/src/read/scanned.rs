//! Secrets that the rules see in a piece of text, as items: for text that has no place of its own for a secret.

use crate::item::{Item, Mark, Problem, ThingKind};
use tenure_secrets::{Confidence, Hit, ScanLimits, Scanner};

/// How much of one piece is looked at. A line has at most 64 KiB, in which neither so many keywords nor so many values
/// have room; a reader of longer texts says that they are long.
const LIMITS: ScanLimits = ScanLimits { input_bytes_max: 1 << 20, candidates_max: 50_000, hits_max: 10_000 };
/// An access key id is a name; the secret half of the pair is what counts.
const NAMES_ONLY: [&str; 1] = ["aws_access_key_id"];

/// The secrets in a text, called `whose`. Guesses of low confidence are left out.
pub(crate) fn scanned(scanner: &Scanner, text: &[u8], kind: ThingKind, whose: &str) -> Vec<Item> {
    let hits = scanner.scan(text, &LIMITS).hits.into_iter();
    let sure = |hit: &Hit| hit.confidence > Confidence::Low && !NAMES_ONLY.contains(&hit.rule.id);
    hits.filter(sure).map(|hit| item(hit, kind, whose)).collect()
}

/// What a text that is about to be shown looks like, if it looks like a secret.
pub(crate) fn looks_like(scanner: &Scanner, text: &str) -> Option<&'static str> {
    let hits = scanner.scan(text.as_bytes(), &LIMITS).hits;
    let sure = |hit: &&Hit| hit.confidence > Confidence::Low && !NAMES_ONLY.contains(&hit.rule.id);
    hits.iter().find(sure).map(|hit| hit.rule.title)
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

/// The secrets of a command line: `--token x`, `--token=x`, `TOKEN=x`, `Header: x`, and anything of a known form.
pub(crate) fn of_command(scanner: &Scanner, command: &[u8], kind: ThingKind, whose: &str) -> Vec<Item> {
    let words: Vec<&[u8]> = command.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).collect();
    let mut found = scanned(scanner, command, kind, whose);
    let mut before: &[u8] = b"";
    for word in words {
        let pair = word
            .iter()
            .position(|byte| *byte == b'=')
            .map(|at| (word.split_at(at).0, word.split_at(at + 1).1));
        let after_option = before.starts_with(b"-") && !word.starts_with(b"-");
        if let Some((name, value)) = pair.or_else(|| after_option.then_some((before, word))) {
            let name = crate::place::shown(name);
            let value = super::ini::unquoted(value);
            let by_name =
                super::secret_name::names_a_secret(&name) && super::secret_name::is_secret_value(value);
            // What a rule knows was found above, in the whole line.
            if by_name && scanned(scanner, value, kind, whose).is_empty() {
                let called = format!("{whose} {}", name.trim_start_matches('-'));
                found.push(Item::new(kind, &called).value(value).problem_if(true, Problem::SecretInClear));
            }
        }
        before = word;
    }
    found
}
