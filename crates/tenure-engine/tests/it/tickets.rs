//! Tickets: what a closed one names is claimed dead only once its source was read whole since, and only while it is there.
//!
//! Over the chaos world, in virtual time. Next: `tenure-judge/src/ticket.rs`.

use crate::bench::{Bench, PLANTED, actor, applied};
use std::time::Duration;
use tenure_connect::chaos::ChaosPrincipal;
use tenure_engine::{Belief, CharterChange, Deployment, Engine, TicketGiven, TicketsForeseen, TicketsMeant};
use tenure_model::{Instant, PlanKind, Role, Standing, TicketOutcome as Outcome, TicketState};

const MINUTE: Duration = Duration::from_mins(1);

struct Scene {
    bench: Bench,
    deployment: Deployment,
}

impl Scene {
    /// `etl` is there and was read.
    async fn set() -> (Self, tenure_model::PrincipalKey) {
        let mut bench = Bench::new();
        let key = bench.world.create(ChaosPrincipal::account("etl", PLANTED));
        let deployment = bench.surveyed().await;
        (Self { bench, deployment }, key)
    }

    fn engine(&self) -> &Engine {
        &self.deployment.engine
    }

    fn now(&self) -> Instant {
        self.engine().now()
    }

    async fn import(
        &self,
        key: &str,
        state: TicketState,
        closed: Option<Instant>,
        names: &str,
    ) -> TicketsForeseen {
        let given = TicketGiven {
            line: 2,
            key: key.to_owned(),
            title: format!("end {names}"),
            url: None,
            state,
            closed,
            names: names.to_owned(),
        };
        let who = actor(self.engine()).await;
        let brought = self.engine().import_tickets(who, String::from("jira"), vec![given]).await.unwrap();
        self.engine().judge_touched().await.unwrap();
        brought
    }

    async fn survey(&self) {
        self.bench.clock.advance(MINUTE);
        let who = actor(self.engine()).await;
        self.engine().survey(Some(who), "main", Belief::Believe).await.unwrap();
        self.engine().judge_touched().await.unwrap();
        self.bench.clock.advance(MINUTE);
    }

    async fn outcome(&self, key: &str) -> Outcome {
        let all = self.engine().tickets(TicketsMeant::All, 0, 100).await.unwrap();
        let found = all.into_iter().find(|one| one.row.key == key).unwrap();
        let seen: Vec<_> = self.engine().tickets(TicketsMeant::SeenSince, 0, 100).await.unwrap();
        let is_listed = seen.iter().any(|one| one.row.key == key);
        assert_eq!(is_listed, matches!(found.outcome, Outcome::Alive | Outcome::MadeAgain), "{found:?}");
        found.outcome
    }

    /// Its standing, and what is said of a claim that it is dead.
    async fn judged(&self, name: &str) -> (Standing, Option<String>) {
        let shown = self.engine().show(name).await.unwrap();
        let found = shown.findings.into_iter().find(|one| one.policy == "dead_below_level");
        (shown.identity.standing, found.map(|one| one.reason))
    }
}

#[tokio::test]
async fn closed_and_still_alive_is_claimed_dead_once_somebody_looked() {
    let (scene, key) = Scene::set().await;
    let before = scene.judged("etl").await;
    assert_eq!(before.1, None);
    scene.bench.clock.advance(MINUTE);
    let closed = scene.now();
    let brought = scene.import("OPS-1", TicketState::Closed, Some(closed), "main/etl").await;
    assert_eq!((brought.added, brought.tickets[0].outcome), (1, Outcome::Unread));
    assert_eq!(scene.judged("etl").await, before, "nobody looked since");
    scene.survey().await;
    assert_eq!(scene.outcome("OPS-1").await, Outcome::Alive);
    let (standing, reason) = scene.judged("etl").await;
    assert_eq!(standing, Standing::Unproven);
    let reason = reason.unwrap();
    assert!(reason.contains("ticket OPS-1 of jira says that it ended") && reason.contains("P0"), "{reason}");
    // The same again changes nothing, and leaves no entry.
    let size = scene.engine().store().read("size", |tx| tx.count_entries()).await.unwrap();
    let again = scene.import("OPS-1", TicketState::Closed, Some(closed), "main/etl").await;
    assert_eq!((again.added, again.changed, again.same), (0, 0, 1));
    assert_eq!(scene.engine().store().read("size", |tx| tx.count_entries()).await.unwrap(), size);
    // Opened again, or dropped, it says nothing any more.
    for state in [TicketState::Open, TicketState::Dropped] {
        assert_eq!(scene.import("OPS-1", state, None, "main/etl").await.changed, 1);
        assert_eq!(scene.judged("etl").await, before, "{state}");
    }
    // Closed once more, what was read since counts at once.
    let closed_anew = scene.import("OPS-1", TicketState::Closed, Some(closed), "main/etl").await;
    assert_eq!(closed_anew.tickets[0].outcome, Outcome::Alive);
    assert_eq!(scene.judged("etl").await.0, Standing::Unproven);
    // Gone in the system itself, it is not there, which is less than proved.
    scene.bench.world.remove(&key).unwrap();
    scene.survey().await;
    assert_eq!(scene.outcome("OPS-1").await, Outcome::Absent);
    assert_eq!(scene.judged("etl").await, (Standing::Gone, None));
}

#[tokio::test]
async fn what_a_survey_contradicts_is_an_entry_once_and_what_is_gone_is_none() {
    let (scene, key) = Scene::set().await;
    let closed = scene.now();
    scene.import("OPS-1", TicketState::Closed, Some(closed), "main/etl").await;
    let contradicted = async || {
        let page = scene.engine().log_page(None, 500).await.unwrap();
        page.iter().filter(|(_, entry)| entry.kind == "ticket.contradicted").count()
    };
    assert_eq!(contradicted().await, 0, "nobody looked yet");
    scene.survey().await;
    assert_eq!((scene.outcome("OPS-1").await, contradicted().await), (Outcome::Alive, 1));
    scene.survey().await;
    assert_eq!(contradicted().await, 1, "once");
    // The twin: it is gone when somebody looks.
    let closed = scene.now();
    scene.import("OPS-2", TicketState::Closed, Some(closed), "main/etl").await;
    scene.bench.world.remove(&key).unwrap();
    scene.survey().await;
    assert_eq!((scene.outcome("OPS-2").await, contradicted().await), (Outcome::Absent, 1));
}

#[tokio::test]
async fn whoever_answers_for_it_does_not_take_back_what_a_ticket_says_and_somebody_else_does() {
    let (scene, _) = Scene::set().await;
    let engine = scene.engine();
    let oscar = crate::consequences::person(engine, "oscar", Role::Operator).await;
    let own = CharterChange { technical_owner: Some(String::from("oscar")), ..CharterChange::default() };
    engine.own(actor(engine).await, "etl", own).await.unwrap();
    let given = |state, names: &str| TicketGiven {
        line: 2,
        key: String::from("SEC-1"),
        title: String::from("end it"),
        url: None,
        state,
        closed: (state == TicketState::Closed).then(|| scene.now()),
        names: names.to_owned(),
    };
    let bring = async |by, one| engine.import_tickets(by, String::from("jira"), vec![one]).await;
    bring(oscar, given(TicketState::Closed, "main/etl")).await.expect("who accuses their own may");
    for one in [given(TicketState::Open, "main/etl"), given(TicketState::Closed, "main/billing")] {
        let refused = bring(oscar, one).await.unwrap_err().to_string();
        assert!(refused.contains("you answer for it, so somebody else brings that in"), "{refused}");
    }
    bring(actor(engine).await, given(TicketState::Open, "main/etl")).await.expect("somebody else may");
}

#[tokio::test]
async fn what_looks_like_a_secret_is_not_kept_and_what_names_nothing_is_listed_as_that() {
    let (scene, _) = Scene::set().await;
    let key = format!(
        "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----",
        "MC4CAQAwBQYDK2VwBCIEIA".repeat(3)
    );
    for (title, is_kept) in [(key.as_str(), false), ("rotate the token of etl", true)] {
        let given = TicketGiven {
            line: 2,
            key: String::from("OPS-9"),
            title: title.to_owned(),
            url: None,
            state: TicketState::Open,
            closed: None,
            names: String::new(),
        };
        let engine = scene.engine();
        let brought =
            engine.import_tickets(actor(engine).await, String::from("jira"), vec![given]).await.unwrap();
        let row = &brought.tickets[0].row;
        assert_eq!(row.title == title, is_kept, "{}", row.title);
        assert_eq!(row.unmatched.as_deref(), Some("it names no identity"));
    }
}

#[tokio::test]
async fn what_was_ended_here_is_proved_and_what_was_made_since_is_not_what_ended() {
    let (mut scene, _) = Scene::set().await;
    scene.bench.clock.advance(MINUTE);
    let closed = scene.now();
    scene.import("OPS-1", TicketState::Closed, Some(closed), "reporting").await;
    scene.survey().await;
    assert_eq!(scene.outcome("OPS-1").await, Outcome::Alive);
    let plan = applied(scene.engine(), PlanKind::Revoke, "reporting").await.plan.id;
    let Scene { mut bench, deployment } = scene;
    let deployment = bench.carry_through(deployment, plan).await;
    scene = Scene { bench, deployment };
    scene.engine().judge_touched().await.unwrap();
    assert_eq!(scene.outcome("OPS-1").await, Outcome::Proved);
    assert_eq!(scene.judged("reporting").await, (Standing::Retired, None));
    // Made after a ticket was closed that names it by its name alone: not what the ticket was about.
    scene.bench.clock.advance(MINUTE);
    let closed = scene.now();
    scene.bench.clock.advance(MINUTE);
    scene.bench.world.create(ChaosPrincipal::account("newcomer", "Value0000000000009"));
    scene.survey().await;
    scene.import("OPS-2", TicketState::Closed, Some(closed), "newcomer").await;
    assert_eq!(scene.outcome("OPS-2").await, Outcome::MadeAgain);
    assert_eq!(scene.judged("newcomer").await.1, None);
}

#[tokio::test]
async fn a_ticket_names_one_identity_or_none_and_is_never_guessed() {
    let (scene, _) = Scene::set().await;
    let closed = scene.now();
    scene.survey().await;
    let brought = scene.import("OPS-1", TicketState::Closed, Some(closed), "main/etl2").await;
    let one = &brought.tickets[0];
    assert_eq!((one.outcome, one.row.identity), (Outcome::Unmatched, None));
    let why = one.row.unmatched.as_deref().unwrap();
    assert!(why.contains("there is no identity `main/etl2`"), "{why}");
    let unmatched = scene.engine().tickets(TicketsMeant::Unmatched, 0, 10).await.unwrap();
    assert_eq!(unmatched.len(), 1);
    // Previewed, nothing is kept.
    let given = TicketGiven {
        line: 2,
        key: String::from("OPS-9"),
        title: String::new(),
        url: None,
        state: TicketState::Closed,
        closed: Some(closed),
        names: String::from("main/etl"),
    };
    let foreseen = scene.engine().foresee_tickets(String::from("jira"), vec![given]).await.unwrap();
    assert_eq!(foreseen.tickets[0].outcome, Outcome::Alive);
    assert_eq!(scene.engine().tickets(TicketsMeant::All, 0, 10).await.unwrap().len(), 1);
    assert_eq!(scene.judged("etl").await.1, None);
}
