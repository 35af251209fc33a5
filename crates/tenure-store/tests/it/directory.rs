//! People of directories as they are kept: how many left lately of which directory, names that are exchanged, and what directories say of
//! whoever is there; and the last drill of a playbook.
//!
//! On both databases. Must never know what a directory means: that is the engine's. Next: `people.rs`.

use crate::bed::{Ids, read, write};
use tenure_model::{Origin, Person, PersonId, Role};
use tenure_store::{
    Store,
    tables::{
        directory::{DirectoryGiven, DirectoryRow},
        drills::DrillRow,
    },
};

fn joined(store: &Store, ids: &Ids, (name, external_id): (&str, &str)) -> DirectoryRow {
    let now = ids.now();
    let row = DirectoryRow {
        person: PersonId::new(now, ids.random()),
        name: name.to_owned(),
        role: Role::Owner,
        origin: Origin::Ldap,
        active: true,
        external_id: Some(external_id.to_owned()),
        resource: format!("{{\"emails\":[{{\"value\":\"{name}@example.com\"}}]}}"),
        version: 1,
        created: now,
        changed: now,
    };
    let added = row.clone();
    write(store, move |tx| tx.add_directory_person(&added)).unwrap();
    row
}

on_both! {
    fn who_left_lately_is_counted_of_one_directory_or_of_all(bed) {
        let store = bed.open();
        let now = bed.ids.now();
        let asha = PersonId::new(now, bed.ids.random());
        let asha = Person { id: asha, name: String::from("asha"), role: Role::Administrator, local_uid: None };
        write(&store, move |tx| tx.add_person(&asha, now)).unwrap();
        let ada = joined(&store, &bed.ids, ("ada", "corp:1"));
        joined(&store, &bed.ids, ("bob", "corp:2"));
        joined(&store, &bed.ids, ("cy", "corp2:1"));
        let now = bed.ids.now();
        let of = |mark: &'static str| read(&store, move |tx| tx.leaving_lately((Origin::Ldap, mark), now));
        let told = |mark| { let lately = of(mark); (lately.active, lately.left, lately.held) };
        assert_eq!([told(""), told("corp:"), told("corp2:"), told("lab:")], [(3, 0, 0), (2, 0, 0), (1, 0, 0), (0, 0, 0)]);
        let person = ada.person;
        write(&store, move |tx| tx.hold_leaving(person, false, now).map(drop)).unwrap();
        assert_eq!([told("corp:"), told("corp2:")], [(2, 0, 1), (1, 0, 0)]);
        write(&store, move |tx| {
            tx.unhold_leaving(person)?;
            tx.count_leaving(person, now)?;
            let leaving = tx.leaving(person)?;
            tx.leave(&leaving, now)
        }).unwrap();
        assert_eq!([told("corp:"), told("corp2:")], [(1, 1, 0), (1, 0, 0)]);
        let there = read(&store, |tx| tx.directory_resources(10));
        assert_eq!(there.len(), 2, "who left is not there: {there:?}");
        assert!(there.iter().any(|(_, says)| says.contains("bob@example.com")));
        assert_eq!(read(&store, |tx| tx.directory_resources(1)).len(), 1);
    }
}

on_both! {
    fn two_exchange_their_names_in_one_transaction_and_neither_alone(bed) {
        let store = bed.open();
        let (ada, bob) = (joined(&store, &bed.ids, ("ada", "corp:1")), joined(&store, &bed.ids, ("bob", "corp:2")));
        let now = bed.ids.now();
        let given = |row: &DirectoryRow, name: &str| DirectoryGiven {
            name: name.to_owned(),
            external_id: row.external_id.clone(),
            resource: row.resource.clone(),
        };
        let (to_bob, to_ada, first, second) = (given(&ada, "bob"), given(&bob, "ada"), ada.person, bob.person);
        let (alone, other) = (to_bob.clone(), to_ada.clone());
        assert!(write(&store, move |tx| tx.set_directory_person(first, 1, &alone, now)).is_err(), "its twin");
        write(&store, move |tx| {
            tx.free_name(first)?;
            tx.free_name(second)?;
            assert!(tx.set_directory_person(first, 1, &to_bob, now)?);
            assert!(tx.set_directory_person(second, 1, &other, now)?);
            Ok(())
        }).unwrap();
        let named = |name: &'static str| read(&store, move |tx| tx.directory_person_named(name)).unwrap().person;
        assert_eq!((named("bob"), named("ada")), (first, second));
    }
}

on_both! {
    fn the_last_drill_of_a_playbook_is_kept_and_no_other_one(bed) {
        let store = bed.open();
        let person = joined(&store, &bed.ids, ("ada", "corp:1")).person;
        let row = |playbook: &str, held| DrillRow {
            playbook: playbook.to_owned(),
            at: bed.ids.now(),
            held,
            says: String::from("when\n1. stop it\n"),
            person,
        };
        for one in [row("leaked", true), row("lost", true), row("leaked", false)] {
            write(&store, move |tx| tx.set_drill(&one)).unwrap();
        }
        let kept = read(&store, |tx| tx.drills());
        let shown: Vec<_> = kept.iter().map(|one| (one.playbook.as_str(), one.held)).collect();
        assert_eq!(shown, [("leaked", false), ("lost", true)]);
    }
}
