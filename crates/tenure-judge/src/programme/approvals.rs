//! Approvals of plans and requests as the programme asks for them: who decides which, in which order.
//!
//! The first rule that means a plan says the steps; each is somebody else's, and never of whoever asked. Where no rule means
//! it, one decision is enough and is recorded as alone. An approval counts only while whoever gave it would still be let
//! give it: everything is asked again when the plan begins. It must never read a clock. Next: `approver.rs`.

use super::{Approver, Class, ProgrammeRefused, approver};
use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;
use tenure_model::{Environment, PersonId, PlanKind, RequestKind, RiskTier, printable};

/// Rules, and steps of one rule, at most.
const RULES_MAX: usize = 50;
const STEPS_MAX: usize = 6;
/// How many hours an approval may wait.
const HOURS: RangeInclusive<u32> = 1..=168;
/// Who may be asked for, beside a person by name.
const KNOWN: [&str; 3] = ["owner", "operator", "administrator"];

/// Who decides which plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ApprovalRules {
    /// How many hours an approval waits for the plan to begin.
    pub hours: u32,
    /// Rules; the first that means a plan counts.
    #[serde(rename = "rule", skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<ApprovalRule>,
}

impl Default for ApprovalRules {
    fn default() -> Self {
        Self { hours: 24, rules: Vec::new() }
    }
}

/// Which plans need which decisions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApprovalRule {
    /// Kinds of plans; where neither these nor requests are named, all of both.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub plans: Vec<PlanKind>,
    /// Kinds of requests.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requests: Vec<RequestKind>,
    /// Classes of identities; any identity when none is named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<String>,
    /// Environments of charters; any when none is named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub environments: Vec<Environment>,
    /// Risk tiers of identities; any when none is named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tiers: Vec<RiskTier>,
    /// Who decides, in order: `owner`, `operator`, `administrator` or `person:NAME`.
    pub steps: Vec<String>,
}

/// An approval that is there.
#[derive(Debug, Clone, Copy)]
pub struct Given<'given> {
    /// Whose.
    pub by: Approver<'given>,
    /// For which step, from 0; nothing where none was asked for when it was given.
    pub step: Option<u32>,
    /// It was given in an emergency, past all steps.
    pub is_emergency: bool,
}

/// What is decided about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecidedKind {
    /// A plan that does this.
    Plan(PlanKind),
    /// A request for this.
    Request(RequestKind),
}

/// A plan or a request as the rules look at it.
#[derive(Debug, Clone, Copy)]
pub struct PlanAbout<'plan> {
    /// What it does, or asks for.
    pub kind: DecidedKind,
    /// The class of its identity.
    pub class: Option<&'plan str>,
    /// The environment of its charter.
    pub environment: Option<Environment>,
    /// Its risk tier.
    pub tier: Option<RiskTier>,
    /// All of it is as it was for a while: what was changed lately, or was never judged, is no way out of a rule.
    pub is_settled: bool,
}

/// Why somebody's approval does not count now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotApproved {
    /// Whoever asked decides no step.
    #[error("whoever asked for a plan decides no step of it; step {step} is decided by {who}")]
    Asked {
        /// The next step, from 1.
        step: u32,
        /// Who decides it.
        who: String,
    },
    /// They decided another step.
    #[error(
        "step {before} of it was decided by you, or in your place; step {step} is decided by somebody else: {who}"
    )]
    Before {
        /// Their step, from 1.
        before: u32,
        /// The next step, from 1.
        step: u32,
        /// Who decides it.
        who: String,
    },
    /// The next step is not theirs.
    #[error("step {step} of it is decided by {who}")]
    NotThis {
        /// The next step, from 1.
        step: u32,
        /// Who decides it.
        who: String,
    },
    /// Nothing is left to decide.
    #[error("every step of it is decided already")]
    Over,
}

impl ApprovalRules {
    /// The steps a plan needs, in order; none where one decision is enough. What is not known, because nobody said it or
    /// because it was changed lately, is taken as what the rule is about.
    pub fn steps_for(&self, plan: PlanAbout<'_>) -> &[String] {
        let means = |rule: &&ApprovalRule| {
            rule.is_about(plan.kind)
                && (rule.classes.is_empty()
                    || !plan.is_settled
                    || plan.class.is_some_and(|class| rule.classes.iter().any(|one| one == class)))
                && (rule.environments.is_empty()
                    || !plan.is_settled
                    || plan.environment.is_none_or(|environment| rule.environments.contains(&environment)))
                && (rule.tiers.is_empty()
                    || !plan.is_settled
                    || plan.tier.is_none_or(|tier| rule.tiers.contains(&tier)))
        };
        self.rules.iter().find(means).map_or(&[], |rule| &rule.steps)
    }
}

impl ApprovalRule {
    fn is_about(&self, kind: DecidedKind) -> bool {
        let all = self.plans.is_empty() && self.requests.is_empty();
        match kind {
            DecidedKind::Plan(kind) => all || self.plans.contains(&kind),
            DecidedKind::Request(kind) => all || self.requests.contains(&kind),
        }
    }
}

/// The first step that nobody decided, from 0; nothing where everything is decided. Each step is somebody else's, and
/// none of whoever asked; whoever decides in another's place is both of them.
pub fn undecided(steps: &[String], given: &[Given<'_>], requested_by: Option<PersonId>) -> Option<u32> {
    if given.iter().any(|one| one.is_emergency) {
        return None;
    }
    if steps.is_empty() {
        return given.is_empty().then_some(0);
    }
    let mut decided_by: Vec<Approver<'_>> = Vec::new();
    for (index, term) in (0_u32..).zip(steps) {
        let decides = |one: &&Given<'_>| {
            one.step == Some(index)
                && approver::stands_on(term, &one.by)
                && requested_by.is_none_or(|asked| !one.by.is(asked))
                && !decided_by.iter().any(|other| other.shares_somebody_with(&one.by))
        };
        match given.iter().find(decides) {
            Some(one) => decided_by.push(one.by),
            None => return Some(index),
        }
    }
    None
}

/// The step that this person decides now, from 0; nothing where one decision is enough.
pub fn may_decide(
    steps: &[String],
    given: &[Given<'_>],
    requested_by: Option<PersonId>,
    by: &Approver<'_>,
) -> Result<Option<u32>, NotApproved> {
    if steps.is_empty() {
        return Ok(None);
    }
    let index = undecided(steps, given, requested_by).ok_or(NotApproved::Over)?;
    let (step, who) = (index + 1, step_in_words(steps, index));
    if requested_by.is_some_and(|asked| by.is(asked)) {
        return Err(NotApproved::Asked { step, who });
    }
    let theirs = given.iter().filter(|one| one.by.shares_somebody_with(by));
    let before = theirs.filter_map(|one| one.step).find(|before| *before < index);
    if let Some(before) = before {
        return Err(NotApproved::Before { before: before + 1, step, who });
    }
    if decides_step(steps, index, by) {
        return Ok(Some(index));
    }
    Err(NotApproved::NotThis { step, who })
}

/// Whether somebody is who a step asks for, apart from what they did before.
pub fn decides_step(steps: &[String], index: u32, by: &Approver<'_>) -> bool {
    let term = usize::try_from(index).ok().and_then(|at| steps.get(at));
    term.is_some_and(|term| approver::stands_on(term, by))
}

/// Who decides a step, in words.
pub fn step_in_words(steps: &[String], index: u32) -> String {
    let term = usize::try_from(index).ok().and_then(|at| steps.get(at));
    term.map_or_else(String::new, |term| approver::in_words(term))
}

/// Everything that is wrong with the rules.
pub(super) fn faults(rules: &ApprovalRules, classes: &[Class]) -> Vec<ProgrammeRefused> {
    let mut faults = Vec::new();
    if !HOURS.contains(&rules.hours) {
        let (min, max) = HOURS.into_inner();
        faults.push(ProgrammeRefused::OutOfRange {
            setting: "approvals.hours",
            given: rules.hours,
            min,
            max,
        });
    }
    let mut unfit =
        |why: String| faults.push(ProgrammeRefused::SettingUnfit { setting: "approvals.rule", why });
    if rules.rules.len() > RULES_MAX {
        unfit(format!("there are {} rules; at most {RULES_MAX} are read", rules.rules.len()));
    }
    let mut means_all: Option<usize> = None;
    for (number, rule) in (1_usize..).zip(rules.rules.iter().take(RULES_MAX)) {
        if let Some(before) = means_all {
            unfit(format!("rule {number} is never reached: rule {before} before it means everything"));
        }
        if rule.plans.is_empty()
            && rule.requests.is_empty()
            && rule.classes.is_empty()
            && rule.environments.is_empty()
            && rule.tiers.is_empty()
        {
            means_all = Some(number);
        }
        if rule.steps.is_empty() || rule.steps.len() > STEPS_MAX {
            unfit(format!("rule {number} has {} steps; there are 1 to {STEPS_MAX}", rule.steps.len()));
        }
        for term in &rule.steps {
            if let Some(why) = approver::fault(term, &KNOWN) {
                unfit(format!("rule {number}: {why}"));
            }
        }
        for (index, term) in rule.steps.iter().enumerate() {
            let is_person = term.contains(':');
            if is_person && rule.steps.iter().take(index).any(|other| other == term) {
                let shown = printable(term, 100);
                unfit(format!("rule {number}: `{shown}` is there twice, and each step is somebody else's"));
            }
        }
        for class in rule.classes.iter().filter(|id| !classes.iter().any(|class| class.id == **id)) {
            let known: Vec<&str> = classes.iter().map(|class| class.id.as_str()).collect();
            let shown = printable(class, 60);
            unfit(format!("rule {number}: `{shown}` is no class; the classes are: {}", known.join(", ")));
        }
    }
    faults
}
