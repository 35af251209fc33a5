//! `tenure clocks`: what waits for people under a service level, the late ones first.
//!
//! It only shows: nobody stops a clock but whoever decides what it runs for.

use super::reading;
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
use clap::Args;
use std::time::Duration;
use tenure_model::printable;

/// List what waits for people under a service level, the late ones first
///
/// The programme says by when which steps of requests, plans and exceptions are decided, in whose hours, and who is asked when
/// they are not. What passed on may be decided by whoever was asked first, too.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure clocks
  tenure clocks --late --json

Exit codes: 0 listed, 1 failed, 2 usage.")]
pub(crate) struct Clocks {
    /// Only what is late
    #[arg(long)]
    late: bool,
}

impl Clocks {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
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
    Ok(())
}
