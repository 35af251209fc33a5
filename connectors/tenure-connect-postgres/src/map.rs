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

/// How many, in words: `1 right`, `2 rights`.
pub(crate) fn counted(number: i64, one: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {one}s") }
}

#[cfg(test)]
mod tests {
    use super::counted;

    #[test]
    fn one_is_one_and_others_are_many() {
        assert_eq!([0, 1, 2].map(|number| counted(number, "right")), ["0 rights", "1 right", "2 rights"]);
    }
}
