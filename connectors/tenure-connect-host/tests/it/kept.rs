//! Identities of copies from survey to survey: which of them stays, whatever is copied, changed or taken away.
//!
//! Each test changes files between two surveys, with what the first one left in the inventory, and looks at the keys.
//! Bob's home sorts behind ada's where he is the one copied from, so that the order of names would decide wrongly.

use crate::machine::Machine;
use crate::surveyed::{Recorder, small, survey, survey_knowing, token};
use tenure_model::PrincipalKind;

const OF_BOB: &str = "copy:/srv/bob/.netrc#ci";
const OF_ADA: &str = "copy:/srv/ada/.netrc#ci";

/// Keys of all identities of copies, with name and number of copies.
fn identities(seen: &Recorder) -> Vec<(String, String, usize)> {
    let of_copies = seen.principals().filter(|one| one.kind == PrincipalKind::External);
    let mut all: Vec<_> =
        of_copies.map(|one| (one.key.0.clone(), one.name.clone(), seen.places_of(&one.name).len())).collect();
    all.sort();
    all
}

fn check(seen: &Recorder, expect: &[(&str, &str, usize)]) {
    let expect: Vec<_> =
        expect.iter().map(|(key, name, copies)| ((*key).to_owned(), (*name).to_owned(), *copies)).collect();
    assert_eq!(identities(seen), expect);
}

fn value_of(seen: &Recorder, key: &str) -> Option<String> {
    seen.credentials().find(|one| one.principal.0 == key).unwrap().fingerprint.clone()
}

/// A login of bob's, as the first survey sees it.
fn of_bob() -> (Machine, String, Recorder) {
    let mut machine = small();
    let login = token(&mut machine);
    machine.put("srv/bob/.netrc", 0o666, &login);
    let before = survey(&machine);
    check(&before, &[(OF_BOB, "~bob/.netrc[ci]", 1)]);
    (machine, login, before)
}

#[test]
fn a_new_copy_takes_neither_key_nor_name_though_it_sorts_first() {
    let (mut machine, login, before) = of_bob();
    machine.put("srv/ada/.netrc", 0o600, &login);
    let copied = survey_knowing(&machine, &before);
    check(&copied, &[(OF_BOB, "~bob/.netrc[ci]", 2)]);
    check(&survey_knowing(&machine, &copied), &[(OF_BOB, "~bob/.netrc[ci]", 2)]);
    // Where nothing was known before, names decide.
    check(&survey(&machine), &[(OF_ADA, "~ada/.netrc[ci]", 2)]);
}

#[test]
fn a_copy_made_of_a_value_that_was_just_changed_takes_nothing_either() {
    let (mut machine, _, before) = of_bob();
    let second = token(&mut machine);
    machine.put("srv/bob/.netrc", 0o666, &second);
    machine.put("srv/ada/.netrc", 0o600, &second);
    let after = survey_knowing(&machine, &before);
    check(&after, &[(OF_BOB, "~bob/.netrc[ci]", 2)]);
    assert_ne!(value_of(&before, OF_BOB), value_of(&after, OF_BOB));
}

#[test]
fn a_value_that_is_changed_in_place_keeps_its_identity_and_a_stale_copy_is_another() {
    let (mut machine, login, before) = of_bob();
    machine.put("srv/ada/.netrc", 0o600, &login);
    let copied = survey_knowing(&machine, &before);
    let second = token(&mut machine);
    machine.put("srv/bob/.netrc", 0o666, second);
    let rotated = survey_knowing(&machine, &copied);
    check(&rotated, &[(OF_ADA, "~ada/.netrc[ci]", 1), (OF_BOB, "~bob/.netrc[ci]", 1)]);
    assert_eq!(value_of(&rotated, OF_ADA), value_of(&before, OF_BOB));
    assert_ne!(value_of(&rotated, OF_BOB), value_of(&before, OF_BOB));
}

#[test]
fn where_the_first_place_is_gone_the_identity_goes_on_at_a_copy_and_is_renamed() {
    let (mut machine, login, before) = of_bob();
    machine.put("srv/ada/.netrc", 0o600, &login);
    let copied = survey_knowing(&machine, &before);
    std::fs::remove_file(machine.path("srv/bob/.netrc")).unwrap();
    let moved = survey_knowing(&machine, &copied);
    check(&moved, &[(OF_BOB, "~ada/.netrc[ci]", 1)]);
    // Nothing of the value is left: neither is the identity, and another value at the copy is another one.
    let second = token(&mut machine);
    machine.put("srv/ada/.netrc", 0o600, second);
    check(&survey_knowing(&machine, &moved), &[(OF_ADA, "~ada/.netrc[ci]", 1)]);
}

#[test]
fn two_known_identities_that_get_one_new_value_both_stay() {
    let (mut machine, _, _) = of_bob();
    let other = token(&mut machine);
    machine.put("srv/ada/.netrc", 0o600, other);
    let before = survey(&machine);
    let both = [(OF_ADA, "~ada/.netrc[ci]", 1), (OF_BOB, "~bob/.netrc[ci]", 1)];
    check(&before, &both);
    let second = token(&mut machine);
    machine.put("srv/bob/.netrc", 0o666, &second);
    machine.put("srv/ada/.netrc", 0o600, &second);
    let same = survey_knowing(&machine, &before);
    check(&same, &both);
    check(&survey_knowing(&machine, &same), &both);
}

#[test]
fn a_file_that_becomes_a_copy_of_another_known_one_is_that_one() {
    let (mut machine, login, _) = of_bob();
    let other = token(&mut machine);
    machine.put("srv/ada/.netrc", 0o600, other);
    let before = survey(&machine);
    machine.put("srv/ada/.netrc", 0o600, &login);
    check(&survey_knowing(&machine, &before), &[(OF_BOB, "~bob/.netrc[ci]", 2)]);
}
