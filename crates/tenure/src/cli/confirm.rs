//! `tenure confirm`: whether an identity is still needed, still of its scope, and still its owners'.
//!
//! It must never confirm what was not shown: the word names charter, rights and credentials as they were looked at. One at
//! a time; many are not confirmed in one go. Next: `own.rs`, whose it is.

use super::{changing, reading};
use crate::{
    client::part,
    context::Context,
    failure::{Exit, Failure},
    render::words::{count, instant},
    session::{Session, shaped},
    wire::{CredentialShown, Finding, Identity, PlanShown, Use},
};
use clap::Args;
use serde::Deserialize;
use serde_json::json;
use tenure_model::{Instant, printable};

/// Rights that are shown by name on a terminal.
const RIGHTS_SHOWN: usize = 40;

/// Letters of a digest that name what was shown.
const WORD_CHARS: usize = 12;

/// Say whether an identity is still needed, still of this scope, and still yours
///
/// Shows what is confirmed: what it is for, its owners, its rights and what changed of them since it was confirmed last,
/// its credentials with their ages, its last use, and what is wrong. --yes takes the word that was shown with it, and says
/// three times yes. A confirmation counts until its cadence ends (`review_days_max` of the programme), and ends earlier when
/// the identity gains a right, or when you leave or do not own it any more. Of what is not needed any more a plan is drafted;
/// nothing ends until somebody applies it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure confirm pg-main/reporting
  tenure confirm pg-main/reporting --yes 5e0d91c4a7b2
  tenure confirm pg-main/reporting --other-scope --note \"it only reads now\"
  tenure confirm pg-main/reporting --not-needed --note \"replaced in March\"
  tenure own pg-main/reporting --not-mine --ask bob --reason \"moved to the data team\"

Exit codes: 0 done or shown, 1 failed, 2 usage, 4 somebody else has to be named.")]
pub(crate) struct Confirm {
    /// Which identity: SOURCE/NAME, a name, a handle or its beginning
    identity: String,
    /// It is needed as it was shown: the word that was shown with it
    #[arg(long, value_name = "WORD", conflicts_with_all = ["other_scope", "not_needed", "not_mine"])]
    yes: Option<String>,
    /// It is needed, and not with this scope
    #[arg(long, conflicts_with_all = ["not_needed", "not_mine"])]
    other_scope: bool,
    /// It is not needed any more: drafts a plan to revoke it
    #[arg(long, conflicts_with = "not_mine")]
    not_needed: bool,
    /// It is not yours: says how to hand it on
    #[arg(long)]
    not_mine: bool,
    /// What there is to say about it
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
}

/// What the API says is to be confirmed.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct ToConfirm {
    pub(super) identity: Identity,
    owners: Vec<String>,
    rights_count: i64,
    #[serde(default)]
    rights: Vec<String>,
    #[serde(default)]
    rights_gained: Vec<String>,
    #[serde(default)]
    rights_lost: i64,
    credentials: Vec<CredentialShown>,
    last_use: Option<Use>,
    uses_missed: Option<String>,
    findings: Vec<Finding>,
    last: Option<ConfirmedLast>,
    due: String,
    due_at: Option<Instant>,
    digest: String,
}

#[derive(Debug, Clone, Deserialize)]
struct ConfirmedLast {
    at: Instant,
    by: Option<String>,
    for_owners: bool,
    denied: Option<String>,
    ended: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
struct ConfirmationMade {
    plan: Option<PlanShown>,
    no_plan_because: Option<String>,
}

impl Confirm {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let shown = printable(&self.identity, 80);
        if self.not_mine {
            context.say("Whose it is, its charter says; nothing was changed.");
            context.next(format!(
                "tenure own {} --not-mine --ask PERSON --reason \"…\"",
                crate::render::words::typeable(&self.identity)
            ));
            return Ok(Exit::Undecided);
        }
        if self.yes.is_none() && !self.other_scope && !self.not_needed {
            if self.note.is_some() {
                return Err(Failure::usage("--note goes with --yes, --other-scope or --not-needed"));
            }
            return reading(context, async |session| self.show(context, session, &shown).await).await;
        }
        changing(context, async |session| self.answer(context, session, &shown).await).await
    }

    async fn seen(
        &self,
        session: &Session<'_>,
        what: &str,
    ) -> Result<(serde_json::Value, ToConfirm), Failure> {
        let document = session.get(what, &self.path()).await?;
        let seen = shaped(&document)?;
        Ok((document, seen))
    }

    fn path(&self) -> String {
        format!("/api/v1/identities/{}/confirmation", part(&self.identity))
    }

    async fn show(&self, context: &Context, session: &Session<'_>, shown: &str) -> Result<Exit, Failure> {
        let (document, seen) = self.seen(session, &format!("`{shown}` cannot be shown")).await?;
        context.document(&document);
        for line in lines(&seen) {
            context.say(line);
        }
        let handle = &seen.identity.handle;
        context.next(if seen.owners.is_empty() {
            format!("tenure own {handle} --purpose \"…\"")
        } else {
            format!("tenure confirm {handle} --yes {}", word(&seen.digest))
        });
        Ok(Exit::Done)
    }

    async fn answer(&self, context: &Context, session: &Session<'_>, shown: &str) -> Result<Exit, Failure> {
        let what = format!("`{shown}` was not confirmed");
        let (_, seen) = self.seen(session, &what).await?;
        if self.yes.as_ref().is_some_and(|given| *given != word(&seen.digest)) {
            return Err(Failure::new(what)
                .because("it is not as it was shown: its charter, rights or credentials are other by now")
                .kept("nothing was changed")
                .next(format!("look again: tenure confirm {}", seen.identity.handle)));
        }
        let body = json!({
            "needed": !self.not_needed, "same_scope": !self.other_scope, "same_owners": true,
            "digest": seen.digest, "note": self.note,
        });
        let document = session.post(&what, &self.path(), &body).await?;
        context.document(&document);
        let made: ConfirmationMade = shaped(&document)?;
        let (name, handle) = (printable(&seen.identity.name, 120), &seen.identity.handle);
        if self.not_needed {
            context.say(format!("Said of {name} that it is not needed any more. Nothing was ended."));
            return Ok(not_needed(context, &made, handle));
        }
        if self.other_scope {
            context.say(format!(
                "Said of {name} that it is needed, and not with this scope; it stays unconfirmed."
            ));
            context.next(format!(
                "tenure show {handle} shows its rights; once they are other, tenure confirm {handle}"
            ));
            return Ok(Exit::Done);
        }
        context.say(format!("Confirmed {name}, as it was shown."));
        context.next(format!("tenure explain {handle}"));
        Ok(Exit::Done)
    }
}

fn not_needed(context: &Context, made: &ConfirmationMade, handle: &str) -> Exit {
    if let Some(plan) = &made.plan {
        context.say(format!("Plan {} would revoke it, and waits for a decision.", plan.plan.handle));
        context.next(format!("tenure apply {}", plan.plan.handle));
        return Exit::Done;
    }
    let why = made.no_plan_because.as_deref().unwrap_or("the server did not say why");
    context.say(format!("No plan was drafted: {}.", printable(why, 300)));
    context.next(format!("tenure revoke {handle} --reason \"…\""));
    Exit::Done
}

/// The beginning of a digest.
fn word(digest: &str) -> String {
    digest.chars().take(WORD_CHARS).collect()
}

/// What is confirmed, line by line.
pub(super) fn lines(seen: &ToConfirm) -> Vec<String> {
    let purpose = seen.identity.charter.purpose.as_deref();
    let mut lines = vec![
        printable(&seen.identity.name, 200),
        format!(
            "  for: {}",
            purpose.map_or_else(|| String::from("nobody wrote it down"), |text| printable(text, 300))
        ),
        format!(
            "  owned by: {}",
            if seen.owners.is_empty() {
                String::from("nobody")
            } else {
                printable(&seen.owners.join(" and "), 200)
            }
        ),
        format!("  holds: {}", count(seen.rights_count, "right")),
    ];
    lines.extend(seen.rights.iter().take(RIGHTS_SHOWN).map(|right| format!("    {}", printable(right, 200))));
    if seen.rights.len() > RIGHTS_SHOWN {
        lines.push(format!("    and {} more: --json names them", seen.rights.len() - RIGHTS_SHOWN));
    }
    lines.extend(seen.rights_gained.iter().map(|right| format!("  gained since: {}", printable(right, 200))));
    if seen.rights_lost > 0 {
        lines.push(format!("  lost since: {}", count(seen.rights_lost, "right")));
    }
    for one in &seen.credentials {
        let since = one.credential.value_changed.unwrap_or(one.credential.first_seen);
        lines.push(format!(
            "  {}: this value since {}; ends {}",
            one.credential.kind,
            instant(since),
            printable(&one.dies, 200)
        ));
    }
    let used = seen
        .last_use
        .as_ref()
        .map(|one| format!("{} from {}", instant(one.last_seen), printable(&one.consumer, 80)));
    let missed =
        seen.uses_missed.as_ref().map(|why| format!(" ({})", printable(why, 200))).unwrap_or_default();
    lines.push(format!("  last seen used: {}{missed}", used.unwrap_or_else(|| String::from("never"))));
    for one in &seen.findings {
        lines.push(format!("  {}: {}", one.severity, printable(&one.reason, 300)));
    }
    lines.push(format!("  answered last: {}", last(seen.last.as_ref())));
    let due = seen.due_at.map(|at| format!(" (due {})", instant(at))).unwrap_or_default();
    lines.push(format!("Has to be confirmed now: {}{due}.", printable(&seen.due, 300)));
    lines
}

fn last(last: Option<&ConfirmedLast>) -> String {
    let Some(last) = last else { return String::from("never") };
    let by = last.by.as_deref().map_or_else(|| String::from("somebody who left"), |name| printable(name, 80));
    let owners = if last.for_owners { ", for its owners" } else { "" };
    let said = match (&last.denied, &last.ended) {
        (Some(denied), _) => printable(denied, 200),
        (None, Some(ended)) => format!("confirmed; that counts no more: {}", printable(ended, 200)),
        (None, None) => String::from("confirmed"),
    };
    format!("{} by {by}{owners}: {said}", instant(last.at))
}
