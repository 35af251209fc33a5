//! Rows of CSV (RFC 4180), read strictly: what is not closed or goes on behind its mark is a fault with its line.
//!
//! A cell is text and nothing else, whatever a spreadsheet would make of it. Must never take half of a file for a whole one.
//! Next: `people_csv.rs`, `tickets_csv.rs`, what the columns mean.

/// Where in a cell the reader is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum In {
    Beginning,
    Plain,
    Quoted,
    Behind,
}

/// A row, and the line it begins at.
pub(crate) type Row = (u64, Vec<String>);

/// All rows that hold anything.
pub(crate) fn rows(text: &str) -> Result<Vec<Row>, String> {
    let (mut rows, mut row, mut cell) = (Vec::new(), Vec::new(), String::new());
    let (mut line, mut begun, mut column, mut place) = (1_u64, 1_u64, 0_u64, In::Beginning);
    let mut characters = text.chars().peekable();
    while let Some(next) = characters.next() {
        column += 1;
        match (place, next) {
            (In::Quoted, '"') if characters.peek() == Some(&'"') => {
                characters.next();
                cell.push('"');
            }
            (In::Quoted, '"') => place = In::Behind,
            (In::Quoted, _) => {
                line += u64::from(next == '\n');
                cell.push(next);
            }
            (In::Beginning, '"') => place = In::Quoted,
            (_, ',') => {
                row.push(std::mem::take(&mut cell));
                place = In::Beginning;
            }
            (_, '\r') if characters.peek() == Some(&'\n') => {}
            (_, '\n') => {
                end(&mut rows, (begun, std::mem::take(&mut row)), (std::mem::take(&mut cell), place));
                line += 1;
                (begun, column, place) = (line, 0, In::Beginning);
            }
            (In::Behind, _) => {
                return Err(format!(
                    "line {line}, character {column}: a cell goes on behind its quotation mark"
                ));
            }
            (_, '"') => {
                let why = "a quotation mark stands within a cell that does not begin with one";
                return Err(format!("line {line}, character {column}: {why}"));
            }
            (In::Beginning | In::Plain, _) => {
                place = In::Plain;
                cell.push(next);
            }
        }
    }
    if place == In::Quoted {
        return Err(format!("line {begun}: a quotation mark is not closed"));
    }
    end(&mut rows, (begun, row), (cell, place));
    Ok(rows)
}

/// Ends a row; an empty line is none.
fn end(rows: &mut Vec<Row>, (line, mut row): Row, (cell, place): (String, In)) {
    if row.is_empty() && place == In::Beginning {
        return;
    }
    row.push(cell);
    rows.push((line, row));
}
