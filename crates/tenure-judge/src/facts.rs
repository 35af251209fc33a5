//! From a dossier to the booleans that policies see.
//!
//! Three kinds of subject (identity, principal, credential), each with a closed list of
//! facts. A threshold becomes a boolean with the instant at which it flips; what is not
//! known is `Unknown` and counts as not holding, and is explained. No number, name or time
//! ever reaches a policy. Texts here never depend on `now`, only on which side of a
//! threshold it is, so that nothing changes between two flips.
//! Next: `remain.rs`, which asks Cedar.

use crate::{
    consumer::{Pattern, is_administrative},
    dossier::{CredentialDossier, Dossier, PrincipalDossier},
    programme::{Thresholds, days_long},
};
use std::borrow::Cow;
use tenure_model::{
    CredentialState, Fact, Facts, Instant, Presence, PrincipalKind, ProofLevel, names, noun, printable,
};

/// Characters of a name or text from outside, when shown.
const SHOWN_CHARS_MAX: usize = 120;

noun! {
    /// What a policy speaks about.
    pub enum SubjectKind as "subject kind" {
        /// The governed thing.
        Identity = "Identity",
        /// An identity as one system holds it.
        Principal = "Principal",
        /// What lets a principal authenticate.
        Credential = "Credential",
    }
}

noun! {
    /// What policies may ask about an identity.
    pub enum IdentityFact as "identity fact" {
        /// At least one principal is present.
        Present = "present",
        /// Part of a system itself, owned by its vendor.
        BuiltIn = "built_in",
        /// A business or a technical owner is named.
        Owned = "owned",
    }
}

noun! {
    /// What policies may ask about a principal.
    pub enum PrincipalFact as "principal fact" {
        /// Seen in the last complete reading.
        Present = "present",
        /// The system would let it authenticate.
        MayLogIn = "may_log_in",
        /// The system is known not to let it authenticate; when unknown, neither this nor `may_log_in`.
        ShutOut = "shut_out",
        /// No permission check applies to it.
        Superuser = "superuser",
        /// A program that is not an administrative one used it lately.
        ApplicationUse = "application_use",
        /// A rule lets it in without any credential.
        PasswordlessRule = "passwordless_rule",
        /// Somebody or something claims that it is dead.
        ClaimedDead = "claimed_dead",
        /// The claim is known less well than required.
        BelowRequiredLevel = "below_required_level",
        /// Another of its name, at the same source, was ended, and nobody answers for this one.
        NameEndedBefore = "name_ended_before",
    }
}

noun! {
    /// What policies may ask about a credential.
    pub enum CredentialFact as "credential fact" {
        /// It would be accepted now.
        Live = "live",
        /// Its stored form is easily broken.
        WeakHash = "weak_hash",
        /// Its value can be guessed.
        Guessable = "guessable",
        /// Another credential has the same value.
        SameValueElsewhere = "same_value_elsewhere",
        /// Its value is older than allowed.
        OlderThanAllowed = "older_than_allowed",
        /// A principal that was ended had a credential with the same value.
        ValueEndedBefore = "value_ended_before",
    }
}

impl SubjectKind {
    /// The names of the facts of this kind of subject, in the order of their bits.
    pub fn fact_names(self) -> Vec<&'static str> {
        match self {
            Self::Identity => IdentityFact::ALL.iter().map(|fact| fact.as_str()).collect(),
            Self::Principal => PrincipalFact::ALL.iter().map(|fact| fact.as_str()).collect(),
            Self::Credential => CredentialFact::ALL.iter().map(|fact| fact.as_str()).collect(),
        }
    }

    /// How many facts this kind of subject has.
    pub(crate) const fn facts_count(self) -> usize {
        match self {
            Self::Identity => IdentityFact::ALL.len(),
            Self::Principal => PrincipalFact::ALL.len(),
            Self::Credential => CredentialFact::ALL.len(),
        }
    }
}

/// Whether something holds, as far as is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holds {
    /// Known to hold.
    Yes,
    /// Known not to hold.
    No,
    /// Not knowable here.
    Unknown,
}

impl Holds {
    fn when(holds: bool) -> Self {
        if holds { Self::Yes } else { Self::No }
    }

    /// The opposite; what is unknown stays unknown.
    const fn reversed(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
            Self::Unknown => Self::Unknown,
        }
    }

    /// The word shown.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Unknown => "unknown",
        }
    }
}

/// One boolean, with what it rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) name: &'static str,
    pub(crate) holds: Holds,
    /// What it rests on, in plain words; may be empty.
    pub(crate) says: Cow<'static, str>,
    /// When it becomes the other by itself.
    pub(crate) flips_at: Option<Instant>,
}

impl Seen {
    fn new(name: &'static str, holds: Holds, says: impl Into<Cow<'static, str>>) -> Self {
        Self { name, holds, says: says.into(), flips_at: None }
    }

    fn plain(name: &'static str, holds: bool) -> Self {
        Self::new(name, Holds::when(holds), "")
    }

    fn flipping(mut self, at: Option<Instant>) -> Self {
        self.flips_at = at;
        self
    }
}

/// One subject of a dossier with all its facts, in the order of their bits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Subject {
    pub(crate) kind: SubjectKind,
    /// Stable and unique in its identity: `principal:<id>`.
    pub(crate) key: String,
    /// How people know it, made printable.
    pub(crate) shown: String,
    pub(crate) seen: Vec<Seen>,
}

impl Subject {
    /// The facts that hold, one bit each.
    pub(crate) fn bits(&self) -> usize {
        self.seen.iter().rev().fold(0, |bits, seen| (bits << 1) | usize::from(seen.holds == Holds::Yes))
    }
}

/// What reading needs besides the dossier.
pub(crate) struct Lines<'judge> {
    pub(crate) thresholds: &'judge Thresholds,
    pub(crate) administrative: &'judge [Pattern],
    pub(crate) now: Instant,
}

/// Reads every subject of a dossier: the identity, then each principal followed by its credentials.
pub(crate) fn read(dossier: &Dossier, lines: &Lines<'_>) -> Vec<Subject> {
    let mut subjects = vec![read_identity(dossier)];
    for principal in &dossier.principals {
        subjects.push(read_principal(dossier, principal, lines));
        let credentials = principal.credentials.iter();
        subjects.extend(credentials.map(|credential| read_credential(dossier, principal, credential, lines)));
    }
    subjects
}

/// True when a claim of death is not good enough, or the dead are seen and not known to be shut out.
///
/// The same words as `policies/dead_below_level.cedar`, because a standing must not say `retired`
/// even where a programme leaves that policy out (law 4).
pub(crate) fn is_unproven(principal: &PrincipalDossier, thresholds: &Thresholds) -> bool {
    let seen_alive = is_seen(principal) && may_log_in(principal) != Holds::No;
    match &principal.claimed_dead {
        Some(claim) => claim.level < required_level(claim.required, thresholds) || seen_alive,
        None => principal.presence == Presence::Unproven,
    }
}

/// Seen in the last complete reading of a source that is still read.
pub(crate) fn is_seen(principal: &PrincipalDossier) -> bool {
    principal.presence == Presence::Present && principal.unread_since.is_none()
}

/// What can be said of one that was there when its source was removed; `None` of every other.
pub(crate) fn unread(principal: &PrincipalDossier) -> Option<String> {
    let since = principal.unread_since.filter(|_| principal.presence == Presence::Present)?;
    Some(format!("no longer read since {since}; it was present then"))
}

fn is_owned(dossier: &Dossier) -> bool {
    dossier.charter.business_owner.is_some() || dossier.charter.technical_owner.is_some()
}

fn read_identity(dossier: &Dossier) -> Subject {
    let owned = is_owned(dossier);
    let present = dossier.principals.iter().any(is_seen);
    let unread = dossier.principals.iter().find_map(unread).filter(|_| !present);
    let seen = IdentityFact::ALL.iter().map(|fact| match (fact, &unread) {
        (IdentityFact::Present, Some(unread)) => Seen::new(fact.as_str(), Holds::Unknown, unread.clone()),
        (IdentityFact::Present, None) => Seen::plain(fact.as_str(), present),
        (IdentityFact::BuiltIn, _) => Seen::plain(fact.as_str(), dossier.built_in),
        (IdentityFact::Owned, _) => Seen::plain(fact.as_str(), owned),
    });
    Subject {
        kind: SubjectKind::Identity,
        key: format!("identity:{}", dossier.identity),
        shown: format!("`{}`", printable(&dossier.name, SHOWN_CHARS_MAX)),
        seen: seen.collect(),
    }
}

fn read_principal(dossier: &Dossier, principal: &PrincipalDossier, lines: &Lines<'_>) -> Subject {
    let seen = PrincipalFact::ALL.iter().map(|fact| {
        let name = fact.as_str();
        match fact {
            PrincipalFact::Present => read_presence(name, principal),
            PrincipalFact::MayLogIn => read_login(name, may_log_in(principal), principal),
            PrincipalFact::ShutOut => read_login(name, may_log_in(principal).reversed(), principal),
            PrincipalFact::Superuser => read_flag(name, &principal.facts, names::SUPERUSER),
            PrincipalFact::ApplicationUse => read_application_use(name, principal, lines),
            PrincipalFact::PasswordlessRule => read_text(name, &principal.facts, names::PASSWORDLESS_RULE),
            PrincipalFact::ClaimedDead => {
                let claimed = principal.claimed_dead.is_some() || principal.presence == Presence::Unproven;
                Seen::plain(name, claimed)
            }
            PrincipalFact::BelowRequiredLevel => read_level(name, principal, lines.thresholds),
            PrincipalFact::NameEndedBefore => read_name_ended(name, dossier, principal),
        }
    });
    Subject {
        kind: SubjectKind::Principal,
        key: format!("principal:{}", principal.id),
        shown: shown(principal),
        seen: seen.collect(),
    }
}

fn read_credential(
    dossier: &Dossier,
    principal: &PrincipalDossier,
    credential: &CredentialDossier,
    lines: &Lines<'_>,
) -> Subject {
    let accepted = credential.state == CredentialState::Live
        && is_seen(principal)
        && may_log_in(principal) == Holds::Yes;
    let ended = credential.valid_until.filter(|until| *until <= lines.now);
    let live = accepted && ended.is_none();
    let seen = CredentialFact::ALL.iter().map(|fact| {
        let name = fact.as_str();
        match fact {
            CredentialFact::Live => match unread(principal) {
                Some(unread) => Seen::new(name, Holds::Unknown, unread),
                None => read_live(name, accepted, credential, lines.now),
            },
            CredentialFact::WeakHash => read_weak_hash(name, credential),
            CredentialFact::Guessable => read_text(name, &credential.facts, names::GUESSABLE),
            CredentialFact::SameValueElsewhere => read_same_value(name, credential),
            CredentialFact::OlderThanAllowed if live => read_age(name, dossier, credential, lines),
            CredentialFact::OlderThanAllowed => Seen::new(name, Holds::No, "it would not be accepted"),
            CredentialFact::ValueEndedBefore => read_ended(name, &credential.value_ended),
        }
    });
    Subject {
        kind: SubjectKind::Credential,
        key: format!("credential:{}", credential.id),
        shown: format!("the {} of {}", credential.kind, shown(principal)),
        seen: seen.collect(),
    }
}

/// How people know a principal: its source and its name there.
fn shown(principal: &PrincipalDossier) -> String {
    format!("`{}/{}`", printable(&principal.source, 60), printable(&principal.name, SHOWN_CHARS_MAX))
}

fn may_log_in(principal: &PrincipalDossier) -> Holds {
    match (principal.kind, principal.facts.get(names::LOGIN)) {
        (PrincipalKind::Group, _) => Holds::No,
        (_, Some(Fact::Flag(login))) => Holds::when(*login),
        _ => Holds::Unknown,
    }
}

fn read_presence(name: &'static str, principal: &PrincipalDossier) -> Seen {
    match (principal.presence, unread(principal)) {
        (Presence::Present, Some(unread)) => Seen::new(name, Holds::Unknown, unread),
        (Presence::Present, None) => Seen::new(name, Holds::Yes, "it was seen in the last complete reading"),
        (gone @ (Presence::Gone | Presence::Retired | Presence::Unproven), _) => {
            Seen::new(name, Holds::No, gone.as_str())
        }
    }
}

fn read_login(name: &'static str, holds: Holds, principal: &PrincipalDossier) -> Seen {
    match (principal.kind, holds) {
        (PrincipalKind::Group, _) => Seen::new(name, holds, "a group"),
        (_, Holds::Unknown) => read_flag(name, &principal.facts, names::LOGIN),
        (_, Holds::Yes | Holds::No) => Seen::new(name, holds, ""),
    }
}

fn read_flag(name: &'static str, facts: &Facts, fact: &str) -> Seen {
    match facts.get(fact) {
        Some(Fact::Flag(holds)) => Seen::plain(name, *holds),
        Some(Fact::Unknown(why)) => Seen::new(name, Holds::Unknown, printable(why, SHOWN_CHARS_MAX)),
        Some(Fact::Number(_) | Fact::Text(_) | Fact::At(_) | Fact::Texts(_)) | None => {
            Seen::new(name, Holds::Unknown, "not read")
        }
    }
}

/// A fact whose presence is the news: its text says what.
fn read_text(name: &'static str, facts: &Facts, fact: &str) -> Seen {
    match facts.get(fact) {
        Some(Fact::Text(text)) if !text.is_empty() => {
            Seen::new(name, Holds::Yes, printable(text, SHOWN_CHARS_MAX))
        }
        Some(Fact::Texts(texts)) if !texts.is_empty() => {
            Seen::new(name, Holds::Yes, printable(&texts.join("; "), SHOWN_CHARS_MAX))
        }
        Some(Fact::Unknown(why)) => Seen::new(name, Holds::Unknown, printable(why, SHOWN_CHARS_MAX)),
        Some(Fact::Text(_) | Fact::Texts(_) | Fact::Flag(_) | Fact::Number(_) | Fact::At(_)) | None => {
            Seen::plain(name, false)
        }
    }
}

fn read_application_use(name: &'static str, principal: &PrincipalDossier, lines: &Lines<'_>) -> Seen {
    let window = days_long(lines.thresholds.application_use_days);
    let latest = principal
        .uses
        .iter()
        .filter(|seen| seen.count > 0 && seen.last_seen.plus(window) > lines.now)
        .filter(|seen| !is_administrative(&seen.consumer, lines.administrative))
        .max_by_key(|seen| (seen.last_seen, &seen.consumer));
    match (latest, &principal.use_coverage) {
        (Some(seen), _) => {
            let consumer = printable(&seen.consumer, SHOWN_CHARS_MAX);
            Seen::new(name, Holds::Yes, format!("`{consumer}`, last seen {}", seen.last_seen))
                .flipping(Some(seen.last_seen.plus(window)))
        }
        (None, Some(why)) => Seen::new(name, Holds::Unknown, printable(why, SHOWN_CHARS_MAX)),
        (None, None) => Seen::plain(name, false),
    }
}

/// The level that counts: the stricter of what the plan and what the programme require.
fn required_level(required: ProofLevel, thresholds: &Thresholds) -> ProofLevel {
    required.max(thresholds.required_proof_level)
}

fn read_level(name: &'static str, principal: &PrincipalDossier, thresholds: &Thresholds) -> Seen {
    match &principal.claimed_dead {
        Some(claim) => {
            let required = required_level(claim.required, thresholds);
            let (sentence, meaning) = (printable(&claim.sentence, 300), claim.level.meaning());
            let known = if claim.level < required {
                format!("it is known to {} and {required} is required", claim.level)
            } else {
                format!("it is known to {} as required", claim.level)
            };
            let says = format!("{known} ({meaning}; {sentence})");
            Seen::new(name, Holds::when(claim.level < required), says)
        }
        None if principal.presence == Presence::Unproven => {
            Seen::new(name, Holds::Yes, "no proof is recorded")
        }
        None => Seen::new(name, Holds::No, "nobody claims it dead"),
    }
}

fn read_live(name: &'static str, accepted: bool, credential: &CredentialDossier, now: Instant) -> Seen {
    match (accepted, credential.valid_until) {
        (true, Some(until)) if until <= now => Seen::new(name, Holds::No, format!("ended {until}")),
        (true, Some(until)) => Seen::new(name, Holds::Yes, format!("until {until}")).flipping(Some(until)),
        (true, None) => Seen::new(name, Holds::Yes, "no end is set"),
        (false, _) => Seen::new(name, Holds::No, credential.state.as_str()),
    }
}

fn read_weak_hash(name: &'static str, credential: &CredentialDossier) -> Seen {
    let weak = read_text(name, &credential.facts, names::WEAK);
    match (weak.holds, credential.facts.get(names::VERIFIER)) {
        (Holds::No | Holds::Unknown, Some(Fact::Text(verifier))) if verifier == "md5" => {
            Seen::new(name, Holds::Yes, "kept as md5, which is broken quickly")
        }
        (Holds::No, Some(Fact::Unknown(why))) => {
            Seen::new(name, Holds::Unknown, printable(why, SHOWN_CHARS_MAX))
        }
        (Holds::Yes | Holds::No | Holds::Unknown, _) => weak,
    }
}

fn read_same_value(name: &'static str, credential: &CredentialDossier) -> Seen {
    if credential.same_value.is_empty() {
        return Seen::plain(name, false);
    }
    let others: Vec<String> =
        credential.same_value.iter().take(10).map(|other| format!("`{}`", printable(other, 80))).collect();
    Seen::new(name, Holds::Yes, format!("same value as {}", others.join(", ")))
}

fn read_ended(name: &'static str, ended: &[String]) -> Seen {
    if ended.is_empty() {
        return Seen::plain(name, false);
    }
    let ended: Vec<String> = ended.iter().take(10).map(|one| printable(one, SHOWN_CHARS_MAX)).collect();
    Seen::new(name, Holds::Yes, ended.join(", "))
}

/// Whether it bears the name of the dead. Where somebody answers for it, it is there on purpose; what it
/// opens is another question, which its credentials answer.
fn read_name_ended(name: &'static str, dossier: &Dossier, principal: &PrincipalDossier) -> Seen {
    let seen = read_ended(name, &principal.name_ended);
    match seen.holds {
        Holds::Yes if is_owned(dossier) => {
            Seen::new(name, Holds::No, format!("{} before, and an owner answers for this one", seen.says))
        }
        Holds::Yes | Holds::No | Holds::Unknown => seen,
    }
}

/// Whether a live value is older than allowed.
///
/// The value is at least as old as the first sight of it, so an overdue answer is certain; but only
/// where a change would have been seen, that is, where the stored form can be read.
fn read_age(
    name: &'static str,
    dossier: &Dossier,
    credential: &CredentialDossier,
    lines: &Lines<'_>,
) -> Seen {
    match credential.facts.get(names::VERIFIER) {
        Some(Fact::Text(verifier)) if verifier == "none" => {
            return Seen::new(name, Holds::No, "no value is set");
        }
        Some(Fact::Text(_)) => {}
        Some(Fact::Unknown(why)) => return Seen::new(name, Holds::Unknown, printable(why, SHOWN_CHARS_MAX)),
        Some(Fact::Flag(_) | Fact::Number(_) | Fact::At(_) | Fact::Texts(_)) | None => {
            return Seen::new(name, Holds::Unknown, "a change of its value cannot be seen");
        }
    }
    let days_max = lines.thresholds.rotation_days_max;
    let days = dossier.charter.rotation_days.map_or(days_max, |asked| asked.min(days_max));
    let unchanged_since = credential.value_changed_at.unwrap_or(credential.first_seen);
    let due = unchanged_since.plus(days_long(days));
    let says = format!("unchanged since at least {unchanged_since}, {days} days allowed, due {due}");
    if due <= lines.now {
        Seen::new(name, Holds::Yes, says)
    } else {
        Seen::new(name, Holds::No, says).flipping(Some(due))
    }
}

#[cfg(test)]
mod tests {
    use super::SubjectKind;

    #[test]
    fn the_schema_names_exactly_the_facts_there_are() {
        let schema = include_str!("../policies/tenure.cedarschema");
        for kind in SubjectKind::ALL {
            let (_, after) = schema.split_once(&format!("entity {kind} = {{")).unwrap();
            let (body, _) = after.split_once('}').unwrap();
            let named: Vec<&str> =
                body.lines().filter_map(|line| line.trim().strip_suffix(": Bool,")).collect();
            assert_eq!(named, kind.fact_names(), "{kind}");
        }
    }
}
