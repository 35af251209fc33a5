//! Names and texts as SQL.
//!
//! Utility statements take no parameters, so what they name must be written into them; this
//! file is the only place that does. It must never be handed a clear password.

/// `name` as a quoted identifier: correct for every name PostgreSQL can store.
pub(crate) fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// `text` as a string constant whose meaning does not hang on `standard_conforming_strings`.
pub(crate) fn literal(text: &str) -> String {
    format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::{identifier, literal};

    #[test]
    fn a_name_cannot_end_its_quotes() {
        insta::assert_snapshot!(identifier(r#"x" SUPERUSER; --"#), @r#""x"" SUPERUSER; --""#);
        insta::assert_snapshot!(identifier("per%cent'"), @r#""per%cent'""#);
    }

    #[test]
    fn a_text_cannot_end_its_quotes_with_quote_or_backslash() {
        insta::assert_snapshot!(literal(r"it's \' or"), @r"E'it''s \\'' or'");
    }
}
