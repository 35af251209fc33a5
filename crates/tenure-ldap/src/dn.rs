//! Names of entries (RFC 4514), made comparable: the same entry is written with other cases, blanks and escapes.
//!
//! Case and blanks never tell two entries apart here, as the matching rule of nearly every naming attribute says. A name is
//! compared and never taken apart for what it means. Next: `reading.rs`.

/// A name as it is compared; nothing where it is none.
pub(crate) fn key(name: &str) -> Option<String> {
    let mut key = String::new();
    let mut part = Vec::new();
    let mut letters = name.trim().bytes();
    let mut has_type = false;
    let mut kept = 0;
    while let Some(letter) = letters.next() {
        match letter {
            b'\\' => {
                let first = letters.next()?;
                let hex = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
                match hex(first) {
                    Some(high) => part.push(high << 4 | hex(letters.next()?)?),
                    None => part.push(first),
                }
                // What was escaped is no blank at an end.
                kept = part.len();
            }
            b',' | b'+' | b';' => {
                ends(&mut key, &mut part, (&mut has_type, &mut kept))?;
                key.push(if letter == b'+' { '\u{1}' } else { '\u{0}' });
            }
            b'=' if !has_type => {
                let kind = std::mem::take(&mut part);
                key.push_str(&String::from_utf8(kind).ok()?.trim().to_lowercase());
                key.push('\u{2}');
                (has_type, kept) = (true, 0);
            }
            b' ' if part.is_empty() => {}
            _ => part.push(letter),
        }
    }
    ends(&mut key, &mut part, (&mut has_type, &mut kept))?;
    Some(key)
}

fn ends(key: &mut String, part: &mut Vec<u8>, (has_type, kept): (&mut bool, &mut usize)) -> Option<()> {
    if !*has_type {
        return None;
    }
    while part.len() > *kept && part.last() == Some(&b' ') {
        part.pop();
    }
    key.push_str(&String::from_utf8(std::mem::take(part)).ok()?.to_lowercase());
    (*has_type, *kept) = (false, 0);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::key;

    #[test]
    fn the_same_name_written_otherwise_is_the_same() {
        let ada = key("uid=ada,ou=People,dc=example,dc=com").unwrap();
        for same in [
            "UID=Ada, OU=people ,dc=example,dc=com",
            "uid=\\61da,ou=People,dc=example,dc=com",
            " uid = ada ,ou=People,dc=example,dc=com",
        ] {
            assert_eq!(key(same).unwrap(), ada, "{same}");
        }
        for other in [
            "uid=ada,ou=Other,dc=example,dc=com",
            "uid=ada+ou=People,dc=example,dc=com",
            "uid=ada\\,ou=People,dc=example,dc=com",
        ] {
            assert_ne!(key(other).unwrap(), ada, "{other}");
        }
        assert_eq!(key("cn=a\\20,dc=x"), key("cn=a\\ ,dc=x"));
        assert_ne!(key("cn=a\\ ,dc=x"), key("cn=a,dc=x"), "an escaped blank is part of the name");
        for none in ["", "ada", "uid=ada,", "uid=a\\", "uid=a\\4"] {
            assert_eq!(key(none), None, "{none}");
        }
    }
}
