//! What mapping does when its time is over: a clock that is over from a certain question on.

use super::observations;
use crate::found::{Found, FoundMark, Reading};
use crate::item::ThingKind;
use crate::limits::{Budget, Limits};
use crate::open::FileFacts;
use crate::place::Place;
use core::cell::Cell;
use std::time::Duration;
use tenure_model::{Completeness, Facts, names};

/// Things of one kind in a reading.
const MANY: u64 = 200;

fn many_of(kind: ThingKind) -> Reading {
    let thing = |number: u64| Found {
        kind,
        place: Place::parse(b"home/mallory/.env").unwrap(),
        line: None,
        account: Some(String::from("mallory")),
        whose: format!("A_TOKEN_{number}"),
        towards: None,
        description: String::from("a thing"),
        // Half of them are copies of one another.
        mark: Some(FoundMark::Value(format!("test:{}", number / 2 * (number % 2)))),
        file: FileFacts { mode: 0o600, uid: 1, gid: 1, bytes: 1, modified_seconds: 0, links: 1 },
        facts: Facts::from([(names::PLACE.to_owned(), tenure_model::Fact::Flag(true))]),
        problems: Vec::new(),
    };
    Reading { found: (0..MANY).map(thing).collect(), ..Reading::default() }
}

/// What is said, how many extents are whole, and how often the clock was asked.
fn mapped(reading: &Reading, questions: u64) -> (usize, usize, u64) {
    let asked = Cell::new(0);
    let elapsed = || {
        asked.set(asked.get() + 1);
        if asked.get() > questions { Duration::MAX } else { Duration::ZERO }
    };
    let said =
        observations(reading, &crate::map::Known::new(), "ask", &Budget::new(Limits::default(), &elapsed));
    let whole = said.iter().filter(|(_, content)| content.completeness == Completeness::Whole).count();
    (said.iter().map(|(_, content)| content.observations.len()).sum(), whole, asked.get())
}

#[test]
fn without_time_nothing_is_mapped_but_the_machine_whatever_was_found() {
    for kind in ThingKind::ALL {
        let reading = many_of(*kind);
        let (said, whole, asked) = mapped(&reading, 0);
        assert_eq!((said, whole), (1, 0), "{kind}");
        assert!(asked < 40, "each loop asks once and ends: {asked} for {kind}");
        let (_, whole, asked) = mapped(&reading, u64::MAX);
        assert!(whole > 0 && asked > MANY, "{kind} {whole} {asked}");
    }
}

#[test]
fn time_that_ends_while_mapping_leaves_the_rest_out_and_says_so() {
    let reading = many_of(ThingKind::EnvironmentSecret);
    let (all, _, questions) = mapped(&reading, u64::MAX);
    for time_for in 0..questions {
        let (said, whole, asked) = mapped(&reading, time_for);
        assert!(said <= all && whole == 0, "after {time_for} of {questions}: {said} of {all}");
        assert!(asked - time_for < 40, "{asked} after {time_for}");
    }
}
