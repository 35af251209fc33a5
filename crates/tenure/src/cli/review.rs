//! `tenure review`: people look at identities one by one and say what is to become of each.
//!
//! Beginning, listing, showing and giving up; `review_decide.rs` decides. It must never close a review: that happens by itself
//! once everything that was decided is done. Next: `review_decide.rs`.

use super::{
    changing,
    listing::{self, Amount},
    own::parse_end,
    reading,
    review_decide::{Decide, Item},
};
use crate::{
    client::part,
    context::Context,
    failure::{Exit, Failure},
    render::{
        paint::Look,
        table::{Table, cell, looking, name},
        words::{count, instant, wrapped},
    },
    session::shaped,
    wire::{Review, ReviewItem, ReviewMeant},
};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;
use tenure_model::{Instant, ReviewAnswer, ReviewItemState, ReviewState, printable};

/// Review identities: begin, look at each, decide, follow
///
/// A review means every enrolled identity that a rule means, fixed when it begins. Whoever answers for each is asked; nobody
/// reviews their own. It closes by itself once everything that was decided is seen done.
#[derive(Debug, Subcommand)]
pub(crate) enum ReviewCommand {
    Start(Start),
    List(List),
    Show(Show),
    Mine(Mine),
    Item(Item),
    Decide(Decide),
    Cancel(Cancel),
}

/// Begin a review of everything a rule means
///
/// The rule is that of `tenure own --rule`: terms such as system:postgres, environment:production, name:web-*, kind:workload,
/// tag:team=shop, all of which hold. What is not enrolled or not there is left out; what waits in another review stays there.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure review start --rule \"system:postgres\" --reason \"yearly\" --preview
  tenure review start --rule \"environment:production kind:account\" \\
      --until 2026-12-31 --reason \"before the audit\"

Exit codes: 0 begun or shown, 1 failed, 2 usage.")]
pub(crate) struct Start {
    /// Which identities
    #[arg(long, value_name = "RULE")]
    rule: String,
    /// By when: a day, or an instant in UTC; as long as the programme says, unless said
    #[arg(long, value_name = "DAY", value_parser = parse_end)]
    until: Option<Instant>,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Show how many would be asked about what, and begin nothing
    #[arg(long)]
    preview: bool,
}

/// Which reviews are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Which {
    /// Those that wait for something
    Open,
    /// Those that closed or were given up
    Over,
}

/// List reviews
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure review list
  tenure review list over --json

Exit codes: 0 listed, 1 failed, 2 usage.")]
pub(crate) struct List {
    /// Which
    #[arg(value_enum, default_value = "open")]
    which: Which,
    #[command(flatten)]
    amount: Amount,
}

/// Show a review and its items
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure review show 7k2m4x
  tenure review show 7k2m4x --state open --recommends retire
  tenure review show 7k2m4x --all --json

Exit codes: 0 shown, 1 failed, 2 usage.")]
pub(crate) struct Show {
    /// Its handle or its id
    review: String,
    /// Only items in this state: open, decided, done, missed or over
    #[arg(long, value_name = "STATE", value_parser = parse_state)]
    state: Option<ReviewItemState>,
    /// Only items of which this is recommended: keep, narrow, rotate, reassign or retire
    #[arg(long, value_name = "ANSWER", value_parser = parse_answer)]
    recommends: Option<ReviewAnswer>,
    #[command(flatten)]
    amount: Amount,
}

/// List what waits for your decision
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure review mine

Exit codes: 0 listed, 1 failed, 2 usage.")]
pub(crate) struct Mine {}

/// Give a review up: nothing of it is decided any more
///
/// Who gave it up and why stays to be seen. There is no way to close a review: it closes once what was decided is done.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure review cancel 7k2m4x --reason \"began with the wrong rule\"

Exit codes: 0 done, 1 failed, 2 usage.")]
pub(crate) struct Cancel {
    /// Its handle or its id
    review: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

fn parse_state(given: &str) -> Result<ReviewItemState, String> {
    given.parse().map_err(|error: tenure_model::UnknownWord| error.to_string())
}

pub(super) fn parse_answer(given: &str) -> Result<ReviewAnswer, String> {
    given.parse().map_err(|error: tenure_model::UnknownWord| error.to_string())
}

impl ReviewCommand {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        match self {
            Self::Start(args) => args.run(context).await,
            Self::List(args) => args.run(context).await,
            Self::Show(args) => args.run(context).await,
            Self::Mine(args) => args.run(context).await,
            Self::Item(args) => args.run(context).await,
            Self::Decide(args) => args.run(context).await,
            Self::Cancel(args) => args.run(context).await,
        }
    }
}

impl Start {
    async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let body = json!({ "rule": self.rule, "until": self.until, "reason": self.reason });
        if self.preview {
            return reading(context, async |session| {
                let failed = "nothing was looked up";
                let document = session.post(failed, "/api/v1/review-previews", &body).await?;
                context.document(&document);
                preview(context, &shaped(&document)?);
                context.next("the same without --preview begins it");
                Ok(Exit::Done)
            })
            .await;
        }
        changing(context, async |session| {
            let document = session.post("no review was begun", "/api/v1/reviews", &body).await?;
            context.document(&document);
            let review: Review = shaped(&document)?;
            context.say(format!(
                "Begun: review {} of {}, to be decided by {}.",
                review.handle,
                count(review.items, "identity"),
                instant(review.until)
            ));
            context.next(format!("tenure review show {}", review.handle));
            Ok(Exit::Done)
        })
        .await
    }
}

fn preview(context: &Context, meant: &ReviewMeant) {
    context.say(format!(
        "It would have {}, to be decided by {}.",
        count(meant.items, "identity"),
        instant(meant.until)
    ));
    let mut table = Table::new(&["WHO IS ASKED", "ABOUT"]);
    for share in &meant.by_reviewer {
        table.row(vec![name(printable(&share.who, 120)), cell(share.items.to_string())]);
    }
    context.list(&table, meant.by_reviewer.iter().map(|share| &share.who));
    if meant.nobody_named > 0 {
        context.say(format!(
            "Of {}, nobody whom a charter or the programme names may decide: operators and administrators are asked.",
            meant.nobody_named
        ));
    }
    if meant.in_another > 0 {
        context.say(format!("{} wait in another review and are left to it.", meant.in_another));
    }
    if meant.unclaimed > 0 {
        context.say(format!(
            "{} left out: nobody claimed them, and no class of the programme means them (tenure own).",
            count(meant.unclaimed, "identity")
        ));
    }
}

impl List {
    async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let word = match self.which {
            Which::Open => "open",
            Which::Over => "over",
        };
        reading(context, async |session| {
            let query = [format!("state={word}")];
            let failed = "the reviews were not listed";
            let listed =
                listing::read::<Review>(session, failed, "/api/v1/reviews", &query, self.amount.most())
                    .await?;
            context.document(&listed.document);
            if listed.rows.is_empty() {
                context.say("There is none of these; `tenure review list over` shows those that are over.");
                context.next("tenure review start --rule RULE --reason WHY --preview");
                return Ok(Exit::Done);
            }
            let mut table =
                Table::new(&["REVIEW", "STATE", "UNTIL", "DONE", "WHAT", "WAITS FOR"]).or_two_lines(4);
            for one in &listed.rows {
                table.row(vec![
                    cell(&one.handle),
                    looking(look(one.state), one.state.as_str()),
                    cell(instant(one.ended.unwrap_or(one.until))),
                    cell(format!("{}/{}", over(one), one.items)),
                    name(printable(what(one), 120)),
                    cell(one.waits_for.as_deref().or(one.ended_why.as_deref()).unwrap_or_default()),
                ]);
            }
            context.list(&table, listed.rows.iter().map(|one| &one.handle));
            if listed.more {
                context.say(format!("There are more than these {}; --all lists them.", listed.rows.len()));
            }
            context.next("tenure review show REVIEW");
            Ok(Exit::Done)
        })
        .await
    }
}

fn look(state: ReviewState) -> Look {
    match state {
        ReviewState::Open => Look::Warn,
        ReviewState::Closed | ReviewState::Cancelled => Look::Faint,
    }
}

/// How many items came to their end.
fn over(review: &Review) -> i64 {
    review.counts.iter().filter(|(state, _)| !state.waits()).map(|(_, count)| count).sum()
}

fn what(review: &Review) -> &str {
    &review.rule
}

impl Show {
    async fn run(self, context: &Context) -> Result<Exit, Failure> {
        reading(context, async |session| {
            let failed = format!("review `{}` cannot be shown", printable(&self.review, 60));
            let path = format!("/api/v1/reviews/{}", part(&self.review));
            let mut document = session.get(&failed, &path).await?;
            let review: Review = shaped(&document)?;
            let mut query = Vec::new();
            query.extend(self.state.map(|state| format!("state={state}")));
            query.extend(self.recommends.map(|answer| format!("recommends={answer}")));
            let most = self.amount.most();
            let items =
                listing::read::<ReviewItem>(session, &failed, &format!("{path}/items"), &query, most).await?;
            if let Some(object) = document.as_object_mut() {
                object.insert(String::from("listed"), items.document);
            }
            context.document(&document);
            facts(context, &review);
            print(context, &items.rows);
            if items.more {
                context.say(format!("There are more than these {}; --all lists them.", items.rows.len()));
            }
            match review.state {
                ReviewState::Open => context.next("tenure review item ITEM shows what is to be decided"),
                ReviewState::Closed | ReviewState::Cancelled => {
                    context.next("tenure evidence export FILE takes what was recorded along");
                }
            }
            Ok(Exit::Done)
        })
        .await
    }
}

/// Who began it.
fn by_whom(review: &Review) -> String {
    match (&review.started_by_name, &review.started_by) {
        (Some(name), _) => name.clone(),
        (None, Some(_)) => String::from("somebody who left"),
        (None, None) => String::from("Tenure"),
    }
}

fn facts(context: &Context, review: &Review) {
    let paint = context.frame().paint;
    let state = paint.text(look(review.state), review.state.as_str());
    context.print(format!("review {}: {state}", review.handle));
    let numbers =
        |counts: Vec<String>| if counts.is_empty() { String::from("none") } else { counts.join(", ") };
    let mut facts = vec![
        ("means", what(review).to_owned()),
        ("why", review.reason.clone()),
        ("begun", format!("by {} {}", by_whom(review), instant(review.started))),
        ("to be decided", format!("by {}", instant(review.until))),
        ("population", format!("{}, {}", count(review.items, "identity"), review.population)),
        ("items", numbers(review.counts.iter().map(|(state, count)| format!("{count} {state}")).collect())),
    ];
    if !review.recommended.is_empty() {
        let of = review.recommended.iter();
        let words = of.map(|(word, count)| format!("{count} {}", word.replace('_', " "))).collect();
        facts.push(("recommended", numbers(words)));
    }
    facts.extend(review.waits_for.clone().map(|waits| ("waits for", waits)));
    if let Some(at) = review.ended {
        let why = review.ended_why.clone().unwrap_or_default();
        let by = review.ended_by_name.as_ref().map(|name| format!(" by {name}")).unwrap_or_default();
        facts.push(("over since", format!("{}{by}: {why}", instant(at))));
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

fn print(context: &Context, rows: &[ReviewItem]) {
    let mut table =
        Table::new(&["ITEM", "STATE", "RECOMMENDED", "DECIDED", "IDENTITY", "WHO"]).or_two_lines(4);
    for one in rows {
        let look = if one.state.waits() { Look::Warn } else { Look::Faint };
        let who = match one.state {
            ReviewItemState::Open => one.reviewer_name.as_deref().unwrap_or(&one.turn),
            ReviewItemState::Decided
            | ReviewItemState::Done
            | ReviewItemState::Missed
            | ReviewItemState::Over => one.outcome.as_deref().unwrap_or_default(),
        };
        table.row(vec![
            cell(&one.handle),
            looking(look, one.state.as_str()),
            cell(one.recommends.map_or("-", ReviewAnswer::as_str)),
            cell(one.answer.map_or("-", ReviewAnswer::as_str)),
            name(printable(&one.identity_name, 120)),
            cell(who),
        ]);
    }
    context.list(&table, rows.iter().map(|one| &one.handle));
}

impl Mine {
    async fn run(self, context: &Context) -> Result<Exit, Failure> {
        reading(context, async |session| {
            let document = session.get("what waits was not listed", "/api/v1/review-items?limit=500").await?;
            context.document(&document);
            let page: crate::wire::Page<ReviewItem> = shaped(&document)?;
            if page.items.is_empty() {
                context.say("Nothing waits for your decision.");
                context.next("tenure review list");
                return Ok(Exit::Done);
            }
            print(context, &page.items);
            context.next("tenure review item ITEM");
            Ok(Exit::Done)
        })
        .await
    }
}

impl Cancel {
    async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let failed = format!("review `{}` was not given up", printable(&self.review, 60));
        changing(context, async |session| {
            let path = format!("/api/v1/reviews/{}/cancellation", part(&self.review));
            let document = session.post(&failed, &path, &json!({ "reason": self.reason })).await?;
            context.document(&document);
            let review: Review = shaped(&document)?;
            context.say(format!(
                "Given up: review {}. What waited in it is not decided any more; a plan that a decision drafted waits on (tenure plans).",
                review.handle
            ));
            Ok(Exit::Done)
        })
        .await
    }
}
