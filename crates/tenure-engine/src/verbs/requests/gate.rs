//! What must be said of something before it may be made, and what the programme approves of it.
//!
//! Everything that is missing or wrong is said at once, in the words of the fields. The same is asked again when it is
//! seen. It must never guess what was not said. Next: `fulfil.rs`.

use super::{
    RequestWish,
    late::{self, There},
};
use crate::verbs::{dossier::dossier_under, programme::InForce, retire::resolved};
use std::time::Duration;
use tenure_judge::{Class, DecidedKind, PlanAbout, Traits, tier_foreseen};
use tenure_model::{Charter, CharterField, Creation, Instant, PersonId, PrincipalKind, RiskTier, printable};
use tenure_store::{StoreFailure, Tx, tables::sources::SourceRow};

/// Who decides where no rule of the programme says: somebody who may, and never whoever asked.
const ANYBODY_ELSE: &str = "operator";
/// Characters of a name at a source, at most.
const PRINCIPAL_CHARS_MAX: usize = 400;
/// Rights in a scope, at most.
const SCOPE_MAX: usize = 200;

/// What is to be made, complete; or everything that is missing or wrong, in words.
pub(super) fn checked(
    tx: &mut Tx<'_>,
    in_force: &InForce,
    wish: &RequestWish,
    now: Instant,
) -> Result<Result<Creation, String>, StoreFailure> {
    let (mut missing, mut wrong) = (Vec::new(), Vec::new());
    let source = source_of(tx, wish, (&mut missing, &mut wrong))?;
    let principal = said(wish.principal.as_deref()).unwrap_or_default();
    match unnamed(principal) {
        Some(why) if principal.is_empty() => missing.push(why),
        Some(why) => wrong.push(why.to_owned()),
        None => {}
    }
    let mut charter = said_of(wish);
    charter.business_owner = person(tx, wish.business_owner.as_deref(), &mut wrong)?;
    charter.technical_owner = person(tx, wish.technical_owner.as_deref(), &mut wrong)?;
    match resolved(tx, wish.retirement_trigger.as_deref())? {
        Ok(kept) => charter.retirement_trigger = kept,
        Err(why) => wrong.push(why),
    }
    let there = match &source {
        Some(source) if !principal.is_empty() => found(tx, source, principal, &mut wrong)?,
        Some(_) | None => None,
    };
    let class = match there {
        Some(there) => class_of_there(tx, in_force, (wish, &charter), there, &mut wrong)?,
        None => {
            let source_name = source.as_ref().map(|row| (row.name.to_string(), row.system.as_str()));
            class_of(in_force, wish, source_name, &mut wrong)
        }
    };
    let named = [&wish.business_owner, &wish.technical_owner, &wish.retirement_trigger]
        .map(|text| said(text.as_deref()).is_some());
    missing.extend(unanswered(&charter, class, named));
    wrong.extend(bounds(&charter, class, now));
    let store = said(wish.store.as_deref()).unwrap_or_default();
    if store.is_empty() {
        missing.push("store (where its credential will live, or federation)");
    } else if let Some(why) = not_approved(in_force, class, (&charter, store)) {
        wrong.push(why);
    }
    if said(wish.reason.as_deref()).is_none() {
        missing.push("reason (why this is asked)");
    }
    match (source, missing.is_empty() && wrong.is_empty()) {
        (Some(source), true) => Ok(Ok(Creation {
            source: source.id,
            principal: principal.to_owned(),
            principal_kind: there
                .map(|there| there.kind)
                .or(wish.principal_kind)
                .unwrap_or(PrincipalKind::Account),
            class: class.map(|class| class.id.clone()),
            store: store.to_owned(),
            charter,
            late_for: there.map(|there| there.principal),
        })),
        _ => Ok(Err(told(&missing, wrong))),
    }
}

/// Where it will be.
fn source_of(
    tx: &mut Tx<'_>,
    wish: &RequestWish,
    (missing, wrong): (&mut Vec<&str>, &mut Vec<String>),
) -> Result<Option<SourceRow>, StoreFailure> {
    let Some(name) = said(wish.source.as_deref()) else {
        missing.push("source (where it will be)");
        return Ok(None);
    };
    let found = tx.source_named(name)?;
    if found.is_none() {
        let near = tx.near_sources(name)?.join(", ");
        let meant = if near.is_empty() { near } else { format!("; did you mean {near}?") };
        let shown = printable(name, 60);
        wrong.push(format!("`{shown}` is no source{meant} (`tenure source list` shows them)"));
    }
    Ok(found)
}

/// What is there under the name and was made outside; what else is there is not asked for.
fn found(
    tx: &mut Tx<'_>,
    source: &SourceRow,
    principal: &str,
    wrong: &mut Vec<String>,
) -> Result<Option<There>, StoreFailure> {
    Ok(late::found(tx, source.id, principal)?.unwrap_or_else(|why| {
        wrong.push(format!("`{}/{}` {why}", source.name, printable(principal, 100)));
        None
    }))
}

/// Why a principal cannot be called so.
fn unnamed(principal: &str) -> Option<&'static str> {
    if principal.is_empty() {
        return Some("principal (its name, exactly as the source will say it)");
    }
    let is_odd = principal.chars().count() > PRINCIPAL_CHARS_MAX || principal.chars().any(char::is_control);
    is_odd.then_some("the name of a principal has at most 400 characters, none of control")
}

/// What is not complete any more by the rules in force, of something that was complete when it was asked for.
pub(super) fn incomplete(in_force: &InForce, creation: &Creation, now: Instant) -> Option<String> {
    let id = creation.class.as_deref();
    let class = in_force.programme.classes.iter().find(|class| Some(class.id.as_str()) == id);
    if id.is_some() && class.is_none() {
        return Some(String::from("the programme in force does not have its class any more"));
    }
    let missing = unanswered(&creation.charter, class, [true; 3]);
    let mut wrong = bounds(&creation.charter, class, now);
    wrong.extend(not_approved(in_force, class, (&creation.charter, &creation.store)));
    (!missing.is_empty() || !wrong.is_empty()).then(|| told(&missing, wrong))
}

/// Who decides it, in order: by the programme's rules, else somebody else who may. A class that was said and that its rules
/// do not foresee is no way out of a rule.
///
/// `seen` is the risk tier of what is there already, as it was judged: what a late request says of it makes it no better.
pub(super) fn steps(
    in_force: &InForce,
    wish: &RequestWish,
    (creation, seen): (&Creation, Option<RiskTier>),
) -> Vec<String> {
    let programme = &in_force.programme;
    let about = PlanAbout {
        kind: DecidedKind::Request(wish.kind),
        class: creation.class.as_deref(),
        environment: creation.charter.environment,
        tier: Some(
            tier_foreseen(&creation.charter, !programme.is_federation(&creation.store), &programme.risk)
                .max(seen.unwrap_or(RiskTier::Low)),
        ),
        is_settled: said(wish.class.as_deref()).is_none(),
    };
    let steps = in_force.programme.approvals.steps_for(about).to_vec();
    if steps.is_empty() { vec![ANYBODY_ELSE.to_owned()] } else { steps }
}

pub(super) fn told(missing: &[&str], wrong: Vec<String>) -> String {
    let mut told = wrong;
    if !missing.is_empty() {
        told.insert(0, format!("it does not say: {}", missing.join(", ")));
    }
    format!("nothing was asked for; {}", told.join("; "))
}

fn said(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}

/// The charter as far as it needs nothing looked up.
fn said_of(wish: &RequestWish) -> Charter {
    let text = |text: &Option<String>| said(text.as_deref()).map(str::to_owned);
    let scope = wish.allowed_scope.iter().filter_map(|one| said(Some(one)).map(str::to_owned)).collect();
    Charter {
        purpose: text(&wish.purpose),
        boundary: text(&wish.boundary),
        environment: wish.environment,
        data_class: wish.data_class,
        allowed_scope: scope,
        rotation_days: wish.rotation_days,
        expires_at: wish.expires_at,
        ..Charter::default()
    }
}

fn person(
    tx: &mut Tx<'_>,
    name: Option<&str>,
    wrong: &mut Vec<String>,
) -> Result<Option<PersonId>, StoreFailure> {
    let Some(name) = said(name) else { return Ok(None) };
    let found = tx.person_named(name)?;
    if found.is_none() {
        wrong.push(format!("`{}` is nobody here; `tenure people list` shows who is", printable(name, 60)));
    }
    Ok(found.map(|person| person.id))
}

/// The class that was said, else the one that the rules foresee.
fn class_of<'programme>(
    in_force: &'programme InForce,
    wish: &RequestWish,
    source: Option<(String, &str)>,
    wrong: &mut Vec<String>,
) -> Option<&'programme Class> {
    if let Some(id) = said(wish.class.as_deref()) {
        let classes = &in_force.programme.classes;
        let found = classes.iter().find(|class| class.id == id);
        if found.is_none() {
            let mut known: Vec<&str> = classes.iter().map(|class| class.id.as_str()).collect();
            if known.is_empty() {
                known.push("none");
            }
            let shown = printable(id, 60);
            wrong.push(format!(
                "`{shown}` is no class of the programme; the classes are: {}",
                known.join(", ")
            ));
        }
        return found;
    }
    let (source, system) = source?;
    let name = said(wish.principal.as_deref())?;
    let traits = Traits {
        names: vec![format!("{source}/{name}"), name.to_owned()],
        kinds: vec![wish.principal_kind.unwrap_or(PrincipalKind::Account)],
        sources: vec![source],
        systems: vec![system.to_owned()],
        environment: wish.environment,
        ..Traits::default()
    };
    in_force.judge.class_foreseen(&traits)
}

/// The class that what is there is of with this charter; nobody says another of it.
fn class_of_there<'programme>(
    tx: &mut Tx<'_>,
    in_force: &'programme InForce,
    (wish, charter): (&RequestWish, &Charter),
    there: There,
    wrong: &mut Vec<String>,
) -> Result<Option<&'programme Class>, StoreFailure> {
    let read = dossier_under(tx, there.identity, charter.clone())?;
    let class = in_force.judge.class_of(&read.dossier);
    let is = class.map_or("none", |class| class.id.as_str());
    if let Some(other) = said(wish.class.as_deref()).filter(|other| *other != is) {
        wrong.push(format!("what is there is of class `{is}`, not `{}`", printable(other, 60)));
    }
    if let Some(other) = wish.principal_kind.filter(|other| *other != there.kind) {
        wrong.push(format!("what is there is of kind `{}`, not `{other}`", there.kind));
    }
    Ok(class)
}

/// What must be said of anything, and what its class asks for besides. Of what is looked up it counts whether it was said.
fn unanswered(charter: &Charter, class: Option<&Class>, named: [bool; 3]) -> Vec<&'static str> {
    use CharterField as F;
    let fields = [
        (F::BusinessOwner, "business_owner (who answers for its existence)", true),
        (F::TechnicalOwner, "technical_owner (who can change it)", true),
        (F::Purpose, "purpose (why it is to exist)", true),
        (F::Boundary, "boundary (where it may be used)", true),
        (F::AllowedScope, "allowed_scope (rights it may hold)", true),
        (F::Environment, "environment (where it will run)", true),
        (F::RetirementTrigger, "retirement_trigger (what ends it)", true),
        (F::DataClass, "data_class (what its data is; its class asks for it)", false),
        (F::ExpiresAt, "expires_at (when it ends; its class asks for it)", false),
        (F::RotationDays, "rotation_days (how old its credentials may get; its class asks for it)", false),
    ];
    let [business_owner, technical_owner, retirement_trigger] = named;
    let asked = |field: F| class.is_some_and(|class| class.required.contains(&field));
    let answered = |field: F| match field {
        F::BusinessOwner => business_owner,
        F::TechnicalOwner => technical_owner,
        F::RetirementTrigger => retirement_trigger,
        other => charter.answers(other),
    };
    let mut missing: Vec<&str> = fields
        .into_iter()
        .filter(|(field, _, always)| (*always || asked(*field)) && !answered(*field))
        .map(|(_, words, _)| words)
        .collect();
    let neither = charter.expires_at.is_none() && charter.rotation_days.is_none();
    if neither && !asked(F::ExpiresAt) && !asked(F::RotationDays) {
        missing.push("expires_at or rotation_days (when it ends, or how often its credential is changed)");
    }
    missing
}

/// What lies outside of what the class allows.
fn bounds(charter: &Charter, class: Option<&Class>, now: Instant) -> Vec<String> {
    let mut wrong = Vec::new();
    let rights = charter.allowed_scope.len();
    if rights > SCOPE_MAX {
        wrong.push(format!(
            "allowed_scope has {rights} rights; at most {SCOPE_MAX} are read, and a pattern means many"
        ));
    }
    if charter.expires_at.is_some_and(|end| end <= now) {
        wrong.push(String::from("expires_at lies in the past"));
    }
    let Some(class) = class else { return wrong };
    if let Some(days) = class.lifetime_days_max {
        let latest = now.plus(Duration::from_hours(24) * days);
        if charter.expires_at.is_none_or(|end| end > latest) {
            let id = &class.id;
            wrong.push(format!(
                "what is of class `{id}` ends within {days} days: expires_at is {latest} at the latest"
            ));
        }
    }
    if let (Some(most), Some(given)) = (class.rotation_days_max, charter.rotation_days)
        && given > most
    {
        let id = &class.id;
        wrong.push(format!(
            "a credential of class `{id}` gets {most} days old at most: rotation_days is {given}"
        ));
    }
    wrong
}

/// Why its credential may not live there.
fn not_approved(
    in_force: &InForce,
    class: Option<&Class>,
    (charter, store): (&Charter, &str),
) -> Option<String> {
    let approved = in_force.programme.approved_stores(class, charter.environment);
    if approved.contains(&store) {
        return None;
    }
    let shown = printable(store, 60);
    let of = class.map_or_else(String::new, |class| format!(" for class `{}`", class.id));
    let here = charter.environment.map_or_else(String::new, |environment| format!(" in {environment}"));
    let known = if approved.is_empty() { String::from("none") } else { approved.join(", ") };
    Some(format!(
        "`{shown}` is no approved store{of}{here}; approved are: {known} (stores.toml and `approved_stores` of the class say so)"
    ))
}
