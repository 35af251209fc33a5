//! PEM and its older relative: blocks between dashes (RFC 7468, RFC 1421).
//!
//! Finds blocks in any bytes, decodes their base64, and says where each begins. What was decoded is a
//! `Secret`: it may be a private key. This file must never look inside. Next: `private_key.rs`, `certificate.rs`.

use super::{LineFault, Parsed, lines, trimmed};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tenure_model::Secret;
use zeroize::Zeroizing;

/// Blocks that are read of one file.
const BLOCKS_MAX: usize = 1_000;
/// Longest label, in bytes.
const LABEL_BYTES_MAX: usize = 64;

/// One block.
#[derive(Debug)]
pub(crate) struct Block {
    /// `CERTIFICATE`, `RSA PRIVATE KEY`, …
    pub(crate) label: String,
    /// Whether a header says that the content is encrypted (RFC 1421, `Proc-Type: 4,ENCRYPTED`).
    pub(crate) encrypted: bool,
    /// The decoded content.
    pub(crate) content: Secret<Vec<u8>>,
    /// The line it begins on.
    pub(crate) line: u32,
}

/// Reads the blocks of a file. Text between blocks is passed over.
pub(crate) fn read(bytes: &[u8]) -> Parsed<Block> {
    let mut parsed = Parsed::default();
    let mut open: Option<Open> = None;
    for (number, line) in lines(bytes) {
        let line = match line {
            Ok(line) => trimmed(line),
            Err(why) => {
                parsed.skip(number, why);
                continue;
            }
        };
        if let Some(label) = label(line, b"-----BEGIN ") {
            if let Some(unfinished) = open.replace(Open::new(label, number)) {
                parsed.skip(unfinished.line, LineFault::Format);
            }
        } else if label(line, b"-----END ").is_some() {
            if let Some(finished) = open.take() {
                parsed.keep(finished.line, finished.close());
            }
        } else if let Some(block) = open.as_mut() {
            block.take(line);
        }
        if parsed.things.len() >= BLOCKS_MAX {
            parsed.skip(number, LineFault::TooMany);
            break;
        }
    }
    if let Some(unfinished) = open {
        parsed.skip(unfinished.line, LineFault::Format);
    }
    parsed
}

fn label(line: &[u8], start: &[u8]) -> Option<String> {
    let label = line.strip_prefix(start)?.strip_suffix(b"-----")?;
    let plain =
        label.len() <= LABEL_BYTES_MAX && label.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ');
    plain.then(|| String::from_utf8_lossy(label).into_owned())
}

struct Open {
    label: String,
    encrypted: bool,
    base64: Zeroizing<Vec<u8>>,
    line: u32,
}

impl Open {
    fn new(label: String, line: u32) -> Self {
        Self { label, encrypted: false, base64: Zeroizing::default(), line }
    }

    fn take(&mut self, line: &[u8]) {
        if line.contains(&b':') {
            // A header (RFC 1421); base64 has no colon.
            self.encrypted |= line.starts_with(b"Proc-Type:") && line.ends_with(b"ENCRYPTED");
        } else {
            self.base64.extend(line.iter().filter(|byte| !byte.is_ascii_whitespace()));
        }
    }

    fn close(self) -> Result<Block, LineFault> {
        let content = STANDARD.decode(&*self.base64).map_err(|_| LineFault::Format)?;
        let content = Secret::new(content);
        Ok(Block { label: self.label, encrypted: self.encrypted, content, line: self.line })
    }
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::read::LineFault;

    #[test]
    fn blocks_are_found_between_other_text() {
        let file = b"subject=x\n-----BEGIN A B-----\r\nAQID\r\n-----END A B-----\n-----BEGIN C-----\nProc-Type: 4,ENCRYPTED\n\nBAUG\n-----END C-----\n";
        let parsed = read(file);
        let seen: Vec<_> = parsed
            .things
            .iter()
            .map(|block| (block.label.as_str(), block.encrypted, block.content.expose().clone(), block.line))
            .collect();
        assert_eq!(seen, [("A B", false, vec![1, 2, 3], 2), ("C", true, vec![4, 5, 6], 5)]);
        assert!(parsed.skipped.is_empty());
    }

    #[test]
    fn a_block_that_does_not_end_or_cannot_be_decoded_is_said() {
        let parsed =
            read(b"-----BEGIN A-----\nAQID\n-----BEGIN B-----\n???\n-----END B-----\n-----BEGIN C-----\n");
        assert!(parsed.things.is_empty());
        let why: Vec<_> = parsed.skipped.iter().map(|skipped| (skipped.line, skipped.why)).collect();
        assert_eq!(why, [(1, LineFault::Format), (3, LineFault::Format), (6, LineFault::Format)]);
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_fail(text in "(-----(BEGIN|END) [A-Z ]{0,9}-----\n|[A-Za-z0-9+/=:\n ]{0,20}){0,20}") {
            read(text.as_bytes());
        }
    }
}
