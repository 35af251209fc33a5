//! Beginning a review: who is meant by a rule, fixed once and reproducible.
//!
//! One item for each enrolled identity that is there. An empty population is refused, and what waits in another review is left
//! to it, so that nobody is asked twice. It must never begin what was not counted before. Next: `who.rs`.

use super::{
    ReviewShown, shown,
    who::{Case, Reviewing, Turn},
};
use crate::{
    Actor, Engine, EngineFailure,
    record::{By, Draft, digest_hex},
    verbs::{dismiss::still_there, ownership::traits_of, programme::people, reason},
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, time::Duration};
use tenure_judge::Rule;
use tenure_model::{IdentityId, Instant, ReviewId, Standing};
use tenure_store::{
    NewEntry, StoreFailure, Tx,
    tables::{
        Mint,
        identities::IdentityRow,
        list_identities::IdentityQuery,
        reviews::{NewReview, NewReviewItem},
    },
};

/// Identities of one review, at most.
const ITEMS_MAX: usize = 20_000;
/// Campaigns that are open at once, at most.
const OPEN_MAX: i64 = 20;
/// How far ahead the end of a review lies, at most.
const UNTIL_MAX: Duration = Duration::from_hours(24 * 365);
const DAY: Duration = Duration::from_hours(24);
/// Identities read at once.
const WINDOW: i64 = 500;
/// People named in a preview, at most.
const REVIEWERS_MAX: usize = 100;

/// Which identities are to be looked at, by when, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReviewStart {
    /// Which are meant, in the language of `tenure own --rule`.
    pub rule: String,
    /// By when it is decided; as long as the programme says, unless said.
    #[serde(default)]
    pub until: Option<Instant>,
    /// Why.
    pub reason: String,
}

/// Who would be asked, before anything is begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReviewMeant {
    /// How many identities.
    pub items: i64,
    /// How many by whom, the most first; those whom a role is asked for by that role.
    pub by_reviewer: Vec<ReviewShare>,
    /// How many have nobody whom a charter or the programme names: operators and administrators are asked.
    pub nobody_named: i64,
    /// How many are left out because they wait in another review.
    pub in_another: i64,
    /// How many are left out because governance does not apply to them: nobody claimed them and no class means them.
    pub unclaimed: i64,
    /// By when it would be decided.
    pub until: Instant,
    /// SHA-256 over the ids of those meant.
    pub population: String,
}

/// How many one person would be asked about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReviewShare {
    /// Who, by name, or which role.
    pub who: String,
    /// How many.
    pub items: i64,
}

/// Everybody meant, with whose turn each is.
struct Population {
    items: Vec<(IdentityRow, Turn)>,
    in_another: i64,
    unclaimed: i64,
    too_many: bool,
}

impl Engine {
    /// What beginning this review would ask of whom. Changes nothing.
    pub async fn preview_review(&self, start: &ReviewStart) -> Result<ReviewMeant, EngineFailure> {
        let (rule, ends) = self.review_fit(start)?;
        let population = self.population(rule).await?;
        let (_, until) = new_items(&self.reviewing(), &population.items, &ends);
        let names: BTreeMap<_, _> = self
            .store
            .read("people", |tx| tx.people())
            .await?
            .into_iter()
            .map(|one| (one.id, one.name))
            .collect();
        let mut shares: BTreeMap<String, i64> = BTreeMap::new();
        for (_, turn) in &population.items {
            let name = turn.reviewer.and_then(|person| names.get(&person).cloned());
            *shares.entry(name.unwrap_or_else(|| turn.words.clone())).or_default() += 1;
        }
        let mut by_reviewer: Vec<ReviewShare> =
            shares.into_iter().map(|(who, items)| ReviewShare { who, items }).collect();
        by_reviewer.sort_by_key(|share| (-share.items, share.who.clone()));
        by_reviewer.truncate(REVIEWERS_MAX);
        let unnamed = population.items.iter().filter(|(_, turn)| turn.nobody_named).count();
        Ok(ReviewMeant {
            items: count(population.items.len()),
            by_reviewer,
            nobody_named: count(unnamed),
            in_another: population.in_another,
            unclaimed: population.unclaimed,
            until,
            population: digest(&population)?,
        })
    }

    /// Begins a review. Whoever is meant is fixed by this; an empty one is refused, and so is one too many.
    pub async fn start_review(&self, actor: Actor, start: ReviewStart) -> Result<ReviewShown, EngineFailure> {
        let (rule, ends) = self.review_fit(&start)?;
        let rule_text = rule.text().to_owned();
        let population = self.population(rule).await?;
        let (items, until) = new_items(&self.reviewing(), &population.items, &ends);
        let new = NewReview {
            rule: rule_text.clone(),
            reason: start.reason.trim().to_owned(),
            started_by: Some(actor.person),
            until,
            population: digest(&population)?,
            items,
        };
        let (mint, entry) = (self.mint()?, self.review_started(&new, Some(actor), population.in_another)?);
        let written = self.store.write("start_review", move |tx| {
            still_there(tx.person(actor.person)?.map(|person| person.role), actor)?;
            if tx.count_reviews_open()? >= OPEN_MAX {
                let why =
                    format!("{OPEN_MAX} reviews are open already: more than people look at helps nobody");
                return Err(StoreFailure::Conflict { why });
            }
            let id = begin(tx, &mint, &new, &entry)?;
            let row = tx.review(id)?;
            shown(tx, row)
        });
        let written = written.await?;
        self.reviews_woken.notify_one();
        Ok(written)
    }

    /// The entry that a review began, by a person or by Tenure itself; its subject is only known when it is written.
    pub(super) fn review_started(
        &self,
        new: &NewReview,
        actor: Option<Actor>,
        in_another: i64,
    ) -> Result<NewEntry, EngineFailure> {
        let by = actor.map_or(By::Tenure, |actor| By::Person(actor, None));
        let draft = Draft::new("review.started", by, "")
            .number("items", count(new.items.len()))
            .number("in_another", in_another)
            .text("population", &new.population)
            .text("until", new.until);
        self.entry(draft.body(serde_json::json!({ "rule": new.rule, "reason": new.reason })))
    }

    /// The rule and the end of a review that can be begun.
    fn review_fit(&self, start: &ReviewStart) -> Result<(Rule, Ends), EngineFailure> {
        let refused = |why: String| EngineFailure::Refused { why };
        let rule = Rule::parse(&start.rule).map_err(|why| refused(why.to_string()))?;
        if start.reason.trim().is_empty() {
            return Err(refused(String::from("a review says why it is done; the reason is empty")));
        }
        reason::kept(&start.reason)?;
        let now = self.clock.now();
        let within = DAY * self.in_force().programme.reviews.decided_within_days;
        let ends = Ends { now, said: start.until, usual: now.plus(within) };
        let until = start.until.unwrap_or(ends.usual);
        if until <= now {
            return Err(refused(String::from("the end lies in the past")));
        }
        if until > now.plus(UNTIL_MAX) {
            return Err(refused(String::from("a review ends within 365 days")));
        }
        Ok((rule, ends))
    }

    async fn population(&self, rule: Rule) -> Result<Population, EngineFailure> {
        let reviewing = self.reviewing();
        let population =
            self.store.read("review_population", move |tx| population(tx, &reviewing, &rule)).await?;
        if population.too_many {
            let why = format!("it means more than {ITEMS_MAX} identities; a rule that means fewer is needed");
            return Err(EngineFailure::Refused { why });
        }
        if population.items.is_empty() {
            let why = match (population.in_another, population.unclaimed) {
                (0, 0) => String::from(
                    "it means nothing that is there, so nobody would be asked; `tenure identities` shows what there is",
                ),
                (0, count) => format!(
                    "nobody claimed the {count} that it means, and no class of the programme means them: there is nothing to hold \
                     them against; `tenure own` says whose they are"
                ),
                (count, _) => format!("all {count} that it means wait in another review already"),
            };
            return Err(EngineFailure::Refused { why });
        }
        Ok(population)
    }
}

/// Writes down that a review begins, with its entry. What began to wait in another one meanwhile is a conflict.
pub(super) fn begin(
    tx: &mut Tx<'_>,
    mint: &Mint,
    new: &NewReview,
    entry: &NewEntry,
) -> Result<ReviewId, StoreFailure> {
    for item in &new.items {
        if tx.review_item_waiting(item.identity)?.is_some() {
            let why = String::from("another review of some of these began meanwhile; look again");
            return Err(StoreFailure::Conflict { why });
        }
    }
    let id = tx.add_review(mint, new)?;
    let mut entry = entry.clone();
    entry.entry.subject = id.to_string();
    entry.about = vec![id.to_string()];
    tx.entry(entry)?;
    Ok(id)
}

fn population(tx: &mut Tx<'_>, reviewing: &Reviewing, rule: &Rule) -> Result<Population, StoreFailure> {
    let query = IdentityQuery {
        contains: rule.name_contains().map(str::to_owned),
        kind: rule.kind(),
        source_name: rule.source().map(str::to_owned),
        ..IdentityQuery::default()
    };
    let people = people(tx)?;
    let mut found = Population { items: Vec::new(), in_another: 0, unclaimed: 0, too_many: false };
    let mut at = None;
    loop {
        let page = tx.list_identities(&query, at.as_ref(), WINDOW)?;
        // A full page ends at its last row; a short one where it stopped looking.
        let is_full = count(page.rows.len()) >= WINDOW;
        let last = page.rows.last().map(|row| (row.name.clone(), row.id));
        at = if is_full { last } else { page.stopped_at };
        for row in page.rows {
            if matches!(row.standing, Standing::Retired | Standing::Gone) {
                continue;
            }
            let seen = traits_of(tx, &row)?;
            if !seen.present || !rule.holds(&seen.traits) {
                continue;
            }
            if !row.is_governed() {
                found.unclaimed += 1;
                continue;
            }
            if tx.review_item_waiting(row.id)?.is_some() {
                found.in_another += 1;
                continue;
            }
            if found.items.len() >= ITEMS_MAX {
                found.too_many = true;
                return Ok(found);
            }
            let case = Case::of(tx, row.clone(), &people)?;
            found.items.push((row, reviewing.turn(&case, 0)));
        }
        if at.is_none() {
            return Ok(found);
        }
    }
}

/// Each item by when it is decided, and by when all of them are.
pub(super) fn new_items(
    reviewing: &Reviewing,
    meant: &[(IdentityRow, Turn)],
    ends: &Ends,
) -> (Vec<NewReviewItem>, Instant) {
    let item = |(row, turn): &(IdentityRow, Turn)| NewReviewItem {
        identity: row.id,
        stage: 0,
        reviewer: turn.reviewer,
        turn: turn.words.clone(),
        due: ends.of(reviewing, row),
    };
    let items: Vec<NewReviewItem> = meant.iter().map(item).collect();
    let until = items.iter().map(|one| one.due).max().unwrap_or(ends.usual);
    (items, until)
}

/// By when the items of a review are decided.
pub(super) struct Ends {
    /// From when they wait.
    pub(super) now: Instant,
    /// What somebody said, of all of them; else the service level that means each, else what is usual.
    pub(super) said: Option<Instant>,
    /// What is usual.
    pub(super) usual: Instant,
}

impl Ends {
    fn of(&self, reviewing: &Reviewing, identity: &IdentityRow) -> Instant {
        let by_level = || reviewing.due_by_level(identity, self.now);
        self.said.or_else(by_level).unwrap_or(self.usual)
    }
}

fn digest(population: &Population) -> Result<String, EngineFailure> {
    digest_of(population.items.iter().map(|(row, _)| row.id))
}

/// SHA-256 over the ids of those meant, in their order: whoever has the same identities gets the same.
pub(super) fn digest_of(meant: impl Iterator<Item = IdentityId>) -> Result<String, EngineFailure> {
    let mut ids: Vec<String> = meant.map(|id| id.to_string()).collect();
    ids.sort();
    let shape = |why: serde_json::Error| StoreFailure::Shape { table: "reviews", why: why.to_string() };
    Ok(digest_hex(&serde_json::to_vec(&ids).map_err(shape)?))
}

fn count(many: usize) -> i64 {
    i64::try_from(many).unwrap_or(i64::MAX)
}
