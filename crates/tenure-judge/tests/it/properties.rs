//! What must hold for every dossier, including nonsense.
//!
//! The plain model and Cedar agree; nothing changes before `changes_at` and something does
//! at it; remembering changes no answer. These must never depend on the machine's clock.
//! Next: `model.rs`, the second writing of the policies.

use crate::dossiers::{NOW, any_dossier, any_use};
use crate::model;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use std::collections::BTreeSet;
use tenure_judge::{Class, Dossier, Judge, Judgement, OpenSince, Programme, Recall, Said, Word};
use tenure_model::{CharterField, CredentialKind, Instant, PrincipalKind, ProofLevel, Standing};

fn lines() -> model::Lines {
    model::Lines {
        rotation_days_max: 90,
        application_use_days: 30,
        expiring_days: 30,
        token_days_max: 90,
        unused_days: 90,
        shared_consumers_max: 2,
        review_days_max: 180,
        review_days_critical: 20,
        required: ProofLevel::P4,
        administrative: vec!["psql"],
        interactive: vec!["pgadmin*", "dbeaver*", "pts/*"],
        class: Some(model::Class {
            kind: PrincipalKind::Workload,
            lifetime_days_max: 200,
            rotation_days_max: 45,
            review_days_max: 90,
            credential_kinds: vec![CredentialKind::Token, CredentialKind::Certificate],
        }),
    }
}

/// The default programme, with the patterns the model knows.
fn programme() -> Programme {
    let mut programme = Programme::default();
    programme.thresholds.administrative_consumers = vec!["psql".to_owned()];
    programme.thresholds.interactive_consumers =
        ["pgAdmin*", "DBeaver*", "pts/*"].map(str::to_owned).to_vec();
    programme.thresholds.shared_consumers_max = 2;
    programme.thresholds.review_days_max = Some(180);
    programme.risk.review_days.critical = Some(20);
    programme.classes = vec![Class {
        id: "workloads".to_owned(),
        matches: vec!["name:never-drawn".to_owned(), "kind:workload".to_owned()],
        required: vec![CharterField::Purpose, CharterField::ExpiresAt],
        lifetime_days_max: Some(200),
        rotation_days_max: Some(45),
        review_days_max: Some(90),
        credential_kinds: vec![CredentialKind::Token, CredentialKind::Certificate],
        approved_stores: Vec::new(),
        made_by_request: true,
        rights_by_request: true,
    }];
    programme.classes.push(Class {
        id: "free".to_owned(),
        matches: vec!["name:never-drawn-either".to_owned()],
        required: Vec::new(),
        lifetime_days_max: None,
        rotation_days_max: None,
        review_days_max: None,
        credential_kinds: Vec::new(),
        approved_stores: Vec::new(),
        made_by_request: false,
        rights_by_request: false,
    });
    programme
}

/// As the engine would pass it back after having opened findings for these conditions.
fn opened(judgement: &Judgement, now: Instant) -> OpenSince {
    let keys =
        judgement.conditions.iter().map(|condition| (condition.policy.clone(), condition.subject.clone()));
    keys.map(|key| (key, now)).collect()
}

fn failing(judgement: &Judgement) -> Vec<(&str, String)> {
    let mut failing: Vec<(&str, String)> = judgement
        .conditions
        .iter()
        .map(|condition| (condition.policy.as_str(), condition.subject.clone()))
        .collect();
    failing.sort();
    failing
}

/// What a person said and has not ended, of those that end last: a dismissal, or an exception for which everything holds.
fn said_of<'dossier>(
    dossier: &'dossier Dossier,
    (policy, subject): &(&'static str, String),
    failing: &[(&'static str, String)],
) -> Option<&'dossier Said> {
    let about = dossier.said.iter().filter(|one| one.policy == *policy && one.subject == *subject);
    // The first of those that end at one time.
    let stands = about.filter(|one| one.ends_at > NOW).rev().max_by_key(|one| one.ends_at)?;
    let fails = |instead: &String| {
        let of = |one: &&(&'static str, String)| {
            let is_dismissed = dossier.said.iter().any(|said| {
                matches!(said.word, Word::Dismissal(_)) && (&*said.policy, &*said.subject) == (one.0, &*one.1)
            });
            one.0 == instead && !is_dismissed
        };
        failing.iter().any(|one| of(&one)) || !model::enrolled(dossier, &lines())
    };
    (!stands.instead.iter().any(fails)).then_some(stands)
}

/// Days, from the severities in `docs/policies.md`.
fn grace_of(policy: &str) -> i64 {
    match policy {
        "dead_below_level" | "passwordless_access" | "returned_value" => 1,
        "superuser_as_application_role"
        | "weak_or_reused_password"
        | "returned_name"
        | "made_outside"
        | "gained_outside"
        | "right_past_its_end"
        | "readable_by_others"
        | "writable_by_others"
        | "definition_writable_by_others"
        | "weak_key"
        | "expired_or_expiring"
        | "root_key_unrestricted"
        | "assistant_secret_in_clear"
        | "unknown_authorized_key"
        | "charter_ended"
        | "past_retirement_trigger"
        | "cross_environment_use" => 7,
        _ => 30,
    }
}

fn after(at: Instant, micros: i64) -> Instant {
    Instant::from_micros(at.as_micros() + micros)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 250, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_plain_model_agrees_with_cedar_on_every_condition_and_standing(
        dossiers in proptest::collection::vec(any_dossier(), 16),
        grace_spent_days in 0_i64..40,
    ) {
        thread_local!(static JUDGE: Judge = Judge::new(&programme()).unwrap());
        for dossier in &dossiers {
            let (fresh, later) = JUDGE.with(|judge| {
                let fresh = judge.judge(dossier, &OpenSince::new(), NOW).unwrap();
                let open_since = opened(&fresh, after(NOW, -grace_spent_days * 86_400_000_000));
                (fresh, judge.judge(dossier, &open_since, NOW).unwrap())
            });
            let expected = model::failing(dossier, &lines(), NOW);
            prop_assert_eq!(failing(&fresh), expected.clone());
            prop_assert_eq!(failing(&later), expected.clone());
            prop_assert_eq!(fresh.tier, model::tier(dossier, &lines(), NOW));
            let past_grace = |policy: &str| grace_spent_days >= grace_of(policy);
            let said = |failed: &(&'static str, String)| said_of(dossier, failed, &expected);
            let counted: Vec<_> = expected.iter().filter(|failed| said(failed).is_none()).collect();
            let is_excepted = |failed: &(&'static str, String)| {
                said(failed).is_some_and(|said| matches!(said.word, Word::Exception(_)))
            };
            let excepted = expected.iter().any(is_excepted);
            let fails = !counted.is_empty();
            let past = counted.iter().any(|(policy, _)| past_grace(policy));
            prop_assert_eq!(fresh.standing, model::standing(dossier, &lines(), (fails, excepted), false));
            prop_assert_eq!(later.standing, model::standing(dossier, &lines(), (fails, excepted), past));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_changes_before_changes_at_and_something_does_at_it(dossier in any_dossier()) {
        thread_local!(static JUDGE: Judge = Judge::new(&programme()).unwrap());
        let judge = |open_since: &OpenSince, now| JUDGE.with(|judge| judge.judge(&dossier, open_since, now).unwrap());
        let open_since = opened(&judge(&OpenSince::new(), NOW), NOW);
        let judged = judge(&open_since, NOW);
        prop_assert_eq!(&judge(&open_since, NOW), &judged);
        if let Some(at) = judged.changes_at {
            prop_assert!(at > NOW);
            prop_assert_eq!(&judge(&open_since, after(at, -1)), &judged);
            prop_assert_ne!(&judge(&open_since, at), &judged);
        } else {
            prop_assert_eq!(&judge(&open_since, after(NOW, 900 * 86_400_000_000)), &judged);
        }
    }

    #[test]
    fn following_changes_at_comes_to_rest_and_never_skips_a_change(dossier in any_dossier()) {
        thread_local!(static JUDGE: Judge = Judge::new(&programme()).unwrap());
        let judge = |open_since: &OpenSince, now| JUDGE.with(|judge| judge.judge(&dossier, open_since, now).unwrap());
        let (mut open_since, mut now, mut steps) = (OpenSince::new(), NOW, 0);
        loop {
            let judged = judge(&open_since, now);
            for (key, at) in opened(&judged, now) {
                open_since.entry(key).or_insert(at);
            }
            let Some(at) = judge(&open_since, now).changes_at else { break };
            prop_assert!(at > now);
            // Halfway there nothing has changed but what finding was opened.
            let halfway = Instant::from_micros(now.as_micros().midpoint(at.as_micros()));
            prop_assert_eq!(judge(&open_since, halfway), judge(&open_since, now));
            now = at;
            steps += 1;
            prop_assert!(steps < 100, "does not come to rest");
        }
    }

    #[test]
    fn conditions_are_never_shown_for_governance_before_enrolment(dossier in any_dossier()) {
        thread_local!(static JUDGE: Judge = Judge::new(&programme()).unwrap());
        let judged = JUDGE.with(|judge| judge.judge(&dossier, &OpenSince::new(), NOW).unwrap());
        if !model::enrolled(&dossier, &lines()) {
            prop_assert!(judged.conditions.iter().all(|condition| condition.kind.as_str() == "hygiene"));
            prop_assert!(!matches!(judged.standing, Standing::Sound | Standing::Due | Standing::Lapsed));
        }
    }

    #[test]
    fn what_is_shown_stays_on_one_line_whatever_a_role_is_called(dossier in any_dossier()) {
        thread_local!(static JUDGE: Judge = Judge::new(&programme()).unwrap());
        let judged = JUDGE.with(|judge| judge.explain(&dossier, &OpenSince::new(), NOW).unwrap());
        let shown = judged.judgement.conditions.iter().flat_map(|condition| [&condition.reason, &condition.remedy]);
        for text in shown.chain(judged.explanation.iter().map(|fact| &fact.value)) {
            prop_assert!(!text.contains(['\n', '\u{202e}']), "{text:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// That something runs every night does not say that anybody answers for it.
    #[test]
    fn scheduled_use_never_cures_an_invalid_owner(
        dossier in any_dossier(),
        used in proptest::collection::vec(any_use(), 0..6),
    ) {
        thread_local!(static JUDGE: Judge = Judge::new(&programme()).unwrap());
        let of_owners = |dossier: &Dossier| -> Vec<(String, String)> {
            let judged = JUDGE.with(|judge| judge.judge(dossier, &OpenSince::new(), NOW).unwrap());
            let asks = ["no_owner", "unknown_authorized_key", "returned_name"];
            judged
                .conditions
                .into_iter()
                .filter(|condition| asks.contains(&condition.policy.as_str()))
                .map(|condition| (condition.policy, condition.subject))
                .collect()
        };
        let mut busy = dossier.clone();
        for principal in &mut busy.principals {
            principal.uses.extend(used.iter().cloned());
        }
        let mut idle = dossier.clone();
        for principal in &mut idle.principals {
            principal.uses.clear();
        }
        prop_assert_eq!(of_owners(&busy), of_owners(&idle));
        prop_assert_eq!(of_owners(&busy), of_owners(&dossier));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn remembering_rulings_changes_no_answer(dossier in any_dossier()) {
        thread_local! {
            static REMEMBERS: Judge = Judge::new(&programme()).unwrap();
            static ASKS: Judge = Judge::with_recall(&programme(), Recall::AskEveryTime).unwrap();
        }
        let none = OpenSince::new();
        let first = REMEMBERS.with(|judge| judge.judge(&dossier, &none, NOW).unwrap());
        let again = REMEMBERS.with(|judge| judge.judge(&dossier, &none, NOW).unwrap());
        let asked = ASKS.with(|judge| judge.judge(&dossier, &none, NOW).unwrap());
        prop_assert_eq!(&first, &again);
        prop_assert_eq!(&first, &asked);
    }
}

/// The same with an exception for whatever fails.
fn permitted(dossier: &Dossier, fails: &Judgement) -> Dossier {
    let until = after(NOW, 1);
    let word = Word::Exception(tenure_model::ExceptionId::new(NOW, [8; 10]));
    let said = fails.conditions.iter().map(|one| Said {
        policy: one.policy.clone(),
        subject: one.subject.clone(),
        ends_at: until,
        word,
        rested_on: None,
        instead: Vec::new(),
        void: None,
    });
    Dossier { said: said.collect(), ..dossier.clone() }
}

#[test]
fn the_drawn_dossiers_reach_every_policy_and_every_standing_the_judge_gives() {
    let judge = Judge::new(&programme()).unwrap();
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut policies, mut standings) = (BTreeSet::new(), BTreeSet::new());
    let every: BTreeSet<String> = judge.policies().map(|card| card.id.clone()).collect();
    let never = [Standing::Suspended];
    let given: BTreeSet<Standing> =
        Standing::ALL.iter().copied().filter(|word| !never.contains(word)).collect();
    for _ in 0..10_000 {
        if (&policies, &standings) == (&every, &given) {
            break;
        }
        let dossier = any_dossier().new_tree(&mut runner).unwrap().current();
        let fresh = judge.judge(&dossier, &OpenSince::new(), NOW).unwrap();
        let old = judge.judge(&dossier, &opened(&fresh, Instant::from_micros(0)), NOW).unwrap();
        policies.extend(fresh.conditions.iter().map(|condition| condition.policy.clone()));
        let permitted = judge.judge(&permitted(&dossier, &fresh), &OpenSince::new(), NOW).unwrap();
        standings.extend([fresh.standing, old.standing, permitted.standing]);
    }
    assert_eq!(policies, every);
    assert_eq!(standings, given);
}
