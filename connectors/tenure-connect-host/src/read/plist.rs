//! Property lists of macOS, written as XML, as the same tree as JSON, TOML and YAML.
//!
//! Reads the eleven elements of the format and nothing else of XML: a document type with rules of its own, an element
//! or a reference that the format does not have make it unreadable, so that nothing grows and nothing is fetched. This
//! file must never interpret a key. Next: `launchd.rs`.

use super::tree::{DEPTH_MAX, NODES_MAX, Node, Open};
use zeroize::Zeroizing;

/// How the binary form begins. It is not read.
pub(crate) const BINARY: &[u8] = b"bplist";

/// Reads a list in its XML form.
pub(crate) fn xml(bytes: &[u8]) -> Option<Node> {
    let mut rest = core::str::from_utf8(bytes).ok()?;
    let mut open: Vec<Open> = Vec::new();
    for _ in 0..NODES_MAX {
        let (tag, after) = tag(rest)?;
        rest = after;
        let (name, empty) = tag.strip_suffix('/').map_or((tag, false), |name| (name, true));
        let node = match name.split_ascii_whitespace().next()? {
            "plist" | "/true" | "/false" => continue,
            "dict" if !empty => {
                open.push(Open::Table(Vec::new(), None));
                Node::Null
            }
            "array" if !empty => {
                open.push(Open::List(Vec::new()));
                Node::Null
            }
            "dict" => Node::Table(Vec::new()),
            "array" => Node::List(Vec::new()),
            "/dict" | "/array" => open.pop()?.close(),
            "true" => Node::Flag(true),
            "false" => Node::Flag(false),
            "key" | "string" | "integer" | "real" | "date" | "data" if empty => {
                Node::Text(Zeroizing::new(String::new()))
            }
            name @ ("key" | "string" | "integer" | "real" | "date" | "data") => {
                let (text, after) = content(rest, name)?;
                rest = after;
                Node::Text(text)
            }
            _ => return None,
        };
        if open.len() > DEPTH_MAX {
            return None;
        }
        match open.last_mut() {
            // It was opened just now.
            _ if matches!(node, Node::Null) => {}
            Some(parent) => parent.take(node),
            None => return Some(node),
        }
    }
    None
}

/// The next element's tag, without its brackets, and what follows. Declarations and comments are passed over.
fn tag(mut rest: &str) -> Option<(&str, &str)> {
    loop {
        let (_, after) = rest.split_once('<')?;
        if let Some(comment) = after.strip_prefix("!--") {
            rest = comment.split_once("-->")?.1;
        } else if let Some(instruction) = after.strip_prefix('?') {
            rest = instruction.split_once("?>")?.1;
        } else if after.starts_with("!DOCTYPE") {
            let (declared, behind) = after.split_once('>')?;
            // Rules of its own could name other files, or make a text of a thousand others.
            if declared.contains('[') {
                return None;
            }
            rest = behind;
        } else {
            return after.split_once('>');
        }
    }
}

/// The text up to the end of the element, and what follows.
fn content<'text>(mut rest: &'text str, element: &str) -> Option<(Zeroizing<String>, &'text str)> {
    let mut text = Zeroizing::new(String::new());
    loop {
        let (plain, after) = rest.split_once('<')?;
        text.reserve_exact(plain.len());
        unescape(plain, &mut text)?;
        if let Some(raw) = after.strip_prefix("![CDATA[") {
            let (raw, behind) = raw.split_once("]]>")?;
            text.push_str(raw);
            rest = behind;
        } else if let Some(comment) = after.strip_prefix("!--") {
            rest = comment.split_once("-->")?.1;
        } else {
            let (tag, behind) = after.split_once('>')?;
            return (tag.strip_prefix('/')?.trim_end() == element).then_some((text, behind));
        }
    }
}

/// Adds a text with its references resolved: the five of XML, and characters by number.
fn unescape(plain: &str, text: &mut String) -> Option<()> {
    let mut parts = plain.split('&');
    text.push_str(parts.next()?);
    for part in parts {
        let (reference, behind) = part.split_once(';')?;
        let numbered = || {
            let number = reference.strip_prefix('#')?;
            let code =
                number.strip_prefix('x').map_or_else(|| number.parse(), |hex| u32::from_str_radix(hex, 16));
            char::from_u32(code.ok()?)
        };
        text.push(match reference {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "apos" => '\'',
            _ => numbered()?,
        });
        text.push_str(behind);
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::xml;
    use crate::read::tree::shown;

    fn check(text: &str, expected: &str) {
        assert_eq!(shown(xml(text.as_bytes())), expected, "{text}");
    }

    #[test]
    fn a_list_is_read_with_its_references_comments_and_raw_texts() {
        check(
            "<?xml version=\"1.0\"?>\n<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \"http://x.invalid/d\">\n\
             <plist version=\"1.0\"><dict><key>a</key><string>x &amp; &lt;y&gt; &#233;&#xe9;</string><!-- <key>no</key> -->\
             <key>b</key><array><true/><false/><integer>5</integer><array/></array><key>c</key><dict/>\
             <key>d</key><string><![CDATA[<raw>&]]></string><key>e</key><string/></dict></plist>",
            "{a=x & <y> éé b=[true false 5 []] c={} d=<raw>& e=}",
        );
        check("<plist><string>one</string></plist>", "one");
    }

    #[test]
    fn what_the_format_does_not_have_is_refused() {
        for text in [
            "",
            "nothing",
            "<plist></plist>",
            "<plist><dict>",
            "<plist><dict></plist>",
            "<plist><string>a",
            "<plist><string>a</key>",
            "<plist><string>&bomb;</string></plist>",
            "<plist><string>&#x110000;</string></plist>",
            "<plist><script>x</script></plist>",
            "<!DOCTYPE plist [<!ENTITY a \"b\">]><plist><string>&a;</string></plist>",
            "</dict>",
            "bplist00\u{1}",
        ] {
            check(text, "none");
        }
        check(&"<array>".repeat(1_000), "none");
        check(&"<true/".repeat(100_000), "none");
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_fail(text in "(<|>|/|dict|array|string|key|true|plist|&|amp;|#x41;|!--|-->|!\\[CDATA\\[|\\]\\]>|\\?|a| ){0,60}") {
            drop(xml(text.as_bytes()));
        }
    }
}
