//! Reviews that Tenure begins by itself: of what nobody decided about for as long as its risk tier allows.
//!
//! A few identities at a time, the riskiest first, so that whoever is asked looks at them instead of through them. It begins one
//! when none began for a day and there is room; nothing hangs on a timer. It must never begin an empty one, nor ask about
//! what waits in a review already. Next: `start.rs`, those that people begin.

use super::{
    start::{Ends, begin, digest_of, new_items},
    who::{Case, Reviewing, Turn},
};
use crate::{Engine, EngineFailure, verbs::programme::people};
use std::time::Duration;
use tenure_judge::ReviewRules;
use tenure_model::{Instant, RiskTier, counted};
use tenure_store::{
    StoreFailure, Tx,
    tables::{identities::IdentityRow, reviews::NewReview},
};

const DAY: Duration = Duration::from_hours(24);

impl Engine {
    /// Begins a review of what is due for one, where none began for a day and there is room. Returns how many identities it means.
    pub async fn begin_due_review(&self) -> Result<i64, EngineFailure> {
        let in_force = self.in_force();
        let rules = in_force.programme.reviews.clone();
        if rules.every_days.is_empty() {
            return Ok(0);
        }
        let now = self.clock.now();
        let (wanted, reviewing) = (rules.clone(), self.reviewing());
        let meant =
            self.store.read("identities_to_review", move |tx| due(tx, &reviewing, &wanted, now)).await?;
        if meant.is_empty() {
            return Ok(0);
        }
        let ends = Ends { now, said: None, usual: now.plus(DAY * rules.decided_within_days) };
        let (items, until) = new_items(&self.reviewing(), &meant, &ends);
        let new = NewReview {
            rule: String::from("due by risk tier"),
            reason: said(&rules),
            started_by: None,
            until,
            population: digest_of(meant.iter().map(|(row, _)| row.id))?,
            items,
        };
        let items = i64::try_from(new.items.len()).unwrap_or(i64::MAX);
        let (mint, entry, version) = (self.mint()?, self.review_started(&new, None, 0)?, in_force.version);
        let write = move |tx: &mut Tx<'_>| {
            if tx.programme_version()? != version || room(tx, &rules, now)? < items {
                return Ok(0);
            }
            begin(tx, &mint, &new, &entry)?;
            Ok(items)
        };
        let begun = self.store.write("begin_due_review", write).await?;
        self.reviews_woken.notify_one();
        Ok(begun)
    }
}

/// What is due, each with whose turn it is, the riskiest first and of those what waited longest, as many as there is room for.
fn due(
    tx: &mut Tx<'_>,
    reviewing: &Reviewing,
    rules: &ReviewRules,
    now: Instant,
) -> Result<Vec<(IdentityRow, Turn)>, StoreFailure> {
    let (mut left, people) = (room(tx, rules, now)?, people(tx)?);
    let mut due = Vec::new();
    for tier in RiskTier::ALL.iter().rev() {
        let Some(days) = rules.every_days.of(*tier).filter(|_| left > 0) else { continue };
        for id in tx.identities_to_review(*tier, now.minus(DAY * days), left)? {
            let row = tx.identity(id)?;
            let case = Case::of(tx, row.clone(), &people)?;
            due.push((row, reviewing.turn(&case, 0)));
            left -= 1;
        }
    }
    Ok(due)
}

/// How many identities a review may mean that Tenure begins now; none within a day of the last.
fn room(tx: &mut Tx<'_>, rules: &ReviewRules, now: Instant) -> Result<i64, StoreFailure> {
    let (last, waiting) = tx.reviews_begun_by_tenure()?;
    if last.is_some_and(|last| now < last.plus(DAY)) {
        return Ok(0);
    }
    Ok(i64::from(rules.due_at_once) - waiting)
}

/// What the programme asks, in words: `critical every 90 days, high every 180 days`.
fn said(rules: &ReviewRules) -> String {
    let of = |tier: &RiskTier| Some(format!("{tier} every {}", counted(rules.every_days.of(*tier)?, "day")));
    let each: Vec<String> = RiskTier::ALL.iter().rev().filter_map(of).collect();
    format!("the programme has it looked at: {}", each.join(", "))
}
