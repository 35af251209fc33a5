//! Further rights of an identity that is there: what must be said of them, and what is seen of what was asked for.
//!
//! t0 every step is decided; t1 a complete survey that began after t0 sees none of them; t2 somebody grants them at the source,
//! which Tenure never does; t3 a complete survey sees one: it is matched to the request, with everything asked again in the
//! transaction that ends that survey. Only just what was asked for is matched: the same right on the same thing, neither to be
//! passed on where that was not asked for, nor the other way round. What is held already was gained outside, and is asked for
//! late; or was asked for, and is to go on. It must never match what was held at t1. Next: `gained.rs`.

use super::{
    RequestWish,
    decide::RequestDeciding,
    fulfil::{Prepared, Surveyed, lapse},
};
use crate::verbs::{dossier::dossier, programme::InForce};
use serde::Serialize;
use std::{collections::BTreeSet, time::Duration};
use tenure_evidence::FactValue;
use tenure_judge::{DecidedKind, PlanAbout};
use tenure_model::{AskedRight, Instant, Presence, Privilege, RequestKind, printable};
use tenure_store::{
    NewEntry, StoreFailure, Tx,
    tables::{gains::GainRow, identities::IdentityRow, inventory::PrincipalRow, requests::RequestRow},
};

/// What is left to use a request, at least, once it is decided.
pub(super) const LEFT_TO_USE: Duration = Duration::from_secs(10);
/// How near, and how far ahead, the end of rights may lie.
const UNTIL_MIN: Duration = Duration::from_mins(1);
const UNTIL_DAYS_MAX: u32 = 365;
/// Rights of one request, and characters of one word of them, at most.
const RIGHTS_MAX: usize = 50;
const WORD_CHARS_MAX: usize = 400;
/// Who decides where no rule of the programme says.
pub(super) const ANYBODY_ELSE: &str = "operator";

/// A right that is asked for, and what was seen of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RightShown {
    /// The right, in words.
    pub says: String,
    /// When a complete survey ended that saw it first, by this request.
    pub seen: Option<Instant>,
    /// When one ended that did not see it any more.
    pub gone: Option<Instant>,
}

/// How a right that is asked for stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Standing {
    /// It is not held.
    New,
    /// It was gained, and nobody had asked for it.
    Outside,
    /// It was gained, and somebody had.
    Asked,
}

/// What is asked for, complete, and who decides it; or everything that is missing or wrong, in words.
pub(super) fn checked(
    tx: &mut Tx<'_>,
    in_force: &InForce,
    wish: &RequestWish,
    now: Instant,
) -> Result<Result<(Privilege, Vec<String>), String>, StoreFailure> {
    let (mut missing, mut wrong) = (Vec::new(), unfit(wish));
    if wish.rights.is_empty() {
        missing.push("rights (which rights it is to hold)");
    }
    if said(wish.reason.as_deref()).is_none() {
        missing.push("reason (why this is asked)");
    }
    let Some(given) = said(wish.identity.as_deref()) else {
        missing.insert(0, "identity (whose rights)");
        return Ok(Err(super::gate::told(&missing, wrong)));
    };
    let identity = tx.find_identity(given)?;
    let until = wish.until.or(identity.charter.expires_at);
    match until {
        None => missing.push("until (until when they are to be there: its charter names no end)"),
        Some(until) => wrong.extend(too_far(until, &identity, now)),
    }
    let principal = match principal_of(tx, wish, &identity)? {
        Ok(principal) => Some(principal),
        Err(why) => {
            wrong.push(why);
            None
        }
    };
    let mut standings = BTreeSet::new();
    for right in wish.rights.iter().take(RIGHTS_MAX) {
        let Some(principal) = &principal else { break };
        match standing_of(tx, principal, right)? {
            Ok(standing) => drop(standings.insert(standing)),
            Err(why) => wrong.push(why),
        }
    }
    if standings.len() > 1 {
        wrong.push(String::from(
            "some of these rights it holds already: ask for those by a request of their own",
        ));
    }
    let (Some(until), Some(principal), true) = (until, principal, missing.is_empty() && wrong.is_empty())
    else {
        return Ok(Err(super::gate::told(&missing, wrong)));
    };
    let read = dossier(tx, identity.id)?;
    let held = standings.first().is_some_and(|one| *one != Standing::New);
    let mut rights = wish.rights.clone();
    rights.sort();
    let privilege = Privilege {
        identity: identity.id,
        source: principal.source,
        principal_id: principal.id,
        principal: principal.name,
        class: in_force.judge.class_of(&read.dossier).map(|class| class.id.clone()),
        rights,
        until,
        late_for: held.then_some(principal.id),
        renews: standings.contains(&Standing::Asked),
    };
    let about = (&identity, RequestKind::Privilege, privilege.class.as_deref());
    let steps = steps(tx, in_force, about, now)?;
    Ok(Ok((privilege, steps)))
}

/// Fields that say what is to be made, as far as they are said.
pub(super) fn said_of_making(wish: &RequestWish) -> Vec<&'static str> {
    let others = [
        ("source", wish.source.is_some()),
        ("principal_kind", wish.principal_kind.is_some()),
        ("class", wish.class.is_some()),
        ("business_owner", wish.business_owner.is_some()),
        ("technical_owner", wish.technical_owner.is_some()),
        ("purpose", wish.purpose.is_some()),
        ("boundary", wish.boundary.is_some()),
        ("allowed_scope", !wish.allowed_scope.is_empty()),
        ("environment", wish.environment.is_some()),
        ("data_class", wish.data_class.is_some()),
        ("rotation_days", wish.rotation_days.is_some()),
        ("expires_at", wish.expires_at.is_some()),
        ("retirement_trigger", wish.retirement_trigger.is_some()),
        ("store", wish.store.is_some()),
    ];
    others.iter().filter(|(_, is_said)| *is_said).map(|(field, _)| *field).collect()
}

/// What does not belong to a request for rights, and what no right is called.
fn unfit(wish: &RequestWish) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut named = said_of_making(wish);
    let others = [
        ("to", wish.to.is_some()),
        ("role", wish.role.is_some()),
        ("stage", wish.stage.is_some()),
        ("runbook", wish.runbook.is_some()),
    ];
    named.extend(others.iter().filter(|(_, is_said)| *is_said).map(|(field, _)| *field));
    if !named.is_empty() {
        wrong.push(format!("{} is said of something else, not of rights", named.join(", ")));
    }
    if wish.rights.len() > RIGHTS_MAX {
        wrong.push(format!(
            "there are {} rights; one request asks for {RIGHTS_MAX} at most",
            wish.rights.len()
        ));
    }
    let is_odd = |word: &str| {
        word.trim() != word
            || word.is_empty()
            || word.chars().count() > WORD_CHARS_MAX
            || word.chars().any(char::is_control)
    };
    let mut before = BTreeSet::new();
    for right in wish.rights.iter().take(RIGHTS_MAX) {
        let shown = printable(&right.to_string(), 200);
        if is_odd(&right.right) || is_odd(&right.resource) {
            wrong
                .push(format!("`{shown}` is no right: it is said as tenure show says it, RIGHT on RESOURCE"));
        } else if !before.insert((&right.right, &right.resource)) {
            wrong.push(format!("`{shown}` is there twice"));
        }
    }
    wrong
}

fn said(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}

fn too_far(until: Instant, identity: &IdentityRow, now: Instant) -> Option<String> {
    let latest = now.plus(Duration::from_hours(24) * UNTIL_DAYS_MAX);
    if until < now.plus(UNTIL_MIN) {
        return Some(format!(
            "until lies at {until:#}: it is a minute ahead at least, so that somebody can decide"
        ));
    }
    if until > latest {
        return Some(format!(
            "rights are asked for until {latest:#} at the latest ({UNTIL_DAYS_MAX} days), and then anew"
        ));
    }
    let ends = identity.charter.expires_at.filter(|ends| *ends < until)?;
    Some(format!("its charter ends {ends:#}, before that"))
}

/// The principal that is meant.
fn principal_of(
    tx: &mut Tx<'_>,
    wish: &RequestWish,
    identity: &IdentityRow,
) -> Result<Result<PrincipalRow, String>, StoreFailure> {
    let name = said(wish.principal.as_deref());
    let is_meant = |one: &PrincipalRow| {
        one.presence == Presence::Present
            && one.unread_since.is_none()
            && !one.built_in
            && name.is_none_or(|name| one.name == name)
    };
    let mut there: Vec<PrincipalRow> = tx.principals_of(identity.id)?.into_iter().filter(is_meant).collect();
    if there.len() > 1 {
        let named: Vec<String> = there.iter().take(10).map(|one| printable(&one.name, 60)).collect();
        return Ok(Err(format!("it is several: say which is meant (principal): {}", named.join(", "))));
    }
    let nothing = || String::from("nothing of it is there that could be given rights");
    Ok(there.pop().ok_or_else(nothing))
}

/// How a right stands; or why it cannot be asked for.
fn standing_of(
    tx: &mut Tx<'_>,
    principal: &PrincipalRow,
    right: &AskedRight,
) -> Result<Result<Standing, String>, StoreFailure> {
    let Some((grantable, _)) = tx.right_held(principal.id, (&right.right, &right.resource))? else {
        return Ok(Ok(Standing::New));
    };
    if right.grantable && !grantable {
        return Ok(Ok(Standing::New));
    }
    let shown = printable(&right.to_string(), 200);
    if grantable != right.grantable {
        return Ok(Err(format!("it holds `{shown}` already, and may even pass it on")));
    }
    Ok(match tx.gain_open(principal.id, right)? {
        None => Err(format!("it holds `{shown}` already")),
        Some(GainRow { request: None, .. }) => Ok(Standing::Outside),
        Some(GainRow { request: Some(_), .. }) => Ok(Standing::Asked),
    })
}

/// Who decides a request about an identity that is there, in order: by the programme's rules, else somebody else who may. What
/// was changed lately of the identity is no way out of a rule.
pub(super) fn steps(
    tx: &mut Tx<'_>,
    in_force: &InForce,
    (identity, kind, class): (&IdentityRow, RequestKind, Option<&str>),
    now: Instant,
) -> Result<Vec<String>, StoreFailure> {
    let approvals = &in_force.programme.approvals;
    let lately = now.minus(Duration::from_hours(approvals.hours.into()));
    let written = tx.charter_written(identity.id)?;
    let about = PlanAbout {
        kind: DecidedKind::Request(kind),
        class,
        environment: identity.charter.environment,
        tier: identity.tier,
        is_settled: identity.judged.is_some() && written.is_none_or(|at| at <= lately),
    };
    let steps = approvals.steps_for(about).to_vec();
    Ok(if steps.is_empty() { vec![ANYBODY_ELSE.to_owned()] } else { steps })
}

/// Each right that is asked for, and what was seen of it.
pub(super) fn rights_shown(tx: &mut Tx<'_>, row: &RequestRow) -> Result<Vec<RightShown>, StoreFailure> {
    let Some(asked) = row.wanted.privilege() else { return Ok(Vec::new()) };
    let gains = tx.gains_by_request(row.id)?;
    let shown = asked.rights.iter().map(|right| {
        let gain = gains.iter().find(|gain| is_of(gain, right));
        RightShown {
            says: right.to_string(),
            seen: gain.map(|gain| gain.seen),
            gone: gain.and_then(|gain| gain.gone),
        }
    });
    Ok(shown.collect())
}

fn is_of(gain: &GainRow, right: &AskedRight) -> bool {
    (&gain.right.right, &gain.right.resource) == (&right.right, &right.resource)
}

/// Matches what a complete survey saw to what was asked for, or notes that it saw nothing of it.
pub(super) fn settle(
    tx: &mut Tx<'_>,
    deciding: &RequestDeciding,
    (row, prepared, asked): (&RequestRow, &Prepared, &Privilege),
    surveyed: Surveyed,
) -> Result<(), StoreFailure> {
    let seen = tx.principal(asked.principal_id)?;
    if let Some(why) = is_another(&seen, asked) {
        return lapse(tx, (row, prepared), why, surveyed.ended);
    }
    let matched = tx.gains_by_request(row.id)?;
    let (mut held, mut fresh) = (false, Vec::new());
    for right in asked.rights.iter().filter(|right| !matched.iter().any(|gain| is_of(gain, right))) {
        let Some((grantable, since)) = tx.right_held(asked.principal_id, (&right.right, &right.resource))?
        else {
            continue;
        };
        held |= grantable >= right.grantable;
        let is_exact = grantable == right.grantable && row.absent.is_some_and(|absent| since > absent);
        if is_exact && tx.gain_open(asked.principal_id, right)?.is_none() {
            fresh.push(right);
        }
    }
    let Some(absent) = row.absent else {
        if held {
            let why = "it held some of them before Tenure had seen that it did not: they were gained outside the process";
            return lapse(tx, (row, prepared), why, surveyed.ended);
        }
        let began_after = row.approved.is_some_and(|approved| approved < surveyed.began);
        return if began_after { tx.set_request_absent(row.id, surveyed.ended) } else { Ok(()) };
    };
    if fresh.is_empty() {
        return Ok(());
    }
    if let Some(why) = no_more(tx, deciding, (row, prepared, asked))? {
        return lapse(tx, (row, prepared), why, surveyed.ended);
    }
    for right in &fresh {
        tx.add_gain(&GainRow {
            principal: asked.principal_id,
            identity: asked.identity,
            right: (*right).clone(),
            class: asked.class.clone(),
            absent,
            seen: surveyed.ended,
            request: Some(row.id),
            until: Some(asked.until),
            gone: None,
        })?;
    }
    let all = matched.len().saturating_add(fresh.len());
    if all == asked.rights.len() {
        return fulfil(tx, (row, prepared, asked), surveyed.ended);
    }
    note(tx, &prepared.matched, (prepared, asked), all)
}

/// Uses a request for what is held already, now that all decided; or lapses it where something does not hold any more.
pub(super) fn settle_held(
    tx: &mut Tx<'_>,
    deciding: &RequestDeciding,
    (row, prepared, asked): (&RequestRow, &Prepared, &Privilege),
    now: Instant,
) -> Result<(), StoreFailure> {
    if tx.programme_version()? != deciding.in_force.version {
        let why = String::from("another programme came into force meanwhile; look at it again");
        return Err(StoreFailure::Conflict { why });
    }
    let seen = tx.principal(asked.principal_id)?;
    let mut why = is_another(&seen, asked);
    if why.is_none() {
        why = no_more(tx, deciding, (row, prepared, asked))?;
    }
    let expected = if asked.renews { Standing::Asked } else { Standing::Outside };
    for right in &asked.rights {
        if standing_of(tx, &seen, right)? != Ok(expected) {
            why = why.or(Some("it does not hold all of them any more, or not in just this form"));
        }
    }
    if let Some(why) = why {
        return lapse(tx, (row, prepared), why, now);
    }
    for right in &asked.rights {
        if let Some(gain) = tx.gain_open(asked.principal_id, right)? {
            tx.set_gain_asked(&gain, (row.id, asked.until), now)?;
        }
    }
    fulfil(tx, (row, prepared, asked), now)
}

/// Why what is there is not whose rights were asked for.
fn is_another(seen: &PrincipalRow, asked: &Privilege) -> Option<&'static str> {
    if seen.presence != Presence::Present || seen.unread_since.is_some() {
        Some("it is not there any more, as far as is known")
    } else if seen.name != asked.principal || seen.identity != asked.identity {
        Some("it bears another name, or is of another identity, than what was decided about")
    } else {
        None
    }
}

/// Why what was decided does not hold any more.
fn no_more(
    tx: &mut Tx<'_>,
    deciding: &RequestDeciding,
    (row, prepared, asked): (&RequestRow, &Prepared, &Privilege),
) -> Result<Option<&'static str>, StoreFailure> {
    if tx.person_since(row.asked_by, row.asked)?.is_none() {
        return Ok(Some("whoever asked for it has left"));
    }
    if !deciding.is_decided(tx, row, &prepared.digest)? {
        return Ok(Some("somebody who decided it has left, or may not decide it any more"));
    }
    let read = dossier(tx, asked.identity)?;
    let class = deciding.in_force.judge.class_of(&read.dossier).map(|class| class.id.as_str());
    Ok((class != asked.class.as_deref()).then_some("it is of another class than what was decided about"))
}

fn fulfil(
    tx: &mut Tx<'_>,
    (row, prepared, asked): (&RequestRow, &Prepared, &Privilege),
    now: Instant,
) -> Result<(), StoreFailure> {
    tx.fulfil_request(row.id, (asked.principal_id, asked.identity), now)?;
    note(tx, &prepared.fulfilled, (prepared, asked), asked.rights.len())
}

fn note(
    tx: &mut Tx<'_>,
    entry: &NewEntry,
    (prepared, asked): (&Prepared, &Privilege),
    matched: usize,
) -> Result<(), StoreFailure> {
    let mut entry = entry.clone();
    let number = |many: usize| FactValue::Integer(i64::try_from(many).unwrap_or(i64::MAX));
    let facts = [
        ("identity", FactValue::Text(asked.identity.to_string())),
        ("digest", FactValue::Text(prepared.digest.clone())),
        ("rights", number(matched)),
        ("of", number(asked.rights.len())),
        ("until", FactValue::Text(asked.until.to_string())),
    ];
    entry.entry.facts.extend(facts.map(|(name, value)| (name.to_owned(), value)));
    tx.entry(entry)?;
    Ok(())
}
