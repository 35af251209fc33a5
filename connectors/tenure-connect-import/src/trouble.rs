//! What can be wrong with one record. None of these ends a reading; each makes its extent a part.
//!
//! A message names the line and the column and never shows what stood there: in a row that is shifted by
//! one, that may be a password. Next: `tally.rs`, which counts them.

/// One record could not be taken, or not wholly.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub(crate) enum Trouble {
    /// It is longer than a record may be.
    #[error("it is longer than 1 MiB")]
    TooLong,
    /// It has more cells than a row may have.
    #[error("it has more than 2000 cells")]
    TooManyCells,
    /// It has another number of cells than the header.
    #[error("it has {has} cells and the header has {wants}")]
    CellsDiffer {
        /// Cells it has.
        has: usize,
        /// Cells of the header.
        wants: usize,
    },
    /// It is not UTF-8.
    #[error("it is not UTF-8")]
    NotUtf8,
    /// It holds a NUL.
    #[error("it holds a NUL")]
    Nul,
    /// The file ends in the middle of it.
    #[error("the file ends within it, so it may be half of one: end the last line with a line break")]
    Cut,
    /// It is no JSON.
    #[error("it is not valid JSON")]
    NotJson,
    /// A member of an object stands there twice.
    #[error("a member of it stands there twice")]
    MemberTwice,
    /// It is JSON, but no object.
    #[error("it is no object")]
    NotAnObject,
    /// Something follows the end of the list.
    #[error("something follows the end of the list")]
    AfterTheEnd,
    /// A cell that must not be empty is.
    #[error("column `{column}` is empty")]
    Empty {
        /// Which.
        column: String,
    },
    /// A cell holds a list or an object where a single value is needed.
    #[error("column `{column}` holds no single value")]
    NotSingle {
        /// Which.
        column: String,
    },
    /// A spreadsheet would compute it.
    #[error("column `{column}` holds a formula: export values")]
    Formula {
        /// Which.
        column: String,
    },
    /// A word that the mapping does not know.
    #[error("column `{column}` holds a word that the mapping does not know")]
    UnknownWord {
        /// Which.
        column: String,
    },
    /// No date in the form the mapping says.
    #[error("column `{column}` holds no date in the form that the mapping says")]
    NotADate {
        /// Which.
        column: String,
    },
    /// Not a whole number.
    #[error("column `{column}` holds no whole number")]
    NotANumber {
        /// Which.
        column: String,
    },
    /// A key or name is too long.
    #[error("column `{column}` is longer than 512 bytes")]
    TextTooLong {
        /// Which.
        column: String,
    },
    /// A secret stands where a key or a name should.
    #[error("column `{column}` holds what looks like a secret")]
    HoldsSecret {
        /// Which.
        column: String,
    },
    /// More of something than one record may hold.
    #[error("it holds more than 1000 credentials or rights")]
    TooMany,
    /// Its key came before, and the mapping does not say that keys repeat.
    #[error(
        "its key came before; if several rows are about one principal, say `repeat = true` under `[rows]`"
    )]
    KeyRepeated,
    /// Its key came before and this row says something else about the principal.
    #[error("its key came before and it says something else about the same principal")]
    Contradicts,
    /// A credential has the key of another of the same principal.
    #[error("a credential of the same principal has the same key")]
    CredentialRepeated,
    /// No finding of Prowler in OCSF.
    #[error("it is no finding with resources (Prowler writes those as JSON-OCSF)")]
    NotAFinding,
    /// No node and no relationship.
    #[error("it is neither a node nor a relationship")]
    NotOfAGraph,
    /// A relationship names a node that did not come before it.
    #[error("a relationship names a node that did not come before it")]
    NodeUnknown,
    /// A credential of a graph of which nothing says whose it is.
    #[error("no relationship says whose this credential is")]
    NobodysCredential,
    /// More nodes than are remembered.
    #[error("there are more nodes than are kept in memory (1000000, and 200000 credentials)")]
    TooManyNodes,
    /// Fewer records are read than there are.
    #[error("there are more records than the setting `records-max` allows")]
    TooManyRecords,
    /// The file changed while it was read.
    #[error("the file changed while it was read: write another file and rename it")]
    ChangedWhileRead,
    /// The file could not be read to its end.
    #[error("the file could not be read to its end")]
    ReadFailed,
}
