//! What an extent held: noted after a full reading, and forgotten as soon as its rows may be others.
//!
//! Whoever changes rows of a source without reading it must end up here. Next: `ingest.rs`.

use crate::bed::{Bed, read, write};
use crate::world::{
    add_plan, add_source, begin_survey, extent, grant, ingest, password, plan_row, principals, role, seen,
    shop, used,
};
use std::collections::{BTreeMap, BTreeSet};
use tenure_model::{
    Completeness, Extent, Instant, Observation, PlanKind, Presence, SourceId, StepKind, SurveyId,
};
use tenure_store::{
    Store,
    tables::{sources::SourceRow, surveys::ContentRow},
};

fn content(bed: &Bed, survey: SurveyId, things: i64) -> ContentRow {
    ContentRow {
        digest: String::from("fp1:k:d"),
        things,
        keys_digest: String::from("keys"),
        read_in_full: bed.ids.now(),
        survey,
    }
}

/// Notes extents as read in full, each with what it held.
fn note(bed: &Bed, store: &Store, source: SourceId, survey: SurveyId, extents: &[&str]) {
    let now = bed.ids.now();
    for name in extents {
        let (noted, content) = (extent(name), content(bed, survey, 3));
        write(store, move |tx| {
            tx.note_extent(source, survey, &noted, &Completeness::Whole, now)?;
            tx.note_content(source, &noted, &content)
        })
        .unwrap();
    }
}

fn recognisable(store: &Store, source: SourceId) -> Vec<String> {
    read(store, move |tx| tx.contents(source)).into_keys().map(|Extent(name)| name).collect()
}

/// A source with the shop in `roles`, and a right of it in `grants`; both are noted.
fn noted(bed: &Bed, store: &Store) -> (SourceRow, SurveyId) {
    let source = add_source(bed, store, "pg");
    let survey = begin_survey(bed, store, &source);
    ingest(bed, store, &source, "roles", &shop()).unwrap();
    ingest(bed, store, &source, "grants", &[Observation::Grant(grant("oid:1", "t", "SELECT"))]).unwrap();
    note(bed, store, source.id, survey, &["roles", "grants"]);
    (source, survey)
}

on_both! {
    fn what_an_extent_held_is_kept_as_it_was_noted_until_it_is_read_again(bed) {
        let store = bed.open();
        let (source, survey) = noted(bed, &store);
        let id = source.id;
        let kept = read(&store, move |tx| tx.contents(id));
        let roles = kept.get(&extent("roles")).unwrap();
        assert_eq!((roles.things, roles.survey, roles.keys_digest.as_str()), (3, survey, "keys"));
        let again = begin_survey(bed, &store, &source);
        let now = bed.ids.now();
        write(&store, move |tx| tx.note_unchanged(id, again, &extent("roles"), now)).unwrap();
        assert_eq!(read(&store, move |tx| tx.contents(id)), kept, "recognised, it stands as it was");
        let row = read(&store, move |tx| tx.extents(id)).remove(1);
        assert_eq!((row.extent.as_str(), row.read, row.whole), ("roles", now, true));
        let part = Completeness::Part { why: String::from("w"), remedy: String::from("r") };
        write(&store, move |tx| tx.note_extent(id, again, &extent("roles"), &part, now)).unwrap();
        assert_eq!(recognisable(&store, id), ["grants"]);
    }
}

on_both! {
    fn a_page_forgets_its_own_extent_and_a_use_forgets_nothing(bed) {
        let store = bed.open();
        let (source, _) = noted(bed, &store);
        ingest(bed, &store, &source, "roles", &[Observation::Use(used("oid:1", "x", Instant::from_micros(0), 1))]).unwrap();
        assert_eq!(recognisable(&store, source.id), ["grants", "roles"]);
        // Nothing of it is new: it may still be only a part of what is there.
        ingest(bed, &store, &source, "roles", &shop()[..1]).unwrap();
        assert_eq!(recognisable(&store, source.id), ["grants"]);
    }
}

on_both! {
    fn a_row_that_moves_between_extents_forgets_all(bed) {
        let store = bed.open();
        let moved = [
            Observation::Grant(grant("oid:1", "t", "SELECT")),
            Observation::Principal(role("oid:1", "shop")),
            Observation::Credential(password("oid:1", "f1")),
        ];
        for (number, observation) in moved.into_iter().enumerate() {
            let source = add_source(bed, &store, &format!("pg{number}"));
            let survey = begin_survey(bed, &store, &source);
            ingest(bed, &store, &source, "roles", &shop()).unwrap();
            ingest(bed, &store, &source, "grants", &[Observation::Grant(grant("oid:1", "t", "SELECT"))]).unwrap();
            note(bed, &store, source.id, survey, &["roles", "grants"]);
            ingest(bed, &store, &source, "other", std::slice::from_ref(&observation)).unwrap();
            assert_eq!(recognisable(&store, source.id), Vec::<String>::new(), "{observation:?}");
            assert!(read(&store, move |tx| tx.was_disturbed(survey)), "{observation:?}");
        }
    }
}

on_both! {
    fn a_row_that_moves_is_noticed_among_many_others(bed) {
        let store = bed.open();
        let source = add_source(bed, &store, "pg");
        let survey = begin_survey(bed, &store, &source);
        ingest(bed, &store, &source, "roles", &shop()).unwrap();
        let many: Vec<Observation> =
            (0..300).map(|number| Observation::Grant(grant("oid:1", &format!("t{number:03}"), "SELECT"))).collect();
        ingest(bed, &store, &source, "grants", &many).unwrap();
        note(bed, &store, source.id, survey, &["roles", "grants"]);
        // Two rights with 298 in between, of which only the first few are looked up together.
        let page = [many[0].clone(), many[299].clone()];
        ingest(bed, &store, &source, "grants", &page).unwrap();
        assert_eq!(recognisable(&store, source.id), ["roles"], "they stayed where they were");
        let page = [Observation::Grant(grant("oid:1", "a", "SELECT")), many[299].clone()];
        ingest(bed, &store, &source, "other", &page).unwrap();
        assert_eq!(recognisable(&store, source.id), Vec::<String>::new());
    }
}

on_both! {
    fn a_principal_that_is_gone_takes_its_rows_from_extents_and_they_are_forgotten(bed) {
        let store = bed.open();
        let (source, survey) = noted(bed, &store);
        note(bed, &store, source.id, survey, &["elsewhere"]);
        let principal = principals(&store).remove(0);
        let (gone, now) = (vec![(principal.id, principal.identity)], bed.ids.now());
        let bereft = write(&store, move |tx| tx.mark_gone(&gone, now)).unwrap();
        assert_eq!(bereft, BTreeSet::from([String::from("grants"), String::from("roles")]));
        assert_eq!(recognisable(&store, source.id), ["elsewhere"]);
        assert!(!read(&store, move |tx| tx.was_disturbed(survey)), "the survey itself did it");
    }
}

on_both! {
    fn whatever_changes_rows_without_reading_forgets_all_and_disturbs_a_running_survey(bed) {
        let store = bed.open();
        let (source, survey) = noted(bed, &store);
        let (principal, now) = (principals(&store).remove(0), bed.ids.now());
        for presence in [Presence::Unproven, Presence::Present] {
            note(bed, &store, source.id, survey, &["roles", "grants"]);
            let id = principal.id;
            write(&store, move |tx| tx.set_presence(id, presence, now)).unwrap();
            assert_eq!(recognisable(&store, source.id), Vec::<String>::new(), "{presence}");
        }
        assert!(read(&store, move |tx| tx.was_disturbed(survey)));
        let next = begin_survey(bed, &store, &source);
        assert!(!read(&store, move |tx| tx.was_disturbed(next)), "a later survey saw it whole");
        note(bed, &store, source.id, next, &["roles", "grants"]);
        let plan = plan_row(bed, &principal, PlanKind::Revoke);
        add_plan(bed, &store, &plan, &[StepKind::Disable], &[]);
        assert_eq!(recognisable(&store, source.id).len(), 2, "a plan that did nothing yet changes no row");
        let id = source.id;
        write(&store, move |tx| tx.remove_source(id, now)).unwrap();
        assert_eq!(recognisable(&store, source.id), Vec::<String>::new());
    }
}

on_both! {
    fn another_source_is_not_forgotten(bed) {
        let store = bed.open();
        let (one, _) = noted(bed, &store);
        let other = add_source(bed, &store, "pg-other");
        let survey = begin_survey(bed, &store, &other);
        note(bed, &store, other.id, survey, &["roles"]);
        let id = one.id;
        write(&store, move |tx| tx.forget_digests(id)).unwrap();
        assert_eq!((recognisable(&store, one.id).len(), recognisable(&store, other.id).len()), (0, 1));
        assert!(!read(&store, move |tx| tx.was_disturbed(survey)));
    }
}

on_both! {
    fn an_extent_is_blank_only_while_nothing_was_written_to_it(bed) {
        let store = bed.open();
        let source = add_source(bed, &store, "pg");
        let (survey, id, now) = (begin_survey(bed, &store, &source), source.id, bed.ids.now());
        let blank = || read(&store, move |tx| tx.blank_extents(id)).into_iter().map(|Extent(name)| name).collect::<Vec<_>>();
        assert_eq!(blank(), Vec::<String>::new());
        let noted = move |name: &'static str, things| {
            move |tx: &mut tenure_store::Tx<'_>| {
                tx.note_extent(id, survey, &extent(name), &Completeness::Whole, now)?;
                tx.note_things(id, &extent(name), things)
            }
        };
        write(&store, noted("roles", 0)).unwrap();
        write(&store, noted("full", 2)).unwrap();
        assert_eq!(blank(), ["roles"]);
        ingest(bed, &store, &source, "roles", &shop()).unwrap();
        assert_eq!(blank(), Vec::<String>::new(), "a survey that is cut off may leave rows there");
        write(&store, noted("roles", 0)).unwrap();
        write(&store, move |tx| tx.forget_digests(id)).unwrap();
        assert_eq!(blank(), Vec::<String>::new());
    }
}

on_both! {
    fn principals_are_counted_extent_by_extent(bed) {
        let store = bed.open();
        let source = add_source(bed, &store, "pg");
        ingest(bed, &store, &source, "roles", &shop()).unwrap();
        let page = [Observation::Principal(role("oid:2", "b")), Observation::Principal(role("oid:3", "c"))];
        ingest(bed, &store, &source, "other", &page).unwrap();
        let id = source.id;
        let counted = read(&store, move |tx| tx.present_principals(id));
        assert_eq!(counted, BTreeMap::from([(String::from("other"), 2), (String::from("roles"), 1)]));
        let (shop_seen, nothing) = (seen(&shop()), seen(&[]));
        let (present, missing) = read(&store, move |tx| {
            tx.missing_principals(id, &BTreeMap::from([("roles", &shop_seen), ("other", &nothing)]))
        });
        assert_eq!((present, missing.len()), (3, 2));
    }
}

#[test]
fn a_digest_stands_only_beside_what_a_full_reading_found() {
    let bed = Bed::sqlite();
    let store = bed.open();
    let (source, _) = noted(&bed, &store);
    let (name, survey) = (source.id, begin_survey(&bed, &store, &source));
    let part = Completeness::Part { why: String::from("w"), remedy: String::from("r") };
    let now = bed.ids.now();
    let (content, noted) = (content(&bed, survey, 1), extent("roles"));
    let refused = write(&store, move |tx| {
        tx.note_extent(name, survey, &noted, &part, now)?;
        tx.note_content(name, &noted, &content)
    });
    assert!(refused.unwrap_err().to_string().contains("extents_content_is_of_a_full_reading"));
}
