//! How long free texts may be, checked before a verb is called.
//!
//! A text is kept for years and shown in one line: a limit that is told is kinder than one that
//! is met by accident. Lengths are characters, as people count them.

use crate::problem::Problem;

/// Reasons, purposes and other sentences.
pub(crate) const SENTENCE_CHARS_MAX: usize = 2_000;
/// Names of people, roles and settings.
pub(crate) const NAME_CHARS_MAX: usize = 200;
/// Characters of a path (`PATH_MAX` of Linux, in bytes).
pub(crate) const PATH_CHARS_MAX: usize = 4_096;
/// Addresses and values of settings.
pub(crate) const ADDRESS_CHARS_MAX: usize = 2_000;

/// Lines of an allowed scope.
const SCOPE_LINES_MAX: usize = 200;
/// Characters of one line of an allowed scope.
const SCOPE_LINE_CHARS_MAX: usize = 300;

/// Refuses an allowed scope of too many lines, or with a line that is too long, without repeating it.
pub(crate) fn scope_at_most(lines: &[String]) -> Result<(), Problem> {
    if lines.len() > SCOPE_LINES_MAX {
        return Err(Problem::refused(format!(
            "`allowed_scope` has {} lines; at most {SCOPE_LINES_MAX} are kept: say several rights in one with `*`",
            lines.len()
        )));
    }
    lines.iter().try_for_each(|line| at_most("allowed_scope", line, SCOPE_LINE_CHARS_MAX))
}

/// Refuses a text that is too long, without repeating it.
pub(crate) fn at_most(field: &str, text: &str, most: usize) -> Result<(), Problem> {
    let length = text.chars().count();
    if length <= most {
        return Ok(());
    }
    Err(Problem::refused(format!("`{field}` has {length} characters; at most {most} are kept")))
}

/// As `at_most`, for a text that may be absent.
pub(crate) fn at_most_if(field: &str, text: Option<&str>, most: usize) -> Result<(), Problem> {
    text.map_or(Ok(()), |text| at_most(field, text, most))
}

#[cfg(test)]
mod tests {
    use super::{at_most, scope_at_most};

    #[test]
    fn a_text_may_be_as_long_as_its_limit_and_not_longer() {
        assert_eq!(at_most("reason", "ééé", 3), Ok(()));
        let refused = at_most("reason", "éééé", 3).unwrap_err();
        assert_eq!(refused.detail, "`reason` has 4 characters; at most 3 are kept");
    }

    #[test]
    fn an_allowed_scope_has_so_many_lines_of_such_a_length_and_no_more() {
        let lines = |count: usize, chars: usize| vec!["é".repeat(chars); count];
        assert_eq!(scope_at_most(&lines(200, 300)), Ok(()));
        let refused = |given: &[String]| scope_at_most(given).unwrap_err().detail;
        assert_eq!(
            refused(&lines(201, 1)),
            "`allowed_scope` has 201 lines; at most 200 are kept: say several rights in one with `*`"
        );
        assert_eq!(refused(&lines(1, 301)), "`allowed_scope` has 301 characters; at most 300 are kept");
    }
}
