//! Handoffs: until one is accepted inside its time the giver stays responsible; what was shown is what is accepted; each ends
//! once. Each refusal has a twin that is let through.
//!
//! Over the chaos world, in virtual time. Must never wait for real time. Next: `handoffs_never.rs`, drawn histories.

use crate::consequences::{apply as put_in_force, person};
use crate::requests::{DAY, Scene, programme, refusal};
use std::time::Duration;
use tenure_engine::{
    Actor, CharterChange, ClocksFollowed, Engine, EngineFailure, HandoffShown, HandoffWish, HandoffsFollowed,
    HandoffsWish, NotMine,
};
use tenure_model::{Charter, HandoffStage, HandoffState, OwnerRole, Role};

pub(crate) const HOUR: Duration = Duration::from_hours(1);

pub(crate) fn wish(of: &str, to: &str) -> HandoffWish {
    HandoffWish {
        identity: of.to_owned(),
        to: to.to_owned(),
        role: None,
        stage: HandoffStage::InUse,
        runbook: String::from("https://wiki.example/reporting"),
        reason: String::from("the data team takes it over"),
    }
}

pub(crate) async fn charter(engine: &Engine, of: &str) -> Charter {
    engine.show(of).await.unwrap().identity.charter
}

/// reporting is ravi's, who is its technical owner; tess is there, and an owner.
struct Story {
    scene: Scene,
    tess: Actor,
}

impl Story {
    async fn set(main: &str) -> Self {
        let scene = Scene::set().await;
        let tess = person(scene.engine(), "tess", Role::Owner).await;
        put_in_force(scene.engine(), programme(main, "")).await;
        let story = Self { scene, tess };
        story.own("reporting", "ravi").await;
        story
    }

    fn engine(&self) -> &Engine {
        self.scene.engine()
    }

    async fn own(&self, of: &str, technical: &str) {
        let change =
            CharterChange { technical_owner: Some(technical.to_owned()), ..CharterChange::default() };
        self.engine().own(self.scene.asha, of, change).await.unwrap();
    }

    async fn offer(&self, by: Actor, wish: HandoffWish) -> Result<HandoffShown, EngineFailure> {
        self.engine().offer_handoff(by, wish).await
    }

    async fn offered(&self) -> HandoffShown {
        self.offer(self.scene.ravi, wish("reporting", "tess")).await.unwrap()
    }

    async fn accept(&self, by: Actor, one: &HandoffShown) -> Result<HandoffShown, EngineFailure> {
        self.engine().accept_handoff(by, &one.line.row, &one.digest).await
    }

    async fn now(&self, one: &HandoffShown) -> HandoffShown {
        self.engine().handoff_shown(&one.line.row).await.unwrap()
    }

    /// Clocks first, then handoffs, as the reconciler does; then nothing is left to be done.
    async fn follow(&self) -> (ClocksFollowed, i64) {
        let clocks = self.engine().follow_clocks().await.unwrap();
        let lapsed = self.engine().follow_handoffs().await.unwrap().lapsed;
        assert_eq!(self.engine().follow_handoffs().await.unwrap(), HandoffsFollowed::default());
        (clocks, lapsed)
    }

    async fn said(&self, one: &HandoffShown) -> Vec<String> {
        let entries = self.engine().entries_about(&one.line.row.id.to_string(), 50).await.unwrap();
        let mut kinds: Vec<String> = entries.into_iter().map(|(_, entry)| entry.kind).collect();
        kinds.reverse();
        kinds
    }

    /// How it ended by itself, and that it stays with ravi where nobody said otherwise.
    async fn lapsed(&self, one: &HandoffShown) -> String {
        assert_eq!(self.follow().await.1, 1);
        let over = self.now(one).await.line.row;
        assert_eq!(over.state, HandoffState::Lapsed);
        refusal(self.accept(self.tess, one).await);
        over.ended_why.unwrap()
    }
}

#[tokio::test]
async fn until_it_is_accepted_the_giver_answers_for_it_and_then_the_receiver_does() {
    let story = Story::set("").await;
    let one = story.offered().await;
    let ravi = story.scene.ravi.person;
    assert_eq!((one.line.row.role, one.line.row.from), (OwnerRole::Technical, Some(ravi)));
    assert_eq!(charter(story.engine(), "reporting").await.technical_owner, Some(ravi));
    let who = story.engine().who("reporting").await.unwrap();
    assert_eq!(who.people[0].name, "ravi");
    assert_eq!(who.people[0].why, "its technical owner; offered to tess, until tess accepts");
    let accepted = story.accept(story.tess, &one).await.unwrap();
    assert_eq!((accepted.line.row.state, &accepted.digest), (HandoffState::Accepted, &one.digest));
    assert_eq!(charter(story.engine(), "reporting").await.technical_owner, Some(story.tess.person));
    assert_eq!(story.engine().who("reporting").await.unwrap().people[0].why, "its technical owner");
    assert_eq!(story.said(&one).await, ["handoff.offered", "handoff.accepted", "identity.owned"]);
    let why = refusal(story.accept(story.tess, &one).await);
    assert!(why.contains("does not wait any more; it is accepted"), "{why}");
    assert_eq!(story.follow().await.1, 0, "what was accepted does not lapse");
}

#[tokio::test]
async fn what_changed_since_is_shown_again_and_needs_its_own_digest() {
    let story = Story::set("").await;
    let one = story.offered().await;
    crate::bench::plan(story.engine(), tenure_model::PlanKind::Disable, "reporting").await.unwrap();
    let change = CharterChange { purpose: Some(String::from("nightly")), ..CharterChange::default() };
    story.engine().own(story.scene.ravi, "reporting", change).await.unwrap();
    let why = refusal(story.accept(story.tess, &one).await);
    assert!(why.contains("its charter was changed; new: plan"), "{why}");
    assert_eq!(charter(story.engine(), "reporting").await.technical_owner, Some(story.scene.ravi.person));
    let again = story.now(&one).await;
    assert_eq!((again.changed.len(), again.contents.plans.len()), (2, 1), "{:?}", again.changed);
    assert_ne!(again.digest, one.digest);
    let accepted = story.accept(story.tess, &again).await.unwrap();
    assert_eq!(accepted.contents.plans, again.contents.plans, "kept as it was accepted");
}

#[tokio::test]
async fn whoever_offers_is_its_owner_or_operates_where_nobody_has_it() {
    let story = Story::set("").await;
    let Scene { asha, ola, ravi, .. } = story.scene;
    for by in [asha, ola] {
        let wish = HandoffWish { role: Some(OwnerRole::Technical), ..wish("reporting", "tess") };
        let why = refusal(story.offer(by, wish).await);
        assert!(why.contains("ravi is its technical owner and hands that on; nobody else does"), "{why}");
    }
    let why = refusal(story.offer(story.tess, wish("billing", "ravi")).await);
    assert!(why.contains("does not hold the right to `own` here"), "{why}");
    // Nobody has billing: an operator offers it. Of reporting nobody is the business owner: ravi offers that, too.
    let billing = story.offer(ola, wish("billing", "tess")).await.unwrap();
    assert_eq!((billing.line.row.from, billing.line.row.role), (None, OwnerRole::Technical));
    story.accept(story.tess, &billing).await.unwrap();
    let business = HandoffWish { role: Some(OwnerRole::Business), ..wish("reporting", "tess") };
    let business = story.offer(ravi, business).await.unwrap();
    story.accept(story.tess, &business).await.unwrap();
    let now = charter(story.engine(), "reporting").await;
    assert_eq!((now.business_owner, now.technical_owner), (Some(story.tess.person), Some(ravi.person)));
}

#[tokio::test]
async fn nobody_hands_on_to_themselves_to_whom_only_reads_or_twice_at_once() {
    let story = Story::set("").await;
    let ravi = story.scene.ravi;
    let zoe = person(story.engine(), "zoe", Role::Auditor).await;
    let empty = HandoffWish { runbook: String::from(" "), ..wish("reporting", "tess") };
    let secret = HandoffWish {
        runbook: String::from("see https://me:secret@wiki.example/x"),
        ..wish("reporting", "tess")
    };
    // Put together here, so that no scanner takes this file for a leak.
    let pasted = HandoffWish {
        reason: format!("the key is {}{}", "AKIA", "Q3EGRZ5TLWXN7YPM"),
        ..wish("reporting", "tess")
    };
    for (wish, expected) in [
        (wish("reporting", "ravi"), "nobody hands on to themselves"),
        (wish("reporting", "zoe"), "zoe is an auditor and can answer for no identity"),
        (wish("reporting", "nobody"), "nobody"),
        (empty, "what to do about it"),
        (secret, "holds a user or a password"),
        (pasted, "holds what looks like a secret"),
    ] {
        let why = refusal(story.offer(ravi, wish).await);
        assert!(why.contains(expected), "{why}");
    }
    let one = story.offered().await;
    let why = refusal(story.offer(ravi, wish("reporting", "asha")).await);
    assert!(why.contains(&format!("handoff `{}` waits", one.line.handle)), "{why}");
    for by in [ravi, story.scene.asha, zoe] {
        let why = refusal(story.accept(by, &one).await);
        assert!(why.contains("offered to somebody else"), "{why}");
    }
    // Twin: taken back, it is offered anew, and to another.
    story.engine().withdraw_handoff(ravi, &one.line.row, "").await.unwrap();
    let other = story.offer(ravi, wish("reporting", "asha")).await.unwrap();
    assert!(story.accept(story.scene.asha, &other).await.is_ok());
}

#[tokio::test]
async fn it_is_declined_by_whom_it_was_offered_to_and_taken_back_by_those_who_may() {
    let story = Story::set("").await;
    let Scene { ola, ravi, .. } = story.scene;
    let one = story.offered().await;
    let row = one.line.row.clone();
    let engine = story.engine();
    assert!(refusal(engine.decline_handoff(ravi, &row, "no").await).contains("somebody else"));
    assert!(refusal(engine.decline_handoff(story.tess, &row, " ").await).contains("says why"));
    let no = engine.decline_handoff(story.tess, &row, "not ours").await.unwrap().line.row;
    assert_eq!((no.state, no.ended_why.as_deref()), (HandoffState::Declined, Some("declined: not ours")));
    assert_eq!(charter(engine, "reporting").await.technical_owner, Some(ravi.person));
    let giver = engine.person_called("ravi").await.unwrap();
    let told = engine.inbox(&giver).await.unwrap().answered;
    assert_eq!(told[0].why, "you offered it, and that is declined: declined: not ours");
    for by in [ravi, ola] {
        let one = story.offered().await;
        assert!(
            refusal(engine.withdraw_handoff(story.tess, &one.line.row, "").await).contains("taken back by")
        );
        let back = engine.withdraw_handoff(by, &one.line.row, "later").await.unwrap().line.row;
        assert_eq!(back.state, HandoffState::Withdrawn);
        refusal(story.accept(story.tess, &one).await);
    }
}

#[tokio::test]
async fn nobody_accepts_it_in_time_and_it_stays_with_the_giver() {
    let story = Story::set("[handoffs]\naccepted_within_days = 3\n").await;
    let one = story.offered().await;
    assert_eq!(one.line.row.accept_by.since(one.line.row.offered), 3 * DAY);
    story.scene.bench.clock.advance(71 * HOUR);
    assert_eq!(story.follow().await.1, 0);
    story.scene.bench.clock.advance(HOUR);
    // Before Tenure looks, too.
    assert!(refusal(story.accept(story.tess, &one).await).contains("nobody accepted it in time"));
    assert_eq!(story.lapsed(&one).await, "nobody accepted it in time");
    assert_eq!(story.said(&one).await, ["handoff.offered", "handoff.lapsed"]);
    assert_eq!(charter(story.engine(), "reporting").await.technical_owner, Some(story.scene.ravi.person));
    // Twin: offered anew, an hour before its end it is accepted.
    let again = story.offered().await;
    story.scene.bench.clock.advance(71 * HOUR);
    assert!(story.accept(story.tess, &story.now(&again).await).await.is_ok());
}

#[tokio::test]
async fn its_clock_warns_and_is_over_once_each_also_after_the_clock_jumped_and_after_a_crash() {
    let level = "[[service_level]]\nid = 'h'\nfor = 'handoff'\nwithin_hours = 8\nwarn_after_hours = 6\n";
    let Story { mut scene, tess } = Story::set(level).await;
    let none = ClocksFollowed::default();
    let one = scene.engine().offer_handoff(scene.ravi, wish("reporting", "tess")).await.unwrap();
    let row = one.line.row.clone();
    assert_eq!(row.accept_by.since(row.offered), 8 * HOUR);
    let clock = scene.engine().due_of(&row.id.to_string()).await.unwrap().unwrap();
    assert_eq!((clock.due, clock.asked.as_str()), (row.accept_by, "tess"));
    scene.bench.clock.advance(7 * HOUR);
    // Nothing that was looked at before the crash is written twice after it.
    for round in 0..3 {
        let warned = ClocksFollowed { warned: i64::from(round == 0), ..none };
        assert_eq!(scene.engine().follow_clocks().await.unwrap(), warned);
        scene = scene.crashed().await;
    }
    // The machine's clock is put forward by a month, over everything at once.
    scene.bench.clock.advance(30 * DAY);
    let mut told = Vec::new();
    for _ in 0..3 {
        told.push((
            scene.engine().follow_clocks().await.unwrap(),
            scene.engine().follow_handoffs().await.unwrap().lapsed,
        ));
        scene = scene.crashed().await;
    }
    let over = (ClocksFollowed { over: 1, ..none }, 1);
    assert_eq!(told, [over, (ClocksFollowed { ended: 1, ..none }, 0), (none, 0)]);
    let story = Story { scene, tess };
    let clocks = story.said(&one).await;
    assert_eq!(clocks, ["handoff.offered", "clock.warned", "clock.over", "handoff.lapsed"]);
    assert_eq!(charter(story.engine(), "reporting").await.technical_owner, Some(story.scene.ravi.person));
}

#[tokio::test]
async fn while_the_machines_clock_is_set_back_none_lapses_and_then_it_does() {
    let Story { scene, .. } = Story::set("").await;
    scene.engine().offer_handoff(scene.ravi, wish("reporting", "tess")).await.unwrap();
    scene.bench.clock.advance(8 * DAY);
    let scene = scene.reopened_behind(HOUR).await;
    assert_eq!(scene.engine().follow_handoffs().await.unwrap().lapsed, 0);
    let scene = scene.reopened_behind(Duration::ZERO).await;
    assert_eq!(scene.engine().follow_handoffs().await.unwrap().lapsed, 1);
    assert_eq!(scene.engine().follow_handoffs().await.unwrap().lapsed, 0);
}

#[tokio::test]
async fn a_programme_that_comes_into_force_later_moves_no_handoff() {
    let story = Story::set("").await;
    let one = story.offered().await;
    let level = "[[service_level]]\nid = 'h'\nfor = 'handoff'\nwithin_hours = 1\n";
    put_in_force(story.scene.engine(), programme(level, "")).await;
    assert_eq!(story.follow().await, (ClocksFollowed::default(), 0));
    story.scene.bench.clock.advance(2 * HOUR);
    assert_eq!(story.follow().await, (ClocksFollowed::default(), 0), "it was said to have seven days");
    assert!(story.accept(story.tess, &story.now(&one).await).await.is_ok());
}

#[tokio::test]
async fn what_it_rests_on_ends_it_and_what_a_leaver_hands_on_goes_on() {
    let story = Story::set("").await;
    let (engine, asha) = (story.engine(), story.scene.asha);
    // The charter is written by hand.
    let one = story.offered().await;
    story.own("reporting", "ola").await;
    assert!(
        refusal(story.accept(story.tess, &story.now(&one).await).await)
            .contains("its charter says somebody else")
    );
    assert_eq!(story.lapsed(&one).await, "its charter says somebody else by now, or nobody");
    // Not mine, and nobody's.
    story.own("reporting", "ravi").await;
    let one = story.offered().await;
    let said = NotMine { ask: Some(String::from("ola")), reason: String::from("never was") };
    engine.pass_on(story.scene.ravi, "reporting", said).await.unwrap();
    assert_eq!(story.lapsed(&one).await, "its charter says somebody else by now, or nobody");
    // Whom it was offered to only reads by now; then they leave.
    story.own("reporting", "ravi").await;
    let one = story.offered().await;
    engine.set_role(asha, "tess", Role::Auditor).await.unwrap();
    assert_eq!(engine.follow_handoffs().await.unwrap().lapsed, 1);
    let ended = story.now(&one).await.line.row.ended_why.unwrap();
    assert_eq!(ended, "whom it was offered to may answer for no identity any more");
    engine.set_role(asha, "tess", Role::Owner).await.unwrap();
    // The giver leaves: nobody has it, and whom it was offered to accepts it as it is then.
    let one = story.offered().await;
    engine.remove_person(asha, "ravi").await.unwrap();
    assert_eq!(charter(engine, "reporting").await.technical_owner, None);
    assert_eq!(story.follow().await.1, 0);
    let now = story.now(&one).await;
    assert_eq!(now.changed, ["its charter was changed"]);
    story.accept(story.tess, &now).await.unwrap();
    assert_eq!(charter(engine, "reporting").await.technical_owner, Some(story.tess.person));
}

#[tokio::test]
async fn whom_it_was_offered_to_leaves_and_whoever_offered_what_was_nobodys_loses_the_right() {
    let story = Story::set("").await;
    let (engine, asha) = (story.engine(), story.scene.asha);
    let one = story.offered().await;
    engine.remove_person(asha, "tess").await.unwrap();
    assert_eq!(engine.follow_handoffs().await.unwrap().lapsed, 1);
    assert_eq!(story.now(&one).await.line.row.ended_why.unwrap(), "whom it was offered to has left");
    let billing = story.offer(story.scene.ola, wish("billing", "ravi")).await.unwrap();
    engine.set_role(asha, "ola", Role::Owner).await.unwrap();
    let why = refusal(story.accept(story.scene.ravi, &billing).await);
    assert!(why.contains("whoever offered it may not hand it on any more"), "{why}");
    engine.set_role(asha, "ola", Role::Operator).await.unwrap();
    assert!(story.accept(story.scene.ravi, &billing).await.is_ok());
}

#[tokio::test]
async fn many_at_once_are_shown_with_a_word_and_offered_just_so() {
    let story = Story::set("").await;
    let ravi = story.scene.ravi;
    story.own("billing", "ravi").await;
    let wish = HandoffsWish {
        rule: String::from("source:main"),
        to: String::from("tess"),
        role: Some(OwnerRole::Technical),
        stage: HandoffStage::Ending,
        runbook: String::from("switch them off one by one"),
        reason: String::from("ravi goes to another team"),
        word: None,
    };
    let shown = story.engine().offer_handoffs(ravi, wish.clone()).await.unwrap();
    assert_eq!(shown.names, ["main/billing", "main/reporting"]);
    assert!(shown.offered.is_empty() && !shown.stays.is_empty(), "{shown:?}");
    let with = |word: &str| HandoffsWish { word: Some(word.to_owned()), ..wish.clone() };
    let why = refusal(story.engine().offer_handoffs(ravi, with("another word")).await);
    assert!(why.contains("is other than what was shown with this word"), "{why}");
    let made = story.engine().offer_handoffs(ravi, with(&shown.word)).await.unwrap();
    assert_eq!(made.offered.len(), 2);
    // Once they wait, nothing is left to be offered, and each is accepted by itself.
    let again = story.engine().offer_handoffs(ravi, wish.clone()).await.unwrap();
    assert!(again.names.is_empty() && again.stays.iter().any(|one| one.why.contains("waits")), "{again:?}");
    assert!(refusal(story.engine().offer_handoffs(ravi, with(&again.word)).await).contains("not 0"));
    for line in made.offered {
        let one = story.engine().handoff_shown(&line.row).await.unwrap();
        story.accept(story.tess, &one).await.unwrap();
    }
    assert_eq!(charter(story.engine(), "billing").await.technical_owner, Some(story.tess.person));
}

#[tokio::test]
async fn of_two_answers_at_once_one_counts() {
    let story = Story::set("").await;
    for round in 0..4 {
        let one = story.offered().await;
        let row = &one.line.row;
        let back = story.engine().withdraw_handoff(story.scene.ravi, row, "later");
        let no = story.engine().decline_handoff(story.tess, row, "not ours");
        let ends = match round % 2 {
            0 => tokio::join!(back, no),
            _ => {
                let (no, back) = tokio::join!(no, back);
                (back, no)
            }
        };
        assert_eq!([ends.0.is_ok(), ends.1.is_ok()].iter().filter(|ok| **ok).count(), 1, "{ends:?}");
        assert_eq!(story.said(&one).await.len(), 2, "one entry for its end");
    }
    let one = story.offered().await;
    let made = tokio::join!(story.accept(story.tess, &one), story.accept(story.tess, &one));
    assert!(made.0.is_ok() != made.1.is_ok(), "{made:?}");
    // By hand at the same time: whichever comes first, what was written by hand last stands, and nothing is lost.
    story.own("reporting", "ravi").await;
    let one = story.offered().await;
    let (accepted, ()) = tokio::join!(story.accept(story.tess, &one), story.own("reporting", "ola"));
    let owner = charter(story.engine(), "reporting").await.technical_owner;
    assert_eq!(owner, Some(story.scene.ola.person), "{accepted:?}");
}
