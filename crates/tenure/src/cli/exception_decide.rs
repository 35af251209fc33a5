//! `tenure exception grant` and `refuse`: somebody who did not ask decides, as it was shown.
//!
//! The word that decides is the beginning of a digest of all that is asked: what changed since is not decided unseen.

use super::{
    agree::ToAgree,
    changing,
    exception::{case_of, show},
};
use crate::{
    client::part,
    context::Context,
    failure::{Exit, Failure},
    render::words::instant,
    session::{Session, shaped},
    wire::{Exception, ExceptionCase},
};
use clap::Args;
use serde_json::json;
use tenure_model::printable;

/// Let the finding fail until the end that was asked for
///
/// Shows the exception and asks for the word that comes with it; --yes gives the word. Whoever asked does not grant.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure exception grant 7k2m4xq --reason \"one quarter, then it is rotated\"
  tenure exception grant 7k2m4xq --reason \"one quarter\" --yes 3f9a01c2b77d

Exit codes: 0 granted, 1 failed, 2 usage, 4 a decision is needed.")]
pub(crate) struct Grant {
    /// Its handle or its id
    exception: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Go on without asking: the word that was shown with it
    #[arg(long, value_name = "WORD")]
    yes: Option<String>,
}

/// Say no to an exception that is asked for
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure exception refuse 7k2m4xq --reason \"rotate it this week\"

Exit codes: 0 refused, 1 failed, 2 usage.")]
pub(crate) struct Refuse {
    /// Its handle or its id
    exception: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

impl Grant {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        changing(context, async |session| {
            let (case, _) = case_of(session, &self.exception, "was not granted").await?;
            let agree = ToAgree {
                failed: format!("exception `{}` was not granted", case.exception.handle),
                verb: ("grants", "grant"),
                digest: &case.exception.digest,
                given: self.yes.as_deref(),
            };
            agree.agreed(context, || show(context, &case)).await?;
            let (one, document) = send(session, &case, "grant", &self.reason).await?;
            context.document(&document);
            context.say(format!(
                "Granted: {} of {} does not count until {}; then it does by itself.",
                printable(&one.policy, 80),
                printable(&one.identity_name, 120),
                instant(one.ends)
            ));
            context.next(format!("tenure exception withdraw {} takes it back", one.handle));
            Ok(Exit::Done)
        })
        .await
    }
}

impl Refuse {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        changing(context, async |session| {
            let (case, _) = case_of(session, &self.exception, "was not refused").await?;
            let (one, document) = send(session, &case, "refuse", &self.reason).await?;
            context.document(&document);
            context.say(format!(
                "Refused: {} of {} stands as before.",
                printable(&one.policy, 80),
                printable(&one.identity_name, 120)
            ));
            Ok(Exit::Done)
        })
        .await
    }
}

async fn send(
    session: &Session<'_>,
    case: &ExceptionCase,
    answer: &str,
    reason: &str,
) -> Result<(Exception, serde_json::Value), Failure> {
    let handle = &case.exception.handle;
    let what = format!("exception `{handle}` was not decided");
    let body = json!({ "answer": answer, "reason": reason, "digest": case.exception.digest });
    let document =
        session.put(&what, &format!("/api/v1/exceptions/{}/decision", part(handle)), &body).await?;
    Ok((shaped(&document)?, document))
}
