//! `tenure evidence`: the log, its checkpoint, exports, and verification.
//!
//! Reading and exporting ask the API; verifying (`verify.rs`) asks nobody. Nothing here may claim
//! more about an export than that it was written. Next: docs/evidence.md.

use super::{proof, reading, verify::Verify};
use crate::{
    context::{Context, Form},
    failure::{Exit, Failure},
    render::{
        evidence::short_id,
        table::{Table, cell},
        words::instant,
    },
    session::shaped,
    wire::{EntryShown, Log, Page},
};
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// The evidence log: read it, export it, verify what was exported
#[derive(Debug, Subcommand)]
pub(crate) enum EvidenceCommand {
    Log(LogArgs),
    Checkpoint(CheckpointArgs),
    Export(ExportArgs),
    Verify(Verify),
}

impl EvidenceCommand {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        match self {
            Self::Log(args) => args.run(context).await,
            Self::Checkpoint(args) => args.run(context).await,
            Self::Export(args) => args.run(context).await,
            Self::Verify(args) => args.run(context),
        }
    }
}

/// Show entries of the log, newest first
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure evidence log
  tenure evidence log --before 100 --limit 20 --json

Exit codes: 0 done, 1 failed, 2 usage.")]
pub(crate) struct LogArgs {
    /// Only entries before this index
    #[arg(long, value_name = "INDEX")]
    before: Option<u64>,
    /// At most this many
    #[arg(long, value_name = "ROWS", default_value_t = 50, value_parser = clap::value_parser!(u64).range(1..=500))]
    limit: u64,
}

impl LogArgs {
    async fn run(self, context: &Context) -> Result<Exit, Failure> {
        reading(context, async |session| {
            let what = "the log was not read";
            let before = self.before.map(|before| format!("&before={before}")).unwrap_or_default();
            let document =
                session.get(what, &format!("/api/v1/evidence/entries?limit={}{before}", self.limit)).await?;
            let page: Page<EntryShown> = shaped(&document)?;
            context.document(&document);
            if page.items.is_empty() {
                context.say("No entry there.");
                context.next("tenure evidence log");
                return Ok(Exit::Done);
            }
            let mut table = Table::new(&["INDEX", "TIME", "WHAT", "WHO", "ABOUT", "FACTS"]).or_two_lines(0);
            for entry in &page.items {
                let facts: Vec<String> = entry
                    .facts
                    .iter()
                    .filter(|(name, value)| name.as_str() != "digest" && value.as_str() != Some(""))
                    .map(|(name, value)| {
                        format!("{name}={}", value.as_str().map_or_else(|| value.to_string(), str::to_owned))
                    })
                    .collect();
                table.row(vec![
                    cell(entry.index.to_string()),
                    cell(instant(entry.time)),
                    cell(&entry.kind),
                    cell(short_id(&entry.actor)),
                    cell(short_id(&entry.subject)),
                    cell(facts.join(" ")),
                ]);
            }
            context.list(&table, page.items.iter().map(|entry| entry.index.to_string()));
            context.next(page.next.map_or_else(
                || String::from("tenure evidence export FILE"),
                |next| format!("tenure evidence log --before {next}"),
            ));
            Ok(Exit::Done)
        })
        .await
    }
}

/// Print the signed checkpoint of the log, as it is served to everybody
///
/// Keep the checkpoint of every audit: given back with `--since`, it is what shows that the end of the log
/// was not cut off.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure evidence checkpoint > checkpoint-2026-11
  tenure evidence checkpoint --json

Exit codes: 0 done, 1 failed, 2 usage.")]
pub(crate) struct CheckpointArgs {}

impl CheckpointArgs {
    async fn run(self, context: &Context) -> Result<Exit, Failure> {
        reading(context, async |session| {
            let document = session.get("the checkpoint was not read", "/api/v1/evidence").await?;
            let log: Log = shaped(&document)?;
            context.document(&document);
            if context.form != Form::Json {
                context.raw(&log.checkpoint);
            }
            if context.terminal.output {
                context.next("tenure evidence checkpoint > FILE, and keep it elsewhere: `evidence verify --since FILE` needs it");
            }
            Ok(Exit::Done)
        })
        .await
    }
}

/// Export a range of the log, complete, into one file that verifies offline
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure evidence export everything.tenure
  tenure evidence export november.tenure --first 1200 --end 1830

Exit codes: 0 done, 1 failed, 2 usage.")]
pub(crate) struct ExportArgs {
    /// The file, which must not exist yet
    file: PathBuf,
    /// The first entry
    #[arg(long, value_name = "INDEX", default_value_t = 0)]
    first: u64,
    /// The entry after the last [default: the end of the log]
    #[arg(long, value_name = "INDEX")]
    end: Option<u64>,
}

impl ExportArgs {
    async fn run(self, context: &Context) -> Result<Exit, Failure> {
        reading(context, async |session| {
            let what = "the log was not exported";
            let end = self.end.map(|end| format!("&end={end}")).unwrap_or_default();
            let path = format!("/api/v1/evidence/export?first={}{end}", self.first);
            let bytes = session.get_bytes(what, &path).await?;
            let export = tenure_evidence::Export::parse(&bytes)
                .map_err(|error| Failure::new(what).caused_by(&error))?;
            proof::write_export(what, &self.file, &bytes)?;
            let log: Log = shaped(&session.get(what, "/api/v1/evidence").await?)?;
            let entries = i64::try_from(export.entries.len()).unwrap_or(i64::MAX);
            proof::said(context, &self.file, entries, bytes.len(), &log);
            Ok(Exit::Done)
        })
        .await
    }
}
