//! `tenure exception`: what is permitted to fail, until when, and who decided that.
//!
//! Listing, showing, asking for one and taking one back. It must never ask for what was not shown: what the finding rested on
//! is given back with the wish. Next: `exception_decide.rs`, where somebody else decides.

use super::{
    changing, clocks,
    exception_decide::{Grant, Refuse},
    listing::{self, Amount},
    own::parse_end,
    reading,
};
use crate::{
    client::part,
    context::Context,
    failure::{Exit, Failure},
    render::{
        paint::Look,
        table::{Table, cell, looking, name},
        words::{count, decider, instant, typeable, wrapped},
    },
    session::{Session, shaped},
    wire::{Exception, ExceptionCase, ExceptionFigures, Finding},
};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;
use tenure_model::{ExceptionKind, ExceptionState, Instant, printable};

/// Let a condition fail for a while: ask, decide, take back
///
/// An exception is for one finding, has a reason, what makes up for it, and an end. Whoever asks does not decide. It ends by
/// itself: at its end, when the finding gets worse, when what was to hold instead does not, when whoever granted it leaves.
#[derive(Debug, Subcommand)]
pub(crate) enum ExceptionCommand {
    List(List),
    Show(Show),
    Request(Request),
    Grant(Grant),
    Refuse(Refuse),
    Withdraw(Withdraw),
}

/// Which exceptions are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Which {
    /// Those that wait for a decision
    Waiting,
    /// Those that stand
    Standing,
    /// Those that were refused, taken back or ended
    Over,
}

/// List exceptions with their figures
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure exception list
  tenure exception list waiting
  tenure exception list over --json

Exit codes: 0 done, 1 failed, 2 usage.")]
pub(crate) struct List {
    /// Which
    #[arg(value_enum, default_value = "standing")]
    which: Which,
    #[command(flatten)]
    amount: Amount,
}

/// Show one exception, and who may grant it
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure exception show 7k2m4xq
  tenure exception show 7k2m4xq --json

Exit codes: 0 done, 1 failed, 2 usage.")]
pub(crate) struct Show {
    /// Its handle, as `tenure exception list` shows it, or its id
    exception: String,
}

/// Ask that a finding may fail until a day
///
/// It changes nothing until somebody else grants it. Where it cannot be mended at all, --constraint says by when what is
/// there is replaced; then policies must hold instead, which are checked.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure exception request q4x7hd --reason \"the vendor rotates in May\" \\
      --compensation \"reached from one host only\" --until 2027-02-15
  tenure exception request q4x7hd --reason \"the device knows one key\" \\
      --compensation \"a network of its own\" --until 2027-11-30 \\
      --constraint --replace-by 2028-06-30 --instead shared_use

Exit codes: 0 asked for, 1 failed, 2 usage.")]
pub(crate) struct Request {
    /// Which finding: its handle, as `tenure findings` shows it, or its id
    finding: String,
    /// Why it may fail for a while
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// What makes up for it meanwhile
    #[arg(long, value_name = "TEXT")]
    compensation: String,
    /// Until when: a day, or an instant in UTC
    #[arg(long, value_name = "DAY", value_parser = parse_end)]
    until: Instant,
    /// A policy that must not fail on this identity meanwhile; may be given several times
    #[arg(long, value_name = "POLICY")]
    instead: Vec<String>,
    /// It cannot be mended there: what is there is replaced
    #[arg(long, requires = "replace_by", requires = "instead")]
    constraint: bool,
    /// By when it is replaced
    #[arg(long, value_name = "DAY", value_parser = parse_end, requires = "constraint")]
    replace_by: Option<Instant>,
}

/// Take an exception back: what waits is not decided, what stands counts again
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure exception withdraw 7k2m4xq --reason \"mended\"

Exit codes: 0 done, 1 failed, 2 usage.")]
pub(crate) struct Withdraw {
    /// Its handle or its id
    exception: String,
    /// Why
    #[arg(long, value_name = "TEXT", default_value = "")]
    reason: String,
}

impl ExceptionCommand {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        match self {
            Self::List(args) => args.run(context).await,
            Self::Show(args) => args.run(context).await,
            Self::Request(args) => args.run(context).await,
            Self::Grant(args) => args.run(context).await,
            Self::Refuse(args) => args.run(context).await,
            Self::Withdraw(args) => args.run(context).await,
        }
    }
}

impl List {
    async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let what = "the exceptions were not listed";
        let word = match self.which {
            Which::Waiting => "waiting",
            Which::Standing => "standing",
            Which::Over => "over",
        };
        reading(context, async |session| {
            let figures: ExceptionFigures = shaped(&session.get(what, "/api/v1/exceptions/figures").await?)?;
            let query = [format!("state={word}")];
            let most = self.amount.most();
            let listed =
                listing::read::<Exception>(session, what, "/api/v1/exceptions", &query, most).await?;
            context.document(&listed.document);
            say_figures(context, &figures);
            if !listed.rows.is_empty() {
                print(context, &listed.rows, self.which);
            }
            if listed.more {
                context.say(format!("There are more than these {}; --all lists them.", listed.rows.len()));
            }
            match (self.which, listed.rows.first()) {
                (_, Some(first)) => context.next(format!("tenure exception show {}", first.handle)),
                (Which::Standing, None) if figures.waiting > 0 => {
                    context.next("tenure exception list waiting");
                }
                (_, None) => context.next("tenure exception request FINDING asks for one"),
            }
            Ok(Exit::Done)
        })
        .await
    }
}

fn say_figures(context: &Context, figures: &ExceptionFigures) {
    let all = figures.standing + figures.constraints;
    let constraints = match figures.constraints {
        0 => String::new(),
        many => format!(", {many} of them constraints"),
    };
    let stand = if all == 1 { "stands" } else { "stand" };
    context.say(format!(
        "{} {stand}{constraints}; {} of {} identities stand only by them.",
        count(all, "exception"),
        figures.identities_excepted,
        figures.identities_enrolled
    ));
    if all > 0 {
        let oldest = figures.oldest.map(|at| format!("; the oldest was granted {}", instant(at)));
        context.say(format!(
            "{} end within 14 days, {} were renewed{}.",
            figures.ending,
            figures.renewed,
            oldest.unwrap_or_default()
        ));
    }
    if figures.waiting > 0 {
        context.say(format!("{} for a decision.", waits(figures.waiting)));
    }
    for control in figures.controls.iter().filter(|control| control.flagged) {
        context.say(format!(
            "▲ {} of {} findings of {} are excepted: the control itself should be looked at.",
            control.excepted,
            control.failing,
            printable(&control.control, 80)
        ));
    }
}

fn waits(number: i64) -> String {
    if number == 1 { String::from("1 waits") } else { format!("{number} wait") }
}

fn print(context: &Context, rows: &[Exception], which: Which) {
    let when = match which {
        Which::Waiting => "DECIDE BY",
        Which::Standing => "ENDS",
        Which::Over => "OVER",
    };
    let mut table =
        Table::new(&["EXCEPTION", "STATE", when, "POLICY", "NAME", "ASKED BY", "WHY"]).or_two_lines(4);
    for one in rows {
        let at = match which {
            Which::Waiting => one.decide_by,
            Which::Standing => one.ends,
            Which::Over => one.ended.unwrap_or(one.ends),
        };
        let look = if one.ended.is_some() { Look::Faint } else { Look::Warn };
        table.row(vec![
            cell(&one.handle),
            looking(look, one.state.as_str()),
            cell(instant(at)),
            cell(&one.policy),
            name(&one.identity_name),
            cell(one.requested_by_name.as_deref().unwrap_or("(left)")),
            cell(&one.reason),
        ]);
    }
    context.list(&table, rows.iter().map(|one| &one.handle));
}

impl Show {
    async fn run(self, context: &Context) -> Result<Exit, Failure> {
        reading(context, async |session| {
            let (case, document) = case_of(session, &self.exception, "cannot be shown").await?;
            context.document(&document);
            show(context, &case);
            clocks::print_of(context, session, &case.exception.handle).await?;
            let handle = &case.exception.handle;
            if case.granted_by.is_some() {
                context.next(format!(
                    "tenure exception grant {handle} --reason WHY, or refuse, by somebody else"
                ));
            } else if case.exception.ended.is_none() {
                context.next(format!("tenure exception withdraw {handle}"));
            }
            Ok(Exit::Done)
        })
        .await
    }
}

/// One exception as the API shows it.
pub(super) async fn case_of(
    session: &Session<'_>,
    given: &str,
    failed: &str,
) -> Result<(ExceptionCase, serde_json::Value), Failure> {
    let what = format!("exception `{}` {failed}", printable(given, 60));
    let document = session.get(&what, &format!("/api/v1/exceptions/{}", part(given))).await?;
    Ok((shaped(&document)?, document))
}

/// Everything that counts when it is decided, a line each.
pub(super) fn show(context: &Context, case: &ExceptionCase) {
    let one = &case.exception;
    let who = |name: &Option<String>| printable(name.as_deref().unwrap_or("somebody who left"), 80);
    let paint = context.frame().paint;
    let look = if one.ended.is_some() { Look::Faint } else { Look::Warn };
    context.print(format!(
        "{} {} of {}: {}",
        one.kind,
        printable(&one.policy, 80),
        printable(&one.identity_name, 120),
        paint.text(look, one.state.as_str())
    ));
    let mut facts = vec![
        ("what fails", case.finding_reason.clone().unwrap_or_else(|| String::from("nothing any more"))),
        ("why it may", one.reason.clone()),
        ("makes up for it", one.compensation.clone()),
    ];
    if !one.instead.is_empty() {
        facts.push(("must hold instead", one.instead.join(", ")));
    }
    facts.push(("counts again", format!("{}, by itself", instant(one.ends))));
    facts.extend(one.replace_by.map(|day| ("replaced by", instant(day))));
    facts.push(("asked for", format!("by {} {}", who(&one.requested_by_name), instant(one.requested))));
    if one.state == ExceptionState::Requested {
        facts.push(("to be decided", format!("by {}, else it is over", instant(one.decide_by))));
    }
    if let Some(at) = one.decided {
        let why = one.decision_reason.clone().unwrap_or_default();
        facts.push((
            "decided",
            format!(
                "by {} {}: {why}",
                decider(one.decided_by_name.as_deref(), one.in_place_of_name.as_deref()),
                instant(at)
            ),
        ));
    }
    if let Some(at) = one.ended {
        let why = one.ended_why.as_ref().map(|why| format!(": {why}"));
        facts.push(("over since", format!("{}{}", instant(at), why.unwrap_or_default())));
    }
    if !case.before.is_empty() {
        let before: Vec<&str> = case.before.iter().map(|one| one.handle.as_str()).collect();
        let used = count(case.used_days, "day");
        facts.push(("excepted before", format!("{} ({used} count against the longest)", before.join(", "))));
    }
    facts.extend(
        case.granted_by
            .clone()
            .map(|who| ("granted by", format!("{who} or somebody higher, and not by whoever asks"))),
    );
    facts.extend(case.not_granted_because.clone().map(|why| ("nobody may grant it", why)));
    let columns = context.frame().prose(22);
    for (word, text) in facts {
        let mut word = word;
        for line in wrapped(&printable(&text, 2_000), columns) {
            context.print(format!("  {word:<20}{line}"));
            word = "";
        }
    }
}

impl Request {
    async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let shown = printable(&self.finding, 60);
        let what = format!("no exception was asked for of `{shown}`");
        changing(context, async |session| {
            let seen: Finding =
                shaped(&session.get(&what, &format!("/api/v1/findings/{}", part(&self.finding))).await?)?;
            let kind = if self.constraint { ExceptionKind::Constraint } else { ExceptionKind::Exception };
            let body = json!({
                "kind": kind, "reason": self.reason, "compensation": self.compensation, "instead": self.instead,
                "until": self.until, "replace_by": self.replace_by, "rests_on_digest": seen.rests_on_digest,
            });
            let path = format!("/api/v1/findings/{}/exceptions", part(&seen.id.to_string()));
            let document = session.post(&what, &path, &body).await?;
            context.document(&document);
            let made: Exception = shaped(&document)?;
            context.say(format!(
                "Asked: {} of {} may fail until {}. It counts until somebody else grants it, by {}.",
                printable(&made.policy, 80),
                printable(&made.identity_name, 120),
                instant(made.ends),
                instant(made.decide_by)
            ));
            context.next(format!("tenure exception show {} says who may grant it", made.handle));
            Ok(Exit::Done)
        })
        .await
    }
}

impl Withdraw {
    async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let what = format!("exception `{}` was not taken back", printable(&self.exception, 60));
        changing(context, async |session| {
            let path = format!("/api/v1/exceptions/{}/withdrawal", part(&self.exception));
            let document = session.post(&what, &path, &json!({ "reason": self.reason })).await?;
            context.document(&document);
            let one: Exception = shaped(&document)?;
            let (policy, of) = (printable(&one.policy, 80), printable(&one.identity_name, 120));
            context.say(match one.state {
                ExceptionState::Withdrawn => {
                    format!("Taken back: nothing is decided about {policy} of {of}; it stands as before.")
                }
                _ => format!("Taken back: {policy} of {of} counts again from now on."),
            });
            context.next(format!("tenure show {}", typeable(&one.identity_name)));
            Ok(Exit::Done)
        })
        .await
    }
}
