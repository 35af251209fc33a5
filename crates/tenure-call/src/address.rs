//! Addresses of other systems: `https`, or `http` on this very machine; nothing else is called.

use http::{Uri, uri::Scheme};

/// Characters of an address, at most.
const CHARS_MAX: usize = 2_000;

/// Why an address is not called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddressRefused {
    /// It is no absolute address.
    #[error("it is not an address such as https://id.example.com")]
    NotAnAddress,
    /// It is not encrypted and leaves this machine.
    #[error("it is not https; plain http is for this machine alone")]
    NotEncrypted,
    /// It holds a user name or a password.
    #[error("it holds a user name or a password")]
    HoldsUser,
    /// It has a part that such an address must not have.
    #[error("it has a part after `?` or `#`, which it must not have")]
    HoldsMore,
}

/// An address that may be called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    text: String,
    uri: Uri,
    is_local: bool,
}

impl Address {
    /// Reads an endpoint. It may have a query.
    pub fn endpoint(text: &str) -> Result<Self, AddressRefused> {
        let is_plain =
            text.chars().all(|letter| letter.is_ascii_graphic() && !"\"\\<>^`{|}".contains(letter));
        if text.len() > CHARS_MAX || !is_plain {
            return Err(AddressRefused::NotAnAddress);
        }
        if text.contains('#') {
            return Err(AddressRefused::HoldsMore);
        }
        let uri: Uri = text.parse().map_err(|_| AddressRefused::NotAnAddress)?;
        let authority = uri.authority().ok_or(AddressRefused::NotAnAddress)?;
        if authority.as_str().contains('@') {
            return Err(AddressRefused::HoldsUser);
        }
        let host = authority.host().trim_matches(['[', ']']);
        let is_local = tenure_tls::is_loopback(host);
        match uri.scheme() {
            _ if host.is_empty() => Err(AddressRefused::NotAnAddress),
            Some(scheme) if *scheme == Scheme::HTTPS => Ok(Self { text: text.to_owned(), uri, is_local }),
            Some(scheme) if *scheme == Scheme::HTTP && is_local => {
                Ok(Self { text: text.to_owned(), uri, is_local })
            }
            Some(scheme) if *scheme == Scheme::HTTP => Err(AddressRefused::NotEncrypted),
            Some(_) | None => Err(AddressRefused::NotAnAddress),
        }
    }

    /// Reads an issuer, or our own origin: no query.
    pub fn plain(text: &str) -> Result<Self, AddressRefused> {
        let address = Self::endpoint(text)?;
        if address.uri.query().is_some() { Err(AddressRefused::HoldsMore) } else { Ok(address) }
    }

    /// As it was given.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Lines to it are encrypted.
    pub fn is_encrypted(&self) -> bool {
        self.uri.scheme() == Some(&Scheme::HTTPS)
    }

    /// It means this machine.
    pub const fn is_local(&self) -> bool {
        self.is_local
    }

    /// Its host, without brackets.
    pub fn host(&self) -> &str {
        self.uri.host().unwrap_or_default().trim_matches(['[', ']'])
    }

    /// Its host with its port, as in the header `host`.
    pub fn authority(&self) -> &str {
        self.uri.authority().map_or("", |authority| authority.as_str())
    }

    /// Nothing stands behind its host but a slash.
    pub fn is_origin(&self) -> bool {
        matches!(self.uri.path(), "" | "/") && self.uri.query().is_none()
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.uri.port_u16().unwrap_or(if self.is_encrypted() { 443 } else { 80 })
    }

    /// What stands behind its host.
    pub fn path_and_query(&self) -> &str {
        self.uri.path_and_query().map_or("/", |path| path.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::Address;

    #[test]
    fn only_encrypted_addresses_and_this_machine_are_called() {
        for good in [
            "https://id.example.com",
            "https://id.example.com:8443/realms/a?x=1",
            "http://127.0.0.1:80/",
            "http://[::1]:9/",
            "http://localhost",
        ] {
            assert!(Address::endpoint(good).is_ok(), "{good}");
        }
        let refused = |text: &str| Address::plain(text).unwrap_err().to_string();
        let rows: Vec<String> = [
            "",
            "id.example.com",
            "/path",
            "ftp://id.example.com",
            "file:///etc/passwd",
            "http://id.example.com",
            "http://127.0.0.1.example.com",
            "https://user@id.example.com",
            "https://user:word@id.example.com",
            "https://id.example.com/?x=1",
            "https://id.example.com/#x",
            "https://id.example.com/\r\nhost: x",
            "https://id.example.com\\@evil.example",
            "https://",
        ]
        .iter()
        .map(|bad| format!("{bad:?}: {}", refused(bad)))
        .collect();
        insta::assert_snapshot!(rows.join("\n"));
    }
}
