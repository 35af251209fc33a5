//! `plan`, `apply`, `undo`, `plans`: what should change, its decision, and the way back.
//!
//! Planning changes nothing outside. Applying goes the same way as `revoke.rs`: shown, decided by
//! name, bound to what was shown, watched. Must never apply what was not printed before.

use super::{changing, listing::Amount, reading, revoke, tighten::OfFile};
use crate::{
    client::part,
    context::Context,
    failure::{Exit, Failure, Stage},
    render::{
        paint::Look,
        plan::preview,
        table::{Table, cell, looking, name},
        words::{instant, typeable},
    },
    session::{Session, shaped},
    wire::{Plan, PlanShown},
};
use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use tenure_model::{PlanState, printable};

/// What a plan is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// End it and prove it dead
    Revoke,
    /// Stop it, with a way back
    Disable,
    /// Bring a disabled one back
    Enable,
    /// Keep others from reading a file in which a credential lies
    Tighten,
}

impl Kind {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Revoke => "revoke",
            Self::Disable => "disable",
            Self::Enable => "enable",
            Self::Tighten => "tighten",
        }
    }
}

/// Plan a change and show what it would touch; nothing is done
///
/// Reads what the change would touch, refuses what is dangerous, and writes the plan down as proposed.
/// `tenure apply` carries it out; `tenure undo` withdraws it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure plan revoke pg-main/reporting --reason \"contract ended\"
  tenure plan disable pg-main/etl --reason \"not seen since March\"
  tenure plan tighten /srv/ci/.env --reason \"others can read it\"

Exit codes: 0 planned, 1 refused, 2 usage.")]
pub(crate) struct PlanArgs {
    /// What for
    kind: Kind,
    /// Which identity: SOURCE/NAME, a name, a handle or its beginning; to tighten, also the path of a file
    identity: String,
    /// Why; whoever reads the evidence later will ask
    #[arg(long)]
    reason: String,
    /// Who receives what it owns
    #[arg(long, value_name = "NAME")]
    heir: Option<String>,
    #[command(flatten)]
    of_file: OfFile,
}

impl PlanArgs {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        changing(context, async |session| {
            let wish = Wish {
                kind: self.kind,
                identity: &self.identity,
                reason: &self.reason,
                heir: self.heir.as_deref(),
                of_file: &self.of_file,
            };
            let Some(document) = draft_or_say(session, context, &wish).await? else { return Ok(Exit::Done) };
            let shown: PlanShown = shaped(&document)?;
            context.document(&document);
            for line in preview(&shown, context.frame()) {
                context.say(line);
            }
            if context.form == crate::context::Form::Quiet {
                context.print(&shown.plan.handle);
            }
            let command = format!("tenure apply {}", shown.plan.handle);
            // Whoever asked decides none of the steps.
            context.next(match shown.decisions.first() {
                Some(first) => format!("{command}, by {}", printable(&first.who, 80)),
                None => command,
            });
            Ok(Exit::Done)
        })
        .await
    }
}

/// What a plan is wished for.
pub(crate) struct Wish<'wish> {
    pub(crate) kind: Kind,
    pub(crate) identity: &'wish str,
    pub(crate) reason: &'wish str,
    pub(crate) heir: Option<&'wish str>,
    pub(crate) of_file: &'wish OfFile,
}

/// Makes a plan.
pub(crate) async fn draft(session: &Session<'_>, wish: &Wish<'_>) -> Result<Value, Failure> {
    let what = format!("no plan to {} `{}` was made", wish.kind.as_str(), printable(wish.identity, 80));
    let mut body = json!({ "kind": wish.kind.as_str(), "identity": wish.identity, "reason": wish.reason });
    let readers = wish.of_file.group_may_read.then_some("owner_and_group");
    let optional = [("heir", wish.heir), ("file", wish.of_file.file.as_deref()), ("readers", readers)];
    if let Some(fields) = body.as_object_mut() {
        for (name, value) in optional {
            fields.extend(value.map(|value| (name.to_owned(), json!(value))));
        }
    }
    session.post(&what, "/api/v1/plans", &body).await
}

/// Makes a plan, or says that what it is for is so already.
pub(crate) async fn draft_or_say(
    session: &Session<'_>,
    context: &Context,
    wish: &Wish<'_>,
) -> Result<Option<Value>, Failure> {
    match draft(session, wish).await {
        Ok(document) => Ok(Some(document)),
        Err(Failure { stage: Stage::AlreadySo, why: Some(why), .. }) => {
            context.document(&json!({ "nothing_to_do": why }));
            context.print(sentence(&why));
            // A file that nothing is wrong with may belong to no identity.
            context.next(if wish.identity.starts_with('/') {
                String::from("tenure findings")
            } else {
                format!("tenure show {}", typeable(wish.identity))
            });
            Ok(None)
        }
        Err(failure) => Err(failure),
    }
}

/// With a capital letter and a full stop.
fn sentence(text: &str) -> String {
    let text = printable(text, 600);
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().collect::<String>()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

/// Decide a plan and carry it out
///
/// Shows the plan as it was made and asks for the name of what it is about; without a terminal, give
/// the name with --yes. What was looked at is what is carried out: a plan that changed is refused.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure apply k7wd2m
  tenure apply k7wd2m --yes reporting --wait 600

Exit codes: 0 done and proved to the required level, 1 not proved, or taken back, 2 usage,
4 a decision is needed, or it was not over within --wait; then it goes on by itself when
`tenure up` runs.")]
pub(crate) struct Apply {
    /// Which plan
    plan: String,
    #[command(flatten)]
    going: revoke::Going,
}

impl Apply {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        changing(context, async |session| {
            let what = format!("plan `{}` was not applied", printable(&self.plan, 60));
            let document = session.get(&what, &format!("/api/v1/plans/{}", part(&self.plan))).await?;
            let shown: PlanShown = shaped(&document)?;
            for line in preview(&shown, context.frame()) {
                context.say(line);
            }
            revoke::decide_and_watch(session, context, &shown, &self.going)
                .await
                .map_err(revoke::Gone::into_failure)
        })
        .await
    }
}

/// Take a plan back, as far as that is possible
///
/// A plan that has not begun is withdrawn. One that has is taken back until its removal began: what it
/// disabled is enabled again, with its former password where Tenure could keep it; a file that it tightened gets
/// its former mode back.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure undo k7wd2m

Exit codes: 0 taken back, 1 too late or failed, 2 usage, 4 not over within --wait.")]
pub(crate) struct Undo {
    /// Which plan
    plan: String,
    /// How long to watch, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 120)]
    wait: u64,
}

impl Undo {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        changing(context, async |session| {
            let what = format!("plan `{}` was not taken back", printable(&self.plan, 60));
            let path = format!("/api/v1/plans/{}", part(&self.plan));
            let shown: PlanShown = shaped(&session.get(&what, &path).await?)?;
            let waits = matches!(shown.plan.state, PlanState::Proposed | PlanState::Approved);
            let verb = if waits { "withdraw" } else { "undo" };
            session.post(&what, &format!("{path}/{verb}"), &json!({})).await.map_err(|failure| {
                let next = failure.next.clone();
                failure.next(
                    next.unwrap_or_else(|| {
                        format!("tenure proof {} shows where it stands", shown.plan.handle)
                    }),
                )
            })?;
            context.say(format!(
                "Taking back plan {} ({} {}).",
                shown.plan.handle,
                shown.plan.kind,
                printable(&shown.identity_name, 120)
            ));
            revoke::watch_to_the_end(session, context, &shown.plan.handle, self.wait, Some(&shown)).await
        })
        .await
    }
}

/// List plans, newest first
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure plans
  tenure plans --all --json

Exit codes: 0 done, 1 failed, 2 usage.")]
pub(crate) struct Plans {
    #[command(flatten)]
    amount: Amount,
}

impl Plans {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        reading(context, async |session| {
            let listed = super::listing::read::<Plan>(
                session,
                "the plans were not listed",
                "/api/v1/plans",
                &[],
                self.amount.most(),
            )
            .await?;
            context.document(&listed.document);
            if listed.rows.is_empty() {
                context.say("No plan yet.");
                context.next("tenure plan revoke SOURCE/NAME --reason \"…\"");
                return Ok(Exit::Done);
            }
            let mut table =
                Table::new(&["PLAN", "KIND", "NAME", "STATE", "LEVEL", "MADE", "REASON"]).or_two_lines(0);
            for plan in &listed.rows {
                let look = match plan.state {
                    PlanState::Proved | PlanState::Undone => Look::Good,
                    PlanState::Short => Look::Bad,
                    PlanState::Withdrawn => Look::Faint,
                    PlanState::Proposed | PlanState::Approved | PlanState::Running | PlanState::Undoing => {
                        Look::Warn
                    }
                };
                table.row(vec![
                    cell(&plan.handle),
                    cell(plan.kind.as_str()),
                    name(plan.about()),
                    looking(look, plan.state.as_str()),
                    cell(plan.level.map_or("", |level| level.as_str())),
                    cell(instant(plan.created)),
                    cell(&plan.reason),
                ]);
            }
            context.list(&table, listed.rows.iter().map(|plan| &plan.handle));
            if listed.more {
                context.say(format!("There are more than these {}; --all lists them.", listed.rows.len()));
            }
            let first = listed.rows.first().map(|plan| plan.handle.clone()).unwrap_or_default();
            context.next(format!("tenure proof {first}"));
            Ok(Exit::Done)
        })
        .await
    }
}
