//! `tenure review item` and `decide`: what there is to look at, and what is to become of it.
//!
//! The word that decides is the beginning of a digest of all that was shown: what changed since is not decided unseen. Several
//! are decided together only where nothing tells them apart.

use super::{
    agree::ToAgree,
    changing,
    confirm::{ToConfirm, lines},
    handoff::parse_stage,
    reading,
    review::parse_answer,
};
use crate::{
    client::part,
    context::Context,
    failure::{Exit, Failure},
    render::words::{count, decider, instant, typeable, wrapped},
    session::{Session, shaped},
    wire::{Recommendation, ReviewItem},
};
use clap::Args;
use serde::Deserialize;
use serde_json::json;
use tenure_model::{HandoffStage, HandoffState, PlanState, ReviewAnswer, ReviewItemState, printable};

/// Show what is to be decided about one identity of a review
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure review item q4x7hd

Exit codes: 0 shown, 1 failed, 2 usage.")]
pub(crate) struct Item {
    /// Its handle or its id
    item: String,
}

/// Decide what is to become of an identity of a review
///
/// Shows the item and asks for the word that comes with it; --yes gives the word. To keep confirms it. To retire drafts a
/// plan, and nothing ends until somebody applies it. To narrow, rotate or reassign is done when Tenure sees it. Deciding
/// otherwise than is recommended needs a reason of three words at least.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure review decide q4x7hd keep --reason \"the report runs\"
  tenure review decide q4x7hd narrow --right \"DELETE on shop/table/public.orders\" \\
      --reason \"it only reads\" --yes 3f9a01c2b77d
  tenure review decide q4x7hd reassign --to alice --reason \"the team moved\" \\
      --runbook https://wiki.example.com/reports
  tenure review decide q4x7hd keep --alike --reason \"samples of the manual\"

Exit codes: 0 decided, 1 failed, 2 usage, 4 a decision is needed.")]
pub(crate) struct Decide {
    /// Its handle or its id
    item: String,
    /// keep, narrow, rotate, reassign or retire
    #[arg(value_parser = parse_answer)]
    answer: ReviewAnswer,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// To reassign: who is to answer for it
    #[arg(long, value_name = "PERSON")]
    to: Option<String>,
    /// To reassign: what to do about it, an address or a text; with it, it is offered to them at once, where you may hand it on
    #[arg(long, value_name = "TEXT", requires = "to")]
    runbook: Option<String>,
    /// To reassign with a runbook: where the work stands: setting_up, in_use, changing or ending [default: in_use]
    #[arg(long, value_name = "STAGE", value_parser = parse_stage, requires = "runbook")]
    stage: Option<HandoffStage>,
    /// To narrow: a right that is to go; may be given several times
    #[arg(long, value_name = "RIGHT")]
    right: Vec<String>,
    /// Every open item of the review that nothing tells apart from it, too: to keep or to rotate them
    #[arg(long, conflicts_with_all = ["to", "right"])]
    alike: bool,
    /// Go on without asking: the word that was shown with it
    #[arg(long, value_name = "WORD")]
    yes: Option<String>,
}

/// What the API says is to be looked at.
#[derive(Debug, Clone, Deserialize)]
struct ToReview {
    item: ReviewItem,
    review: Of,
    shown: ToConfirm,
    copies: Vec<String>,
    recommendation: Recommendation,
    reviewer_name: Option<String>,
    turn: String,
    decided_by_name: Option<String>,
    #[serde(default)]
    in_place_of_name: Option<String>,
    decided_to_name: Option<String>,
    plan_state: Option<PlanState>,
    #[serde(default)]
    handoff_state: Option<HandoffState>,
    alike: i64,
    digest: String,
}

#[derive(Debug, Clone, Deserialize)]
struct Of {
    handle: String,
}

#[derive(Debug, Clone, Deserialize)]
struct Made {
    item: ToReview,
    plan: Option<String>,
    no_plan_because: Option<String>,
    #[serde(default)]
    handoff: Option<String>,
    #[serde(default)]
    no_handoff_because: Option<String>,
}

impl Item {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        reading(context, async |session| {
            let (one, document) = item_of(session, &self.item, "cannot be shown").await?;
            context.document(&document);
            show(context, &one);
            match one.item.state {
                ReviewItemState::Open => context.next(format!(
                    "tenure review decide {} {} --reason WHY",
                    one.item.handle, one.recommendation.answer
                )),
                ReviewItemState::Decided
                | ReviewItemState::Done
                | ReviewItemState::Missed
                | ReviewItemState::Over => {
                    context.next(format!("tenure review show {}", one.review.handle));
                }
            }
            Ok(Exit::Done)
        })
        .await
    }
}

async fn item_of(
    session: &Session<'_>,
    given: &str,
    failed: &str,
) -> Result<(ToReview, serde_json::Value), Failure> {
    let what = format!("review item `{}` {failed}", printable(given, 60));
    let document = session.get(&what, &format!("/api/v1/review-items/{}", part(given))).await?;
    Ok((shaped(&document)?, document))
}

fn show(context: &Context, one: &ToReview) {
    for line in lines(&one.shown) {
        context.print(line);
    }
    let columns = context.frame().prose(4);
    let say = |text: String| {
        for (number, line) in wrapped(&printable(&text, 2_000), columns).into_iter().enumerate() {
            context.print(if number == 0 { format!("  {line}") } else { format!("    {line}") });
        }
    };
    for place in &one.copies {
        say(format!("a copy of its secret was seen in {place}"));
    }
    say(format!("recommended: {}", one.recommendation.answer));
    for reason in &one.recommendation.reasons {
        let severity = reason.severity.map(|severity| format!(", {severity}")).unwrap_or_default();
        say(format!("{}: {} ({}{severity})", reason.answer, reason.says, reason.code));
    }
    for right in &one.recommendation.rights {
        say(format!("it could lose: {right}"));
    }
    one.recommendation.not_known.iter().cloned().for_each(&say);
    let item = &one.item;
    match (item.answer, item.decided) {
        (Some(answer), Some(at)) => {
            let who = decider(one.decided_by_name.as_deref(), one.in_place_of_name.as_deref());
            let reason = item.reason.as_deref().unwrap_or_default();
            say(format!("decided: {answer}, by {who} {}: {reason}", instant(at)));
            what_of_it(one).into_iter().for_each(&say);
        }
        _ => {
            let who = one.reviewer_name.as_ref().map(|name| format!("{name}, ")).unwrap_or_default();
            let missed = item.missed.map(|at| format!("; missed {}", instant(at))).unwrap_or_default();
            say(format!("waits for {who}{}, by {}{missed}", one.turn, instant(item.due)));
        }
    }
    if let (Some(at), Some(outcome)) = (item.settled, &item.outcome) {
        say(format!("{}: {outcome}, {}", item.state, instant(at)));
    }
    if one.alike > 1 {
        say(format!("nothing tells it apart from {} more: --alike decides all of them", one.alike - 1));
    }
}

/// What a decision named: to whom, which rights, how many credentials, which plan.
fn what_of_it(one: &ToReview) -> Vec<String> {
    let Some(named) = &one.item.named else { return Vec::new() };
    let mut lines: Vec<String> = named.rights.iter().map(|right| format!("is to lose: {right}")).collect();
    if !named.credentials.is_empty() {
        let many = count(i64::try_from(named.credentials.len()).unwrap_or(i64::MAX), "credential");
        lines.push(format!("is to get another value: {many}"));
    }
    let is_offered = named.handoff.is_some();
    lines.extend(one.decided_to_name.as_ref().map(|to| {
        if is_offered {
            return format!("is to be answered for by {to}");
        }
        format!(
            "is to be answered for by {to}: tenure own {} --owner {}",
            typeable(&one.item.identity_name),
            typeable(to)
        )
    }));
    if let (Some(handoff), Some(state)) = (named.handoff, one.handoff_state) {
        let handoff = handoff.handle();
        lines.push(match state {
            HandoffState::Declined | HandoffState::Withdrawn | HandoffState::Lapsed => {
                format!("its handoff {handoff} is {state} and moves nothing: decide anew, or offer another")
            }
            HandoffState::Offered | HandoffState::Accepted => {
                format!("its handoff {handoff} is {state}: tenure handoff show {handoff}")
            }
        });
    }
    if let (Some(plan), Some(state)) = (named.plan, one.plan_state) {
        let plan = plan.handle();
        lines.push(match state {
            PlanState::Withdrawn | PlanState::Undone => {
                format!("its plan {plan} is {state} and ends nothing: decide anew, or draft another")
            }
            PlanState::Proposed
            | PlanState::Approved
            | PlanState::Running
            | PlanState::Proved
            | PlanState::Short
            | PlanState::Undoing => format!("its plan {plan} is {state}: tenure proof {plan}"),
        });
    }
    lines
}

impl Decide {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        changing(context, async |session| {
            let (asked, _) = item_of(session, &self.item, "was not decided").await?;
            let handle = &asked.item.handle;
            let agree = ToAgree {
                failed: format!("review item `{handle}` was not decided"),
                verb: ("decides", "decide"),
                digest: &asked.digest,
                given: self.yes.as_deref(),
            };
            agree.agreed(context, || show(context, &asked)).await?;
            let failed = format!("review item `{handle}` was not decided");
            if self.alike {
                return self.all_alike(context, session, &asked, &failed).await;
            }
            let body = json!({
                "answer": self.answer, "reason": self.reason, "digest": asked.digest, "to": self.to, "rights": self.right,
                "runbook": self.runbook, "stage": self.stage,
            });
            let path = format!("/api/v1/review-items/{}/decision", part(handle));
            let document = session.put(&failed, &path, &body).await?;
            context.document(&document);
            said(context, &shaped(&document)?);
            Ok(Exit::Done)
        })
        .await
    }

    async fn all_alike(
        &self,
        context: &Context,
        session: &Session<'_>,
        asked: &ToReview,
        failed: &str,
    ) -> Result<Exit, Failure> {
        let body = json!({
            "answer": self.answer, "reason": self.reason, "likeness": asked.item.likeness.clone().unwrap_or_default(),
            "count": asked.alike,
        });
        let path = format!("/api/v1/review-items/{}/alike", part(&asked.item.handle));
        let document = session.post(failed, &path, &body).await?;
        context.document(&document);
        context.say(format!("Decided: {} of {}.", self.answer, count(asked.alike, "identity")));
        context.next(format!("tenure review show {}", asked.review.handle));
        Ok(Exit::Done)
    }
}

fn said(context: &Context, made: &Made) {
    let one = &made.item;
    let name = printable(&one.shown.identity.name, 120);
    let identity = &one.shown.identity.handle;
    let Some(answer) = one.item.answer else { return };
    match answer {
        ReviewAnswer::Keep => {
            context.say(format!("Kept: {name} is confirmed as it was shown."));
            context.next(format!("tenure review show {}", one.review.handle));
        }
        ReviewAnswer::Retire => {
            context.say(format!("Decided: {name} is to be retired; done once its death is proved."));
            if let Some(plan) = &made.plan {
                context.next(format!("tenure apply {plan}"));
            } else {
                let why = made.no_plan_because.as_deref().unwrap_or("the server did not say why");
                context.say(format!("No plan was drafted: {}.", printable(why, 300)));
                context.next(format!("tenure revoke {identity} --reason \"…\""));
            }
        }
        ReviewAnswer::Narrow => {
            context.say(format!(
                "Decided: {name} is to lose rights; done once a complete survey shows it without them."
            ));
            context.next(format!("tenure show {identity}"));
        }
        ReviewAnswer::Rotate => {
            context.say(format!(
                "Decided: the credentials of {name} are to get other values; done once that is seen."
            ));
            context.next(format!("tenure show {identity}"));
        }
        ReviewAnswer::Reassign => {
            context.say(format!(
                "Decided: somebody else is to answer for {name}; done once its charter says so."
            ));
            if let Some(handoff) = &made.handoff {
                context.say(format!("It was offered to them: handoff {handoff}."));
                context.next(format!("tenure handoff show {handoff}; they accept it or decline"));
                return;
            }
            let why = made.no_handoff_because.as_deref().unwrap_or("the server did not say why");
            context.say(format!("No handoff was offered: {}.", printable(why, 300)));
            context.next(format!(
                "tenure handoff offer {identity} --to PERSON …, by who answers for it now or an operator"
            ));
        }
    }
}
