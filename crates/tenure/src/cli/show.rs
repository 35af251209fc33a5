//! `show` and `explain`: everything about one identity, and why it is judged as it is.
//!
//! What decided a judgement comes first, and what does not hold is counted. It must never judge anything itself: the
//! server does. Next: `../render/identity.rs`.

use super::reading;
use crate::{
    client::part,
    context::Context,
    failure::{Exit, Failure},
    render::{
        identity::{page, risk},
        paint::{look_of_severity, look_of_standing},
        width::{columns, padded},
        words::{count, instant, typeable},
    },
    session::shaped,
    wire::{Condition, Explained, ExplainedFact, IdentityShown, Judgement},
};
use clap::Args;
use std::collections::BTreeSet;
use tenure_model::{Instant, Presence, printable};

/// Show everything about one identity, opened by three questions
///
/// Should it exist? What is the least it needs? What proves removal? Each is answered with its evidence,
/// or with the word "unanswered" and what would answer it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure show pg-main/reporting
  tenure show k3vd9a --json

Exit codes: 0 done, 1 no such identity, or more than one, 2 usage.")]
pub(crate) struct Show {
    /// Which identity: SOURCE/NAME, a name, a handle or its beginning
    identity: String,
}

impl Show {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        reading(context, async |session| {
            let what = format!("`{}` was not shown", printable(&self.identity, 80));
            let document =
                session.get(&what, &format!("/api/v1/identities/{}", part(&self.identity))).await?;
            let shown: IdentityShown = shaped(&document)?;
            context.document(&document);
            for line in page(&shown, context.frame()) {
                context.print(line);
            }
            context.say("");
            context.next(next_step(&shown));
            Ok(Exit::Done)
        })
        .await
    }
}

fn next_step(shown: &IdentityShown) -> String {
    let handle = &shown.identity.handle;
    let is_present = shown.principals.iter().any(|principal| principal.presence == Presence::Present);
    if let (false, Some(plan)) = (is_present, shown.plans.first()) {
        return format!("tenure proof {}", plan.handle);
    }
    if shown.identity.built_in {
        return format!("tenure explain {handle}");
    }
    if shown.owners.is_empty() {
        let revoke = match &shown.not_ended_here {
            Some(_) => String::new(),
            None => format!(", or tenure revoke {handle} --reason \"…\""),
        };
        return format!("tenure own {handle} --purpose \"…\"{revoke}");
    }
    if shown.findings.is_empty() {
        format!("tenure explain {handle}")
    } else {
        String::from("do what each finding says, then tenure survey")
    }
}

/// Judge one identity now and show what decided it and every fact that holds; nothing is written down
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure explain pg-main/reporting
  tenure explain pg-main/reporting --all

Exit codes: 0 done, 1 no such identity, or more than one, 2 usage.")]
pub(crate) struct Explain {
    /// Which identity: SOURCE/NAME, a name, a handle or its beginning
    identity: String,
    /// Also what does not hold, and what is not known
    #[arg(long)]
    all: bool,
}

impl Explain {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        reading(context, async |session| {
            let what = format!("`{}` was not judged", printable(&self.identity, 80));
            let document =
                session.get(&what, &format!("/api/v1/identities/{}/explain", part(&self.identity))).await?;
            let explained: Explained = shaped(&document)?;
            context.document(&document);
            print(context, &explained, self.all);
            context.next(format!("tenure show {}", typeable(&self.identity)));
            Ok(Exit::Done)
        })
        .await
    }
}

fn print(context: &Context, explained: &Explained, all: bool) {
    let (judgement, paint) = (&explained.judgement, context.frame().paint);
    let standing = paint.text(
        look_of_standing(judgement.standing),
        &format!("{} {}", judgement.standing.mark(), judgement.standing),
    );
    let changes = judgement
        .changes_at
        .map_or_else(|| String::from("only a new fact changes that"), |at| to_what(explained, at));
    context.print(format!("{} is {standing}; {changes}.", printable(&explained.dossier.name, 200)));
    for condition in &judgement.conditions {
        let severity = paint.text(look_of_severity(condition.severity), condition.severity.as_str());
        let counts = match (condition.dismissed_until, condition.excepted_until, condition.lapsed) {
            (Some(end), ..) => format!("dismissed, it counts again {}", instant(end)),
            (None, Some(end), _) => format!("excepted, it counts again {}", instant(end)),
            (None, None, true) => String::from("its grace is over"),
            (None, None, false) => format!("grace until {}", instant(condition.lapses_at)),
        };
        context.print(format!("  ▲ {severity}: {}", printable(&condition.reason, 400)));
        context.print(format!("    {}", printable(&condition.remedy, 400)));
        context.print(format!("    {}, {}; {counts}", condition.policy, printable(&condition.control, 80)));
    }
    if judgement.conditions.is_empty() {
        context.print("  Nothing fails.");
    }
    for line in judgement.risk.iter().flat_map(risk).skip(1) {
        context.print(line);
    }
    print_facts(context, judgement, all);
}

/// When a judgement changes by itself, to which standing, and what happens then.
fn to_what(explained: &Explained, at: Instant) -> String {
    let judgement = &explained.judgement;
    let mut why = BTreeSet::new();
    for condition in &judgement.conditions {
        let policy = printable(&condition.policy, 80);
        if condition.dismissed_until == Some(at) {
            why.insert(format!("the dismissal of {policy} ends"));
        } else if condition.excepted_until == Some(at) {
            why.insert(format!("the exception to {policy} ends"));
        } else if condition.lapses_at == at {
            why.insert(format!("the grace of {policy} ends"));
        }
    }
    for fact in judgement.explanation.iter().filter(|fact| fact.flips_at == Some(at)) {
        why.insert(format!("the fact {} flips", printable(&fact.name, 80)));
    }
    let why = why.into_iter().collect::<Vec<_>>().join(", ");
    let (at, now) = (instant(at), judgement.standing);
    match explained.changes_to {
        Some(to) if to != now => format!("changes by itself {at} to {} {to}: {why}", to.mark()),
        Some(_) => format!("its judgement changes by itself {at}: {why}; it stays {} {now}", now.mark()),
        None => format!("changes by itself {at}: {why}"),
    }
}

/// What decided it first, then what holds besides, by what it is about; what does not hold is counted, unless all is
/// asked for.
fn print_facts(context: &Context, judgement: &Judgement, all: bool) {
    let (mut decided, mut rest): (Vec<&ExplainedFact>, Vec<&ExplainedFact>) = (Vec::new(), Vec::new());
    for fact in &judgement.explanation {
        let it = |one: &Condition| one.subject == fact.subject && one.rests_on.contains(&fact.name);
        if judgement.conditions.iter().any(it) { decided.push(fact) } else { rest.push(fact) }
    }
    print_group(context, "What decided that:", &decided);
    let word = |fact: &ExplainedFact| fact.value.split(':').next().unwrap_or_default().to_owned();
    for (about, title) in [
        ("identity", "What holds of the identity besides:"),
        ("principal", "What holds of its principals besides:"),
        ("credential", "What holds of its credentials besides:"),
    ] {
        let of =
            |fact: &&&ExplainedFact| fact.subject.split(':').next() == Some(about) && word(fact) == "yes";
        print_group(context, title, &rest.iter().filter(of).copied().collect::<Vec<_>>());
    }
    let others: Vec<&ExplainedFact> = rest.into_iter().filter(|fact| word(fact) != "yes").collect();
    if all {
        print_group(context, "What does not hold, or is not known:", &others);
    } else if !others.is_empty() {
        let unknown = others.iter().filter(|fact| word(fact) == "unknown").count();
        let facts = count(i64::try_from(others.len()).unwrap_or(i64::MAX), "further fact");
        let those = if others.len() == 1 { "does" } else { "do" };
        context.say(format!("{facts} {those} not hold, {unknown} of them unknown; --all shows them."));
    }
}

/// Facts under a title; nothing where there are none.
fn print_group(context: &Context, title: &str, facts: &[&ExplainedFact]) {
    if facts.is_empty() {
        return;
    }
    context.print(title);
    let wide = facts.iter().map(|fact| columns(&fact.name)).max().unwrap_or(0);
    for fact in facts {
        let flips = fact.flips_at.map(|at| format!("; flips {}", instant(at))).unwrap_or_default();
        context.print(format!("  {}  {}{flips}", padded(&fact.name, wide), printable(&fact.value, 400)));
    }
}
