//! Transcripts: what was typed and answered, compared with the document that shows it.
//!
//! `UPDATE_TOUR=1` rewrites the documents; otherwise they are compared, with what differs from run to run made
//! equal. A transcript holds what the program said and nothing that was written for it.

use crate::program::{Place, Ran};
use std::{fmt::Write as _, fs, path::PathBuf};

/// What was typed and what was answered.
#[derive(Default)]
pub(crate) struct Transcript(pub(crate) String);

impl Transcript {
    pub(crate) fn heading(&mut self, text: &str) {
        let _ = write!(self.0, "\n## {text}\n\n");
    }

    pub(crate) fn prose(&mut self, text: &str) {
        let _ = write!(self.0, "{text}\n\n");
    }

    pub(crate) fn ran(&mut self, typed: &str, ran: &Ran) {
        let said = format!("{}{}", ran.out, ran.err.trim_end());
        let exit = if ran.code == 0 { String::new() } else { format!("\n(exit code {})", ran.code) };
        let said = if said.trim_end().is_empty() { String::new() } else { format!("\n{}", said.trim_end()) };
        let _ = write!(self.0, "```console\n$ {typed}{said}{exit}\n```\n\n");
    }

    /// What a program that goes on said so far.
    pub(crate) fn said(&mut self, typed: &str, said: &str) {
        let _ = write!(self.0, "```console\n$ {typed}\n{}\n```\n\n", said.trim_end());
    }
}

/// Runs a command as it is typed, and writes both down.
pub(crate) fn typed(transcript: &mut Transcript, place: &Place, line: &str, code: i32) -> Ran {
    let words = split(line);
    let arguments: Vec<&str> = words.iter().skip(1).map(String::as_str).collect();
    let ran = place.run(&arguments).ended(code);
    transcript.ran(line, &ran);
    ran
}

/// Words of a command line, with quotes as a shell takes them.
fn split(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted) = (Vec::new(), String::new(), None);
    for character in line.chars() {
        match (character, quoted) {
            ('"' | '\'', None) => quoted = Some(character),
            (mark, Some(open)) if mark == open => quoted = None,
            (' ', None) => words.push(std::mem::take(&mut word)),
            (other, _) => word.push(other),
        }
    }
    words.push(word);
    words.into_iter().filter(|word| !word.is_empty() && word != "\\\n").collect()
}

/// Puts names in the place of what differs from run to run.
pub(crate) fn settled(head: &str, text: &str, pairs: &[(&str, &str)]) -> String {
    let text = with_one_handle(text);
    let text = pairs.iter().fold(format!("{head}{text}"), |text, (from, to)| text.replace(from, to));
    format!("{}\n", text.replace("\n\n\n", "\n\n").trim_end())
}

/// The transcript with one handle for every finding.
fn with_one_handle(text: &str) -> String {
    let lines = text.lines().map(|line| match line.split_once(", finding ") {
        Some((before, handle)) if handle.len() == tenure_model::HANDLE_CHARS => {
            format!("{before}, finding q4x7hd")
        }
        _ => line.to_owned(),
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn path_of(document: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..").join(document)
}

fn is_updating() -> bool {
    std::env::var_os("UPDATE_TOUR").is_some()
}

/// Compares with a whole document, or rewrites it.
pub(crate) fn compare(document: &str, text: &str) {
    if is_updating() {
        fs::write(path_of(document), text).unwrap();
        return;
    }
    assert_alike(document, &fs::read_to_string(path_of(document)).unwrap_or_default(), text);
}

/// Compares with the part of a document between `<!-- name:begin -->` and `<!-- name:end -->`, or rewrites it.
pub(crate) fn compare_part(document: &str, name: &str, text: &str) {
    let whole = fs::read_to_string(path_of(document)).unwrap();
    let (begin, end) = (format!("<!-- {name}:begin -->\n"), format!("<!-- {name}:end -->"));
    let (before, rest) = whole.split_once(&begin).unwrap();
    let (part, after) = rest.split_once(&end).unwrap();
    if is_updating() {
        fs::write(path_of(document), format!("{before}{begin}{text}{end}{after}")).unwrap();
        return;
    }
    assert_alike(document, part, text);
}

/// The block of a transcript that begins with a command.
pub(crate) fn command_of(text: &str, command: &str) -> String {
    let begin = format!("```console\n$ {command}\n");
    let from = text.find(&begin).unwrap();
    let length = text[from + 3..].find("\n```\n").unwrap() + 3 + "\n```\n".len();
    text[from..from + length].to_owned()
}

/// What was found at one instant has no order of its own.
fn in_any_order(text: String) -> String {
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    lines.join("\n")
}

fn assert_alike(document: &str, golden: &str, text: &str) {
    let (expected, found) = (in_any_order(levelled(golden)), in_any_order(levelled(text)));
    let differing = expected.lines().zip(found.lines()).find(|(expected, found)| expected != found);
    assert!(
        expected == found,
        "{document} is not what is said now; look, then run it with UPDATE_TOUR=1. First difference: {differing:#?}\n{text}"
    );
}

/// Makes equal what may differ: digits, ids, versions of servers, and how often something was looked at.
fn levelled(text: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines() {
        let line = match [
            "\"id\":",
            "\"time\":",
            "\"body_digest\":",
            "\"old_root\":",
            "Source `pg-main`:",
            " Evidence ",
        ]
        .iter()
        .find_map(|volatile| line.find(volatile).map(|at| at + volatile.len()))
        {
            Some(end) => &line[..end],
            None => line,
        };
        let level: String = words_of(line).collect::<Vec<_>>().join(" ");
        // A look that came a moment early is repeated; how often is not part of the story.
        let repeated = level.contains("proof.looked") && lines.contains(&level);
        if !repeated {
            lines.push(level);
        }
    }
    lines.join("\n")
}

fn words_of(line: &str) -> impl Iterator<Item = String> + '_ {
    line.split_whitespace().map(|word| {
        let is_id = word.len() >= 6
            && word.chars().any(|letter| letter.is_ascii_digit())
            && word.chars().any(|letter| letter.is_ascii_alphabetic());
        if is_id {
            return String::from("[id]");
        }
        let mut level = String::new();
        for letter in word.chars() {
            let letter = if letter.is_ascii_digit() { '#' } else { letter };
            if letter != '#' || !level.ends_with('#') {
                level.push(letter);
            }
        }
        level
    })
}
