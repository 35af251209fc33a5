//! What a fact rests on as a whole: every right, holder, place and program, where its text names a few.
//!
//! Read only when somebody asks what a finding rests on. It must never shorten, nor hold an instant that moves by
//! itself: what is compared later is what stands here. Next: `grounds.rs`, which asks.

use super::{CredentialFact, Lines, PrincipalFact, Seen, Subject, principal, uses};
use crate::dossier::{CredentialDossier, Dossier, PrincipalDossier};
use std::collections::BTreeSet;
use tenure_model::{Fact, Facts, names, number};

/// In how many places a secret lies, in the words of whoever reads it.
const COPIES: &str = "copies";

/// The facts of a credential whose news is a text of its source, and that text's name there.
const CREDENTIAL_TEXTS: [(&str, &str); 11] = [
    (CredentialFact::Guessable.as_str(), names::GUESSABLE),
    (CredentialFact::WeakHash.as_str(), names::WEAK),
    (CredentialFact::WeakKey.as_str(), names::WEAK),
    (CredentialFact::Unencrypted.as_str(), names::UNENCRYPTED),
    (CredentialFact::ReadableByOthers.as_str(), names::READABLE_BY),
    (CredentialFact::WritableByOthers.as_str(), names::WRITABLE_BY),
    (CredentialFact::OpensRoot.as_str(), names::OPENS_ROOT),
    (CredentialFact::OpensSeveral.as_str(), names::ALSO_OPENS),
    (CredentialFact::FederationAtHand.as_str(), names::FEDERATION_AT_HAND),
    (CredentialFact::InClear.as_str(), names::IN_CLEAR),
    (CredentialFact::Endless.as_str(), names::ENDLESS),
];
/// The same of a principal.
const PRINCIPAL_TEXTS: [(&str, &str); 5] = [
    (PrincipalFact::PasswordlessRule.as_str(), names::PASSWORDLESS_RULE),
    (PrincipalFact::NotPinned.as_str(), names::NOT_PINNED),
    (PrincipalFact::DefinitionOpen.as_str(), names::WRITABLE_BY),
    (PrincipalFact::ServiceAccount.as_str(), names::SERVICE_ACCOUNT),
    (PrincipalFact::LoginShell.as_str(), names::LOGIN_SHELL),
];
/// What is wrong with a file is wrong with each copy of it.
const OF_FILES: [CredentialFact; 4] = [
    CredentialFact::ReadableByOthers,
    CredentialFact::WritableByOthers,
    CredentialFact::Unencrypted,
    CredentialFact::InClear,
];

/// Everything a fact rests on, and how many that are where several have one name.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Members {
    pub(crate) names: BTreeSet<String>,
    pub(crate) count: u64,
}

impl Members {
    fn of(all: impl IntoIterator<Item = String>) -> Self {
        let (mut names, mut count) = (BTreeSet::new(), 0_u64);
        for one in all {
            names.insert(one);
            count = count.saturating_add(1);
        }
        Self { names, count }
    }

    /// What this fact of this subject rests on. Where it is not made of several, that is its text.
    pub(crate) fn read(seen: &Seen, subject: &Subject, dossier: &Dossier, lines: &Lines<'_>) -> Self {
        for principal in &dossier.principals {
            if subject.key == format!("principal:{}", principal.id) {
                return Self::of_principal(seen, principal, lines);
            }
            let is_it = |one: &&CredentialDossier| subject.key == format!("credential:{}", one.id);
            if let Some(credential) = principal.credentials.iter().find(is_it) {
                return Self::of_credential(seen, dossier, principal, credential, lines);
            }
        }
        Self::of_text(seen)
    }

    fn of_text(seen: &Seen) -> Self {
        // The text of what flips by itself says when, so it is other without anything being worse.
        let says = Some(&*seen.says).filter(|says| seen.flips_at.is_none() && !says.is_empty());
        Self::of(says.map(str::to_owned))
    }

    fn of_principal(seen: &Seen, principal: &PrincipalDossier, lines: &Lines<'_>) -> Self {
        if seen.name == PrincipalFact::OutsideCharter.as_str() {
            return Self::of(principal::outside(principal, lines));
        }
        if seen.name == PrincipalFact::NameEndedBefore.as_str() {
            return Self::of(principal.name_ended.iter().cloned());
        }
        if let Some(users) = used(seen, principal, lines) {
            return Self::of(users);
        }
        let texts = texts(seen, &principal.facts, &PRINCIPAL_TEXTS);
        if texts.is_empty() { Self::of_text(seen) } else { Self::of(texts) }
    }

    fn of_credential(
        seen: &Seen,
        dossier: &Dossier,
        principal: &PrincipalDossier,
        credential: &CredentialDossier,
        lines: &Lines<'_>,
    ) -> Self {
        let is = |fact: CredentialFact| seen.name == fact.as_str();
        if is(CredentialFact::SameValueElsewhere) {
            return Self::of(credential.same_value.iter().cloned());
        }
        if is(CredentialFact::ValueEndedBefore) {
            return Self::of(credential.value_ended.iter().cloned());
        }
        if is(CredentialFact::ValueInOtherEnvironment) {
            let here = dossier.charter.environment.map(|here| format!("for {here}"));
            return Self::of(credential.other_environments.iter().cloned().chain(here));
        }
        if let Some(users) = used(seen, principal, lines) {
            return Self::of(users);
        }
        let mut texts = texts(seen, &credential.facts, &CREDENTIAL_TEXTS);
        if is(CredentialFact::OpensSeveral) {
            texts.extend(credential.opens_elsewhere.iter().cloned());
        }
        let mut members = if texts.is_empty() { Self::of_text(seen) } else { Self::of(texts) };
        if OF_FILES.into_iter().any(is) {
            let copies = number(&credential.facts, COPIES).and_then(|copies| u64::try_from(copies).ok());
            members.count = members.count.max(copies.unwrap_or_default());
        }
        members
    }
}

/// Who uses it, where the fact speaks of that and flips when it ends.
fn used(seen: &Seen, principal: &PrincipalDossier, lines: &Lines<'_>) -> Option<BTreeSet<String>> {
    seen.flips_at.and_then(|_| uses::members(seen.name, principal, lines))
}

/// The texts of its source, whole and apart.
fn texts(seen: &Seen, facts: &Facts, named: &[(&str, &str)]) -> Vec<String> {
    let fact = named.iter().find(|(fact, _)| *fact == seen.name).and_then(|(_, name)| facts.get(*name));
    match fact {
        Some(Fact::Text(text)) if !text.is_empty() => vec![text.clone()],
        Some(Fact::Texts(texts)) => texts.clone(),
        Some(Fact::Text(_) | Fact::Flag(_) | Fact::Number(_) | Fact::At(_) | Fact::Unknown(_)) | None => {
            Vec::new()
        }
    }
}
