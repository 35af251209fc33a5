//! `tenure request`: asking that something may be made, and what became of it.
//!
//! Asking, listing, showing, waiting and taking back. It must never leave out what the gate asks for on its own: what is
//! missing is named by the deployment, all of it at once. Next: `request_decide.rs`, where others decide.

use super::{
    changing, clocks,
    listing::{self, Amount},
    own::parse_end,
    reading,
    request_decide::{Approve, Refuse},
    request_ownership::{self, Ownership},
    request_privilege::{self, Privilege},
};
use crate::{
    client::part,
    context::Context,
    failure::{Exit, Failure},
    render::{
        paint::Look,
        table::{Table, cell, looking, name},
        words::{decider, instant, typeable, wrapped},
    },
    session::{Session, shaped},
    wire::Request,
};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;
use tenure_model::{
    Creation, DataClass, Environment, Instant, PrincipalKind, RequestState, Wanted, printable,
};

/// Seconds that one call waits for a change.
const WAIT_SECONDS: u64 = 5;

/// Ask that something may be made, or may hold more: ask, decide, wait, take back
///
/// A request names what will be made, for whom, why, until when and where its secret will live. Others decide; whoever asked
/// never does. When a survey first sees what was made, it is enrolled with just that charter, and the request is used up.
#[derive(Debug, Subcommand)]
pub(crate) enum RequestCommand {
    Create(Box<Create>),
    Privilege(Privilege),
    Ownership(Ownership),
    List(List),
    Show(Show),
    Approve(Approve),
    Refuse(Refuse),
    Withdraw(Withdraw),
    Wait(Wait),
}

/// Which requests are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Which {
    /// Those that wait for decisions
    Asked,
    /// Those that may be used
    Approved,
    /// Those that were used, refused, taken back or ran out
    Over,
}

/// Ask that a principal may be made at a source
///
/// Everything that is missing is named at once. It must not be there yet: Tenure looks again once it is approved. What was
/// made outside the process is asked for late, and stays late.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure request create --source pg-main --principal etl \\
      --owner alice --technical-owner bob --purpose \"nightly load\" \\
      --boundary \"from the etl host\" --scope \"SELECT on orders\" \\
      --environment production --expires 2027-06-30 \\
      --retire-when unused:90 --store federation \\
      --reason \"the orders report needs it\"

Exit codes: 0 asked for, 1 failed, 2 usage.")]
pub(crate) struct Create {
    /// Where it will be
    #[arg(long, value_name = "SOURCE")]
    source: Option<String>,
    /// Its name, exactly as the source will say it
    #[arg(long, value_name = "NAME")]
    principal: Option<String>,
    /// What it will be; an account, unless said
    #[arg(long, value_name = "KIND", value_parser = parse_kind)]
    kind: Option<PrincipalKind>,
    /// Its class; the one that the programme's rules foresee, unless said
    #[arg(long, value_name = "CLASS")]
    class: Option<String>,
    /// Who will answer for its existence
    #[arg(long, value_name = "PERSON")]
    owner: Option<String>,
    /// Who will be able to change it
    #[arg(long, value_name = "PERSON")]
    technical_owner: Option<String>,
    /// Why it is to exist
    #[arg(long, value_name = "TEXT")]
    purpose: Option<String>,
    /// Where it may be used from and against
    #[arg(long, value_name = "TEXT")]
    boundary: Option<String>,
    /// A right it may hold; may be given several times
    #[arg(long, value_name = "RIGHT")]
    scope: Vec<String>,
    /// Where it will run: production, staging, development or test
    #[arg(long, value_parser = parse_environment)]
    environment: Option<Environment>,
    /// What its data is: public, internal, confidential or restricted
    #[arg(long, value_name = "CLASS", value_parser = super::own::parse_data_class)]
    data_class: Option<DataClass>,
    /// How old its credentials may get, in days
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=36_500))]
    rotation_days: Option<u32>,
    /// When it ends: a day, or an instant in UTC
    #[arg(long, value_name = "DAY", value_parser = parse_end)]
    expires: Option<Instant>,
    /// What ends it earlier: terms such as unused:90, person:NAME, or a sentence
    #[arg(long, value_name = "TEXT")]
    retire_when: Option<String>,
    /// Where its credential will live: a store of the programme, or federation
    #[arg(long, value_name = "STORE")]
    store: Option<String>,
    /// Why this is asked
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

/// List requests
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure request list
  tenure request list approved
  tenure request list over --json

Exit codes: 0 listed, 1 failed, 2 usage.")]
pub(crate) struct List {
    /// Which
    #[arg(value_enum, default_value = "asked")]
    which: Which,
    #[command(flatten)]
    amount: Amount,
}

/// Show a request: what is asked, who decides, what was decided
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure request show 7k2m4x

Exit codes: 0 shown, 1 failed, 2 usage.")]
pub(crate) struct Show {
    /// Its handle or its id
    request: String,
}

/// Take a request back: it is not decided, or not used, any more
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure request withdraw 7k2m4x --reason \"not needed after all\"

Exit codes: 0 done, 1 failed, 2 usage.")]
pub(crate) struct Withdraw {
    /// Its handle or its id
    request: String,
    /// Why
    #[arg(long, value_name = "TEXT", default_value = "")]
    reason: String,
}

/// Wait until a request may be used, or is over
///
/// Returns once it may be made, was refused, taken back or ran out.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure request wait 7k2m4x --seconds 3600

Exit codes: 0 it may be made or was used, 1 failed or over without use, 2 usage, 4 it waits still.")]
pub(crate) struct Wait {
    /// Its handle or its id
    request: String,
    /// How long, at most
    #[arg(long, value_name = "SECONDS", default_value_t = 600, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    seconds: u64,
}

fn parse_environment(given: &str) -> Result<Environment, String> {
    given.parse().map_err(|error: tenure_model::UnknownWord| error.to_string())
}

fn parse_kind(given: &str) -> Result<PrincipalKind, String> {
    given.parse().map_err(|error: tenure_model::UnknownWord| error.to_string())
}

impl RequestCommand {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        match self {
            Self::Create(args) => args.run(context).await,
            Self::Privilege(args) => args.run(context).await,
            Self::Ownership(args) => args.run(context).await,
            Self::List(args) => args.run(context).await,
            Self::Show(args) => args.run(context).await,
            Self::Approve(args) => args.run(context).await,
            Self::Refuse(args) => args.run(context).await,
            Self::Withdraw(args) => args.run(context).await,
            Self::Wait(args) => args.run(context).await,
        }
    }
}

impl Create {
    async fn run(self, context: &Context) -> Result<Exit, Failure> {
        changing(context, async |session| {
            let body = json!({
                "kind": "create", "source": self.source, "principal": self.principal, "principal_kind": self.kind,
                "class": self.class, "business_owner": self.owner, "technical_owner": self.technical_owner,
                "purpose": self.purpose, "boundary": self.boundary, "allowed_scope": self.scope,
                "environment": self.environment, "data_class": self.data_class,
                "rotation_days": self.rotation_days, "expires_at": self.expires,
                "retirement_trigger": self.retire_when, "store": self.store, "reason": self.reason,
            });
            let posted = session.post("nothing was asked for", "/api/v1/requests", &body).await;
            let document = posted.map_err(with_flags)?;
            context.document(&document);
            let made: Request = shaped(&document)?;
            let by = instant(made.decide_by);
            context.say(if made.wanted.is_late() {
                format!("Asked, late: {} is there already. It stays found until others approve it, by {by}.", what(&made))
            } else {
                format!("Asked: {} may be made. Nothing may be made before it is approved, by {by}.", what(&made))
            });
            if made.federation_preferred {
                context.say("Federation is approved for it too, and is preferred: then no secret lies anywhere.");
            }
            context.next(format!("tenure request show {} says who decides", made.handle));
            Ok(Exit::Done)
        })
        .await
    }
}

/// The fields that a refusal names, and their flags.
const FLAGS: [(&str, &str); 14] = [
    ("source", "--source"),
    ("principal", "--principal"),
    ("business_owner", "--owner"),
    ("technical_owner", "--technical-owner"),
    ("purpose", "--purpose"),
    ("boundary", "--boundary"),
    ("allowed_scope", "--scope"),
    ("environment", "--environment"),
    ("retirement_trigger", "--retire-when"),
    ("expires_at", "--expires"),
    ("rotation_days", "--rotation-days"),
    ("store", "--store"),
    ("reason", "--reason"),
    ("expires_at or rotation_days", "--expires or --rotation-days"),
];

/// What is missing, with the flag that says it: `purpose (--purpose: why it is to exist)`.
fn with_flags(mut failure: Failure) -> Failure {
    let Some(why) = failure.why.as_mut().filter(|why| why.contains("it does not say: ")) else {
        return failure;
    };
    for (field, flag) in FLAGS {
        for before in [": ", ", "] {
            *why = why.replace(&format!("{before}{field} ("), &format!("{before}{field} ({flag}: "));
        }
    }
    failure.next("tenure request create --help has an example with every flag")
}

/// What it is about, by name.
pub(super) fn what(request: &Request) -> String {
    format!("{}/{}", printable(&request.source_name, 60), printable(request.wanted.principal(), 120))
}

impl List {
    async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let failed = "the requests were not listed";
        let word = match self.which {
            Which::Asked => "asked",
            Which::Approved => "approved",
            Which::Over => "over",
        };
        reading(context, async |session| {
            let query = [format!("state={word}")];
            let most = self.amount.most();
            let listed = listing::read::<Request>(session, failed, "/api/v1/requests", &query, most).await?;
            context.document(&listed.document);
            if listed.rows.is_empty() {
                context.say(
                    "There is none of these; `tenure request list approved` and `over` show the others.",
                );
                context.next("tenure request create asks for something");
                return Ok(Exit::Done);
            }
            print(context, &listed.rows);
            if listed.more {
                context.say(format!("There are more than these {}; --all lists them.", listed.rows.len()));
            }
            context.next("tenure request show HANDLE");
            Ok(Exit::Done)
        })
        .await
    }
}

fn print(context: &Context, rows: &[Request]) {
    let mut table = Table::new(&["REQUEST", "STATE", "UNTIL", "WHAT", "ASKED BY", "WHY"]).or_two_lines(3);
    for one in rows {
        let at = match one.state {
            RequestState::Asked => one.decide_by,
            RequestState::Approved => one.use_by,
            RequestState::Fulfilled
            | RequestState::Refused
            | RequestState::Withdrawn
            | RequestState::Lapsed => one.ended.unwrap_or(one.use_by),
        };
        let look = if one.ended.is_some() { Look::Faint } else { Look::Warn };
        table.row(vec![
            cell(&one.handle),
            looking(look, one.state.as_str()),
            cell(instant(at)),
            name(what(one)),
            cell(one.asked_by_name.as_deref().unwrap_or("(left)")),
            cell(&one.reason),
        ]);
    }
    context.list(&table, rows.iter().map(|one| &one.handle));
}

impl Show {
    async fn run(self, context: &Context) -> Result<Exit, Failure> {
        reading(context, async |session| {
            let (one, document) = request_of(session, &self.request, "cannot be shown").await?;
            context.document(&document);
            show(context, &one);
            if one.ended.is_none() {
                clocks::print_of(context, session, &one.handle).await?;
            }
            next(context, &one);
            Ok(Exit::Done)
        })
        .await
    }
}

fn next(context: &Context, one: &Request) {
    let handle = &one.handle;
    match one.state {
        RequestState::Asked => {
            context
                .next(format!("tenure request approve {handle} --reason WHY, or refuse, by somebody else"));
        }
        RequestState::Approved if one.usable && one.wanted.privilege().is_some() => {
            let source = typeable(&one.source_name);
            context.next(format!("give it those rights at the source, then: tenure survey {source}"));
        }
        RequestState::Approved if one.usable => {
            context.next(format!("make it, then: tenure survey {}", typeable(&one.source_name)));
        }
        RequestState::Approved => {
            context
                .next(format!("tenure survey {} looks that it is not there yet", typeable(&one.source_name)));
        }
        RequestState::Fulfilled if one.handoff.is_some() => {
            let handoff = one.handoff.as_deref().unwrap_or_default();
            context.next(format!("tenure handoff show {}", typeable(handoff)));
        }
        RequestState::Fulfilled => {
            context
                .next(format!("tenure show {}", typeable(one.identity_name.as_deref().unwrap_or_default())));
        }
        RequestState::Refused | RequestState::Withdrawn | RequestState::Lapsed => {
            let kind = one.wanted.kind();
            context.next(format!("tenure request {kind} asks anew"));
        }
    }
}

/// One request as the API shows it.
pub(super) async fn request_of(
    session: &Session<'_>,
    given: &str,
    failed: &str,
) -> Result<(Request, serde_json::Value), Failure> {
    let what = format!("request `{}` {failed}", printable(given, 60));
    let document = session.get(&what, &format!("/api/v1/requests/{}", part(given))).await?;
    Ok((shaped(&document)?, document))
}

/// Everything that is asked and was decided, a line each.
pub(super) fn show(context: &Context, one: &Request) {
    let paint = context.frame().paint;
    let look = if one.ended.is_some() { Look::Faint } else { Look::Warn };
    let state = paint.text(look, one.state.as_str());
    context.print(match &one.wanted {
        Wanted::Creation(made) if made.late_for.is_some() => {
            format!("that {}, made before it was asked for, may stay: {state}", what(one))
        }
        Wanted::Creation(_) => format!("that {} may be made: {state}", what(one)),
        Wanted::Privilege(_) if one.wanted.is_late() => {
            format!("that {} may keep rights it gained before they were asked for: {state}", what(one))
        }
        Wanted::Privilege(asked) if asked.renews => {
            format!("that {} may go on holding rights: {state}", what(one))
        }
        Wanted::Ownership(_) => format!("that {}, which nobody answers for, is offered: {state}", what(one)),
        Wanted::Privilege(_) => format!("that {} may hold further rights: {state}", what(one)),
    });
    let columns = context.frame().prose(22);
    for (word, text) in facts(one) {
        let mut word = word.as_str();
        for line in wrapped(&printable(&text, 2_000), columns) {
            context.print(format!("  {word:<20}{line}"));
            word = "";
        }
    }
}

fn facts(one: &Request) -> Vec<(String, String)> {
    let mut facts: Vec<(String, String)> = match &one.wanted {
        Wanted::Creation(creation) => facts_of_making(one, creation),
        Wanted::Privilege(asked) => request_privilege::facts(one, asked),
        Wanted::Ownership(asked) => request_ownership::facts(one, asked),
    };
    facts.push((
        String::from("asked for"),
        format!("by {} {}", who(one.asked_by_name.as_deref()), instant(one.asked)),
    ));
    for (number, step) in (1..).zip(&one.decisions) {
        let said = match step.decided {
            None => step.who.clone(),
            Some(at) => {
                let more = if step.counts || one.ended.is_some() { "" } else { " (does not count any more)" };
                let why = step.reason.clone().unwrap_or_default();
                let by = decider(step.person_name.as_deref(), step.in_place_of_name.as_deref());
                format!("{}, {by}, {}: {why}{more}", step.who, instant(at))
            }
        };
        facts.push((format!("step {number}"), said));
    }
    facts.extend(what_now(one));
    facts
}

fn who(name: Option<&str>) -> String {
    name.unwrap_or("somebody who left").to_owned()
}

fn facts_of_making(one: &Request, creation: &Creation) -> Vec<(String, String)> {
    let charter = &creation.charter;
    let text = |text: &Option<String>| text.clone().unwrap_or_else(|| String::from("-"));
    let store = match (creation.store.as_str(), one.federation_preferred) {
        (store, true) => format!("{store}; federation is approved for it too, and is preferred"),
        (store, false) => store.to_owned(),
    };
    let mut facts = vec![
        ("why", one.reason.clone()),
        ("kind", creation.principal_kind.to_string()),
        ("class", text(&creation.class)),
        ("business owner", who(one.business_owner_name.as_deref())),
        ("technical owner", who(one.technical_owner_name.as_deref())),
        ("purpose", text(&charter.purpose)),
        ("boundary", text(&charter.boundary)),
        ("may hold", charter.allowed_scope.join(", ")),
        ("environment", charter.environment.map_or_else(String::new, |one| one.to_string())),
    ];
    facts.extend(charter.data_class.map(|data| ("data class", data.to_string())));
    facts.extend(charter.rotation_days.map(|days| ("rotated every", format!("{days} days"))));
    facts.extend(charter.expires_at.map(|at| ("ends", instant(at))));
    facts.push(("retired when", text(&charter.retirement_trigger)));
    facts.push(("its secret lives in", store));
    facts.into_iter().map(|(word, text)| (word.to_owned(), text)).collect()
}

/// How it goes on, or how it ended.
fn what_now(one: &Request) -> Vec<(String, String)> {
    let mut facts = Vec::new();
    let fact = |word: &str, text: String| (word.to_owned(), text);
    match one.state {
        RequestState::Asked => {
            facts.push(fact("to be decided", format!("by {}, else it is over", instant(one.decide_by))));
        }
        RequestState::Approved => {
            let how = if let Wanted::Privilege(_) = one.wanted {
                request_privilege::now(one)
            } else if one.usable {
                format!("it may be made, and seen by a survey, by {}", instant(one.use_by))
            } else {
                format!(
                    "Tenure has not seen yet, in a complete survey of {}, that it is not there; make it after that",
                    one.source_name
                )
            };
            facts.push(fact("now", how));
        }
        RequestState::Fulfilled | RequestState::Refused | RequestState::Withdrawn | RequestState::Lapsed => {}
    }
    let became = one.identity_name.clone().filter(|_| one.wanted.creation().is_some());
    facts.extend(became.map(|name| fact("became", name)));
    if let Some(at) = one.ended {
        let why = one.ended_why.as_ref().map(|why| format!(": {why}"));
        facts.push(fact("over since", format!("{}{}", instant(at), why.unwrap_or_default())));
    }
    facts
}

impl Withdraw {
    async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let failed = format!("request `{}` was not taken back", printable(&self.request, 60));
        changing(context, async |session| {
            let path = format!("/api/v1/requests/{}/withdrawal", part(&self.request));
            let document = session.post(&failed, &path, &json!({ "reason": self.reason })).await?;
            context.document(&document);
            let one: Request = shaped(&document)?;
            let words = printable(&one.wanted.in_words(&what(&one)), 600);
            context.say(format!("Taken back: that {words} is not asked for any more."));
            Ok(Exit::Done)
        })
        .await
    }
}

impl Wait {
    async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let failed = format!("request `{}` was not waited for", printable(&self.request, 60));
        changing(context, async |session| {
            let begun = std::time::Instant::now();
            // A call that waits answers when something changes: what is so already is asked for first.
            let mut wait = 0;
            loop {
                let left = self.seconds.saturating_sub(begun.elapsed().as_secs());
                let path = format!("/api/v1/requests/{}?wait={wait}", part(&self.request));
                let document = session.get(&failed, &path).await?;
                let one: Request = shaped(&document)?;
                let is_over = one.ended.is_some();
                if !is_over && !one.usable && left > 0 {
                    wait = left.min(WAIT_SECONDS);
                    continue;
                }
                context.document(&document);
                show(context, &one);
                next(context, &one);
                return match one.state {
                    RequestState::Fulfilled => Ok(Exit::Done),
                    RequestState::Approved if one.usable => Ok(Exit::Done),
                    RequestState::Asked | RequestState::Approved => Ok(Exit::Undecided),
                    RequestState::Refused | RequestState::Withdrawn | RequestState::Lapsed => {
                        Ok(Exit::Failed)
                    }
                };
            }
        })
        .await
    }
}
