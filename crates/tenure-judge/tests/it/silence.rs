//! What follows where nothing but silence speaks against an identity, and what of that is said to people.
//!
//! Each case that is held has a twin that is not. Next: `src/silence.rs`.

use crate::dossiers::{NOW, any_dossier, dossier};
use proptest::prelude::*;
use tenure_judge::{Judge, OpenSince, Programme, held_by_silence};

const CONTROL: &str = "NHI1:2025";
const OWNED: &str = "business_owner = true\ntechnical_owner = true\n";
const WATCHED: &str = "[[principals]]\nname = \"app\"\nwatched_days_ago = 200\n";
const UNWATCHED: &str = "[[principals]]\nname = \"app\"\n";

fn judge() -> Judge {
    let text =
        "version = 1\n[thresholds]\nreview_days_max = 90\n[thresholds.grace_days]\nhigh = 0\nmedium = 0\n";
    Judge::new(&Programme::parse(text).unwrap()).unwrap()
}

fn held(brief: &str) -> Option<String> {
    let (judge, dossier) = (judge(), dossier(brief));
    let explained = judge.explain(&dossier, &OpenSince::new(), NOW).unwrap();
    held_by_silence(&dossier, &explained, CONTROL)
}

#[test]
fn silence_alone_holds_where_a_use_may_have_been_missed_and_not_where_every_use_would_have_been_seen() {
    let missed = |principals: &str| format!("{OWNED}review_missed_days_ago = 3\n{principals}");
    let why = held(&missed(UNWATCHED)).unwrap();
    assert_eq!(
        why,
        "only that nobody answered speaks against it, and whether it is used is not known: a use can be missed here"
    );
    assert_eq!(
        held(&missed(WATCHED)),
        None,
        "nobody used it for 200 days, and everybody would have been seen"
    );
    let used = "uses = [{ consumer = \"10.0.3.7 (etl)\", days_ago = 2, count = 3 }]\n";
    let why = held(&missed(&format!("{WATCHED}{used}"))).unwrap();
    assert!(why.contains("it may be in use: last used"), "{why}");
    assert!(held(&missed(&WATCHED.replace("200", "20"))).is_some(), "watched for too short a time");
    assert!(held(&missed(&format!("{WATCHED}{UNWATCHED}"))).is_some(), "the other principal is not watched");
}

#[test]
fn a_cadence_that_ran_out_is_silence_and_an_answer_is_none() {
    let asked = |more: &str| format!("{OWNED}enrolled_days_ago = 400\n{more}{UNWATCHED}");
    assert!(held(&asked("")).is_some(), "nobody confirmed it");
    assert!(held(&asked("confirmed = { days_ago = 200 }\n")).is_some(), "nobody confirmed it again");
    let denied = "confirmed = { days_ago = 3, denied = \"it is not needed any more\" }\n";
    assert_eq!(held(&asked(denied)), None, "somebody said that it is not needed");
    let missed = "review_missed_days_ago = 3\n";
    assert!(held(&asked(missed)).is_some(), "asked twice in vain is silence still");
    assert_eq!(held(&asked(&format!("{missed}{denied}"))), None);
}

#[test]
fn more_than_silence_is_not_held_and_what_does_not_lapse_has_nothing_to_hold() {
    let ended = format!("{OWNED}review_missed_days_ago = 3\nexpires_in_days = -3\n{UNWATCHED}");
    assert_eq!(held(&ended), None, "its charter ended");
    assert_eq!(held(&format!("{OWNED}{UNWATCHED}")), None, "nothing fails");
    let gone = format!("{OWNED}review_missed_days_ago = 3\n{UNWATCHED}presence = \"gone\"\n");
    assert_eq!(held(&gone), None, "nothing fails of what is gone");
}

proptest! {
    #[test]
    fn nothing_that_may_be_in_use_goes_further_because_nobody_answered(dossier in any_dossier()) {
        let explained = judge().explain(&dossier, &OpenSince::new(), NOW).unwrap();
        let lapsed: Vec<&str> = explained.judgement.conditions.iter()
            .filter(|one| one.control == CONTROL && one.lapsed && one.counts())
            .map(|one| one.policy.as_str())
            .collect();
        let every_use_seen = dossier.principals.iter()
            .all(|one| one.use_coverage.is_none() && one.use_watched_since.is_some());
        if lapsed == ["review_missed"] && !every_use_seen {
            prop_assert!(held_by_silence(&dossier, &explained, CONTROL).is_some());
        }
    }
}
