//! `tenure dismiss`: a finding is none here, says a person, with a reason and an end; and takes that back.
//!
//! It must never be without an end: what is dismissed returns by itself; and never dismiss what was not shown: each call names
//! what the finding rested on when it was looked at. Next: `findings.rs`.

use super::{changing, listing::read, reading};
use crate::{
    client::part,
    context::Context,
    failure::{Exit, Failure},
    render::words::{self, instant, typeable},
    session::{Session, shaped},
    wire::{Finding, FindingsBeside},
};
use clap::Args;
use serde_json::{Value, json};
use tenure_model::{Instant, printable};

/// Say that a finding is none here, until a day
///
/// It is not counted and not shown until then, and returns by itself: also earlier, when what it rests on changes
/// or when you leave. The reason stays with it and in the evidence; the longest is 365 days. What is dismissed is what
/// was shown: if it rests on something else by then, nothing is written. Without reason and end it is only shown.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure dismiss q4x7hd
  tenure dismiss q4x7hd --reason \"a sample key of the manual\" --until 2027-03-31
  tenure dismiss q4x7hd --group --reason \"a sample machine\" --until 2027-03-31
  tenure dismiss q4x7hd --withdraw
  tenure dismiss q4x7hd --withdraw --group
  tenure findings --dismissed

Exit codes: 0 done, 1 failed, 2 usage, 4 a group was only shown.")]
pub(crate) struct Dismiss {
    /// Which finding: its handle, as `tenure findings` shows it, or its id
    finding: String,
    /// Why it is no finding here
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Until when: a day, or an instant in UTC; 365 days at most
    #[arg(long, value_name = "DAY", value_parser = super::own::parse_end)]
    until: Option<Instant>,
    /// All findings that are mended in one place with it, each with a record of its own; shows them first
    #[arg(long)]
    group: bool,
    /// Dismiss the group, or take that back, as it was shown: the word that was shown with it
    #[arg(long, value_name = "WORD", requires = "group")]
    yes: Option<String>,
    /// Take it back: the finding counts again
    #[arg(long, conflicts_with_all = ["reason", "until"])]
    withdraw: bool,
}

impl Dismiss {
    /// A dismissal says why and until when: what is missing is said with what to type.
    fn check(&self, shown: &str) -> Result<(), Failure> {
        if self.yes.is_some() && !self.withdraw && self.reason.is_none() && self.until.is_none() {
            return Err(Failure::usage(format!("the group of `{shown}` was not dismissed"))
                .because("--yes agrees to a dismissal, and that says why and until when")
                .kept("nothing was changed")
                .next(format!("{} --group --yes WORD", example(shown))));
        }
        let missing = match (self.withdraw, &self.reason, &self.until) {
            (true, ..) | (false, Some(_), Some(_)) | (false, None, None) => return Ok(()),
            (false, None, _) => "a dismissal says why it is no finding here: --reason \"TEXT\"",
            (false, Some(_), None) => {
                "a dismissal has an end, 365 days away at most, when the finding counts again: --until YYYY-MM-DD"
            }
        };
        Err(Failure::usage(format!("`{shown}` was not dismissed")).because(missing).next(example(shown)))
    }

    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let shown = printable(&self.finding, 60);
        self.check(&shown)?;
        if self.reason.is_none() && !self.withdraw {
            return reading(context, async |session| self.show(context, session, &shown).await).await;
        }
        changing(context, async |session| {
            if self.withdraw && self.group {
                return self.withdraw_group(context, session, &shown).await;
            }
            if self.withdraw {
                let what = format!("the dismissal of `{shown}` was not withdrawn");
                let document = session.delete_and_tell(&what, &of(&self.finding)).await?;
                context.document(&document);
                let finding: Finding = shaped(&document)?;
                context.say(format!("The finding {} counts again.", about(&finding)));
                context.next("tenure findings");
                return Ok(Exit::Done);
            }
            if self.group {
                self.group(context, session, &shown).await
            } else {
                self.one(context, session, &shown).await
            }
        })
        .await
    }

    /// What would be dismissed, and what with it.
    async fn show(&self, context: &Context, session: &Session<'_>, shown: &str) -> Result<Exit, Failure> {
        let what = format!("`{shown}` cannot be shown");
        let document = session.get(&what, &format!("/api/v1/findings/{}", part(&self.finding))).await?;
        let finding: Finding = shaped(&document)?;
        let beside = self.beside(session, shown).await?;
        let count = beside.items.len();
        if self.group {
            context.document(&json!({
                "finding": document, "group": handles(&beside.items), "yes": word_for(&beside.items),
            }));
        } else {
            context.document(&document);
        }
        // The chosen one is among the group, while it counts.
        if !self.group || !beside.items.iter().any(|one| one.id == finding.id) {
            context.say(line(&finding));
        }
        if let Some(said) = finding.dismissal_said() {
            context.say(format!("  {said}"));
        }
        if self.group && count > 0 {
            say_all(context, &beside.items);
            context.next(format!("{} --group --yes {}", example(shown), word_for(&beside.items)));
            return Ok(Exit::Done);
        }
        if count > 1 {
            context.say(format!(
                "{count} findings are mended in one place with it; --group shows and dismisses all of them."
            ));
        }
        context.next(if finding.dismissed_until.is_some() {
            format!("tenure dismiss {} --withdraw makes it count again", typeable(shown))
        } else {
            example(shown)
        });
        Ok(Exit::Done)
    }

    /// Dismisses one, as it was shown a moment before.
    async fn one(&self, context: &Context, session: &Session<'_>, shown: &str) -> Result<Exit, Failure> {
        let what = format!("`{shown}` was not dismissed");
        let seen: Finding =
            shaped(&session.get(&what, &format!("/api/v1/findings/{}", part(&self.finding))).await?)?;
        context.say(line(&seen));
        let document = self.write(session, &seen, &what).await?;
        context.document(&document);
        let finding: Finding = shaped(&document)?;
        let end = finding.dismissed_until.map(instant).unwrap_or_default();
        context.say(format!("Dismissed {} until {end}; then it counts again.", about(&finding)));
        context.next(format!("tenure dismiss {} --withdraw takes it back", finding.id.handle()));
        Ok(Exit::Done)
    }

    /// Shows all that are mended together, and dismisses them when their number is what was agreed to.
    async fn group(&self, context: &Context, session: &Session<'_>, shown: &str) -> Result<Exit, Failure> {
        let beside = self.beside(session, shown).await?;
        let count = beside.items.len();
        let refused =
            |why: String| Failure::new(format!("the group of `{shown}` was not dismissed")).because(why);
        if beside.is_cut {
            return Err(refused(format!(
                "more than {count} findings are in it; mend what they have in common"
            )));
        }
        if count == 0 {
            return Err(refused("it is dismissed, or none of it counts any more".to_owned()));
        }
        say_all(context, &beside.items);
        let word = word_for(&beside.items);
        match &self.yes {
            Some(agreed) if *agreed == word => {}
            Some(_) => {
                let why =
                    "it is another group than the one that was shown, or it rests on something else by now";
                return Err(refused(why.to_owned()).next("look again: the same command without --yes"));
            }
            None => {
                context.document(&json!({
                    "dismissed": 0, "would_dismiss": count, "group": handles(&beside.items), "yes": word,
                }));
                let all = i64::try_from(count).unwrap_or(i64::MAX);
                context.say(format!("Nothing was dismissed yet of {}.", words::count(all, "finding")));
                context.next(format!(
                    "the same command with --yes {word} dismisses each of them as it was shown"
                ));
                return Ok(Exit::Undecided);
            }
        }
        let mut left = Vec::new();
        for finding in &beside.items {
            let handle = finding.id.handle();
            if let Err(failure) = self.write(session, finding, &format!("`{handle}` was not dismissed")).await
            {
                left.push(failure);
            }
        }
        let done = count - left.len();
        context.document(&json!({ "dismissed": done, "left": left.len() }));
        let end = self.until.map(instant).unwrap_or_default();
        context.say(format!(
            "Dismissed {done} of {count} findings until {end}; each then counts again by itself."
        ));
        match left.into_iter().next() {
            None => {
                context.next("tenure findings --dismissed");
                Ok(Exit::Done)
            }
            Some(first) => Err(first),
        }
    }

    /// Shows every dismissed finding that is mended in one place with it, and takes those back that were agreed to.
    async fn withdraw_group(
        &self,
        context: &Context,
        session: &Session<'_>,
        shown: &str,
    ) -> Result<Exit, Failure> {
        let what = format!("the dismissals of the group of `{shown}` were not withdrawn");
        let refused = |why: &str| Failure::new(what.clone()).because(why).kept("nothing was changed");
        let one: Finding =
            shaped(&session.get(&what, &format!("/api/v1/findings/{}", part(&self.finding))).await?)?;
        let query = [String::from("dismissed=true")];
        let listed = read::<Finding>(session, &what, "/api/v1/findings", &query, usize::MAX).await?;
        let dismissed: Vec<Finding> = listed.rows.into_iter().filter(|row| row.is_beside(&one)).collect();
        if dismissed.is_empty() {
            return Err(refused("none of it is dismissed")
                .next("tenure findings --dismissed lists what is dismissed"));
        }
        for finding in &dismissed {
            context.say(line(finding));
            context.say(format!("  {}", finding.dismissal_said().unwrap_or_default()));
        }
        let (word, count) = (word_for(&dismissed), dismissed.len());
        match &self.yes {
            Some(agreed) if *agreed == word => {}
            Some(_) => {
                return Err(refused("it is another group than the one that was shown")
                    .next("look again: the same command without --yes"));
            }
            None => {
                context.document(&json!({
                    "withdrawn": 0, "would_withdraw": count, "group": handles(&dismissed), "yes": word,
                }));
                let all = i64::try_from(count).unwrap_or(i64::MAX);
                context.say(format!("Nothing was taken back yet of {}.", words::count(all, "dismissal")));
                context.next(format!("the same command with --yes {word} takes back each of them"));
                return Ok(Exit::Undecided);
            }
        }
        let mut left = Vec::new();
        for finding in &dismissed {
            let what = format!("the dismissal of `{}` was not withdrawn", finding.id.handle());
            if let Err(failure) = session.delete_and_tell(&what, &of(&finding.id.to_string())).await {
                left.push(failure);
            }
        }
        let done = count - left.len();
        context.document(&json!({ "withdrawn": done, "left": left.len() }));
        context.say(format!("Took back {done} of {count} dismissals; those findings count again."));
        context.next("tenure findings");
        left.into_iter().next().map_or(Ok(Exit::Done), Err)
    }

    async fn beside(&self, session: &Session<'_>, shown: &str) -> Result<FindingsBeside, Failure> {
        let path = format!("/api/v1/findings/{}/beside", part(&self.finding));
        shaped(&session.get(&format!("what is mended with `{shown}` cannot be shown"), &path).await?)
    }

    /// Writes one dismissal of what was seen.
    async fn write(&self, session: &Session<'_>, seen: &Finding, what: &str) -> Result<Value, Failure> {
        let body = json!({
            "reason": self.reason, "until": self.until, "rests_on_digest": seen.rests_on_digest,
        });
        session.put(what, &of(&seen.id.to_string()), &body).await
    }
}

/// Each finding of a group, for a document.
fn handles(findings: &[Finding]) -> Vec<Value> {
    let one = |finding: &Finding| {
        json!({
            "id": finding.id, "handle": finding.id.handle(), "policy": finding.policy,
            "identity_name": finding.identity_name, "reason": finding.reason,
        })
    };
    findings.iter().map(one).collect()
}

/// Every finding of a group on a line of its own: what is not shown is not agreed to.
fn say_all(context: &Context, findings: &[Finding]) {
    for finding in findings {
        context.say(line(finding));
    }
}

/// A word for a group just as it was shown: how many, and a digest of which and of what each rests on.
fn word_for(findings: &[Finding]) -> String {
    let mut shown = String::new();
    for finding in findings {
        shown.push_str(&finding.id.to_string());
        shown.push(' ');
        shown.push_str(finding.rests_on_digest.as_deref().unwrap_or_default());
        shown.push_str(&finding.dismissal_said().unwrap_or_default());
        shown.push('\n');
    }
    let digest = tenure_evidence::leaf_hash(shown.as_bytes());
    let begin = digest.as_bytes().first_chunk().map_or(0, |begin| u32::from_be_bytes(*begin));
    format!("{}-{begin:08x}", findings.len())
}

fn of(finding: &str) -> String {
    format!("/api/v1/findings/{}/dismissal", part(finding))
}

fn about(finding: &Finding) -> String {
    format!("{} of {}", finding.policy, printable(&finding.identity_name, 120))
}

fn line(finding: &Finding) -> String {
    format!("{}  {}: {}", finding.id.handle(), about(finding), printable(&finding.reason, 300))
}

fn example(shown: &str) -> String {
    format!("tenure dismiss {} --reason \"a sample key of the manual\" --until 2027-03-31", typeable(shown))
}
