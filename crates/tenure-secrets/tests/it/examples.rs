//! Precision and recall of every rule on its labelled examples.
//!
//! Each line is drawn several times. A rule counts a true hit where it sees a value in a line of its own that
//! holds one; any hit of it anywhere else, in another rule's true line too, is a false one. Next: `draw.rs`.

use crate::draw::Draw;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use tenure_secrets::{Confidence, ScanLimits, Scanner, all_rules};

/// How often each line is drawn.
const DRAWS: u64 = 25;
/// The least share of true hits among all hits of a rule that is enabled.
const PRECISION_PERCENT_MIN: usize = 95;
/// The least share of true hits among all values planted.
const RECALL_PERCENT_MIN: usize = 97;

struct Example {
    rule: String,
    holds: bool,
    /// Holds something that is another rule's to see.
    of_another: bool,
    text: String,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/examples")
}

fn examples() -> Vec<Example> {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder()).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    let mut examples = Vec::new();
    for file in files {
        let rule = file.file_stem().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&file).unwrap();
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.starts_with('#')) {
            let holds = line.starts_with("+ ");
            let of_another = line.starts_with("~ ");
            assert!(holds || of_another || line.starts_with("- "), "{rule}: {line}");
            for seed in 0..DRAWS {
                let mut draw = Draw::from_seed(seed * 1_000 + u64::try_from(number).unwrap());
                let filled = draw.fill(&line[2..]);
                let text = filled.replace("\\\\n", "\u{1}").replace("\\n", "\n").replace('\u{1}', "\\n");
                examples.push(Example { rule: rule.clone(), holds, of_another, text });
            }
        }
    }
    examples
}

#[derive(Default)]
struct Row {
    planted: usize,
    found: usize,
    wrong: usize,
    wrong_in: Vec<String>,
}

fn measure() -> BTreeMap<&'static str, Row> {
    let scanner = Scanner::with(all_rules()).unwrap();
    let mut rows: BTreeMap<&'static str, Row> = all_rules().map(|rule| (rule.id, Row::default())).collect();
    for example in examples() {
        let row = rows.get_mut(example.rule.as_str()).unwrap_or_else(|| panic!("no rule {}", example.rule));
        row.planted += usize::from(example.holds);
        let mut seen = false;
        for hit in scanner.scan(example.text.as_bytes(), &ScanLimits::default()).hits {
            let right = example.holds && hit.rule.id == example.rule && !seen;
            let row = rows.get_mut(hit.rule.id).unwrap();
            if right {
                row.found += 1;
                seen = true;
            } else if !(example.of_another && hit.rule.id != example.rule) {
                row.wrong += 1;
                row.wrong_in.push(format!("{}: {}", example.rule, example.text));
            }
        }
    }
    rows
}

#[test]
fn every_enabled_rule_is_precise_on_its_examples_and_finds_what_is_there() {
    let rows = measure();
    let mut short = String::new();
    let mut table = format!(
        "{:<34}{:>8}{:>7}{:>7}{:>11}{:>8}\n",
        "rule", "planted", "found", "wrong", "precision", "recall"
    );
    for rule in all_rules() {
        let row = &rows[rule.id];
        assert!(row.planted > 0, "rule {} has no examples", rule.id);
        let precision = row.found * 100 / (row.found + row.wrong).max(1);
        let recall = row.found * 100 / row.planted;
        let _ = writeln!(
            table,
            "{:<34}{:>8}{:>7}{:>7}{:>9} %{:>6} %{}",
            rule.id,
            row.planted,
            row.found,
            row.wrong,
            precision,
            recall,
            if rule.enabled { "" } else { "  not enabled" }
        );
        if rule.enabled && (precision < PRECISION_PERCENT_MIN || recall < RECALL_PERCENT_MIN) {
            let wrong: Vec<_> = row.wrong_in.iter().take(3).collect();
            let _ = writeln!(
                short,
                "{}: precision {precision} %, recall {recall} %, such as {wrong:#?}",
                rule.id
            );
        }
    }
    assert!(short.is_empty(), "{short}");
    insta::assert_snapshot!("precision_and_recall", table);
}

#[test]
fn every_rule_has_examples_that_hold_one_and_examples_that_do_not() {
    for rule in all_rules() {
        let text = std::fs::read_to_string(folder().join(format!("{}.txt", rule.id))).unwrap();
        let lines = |mark: &str| text.lines().filter(|line| line.starts_with(mark)).count();
        assert!(lines("+ ") >= 1 && lines("- ") + lines("~ ") >= 3, "{}", rule.id);
    }
}

#[test]
fn a_value_is_found_whole_and_little_of_it_is_shown() {
    let scanner = Scanner::new().unwrap();
    let token = Draw::from_seed(7).fill("ghp_«crc»");
    let text = format!("x {token} y");
    let scan = scanner.scan(text.as_bytes(), &ScanLimits::default());
    let [hit] = scan.hits.as_slice() else { panic!("{} hits", scan.hits.len()) };
    assert_eq!(
        (hit.rule.id, hit.confidence, hit.range.clone()),
        ("github_token", Confidence::Checked, 2..42)
    );
    assert_eq!(hit.value.expose(), token.as_bytes());
    assert_eq!(hit.shown, format!("ghp_…{}", &token[36..]));
    assert!(!format!("{scan:?}").contains(&token));
    let password = scanner.scan(b"password = 'Ab3#kLm9-qWe7'", &ScanLimits::default());
    assert_eq!(password.hits[0].shown, "13 characters");
}
