//! An exception on a real PostgreSQL, from the wish to its end: two people, a renewal that is refused, and an auditor who reads it offline.
//!
//! Whoever asks does so over HTTP with a token of their own; whoever decides sits at the machine. The short ends are seconds
//! away and are waited for by asking. Next: `dismissed.rs`.

use crate::kill::wait_for;
use crate::program::{Background, Place};
use crate::served::{Served, audited};
use serde_json::{Value, json};
use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::{Duration, SystemTime},
};
use tenure_testbed::{Postgres, needs};

/// A call over HTTP by whoever holds the token: the status, and the answer.
pub(crate) fn call(address: &str, token: &str, method: &str, path: &str, body: &Value) -> (u16, Value) {
    call_with(address, &format!("authorization: Bearer {token}\r\n"), method, path, body)
}

/// A call over HTTP with these headers, each with its end.
pub(crate) fn call_with(
    address: &str,
    headers: &str,
    method: &str,
    path: &str,
    body: &Value,
) -> (u16, Value) {
    let host = address.trim_start_matches("http://").trim_end_matches('/');
    let body = body.to_string();
    let mut line = TcpStream::connect(host).unwrap();
    write!(
        line,
        "{method} {path} HTTP/1.1\r\nhost: {host}\r\n{headers}content-type: application/json\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    line.read_to_string(&mut answer).unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    let (_, text) = answer.split_once("\r\n\r\n").unwrap();
    let json = text.find('{').and_then(|at| text.rfind('}').map(|end| &text[at..=end])).unwrap_or("null");
    (status, serde_json::from_str(json).unwrap_or_else(|why| panic!("{why}: {answer}")))
}

/// So many seconds from now.
pub(crate) fn ahead(seconds: u64) -> String {
    let at = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap() + Duration::from_secs(seconds);
    tenure_model::Instant::from_micros(i64::try_from(at.as_micros()).unwrap()).to_string()
}

struct Stage {
    _postgres: Postgres,
    place: Place,
    _up: Background,
    address: String,
    /// Of `ravi`, who answers for `pg/reporting`.
    token: String,
}

impl Stage {
    fn set() -> Self {
        let Served { postgres, place, up, address, token } = Served::with(&["reporting"], "ravi");
        place.done(&["own", "pg/reporting", "--owner", "ravi", "--expires", &ahead(2)]);
        Self { _postgres: postgres, place, _up: up, address, token }
    }

    /// What fails, once its charter has ended.
    fn findings(&self) -> Vec<Value> {
        let read = || {
            let shown = self.place.done(&["show", "pg/reporting", "--json"]).json();
            shown["findings"].as_array().unwrap().clone()
        };
        wait_for("its charter has ended", || read().iter().any(|one| one["policy"] == "charter_ended"));
        read()
    }

    fn ask(&self, finding: &Value, until: &str, reason: &str) -> (u16, Value) {
        let path = format!("/api/v1/findings/{}/exceptions", finding["id"].as_str().unwrap());
        let wish = json!({ "reason": reason, "compensation": "one host only", "until": until });
        call(&self.address, &self.token, "POST", &path, &wish)
    }

    fn standing(&self) -> String {
        let shown = self.place.done(&["show", "pg/reporting", "--json"]).json();
        shown["identity"]["standing"].as_str().unwrap().to_owned()
    }

    /// Grants it as it is shown: first without a word, which shows it, then with it.
    fn grant(&self, handle: &str) {
        let grant = ["exception", "grant", handle, "--reason", "as discussed"];
        let shown = self.place.run(&grant).ended(4);
        let (_, word) = shown.err.split_once("--yes ").unwrap_or_else(|| panic!("{shown:?}"));
        let word = word.split_whitespace().next().unwrap();
        assert!(shown.out.contains("makes up for it") && shown.out.contains("an operator"), "{shown:?}");
        let wrong = self.place.run(&[&grant[..], &["--yes", "0f0f"]].concat()).ended(1);
        assert!(wrong.err.contains("it is another word than the one"), "{wrong:?}");
        let done = self.place.done(&[&grant[..], &["--yes", word]].concat());
        assert!(done.out.contains("does not count until"), "{done:?}");
    }
}

#[test]
fn an_exception_that_tries_to_live_for_ever_on_a_real_database() {
    needs!(postgres);
    let stage = Stage::set();
    let (place, open) = (&stage.place, stage.findings());
    let (first, others): (Vec<Value>, Vec<Value>) =
        open.into_iter().partition(|one| one["policy"] == "charter_ended");
    let first = &first[0];
    let before = stage.standing();
    assert!(before == "due" || before == "lapsed", "{before}");
    for other in &others {
        let (status, made) = stage.ask(other, &ahead(40 * 86_400), "the next release mends it");
        assert_eq!(status, 201, "{made}");
        stage.grant(made["handle"].as_str().unwrap());
    }
    let (status, made) = stage.ask(first, &ahead(20), "the vendor rotates in May");
    assert_eq!(status, 201, "{made}");
    let handle = made["handle"].as_str().unwrap();
    // Whoever asked does not decide, whatever they send.
    let own = json!({ "answer": "grant", "reason": "mine", "digest": made["digest"] });
    let path = format!("/api/v1/exceptions/{handle}/decision");
    let (status, refused) = call(&stage.address, &stage.token, "PUT", &path, &own);
    assert_eq!(status, 403, "{refused}");
    stage.grant(handle);
    wait_for("it stands excepted", || stage.standing() == "excepted");
    let listed = place.done(&["exception", "list"]);
    assert!(listed.out.contains("1 of 1 identities stand only by them"), "{listed:?}");
    assert!(place.done(&["findings", "--excepted"]).out.contains(&format!("(exception {handle})")));
    // Nor is one renewed for the same reason, nor by whoever granted it before.
    let (status, refused) = stage.ask(first, &ahead(60), "The vendor rotates, in May");
    assert_eq!(
        (status, refused["detail"].as_str().unwrap().contains("a new reason")),
        (422, true),
        "{refused}"
    );
    let (_, renewal) = stage.ask(first, &ahead(3_600), "one more hour");
    let renewal = renewal["handle"].as_str().unwrap();
    let word: String =
        place.done(&["exception", "show", renewal, "--json"]).json()["digest"].as_str().unwrap()[..12]
            .to_owned();
    let refused = place.run(&["exception", "grant", renewal, "--reason", "again", "--yes", &word]).ended(1);
    assert!(refused.err.contains("whoever granted it before does not renew it"), "{refused:?}");
    // Its end comes by itself, and is said.
    wait_for("it counts again at its end", || stage.standing() != "excepted");
    assert_eq!(stage.standing(), before);
    let over = place.done(&["exception", "show", handle]);
    assert!(over.out.contains("its end came"), "{over:?}");
    place.done(&["exception", "refuse", renewal, "--reason", "rotate it now"]);
    audited(place, &["exception.requested", "exception.granted", "exception.ended", "exception.refused"]);
}
