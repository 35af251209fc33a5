//! `tenure proof`: how well an end is known, by which observations, and the file that shows it.

use super::reading;
use crate::{
    client::part,
    context::Context,
    failure::{Exit, Failure},
    place::{pasted, shown as shown_path},
    render::{
        plan::{preview, probes, reached, steps},
        words::{count, instant, typeable},
    },
    session::{Session, shaped},
    wire::{Log, PlanShown},
};
use clap::Args;
use serde_json::json;
use std::path::{Path, PathBuf};
use tenure_keys::{FileRefused, RealDisk, write_new_private};
use tenure_model::printable;

/// Show how well the end of an identity is known, or export the evidence of it
///
/// With --export, writes everything recorded about the plan into one file, which anybody can verify
/// offline with `tenure evidence verify` and the log's public key. The file holds the names and reasons
/// that were recorded: hand it only to whom it concerns.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure proof k7wd2m
  tenure proof k7wd2m --export reporting.tenure

Exit codes: 0 proved to the required level, 1 not proved, taken back, or failed, 2 usage,
4 not over yet.
Levels: tenure help proof-levels.")]
pub(crate) struct Proof {
    /// Which plan
    plan: String,
    /// Write the evidence into this file, which must not exist yet
    #[arg(long, value_name = "FILE")]
    export: Option<PathBuf>,
}

impl Proof {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        reading(context, async |session| {
            let what = format!("plan `{}` was not shown", printable(&self.plan, 60));
            let path = format!("/api/v1/plans/{}", part(&self.plan));
            let document = session.get(&what, &path).await?;
            let shown: PlanShown = shaped(&document)?;
            let (sentence, exit) = reached(&shown);
            if let Some(file) = &self.export {
                return export(session, context, &shown, &path, file).await;
            }
            context.document(&document);
            print(context, &shown);
            context.print(sentence);
            context.next(format!("tenure proof {} --export {}.tenure", shown.plan.handle, shown.plan.handle));
            Ok(exit)
        })
        .await
    }
}

fn print(context: &Context, shown: &PlanShown) {
    for line in preview(shown, context.frame()) {
        context.say(line);
    }
    for approval in &shown.approvals {
        let alone = if approval.alone { ", who also asked for it" } else { "" };
        let step = approval.step.map(|step| format!(", step {}", step + 1)).unwrap_or_default();
        let emergency = approval.emergency.as_deref();
        let emergency = emergency.map(|why| format!(", in an emergency: {}", printable(why, 400)));
        context.say(format!(
            "Decided {} by person {}{step}{alone}, holding \"{}\"{}.",
            instant(approval.decided),
            crate::render::evidence::short_id(&approval.person),
            approval.right,
            emergency.unwrap_or_default()
        ));
    }
    context.say("Steps:");
    for line in steps(shown, context.frame()) {
        context.say(line);
    }
    if !shown.probes.is_empty() {
        context.say("Observed for the proof:");
    }
    for line in probes(shown) {
        context.say(line);
    }
}

async fn export(
    session: &Session<'_>,
    context: &Context,
    shown: &PlanShown,
    path: &str,
    file: &Path,
) -> Result<Exit, Failure> {
    let what = format!("the evidence of plan {} was not exported", shown.plan.handle);
    let bytes = session.get_bytes(&what, &format!("{path}/evidence")).await?;
    write_export(&what, file, &bytes)?;
    let log: Log = shaped(&session.get(&what, "/api/v1/evidence").await?)?;
    let entries = i64::try_from(shown.evidence.len()).unwrap_or(i64::MAX);
    said(context, file, entries, bytes.len(), &log);
    Ok(Exit::Done)
}

/// Writes an export: private, because bodies name people and things; never over another file.
pub(crate) fn write_export(what: &str, file: &Path, bytes: &[u8]) -> Result<(), Failure> {
    write_new_private(&RealDisk, file, bytes).map_err(|error| {
        let failure = Failure::new(what).caused_by(&error);
        match error {
            FileRefused::AlreadyThere { .. } => {
                failure.kept("the file that is there").next("choose another name")
            }
            _ => failure,
        }
    })
}

/// Says what was exported, and how it is verified.
pub(crate) fn said(context: &Context, file: &Path, entries: i64, bytes: usize, log: &Log) {
    let key = log.keys.first().cloned().unwrap_or_default();
    context.document(&json!({
        "file": file, "entries": entries, "bytes": bytes, "log": { "origin": log.origin, "size": log.size, "keys": log.keys },
    }));
    context.say(format!(
        "Exported {} ({bytes} bytes) to {}; only you can read it.",
        count(entries, "entry"),
        shown_path(file)
    ));
    context.say("Give whoever verifies it the log's public key some other way than with the file.");
    context.next(format!("tenure evidence verify {} --log-key {}", pasted(file), typeable(&key)));
}
