//! What ends an identity before its day, in terms that can be checked.
//!
//! Terms stand in the text of a charter, several with `;` between them, of which one is enough; a plain sentence stays what
//! it is and is checked by nobody. What begins like a term and is none is refused where it is written, because a typing
//! error must not become a sentence that nobody checks. Next: `identity.rs`, the charter.

use crate::{Instant, printable};
use core::fmt;

/// Surveys and days that a term may name, at most.
const SURVEYS_MAX: u32 = 1_000;
const DAYS_MAX: u32 = 3_650;

/// One thing that ends an identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RetireWhen {
    /// A principal of it was absent from so many complete surveys of its source, one after the other.
    Absent(u32),
    /// No use was seen for so many days, during which every use would have been.
    Unused(u32),
    /// This instant came: the end of a contract.
    Until(Instant),
    /// This person left; by name where it is written, by id where it is kept.
    Person(String),
    /// This identity is retired or gone; by name where it is written, by id where it is kept.
    Parent(String),
    /// A sentence.
    Said(String),
}

/// What looks like a term and is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{given}` {why}; a term is absent:SURVEYS, unused:DAYS, until:DAY, person:NAME, parent:IDENTITY or text:SENTENCE, several with `;` between them"
)]
pub struct NotATerm {
    /// What was given, made printable.
    pub given: String,
    /// What is wrong with it.
    pub why: String,
}

impl RetireWhen {
    /// The terms of a text.
    pub fn read(text: &str) -> Result<Vec<Self>, NotATerm> {
        let mut terms = Vec::new();
        let mut rest = text.trim();
        while !rest.is_empty() {
            let Some((word, after)) = begins_like_a_term(rest) else {
                if terms.is_empty() {
                    return Ok(vec![Self::Said(rest.to_owned())]);
                }
                return Err(refused(rest, "is no term, and stands after one"));
            };
            if word == "text" {
                terms.push(Self::Said(after.trim().to_owned()));
                break;
            }
            let (value, further) = after.split_once(';').unwrap_or((after, ""));
            terms.push(Self::of(word, value.trim())?);
            rest = further.trim();
        }
        Ok(terms)
    }

    fn of(word: &str, value: &str) -> Result<Self, NotATerm> {
        let given = format!("{word}:{value}");
        let number = |most: u32| {
            let number = value.parse::<u32>().ok().filter(|number| (1..=most).contains(number));
            number.ok_or_else(|| refused(&given, &format!("needs a number from 1 to {most}")))
        };
        match word {
            "absent" => number(SURVEYS_MAX).map(Self::Absent),
            "unused" => number(DAYS_MAX).map(Self::Unused),
            "until" => Instant::parse_end(value)
                .map(Self::Until)
                .map_err(|_| refused(&given, "names neither a day such as 2027-03-31 nor an instant in UTC")),
            "person" if !value.is_empty() => Ok(Self::Person(value.to_owned())),
            "parent" if !value.is_empty() => Ok(Self::Parent(value.to_owned())),
            "person" | "parent" => Err(refused(&given, "names nobody and nothing")),
            _ => Err(refused(&given, &format!("begins with `{word}:`, which is no term"))),
        }
    }
}

/// The word before a colon that something stands right after.
fn begins_like_a_term(text: &str) -> Option<(&str, &str)> {
    let (word, after) = text.split_once(':')?;
    let is_word = !word.is_empty() && word.bytes().all(|letter| letter.is_ascii_lowercase());
    (is_word && (word == "text" || !after.starts_with(char::is_whitespace))).then_some((word, after))
}

fn refused(given: &str, why: &str) -> NotATerm {
    NotATerm { given: printable(given, 80), why: why.to_owned() }
}

impl fmt::Display for RetireWhen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent(surveys) => write!(f, "absent:{surveys}"),
            Self::Unused(days) => write!(f, "unused:{days}"),
            Self::Until(at) => write!(f, "until:{at}"),
            Self::Person(who) => write!(f, "person:{who}"),
            Self::Parent(what) => write!(f, "parent:{what}"),
            Self::Said(text) => f.write_str(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::RetireWhen;

    #[test]
    fn terms_are_read_sentences_stay_and_what_is_neither_is_refused() {
        let mut told = String::new();
        for text in [
            "absent:3",
            "unused:90; until:2027-03-31",
            "person:asha;parent:pg-main/etl",
            "contract C-114 ends",
            "ticket: OPS-1 is closed",
            "text:until:the move is done; then ask",
            "absent:0",
            "absent:many",
            "unused:4000",
            "until:spring",
            "person:",
            "abscent:3",
            "absent:3; when the move is done",
            "http://wiki/page",
        ] {
            let said = match RetireWhen::read(text) {
                Ok(terms) => format!("{terms:?}"),
                Err(refused) => refused.to_string(),
            };
            told = format!("{told}{text}\n    {said}\n");
        }
        insta::assert_snapshot!(told);
    }
}
