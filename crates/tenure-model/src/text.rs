//! Text from outside, made safe to show.
//!
//! Names in other systems may hold quotes, newlines, terminal escapes or marks that
//! turn the reading direction. Everything that prints such a name goes through here.
//! This room must never change what is stored, only what is shown.

use std::fmt::Write as _;

/// Shows `text` on one line: control characters, line separators and marks that change
/// the reading direction are written as `\u{…}`; more than `chars_max` characters are cut
/// with an ellipsis.
///
/// ```
/// assert_eq!(tenure_model::printable("a\nb\u{202e}c", 20), "a\\nb\\u{202e}c");
/// ```
pub fn printable(text: &str, chars_max: usize) -> String {
    let mut shown = String::with_capacity(text.len().min(chars_max * 4));
    for (count, character) in text.chars().enumerate() {
        if count == chars_max {
            shown.push('…');
            break;
        }
        match character {
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            _ if is_hazardous(character) => {
                let _ = write!(shown, "\\u{{{:x}}}", u32::from(character));
            }
            _ => shown.push(character),
        }
    }
    shown
}

/// How many words a text says: what stands between white space and holds a letter or a digit. Spaces that are not seen, and
/// marks alone, say nothing.
pub fn said_words(text: &str) -> usize {
    text.split_whitespace().filter(|word| word.chars().any(char::is_alphanumeric)).count()
}

/// A number with its noun, as English counts: `1 right`, `0 rights`, `2 identities`.
pub fn counted<N: std::fmt::Display + PartialEq + From<u8>>(number: N, noun: &str) -> String {
    if number == N::from(1) {
        return format!("1 {noun}");
    }
    let vowel = ["ay", "ey", "oy"].iter().any(|end| noun.ends_with(end));
    match noun.strip_suffix('y') {
        Some(stem) if !vowel => format!("{number} {stem}ies"),
        Some(_) | None => format!("{number} {noun}s"),
    }
}

/// True when a character could break a line, a terminal or the reading direction.
fn is_hazardous(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{00ad}' | '\u{061c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::{printable, said_words};

    #[test]
    fn only_words_that_are_seen_are_counted() {
        assert_eq!(said_words("the report runs"), 3);
        assert_eq!(said_words("\u{200b} \u{200b} \u{200b} - ?"), 0);
        assert_eq!(said_words("Überweisung läuft 2"), 3);
    }

    #[test]
    fn hostile_names_stay_on_one_line_and_in_one_direction() {
        insta::assert_snapshot!(printable("x\u{1b}[31m\"; DROP\r\n\u{2066}é\u{200b}", 60),
            @r#"x\u{1b}[31m"; DROP\r\n\u{2066}é\u{200b}"#);
    }

    #[test]
    fn long_names_are_cut_by_characters_not_bytes() {
        assert_eq!(printable("éééé", 3), "ééé…");
        assert_eq!(printable("ééé", 3), "ééé");
    }
}
