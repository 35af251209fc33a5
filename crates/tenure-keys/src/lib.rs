//! Keys: sealing, signing and fingerprinting, and the files that keys live in.
//!
//! This room must never print a key or a secret (not in an error, not in `Debug`), read a
//! clock, name the database, or invent a cryptographic primitive: AES-256-GCM, Ed25519,
//! HMAC-SHA-256 and Argon2id come from libraries. Randomness is a parameter, and
//! `randomness.rs` is the one place that draws it from the operating system. Only
//! `files.rs` touches the disk. Begin with `keyring.rs` (all keys of a deployment), then
//! `kek.rs` (what they are sealed under) and `escrow.rs` (data keys made to be destroyed).
//! For operators: docs/keys.md.

mod disk;
mod envelope;
mod escrow;
#[cfg(any(test, feature = "faults"))]
pub mod faults;
mod files;
mod fingerprint;
mod kek;
mod key;
mod keyring;
mod passphrase;
mod password;
mod randomness;
mod ring;
mod seal;
mod sign;
#[cfg(test)]
mod tests;

pub use disk::{Disk, DiskFile, FileFacts, Found, RealDisk};
pub use escrow::{Destruction, Escrow, EscrowRefused, SealedValue};
pub use files::{
    FileRefused, FileStep, PRIVATE_BYTES_MAX, check_private_directory, make_private_directory, read_private,
    replace_private, write_new_private,
};
pub use fingerprint::{
    Comparison, Fingerprint, FingerprintOf, FingerprintRefused, Fingerprints, NotAFingerprint,
};
pub use kek::{Kek, KekRefused, KekSource};
pub use key::{KeyId, NotAKeyId};
pub use keyring::{FINGERPRINT_RING, KEK_FILE, Keyring, LOG_RING, RewrapReport, SEALING_RING};
pub use passphrase::{PASSPHRASE_CHARS_MIN, PassphraseCost};
pub use password::{PASSWORD_CHARS, generate_password};
pub use randomness::{Randomness, RandomnessFailed, SystemRandomness, draw};
pub use ring::{KEYS_MAX, KeyAge, RingRefused};
pub use seal::{PLAINTEXT_BYTES_MAX, SealRefused, Sealed, Sealer};
pub use sign::{LogKey, LogKeys, LogSigner, NotALogName, SigningFailed, check_log_name};
