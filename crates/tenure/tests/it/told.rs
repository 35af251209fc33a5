//! People are told by mail what waits for them, on a real deployment with a real mail server: once, also across a kill.
//!
//! Hours are not waited for: digests and tries again are told in virtual time by the engine's tests. Next: docs/messages.md.

use crate::clocked::asked;
use crate::kill::wait_for;
use crate::program::{Background, Place};
use crate::served::{Served, audited};
use serde_json::{Value, json};
use tenure_testbed::{SmtpBehaviour, SmtpServer, needs};

const PASSWORD: &str = "a-word-for-the-mail-server";

/// Starts the deployment anew, with mail that leaves through this server.
fn up(place: &Place, server: &SmtpServer) -> Background {
    let section = format!(
        "[mail]\nserver = \"127.0.0.1\"\nport = {}\nfrom = \"tenure@example.com\"\nuser = \"tenure\"\n\
         password_file = \"{}\"\nca_file = \"{}\"\npublic_url = \"https://tenure.example.com\"\n",
        server.port(),
        place.path("mail-password").display(),
        server.certificate().display(),
    );
    std::fs::write(place.data.join("tenure.toml"), section).unwrap();
    let mut up = place.begin(&["up", "--listen", "127.0.0.1:0", "--json"]);
    up.until("\n}\n");
    up
}

fn messages(place: &Place, more: &[&str]) -> Vec<Value> {
    let all = [&["messages", "--json"], more].concat();
    place.done(&all).json()["items"].as_array().unwrap().clone()
}

#[test]
fn whoever_is_to_decide_is_told_once_by_mail_and_what_a_server_refuses_is_said() {
    needs!(postgres);
    needs!(smtp);
    let Served { postgres: _postgres, place, up: first, address, token } =
        Served::with(&["reporting"], "ravi");
    place.private_file("mail-password", PASSWORD);
    place.done(&["people", "add", "nell", "--role", "operator"]);
    place.done(&["people", "address", "nell", "--mail", "nell@example.com"]);
    let request = asked((&address, &token), "etl");
    assert!(place.done(&["messages"]).out.starts_with("No mail server is configured"), "the twin");
    first.stop().ended(0);

    let takes = SmtpServer::start(SmtpBehaviour::Accept, "tenure", PASSWORD).unwrap();
    let second = up(&place, &takes);
    wait_for("it is sent", || messages(&place, &[]).iter().any(|one| !one["sent"].is_null()));
    let mails = takes.mails().unwrap();
    assert_eq!(mails.len(), 1);
    let link = format!("https://tenure.example.com/requests/{request}");
    for part in ["X-To: nell@example.com", "pg/etl", &link] {
        assert!(mails[0].contains(part), "{part}: {}", mails[0]);
    }
    let tried = place.done(&["messages", "test", "nell"]).out;
    assert!(tried.contains("took a test message to nell"), "{tried}");
    assert!(takes.mails().unwrap()[1].contains("a test message"));
    second.kill();

    // Another server, which knows nobody: nell was told, and ola cannot be.
    let refuses = SmtpServer::start(SmtpBehaviour::Refuse, "tenure", PASSWORD).unwrap();
    let third = up(&place, &refuses);
    place.done(&["people", "add", "ola", "--role", "operator"]);
    place.done(&["people", "address", "ola", "--mail", "ola@example.com"]);
    let failed = place.run(&["messages", "test", "ola"]).ended(1);
    assert!(failed.out.contains("550"), "{failed:?}");
    third.kill();
    let fourth = up(&place, &refuses);
    let digests = || messages(&place, &[]).into_iter().filter(|one| one["kind"] == "digest");
    wait_for("ola's is given up", || digests().any(|one| one["to"] == "ola" && !one["given_up"].is_null()));
    assert_eq!(digests().filter(|one| one["to"] == "nell").count(), 1, "told once, across two kills");
    assert_eq!(messages(&place, &["--failed"]).len(), 2);
    let listed = place.done(&["messages", "--failed"]).out;
    assert!(
        listed.contains("given up") && listed.contains("550") && !listed.contains("ola@example.com"),
        "{listed}"
    );
    let doctor = place.run(&["doctor"]).all();
    assert!(doctor.contains("messages") && doctor.contains("given up"), "{doctor}");
    let shown = place.done(&["people", "show", "ola", "--json"]).json();
    assert_eq!(shown["mail"], json!("ola@example.com"));
    audited(&place, &["person.mail_set", "message.sent", "message.failed"]);
    let said = fourth.stop();
    assert!(!said.all().contains(PASSWORD));
    let holds = |(path, content): &(std::path::PathBuf, Vec<u8>)| {
        !path.ends_with("mail-password")
            && content.windows(PASSWORD.len()).any(|part| part == PASSWORD.as_bytes())
    };
    let held: Vec<_> = place.files().into_iter().filter(holds).map(|(path, _)| path).collect();
    assert!(held.is_empty(), "{held:?}");
}
