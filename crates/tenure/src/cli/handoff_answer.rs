//! `tenure handoff accept` and `decline`: whom it was offered to answers, as it was shown.
//!
//! The word that accepts is the beginning of a digest of everything that goes with it: what changed since is not taken over
//! unseen.

use super::{
    agree::ToAgree,
    changing,
    handoff::{handoff_of, role, show},
};
use crate::{
    client::part,
    context::Context,
    failure::{Exit, Failure},
    render::words::typeable,
    session::{Session, shaped},
    wire::Handoff,
};
use clap::Args;
use serde_json::{Value, json};
use tenure_model::printable;

/// Answer for an identity from now on
///
/// Shows everything that goes with it and asks for the word that comes with it; --yes gives the word.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure handoff accept 7k2m4x
  tenure handoff accept 7k2m4x --yes 3f9a01c2b77d

Exit codes: 0 accepted, 1 failed, 2 usage, 4 a decision is needed.")]
pub(crate) struct Accept {
    /// Its handle or its id
    handoff: String,
    /// Go on without asking: the word that was shown with it
    #[arg(long, value_name = "WORD")]
    yes: Option<String>,
}

/// Say no: it stays with whoever answers for it
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure handoff decline 7k2m4x --reason \"not our system\"

Exit codes: 0 declined, 1 failed, 2 usage.")]
pub(crate) struct Decline {
    /// Its handle or its id
    handoff: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

impl Accept {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        changing(context, async |session| {
            let (asked, _) = handoff_of(session, &self.handoff, "was not accepted").await?;
            let agree = ToAgree {
                failed: format!("handoff `{}` was not accepted", asked.line.handle),
                verb: ("accepts", "accept"),
                digest: &asked.digest,
                given: self.yes.as_deref(),
            };
            agree.agreed(context, || show(context, &asked)).await?;
            let answer = json!({ "answer": "accept", "digest": asked.digest });
            let (one, document) = send(session, &asked, &answer).await?;
            context.document(&document);
            let what = printable(&one.line.identity_name, 120);
            context.say(format!("Accepted: you are {} of {what} from now on.", role(one.line.role)));
            context.next(format!("tenure show {}", typeable(&one.line.identity_name)));
            Ok(Exit::Done)
        })
        .await
    }
}

impl Decline {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        changing(context, async |session| {
            let (asked, _) = handoff_of(session, &self.handoff, "was not declined").await?;
            let answer = json!({ "answer": "decline", "reason": self.reason });
            let (one, document) = send(session, &asked, &answer).await?;
            context.document(&document);
            context.say(format!("Declined: {} stays as it was.", printable(&one.line.identity_name, 120)));
            context.next("tenure inbox");
            Ok(Exit::Done)
        })
        .await
    }
}

async fn send(session: &Session<'_>, asked: &Handoff, answer: &Value) -> Result<(Handoff, Value), Failure> {
    let failed = format!("handoff `{}` was not answered", asked.line.handle);
    let path = format!("/api/v1/handoffs/{}/answer", part(&asked.line.handle));
    let document = session.put(&failed, &path, answer).await?;
    Ok((shaped(&document)?, document))
}
