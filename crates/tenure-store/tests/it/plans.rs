//! Plans, approvals, versions, escrow: who decided what, and how far it got.
//!
//! What a plan does step by step is in `steps.rs`.

use crate::bed::{block_on, read, write};
use crate::world::{add_plan, plan_row, with_shop};
use tenure_model::{DecisionRight, PersonId, PlanEvent, PlanKind, PlanState, ProofLevel, StepKind};
use tenure_store::{
    StoreFailure,
    tables::{escrow::EscrowPurpose, plans::Approval},
};

on_both! {
    fn a_plan_is_kept_as_it_was_drafted_and_found_by_its_handle(bed) {
        let store = bed.open();
        let (_, principal) = with_shop(bed, &store);
        let mut plan = plan_row(bed, &principal, PlanKind::Revoke);
        plan.heir = Some(String::from("O'Brien \"dba\"\n"));
        add_plan(bed, &store, &plan, &[StepKind::Deny, StepKind::Delete], &[]);
        let id = plan.id;
        assert_eq!(read(&store, move |tx| tx.plan(id)), plan);
        let steps = read(&store, move |tx| tx.steps(id));
        let shown: Vec<(i64, StepKind, &str, u32)> =
            steps.iter().map(|step| (step.position, step.kind, step.state.as_str(), step.attempt)).collect();
        assert_eq!(shown, [(1, StepKind::Deny, "waiting", 0), (2, StepKind::Delete, "waiting", 0)]);
        for given in [plan.handle.clone(), plan.handle[..4].to_owned(), id.to_string()] {
            assert_eq!(read(&store, move |tx| tx.find_plan(&given)).id, id);
        }
        for given in ["", "q", "no-such", "'; --"] {
            let missing = block_on(store.read("find", move |tx| tx.find_plan(given))).unwrap_err();
            assert_eq!(missing.to_string(), format!("there is no plan `{given}`"));
        }
        let other = plan_row(bed, &principal, PlanKind::Disable);
        add_plan(bed, &store, &other, &[StepKind::Disable], &[]);
        let newest_first = [other.id, id];
        let identity = principal.identity;
        let listed = read(&store, move |tx| {
            let ids = |rows: Vec<tenure_store::tables::plans::PlanRow>| rows.iter().map(|row| row.id).collect::<Vec<_>>();
            Ok((ids(tx.plans(None, 10)?), ids(tx.plans(Some(newest_first[0]), 10)?), ids(tx.plans_of(identity)?)))
        });
        assert_eq!(listed, (newest_first.to_vec(), vec![id], newest_first.to_vec()));
    }
}

on_both! {
    fn a_plan_moves_only_as_its_life_allows_and_each_move_is_a_version(bed) {
        let store = bed.open();
        let (_, principal) = with_shop(bed, &store);
        let plan = plan_row(bed, &principal, PlanKind::Revoke);
        add_plan(bed, &store, &plan, &[StepKind::Disable], &[PlanEvent::Approve, PlanEvent::Begin]);
        let id = plan.id;
        let at_work = read(&store, |tx| tx.plans_at_work());
        assert_eq!(at_work, [id]);
        let refused = write(&store, move |tx| tx.move_plan(id, PlanEvent::Approve)).unwrap_err();
        assert_eq!(refused.to_string(), "`approve` may not happen to something that is `running`");
        let unproved = write(&store, move |tx| tx.move_plan(id, PlanEvent::Prove)).unwrap_err();
        assert!(matches!(unproved, StoreFailure::Refused { .. }), "proved says its level: {unproved}");
        let now = bed.ids.now();
        write(&store, move |tx| {
            tx.set_level(id, ProofLevel::P4, "refused everywhere", Some(now))?;
            tx.move_plan(id, PlanEvent::Prove)
        }).unwrap();
        let row = read(&store, move |tx| tx.plan(id));
        assert_eq!((row.state, row.level, row.version), (PlanState::Proved, Some(ProofLevel::P4), 4));
        assert_eq!((row.sentence.as_deref(), row.settled), (Some("refused everywhere"), Some(now)));
        let principal = principal.id;
        assert_eq!(read(&store, move |tx| tx.claimed_dead(principal)),
            Some((ProofLevel::P4, ProofLevel::P3, String::from("refused everywhere"))));
    }
}

on_both! {
    fn two_plans_are_never_at_work_on_one_principal(bed) {
        let store = bed.open();
        let (_, principal) = with_shop(bed, &store);
        let (first, second) = (plan_row(bed, &principal, PlanKind::Revoke), plan_row(bed, &principal, PlanKind::Disable));
        add_plan(bed, &store, &first, &[StepKind::Disable], &[PlanEvent::Approve]);
        add_plan(bed, &store, &second, &[StepKind::Disable], &[]);
        let id = second.id;
        let refused = write(&store, move |tx| tx.move_plan(id, PlanEvent::Approve)).unwrap_err();
        assert!(matches!(refused, StoreFailure::Refused { .. }), "{refused}");
        let id = first.id;
        write(&store, move |tx| tx.move_plan(id, PlanEvent::Withdraw)).unwrap();
        let id = second.id;
        write(&store, move |tx| tx.move_plan(id, PlanEvent::Approve)).unwrap();
    }
}

on_both! {
    fn an_approval_binds_a_digest_and_each_person_has_one_the_last_they_gave(bed) {
        let store = bed.open();
        let (_, principal) = with_shop(bed, &store);
        let plan = plan_row(bed, &principal, PlanKind::Revoke);
        add_plan(bed, &store, &plan, &[StepKind::Disable], &[]);
        let approval = Approval {
            plan: plan.id,
            person: PersonId::new(bed.ids.now(), bed.ids.random()),
            right: DecisionRight::Revoke,
            digest: plan.digest.clone(),
            alone: true,
            decided: bed.ids.now(),
            ends: bed.ids.now(),
            step: None,
            emergency: None,
            delegation: None,
        };
        let given = approval.clone();
        write(&store, move |tx| tx.approve_plan(&given)).unwrap();
        let anew = Approval { step: Some(1), emergency: Some(String::from("leaked")), ..approval };
        let given = anew.clone();
        write(&store, move |tx| tx.approve_plan(&given)).unwrap();
        let id = plan.id;
        assert_eq!(read(&store, move |tx| tx.approvals(id)), [anew]);
    }
}

on_both! {
    fn sealed_values_are_kept_once_for_each_purpose_and_emptied_when_destroyed(bed) {
        let store = bed.open();
        let (_, principal) = with_shop(bed, &store);
        let plan = plan_row(bed, &principal, PlanKind::Revoke);
        add_plan(bed, &store, &plan, &[StepKind::Deny], &[]);
        let (id, now) = (plan.id, bed.ids.now());
        write(&store, move |tx| {
            tx.keep_sealed("e1", id, EscrowPurpose::Value, vec![0, 255, 1], now)?;
            tx.keep_sealed("e2", id, EscrowPurpose::Keepsake, b"old".to_vec(), now)
        }).unwrap();
        let doubled = write(&store, move |tx| tx.keep_sealed("e3", id, EscrowPurpose::Value, vec![2], now));
        assert_eq!(doubled.unwrap_err().to_string(), "a value is held for this plan already");
        assert_eq!(read(&store, move |tx| tx.sealed_for(id, EscrowPurpose::Value)), Some((String::from("e1"), vec![0, 255, 1])));
        assert_eq!(read(&store, move |tx| Ok((tx.held_for(id)?, tx.held()?))), (vec!["e1".into(), "e2".into()], vec!["e1".into(), "e2".into()]));
        write(&store, move |tx| tx.mark_destroyed(id, now)).unwrap();
        let nothing = read(&store, move |tx| Ok((tx.held_for(id)?, tx.held()?, tx.sealed_for(id, EscrowPurpose::Keepsake)?)));
        assert_eq!(nothing, (vec![], vec![], None));
        let kept = bed.raw("CREATE TABLE left_over (bytes INTEGER CHECK (bytes = 0)); \
                            INSERT INTO left_over SELECT LENGTH(sealed) FROM escrow");
        assert_eq!(kept, Ok(()), "the rows are empty");
        // After a restore the former value is gone, and another may take its place.
        write(&store, move |tx| tx.keep_sealed("e4", id, EscrowPurpose::Value, vec![4], now)).unwrap();
        assert_eq!(read(&store, move |tx| Ok((tx.held_for(id)?, tx.settled_with_escrow()?))), (vec!["e4".into()], vec![]));
        write(&store, move |tx| tx.move_plan(id, PlanEvent::Withdraw)).unwrap();
        assert_eq!(read(&store, |tx| tx.settled_with_escrow()), [id], "nothing held outlives its plan");
    }
}
