//! The planted machine: every kind of real item, and look-alikes beside them.

mod assistants;
mod cloud;
mod keys;
mod open;
mod packages;
mod services;
mod system;

use crate::machine::Machine;
use tenure_connect_host::{Limits, Problem, Way};

pub(crate) fn machine() -> Machine {
    let mut machine = Machine::new(20_261_122);
    system::plant(&mut machine);
    services::plant(&mut machine);
    keys::plant(&mut machine);
    open::plant(&mut machine);
    cloud::plant(&mut machine);
    packages::plant(&mut machine);
    assistants::plant(&mut machine);
    machine
}

#[test]
fn a_planted_machine_is_found_whole_and_nothing_else_is() {
    let machine = machine();
    let reading = machine.read();
    let score = machine.score(&reading);
    assert!(score.recall_percent() >= 97, "missed: {:#?}", score.missed);
    assert!(score.precision_percent() >= 95, "false: {:#?}", score.false_ones);
    assert!(score.kinds() >= 40);
    insta::assert_snapshot!("found_missed_false", score.table());
}

#[test]
fn what_others_may_read_or_change_is_said_of_the_files_it_was_planted_in_and_of_no_other() {
    let machine = machine();
    let of = [
        Problem::ReadableByOthers,
        Problem::WritableByOthers,
        Problem::ReplaceableByOthers,
        Problem::Unencrypted,
    ];
    insta::assert_snapshot!("problems_found_missed_false", machine.score_problems(&of, &machine.read()));
}

#[test]
fn nothing_is_found_in_a_look_alike() {
    let machine = machine();
    let reading = machine.read();
    for place in &machine.harmless {
        let found: Vec<_> = reading.found.iter().filter(|found| found.place.to_string() == *place).collect();
        assert!(found.is_empty(), "{found:#?}");
    }
}

#[test]
fn no_secret_is_shown_anywhere() {
    let machine = machine();
    let reading = machine.read();
    let shown = format!("{reading:?} {reading:#?}");
    assert!(machine.secrets.len() > 5);
    for secret in &machine.secrets {
        assert!(!shown.contains(secret.as_str()), "a planted secret is shown");
    }
    for found in &reading.found {
        assert!(!found.description.contains('\n'), "{}", found.description);
    }
}

#[test]
fn both_ways_to_open_files_read_the_same_and_twice_gives_the_same_order() {
    let machine = machine();
    let by_kernel = machine.read();
    assert_eq!(by_kernel, machine.read());
    assert_eq!(by_kernel, machine.read_with(Limits::default(), Way::Steps));
    assert_eq!(by_kernel.ended_by, None);
}
