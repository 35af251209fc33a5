//! A file kept from others: the walk of a plan, the whole proof, and mutants of it that must not prove.
//!
//! Each mutant differs from the whole proof in one thing. One that proves is a defect of `tighten.rs`, never of the mutant.

use crate::view::{ACTED, DENIED, LAG, acted, after, at, control, derived, point, read, refused};
use tenure_govern::{Look, Next, PlanView, SeenWhat, StepView, assess, next};
use tenure_model::{
    ControlPlane, Derived, PlanKind, PlanState, ProbeAnswer, ProofLevel, StepKind, StepState,
};

/// A tightening whose mode is changed; the proof is still open.
fn changed() -> PlanView {
    let whole = acted();
    let step = |position: i64, kind, done: Option<u64>| StepView {
        position,
        kind,
        state: if done.is_some() { StepState::Done } else { StepState::Waiting },
        done: done.map(at),
        ..whole.steps[0].clone()
    };
    let steps = vec![
        step(1, StepKind::Control, Some(DENIED)),
        step(2, StepKind::Tighten, Some(ACTED)),
        step(3, StepKind::Prove, None),
    ];
    PlanView {
        kind: PlanKind::Tighten,
        points: vec![point("primary")],
        required: ProofLevel::P3,
        steps,
        ..whole
    }
}

fn shown() -> PlanView {
    let mut view = changed();
    control(&mut view, DENIED - 1, "primary", ProbeAnswer::Accepted);
    read(&mut view, ACTED + 1, ControlPlane::Disabled);
    after(&mut view, ACTED + 1, "primary", refused());
    read(&mut view, ACTED + 6, ControlPlane::Disabled);
    after(&mut view, ACTED + 6, "primary", refused());
    derived(&mut view, ACTED + 6, Vec::new(), Vec::new());
    view
}

fn check(what: &str, view: &PlanView, most: ProofLevel, words: &str) {
    let assessment = assess(view);
    assert!(assessment.level <= most, "{what}: {} {}", assessment.level, assessment.sentence);
    assert!(assessment.sentence.contains(words), "{what}: {}", assessment.sentence);
    for claim in ["dead", "revoked", "absent", "nothing known to come from it"] {
        assert!(!assessment.sentence.contains(claim), "{what}: {}", assessment.sentence);
    }
}

#[test]
fn the_whole_proof_says_who_was_refused_and_that_the_credential_goes_on() {
    let assessment = assess(&shown());
    assert_eq!(assessment.level, ProofLevel::P3);
    insta::assert_snapshot!(assessment.sentence, @"an account that could read it is refused (28P01), and a fresh read shows it closed to others; what lies in it goes on working");
    assert_eq!((assessment.alive, assessment.missing), (vec![], vec![]));
}

#[test]
fn without_anybody_who_could_read_it_before_a_refusal_shows_nothing() {
    let mut view = shown();
    view.seen.retain(|seen| !matches!(seen.what, SeenWhat::Control { .. }));
    check("no control", &view, ProofLevel::P2, "it was not tried there before the act");
    control(&mut view, DENIED - 1, "primary", refused());
    check("refused before", &view, ProofLevel::P2, "was not accepted there even before the act");
}

#[test]
fn one_refusal_or_an_early_one_or_an_early_reading_is_not_enough() {
    let mut view = shown();
    view.seen.retain(|seen| !matches!(seen.what, SeenWhat::After { .. }) || seen.at < at(ACTED + 5));
    check("one refusal, before the lag", &view, ProofLevel::P2, "was not refused often enough yet");
    let mut view = shown();
    view.seen.retain(|seen| !matches!(seen.what, SeenWhat::ControlPlane(_)) || seen.at < at(ACTED + 5));
    check("read before the lag", &view, ProofLevel::P1, "a fresh read, past the lag");
}

#[test]
fn a_file_that_was_opened_again_or_replaced_is_not_closed() {
    let mut view = shown();
    read(&mut view, ACTED + 7, ControlPlane::Enabled);
    check(
        "mode put back",
        &view,
        ProofLevel::P1,
        "others can read it: its mode or access list was changed again",
    );
    assert!(!assess(&view).alive.is_empty());
    let mut view = shown();
    read(&mut view, ACTED + 7, ControlPlane::Absent);
    check("replaced", &view, ProofLevel::P1, "another was put there");
    let mut view = shown();
    after(&mut view, ACTED + 7, "primary", ProbeAnswer::Accepted);
    check("read after all", &view, ProofLevel::P1, "can still read it");
}

#[test]
fn a_mode_that_was_never_changed_proves_nothing_and_says_why() {
    let mut view = shown();
    view.steps[1].state = StepState::Skipped;
    view.steps[1].done = None;
    view.steps[1].answer = Some(String::from("refused (file): it is immutable"));
    check("given up", &view, ProofLevel::P0, "its mode was not changed: refused (file): it is immutable");
}

#[test]
fn a_copy_that_others_can_read_is_said_beside_the_level() {
    let mut view = shown();
    let copy = Derived {
        point: String::from("primary"),
        kind: String::from("copy"),
        name: String::from("/b (mode 0644)"),
    };
    derived(&mut view, ACTED + 7, vec![copy], vec![(String::from("/c"), String::from("not permitted"))]);
    let assessment = assess(&view);
    assert_eq!(assessment.level, ProofLevel::P3);
    assert!(
        assessment.sentence.contains("others can still read a copy of it: /b (mode 0644)"),
        "{}",
        assessment.sentence
    );
    assert!(
        assessment.sentence.contains("its copy /c is not known: not permitted"),
        "{}",
        assessment.sentence
    );
}

/// What the machine wants until it wants to finish, each look answered as given.
fn walk(mut view: PlanView, answer: impl Fn(&Look) -> SeenWhat) -> (Vec<String>, PlanView) {
    let (mut now, mut said) = (at(ACTED), Vec::new());
    for _ in 0..40 {
        match next(&view, now) {
            Next::Look(look) => {
                said.push(format!("{look:?}"));
                view.seen.push(tenure_govern::Seen { at: now, what: answer(&look) });
            }
            Next::Wait { until, .. } => now = until,
            Next::Complete(position) => {
                said.push(format!("complete {position}"));
                view.steps[2].state = StepState::Done;
                view.steps[2].done = Some(now);
            }
            Next::Finish(_) => return (said, view),
            other => panic!("{other:?}"),
        }
    }
    panic!("it does not come to rest: {said:?}");
}

fn closed(look: &Look) -> SeenWhat {
    match look {
        Look::After(point) | Look::Control(point) => {
            SeenWhat::After { point: point.clone(), answer: refused() }
        }
        Look::ControlPlane => SeenWhat::ControlPlane(ControlPlane::Disabled),
        Look::Derived => SeenWhat::Derived { found: Vec::new(), unread: Vec::new(), unknowable: Vec::new() },
    }
}

#[test]
fn the_machine_looks_until_it_is_shown_and_then_finishes() {
    let mut view = changed();
    control(&mut view, DENIED - 1, "primary", ProbeAnswer::Accepted);
    let (said, view) = walk(view, closed);
    assert_eq!(assess(&view).level, ProofLevel::P3, "{said:?}");
    assert!(view.seen.iter().any(|seen| seen.at >= at(ACTED).plus(LAG)), "{said:?}");
}

#[test]
fn what_was_opened_again_is_not_fought_with_and_nothing_is_waited_for() {
    for opened in [ControlPlane::Enabled, ControlPlane::Absent] {
        let mut view = changed();
        control(&mut view, DENIED - 1, "primary", ProbeAnswer::Accepted);
        let (said, view) = walk(view, |look| match look {
            Look::ControlPlane => SeenWhat::ControlPlane(opened.clone()),
            other => closed(other),
        });
        assert_eq!(said, ["ControlPlane", "complete 3"]);
        assert_eq!(assess(&view).level, ProofLevel::P1);
    }
}

#[test]
fn a_refusal_that_a_person_must_mend_ends_the_plan_at_once() {
    let mut view = changed();
    view.steps[1].state = StepState::Failed;
    view.steps[1].done = None;
    view.steps[1].escalated = true;
    view.steps[1].not_before = at(10_000);
    view.steps[1].answer = Some(String::from("not ours"));
    assert_eq!(next(&view, at(ACTED)), Next::GiveUp(2, String::from("not ours")));
}

#[test]
fn taking_it_back_loosens_and_nothing_else() {
    let mut view = shown();
    view.state = PlanState::Undoing;
    assert_eq!(next(&view, at(ACTED + 9)), Next::FinishUndo, "before there is a step for it");
    let loosen = StepView { position: 4, kind: StepKind::Loosen, not_before: at(0), ..view.steps[2].clone() };
    view.steps.push(loosen);
    assert_eq!(next(&view, at(ACTED + 9)), Next::Act(4));
    view.steps[3].state = StepState::Intended;
    assert_eq!(next(&view, at(ACTED + 9)), Next::Observe(4), "a lost answer is observed");
    view.steps[3].state = StepState::Done;
    assert_eq!(next(&view, at(ACTED + 9)), Next::FinishUndo);
}
