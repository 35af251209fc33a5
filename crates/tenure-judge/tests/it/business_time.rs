//! Business time against a second writing that asks of every tenth minute, where clocks are put forward and back too.
//!
//! The second writing knows nothing but `is_at_work`; there, spans and starts fall on tenth minutes, too. A drawn calendar here must never be a tidy one only: spans overlap,
//! days go over the end of the week, and holidays fall anywhere. Next: `crates/tenure-judge/src/programme/business_time.rs`.

use proptest::prelude::*;
use std::time::Duration;
use tenure_judge::Calendar;
use tenure_model::Instant;

const MINUTE: Duration = Duration::from_mins(1);
/// How often the second writing asks, in minutes, and how many times.
const STEP: u64 = 10;
const LOOKS: u64 = 3 * 24 * 60 / STEP;
/// Zones, and days around which their clocks are put forward or back; one that never is.
const PLACES: [(&str, &str); 7] = [
    ("Europe/Berlin", "2026-03-28T20:00:00Z"),
    ("Europe/Berlin", "2026-10-24T20:00:00Z"),
    ("America/New_York", "2026-03-07T20:00:00Z"),
    ("America/New_York", "2026-10-31T20:00:00Z"),
    ("Australia/Lord_Howe", "2026-04-04T02:00:00Z"),
    ("Australia/Lord_Howe", "2026-10-03T02:00:00Z"),
    ("Asia/Kolkata", "2026-11-20T20:00:00Z"),
];

fn at(given: &str) -> Instant {
    Instant::parse(given).unwrap()
}

fn calendar(zone: &str, hours: &[String], holidays: &[String]) -> Calendar {
    let quoted = |all: &[String]| all.iter().map(|one| format!("'{one}'")).collect::<Vec<_>>().join(", ");
    let (hours, holidays) = (quoted(hours), quoted(holidays));
    toml::from_str(&format!("id = 'drawn'\ntime_zone = '{zone}'\nhours = [{hours}]\nholidays = [{holidays}]"))
        .unwrap()
}

fn office(zone: &str, holidays: &[&str]) -> Calendar {
    let holidays: Vec<String> = holidays.iter().map(|day| (*day).to_owned()).collect();
    calendar(zone, &[String::from("mon-fri 09:00-17:00")], &holidays)
}

/// From 1 to 4 spans, which may overlap and go over the end of the week.
fn spans() -> impl Strategy<Value = Vec<String>> {
    let day = prop::sample::select(vec!["mon", "tue", "wed", "thu", "fri", "sat", "sun"]);
    let span = (day.clone(), day, 0_u16..144, 1_u16..144).prop_map(|(first, last, from, length)| {
        let (from, to) = (from * 10, (from + length).min(144) * 10);
        format!("{first}-{last} {:02}:{:02}-{:02}:{:02}", from / 60, from % 60, to / 60, to % 60)
    });
    prop::collection::vec(span, 1..5)
}

/// A place, a start within two days after its clock's change begins to be near, spans and holidays.
fn drawn() -> impl Strategy<Value = (Calendar, Instant)> {
    (0_usize..PLACES.len(), 0_u32..144, spans(), prop::collection::vec(0_u64..5, 0..2)).prop_map(
        |(place, tens, spans, off)| {
            let (zone, near) = PLACES[place];
            let day = |days: &u64| {
                let day = at(near).plus(Duration::from_hours(24 * days)).to_string();
                day[..10].to_owned()
            };
            let holidays: Vec<String> = off.iter().map(day).collect();
            (calendar(zone, &spans, &holidays), at(near).plus(MINUTE * 10 * tens))
        },
    )
}

fn steps(many: u64) -> Duration {
    Duration::from_mins(STEP * many)
}

/// Whether somebody is at work, one step after the other, by asking of each.
fn naive(calendar: &Calendar, start: Instant) -> Vec<bool> {
    (0..LOOKS).map(|step| calendar.is_at_work(start.plus(steps(step)))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn it_is_what_asking_again_and_again_says((calendar, start) in drawn(), work in 1_u64..100) {
        let asked = naive(&calendar, start);
        let count =
            |until: u64| asked[..usize::try_from(until).unwrap()].iter().filter(|open| **open).count() as u64;
        for until in [0, 1, 6, 60, 145, LOOKS] {
            let said = calendar.between(start, start.plus(steps(until)));
            prop_assert_eq!(said, steps(count(until)), "{} steps from {}", until, start);
        }
        let found = (1..=LOOKS).find(|until| count(*until) == work);
        let said = calendar.after(start, steps(work));
        match found {
            Some(until) => prop_assert_eq!(said, Some(start.plus(steps(until)))),
            None => prop_assert!(said.is_none_or(|due| due > start.plus(steps(LOOKS)))),
        }
    }
}

proptest! {
    #[test]
    fn more_work_is_never_over_sooner_and_what_it_took_is_what_was_asked(
        (calendar, start) in drawn(),
        first in 0_u64..10_000_000_000,
        more in 0_u64..200_000_000_000,
    ) {
        let (less, all) = (Duration::from_micros(first), Duration::from_micros(first + more));
        if let (Some(sooner), Some(later)) = (calendar.after(start, less), calendar.after(start, all)) {
            prop_assert!(start <= sooner && sooner <= later);
            prop_assert_eq!(calendar.between(start, later), all);
            prop_assert_eq!(calendar.between(start, sooner) + calendar.between(sooner, later), all);
            // Somebody is at work right before it is over: it is over within open hours or as they end.
            let before = Instant::from_micros(later.as_micros() - 1);
            prop_assert!(all.is_zero() || calendar.is_at_work(before), "{} is over in closed hours", later);
        }
    }

    #[test]
    fn a_start_that_is_later_is_never_over_sooner(
        (calendar, start) in drawn(),
        wait in 0_u64..10_000_000_000,
        work in 0_u64..200_000_000_000,
    ) {
        let work = Duration::from_micros(work);
        let later = start.plus(Duration::from_micros(wait));
        if let (Some(first), Some(second)) = (calendar.after(start, work), calendar.after(later, work)) {
            prop_assert!(first <= second);
        }
    }
}

fn check(calendar: &Calendar, start: &str, hours: u64, expected: &str) {
    let due = calendar.after(at(start), Duration::from_hours(hours)).map(|due| due.to_string());
    assert_eq!(due.as_deref(), Some(expected), "{hours} hours from {start}");
}

#[test]
fn a_weekend_and_a_holiday_are_passed_over() {
    // A Friday, 16:00 in Berlin.
    check(&office("Europe/Berlin", &[]), "2026-11-20T15:00:00Z", 1, "2026-11-20T16:00:00Z");
    check(&office("Europe/Berlin", &[]), "2026-11-20T15:00:00Z", 2, "2026-11-23T09:00:00Z");
    check(&office("Europe/Berlin", &["2026-11-23"]), "2026-11-20T15:00:00Z", 2, "2026-11-24T09:00:00Z");
    check(&office("Asia/Kolkata", &[]), "2026-11-21T00:00:00Z", 1, "2026-11-23T04:30:00Z");
}

#[test]
fn an_hour_that_comes_twice_counts_twice_and_one_that_is_left_out_for_nothing() {
    let nights = |zone| calendar(zone, &[String::from("mon-sun 01:00-04:00")], &[]);
    let night = |calendar: &Calendar, from, to| calendar.between(at(from), at(to));
    let berlin = nights("Europe/Berlin");
    assert_eq!(night(&berlin, "2026-10-24T22:00:00Z", "2026-10-25T12:00:00Z"), Duration::from_hours(4));
    assert_eq!(night(&berlin, "2026-03-28T23:00:00Z", "2026-03-29T12:00:00Z"), Duration::from_hours(2));
    assert_eq!(night(&berlin, "2026-06-01T22:00:00Z", "2026-06-02T12:00:00Z"), Duration::from_hours(3));
    // Half an hour, on this island.
    let island = nights("Australia/Lord_Howe");
    assert_eq!(night(&island, "2026-04-04T12:00:00Z", "2026-04-05T02:00:00Z"), Duration::from_mins(210));
    assert_eq!(night(&island, "2026-10-03T12:00:00Z", "2026-10-04T02:00:00Z"), Duration::from_mins(150));
}

#[test]
fn what_is_open_on_holidays_only_is_over_never() {
    let sundays = |weeks: u64| {
        let day = |week| at("2026-11-22T00:00:00Z").plus(Duration::from_hours(24 * 7 * week)).to_string();
        let holidays: Vec<String> = (0..weeks).map(|week| day(week)[..10].to_owned()).collect();
        calendar("Europe/Berlin", &[String::from("sun 10:00-11:00")], &holidays)
    };
    let start = at("2026-11-20T00:00:00Z");
    assert_eq!(sundays(600).after(start, MINUTE), None);
    assert!(!sundays(600).is_ever_open(start));
    assert!(sundays(5).is_ever_open(start));
    assert_eq!(sundays(5).after(start, MINUTE), Some(at("2026-12-27T09:01:00Z")));
    assert_eq!(sundays(5).after(start, Duration::ZERO), Some(start));
    assert_eq!(sundays(5).between(start, start.minus(MINUTE)), Duration::ZERO);
}
