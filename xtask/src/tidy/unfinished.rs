//! Nothing is left for later in the source.
//!
//! What is there is whole. What is not done yet stands in an issue, where somebody decides about it, and
//! not in a comment that nobody reads. Looks at every text file, prose included.

use super::Finding;
use crate::repository::{Repository, SourceFile};

/// The marks, put together here so that this file does not hold them.
const MARKS: [&str; 4] =
    [concat!("to", "do!"), concat!("unimpl", "emented!"), concat!("FIX", "ME"), concat!("TO", "DO")];

const EXEMPT: [&str; 2] = ["Cargo.lock", "LICENSE"];

pub(super) fn check(repository: &Repository) -> Vec<Finding> {
    let files = repository.files.iter().filter(|file| !EXEMPT.contains(&file.path.as_str()));
    files.flat_map(check_file).collect()
}

fn check_file(file: &SourceFile) -> impl Iterator<Item = Finding> {
    file.text.lines().enumerate().filter_map(|(index, line)| {
        let mark = MARKS.iter().find(|mark| holds(line, mark))?;
        Some(Finding {
            path: file.path.clone(),
            line: index + 1,
            what: format!("`{mark}` says that something is missing"),
            remedy: "finish it, or take it out and open an issue",
        })
    })
}

/// Whether `mark` stands in the line as a word of its own.
fn holds(line: &str, mark: &str) -> bool {
    line.match_indices(mark).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        let after = line.get(at + mark.len()..).and_then(|text| text.chars().next());
        let joins = |character: Option<char>| character.is_some_and(|c| c.is_alphanumeric() || c == '_');
        !joins(before) && (mark.ends_with('!') || !joins(after))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::said;

    #[test]
    fn every_mark_is_found_in_code_and_in_prose() {
        for mark in MARKS {
            let text = format!("fine\n({mark}) later\n");
            for path in ["a.rs", "b.md", "c.sql"] {
                let found = said(check, &[(path, &text)]);
                assert_eq!(found, [format!("{path}:2: `{mark}` says that something is missing")]);
            }
        }
    }

    #[test]
    fn a_longer_word_is_another_word() {
        let text = MARKS.map(|mark| format!("A{mark}")).join("\n");
        assert!(said(check, &[("a.rs", &text), ("Cargo.lock", MARKS[3])]).is_empty());
    }
}
