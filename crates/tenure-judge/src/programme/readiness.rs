//! The check that gates what Tenure begins by itself (law 8): whether the people of a control are there, can be reached,
//! and are more than one.
//!
//! Pure: who is there, who said that messages reach them, and now, come in. What is not known counts against the control.
//! It must never be asked about what a person decides; that always works. Next: `verbs/consequences.rs` of the engine.

use super::{
    CheckMode, CheckWarning, Control, Day, Drills, Partner, PartnerKind, PartnerRole, Programme, playbooks,
};
use serde::Serialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};
use tenure_model::{ConsequenceMode, Instant, Person, PersonId, printable};

/// How long it counts that somebody said that messages reach them: a quarter, and a day or two.
pub const ACKNOWLEDGED_FOR: Duration = Duration::from_hours(92 * 24);
/// How far ahead the end of an acceptance may lie.
const ACCEPTED_DAYS_MAX: u64 = 180;

/// Who is there, since when each said that messages reach them, and which playbooks they tried.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct People {
    /// Everybody of the deployment.
    pub people: Vec<Person>,
    /// When each who did said so last.
    pub acknowledged: BTreeMap<PersonId, Instant>,
    /// The last drill of each playbook.
    pub drills: Drills,
}

impl People {
    /// The person of a name.
    pub fn named(&self, name: &str) -> Option<&Person> {
        self.people.iter().find(|one| one.name == name)
    }

    /// When they said that messages reach them, where that still counts.
    pub fn acknowledged(&self, person: PersonId, now: Instant) -> Option<Instant> {
        let at = self.acknowledged.get(&person).copied()?;
        (now < at.plus(ACKNOWLEDGED_FOR)).then_some(at)
    }
}

/// What the check says of one control.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Readiness {
    /// Which control.
    pub control: String,
    /// What must hold.
    pub holds: String,
    /// Ids of frameworks that ask for it, as they are published now.
    pub references: Vec<String>,
    /// Whether what follows is begun or only recorded; nothing where nothing follows.
    pub mode: Option<ConsequenceMode>,
    /// Who delivers it, by id: each role with its partner, where one is named.
    pub delivered_by: Vec<DeliveredBy>,
    /// True when nothing is in the way: no fault, and no warning that nobody accepted.
    pub ready: bool,
    /// What is wrong.
    pub faults: Vec<String>,
    /// What is not wrong and not good.
    pub warnings: Vec<Warned>,
}

/// Who delivers one part of a control.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeliveredBy {
    /// Which part.
    pub role: PartnerRole,
    /// The id of its partner.
    pub partner: String,
}

/// A warning of the check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Warned {
    /// Which.
    pub warning: CheckWarning,
    /// In plain words.
    pub why: String,
    /// The last day on which somebody accepts it.
    pub accepted_until: Option<Day>,
}

/// What Tenure may do by itself for one control.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "gate", rename_all = "snake_case")]
pub enum Gate {
    /// Say what would follow.
    Observe {
        /// Why no more.
        why: String,
    },
    /// Begin what follows.
    Enforce,
}

/// What the check says of every control, in their order. Without people it says what the files alone show.
pub fn readiness(programme: &Programme, people: Option<&People>, now: Instant) -> Vec<Readiness> {
    programme.controls.iter().map(|control| of_control(programme, control, people, now)).collect()
}

/// What Tenure may do by itself for a control. What the programme does not name may do nothing.
pub fn gate(programme: &Programme, control: &str, people: &People, now: Instant) -> Gate {
    let observe = |why: String| Gate::Observe { why };
    let Some(control) = programme.controls.iter().find(|one| one.id == control) else {
        return observe(format!("the programme in force names no control `{}`", printable(control, 40)));
    };
    if control.consequences.is_empty() {
        return observe(String::from("the programme lets nothing follow"));
    }
    match control.mode {
        None | Some(ConsequenceMode::Observe) => {
            return observe(format!("the programme only observes {}", control.id));
        }
        Some(ConsequenceMode::Enforce) => {}
    }
    let checked = of_control(programme, control, Some(people), now);
    if checked.ready {
        return Gate::Enforce;
    }
    // It is kept in evidence: who is named there is asked of the check.
    let open = checked.warnings.iter().filter(|one| one.accepted_until.is_none()).count();
    let (faults, warnings) = (counted(checked.faults.len(), "fault"), counted(open, "warning"));
    observe(format!("the check of {} does not pass: {faults}, {warnings} that nobody accepted", control.id))
}

fn counted(count: usize, noun: &str) -> String {
    tenure_model::counted(i64::try_from(count).unwrap_or(i64::MAX), noun)
}

fn of_control(programme: &Programme, control: &Control, people: Option<&People>, now: Instant) -> Readiness {
    let (mut faults, mut partners) = (Vec::new(), Vec::new());
    for role in PartnerRole::ALL {
        let named = control.partner(*role);
        match named.and_then(|id| programme.partners.iter().find(|one| one.id == id)) {
            Some(partner) => partners.push(partner),
            None => faults.push(format!("nobody {role}: `{role}` names no partner")),
        }
    }
    let everywhere = partners.len() == PartnerRole::ALL.len()
        && partners.iter().all(|one| partners.first().is_some_and(|first| first.id == one.id));
    partners.sort_by(|one, other| one.id.cmp(&other.id));
    partners.dedup_by(|one, other| one.id == other.id);
    for partner in &partners {
        faults.extend(of_partner(partner, people));
    }
    faults.extend(of_escalation(control, people, now));
    let mut warnings: Vec<(CheckWarning, String)> = partners
        .iter()
        .filter(|one| one.contact == one.fallback)
        .map(|one| {
            let why = format!("`{}` is both contact and fallback of `{}`", shown(&one.contact), one.id);
            (CheckWarning::FallbackIsContact, why)
        })
        .collect();
    if everywhere {
        let why = String::from("one partner approves, implements, monitors and revokes");
        warnings.push((CheckWarning::OnePartnerEverywhere, why));
    }
    if let Some(people) = people {
        warnings.extend(playbooks::not_drilled(&programme.playbooks, &control.id, &people.drills, now));
    }
    faults.extend(of_acceptances(control, now));
    let warnings = match programme.check {
        CheckMode::Refuse => {
            faults.extend(warnings.into_iter().map(|(_, why)| why));
            Vec::new()
        }
        CheckMode::Warn => {
            warnings.into_iter().map(|(warning, why)| warned(control, warning, why, now)).collect()
        }
    };
    Readiness {
        control: control.id.clone(),
        holds: control.holds.clone(),
        references: control.references_now(),
        mode: (!control.consequences.is_empty()).then(|| control.mode.unwrap_or(ConsequenceMode::Observe)),
        delivered_by: PartnerRole::ALL
            .iter()
            .filter_map(|role| {
                let partner = control.partner(*role)?.to_owned();
                Some(DeliveredBy { role: *role, partner })
            })
            .collect(),
        ready: faults.is_empty() && warnings.iter().all(|one: &Warned| one.accepted_until.is_some()),
        faults,
        warnings,
    }
}

fn warned(control: &Control, warning: CheckWarning, why: String, now: Instant) -> Warned {
    let counts = |until: &Day| now < until.over() && !is_too_far(*until, now);
    let accepted = control.accepted.iter().find(|one| one.warning == warning).map(|one| one.until);
    Warned { warning, why, accepted_until: accepted.filter(counts) }
}

fn of_partner(partner: &Partner, people: Option<&People>) -> Vec<String> {
    let mut faults = Vec::new();
    if partner.kind == PartnerKind::Vendor && partner.accountable.is_none() {
        let why =
            format!("`{}` is a vendor, and nobody of the organisation is accountable for it", partner.id);
        faults.push(why);
    }
    let mut named = vec![("contact", &partner.contact), ("fallback", &partner.fallback)];
    named.extend(partner.accountable.iter().map(|name| ("accountable", name)));
    let missing = |name: &str| people.is_some_and(|people| people.named(name).is_none());
    let lost = named.into_iter().filter(|(_, name)| missing(name));
    faults.extend(lost.map(|(field, name)| {
        format!("`{}`, {field} of `{}`, is nobody of this deployment", shown(name), partner.id)
    }));
    faults
}

fn of_escalation(control: &Control, people: Option<&People>, now: Instant) -> Option<String> {
    let Some(name) = &control.escalation else {
        return Some(String::from("nobody is asked when no partner answers: `escalation` is missing"));
    };
    let people = people?;
    let shown = shown(name);
    let Some(person) = people.named(name) else {
        return Some(format!("`{shown}`, its escalation, is nobody of this deployment"));
    };
    if people.acknowledged(person.id, now).is_some() {
        return None;
    }
    Some(match people.acknowledged.get(&person.id) {
        None => format!(
            "`{shown}`, its escalation, never said that messages reach them (tenure programme acknowledge)"
        ),
        Some(at) => format!(
            "`{shown}`, its escalation, said on {at:#} that messages reach them; that counts for 92 days (tenure programme acknowledge)"
        ),
    })
}

fn of_acceptances(control: &Control, now: Instant) -> Vec<String> {
    let fault = |one: &super::Accepted| {
        if one.until.over() <= now {
            Some(format!("`{}` was accepted until {}, which is over", one.warning, one.until))
        } else if is_too_far(one.until, now) {
            Some(format!(
                "`{}` is accepted until {}; that is more than {ACCEPTED_DAYS_MAX} days ahead",
                one.warning, one.until
            ))
        } else {
            None
        }
    };
    control.accepted.iter().filter_map(fault).collect()
}

fn is_too_far(until: Day, now: Instant) -> bool {
    until.over() > now.plus(Duration::from_hours((ACCEPTED_DAYS_MAX + 1) * 24))
}

fn shown(name: &str) -> String {
    printable(name, 80)
}

/// Somebody who may be asked, and why they.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Their name.
    pub name: String,
    /// Why they.
    pub why: String,
}

/// Who is asked to end what does not hold by a control, now, in the order in which they are: the contact of the partner
/// that revokes, where they are there and at work, else its fallback; after them, the escalation.
pub fn who_revokes(programme: &Programme, control: &str, people: &People, now: Instant) -> Vec<Asked> {
    let Some(control) = programme.controls.iter().find(|one| one.id == control) else { return Vec::new() };
    let is_there = |name: &str| people.named(name).is_some();
    let partner = control.revokes.as_ref().and_then(|id| programme.partners.iter().find(|one| one.id == *id));
    let mut asked = Vec::new();
    if let Some(partner) = partner {
        let calendar = partner.calendar.as_ref();
        let calendar = calendar.and_then(|id| programme.calendars.iter().find(|one| one.id == *id));
        let at_work = calendar.is_none_or(|calendar| calendar.is_at_work(now));
        let of = format!("`{}`, which revokes for {} ({})", partner.id, control.id, shown(&control.holds));
        if at_work && is_there(&partner.contact) {
            let hours = if calendar.is_some() { ", at work now" } else { "" };
            asked.push(Asked { name: partner.contact.clone(), why: format!("contact of {of}{hours}") });
        } else if is_there(&partner.fallback) {
            let instead = if is_there(&partner.contact) {
                "its contact is not at work now"
            } else {
                "its contact is not there"
            };
            asked.push(Asked { name: partner.fallback.clone(), why: format!("fallback of {of}; {instead}") });
        }
    }
    if let Some(name) = control.escalation.as_ref().filter(|name| is_there(name)) {
        asked.push(Asked { name: name.clone(), why: format!("escalation of {}", control.id) });
    }
    asked
}

/// Everybody whom a programme names, each once.
pub fn people_named(programme: &Programme) -> BTreeSet<String> {
    let partners = programme.partners.iter().flat_map(|one| {
        [Some(&one.contact), Some(&one.fallback), one.accountable.as_ref()].into_iter().flatten()
    });
    let escalations = programme.controls.iter().filter_map(|one| one.escalation.as_ref());
    partners.chain(escalations).cloned().collect()
}
