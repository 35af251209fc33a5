//! Where a programme asks somebody who is not there, or who decides nothing: what would wait for nobody.
//!
//! Pure: who is there comes in. It gates nothing: what is asked in vain passes on, or waits, and the check says so before it
//! does. It must never guess who was meant. Next: `readiness.rs`, the check of controls.

use super::{People, Programme, approver};
use serde::Serialize;
use tenure_model::{Role, printable};

/// Characters of a name.
const NAME_CHARS_MAX: usize = 80;

/// A setting that asks somebody who is not there, or who may decide nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AskedInVain {
    /// Where the programme says so: `service_level requests, fallback`.
    pub setting: String,
    /// Why nobody answers there, and what becomes of it, in plain words.
    pub why: String,
}

/// Everything that is asked of nobody, in the order of the settings.
pub fn asked_in_vain(programme: &Programme, people: &People) -> Vec<AskedInVain> {
    let mut found = Vec::new();
    let mut add = |setting: String, terms: &[String], then: &str| {
        for term in terms {
            if let Some(why) = answers_not(term, people) {
                found.push(AskedInVain { setting: setting.clone(), why: format!("{why}: {then}") });
            }
        }
    };
    for (number, rule) in (1_u32..).zip(&programme.approvals.rules) {
        for (step, term) in (1_u32..).zip(&rule.steps) {
            let setting = format!("approvals.rule {number}, step {step}");
            add(
                setting,
                std::slice::from_ref(term),
                "what it means waits until its service level passes it on",
            );
        }
    }
    for level in &programme.service_levels {
        let of = |field: &str| format!("service_level {}, {field}", level.id);
        add(of("fallback"), &level.fallback, "it passes on to the others, or to the escalation");
        add(of("escalation"), &level.escalation, "what is late is not asked of them");
    }
    add(String::from("reviews.fallback"), &programme.reviews.fallback, "the next who may is asked");
    add(String::from("exceptions.approvers"), &programme.exceptions.approvers, "nobody grants that high");
    found
}

/// Why nobody answers to a term; nothing where somebody does, or where that hangs on the identity or the control.
fn answers_not(term: &str, people: &People) -> Option<String> {
    if let Some(name) = approver::person_of(term) {
        let shown = printable(name, NAME_CHARS_MAX);
        return match people.named(name).map(|person| person.role) {
            None => Some(format!("`{shown}` is nobody of this deployment")),
            Some(Role::Auditor) => Some(format!("`{shown}` is an auditor, who decides nothing")),
            Some(Role::Owner | Role::Operator | Role::Administrator) => None,
        };
    }
    let is = |role: Role| people.people.iter().any(|person| person.role == role);
    let answered = match term {
        "administrator" => is(Role::Administrator),
        "operator" => is(Role::Operator) || is(Role::Administrator),
        _ => true,
    };
    (!answered).then(|| format!("there is no {term} in this deployment"))
}
