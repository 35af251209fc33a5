//! What handoffs never do, over drawn histories of offers, answers, charters by hand, people who leave, and days that pass.
//!
//! After each event: whoever is an owner is there; nobody became one who did not accept, or was written in by hand; an offer
//! moved nothing; no handoff ends twice. Must never wait for real time.

use crate::consequences::{apply as put_in_force, person};
use crate::handoffs::{HOUR, charter, wish};
use crate::requests::{DAY, Scene, programme};
use proptest::prelude::*;
use std::collections::BTreeMap;
use tenure_engine::{Actor, CharterChange, HandoffRow, HandoffWish, HandoffsMeant, NotMine};
use tenure_model::{HandoffState, OwnerRole, PersonId, Role};

const NAMES: [&str; 2] = ["reporting", "billing"];
const PEOPLE: [&str; 4] = ["asha", "ola", "ravi", "tess"];

#[derive(Debug, Clone)]
enum Event {
    Offer { by: usize, of: usize, to: usize, role: OwnerRole },
    Accept(usize),
    Decline(usize),
    Withdraw { by: usize, which: usize },
    ByHand { of: usize, business: usize, technical: usize },
    NotMine { by: usize, of: usize },
    Role { who: usize, role: Role },
    Leaves(usize),
    Hours(u32),
    Follow,
}

type Owners = BTreeMap<(usize, OwnerRole), Option<PersonId>>;

struct History {
    scene: Scene,
    /// How each handoff stood when it was last looked at.
    seen: BTreeMap<String, HandoffState>,
    owners: Owners,
}

impl History {
    async fn begin() -> Self {
        let scene = Scene::set().await;
        person(scene.engine(), "tess", Role::Owner).await;
        let level =
            "[[service_level]]\nid = 'h'\nfor = 'handoff'\nwithin_hours = 40\nwarn_after_hours = 20\n";
        put_in_force(scene.engine(), programme(level, "")).await;
        let mut history = Self { scene, seen: BTreeMap::new(), owners: Owners::new() };
        for of in 0..NAMES.len() {
            history.happens(&Event::ByHand { of, business: 2, technical: 3 }).await;
        }
        history.owners = history.owners_now().await;
        history
    }

    async fn actor(&self, who: usize) -> Option<Actor> {
        let person = self.scene.engine().person_called(PEOPLE[who]).await.ok()?;
        Some(Actor { person: person.id, role: person.role, local: false })
    }

    async fn all(&self, meant: HandoffsMeant) -> Vec<HandoffRow> {
        let lines = self.scene.engine().handoffs(meant, 0, 1_000).await.unwrap();
        lines.into_iter().map(|line| line.row).collect()
    }

    async fn owners_now(&self) -> Owners {
        let mut owners = Owners::new();
        for (of, name) in NAMES.iter().enumerate() {
            let charter = charter(self.scene.engine(), name).await;
            for role in OwnerRole::ALL {
                owners.insert((of, *role), charter.owner(*role));
            }
        }
        owners
    }

    /// Does it, where whoever does it may; what may not be done is no part of this.
    async fn happens(&mut self, event: &Event) {
        let engine = self.scene.engine();
        match event {
            Event::Offer { by, of, to, role } => {
                let Some(by) = self.actor(*by).await else { return };
                let wish = HandoffWish { role: Some(*role), ..wish(NAMES[*of], PEOPLE[*to]) };
                let _ = engine.offer_handoff(by, wish).await;
            }
            Event::Accept(which) | Event::Decline(which) => {
                let waits = self.all(HandoffsMeant::Offered).await;
                let Some(row) = waits.get(which % waits.len().max(1)) else { return };
                let shown = engine.handoff_shown(row).await.unwrap();
                // Everybody tries; only whom it was offered to may.
                for who in 0..PEOPLE.len() {
                    let Some(by) = self.actor(who).await else { continue };
                    let done = match event {
                        Event::Accept(_) => engine.accept_handoff(by, row, &shown.digest).await,
                        _ => engine.decline_handoff(by, row, "not ours").await,
                    };
                    assert!(done.is_err() || by.person == row.to, "{row:?} by {by:?}");
                }
            }
            Event::Withdraw { by, which } => {
                let (waits, by) = (self.all(HandoffsMeant::Offered).await, self.actor(*by).await);
                let (Some(row), Some(by)) = (waits.get(which % waits.len().max(1)), by) else { return };
                let _ = engine.withdraw_handoff(by, row, "later").await;
            }
            Event::ByHand { of, business, technical } => {
                let change = CharterChange {
                    business_owner: Some(PEOPLE[*business].to_owned()),
                    technical_owner: Some(PEOPLE[*technical].to_owned()),
                    ..CharterChange::default()
                };
                let _ = engine.own(self.scene.asha, NAMES[*of], change).await;
            }
            Event::NotMine { by, of } => {
                let Some(by) = self.actor(*by).await else { return };
                let said = NotMine { ask: Some(String::from("asha")), reason: String::from("no") };
                let _ = engine.pass_on(by, NAMES[*of], said).await;
            }
            Event::Role { who, role } => {
                let _ = engine.set_role(self.scene.asha, PEOPLE[1 + who % 3], *role).await;
            }
            Event::Leaves(who) => {
                let _ = engine.remove_person(self.scene.asha, PEOPLE[1 + who % 3]).await;
            }
            Event::Hours(hours) => {
                self.scene.bench.clock.advance(HOUR * *hours);
            }
            Event::Follow => {
                engine.follow_clocks().await.unwrap();
                engine.follow_handoffs().await.unwrap();
            }
        }
    }

    /// What has to be so whatever happened.
    async fn holds(&mut self, event: &Event, history: &str) {
        let engine = self.scene.engine();
        let owners = self.owners_now().await;
        let mut accepted = Vec::new();
        for row in
            self.all(HandoffsMeant::Over).await.into_iter().chain(self.all(HandoffsMeant::Offered).await)
        {
            let was = self.seen.insert(row.id.to_string(), row.state);
            assert!(
                was.is_none_or(|was| was == row.state || was == HandoffState::Offered),
                "{history}: {row:?} ended twice, first as {was:?}"
            );
            if row.state == HandoffState::Accepted && was != Some(HandoffState::Accepted) {
                assert!(row.ended.unwrap() < row.accept_by, "{history}: {row:?}");
                accepted.push((row.identity, row.role, row.to));
            }
        }
        for ((of, role), owner) in &owners {
            let before = self.owners.get(&(*of, *role)).copied().flatten();
            if let Some(owner) = *owner {
                let there = engine.store().read("there", move |tx| tx.person(owner)).await.unwrap();
                assert!(there.is_some(), "{history}: the {role} owner of {} has left", NAMES[*of]);
            }
            if *owner == before {
                continue;
            }
            let id = engine.show(NAMES[*of]).await.unwrap().identity.id;
            let is_by_handoff = owner.is_some_and(|owner| accepted.contains(&(id, *role, owner)));
            let is_otherwise = match event {
                Event::ByHand { .. } => true,
                // An owner goes, and nobody becomes one.
                Event::NotMine { .. } | Event::Leaves(_) => owner.is_none(),
                Event::Offer { .. }
                | Event::Accept(_)
                | Event::Decline(_)
                | Event::Withdraw { .. }
                | Event::Role { .. }
                | Event::Hours(_)
                | Event::Follow => false,
            };
            assert!(is_by_handoff || is_otherwise, "{history}: {before:?} became {owner:?}");
        }
        self.owners = owners;
    }
}

/// Carries a history out; says how each handoff ended, or that it waits.
async fn told(events: &[Event]) -> Vec<HandoffState> {
    let mut history = History::begin().await;
    for (number, event) in events.iter().enumerate() {
        history.happens(event).await;
        history.holds(event, &format!("{:?}", &events[..=number])).await;
    }
    history.scene.bench.clock.advance(2 * DAY);
    history.happens(&Event::Follow).await;
    history.holds(&Event::Follow, &format!("{events:?}, to the end")).await;
    assert!(history.all(HandoffsMeant::Offered).await.is_empty(), "{events:?}: one waits for ever");
    history.seen.into_values().collect()
}

#[tokio::test]
async fn a_history_of_all_of_it_has_every_end() {
    let offer = |by, of, to| Event::Offer { by, of, to, role: OwnerRole::Business };
    let events = [
        offer(2, 0, 3),
        Event::Accept(0),
        offer(3, 0, 2),
        Event::Decline(0),
        offer(3, 0, 2),
        Event::Withdraw { by: 1, which: 0 },
        offer(3, 0, 2),
        offer(2, 1, 1),
        Event::ByHand { of: 1, business: 0, technical: 0 },
        Event::Follow,
        Event::Hours(60),
        Event::Follow,
    ];
    let mut ends: Vec<String> = told(&events).await.iter().map(ToString::to_string).collect();
    ends.sort();
    assert_eq!(ends, ["accepted", "declined", "lapsed", "lapsed", "withdrawn"]);
}

fn event() -> impl Strategy<Value = Event> {
    let (one, of) = (0..PEOPLE.len(), 0..NAMES.len());
    let share = prop::sample::select(OwnerRole::ALL.to_vec());
    let role = prop::sample::select(Role::ALL.to_vec());
    prop_oneof![
        8 => (one.clone(), of.clone(), one.clone(), share)
            .prop_map(|(by, of, to, role)| Event::Offer { by, of, to, role }),
        5 => (0..9_usize).prop_map(Event::Accept),
        1 => (0..9_usize).prop_map(Event::Decline),
        1 => (one.clone(), 0..9_usize).prop_map(|(by, which)| Event::Withdraw { by, which }),
        1 => (of.clone(), one.clone(), one.clone())
            .prop_map(|(of, business, technical)| Event::ByHand { of, business, technical }),
        1 => (one, of).prop_map(|(by, of)| Event::NotMine { by, of }),
        1 => (0..3_usize, role).prop_map(|(who, role)| Event::Role { who, role }),
        1 => (0..3_usize).prop_map(Event::Leaves),
        2 => prop_oneof![Just(1), Just(21), Just(41)].prop_map(Event::Hours),
        2 => Just(Event::Follow),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, max_shrink_iters: 60, ..ProptestConfig::default() })]
    #[test]
    fn nobody_becomes_an_owner_without_having_accepted_and_every_handoff_ends_once(
        events in prop::collection::vec(event(), 1..24),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let _ = runtime.block_on(told(&events));
    }
}
