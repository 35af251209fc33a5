//! From what is written to what it means: every combination that makes no sense is refused here.
//!
//! Refusals name the key of the mapping, such as `principal.kind`. Must never read a file. Next: `apply.rs`.

use super::{
    Choice, Column, CredentialOf, DateForm, DateOf, FactOf, LastUseOf, Mapping, PrincipalOf, RightOf, Text,
    Texts, cell,
    written::{self, From, Written, did_you_mean},
};
use crate::secret_name::is_secret;
use std::collections::BTreeMap;
use tenure_model::{CredentialKind, CredentialState, PrincipalKind, names, printable};

/// The version of mappings there is.
const VERSION: i64 = 1;
/// Facts that only Tenure sets.
const OURS: &[&str] = &[names::CLAIMED, names::DEFINED_IN, names::LOGIN];
/// Columns that a mapping may name.
const COLUMNS_MAX: usize = 500;

type Refusal = String;

/// Numbers the columns that are named.
#[derive(Default)]
struct Columns(Vec<String>);

impl Columns {
    fn plain(&mut self, key: &str, name: &str) -> Result<Column, Refusal> {
        if is_secret(name) {
            return Err(format!(
                "`{key}`: column `{}` looks like one of secrets, so only `fingerprint` may use it",
                printable(name, 60)
            ));
        }
        self.any(key, name)
    }

    fn any(&mut self, key: &str, name: &str) -> Result<Column, Refusal> {
        if name.is_empty() || name.len() > 200 {
            return Err(format!("`{key}`: the name of a column has 1 to 200 bytes"));
        }
        if let Some(index) = self.0.iter().position(|known| known == name) {
            return Ok(Column(index));
        }
        if self.0.len() >= COLUMNS_MAX {
            return Err(format!("it names more than {COLUMNS_MAX} columns"));
        }
        self.0.push(name.to_owned());
        Ok(Column(self.0.len() - 1))
    }
}

/// Refuses what makes no sense here.
fn fits(key: &str, from: &From, may: &[&str]) -> Result<(), Refusal> {
    for (said, name) in [
        (from.is.is_some(), "is"),
        (from.words.is_some() || from.otherwise.is_some(), "words"),
        (from.format.is_some(), "format"),
        (from.kind.is_some(), "as"),
        (from.split.is_some(), "split"),
    ] {
        if said && !may.contains(&name) {
            return Err(format!("`{key}` cannot have `{name}`"));
        }
    }
    match (&from.column, &from.is) {
        (Some(_), None) => Ok(()),
        (None, Some(_)) if from.words.is_none() && from.otherwise.is_none() => Ok(()),
        (None, Some(_)) => Err(format!("`{key}` has `is`, so `words` and `otherwise` mean nothing")),
        (Some(_), Some(_)) => Err(format!("`{key}` has both `column` and `is`")),
        (None, None) => Err(format!("`{key}` names no column")),
    }
}

pub(super) fn checked(written: Written) -> Result<Mapping, Refusal> {
    if written.version != VERSION {
        return Err(format!("`version` is {}; this Tenure knows {VERSION}", written.version));
    }
    let mut columns = Columns::default();
    let principal = principal(&mut columns, &written.principal)?;
    let mut credentials = Vec::new();
    for credential in &written.credential {
        credentials.push(self::credential(&mut columns, credential)?);
    }
    let mut rights = Vec::new();
    for right in &written.right {
        rights.push(RightOf {
            right: texts(&mut columns, "right.right", &right.word)?,
            resource: texts(&mut columns, "right.resource", &right.resource)?,
            grantable: flag(&mut columns, "right.grantable", right.grantable.as_ref())?
                .unwrap_or(Choice::Is(false)),
        });
    }
    let last_use = match &written.last_use {
        None => None,
        Some(last) => Some(LastUseOf {
            at: date(&mut columns, "last_use.at", &last.at)?,
            by: last.by.as_ref().map(|by| columns.plain("last_use.by", by)).transpose()?,
        }),
    };
    Ok(Mapping {
        repeat: written.rows.repeat,
        delimiter: delimiter(written.rows.delimiter.as_deref())?,
        list: written.rows.list,
        principal,
        credentials,
        rights,
        last_use,
        by_hand: by_hand(written.by_hand)?,
        columns: columns.0,
    })
}

fn principal(columns: &mut Columns, written: &written::Principal) -> Result<PrincipalOf, Refusal> {
    let column = |columns: &mut Columns, key: &str, from: &From| {
        fits(key, from, &[])?;
        columns.plain(key, from.column.as_deref().unwrap_or_default())
    };
    Ok(PrincipalOf {
        key: column(columns, "principal.key", &written.key)?,
        name: written.name.as_ref().map(|name| column(columns, "principal.name", name)).transpose()?,
        kind: match &written.kind {
            None => Choice::Is(PrincipalKind::Account),
            Some(kind) => choice(columns, "principal.kind", kind, own(&kinds()), |word| word.parse().ok())?,
        },
        built_in: flag(columns, "principal.built_in", written.built_in.as_ref())?
            .unwrap_or(Choice::Is(false)),
        login: flag(columns, "principal.login", written.login.as_ref())?,
        facts: facts(columns, "principal.facts", &written.facts)?,
        owner_hints: written
            .owner_hints
            .iter()
            .map(|hint| columns.plain("principal.owner_hints", hint))
            .collect::<Result<_, _>>()?,
    })
}

fn credential(columns: &mut Columns, written: &written::Credential) -> Result<CredentialOf, Refusal> {
    let words: Vec<&str> = CredentialKind::ALL.iter().map(|kind| kind.as_str()).collect();
    Ok(CredentialOf {
        key: text(columns, "credential.key", &written.key)?,
        kind: choice(columns, "credential.kind", &written.kind, own(&words), |word| word.parse().ok())?,
        state: match &written.state {
            None => Choice::Is(CredentialState::Live),
            Some(state) => {
                let words = Words { known: &["live", "disabled", "expired"], used: cell::STATE_WORDS };
                choice(columns, "credential.state", state, words, cell::state)?
            }
        },
        when: flag(columns, "credential.when", written.when.as_ref())?,
        valid_until: match &written.valid_until {
            None => None,
            Some(until) => Some(date(columns, "credential.valid_until", until)?),
        },
        fingerprint: match &written.fingerprint {
            None => None,
            Some(column) => Some(columns.any("credential.fingerprint", column)?),
        },
        facts: facts(columns, "credential.facts", &written.facts)?,
    })
}

const FLAGS: Words<'static> = Words { known: &["true", "false"], used: cell::FLAG_WORDS };

/// A set whose words are used as they are.
const fn own<'words>(words: &'words [&'words str]) -> Words<'words> {
    Words { known: words, used: words }
}

fn kinds() -> Vec<&'static str> {
    PrincipalKind::ALL.iter().map(|kind| kind.as_str()).collect()
}

/// The text of `is`, which may be written as a word or as true and false.
fn literal(key: &str, value: &toml::Value) -> Result<String, Refusal> {
    match value {
        toml::Value::String(text) if text.chars().any(char::is_control) => {
            Err(format!("`{key}` holds a control character"))
        }
        toml::Value::String(text) => Ok(text.clone()),
        toml::Value::Boolean(flag) => Ok(flag.to_string()),
        _ => Err(format!("`{key}`: expected a text, or true or false")),
    }
}

/// Words of a closed set: those a mapping may name, and those that files use for them.
#[derive(Clone, Copy)]
struct Words<'words> {
    known: &'words [&'words str],
    used: &'words [&'words str],
}

fn choice<T: Clone>(
    columns: &mut Columns,
    key: &str,
    from: &From,
    words: Words<'_>,
    read: impl Fn(&str) -> Option<T>,
) -> Result<Choice<T>, Refusal> {
    fits(key, from, &["is", "words"])?;
    let one = |value: &toml::Value| {
        let word = literal(key, value)?;
        read(&word).ok_or_else(|| {
            let hint = did_you_mean(&word, words.known.iter().copied());
            format!("`{key}`: `{}` is none of {}{hint}", printable(&word, 60), words.known.join(", "))
        })
    };
    if let Some(is) = &from.is {
        return one(is).map(Choice::Is);
    }
    let column = columns.plain(key, from.column.as_deref().unwrap_or_default())?;
    let words = match &from.words {
        None => words.used.iter().filter_map(|word| Some(((*word).to_owned(), read(word)?))).collect(),
        Some(words) => words
            .iter()
            .map(|(word, value)| Ok((word.to_lowercase(), one(value)?)))
            .collect::<Result<_, Refusal>>()?,
    };
    Ok(Choice::Of { column, words, otherwise: from.otherwise.as_ref().map(one).transpose()? })
}

fn flag(columns: &mut Columns, key: &str, from: Option<&From>) -> Result<Option<Choice<bool>>, Refusal> {
    from.map(|from| choice(columns, key, from, FLAGS, cell::flag)).transpose()
}

fn text(columns: &mut Columns, key: &str, from: &From) -> Result<Text, Refusal> {
    fits(key, from, &["is"])?;
    text_of(columns, key, from)
}

fn texts(columns: &mut Columns, key: &str, from: &From) -> Result<Texts, Refusal> {
    fits(key, from, if from.column.is_some() { &["split"] } else { &["is"] })?;
    let split = from.split.clone();
    if split.as_ref().is_some_and(String::is_empty) {
        return Err(format!("`{key}`: `split` is empty"));
    }
    Ok(Texts { text: text_of(columns, key, from)?, split })
}

fn text_of(columns: &mut Columns, key: &str, from: &From) -> Result<Text, Refusal> {
    match (&from.is, &from.column) {
        (Some(is), _) => match literal(key, is)? {
            empty if empty.is_empty() => Err(format!("`{key}` is empty")),
            text => Ok(Text::Is(text)),
        },
        (None, column) => Ok(Text::Of(columns.plain(key, column.as_deref().unwrap_or_default())?)),
    }
}

fn date(columns: &mut Columns, key: &str, from: &From) -> Result<DateOf, Refusal> {
    fits(key, from, &["format"])?;
    date_of(columns, key, from)
}

fn date_of(columns: &mut Columns, key: &str, from: &From) -> Result<DateOf, Refusal> {
    let form = match from.format.as_deref() {
        None | Some("rfc3339") => DateForm::Rfc3339,
        Some("unix") => DateForm::Unix,
        Some("unix-ms") => DateForm::UnixMilliseconds,
        Some(pattern) if pattern.contains('%') && pattern.len() <= 100 => {
            DateForm::Pattern(pattern.to_owned())
        }
        Some(_) => {
            return Err(format!(
                "`{key}`: `format` is `rfc3339`, `unix`, `unix-ms` or a pattern such as `%d.%m.%Y %H:%M`"
            ));
        }
    };
    Ok(DateOf { column: columns.plain(key, from.column.as_deref().unwrap_or_default())?, form })
}

fn facts(
    columns: &mut Columns,
    key: &str,
    written: &BTreeMap<String, From>,
) -> Result<BTreeMap<String, FactOf>, Refusal> {
    let mut facts = BTreeMap::new();
    for (name, from) in written {
        let key = format!("{key}.{}", printable(name, 60));
        let plain = name.starts_with(|first: char| first.is_ascii_lowercase())
            && name.len() <= 40
            && name
                .chars()
                .all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_');
        if !plain {
            return Err(format!("`{key}`: a fact is named with small letters, digits and `_`"));
        }
        if OURS.contains(&name.as_str()) {
            return Err(format!("`{key}`: this fact is set by Tenure"));
        }
        let kind = from.kind.as_deref().unwrap_or(if name == names::SUPERUSER { "flag" } else { "text" });
        let may: &[&str] = match kind {
            "flag" => &["as", "words"],
            "date" => &["as", "format"],
            _ => &["as"],
        };
        fits(&key, from, may)?;
        let column = from.column.as_deref().unwrap_or_default();
        let fact = match kind {
            "text" => FactOf::Text(columns.plain(&key, column)?),
            "number" => FactOf::Number(columns.plain(&key, column)?),
            "date" => FactOf::Date(date_of(columns, &key, from)?),
            "flag" => {
                let plain = From { kind: None, ..from.clone() };
                FactOf::Flag(choice(columns, &key, &plain, FLAGS, cell::flag)?)
            }
            _ => return Err(format!("`{key}`: `as` is `text`, `flag`, `number` or `date`")),
        };
        if name == names::SUPERUSER && !matches!(fact, FactOf::Flag(_)) {
            return Err(format!("`{key}`: this fact is a flag"));
        }
        facts.insert(name.clone(), fact);
    }
    Ok(facts)
}

fn delimiter(written: Option<&str>) -> Result<u8, Refusal> {
    match written.map(str::as_bytes) {
        None => Ok(b','),
        Some([byte]) if byte.is_ascii_punctuation() && *byte != b'"' => Ok(*byte),
        Some(b"\t") => Ok(b'\t'),
        Some(_) => Err("`rows.delimiter` is one sign, such as `;` or a tabulator".to_owned()),
    }
}

fn by_hand(written: Vec<String>) -> Result<Vec<String>, Refusal> {
    let fits = |command: &String| {
        !command.is_empty() && command.len() <= 500 && !command.chars().any(char::is_control)
    };
    if written.len() > 20 || !written.iter().all(fits) {
        return Err("`by_hand` holds at most 20 commands of one line and 500 bytes each".to_owned());
    }
    // A name is put in with quotes of its own; inside others they would end those, and a shell would run what follows.
    let filled = |command: &&String| command.contains("{name}") || command.contains("{key}");
    let opens = |command: &String| command.contains(['\'', '"', '`', '\\', '$']);
    if written.iter().filter(filled).any(opens) {
        let why = "a command in `by_hand` with `{name}` or `{key}` holds no quotes, backslash, `$` or backtick: \
                   the name is quoted when it is put in";
        return Err(why.to_owned());
    }
    Ok(written)
}

#[cfg(test)]
mod tests {
    use super::super::Mapping;

    fn refused(text: &str) -> String {
        let whole = format!("version = 1\n[principal]\nkey = \"id\"\n{text}\n");
        Mapping::parse(&whole).err().unwrap_or_else(|| "taken".to_owned())
    }

    #[test]
    fn what_makes_no_sense_is_refused_in_plain_words() {
        let rows: Vec<String> = [
            "kind = { is = \"acount\" }",
            "kind = { column = \"type\", words = { svc = \"wrokload\" } }",
            "kind = { column = \"type\", is = \"account\" }",
            "kind = { words = {} }",
            "kind = { is = \"account\", otherwise = \"group\" }",
            "name = { column = \"n\", format = \"unix\" }",
            "name = \"password\"",
            "owner_hints = [\"api_key\"]",
            "facts = { Env = \"env\" }",
            "facts = { claimed = \"env\" }",
            "facts = { env = { column = \"env\", as = \"colour\" } }",
            "facts = { superuser = { column = \"env\", as = \"text\" } }",
            "facts = { age = { column = \"age\", as = \"number\", format = \"unix\" } }",
            "built_in = { is = \"perhaps\" }",
            "[[credential]]\nkey = \"k\"\nkind = { is = \"tokn\" }",
            "[[credential]]\nkey = \"token\"\nkind = { is = \"token\" }",
            "[[credential]]\nkey = \"k\"\nkind = { is = \"token\" }\nfingerprint = \"token\"",
            "[[credential]]\nkey = \"k\"\nkind = { is = \"token\" }\nvalid_until = { column = \"e\", format = \"soon\" }",
            "[[right]]\nright = { column = \"r\", split = \"\" }\nresource = { is = \"crm\" }",
            "[[right]]\nright = { is = \"\" }\nresource = { is = \"crm\" }",
            "[[right]]\nright = { is = \"a\\u0000\" }\nresource = { is = \"crm\" }",
            "[rows]\ndelimiter = \"::\"",
            "[rows]\ndelimiter = \";\"",
        ]
        .iter()
        .map(|text| format!("{}\n    {}", text.replace('\n', " "), refused(text)))
        .collect();
        insta::assert_snapshot!(rows.join("\n"));
        assert!(
            Mapping::parse("version = 2\n[principal]\nkey = \"id\"\n")
                .unwrap_err()
                .contains("`version` is 2")
        );
        assert!(Mapping::parse("version=1\nby_hand=[\"a\\nb\"]\n[principal]\nkey=\"id\"").is_err());
        for quoted in ["crm --x='{name}'", "crm \\\"{key}\\\"", "crm `echo {name}`", "crm $({key})"] {
            let text = format!("version=1\nby_hand=[\"{quoted}\"]\n[principal]\nkey=\"id\"");
            let refused = Mapping::parse(&text).unwrap_err();
            assert!(refused.contains("holds no quotes"), "{quoted}: {refused}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_the_reading_of_a_mapping_fail(text in ".{0,200}") {
            let _ = Mapping::parse(&text);
        }

        #[test]
        fn no_value_in_a_mapping_makes_its_check_fail(
            key in "(principal|rows|last_use)\\.(key|kind|name|facts|at|by|repeat|delimiter|owner_hints)",
            value in "(\"[a-z%;]{0,5}\"|[0-9]|true|\\[\"[a-z]{0,3}\"\\]|\\{ (column|is|words|format|as|split) = (\"[a-z%]{0,4}\"|true|\\{\\}) \\})",
        ) {
            let _ = Mapping::parse(&format!("version = 1\nprincipal.key = \"id\"\n{key} = {value}\n"));
        }
    }
}
