//! requests: somebody asks for what they may not do alone; others decide, step by step; it is used once, or lapses.
//!
//! What is decided about is named by a digest over all of it. A request must never do anything by itself: when what was
//! asked for is seen, every rule, person and right is asked again in the transaction that enrols it. Next: `gate.rs`, what
//! must be said; `decide.rs`; `fulfil.rs`; `outside.rs`, what was made without one; `privilege.rs`, further rights; `ownership.rs`.

mod decide;
mod fulfil;
mod gained;
mod gate;
mod late;
mod outside;
mod ownership;
mod privilege;

pub(crate) use decide::RequestDeciding;
pub use decide::{RequestAnswer, RequestDecision};
pub(crate) use fulfil::{Surveyed, Waiting};
pub use gained::GainShown;
pub(crate) use gained::gains_shown;
pub use privilege::RightShown;

use crate::{
    Actor, Engine, EngineFailure,
    record::{By, Draft, digest_hex},
    verbs::{delegations::in_place_of_name, dismiss::still_there, reason},
};
use serde::{Deserialize, Serialize};
use std::{sync::Arc, time::Duration};
use tenure_judge::{step_in_words, undecided};
use tenure_model::{
    AskedRight, Charter, Creation, DataClass, Environment, HandoffStage, IdentityId, Instant, OwnerRole,
    PersonId, PrincipalKind, RequestEvent, RequestKind, RequestState, Wanted,
};
use tenure_store::{
    StoreFailure, Tx,
    tables::requests::{NewRequest, RequestRow, RequestsMeant},
};

/// How long one call waits for a request to change, at most.
pub const REQUEST_WAIT_MAX: Duration = Duration::from_mins(1);
/// How often it is looked at meanwhile.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// What somebody asks for. What is left out and is needed is named, all of it at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestWish {
    /// What is asked for.
    #[serde(default = "create")]
    pub kind: RequestKind,
    /// Where it will be: the name of a source.
    pub source: Option<String>,
    /// Its name, as that source will say it.
    pub principal: Option<String>,
    /// What it will be; an account, unless said.
    pub principal_kind: Option<PrincipalKind>,
    /// Its class; the one that the programme's rules foresee, unless said.
    pub class: Option<String>,
    /// Who answers for its existence, by name.
    pub business_owner: Option<String>,
    /// Who can change it, by name.
    pub technical_owner: Option<String>,
    /// Why it is to exist.
    pub purpose: Option<String>,
    /// Where it may be used.
    pub boundary: Option<String>,
    /// Rights it may hold.
    #[serde(default)]
    pub allowed_scope: Vec<String>,
    /// Where it will run.
    pub environment: Option<Environment>,
    /// What the data is that it will reach.
    pub data_class: Option<DataClass>,
    /// How old its credentials may get, in days.
    pub rotation_days: Option<u32>,
    /// When it ends.
    pub expires_at: Option<Instant>,
    /// What ends it earlier.
    pub retirement_trigger: Option<String>,
    /// Where its credential will live: a store of the programme, or `federation`.
    pub store: Option<String>,
    /// Whose rights: the name or the handle of an identity. Asked with `privilege` alone, as are the two that follow;
    /// of the others `principal` may say which of its principals is meant, and `reason` why.
    pub identity: Option<String>,
    /// The rights that it is to hold, in the words of the source.
    #[serde(default)]
    pub rights: Vec<AskedRight>,
    /// Until when they are to be there; until its charter ends, unless said.
    pub until: Option<Instant>,
    /// Whom it is to be offered to, by name; whoever asks, unless said. Asked with `ownership` alone, as are the three that
    /// follow and, of those before, `identity`.
    pub to: Option<String>,
    /// Which share of its charter; the technical one, unless said.
    pub role: Option<OwnerRole>,
    /// Where the work stands; in use, unless said.
    pub stage: Option<HandoffStage>,
    /// What to do about it and where that is written: an address, or a text.
    pub runbook: Option<String>,
    /// Why this is asked.
    pub reason: Option<String>,
}

const fn create() -> RequestKind {
    RequestKind::Create
}

/// One of the decisions that a request needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RequestStep {
    /// Who decides it, in words.
    pub who: String,
    /// Who did.
    pub person: Option<PersonId>,
    /// By name; nothing where nobody did or they have left.
    pub person_name: Option<String>,
    /// In whose place they did, by name; nothing where it was their own decision.
    pub in_place_of_name: Option<String>,
    /// When.
    pub decided: Option<Instant>,
    /// Why, in their words.
    pub reason: Option<String>,
    /// It counts now: whoever decided is there and would still be let.
    pub counts: bool,
}

/// A request with what people read about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RequestShown {
    /// The request.
    #[serde(flatten)]
    pub row: RequestRow,
    /// The short form people type.
    pub handle: String,
    /// Who asked, by name; nothing where they have left.
    pub asked_by_name: Option<String>,
    /// Who will answer for its existence, by name.
    pub business_owner_name: Option<String>,
    /// Who will be able to change it, by name.
    pub technical_owner_name: Option<String>,
    /// The name of the identity it was used for, or whose rights it is about.
    pub identity_name: Option<String>,
    /// Whom it is to be offered to, by name; nothing where they have left.
    pub to_name: Option<String>,
    /// The handle of the handoff that it led to.
    pub handoff: Option<String>,
    /// The rights that are asked for, and what was seen of each.
    pub rights: Vec<RightShown>,
    /// The decisions it needs, in order.
    pub decisions: Vec<RequestStep>,
    /// Who decides next, in words; nothing where nothing is left to decide.
    pub decided_next_by: Option<String>,
    /// A secret would be stored although federation is approved for it, too.
    pub federation_preferred: bool,
    /// It may be made now: Tenure has seen that it is not there yet.
    pub usable: bool,
    /// Names all that is asked: whoever decides gives it back.
    pub digest: String,
}

impl Engine {
    /// Asks for something. It changes nothing until others decide, and is refused while anything is missing.
    pub async fn create_request(
        &self,
        actor: Actor,
        wish: RequestWish,
    ) -> Result<RequestShown, EngineFailure> {
        let now = self.clock.now();
        let (deciding, mint) = (self.request_deciding(), self.mint()?);
        let (checking, asked) = (deciding.clone(), wish.clone());
        let asker = actor.person;
        let first = self.store.read("check_request", move |tx| checked(tx, &checking, (&asked, asker), now));
        let checked_first = first.await?.map_err(|why| EngineFailure::Refused { why })?;
        let reason = reason::kept(wish.reason.as_deref().unwrap_or_default())?;
        let draft = Draft::new("request.asked", By::Person(actor, None), checked_first.wanted.source())
            .text("kind", wish.kind)
            .text("decide_by", checked_first.decide_by)
            .text("use_by", checked_first.use_by)
            .number("steps", i64::try_from(checked_first.steps.len()).unwrap_or(i64::MAX))
            .flag("late", checked_first.wanted.is_late());
        let mut body = serde_json::to_value(&checked_first.wanted).unwrap_or_default();
        if let Some(body) = body.as_object_mut() {
            body.insert(String::from("reason"), reason.clone().into());
        }
        let entry = self.entry(draft.body(body))?;
        let written = self.store.write("create_request", move |tx| {
            still_there(tx.person(actor.person)?.map(|person| person.role), actor)?;
            // Somebody may have changed or removed meanwhile what it names.
            let again = match checked(tx, &deciding, (&wish, asker), now)? {
                Ok(again) => again,
                Err(why) => return Err(StoreFailure::Conflict { why }),
            };
            if again != checked_first {
                let why = String::from("what it is about changed meanwhile: look again");
                return Err(StoreFailure::Conflict { why });
            }
            let id = tx.add_request(&mint, &again.asked_by(actor.person, reason.clone()))?;
            let mut entry = entry.clone();
            entry.entry.subject = id.to_string();
            entry.about.push(id.to_string());
            entry.about.extend(again.wanted.identity().map(|id| id.to_string()));
            tx.entry(entry)?;
            let row = tx.request(id)?;
            shown(tx, &deciding, row)
        });
        written.await?
    }

    /// Requests of those meant, one page after `skip` rows.
    pub async fn requests(
        &self,
        meant: RequestsMeant,
        skip: u32,
        page_size: i64,
    ) -> Result<Vec<RequestShown>, EngineFailure> {
        let deciding = self.request_deciding();
        let read = move |tx: &mut Tx<'_>| {
            let rows = tx.requests(meant, skip.into(), page_size)?;
            rows.into_iter().map(|row| shown(tx, &deciding, row)).collect::<Result<Vec<_>, _>>()
        };
        self.store.read("requests", read).await?.into_iter().collect()
    }

    /// One request by its id or handle.
    pub async fn request_row(&self, given: &str) -> Result<RequestRow, EngineFailure> {
        let wanted = given.to_owned();
        Ok(self.store.read("request", move |tx| tx.request_named(&wanted)).await?)
    }

    /// One request as it is now.
    pub async fn request_shown(&self, row: &RequestRow) -> Result<RequestShown, EngineFailure> {
        let (deciding, id) = (self.request_deciding(), row.id);
        let read = move |tx: &mut Tx<'_>| {
            let row = tx.request(id)?;
            shown(tx, &deciding, row)
        };
        self.store.read("request", read).await?
    }

    /// As [`Engine::request_shown`], once something of it is other than in `row`, or this long later;
    /// [`REQUEST_WAIT_MAX`] at most.
    pub async fn wait_for_request(
        &self,
        row: &RequestRow,
        longest: Duration,
    ) -> Result<RequestShown, EngineFailure> {
        let first = self.request_shown(row).await?;
        if row.ended.is_some() || longest.is_zero() {
            return Ok(first);
        }
        let before = first.clone();
        let changed = async {
            loop {
                tokio::time::sleep(LOOK_EVERY).await;
                let now = self.request_shown(row).await?;
                if now != before {
                    return Ok(now);
                }
            }
        };
        match tokio::time::timeout(longest.min(REQUEST_WAIT_MAX), changed).await {
            Ok(changed) => changed,
            Err(_) => Ok(first),
        }
    }

    /// The request that an identity was made by; nothing where there was none.
    pub async fn request_of(&self, identity: IdentityId) -> Result<Option<RequestRow>, EngineFailure> {
        Ok(self.store.read("request_of", move |tx| tx.request_of(identity)).await?)
    }

    /// The charter that says who its owners are, for whoever asks whether somebody may decide it.
    pub async fn request_charter(&self, row: &RequestRow) -> Result<Charter, EngineFailure> {
        let row = row.clone();
        Ok(self.store.read("request_charter", move |tx| charter_of(tx, &row)).await?)
    }

    /// Takes a request back that is not over: whoever asked, or somebody who may decide any.
    pub async fn withdraw_request(
        &self,
        actor: Actor,
        row: &RequestRow,
        reason: &str,
    ) -> Result<RequestShown, EngineFailure> {
        let deciding = self.request_deciding();
        if row.asked_by != actor.person && !deciding.decides_any(actor) {
            let why = String::from("a request is taken back by whoever asked, or by an operator");
            return Err(EngineFailure::Denied { why });
        }
        let (now, reason) = (self.clock.now(), reason::kept(reason)?);
        let why =
            if reason.is_empty() { String::from("taken back") } else { format!("taken back: {reason}") };
        let draft = about(row, "request.withdrawn", By::Person(actor, None));
        let entry = self.entry(draft.body(serde_json::json!({ "reason": reason })))?;
        let id = row.id;
        let end = move |tx: &mut Tx<'_>| {
            still_there(tx.person(actor.person)?.map(|person| person.role), actor)?;
            if !tx.end_request(id, RequestEvent::Withdraw, &why, now)? {
                return Err(StoreFailure::Conflict { why: String::from("this request is over already") });
            }
            tx.entry(entry.clone())?;
            let row = tx.request(id)?;
            shown(tx, &deciding, row)
        };
        self.store.write("withdraw_request", end).await?
    }

    /// Requests whose end came are over, each with its entry.
    pub(crate) async fn lapse_requests(&self) -> Result<(), EngineFailure> {
        let now = self.clock.now();
        let past = self.store.read("requests_past", move |tx| tx.requests_past(now)).await?;
        for row in past {
            let why = match row.state {
                RequestState::Approved if row.kind == RequestKind::Privilege => {
                    "it was not seen to hold all of them in time"
                }
                RequestState::Approved => "nobody made it in time",
                RequestState::Asked
                | RequestState::Fulfilled
                | RequestState::Refused
                | RequestState::Withdrawn
                | RequestState::Lapsed => "nobody decided in time",
            };
            let entry = self.entry(about(&row, "request.lapsed", By::Tenure).text("why", why))?;
            let end = move |tx: &mut Tx<'_>| {
                // Approved meanwhile, it has another end.
                if tx.request(row.id)?.state == row.state
                    && tx.end_request(row.id, RequestEvent::Lapse, why, now)?
                {
                    tx.entry(entry.clone())?;
                }
                Ok(())
            };
            self.store.write("lapse_request", end).await?;
        }
        Ok(())
    }

    pub(crate) fn request_deciding(&self) -> RequestDeciding {
        RequestDeciding { authoriser: Arc::clone(&self.authoriser), in_force: self.in_force() }
    }
}

fn days(many: u32) -> Duration {
    Duration::from_hours(24) * many
}

/// What is asked for, complete, with who decides it and until when.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Checked {
    wanted: Wanted,
    steps: Vec<String>,
    decide_by: Instant,
    use_by: Instant,
}

impl Checked {
    fn asked_by(&self, person: PersonId, reason: String) -> NewRequest {
        let Self { wanted, steps, decide_by, use_by } = self.clone();
        NewRequest { wanted, reason, steps, asked_by: person, decide_by, use_by }
    }
}

/// What is asked for, complete; or everything that is missing or wrong, in words.
fn checked(
    tx: &mut Tx<'_>,
    deciding: &RequestDeciding,
    (wish, asker): (&RequestWish, PersonId),
    now: Instant,
) -> Result<Result<Checked, String>, StoreFailure> {
    let in_force = &deciding.in_force;
    let rules = &in_force.programme.requests;
    let decide_by = now.plus(days(rules.decided_within_days));
    let use_by = decide_by.plus(days(rules.used_within_days));
    match wish.kind {
        RequestKind::Create => {
            let creation = match gate::checked(tx, in_force, wish, now)? {
                Ok(creation) => creation,
                Err(why) => return Ok(Err(why)),
            };
            let seen = match creation.late_for {
                Some(there) => tx.principal(there).and_then(|there| tx.identity(there.identity))?.tier,
                None => None,
            };
            let steps = gate::steps(in_force, wish, (&creation, seen));
            Ok(Ok(Checked { wanted: Wanted::Creation(creation), steps, decide_by, use_by }))
        }
        RequestKind::Privilege => {
            let (privilege, steps) = match privilege::checked(tx, in_force, wish, now)? {
                Ok(checked) => checked,
                Err(why) => return Ok(Err(why)),
            };
            // Nothing waits for a time in which the rights are not asked for.
            let use_by = use_by.min(privilege.until);
            let decide_by = decide_by.min(use_by.minus(privilege::LEFT_TO_USE));
            Ok(Ok(Checked { wanted: Wanted::Privilege(privilege), steps, decide_by, use_by }))
        }
        RequestKind::Ownership => {
            let checked = ownership::checked(tx, deciding, (wish, asker), now)?;
            Ok(checked.map(|(ownership, steps)| Checked {
                wanted: Wanted::Ownership(ownership),
                steps,
                decide_by,
                use_by,
            }))
        }
    }
}

/// The charter that says who its owners are: of what is to be made its own, else that of the identity as it is, where nobody
/// wrote it since it was asked. Nobody becomes an owner to decide what waits.
pub(crate) fn charter_of(tx: &mut Tx<'_>, row: &RequestRow) -> Result<Charter, StoreFailure> {
    match &row.wanted {
        Wanted::Creation(creation) => Ok(creation.charter.clone()),
        // Nobody answers for it: nobody decides as its owner.
        Wanted::Ownership(_) => Ok(Charter::default()),
        Wanted::Privilege(privilege) => {
            let written = tx.charter_written(privilege.identity)?;
            let identity = tx.identity(privilege.identity)?;
            Ok(if written.is_none_or(|at| at <= row.asked) { identity.charter } else { Charter::default() })
        }
    }
}

/// With the names of people, the decisions, and the digest by which it is decided.
fn shown(
    tx: &mut Tx<'_>,
    deciding: &RequestDeciding,
    row: RequestRow,
) -> Result<Result<RequestShown, EngineFailure>, StoreFailure> {
    let digest = match digest_of(&row) {
        Ok(digest) => digest,
        Err(failure) => return Ok(Err(failure)),
    };
    let counting = deciding.counting(tx, &row, &digest)?;
    let given: Vec<_> = counting.iter().map(decide::Counting::given).collect();
    let steps = decide::steps_of(tx, &row)?;
    let next = undecided(&steps, &given, Some(row.asked_by));
    let made = tx.request_decisions(row.id)?;
    let mut decisions = Vec::with_capacity(row.steps.len());
    for (index, _) in (0_u32..).zip(&row.steps) {
        let decision = made.iter().find(|one| one.step == index);
        decisions.push(RequestStep {
            who: step_in_words(&steps, index),
            person: decision.map(|one| one.person),
            person_name: name_of(tx, decision.map(|one| one.person))?,
            in_place_of_name: in_place_of_name(tx, decision.and_then(|one| one.delegation))?,
            decided: decision.map(|one| one.decided),
            reason: decision.map(|one| one.reason.clone()),
            counts: given.iter().any(|one| one.step == Some(index)),
        });
    }
    let of = row.identity.or(row.wanted.identity());
    let handoff = tx.handoff_by_request(row.id)?.map(|handoff| handoff.id.handle());
    let identity_name = of.map(|id| tx.identity(id)).transpose()?.map(|identity| identity.name);
    let charter = row.wanted.creation().map(|one| one.charter.clone()).unwrap_or_default();
    let rights = privilege::rights_shown(tx, &row)?;
    Ok(Ok(RequestShown {
        handle: row.id.handle(),
        asked_by_name: name_of(tx, Some(row.asked_by))?,
        business_owner_name: name_of(tx, charter.business_owner)?,
        technical_owner_name: name_of(tx, charter.technical_owner)?,
        identity_name,
        decided_next_by: next
            .filter(|_| row.state == RequestState::Asked)
            .map(|index| step_in_words(&steps, index)),
        federation_preferred: row.wanted.creation().is_some_and(|one| prefers_federation(deciding, one)),
        rights,
        to_name: name_of(tx, row.wanted.ownership().map(|one| one.to))?,
        handoff,
        usable: row.state == RequestState::Approved && row.absent.is_some(),
        decisions,
        digest,
        row,
    }))
}

/// Whether federation is approved for it, and a stored secret is asked for.
fn prefers_federation(deciding: &RequestDeciding, creation: &Creation) -> bool {
    let programme = &deciding.in_force.programme;
    let class = programme.classes.iter().find(|class| Some(&class.id) == creation.class.as_ref());
    let approved = programme.approved_stores(class, creation.charter.environment);
    approved.iter().any(|id| programme.is_federation(id)) && !programme.is_federation(&creation.store)
}

fn name_of(tx: &mut Tx<'_>, person: Option<PersonId>) -> Result<Option<String>, StoreFailure> {
    let Some(person) = person else { return Ok(None) };
    Ok(tx.person(person)?.map(|person| person.name))
}

/// SHA-256 over all that is asked, and over who decides it and until when.
pub(crate) fn digest_of(row: &RequestRow) -> Result<String, EngineFailure> {
    let (asked_for, wanted) = match &row.wanted {
        Wanted::Creation(one) => ("creation", serde_json::json!(one)),
        Wanted::Privilege(one) => ("privilege", serde_json::json!(one)),
        Wanted::Ownership(one) => ("ownership", serde_json::json!(one)),
    };
    let whole = serde_json::json!({
        "request": row.id, "kind": row.kind, (asked_for): wanted, "reason": row.reason, "steps": row.steps,
        "asked_by": row.asked_by, "asked": row.asked, "decide_by": row.decide_by, "use_by": row.use_by,
    });
    let bytes = tenure_evidence::canonical_json(&whole).map_err(EngineFailure::evidence)?;
    Ok(digest_hex(&bytes))
}

/// An entry about one.
fn about(row: &RequestRow, kind: &'static str, by: By) -> Draft {
    let mut draft = Draft::new(kind, by, row.id).about(row.wanted.source()).text("kind", row.kind);
    if let Some(identity) = row.wanted.identity() {
        draft = draft.about(identity);
    }
    if let Some(ownership) = row.wanted.ownership() {
        draft = draft.about(ownership.to);
    }
    if row.wanted.is_late() { draft.flag("late", true) } else { draft }
}
