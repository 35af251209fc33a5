//! Risk: how much an identity could cost, as a sum of four terms that anybody can add up again.
//!
//! Data class and environment are what its charter says; reach is what it was seen to be allowed; exposure is the worst way
//! that was seen by which somebody else could come to use it. What is not known is not guessed: what nobody said has points
//! of its own, what was not seen has none and says so. It must never read a clock, nor decide what follows from a tier.
//! Next: `programme/risk.rs`, the points and lines; `facts/validity.rs`, the cadence.

use crate::{
    dossier::{CredentialDossier, Dossier},
    facts::{CredentialFact, PrincipalFact, Subject, is_seen},
    programme::{Exposure, Reach, RiskRules},
};
use serde::{Deserialize, Serialize};
use tenure_model::{Charter, CredentialState, RiskTier, counted, flag, names, noun};

/// What a principal's facts show of how others could come to use it, the worst first.
const OF_PRINCIPALS: [(Exposure, &[PrincipalFact]); 1] =
    [(Exposure::Open, &[PrincipalFact::PasswordlessRule, PrincipalFact::DefinitionOpen])];
/// The same of credentials.
const OF_CREDENTIALS: [(Exposure, &[CredentialFact]); 3] = [
    (
        Exposure::Open,
        &[
            CredentialFact::Guessable,
            CredentialFact::ReadableByOthers,
            CredentialFact::WritableByOthers,
            CredentialFact::InClear,
            CredentialFact::ValueEndedBefore,
        ],
    ),
    (
        Exposure::Weak,
        &[
            CredentialFact::WeakHash,
            CredentialFact::WeakKey,
            CredentialFact::Unencrypted,
            CredentialFact::SameValueElsewhere,
            CredentialFact::OpensSeveral,
            CredentialFact::ValueInOtherEnvironment,
        ],
    ),
    (Exposure::Endless, &[CredentialFact::Endless, CredentialFact::OlderThanAllowed]),
];

noun! {
    /// What a tier is made of.
    pub enum RiskTermKind as "risk term" {
        /// What the data is that it can reach.
        Data = "data",
        /// Where it runs.
        Environment = "environment",
        /// What it may do.
        Reach = "reach",
        /// How others could come to use it.
        Exposure = "exposure",
    }
}

/// The tier of an identity, with what it is made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Risk {
    /// The tier.
    pub tier: RiskTier,
    /// All points together.
    pub points: u32,
    /// From how many points on it is of this tier; 0 of the lowest.
    pub from: u32,
    /// The terms, in the order in which they are added.
    pub terms: Vec<RiskTerm>,
}

/// One term of a tier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RiskTerm {
    /// Which.
    pub term: RiskTermKind,
    /// How much it adds.
    pub points: u32,
    /// What it rests on, in words.
    pub says: String,
}

/// A tier with where its terms come from, not yet in words: it is weighed at every judgement and read by few people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Weighed {
    pub(crate) tier: RiskTier,
    reach: Reach,
    rights: i64,
    /// Which subject shows the reach, where one alone does.
    reached_by: Option<usize>,
    exposure: Exposure,
    /// Which subject shows the exposure, and by which of its facts.
    exposed_by: Option<(usize, usize)>,
}

/// Weighs an identity. `subjects` are its principals, each followed by its credentials, in the dossier's order. What a
/// system brought with it, and what is not there, has no tier.
pub(crate) fn weigh(dossier: &Dossier, subjects: &[Subject], rules: &RiskRules) -> Option<Weighed> {
    if dossier.built_in || !dossier.principals.iter().any(is_seen) {
        return None;
    }
    let (mut rights, mut reached_by, mut is_known) = (0, None, true);
    let (mut exposure, mut exposed_by) = (Exposure::Little, None);
    let mut subjects = subjects.iter().enumerate();
    for principal in &dossier.principals {
        let of_it = subjects.by_ref().take(1 + principal.credentials.len());
        if !is_seen(principal) {
            of_it.for_each(drop);
            continue;
        }
        rights += principal.grants + principal.owned;
        is_known &= flag(&principal.facts, names::OF_ANOTHER_SYSTEM) != Some(true);
        let credentials = std::iter::once(None).chain(principal.credentials.iter().map(Some));
        for ((place, subject), credential) in of_it.zip(credentials) {
            let shown = match credential {
                None => shown_by_principal(subject),
                Some(credential) => shown_by_credential(subject, credential),
            };
            if shown.everything {
                reached_by.get_or_insert(place);
            }
            if let Some((level, fact)) = shown.exposure.filter(|(level, _)| *level > exposure) {
                (exposure, exposed_by) = (level, Some((place, fact)));
            }
        }
    }
    let reach = match reach_of(reached_by.is_some(), rights, rules) {
        Reach::Nothing | Reach::Some if !is_known => Reach::Unknown,
        reach => reach,
    };
    let points = sum(&dossier.charter, reach, exposure, rules);
    Some(Weighed { tier: rules.tier_of(points), reach, rights, reached_by, exposure, exposed_by })
}

/// What one subject shows.
struct Shown {
    everything: bool,
    /// How others could come to use it, and the fact that shows it.
    exposure: Option<(Exposure, usize)>,
}

fn shown_by_principal(subject: &Subject) -> Shown {
    let holds = holding(subject);
    // A rule that lets it in without a credential lets nobody in where it may not log in.
    let counts = |fact: PrincipalFact| {
        fact != PrincipalFact::PasswordlessRule || !holds(PrincipalFact::ShutOut as usize)
    };
    let exposure = OF_PRINCIPALS.iter().find_map(|(level, facts)| {
        let shows = facts.iter().find(|fact| holds(**fact as usize) && counts(**fact))?;
        Some((*level, *shows as usize))
    });
    Shown { everything: holds(PrincipalFact::Administrator as usize), exposure }
}

fn shown_by_credential(subject: &Subject, credential: &CredentialDossier) -> Shown {
    let holds = holding(subject);
    if credential.state != CredentialState::Live || holds(CredentialFact::Expired as usize) {
        return Shown { everything: false, exposure: None };
    }
    let exposure = OF_CREDENTIALS.iter().find_map(|(level, facts)| {
        let shows = facts.iter().find(|fact| holds(**fact as usize))?;
        Some((*level, *shows as usize))
    });
    Shown { everything: holds(CredentialFact::OpensRoot as usize), exposure }
}

/// Whether the fact at this place holds.
fn holding(subject: &Subject) -> impl Fn(usize) -> bool {
    let bits = subject.bits();
    move |fact| bits >> fact & 1 == 1
}

/// The tier of something that is only asked for: what its charter would let it do, and whether a value of it would lie
/// in a store without ever being changed.
pub fn tier_foreseen(charter: &Charter, is_stored: bool, rules: &RiskRules) -> RiskTier {
    let everything = charter.allowed_scope.iter().any(|scope| scope.trim().trim_matches('*').is_empty());
    let rights = i64::try_from(charter.allowed_scope.len()).unwrap_or(i64::MAX);
    let exposure =
        if is_stored && charter.rotation_days.is_none() { Exposure::Endless } else { Exposure::Little };
    rules.tier_of(sum(charter, reach_of(everything, rights, rules), exposure, rules))
}

fn reach_of(everything: bool, rights: i64, rules: &RiskRules) -> Reach {
    match rights {
        _ if everything => Reach::Everything,
        rights if rights > i64::from(rules.many_rights) => Reach::Many,
        rights if rights > 0 => Reach::Some,
        _ => Reach::Nothing,
    }
}

const fn sum(charter: &Charter, reach: Reach, exposure: Exposure, rules: &RiskRules) -> u32 {
    rules.of_data(charter.data_class)
        + rules.of_environment(charter.environment)
        + rules.of_reach(reach)
        + rules.of_exposure(exposure)
}

impl Weighed {
    /// The same with its terms in words.
    pub(crate) fn in_words(&self, dossier: &Dossier, subjects: &[Subject], rules: &RiskRules) -> Risk {
        let charter = &dossier.charter;
        let unsaid = |what: &str| format!("nobody said {what}");
        let data = charter.data_class.map_or_else(|| unsaid("what its data is"), |data| data.to_string());
        let environment =
            charter.environment.map_or_else(|| unsaid("where it runs"), |where_| where_.to_string());
        let term = |term, points, says| RiskTerm { term, points, says };
        let terms = vec![
            term(RiskTermKind::Data, rules.of_data(charter.data_class), data),
            term(RiskTermKind::Environment, rules.of_environment(charter.environment), environment),
            term(RiskTermKind::Reach, rules.of_reach(self.reach), self.reach_says(subjects, rules)),
            term(RiskTermKind::Exposure, rules.of_exposure(self.exposure), self.exposure_says(subjects)),
        ];
        let from = match self.tier {
            RiskTier::Low => 0,
            RiskTier::Moderate => rules.tiers.moderate,
            RiskTier::High => rules.tiers.high,
            RiskTier::Critical => rules.tiers.critical,
        };
        Risk { tier: self.tier, points: terms.iter().map(|term| term.points).sum(), from, terms }
    }

    fn reach_says(&self, subjects: &[Subject], rules: &RiskRules) -> String {
        let rights = counted(self.rights, "right");
        match (self.reach, self.reached_by.and_then(|place| subjects.get(place))) {
            (Reach::Everything, Some(by)) => format!("everything: {}", by.shown),
            (Reach::Everything, None) => String::from("everything"),
            (Reach::Many, _) => format!("{rights}, more than {}", rules.many_rights),
            (Reach::Some, _) => rights,
            (Reach::Nothing, _) => String::from("no right of it was seen"),
            (Reach::Unknown, _) => String::from("what it may do in its own system is not known here"),
        }
    }

    fn exposure_says(&self, subjects: &[Subject]) -> String {
        let by = self.exposed_by.and_then(|(place, fact)| {
            let subject = subjects.get(place)?;
            Some((subject, subject.seen.get(fact)?))
        });
        match by {
            None => String::from("no way was seen by which others could come to use it"),
            Some((subject, seen)) => {
                format!("{}: {} ({})", self.exposure, subject.shown, seen.name.replace('_', " "))
            }
        }
    }
}
