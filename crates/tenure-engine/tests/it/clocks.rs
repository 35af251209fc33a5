//! Clocks of steps that wait: warned, passed on in office hours, over, and each once; and that who was asked later may decide.
//!
//! Over the chaos world, in virtual time. What passes on has a twin that is decided in time. Must never wait for real time.

use crate::consequences::{apply as put_in_force, person};
use crate::requests::{Scene, programme, refusal};
use std::time::Duration;
use tenure_engine::{Actor, ClockShown, ClocksFollowed, RequestShown};
use tenure_judge::ProgrammeFiles;
use tenure_model::{ClockKind, ClockStage, Instant, RequestState, Role};

const CALENDARS: &str =
    "[[calendar]]\nid = 'office'\ntime_zone = 'Europe/Berlin'\nhours = ['mon-fri 09:00-17:00']\n";
const LEVEL: &str = "
[[approvals.rule]]
requests = ['create']
steps = ['person:ola']
[[service_level]]
id = 'requests'
for = 'request'
within_hours = 4
warn_after_hours = 3
calendar = 'office'
fallback = ['person:nell']
escalation = ['administrator']
";
const NONE: ClocksFollowed =
    ClocksFollowed { begun: 0, warned: 0, passed_on: 0, over: 0, resumed: 0, ended: 0 };

fn files(main: &str) -> ProgrammeFiles {
    let mut files = programme(main, "");
    files.0.insert(String::from("calendars.toml"), CALENDARS.to_owned());
    files
}

fn at(given: &str) -> Instant {
    Instant::parse(given).unwrap()
}

struct Story {
    scene: Scene,
    nell: Actor,
}

impl Story {
    /// It is Friday, 15:00 in Berlin, and nell operates or reads.
    async fn set(main: &str, nell: Role) -> Self {
        let scene = Scene::set().await;
        let nell = person(scene.engine(), "nell", nell).await;
        put_in_force(scene.engine(), files(main)).await;
        let story = Self { scene, nell };
        story.go_to("2026-11-27T14:00:00Z");
        story
    }

    fn go_to(&self, to: &str) {
        let now = self.scene.engine().now();
        assert!(now < at(to), "{now} is past {to}");
        self.scene.bench.clock.advance(at(to).since(now));
    }

    /// Time goes on until then, and everything goes as far as it goes by itself.
    async fn follow(&self, to: &str) -> ClocksFollowed {
        self.go_to(to);
        let followed = self.scene.engine().follow_clocks().await.unwrap();
        // What was written is written once.
        assert_eq!(self.scene.engine().follow_clocks().await.unwrap(), NONE, "twice at {to}");
        followed
    }

    async fn clock(&self, of: &RequestShown) -> Option<ClockShown> {
        self.scene.engine().due_of(&of.row.id.to_string()).await.unwrap()
    }

    async fn stands(&self, of: &RequestShown) -> (ClockStage, String) {
        let clock = self.clock(of).await.unwrap();
        (clock.stage, clock.due.to_string()[..16].to_owned())
    }

    async fn said(&self, of: &RequestShown) -> Vec<String> {
        let entries = self.scene.engine().entries_about(&of.row.id.to_string(), 50).await.unwrap();
        let mut kinds: Vec<String> = entries.into_iter().map(|(_, entry)| entry.kind).collect();
        kinds.reverse();
        kinds
    }
}

impl Story {
    /// What the report says of steps: how many waited, wait, were late, and had nobody left.
    async fn reported(&self) -> Vec<(ClockKind, [i64; 4])> {
        let steps = self.scene.engine().report(None).await.unwrap().decisions.steps;
        steps.into_iter().map(|one| (one.kind, [one.steps, one.waiting, one.late, one.over])).collect()
    }
}

#[tokio::test]
async fn what_nobody_decides_is_warned_of_and_passes_on_in_office_hours_until_somebody_who_was_asked_decides()
{
    let story = Story::set(LEVEL, Role::Operator).await;
    let asked = story.scene.ask("etl").await;
    assert_eq!(story.follow("2026-11-27T14:00:20Z").await, ClocksFollowed { begun: 1, ..NONE });
    assert_eq!(story.stands(&asked).await, (ClockStage::First, String::from("2026-11-30T10:00")));
    let clock = story.clock(&asked).await.unwrap();
    assert_eq!((clock.kind, clock.step, clock.asked.as_str()), (ClockKind::Request, 1, "ola"));
    // Nobody but ola decides it yet.
    let early = refusal(story.scene.approve(story.nell, &asked).await);
    assert!(early.contains("step 1 of it is decided by ola"), "{early}");
    let inbox = async |by: Actor| {
        let engine = story.scene.engine();
        let person = engine.store().read("person", move |tx| tx.person(by.person)).await.unwrap().unwrap();
        engine.inbox(&person).await.unwrap().waiting
    };
    let hers = inbox(story.scene.ola).await;
    assert_eq!((hers[0].waiting.due, hers[0].overdue), (Some(clock.due), false), "the clock comes first");
    assert!(inbox(story.nell).await.is_empty(), "she is not asked yet");
    // A whole weekend goes by, and nothing of its time.
    assert_eq!(story.follow("2026-11-29T12:00:00Z").await, NONE);
    assert_eq!(story.clock(&asked).await.unwrap().left_seconds / 60, 2 * 60);
    assert_eq!(story.follow("2026-11-30T09:00:30Z").await, ClocksFollowed { warned: 1, ..NONE });
    assert_eq!(story.follow("2026-11-30T10:00:30Z").await, ClocksFollowed { passed_on: 1, ..NONE });
    assert_eq!(story.stands(&asked).await, (ClockStage::Fallback, String::from("2026-11-30T14:00")));
    assert_eq!(story.scene.now(&asked).await.decided_next_by.unwrap(), "ola, or nell");
    let hers = inbox(story.nell).await;
    assert!(hers[0].overdue && hers[0].waiting.why.contains("ola, or nell"), "{hers:?}");
    // Long after: the next is asked all the same, and has its own time.
    assert_eq!(story.follow("2026-12-07T08:00:30Z").await, ClocksFollowed { passed_on: 1, ..NONE });
    assert_eq!(story.stands(&asked).await, (ClockStage::Escalation, String::from("2026-12-07T12:00")));
    let over = story.follow("2026-12-07T13:00:00Z").await;
    assert_eq!(over, ClocksFollowed { over: 1, ..NONE });
    let late = story.clock(&asked).await.unwrap();
    assert!(late.late.unwrap().to_string().starts_with("2026-11-30T10:00"), "{late:?}");
    // Whoever asked decides nothing, whomever it passes on to; whom it passed on to last does.
    assert!(refusal(story.scene.approve(story.scene.ravi, &asked).await).contains("decides no step"));
    let decided = story.scene.approve(story.scene.asha, &asked).await.unwrap();
    assert_eq!(decided.row.state, RequestState::Approved);
    assert!(decided.decisions[0].counts, "{decided:?}");
    assert_eq!(story.follow("2026-12-07T13:01:00Z").await, ClocksFollowed { ended: 1, ..NONE });
    assert!(story.clock(&asked).await.is_none());
    let said = story.said(&asked).await;
    let clocks: Vec<&str> =
        said.iter().map(String::as_str).filter(|kind| kind.starts_with("clock.")).collect();
    assert_eq!(clocks, ["clock.warned", "clock.passed_on", "clock.passed_on", "clock.over"]);
    assert_eq!(story.reported().await, [(ClockKind::Request, [1, 0, 1, 1])]);
}

#[tokio::test]
async fn the_report_says_how_many_steps_waited_were_late_and_how_many_nobody_was_left_for() {
    let story = Story::set(LEVEL, Role::Operator).await;
    assert_eq!(story.reported().await, []);
    let asked = story.scene.ask("etl").await;
    story.follow("2026-11-27T14:00:20Z").await;
    assert_eq!(story.reported().await, [(ClockKind::Request, [1, 1, 0, 0])], "it waits, and is not late");
    // Late from its end on, also before anybody looked.
    story.scene.bench.clock.advance(at("2026-11-30T10:00:10Z").since(story.scene.engine().now()));
    assert_eq!(story.reported().await, [(ClockKind::Request, [1, 1, 1, 0])]);
    story.follow("2026-11-30T10:00:30Z").await;
    story.scene.approve(story.scene.ola, &asked).await.unwrap();
    story.follow("2026-11-30T10:01:00Z").await;
    assert_eq!(story.reported().await, [(ClockKind::Request, [1, 0, 1, 0])], "what was late stays counted");
    story.scene.bench.clock.advance(Duration::from_hours(24 * 91));
    assert_eq!(story.reported().await, [], "of 90 days");
}

#[tokio::test]
async fn what_is_decided_in_time_passes_on_to_nobody() {
    let story = Story::set(LEVEL, Role::Operator).await;
    let asked = story.scene.ask("etl").await;
    story.follow("2026-11-27T14:00:20Z").await;
    story.scene.approve(story.scene.ola, &asked).await.unwrap();
    assert_eq!(story.follow("2026-11-27T14:01:00Z").await, ClocksFollowed { ended: 1, ..NONE });
    assert_eq!(story.follow("2026-12-07T14:01:00Z").await, NONE);
    assert!(!story.said(&asked).await.iter().any(|kind| kind.starts_with("clock.")));
}

#[tokio::test]
async fn who_could_not_decide_is_passed_over_and_being_asked_grants_nothing() {
    // As above, but nell only reads.
    let story = Story::set(LEVEL, Role::Auditor).await;
    let asked = story.scene.ask("etl").await;
    story.follow("2026-11-27T14:00:20Z").await;
    assert_eq!(story.follow("2026-11-30T10:00:30Z").await, ClocksFollowed { passed_on: 1, ..NONE });
    assert_eq!(story.stands(&asked).await.0, ClockStage::Escalation);
    let denied = refusal(story.scene.approve(story.nell, &asked).await);
    assert!(denied.contains("you do not hold the right to `create` here"), "{denied}");
    assert!(story.scene.approve(story.scene.asha, &asked).await.is_ok());
}

#[tokio::test]
async fn a_programme_that_comes_into_force_later_moves_no_clock_that_runs() {
    let story = Story::set(LEVEL, Role::Operator).await;
    let asked = story.scene.ask("etl").await;
    story.follow("2026-11-27T14:00:20Z").await;
    put_in_force(story.scene.engine(), files(&LEVEL.replace("within_hours = 4", "within_hours = 40"))).await;
    assert_eq!(story.follow("2026-11-30T08:00:00Z").await, NONE);
    assert_eq!(story.stands(&asked).await, (ClockStage::First, String::from("2026-11-30T10:00")));
    // Twin: what begins by then, a moment after nine, has the week that it says.
    let second = story.scene.ask("second").await;
    story.follow("2026-11-30T08:01:00Z").await;
    assert_eq!(story.stands(&second).await, (ClockStage::First, String::from("2026-12-07T08:00")));
    // Where none is in force any more, what runs runs on, and nothing begins.
    put_in_force(story.scene.engine(), files("")).await;
    story.scene.ask("third").await;
    assert_eq!(story.follow("2026-11-30T08:02:00Z").await, NONE);
    assert_eq!(story.follow("2026-11-30T09:30:00Z").await, ClocksFollowed { warned: 1, ..NONE });
}

#[tokio::test]
async fn while_the_clock_of_the_machine_is_set_back_nothing_passes_on_and_then_it_does() {
    let Story { scene, .. } = Story::set(LEVEL, Role::Operator).await;
    let asked = scene.ask("etl").await;
    assert_eq!(scene.engine().follow_clocks().await.unwrap(), ClocksFollowed { begun: 1, ..NONE });
    scene.bench.clock.advance(Duration::from_hours(24 * 4));
    let scene = scene.reopened_behind(Duration::from_hours(1)).await;
    assert_eq!(scene.engine().follow_clocks().await.unwrap(), NONE);
    let clock = scene.engine().due_of(&asked.row.id.to_string()).await.unwrap().unwrap();
    assert_eq!(clock.stage, ClockStage::First);
    let scene = scene.reopened_behind(Duration::ZERO).await;
    // However long that was, it passes on by one stage.
    assert_eq!(scene.engine().follow_clocks().await.unwrap(), ClocksFollowed { passed_on: 1, ..NONE });
    assert_eq!(scene.engine().follow_clocks().await.unwrap(), NONE);
}

#[tokio::test]
async fn a_plan_has_a_clock_of_its_own_and_what_waited_before_begins_with_the_programme() {
    let scene = Scene::set().await;
    let plan = crate::bench::plan(scene.engine(), tenure_model::PlanKind::Disable, "billing").await.unwrap();
    scene.bench.clock.advance(Duration::from_hours(100));
    let main = "[[service_level]]\nid = 'p'\nfor = 'plan'\nwithin_hours = 5\nescalation = ['operator']\n";
    put_in_force(scene.engine(), files(main)).await;
    assert_eq!(scene.engine().follow_clocks().await.unwrap(), ClocksFollowed { begun: 1, ..NONE });
    let clock = scene.engine().due_of(&plan.plan.id.to_string()).await.unwrap().unwrap();
    assert!(clock.left_seconds > 4 * 3_600, "{clock:?}");
    assert_eq!(
        (clock.kind, clock.late, clock.asked.as_str()),
        (ClockKind::Plan, None, "whoever may decide it")
    );
    scene.bench.clock.advance(Duration::from_hours(5));
    // It names nobody to stand in, so whoever is named last is next.
    assert_eq!(scene.engine().follow_clocks().await.unwrap(), ClocksFollowed { passed_on: 1, ..NONE });
    let listed = scene.engine().clocks(10).await.unwrap();
    assert_eq!((listed.len(), listed[0].stage), (1, ClockStage::Escalation));
    scene.engine().apply(scene.ola, &plan.plan.handle, None).await.unwrap();
    assert_eq!(scene.engine().follow_clocks().await.unwrap(), ClocksFollowed { ended: 1, ..NONE });
}

/// Pauses the clock of what was asked for; what is said in its way, else.
async fn pause(story: &Story, by: Actor, of: &RequestShown, until: &str) -> Result<ClockShown, String> {
    let (engine, handle) = (story.scene.engine(), of.row.id.handle());
    let paused = engine.pause_clock(by, &handle, at(until), "waits for the vendor").await;
    paused.map_err(|failure| failure.to_string())
}

#[tokio::test]
async fn what_is_paused_runs_again_by_itself_with_the_office_hours_that_were_left() {
    let story = Story::set(&LEVEL.replace("within", "pause_days_max = 7\nwithin"), Role::Operator).await;
    let asked = story.scene.ask("etl").await;
    story.follow("2026-11-27T14:00:20Z").await;
    // An hour of its four is over; it is due on Monday at ten, and stands still until Wednesday at eight.
    story.go_to("2026-11-27T15:00:00Z");
    let paused = pause(&story, story.nell, &asked, "2026-12-02T07:00:00Z").await.unwrap();
    assert_eq!(paused.due.to_string()[..16], *"2026-12-02T11:00");
    assert_eq!(paused.left_seconds / 60, 3 * 60);
    let said = paused.paused.unwrap();
    assert_eq!((said.by.as_deref(), said.reason.as_str()), (Some("nell"), "waits for the vendor"));
    // Meanwhile nothing is warned of and nothing passes on; whoever looks sees by when it will be.
    assert_eq!(story.follow("2026-12-01T15:00:00Z").await, NONE);
    assert_eq!(story.stands(&asked).await, (ClockStage::First, String::from("2026-12-02T11:00")));
    assert_eq!(story.follow("2026-12-02T07:00:30Z").await, ClocksFollowed { resumed: 1, ..NONE });
    assert!(story.clock(&asked).await.unwrap().paused.is_none());
    assert_eq!(story.follow("2026-12-02T10:00:30Z").await, ClocksFollowed { warned: 1, ..NONE });
    assert_eq!(story.follow("2026-12-02T11:00:30Z").await, ClocksFollowed { passed_on: 1, ..NONE });
    // What is late is not paused.
    let late = pause(&story, story.scene.ola, &asked, "2026-12-03T07:00:00Z").await.unwrap_err();
    assert!(late.contains("what is late is not paused"), "{late}");
    let clocks: Vec<String> =
        story.said(&asked).await.into_iter().filter(|kind| kind.starts_with("clock.")).collect();
    assert_eq!(clocks, ["clock.paused", "clock.resumed", "clock.warned", "clock.passed_on"]);
}

#[tokio::test]
async fn a_pause_ends_by_hand_and_all_of_them_together_are_no_longer_than_the_level_allows() {
    let story = Story::set(&LEVEL.replace("within", "pause_days_max = 2\nwithin"), Role::Operator).await;
    let asked = story.scene.ask("etl").await;
    story.follow("2026-11-27T14:00:20Z").await;
    let engine = story.scene.engine();
    let long = pause(&story, story.nell, &asked, "2026-11-30T14:00:00Z").await.unwrap_err();
    assert!(long.contains("for 2 days in all") && long.contains("until 2026-11-29T14:00:2"), "{long}");
    let over = pause(&story, story.nell, &asked, "2026-11-27T13:00:00Z").await.unwrap_err();
    assert!(over.contains("a pause ends later than now"), "{over}");
    pause(&story, story.nell, &asked, "2026-11-29T14:00:00Z").await.unwrap();
    let twice = pause(&story, story.nell, &asked, "2026-11-28T14:00:00Z").await.unwrap_err();
    assert!(twice.contains("is paused already, until 2026-11-29T14:00:00Z"), "{twice}");
    story.go_to("2026-11-29T02:00:20Z");
    let runs = engine.resume_clock(story.nell, &asked.row.id.to_string()).await.unwrap();
    assert_eq!(
        (runs.due.to_string()[..16].to_owned(), runs.paused),
        (String::from("2026-11-30T11:59"), None)
    );
    assert!(refusal(engine.resume_clock(story.nell, &asked.row.id.handle()).await).contains("is not paused"));
    // A day and a half of its two days are used up.
    let rest = pause(&story, story.nell, &asked, "2026-11-29T15:00:00Z").await.unwrap_err();
    assert!(rest.contains("until 2026-11-29T14:00:"), "{rest}");
    pause(&story, story.nell, &asked, "2026-11-29T13:00:00Z").await.unwrap();
    // Whoever may decide still may, and then there is no clock any more.
    story.scene.approve(story.scene.ola, &asked).await.unwrap();
    assert_eq!(story.follow("2026-11-29T02:01:00Z").await, ClocksFollowed { ended: 1, ..NONE });
    assert!(refusal(engine.resume_clock(story.nell, &asked.row.id.handle()).await).contains("clock"));
}

#[tokio::test]
async fn nobody_pauses_for_themselves_without_a_reason_with_a_secret_or_where_no_level_says_so() {
    let story = Story::set(&LEVEL.replace("within", "pause_days_max = 2\nwithin"), Role::Operator).await;
    let asked = story.scene.ask("etl").await;
    story.follow("2026-11-27T14:00:20Z").await;
    let until = at("2026-11-28T14:00:00Z");
    let engine = story.scene.engine();
    let of = asked.row.id.handle();
    let own = pause(&story, story.scene.ravi, &asked, "2026-11-28T14:00:00Z").await.unwrap_err();
    assert!(own.contains("somebody else pauses it"), "{own}");
    for (reason, expected) in
        [(" ", "the reason is empty"), ("AKIAQYLPMN5HHHFPZAM2 is his key", "like a secret")]
    {
        let refused = refusal(engine.pause_clock(story.nell, &of, until, reason).await);
        assert!(refused.contains(expected), "{refused}");
    }
    assert!(refusal(engine.pause_clock(story.nell, "nothing", until, "why").await).contains("clock"));
    assert!(engine.pause_clock(story.nell, &of, until, "waits for the vendor").await.is_ok(), "the twin");
    // The same where the programme says nothing of pauses.
    let story = Story::set(LEVEL, Role::Operator).await;
    let asked = story.scene.ask("etl").await;
    story.follow("2026-11-27T14:00:20Z").await;
    let refused = pause(&story, story.nell, &asked, "2026-11-28T14:00:00Z").await.unwrap_err();
    assert!(refused.contains("`requests` lets no clock be paused"), "{refused}");
}
