//! What is made although it had to be asked for: what is found, what is not, what ends it, and what does not.
//!
//! Over the chaos world, in virtual time. Each finding has a twin beside it that is none. Next: `outside_model.rs`, the same
//! against a model, over random histories.

use crate::bench::{Bench, actor};
use crate::consequences::apply as put_in_force;
use crate::requests::{DAY, Scene, programme, refusal};
use std::time::Duration;
use tenure_connect::chaos::{Call, ChaosPrincipal, Fault, FaultKind, SurveyFault};
use tenure_engine::{Belief, CharterChange, Dismissal, Engine, RequestWish};
use tenure_model::{Environment, PrincipalKey, PrincipalKind, RequestState, Role};

pub(crate) const CLASSES: &str = "[[class]]\nid = \"apps\"\nmatch = [\"name:app-*\"]\nmade_by_request = true\n\
     [[class]]\nid = \"free\"\nmatch = [\"name:free-*\"]\n";

/// A deployment whose programme asks for requests, and whose source was read whole since.
async fn asking() -> Scene {
    let scene = Scene::set().await;
    put_in_force(scene.engine(), programme(CLASSES, "")).await;
    scene.survey().await;
    scene
}

/// Open findings of this policy: whose, and the sentence.
async fn found(engine: &Engine) -> Vec<(String, String)> {
    engine.judge_touched().await.unwrap();
    let findings = engine.store().read("findings", |tx| tx.open_findings(0, 500)).await.unwrap();
    let of = findings.into_iter().filter(|finding| finding.policy == "made_outside");
    of.map(|finding| (finding.identity_name, finding.reason)).collect()
}

pub(crate) async fn names(engine: &Engine) -> Vec<String> {
    let mut names: Vec<String> = found(engine).await.into_iter().map(|(name, _)| name).collect();
    names.sort();
    names
}

async fn claim(engine: &Engine, name: &str, environment: Option<Environment>) {
    let change = CharterChange { environment, ..CharterChange::default() };
    engine.own(actor(engine).await, name, change).await.unwrap();
}

fn create(scene: &Scene, name: &str) -> PrincipalKey {
    scene.bench.world.create(ChaosPrincipal::account(name, &format!("{name}Value0000000001")))
}

/// A survey in which half of the rights may not be read: it is not complete.
async fn partial(scene: &Scene) {
    scene.bench.clock.advance(Duration::from_secs(1));
    let half = FaultKind::Survey(SurveyFault::HalfDenied);
    scene.bench.world.script(Fault { on: Call::Observe, nth: 1, what: half });
    let read = scene.engine().survey(None, "main", Belief::HoldWhenMuchIsMissing).await.unwrap();
    assert_eq!(read.state.as_str(), "partial");
}

#[tokio::test]
async fn what_nobody_asked_for_is_found_with_its_time_and_ends_by_a_request_that_others_decide_late() {
    let scene = asking().await;
    let asked = scene.usable("app-asked").await;
    create(&scene, "app-asked");
    create(&scene, "app-sneaked");
    create(&scene, "free-one");
    scene.survey().await;
    assert_eq!(scene.now(&asked).await.row.state, RequestState::Fulfilled);
    let findings = found(scene.engine()).await;
    let [(name, reason)] = findings.as_slice() else { panic!("{findings:?}") };
    assert_eq!(name, "main/app-sneaked");
    insta::assert_snapshot!(reason, @"`main/app-sneaked` was made outside the process: it was not there at the complete survey that ended 2026-11-21T12:00:03Z, the one that ended 2026-11-21T12:00:05Z saw it, and nobody had asked for it; the system does not say who made it");
    // Whoever claims it decides nothing.
    claim(scene.engine(), "app-sneaked", None).await;
    assert_eq!(names(scene.engine()).await, ["main/app-sneaked"]);
    // Asked for late: the same is asked of it, and somebody else decides.
    let short = RequestWish { reason: None, ..scene.wish("app-sneaked") };
    assert!(refusal(scene.engine().create_request(scene.ravi, short).await).contains("reason"));
    let late = scene.ask("app-sneaked").await;
    assert_eq!(late.row.wanted.class(), Some("apps"));
    let there = scene.engine().show("app-sneaked").await.unwrap();
    assert_eq!(late.row.wanted.late_for(), Some(there.principals[0].id));
    assert_eq!(names(scene.engine()).await, ["main/app-sneaked"], "asking decides nothing");
    let own = refusal(scene.approve(scene.ravi, &late).await);
    assert!(own.contains("asked for it"), "{own}");
    let used = scene.approve(scene.ola, &late).await.unwrap();
    assert_eq!((used.row.state, used.row.absent), (RequestState::Fulfilled, None));
    assert_eq!(names(scene.engine()).await, Vec::<String>::new());
    let shown = scene.engine().show("app-sneaked").await.unwrap();
    assert_eq!(shown.identity.charter, used.row.wanted.creation().unwrap().charter);
    assert!(shown.request_is_late && shown.request == Some(late.handle.clone()), "it stays late");
    assert!(
        !scene.engine().show("app-asked").await.unwrap().request_is_late,
        "its twin was asked for in time"
    );
    scene.survey().await;
    assert_eq!(names(scene.engine()).await, Vec::<String>::new());
    let count = scene.engine().store().read("count", |tx| tx.count_made_outside()).await.unwrap();
    assert_eq!((count.open, count.late), (0, 1));
    let again = refusal(scene.engine().create_request(scene.ravi, scene.wish("app-sneaked")).await);
    assert!(again.contains("is there already"), "{again}");
}

#[tokio::test]
async fn what_was_there_when_the_rule_came_into_force_is_never_found() {
    let scene = Scene::set().await;
    create(&scene, "app-old");
    scene.survey().await;
    // Made while nothing asked for it, and first seen after something did.
    create(&scene, "app-between");
    put_in_force(scene.engine(), programme(CLASSES, "")).await;
    create(&scene, "app-just-after");
    scene.survey().await;
    assert_eq!(names(scene.engine()).await, Vec::<String>::new());
    // The same again when the rule begins to mean more: nothing that was made before it is found.
    create(&scene, "free-before");
    let wider = CLASSES.replace("\"name:free-*\"]", "\"name:free-*\"]\nmade_by_request = true");
    put_in_force(scene.engine(), programme(&wider, "")).await;
    scene.survey().await;
    assert_eq!(names(scene.engine()).await, Vec::<String>::new());
    create(&scene, "free-after");
    scene.survey().await;
    assert_eq!(names(scene.engine()).await, ["main/free-after"], "the twin that came after");
}

#[tokio::test]
async fn what_is_back_renamed_part_of_the_system_or_read_elsewhere_first_is_no_finding() {
    let scene = Scene::set().await;
    let gone = create(&scene, "app-gone");
    let free = create(&scene, "app-renamed");
    put_in_force(scene.engine(), programme(CLASSES, "")).await;
    scene.survey().await;
    let world = &scene.bench.world;
    world.remove(&gone).unwrap();
    scene.survey().await;
    world.create(ChaosPrincipal { key: Some(gone), ..ChaosPrincipal::account("app-gone", "x") });
    world.rename(&free, "app-other").unwrap();
    world.create(ChaosPrincipal { built_in: true, ..ChaosPrincipal::account("app-system", "y") });
    scene.survey().await;
    assert_eq!(names(scene.engine()).await, Vec::<String>::new());
    // A source of its own name and address shows what was there before anybody looked.
    let mut other = Bench::source();
    other.name = tenure_model::ShortName::parse("second").unwrap();
    other.points.truncate(1);
    other.points[0].url = String::from("chaos:replica-1");
    scene.engine().add_source(scene.asha, other).await.unwrap();
    create(&scene, "app-there");
    scene.engine().survey(None, "second", Belief::HoldWhenMuchIsMissing).await.unwrap();
    assert_eq!(names(scene.engine()).await, Vec::<String>::new());
    scene.survey().await;
    assert_eq!(names(scene.engine()).await, ["main/app-there"], "the twin, where it was watched");
}

#[tokio::test]
async fn surveys_that_are_not_complete_find_nothing_and_lose_nothing() {
    let scene = asking().await;
    create(&scene, "app-sneaked");
    partial(&scene).await;
    assert_eq!(names(scene.engine()).await, Vec::<String>::new());
    scene.bench.world.take_down("the network is gone");
    scene.engine().survey(None, "main", Belief::HoldWhenMuchIsMissing).await.unwrap_err();
    scene.bench.world.bring_up();
    scene.survey().await;
    assert_eq!(names(scene.engine()).await, ["main/app-sneaked"]);
}

/// Ways round it: each leaves the finding where it is.
#[tokio::test]
async fn no_way_round_it_ends_it() {
    let scene = asking().await;
    let engine = scene.engine();
    // Asked for first, and made before it was approved.
    let early = scene.ask("app-early").await;
    let key = create(&scene, "app-early");
    scene.survey().await;
    assert_eq!(names(engine).await, ["main/app-early"]);
    scene.approve(scene.ola, &early).await.unwrap();
    scene.survey().await;
    assert_eq!(scene.now(&early).await.row.state, RequestState::Lapsed);
    assert_eq!(names(engine).await, ["main/app-early"]);
    // Another name, at the source; another class, also one that asks for nothing; a claim.
    scene.bench.world.rename(&key, "free-now").unwrap();
    scene.survey().await;
    claim(engine, "free-now", Some(Environment::Test)).await;
    assert_eq!(names(engine).await, ["main/free-now"]);
    // No class at all.
    scene.bench.world.rename(&key, "nobody").unwrap();
    scene.survey().await;
    assert_eq!(names(engine).await, ["main/nobody"]);
    // The class under another name in the programme, the rule left out for a while, and back.
    put_in_force(engine, programme(&CLASSES.replace("\"apps\"", "\"services\""), "")).await;
    assert_eq!(names(engine).await, ["main/nobody"]);
    put_in_force(engine, programme(&CLASSES.replace("made_by_request = true\n", ""), "")).await;
    assert_eq!(names(engine).await, Vec::<String>::new(), "the programme asks for nothing");
    put_in_force(engine, programme(CLASSES, "")).await;
    assert_eq!(names(engine).await, ["main/nobody"]);
    // Away and back, and the source too.
    scene.bench.world.remove(&key).unwrap();
    scene.survey().await;
    assert_eq!(names(engine).await, Vec::<String>::new(), "what is gone needs no request");
    scene.bench.world.create(ChaosPrincipal { key: Some(key), ..ChaosPrincipal::account("nobody", "z") });
    scene.survey().await;
    engine.remove_source(scene.asha, "main").await.unwrap();
    create(&scene, "app-meanwhile");
    engine.add_source(scene.asha, Bench::source()).await.unwrap();
    scene.survey().await;
    assert_eq!(names(engine).await, ["main/app-meanwhile", "main/nobody"]);
}

#[tokio::test]
async fn a_late_request_is_of_what_is_there_and_everything_is_asked_again() {
    let scene = asking().await;
    let engine = scene.engine();
    let key = create(&scene, "app-sneaked");
    scene.survey().await;
    let wish = |change: fn(&mut RequestWish)| {
        let mut wish = scene.wish("app-sneaked");
        change(&mut wish);
        wish
    };
    let class = wish(|wish| wish.class = Some(String::from("free")));
    insta::assert_snapshot!(refusal(engine.create_request(scene.ravi, class).await), @"nothing was asked for; what is there is of class `apps`, not `free`");
    let kind = wish(|wish| wish.principal_kind = Some(PrincipalKind::Group));
    insta::assert_snapshot!(refusal(engine.create_request(scene.ravi, kind).await), @"nothing was asked for; what is there is of kind `account`, not `group`");
    // Renamed since it was asked for: it is not what was decided about.
    let late = scene.ask("app-sneaked").await;
    scene.bench.world.rename(&key, "app-other").unwrap();
    scene.survey().await;
    let over = scene.approve(scene.ola, &late).await.unwrap();
    assert_eq!(over.row.state, RequestState::Lapsed);
    insta::assert_snapshot!(over.row.ended_why.unwrap(), @"it bears another name by now than what was decided about");
    assert_eq!(names(engine).await, ["main/app-other"]);
    // Gone since.
    let late = scene.ask("app-other").await;
    scene.bench.world.remove(&key).unwrap();
    scene.survey().await;
    let over = scene.approve(scene.ola, &late).await.unwrap();
    insta::assert_snapshot!(over.row.ended_why.unwrap(), @"it is not there any more, as far as is known");
    // Whoever was to own it left.
    let owner = crate::consequences::person(engine, "ana", Role::Owner).await;
    create(&scene, "app-third");
    scene.survey().await;
    let wish = RequestWish { business_owner: Some(String::from("ana")), ..scene.wish("app-third") };
    let late = engine.create_request(scene.ravi, wish).await.unwrap();
    assert_ne!(owner.person, scene.ravi.person);
    engine.remove_person(scene.asha, "ana").await.map(|_| ()).unwrap();
    let over = scene.approve(scene.ola, &late).await.unwrap();
    insta::assert_snapshot!(over.row.ended_why.unwrap(), @"somebody who was to own it has left");
    assert_eq!(names(engine).await, ["main/app-third"]);
}

/// What a late request says of what is there makes it no better than it was seen to be.
#[tokio::test]
async fn a_late_request_is_decided_by_the_worse_of_what_it_says_and_what_was_seen() {
    let scene = asking().await;
    let engine = scene.engine();
    let (wide, _plain) = (create(&scene, "app-wide"), create(&scene, "app-plain"));
    for right in ["SELECT", "INSERT", "DELETE"] {
        scene.bench.world.grant(&wide, "shop/table/orders", right).unwrap();
    }
    scene.survey().await;
    let rule = "[risk]\nmany_rights = 2\ntiers = { moderate = 1, high = 5, critical = 20 }\n[[approvals.rule]]\nrequests = [\"create\"]\ntiers = [\"high\", \"critical\"]\nsteps = [\"owner\", \"operator\"]\n";
    put_in_force(engine, programme(&format!("{rule}{CLASSES}"), "")).await;
    let tier = async |name: &str| engine.show(name).await.unwrap().identity.tier;
    assert_ne!(tier("app-wide").await, tier("app-plain").await);
    for (name, steps) in [("app-wide", 2), ("app-plain", 1)] {
        let wish = RequestWish {
            environment: Some(Environment::Test),
            data_class: Some(tenure_model::DataClass::Public),
            ..scene.wish(name)
        };
        let late = engine.create_request(scene.ravi, wish).await.unwrap();
        assert_eq!(late.decisions.len(), steps, "{name}");
    }
}

#[tokio::test]
async fn nobody_dismisses_that_it_was_made_without_asking_and_other_findings_they_do() {
    let scene = asking().await;
    let engine = scene.engine();
    create(&scene, "app-sneaked");
    scene.survey().await;
    let findings = engine.store().read("findings", |tx| tx.open_findings(0, 500)).await.unwrap();
    let until = scene.bench.world.now().plus(DAY * 30);
    let dismissal = || Dismissal { reason: String::from("known"), until, rests_on_digest: None };
    let (outside, others): (Vec<_>, Vec<_>) =
        findings.into_iter().partition(|one| one.policy == "made_outside");
    let refused = engine.dismiss(scene.asha, &outside[0], dismissal()).await.unwrap_err().to_string();
    assert!(refused.contains("is a fact and no opinion: ask for it late"), "{refused}");
    let other =
        others.iter().find(|one| one.identity == outside[0].identity).expect("it lacks something else");
    engine.dismiss(scene.asha, other, dismissal()).await.unwrap();
}

/// Where what is read is other than it was, what appears may have been there before.
#[tokio::test]
async fn what_another_way_of_reading_shows_first_is_no_finding() {
    let scene = asking().await;
    create(&scene, "app-hidden");
    let row = scene.engine().store().read("source", |tx| tx.source_named("main")).await.unwrap().unwrap();
    let mut will = row.clone();
    will.options.insert(String::from("more"), String::from("yes"));
    scene.engine().store().write("change", move |tx| tx.change_source(&row, &will)).await.unwrap();
    scene.survey().await;
    assert_eq!(names(scene.engine()).await, Vec::<String>::new());
    create(&scene, "app-after");
    scene.survey().await;
    assert_eq!(names(scene.engine()).await, ["main/app-after"]);
}
