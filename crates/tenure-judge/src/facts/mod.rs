//! From a dossier to the booleans that policies see.
//!
//! Three kinds of subject (identity, principal, credential), each with a closed list of
//! facts. A threshold becomes a boolean with the instant at which it flips; what is not
//! known is `Unknown` and counts as not holding, and is explained. No number, name or time
//! ever reaches a policy. Texts here never depend on `now`, only on which side of a
//! threshold it is, so that nothing changes between two flips. `principal.rs`,
//! `credential.rs`, `uses.rs` and `validity.rs` beside this file read one kind of thing each; `members.rs` says
//! what a fact rests on as a whole, where its text names a few.
//! Next: `remain.rs`, which asks Cedar.

mod credential;
mod members;
mod principal;
mod uses;
mod validity;

use crate::{
    consumer::Pattern,
    dossier::{Dossier, PrincipalDossier},
    programme::{Class, RiskRules, Thresholds, days_long},
    risk::{Weighed, weigh},
};
pub use credential::CredentialFact;
pub(crate) use members::Members;
pub use principal::PrincipalFact;
pub(crate) use principal::{is_governed_by_making, outside};
use std::borrow::Cow;
use tenure_model::{
    Fact, Facts, Instant, Presence, PrincipalKind, ProofLevel, RiskTier, names, noun, printable,
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
        /// Its charter leaves something open that its class asks for.
        CharterIncomplete = "charter_incomplete",
        /// Its charter has no end, or one further ahead than its class allows.
        EndTooFar = "end_too_far",
        /// The end that its charter names has come.
        CharterEnded = "charter_ended",
        /// No owner said within the cadence that it is still as the charter says.
        ConfirmationDue = "confirmation_due",
        /// What its charter names as its end before its day has come.
        RetirementTriggered = "retirement_triggered",
        /// Nobody who was asked in a review decided about it, and nobody did since.
        ReviewMissed = "review_missed",
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

    /// The facts of this kind of subject, each with when it holds.
    pub fn facts(self) -> Vec<(&'static str, &'static str)> {
        match self {
            Self::Identity => IdentityFact::ALL.iter().map(|fact| (fact.as_str(), fact.about())).collect(),
            Self::Principal => PrincipalFact::ALL.iter().map(|fact| (fact.as_str(), fact.about())).collect(),
            Self::Credential => {
                CredentialFact::ALL.iter().map(|fact| (fact.as_str(), fact.about())).collect()
            }
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

    fn flipping_when(self, flips: bool, at: Option<Instant>) -> Self {
        if flips { self.flipping(at) } else { self }
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
    /// The kind of system that holds it; of an identity at several, that of the first.
    pub(crate) system: String,
    /// The place where what is wrong with it is mended, exactly as it was read; what shares it is mended at once.
    pub(crate) cause: Option<String>,
    /// Since when the value of a credential is the same.
    pub(crate) value_since: Option<Instant>,
    pub(crate) seen: Vec<Seen>,
}

impl Subject {
    /// The facts that hold, one bit each.
    pub(crate) fn bits(&self) -> u64 {
        self.seen.iter().rev().fold(0, |bits, seen| (bits << 1) | u64::from(seen.holds == Holds::Yes))
    }
}

/// What reading needs besides the dossier.
pub(crate) struct Lines<'judge> {
    pub(crate) thresholds: &'judge Thresholds,
    pub(crate) administrative: &'judge [Pattern],
    pub(crate) interactive: &'judge [Pattern],
    /// Rights that the charter allows.
    pub(crate) allowed: Vec<Pattern>,
    /// What the programme asks of its kind.
    pub(crate) class: Option<&'judge Class>,
    /// How the programme draws risk tiers.
    pub(crate) risk: &'judge RiskRules,
    /// Every class of the programme.
    pub(crate) classes: &'judge [Class],
    pub(crate) now: Instant,
}

/// Every subject of a dossier with its facts, and what they add up to.
pub(crate) struct ReadFacts {
    /// The identity, then each principal followed by its credentials.
    pub(crate) subjects: Vec<Subject>,
    /// How much it could cost; nothing where that is not asked.
    pub(crate) risk: Option<Weighed>,
}

/// Reads every subject of a dossier. The identity is read last, because how often it is confirmed hangs on the others.
pub(crate) fn read(dossier: &Dossier, lines: &Lines<'_>) -> ReadFacts {
    let credentials: usize = dossier.principals.iter().map(|one| one.credentials.len()).sum();
    let mut subjects = Vec::with_capacity(1 + dossier.principals.len() + credentials);
    for principal in &dossier.principals {
        subjects.push(principal::read(dossier, principal, lines));
        let credentials = principal.credentials.iter();
        subjects
            .extend(credentials.map(|credential| credential::read(dossier, principal, credential, lines)));
    }
    let risk = weigh(dossier, &subjects, lines.risk);
    subjects.insert(0, read_identity(dossier, lines, risk.map(|risk| risk.tier)));
    ReadFacts { subjects, risk }
}

/// The level that counts: the stricter of what the plan and what the programme require.
fn required_level(required: ProofLevel, thresholds: &Thresholds) -> ProofLevel {
    required.max(thresholds.required_proof_level)
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
    Some(format!("not observed any more since {since:#}, when its source was removed; it was present then"))
}

fn is_owned(dossier: &Dossier) -> bool {
    dossier.charter.business_owner.is_some() || dossier.charter.technical_owner.is_some()
}

fn read_identity(dossier: &Dossier, lines: &Lines<'_>, tier: Option<RiskTier>) -> Subject {
    let owned = is_owned(dossier);
    let present = dossier.principals.iter().any(is_seen);
    let unread = dossier.principals.iter().find_map(unread).filter(|_| !present);
    let seen = IdentityFact::ALL.iter().map(|fact| match (fact, &unread) {
        (IdentityFact::Present, Some(unread)) => Seen::new(fact.as_str(), Holds::Unknown, unread.clone()),
        (IdentityFact::Present, None) => Seen::plain(fact.as_str(), present),
        (IdentityFact::BuiltIn, _) => Seen::plain(fact.as_str(), dossier.built_in),
        (IdentityFact::Owned, _) => Seen::plain(fact.as_str(), owned),
        (IdentityFact::CharterIncomplete, _) => read_incomplete(fact.as_str(), dossier, lines),
        (IdentityFact::EndTooFar, _) => read_end_too_far(fact.as_str(), dossier, lines),
        (IdentityFact::CharterEnded, _) => read_charter_ended(fact.as_str(), dossier, lines),
        (IdentityFact::ConfirmationDue, _) => validity::confirmation_due(fact.as_str(), dossier, lines, tier),
        (IdentityFact::RetirementTriggered, _) => {
            validity::retirement_triggered(fact.as_str(), dossier, lines.now)
        }
        (IdentityFact::ReviewMissed, _) => validity::review_missed(fact.as_str(), dossier),
    });
    Subject {
        kind: SubjectKind::Identity,
        key: format!("identity:{}", dossier.identity),
        shown: format!("`{}`", printable(&dossier.name, SHOWN_CHARS_MAX)),
        system: dossier.principals.first().map(|one| one.system.clone()).unwrap_or_default(),
        cause: None,
        value_since: None,
        seen: seen.collect(),
    }
}

/// What its class asks for and its charter does not say.
fn read_incomplete(name: &'static str, dossier: &Dossier, lines: &Lines<'_>) -> Seen {
    let Some(class) = lines.class else { return Seen::new(name, Holds::No, "of no class") };
    let open = class.required.iter().filter(|field| !dossier.charter.answers(**field));
    let open: Vec<&str> = open.map(|field| field.as_str()).collect();
    if open.is_empty() {
        return Seen::new(name, Holds::No, format!("all that class `{}` asks for is answered", class.id));
    }
    Seen::new(name, Holds::Yes, format!("class `{}` asks for {}", class.id, open.join(", ")))
}

fn read_end_too_far(name: &'static str, dossier: &Dossier, lines: &Lines<'_>) -> Seen {
    let Some((class, days)) = lines.class.and_then(|class| Some((class, class.lifetime_days_max?))) else {
        return Seen::new(name, Holds::No, "no class of it limits its lifetime");
    };
    let within = format!("class `{}` allows {} ahead", class.id, tenure_model::counted(days, "day"));
    let Some(ends) = dossier.charter.expires_at else {
        return Seen::new(name, Holds::Yes, format!("its charter names no end; {within}"));
    };
    let near_from = ends.minus(days_long(days));
    if near_from > lines.now {
        Seen::new(name, Holds::Yes, format!("its charter ends {ends:#}; {within}")).flipping(Some(near_from))
    } else {
        Seen::new(name, Holds::No, format!("its charter ends {ends:#}; {within}"))
    }
}

fn read_charter_ended(name: &'static str, dossier: &Dossier, lines: &Lines<'_>) -> Seen {
    match dossier.charter.expires_at {
        None => Seen::new(name, Holds::No, "its charter names no end"),
        Some(ends) if ends <= lines.now => Seen::new(name, Holds::Yes, format!("its charter ended {ends:#}")),
        Some(ends) => Seen::new(name, Holds::No, format!("its charter ends {ends:#}")).flipping(Some(ends)),
    }
}

/// How people know a principal: its source and its name there.
fn bare(principal: &PrincipalDossier) -> String {
    format!("`{}/{}`", printable(&principal.source, 60), printable(&principal.name, SHOWN_CHARS_MAX))
}

/// One fact of a principal or credential as exact text, when it was read.
fn exact(facts: &Facts, fact: &str) -> Option<String> {
    tenure_model::text(facts, fact).filter(|text| !text.is_empty()).map(str::to_owned)
}

fn may_log_in(principal: &PrincipalDossier) -> Holds {
    match (principal.kind, principal.facts.get(names::LOGIN)) {
        (PrincipalKind::Group, _) => Holds::No,
        (_, Some(Fact::Flag(login))) => Holds::when(*login),
        _ => Holds::Unknown,
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

/// A fact of which some sources say only that it is so, and others why.
fn read_news(name: &'static str, facts: &Facts, fact: &str) -> Seen {
    match facts.get(fact) {
        Some(Fact::Flag(holds)) => Seen::plain(name, *holds),
        Some(Fact::Text(_) | Fact::Texts(_) | Fact::Unknown(_) | Fact::Number(_) | Fact::At(_)) | None => {
            read_text(name, facts, fact)
        }
    }
}

/// The few of many that are named, and how many more there are.
pub(crate) fn named(all: &[String], most: usize) -> String {
    let shown: Vec<String> =
        all.iter().take(most).map(|one| format!("`{}`", printable(one, SHOWN_CHARS_MAX))).collect();
    match all.len().checked_sub(most) {
        None | Some(0) => shown.join(", "),
        Some(more) => format!("{} and {more} more", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::SubjectKind;

    #[test]
    fn the_schema_names_exactly_the_facts_there_are() {
        let schema = include_str!("../../policies/tenure.cedarschema");
        for kind in SubjectKind::ALL {
            let (_, after) = schema.split_once(&format!("entity {kind} = {{")).unwrap();
            let (body, _) = after.split_once('}').unwrap();
            let named: Vec<&str> =
                body.lines().filter_map(|line| line.trim().strip_suffix(": Bool,")).collect();
            assert_eq!(named, kind.fact_names(), "{kind}");
        }
    }
}
