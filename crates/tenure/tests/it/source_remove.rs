//! A source is removed after what hangs on it was said, and its name was given once more.

use crate::{
    not_ended::with_a_machine,
    prompts::{Typing, there_is_a_terminal},
};

#[test]
fn what_hangs_on_a_source_is_said_before_it_is_removed_and_without_its_name_it_stays() {
    let place = with_a_machine();
    let plan = place.done(&["plan", "revoke", "box/deploy/key:ci@build", "--reason", "test", "--quiet"]).out;
    let previewed = place.done(&["source", "remove", "box", "--preview"]);
    let said = previewed.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("they are unobserved without it") && said.contains("open findings"), "{said}");
    let proposed = format!("Plan {} about `deploy/key:ci@build` can then not be carried out", plan.trim());
    assert!(said.contains(&proposed), "{said}");
    let undecided = place.run(&["source", "remove", "box"]).ended(4);
    assert!(undecided.err.contains("they are unobserved without it"), "{undecided:?}");
    assert!(undecided.err.contains("tenure source remove box --yes box"), "{undecided:?}");
    let other = place.run(&["source", "remove", "box", "--yes", "bx"]).ended(2);
    assert!(other.err.contains("--yes names `bx`, but this is about `box`"), "{other:?}");
    assert!(place.done(&["source", "list"]).out.contains("box"), "it is still there");
    let removed = place.done(&["source", "remove", "box", "--yes", "box"]);
    assert!(removed.out.contains("Removed source `box`"), "{removed:?}");
    assert!(place.done(&["identities"]).out.contains("unobserved"));
    assert!(place.run(&["source", "remove", "box", "--preview"]).ended(1).err.contains("tenure source list"));
}

#[test]
fn names_that_nobody_has_say_where_names_are_and_other_refusals_what_to_do() {
    let place = with_a_machine();
    let table: &[(&[&str], &str)] = &[
        (&["show", "nobody"], "tenure identities lists"),
        (&["explain", "nobody"], "tenure identities lists"),
        (&["own", "nobody", "--purpose", "x"], "tenure identities lists"),
        (&["revoke", "nobody", "--reason", "x", "--yes", "nobody"], "tenure identities lists"),
        (&["plan", "disable", "nobody", "--reason", "x"], "tenure identities lists"),
        (&["survey", "nowhere"], "tenure source list"),
        (&["source", "check", "nowhere"], "tenure source list"),
        (&["source", "set", "nowhere", "lag-seconds=1"], "tenure source list"),
        (&["apply", "nothing", "--yes", "x"], "tenure plans lists"),
        (&["proof", "nothing"], "tenure plans lists"),
        (&["undo", "nothing"], "tenure plans lists"),
        (&["dismiss", "nothing"], "tenure findings lists"),
        (&["people", "role", "nobody", "owner"], "tenure people list"),
        (&["people", "token", "nobody"], "tenure people list"),
    ];
    for (command, next) in table {
        let refused = place.run(command).ended(1);
        assert!(refused.err.contains(&format!("next: {next}")), "{command:?}: {refused:?}");
    }
    let moved = place.run(&["source", "set", "box", "host:///elsewhere?a=b"]).ended(2);
    assert!(moved.err.contains("--point POINT=URL") && !moved.err.contains("elsewhere"), "{moved:?}");
    let plan = place.done(&["plan", "revoke", "box/deploy/key:ci@build", "--reason", "test", "--quiet"]).out;
    place.done(&["undo", plan.trim()]);
    let again = place.run(&["undo", plan.trim()]).ended(1);
    assert!(again.err.contains(&format!("next: tenure proof {} shows", plan.trim())), "{again:?}");
    place.open_file("pw", "x\n");
    let loose =
        place.run(&["source", "add", "pg", "postgres://t@127.0.0.1:1/d", "--password-file", "pw"]).ended(2);
    assert!(loose.err.contains("next: chmod 600"), "{loose:?}");
}

#[test]
fn at_a_terminal_the_name_of_the_source_is_typed_and_another_one_removes_nothing() {
    if !there_is_a_terminal() {
        return;
    }
    let place = with_a_machine();
    for (typed, code, said) in [("bx\n", 4, "another name was typed"), ("box\n", 0, "Removed source `box`")] {
        let mut typing = Typing::begin(&place, &["source", "remove", "box"]);
        typing.until("Type its name to go on: box").until("> ").press(typed);
        let (ended, screen) = typing.ended();
        assert!(ended == code && screen.contains(said), "{screen}");
        let listed = place.done(&["source", "list", "--quiet"]).out;
        assert_eq!(listed.contains("box"), code != 0, "{listed}");
    }
}
