//! `tenure events`: how far other systems were told of the log, and whether the way works. Next: docs/events.md.

use super::{changing, reading, revoke::quoted};
use crate::{
    client::part,
    context::Context,
    failure::{Exit, Failure},
    render::{
        paint::Look,
        table::{Table, cell, looking, name},
        words::{count, instant},
    },
    session::shaped,
    wire::EventStream,
};
use clap::{Args, Subcommand};
use serde_json::json;
use tenure_model::printable;

/// List the streams by which other systems are told what the log holds
///
/// Each entry of the log leaves as a signed webhook or as syslog, in order and at least once. A stream that fails stands still and is
/// tried again by itself; nothing is skipped. `[[events]]` in tenure.toml names them.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "\
Examples:
  tenure events
  tenure events --json
  tenure events test siem

Exit codes: 0 listed or taken, 1 failed, 2 usage."
)]
pub(crate) struct Events {
    #[command(subcommand)]
    act: Option<Act>,
}

#[derive(Debug, Subcommand)]
enum Act {
    Test(Test),
}

/// Write an entry for a stream to tell, and see whether it is taken
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure events test siem

Exit codes: 0 it was taken, 1 failed, 2 usage.")]
struct Test {
    /// Which stream
    name: String,
}

impl Events {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        match self.act {
            Some(Act::Test(args)) => args.run(context).await,
            None => list(context).await,
        }
    }
}

async fn list(context: &Context) -> Result<Exit, Failure> {
    reading(context, async |session| {
        let document = session.get("streams were not listed", "/api/v1/event-streams").await?;
        let streams: Vec<EventStream> = shaped(&document)?;
        context.document(&document);
        if streams.is_empty() {
            context.say("No other system is told anything.");
            context.next("docs/events.md says what to write into tenure.toml");
            return Ok(Exit::Done);
        }
        context.say(count(i64::try_from(streams.len()).unwrap_or(i64::MAX), "stream"));
        let mut table = Table::new(&["STREAM", "TO", "FORM", "KINDS", "BEHIND", "STATE"]).or_two_lines(3);
        for one in &streams {
            let (look, state) = state(one);
            let details = if one.details { ", with names" } else { "" };
            let kinds = if one.kinds.is_empty() { String::from("all") } else { one.kinds.join(", ") };
            table.row(vec![
                cell(&one.name),
                name(printable(&format!("{} {}", one.way, one.to), 120)),
                cell(format!("{}{details}", one.format)),
                cell(printable(&kinds, 120)),
                cell(one.behind.to_string()),
                looking(look, state),
            ]);
        }
        context.list(&table, streams.iter().map(|one| &one.name));
        Ok(Exit::Done)
    })
    .await
}

fn state(one: &EventStream) -> (Look, String) {
    match (&one.why, one.taken) {
        (Some(why), _) => {
            let again = one.again.map(|at| format!(", tried again {}", instant(at))).unwrap_or_default();
            (Look::Bad, format!("stands still: {}{again}", printable(why, 200)))
        }
        (None, Some(at)) => (Look::Good, format!("told {}", instant(at))),
        (None, None) => (Look::Plain, String::from("has nothing to tell yet")),
    }
}

impl Test {
    async fn run(self, context: &Context) -> Result<Exit, Failure> {
        changing(context, async |session| {
            let shown = printable(&self.name, 60);
            let path = format!("/api/v1/event-streams/{}/test", part(&self.name));
            let document = session.post(&format!("`{shown}` was not tried"), &path, &json!({})).await?;
            let one: EventStream = shaped(&document)?;
            context.document(&document);
            let to = printable(&one.to, 120);
            match &one.why {
                None => {
                    context.say(format!("{to} took everything up to an entry `events.tested` of now."));
                    Ok(Exit::Done)
                }
                Some(why) => {
                    context.say(format!("Not taken by {to}: {}.", printable(why, 300)));
                    let again = format!(
                        "it is tried again by itself; once that is mended: tenure events test {}",
                        quoted(&self.name)
                    );
                    context.next(again);
                    Ok(Exit::Failed)
                }
            }
        })
        .await
    }
}
