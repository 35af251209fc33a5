//! `report`: the state of the deployment as one file to print or to send.
//!
//! The server makes the sheet; this writes it, whole or not at all, for its owner only, and never over a file that
//! is there unless told to. Next: `tenure-server/src/console/report.rs`.

use super::{
    private_file::{PrivateFile, taken},
    reading,
};
use crate::{
    context::{Context, Form},
    failure::{Exit, Failure},
    place::shown,
};
use clap::Args;
use std::path::PathBuf;
use tenure_model::Instant;

/// Where the sheet is written unless a place is named.
const USUAL: &str = "tenure-report.html";
const WHAT: &str = "no report was written";

/// Write the state of the deployment as one HTML file to print or to send
///
/// Standings as a picture, what to do in order, identities without owner, old and ending credentials, proofs with what they
/// do not show, sources with their blind spots, and the signed head of the evidence log. The file needs nothing else: no
/// script, no address, no other file. With --json the same facts are printed, and nothing is written.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure report
  tenure report --out november.html --since 2026-11-01
  tenure report --json

Exit codes: 0 written, 1 not written, 2 usage.")]
pub(crate) struct ReportArgs {
    /// The file to write [default: tenure-report.html]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Also count what happened since this day or moment: 2026-11-01, 2026-11-01T12:00:00Z
    #[arg(long, value_name = "WHEN", value_parser = moment)]
    since: Option<Instant>,
    /// Write over a file that is there
    #[arg(long)]
    force: bool,
}

impl ReportArgs {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let since = self.since.map(|since| format!("?since={since}")).unwrap_or_default();
        let out = self.out.unwrap_or_else(|| PathBuf::from(USUAL));
        let is_json = context.form == Form::Json;
        if !is_json && !self.force && out.symlink_metadata().is_ok() {
            return Err(taken(WHAT, &out));
        }
        reading(context, async |session| {
            if is_json {
                let document = session.get(WHAT, &format!("/api/v1/report{since}")).await?;
                context.document(&document);
                return Ok(Exit::Done);
            }
            let sheet = session.get_bytes(WHAT, &format!("/report{since}")).await?;
            let mut file = PrivateFile::begin(WHAT, &out, self.force)?;
            file.write(&sheet)?;
            file.finish()?;
            context.print(if context.form == Form::Quiet {
                shown(&out)
            } else {
                format!(
                    "Wrote {}, for you only: it names identities and what is wrong with them.",
                    shown(&out)
                )
            });
            context.next("open it in a browser; tenure evidence export FILE for what it stands on");
            Ok(Exit::Done)
        })
        .await
    }
}

fn moment(text: &str) -> Result<Instant, String> {
    let day = format!("{text}T00:00:00Z");
    Instant::parse(text)
        .or_else(|_| Instant::parse(&day))
        .map_err(|_| String::from("it is a day such as 2026-11-01, or a moment such as 2026-11-01T12:00:00Z"))
}
