//! `tenure delegation`: letting somebody decide in one's place, for a time; accepting that, and ending it.
//!
//! It must never say that somebody decides for another before they accepted it. Next: `handoff.rs`, for what is handed on for
//! good.

use super::{
    changing,
    listing::{self, Amount},
    reading,
};
use crate::{
    client::part,
    context::Context,
    failure::{Exit, Failure},
    render::{
        paint::Look,
        table::{Table, cell, looking},
        words::{instant, wrapped},
    },
    session::{Session, shaped},
    wire::{Delegation, DelegationLine},
};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};
use tenure_model::{DelegatedKind, DelegationState, Instant, printable};

/// Let somebody decide in your place, for a time; accept or decline that; end it
///
/// It passes on what is asked of you by name, as an owner, for a partner or in a review; never what your role lets you do. It
/// counts once it is accepted, and ends by itself. For rules that want different people, both of you are one.
#[derive(Debug, Subcommand)]
pub(crate) enum DelegationCommand {
    Offer(Offer),
    List(List),
    Show(Show),
    Accept(Accept),
    Decline(Decline),
    End(End),
}

/// Which delegations are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Which {
    /// Those that wait or count
    Current,
    /// Those that are over
    Over,
}

/// Offer somebody to decide in your place
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure delegation offer --to bob --until 2026-12-18 --reason \"on leave\"
  tenure delegation offer --to bob --from 2026-12-04 --until 2026-12-18 \\
      --only plan --only request --reason \"on leave\"

Exit codes: 0 offered, 1 failed, 2 usage.")]
pub(crate) struct Offer {
    /// To whom, by name
    #[arg(long, value_name = "PERSON")]
    to: String,
    /// From when on, a day or an instant; at once unless said
    #[arg(long, value_name = "DAY", value_parser = begin)]
    from: Option<Instant>,
    /// Until when, a day (its end) or an instant
    #[arg(long, value_name = "DAY", value_parser = end)]
    until: Instant,
    /// What they decide: plan, request, exception or review; all of it unless said, may be repeated
    #[arg(long, value_name = "KIND", value_parser = kind)]
    only: Vec<DelegatedKind>,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

/// List delegations
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure delegation list
  tenure delegation list over --json

Exit codes: 0 listed, 1 failed, 2 usage.")]
pub(crate) struct List {
    /// Which
    #[arg(value_enum, default_value = "current")]
    which: Which,
    #[command(flatten)]
    amount: Amount,
}

/// Show a delegation with what was decided by it
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure delegation show 7k2m4x

Exit codes: 0 shown, 1 failed, 2 usage.")]
pub(crate) struct Show {
    /// Its handle or its id
    delegation: String,
}

/// Decide in somebody's place from its beginning on
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure delegation accept 7k2m4x

Exit codes: 0 accepted, 1 failed, 2 usage.")]
pub(crate) struct Accept {
    /// Its handle or its id
    delegation: String,
}

/// Say no: nobody decides in their place
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure delegation decline 7k2m4x --reason \"I am away too\"

Exit codes: 0 declined, 1 failed, 2 usage.")]
pub(crate) struct Decline {
    /// Its handle or its id
    delegation: String,
    /// Why
    #[arg(long, value_name = "TEXT", default_value = "")]
    reason: String,
}

/// End a delegation that waits or counts
///
/// Either of the two ends it, and an operator does. What was decided by it and has not begun counts no more.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure delegation end 7k2m4x --reason \"back earlier\"

Exit codes: 0 ended, 1 failed, 2 usage.")]
pub(crate) struct End {
    /// Its handle or its id
    delegation: String,
    /// Why
    #[arg(long, value_name = "TEXT", default_value = "")]
    reason: String,
}

fn begin(given: &str) -> Result<Instant, String> {
    Instant::parse_begin(given).map_err(|error| error.to_string())
}

fn end(given: &str) -> Result<Instant, String> {
    Instant::parse_end(given).map_err(|error| error.to_string())
}

fn kind(given: &str) -> Result<DelegatedKind, String> {
    given.parse().map_err(|error: tenure_model::UnknownWord| error.to_string())
}

impl DelegationCommand {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        match self {
            Self::Offer(args) => args.run(context).await,
            Self::List(args) => args.run(context).await,
            Self::Show(args) => args.run(context).await,
            Self::Accept(args) => args.run(context).await,
            Self::Decline(args) => args.run(context).await,
            Self::End(args) => args.run(context).await,
        }
    }
}

/// A person's name; or what is said where they have left.
fn who(given: Option<&str>) -> String {
    given.map_or_else(|| String::from("somebody who left"), |name| printable(name, 80))
}

/// What is decided, in words.
fn kinds(given: &[DelegatedKind]) -> String {
    if given.len() == DelegatedKind::ALL.len() {
        return String::from("plans, requests, exceptions, reviews");
    }
    given.iter().map(|kind| format!("{kind}s")).collect::<Vec<_>>().join(", ")
}

impl Offer {
    async fn run(self, context: &Context) -> Result<Exit, Failure> {
        changing(context, async |session| {
            let body = json!({
                "to": self.to, "begins": self.from, "ends": self.until, "kinds": self.only, "reason": self.reason,
            });
            let document = session.post("nothing was offered", "/api/v1/delegations", &body).await?;
            context.document(&document);
            let made: Delegation = shaped(&document)?;
            let line = &made.line;
            let to = who(line.to_name.as_deref());
            context.say(format!(
                "Offered: once {to} accepts, {to} decides {} in your place, from {} until {}.",
                kinds(&line.kinds),
                instant(line.begins),
                instant(line.ends)
            ));
            context.next(format!("{to} accepts it: tenure delegation accept {}", line.handle));
            Ok(Exit::Done)
        })
        .await
    }
}

impl List {
    async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let failed = "the delegations were not listed";
        let word = match self.which {
            Which::Current => "current",
            Which::Over => "over",
        };
        reading(context, async |session| {
            let query = [format!("state={word}")];
            let most = self.amount.most();
            let listed =
                listing::read::<DelegationLine>(session, failed, "/api/v1/delegations", &query, most).await?;
            context.document(&listed.document);
            if listed.rows.is_empty() {
                context.say(match self.which {
                    Which::Current => {
                        "Nobody decides in another's place; `tenure delegation list over` shows what was."
                    }
                    Which::Over => "None is over.",
                });
                context.next("tenure delegation offer lets somebody decide for you");
                return Ok(Exit::Done);
            }
            print(context, &listed.rows);
            if listed.more {
                context.say(format!("There are more than these {}; --all lists them.", listed.rows.len()));
            }
            context.next("tenure delegation show HANDLE");
            Ok(Exit::Done)
        })
        .await
    }
}

/// How it stands, and how that looks.
fn state(one: &DelegationLine) -> (Look, &'static str) {
    match one.state {
        DelegationState::Offered => (Look::Warn, "offered"),
        DelegationState::Accepted if one.counts => (Look::Good, "counts"),
        DelegationState::Accepted => (Look::Plain, "accepted"),
        DelegationState::Declined => (Look::Faint, "declined"),
        DelegationState::Withdrawn => (Look::Faint, "withdrawn"),
        DelegationState::Lapsed => (Look::Faint, "lapsed"),
    }
}

fn print(context: &Context, rows: &[DelegationLine]) {
    let mut table =
        Table::new(&["DELEGATION", "STATE", "WHO", "FOR", "FROM", "UNTIL", "DECIDES"]).or_two_lines(2);
    for one in rows {
        let (look, word) = state(one);
        table.row(vec![
            cell(&one.handle),
            looking(look, word),
            cell(who(one.to_name.as_deref())),
            cell(who(one.from_name.as_deref())),
            cell(instant(one.begins)),
            cell(instant(one.ended.unwrap_or(one.ends))),
            cell(kinds(&one.kinds)),
        ]);
    }
    context.list(&table, rows.iter().map(|one| &one.handle));
}

/// One delegation as the API shows it.
async fn delegation_of(
    session: &Session<'_>,
    given: &str,
    failed: &str,
) -> Result<(Delegation, Value), Failure> {
    let what = format!("delegation `{}` {failed}", printable(given, 60));
    let document = session.get(&what, &format!("/api/v1/delegations/{}", part(given))).await?;
    Ok((shaped(&document)?, document))
}

impl Show {
    async fn run(self, context: &Context) -> Result<Exit, Failure> {
        reading(context, async |session| {
            let (one, document) = delegation_of(session, &self.delegation, "cannot be shown").await?;
            context.document(&document);
            show(context, &one);
            let handle = &one.line.handle;
            context.next(match one.line.state {
                DelegationState::Offered => {
                    let to = who(one.line.to_name.as_deref());
                    format!("{to} accepts or declines: tenure delegation accept {handle}")
                }
                DelegationState::Accepted => format!("end it: tenure delegation end {handle}"),
                DelegationState::Declined | DelegationState::Withdrawn | DelegationState::Lapsed => {
                    String::from("tenure delegation list")
                }
            });
            Ok(Exit::Done)
        })
        .await
    }
}

fn show(context: &Context, one: &Delegation) {
    let (paint, line) = (context.frame().paint, &one.line);
    let (look, word) = state(line);
    let (to, from) = (who(line.to_name.as_deref()), who(line.from_name.as_deref()));
    context.print(format!("{to} for {from}: {}", paint.text(look, word)));
    let mut facts = vec![
        ("decides", kinds(&line.kinds)),
        ("from", instant(line.begins)),
        ("until", instant(line.ends)),
        ("why", line.reason.clone()),
        ("offered", instant(line.offered)),
    ];
    facts.extend(line.accepted.map(|at| ("accepted", instant(at))));
    if let Some(at) = line.ended {
        let why = line.ended_why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
        facts.push(("over", format!("{}{why}", instant(at))));
    }
    let decided = one.decided.iter().enumerate().map(|(at, done)| {
        let word = if at == 0 { "decided by it" } else { "" };
        (word, format!("{} {}, {}", done.kind, done.handle, instant(done.decided)))
    });
    facts.extend(decided);
    if one.decided.is_empty() {
        facts.push(("decided by it", String::from("-")));
    }
    let columns = context.frame().prose(18);
    for (word, text) in facts {
        let mut word = word;
        for line in wrapped(&printable(&text, 2_000), columns) {
            context.print(format!("  {word:<16}{line}"));
            word = "";
        }
    }
}

async fn answered(
    context: &Context,
    session: &Session<'_>,
    (given, answer): (&str, &Value),
) -> Result<Delegation, Failure> {
    let (asked, _) = delegation_of(session, given, "was not answered").await?;
    let failed = format!("delegation `{}` was not answered", asked.line.handle);
    let path = format!("/api/v1/delegations/{}/answer", part(&asked.line.handle));
    let document = session.put(&failed, &path, answer).await?;
    context.document(&document);
    shaped(&document)
}

impl Accept {
    async fn run(self, context: &Context) -> Result<Exit, Failure> {
        changing(context, async |session| {
            let answer = json!({ "answer": "accept" });
            let one = answered(context, session, (&self.delegation, &answer)).await?;
            let from = who(one.line.from_name.as_deref());
            context.say(format!(
                "Accepted: from {} until {} what is asked of {from} is in your inbox too.",
                instant(one.line.begins),
                instant(one.line.ends)
            ));
            context.next("tenure inbox");
            Ok(Exit::Done)
        })
        .await
    }
}

impl Decline {
    async fn run(self, context: &Context) -> Result<Exit, Failure> {
        changing(context, async |session| {
            let answer = json!({ "answer": "decline", "reason": self.reason });
            let one = answered(context, session, (&self.delegation, &answer)).await?;
            let from = who(one.line.from_name.as_deref());
            context.say(format!("Declined: {from} decides what is asked of {from}."));
            context.next("tenure inbox");
            Ok(Exit::Done)
        })
        .await
    }
}

impl End {
    async fn run(self, context: &Context) -> Result<Exit, Failure> {
        changing(context, async |session| {
            let (asked, _) = delegation_of(session, &self.delegation, "was not ended").await?;
            let failed = format!("delegation `{}` was not ended", asked.line.handle);
            let path = format!("/api/v1/delegations/{}/withdrawal", part(&asked.line.handle));
            let document = session.post(&failed, &path, &json!({ "reason": self.reason })).await?;
            context.document(&document);
            let one: Delegation = shaped(&document)?;
            let (to, from) = (who(one.line.to_name.as_deref()), who(one.line.from_name.as_deref()));
            context.say(format!("Ended: {to} does not decide for {from} any more."));
            context.next("tenure delegation list");
            Ok(Exit::Done)
        })
        .await
    }
}
