//! One leaf of the evidence log: what was decided or done, by whom, about what, under which right, and the digest of
//! the body that says it in full.
//!
//! An entry holds ids, digests and small facts; it must never hold a secret or personal data in clear, because a leaf
//! can never be taken back. Those live in the body, a deletable row that the entry only commits to
//! ([`body_digest`]). Its bytes have one spelling (canonical JSON), so equal entries hash equally in every language.
//! Next: [`crate::tree`] hashes entries into the log.

use crate::hash::{Hash, tagged_hash};
use crate::json::{INTEGER_MAX, JsonRefused, write_bool, write_integer, write_string};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Most bytes an encoded entry may have: entry bundles prefix each with a 16-bit length (tlog-tiles, "Log entries").
pub const ENTRY_BYTES_MAX: usize = 65_535;

/// The only entry version there is.
pub const ENTRY_VERSION: u32 = 1;

/// Most bytes of `id`, `kind`, `actor`, `subject` and `right`, each.
pub const NAME_BYTES_MAX: usize = 1024;

/// Most bytes of the name of a fact.
pub const FACT_NAME_BYTES_MAX: usize = 64;

/// Domain of body digests; the trailing newline and the fixed length of the nonce keep the concatenation unambiguous.
const BODY_DOMAIN: &[u8] = b"tenure-body/1\n";

/// One leaf of the log, decoded.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Format of the entry, [`ENTRY_VERSION`].
    pub version: u32,
    /// Id of the entry (a UUIDv7 in text form); the receipt a caller gets.
    pub id: String,
    /// When it was recorded, microseconds since 1970-01-01T00:00:00Z by the recorder's clock.
    pub time_us: i64,
    /// What happened, a versioned name such as `plan.approved/1`.
    pub kind: String,
    /// Who decided or did it, as an id.
    pub actor: String,
    /// What it is about, as an id.
    pub subject: String,
    /// The decision right under which it was decided; `None` where none was exercised (an observation).
    #[serde(default)]
    pub right: Option<String>,
    /// [`body_digest`] of the full record.
    pub body_digest: Hash,
    /// Small facts that must survive the body: counts, levels, digests, ids. Names are `[a-z0-9_.-]`.
    pub facts: BTreeMap<String, FactValue>,
}

/// The value of one fact.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum FactValue {
    /// Text, never a secret and never personal data.
    Text(String),
    /// A whole number within ±(2^53 - 1).
    Integer(i64),
    /// Yes or no.
    Flag(bool),
}

/// Why an entry cannot be written, or why bytes are not an entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EntryRefused {
    /// Not [`ENTRY_VERSION`].
    #[error("entry version {0} is unknown, this reads version {ENTRY_VERSION}")]
    VersionUnknown(u32),
    /// A required name is empty.
    #[error("entry field `{0}` is empty")]
    NameEmpty(&'static str),
    /// A name holds a control character.
    #[error("entry field `{0}` holds a control character")]
    NameControl(&'static str),
    /// A name is longer than [`NAME_BYTES_MAX`].
    #[error("entry field `{field}` has {bytes} bytes, more than {NAME_BYTES_MAX}")]
    NameTooLong {
        /// The field.
        field: &'static str,
        /// Its length in bytes.
        bytes: usize,
    },
    /// A fact's name is empty, too long, or holds something other than `[a-z0-9_.-]`.
    #[error("fact name `{0}` is not 1 to {FACT_NAME_BYTES_MAX} characters of a-z, 0-9, `_`, `.` and `-`")]
    FactName(String),
    /// A number not every reader holds exactly.
    #[error("entry field `{field}` is {value}, outside ±{INTEGER_MAX}")]
    IntegerTooLarge {
        /// `time_us` or the name of the fact.
        field: String,
        /// The number.
        value: i64,
    },
    /// Longer than [`ENTRY_BYTES_MAX`].
    #[error("entry has {0} bytes, more than {ENTRY_BYTES_MAX}")]
    TooLong(usize),
    /// Not JSON of the shape of an entry.
    #[error("not an entry: {0}")]
    NotAnEntry(String),
    /// An entry, but not spelled canonically.
    #[error("entry is not in canonical form")]
    NotCanonical,
}

impl Entry {
    /// Encodes canonically (RFC 8785): members sorted, absent `right` left out, no white space.
    pub fn encode(&self) -> Result<Vec<u8>, EntryRefused> {
        let mut out = Vec::with_capacity(512);
        self.encode_into(&mut out)?;
        Ok(out)
    }

    /// Appends the encoding to `out`, for callers that reuse a buffer. On error `out` holds nothing more than before.
    pub fn encode_into(&self, out: &mut Vec<u8>) -> Result<(), EntryRefused> {
        let start = out.len();
        let written = self.write(out);
        let bytes = out.len() - start;
        let outcome = match written {
            Ok(()) if bytes > ENTRY_BYTES_MAX => Err(EntryRefused::TooLong(bytes)),
            other => other,
        };
        if outcome.is_err() {
            out.truncate(start);
        }
        outcome
    }

    /// Decodes bytes that are exactly what [`Entry::encode`] writes; any other spelling is refused.
    pub fn decode(bytes: &[u8]) -> Result<Self, EntryRefused> {
        if bytes.len() > ENTRY_BYTES_MAX {
            return Err(EntryRefused::TooLong(bytes.len()));
        }
        let entry: Self =
            serde_json::from_slice(bytes).map_err(|error| EntryRefused::NotAnEntry(error.to_string()))?;
        if entry.encode()? == bytes { Ok(entry) } else { Err(EntryRefused::NotCanonical) }
    }

    fn write(&self, out: &mut Vec<u8>) -> Result<(), EntryRefused> {
        if self.version != ENTRY_VERSION {
            return Err(EntryRefused::VersionUnknown(self.version));
        }
        write_name(b"{\"actor\":", "actor", &self.actor, out)?;
        out.extend_from_slice(b",\"body_digest\":\"");
        self.body_digest.push_base64(out);
        out.extend_from_slice(b"\",\"facts\":{");
        for (position, (name, value)) in self.facts.iter().enumerate() {
            if position > 0 {
                out.push(b',');
            }
            write_fact(name, value, out)?;
        }
        write_name(b"},\"id\":", "id", &self.id, out)?;
        write_name(b",\"kind\":", "kind", &self.kind, out)?;
        if let Some(right) = &self.right {
            write_name(b",\"right\":", "right", right, out)?;
        }
        write_name(b",\"subject\":", "subject", &self.subject, out)?;
        out.extend_from_slice(b",\"time_us\":");
        write_integer(self.time_us, out).map_err(|refused| too_large("time_us", self.time_us, refused))?;
        out.extend_from_slice(b",\"version\":1}");
        Ok(())
    }
}

/// Digest by which an entry commits to its body: `SHA-256("tenure-body/1\n" || nonce || canonical_body)`.
///
/// The nonce (32 random bytes, kept and deleted with the body) keeps anyone who has only the entry from confirming a
/// guess of the body.
pub fn body_digest(nonce: &[u8; 32], canonical_body: &[u8]) -> Hash {
    tagged_hash(BODY_DOMAIN, &[nonce, canonical_body])
}

fn write_name(lead: &[u8], field: &'static str, text: &str, out: &mut Vec<u8>) -> Result<(), EntryRefused> {
    if text.is_empty() {
        return Err(EntryRefused::NameEmpty(field));
    }
    if text.len() > NAME_BYTES_MAX {
        return Err(EntryRefused::NameTooLong { field, bytes: text.len() });
    }
    if text.chars().any(char::is_control) {
        return Err(EntryRefused::NameControl(field));
    }
    out.extend_from_slice(lead);
    write_string(text, out);
    Ok(())
}

fn write_fact(name: &str, value: &FactValue, out: &mut Vec<u8>) -> Result<(), EntryRefused> {
    // Only ASCII, so that the map's byte order is also the UTF-16 order that RFC 8785 asks for.
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_.-".contains(&byte);
    if name.is_empty() || name.len() > FACT_NAME_BYTES_MAX || !name.bytes().all(allowed) {
        return Err(EntryRefused::FactName(name.to_owned()));
    }
    write_string(name, out);
    out.push(b':');
    match value {
        FactValue::Text(text) => write_string(text, out),
        FactValue::Integer(integer) => {
            write_integer(*integer, out).map_err(|refused| too_large(name, *integer, refused))?;
        }
        FactValue::Flag(flag) => write_bool(*flag, out),
    }
    Ok(())
}

fn too_large(field: &str, value: i64, _refused: JsonRefused) -> EntryRefused {
    EntryRefused::IntegerTooLarge { field: field.to_owned(), value }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sample() -> Entry {
        Entry {
            version: 1,
            id: "01981f0e-7c00-7000-8000-000000000001".into(),
            time_us: 1_754_000_000_000_000,
            kind: "plan.approved/1".into(),
            actor: "person/0198".into(),
            subject: "identity/0199".into(),
            right: Some("approve-removal".into()),
            body_digest: body_digest(&[7; 32], b"{}"),
            facts: BTreeMap::from([
                ("plan_digest".into(), FactValue::Text("q83v".into())),
                ("actions".into(), FactValue::Integer(3)),
                ("alone".into(), FactValue::Flag(false)),
            ]),
        }
    }

    #[test]
    fn an_entry_has_these_bytes() {
        let bytes = String::from_utf8(sample().encode().unwrap()).unwrap();
        insta::assert_snapshot!(bytes, @r#"{"actor":"person/0198","body_digest":"rWYQ7xN8o88MCwxwh4FX6q7p8EVvGXrL1T1WXOgFVEw=","facts":{"actions":3,"alone":false,"plan_digest":"q83v"},"id":"01981f0e-7c00-7000-8000-000000000001","kind":"plan.approved/1","right":"approve-removal","subject":"identity/0199","time_us":1754000000000000,"version":1}"#);
        let without = Entry { right: None, facts: BTreeMap::new(), ..sample() };
        insta::assert_snapshot!(String::from_utf8(without.encode().unwrap()).unwrap(), @r#"{"actor":"person/0198","body_digest":"rWYQ7xN8o88MCwxwh4FX6q7p8EVvGXrL1T1WXOgFVEw=","facts":{},"id":"01981f0e-7c00-7000-8000-000000000001","kind":"plan.approved/1","subject":"identity/0199","time_us":1754000000000000,"version":1}"#);
    }

    #[test]
    fn what_was_encoded_decodes_to_itself() {
        let entry = sample();
        assert_eq!(Entry::decode(&entry.encode().unwrap()), Ok(entry));
    }

    #[test]
    fn refusals_say_which_field_and_why() {
        let check = |entry: Entry, expect: &str| assert_eq!(entry.encode().unwrap_err().to_string(), expect);
        check(Entry { version: 2, ..sample() }, "entry version 2 is unknown, this reads version 1");
        check(Entry { subject: String::new(), ..sample() }, "entry field `subject` is empty");
        check(Entry { right: Some(String::new()), ..sample() }, "entry field `right` is empty");
        check(Entry { actor: "a\nb".into(), ..sample() }, "entry field `actor` holds a control character");
        check(
            Entry { kind: "k".repeat(1025), ..sample() },
            "entry field `kind` has 1025 bytes, more than 1024",
        );
        check(
            Entry { time_us: i64::MAX, ..sample() },
            "entry field `time_us` is 9223372036854775807, outside ±9007199254740991",
        );
        check(
            Entry { facts: BTreeMap::from([("Role".into(), FactValue::Flag(true))]), ..sample() },
            "fact name `Role` is not 1 to 64 characters of a-z, 0-9, `_`, `.` and `-`",
        );
        check(
            Entry { facts: BTreeMap::from([("n".into(), FactValue::Integer(INTEGER_MAX + 1))]), ..sample() },
            "entry field `n` is 9007199254740992, outside ±9007199254740991",
        );
        let long = FactValue::Text("x".repeat(ENTRY_BYTES_MAX));
        let too_long = Entry { facts: BTreeMap::from([("n".into(), long)]), ..sample() };
        assert!(matches!(too_long.encode(), Err(EntryRefused::TooLong(bytes)) if bytes > ENTRY_BYTES_MAX));
    }

    #[test]
    fn an_entry_of_exactly_the_limit_is_written_and_one_byte_more_is_not() {
        let of = |length: usize| Entry {
            facts: BTreeMap::from([("n".into(), FactValue::Text("x".repeat(length)))]),
            ..sample()
        };
        let overhead = of(0).encode().unwrap().len();
        let most = of(ENTRY_BYTES_MAX - overhead).encode().unwrap();
        assert_eq!(most.len(), ENTRY_BYTES_MAX);
        assert!(Entry::decode(&most).is_ok());
        assert_eq!(
            of(ENTRY_BYTES_MAX - overhead + 1).encode(),
            Err(EntryRefused::TooLong(ENTRY_BYTES_MAX + 1))
        );
    }

    #[test]
    fn a_refused_entry_leaves_the_buffer_as_it_was() {
        let mut buffer = b"before".to_vec();
        assert!(Entry { subject: String::new(), ..sample() }.encode_into(&mut buffer).is_err());
        assert_eq!(buffer, b"before");
    }

    #[test]
    fn other_spellings_of_an_entry_are_refused() {
        let good = String::from_utf8(sample().encode().unwrap()).unwrap();
        for (from, to) in [
            ("{\"actor\"", "{ \"actor\""),
            (",\"version\":1}", ",\"version\":1,\"extra\":1}"),
            (",\"version\":1}", ",\"version\":2}"),
            (",\"version\":1}", "}"),
            ("\"actions\":3", "\"actions\":3,\"actions\":3"),
            ("\"actions\":3", "\"actions\":3.0"),
            ("\"actions\":3", "\"actions\":null"),
            ("\"right\":\"approve-removal\"", "\"right\":null"),
            ("plan.approved", "plan\\u002eapproved"),
            ("\"actor\":\"person/0198\"", "\"actor\":\"person/0198\",\"actor\":\"person/0198\""),
        ] {
            let bad = good.replace(from, to);
            assert_ne!(bad, good);
            assert!(Entry::decode(bad.as_bytes()).is_err(), "{bad}");
        }
        assert!(Entry::decode(format!("{good}\n").as_bytes()).is_err());
        assert!(Entry::decode(b"").is_err());
    }

    #[test]
    fn the_body_digest_depends_on_the_nonce_and_the_body() {
        insta::assert_snapshot!(body_digest(&[0; 32], b"{}"), @"xvRavAItxD2QS0wlzvR6l+UgsvmuYISXeAL2A30FUKA=");
        assert_ne!(body_digest(&[0; 32], b"{}"), body_digest(&[1; 32], b"{}"));
        assert_ne!(body_digest(&[0; 32], b"{}"), body_digest(&[0; 32], b"[]"));
    }

    fn any_entry() -> impl Strategy<Value = Entry> {
        let name = "[a-zA-Z0-9 /.:\"\\\\\u{e9}\u{1f600}\u{fb33}-]{1,40}";
        let fact = prop_oneof![
            any::<String>().prop_map(FactValue::Text),
            (-INTEGER_MAX..=INTEGER_MAX).prop_map(FactValue::Integer),
            any::<bool>().prop_map(FactValue::Flag),
        ];
        let facts = proptest::collection::btree_map("[a-z0-9_.-]{1,12}", fact, 0..6);
        (
            name,
            name,
            name,
            name,
            proptest::option::of(name),
            -INTEGER_MAX..=INTEGER_MAX,
            any::<[u8; 32]>(),
            facts,
        )
            .prop_map(|(id, kind, actor, subject, right, time_us, digest, facts)| Entry {
                version: 1,
                id,
                time_us,
                kind,
                actor,
                subject,
                right,
                body_digest: Hash::from_bytes(digest),
                facts,
            })
    }

    proptest! {
        #[test]
        fn every_entry_survives_encoding_and_agrees_with_the_generic_writer(entry in any_entry()) {
            let bytes = entry.encode().unwrap();
            prop_assert_eq!(&Entry::decode(&bytes).unwrap(), &entry);
            let value = crate::json::parse_canonical(&bytes).unwrap();
            prop_assert_eq!(crate::json::canonical_json(&value).unwrap(), bytes);
        }

        #[test]
        fn no_changed_byte_decodes_to_the_same_entry(entry in any_entry(), at in any::<usize>(), bit in 0_u32..8) {
            let mut bytes = entry.encode().unwrap();
            let at = at % bytes.len();
            bytes[at] ^= 1 << bit;
            prop_assert_ne!(Entry::decode(&bytes).ok(), Some(entry));
        }
    }
}
