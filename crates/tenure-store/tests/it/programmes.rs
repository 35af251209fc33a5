//! Programmes as they are kept: numbered, each the next, whole; and classes that lists ask for.

use crate::bed::{Bed, read, write};
use crate::world::{add_source, ingest, role};
use std::collections::BTreeMap;
use tenure_model::{IdentityId, Observation, PersonId, RiskTier, Standing};
use tenure_store::{
    Store, StoreFailure,
    tables::{identities::JudgedAs, list_identities::IdentityQuery, programmes::ProgrammeRow},
};

fn planted(bed: &Bed) -> Store {
    let store = bed.open();
    let source = add_source(bed, &store, "pg");
    let page = ["shop", "etl", "mail"].map(|name| Observation::Principal(role(&format!("oid:{name}"), name)));
    ingest(bed, &store, &source, "roles", &page).unwrap();
    store
}

fn identity(store: &Store, name: &'static str) -> IdentityId {
    read(store, move |tx| tx.find_identity(name)).id
}

fn programme(bed: &Bed, version: i64) -> ProgrammeRow {
    ProgrammeRow {
        version,
        digest: format!("{version:064}"),
        files: BTreeMap::from([(
            String::from("programme.toml"),
            String::from("# a 'quote' and \u{20ac}\nversion = 1\n"),
        )]),
        reason: format!("reason {version}"),
        applied_by: PersonId::new(bed.ids.now(), bed.ids.random()),
        applied: bed.ids.now(),
    }
}

on_both! {
    fn a_programme_is_the_next_one_or_in_conflict_and_comes_back_as_it_was(bed) {
        let store = planted(bed);
        assert_eq!(read(&store, |tx| tx.programme_in_force()), None);
        assert_eq!(read(&store, |tx| tx.programme_version()), 0);
        let rows = [programme(bed, 1), programme(bed, 2)];
        for row in rows.clone() {
            write(&store, move |tx| tx.apply_programme(&row)).unwrap();
        }
        for taken in [programme(bed, 2), programme(bed, 4), programme(bed, 0)] {
            let refused = write(&store, move |tx| tx.apply_programme(&taken)).unwrap_err();
            assert!(matches!(refused, StoreFailure::Conflict { .. }), "{refused}");
        }
        assert_eq!(read(&store, |tx| tx.programme_in_force()).as_ref(), Some(&rows[1]));
        assert_eq!(read(&store, |tx| tx.programme(1)).as_ref(), Some(&rows[0]));
        assert_eq!(read(&store, |tx| tx.programme(3)), None);
        let versions: Vec<i64> = read(&store, |tx| tx.programmes(10)).iter().map(|row| row.version).collect();
        assert_eq!(versions, [2, 1]);
    }
}

on_both! {
    fn classes_are_counted_and_asked_for_and_everything_is_judged_again_once(bed) {
        let store = planted(bed);
        let (shop, etl) = (identity(&store, "pg/shop"), identity(&store, "pg/etl"));
        let now = bed.ids.now();
        let of_class = |class: Option<&str>, tier| JudgedAs {
            standing: Standing::Due,
            due: None,
            class: class.map(str::to_owned),
            tier,
        };
        let (apps, jobs) = (of_class(Some("apps"), Some(RiskTier::High)), of_class(Some("jobs"), None));
        write(&store, move |tx| {
            tx.set_judged(shop, &apps, Standing::Unclaimed, now)?;
            tx.set_judged(etl, &jobs, Standing::Unclaimed, now)?;
            // What was read before it was judged is not what it is any more: it is written all the same.
            tx.set_judged(etl, &apps, Standing::Lapsed, now)
        }).unwrap();
        assert_eq!(read(&store, |tx| tx.class_counts()), [(String::from("apps"), 2)]);
        let of = |class: &str| {
            let query = IdentityQuery { class: Some(class.to_owned()), ..IdentityQuery::default() };
            let rows = read(&store, move |tx| tx.list_identities(&query, None, 10)).rows;
            rows.into_iter().map(|row| (row.name, row.class)).collect::<Vec<_>>()
        };
        let apps = Some(String::from("apps"));
        assert_eq!(of("apps"), [(String::from("pg/etl"), apps.clone()), (String::from("pg/shop"), apps)]);
        assert_eq!(of("app"), []);
        let of_tier = |tier| {
            let query = IdentityQuery { tier: Some(tier), ..IdentityQuery::default() };
            read(&store, move |tx| tx.list_identities(&query, None, 10)).rows.len()
        };
        assert_eq!((of_tier(RiskTier::High), of_tier(RiskTier::Low)), (2, 0));
        assert_eq!(read(&store, |tx| tx.tier_counts()), [(RiskTier::High, 2)]);
        let none = of_class(None, None);
        write(&store, move |tx| tx.set_judged(etl, &none, Standing::Due, now)).unwrap();
        assert_eq!(of_tier(RiskTier::High), 1);
        assert_eq!(of("apps").len(), 1);
        let since = read(&store, move |tx| tx.enrolled_and_new(etl));
        assert_eq!(since.0, Some(now), "a class enrols, and its end does not undo that it was");

        let (now, before) = (bed.ids.now(), read(&store, move |tx| tx.touches(shop)));
        assert_eq!(write(&store, move |tx| tx.touch_all(now)).unwrap(), 3);
        assert_eq!(read(&store, |tx| tx.count_touched()), 3);
        assert_eq!(read(&store, |tx| tx.count_identities()), 3);
        assert_eq!(read(&store, move |tx| tx.touches(shop)), before + 1, "who judged it meanwhile notices");
    }
}
