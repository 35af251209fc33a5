//! exceptions: somebody asks that a condition may fail for a while, somebody else who holds that right grants it.
//!
//! What is granted does not count, and returns by itself: at its end, when what the finding rests on gets worse, when what was
//! to hold instead does not, and when whoever granted it may not do so any more; each return is an entry. It must
//! never let anybody grant what they asked for, nor what was not shown to them: a decision names the digest of all that is
//! asked and of what it rests on. Next: `decide.rs`; the rules: `tenure-judge/src/programme/exceptions.rs`.

mod decide;

use super::{
    delegations::in_place_of_name,
    dismiss::{digest, still_there},
    reason,
};
use crate::{
    Actor, Engine, EngineFailure,
    record::{By, Draft, digest_hex},
};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use tenure_judge::{NotExcepted, Said, Term, Wish, Word};
use tenure_model::{ExceptionId, ExceptionKind, ExceptionState, IdentityId, Instant, PersonId, printable};
use tenure_store::{
    StoreFailure, Tx,
    tables::{
        exceptions::{ControlExcepted, ExceptionNumbers, ExceptionRow, ExceptionsMeant, NewException},
        findings::FindingRow,
    },
};

pub use decide::{ExceptionAnswer, ExceptionDecision};

/// Policies that must hold instead, at most.
const INSTEAD_MAX: usize = 10;
/// What ends within this counts as ending soon.
const SOON: Duration = Duration::from_hours(24 * 14);
/// Fewer excepted findings do not flag a control, whatever share they are.
const FLAGGED_MIN: i64 = 3;

/// What somebody asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExceptionWish {
    /// Exception, unless said.
    #[serde(default = "plain")]
    pub kind: ExceptionKind,
    /// Why it may fail.
    pub reason: String,
    /// What makes up for it meanwhile, in words.
    pub compensation: String,
    /// Policies that must not fail on this identity meanwhile; when one does, the condition counts again.
    #[serde(default)]
    pub instead: Vec<String>,
    /// When it counts again.
    pub until: Instant,
    /// The day by which what is there is replaced, of a constraint.
    #[serde(default)]
    pub replace_by: Option<Instant>,
    /// What the finding rested on when it was looked at, as [`Engine::look_at`] says; nothing where nobody looked.
    #[serde(default)]
    pub rests_on_digest: Option<String>,
}

const fn plain() -> ExceptionKind {
    ExceptionKind::Exception
}

/// An exception with what people read about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExceptionShown {
    /// The exception.
    #[serde(flatten)]
    pub row: ExceptionRow,
    /// The short form people type.
    pub handle: String,
    /// Who asked, by name; nothing where they have left.
    pub requested_by_name: Option<String>,
    /// Who decided, by name; nothing where nobody did or they have left.
    pub decided_by_name: Option<String>,
    /// In whose place they did, by name; nothing where it was their own decision.
    pub in_place_of_name: Option<String>,
    /// Names all that is asked and what it rests on: whoever decides gives it back.
    pub digest: String,
}

/// One exception, with all that counts when it is decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExceptionCase {
    /// The exception.
    #[serde(flatten)]
    pub shown: ExceptionShown,
    /// What is wrong, while it is.
    pub finding_reason: Option<String>,
    /// Days for which the same condition was excepted before, or is.
    pub used_days: u64,
    /// Former terms of the same condition, in order of time.
    pub before: Vec<ExceptionShown>,
    /// Who may grant it, in words; nothing where nobody may, or it does not wait.
    pub granted_by: Option<String>,
    /// Why nobody may grant it now.
    pub not_granted_because: Option<String>,
}

/// Exceptions as figures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExceptionFigures {
    /// How many there are.
    #[serde(flatten)]
    pub numbers: ExceptionNumbers,
    /// Identities that would be due or lapsed without.
    pub identities_excepted: i64,
    /// Identities of which anything is asked.
    pub identities_enrolled: i64,
    /// Controls of which something is excepted, the largest share first.
    pub controls: Vec<ControlFigures>,
}

/// How much of what fails of one control is excepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ControlFigures {
    /// The numbers.
    #[serde(flatten)]
    pub counted: ControlExcepted,
    /// More of it is excepted than the programme lets be: the control is what does not fit.
    pub flagged: bool,
}

impl Engine {
    /// Asks for an exception. It changes nothing until somebody else grants it.
    pub async fn request_exception(
        &self,
        actor: Actor,
        finding: &FindingRow,
        wish: ExceptionWish,
    ) -> Result<ExceptionShown, EngineFailure> {
        let now = self.clock.now();
        self.is_fit(finding, &wish)?;
        let rested_on = self.rests_on(finding).await?;
        if finding.dismissed_until.is_some() {
            let why = String::from("this finding is dismissed: it does not count; withdraw that first");
            return Err(StoreFailure::Conflict { why }.into());
        }
        if let Some(seen) = &wish.rests_on_digest
            && *seen != digest(&rested_on)?
        {
            let why = String::from("what this finding rests on changed since you looked: look again");
            return Err(StoreFailure::Conflict { why }.into());
        }
        let in_force = self.in_force();
        let rules = in_force.programme.exceptions.clone();
        let new = NewException {
            identity: finding.identity,
            policy: finding.policy.clone(),
            subject: finding.subject.clone(),
            kind: wish.kind,
            reason: wish.reason.trim().to_owned(),
            compensation: wish.compensation.trim().to_owned(),
            instead: wish.instead.clone(),
            rested_on,
            requested_by: actor.person,
            decide_by: now.plus(Duration::from_hours(24) * rules.decided_within_days),
            ends: wish.until,
            replace_by: wish.replace_by,
            renewal: 0,
        };
        let draft = Draft::new("exception.requested", By::Person(actor, None), finding.id)
            .about(finding.identity)
            .text("policy", &finding.policy)
            .text("kind", wish.kind)
            .text("until", wish.until);
        let entry = self.entry(draft.body(serde_json::json!({
            "subject": new.subject, "reason": new.reason, "compensation": new.compensation, "instead": new.instead,
            "replace_by": new.replace_by,
        })))?;
        self.would_stand(said_of(&new)).await?;
        let (mint, open) = (self.mint()?, finding.id.to_string());
        let written = self.store.write("request_exception", move |tx| {
            still_there(tx.person(actor.person)?.map(|person| person.role), actor)?;
            tx.open_finding_named(&open)?;
            let history = terms(tx, new.identity, (&new.policy, &new.subject))?;
            let next = rules.next_term(&history, &as_wish(&new), now);
            let next = match next {
                Ok(next) => next,
                Err(why) => return Ok(Err(not_excepted(&why))),
            };
            let new = NewException { renewal: next.renewal.into(), ..new.clone() };
            let id = tx.request_exception(&mint, &new)?;
            tx.entry(entry.clone())?;
            let row = tx.exception(id)?;
            shown(tx, row)
        });
        written.await?
    }

    /// Refuses a wish that no rule of the programme is needed to refuse.
    fn is_fit(&self, finding: &FindingRow, wish: &ExceptionWish) -> Result<(), EngineFailure> {
        let refused = |why: String| Err(EngineFailure::Refused { why });
        if wish.reason.trim().is_empty() {
            return refused("an exception says why; the reason is empty".to_owned());
        }
        if wish.compensation.trim().is_empty() {
            return refused(
                "an exception says what makes up for it meanwhile; the compensation is empty".to_owned(),
            );
        }
        reason::kept(&wish.reason)?;
        reason::kept(&wish.compensation)?;
        if finding.policy.strip_suffix(".error").is_some() {
            return refused("a policy that cannot be evaluated is mended, not excepted".to_owned());
        }
        if wish.instead.len() > INSTEAD_MAX {
            return refused(format!("at most {INSTEAD_MAX} policies hold instead"));
        }
        let in_force = self.in_force();
        for policy in &wish.instead {
            let shown = printable(policy, 60);
            let Some(card) = in_force.judge.policies().find(|card| card.id == *policy) else {
                return refused(format!("`{shown}` is no policy; `tenure programme show` lists them"));
            };
            if *policy == finding.policy {
                return refused(format!("`{shown}` fails here; something else has to hold instead"));
            }
            if !card.enabled {
                return refused(format!(
                    "`{shown}` is left out by the programme, so nobody would see it fail"
                ));
            }
        }
        if wish.kind == ExceptionKind::Exception {
            return Ok(());
        }
        let card = in_force.judge.policies().find(|card| card.id == finding.policy);
        if !card.is_some_and(|card| card.may_be_constrained) {
            let may: Vec<&str> = in_force
                .judge
                .policies()
                .filter(|card| card.may_be_constrained)
                .map(|card| &*card.id)
                .collect();
            return refused(format!(
                "a constraint is for what cannot be mended where it is ({}); ask for an exception",
                may.join(", ")
            ));
        }
        if wish.instead.is_empty() {
            return refused("a constraint names policies that hold instead, which are checked".to_owned());
        }
        Ok(())
    }

    /// Refuses what would end as soon as it is granted: something it rests on got worse, or does not hold instead.
    async fn would_stand(&self, (identity, said): (IdentityId, Said)) -> Result<(), EngineFailure> {
        let word = said.word;
        let judged = self.judged_as_if_said(identity, said).await?;
        let about = |one: &&tenure_judge::WordEnded| one.word == word;
        match judged.ended.iter().find(about) {
            None => Ok(()),
            Some(ended) => {
                let why = format!("it would end at once: {}", ended.why);
                Err(StoreFailure::Conflict { why }.into())
            }
        }
    }

    /// How many days one term may be, and whether a finding of this policy may be constrained.
    pub fn exception_limits(&self, policy: &str) -> (u32, bool) {
        let in_force = self.in_force();
        let card = in_force.judge.policies().find(|card| card.id == policy);
        (in_force.programme.exceptions.days_max, card.is_some_and(|card| card.may_be_constrained))
    }

    /// Exceptions of those meant, one page after `skip` rows.
    pub async fn exceptions(
        &self,
        meant: ExceptionsMeant,
        skip: u32,
        page_size: i64,
    ) -> Result<Vec<ExceptionShown>, EngineFailure> {
        let read = move |tx: &mut Tx<'_>| {
            let rows = tx.exceptions(meant, skip.into(), page_size)?;
            rows.into_iter().map(|row| shown(tx, row)).collect::<Result<Vec<_>, _>>()
        };
        self.store.read("exceptions", read).await?.into_iter().collect()
    }

    /// One exception by its id or handle.
    pub async fn exception_row(&self, given: &str) -> Result<ExceptionRow, EngineFailure> {
        let wanted = given.to_owned();
        Ok(self.store.read("exception", move |tx| tx.exception_named(&wanted)).await?)
    }

    /// One exception, with all that counts when it is decided.
    pub async fn exception_case(&self, row: ExceptionRow) -> Result<ExceptionCase, EngineFailure> {
        let now = self.clock.now();
        let wanted = row.clone();
        let read = move |tx: &mut Tx<'_>| {
            let about = (&*wanted.policy, &*wanted.subject);
            let history = terms(tx, wanted.identity, about)?;
            let open = tx.open_findings_of(wanted.identity)?;
            let finding = open.into_iter().find(|one| (&*one.policy, &*one.subject) == about);
            let before = tx.exceptions_of(wanted.identity)?.into_iter().filter(|one| {
                one.id < wanted.id && (&*one.policy, &*one.subject) == about && one.rung.is_some()
            });
            let before: Vec<ExceptionRow> = before.collect();
            let before = before.into_iter().map(|one| shown(tx, one)).collect::<Result<Vec<_>, _>>()?;
            Ok((history, finding, before, shown(tx, wanted.clone())?))
        };
        let (history, finding, before, shown) = self.store.read("exception", read).await?;
        let rules = &self.in_force().programme.exceptions;
        let waits = row.state == ExceptionState::Requested && row.decide_by > now;
        let next = waits.then(|| rules.next_term(&history, &wish_of(&row), now));
        let (granted_by, not_granted_because) = match next {
            None => (None, None),
            Some(Ok(next)) => (Some(rules.approver(next.rung_min)), None),
            Some(Err(why)) => (None, Some(why.to_string())),
        };
        Ok(ExceptionCase {
            shown: shown?,
            finding_reason: finding.map(|finding| finding.reason),
            used_days: rules.used_days(&history, now),
            before: before.into_iter().collect::<Result<_, _>>()?,
            granted_by,
            not_granted_because,
        })
    }

    /// Exceptions as figures: how many, how old, how often renewed, and how much of each control.
    pub async fn exception_figures(&self) -> Result<ExceptionFigures, EngineFailure> {
        let (now, percent) =
            (self.clock.now(), i64::from(self.in_force().programme.exceptions.flagged_percent));
        let read = self.store.read("exception_figures", move |tx| exception_figures(tx, now, percent));
        Ok(read.await?)
    }

    /// Wishes for which nobody decided in time are over, each with its entry.
    pub(crate) async fn end_undecided(&self) -> Result<(), EngineFailure> {
        let now = self.clock.now();
        let undecided =
            self.store.read("exceptions_undecided", move |tx| tx.exceptions_undecided(now)).await?;
        for row in undecided {
            let why = "nobody decided in time";
            let entry = self.entry(about(&row, "exception.ended", By::Tenure).text("why", why))?;
            let end = move |tx: &mut Tx<'_>| {
                if tx.end_exception(row.id, why, now)? {
                    tx.entry(entry.clone())?;
                }
                Ok(())
            };
            self.store.write("end_exception", end).await?;
        }
        Ok(())
    }
}

/// Exceptions as figures, as of one snapshot.
pub(super) fn exception_figures(
    tx: &mut Tx<'_>,
    now: Instant,
    percent: i64,
) -> Result<ExceptionFigures, StoreFailure> {
    use tenure_model::Standing as S;
    let standings = tx.standings()?;
    let of = |wanted: &dyn Fn(S) -> bool| {
        standings.iter().filter(|(standing, ..)| wanted(*standing)).map(|(_, count, _)| *count).sum()
    };
    let controls = tx.controls_excepted()?.into_iter().map(|counted| ControlFigures {
        flagged: counted.excepted >= FLAGGED_MIN && counted.excepted * 100 > percent * counted.failing,
        counted,
    });
    Ok(ExceptionFigures {
        numbers: tx.exception_numbers(now.plus(SOON))?,
        identities_excepted: of(&|standing| standing == S::Excepted),
        identities_enrolled: of(&|standing| {
            matches!(standing, S::Sound | S::Excepted | S::Due | S::Lapsed | S::Suspended)
        }),
        controls: controls.collect(),
    })
}

/// What the judge is told of an exception.
pub(super) fn said(row: &ExceptionRow) -> Said {
    Said {
        policy: row.policy.clone(),
        subject: row.subject.clone(),
        ends_at: row.ends,
        word: Word::Exception(row.id),
        rested_on: Some(row.rested_on.clone()),
        instead: row.instead.clone(),
        void: None,
    }
}

/// What the judge would be told of a wish.
fn said_of(new: &NewException) -> (IdentityId, Said) {
    let said = Said {
        policy: new.policy.clone(),
        subject: new.subject.clone(),
        ends_at: new.ends,
        word: Word::Exception(ExceptionId::new(new.decide_by, [0; 10])),
        rested_on: Some(new.rested_on.clone()),
        instead: new.instead.clone(),
        void: None,
    };
    (new.identity, said)
}

/// What the rules say, to whoever asked.
fn not_excepted(why: &NotExcepted) -> EngineFailure {
    let text = why.to_string();
    match why {
        NotExcepted::OwnWish | NotExcepted::GrantedBefore | NotExcepted::TooLow { .. } => {
            EngineFailure::Denied { why: text }
        }
        NotExcepted::EndInThePast
        | NotExcepted::TooLong { .. }
        | NotExcepted::UsedUp { .. }
        | NotExcepted::NoMoreRenewals { .. }
        | NotExcepted::SameReason
        | NotExcepted::NobodyHigher
        | NotExcepted::Unfit(_) => EngineFailure::Refused { why: text },
    }
}

/// Every term for which a condition was granted an exception.
pub(super) fn terms(
    tx: &mut Tx<'_>,
    identity: IdentityId,
    about: (&str, &str),
) -> Result<Vec<Term>, StoreFailure> {
    let rows = tx.exceptions_of(identity)?.into_iter();
    let rows = rows.filter(|row| (&*row.policy, &*row.subject) == about);
    let mut terms = Vec::new();
    for row in rows {
        let granted_for = row.delegation.map(|id| tx.delegation(id)).transpose()?.map(|one| one.from);
        terms.extend(term(&row, granted_for));
    }
    Ok(terms)
}

/// The term that was granted; nothing where it was not.
fn term(row: &ExceptionRow, granted_for: Option<PersonId>) -> Option<Term> {
    Some(Term {
        from: row.decided?,
        // Its end may have come without anybody having written it down yet.
        to: row.ended.unwrap_or(row.ends).min(row.ends),
        requested_by: row.requested_by,
        granted_by: row.decided_by?,
        granted_for,
        rung: u32::try_from(row.rung?).unwrap_or(u32::MAX),
        reason: row.reason.clone(),
        replace_by: row.replace_by,
    })
}

fn as_wish(new: &NewException) -> Wish<'_> {
    Wish {
        kind: new.kind,
        reason: &new.reason,
        until: new.ends,
        requested_by: new.requested_by,
        replace_by: new.replace_by,
    }
}

pub(super) fn wish_of(row: &ExceptionRow) -> Wish<'_> {
    Wish {
        kind: row.kind,
        reason: &row.reason,
        until: row.ends,
        requested_by: row.requested_by,
        replace_by: row.replace_by,
    }
}

/// With the names of people, and the digest by which it is decided.
fn shown(tx: &mut Tx<'_>, row: ExceptionRow) -> Result<Result<ExceptionShown, EngineFailure>, StoreFailure> {
    let name =
        |tx: &mut Tx<'_>, id: PersonId| Ok::<_, StoreFailure>(tx.person(id)?.map(|person| person.name));
    let requested_by_name = name(tx, row.requested_by)?;
    let decided_by_name = row.decided_by.map(|id| name(tx, id)).transpose()?.flatten();
    let in_place_of_name = in_place_of_name(tx, row.delegation)?;
    Ok(digest_of(&row).map(|digest| ExceptionShown {
        handle: row.id.handle(),
        requested_by_name,
        decided_by_name,
        in_place_of_name,
        digest,
        row,
    }))
}

/// SHA-256 over all that is asked, and over what the condition rested on then.
fn digest_of(row: &ExceptionRow) -> Result<String, EngineFailure> {
    let whole = serde_json::json!({
        "exception": row.id, "identity": row.identity, "policy": row.policy, "subject": row.subject, "kind": row.kind,
        "reason": row.reason, "compensation": row.compensation, "instead": row.instead, "rested_on": row.rested_on,
        "requested_by": row.requested_by, "ends": row.ends, "replace_by": row.replace_by,
    });
    let shape = |why: serde_json::Error| StoreFailure::Shape { table: "exceptions", why: why.to_string() };
    Ok(digest_hex(&serde_json::to_vec(&whole).map_err(shape)?))
}

/// An entry about one.
pub(super) fn about(row: &ExceptionRow, kind: &'static str, by: By) -> Draft {
    Draft::new(kind, by, row.id).about(row.identity).text("policy", &row.policy).text("kind", row.kind)
}
