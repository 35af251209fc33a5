//! By what a pasted value is recognised among what a survey of a machine reported.
//!
//! The inverse of `found.rs`: whatever becomes a mark there must become the same one here, or a look-up finds
//! nothing. Pure; it must never read a file or keep a value. Next: `found.rs`, `read/`.

use crate::found::{STORED_HASH_DOMAIN, VALUE_DOMAIN};
use crate::read::{authorized_keys, certificate, private_key};
use std::collections::BTreeMap;
use tenure_connect::{Marks, PublicMark};
use tenure_model::printable;

/// Longest description of what a digest was taken of, in characters.
const WHAT_CHARS: usize = 160;
/// Digests of one value, at most.
const DIGESTS_MAX: usize = 100;

pub(crate) fn of(value: &[u8]) -> Marks {
    // By digest: a key is often described by several readers.
    let mut public: BTreeMap<String, String> = BTreeMap::new();
    for key in private_key::read(value).things {
        let Some(side) = key.public else { continue };
        let encrypted = if key.encrypted { "encrypted" } else { "not encrypted" };
        let what = format!("private key ({}, {encrypted})", side.algorithm);
        for digest in [side.ssh_fingerprint, side.spki_digest].into_iter().flatten() {
            public.entry(digest).or_insert_with(|| what.clone());
        }
    }
    for certificate in certificate::read(value).things {
        let what = format!("certificate of {}", certificate.subject);
        public.entry(format!("x509-sha256:{}", certificate.digest)).or_insert(what);
        let what = format!("key of the certificate of {}", certificate.subject);
        public.entry(certificate.spki_digest).or_insert(what);
    }
    for line in authorized_keys::read(value).things {
        let what = format!("SSH public key ({})", line.key.algorithm);
        public.entry(line.key.fingerprint).or_insert(what);
    }
    let public = public
        .into_iter()
        .take(DIGESTS_MAX)
        .map(|(digest, what)| PublicMark { digest, what: printable(&what, WHAT_CHARS) })
        .collect();
    Marks { domains: &[VALUE_DOMAIN, STORED_HASH_DOMAIN], public }
}

#[cfg(test)]
mod tests {
    use super::of;

    const PUBLIC: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f deploy@ci";

    #[test]
    fn a_public_key_is_recognised_by_the_digest_that_ssh_shows() {
        let marks = of(PUBLIC.as_bytes());
        assert_eq!(marks.public.len(), 1, "{marks:?}");
        assert!(marks.public[0].digest.starts_with("SHA256:"));
        assert_eq!(marks.public[0].what, "SSH public key (ssh-ed25519)");
    }

    #[test]
    fn a_private_key_is_recognised_by_its_public_half_alone() {
        let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
        let marks = of(key.serialize_pem().as_bytes());
        let kinds: Vec<&str> =
            marks.public.iter().map(|mark| mark.digest.split(':').next().unwrap()).collect();
        assert_eq!(kinds, ["SHA256", "spki-sha256"]);
        assert!(marks.public.iter().all(|mark| mark.what == "private key (ed25519, not encrypted)"));
    }

    #[test]
    fn a_certificate_is_recognised_itself_and_by_its_key() {
        let made = rcgen::generate_simple_self_signed([String::from("shop.example")]).unwrap();
        let marks = of(made.cert.pem().as_bytes());
        let of_key = of(made.signing_key.serialize_pem().as_bytes());
        let digests = |marks: &tenure_connect::Marks| -> Vec<String> {
            marks.public.iter().map(|mark| mark.digest.clone()).collect()
        };
        assert!(digests(&marks).iter().any(|digest| digest.starts_with("x509-sha256:")), "{marks:?}");
        let spki = digests(&marks).into_iter().find(|digest| digest.starts_with("spki-sha256:")).unwrap();
        assert!(digests(&of_key).contains(&spki), "{of_key:?}");
    }

    #[test]
    fn what_is_no_key_has_no_digest() {
        for text in [
            "",
            "hunter2",
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
            "ssh-ed25519 AAAA",
        ] {
            assert_eq!(of(text.as_bytes()).public, [], "{text}");
        }
    }
}
