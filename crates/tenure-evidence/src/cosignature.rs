//! Cosignatures: a witness's dated statement that it saw a checkpoint and that it extends all it saw before (C2SP
//! tlog-cosignature, Ed25519 `cosignature/v1`).
//!
//! Only the signature. Whether a witness may give it is decided in [`crate::witness`]; it must never be given before
//! that decision was made durable. The time is the witness's, in whole seconds, and is the caller's to supply.

use crate::checkpoint::{Checkpoint, CheckpointRefused};
use crate::note::{
    KeyAlgorithm, NoteRefused, NoteSignature, NoteSigner, SignRefused, SignedNote, VerifierKey,
};

/// A cosignature that was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cosigner {
    /// Name of the witness.
    pub name: String,
    /// Id of its key.
    pub key_id: u32,
    /// When it cosigned, seconds since 1970-01-01T00:00:00Z by its clock.
    pub time_s: u64,
}

/// Why a cosignature could not be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CosignRefused {
    /// The text is not a checkpoint.
    #[error("only checkpoints are cosigned")]
    Checkpoint(#[source] CheckpointRefused),
    /// Zero, or beyond 2^63 - 1 (tlog-cosignature, "Format"; tlog-witness asks for a time).
    #[error("{0} is not a time a cosignature can carry")]
    Time(u64),
    /// The signer did not sign.
    #[error("cosignature could not be made")]
    Sign(#[source] SignRefused),
}

/// Cosigns the text of a checkpoint (without signature lines) as of `time_s`.
pub fn cosign(text: &str, time_s: u64, signer: &impl NoteSigner) -> Result<NoteSignature, CosignRefused> {
    Checkpoint::parse(text).map_err(CosignRefused::Checkpoint)?;
    if time_s == 0 || i64::try_from(time_s).is_err() {
        return Err(CosignRefused::Time(time_s));
    }
    let key = VerifierKey::cosignature_v1(signer.name(), &signer.public_key())
        .map_err(|malformed| CosignRefused::Sign(SignRefused::Name(malformed)))?;
    let signed = signer.sign(cosigned_message(text, time_s).as_bytes()).map_err(CosignRefused::Sign)?;
    let mut signature = time_s.to_be_bytes().to_vec();
    signature.extend_from_slice(&signed);
    Ok(NoteSignature { name: key.name().to_owned(), key_id: key.key_id(), signature })
}

/// Checks every cosignature in `note` by one of `keys`; lines by others are ignored. One wrong cosignature by a known
/// key is an error. A witness that signed twice counts once, with its latest time.
pub fn verify_cosignatures(note: &SignedNote, keys: &[VerifierKey]) -> Result<Vec<Cosigner>, NoteRefused> {
    let mut cosigners: Vec<Cosigner> = Vec::new();
    for signature in &note.signatures {
        let witnesses = keys.iter().filter(|key| key.algorithm() == KeyAlgorithm::CosignatureV1);
        for key in witnesses.filter(|key| signature.claims(key)) {
            let wrong = || NoteRefused::SignatureWrong { name: key.name().to_owned(), key_id: key.key_id() };
            let time_s = cosigned_at(&note.text, signature, key).ok_or_else(wrong)?;
            // One public key under two names is still one witness: the message does not say who signs it.
            let known =
                cosigners.iter_mut().find(|known| known.name == key.name() && known.key_id == key.key_id());
            match known {
                Some(known) => known.time_s = known.time_s.max(time_s),
                None => {
                    cosigners.push(Cosigner { name: key.name().to_owned(), key_id: key.key_id(), time_s });
                }
            }
        }
    }
    Ok(cosigners)
}

/// The time at which `key` cosigned `text`, if `signature` is a good cosignature by it.
pub(crate) fn cosigned_at(text: &str, signature: &NoteSignature, key: &VerifierKey) -> Option<u64> {
    let (time, signed) = signature.signature.split_first_chunk::<8>()?;
    let time_s = u64::from_be_bytes(*time);
    let in_range = i64::try_from(time_s).is_ok();
    let holds = in_range
        && Checkpoint::parse(text).is_ok()
        && key.accepts(cosigned_message(text, time_s).as_bytes(), signed);
    holds.then_some(time_s)
}

fn cosigned_message(text: &str, time_s: u64) -> String {
    format!("cosignature/v1\ntime {time_s}\n{text}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::note::Ed25519Signer;

    const TEXT: &str =
        "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";

    fn witness() -> (Ed25519Signer, VerifierKey) {
        let signer = Ed25519Signer::from_seed("witness.example/w1", &[9; 32]).unwrap();
        let key = VerifierKey::cosignature_v1("witness.example/w1", &signer.public_key()).unwrap();
        (signer, key)
    }

    fn note(signatures: Vec<NoteSignature>) -> SignedNote {
        SignedNote { text: TEXT.into(), signatures }
    }

    #[test]
    fn the_cosigned_message_is_that_of_the_specification() {
        insta::assert_snapshot!(cosigned_message(TEXT, 1_679_315_147), @r"
        cosignature/v1
        time 1679315147
        example.com/behind-the-sofa
        20852163
        CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
        ");
    }

    #[test]
    fn a_cosignature_carries_its_time_and_verifies() {
        let (signer, key) = witness();
        let line = cosign(TEXT, 1_679_315_147, &signer).unwrap();
        assert_eq!(line.signature.len(), 72);
        insta::assert_snapshot!(line.line(), @"— witness.example/w1 JLXZ/gAAAABkGFDLSEwbtADY9t5XeSzDTVuiqYN5nZfoc9NQOUgkPYm4wwjIUL68Nczz1tpzCjnpmnRXttgqVVwOg3WfE7AXqa+DAg==");
        let cosigner =
            Cosigner { name: "witness.example/w1".into(), key_id: key.key_id(), time_s: 1_679_315_147 };
        assert_eq!(
            verify_cosignatures(&note(vec![line.clone()]), std::slice::from_ref(&key)),
            Ok(vec![cosigner])
        );
        assert_eq!(note(vec![line]).verify(std::slice::from_ref(&key)), Ok(vec![&key]));
    }

    #[test]
    fn every_changed_bit_of_a_cosignature_is_refused() {
        let (signer, key) = witness();
        let line = cosign(TEXT, 1_679_315_147, &signer).unwrap();
        for at in 0..line.signature.len() {
            for bit in 0..8 {
                let mut changed = line.clone();
                changed.signature[at] ^= 1 << bit;
                assert!(
                    verify_cosignatures(&note(vec![changed]), std::slice::from_ref(&key)).is_err(),
                    "{at} {bit}"
                );
            }
        }
    }

    #[test]
    fn a_witness_that_cosigned_twice_counts_once() {
        let (signer, key) = witness();
        let lines = vec![cosign(TEXT, 5, &signer).unwrap(), cosign(TEXT, 7, &signer).unwrap()];
        let cosigners = verify_cosignatures(&note(lines), &[key.clone(), key]).unwrap();
        assert_eq!(cosigners.iter().map(|cosigner| cosigner.time_s).collect::<Vec<_>>(), [7]);
    }

    #[test]
    fn a_plain_signature_by_the_same_key_is_not_a_cosignature() {
        let (signer, key) = witness();
        let plain = signer.sign(TEXT.as_bytes()).unwrap();
        let line = NoteSignature { name: key.name().into(), key_id: key.key_id(), signature: plain.to_vec() };
        assert!(verify_cosignatures(&note(vec![line]), &[key]).is_err());
    }

    #[test]
    fn only_checkpoints_with_a_time_are_cosigned() {
        let (signer, _) = witness();
        assert!(matches!(cosign("just text\n", 1, &signer), Err(CosignRefused::Checkpoint(_))));
        assert_eq!(cosign(TEXT, 0, &signer), Err(CosignRefused::Time(0)));
        assert_eq!(cosign(TEXT, 1 << 63, &signer), Err(CosignRefused::Time(1 << 63)));
    }
}
