//! Reviews that Tenure begins by itself: of what, when, how many at once, and what it leaves alone.
//!
//! Over the chaos world, in virtual time. Each setting has a test of what it changes. Must never wait for real time.

use crate::{consequences::apply as put_in_force, reviews::Scene};
use std::{collections::BTreeSet, time::Duration};
use tenure_engine::{ReviewItemsMeant, ReviewShown};
use tenure_judge::ProgrammeFiles;
use tenure_model::{ReviewAnswer, ReviewItemState, ReviewState};

const DAY: Duration = Duration::from_hours(24);
/// Every identity of the scene is of this tier: nobody said what its data is, nor where it runs.
const TIER: &str = "[risk.tiers]\nmoderate = 1\nhigh = 50\ncritical = 60\n";

fn programme(reviews: &str) -> ProgrammeFiles {
    let main = format!("version = 1\n{TIER}[reviews]\ndecided_within_days = 5\nmissed_days = 2\n{reviews}");
    ProgrammeFiles([(String::from("programme.toml"), main)].into_iter().collect())
}

impl Scene {
    async fn days(&self, days: u32) -> i64 {
        self.bench.clock.advance(DAY * days);
        self.engine().judge_touched().await.unwrap();
        let begun = self.engine().begin_due_review().await.unwrap();
        self.follow().await;
        begun
    }

    /// The review that is open, with the names of those it means; the last one, where several are.
    async fn open(&self) -> Option<(ReviewShown, BTreeSet<String>)> {
        let review = self.engine().reviews(true, 0, 10).await.unwrap().into_iter().next()?;
        let rows =
            self.engine().review_items(&review.row, ReviewItemsMeant::default(), None, 10).await.unwrap();
        Some((review, rows.into_iter().map(|one| one.row.identity_name).collect()))
    }

    async fn keep_all(&self, review: &ReviewShown, names: &BTreeSet<String>) {
        for name in names {
            let seen = self.looked(review, name.strip_prefix("main/").unwrap()).await;
            self.says(self.ravi, &seen, ReviewAnswer::Keep).await.unwrap();
        }
        self.follow().await;
    }
}

#[tokio::test]
async fn what_nobody_decided_about_for_as_long_as_its_tier_allows_is_asked_about_by_itself() {
    let scene = Scene::set().await;
    put_in_force(scene.engine(), programme("")).await;
    assert_eq!(scene.days(400).await, 0, "the twin: the programme asks for nothing by itself");
    put_in_force(scene.engine(), programme("every_days = { high = 90 }\n")).await;
    assert_eq!(scene.days(1).await, 0, "they are of another tier");
    put_in_force(scene.engine(), programme("every_days = { moderate = 500, high = 90 }\n")).await;
    assert_eq!(scene.days(1).await, 0, "not for so long");
    assert_eq!(scene.days(100).await, 2);
    let (review, names) = scene.open().await.unwrap();
    assert_eq!(
        names.into_iter().collect::<Vec<_>>(),
        ["main/billing", "main/reporting"],
        "those that are claimed"
    );
    assert_eq!((review.row.started_by, review.row.rule.as_str()), (None, "due by risk tier"));
    let says = "the programme has it looked at: high every 90 days, moderate every 500 days";
    assert_eq!(review.row.reason, says);
    assert_eq!(scene.entries("review.started").await, 1);
    assert_eq!(scene.days(1).await, 0, "both wait");
}

#[tokio::test]
async fn what_was_decided_is_due_again_a_cadence_later_and_what_was_missed_a_cadence_after_that() {
    let scene = Scene::set().await;
    put_in_force(scene.engine(), programme("every_days = { moderate = 30 }\n")).await;
    assert_eq!(scene.days(31).await, 2);
    let (review, names) = scene.open().await.unwrap();
    scene.keep_all(&review, &names).await;
    assert_eq!(scene.days(29).await, 0, "decided 29 days ago");
    assert_eq!(scene.days(1).await, 2);
    let (review, _) = scene.open().await.unwrap();
    for days in [5, 3, 3] {
        assert_eq!(scene.days(days).await, 0, "it waits");
    }
    let closed = scene.engine().review(&review.row.handle).await.unwrap().row;
    assert_eq!((closed.state, closed.ended_why.as_deref()), (ReviewState::Closed, Some("2 missed")));
    assert_eq!(scene.days(28).await, 0, "nobody is asked the day after");
    assert_eq!(scene.days(2).await, 2);
}

#[tokio::test]
async fn no_more_are_asked_about_at_once_than_the_programme_says_and_no_more_than_once_a_day() {
    let scene = Scene::set().await;
    put_in_force(scene.engine(), programme("every_days = { moderate = 30 }\ndue_at_once = 1\n")).await;
    assert_eq!(scene.days(31).await, 1);
    assert_eq!(scene.days(2).await, 0, "one waits already");
    let (first, names) = scene.open().await.unwrap();
    scene.keep_all(&first, &names).await;
    assert_eq!(scene.days(0).await, 1, "there is room, and the last one began two days ago");
    let (second, others) = scene.open().await.unwrap();
    assert_ne!(names, others);
    scene.keep_all(&second, &others).await;
    put_in_force(scene.engine(), programme("every_days = { moderate = 1 }\ndue_at_once = 2\n")).await;
    scene.bench.clock.advance(DAY / 2);
    assert_eq!(scene.days(0).await, 0, "half a day after the last");
    assert_eq!(scene.days(2).await, 2, "the twin: as many as are due");
}

#[tokio::test]
async fn what_people_ask_about_already_is_left_to_them_and_what_they_gave_up_is_asked_about_again() {
    let scene = Scene::set().await;
    put_in_force(scene.engine(), programme("every_days = { moderate = 30 }\n")).await;
    let theirs = scene.start("name:billing").await;
    assert_eq!(scene.days(31).await, 1, "the other one");
    assert_eq!(scene.item(&theirs, "billing").await.state, ReviewItemState::Open, "it waits in theirs");
    let (review, names) = scene.open().await.unwrap();
    assert_eq!(names.into_iter().collect::<Vec<_>>(), ["main/reporting"]);
    scene.engine().cancel_review(scene.ola, &review.row, "not now").await.unwrap();
    assert_eq!(scene.days(1).await, 1, "giving it up decides nothing");
}
