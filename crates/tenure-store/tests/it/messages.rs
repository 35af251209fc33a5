//! Messages as they are kept: tried by one at a time, settled once, and gone with whoever they were for.
//!
//! On both databases. Must never know who is told what: that is the engine's. Next: `people.rs`.

use crate::bed::{Ids, read, write};
use std::time::Duration;
use tenure_model::{MessageId, MessageKind, MessageWay, Person, PersonId, Role};
use tenure_store::{
    Store,
    tables::messages::{MessageRow, MessagesMeant},
};

fn new(ids: &Ids, person: PersonId, what: &str) -> MessageRow {
    let now = ids.now();
    MessageRow {
        id: MessageId::new(now, ids.random()),
        person,
        kind: MessageKind::Digest,
        way: MessageWay::Mail,
        tells: vec![format!("request:{what}")],
        subject: Some(String::from("Tenure: 1 thing waits for you")),
        body: Some(format!("{what}: decide it\n")),
        created: now,
        attempts: 0,
        next: now,
        sent: None,
        given_up: None,
        why: None,
    }
}

fn added(store: &Store, ids: &Ids, name: &str) -> PersonId {
    let (id, now) = (PersonId::new(ids.now(), ids.random()), ids.now());
    let person = Person { id, name: name.to_owned(), role: Role::Administrator, local_uid: None };
    write(store, move |tx| tx.add_person(&person, now)).unwrap();
    id
}

on_both! {
    fn a_message_is_tried_by_one_settled_once_and_forgets_what_it_said(bed) {
        let store = bed.open();
        let person = added(&store, &bed.ids, "ola");
        let rows: Vec<MessageRow> = ["etl", "billing", "mail"].iter().map(|what| new(&bed.ids, person, what)).collect();
        for row in rows.clone() {
            write(&store, move |tx| tx.add_message(&row)).unwrap();
        }
        let now = bed.ids.now();
        let due = |at, most| read(&store, move |tx| tx.messages_due(at, most));
        let ids = |rows: Vec<MessageRow>| rows.into_iter().map(|row| row.id).collect::<Vec<_>>();
        let [first, second, third] = [0, 1, 2].map(|at: usize| rows[at].clone());
        assert_eq!(ids(due(now, 2)), [first.id, second.id], "those that wait longest come first");
        let later = now.plus(Duration::from_mins(1));
        let tried = |row: MessageRow| write(&store, move |tx| tx.try_message(&row, later)).unwrap();
        assert!(tried(first.clone()));
        assert!(!tried(first.clone()), "somebody else tries it");
        assert_eq!(ids(due(now, 10)), [second.id, third.id]);
        assert_eq!(due(later, 10).len(), 3, "and again, once that is over");
        let sent = |id| write(&store, move |tx| tx.message_sent(id, now)).unwrap();
        assert!(sent(first.id) && !sent(first.id), "once");
        let failed = |id, over| write(&store, move |tx| tx.message_failed(id, "451 later", over)).unwrap();
        assert!(!failed(first.id, Some(now)), "what was sent did not fail");
        assert!(failed(second.id, None));
        let waits = read(&store, move |tx| tx.message(second.id)).unwrap();
        assert_eq!((waits.why.as_deref(), waits.body), (Some("451 later"), second.body.clone()));
        assert!(failed(third.id, Some(now)) && !failed(third.id, Some(now)), "given up once");
        for settled in [first.id, third.id] {
            let row = read(&store, move |tx| tx.message(settled)).unwrap();
            assert_eq!((&row.subject, &row.body), (&None, &None), "what it said is forgotten");
            assert!(!row.tells.is_empty(), "and of what it told is kept: nobody is told twice");
            let again = write(&store, move |tx| tx.try_message(&row, later));
            assert!(!again.unwrap(), "what is settled is tried no more");
        }
        assert_eq!(ids(due(later, 10)), [second.id]);
        let not_sent = read(&store, |tx| tx.messages(MessagesMeant::NotSent, 0, 10));
        assert_eq!(ids(not_sent), [third.id, second.id]);
        assert_eq!(read(&store, |tx| tx.messages(MessagesMeant::All, 1, 1))[0].id, second.id);
        let given_up = read(&store, move |tx| tx.messages_given_up(now));
        assert_eq!(given_up, (1, Some(String::from("451 later"))));
        assert_eq!(ids(read(&store, move |tx| tx.messages_to(person, second.created))), [third.id, second.id]);
        // What is settled goes in its time; what waits stays.
        write(&store, move |tx| tx.forget_messages(later)).unwrap();
        assert_eq!(ids(read(&store, |tx| tx.messages(MessagesMeant::All, 0, 10))), [second.id]);
    }
}

on_both! {
    fn whoever_leaves_takes_their_address_and_what_they_were_told_along(bed) {
        let store = bed.open();
        let (goes, stays) = (added(&store, &bed.ids, "asha"), added(&store, &bed.ids, "ola"));
        let now = bed.ids.now();
        for (person, address) in [(goes, "asha@example.com"), (stays, "ola@example.com"), (goes, "a@example.com")] {
            write(&store, move |tx| tx.set_message_address((person, MessageWay::Mail), Some(address), now)).unwrap();
            let row = new(&bed.ids, person, address);
            write(&store, move |tx| tx.add_message(&row)).unwrap();
        }
        let address = |person, way| read(&store, move |tx| tx.message_address(person, way));
        assert_eq!(address(goes, MessageWay::Mail).as_deref(), Some("a@example.com"), "the last word");
        assert_eq!(address(goes, MessageWay::Chat), None, "each way by itself");
        for person in [goes, stays] {
            write(&store, move |tx| tx.set_message_address((person, MessageWay::Chat), Some("room"), now)).unwrap();
        }
        assert_eq!(read(&store, |tx| tx.message_addresses()).len(), 4);
        let leaving = read(&store, move |tx| tx.leaving(goes));
        write(&store, move |tx| tx.remove_person(&leaving, now)).unwrap();
        assert_eq!((address(goes, MessageWay::Mail), address(goes, MessageWay::Chat)), (None, None));
        let ways = read(&store, |tx| tx.message_addresses());
        let of = |way, address: &str| (stays, way, address.to_owned());
        assert_eq!(ways, [of(MessageWay::Chat, "room"), of(MessageWay::Mail, "ola@example.com")]);
        let left = read(&store, |tx| tx.messages(MessagesMeant::All, 0, 10));
        assert_eq!(left.iter().map(|row| row.person).collect::<Vec<_>>(), [stays]);
        write(&store, move |tx| tx.set_message_address((stays, MessageWay::Mail), None, now)).unwrap();
        assert_eq!(read(&store, |tx| tx.message_addresses()), [of(MessageWay::Chat, "room")]);
    }
}

on_both! {
    fn a_chat_that_wants_to_be_left_alone_is_tried_later_and_never_sooner(bed) {
        let store = bed.open();
        let person = added(&store, &bed.ids, "ola");
        let row = MessageRow { way: MessageWay::Chat, ..new(&bed.ids, person, "etl") };
        let (id, now) = (row.id, bed.ids.now());
        write(&store, move |tx| tx.add_message(&row)).unwrap();
        let put_off = |at| write(&store, move |tx| tx.put_off_message(id, at)).unwrap();
        let next = || read(&store, move |tx| tx.message(id)).unwrap().next;
        let later = now.plus(Duration::from_mins(30));
        put_off(later);
        put_off(now.plus(Duration::from_mins(1)));
        assert_eq!(next(), later);
        assert_eq!(read(&store, move |tx| tx.message(id)).unwrap().way, MessageWay::Chat);
        write(&store, move |tx| tx.message_sent(id, now)).unwrap();
        put_off(later.plus(Duration::from_mins(1)));
        assert_eq!(next(), later, "what is settled is left as it is");
    }
}
