//! Against other pages in the same browser: the Host and the Origin of what comes over TCP.
//!
//! A page elsewhere can make a browser send requests to a loopback address, and a hostile name
//! can be made to lead there (DNS rebinding). So even on loopback only our own names are
//! answered, and only our own pages change anything. Next: `enter.rs`.

use crate::{peer::Peer, problem::Problem, shared::Shared};
use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, StatusCode, Uri, header};
use std::net::{IpAddr, SocketAddr};

/// Names under which this server may be addressed, without port.
#[derive(Debug, Clone)]
pub(crate) struct Hosts(Vec<String>);

impl Hosts {
    /// The names of loopback.
    pub(crate) fn loopback() -> Self {
        Self(["localhost", "127.0.0.1", "[::1]"].map(str::to_owned).to_vec())
    }

    /// The names of loopback and the address that is listened on.
    pub(crate) fn of(address: Option<SocketAddr>) -> Self {
        let mut hosts = Self::loopback();
        match address.map(|address| address.ip()) {
            Some(IpAddr::V4(ip)) if !ip.is_unspecified() => hosts.0.push(ip.to_string()),
            Some(IpAddr::V6(ip)) if !ip.is_unspecified() => hosts.0.push(format!("[{ip}]")),
            Some(IpAddr::V4(_) | IpAddr::V6(_)) | None => {}
        }
        hosts
    }

    /// And a name under which a proxy passes requests on.
    pub(crate) fn and(mut self, name: Option<&str>) -> Self {
        self.0.extend(name.map(str::to_owned));
        self
    }

    /// Exactly one of our names, and behind it nothing or a port. A lenient reading of an address is somebody
    /// else's way in: `127.0.0.1:80.evil.example` is a name like any other to whoever resolves it.
    fn knows(&self, authority: &str) -> bool {
        let ours = |host: &String| {
            let (name, rest) = authority.split_at_checked(host.len())?;
            name.eq_ignore_ascii_case(host).then_some(rest)
        };
        self.0
            .iter()
            .filter_map(ours)
            .any(|rest| rest.is_empty() || rest.strip_prefix(':').is_some_and(is_port))
    }
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok_and(|port| port > 0)
}

/// Refuses what is addressed to another name, and changes that another page asks for.
pub(crate) async fn check(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<Peer>().copied().unwrap_or(Peer::Network);
    if peer == Peer::Network
        && let Err(problem) =
            check_headers(&shared.hosts, request.method().is_safe(), request.uri(), request.headers())
    {
        return problem.into_response();
    }
    next.run(request).await
}

fn check_headers(hosts: &Hosts, safe: bool, uri: &Uri, headers: &HeaderMap) -> Result<(), Problem> {
    let mut named = headers.get_all(header::HOST).iter();
    let host = named.next().and_then(|host| host.to_str().ok()).unwrap_or_default();
    // The address in the first line counts before the header (RFC 9112, section 3.2.2): both must be ours.
    let by_line = uri.authority().is_none_or(|authority| hosts.knows(authority.as_str()));
    if !hosts.knows(host) || named.next().is_some() || !by_line {
        let detail = "this server is not addressed by that name";
        let problem = Problem::new(StatusCode::MISDIRECTED_REQUEST, "misdirected", "Another name", detail);
        return Err(problem.with_remedy("use the address that Tenure printed at its start"));
    }
    if !safe && headers.contains_key(header::ORIGIN) && !has_own_origin(headers) {
        return Err(Problem::denied("another page asked for this change"));
    }
    Ok(())
}

/// True when the request says that it comes from a page of this very server.
pub(crate) fn has_own_origin(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value: &http::HeaderValue| value.to_str().ok());
    match (text(header::ORIGIN), text(header::HOST)) {
        (Some(origin), Some(host)) => {
            origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://")) == Some(host)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{Hosts, check_headers};
    use http::HeaderMap;

    fn check(safe: bool, host: &str, origin: Option<&str>) -> u16 {
        ask(safe, "/", &[host], origin)
    }

    fn ask(safe: bool, line: &str, named: &[&str], origin: Option<&str>) -> u16 {
        let mut headers = HeaderMap::new();
        for host in named {
            headers.append("host", host.parse().unwrap());
        }
        if let Some(origin) = origin {
            headers.insert("origin", origin.parse().unwrap());
        }
        let hosts = Hosts::of(Some("192.0.2.7:8420".parse().unwrap()));
        check_headers(&hosts, safe, &line.parse().unwrap(), &headers)
            .map_or_else(|problem| problem.status.as_u16(), |()| 200)
    }

    #[test]
    fn only_our_own_names_are_answered() {
        for good in ["127.0.0.1:8420", "localhost:8420", "LOCALHOST", "[::1]:1", "192.0.2.7:8420"] {
            assert_eq!(check(true, good, None), 200, "{good}");
        }
        assert_eq!(ask(true, "http://127.0.0.1:8420/", &["127.0.0.1:8420"], None), 200);
    }

    #[test]
    fn a_hostile_host_header_is_refused_whatever_it_begins_with() {
        for bad in [
            "",
            " ",
            "a b",
            "evil.example:8420",
            "127.0.0.2",
            "127.0.0.1.evil.example",
            "127.0.0.1.",
            "localhost.",
            "localhost.evil.example:8420",
            "127.0.0.1:8420.evil.example",
            "127.0.0.1:.evil.example",
            "127.0.0.1:8420:8420",
            "127.0.0.1:8420/evil",
            "127.0.0.1:8420?",
            "127.0.0.1:8420#evil.example",
            "127.0.0.1:8420@evil.example",
            "127.0.0.1:8420 ",
            "127.0.0.1:8420,evil.example",
            "127.0.0.1, evil.example",
            "127.0.0.1:",
            "127.0.0.1:0",
            "127.0.0.1:+80",
            "127.0.0.1:65536",
            "127.0.0.1:８４２０",
            "a@127.0.0.1",
            "evil.example@127.0.0.1:8420",
            "http://127.0.0.1:8420",
            "127.1",
            "2130706433",
            "0x7f000001",
            "0.0.0.0:8420",
            "[::1",
            "::1",
            "[::1]evil.example",
            "[::1].evil.example:8420",
            "[::ffff:127.0.0.1]",
            "[::1%25lo]:8420",
            "ｌocalhost",
        ] {
            assert_eq!(check(true, bad, None), 421, "{bad}");
        }
        assert_eq!(ask(true, "/", &[], None), 421, "none at all");
        assert_eq!(ask(true, "/", &["localhost", "evil.example"], None), 421, "two of them");
        assert_eq!(
            ask(true, "http://evil.example/", &["localhost"], None),
            421,
            "another one in the first line"
        );
    }

    #[test]
    fn only_our_own_pages_change_anything() {
        assert_eq!(check(false, "localhost:8420", Some("http://localhost:8420")), 200);
        assert_eq!(check(false, "localhost:8420", None), 200);
        assert_eq!(check(true, "localhost:8420", Some("http://evil.example")), 200);
        for bad in
            ["http://evil.example", "null", "http://localhost:1", "http://127.0.0.1:8420", "localhost:8420"]
        {
            assert_eq!(check(false, "localhost:8420", Some(bad)), 403, "{bad}");
        }
    }
}
