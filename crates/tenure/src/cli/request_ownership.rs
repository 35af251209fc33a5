//! `tenure request ownership`: asking that an identity that nobody answers for is offered to somebody.
//!
//! Others decide, then it is a handoff. It must never make anybody an owner. Next: `request.rs`, what else is done with a
//! request; `handoff_answer.rs`, where whom it is offered to accepts.

use super::{
    changing,
    handoff::{parse_role, parse_stage},
    request::what,
};
use crate::{
    context::Context,
    failure::{Exit, Failure},
    render::words::{instant, typeable},
    session::shaped,
    wire::Request,
};
use clap::Args;
use serde_json::json;
use tenure_model::{HandoffStage, OwnerRole, printable};

/// Ask that an identity that nobody answers for is offered to somebody
///
/// Others decide: neither whoever asks nor whom it is for. With the last decision it is offered, with everything that goes with
/// it; nothing changes until they accept. Where an owner is there, they offer it themselves (tenure handoff offer).
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure request ownership pg-main/etl --to bob \\
      --runbook https://wiki.example/etl --reason \"alice left, bob runs it\"

Exit codes: 0 asked for, 1 failed, 2 usage.")]
pub(crate) struct Ownership {
    /// Which: a name, a handle or an id
    identity: String,
    /// To whom; to you, unless said
    #[arg(long, value_name = "PERSON")]
    to: Option<String>,
    /// Which share: business or technical; technical, unless said
    #[arg(long, value_name = "ROLE", value_parser = parse_role)]
    role: Option<OwnerRole>,
    /// Where the work stands: setting_up, in_use, changing, ending; in_use, unless said
    #[arg(long, value_name = "STAGE", value_parser = parse_stage)]
    stage: Option<HandoffStage>,
    /// What to do about it: an address, or a text
    #[arg(long, value_name = "TEXT")]
    runbook: String,
    /// Why this is asked
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

impl Ownership {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        changing(context, async |session| {
            let body = json!({
                "kind": "ownership", "identity": self.identity, "to": self.to, "role": self.role,
                "stage": self.stage, "runbook": self.runbook, "reason": self.reason,
            });
            let document = session.post("nothing was asked for", "/api/v1/requests", &body).await?;
            context.document(&document);
            let made: Request = shaped(&document)?;
            let (of, to) = (what(&made), to(&made));
            let by = instant(made.decide_by);
            context.say(format!("Asked: {of} is to be offered to {to}. Nothing changes before others approve it, by {by}, and {to} accepts."));
            context.next(format!("tenure request show {} says who decides", made.handle));
            Ok(Exit::Done)
        })
        .await
    }
}

fn to(one: &Request) -> String {
    printable(one.to_name.as_deref().unwrap_or("somebody who left"), 80)
}

/// Who is to answer for it, and as what.
pub(super) fn facts(one: &Request, asked: &tenure_model::Ownership) -> Vec<(String, String)> {
    let mut facts = vec![
        ("why", one.reason.clone()),
        ("to be offered to", format!("{}, as its {} owner", to(one), asked.role)),
        ("the work", asked.stage.as_str().replace('_', " ")),
        ("runbook", asked.runbook.clone()),
    ];
    facts.extend(asked.class.clone().map(|class| ("class", class)));
    facts.extend(one.handoff.clone().map(|handle| ("handoff", handle)));
    facts.into_iter().map(|(word, text)| (word.to_owned(), text)).collect()
}

/// What follows once every step is decided.
pub(super) fn say_decided(context: &Context, one: &Request) {
    match (&one.handoff, &one.ended_why) {
        (Some(handoff), _) => {
            let (of, to) = (what(one), to(one));
            context.say(format!("Approved, and offered: {to} answers for {of} once they accept it."));
            context.next(format!("tenure handoff show {}", typeable(handoff)));
        }
        (None, why) => {
            let why = printable(why.as_deref().unwrap_or_default(), 300);
            context.say(format!("Decided, and over: {why}."));
        }
    }
}
