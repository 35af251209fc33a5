//! By what a value that somebody holds is recognised among what surveys reported.
//!
//! A connector says under which marks its surveys would have reported the value; the engine takes the
//! keyed ones and looks. Neither may keep the value. Next: `source.rs`, `Connector::marks_of`.

/// The marks under which one connector would have reported a value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Marks {
    /// Domains in which a keyed fingerprint of exactly these bytes is compared.
    pub domains: &'static [&'static str],
    /// Digests of what is public in it, such as the public half of a private key.
    pub public: Vec<PublicMark>,
}

/// A digest of something that is no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicMark {
    /// The digest as surveys report it: `SHA256:…`, `spki-sha256:…`, `x509-sha256:…`.
    pub digest: String,
    /// What it was taken of, for people, safe to show.
    pub what: String,
}
