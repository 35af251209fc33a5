//! `backup` and `restore`. A restore is a ceremony: it never continues the old log.
//!
//! A backup is asked of the API like everything else. A restore has nobody to ask yet: it opens the
//! new deployment itself, with the key that was given, and must never touch the old one.

use super::changing;
use crate::{
    context::Context,
    failure::{Exit, Failure},
    place::{OpenRefused, pasted, shown},
    render::words::count,
    session::{Hosted, Purpose, shaped},
    wire::BackupReport,
};
use clap::Args;
use serde_json::json;
use std::path::PathBuf;
use tenure_engine::{RestoreReport, restore};
use tenure_keys::KEK_FILE;
use tenure_server::ServeOptions;

/// The file that every backup has.
const MANIFEST: &str = "manifest.json";

/// Write a backup into a new directory
///
/// Holds the database, the sealed key rings and the last checkpoint. It holds neither the key-encryption
/// key nor any value under escrow: keep the key somewhere else, and test that it opens a restored backup.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure backup /backups/tenure-2026-11-21

Exit codes: 0 done, 1 failed, 2 usage.")]
pub(crate) struct Backup {
    /// A directory that is not there yet
    directory: PathBuf,
}

impl Backup {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let directory = std::path::absolute(&self.directory)
            .map_err(|error| Failure::usage("the directory cannot be named").caused_by(&error))?;
        changing(context, async |session| {
            let document = session
                .post("no backup was made", "/api/v1/backups", &json!({ "directory": directory }))
                .await?;
            let report: BackupReport = shaped(&document)?;
            context.document(&document);
            context.say(format!(
                "Backed up into {}: log {} with {}, {} KiB.",
                shown(report.directory.as_ref()),
                report.origin,
                count(i64::try_from(report.size).unwrap_or(i64::MAX), "entry"),
                report.bytes.div_ceil(1024)
            ));
            let key = context.place.paths().keys().join(KEK_FILE);
            if key.exists() {
                context.say(format!(
                    "Not in it: the key that opens it, {}. Keep a copy of that somewhere else.",
                    shown(&key)
                ));
            }
            context.next(format!(
                "test it: tenure restore {} --into NEW-DIRECTORY --key-file KEY",
                shown(&directory)
            ));
            Ok(Exit::Done)
        })
        .await
    }
}

/// Restore a backup into a new directory, as a new log that cites the old
///
/// The old log is exported for keeping and closed; a new one begins, and its first entry names the last
/// checkpoint known of the old. What happened after the backup is lost, and the new log says how much.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure restore /backups/tenure-2026-11-21 --into ~/tenure-restored --key-file ~/kek
  tenure restore BACKUP --into DIR --key-file KEK --last-checkpoint ~/.local/share/tenure/checkpoint
  tenure restore BACKUP --into DIR --key-file KEK --database-url postgres://tenure@HOST/EMPTY --database-password-file F

Exit codes: 0 restored, 1 failed, 2 usage, 4 a key is needed.")]
pub(crate) struct Restore {
    /// The backup
    backup: PathBuf,
    /// A directory that is not there yet
    #[arg(long, value_name = "DIR")]
    into: PathBuf,
    /// The newest checkpoint of the old log known anywhere: from the lost data directory, a witness, an export
    #[arg(long, value_name = "FILE")]
    last_checkpoint: Option<PathBuf>,
}

impl Restore {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let what = "nothing was restored";
        let place = context.place.elsewhere(&self.into)?;
        let last = self
            .last_checkpoint
            .as_ref()
            .map(|path| {
                std::fs::read_to_string(path).map_err(|error| {
                    Failure::usage(format!("{} cannot be read", shown(path))).caused_by(&error)
                })
            })
            .transpose()?;
        crate::client::check_socket_path(&place.paths().socket())?;
        if !self.backup.join(MANIFEST).exists() {
            return Err(Failure::usage(format!("{} holds no backup", shown(&self.backup)))
                .because(format!("there is no {MANIFEST} in it")));
        }
        let Some(kek) = place.kek().await? else {
            return Err(Failure::undecided(what)
                .because("the key-encryption key is not in a backup")
                .kept("the backup is as it was")
                .next("give the one the deployment used: --key-file FILE, or TENURE_KEY"));
        };
        let restored = restore(&self.backup, last.as_deref(), place.options(Some(kek))?).await;
        let (deployment, report) = restored.map_err(|failure| match place.sorted(failure) {
            OpenRefused::Other(failure) => {
                Failure { what: what.to_owned(), ..failure }.kept("the backup is as it was")
            }
            in_use @ OpenRefused::InUse { .. } => in_use.into_failure(&place),
        })?;
        place.remember_restored()?;
        // Judged once, so that the first look at it is current. What was approved before is not carried
        // on here: a person looks first at what was lost.
        let hosted = Hosted::begin(deployment, ServeOptions::default(), Purpose::Read).await?;
        hosted.settle().await;
        hosted.end().await;
        self.say(context, &report);
        Ok(Exit::Done)
    }

    fn say(&self, context: &Context, report: &RestoreReport) {
        context.document(&json!(report));
        let number = |size: u64| count(i64::try_from(size).unwrap_or(i64::MAX), "entry");
        context.say(format!(
            "Restored into {}. The old log {} is closed.",
            shown(&self.into),
            report.old_origin
        ));
        let lost = report.last_known_size.saturating_sub(report.old_size);
        if lost > 0 {
            context.say(format!(
                "The backup holds {} of the old log, {} were known: {lost} {} lost, and the new log says so.",
                number(report.old_size),
                report.last_known_size,
                if lost == 1 { "is" } else { "are" },
            ));
        } else {
            context.say(format!(
                "It holds {} of the old log; no later checkpoint was given or known.",
                number(report.old_size)
            ));
        }
        context.say(format!(
            "A new log begins: {}. Its first entry cites the last checkpoint of the old.",
            report.new_origin
        ));
        for file in &report.old_log {
            context.say(format!("  the old log, for keeping: {}", shown(file)));
        }
        context.next(format!("tenure --data {} up; then survey every source again", pasted(&self.into)));
    }
}
