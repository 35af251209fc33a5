//! `CODEOWNERS`: who is named for which files of a work tree; of several lines the last that fits counts.
//!
//! Patterns as GitHub documents them; lines with what it leaves out (`!`, `[…]`) are passed over, which GitLab's names
//! of sections are too. Names are not checked here: only people Tenure knows are ever suggested. This file must never
//! read a file. Next: `../survey/work_trees.rs`.

use super::lines;
use crate::catalogue::matches;
use crate::place::shown;
use tenure_model::printable;

/// Lines that are used.
const RULES_MAX: usize = 1_000;
/// Longest pattern, in bytes.
const PATTERN_BYTES_MAX: usize = 300;
/// Owners of one line.
const OWNERS_MAX: usize = 10;
/// Longest name of an owner, in characters.
const OWNER_CHARS: usize = 100;

/// Who is named for the files that a pattern fits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeOwners {
    pattern: Vec<u8>,
    /// `@alice`, `@shop/team`, `alice@example.org`; none where a line takes a name away.
    pub owners: Vec<String>,
}

/// Reads the lines that name somebody, or nobody, for a pattern.
pub fn read(bytes: &[u8]) -> Vec<CodeOwners> {
    lines(bytes).filter_map(|(_, line)| rule(line.ok()?)).take(RULES_MAX).collect()
}

/// Who is named for a file, by its path from the top of the work tree. `ask` is asked before each line that is compared,
/// and ends it.
pub fn owners_of<'rules, Ended>(
    rules: &'rules [CodeOwners],
    path: &[u8],
    ask: &dyn Fn() -> Result<(), Ended>,
) -> Result<&'rules [String], Ended> {
    for rule in rules.iter().rev() {
        ask()?;
        if fits(&rule.pattern, path) {
            return Ok(&rule.owners);
        }
    }
    Ok(&[])
}

fn rule(line: &[u8]) -> Option<CodeOwners> {
    let mut words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    let pattern = words.next()?;
    let left_out = pattern.starts_with(b"#") || pattern.starts_with(b"!") || pattern.contains(&b'[');
    if left_out || pattern.len() > PATTERN_BYTES_MAX {
        return None;
    }
    let owners = words.take_while(|word| !word.starts_with(b"#")).filter(|word| word.contains(&b'@'));
    let owners = owners.take(OWNERS_MAX).map(|word| printable(&shown(word), OWNER_CHARS)).collect();
    Some(CodeOwners { pattern: pattern.to_vec(), owners })
}

/// Whether a pattern fits a file, or a directory it lies in. Work: parts of the pattern times parts of the path.
fn fits(pattern: &[u8], path: &[u8]) -> bool {
    let only_directories = pattern.ends_with(b"/");
    let bare = pattern.strip_suffix(b"/").unwrap_or(pattern);
    // A slash at the beginning or in the middle ties a pattern to the top.
    let tied = bare.contains(&b'/');
    let mut parts: Vec<&[u8]> = bare.split(|byte| *byte == b'/').filter(|part| !part.is_empty()).collect();
    if !tied {
        parts.insert(0, b"**");
    }
    // `docs/*` is the files in it and not what lies deeper.
    let only_there = parts.len() > 1 && tied && parts.last() == Some(&b"*".as_slice()) && !only_directories;
    let names: Vec<&[u8]> = path.split(|byte| *byte == b'/').filter(|name| !name.is_empty()).collect();
    // Which lengths of the path the parts so far can stand for.
    let mut reached: Vec<bool> = (0..=names.len()).map(|length| length == 0).collect();
    for part in parts {
        let mut after = Vec::with_capacity(reached.len());
        let any = part == b"**";
        after.push(any && reached.first() == Some(&true));
        for ((name, came_from), stays) in names.iter().zip(&reached).zip(reached.iter().skip(1)) {
            let last = after.last() == Some(&true);
            after.push(if any { *stays || last } else { *came_from && matches(part, name) });
        }
        if !after.contains(&true) {
            return false;
        }
        reached = after;
    }
    let whole = reached.pop() == Some(true);
    let above = reached.iter().skip(1).any(|fits| *fits);
    (whole && !only_directories) || (above && !only_there)
}

#[cfg(test)]
mod tests {
    use super::{owners_of, read};
    use core::cell::Cell;

    fn check(file: &str, path: &str, expected: &[&str]) {
        let rules = read(file.as_bytes());
        let owners = owners_of::<()>(&rules, path.as_bytes(), &|| Ok(())).unwrap();
        assert_eq!(owners, expected, "{file} {path}");
    }

    #[test]
    fn the_last_line_that_fits_counts() {
        let file = "# all\n* @all\n*.env @env # words @not\n/deploy/ @ops ops@shop.invalid\ndeploy/notes\n";
        check(file, "README", &["@all"]);
        check(file, "a/b/.env", &["@env"]);
        check(file, "deploy/x/.env", &["@ops", "ops@shop.invalid"]);
        check(file, "deploy/notes", &[]);
        check(file, "a/deploy/x", &["@all"]);
    }

    #[test]
    fn patterns_mean_what_they_are_documented_to_mean() {
        check("docs/* @a", "docs/one.md", &["@a"]);
        check("docs/* @a", "docs/deep/one.md", &[]);
        check("apps/ @a", "x/apps/one", &["@a"]);
        check("apps/ @a", "apps", &[]);
        check("/apps @a", "apps/deep/one", &["@a"]);
        check("**/logs @a", "build/logs/one", &["@a"]);
        check("a/**/z @a", "a/b/c/z", &["@a"]);
        check("a/**/z @a", "a/z", &["@a"]);
        check("!x @a", "x", &[]);
        check("[Section] @a", "x", &[]);
        check("* alice", "x", &[]);
    }

    #[test]
    fn a_hostile_pattern_costs_no_more_than_its_length() {
        let pattern = format!("{}z @a\n", "**/*a*a*a*a*/".repeat(20)).repeat(2_500);
        let path = format!("{}b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/".repeat(20));
        let rules = read(pattern.as_bytes());
        assert_eq!(rules.len(), 1_000);
        let asked = Cell::new(0);
        let ask = || {
            asked.set(asked.get() + 1);
            if asked.get() > 3 { Err("over") } else { Ok(()) }
        };
        assert_eq!(owners_of(&rules, path.as_bytes(), &ask), Err("over"));
        assert_eq!(asked.get(), 4);
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_fail(text in "([*/#!@a. ]|\\[|\n){0,80}", path in "[a/.]{0,20}") {
            let _ = owners_of::<()>(&read(text.as_bytes()), path.as_bytes(), &|| Ok(()));
        }
    }
}
