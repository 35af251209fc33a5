//! SQL stands in the store, in connectors, in the test bed and in tests, nowhere else.
//!
//! The store is the only room that talks to our own database. A statement elsewhere would escape its
//! review, its two engines and its suite. Looks at string literals, so prose in comments is free.

use super::Finding;
use crate::repository::{Repository, SourceFile, is_inside};
use crate::rust_text::Kind;

const ALLOWED: [&str; 4] = ["crates/tenure-store", "crates/tenure-testbed", "connectors", "xtask"];

/// A verb, and the word that must follow it somewhere for the text to be a statement.
const STATEMENTS: [(&str, &str); 5] = [
    ("SELECT ", " FROM "),
    ("INSERT ", "INTO "),
    ("UPDATE ", " SET "),
    ("DELETE ", "FROM "),
    ("CREATE ", "TABLE "),
];

pub(super) fn check(repository: &Repository) -> Vec<Finding> {
    let files = repository
        .rust_files()
        .filter(|file| !file.is_test() && !ALLOWED.iter().any(|folder| is_inside(&file.path, folder)));
    files.flat_map(check_file).collect()
}

fn check_file(file: &SourceFile) -> impl Iterator<Item = Finding> {
    let texts = file.pieces.iter().filter(|piece| piece.kind == Kind::Text && !piece.in_test);
    texts.filter_map(|piece| {
        let verb = statement(&piece.text)?;
        Some(Finding {
            path: file.path.clone(),
            line: piece.line,
            what: format!("a string holds SQL ({verb})"),
            remedy: "move the statement into a function of tenure-store",
        })
    })
}

/// The verb of the statement in `text`. In capitals anywhere; in small letters only where the text begins
/// with it, because English has these words too.
fn statement(text: &str) -> Option<&'static str> {
    let spaced = text.split_whitespace().collect::<Vec<_>>().join(" ") + " ";
    let begins_small = |verb: &str| spaced.starts_with(&verb.to_lowercase());
    STATEMENTS.iter().find_map(|(verb, follower)| {
        let after = spaced.split_once(verb).map(|(_, after)| format!(" {after}"));
        let in_capitals = after.is_some_and(|after| after.contains(&format!(" {}", follower.trim_start())));
        let small = format!(" {} ", follower.trim().to_lowercase());
        let in_small = begins_small(verb) && spaced.contains(&small);
        (in_capitals || in_small).then(|| verb.trim())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::said;

    #[test]
    fn statements_outside_the_store_are_found() {
        let cases = [
            ("SELECT a, b FROM c", Some("SELECT")),
            ("SELECT a\n  FROM c", Some("SELECT")),
            ("WITH x AS (SELECT 1 FROM y) DELETE FROM z", Some("SELECT")),
            ("INSERT INTO a VALUES (1)", Some("INSERT")),
            ("INSERT OR IGNORE INTO a VALUES (1)", Some("INSERT")),
            ("UPDATE a SET b = 1", Some("UPDATE")),
            ("DELETE FROM a", Some("DELETE")),
            ("CREATE TABLE a (b)", Some("CREATE")),
            ("insert into a values (1)", Some("INSERT")),
            ("delete from a", Some("DELETE")),
            ("select a from b", Some("SELECT")),
            ("choose SELECT or nothing", None),
            ("ALTER ROLE x NOLOGIN", None),
            ("the update was set aside", None),
            ("please delete it from the list", None),
        ];
        for (text, verb) in cases {
            assert_eq!(statement(text), verb, "{text}");
        }
    }

    #[test]
    fn the_store_connectors_and_tests_may_hold_statements() {
        let code = "fn a() { q(\"SELECT a FROM b\") }\n";
        let in_test = format!("// SELECT a FROM b\n#[cfg(test)]\nmod tests {{ {code} }}\n");
        let files = [
            ("crates/tenure-store/src/a.rs", code),
            ("connectors/tenure-connect-x/src/a.rs", code),
            ("crates/tenure-engine/tests/it/a.rs", code),
            ("crates/tenure-engine/src/a.rs", in_test.as_str()),
        ];
        assert!(said(check, &files).is_empty());
        assert_eq!(
            said(check, &[("crates/tenure-engine/src/a.rs", code)]),
            ["crates/tenure-engine/src/a.rs:1: a string holds SQL (SELECT)"]
        );
    }
}
