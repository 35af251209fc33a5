//! Tables that fit the terminal: columns as wide as their content, the widest cut first; a name is cut in its middle.
//! One whose cells are all needed stands its rows on two lines instead, where they do not fit on one.
//!
//! Without a known width nothing is cut, so that a pipe gets whole names. Cells must be
//! printable before they come here; `cell` sees to that for text from outside.

use super::{
    fold::folded_whole,
    paint::{Look, Paint},
    width::{columns, cut, cut_middle, padded},
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
    cut: Cut,
}

/// Where a text that is too long loses letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cut {
    End,
    Middle,
}

impl Cell {
    fn fit(&self, most: usize) -> String {
        match self.cut {
            Cut::End => cut(&self.text, most),
            Cut::Middle => cut_middle(&self.text, most),
        }
    }
}

/// A cell with text from anywhere, made printable.
pub(crate) fn cell(text: impl AsRef<str>) -> Cell {
    looking(Look::Plain, text)
}

/// A cell with a look.
pub(crate) fn looking(look: Look, text: impl AsRef<str>) -> Cell {
    Cell { text: tenure_model::printable(text.as_ref(), CELL_CHARS_MAX), look, cut: Cut::End }
}

/// A cell with a name: where it is too long, its beginning and its end stay.
pub(crate) fn name(text: impl AsRef<str>) -> Cell {
    Cell { cut: Cut::Middle, ..cell(text) }
}

/// A table in the making.
#[derive(Debug)]
pub(crate) struct Table {
    heads: Vec<&'static str>,
    rows: Vec<Vec<Cell>>,
    /// The column that comes first where a row stands on two lines.
    first: Option<usize>,
}

impl Table {
    /// A table with these column heads.
    pub(crate) fn new(heads: &[&'static str]) -> Self {
        Self { heads: heads.to_vec(), rows: Vec::new(), first: None }
    }

    /// The same, each row on two lines where it does not fit on one: this column first, the others below it.
    pub(crate) fn or_two_lines(self, first: usize) -> Self {
        Self { first: Some(first), ..self }
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
            let needed = widths.iter().sum::<usize>() + GAP * widths.len().saturating_sub(1);
            match self.first {
                Some(first) if needed > most => {
                    return self.rows.iter().flat_map(|row| two_lines(row, first, paint, most)).collect();
                }
                Some(_) | None => shrink(&mut widths, most),
            }
        }
        let heads: Vec<Cell> = self.heads.iter().map(|head| looking(Look::Faint, head)).collect();
        std::iter::once(&heads)
            .filter(|heads| heads.iter().any(|head| !head.text.is_empty()))
            .chain(&self.rows)
            .map(|row| line(row, &widths, paint))
            .collect()
    }
}

/// The cell that names the row, and below it the others, folded.
fn two_lines(row: &[Cell], first: usize, paint: Paint, most: usize) -> Vec<String> {
    let Some(name) = row.get(first) else { return Vec::new() };
    let others = row.iter().enumerate().filter(|(index, cell)| *index != first && !cell.text.is_empty());
    let others: Vec<String> = others.map(|(_, cell)| paint.text(cell.look, &cell.text)).collect();
    // A row without a name says more of the one above it.
    let mut lines: Vec<String> = Some(name)
        .filter(|name| !name.text.is_empty())
        .into_iter()
        .map(|name| paint.text(Look::Strong, &name.fit(most)))
        .collect();
    lines.extend(folded_whole(format!("    {}", others.join(" · ")), Some(most)));
    lines
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
        let text = cell.fit(*width);
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
    use super::{Table, cell, looking, name};
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
    fn what_tells_rows_apart_stays_where_they_do_not_fit() {
        let mut names = Table::new(&["NAME", "STATE"]);
        let mut rows = Table::new(&["HOLDER", "KIND", "DIES"]).or_two_lines(0);
        for end in ["one", "two"] {
            let holder = format!("this-host/~ada/.config/shop/credentials[{end}]");
            names.row(vec![name(&holder), cell("live")]);
            rows.row(vec![name(&holder), cell("token"), cell("never by itself, which is long")]);
        }
        let names = names.lines(Paint::Plain, Some(40));
        assert_eq!(names[1], "this-host/~ada/.…credentials[one]  live");
        assert_eq!(names[2], "this-host/~ada/.…credentials[two]  live");
        let lines = rows.lines(Paint::Plain, Some(40));
        assert!(lines.iter().all(|line| columns(line) <= 40), "{lines:#?}");
        assert!(
            lines[0].ends_with("credentials[one]") && lines[1].starts_with("    token · never"),
            "{lines:#?}"
        );
        rows.row(vec![name(""), cell("another token"), cell("never by itself, which is long")]);
        let lines = rows.lines(Paint::Plain, Some(40));
        assert!(lines.iter().all(|line| !line.trim().is_empty()), "no empty line: {lines:#?}");
        assert!(rows.lines(Paint::Plain, None)[0].starts_with("HOLDER"), "a pipe gets one line each");
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
