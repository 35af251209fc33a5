//! Other systems are told what the log holds, by a real deployment: a receiver that believes with others' libraries, and rsyslog.
//!
//! What fails when, and for how long, is told in virtual time by the engine's tests. Next: docs/events.md.

use crate::kill::wait_for;
use crate::program::{Background, Place};
use serde_json::Value;
use tenure_testbed::{SyslogServer, WebhookBehaviour, WebhookReceiver, needs};

const SECRET: &str = "whsec_b2ZmZXJlZC1ieS10ZXN0cy1hbmQtbm90aGluZy1lbHNl";

fn up(place: &Place, sections: &str) -> Background {
    std::fs::write(place.data.join("tenure.toml"), sections).unwrap();
    let mut up = place.begin(&["up", "--listen", "127.0.0.1:0", "--json"]);
    up.until("\n}\n");
    up
}

fn taken(receiver: &WebhookReceiver) -> Vec<Value> {
    receiver.events().unwrap().iter().map(|text| serde_json::from_str(text).unwrap()).collect()
}

fn of_kind<'all>(taken: &'all [Value], kind: &str) -> Vec<&'all Value> {
    taken.iter().filter(|one| one["type"] == kind).collect()
}

#[test]
fn every_entry_is_posted_signed_in_order_across_kills_and_whatever_fails_is_said() {
    needs!(webhook);
    let (place, receiver) = (Place::new(), WebhookReceiver::start(WebhookBehaviour::Accept, SECRET).unwrap());
    place.done(&["init"]);
    let secret = place.private_file("secret", &format!("{SECRET}\n"));
    let section = |receiver: &WebhookReceiver, more: &str| {
        format!(
            "[[events]]\nname = \"siem\"\nwebhook = \"{}\"\nsecret_file = \"{}\"\nca_file = \"{}\"\nfrom = \"beginning\"\n{more}",
            receiver.url(),
            secret.display(),
            receiver.certificate().display(),
        )
    };
    let first = up(&place, &section(&receiver, ""));
    place.done(&["people", "add", "nell", "--role", "operator"]);
    wait_for("nell is told", || !of_kind(&taken(&receiver), "tenure.person.added").is_empty());
    first.kill();
    let second = up(&place, &section(&receiver, ""));
    place.done(&["people", "add", "ola", "--role", "operator"]);
    let tested = place.done(&["events", "test", "siem"]).out;
    assert!(tested.contains("took everything"), "{tested}");
    second.kill();
    let third = up(&place, &section(&receiver, "details = true\n"));
    place.done(&["people", "add", "ravi", "--role", "owner"]);
    wait_for("all are told", || taken(&receiver).iter().any(|one| one.to_string().contains("ravi")));
    let all = taken(&receiver);
    assert!(!all.iter().any(|one| one.to_string().contains("nell")), "names leave only with details");
    // In order; what comes again came already.
    let mut next = 0;
    for one in &all {
        let place: u64 = one["sequence"].as_str().unwrap().parse().unwrap();
        assert!(place <= next, "{place} after {next}");
        next = next.max(place + 1);
    }
    assert!(receiver.refused().is_empty(), "{}", receiver.refused());
    // Each is an entry of the log that an auditor verifies.
    place.done(&["evidence", "export", "all.tenure"]);
    let key =
        place.done(&["evidence", "checkpoint", "--json"]).json()["keys"][0].as_str().unwrap().to_owned();
    let verified = place.done(&["evidence", "verify", "all.tenure", "--log-key", &key, "--json"]).out;
    for one in &all {
        let digest = one["event"]["data"]["body_digest"].as_str().unwrap();
        assert!(one["id"].as_str().is_some_and(|id| verified.contains(id)), "{one}");
        assert_eq!(digest.len(), 44);
    }
    drop(third);

    // The twin: a receiver that holds another secret believes nothing, and that is said.
    let stranger =
        WebhookReceiver::start(WebhookBehaviour::Accept, "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").unwrap();
    let fourth = up(&place, &section(&stranger, ""));
    place.done(&["people", "add", "tess", "--role", "owner"]);
    let failed = place.run(&["events", "test", "siem"]).ended(1);
    assert!(failed.out.contains("same secret"), "{failed:?}");
    assert!(place.done(&["events"]).out.contains("stands still"));
    assert!(place.run(&["doctor"]).all().contains("behind the log"));
    assert!(stranger.events().unwrap().is_empty());
    let said = fourth.stop().all();
    let key = SECRET.trim_start_matches("whsec_");
    assert!(!said.contains(key) && !said.contains("the-words-of-the-receiver"));
    let holds = |(path, content): &(std::path::PathBuf, Vec<u8>)| {
        *path != secret && content.windows(key.len()).any(|part| part == key.as_bytes())
    };
    let held: Vec<_> = place.files().into_iter().filter(holds).map(|(path, _)| path).collect();
    assert!(held.is_empty(), "{held:?}");
}

#[test]
fn syslog_gets_what_it_was_asked_for_in_the_form_it_was_asked_for() {
    needs!(rsyslog);
    let (place, server) = (Place::new(), SyslogServer::start(true).unwrap());
    place.done(&["init"]);
    let section = format!(
        "[[events]]\nname = \"lake\"\nsyslog = \"127.0.0.1:{}\"\nca_file = \"{}\"\nformat = \"ocsf\"\nkinds = [\"person.\"]\n",
        server.port(),
        server.certificate().display(),
    );
    let up = up(&place, &section);
    place.done(&["people", "add", "nell", "--role", "operator"]);
    wait_for("nell is told", || server.messages().iter().any(|line| line.contains("|person.added|")));
    place.done(&["events", "test", "lake"]);
    wait_for("the test is told", || server.messages().iter().any(|line| line.contains("|events.tested|")));
    for line in server.messages() {
        let parts: Vec<&str> = line.splitn(7, '|').collect();
        let read: Value = serde_json::from_str(parts[6].trim()).unwrap();
        assert!(parts[5].starts_with("person.") || parts[5].starts_with("events."), "{line}");
        assert_eq!(read["metadata"]["version"], "1.5.0");
    }
    assert!(place.done(&["events"]).out.contains("told "));
    drop(up);
}
