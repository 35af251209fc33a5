//! Delegations as they are kept: each ends once, and the database itself refuses what must not be.
//!
//! On both databases. Must never know who may offer or accept: that is the engine's. Next: `handoffs.rs`.

use crate::bed::{Ids, read, write};
use crate::passings::planted;
use std::time::Duration;
use tenure_model::{DelegatedKind, DelegationEvent, DelegationId, DelegationState, PersonId};
use tenure_store::tables::delegations::{DelegationsMeant, NewDelegation};

const DAY: Duration = Duration::from_hours(24);

fn new(ids: &Ids, (from, to): (PersonId, PersonId)) -> NewDelegation {
    NewDelegation {
        from,
        to,
        kinds: vec![DelegatedKind::Plan, DelegatedKind::Review],
        reason: String::from("on leave"),
        begins: ids.now(),
        ends: ids.now().plus(DAY * 7),
    }
}

on_both! {
    fn each_delegation_ends_once_and_is_found_by_either_of_the_two(bed) {
        let store = planted(bed);
        let person = || PersonId::new(bed.ids.now(), bed.ids.random());
        let (ada, bob) = (person(), person());
        let offer = |new: NewDelegation| {
            let mint = bed.ids.mint();
            write(&store, move |tx| tx.offer_delegation(&mint, &new))
        };
        let first: DelegationId = offer(new(&bed.ids, (ada, bob))).unwrap();
        let now = bed.ids.now();
        let row = read(&store, move |tx| tx.delegation(first));
        assert_eq!((row.state, row.kinds.as_slice()), (DelegationState::Offered, [DelegatedKind::Plan, DelegatedKind::Review].as_slice()));
        assert!(!row.counts(DelegatedKind::Plan, now), "nothing counts before it is accepted");
        write(&store, move |tx| tx.accept_delegation(first, now)).unwrap();
        assert!(write(&store, move |tx| tx.accept_delegation(first, now)).is_err(), "accepted once");
        let row = read(&store, move |tx| tx.delegation(first));
        for (kind, at, counts) in [
            (DelegatedKind::Plan, now, true),
            (DelegatedKind::Request, now, false),
            (DelegatedKind::Plan, row.begins.minus(DAY), false),
            (DelegatedKind::Plan, row.ends, false),
        ] {
            assert_eq!(row.counts(kind, at), counts, "{kind} {at}");
        }
        let of = |person, how: &str| {
            let rows = match how {
                "to" => read(&store, move |tx| tx.delegations_to(person)),
                _ => read(&store, move |tx| tx.delegations_from(person, now)),
            };
            rows.len()
        };
        assert_eq!((of(bob, "to"), of(ada, "to"), of(ada, "from"), of(bob, "from")), (1, 0, 1, 0));
        write(&store, move |tx| tx.end_delegation(first, DelegationEvent::Withdraw, "back", now)).unwrap();
        for event in DelegationEvent::ALL {
            assert!(write(&store, move |tx| tx.end_delegation(first, *event, "again", now)).is_err(), "{event}");
        }
        assert_eq!((of(bob, "to"), of(ada, "from")), (0, 1), "what is over counts for the year");
        let over = read(&store, |tx| tx.delegations(DelegationsMeant::Over, 0, 10));
        assert_eq!((over.len(), over[0].ended_why.as_deref()), (1, Some("back")));
        assert!(read(&store, |tx| tx.delegations(DelegationsMeant::Current, 0, 10)).is_empty());
        assert_eq!(read(&store, move |tx| tx.delegation_named(&first.handle())).id, first);
        assert!(read(&store, move |tx| tx.decided_by_delegation(first, 10)).is_empty());
    }
}

on_both! {
    fn a_delegation_to_oneself_or_without_an_end_is_refused_by_the_database(bed) {
        let store = planted(bed);
        let person = || PersonId::new(bed.ids.now(), bed.ids.random());
        let (ada, bob) = (person(), person());
        let offer = |new: NewDelegation| {
            let mint = bed.ids.mint();
            write(&store, move |tx| tx.offer_delegation(&mint, &new))
        };
        let fit = new(&bed.ids, (ada, bob));
        for unfit in [
            NewDelegation { to: ada, ..fit.clone() },
            NewDelegation { ends: fit.begins, ..fit.clone() },
            NewDelegation { begins: fit.begins.minus(DAY * 9), ends: fit.begins.minus(DAY), ..fit.clone() },
        ] {
            assert!(offer(unfit.clone()).is_err(), "{unfit:?}");
        }
        let id = offer(fit.clone()).unwrap();
        assert!(write(&store, move |tx| tx.accept_delegation(id, fit.ends)).is_err(), "too late");
    }
}
