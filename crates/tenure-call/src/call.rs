//! One request over one line, bounded in time and size.
//!
//! What was resolved is what is connected to, so that a name cannot lead elsewhere in between. A redirect is a failure: whoever
//! answers does not choose whom we call. Next: `reach.rs`, which machines are called.

use crate::{Address, Authority, NotReachable, PrivateAddresses, allowed};
use bytes::Bytes;
use http::{HeaderMap, StatusCode, header, request};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper_util::rt::TokioIo;
use rustls_pki_types::ServerName;
use std::{net::SocketAddr, time::Duration};
use tenure_tls::{Encryption, Encryptor};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};

/// How long a call may take and how much it may answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallLimits {
    /// From resolving the name to the last byte.
    pub deadline: Duration,
    /// Bytes of an answer.
    pub answer_bytes_max: usize,
}

impl Default for CallLimits {
    fn default() -> Self {
        Self { deadline: Duration::from_secs(10), answer_bytes_max: 256 * 1024 }
    }
}

/// Why nothing was answered. No text holds what the other side said.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallFailed {
    /// Its machine is not called.
    #[error(transparent)]
    Address(#[from] NotReachable),
    /// There is no line to it, or it broke.
    #[error("{why}")]
    Line {
        /// In words of ours.
        why: String,
    },
    /// It took longer than it may.
    #[error("it took too long to answer")]
    TooSlow,
    /// It answered more than it may.
    #[error("it answered more than is read")]
    TooLarge,
    /// It sent us elsewhere.
    #[error("it redirects elsewhere, which is not followed")]
    Redirected,
    /// The request or the encryption cannot be put together.
    #[error("the call cannot be put together: is the address right?")]
    Setup,
}

/// What calls out.
#[derive(Debug)]
pub struct Caller {
    encryptor: Encryptor,
    limits: CallLimits,
    private: PrivateAddresses,
}

/// An answer, whatever its status; never a redirect.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// What it said.
    pub body: Bytes,
    /// How long it wants to be left alone (RFC 9110, 10.2.3), where it says so in seconds.
    pub retry_after: Option<Duration>,
}

/// How much of an answer is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    Whole,
    StatusAlone,
}

impl Caller {
    /// With further authorities beside the system's.
    pub fn new(authorities: Vec<Authority>, limits: CallLimits, private: PrivateAddresses) -> Self {
        Self { encryptor: Encryptor::with(authorities), limits, private }
    }

    /// Sends one request to an address, whose path it gets.
    pub async fn call(
        &self,
        address: &Address,
        request: request::Builder,
        body: Bytes,
    ) -> Result<Answer, CallFailed> {
        self.asked(address, request, body, Reading::Whole).await
    }

    /// Sends one request to an address, and reads nothing of the answer but its status.
    pub async fn tell(
        &self,
        address: &Address,
        request: request::Builder,
        body: Bytes,
    ) -> Result<StatusCode, CallFailed> {
        Ok(self.asked(address, request, body, Reading::StatusAlone).await?.status)
    }

    async fn asked(
        &self,
        address: &Address,
        request: request::Builder,
        body: Bytes,
        reading: Reading,
    ) -> Result<Answer, CallFailed> {
        let request = request
            .uri(address.path_and_query())
            .header(header::HOST, address.authority())
            .header(header::USER_AGENT, "tenure")
            .body(Full::new(body))
            .map_err(|_| CallFailed::Setup)?;
        let answer = tokio::time::timeout(self.limits.deadline, self.send(address, request, reading)).await;
        let answer = answer.map_err(|_| CallFailed::TooSlow)??;
        if answer.status.is_redirection() { Err(CallFailed::Redirected) } else { Ok(answer) }
    }

    async fn send(
        &self,
        address: &Address,
        request: http::Request<Full<Bytes>>,
        reading: Reading,
    ) -> Result<Answer, CallFailed> {
        let stream = open(address.host(), address.port(), self.private).await?;
        if !address.is_encrypted() {
            return self.speak(stream, request, reading).await;
        }
        let config = self.encryptor.of(Encryption::Require).map_err(|_| CallFailed::Setup)?;
        let name = ServerName::try_from(address.host().to_owned()).map_err(|_| CallFailed::Setup)?;
        let stream = tokio_rustls::TlsConnector::from(config)
            .connect(name, stream)
            .await
            .map_err(|error| broken(format!("its line cannot be encrypted: {error}")))?;
        self.speak(stream, request, reading).await
    }

    async fn speak<S>(
        &self,
        stream: S,
        request: http::Request<Full<Bytes>>,
        reading: Reading,
    ) -> Result<Answer, CallFailed>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let cut = |_| broken(String::from("it ended the line"));
        let (mut sender, line) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(cut)?;
        // Ended with this call, also when it is cut off.
        let mut lines = tokio::task::JoinSet::new();
        lines.spawn(line);
        let answer = sender.send_request(request).await.map_err(cut)?;
        let (status, retry_after) = (answer.status(), retry_after(answer.headers()));
        if reading == Reading::StatusAlone {
            return Ok(Answer { status, body: Bytes::new(), retry_after });
        }
        let body = Limited::new(answer.into_body(), self.limits.answer_bytes_max).collect().await;
        let body = body.map_err(|error| {
            if error.is::<LengthLimitError>() {
                CallFailed::TooLarge
            } else {
                broken(String::from("it ended the line"))
            }
        })?;
        Ok(Answer { status, body: body.to_bytes(), retry_after })
    }
}

/// Opens a line, not encrypted yet, to the first machine of a name that answers; where one of them is not called, to none.
pub async fn open(host: &str, port: u16, private: PrivateAddresses) -> Result<TcpStream, CallFailed> {
    let found = tokio::net::lookup_host((host, port)).await;
    let found = found.map_err(|_| NotReachable::Unknown { host: host.to_owned() })?;
    let mut last = None;
    for address in allowed(host, found.map(|one| one.ip()), private)? {
        match TcpStream::connect(SocketAddr::new(address, port)).await {
            Ok(stream) => return Ok(stream),
            Err(error) => last = Some(error.kind()),
        }
    }
    Err(broken(last.map_or_else(|| String::from("its name leads nowhere"), |kind| kind.to_string())))
}

/// Seconds alone are read: whoever names a day is asked again in our own time.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

fn broken(why: String) -> CallFailed {
    CallFailed::Line { why }
}
