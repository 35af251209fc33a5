//! Reviews: which population is looked at, until when, and how it ended. Items are in `review_items.rs`.
//!
//! Nothing is ever taken out. What a review consists of is fixed when it begins. This file must never decide anything: it
//! refuses what the life of a review does not know, and closes none of which an item waits. Next: `review_items.rs`.

use super::Mint;
use crate::{Row, StoreFailure, Tx, value::named};
use serde::Serialize;
use std::collections::BTreeMap;
use tenure_model::{
    IdentityId, Instant, PersonId, ReviewEvent, ReviewId, ReviewItemId, ReviewItemState, ReviewState,
    RiskTier, lifecycle::advance, printable,
};

/// A review as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReviewRow {
    /// Its id.
    pub id: ReviewId,
    /// The short form people type.
    pub handle: String,
    /// How far it is.
    pub state: ReviewState,
    /// Which identities are meant.
    pub rule: String,
    /// Why.
    pub reason: String,
    /// Who began it.
    pub started_by: Option<PersonId>,
    /// When.
    pub started: Instant,
    /// By when it is to be decided.
    pub until: Instant,
    /// SHA-256 over the ids of its identities, in their order.
    pub population: String,
    /// How many identities it has.
    pub items: i64,
    /// When it was over.
    pub ended: Option<Instant>,
    /// Who gave it up.
    pub ended_by: Option<PersonId>,
    /// Why it was given up, or what became of its items.
    pub ended_why: Option<String>,
}

/// A review that begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewReview {
    /// Which identities are meant.
    pub rule: String,
    /// Why.
    pub reason: String,
    /// Who begins it.
    pub started_by: Option<PersonId>,
    /// By when it is to be decided.
    pub until: Instant,
    /// SHA-256 over the ids of its identities.
    pub population: String,
    /// Its identities, each with whose turn it is.
    pub items: Vec<NewReviewItem>,
}

/// One identity of a review that begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewReviewItem {
    /// Which.
    pub identity: IdentityId,
    /// How many were asked in vain: 0 the owner, 1 whoever stands in, 2 the contact of the control.
    pub stage: u32,
    /// Whose turn it is; nobody in particular where a role is asked.
    pub reviewer: Option<PersonId>,
    /// Who that is, in words and without a name.
    pub turn: String,
    /// By when it is decided, or passes on.
    pub due: Instant,
}

macro_rules! columns {
    ($rest:literal) => {
        concat!(
            "SELECT review_id, handle, state, rule, reason, started_by, started_us, until_us, population, items, \
             ended_us, ended_by, ended_why FROM reviews ",
            $rest
        )
    };
}

fn review(row: &Row<'_>) -> Result<ReviewRow, StoreFailure> {
    Ok(ReviewRow {
        id: row.parsed(0)?,
        handle: row.text(1)?,
        state: row.parsed(2)?,
        rule: row.text(3)?,
        reason: row.text(4)?,
        started_by: row.opt_parsed(5)?,
        started: row.instant(6)?,
        until: row.instant(7)?,
        population: row.text(8)?,
        items: row.number(9)?,
        ended: row.opt_instant(10)?,
        ended_by: row.opt_parsed(11)?,
        ended_why: row.opt_text(12)?,
    })
}

impl Tx<'_> {
    /// Identities of a risk tier, not built in and there, that governance applies to and of which nobody decided, or was asked in
    /// vain, in a review since `before`; none that waits in one, and none that governance applied to later. The longest first.
    pub fn identities_to_review(
        &mut self,
        tier: RiskTier,
        before: Instant,
        most: i64,
    ) -> Result<Vec<IdentityId>, StoreFailure> {
        self.query(
            "identities",
            "SELECT i.identity_id FROM identities i WHERE i.risk_tier = $1 AND i.built_in = 0 \
             AND (i.enrolled = 1 OR i.class IS NOT NULL) AND i.standing NOT IN ('retired', 'gone', 'unobserved') \
             AND COALESCE(i.enrolled_us, i.created_us) <= $2 AND NOT EXISTS (SELECT 1 FROM review_items t \
             WHERE t.identity_id = i.identity_id AND (t.state IN ('open', 'decided') OR t.decided_us > $2 \
             OR (t.state = 'missed' AND t.settled_us > $2))) \
             ORDER BY COALESCE(i.enrolled_us, i.created_us), i.identity_id LIMIT $3",
            &[named(tier), before.into(), most.into()],
            |row| row.parsed(0),
        )
    }

    /// When Tenure began a review by itself last, and how many items wait in those that it began.
    pub fn reviews_begun_by_tenure(&mut self) -> Result<(Option<Instant>, i64), StoreFailure> {
        let found = self.query_one(
            "reviews",
            "SELECT (SELECT MAX(started_us) FROM reviews WHERE started_by IS NULL), COUNT(*) FROM review_items t \
             JOIN reviews r ON r.review_id = t.review_id \
             WHERE r.state = 'open' AND r.started_by IS NULL AND t.state = 'open'",
            &[],
            |row| Ok((row.opt_instant(0)?, row.number(1)?)),
        )?;
        Ok(found.unwrap_or((None, 0)))
    }

    /// Writes down that a review begins, with all of its items. An identity that waits in another one is a conflict.
    pub fn add_review(&mut self, mint: &Mint, new: &NewReview) -> Result<ReviewId, StoreFailure> {
        let (at, randomness) = mint.parts();
        let id = ReviewId::new(at, randomness);
        self.execute(
            "INSERT INTO reviews (review_id, handle, state, rule, reason, started_by, started_us, until_us, population, items) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            &[
                named(id),
                id.handle().into(),
                named(ReviewState::Open),
                new.rule.as_str().into(),
                new.reason.as_str().into(),
                new.started_by.map(|person| person.to_string()).into(),
                at.into(),
                new.until.into(),
                new.population.as_str().into(),
                i64::try_from(new.items.len()).unwrap_or(i64::MAX).into(),
            ],
        )?;
        for (number, item) in (0_u32..).zip(&new.items) {
            let (at, randomness) = mint.parts();
            let item_id = ReviewItemId::new(at, randomness);
            self.execute(
                "INSERT INTO review_items (item_id, handle, review_id, number, identity_id, state, stage, reviewer_id, turn, \
                 due_us) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
                &[
                    named(item_id),
                    item_id.handle().into(),
                    named(id),
                    number.into(),
                    named(item.identity),
                    named(ReviewItemState::Open),
                    item.stage.into(),
                    item.reviewer.map(|person| person.to_string()).into(),
                    item.turn.as_str().into(),
                    item.due.into(),
                ],
            )?;
        }
        Ok(id)
    }

    /// Reviews that are open, or those that are over, the last first, one page after `skip` rows.
    pub fn reviews(&mut self, open: bool, skip: i64, page_size: i64) -> Result<Vec<ReviewRow>, StoreFailure> {
        let sql = if open {
            columns!("WHERE state = 'open' ORDER BY started_us DESC, review_id DESC LIMIT $2 OFFSET $1")
        } else {
            columns!("WHERE state <> 'open' ORDER BY started_us DESC, review_id DESC LIMIT $2 OFFSET $1")
        };
        self.query("reviews", sql, &[skip.into(), page_size.into()], review)
    }

    /// How many are open.
    pub fn count_reviews_open(&mut self) -> Result<i64, StoreFailure> {
        let sql = "SELECT COUNT(*) FROM reviews WHERE state = 'open'";
        Ok(self.query_one("reviews", sql, &[], |row| row.number(0))?.unwrap_or_default())
    }

    /// One by its id.
    pub fn review(&mut self, id: ReviewId) -> Result<ReviewRow, StoreFailure> {
        let found = self.query_one("reviews", columns!("WHERE review_id = $1"), &[named(id)], review)?;
        found.ok_or_else(|| StoreFailure::Missing { noun: "review", given: id.to_string() })
    }

    /// One by its id or handle. A handle that two bear is a conflict.
    pub fn review_named(&mut self, given: &str) -> Result<ReviewRow, StoreFailure> {
        let wanted = given.to_lowercase();
        let mut found = self.query(
            "reviews",
            columns!("WHERE handle = $1 OR review_id = $1 ORDER BY review_id LIMIT 2"),
            &[wanted.as_str().into()],
            review,
        )?;
        match (found.pop(), found.is_empty()) {
            (Some(one), true) => Ok(one),
            (None, _) => Err(StoreFailure::Missing { noun: "review", given: printable(given, 60) }),
            (Some(_), false) => {
                let why = format!("several reviews are called `{}`; give the whole id", printable(given, 60));
                Err(StoreFailure::Conflict { why })
            }
        }
    }

    /// How many items are in which state.
    pub fn review_counts(&mut self, id: ReviewId) -> Result<BTreeMap<ReviewItemState, i64>, StoreFailure> {
        let rows = self.query(
            "review_items",
            "SELECT state, COUNT(*) FROM review_items WHERE review_id = $1 GROUP BY state",
            &[named(id)],
            |row| Ok((row.parsed(0)?, row.number(1)?)),
        )?;
        Ok(rows.into_iter().collect())
    }

    /// Writes down that a review is over. One that is over already, or is to close while an item of it waits, is a
    /// conflict.
    pub fn end_review(
        &mut self,
        id: ReviewId,
        event: ReviewEvent,
        (by, why): (Option<PersonId>, &str),
        now: Instant,
    ) -> Result<(), StoreFailure> {
        let row = self.review(id)?;
        let Ok(state) = advance(row.state, event) else {
            let why = format!("review `{}` is {} already", row.handle, row.state);
            return Err(StoreFailure::Conflict { why });
        };
        let waiting: i64 =
            self.review_counts(id)?.iter().filter(|(state, _)| state.waits()).map(|(_, count)| count).sum();
        if waiting > 0 {
            let why = format!("review `{}` is not over: {waiting} of its items wait", row.handle);
            return Err(StoreFailure::Conflict { why });
        }
        self.execute(
            "UPDATE reviews SET state = $2, ended_us = $3, ended_by = $4, ended_why = $5 WHERE review_id = $1",
            &[
                named(id),
                named(state),
                now.into(),
                by.map(|person| person.to_string()).into(),
                why.into(),
            ],
        )?;
        Ok(())
    }
}
