//! `tenure evidence verify`: an auditor's check of an export, offline, without any deployment.
//!
//! Reads the file and the keys it was given and nothing else. Exit codes are those of
//! docs/evidence.md: 0 verified under a pinned key, 1 refused or nothing in it to verify, 2 not
//! read, 4 signer unverified.

use crate::{
    context::Context,
    failure::{Exit, Failure},
    place::shown,
    render::evidence::{document, entries, headline, limits},
};
use clap::Args;
use std::path::{Path, PathBuf};
use tenure_evidence::{KeyAlgorithm, Level, Trust, VerifierKey, verify_export};
use tenure_model::printable;

/// Largest export that is read, in bytes.
const EXPORT_BYTES_MAX: u64 = 2 * 1024 * 1024 * 1024;
/// Largest checkpoint that is read, in bytes.
const CHECKPOINT_BYTES_MAX: u64 = 256 * 1024;

/// Verify an export offline
///
/// Needs no deployment and no network. Give the log's public key, which you got some other way than with
/// the file; without it the answer is "consistent; signer unverified". Says what is recorded, and what that
/// does not show.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure evidence verify reporting.tenure --log-key 'tenure-7f3a09c1+8c1e…'
  tenure evidence verify reporting.tenure --log-key KEY --witness-key 'audit-1.example+…'
  tenure evidence verify november.tenure --log-key KEY --since checkpoint-2026-10

Exit codes: 0 verified under a key you gave, 1 refused (the message says what does not hold), or no
entry in it to verify, 2 usage, or a file that cannot be read, 4 consistent, but the signer is unverified.")]
pub(crate) struct Verify {
    /// The export
    file: PathBuf,
    /// The log's public key: one line of text, or a file that holds it; several during a rotation
    #[arg(long, value_name = "KEY")]
    log_key: Vec<String>,
    /// The public key of a witness that must have cosigned
    #[arg(long, value_name = "KEY")]
    witness_key: Vec<String>,
    /// How many of these witnesses must have cosigned [default: all of them]
    #[arg(long, value_name = "NUMBER", requires = "witness_key")]
    witness_quorum: Option<usize>,
    /// A checkpoint you kept from before: the log must extend it
    #[arg(long, value_name = "FILE")]
    since: Option<PathBuf>,
}

impl Verify {
    pub(super) fn run(self, context: &Context) -> Result<Exit, Failure> {
        let log_keys = parse_keys("--log-key", &self.log_key, KeyAlgorithm::Ed25519)?;
        let witness_keys = parse_keys("--witness-key", &self.witness_key, KeyAlgorithm::CosignatureV1)?;
        let witness_quorum = self.witness_quorum.unwrap_or(witness_keys.len());
        if witness_quorum > witness_keys.len() {
            return Err(Failure::usage("more witnesses are asked for than keys were given").because(
                format!("--witness-quorum {witness_quorum}, but {} --witness-key", witness_keys.len()),
            ));
        }
        let since = self.since.as_deref().map(read_checkpoint).transpose()?;
        let bytes = read(&self.file, EXPORT_BYTES_MAX)?;
        let trust = Trust { log_keys, witness_keys, witness_quorum, since };
        let verdict = verify_export(&bytes, &trust);
        context.document(&document(&verdict));
        context.print(headline(&verdict, context.frame()));
        for line in entries(&verdict) {
            context.print(line);
        }
        for line in limits(&verdict) {
            context.say(line);
        }
        let is_empty = verdict.entries.is_empty();
        Ok(match &verdict.level {
            Level::Verified | Level::ConsistentSignerUnverified if is_empty => {
                context.next("ask for a file that holds the entries in question");
                Exit::Failed
            }
            Level::Verified => Exit::Done,
            Level::ConsistentSignerUnverified => {
                context.next(
                    "get the log's public key some other way than with the file, and give it with --log-key",
                );
                Exit::Undecided
            }
            Level::Refused(_) => {
                context.say("Nothing in it is shown, because nothing in it can be relied on.");
                context.next("ask for the file again; if it is refused again, do not accept it as evidence");
                Exit::Failed
            }
        })
    }
}

/// Reads keys: a key itself, or a file with keys on lines.
pub(crate) fn parse_keys(
    flag: &str,
    given: &[String],
    algorithm: KeyAlgorithm,
) -> Result<Vec<VerifierKey>, Failure> {
    let mut keys = Vec::new();
    for text in given {
        if !text.contains('+') {
            let content = read(Path::new(text), CHECKPOINT_BYTES_MAX)?;
            for line in String::from_utf8_lossy(&content).lines().filter(|line| !line.trim().is_empty()) {
                keys.push(parse_key(flag, line.trim(), algorithm)?);
            }
            continue;
        }
        keys.push(parse_key(flag, text.trim(), algorithm)?);
    }
    Ok(keys)
}

fn parse_key(flag: &str, text: &str, algorithm: KeyAlgorithm) -> Result<VerifierKey, Failure> {
    let refuse = || Failure::usage(format!("`{}` is not a key for {flag}", printable(text, 100)));
    let key: VerifierKey =
        text.parse().map_err(|error: tenure_evidence::KeyMalformed| refuse().caused_by(&error))?;
    if key.algorithm() == algorithm {
        return Ok(key);
    }
    let (is, wanted) = match algorithm {
        KeyAlgorithm::Ed25519 => ("a witness's", "a log's: give it with --witness-key"),
        KeyAlgorithm::CosignatureV1 => ("a log's", "a witness's: give it with --log-key"),
    };
    Err(refuse().because(format!("it is {is} key, not {wanted}")))
}

fn read_checkpoint(path: &Path) -> Result<String, Failure> {
    String::from_utf8(read(path, CHECKPOINT_BYTES_MAX)?)
        .map_err(|_| Failure::usage(format!("{} is not a checkpoint", shown(path))).because("it is not text"))
}

fn read(path: &Path, bytes_max: u64) -> Result<Vec<u8>, Failure> {
    let unread = || Failure::usage(format!("{} cannot be read", shown(path)));
    let facts = std::fs::metadata(path).map_err(|error| unread().caused_by(&error))?;
    if !facts.is_file() {
        return Err(unread().because("it is not a regular file"));
    }
    if facts.len() > bytes_max {
        return Err(unread().because(format!("it has {} bytes, more than {bytes_max}", facts.len())));
    }
    std::fs::read(path).map_err(|error| unread().caused_by(&error))
}
