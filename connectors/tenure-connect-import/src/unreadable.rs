//! Why a file cannot be read at all. Then nothing of it counts as read, and nothing is gone.
//!
//! What is wrong with single records is a `Trouble`. Messages may name paths, columns and keys of the mapping,
//! and never a value. Next: `open.rs`, `mapping.rs`.

use tenure_connect::OutsideFailure;

/// A file, or the mapping that says what it means, cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// It is not there.
    #[error("{path} is not there")]
    Absent {
        /// Which.
        path: String,
    },
    /// A link is in the way.
    #[error("{path} is a symbolic link, or a directory on the way to it is; links are not followed")]
    Link {
        /// Which.
        path: String,
    },
    /// It is a directory, a pipe, a device or a socket.
    #[error("{path} is no regular file")]
    NotRegular {
        /// Which.
        path: String,
    },
    /// It is not ours to read.
    #[error("{path} may not be read by the account Tenure runs as")]
    NotPermitted {
        /// Which.
        path: String,
    },
    /// It is too large.
    #[error("{path} has {bytes} bytes, and at most {bytes_max} are read")]
    TooLarge {
        /// Which.
        path: String,
        /// How many it has.
        bytes: u64,
        /// How many are read.
        bytes_max: u64,
    },
    /// The system could not read it.
    #[error("{path} could not be read: {why}")]
    Io {
        /// Which.
        path: String,
        /// The system's words.
        why: String,
    },
    /// It is UTF-16, or something else that is not UTF-8.
    #[error("the file is not UTF-8 but looks like {what}")]
    Encoding {
        /// What it looks like.
        what: &'static str,
    },
    /// It is empty.
    #[error("the file is empty")]
    Nothing,
    /// Its first row cannot be a header.
    #[error("the first row is no header: {why}")]
    NoHeader {
        /// Why.
        why: String,
    },
    /// The mapping names a column that the header lacks.
    #[error("the file has no column `{column}`{hint}")]
    NoColumn {
        /// Which.
        column: String,
        /// What may have been meant.
        hint: String,
    },
    /// A column that the mapping names stands in the header twice.
    #[error("the header has `{column}` twice")]
    ColumnTwice {
        /// Which.
        column: String,
    },
    /// The list that the mapping says the records are in is not there.
    #[error("the file has no list `{member}`")]
    NoList {
        /// Which.
        member: String,
    },
    /// The mapping cannot be used.
    #[error("{path}: {why}")]
    Mapping {
        /// Which file.
        path: String,
        /// What is wrong, with the line where it is known.
        why: String,
    },
    /// The rules that find secrets cannot be used.
    #[error("secrets could not be looked for, so nothing was read")]
    NoScanner,
}

impl Unreadable {
    /// What a person can do about it.
    pub const fn remedy(&self) -> &'static str {
        match self {
            Self::Absent { .. } => "put it there, or remove the source; nothing it listed counts as gone",
            Self::Link { .. } => "name the file itself, with every link on the way resolved (realpath FILE)",
            Self::NotRegular { .. } => "name a regular file",
            Self::NotPermitted { .. } => "let that account read it, and nobody else who need not",
            Self::TooLarge { .. } => "split it, or raise the limit: --option bytes-max=N",
            Self::Io { .. } => "mend what the system says, then survey again",
            Self::Encoding { .. } => "save it as UTF-8",
            Self::Nothing => {
                "write a header, even when there is nothing to list: an empty file looks half-written"
            }
            Self::NoHeader { .. }
            | Self::NoColumn { .. }
            | Self::ColumnTwice { .. }
            | Self::NoList { .. } => {
                "mend the mapping or the file; tenure import preview shows what it would become"
            }
            Self::Mapping { .. } => "mend the mapping; docs/import.md shows whole ones",
            Self::NoScanner => "report a defect",
        }
    }

    /// A word for it that stays the same.
    const fn code(&self) -> &'static str {
        match self {
            Self::Absent { .. } => "absent",
            Self::Link { .. } => "link",
            Self::NotRegular { .. } => "not_regular",
            Self::NotPermitted { .. } => "not_permitted",
            Self::TooLarge { .. } => "too_large",
            Self::Io { .. } => "io",
            Self::Encoding { .. } => "encoding",
            Self::Nothing => "empty",
            Self::NoHeader { .. } | Self::NoColumn { .. } | Self::ColumnTwice { .. } => "header",
            Self::NoList { .. } => "no_list",
            Self::Mapping { .. } => "mapping",
            Self::NoScanner => "no_scanner",
        }
    }
}

impl From<Unreadable> for OutsideFailure {
    fn from(unreadable: Unreadable) -> Self {
        match unreadable {
            Unreadable::Absent { .. } | Unreadable::Io { .. } => {
                Self::Unreachable { why: format!("{unreadable}; {}", unreadable.remedy()) }
            }
            _ => Self::Refused {
                code: unreadable.code().to_owned(),
                why: unreadable.to_string(),
                remedy: unreadable.remedy().to_owned(),
            },
        }
    }
}
