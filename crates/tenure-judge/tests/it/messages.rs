//! Messages: who is told of what, and when; what every setting changes, and what is refused.
//!
//! A setting without a test here must never be added. Next: `service_levels.rs`.

use std::time::Duration;
use tenure_judge::{Programme, ProgrammeFiles, Tellable, Told};
use tenure_model::{Instant, MessageKind, RiskTier};

const CALENDARS: &str =
    "[[calendar]]\nid = 'office'\ntime_zone = 'Europe/Berlin'\nhours = ['mon-fri 09:00-17:00']\n";
const HOUR: Duration = Duration::from_hours(1);

fn read(rules: &str) -> Result<Programme, Vec<String>> {
    let main = format!("version = 1\n[messages]\n{rules}\n");
    let all = [("programme.toml", main), ("calendars.toml", CALENDARS.to_owned())];
    let files = ProgrammeFiles(all.into_iter().map(|(name, text)| (name.to_owned(), text)).collect());
    Programme::read(&files).map_err(|faults| faults.iter().map(ToString::to_string).collect())
}

fn at(given: &str) -> Instant {
    Instant::parse(given).unwrap()
}

/// Monday, noon in Berlin.
fn noon() -> Instant {
    at("2026-11-23T11:00:00Z")
}

fn one(key: &str, tier: RiskTier, overdue: bool) -> Tellable {
    Tellable { key: key.to_owned(), tier: Some(tier), overdue }
}

fn told(keys: &[&str], last_digest: Option<Instant>, this_week: u32) -> Told {
    Told { keys: keys.iter().map(|key| (*key).to_owned()).collect(), last_digest, this_week }
}

#[test]
fn a_digest_tells_of_everything_new_at_once_and_of_nothing_twice() {
    let programme = read("").unwrap();
    let waiting = [one("a", RiskTier::Low, false), one("b", RiskTier::Critical, true)];
    let tells = |told: &Told| programme.tells(noon(), told, &waiting);
    assert_eq!(tells(&Told::default()), Some((MessageKind::Digest, vec![0, 1])));
    assert_eq!(tells(&told(&["b"], None, 0)), Some((MessageKind::Digest, vec![0])));
    assert_eq!(tells(&told(&["a", "b"], None, 0)), None);
    assert_eq!(programme.tells(noon(), &Told::default(), &[]), None);
}

#[test]
fn between_two_digests_only_what_is_urgent_is_told() {
    let programme = read("").unwrap();
    let waiting = [
        one("low", RiskTier::Low, false),
        one("critical", RiskTier::Critical, false),
        one("late", RiskTier::Low, true),
    ];
    let last = |hours: u32| told(&[], Some(noon().minus(HOUR * hours)), 1);
    assert_eq!(programme.tells(noon(), &last(19), &waiting), Some((MessageKind::Urgent, vec![1, 2])));
    assert_eq!(programme.tells(noon(), &last(20), &waiting), Some((MessageKind::Digest, vec![0, 1, 2])));
    assert_eq!(programme.tells(noon(), &last(19), &waiting[..1]), None);
    let often = read("digest_every_hours = 2").unwrap();
    assert_eq!(often.tells(noon(), &last(2), &waiting[..1]), Some((MessageKind::Digest, vec![0])));
    let other = read("urgent_tiers = ['low']").unwrap();
    assert_eq!(other.tells(noon(), &last(1), &waiting[..2]), Some((MessageKind::Urgent, vec![0])));
}

#[test]
fn outside_of_the_calendar_it_is_quiet_but_for_urgent_tiers() {
    let programme = read("calendar = 'office'").unwrap();
    let waiting = [one("critical", RiskTier::Critical, false), one("late", RiskTier::Low, true)];
    let night = at("2026-11-23T02:00:00Z");
    assert_eq!(programme.tells(night, &Told::default(), &waiting), Some((MessageKind::Urgent, vec![0])));
    assert_eq!(programme.tells(night, &Told::default(), &waiting[1..]), None);
    assert_eq!(programme.tells(noon(), &Told::default(), &waiting), Some((MessageKind::Digest, vec![0, 1])));
    // The twin without a calendar has no night.
    let around = read("").unwrap();
    assert_eq!(around.tells(night, &Told::default(), &waiting[1..]), Some((MessageKind::Digest, vec![0])));
}

#[test]
fn a_week_that_is_used_up_leaves_the_digest() {
    let programme = read("weekly_max = 3").unwrap();
    let waiting = [one("critical", RiskTier::Critical, true)];
    let so_far = |count: u32, hours: u32| told(&[], Some(noon().minus(HOUR * hours)), count);
    assert!(programme.tells(noon(), &so_far(2, 1), &waiting).is_some());
    assert_eq!(programme.tells(noon(), &so_far(3, 1), &waiting), None);
    assert_eq!(programme.tells(noon(), &so_far(3, 20), &waiting), Some((MessageKind::Digest, vec![0])));
}

#[test]
fn what_cannot_be_kept_is_refused() {
    for (rules, expected) in [
        ("calendar = 'ofice'", "`ofice` is no calendar; those there are: office"),
        ("digest_every_hours = 0", "messages.digest_every_hours"),
        ("digest_every_hours = 169", "messages.digest_every_hours"),
        ("weekly_max = 0", "messages.weekly_max"),
        ("weekly_max = 201", "messages.weekly_max"),
        ("remind_days = 0", "messages.remind_days"),
        ("remind_days = 91", "messages.remind_days"),
        ("urgent_tiers = ['highest']", "highest"),
        ("quiet = true", "quiet"),
    ] {
        let faults = read(rules).unwrap_err();
        assert!(faults.iter().any(|one| one.contains(expected)), "{rules}: {faults:?}");
    }
}
