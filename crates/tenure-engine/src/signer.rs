//! Adapters between rooms that do not know each other: keys sign, the store asks for
//! signatures; files keep the last checkpoint, the store asks for an anchor.

use std::{
    path::PathBuf,
    sync::{Arc, PoisonError, RwLock},
};
use tenure_connect::Fingerprint;
use tenure_evidence::{
    Checkpoint, NoteSigner, SignRefused, SignedNote, sign_checkpoint, witness::add_signatures,
};
use tenure_keys::{Disk, FileRefused, FingerprintOf, Keyring};

/// Keys shared by everything that signs, seals or fingerprints.
pub(crate) type SharedKeys = Arc<RwLock<Keyring>>;

struct OneKey<'keys>(&'keys tenure_keys::LogSigner);

impl NoteSigner for OneKey<'_> {
    fn name(&self) -> &str {
        self.0.name()
    }
    fn public_key(&self) -> [u8; 32] {
        self.0.public_key()
    }
    fn sign(&self, message: &[u8]) -> Result<[u8; 64], SignRefused> {
        self.0.sign(message).map_err(|_| SignRefused::Refused)
    }
}

/// Signs checkpoints with every key in overlap, newest first.
pub(crate) struct CheckpointSigner(pub(crate) SharedKeys);

impl tenure_store::LogSigner for CheckpointSigner {
    fn origin(&self) -> String {
        self.0.read().unwrap_or_else(PoisonError::into_inner).log.name().to_owned()
    }

    fn sign_checkpoint(&self, checkpoint: &Checkpoint) -> Result<String, String> {
        let keys = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let mut note: Option<String> = None;
        for signer in keys.log.signers() {
            let signed = sign_checkpoint(checkpoint, &OneKey(signer)).map_err(|error| error.to_string())?;
            note = Some(match note {
                None => signed,
                Some(first) => {
                    let other = SignedNote::parse(&signed).map_err(|error| error.to_string())?;
                    add_signatures(&first, &other.signatures).map_err(|error| error.to_string())?
                }
            });
        }
        note.ok_or_else(|| String::from("the log has no key"))
    }
}

/// The public keys that verify this log, as note verifier keys, newest first.
pub(crate) fn verifier_keys(keys: &SharedKeys) -> Vec<String> {
    let keys = keys.read().unwrap_or_else(PoisonError::into_inner);
    keys.log
        .signers()
        .iter()
        .filter_map(|signer| tenure_evidence::VerifierKey::ed25519(signer.name(), &signer.public_key()).ok())
        .map(|key| key.to_string())
        .collect()
}

/// Keeps the last checkpoint in a file beside the database.
pub(crate) struct CheckpointFile {
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) path: PathBuf,
}

/// The same failure as the store understands it: a full disk must stay recognisable as one.
fn as_io(refused: &FileRefused) -> std::io::Error {
    let mut source: Option<&dyn std::error::Error> = Some(refused);
    let mut kind = std::io::ErrorKind::Other;
    while let Some(error) = source {
        if let Some(io) = error.downcast_ref::<std::io::Error>() {
            kind = io.kind();
        }
        source = error.source();
    }
    std::io::Error::new(kind, crate::failure::chain(refused))
}

impl tenure_store::Anchor for CheckpointFile {
    fn read(&self) -> std::io::Result<Option<String>> {
        match tenure_keys::read_private(self.disk.as_ref(), &self.path) {
            Ok(content) => Ok(Some(String::from_utf8_lossy(content.expose()).into_owned())),
            Err(FileRefused::Missing { .. }) => Ok(None),
            Err(refused) => Err(as_io(&refused)),
        }
    }

    fn replace(&self, note: &str) -> std::io::Result<()> {
        tenure_keys::replace_private(self.disk.as_ref(), &self.path, note.as_bytes())
            .map_err(|refused| as_io(&refused))
    }
}

/// Takes fingerprints for connectors.
pub(crate) struct KeyedFingerprint(pub(crate) SharedKeys);

impl Fingerprint for KeyedFingerprint {
    fn fingerprint(&self, domain: &str, value: &[u8]) -> String {
        let keys = self.0.read().unwrap_or_else(PoisonError::into_inner);
        keys.fingerprints.take_bytes(FingerprintOf::Kind(domain), value).to_string()
    }
}
