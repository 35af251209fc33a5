//! `tenure people address`: where messages reach somebody, by mail or in a chat.
//!
//! An address is personal data: it is shown to administrators alone and goes with the person. A chat is one that `tenure.toml` names, and
//! others read it. Next: docs/messages.md.

use super::{changing, revoke::quoted};
use crate::{
    client::part,
    context::Context,
    failure::{Exit, Failure},
};
use clap::Args;
use serde_json::json;
use tenure_model::{MessageWay, printable};

/// Say where messages reach a person, by mail or in a chat, or that they reach them nowhere
///
/// They are told what waits for them there. Mail and chat are said one by one, and both may be. An address of mail stands in no
/// entry of the log, and goes with the person. What is told in a chat, everybody there reads.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure people address asha --mail asha@example.com
  tenure people address asha --chat platform
  tenure people address asha --no-chat
  tenure people address asha --none

Exit codes: 0 done, 1 failed, 2 usage.")]
#[command(group(clap::ArgGroup::new("where").required(true)))]
pub(crate) struct Address {
    /// Whom
    name: String,
    /// Their address of mail
    #[arg(long, value_name = "ADDRESS", group = "where")]
    mail: Option<String>,
    /// A chat that tenure.toml names
    #[arg(long, value_name = "CHAT", group = "where")]
    chat: Option<String>,
    /// Take mail away: nothing is sent to them by mail any more
    #[arg(long, group = "where")]
    none: bool,
    /// Take the chat away: they are told in none any more
    #[arg(long, group = "where")]
    no_chat: bool,
}

impl Address {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        changing(context, async |session| {
            let shown = printable(&self.name, 80);
            let what = format!("the address of `{shown}` was not changed");
            let is_mail = self.mail.is_some() || self.none;
            let (way, given) = if is_mail {
                (MessageWay::Mail, json!({ "address": self.mail }))
            } else {
                (MessageWay::Chat, json!({ "chat": self.chat }))
            };
            let path = format!("/api/v1/people/{}/{way}", part(&self.name));
            let document = session.put(&what, &path, &given).await?;
            context.document(&document);
            match (&self.mail, &self.chat) {
                (Some(_), _) => {
                    context.say(format!("{shown} is told by mail what waits for them."));
                    context.next(format!("tenure messages test {}", quoted(&self.name)));
                }
                (None, Some(chat)) => {
                    let chat = printable(chat, 60);
                    context.say(format!("{shown} is told in the chat {chat} what waits for them."));
                    context.next(format!("tenure messages test {} --chat", quoted(&self.name)));
                }
                (None, None) => {
                    let by = if is_mail { "by mail" } else { "in a chat" };
                    context.say(format!("Nothing is sent to {shown} {by} any more."));
                }
            }
            Ok(Exit::Done)
        })
        .await
    }
}
