//! Names that are near one that nothing bears, for whoever mistyped it.
//!
//! Of identities and of sources. A hint and never a guess: nothing is done with a name that was not given. Next: `identities.rs`.

use crate::{StoreFailure, Tx};
use tenure_model::printable;

/// Names that are looked at, at most: by their order, so that the hint is the same each time.
const LOOKED_AT_MAX: i64 = 20_000;
/// Names that are said.
const SAID_MAX: usize = 3;
/// Characters of a name that are compared.
const CHARS_MAX: usize = 120;

impl Tx<'_> {
    /// Names of identities near a given one, the nearest first, at most three; each made printable and in backticks.
    pub(super) fn near_names(&mut self, given: &str) -> Result<Vec<String>, StoreFailure> {
        let names: Vec<String> = self.query(
            "identities",
            "SELECT DISTINCT name FROM identities ORDER BY name LIMIT $1",
            &[LOOKED_AT_MAX.into()],
            |row| row.text(0),
        )?;
        Ok(nearest(&names, given).into_iter().map(|name| format!("`{}`", printable(name, 80))).collect())
    }
}

impl Tx<'_> {
    /// The same of sources that are read.
    pub fn near_sources(&mut self, given: &str) -> Result<Vec<String>, StoreFailure> {
        let names: Vec<String> = self.query(
            "sources",
            "SELECT name FROM sources WHERE removed_us IS NULL ORDER BY name LIMIT $1",
            &[LOOKED_AT_MAX.into()],
            |row| row.text(0),
        )?;
        Ok(nearest(&names, given).into_iter().map(|name| format!("`{}`", printable(name, 80))).collect())
    }
}

/// The nearest names, whole or without their source, by the letters that differ; then those that hold what was given.
fn nearest<'names>(names: &'names [String], given: &str) -> Vec<&'names str> {
    let given = given.to_lowercase();
    let allowed = (given.chars().count() / 4).clamp(1, 3);
    let mut near: Vec<(usize, &str)> = names
        .iter()
        .filter_map(|name| {
            let lower = name.to_lowercase();
            let bare = lower.split_once('/').map_or(lower.as_str(), |(_, bare)| bare);
            let differs = distance(&lower, &given).min(distance(bare, &given));
            let holds = given.chars().count() >= 3 && lower.contains(&given);
            let rank = if differs <= allowed { differs } else { allowed + 1 };
            (differs <= allowed || holds).then_some((rank, name.as_str()))
        })
        .collect();
    near.sort_unstable();
    near.into_iter().take(SAID_MAX).map(|(_, name)| name).collect()
}

/// How many letters have to be put in, left out or exchanged to make one of the other (Levenshtein 1966).
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().take(CHARS_MAX).collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (above, letter) in one.chars().take(CHARS_MAX).enumerate() {
        let mut diagonal = above;
        let mut left = above + 1;
        for (cell, wanted) in row.iter_mut().skip(1).zip(&other) {
            let replaced = diagonal + usize::from(letter != *wanted);
            diagonal = *cell;
            left = replaced.min(left + 1).min(diagonal + 1);
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = above + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{distance, nearest};

    #[test]
    fn letters_that_differ_are_counted() {
        for (one, other, differs) in [
            ("", "", 0),
            ("", "ab", 2),
            ("etl", "etl", 0),
            ("etl", "elt", 2),
            ("etl", "etls", 1),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!((distance(one, other), distance(other, one)), (differs, differs), "{one} {other}");
        }
    }

    #[test]
    fn a_mistyped_name_is_near_and_another_one_is_not() {
        let names =
            ["pg-main/reporting", "pg-main/reporter", "pg-main/etl", "web-1/reporting_old"].map(String::from);
        assert_eq!(nearest(&names, "pg-main/reportin"), ["pg-main/reporting", "pg-main/reporter"]);
        assert_eq!(nearest(&names, "Reporting"), ["pg-main/reporting", "web-1/reporting_old"]);
        assert_eq!(nearest(&names, "elt"), Vec::<&str>::new());
        assert!(nearest(&names, "zzz").is_empty() && nearest(&names, "").is_empty());
    }
}
