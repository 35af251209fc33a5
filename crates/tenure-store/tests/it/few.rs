//! Which of many identities have what few have: each is named, however many there are, and no other; and what was made
//! outside, one of these, as it is noted. Must never know what had to be asked for: that is the engine's.
//! Next: `lists.rs`.

use crate::bed::{Bed, read, write};
use crate::world::{add_source, ingest, role};
use std::collections::BTreeSet;
use tenure_model::{
    ExceptionKind, Grounds, IdentityId, Instant, Observation, PersonId, PrincipalId, RequestId,
};
use tenure_store::{
    Store,
    tables::{
        confirmations::ConfirmationRow,
        dismissals::NewDismissal,
        exceptions::{ExceptionDecided, NewException},
        few::Few,
        made_outside::{MadeOutsideCount, MadeOutsideRow, RequestWatch},
    },
};

fn dismissed(bed: &Bed, store: &Store, identity: IdentityId, ends: Instant) {
    let dismissed_by = PersonId::new(bed.ids.now(), bed.ids.random());
    let (policy, subject, reason) = (String::from("weak"), String::from("s"), String::from("a sample"));
    let new =
        NewDismissal { identity, policy, subject, reason, dismissed_by, ends, rested_on: Grounds::default() };
    let mint = bed.ids.mint();
    write(store, move |tx| tx.dismiss(&mint, &new)).unwrap();
}

fn excepted(bed: &Bed, store: &Store, identity: IdentityId, ends: Instant, is_granted: bool) {
    let (by, now, mint) = (PersonId::new(bed.ids.now(), bed.ids.random()), bed.ids.now(), bed.ids.mint());
    let new = NewException {
        identity,
        policy: String::from("weak"),
        subject: String::from("s"),
        kind: ExceptionKind::Exception,
        reason: String::from("it is replaced"),
        compensation: String::from("one network"),
        instead: Vec::new(),
        rested_on: Grounds::default(),
        requested_by: by,
        decide_by: ends,
        ends,
        replace_by: None,
        renewal: 0,
    };
    let rung = is_granted.then_some(0);
    let other = PersonId::new(now, bed.ids.random());
    let decided = ExceptionDecided { by: other, reason: String::from("so be it"), rung, delegation: None };
    write(store, move |tx| {
        let id = tx.request_exception(&mint, &new)?;
        tx.decide_exception(id, &decided, now)
    })
    .unwrap();
}

fn confirmed(bed: &Bed, store: &Store, identity: IdentityId) {
    let new = ConfirmationRow {
        identity,
        at: bed.ids.now(),
        by: PersonId::new(bed.ids.now(), bed.ids.random()),
        needed: true,
        same_scope: true,
        same_owners: true,
        for_owners: false,
        digest: String::from("d"),
        rights: BTreeSet::new(),
        rights_count: 0,
    };
    write(store, move |tx| tx.confirm(&new)).unwrap();
}

fn outside(store: &Store, identity: IdentityId, principal: PrincipalId) {
    let at = Instant::from_micros;
    let class = String::from("apps");
    let row = MadeOutsideRow { principal, identity, class, absent: at(5), seen: at(6), request: None };
    write(store, move |tx| tx.add_made_outside(&row)).unwrap();
}

on_both! {
    fn what_appeared_after_a_survey_is_listed_once_and_noted_once(bed) {
        let store = bed.open();
        let source = add_source(bed, &store, "pg");
        let id = source.id;
        let named = |name: &str| vec![Observation::Principal(role(&format!("oid:{name}"), name))];
        ingest(bed, &store, &source, "roles", &named("old")).unwrap();
        let ended = bed.ids.now();
        let watch = RequestWatch { basis: String::from("b"), absent: ended };
        let kept = watch.clone();
        write(&store, move |tx| tx.set_request_watch(id, &kept)).unwrap();
        assert_eq!(read(&store, move |tx| tx.request_watch(id)), Some(watch));
        for name in ["a", "b", "c"] {
            ingest(bed, &store, &source, "roles", &named(name)).unwrap();
        }
        let page = read(&store, move |tx| tx.appeared_since(id, ended, None, 2));
        assert_eq!(page.len(), 2, "{page:?}");
        let last = page[1].id;
        let rest = read(&store, move |tx| tx.appeared_since(id, ended, Some(last), 2));
        assert_eq!(rest.len(), 1, "{rest:?}");
        outside(&store, page[0].identity, page[0].id);
        assert_eq!(read(&store, move |tx| tx.appeared_since(id, ended, None, 9)).len(), 2);
        let noted = read(&store, { let one = page[0].identity; move |tx| tx.made_outside_of(one) });
        assert_eq!((noted.len(), noted[0].principal, noted[0].request), (1, page[0].id, None));
        assert_eq!(read(&store, |tx| tx.count_made_outside()), MadeOutsideCount { open: 1, late: 0 });
        let (other, request) = (page[1].id, RequestId::new(ended, bed.ids.random()));
        let refused = write(&store, move |tx| tx.set_asked_late(other, request, ended)).unwrap_err();
        assert!(refused.to_string().contains("not made outside"), "{refused}");
        write(&store, |tx| tx.forget_request_watches()).unwrap();
        assert_eq!(read(&store, move |tx| tx.request_watch(id)), None);
    }
}

on_both! {
    fn who_has_what_few_have_is_named_and_nobody_else(bed) {
        let store = bed.open();
        let source = add_source(bed, &store, "pg");
        let page: Vec<Observation> =
            (0..120).map(|n| Observation::Principal(role(&format!("oid:{n}"), &format!("app{n}")))).collect();
        ingest(bed, &store, &source, "roles", &page).unwrap();
        let all = read(&store, |tx| tx.all_identities(None, 200));
        let (first, middle, last) = (all[0], all[60], all[119]);
        let (now, far) = (bed.ids.now(), Instant::from_micros(4_000_000_000_000_000));
        for id in [first, last] {
            dismissed(bed, &store, id, far);
            confirmed(bed, &store, id);
        }
        for (id, is_granted) in [(middle, true), (last, true), (first, false)] {
            excepted(bed, &store, id, far, is_granted);
        }
        // Over, so that it is not among them.
        dismissed(bed, &store, middle, far);
        let over = read(&store, move |tx| tx.dismissals_of(middle)).remove(0).id;
        write(&store, move |tx| tx.end_dismissal_early(over, "mended", now)).unwrap();

        for identity in [first, middle] {
            let principal = read(&store, move |tx| tx.principals_of(identity))[0].id;
            outside(&store, identity, principal);
        }

        let among = |ids: &[IdentityId]| {
            let ids = ids.to_vec();
            read(&store, move |tx| tx.few_among(&ids))
        };
        let set = |ids: &[IdentityId]| ids.iter().copied().collect::<BTreeSet<_>>();
        let found = among(&all);
        assert_eq!(found.dismissed, set(&[first, last]));
        assert_eq!(found.excepted, set(&[middle, last]));
        assert_eq!(found.confirmed, set(&[first, last]));
        assert_eq!(found.made_outside, set(&[first, middle]));
        let half = among(&all[..80]);
        assert_eq!((half.dismissed, half.excepted), (set(&[first]), set(&[middle])), "the last is beyond it");
        assert_eq!(among(&all[..3]), Few::each_of(&all[..3]), "of so few, each may have all of it");
        assert_eq!(among(&[]), Few::each_of(&[]));
    }
}
