//! People and sources: names are taken once, and what was removed keeps its row and not its name.
//!
//! Exact words of the refusals are here, because people read them.

use crate::bed::{Bed, assert_whole, read, settled, write};
use crate::world::{add_plan, add_source, plan_row, source_row, with_shop};
use std::sync::{
    Arc, Barrier,
    atomic::{AtomicU32, Ordering},
};
use std::time::Duration;
use tenure_model::{Charter, DecisionRight, Person, PersonId, PlanEvent, PlanKind, Role, StepKind, TokenId};
use tenure_store::{
    NewEntry, StoreFailure,
    tables::{
        links::{LinkRow, Whom},
        people::Approved,
        plans::Approval,
        sources::Unobservable,
        tokens::TokenRow,
    },
};

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
        let token = a_token(bed, id);
        let row = token.clone();
        write(&store, move |tx| tx.add_token(&row, vec![9; 32])).unwrap();
        let found = read(&store, move |tx| {
            Ok((tx.person_of_uid(1000)?, tx.person(id)?, tx.person_named("ada")?))
        });
        let one = || Some(ada.clone());
        assert_eq!(found, (one(), one(), one()));
        assert_eq!(read(&store, |tx| tx.token_of(&[9; 32])), Some(token.clone()));
        let nobody = read(&store, |tx| Ok((tx.person_of_uid(7)?, tx.person_named("Ada")?)));
        assert_eq!(nobody, (None, None));
        assert_eq!(read(&store, |tx| Ok((tx.token_of(&[8; 32])?, tx.token_of(b"")?))), (None, None));
        write(&store, move |tx| tx.end_token(token.id)).unwrap();
        assert_eq!(read(&store, |tx| tx.token_of(&[9; 32])), None);
        let missing = write(&store, move |tx| tx.end_token(token.id)).unwrap_err();
        assert_eq!(missing.to_string(), format!("there is no token `{}`", token.id));
        assert_eq!(read(&store, |tx| tx.people()), [ada, bob]);
    }
}

fn a_token(bed: &Bed, person: PersonId) -> TokenRow {
    let issued = bed.ids.now();
    let ends = issued.plus(Duration::from_secs(9));
    TokenRow { id: TokenId::new(issued, bed.ids.random()), person, issued, ends }
}

fn a_link(person: PersonId, whom: Whom, linked: tenure_model::Instant) -> LinkRow {
    LinkRow { person, issuer: String::from("https://id.example.com"), whom, linked }
}

on_both! {
    fn tokens_are_found_by_their_end_and_forgotten_long_after_it(bed) {
        let store = bed.open();
        let ada = person_called(bed, "ada", Role::Administrator);
        let (added, first, second, id) = (ada.clone(), a_token(bed, ada.id), a_token(bed, ada.id), ada.id);
        let (start, last) = (first.issued, second.ends);
        let (one, two) = (first.clone(), second.clone());
        write(&store, move |tx| {
            tx.add_person(&added, start)?;
            tx.add_token(&one, vec![1; 32])?;
            tx.add_token(&two, vec![2; 32])
        }).unwrap();
        let ending = |now, until| read(&store, move |tx| tx.tokens_ending(now, until)).len();
        assert_eq!((ending(start, start), ending(start, first.ends), ending(start, last), ending(last, last)), (0, 1, 2, 0));
        let forget = first.ends;
        write(&store, move |tx| tx.forget_tokens(id, forget)).unwrap();
        assert_eq!(read(&store, move |tx| tx.tokens_of(id)), [second]);
    }
}

on_both! {
    fn an_account_of_a_provider_is_linked_once_and_an_address_is_replaced_by_its_subject(bed) {
        let store = bed.open();
        let (ada, bob) = (person_called(bed, "ada", Role::Administrator), person_called(bed, "bob", Role::Owner));
        let (people, now) = ([ada.clone(), bob.clone()], bed.ids.now());
        write(&store, move |tx| people.iter().try_for_each(|person| tx.add_person(person, now))).unwrap();
        let subject = |text: &str| Whom::Subject(String::from(text));
        let email = Whom::Email(String::from("bob@example.com"));
        let link = |person, whom| { let link = a_link(person, whom, now); write(&store, move |tx| tx.link(&link)) };
        link(ada.id, subject("a-1")).unwrap();
        link(bob.id, email.clone()).unwrap();
        for taken in [link(bob.id, subject("a-1")), link(ada.id, email.clone())] {
            assert_eq!(
                taken.unwrap_err().to_string(),
                "this account of the provider is linked already, to them or to somebody else"
            );
        }
        let at = "https://id.example.com";
        let linked = |issuer: &'static str, whom: &Whom| { let whom = whom.clone(); read(&store, move |tx| tx.linked(issuer, &whom)) };
        assert_eq!(linked(at, &subject("a-1")), Some(ada.id));
        assert_eq!(linked("https://other.example.com", &subject("a-1")), None, "of another provider it is another account");
        write(&store, move |tx| tx.settle_link(at, "bob@example.com", "b-7", now)).unwrap();
        assert_eq!((linked(at, &email), linked(at, &subject("b-7"))), (None, Some(bob.id)));
        let id = bob.id;
        write(&store, move |tx| tx.unlink(id)).unwrap();
        assert_eq!(linked(at, &subject("b-7")), None);
    }
}

on_both! {
    fn a_person_who_is_removed_keeps_their_row_and_nothing_else_and_the_last_administrator_stays(bed) {
        let store = bed.open();
        let person = |name: &str, local_uid, role| Person {
            id: PersonId::new(bed.ids.now(), bed.ids.random()),
            name: String::from(name),
            role,
            local_uid,
        };
        let (ada, bob) = (person("ada", Some(1), Role::Administrator), person("bob", Some(2), Role::Owner));
        for added in [&ada, &bob] {
            let (added, now) = (added.clone(), bed.ids.now());
            write(&store, move |tx| tx.add_person(&added, now)).unwrap();
        }
        let (ada_id, id, now) = (ada.id, bob.id, bed.ids.now());
        let last = "this is the last administrator; make somebody else one first";
        let remove = |id| write(&store, move |tx| {
            let leaving = tx.leaving(id)?;
            tx.remove_person(&leaving, now)
        });
        let kept = remove(ada_id).unwrap_err();
        assert_eq!(kept.to_string(), last);
        let kept = write(&store, move |tx| tx.set_role(ada_id, Role::Owner, now)).unwrap_err();
        assert_eq!(kept.to_string(), last);
        write(&store, move |tx| tx.set_role(id, Role::Auditor, now)).unwrap();
        assert_eq!(read(&store, move |tx| tx.person(id)).map(|person| person.role), Some(Role::Auditor));
        let (token, link) = (a_token(bed, id), a_link(id, Whom::Subject(String::from("b-1")), now));
        write(&store, move |tx| { tx.add_token(&token, vec![9; 32])?; tx.link(&link) }).unwrap();
        remove(id).unwrap();
        let found = read(&store, move |tx| {
            Ok((tx.person(id)?, tx.person_of_uid(2)?, tx.person_named("bob")?, tx.token_of(&[9; 32])?, tx.links_of(id)?))
        });
        assert_eq!(found, (None, None, None, None, vec![]));
        let missing = format!("there is no person `{id}`");
        assert_eq!(remove(id).unwrap_err().to_string(), missing);
        let another = person("bob", Some(2), Role::Owner);
        let added = another.clone();
        write(&store, move |tx| tx.add_person(&added, now)).unwrap();
        assert_eq!(read(&store, |tx| tx.people()), [ada, another]);
    }
}

fn person_called(bed: &Bed, name: &str, role: Role) -> Person {
    let id = PersonId::new(bed.ids.now(), bed.ids.random());
    Person { id, name: String::from(name), role, local_uid: None }
}

fn entry_with_name(bed: &Bed, kind: &str, about: PersonId) -> NewEntry {
    let NewEntry { mut entry, about: _, body } = bed.ids.entry_about(&about.to_string());
    entry.kind = String::from(kind);
    NewEntry { entry, about: vec![about.to_string()], body }
}

on_both! {
    fn what_hangs_on_a_person_is_known_and_goes_with_them(bed) {
        let store = bed.open();
        let (_, principal) = with_shop(bed, &store);
        let (ada, bob) = (person_called(bed, "ada", Role::Administrator), person_called(bed, "bob", Role::Owner));
        let (added, kept) = (entry_with_name(bed, "person.added", bob.id), entry_with_name(bed, "person.token_issued", bob.id));
        let (added_id, kept_id) = (added.entry.id.clone(), kept.entry.id.clone());
        let of_ada = entry_with_name(bed, "person.added", ada.id);
        let ada_id = of_ada.entry.id.clone();
        let (people, entries, now) = ([ada.clone(), bob.clone()], [added, kept, of_ada], bed.ids.now());
        write(&store, move |tx| {
            people.iter().try_for_each(|person| tx.add_person(person, now))?;
            entries.iter().try_for_each(|entry| tx.entry(entry.clone()))
        }).unwrap();
        let charter = Charter {
            business_owner: Some(ada.id), technical_owner: Some(bob.id), purpose: Some(format!("for {}", ada.id)),
            ..Charter::default()
        };
        let (identity, given) = (principal.identity, charter.clone());
        write(&store, move |tx| { tx.set_charter(identity, &given, now)?; tx.untouch(identity) }).unwrap();
        let plan = plan_row(bed, &principal, PlanKind::Revoke);
        let (plan_id, handle) = (plan.id, plan.handle.clone());
        add_plan(bed, &store, &plan, &[StepKind::Delete], &[PlanEvent::Approve]);
        let approval = Approval {
            plan: plan.id, person: bob.id, right: DecisionRight::Revoke, digest: plan.digest, alone: true, decided: now, ends: now,
            step: None,
            emergency: None,
            delegation: None,
        };
        write(&store, move |tx| tx.approve_plan(&approval)).unwrap();

        let id = bob.id;
        let leaving = read(&store, move |tx| tx.leaving(id));
        assert_eq!((leaving.owned.len(), leaving.owned[0].id, leaving.leaves_unowned(&leaving.owned[0])), (1, identity, false));
        assert_eq!(leaving.approved, [Approved { plan: plan_id, handle, principal: principal.name }]);
        assert_eq!(leaving.named_in.as_slice(), std::slice::from_ref(&added_id));
        write(&store, move |tx| tx.remove_person(&leaving, now)).unwrap();
        let left = read(&store, move |tx| Ok((tx.identity(identity)?.charter, tx.to_judge(now, None, 10)?)));
        let left = (left.0, left.1.into_iter().map(|(id, _)| id).collect::<Vec<_>>());
        assert_eq!(left, (Charter { technical_owner: None, ..charter }, vec![identity]), "and it is judged again");
        let bodies = read(&store, move |tx| {
            Ok([tx.body_of(&added_id)?, tx.body_of(&kept_id)?, tx.body_of(&ada_id)?].map(|body| body.is_some()))
        });
        assert_eq!(bodies, [false, true, true], "what named them is gone, and nothing else");
        settled(&store);
        assert_whole(&store);
    }
}

/// Both look, then each removes the other: whoever comes second must see what the first did.
#[test]
fn of_two_last_administrators_who_remove_each_other_at_once_one_stays() {
    tenure_testbed::needs!(postgres);
    let bed = Bed::postgres();
    let store = bed.open();
    let runs = Arc::new(AtomicU32::new(0));
    let mut stays: Vec<Person> = vec![person_called(&bed, "first", Role::Administrator)];
    let (first, now) = (stays[0].clone(), bed.ids.now());
    write(&store, move |tx| tx.add_person(&first, now)).unwrap();
    for round in 0..10_u32 {
        let other = person_called(&bed, &format!("other-{round}"), Role::Administrator);
        let (added, now, meet) = (other.clone(), bed.ids.now(), Arc::new(Barrier::new(2)));
        write(&store, move |tx| tx.add_person(&added, now)).unwrap();
        let outcomes: Vec<Result<(), StoreFailure>> = std::thread::scope(|scope| {
            let tasks = [stays[0].id, other.id].map(|id| {
                let (store, meet, runs) = (store.clone(), Arc::clone(&meet), Arc::clone(&runs));
                scope.spawn(move || {
                    let mut first = true;
                    write(&store, move |tx| {
                        runs.fetch_add(1, Ordering::Relaxed);
                        let leaving = tx.leaving(id)?;
                        tx.people()?;
                        if std::mem::take(&mut first) {
                            meet.wait();
                        }
                        tx.remove_person(&leaving, now)
                    })
                })
            });
            tasks.map(|task| task.join().unwrap()).into_iter().collect()
        });
        let refused: Vec<String> =
            outcomes.into_iter().filter_map(Result::err).map(|failure| failure.to_string()).collect();
        assert_eq!(
            refused,
            ["this is the last administrator; make somebody else one first"],
            "round {round}"
        );
        stays = read(&store, |tx| tx.people());
        assert_eq!(stays.len(), 1);
    }
    assert!(runs.load(Ordering::Relaxed) >= 30, "in each round one of the two ran again");
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
