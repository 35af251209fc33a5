//! `tenure clocks`: what waits for people under a service level, the late ones first; and letting one stand still for a while.
//!
//! Nothing ends a clock but the decision it runs for. It must never say that a paused one is late.

use super::{changing, reading};
use crate::{
    client::part,
    context::Context,
    failure::{Exit, Failure},
    render::{
        paint::Look,
        table::{Table, cell, looking, name},
        words::{count, duration, instant},
    },
    session::{Session, shaped},
    wire::{Clock, Page},
};
use clap::{Args, Subcommand};
use serde_json::json;
use std::time::Duration;
use tenure_model::{Instant, printable};

/// List what waits for people under a service level, the late ones first
///
/// The programme says by when which steps of requests, plans and exceptions are decided, in whose hours, and who is asked when
/// they are not. What passed on may be decided by whoever was asked first, too.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "\
Examples:
  tenure clocks
  tenure clocks --late --json
  tenure clocks pause 7k2m4x --until 2026-12-04 --reason \"waits for the vendor\"
  tenure clocks resume 7k2m4x

Exit codes: 0 listed or done, 1 failed, 2 usage."
)]
pub(crate) struct Clocks {
    #[command(subcommand)]
    act: Option<Act>,
    /// Only what is late
    #[arg(long)]
    late: bool,
}

#[derive(Debug, Subcommand)]
enum Act {
    Pause(Pause),
    Resume(Resume),
}

/// Let a clock stand still until a day, for a reason
///
/// As long as its service level allows (`pause_days_max`), all its pauses together. It runs again by itself, with as much time
/// as was left. Whoever asked for what waits, or answers for what it is about, does not pause it; what is late is not paused.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure clocks pause 7k2m4x --until 2026-12-04 --reason \"waits for the vendor\"

Exit codes: 0 paused, 1 failed, 2 usage.")]
struct Pause {
    /// What waits: its handle or its id
    what: String,
    /// When it runs again: a day (its end, in UTC), or an instant
    #[arg(long, value_name = "DAY", value_parser = Instant::parse_end)]
    until: Instant,
    /// Why; it is shown beside what waits, and kept
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

/// Let a paused clock run again
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure clocks resume 7k2m4x

Exit codes: 0 it runs again, 1 failed, 2 usage.")]
struct Resume {
    /// What waits: its handle or its id
    what: String,
}

impl Pause {
    async fn run(self, context: &Context) -> Result<Exit, Failure> {
        changing(context, async |session| {
            let path = format!("/api/v1/clocks/{}/pause", part(&self.what));
            let body = json!({ "until": self.until, "reason": self.reason });
            let document = session.post("the clock was not paused", &path, &body).await?;
            context.document(&document);
            let one: Clock = shaped(&document)?;
            context.say(format!(
                "Paused until {}: then it is due {}, unless it is decided before.",
                instant(self.until),
                instant(one.due)
            ));
            context.next(format!("tenure clocks resume {}", one.handle));
            Ok(Exit::Done)
        })
        .await
    }
}

impl Resume {
    async fn run(self, context: &Context) -> Result<Exit, Failure> {
        changing(context, async |session| {
            let path = format!("/api/v1/clocks/{}/pause", part(&self.what));
            let document = session.delete_and_tell("the clock does not run again", &path).await?;
            context.document(&document);
            let one: Clock = shaped(&document)?;
            context.say(format!("It runs again, and is due {}.", instant(one.due)));
            context.next("tenure clocks");
            Ok(Exit::Done)
        })
        .await
    }
}

impl Clocks {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        match self.act {
            Some(Act::Pause(args)) => args.run(context).await,
            Some(Act::Resume(args)) => args.run(context).await,
            None => self.list(context).await,
        }
    }

    async fn list(self, context: &Context) -> Result<Exit, Failure> {
        reading(context, async |session| {
            let path = format!("/api/v1/clocks?late={}&limit=500", self.late);
            let document = session.get("what waits was not listed", &path).await?;
            context.document(&document);
            let page: Page<Clock> = shaped(&document)?;
            if page.items.is_empty() {
                context.say(if self.late {
                    "Nothing is late."
                } else {
                    "Nothing waits under a service level."
                });
                context.next("tenure programme show says what is in force");
                return Ok(Exit::Done);
            }
            let late = page.items.iter().filter(|one| one.late.is_some()).count();
            let all = i64::try_from(page.items.len()).unwrap_or(i64::MAX);
            context.say(format!("{} under a service level, {late} late", count(all, "step")));
            print(context, &page.items);
            context.next(
                "tenure request show, tenure plan or tenure exception show, each with what is named first",
            );
            Ok(Exit::Done)
        })
        .await
    }
}

fn print(context: &Context, rows: &[Clock]) {
    let mut table = Table::new(&["WHAT", "FOR", "DUE", "LEFT", "ABOUT", "ASKED"]).or_two_lines(4);
    for one in rows {
        let (look, left) = left(one);
        table.row(vec![
            cell(&one.handle),
            cell(format!("{} step {}", one.kind, one.step)),
            cell(instant(one.due)),
            looking(look, left),
            name(printable(&one.about, 120)),
            cell(format!("{}: {}", one.stage, printable(&one.asked, 200))),
        ]);
    }
    context.list(&table, rows.iter().map(|one| &one.handle));
}

/// How much time is left, in whose hours; or since when there is none.
fn left(one: &Clock) -> (Look, String) {
    if let Some(at) = one.over {
        return (Look::Bad, format!("nobody left to ask since {}", instant(at)));
    }
    if let Some(at) = one.late {
        return (Look::Bad, format!("late since {}", instant(at)));
    }
    if let Some(pause) = &one.paused {
        return (Look::Warn, format!("paused until {}", instant(pause.until)));
    }
    let left = duration(Duration::from_secs(one.left_seconds));
    let of = one.calendar.as_ref().map(|calendar| format!(" of {}", printable(calendar, 60)));
    (Look::Plain, format!("{left}{}", of.unwrap_or_default()))
}

/// Prints by when the step of something that waits is decided, as one more fact of it; nothing where it has no clock.
pub(super) async fn print_of(context: &Context, session: &Session<'_>, handle: &str) -> Result<(), Failure> {
    let path = format!("/api/v1/clocks?of={}", part(handle));
    let page: Page<Clock> = shaped(&session.get("its service level cannot be shown", &path).await?)?;
    let Some(one) = page.items.first() else { return Ok(()) };
    let (look, left) = left(one);
    let passes = if one.over.is_some() || one.late.is_some() { "" } else { ", else it passes on" };
    let left = context.frame().paint.text(look, &left);
    context.print(format!("  {:<20}due {}{passes} ({left})", "service level", instant(one.due)));
    context.print(format!("  {:<20}asked: {}", "", printable(&one.asked, 200)));
    if let Some(pause) = &one.paused {
        let by = pause.by.as_deref().unwrap_or("somebody who left");
        context.print(format!("  {:<20}paused by {by}: {}", "", printable(&pause.reason, 200)));
    }
    Ok(())
}
