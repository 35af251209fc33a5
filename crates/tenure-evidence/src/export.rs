//! The export file, `tenure-export/1`: chosen entries with everything needed to check them offline.
//!
//! Reads and writes bytes that have exactly one spelling, closed by a digest of the whole; `docs/evidence.md` gives the
//! grammar. It must never judge: [`crate::verify`] does. The digest is no protection against someone who can compute
//! one; it makes an accident anywhere in the file visible, also where no signature reaches (another witness's line).

use crate::checkpoint::parse_decimal;
use crate::entry::ENTRY_BYTES_MAX;
use crate::hash::{HASH_BASE64_CHARS, Hash, sha256};
use crate::note::NOTE_BYTES_MAX;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::io::Write as _;

/// First line of an export.
pub const EXPORT_HEADER: &str = "tenure-export/1";

/// Extension of an export file.
pub const EXPORT_EXTENSION: &str = "tenure";

/// Most earlier checkpoints in one export.
pub const EARLIER_MAX: usize = 64;

/// Most hashes of one proof.
pub const PROOF_HASHES_MAX: usize = 127;

/// Most bytes of one disclosed body.
pub const BODY_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Bytes of the closing line `end <digest>`.
const END_BYTES: usize = 4 + HASH_BASE64_CHARS + 1;

/// An export, taken apart but not believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Export {
    /// What the exporter says about completeness.
    pub claim: Claim,
    /// The signed checkpoint that all proofs lead to, cosignatures included, verbatim.
    pub checkpoint: String,
    /// Earlier checkpoints of the same log, by ascending size.
    pub earlier: Vec<EarlierCheckpoint>,
    /// The entries, by ascending index.
    pub entries: Vec<ExportedEntry>,
}

/// What an export says about completeness.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// Chosen entries; others may exist.
    Selection,
    /// Every entry from `first` up to, not including, `end`.
    Range {
        /// First index.
        first: u64,
        /// Index after the last.
        end: u64,
    },
}

/// An earlier checkpoint and why it is a prefix of the export's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EarlierCheckpoint {
    /// The signed checkpoint, verbatim.
    pub checkpoint: String,
    /// Consistency proof from it to the export's checkpoint.
    pub proof: Vec<Hash>,
}

/// One entry and why it is in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportedEntry {
    /// Its leaf index.
    pub index: u64,
    /// Its bytes, as they were hashed.
    pub raw: Vec<u8>,
    /// Inclusion proof to the export's checkpoint.
    pub proof: Vec<Hash>,
    /// The body behind `body_digest`, if disclosed.
    pub body: Option<DisclosedBody>,
}

/// A body and the nonce it was committed to with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisclosedBody {
    /// The nonce.
    pub nonce: [u8; 32],
    /// Canonical JSON.
    pub canonical: Vec<u8>,
}

/// Why an export cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExportRefused {
    /// Entries or earlier checkpoints beyond a limit of the format; the text says which.
    #[error("export is beyond a limit: {0}")]
    Limit(&'static str),
    /// Entries are not in ascending order, or one is there twice.
    #[error("entry {0} is out of order")]
    Order(u64),
    /// A raw entry or body holds a newline, so it is not canonical JSON.
    #[error("entry {0} is not canonical")]
    NotCanonical(u64),
}

/// Why bytes are not an export.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExportMalformed {
    /// The first line is another.
    #[error("not a tenure export: the first line is not `{EXPORT_HEADER}`")]
    Header,
    /// The file ends where more must follow.
    #[error("the file is cut short: at byte {at} {wanted} must follow")]
    CutShort {
        /// Where, in bytes from the beginning.
        at: usize,
        /// What must follow.
        wanted: &'static str,
    },
    /// Something else stands where a part must be.
    #[error("at byte {at} there is no {wanted}")]
    Unexpected {
        /// Where, in bytes from the beginning.
        at: usize,
        /// What must stand there.
        wanted: &'static str,
    },
    /// Bytes follow the closing line.
    #[error("at byte {at} the export is over, but the file goes on")]
    Trailing {
        /// Where, in bytes from the beginning.
        at: usize,
    },
    /// Entries are not in ascending order, or one is there twice.
    #[error("entry {0} is out of order")]
    Order(u64),
    /// The closing digest is that of another file.
    #[error("the file was changed after it was written: its closing digest differs")]
    DigestDiffers,
}

impl Export {
    /// The file. What the parts say is not checked beyond what its reader needs to take it apart.
    pub fn encode(&self) -> Result<Vec<u8>, ExportRefused> {
        self.check_limits()?;
        let mut out = Vec::new();
        // Writing to a vector cannot fail.
        let _ = match self.claim {
            Claim::Selection => writeln!(out, "{EXPORT_HEADER}\nclaim selection"),
            Claim::Range { first, end } => writeln!(out, "{EXPORT_HEADER}\nclaim range {first} {end}"),
        };
        let _ = writeln!(out, "checkpoint {}", self.checkpoint.len());
        out.extend_from_slice(self.checkpoint.as_bytes());
        for earlier in &self.earlier {
            let _ = writeln!(out, "earlier {} {}", earlier.checkpoint.len(), earlier.proof.len());
            out.extend_from_slice(earlier.checkpoint.as_bytes());
            write_hashes(&earlier.proof, &mut out);
        }
        let _ = writeln!(out, "entries {}", self.entries.len());
        for entry in &self.entries {
            let _ = writeln!(out, "entry {} {} {}", entry.index, entry.raw.len(), entry.proof.len());
            out.extend_from_slice(&entry.raw);
            out.push(b'\n');
            write_hashes(&entry.proof, &mut out);
            if let Some(body) = &entry.body {
                let _ = writeln!(out, "body {} {}", body.canonical.len(), STANDARD.encode(body.nonce));
                out.extend_from_slice(&body.canonical);
                out.push(b'\n');
            }
        }
        let digest = sha256(&out);
        let _ = writeln!(out, "end {digest}");
        Ok(out)
    }

    /// Reads a file and checks its closing digest. Nothing else is checked but its form.
    pub fn parse(bytes: &[u8]) -> Result<Self, ExportMalformed> {
        let read = Self::read(bytes)?;
        if read.digest_holds { Ok(read.export) } else { Err(ExportMalformed::DigestDiffers) }
    }

    /// Reads a file whose closing digest may differ, so that a verifier can first say what was changed.
    pub(crate) fn read(bytes: &[u8]) -> Result<ReadExport, ExportMalformed> {
        let mut reader = Reader { bytes, at: 0 };
        if reader.line("the header").ok() != Some(EXPORT_HEADER) {
            return Err(ExportMalformed::Header);
        }
        let claim = reader.claim()?;
        let checkpoint = {
            let [length] = reader.numbers("checkpoint ", "checkpoint")?;
            reader.text(length, NOTE_BYTES_MAX, "checkpoint")?
        };
        let mut earlier = Vec::new();
        while reader.next_is("earlier ") {
            if earlier.len() == EARLIER_MAX {
                return Err(reader.unexpected("entries line"));
            }
            let [length, hashes] = reader.numbers("earlier ", "earlier checkpoint")?;
            let checkpoint = reader.text(length, NOTE_BYTES_MAX, "earlier checkpoint")?;
            earlier.push(EarlierCheckpoint { checkpoint, proof: reader.hashes(hashes)? });
        }
        let [count] = reader.numbers("entries ", "entries line")?;
        let mut entries: Vec<ExportedEntry> = Vec::new();
        for _ in 0..count {
            let entry = reader.entry()?;
            if entries.last().is_some_and(|last| last.index >= entry.index) {
                return Err(ExportMalformed::Order(entry.index));
            }
            entries.push(entry);
        }
        let digest_holds = reader.end()?;
        Ok(ReadExport { export: Self { claim, checkpoint, earlier, entries }, digest_holds })
    }

    fn check_limits(&self) -> Result<(), ExportRefused> {
        if self.earlier.len() > EARLIER_MAX {
            return Err(ExportRefused::Limit("more than 64 earlier checkpoints"));
        }
        let notes =
            std::iter::once(&self.checkpoint).chain(self.earlier.iter().map(|earlier| &earlier.checkpoint));
        if notes.into_iter().any(|note| note.len() > NOTE_BYTES_MAX || !note.ends_with('\n')) {
            return Err(ExportRefused::Limit("a checkpoint is too long or does not end in a newline"));
        }
        let mut last = None;
        for entry in &self.entries {
            if last.is_some_and(|last| last >= entry.index) {
                return Err(ExportRefused::Order(entry.index));
            }
            last = Some(entry.index);
            let body = entry.body.as_ref().map_or(&[][..], |body| &body.canonical);
            if entry.raw.contains(&b'\n') || body.contains(&b'\n') {
                return Err(ExportRefused::NotCanonical(entry.index));
            }
            if entry.raw.len() > ENTRY_BYTES_MAX || body.len() > BODY_BYTES_MAX {
                return Err(ExportRefused::Limit("an entry or body is too long"));
            }
        }
        let proofs = self.earlier.iter().map(|earlier| &earlier.proof);
        if proofs
            .chain(self.entries.iter().map(|entry| &entry.proof))
            .any(|proof| proof.len() > PROOF_HASHES_MAX)
        {
            return Err(ExportRefused::Limit("a proof is too long"));
        }
        Ok(())
    }
}

/// An export as read, and whether its closing digest is right.
pub(crate) struct ReadExport {
    pub(crate) export: Export,
    pub(crate) digest_holds: bool,
}

fn write_hashes(hashes: &[Hash], out: &mut Vec<u8>) {
    for hash in hashes {
        hash.push_base64(out);
        out.push(b'\n');
    }
}

/// Takes a file apart from the front; every error says at which byte.
struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    fn unexpected(&self, wanted: &'static str) -> ExportMalformed {
        ExportMalformed::Unexpected { at: self.at, wanted }
    }

    fn cut_short(&self, wanted: &'static str) -> ExportMalformed {
        ExportMalformed::CutShort { at: self.bytes.len(), wanted }
    }

    fn next_is(&self, prefix: &str) -> bool {
        self.rest().starts_with(prefix.as_bytes())
    }

    fn line(&mut self, wanted: &'static str) -> Result<&'a str, ExportMalformed> {
        let rest = self.rest();
        let length = rest.iter().position(|byte| *byte == b'\n').ok_or_else(|| self.cut_short(wanted))?;
        let line = rest.get(..length).and_then(|line| std::str::from_utf8(line).ok());
        let line = line.ok_or_else(|| self.unexpected(wanted))?;
        self.at += length + 1;
        Ok(line)
    }

    /// A line of `prefix` and `N` decimal numbers, one space between two.
    fn numbers<const N: usize>(
        &mut self,
        prefix: &str,
        wanted: &'static str,
    ) -> Result<[u64; N], ExportMalformed> {
        let refused = self.unexpected(wanted);
        let line = self.line(wanted)?;
        let numbers: Option<Vec<u64>> =
            line.strip_prefix(prefix).and_then(|rest| rest.split(' ').map(parse_decimal).collect());
        numbers.and_then(|numbers| numbers.try_into().ok()).ok_or(refused)
    }

    fn claim(&mut self) -> Result<Claim, ExportMalformed> {
        if self.next_is("claim selection\n") {
            self.line("claim")?;
            return Ok(Claim::Selection);
        }
        let [first, end] = self.numbers("claim range ", "claim")?;
        Ok(Claim::Range { first, end })
    }

    fn bytes(&mut self, length: u64, max: usize, wanted: &'static str) -> Result<&'a [u8], ExportMalformed> {
        let length = usize::try_from(length).ok().filter(|length| *length <= max);
        let length = length.ok_or_else(|| self.unexpected(wanted))?;
        let bytes = self.rest().get(..length).ok_or_else(|| self.cut_short(wanted))?;
        self.at += length;
        Ok(bytes)
    }

    fn text(&mut self, length: u64, max: usize, wanted: &'static str) -> Result<String, ExportMalformed> {
        let refused = self.unexpected(wanted);
        let bytes = self.bytes(length, max, wanted)?;
        match std::str::from_utf8(bytes) {
            Ok(text) if text.ends_with('\n') => Ok(text.to_owned()),
            Ok(_) | Err(_) => Err(refused),
        }
    }

    fn bytes_and_newline(
        &mut self,
        length: u64,
        max: usize,
        wanted: &'static str,
    ) -> Result<&'a [u8], ExportMalformed> {
        let refused = self.unexpected(wanted);
        let bytes = self.bytes(length, max, wanted)?;
        if bytes.contains(&b'\n') {
            return Err(refused);
        }
        match self.rest().first() {
            Some(b'\n') => {
                self.at += 1;
                Ok(bytes)
            }
            Some(_) => Err(self.unexpected("newline")),
            None => Err(self.cut_short("a newline")),
        }
    }

    fn hashes(&mut self, count: u64) -> Result<Vec<Hash>, ExportMalformed> {
        let count = usize::try_from(count).ok().filter(|count| *count <= PROOF_HASHES_MAX);
        let count = count.ok_or_else(|| self.unexpected("proof"))?;
        let mut hashes = Vec::with_capacity(count);
        for _ in 0..count {
            let refused = self.unexpected("proof hash");
            let line = self.line("a proof hash")?;
            hashes.push(Hash::from_base64(line).map_err(|_| refused)?);
        }
        Ok(hashes)
    }

    fn entry(&mut self) -> Result<ExportedEntry, ExportMalformed> {
        let [index, length, hashes] = self.numbers("entry ", "entry")?;
        let raw = self.bytes_and_newline(length, ENTRY_BYTES_MAX, "entry bytes")?.to_vec();
        let proof = self.hashes(hashes)?;
        let body = if self.next_is("body ") { Some(self.body()?) } else { None };
        Ok(ExportedEntry { index, raw, proof, body })
    }

    fn body(&mut self) -> Result<DisclosedBody, ExportMalformed> {
        let refused = self.unexpected("body");
        let line = self.line("a body")?;
        let (length, nonce) =
            line.strip_prefix("body ").and_then(|rest| rest.split_once(' ')).ok_or(refused.clone())?;
        let length = parse_decimal(length).ok_or(refused.clone())?;
        // A nonce is spelled like a hash: 32 bytes in standard base64.
        let nonce = *Hash::from_base64(nonce).map_err(|_| refused)?.as_bytes();
        let canonical = self.bytes_and_newline(length, BODY_BYTES_MAX, "body bytes")?.to_vec();
        Ok(DisclosedBody { nonce, canonical })
    }

    /// The closing line; whether its digest is that of all before it.
    fn end(&mut self) -> Result<bool, ExportMalformed> {
        let covered = self.bytes.get(..self.at).unwrap_or_default();
        let refused = self.unexpected("closing line");
        let line = self.line("the closing line")?;
        let digest =
            line.strip_prefix("end ").and_then(|digest| Hash::from_base64(digest).ok()).ok_or(refused)?;
        debug_assert_eq!(self.at - covered.len(), END_BYTES);
        if self.rest().is_empty() {
            Ok(digest == sha256(covered))
        } else {
            Err(ExportMalformed::Trailing { at: self.at })
        }
    }
}
