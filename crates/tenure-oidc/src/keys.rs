//! The provider's public keys (RFC 7517), and what they verify (RFC 7518, RFC 8037).
//!
//! A key is of one kind, and the algorithm follows from the kind: a token cannot make an RSA key a shared secret, nor
//! choose no algorithm at all. What is not known is left out, so that a provider may list more than we understand.

use crate::OidcRefused;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256,
    RsaPublicKeyComponents, UnparsedPublicKey,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;

/// Keys of a provider, at most; the rest is not looked at.
const KEYS_MAX: usize = 100;

/// Algorithms that are believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Algorithm {
    Rs256,
    Ps256,
    Es256,
    EdDsa,
}

impl Algorithm {
    /// By the name a token gives. `none` and everything with a shared secret are not among them.
    pub(crate) fn named(name: &str) -> Result<Self, OidcRefused> {
        match name {
            "RS256" => Ok(Self::Rs256),
            "PS256" => Ok(Self::Ps256),
            "ES256" => Ok(Self::Es256),
            "EdDSA" | "Ed25519" => Ok(Self::EdDsa),
            _ => Err(OidcRefused::Algorithm),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Material {
    Rsa { n: Vec<u8>, e: Vec<u8> },
    P256(Vec<u8>),
    Ed25519(Vec<u8>),
}

/// One key.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Key {
    id: Option<String>,
    /// The only algorithm it is for, when it says one.
    algorithm: Option<Algorithm>,
    material: Material,
}

/// The keys of a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Keys(Vec<Key>);

#[derive(Deserialize)]
struct Document {
    keys: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
struct Listed {
    kty: String,
    kid: Option<String>,
    alg: Option<String>,
    r#use: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl Listed {
    fn key(self) -> Option<Key> {
        if self.r#use.as_deref().is_some_and(|purpose| purpose != "sig") {
            return None;
        }
        let bytes = |text: Option<String>| URL_SAFE_NO_PAD.decode(text?).ok();
        let material = match (self.kty.as_str(), self.crv.as_deref()) {
            ("RSA", _) => Material::Rsa { n: unpadded(bytes(self.n)?), e: unpadded(bytes(self.e)?) },
            ("EC", Some("P-256")) => {
                let (x, y) = (bytes(self.x)?, bytes(self.y)?);
                if x.len() != 32 || y.len() != 32 {
                    return None;
                }
                // An uncompressed point (SEC 1, section 2.3.3).
                Material::P256([vec![4], x, y].concat())
            }
            ("OKP", Some("Ed25519")) => Material::Ed25519(bytes(self.x)?),
            _ => return None,
        };
        let algorithm = self.alg.as_deref().map(Algorithm::named).transpose().ok()?;
        Some(Key { id: self.kid, algorithm, material })
    }
}

/// Without the zeros some write before a number.
fn unpadded(bytes: Vec<u8>) -> Vec<u8> {
    bytes.into_iter().skip_while(|byte| *byte == 0).collect()
}

impl Keys {
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, OidcRefused> {
        let document: Document =
            serde_json::from_slice(bytes).map_err(|_| OidcRefused::Unreadable { what: "list of keys" })?;
        let listed = document.keys.into_iter().take(KEYS_MAX);
        let listed = listed.filter_map(|key| serde_json::from_value::<Listed>(key).ok());
        Ok(Self(listed.filter_map(Listed::key).collect()))
    }

    /// Verifies what a key of the provider signed. Without an id, there must be one key alone that fits.
    pub(crate) fn verify(
        &self,
        algorithm: Algorithm,
        id: Option<&str>,
        (message, signature): (&[u8], &[u8]),
    ) -> Result<(), OidcRefused> {
        let mut fitting = self
            .0
            .iter()
            .filter(|key| key.fits(algorithm) && id.is_none_or(|id| key.id.as_deref() == Some(id)));
        match (fitting.next(), fitting.next()) {
            (Some(key), None) => key.verify(algorithm, message, signature),
            (None, _) | (Some(_), Some(_)) => Err(OidcRefused::UnknownKey),
        }
    }
}

impl Key {
    fn fits(&self, algorithm: Algorithm) -> bool {
        let kind = match algorithm {
            Algorithm::Rs256 | Algorithm::Ps256 => matches!(self.material, Material::Rsa { .. }),
            Algorithm::Es256 => matches!(self.material, Material::P256(_)),
            Algorithm::EdDsa => matches!(self.material, Material::Ed25519(_)),
        };
        kind && self.algorithm.is_none_or(|only| only == algorithm)
    }

    fn verify(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> Result<(), OidcRefused> {
        let verified = match (&self.material, algorithm) {
            (Material::Rsa { n, e }, Algorithm::Ps256) => {
                RsaPublicKeyComponents { n, e }.verify(&RSA_PSS_2048_8192_SHA256, message, signature)
            }
            (Material::Rsa { n, e }, _) => {
                RsaPublicKeyComponents { n, e }.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
            }
            (Material::P256(point), _) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature)
            }
            (Material::Ed25519(key), _) => UnparsedPublicKey::new(&ED25519, key).verify(message, signature),
        };
        verified.map_err(|_| OidcRefused::Signature)
    }
}
