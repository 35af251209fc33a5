//! Prover mutants: each differs from a whole proof in one thing, and must not prove.
//!
//! By an installed value and by the public key. A mutant that proves is a defect of `level.rs`, never of the mutant.
//! Next: `laws.rs`, which says the same over random observations.

use crate::view::{
    ACTED, DENIED, acted, acted_by_key, after, at, control, derived, derived_but, proved, proved_of, read,
    refused,
};
use tenure_govern::{Next, PlanView, SeenWhat, assess, next};
use tenure_model::{ControlPlane, Derived, ProbeAnswer, ProofLevel, StepKind, StepState};

fn without(mut view: PlanView, drop: impl Fn(&SeenWhat, tenure_model::Instant) -> bool) -> PlanView {
    view.seen.retain(|seen| !drop(&seen.what, seen.at));
    view
}

fn check(what: &str, view: &PlanView, most: ProofLevel, words: &str) {
    let assessment = assess(view);
    assert!(assessment.level <= most, "{what}: {} {}", assessment.level, assessment.sentence);
    assert!(assessment.sentence.contains(words), "{what}: {}", assessment.sentence);
}

#[test]
fn the_whole_proof_proves() {
    let assessment = assess(&proved());
    assert_eq!(assessment.level, ProofLevel::P4, "{}", assessment.sentence);
    assert_eq!((assessment.alive, assessment.missing, assessment.unknowable), (vec![], vec![], vec![]));
}

#[test]
fn a_wrong_value_or_a_wrong_host_or_a_point_that_always_refuses_proves_nothing() {
    let mut view = without(
        proved(),
        |what, _| matches!(what, SeenWhat::Control { point, .. } if point.as_str() == "pooler"),
    );
    check("never tried before", &view, ProofLevel::P2, "it was not tried there before the act");
    control(&mut view, DENIED + 1, "pooler", refused());
    check("refused before", &view, ProofLevel::P2, "was not accepted there even before the act");
}

#[test]
fn a_value_we_never_held_proves_nothing() {
    let mut view = proved();
    view.steps[0].state = StepState::Skipped;
    view.steps[0].done = None;
    check("deny given up", &view, ProofLevel::P2, "we held no value");
}

#[test]
fn a_control_from_before_our_value_was_installed_does_not_count() {
    let mut view = without(proved(), |what, _| matches!(what, SeenWhat::Control { .. }));
    for name in ["primary", "replica-1", "pooler"] {
        control(&mut view, DENIED - 5, name, ProbeAnswer::Accepted);
    }
    check("old control", &view, ProofLevel::P2, "it was not tried there before the act");
}

#[test]
fn a_credential_that_still_lives_anywhere_beats_everything() {
    let mut view = proved();
    after(&mut view, ACTED + 60, "replica-1", ProbeAnswer::Accepted);
    check("accepted late", &view, ProofLevel::P1, "replica-1 still accepts it");
    assert!(!assess(&view).alive.is_empty());
    let mut view = proved();
    read(&mut view, ACTED + 60, ControlPlane::Enabled);
    check("enabled again", &view, ProofLevel::P1, "a fresh read shows it enabled");
}

#[test]
fn one_refusal_is_not_enough_and_neither_are_two_inside_the_lag() {
    let once = without(proved(), |what, seen| {
        matches!(what, SeenWhat::After { point, .. } if point.as_str() == "primary") && seen == at(ACTED + 1)
    });
    check("once", &once, ProofLevel::P2, "not refused often enough yet");
    let mut early =
        without(proved(), |what, seen| matches!(what, SeenWhat::After { .. }) && seen == at(ACTED + 6));
    for name in ["primary", "replica-1", "pooler"] {
        after(&mut early, ACTED + 3, name, refused());
    }
    check("inside the lag", &early, ProofLevel::P2, "not refused often enough yet");
}

#[test]
fn a_refusal_before_an_acceptance_does_not_count_towards_two() {
    let mut view = proved();
    after(&mut view, ACTED + 30, "pooler", ProbeAnswer::Accepted);
    after(&mut view, ACTED + 31, "pooler", refused());
    check("a pooler that remembered", &view, ProofLevel::P2, "pooler: not refused often enough yet");
    after(&mut view, ACTED + 40, "pooler", refused());
    assert_eq!(assess(&view).level, ProofLevel::P4);
}

#[test]
fn what_came_from_it_must_be_read_past_the_lag_everywhere_and_be_dead() {
    let session = Derived {
        point: String::from("primary"),
        kind: String::from("session"),
        name: String::from("process 7"),
    };
    let mut alive = proved();
    derived(&mut alive, ACTED + 9, vec![session], Vec::new());
    check("a session", &alive, ProofLevel::P1, "session process 7 at primary");
    let mut unread = proved();
    derived(&mut unread, ACTED + 9, Vec::new(), vec![(String::from("replica-1"), String::from("timeout"))]);
    check("unread", &unread, ProofLevel::P3, "replica-1 could not be read");
    let mut early = without(proved(), |what, _| matches!(what, SeenWhat::Derived { .. }));
    check("never looked", &early, ProofLevel::P3, "a look for what came from it");
    derived(&mut early, ACTED + 2, Vec::new(), Vec::new());
    check("too early", &early, ProofLevel::P3, "past the lag");
}

#[test]
fn an_unreachable_point_and_one_that_cannot_know_prove_nothing() {
    for answer in [
        ProbeAnswer::Unreachable { why: String::from("timeout") },
        ProbeAnswer::CannotKnow { why: String::from("it never asks for a password") },
    ] {
        let mut view = proved();
        after(&mut view, ACTED + 9, "primary", answer);
        check("last answer", &view, ProofLevel::P2, "primary:");
    }
}

#[test]
fn a_step_that_was_not_done_proves_nothing_at_all() {
    let mut view = proved();
    let delete = view.steps.iter_mut().find(|step| step.kind == StepKind::Delete).unwrap();
    delete.state = StepState::Unknown;
    check("delete unknown", &view, ProofLevel::P0, "nothing was changed yet");
    check("nothing seen", &acted(), ProofLevel::P1, "a fresh read");
}

#[test]
fn what_is_accepted_after_the_act_is_no_control_but_life() {
    let mut view = without(proved(), |what, _| matches!(what, SeenWhat::Control { .. }));
    for name in ["primary", "replica-1", "pooler"] {
        control(&mut view, ACTED - 2, name, ProbeAnswer::Accepted);
    }
    check("control after the disabling", &view, ProofLevel::P2, "it was not tried there before the act");
    let mut view = proved();
    control(&mut view, ACTED + 30, "pooler", ProbeAnswer::Accepted);
    check("let in by a late control", &view, ProofLevel::P1, "pooler still accepts it");
}

#[test]
fn a_point_that_let_it_in_past_the_lag_must_refuse_it_for_a_whole_lag_more() {
    // A pooler in front of two servers, one of which still lets it in.
    let mut view = proved();
    after(&mut view, ACTED + 30, "pooler", ProbeAnswer::Accepted);
    after(&mut view, ACTED + 31, "pooler", refused());
    after(&mut view, ACTED + 32, "pooler", refused());
    check("two refusals by chance", &view, ProofLevel::P2, "pooler: not refused often enough yet");
}

#[test]
fn by_its_public_key_the_whole_proof_proves_and_each_mutant_does_not() {
    let whole = proved_of(acted_by_key());
    assert_eq!(assess(&whole).level, ProofLevel::P4, "{}", assess(&whole).sentence);
    let is_control =
        |what: &SeenWhat, _| matches!(what, SeenWhat::Control { point, .. } if point.as_str() == "pooler");
    let mut never = without(whole.clone(), is_control);
    check("never asked before", &never, ProofLevel::P2, "it was not tried there before the act");
    control(&mut never, DENIED, "pooler", refused());
    check("refused before", &never, ProofLevel::P2, "the key was not accepted there even before the act");
    control(&mut never, ACTED - 3, "pooler", ProbeAnswer::Accepted);
    check("accepted after the disabling", &never, ProofLevel::P2, "the key was not accepted there");
    let mut unkept = whole.clone();
    unkept.steps[0].state = StepState::Skipped;
    check("nothing kept", &unkept, ProofLevel::P2, "what names its key was not kept");
    let mut lives = whole.clone();
    after(&mut lives, ACTED + 60, "pooler", ProbeAnswer::Accepted);
    check("another file lets it in", &lives, ProofLevel::P1, "pooler still accepts it");
    let mut any_key = whole;
    let why = String::from("it takes a key that nobody authorised");
    after(&mut any_key, ACTED + 60, "pooler", ProbeAnswer::CannotKnow { why });
    check("takes any key", &any_key, ProofLevel::P2, "a key that nobody authorised");
}

#[test]
fn without_a_control_step_nothing_is_tried_and_nothing_proved() {
    let mut view = proved_of(acted_by_key());
    view.steps.retain(|step| step.kind != StepKind::Control);
    check("no control", &view, ProofLevel::P2, "we held no value");
}

#[test]
fn what_no_look_will_show_keeps_the_level_down_and_is_not_waited_for() {
    let mut view = proved();
    derived_but(&mut view, ACTED + 9, "certificates are not shown");
    check("hidden", &view, ProofLevel::P3, "primary: certificates are not shown");
    assert_eq!(assess(&view).level, ProofLevel::P3);
    assert_eq!(next(&view, at(ACTED + 10)), Next::Complete(7), "another look would show no more");
    derived(&mut view, ACTED + 11, Vec::new(), vec![(String::from("primary"), String::from("timeout"))]);
    assert!(matches!(next(&view, at(ACTED + 12)), Next::Wait { .. }), "what may yet be read is waited for");
}
