//! `tenure programme`: what the organisation decided, as a directory of files, from the first draft to what is in force.
//!
//! `init` and `check` need no deployment, so that a repository can check itself. Nothing is applied that was not shown
//! as it is: see `programme_apply.rs`. Next: `../programme_files.rs`, the directory.

use super::{programme_apply, programme_check, programme_drill, programme_facts, programme_replay, reading};
use crate::{
    context::{Context, Form},
    failure::{Exit, Failure},
    programme_files::{self, Difference, Ready},
    render::{
        paint::Look,
        table::{Table, cell, looking},
        words::{count, instant},
    },
    session::{Session, shaped},
    wire::programme::{Page, Programme, ProgrammeListed, ProgrammeShown},
};
use clap::{Args, Subcommand};
use serde_json::json;
use std::path::PathBuf;
use tenure_engine::ProgrammeFiles;
use tenure_model::printable;

/// What the organisation decided: classes, thresholds and policies, as a directory of files
#[derive(Debug, Subcommand)]
pub(crate) enum ProgrammeCommand {
    Show(Show),
    Init(Init),
    Check(programme_check::Check),
    Facts(programme_facts::Facts),
    Acknowledge(programme_check::Acknowledge),
    Consequences(programme_check::Consequences),
    Playbooks(programme_drill::Playbooks),
    Drill(programme_drill::Drill),
    Diff(Diff),
    Plan(programme_apply::Plan),
    Apply(programme_apply::Apply),
    Replay(programme_replay::Replay),
    Log(Log),
    Export(Export),
}

impl ProgrammeCommand {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        match self {
            Self::Show(args) => args.run(context).await,
            Self::Init(args) => args.run(context),
            Self::Check(args) => args.run(context).await,
            Self::Facts(args) => args.run(context),
            Self::Acknowledge(args) => args.run(context).await,
            Self::Consequences(args) => args.run(context).await,
            Self::Playbooks(args) => args.run(context).await,
            Self::Drill(args) => args.run(context).await,
            Self::Diff(args) => args.run(context).await,
            Self::Plan(args) => args.run(context).await,
            Self::Apply(args) => args.run(context).await,
            Self::Replay(args) => args.run(context).await,
            Self::Log(args) => args.run(context).await,
            Self::Export(args) => args.run(context).await,
        }
    }
}

/// Show the programme in force: its classes, and how many identities are of each
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure programme show

Exit codes: 0 done, 1 failed, 2 usage.")]
pub(crate) struct Show {}

impl Show {
    async fn run(self, context: &Context) -> Result<Exit, Failure> {
        reading(context, async |session| {
            let document = session.get("the programme was not read", "/api/v1/programme").await?;
            context.document(&document);
            let shown: ProgrammeShown = shaped(&document)?;
            match &shown.applied {
                None => context.say("No programme was applied; the defaults are in force."),
                Some(applied) => context.say(headline(applied)),
            }
            let mut table = Table::new(&["CLASS", "IDENTITIES", "MATCHES", "ASKS FOR"]).or_two_lines(0);
            for class in &shown.classes {
                table.row(vec![
                    looking(Look::Strong, &class.id),
                    cell(class.identities.to_string()),
                    cell(class.matches.join(" or ")),
                    cell(class.asks()),
                ]);
            }
            if !shown.classes.is_empty() {
                context.table(&table);
            }
            let own: Vec<&str> =
                shown.policies.iter().filter(|one| one.own).map(|one| one.id.as_str()).collect();
            if !own.is_empty() {
                context.say(format!("Policies of your own: {}.", own.join(", ")));
            }
            let off: Vec<&str> =
                shown.policies.iter().filter(|one| !one.enabled).map(|one| one.id.as_str()).collect();
            if !off.is_empty() {
                context.say(format!("Left out: {}.", off.join(", ")));
            }
            if shown.waiting > 0 {
                let wait = if shown.waiting == 1 { "waits" } else { "wait" };
                context.say(format!("{} {wait} to be judged by it.", count(shown.waiting, "identity")));
            }
            context.next(if shown.applied.is_none() {
                "tenure programme init DIR"
            } else {
                "tenure programme export DIR; after changing it: tenure programme plan DIR"
            });
            Ok(Exit::Done)
        })
        .await
    }
}

/// `Programme 3, applied 2026-11-22 by ada: why`.
fn headline(one: &ProgrammeListed) -> String {
    let by =
        one.applied_by.as_ref().map_or_else(|| String::from("somebody who left"), |name| printable(name, 80));
    format!(
        "Programme {}, applied {} by {by}: {}",
        one.version,
        instant(one.applied),
        printable(&one.reason, 300)
    )
}

/// Write a ready programme into a new directory, to be changed
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure programme init ./programme
  tenure programme init ./programme --from regulated

Exit codes: 0 written, 1 failed, 2 usage.")]
pub(crate) struct Init {
    /// Where: a directory that is empty or not there yet
    #[arg(value_name = "DIR")]
    directory: PathBuf,
    /// Which one
    #[arg(long, value_name = "NAME", default_value = "starter")]
    from: Ready,
}

impl Init {
    fn run(self, context: &Context) -> Result<Exit, Failure> {
        let files = self.from.files();
        programme_files::write("no programme was written", &self.directory, &files)?;
        let shown = programme_files::shown(&self.directory);
        let names: Vec<&String> = files.0.keys().collect();
        context.document(&json!({ "directory": self.directory, "files": names }));
        if context.form == Form::Quiet {
            context.print(&shown);
        }
        context.say(format!("Wrote the programme `{}` into {shown}: {}.", self.from, self.from.about()));
        context.next(format!("read and change it, then tenure programme plan {shown}"));
        Ok(Exit::Done)
    }
}

/// Say what differs between a programme and the one in force, setting by setting
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure programme diff ./programme

What it would change for whom: tenure programme plan ./programme

Exit codes: 0 done, 1 failed, 2 usage.")]
pub(crate) struct Diff {
    /// The directory of its files
    #[arg(value_name = "DIR")]
    directory: PathBuf,
}

impl Diff {
    async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let what = "the programme was not compared";
        let files = programme_files::read(what, &self.directory)?;
        programme_files::refuse_faulty(what, &files)?;
        reading(context, async |session| {
            let differences = differences(session, what, &files).await?;
            context.document(&json!({ "differences": differences }));
            if differences.is_empty() {
                context.say("It says what the programme in force says.");
                return Ok(Exit::Done);
            }
            for one in &differences {
                context.print(one.to_string());
            }
            context.next(format!("tenure programme plan {}", programme_files::shown(&self.directory)));
            Ok(Exit::Done)
        })
        .await
    }
}

/// The settings of a programme that differ from what is in force.
pub(super) async fn differences(
    session: &Session<'_>,
    what: &str,
    files: &ProgrammeFiles,
) -> Result<Vec<Difference>, Failure> {
    let shown: ProgrammeShown = shaped(&session.get(what, "/api/v1/programme").await?)?;
    let in_force = match shown.applied {
        None => programme_files::defaults(),
        Some(applied) => {
            let path = format!("/api/v1/programmes/{}", applied.version);
            shaped::<Programme>(&session.get(what, &path).await?)?.files
        }
    };
    Ok(programme_files::differences(&in_force, files))
}

/// List the programmes that were applied, the last one first
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure programme log

Exit codes: 0 done, 1 failed, 2 usage.")]
pub(crate) struct Log {}

impl Log {
    async fn run(self, context: &Context) -> Result<Exit, Failure> {
        reading(context, async |session| {
            let document = session.get("the programmes were not read", "/api/v1/programmes").await?;
            context.document(&document);
            let page: Page<ProgrammeListed> = shaped(&document)?;
            if page.items.is_empty() {
                context.say("No programme was applied yet.");
                context.next("tenure programme init DIR");
                return Ok(Exit::Done);
            }
            let mut table = Table::new(&["VERSION", "APPLIED", "BY", "DIGEST", "WHY"]).or_two_lines(4);
            for one in &page.items {
                table.row(vec![
                    cell(one.version.to_string()),
                    cell(instant(one.applied)),
                    cell(one.applied_by.as_deref().unwrap_or("(left)")),
                    cell(one.digest.get(..12).unwrap_or_default()),
                    cell(&one.reason),
                ]);
            }
            context.table(&table);
            context.next("tenure programme export DIR --version N");
            Ok(Exit::Done)
        })
        .await
    }
}

/// Write the programme in force, or a former one, into a new directory
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure programme export ./programme
  tenure programme export ./before --version 2

Exit codes: 0 written, 1 failed, 2 usage.")]
pub(crate) struct Export {
    /// Where: a directory that is empty or not there yet
    #[arg(value_name = "DIR")]
    directory: PathBuf,
    /// Which one [default: the one in force]
    #[arg(long, value_name = "N")]
    version: Option<i64>,
}

impl Export {
    async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let what = "the programme was not exported";
        reading(context, async |session| {
            let version = match self.version {
                Some(version) => version,
                None => {
                    let shown: ProgrammeShown = shaped(&session.get(what, "/api/v1/programme").await?)?;
                    let none = || {
                        Failure::new(what)
                            .because("none was applied; the defaults are in force")
                            .next("tenure programme init DIR writes one to begin with")
                    };
                    shown.applied.ok_or_else(none)?.version
                }
            };
            let document = session.get(what, &format!("/api/v1/programmes/{version}")).await?;
            let programme: Programme = shaped(&document)?;
            programme_files::write(what, &self.directory, &programme.files)?;
            context.document(&document);
            let shown = programme_files::shown(&self.directory);
            context.say(format!("Wrote programme {version} into {shown}."));
            context.next(format!("after changing it: tenure programme plan {shown}"));
            Ok(Exit::Done)
        })
        .await
    }
}
