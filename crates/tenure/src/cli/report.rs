//! `report`: the state of the deployment as one file to print or to send.
//!
//! The server makes the sheet; this writes it, whole or not at all, for its owner only, and never over a file that
//! is there unless told to. Next: `tenure-server/src/console/report.rs`.

use super::reading;
use crate::{
    context::{Context, Form},
    failure::{Exit, Failure},
    place::shown,
};
use clap::Args;
use std::{
    io::Write as _,
    path::{Path, PathBuf},
};
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
            return Err(taken(&out));
        }
        reading(context, async |session| {
            if is_json {
                let document = session.get(WHAT, &format!("/api/v1/report{since}")).await?;
                context.document(&document);
                return Ok(Exit::Done);
            }
            let sheet = session.get_bytes(WHAT, &format!("/report{since}")).await?;
            write(&out, &sheet, self.force)?;
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

fn taken(out: &Path) -> Failure {
    Failure::usage(WHAT)
        .because(format!("{} is there already", shown(out)))
        .kept("it is as it was")
        .next("name another file with --out, or write over it with --force")
}

/// All of it in a file beside, then in place in one step.
fn write(out: &Path, sheet: &[u8], force: bool) -> Result<(), Failure> {
    let failed = |error: &std::io::Error| Failure::new(WHAT).caused_by(error).kept("no file was changed");
    let folder = out.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = out.file_name().ok_or_else(|| Failure::usage(WHAT).because("--out names no file"))?;
    let mut beside = std::ffi::OsString::from(".");
    beside.push(name);
    beside.push(format!(".{}", std::process::id()));
    let beside = folder.join(beside);
    let written = (|| {
        use std::os::unix::fs::OpenOptionsExt as _;
        let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
        file.write_all(sheet)?;
        file.sync_all()?;
        // A link is refused where something is there: nobody's file is lost to one that came meanwhile.
        if force { std::fs::rename(&beside, out) } else { std::fs::hard_link(&beside, out) }
    })();
    if !force || written.is_err() {
        // It may never have been made.
        let _ = std::fs::remove_file(&beside);
    }
    match written {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Err(taken(out)),
        written => written.map_err(|error| failed(&error)),
    }
}
