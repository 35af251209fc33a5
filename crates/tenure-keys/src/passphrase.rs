//! A key-encryption key from a passphrase: Argon2id (RFC 9106) with a stored salt and cost.
//!
//! The parameters file holds no secret: salt, cost, and the id of the key that comes out,
//! by which a wrong passphrase is told apart from a damaged ring. This room must never
//! accept a cost so small that guessing is cheap, or so large that reading the file stops
//! the machine.

use crate::files::shown;
use crate::kek::{Kek, KekRefused};
use crate::key::{KEY_BYTES, KeyBytes, KeyId};
use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde::{Deserialize, Serialize};
use std::path::Path;
use tenure_model::Secret;
use zeroize::Zeroizing;

/// Fewest characters of a passphrase.
pub const PASSPHRASE_CHARS_MIN: usize = 12;
/// Bytes of the salt (RFC 9106 section 4 recommends 16).
pub(crate) const SALT_BYTES: usize = 16;
/// Most memory a parameters file may ask for, in KiB: 4 GiB.
const MEMORY_KIB_MAX: u32 = 4 * 1024 * 1024;
/// Most passes over it.
const PASSES_MAX: u32 = 64;
/// Most lanes.
const LANES_MAX: u32 = 64;

/// What one guess at a passphrase costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PassphraseCost {
    /// Memory, in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

impl PassphraseCost {
    /// The second recommended option of RFC 9106 section 4: 64 MiB, three passes, four lanes.
    pub const RECOMMENDED: Self = Self { memory_kib: 64 * 1024, passes: 3, lanes: 4 };
    /// The least this code accepts: 19 MiB and two passes in one lane.
    pub const LEAST: Self = Self { memory_kib: 19 * 1024, passes: 2, lanes: 1 };

    /// True from [`Self::LEAST`] up to what a machine survives.
    fn is_acceptable(self) -> bool {
        (Self::LEAST.memory_kib..=MEMORY_KIB_MAX).contains(&self.memory_kib)
            && (Self::LEAST.passes..=PASSES_MAX).contains(&self.passes)
            && (Self::LEAST.lanes..=LANES_MAX).contains(&self.lanes)
    }
}

/// The parameters file, version 1.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Parameters {
    version: u32,
    kdf: String,
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    salt: String,
    kek_id: KeyId,
}

const FILE_VERSION: u32 = 1;
const KDF: &str = "argon2id";

/// Derives a key from a new passphrase, and the file that will give it again.
pub(crate) fn create(
    phrase: &Secret<String>,
    cost: PassphraseCost,
    salt: [u8; SALT_BYTES],
) -> Result<(Kek, Vec<u8>), KekRefused> {
    if phrase.expose().chars().count() < PASSPHRASE_CHARS_MIN {
        return Err(KekRefused::PassphraseTooShort);
    }
    let kek = derive(phrase, cost, &salt)?;
    let parameters = Parameters {
        version: FILE_VERSION,
        kdf: KDF.to_owned(),
        memory_kib: cost.memory_kib,
        passes: cost.passes,
        lanes: cost.lanes,
        salt: STANDARD_NO_PAD.encode(salt),
        kek_id: kek.id(),
    };
    Ok((kek, parameters.written()))
}

/// Derives the key again from a passphrase and the parameters file's content.
pub(crate) fn derive_again(phrase: &Secret<String>, path: &Path, content: &[u8]) -> Result<Kek, KekRefused> {
    let altered = || KekRefused::ParametersAltered { path: path.to_path_buf() };
    let parameters: Parameters = serde_json::from_slice(content).map_err(|_| altered())?;
    if parameters.version != FILE_VERSION || parameters.kdf != KDF {
        return Err(KekRefused::ParametersUnknown {
            path: path.to_path_buf(),
            version: parameters.version,
            kdf: tenure_model::printable(&parameters.kdf, 40),
        });
    }
    if parameters.written() != content {
        return Err(altered());
    }
    let salt: [u8; SALT_BYTES] = STANDARD_NO_PAD
        .decode(&parameters.salt)
        .ok()
        .and_then(|salt| salt.try_into().ok())
        .ok_or_else(altered)?;
    let Parameters { memory_kib, passes, lanes, .. } = parameters;
    let kek = derive(phrase, PassphraseCost { memory_kib, passes, lanes }, &salt)?;
    if kek.id() == parameters.kek_id {
        Ok(kek)
    } else {
        Err(KekRefused::WrongPassphrase { path: shown(path), expected: parameters.kek_id })
    }
}

impl Parameters {
    /// The file's bytes; the only spelling that is read back.
    fn written(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec_pretty(self).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }
}

fn derive(phrase: &Secret<String>, cost: PassphraseCost, salt: &[u8]) -> Result<Kek, KekRefused> {
    let refused = KekRefused::CostRefused { cost };
    if !cost.is_acceptable() {
        return Err(refused);
    }
    let Ok(params) = Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(KEY_BYTES)) else {
        return Err(refused);
    };
    let mut derived = Zeroizing::new(vec![0; KEY_BYTES]);
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    if argon2.hash_password_into(phrase.expose().as_bytes(), salt, &mut derived).is_err() {
        return Err(refused);
    }
    KeyBytes::from_bytes(&derived).map(Kek::from_key).ok_or(refused)
}
