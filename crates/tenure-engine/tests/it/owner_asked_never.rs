//! What no history of requests for an owner does: make an owner of somebody who did not accept, be decided by whoever asked or
//! whom it is for, or go past an owner who is there.
//!
//! Random histories over the chaos world, of requests, decisions, answers, charters by hand, people who leave and people who
//! only read for a while. Next: `owner_asked.rs`, the examples.

use crate::handoffs::charter;
use crate::owner_asked::{Story, wish};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};
use tenure_connect::chaos::Dice;
use tenure_engine::{
    Actor, CharterChange, HandoffsMeant, NewPerson, NotMine, RequestAnswer, RequestShown, RequestWish,
};
use tenure_model::{HandoffId, HandoffState, OwnerRole, PersonId, RequestState, Role};

const NAMES: [&str; 2] = ["billing", "reporting"];
/// asha is always there; the others come, go and change.
const PEOPLE: [&str; 5] = ["asha", "ola", "nia", "ravi", "tess"];
/// Two steps, of different people; without it one is enough.
const RULE: &str = "[[approvals.rule]]\nrequests = [\"ownership\"]\nsteps = [\"owner\", \"operator\"]\n";

const fn role_at_first(name: &str) -> Role {
    // Of the five, those who operate have names of three letters.
    if name.len() == 3 { Role::Operator } else { Role::Owner }
}

type Owners = BTreeMap<(&'static str, OwnerRole), Option<PersonId>>;

/// What is known of a history, apart from what the store says.
struct Told {
    story: Story,
    asked: Vec<RequestShown>,
    owners: Owners,
    /// Handoffs by a request that were looked at.
    offered: BTreeSet<HandoffId>,
    accepted: usize,
    own: usize,
    gone_past: usize,
}

impl Told {
    async fn begin(rule: &str) -> Self {
        let story = Story::set(rule).await;
        let mut told = Self {
            story,
            asked: Vec::new(),
            owners: Owners::new(),
            offered: BTreeSet::new(),
            accepted: 0,
            own: 0,
            gone_past: 0,
        };
        told.owners = told.owners_now().await;
        told
    }

    async fn actor(&self, name: &str) -> Option<Actor> {
        let person = self.story.scene.engine().person_called(name).await.ok()?;
        Some(Actor { person: person.id, role: person.role, local: false })
    }

    async fn owners_now(&self) -> Owners {
        let mut owners = Owners::new();
        for name in NAMES {
            let charter = charter(self.story.scene.engine(), name).await;
            owners.extend(OwnerRole::ALL.iter().map(|role| ((name, *role), charter.owner(*role))));
        }
        owners
    }

    /// Whether somebody who is there and may answer for something owns it: who only reads may not.
    async fn is_answered_for(&self, of: &str) -> bool {
        let owners = self.owners_now().await;
        for person in PEOPLE {
            let Some(actor) = self.actor(person).await else { continue };
            let owns = |((name, _), owner): (&(&str, OwnerRole), &Option<PersonId>)| {
                *name == of && *owner == Some(actor.person)
            };
            if actor.role != Role::Auditor && owners.iter().any(owns) {
                return true;
            }
        }
        false
    }

    async fn one_event(&mut self, dice: &mut Dice) {
        let (name, person) = (*dice.choose(&NAMES).unwrap(), *dice.choose(&PEOPLE).unwrap());
        let engine = std::sync::Arc::clone(self.story.scene.engine());
        let asha = self.story.scene.asha;
        let Some(by) = self.actor(person).await else {
            let new = NewPerson { name: person.to_owned(), role: role_at_first(person), local_uid: None };
            engine.add_person(asha, new).await.unwrap();
            return;
        };
        match dice.below(17) {
            0..=3 => {
                let role = *dice.choose(OwnerRole::ALL).unwrap();
                let to = *dice.choose(&PEOPLE).unwrap();
                let wish = RequestWish { role: Some(role), ..wish(name, Some(to)) };
                let is_answered_for = self.is_answered_for(name).await;
                let made = engine.create_request(by, wish).await;
                assert!(made.is_err() || !is_answered_for, "{made:?} goes past an owner who is there");
                self.gone_past += usize::from(is_answered_for);
                self.asked.extend(made);
            }
            4..=8 => self.decided(dice).await,
            9..=12 => {
                let waits = engine.handoffs(HandoffsMeant::Offered, 0, 100).await.unwrap();
                let Some(line) = dice.choose(&waits) else { return };
                let shown = engine.handoff_shown(&line.row).await.unwrap();
                for person in PEOPLE {
                    let Some(by) = self.actor(person).await else { continue };
                    let done = engine.accept_handoff(by, &line.row, &shown.digest).await;
                    assert!(done.is_err() || by.person == line.row.to, "{done:?} by {by:?}");
                }
            }
            13 => {
                let said = NotMine { ask: None, reason: String::from("no") };
                drop(engine.pass_on(by, name, said).await);
            }
            14 if person != "asha" => drop(engine.remove_person(asha, person).await),
            15 if person != "asha" => {
                let role = *dice.choose(&[Role::Auditor, Role::Owner, Role::Operator]).unwrap();
                drop(engine.set_role(asha, person, role).await);
            }
            _ => {
                self.story.scene.bench.clock.advance(Duration::from_hours(6));
                engine.follow_handoffs().await.unwrap();
            }
        }
    }

    /// Everybody tries to decide one of the last that were asked for, beginning with whomever.
    async fn decided(&mut self, dice: &mut Dice) {
        let last = self.asked.len().saturating_sub(3);
        let Some(shown) = dice.choose(&self.asked[last..]).cloned() else { return };
        let answer = if dice.below(8) == 0 { RequestAnswer::Refuse } else { RequestAnswer::Approve };
        let first = usize::try_from(dice.below(5)).unwrap();
        for person in PEOPLE.iter().cycle().skip(first).take(PEOPLE.len()) {
            let Some(by) = self.actor(person).await else { continue };
            let outcome = self.story.scene.decide(by, &shown, answer).await;
            let to = shown.row.wanted.ownership().unwrap().to;
            if [shown.row.asked_by, to].contains(&by.person) {
                assert!(outcome.is_err(), "neither whoever asked nor whom it is for decides: {outcome:?}");
                self.own += 1;
            }
        }
    }

    /// What has to be so whatever happened.
    async fn holds(&mut self, seed: u64) {
        let engine = std::sync::Arc::clone(self.story.scene.engine());
        let (mut accepted, mut rows) = (BTreeSet::new(), Vec::new());
        for meant in [HandoffsMeant::Offered, HandoffsMeant::Over] {
            let lines = engine.handoffs(meant, 0, 1_000).await.unwrap();
            rows.extend(lines.into_iter().map(|line| line.row));
        }
        for row in rows {
            let request = row.request.expect("nobody offers anything otherwise here");
            if row.state == HandoffState::Accepted {
                accepted.insert((row.identity, row.role, row.to));
            }
            if !self.offered.insert(row.id) {
                continue;
            }
            let asked = engine.request_row(&request.to_string()).await.unwrap();
            let shown = engine.request_shown(&asked).await.unwrap();
            let what = format!("seed {seed}: {row:?} by {asked:?}");
            assert_eq!(asked.state, RequestState::Fulfilled, "{what}");
            let wanted = asked.wanted.ownership().unwrap();
            assert_eq!((wanted.identity, wanted.role, wanted.to), (row.identity, row.role, row.to), "{what}");
            let read = move |tx: &mut tenure_store::Tx<'_>| tx.request_decisions(request);
            let made = engine.store().read("decisions", read).await.unwrap();
            let by: BTreeSet<PersonId> = made.iter().map(|one| one.person).collect();
            assert_eq!((by.len(), made.len()), (asked.steps.len(), asked.steps.len()), "{what}: {made:?}");
            assert!(!by.contains(&asked.asked_by) && !by.contains(&row.to), "{what}: {made:?}");
            assert!(made.iter().all(|one| !one.refused && one.digest == shown.digest), "{what}: {made:?}");
            assert!(!self.is_answered_for(&row.identity_name.replace("main/", "")).await, "{what}");
        }
        let owners = self.owners_now().await;
        for ((name, role), owner) in &owners {
            let before = self.owners.get(&(*name, *role)).copied().flatten();
            let Some(owner) = owner.filter(|owner| Some(*owner) != before) else { continue };
            let id = engine.show(name).await.unwrap().identity.id;
            assert!(
                accepted.contains(&(id, *role, owner)),
                "seed {seed}: {owner} owns {name} and accepted nothing"
            );
            self.accepted += 1;
        }
        self.owners = owners;
    }
}

#[tokio::test]
async fn nobody_owns_what_they_did_not_accept_decides_their_own_or_goes_past_an_owner_who_is_there() {
    let (mut offered, mut accepted, mut own, mut gone_past) = (0, 0, 0, 0);
    for seed in 0..16_u64 {
        let mut dice = Dice::new(seed.wrapping_mul(6_151) + 11);
        let mut told = Told::begin(if seed % 2 == 0 { RULE } else { "" }).await;
        for _ in 0..80 {
            told.story.scene.bench.clock.advance(Duration::from_secs(1));
            told.one_event(&mut dice).await;
            told.holds(seed).await;
        }
        offered += told.offered.len();
        accepted += told.accepted;
        own += told.own;
        gone_past += told.gone_past;
    }
    assert!(
        offered > 30 && accepted > 15 && own > 100 && gone_past > 30,
        "{offered} offered, {accepted} accepted, {own} of their own and {gone_past} past an owner refused: they try nothing"
    );
}

/// That it would be seen: a charter by hand makes an owner of somebody who accepted nothing.
#[tokio::test]
#[should_panic(expected = "accepted nothing")]
async fn an_owner_who_accepted_nothing_is_seen() {
    let mut told = Told::begin(RULE).await;
    let change = CharterChange { technical_owner: Some(String::from("tess")), ..CharterChange::default() };
    told.story.scene.engine().own(told.story.scene.asha, "billing", change).await.unwrap();
    told.holds(0).await;
}
