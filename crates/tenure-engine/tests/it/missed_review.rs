//! What a missed review brings: a finding that only a later decision ends, and a consequence that silence alone never reaches.
//!
//! Over the chaos world, in virtual time. Each refusal has a twin that is let through. Must never wait for real time.

use crate::{
    bench::{Bench, actor},
    consequences::{CONTROL, DAY, apply, files, person},
};
use std::{sync::Arc, time::Duration};
use tenure_engine::{
    Actor, CharterChange, Deployment, Engine, FindingRow, Followed, ReviewItemRow, ReviewItemsMeant,
    ReviewStart, ReviewWish,
};
use tenure_judge::ProgrammeFiles;
use tenure_model::{ConsequenceState, ReviewAnswer, ReviewItemState, Role, Standing};

const NOTHING: Followed = Followed { warned: 0, would_disable: 0, proposed: 0 };
const REVIEWS: &str = "[reviews]\ndecided_within_days = 3\nmissed_days = 2\n";

/// A deployment in which `ravi` answers for `reporting`, `tess` can change it, and its control proposes.
struct Scene {
    bench: Bench,
    deployment: Deployment,
    ravi: Actor,
}

fn programme(reviews: &str) -> ProgrammeFiles {
    let mut files = files(CONTROL);
    let main = files.0.get_mut("programme.toml").unwrap();
    main.push_str(reviews);
    files
}

impl Scene {
    async fn set() -> Self {
        let mut bench = Bench::new();
        let deployment = bench.surveyed().await;
        let engine = Arc::clone(&deployment.engine);
        let ravi = person(&engine, "ravi", Role::Operator).await;
        person(&engine, "tess", Role::Owner).await;
        apply(&engine, programme(REVIEWS)).await;
        let charter = CharterChange {
            business_owner: Some(String::from("ravi")),
            technical_owner: Some(String::from("tess")),
            purpose: Some(String::from("monthly reports")),
            ..CharterChange::default()
        };
        engine.own(actor(&engine).await, "reporting", charter).await.unwrap();
        let scene = Self { bench, deployment, ravi };
        scene.say_there().await;
        scene
    }

    fn engine(&self) -> &Arc<Engine> {
        &self.deployment.engine
    }

    /// Whoever the programme names says that messages reach them.
    async fn say_there(&self) {
        self.engine().acknowledge(actor(self.engine()).await).await.unwrap();
        self.engine().acknowledge(self.ravi).await.unwrap();
        self.bench.clock.advance(Duration::from_secs(1));
    }

    async fn days(&self, days: u32) -> Followed {
        self.bench.clock.advance(DAY * days);
        self.engine().follow_reviews().await.unwrap();
        self.engine().judge_touched().await.unwrap();
        self.engine().follow_consequences().await.unwrap()
    }

    /// The item of `reporting` in a review that begins now.
    async fn review(&self) -> ReviewItemRow {
        let start =
            ReviewStart { rule: String::from("name:reporting"), until: None, reason: String::from("yearly") };
        let review = self.engine().start_review(actor(self.engine()).await, start).await.unwrap();
        self.days(0).await;
        let rows =
            self.engine().review_items(&review.row, ReviewItemsMeant::default(), None, 10).await.unwrap();
        rows.into_iter().next().unwrap().row
    }

    async fn keep(&self, item: &ReviewItemRow) -> Result<(), String> {
        let seen = self.engine().to_review(item.id).await.unwrap();
        let wish = ReviewWish {
            answer: ReviewAnswer::Keep,
            reason: String::from("the monthly report needs it"),
            digest: seen.digest.clone(),
            to: None,
            rights: Vec::new(),
            runbook: None,
            stage: None,
        };
        let decided = self.engine().decide_review_item(self.ravi, &seen.item, wish).await;
        decided.map(|_| ()).map_err(|error| error.to_string())
    }

    /// Lets everybody who is asked miss it.
    async fn missed(&self) -> ReviewItemRow {
        let item = self.review().await;
        for days in [3, 2, 2] {
            self.days(days).await;
        }
        let item = self.engine().to_review(item.id).await.unwrap().item;
        assert_eq!(item.state, ReviewItemState::Missed);
        item
    }

    /// The finding that a review was missed, where it counts, and the standing.
    async fn finding(&self) -> (Option<FindingRow>, Standing) {
        self.engine().judge_touched().await.unwrap();
        let shown = self.engine().show("main/reporting").await.unwrap();
        let of = shown.findings.into_iter().find(|one| one.policy == "review_missed");
        (of, shown.identity.standing)
    }

    async fn consequence(&self) -> (ConsequenceState, Option<String>) {
        let shown = self.engine().consequences().await.unwrap().remove(0).row;
        (shown.state, shown.why)
    }

    async fn entries(&self, kind: &str) -> usize {
        let all = self.engine().log_page(None, 1_000).await.unwrap();
        all.iter().filter(|(_, entry)| entry.kind == kind).count()
    }
}

#[tokio::test]
async fn a_review_missed_for_good_is_a_finding_until_somebody_decides_in_a_later_one() {
    let scene = Scene::set().await;
    assert_eq!(scene.finding().await, (None, Standing::Sound));
    let item = scene.review().await;
    scene.days(3).await;
    assert_eq!(scene.finding().await.0, None, "it passed on, and is not missed for good");
    scene.keep(&item).await.unwrap();
    scene.days(4).await;
    assert_eq!(scene.finding().await.0, None, "the twin: somebody decided");
    scene.missed().await;
    let (finding, standing) = scene.finding().await;
    assert_eq!(standing, Standing::Lapsed, "it has no grace here");
    let end = scene.bench.clock.now().plus(DAY * 30);
    let who = actor(scene.engine()).await;
    let refused = scene.engine().dismiss(who, &finding.unwrap(), crate::quiet::until(end)).await;
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("is a fact and no opinion"), "{refused}");
    let again = scene.review().await;
    assert!(scene.finding().await.0.is_some(), "that it is asked again is no decision");
    scene.keep(&again).await.unwrap();
    assert_eq!(scene.finding().await, (None, Standing::Sound));
}

#[tokio::test]
async fn silence_alone_is_warned_of_and_nothing_is_proposed_while_a_use_may_have_been_missed() {
    let scene = Scene::set().await;
    scene.missed().await;
    assert_eq!(scene.days(1).await, Followed { warned: 1, ..NOTHING });
    assert_eq!(scene.days(7).await, Followed { would_disable: 1, ..NOTHING });
    let (state, why) = scene.consequence().await;
    assert_eq!(state, ConsequenceState::WouldDisable);
    let why = why.unwrap();
    assert!(why.starts_with("only that nobody answered speaks against it, and whether it is used"), "{why}");
    for _ in 0..3 {
        assert_eq!(scene.days(1).await, NOTHING, "for the same reason as before");
    }
    assert_eq!(scene.entries("consequence.observed").await, 1, "once");
    // The twin: its charter ended as well, so that more than silence speaks against it.
    let ended =
        CharterChange { expires_at: Some(scene.bench.clock.now().plus(DAY)), ..CharterChange::default() };
    scene.engine().own(actor(scene.engine()).await, "reporting", ended).await.unwrap();
    assert_eq!(scene.days(3).await, NOTHING, "inside its grace");
    assert_eq!(scene.days(8).await, Followed { proposed: 1, ..NOTHING });
    assert_eq!(scene.consequence().await, (ConsequenceState::Proposed, None));
}

#[tokio::test]
async fn whoever_decides_in_a_later_review_ends_what_followed() {
    let scene = Scene::set().await;
    scene.missed().await;
    assert_eq!(scene.days(1).await, Followed { warned: 1, ..NOTHING });
    let again = scene.review().await;
    scene.keep(&again).await.unwrap();
    assert_eq!(scene.days(0).await, NOTHING);
    assert_eq!(scene.engine().consequences().await.unwrap().len(), 0);
}
