//! One JSON value, read strictly: a member that stands in an object twice is refused.
//!
//! Readers differ in which of the two they take; whoever wrote the file may rely on that. Must never show what
//! it read. Next: `json_records.rs`.

use crate::trouble::Trouble;
use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Said by serde when a member comes twice; looked for in its message.
const TWICE: &str = "member twice";

struct Strict(Value);

/// Reads one value.
pub(crate) fn parse(bytes: &[u8]) -> Result<Value, Trouble> {
    if std::str::from_utf8(bytes).is_err() {
        return Err(Trouble::NotUtf8);
    }
    serde_json::from_slice::<Strict>(bytes).map(|strict| strict.0).map_err(|error| {
        if error.is_data() && error.to_string().starts_with(TWICE) {
            Trouble::MemberTwice
        } else {
            Trouble::NotJson
        }
    })
}

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Seed.deserialize(deserializer).map(Self)
    }
}

struct Seed;

impl<'de> DeserializeSeed<'de> for Seed {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed {
    type Value = Value;

    fn expecting(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = sequence.next_element_seed(Self)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let value = members.next_value_seed(Self)?;
            if map.insert(name, value).is_some() {
                return Err(A::Error::custom(TWICE));
            }
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use super::parse;
    use crate::trouble::Trouble;

    #[test]
    fn a_value_is_read_and_a_member_twice_is_refused_at_any_depth() {
        let text = r#"{"a":[1,-2,2.5,"x",null,true],"b":{"c":{}}}"#;
        assert_eq!(parse(text.as_bytes()).unwrap().to_string(), text);
        for text in [r#"{"a":1,"a":2}"#, r#"[{"b":{"a":1,"\u0061":2}}]"#] {
            assert_eq!(parse(text.as_bytes()), Err(Trouble::MemberTwice), "{text}");
        }
        for text in ["{", "nul", "{\"a\" 1}", "1 2", ""] {
            assert_eq!(parse(text.as_bytes()), Err(Trouble::NotJson), "{text}");
        }
        assert_eq!(parse(b"\"\xff\""), Err(Trouble::NotUtf8));
        let deep = "[".repeat(100_000);
        assert_eq!(parse(deep.as_bytes()), Err(Trouble::NotJson));
    }
}
