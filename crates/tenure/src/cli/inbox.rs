//! `tenure inbox`: what waits for you, why it is yours, what to do and until when.
//!
//! It must never say that something is yours which you may not decide: the server asks the rules that decide. Next:
//! `tenure-engine/src/verbs/inbox`.

use super::reading;
use crate::{
    client::part,
    context::{Context, Form},
    failure::{Exit, Failure},
    render::{
        paint::Look,
        words::{count, instant, wrapped},
    },
    session::shaped,
    wire::{Inbox, Waiting},
};
use clap::Args;
use tenure_model::printable;

/// List what waits for you, what comes first first
///
/// Plans, requests, exceptions and reviews that you may decide right now; what others say is yours; what you own and have to
/// confirm or mend; a survey that is held; that messages reach you. Overdue first, then what could cost most, then what is due
/// first. What became of what you asked for is told below, and counts as nothing that waits.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure inbox
  tenure inbox --count
  tenure inbox --fail-overdue             in a job that reminds you
  tenure inbox --person alice             of somebody else: administrators

Exit codes: 0 done, 1 failed, 2 usage, 3 something is overdue, with --fail-overdue.")]
pub(crate) struct InboxArgs {
    /// Only how much waits, and how much of it is overdue
    #[arg(long)]
    count: bool,
    /// End with code 3 when something is overdue
    #[arg(long)]
    fail_overdue: bool,
    /// Whose, by name: for administrators [default: yours]
    #[arg(long, value_name = "NAME")]
    person: Option<String>,
}

impl InboxArgs {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        reading(context, async |session| {
            let of = self.person.as_ref().map(|name| format!("?person={}", part(name)));
            let path = format!("/api/v1/inbox{}", of.unwrap_or_default());
            let document = session.get("what waits was not looked up", &path).await?;
            context.document(&document);
            let inbox: Inbox = shaped(&document)?;
            if context.form == Form::Quiet {
                inbox.waiting.iter().for_each(|one| context.print(printable(&one.name, 200)));
            } else if self.count {
                context.print(amount(&inbox));
            } else {
                print(context, &inbox);
            }
            Ok(if self.fail_overdue && inbox.overdue > 0 { Exit::Findings } else { Exit::Done })
        })
        .await
    }
}

fn amount(inbox: &Inbox) -> String {
    let lines: i64 = i64::try_from(inbox.waiting.len()).unwrap_or(i64::MAX);
    let more = if inbox.more.is_empty() { "" } else { " and more" };
    format!("{}{more} for {}, {} overdue", count(lines, "thing"), printable(&inbox.person, 80), inbox.overdue)
}

fn print(context: &Context, inbox: &Inbox) {
    if inbox.waiting.is_empty() && inbox.more.is_empty() {
        context.say(format!("Nothing waits for {}.", printable(&inbox.person, 80)));
    } else {
        context.say(format!("Waits: {}, what comes first first:", amount(inbox)));
    }
    inbox.waiting.iter().for_each(|one| block(context, one));
    for more in &inbox.more {
        let many = match more.at_least {
            0 => String::from("There may be more"),
            known => format!("And {known} more"),
        };
        context.say(format!(
            "{many} ({}): {}",
            more.kind.as_str().replace('_', " "),
            printable(&more.command, 120)
        ));
    }
    if let Some(note) = &inbox.note {
        context.say(format!("Note: {}.", printable(note, 300)));
    }
    if !inbox.answered.is_empty() {
        context.say("For your information, of the last 14 days:");
        inbox.answered.iter().for_each(|one| block(context, one));
    }
    match inbox.waiting.first() {
        Some(first) => context.next(printable(&first.command, 200)),
        None => context.next("tenure findings --queue"),
    }
}

fn block(context: &Context, one: &Waiting) {
    let (paint, columns) = (context.frame().paint, context.frame().prose(6));
    let risk = one.risk.map(|risk| format!(", {risk} risk")).unwrap_or_default();
    let due = match (one.overdue, one.due) {
        (true, Some(due)) => paint.text(Look::Bad, &format!("overdue since {}", instant(due))),
        (_, Some(due)) => format!("until {}", instant(due)),
        (_, None) => format!("since {}", instant(one.since)),
    };
    let head = paint.text(Look::Strong, &printable(&one.what, 200));
    context.print(format!("  {}  {head}", paint.text(Look::Warn, &one.kind.as_str().replace('_', " "))));
    for line in wrapped(&format!("{}; {due}{risk}", printable(&one.why, 400)), columns) {
        context.print(format!("      {line}"));
    }
    context.print(format!("      → {}", printable(&one.command, 200)));
}
