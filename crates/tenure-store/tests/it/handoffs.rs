//! Handoffs as they are kept: one of a share waits at a time, each ends once, and the database itself refuses what must not be.
//!
//! On both databases. Must never know who may accept: that is the engine's. Next: `passings.rs`.

use crate::bed::{Ids, read, write};
use crate::passings::{identity, planted};
use std::time::Duration;
use tenure_model::{HandoffEvent, HandoffId, HandoffStage, HandoffState, IdentityId, OwnerRole, PersonId};
use tenure_store::tables::handoffs::{HandoffsMeant, NewHandoff};

fn new(ids: &Ids, identity: IdentityId, (by, to): (PersonId, PersonId)) -> NewHandoff {
    NewHandoff {
        identity,
        role: OwnerRole::Technical,
        from: Some(by),
        to,
        offered_by: by,
        stage: HandoffStage::InUse,
        runbook: String::from("the wiki"),
        reason: String::from("another team"),
        accept_by: ids.now().plus(Duration::from_hours(24)),
        contents: String::from("{}"),
        request: None,
    }
}

on_both! {
    fn one_of_a_share_waits_and_each_ends_once(bed) {
        let store = planted(bed);
        let (shop, person) = (identity(&store, "pg/shop"), || PersonId::new(bed.ids.now(), bed.ids.random()));
        let (ada, bob) = (person(), person());
        let offer = |new: NewHandoff| {
            let mint = bed.ids.mint();
            write(&store, move |tx| tx.offer_handoff(&mint, &new))
        };
        let first: HandoffId = offer(new(&bed.ids, shop, (ada, bob))).unwrap();
        let again = offer(new(&bed.ids, shop, (ada, bob))).unwrap_err().to_string();
        assert!(again.contains(&first.handle()), "{again}");
        let business = NewHandoff { role: OwnerRole::Business, from: None, ..new(&bed.ids, shop, (ada, bob)) };
        let second = offer(business.clone()).unwrap();
        let waiting = |to| {
            let rows = read(&store, move |tx| tx.handoffs_offered_to(to, 10));
            rows.into_iter().map(|row| row.id).collect::<Vec<_>>()
        };
        assert_eq!((waiting(bob).len(), waiting(ada).len()), (2, 0));
        let roles: Vec<OwnerRole> =
            read(&store, move |tx| tx.handoffs_of(shop)).into_iter().map(|row| row.role).collect();
        assert_eq!(roles, [OwnerRole::Business, OwnerRole::Technical]);
        let now = bed.ids.now();
        let end = |id, event| write(&store, move |tx| tx.end_handoff(id, event, "why", now));
        write(&store, move |tx| tx.accept_handoff(first, "{\"as\":\"accepted\"}", now)).unwrap();
        for event in HandoffEvent::ALL {
            assert!(end(first, *event).is_err(), "{event}");
        }
        let row = read(&store, move |tx| tx.handoff(first));
        assert_eq!((row.state, row.contents.as_str()), (HandoffState::Accepted, "{\"as\":\"accepted\"}"));
        end(second, HandoffEvent::Decline).unwrap();
        let over = read(&store, |tx| tx.handoffs(HandoffsMeant::Over, 0, 10));
        assert_eq!(over.len(), 2);
        assert!(read(&store, |tx| tx.handoffs(HandoffsMeant::Offered, 0, 10)).is_empty());
        let told = read(&store, move |tx| tx.handoffs_answered(ada, now, 10));
        assert_eq!(told.iter().map(|row| row.id).collect::<Vec<_>>(), [second], "what was accepted is no news");
        // What ended makes room for another.
        assert_eq!(read(&store, move |tx| tx.handoff_named(&second.handle())).id, second);
        assert!(offer(business).is_ok());
    }
}

on_both! {
    fn a_handoff_to_oneself_without_an_end_or_accepted_too_late_is_refused_by_the_database(bed) {
        let store = planted(bed);
        let (shop, person) = (identity(&store, "pg/shop"), || PersonId::new(bed.ids.now(), bed.ids.random()));
        let (ada, bob) = (person(), person());
        let offer = |new: NewHandoff| {
            let mint = bed.ids.mint();
            write(&store, move |tx| tx.offer_handoff(&mint, &new))
        };
        let fit = new(&bed.ids, shop, (ada, bob));
        for unfit in [
            NewHandoff { to: ada, from: None, ..fit.clone() },
            NewHandoff { from: Some(bob), ..fit.clone() },
            NewHandoff { accept_by: bed.ids.now().minus(Duration::from_hours(1)), ..fit.clone() },
        ] {
            assert!(offer(unfit.clone()).is_err(), "{unfit:?}");
        }
        let id = offer(fit.clone()).unwrap();
        let late = fit.accept_by;
        assert!(write(&store, move |tx| tx.accept_handoff(id, "{}", late)).is_err());
        let in_time = late.minus(Duration::from_secs(1));
        write(&store, move |tx| tx.accept_handoff(id, "{}", in_time)).unwrap();
    }
}
