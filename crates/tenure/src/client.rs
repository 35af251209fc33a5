//! HTTP over a Unix socket: the only way this program talks to a deployment.
//!
//! One connection per call, bounded in time and size. Calls that change something carry an
//! idempotency key, so that a call whose answer was lost can be made again. This room must
//! never look into a deployment's files, and never print a body.

use crate::failure::{Failure, Stage};
use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_util::rt::TokioIo;
use serde::{Deserialize, Serialize};
use std::{
    path::{Path, PathBuf},
    time::Duration,
};
use tokio::net::UnixStream;
use zeroize::Zeroizing;

/// Longest answer that is read: an export of many entries.
const ANSWER_BYTES_MAX: usize = 512 * 1024 * 1024;
/// Longest a call may take: a backup of a large database.
const CALL_DEADLINE: Duration = Duration::from_mins(15);
/// Longest path of a socket in bytes (sys/un.h: 108 with the terminating zero, 104 on some systems).
const SOCKET_BYTES_MAX: usize = 103;

/// The body of a request. Zeroed when it was sent, as it may hold a password.
pub(crate) struct Body(Zeroizing<Vec<u8>>);

impl Body {
    /// A JSON body.
    pub(crate) fn json(value: &impl Serialize) -> Result<Self, Failure> {
        // Room for all of it, so that nothing is left behind in a buffer that grew.
        let mut bytes = Zeroizing::new(Vec::with_capacity(256 * 1024));
        serde_json::to_writer(&mut *bytes, value)
            .map_err(|error| Failure::new("the request cannot be written").caused_by(&error))?;
        Ok(Self(bytes))
    }

    fn bytes(&self) -> Bytes {
        Bytes::from_owner(Zeroizing::new(self.0.to_vec()))
    }
}

/// One call.
pub(crate) struct Call<'call> {
    pub(crate) method: Method,
    pub(crate) path: &'call str,
    pub(crate) body: Option<&'call Body>,
    /// For calls that change something.
    pub(crate) idempotency_key: Option<&'call str>,
}

/// What the server says when it refuses (RFC 9457).
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Problem {
    /// Which kind it is, as a name that stays.
    #[serde(rename = "type")]
    pub(crate) kind: String,
    /// In a few words.
    pub(crate) title: String,
    /// The HTTP status.
    pub(crate) status: u16,
    /// In full.
    pub(crate) detail: Option<String>,
    /// What to do.
    pub(crate) remedy: Option<String>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallFailed {
    /// Nobody listens: nothing was asked.
    #[error("nobody listens on the socket of the data directory")]
    NobodyListens(#[source] std::io::Error),
    /// The socket may not be used: nothing was asked.
    #[error("the socket of the data directory cannot be used")]
    SocketRefused(#[source] std::io::Error),
    /// The connection ended before the answer was there: it may have been done.
    #[error("the answer was lost")]
    Lost(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// No answer in time: it may have been done, or may still be going on.
    #[error("there was no answer within {} minutes", CALL_DEADLINE.as_secs() / 60)]
    TooSlow,
    /// The server said no.
    #[error("{}", said(.0))]
    Refused(Problem),
}

impl CallFailed {
    /// As the failure of what was wanted.
    pub(crate) fn into_failure(self, what: &str) -> Failure {
        let failure = Failure::new(what);
        match self {
            Self::Refused(problem) => {
                let failure = match problem.remedy.clone() {
                    Some(remedy) => failure.next(remedy),
                    None => failure,
                };
                let failure =
                    if problem.status < 500 { failure.kept("nothing was changed") } else { failure };
                let stage =
                    if problem.kind.ends_with(":already-so") { Stage::AlreadySo } else { Stage::Elsewhere };
                Failure { stage, ..failure.because(said(&problem)) }
            }
            lost @ (Self::Lost(_) | Self::TooSlow) => {
                failure.caused_by(&lost).kept("it may have been done all the same: look before trying again")
            }
            other => failure.caused_by(&other).kept("nothing was changed"),
        }
    }
}

fn said(problem: &Problem) -> String {
    problem.detail.clone().filter(|detail| !detail.is_empty()).unwrap_or_else(|| problem.title.clone())
}

/// Talks to one socket.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    socket: PathBuf,
}

impl Client {
    /// A client of this socket.
    pub(crate) fn new(socket: PathBuf) -> Self {
        Self { socket }
    }

    /// True when somebody listens.
    pub(crate) async fn somebody_listens(&self) -> bool {
        UnixStream::connect(&self.socket).await.is_ok()
    }

    /// Makes one call; `Ok` is the body of an answer that is no refusal.
    pub(crate) async fn call(&self, call: &Call<'_>) -> Result<Bytes, CallFailed> {
        let called = tokio::time::timeout(CALL_DEADLINE, self.call_once(call)).await;
        called.unwrap_or_else(|_| Err(CallFailed::TooSlow))
    }

    async fn call_once(&self, call: &Call<'_>) -> Result<Bytes, CallFailed> {
        let stream = UnixStream::connect(&self.socket).await.map_err(sorted)?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(lost)?;
        let driver = tokio::spawn(connection);
        let body = call.body.map_or_else(Bytes::new, Body::bytes);
        let mut request = Request::builder()
            .method(call.method.clone())
            .uri(call.path)
            .header(header::HOST, "localhost")
            .header(header::USER_AGENT, concat!("tenure/", env!("CARGO_PKG_VERSION")));
        if call.body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        if let Some(key) = call.idempotency_key {
            request = request.header("idempotency-key", key);
        }
        let request = request.body(Full::new(body)).map_err(lost)?;
        let answer = sender.send_request(request).await.map_err(lost)?;
        let status = answer.status();
        let bytes = Limited::new(answer.into_body(), ANSWER_BYTES_MAX)
            .collect()
            .await
            .map_err(CallFailed::Lost)?
            .to_bytes();
        driver.abort();
        if status.is_success() { Ok(bytes) } else { Err(CallFailed::Refused(problem(status, &bytes))) }
    }
}

/// A path that is too long for a socket is told before anything is tried.
pub(crate) fn check_socket_path(path: &Path) -> Result<(), Failure> {
    let bytes = path.as_os_str().len();
    if bytes <= SOCKET_BYTES_MAX {
        return Ok(());
    }
    Err(Failure::usage("the path of the data directory is too long for a socket in it")
        .because(format!("{bytes} bytes, at most {SOCKET_BYTES_MAX} are possible"))
        .next("choose a data directory with a shorter path (--data)"))
}

/// What a failed connection means. A reset or a full queue is a server that is about to be gone, or busy.
fn sorted(error: std::io::Error) -> CallFailed {
    use std::io::ErrorKind::{BrokenPipe, ConnectionRefused, ConnectionReset, NotFound, WouldBlock};
    match error.kind() {
        NotFound | ConnectionRefused | ConnectionReset | BrokenPipe | WouldBlock => {
            CallFailed::NobodyListens(error)
        }
        _ => CallFailed::SocketRefused(error),
    }
}

fn lost(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> CallFailed {
    CallFailed::Lost(error.into())
}

fn problem(status: StatusCode, body: &[u8]) -> Problem {
    let mut problem: Problem = serde_json::from_slice(body).unwrap_or_default();
    if problem.title.is_empty() {
        status.canonical_reason().unwrap_or("refused").clone_into(&mut problem.title);
    }
    problem.status = status.as_u16();
    problem
}

/// One part of a path, so that any name is one part (RFC 3986 section 3.3).
pub(crate) fn part(text: &str) -> String {
    use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
    const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'~');
    utf8_percent_encode(text, KEPT).to_string()
}

#[cfg(test)]
mod tests {
    use super::{CallFailed, Problem, check_socket_path, part, problem};
    use http::StatusCode;

    #[test]
    fn any_name_is_one_part_of_a_path() {
        assert_eq!(part("pg-main/../x"), "pg-main%2F%2E%2E%2Fx");
        assert_eq!(part("a b?c#d\n\u{202e}"), "a%20b%3Fc%23d%0A%E2%80%AE");
    }

    #[test]
    fn a_refusal_keeps_the_servers_words_and_says_that_nothing_was_changed() {
        let body = br#"{"type":"about:blank","title":"Not found","status":404,"detail":"there is no plan `x`","remedy":"tenure plans"}"#;
        let failure =
            CallFailed::Refused(problem(StatusCode::NOT_FOUND, body)).into_failure("no plan was shown");
        insta::assert_snapshot!(failure.text(), @r"
        Not done: no plan was shown
          why:  there is no plan `x`
          kept: nothing was changed
          next: tenure plans
        ");
        let empty = problem(StatusCode::BAD_GATEWAY, b"<html>");
        assert_eq!(empty, Problem { title: String::from("Bad Gateway"), status: 502, ..Problem::default() });
    }

    #[test]
    fn a_data_directory_too_deep_for_a_socket_is_refused() {
        assert!(check_socket_path("/d/socket".as_ref()).is_ok());
        assert!(check_socket_path(format!("/{}/socket", "d".repeat(100)).as_ref()).is_err());
    }
}
