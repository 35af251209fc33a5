//! Items of reviews: whose turn it is, what was decided, and what was seen of it.
//!
//! One item of an identity waits at a time, in whichever review. This file must never decide anything; it refuses what the
//! life of an item does not know. Next: the verbs, in `tenure-engine/src/verbs/reviews`.

use crate::{
    Row, StoreFailure, Tx,
    value::{json, named},
};
use serde::{Deserialize, Serialize};
use tenure_model::{
    CredentialId, DelegationId, HandoffId, IdentityId, Instant, PersonId, PlanId, ReviewAnswer, ReviewEvent,
    ReviewId, ReviewItemEvent, ReviewItemId, ReviewItemState, ReviewState, Standing, lifecycle::advance,
    printable,
};

/// One identity of a review as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReviewItemRow {
    /// Its id.
    pub id: ReviewItemId,
    /// The short form people type.
    pub handle: String,
    /// Of which review.
    pub review: ReviewId,
    /// Its place there, from 0.
    pub number: i64,
    /// Which identity.
    pub identity: IdentityId,
    /// That identity's name.
    pub identity_name: String,
    /// Its standing, as it was judged last.
    pub standing: Standing,
    /// How far it is.
    pub state: ReviewItemState,
    /// How many were asked in vain: 0 the owner, 1 whoever stands in, 2 the contact of the control.
    pub stage: i64,
    /// Whose turn it is; nobody in particular where a role is asked.
    pub reviewer: Option<PersonId>,
    /// Who that is, in words and without a name.
    pub turn: String,
    /// By when it is decided, or passes on.
    pub due: Instant,
    /// When it was missed first.
    pub missed: Option<Instant>,
    /// What Tenure recommended when it looked last; nothing while it has not.
    pub recommends: Option<ReviewAnswer>,
    /// The same for items that nothing tells apart.
    pub likeness: Option<String>,
    /// When Tenure looked last.
    pub looked: Option<Instant>,
    /// What was decided.
    pub answer: Option<ReviewAnswer>,
    /// By whom.
    pub decided_by: Option<PersonId>,
    /// When.
    pub decided: Option<Instant>,
    /// Why.
    pub reason: Option<String>,
    /// What has to be seen for it to be done.
    pub named: Option<ReviewNamed>,
    /// When it came to its end.
    pub settled: Option<Instant>,
    /// What was seen then, in words.
    pub outcome: Option<String>,
    /// The delegation by which it was decided in somebody's place; nothing where it was their own.
    pub delegation: Option<DelegationId>,
}

/// What a decision names, so that it can be seen that it was carried out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewNamed {
    /// Rights that are to go, in the words of their source.
    #[serde(default)]
    pub rights: Vec<String>,
    /// Credentials whose values are to be others.
    #[serde(default)]
    pub credentials: Vec<CredentialId>,
    /// Who is to answer for it.
    #[serde(default)]
    pub to: Option<PersonId>,
    /// The plan that ends it, where one could be drafted.
    #[serde(default)]
    pub plan: Option<PlanId>,
    /// The handoff by which it is offered to whoever is to answer for it, where it could be.
    #[serde(default)]
    pub handoff: Option<HandoffId>,
}

/// What somebody decided of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewDecided {
    /// What is to become of it.
    pub answer: ReviewAnswer,
    /// Who says so.
    pub by: PersonId,
    /// Why.
    pub reason: String,
    /// What has to be seen for it to be done.
    pub named: ReviewNamed,
    /// When.
    pub at: Instant,
    /// The delegation by which it was made in somebody's place; nothing where it was their own.
    pub delegation: Option<DelegationId>,
}

/// Which items are meant.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReviewItemsMeant {
    /// In this state.
    pub state: Option<ReviewItemState>,
    /// Of which Tenure recommends this.
    pub recommends: Option<ReviewAnswer>,
    /// Whose turn it is.
    pub reviewer: Option<PersonId>,
}

macro_rules! columns {
    ($rest:literal) => {
        concat!(
            "SELECT t.item_id, t.handle, t.review_id, t.number, t.identity_id, i.name, i.standing, t.state, t.stage, t.reviewer_id, \
             t.turn, t.due_us, t.missed_us, t.recommends, t.likeness, t.looked_us, t.answer, t.decided_by, t.decided_us, \
             t.reason, t.named, t.settled_us, t.outcome, t.delegation_id FROM review_items t JOIN identities i ON i.identity_id = t.identity_id ",
            $rest
        )
    };
}

fn item(row: &Row<'_>) -> Result<ReviewItemRow, StoreFailure> {
    Ok(ReviewItemRow {
        id: row.parsed(0)?,
        handle: row.text(1)?,
        review: row.parsed(2)?,
        number: row.number(3)?,
        identity: row.parsed(4)?,
        identity_name: row.text(5)?,
        standing: row.parsed(6)?,
        state: row.parsed(7)?,
        stage: row.number(8)?,
        reviewer: row.opt_parsed(9)?,
        turn: row.text(10)?,
        due: row.instant(11)?,
        missed: row.opt_instant(12)?,
        recommends: row.opt_parsed(13)?,
        likeness: row.opt_text(14)?,
        looked: row.opt_instant(15)?,
        answer: row.opt_parsed(16)?,
        decided_by: row.opt_parsed(17)?,
        decided: row.opt_instant(18)?,
        reason: row.opt_text(19)?,
        named: row.opt_text(20)?.map(|text| read_named(&text)).transpose()?,
        settled: row.opt_instant(21)?,
        outcome: row.opt_text(22)?,
        delegation: row.opt_parsed(23)?,
    })
}

fn read_named(text: &str) -> Result<ReviewNamed, StoreFailure> {
    serde_json::from_str(text)
        .map_err(|why| StoreFailure::Shape { table: "review_items", why: why.to_string() })
}

impl Tx<'_> {
    /// One page of the items of a review in their order, after a number.
    pub fn review_items(
        &mut self,
        review: ReviewId,
        meant: ReviewItemsMeant,
        after: Option<i64>,
        page_size: i64,
    ) -> Result<Vec<ReviewItemRow>, StoreFailure> {
        self.query(
            "review_items",
            columns!(
                "WHERE t.review_id = $1 AND t.number > $2 AND ($3 = '' OR t.state = $3) AND ($4 = '' OR t.recommends = $4) \
                 AND ($5 = '' OR t.reviewer_id = $5) ORDER BY t.number LIMIT $6"
            ),
            &[
                named(review),
                after.unwrap_or(-1).into(),
                meant.state.map(|one| one.to_string()).unwrap_or_default().into(),
                meant.recommends.map(|one| one.to_string()).unwrap_or_default().into(),
                meant.reviewer.map(|one| one.to_string()).unwrap_or_default().into(),
                page_size.into(),
            ],
            item,
        )
    }

    /// One by its id.
    pub fn review_item(&mut self, id: ReviewItemId) -> Result<ReviewItemRow, StoreFailure> {
        let found = self.query_one("review_items", columns!("WHERE t.item_id = $1"), &[named(id)], item)?;
        found.ok_or_else(|| StoreFailure::Missing { noun: "review item", given: id.to_string() })
    }

    /// One by its id or handle. A handle that two bear is a conflict.
    pub fn review_item_named(&mut self, given: &str) -> Result<ReviewItemRow, StoreFailure> {
        let wanted = given.to_lowercase();
        let mut found = self.query(
            "review_items",
            columns!("WHERE t.handle = $1 OR t.item_id = $1 ORDER BY t.item_id LIMIT 2"),
            &[wanted.as_str().into()],
            item,
        )?;
        match (found.pop(), found.is_empty()) {
            (Some(one), true) => Ok(one),
            (None, _) => Err(StoreFailure::Missing { noun: "review item", given: printable(given, 60) }),
            (Some(_), false) => {
                let given = printable(given, 60);
                let why = format!("several review items are called `{given}`; give the whole id");
                Err(StoreFailure::Conflict { why })
            }
        }
    }

    /// The item of an identity that waits; nothing where none does.
    pub fn review_item_waiting(
        &mut self,
        identity: IdentityId,
    ) -> Result<Option<ReviewItemRow>, StoreFailure> {
        self.query_one(
            "review_items",
            columns!("WHERE t.identity_id = $1 AND t.state IN ('open', 'decided')"),
            &[named(identity)],
            item,
        )
    }

    /// When nobody was left to be asked in a review of an identity, where nobody decided about it in one since.
    pub fn review_missed(&mut self, identity: IdentityId) -> Result<Option<Instant>, StoreFailure> {
        let found = self.query_one(
            "review_items",
            "SELECT MAX(m.settled_us) FROM review_items m WHERE m.identity_id = $1 AND m.state = 'missed' \
             AND NOT EXISTS (SELECT 1 FROM review_items d WHERE d.identity_id = $1 AND d.decided_us > m.settled_us)",
            &[named(identity)],
            |row| row.opt_instant(0),
        )?;
        Ok(found.flatten())
    }

    /// Items whose decision is this person's; with `any`, those too that are asked of no one in particular. By their end.
    pub fn review_items_of(
        &mut self,
        person: PersonId,
        any: bool,
        most: i64,
    ) -> Result<Vec<ReviewItemRow>, StoreFailure> {
        self.query(
            "review_items",
            columns!(
                "WHERE t.state = 'open' AND (t.reviewer_id = $1 OR ($2 = 1 AND t.reviewer_id IS NULL)) \
                 ORDER BY t.due_us, t.item_id LIMIT $3"
            ),
            &[named(person), any.into(), most.into()],
            item,
        )
    }

    /// Open items that somebody was asked about in vain, by their end: whoever was asked may still decide them.
    pub fn review_items_passed_on(&mut self, most: i64) -> Result<Vec<ReviewItemRow>, StoreFailure> {
        self.query(
            "review_items",
            columns!("WHERE t.state = 'open' AND t.stage > 0 ORDER BY t.due_us, t.item_id LIMIT $1"),
            &[most.into()],
            item,
        )
    }

    /// Items of a review of which something may be due by itself, after a number, in their order: what was decided, whose end
    /// came, what was judged since Tenure looked, what ended otherwise, and whose reviewer left or only
    /// reads by now.
    pub fn review_items_to_follow(
        &mut self,
        review: ReviewId,
        now: Instant,
        (after, most): (i64, i64),
    ) -> Result<Vec<ReviewItemRow>, StoreFailure> {
        self.query(
            "review_items",
            columns!(
                "WHERE t.review_id = $1 AND t.number > $2 AND (t.state = 'decided' OR (t.state = 'open' AND (t.due_us <= $3 \
                 OR t.looked_us IS NULL OR t.looked_us < i.judged_us OR i.standing IN ('retired', 'gone') \
                 OR (t.reviewer_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM people p WHERE p.person_id = t.reviewer_id \
                 AND p.erased_us IS NULL AND p.left_us IS NULL AND p.role <> 'auditor'))))) ORDER BY t.number LIMIT $4"
            ),
            &[named(review), after.into(), now.into(), most.into()],
            item,
        )
    }

    /// Open items of a review that nothing tells apart from this likeness.
    pub fn review_items_alike(
        &mut self,
        review: ReviewId,
        likeness: &str,
        most: i64,
    ) -> Result<Vec<ReviewItemRow>, StoreFailure> {
        self.query(
            "review_items",
            columns!(
                "WHERE t.review_id = $1 AND t.likeness = $2 AND t.state = 'open' ORDER BY t.number LIMIT $3"
            ),
            &[named(review), likeness.into(), most.into()],
            item,
        )
    }

    /// How many open items of a review have which recommendation.
    pub fn review_recommended(
        &mut self,
        review: ReviewId,
    ) -> Result<Vec<(Option<ReviewAnswer>, i64)>, StoreFailure> {
        self.query(
            "review_items",
            "SELECT recommends, COUNT(*) FROM review_items WHERE review_id = $1 AND state = 'open' GROUP BY recommends \
             ORDER BY recommends",
            &[named(review)],
            |row| Ok((row.opt_parsed(0)?, row.number(1)?)),
        )
    }

    /// Keeps what Tenure sees of an item that waits for a decision, and whose turn it is.
    pub fn look_at_review_item(&mut self, row: &ReviewItemRow) -> Result<(), StoreFailure> {
        self.execute(
            "UPDATE review_items SET recommends = $2, likeness = $3, looked_us = $4, reviewer_id = $5, turn = $6 \
             WHERE item_id = $1 AND state = 'open'",
            &[
                named(row.id),
                row.recommends.map(|one| one.to_string()).into(),
                row.likeness.clone().into(),
                row.looked.into(),
                row.reviewer.map(|person| person.to_string()).into(),
                row.turn.as_str().into(),
            ],
        )?;
        Ok(())
    }

    /// An item that nobody decided in time passes on, with another end. One that does not wait any more is a conflict.
    pub fn pass_review_item_on(
        &mut self,
        id: ReviewItemId,
        stage: u32,
        (due, now): (Instant, Instant),
    ) -> Result<(), StoreFailure> {
        let row = self.review_item(id)?;
        if row.state != ReviewItemState::Open || i64::from(stage) <= row.stage {
            return Err(not_any_more(&row));
        }
        self.execute(
            "UPDATE review_items SET stage = $2, due_us = $3, missed_us = COALESCE(missed_us, $4), reviewer_id = NULL, \
             looked_us = NULL WHERE item_id = $1",
            &[named(id), stage.into(), due.into(), now.into()],
        )?;
        self.touch(row.identity, now)
    }

    /// Writes down what was decided; in place of what was decided before, where that was not seen yet.
    pub fn decide_review_item(
        &mut self,
        id: ReviewItemId,
        decided: &ReviewDecided,
    ) -> Result<(), StoreFailure> {
        let row = self.review_item(id)?;
        let state = moved(&row, ReviewItemEvent::Decide)?;
        self.execute(
            "UPDATE review_items SET state = $2, answer = $3, decided_by = $4, decided_us = $5, reason = $6, named = $7, \
             delegation_id = $8 WHERE item_id = $1",
            &[
                named(id),
                named(state),
                named(decided.answer),
                named(decided.by),
                decided.at.into(),
                decided.reason.as_str().into(),
                json(&decided.named)?,
                decided.delegation.map(|id| id.to_string()).into(),
            ],
        )?;
        self.touch(row.identity, decided.at)
    }

    /// The plan that was drafted for what was decided.
    pub fn set_review_plan(&mut self, id: ReviewItemId, plan: PlanId) -> Result<(), StoreFailure> {
        let row = self.review_item(id)?;
        self.set_review_named(id, &ReviewNamed { plan: Some(plan), ..row.named.unwrap_or_default() })
    }

    /// The handoff by which what was decided is offered.
    pub fn set_review_handoff(&mut self, id: ReviewItemId, handoff: HandoffId) -> Result<(), StoreFailure> {
        let row = self.review_item(id)?;
        self.set_review_named(id, &ReviewNamed { handoff: Some(handoff), ..row.named.unwrap_or_default() })
    }

    fn set_review_named(&mut self, id: ReviewItemId, named_now: &ReviewNamed) -> Result<(), StoreFailure> {
        self.execute(
            "UPDATE review_items SET named = $2 WHERE item_id = $1 AND state = 'decided'",
            &[named(id), json(named_now)?],
        )?;
        Ok(())
    }

    /// Writes down how an item ended. One that has ended already, or cannot end so, is a conflict.
    pub fn settle_review_item(
        &mut self,
        id: ReviewItemId,
        event: ReviewItemEvent,
        outcome: &str,
        now: Instant,
    ) -> Result<(), StoreFailure> {
        let row = self.review_item(id)?;
        let state = moved(&row, event)?;
        let missed = (state == ReviewItemState::Missed).then_some(now);
        self.execute(
            "UPDATE review_items SET state = $2, settled_us = $3, outcome = $4, missed_us = COALESCE(missed_us, $5) \
             WHERE item_id = $1",
            &[named(id), named(state), now.into(), outcome.into(), missed.into()],
        )?;
        self.touch(row.identity, now)
    }

    /// Ends every item of a review that waits; then gives the review up.
    pub fn cancel_review(
        &mut self,
        review: ReviewId,
        (by, why): (PersonId, &str),
        now: Instant,
    ) -> Result<(), StoreFailure> {
        let row = self.review(review)?;
        if row.state != ReviewState::Open {
            let why = format!("review `{}` is {} already", row.handle, row.state);
            return Err(StoreFailure::Conflict { why });
        }
        self.execute(
            "UPDATE review_items SET state = 'over', settled_us = $2, outcome = 'the review was given up' \
             WHERE review_id = $1 AND state IN ('open', 'decided')",
            &[named(review), now.into()],
        )?;
        self.end_review(review, ReviewEvent::Cancel, (Some(by), why), now)
    }
}

fn not_any_more(row: &ReviewItemRow) -> StoreFailure {
    let why = format!("review item `{}` is {}: it does not wait any more", row.handle, row.state);
    StoreFailure::Conflict { why }
}

fn moved(row: &ReviewItemRow, event: ReviewItemEvent) -> Result<ReviewItemState, StoreFailure> {
    advance(row.state, event).map_err(|_| not_any_more(row))
}
