//! `tenure own --suggest`, `--rule`: whose things might be, and many of them claimed at once.
//!
//! Shows first, asks, and then claims exactly what was shown; what somebody owns stays. It must never claim anything
//! that nobody confirmed. Next: `own.rs`, one by one.

use super::{changing, listing, reading};
use crate::{
    client::part,
    context::{Context, Form},
    failure::{Exit, Failure},
    render::{
        paint::Look,
        table::{Table, cell, looking},
    },
    session::{Session, shaped},
    wire::ownership::{ClaimMade, ClaimsMade, Meant, Suggested, Suggestion, Sure},
};
use clap::Args;
use serde_json::{Value, json};
use tenure_model::{counted, printable};

/// Claims of one call, as the API takes them.
const CLAIMS_A_CALL: usize = 100;
/// Identities that one rule claims at once, at most: more than anybody looks through.
const MEANT_MAX: usize = 10_000;

/// Whether to go on after looking.
#[derive(Debug, Clone, Args)]
pub(crate) struct Confirm {
    /// Carry it out after showing it and asking; without this it is only shown
    #[arg(long)]
    pub(crate) apply: bool,
    /// Carry it out without asking
    #[arg(long, requires = "apply")]
    pub(crate) yes: bool,
}

/// Which suggestions.
#[derive(Debug, Clone, Args)]
pub(crate) struct Which {
    /// Only suggestions at least this sure [default: all of them to look at, high ones to claim]
    #[arg(long, value_enum, value_name = "WORD", requires = "suggest")]
    pub(crate) confidence: Option<Sure>,
    /// Only what is suggested to be yours
    #[arg(long, requires = "suggest")]
    pub(crate) mine: bool,
    /// Only identities of this source
    #[arg(long, value_name = "SOURCE", requires = "suggest")]
    pub(crate) source: Option<String>,
    /// Look at no more than this many identities
    #[arg(long, value_name = "ROWS", default_value_t = 200)]
    pub(crate) limit: usize,
}

/// Asks whether to go on, unless it was said already.
pub(super) async fn decide(
    context: &Context,
    confirm: &Confirm,
    what: &str,
    question: &str,
) -> Result<(), Failure> {
    if confirm.yes {
        return Ok(());
    }
    if !context.terminal.can_ask || context.form != Form::Text {
        return Err(Failure::undecided(what)
            .because("it needs a decision, and there is no terminal to ask for one")
            .kept("nothing was changed")
            .next("the same with --yes, once you looked at what it shows without --apply"));
    }
    let typed = crate::terminal::ask(&format!("{question} Type yes to go on.\n> "))
        .await
        .map_err(|failure| failure.kept("nothing was changed"))?;
    if typed == "yes" {
        return Ok(());
    }
    Err(Failure::undecided(what).because("something else than yes was typed").kept("nothing was changed"))
}

/// `--suggest`.
pub(super) async fn suggest(context: &Context, which: &Which, confirm: &Confirm) -> Result<Exit, Failure> {
    let what = "nothing was claimed";
    if !confirm.apply {
        return reading(context, async |session| {
            let (items, document) = suggested(session, which).await?;
            context.document(&document);
            passed_on(context, session).await?;
            show_suggestions(context, &items, which);
            Ok(Exit::Done)
        })
        .await;
    }
    changing(context, async |session| {
        let (items, _) = suggested(session, which).await?;
        let least = which.confidence.unwrap_or(Sure::High);
        let chosen: Vec<(&Suggested, &Suggestion)> =
            items.iter().filter_map(|item| best(item, least).map(|best| (item, best))).collect();
        if chosen.is_empty() {
            context.document(&json!({ "claims": [] }));
            context.say(format!("Nothing is suggested that is {} sure.", least.as_str()));
            context.next(match surest(&items) {
                Some(less) if less < least => {
                    format!(
                        "tenure own --suggest --apply --confidence {}, which shows them first",
                        less.as_str()
                    )
                }
                Some(_) | None => String::from("tenure own --suggest shows what there is"),
            });
            return Ok(Exit::Done);
        }
        if !confirm.yes {
            show_chosen(context, &chosen);
        }
        let question = format!("Claim these {} for the people named?", chosen.len());
        decide(context, confirm, what, &question).await?;
        let claims: Vec<Value> = chosen
            .iter()
            .map(|(item, one)| json!({ "identity": item.identity, "technical_owner": one.person_name }))
            .collect();
        claim(context, session, None, &claims).await
    })
    .await
}

/// What is suggested, and of it only what is for whoever asks when that was asked.
async fn suggested(session: &Session<'_>, which: &Which) -> Result<(Vec<Suggested>, Value), Failure> {
    let what = "the suggestions were not read";
    let mut query: Vec<String> = Vec::new();
    query.extend(which.source.as_ref().map(|source| format!("source={}", part(source))));
    let listed =
        listing::read::<Suggested>(session, what, "/api/v1/suggestions", &query, which.limit).await?;
    let mut items = listed.rows;
    if which.mine {
        let status = session.get(what, "/api/v1/status").await?;
        let me = status.pointer("/person/name").and_then(Value::as_str).unwrap_or_default().to_owned();
        for item in &mut items {
            item.suggestions.retain(|one| one.person_name == me);
        }
        items.retain(|item| !item.suggestions.is_empty());
    }
    Ok((items, listed.document))
}

/// The one that is surest, if it is sure enough and no other is as sure.
fn best(item: &Suggested, least: Sure) -> Option<&Suggestion> {
    let first = item.suggestions.first().filter(|first| first.confidence >= least)?;
    let second = item.suggestions.get(1);
    second.is_none_or(|second| second.confidence < first.confidence).then_some(first)
}

async fn passed_on(context: &Context, session: &Session<'_>) -> Result<(), Failure> {
    let what = "what was passed on was not read";
    let query = [String::from("passed=true")];
    let listed =
        listing::read::<Suggested>(session, what, "/api/v1/suggestions", &query, CLAIMS_A_CALL).await?;
    if listed.rows.is_empty() || context.form != Form::Text {
        return Ok(());
    }
    context.say("Passed on to you:");
    let mut table = Table::new(&["NAME", "BY", "BECAUSE"]).or_two_lines(0);
    for item in &listed.rows {
        let said = item.passed.iter().find(|one| one.asked.is_some());
        let (by, reason) = said.map_or(("", ""), |one| (&one.by, &one.reason));
        table.row(vec![cell(&item.name), cell(by), cell(reason)]);
    }
    context.table(&table);
    context.say(format!(
        "tenure own {0} says it is yours; tenure own {0} --not-mine --ask PERSON passes it on.",
        listed.rows.first().map_or("NAME", |first| first.handle.as_str())
    ));
    context.say("");
    Ok(())
}

fn suggestion_row(name: &str, one: &Suggestion) -> Vec<crate::render::table::Cell> {
    let look = match one.confidence {
        Sure::High => Look::Good,
        Sure::Medium => Look::Plain,
        Sure::Low => Look::Faint,
    };
    let seen = one.evidence.first().map_or("", |first| first.says.as_str());
    let because = format!("{}: {seen}", one.reason);
    vec![cell(name), cell(&one.person_name), looking(look, one.confidence.as_str()), cell(because)]
}

/// How sure the surest suggestion is that no other is as sure as.
fn surest(items: &[Suggested]) -> Option<Sure> {
    items.iter().filter_map(|item| best(item, Sure::Low)).map(|best| best.confidence).max()
}

fn show_suggestions(context: &Context, items: &[Suggested], which: &Which) {
    let least = which.confidence.unwrap_or(Sure::Low);
    let mut table = Table::new(&["NAME", "PERHAPS OF", "SURE", "BECAUSE"]).or_two_lines(0);
    let (mut without, mut names) = (0_usize, Vec::new());
    for item in items {
        let mut shown = item.suggestions.iter().filter(|one| one.confidence >= least).peekable();
        if shown.peek().is_none() {
            without += 1;
            continue;
        }
        names.push(&item.name);
        for (number, one) in shown.enumerate() {
            table.row(suggestion_row(if number == 0 { &item.name } else { "" }, one));
        }
    }
    if names.is_empty() {
        context.say(match (items.is_empty(), which.mine) {
            (true, true) => "Nothing is suggested for you.",
            (true, false) => "Everything has an owner.",
            (false, _) => "Nothing points to anybody Tenure knows.",
        });
    } else {
        context.list(&table, names.iter());
    }
    if without > 0 {
        let things = if without == 1 {
            String::from("1 identity has")
        } else {
            format!("{} have", counted(without, "identity"))
        };
        context.say(format!("{things} no owner, and nothing this sure points to anybody Tenure knows."));
    }
    context.next(match surest(items) {
        Some(Sure::High) => String::from("tenure own --suggest --apply"),
        Some(less) => format!("tenure own --suggest --apply --confidence {}", less.as_str()),
        None if which.mine => String::from("tenure own --suggest, for everybody"),
        None => String::from(
            "tenure people add NAME for whom it could point to, or tenure own --rule 'name:web-*'",
        ),
    });
}

fn show_chosen(context: &Context, chosen: &[(&Suggested, &Suggestion)]) {
    let mut table = Table::new(&["NAME", "FOR", "SURE", "BECAUSE"]).or_two_lines(0);
    for (item, one) in chosen {
        table.row(suggestion_row(&item.name, one));
    }
    context.table(&table);
}

/// `--rule`.
pub(super) async fn by_rule(
    context: &Context,
    rule: &str,
    owners: (Option<&str>, Option<&str>),
    confirm: &Confirm,
) -> Result<Exit, Failure> {
    if !confirm.apply {
        return reading(context, async |session| {
            let (meant, document) = meant(session, rule).await?;
            context.document(&document);
            show_meant(context, &meant);
            let free = meant.iter().filter(|one| one.owners.is_empty()).count();
            context.next(if free > 0 { "the same with --apply" } else { "tenure own --suggest" });
            Ok(Exit::Done)
        })
        .await;
    }
    changing(context, async |session| {
        let (meant, _) = meant(session, rule).await?;
        let free: Vec<&Meant> = meant.iter().filter(|one| one.owners.is_empty()).collect();
        if free.is_empty() {
            context.document(&json!({ "claims": [] }));
            show_meant(context, &meant);
            context.next("tenure own --suggest");
            return Ok(Exit::Done);
        }
        if !confirm.yes {
            show_meant(context, &meant);
        }
        let (business, technical) = owners;
        let whom = technical.or(business).map_or_else(|| String::from("yourself"), |name| printable(name, 80));
        let question = format!("Claim {} for {whom}?", identities(free.len()));
        decide(context, confirm, "nothing was claimed", &question).await?;
        let wish = |one: &&Meant| {
            json!({ "identity": one.identity, "business_owner": business, "technical_owner": technical })
        };
        let claims: Vec<Value> = free.iter().map(wish).collect();
        claim(context, session, Some(rule), &claims).await
    })
    .await
}

async fn meant(session: &Session<'_>, rule: &str) -> Result<(Vec<Meant>, Value), Failure> {
    let what = "what the rule means was not read";
    let query = [format!("rule={}", part(rule))];
    let listed = listing::read::<Meant>(session, what, "/api/v1/claimable", &query, MEANT_MAX).await?;
    Ok((listed.rows, listed.document))
}

fn identities(count: usize) -> String {
    counted(count, "identity")
}

fn show_meant(context: &Context, meant: &[Meant]) {
    let mut table = Table::new(&["NAME", "OWNED BY", ""]).or_two_lines(0);
    for one in meant {
        let (owners, word, look) = if one.owners.is_empty() {
            (String::from("-"), "would be claimed", Look::Plain)
        } else {
            (one.owners.join(", "), "stays", Look::Faint)
        };
        table.row(vec![cell(&one.name), cell(owners), looking(look, word)]);
    }
    if !meant.is_empty() {
        context.list(&table, meant.iter().map(|one| &one.name));
    }
    let stay = meant.iter().filter(|one| !one.owners.is_empty()).count();
    context.say(match (meant.len() - stay, stay) {
        (0, 0) => String::from("The rule means nothing that is there."),
        (free, 0) => format!("The rule means {}; nobody owns them.", identities(free)),
        (free, stay) => format!(
            "The rule means {}: {free} that nobody owns, {stay} that stay as they are.",
            identities(free + stay)
        ),
    });
    if meant.len() >= MEANT_MAX {
        context.say(format!("These are the first {MEANT_MAX}; it means more."));
    }
}

/// Claims in parts; each part is one transaction.
async fn claim(
    context: &Context,
    session: &Session<'_>,
    rule: Option<&str>,
    claims: &[Value],
) -> Result<Exit, Failure> {
    let (mut made, mut items): (Vec<ClaimMade>, Vec<Value>) = (Vec::new(), Vec::new());
    for part in claims.chunks(CLAIMS_A_CALL) {
        let what = match made.iter().filter(|one| one.claimed).count() {
            0 => String::from("nothing was claimed"),
            done => format!("only {} were claimed", identities(done)),
        };
        let body = json!({ "rule": rule, "claims": part });
        let document = session.post(&what, "/api/v1/claims", &body).await?;
        made.extend(shaped::<ClaimsMade>(&document)?.claims);
        items.extend(document.get("claims").and_then(Value::as_array).cloned().unwrap_or_default());
    }
    context.document(&json!({ "claims": items }));
    let (claimed, stay): (Vec<&ClaimMade>, Vec<&ClaimMade>) = made.iter().partition(|one| one.claimed);
    let mut table = Table::new(&["NAME", ""]).or_two_lines(0);
    for one in &claimed {
        table.row(vec![cell(&one.name), looking(Look::Good, "claimed")]);
    }
    for one in &stay {
        table.row(vec![cell(&one.name), cell(one.why.as_deref().unwrap_or("stays"))]);
    }
    context.list(&table, claimed.iter().map(|one| &one.name));
    let stayed = if stay.is_empty() { String::new() } else { format!("; {} stay as they were", stay.len()) };
    context.say(format!("Claimed {}{stayed}.", identities(claimed.len())));
    context.next("tenure findings");
    Ok(if stay.is_empty() { Exit::Done } else { Exit::Failed })
}
