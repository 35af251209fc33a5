//! Rights as a picture: who, by way of what, on what. SVG that is drawn here, in lines and boxes.
//!
//! It decorates: the same rights stand as text beside it, and what is left out of it is said. Texts are bounded, and
//! escaped by the template (`console/picture.html`). It must never grow with the number of rights. Next: `identity.rs`.

use super::text;
use askama::Template;
use std::collections::{BTreeMap, BTreeSet};
use tenure_engine::GrantRow;

/// Boxes on the right, at most.
const RESOURCES_MAX: usize = 12;
/// Links of a path that are drawn; of a longer one the first and the last.
const STEPS_MAX: usize = 2;
/// Room for text in a box.
const TEXT_WIDTH: u32 = BOX_WIDTH - 2 * INSET;
/// Room between a box's edge and its text.
const INSET: u32 = 10;
const BOX_WIDTH: u32 = 204;
const BOX_HEIGHT: u32 = 40;
const ROW: u32 = 52;
const GAP: u32 = 84;
const MARGIN: u32 = 2;

/// A box: where, what it says, and what it says below.
struct Node {
    x: u32,
    y: u32,
    class: &'static str,
    text: String,
    below: String,
    /// The whole text, for who looks closer.
    whole: String,
}

/// A line between two boxes.
struct Edge {
    path: String,
}

/// The picture.
#[derive(Template)]
#[template(path = "picture.html")]
pub(super) struct Picture {
    width: u32,
    height: u32,
    /// What it shows, in a sentence.
    about: String,
    nodes: Vec<Node>,
    edges: Vec<Edge>,
    box_width: u32,
    box_height: u32,
    text_width: u32,
    inset: u32,
}

/// It is a template itself: what came from outside was escaped when it was filled in.
impl askama::filters::HtmlSafe for Picture {}

/// What is on the right: by which path, on what.
type Reached<'grants> = (Vec<&'grants str>, &'grants str);

/// Draws the rights of somebody; nothing when there are none.
pub(super) fn draw(who: &str, grants: &[GrantRow]) -> Option<Picture> {
    let mut reached: BTreeMap<Reached<'_>, BTreeSet<&str>> = BTreeMap::new();
    for grant in grants {
        let key = (shortened(&grant.path), grant.resource.as_str());
        reached.entry(key).or_default().insert(&grant.right);
    }
    if reached.is_empty() {
        return None;
    }
    let left_out = reached.len().saturating_sub(RESOURCES_MAX);
    let rows: Vec<(Reached<'_>, BTreeSet<&str>)> = reached.into_iter().take(RESOURCES_MAX).collect();
    let depth = rows.iter().map(|((path, _), _)| path.len()).max().unwrap_or(0);
    let mut drawing = Drawing { nodes: Vec::new(), edges: Vec::new(), right: depth + 1 };
    drawing.resources(&rows);
    drawing.steps(&rows, depth);
    drawing.who(who, &rows);
    let height = u32::try_from(rows.len()).unwrap_or(1) * ROW - (ROW - BOX_HEIGHT) + 2 * MARGIN;
    let more = if left_out > 0 { format!("; {left_out} more are in the text below") } else { String::new() };
    Some(Picture {
        width: column(depth + 1) + BOX_WIDTH + MARGIN,
        height,
        about: format!(
            "Rights of {} on {}{more}",
            text::shown(who),
            tenure_model::counted(rows.len(), "thing")
        ),
        nodes: drawing.nodes,
        edges: drawing.edges,
        box_width: BOX_WIDTH,
        box_height: BOX_HEIGHT,
        text_width: TEXT_WIDTH,
        inset: INSET,
    })
}

/// A text that fits into a box: of a longer one its beginning and, because that tells rows apart, more of its end.
fn fitted(text: &str) -> String {
    let whole = text::shown_long(text);
    if breadth(whole.chars()) <= TEXT_WIDTH {
        return whole;
    }
    let room = TEXT_WIDTH - breadth("…".chars());
    let head = taken(whole.chars(), room * 2 / 5);
    let tail: String = taken(whole.chars().rev(), room - breadth(head.chars())).chars().rev().collect();
    format!("{head}…{tail}")
}

/// As many characters as have room.
fn taken(characters: impl Iterator<Item = char>, room: u32) -> String {
    let mut used = 0;
    let fits = |character: &char| {
        used += breadth(std::iter::once(*character));
        used <= room
    };
    characters.take_while(fits).collect()
}

/// How broad a text is, at most, in pixels of the broadest of the fonts that are used (`console/tenure.css`). What is
/// broader all the same is cut at the box by the picture itself.
fn breadth(characters: impl Iterator<Item = char>) -> u32 {
    let each = |character: char| match character {
        'i' | 'j' | 'l' => 4,
        'I' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' | ' ' | 'f' | 't' | '/' => 5,
        'r' | '(' | ')' | '[' | ']' | '-' => 6,
        'm' | 'w' | 'M' | 'W' | '@' | '%' | '…' => 14,
        'a'..='z' => 8,
        '~' | '_' | '=' | '+' | '<' | '>' | '#' | '&' => 11,
        'A'..='Z' => 10,
        ' '..='\u{24f}' => 9,
        _ => 14,
    };
    characters.map(each).sum()
}

/// The links of a path that are drawn.
fn shortened(path: &[String]) -> Vec<&str> {
    match path {
        [first, _, .., last] if path.len() > STEPS_MAX => vec![first, last],
        whole => whole.iter().map(String::as_str).collect(),
    }
}

fn column(index: usize) -> u32 {
    MARGIN + u32::try_from(index).unwrap_or(0) * (BOX_WIDTH + GAP)
}

fn row(index: usize) -> u32 {
    MARGIN + u32::try_from(index).unwrap_or(0) * ROW
}

/// The middle of some rows.
fn middle(rows: &[usize]) -> u32 {
    let ends = rows.iter().min().zip(rows.iter().max());
    ends.map_or(MARGIN, |(first, last)| row(*first).midpoint(row(*last)))
}

struct Drawing {
    nodes: Vec<Node>,
    edges: Vec<Edge>,
    /// The column of what is reached.
    right: usize,
}

impl Drawing {
    fn node(&mut self, x: u32, y: u32, class: &'static str, whole: &str, below: String) {
        let (text, below) = (fitted(whole), fitted(&below));
        self.nodes.push(Node { x, y, class, text, below, whole: text::shown_long(whole) });
    }

    fn edge(&mut self, from: (usize, u32), to: (usize, u32)) {
        let (x1, y1) = (column(from.0) + BOX_WIDTH, from.1 + BOX_HEIGHT / 2);
        let (x2, y2) = (column(to.0), to.1 + BOX_HEIGHT / 2);
        let bend = (x2 - x1) / 2;
        let path = format!("M{x1} {y1}C{} {y1} {} {y2} {x2} {y2}", x1 + bend, x2 - bend);
        self.edges.push(Edge { path });
    }

    fn resources(&mut self, rows: &[(Reached<'_>, BTreeSet<&str>)]) {
        for (index, ((_, resource), rights)) in rows.iter().enumerate() {
            let rights: Vec<&str> = rights.iter().copied().collect();
            self.node(column(self.right), row(index), "resource", resource, rights.join(", "));
        }
    }

    /// The links of the paths, each once, and the lines to them from the left.
    fn steps(&mut self, rows: &[(Reached<'_>, BTreeSet<&str>)], depth: usize) {
        for level in 0..depth {
            let mut at: BTreeMap<&[&str], Vec<usize>> = BTreeMap::new();
            for (index, ((path, _), _)) in rows.iter().enumerate() {
                if let Some(prefix) = path.get(..=level) {
                    at.entry(prefix).or_default().push(index);
                }
            }
            for (prefix, indexes) in at {
                let (y, name) = (middle(&indexes), prefix.last().copied().unwrap_or_default());
                self.node(column(level + 1), y, "step", name, String::from("by way of"));
                let from =
                    if level == 0 { None } else { Some((level, middle_of(rows, prefix.get(..level)))) };
                let from = from.unwrap_or((0, middle_of(rows, Some(&[]))));
                self.edge(from, (level + 1, y));
            }
        }
        for (index, ((path, _), _)) in rows.iter().enumerate() {
            let from = (path.len(), middle_of(rows, Some(path)));
            self.edge(from, (self.right, row(index)));
        }
    }

    fn who(&mut self, who: &str, rows: &[(Reached<'_>, BTreeSet<&str>)]) {
        self.node(column(0), middle_of(rows, Some(&[])), "who", who, String::new());
    }
}

/// Where the box of a path stands.
fn middle_of(rows: &[(Reached<'_>, BTreeSet<&str>)], path: Option<&[&str]>) -> u32 {
    let path = path.unwrap_or_default();
    let under = rows.iter().enumerate().filter(|(_, ((whole, _), _))| whole.starts_with(path));
    middle(&under.map(|(index, _)| index).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::{RESOURCES_MAX, TEXT_WIDTH, breadth, draw, fitted};
    use askama::Template as _;
    use tenure_engine::GrantRow;

    fn grant(path: &[&str], resource: &str, right: &str) -> GrantRow {
        let path = path.iter().map(|step| (*step).to_owned()).collect();
        GrantRow {
            resource: resource.to_owned(),
            right: right.to_owned(),
            path,
            grantable: false,
            first_seen: None,
        }
    }

    #[test]
    fn rights_are_drawn_with_their_paths() {
        let grants = [
            grant(&[], "shop/table/orders", "SELECT"),
            grant(&[], "shop/table/orders", "INSERT"),
            grant(&["readers"], "shop/table/prices", "SELECT"),
            grant(&["readers", "a", "b", "deep"], "shop/table/prices", "SELECT"),
        ];
        insta::assert_snapshot!(draw("pg/etl", &grants).unwrap().render().unwrap());
        assert!(draw("pg/etl", &[]).is_none());
    }

    #[test]
    fn a_text_that_is_too_long_keeps_its_beginning_and_its_end() {
        let check = |text: &str, expect: &str| assert_eq!(fitted(text), expect);
        check("shop/table/public.orders", "shop/table/public.orders");
        check("~ada/.aws/credentials[profile four]", "~ada/.aw…ls[profile four]");
        check("WWWWWWWWWWWWWWWWWWWWWWWW", "WWWW…WWWWWWWW");
        check("", "");
        for text in [
            "MMMMMMMMMMMMMMMMMMMMMMMMMM",
            "iiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiii",
            "\u{6f22}\u{5b57}".repeat(40).as_str(),
        ] {
            assert!(breadth(fitted(text).chars()) <= TEXT_WIDTH, "{text}");
        }
    }

    #[test]
    fn a_picture_is_bounded_and_hostile_names_stay_text() {
        let many: Vec<GrantRow> = (0..500).map(|n| grant(&[], &format!("t{n:03}"), "SELECT")).collect();
        let drawn = draw("x", &many).unwrap().render().unwrap();
        assert_eq!(drawn.matches("class=\"resource\"").count(), RESOURCES_MAX);
        assert!(drawn.contains("488 more are in the text below"), "{drawn}");
        let hostile = "</text><script>alert(1)</script>\u{202e}\n";
        let drawn = draw(hostile, &[grant(&[hostile], hostile, hostile)]).unwrap().render().unwrap();
        assert!(!drawn.contains("<script") && !drawn.contains('\u{202e}'), "{drawn}");
    }
}
