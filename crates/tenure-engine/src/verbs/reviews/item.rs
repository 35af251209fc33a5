//! What a reviewer looks at: one identity as it is now, what Tenure recommends, and why.
//!
//! The digest names everything that was shown and may be decided about; the likeness is the same for items that nothing tells
//! apart. It must never leave out that something is not known. Next: `decide.rs`.

use super::{
    name_of,
    who::{Case, Reviewing},
};
use crate::{
    Engine, EngineFailure,
    record::digest_hex,
    verbs::{
        confirm::{Rights, ToConfirm, digest_of, is_there, rights_of},
        delegations::in_place_of_name,
        programme::people,
    },
};
use serde::Serialize;
use std::collections::BTreeSet;
use tenure_judge::{ExplainedJudgement, Recommendation};
use tenure_model::{
    CredentialId, HandoffState, IdentityId, PlanState, Presence, ReviewItemId, ReviewItemState,
};
use tenure_store::{
    StoreFailure, Tx,
    tables::{
        findings::FindingRow, identities::IdentityRow, review_items::ReviewItemRow, reviews::ReviewRow,
    },
};

/// Items that are decided together, at most.
pub(super) const ALIKE_MAX: i64 = 500;
/// Places where copies were seen, at most.
const COPIES_MAX: usize = 50;

/// One item with everything its reviewer looks at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ToReview {
    /// The item.
    pub item: ReviewItemRow,
    /// Of which review.
    pub review: ReviewRow,
    /// The identity as it is now: charter, credentials, rights gained, last use, findings.
    pub shown: ToConfirm,
    /// Where copies of its credentials were seen.
    pub copies: Vec<String>,
    /// What Tenure recommends.
    pub recommendation: Recommendation,
    /// Whose turn it is, by name; nothing where a role is asked.
    pub reviewer_name: Option<String>,
    /// Whose turn it is, in words.
    pub turn: String,
    /// Who decided, by name.
    pub decided_by_name: Option<String>,
    /// In whose place they did, by name; nothing where it was their own decision.
    pub in_place_of_name: Option<String>,
    /// To whom it was reassigned, by name.
    pub decided_to_name: Option<String>,
    /// How far the plan is that a decision to retire drafted.
    pub plan_state: Option<PlanState>,
    /// How far the handoff is by which it is offered to whoever is to answer for it.
    pub handoff_state: Option<HandoffState>,
    /// How many open items of the review nothing tells apart from this one, itself among them.
    pub alike: i64,
    /// Names what is shown, to be given back by whoever decides.
    pub digest: String,
}

/// What a decision rests on, as one transaction saw it.
pub(super) struct Looked {
    pub(super) rights: Rights,
    pub(super) confirm_digest: String,
    /// Of charter, rights, credentials and findings; not of what was decided.
    pub(super) stamp: String,
    /// Credentials that are there.
    pub(super) credentials: Vec<CredentialId>,
    /// Where copies of them were seen.
    copies: Vec<String>,
}

impl Looked {
    pub(super) fn at(tx: &mut Tx<'_>, identity: &IdentityRow) -> Result<Self, StoreFailure> {
        let rights = rights_of(tx, identity.id)?;
        let confirm_digest = digest_of(tx, identity, &rights)?;
        let findings: Vec<_> = tx.open_findings_of(identity.id)?.iter().map(stamp_of).collect();
        let stamp = digest_of_all(&(&confirm_digest, findings))?;
        let (mut credentials, mut copies) = (Vec::new(), Vec::new());
        for principal in tx.principals_of(identity.id)? {
            if principal.presence == Presence::Present {
                let held = tx.credentials_of(principal.id)?;
                credentials.extend(held.into_iter().filter(|one| is_there(one.state)).map(|one| one.id));
                copies.extend(tx.copies_of(&principal.name)?.into_iter().map(|(place, _)| place));
            }
        }
        copies.truncate(COPIES_MAX);
        Ok(Self { rights, confirm_digest, stamp, credentials, copies })
    }
}

fn stamp_of(finding: &FindingRow) -> (String, String, bool) {
    let counts = finding.dismissed_until.is_none() && finding.excepted_until.is_none();
    (finding.policy.clone(), finding.subject.clone(), counts)
}

/// A right as its source says it, without whose it is: `SELECT on orders` of `SELECT on orders as pg/app`.
pub(super) fn bare(right: &str) -> &str {
    right.rsplit_once(" as ").map_or(right, |(right, _)| right)
}

impl Engine {
    /// One item with everything its reviewer looks at.
    pub async fn to_review(&self, id: ReviewItemId) -> Result<ToReview, EngineFailure> {
        let row = self.store.read("review_item", move |tx| tx.review_item(id)).await?;
        let identity = row.identity;
        let (shown, recommendation) = self.recommended(identity).await?;
        let reviewing = self.reviewing();
        let read = move |tx: &mut Tx<'_>| seen(tx, &reviewing, (id, &shown, &recommendation));
        Ok(self.store.read("to_review", read).await?)
    }

    /// An identity as it is now, and what Tenure recommends of it.
    pub(super) async fn recommended(
        &self,
        identity: IdentityId,
    ) -> Result<(ToConfirm, Recommendation), EngineFailure> {
        let (shown, dossier, explained) = self.to_confirm_explained(&identity.to_string()).await?;
        let recommendation = self.in_force().judge.recommend(&dossier, &explained, self.clock.now());
        let recommendation =
            Recommendation { rights: to_lose(recommendation.rights, &explained), ..recommendation };
        Ok((shown, recommendation))
    }
}

/// With what no right of a source says: that it may do everything, or make others that may.
fn to_lose(mut rights: Vec<String>, explained: &ExplainedJudgement) -> Vec<String> {
    let fails =
        |policy: &str| explained.judgement.conditions.iter().any(|one| one.policy == policy && one.counts());
    if fails("superuser_as_application_role") || fails("privileged_and_unused") {
        rights.extend(["everything", "creating accounts"].map(str::to_owned));
        rights.sort();
        rights.dedup();
    }
    rights
}

fn seen(
    tx: &mut Tx<'_>,
    reviewing: &Reviewing,
    (id, shown, recommendation): (ReviewItemId, &ToConfirm, &Recommendation),
) -> Result<ToReview, StoreFailure> {
    let item = tx.review_item(id)?;
    let identity = tx.identity(item.identity)?;
    let looked = Looked::at(tx, &identity)?;
    let there = people(tx)?;
    let case = Case::of(tx, identity, &there)?;
    let turn = reviewing.turn(&case, u32::try_from(item.stage).unwrap_or(u32::MAX));
    let alike = match &item.likeness {
        Some(likeness) => tx.review_items_alike(item.review, likeness, ALIKE_MAX)?.len(),
        None => 1,
    };
    let waits = item.state == ReviewItemState::Open;
    Ok(ToReview {
        review: tx.review(item.review)?,
        copies: looked.copies,
        reviewer_name: name_of(tx, turn.reviewer.filter(|_| waits))?,
        turn: turn.words,
        decided_by_name: name_of(tx, item.decided_by)?,
        in_place_of_name: in_place_of_name(tx, item.delegation)?,
        decided_to_name: name_of(tx, item.named.as_ref().and_then(|named| named.to))?,
        plan_state: item
            .named
            .as_ref()
            .and_then(|named| named.plan)
            .map(|plan| tx.plan(plan))
            .transpose()?
            .map(|plan| plan.state),
        handoff_state: item
            .named
            .as_ref()
            .and_then(|named| named.handoff)
            .map(|handoff| tx.handoff(handoff))
            .transpose()?
            .map(|handoff| handoff.state),
        alike: i64::try_from(alike.max(1)).unwrap_or(i64::MAX),
        digest: digest(&looked.stamp, recommendation, &item)?,
        shown: shown.clone(),
        recommendation: recommendation.clone(),
        item,
    })
}

/// Names what was shown: the identity, what was recommended, and what was decided before.
pub(super) fn digest(
    stamp: &str,
    recommendation: &Recommendation,
    item: &ReviewItemRow,
) -> Result<String, StoreFailure> {
    let codes: Vec<&str> = recommendation.reasons.iter().map(|one| one.code.as_str()).collect();
    digest_of_all(&(stamp, recommendation.answer, codes, item.id, item.state, item.answer, item.decided))
}

/// The same for items that nothing tells apart: class, kinds, charter, how they came to be, credentials, rights by name, findings,
/// and the recommendation with its reasons. Nothing where the rights are too many to be compared.
pub(super) fn likeness(
    tx: &mut Tx<'_>,
    identity: &IdentityRow,
    recommendation: &Recommendation,
) -> Result<Option<String>, StoreFailure> {
    let rights = rights_of(tx, identity.id)?;
    if rights.are_too_many() {
        return Ok(None);
    }
    let rights: BTreeSet<&str> = rights.named.iter().map(|one| bare(one)).collect();
    let findings: BTreeSet<(String, bool)> = tx
        .open_findings_of(identity.id)?
        .iter()
        .map(stamp_of)
        .map(|(policy, _, counts)| (policy, counts))
        .collect();
    let mut kinds = Vec::new();
    for principal in tx.principals_of(identity.id)? {
        if principal.presence == Presence::Present {
            let held = tx.credentials_of(principal.id)?;
            let mut held: Vec<_> =
                held.iter().filter(|one| is_there(one.state)).map(|one| (one.kind, one.state)).collect();
            held.sort();
            kinds.push((principal.kind, principal.system, held));
        }
    }
    kinds.sort();
    // Asked for before it was made, or late, or never: who looks at one has not looked at the other.
    let asked = tx.request_of(identity.id)?.map(|request| request.wanted.is_late());
    let codes: Vec<&str> = recommendation.reasons.iter().map(|one| one.code.as_str()).collect();
    let alike = (
        (&identity.class, kinds, &identity.charter, asked),
        (rights, findings, recommendation.answer, codes, &recommendation.not_known.len()),
    );
    digest_of_all(&alike).map(Some)
}

fn digest_of_all<T: Serialize>(all: &T) -> Result<String, StoreFailure> {
    let shape = |why: serde_json::Error| StoreFailure::Shape { table: "review_items", why: why.to_string() };
    Ok(digest_hex(&serde_json::to_vec(all).map_err(shape)?))
}
