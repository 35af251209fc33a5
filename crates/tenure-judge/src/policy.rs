//! The policies of this build: one Cedar file each, with what is said about it.
//!
//! Reading a policy refuses one that lacks an annotation, speaks about no kind of subject,
//! or whose sentences name unknown facts, so that judging never meets a faulty policy.
//! It must never decide anything; Cedar does, in `remain.rs`.

use crate::{
    facts::SubjectKind,
    programme::{Programme, ProgrammeRefused, own_policies::OWN},
    sentence::Sentence,
};
use cedar_policy::{Effect, Policy, PolicyId, PrincipalConstraint};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use tenure_model::{Environment, PolicyKind, Severity, printable};

/// Id and text of every policy, in the order in which conditions are reported.
const POLICIES: [(&str, &str); 37] = [
    ("dead_below_level", include_str!("../policies/dead_below_level.cedar")),
    ("returned_value", include_str!("../policies/returned_value.cedar")),
    ("returned_name", include_str!("../policies/returned_name.cedar")),
    ("unknown_authorized_key", include_str!("../policies/unknown_authorized_key.cedar")),
    ("made_outside", include_str!("../policies/made_outside.cedar")),
    ("gained_outside", include_str!("../policies/gained_outside.cedar")),
    ("passwordless_access", include_str!("../policies/passwordless_access.cedar")),
    ("root_key_unrestricted", include_str!("../policies/root_key_unrestricted.cedar")),
    ("superuser_as_application_role", include_str!("../policies/superuser_as_application_role.cedar")),
    ("writable_by_others", include_str!("../policies/writable_by_others.cedar")),
    ("definition_writable_by_others", include_str!("../policies/definition_writable_by_others.cedar")),
    ("readable_by_others", include_str!("../policies/readable_by_others.cedar")),
    ("assistant_secret_in_clear", include_str!("../policies/assistant_secret_in_clear.cedar")),
    ("weak_or_reused_password", include_str!("../policies/weak_or_reused_password.cedar")),
    ("weak_key", include_str!("../policies/weak_key.cedar")),
    ("expired_or_expiring", include_str!("../policies/expired_or_expiring.cedar")),
    ("unencrypted_private_key", include_str!("../policies/unencrypted_private_key.cedar")),
    ("same_key_several_accounts", include_str!("../policies/same_key_several_accounts.cedar")),
    ("service_account_with_login", include_str!("../policies/service_account_with_login.cedar")),
    ("static_cloud_key", include_str!("../policies/static_cloud_key.cedar")),
    ("assistant_not_pinned", include_str!("../policies/assistant_not_pinned.cedar")),
    ("no_owner", include_str!("../policies/no_owner.cedar")),
    ("charter_ended", include_str!("../policies/charter_ended.cedar")),
    ("not_confirmed", include_str!("../policies/not_confirmed.cedar")),
    ("review_missed", include_str!("../policies/review_missed.cedar")),
    ("past_retirement_trigger", include_str!("../policies/past_retirement_trigger.cedar")),
    ("charter_incomplete", include_str!("../policies/charter_incomplete.cedar")),
    ("end_too_far", include_str!("../policies/end_too_far.cedar")),
    ("credential_kind_not_allowed", include_str!("../policies/credential_kind_not_allowed.cedar")),
    ("cross_environment_use", include_str!("../policies/cross_environment_use.cedar")),
    ("rotation_overdue", include_str!("../policies/rotation_overdue.cedar")),
    ("long_lived_token", include_str!("../policies/long_lived_token.cedar")),
    ("privileged_and_unused", include_str!("../policies/privileged_and_unused.cedar")),
    ("scope_wider_than_charter", include_str!("../policies/scope_wider_than_charter.cedar")),
    ("right_past_its_end", include_str!("../policies/right_past_its_end.cedar")),
    ("human_use", include_str!("../policies/human_use.cedar")),
    ("shared_use", include_str!("../policies/shared_use.cedar")),
];

/// What a policy says about itself, with the programme's overrides applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyCard {
    /// Its stable id, also the name of its file.
    pub id: String,
    /// Whether it needs governance to be true.
    pub kind: PolicyKind,
    /// What it speaks about.
    pub subject: SubjectKind,
    /// The control it serves: an OWASP NHI id such as `NHI7:2025`.
    pub control: String,
    /// The official name of that risk, such as `NHI7:2025 Long-Lived Secrets`.
    pub owasp: String,
    /// How bad it is.
    pub severity: Severity,
    /// The sentence that says what is wrong, with its places.
    pub reason: String,
    /// The sentence that says what to do, with its places.
    pub remedy: String,
    /// The same for systems where something else is to be done, by system: `@remedy_host`.
    pub remedies: BTreeMap<String, String>,
    /// What it is about may be impossible to mend where it is: a constraint may be accepted.
    pub may_be_constrained: bool,
    /// `false` when the programme leaves it out, or does not take in one that is left out on its own.
    pub enabled: bool,
    /// It is the organisation's own, of a file of the programme.
    pub is_own: bool,
    /// Of which identities it is asked.
    pub asked_of: AskedOf,
}

/// Of which identities a policy is asked; of all where nothing is said.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskedOf {
    /// Of these classes, by id; of any where none is named.
    pub classes: Vec<String>,
    /// Of these environments, as the charter says; of any where none is named.
    pub environments: Vec<Environment>,
}

impl AskedOf {
    /// It is asked of every identity.
    pub(crate) const fn is_all(&self) -> bool {
        self.classes.is_empty() && self.environments.is_empty()
    }

    /// Whether it is asked of an identity of this class and environment.
    pub(crate) fn means(&self, class: Option<&str>, environment: Option<Environment>) -> bool {
        (self.classes.is_empty() || class.is_some_and(|class| self.classes.iter().any(|one| one == class)))
            && (self.environments.is_empty()
                || environment.is_some_and(|environment| self.environments.contains(&environment)))
    }

    /// Reads `@classes` and `@environments`.
    fn read(cedar: &Policy, programme: &Programme) -> Result<Self, String> {
        let words = |key: &str| -> Vec<String> {
            let text = cedar.annotation(key).unwrap_or_default();
            text.split(',').map(|word| word.trim().to_owned()).filter(|word| !word.is_empty()).collect()
        };
        for key in ["classes", "environments"] {
            if cedar.annotation(key).is_some() && words(key).is_empty() {
                return Err(format!("`@{key}` names none; leave it out to ask of all"));
            }
        }
        let classes = words("classes");
        if let Some(class) = classes.iter().find(|id| !programme.classes.iter().any(|one| one.id == **id)) {
            let known: Vec<&str> = programme.classes.iter().map(|class| class.id.as_str()).collect();
            return Err(format!(
                "`{}` is no class; the classes are: {}",
                printable(class, 60),
                known.join(", ")
            ));
        }
        let environments = words("environments").into_iter().map(|word| word.parse::<Environment>());
        let environments = environments.collect::<Result<_, _>>().map_err(|why| why.to_string())?;
        Ok(Self { classes, environments })
    }
}

/// A policy ready to be asked.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    pub(crate) card: PolicyCard,
    pub(crate) reason: Sentence,
    remedy: Sentence,
    remedies: BTreeMap<String, Sentence>,
    /// The facts it asks for.
    pub(crate) facts: Vec<&'static str>,
    pub(crate) cedar: Policy,
}

impl Rule {
    /// What to do about it at this kind of system.
    pub(crate) fn remedy_at(&self, system: &str) -> &Sentence {
        self.remedies.get(system).unwrap_or(&self.remedy)
    }
}

/// The ids of the policies of this build.
pub(crate) fn ids() -> impl Iterator<Item = &'static str> {
    POLICIES.iter().map(|(id, _)| *id)
}

/// The controls that the policies of this build serve, each once.
pub(crate) fn controls() -> std::collections::BTreeSet<&'static str> {
    let named = |text: &'static str| text.split_once("@control(\"")?.1.split('"').next();
    POLICIES.iter().filter_map(|(_, text)| named(text)).collect()
}

/// Reads every policy of this build, and then the organisation's own, with the programme's overrides applied.
pub(crate) fn read_all(programme: &Programme) -> Result<Vec<Rule>, ProgrammeRefused> {
    let shipped = POLICIES.iter().map(|(id, text)| read(id, text, programme));
    let own = programme.own_policies.iter().map(|own| read(&own.id, &own.text, programme));
    shipped.chain(own).collect()
}

/// Reads one policy.
/// What a policy may say of itself, beside a remedy for each system.
const ANNOTATIONS: [&str; 11] = [
    "id",
    "kind",
    "control",
    "owasp",
    "severity",
    "reason",
    "remedy",
    "enabled",
    "constraint",
    "classes",
    "environments",
];

fn is_known(annotation: &str) -> bool {
    ANNOTATIONS.contains(&annotation) || annotation.starts_with("remedy_")
}

pub(crate) fn read(id: &str, text: &str, programme: &Programme) -> Result<Rule, ProgrammeRefused> {
    let faulty = |why: String| ProgrammeRefused::PolicyFaulty { policy: id.to_owned(), why };
    let cedar = Policy::parse(Some(PolicyId::new(id)), text).map_err(|parse| faulty(format!("{parse}")))?;
    let said = |key: &str| {
        cedar.annotation(key).map(str::to_owned).ok_or_else(|| faulty(format!("it has no `@{key}`")))
    };
    if let Some((unknown, _)) = cedar.annotations().find(|(key, _)| !is_known(key)) {
        let near = ANNOTATIONS.into_iter().map(|known| (strsim::jaro_winkler(unknown, known), known));
        let near = near.max_by(|one, other| one.0.total_cmp(&other.0)).map_or("id", |(_, known)| known);
        let unknown = printable(unknown, 60);
        return Err(faulty(format!("`@{unknown}` says nothing here; did you mean `@{near}`?")));
    }
    if said("id")? != id {
        return Err(faulty("its `@id` is not the name of its file".to_owned()));
    }
    if cedar.effect() != Effect::Forbid {
        return Err(faulty("it permits; a condition is a `forbid`".to_owned()));
    }
    let subject = subject_of(&cedar).ok_or_else(|| {
        faulty("it must begin `forbid (principal is Identity`, `Principal` or `Credential`".to_owned())
    })?;
    let control = said("control")?;
    let owasp = said("owasp")?;
    if !is_owasp(&control) || !owasp.starts_with(&format!("{control} ")) {
        return Err(faulty("`@control` is written `NHI7:2025` and `@owasp` begins with it".to_owned()));
    }
    let setting = programme.policies.get(id).copied().unwrap_or_default();
    let annotated: Severity = said("severity")?.parse().map_err(|word| faulty(format!("{word}")))?;
    // A policy that is wrong too often is there for whoever wants it, and nobody gets it unasked.
    let enabled = match cedar.annotation("enabled") {
        None => true,
        Some("no") => false,
        Some(_) => return Err(faulty("`@enabled` is written `no` or left out".to_owned())),
    };
    let may_be_constrained = match cedar.annotation("constraint") {
        None => false,
        Some("yes") => true,
        Some(_) => return Err(faulty("`@constraint` is written `yes` or left out".to_owned())),
    };
    let card = PolicyCard {
        id: id.to_owned(),
        kind: said("kind")?.parse().map_err(|word| faulty(format!("{word}")))?,
        subject,
        control,
        owasp,
        severity: setting.severity.unwrap_or(annotated),
        reason: said("reason")?,
        remedy: said("remedy")?,
        remedies: cedar.annotations().filter_map(remedy_of).collect(),
        may_be_constrained,
        enabled: setting.enabled.unwrap_or(enabled),
        is_own: id.starts_with(OWN),
        asked_of: AskedOf::read(&cedar, programme).map_err(faulty)?,
    };
    let sentence = |text: &str| Sentence::parse(text, subject).map_err(|place| faulty(format!("{place}")));
    let facts = asked_for(text, subject);
    let remedies = card.remedies.iter().map(|(system, text)| Ok((system.clone(), sentence(text)?)));
    Ok(Rule {
        reason: sentence(&card.reason)?,
        remedy: sentence(&card.remedy)?,
        remedies: remedies.collect::<Result<_, ProgrammeRefused>>()?,
        card,
        facts,
        cedar,
    })
}

/// `@remedy_host("…")`: the system, and what to do there.
fn remedy_of((key, text): (&str, &str)) -> Option<(String, String)> {
    Some((key.strip_prefix("remedy_")?.to_owned(), text.to_owned()))
}

/// The facts that a policy names: `principal.owned`.
fn asked_for(text: &str, subject: SubjectKind) -> Vec<&'static str> {
    let code: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    let code = code.join("\n");
    let named: Vec<&str> = code
        .split("principal.")
        .skip(1)
        .map(|rest| {
            rest.split(|at: char| !at.is_ascii_alphanumeric() && at != '_').next().unwrap_or_default()
        })
        .collect();
    subject.fact_names().into_iter().filter(|fact| named.contains(fact)).collect()
}

/// The kind of subject in `principal is …`.
fn subject_of(cedar: &Policy) -> Option<SubjectKind> {
    match cedar.principal_constraint() {
        PrincipalConstraint::Is(kind) => kind.to_string().parse().ok(),
        PrincipalConstraint::Any
        | PrincipalConstraint::In(_)
        | PrincipalConstraint::Eq(_)
        | PrincipalConstraint::IsIn(_, _) => None,
    }
}

/// `NHI1:2025` to `NHI10:2025`, as OWASP writes it: no padding, no hyphen.
fn is_owasp(control: &str) -> bool {
    (1..=10).any(|number| control == format!("NHI{number}:2025"))
}

#[cfg(test)]
mod tests {
    use super::{is_owasp, read};
    use crate::programme::{PolicySetting, Programme};

    fn refused(text: &str) -> String {
        read("sample", text, &Programme::default()).unwrap_err().to_string()
    }

    const ANNOTATIONS: &str = r#"@id("sample") @kind("hygiene") @control("NHI1:2025")
        @owasp("NHI1:2025 Improper Offboarding") @severity("low") @reason("{subject}") @remedy("x") "#;

    #[test]
    fn a_faulty_policy_says_what_is_wrong_with_it() {
        let scope = "forbid (principal is Identity, action, resource);";
        let with = |from: &str, to: &str| refused(&format!("{}{scope}", ANNOTATIONS.replace(from, to)));
        insta::assert_snapshot!(refused(scope), @"policy `sample` is faulty: it has no `@id`");
        insta::assert_snapshot!(with("@id(\"sample\")", "@id(\"other\")"),
            @"policy `sample` is faulty: its `@id` is not the name of its file");
        insta::assert_snapshot!(with("hygiene", "habit"),
            @"policy `sample` is faulty: `habit` is not a known policy kind; expected one of: hygiene, governance");
        insta::assert_snapshot!(with("NHI1:2025\"", "NHI-01\""),
            @"policy `sample` is faulty: `@control` is written `NHI7:2025` and `@owasp` begins with it");
        insta::assert_snapshot!(with("@severity", "@enabled(\"false\") @severity"),
            @"policy `sample` is faulty: `@enabled` is written `no` or left out");
        insta::assert_snapshot!(with("@severity", "@constraint(\"maybe\") @severity"),
            @"policy `sample` is faulty: `@constraint` is written `yes` or left out");
        insta::assert_snapshot!(with("{subject}", "{age}"),
            @"policy `sample` is faulty: `{age}` is neither `{subject}` nor a fact of Identity");
        insta::assert_snapshot!(refused(&format!("{ANNOTATIONS} permit (principal is Identity, action, resource);")),
            @"policy `sample` is faulty: it permits; a condition is a `forbid`");
        insta::assert_snapshot!(refused(&format!("{ANNOTATIONS} forbid (principal, action, resource);")),
            @"policy `sample` is faulty: it must begin `forbid (principal is Identity`, `Principal` or `Credential`");
    }

    #[test]
    fn a_policy_left_out_on_its_own_is_taken_in_by_the_programme_alone() {
        let scope = "forbid (principal is Identity, action, resource);";
        let text = format!("@enabled(\"no\") {ANNOTATIONS}{scope}");
        let enabled = |programme: &Programme| read("sample", &text, programme).unwrap().card.enabled;
        let mut programme = Programme::default();
        assert!(!enabled(&programme));
        let setting = PolicySetting { enabled: Some(true), severity: None };
        programme.policies.insert("sample".to_owned(), setting);
        assert!(enabled(&programme));
    }

    #[test]
    fn the_facts_a_policy_asks_for_are_read_off_its_text() {
        let text = format!(
            "// principal.owned in a remark\n{ANNOTATIONS} forbid (principal is Identity, action, resource)\n\
             when {{ principal.present && !principal.built_in }};"
        );
        assert_eq!(read("sample", &text, &Programme::default()).unwrap().facts, ["present", "built_in"]);
        for rule in super::read_all(&Programme::default()).unwrap() {
            assert!(!rule.facts.is_empty(), "{}", rule.card.id);
        }
    }

    #[test]
    fn owasp_ids_are_written_as_owasp_writes_them() {
        assert!(is_owasp("NHI1:2025") && is_owasp("NHI10:2025"));
        for wrong in ["NHI01:2025", "NHI-1", "NHI11:2025", "NHI1", "nhi1:2025"] {
            assert!(!is_owasp(wrong), "{wrong}");
        }
    }
}
