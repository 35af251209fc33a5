//! The one pattern of tables: a caption, columns with words, cells that know what they are.
//!
//! A cell from outside is bounded and made visible here, and escaped and isolated by the template
//! (`console/table.html`). On a narrow screen each cell says its column. Next: `lists.rs`.

use super::text::{self, When};
use askama::Template;

/// What a state is shown as: a shape, a word, a tone. Never a colour alone.
pub(super) struct StateShown {
    pub(super) mark: &'static str,
    pub(super) word: String,
    pub(super) tone: String,
}

/// One cell.
pub(super) enum Cell {
    State(StateShown),
    /// The row's own link.
    Link {
        href: String,
        text: String,
        note: String,
    },
    /// A text from outside.
    Outside(String),
    /// A longer text, with what stands between backticks as code.
    Said(text::Prose),
    /// Texts from outside, the first few.
    Many {
        items: Vec<String>,
        more: usize,
    },
    /// Our own words.
    Ours(String),
    Quiet(String),
    Time(When),
    Findings {
        count: usize,
        worst: &'static str,
    },
}

impl Cell {
    /// A link to a thing with a name from outside.
    pub(super) fn link(href: String, name: &str) -> Self {
        Self::Link { href, text: text::shown(name), note: String::new() }
    }

    /// A text from outside.
    pub(super) fn outside(text: &str) -> Self {
        Self::Outside(text::shown(text))
    }

    /// Our own words, said quietly.
    pub(super) fn quiet(text: impl Into<String>) -> Self {
        Self::Quiet(text.into())
    }

    /// Texts from outside; the first four are shown.
    pub(super) fn many(texts: &[String], none: &str) -> Self {
        const SHOWN: usize = 4;
        if texts.is_empty() {
            return Self::quiet(none);
        }
        let items = texts.iter().take(SHOWN).map(|text| text::shown(text)).collect();
        Self::Many { items, more: texts.len().saturating_sub(SHOWN) }
    }
}

/// One column.
#[derive(Clone, Copy)]
pub(super) struct Column {
    pub(super) word: &'static str,
    /// How wide and where: `state`, `name`, `text`, `when`, `few`.
    pub(super) class: &'static str,
    /// Whether its cells name their rows.
    pub(super) is_header: bool,
}

/// The column that names the rows.
pub(super) const fn naming(word: &'static str) -> Column {
    Column { word, class: "name", is_header: true }
}

/// Any other column.
pub(super) const fn column(word: &'static str, class: &'static str) -> Column {
    Column { word, class, is_header: false }
}

/// A table. Every row has one cell for each column.
#[derive(Template)]
#[template(path = "table.html")]
pub(super) struct Table {
    pub(super) caption: String,
    pub(super) columns: Vec<Column>,
    pub(super) rows: Vec<Vec<Cell>>,
}

/// It is a template itself: what came from outside was escaped when it was filled in.
impl askama::filters::HtmlSafe for Table {}

impl Table {
    /// A table, or nothing when it has no rows.
    pub(super) fn of(caption: impl Into<String>, columns: &[Column], rows: Vec<Vec<Cell>>) -> Option<Self> {
        (!rows.is_empty()).then(|| Self { caption: caption.into(), columns: columns.to_vec(), rows })
    }

    fn cells<'table>(
        &'table self,
        row: &'table [Cell],
    ) -> impl Iterator<Item = (&'table Cell, &'table Column)> {
        row.iter().zip(&self.columns)
    }
}
