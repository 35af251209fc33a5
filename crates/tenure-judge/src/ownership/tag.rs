//! Tags that people write into comments: `owner=alice`, `team: shop`. A word without a key is no tag.

use serde::{Deserialize, Serialize};

/// Characters of a key or value, at most: a longer one is text, and no tag.
const CHARS_MAX: usize = 80;
/// Tags read of one text, at most.
const TAGS_MAX: usize = 50;

/// One tag.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Tag {
    /// What it says, in small letters: `owner`.
    pub key: String,
    /// What it says about that: `alice`.
    pub value: String,
}

/// The tags in a comment, at most 50: `key=value` and `key: value`, separated by blanks, commas or semicolons.
pub fn tags_of(comment: &str) -> Vec<Tag> {
    let mut tags = Vec::new();
    let mut words = comment.split([' ', '\t', '\n', ',', ';']).filter(|word| !word.is_empty()).peekable();
    while let Some(word) = words.next() {
        if tags.len() >= TAGS_MAX {
            break;
        }
        let tag = match word.strip_suffix(':') {
            Some(key) => words.peek().filter(|value| !value.ends_with(':')).and_then(|value| tag(key, value)),
            None => {
                word.split_once('=').or_else(|| word.split_once(':')).and_then(|(key, value)| tag(key, value))
            }
        };
        tags.extend(tag);
    }
    tags
}

fn tag(key: &str, value: &str) -> Option<Tag> {
    let value = value.trim_matches(['"', '\'', '.']);
    let is_key = key.chars().next().is_some_and(char::is_alphabetic)
        && key.chars().all(|letter| letter.is_alphanumeric() || matches!(letter, '-' | '_' | '.'));
    let short = |text: &str| !text.is_empty() && text.chars().count() <= CHARS_MAX;
    // An address is no tag: `https://…` has a colon as well.
    (is_key && short(key) && short(value) && !value.starts_with("//"))
        .then(|| Tag { key: key.to_lowercase(), value: value.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::tags_of;

    #[test]
    fn tags_are_read_as_people_write_them() {
        let read = |comment: &str| -> Vec<String> {
            tags_of(comment).into_iter().map(|tag| format!("{}={}", tag.key, tag.value)).collect()
        };
        assert_eq!(read("nightly load, owner=alice; Team: shop"), ["owner=alice", "team=shop"]);
        assert_eq!(
            read("owner: team-billing; purpose: nightly export"),
            ["owner=team-billing", "purpose=nightly"]
        );
        assert_eq!(read("owner:\"bob\"."), ["owner=bob"]);
        assert_eq!(read("see https://wiki/x or 12:30, a == b"), Vec::<String>::new());
        assert_eq!(read("owner:"), Vec::<String>::new());
        assert_eq!(tags_of(&"a=b ".repeat(1_000)).len(), 50);
    }
}
