//! Tables that fit the terminal: columns as wide as their content, the widest cut first.
//!
//! Without a known width nothing is cut, so that a pipe gets whole names. Cells must be
//! printable before they come here; `cell` sees to that for text from outside.

use super::{
    paint::{Look, Paint},
    width::{columns, cut, padded},
};

/// Blanks between two columns.
const GAP: usize = 2;
/// A column is never cut below this.
const COLUMNS_MIN: usize = 6;
/// Longest text of one cell, in characters, before it is cut in any case.
const CELL_CHARS_MAX: usize = 400;

/// One cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cell {
    text: String,
    look: Look,
}

/// A cell with text from anywhere, made printable.
pub(crate) fn cell(text: impl AsRef<str>) -> Cell {
    looking(Look::Plain, text)
}

/// A cell with a look.
pub(crate) fn looking(look: Look, text: impl AsRef<str>) -> Cell {
    Cell { text: tenure_model::printable(text.as_ref(), CELL_CHARS_MAX), look }
}

/// A table in the making.
#[derive(Debug)]
pub(crate) struct Table {
    heads: Vec<&'static str>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// A table with these column heads.
    pub(crate) fn new(heads: &[&'static str]) -> Self {
        Self { heads: heads.to_vec(), rows: Vec::new() }
    }

    /// Adds a row.
    pub(crate) fn row(&mut self, cells: Vec<Cell>) {
        self.rows.push(cells);
    }

    /// The lines. `most` is the width of the terminal, `None` when there is none.
    pub(crate) fn lines(&self, paint: Paint, most: Option<usize>) -> Vec<String> {
        let mut widths: Vec<usize> = self.heads.iter().map(|head| columns(head)).collect();
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(columns(&cell.text));
            }
        }
        if let Some(most) = most {
            shrink(&mut widths, most);
        }
        let heads: Vec<Cell> =
            self.heads.iter().map(|head| Cell { text: (*head).to_owned(), look: Look::Faint }).collect();
        std::iter::once(&heads)
            .filter(|heads| heads.iter().any(|head| !head.text.is_empty()))
            .chain(&self.rows)
            .map(|row| line(row, &widths, paint))
            .collect()
    }
}

/// Takes from the widest column until the sum fits or nothing can be taken.
fn shrink(widths: &mut [usize], most: usize) {
    let available = most.saturating_sub(GAP * widths.len().saturating_sub(1));
    while widths.iter().sum::<usize>() > available {
        match widths.iter_mut().max() {
            Some(widest) if *widest > COLUMNS_MIN => *widest -= 1,
            Some(_) | None => return,
        }
    }
}

fn line(row: &[Cell], widths: &[usize], paint: Paint) -> String {
    let last = row.len().saturating_sub(1);
    let mut line = String::new();
    for (index, (cell, width)) in row.iter().zip(widths).enumerate() {
        let text = cut(&cell.text, *width);
        let blanks = if index == last {
            String::new()
        } else {
            padded("", width.saturating_sub(columns(&text)) + GAP)
        };
        line.push_str(&paint.text(cell.look, &text));
        line.push_str(&blanks);
    }
    line.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::{Table, cell, looking};
    use crate::render::{
        paint::{Look, Paint},
        width::columns,
    };

    fn table() -> Table {
        let mut table = Table::new(&["NAME", "STANDING", "OWNERS"]);
        table.row(vec![cell("pg-main/reporting"), looking(Look::Bad, "▲ lapsed"), cell("alice")]);
        table.row(vec![cell("pg-main/日本\u{202e}x\n"), cell("? unclaimed"), cell("")]);
        table
    }

    #[test]
    fn columns_line_up_whatever_the_names_are_made_of() {
        insta::assert_snapshot!(table().lines(Paint::Plain, None).join("\n"), @r"
        NAME                     STANDING     OWNERS
        pg-main/reporting        ▲ lapsed     alice
        pg-main/日本\u{202e}x\n  ? unclaimed
        ");
    }

    #[test]
    fn a_narrow_terminal_gets_narrow_columns() {
        for most in [20, 24, 30, 40, 80] {
            for line in table().lines(Paint::Plain, Some(most)) {
                assert!(columns(&line) <= most.max(22), "{most}: {line}");
            }
        }
        insta::assert_snapshot!(table().lines(Paint::Plain, Some(30)).join("\n"), @r"
        NAME        STANDING    OWNERS
        pg-main/r…  ▲ lapsed    alice
        pg-main/…   ? unclaim…
        ");
    }

    #[test]
    fn colour_adds_escapes_and_changes_no_column() {
        let painted = table().lines(Paint::Colour, None).join("\n");
        assert!(painted.contains("\u{1b}[31m▲ lapsed\u{1b}[0m"));
        let stripped = ["1", "2", "31", "0"]
            .iter()
            .fold(painted, |text, code| text.replace(&format!("\u{1b}[{code}m"), ""));
        assert_eq!(stripped, table().lines(Paint::Plain, None).join("\n"));
    }
}
