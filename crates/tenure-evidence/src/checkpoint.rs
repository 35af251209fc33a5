//! Checkpoints: a log's origin, size and root, signed (C2SP tlog-checkpoint).
//!
//! A checkpoint is a note whose text has three lines. It must never be believed before its signature by a pinned key
//! was checked, and Tenure signs only under a key named like the origin, so that a key says which log it speaks for.
//! Next: [`crate::cosignature`] for what witnesses add, [`crate::witness`] for how they decide.

use crate::hash::{Hash, empty_root};
use crate::note::{KeyAlgorithm, NoteRefused, NoteSigner, SignRefused, SignedNote, VerifierKey, sign_note};
use crate::tree::TREE_SIZE_MAX;

/// A signed tree head, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Unique name of the log, such as `tenure.example.com/3f9c`.
    pub origin: String,
    /// Number of leaves.
    pub size: u64,
    /// Root at that size.
    pub root: Hash,
    /// Opaque further lines; Tenure uses one only to cite the log that this one succeeds.
    pub extensions: Vec<String>,
}

/// Why a checkpoint cannot be written, read or believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointRefused {
    /// Fewer than three lines, an empty line, or no final newline.
    #[error("not a checkpoint: {0}")]
    Shape(&'static str),
    /// Beyond [`TREE_SIZE_MAX`].
    #[error("checkpoint size {0} is beyond the largest tree handled")]
    SizeTooLarge(u64),
    /// Size 0 with another root than that of the empty tree.
    #[error("checkpoint of size 0 does not have the root of the empty tree")]
    EmptyRootWrong,
    /// The note around it is malformed, or not signed as it should be.
    #[error("checkpoint is not a note to believe")]
    Note(#[source] NoteRefused),
    /// The signer, or the pinned key, has another name than the origin.
    #[error("checkpoint of `{origin}` belongs to another log than the key `{key_name}`")]
    OriginIsNotKeyName {
        /// Origin of the checkpoint.
        origin: String,
        /// Name of the key.
        key_name: String,
    },
    /// The pinned key is a witness's.
    #[error("key `{0}` is a witness key, it cannot speak for a log")]
    KeyIsAWitness(String),
    /// The signer did not sign.
    #[error("checkpoint could not be signed")]
    Sign(#[source] SignRefused),
}

impl Checkpoint {
    /// The note text: origin, size, root, extensions, each on a line.
    pub fn encode(&self) -> Result<String, CheckpointRefused> {
        if self.size > TREE_SIZE_MAX {
            return Err(CheckpointRefused::SizeTooLarge(self.size));
        }
        let mut text = format!("{}\n{}\n{}\n", self.origin, self.size, self.root);
        for line in std::iter::once(&self.origin).chain(&self.extensions) {
            if line.is_empty() || line.chars().any(char::is_control) {
                return Err(CheckpointRefused::Shape("a line is empty or holds a control character"));
            }
        }
        for extension in &self.extensions {
            text.push_str(extension);
            text.push('\n');
        }
        Ok(text)
    }

    /// Reads a note text. The size has one spelling; so does the root.
    pub fn parse(text: &str) -> Result<Self, CheckpointRefused> {
        let body =
            text.strip_suffix('\n').ok_or(CheckpointRefused::Shape("the text does not end in a newline"))?;
        let mut lines = body.split('\n');
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next()) else {
            return Err(CheckpointRefused::Shape("fewer than three lines"));
        };
        let size =
            parse_decimal(size).ok_or(CheckpointRefused::Shape("the second line is not a tree size"))?;
        let root = Hash::from_base64(root)
            .map_err(|_| CheckpointRefused::Shape("the third line is not a root hash"))?;
        let checkpoint =
            Self { origin: origin.to_owned(), size, root, extensions: lines.map(str::to_owned).collect() };
        checkpoint.encode()?;
        Ok(checkpoint)
    }

    /// Refuses an empty tree with a root. Apart from [`Checkpoint::parse`], because a witness answers it differently
    /// from a malformed checkpoint (tlog-witness, "add-checkpoint").
    pub fn check_empty_root(&self) -> Result<(), CheckpointRefused> {
        if self.size == 0 && self.root != empty_root() {
            Err(CheckpointRefused::EmptyRootWrong)
        } else {
            Ok(())
        }
    }

    /// Reads the checkpoint inside a signed note without checking a signature.
    pub fn parse_unverified(note: &str) -> Result<(Self, SignedNote), CheckpointRefused> {
        let note = SignedNote::parse(note).map_err(CheckpointRefused::Note)?;
        Ok((Self::parse(&note.text)?, note))
    }
}

/// Signs a checkpoint; the signer's name must be the origin. The log must have made the tiles of this size durable
/// before, and must never sign a head inconsistent with one it signed (tlog-checkpoint, "Signatures").
pub fn sign_checkpoint(
    checkpoint: &Checkpoint,
    signer: &impl NoteSigner,
) -> Result<String, CheckpointRefused> {
    let text = checkpoint.encode()?;
    checkpoint.check_empty_root()?;
    if signer.name() != checkpoint.origin {
        return Err(CheckpointRefused::OriginIsNotKeyName {
            origin: checkpoint.origin.clone(),
            key_name: signer.name().to_owned(),
        });
    }
    sign_note(&text, signer).map_err(CheckpointRefused::Sign)
}

/// Reads a checkpoint and checks that it is signed by `key` and speaks for the log that `key` is named after.
pub fn verify_checkpoint(note: &str, key: &VerifierKey) -> Result<Checkpoint, CheckpointRefused> {
    let (checkpoint, note) = Checkpoint::parse_unverified(note)?;
    if key.algorithm() != KeyAlgorithm::Ed25519 {
        return Err(CheckpointRefused::KeyIsAWitness(key.name().to_owned()));
    }
    note.verify(std::slice::from_ref(key)).map_err(CheckpointRefused::Note)?;
    checkpoint.check_empty_root()?;
    if key.name() != checkpoint.origin {
        return Err(CheckpointRefused::OriginIsNotKeyName {
            origin: checkpoint.origin,
            key_name: key.name().to_owned(),
        });
    }
    Ok(checkpoint)
}

/// A decimal number with exactly one spelling: no sign, no leading zero, within 64 bits.
pub(crate) fn parse_decimal(text: &str) -> Option<u64> {
    let canonical = !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_digit())
        && (text == "0" || !text.starts_with('0'));
    if canonical { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::note::Ed25519Signer;

    fn sample() -> Checkpoint {
        Checkpoint {
            origin: "tenure.example/log".into(),
            size: 3,
            root: crate::leaf_hash(b"x"),
            extensions: Vec::new(),
        }
    }

    fn signer() -> Ed25519Signer {
        Ed25519Signer::from_seed("tenure.example/log", &[1; 32]).unwrap()
    }

    #[test]
    fn a_signed_checkpoint_has_these_bytes() {
        insta::assert_snapshot!(sign_checkpoint(&sample(), &signer()).unwrap(), @r"
        tenure.example/log
        3
        PH6byTDck/AfppmF7yQtn56GHzxTVaokzl70tLinDMs=

        — tenure.example/log 5xZBGakJH8BPa/v6zPJIJiAmw2RPIOo+ERpNLATLysyZVP6YVpi6xegrVUqSW6tZQJSmqn564WB6E3h/9LE+kgWrjgw=
        ");
    }

    #[test]
    fn the_example_of_the_specification_reads() {
        let text = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
        let checkpoint = Checkpoint::parse(text).unwrap();
        assert_eq!(
            (checkpoint.origin.as_str(), checkpoint.size),
            ("example.com/behind-the-sofa", 20_852_163)
        );
        assert_eq!(checkpoint.encode().unwrap(), text);
        let extended = format!("{text}first extension\nsecond\n");
        assert_eq!(Checkpoint::parse(&extended).unwrap().extensions, ["first extension", "second"]);
    }

    #[test]
    fn only_the_key_named_like_the_origin_verifies() {
        let note = sign_checkpoint(&sample(), &signer()).unwrap();
        let key = VerifierKey::ed25519("tenure.example/log", &signer().public_key()).unwrap();
        assert_eq!(verify_checkpoint(&note, &key), Ok(sample()));
        let stranger = Ed25519Signer::from_seed("tenure.example/log", &[2; 32]).unwrap();
        let other = VerifierKey::ed25519("tenure.example/log", &stranger.public_key()).unwrap();
        assert_eq!(
            verify_checkpoint(&note, &other),
            Err(CheckpointRefused::Note(NoteRefused::SignatureMissing))
        );
        let witness = VerifierKey::cosignature_v1("tenure.example/log", &signer().public_key()).unwrap();
        assert!(matches!(verify_checkpoint(&note, &witness), Err(CheckpointRefused::KeyIsAWitness(_))));
    }

    #[test]
    fn a_key_that_signs_for_two_logs_is_refused() {
        let elsewhere = Checkpoint { origin: "tenure.example/other".into(), ..sample() };
        let refused = sign_checkpoint(&elsewhere, &signer()).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "checkpoint of `tenure.example/other` belongs to another log than the key `tenure.example/log`"
        );
        let note = sign_note(&elsewhere.encode().unwrap(), &signer()).unwrap();
        let key = VerifierKey::ed25519("tenure.example/log", &signer().public_key()).unwrap();
        assert_eq!(verify_checkpoint(&note, &key), Err(refused));
    }

    #[test]
    fn an_empty_log_with_a_root_is_neither_signed_nor_believed() {
        let wrong = Checkpoint { size: 0, ..sample() };
        assert_eq!(sign_checkpoint(&wrong, &signer()), Err(CheckpointRefused::EmptyRootWrong));
        let note = sign_note(&wrong.encode().unwrap(), &signer()).unwrap();
        let key = VerifierKey::ed25519("tenure.example/log", &signer().public_key()).unwrap();
        assert_eq!(verify_checkpoint(&note, &key), Err(CheckpointRefused::EmptyRootWrong));
        assert!(sign_checkpoint(&Checkpoint { root: empty_root(), ..wrong }, &signer()).is_ok());
    }

    #[test]
    fn malformed_checkpoints_are_refused() {
        let good = sample().encode().unwrap();
        for bad in [
            String::new(),
            "a\n1\n".into(),
            good.trim_end().into(),
            good.replace("\n3\n", "\n03\n"),
            good.replace("\n3\n", "\n+3\n"),
            good.replace("\n3\n", "\n\n"),
            good.replace("\n3\n", "\n18446744073709551616\n"),
            good.replace("\n3\n", "\n9223372036854775808\n"),
            good.replace("tenure.example/log", ""),
            format!("{good}\n"),
            format!("{good}\r\n"),
        ] {
            assert!(Checkpoint::parse(&bad).is_err(), "{bad:?}");
        }
    }
}
