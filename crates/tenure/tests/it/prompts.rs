//! Prompts in a real terminal: asked, refused, accepted, and broken off with Ctrl-C.
//!
//! The terminal is a pseudoterminal that `setsid --ctty` makes the program's own, so that Ctrl-C is a
//! key and not a signal that a test sends. Next: `../../src/terminal.rs`.

use crate::{
    live::{login, started, surveyed},
    program::Place,
};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use std::{
    fs::File,
    io::{Read as _, Write as _},
    process::{Child, Stdio},
    time::{Duration, Instant},
};
use tenure_testbed::{Availability, Postgres, needs, ready_to_run};

const PATIENCE: Duration = Duration::from_mins(1);

/// A program in a terminal.
pub(crate) struct Typing {
    child: Child,
    terminal: File,
    said: String,
}

impl Typing {
    pub(crate) fn begin(place: &Place, arguments: &[&str]) -> Self {
        let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&terminal).unwrap();
        unlockpt(&terminal).unwrap();
        let name = ptsname(&terminal, Vec::new()).unwrap();
        let end = File::options().read(true).write(true).open(name.to_str().unwrap()).unwrap();
        let mut command = place.command_of("setsid", &["--ctty", "--wait", env!("CARGO_BIN_EXE_tenure")]);
        command
            .env("TERM", "dumb")
            .args(arguments)
            .stdin(Stdio::from(end.try_clone().unwrap()))
            .stdout(Stdio::from(end.try_clone().unwrap()))
            .stderr(Stdio::from(end));
        let child = command.spawn().unwrap();
        Self { child, terminal: File::from(terminal), said: String::new() }
    }

    /// Reads until it said `text`.
    pub(crate) fn until(&mut self, text: &str) -> &mut Self {
        let deadline = Instant::now() + PATIENCE;
        while !self.said.contains(text) {
            assert!(Instant::now() < deadline, "it never said `{text}`: {}", self.said);
            assert!(self.read(), "it ended without saying `{text}`: {}", self.said);
        }
        self
    }

    /// Reads what there is; false at its end.
    fn read(&mut self) -> bool {
        let mut bytes = [0_u8; 4096];
        // A terminal whose other end is closed answers with an error.
        let read = self.terminal.read(&mut bytes).unwrap_or(0);
        self.said.push_str(&String::from_utf8_lossy(&bytes[..read]));
        read > 0
    }

    pub(crate) fn press(&mut self, keys: &str) -> &mut Self {
        self.terminal.write_all(keys.as_bytes()).unwrap();
        self
    }

    /// Its exit code, and everything that was on the screen.
    pub(crate) fn ended(mut self) -> (i32, String) {
        while self.read() {}
        let status = self.child.wait().unwrap();
        (status.code().unwrap_or(-1), std::mem::take(&mut self.said))
    }
}

impl Drop for Typing {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn there_is_a_terminal() -> bool {
    let found = std::process::Command::new("setsid").arg("--help").output();
    let can = found.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains("--ctty"));
    let availability = if can {
        Availability::Present
    } else {
        Availability::Missing(String::from("needs setsid of util-linux"))
    };
    ready_to_run("terminal", &availability)
}

fn lets_in(postgres: &Postgres) -> bool {
    postgres.sql_as("etl", "secret-of-a-role", "postgres", "SELECT 1").is_ok()
}

const REVOKE: [&str; 4] = ["revoke", "pg/etl", "--reason", "test"];

#[test]
fn a_revocation_asks_for_the_name_refuses_another_and_goes_on_with_the_right_one() {
    needs!(postgres);
    if !there_is_a_terminal() {
        return;
    }
    let postgres = started();
    login(&postgres, "etl");
    let place = surveyed(&postgres);
    let mut typing = Typing::begin(&place, &REVOKE);
    typing.until("Type the name to go on: etl").until("> ").press("yes\n");
    let (code, said) = typing.ended();
    assert_eq!(code, 4, "{said}");
    assert!(said.contains("another name was typed"), "{said}");
    assert!(said.contains("nothing was done; the plan was withdrawn"), "{said}");
    assert!(lets_in(&postgres));
    let plans = place.done(&["plans", "--json"]).json();
    assert_eq!(plans["items"][0]["state"], "withdrawn");
    let mut typing = Typing::begin(&place, &REVOKE);
    typing.until("> ").press("etl\n");
    let (code, said) = typing.ended();
    assert!(code == 0 && said.contains("P4 proved in "), "{said}");
    assert!(!lets_in(&postgres));
}

#[test]
fn ctrl_c_at_the_question_leaves_nothing_half_done() {
    needs!(postgres);
    if !there_is_a_terminal() {
        return;
    }
    let postgres = started();
    login(&postgres, "etl");
    let place = surveyed(&postgres);
    let mut typing = Typing::begin(&place, &REVOKE);
    typing.until("> ").press("et").press("\u{3}");
    let (code, said) = typing.ended();
    assert_eq!(code, 4, "{said}");
    assert!(said.contains("nothing was answered"), "{said}");
    assert!(lets_in(&postgres));
    let plans = place.done(&["plans", "--json"]).json();
    assert_eq!(plans["items"][0]["state"], "withdrawn");
    // A plan that somebody else made stays when its question is broken off.
    place.done(&["plan", "disable", "pg/etl", "--reason", "test"]);
    let handle = place.done(&["plans", "--quiet", "--limit", "1"]).out.trim().to_owned();
    let mut typing = Typing::begin(&place, &["apply", &handle]);
    typing.until("> ").press("\u{3}");
    let (code, said) = typing.ended();
    assert_eq!(code, 4, "{said}");
    assert!(said.contains(&format!("plan {handle} stays proposed")), "{said}");
    assert!(lets_in(&postgres));
    assert!(!place.data.join("socket").exists(), "the deployment was closed");
}

#[test]
fn removing_a_person_tells_what_hangs_on_them_and_asks_for_their_name() {
    needs!(postgres);
    if !there_is_a_terminal() {
        return;
    }
    let postgres = started();
    login(&postgres, "etl");
    let place = surveyed(&postgres);
    place.done(&["people", "add", "alice", "--role", "operator"]);
    place.done(&["own", "pg/etl", "--owner", "alice"]);
    let remove = ["people", "remove", "alice"];
    for (keys, why) in [("bob\n", "another name was typed"), ("ali\u{3}", "nothing was answered")] {
        let mut typing = Typing::begin(&place, &remove);
        typing.until("alice answers for 1 identity; without them nobody answers for 1").until("pg/etl");
        typing.until("Type their name to go on: alice").until("> ").press(keys);
        let (code, said) = typing.ended();
        assert!(code == 4 && said.contains(why) && said.contains("nothing was changed"), "{said}");
        assert!(place.done(&["people", "list"]).out.contains("alice"));
    }
    let mut typing = Typing::begin(&place, &remove);
    typing.until("> ").press("alice\n");
    let (code, said) = typing.ended();
    assert!(code == 0 && said.contains("Removed alice; their token and sessions no longer work."), "{said}");
    assert!(!place.done(&["people", "list"]).out.contains("alice"));
    let findings = place.done(&["findings", "--json"]).json();
    let found = findings["items"]
        .as_array()
        .unwrap()
        .iter()
        .any(|finding| finding["policy"] == "no_owner" && finding["identity_name"] == "pg/etl");
    assert!(found, "{findings}");
}

#[test]
fn a_passphrase_is_asked_for_twice_and_never_shown() {
    if !there_is_a_terminal() {
        return;
    }
    let place = Place::new();
    let mut typing = Typing::begin(&place, &["init", "--passphrase"]);
    typing.until("more): ").press("correct horse battery\n");
    typing.until("Once more: ").press("another horse battery\n");
    let (code, said) = typing.ended();
    assert!(code == 4 && said.contains("the two passphrases differ"), "{said}");
    assert!(!place.data.exists(), "nothing was made");
    let mut typing = Typing::begin(&place, &["init", "--passphrase"]);
    typing.until("more): ").press("correct horse battery\n");
    typing.until("Once more: ").press("correct horse battery\n");
    let (code, said) = typing.ended();
    assert!(code == 0 && said.contains("Made a deployment"), "{said}");
    assert!(!said.contains("horse"), "what is typed is not shown: {said}");
}
