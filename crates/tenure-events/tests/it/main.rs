//! Events told to a real receiver and a real syslog server, and everything that keeps one from being taken.
//!
//! What is signed is judged by the library of Standard Webhooks, what is written by that of CloudEvents and by rsyslog. Each refusal has
//! its twin that is taken.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::{
    collections::BTreeMap,
    time::{Duration, Instant as Then},
};
use tenure_call::CallFailed;
use tenure_events::{
    Address, CallLimits, Caller, Event, EventFormat, NotTaken, PrivateAddresses, SigningSecret,
    SyslogChannel, WebhookChannel,
};
use tenure_evidence::{Entry, FactValue, body_digest};
use tenure_model::Instant;
use tenure_testbed::{SyslogServer, WebhookBehaviour, WebhookReceiver, needs};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OTHER: &str = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

fn now() -> Instant {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Instant::from_micros(i64::try_from(since.as_micros()).unwrap())
}

fn event(index: u64) -> Event {
    Event {
        origin: String::from("tenure-7f3a09"),
        index,
        entry: Entry {
            version: 1,
            id: format!("01990a2e-7c11-7d5e-8000-{index:012}"),
            time_us: 1_795_000_000_000_000,
            kind: String::from("plan.approved/1"),
            actor: String::from("01990a2e-7c11-7d5e-8000-00000000000a"),
            subject: String::from("01990a2e-7c11-7d5e-8000-00000000000b"),
            right: None,
            body_digest: body_digest(&[0; 32], b"{}"),
            facts: BTreeMap::from([(String::from("step"), FactValue::Integer(1))]),
        },
        body: Some(serde_json::json!({ "reason": "größer, “so”\n<b>" })),
    }
}

fn channel(receiver: &WebhookReceiver, secret: &str) -> WebhookChannel {
    let authorities = tenure_tls::authorities(&receiver.certificate()).unwrap();
    let limits = CallLimits { deadline: Duration::from_secs(3), ..CallLimits::default() };
    WebhookChannel {
        address: Address::endpoint(&receiver.url()).unwrap(),
        secret: SigningSecret::new(secret).unwrap(),
        caller: Caller::new(authorities, limits, PrivateAddresses::Refused),
    }
}

#[tokio::test]
async fn what_is_signed_with_the_same_secret_just_now_is_believed_and_read_by_others() {
    needs!(webhook);
    let receiver = WebhookReceiver::start(WebhookBehaviour::Accept, SECRET).unwrap();
    let to = channel(&receiver, SECRET);
    to.send(&event(7), EventFormat::CloudEvents, now()).await.unwrap();
    to.send(&event(8), EventFormat::Ocsf, now()).await.unwrap();
    let taken: Vec<serde_json::Value> =
        receiver.events().unwrap().iter().map(|text| serde_json::from_str(text).unwrap()).collect();
    assert_eq!(
        (&taken[0]["type"], &taken[0]["id"]),
        (&"tenure.plan.approved".into(), &event(7).entry.id.into())
    );
    assert_eq!(taken[0]["event"]["data"]["body"]["reason"], "größer, “so”\n<b>");
    assert_eq!((&taken[1]["type"], &taken[1]["event"]["class_uid"]), (&"ocsf".into(), &3004.into()));
    // The twins: another secret, and another time.
    let refused =
        channel(&receiver, OTHER).send(&event(9), EventFormat::CloudEvents, now()).await.unwrap_err();
    assert!(matches!(refused, NotTaken::Status { status: 401, .. }), "{refused}");
    let old = now().minus(Duration::from_hours(1));
    assert!(to.send(&event(9), EventFormat::CloudEvents, old).await.is_err());
    assert_eq!(receiver.events().unwrap().len(), 2);
    assert_eq!(receiver.refused().lines().count(), 2, "{}", receiver.refused());
}

#[tokio::test]
async fn whatever_a_receiver_does_instead_is_said_and_its_words_are_not() {
    needs!(webhook);
    for (behaviour, expected) in [
        (WebhookBehaviour::Busy, "503"),
        (WebhookBehaviour::Refuse, "same secret"),
        (WebhookBehaviour::Redirect, "not followed"),
        (WebhookBehaviour::Slow, "too long"),
    ] {
        let receiver = WebhookReceiver::start(behaviour, SECRET).unwrap();
        let sent = channel(&receiver, SECRET).send(&event(1), EventFormat::CloudEvents, now()).await;
        let why = sent.unwrap_err().to_string();
        assert!(why.contains(expected) && !why.contains("the-words"), "{behaviour:?}: {why}");
    }
}

#[tokio::test]
async fn a_certificate_that_nobody_signed_is_not_believed_and_nobody_else_is_called() {
    needs!(webhook);
    let receiver = WebhookReceiver::start(WebhookBehaviour::Accept, SECRET).unwrap();
    let stranger = WebhookChannel {
        caller: Caller::new(Vec::new(), CallLimits::default(), PrivateAddresses::Refused),
        ..channel(&receiver, SECRET)
    };
    let why = stranger.send(&event(1), EventFormat::CloudEvents, now()).await.unwrap_err().to_string();
    assert!(why.contains("cannot be encrypted"), "{why}");
    for never in ["https://169.254.169.254/latest", "https://[fd00:ec2::254]/", "https://10.0.0.1/in"] {
        let to = WebhookChannel { address: Address::endpoint(never).unwrap(), ..channel(&receiver, SECRET) };
        let refused = to.send(&event(1), EventFormat::CloudEvents, now()).await.unwrap_err();
        assert!(matches!(refused, NotTaken::Call(CallFailed::Address(_))), "{never}: {refused}");
    }
    assert!(receiver.events().unwrap().is_empty() && receiver.refused().is_empty());
}

fn syslog(server: &SyslogServer, is_encrypted: bool) -> SyslogChannel {
    SyslogChannel {
        host: String::from("127.0.0.1"),
        port: server.port(),
        private: PrivateAddresses::Refused,
        authorities: if is_encrypted {
            tenure_tls::authorities(&server.certificate()).unwrap()
        } else {
            Vec::new()
        },
    }
}

fn waited(server: &SyslogServer, count: usize) -> Vec<String> {
    let begun = Then::now();
    loop {
        let messages = server.messages();
        if messages.len() >= count || begun.elapsed() > Duration::from_secs(20) {
            return messages;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[tokio::test]
async fn rsyslog_understands_every_line_over_tls_and_in_clear() {
    needs!(rsyslog);
    for is_encrypted in [true, false] {
        let server = SyslogServer::start(is_encrypted).unwrap();
        let events: Vec<Event> = (0..30).map(event).collect();
        syslog(&server, is_encrypted).send(&events, EventFormat::CloudEvents).await.unwrap();
        let messages = waited(&server, 30);
        assert_eq!(messages.len(), 30, "{messages:?}");
        let parts: Vec<&str> = messages[7].splitn(7, '|').collect();
        assert_eq!(&parts[..2], ["109", "1"], "log audit, notice; RFC 5424");
        assert!(parts[2].starts_with("2026-11-18T11:06:40"), "{parts:?}");
        assert_eq!(&parts[4..6], ["tenure", "plan.approved"]);
        let read: serde_json::Value = serde_json::from_str(parts[6].trim()).unwrap();
        assert_eq!(
            (&read["sequence"], &read["data"]["body"]["reason"]),
            (&format!("{:020}", 7).into(), &"größer, “so”\n<b>".into())
        );
    }
}

#[tokio::test]
async fn what_a_syslog_server_may_not_have_read_is_not_taken() {
    needs!(rsyslog);
    let server = SyslogServer::start(true).unwrap();
    let to = syslog(&server, true);
    to.send(&[event(1)], EventFormat::Ocsf).await.unwrap();
    server.pause().unwrap();
    let why = to.send(&[event(2)], EventFormat::Ocsf).await.unwrap_err().to_string();
    assert!(why.contains("too long"), "{why}");
    server.kill9().unwrap();
    assert!(to.send(&[event(2)], EventFormat::Ocsf).await.is_err());
    // A server that knows no encryption gets nothing where a certificate is asked for.
    let plain = SyslogServer::start(false).unwrap();
    let asks = SyslogChannel { port: plain.port(), ..syslog(&server, false) };
    let asks = SyslogChannel { authorities: tenure_tls::authorities(&plain.certificate()).unwrap(), ..asks };
    let why = asks.send(&[event(3)], EventFormat::Ocsf).await.unwrap_err().to_string();
    assert!(why.contains("cannot be encrypted") || why.contains("too long"), "{why}");
    assert!(!plain.messages().iter().any(|line| line.contains("01990a2e")), "{:?}", plain.messages());
}
