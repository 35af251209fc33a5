//! Deciding what is to become of an identity that was looked at.
//!
//! Nobody reviews their own, and each decision binds what was shown; both are asked again in the transaction that writes it.
//! To keep is to confirm. Everything else opens the way that exists and is done when it is seen. It must never carry out what
//! was decided. Several are decided together only where nothing tells them apart. Next: `follow.rs`.

use super::{
    item::{ALIKE_MAX, Looked, ToReview, bare, digest, likeness},
    name_of,
    who::{Case, Reviewing},
};
use crate::{
    Actor, Engine, EngineFailure,
    record::{By, Draft, digest_hex},
    verbs::{
        delegations::{Capacity, capacities, with_in_place_of},
        dismiss::still_there,
        handoffs::{HandoffWish, checked_runbook, take_back},
        own::owns,
        plan::PlanRequest,
        programme::people,
        reason,
    },
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use tenure_judge::{ApiAction, ApiResource, ApiResourceKind, People, Recommendation, Verdict};
use tenure_model::{
    DecisionRight, DelegatedKind, HandoffStage, Instant, OwnerRole, Person, PersonId, PlanKind, ReviewAnswer,
    ReviewItemEvent, ReviewItemId, ReviewItemState, ReviewState, printable, said_words,
};
use tenure_store::{
    StoreFailure, Tx,
    tables::{
        confirmations::ConfirmationRow,
        identities::IdentityRow,
        passings::PassingRow,
        review_items::{ReviewDecided, ReviewItemRow, ReviewNamed},
        reviews::ReviewRow,
    },
};

/// Words that a decision against the recommendation has at least.
const AGAINST_WORDS: usize = 3;
/// Rights that one decision names, at most.
const RIGHTS_MAX: usize = 200;
/// What was seen once something kept is confirmed.
const KEPT: &str = "confirmed as it is";

/// What a reviewer says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReviewWish {
    /// What is to become of it.
    pub answer: ReviewAnswer,
    /// Why; against the recommendation in three words at least.
    pub reason: String,
    /// Names what was shown.
    pub digest: String,
    /// To reassign: who is to answer for it, by name.
    #[serde(default)]
    pub to: Option<String>,
    /// To narrow: rights that are to go; those that are recommended, unless said.
    #[serde(default)]
    pub rights: Vec<String>,
    /// To reassign: what to do about it and where that is written. With it, it is offered to them at once, where whoever
    /// decides may hand it on.
    #[serde(default)]
    pub runbook: Option<String>,
    /// To reassign with a runbook: where the work stands; in use, unless said.
    #[serde(default)]
    pub stage: Option<HandoffStage>,
}

/// What a reviewer says of all items that nothing tells apart from one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReviewGroupWish {
    /// What is to become of them: to keep, narrow or rotate them.
    pub answer: ReviewAnswer,
    /// Why.
    pub reason: String,
    /// The likeness of the items, as each of them says it.
    pub likeness: String,
    /// How many they are, as they were shown.
    pub count: i64,
}

/// What a decision led to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReviewDecisionMade {
    /// The item as it is now.
    pub item: ToReview,
    /// The handle of the plan that was drafted.
    pub plan: Option<String>,
    /// Why there is none, where there should be one.
    pub no_plan_because: Option<String>,
    /// The handle of the handoff that was offered.
    pub handoff: Option<String>,
    /// Why there is none, where it is to be reassigned.
    pub no_handoff_because: Option<String>,
}

/// What is written, as it was looked at.
struct Ready {
    id: ReviewItemId,
    stamp: String,
    /// What was decided before, and when.
    before: (ReviewItemState, Option<Instant>),
    decided: ReviewDecided,
}

impl Engine {
    /// Why an item is not this person's to decide; nothing where it is.
    pub async fn review_not_theirs(
        &self,
        actor: Actor,
        row: &ReviewItemRow,
    ) -> Result<Option<String>, EngineFailure> {
        Ok(self.review_whose(actor, row).await?.err())
    }

    /// As whom this person decides an item; or why they do not.
    async fn review_whose(
        &self,
        actor: Actor,
        row: &ReviewItemRow,
    ) -> Result<Result<Capacity, String>, EngineFailure> {
        let (reviewing, id, now) = (self.reviewing(), row.id, self.clock.now());
        let read = move |tx: &mut Tx<'_>| whose(tx, &reviewing, id, (actor, now));
        Ok(self.store.read("review_whose", read).await?)
    }

    /// Decides one item, as it was shown. What was decided already and is not done can be decided anew by whoever looked
    /// at that; of two at once the second is refused, and told who was first.
    pub async fn decide_review_item(
        &self,
        actor: Actor,
        row: &ReviewItemRow,
        wish: ReviewWish,
    ) -> Result<ReviewDecisionMade, EngineFailure> {
        let whose = self.review_whose(actor, row).await?;
        let capacity = whose.map_err(|why| EngineFailure::Denied { why })?;
        let shown = self.to_review(row.id).await?;
        reasoned(wish.answer, &wish.reason, &shown.recommendation)?;
        let runbook = checked(&wish)?;
        let asked = shown.clone();
        let reviewing = self.reviewing();
        let read = move |tx: &mut Tx<'_>| fit(tx, &reviewing, (&asked, &wish), actor);
        let now = self.clock.now();
        let (named, stamp, wish) = self.store.read("review_fit", read).await??;
        let wish = ReviewWish { runbook, ..wish };
        let decided = ReviewDecided {
            answer: wish.answer,
            by: actor.person,
            reason: wish.reason.trim().to_owned(),
            named: named.clone(),
            at: now,
            delegation: capacity.delegation(),
        };
        let draft =
            Draft::new("review.decided", By::Person(actor, Some(DecisionRight::Own)), shown.review.id)
                .about(shown.item.identity)
                .text("identity", shown.item.identity)
                .text("answer", wish.answer)
                .text("recommended", shown.recommendation.answer)
                .text("digest", &shown.digest);
        let mut draft = with_in_place_of(draft, capacity.in_place_of.as_ref().map(|(_, from)| from.id));
        if let Some(to) = named.to {
            draft = draft.about(to).text("to", to);
        }
        let body = serde_json::json!({
            "identity": shown.shown.identity.name, "reason": decided.reason, "rights": named.rights,
            "credentials": named.credentials,
        });
        let entry = self.entry(draft.body(body))?;
        let ready =
            Ready { id: shown.item.id, stamp, before: (shown.item.state, shown.item.decided), decided };
        let (reviewing, entries) = (self.reviewing(), self.entry_maker()?);
        let written = self.store.write("decide_review_item", move |tx| {
            still_there(tx.person(actor.person)?.map(|person| person.role), actor)?;
            let before = tx.review_item(ready.id)?.named.and_then(|named| named.handoff);
            let written = write_one(tx, &reviewing, &ready, actor)?;
            if written.is_ok() {
                tx.entry(entry.clone())?;
                if let Some(handoff) = before {
                    let why = "taken back: its review decided anew";
                    take_back(tx, &mut entries.clone(), (actor, now), (handoff, why))?;
                }
            }
            Ok(written)
        });
        written.await??;
        self.after_decision(actor, &shown, wish).await
    }

    /// Decides every open item of a review that nothing tells apart from one, in one entry. Anything else than just the
    /// items that were shown is refused.
    pub async fn decide_review_alike(
        &self,
        actor: Actor,
        review: &ReviewRow,
        wish: ReviewGroupWish,
    ) -> Result<i64, EngineFailure> {
        let refused = |why: &str| Err(EngineFailure::Refused { why: why.to_owned() });
        match wish.answer {
            ReviewAnswer::Keep | ReviewAnswer::Rotate => {}
            ReviewAnswer::Narrow | ReviewAnswer::Reassign | ReviewAnswer::Retire => {
                return refused(
                    "several at once are kept or rotated; what else is decided names something of each, one by one",
                );
            }
        }
        let (id, wanted) = (review.id, wish.likeness.clone());
        let read = move |tx: &mut Tx<'_>| tx.review_items_alike(id, &wanted, ALIKE_MAX + 1);
        let rows = self.store.read("review_items_alike", read).await?;
        let count = i64::try_from(rows.len()).unwrap_or(i64::MAX);
        if count > ALIKE_MAX {
            return refused("more than 500 are alike; a review that means fewer is needed");
        }
        if count == 0 || count != wish.count {
            let why = format!("{count} items are alike now, {} were shown: look again", wish.count);
            return Err(StoreFailure::Conflict { why }.into());
        }
        let now = self.clock.now();
        let (mut ready, mut ids) = (Vec::with_capacity(rows.len()), Vec::new());
        for row in &rows {
            ready.push(self.ready_alike(actor, row, &wish, now).await?);
            ids.push(row.id.to_string());
        }
        let shape =
            |why: serde_json::Error| StoreFailure::Shape { table: "review_items", why: why.to_string() };
        let mut draft = Draft::new("review.decided", By::Person(actor, Some(DecisionRight::Own)), review.id)
            .text("answer", wish.answer)
            .text("likeness", &wish.likeness)
            .number("count", count)
            .text("digest", digest_hex(&serde_json::to_vec(&ids).map_err(shape)?));
        for row in &rows {
            draft = draft.about(row.identity);
        }
        let body = serde_json::json!({ "reason": wish.reason.trim(), "items": ids });
        let entry = self.entry(draft.body(body))?;
        let reviewing = self.reviewing();
        let written = self.store.write("decide_review_alike", move |tx| {
            still_there(tx.person(actor.person)?.map(|person| person.role), actor)?;
            for one in &ready {
                if let Err(why) = write_one(tx, &reviewing, one, actor)? {
                    // All or none: what was written of the others goes with this.
                    return Err(StoreFailure::Conflict { why: why.to_string() });
                }
            }
            tx.entry(entry.clone())
        });
        written.await?;
        self.reviews_woken.notify_one();
        self.judging_woken.notify_one();
        Ok(count)
    }

    /// One of several, looked at anew: it is still like the others.
    async fn ready_alike(
        &self,
        actor: Actor,
        row: &ReviewItemRow,
        wish: &ReviewGroupWish,
        now: Instant,
    ) -> Result<Ready, EngineFailure> {
        let capacity = self.review_whose(actor, row).await?.map_err(|why| {
            let name = printable(&row.identity_name, 80);
            EngineFailure::Denied { why: format!("{name}: {why}") }
        })?;
        let (_, recommendation) = self.recommended(row.identity).await?;
        reasoned(wish.answer, &wish.reason, &recommendation)?;
        let (identity, answer) = (row.identity, recommendation.clone());
        let read = move |tx: &mut Tx<'_>| {
            let identity = tx.identity(identity)?;
            Ok((likeness(tx, &identity, &answer)?, Looked::at(tx, &identity)?))
        };
        let (alike, looked) = self.store.read("review_alike", read).await?;
        if alike.as_deref() != Some(wish.likeness.as_str()) {
            let name = printable(&row.identity_name, 80);
            let why = format!("{name} is not like the others any more: look again");
            return Err(StoreFailure::Conflict { why }.into());
        }
        let credentials = match wish.answer {
            ReviewAnswer::Rotate => rotated(&recommendation, &looked)?,
            ReviewAnswer::Keep | ReviewAnswer::Narrow | ReviewAnswer::Reassign | ReviewAnswer::Retire => {
                Vec::new()
            }
        };
        let decided = ReviewDecided {
            answer: wish.answer,
            by: actor.person,
            reason: wish.reason.trim().to_owned(),
            named: ReviewNamed { credentials, ..ReviewNamed::default() },
            at: now,
            delegation: capacity.delegation(),
        };
        Ok(Ready { id: row.id, stamp: looked.stamp, before: (row.state, row.decided), decided })
    }

    /// Drafts the plan that follows, or offers what is to be reassigned, where whoever decides may.
    async fn after_decision(
        &self,
        actor: Actor,
        shown: &ToReview,
        wish: ReviewWish,
    ) -> Result<ReviewDecisionMade, EngineFailure> {
        let (mut plan, mut no_plan_because) = (None, None);
        let (mut handoff, mut no_handoff_because) = (None, None);
        match wish.answer {
            ReviewAnswer::Retire => match self.retiring(actor, shown, &wish.reason).await {
                Ok(drafted) => plan = Some(drafted),
                Err(why) => no_plan_because = Some(crate::failure::chain(&why)),
            },
            ReviewAnswer::Reassign => match self.reassigning(actor, shown, wish).await {
                Ok(offered) => handoff = Some(offered),
                Err(why) => no_handoff_because = Some(crate::failure::chain(&why)),
            },
            ReviewAnswer::Keep | ReviewAnswer::Narrow | ReviewAnswer::Rotate => {}
        }
        self.reviews_woken.notify_one();
        self.judging_woken.notify_one();
        let item = self.to_review(shown.item.id).await?;
        Ok(ReviewDecisionMade { item, plan, no_plan_because, handoff, no_handoff_because })
    }

    /// Offers it to whom it is reassigned. Whose it is is not asked any more then: whoever is offered it says so.
    async fn reassigning(
        &self,
        actor: Actor,
        shown: &ToReview,
        wish: ReviewWish,
    ) -> Result<String, EngineFailure> {
        let (Some(to), Some(runbook)) = (wish.to, wish.runbook) else {
            return Err(EngineFailure::Refused {
                why: String::from("no runbook was named, and a handoff says what to do about it"),
            });
        };
        let offer = HandoffWish {
            identity: shown.item.identity.to_string(),
            to,
            role: Some(OwnerRole::Business),
            stage: wish.stage.unwrap_or(HandoffStage::InUse),
            runbook,
            reason: format!("review {}: {}", shown.review.handle, wish.reason.trim()),
        };
        let offered = self.offer_handoff(actor, offer).await?.line.row;
        let (item, handoff, identity, now) =
            (shown.item.id, offered.id, shown.item.identity, self.clock.now());
        let write = move |tx: &mut Tx<'_>| {
            tx.set_review_handoff(item, handoff)?;
            tx.answer_passings(identity, now)
        };
        self.store.write("set_review_handoff", write).await?;
        Ok(offered.id.handle())
    }

    async fn retiring(&self, actor: Actor, shown: &ToReview, reason: &str) -> Result<String, EngineFailure> {
        let asker = tenure_judge::Actor { person: Some(actor.person), role: actor.role, local: actor.local };
        let owned = owns(&shown.shown.identity.charter, actor.person);
        let about = ApiResource::new(ApiResourceKind::Identity, owned);
        if let Verdict::Denied { why } = self.authoriser.authorise(&asker, &ApiAction::Plan, &about) {
            return Err(EngineFailure::Denied { why });
        }
        let request = PlanRequest {
            kind: PlanKind::Revoke,
            identity: shown.item.identity.to_string(),
            reason: format!("review {}: {}", shown.review.handle, reason.trim()),
            heir: None,
            file: None,
            readers: None,
        };
        let drafted = self.draft_plan(actor, request).await?;
        let (item, plan) = (shown.item.id, drafted.plan.id);
        self.store.write("set_review_plan", move |tx| tx.set_review_plan(item, plan)).await?;
        Ok(drafted.plan.handle)
    }
}

/// The runbook, as it is kept; it and the stage go with reassigning alone.
fn checked(wish: &ReviewWish) -> Result<Option<String>, EngineFailure> {
    let is_handoff = wish.runbook.is_some() || wish.stage.is_some();
    if is_handoff && wish.answer != ReviewAnswer::Reassign {
        let why = "`runbook` and `stage` are of the handoff, and go with `reassign` alone";
        return Err(EngineFailure::Refused { why: why.to_owned() });
    }
    wish.runbook.as_ref().map(|runbook| checked_runbook(runbook, &wish.reason)).transpose()
}

/// Refuses a decision without a reason, and one against the recommendation without some words.
fn reasoned(answer: ReviewAnswer, reason: &str, recommended: &Recommendation) -> Result<(), EngineFailure> {
    let refused = |why: String| Err(EngineFailure::Refused { why });
    let words = said_words(reason);
    if words == 0 {
        return refused(String::from("a decision says why; the reason is empty"));
    }
    reason::kept(reason)?;
    if answer != recommended.answer && words < AGAINST_WORDS {
        return refused(format!(
            "`{}` is recommended: whoever decides otherwise says why in {AGAINST_WORDS} words at least",
            recommended.answer
        ));
    }
    Ok(())
}

fn whose(
    tx: &mut Tx<'_>,
    reviewing: &Reviewing,
    id: ReviewItemId,
    (actor, now): (Actor, Instant),
) -> Result<Result<Capacity, String>, StoreFailure> {
    let item = tx.review_item(id)?;
    let (identity, there) = (tx.identity(item.identity)?, people(tx)?);
    let case = Case::of(tx, identity, &there)?;
    let capacities = match tx.person(actor.person)? {
        Some(person) => capacities(tx, &person, (DelegatedKind::Review, now))?,
        None => Vec::new(),
    };
    Ok(reviewing.whose(&case, u32::try_from(item.stage).unwrap_or(u32::MAX), capacities))
}

/// As whom somebody may decide an open item now, by the access policies and by whose turn it is or was; nothing where it is
/// not theirs.
pub(in crate::verbs) fn review_theirs(
    tx: &mut Tx<'_>,
    reviewing: &Reviewing,
    (item, there): (&ReviewItemRow, &People),
    (person, now): (&Person, Instant),
) -> Result<Option<Capacity>, StoreFailure> {
    let asker = tenure_judge::Actor { person: Some(person.id), role: person.role, local: false };
    let about = ApiResource::new(ApiResourceKind::Review, true);
    if item.state != ReviewItemState::Open
        || reviewing.authoriser.authorise(&asker, &ApiAction::Approve, &about) != Verdict::Allowed
    {
        return Ok(None);
    }
    let identity = tx.identity(item.identity)?;
    let case = Case::of(tx, identity, there)?;
    let stage = u32::try_from(item.stage).unwrap_or(u32::MAX);
    let capacities = capacities(tx, person, (DelegatedKind::Review, now))?;
    Ok(reviewing.whose(&case, stage, capacities).ok())
}

/// What has to be seen for this to be done, and the stamp of what it rests on; or why it cannot be decided so.
fn fit(
    tx: &mut Tx<'_>,
    reviewing: &Reviewing,
    (shown, wish): (&ToReview, &ReviewWish),
    actor: Actor,
) -> Result<Result<(ReviewNamed, String, ReviewWish), EngineFailure>, StoreFailure> {
    let refused = |why: String| Ok(Err(EngineFailure::Refused { why }));
    let item = tx.review_item(shown.item.id)?;
    let identity = tx.identity(item.identity)?;
    let looked = Looked::at(tx, &identity)?;
    if digest(&looked.stamp, &shown.recommendation, &item)? != wish.digest {
        return Ok(Err(StoreFailure::Conflict { why: changed(tx, &item)? }.into()));
    }
    if wish.answer != ReviewAnswer::Reassign && wish.to.is_some() {
        return refused(String::from("`to` names who is to answer for it, and goes with `reassign` alone"));
    }
    if wish.answer != ReviewAnswer::Narrow && !wish.rights.is_empty() {
        return refused(String::from("`rights` names what is to go, and goes with `narrow` alone"));
    }
    let mut named = ReviewNamed::default();
    match wish.answer {
        ReviewAnswer::Keep | ReviewAnswer::Retire => {}
        ReviewAnswer::Narrow => match narrowed(&wish.rights, &shown.recommendation, &looked) {
            Ok(rights) => named.rights = rights,
            Err(why) => return refused(why),
        },
        ReviewAnswer::Rotate => match rotated(&shown.recommendation, &looked) {
            Ok(credentials) => named.credentials = credentials,
            Err(failure) => return Ok(Err(failure)),
        },
        ReviewAnswer::Reassign => match reassigned(tx, reviewing, (&identity, wish.to.as_deref()), actor)? {
            Ok(to) => named.to = Some(to),
            Err(why) => return refused(why),
        },
    }
    Ok(Ok((named, looked.stamp, wish.clone())))
}

/// Why what was looked at is not what is there: somebody decided, or it changed.
fn changed(tx: &mut Tx<'_>, item: &ReviewItemRow) -> Result<String, StoreFailure> {
    let Some(answer) = item.answer else {
        return Ok(String::from("something of it changed since you looked: look again"));
    };
    let by = name_of(tx, item.decided_by)?.unwrap_or_else(|| String::from("somebody who left"));
    Ok(format!("{} decided it: `{answer}`; look again", printable(&by, 80)))
}

/// Rights that are to go: those that were named, else those that are recommended. Each is held now.
fn narrowed(wished: &[String], recommended: &Recommendation, looked: &Looked) -> Result<Vec<String>, String> {
    if looked.rights.are_too_many() {
        return Err(String::from(
            "it holds more rights than are compared one by one; narrow it first, or retire it",
        ));
    }
    let held: BTreeSet<&str> = looked.rights.named.iter().map(|one| bare(one)).collect();
    if wished.len() > RIGHTS_MAX {
        return Err(format!("one decision names {RIGHTS_MAX} rights at most"));
    }
    if let Some(unheld) = wished.iter().find(|one| !held.contains(one.as_str())) {
        return Err(format!("it does not hold `{}`", printable(unheld, 120)));
    }
    let of = if wished.is_empty() { &recommended.rights } else { wished };
    let rights: Vec<String> = of.iter().filter(|one| held.contains(one.as_str())).cloned().collect();
    if rights.is_empty() {
        let some: Vec<String> = held.iter().take(5).map(|one| printable(one, 80)).collect();
        return Err(format!("say which rights are to go; it holds: {}", some.join(", ")));
    }
    Ok(rights)
}

/// Credentials whose values are to be others: those that are recommended, else all.
fn rotated(
    recommended: &Recommendation,
    looked: &Looked,
) -> Result<Vec<tenure_model::CredentialId>, EngineFailure> {
    let there = |one: &&tenure_model::CredentialId| looked.credentials.contains(one);
    let named: Vec<_> = recommended.credentials.iter().filter(there).copied().collect();
    let named = if named.is_empty() { looked.credentials.clone() } else { named };
    if named.is_empty() {
        return Err(EngineFailure::Refused {
            why: String::from("it has no credential that could be rotated"),
        });
    }
    Ok(named)
}

/// Who is to answer for it.
fn reassigned(
    tx: &mut Tx<'_>,
    reviewing: &Reviewing,
    (identity, to): (&IdentityRow, Option<&str>),
    actor: Actor,
) -> Result<Result<PersonId, String>, StoreFailure> {
    let Some(to) = to else { return Ok(Err(String::from("say who is to answer for it (`to`)"))) };
    let Some(person) = tx.person_named(to)? else {
        return Ok(Err(format!("nobody is called `{}`", printable(to, 60))));
    };
    if !reviewing.may_answer(&person) {
        let (to, role) = (printable(to, 60), person.role);
        return Ok(Err(format!("{to} is an {role} and can answer for no identity: name somebody else")));
    }
    if identity.charter.business_owner == Some(person.id) {
        return Ok(Err(format!("{} answers for it already", printable(to, 60))));
    }
    if identity.charter.technical_owner == Some(person.id)
        || person.id == actor.person && !owns(&identity.charter, actor.person)
    {
        // Whoever can change it alone would review their own from then on; whoever decides makes nobody of themselves.
        return Ok(Err(String::from(
            "somebody else than whoever can change it, or decides this, is to answer for it",
        )));
    }
    Ok(Ok(person.id))
}

/// Writes one decision, with everything asked again.
fn write_one(
    tx: &mut Tx<'_>,
    reviewing: &Reviewing,
    ready: &Ready,
    actor: Actor,
) -> Result<Result<(), EngineFailure>, StoreFailure> {
    let item = tx.review_item(ready.id)?;
    let review = tx.review(item.review)?;
    let conflict = |why: String| Err(StoreFailure::Conflict { why });
    if review.state != ReviewState::Open || !item.state.waits() {
        return conflict(format!(
            "nothing is decided about `{}` any more: it is {}",
            item.handle, item.state
        ));
    }
    if (item.state, item.decided) != ready.before {
        let why = changed(tx, &item)?;
        return conflict(why);
    }
    match whose(tx, reviewing, ready.id, (actor, ready.decided.at))? {
        Err(why) => return Ok(Err(EngineFailure::Denied { why })),
        Ok(capacity) if capacity.delegation() != ready.decided.delegation => {
            return conflict(String::from(
                "in whose place you decide it changed since you looked: look again",
            ));
        }
        Ok(_) => {}
    }
    let identity = tx.identity(item.identity)?;
    let looked = Looked::at(tx, &identity)?;
    if looked.stamp != ready.stamp {
        return conflict(String::from("something of it changed since you looked: look again"));
    }
    let decided = &ready.decided;
    tx.decide_review_item(ready.id, decided)?;
    match decided.answer {
        ReviewAnswer::Keep => {
            tx.confirm(&ConfirmationRow {
                identity: identity.id,
                at: decided.at,
                by: actor.person,
                needed: true,
                same_scope: true,
                same_owners: true,
                for_owners: !owns(&identity.charter, actor.person),
                digest: looked.confirm_digest,
                rights: looked.rights.named,
                rights_count: looked.rights.count,
            })?;
            tx.settle_review_item(ready.id, ReviewItemEvent::Execute, KEPT, decided.at)?;
        }
        ReviewAnswer::Reassign => {
            let asked = decided.named.to.filter(|to| *to != actor.person);
            tx.pass_on(&PassingRow {
                identity: identity.id,
                passed_by: actor.person,
                asked,
                reason: decided.reason.clone(),
                passed: decided.at,
                answered: None,
            })?;
        }
        ReviewAnswer::Narrow | ReviewAnswer::Rotate | ReviewAnswer::Retire => {}
    }
    Ok(Ok(()))
}
