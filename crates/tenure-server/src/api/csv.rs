//! Lists as CSV (RFC 4180), page after page, however long they are.
//!
//! A cell that a spreadsheet would take for a formula gets an apostrophe in front: names come from systems whose
//! users choose them. It must never hold a whole list in memory; a list that breaks off breaks the transfer off, so
//! that no half of one is taken for all of it. Next: `inventory/csv.rs`, the lists.

use crate::{page::Page, problem::Problem};
use axum::{
    body::Body,
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use http::header;

/// Rows of one page of a file.
pub(crate) const ROWS: u32 = 500;
/// The media type.
pub(crate) const CSV: &str = "text/csv; charset=utf-8";

/// One line.
pub(crate) fn line<'cells>(cells: impl IntoIterator<Item = &'cells str>) -> String {
    let mut line: String = cells.into_iter().map(cell).collect::<Vec<_>>().join(",");
    line.push_str("\r\n");
    line
}

/// One cell. What spreadsheets take for a formula (OWASP, CSV injection) is made text.
fn cell(text: &str) -> String {
    let begins = text.trim_start_matches([' ', '\u{a0}', '\u{feff}', '\u{200b}']).chars().next();
    let is_formula = begins.is_some_and(|first| {
        matches!(first, '=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠' | '|' | '%')
    });
    let guard = if is_formula { "'" } else { "" };
    if text.contains(['"', ',', ';', '\r', '\n', '\t']) || is_formula {
        format!("\"{guard}{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

/// A file of all pages. The first one is read before anything is answered, so that a problem is told as one;
/// `read` is given where a page begins.
pub(crate) async fn file<R, F>(
    name: &'static str,
    columns: &'static [&'static str],
    read: R,
) -> Result<Response, Problem>
where
    R: Fn(Option<String>) -> F + Send + 'static,
    F: Future<Output = Result<Page<Vec<String>>, Problem>> + Send,
{
    let first = read(None).await?;
    let head = line(columns.iter().copied());
    let rest = futures::stream::unfold((Some(first), head, read), |(page, mut text, read)| async move {
        let page = page?;
        for row in &page.items {
            text.push_str(&line(row.iter().map(String::as_str)));
        }
        let (next, broken) = match page.next {
            None => (None, None),
            Some(mark) => match read(Some(mark)).await {
                Ok(next) => (Some(next), None),
                Err(problem) => (None, Some(problem)),
            },
        };
        let chunk = match broken {
            None => Ok(Bytes::from(text)),
            Some(problem) => Err(std::io::Error::other(problem.detail)),
        };
        Some((chunk, (next, String::new(), read)))
    });
    let headers = [
        (header::CONTENT_TYPE, CSV.to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}.csv\"")),
    ];
    Ok((headers, Body::from_stream(rest)).into_response())
}

#[cfg(test)]
mod tests {
    use super::line;

    #[test]
    fn a_cell_is_quoted_when_it_must_be_and_never_a_formula() {
        let cells = [
            "plain",
            "a,b",
            "say \"x\"",
            "two\nlines",
            "=1+1",
            "-2",
            "@SUM(A1)",
            " =1",
            "\t=1",
            "＝1",
            "pg/a-b",
            "",
        ];
        insta::assert_snapshot!(line(cells).replace("\r\n", "<end>"), @r##"
plain,"a,b","say ""x""","two
lines","'=1+1","'-2","'@SUM(A1)","' =1","'	=1","'＝1",pg/a-b,<end>
"##);
    }
}
