//! Observations become rows: insert, change, rename, absence; and an unchanged row is not written again.
//!
//! Names are as hostile as other systems allow. Next: `inventory.rs`, which reads what was written.

use crate::bed::{Bed, read, write};
use crate::world::{
    add_source, begin_survey, everyone, extent, facts, grant, hostile_names, ingest, password, principals,
    role, seen, shop, sighting, used,
};
use std::collections::BTreeMap;
use tenure_model::{
    Completeness, CredentialState, IdentityId, Instant, Observation, Presence, PrincipalId, Standing,
    SurveyEvent, SurveyState,
};
use tenure_store::{
    Store, StoreFailure,
    tables::{ingest::PageOutcome, sources::SourceRow},
};

const fn outcome(changed: i64, orphans: i64) -> PageOutcome {
    PageOutcome { changed, orphans }
}

fn waiting(store: &Store) -> Vec<IdentityId> {
    let found = read(store, |tx| tx.to_judge(Instant::from_micros(0), None, 100));
    found.into_iter().map(|(id, _)| id).collect()
}

fn judged(store: &Store) {
    for id in waiting(store) {
        write(store, move |tx| tx.untouch(id)).unwrap();
    }
}

on_both! {
    fn what_is_new_is_inserted_and_what_is_unchanged_is_not_written_again(bed) {
        let store = bed.open();
        let source = add_source(bed, &store, "pg");
        assert_eq!(ingest(bed, &store, &source, "roles", &shop()).unwrap(), outcome(6, 0));
        let before = (everyone(&store), principals(&store));
        assert_eq!(before.0.len(), 1);
        assert_eq!((before.0[0].name.as_str(), before.0[0].standing), ("pg/shop", Standing::Unclaimed));
        assert_eq!(waiting(&store), [before.0[0].id]);
        judged(&store);
        assert_eq!(ingest(bed, &store, &source, "roles", &shop()).unwrap(), outcome(0, 0));
        assert_eq!((everyone(&store), principals(&store)), before);
        assert_eq!(waiting(&store), [], "nothing that feeds a fact changed");
    }
}

on_both! {
    fn each_kind_of_change_is_written_once_and_has_its_identity_judged_again(bed) {
        let store = bed.open();
        let source = add_source(bed, &store, "pg");
        ingest(bed, &store, &source, "roles", &shop()).unwrap();
        let mut superuser = role("oid:1", "shop");
        superuser.facts = facts(&[("login", true), ("superuser", true)]);
        let mut hinted = superuser.clone();
        hinted.charter_hint = Some(String::from("owner: ops"));
        let mut grantable = grant("oid:1", "shop/table/orders", "SELECT");
        grantable.grantable = true;
        let mut expired = password("oid:1", "f2");
        expired.state = CredentialState::Expired;
        let mut towards = sighting("user mapping of `reports`", "shop");
        towards.towards = Some(String::from("pg-other"));
        let hour = Instant::from_micros(3_600_000_000);
        let changes = [
            (Observation::Principal(superuser), true),
            (Observation::Principal(hinted), true),
            (Observation::Grant(grantable), true),
            (Observation::Credential(password("oid:1", "f2")), true),
            (Observation::Credential(expired), true),
            (Observation::Use(used("oid:1", "10.0.0.7 (etl)", hour, 9)), true),
            (Observation::Use(used("oid:1", "10.0.0.8", hour, 1)), true),
            (Observation::Sighting(towards), false),
        ];
        for (change, feeds_a_fact) in changes {
            judged(&store);
            let page = [change];
            assert_eq!(ingest(bed, &store, &source, "roles", &page).unwrap(), outcome(1, 0), "{page:?}");
            assert_eq!(!waiting(&store).is_empty(), feeds_a_fact, "{page:?}");
            assert_eq!(ingest(bed, &store, &source, "roles", &page).unwrap(), outcome(0, 0), "{page:?}");
        }
        let principal = principals(&store).remove(0);
        let credential = read(&store, move |tx| tx.credentials_of(principal.id)).remove(0);
        assert!(credential.value_changed.is_some(), "the value changed once");
        assert_eq!(credential.state, CredentialState::Expired);
    }
}

on_both! {
    fn a_renamed_principal_keeps_its_identity_and_its_history(bed) {
        let store = bed.open();
        let source = add_source(bed, &store, "pg");
        ingest(bed, &store, &source, "roles", &shop()).unwrap();
        let before = principals(&store).remove(0);
        let page = [Observation::Principal(role("oid:1", "webshop"))];
        assert_eq!(ingest(bed, &store, &source, "roles", &page).unwrap(), outcome(1, 0));
        let after = principals(&store).remove(0);
        assert_eq!((after.id, after.identity, after.name.as_str()), (before.id, before.identity, "webshop"));
        assert_eq!(everyone(&store)[0].name, "pg/webshop");
        // The name it had may be taken by another role with another key: that is somebody else.
        let page = [Observation::Principal(role("oid:2", "shop"))];
        assert_eq!(ingest(bed, &store, &source, "roles", &page).unwrap(), outcome(1, 0));
        assert_eq!(everyone(&store).len(), 2);
    }
}

on_both! {
    fn what_belongs_to_nobody_seen_is_kept_out_and_counted_wherever_it_stands(bed) {
        let store = bed.open();
        let source = add_source(bed, &store, "pg");
        let mut page = vec![
            Observation::Grant(grant("oid:9", "a", "SELECT")),
            Observation::Credential(password("oid:9", "f")),
            Observation::Use(used("oid:9", "x", Instant::from_micros(0), 1)),
        ];
        assert_eq!(ingest(bed, &store, &source, "roles", &page).unwrap(), outcome(0, 3));
        // A page that names things before their principal: what comes after it belongs to somebody.
        page.push(Observation::Principal(role("oid:9", "late")));
        page.push(Observation::Grant(grant("oid:9", "b", "SELECT")));
        assert_eq!(ingest(bed, &store, &source, "roles", &page).unwrap(), outcome(2, 3));
        assert_eq!(ingest(bed, &store, &source, "roles", &page).unwrap(), outcome(3, 0));
    }
}

on_both! {
    fn hostile_names_are_kept_exactly_and_found_again(bed) {
        let store = bed.open();
        let source = add_source(bed, &store, "pg");
        let names = hostile_names();
        let page: Vec<Observation> = names.iter().enumerate().flat_map(|(number, name)| {
            let key = format!("oid:{number}{name}");
            [
                Observation::Principal(role(&key, name)),
                Observation::Grant(grant(&key, name, name)),
                Observation::Credential(password(&key, name)),
                Observation::Use(used(&key, name, Instant::from_micros(0), 1)),
                Observation::Sighting(sighting(name, name)),
            ]
        }).collect();
        let changed = i64::try_from(page.len()).unwrap();
        assert_eq!(ingest(bed, &store, &source, "roles", &page).unwrap(), outcome(changed, 0));
        assert_eq!(ingest(bed, &store, &source, "roles", &page).unwrap(), outcome(0, 0));
        let kept: Vec<String> = principals(&store).into_iter().map(|row| row.name).collect();
        assert_eq!(kept, names, "in the order of their keys");
        for name in names {
            let looked_for = name.clone();
            let (by_principal, by_name) = read(&store, move |tx| {
                Ok((tx.find_identity(&looked_for)?, tx.find_identity(&format!("pg/{looked_for}"))?))
            });
            assert_eq!((by_principal.name, by_name.name), (format!("pg/{name}"), format!("pg/{name}")));
        }
        let swept = sweep(bed, &store, &source, (&page, None));
        assert_eq!(swept, 0, "what was seen is recognised whatever its name");
    }
}

on_both! {
    fn a_nul_in_any_observation_fails_the_page_and_writes_nothing(bed) {
        let store = bed.open();
        let source = add_source(bed, &store, "pg");
        let page = [Observation::Principal(role("oid:1", "fine")), Observation::Principal(role("oid:2", "a\0b"))];
        assert!(matches!(ingest(bed, &store, &source, "roles", &page), Err(StoreFailure::Nul)));
        assert!(principals(&store).is_empty());
    }
}

/// Marks everything of `roles` gone that `page` does not hold; returns how many were present before.
fn miss(bed: &Bed, store: &Store, source: tenure_model::SourceId, page: &[Observation]) -> (i64, usize) {
    let (seen, now) = (seen(page), bed.ids.now());
    write(store, move |tx| {
        let (present, missing): (i64, Vec<(PrincipalId, IdentityId)>) =
            tx.missing_principals(source, &BTreeMap::from([("roles", &seen)]))?;
        tx.mark_gone(&missing, now)?;
        Ok((present, missing.len()))
    })
    .unwrap()
}

/// Sweeps what `page` does not hold from `roles`, where so many rights were seen that all have their rows.
fn sweep(bed: &Bed, store: &Store, source: &SourceRow, (page, rights): (&[Observation], Option<i64>)) -> i64 {
    let (id, now, seen) = (source.id, bed.ids.now(), seen(page));
    write(store, move |tx| {
        let rights_seen: BTreeMap<&str, i64> = rights.map(|rights| ("roles", rights)).into_iter().collect();
        tx.sweep_extents(id, &BTreeMap::from([("roles", &seen)]), &rights_seen, now)
    })
    .unwrap()
}

on_both! {
    fn what_is_known_of_a_source_is_what_is_present_there_with_its_value(bed) {
        let store = bed.open();
        let source = add_source(bed, &store, "pg");
        let page = shop();
        ingest(bed, &store, &source, "roles", &page).unwrap();
        ingest(bed, &store, &source, "other", &[Observation::Principal(role("oidx", "elsewhere"))]).unwrap();
        let other = add_source(bed, &store, "other");
        ingest(bed, &store, &other, "roles", &[Observation::Principal(role("oid:9", "theirs"))]).unwrap();
        let id = source.id;
        let known = |start: &'static str| read(&store, move |tx| tx.principals_known(id, start));
        let value = page.iter().find_map(|seen| match seen {
            Observation::Credential(credential) => credential.fingerprint.clone(),
            _ => None,
        });
        assert!(value.is_some());
        let key = |key: &str| tenure_model::PrincipalKey(key.to_owned());
        assert_eq!(known("oid:"), BTreeMap::from([(key("oid:1"), value.clone())]));
        assert_eq!(known("oid"), BTreeMap::from([(key("oid:1"), value), (key("oidx"), None)]));
        assert_eq!(known("oid:1:"), BTreeMap::new());
        miss(bed, &store, id, &[]);
        assert_eq!(known("oid:"), BTreeMap::new());
    }
}

on_both! {
    fn a_principal_that_is_missed_is_gone_and_comes_back_when_it_is_seen(bed) {
        let store = bed.open();
        let source = add_source(bed, &store, "pg");
        let mut page = shop();
        page.push(Observation::Principal(role("oid:2", "stays")));
        ingest(bed, &store, &source, "roles", &page).unwrap();
        ingest(bed, &store, &source, "other", &[Observation::Principal(role("oid:3", "elsewhere"))]).unwrap();
        judged(&store);
        assert_eq!(miss(bed, &store, source.id, &page[6..]), (2, 1));
        let gone = principals(&store).remove(0);
        assert_eq!((gone.presence, gone.gone.is_some()), (Presence::Gone, true));
        assert_eq!(waiting(&store), [gone.identity]);
        let id = gone.id;
        let (credentials, grants) =
            read(&store, move |tx| Ok((tx.credentials_of(id)?, tx.grants_of(id, 10)?)));
        assert_eq!((credentials[0].state, grants.len()), (CredentialState::Gone, 0));
        assert_eq!(miss(bed, &store, source.id, &page[6..]), (1, 0), "it is not missed twice");
        assert_eq!(ingest(bed, &store, &source, "roles", &shop()).unwrap().changed, 4, "principal, password, two rights");
        let back = principals(&store).remove(0);
        assert_eq!((back.presence, back.gone, back.id), (Presence::Present, None, id));
    }
}

on_both! {
    fn a_swept_extent_loses_what_was_not_seen_and_nothing_else(bed) {
        let store = bed.open();
        let source = add_source(bed, &store, "pg");
        ingest(bed, &store, &source, "roles", &shop()).unwrap();
        ingest(bed, &store, &source, "grants/shop", &[Observation::Grant(grant("oid:1", "b", "SELECT"))]).unwrap();
        judged(&store);
        let kept = [shop()[0].clone(), shop()[2].clone()];
        let swept = sweep(bed, &store, &source, (&kept, None));
        assert_eq!(swept, 3, "the password, one right, the copy");
        assert_eq!(waiting(&store).len(), 1);
        let principal = principals(&store).remove(0).id;
        let (grants, credentials, copies) = read(&store, move |tx| {
            Ok((tx.grants_of(principal, 10)?, tx.credentials_of(principal)?, tx.copies_of("shop")?))
        });
        let rights: Vec<&str> = grants.iter().map(|grant| grant.resource.as_str()).collect();
        assert_eq!(rights, ["b", "shop/table/orders"]);
        assert_eq!((credentials[0].state, copies.len()), (CredentialState::Gone, 0));
    }
}

on_both! {
    fn rights_are_compared_unless_as_many_are_there_as_were_seen(bed) {
        let store = bed.open();
        let source = add_source(bed, &store, "pg");
        ingest(bed, &store, &source, "roles", &shop()).unwrap();
        let elsewhere = [Observation::Grant(grant("oid:1", "b", "SELECT"))];
        ingest(bed, &store, &source, "grants/shop", &elsewhere).unwrap();
        assert_eq!(sweep(bed, &store, &source, (&shop(), Some(2))), 0);
        let mut kept = shop();
        kept.remove(3);
        assert_eq!(sweep(bed, &store, &source, (&kept, Some(1))), 1, "one more is there than was seen");
        assert_eq!(sweep(bed, &store, &source, (&kept, Some(1))), 0);
        let principal = principals(&store).remove(0).id;
        let rights: Vec<String> = read(&store, move |tx| tx.grants_of(principal, 10)).into_iter().map(|row| row.resource).collect();
        assert_eq!(rights, ["b", "shop/table/orders"]);
    }
}

/// Three hundred accounts with a password, two rights and a use each, in the order of their keys.
fn many() -> Vec<Observation> {
    let keys = || (0..300).map(|number| format!("oid:{number:04}"));
    let mut page: Vec<Observation> =
        keys().map(|key| Observation::Principal(role(&key, &format!("app-{key}")))).collect();
    page.extend(keys().map(|key| Observation::Credential(password(&key, &format!("f-{key}")))));
    page.extend(keys().flat_map(|key| {
        ["INSERT", "SELECT"].map(|right| Observation::Grant(grant(&key, "shop/table/orders", right)))
    }));
    page.extend(
        keys().map(|key| Observation::Use(used(&key, "etl", Instant::from_micros(3_600_000_000), 1))),
    );
    page
}

on_both! {
    fn a_run_is_compared_whatever_its_order_and_whatever_lies_in_between(bed) {
        let store = bed.open();
        let source = add_source(bed, &store, "pg");
        let page = many();
        assert_eq!(ingest(bed, &store, &source, "roles", &page).unwrap(), outcome(1_500, 0));
        assert_eq!(ingest(bed, &store, &source, "roles", &page).unwrap(), outcome(0, 0));
        let mut backwards = page.clone();
        backwards.reverse();
        assert_eq!(ingest(bed, &store, &source, "roles", &backwards).unwrap(), outcome(0, 0));
        // The first and the last of each kind: nearly three hundred lie between them, more than one look takes.
        let ends = |at: usize| [page[at].clone(), page[at + 299].clone()];
        let far: Vec<Observation> =
            [ends(0).as_slice(), &ends(300), &[page[600].clone(), page[1_199].clone()], &ends(1_200)].concat();
        assert_eq!(ingest(bed, &store, &source, "roles", &far).unwrap(), outcome(0, 0));
        let mut changed = far.clone();
        for observation in &mut changed {
            match observation {
                Observation::Principal(seen) => seen.charter_hint = Some(String::from("owner: ops")),
                Observation::Credential(seen) => seen.state = CredentialState::Expired,
                Observation::Grant(seen) => seen.grantable = true,
                Observation::Use(seen) => seen.count = 2,
                Observation::Sighting(_) => {}
            }
        }
        assert_eq!(ingest(bed, &store, &source, "roles", &changed).unwrap(), outcome(8, 0));
        assert_eq!(ingest(bed, &store, &source, "roles", &changed).unwrap(), outcome(0, 0));
        assert_eq!(ingest(bed, &store, &source, "roles", &page).unwrap(), outcome(6, 0), "a use only grows");
        assert_eq!(principals(&store).len(), 300);
    }
}

on_both! {
    fn what_comes_twice_in_a_run_counts_as_it_came_last(bed) {
        let store = bed.open();
        let source = add_source(bed, &store, "pg");
        let mut renamed = role("oid:1", "shop");
        renamed.name = String::from("store");
        let mut expired = password("oid:1", "f1");
        expired.state = CredentialState::Expired;
        let mut grantable = grant("oid:1", "t", "SELECT");
        grantable.grantable = true;
        let page = [
            Observation::Principal(role("oid:1", "shop")),
            Observation::Principal(renamed),
            Observation::Credential(password("oid:1", "f1")),
            Observation::Credential(expired),
            Observation::Grant(grant("oid:1", "t", "SELECT")),
            Observation::Grant(grantable),
            Observation::Grant(grant("oid:unheard", "t", "SELECT")),
        ];
        assert_eq!(ingest(bed, &store, &source, "roles", &page).unwrap(), outcome(6, 1));
        let row = principals(&store).remove(0);
        assert_eq!((principals(&store).len(), row.name.as_str()), (1, "store"));
        let (credentials, grants) =
            read(&store, move |tx| Ok((tx.credentials_of(row.id)?, tx.grants_of(row.id, 10)?)));
        assert_eq!((credentials.len(), credentials[0].state), (1, CredentialState::Expired));
        assert_eq!((grants.len(), grants[0].grantable), (1, true));
    }
}

on_both! {
    fn holders_of_one_value_are_judged_again_together(bed) {
        let store = bed.open();
        let source = add_source(bed, &store, "pg");
        ingest(bed, &store, &source, "roles", &shop()).unwrap();
        judged(&store);
        let page = [Observation::Principal(role("oid:2", "twin")), Observation::Credential(password("oid:2", "f1"))];
        ingest(bed, &store, &source, "roles", &page).unwrap();
        assert_eq!(waiting(&store).len(), 2);
        let twin = principals(&store).remove(1).id;
        let credential = read(&store, move |tx| tx.credentials_of(twin)).remove(0).id;
        assert_eq!(read(&store, move |tx| tx.same_value_as(credential, "f1")), ["pg/shop"]);
    }
}

on_both! {
    fn what_is_touched_while_it_is_judged_is_judged_again(bed) {
        let store = bed.open();
        let source = add_source(bed, &store, "pg");
        ingest(bed, &store, &source, "roles", &shop()).unwrap();
        let id = waiting(&store)[0];
        let read_at = read(&store, move |tx| tx.touches(id));
        ingest(bed, &store, &source, "roles", &[Observation::Grant(grant("oid:1", "new", "SELECT"))]).unwrap();
        write(&store, move |tx| tx.untouch_if(id, read_at)).unwrap();
        assert_eq!(waiting(&store), [id], "the new right was not in what was judged");
        let read_at = read(&store, move |tx| tx.touches(id));
        write(&store, move |tx| tx.untouch_if(id, read_at)).unwrap();
        assert_eq!((waiting(&store), read(&store, move |tx| tx.touches(id))), (vec![], 0));
    }
}

on_both! {
    fn surveys_move_only_as_their_life_allows_and_extents_say_how_whole_they_were(bed) {
        let store = bed.open();
        let source = add_source(bed, &store, "pg");
        let cut_off = begin_survey(bed, &store, &source);
        let survey = begin_survey(bed, &store, &source);
        let (id, now) = (source.id, bed.ids.now());
        let (first, last) = read(&store, move |tx| Ok((tx.survey(cut_off)?, tx.last_survey(id)?)));
        assert_eq!((first.state, first.note.as_deref()), (SurveyState::Failed, Some("cut off")));
        let mut row = last.unwrap();
        assert_eq!((row.id, row.state), (survey, SurveyState::Running));
        (row.seen, row.changed, row.missing, row.note) = (10, 2, 1, Some(String::from("n")));
        let moved = row.clone();
        let held = write(&store, move |tx| tx.move_survey(&moved, SurveyEvent::Hold)).unwrap();
        assert_eq!(held, SurveyState::Held);
        let moved = row.clone();
        let refused = write(&store, move |tx| tx.move_survey(&moved, SurveyEvent::FinishWhole)).unwrap_err();
        assert_eq!(refused.to_string(), "`finish_whole` may not happen to something that is `held`");
        let part = Completeness::Part { why: String::from("no CONNECT"), remedy: String::from("grant it") };
        write(&store, move |tx| {
            tx.note_extent(id, survey, &extent("roles"), &part, now)?;
            tx.note_extent(id, survey, &extent("grants/x"), &Completeness::Whole, now)?;
            tx.note_extent(id, survey, &extent("roles"), &Completeness::Whole, now)
        }).unwrap();
        let extents = read(&store, move |tx| tx.extents(id));
        let shown: Vec<(&str, bool, Option<&str>)> =
            extents.iter().map(|row| (row.extent.as_str(), row.whole, row.why.as_deref())).collect();
        assert_eq!(shown, [("grants/x", true, None), ("roles", true, None)]);
        write(&store, move |tx| tx.forget_extent(id, "roles")).unwrap();
        assert_eq!(read(&store, move |tx| tx.extents(id)).len(), 1);
    }
}
