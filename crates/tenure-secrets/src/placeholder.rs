//! What only looks like a value: examples, references to a value kept elsewhere, letters all the same.

/// Words that nobody's secret holds, and everybody's example does. Small letters.
const WORDS: [&str; 22] = [
    "example",
    "changeme",
    "change_me",
    "change-me",
    "placeholder",
    "your_",
    "your-",
    "yourtoken",
    "yourkey",
    "xxxx",
    "****",
    "....",
    "redacted",
    "dummy",
    "sample",
    "notreal",
    "not-real",
    "insert_",
    "insert-",
    "replace_",
    "replace-",
    "secret_here",
];

/// Beginnings of references to a value that lies elsewhere. Small letters.
const REFERENCES: [&str; 22] = [
    "$",
    "%",
    "{{",
    "<",
    "@",
    "env:",
    "env.",
    "file:",
    "vault:",
    "secret://",
    "op://",
    "bws://",
    "arn:",
    "ref+",
    "os.environ",
    "os.getenv",
    "process.env",
    "getenv",
    "self.",
    "config.",
    "settings.",
    "projects/",
];

/// Whether a value is an example or nothing at all. For places where a value is always meant as it stands: there `$a`
/// and `12345678` are passwords, if bad ones.
pub fn is_example(value: &[u8]) -> bool {
    let text = String::from_utf8_lossy(value).to_ascii_lowercase();
    let in_brackets = text.starts_with('<') && text.ends_with('>');
    in_brackets || WORDS.iter().any(|word| text.contains(word)) || has_few_letters(value)
}

/// Whether a value is an example, a reference to one kept elsewhere, or nothing at all.
pub fn is_placeholder(value: &[u8]) -> bool {
    let text = String::from_utf8_lossy(value).to_ascii_lowercase();
    is_example(value)
        || REFERENCES.iter().any(|start| text.starts_with(start))
        || text.contains("${")
        || text.contains("{{")
        || counts_up(value)
}

/// Made of one or two different letters.
fn has_few_letters(value: &[u8]) -> bool {
    let mut seen: Vec<u8> = Vec::new();
    for byte in value {
        if !seen.contains(byte) {
            seen.push(*byte);
        }
        if seen.len() > 2 {
            return false;
        }
    }
    true
}

/// More than half of it goes up or down by one, as in `1234567890` or `abcdefgh`.
fn counts_up(value: &[u8]) -> bool {
    let steps = |step: i16| {
        let pairs = value.iter().zip(value.iter().skip(1));
        pairs.filter(|(one, next)| i16::from(**next) - i16::from(**one) == step).count()
    };
    let half = value.len() / 2;
    value.len() >= 4 && (steps(1) >= half || steps(-1) >= half)
}

#[cfg(test)]
mod tests {
    use super::{is_example, is_placeholder};

    #[test]
    fn examples_and_references_are_no_values() {
        for value in [
            "",
            "x",
            "changeme",
            "CHANGE_ME_NOW",
            "<token>",
            "${TOKEN}",
            "$TOKEN",
            "%TOKEN%",
            "{{ token }}",
            "your_token_here",
            "AKIAIOSFODNN7EXAMPLE",
            "xxxxxxxxxxxx",
            "1234567890",
            "abcdefghijkl",
            "9876543210",
            "0000000000",
            "op://vault/item/field",
            "process.env.TOKEN",
            "prefix-${X}",
            "abababab",
            "****",
        ] {
            assert!(is_placeholder(value.as_bytes()), "{value}");
        }
    }

    #[test]
    fn values_are_no_placeholders() {
        for value in ["hunter2-and-3", "Tr0ub4dor&3", "correct horse", "k3J9x0Lq", "a1b2c3d4e5"] {
            assert!(!is_placeholder(value.as_bytes()), "{value}");
        }
    }

    #[test]
    fn where_nothing_is_expanded_a_sign_in_front_is_part_of_the_value() {
        for value in ["$ecret-one", "@home-again", "%tage99", "12345678"] {
            assert!(is_placeholder(value.as_bytes()) && !is_example(value.as_bytes()), "{value}");
        }
        for value in ["", "<password>", "changeme", "********"] {
            assert!(is_example(value.as_bytes()), "{value}");
        }
    }
}
