//! What delegations never do, over drawn histories of offers, answers, ends, plans, people who leave or change roles, and time.
//!
//! After each event: nobody decided what they or whoever they stand in for asked for; no two steps of a plan have a part of
//! one person; a decision in another's place was made within a delegation that was accepted, and is no role's. Must never
//! wait for real time.

use crate::approvals::Scene;
use crate::consequences::person;
use crate::delegations::Letting;
use proptest::prelude::*;
use std::{collections::BTreeSet, time::Duration};
use tenure_engine::{Actor, DelegationRow, DelegationsMeant, PlanRequest, PlanShown};
use tenure_model::{DelegationState, PersonId, PlanKind, PlanState, Role};

const PEOPLE: [&str; 6] = ["asha", "ola", "oda", "ravi", "dee", "eve"];
const RULES: &str = "[[approvals.rule]]\nplans = [\"disable\"]\nsteps = [\"owner\", \"operator\"]\n\
                     [[approvals.rule]]\nplans = [\"revoke\"]\nsteps = [\"person:ola\", \"owner\", \"administrator\"]\n";

#[derive(Debug, Clone)]
enum Event {
    Offer { from: usize, to: usize },
    Accept(usize),
    Decline(usize),
    End { by: usize, which: usize },
    Draft { by: usize, kind: PlanKind },
    Apply(usize),
    Begin,
    Hours(u32),
    Role { who: usize, role: Role },
    Leaves(usize),
    Follow,
}

struct History {
    scene: Scene,
    plan: Option<PlanShown>,
    /// Decisions that were made in another's place.
    delegated: usize,
    /// Plans that every step of was decided.
    decided: usize,
}

impl History {
    async fn begin() -> Self {
        let scene = Scene::set(RULES).await;
        for (name, role) in [("oda", Role::Operator), ("dee", Role::Owner), ("eve", Role::Owner)] {
            person(scene.engine(), name, role).await;
        }
        scene.bench.clock.advance(Duration::from_hours(30));
        Self { scene, plan: None, delegated: 0, decided: 0 }
    }

    async fn actor(&self, who: usize) -> Option<Actor> {
        let person = self.scene.engine().person_called(PEOPLE[who]).await.ok()?;
        Some(Actor { person: person.id, role: person.role, local: false })
    }

    async fn current(&self) -> Vec<DelegationRow> {
        let lines = self.scene.engine().delegations(DelegationsMeant::Current, 0, 1_000).await.unwrap();
        lines.into_iter().map(|line| line.row).collect()
    }

    /// Everybody tries to answer; only whom it was offered to may.
    async fn answer(&self, which: usize, accepts: bool) {
        let (engine, rows) = (self.scene.engine(), self.current().await);
        let Some(row) = rows.get(which % rows.len().max(1)) else { return };
        for who in 0..PEOPLE.len() {
            let Some(by) = self.actor(who).await else { continue };
            let done = if accepts {
                engine.accept_delegation(by, row).await
            } else {
                engine.decline_delegation(by, row, "away too").await
            };
            assert!(done.is_err() || by.person == row.to, "{row:?} by {by:?}");
        }
    }

    async fn draft(&mut self, by: usize, kind: PlanKind) {
        let engine = self.scene.engine();
        let Some(by) = self.actor(by).await else { return };
        if let Some(plan) = self.plan.take() {
            let _ = engine.withdraw(self.scene.asha, &plan.plan.handle).await;
        }
        let request = PlanRequest {
            kind,
            identity: String::from("reporting"),
            reason: String::from("contract ended"),
            heir: None,
            file: None,
            readers: None,
        };
        self.plan = engine.draft_plan(by, request).await.ok();
    }

    /// Does it, where whoever does it may; what may not be done is no part of this.
    async fn happens(&mut self, event: &Event) {
        let engine = self.scene.engine();
        match event {
            Event::Offer { from, to } => {
                let Some(from) = self.actor(*from).await else { return };
                let _ = Letting { engine }.offer(from, PEOPLE[*to]).await;
            }
            Event::Accept(which) => self.answer(*which, true).await,
            Event::Decline(which) => self.answer(*which, false).await,
            Event::End { by, which } => {
                let (rows, by) = (self.current().await, self.actor(*by).await);
                let (Some(row), Some(by)) = (rows.get(which % rows.len().max(1)), by) else { return };
                let _ = engine.withdraw_delegation(by, row, "").await;
            }
            Event::Draft { by, kind } => self.draft(*by, *kind).await,
            Event::Apply(by) => {
                let (Some(by), Some(plan)) = (self.actor(*by).await, &self.plan) else { return };
                let before = self.now_of(plan).await;
                if let Ok(after) = self.scene.apply(by, plan).await {
                    let in_place = |shown: &PlanShown| {
                        shown.approvals.iter().filter(|one| one.delegation.is_some()).count()
                    };
                    self.delegated += in_place(&after).saturating_sub(in_place(&before));
                }
            }
            Event::Begin => {
                let Some(plan) = &self.plan else { return };
                let before = self.now_of(plan).await;
                let waits = matches!(before.plan.state, PlanState::Proposed | PlanState::Approved);
                let decided = before.decisions.iter().all(|one| one.person.is_some());
                let _ = engine.drive(plan.plan.id).await;
                let after = self.now_of(plan).await.plan.state;
                if waits && !matches!(after, PlanState::Proposed | PlanState::Approved | PlanState::Withdrawn)
                {
                    assert!(decided, "it began undecided");
                    self.decided += 1;
                }
            }
            Event::Hours(hours) => {
                self.scene.bench.clock.advance(Duration::from_hours(u64::from(*hours)));
            }
            Event::Role { who, role } => {
                let _ = engine.set_role(self.scene.asha, PEOPLE[1 + who % 5], *role).await;
            }
            Event::Leaves(who) => {
                let _ = engine.remove_person(self.scene.asha, PEOPLE[1 + who % 5]).await;
            }
            Event::Follow => {
                engine.follow_delegations().await.unwrap();
            }
        }
    }

    async fn now_of(&self, plan: &PlanShown) -> PlanShown {
        self.scene.engine().show_plan(&plan.plan.handle).await.unwrap()
    }

    /// What has to be so whatever happened.
    async fn holds(&self, history: &str) {
        let engine = self.scene.engine();
        let Some(plan) = &self.plan else { return };
        let shown = self.now_of(plan).await;
        let owner = engine.show("reporting").await.unwrap().identity.charter.technical_owner;
        let mut parts: BTreeSet<PersonId> = BTreeSet::new();
        for (step, one) in (0_i64..).zip(&shown.decisions) {
            let Some(by) = one.person else { continue };
            for part in [Some(by), one.in_place_of].into_iter().flatten() {
                assert_ne!(Some(part), shown.plan.requested_by, "{history}: who asked decided");
                assert!(parts.insert(part), "{history}: somebody has part in two steps");
            }
            let subject = one.in_place_of.unwrap_or(by);
            match one.who.as_str() {
                "an owner of the identity" => assert_eq!(Some(subject), owner, "{history}"),
                "an operator" | "an administrator" => {
                    assert_eq!(one.in_place_of, None, "{history}: a role was passed on");
                }
                _ => {}
            }
            let Some(from) = one.in_place_of else { continue };
            let approval = shown.approvals.iter().find(|one| one.step == Some(step)).unwrap();
            let given = engine.delegation_row(&approval.delegation.unwrap().to_string()).await.unwrap();
            assert_eq!((given.from, given.to), (from, by), "{history}");
            assert!(given.accepted.unwrap() <= approval.decided, "{history}: it was not accepted yet");
            assert!(
                given.begins <= approval.decided && approval.decided < given.ends,
                "{history}: not its time"
            );
            assert_ne!(given.state, DelegationState::Withdrawn, "{history}: it was taken back");
        }
    }
}

/// Carries a history out; says how many decisions were made in another's place, and how many plans began.
async fn told(events: &[Event]) -> (usize, usize) {
    let mut history = History::begin().await;
    for (number, event) in events.iter().enumerate() {
        history.happens(event).await;
        history.holds(&format!("{:?}", &events[..=number])).await;
    }
    history.scene.bench.clock.advance(Duration::from_hours(24 * 8));
    history.happens(&Event::Follow).await;
    assert!(history.current().await.is_empty(), "{events:?}: one has no end");
    (history.delegated, history.decided)
}

#[tokio::test]
async fn a_history_of_all_of_it_has_decisions_in_anothers_place_and_plans_that_begin() {
    let events = [
        Event::Offer { from: 3, to: 4 },
        Event::Accept(0),
        Event::Offer { from: 1, to: 2 },
        Event::Accept(1),
        Event::Offer { from: 2, to: 1 },
        Event::Decline(2),
        Event::Draft { by: 0, kind: PlanKind::Disable },
        Event::Apply(4),
        Event::Apply(2),
        Event::Begin,
        Event::Draft { by: 5, kind: PlanKind::Revoke },
        Event::Apply(2),
        Event::End { by: 1, which: 1 },
        Event::Hours(5),
        Event::Follow,
    ];
    let (delegated, decided) = told(&events).await;
    assert!(
        delegated >= 1 && decided >= 1,
        "{delegated} decisions in another's place, {decided} plans began"
    );
}

fn event() -> impl Strategy<Value = Event> {
    let one = 0..PEOPLE.len();
    let kind = prop::sample::select(vec![PlanKind::Disable, PlanKind::Revoke]);
    let role = prop::sample::select(Role::ALL.to_vec());
    prop_oneof![
        8 => (one.clone(), one.clone()).prop_map(|(from, to)| Event::Offer { from, to }),
        8 => (0..9_usize).prop_map(Event::Accept),
        1 => (0..9_usize).prop_map(Event::Decline),
        1 => (one.clone(), 0..9_usize).prop_map(|(by, which)| Event::End { by, which }),
        3 => (one.clone(), kind).prop_map(|(by, kind)| Event::Draft { by, kind }),
        14 => one.prop_map(Event::Apply),
        1 => Just(Event::Begin),
        2 => prop_oneof![Just(1), Just(20), Just(100)].prop_map(Event::Hours),
        1 => (0..5_usize, role).prop_map(|(who, role)| Event::Role { who, role }),
        1 => (0..5_usize).prop_map(Event::Leaves),
        1 => Just(Event::Follow),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, max_shrink_iters: 60, ..ProptestConfig::default() })]
    #[test]
    fn nobody_decides_what_is_another_persons_to_decide(
        events in prop::collection::vec(event(), 1..40),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let _ = runtime.block_on(told(&events));
    }
}
