//! `tenure people address`: where mail reaches somebody.
//!
//! An address is personal data: it is shown to administrators alone and goes with the person. Next: docs/messages.md.

use super::{changing, revoke::quoted};
use crate::{
    client::part,
    context::Context,
    failure::{Exit, Failure},
};
use clap::Args;
use serde_json::json;
use tenure_model::printable;

/// Say where mail reaches a person, or that it reaches them nowhere
///
/// They are told what waits for them there. The address stands in no entry of the log, and goes with the person.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure people address asha --mail asha@example.com
  tenure people address asha --none

Exit codes: 0 done, 1 failed, 2 usage.")]
pub(crate) struct Address {
    /// Whom
    name: String,
    /// Their address
    #[arg(long, value_name = "ADDRESS", required_unless_present = "none")]
    mail: Option<String>,
    /// Take it away: nothing is sent to them any more
    #[arg(long, conflicts_with = "mail")]
    none: bool,
}

impl Address {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        changing(context, async |session| {
            let shown = printable(&self.name, 80);
            let what = format!("the address of `{shown}` was not changed");
            let path = format!("/api/v1/people/{}/mail", part(&self.name));
            let document = session.put(&what, &path, &json!({ "address": self.mail })).await?;
            context.document(&document);
            match &self.mail {
                Some(_) => {
                    context.say(format!("{shown} is told by mail what waits for them."));
                    context.next(format!("tenure messages test {}", quoted(&self.name)));
                }
                None => context.say(format!("Nothing is sent to {shown} any more.")),
            }
            Ok(Exit::Done)
        })
        .await
    }
}
