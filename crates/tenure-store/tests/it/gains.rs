//! Rights that were gained: what appeared since a survey, in which form, and how each row ends. Must never know what had to be
//! asked for: that is the engine's. Next: `few.rs`.

use crate::bed::{Bed, read, write};
use crate::world::{add_source, grant, ingest, role};
use tenure_model::{AskedRight, Instant, Observation, ObservedGrant};
use tenure_store::{
    Store,
    tables::{
        gains::{GainRow, RightAppeared},
        sources::SourceRow,
    },
};

fn seen(bed: &Bed, store: &Store, source: &SourceRow, grants: &[ObservedGrant]) -> Instant {
    let mut page = vec![Observation::Principal(role("oid:1", "app"))];
    page.extend(grants.iter().cloned().map(Observation::Grant));
    ingest(bed, store, source, "roles", &page).unwrap();
    bed.ids.now()
}

fn passed_on(of: ObservedGrant) -> ObservedGrant {
    ObservedGrant { grantable: true, ..of }
}

fn appeared(store: &Store, source: &SourceRow, absent: Instant) -> Vec<RightAppeared> {
    let (id, mut all, mut after) = (source.id, Vec::new(), None);
    loop {
        let from = after.clone();
        let page = read(store, move |tx| tx.rights_appeared((id, absent), from.as_ref(), 1));
        let Some((place, one)) = page.into_iter().next() else { return all };
        after = Some(place);
        all.push(one);
    }
}

fn row(one: &RightAppeared, absent: Instant, seen: Instant) -> GainRow {
    GainRow {
        principal: one.principal,
        identity: one.identity,
        right: one.right.clone(),
        class: Some(String::from("apps")),
        absent,
        seen,
        request: None,
        until: None,
        gone: None,
    }
}

on_both! {
    fn what_is_held_in_no_such_form_before_appeared_and_what_is_held_in_a_wider_one_did_not(bed) {
        let store = bed.open();
        let source = add_source(bed, &store, "pg");
        let before = [passed_on(grant("oid:1", "a", "SELECT")), grant("oid:1", "b", "SELECT")];
        let first = seen(bed, &store, &source, &before);
        assert!(appeared(&store, &source, first).is_empty(), "it was there");
        let other_way = ObservedGrant { path: vec![String::from("admins")], ..grant("oid:1", "b", "SELECT") };
        let now = [
            grant("oid:1", "a", "SELECT"),
            passed_on(grant("oid:1", "b", "SELECT")),
            other_way,
            grant("oid:1", "c", "DELETE"),
            grant("oid:1", "c", "owner"),
        ];
        let second = seen(bed, &store, &source, &now);
        let found = appeared(&store, &source, first);
        let words: Vec<String> = found.iter().map(|one| one.right.to_string()).collect();
        assert_eq!(words, ["SELECT on b, to be passed on", "DELETE on c"]);
        assert!(appeared(&store, &source, second).is_empty());
        // What is written down did not appear again.
        let rows: Vec<GainRow> = found.iter().map(|one| row(one, first, second)).collect();
        write(&store, move |tx| rows.iter().try_for_each(|row| tx.add_gain(row))).unwrap();
        assert!(appeared(&store, &source, first).is_empty());
    }
}

on_both! {
    fn a_gained_right_stands_until_a_survey_does_not_see_it_and_narrowed_as_what_is_left(bed) {
        let store = bed.open();
        let source = add_source(bed, &store, "pg");
        let first = seen(bed, &store, &source, &[]);
        let wide = [passed_on(grant("oid:1", "a", "SELECT")), grant("oid:1", "b", "SELECT")];
        let second = seen(bed, &store, &source, &wide);
        let found = appeared(&store, &source, first);
        let (identity, principal) = (found[0].identity, found[0].principal);
        let rows: Vec<GainRow> = found.iter().map(|one| row(one, first, second)).collect();
        write(&store, move |tx| rows.iter().try_for_each(|row| tx.add_gain(row))).unwrap();
        assert_eq!(read(&store, move |tx| tx.gains_of(identity, 9)).len(), 2);
        let narrow = AskedRight { right: String::from("SELECT"), resource: String::from("a"), grantable: false };
        let asked = narrow.clone();
        assert_eq!(read(&store, move |tx| tx.gain_open(principal, &asked)), None, "only in just this form");
        let third = seen(bed, &store, &source, &[grant("oid:1", "a", "SELECT")]);
        let id = source.id;
        write(&store, move |tx| tx.end_gains(id, third)).unwrap();
        assert!(read(&store, move |tx| tx.gain_open(principal, &narrow)).is_some(), "it is as that now");
        let held = read(&store, move |tx| tx.right_held(principal, ("SELECT", "a")));
        assert_eq!(held.map(|(grantable, _)| grantable), Some(false));
    }
}
