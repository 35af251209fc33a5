//! What the columns of a file mean: a mapping, checked, with every column it names numbered.
//!
//! A mapping is read anew for each reading. A column whose name looks like one of secrets may be fingerprinted
//! and nothing else. Must never read the file itself. What a row becomes is in `mapping/apply.rs`; how cells
//! are understood is in `mapping/cell.rs`.

pub(crate) mod apply;
pub(crate) mod cell;
mod check;
pub(crate) mod written;

use std::collections::BTreeMap;
use tenure_model::{CredentialKind, CredentialState, PrincipalKind};

/// A column, by its number in `Mapping::columns`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Column(pub(crate) usize);

/// A text that the mapping itself says, or a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Text {
    Is(String),
    Of(Column),
}

/// One of a closed set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Choice<T> {
    Is(T),
    /// By the words of a column, in small letters; `otherwise` for an empty cell and for other words.
    Of {
        column: Column,
        words: BTreeMap<String, T>,
        otherwise: Option<T>,
    },
}

/// How a date is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum DateForm {
    /// RFC 3339, with a blank for the `T` if need be, or a date alone.
    Rfc3339,
    /// Seconds since 1970.
    Unix,
    /// Milliseconds since 1970.
    UnixMilliseconds,
    /// A pattern such as `%d.%m.%Y`; without a zone in it, UTC.
    Pattern(String),
}

/// A column with dates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DateOf {
    pub(crate) column: Column,
    pub(crate) form: DateForm,
}

/// What kind of fact a column holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FactOf {
    Text(Column),
    Flag(Choice<bool>),
    Number(Column),
    Date(DateOf),
}

/// A column of texts, perhaps several in one cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Texts {
    pub(crate) text: Text,
    pub(crate) split: Option<String>,
}

/// What of a row makes a credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CredentialOf {
    pub(crate) key: Text,
    pub(crate) kind: Choice<CredentialKind>,
    pub(crate) state: Choice<CredentialState>,
    /// There is one only when this holds.
    pub(crate) when: Option<Choice<bool>>,
    pub(crate) valid_until: Option<DateOf>,
    pub(crate) fingerprint: Option<Column>,
    pub(crate) facts: BTreeMap<String, FactOf>,
}

/// What of a row makes rights.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RightOf {
    pub(crate) right: Texts,
    pub(crate) resource: Texts,
    pub(crate) grantable: Choice<bool>,
}

/// What of a row makes a last use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LastUseOf {
    pub(crate) at: DateOf,
    pub(crate) by: Option<Column>,
}

/// What of a row makes a principal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PrincipalOf {
    pub(crate) key: Column,
    pub(crate) name: Option<Column>,
    pub(crate) kind: Choice<PrincipalKind>,
    pub(crate) built_in: Choice<bool>,
    pub(crate) login: Option<Choice<bool>>,
    pub(crate) facts: BTreeMap<String, FactOf>,
    pub(crate) owner_hints: Vec<Column>,
}

/// A mapping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mapping {
    /// Every column it names, each once.
    pub(crate) columns: Vec<String>,
    /// Several rows may be about one principal.
    pub(crate) repeat: bool,
    /// What separates cells of CSV.
    pub(crate) delimiter: u8,
    /// The member of an outer object whose list holds the records.
    pub(crate) list: Option<String>,
    pub(crate) principal: PrincipalOf,
    pub(crate) credentials: Vec<CredentialOf>,
    pub(crate) rights: Vec<RightOf>,
    pub(crate) last_use: Option<LastUseOf>,
    /// Commands for a person, with `{name}` and `{key}` in them.
    pub(crate) by_hand: Vec<String>,
}

impl Mapping {
    /// Reads a mapping; a refusal says what is wrong and where.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        check::checked(written::parse(text)?)
    }

    /// The name of a column.
    pub(crate) fn name_of(&self, column: Column) -> &str {
        self.columns.get(column.0).map_or("", String::as_str)
    }
}
