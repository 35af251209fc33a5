//! Patterns as people write them for paths: `?`, `*` within a part, `**` across parts. Never more work than text times pattern.

/// True when the whole text fits the pattern. `*` stands for anything but `/`, `**` for anything, `?` for one
/// character that is no `/`; everything else stands for itself.
pub(super) fn fits(pattern: &str, text: &str) -> bool {
    let pattern = pieces(pattern);
    let letters: Vec<char> = text.chars().collect();
    // Which lengths of the text the pieces so far can stand for: as much work as text times pattern, never more.
    let mut reached = vec![false; letters.len() + 1];
    if let Some(first) = reached.first_mut() {
        *first = true;
    }
    for piece in pattern {
        reached = step(piece, &letters, &reached);
    }
    reached.last().copied().unwrap_or(false)
}

/// The longest run of the pattern that stands for itself: whatever fits contains it.
pub(super) fn literal(pattern: &str) -> &str {
    pattern.split(['*', '?']).max_by_key(|run| run.len()).unwrap_or_default()
}

#[derive(Clone, Copy)]
enum Piece {
    Itself(char),
    One,
    WithinPart,
    Anything,
}

fn pieces(pattern: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut letters = pattern.chars().peekable();
    while let Some(letter) = letters.next() {
        pieces.push(match letter {
            '*' if letters.next_if_eq(&'*').is_some() => Piece::Anything,
            '*' => Piece::WithinPart,
            '?' => Piece::One,
            other => Piece::Itself(other),
        });
    }
    pieces
}

fn step(piece: Piece, letters: &[char], before: &[bool]) -> Vec<bool> {
    let mut after = Vec::with_capacity(before.len());
    let many = matches!(piece, Piece::WithinPart | Piece::Anything);
    after.push(many && before.first().copied().unwrap_or(false));
    for ((letter, came_from), stays) in letters.iter().zip(before).zip(before.iter().skip(1)) {
        let last = after.last().copied().unwrap_or(false);
        after.push(match piece {
            Piece::Itself(itself) => *came_from && itself == *letter,
            Piece::One => *came_from && *letter != '/',
            Piece::WithinPart => *stays || (last && *letter != '/'),
            Piece::Anything => *stays || last,
        });
    }
    after
}

#[cfg(test)]
mod tests {
    use super::{fits, literal};

    #[test]
    fn a_star_stays_within_a_part_and_two_stars_do_not() {
        for (pattern, text, expected) in [
            ("~deploy/**", "~deploy/app/.env", true),
            ("~deploy/*", "~deploy/app/.env", false),
            ("~deploy/*", "~deploy/.env", true),
            ("~deploy/**", "~deployer/.env", false),
            ("web-*", "web-1", true),
            ("web-*", "web-", true),
            ("web-?", "web-12", false),
            ("web-?", "web-1", true),
            ("**/.env", "/srv/a/b/.env", true),
            ("*", "", true),
            ("", "", true),
            ("", "a", false),
            ("a", "", false),
            ("a*b*c", "axxbyyc", true),
            ("a*b*c", "axxbyy", false),
            ("ü?", "üé", true),
        ] {
            assert_eq!(fits(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn a_pattern_made_to_take_long_does_not() {
        let text = "a".repeat(4_000);
        assert!(!fits(&format!("{}b", "a*".repeat(60)), &text));
    }

    #[test]
    fn the_longest_literal_is_what_every_match_contains() {
        assert_eq!(literal("web-*-backend?"), "-backend");
        assert_eq!(literal("**"), "");
    }
}
