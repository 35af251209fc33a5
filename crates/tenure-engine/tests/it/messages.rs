//! People are told what waits for them, by a real mail server: once, again when it fails, never after they left.
//!
//! Over the chaos world, in virtual time; the mail server is aiosmtpd. Each failure has its twin that arrives. Must never wait
//! for real time, but for the mail server.

use crate::bench::Bench;
use crate::consequences::apply as put_in_force;
use crate::requests::{Scene, programme, refusal};
use std::{sync::Arc, time::Duration};
use tenure_connect::chaos::FaultRates;
use tenure_engine::{Engine, Listed, Mail, MessageShown, MessagesMeant, MessagesSent, PeopleList};
use tenure_messages::{MailAddress, MailChannel, MailSecurity, PrivateAddresses};
use tenure_model::{MessageKind, MessageWay, Role, Secret};
use tenure_store::tables::directory::DirectoryGiven;
use tenure_testbed::{SmtpBehaviour, SmtpServer, needs};

const HOUR: Duration = Duration::from_hours(1);
const PASSWORD: &str = "a-word-for-tests";
const ADDRESS: &str = "ola@example.com";

fn server(behaviour: SmtpBehaviour) -> SmtpServer {
    SmtpServer::start(behaviour, "tenure", PASSWORD).unwrap()
}

fn through(server: &SmtpServer) -> Mail {
    Mail {
        channel: MailChannel {
            host: String::from("127.0.0.1"),
            port: server.port(),
            security: MailSecurity::StartTls,
            private: PrivateAddresses::Refused,
            authorities: Some(server.certificate()),
            login: Some((String::from("tenure"), Arc::new(Secret::new(PASSWORD.to_owned())))),
            from: MailAddress::new("tenure@example.com").unwrap(),
            patience: Duration::from_secs(2),
        },
        directory_addresses: false,
        console: Some(String::from("https://tenure.example.com")),
    }
}

/// ola operates, mail reaches her, and something waits for her.
async fn set(mail: Option<Mail>) -> Scene {
    let mut bench = Bench::seeded(1, FaultRates::NONE);
    bench.mail = mail;
    let scene = Scene::over(bench).await;
    scene.engine().set_mail_address(scene.asha, "ola", Some(ADDRESS)).await.unwrap();
    scene.ask("etl").await;
    scene
}

async fn all(engine: &Engine) -> Vec<MessageShown> {
    engine.messages(MessagesMeant::All, 0, 100).await.unwrap()
}

fn sent(count: u32) -> MessagesSent {
    MessagesSent { sent: count, ..MessagesSent::default() }
}

async fn kinds(engine: &Engine, of: &str) -> Vec<String> {
    let entries = engine.entries_about(of, 50).await.unwrap();
    entries.into_iter().map(|(_, entry)| entry.kind).collect()
}

#[tokio::test]
async fn what_is_new_is_told_once_and_what_comes_later_in_the_next_digest() {
    needs!(smtp);
    let server = server(SmtpBehaviour::Accept);
    let scene = set(Some(through(&server))).await;
    let engine = scene.engine();
    assert_eq!(engine.write_messages().await.unwrap(), 1);
    assert_eq!(engine.write_messages().await.unwrap(), 0, "she was told");
    assert_eq!(engine.deliver_messages().await.unwrap(), sent(1));
    assert_eq!(engine.deliver_messages().await.unwrap(), sent(0));
    let mails = server.mails().unwrap();
    assert_eq!(mails.len(), 1);
    assert!(mails[0].starts_with("X-To: ola@example.com"), "{}", mails[0]);
    assert!(
        mails[0].contains("etl") && mails[0].contains("https://tenure.example.com/requests/"),
        "{}",
        mails[0]
    );
    scene.ask("second").await;
    assert_eq!(engine.write_messages().await.unwrap(), 0, "the next digest is not due");
    scene.bench.clock.advance(HOUR * 20);
    assert_eq!(engine.write_messages().await.unwrap(), 1);
    engine.deliver_messages().await.unwrap();
    let mails = server.mails().unwrap();
    assert!(mails[1].contains("second") && !mails[1].contains("etl"), "{}", mails[1]);
    // What still waits a week later is said again.
    scene.bench.clock.advance(HOUR * 24 * 7);
    assert_eq!(engine.write_messages().await.unwrap(), 1);
    let listed = all(engine).await;
    assert_eq!((listed.len(), listed[0].kind, listed[0].tells), (3, MessageKind::Digest, 2));
    assert_eq!(listed[2].to.as_deref(), Some("ola"));
    // No entry holds her address, or what she was told.
    for (_, entry) in engine.entries_about(&scene.ola.person.to_string(), 50).await.unwrap() {
        assert!(!format!("{entry:?}").contains("example.com"), "{entry:?}");
    }
    assert!(kinds(engine, &scene.ola.person.to_string()).await.contains(&String::from("message.sent")));
}

#[tokio::test]
async fn what_a_server_defers_is_tried_again_and_what_it_refuses_is_given_up_and_said() {
    needs!(smtp);
    let deferring = server(SmtpBehaviour::Defer);
    let scene = set(Some(through(&deferring))).await;
    scene.engine().write_messages().await.unwrap();
    let again = MessagesSent { again: 1, ..MessagesSent::default() };
    assert_eq!(scene.engine().deliver_messages().await.unwrap(), again);
    assert_eq!(scene.engine().deliver_messages().await.unwrap(), sent(0), "not before its time");
    scene.bench.clock.advance(Duration::from_mins(1));
    assert_eq!(scene.engine().deliver_messages().await.unwrap(), again);
    let waits = &all(scene.engine()).await[0];
    assert_eq!((waits.attempts, waits.given_up), (2, None));
    assert!(waits.why.as_ref().unwrap().contains("451"), "{waits:?}");
    // Three days later it is given up, with an entry, and the doctor says so.
    scene.bench.clock.advance(HOUR * 72);
    let over = MessagesSent { given_up: 1, ..MessagesSent::default() };
    assert_eq!(scene.engine().deliver_messages().await.unwrap(), over);
    let failed = scene.engine().messages(MessagesMeant::NotSent, 0, 10).await.unwrap();
    assert!(failed[0].given_up.is_some(), "{failed:?}");
    assert_eq!(kinds(scene.engine(), &failed[0].id.to_string()).await, ["message.failed"]);
    let checks = scene.engine().doctor().await.unwrap();
    let said = checks.iter().find(|check| check.what == "messages").unwrap();
    assert!(said.found.contains("1 given up") && said.found.contains("451"), "{said:?}");
    // What is refused for good is given up at once.
    let refusing = server(SmtpBehaviour::Refuse);
    let scene = set(Some(through(&refusing))).await;
    scene.engine().write_messages().await.unwrap();
    assert_eq!(scene.engine().deliver_messages().await.unwrap(), over);
    assert!(all(scene.engine()).await[0].why.as_ref().unwrap().contains("550"));
}

#[tokio::test]
async fn whoever_is_killed_while_sending_sends_it_afterwards() {
    needs!(smtp);
    let slow = server(SmtpBehaviour::Slow);
    let good = server(SmtpBehaviour::Accept);
    let mut scene = set(Some(through(&slow))).await;
    scene.engine().write_messages().await.unwrap();
    let engine = Arc::clone(scene.engine());
    let sending = tokio::spawn(async move { engine.deliver_messages().await });
    while all(scene.engine()).await[0].attempts == 0 {
        tokio::task::yield_now().await;
    }
    // Killed between the try and the answer.
    sending.abort();
    let _ = sending.await;
    scene.bench.mail = Some(through(&good));
    let scene = scene.crashed().await;
    let waits = &all(scene.engine()).await[0];
    assert_eq!((waits.attempts, waits.sent, waits.given_up), (1, None, None));
    assert_eq!(scene.engine().write_messages().await.unwrap(), 0, "it is kept, not written anew");
    scene.bench.clock.advance(Duration::from_mins(1));
    assert_eq!(scene.engine().deliver_messages().await.unwrap(), sent(1));
    assert_eq!(good.mails().unwrap().len(), 1);
    assert_eq!(slow.mails().unwrap().len(), 0);
}

#[tokio::test]
async fn whoever_left_or_whose_address_was_taken_away_is_sent_nothing() {
    needs!(smtp);
    let server = server(SmtpBehaviour::Accept);
    let scene = set(Some(through(&server))).await;
    let engine = scene.engine();
    engine.write_messages().await.unwrap();
    engine.set_mail_address(scene.asha, "ola", None).await.unwrap();
    let over = MessagesSent { given_up: 1, ..MessagesSent::default() };
    assert_eq!(engine.deliver_messages().await.unwrap(), over);
    scene.bench.clock.advance(HOUR * 24 * 8);
    assert_eq!(engine.write_messages().await.unwrap(), 0);
    // With an address she is told; removed, nothing of it is kept.
    engine.set_mail_address(scene.asha, "ola", Some(ADDRESS)).await.unwrap();
    assert_eq!(engine.write_messages().await.unwrap(), 1);
    let seen = engine.leaving(scene.asha.person, "ola").await.unwrap();
    assert_eq!(seen.owned_count, 0);
    engine.remove_person(scene.asha, "ola").await.unwrap();
    assert_eq!(engine.deliver_messages().await.unwrap(), sent(0));
    assert_eq!(all(engine).await, []);
    assert_eq!(engine.message_address(scene.ola.person, MessageWay::Mail).await.unwrap(), None);
    assert_eq!(server.mails().unwrap().len(), 0);
}

#[tokio::test]
async fn without_a_mail_server_nothing_is_written_and_the_doctor_says_so() {
    let scene = set(None).await;
    assert_eq!(scene.engine().write_messages().await.unwrap(), 0);
    assert_eq!(scene.engine().deliver_messages().await.unwrap(), sent(0));
    let doctor = async || {
        let checks = scene.engine().doctor().await.unwrap();
        checks.into_iter().find(|check| check.what == "messages").unwrap().found
    };
    assert!(doctor().await.contains("no mail server is configured"), "{}", doctor().await);
    let refused = refusal(scene.engine().test_message(scene.asha, "ola", MessageWay::Mail).await);
    assert!(refused.contains("[mail]"), "{refused}");
    scene.engine().set_mail_address(scene.asha, "ola", None).await.unwrap();
    assert!(doctor().await.contains("none are sent"), "{}", doctor().await);
}

#[tokio::test]
async fn a_test_message_says_what_became_of_it_and_nobody_is_flooded() {
    needs!(smtp);
    let server = server(SmtpBehaviour::Accept);
    let scene = set(Some(through(&server))).await;
    let engine = scene.engine();
    let nowhere = refusal(engine.test_message(scene.asha, "ravi", MessageWay::Mail).await);
    assert!(nowhere.contains("tenure people address ravi --mail"), "{nowhere}");
    for _ in 0..3 {
        assert!(engine.test_message(scene.asha, "ola", MessageWay::Mail).await.unwrap().sent.is_some());
    }
    let flood = refusal(engine.test_message(scene.asha, "ola", MessageWay::Mail).await);
    assert!(flood.contains("3 test messages within an hour"), "{flood}");
    assert!(server.mails().unwrap()[0].contains("tenure programme acknowledge"));
    for bad in ["", "ola", "ola@example.com\r\nBcc: all@example.com", "Ola <ola@example.com>"] {
        let refused = refusal(engine.set_mail_address(scene.asha, "ola", Some(bad)).await);
        assert!(refused.contains("the address is not taken") && !refused.contains("Bcc"), "{refused}");
    }
    // A test is no digest: what waits is told all the same.
    assert_eq!(engine.write_messages().await.unwrap(), 1);
}

#[tokio::test]
async fn the_programme_says_when_people_are_told() {
    needs!(smtp);
    let server = server(SmtpBehaviour::Accept);
    let scene = set(Some(through(&server))).await;
    let engine = scene.engine();
    let calendars = "[[calendar]]\nid = 'office'\ntime_zone = 'UTC'\nhours = ['mon-fri 09:00-17:00']\n";
    let mut files = programme("[messages]\ncalendar = 'office'\n", "");
    files.0.insert(String::from("calendars.toml"), calendars.to_owned());
    put_in_force(engine, files).await;
    let go = |to: &str| {
        let (now, to) = (engine.now(), tenure_model::Instant::parse(to).unwrap());
        assert!(now < to, "{now}");
        scene.bench.clock.advance(to.since(now));
    };
    go("2026-11-28T12:00:00Z");
    assert_eq!(engine.write_messages().await.unwrap(), 0, "it is Saturday");
    go("2026-11-30T09:00:00Z");
    assert_eq!(engine.write_messages().await.unwrap(), 1);
}

/// dora stands on a list with an address, and operates; something waits for her.
async fn of_a_directory(mail: Mail) -> Scene {
    let mut bench = Bench::seeded(1, FaultRates::NONE);
    bench.mail = Some(mail);
    let scene = Scene::over(bench).await;
    let resource = serde_json::json!({ "emails": [{ "value": "dora@example.com" }] }).to_string();
    let given = DirectoryGiven { name: String::from("dora"), external_id: None, resource };
    let listed = Listed { line: 2, given, active: true, teams: [String::from("platform")].into() };
    let list = || PeopleList { people: vec![listed.clone()], ..PeopleList::of_file(true) };
    let engine = scene.engine();
    let word = engine.foresee_people(list()).await.unwrap().word;
    engine.import_people(scene.asha, list(), word).await.unwrap();
    engine.map_team(scene.asha, "platform", Some(Role::Operator)).await.unwrap();
    scene.ask("etl").await;
    scene
}

#[tokio::test]
async fn who_has_no_address_of_an_administrator_is_reached_where_their_directory_says_if_that_is_allowed() {
    needs!(smtp);
    let server = server(SmtpBehaviour::Accept);
    let allowed = Mail { directory_addresses: true, ..through(&server) };
    let scene = of_a_directory(allowed).await;
    let engine = scene.engine();
    assert!(engine.mail_shown().unwrap().directory_addresses);
    assert_eq!(engine.write_messages().await.unwrap(), 1);
    assert_eq!(engine.deliver_messages().await.unwrap(), sent(1));
    assert!(server.mails().unwrap()[0].starts_with("X-To: dora@example.com"));
    engine.test_message(scene.asha, "dora", MessageWay::Mail).await.unwrap();
    // What an administrator says counts before it.
    engine.set_mail_address(scene.asha, "dora", Some("other@example.com")).await.unwrap();
    engine.test_message(scene.asha, "dora", MessageWay::Mail).await.unwrap();
    let mails = server.mails().unwrap();
    assert!(
        mails[1].starts_with("X-To: dora@example.com") && mails[2].starts_with("X-To: other@example.com")
    );

    // Its twin: nobody allowed it.
    let scene = of_a_directory(through(&server)).await;
    assert_eq!(scene.engine().write_messages().await.unwrap(), 0);
    let refused = scene.engine().test_message(scene.asha, "dora", MessageWay::Mail).await.unwrap_err();
    assert!(refused.to_string().contains("nobody said where messages reach `dora`"));
}
