//! Taking a pasted text apart: which strings in it somebody may have meant.
//!
//! People paste a bare token, a line of a file, a header, a document, a key of many lines. Each string that
//! could be the secret becomes a piece, the surest first; what is tried and not known is dropped unseen. Pure.
//! It must never judge whether a piece is real, or hand out one that is not in custody. Next: `../find.rs`.

use std::collections::BTreeMap;
use tenure_model::Secret;
use tenure_secrets::{Check, Confidence, Hit, ScanLimits, Scanner};
use zeroize::{Zeroize as _, Zeroizing};

/// Pieces of one paste, at most: each is a guess that is confirmed or not.
pub(super) const PIECES_MAX: usize = 100;
/// Shortest string that is taken out of a text. A whole paste may be shorter.
const PIECE_BYTES_MIN: usize = 4;
/// How deep a JSON document may be.
const JSON_DEPTH_MAX: usize = 32;

/// What a rule says of a piece.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Form {
    pub(super) rule: &'static str,
    pub(super) title: &'static str,
    pub(super) confidence: Confidence,
    /// The form has a checksum or a structure, and it is right.
    pub(super) checked: bool,
    pub(super) shown: String,
    pub(super) notes: BTreeMap<String, String>,
}

/// A string that may be meant.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) value: Secret<Vec<u8>>,
    /// The line it begins on, from 1.
    pub(super) line: usize,
    pub(super) form: Option<Form>,
}

/// The pieces of a paste.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    pub(super) pieces: Vec<Piece>,
    /// There were more than `PIECES_MAX`.
    pub(super) cut: bool,
}

/// Takes a text apart. What a rule knows comes first, then blocks and parts, and the whole last.
pub(super) fn take_apart(text: &str, scanner: Option<&Scanner>) -> Pieces {
    let mut pieces = Pieces::default();
    let limits =
        ScanLimits { input_bytes_max: text.len(), candidates_max: 100_000, hits_max: PIECES_MAX + 1 };
    for hit in scanner.map(|scanner| scanner.scan(text.as_bytes(), &limits).hits).unwrap_or_default() {
        let line = line_of(text, hit.range.start);
        pieces.push(text.as_bytes().get(hit.range.clone()).unwrap_or_default(), line, Some(form(&hit)));
    }
    // A document without line ends would otherwise be cut into words that nobody meant.
    if !pieces.document(text) {
        pieces.lines(text);
    }
    pieces.whole(text);
    pieces
}

impl Pieces {
    fn push(&mut self, value: &[u8], line: usize, form: Option<Form>) {
        if value.is_empty() || self.pieces.iter().any(|piece| is_same(piece, value)) {
            return;
        }
        // One place is kept for the whole.
        if self.pieces.len() + 1 >= PIECES_MAX {
            self.cut = true;
            return;
        }
        self.pieces.push(Piece { value: Secret::new(value.to_vec()), line, form });
    }

    /// All of it, moved to the end when it is a part of its own.
    fn whole(&mut self, text: &str) {
        let value = text.trim().as_bytes();
        let former = self.pieces.iter().position(|piece| is_same(piece, value));
        match former.map(|at| self.pieces.remove(at)) {
            Some(piece) => self.pieces.push(piece),
            None if value.is_empty() => {}
            None => self.pieces.push(Piece { value: Secret::new(value.to_vec()), line: 1, form: None }),
        }
    }

    fn part(&mut self, value: &str, line: usize) {
        let value = bare(value);
        if value.len() >= PIECE_BYTES_MIN {
            self.push(value.as_bytes(), line, None);
        }
    }

    fn lines(&mut self, text: &str) {
        self.blocks(text);
        for (number, line) in text.lines().enumerate() {
            self.line(line, number + 1);
        }
    }

    /// Blocks of PEM, each for itself.
    fn blocks(&mut self, text: &str) {
        let mut rest = text;
        while let Some(begin) = rest.find("-----BEGIN ") {
            let (_, from) = rest.split_at(begin);
            let Some(end) = from.find("-----END ") else { return };
            let (_, behind) = from.split_at(end);
            let length = behind.find('\n').map_or(from.len(), |newline| end + newline);
            let (block, after) = from.split_at(length);
            let line = line_of(text, text.len() - from.len());
            self.push(bare(block).as_bytes(), line, None);
            // In one line of a file, line ends are often written as two characters.
            let written_out = Zeroizing::new(bare(block).replace("\\r", "").replace("\\n", "\n"));
            self.push(written_out.as_bytes(), line, None);
            rest = after;
        }
    }

    /// The texts of a JSON document; false when it is none.
    fn document(&mut self, text: &str) -> bool {
        let begins = text.trim_start().starts_with(['{', '[']);
        let Some(mut document) = begins.then(|| serde_json::from_str(text).ok()).flatten() else {
            return false;
        };
        self.leaves(&document, 0);
        wipe(&mut document);
        true
    }

    fn leaves(&mut self, document: &serde_json::Value, depth: usize) {
        use serde_json::Value;
        match document {
            Value::String(leaf) => {
                self.part(leaf, 1);
                self.lines(leaf);
            }
            Value::Array(items) if depth < JSON_DEPTH_MAX => {
                for item in items {
                    self.leaves(item, depth + 1);
                }
            }
            Value::Object(fields) if depth < JSON_DEPTH_MAX => {
                for field in fields.values() {
                    self.leaves(field, depth + 1);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {}
        }
    }

    /// What one line may mean: itself, the value of an assignment or a header, the password of an address.
    fn line(&mut self, line: &str, number: usize) {
        // The lines of a block mean nothing one by one.
        let is_of_a_block = line.starts_with("-----") || self.is_within_a_block(line);
        if line.trim().is_empty() || is_of_a_block {
            return;
        }
        self.part(line, number);
        for separator in ['=', ':'] {
            if let Some((_, value)) = line.split_once(separator) {
                self.part(value, number);
            }
        }
        if let Some((_, last)) = line.rsplit_once(':') {
            self.part(last, number);
        }
        // The stored hash of an account stands between others' fields.
        for field in line.split(':').filter(|field| field.starts_with('$')) {
            self.part(field, number);
        }
        if let Some((_, rest)) = line.split_once("://")
            && let Some((user, _)) = rest.rsplit_once('@')
            && let Some((_, password)) = user.split_once(':')
        {
            self.part(password, number);
            self.part(&decoded(password), number);
        }
        for word in line.split_whitespace() {
            self.part(word.trim_matches(['"', '\'', '`', ',', ';']), number);
            if let Some((_, value)) = word.split_once('=') {
                self.part(value, number);
            }
        }
    }

    fn is_within_a_block(&self, line: &str) -> bool {
        let line = line.trim().as_bytes();
        let blocks = self.pieces.iter().filter(|piece| piece.value.expose().starts_with(b"-----BEGIN "));
        line.len() >= 16 && { blocks }
            .any(|piece| piece.value.expose().split(|byte| *byte == b'\n').any(|of| of == line))
    }
}

fn is_same(piece: &Piece, value: &[u8]) -> bool {
    piece.value.expose() == value
}

fn form(hit: &Hit) -> Form {
    Form {
        rule: hit.rule.id,
        title: hit.rule.title,
        confidence: hit.confidence,
        checked: !matches!(hit.rule.check, Check::Form | Check::Chosen),
        shown: hit.shown.clone(),
        notes: hit.notes.iter().map(|(name, note)| ((*name).to_owned(), note.clone())).collect(),
    }
}

fn line_of(text: &str, at: usize) -> usize {
    text.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count() + 1
}

/// Without what stands around a value in files: blanks, quotes, a comma or semicolon behind.
fn bare(value: &str) -> &str {
    let value = value.trim().trim_end_matches([',', ';']).trim_end();
    for quote in ['"', '\'', '`'] {
        if let Some(inner) = value.strip_prefix(quote) {
            return inner.strip_suffix(quote).unwrap_or(inner);
        }
    }
    value
}

/// Per-cent codes of an address as the characters they stand for.
fn decoded(text: &str) -> Zeroizing<String> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = after.get(..2).and_then(|digits| core::str::from_utf8(digits).ok());
        let byte = code.filter(|_| *first == b'%').and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    Zeroizing::new(core::str::from_utf8(&bytes).unwrap_or_default().to_owned())
}

/// Zeroes the texts of a document that is needed no more.
fn wipe(document: &mut serde_json::Value) {
    use serde_json::Value;
    match document {
        Value::String(leaf) => leaf.zeroize(),
        Value::Array(items) => items.iter_mut().for_each(wipe),
        Value::Object(fields) => fields.values_mut().for_each(wipe),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::{PIECES_MAX, take_apart};
    use tenure_secrets::Scanner;

    fn has(text: &str, value: &str) -> bool {
        take_apart(text, None).pieces.iter().any(|piece| piece.value.expose() == value.as_bytes())
    }

    #[test]
    fn a_value_is_found_however_it_was_pasted() {
        const VALUE: &str = "kD8-2mPq#91x";
        for text in [
            "kD8-2mPq#91x",
            "  kD8-2mPq#91x\r\n",
            "API_KEY=kD8-2mPq#91x",
            "export API_KEY=\"kD8-2mPq#91x\"",
            "# a file\nOTHER=1\nAPI_KEY='kD8-2mPq#91x'\n",
            "Authorization: Bearer kD8-2mPq#91x",
            "curl -H 'X-Api-Key: kD8-2mPq#91x' https://api.example",
            "password: \"kD8-2mPq#91x\",",
            "{\"a\": [{\"token\": \"kD8-2mPq#91x\"}]}",
            "{\"header\": \"Bearer kD8-2mPq#91x\"}",
            "postgres://app:kD8-2mPq#91x@db.example/shop",
            "postgres://app:kD8-2mPq%2391x@db.example/shop",
            "db.example:5432:shop:app:kD8-2mPq#91x",
            "machine api.example login app password kD8-2mPq#91x",
            "host=db user=app password=kD8-2mPq#91x dbname=shop",
        ] {
            assert!(has(text, VALUE), "{text}");
        }
        assert!(has("ada:$6$salt$hash:19000:0:99999:7:::\n", "$6$salt$hash"));
        assert!(!has("API_KEY=kD8-2mPq#91xy", VALUE));
    }

    #[test]
    fn a_block_of_many_lines_is_one_piece_and_its_lines_are_none() {
        let block =
            "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIAABAgMEBQYH\n-----END PRIVATE KEY-----";
        let text = format!("# here\n{block}\nNAME=value1\n");
        assert!(has(&text, block) && has(&text, "value1"));
        assert!(!has(&text, "MC4CAQAwBQYDK2VwBCIEIAABAgMEBQYH"));
        let quoted = serde_json::json!({ "private_key": block }).to_string();
        assert!(has(&quoted, block), "{quoted}");
        assert!(!has("-----BEGIN NOTHING", "BEGI"), "without an end");
    }

    #[test]
    fn what_a_rule_knows_comes_first_and_says_what_it_is() {
        let scanner = Scanner::new().unwrap();
        let key = "AKIAYVP4CIPPERUVIFXG";
        let pieces = take_apart(&format!("one\nid = {key}\n"), Some(&scanner)).pieces;
        let form = pieces[0].form.as_ref().unwrap();
        assert_eq!((pieces[0].line, form.checked), (2, true), "{form:?}");
        assert!(!format!("{pieces:?}").contains(key), "a piece shows its value");
    }

    #[test]
    fn pieces_have_a_limit_which_is_said() {
        let lines: Vec<String> = (0..1_000).map(|number| format!("NAME{number}=value{number}")).collect();
        let text = lines.join("\n") + "\n";
        let pieces = take_apart(&text, None);
        assert!(pieces.cut && pieces.pieces.len() == PIECES_MAX);
        assert!(!take_apart("one", None).cut);
        assert!(take_apart("", None).pieces.is_empty());
    }
}
