//! Finding secrets in bytes.
//!
//! One pass looks for the rules' keywords; only where one stands, its rule's pattern is tried, at that place and
//! within a window. So the work is bounded by the length of the input and the number of keywords in it, and
//! both have limits. No value is shown: a hit holds it as a `Secret` and says what may be seen of it. Next: `check.rs`.

use crate::check::{Notes, passes};
use crate::encoding::entropy;
use crate::placeholder::is_placeholder;
use crate::rule::{Confidence, Rule};
use crate::rules;
use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use core::ops::Range;
use regex::bytes::{Regex, RegexBuilder};
use tenure_model::Secret;

/// Shortest value of which the last characters are shown.
const TAIL_VALUE_CHARS_MIN: usize = 24;
/// How many of the last characters are shown then.
const TAIL_CHARS: usize = 4;
/// Largest compiled pattern, in bytes.
const PATTERN_BYTES_MAX: usize = 8 << 20;

/// How far a scan goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScanLimits {
    /// Bytes that are looked at.
    pub input_bytes_max: usize,
    /// Places at which a pattern is tried.
    pub candidates_max: usize,
    /// Hits that are kept.
    pub hits_max: usize,
}

impl Default for ScanLimits {
    fn default() -> Self {
        Self { input_bytes_max: 64 << 20, candidates_max: 500_000, hits_max: 10_000 }
    }
}

/// A secret that was found.
#[derive(Debug)]
pub struct Hit {
    /// What kind it is.
    pub rule: &'static Rule,
    /// Where the value stands.
    pub range: Range<usize>,
    /// How sure that is.
    pub confidence: Confidence,
    /// The value.
    pub value: Secret<Vec<u8>>,
    /// What may be shown of it: the prefix that names its kind, and the last four characters of a long one.
    pub shown: String,
    /// What its structure says: an account, an issuer, whether it is encrypted.
    pub notes: Vec<(&'static str, String)>,
}

/// Why a scan did not look at everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CutShort {
    /// Longer than `input_bytes_max`.
    Input,
    /// More than `candidates_max` places to look at.
    Candidates,
    /// More than `hits_max` hits.
    Hits,
}

/// What a scan found, in the order of the input. No two hits overlap.
#[derive(Debug, Default)]
pub struct Scan {
    /// The hits.
    pub hits: Vec<Hit>,
    /// The limit that ended it early.
    pub cut_short: Option<CutShort>,
}

/// Rules that cannot be used together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScannerRefused {
    /// The pattern of a rule is not one.
    #[error("the pattern of rule `{rule}` cannot be compiled")]
    Pattern {
        /// Which rule.
        rule: &'static str,
    },
    /// The keywords cannot be searched for together.
    #[error("the keywords of the rules cannot be searched for together")]
    Keywords,
}

/// Finds secrets. Made once, used for any number of scans, from several threads.
#[derive(Debug)]
pub struct Scanner {
    keywords: AhoCorasick,
    /// For each keyword, the rule it belongs to.
    of_keyword: Vec<usize>,
    rules: Vec<(&'static Rule, Regex)>,
}

impl Scanner {
    /// With every rule that is enabled.
    pub fn new() -> Result<Self, ScannerRefused> {
        Self::with(by_default(rules::all()))
    }

    /// With these rules.
    pub fn with(rules: impl Iterator<Item = &'static Rule>) -> Result<Self, ScannerRefused> {
        let mut words: Vec<&'static str> = Vec::new();
        let (mut compiled, mut of_keyword) = (Vec::new(), Vec::new());
        for (index, rule) in rules.enumerate() {
            let pattern = format!(r"(?s-u)\A(?:{})", rule.pattern);
            let built = RegexBuilder::new(&pattern).size_limit(PATTERN_BYTES_MAX).unicode(false).build();
            compiled.push((rule, built.map_err(|_| ScannerRefused::Pattern { rule: rule.id })?));
            words.extend(rule.keywords.iter().copied());
            of_keyword.extend(rule.keywords.iter().map(|_| index));
        }
        let keywords = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::Standard)
            .kind(Some(AhoCorasickKind::DFA))
            .build(words)
            .map_err(|_| ScannerRefused::Keywords)?;
        Ok(Self { keywords, of_keyword, rules: compiled })
    }

    /// Scans bytes.
    pub fn scan(&self, bytes: &[u8], limits: &ScanLimits) -> Scan {
        let mut scan = Scan::default();
        let bytes = bytes.get(..limits.input_bytes_max).map_or(bytes, |cut| {
            scan.cut_short = Some(CutShort::Input).filter(|_| cut.len() < bytes.len());
            cut
        });
        let mut found: Vec<Candidate> = Vec::new();
        for (tried, word) in self.keywords.find_overlapping_iter(bytes).enumerate() {
            if tried >= limits.candidates_max {
                scan.cut_short = Some(CutShort::Candidates);
                break;
            }
            let rule =
                self.of_keyword.get(word.pattern().as_usize()).and_then(|index| self.rules.get(*index));
            found.extend(rule.and_then(|(rule, pattern)| candidate(bytes, word.start(), rule, pattern)));
            if found.len() >= limits.hits_max {
                scan.cut_short = Some(CutShort::Hits);
                break;
            }
        }
        scan.hits = surest(found).into_iter().filter_map(|candidate| hit(bytes, candidate)).collect();
        scan
    }
}

/// The rules that are tried unless somebody asks for others.
fn by_default(rules: impl Iterator<Item = &'static Rule>) -> impl Iterator<Item = &'static Rule> {
    rules.filter(|rule| rule.enabled)
}

struct Candidate {
    rule: &'static Rule,
    range: Range<usize>,
    notes: Notes,
}

fn candidate(bytes: &[u8], keyword_at: usize, rule: &'static Rule, pattern: &Regex) -> Option<Candidate> {
    let start = keyword_at.checked_sub(rule.back_bytes)?;
    // A value inside a longer word is another value.
    let is_value_first = rule.pattern.starts_with('(') && !rule.pattern.starts_with("(?");
    let before = start.checked_sub(1).and_then(|at| bytes.get(at)).copied();
    if is_value_first && before.is_some_and(continues) {
        return None;
    }
    let end = start.saturating_add(rule.window_bytes).min(bytes.len());
    let window = bytes.get(start..end)?;
    let value = pattern.captures(window)?.get(1)?;
    let range = start + value.start()..start + value.end();
    let value = value.as_bytes();
    if bytes.get(range.end).copied().is_some_and(continues) && value.last().copied().is_some_and(continues) {
        return None;
    }
    let least = f64::from(rule.entropy_hundredths_min) / 100.0;
    let is_block = value.starts_with(b"-----");
    if !is_block && (entropy(value) < least || is_placeholder(value)) {
        return None;
    }
    passes(rule.check, value).map(|notes| Candidate { rule, range, notes })
}

/// Letters that would make a value longer.
fn continues(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Where candidates overlap, the surest stays; of equally sure ones that of the earlier rule.
fn surest(mut found: Vec<Candidate>) -> Vec<Candidate> {
    // Stable: rules stand in their order at each place.
    found.sort_by(|one, other| {
        other.rule.confidence.cmp(&one.rule.confidence).then(one.range.start.cmp(&other.range.start))
    });
    let mut taken = std::collections::BTreeMap::<usize, usize>::new();
    let mut kept: Vec<Candidate> = Vec::new();
    for candidate in found {
        let before = taken.range(..candidate.range.end).next_back();
        if before.is_none_or(|(_, end)| *end <= candidate.range.start) {
            taken.insert(candidate.range.start, candidate.range.end);
            kept.push(candidate);
        }
    }
    kept.sort_by_key(|candidate| candidate.range.start);
    kept
}

fn hit(bytes: &[u8], candidate: Candidate) -> Option<Hit> {
    let value = bytes.get(candidate.range.clone())?;
    Some(Hit {
        rule: candidate.rule,
        confidence: candidate.rule.confidence,
        shown: shown(candidate.rule, value),
        value: Secret::new(value.to_vec()),
        range: candidate.range,
        notes: candidate.notes,
    })
}

/// The prefix that says the kind, and the last characters of a long value with such a prefix. Of anything else
/// only the length.
fn shown(rule: &Rule, value: &[u8]) -> String {
    let text = String::from_utf8_lossy(value);
    let chars = text.chars().count();
    if rule.public_chars == 0 || chars < TAIL_VALUE_CHARS_MIN.max(rule.public_chars * 2) {
        return format!("{chars} characters");
    }
    let prefix: String = text.chars().take(rule.public_chars).collect();
    let tail: String = text.chars().skip(chars - TAIL_CHARS).collect();
    format!("{prefix}…{tail}")
}

#[cfg(test)]
mod tests {
    use super::{ScanLimits, Scanner, ScannerRefused, by_default};
    use crate::rule::Rule;

    static ON: Rule = Rule::prefixed("on", "on", &["on_"], "(on_[a-z]{8})", 3).entropy(0);
    static OFF: Rule = Rule { id: "off", enabled: false, ..ON };
    static BROKEN: Rule = Rule { id: "broken", pattern: "(", ..ON };

    #[test]
    fn a_rule_that_is_not_enabled_is_tried_only_when_asked_for() {
        let text = b"on_qwertzui";
        let hits = |scanner: &Scanner| scanner.scan(text, &ScanLimits::default()).hits.len();
        assert_eq!(hits(&Scanner::with(by_default([&ON].into_iter())).unwrap()), 1);
        assert_eq!(hits(&Scanner::with(by_default([&OFF].into_iter())).unwrap()), 0);
        assert_eq!(hits(&Scanner::with([&OFF].into_iter()).unwrap()), 1);
    }

    #[test]
    fn a_pattern_that_is_none_is_refused_by_name() {
        let refused = Scanner::with([&BROKEN].into_iter()).unwrap_err();
        assert_eq!(refused, ScannerRefused::Pattern { rule: "broken" });
        assert_eq!(refused.to_string(), "the pattern of rule `broken` cannot be compiled");
    }
}
