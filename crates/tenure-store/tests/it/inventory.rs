//! Identities and findings: how they are found, listed in pages, judged and closed.
//!
//! Lookups answer exactly one identity or say in words why not.

use crate::bed::{Bed, block_on, read, write};
use crate::world::{add_source, everyone, hostile_names, ingest, judged_as, principals, role, with_shop};
use tenure_model::{
    Charter, Environment, IdentityId, Observation, PolicyKind, Presence, PrincipalKind, Severity, Standing,
};
use tenure_store::{
    Store, StoreFailure,
    tables::{findings::FailedNow, findings::FindingChanges, list_identities::IdentityQuery},
};

fn find(store: &Store, given: &str) -> Result<String, StoreFailure> {
    let given = given.to_owned();
    block_on(store.read("find", move |tx| tx.find_identity(&given))).map(|row| row.name)
}

fn roles(bed: &Bed, store: &Store, source: &str, names: &[&str]) {
    let source = add_source(bed, store, source);
    let page: Vec<Observation> = names
        .iter()
        .enumerate()
        .map(|(n, name)| Observation::Principal(role(&format!("oid:{n}"), name)))
        .collect();
    ingest(bed, store, &source, "roles", &page).unwrap();
}

on_both! {
    fn what_is_called_like_the_handle_of_another_never_stands_in_for_it(bed) {
        let store = bed.open();
        roles(bed, &store, "pg-a", &["victim"]);
        let handle = everyone(&store).remove(0).handle;
        roles(bed, &store, "pg-b", &[&handle]);
        assert_eq!(find(&store, &handle).unwrap(), "pg-a/victim");
        assert_eq!(find(&store, &format!("pg-b/{handle}")).unwrap(), format!("pg-b/{handle}"));
    }
}

on_both! {
    fn an_identity_is_found_by_id_name_principal_or_handle(bed) {
        let store = bed.open();
        roles(bed, &store, "pg-a", &["shop", "etl"]);
        roles(bed, &store, "pg-b", &["shop", "only-b"]);
        for row in everyone(&store) {
            assert_eq!(find(&store, &row.id.to_string()).unwrap(), row.name);
            assert_eq!(find(&store, &row.name).unwrap(), row.name);
            assert_eq!(find(&store, &row.handle).unwrap(), row.name);
            assert_eq!(find(&store, &row.handle[..5]).unwrap(), row.name);
        }
        assert_eq!(find(&store, "only-b").unwrap(), "pg-b/only-b");
        let ambiguous = find(&store, "shop").unwrap_err();
        let mut handles: Vec<(String, String)> = everyone(&store)
            .into_iter().filter(|row| row.name.ends_with("/shop")).map(|row| (row.name, row.handle)).collect();
        handles.sort();
        let words = ambiguous.to_string();
        assert!(words.starts_with("`shop` could be any of: "), "{words}");
        assert!(handles.iter().all(|(name, handle)| words.contains(&format!("{name} ({handle})"))), "{words}");
        for nothing in ["", "zz", "zzzzzz", "shop%", "SHOP", "pg-a/", "\u{202e}x\n"] {
            let missing = find(&store, nothing).unwrap_err();
            let shown = tenure_model::printable(nothing, 80);
            let (plain, near) = (format!("there is no identity `{shown}`"), missing.to_string());
            // What is near is said, and never taken for what was meant.
            assert!(near == plain || near.starts_with(&format!("{plain}; did you mean ")), "{near}");
        }
        let mistyped = find(&store, "only-c").unwrap_err().to_string();
        assert_eq!(mistyped, "there is no identity `only-c`; did you mean `pg-b/only-b`?");
        let stranger = IdentityId::new(bed.ids.now(), bed.ids.random());
        assert!(matches!(find(&store, &stranger.to_string()), Err(StoreFailure::Missing { .. })));
    }
}

/// Every name of a list, page by page.
fn pages(store: &Store, wanted: &IdentityQuery, page_size: i64) -> Vec<String> {
    let mut names = Vec::new();
    let mut after: Option<(String, IdentityId)> = None;
    loop {
        let (wanted, last) = (wanted.clone(), after.clone());
        let page = read(store, move |tx| tx.list_identities(&wanted, last.as_ref(), page_size)).rows;
        assert!(page.len() <= usize::try_from(page_size).unwrap());
        let Some(row) = page.last() else { return names };
        after = Some((row.name.clone(), row.id));
        names.extend(page.into_iter().map(|row| row.name));
    }
}

on_both! {
    fn pages_show_everything_once_in_the_order_of_bytes(bed) {
        let store = bed.open();
        let hostile = hostile_names();
        let mut names: Vec<&str> = vec!["b", "a", "B", "é", "aa", "Z", "z", "a b"];
        names.extend(hostile.iter().map(String::as_str));
        roles(bed, &store, "pg", &names);
        roles(bed, &store, "pg2", &["a", "b"]);
        let mut expected: Vec<String> = names.iter().map(|name| format!("pg/{name}")).collect();
        expected.extend(["pg2/a", "pg2/b"].map(String::from));
        expected.sort();
        for page_size in [1, 3, 100] {
            assert_eq!(pages(&store, &IdentityQuery::default(), page_size), expected);
        }
        let only = |text: &str| pages(&store, &IdentityQuery {
            contains: Some(text.to_owned()), ..IdentityQuery::default()
        }, 2);
        assert_eq!(only("%_\\"), [format!("pg/{}", hostile[6])]);
        assert_eq!(only("DROP table"), [format!("pg/{}", hostile[4])]);
        assert_eq!(only("É"), Vec::<String>::new(), "only ASCII letters are folded, on both databases");
        assert_eq!(only("é").len(), 2);
        assert_eq!(only("pg2"), ["pg2/a", "pg2/b"]);
        let of_source = IdentityQuery { source_name: Some(String::from("pg2")), ..IdentityQuery::default() };
        assert_eq!(pages(&store, &of_source, 1), ["pg2/a", "pg2/b"]);
    }
}

on_both! {
    fn built_in_accounts_are_sound_from_the_start_and_shown_when_asked(bed) {
        let store = bed.open();
        let source = add_source(bed, &store, "pg");
        let mut built_in = role("oid:10", "pg_monitor");
        (built_in.built_in, built_in.kind) = (true, PrincipalKind::Group);
        let page = [Observation::Principal(built_in), Observation::Principal(role("oid:11", "app"))];
        ingest(bed, &store, &source, "roles", &page).unwrap();
        assert_eq!(pages(&store, &IdentityQuery::default(), 10), ["pg/app"]);
        assert_eq!(everyone(&store).len(), 2);
        let standings = read(&store, |tx| tx.standings());
        assert_eq!(standings, [(Standing::Sound, 0, 1), (Standing::Unclaimed, 1, 0)]);
        let unclaimed = IdentityQuery { standing: Some(Standing::Unclaimed), ..IdentityQuery::default() };
        assert_eq!(pages(&store, &unclaimed, 10), ["pg/app"]);
    }
}

on_both! {
    fn a_charter_enrols_and_a_standing_says_when_it_changes_by_itself(bed) {
        let store = bed.open();
        let (_, principal) = with_shop(bed, &store);
        let (id, now, later) = (principal.identity, bed.ids.now(), bed.ids.now());
        let charter = Charter {
            purpose: Some(String::from("sells \"things\"\n")),
            environment: Some(Environment::Production),
            expires_at: Some(later),
            ..Charter::default()
        };
        let given = charter.clone();
        write(&store, move |tx| tx.set_charter(id, &given, now)).unwrap();
        let changed = write(&store, move |tx| tx.set_judged(id, &judged_as(Standing::Due, Some(later)), Standing::Unclaimed, now)).unwrap();
        let again = write(&store, move |tx| tx.set_judged(id, &judged_as(Standing::Due, Some(later)), Standing::Unclaimed, now)).unwrap();
        assert_eq!((changed, again), (true, false));
        let row = read(&store, move |tx| tx.identity(id));
        assert_eq!((row.charter, row.enrolled, row.standing), (charter.clone(), true, Standing::Due));
        assert_eq!((row.due, row.judged), (Some(later), Some(now)));
        write(&store, move |tx| tx.untouch(id)).unwrap();
        assert_eq!(read(&store, move |tx| tx.to_judge(now, None, 10)), []);
        assert_eq!(read(&store, move |tx| tx.to_judge(later, None, 10)), [(id, 0)], "its own instant has come");
        assert_eq!(read(&store, |tx| tx.all_identities(None, 10)), [id]);
        assert_eq!(read(&store, move |tx| tx.all_identities(Some(id), 10)), []);
        let stranger = IdentityId::new(now, bed.ids.random());
        let missing = write(&store, move |tx| tx.set_charter(stranger, &charter, now)).unwrap_err();
        assert_eq!(missing.to_string(), format!("there is no identity `{stranger}`"));
    }
}

on_both! {
    fn a_batch_to_judge_takes_the_touched_and_the_due_and_leaves_none_out(bed) {
        let store = bed.open();
        let source = add_source(bed, &store, "pg");
        let page: Vec<Observation> =
            (0..6).map(|number| Observation::Principal(role(&format!("oid:{number}"), &format!("app{number}")))).collect();
        ingest(bed, &store, &source, "roles", &page).unwrap();
        let all = read(&store, |tx| tx.all_identities(None, 10));
        let (now, later) = (bed.ids.now(), bed.ids.now());
        // Half of them wait for their own instant, the others for being touched; one for both.
        for (number, id) in all.iter().copied().enumerate().filter(|(number, _)| number % 2 == 0) {
            write(&store, move |tx| {
                tx.set_judged(id, &judged_as(Standing::Unclaimed, Some(later)), Standing::Unclaimed, now)?;
                if number == 4 { Ok(()) } else { tx.untouch(id) }
            })
            .unwrap();
        }
        let waiting = |after| {
            let found = read(&store, move |tx| tx.to_judge(later, after, 10));
            found.into_iter().map(|(id, _)| id).collect::<Vec<_>>()
        };
        assert_eq!(waiting(None), all);
        assert_eq!(waiting(Some(all[2])), all[3..]);
        assert_eq!(read(&store, move |tx| tx.to_judge(now, None, 10)).len(), 4);
        let mut judged = Vec::new();
        loop {
            let batch = read(&store, move |tx| tx.to_judge(later, None, 2));
            assert!(batch.len() <= 2, "{batch:?}");
            if batch.is_empty() {
                break;
            }
            for (id, touches) in batch {
                assert_eq!(touches, read(&store, move |tx| tx.touches(id)));
                judged.push(id);
                write(&store, move |tx| {
                    tx.set_judged(id, &judged_as(Standing::Unclaimed, None), Standing::Unclaimed, later)?;
                    tx.untouch(id)
                })
                .unwrap();
            }
        }
        judged.sort();
        assert_eq!(judged, all);
    }
}

fn condition(policy: &str, reason: &str, severity: Severity) -> FailedNow {
    FailedNow {
        policy: String::from(policy),
        subject: String::from("s"),
        kind: PolicyKind::Hygiene,
        control: String::from("NHI7:2025"),
        severity,
        reason: String::from(reason),
        remedy: String::from("do it"),
        cause: None,
        excepted_until: None,
    }
}

on_both! {
    fn findings_open_once_are_refreshed_while_they_last_and_close(bed) {
        let store = bed.open();
        let (_, principal) = with_shop(bed, &store);
        let id = principal.identity;
        let apply = |failed: Vec<FailedNow>| {
            let mint = bed.ids.mint();
            write(&store, move |tx| tx.apply_findings(&mint, id, &failed)).unwrap()
        };
        let (weak, old) = (condition("weak", "md5", Severity::Medium), condition("old", "90 days", Severity::Low));
        assert_eq!(apply(vec![weak.clone(), old.clone(), weak.clone()]), FindingChanges { opened: 2, closed: 0 });
        let first = read(&store, move |tx| tx.open_findings_of(id));
        assert_eq!(apply(vec![weak, condition("old", "91 days", Severity::Critical)]), FindingChanges::default());
        let refreshed = read(&store, move |tx| tx.open_findings_of(id));
        assert_eq!((refreshed[0].id, refreshed[0].opened), (first[0].id, first[0].opened), "it is the same finding");
        assert_eq!((refreshed[0].reason.as_str(), refreshed[0].severity), ("91 days", Severity::Critical));
        let worst_first: Vec<String> =
            read(&store, |tx| tx.open_findings(0, 10)).into_iter().map(|row| row.policy).collect();
        assert_eq!(worst_first, ["old", "weak"]);
        assert_eq!(read(&store, |tx| tx.open_findings(1, 10)).len(), 1);
        let with = IdentityQuery { with_findings: true, ..IdentityQuery::default() };
        assert_eq!(pages(&store, &with, 10), ["pg/shop"]);
        assert_eq!(apply(vec![]), FindingChanges { opened: 0, closed: 2 });
        assert_eq!(pages(&store, &with, 10), Vec::<String>::new());
        assert_eq!(apply(vec![old]), FindingChanges { opened: 1, closed: 0 }, "it may fail again later");
    }
}

on_both! {
    fn counts_uses_and_presence_read_as_they_were_written(bed) {
        let store = bed.open();
        let (source, principal) = with_shop(bed, &store);
        let (id, now) = (principal.id, bed.ids.now());
        let (counts, inventory, uses) =
            read(&store, move |tx| Ok((tx.count_grants(id)?, tx.count_inventory(source.id)?, tx.uses_of(id, 5)?)));
        assert_eq!((counts, inventory), ((1, 1), (1, 1, 2)));
        assert_eq!((uses[0].consumer.as_str(), uses[0].count), ("10.0.0.7 (etl)", 4));
        write(&store, move |tx| tx.set_presence(id, Presence::Retired, now)).unwrap();
        let (row, credential) = read(&store, move |tx| Ok((tx.principal(id)?, tx.credentials_of(id)?.remove(0))));
        assert_eq!((row.presence, row.gone, credential.state.as_str()), (Presence::Retired, Some(now), "removed"));
        write(&store, move |tx| tx.set_presence(id, Presence::Present, now)).unwrap();
        let row = principals(&store).remove(0);
        assert_eq!((row.presence, row.gone), (Presence::Present, None));
    }
}
