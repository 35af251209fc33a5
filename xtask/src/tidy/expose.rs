//! Every place that opens a secret is on a list that a person reviewed.
//!
//! `Secret<T>` has one way in, `expose()`. The golden file `xtask/golden/expose.txt` counts its call sites
//! per file outside tests; a new one shows up in review as a changed line there. `cargo xtask tidy --bless`
//! rewrites the list.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::Finding;
use crate::repository::{Repository, SourceFile};

const GOLDEN: &str = "xtask/golden/expose.txt";

const REMEDY: &str =
    "if the call is right, run `cargo xtask tidy --bless` and say in the commit why it must see the value";

pub(super) fn check(repository: &Repository) -> Vec<Finding> {
    let found = sites(repository);
    let golden = golden(repository);
    let mut findings = Vec::new();
    for (path, lines) in &found {
        let known = golden.get(path.as_str()).copied().unwrap_or(0);
        if lines.len() != known {
            let what = format!("{} calls of expose(), the golden list has {known}", lines.len());
            let line = lines.last().copied().unwrap_or(1);
            findings.push(Finding { path: path.clone(), line, what, remedy: REMEDY });
        }
    }
    for (path, known) in &golden {
        if !found.contains_key(*path) {
            let what = format!("no call of expose() is left in {path}, the golden list has {known}");
            findings.push(Finding { path: GOLDEN.to_owned(), line: 1, what, remedy: REMEDY });
        }
    }
    findings
}

/// Rewrites the golden list from what there is.
pub(super) fn bless(repository: &Repository, root: &Path) -> Result<()> {
    let path = root.join(GOLDEN);
    fs::write(&path, list(repository)).with_context(|| format!("writing {}", path.display()))
}

fn list(repository: &Repository) -> String {
    let lines = sites(repository).into_iter().map(|(path, lines)| format!("{} {path}\n", lines.len()));
    lines.collect()
}

fn golden(repository: &Repository) -> BTreeMap<&str, usize> {
    let text = repository.file(GOLDEN).map_or("", |file| &file.text);
    text.lines()
        .filter_map(|line| {
            let (count, path) = line.split_once(' ')?;
            Some((path, count.parse().ok()?))
        })
        .collect()
}

/// Lines of the call sites per file, test code apart.
fn sites(repository: &Repository) -> BTreeMap<String, Vec<usize>> {
    let files = repository.rust_files().filter(|file| !file.is_test());
    files.map(|file| (file.path.clone(), sites_of(file))).filter(|(_, lines)| !lines.is_empty()).collect()
}

/// `.expose()` and the path `Secret::expose`, which may be handed on as a value; not a module's name.
fn sites_of(file: &SourceFile) -> Vec<usize> {
    let windows = file.pieces.windows(3);
    windows
        .filter_map(|window| match window {
            [before, word, after] => {
                let named = word.is("expose") && !word.in_test && !after.is(":");
                (named && (before.is(".") || before.is(":"))).then_some(word.line)
            }
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::said;

    const CODE: &str = "impl S { fn expose(&self) {} }\nfn a(s: S) { s.expose(); }\nfn b() { x(S::expose) }\n\
                        // s.expose()\nuse x::expose::Y;\n#[cfg(test)]\nmod tests { fn c() { s.expose() } }\n";

    #[test]
    fn calls_and_paths_count_and_definitions_comments_and_tests_do_not() {
        let files = [("a.rs", CODE), ("crates/a/tests/it/b.rs", CODE), (GOLDEN, "2 a.rs\n")];
        assert!(said(check, &files).is_empty());
        assert_eq!(list(&Repository::of(&files)), "2 a.rs\n");
    }

    #[test]
    fn a_new_call_and_a_call_that_went_are_both_found() {
        assert_eq!(said(check, &[("a.rs", CODE)]), ["a.rs:3: 2 calls of expose(), the golden list has 0"]);
        assert_eq!(
            said(check, &[(GOLDEN, "1 b.rs\n")]),
            ["xtask/golden/expose.txt:1: no call of expose() is left in b.rs, the golden list has 1"]
        );
    }
}
