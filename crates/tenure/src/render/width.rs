//! How many columns text takes on a terminal (Unicode Standard Annex #11, UAX #29 in outline).
//!
//! Wide and full-width characters take two columns, combining marks and joiners none. A
//! terminal may differ for rare scripts; then a column is a little off, never the content.
//! Control characters must have been made printable before (`tenure_model::printable`).

/// Ranges that take two columns: UAX #11 classes W and F, and emoji shown wide.
const WIDE: &[(u32, u32)] = &[
    (0x1100, 0x115f),
    (0x231a, 0x231b),
    (0x2329, 0x232a),
    (0x23e9, 0x23ec),
    (0x25fd, 0x25fe),
    (0x2614, 0x2615),
    (0x2e80, 0x303e),
    (0x3041, 0x33ff),
    (0x3400, 0x4dbf),
    (0x4e00, 0x9fff),
    (0xa000, 0xa4cf),
    (0xa960, 0xa97f),
    (0xac00, 0xd7a3),
    (0xf900, 0xfaff),
    (0xfe30, 0xfe6f),
    (0xff00, 0xff60),
    (0xffe0, 0xffe6),
    (0x16fe0, 0x18cff),
    (0x1b000, 0x1b2ff),
    (0x1f004, 0x1f004),
    (0x1f18e, 0x1f19a),
    (0x1f200, 0x1f64f),
    (0x1f680, 0x1f6ff),
    (0x1f7e0, 0x1f7eb),
    (0x1f90c, 0x1faff),
    (0x20000, 0x3fffd),
];

/// Ranges that take no column: combining marks (general categories Mn and Me) of the scripts in
/// wide use, variation selectors and joiners.
const NONE: &[(u32, u32)] = &[
    (0x0300, 0x036f),
    (0x0483, 0x0489),
    (0x0591, 0x05bd),
    (0x0610, 0x061a),
    (0x064b, 0x065f),
    (0x0670, 0x0670),
    (0x06d6, 0x06dc),
    (0x0900, 0x0902),
    (0x093c, 0x093c),
    (0x0941, 0x0948),
    (0x094d, 0x094d),
    (0x0e31, 0x0e31),
    (0x0e34, 0x0e3a),
    (0x0e47, 0x0e4e),
    (0x1ab0, 0x1aff),
    (0x1dc0, 0x1dff),
    (0x200b, 0x200f),
    (0x20d0, 0x20f0),
    (0x3099, 0x309a),
    (0xfe00, 0xfe0f),
    (0xfe20, 0xfe2f),
    (0xe0100, 0xe01ef),
];

fn within(ranges: &[(u32, u32)], code: u32) -> bool {
    ranges
        .binary_search_by(|(first, last)| {
            if *last < code {
                std::cmp::Ordering::Less
            } else if *first > code {
                std::cmp::Ordering::Greater
            } else {
                std::cmp::Ordering::Equal
            }
        })
        .is_ok()
}

fn columns_of(character: char) -> usize {
    let code = u32::from(character);
    match code {
        0x20..=0x2ff => 1,
        _ if within(NONE, code) => 0,
        _ if within(WIDE, code) => 2,
        _ => 1,
    }
}

/// Columns that `text` takes.
pub(crate) fn columns(text: &str) -> usize {
    text.chars().map(columns_of).sum()
}

/// `text` in at most `most` columns, cut with an ellipsis.
pub(crate) fn cut(text: &str, most: usize) -> String {
    if columns(text) <= most {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut taken = 0;
    for character in text.chars() {
        let needs = columns_of(character);
        if taken + needs + 1 > most {
            break;
        }
        taken += needs;
        kept.push(character);
    }
    kept.push('…');
    kept
}

/// `text` in at most `most` columns, with an ellipsis in its middle: what names begin and end with tells them apart.
pub(crate) fn cut_middle(text: &str, most: usize) -> String {
    if columns(text) <= most || most < 3 {
        return cut(text, most);
    }
    let behind = (most - 1) / 2;
    let begin = cut(text, most - behind);
    let mut end: Vec<char> = Vec::new();
    let mut taken = 0;
    for character in text.chars().rev() {
        let needs = columns_of(character);
        if taken + needs > behind {
            break;
        }
        taken += needs;
        end.push(character);
    }
    format!("{begin}{}", end.iter().rev().collect::<String>())
}

/// `text` followed by blanks up to `width` columns.
pub(crate) fn padded(text: &str, width: usize) -> String {
    let blanks = width.saturating_sub(columns(text));
    format!("{text}{}", " ".repeat(blanks))
}

#[cfg(test)]
mod tests {
    use super::{NONE, WIDE, columns, cut, cut_middle, padded};

    #[test]
    fn wide_characters_take_two_columns_and_marks_none() {
        for (text, expect) in
            [("abc", 3), ("é", 1), ("e\u{301}", 1), ("日本", 4), ("a日", 3), ("🔑", 2), ("", 0)]
        {
            assert_eq!(columns(text), expect, "{text:?}");
        }
    }

    #[test]
    fn text_is_cut_by_columns_and_never_between_a_letter_and_half_a_column() {
        assert_eq!(cut("reporting", 9), "reporting");
        assert_eq!(cut("reporting", 6), "repor…");
        assert_eq!(cut("日本語", 4), "日…");
        assert_eq!(cut("日本語", 5), "日本…");
        assert_eq!(padded("日", 4), "日  ");
    }

    #[test]
    fn a_name_is_cut_in_its_middle_and_never_wider_than_asked() {
        assert_eq!(
            cut_middle("this-host/~ada/.aws/credentials[profile default]", 24),
            "this-host/~a…le default]"
        );
        assert_eq!(cut_middle("short", 5), "short");
        for most in 1..12 {
            for text in ["日本語日本語日本語", "abcdefghijklmnop", "e\u{301}e\u{301}e\u{301}日日日日日"]
            {
                assert!(columns(&cut_middle(text, most)) <= most, "{text} {most}");
            }
        }
    }

    #[test]
    fn the_ranges_are_in_order() {
        for table in [WIDE, NONE] {
            for pair in table.windows(2) {
                assert!(pair[0].1 < pair[1].0, "{pair:x?}");
            }
        }
    }
}
