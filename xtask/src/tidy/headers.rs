//! Every source file begins by saying what it is for: in three lines, or in one when the file is short.
//!
//! What this room or file is, what it must never do, and where to go next. Crates that are announced but
//! not begun, generated files, and the lists of modules that bind integration tests are exempt.

use super::Finding;
use crate::repository::{Repository, SourceFile};

/// Lines a header needs.
const LINES_MIN: usize = 3;
/// A file of at most this many lines shows by itself what a longer header would say twice.
const SHORT_FILE_LINES: usize = 150;

pub(super) fn check(repository: &Repository) -> Vec<Finding> {
    let stubs: Vec<String> = repository
        .rooms
        .iter()
        .filter(|room| repository.is_stub(&room.name))
        .flat_map(|room| repository.rust_files_of(room).map(|file| file.path.clone()))
        .collect();
    repository
        .rust_files()
        .filter(|file| !file.is_generated() && !is_main_of_tests(file) && !stubs.contains(&file.path))
        .filter_map(check_file)
        .collect()
}

fn check_file(file: &SourceFile) -> Option<Finding> {
    let lines = file.text.lines().take_while(|line| line.starts_with("//!")).count();
    let least = if file.text.lines().count() <= SHORT_FILE_LINES { 1 } else { LINES_MIN };
    (lines < least).then(|| Finding {
        path: file.path.clone(),
        line: 1,
        what: format!("the header has {lines} lines, {least} are the least"),
        remedy: "begin the file with `//!` lines: what it is, what it must never do, where to go next",
    })
}

fn is_main_of_tests(file: &SourceFile) -> bool {
    file.is_test() && file.path.ends_with("/main.rs")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::said;

    #[test]
    fn a_short_or_late_header_is_found() {
        let long = format!("//! One.\n//! Two.\n{}", "fn a() {}\n".repeat(SHORT_FILE_LINES));
        assert_eq!(
            said(check, &[("a.rs", &long), ("b.rs", "use c;\n//! One.\n")]),
            [
                "a.rs:1: the header has 2 lines, 3 are the least",
                "b.rs:1: the header has 0 lines, 1 are the least"
            ]
        );
        assert!(
            said(check, &[("a.rs", "//! One.\n//!\n//! Three.\n"), ("b.rs", "//! One.\nfn a() {}\n")])
                .is_empty()
        );
    }

    #[test]
    fn stubs_and_the_module_lists_of_tests_are_exempt() {
        let files = [
            ("crates/a/Cargo.toml", "[package]\nname = \"tenure-a\"\n"),
            ("crates/a/src/lib.rs", "//! Under construction.\n"),
            ("crates/b/tests/it/main.rs", "mod c;\n"),
        ];
        assert!(said(check, &files).is_empty());
    }
}
