//! Requests that somebody answers for an identity, as they are kept: one about a share waits at a time, each is used once, and
//! the handoff that it led to is found by it.
//!
//! On both databases. Must never know who may decide or be asked: that is the engine's. Next: `handoffs.rs`.

use crate::bed::{Bed, read, write};
use crate::passings::{identity, planted};
use std::time::Duration;
use tenure_model::{
    HandoffEvent, HandoffStage, IdentityId, OwnerRole, Ownership, PersonId, RequestId, RequestState, Wanted,
};
use tenure_store::{
    Store, StoreFailure,
    tables::{handoffs::NewHandoff, requests::NewRequest},
};

fn person(bed: &Bed) -> PersonId {
    PersonId::new(bed.ids.now(), bed.ids.random())
}

fn asked(
    (bed, store): (&Bed, &Store),
    (of, role): (IdentityId, OwnerRole),
    to: PersonId,
) -> Result<RequestId, StoreFailure> {
    let source = read(store, |tx| tx.source_named("pg")).unwrap().id;
    let (mint, now) = (bed.ids.mint(), bed.ids.now());
    let wanted = Ownership {
        identity: of,
        source,
        principal: String::from("shop"),
        class: None,
        role,
        to,
        stage: HandoffStage::InUse,
        runbook: String::from("the wiki"),
    };
    let new = NewRequest {
        wanted: Wanted::Ownership(wanted),
        reason: String::from("nobody knows it"),
        steps: vec![String::from("operator")],
        asked_by: person(bed),
        decide_by: now.plus(Duration::from_hours(24)),
        use_by: now.plus(Duration::from_hours(48)),
    };
    write(store, move |tx| tx.add_request(&mint, &new))
}

on_both! {
    fn one_about_a_share_waits_at_a_time_and_is_read_back_as_it_was_asked(bed) {
        let store = planted(bed);
        let (shop, other) = (identity(&store, "pg/shop"), identity(&store, "pg/other"));
        let bob = person(bed);
        let first = asked((bed, &store), (shop, OwnerRole::Technical), bob).unwrap();
        let again = asked((bed, &store), (shop, OwnerRole::Technical), person(bed)).unwrap_err().to_string();
        assert!(again.contains(&first.handle()) && again.contains("this share of it"), "{again}");
        // Twins: the other share of it, and the same of another.
        asked((bed, &store), (shop, OwnerRole::Business), bob).unwrap();
        asked((bed, &store), (other, OwnerRole::Technical), bob).unwrap();
        let row = read(&store, move |tx| tx.request(first));
        let kept = row.wanted.ownership().unwrap();
        assert_eq!((kept.identity, kept.role, kept.to), (shop, OwnerRole::Technical, bob));
        assert_eq!((row.kind.as_str(), row.state), ("ownership", RequestState::Asked));
        let about: Vec<RequestId> =
            read(&store, move |tx| tx.requests_about(shop)).into_iter().map(|one| one.id).collect();
        assert!(about.contains(&first), "{about:?}");
    }
}

on_both! {
    fn it_is_used_once_and_only_once_approved_and_leads_to_one_handoff(bed) {
        let store = planted(bed);
        let (shop, ada, bob) = (identity(&store, "pg/shop"), person(bed), person(bed));
        let request = asked((bed, &store), (shop, OwnerRole::Technical), bob).unwrap();
        let now = bed.ids.now();
        let used = || write(&store, move |tx| tx.offered_by_request(request, shop, now));
        assert!(used().is_err(), "nobody decided it");
        write(&store, move |tx| tx.approve_request(request, now)).unwrap();
        used().unwrap();
        assert!(used().is_err(), "once");
        let row = read(&store, move |tx| tx.request(request));
        assert_eq!((row.state, row.identity, row.principal), (RequestState::Fulfilled, Some(shop), None));
        assert_eq!(read(&store, move |tx| tx.request_of(shop)), None, "it was not made by it");
        assert_eq!(read(&store, move |tx| tx.handoff_by_request(request)), None);
        let offer = |by: Option<RequestId>| {
            let (mint, accept_by) = (bed.ids.mint(), bed.ids.now().plus(Duration::from_hours(24)));
            let new = NewHandoff {
                identity: shop,
                role: OwnerRole::Technical,
                from: None,
                to: bob,
                offered_by: ada,
                stage: HandoffStage::InUse,
                runbook: String::from("the wiki"),
                reason: String::from("nobody knows it"),
                accept_by,
                contents: String::from("{}"),
                request: by,
            };
            write(&store, move |tx| tx.offer_handoff(&mint, &new))
        };
        let handoff = offer(Some(request)).unwrap();
        let found = read(&store, move |tx| tx.handoff_by_request(request)).unwrap();
        assert_eq!((found.id, found.request), (handoff, Some(request)));
        write(&store, move |tx| tx.end_handoff(handoff, HandoffEvent::Decline, "no", now)).unwrap();
        assert!(offer(Some(request)).is_err(), "one request leads to one handoff");
        let by_hand = offer(None).unwrap();
        assert_eq!(read(&store, move |tx| tx.handoff(by_hand)).request, None);
    }
}
