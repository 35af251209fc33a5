//! The judge: a dossier and a time in, a standing, its conditions and the next change out.
//!
//! Cedar decides which conditions fail (`remain.rs`); this file says what that means:
//! grace, standing, and the instant at which the judgement changes by itself. It must
//! never look at a clock; a caller that passes a later `now` gets a later judgement.
//! Next: `authorise.rs`.

use crate::{
    consumer::Pattern,
    dossier::{Dossier, PrincipalDossier, Said, Word},
    facts::{
        Lines, ReadFacts, Subject, SubjectKind, is_governed_by_making, is_seen, is_unproven, outside, read,
        unread,
    },
    grounds::{changed, grounds, held},
    ownership::Traits,
    policy::{PolicyCard, Rule, read_all},
    programme::{Class, ClassReady, Programme, ProgrammeRefused, class_of, class_of_traits},
    remain::{Reach, Recall, Remain},
    risk::{Risk, Weighed},
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use tenure_model::{Grounds, Instant, PolicyKind, Presence, RiskTier, Severity, Standing};

/// Principals in one dossier.
pub const PRINCIPALS_MAX: usize = 1_000;
/// Credentials in one dossier.
pub const CREDENTIALS_MAX: usize = 10_000;
/// Uses in one dossier.
pub const USES_MAX: usize = 100_000;
/// Rights in one dossier.
pub const RIGHTS_MAX: usize = 100_000;

/// When each standing finding was opened, by `(policy, subject)` as in [`FailedCondition`].
pub type OpenSince = BTreeMap<(String, String), Instant>;

/// One condition that fails.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedCondition {
    /// The policy's id; `<id>.error` when the policy could not be evaluated.
    pub policy: String,
    /// Whether it needs governance to be true.
    pub kind: PolicyKind,
    /// The control it serves.
    pub control: String,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, in plain words.
    pub reason: String,
    /// What to do about it.
    pub remedy: String,
    /// Which part of the identity, stable and unique in it: `principal:<id>`.
    pub subject: String,
    /// The place where it is mended, exactly as it was read: what fails by one policy in one place is mended at once.
    #[serde(default)]
    pub cause: Option<String>,
    /// Names of the facts of that part that decided it: those that hold and that the policy asks for.
    #[serde(default)]
    pub rests_on: Vec<String>,
    /// When the finding was opened; `None` when this judgement is the first to see it.
    pub since: Option<Instant>,
    /// When its grace ends, counted from `since`, or from now when it is new.
    pub lapses_at: Instant,
    /// Its grace has ended.
    pub lapsed: bool,
    /// Until when it does not count, because a person said that it is no finding here.
    #[serde(default)]
    pub dismissed_until: Option<Instant>,
    /// Until when it may fail, because somebody who holds that right granted an exception.
    #[serde(default)]
    pub excepted_until: Option<Instant>,
}

impl FailedCondition {
    /// Nobody said that it is none, and nobody permitted it.
    pub const fn counts(&self) -> bool {
        self.dismissed_until.is_none() && self.excepted_until.is_none()
    }
}

/// What a person said of a condition and does not count any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WordEnded {
    /// What was said.
    pub word: Word,
    /// Of which policy.
    pub policy: String,
    /// About which part of the identity.
    pub subject: String,
    /// Why it ended, in plain words.
    pub why: String,
}

/// One boolean a policy could see, with what it rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExplainedFact {
    /// Whose, as in [`FailedCondition::subject`].
    pub subject: String,
    /// Its name in the Cedar schema.
    pub name: String,
    /// `yes`, `no` or `unknown`, and after a colon what that rests on.
    pub value: String,
    /// When it becomes the other by itself.
    pub flips_at: Option<Instant>,
}

/// What the judge says about one identity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judgement {
    /// Its state.
    pub standing: Standing,
    /// How much it could cost; nothing of what a system brought with it, and of what is not there.
    #[serde(default)]
    pub tier: Option<RiskTier>,
    /// What fails, by subject in the dossier's order, then in the order of the policies.
    pub conditions: Vec<FailedCondition>,
    /// What people said and does not count any more: exceptions whose end came, and what ends before its end.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ended: Vec<WordEnded>,
    /// When this judgement changes by itself; `None` when only a new fact can change it.
    pub changes_at: Option<Instant>,
}

/// A judgement with everything it rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExplainedJudgement {
    /// What the judge says.
    #[serde(flatten)]
    pub judgement: Judgement,
    /// What its tier is made of.
    #[serde(default)]
    pub risk: Option<Risk>,
    /// Every fact that was looked at.
    pub explanation: Vec<ExplainedFact>,
}

/// Why there is no judgement. The identity keeps its last one, and the failure is a bug to report.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JudgeFailed {
    /// The dossier is larger than any real identity.
    #[error("the dossier has {given} {what}; at most {max} are judged")]
    DossierTooLarge {
        /// What there is too much of.
        what: &'static str,
        /// How many there are.
        given: usize,
        /// How many are judged.
        max: usize,
    },
    /// Cedar could not be asked.
    #[error("no ruling on {kind}: {why}")]
    NotAsked {
        /// About what.
        kind: SubjectKind,
        /// What happened.
        why: String,
    },
}

/// Every subject of a dossier.
struct Subjects {
    all: Vec<Subject>,
    risk: Option<Weighed>,
    /// Governance applies: claimed, of a class, or part of a system and so its vendor's.
    enrolled: bool,
}

/// Judges dossiers by one programme. Cheap to share between threads; expensive to make.
#[derive(Debug)]
pub struct Judge {
    programme: Programme,
    administrative: Vec<Pattern>,
    interactive: Vec<Pattern>,
    classes: Vec<ClassReady>,
    rules: Vec<Rule>,
    remain: Remain,
}

impl Judge {
    /// Reads and validates every policy once, for this programme.
    pub fn new(programme: &Programme) -> Result<Self, ProgrammeRefused> {
        Self::with_recall(programme, Recall::Remember)
    }

    /// As [`Judge::new`]; `recall` says whether rulings are remembered. The answers are the same.
    pub fn with_recall(programme: &Programme, recall: Recall) -> Result<Self, ProgrammeRefused> {
        programme.check()?;
        Self::with_rules(programme, read_all(programme)?, recall)
    }

    pub(crate) fn with_rules(
        programme: &Programme,
        rules: Vec<Rule>,
        recall: Recall,
    ) -> Result<Self, ProgrammeRefused> {
        let patterns = |given: &[String]| given.iter().map(|pattern| Pattern::new(pattern)).collect();
        Ok(Self {
            programme: programme.clone(),
            administrative: patterns(&programme.thresholds.administrative_consumers),
            interactive: patterns(&programme.thresholds.interactive_consumers),
            classes: programme.classes.iter().map(ClassReady::of).collect(),
            remain: Remain::new(&rules, recall)?,
            rules,
        })
    }

    /// How long a condition of this severity may fail before the identity lapses.
    pub fn grace(&self, severity: Severity) -> std::time::Duration {
        self.programme.thresholds.grace_days.of(severity)
    }

    /// What each policy says about itself, enabled or not, in the order conditions are reported.
    pub fn policies(&self) -> impl Iterator<Item = &PolicyCard> {
        self.rules.iter().map(|rule| &rule.card)
    }

    /// The class of an identity; nothing where none means it, or where its vendor owns it.
    pub fn class_of(&self, dossier: &Dossier) -> Option<&Class> {
        class_of(&self.classes, dossier)
    }

    /// The class that something would be of that is only described.
    pub fn class_foreseen(&self, traits: &Traits) -> Option<&Class> {
        class_of_traits(&self.classes, traits)
    }

    /// Judges one identity. `open_since` holds when its standing findings were opened.
    pub fn judge(
        &self,
        dossier: &Dossier,
        open_since: &OpenSince,
        now: Instant,
    ) -> Result<Judgement, JudgeFailed> {
        self.judge_subjects(dossier, &self.subjects(dossier, now)?, open_since, now)
    }

    /// As [`Judge::judge`], with every fact in words: for a person who asks why.
    pub fn explain(
        &self,
        dossier: &Dossier,
        open_since: &OpenSince,
        now: Instant,
    ) -> Result<ExplainedJudgement, JudgeFailed> {
        let subjects = self.subjects(dossier, now)?;
        let judgement = self.judge_subjects(dossier, &subjects, open_since, now)?;
        let risk = subjects.risk.map(|risk| {
            risk.in_words(dossier, subjects.all.get(1..).unwrap_or_default(), &self.programme.risk)
        });
        Ok(ExplainedJudgement { judgement, risk, explanation: explain(subjects.all) })
    }

    /// Every subject of the dossier with its facts, and whether governance applies.
    fn subjects(&self, dossier: &Dossier, now: Instant) -> Result<Subjects, JudgeFailed> {
        check_size(dossier)?;
        let lines = self.lines(dossier, now);
        let enrolled = dossier.enrolled
            || dossier.built_in
            || lines.class.is_some()
            || is_governed_by_making(dossier, lines.classes);
        let ReadFacts { subjects, risk } = read(dossier, &lines);
        Ok(Subjects { all: subjects, risk, enrolled })
    }

    fn judge_subjects(
        &self,
        dossier: &Dossier,
        Subjects { all: subjects, risk, enrolled }: &Subjects,
        open_since: &OpenSince,
        now: Instant,
    ) -> Result<Judgement, JudgeFailed> {
        let reach = if *enrolled { Reach::All } else { Reach::Hygiene };
        let case = Case { dossier, open_since, now };
        let is_asked = |rule: &Rule| {
            // Which class it is of is looked up only where somebody asks.
            rule.card.asked_of.is_all()
                || rule
                    .card
                    .asked_of
                    .means(self.class_of(dossier).map(|class| class.id.as_str()), dossier.charter.environment)
        };
        let mut heard = Heard { conditions: Vec::new(), permitted: Vec::new(), ended: over(dossier, now) };
        for subject in subjects {
            let ruling = self.remain.rule(subject.kind, reach, subject.bits())?;
            let failing = ruling.failing.iter().filter_map(|index| self.rules.get(*index));
            for rule in failing.filter(|rule| is_asked(rule)) {
                self.failed(rule, subject, &case, &mut heard);
            }
            for (index, why) in &ruling.erring {
                if let Some(rule) = self.rules.get(*index).filter(|rule| is_asked(rule)) {
                    self.erred(rule, why, subject, &case, &mut heard);
                }
            }
        }
        let asked = |policy: &str| {
            let rule = self.rules.iter().find(|rule| rule.card.id == policy);
            rule.is_some_and(|rule| rule.card.enabled && reach.includes(rule.card.kind) && is_asked(rule))
        };
        heard.end_what_nothing_makes_up_for(asked);
        let Heard { conditions, ended, .. } = heard;
        let flips = subjects.iter().flat_map(|subject| subject.seen.iter().filter_map(|seen| seen.flips_at));
        let lapses = conditions.iter().map(|condition| condition.lapses_at).filter(|at| *at > now);
        let returns = conditions.iter().filter_map(|condition| condition.dismissed_until);
        // An exception ends also where its condition does not fail any more: that is written down, too.
        let ends = dossier.said.iter().filter(|said| said.is_exception() && said.ends_at > now);
        let ends = ends.map(|said| said.ends_at);
        let changes_at = flips.chain(lapses).chain(returns).chain(ends).min();
        let standing = self.standing(dossier, *enrolled, &conditions);
        Ok(Judgement { standing, tier: risk.map(|risk| risk.tier), conditions, ended, changes_at })
    }

    /// What a finding of this policy about this subject rests on now; `None` when there is no such policy or subject.
    pub fn grounds(&self, dossier: &Dossier, policy: &str, subject: &str, now: Instant) -> Option<Grounds> {
        // A policy that cannot be evaluated fails under a name of its own.
        let id = policy.strip_suffix(".error").unwrap_or(policy);
        let rule = self.rules.iter().find(|rule| rule.card.id == id)?;
        let lines = self.lines(dossier, now);
        let subjects = read(dossier, &lines).subjects;
        subjects.iter().find(|one| one.key == subject).map(|one| grounds(rule, one, dossier, &lines))
    }

    /// The rights of one of its principals that the charter does not allow.
    pub(crate) fn rights_outside(
        &self,
        dossier: &Dossier,
        principal: &PrincipalDossier,
        now: Instant,
    ) -> Vec<String> {
        let lines = self.lines(dossier, now);
        if lines.allowed.is_empty() { Vec::new() } else { outside(principal, &lines) }
    }

    fn lines(&self, dossier: &Dossier, now: Instant) -> Lines<'_> {
        Lines {
            thresholds: &self.programme.thresholds,
            administrative: &self.administrative,
            interactive: &self.interactive,
            allowed: dossier.charter.allowed_scope.iter().map(|scope| Pattern::new(scope)).collect(),
            class: self.class_of(dossier),
            risk: &self.programme.risk,
            classes: &self.programme.classes,
            now,
        }
    }

    /// Adds the condition that this policy fails on this subject, with what people said of it.
    fn failed<'case>(&self, rule: &Rule, subject: &Subject, case: &Case<'case>, heard: &mut Heard<'case>) {
        let (card, now) = (&rule.card, case.now);
        let key = (card.id.clone(), subject.key.clone());
        let since = case.open_since.get(&key).copied();
        let lapses_at = since.unwrap_or(now).plus(self.programme.thresholds.grace_days.of(card.severity));
        let said = self.stands(rule, subject, case, &mut heard.ended);
        let until = |is_exception: bool| {
            said.filter(|said| said.is_exception() == is_exception).map(|said| said.ends_at)
        };
        if let Some(said) = said {
            heard.permitted.push((heard.conditions.len(), said));
        }
        heard.conditions.push(FailedCondition {
            policy: key.0,
            kind: card.kind,
            control: card.control.clone(),
            severity: card.severity,
            reason: rule.reason.fill(subject),
            remedy: rule.remedy_at(&subject.system).fill(subject),
            subject: key.1,
            cause: subject.cause.clone(),
            rests_on: held(rule, subject).map(|seen| seen.name.to_owned()).collect(),
            since,
            lapses_at,
            lapsed: lapses_at <= now,
            dismissed_until: until(false),
            excepted_until: until(true),
        });
    }

    /// What a person said of this condition and stands: the one that ends last. What ended before its end is added to `ended`.
    fn stands<'case>(
        &self,
        rule: &Rule,
        subject: &Subject,
        case: &Case<'case>,
        ended: &mut Vec<WordEnded>,
    ) -> Option<&'case Said> {
        let mut stands: Option<&Said> = None;
        let about =
            |one: &&Said| one.policy == rule.card.id && one.subject == subject.key && one.ends_at > case.now;
        for said in case.dossier.said.iter().filter(about) {
            // Of an exception that counts for nothing it is said whether or not its condition fails.
            if said.is_exception() && said.void.is_some() {
                continue;
            }
            match self.why_over(said, rule, subject, case) {
                Some(why) => ended.push(WordEnded::of(said, why)),
                None if stands.is_none_or(|other| other.ends_at < said.ends_at) => stands = Some(said),
                None => {}
            }
        }
        stands
    }

    /// Why a person's word does not count any more, if it does not: they have left, or what it was about changed.
    fn why_over(&self, said: &Said, rule: &Rule, subject: &Subject, case: &Case<'_>) -> Option<String> {
        let other = || {
            let then = said.rested_on.as_ref()?;
            changed(then, &grounds(rule, subject, case.dossier, &self.lines(case.dossier, case.now)))
        };
        said.void.clone().or_else(other)
    }

    /// A policy that cannot be evaluated counts as failed (law 9).
    fn erred<'case>(
        &self,
        rule: &Rule,
        why: &str,
        subject: &Subject,
        case: &Case<'case>,
        heard: &mut Heard<'case>,
    ) {
        let mut broken = rule.clone();
        broken.card.id = format!("{}.error", rule.card.id);
        self.failed(&broken, subject, case, heard);
        if let Some(condition) = heard.conditions.last_mut() {
            condition.reason =
                format!("policy `{}` could not be evaluated on {}: {why}", rule.card.id, subject.shown);
            condition.remedy = String::from("mend the policy; until then it counts as failed");
        }
    }

    /// From what is known of life and death, then whose it is, then what fails.
    fn standing(&self, dossier: &Dossier, enrolled: bool, conditions: &[FailedCondition]) -> Standing {
        let thresholds = &self.programme.thresholds;
        let principals = &dossier.principals;
        let counts = || conditions.iter().filter(|condition| condition.counts());
        if principals.iter().any(|principal| is_unproven(principal, thresholds)) {
            Standing::Unproven
        } else if !principals.is_empty() && principals.iter().all(|p| p.presence == Presence::Retired) {
            Standing::Retired
        } else if !principals.iter().any(is_seen) {
            // What was there when nobody looked any more did not vanish.
            if principals.iter().any(|one| unread(one).is_some()) {
                Standing::Unobserved
            } else {
                Standing::Gone
            }
        } else if !enrolled {
            Standing::Unclaimed
        } else if counts().any(|condition| condition.lapsed) {
            Standing::Lapsed
        } else if counts().next().is_some() {
            Standing::Due
        } else if conditions.iter().any(|condition| condition.excepted_until.is_some()) {
            Standing::Excepted
        } else {
            Standing::Sound
        }
    }
}

/// What one judgement looks at.
struct Case<'case> {
    dossier: &'case Dossier,
    open_since: &'case OpenSince,
    now: Instant,
}

/// What fails, and what people said of it.
struct Heard<'case> {
    conditions: Vec<FailedCondition>,
    /// Conditions, by their place, that do not count because of what was said.
    permitted: Vec<(usize, &'case Said)>,
    ended: Vec<WordEnded>,
}

impl Heard<'_> {
    /// An exception stands while what was to hold instead is asked and holds. What is dismissed is no finding and holds;
    /// what is itself excepted, or cannot be evaluated, does not.
    fn end_what_nothing_makes_up_for(&mut self, asked: impl Fn(&str) -> bool) {
        let failing: BTreeSet<String> = self
            .conditions
            .iter()
            .filter(|one| one.dismissed_until.is_none())
            .map(|one| one.policy.strip_suffix(".error").unwrap_or(&one.policy).to_owned())
            .collect();
        for (place, said) in &self.permitted {
            let why = said.instead.iter().find_map(|policy| {
                if failing.contains(policy) {
                    Some(format!("`{policy}` fails, which was to hold instead"))
                } else if asked(policy) {
                    None
                } else {
                    Some(format!("`{policy}` was to hold instead, and is not asked of this identity"))
                }
            });
            let (Some(why), Some(condition)) = (why, self.conditions.get_mut(*place)) else { continue };
            condition.excepted_until = None;
            self.ended.push(WordEnded::of(said, why));
        }
    }
}

impl Said {
    const fn is_exception(&self) -> bool {
        matches!(self.word, Word::Exception(_))
    }
}

impl WordEnded {
    fn of(said: &Said, why: String) -> Self {
        Self { word: said.word, policy: said.policy.clone(), subject: said.subject.clone(), why }
    }
}

/// Exceptions that are over whether or not their condition fails: their end came, or who granted them left.
fn over(dossier: &Dossier, now: Instant) -> Vec<WordEnded> {
    let exceptions = dossier.said.iter().filter(|said| said.is_exception());
    exceptions
        .filter_map(|said| {
            let came = (said.ends_at <= now).then(|| String::from("its end came"));
            Some(WordEnded::of(said, came.or_else(|| said.void.clone())?))
        })
        .collect()
}

fn check_size(dossier: &Dossier) -> Result<(), JudgeFailed> {
    let credentials = dossier.principals.iter().map(|principal| principal.credentials.len()).sum();
    let uses = dossier.principals.iter().map(|principal| principal.uses.len()).sum();
    let rights = dossier.principals.iter().map(|principal| principal.rights.len()).sum();
    let rows = [
        ("principals", dossier.principals.len(), PRINCIPALS_MAX),
        ("credentials", credentials, CREDENTIALS_MAX),
        ("uses", uses, USES_MAX),
        ("rights", rights, RIGHTS_MAX),
    ];
    match rows.into_iter().find(|(_, given, max)| given > max) {
        Some((what, given, max)) => Err(JudgeFailed::DossierTooLarge { what, given, max }),
        None => Ok(()),
    }
}

fn explain(subjects: Vec<Subject>) -> Vec<ExplainedFact> {
    let mut explanation = Vec::with_capacity(subjects.iter().map(|subject| subject.seen.len()).sum());
    for subject in subjects {
        for seen in subject.seen {
            let word = seen.holds.word();
            let value = if seen.says.is_empty() { word.to_owned() } else { format!("{word}: {}", seen.says) };
            explanation.push(ExplainedFact {
                subject: subject.key.clone(),
                name: seen.name.to_owned(),
                value,
                flips_at: seen.flips_at,
            });
        }
    }
    explanation
}

#[cfg(test)]
mod tests {
    use super::{Judge, OpenSince};
    use crate::{dossier::Dossier, policy, programme::Programme, remain::Recall};
    use tenure_model::{Charter, IdentityId, Instant, PersonId, Severity, Standing};

    /// Overflows while it is evaluated, which no validation can foresee.
    const BROKEN: &str = r#"
        @id("broken") @kind("governance") @control("NHI1:2025") @owasp("NHI1:2025 Improper Offboarding")
        @severity("critical") @reason("{subject} is broken") @remedy("none")
        forbid (principal is Identity, action == Action::"remain", resource)
        when { principal.owned && 9223372036854775807 + 1 == 0 };"#;

    fn judge_with(text: &str) -> Result<Judge, String> {
        let programme = Programme::default();
        let rule = policy::read("broken", text, &programme).map_err(|refused| refused.to_string())?;
        Judge::with_rules(&programme, vec![rule], Recall::Remember).map_err(|refused| refused.to_string())
    }

    #[test]
    fn a_policy_that_cannot_be_evaluated_is_a_condition_of_its_own() {
        let judge = judge_with(BROKEN).unwrap();
        let now = Instant::from_micros(1_795_262_458_000_000);
        let principal = serde_json::from_value(serde_json::json!({
            "id": "019ab000-0000-7000-8000-000000000001", "name": "app", "source": "pg-main",
            "system": "postgres", "kind": "account", "presence": "present", "facts": {}, "credentials": [],
            "uses": [], "use_coverage": null, "claimed_dead": null, "grants": 0, "owned": 0,
        }));
        let dossier = Dossier {
            identity: IdentityId::new(now, [1; 10]),
            name: "app".to_owned(),
            enrolled: true,
            built_in: false,
            new_since_baseline: false,
            said: Vec::new(),
            validity: crate::dossier::Validity::default(),
            charter: Charter { business_owner: Some(PersonId::new(now, [2; 10])), ..Charter::default() },
            principals: vec![principal.unwrap()],
        };
        for _remembered in [false, true] {
            let judgement = judge.judge(&dossier, &OpenSince::new(), now).unwrap();
            assert_eq!(judgement.standing, Standing::Due);
            let [condition] = judgement.conditions.as_slice() else { panic!("{judgement:?}") };
            assert_eq!((condition.policy.as_str(), condition.severity), ("broken.error", Severity::Critical));
            insta::allow_duplicates! {
                insta::assert_snapshot!(condition.reason, @"policy `broken` could not be evaluated on `app`: integer overflow while attempting to add the values `9223372036854775807` and `1`");
            }
        }
    }

    #[test]
    fn a_policy_that_asks_what_the_schema_does_not_have_is_refused_at_the_start() {
        let refused = judge_with(&BROKEN.replace("principal.owned", "principal.age_days > 3")).unwrap_err();
        assert!(refused.starts_with("policy `broken` is faulty: "), "{refused}");
        assert!(refused.contains("age_days"), "{refused}");
    }
}
