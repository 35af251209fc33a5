//! What is due to be reviewed, and what is not: each reason why not has its own identity.
//!
//! Must never know how often that is: the programme says. Next: `few.rs`.

use crate::bed::{Bed, read, write};
use crate::world::{add_source, ingest, judged_as, role};
use tenure_model::{
    IdentityId, Instant, Observation, PersonId, ReviewAnswer, ReviewId, ReviewItemEvent, ReviewItemId,
    RiskTier, Standing,
};
use tenure_store::{
    Store,
    tables::{
        identities::JudgedAs,
        review_items::{ReviewDecided, ReviewItemsMeant, ReviewNamed},
        reviews::{NewReview, NewReviewItem},
    },
};

/// A review of these, and its items in their order.
fn review(
    bed: &Bed,
    store: &Store,
    identities: &[IdentityId],
    by: Option<PersonId>,
) -> (ReviewId, Vec<ReviewItemId>) {
    let item = |identity: &IdentityId| NewReviewItem {
        identity: *identity,
        stage: 2,
        reviewer: None,
        turn: String::from("the contact"),
        due: Instant::from_micros(4_000_000_000_000_000),
    };
    let new = NewReview {
        rule: String::from("name:**"),
        reason: String::from("yearly"),
        started_by: by,
        until: Instant::from_micros(4_000_000_000_000_000),
        population: String::from("p"),
        items: identities.iter().map(item).collect(),
    };
    let mint = bed.ids.mint();
    let id = write(store, move |tx| tx.add_review(&mint, &new)).unwrap();
    let rows = read(store, move |tx| tx.review_items(id, ReviewItemsMeant::default(), None, 100));
    (id, rows.into_iter().map(|row| row.id).collect())
}

fn decide(bed: &Bed, store: &Store, item: ReviewItemId) {
    let decided = ReviewDecided {
        answer: ReviewAnswer::Keep,
        by: PersonId::new(bed.ids.now(), bed.ids.random()),
        reason: String::from("it runs"),
        named: ReviewNamed::default(),
        at: bed.ids.now(),
        delegation: None,
    };
    write(store, move |tx| tx.decide_review_item(item, &decided)).unwrap();
}

fn settle(bed: &Bed, store: &Store, item: ReviewItemId, event: ReviewItemEvent) {
    let now = bed.ids.now();
    write(store, move |tx| tx.settle_review_item(item, event, "seen", now)).unwrap();
}

/// Twelve identities of one tier that a class means; the last stands as given.
fn population(bed: &Bed, store: &Store, last: Standing) -> Vec<IdentityId> {
    let source = add_source(bed, store, "pg");
    let page: Vec<Observation> = (0..12)
        .map(|n| Observation::Principal(role(&format!("oid:{n:02}"), &format!("app{n:02}"))))
        .collect();
    ingest(bed, store, &source, "roles", &page).unwrap();
    let all = read(store, |tx| tx.all_identities(None, 50));
    for (index, id) in all.iter().enumerate() {
        let (id, now) = (*id, bed.ids.now());
        let standing = if index == 11 { last } else { Standing::Sound };
        let (tier, class) = match index {
            0 => (Some(RiskTier::Low), Some(String::from("apps"))),
            1 => (None, Some(String::from("apps"))),
            2 => (Some(RiskTier::High), None),
            _ => (Some(RiskTier::High), Some(String::from("apps"))),
        };
        let judged = JudgedAs { tier, class, ..judged_as(standing, None) };
        let before = read(store, move |tx| tx.identity(id)).standing;
        write(store, move |tx| tx.set_judged(id, &judged, before, now).map(drop)).unwrap();
    }
    all
}

on_both! {
    fn what_nobody_decided_about_since_is_due_and_nothing_else(bed) {
        let store = bed.open();
        let all = population(bed, &store, Standing::Gone);
        let due = |before: Instant, most: i64| {
            let mut found = read(&store, move |tx| tx.identities_to_review(RiskTier::High, before, most));
            found.sort();
            found
        };
        let begun = bed.ids.now();
        assert_eq!(due(begun, 50), all[3..11].to_vec(), "not another tier, not of no class, not what is gone");
        assert_eq!(due(Instant::from_micros(1), 50), Vec::new(), "governance applied to none of them then");
        assert_eq!(due(begun, 2).len(), 2);
        let someone = PersonId::new(bed.ids.now(), bed.ids.random());
        let (_, items) = review(bed, &store, &all[3..7], Some(someone));
        assert_eq!(due(begun, 50), all[7..11].to_vec(), "four wait in a review");
        decide(bed, &store, items[0]);
        decide(bed, &store, items[1]);
        settle(bed, &store, items[1], ReviewItemEvent::Execute);
        settle(bed, &store, items[2], ReviewItemEvent::Miss);
        settle(bed, &store, items[3], ReviewItemEvent::End);
        assert_eq!(due(begun, 50), all[6..11].to_vec(), "that it was over otherwise is no decision");
        let later = bed.ids.now();
        let again: Vec<IdentityId> = all[4..11].to_vec();
        assert_eq!(due(later, 50), again, "but for the first, of which a decision waits to be seen");
    }
}

on_both! {
    fn a_missed_review_counts_until_somebody_decides_and_what_tenure_began_is_counted(bed) {
        let store = bed.open();
        let all = population(bed, &store, Standing::Sound);
        let missed = |at: usize| { let id = all[at]; read(&store, move |tx| tx.review_missed(id)) };
        let begun_by_tenure = || read(&store, |tx| tx.reviews_begun_by_tenure());
        assert_eq!(begun_by_tenure(), (None, 0));
        let someone = PersonId::new(bed.ids.now(), bed.ids.random());
        review(bed, &store, &all[..1], Some(someone));
        assert_eq!(begun_by_tenure(), (None, 0), "a person began it");
        let (first, items) = review(bed, &store, &all[3..6], None);
        let started = read(&store, move |tx| tx.review(first)).started;
        assert_eq!(begun_by_tenure(), (Some(started), 3));
        settle(bed, &store, items[0], ReviewItemEvent::Miss);
        settle(bed, &store, items[1], ReviewItemEvent::End);
        decide(bed, &store, items[2]);
        assert_eq!(begun_by_tenure(), (Some(started), 0), "none waits for a decision");
        assert!(missed(3).is_some() && missed(4).is_none() && missed(5).is_none());
        let among = { let all = all.clone(); read(&store, move |tx| tx.few_among(&all[..12])) };
        assert!(among.review_missed.contains(&all[3]));
        let (_, again) = review(bed, &store, &all[3..4], None);
        assert!(missed(3).is_some(), "asked again is not decided");
        decide(bed, &store, again[0]);
        assert_eq!(missed(3), None);
        settle(bed, &store, again[0], ReviewItemEvent::Execute);
        let (_, third) = review(bed, &store, &all[3..4], None);
        settle(bed, &store, third[0], ReviewItemEvent::Miss);
        assert!(missed(3).is_some(), "missed since that decision");
    }
}
