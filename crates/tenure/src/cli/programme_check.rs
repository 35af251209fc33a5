//! `tenure programme check`, `acknowledge`, `consequences`: whether a programme can be applied, whether its people are
//! there and can be reached, and what follows by itself.
//!
//! With a directory nothing is asked of a deployment, so that a repository can check itself; it says that nobody was asked.
//! It must never say for another that messages reach them. Next: `programme.rs`.

use super::{changing, reading};
use crate::{
    context::Context,
    failure::{Exit, Failure},
    programme_files,
    render::{
        paint::Look,
        table::{Table, cell, looking},
        words::{count, instant},
    },
    session::shaped,
    wire::programme::{Checked, Consequence, Contact, ControlChecked, Page},
};
use clap::Args;
use serde_json::json;
use std::path::PathBuf;
use tenure_engine::{Clock as _, SystemClock, check_files, check_programme};
use tenure_model::{ConsequenceMode, ConsequenceState, printable};

/// Say what is wrong with a programme, and whether the people of its controls can be reached
///
/// With a directory: everything that is wrong with its files, and what they alone say of each control; needs no
/// deployment, and nobody is asked. Without: what is in force, with the people who are there now.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure programme check ./programme
  tenure programme check

Exit codes: 0 it can be applied (with a directory), every control is ready (without), 1 something is wrong, 2 usage.")]
pub(crate) struct Check {
    /// The directory of its files [default: ask about what is in force]
    #[arg(value_name = "DIR")]
    directory: Option<PathBuf>,
}

impl Check {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        match &self.directory {
            Some(directory) => check_directory(context, directory),
            None => check_in_force(context).await,
        }
    }
}

fn check_directory(context: &Context, directory: &std::path::Path) -> Result<Exit, Failure> {
    let files = programme_files::read("the programme was not checked", directory)?;
    let faults = check_programme(&files);
    let shown = programme_files::shown(directory);
    if !faults.is_empty() {
        context.document(&json!({ "faults": faults, "controls": [] }));
        for fault in &faults {
            context.print(fault.to_string());
        }
        context
            .say(format!("{} in {shown}.", count(i64::try_from(faults.len()).unwrap_or(i64::MAX), "fault")));
        return Ok(Exit::Failed);
    }
    let controls = check_files(&files, SystemClock::default().now());
    context.document(&json!({ "faults": faults, "controls": controls }));
    context.say(format!("The programme in {shown} can be applied."));
    let controls: Vec<ControlChecked> = shaped(&json!(controls))?;
    if !controls.is_empty() {
        print_controls(context, &controls);
        context.say("Whether these people are there and can be reached was not looked at: tenure programme check asks the deployment.");
    }
    context.next(format!("tenure programme plan {shown}"));
    Ok(Exit::Done)
}

async fn check_in_force(context: &Context) -> Result<Exit, Failure> {
    reading(context, async |session| {
        let document = session.get("the programme was not checked", "/api/v1/programme/check").await?;
        context.document(&document);
        let checked: Checked = shaped(&document)?;
        for one in &checked.asked_in_vain {
            context.print(format!("{}: {}", printable(&one.setting, 120), printable(&one.why, 300)));
        }
        let answered = if checked.asked_in_vain.is_empty() { Exit::Done } else { Exit::Failed };
        if checked.controls.is_empty() {
            context.say("The programme in force names no control, so nothing is begun by itself.");
            return Ok(answered);
        }
        print_controls(context, &checked.controls);
        let mut table = Table::new(&["NAMED", "IS THERE", "MESSAGES REACH THEM SINCE", "COUNTS UNTIL"]);
        for one in &checked.contacts {
            table.row(vec![
                looking(Look::Strong, &one.name),
                cell(if one.is_there { "yes" } else { "no" }),
                cell(one.acknowledged.map_or_else(|| String::from("never said"), instant)),
                cell(one.counts_until.map(instant).unwrap_or_default()),
            ]);
        }
        context.table(&table);
        let ready = checked.controls.iter().all(|one| one.ready);
        if !ready {
            context.say("Nothing is begun by itself for a control that is not ready; what people decide always works.");
        }
        Ok(if ready { answered } else { Exit::Failed })
    })
    .await
}

fn print_controls(context: &Context, controls: &[ControlChecked]) {
    for one in controls {
        let state = match (one.ready, one.mode) {
            (true, Some(ConsequenceMode::Observe)) => "ready, and only observed (mode = \"observe\")",
            (true, Some(ConsequenceMode::Enforce) | None) => "ready",
            (false, _) => "not ready",
        };
        context.print(format!("{}  {state}: {}", one.control, printable(&one.holds, 300)));
        let partners =
            one.delivered_by.iter().map(|by| format!("{} {}", by.role, printable(&by.partner, 60)));
        let partners: Vec<String> = partners.collect();
        if !partners.is_empty() {
            context.print(format!("  {}", partners.join(", ")));
        }
        for fault in &one.faults {
            context.print(format!("  fault: {}", printable(fault, 400)));
        }
        for warning in &one.warnings {
            let accepted = warning
                .accepted_until
                .as_ref()
                .map(|until| format!(" (accepted until {until})"))
                .unwrap_or_default();
            context.print(format!(
                "  warning `{}`: {}{accepted}",
                warning.warning,
                printable(&warning.why, 400)
            ));
        }
    }
}

/// Say that messages reach you: whoever a programme names does, every quarter
///
/// Only for yourself, and only if the programme in force names you. It counts for 92 days. Nothing is begun by itself
/// for a control whose escalation did not say so.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure programme acknowledge

Exit codes: 0 written down, 1 failed, 2 usage.")]
pub(crate) struct Acknowledge {}

impl Acknowledge {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let what = "it was not written down that messages reach you";
        changing(context, async |session| {
            let path = "/api/v1/programme/acknowledgement";
            let document = session.post(what, path, &json!({})).await?;
            context.document(&document);
            let said: Contact = shaped(&document)?;
            let until = said.counts_until.map(instant).unwrap_or_default();
            context.say(format!(
                "{}: messages reach you. That counts until {until}.",
                printable(&said.name, 80)
            ));
            context.next("tenure programme check");
            Ok(Exit::Done)
        })
        .await
    }
}

/// List what follows by itself from what stays lapsed: warned, would be disabled, proposed
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure programme consequences

Exit codes: 0 done, 1 failed, 2 usage.")]
pub(crate) struct Consequences {}

impl Consequences {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        reading(context, async |session| {
            let path = "/api/v1/programme/consequences";
            let document = session.get("what follows was not listed", path).await?;
            context.document(&document);
            let page: Page<Consequence> = shaped(&document)?;
            if page.items.is_empty() {
                context.say(
                    "Nothing follows: nothing is lapsed by a control for as long as the programme waits.",
                );
                return Ok(Exit::Done);
            }
            let mut table =
                Table::new(&["IDENTITY", "CONTROL", "HOW FAR", "SINCE", "NEXT, OR WHY NOT"]).or_two_lines(4);
            for one in &page.items {
                table.row(vec![
                    looking(Look::Strong, &one.identity_name),
                    cell(&one.control),
                    cell(one.state.as_str().replace('_', " ")),
                    cell(instant(one.at)),
                    cell(one.next()),
                ]);
            }
            context.table(&table);
            let proposed = page.items.iter().find(|one| one.state == ConsequenceState::Proposed);
            context.next(match proposed.and_then(|one| one.plan_handle.as_ref()) {
                Some(handle) => format!("tenure apply {handle}, or tenure plans to see it"),
                None => String::from("tenure programme check"),
            });
            Ok(Exit::Done)
        })
        .await
    }
}
