//! From SQLSTATE to what the engine must do about it.
//!
//! The one question that matters is whether something may have happened. A connection that
//! was never made did nothing; one that broke after a statement was sent may have done it.
//! Texts are the server's own message, one line, bounded, without statement or parameters.

use crate::client::{OpenFailed, Unopened};
use tenure_connect::OutsideFailure;
use tenure_model::printable;
use tokio_postgres::error::DbError;

/// Longest text of an outside failure, in characters (the port's limit).
pub(crate) const WHY_CHARS: usize = 300;

/// Whether a broken connection may have left something behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// It only read.
    Read,
    /// It may have changed something.
    Change,
}

/// What to make of a connection that did not come about: nothing was asked.
pub(crate) fn of_opening(failed: &OpenFailed) -> OutsideFailure {
    match &failed.why {
        Unopened::Answer(answer) => of_refused_opening(answer),
        Unopened::Line(_) | Unopened::Silence if !failed.seen.cut => {
            OutsideFailure::Unreachable { why: bounded(&failed.why.to_string()) }
        }
        Unopened::Line(why) | Unopened::Unsupported(why) => refused(
            "08P01",
            why,
            "make the server ask for a SCRAM password, or encrypt the line with `sslmode=require`",
        ),
        Unopened::Silence => OutsideFailure::Unreachable { why: bounded(&failed.why.to_string()) },
    }
}

fn of_refused_opening(answer: &DbError) -> OutsideFailure {
    match answer.code().code() {
        "53300" | "57P03" => throttled(answer),
        code @ ("28P01" | "28000") => {
            refused(code, answer.message(), "check Tenure's own account: name, password, and pg_hba.conf")
        }
        code @ "3D000" => refused(code, answer.message(), "name a database that exists in the address"),
        code @ "42501" => refused(code, answer.message(), "GRANT CONNECT ON DATABASE … TO Tenure's account"),
        "57P01" | "57P02" => OutsideFailure::Unreachable { why: bounded(&words(answer)) },
        code if code.starts_with("08") => OutsideFailure::Unreachable { why: bounded(&words(answer)) },
        code => refused(code, answer.message(), "look into the server's log"),
    }
}

/// What to make of a statement that failed. `remedy` is said when a permission is lacking.
pub(crate) fn of_statement(error: &tokio_postgres::Error, purpose: Purpose, remedy: &str) -> OutsideFailure {
    match error.as_db_error() {
        Some(answer) => of_answer(answer, purpose, remedy),
        None => of_line(error, purpose),
    }
}

fn of_line(error: &tokio_postgres::Error, purpose: Purpose) -> OutsideFailure {
    let source = std::error::Error::source(error);
    let why = bounded(&source.map_or_else(|| error.to_string(), |source| format!("{error}: {source}")));
    let broken = error.is_closed() || source.is_some_and(<dyn std::error::Error>::is::<std::io::Error>);
    match (broken, purpose) {
        (_, Purpose::Change) => OutsideFailure::Lost { why },
        (true, Purpose::Read) => OutsideFailure::Unreachable { why },
        (false, Purpose::Read) => OutsideFailure::Puzzling { why },
    }
}

/// PostgreSQL manual, appendix A. A statement that answers with one of these did nothing,
/// except where the server was going down.
fn of_answer(answer: &DbError, purpose: Purpose, remedy: &str) -> OutsideFailure {
    match answer.code().code() {
        "53300" | "57P03" | "40001" | "40P01" | "55P03" | "57014" => throttled(answer),
        code if code.starts_with("53") => throttled(answer),
        code @ "42501" => refused(code, answer.message(), remedy),
        code @ "2BP01" => refused(code, &words(answer), "hand over or remove what still depends on it"),
        code @ "25006" => refused(
            code,
            answer.message(),
            "point `primary` at the server that accepts changes, not at a replica",
        ),
        code if is_going_down(code) => match purpose {
            Purpose::Change => OutsideFailure::Lost { why: bounded(&words(answer)) },
            Purpose::Read => OutsideFailure::Unreachable { why: bounded(&words(answer)) },
        },
        code if code.starts_with("0A") || code.starts_with("42") || code.starts_with("55") => {
            refused(code, &words(answer), "look into the message; nothing was changed")
        }
        _ => OutsideFailure::Puzzling { why: bounded(&words(answer)) },
    }
}

fn is_going_down(code: &str) -> bool {
    code.starts_with("08") || matches!(code, "57P01" | "57P02" | "57P05" | "25P03")
}

fn throttled(answer: &DbError) -> OutsideFailure {
    OutsideFailure::Throttled { why: bounded(&words(answer)), retry_after: None }
}

/// A no, with what mends it.
pub(crate) fn refused(code: &str, why: &str, remedy: &str) -> OutsideFailure {
    OutsideFailure::Refused { code: code.to_owned(), why: bounded(why), remedy: bounded(remedy) }
}

/// Code and message of an answer.
pub(crate) fn words(answer: &DbError) -> String {
    format!("{} {}", answer.code().code(), answer.message())
}

/// A text on one line, no longer than the port allows.
pub(crate) fn bounded(text: &str) -> String {
    printable(text, WHY_CHARS - 1)
}
