//! `revoke` and `disable`: plan, show, decide, carry out, and say honestly how it ended.
//!
//! The longest walk of the command line: the plan is read back to the person, the name is typed
//! (or given with --yes), the decision binds the plan's digest, each step is told as it
//! happens. A level that was not reached is never called reached.

use super::{
    by_hand, changing,
    plan::{Kind, Wish, draft},
    tighten::OfFile,
    watch::{self, Watched},
};
use crate::{
    client::part,
    context::{Context, Form},
    failure::{Exit, Failure},
    render::{
        paint::Look,
        plan::{outcome, preview, reached},
    },
    session::{Session, shaped},
    terminal,
    wire::{IdentityShown, PlanShown},
};
use clap::Args;
use serde_json::json;
use std::time::Duration;
use tenure_model::{PlanKind, PlanState, Presence, printable};

/// How a plan is decided and watched.
#[derive(Debug, Clone, Args)]
pub(crate) struct Going {
    /// Go on without asking: the name of what the plan is about, as it would be typed
    #[arg(long, value_name = "NAME")]
    pub(crate) yes: Option<String>,
    /// How long to watch, in seconds; afterwards it goes on by itself when `tenure up` runs
    #[arg(long, value_name = "SECONDS", default_value_t = 120)]
    pub(crate) wait: u64,
    /// Go past the decisions that the programme asks for: why nobody is waited for; it says so for ever
    #[arg(long, value_name = "WHY")]
    pub(crate) emergency: Option<String>,
}

/// End an identity everywhere, and prove it dead
///
/// Plans the revocation, shows what it would touch and asks for the name. Then: a password of our own
/// is installed and shown to work at each point, logging in is stopped, sessions are ended, the
/// principal is deleted, what was minted meanwhile is looked for, and each point is tried until it
/// refuses, past the propagation lag. "Proved" is said only where that was seen.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure revoke pg-main/reporting --reason \"contract ended\"
  tenure revoke pg-main/etl --reason \"leaked in CI log\" --heir dba --yes etl
  tenure revoke pg-main/etl --by-hand     when Tenure cannot write: full disk, read-only disk

Exit codes: 0 proved to the required level (with --by-hand: the commands were printed), 1 not proved,
2 usage, 4 a decision is needed, or it was not over within --wait. Levels: tenure help proof-levels.")]
pub(crate) struct Revoke {
    /// Which identity: SOURCE/NAME, a name, a handle or its beginning
    identity: String,
    /// Why; whoever reads the evidence later will ask
    #[arg(long, required_unless_present = "by_hand")]
    reason: Option<String>,
    /// Who receives what it owns
    #[arg(long, value_name = "NAME")]
    heir: Option<String>,
    /// Do nothing: print the system's own commands, for a person to run
    #[arg(long, conflicts_with_all = ["reason", "heir", "yes", "wait", "emergency"])]
    by_hand: bool,
    #[command(flatten)]
    going: Going,
}

impl Revoke {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let Some(reason) = self.reason.filter(|_| !self.by_hand) else {
            return by_hand::print(context, &self.identity).await;
        };
        plan_and_go(context, Kind::Revoke, &self.identity, &reason, self.heir.as_deref(), &self.going).await
    }
}

/// Stop an identity from logging in, with a way back
///
/// Like revoke, without the deletion: `tenure undo PLAN` brings it back.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure disable pg-main/etl --reason \"does anybody still use it?\"
  tenure undo k7wd2m

Exit codes: as for revoke.")]
pub(crate) struct Disable {
    /// Which identity: SOURCE/NAME, a name, a handle or its beginning
    identity: String,
    /// Why; whoever reads the evidence later will ask
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    going: Going,
}

impl Disable {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        plan_and_go(context, Kind::Disable, &self.identity, &self.reason, None, &self.going).await
    }
}

async fn plan_and_go(
    context: &Context,
    kind: Kind,
    identity: &str,
    reason: &str,
    heir: Option<&str>,
    going: &Going,
) -> Result<Exit, Failure> {
    changing(context, async |session| {
        if let Some(given) = &going.yes {
            check_name(session, kind, identity, given).await?;
        }
        let wish = Wish { kind, identity, reason, heir, of_file: &OfFile::default() };
        let shown: PlanShown = shaped(&draft(session, &wish).await?)?;
        for line in preview(&shown, context.frame()) {
            context.say(line);
        }
        match decide_and_watch(session, context, &shown, going).await {
            Err(Gone::Declined(failure)) => Err(withdraw(session, &shown, failure).await),
            Err(Gone::Failed(failure)) => Err(failure),
            Ok(exit) => Ok(exit),
        }
    })
    .await
}

/// A name that is not the one meant is refused before anything is planned.
async fn check_name(session: &Session<'_>, kind: Kind, identity: &str, given: &str) -> Result<(), Failure> {
    let what = format!("no plan to {} `{}` was made", kind.as_str(), printable(identity, 80));
    let document = session.get(&what, &format!("/api/v1/identities/{}", part(identity))).await?;
    let shown: IdentityShown = shaped(&document)?;
    let mut names = shown
        .principals
        .iter()
        .filter(|principal| principal.presence == Presence::Present)
        .map(|principal| principal.name.as_str())
        .peekable();
    if names.peek().is_none() {
        // Nothing is there to be named wrongly; making the plan says why there is nothing to do.
        return Ok(());
    }
    let about = names.peek().copied().unwrap_or(&shown.identity.name).to_owned();
    if is_meant(given, &shown.identity.name) || names.any(|name| is_meant(given, name)) {
        return Ok(());
    }
    Err(Failure::usage(what)
        .because(format!(
            "--yes names `{}`, but this is about `{}`",
            printable(given, 80),
            printable(&about, 80)
        ))
        .kept("nothing was changed, and no plan was made")
        .next(format!("give --yes {}, if that is what you mean", quoted(&about))))
}

/// A name as it is, or as it is shown.
fn is_meant(given: &str, name: &str) -> bool {
    given == name || given == printable(name, 200)
}

/// Somebody looked at the plan and said no: it does not stay about.
pub(super) async fn withdraw(session: &Session<'_>, shown: &PlanShown, failure: Failure) -> Failure {
    let handle = &shown.plan.handle;
    let path = format!("/api/v1/plans/{}/withdraw", part(handle));
    match session.post("the plan was not withdrawn", &path, &json!({})).await {
        Ok(_) => Failure {
            kept: Some(String::from("nothing was done; the plan was withdrawn")),
            next: None,
            ..failure
        },
        Err(_) => failure,
    }
}

/// Why a plan was not carried out.
pub(crate) enum Gone {
    /// Somebody was asked, and did not say yes.
    Declined(Failure),
    /// Anything else.
    Failed(Failure),
}

impl From<Failure> for Gone {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl Gone {
    /// As the failure it is.
    pub(crate) fn into_failure(self) -> Failure {
        match self {
            Self::Declined(failure) | Self::Failed(failure) => failure,
        }
    }
}

/// Gets the decision, applies the plan, watches it.
pub(crate) async fn decide_and_watch(
    session: &Session<'_>,
    context: &Context,
    shown: &PlanShown,
    going: &Going,
) -> Result<Exit, Gone> {
    let handle = &shown.plan.handle;
    if shown.plan.state == PlanState::Proposed {
        decide(context, shown, going.yes.as_deref()).await?;
        let what = format!("plan {handle} was not applied");
        let path = format!("/api/v1/plans/{}/apply", part(handle));
        let body = json!({ "digest": shown.plan.digest, "emergency": going.emergency });
        let decided: PlanShown = shaped(&session.post(&what, &path, &body).await?)?;
        if decided.plan.state == PlanState::Proposed {
            return Ok(tell_next_step(context, &decided));
        }
    }
    Ok(watch_to_the_end(session, context, handle, going.wait, None).await?)
}

/// One step was decided, and another is not: who decides that.
fn tell_next_step(context: &Context, decided: &PlanShown) -> Exit {
    let handle = &decided.plan.handle;
    let next = (1..).zip(&decided.decisions).find(|(_, one)| one.person.is_none());
    if let Some((number, one)) = next {
        context.say(format!(
            "Decided, and not begun: step {number} of {} waits for {}.",
            decided.decisions.len(),
            printable(&one.who, 120)
        ));
    }
    context.next(format!("somebody else: tenure apply {handle}"));
    Exit::Undecided
}

/// The name, typed or given. Anything else leaves the plan as it is.
async fn decide(context: &Context, shown: &PlanShown, yes: Option<&str>) -> Result<(), Gone> {
    let handle = &shown.plan.handle;
    let name = shown.about();
    let kept = format!("nothing was done; plan {handle} stays proposed (tenure undo {handle} withdraws it)");
    let is_of_identity = |given: &str| shown.plan.file.is_none() && is_meant(given, &shown.identity_name);
    let is_meant =
        |given: &str| is_meant(given, name) || is_meant(given, shown.plan.about()) || is_of_identity(given);
    let go_on = format!("tenure apply {handle} --yes {}", quoted(name));
    match yes {
        Some(given) if is_meant(given) => return Ok(()),
        Some(given) => {
            return Err(Failure::usage(format!("plan {handle} was not applied"))
                .because(format!(
                    "--yes names `{}`, but the plan is about `{}`",
                    printable(given, 80),
                    printable(name, 80)
                ))
                .kept(kept)
                .next(go_on)
                .into());
        }
        None => {}
    }
    if !context.terminal.can_ask || context.form != Form::Text {
        return Err(Failure::undecided(format!("plan {handle} was not applied"))
            .because("it needs a decision, and there is no terminal to ask for one")
            .kept(kept)
            .next(go_on)
            .into());
    }
    let question = format!(
        "Type the {} to go on: {} ",
        if shown.plan.file.is_some() { "path" } else { "name" },
        context.frame().paint.text(Look::Strong, &printable(name, 200))
    );
    let typed = terminal::ask(&format!("{question}\n> "))
        .await
        .map_err(|failure| Gone::Declined(failure.kept(kept.clone())))?;
    if is_meant(&typed) {
        return Ok(());
    }
    Err(Gone::Declined(
        Failure::undecided(format!("plan {handle} was not applied"))
            .because("another name was typed")
            .kept(kept)
            .next(go_on),
    ))
}

/// A name as a POSIX shell takes it.
pub(super) fn quoted(name: &str) -> String {
    let plain = !name.is_empty()
        && name.chars().all(|letter| letter.is_ascii_alphanumeric() || "_-./@".contains(letter));
    if plain { name.to_owned() } else { format!("'{}'", printable(name, 200).replace('\'', "'\\''")) }
}

/// Watches a plan to its end, and says how it ended.
pub(crate) async fn watch_to_the_end(
    session: &Session<'_>,
    context: &Context,
    handle: &str,
    wait_seconds: u64,
    before: Option<&PlanShown>,
) -> Result<Exit, Failure> {
    let (shown, document, watched) =
        watch::plan(session, context, handle, Duration::from_secs(wait_seconds), before).await?;
    context.document(&document);
    // Whoever takes a plan back wants it so; whoever carries one out does not.
    let (sentence, exit) = if before.is_some() { outcome(&shown) } else { reached(&shown) };
    let look = match exit {
        Exit::Done => Look::Good,
        Exit::Failed => Look::Bad,
        Exit::Undecided | Exit::Usage | Exit::Findings => Look::Warn,
    };
    context.print(paint_first_words(context, look, &sentence));
    match watched {
        Watched::Over if tightened(&shown) => {
            context.say("What lies in the file goes on working: exchange it.");
            context.next(format!("tenure survey {}", quoted(&shown.source_name)));
        }
        Watched::Over => context.next(format!("tenure proof {handle}")),
        Watched::Pending if !session.takes_writes().await => {
            context.say(format!(
                "Tenure cannot write at the moment, so it stands still: tenure doctor says why. If it cannot wait: tenure revoke {} --by-hand",
                quoted(&shown.identity_name)
            ));
        }
        Watched::Pending => {
            let hosted = session.is_hosted().await;
            let goes_on = if hosted {
                "It goes on by itself as soon as `tenure up` runs"
            } else {
                "It goes on by itself"
            };
            context.say(format!("{goes_on}; see: tenure proof {handle}"));
        }
    }
    Ok(exit)
}

/// Whether a file was closed to others just now.
fn tightened(shown: &PlanShown) -> bool {
    shown.plan.kind == PlanKind::Tighten && shown.plan.state == PlanState::Proved
}

/// Paints what comes before the first colon or blank: the verdict.
fn paint_first_words(context: &Context, look: Look, sentence: &str) -> String {
    let end = sentence.find([':', ' ']).unwrap_or(sentence.len());
    let (verdict, rest) = sentence.split_at(end);
    format!("{}{rest}", context.frame().paint.text(look, verdict))
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn a_name_is_quoted_for_the_shell_it_is_pasted_into() {
        assert_eq!(quoted("reporting"), "reporting");
        assert_eq!(quoted("it's"), "'it'\\''s'");
        assert_eq!(quoted("$(reboot)"), "'$(reboot)'");
        assert_eq!(quoted(""), "''");
    }
}
