//! The calls that go out: one connection each, to an address that was looked at, bounded in time and size.
//!
//! Nothing is followed, nothing is kept open, no cookie is held. Never called: link-local addresses, where clouds keep what
//! they hand to whoever asks; and this machine, unless the provider is configured to be on it. What was resolved is what is
//! connected to, so that a name cannot lead elsewhere in between.

use crate::{Address, OidcRefused};
use bytes::Bytes;
use http::{HeaderValue, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper_util::rt::TokioIo;
use rustls_pki_types::{CertificateDer, ServerName};
use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};
use tenure_tls::{Encryption, Encryptor};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};

/// How long a call may take and how much it may answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FetchLimits {
    /// From resolving the name to the last byte.
    pub deadline: Duration,
    /// Bytes of an answer.
    pub answer_bytes_max: usize,
}

impl Default for FetchLimits {
    fn default() -> Self {
        Self { deadline: Duration::from_secs(10), answer_bytes_max: 256 * 1024 }
    }
}

/// What calls out.
#[derive(Debug)]
pub(crate) struct Fetch {
    encryptor: Encryptor,
    limits: FetchLimits,
    /// The provider is on this machine.
    is_local: bool,
}

/// An answer, whatever its status; never a redirect.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Bytes,
}

impl Fetch {
    pub(crate) fn new(
        authorities: Vec<CertificateDer<'static>>,
        limits: FetchLimits,
        issuer: &Address,
    ) -> Self {
        Self { encryptor: Encryptor::with(authorities), limits, is_local: issuer.is_local() }
    }

    /// Asks for a document.
    pub(crate) async fn get(&self, address: &Address) -> Result<Bytes, OidcRefused> {
        let answer = self.call(address, Request::get(address.path_and_query()), Bytes::new()).await?;
        if answer.status == StatusCode::OK {
            return Ok(answer.body);
        }
        Err(OidcRefused::Status { path: path_of(address), status: answer.status.as_u16() })
    }

    /// Sends a form.
    pub(crate) async fn post(
        &self,
        address: &Address,
        authorization: Option<HeaderValue>,
        form: Vec<u8>,
    ) -> Result<Answer, OidcRefused> {
        let mut request = Request::post(address.path_and_query())
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        if let Some(authorization) = authorization {
            request = request.header(header::AUTHORIZATION, authorization);
        }
        self.call(address, request, form.into()).await
    }

    async fn call(
        &self,
        address: &Address,
        request: http::request::Builder,
        body: Bytes,
    ) -> Result<Answer, OidcRefused> {
        let request = request
            .header(header::HOST, address.authority())
            .header(header::ACCEPT, "application/json")
            .header(header::USER_AGENT, "tenure")
            .body(Full::new(body))
            .map_err(|_| OidcRefused::Unreadable { what: "address" })?;
        let answer = tokio::time::timeout(self.limits.deadline, self.send(address, request)).await;
        let answer = answer.map_err(|_| OidcRefused::TooSlow)??;
        if answer.status.is_redirection() {
            return Err(OidcRefused::Redirected { path: path_of(address) });
        }
        Ok(answer)
    }

    async fn send(&self, address: &Address, request: Request<Full<Bytes>>) -> Result<Answer, OidcRefused> {
        let stream = self.connect(address).await?;
        if !address.is_encrypted() {
            return self.speak(stream, request).await;
        }
        let config = self.encryptor.of(Encryption::Require).map_err(|_| OidcRefused::Setup)?;
        let name = ServerName::try_from(address.host().to_owned()).map_err(|_| OidcRefused::Setup)?;
        let stream = tokio_rustls::TlsConnector::from(config)
            .connect(name, stream)
            .await
            .map_err(|error| unreachable(format!("its line cannot be encrypted: {error}")))?;
        self.speak(stream, request).await
    }

    async fn connect(&self, address: &Address) -> Result<TcpStream, OidcRefused> {
        let found = tokio::net::lookup_host((address.host(), address.port())).await;
        let found: Vec<SocketAddr> =
            found.map_err(|_| unreachable(String::from("its name is not known")))?.collect();
        // All of them: a name that leads here and there leads where it wants.
        if found.iter().any(|found| !self.may_call(found.ip())) {
            return Err(OidcRefused::ForbiddenAddress);
        }
        let mut last = None;
        for found in found {
            match TcpStream::connect(found).await {
                Ok(stream) => return Ok(stream),
                Err(error) => last = Some(error.kind()),
            }
        }
        Err(unreachable(last.map_or_else(|| String::from("its name leads nowhere"), |kind| kind.to_string())))
    }

    fn may_call(&self, ip: IpAddr) -> bool {
        let ip = ip.to_canonical();
        let is_link_local = match ip {
            IpAddr::V4(ip) => ip.is_link_local() || ip.is_broadcast(),
            IpAddr::V6(ip) => ip.is_unicast_link_local(),
        };
        let is_here = ip.is_loopback() || ip.is_unspecified();
        !is_link_local && !ip.is_multicast() && is_here == self.is_local
    }

    async fn speak<S>(&self, stream: S, request: Request<Full<Bytes>>) -> Result<Answer, OidcRefused>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let cut = |_| unreachable(String::from("it ended the line"));
        let (mut sender, line) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(cut)?;
        // Ended with this call, also when it is cut off.
        let mut lines = tokio::task::JoinSet::new();
        lines.spawn(line);
        let answer = sender.send_request(request).await.map_err(cut)?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), self.limits.answer_bytes_max).collect().await;
        let body = body.map_err(|error| {
            if error.is::<LengthLimitError>() {
                OidcRefused::TooLarge
            } else {
                unreachable(String::from("it ended the line"))
            }
        })?;
        Ok(Answer { status, body: body.to_bytes() })
    }
}

fn unreachable(why: String) -> OidcRefused {
    OidcRefused::Unreachable { why }
}

fn path_of(address: &Address) -> String {
    address.path_and_query().split('?').next().unwrap_or_default().chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::{Fetch, FetchLimits};
    use crate::Address;

    #[test]
    fn addresses_that_are_nobody_elses_business_are_never_called() {
        let fetch =
            |issuer: &str| Fetch::new(Vec::new(), FetchLimits::default(), &Address::plain(issuer).unwrap());
        let (elsewhere, here) = (fetch("https://id.example.com"), fetch("http://127.0.0.1:1"));
        let may = |fetch: &Fetch, ip: &str| fetch.may_call(ip.parse().unwrap());
        for ip in ["192.0.2.7", "10.1.2.3", "2001:db8::1"] {
            assert!(may(&elsewhere, ip) && !may(&here, ip), "{ip}");
        }
        for ip in ["127.0.0.1", "::1", "::ffff:127.0.0.1", "0.0.0.0"] {
            assert!(!may(&elsewhere, ip) && may(&here, ip), "{ip}");
        }
        for ip in ["169.254.169.254", "::ffff:169.254.169.254", "fe80::1", "224.0.0.1", "255.255.255.255"] {
            assert!(!may(&elsewhere, ip) && !may(&here, ip), "{ip}");
        }
    }
}
