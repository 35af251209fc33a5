//! Small conversions into the model's words.
//!
//! Pure; knows neither connections nor statements.

use tenure_model::{Fact, Facts};

/// Facts that say which command was given.
pub(crate) fn said(command: &str) -> Facts {
    Facts::from([("command".to_owned(), Fact::Text(command.to_owned()))])
}

/// A count as a fact.
pub(crate) fn count(number: i64) -> Fact {
    Fact::Number(number)
}
