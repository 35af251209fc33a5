//! A small reader of Rust source: enough to count, to name and to find, never to understand.
//!
//! Splits a file into words, single marks and string literals, each with its line; comments and character
//! literals fall away. Rules of `tidy/` work on these pieces, so that a word in a comment or in a string
//! never counts as code. It must cope with any text, also with one that does not compile.

/// What a piece is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An identifier, keyword, number or lifetime.
    Word,
    /// One character of punctuation.
    Mark,
    /// The contents of a string literal, escapes untouched.
    Text,
}

/// One piece of source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) kind: Kind,
    pub(crate) text: String,
    /// Line of its first character, counted from 1.
    pub(crate) line: usize,
    /// Whether it stands inside an item marked `#[cfg(test)]`.
    pub(crate) in_test: bool,
}

impl Piece {
    pub(crate) fn is(&self, text: &str) -> bool {
        self.kind != Kind::Text && self.text == text
    }
}

/// Reads a whole file.
pub(crate) fn read(source: &str) -> Vec<Piece> {
    let mut reader = Reader { rest: source, line: 1, pieces: Vec::new() };
    while reader.step() {}
    let mut pieces = reader.pieces;
    mark_tests(&mut pieces);
    pieces
}

/// The index of the mark that closes the bracket opened at `open`.
pub(crate) fn closing(pieces: &[Piece], open: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (index, piece) in pieces.iter().enumerate().skip(open) {
        if piece.is("{") || piece.is("(") || piece.is("[") {
            depth += 1;
        } else if piece.is("}") || piece.is(")") || piece.is("]") {
            depth = depth.saturating_sub(1);
            if depth == 0 {
                return Some(index);
            }
        }
    }
    None
}

/// The index of the brace that opens the body of the item starting at `start`, or of the semicolon that
/// ends an item without one.
pub(crate) fn body(pieces: &[Piece], start: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (index, piece) in pieces.iter().enumerate().skip(start) {
        if piece.is("(") || piece.is("[") {
            depth += 1;
        } else if piece.is(")") || piece.is("]") {
            depth = depth.saturating_sub(1);
        } else if depth == 0 && (piece.is("{") || piece.is(";")) {
            return Some(index);
        }
    }
    None
}

/// Whether the words and marks from `at` on are exactly these.
pub(crate) fn follows(pieces: &[Piece], at: usize, wanted: &[&str]) -> bool {
    pieces.get(at..at + wanted.len()).is_some_and(|found| found.iter().zip(wanted).all(|(p, w)| p.is(w)))
}

/// Marks the pieces of every item under an attribute `#[cfg(test)]` or `#[cfg(all(test, …))]`.
fn mark_tests(pieces: &mut [Piece]) {
    let mut index = 0;
    while index < pieces.len() {
        let end = end_of_test_item(pieces, index);
        if let Some(end) = end {
            pieces.iter_mut().take(end + 1).skip(index).for_each(|piece| piece.in_test = true);
        }
        index = end.unwrap_or(index) + 1;
    }
}

fn end_of_test_item(pieces: &[Piece], at: usize) -> Option<usize> {
    if !follows(pieces, at, &["#", "[", "cfg"]) {
        return None;
    }
    let attribute_end = closing(pieces, at + 1)?;
    let attribute = pieces.get(at..attribute_end)?;
    if !attribute.iter().any(|piece| piece.is("test")) || attribute.iter().any(|piece| piece.is("not")) {
        return None;
    }
    let open = body(pieces, attribute_end + 1)?;
    if pieces.get(open).is_some_and(|piece| piece.is(";")) { Some(open) } else { closing(pieces, open) }
}

struct Reader<'a> {
    rest: &'a str,
    line: usize,
    pieces: Vec<Piece>,
}

impl Reader<'_> {
    /// Takes one piece off the front; false at the end.
    fn step(&mut self) -> bool {
        let Some(first) = self.rest.chars().next() else { return false };
        if self.rest.starts_with("//") {
            let end = self.rest.find('\n').unwrap_or(self.rest.len());
            self.drop_bytes(end);
        } else if self.rest.starts_with("/*") {
            let end = end_of_block_comment(self.rest);
            self.drop_bytes(end);
        } else if let Some((opening, hashes)) = raw_string_start(self.rest) {
            self.take_raw_string(opening, hashes);
        } else if first == '"' || self.rest.starts_with("b\"") || self.rest.starts_with("c\"") {
            self.take_string();
        } else if first == '\'' {
            self.take_quote();
        } else if is_word(first) {
            let end = self.rest.find(|c| !is_word(c)).unwrap_or(self.rest.len());
            self.keep(Kind::Word, 0, end, end);
        } else if first.is_whitespace() {
            self.drop_bytes(first.len_utf8());
        } else {
            self.keep(Kind::Mark, 0, first.len_utf8(), first.len_utf8());
        }
        true
    }

    /// Keeps `rest[from..to]` as a piece and goes on after `length` bytes.
    fn keep(&mut self, kind: Kind, from: usize, to: usize, length: usize) {
        let text = self.rest.get(from..to).unwrap_or_default().to_owned();
        self.pieces.push(Piece { kind, text, line: self.line, in_test: false });
        self.drop_bytes(length);
    }

    fn drop_bytes(&mut self, length: usize) {
        let (gone, rest) = self.rest.split_at_checked(length).unwrap_or((self.rest, ""));
        self.line += gone.matches('\n').count();
        self.rest = rest;
    }

    fn take_string(&mut self) {
        let open = self.rest.find('"').map_or(0, |at| at + 1);
        let mut escaped = false;
        let inside = self.rest.get(open..).unwrap_or_default();
        let close = inside.find(|character| {
            let ends = character == '"' && !escaped;
            escaped = character == '\\' && !escaped;
            ends
        });
        let close = close.map_or(self.rest.len(), |at| open + at);
        self.keep(Kind::Text, open, close, close + 1);
    }

    fn take_raw_string(&mut self, opening: usize, hashes: usize) {
        let end = format!("\"{}", "#".repeat(hashes));
        let inside = self.rest.get(opening..).unwrap_or_default();
        let close = inside.find(&end).map_or(self.rest.len(), |at| opening + at);
        self.keep(Kind::Text, opening, close, close + end.len());
    }

    /// A character literal, which falls away, or a lifetime, which is a word.
    fn take_quote(&mut self) {
        let after = self.rest.get(1..).unwrap_or_default();
        let mut characters = after.char_indices();
        match (characters.next(), characters.next()) {
            (Some((_, '\\')), Some((second, escaped))) => {
                let past = 1 + second + escaped.len_utf8();
                let close = self.rest.get(past..).and_then(|tail| tail.find('\''));
                self.drop_bytes(close.map_or(self.rest.len(), |at| past + at + 1));
            }
            (Some(_), Some((second, '\''))) => self.drop_bytes(1 + second + 1),
            _ => {
                let end = after.find(|c| !is_word(c)).map_or(self.rest.len(), |at| at + 1);
                self.keep(Kind::Word, 0, end, end);
            }
        }
    }
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// Bytes before the contents of a raw string at the front, and how many hashes guard it.
fn raw_string_start(text: &str) -> Option<(usize, usize)> {
    let prefix = ["br", "cr", "r"].into_iter().find(|prefix| text.starts_with(prefix))?;
    let after = text.get(prefix.len()..)?;
    let hashes = after.bytes().take_while(|byte| *byte == b'#').count();
    let quoted = after.as_bytes().get(hashes) == Some(&b'"');
    quoted.then_some((prefix.len() + hashes + 1, hashes))
}

/// Block comments nest (The Rust Reference, "Comments").
fn end_of_block_comment(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(source: &str, expected: &[&str]) {
        let found: Vec<String> = read(source)
            .into_iter()
            .map(|piece| if piece.kind == Kind::Text { format!("<{}>", piece.text) } else { piece.text })
            .collect();
        assert_eq!(found, expected, "{source}");
    }

    #[test]
    fn comments_and_characters_fall_away_and_strings_stay_apart() {
        check("a // b\nc", &["a", "c"]);
        check("a /* b /* c */ d */ e", &["a", "e"]);
        check("x = \"fn // y\";", &["x", "=", "<fn // y>", ";"]);
        check(r#""a\"b" c"#, &["<a\\\"b>", "c"]);
        check(r##"r#"a"b"# c"##, &["<a\"b>", "c"]);
        check("b\"x\" br\"y\" r\"z\"", &["<x>", "<y>", "<z>"]);
        check("'a' '\\'' '\\u{7f}' '\"' 'ü' c", &["c"]);
        check("fn f<'a>(x: &'a str)", &["fn", "f", "<", "'a", ">", "(", "x", ":", "&", "'a", "str", ")"]);
        check("r#type", &["r", "#", "type"]);
    }

    #[test]
    fn text_that_ends_in_the_middle_of_anything_is_read_to_its_end() {
        for broken in ["\"abc", "/* abc", "'", "'\\", "r#\"abc", "b\"", "#[cfg(test)]", "fn f("] {
            read(broken);
        }
    }

    #[test]
    fn lines_are_counted_through_strings_and_comments() {
        let pieces = read("/*\n\n*/ a \"\n\" b");
        let lines: Vec<usize> = pieces.iter().map(|piece| piece.line).collect();
        assert_eq!(lines, [3, 3, 4]);
    }

    #[test]
    fn only_items_marked_as_tests_are_in_test() {
        let source = "fn a() {} #[cfg(test)] mod tests { fn b() { c } } #[cfg(not(test))] fn d() {} \
                      #[cfg(all(test, unix))] use e; fn f() {}";
        let marked: Vec<String> = read(source)
            .into_iter()
            .filter(|piece| piece.in_test && piece.kind == Kind::Word && piece.text.len() == 1)
            .map(|piece| piece.text)
            .collect();
        assert_eq!(marked, ["b", "c", "e"]);
    }
}
