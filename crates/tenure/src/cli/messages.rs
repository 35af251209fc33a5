//! `tenure messages`: what people were told, whether it was sent, and whether the way works.
//!
//! What a message said is not shown: it was theirs. Next: docs/messages.md; `people_mail.rs`, where mail reaches somebody.

use super::{changing, listing, listing::Amount, reading, revoke::quoted};
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
    wire::{MailWay, Message},
};
use clap::{Args, Subcommand};
use serde_json::json;
use tenure_model::printable;

/// List what people were told, and whether it was sent
///
/// Whom mail reaches is told what is new in their inbox: once a day, and at once where it is urgent, as the programme says.
/// What a message said is not kept once it was sent.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "\
Examples:
  tenure messages
  tenure messages --failed --json
  tenure messages test asha

Exit codes: 0 listed or sent, 1 failed, 2 usage."
)]
pub(crate) struct Messages {
    #[command(subcommand)]
    act: Option<Act>,
    /// Only those that wait to be sent, or were given up
    #[arg(long)]
    failed: bool,
    #[command(flatten)]
    amount: Amount,
}

#[derive(Debug, Subcommand)]
enum Act {
    Test(Test),
}

/// Send somebody a message now, to see whether messages reach them
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure messages test asha

Exit codes: 0 a mail server took it, 1 failed, 2 usage.")]
struct Test {
    /// Whom
    name: String,
}

impl Messages {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        match self.act {
            Some(Act::Test(args)) => args.run(context).await,
            None => self.list(context).await,
        }
    }

    async fn list(self, context: &Context) -> Result<Exit, Failure> {
        reading(context, async |session| {
            let what = "messages were not listed";
            let query = [format!("failed={}", self.failed)];
            let listed =
                listing::read::<Message>(session, what, "/api/v1/messages", &query, self.amount.most())
                    .await?;
            context.document(&listed.document);
            let way: MailWay = shaped(&session.get(what, "/api/v1/mail").await?)?;
            context.say(match &way.mail {
                Some(mail) => format!(
                    "Mail leaves through {}:{} ({}), from {}.",
                    printable(&mail.server, 200),
                    mail.port,
                    mail.security,
                    printable(&mail.from, 254)
                ),
                None => String::from("No mail server is configured: nobody is told anything by mail."),
            });
            if listed.rows.is_empty() {
                context.say(if self.failed { "Nothing failed." } else { "Nobody was told anything yet." });
                context.next(match way.mail {
                    Some(_) => "tenure people address NAME --mail ADDRESS says where mail reaches somebody",
                    None => "docs/messages.md says what to write into tenure.toml",
                });
                return Ok(Exit::Done);
            }
            let all = i64::try_from(listed.rows.len()).unwrap_or(i64::MAX);
            context.say(format!("{}, the newest first", count(all, "message")));
            print(context, &listed.rows);
            if listed.more {
                context.next("there are more: --all");
            }
            Ok(Exit::Done)
        })
        .await
    }
}

fn print(context: &Context, rows: &[Message]) {
    let mut table = Table::new(&["MESSAGE", "WRITTEN", "TO", "KIND", "TELLS OF", "STATE"]).or_two_lines(3);
    for one in rows {
        let (look, state) = state(one);
        table.row(vec![
            cell(&one.handle),
            cell(instant(one.created)),
            name(printable(one.to.as_deref().unwrap_or("somebody who left"), 80)),
            cell(one.kind.as_str()),
            cell(one.tells.to_string()),
            looking(look, state),
        ]);
    }
    context.list(&table, rows.iter().map(|one| &one.handle));
}

/// What became of it.
fn state(one: &Message) -> (Look, String) {
    let why = || one.why.as_ref().map(|why| format!(": {}", printable(why, 200))).unwrap_or_default();
    match (one.sent, one.given_up, one.next) {
        (Some(at), _, _) => (Look::Good, format!("sent {}", instant(at))),
        (None, Some(at), _) => (Look::Bad, format!("given up {}{}", instant(at), why())),
        (None, None, Some(at)) if one.attempts > 0 => {
            (Look::Warn, format!("tried {} times, next {}{}", one.attempts, instant(at), why()))
        }
        (None, None, _) => (Look::Plain, String::from("waits to be sent")),
    }
}

impl Test {
    async fn run(self, context: &Context) -> Result<Exit, Failure> {
        changing(context, async |session| {
            let shown = printable(&self.name, 80);
            let what = format!("`{shown}` was sent no message");
            let path = format!("/api/v1/people/{}/test-message", part(&self.name));
            let document = session.post(&what, &path, &json!({})).await?;
            let one: Message = shaped(&document)?;
            context.document(&document);
            if one.sent.is_some() {
                context.say(format!(
                    "A mail server took a test message to {shown}. Whether it arrived, they know."
                ));
                context.next("they say so themselves: tenure programme acknowledge");
                return Ok(Exit::Done);
            }
            let why = one.why.unwrap_or_else(|| String::from("it was not tried yet"));
            context.say(format!("Not sent: {}.", printable(&why, 300)));
            context.next(match one.given_up {
                Some(_) => format!("mend that, then tenure messages test {}", quoted(&self.name)),
                None => String::from("it is tried again by itself: tenure messages --failed"),
            });
            Ok(Exit::Failed)
        })
        .await
    }
}
