//! A recorded intent is made in exactly one place, and that place is in the store.
//!
//! `RecordedIntent` is the proof that an intent is durable, and the only key to acting on an outside
//! system. A second constructor call, in tests too, would be a second way to act without a record.

use super::Finding;
use crate::repository::{Repository, SourceFile, is_inside};
use crate::rust_text::follows;

const STORE: &str = "crates/tenure-store/src";
/// The crate whose code cannot work without the store's constructor.
const FIRST_USER: &str = "tenure-engine";

pub(super) fn check(repository: &Repository) -> Vec<Finding> {
    let sites: Vec<(&SourceFile, usize, bool)> = repository.rust_files().flat_map(sites_of).collect();
    let is_the_one = |site: &(&SourceFile, usize, bool)| is_inside(&site.0.path, STORE) && !site.2;
    let mut in_store = 0;
    let mut findings = Vec::new();
    for site in &sites {
        in_store += usize::from(is_the_one(site));
        if is_the_one(site) && in_store == 1 {
            continue;
        }
        findings.push(Finding {
            path: site.0.path.clone(),
            line: site.1,
            what: "a recorded intent is made outside the store's one place for it".to_owned(),
            remedy: "let the store record the intent; conformance tests have their own constructor",
        });
    }
    if in_store == 0 && !repository.is_stub(FIRST_USER) {
        findings.push(Finding {
            path: format!("{STORE}/lib.rs"),
            line: 1,
            what: "nothing in the store makes a recorded intent".to_owned(),
            remedy: "call RecordedIntent::recorded where the intent's transaction has committed",
        });
    }
    findings
}

/// File, line, and whether it is in test code.
fn sites_of(file: &SourceFile) -> impl Iterator<Item = (&SourceFile, usize, bool)> {
    let indices = 0..file.pieces.len();
    indices.filter_map(move |index| {
        let found = follows(&file.pieces, index, &["RecordedIntent", ":", ":", "recorded"]);
        let piece = file.pieces.get(index).filter(|_| found)?;
        Some((file, piece.line, piece.in_test || file.is_test()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::said;

    const CALL: &str = "fn a() {\n RecordedIntent::recorded(r) }\n";
    const ENGINE: (&str, &str) = ("crates/tenure-engine/Cargo.toml", "[package]\nname = \"tenure-engine\"\n");

    #[test]
    fn one_call_in_the_store_is_right_and_mentioning_it_is_no_call() {
        let mention = "//! RecordedIntent::recorded\nimpl RecordedIntent { fn recorded(r: R) {} }\n";
        let files = [("crates/tenure-store/src/a.rs", CALL), ("crates/tenure-model/src/intent.rs", mention)];
        assert!(said(check, &files).is_empty());
    }

    #[test]
    fn a_second_call_and_a_call_elsewhere_are_found() {
        let files = [
            ("crates/tenure-store/src/a.rs", CALL),
            ("crates/tenure-store/src/b.rs", CALL),
            ("crates/tenure-engine/tests/it/c.rs", CALL),
        ];
        let what = "a recorded intent is made outside the store's one place for it";
        assert_eq!(
            said(check, &files),
            [
                format!("crates/tenure-store/src/b.rs:2: {what}"),
                format!("crates/tenure-engine/tests/it/c.rs:2: {what}")
            ]
        );
    }

    #[test]
    fn a_store_without_the_call_is_found_once_there_is_an_engine() {
        let engine = "//! 1\n//! 2\n//! 3\n//! 4\n//! 5\nfn a() {}\n";
        assert!(said(check, &[ENGINE, ("crates/tenure-engine/src/lib.rs", "//! Stub.\n")]).is_empty());
        assert_eq!(
            said(check, &[ENGINE, ("crates/tenure-engine/src/lib.rs", engine)]),
            ["crates/tenure-store/src/lib.rs:1: nothing in the store makes a recorded intent"]
        );
    }
}
