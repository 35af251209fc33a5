//! Reviews: a population is looked at one by one, people say what is to become of each, and that is seen to be done.
//!
//! A review is begun by an operator and closes by itself, once every item came to its end; it must never close on
//! somebody's word. What is decided binds what was shown. `start.rs` fixes the population, `who.rs` says whose turn it is,
//! `cadence.rs` begins those that are due by risk tier, `item.rs` what they look at, `decide.rs` what they say, `follow.rs` what becomes of it. Next: `start.rs`.

mod cadence;
mod decide;
mod follow;
mod item;
mod start;
mod who;

pub use decide::{ReviewDecisionMade, ReviewGroupWish, ReviewWish};
pub use follow::ReviewsFollowed;
pub use item::ToReview;
pub use start::{ReviewMeant, ReviewStart};

pub(in crate::verbs) use self::decide::review_theirs;
pub(crate) use self::who::Reviewing;
use crate::{
    Actor, Engine, EngineFailure,
    record::{By, Draft},
    verbs::{dismiss::still_there, reason},
};
use serde::Serialize;
use std::{collections::BTreeMap, sync::Arc};
use tenure_model::{PersonId, ReviewAnswer, ReviewItemState, ReviewState, Role};
use tenure_store::{
    StoreFailure, Tx,
    tables::{
        review_items::{ReviewItemRow, ReviewItemsMeant},
        reviews::ReviewRow,
    },
};

/// A review with what people read about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReviewShown {
    /// The review.
    #[serde(flatten)]
    pub row: ReviewRow,
    /// Who began it, by name; nothing where they have left, or Tenure did.
    pub started_by_name: Option<String>,
    /// Who gave it up, by name.
    pub ended_by_name: Option<String>,
    /// How many items are in which state.
    pub counts: BTreeMap<ReviewItemState, i64>,
    /// How many that wait for a decision have which recommendation; `not_looked_at` where Tenure has not looked yet.
    pub recommended: BTreeMap<String, i64>,
    /// What it waits for, in words; nothing where it is over.
    pub waits_for: Option<String>,
}

/// An item of a list, with the names of people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReviewItemShown {
    /// The item.
    #[serde(flatten)]
    pub row: ReviewItemRow,
    /// Whose turn it is, by name; nothing where a role is asked.
    pub reviewer_name: Option<String>,
    /// Who decided, by name; nothing where they have left.
    pub decided_by_name: Option<String>,
}

impl Engine {
    pub(super) fn reviewing(&self) -> Reviewing {
        Reviewing { authoriser: Arc::clone(&self.authoriser), in_force: self.in_force() }
    }

    /// Reviews that are open, or those that are over, the last first, one page after `skip` rows.
    pub async fn reviews(
        &self,
        open: bool,
        skip: u32,
        page_size: i64,
    ) -> Result<Vec<ReviewShown>, EngineFailure> {
        let read = move |tx: &mut Tx<'_>| {
            let rows = tx.reviews(open, skip.into(), page_size)?;
            rows.into_iter().map(|row| shown(tx, row)).collect()
        };
        Ok(self.store.read("reviews", read).await?)
    }

    /// One review by its id or handle.
    pub async fn review(&self, given: &str) -> Result<ReviewShown, EngineFailure> {
        let wanted = given.to_owned();
        let read = move |tx: &mut Tx<'_>| {
            let row = tx.review_named(&wanted)?;
            shown(tx, row)
        };
        Ok(self.store.read("review", read).await?)
    }

    /// One page of the items of a review, in their order.
    pub async fn review_items(
        &self,
        review: &ReviewRow,
        meant: ReviewItemsMeant,
        after: Option<i64>,
        page_size: i64,
    ) -> Result<Vec<ReviewItemShown>, EngineFailure> {
        let id = review.id;
        let read = move |tx: &mut Tx<'_>| {
            let rows = tx.review_items(id, meant, after, page_size)?;
            named(tx, rows)
        };
        Ok(self.store.read("review_items", read).await?)
    }

    /// Items whose decision is this person's now, by their end; at most `most`.
    pub async fn review_items_of(
        &self,
        person: PersonId,
        role: Role,
        most: i64,
    ) -> Result<Vec<ReviewItemShown>, EngineFailure> {
        let any = matches!(role, Role::Operator | Role::Administrator);
        let read = move |tx: &mut Tx<'_>| {
            let rows = tx.review_items_of(person, any, most)?;
            named(tx, rows)
        };
        Ok(self.store.read("review_items_of", read).await?)
    }

    /// One item by its id or handle.
    pub async fn review_item_row(&self, given: &str) -> Result<ReviewItemRow, EngineFailure> {
        let wanted = given.to_owned();
        Ok(self.store.read("review_item", move |tx| tx.review_item_named(&wanted)).await?)
    }

    /// Gives a review up: what waits in it is decided no more, and what was decided is not followed. That is recorded, and
    /// stays to be seen.
    pub async fn cancel_review(
        &self,
        actor: Actor,
        row: &ReviewRow,
        reason: &str,
    ) -> Result<ReviewShown, EngineFailure> {
        let reason = reason::given(reason, "whoever gives a review up")?;
        let (id, now) = (row.id, self.clock.now());
        let counts = self.store.read("review_counts", move |tx| tx.review_counts(id)).await?;
        let mut draft = Draft::new("review.cancelled", By::Person(actor, None), id);
        for (state, count) in counts {
            draft = draft.number(state.as_str(), count);
        }
        let entry = self.entry(draft.body(serde_json::json!({ "reason": reason })))?;
        let written = self.store.write("cancel_review", move |tx| {
            still_there(tx.person(actor.person)?.map(|person| person.role), actor)?;
            tx.cancel_review(id, (actor.person, &reason), now)?;
            tx.entry(entry.clone())?;
            let row = tx.review(id)?;
            shown(tx, row)
        });
        let written = written.await?;
        self.judging_woken.notify_one();
        Ok(written)
    }
}

fn name_of(tx: &mut Tx<'_>, person: Option<PersonId>) -> Result<Option<String>, StoreFailure> {
    let Some(person) = person else { return Ok(None) };
    Ok(tx.person(person)?.map(|person| person.name))
}

/// Items with the names of people, each of whom is looked up once.
fn named(tx: &mut Tx<'_>, rows: Vec<ReviewItemRow>) -> Result<Vec<ReviewItemShown>, StoreFailure> {
    let mut names: BTreeMap<PersonId, Option<String>> = BTreeMap::new();
    for person in rows.iter().flat_map(|row| [row.reviewer, row.decided_by]).flatten() {
        if let std::collections::btree_map::Entry::Vacant(slot) = names.entry(person) {
            slot.insert(tx.person(person)?.map(|one| one.name));
        }
    }
    let name = |person: Option<PersonId>| person.and_then(|one| names.get(&one).cloned().flatten());
    let shown = rows.into_iter().map(|row| ReviewItemShown {
        reviewer_name: name(row.reviewer),
        decided_by_name: name(row.decided_by),
        row,
    });
    Ok(shown.collect())
}

fn shown(tx: &mut Tx<'_>, row: ReviewRow) -> Result<ReviewShown, StoreFailure> {
    let counts = tx.review_counts(row.id)?;
    let recommended = tx.review_recommended(row.id)?;
    let word = |answer: Option<ReviewAnswer>| {
        answer.map_or_else(|| String::from("not_looked_at"), |answer| answer.to_string())
    };
    let of = |state| counts.get(&state).copied().unwrap_or_default();
    let waits_for = (row.state == ReviewState::Open).then(|| {
        match (of(ReviewItemState::Open), of(ReviewItemState::Decided)) {
            (0, 0) => String::from("Tenure closes it"),
            (0, seen) => format!("{} to be seen done", tenure_model::counted(seen, "decision")),
            (open, 0) => tenure_model::counted(open, "decision"),
            (open, seen) => format!(
                "{}, and {} to be seen done",
                tenure_model::counted(open, "decision"),
                tenure_model::counted(seen, "decision")
            ),
        }
    });
    Ok(ReviewShown {
        started_by_name: name_of(tx, row.started_by)?,
        ended_by_name: name_of(tx, row.ended_by)?,
        recommended: recommended.into_iter().map(|(answer, count)| (word(answer), count)).collect(),
        counts,
        waits_for,
        row,
    })
}
