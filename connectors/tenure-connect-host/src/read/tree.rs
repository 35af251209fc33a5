//! JSON, JSON with comments, TOML and YAML as one kind of tree.
//!
//! What was read may hold secrets: texts are zeroed when the tree is dropped, and nothing here can be printed.
//! References inside YAML (`*alias`) are not resolved, so that no file grows when it is read. This file must
//! never interpret a key. Next: the readers that do, such as `kubeconfig.rs`.

use core::fmt;
use saphyr_parser::{Event, Parser};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use zeroize::Zeroizing;

/// Levels of a tree.
pub(super) const DEPTH_MAX: usize = 64;
/// Parts of a tree.
pub(super) const NODES_MAX: usize = 200_000;

/// A part of a tree. Numbers are texts.
pub(crate) enum Node {
    /// Nothing.
    Null,
    /// Yes or no.
    Flag(bool),
    /// A text or number.
    Text(Zeroizing<String>),
    /// Several in order.
    List(Vec<Self>),
    /// Several by name, in order.
    Table(Vec<(String, Self)>),
}

impl Node {
    /// The part of this name.
    pub(crate) fn get(&self, name: &str) -> Option<&Self> {
        self.table().iter().find(|(key, _)| key == name).map(|(_, node)| node)
    }

    /// The text of this name, unless it is empty.
    pub(crate) fn text_of(&self, name: &str) -> Option<&str> {
        self.get(name)?.text().filter(|text| !text.is_empty())
    }

    /// As a text.
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Null | Self::Flag(_) | Self::List(_) | Self::Table(_) => None,
        }
    }

    /// The length of its longest text, in bytes.
    pub(crate) fn longest_text(&self) -> usize {
        match self {
            Self::Null | Self::Flag(_) => 0,
            Self::Text(text) => text.len(),
            Self::List(list) => list.iter().map(Self::longest_text).max().unwrap_or(0),
            Self::Table(table) => table.iter().map(|(_, node)| node.longest_text()).max().unwrap_or(0),
        }
    }

    /// Whether it says yes.
    pub(crate) fn is_yes(&self) -> bool {
        matches!(self, Self::Flag(true)) || self.text() == Some("true")
    }

    /// As several in order; none if it is something else.
    pub(crate) fn list(&self) -> &[Self] {
        match self {
            Self::List(list) => list,
            Self::Null | Self::Flag(_) | Self::Text(_) | Self::Table(_) => &[],
        }
    }

    /// As several by name; none if it is something else.
    pub(crate) fn table(&self) -> &[(String, Self)] {
        match self {
            Self::Table(table) => table,
            Self::Null | Self::Flag(_) | Self::Text(_) | Self::List(_) => &[],
        }
    }
}

/// Reads JSON.
pub(crate) fn json(bytes: &[u8]) -> Option<Node> {
    serde_json::from_slice(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)).ok()
}

/// Reads JSON with `//` and `/* */` comments and commas before a closing bracket, as editors write it.
pub(crate) fn json_with_comments(bytes: &[u8]) -> Option<Node> {
    json(&Zeroizing::new(without_comments(bytes)))
}

/// Reads TOML.
pub(crate) fn toml(bytes: &[u8]) -> Option<Node> {
    toml::from_str(core::str::from_utf8(bytes).ok()?).ok()
}

/// Reads the first document of YAML.
pub(crate) fn yaml(bytes: &[u8]) -> Option<Node> {
    let text = core::str::from_utf8(bytes).ok()?;
    let mut open: Vec<Open> = Vec::new();
    for (count, event) in Parser::new_from_str(text).enumerate() {
        let (event, _) = event.ok()?;
        if count > NODES_MAX || open.len() > DEPTH_MAX {
            return None;
        }
        let node = match event {
            Event::SequenceStart(..) => {
                open.push(Open::List(Vec::new()));
                continue;
            }
            Event::MappingStart(..) => {
                open.push(Open::Table(Vec::new(), None));
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => open.pop()?.close(),
            Event::Scalar(text, ..) => Node::Text(Zeroizing::new(text.into_owned())),
            Event::Alias(_) => Node::Null,
            Event::StreamEnd | Event::DocumentEnd => return None,
            Event::Nothing | Event::StreamStart | Event::DocumentStart(_) => continue,
        };
        match open.last_mut() {
            Some(parent) => parent.take(node),
            None => return Some(node),
        }
    }
    None
}

/// A part that has begun and not ended.
pub(super) enum Open {
    /// Several in order.
    List(Vec<Node>),
    /// With the key that waits for its value.
    Table(Vec<(String, Node)>, Option<String>),
}

impl Open {
    /// Adds a part; in a table every other one is the name of the next.
    pub(super) fn take(&mut self, node: Node) {
        match self {
            Self::List(list) => list.push(node),
            Self::Table(table, key) => match key.take() {
                Some(key) => table.push((key, node)),
                // A key that is no text names nothing we look for.
                None => *key = Some(node.text().unwrap_or_default().to_owned()),
            },
        }
    }

    pub(super) fn close(self) -> Node {
        match self {
            Self::List(list) => Node::List(list),
            Self::Table(table, _) => Node::Table(table),
        }
    }
}

fn without_comments(bytes: &[u8]) -> Vec<u8> {
    let mut kept: Vec<u8> = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let [byte, after @ ..] = rest {
        match (byte, after) {
            (b'"', _) => {
                let end = string_end(after);
                let (string, after) = after.split_at(end);
                kept.push(b'"');
                kept.extend_from_slice(string);
                rest = after;
                continue;
            }
            (b'/', [b'/', ..]) => {
                let end = after.iter().position(|byte| *byte == b'\n').unwrap_or(after.len());
                rest = after.split_at(end).1;
                continue;
            }
            (b'/', [b'*', inside @ ..]) => {
                let end = inside.windows(2).position(|pair| pair == b"*/").map_or(inside.len(), |at| at + 2);
                rest = inside.split_at(end).1;
                continue;
            }
            (b'}' | b']', _) => {
                let last = kept.iter().rposition(|byte| !byte.is_ascii_whitespace());
                if let Some(last) = last.filter(|last| kept.get(*last) == Some(&b',')) {
                    kept.truncate(last);
                }
                kept.push(*byte);
            }
            _ => kept.push(*byte),
        }
        rest = after;
    }
    kept
}

/// Where a string that began before these bytes ends, past its quote.
fn string_end(bytes: &[u8]) -> usize {
    let mut escaped = false;
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    bytes.len()
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyNode)
    }
}

struct AnyNode;

impl<'de> Visitor<'de> for AnyNode {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Flag(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Text(Zeroizing::new(value.to_string())))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Text(Zeroizing::new(value.to_string())))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        Ok(Node::Text(Zeroizing::new(value.to_string())))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(Node::Text(Zeroizing::new(value.to_owned())))
    }

    fn visit_string<E>(self, value: String) -> Result<Node, E> {
        Ok(Node::Text(Zeroizing::new(value)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        let mut list = Vec::new();
        while let Some(node) = access.next_element()? {
            list.push(node);
        }
        Ok(Node::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        let mut table = Vec::new();
        while let Some(entry) = access.next_entry()? {
            table.push(entry);
        }
        Ok(Node::Table(table))
    }
}

/// A tree in one line, for tests of whoever makes one.
#[cfg(test)]
pub(super) fn shown(node: Option<Node>) -> String {
    fn part(node: &Node) -> String {
        match node {
            Node::Null => "null".to_owned(),
            Node::Flag(flag) => flag.to_string(),
            Node::Text(text) => text.to_string(),
            Node::List(list) => format!("[{}]", list.iter().map(part).collect::<Vec<_>>().join(" ")),
            Node::Table(table) => {
                let parts: Vec<_> = table.iter().map(|(key, node)| format!("{key}={}", part(node))).collect();
                format!("{{{}}}", parts.join(" "))
            }
        }
    }
    node.map_or_else(|| "none".to_owned(), |node| part(&node))
}

#[cfg(test)]
mod tests {
    use super::{json, json_with_comments, shown, toml, yaml};

    #[test]
    fn the_same_tree_comes_out_of_each_format() {
        let expected = "{a=1 b=[x y] c={d=z}}";
        assert_eq!(shown(json(br#"{"a": 1, "b": ["x", "y"], "c": {"d": "z"}}"#)), expected);
        assert_eq!(shown(toml(b"a = 1\nb = ['x', 'y']\n[c]\nd = 'z'\n")), expected);
        assert_eq!(shown(yaml(b"a: 1\nb:\n  - x\n  - y\nc:\n  d: z\n")), expected);
        let commented = br#"{ // one
            "a": 1, /* two, */ "b": ["x", "y",], "c": {"d": "z", },
        }"#;
        assert_eq!(shown(json_with_comments(commented)), expected);
    }

    #[test]
    fn comments_inside_texts_are_text() {
        assert_eq!(shown(json_with_comments(br#"{"a": "//x /* \" ,]"}"#)), "{a=//x /* \" ,]}");
    }

    #[test]
    fn what_would_grow_or_go_deep_is_refused() {
        let bomb = b"a: &a [x,x,x]\nb: &b [*a,*a,*a]\nc: [*b,*b,*b]\n";
        assert_eq!(shown(yaml(bomb)), "{a=[x x x] b=[null null null] c=[null null null]}");
        assert_eq!(shown(yaml("[".repeat(1_000).as_bytes())), "none");
        assert_eq!(shown(json("[".repeat(100_000).as_bytes())), "none");
        assert_eq!(shown(toml(format!("a = {}", "[".repeat(10_000)).as_bytes())), "none");
        assert_eq!(shown(yaml(b"")), "none");
        assert_eq!(shown(yaml(b"\xff")), "none");
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_fail(text in "([a-z\"':{}\\[\\],#&*|>!% -]|\n|\t|//|/\\*|- |: ){0,60}") {
            for read in [json, json_with_comments, toml, yaml] { drop(read(text.as_bytes())); }
        }
    }
}
