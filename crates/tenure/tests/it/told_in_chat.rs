//! People are told in a chat what waits for them, on a real deployment: in Slack's form and in that of Teams, without names unless the chat
//! may know them, and what a chat refuses is said. The address of a chat is in no file of ours, no answer and no log.
//!
//! Hours are not waited for: that is told in virtual time by the engine's tests. Next: docs/messages.md, `told.rs`.

use crate::clocked::asked;
use crate::kill::wait_for;
use crate::program::{Background, Place};
use crate::served::{Served, audited};
use serde_json::Value;
use tenure_testbed::{ChatBehaviour, ChatReceiver, needs};

const PART: &str = "T0001/B0002/a-part-that-nobody-else-knows";

/// Starts the deployment anew, with two chats that lead there.
fn up(place: &Place, chat: &ChatReceiver) -> Background {
    let section = |name: &str, kind: &str, more: &str| {
        let file = place.path(&format!("{name}-url"));
        let _ = std::fs::remove_file(&file);
        place.private_file(&format!("{name}-url"), &chat.url(kind));
        format!(
            "[[chats]]\nname = \"{name}\"\nkind = \"{kind}\"\nurl_file = \"{}\"\nca_file = \"{}\"\n\
             public_url = \"https://tenure.example.com\"\n{more}",
            file.display(),
            chat.certificate().display(),
        )
    };
    let text = section("room", "slack", "") + &section("team", "teams", "details = true\n");
    std::fs::write(place.data.join("tenure.toml"), text).unwrap();
    let mut up = place.begin(&["up", "--listen", "127.0.0.1:0", "--json"]);
    up.until("\n}\n");
    up
}

fn messages(place: &Place, more: &[&str]) -> Vec<Value> {
    let all = [&["messages", "--json"], more].concat();
    place.done(&all).json()["items"].as_array().unwrap().clone()
}

#[test]
fn a_room_is_told_that_somebody_has_to_decide_and_a_chat_that_is_gone_is_said() {
    needs!(postgres);
    needs!(webhook);
    let Served { postgres: _postgres, place, up: first, address, token } =
        Served::with(&["reporting"], "ravi");
    place.done(&["people", "add", "nell", "--role", "operator"]);
    place.done(&["people", "add", "ola", "--role", "operator"]);
    let refused = place.run(&["people", "address", "nell", "--chat", "room"]).ended(1);
    assert!(refused.all().contains("tenure.toml names no chat `room`"), "the twin: {refused:?}");
    let request = asked((&address, &token), "etl");
    first.stop().ended(0);

    let takes = ChatReceiver::start(ChatBehaviour::Accept, PART).unwrap();
    let second = up(&place, &takes);
    let set = place.done(&["people", "address", "nell", "--chat", "room"]).out;
    assert!(set.contains("nell is told in the chat room"), "{set}");
    place.done(&["people", "address", "ola", "--chat", "team"]);
    let shown = place.done(&["people", "show", "nell"]).out;
    assert!(shown.contains("They are told in the chat room."), "{shown}");
    for (name, chat) in [("nell", "room"), ("ola", "team")] {
        let tried = place.done(&["messages", "test", name, "--chat"]).out;
        assert!(tried.contains("Their chat took a test message"), "{chat}: {tried}");
    }
    second.kill();
    let third = up(&place, &takes);
    let digests =
        || messages(&place, &[]).into_iter().filter(|one| one["kind"] == "digest" && one["way"] == "chat");
    wait_for("both are told", || digests().filter(|one| !one["sent"].is_null()).count() == 2);
    assert_eq!(takes.refused(), "");
    let told = takes.messages().unwrap();
    let link = format!("https://tenure.example.com/requests/{request}");
    let of = |whom: &str, mark: &str| {
        told.iter().find(|one| one.contains(whom) && one.contains(mark) && one.contains(&link)).cloned()
    };
    let (room, team) = (of("For nell", "blocks").unwrap(), of("For ola", "AdaptiveCard").unwrap());
    assert!(!room.contains("etl") && room.contains("1 request to decide"), "{room}");
    assert!(team.contains("pg/etl"), "{team}");
    let listed = place.done(&["messages"]).out;
    assert!(listed.contains("Chat room (slack): 1 person, told without names."), "{listed}");
    third.kill();

    // A chat that is gone: nell's test is given up, and the doctor says so.
    let gone = ChatReceiver::start(ChatBehaviour::Gone, PART).unwrap();
    let fourth = up(&place, &gone);
    let failed = place.run(&["messages", "test", "nell", "--chat"]).ended(1);
    assert!(failed.out.contains("the chat answered 410"), "{failed:?}");
    assert_eq!(messages(&place, &["--failed"]).len(), 1);
    let doctor = place.run(&["doctor"]).all();
    assert!(doctor.contains("1 given up within a week") && doctor.contains("410"), "{doctor}");
    audited(&place, &["person.chat_set", "message.sent", "message.failed"]);
    let said = fourth.stop();
    let port = gone.url("slack").rsplit_once("/slack").unwrap().0.to_owned();
    for part in [PART, port.as_str()] {
        for text in [&said.all(), &listed, &failed.all(), &doctor, &shown, &set] {
            assert!(!text.contains(part), "{part}: {text}");
        }
        let holds = |(path, content): &(std::path::PathBuf, Vec<u8>)| {
            !path.to_string_lossy().ends_with("-url")
                && content.windows(part.len()).any(|here| here == part.as_bytes())
        };
        let held: Vec<_> = place.files().into_iter().filter(holds).map(|(path, _)| path).collect();
        assert!(held.is_empty(), "{part}: {held:?}");
    }
}
