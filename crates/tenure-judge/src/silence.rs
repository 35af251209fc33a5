//! Where nothing but people's silence speaks against an identity.
//!
//! That nobody answered does not say that nobody needs it. Silence alone leads no further than a warning, unless every use
//! would have been seen and there was none. It must never take what cannot be seen for something that is not there.
//! Next: `facts/uses.rs`, what counts as seen; `tenure-engine/src/verbs/consequences.rs`, what follows.

use crate::{
    dossier::Dossier,
    facts::PrincipalFact,
    judge::{ExplainedFact, ExplainedJudgement, FailedCondition},
};
use tenure_model::printable;

/// Characters of a fact in words.
const SAYS_CHARS_MAX: usize = 400;

/// What is known of whether an identity is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Use {
    /// No principal of it, each of them watched so that none would have been missed; says since when.
    None(String),
    /// It was used, or a use would have been missed; says which.
    Possible(String),
}

/// Whether every use would have been seen, of each principal, and there was none: what one of them may have done unseen is
/// a use.
pub(crate) fn use_of(explanation: &[ExplainedFact]) -> Use {
    let unused: Vec<&ExplainedFact> =
        explanation.iter().filter(|fact| fact.name == PrincipalFact::Unused.as_str()).collect();
    match unused.iter().find(|fact| !holds(fact)).or(unused.first()) {
        Some(fact) if holds(fact) => Use::None(said(fact)),
        Some(fact) if fact.value.starts_with("unknown") => {
            Use::Possible(format!("whether it is used is not known: {}", said(fact)))
        }
        Some(fact) => Use::Possible(format!("it may be in use: {}", said(fact))),
        None => Use::Possible(String::from("nothing of it was looked at")),
    }
}

pub(crate) fn holds(fact: &ExplainedFact) -> bool {
    fact.value == "yes" || fact.value.starts_with("yes: ")
}

/// What a fact says behind its word.
pub(crate) fn said(fact: &ExplainedFact) -> String {
    let (_, says) = fact.value.split_once(": ").unwrap_or_default();
    printable(if says.is_empty() { &fact.value } else { says }, SAYS_CHARS_MAX)
}

/// Why nothing but a warning follows from what makes an identity lapse by a control, in words: all of it is that people said
/// nothing, and it may be in use. Nothing where more speaks against it, or its non-use is covered.
pub fn held_by_silence(dossier: &Dossier, explained: &ExplainedJudgement, control: &str) -> Option<String> {
    let by_control = |one: &&FailedCondition| one.control == control && one.lapsed && one.counts();
    let mut lapsed = explained.judgement.conditions.iter().filter(by_control).peekable();
    lapsed.peek()?;
    if !lapsed.all(|one| is_silence(dossier, one)) {
        return None;
    }
    match use_of(&explained.explanation) {
        Use::None(_) => None,
        Use::Possible(why) => Some(format!("only that nobody answered speaks against it, and {why}")),
    }
}

/// Whether a condition rests on nothing but that nobody said anything.
fn is_silence(dossier: &Dossier, condition: &FailedCondition) -> bool {
    match condition.policy.as_str() {
        "review_missed" => true,
        // Whoever said that it is not needed, or not as it is, did answer.
        "not_confirmed" => {
            dossier.validity.confirmed.as_ref().is_none_or(|confirmed| confirmed.denied.is_none())
        }
        _ => false,
    }
}
