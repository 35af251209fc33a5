//! `tenure request approve` and `refuse`: somebody who did not ask decides the step that is theirs, as it was shown.
//!
//! The word that approves is the beginning of a digest of all that is asked: what changed since is not decided unseen.

use super::{
    agree::ToAgree,
    changing,
    request::{request_of, show, what},
    request_ownership, request_privilege,
};
use crate::{
    client::part,
    context::Context,
    failure::{Exit, Failure},
    render::words::{instant, typeable},
    session::{Session, shaped},
    wire::Request,
};
use clap::Args;
use serde_json::json;
use tenure_model::{RequestState, Wanted};

/// Decide that it may be made, as far as your step goes
///
/// Shows the request and asks for the word that comes with it; --yes gives the word. Whoever asked decides no step of it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure request approve 7k2m4x --reason \"agreed with the data team\"
  tenure request approve 7k2m4x --reason \"agreed\" --yes 3f9a01c2b77d

Exit codes: 0 decided, 1 failed, 2 usage, 4 a decision is needed.")]
pub(crate) struct Approve {
    /// Its handle or its id
    request: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Go on without asking: the word that was shown with it
    #[arg(long, value_name = "WORD")]
    yes: Option<String>,
}

/// Say no to a request
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure request refuse 7k2m4x --reason \"use the account that is there\"

Exit codes: 0 refused, 1 failed, 2 usage.")]
pub(crate) struct Refuse {
    /// Its handle or its id
    request: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

impl Approve {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        changing(context, async |session| {
            let (asked, _) = request_of(session, &self.request, "was not approved").await?;
            if let Some(why) = &asked.not_yours {
                return Err(Failure::new(format!("request `{}` was not approved", asked.handle))
                    .because(tenure_model::printable(why, 300))
                    .kept("nothing was changed")
                    .next(format!("tenure request show {} says who decides it", asked.handle)));
            }
            let agree = ToAgree {
                failed: format!("request `{}` was not approved", asked.handle),
                verb: ("approves", "approve"),
                digest: &asked.digest,
                given: self.yes.as_deref(),
            };
            agree.agreed(context, || show(context, &asked)).await?;
            let (one, document) = send(session, &asked, "approve", &self.reason).await?;
            context.document(&document);
            if one.wanted.ownership().is_some() && one.state != RequestState::Asked {
                request_ownership::say_decided(context, &one);
            } else if one.wanted.late_for().is_some() && one.state != RequestState::Asked {
                say_late(context, &one);
            } else if one.state == RequestState::Approved && one.wanted.privilege().is_some() {
                request_privilege::say_approved(context, &one);
            } else if one.state == RequestState::Approved {
                context.say(format!(
                    "Approved: {} may be made once Tenure has seen that it is not there yet.",
                    what(&one)
                ));
                context.next(format!(
                    "tenure request wait {}, or tenure survey {}",
                    one.handle,
                    typeable(&one.source_name)
                ));
            } else {
                let who = one.decided_next_by.as_deref().unwrap_or("somebody else");
                context.say(format!("Decided, and not approved yet: the next step waits for {who}."));
            }
            Ok(Exit::Done)
        })
        .await
    }
}

impl Refuse {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        changing(context, async |session| {
            let (asked, _) = request_of(session, &self.request, "was not refused").await?;
            let (one, document) = send(session, &asked, "refuse", &self.reason).await?;
            context.document(&document);
            let verb = match (&one.wanted, one.wanted.late_for()) {
                (Wanted::Creation(_), Some(_)) => "stay as it is",
                (Wanted::Creation(_), None) => "be made",
                (Wanted::Ownership(_), _) => "be offered",
                (Wanted::Privilege(_), Some(_)) => "keep those rights",
                (Wanted::Privilege(_), None) => "hold those rights",
            };
            context.say(format!("Refused: {} may not {verb}.", what(&one)));
            Ok(Exit::Done)
        })
        .await
    }
}

/// What became of a request for what was there already: it is used with its last decision.
fn say_late(context: &Context, one: &Request) {
    let what = what(one);
    match &one.ended_why {
        None => {
            context.say(match &one.wanted {
                Wanted::Privilege(asked) => {
                    let late = if asked.renews { "" } else { ", late" };
                    format!("Approved{late}: {what} may hold those rights until {}.", instant(asked.until))
                }
                Wanted::Ownership(_) => format!("Approved: {what} is offered."),
                Wanted::Creation(_) => {
                    format!("Approved, late: {what} is enrolled with this charter, and stays late.")
                }
            });
            let name = one.identity_name.as_deref().unwrap_or_default();
            context.next(format!("tenure show {}", typeable(name)));
        }
        Some(why) => context.say(format!("Decided, and over: {}.", tenure_model::printable(why, 300))),
    }
}

async fn send(
    session: &Session<'_>,
    asked: &Request,
    answer: &str,
    reason: &str,
) -> Result<(Request, serde_json::Value), Failure> {
    let failed = format!("request `{}` was not decided", asked.handle);
    let body = json!({ "answer": answer, "reason": reason, "digest": asked.digest });
    let path = format!("/api/v1/requests/{}/decision", part(&asked.handle));
    let document = session.put(&failed, &path, &body).await?;
    Ok((shaped(&document)?, document))
}
