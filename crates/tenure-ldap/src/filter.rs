//! A filter as people write it (RFC 4515), made into what is sent (RFC 4511, 4.5.1.7).
//!
//! Filters come from `tenure.toml` and from nowhere else: nothing that a directory said is ever put into one. Next: `settings.rs`.

use crate::{
    SettingsRefused,
    ber::{OCTETS, SEQUENCE, value, within},
};

/// Filters inside one another, at most.
const DEPTH_MAX: usize = 20;
/// Characters of a filter, at most.
const CHARS_MAX: usize = 4_000;

const AND: u8 = 0xa0;
const OR: u8 = 0xa1;
const NOT: u8 = 0xa2;
const EQUALITY: u8 = 0xa3;
const SUBSTRINGS: u8 = 0xa4;
const GREATER_OR_EQUAL: u8 = 0xa5;
const LESS_OR_EQUAL: u8 = 0xa6;
const PRESENT: u8 = 0x87;
const APPROXIMATE: u8 = 0xa8;
const EXTENSIBLE: u8 = 0xa9;

fn refused<T>(why: &str) -> Result<T, SettingsRefused> {
    Err(SettingsRefused { why: format!("a filter {why}, such as (&(objectClass=person)(uid=*))") })
}

/// Reads one filter, whole.
pub(crate) fn encoded(text: &str) -> Result<Vec<u8>, SettingsRefused> {
    if text.len() > CHARS_MAX {
        return refused("has 4000 characters at most");
    }
    let mut rest = text.trim().as_bytes();
    let filter = one(&mut rest, DEPTH_MAX)?;
    if rest.is_empty() { Ok(filter) } else { refused("ends where its first bracket is closed") }
}

fn one(rest: &mut &[u8], depth: usize) -> Result<Vec<u8>, SettingsRefused> {
    let Some(depth) = depth.checked_sub(1) else {
        return refused("has at most 20 filters inside one another");
    };
    take(rest, b'(')?;
    let filter = match rest.first() {
        Some(b'&') => several(AND, rest, depth)?,
        Some(b'|') => several(OR, rest, depth)?,
        Some(b'!') => {
            take(rest, b'!')?;
            value(NOT, &one(rest, depth)?)
        }
        _ => {
            let end = rest.iter().position(|letter| b"()".contains(letter)).unwrap_or(rest.len());
            let (item, behind) = rest.split_at(end);
            *rest = behind;
            compared(item)?
        }
    };
    take(rest, b')')?;
    Ok(filter)
}

fn several(tag: u8, rest: &mut &[u8], depth: usize) -> Result<Vec<u8>, SettingsRefused> {
    *rest = rest.get(1..).unwrap_or_default();
    let mut parts = Vec::new();
    while rest.first() == Some(&b'(') {
        parts.push(one(rest, depth)?);
    }
    if parts.is_empty() { refused("has something behind `&` or `|`") } else { Ok(within(tag, &parts)) }
}

fn take(rest: &mut &[u8], letter: u8) -> Result<(), SettingsRefused> {
    match rest.split_first() {
        Some((first, behind)) if *first == letter => {
            *rest = behind;
            Ok(())
        }
        _ => refused("stands in brackets that are opened and closed"),
    }
}

fn compared(item: &[u8]) -> Result<Vec<u8>, SettingsRefused> {
    let Some(at) = item.iter().position(|letter| *letter == b'=') else {
        return refused("compares an attribute with `=`");
    };
    let (left, right) = (item.get(..at).unwrap_or_default(), item.get(at + 1..).unwrap_or_default());
    let (tag, left) = match left.split_last() {
        Some((b'>', left)) => (GREATER_OR_EQUAL, left),
        Some((b'<', left)) => (LESS_OR_EQUAL, left),
        Some((b'~', left)) => (APPROXIMATE, left),
        Some((b':', left)) => return extensible(left, right),
        _ => (EQUALITY, left),
    };
    attribute(left)?;
    if tag != EQUALITY || !right.contains(&b'*') {
        return Ok(within(tag, &[value(OCTETS, left), value(OCTETS, &unescaped(right)?)]));
    }
    if right == b"*" {
        return Ok(value(PRESENT, left));
    }
    let parts: Vec<&[u8]> = right.split(|letter| *letter == b'*').collect();
    let last = parts.len().saturating_sub(1);
    let mut found = Vec::new();
    for (index, part) in parts.into_iter().enumerate().filter(|(_, part)| !part.is_empty()) {
        let place = if index == 0 {
            0x80
        } else if index == last {
            0x82
        } else {
            0x81
        };
        found.push(value(place, &unescaped(part)?));
    }
    if found.is_empty() {
        return refused("has something between two `*`");
    }
    Ok(within(SUBSTRINGS, &[value(OCTETS, left), within(SEQUENCE, &found)]))
}

/// `attribute:rule:=value`, `attribute:dn:=value`, as directories of Microsoft's form need them.
fn extensible(left: &[u8], right: &[u8]) -> Result<Vec<u8>, SettingsRefused> {
    let mut parts = left.split(|letter| *letter == b':');
    let kind = parts.next().unwrap_or_default();
    let (mut rule, mut dn) = (None, false);
    for part in parts {
        match part {
            b"dn" if !dn && rule.is_none() => dn = true,
            _ if rule.is_none() => rule = Some(part),
            _ => return refused("names one rule at most before `:=`"),
        }
    }
    let mut found = Vec::new();
    if let Some(rule) = rule {
        attribute(rule)?;
        found.push(value(0x81, rule));
    }
    if !kind.is_empty() || rule.is_none() {
        attribute(kind)?;
        found.push(value(0x82, kind));
    }
    found.push(value(0x83, &unescaped(right)?));
    if dn {
        found.push(value(0x84, &[0xff]));
    }
    Ok(within(EXTENSIBLE, &found))
}

fn attribute(name: &[u8]) -> Result<(), SettingsRefused> {
    if is_attribute(name) { Ok(()) } else { refused("names attributes by letters, digits, `-`, `.` and `;`") }
}

/// A name that an attribute or a rule may have (RFC 4512, 2.5).
pub(crate) fn is_attribute(name: &[u8]) -> bool {
    let is_plain = |letter: &u8| letter.is_ascii_alphanumeric() || b"-.;".contains(letter);
    !name.is_empty() && name.len() <= 100 && name.iter().all(is_plain)
}

fn unescaped(text: &[u8]) -> Result<Vec<u8>, SettingsRefused> {
    let mut bytes = Vec::new();
    let mut letters = text.iter();
    while let Some(letter) = letters.next() {
        if *letter != b'\\' {
            bytes.push(*letter);
            continue;
        }
        let mut digit = || char::from(*letters.next()?).to_digit(16).and_then(|one| u8::try_from(one).ok());
        let (Some(high), Some(low)) = (digit(), digit()) else {
            return refused("has two hexadecimal digits behind each `\\`");
        };
        bytes.push(high << 4 | low);
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::encoded;

    #[test]
    fn filters_are_written_as_rfc_4511_says() {
        assert_eq!(encoded("(o=*)").unwrap(), [0x87, 1, b'o']);
        assert_eq!(encoded("(a=b)").unwrap(), [0xa3, 6, 4, 1, b'a', 4, 1, b'b']);
        assert_eq!(encoded("(a=b\\2a)").unwrap(), [0xa3, 7, 4, 1, b'a', 4, 2, b'b', b'*']);
        assert_eq!(encoded("(!(a=b))").unwrap()[..3], [0xa2, 8, 0xa3]);
        assert_eq!(
            encoded("(a=b*c*d)").unwrap(),
            [0xa4, 14, 4, 1, b'a', 0x30, 9, 0x80, 1, b'b', 0x81, 1, b'c', 0x82, 1, b'd']
        );
        assert_eq!(
            encoded("(a:1.2:=2)").unwrap(),
            [0xa9, 11, 0x81, 3, b'1', b'.', b'2', 0x82, 1, b'a', 0x83, 1, b'2']
        );
        let both = encoded("(&(a>=b)(|(a<=b)(a~=b)))").unwrap();
        assert_eq!((both[0], both[2], both[10], both[12], both[20]), (0xa0, 0xa5, 0xa1, 0xa6, 0xa8));
    }

    #[test]
    fn what_is_no_filter_is_refused() {
        let deep = format!("{}(a=b){}", "(!".repeat(20), ")".repeat(20));
        for wrong in [
            "",
            "a=b",
            "(a=b",
            "(a=b))",
            "(&)",
            "(a b=c)",
            "(=b)",
            "(a=b\\)",
            "(a=\\zz)",
            "(a=**)",
            "(a)",
            &deep,
            "(a:b:c:=d)",
        ] {
            assert!(encoded(wrong).is_err(), "{wrong}");
        }
        let less = format!("{}(a=b){}", "(!".repeat(19), ")".repeat(19));
        assert!(encoded(&less).is_ok(), "its twin");
    }
}
