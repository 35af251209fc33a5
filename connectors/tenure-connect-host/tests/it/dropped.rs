//! A survey that nobody waits for any more.

use crate::machine::{Digest, Machine};
use crate::surveyed::Recorder;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use tenure_connect::{Connector, Fingerprint, SourceConfig};
use tenure_connect_host::HostConnector;
use tenure_model::{Instant, Point, ShortName, SourceId};

/// Holds the reading up at its first fingerprint, until it is told to go on, and counts.
struct Held {
    reached: Mutex<Option<tokio::sync::oneshot::Sender<()>>>,
    go_on: Mutex<Receiver<()>>,
    made: Arc<AtomicUsize>,
}

impl Fingerprint for Held {
    fn fingerprint(&self, domain: &str, value: &[u8]) -> String {
        if let Some(reached) = self.reached.lock().unwrap().take() {
            reached.send(()).unwrap();
            self.go_on.lock().unwrap().recv().unwrap();
        }
        self.made.fetch_add(1, Ordering::Relaxed);
        Digest.fingerprint(domain, value)
    }
}

/// Begins a survey of a home with a hundred secrets, lets go of it while the first is being read, and says how many were
/// read in the end.
fn read_by_one_that_is_let_go(let_go: bool) -> usize {
    let mut machine = Machine::new(23);
    machine.put("etc/passwd", 0o644, "ci:x:1001:1001::/srv/ci:/bin/sh\n");
    let variables = (0..100).fold(String::new(), |mut text, number| {
        let _ = writeln!(text, "A_TOKEN_{number}=Kx7Pq9zUv3Wb{number:08}");
        text
    });
    machine.put("srv/ci/.env", 0o600, variables);
    let (reached, when_reached) = tokio::sync::oneshot::channel();
    let (go_on, held): (Sender<()>, _) = channel();
    let made = Arc::new(AtomicUsize::new(0));
    let fingerprint =
        Held { reached: Mutex::new(Some(reached)), go_on: Mutex::new(held), made: Arc::clone(&made) };
    let config = SourceConfig {
        id: SourceId::new(Instant::from_micros(0), [0; 10]),
        name: ShortName::parse("this-host").unwrap(),
        points: vec![Point {
            name: ShortName::parse("primary").unwrap(),
            url: format!("host://{}", machine.folder.path().display()),
        }],
        secret: None,
        options: BTreeMap::new(),
        fingerprint: Arc::new(fingerprint),
    };
    let source = HostConnector.source(config).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let mut recorder = Recorder::default();
    runtime.block_on(async {
        let mut survey = source.observe(Instant::from_micros(0), &mut recorder);
        tokio::select! {
            biased;
            done = &mut survey => panic!("it ended while it was held: {done:?}"),
            () = async { when_reached.await.unwrap() } => {}
        }
        if let_go {
            drop(survey);
            go_on.send(()).unwrap();
        } else {
            go_on.send(()).unwrap();
            survey.await.unwrap();
        }
    });
    // A runtime that is dropped waits for its threads.
    drop(runtime);
    made.load(Ordering::Relaxed)
}

#[test]
fn a_reading_ends_soon_when_its_survey_is_dropped() {
    assert_eq!(read_by_one_that_is_let_go(true), 1);
    assert!(read_by_one_that_is_let_go(false) >= 100);
}
