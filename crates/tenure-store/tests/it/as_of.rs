//! As of any instant: what is answered for a time that is past is what was there then, whatever happened since.
//!
//! The second writing is a picture taken at each step of a drawn history with the functions that read the present; at the
//! end each picture is asked for again by its instant.

use crate::bed::{Bed, read, write};
use crate::world::{add_source, context, everyone, extent, facts, grant, password, principals, role, seen};
use std::collections::{BTreeMap, BTreeSet};
use tenure_model::{Charter, CredentialState, Instant, Observation, Presence, RiskTier, Standing};
use tenure_store::{
    Store,
    tables::{
        as_of::{CredentialThen, GrantThen, ThenQuery},
        identities::JudgedAs,
        sources::SourceRow,
    },
};

/// Draws.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % most
    }
    fn one<T: Clone>(&mut self, of: &[T]) -> T {
        of[usize::try_from(self.below(of.len() as u64)).unwrap()].clone()
    }
}

/// What is said of one identity.
type Picture = BTreeMap<String, String>;

fn pictures_now(store: &Store) -> Picture {
    let mut pictures = Picture::new();
    for row in everyone(store) {
        let id = row.id;
        // What was judged since it was last told that it was never judged has its standing.
        let standing = row.judged.map(|_| row.standing);
        let told = read(store, move |tx| {
            let mut told = vec![format!(
                "{} {:?} enrolled {} {:?} {:?} {:?}",
                row.name, row.charter, row.enrolled, standing, row.class, row.tier
            )];
            for one in tx.principals_of(id)? {
                told.push(format!("p {} {:?} {:?} {:?}", one.name, one.kind, one.presence, one.facts));
                for credential in tx.credentials_of(one.id)? {
                    told.push(format!(
                        "c {:?} {:?} {:?} {:?}",
                        credential.kind,
                        credential.state,
                        credential.value_changed.unwrap_or(credential.first_seen),
                        credential.valid_until
                    ));
                }
                let grants: BTreeSet<(String, String, bool)> = tx
                    .grants_of(one.id, 1_000)?
                    .into_iter()
                    .map(|grant| (grant.resource, grant.right, grant.grantable))
                    .collect();
                told.extend(grants.into_iter().map(|grant| format!("g {grant:?}")));
            }
            Ok(told.join("\n"))
        });
        pictures.insert(id.to_string(), told);
    }
    pictures
}

fn pictures_then(store: &Store, at: Instant) -> Picture {
    read(store, move |tx| {
        let wanted = ThenQuery { built_in: true, ..ThenQuery::default() };
        let (mut pictures, mut after) = (Picture::new(), None);
        loop {
            let page = tx.identities_then(at, &wanted, after, 2)?.rows;
            let Some(last) = page.last() else { return Ok(pictures) };
            after = Some(last.id);
            for row in page {
                assert_eq!(tx.identity_then(row.id, at)?.as_ref(), Some(&row), "alone and in a list");
                let (credentials, grants) =
                    (tx.credentials_then(row.id, at)?, tx.grants_then(row.id, at, 1_000)?);
                let mut told = vec![format!(
                    "{} {:?} enrolled {} {:?} {:?} {:?}",
                    row.name, row.charter, row.enrolled, row.standing, row.class, row.tier
                )];
                for one in tx.principals_then(row.id, at)? {
                    told.push(format!("p {} {:?} {:?} {:?}", one.name, one.kind, one.presence, one.facts));
                    let of_it = credentials.iter().filter(|credential| credential.principal == one.id);
                    told.extend(of_it.map(
                        |CredentialThen { kind, state, value_since, valid_until, .. }| {
                            format!("c {kind:?} {state:?} {value_since:?} {valid_until:?}")
                        },
                    ));
                    let held = grants.iter().filter(|grant| grant.principal == one.id);
                    told.extend(held.map(|GrantThen { resource, right, grantable, .. }| {
                        format!("g {:?}", (resource, right, grantable))
                    }));
                }
                pictures.insert(row.id.to_string(), told.join("\n"));
            }
        }
    })
}

/// What a survey saw, drawn anew each time.
fn drawn_page(dice: &mut Dice) -> Vec<Observation> {
    let mut page = Vec::new();
    for number in 0..4 {
        let key = format!("oid:{number}");
        if dice.below(4) == 0 {
            continue;
        }
        let mut one = role(&key, &dice.one(&[format!("role{number}"), format!("was{number}")]));
        one.facts = facts(&[("login", dice.below(3) > 0)]);
        page.push(Observation::Principal(one));
        if dice.below(4) > 0 {
            let mut value = password(&key, &dice.one(&[String::from("f1"), format!("f{number}")]));
            value.state = dice.one(&[CredentialState::Live, CredentialState::Disabled]);
            value.valid_until = dice.one(&[None, Some(Instant::from_micros(1_900_000_000_000_000))]);
            page.push(Observation::Credential(value));
        }
        for table in ["orders", "prices"] {
            if dice.below(3) > 0 {
                let mut right = grant(&key, table, dice.one(&["SELECT", "INSERT"]));
                right.grantable = dice.below(3) == 0;
                page.push(Observation::Grant(right));
            }
        }
    }
    page
}

/// A survey: what is seen is written, what is not seen goes.
fn survey(bed: &Bed, store: &Store, source: &SourceRow, page: Vec<Observation>) {
    let (context, id, now) = (context(bed, source), source.id, bed.ids.now());
    write(store, move |tx| {
        tx.ingest_page(&context, &extent("roles"), &page)?;
        let seen = seen(&page);
        let extents = BTreeMap::from([("roles", &seen)]);
        let (_, missing) = tx.missing_principals(id, &extents)?;
        tx.mark_gone(&missing, now)?;
        tx.sweep_extents(id, &extents, &BTreeMap::new(), now).map(drop)
    })
    .unwrap();
}

fn step(bed: &Bed, store: &Store, source: &SourceRow, dice: &mut Dice) {
    let now = bed.ids.now();
    let everyone = everyone(store);
    match dice.below(5) {
        0 | 1 => survey(bed, store, source, drawn_page(dice)),
        _ if everyone.is_empty() => {}
        2 => {
            let row = dice.one(&everyone);
            let judged = JudgedAs {
                standing: dice.one(&[Standing::Unclaimed, Standing::Sound, Standing::Lapsed]),
                due: None,
                class: dice.one(&[None, Some(String::from("apps"))]),
                tier: dice.one(&[None, Some(RiskTier::High)]),
            };
            // Who judges may have read what is not so any more.
            let before = dice.one(&[row.standing, Standing::Due]);
            write(store, move |tx| tx.set_judged(row.id, &judged, before, now)).unwrap();
        }
        3 => {
            let row = dice.one(&everyone);
            let purpose = dice.one(&[None, Some(String::from("pays")), Some(String::from("reports"))]);
            let charter = Charter { purpose, ..row.charter };
            write(store, move |tx| tx.set_charter(row.id, &charter, now)).unwrap();
        }
        _ => {
            let row = dice.one(&principals(store));
            let presence = dice.one(&[Presence::Retired, Presence::Unproven, Presence::Present]);
            write(store, move |tx| tx.set_presence(row.id, presence, now)).unwrap();
        }
    }
}

on_both! {
    fn what_is_told_of_an_instant_is_what_was_there_then(bed) {
        for seed in 1..=6_u64 {
            let bed_of_it;
            let bed = if seed == 1 { bed } else if bed.is_sqlite() { bed_of_it = Bed::sqlite(); &bed_of_it } else { break };
            let store = bed.open();
            assert_eq!(read(&store, |tx| tx.past_kept_since()), None, "nothing is promised before it is begun");
            let source = add_source(bed, &store, "pg");
            let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
            let mut taken: Vec<(Instant, Picture)> = Vec::new();
            for _ in 0..60 {
                step(bed, &store, &source, &mut dice);
                taken.push((bed.ids.now(), pictures_now(&store)));
            }
            let mut differ = 0;
            for (number, (at, picture)) in taken.iter().enumerate() {
                assert_eq!(&pictures_then(&store, *at), picture, "step {number} of seed {seed}");
                differ += usize::from(taken.last().is_some_and(|(_, last)| last != picture));
            }
            assert!(differ > 40, "{differ} pictures differ from the last: the history must move");
        }
    }
}

on_both! {
    fn what_was_is_forgotten_only_before_the_instant_that_was_asked_for(bed) {
        let store = bed.open();
        let begun = { let now = bed.ids.now(); write(&store, move |tx| tx.begin_past(now)).unwrap() };
        let source = add_source(bed, &store, "pg");
        let mut dice = Dice(77);
        let mut taken: Vec<(Instant, Picture)> = Vec::new();
        for _ in 0..40 {
            step(bed, &store, &source, &mut dice);
            taken.push((bed.ids.now(), pictures_now(&store)));
        }
        let again = { let now = bed.ids.now(); write(&store, move |tx| tx.begin_past(now)).unwrap() };
        assert_eq!(again, begun, "it is begun once");
        let (before, _) = taken[20];
        let mut rows = 0;
        loop {
            let forgotten = write(&store, move |tx| tx.forget_past(before, 3)).unwrap();
            rows += forgotten.rows;
            if !forgotten.more { break }
        }
        assert!(rows > 10, "{rows} rows were over");
        assert_eq!(read(&store, |tx| tx.past_kept_since()), Some(before));
        for (at, picture) in &taken[20..] {
            assert_eq!(&pictures_then(&store, *at), picture);
        }
        assert!(taken[..20].iter().any(|(at, picture)| &pictures_then(&store, *at) != picture), "what is forgotten is gone");
        let none = write(&store, move |tx| tx.forget_past(begun, 3)).unwrap();
        assert_eq!((none.rows, read(&store, |tx| tx.past_kept_since())), (0, Some(before)), "it is never kept again");
    }
}
