//! Canonical JSON: the strict subset of RFC 8785 in which Tenure writes entries and bodies.
//!
//! Everything has one spelling: keys sorted by UTF-16 code units, no white space, shortest escapes, whole numbers
//! within ±(2^53 - 1). Fractions and larger numbers are refused rather than rounded, because a verifier written in
//! another language would round them differently. It must never accept two spellings of one value. Next: [`crate::entry`].

use serde_json::Value;

/// Largest magnitude of a whole number that every JSON reader holds exactly: 2^53 - 1 (RFC 8785 section 3.2.2.3).
pub const INTEGER_MAX: i64 = 9_007_199_254_740_991;

/// Deepest nesting of arrays and objects that is written or read.
pub const DEPTH_MAX: usize = 64;

/// Why a value has no canonical form here, or why bytes are not one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JsonRefused {
    /// A number with a fraction or an exponent.
    #[error("number `{0}` is not a whole number")]
    Fraction(String),
    /// A whole number outside ±(2^53 - 1).
    #[error("number `{0}` is outside the range every reader holds exactly")]
    IntegerTooLarge(String),
    /// Nested deeper than [`DEPTH_MAX`].
    #[error("nested deeper than {DEPTH_MAX} levels")]
    NestedTooDeep,
    /// Not JSON at all.
    #[error("not JSON: {0}")]
    NotJson(String),
    /// JSON, but spelled in another way than the canonical one (white space, key order, escapes, a doubled key).
    #[error("not in canonical form")]
    NotCanonical,
}

/// Writes `value` in canonical form (RFC 8785, whole numbers only).
pub fn canonical_json(value: &Value) -> Result<Vec<u8>, JsonRefused> {
    let mut out = Vec::with_capacity(256);
    write_value(value, DEPTH_MAX, &mut out)?;
    Ok(out)
}

/// Reads bytes that must already be in canonical form; anything that would be written differently is refused.
pub fn parse_canonical(bytes: &[u8]) -> Result<Value, JsonRefused> {
    let value: Value =
        serde_json::from_slice(bytes).map_err(|error| JsonRefused::NotJson(error.to_string()))?;
    if canonical_json(&value)? == bytes { Ok(value) } else { Err(JsonRefused::NotCanonical) }
}

fn write_value(value: &Value, depth_left: usize, out: &mut Vec<u8>) -> Result<(), JsonRefused> {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(flag) => write_bool(*flag, out),
        Value::String(text) => write_string(text, out),
        Value::Number(number) => match number.as_i64() {
            Some(integer) => write_integer(integer, out)?,
            None if number.is_u64() => return Err(JsonRefused::IntegerTooLarge(number.to_string())),
            None => return Err(JsonRefused::Fraction(number.to_string())),
        },
        Value::Array(items) => {
            let depth_left = depth_left.checked_sub(1).ok_or(JsonRefused::NestedTooDeep)?;
            out.push(b'[');
            for (position, item) in items.iter().enumerate() {
                if position > 0 {
                    out.push(b',');
                }
                write_value(item, depth_left, out)?;
            }
            out.push(b']');
        }
        Value::Object(members) => {
            let depth_left = depth_left.checked_sub(1).ok_or(JsonRefused::NestedTooDeep)?;
            let mut sorted: Vec<(&String, &Value)> = members.iter().collect();
            sorted.sort_by(|(left, _), (right, _)| left.encode_utf16().cmp(right.encode_utf16()));
            out.push(b'{');
            for (position, (key, member)) in sorted.into_iter().enumerate() {
                if position > 0 {
                    out.push(b',');
                }
                write_string(key, out);
                out.push(b':');
                write_value(member, depth_left, out)?;
            }
            out.push(b'}');
        }
    }
    Ok(())
}

pub(crate) fn write_bool(flag: bool, out: &mut Vec<u8>) {
    out.extend_from_slice(if flag { b"true" } else { b"false" });
}

/// Writes a whole number, or refuses one that not every reader holds exactly.
pub(crate) fn write_integer(integer: i64, out: &mut Vec<u8>) -> Result<(), JsonRefused> {
    if !(-INTEGER_MAX..=INTEGER_MAX).contains(&integer) {
        return Err(JsonRefused::IntegerTooLarge(integer.to_string()));
    }
    write_decimal(integer, out);
    Ok(())
}

/// Shortest decimal form, built backwards on the stack: this runs several times per entry.
fn write_decimal(integer: i64, out: &mut Vec<u8>) {
    let mut digits = [0_u8; 20];
    let mut rest = integer.unsigned_abs();
    let mut used = 0;
    for slot in digits.iter_mut().rev() {
        *slot = b'0' + u8::try_from(rest % 10).unwrap_or_default();
        rest /= 10;
        used += 1;
        if rest == 0 {
            break;
        }
    }
    if integer < 0 {
        out.push(b'-');
    }
    out.extend_from_slice(digits.get(digits.len() - used..).unwrap_or_default());
}

/// Writes a string with the shortest escapes of RFC 8785 section 3.2.2.2.
pub(crate) fn write_string(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    let bytes = text.as_bytes();
    if bytes.iter().any(|byte| needs_escape(*byte)) {
        for byte in bytes {
            write_escaped(*byte, out);
        }
    } else {
        out.extend_from_slice(bytes);
    }
    out.push(b'"');
}

const fn needs_escape(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

fn write_escaped(byte: u8, out: &mut Vec<u8>) {
    match byte {
        b'"' => out.extend_from_slice(b"\\\""),
        b'\\' => out.extend_from_slice(b"\\\\"),
        0x08 => out.extend_from_slice(b"\\b"),
        b'\t' => out.extend_from_slice(b"\\t"),
        b'\n' => out.extend_from_slice(b"\\n"),
        0x0c => out.extend_from_slice(b"\\f"),
        b'\r' => out.extend_from_slice(b"\\r"),
        0x00..=0x1f => {
            let low = byte & 0x0f;
            let digit = if low < 10 { b'0' + low } else { b'a' + low - 10 };
            out.extend_from_slice(if byte < 0x10 { b"\\u000" } else { b"\\u001" });
            out.push(digit);
        }
        _ => out.push(byte),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn text(value: &Value) -> String {
        String::from_utf8(canonical_json(value).unwrap()).unwrap()
    }

    #[test]
    fn keys_sort_by_utf_16_code_units_as_in_the_rfc_example() {
        // RFC 8785 section 3.2.3: U+1F600 (surrogates D83D DE00) sorts before U+FB33.
        let value = json!({
            "\u{20ac}": 1, "\r": 2, "\u{fb33}": 3, "1": 4, "\u{1f600}": 5, "\u{80}": 6, "\u{f6}": 7
        });
        assert_eq!(
            text(&value),
            "{\"\\r\":2,\"1\":4,\"\u{80}\":6,\"\u{f6}\":7,\"\u{20ac}\":1,\"\u{1f600}\":5,\"\u{fb33}\":3}"
        );
    }

    #[test]
    fn strings_use_the_shortest_escapes() {
        // RFC 8785 section 3.2.2.2, its own sample string.
        let value = json!("\u{20ac}$\u{000f}\nA'B\"\\\\\"/");
        assert_eq!(text(&value), "\"\u{20ac}$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"");
    }

    #[test]
    fn numbers_that_readers_would_round_are_refused() {
        for (input, expect) in [
            ("1.5", "number `1.5` is not a whole number"),
            ("1.0", "number `1.0` is not a whole number"),
            ("9007199254740992", "number `9007199254740992` is outside the range every reader holds exactly"),
            (
                "-9007199254740992",
                "number `-9007199254740992` is outside the range every reader holds exactly",
            ),
            (
                "18446744073709551615",
                "number `18446744073709551615` is outside the range every reader holds exactly",
            ),
        ] {
            let value: Value = serde_json::from_str(input).unwrap();
            assert_eq!(canonical_json(&value).unwrap_err().to_string(), expect);
        }
        assert_eq!(text(&json!(-INTEGER_MAX)), "-9007199254740991");
        assert_eq!(text(&json!(0)), "0");
    }

    #[test]
    fn nesting_has_a_limit() {
        let mut value = json!(0);
        for _ in 0..DEPTH_MAX {
            value = json!([value]);
        }
        assert!(canonical_json(&value).is_ok());
        assert_eq!(canonical_json(&json!([value])), Err(JsonRefused::NestedTooDeep));
    }

    #[test]
    fn other_spellings_of_the_same_value_are_refused() {
        for bad in [
            "{ }",
            "{\"b\":1,\"a\":2}",
            "{\"a\":1,\"a\":1}",
            "\"\\u0041\"",
            "\"\\u000A\"",
            "-0",
            "01",
            "[1,]",
            "",
        ] {
            assert!(parse_canonical(bad.as_bytes()).is_err(), "{bad}");
        }
        assert_eq!(parse_canonical(b"{\"a\":[1,null,true]}"), Ok(json!({"a": [1, null, true]})));
    }

    proptest! {
        #[test]
        fn every_string_is_written_as_a_second_writer_writes_it(input in any::<String>()) {
            let mut ours = Vec::new();
            write_string(&input, &mut ours);
            prop_assert_eq!(ours, serde_json::to_vec(&input).unwrap());
        }

        #[test]
        fn every_exact_integer_is_written_in_its_shortest_form(input in -INTEGER_MAX..=INTEGER_MAX) {
            let mut ours = Vec::new();
            write_integer(input, &mut ours).unwrap();
            prop_assert_eq!(String::from_utf8(ours).unwrap(), input.to_string());
        }
    }
}
