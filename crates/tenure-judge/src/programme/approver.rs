//! Who stands where a programme asks for somebody: one language for exceptions and for plans.
//!
//! A role, the owner, the partner that approves the control, or a person by name. Whether somebody's decision counts at all
//! is for the access policies to say, besides. Next: `approvals.rs`, `exceptions.rs`.

use tenure_model::{PersonId, Role, printable};

/// Whoever answers for the identity, business or technical.
const OWNER: &str = "owner";
/// The partner that approves the control.
const PARTNER: &str = "approves";
/// Before the name of a person.
const PERSON: &str = "person:";
/// Between terms of which any may be met: no name holds it.
const OR: char = '\n';
/// Characters of a name there.
const NAME_CHARS_MAX: usize = 80;

/// Somebody who would decide, and whose decision counts there.
#[derive(Debug, Clone, Copy)]
pub struct Approver<'approver> {
    /// Who.
    pub person: PersonId,
    /// In whose place, by a delegation: the name, what is owned and whom they stand for are then that person's, and no role
    /// is. Nobody passes on what their role lets them do.
    pub for_whom: Option<PersonId>,
    /// Their name.
    pub name: &'approver str,
    /// What they do.
    pub role: Role,
    /// They answer for the identity.
    pub owns: bool,
    /// They stand for the partner that approves the control.
    pub approves: bool,
}

impl Approver<'_> {
    /// Whether a decision of theirs is one of this person too: they make it, or it is made in their place.
    pub fn is(&self, person: PersonId) -> bool {
        self.person == person || self.for_whom == Some(person)
    }

    /// Whether somebody has part in both: what is to be two people's decision is then one's.
    pub(super) fn shares_somebody_with(&self, other: &Self) -> bool {
        self.is(other.person) || other.for_whom.is_some_and(|person| self.is(person))
    }
}

/// Whether somebody is who is asked for. An administrator stands wherever an operator does.
pub(super) fn stands_on(term: &str, by: &Approver<'_>) -> bool {
    term.split(OR).any(|term| stands_on_one(term, by))
}

/// A term that is met where any of these is.
pub(super) fn any_of(terms: &[String]) -> String {
    terms.join(&OR.to_string())
}

fn stands_on_one(term: &str, by: &Approver<'_>) -> bool {
    match term.strip_prefix(PERSON) {
        Some(name) => name == by.name,
        None if term == PARTNER => by.approves,
        None if term == OWNER => by.owns,
        None if by.for_whom.is_some() => false,
        None => match by.role {
            Role::Administrator => term == Role::Operator.as_str() || term == Role::Administrator.as_str(),
            role @ (Role::Operator | Role::Owner | Role::Auditor) => role.as_str() == term,
        },
    }
}

/// The name of the person that is asked for; nothing where a role is, or somebody of the identity.
pub(super) fn person_of(term: &str) -> Option<&str> {
    term.strip_prefix(PERSON)
}

/// Who is asked for, in words.
pub(super) fn in_words(term: &str) -> String {
    term.split(OR).map(one_in_words).collect::<Vec<_>>().join(", or ")
}

fn one_in_words(term: &str) -> String {
    match term.strip_prefix(PERSON) {
        Some(name) => printable(name, NAME_CHARS_MAX),
        None if term == PARTNER => String::from("the partner that approves the control"),
        None if term == OWNER => String::from("an owner of the identity"),
        None => format!("an {term}"),
    }
}

/// Why nobody can be meant by this, of those that may be asked for.
pub(super) fn fault(term: &str, known: &[&str]) -> Option<String> {
    let is_person = term.strip_prefix(PERSON).is_some_and(|name| {
        !name.trim().is_empty()
            && name.trim() == name
            && !name.chars().any(char::is_control)
            && name.chars().count() <= NAME_CHARS_MAX
    });
    if is_person || known.contains(&term) {
        return None;
    }
    let shown = printable(term, NAME_CHARS_MAX);
    Some(format!("`{shown}` decides nothing; expected one of: {}, person:NAME", known.join(", ")))
}
