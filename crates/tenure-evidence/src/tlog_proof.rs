//! Proof files for one entry that other people's tools read (C2SP tlog-proof, `c2sp.org/tlog-proof@v1`).
//!
//! Reads and writes the text. It must never treat the `extra` line as authenticated: nothing covers it. Next:
//! [`crate::verify::verify_tlog_proof`] checks one, [`crate::export`] is Tenure's own, fuller format.

use crate::checkpoint::{Checkpoint, CheckpointRefused, parse_decimal};
use crate::hash::Hash;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::fmt::Write as _;

/// First line of a proof file.
pub const TLOG_PROOF_HEADER: &str = "c2sp.org/tlog-proof@v1";

/// Extension of a proof file.
pub const TLOG_PROOF_EXTENSION: &str = "tlog-proof";

/// Most hashes of an inclusion proof: a tree has at most 2^62 leaves.
const PROOF_HASHES_MAX: usize = 63;

/// A proof that an entry is in a log, taken apart but not believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlogProof {
    /// Opaque data beside the proof, not authenticated. Tenure puts the entry's bytes here.
    pub extra: Option<Vec<u8>>,
    /// Index of the entry.
    pub index: u64,
    /// Inclusion proof, from the leaf's sibling up.
    pub proof: Vec<Hash>,
    /// The signed checkpoint, verbatim.
    pub checkpoint: String,
}

/// Why text is not a proof file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TlogProofMalformed {
    /// The first line is another.
    #[error("not a tlog-proof: the first line is not `{TLOG_PROOF_HEADER}`")]
    Header,
    /// The `extra` line is not base64.
    #[error("the extra line is not base64")]
    Extra,
    /// No index where one must be.
    #[error("no index line")]
    Index,
    /// A proof line is not a hash, or there are too many.
    #[error("a proof line is not the base64 of a hash, or there are more than {PROOF_HASHES_MAX}")]
    Proof,
    /// No empty line before the checkpoint.
    #[error("no checkpoint")]
    CheckpointMissing,
    /// The checkpoint is malformed.
    #[error("the checkpoint is malformed")]
    Checkpoint(#[source] CheckpointRefused),
}

impl TlogProof {
    /// The file.
    pub fn encode(&self) -> String {
        let mut text = format!("{TLOG_PROOF_HEADER}\n");
        // Writing to a string cannot fail.
        if let Some(extra) = &self.extra {
            let _ = writeln!(text, "extra {}", STANDARD.encode(extra));
        }
        let _ = writeln!(text, "index {}", self.index);
        for hash in &self.proof {
            let _ = writeln!(text, "{hash}");
        }
        text.push('\n');
        text.push_str(&self.checkpoint);
        text
    }

    /// Reads a file. Nothing is checked but its form.
    pub fn parse(text: &str) -> Result<Self, TlogProofMalformed> {
        let rest = text
            .strip_prefix(TLOG_PROOF_HEADER)
            .and_then(|rest| rest.strip_prefix('\n'))
            .ok_or(TlogProofMalformed::Header)?;
        let (head, checkpoint) = rest.split_once("\n\n").ok_or(TlogProofMalformed::CheckpointMissing)?;
        let mut lines = head.split('\n').peekable();
        let extra = match lines.peek().and_then(|line| line.strip_prefix("extra ")) {
            Some(extra) => {
                lines.next();
                Some(STANDARD.decode(extra).map_err(|_| TlogProofMalformed::Extra)?)
            }
            None => None,
        };
        let index = lines
            .next()
            .and_then(|line| line.strip_prefix("index "))
            .and_then(parse_decimal)
            .ok_or(TlogProofMalformed::Index)?;
        let proof: Vec<Hash> =
            lines.map(Hash::from_base64).collect::<Result<_, _>>().map_err(|_| TlogProofMalformed::Proof)?;
        if proof.len() > PROOF_HASHES_MAX {
            return Err(TlogProofMalformed::Proof);
        }
        Checkpoint::parse_unverified(checkpoint).map_err(TlogProofMalformed::Checkpoint)?;
        Ok(Self { extra, index, proof, checkpoint: checkpoint.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIGNED: &str = "a\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n\u{2014} a AAAAAAA=\n";

    #[test]
    fn a_proof_file_has_these_bytes_and_reads_back() {
        let proof = TlogProof {
            extra: Some(b"entry".to_vec()),
            index: 3,
            proof: vec![crate::empty_root(), crate::leaf_hash(b"x")],
            checkpoint: SIGNED.into(),
        };
        insta::assert_snapshot!(proof.encode(), @r"
        c2sp.org/tlog-proof@v1
        extra ZW50cnk=
        index 3
        47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=
        PH6byTDck/AfppmF7yQtn56GHzxTVaokzl70tLinDMs=

        a
        1
        47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=

        — a AAAAAAA=
        ");
        assert_eq!(TlogProof::parse(&proof.encode()), Ok(proof.clone()));
        let bare = TlogProof { extra: None, proof: Vec::new(), ..proof };
        assert_eq!(TlogProof::parse(&bare.encode()), Ok(bare));
    }

    #[test]
    fn malformed_proof_files_are_refused_with_the_reason() {
        let check = |text: &str, expect: TlogProofMalformed| {
            assert_eq!(TlogProof::parse(text), Err(expect), "{text}");
        };
        let good = format!("c2sp.org/tlog-proof@v1\nindex 0\n\n{SIGNED}");
        assert!(TlogProof::parse(&good).is_ok());
        check("", TlogProofMalformed::Header);
        check(&good.replace("@v1", "@v2"), TlogProofMalformed::Header);
        check("c2sp.org/tlog-proof@v1\nindex 0\n", TlogProofMalformed::CheckpointMissing);
        check(&good.replace("index 0", "index 00"), TlogProofMalformed::Index);
        check(&good.replace("index 0", "extra AA==\nextra AA==\nindex 0"), TlogProofMalformed::Index);
        check(&good.replace("index 0", "extra ?\nindex 0"), TlogProofMalformed::Extra);
        check(&good.replace("index 0", "index 0\nAAAA"), TlogProofMalformed::Proof);
        let many = format!("index 0{}", format!("\n{}", crate::empty_root()).repeat(64));
        check(&good.replace("index 0", &many), TlogProofMalformed::Proof);
        let shape = CheckpointRefused::Note(crate::note::NoteRefused::Shape);
        check("c2sp.org/tlog-proof@v1\nindex 0\n\nx\n", TlogProofMalformed::Checkpoint(shape));
    }
}
