//! Charters as a TOML file: written for people to change, and read strictly.
//!
//! Reading what was written gives the same charters again. An unknown key is refused with its line and what may have
//! been meant; nothing is guessed. What becomes of them decides the server. Next: `cli/charter.rs`.

use crate::wire::ownership::{CharterTaken, CharterWritten};
use serde::{Deserialize, Serialize};
use tenure_model::{DataClass, Environment, Instant, printable};

/// The version of the file.
const VERSION: i64 = 1;
/// Charters in one file, at most.
const CHARTERS_MAX: usize = 100_000;
/// Key names, for saying which may have been meant.
const HEAD: &str = "\
# Charters of Tenure. What a charter does not say is unanswered once it is imported.
# `as_of` names the state it was taken out in: what somebody else changed meanwhile is left alone.
";

/// A charter as a file has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CharterInFile {
    /// Of which identity: its id, or its name.
    pub(crate) identity: String,
    /// Which state it was taken out in.
    pub(crate) as_of: Option<String>,
    /// The charter.
    pub(crate) charter: CharterWritten,
}

#[derive(Serialize)]
struct FileMade<'charters> {
    version: i64,
    charter: Vec<Made<'charters>>,
}

#[derive(Serialize)]
struct Made<'charter> {
    name: &'charter str,
    identity: &'charter str,
    as_of: &'charter str,
    #[serde(flatten)]
    charter: &'charter CharterWritten,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileRead {
    version: toml::Spanned<i64>,
    #[serde(default)]
    charter: Vec<toml::Spanned<Read>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Read {
    name: Option<String>,
    identity: Option<String>,
    as_of: Option<String>,
    business_owner: Option<String>,
    technical_owner: Option<String>,
    purpose: Option<String>,
    boundary: Option<String>,
    environment: Option<Environment>,
    data_class: Option<DataClass>,
    #[serde(default)]
    allowed_scope: Vec<String>,
    rotation_days: Option<u32>,
    expires_at: Option<toml::Spanned<String>>,
    retirement_trigger: Option<String>,
}

/// The file that holds these charters.
pub(crate) fn written(charters: &[CharterTaken]) -> Result<String, toml::ser::Error> {
    let charter = charters
        .iter()
        .map(|one| Made {
            name: &one.name,
            identity: &one.identity,
            as_of: &one.as_of,
            charter: &one.charter,
        })
        .collect();
    Ok(format!("{HEAD}{}", toml::to_string(&FileMade { version: VERSION, charter })?))
}

/// The charters that a file holds; or why it cannot be used, with the line.
pub(crate) fn read(text: &str) -> Result<Vec<CharterInFile>, String> {
    let file: FileRead = toml::from_str(text).map_err(|error| refused(text, &error))?;
    if *file.version.get_ref() != VERSION {
        let line = line_of(text, file.version.span().start);
        return Err(format!(
            "line {line}: this is version {} of a charter file; this Tenure reads {VERSION}",
            file.version.get_ref()
        ));
    }
    if file.charter.len() > CHARTERS_MAX {
        return Err(format!("a file holds at most {CHARTERS_MAX} charters"));
    }
    file.charter.into_iter().map(|one| charter(text, one)).collect()
}

fn charter(text: &str, one: toml::Spanned<Read>) -> Result<CharterInFile, String> {
    let line = line_of(text, one.span().start);
    let read = one.into_inner();
    let identity = read.identity.or(read.name).filter(|identity| !identity.is_empty());
    let identity = identity
        .ok_or_else(|| format!("line {line}: a charter says of which identity: `identity` or `name`"))?;
    let end = |end: toml::Spanned<String>| {
        let at = line_of(text, end.span().start);
        parse_end(end.get_ref()).map_err(|why| format!("line {at}: {why}"))
    };
    Ok(CharterInFile {
        identity,
        as_of: read.as_of,
        charter: CharterWritten {
            business_owner: read.business_owner,
            technical_owner: read.technical_owner,
            purpose: read.purpose,
            boundary: read.boundary,
            environment: read.environment,
            data_class: read.data_class,
            allowed_scope: read.allowed_scope,
            rotation_days: read.rotation_days,
            expires_at: read.expires_at.map(end).transpose()?,
            retirement_trigger: read.retirement_trigger,
        },
    })
}

/// `2027-03-31` means its end, 2027-04-01T00:00:00Z excluded: the last second of that day.
pub(crate) fn parse_end(given: &str) -> Result<Instant, String> {
    Instant::parse_end(given).map_err(|_| {
        format!(
            "`{}` is neither a day (2027-03-31) nor an instant in UTC (2027-03-31T12:00:00Z)",
            printable(given, 40)
        )
    })
}

fn line_of(text: &str, at: usize) -> usize {
    1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count()
}

fn refused(text: &str, error: &toml::de::Error) -> String {
    let place = error.span().map_or_else(String::new, |span| format!("line {}: ", line_of(text, span.start)));
    let message = error.message().lines().next().unwrap_or_default().trim_end_matches('.');
    format!("{place}{}{}", printable(message, 400), meant(message))
}

/// `unknown field `purpos`, expected one of `purpose`, …` gives `; did you mean `purpose`?`.
fn meant(message: &str) -> String {
    let mut words = message.split('`').skip(1).step_by(2);
    let Some(given) = words.next().filter(|_| message.starts_with("unknown field")) else {
        return String::new();
    };
    let near = words
        .map(|word| (distance(given, word), word))
        .filter(|(distance, word)| *distance <= 1 + word.len() / 4)
        .min_by_key(|(distance, _)| *distance);
    near.map_or_else(String::new, |(_, word)| format!("; did you mean `{word}`?"))
}

/// How many letters must be added, removed or replaced (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.chars().count()).collect();
    for (number, letter) in one.chars().take(60).enumerate() {
        let mut next = vec![number + 1];
        for ((above_left, above), wanted) in row.iter().zip(row.iter().skip(1)).zip(other.chars()) {
            let left = next.last().copied().unwrap_or_default();
            next.push((above_left + usize::from(letter != wanted)).min(above + 1).min(left + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{CharterInFile, parse_end, read, written};
    use crate::wire::ownership::{CharterTaken, CharterWritten};
    use proptest::prelude::*;
    use std::fmt::Write as _;
    use tenure_model::{DataClass, Environment, Instant};

    #[test]
    fn an_end_is_a_day_or_an_instant() {
        assert_eq!(parse_end("2027-03-31").unwrap().to_string(), "2027-03-31T23:59:59Z");
        assert_eq!(parse_end("2027-03-31T12:00:00Z").unwrap().to_string(), "2027-03-31T12:00:00Z");
        assert!(parse_end("soon").is_err() && parse_end("2027-13-01").is_err());
    }

    fn text() -> impl Strategy<Value = Option<String>> {
        prop::option::of(prop_oneof!["[a-z \"'\\\\#=\\[\\]\n\r\t]{0,30}", any::<String>()])
    }

    fn charter() -> impl Strategy<Value = CharterWritten> {
        let environments = (
            prop::option::of(prop::sample::select(Environment::ALL)),
            prop::option::of(prop::sample::select(DataClass::ALL)),
        );
        let scope = prop::collection::vec(any::<String>(), 0..3);
        let end = prop::option::of(
            (0_i64..4_000_000_000).prop_map(|seconds| Instant::from_micros(seconds * 1_000_000)),
        );
        let rest = (environments, scope, prop::option::of(any::<u32>()), end);
        ([text(), text(), text(), text(), text()], rest).prop_map(|(texts, rest)| {
            let [business_owner, technical_owner, purpose, boundary, retirement_trigger] = texts;
            let ((environment, data_class), allowed_scope, rotation_days, expires_at) = rest;
            CharterWritten {
                business_owner,
                technical_owner,
                purpose,
                boundary,
                environment,
                data_class,
                allowed_scope,
                rotation_days,
                expires_at,
                retirement_trigger,
            }
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(
            charters in prop::collection::vec((charter(), "[a-z0-9-]{1,36}", any::<String>()), 0..4)
        ) {
            let taken: Vec<CharterTaken> = charters
                .into_iter()
                .map(|(charter, identity, name)| CharterTaken { as_of: identity.clone(), identity, name, charter })
                .collect();
            let expected: Vec<CharterInFile> = taken
                .iter()
                .map(|one| CharterInFile {
                    identity: one.identity.clone(),
                    as_of: Some(one.as_of.clone()),
                    charter: one.charter.clone(),
                })
                .collect();
            prop_assert_eq!(read(&written(&taken).unwrap()).unwrap(), expected);
        }
    }

    #[test]
    fn what_is_written_wrong_is_refused_with_its_line() {
        let mut text = String::new();
        for file in [
            "",
            "version = 2\n",
            "version = 1\n[[charter]]\npurpose = \"x\"\n",
            "version = 1\n\n[[charter]]\nname = \"a\"\npurpos = \"x\"\n",
            "version = 1\n[[charters]]\nname = \"a\"\n",
            "version = 1\n[[charter]]\nname = \"a\"\nenvironment = \"prod\"\n",
            "version = 1\n[[charter]]\nname = \"a\"\n\nexpires_at = \"soon\"\n",
            "version = 1\n[[charter]]\nname = \"a\"\nrotation_days = -1\n",
            "version = 1\n[[charter]]\nname = \"a\nb\"\n",
            "version = 1\n[[charter]]\nname = \"a\"\nname = \"b\"\n",
        ] {
            let _ = writeln!(text, "{}\n    {}", file.replace('\n', "⏎"), read(file).unwrap_err());
        }
        insta::assert_snapshot!(text);
    }
}
