//! A mapping as it is written in TOML, and what is said when it is written wrong.
//!
//! Strict: an unknown key is refused with its line and what may have been meant. Must never guess. What the parts
//! mean is in `mapping.rs`.

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor, value::MapAccessDeserializer},
};
use std::collections::BTreeMap;
use tenure_model::printable;

/// A mapping file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    pub(super) version: i64,
    #[serde(default)]
    pub(super) rows: Rows,
    pub(super) principal: Principal,
    #[serde(default)]
    pub(super) credential: Vec<Credential>,
    #[serde(default)]
    pub(super) right: Vec<Right>,
    pub(super) last_use: Option<LastUse>,
    #[serde(default)]
    pub(super) by_hand: Vec<String>,
}

/// How rows are to be taken.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rows {
    #[serde(default)]
    pub(super) repeat: bool,
    pub(super) delimiter: Option<String>,
    pub(super) list: Option<String>,
}

/// Who.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Principal {
    pub(super) key: From,
    pub(super) name: Option<From>,
    pub(super) kind: Option<From>,
    pub(super) built_in: Option<From>,
    pub(super) login: Option<From>,
    #[serde(default)]
    pub(super) facts: BTreeMap<String, From>,
    #[serde(default)]
    pub(super) owner_hints: Vec<String>,
}

/// A credential of it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Credential {
    pub(super) key: From,
    pub(super) kind: From,
    pub(super) state: Option<From>,
    pub(super) when: Option<From>,
    pub(super) valid_until: Option<From>,
    pub(super) fingerprint: Option<String>,
    #[serde(default)]
    pub(super) facts: BTreeMap<String, From>,
}

/// A right it holds.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Right {
    #[serde(rename = "right")]
    pub(super) word: From,
    pub(super) resource: From,
    pub(super) grantable: Option<From>,
}

/// When it was used last.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LastUse {
    pub(super) at: From,
    pub(super) by: Option<String>,
}

/// Where something comes from: the name of a column, or a table that says more.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    column: Option<String>,
    is: Option<toml::Value>,
    words: Option<BTreeMap<String, toml::Value>>,
    otherwise: Option<toml::Value>,
    format: Option<String>,
    #[serde(rename = "as")]
    kind: Option<String>,
    split: Option<String>,
}

/// Where something comes from.
#[derive(Debug, Default, Clone)]
pub(super) struct From {
    pub(super) column: Option<String>,
    pub(super) is: Option<toml::Value>,
    pub(super) words: Option<BTreeMap<String, toml::Value>>,
    pub(super) otherwise: Option<toml::Value>,
    pub(super) format: Option<String>,
    pub(super) kind: Option<String>,
    pub(super) split: Option<String>,
}

impl<'de> Deserialize<'de> for From {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = From;

            fn expecting(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str("the name of a column, or a table such as { column = \"…\" } or { is = \"…\" }")
            }

            fn visit_str<E>(self, column: &str) -> Result<From, E> {
                Ok(From { column: Some(column.to_owned()), ..From::default() })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<From, A::Error> {
                let table = Table::deserialize(MapAccessDeserializer::new(map))?;
                Ok(From {
                    column: table.column,
                    is: table.is,
                    words: table.words,
                    otherwise: table.otherwise,
                    format: table.format,
                    kind: table.kind,
                    split: table.split,
                })
            }
        }
        deserializer.deserialize_any(Either)
    }
}

/// Reads a mapping; the refusal says where and what may have been meant.
pub(super) fn parse(text: &str) -> Result<Written, String> {
    toml::from_str(text).map_err(|error| {
        let line = error.span().map(|span| {
            1 + text.get(..span.start).unwrap_or_default().bytes().filter(|byte| *byte == b'\n').count()
        });
        let place = line.map_or_else(String::new, |line| format!("line {line}: "));
        let message = error.message().trim_end_matches('.');
        let first = message.lines().next().unwrap_or_default();
        format!("{place}{}{}", printable(first, 200), suggestion(first))
    })
}

/// `unknown field `nme`, expected one of `key`, `name`` gives `; did you mean `name`?`.
fn suggestion(message: &str) -> String {
    let mut words = message.split('`').skip(1).step_by(2);
    let Some(given) = words.next().filter(|_| message.starts_with("unknown field")) else {
        return String::new();
    };
    did_you_mean(given, words)
}

/// What of `known` is nearest, as the end of a sentence; nothing when nothing is near.
pub(crate) fn did_you_mean<'known>(given: &str, known: impl Iterator<Item = &'known str>) -> String {
    let given_small = given.to_lowercase();
    let near = known
        .map(|word| (distance(&given_small, &word.to_lowercase()), word))
        .filter(|(distance, word)| *distance <= 1 + word.chars().count() / 4)
        .min_by_key(|(distance, _)| *distance);
    near.map_or_else(String::new, |(_, word)| format!("; did you mean `{}`?", printable(word, 60)))
}

/// How many letters must be added, removed, replaced or swapped with their neighbour (optimal string alignment).
fn distance(one: &str, other: &str) -> usize {
    let (one, other): (Vec<char>, Vec<char>) =
        (one.chars().take(60).collect(), other.chars().take(60).collect());
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=other.len()).collect();
    let at = |row: &[usize], index: usize| row.get(index).copied().unwrap_or(usize::MAX);
    for (i, letter) in one.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, wanted) in other.iter().enumerate() {
            let replaced = at(&last, j) + usize::from(letter != wanted);
            let mut best = replaced.min(at(&last, j + 1) + 1).min(at(&row, j) + 1);
            let swapped =
                i > 0 && j > 0 && other.get(j - 1) == Some(letter) && one.get(i - 1) == Some(wanted);
            if swapped {
                best = best.min(at(&before_last, j - 1) + 1);
            }
            row.push(best);
        }
        before_last = std::mem::replace(&mut last, row);
    }
    at(&last, other.len())
}

#[cfg(test)]
mod tests {
    use super::{did_you_mean, distance, parse};

    #[test]
    fn the_distance_of_words() {
        for (one, other, expect) in [
            ("", "", 0),
            ("name", "nmae", 1),
            ("kind", "kin", 1),
            ("", "abc", 3),
            ("valid", "vaild", 1),
            ("a", "b", 1),
        ] {
            assert_eq!(distance(one, other), expect, "{one} {other}");
        }
        assert_eq!(did_you_mean("Ownr", ["id", "owner"].into_iter()), "; did you mean `owner`?");
        assert_eq!(did_you_mean("zzz", ["id", "owner"].into_iter()), "");
    }

    #[test]
    fn what_is_written_wrong_is_refused_with_its_line() {
        let refused = |text: &str| parse(text).unwrap_err();
        let rows = [
            refused("version = 1\n\n[principal]\nkey = \"id\"\nnmae = \"x\"\n"),
            refused("version = 1\n[principal]\nkey = { colunm = \"id\" }\n"),
            refused("version = 1\n[principal]\nkey = 3\n"),
            refused("version = 1\n"),
            refused("[principal]\nkey = \"id\"\n"),
            refused("version = 1\n[principal]\nkey = \"id\"\n[[credentials]]\n"),
            refused("version = 1\n[principal\n"),
            refused("version = 1\n[principal]\nkey = \"id\"\nkey = \"x\"\n"),
        ];
        insta::assert_snapshot!(rows.join("\n"));
    }
}
