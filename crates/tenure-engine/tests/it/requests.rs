//! A request from the wish to its end: what the gate asks for, who decides, what it is used for, and that it is used once.
//!
//! Over the chaos world, in virtual time. Each use has a twin that is refused. Must never wait for real time.

use crate::approvals::{away_and_back, dana, directory};
use crate::bench::{Bench, actor};
use crate::consequences::{apply as put_in_force, person};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tenure_connect::chaos::{ChaosPrincipal, Dice};
use tenure_engine::{
    Actor, Belief, Engine, EngineFailure, IdentityRow, Provisioned, RequestAnswer, RequestDecision,
    RequestShown, RequestWish, RequestsMeant,
};
use tenure_judge::ProgrammeFiles;
use tenure_model::{DataClass, Environment, Instant, RequestKind, RequestState, Role};

pub(crate) const DAY: Duration = Duration::from_hours(24);

pub(crate) fn programme(main: &str, stores: &str) -> ProgrammeFiles {
    let files = [("programme.toml", format!("version = 1\n{main}")), ("stores.toml", stores.to_owned())];
    ProgrammeFiles(files.into_iter().map(|(name, text)| (name.to_owned(), text)).collect::<BTreeMap<_, _>>())
}

/// A deployment in which `ravi` asks, and `asha` and `ola` may decide.
pub(crate) struct Scene {
    pub(crate) bench: Bench,
    deployment: tenure_engine::Deployment,
    pub(crate) asha: Actor,
    pub(crate) ravi: Actor,
    pub(crate) ola: Actor,
}

impl Scene {
    pub(crate) async fn set() -> Self {
        Self::seeded(1).await
    }

    pub(crate) async fn seeded(seed: u64) -> Self {
        Self::over(Bench::seeded(seed, tenure_connect::chaos::FaultRates::NONE)).await
    }

    pub(crate) async fn over(mut bench: Bench) -> Self {
        let deployment = bench.surveyed().await;
        let engine = &deployment.engine;
        let asha = actor(engine).await;
        let ravi = person(engine, "ravi", Role::Owner).await;
        let ola = person(engine, "ola", Role::Operator).await;
        Self { bench, deployment, asha, ravi, ola }
    }

    pub(crate) fn engine(&self) -> &Arc<Engine> {
        &self.deployment.engine
    }

    /// The same deployment after it was killed: nothing of it was told to end.
    pub(crate) async fn crashed(self) -> Self {
        let Self { mut bench, deployment, asha, ravi, ola } = self;
        drop(deployment);
        let deployment = bench.open().await.unwrap();
        Self { bench, deployment, asha, ravi, ola }
    }

    /// The same deployment, opened on a machine whose clock says that it is so much behind what is recorded.
    pub(crate) async fn reopened_behind(mut self, behind: Duration) -> Self {
        self.deployment.close().await;
        self.bench.behind = behind;
        self.deployment = self.bench.open().await.unwrap();
        self
    }

    pub(crate) fn wish(&self, name: &str) -> RequestWish {
        let some = |text: &str| Some(text.to_owned());
        RequestWish {
            kind: RequestKind::Create,
            source: some("main"),
            principal: some(name),
            principal_kind: None,
            class: None,
            business_owner: some("asha"),
            technical_owner: some("ravi"),
            purpose: some("the nightly load"),
            boundary: some("one host"),
            allowed_scope: vec![String::from("SELECT on orders")],
            environment: Some(Environment::Production),
            data_class: None,
            rotation_days: None,
            expires_at: Some(self.bench.world.now().plus(DAY * 200)),
            retirement_trigger: some("the report is given up"),
            store: some("federation"),
            identity: None,
            rights: Vec::new(),
            until: None,
            to: None,
            role: None,
            stage: None,
            runbook: None,
            reason: some("the report needs it"),
        }
    }

    pub(crate) async fn ask(&self, name: &str) -> RequestShown {
        self.engine().create_request(self.ravi, self.wish(name)).await.unwrap()
    }

    pub(crate) async fn decide(
        &self,
        by: Actor,
        asked: &RequestShown,
        answer: RequestAnswer,
    ) -> Result<RequestShown, EngineFailure> {
        let row = self.engine().request_row(&asked.handle).await?;
        let decision =
            RequestDecision { answer, reason: String::from("agreed"), digest: asked.digest.clone() };
        self.engine().decide_request(by, &row, decision).await
    }

    pub(crate) async fn approve(
        &self,
        by: Actor,
        asked: &RequestShown,
    ) -> Result<RequestShown, EngineFailure> {
        self.decide(by, asked, RequestAnswer::Approve).await
    }

    pub(crate) async fn survey(&self) {
        self.bench.clock.advance(Duration::from_secs(1));
        self.engine().survey(None, "main", Belief::HoldWhenMuchIsMissing).await.unwrap();
        self.bench.clock.advance(Duration::from_secs(1));
        self.engine().judge_touched().await.unwrap();
    }

    pub(crate) fn make(&self, name: &str) {
        self.bench.world.create(ChaosPrincipal::account(name, &format!("{name}Value0000000001")));
    }

    pub(crate) async fn now(&self, asked: &RequestShown) -> RequestShown {
        let row = self.engine().request_row(&asked.handle).await.unwrap();
        self.engine().request_shown(&row).await.unwrap()
    }

    pub(crate) async fn identity(&self, name: &str) -> IdentityRow {
        self.engine().show(name).await.unwrap().identity
    }

    /// Asked, approved by somebody else, and seen not to be there.
    pub(crate) async fn usable(&self, name: &str) -> RequestShown {
        let asked = self.ask(name).await;
        self.approve(self.ola, &asked).await.unwrap();
        self.survey().await;
        let usable = self.now(&asked).await;
        assert!(usable.usable, "{usable:?}");
        usable
    }
}

pub(crate) fn refusal<T: std::fmt::Debug>(outcome: Result<T, EngineFailure>) -> String {
    outcome.unwrap_err().to_string()
}

#[tokio::test]
async fn the_gate_names_all_that_is_missing_and_all_that_is_wrong_at_once() {
    let scene = Scene::set().await;
    let nothing: RequestWish = serde_json::from_str("{}").unwrap();
    insta::assert_snapshot!(refusal(scene.engine().create_request(scene.ravi, nothing).await));
    let wrong = RequestWish {
        source: Some(String::from("mian")),
        business_owner: Some(String::from("nobody-here")),
        class: Some(String::from("apps")),
        expires_at: Some(scene.bench.world.now().minus(DAY)),
        retirement_trigger: Some(String::from("absent:many")),
        store: Some(String::from("a-drawer")),
        ..scene.wish("etl")
    };
    insta::assert_snapshot!(refusal(scene.engine().create_request(scene.ravi, wrong).await));
    let there = refusal(scene.engine().create_request(scene.ravi, scene.wish("reporting")).await);
    assert!(there.contains("`main/reporting` is there already"), "{there}");
    scene.ask("etl").await;
    let twice = refusal(scene.engine().create_request(scene.ravi, scene.wish("etl")).await);
    assert!(twice.contains("is about this principal already"), "{twice}");
    // A cadence stands for an end, and neither does not.
    let cadence = RequestWish { expires_at: None, rotation_days: Some(30), ..scene.wish("other") };
    scene.engine().create_request(scene.ravi, cadence).await.unwrap();
    let neither = RequestWish { expires_at: None, ..scene.wish("third") };
    assert!(
        refusal(scene.engine().create_request(scene.ravi, neither).await)
            .contains("expires_at or rotation_days")
    );
}

#[tokio::test]
async fn what_was_asked_for_approved_by_another_and_made_after_that_is_enrolled_with_its_charter() {
    let scene = Scene::set().await;
    let asked = scene.ask("etl").await;
    let own = refusal(scene.approve(scene.ravi, &asked).await);
    assert!(own.contains("whoever asked for it decides no step of it"), "{own}");
    let approved = scene.approve(scene.ola, &asked).await.unwrap();
    assert_eq!((approved.row.state, approved.usable), (RequestState::Approved, false));
    // Twin: it does not become anything before it is made.
    scene.survey().await;
    assert!(scene.now(&asked).await.usable);
    scene.make("etl");
    scene.survey().await;
    let used = scene.now(&asked).await;
    assert_eq!(used.row.state, RequestState::Fulfilled, "{used:?}");
    assert_eq!(used.identity_name.as_deref(), Some("main/etl"));
    let identity = scene.identity("etl").await;
    assert!(identity.enrolled);
    assert_eq!(identity.charter, used.row.wanted.creation().unwrap().charter);
    assert_eq!(scene.engine().request_of(identity.id).await.unwrap().unwrap().id, used.row.id);
    // It is used up: what comes later under that name is not by it.
    let late = refusal(scene.approve(scene.asha, &asked).await);
    assert!(late.contains("it is fulfilled"), "{late}");
}

#[tokio::test]
async fn what_was_there_before_it_was_seen_not_to_be_fulfils_nothing() {
    let scene = Scene::set().await;
    // Made after it was asked for and before it was approved; no survey saw it yet.
    let asked = scene.ask("etl").await;
    scene.make("etl");
    scene.approve(scene.ola, &asked).await.unwrap();
    scene.survey().await;
    let over = scene.now(&asked).await;
    assert_eq!(over.row.state, RequestState::Lapsed, "{over:?}");
    assert!(over.row.ended_why.unwrap().contains("made outside the process"));
    assert!(!scene.identity("etl").await.enrolled);
    // Twin: an account that is renamed to what was approved was there before, too.
    let asked = scene.usable("ledger").await;
    scene.bench.world.rename(&scene.bench.bystander, "ledger").unwrap();
    scene.survey().await;
    assert_eq!(scene.now(&asked).await.row.state, RequestState::Lapsed);
    assert!(!scene.identity("ledger").await.enrolled);
}

#[tokio::test]
async fn everything_is_asked_again_when_it_is_seen() {
    for (change, why) in [
        ("decider", "may not decide it any more"),
        ("asker", "whoever asked for it has left"),
        ("owner", "somebody who was to own it has left"),
        ("programme", "asks for more than it says"),
        ("class", "of another class"),
        ("kind", "of another kind"),
    ] {
        let scene = Scene::set().await;
        let engine = scene.engine();
        let asked = scene.usable("etl").await;
        match change {
            "decider" => engine.set_role(scene.asha, "ola", Role::Auditor).await.map(|_| ()).unwrap(),
            "asker" => {
                let other = person(engine, "ana", Role::Owner).await;
                let wish = RequestWish { technical_owner: Some(String::from("asha")), ..scene.wish("aside") };
                let aside = engine.create_request(other, wish).await.unwrap();
                scene.approve(scene.ola, &aside).await.unwrap();
                scene.survey().await;
                engine.remove_person(scene.asha, "ana").await.map(|_| ()).unwrap();
                scene.make("aside");
                scene.survey().await;
                let over = scene.now(&aside).await;
                assert_eq!(over.row.ended_why.as_deref(), Some(why));
                continue;
            }
            "owner" => {
                let ana = person(engine, "ana", Role::Owner).await;
                let wish = RequestWish { business_owner: Some(String::from("ana")), ..scene.wish("aside") };
                let aside = engine.create_request(scene.ravi, wish).await.unwrap();
                scene.approve(scene.ola, &aside).await.unwrap();
                scene.survey().await;
                assert!(ana.person != scene.ravi.person);
                engine.remove_person(scene.asha, "ana").await.map(|_| ()).unwrap();
                scene.make("aside");
                scene.survey().await;
                assert_eq!(scene.now(&aside).await.row.ended_why.as_deref(), Some(why));
                continue;
            }
            "programme" => {
                // Its class is none, and stays none; federation is approved for nobody any more where a class says so.
                let class =
                    "[[class]]\nid = \"apps\"\nmatch = [\"name:etl\"]\napproved_stores = [\"safe\"]\n";
                put_in_force(engine, programme(class, "[[store]]\nid = \"safe\"\nkind = \"vault\"\n")).await;
            }
            "class" => {
                let class = "[[class]]\nid = \"apps\"\nmatch = [\"name:etl\"]\n";
                put_in_force(engine, programme(class, "")).await;
            }
            _ => {}
        }
        if change == "kind" {
            scene.bench.world.create(ChaosPrincipal::group("etl"));
        } else {
            scene.make("etl");
        }
        scene.survey().await;
        let over = scene.now(&asked).await;
        let said = over.row.ended_why.unwrap_or_default();
        let expected = if change == "programme" { "of another class" } else { why };
        assert!(over.row.state == RequestState::Lapsed && said.contains(expected), "{change}: {said}");
        assert_ne!(
            scene.identity("etl").await.charter,
            over.row.wanted.creation().unwrap().charter,
            "{change}"
        );
    }
}

#[tokio::test]
async fn a_request_lapses_by_itself_undecided_or_unused() {
    let scene = Scene::set().await;
    let asked = scene.ask("etl").await;
    scene.bench.clock.advance(DAY * 15);
    scene.engine().judge_touched().await.unwrap();
    let over = scene.now(&asked).await;
    assert_eq!(
        (over.row.state, over.row.ended_why.as_deref()),
        (RequestState::Lapsed, Some("nobody decided in time"))
    );
    assert!(refusal(scene.approve(scene.ola, &asked).await).contains("it is lapsed"));
    let asked = scene.usable("etl").await;
    scene.bench.clock.advance(DAY * 50);
    scene.make("etl");
    scene.survey().await;
    let over = scene.now(&asked).await;
    assert_eq!(
        (over.row.state, over.row.ended_why.as_deref()),
        (RequestState::Lapsed, Some("nobody made it in time"))
    );
    assert!(!scene.identity("etl").await.enrolled);
}

#[tokio::test]
async fn each_setting_of_requests_changes_an_end_and_each_step_is_somebody_elses() {
    let scene = Scene::set().await;
    let days = |shown: &RequestShown| {
        let day = |at: Instant, from: Instant| at.since(from).as_secs() / 86_400;
        (day(shown.row.decide_by, shown.row.asked), day(shown.row.use_by, shown.row.decide_by))
    };
    assert_eq!(days(&scene.ask("a").await), (13, 30));
    let rules = "[requests]\ndecided_within_days = 2\nused_within_days = 3\n[[approvals.rule]]\nrequests = [\"create\"]\n\
                 environments = [\"production\"]\nsteps = [\"owner\", \"operator\"]\n";
    put_in_force(scene.engine(), programme(rules, "")).await;
    let asked = scene.ask("b").await;
    assert_eq!(days(&asked), (1, 3));
    assert_eq!(asked.decided_next_by.as_deref(), Some("an owner of the identity"));
    assert!(refusal(scene.approve(scene.ola, &asked).await).contains("step 1 of it is decided by an owner"));
    let half = scene.approve(scene.asha, &asked).await.unwrap();
    assert_eq!((half.row.state, half.decided_next_by.as_deref()), (RequestState::Asked, Some("an operator")));
    assert!(
        refusal(scene.approve(scene.asha, &asked).await)
            .contains("step 1 of it was decided by you, or in your place")
    );
    assert_eq!(scene.approve(scene.ola, &asked).await.unwrap().row.state, RequestState::Approved);
    // Twin: outside of production no rule means it.
    let wish = RequestWish { environment: Some(Environment::Test), ..scene.wish("c") };
    let asked = scene.engine().create_request(scene.ravi, wish).await.unwrap();
    assert_eq!(scene.approve(scene.ola, &asked).await.unwrap().row.state, RequestState::Approved);
    // What it could cost is foreseen from what is asked for.
    let rules = "[[approvals.rule]]\nrequests = [\"create\"]\ntiers = [\"critical\"]\nsteps = [\"owner\", \"operator\"]\n";
    put_in_force(scene.engine(), programme(rules, "")).await;
    for (name, scope, steps) in [("e", "**", 2), ("f", "SELECT on orders", 1)] {
        let data_class = Some(DataClass::Restricted);
        let wish = RequestWish { data_class, allowed_scope: vec![scope.to_owned()], ..scene.wish(name) };
        let asked = scene.engine().create_request(scene.ravi, wish).await.unwrap();
        assert_eq!(asked.decisions.len(), steps, "{scope}");
    }
    let refused = scene.ask("d").await;
    let refused = scene.decide(scene.asha, &refused, RequestAnswer::Refuse).await.unwrap();
    assert_eq!(
        (refused.row.state, refused.row.ended_why.as_deref()),
        (RequestState::Refused, Some("agreed"))
    );
}

#[tokio::test]
async fn stores_are_approved_per_class_and_environment_and_federation_is_preferred() {
    let scene = Scene::set().await;
    let main = "[[class]]\nid = \"apps\"\nmatch = [\"name:etl\"]\napproved_stores = [\"safe\"]\n";
    let stores = "[[store]]\nid = \"safe\"\nkind = \"vault\"\nenvironments = [\"production\"]\n\n[[store]]\nid = \"cluster\"\nkind = \"kubernetes\"\n";
    put_in_force(scene.engine(), programme(main, stores)).await;
    let ask = async |name: &str, store: &str, environment: Environment| {
        let wish =
            RequestWish { store: Some(store.to_owned()), environment: Some(environment), ..scene.wish(name) };
        scene.engine().create_request(scene.ravi, wish).await
    };
    insta::assert_snapshot!(refusal(ask("etl", "federation", Environment::Production).await));
    insta::assert_snapshot!(refusal(ask("etl", "safe", Environment::Test).await));
    let asked = ask("etl", "safe", Environment::Production).await.unwrap();
    assert_eq!((asked.row.wanted.class(), asked.federation_preferred), (Some("apps"), false));
    let asked = ask("other", "cluster", Environment::Test).await.unwrap();
    assert_eq!((asked.row.wanted.class(), asked.federation_preferred), (None, true));
}

/// What may be asked for and made in the property.
const NAMES: [&str; 6] = ["a", "b", "c", "d", "e", "f"];

/// What the world and people did, as the property knows it without asking Tenure.
#[derive(Default)]
struct Told {
    /// When each account was made, by name; of those that are there.
    made: BTreeMap<String, Instant>,
    /// When somebody else than the asker approved, by handle.
    approved: BTreeMap<String, Instant>,
}

#[tokio::test]
async fn no_sequence_of_events_uses_a_request_twice_or_for_what_nobody_else_approved() {
    let mut fulfilled = 0;
    for seed in 0..20 {
        let scene = Scene::seeded(seed + 1).await;
        let mut dice = Dice::new(seed.wrapping_mul(7_919) + 3);
        let (mut told, mut asked): (Told, Vec<RequestShown>) = (Told::default(), Vec::new());
        for _ in 0..60 {
            one_event(&scene, &mut dice, (&mut told, &mut asked)).await;
        }
        scene.survey().await;
        let mut used = std::collections::BTreeSet::new();
        let over = scene.engine().requests(RequestsMeant::Over, 0, 500).await.unwrap();
        for one in over.iter().filter(|one| one.row.state == RequestState::Fulfilled) {
            fulfilled += 1;
            let name = one.row.wanted.principal();
            assert!(used.insert(one.row.principal), "seed {seed}: {name} was used twice");
            assert_eq!(one.identity_name.as_deref(), Some(&*format!("main/{name}")), "seed {seed}");
            assert!(one.row.ended.unwrap() <= one.row.use_by, "seed {seed}: {name} after its end");
            let approved = told.approved.get(&one.handle);
            let made = told.made.get(name);
            assert!(approved.is_some(), "seed {seed}: nobody else approved {name}");
            assert!(made.is_none_or(|made| Some(made) > approved), "seed {seed}: {name} was made before");
            assert!(one.decisions.iter().all(|step| step.person.is_some_and(|by| by != one.row.asked_by)));
        }
        // Whatever is enrolled here is so by a request.
        for name in NAMES {
            let Ok(shown) = scene.engine().show(&format!("main/{name}")).await else { continue };
            let by = scene.engine().request_of(shown.identity.id).await.unwrap();
            assert_eq!(shown.identity.enrolled, by.is_some(), "seed {seed}: {name}");
        }
    }
    assert!(fulfilled > 10, "{fulfilled} requests were used: the property tries nothing");
}

async fn one_event(scene: &Scene, dice: &mut Dice, (told, asked): (&mut Told, &mut Vec<RequestShown>)) {
    let name = *dice.choose(&NAMES).unwrap();
    let by = *dice.choose(&[scene.ravi, scene.ola, scene.asha]).unwrap();
    let now = scene.bench.clock.advance(Duration::from_secs(1));
    match dice.below(11) {
        0 | 1 => {
            if let Ok(made) = scene.engine().create_request(by, scene.wish(name)).await {
                asked.push(made);
            }
        }
        2..=5 => {
            let Some(one) = dice.choose(asked).cloned() else { return };
            let approved = scene.approve(by, &one).await;
            if approved.is_ok_and(|now| now.row.state == RequestState::Approved)
                && by.person != one.row.asked_by
            {
                told.approved.insert(one.handle, now);
            }
        }
        6 => {
            if !told.made.contains_key(name) {
                scene.make(name);
                told.made.insert(name.to_owned(), now);
            }
        }
        7 => {
            let Some(one) = dice.choose(asked).cloned() else { return };
            let row = scene.engine().request_row(&one.handle).await.unwrap();
            if dice.below(3) == 0 {
                let _ = scene.engine().withdraw_request(by, &row, "").await;
            }
        }
        8 => {
            if dice.below(6) == 0 {
                scene.bench.clock.advance(DAY * 16);
                scene.engine().judge_touched().await.unwrap();
            }
        }
        _ => scene.survey().await,
    }
}

/// By a directory, which may bring them back: who decided, and who asked.
#[tokio::test]
async fn who_left_and_is_back_neither_asked_nor_decided_what_is_seen_after_that() {
    let rule = "[[approvals.rule]]\nrequests = [\"create\"]\nsteps = [\"owner\"]\n";
    for (leaves, asker, why) in [
        ("the decider", "ravi", "may not decide it any more"),
        ("the asker", "dana", "whoever asked for it has left"),
        ("nobody", "ravi", ""),
    ] {
        let scene = Scene::set().await;
        put_in_force(scene.engine(), programme(rule, "")).await;
        let joined = scene.engine().provision_person(directory(), dana(), true).await.unwrap();
        let Provisioned::Done(row) = joined else { panic!("{joined:?}") };
        let dana = Actor { person: row.person, role: Role::Owner, local: false };
        let owner = Some(String::from(if asker == "dana" { "ravi" } else { "dana" }));
        let wish = RequestWish { technical_owner: owner.clone(), business_owner: owner, ..scene.wish("etl") };
        let (asks, decides) = if asker == "dana" { (dana, scene.ravi) } else { (scene.ravi, dana) };
        let asked = scene.engine().create_request(asks, wish).await.unwrap();
        scene.approve(decides, &asked).await.unwrap();
        scene.survey().await;
        if leaves != "nobody" {
            away_and_back(scene.engine(), dana.person).await;
        }
        scene.make("etl");
        scene.survey().await;
        let over = scene.now(&asked).await;
        if leaves == "nobody" {
            assert_eq!(over.row.state, RequestState::Fulfilled, "the twin: {:?}", over.row.ended_why);
        } else {
            assert_eq!(over.row.state, RequestState::Lapsed, "{leaves}");
            assert!(
                over.row.ended_why.as_deref().is_some_and(|said| said.contains(why)),
                "{leaves}: {:?}",
                over.row
            );
        }
    }
}
