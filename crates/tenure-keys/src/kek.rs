//! The key-encryption key: the one key that seals all rings, and where it comes from.
//!
//! From a key file (0600), from an environment variable that the caller has read, or from a
//! passphrase. It has an id derived from itself, so that a wrong one is named before
//! anything is tried. This room must never write the key anywhere but into a new key file,
//! and never quote what it could not read. Next: `passphrase.rs`, `ring.rs`.

use crate::disk::Disk;
use crate::files::{FileRefused, read_private, shown, write_new_private};
use crate::key::{KeyBytes, KeyId};
use crate::passphrase::{self, PASSPHRASE_CHARS_MIN, PassphraseCost};
use crate::randomness::{Randomness, RandomnessFailed, draw};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::path::{Path, PathBuf};
use tenure_model::Secret;
use zeroize::Zeroizing;

/// Where the key-encryption key comes from.
#[derive(Debug)]
pub enum KekSource {
    /// A file with 32 bytes in base64 on one line, which only its owner may read.
    File(PathBuf),
    /// The value of an environment variable: 32 bytes in base64. The caller has read it.
    Environment {
        /// Name of the variable, for messages.
        variable: String,
        /// Its value.
        value: Secret<String>,
    },
    /// A passphrase, and the file with salt and cost beside it.
    Passphrase {
        /// The passphrase as typed, without the line end.
        phrase: Secret<String>,
        /// The parameters file.
        parameters: PathBuf,
    },
}

/// Why there is no key-encryption key.
#[derive(Debug, thiserror::Error)]
pub enum KekRefused {
    /// The key file or parameters file could not be read.
    #[error("the key-encryption key could not be read")]
    NotRead(#[source] FileRefused),
    /// The key file or parameters file could not be written.
    #[error("the key-encryption key could not be written")]
    NotWritten(#[source] FileRefused),
    /// What was read is no key.
    #[error(
        "{place} holds no key: expected 32 random bytes in base64 (44 characters), \
             as `openssl rand -base64 32` prints them"
    )]
    NotAKey {
        /// The file or the variable, quoted.
        place: String,
    },
    /// The passphrase does not give the key that the rings are sealed under.
    #[error("wrong passphrase: it does not give key-encryption key {expected}, which {path} was made for")]
    WrongPassphrase {
        /// The parameters file, quoted.
        path: String,
        /// The key it should have given.
        expected: KeyId,
    },
    /// A new passphrase is too easy to guess.
    #[error(
        "the passphrase is shorter than {PASSPHRASE_CHARS_MIN} characters; take five random words or more"
    )]
    PassphraseTooShort,
    /// The parameters file is not as it was written.
    #[error("{} was altered or damaged; restore it from a backup", shown(path))]
    ParametersAltered {
        /// The parameters file.
        path: PathBuf,
    },
    /// Written by a later version of Tenure.
    #[error(
        "{} has version {version} and derivation `{kdf}`, which this version of Tenure does not know",
        shown(path)
    )]
    ParametersUnknown {
        /// The parameters file.
        path: PathBuf,
        /// The version it names.
        version: u32,
        /// The derivation it names, made printable.
        kdf: String,
    },
    /// The cost is outside what is safe and what a machine survives.
    #[error("a passphrase cost of memory_kib {}, passes {}, lanes {} is refused; \
             it must be within 19456 to 4194304, 2 to 64, 1 to 64",
             cost.memory_kib, cost.passes, cost.lanes)]
    CostRefused {
        /// The cost asked for.
        cost: PassphraseCost,
    },
    /// No key or salt could be drawn.
    #[error("no key-encryption key was made")]
    NoRandomness(#[source] RandomnessFailed),
}

/// The key-encryption key.
#[derive(Debug)]
pub struct Kek {
    id: KeyId,
    key: KeyBytes,
}

impl Kek {
    /// Makes a new key and writes it into a file that must not exist yet.
    pub fn create_file(
        disk: &dyn Disk,
        path: &Path,
        randomness: &mut dyn Randomness,
    ) -> Result<Self, KekRefused> {
        let key = KeyBytes::draw(randomness).map_err(KekRefused::NoRandomness)?;
        let mut line = Zeroizing::new(String::with_capacity(64));
        STANDARD.encode_string(key.expose(), &mut line);
        line.push('\n');
        write_new_private(disk, path, line.as_bytes()).map_err(KekRefused::NotWritten)?;
        Ok(Self::from_key(key))
    }

    /// Derives a key from a new passphrase and writes salt and cost, which are no secret,
    /// into a file that must not exist yet. Takes about as long and as much memory as
    /// `cost` says.
    pub fn create_passphrase(
        disk: &dyn Disk,
        parameters: &Path,
        phrase: &Secret<String>,
        cost: PassphraseCost,
        randomness: &mut dyn Randomness,
    ) -> Result<Self, KekRefused> {
        let salt = draw(randomness).map_err(KekRefused::NoRandomness)?;
        let (kek, content) = passphrase::create(phrase, cost, salt)?;
        write_new_private(disk, parameters, &content).map_err(KekRefused::NotWritten)?;
        Ok(kek)
    }

    /// Gets the key from where it is.
    pub fn load(disk: &dyn Disk, source: &KekSource) -> Result<Self, KekRefused> {
        match source {
            KekSource::File(path) => {
                let content = read_private(disk, path).map_err(KekRefused::NotRead)?;
                Self::decode(content.expose()).ok_or_else(|| KekRefused::NotAKey { place: shown(path) })
            }
            KekSource::Environment { variable, value } => {
                Self::decode(value.expose().as_bytes()).ok_or_else(|| KekRefused::NotAKey {
                    place: format!("environment variable `{}`", tenure_model::printable(variable, 100)),
                })
            }
            KekSource::Passphrase { phrase, parameters } => {
                let content = read_private(disk, parameters).map_err(KekRefused::NotRead)?;
                passphrase::derive_again(phrase, parameters, content.expose())
            }
        }
    }

    /// The id of this key: part of a keyed hash over a constant, so it says nothing about
    /// the key and is the same wherever the key comes from.
    pub const fn id(&self) -> KeyId {
        self.id
    }

    pub(crate) const fn key(&self) -> &KeyBytes {
        &self.key
    }

    pub(crate) fn from_key(key: KeyBytes) -> Self {
        let id = key.derived_id(b"tenure key-encryption key id");
        Self { id, key }
    }

    /// Reads 32 bytes of base64 with at most one line end.
    fn decode(content: &[u8]) -> Option<Self> {
        let line = content.strip_suffix(b"\n").unwrap_or(content);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        // More than the 32 bytes need, so that decoding never has to grow the buffer.
        let mut bytes = Zeroizing::new(Vec::with_capacity(line.len()));
        STANDARD.decode_vec(line, &mut bytes).ok()?;
        KeyBytes::from_bytes(&bytes).map(Self::from_key)
    }
}

#[cfg(test)]
mod tests;
