//! `tenure dismiss`: a finding is none here, says a person, with a reason and an end; and takes that back.
//!
//! It must never be without an end: what is dismissed returns by itself. Next: `findings.rs`.

use super::changing;
use crate::{
    client::part,
    context::Context,
    failure::{Exit, Failure},
    render::words::instant,
    session::shaped,
    wire::Finding,
};
use clap::Args;
use serde_json::json;
use tenure_model::{Instant, printable};

/// Say that a finding is none here, until a day
///
/// It is not counted and not shown until then, and returns by itself: also earlier, when what it rests on changes
/// or when you leave. The reason stays with it and in the evidence; the longest is 365 days.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure dismiss q4x7hd --reason \"a sample key of the manual\" --until 2027-03-31
  tenure dismiss q4x7hd --withdraw
  tenure findings --dismissed

Exit codes: 0 done, 1 failed, 2 usage.")]
pub(crate) struct Dismiss {
    /// Which finding: its handle, as `tenure findings` shows it, or its id
    finding: String,
    /// Why it is no finding here
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Until when: a day, or an instant in UTC; 365 days at most
    #[arg(long, value_name = "DAY", value_parser = super::own::parse_end)]
    until: Option<Instant>,
    /// Take it back: the finding counts again
    #[arg(long, conflicts_with_all = ["reason", "until"])]
    withdraw: bool,
}

impl Dismiss {
    /// A dismissal says why and until when: what is missing is said with what to type.
    fn check(&self, shown: &str) -> Result<(), Failure> {
        let missing = match (self.withdraw, &self.reason, &self.until) {
            (true, ..) | (false, Some(_), Some(_)) => return Ok(()),
            (false, None, _) => "a dismissal says why it is no finding here: --reason \"TEXT\"",
            (false, Some(_), None) => {
                "a dismissal has an end, 365 days away at most, when the finding counts again: --until YYYY-MM-DD"
            }
        };
        Err(Failure::usage(format!("`{shown}` was not dismissed")).because(missing).next(format!(
            "tenure dismiss {shown} --reason \"a sample key of the manual\" --until 2027-03-31"
        )))
    }

    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let shown = printable(&self.finding, 60);
        self.check(&shown)?;
        let path = format!("/api/v1/findings/{}/dismissal", part(&self.finding));
        changing(context, async |session| {
            let document = if self.withdraw {
                session
                    .delete_and_tell(&format!("the dismissal of `{shown}` was not withdrawn"), &path)
                    .await?
            } else {
                let body = json!({ "reason": self.reason, "until": self.until });
                session.put(&format!("`{shown}` was not dismissed"), &path, &body).await?
            };
            let finding: Finding = shaped(&document)?;
            context.document(&document);
            let about = format!("{} of {}", finding.policy, printable(&finding.identity_name, 120));
            match finding.dismissed_until {
                Some(end) => {
                    context.say(format!("Dismissed {about} until {}; then it counts again.", instant(end)));
                    context.next(format!("tenure dismiss {} --withdraw takes it back", finding.id.handle()));
                }
                None => {
                    context.say(format!("The finding {about} counts again."));
                    context.next("tenure findings");
                }
            }
            Ok(Exit::Done)
        })
        .await
    }
}
