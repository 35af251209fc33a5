//! Which plans need which decisions, who decides which step, and that no two steps are one person's.
//!
//! Each setting of a rule has a test that shows what it changes. Next: `exceptions.rs`.

use crate::dossiers::NOW;
use proptest::prelude::*;
use tenure_judge::{
    Approver, DecidedKind, Given, PlanAbout, Programme, ProgrammeFiles, may_decide, undecided,
};
use tenure_model::{Environment, PersonId, PlanKind, RequestKind, RiskTier, Role};

fn rules(text: &str) -> Programme {
    Programme::parse(&format!("version = 1\n{text}")).unwrap()
}

const CLASSES: &str = "[[class]]\nid = \"apps\"\nmatch = [\"name:app\"]\n";

#[test]
fn the_first_rule_that_means_a_plan_says_its_steps() {
    let programme = rules(&format!(
        "{CLASSES}[[approvals.rule]]\nplans = [\"revoke\"]\nclasses = [\"apps\"]\nenvironments = [\"production\"]\n\
         steps = [\"owner\"]\n[[approvals.rule]]\nsteps = [\"administrator\"]\n"
    ));
    let steps = |kind, class, environment| {
        programme
            .approvals
            .steps_for(PlanAbout {
                kind: DecidedKind::Plan(kind),
                class,
                environment,
                tier: None,
                is_settled: true,
            })
            .join(" ")
    };
    let production = Some(Environment::Production);
    // What nobody said, and what was changed lately, is no way out of a rule.
    assert_eq!(steps(PlanKind::Revoke, Some("apps"), None), "owner");
    let lately = PlanAbout {
        kind: DecidedKind::Plan(PlanKind::Revoke),
        class: Some("other"),
        environment: Some(Environment::Test),
        tier: None,
        is_settled: false,
    };
    assert_eq!(programme.approvals.steps_for(lately), ["owner"]);
    assert_eq!(steps(PlanKind::Revoke, Some("apps"), production), "owner");
    for (kind, class, environment) in [
        (PlanKind::Disable, Some("apps"), production),
        (PlanKind::Revoke, Some("other"), production),
        (PlanKind::Revoke, None, production),
        (PlanKind::Revoke, Some("apps"), Some(Environment::Test)),
    ] {
        assert_eq!(steps(kind, class, environment), "administrator", "{kind} {class:?} {environment:?}");
    }
    assert_eq!(
        rules("").approvals.steps_for(PlanAbout {
            kind: DecidedKind::Plan(PlanKind::Revoke),
            class: None,
            environment: None,
            tier: None,
            is_settled: true
        }),
        &[] as &[String]
    );
}

#[test]
fn tiers_say_which_identities_a_rule_means_and_what_is_not_known_is_no_way_out() {
    let programme = rules(
        "[[approvals.rule]]\ntiers = [\"high\", \"critical\"]\nsteps = [\"owner\"]\n\
         [[approvals.rule]]\nsteps = [\"administrator\"]\n",
    );
    let steps = |tier, is_settled| {
        let kind = DecidedKind::Plan(PlanKind::Revoke);
        let about = PlanAbout { kind, class: None, environment: None, tier, is_settled };
        programme.approvals.steps_for(about).join(" ")
    };
    assert_eq!(steps(Some(RiskTier::High), true), "owner");
    assert_eq!(steps(Some(RiskTier::Critical), true), "owner");
    assert_eq!(steps(Some(RiskTier::Moderate), true), "administrator");
    assert_eq!(steps(None, true), "owner", "nobody judged it yet");
    assert_eq!(steps(Some(RiskTier::Low), false), "owner", "what was changed lately");
}

#[test]
fn a_rule_means_plans_requests_or_where_it_names_neither_both() {
    let programme = rules(
        "[[approvals.rule]]\nplans = [\"revoke\"]\nsteps = [\"owner\"]\n\
         [[approvals.rule]]\nrequests = [\"create\"]\nenvironments = [\"production\"]\nsteps = [\"owner\", \"operator\"]\n\
         [[approvals.rule]]\nsteps = [\"administrator\"]\n",
    );
    let steps = |kind, environment| {
        let about =
            PlanAbout { kind, class: None, environment: Some(environment), tier: None, is_settled: true };
        programme.approvals.steps_for(about).join(" ")
    };
    let (plan, request) = (DecidedKind::Plan(PlanKind::Revoke), DecidedKind::Request(RequestKind::Create));
    assert_eq!(steps(plan, Environment::Production), "owner");
    assert_eq!(steps(request, Environment::Production), "owner operator");
    assert_eq!(steps(request, Environment::Test), "administrator");
    assert_eq!(steps(DecidedKind::Plan(PlanKind::Disable), Environment::Production), "administrator");
}

#[test]
fn ends_of_requests_and_stores_that_cannot_be_meant_are_refused() {
    let refused = |text: &str| Programme::parse(&format!("version = 1\n{text}")).unwrap_err().to_string();
    insta::assert_snapshot!(refused("[requests]\ndecided_within_days = 0"), @"`requests.decided_within_days` is 0; it must be from 1 to 90");
    insta::assert_snapshot!(refused("[requests]\nused_within_days = 181"), @"`requests.used_within_days` is 181; it must be from 1 to 180");
    let files = |classes: &str, stores: &str| {
        let files = [("programme.toml", "version = 1\n"), ("classes.toml", classes), ("stores.toml", stores)];
        let files = files.into_iter().map(|(name, text)| (name.to_owned(), text.to_owned())).collect();
        let faults = Programme::read(&ProgrammeFiles(files)).unwrap_err();
        faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    let class = "[[class]]\nid = \"apps\"\nmatch = [\"name:app\"]\napproved_stores = [\"vualt\"]\n";
    insta::assert_snapshot!(files(class, "[[store]]\nid = \"vault\"\nkind = \"vault\"\n"));
    insta::assert_snapshot!(files("", "[[store]]\nid = \"vault\"\nknd = \"vault\"\n"));
    insta::assert_snapshot!(files(
        "",
        "[[store]]\nid = \"a\"\nkind = \"vault\"\n[[store]]\nid = \"a\"\nkind = \"file\"\n"
    ));
    insta::assert_snapshot!(files("", "[[store]]\nid = \"federation\"\nkind = \"file\"\n"));
}

#[test]
fn rules_that_cannot_be_meant_are_refused() {
    let refused = |text: &str| Programme::parse(&format!("version = 1\n{text}")).unwrap_err().to_string();
    let rule = |text: &str| refused(&format!("[[approvals.rule]]\n{text}"));
    insta::assert_snapshot!(refused("[approvals]\nhours = 169"), @"`approvals.hours` is 169; it must be from 1 to 168");
    insta::assert_snapshot!(rule("steps = []"), @"rule 1 has 0 steps; there are 1 to 6");
    insta::assert_snapshot!(rule("steps = [\"auditor\"]"), @"rule 1: `auditor` decides nothing; expected one of: owner, operator, administrator, person:NAME");
    insta::assert_snapshot!(rule("steps = [\"person:ana\", \"person:ana\"]"), @"rule 1: `person:ana` is there twice, and each step is somebody else's");
    insta::assert_snapshot!(rule("classes = [\"aps\"]\nsteps = [\"owner\"]"), @"rule 1: `aps` is no class; the classes are: ");
    insta::assert_snapshot!(rule("steps = [\"owner\"]\n[[approvals.rule]]\nsteps = [\"owner\"]"), @"rule 2 is never reached: rule 1 before it means everything");
}

fn person(number: u8) -> PersonId {
    PersonId::new(NOW, [number; 10])
}

fn approver(number: u8, role: Role, owns: bool) -> Approver<'static> {
    let name = ["ana", "b", "c", "d", "e", "f"][usize::from(number)];
    Approver { person: person(number), for_whom: None, name, role, owns, approves: false }
}

/// The same, in the place of another where one is named: the name and the ownership are then that other's.
fn in_place(number: u8, role: Role, owns: bool, for_whom: Option<u8>) -> Approver<'static> {
    let own = approver(number, role, owns);
    match for_whom.filter(|other| *other != number) {
        None => own,
        Some(other) => {
            Approver { person: own.person, for_whom: Some(person(other)), ..approver(other, role, owns) }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whoever comes in whatever order, as themselves or in another's place, asks, decides and comes again: what is decided
    /// was decided by as many people as there are steps, no two of them with a part of one person in them, each of them who
    /// the step asks for, and none of them whoever asked.
    #[test]
    fn a_plan_is_decided_by_as_many_people_as_it_has_steps(
        steps in proptest::collection::vec(proptest::sample::select(vec!["owner", "operator", "administrator", "person:ana"]), 1..4),
        asked in 0_u8..6,
        comes in proptest::collection::vec(
            (0_u8..6, proptest::sample::select(Role::ALL), any::<bool>(), proptest::option::weighted(0.4, 0_u8..6)),
            0..30,
        ),
    ) {
        let steps: Vec<String> = steps.into_iter().map(str::to_owned).collect();
        let mut given: Vec<Given<'_>> = Vec::new();
        for (who, role, owns, for_whom) in comes {
            let by = in_place(who, role, owns, for_whom);
            if let Ok(step) = may_decide(&steps, &given, Some(person(asked)), &by) {
                prop_assert!(step.is_some());
                given.retain(|one| one.by.person != by.person);
                given.push(Given { by, step, is_emergency: false });
            }
        }
        if undecided(&steps, &given, Some(person(asked))).is_none() {
            prop_assert_eq!(given.len(), steps.len());
            let parts = |one: &Given<'_>| [Some(one.by.person), one.by.for_whom].into_iter().flatten();
            let mut people: Vec<PersonId> = given.iter().flat_map(parts).collect();
            let all = people.len();
            people.sort();
            people.dedup();
            prop_assert_eq!(people.len(), all, "somebody has part in two decisions");
            prop_assert!(!people.contains(&person(asked)));
            for (index, term) in (0_u32..).zip(&steps) {
                let by = given.iter().find(|one| one.step == Some(index)).unwrap().by;
                let fits = match term.as_str() {
                    "owner" => by.owns,
                    _ if by.for_whom.is_some() && ["operator", "administrator"].contains(&term.as_str()) => false,
                    "operator" => matches!(by.role, Role::Operator | Role::Administrator),
                    "administrator" => by.role == Role::Administrator,
                    _ => by.name == "ana",
                };
                prop_assert!(fits, "{} by {:?}", term, by);
            }
        }
    }
}
