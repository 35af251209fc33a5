//! What Tenure recommends of an identity that is looked at, with the facts each reason rests on.
//!
//! A judgement in, a recommendation out; pure. Non-use counts only where every use would have been seen; what cannot be
//! known is said and counts for nothing. It must never recommend to keep what fails badly, nor decide anything: a person
//! does, and may decide otherwise with a reason. Next: `tenure-engine/src/verbs/reviews`.

use crate::{
    dossier::Dossier,
    facts::{IdentityFact, PrincipalFact},
    judge::{ExplainedFact, ExplainedJudgement, FailedCondition, Judge},
    silence::{Use, said, use_of},
};
use serde::{Deserialize, Serialize};
use tenure_model::{CredentialId, Instant, ReviewAnswer, Severity, printable};

/// Facts that cannot be known, as many as are said.
const NOT_KNOWN_MAX: usize = 8;
/// Rights that are named, at most.
const RIGHTS_NAMED_MAX: usize = 200;
/// Characters of a fact in words.
const SAYS_CHARS_MAX: usize = 400;

/// What Tenure recommends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recommendation {
    /// What.
    pub answer: ReviewAnswer,
    /// Why: those that ask for it first, then what else is to be done.
    pub reasons: Vec<RecommendedBecause>,
    /// What would count and cannot be known, in words.
    pub not_known: Vec<String>,
    /// Rights that it should lose, in the words of its source: `DROP on shop/table/public.orders`.
    pub rights: Vec<String>,
    /// Credentials whose values should be others.
    pub credentials: Vec<CredentialId>,
}

/// One reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecommendedBecause {
    /// What it asks for.
    pub answer: ReviewAnswer,
    /// The policy that fails, or the fact that holds.
    pub code: String,
    /// The facts it rests on, in words.
    pub says: String,
    /// How bad it is; of a fact that is no finding nothing.
    pub severity: Option<Severity>,
}

/// What a finding asks for. Nothing where the review itself answers it.
///
/// A policy that is not listed is of another build: what it says is about a credential is mended by another value, everything
/// else by less.
fn asked_by(condition: &FailedCondition) -> Option<ReviewAnswer> {
    use ReviewAnswer::{Narrow, Reassign, Retire, Rotate};
    Some(match condition.policy.as_str() {
        "not_confirmed" | "review_missed" => return None,
        "past_retirement_trigger"
        | "charter_ended"
        | "dead_below_level"
        | "returned_name"
        | "made_outside" => Retire,
        "no_owner" | "charter_incomplete" => Reassign,
        "rotation_overdue"
        | "weak_or_reused_password"
        | "weak_key"
        | "expired_or_expiring"
        | "long_lived_token"
        | "static_cloud_key"
        | "unencrypted_private_key"
        | "returned_value"
        | "readable_by_others"
        | "writable_by_others"
        | "same_key_several_accounts"
        | "assistant_secret_in_clear"
        | "passwordless_access"
        | "cross_environment_use"
        | "credential_kind_not_allowed"
        | "unknown_authorized_key" => Rotate,
        "scope_wider_than_charter"
        | "gained_outside"
        | "right_past_its_end"
        | "privileged_and_unused"
        | "superuser_as_application_role"
        | "service_account_with_login"
        | "root_key_unrestricted"
        | "definition_writable_by_others"
        | "assistant_not_pinned"
        | "human_use"
        | "shared_use"
        | "end_too_far" => Narrow,
        _ if condition.subject.starts_with("credential:") => Rotate,
        _ => Narrow,
    })
}

/// What weighs most comes first: there is no use in narrowing what ends.
const fn weight(answer: ReviewAnswer) -> u8 {
    match answer {
        ReviewAnswer::Retire => 0,
        ReviewAnswer::Reassign => 1,
        ReviewAnswer::Rotate => 2,
        ReviewAnswer::Narrow => 3,
        ReviewAnswer::Keep => 4,
    }
}

impl Judge {
    /// What to recommend of an identity, from what was judged of it at `now`.
    pub fn recommend(
        &self,
        dossier: &Dossier,
        explained: &ExplainedJudgement,
        now: Instant,
    ) -> Recommendation {
        let counting: Vec<&FailedCondition> =
            explained.judgement.conditions.iter().filter(|one| one.counts()).collect();
        let mut reasons: Vec<RecommendedBecause> =
            counting.iter().filter_map(|one| of_finding(one)).collect();
        reasons.extend(of_facts(dossier, &explained.explanation));
        reasons.sort_by(|one, other| {
            let by = |reason: &RecommendedBecause| (weight(reason.answer), reason.code.clone());
            by(one).cmp(&by(other)).then_with(|| one.says.cmp(&other.says))
        });
        let answer = reasons.first().map_or(ReviewAnswer::Keep, |reason| reason.answer);
        if reasons.is_empty() {
            reasons.push(RecommendedBecause {
                answer: ReviewAnswer::Keep,
                code: String::from("nothing_fails"),
                says: String::from("nothing that counts fails, and nothing says that it is not needed"),
                severity: None,
            });
        }
        Recommendation {
            answer,
            reasons,
            not_known: not_known(&explained.explanation),
            rights: self.rights_to_lose(dossier, now),
            credentials: to_rotate(dossier, &counting),
        }
    }

    /// Rights outside of what the charter allows, each once.
    fn rights_to_lose(&self, dossier: &Dossier, now: Instant) -> Vec<String> {
        let mut rights: Vec<String> =
            dossier.principals.iter().flat_map(|one| self.rights_outside(dossier, one, now)).collect();
        rights.sort();
        rights.dedup();
        rights.truncate(RIGHTS_NAMED_MAX);
        rights
    }
}

fn of_finding(condition: &FailedCondition) -> Option<RecommendedBecause> {
    Some(RecommendedBecause {
        answer: asked_by(condition)?,
        code: condition.policy.clone(),
        says: printable(&condition.reason, SAYS_CHARS_MAX),
        severity: Some(condition.severity),
    })
}

/// What is no finding and weighs all the same: nobody uses it, its owner said that it is not needed, nobody answers for it.
fn of_facts(dossier: &Dossier, explanation: &[ExplainedFact]) -> Vec<RecommendedBecause> {
    let mut reasons = Vec::new();
    let mut add = |answer, code: &str, says: String| {
        reasons.push(RecommendedBecause { answer, code: code.to_owned(), says, severity: None });
    };
    if let Use::None(says) = use_of(explanation) {
        add(ReviewAnswer::Retire, "unused", says);
    }
    if let Some(confirmed) = &dossier.validity.confirmed
        && let Some(denied) = &confirmed.denied
        && confirmed.void.is_none()
    {
        let says = format!("asked {:#}, a person said that {}", confirmed.at, printable(denied, 200));
        let answer = if denied.contains("needed") { ReviewAnswer::Retire } else { ReviewAnswer::Narrow };
        add(answer, "denied", says);
    }
    let owners = [dossier.charter.business_owner, dossier.charter.technical_owner];
    if owners.iter().all(Option::is_none) && !dossier.built_in {
        let says = String::from("nobody answers for it: its charter names no owner");
        add(ReviewAnswer::Reassign, "nobody_answers", says);
    }
    reasons
}

/// Facts about need and use that cannot be known, each sentence once.
fn not_known(explanation: &[ExplainedFact]) -> Vec<String> {
    let weighs = [
        (PrincipalFact::Unused.as_str(), "whether it is used"),
        (IdentityFact::RetirementTriggered.as_str(), "whether what ends it has come"),
        (PrincipalFact::Administrator.as_str(), "whether it may do everything"),
    ];
    let mut not_known = Vec::new();
    for fact in explanation.iter().filter(|fact| fact.value.starts_with("unknown")) {
        let Some((_, what)) = weighs.iter().find(|(name, _)| *name == fact.name) else { continue };
        let says = format!("{what} is not known: {}", said(fact));
        if !not_known.contains(&says) && not_known.len() < NOT_KNOWN_MAX {
            not_known.push(says);
        }
    }
    not_known
}

/// Credentials that findings ask to rotate; of a principal that is asked to, all of its own.
fn to_rotate(dossier: &Dossier, counting: &[&FailedCondition]) -> Vec<CredentialId> {
    let asked = |subject: &str| {
        counting.iter().any(|one| one.subject == subject && asked_by(one) == Some(ReviewAnswer::Rotate))
    };
    let mut named = Vec::new();
    for principal in &dossier.principals {
        let all = asked(&format!("principal:{}", principal.id));
        let of_it = principal.credentials.iter();
        named.extend(of_it.filter(|one| all || asked(&format!("credential:{}", one.id))).map(|one| one.id));
    }
    named
}
