//! Asking Cedar: may a subject with these facts remain?
//!
//! A policy sees nothing but booleans, so the ruling on one combination of them is the same
//! for ever: it is asked for once and remembered. The memory holds what was met and is
//! emptied when it is full; it is never a second opinion; `Recall` turns it off and a test
//! holds both equal. Next: `judge.rs`, which turns rulings into conditions.

use crate::{facts::SubjectKind, judge::JudgeFailed, policy::Rule, programme::ProgrammeRefused};
use cedar_policy::{
    AuthorizationError, Authorizer, Context, Decision, Entities, Entity, EntityId, EntityTypeName, EntityUid,
    Policy, PolicyId, PolicySet, Request, RestrictedExpression, Schema, ValidationMode, Validator,
};
use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, PoisonError, RwLock},
};
use tenure_model::{PolicyKind, noun};

/// The permit under which everything remains that nothing forbids.
const REMAIN: &str = include_str!("../policies/remain.cedar");
/// What policies may ask.
const SCHEMA: &str = include_str!("../policies/tenure.cedarschema");
/// Facts of one kind of subject: one bit each.
const FACTS_MAX: usize = 64;
/// Combinations remembered for one kind of subject under one reach, about 100 bytes each. Identities are much
/// alike: a million of them show a few hundred.
const REMEMBERED_MAX: usize = 4_096;

noun! {
    /// Whether rulings are remembered.
    pub enum Recall as "recall" {
        /// Each combination of facts is asked for once.
        Remember = "remember",
        /// Cedar is asked every time; for comparison.
        AskEveryTime = "ask_every_time",
    }
}

noun! {
    /// Which policies apply to a subject.
    pub(crate) enum Reach as "reach" {
        /// Hygiene only: not enrolled.
        Hygiene = "hygiene",
        /// Hygiene and governance: enrolled.
        All = "all",
    }
}

impl Reach {
    /// Whether policies of this kind apply.
    pub(crate) const fn includes(self, kind: PolicyKind) -> bool {
        match kind {
            PolicyKind::Hygiene => true,
            PolicyKind::Governance => matches!(self, Self::All),
        }
    }
}

/// What Cedar says about one combination of facts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Ruling {
    /// Policies that forbid, as indices into the rules, ascending.
    pub(crate) failing: Vec<usize>,
    /// Policies that could not be evaluated, and why, ascending.
    pub(crate) erring: Vec<(usize, String)>,
}

/// One kind of subject under one reach: the policies that can speak, and what they said.
#[derive(Debug)]
struct Bench {
    policies: PolicySet,
    remembered: RwLock<HashMap<u64, Arc<Ruling>>>,
}

/// Everything needed to ask.
#[derive(Debug)]
pub(crate) struct Remain {
    recall: Recall,
    ids: Vec<PolicyId>,
    benches: HashMap<(SubjectKind, Reach), Bench>,
    subjects: HashMap<SubjectKind, EntityUid>,
    action: EntityUid,
    resource: EntityUid,
}

impl Remain {
    /// Validates the rules against the schema and prepares to ask.
    pub(crate) fn new(rules: &[Rule], recall: Recall) -> Result<Self, ProgrammeRefused> {
        let faulty = |why: String| ProgrammeRefused::PolicyFaulty { policy: "remain".to_owned(), why };
        let (schema, _) = Schema::from_cedarschema_str(SCHEMA).map_err(|why| faulty(why.to_string()))?;
        let validator = Validator::new(schema);
        let permit =
            Policy::parse(Some(PolicyId::new("remain")), REMAIN).map_err(|why| faulty(why.to_string()))?;
        for rule in rules {
            validate(&validator, rule)?;
        }
        let mut benches = HashMap::new();
        let mut subjects = HashMap::new();
        for kind in SubjectKind::ALL {
            if kind.facts_count() > FACTS_MAX {
                return Err(faulty(format!("{kind} has more than {FACTS_MAX} facts")));
            }
            subjects.insert(*kind, uid(kind.as_str(), "judged").map_err(faulty)?);
            for reach in Reach::ALL {
                benches.insert((*kind, *reach), Bench::new(&permit, rules, *kind, *reach)?);
            }
        }
        Ok(Self {
            recall,
            ids: rules.iter().map(|rule| PolicyId::new(&rule.card.id)).collect(),
            benches,
            subjects,
            action: uid("Action", "remain").map_err(faulty)?,
            resource: uid("Inventory", "this").map_err(faulty)?,
        })
    }

    /// What Cedar says about a subject of this kind with these facts.
    pub(crate) fn rule(
        &self,
        kind: SubjectKind,
        reach: Reach,
        bits: u64,
    ) -> Result<Arc<Ruling>, JudgeFailed> {
        let bench = self
            .benches
            .get(&(kind, reach))
            .ok_or_else(|| JudgeFailed::NotAsked { kind, why: "no policies were prepared".to_owned() })?;
        match self.recall {
            Recall::AskEveryTime => self.ask(bench, kind, bits).map(Arc::new),
            Recall::Remember => match bench.recalled(bits) {
                Some(ruling) => Ok(ruling),
                None => self.ask(bench, kind, bits).map(|ruling| bench.remember(bits, ruling)),
            },
        }
    }

    fn ask(&self, bench: &Bench, kind: SubjectKind, bits: u64) -> Result<Ruling, JudgeFailed> {
        let failed = |why: String| JudgeFailed::NotAsked { kind, why };
        let subject = self.subjects.get(&kind).ok_or_else(|| failed("it has no name in Cedar".to_owned()))?;
        let facts =
            kind.fact_names().into_iter().enumerate().map(|(index, name)| {
                (name.to_owned(), RestrictedExpression::new_bool(bits & (1 << index) != 0))
            });
        let entity = Entity::new(subject.clone(), facts.collect(), HashSet::new())
            .map_err(|why| failed(why.to_string()))?;
        let entities = Entities::from_entities([entity], None).map_err(|why| failed(why.to_string()))?;
        let request =
            Request::new(subject.clone(), self.action.clone(), self.resource.clone(), Context::empty(), None)
                .map_err(|why| failed(why.to_string()))?;
        let response = Authorizer::new().is_authorized(&request, &bench.policies, &entities);
        let index_of = |id: &PolicyId| self.ids.iter().position(|known| known == id);
        let mut ruling = Ruling::default();
        if response.decision() == Decision::Deny {
            ruling.failing = response.diagnostics().reason().filter_map(index_of).collect();
            ruling.failing.sort_unstable();
        }
        for AuthorizationError::PolicyEvaluationError(error) in response.diagnostics().errors() {
            let index = index_of(error.policy_id())
                .ok_or_else(|| failed(format!("`{}` could not be evaluated", error.policy_id())))?;
            ruling.erring.push((index, error.inner().to_string()));
        }
        ruling.erring.sort_unstable();
        // INVARIANT: the one permit has no condition, so a denial comes from a forbid.
        if response.decision() == Decision::Deny && ruling.failing.is_empty() {
            return Err(failed("Cedar denied without naming a policy".to_owned()));
        }
        Ok(ruling)
    }
}

impl Bench {
    fn new(
        permit: &Policy,
        rules: &[Rule],
        kind: SubjectKind,
        reach: Reach,
    ) -> Result<Self, ProgrammeRefused> {
        let mut policies = PolicySet::new();
        let applies = rules
            .iter()
            .filter(|rule| rule.card.enabled && reach.includes(rule.card.kind) && rule.card.subject == kind);
        for policy in std::iter::once(permit).chain(applies.map(|rule| &rule.cedar)) {
            policies.add(policy.clone()).map_err(|why| ProgrammeRefused::PolicyFaulty {
                policy: policy.id().to_string(),
                why: why.to_string(),
            })?;
        }
        Ok(Self { policies, remembered: RwLock::default() })
    }

    fn recalled(&self, bits: u64) -> Option<Arc<Ruling>> {
        // A thread that panics while it holds the lock leaves whole rulings or none.
        self.remembered.read().unwrap_or_else(PoisonError::into_inner).get(&bits).cloned()
    }

    /// Keeps a ruling; whoever asked for the same at the same time keeps an equal one.
    fn remember(&self, bits: u64, ruling: Ruling) -> Arc<Ruling> {
        let ruling = Arc::new(ruling);
        let mut remembered = self.remembered.write().unwrap_or_else(PoisonError::into_inner);
        if remembered.len() >= REMEMBERED_MAX {
            remembered.clear();
        }
        remembered.insert(bits, Arc::clone(&ruling));
        ruling
    }
}

/// Refuses a policy that asks what the schema does not have.
fn validate(validator: &Validator, rule: &Rule) -> Result<(), ProgrammeRefused> {
    let faulty = |why: String| ProgrammeRefused::PolicyFaulty { policy: rule.card.id.clone(), why };
    let alone = PolicySet::from_policies([rule.cedar.clone()]).map_err(|why| faulty(why.to_string()))?;
    let verdict = validator.validate(&alone, ValidationMode::Strict);
    let wrong: Vec<String> = verdict
        .validation_errors()
        .map(ToString::to_string)
        .chain(verdict.validation_warnings().map(ToString::to_string))
        .collect();
    if wrong.is_empty() { Ok(()) } else { Err(faulty(wrong.join("; "))) }
}

/// A name in Cedar.
pub(crate) fn uid(kind: &str, id: &str) -> Result<EntityUid, String> {
    let kind: EntityTypeName = kind.parse().map_err(|why| format!("{why}"))?;
    Ok(EntityUid::from_type_name_and_id(kind, EntityId::new(id)))
}

#[cfg(test)]
mod tests {
    use super::{Bench, REMEMBERED_MAX, Reach, Recall, Remain, Ruling};
    use crate::{facts::SubjectKind, policy, programme::Programme};
    use std::sync::Arc;

    fn bench() -> (Remain, (SubjectKind, Reach)) {
        let rules = policy::read_all(&Programme::default()).unwrap();
        (Remain::new(&rules, Recall::Remember).unwrap(), (SubjectKind::Credential, Reach::All))
    }

    fn held(bench: &Bench) -> usize {
        bench.remembered.read().unwrap().len()
    }

    #[test]
    fn a_ruling_is_asked_for_once_and_the_memory_never_grows_beyond_its_bound() {
        let (remain, key) = bench();
        let first = remain.rule(key.0, key.1, 5).unwrap();
        assert!(Arc::ptr_eq(&first, &remain.rule(key.0, key.1, 5).unwrap()));
        let bench = remain.benches.get(&key).unwrap();
        for bits in 0..3 * REMEMBERED_MAX as u64 {
            bench.remember(bits, Ruling::default());
            assert!(held(bench) <= REMEMBERED_MAX);
        }
        assert_eq!(
            *remain.rule(key.0, key.1, 1 << 22).unwrap(),
            *remain.rule(key.0, key.1, 1 << 22).unwrap()
        );
        assert!(held(bench) <= REMEMBERED_MAX);
    }
}
