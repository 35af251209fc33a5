//! "Not mine": what was passed on waits for whoever was asked, until somebody owns it.

use crate::bed::{Bed, read, write};
use crate::world::{add_source, ingest, password, role};
use tenure_model::{Charter, IdentityId, Observation, PersonId};
use tenure_store::{Store, tables::passings::PassingRow};

pub(crate) fn planted(bed: &Bed) -> Store {
    let store = bed.open();
    let source = add_source(bed, &store, "pg");
    let page = [
        Observation::Principal(role("oid:1", "shop")),
        Observation::Principal(role("oid:2", "shop-copy")),
        Observation::Principal(role("oid:3", "other")),
        Observation::Credential(password("oid:1", "aa")),
        Observation::Credential(password("oid:2", "aa")),
        Observation::Credential(password("oid:3", "bb")),
    ];
    ingest(bed, &store, &source, "roles", &page).unwrap();
    store
}

pub(crate) fn identity(store: &Store, name: &'static str) -> IdentityId {
    read(store, move |tx| tx.find_identity(name)).id
}

fn waiting(store: &Store, person: PersonId) -> Vec<String> {
    read(store, move |tx| tx.passed_to(person, None, 10)).into_iter().map(|row| row.name).collect()
}

on_both! {
    fn what_was_passed_on_waits_until_it_is_owned_or_passed_on_again(bed) {
        let store = planted(bed);
        let shop = identity(&store, "pg/shop");
        let person = || PersonId::new(bed.ids.now(), bed.ids.random());
        let (ada, bob) = (person(), person());
        let pass = |passed_by: PersonId, asked: Option<PersonId>| {
            let row = PassingRow {
                identity: shop,
                passed_by,
                asked,
                reason: String::from("never heard of it"),
                passed: bed.ids.now(),
                answered: None,
            };
            write(&store, move |tx| tx.pass_on(&row))
        };
        pass(ada, Some(bob)).unwrap();
        assert_eq!((waiting(&store, bob), waiting(&store, ada)), (vec![String::from("pg/shop")], vec![]));
        // Passed back: it waits for her now, and no longer for him.
        pass(bob, Some(ada)).unwrap();
        assert_eq!((waiting(&store, bob), waiting(&store, ada)), (vec![], vec![String::from("pg/shop")]));
        pass(ada, None).unwrap();
        assert_eq!((waiting(&store, bob), waiting(&store, ada)), (vec![], vec![]));
        pass(ada, Some(bob)).unwrap();
        let now = bed.ids.now();
        write(&store, move |tx| tx.answer_passings(shop, now)).unwrap();
        assert_eq!(waiting(&store, bob), Vec::<String>::new());
        let said = read(&store, move |tx| tx.passings_of(shop));
        assert_eq!(said.len(), 2, "what was said stays");
        assert!(said.iter().all(|row| row.answered == Some(now)));
        assert!(pass(ada, Some(ada)).is_err(), "nobody asks themselves");
    }
}

on_both! {
    fn what_lies_beside_is_found_by_value_and_by_name(bed) {
        let store = planted(bed);
        let (shop, copy) = (identity(&store, "pg/shop"), identity(&store, "pg/shop-copy"));
        let same: Vec<IdentityId> =
            read(&store, move |tx| tx.identities_with_value_of(shop)).iter().map(|row| row.id).collect();
        assert_eq!(same, [copy]);
        let beside = |beginning: &'static str| read(&store, move |tx| tx.owned_beside(beginning)).len();
        assert_eq!(beside("pg/"), 0, "what nobody owns says nothing");
        let owner = PersonId::new(bed.ids.now(), bed.ids.random());
        let (charter, now) = (Charter { technical_owner: Some(owner), ..Charter::default() }, bed.ids.now());
        write(&store, move |tx| tx.set_charter(copy, &charter, now)).unwrap();
        assert_eq!((beside("pg/shop"), beside("pg/o"), beside("pg/shop_")), (1, 0, 0));
        let source = read(&store, |tx| tx.sources()).remove(0).id;
        let found = read(&store, move |tx| tx.identity_named_at(source, "other")).map(|row| row.name);
        assert_eq!(found.as_deref(), Some("pg/other"));
    }
}
