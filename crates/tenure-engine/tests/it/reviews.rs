//! A review from its rule to its end: who is asked, what is decided, what passes on, and that it closes when all is done.
//!
//! Over the chaos world, in virtual time. Each refusal has a twin that is let through. Must never wait for real time.

use crate::bench::{Bench, actor};
use crate::consequences::{apply as put_in_force, person};
use std::{sync::Arc, time::Duration};
use tenure_engine::{
    Actor, Belief, CharterChange, Deployment, Engine, EngineFailure, ReviewGroupWish, ReviewItemRow,
    ReviewItemsMeant, ReviewShown, ReviewStart, ReviewWish, ToReview,
};
use tenure_judge::ProgrammeFiles;
use tenure_model::{
    HandoffState, Instant, PrincipalKey, ReviewAnswer, ReviewItemState, ReviewState, Role, WaitingKind,
};

const DAY: Duration = Duration::from_hours(24);

/// A deployment in which `ravi` answers for `billing` and `reporting`, `tess` can change them, and `ola` operates.
pub(crate) struct Scene {
    pub(crate) bench: Bench,
    deployment: Deployment,
    asha: Actor,
    pub(crate) ravi: Actor,
    tess: Actor,
    pub(crate) ola: Actor,
}

impl Scene {
    pub(crate) async fn set() -> Self {
        let mut bench = Bench::new();
        let deployment = bench.surveyed().await;
        let engine = &deployment.engine;
        let asha = actor(engine).await;
        let ravi = person(engine, "ravi", Role::Owner).await;
        let tess = person(engine, "tess", Role::Owner).await;
        let ola = person(engine, "ola", Role::Operator).await;
        let scene = Self { bench, deployment, asha, ravi, tess, ola };
        for name in ["billing", "reporting"] {
            scene.own(name, "ravi", "tess").await;
        }
        scene
    }

    pub(crate) fn engine(&self) -> &Arc<Engine> {
        &self.deployment.engine
    }

    async fn own(&self, name: &str, business: &str, technical: &str) {
        let change = CharterChange {
            business_owner: Some(business.to_owned()),
            technical_owner: Some(technical.to_owned()),
            purpose: Some(String::from("a purpose")),
            ..CharterChange::default()
        };
        self.engine().own(self.asha, name, change).await.unwrap();
        self.engine().judge_touched().await.unwrap();
    }

    fn wish(rule: &str) -> ReviewStart {
        ReviewStart { rule: rule.to_owned(), until: None, reason: String::from("yearly") }
    }

    pub(crate) async fn start(&self, rule: &str) -> ReviewShown {
        let review = self.engine().start_review(self.ola, Self::wish(rule)).await.unwrap();
        self.follow().await;
        review
    }

    /// Time goes on a little, everything is judged, and reviews go as far as they go by themselves.
    pub(crate) async fn follow(&self) {
        self.bench.clock.advance(Duration::from_secs(1));
        self.engine().judge_touched().await.unwrap();
        self.engine().follow_reviews().await.unwrap();
    }

    async fn survey(&self) {
        self.bench.clock.advance(Duration::from_secs(1));
        self.engine().survey(None, "main", Belief::HoldWhenMuchIsMissing).await.unwrap();
        self.follow().await;
    }

    async fn review(&self, of: &ReviewShown) -> ReviewShown {
        self.engine().review(&of.row.handle).await.unwrap()
    }

    pub(crate) async fn item(&self, of: &ReviewShown, name: &str) -> ReviewItemRow {
        let rows = self.engine().review_items(&of.row, ReviewItemsMeant::default(), None, 100).await.unwrap();
        rows.into_iter().map(|one| one.row).find(|one| one.identity_name == format!("main/{name}")).unwrap()
    }

    pub(crate) async fn looked(&self, of: &ReviewShown, name: &str) -> ToReview {
        self.engine().to_review(self.item(of, name).await.id).await.unwrap()
    }

    async fn decide(&self, by: Actor, seen: &ToReview, wish: ReviewWish) -> Result<ToReview, EngineFailure> {
        Ok(self.engine().decide_review_item(by, &seen.item, wish).await?.item)
    }

    pub(crate) async fn says(
        &self,
        by: Actor,
        seen: &ToReview,
        answer: ReviewAnswer,
    ) -> Result<ToReview, EngineFailure> {
        self.decide(by, seen, says(seen, answer)).await
    }

    fn key(&self, name: &str) -> PrincipalKey {
        self.bench.world.truths().into_iter().find(|one| one.name == name).unwrap().key
    }

    /// Entries of a kind, the newest first.
    pub(crate) async fn entries(&self, kind: &str) -> usize {
        let all = self.engine().log_page(None, 500).await.unwrap();
        all.into_iter().filter(|(_, entry)| entry.kind == kind).count()
    }
}

fn says(seen: &ToReview, answer: ReviewAnswer) -> ReviewWish {
    ReviewWish {
        answer,
        reason: String::from("as we agreed on Monday"),
        digest: seen.digest.clone(),
        to: None,
        rights: Vec::new(),
        runbook: None,
        stage: None,
    }
}

fn refusal<T: std::fmt::Debug>(outcome: Result<T, EngineFailure>) -> String {
    outcome.unwrap_err().to_string()
}

#[tokio::test]
async fn a_review_means_what_is_enrolled_and_there_and_an_empty_one_is_not_begun() {
    let scene = Scene::set().await;
    let engine = scene.engine();
    let meant = engine.preview_review(&Scene::wish("source:main")).await.unwrap();
    assert_eq!((meant.items, meant.nobody_named, meant.in_another), (2, 0, 0), "{meant:?}");
    assert_eq!((meant.by_reviewer[0].who.as_str(), meant.by_reviewer[0].items), ("ravi", 2));
    let review = scene.start("source:main").await;
    assert_eq!((review.row.items, &review.row.population), (2, &meant.population));
    for (rule, why) in [
        ("name:nothing-*", "so nobody would be asked"),
        ("source:main", "wait in another review already"),
        ("colour:red", "is no term of a rule"),
    ] {
        let refused = refusal(engine.start_review(scene.ola, Scene::wish(rule)).await);
        assert!(refused.contains(why), "{rule}: {refused}");
    }
    let past = ReviewStart { until: Some(scene.bench.world.now()), ..Scene::wish("name:main/*") };
    assert!(refusal(engine.start_review(scene.ola, past).await).contains("the end lies in the past"));
}

#[tokio::test]
async fn what_is_kept_is_confirmed_and_the_review_closes_by_itself() {
    let scene = Scene::set().await;
    let review = scene.start("name:*billing").await;
    let seen = scene.looked(&review, "billing").await;
    let kept = scene.says(scene.ravi, &seen, ReviewAnswer::Keep).await.unwrap();
    assert_eq!(kept.item.state, ReviewItemState::Done);
    let last = scene.engine().to_confirm("billing").await.unwrap().last.unwrap();
    assert_eq!((last.by.as_deref(), last.for_owners), (Some("ravi"), false));
    assert_eq!(scene.review(&review).await.row.state, ReviewState::Open, "Tenure closes it, nobody else");
    scene.follow().await;
    let closed = scene.review(&review).await.row;
    assert_eq!((closed.state, closed.ended_why.as_deref()), (ReviewState::Closed, Some("1 done")));
    for kind in ["review.started", "review.decided", "review.closed"] {
        assert_eq!(scene.entries(kind).await, 1, "{kind}");
    }
    let late = refusal(scene.engine().cancel_review(scene.ola, &closed, "too late").await);
    assert!(late.contains("is closed already"), "{late}");
}

#[tokio::test]
async fn nobody_reviews_their_own_and_who_stands_in_does() {
    let scene = Scene::set().await;
    scene.own("reporting", "tess", "tess").await;
    let review = scene.start("source:main").await;
    // Whoever answers for it and can change it alone is passed over: an operator is asked.
    let seen = scene.looked(&review, "reporting").await;
    assert_eq!((seen.reviewer_name.as_deref(), seen.turn.as_str()), (None, "an operator"));
    let own = refusal(scene.says(scene.tess, &seen, ReviewAnswer::Keep).await);
    assert!(own.contains("nobody reviews their own"), "{own}");
    let billing = scene.looked(&review, "billing").await;
    assert_eq!(billing.reviewer_name.as_deref(), Some("ravi"));
    let early = refusal(scene.says(scene.ola, &billing, ReviewAnswer::Keep).await);
    assert!(early.contains("it is the turn of its business owner"), "{early}");
    assert!(scene.says(scene.tess, &billing, ReviewAnswer::Keep).await.is_err());
    scene.says(scene.ravi, &billing, ReviewAnswer::Keep).await.unwrap();
    scene.says(scene.ola, &seen, ReviewAnswer::Keep).await.unwrap();
}

#[tokio::test]
async fn handing_it_on_for_the_day_of_the_decision_makes_nobody_a_stranger() {
    let scene = Scene::set().await;
    // `tess` answers for it and can change it alone: an operator is asked.
    scene.own("reporting", "tess", "tess").await;
    let review = scene.start("name:*reporting").await;
    let noor = person(scene.engine(), "noor", Role::Owner).await;
    scene.own("reporting", "tess", "noor").await;
    scene.follow().await;
    let seen = scene.looked(&review, "reporting").await;
    assert_eq!(seen.reviewer_name, None, "it is not the turn of tess by that");
    let own = refusal(scene.says(scene.tess, &seen, ReviewAnswer::Keep).await);
    assert!(own.contains("was its technical owner when the review began"), "{own}");
    assert!(scene.says(noor, &seen, ReviewAnswer::Keep).await.is_err(), "whoever can change it now, neither");
    scene.says(scene.ola, &seen, ReviewAnswer::Keep).await.unwrap();
    // Whoever was one long before is asked again.
    scene.bench.clock.advance(31 * DAY);
    let later = scene.start("name:*reporting").await;
    assert_eq!(scene.looked(&later, "reporting").await.reviewer_name.as_deref(), Some("tess"));
}

#[tokio::test]
async fn what_a_class_means_is_reviewed_although_nobody_claimed_it_and_what_none_means_is_counted() {
    let scene = Scene::set().await;
    let engine = scene.engine();
    let meant = engine.preview_review(&Scene::wish("source:main")).await.unwrap();
    assert!(meant.unclaimed > 0, "{meant:?}");
    let class = "version = 1\n[[class]]\nid = \"all\"\nmatch = [\"source:main\"]\n";
    put_in_force(engine, ProgrammeFiles([(String::from("programme.toml"), class.to_owned())].into())).await;
    let all = engine.preview_review(&Scene::wish("source:main")).await.unwrap();
    assert_eq!((all.items, all.unclaimed), (meant.items + meant.unclaimed, 0));
    let review = scene.start("source:main").await;
    let rows = engine.review_items(&review.row, ReviewItemsMeant::default(), None, 100).await.unwrap();
    let unowned = rows.iter().find(|one| !one.row.identity_name.ends_with("billing")).unwrap();
    let seen = engine.to_review(unowned.row.id).await.unwrap();
    assert!(seen.shown.rights_count == 0 || !seen.shown.rights.is_empty(), "rights are named");
}

#[tokio::test]
async fn whoever_asked_that_it_be_made_does_not_review_it() {
    let scene = crate::requests::Scene::set().await;
    // `asha` is to answer for what `ravi` asks for and can change.
    let usable = scene.usable("etl").await;
    scene.make("etl");
    scene.survey().await;
    assert!(scene.identity("etl").await.enrolled, "{usable:?}");
    let start = Scene::wish("name:*etl");
    let engine = scene.engine();
    let review = engine.start_review(scene.ola, start).await.unwrap();
    let rows = engine.review_items(&review.row, ReviewItemsMeant::default(), None, 10).await.unwrap();
    let row = rows[0].row.clone();
    assert_eq!(engine.review_not_theirs(scene.asha, &row).await.unwrap(), None);
    let why = engine.review_not_theirs(scene.ravi, &row).await.unwrap().unwrap();
    assert!(why.contains("nobody reviews their own"), "{why}");
}

#[tokio::test]
async fn of_two_who_decide_at_once_the_second_is_told_who_was_first() {
    let scene = Scene::set().await;
    let review = scene.start("name:*billing").await;
    let seen = scene.looked(&review, "billing").await;
    scene.bench.clock.advance(20 * DAY);
    scene.follow().await;
    let seen_after = scene.looked(&review, "billing").await;
    assert_ne!(seen.item.stage, seen_after.item.stage, "it was missed, and an operator may decide it, too");
    let (one, other) = tokio::join!(
        scene.says(scene.ravi, &seen_after, ReviewAnswer::Rotate),
        scene.says(scene.ola, &seen_after, ReviewAnswer::Retire)
    );
    let refused = match (one, other) {
        (Ok(_), Err(refused)) | (Err(refused), Ok(_)) => refused.to_string(),
        both => panic!("{both:?}"),
    };
    assert!(refused.contains("decided it: `") && refused.contains("look again"), "{refused}");
    // Whoever has looked at what was decided may decide otherwise, while it is not done.
    let again = scene.looked(&review, "billing").await;
    scene.says(scene.ola, &again, ReviewAnswer::Keep).await.unwrap();
}

#[tokio::test]
async fn what_changed_since_it_was_looked_at_is_not_decided() {
    let scene = Scene::set().await;
    let review = scene.start("name:*billing").await;
    let seen = scene.looked(&review, "billing").await;
    scene.bench.world.grant(&scene.key("billing"), "shop/table/orders", "DELETE").unwrap();
    scene.survey().await;
    let refused = refusal(scene.says(scene.ravi, &seen, ReviewAnswer::Keep).await);
    assert!(refused.contains("changed since you looked"), "{refused}");
    let seen = scene.looked(&review, "billing").await;
    // Against the recommendation, a word is no reason.
    let wish = ReviewWish { reason: String::from("no"), ..says(&seen, ReviewAnswer::Reassign) };
    for reason in ["no", "\u{200b} \u{200b} \u{200b}a"] {
        let wish = ReviewWish { reason: reason.to_owned(), ..wish.clone() };
        let short = refusal(scene.decide(scene.ravi, &seen, wish).await);
        assert!(short.contains("is recommended: whoever decides otherwise says why in 3 words"), "{short}");
    }
    scene.says(scene.ravi, &seen, ReviewAnswer::Keep).await.unwrap();
}

#[tokio::test]
async fn what_is_narrowed_is_done_when_a_complete_survey_shows_it_without_those_rights() {
    let scene = Scene::set().await;
    let key = scene.key("billing");
    scene.bench.world.grant(&key, "shop/table/orders", "DELETE").unwrap();
    scene.survey().await;
    let review = scene.start("name:*billing").await;
    let seen = scene.looked(&review, "billing").await;
    let wish = |rights: &[&str]| ReviewWish {
        rights: rights.iter().map(|one| (*one).to_owned()).collect(),
        ..says(&seen, ReviewAnswer::Narrow)
    };
    let unheld = refusal(scene.decide(scene.ravi, &seen, wish(&["DROP on shop"])).await);
    assert!(unheld.contains("it does not hold `DROP on shop`"), "{unheld}");
    let none = refusal(scene.decide(scene.ravi, &seen, wish(&[])).await);
    assert!(none.contains("say which rights are to go; it holds: "), "{none}");
    scene.decide(scene.ravi, &seen, wish(&["DELETE on shop/table/orders"])).await.unwrap();
    // It is held still, and a survey that shows that changes nothing.
    scene.survey().await;
    assert_eq!(scene.item(&review, "billing").await.state, ReviewItemState::Decided);
    scene.bench.world.revoke(&key, "shop/table/orders", "DELETE").unwrap();
    scene.follow().await;
    assert_eq!(scene.review(&review).await.row.state, ReviewState::Open, "nobody looked yet");
    scene.survey().await;
    assert_eq!(scene.item(&review, "billing").await.state, ReviewItemState::Done);
    assert_eq!(scene.review(&review).await.row.state, ReviewState::Closed);
    assert_eq!(scene.entries("review.executed").await, 1);
}

#[tokio::test]
async fn what_is_rotated_is_done_when_its_value_is_another() {
    let scene = Scene::set().await;
    let review = scene.start("name:*billing").await;
    let seen = scene.looked(&review, "billing").await;
    scene.says(scene.ravi, &seen, ReviewAnswer::Rotate).await.unwrap();
    scene.survey().await;
    assert_eq!(scene.item(&review, "billing").await.state, ReviewItemState::Decided);
    scene.bench.world.set_value(&scene.key("billing"), "AnotherValue0000000001").unwrap();
    scene.survey().await;
    assert_eq!(scene.item(&review, "billing").await.state, ReviewItemState::Done);
}

#[tokio::test]
async fn what_is_reassigned_is_done_when_its_charter_says_so() {
    let scene = Scene::set().await;
    let review = scene.start("name:*billing").await;
    let seen = scene.looked(&review, "billing").await;
    person(scene.engine(), "audrey", Role::Auditor).await;
    let to = |name: Option<&str>| ReviewWish {
        to: name.map(str::to_owned),
        ..says(&seen, ReviewAnswer::Reassign)
    };
    for (name, why) in [
        (None, "say who is to answer for it"),
        (Some("nobody"), "nobody is called `nobody`"),
        (Some("ravi"), "answers for it already"),
        (Some("tess"), "somebody else than whoever can change it"),
        (Some("audrey"), "audrey is an auditor and can answer for no identity"),
    ] {
        let refused = refusal(scene.decide(scene.ravi, &seen, to(name)).await);
        assert!(refused.contains(why), "{name:?}: {refused}");
    }
    person(scene.engine(), "noor", Role::Owner).await;
    scene.decide(scene.ravi, &seen, to(Some("noor"))).await.unwrap();
    scene.follow().await;
    assert_eq!(scene.item(&review, "billing").await.state, ReviewItemState::Decided);
    scene.own("billing", "noor", "tess").await;
    scene.follow().await;
    assert_eq!(scene.review(&review).await.row.state, ReviewState::Closed);
}

/// A wish to have `noor` answer for it, which is offered to her.
fn to_noor(seen: &ToReview) -> ReviewWish {
    ReviewWish {
        to: Some(String::from("noor")),
        runbook: Some(String::from("https://wiki.example.com/billing")),
        ..says(seen, ReviewAnswer::Reassign)
    }
}

#[tokio::test]
async fn what_its_owner_reassigns_is_offered_at_once_and_done_when_it_is_accepted() {
    let scene = Scene::set().await;
    let review = scene.start("name:*billing").await;
    let seen = scene.looked(&review, "billing").await;
    let noor = person(scene.engine(), "noor", Role::Owner).await;
    let engine = scene.engine();
    for (wish, why) in [
        (
            ReviewWish { runbook: Some(String::from("https://a:b@c/")), ..to_noor(&seen) },
            "holds a user or a password",
        ),
        (ReviewWish { runbook: Some(String::from(" ")), ..to_noor(&seen) }, "says what to do about it"),
        (ReviewWish { to: None, answer: ReviewAnswer::Keep, ..to_noor(&seen) }, "go with `reassign` alone"),
    ] {
        let refused = refusal(scene.decide(scene.ravi, &seen, wish).await);
        assert!(refused.contains(why), "{refused}");
    }
    let made = engine.decide_review_item(scene.ravi, &seen.item, to_noor(&seen)).await.unwrap();
    let handoff = engine.handoff_row(made.handoff.as_deref().unwrap()).await.unwrap();
    assert_eq!(
        (handoff.to, handoff.from, made.no_handoff_because),
        (noor.person, Some(scene.ravi.person), None)
    );
    assert_eq!(made.item.handoff_state, Some(HandoffState::Offered));
    let waiting = engine.inbox(&engine.person_called("noor").await.unwrap()).await.unwrap().waiting;
    let kinds: Vec<_> = waiting.iter().map(|one| one.waiting.kind).collect();
    assert_eq!(kinds, [WaitingKind::Handoff], "asked once, by the handoff");
    scene.follow().await;
    assert_eq!(scene.item(&review, "billing").await.state, ReviewItemState::Decided, "offered is not done");
    let shown = engine.handoff_shown(&handoff).await.unwrap();
    engine.accept_handoff(noor, &handoff, &shown.digest).await.unwrap();
    scene.follow().await;
    assert_eq!(scene.item(&review, "billing").await.state, ReviewItemState::Done);
    assert_eq!(scene.review(&review).await.row.state, ReviewState::Closed);
}

#[tokio::test]
async fn what_is_decided_otherwise_takes_its_offer_back_and_who_may_not_hand_it_on_offers_nothing() {
    let scene = Scene::set().await;
    let review = scene.start("name:*billing").await;
    let seen = scene.looked(&review, "billing").await;
    person(scene.engine(), "noor", Role::Owner).await;
    let engine = scene.engine();
    let made = engine.decide_review_item(scene.ravi, &seen.item, to_noor(&seen)).await.unwrap();
    let handoff = engine.handoff_row(made.handoff.as_deref().unwrap()).await.unwrap();
    let again = scene.looked(&review, "billing").await;
    scene.decide(scene.ravi, &again, says(&again, ReviewAnswer::Keep)).await.unwrap();
    let after = engine.handoff_row(&handoff.id.to_string()).await.unwrap();
    assert_eq!(
        (after.state, after.ended_why.as_deref()),
        (HandoffState::Withdrawn, Some("taken back: its review decided anew"))
    );
    let kinds: Vec<_> =
        engine.log_page(None, 3).await.unwrap().into_iter().map(|(_, one)| one.kind).collect();
    assert!(kinds.iter().any(|kind| kind == "handoff.withdrawn"), "{kinds:?}");
    // The twin: without a runbook nothing is offered, and whoever owns it is asked.
    let other = scene.start("name:*reporting").await;
    let seen = scene.looked(&other, "reporting").await;
    let by = if seen.item.reviewer == Some(scene.ravi.person) { scene.ravi } else { scene.asha };
    let made = engine
        .decide_review_item(by, &seen.item, ReviewWish { runbook: None, ..to_noor(&seen) })
        .await
        .unwrap();
    assert_eq!(made.handoff, None);
    assert!(made.no_handoff_because.unwrap().contains("no runbook was named"));
}

#[tokio::test]
async fn what_is_retired_is_done_when_its_death_is_proved_and_not_before() {
    let mut scene = Scene::set().await;
    let review = scene.start("name:*billing").await;
    let seen = scene.looked(&review, "billing").await;
    let made = scene.engine().decide_review_item(scene.ravi, &seen.item, says(&seen, ReviewAnswer::Retire));
    let made = made.await.unwrap();
    let plan = scene.engine().show_plan(made.plan.as_deref().unwrap()).await.unwrap().plan;
    scene.follow().await;
    assert_eq!(scene.item(&review, "billing").await.state, ReviewItemState::Decided);
    let applied = scene.engine().apply(scene.asha, &plan.handle, Some(&plan.digest)).await.unwrap();
    assert_eq!(scene.review(&review).await.row.state, ReviewState::Open);
    scene.deployment = scene.bench.carry_through(scene.deployment, applied.plan.id).await;
    scene.follow().await;
    let item = scene.item(&review, "billing").await;
    assert_eq!((item.state, item.outcome.as_deref()), (ReviewItemState::Done, Some("its death is proved")));
    assert_eq!(scene.review(&review).await.row.state, ReviewState::Closed);
}

/// A programme in which a missed review passes to `noor`, and then to `asha`.
fn escalating(more: &str) -> ProgrammeFiles {
    let main = format!(
        "version = 1\n[reviews]\ndecided_within_days = 10\nfallback = [\"person:noor\"]\nmissed_days = 3\n{more}"
    );
    let controls =
        "[[control]]\nid = \"NHI1:2025\"\nholds = \"what nobody needs is ended\"\nescalation = \"asha\"\n";
    ProgrammeFiles(
        [("programme.toml", main), ("controls.toml", controls.to_owned())]
            .into_iter()
            .map(|(name, text)| (name.to_owned(), text))
            .collect(),
    )
}

#[tokio::test]
async fn a_missed_review_passes_to_who_stands_in_then_to_the_contact_and_is_missed_for_good_after_that() {
    let scene = Scene::set().await;
    let noor = person(scene.engine(), "noor", Role::Operator).await;
    put_in_force(scene.engine(), escalating("")).await;
    let review = scene.start("source:main").await;
    let billing = scene.looked(&review, "billing").await;
    assert!(scene.says(noor, &billing, ReviewAnswer::Keep).await.is_err(), "not yet theirs");
    scene.bench.clock.advance(10 * DAY);
    scene.follow().await;
    let passed = scene.looked(&review, "billing").await;
    assert_eq!((passed.item.stage, passed.reviewer_name.as_deref()), (1, Some("noor")));
    assert!(passed.item.missed.is_some() && passed.item.due > billing.item.due);
    // Whoever was asked first may say so still.
    scene.says(scene.ravi, &passed, ReviewAnswer::Keep).await.unwrap();
    scene.bench.clock.advance(4 * DAY);
    scene.follow().await;
    let reporting = scene.looked(&review, "reporting").await;
    assert_eq!((reporting.item.stage, reporting.reviewer_name.as_deref()), (2, Some("asha")));
    assert_eq!(scene.review(&review).await.row.state, ReviewState::Open);
    scene.bench.clock.advance(4 * DAY);
    scene.follow().await;
    assert_eq!(scene.item(&review, "reporting").await.state, ReviewItemState::Missed);
    let closed = scene.review(&review).await.row;
    assert_eq!((closed.state, closed.ended_why.as_deref()), (ReviewState::Closed, Some("1 done, 1 missed")));
    assert_eq!(scene.entries("review.missed").await, 4, "twice one, once the other, and the last end");
    let told = scene.engine().report(None).await.unwrap().decisions.reviews;
    assert_eq!((told.waiting, told.decided, told.missed, told.missed_for_good), (0, 1, 2, 1));
}

/// Hours of a service level from an instant on.
fn hours(at: Instant, hours: u64) -> Instant {
    at.plus(Duration::from_hours(hours))
}

#[tokio::test]
async fn a_service_level_says_by_when_each_identity_of_a_review_is_decided_and_each_next_one_has_as_long() {
    let scene = Scene::set().await;
    person(scene.engine(), "noor", Role::Operator).await;
    let level =
        "[[service_level]]\nid = \"reviews\"\nfor = \"review\"\nclasses = [\"apps\"]\nwithin_hours = 16\n";
    let mut files = escalating(level);
    let classes = "[[class]]\nid = \"apps\"\nmatch = [\"name:billing\"]\n";
    files.0.insert(String::from("classes.toml"), classes.to_owned());
    put_in_force(scene.engine(), files).await;
    let meant = scene.engine().preview_review(&Scene::wish("source:main")).await.unwrap();
    let review = scene.start("source:main").await;
    // The review ends with its last item, which has the ten days of `[reviews]`.
    let began = review.row.until.minus(10 * DAY);
    assert!(review.row.started.since(began) < Duration::from_secs(1) && began <= review.row.started);
    let due = async |name: &str| scene.item(&review, name).await.due;
    assert_eq!(due("billing").await, hours(began, 16));
    assert_eq!(due("reporting").await, hours(began, 240), "what no level means has the days of `[reviews]`");
    assert!(meant.until <= review.row.until && review.row.until.since(meant.until) < DAY);
    scene.bench.clock.advance(Duration::from_hours(16));
    scene.follow().await;
    let passed = scene.item(&review, "billing").await;
    assert_eq!((passed.stage, passed.due), (1, hours(passed.missed.unwrap(), 16)));
    assert_eq!(scene.item(&review, "reporting").await.stage, 0);
    // The twin: an end that somebody said is the end of all of them.
    let other = Scene::set().await;
    let mut files = escalating(level);
    files.0.insert(String::from("classes.toml"), classes.to_owned());
    person(other.engine(), "noor", Role::Operator).await;
    put_in_force(other.engine(), files).await;
    let until = other.engine().now().plus(5 * DAY);
    let start = ReviewStart { until: Some(until), ..Scene::wish("source:main") };
    let review = other.engine().start_review(other.ola, start).await.unwrap();
    assert_eq!((other.item(&review, "billing").await.due, review.row.until), (until, until));
}

#[tokio::test]
async fn the_items_of_a_reviewer_who_leaves_pass_on_by_themselves() {
    let scene = Scene::set().await;
    let review = scene.start("name:*billing").await;
    let mine = scene.engine().review_items_of(scene.ravi.person, Role::Owner, 10).await.unwrap();
    assert_eq!(mine.len(), 1);
    scene.own("billing", "ravi", "tess").await;
    scene.engine().remove_person(scene.asha, "ravi").await.unwrap();
    scene.follow().await;
    let passed = scene.looked(&review, "billing").await;
    assert_eq!((passed.reviewer_name.as_deref(), passed.turn.as_str()), (None, "an operator"));
    let theirs = scene.engine().review_items_of(scene.ola.person, Role::Operator, 10).await.unwrap();
    assert_eq!(theirs.len(), 1, "and it is shown to operators");
    scene.says(scene.ola, &passed, ReviewAnswer::Keep).await.unwrap();
}

#[tokio::test]
async fn items_that_nothing_tells_apart_are_decided_together_and_others_are_not() {
    let scene = Scene::set().await;
    let review = scene.start("source:main").await;
    let (one, other) = (scene.item(&review, "billing").await, scene.item(&review, "reporting").await);
    let wish = |row: &ReviewItemRow, answer, count| ReviewGroupWish {
        answer,
        reason: String::from("as we agreed on Monday"),
        likeness: row.likeness.clone().unwrap(),
        count,
    };
    let engine = scene.engine();
    let retire =
        engine.decide_review_alike(scene.ravi, &review.row, wish(&one, ReviewAnswer::Retire, 1)).await;
    assert!(refusal(retire).contains("several at once are kept or rotated"));
    let others = engine.decide_review_alike(scene.ravi, &review.row, wish(&one, ReviewAnswer::Keep, 7)).await;
    assert!(refusal(others).contains("7 were shown: look again"));
    let count = if one.likeness == other.likeness { 2 } else { 1 };
    let not_theirs =
        engine.decide_review_alike(scene.tess, &review.row, wish(&one, ReviewAnswer::Keep, count));
    assert!(refusal(not_theirs.await).contains("nobody reviews their own"));
    let made =
        engine.decide_review_alike(scene.ravi, &review.row, wish(&one, ReviewAnswer::Keep, count)).await;
    assert_eq!(made.unwrap(), count);
    assert_eq!(scene.entries("review.decided").await, 1);
}

#[tokio::test]
async fn a_review_that_is_given_up_says_who_and_why_and_asks_nobody_any_more() {
    let scene = Scene::set().await;
    let review = scene.start("source:main").await;
    let seen = scene.looked(&review, "billing").await;
    let engine = scene.engine();
    assert!(refusal(engine.cancel_review(scene.ola, &review.row, " ").await).contains("says why"));
    let over = engine.cancel_review(scene.ola, &review.row, "the wrong rule").await.unwrap();
    assert_eq!((over.row.state, over.ended_by_name.as_deref()), (ReviewState::Cancelled, Some("ola")));
    let late = refusal(scene.says(scene.ravi, &seen, ReviewAnswer::Keep).await);
    assert!(late.contains("look") || late.contains("any more"), "{late}");
    assert!(engine.review_items_of(scene.ravi.person, Role::Owner, 10).await.unwrap().is_empty());
    // What waited in it may be asked about again.
    scene.start("source:main").await;
}
