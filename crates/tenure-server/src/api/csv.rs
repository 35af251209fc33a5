//! Lists as CSV (RFC 4180), page after page, however long they are.
//!
//! A cell that a spreadsheet would take for a formula gets an apostrophe in front: names come from systems whose
//! users choose them. It must never hold a whole list in memory; a list that breaks off breaks the transfer off, so
//! that no half of one is taken for all of it. Next: `inventory/csv.rs`, the lists.

use crate::{
    endpoint::{Access, Answers, Endpoint, Verb},
    page::Page,
    problem::Problem,
    shared::Shared,
};
use axum::{
    body::Body,
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use http::header;
use tenure_judge::{ApiAction, ApiResourceKind};
use tenure_model::Instant;

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

/// A list as it is written into a file.
pub(crate) struct Sheet<T> {
    /// The name of the file, without its ending.
    pub(crate) name: &'static str,
    pub(crate) columns: &'static [&'static str],
    /// The cells of a row, one for each column.
    pub(crate) cells: fn(T) -> Vec<String>,
}

/// The endpoint that answers with a list as a file.
pub(crate) const fn endpoint(
    path: &'static str,
    kind: ApiResourceKind,
    about: &'static str,
    query: &'static [(&'static str, &'static str)],
    route: fn() -> axum::routing::MethodRouter<Shared>,
) -> Endpoint {
    Endpoint {
        verb: Verb::Get,
        path,
        access: Access::Decided { action: ApiAction::View, kind },
        evidence: None,
        about,
        query,
        takes: None,
        answers: Answers::Bytes(CSV),
        route,
    }
}

/// Nothing stands after `?` of a list that takes no filter.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Unfiltered {}

/// An instant, or nothing.
pub(crate) fn said(at: Option<Instant>) -> String {
    at.map(|at| at.to_string()).unwrap_or_default()
}

/// A file of all pages. The first one is read before anything is answered, so that a problem is told as one;
/// `read` is given where a page begins.
pub(crate) async fn file<T, R, F>(sheet: &'static Sheet<T>, read: R) -> Result<Response, Problem>
where
    T: Send + 'static,
    R: Fn(Option<String>) -> F + Send + 'static,
    F: Future<Output = Result<Page<T>, Problem>> + Send,
{
    let Sheet { name, columns, cells } = *sheet;
    let first = read(None).await?;
    let head = line(columns.iter().copied());
    let rest = futures::stream::unfold((Some(first), head, read), move |(page, mut text, read)| async move {
        let page = page?;
        for row in page.items {
            text.push_str(&line(cells(row).iter().map(String::as_str)));
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
