//! `tenure messages`: what people were told, whether it was sent, and whether the way works.
//!
//! What a message said is not shown: it was theirs. Next: docs/messages.md; `people_address.rs`, where messages reach somebody.

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
    wire::{ChatList, MailWay, Message},
};
use clap::{Args, Subcommand};
use serde_json::json;
use tenure_model::{MessageWay, printable};

/// List what people were told, and whether it was sent
///
/// Whom mail or a chat reaches is told what is new in their inbox: once a day, and at once where it is urgent, as the programme says.
/// What a message said is not kept once it was sent.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "\
Examples:
  tenure messages
  tenure messages --failed --json
  tenure messages test asha
  tenure messages test asha --chat

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
  tenure messages test asha --chat

Exit codes: 0 a mail server or their chat took it, 1 failed, 2 usage.")]
struct Test {
    /// Whom
    name: String,
    /// In their chat, not by mail
    #[arg(long)]
    chat: bool,
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
            let chats: ChatList = shaped(&session.get(what, "/api/v1/chats").await?)?;
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
            if way.mail.as_ref().is_some_and(|mail| mail.directory_addresses) {
                context.say(
                    "Who has no address of an administrator is reached at the one their directory gives.",
                );
            }
            print_chats(context, &chats);
            if listed.rows.is_empty() {
                context.say(if self.failed { "Nothing failed." } else { "Nobody was told anything yet." });
                context.next(match (&way.mail, chats.chats.first()) {
                    (Some(_), _) => {
                        "tenure people address NAME --mail ADDRESS says where mail reaches somebody"
                    }
                    (None, Some(_)) => {
                        "tenure people address NAME --chat CHAT says in which chat somebody is told"
                    }
                    (None, None) => "docs/messages.md says what to write into tenure.toml",
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

/// A line for each chat.
fn print_chats(context: &Context, list: &ChatList) {
    for chat in &list.chats {
        let names = if chat.details { "with names" } else { "without names" };
        let people = count(i64::try_from(chat.people).unwrap_or(i64::MAX), "person");
        let name = printable(&chat.name, 60);
        context.say(format!("Chat {name} ({}): {people}, told {names}.", printable(&chat.kind, 20)));
    }
}

fn print(context: &Context, rows: &[Message]) {
    let mut table =
        Table::new(&["MESSAGE", "WRITTEN", "TO", "BY", "KIND", "TELLS OF", "STATE"]).or_two_lines(4);
    for one in rows {
        let (look, state) = state(one);
        table.row(vec![
            cell(&one.handle),
            cell(instant(one.created)),
            name(printable(one.to.as_deref().unwrap_or("somebody who left"), 80)),
            cell(one.way.as_str()),
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
            let way = if self.chat { MessageWay::Chat } else { MessageWay::Mail };
            let path = format!("/api/v1/people/{}/test-message?way={way}", part(&self.name));
            let document = session.post(&what, &path, &json!({})).await?;
            let one: Message = shaped(&document)?;
            context.document(&document);
            if one.sent.is_some() {
                let who = if self.chat { "Their chat" } else { "A mail server" };
                context.say(format!("{who} took a test message to {shown}. Whether it arrived, they know."));
                context.next("they say so themselves: tenure programme acknowledge");
                return Ok(Exit::Done);
            }
            let why = one.why.unwrap_or_else(|| String::from("it was not tried yet"));
            context.say(format!("Not sent: {}.", printable(&why, 300)));
            context.next(match one.given_up {
                Some(_) => {
                    let chat = if self.chat { " --chat" } else { "" };
                    format!("mend that, then tenure messages test {}{chat}", quoted(&self.name))
                }
                None => String::from("it is tried again by itself: tenure messages --failed"),
            });
            Ok(Exit::Failed)
        })
        .await
    }
}
