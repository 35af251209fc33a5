//! `tenure handoff`: offering somebody to answer for an identity, and what became of it.
//!
//! Offering one or many, listing, showing and taking back. It must never say that something moved before it was accepted.
//! Next: `handoff_answer.rs`, where whom it was offered to accepts or declines.

use super::{
    agree::ToAgree,
    changing,
    handoff_answer::{Accept, Decline},
    listing::{self, Amount},
    reading,
};
use crate::{
    client::part,
    context::Context,
    failure::{Exit, Failure},
    render::{
        paint::Look,
        table::{Table, cell, looking, name},
        words::{instant, typeable, wrapped},
    },
    session::{Session, shaped},
    wire::{Handoff, HandoffItem, HandoffLine, HandoffsForeseen},
};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};
use tenure_model::{Charter, HandoffStage, HandoffState, OwnerRole, counted, printable};

/// Hand an identity on: offer it, look at it, accept or decline it, take it back
///
/// Until whom it is offered to accepts, in its time, whoever answers for it still does. What goes with it is named: who uses
/// it, where it lies, what is wrong, excepted, asked for and under way; what changes meanwhile is shown again.
#[derive(Debug, Subcommand)]
pub(crate) enum HandoffCommand {
    Offer(Box<Offer>),
    List(List),
    Show(Show),
    Accept(Accept),
    Decline(Decline),
    Withdraw(Withdraw),
}

/// Which handoffs are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Which {
    /// Those that wait
    Offered,
    /// Those that are over
    Over,
}

/// Offer somebody to answer for an identity, or for all that a rule means
///
/// Its owner offers it; where nobody is, its other owner or an operator does. With --rule it shows what would be offered and
/// asks for the word that comes with it; --yes gives the word.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure handoff offer pg-main/reporting --to bob --stage in_use \\
      --runbook https://wiki.example/reporting \\
      --reason \"the data team takes it over\"
  tenure handoff offer --rule 'source:pg-main name:etl-*' --to bob \\
      --role technical --stage in_use --runbook \"see the wiki\" \\
      --reason \"asha goes to another team\"

Exit codes: 0 offered, 1 failed, 2 usage, 4 a decision is needed.")]
pub(crate) struct Offer {
    /// Which identity: SOURCE/NAME, a name, a handle or its beginning
    #[arg(required_unless_present = "rule", conflicts_with = "rule")]
    identity: Option<String>,
    /// Every identity that this rule means and is yours to hand on, as in tenure own --rule
    #[arg(long, value_name = "RULE")]
    rule: Option<String>,
    /// To whom, by name
    #[arg(long, value_name = "PERSON")]
    to: String,
    /// Which share: business or technical; yours, or the only one that nobody has, unless said
    #[arg(long, value_name = "ROLE", value_parser = parse_role)]
    role: Option<OwnerRole>,
    /// Where the work stands: setting_up, in_use, changing or ending
    #[arg(long, value_name = "STAGE", value_parser = parse_stage)]
    stage: HandoffStage,
    /// What to do about it: an address, or a text
    #[arg(long, value_name = "TEXT")]
    runbook: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Go on without asking: the word that was shown with what the rule means
    #[arg(long, value_name = "WORD", requires = "rule")]
    yes: Option<String>,
}

/// List handoffs
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure handoff list
  tenure handoff list over --json

Exit codes: 0 listed, 1 failed, 2 usage.")]
pub(crate) struct List {
    /// Which
    #[arg(value_enum, default_value = "offered")]
    which: Which,
    #[command(flatten)]
    amount: Amount,
}

/// Show a handoff with everything that goes with it
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure handoff show 7k2m4x

Exit codes: 0 shown, 1 failed, 2 usage.")]
pub(crate) struct Show {
    /// Its handle or its id
    handoff: String,
}

/// Take an offer back that waits
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure handoff withdraw 7k2m4x --reason \"to the other team instead\"

Exit codes: 0 done, 1 failed, 2 usage.")]
pub(crate) struct Withdraw {
    /// Its handle or its id
    handoff: String,
    /// Why
    #[arg(long, value_name = "TEXT", default_value = "")]
    reason: String,
}

pub(super) fn parse_role(given: &str) -> Result<OwnerRole, String> {
    given.parse().map_err(|error: tenure_model::UnknownWord| error.to_string())
}

pub(super) fn parse_stage(given: &str) -> Result<HandoffStage, String> {
    given.replace('-', "_").parse().map_err(|error: tenure_model::UnknownWord| error.to_string())
}

impl HandoffCommand {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        match self {
            Self::Offer(args) => args.run(context).await,
            Self::List(args) => args.run(context).await,
            Self::Show(args) => args.run(context).await,
            Self::Accept(args) => args.run(context).await,
            Self::Decline(args) => args.run(context).await,
            Self::Withdraw(args) => args.run(context).await,
        }
    }
}

/// Which owner, in words.
pub(super) const fn role(role: OwnerRole) -> &'static str {
    match role {
        OwnerRole::Business => "business owner",
        OwnerRole::Technical => "technical owner",
    }
}

/// A person's name; or what is said where they have left.
pub(super) fn who(given: Option<&str>) -> String {
    given.map_or_else(|| String::from("somebody who left"), |name| printable(name, 80))
}

impl Offer {
    async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let (identity, rule) = (self.identity.as_ref(), self.rule.as_ref());
        changing(context, async |session| match (identity, rule) {
            (_, Some(rule)) => self.many(context, session, rule).await,
            (Some(identity), None) => one(context, session, &self.body(&[("identity", identity)])).await,
            (None, None) => Err(Failure::new("nothing was offered").because("no identity was named")),
        })
        .await
    }

    /// What is sent, with what else is said.
    fn body(&self, more: &[(&str, &str)]) -> Value {
        let terms = [
            ("to", json!(self.to)),
            ("role", json!(self.role)),
            ("stage", json!(self.stage)),
            ("runbook", json!(self.runbook)),
            ("reason", json!(self.reason)),
        ];
        let more = more.iter().map(|(field, text)| (*field, json!(text)));
        terms.into_iter().chain(more).map(|(field, value)| (field.to_owned(), value)).collect()
    }

    async fn many(&self, context: &Context, session: &Session<'_>, rule: &str) -> Result<Exit, Failure> {
        let failed = "nothing was offered";
        let body = self.body(&[("rule", rule)]);
        let document = session.post(failed, "/api/v1/handoffs/many/preview", &body).await?;
        let foreseen: HandoffsForeseen = shaped(&document)?;
        if foreseen.names.is_empty() {
            context.document(&document);
            stays(context, &foreseen);
            context.say("The rule means nothing that is yours to hand on.");
            context.next("tenure identities, with your name as owner");
            return Ok(Exit::Done);
        }
        let agree = ToAgree {
            failed: failed.to_owned(),
            verb: ("offers", "offer"),
            digest: &foreseen.word,
            given: self.yes.as_deref(),
        };
        let shown = || {
            let mut table = Table::new(&["NAME", ""]).or_two_lines(0);
            for one in &foreseen.names {
                table.row(vec![name(one), looking(Look::Plain, "would be offered")]);
            }
            context.table(&table);
            stays(context, &foreseen);
        };
        agree.agreed(context, shown).await?;
        let body = self.body(&[("rule", rule), ("word", &foreseen.word)]);
        let document = session.post(failed, "/api/v1/handoffs/many", &body).await?;
        context.document(&document);
        let made: HandoffsForeseen = shaped(&document)?;
        print(context, &made.offered);
        let to = printable(&self.to, 80);
        context.say(format!("Offered {} to {to}.", counted(made.offered.len(), "identity")));
        context.next(format!("{to} accepts each: tenure handoff accept HANDLE"));
        Ok(Exit::Done)
    }
}

async fn one(context: &Context, session: &Session<'_>, body: &Value) -> Result<Exit, Failure> {
    let document = session.post("nothing was offered", "/api/v1/handoffs", body).await?;
    context.document(&document);
    let made: Handoff = shaped(&document)?;
    let line = &made.line;
    let (to, by) = (who(line.to_name.as_deref()), instant(line.accept_by));
    let what = printable(&line.identity_name, 120);
    context.say(match line.from {
        Some(_) => format!(
            "Offered: {} stays {} of {what} until {to} accepts, by {by}.",
            who(line.from_name.as_deref()),
            role(line.role)
        ),
        None => format!("Offered: nobody is {} of {what} until {to} accepts, by {by}.", role(line.role)),
    });
    context.next(format!("{to} accepts it: tenure handoff accept {}", line.handle));
    Ok(Exit::Done)
}

fn stays(context: &Context, foreseen: &HandoffsForeseen) {
    if foreseen.stays.is_empty() {
        return;
    }
    let mut table = Table::new(&["STAYS", "BECAUSE"]).or_two_lines(0);
    for one in &foreseen.stays {
        table.row(vec![name(&one.name), cell(&one.why)]);
    }
    context.table(&table);
}

impl List {
    async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let failed = "the handoffs were not listed";
        let word = match self.which {
            Which::Offered => "offered",
            Which::Over => "over",
        };
        reading(context, async |session| {
            let query = [format!("state={word}")];
            let most = self.amount.most();
            let listed =
                listing::read::<HandoffLine>(session, failed, "/api/v1/handoffs", &query, most).await?;
            context.document(&listed.document);
            if listed.rows.is_empty() {
                context.say("There is none of these; `tenure handoff list over` shows those that are over.");
                context.next("tenure handoff offer hands something on");
                return Ok(Exit::Done);
            }
            print(context, &listed.rows);
            if listed.more {
                context.say(format!("There are more than these {}; --all lists them.", listed.rows.len()));
            }
            context.next("tenure handoff show HANDLE");
            Ok(Exit::Done)
        })
        .await
    }
}

fn print(context: &Context, rows: &[HandoffLine]) {
    let mut table = Table::new(&["HANDOFF", "STATE", "UNTIL", "WHAT", "ROLE", "TO", "WHY"]).or_two_lines(3);
    for one in rows {
        let look = if one.ended.is_some() { Look::Faint } else { Look::Warn };
        table.row(vec![
            cell(&one.handle),
            looking(look, one.state.as_str()),
            cell(instant(one.ended.unwrap_or(one.accept_by))),
            name(&one.identity_name),
            cell(one.role.as_str()),
            cell(one.to_name.as_deref().unwrap_or("(left)")),
            cell(&one.reason),
        ]);
    }
    context.list(&table, rows.iter().map(|one| &one.handle));
}

impl Show {
    async fn run(self, context: &Context) -> Result<Exit, Failure> {
        reading(context, async |session| {
            let (one, document) = handoff_of(session, &self.handoff, "cannot be shown").await?;
            context.document(&document);
            show(context, &one);
            let handle = &one.line.handle;
            match one.line.state {
                HandoffState::Offered => {
                    let to = who(one.line.to_name.as_deref());
                    context.next(format!("{to} accepts or declines: tenure handoff accept {handle}"));
                }
                HandoffState::Accepted
                | HandoffState::Declined
                | HandoffState::Withdrawn
                | HandoffState::Lapsed => {
                    context.next(format!("tenure who {}", typeable(&one.line.identity_name)));
                }
            }
            Ok(Exit::Done)
        })
        .await
    }
}

/// One handoff as the API shows it.
pub(super) async fn handoff_of(
    session: &Session<'_>,
    given: &str,
    failed: &str,
) -> Result<(Handoff, Value), Failure> {
    let what = format!("handoff `{}` {failed}", printable(given, 60));
    let document = session.get(&what, &format!("/api/v1/handoffs/{}", part(given))).await?;
    Ok((shaped(&document)?, document))
}

/// Everything that goes with it, a line each.
pub(super) fn show(context: &Context, one: &Handoff) {
    let (paint, line) = (context.frame().paint, &one.line);
    let look = if line.ended.is_some() { Look::Faint } else { Look::Warn };
    let state = paint.text(look, line.state.as_str());
    let what = printable(&line.identity_name, 120);
    context.print(format!("{what}: {} as {}: {state}", who(line.to_name.as_deref()), role(line.role)));
    let columns = context.frame().prose(22);
    for (word, text) in facts(one) {
        let mut word = word;
        for line in wrapped(&printable(&text, 2_000), columns) {
            context.print(format!("  {word:<20}{line}"));
            word = "";
        }
    }
}

fn facts(one: &Handoff) -> Vec<(&'static str, String)> {
    let (line, contents) = (&one.line, &one.contents);
    let from = match line.from {
        Some(_) => who(line.from_name.as_deref()),
        None => String::from("nobody"),
    };
    let by = format!("{}, {}", who(line.offered_by_name.as_deref()), instant(line.offered));
    let mut facts = vec![("from", from), ("offered by", by), ("why", line.reason.clone())];
    facts.extend(line.request.map(|request| ("decided by", format!("request {}", request.handle()))));
    match (line.ended, &line.ended_why) {
        (Some(at), why) => {
            let why = why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
            facts.push(("over", format!("{}{why}", instant(at))));
        }
        (None, _) => facts.push(("accepted by", instant(line.accept_by))),
    }
    facts.extend(one.over_because.iter().map(|why| ("nobody can accept", why.clone())));
    facts.push(("the work", line.stage.as_str().replace('_', " ")));
    facts.push(("runbook", line.runbook.clone()));
    facts.push(("it stands", one.standing.to_string()));
    facts.extend(charter(&contents.charter));
    let items = |given: &[HandoffItem]| -> Vec<String> {
        given.iter().map(|one| format!("{} {}", one.handle, one.what)).collect()
    };
    for (word, texts) in [
        ("used by", contents.consumers.clone()),
        ("copies at", contents.places.clone()),
        ("findings", items(&contents.findings)),
        ("exceptions", items(&contents.exceptions)),
        ("requests", items(&contents.requests)),
        ("plans", items(&contents.plans)),
        ("reviews", items(&contents.reviews)),
    ] {
        if texts.is_empty() {
            facts.push((word, String::from("-")));
        }
        facts.extend(texts.into_iter().enumerate().map(|(at, text)| (if at == 0 { word } else { "" }, text)));
    }
    if contents.left_out > 0 {
        facts.push(("not named", contents.left_out.to_string()));
    }
    facts.extend(
        one.changed
            .iter()
            .enumerate()
            .map(|(at, text)| (if at == 0 { "changed since" } else { "" }, text.clone())),
    );
    facts
}

/// What its charter says; whose it is stands above.
fn charter(charter: &Charter) -> Vec<(&'static str, String)> {
    let scope = charter.allowed_scope.join(", ");
    let said = [
        ("purpose", charter.purpose.clone()),
        ("boundary", charter.boundary.clone()),
        ("may hold", Some(scope).filter(|scope| !scope.is_empty())),
        ("environment", charter.environment.map(|one| one.to_string())),
        ("data class", charter.data_class.map(|one| one.to_string())),
        ("rotated every", charter.rotation_days.map(|days| counted(days, "day"))),
        ("ends", charter.expires_at.map(instant)),
        ("retired when", charter.retirement_trigger.clone()),
    ];
    said.into_iter().map(|(word, said)| (word, said.unwrap_or_else(|| String::from("-")))).collect()
}

impl Withdraw {
    async fn run(self, context: &Context) -> Result<Exit, Failure> {
        changing(context, async |session| {
            let failed = format!("handoff `{}` was not taken back", printable(&self.handoff, 60));
            let path = format!("/api/v1/handoffs/{}/withdrawal", part(&self.handoff));
            let document = session.post(&failed, &path, &json!({ "reason": self.reason })).await?;
            context.document(&document);
            let one: Handoff = shaped(&document)?;
            context.say(format!("Taken back: {} stays as it was.", printable(&one.line.identity_name, 120)));
            context.next(format!("tenure who {}", typeable(&one.line.identity_name)));
            Ok(Exit::Done)
        })
        .await
    }
}
