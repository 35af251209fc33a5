//! People and sources: names are taken once, and what was removed keeps its row and not its name.
//!
//! Exact words of the refusals are here, because people read them.

use crate::bed::{read, write};
use crate::world::{add_source, plan_row, source_row, with_shop};
use tenure_model::{Person, PersonId, PlanEvent, PlanKind, Role, StepKind};
use tenure_store::{StoreFailure, tables::sources::Unobservable};

on_both! {
    fn people_are_found_by_name_account_and_token_and_never_twice(bed) {
        let store = bed.open();
        let person = |name: &str, local_uid| Person {
            id: PersonId::new(bed.ids.now(), bed.ids.random()),
            name: String::from(name),
            role: Role::Operator,
            local_uid,
        };
        let (ada, bob) = (person("ada", Some(1000)), person("b'o\"b\n", None));
        for added in [&ada, &bob] {
            let (added, now) = (added.clone(), bed.ids.now());
            write(&store, move |tx| tx.add_person(&added, now)).unwrap();
        }
        let refused = |again: Person| {
            let now = bed.ids.now();
            write(&store, move |tx| tx.add_person(&again, now)).unwrap_err().to_string()
        };
        assert_eq!(refused(person("ada", None)), "there is already a person named `ada`");
        assert_eq!(refused(person("b'o\"b\n", None)), "there is already a person named `b'o\"b\\n`");
        assert_eq!(refused(person("eve", Some(1000))), "the local account 1000 is already that of `ada`");
        let id = ada.id;
        write(&store, move |tx| tx.set_token(id, Some(vec![9; 32]))).unwrap();
        let found = read(&store, move |tx| {
            Ok((tx.person_of_uid(1000)?, tx.person_of_token(&[9; 32])?, tx.person(id)?, tx.person_named("ada")?))
        });
        let one = || Some(ada.clone());
        assert_eq!(found, (one(), one(), one(), one()));
        let nobody = read(&store, |tx| {
            Ok((tx.person_of_uid(7)?, tx.person_of_token(&[8; 32])?, tx.person_of_token(b"")?, tx.person_named("Ada")?))
        });
        assert_eq!(nobody, (None, None, None, None));
        write(&store, move |tx| tx.set_token(id, None)).unwrap();
        assert_eq!(read(&store, |tx| tx.person_of_token(&[9; 32])), None);
        let stranger = PersonId::new(bed.ids.now(), bed.ids.random());
        let missing = write(&store, move |tx| tx.set_token(stranger, None)).unwrap_err();
        assert_eq!(missing.to_string(), format!("there is no person `{stranger}`"));
        assert_eq!(read(&store, |tx| tx.people()), [ada, bob]);
    }
}

on_both! {
    fn a_nul_is_refused_everywhere_before_it_reaches_the_database(bed) {
        let store = bed.open();
        let person = Person {
            id: PersonId::new(bed.ids.now(), bed.ids.random()),
            name: String::from("a\0b"),
            role: Role::Auditor,
            local_uid: None,
        };
        let now = bed.ids.now();
        let refused = write(&store, move |tx| tx.add_person(&person, now)).unwrap_err();
        assert_eq!(refused.to_string(), "text with a NUL character cannot be stored");
        let refused = write(&store, |tx| tx.find_identity("a\0b")).unwrap_err();
        assert!(matches!(refused, StoreFailure::Nul));
    }
}

on_both! {
    fn a_source_keeps_its_row_when_it_is_removed_and_its_name_is_free_again(bed) {
        let store = bed.open();
        let first = add_source(bed, &store, "pg-main");
        let again = source_row(bed, "pg-main");
        let refused = {
            let again = again.clone();
            write(&store, move |tx| tx.add_source(&again)).unwrap_err()
        };
        assert_eq!(refused.to_string(), "there is already a source named `pg-main`; choose another name");
        let note = Unobservable { what: "uses".into(), why: "no log".into(), remedy: "turn it on".into() };
        let (id, now, notes) = (first.id, bed.ids.now(), vec![note.clone()]);
        write(&store, move |tx| tx.set_not_observable(id, &notes)).unwrap();
        assert_eq!(read(&store, move |tx| tx.source(id)).not_observable, [note]);
        write(&store, move |tx| tx.remove_source(id, now)).unwrap();
        let (listed, named) = read(&store, |tx| Ok((tx.sources()?, tx.source_named("pg-main")?)));
        assert_eq!((listed, named), (vec![], None));
        assert_eq!(read(&store, move |tx| tx.source(id)).secret, None, "our password there is forgotten");
        let added = again.clone();
        write(&store, move |tx| tx.add_source(&added)).unwrap();
        assert_eq!(read(&store, |tx| tx.source_named("pg-main")), Some(again));
        // The removed one, whose name has moved aside, can still be read for the evidence that points to it.
        let history = read(&store, move |tx| tx.source(id));
        assert_eq!((history.id, history.name.as_str()), (id, "pg-main"));
    }
}

on_both! {
    fn a_source_where_a_plan_is_running_is_not_removed(bed) {
        let store = bed.open();
        let (source, principal) = with_shop(bed, &store);
        let plan = plan_row(bed, &principal, PlanKind::Disable);
        crate::world::add_plan(bed, &store, &plan, &[StepKind::Disable], &[PlanEvent::Approve]);
        let (id, now) = (source.id, bed.ids.now());
        let refused = write(&store, move |tx| tx.remove_source(id, now)).unwrap_err();
        assert_eq!(refused.to_string(),
            format!("plan {} is still running there; wait for it, or undo it, then try again", plan.handle));
    }
}
