//! How fast bytes are scanned, against three peers over the same bytes in the same run.
//!
//! The peers: counting lines with memchr (what reading the bytes at all costs), the patterns as one set of
//! regular expressions, and the patterns one after the other. None of them checks anything. Prints the median of several
//! rounds; asserts nothing about time.

#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a bench prints its figures and stops at a surprise"
)]

use regex::bytes::{Regex, RegexSet};
use std::{hint::black_box, time};
use tenure_secrets::{ScanLimits, Scanner, all_rules};

const BYTES: usize = 8 << 20;
/// The slow peers see a part: a rate needs no more.
const PART_BYTES: usize = 512 << 10;
const ROUNDS: usize = 5;
/// One planted value for about this many bytes.
const PLANTED_EVERY_BYTES: usize = 64 << 10;

fn main() {
    let text = source_text(BYTES);
    let noise = noise(BYTES);
    let scanner = Scanner::new().expect("the rules compile");
    let limits = ScanLimits::default();
    let patterns: Vec<&str> = all_rules().map(|rule| rule.pattern).collect();
    let set =
        RegexSet::new(patterns.iter().map(|pattern| format!("(?s-u){pattern}"))).expect("the rules compile");
    let each: Vec<Regex> = patterns
        .iter()
        .map(|pattern| Regex::new(&format!("(?s-u){pattern}")).expect("the rules compile"))
        .collect();
    let part = text.get(..PART_BYTES).expect("the text is longer than the part");
    let found = scanner.scan(&text, &limits).hits.len();
    println!(
        "{BYTES} bytes of source-like text with {found} values, and as many random bytes; median of {ROUNDS}"
    );
    figure("scan, source-like text", rate(&text, |bytes| scanner.scan(bytes, &limits).hits.len()));
    figure("scan, random bytes", rate(&noise, |bytes| scanner.scan(bytes, &limits).hits.len()));
    figure("peer: lines counted with memchr", rate(&text, |bytes| memchr::memchr_iter(b'\n', bytes).count()));
    figure(
        "peer: the patterns as one set, without checks",
        rate(part, |bytes| set.matches(bytes).iter().count()),
    );
    figure(
        "peer: the patterns one by one, without checks",
        rate(part, |bytes| each.iter().map(|pattern| pattern.find_iter(bytes).count()).sum()),
    );
}

fn figure(what: &str, megabytes_per_second: f64) {
    println!("FIGURE {what} | {megabytes_per_second:.1} MB/s");
}

fn rate(bytes: &[u8], work: impl Fn(&[u8]) -> usize) -> f64 {
    let mut rates: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let started = time::Instant::now();
            black_box(work(black_box(bytes)));
            bytes.len() as f64 / started.elapsed().as_secs_f64() / 1e6
        })
        .collect();
    rates.sort_by(f64::total_cmp);
    rates.get(ROUNDS / 2).copied().unwrap_or_default()
}

/// Draws numbers (splitmix64).
fn numbers(mut state: u64) -> impl Iterator<Item = u64> {
    std::iter::repeat_with(move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    })
}

fn noise(bytes: usize) -> Vec<u8> {
    numbers(7).flat_map(u64::to_le_bytes).take(bytes).collect()
}

/// Words of programs and configurations, so that keywords of generic rules stand as often as they do there.
fn source_text(bytes: usize) -> Vec<u8> {
    const WORDS: [&str; 24] = [
        "let",
        "value",
        "=",
        "return",
        "self",
        "config",
        "request",
        "(",
        ")",
        "{",
        "}",
        ";",
        "\n",
        "\n    ",
        "token",
        "match",
        "path",
        "error",
        "\"name\":",
        "https://host.invalid/x",
        "0x1f",
        "// note",
        "buffer",
        "length",
    ];
    let mut text = Vec::with_capacity(bytes + 64);
    let mut next_planted = PLANTED_EVERY_BYTES;
    for number in numbers(11) {
        if text.len() >= bytes {
            break;
        }
        if text.len() > next_planted {
            text.extend_from_slice(
                format!("\nkey = \"dop_v1_{:064x}\"\n", u128::from(number) << 60 | u128::from(!number))
                    .as_bytes(),
            );
            next_planted += PLANTED_EVERY_BYTES;
        }
        let index = usize::try_from(number % 24).unwrap_or_default();
        text.extend_from_slice(WORDS.get(index).copied().unwrap_or_default().as_bytes());
        text.push(b' ');
    }
    text
}
