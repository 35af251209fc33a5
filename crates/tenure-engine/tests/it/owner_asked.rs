//! Somebody to answer for what nobody answers for: asked for, decided by others, offered, accepted. Each refusal has a twin.
//!
//! Over the chaos world, in virtual time. Must never wait for real time. Next: `owner_asked_never.rs`, drawn histories.

use crate::consequences::{apply as put_in_force, person};
use crate::handoffs::charter;
use crate::requests::{DAY, Scene, programme, refusal};
use tenure_engine::{
    Actor, CharterChange, EngineFailure, HandoffShown, HandoffWish, RequestAnswer, RequestShown, RequestWish,
};
use tenure_model::{
    AskedRight, HandoffStage, HandoffState, OwnerRole, RequestKind, RequestState, Role, WaitingKind,
};

/// That `of` is offered to whoever is called so; to whoever asks where nobody is named.
pub(crate) fn wish(of: &str, to: Option<&str>) -> RequestWish {
    let nothing: RequestWish = serde_json::from_str("{}").unwrap();
    RequestWish {
        kind: RequestKind::Ownership,
        identity: Some(of.to_owned()),
        to: to.map(str::to_owned),
        runbook: Some(String::from("https://wiki.example/reporting")),
        reason: Some(String::from("nobody knows it any more")),
        ..nothing
    }
}

/// tess is there, and an owner; nobody owns anything.
pub(crate) struct Story {
    pub(crate) scene: Scene,
    pub(crate) tess: Actor,
}

impl Story {
    pub(crate) async fn set(main: &str) -> Self {
        let scene = Scene::set().await;
        let tess = person(scene.engine(), "tess", Role::Owner).await;
        put_in_force(scene.engine(), programme(main, "")).await;
        Self { scene, tess }
    }

    async fn ask(&self, by: Actor, wish: RequestWish) -> Result<RequestShown, EngineFailure> {
        self.scene.engine().create_request(by, wish).await
    }

    async fn own(&self, of: &str, technical: &str) {
        let change =
            CharterChange { technical_owner: Some(technical.to_owned()), ..CharterChange::default() };
        self.scene.engine().own(self.scene.asha, of, change).await.unwrap();
    }

    async fn handoff(&self, handle: &str) -> HandoffShown {
        let engine = self.scene.engine();
        let row = engine.handoff_row(handle).await.unwrap();
        engine.handoff_shown(&row).await.unwrap()
    }

    async fn accept(&self, by: Actor, one: &HandoffShown) -> Result<HandoffShown, EngineFailure> {
        self.scene.engine().accept_handoff(by, &one.line.row, &one.digest).await
    }

    async fn entries(&self, id: String) -> Vec<String> {
        let entries = self.scene.engine().entries_about(&id, 50).await.unwrap();
        let mut kinds: Vec<String> = entries.into_iter().map(|(_, entry)| entry.kind).collect();
        kinds.reverse();
        kinds
    }

    /// What the inbox of this person says of this kind.
    async fn inbox(&self, name: &str, kind: WaitingKind) -> Vec<String> {
        let engine = self.scene.engine();
        let person = engine.person_called(name).await.unwrap();
        let inbox = engine.inbox(&person).await.unwrap();
        inbox
            .waiting
            .into_iter()
            .map(|one| one.waiting)
            .filter(|one| one.kind == kind)
            .map(|one| one.what)
            .collect()
    }
}

#[tokio::test]
async fn all_that_is_missing_or_wrong_is_said_at_once() {
    let story = Story::set("").await;
    let ravi = story.scene.ravi;
    let nothing: RequestWish = serde_json::from_str(r#"{"kind":"ownership"}"#).unwrap();
    insta::assert_snapshot!(refusal(story.ask(ravi, nothing).await), @"nothing was asked for; it does not say: identity (which nobody answers for), runbook (what to do about it: an address, or a text), reason (why this is asked)");
    let wrong = RequestWish {
        source: Some(String::from("main")),
        rights: vec![AskedRight {
            right: String::from("SELECT"),
            resource: String::from("orders"),
            grantable: false,
        }],
        runbook: Some(String::from("see https://me:secret@wiki.example/x")),
        ..wish("reporting", Some("nobody-here"))
    };
    insta::assert_snapshot!(refusal(story.ask(ravi, wrong).await), @"nothing was asked for; source, rights is said of something else, not of who answers for it; the address of the runbook holds a user or a password; leave it out; `nobody-here` is nobody here; `tenure people list` shows who is");
    person(story.scene.engine(), "zoe", Role::Auditor).await;
    let reads = refusal(story.ask(ravi, wish("reporting", Some("zoe"))).await);
    assert!(reads.contains("zoe is an auditor and can answer for no identity"), "{reads}");
    assert!(matches!(
        story.ask(ravi, wish("no-such-thing", None)).await,
        Err(EngineFailure::Store(tenure_store::StoreFailure::Missing { .. }))
    ));
    // Twins: one share of one identity is asked for once; the other share, and another identity, beside it.
    story.ask(ravi, wish("reporting", Some("tess"))).await.unwrap();
    let twice = refusal(story.ask(story.tess, wish("reporting", None)).await);
    assert!(twice.contains("is about this share of it already"), "{twice}");
    let business = RequestWish { role: Some(OwnerRole::Business), ..wish("reporting", None) };
    story.ask(story.tess, business).await.unwrap();
    story.ask(ravi, wish("billing", None)).await.unwrap();
}

#[tokio::test]
async fn decided_by_others_it_is_offered_and_theirs_once_they_accept_it() {
    let story = Story::set("").await;
    let Scene { ravi, ola, .. } = story.scene;
    let asked = story.ask(ravi, wish("reporting", Some("tess"))).await.unwrap();
    assert_eq!((asked.to_name.as_deref(), asked.handoff.as_deref()), (Some("tess"), None));
    assert_eq!(
        story.inbox("ola", WaitingKind::Request).await,
        ["decide whether main/reporting, which nobody answers for, is offered to tess"]
    );
    let approved = story.scene.approve(ola, &asked).await.unwrap();
    assert_eq!(approved.row.state, RequestState::Fulfilled, "{approved:?}");
    let offered = story.handoff(&approved.handoff.unwrap()).await;
    let row = &offered.line.row;
    assert_eq!((row.request, row.to, row.offered_by), (Some(asked.row.id), story.tess.person, ola.person));
    assert_eq!((row.role, row.stage, row.from), (OwnerRole::Technical, HandoffStage::InUse, None));
    assert!(offered.changed.is_empty(), "what led to it does not go with it: {:?}", offered.changed);
    assert_eq!(charter(story.scene.engine(), "reporting").await.technical_owner, None, "nothing moved");
    assert_eq!(story.inbox("tess", WaitingKind::Handoff).await.len(), 1);
    for by in [ravi, ola, story.scene.asha] {
        let why = refusal(story.accept(by, &offered).await);
        assert!(why.contains("offered to somebody else"), "{why}");
    }
    story.accept(story.tess, &offered).await.unwrap();
    let now = charter(story.scene.engine(), "reporting").await;
    assert_eq!(now.technical_owner, Some(story.tess.person));
    let (request, handoff) = (asked.row.id.to_string(), row.id.to_string());
    assert_eq!(
        story.entries(request).await,
        ["request.asked", "request.decided", "handoff.offered", "request.fulfilled"]
    );
    assert_eq!(
        story.entries(handoff).await,
        ["handoff.offered", "request.fulfilled", "handoff.accepted", "identity.owned"]
    );
    let made_by = story.scene.engine().request_of(row.identity).await.unwrap();
    assert_eq!(made_by, None, "it was not made by that request");
}

#[tokio::test]
async fn neither_whoever_asks_nor_whom_it_is_for_decides() {
    let story = Story::set("").await;
    let Scene { asha, ravi, ola, .. } = story.scene;
    // For an operator, who decides any other.
    let asked = story.ask(ravi, wish("reporting", Some("ola"))).await.unwrap();
    assert!(story.inbox("ola", WaitingKind::Request).await.is_empty());
    let theirs = refusal(story.scene.approve(ola, &asked).await);
    assert!(theirs.contains("you accept or decline that, and decide no step of it"), "{theirs}");
    let refused = refusal(story.scene.decide(ola, &asked, RequestAnswer::Refuse).await);
    assert!(refused.contains("decide no step of it"), "{refused}");
    assert!(story.scene.approve(asha, &asked).await.unwrap().handoff.is_some());
    // By an operator, for somebody else.
    let asked = story.ask(ola, wish("billing", Some("tess"))).await.unwrap();
    let own = refusal(story.scene.approve(ola, &asked).await);
    assert!(own.contains("whoever asked for it decides no step of it"), "{own}");
    let no = story.scene.approve(story.tess, &asked).await;
    assert!(matches!(no, Err(EngineFailure::Denied { .. })), "{no:?}");
    assert!(story.scene.approve(asha, &asked).await.unwrap().handoff.is_some());
}

#[tokio::test]
async fn where_an_owner_is_there_they_offer_it_themselves() {
    let story = Story::set("").await;
    let Scene { asha, ravi, ola, .. } = story.scene;
    story.own("reporting", "ravi").await;
    for role in [None, Some(OwnerRole::Business)] {
        let wish = RequestWish { role, ..wish("reporting", Some("tess")) };
        let why = refusal(story.ask(ola, wish).await);
        assert!(
            why.contains(
                "ravi is its technical owner and can offer it themselves: tenure handoff offer main/reporting"
            ),
            "{why}"
        );
    }
    // Twin: they left.
    let engine = story.scene.engine();
    engine.remove_person(asha, "ravi").await.unwrap();
    let asked = story.ask(story.tess, wish("reporting", None)).await.unwrap();
    // And somebody answers for it before it is decided: it lapses, and nothing is offered.
    story.own("reporting", "ola").await;
    let over = story.scene.approve(asha, &asked).await.unwrap();
    assert_eq!((over.row.state, over.handoff), (RequestState::Lapsed, None));
    assert_eq!(over.row.ended_why.as_deref(), Some("it has an owner by now, who can offer it"));
    assert!(
        ravi.person != ola.person && charter(engine, "reporting").await.technical_owner == Some(ola.person)
    );
}

#[tokio::test]
async fn an_owner_who_only_reads_by_now_answers_for_nothing_and_is_not_waited_for() {
    let story = Story::set("").await;
    let Scene { asha, ravi, ola, .. } = story.scene;
    story.own("reporting", "ravi").await;
    story.scene.engine().set_role(asha, "ravi", Role::Auditor).await.unwrap();
    let asked = story.ask(story.tess, wish("reporting", None)).await.unwrap();
    let offered = story.scene.approve(ola, &asked).await.unwrap();
    let offered = story.handoff(&offered.handoff.unwrap()).await;
    assert_eq!(offered.line.row.from, Some(ravi.person), "it stays theirs until it is accepted");
    story.accept(story.tess, &offered).await.unwrap();
    let now = charter(story.scene.engine(), "reporting").await;
    assert_eq!(now.technical_owner, Some(story.tess.person));
}

#[tokio::test]
async fn what_is_offered_already_is_not_asked_for_and_waits_for_one_answer() {
    let story = Story::set("").await;
    let Scene { asha, ravi, ola, .. } = story.scene;
    let by_hand = HandoffWish {
        identity: String::from("reporting"),
        to: String::from("tess"),
        role: Some(OwnerRole::Technical),
        stage: HandoffStage::InUse,
        runbook: String::from("the wiki"),
        reason: String::from("nobody has it"),
    };
    let asked = story.ask(ravi, wish("reporting", None)).await.unwrap();
    let other = story.scene.engine().offer_handoff(ola, by_hand).await.unwrap();
    let why = refusal(story.ask(story.tess, wish("reporting", None)).await);
    let handle = &other.line.handle;
    assert!(why.contains(&format!("was offered to be its technical owner: handoff {handle}")), "{why}");
    let why = refusal(story.scene.approve(asha, &asked).await);
    assert!(why.contains(handle.as_str()), "{why}");
    assert_eq!(story.scene.now(&asked).await.row.state, RequestState::Asked, "it can be decided later");
    // Twin: the other offer is over.
    story.scene.engine().decline_handoff(story.tess, &other.line.row, "not mine").await.unwrap();
    let approved = story.scene.approve(asha, &asked).await.unwrap();
    let offered = story.handoff(&approved.handoff.unwrap()).await;
    assert_eq!(offered.line.row.state, HandoffState::Offered);
}

#[tokio::test]
async fn everything_is_asked_again_with_the_last_decision() {
    for (change, why) in [
        ("asker", "whoever asked for it has left"),
        ("to", "whom it was to be offered to has left"),
        ("reads", "tess is an auditor and can answer for no identity"),
        ("gone", "it is not there any more"),
    ] {
        let story = Story::set("").await;
        let (engine, asha) = (story.scene.engine(), story.scene.asha);
        let asked = story.ask(story.scene.ravi, wish("reporting", Some("tess"))).await.unwrap();
        match change {
            "asker" => drop(engine.remove_person(asha, "ravi").await.unwrap()),
            "to" => {
                engine.remove_person(asha, "tess").await.unwrap();
                // Somebody else of that name was asked for by nobody.
                person(engine, "tess", Role::Owner).await;
            }
            "reads" => drop(engine.set_role(asha, "tess", Role::Auditor).await.unwrap()),
            _ => {
                let key = crate::privilege::key(&story.scene, "reporting");
                story.scene.bench.world.remove(&key).unwrap();
                story.scene.survey().await;
            }
        }
        let outcome = story.scene.approve(story.scene.ola, &asked).await;
        if change == "asker" {
            assert!(refusal(outcome).contains(why));
            continue;
        }
        let over = outcome.unwrap();
        let said = over.row.ended_why.unwrap_or_default();
        assert!(over.row.state == RequestState::Lapsed && said.contains(why), "{change}: {said}");
        assert_eq!(over.handoff, None, "{change}");
    }
}

#[tokio::test]
async fn the_rules_say_who_decides_and_where_they_ask_for_an_owner_somebody_else_stands_for_them() {
    let rule = "[[approvals.rule]]\nrequests = [\"ownership\"]\nsteps = [\"owner\", \"administrator\"]\n";
    let story = Story::set(rule).await;
    let Scene { asha, ravi, ola, .. } = story.scene;
    let asked = story.ask(ravi, wish("reporting", None)).await.unwrap();
    assert_eq!(asked.row.steps, ["operator", "administrator"]);
    let half = story.scene.approve(ola, &asked).await.unwrap();
    assert_eq!((half.row.state, half.handoff), (RequestState::Asked, None));
    let twice = refusal(story.scene.approve(ola, &asked).await);
    assert!(twice.contains("was not decided"), "{twice}");
    let whole = story.scene.approve(asha, &asked).await.unwrap();
    assert_eq!(whole.row.state, RequestState::Fulfilled);
    // Twin: a rule that means other requests is none for this, and an undecided one lapses by itself.
    put_in_force(story.scene.engine(), programme(&rule.replace("ownership", "create"), "")).await;
    let asked = story.ask(ravi, wish("billing", None)).await.unwrap();
    assert_eq!(asked.row.steps, ["operator"]);
    story.scene.bench.clock.advance(DAY * 15);
    story.scene.engine().judge_touched().await.unwrap();
    assert_eq!(story.scene.now(&asked).await.row.ended_why.as_deref(), Some("nobody decided in time"));
}
