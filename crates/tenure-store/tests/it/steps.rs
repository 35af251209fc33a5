//! Steps, intents and probes: an intent is recorded once per attempt, and only for a plan under way.
//!
//! The grid drives every state with every event through SQL and compares with the model's own.

use crate::bed::{Bed, block_on, read, settled, write};
use crate::world::{add_plan, plan_row, with_shop};
use std::fmt::Write as _;
use tenure_model::{
    ActionId, Instant, IntentId, PlanEvent, PlanId, PlanKind, ProbeAnswer, RecordedIntent, StepEvent,
    StepKind, StepState,
    lifecycle::{Lifecycle as _, grid},
};
use tenure_store::{
    Store, StoreFailure,
    tables::steps::{IntentDraft, ProbeRow, Settlement},
};

fn running(bed: &Bed, store: &Store, steps: &[StepKind]) -> (PlanId, Vec<ActionId>) {
    let (_, principal) = with_shop(bed, store);
    let plan = plan_row(bed, &principal, PlanKind::Revoke);
    let actions = add_plan(bed, store, &plan, steps, &[PlanEvent::Approve, PlanEvent::Begin]);
    (plan.id, actions)
}

fn intend(bed: &Bed, store: &Store, plan: PlanId, action: ActionId) -> Result<RecordedIntent, StoreFailure> {
    let draft = IntentDraft {
        id: IntentId::new(bed.ids.now(), bed.ids.random()),
        plan,
        action,
        now: bed.ids.now(),
        deadline: bed.ids.now(),
        entry: bed.ids.entry_about(&plan.to_string()),
    };
    block_on(store.record_intent(draft))
}

fn settle(bed: &Bed, store: &Store, step: ActionId, event: StepEvent) -> Result<StepState, StoreFailure> {
    let now = bed.ids.now();
    let settlement =
        Settlement { step, event, now, not_before: now, answer: String::from("a"), escalate: false };
    write(store, move |tx| tx.settle_step(&settlement))
}

on_both! {
    fn an_intent_is_recorded_once_with_its_entry_and_again_only_after_it_failed(bed) {
        let store = bed.open();
        let (plan, actions) = running(bed, &store, &[StepKind::Disable]);
        let action = actions[0];
        let recorded = intend(bed, &store, plan, action).unwrap();
        let record = recorded.record();
        assert_eq!((record.attempt, record.principal.0.as_str(), record.principal_name.as_str()), (1, "oid:1", "shop"));
        assert_eq!(settled(&store), 1);
        let doubled = intend(bed, &store, plan, action).unwrap_err();
        assert_eq!(doubled.to_string(), "`intend` may not happen to something that is `intended`");
        assert_eq!(settle(bed, &store, action, StepEvent::Lose).unwrap(), StepState::Unknown);
        let unknown = intend(bed, &store, plan, action).unwrap_err();
        assert!(matches!(unknown, StoreFailure::Conflict { .. }), "what is unknown is observed, not done again");
        assert_eq!(settle(bed, &store, action, StepEvent::Fail).unwrap(), StepState::Failed);
        assert_eq!(intend(bed, &store, plan, action).unwrap().record().attempt, 2);
        assert_eq!(settle(bed, &store, action, StepEvent::Succeed).unwrap(), StepState::Done);
        assert_eq!(settled(&store), 2, "an intent that was refused left no entry");
        let step = read(&store, move |tx| tx.step(action));
        assert!(step.done.is_some());
        assert!(intend(bed, &store, plan, action).is_err());
    }
}

on_both! {
    fn nothing_is_intended_for_a_plan_that_is_not_under_way(bed) {
        let store = bed.open();
        let (_, principal) = with_shop(bed, &store);
        let plan = plan_row(bed, &principal, PlanKind::Revoke);
        let steps = [StepKind::Disable, StepKind::Delete, StepKind::Enable];
        let actions = add_plan(bed, &store, &plan, &steps, &[]);
        let say = |action: usize| intend(bed, &store, plan.id, actions[action]).unwrap_err().to_string();
        let handle = &plan.handle;
        assert_eq!(say(0), format!("plan {handle} is proposed; nothing may be done for it"));
        let id = plan.id;
        write(&store, move |tx| tx.move_plan(id, PlanEvent::Approve)).unwrap();
        assert_eq!(say(0), format!("plan {handle} is approved; nothing may be done for it"));
        write(&store, move |tx| {
            tx.move_plan(id, PlanEvent::Begin)?;
            tx.move_plan(id, PlanEvent::Undo)
        }).unwrap();
        assert_eq!(say(1), format!("plan {handle} is being taken back; nothing is removed for it"));
        intend(bed, &store, id, actions[2]).unwrap();
        let other = plan_row(bed, &principal, PlanKind::Disable);
        add_plan(bed, &store, &other, &[StepKind::Disable], &[]);
        let foreign = intend(bed, &store, other.id, actions[0]).unwrap_err().to_string();
        assert_eq!(foreign, format!("this step belongs to another plan than {}", other.handle));
        assert_eq!(settled(&store), 1);
    }
}

/// The grid as the store lives it: each state set past it, each event through it.
fn lived(bed: &Bed, store: &Store, action: ActionId) -> String {
    let mut text = String::new();
    for state in StepState::STATES {
        let _ = write!(text, "{state}:");
        for event in StepState::EVENTS {
            bed.raw(&format!("UPDATE steps SET state = '{state}' WHERE action_id = '{action}'")).unwrap();
            match settle(bed, store, action, *event) {
                Ok(next) => {
                    assert_eq!(read(store, move |tx| tx.step(action)).state, next);
                    let _ = write!(text, " {event}→{next}");
                }
                Err(StoreFailure::Conflict { .. }) => {
                    assert_eq!(read(store, move |tx| tx.step(action)).state, *state);
                    let _ = write!(text, " {event}·");
                }
                Err(other) => panic!("{state} {event}: {other}"),
            }
        }
        text.push('\n');
    }
    text
}

on_both! {
    fn every_state_and_event_of_a_step_lead_where_the_model_says(bed) {
        let store = bed.open();
        let (_, actions) = running(bed, &store, &[StepKind::Disable]);
        assert_eq!(lived(bed, &store, actions[0]), grid::<StepState>());
    }
}

on_both! {
    fn somebody_is_told_of_a_step_once(bed) {
        let store = bed.open();
        let (_, actions) = running(bed, &store, &[StepKind::Disable]);
        let (action, now) = (actions[0], bed.ids.now());
        let told = [(); 2].map(|()| write(&store, move |tx| tx.escalate_step(action, now)).unwrap());
        assert_eq!(told, [true, false]);
        let step = read(&store, move |tx| tx.step(action));
        assert_eq!(step.escalated, Some(now));
        assert_eq!(step.state, StepState::Waiting);
    }
}

on_both! {
    fn probes_are_numbered_in_the_order_they_were_made(bed) {
        let store = bed.open();
        let (plan, _) = running(bed, &store, &[StepKind::Prove]);
        let answers = [
            ("control", ProbeAnswer::Accepted),
            ("after", ProbeAnswer::Refused { how: String::from("28P01 \"quoted\" \u{202e}") }),
            ("after", ProbeAnswer::CannotKnow { why: String::from("pooler") }),
        ];
        for (number, (kind, answer)) in (1_i64..).zip(&answers) {
            let probe = ProbeRow {
                number: 0,
                kind: (*kind).into(),
                point: String::from("primary"),
                answer: serde_json::to_value(answer).unwrap(),
                at: Instant::from_micros(number),
            };
            assert_eq!(write(&store, move |tx| tx.add_probe(plan, &probe)).unwrap(), number);
        }
        let kept = read(&store, move |tx| tx.probes(plan));
        let read_back: Vec<(String, ProbeAnswer)> = kept
            .iter().map(|row| (row.kind.clone(), serde_json::from_value(row.answer.clone()).unwrap())).collect();
        assert_eq!(read_back, answers.map(|(kind, answer)| (String::from(kind), answer)));
        assert_eq!(kept.iter().map(|row| row.number).collect::<Vec<_>>(), [1, 2, 3]);
    }
}
