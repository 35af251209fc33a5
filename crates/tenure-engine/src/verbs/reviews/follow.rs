//! What becomes of reviews by themselves: they pass on when missed, are settled when what was decided is seen, and close.
//!
//! It takes no input and can redo anything; every end is an entry. It must never count as done what was not seen: a right is
//! gone when a complete survey began after the decision and did not show it, a death when it is proved. Next: `who.rs`.

use super::{
    item::{bare, likeness},
    who::{Case, ESCALATION, Reviewing},
};
use crate::{
    Engine, EngineFailure,
    record::{By, Draft},
    verbs::{
        confirm::{is_there, rights_of},
        programme::people,
    },
};
use std::time::Duration;
use tenure_model::{
    Instant, Presence, ReviewAnswer, ReviewEvent, ReviewItemEvent, ReviewItemState, Standing,
};
use tenure_store::{
    StoreFailure, Tx,
    tables::{
        review_items::{ReviewItemRow, ReviewNamed},
        reviews::ReviewRow,
    },
};

/// Items that are read at once.
const BATCH: i64 = 200;
/// Reviews that are looked at in one round, at most.
const REVIEWS_MAX: i64 = 1_000;
const DAY: Duration = Duration::from_hours(24);

/// What one round did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReviewsFollowed {
    /// Items that were looked at anew.
    pub looked: i64,
    /// Items that passed on, or were missed for good.
    pub missed: i64,
    /// Items of which it was seen that they are done.
    pub settled: i64,
    /// Reviews that closed.
    pub closed: i64,
}

impl Engine {
    /// Takes every open review as far as it goes by itself.
    pub async fn follow_reviews(&self) -> Result<ReviewsFollowed, EngineFailure> {
        let mut followed = ReviewsFollowed::default();
        for review in self.store.read("reviews_open", |tx| tx.reviews(true, 0, REVIEWS_MAX)).await? {
            let mut after = -1;
            loop {
                let (id, now) = (review.id, self.clock.now());
                let read = move |tx: &mut Tx<'_>| tx.review_items_to_follow(id, now, (after, BATCH));
                let page = self.store.read("review_items_to_follow", read).await?;
                let Some(last) = page.last().map(|row| row.number) else { break };
                after = last;
                for row in page {
                    self.follow_item(&review, row, &mut followed).await?;
                }
            }
            followed.closed += i64::from(self.close_review(&review).await?);
        }
        Ok(followed)
    }

    async fn follow_item(
        &self,
        review: &ReviewRow,
        row: ReviewItemRow,
        followed: &mut ReviewsFollowed,
    ) -> Result<(), EngineFailure> {
        let now = self.clock.now();
        let ended = ended(&row);
        match (row.state, ended) {
            (ReviewItemState::Open, Some(why)) => {
                followed.settled +=
                    i64::from(self.settle_review_item(review, &row, ReviewItemEvent::End, why).await?);
            }
            (ReviewItemState::Decided, _) => {
                let (of, seen) = (row.clone(), ended);
                let read = move |tx: &mut Tx<'_>| done(tx, &of, seen);
                if let Some(outcome) = self.store.read("review_done", read).await? {
                    followed.settled += i64::from(
                        self.settle_review_item(review, &row, ReviewItemEvent::Execute, outcome).await?,
                    );
                }
            }
            (ReviewItemState::Open, None) if row.due <= now => {
                followed.missed += i64::from(self.miss(review, &row).await?);
            }
            (ReviewItemState::Open, None) => {
                self.look_again(row).await?;
                followed.looked += 1;
            }
            (ReviewItemState::Done | ReviewItemState::Missed | ReviewItemState::Over, _) => {}
        }
        Ok(())
    }

    /// Keeps what is recommended now, and whose turn it is.
    async fn look_again(&self, row: ReviewItemRow) -> Result<(), EngineFailure> {
        let (_, recommendation) = self.recommended(row.identity).await?;
        let (reviewing, now) = (self.reviewing(), self.clock.now());
        let write = move |tx: &mut Tx<'_>| {
            let item = tx.review_item(row.id)?;
            let (identity, there) = (tx.identity(item.identity)?, people(tx)?);
            let likeness = likeness(tx, &identity, &recommendation)?;
            let turn = {
                let case = Case::of(tx, identity, &there)?;
                reviewing.turn(&case, u32::try_from(item.stage).unwrap_or(u32::MAX))
            };
            tx.look_at_review_item(&ReviewItemRow {
                recommends: Some(recommendation.answer),
                likeness,
                looked: Some(now),
                reviewer: turn.reviewer,
                turn: turn.words,
                ..item
            })
        };
        Ok(self.store.write("look_at_review_item", write).await?)
    }

    /// Nobody decided in time: the next is asked, or it is missed for good.
    async fn miss(&self, review: &ReviewRow, row: &ReviewItemRow) -> Result<bool, EngineFailure> {
        let now = self.clock.now();
        let stage = u32::try_from(row.stage).unwrap_or(u32::MAX);
        let next = stage.saturating_add(1);
        let (identity, reviewing) = (row.identity, self.reviewing());
        let identity = self.store.read("identity", move |tx| tx.identity(identity)).await?;
        let usual = DAY * reviewing.in_force.programme.reviews.missed_days;
        let due = reviewing.due_by_level(&identity, now).unwrap_or_else(|| now.plus(usual));
        let passes_on = stage < ESCALATION;
        let mut draft = Draft::new("review.missed", By::Tenure, review.id)
            .about(row.identity)
            .text("identity", row.identity)
            .number("stage", row.stage)
            .flag("passes_on", passes_on);
        if passes_on {
            draft = draft.text("due", due);
        }
        let entry = self.entry(draft)?;
        let (id, was) = (row.id, (row.state, row.stage, row.due));
        let write = move |tx: &mut Tx<'_>| {
            let item = tx.review_item(id)?;
            if (item.state, item.stage, item.due) != was {
                return Ok(false);
            }
            if passes_on {
                tx.pass_review_item_on(id, next, (due, now))?;
                set_turn(tx, &reviewing, id, next)?;
            } else {
                let outcome = "nobody decided, and nobody is left to be asked";
                tx.settle_review_item(id, ReviewItemEvent::Miss, outcome, now)?;
            }
            tx.entry(entry.clone())?;
            Ok(true)
        };
        let missed = self.store.write("miss_review_item", write).await?;
        self.judging_woken.notify_one();
        Ok(missed)
    }

    /// Writes down how an item ended.
    async fn settle_review_item(
        &self,
        review: &ReviewRow,
        row: &ReviewItemRow,
        event: ReviewItemEvent,
        outcome: &'static str,
    ) -> Result<bool, EngineFailure> {
        let mut draft = Draft::new("review.executed", By::Tenure, review.id)
            .about(row.identity)
            .text("identity", row.identity)
            .text("outcome", outcome);
        if let Some(answer) = row.answer {
            draft = draft.text("answer", answer);
        }
        let (entry, now, of) = (self.entry(draft)?, self.clock.now(), row.clone());
        let write = move |tx: &mut Tx<'_>| {
            let item = tx.review_item(of.id)?;
            // Decided otherwise meanwhile, or not seen any more: the next round looks.
            let is_same = (item.state, item.decided) == (of.state, of.decided);
            let still = match event {
                ReviewItemEvent::Execute => done(tx, &item, ended(&item))?.is_some(),
                ReviewItemEvent::End => ended(&item).is_some(),
                ReviewItemEvent::Decide | ReviewItemEvent::Miss => false,
            };
            if !is_same || !still {
                return Ok(false);
            }
            tx.settle_review_item(of.id, event, outcome, now)?;
            tx.entry(entry.clone())?;
            Ok(true)
        };
        Ok(self.store.write("settle_review_item", write).await?)
    }

    /// Closes a review of which nothing waits any more, with what became of its items.
    async fn close_review(&self, review: &ReviewRow) -> Result<bool, EngineFailure> {
        let id = review.id;
        let counts = self.store.read("review_counts", move |tx| tx.review_counts(id)).await?;
        if counts.keys().any(|state| state.waits()) {
            return Ok(false);
        }
        let mut draft = Draft::new("review.closed", By::Tenure, id);
        let mut words = Vec::new();
        for (state, count) in &counts {
            draft = draft.number(state.as_str(), *count);
            words.push(format!("{count} {state}"));
        }
        let (entry, now, why) = (self.entry(draft)?, self.clock.now(), words.join(", "));
        let write = move |tx: &mut Tx<'_>| {
            if tx.review(id)?.ended.is_some() || tx.review_counts(id)? != counts {
                return Ok(false);
            }
            tx.end_review(id, ReviewEvent::Close, (None, &why), now)?;
            tx.entry(entry.clone())?;
            Ok(true)
        };
        Ok(self.store.write("close_review", write).await?)
    }
}

/// Whose turn it is once an item passed on.
fn set_turn(
    tx: &mut Tx<'_>,
    reviewing: &Reviewing,
    id: tenure_model::ReviewItemId,
    stage: u32,
) -> Result<(), StoreFailure> {
    let item = tx.review_item(id)?;
    let (identity, there) = (tx.identity(item.identity)?, people(tx)?);
    let turn = {
        let case = Case::of(tx, identity, &there)?;
        reviewing.turn(&case, stage)
    };
    tx.look_at_review_item(&ReviewItemRow { reviewer: turn.reviewer, turn: turn.words, ..item })
}

/// How the identity of an item ended, where it did.
fn ended(row: &ReviewItemRow) -> Option<&'static str> {
    match row.standing {
        Standing::Retired => Some("its death is proved"),
        Standing::Gone => Some("it is gone from its source, and nobody proved its death"),
        Standing::Unclaimed
        | Standing::Sound
        | Standing::Excepted
        | Standing::Due
        | Standing::Lapsed
        | Standing::Suspended
        | Standing::Unproven
        | Standing::Unobserved => None,
    }
}

/// What was seen of a decision that is done; nothing while it is not.
fn done(
    tx: &mut Tx<'_>,
    row: &ReviewItemRow,
    ended: Option<&'static str>,
) -> Result<Option<&'static str>, StoreFailure> {
    if ended.is_some() {
        return Ok(ended);
    }
    let (Some(answer), Some(named), Some(decided)) = (row.answer, &row.named, row.decided) else {
        return Ok(None);
    };
    let is_done = match answer {
        // It was confirmed when it was decided.
        ReviewAnswer::Keep => true,
        ReviewAnswer::Retire => false,
        ReviewAnswer::Reassign => {
            let charter = tx.identity(row.identity)?.charter;
            named.to.is_some() && charter.business_owner == named.to
        }
        ReviewAnswer::Rotate => are_rotated(tx, row, named, decided)?,
        ReviewAnswer::Narrow => are_gone(tx, row, named, decided)?,
    };
    Ok(is_done.then_some(match answer {
        ReviewAnswer::Keep => "confirmed as it is",
        ReviewAnswer::Retire => "its death is proved",
        ReviewAnswer::Reassign => "its charter names who was to answer for it",
        ReviewAnswer::Rotate => "every credential that was named has another value, or is gone",
        ReviewAnswer::Narrow => "a complete survey did not show the rights that were named",
    }))
}

/// Every credential that was named has a value that was first seen after the decision, or is gone.
fn are_rotated(
    tx: &mut Tx<'_>,
    row: &ReviewItemRow,
    named: &ReviewNamed,
    decided: Instant,
) -> Result<bool, StoreFailure> {
    let mut waiting = named.credentials.clone();
    for principal in tx.principals_of(row.identity)? {
        for one in tx.credentials_of(principal.id)? {
            let is_changed = one.value_changed.is_some_and(|at| at > decided);
            if is_changed || !is_there(one.state) {
                waiting.retain(|id| *id != one.id);
            }
        }
    }
    Ok(waiting.is_empty())
}

/// No right that was named is held, and each source was read whole by a survey that began after the decision.
fn are_gone(
    tx: &mut Tx<'_>,
    row: &ReviewItemRow,
    named: &ReviewNamed,
    decided: Instant,
) -> Result<bool, StoreFailure> {
    let rights = rights_of(tx, row.identity)?;
    if rights.are_too_many()
        || rights.named.iter().any(|held| named.rights.iter().any(|one| one == bare(held)))
    {
        return Ok(false);
    }
    for principal in tx.principals_of(row.identity)? {
        if principal.presence == Presence::Present
            && tx.complete_surveys_after(principal.source, decided)? == 0
        {
            return Ok(false);
        }
    }
    Ok(true)
}
