//! Values of a JSON file, one at a time: the elements of a list, or values one after the other (NDJSON).
//!
//! It finds where a value ends and leaves reading it to `strict_json.rs`, so that memory is bounded by one value
//! and every value knows its line. A value that is too long is skipped to its end. Must never decide what a
//! value means. Next: `read.rs`.

use crate::{
    csv_records::read,
    limits::{READ_BYTES, RECORD_BYTES_MAX},
    trouble::Trouble,
};
use std::io::Read;
use zeroize::Zeroize as _;

/// What came next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum JsonNext {
    /// A value; its bytes are in `JsonRecords::value`.
    Value {
        /// The line it begins at.
        line: u64,
    },
    /// A value that cannot be used.
    Bad(u64, Trouble),
    /// The end.
    End,
}

/// Where in the file the reading is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Start,
    /// Before the first element of a list, or after a comma.
    Element,
    /// After an element.
    AfterElement,
    /// Between values that follow each other.
    Sequence,
    /// In an object, before the name of a member.
    Member,
    /// In an object, after the value of a member.
    AfterMember,
    Done,
}

/// Reads values.
pub(crate) struct JsonRecords<R> {
    input: R,
    buffer: Vec<u8>,
    at: usize,
    filled: usize,
    ended: bool,
    value: Vec<u8>,
    line: u64,
    place: Place,
    /// The members of an outer object whose lists are read; empty when there is none.
    members: Vec<String>,
    /// Whether one of them was met.
    pub(crate) met: bool,
    /// Bytes read from the file.
    pub(crate) bytes: u64,
}

impl<R> Drop for JsonRecords<R> {
    fn drop(&mut self) {
        self.buffer.zeroize();
        self.value.zeroize();
    }
}

impl<R: Read> JsonRecords<R> {
    /// Reads the values of a file, or, where `members` are named, the elements of these lists of an outer object.
    pub(crate) fn new(input: R, members: Vec<String>) -> Self {
        Self {
            input,
            buffer: vec![0; READ_BYTES],
            at: 0,
            filled: 0,
            ended: false,
            value: Vec::new(),
            line: 1,
            place: Place::Start,
            met: members.is_empty(),
            members,
            bytes: 0,
        }
    }

    /// The bytes of the value that was read last.
    pub(crate) fn value(&self) -> &[u8] {
        &self.value
    }

    /// Reads the next value.
    pub(crate) fn next(&mut self) -> std::io::Result<JsonNext> {
        loop {
            let Some(byte) = self.peek_past_blanks()? else { return Ok(self.end_of_file()) };
            let line = self.line;
            match (self.place, byte) {
                (Place::Start, b'[') if self.members.is_empty() => self.go(Place::Element),
                (Place::Start, b'{') if !self.members.is_empty() => self.go(Place::Member),
                (Place::Start, _) => self.place = Place::Sequence,
                (Place::Element, b']') => self.end_of_list(),
                (Place::AfterElement, b',') => self.go(Place::Element),
                (Place::AfterElement, b']') => self.end_of_list(),
                (Place::Element, _) => return self.take(line, Place::AfterElement),
                (Place::Sequence, _) => return self.take(line, Place::Sequence),
                (Place::Member, b'}') => self.go(Place::Done),
                (Place::AfterMember, b'}') => self.go(Place::Done),
                (Place::AfterMember, b',') => self.go(Place::Member),
                (Place::Member, b'"') => {
                    if let Some(trouble) = self.enter_member()? {
                        self.place = Place::Done;
                        self.ended = true;
                        self.at = self.filled;
                        return Ok(JsonNext::Bad(line, trouble));
                    }
                }
                (Place::AfterElement | Place::Member | Place::AfterMember, _) => {
                    return Ok(self.give_up(Trouble::NotJson));
                }
                (Place::Done, _) => return Ok(self.give_up(Trouble::AfterTheEnd)),
            }
        }
    }

    fn go(&mut self, place: Place) {
        self.at += 1;
        self.place = place;
    }

    fn end_of_list(&mut self) {
        self.go(if self.members.is_empty() { Place::Done } else { Place::AfterMember });
    }

    /// Nothing after this can be trusted.
    fn give_up(&mut self, trouble: Trouble) -> JsonNext {
        self.ended = true;
        self.at = self.filled;
        self.place = Place::Sequence;
        JsonNext::Bad(self.line, trouble)
    }

    fn end_of_file(&mut self) -> JsonNext {
        match self.place {
            Place::Start | Place::Sequence | Place::Done => JsonNext::End,
            Place::Element | Place::AfterElement | Place::Member | Place::AfterMember => {
                self.place = Place::Done;
                JsonNext::Bad(self.line, Trouble::Cut)
            }
        }
    }

    /// Reads the name of a member and goes into its list, or past its value.
    fn enter_member(&mut self) -> std::io::Result<Option<Trouble>> {
        if let Some(trouble) = self.scan()? {
            return Ok(Some(trouble));
        }
        let Ok(name) = serde_json::from_slice::<String>(&self.value) else {
            return Ok(Some(Trouble::NotJson));
        };
        if self.peek_past_blanks()? != Some(b':') {
            return Ok(Some(Trouble::NotJson));
        }
        self.at += 1;
        let begins = self.peek_past_blanks()?;
        if begins == Some(b'[') && self.members.contains(&name) {
            self.met = true;
            self.go(Place::Element);
            return Ok(None);
        }
        self.place = Place::AfterMember;
        match self.scan()? {
            // What is passed over may be as long as it likes.
            Some(Trouble::TooLong) | None => Ok(None),
            Some(trouble) => Ok(Some(trouble)),
        }
    }

    fn take(&mut self, line: u64, then: Place) -> std::io::Result<JsonNext> {
        self.place = then;
        Ok(match self.scan()? {
            None => JsonNext::Value { line },
            Some(Trouble::Cut) => {
                self.place = Place::Done;
                JsonNext::Bad(line, Trouble::Cut)
            }
            Some(Trouble::NotJson) => self.give_up(Trouble::NotJson),
            Some(trouble) => JsonNext::Bad(line, trouble),
        })
    }

    /// Takes the bytes of one value into `value`.
    fn scan(&mut self) -> std::io::Result<Option<Trouble>> {
        self.value.zeroize();
        let mut shape = Shape::default();
        let mut too_long = false;
        loop {
            self.fill()?;
            let rest = self.buffer.get(self.at..self.filled).unwrap_or_default();
            if rest.is_empty() {
                let whole = shape.ends_with_the_file();
                return Ok(if whole { too_long.then_some(Trouble::TooLong) } else { Some(Trouble::Cut) });
            }
            let (taken, verdict) = shape.eat(rest);
            let eaten = rest.get(..taken).unwrap_or_default();
            self.line += memchr::memchr_iter(b'\n', eaten).count() as u64;
            if self.value.len() + taken > RECORD_BYTES_MAX {
                too_long = true;
                self.value.zeroize();
            }
            if !too_long {
                self.value.extend_from_slice(eaten);
            }
            self.at += taken;
            match verdict {
                Eaten::All => {}
                Eaten::Value => return Ok(too_long.then_some(Trouble::TooLong)),
                Eaten::Broken => return Ok(Some(Trouble::NotJson)),
            }
        }
    }

    fn peek_past_blanks(&mut self) -> std::io::Result<Option<u8>> {
        loop {
            self.fill()?;
            match self.buffer.get(self.at..self.filled).and_then(|rest| rest.first()) {
                Some(b'\n') => {
                    self.line += 1;
                    self.at += 1;
                }
                Some(b' ' | b'\t' | b'\r') => self.at += 1,
                other => return Ok(other.copied()),
            }
        }
    }

    fn fill(&mut self) -> std::io::Result<()> {
        if self.at < self.filled || self.ended {
            return Ok(());
        }
        self.at = 0;
        self.filled = read(&mut self.input, &mut self.buffer)?;
        self.bytes += self.filled as u64;
        self.ended = self.filled == 0;
        Ok(())
    }
}

/// What of some bytes belongs to the value.
enum Eaten {
    /// All of it, and there is more.
    All,
    /// The value ended.
    Value,
    /// It cannot be a value.
    Broken,
}

/// How far inside a value the reading is.
#[derive(Default)]
struct Shape {
    depth: usize,
    in_string: bool,
    escaped: bool,
    /// A number or a word, which ends where something else begins.
    bare: bool,
}

impl Shape {
    fn ends_with_the_file(&self) -> bool {
        self.bare && self.depth == 0
    }

    fn eat(&mut self, bytes: &[u8]) -> (usize, Eaten) {
        for (index, byte) in bytes.iter().enumerate() {
            if self.in_string {
                match byte {
                    _ if self.escaped => self.escaped = false,
                    b'\\' => self.escaped = true,
                    b'"' => {
                        self.in_string = false;
                        if self.depth == 0 {
                            return (index + 1, Eaten::Value);
                        }
                    }
                    _ => {}
                }
                continue;
            }
            let ends_a_bare_one = matches!(byte, b',' | b']' | b'}' | b' ' | b'\t' | b'\r' | b'\n');
            if self.depth == 0 && self.bare && ends_a_bare_one {
                return (index, Eaten::Value);
            }
            match byte {
                b'"' => self.in_string = true,
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => match self.depth.checked_sub(1) {
                    None => return (index, Eaten::Broken),
                    Some(0) => return (index + 1, Eaten::Value),
                    Some(less) => self.depth = less,
                },
                b',' | b':' if self.depth == 0 => return (index, Eaten::Broken),
                _ if self.depth == 0 => self.bare = true,
                _ => {}
            }
        }
        (bytes.len(), Eaten::All)
    }
}

#[cfg(test)]
mod tests {
    use super::{JsonNext, JsonRecords};
    use crate::trouble::Trouble;

    fn told(text: &[u8], members: &[&str]) -> String {
        let members = members.iter().map(|member| (*member).to_owned()).collect();
        let mut records = JsonRecords::new(text, members);
        let mut told = Vec::new();
        loop {
            match records.next().unwrap() {
                JsonNext::Value { line } => {
                    told.push(format!("{line}:{}", String::from_utf8_lossy(records.value())));
                }
                JsonNext::Bad(line, Trouble::Cut) => told.push(format!("{line}!CUT")),
                JsonNext::Bad(line, trouble) => told.push(format!("{line}!{trouble}")),
                JsonNext::End => return told.join(" "),
            }
        }
    }

    fn check(text: &str, expect: &str) {
        assert_eq!(told(text.as_bytes(), &[]), expect, "{text:?}");
    }

    #[test]
    fn lists_and_sequences_give_their_values_with_their_lines() {
        check("", "");
        check("[]", "");
        check("[\n{\"a\":1},\n {\"b\":\"]},\\\"\"}\n]\n", "2:{\"a\":1} 3:{\"b\":\"]},\\\"\"}");
        check("{\"a\":1}\n{\"b\":[2]}\n", "1:{\"a\":1} 2:{\"b\":[2]}");
        check("{\n\"a\":1\n}\n{}", "1:{\n\"a\":1\n} 4:{}");
        check("[1, \"x\",null]", "1:1 1:\"x\" 1:null");
    }

    #[test]
    fn what_is_cut_or_broken_is_said_once() {
        check("[{\"a\":1}", "1:{\"a\":1} 1!CUT");
        check("[{\"a\":1},", "1:{\"a\":1} 1!CUT");
        check("[{\"a\":", "1!CUT");
        check("{\"a\":1}\n{\"b\"", "1:{\"a\":1} 2!CUT");
        check("[1 2]", "1:1 1!it is not valid JSON");
        check("[1],", "1:1 1!something follows the end of the list");
        check("}", "1!it is not valid JSON");
        check("[,]", "1!it is not valid JSON");
    }

    #[test]
    fn lists_inside_an_object_are_found_and_the_rest_is_passed_over() {
        let text = b"{\"n\": {\"nodes\": [0]}, \"nodes\": [{\"a\":1}, 2], \"x\": \"]\", \"rels\":[3]}";
        assert_eq!(told(text, &["nodes", "rels"]), "1:{\"a\":1} 1:2 1:3");
        assert_eq!(told(b"{\"nodes\": [1", &["nodes"]), "1:1 1!CUT");
        assert_eq!(told(b"{\"nodes\" [1", &["nodes"]), "1!it is not valid JSON");
        let mut none = JsonRecords::new(b"{\"a\":[1]}".as_slice(), vec!["nodes".to_owned()]);
        assert_eq!((none.next().unwrap(), none.met), (JsonNext::End, false));
    }

    #[test]
    fn a_value_that_is_too_long_is_skipped_to_its_end() {
        let text = format!("[{{\"a\":\"{}\"}},\n2]", "x".repeat(3 << 20));
        check(&text, "1!it is longer than 1 MiB 2:2");
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_fail_or_run_for_ever(bytes in "[\\[\\]{}\",: \\\\a1\n]{0,60}", member in proptest::bool::ANY) {
            let members = if member { vec!["a".to_owned()] } else { Vec::new() };
            let mut records = JsonRecords::new(bytes.as_bytes(), members);
            let mut values = 0;
            while records.next().unwrap() != JsonNext::End {
                values += 1;
                assert!(values <= bytes.len() + 1);
            }
        }
    }
}
