//! `tenure programme playbooks` and `drill`: what is done when something happens, and that somebody tried it.
//!
//! Must never say of a playbook that it was tried which says something else than whoever says so was shown. Next: docs/programme.md.

use super::{changing, reading};
use crate::{
    client::part,
    context::Context,
    failure::{Exit, Failure},
    render::words::instant,
    session::{Session, shaped},
    wire::programme::{Playbook, PlaybookList},
};
use clap::Args;
use serde_json::{Value, json};
use tenure_model::printable;

const PATH: &str = "/api/v1/programme/playbooks";

/// Show the playbooks of the programme in force: what is done when something happens, and whether that was tried
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure programme playbooks
  tenure programme playbooks in-the-wrong-hands

Exit codes: 0 done, 1 failed, or there is none of this name; 2 usage.")]
pub(crate) struct Playbooks {
    /// Only this one
    id: Option<String>,
}

impl Playbooks {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        reading(context, async |session| {
            let (mut playbooks, document) = list(session, "no playbook was shown").await?;
            if let Some(id) = &self.id {
                playbooks.retain(|one| one.id == *id);
                if playbooks.is_empty() {
                    return Err(missing("no playbook was shown", id));
                }
                let all = document.get("playbooks").and_then(Value::as_array);
                let one = all.and_then(|all| all.iter().find(|one| one.get("id") == Some(&json!(id))));
                context.document(&json!(one));
            } else {
                context.document(&document);
            }
            if playbooks.is_empty() {
                context.say("The programme in force has no playbooks.");
                context.next("write playbooks.toml: docs/programme.md, Playbooks");
                return Ok(Exit::Done);
            }
            for one in &playbooks {
                tell(context, one);
            }
            let due = playbooks.iter().find(|one| one.counts_until.is_none());
            if let Some(one) = due {
                context.next(format!("try it, then: tenure programme drill {} --held --reason TEXT", one.id));
            }
            Ok(Exit::Done)
        })
        .await
    }
}

/// Say that a playbook was tried, and whether it did what it is for
///
/// Written down under your name and kept as evidence. It counts for as long as the playbook says, and only for what it says now.
/// One that failed counts as not drilled until it held.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure programme drill in-the-wrong-hands --held --reason \"a planted key of staging was dead in 9 minutes\"
  tenure programme drill in-the-wrong-hands --failed --reason \"nobody knew where its program keeps it\"

Exit codes: 0 written down, 1 failed, 2 usage.")]
#[command(group(clap::ArgGroup::new("outcome").required(true).args(["held", "failed"])))]
pub(crate) struct Drill {
    /// Which playbook
    id: String,
    /// It did what it is for
    #[arg(long)]
    held: bool,
    /// It did not
    #[arg(long)]
    failed: bool,
    /// How it went
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

impl Drill {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let what = "the drill was not written down";
        changing(context, async |session| {
            let (playbooks, _) = list(session, what).await?;
            let known =
                playbooks.iter().find(|one| one.id == self.id).ok_or_else(|| missing(what, &self.id))?;
            let body = json!({ "says": known.says, "held": self.held, "reason": self.reason });
            let document = session.post(what, &format!("{PATH}/{}/drills", part(&self.id)), &body).await?;
            context.document(&document);
            let done: Playbook = shaped(&document)?;
            context.say(match (done.counts_until, &done.why_not) {
                (Some(until), _) => format!("{} held. That counts until {}.", done.id, instant(until)),
                (None, why) => format!(
                    "{} is written down: {}.",
                    done.id,
                    printable(why.as_deref().unwrap_or("it does not count"), 200)
                ),
            });
            context.next("tenure programme check");
            Ok(Exit::Done)
        })
        .await
    }
}

fn missing(what: &str, id: &str) -> Failure {
    Failure::new(what)
        .because(format!("the programme in force has no playbook `{}`", printable(id, 60)))
        .next("tenure programme playbooks")
}

async fn list(session: &Session<'_>, what: &str) -> Result<(Vec<Playbook>, Value), Failure> {
    let document = session.get(what, PATH).await?;
    let list: PlaybookList = shaped(&document)?;
    Ok((list.playbooks, document))
}

fn tell(context: &Context, one: &Playbook) {
    context.print(format!("{}  when {}", printable(&one.id, 60), printable(&one.when, 300)));
    for (at, step) in one.steps.iter().enumerate() {
        context.print(format!("  {:>2}. {}", at + 1, printable(step, 300)));
    }
    context.print(format!("  for {}", one.controls.join(", ")));
    if let Some(last) = &one.last {
        let by =
            last.by.as_ref().map_or_else(|| String::from("somebody who left"), |name| printable(name, 80));
        let how = if last.held { "held" } else { "failed" };
        context.print(format!("  drilled {} by {by}: {how}", instant(last.at)));
    }
    context.print(match (&one.counts_until, &one.why_not) {
        (Some(until), _) => format!("  counts until {}", instant(*until)),
        (None, why) => format!("  NOT DRILLED: {}", printable(why.as_deref().unwrap_or_default(), 300)),
    });
}
