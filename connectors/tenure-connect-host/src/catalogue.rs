//! Which place means what: the whole table of places that are looked for.
//!
//! Paths are relative to the root or to a home; `*` stands for one name or a part of one. What is not in this
//! table is not opened. This file must never read anything. Next: `survey.rs`, which goes through it, and
//! README.md, which shows it to people.

use crate::item::ThingKind;

/// What a file's content is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `shadow`.
    Shadow,
    /// `group`.
    Group,
    /// `authorized_keys`.
    AuthorizedKeys,
    /// A file that may hold private keys; what they are used for.
    PrivateKeys(ThingKind),
    /// A file that may hold certificates, private keys, or both.
    CertificatesAndKeys,
    /// A container of keys that is noted and not opened.
    KeyStore,
}

/// One place that is looked for.
#[derive(Debug, Clone, Copy)]
pub struct Spot {
    /// Where, relative to the root or to a home.
    pub pattern: &'static str,
    /// What is there.
    pub format: Format,
}

const fn spot(pattern: &'static str, format: Format) -> Spot {
    Spot { pattern, format }
}

/// Places of the machine, below the root. `passwd` is read before all of them.
pub const SYSTEM: &[Spot] = &[
    spot("etc/shadow", Format::Shadow),
    spot("etc/group", Format::Group),
    spot("etc/ssh/ssh_host_*_key", Format::PrivateKeys(ThingKind::SshHostKey)),
    spot("etc/ssh/authorized_keys/*", Format::AuthorizedKeys),
    spot("etc/ssl/private/*", Format::CertificatesAndKeys),
    spot("etc/ssl/*.pem", Format::CertificatesAndKeys),
    spot("etc/pki/tls/private/*", Format::CertificatesAndKeys),
    spot("etc/pki/tls/certs/*.crt", Format::CertificatesAndKeys),
    spot("etc/letsencrypt/archive/*/*.pem", Format::CertificatesAndKeys),
    spot("etc/nginx/ssl/*", Format::CertificatesAndKeys),
    spot("etc/nginx/certs/*", Format::CertificatesAndKeys),
    spot("etc/apache2/ssl/*", Format::CertificatesAndKeys),
    spot("etc/httpd/ssl/*", Format::CertificatesAndKeys),
    spot("etc/haproxy/certs/*", Format::CertificatesAndKeys),
    spot("etc/postgresql/*/main/*.key", Format::CertificatesAndKeys),
    spot("etc/postgresql/*/main/*.crt", Format::CertificatesAndKeys),
    spot("etc/kubernetes/pki/*", Format::CertificatesAndKeys),
    spot("etc/kubernetes/pki/etcd/*", Format::CertificatesAndKeys),
    spot("var/lib/kubelet/pki/*.pem", Format::CertificatesAndKeys),
];

/// Places in a home.
pub const HOME: &[Spot] = &[
    spot(".ssh/authorized_keys", Format::AuthorizedKeys),
    spot(".ssh/authorized_keys2", Format::AuthorizedKeys),
];

/// Directories that a walk through a home does not go into: made by tools, large, and read elsewhere or holding
/// no credentials of their own.
pub const NOT_WALKED: &[&str] = &[
    ".cache",
    ".cargo/registry",
    ".git",
    ".gradle",
    ".hg",
    ".m2",
    ".npm",
    ".nvm",
    ".pyenv",
    ".rustup",
    ".svn",
    ".terraform",
    ".tox",
    ".venv",
    "Library/Caches",
    "__pycache__",
    "node_modules",
    "site-packages",
    "snap",
    "target",
    "vendor",
    "venv",
];

/// What a file that lies about in a home is, by its name. `None`: it is not opened.
pub fn by_name(name: &[u8]) -> Option<Format> {
    let name = core::str::from_utf8(name).ok()?;
    let ends =
        |endings: &[&str]| endings.iter().any(|ending| name.len() > ending.len() && name.ends_with(ending));
    if ends(&[".pub"]) {
        return None;
    }
    if matches!(name, "id_rsa" | "id_dsa" | "id_ecdsa" | "id_ed25519" | "id_ecdsa_sk" | "id_ed25519_sk")
        || ends(&[".ppk"])
    {
        return Some(Format::PrivateKeys(ThingKind::SshPrivateKey));
    }
    if ends(&[".p12", ".pfx", ".jks", ".keystore", ".kdbx", ".keychain-db"]) {
        return Some(Format::KeyStore);
    }
    ends(&[".pem", ".key", ".crt", ".cer", ".der"]).then_some(Format::CertificatesAndKeys)
}

/// Whether `name` matches one component of a pattern: `*` is any run of characters, also none.
pub fn matches(pattern: &[u8], name: &[u8]) -> bool {
    let mut parts = pattern.split(|byte| *byte == b'*');
    let Some(mut rest) = parts.next().and_then(|start| name.strip_prefix(start)) else { return false };
    let mut parts: Vec<&[u8]> = parts.collect();
    let Some(end) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        let found = rest.windows(part.len().max(1)).position(|window| part.is_empty() || window == part);
        match found {
            Some(at) => rest = rest.split_at(at + part.len()).1,
            None if part.is_empty() => {}
            None => return false,
        }
    }
    rest.ends_with(end)
}

#[cfg(test)]
mod tests {
    use super::{Format, HOME, SYSTEM, by_name, matches};
    use crate::place::Place;

    #[test]
    fn patterns_match_names() {
        for (pattern, name, fits) in [
            ("ssh_host_*_key", "ssh_host_ed25519_key", true),
            ("ssh_host_*_key", "ssh_host_key", false),
            ("ssh_host_*_key", "ssh_host_ed25519_key.pub", false),
            ("*", "anything", true),
            ("*.pem", ".pem", true),
            ("a*b*c", "a1b2c", true),
            ("a*b*c", "acb", false),
            ("exact", "exact", true),
            ("exact", "exactly", false),
        ] {
            assert_eq!(matches(pattern.as_bytes(), name.as_bytes()), fits, "{pattern} {name}");
        }
    }

    #[test]
    fn every_place_is_below_its_root_and_stands_once() {
        for table in [SYSTEM, HOME] {
            let mut seen = std::collections::BTreeSet::new();
            for spot in table {
                assert!(Place::parse(spot.pattern.as_bytes()).is_some(), "{}", spot.pattern);
                assert!(!spot.pattern.starts_with('/') && seen.insert(spot.pattern), "{}", spot.pattern);
            }
        }
    }

    #[test]
    fn files_are_known_by_their_names() {
        assert!(matches!(by_name(b"id_ed25519"), Some(Format::PrivateKeys(_))));
        assert_eq!(by_name(b"server.key"), Some(Format::CertificatesAndKeys));
        assert_eq!(by_name(b"store.jks"), Some(Format::KeyStore));
        assert_eq!(by_name(b"id_ed25519.pub"), None);
        assert_eq!(by_name(b".pem"), None);
        assert_eq!(by_name(b"notes.txt"), None);
    }
}
