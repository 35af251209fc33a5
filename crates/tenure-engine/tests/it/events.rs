//! Other systems are told what the log holds: in order, every entry, at least once, through every failure of theirs and ours.
//!
//! The receiver is one of our own on this machine, so that it may fail as a seed says; that others believe what is signed is shown in
//! `tenure-events`. In virtual time. Must never wait for real time, but for the receiver.

use crate::bench::{Bench, actor};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use tenure_connect::chaos::FaultRates;
use tenure_engine::{Engine, EngineFailure, EventStream, EventStreamShown, EventWay, EventsTold};
use tenure_events::{
    Address, CallLimits, Caller, EventFormat, PrivateAddresses, SigningSecret, WebhookChannel,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// What the receiver does with the next post.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Does {
    Takes,
    IsBusy,
    /// Takes it, and ends the line without a word.
    TakesSilently,
    /// Reads nothing.
    HangsUp,
    /// Never answers.
    Waits,
}

/// What arrived: the events that were taken, in the order they came.
struct Receiver {
    port: u16,
    taken: Arc<Mutex<Vec<serde_json::Value>>>,
    does: Arc<Mutex<Box<dyn FnMut() -> Does + Send>>>,
}

impl Receiver {
    async fn start(does: impl FnMut() -> Does + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let taken = Arc::<Mutex<Vec<_>>>::default();
        let does: Arc<Mutex<Box<dyn FnMut() -> Does + Send>>> = Arc::new(Mutex::new(Box::new(does)));
        let (to, asked) = (Arc::clone(&taken), Arc::clone(&does));
        tokio::spawn(async move {
            while let Ok((line, _)) = listener.accept().await {
                let does = asked.lock().unwrap()();
                tokio::spawn(answer(line, does, Arc::clone(&to)));
            }
        });
        Self { port, taken, does }
    }

    fn now_does(&self, does: impl FnMut() -> Does + Send + 'static) {
        *self.does.lock().unwrap() = Box::new(does);
    }

    fn taken(&self) -> Vec<serde_json::Value> {
        self.taken.lock().unwrap().clone()
    }

    fn kinds(&self) -> Vec<String> {
        self.taken().iter().map(|event| event["type"].as_str().unwrap().to_owned()).collect()
    }

    fn stream(&self, more: impl FnOnce(&mut EventStream)) -> Arc<EventStream> {
        let limits = CallLimits { deadline: Duration::from_secs(5), ..CallLimits::default() };
        let mut stream = EventStream {
            name: String::from("siem"),
            way: EventWay::Webhook(Box::new(WebhookChannel {
                address: Address::endpoint(&format!("http://127.0.0.1:{}/in", self.port)).unwrap(),
                secret: SigningSecret::new(SECRET).unwrap(),
                caller: Caller::new(Vec::new(), limits, PrivateAddresses::Refused),
            })),
            format: EventFormat::CloudEvents,
            kinds: Vec::new(),
            details: false,
            from_beginning: true,
        };
        more(&mut stream);
        Arc::new(stream)
    }
}

async fn answer(mut line: TcpStream, does: Does, taken: Arc<Mutex<Vec<serde_json::Value>>>) {
    if does == Does::HangsUp {
        return;
    }
    let mut text = Vec::new();
    let body = loop {
        let mut part = [0; 8192];
        let count = line.read(&mut part).await.unwrap_or(0);
        if count == 0 {
            return;
        }
        text.extend_from_slice(&part[..count]);
        if let Some(at) = text.windows(4).position(|four| four == b"\r\n\r\n")
            && let Ok(event) = serde_json::from_slice::<serde_json::Value>(&text[at + 4..])
        {
            break event;
        }
    };
    match does {
        Does::Waits => std::future::pending().await,
        Does::Takes | Does::TakesSilently => taken.lock().unwrap().push(body),
        Does::IsBusy | Does::HangsUp => {}
    }
    let status = match does {
        Does::Takes => "204 No Content",
        Does::IsBusy => "503 Busy\r\ncontent-length: 5\r\n\r\nwords",
        Does::TakesSilently | Does::HangsUp | Does::Waits => return,
    };
    let _ = line.write_all(format!("HTTP/1.1 {status}\r\n\r\n").as_bytes()).await;
}

async fn size(engine: &Engine) -> u64 {
    engine.log_status().await.unwrap().size
}

async fn tell_all(engine: &Engine, stream: &EventStream) -> EventsTold {
    let mut last = engine.tell_events(stream).await.unwrap();
    while last.more {
        last = engine.tell_events(stream).await.unwrap();
    }
    last
}

async fn shown(engine: &Engine) -> EventStreamShown {
    engine.event_streams_shown().await.unwrap().remove(0)
}

async fn found(engine: &Engine) -> String {
    let checks = engine.doctor().await.unwrap();
    checks.into_iter().find(|check| check.what == "event streams").unwrap().found
}

async fn written(engine: &Engine, of: &str) -> Vec<String> {
    let entries = engine.entries_about(of, 50).await.unwrap();
    entries.into_iter().rev().map(|(_, entry)| entry.kind).collect()
}

#[tokio::test]
async fn the_whole_log_is_told_in_order_and_then_what_comes() {
    let receiver = Receiver::start(|| Does::Takes).await;
    let mut bench = Bench::seeded(1, FaultRates::NONE);
    let stream = receiver.stream(|_| {});
    bench.events = vec![Arc::clone(&stream)];
    let deployment = bench.surveyed().await;
    let engine = &deployment.engine;
    tell_all(engine, &stream).await;
    let told = receiver.taken();
    assert_eq!(told.len(), usize::try_from(size(engine).await).unwrap());
    for (index, event) in told.iter().enumerate() {
        assert_eq!(event["sequence"], format!("{index:020}"));
        let (_, entry) = engine.log_page(Some(index as u64 + 1), 1).await.unwrap().remove(0);
        assert_eq!((&event["id"], &event["data"]["kind"]), (&entry.id.into(), &entry.kind.into()));
        assert!(event["data"].get("body").is_none(), "names stay here");
    }
    assert_eq!(engine.tell_events(&stream).await.unwrap(), EventsTold::default());
    let before = told.len();
    engine.test_events(actor(engine).await, "siem").await.unwrap();
    assert_eq!(receiver.kinds()[before..], ["tenure.events.tested"]);
    assert_eq!((shown(engine).await.behind, shown(engine).await.why), (0, None));
    assert!(found(engine).await.contains("1 stream"), "{}", found(engine).await);
}

#[tokio::test]
async fn only_what_a_stream_asks_for_leaves_and_names_only_with_details() {
    let (few, all) = (Receiver::start(|| Does::Takes).await, Receiver::start(|| Does::Takes).await);
    let mut bench = Bench::seeded(1, FaultRates::NONE);
    let some = few.stream(|stream| stream.kinds = vec![String::from("person.")]);
    let details = all.stream(|stream| {
        stream.name = String::from("lake");
        stream.details = true;
    });
    bench.events = vec![Arc::clone(&some), Arc::clone(&details)];
    let deployment = bench.surveyed().await;
    let engine = &deployment.engine;
    tell_all(engine, &some).await;
    tell_all(engine, &details).await;
    assert!(
        few.kinds().iter().all(|kind| kind.starts_with("tenure.person.") || kind == "tenure.events.begun")
    );
    assert!(few.kinds().contains(&String::from("tenure.person.added")));
    assert_eq!(few.kinds().iter().filter(|kind| *kind == "tenure.events.begun").count(), 1, "its own");
    let named = all.taken().into_iter().find(|event| event["type"] == "tenure.person.added").unwrap();
    assert_eq!(named["data"]["body"]["name"], "asha", "{named}");
    assert!(!few.taken().iter().any(|event| event.to_string().contains("asha")));
}

#[tokio::test]
async fn a_stream_that_fails_stands_still_is_tried_again_and_skips_nothing() {
    let receiver = Receiver::start(|| Does::IsBusy).await;
    let mut bench = Bench::seeded(1, FaultRates::NONE);
    let stream = receiver.stream(|_| {});
    bench.events = vec![Arc::clone(&stream)];
    let deployment = bench.surveyed().await;
    let engine = &deployment.engine;
    assert!(engine.tell_events(&stream).await.unwrap().failed);
    assert_eq!(engine.tell_events(&stream).await.unwrap(), EventsTold::default(), "not before its time");
    bench.clock.advance(Duration::from_secs(10));
    assert!(engine.tell_events(&stream).await.unwrap().failed);
    let (now, stuck) = (engine.now(), shown(engine).await);
    assert_eq!((stuck.next, stuck.attempts, stuck.taken), (0, 2, None));
    let wait = stuck.again.unwrap().since(now).as_secs();
    assert!((15..=20).contains(&wait), "{wait}");
    assert!(stuck.why.as_ref().unwrap().contains("503") && !stuck.why.unwrap().contains("words"));
    assert!(
        found(engine).await.contains("behind the log because: it answered 503"),
        "{}",
        found(engine).await
    );
    // A test says so at once, and tries before its time.
    let tested = engine.test_events(actor(engine).await, "siem").await.unwrap();
    assert_eq!((tested.attempts, tested.taken), (3, None));
    let refused = engine.test_events(actor(engine).await, "nothing").await.unwrap_err();
    assert!(matches!(refused, EngineFailure::Store(_)), "{refused}");
    receiver.now_does(|| Does::Takes);
    bench.clock.advance(Duration::from_mins(10));
    tell_all(engine, &stream).await;
    let sequences: Vec<_> = receiver.taken().iter().map(|event| event["sequence"].clone()).collect();
    let expected: Vec<_> =
        (0..size(engine).await).map(|index| serde_json::json!(format!("{index:020}"))).collect();
    assert_eq!(sequences, expected);
    assert_eq!((shown(engine).await.attempts, shown(engine).await.why), (0, None));
}

#[tokio::test]
async fn whoever_is_killed_while_telling_tells_it_again_with_the_same_ids() {
    let receiver = Receiver::start(|| Does::Waits).await;
    let mut bench = Bench::seeded(1, FaultRates::NONE);
    let stream = receiver.stream(|_| {});
    bench.events = vec![Arc::clone(&stream)];
    let deployment = bench.surveyed().await;
    let mut left = 3;
    receiver.now_does(move || {
        left -= 1;
        if left < 0 { Does::Waits } else { Does::Takes }
    });
    let engine = Arc::clone(&deployment.engine);
    let of = Arc::clone(&stream);
    let telling = tokio::spawn(async move { engine.tell_events(&of).await });
    while receiver.taken().len() < 3 {
        tokio::task::yield_now().await;
    }
    // Killed after three were taken, and before that was written down.
    telling.abort();
    let _ = telling.await;
    deployment.close().await;
    receiver.now_does(|| Does::Takes);
    let deployment = bench.open().await.unwrap();
    assert_eq!(shown(&deployment.engine).await.next, 0);
    tell_all(&deployment.engine, &stream).await;
    let ids: Vec<_> = receiver.taken().iter().map(|event| event["id"].clone()).collect();
    assert_eq!(ids[..3], ids[3..6], "told twice, under the same ids");
    assert_eq!(ids.len() - 3, usize::try_from(size(&deployment.engine).await).unwrap());
}

#[tokio::test]
async fn a_stream_begins_and_ends_with_an_entry_and_where_it_was_told_to() {
    let receiver = Receiver::start(|| Does::Takes).await;
    let mut bench = Bench::seeded(1, FaultRates::NONE);
    let deployment = bench.surveyed().await;
    let before = size(&deployment.engine).await;
    deployment.close().await;
    let stream = receiver.stream(|stream| stream.from_beginning = false);
    bench.events = vec![Arc::clone(&stream)];
    let deployment = bench.open().await.unwrap();
    tell_all(&deployment.engine, &stream).await;
    assert_eq!(receiver.kinds(), ["tenure.events.begun"], "of what was before it is told nothing");
    assert_eq!(receiver.taken()[0]["sequence"], format!("{before:020}"));
    deployment.close().await;
    let deployment = bench.open().await.unwrap();
    assert_eq!(written(&deployment.engine, "siem").await, ["events.begun"], "once");
    deployment.close().await;
    bench.events = Vec::new();
    let deployment = bench.open().await.unwrap();
    assert_eq!(written(&deployment.engine, "siem").await, ["events.begun", "events.ended"]);
    assert!(deployment.engine.event_streams_shown().await.unwrap().is_empty());
    assert_eq!(deployment.engine.tell_events(&stream).await.unwrap(), EventsTold::default());
    assert!(found(&deployment.engine).await.contains("none are configured"));
}

/// Whatever a receiver does, and however often we are killed: every entry is told, in order, and nothing that is none.
#[tokio::test]
async fn through_every_failure_nothing_is_lost_and_nothing_overtaken() {
    for seed in 0..40_u64 {
        let mut dice = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut roll = move || {
            dice ^= dice << 13;
            dice ^= dice >> 7;
            dice ^= dice << 17;
            dice % 10
        };
        let receiver = Receiver::start(move || match roll() {
            0 => Does::IsBusy,
            1 => Does::TakesSilently,
            2 => Does::HangsUp,
            _ => Does::Takes,
        })
        .await;
        let mut bench = Bench::seeded(seed, FaultRates::NONE);
        let stream = receiver.stream(|_| {});
        bench.events = vec![Arc::clone(&stream)];
        let mut deployment = bench.surveyed().await;
        for round in 0..200 {
            tell_all(&deployment.engine, &stream).await;
            if shown(&deployment.engine).await.behind == 0 {
                break;
            }
            assert!(round < 199, "seed {seed}: it never got through");
            bench.clock.advance(Duration::from_mins(10));
            if round % 3 == 2 {
                deployment.close().await;
                deployment = bench.open().await.unwrap();
            }
        }
        let places: Vec<u64> = receiver
            .taken()
            .iter()
            .map(|event| event["sequence"].as_str().unwrap().parse().unwrap())
            .collect();
        let mut firsts: Vec<u64> = Vec::new();
        for place in places {
            // What comes again is of what came already; what is new is the very next.
            if firsts.last().is_none_or(|last| place > *last) {
                assert_eq!(place, firsts.len() as u64, "seed {seed}");
                firsts.push(place);
            }
        }
        assert_eq!(firsts.len() as u64, size(&deployment.engine).await, "seed {seed}");
        deployment.close().await;
    }
}
