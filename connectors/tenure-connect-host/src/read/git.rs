//! Git's own files: who works in a work tree, as its settings and its newest record of a change say.
//!
//! `user.email` of a `config`, and the last line of `logs/HEAD` (gitrepository-layout(5)). Whoever may write there may
//! write any name. This file must never follow an include or run Git. Next: `codeowners.rs`.

use super::ini::sections;
use super::lines;
use crate::place::shown;
use tenure_model::printable;

/// Longest address, in characters.
const ADDRESS_CHARS: usize = 100;

/// The address in the settings of a work tree or of a person.
pub fn email_of_config(bytes: &[u8]) -> Option<String> {
    sections(bytes).find(b"user", "email").and_then(|entry| address(entry.value))
}

/// The address of whoever made the last change: `old new Name <address> time zone`, a tab, and what was done.
pub fn email_of_last_change(bytes: &[u8]) -> Option<String> {
    let line = lines(bytes).filter_map(|(_, line)| line.ok()).filter(|line| !line.is_empty()).last()?;
    let head = line.split(|byte| *byte == b'\t').next()?;
    let end = head.iter().rposition(|byte| *byte == b'>')?;
    let (head, _) = head.split_at(end);
    let begin = head.iter().rposition(|byte| *byte == b'<')?;
    address(head.split_at(begin + 1).1)
}

/// Something with an `@` in the middle and without spaces.
fn address(bytes: &[u8]) -> Option<String> {
    let text = shown(bytes);
    let (name, host) = text.split_once('@')?;
    let plain =
        |part: &str| !part.is_empty() && !part.contains(|one: char| one.is_whitespace() || one == '@');
    (plain(name) && plain(host)).then(|| printable(&text, ADDRESS_CHARS))
}

#[cfg(test)]
mod tests {
    use super::{email_of_config, email_of_last_change};

    #[test]
    fn addresses_are_read_from_settings_and_from_the_last_change() {
        let config = b"[core]\n\tbare = false\n[user]\n\tname = Alice\n\temail = alice@shop.invalid\n";
        assert_eq!(email_of_config(config).as_deref(), Some("alice@shop.invalid"));
        assert_eq!(email_of_config(b"[user]\n\temail = none\n[author]\n\temail = a@b\n"), None);
        let log = b"0 1 Bob <bob@shop.invalid> 1700000000 +0000\tcommit: x\n1 2 Ann <a> <alice@shop.invalid> 17 +0\tcommit: by <eve@x>\n";
        assert_eq!(email_of_last_change(log).as_deref(), Some("alice@shop.invalid"));
        for other in ["", "\n", "0 1 nobody", "0 1 <> 1 +0\tx", "0 1 < @ > 1 +0\tx", "\t<a@b>"] {
            assert_eq!(email_of_last_change(other.as_bytes()), None, "{other}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_fail(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
            let _ = (email_of_config(&bytes), email_of_last_change(&bytes));
        }
    }
}
