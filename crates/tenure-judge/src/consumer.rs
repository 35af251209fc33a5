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
    pub(crate) fn matches(&self, lower: &str) -> bool {
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
pub(crate) fn matches_any(consumer: &str, patterns: &[Pattern]) -> bool {
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

/// From where, without the program.
pub(crate) fn place_of(consumer: &str) -> &str {
    consumer.split_once(" (").map_or(consumer, |(place, _)| place)
}

/// The program without what tells its copies apart: `worker-1` and `Worker-2` are one. Empty when none is named.
pub(crate) fn program_family(consumer: &str) -> String {
    let lower = consumer.to_lowercase();
    let mut family = String::new();
    for letter in program_of(&lower).unwrap_or_default().chars() {
        let kept = if letter.is_ascii_digit() { '#' } else { letter };
        if !(kept == '#' && family.ends_with('#')) {
            family.push(kept);
        }
    }
    family
}

#[cfg(test)]
mod tests {
    use super::{Pattern, matches_any, place_of, program_family};

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
            assert_eq!(matches_any(consumer, &[Pattern::new(pattern)]), expected, "{pattern} {consumer}");
        }
    }

    #[test]
    fn copies_of_one_program_are_one_family() {
        for (consumer, family) in [
            ("10.0.3.7 (worker-12)", "worker-#"),
            ("10.0.3.8 (Worker-3)", "worker-#"),
            ("10.0.3.8 (sidekiq 7.1.2 shop)", "sidekiq #.#.# shop"),
            ("10.0.3.8", ""),
            ("10.0.3.9 ()", ""),
        ] {
            assert_eq!(program_family(consumer), family, "{consumer}");
        }
        assert_eq!(place_of("10.0.3.8 (etl (x))"), "10.0.3.8");
        assert_eq!(place_of("pts/0"), "pts/0");
    }

    #[test]
    fn only_stars_match_everything() {
        assert!(Pattern::new("*").matches_everything());
        assert!(Pattern::new("**").matches_everything());
        assert!(!Pattern::new("a*").matches_everything());
    }
}
