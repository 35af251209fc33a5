//! What a file would become, for a person to look at before it is added.
//!
//! The same reading as a survey makes, without a receiver. Fingerprints are only marked, since there is no key
//! here. Must never show a value that a survey would not keep.

use crate::{
    config::{Format, Limits},
    outlet::Listening,
    read::{self, Errand},
    tally::{Reason, Tally},
    unreadable::Unreadable,
};
use serde::Serialize;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};
use tenure_connect::Fingerprint;
use tenure_model::{Completeness, Observation};

/// What is to be previewed.
#[derive(Debug, Clone)]
pub struct PreviewRequest {
    /// The file, absolute.
    pub path: PathBuf,
    /// Of which kind.
    pub format: Format,
    /// The mapping, absolute; for the kinds that need one.
    pub mapping: Option<PathBuf>,
    /// How many principals are shown.
    pub principals_shown: usize,
}

/// What a file would become.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Preview {
    /// Records read.
    pub records: u64,
    /// Principals they would become.
    pub principals: u64,
    /// Credentials.
    pub credentials: u64,
    /// Rights.
    pub rights: u64,
    /// Last uses.
    pub uses: u64,
    /// Things that would be left out.
    pub left_out: u64,
    /// Why.
    pub reasons: Vec<Reason>,
    /// Whether a survey could make something gone: whole, or the reason why not.
    pub completeness: Completeness,
    /// Cells that look like secrets and would be dropped, by column.
    pub dropped: BTreeMap<String, u64>,
    /// Records that hold no identity, by kind.
    pub passed_over: BTreeMap<String, u64>,
    /// Columns that the mapping does not use.
    pub unused: Vec<String>,
    /// The first principals, each followed by what it would hold as far as it stands beside it.
    pub first: Vec<Observation>,
}

/// Stands where fingerprints are taken.
struct Marked;

impl Fingerprint for Marked {
    fn fingerprint(&self, _: &str, _: &[u8]) -> String {
        "(a fingerprint)".to_owned()
    }
}

/// Guesses the kind of a file by its name.
pub fn format_of(path: &Path) -> Option<Format> {
    let name = path.file_name()?.to_str()?.to_ascii_lowercase();
    if name.ends_with(".ocsf.json") {
        return Some(Format::Prowler);
    }
    let (_, extension) = name.rsplit_once('.')?;
    match extension {
        "csv" | "tsv" => Some(Format::Csv),
        "json" | "ndjson" | "jsonl" => Some(Format::Json),
        _ => None,
    }
}

/// Reads a file to its end and says what it would become. Blocking.
pub fn preview(request: &PreviewRequest) -> Result<Preview, Unreadable> {
    let errand = Errand {
        path: request.path.clone(),
        format: request.format,
        mapping: request.mapping.clone(),
        limits: Limits::default(),
        sample: None,
        fingerprint: Arc::new(Marked),
    };
    let (mut first, mut shown) = (Vec::new(), 0);
    let mut take = |page: Vec<Observation>| {
        for observation in page {
            shown += usize::from(matches!(observation, Observation::Principal(_)));
            if shown > request.principals_shown {
                break;
            }
            first.push(observation);
        }
        Listening::Yes
    };
    let reading = read::read(&errand, &mut take)?;
    let tally = reading.tally;
    Ok(Preview {
        records: tally.records,
        principals: tally.principals,
        credentials: tally.credentials,
        rights: tally.rights,
        uses: tally.uses,
        left_out: tally.left_out,
        reasons: tally.reasons(),
        completeness: tally.completeness(),
        unused: reading.unused,
        first,
        dropped: tally.dropped,
        passed_over: tally.passed_over,
    })
}

/// Counts, in words.
pub(crate) struct Sample<'tally> {
    pub(crate) tally: &'tally Tally,
}

impl core::fmt::Display for Sample<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Tally { records, principals, credentials, rights, .. } = self.tally;
        write!(
            f,
            "of the first {records} records: principals {principals}, credentials {credentials}, rights {rights}"
        )
    }
}
