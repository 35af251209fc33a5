//! People are told what waits for them in a chat, beside mail or instead of it: without names unless the chat may know them.
//!
//! Over the chaos world, in virtual time; the chat takes what Slack and Teams take. Each failure has its twin that is taken. Must never
//! wait for real time, but for the chat.

use crate::bench::Bench;
use crate::requests::{Scene, refusal};
use std::{sync::Arc, time::Duration};
use tenure_connect::chaos::FaultRates;
use tenure_engine::{Chat, Engine, Mail, MessageShown, MessagesMeant, MessagesSent};
use tenure_messages::{
    CallLimits, Caller, ChatChannel, ChatKind, MailAddress, MailChannel, MailSecurity, PrivateAddresses,
};
use tenure_model::{MessageWay, Secret};
use tenure_testbed::{ChatBehaviour, ChatReceiver, SmtpBehaviour, SmtpServer, needs};

const PART: &str = "T0001/B0002/a-part-that-nobody-else-knows";
const HOUR: Duration = Duration::from_hours(1);

fn receiver(behaviour: ChatBehaviour) -> ChatReceiver {
    ChatReceiver::start(behaviour, PART).unwrap()
}

/// A chat that leads there.
fn chat(name: &str, to: &ChatReceiver, details: bool) -> Arc<Chat> {
    let authorities = tenure_tls::authorities(&to.certificate()).unwrap();
    let limits = CallLimits { deadline: Duration::from_secs(2), answer_bytes_max: 4096 };
    let caller = Caller::new(authorities, limits, PrivateAddresses::Refused);
    let url = Secret::new(to.url("slack"));
    let channel = ChatChannel::new(ChatKind::Slack, &url, caller).unwrap();
    let console = Some(String::from("https://tenure.example.com"));
    Arc::new(Chat { name: name.to_owned(), channel, details, console })
}

/// ola operates, is told in the chat `room`, and something waits for her.
async fn set(chats: Vec<Arc<Chat>>, mail: Option<Mail>) -> Scene {
    let mut bench = Bench::seeded(1, FaultRates::NONE);
    (bench.chats, bench.mail) = (chats, mail);
    let scene = Scene::over(bench).await;
    scene.engine().set_chat(scene.asha, "ola", Some("room")).await.unwrap();
    scene.ask("etl").await;
    scene
}

async fn all(engine: &Engine) -> Vec<MessageShown> {
    engine.messages(MessagesMeant::All, 0, 100).await.unwrap()
}

fn round(sent: u32, again: u32, given_up: u32) -> MessagesSent {
    MessagesSent { sent, again, given_up }
}

async fn doctor(engine: &Engine) -> String {
    let checks = engine.doctor().await.unwrap();
    checks.into_iter().find(|check| check.what == "messages").unwrap().found
}

#[tokio::test]
async fn a_room_is_told_once_for_whom_what_waits_and_names_only_where_it_may_know_them() {
    needs!(webhook);
    let (quiet, open) = (receiver(ChatBehaviour::Accept), receiver(ChatBehaviour::Accept));
    let scene = set(vec![chat("room", &quiet, false), chat("team", &open, true)], None).await;
    let engine = scene.engine();
    assert_eq!(engine.write_messages().await.unwrap(), 1);
    assert_eq!(engine.write_messages().await.unwrap(), 0, "it was told");
    assert_eq!(engine.deliver_messages().await.unwrap(), round(1, 0, 0));
    let told = quiet.messages().unwrap();
    assert_eq!((told.len(), quiet.refused().as_str()), (1, ""));
    for part in ["For ola", "1 request to decide", "Look and decide", "https://tenure.example.com/requests/"]
    {
        assert!(told[0].contains(part), "{part}: {}", told[0]);
    }
    assert!(!told[0].contains("etl"), "{}", told[0]);
    // The twin: a room that may know what things are called.
    engine.set_chat(scene.asha, "ola", Some("team")).await.unwrap();
    scene.bench.clock.advance(HOUR * 24 * 7);
    assert_eq!(engine.write_messages().await.unwrap(), 1);
    assert_eq!(engine.deliver_messages().await.unwrap(), round(1, 0, 0));
    assert!(open.messages().unwrap()[0].contains("etl"), "{:?}", open.messages());
    assert!(all(engine).await.iter().all(|one| one.way == MessageWay::Chat && one.sent.is_some()));
    assert!(doctor(engine).await.contains("chat team reaches 1 person"), "{}", doctor(engine).await);
    // No entry holds an address of a chat, or what was told.
    for (_, entry) in engine.entries_about(&scene.ola.person.to_string(), 50).await.unwrap() {
        let entry = format!("{entry:?}");
        assert!(!entry.contains("nobody-else") && !entry.contains("127.0.0.1"), "{entry}");
    }
}

#[tokio::test]
async fn what_was_written_for_a_room_that_may_know_names_is_not_told_with_them_where_it_may_not() {
    needs!(webhook);
    let (quiet, open) = (receiver(ChatBehaviour::Accept), receiver(ChatBehaviour::Accept));
    let chats = vec![chat("room", &open, true), chat("quiet", &quiet, false)];
    let scene = set(chats, None).await;
    assert_eq!(scene.engine().write_messages().await.unwrap(), 1);
    scene.engine().set_chat(scene.asha, "ola", Some("quiet")).await.unwrap();
    assert_eq!(scene.engine().deliver_messages().await.unwrap(), round(1, 0, 0));
    assert_eq!(open.messages().unwrap().len(), 0);
    let told = &quiet.messages().unwrap()[0];
    assert!(!told.contains("etl") && told.contains("1 request to decide"), "{told}");
}

#[tokio::test]
async fn what_is_told_by_mail_and_in_a_chat_is_one_message_and_each_way_fails_by_itself() {
    needs!(webhook);
    needs!(smtp);
    let server = SmtpServer::start(SmtpBehaviour::Accept, "tenure", "a-word-for-tests").unwrap();
    let channel = MailChannel {
        host: String::from("127.0.0.1"),
        port: server.port(),
        security: MailSecurity::StartTls,
        private: PrivateAddresses::Refused,
        authorities: Some(server.certificate()),
        login: Some((String::from("tenure"), Arc::new(Secret::new(String::from("a-word-for-tests"))))),
        from: MailAddress::new("tenure@example.com").unwrap(),
        patience: Duration::from_secs(2),
    };
    let gone = receiver(ChatBehaviour::Gone);
    let scene = set(
        vec![chat("room", &gone, false)],
        Some(Mail { channel, directory_addresses: false, console: None }),
    )
    .await;
    let engine = scene.engine();
    engine.set_mail_address(scene.asha, "ola", Some("ola@example.com")).await.unwrap();
    assert_eq!(engine.write_messages().await.unwrap(), 1, "one message");
    assert_eq!(engine.deliver_messages().await.unwrap(), round(1, 0, 1), "by two ways");
    assert_eq!(engine.write_messages().await.unwrap(), 0);
    assert!(server.mails().unwrap()[0].contains("etl"), "what is hers alone names it");
    let failed = engine.messages(MessagesMeant::NotSent, 0, 10).await.unwrap();
    assert_eq!((failed.len(), failed[0].way), (1, MessageWay::Chat));
    assert_eq!(failed[0].why.as_deref(), Some("the chat answered 410: the chat is closed for good"));
    let entries = engine.entries_about(&failed[0].id.to_string(), 5).await.unwrap();
    assert_eq!(entries[0].1.kind.split('/').next(), Some("message.failed"));
    assert!(doctor(engine).await.contains("1 given up within a week"), "{}", doctor(engine).await);
    // Without the chat, mail goes on.
    engine.set_chat(scene.asha, "ola", None).await.unwrap();
    scene.bench.clock.advance(HOUR * 24 * 7);
    assert_eq!(engine.write_messages().await.unwrap(), 1);
    assert_eq!(engine.deliver_messages().await.unwrap(), round(1, 0, 0));
}

#[tokio::test]
async fn a_busy_chat_is_left_alone_as_long_as_it_wants_and_given_up_after_three_days() {
    needs!(webhook);
    let (busy, good) = (receiver(ChatBehaviour::Busy), receiver(ChatBehaviour::Accept));
    let mut scene = set(vec![chat("room", &busy, false)], None).await;
    scene.engine().write_messages().await.unwrap();
    assert_eq!(scene.engine().deliver_messages().await.unwrap(), round(0, 1, 0));
    scene.bench.clock.advance(Duration::from_mins(29));
    assert_eq!(scene.engine().deliver_messages().await.unwrap(), round(0, 0, 0), "it wants half an hour");
    scene.bench.clock.advance(Duration::from_mins(1));
    assert_eq!(scene.engine().deliver_messages().await.unwrap(), round(0, 1, 0));
    let waits = &all(scene.engine()).await[0];
    assert_eq!((waits.attempts, waits.why.as_deref()), (2, Some("the chat answered 429: not now")));
    // The twin: once it takes it, it is told, across a restart.
    scene.bench.chats = vec![chat("room", &good, false)];
    let mut scene = scene.crashed().await;
    scene.bench.clock.advance(Duration::from_mins(30));
    assert_eq!(scene.engine().deliver_messages().await.unwrap(), round(1, 0, 0));
    scene.ask("second").await;
    scene.bench.clock.advance(HOUR * 20);
    scene.engine().write_messages().await.unwrap();
    scene.bench.chats = vec![chat("room", &busy, false)];
    let scene = scene.crashed().await;
    scene.bench.clock.advance(HOUR * 72);
    assert_eq!(scene.engine().deliver_messages().await.unwrap(), round(0, 0, 1));
    assert_eq!(good.messages().unwrap().len(), 1);
}

#[tokio::test]
async fn a_chat_that_is_named_no_more_is_waited_for_and_the_doctor_says_so() {
    needs!(webhook);
    let good = receiver(ChatBehaviour::Accept);
    let mut scene = set(vec![chat("room", &good, false)], None).await;
    scene.engine().write_messages().await.unwrap();
    scene.bench.chats = vec![chat("another", &good, false)];
    let mut scene = scene.crashed().await;
    let engine = scene.engine();
    assert_eq!(engine.deliver_messages().await.unwrap(), round(0, 1, 0));
    assert_eq!(all(engine).await[0].why.as_deref(), Some("tenure.toml names no chat `room`"));
    assert!(
        doctor(engine).await.contains("a chat that tenure.toml does not name"),
        "{}",
        doctor(engine).await
    );
    let refused = refusal(engine.set_chat(scene.asha, "ravi", Some("room")).await);
    assert_eq!(refused, "tenure.toml names no chat `room`; it names another");
    let refused = refusal(engine.test_message(scene.asha, "ola", MessageWay::Chat).await);
    assert!(refused.contains("does not name the chat of `ola` any more"), "{refused}");
    let refused = refusal(engine.test_message(scene.asha, "ravi", MessageWay::Chat).await);
    assert!(refused.contains("tenure people address ravi --chat CHAT"), "{refused}");
    scene.bench.chats = vec![chat("room", &good, false)];
    let scene = scene.crashed().await;
    scene.bench.clock.advance(Duration::from_mins(1));
    assert_eq!(scene.engine().deliver_messages().await.unwrap(), round(1, 0, 0));
    assert!(scene.engine().test_message(scene.asha, "ola", MessageWay::Chat).await.unwrap().sent.is_some());
    assert!(good.messages().unwrap()[1].contains("This is a test"));
    // Whoever leaves is told nothing any more.
    scene.engine().remove_person(scene.asha, "ola").await.unwrap();
    let gone = scene.engine().message_address(scene.ola.person, MessageWay::Chat).await.unwrap();
    assert_eq!((gone, all(scene.engine()).await), (None, Vec::new()));
}
