//! Laws over random observations: a level is never higher than what was seen.
//!
//! What a law demands is written out the long way here, never by asking the code under test. Next: `mutants.rs`.

use crate::view::{ACTED, DENIED, LAG, acted, acted_by_key, at, points};
use proptest::prelude::*;
use tenure_govern::{Look, Next, PlanView, Seen, SeenWhat, assess, next};
use tenure_model::{ControlPlane, Derived, ProbeAnswer, ProofLevel, ShortName, StepKind, StepState};

fn answer() -> impl Strategy<Value = ProbeAnswer> {
    prop_oneof![
        4 => Just(ProbeAnswer::Refused { how: String::from("28P01") }),
        2 => Just(ProbeAnswer::Accepted),
        1 => Just(ProbeAnswer::Unreachable { why: String::from("timeout") }),
        1 => Just(ProbeAnswer::CannotKnow { why: String::from("no password asked") }),
    ]
}

fn seen() -> impl Strategy<Value = Seen> {
    let point = || prop::sample::select(points());
    let what = prop_oneof![
        (point(), answer()).prop_map(|(point, answer)| SeenWhat::Control { point, answer }),
        (point(), answer()).prop_map(|(point, answer)| SeenWhat::After { point, answer }),
        prop::sample::select(vec![ControlPlane::Absent, ControlPlane::Disabled, ControlPlane::Enabled])
            .prop_map(SeenWhat::ControlPlane),
        (prop::bool::weighted(0.2), prop::bool::weighted(0.1)).prop_map(|(alive, hidden)| {
            SeenWhat::Derived {
                found: if alive {
                    vec![Derived {
                        point: String::from("primary"),
                        kind: String::from("session"),
                        name: String::from("1"),
                    }]
                } else {
                    Vec::new()
                },
                unread: Vec::new(),
                unknowable: if hidden {
                    vec![(String::from("primary"), String::from("hidden"))]
                } else {
                    Vec::new()
                },
            }
        }),
    ];
    (0_u64..40, what).prop_map(|(seconds, what)| Seen { at: at(seconds), what })
}

fn view() -> impl Strategy<Value = PlanView> {
    prop::collection::vec(seen(), 0..40).prop_map(|mut all| {
        all.sort_by_key(|seen| seen.at);
        PlanView { seen: all, ..acted() }
    })
}

fn view_by_key() -> impl Strategy<Value = PlanView> {
    view().prop_map(|seen| PlanView { seen: seen.seen, ..acted_by_key() })
}

/// Whether it was accepted there before the disabling, which was four seconds before the last act.
fn was_accepted_before(view: &PlanView, point: &ShortName) -> bool {
    let before = at(ACTED - 4);
    view.controls(point, at(0))
        .iter()
        .any(|(when, answer)| **answer == ProbeAnswer::Accepted && *when < before)
}

/// What P3 needs at one point, written the long way.
fn point_is_dead(view: &PlanView, point: &ShortName) -> bool {
    let controlled =
        view.controls(point, at(DENIED)).iter().any(|(_, answer)| **answer == ProbeAnswer::Accepted);
    let afters = view.afters(point, at(ACTED));
    let [.., (_, ProbeAnswer::Refused { .. }), (last, ProbeAnswer::Refused { .. })] = afters.as_slice()
    else {
        return false;
    };
    controlled && *last >= at(ACTED).plus(LAG)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, ..ProptestConfig::default() })]

    #[test]
    fn p3_means_that_every_point_was_seen_dead(view in view()) {
        let assessment = assess(&view);
        if assessment.level >= ProofLevel::P3 {
            for point in &view.points {
                prop_assert!(point_is_dead(&view, point), "{point}: {}", assessment.sentence);
            }
            prop_assert!(assessment.alive.is_empty());
        }
        if assessment.level >= ProofLevel::P4 {
            let seen = view.derived(at(ACTED)).unwrap();
            prop_assert!(seen.found.is_empty() && seen.unread.is_empty() && seen.unknowable.is_empty());
            prop_assert!(seen.at >= at(ACTED).plus(LAG));
        }
        if assessment.level >= ProofLevel::P2 {
            let (_, read) = view.control_plane(at(ACTED)).unwrap();
            prop_assert!(matches!(read, ControlPlane::Absent | ControlPlane::Disabled));
        }
    }

    #[test]
    fn by_its_public_key_p3_means_that_every_point_took_it_before_and_was_seen_dead(view in view_by_key()) {
        let assessment = assess(&view);
        if assessment.level >= ProofLevel::P3 {
            for point in &view.points {
                prop_assert!(was_accepted_before(&view, point), "{point}: {}", assessment.sentence);
                let afters = view.afters(point, at(ACTED));
                let refused = afters.iter().rev().take_while(|(_, answer)| matches!(answer, ProbeAnswer::Refused { .. }));
                prop_assert!(refused.count() >= 2, "{point}");
                prop_assert!(afters.last().is_some_and(|(last, _)| *last >= at(ACTED).plus(LAG)));
            }
            prop_assert!(assessment.alive.is_empty());
        }
    }

    #[test]
    fn asking_twice_gives_the_same_answer_and_looking_is_all_a_proof_does(view in view(), seconds in 40_u64..400) {
        let first = next(&view, at(seconds));
        prop_assert_eq!(&first, &next(&view, at(seconds)));
        let may = matches!(
            first,
            Next::Look(Look::After(_) | Look::ControlPlane | Look::Derived)
                | Next::Wait { .. }
                | Next::Complete(7)
                | Next::Repeat(..)
        );
        prop_assert!(may, "{first:?}");
    }

    #[test]
    fn nothing_is_deleted_before_it_is_disabled_and_nothing_final_happens_in_an_undo(
        states in prop::collection::vec(prop::sample::select(StepState::ALL.to_vec()), 7),
        undoing in any::<bool>(),
        escalated in any::<bool>(),
    ) {
        let mut view = acted();
        for (step, state) in view.steps.iter_mut().zip(&states) {
            step.state = *state;
            step.escalated = escalated;
            step.done = (*state == StepState::Done).then(|| at(ACTED));
        }
        if undoing {
            view.state = tenure_model::PlanState::Undoing;
        }
        if let Next::Act(position) = next(&view, at(500)) {
            let acting = view.steps.iter().find(|step| step.position == position).unwrap();
            if acting.kind == StepKind::Delete {
                prop_assert!(!undoing);
                let before = view.steps.iter().filter(|step| step.position < position);
                let settled = |state| matches!(state, StepState::Done | StepState::Skipped);
                for step in before {
                    prop_assert!(settled(step.state), "{step:?}");
                }
            }
        }
    }
}
