//! Who uses a principal: the program a consumer names, and patterns of administrative ones.
//!
//! The program's name is chosen by the client, so a match excuses, it never proves. An
//! unnamed program counts as an application: tools made for people name themselves.
//! Next: `programme.rs`, which holds the patterns.

/// A pattern over program names: letters in either case, `*` for any run of characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern {
    pieces: Vec<String>,
}

impl Pattern {
    /// Reads a pattern. Whether it is acceptable is the programme's business.
    pub(crate) fn new(given: &str) -> Self {
        Self { pieces: given.to_lowercase().split('*').map(str::to_owned).collect() }
    }

    /// True when the pattern would match anything.
    pub(crate) fn matches_everything(&self) -> bool {
        self.pieces.len() > 1 && self.pieces.iter().all(String::is_empty)
    }

    /// True when `lower`, already in lower case, matches as a whole.
    fn matches(&self, lower: &str) -> bool {
        let Some((first, rest)) = self.pieces.split_first() else { return false };
        let Some((last, middle)) = rest.split_last() else { return lower == first };
        let Some(mut remaining) = lower.strip_prefix(first.as_str()) else { return false };
        for piece in middle {
            let Some((_, after)) = remaining.split_once(piece.as_str()) else { return false };
            remaining = after;
        }
        remaining.ends_with(last.as_str())
    }
}

/// True when the consumer, or the program it names, matches one of the patterns.
pub(crate) fn is_administrative(consumer: &str, patterns: &[Pattern]) -> bool {
    let whole = consumer.to_lowercase();
    let program = program_of(&whole);
    patterns
        .iter()
        .any(|pattern| pattern.matches(&whole) || program.is_some_and(|name| pattern.matches(name)))
}

/// The program named in brackets after the place, if one is named.
///
/// The first bracket counts: the place is the server's word, the program is the client's, and a
/// client must not be able to move the bracket.
fn program_of(consumer: &str) -> Option<&str> {
    let (_, bracketed) = consumer.split_once(" (")?;
    let program = bracketed.strip_suffix(')')?;
    (!program.is_empty()).then_some(program)
}

#[cfg(test)]
mod tests {
    use super::{Pattern, is_administrative};

    #[test]
    fn a_pattern_matches_the_program_in_either_case_and_as_a_whole() {
        let rows = [
            ("psql", "10.0.3.7 (psql)", true),
            ("psql", "local (PSQL)", true),
            ("psql", "10.0.3.7 (psql-exporter)", false),
            ("pgadmin*", "10.0.3.7 (pgAdmin 4 - DB:shop)", true),
            ("pg_*dump*", "10.0.3.7 (pg_dumpall)", true),
            ("pg_*dump*", "10.0.3.7 (pg_basebackup)", false),
            ("10.0.9.*", "10.0.9.4 (anything)", true),
            ("10.0.9.*", "10.0.3.9 (10.0.9.4)", true),
            ("psql", "10.0.3.7 ()", false),
            ("psql", "10.0.3.7", false),
            ("psql", "10.0.3.7 (etl (psql)", false),
            ("a*a", "a", false),
        ];
        for (pattern, consumer, expected) in rows {
            assert_eq!(
                is_administrative(consumer, &[Pattern::new(pattern)]),
                expected,
                "{pattern} {consumer}"
            );
        }
    }

    #[test]
    fn only_stars_match_everything() {
        assert!(Pattern::new("*").matches_everything());
        assert!(Pattern::new("**").matches_everything());
        assert!(!Pattern::new("a*").matches_everything());
    }
}
