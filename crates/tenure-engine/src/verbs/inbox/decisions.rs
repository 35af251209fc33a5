//! What others asked for, and this person may decide right now: plans, requests, exceptions, items of reviews, held surveys.
//!
//! Each is asked about by the function that would let them decide it. It must never look at more than its limit.

use super::{Asking, Found, LOOKED_AT_MAX, SHOWN_MAX};
use crate::verbs::{
    clocks::due_by,
    delegations::{Capacity, capacities},
    programme::people,
    reviews::review_theirs,
};
use std::collections::BTreeSet;
use tenure_govern::Waiting;
use tenure_judge::{ApiAction, ApiResource, ApiResourceKind, Verdict, who_revokes};
use tenure_model::{DecisionRight, DelegatedKind, PersonId, RiskTier, WaitingKind, printable};
use tenure_store::{
    StoreFailure, Tx,
    tables::{
        exceptions::{ExceptionRow, ExceptionsMeant},
        plans::PlanRow,
        requests::{RequestRow, RequestsMeant},
        review_items::ReviewItemRow,
    },
};

/// Characters of a name in a line.
const NAME_CHARS_MAX: usize = 120;

/// Exceptions that are theirs to grant, as far as one transaction can say, and whether others were not looked at.
pub(super) struct Wishes {
    pub(super) lines: Vec<(ExceptionRow, Waiting)>,
    pub(super) beyond: bool,
}

/// Everything of this file; exceptions apart, because they are judged outside the transaction.
pub(super) fn find(tx: &mut Tx<'_>, asking: &Asking, found: &mut Found) -> Result<Wishes, StoreFailure> {
    plans(tx, asking, found)?;
    requests(tx, asking, found)?;
    reviews(tx, asking, found)?;
    surveys(tx, asking, found)?;
    exceptions(tx, asking)
}

/// Whether as many were looked at as may be.
fn is_cut(looked_at: usize) -> bool {
    i64::try_from(looked_at).unwrap_or(i64::MAX) >= LOOKED_AT_MAX
}

fn name_of(tx: &mut Tx<'_>, person: PersonId) -> Result<String, StoreFailure> {
    let name = tx.person(person)?.map(|person| printable(&person.name, NAME_CHARS_MAX));
    Ok(name.unwrap_or_else(|| String::from("somebody who left")))
}

/// With the end that its service level sets, where that comes before its own.
fn clocked(tx: &mut Tx<'_>, line: Waiting) -> Result<Waiting, StoreFailure> {
    let running = tx.clocks_of(&line.subject)?.into_iter().filter(|clock| clock.ended.is_none());
    let due = running.map(|clock| due_by(&clock)).collect::<Result<Vec<_>, _>>()?;
    Ok(Waiting { due: due.into_iter().chain(line.due).min(), ..line })
}

fn plans(tx: &mut Tx<'_>, asking: &Asking, found: &mut Found) -> Result<(), StoreFailure> {
    let rows = tx.plans_waiting(0, LOOKED_AT_MAX)?;
    let (mut lines, mut proposals, beyond) = (Vec::new(), Vec::new(), is_cut(rows.len()));
    for row in rows {
        let theirs = asking.plans.theirs(tx, &row, &asking.person, asking.now)?;
        let contact = if row.requested_by.is_none() { contact(tx, asking, &row)? } else { None };
        let mut line = |kind, why, what: String| {
            let tier = tx.identity(row.identity)?.tier;
            clocked(tx, plan_line(&row, kind, (why, what), tier))
        };
        let what = format!("decide whether to {} {}", row.kind, printable(row.about(), NAME_CHARS_MAX));
        match (theirs, contact) {
            (Some(why), Some(contact)) => {
                lines.push(line(WaitingKind::Plan, format!("{contact}; {why}"), what)?);
            }
            (Some(why), None) => lines.push(line(WaitingKind::Plan, why, what)?),
            (None, Some(contact)) => {
                let what = format!("see that somebody decides it: {what}");
                proposals.push(line(WaitingKind::Proposal, contact, what)?);
            }
            (None, None) => {}
        }
    }
    found.take(lines, beyond, (WaitingKind::Plan, "tenure plans", "/plans"));
    found.take(proposals, false, (WaitingKind::Proposal, "tenure programme consequences", "/programme"));
    Ok(())
}

/// Why this person is asked about a plan that Tenure proposed; nothing where somebody else is.
fn contact(tx: &mut Tx<'_>, asking: &Asking, plan: &PlanRow) -> Result<Option<String>, StoreFailure> {
    let rows = tx.consequences_of(plan.identity)?;
    let Some(row) = rows.into_iter().find(|one| one.plan == Some(plan.id)) else { return Ok(None) };
    let there = people(tx)?;
    let asked = who_revokes(&asking.in_force.programme, &row.control, &there, asking.now);
    let asked = asked.into_iter().next().filter(|one| one.name == asking.person.name);
    Ok(asked.map(|one| format!("Tenure proposed it, and you are asked: {}", one.why)))
}

fn plan_line(
    row: &PlanRow,
    kind: WaitingKind,
    (why, what): (String, String),
    risk: Option<RiskTier>,
) -> Waiting {
    let verb = if kind == WaitingKind::Proposal { "plan" } else { "apply" };
    Waiting {
        kind,
        subject: row.id.to_string(),
        name: format!("plan {}", row.handle),
        count: 1,
        since: row.created,
        due: None,
        why,
        what,
        command: format!("tenure {verb} {}", row.handle),
        page: format!("/plans/{}", row.handle),
        risk,
    }
}

fn requests(tx: &mut Tx<'_>, asking: &Asking, found: &mut Found) -> Result<(), StoreFailure> {
    let rows = tx.requests(RequestsMeant::Asked, 0, LOOKED_AT_MAX)?;
    let (mut lines, beyond) = (Vec::new(), is_cut(rows.len()));
    for row in rows {
        let Some(why) = asking.requests.theirs(tx, &row, &asking.person, asking.now)? else { continue };
        let by = name_of(tx, row.asked_by)?;
        let to = row.wanted.ownership().map(|one| name_of(tx, one.to)).transpose()?;
        lines.push(clocked(tx, request_line(&row, to.as_deref(), format!("{by} asks, and {why}")))?);
    }
    found.take(lines, beyond, (WaitingKind::Request, "tenure request list", "/requests"));
    Ok(())
}

fn request_line(row: &RequestRow, to: Option<&str>, why: String) -> Waiting {
    let name = format!("{}/{}", row.source_name, printable(row.wanted.principal(), NAME_CHARS_MAX));
    let (handle, asked) = (row.id.handle(), row.wanted.in_words(&name));
    let asked = to.map_or(asked, |to| format!("{name}, which nobody answers for, is offered to {to}"));
    Waiting {
        kind: WaitingKind::Request,
        subject: row.id.to_string(),
        count: 1,
        since: row.asked,
        due: Some(row.decide_by),
        why,
        what: printable(&format!("decide whether {asked}"), 300),
        command: format!("tenure request approve {handle} --reason \"…\""),
        page: format!("/requests/{handle}"),
        risk: None,
        name,
    }
}

fn exceptions(tx: &mut Tx<'_>, asking: &Asking) -> Result<Wishes, StoreFailure> {
    let rows = tx.exceptions(ExceptionsMeant::Waiting, 0, LOOKED_AT_MAX)?;
    let mut wishes = Wishes { lines: Vec::new(), beyond: is_cut(rows.len()) };
    let rules = (&*asking.authoriser, &*asking.in_force);
    for row in rows {
        // Each that is shown is judged, which costs more than all the rest.
        if wishes.lines.len() > SHOWN_MAX {
            wishes.beyond = true;
            break;
        }
        let theirs = crate::Engine::exception_theirs(tx, rules, &row, &asking.person, asking.now)?;
        let Some(why) = theirs else { continue };
        let by = name_of(tx, row.requested_by)?;
        let tier = tx.identity(row.identity)?.tier;
        let line = clocked(tx, exception_line(&row, format!("{by} asks, and {why}"), tier))?;
        wishes.lines.push((row, line));
    }
    Ok(wishes)
}

fn exception_line(row: &ExceptionRow, why: String, risk: Option<RiskTier>) -> Waiting {
    let (handle, of) = (row.id.handle(), printable(&row.identity_name, NAME_CHARS_MAX));
    Waiting {
        kind: WaitingKind::Exception,
        subject: row.id.to_string(),
        name: format!("{} of {of}", row.policy),
        count: 1,
        since: row.requested,
        due: Some(row.decide_by),
        why,
        what: format!("decide whether {} of {of} may fail until {:#}", row.policy, row.ends),
        command: format!("tenure exception grant {handle} --reason \"…\""),
        page: format!("/exceptions/{handle}"),
        risk,
    }
}

fn reviews(tx: &mut Tx<'_>, asking: &Asking, found: &mut Found) -> Result<(), StoreFailure> {
    use tenure_model::Role;
    let person = &asking.person;
    let any = matches!(person.role, Role::Operator | Role::Administrator);
    let mut theirs = tx.review_items_of(person.id, any, LOOKED_AT_MAX)?;
    for capacity in capacities(tx, person, (DelegatedKind::Review, asking.now))? {
        if capacity.in_place_of.is_some() {
            theirs.extend(tx.review_items_of(capacity.subject().id, false, LOOKED_AT_MAX)?);
        }
    }
    let passed_on = tx.review_items_passed_on(LOOKED_AT_MAX)?;
    let beyond = is_cut(theirs.len()) || is_cut(passed_on.len());
    if theirs.is_empty() && passed_on.is_empty() {
        return Ok(());
    }
    let (there, mut seen, mut lines, mut cut) = (people(tx)?, BTreeSet::new(), Vec::new(), false);
    for row in theirs.into_iter().chain(passed_on) {
        if !seen.insert(row.id) {
            continue;
        }
        if lines.len() > SHOWN_MAX {
            cut = true;
            break;
        }
        if let Some(capacity) = review_theirs(tx, &asking.reviews, (&row, &there), (person, asking.now))? {
            let tier = tx.identity(row.identity)?.tier;
            lines.push(review_line(&row, &capacity, tier));
        }
    }
    found.take(lines, beyond || cut, (WaitingKind::ReviewItem, "tenure review mine", "/reviews"));
    Ok(())
}

fn review_line(row: &ReviewItemRow, capacity: &Capacity, risk: Option<RiskTier>) -> Waiting {
    let name = printable(&row.identity_name, NAME_CHARS_MAX);
    let why = match row.reviewer {
        Some(reviewer) if reviewer == capacity.person.id => format!("you are asked as {}", row.turn),
        Some(reviewer) if reviewer == capacity.subject().id => format!("they are asked as {}", row.turn),
        None => format!("{} is asked", row.turn),
        Some(_) => format!("you were asked before, and may still say; now {} is asked", row.turn),
    };
    Waiting {
        kind: WaitingKind::ReviewItem,
        subject: row.id.to_string(),
        count: 1,
        since: row.looked.unwrap_or(row.due),
        due: Some(row.due),
        why: capacity.with_why(why),
        what: format!("say what is to become of {name}"),
        command: format!("tenure review item {}", row.handle),
        page: format!("/review-items/{}", row.handle),
        risk,
        name,
    }
}

fn surveys(tx: &mut Tx<'_>, asking: &Asking, found: &mut Found) -> Result<(), StoreFailure> {
    let (asker, about) = (asking.asker(), ApiResource::new(ApiResourceKind::Source, false));
    let may = asking.authoriser.authorise(&asker, &ApiAction::AcceptSurvey, &about) == Verdict::Allowed
        && asking.authoriser.holds(&asker, DecisionRight::Accept, &about) == Verdict::Allowed;
    if !may {
        return Ok(());
    }
    let lines = tx.surveys_held()?.into_iter().map(|(source, row)| Waiting {
        kind: WaitingKind::Survey,
        subject: row.id.to_string(),
        name: format!("survey of {source}"),
        count: 1,
        since: row.ended.unwrap_or(row.started),
        due: None,
        why: format!("an {} says whether it is believed", asking.person.role),
        what: format!(
            "say whether {} that are missing at {source} are gone; {} things were seen",
            row.missing, row.seen
        ),
        command: format!("tenure survey {source} --accept"),
        page: format!("/sources/{source}"),
        risk: None,
    });
    found.take(lines.collect(), false, (WaitingKind::Survey, "tenure source list", "/sources"));
    Ok(())
}
