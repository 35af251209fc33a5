//! Small words: counts with their nouns, instants, durations, lists of log indexes, names as they are typed.
//!
//! Pure: text in, text out, and never a command that a shell would read something else into. Next: `width.rs`.

use std::time::Duration;
use tenure_model::Instant;

/// `1 source`, `2 sources`.
pub(crate) fn count(number: i64, noun: &str) -> String {
    tenure_model::counted(number, noun)
}

/// Who decided, by name, and in whose place.
pub(crate) fn decider(name: Option<&str>, in_place_of: Option<&str>) -> String {
    let name = name.unwrap_or("somebody who left");
    in_place_of.map_or_else(|| name.to_owned(), |from| format!("{name} (for {from})"))
}

/// `2026-11-21 12:01:02Z`: to the second, in UTC.
pub(crate) fn instant(at: Instant) -> String {
    let text = at.to_string();
    match (text.get(..10), text.get(11..19)) {
        (Some(day), Some(time)) => format!("{day} {time}Z"),
        (None, _) | (_, None) => text,
    }
}

/// A text of the server with its instants as everywhere else.
pub(crate) fn dated(text: &str) -> String {
    let word = |word: &str| {
        let bare = word.trim_matches(|letter: char| "(),;:.".contains(letter));
        match Instant::parse(bare) {
            Ok(at) if bare.contains('T') => word.replacen(bare, &instant(at), 1),
            Ok(_) | Err(_) => word.to_owned(),
        }
    };
    text.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

/// `8.2 s`, `3 min 20 s`, `2 h 5 min`.
pub(crate) fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..60 => format!("{:.1} s", duration.as_secs_f64()),
        60..3_600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
    }
}

/// `42–49`, or `42–44, 47` when there are gaps. `indexes` are ascending.
pub(crate) fn ranges(indexes: &[u64]) -> String {
    let mut runs: Vec<(u64, u64)> = Vec::new();
    for index in indexes {
        match runs.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(*index) => *last = *index,
            Some(_) | None => runs.push((*index, *index)),
        }
    }
    let shown: Vec<String> = runs
        .iter()
        .map(|(first, last)| if first == last { first.to_string() } else { format!("{first}–{last}") })
        .collect();
    shown.join(", ")
}

/// `dies at …`, `dies never …`; what is over already is said as it is: `removed by Tenure`.
pub(crate) fn dies(how: &str) -> String {
    let is_to_come = ["at ", "never", "when "].iter().any(|begin| how.starts_with(begin));
    if is_to_come { format!("dies {how}") } else { how.to_owned() }
}

/// A name as it can be typed: on one line, and in quotes when a shell would read something into it.
pub(crate) fn typeable(name: &str) -> String {
    let name = tenure_model::printable(name, 200);
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "/-_.:@+,=".contains(letter);
    if !name.is_empty() && name.chars().all(plain) {
        name
    } else {
        format!("'{}'", name.replace('\'', r"'\''"))
    }
}

/// A long text in pieces of at most `most` columns, broken at blanks.
pub(crate) fn wrapped(text: &str, most: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let Some(line) = lines.last_mut() else { break };
        let fits =
            line.is_empty() || super::width::columns(line) + 1 + super::width::columns(word) <= most.max(20);
        if fits {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_in_a_text_are_shown_as_everywhere_else() {
        let text = "read 2026-11-21T12:01:02.123456Z (complete), since 2026-11-20T00:00:00Z; 12:30 stays";
        assert_eq!(
            dated(text),
            "read 2026-11-21 12:01:02Z (complete), since 2026-11-20 00:00:00Z; 12:30 stays"
        );
    }

    #[test]
    fn numbers_have_nouns() {
        assert_eq!(count(1, "source"), "1 source");
        assert_eq!(count(0, "session"), "0 sessions");
        assert_eq!(count(2, "identity"), "2 identities");
        assert_eq!(count(3, "key"), "3 keys");
        assert_eq!(count(2, "entry"), "2 entries");
    }

    #[test]
    fn instants_and_durations_have_units() {
        assert_eq!(instant(Instant::from_micros(1_795_262_458_250_000)), "2026-11-21 12:00:58Z");
        assert_eq!(duration(Duration::from_millis(8_240)), "8.2 s");
        assert_eq!(duration(Duration::from_secs(200)), "3 min 20 s");
        assert_eq!(duration(Duration::from_mins(125)), "2 h 5 min");
    }

    #[test]
    fn indexes_are_shown_as_ranges() {
        assert_eq!(ranges(&[42, 43, 44, 47]), "42–44, 47");
        assert_eq!(ranges(&[7]), "7");
        assert_eq!(ranges(&[]), "");
    }

    #[test]
    fn long_text_is_broken_at_blanks() {
        assert_eq!(wrapped("one two three four five six", 20), ["one two three four", "five six"]);
        assert_eq!(wrapped("one two", 3), ["one two"], "never narrower than 20");
    }

    #[test]
    fn what_is_over_does_not_die_any_more() {
        assert_eq!(dies("never, unless somebody ends it"), "dies never, unless somebody ends it");
        assert_eq!(dies("at 2027-01-01, by the system itself"), "dies at 2027-01-01, by the system itself");
        assert_eq!(dies("removed by Tenure"), "removed by Tenure");
        assert_eq!(dies("refused now, but kept"), "refused now, but kept");
    }

    #[test]
    fn a_name_is_shown_as_it_can_be_typed() {
        assert_eq!(typeable("a`b$(reboot)"), "'a`b$(reboot)'");
        assert_eq!(typeable("~"), "'~'");
        assert_eq!(typeable("this-host/deploy"), "this-host/deploy");
        assert_eq!(typeable("this-host/~ada/.netrc[ci]"), "'this-host/~ada/.netrc[ci]'");
        assert_eq!(typeable("it's"), r"'it'\''s'");
        assert_eq!(typeable("a\nb"), r"'a\nb'");
    }
}
