//! Service levels: which step each means, what every setting changes, and what is refused.
//!
//! A setting without a test here must never be added. Next: `business_time.rs`.

use crate::dossiers::NOW;
use std::time::Duration;
use tenure_judge::{
    Approver, ClockRules, Programme, ProgrammeFiles, StepAbout, asked_in_words, decides_step, passed_on,
};
use tenure_model::{ClockKind, ClockStage, Instant, PersonId, RiskTier, Role};

const CALENDARS: &str =
    "[[calendar]]\nid = 'office'\ntime_zone = 'Europe/Berlin'\nhours = ['mon-fri 09:00-17:00']\n";
const CLASSES: &str = "[[class]]\nid = 'apps'\nmatch = ['name:app']\n";

fn read(levels: &str, calendars: &str) -> Result<Programme, Vec<String>> {
    let all = [
        ("programme.toml", format!("version = 1\n{CLASSES}{levels}")),
        ("calendars.toml", calendars.to_owned()),
    ];
    let files = ProgrammeFiles(all.into_iter().map(|(name, text)| (name.to_owned(), text)).collect());
    Programme::read(&files).map_err(|faults| faults.iter().map(ToString::to_string).collect())
}

fn level(rest: &str) -> String {
    format!("[[service_level]]\nid = 'one'\nfor = 'plan'\nwithin_hours = 4\n{rest}\n")
}

fn step(kind: ClockKind) -> StepAbout<'static> {
    StepAbout { kind, class: Some("apps"), tier: Some(RiskTier::High) }
}

fn rules(rest: &str) -> ClockRules {
    read(&level(rest), CALENDARS).unwrap().service_level(step(ClockKind::Plan)).unwrap()
}

fn friday() -> Instant {
    // 16:00 in Berlin.
    Instant::parse("2026-11-20T15:00:00Z").unwrap()
}

#[test]
fn the_first_that_means_a_step_counts() {
    let programme = read(
        "[[service_level]]\nid = 'high'\nfor = 'plan'\ntiers = ['high']\nwithin_hours = 1\n\
         [[service_level]]\nid = 'apps'\nfor = 'plan'\nclasses = ['apps']\nwithin_hours = 2\n\
         [[service_level]]\nid = 'wishes'\nfor = 'request'\nwithin_hours = 3\n",
        "",
    )
    .unwrap();
    let means = |step| programme.service_level(step).map(|rules| rules.level.id);
    let plan = step(ClockKind::Plan);
    assert_eq!(means(plan).as_deref(), Some("high"));
    assert_eq!(means(StepAbout { tier: Some(RiskTier::Low), ..plan }).as_deref(), Some("apps"));
    // What was never judged waits no longer than what is high.
    assert_eq!(means(StepAbout { tier: None, class: None, ..plan }).as_deref(), Some("high"));
    assert_eq!(means(StepAbout { tier: Some(RiskTier::Low), class: None, ..plan }), None);
    assert_eq!(means(step(ClockKind::Request)).as_deref(), Some("wishes"));
    assert_eq!(means(step(ClockKind::Proposal)), None);
}

#[test]
fn hours_are_those_of_the_calendar_and_around_the_clock_without_one() {
    let due = |rest: &str| rules(rest).due(friday()).to_string();
    assert_eq!(due(""), "2026-11-20T19:00:00Z");
    assert_eq!(due("calendar = 'office'"), "2026-11-23T11:00:00Z");
    let office = rules("calendar = 'office'\nwarn_after_hours = 2");
    assert_eq!(office.warns(friday()).unwrap().to_string(), "2026-11-23T09:00:00Z");
    assert_eq!(rules("").warns(friday()), None);
    let monday = Instant::parse("2026-11-23T08:00:00Z").unwrap();
    assert_eq!(office.left(monday, office.due(friday())), Duration::from_hours(3));
    assert_eq!(office.left(friday(), office.due(friday())), Duration::from_hours(4));
}

#[test]
fn each_stage_asks_more_people_and_takes_nobody_away() {
    let asks = rules("fallback = ['person:mei']\nescalation = ['administrator']");
    assert!(asks.asked_by(ClockStage::First).is_empty());
    assert_eq!(asks.asked_by(ClockStage::Fallback), ["person:mei"]);
    assert_eq!(asks.asked_by(ClockStage::Escalation), ["person:mei", "administrator"]);
    let by = |name, role, owns| Approver {
        person: PersonId::new(NOW, [1; 10]),
        for_whom: None,
        name,
        role,
        owns,
        approves: false,
    };
    let step = |stage| vec![passed_on("owner", &asks.asked_by(stage))];
    for (stage, owner, mei, administrator, other) in [
        (ClockStage::First, true, false, false, false),
        (ClockStage::Fallback, true, true, false, false),
        (ClockStage::Escalation, true, true, true, false),
    ] {
        let steps = step(stage);
        assert_eq!(decides_step(&steps, 0, &by("ravi", Role::Owner, true)), owner, "{stage}");
        assert_eq!(decides_step(&steps, 0, &by("mei", Role::Operator, false)), mei, "{stage}");
        assert_eq!(
            decides_step(&steps, 0, &by("asha", Role::Administrator, false)),
            administrator,
            "{stage}"
        );
        assert_eq!(decides_step(&steps, 0, &by("noor", Role::Operator, false)), other, "{stage}");
    }
    assert_eq!(
        asked_in_words(&step(ClockStage::Escalation)),
        "an owner of the identity, or mei, or an administrator"
    );
}

#[test]
fn what_stood_still_has_as_much_time_as_was_left_in_its_hours() {
    let instant = |given: &str| Instant::parse(given).unwrap();
    // Two of its four hours are left on Monday at ten; on Thursday at four in the afternoon it goes on.
    let (since, again) = (instant("2026-11-23T09:00:00Z"), instant("2026-11-26T15:00:00Z"));
    let moved = |rules: &ClockRules, then: &str| rules.moved(instant(then), since, again).to_string();
    let office = rules("calendar = 'office'");
    assert_eq!(moved(&office, "2026-11-23T11:00:00Z"), "2026-11-27T09:00:00Z");
    assert_eq!(moved(&rules(""), "2026-11-23T11:00:00Z"), "2026-11-26T17:00:00Z");
    // What was over before it stood still has no time left.
    assert_eq!(moved(&rules(""), "2026-11-23T08:00:00Z"), "2026-11-26T15:00:00Z");
}

fn check(rest: &str, calendars: &str, expected: &str) {
    let faults = read(&level(rest), calendars).unwrap_err();
    assert!(faults.iter().any(|one| one.contains(expected)), "{rest}: {faults:?}");
}

#[test]
fn what_cannot_be_kept_is_refused_with_what_to_write() {
    check("calendar = 'ofice'", CALENDARS, "`ofice` is no calendar; those there are: office");
    check("warn_after_hours = 4", CALENDARS, "it comes before the 4 hours are over");
    check("classes = ['app']", CALENDARS, "`app` is no class");
    check("fallback = ['owner']", CALENDARS, "`owner` decides nothing");
    check("fallback = [\"person:a\\nadministrator\"]", CALENDARS, "decides nothing");
    check("fallback = ['operator']\nescalation = ['operator']", CALENDARS, "`escalation` names nobody else");
    let handoff = |rest: &str| read(&level(rest).replace("'plan'", "'handoff'"), "");
    assert!(
        handoff("fallback = ['operator']").unwrap_err()[0]
            .contains("by whom it was offered to and nobody else")
    );
    assert!(handoff("warn_after_hours = 2").is_ok());
    assert!(
        handoff("pause_days_max = 2").unwrap_err()[0].contains("does not move; leave `pause_days_max` out")
    );
    let review = |rest: &str| read(&level(rest).replace("'plan'", "'review'"), CALENDARS);
    for field in
        ["fallback = ['operator']", "escalation = ['operator']", "warn_after_hours = 2", "pause_days_max = 2"]
    {
        let name = field.split(' ').next().unwrap();
        assert!(review(field).unwrap_err()[0].contains(&format!("leave `{name}` out")), "{field}");
    }
    assert!(review("calendar = 'office'\nclasses = []\ntiers = ['high']").is_ok());
    check("pause_days_max = 0", CALENDARS, "it must be from 1 to 90, or left out");
    check("pause_days_max = 91", CALENDARS, "it must be from 1 to 90, or left out");
    assert_eq!(rules("pause_days_max = 90").level.pause_days_max, Some(90));
    check("tiers = ['highest']", CALENDARS, "highest");
    let twice = level("") + &level("");
    assert!(read(&twice, "").unwrap_err()[0].contains("`one` names another service_level as well"));
    let hours = level("").replace("within_hours = 4", "within_hours = 2001");
    assert!(read(&hours, "").unwrap_err()[0].contains("it must be from 1 to 2000"));
    let sunday = |week: u64| {
        let day = Instant::parse("2026-11-22T00:00:00Z").unwrap().plus(Duration::from_hours(24 * 7 * week));
        format!("'{}'", &day.to_string()[..10])
    };
    let shut = |weeks: u64| {
        let holidays = (0..weeks).map(sunday).collect::<Vec<_>>().join(", ");
        CALENDARS.replace("mon-fri 09:00-17:00", "sun 09:00-17:00") + &format!("holidays = [{holidays}]\n")
    };
    check("calendar = 'office'", &shut(600), "`office` is closed for ten years");
    assert!(read(&level("calendar = 'office'"), &shut(60)).is_ok());
}

#[test]
fn how_long_a_handoff_waits_is_the_programmes_word() {
    let days = |rest: &str| read(rest, "").map(|programme| programme.handoffs.accepted_within_days);
    assert_eq!((days(""), days("[handoffs]\naccepted_within_days = 3\n")), (Ok(7), Ok(3)));
    let why = days("[handoffs]\naccepted_within_days = 91\n").unwrap_err();
    assert!(why[0].contains("`handoffs.accepted_within_days` is 91; it must be from 1 to 90"), "{why:?}");
}
