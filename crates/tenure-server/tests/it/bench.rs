//! A deployment in a temporary directory over a chaos world, behind the router.
//!
//! Time is virtual. Every JSON answer is held against the OpenAPI document, and every answer is
//! kept, so that a test can ask what was ever said.

use crate::shape;
use axum::{Router, body::Body};
use http::{HeaderMap, Request};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tempfile::TempDir;
use tenure_connect::chaos::{Behaviour, ChaosClock, ChaosConnector, ChaosPrincipal, ChaosWorld, Dice};
use tenure_engine::{Clock, Database, Deadlines, Deployment, Drive, Engine, OpenOptions};
use tenure_keys::{Randomness, RandomnessFailed, RealDisk};
use tenure_model::{Instant, PlanId, PrincipalKey};
use tenure_server::Peer;
use tower::ServiceExt as _;

/// The password of the source; it must appear nowhere.
pub(crate) const SOURCE_CANARY: &str = "SourceCanary0002value";
/// The value of the principal that is revoked.
pub(crate) const VALUE_CANARY: &str = "PlantedCanary0001value";

/// Local accounts, one per role.
pub(crate) const ADMINISTRATOR: u32 = 1000;
pub(crate) const OPERATOR: u32 = 1001;
pub(crate) const OWNER: u32 = 1002;
pub(crate) const AUDITOR: u32 = 1003;

struct VirtualClock(ChaosClock);

impl Clock for VirtualClock {
    fn now(&self) -> Instant {
        // One microsecond a call: what is written later also reads as later.
        self.0.advance(Duration::from_micros(1))
    }

    fn not_before(&self, floor: Instant) {
        let now = self.0.now();
        if floor > now {
            self.0.advance(floor.since(now));
        }
    }
}

struct SeededRandomness(Dice);

impl Randomness for SeededRandomness {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), RandomnessFailed> {
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.0.roll().to_le_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}

/// An answer, whole.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{} {}", self.status, self.text()))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Status and what a problem says, on one line.
    pub(crate) fn problem(&self) -> String {
        let problem = self.json();
        let remedy = problem["remedy"].as_str().map(|remedy| format!(" [{remedy}]")).unwrap_or_default();
        format!("{} {}{remedy}", self.status, problem["detail"].as_str().unwrap_or_default())
    }
}

pub(crate) struct Bench {
    pub(crate) directory: TempDir,
    pub(crate) world: ChaosWorld,
    pub(crate) clock: ChaosClock,
    pub(crate) victim: PrincipalKey,
    pub(crate) engine: Arc<Engine>,
    pub(crate) router: Router,
    disk_fails: Arc<AtomicBool>,
    said: Mutex<Vec<u8>>,
}

/// A mail server of this machine that is not there: what is asked for is kept and tried, and nothing leaves.
fn mail_to_nowhere() -> tenure_engine::Mail {
    let channel = tenure_messages::MailChannel {
        host: String::from("127.0.0.1"),
        port: 1,
        security: tenure_messages::MailSecurity::Plain,
        private: tenure_messages::PrivateAddresses::Refused,
        authorities: None,
        login: None,
        from: tenure_messages::MailAddress::new("tenure@example.com").unwrap(),
        patience: Duration::from_secs(5),
    };
    tenure_engine::Mail {
        channel,
        directory_addresses: false,
        console: Some(String::from("https://tenure.example.com")),
    }
}

/// A chat at a port of this machine where nobody listens.
fn chat_to_nowhere() -> Arc<tenure_engine::Chat> {
    let url =
        tenure_model::Secret::new(String::from("http://127.0.0.1:1/services/a-part-that-nobody-else-knows"));
    let limits = tenure_messages::CallLimits { deadline: Duration::from_secs(5), answer_bytes_max: 1024 };
    let private = tenure_messages::PrivateAddresses::Refused;
    let caller = tenure_messages::Caller::new(Vec::new(), limits, private);
    Arc::new(tenure_engine::Chat {
        name: String::from("room"),
        channel: tenure_messages::ChatChannel::new(tenure_messages::ChatKind::Slack, &url, caller).unwrap(),
        details: false,
        console: Some(String::from("https://tenure.example.com")),
    })
}

/// A directory at a port of this machine where nobody listens.
fn ldap_to_nowhere() -> Arc<tenure_engine::LdapDirectory> {
    let people = tenure_ldap::Part {
        base: String::from("ou=people,dc=example,dc=com"),
        filter: String::from("(objectClass=person)"),
    };
    let directory = tenure_ldap::Directory {
        host: String::from("127.0.0.1"),
        port: 1,
        security: tenure_ldap::Security::Plain,
        private: tenure_messages::PrivateAddresses::Refused,
        authorities: Vec::new(),
        bind_dn: String::from("cn=tenure,dc=example,dc=com"),
        password: Arc::new(tenure_model::Secret::new(String::from("a-part-that-nobody-else-knows"))),
        people,
        groups: None,
        attributes: tenure_ldap::Attributes::open_ldap(),
        people_max: 100,
        patience: Duration::from_secs(5),
    };
    Arc::new(tenure_engine::LdapDirectory::new(String::from("nowhere"), directory, None))
}

/// A stream of events to a port of this machine where nobody listens.
fn events_to_nowhere() -> Arc<tenure_engine::EventStream> {
    let limits = tenure_events::CallLimits { deadline: Duration::from_secs(5), answer_bytes_max: 1024 };
    let channel = tenure_events::WebhookChannel {
        address: tenure_events::Address::endpoint("http://127.0.0.1:1/in").unwrap(),
        secret: tenure_events::SigningSecret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap(),
        caller: tenure_events::Caller::new(Vec::new(), limits, tenure_events::PrivateAddresses::Refused),
    };
    Arc::new(tenure_engine::EventStream {
        name: String::from("siem"),
        way: tenure_engine::EventWay::Webhook(Box::new(channel)),
        format: tenure_events::EventFormat::CloudEvents,
        kinds: vec![String::from("plan.")],
        details: false,
        from_beginning: false,
    })
}

/// Two systems that post their tickets.
fn ticket_hooks() -> Vec<tenure_engine::TicketHook> {
    use tenure_engine::{HookKey, TicketHook, TicketShape};
    let standard = tenure_events::SigningSecret::new(HOOK_SECRET).unwrap();
    let hub = tenure_events::HubSecret::new(HUB_SECRET).unwrap();
    let shape = TicketShape::Jira { identity_field: String::from("customfield_1") };
    vec![
        TicketHook {
            system: String::from("snow"),
            key: HookKey::Standard(standard),
            shape: TicketShape::Plain,
        },
        TicketHook { system: String::from("jira"), key: HookKey::Hub(hub), shape },
    ]
}

/// What `snow` signs with.
pub(crate) const HOOK_SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
/// What `jira` signs with.
pub(crate) const HUB_SECRET: &str = "It's a Secret to Everybody";

impl Bench {
    /// Opened, with one person per role and nothing else.
    pub(crate) async fn empty() -> Self {
        Self::reading(vec![ldap_to_nowhere()]).await
    }

    /// With these directories.
    pub(crate) async fn reading(ldap: Vec<Arc<tenure_engine::LdapDirectory>>) -> Self {
        let clock = ChaosClock::starting_at(Instant::parse("2026-11-21T12:00:00Z").unwrap());
        let world = ChaosWorld::new(clock.clone());
        world.point("primary", Duration::ZERO, Behaviour::Honest);
        world.point("replica-1", Duration::from_secs(4), Behaviour::Honest);
        world.add(ChaosPrincipal { admin: true, ..ChaosPrincipal::account("root", "RootValue00000001") });
        let ourselves = ChaosPrincipal::account("tenure", "TenureValue000001");
        let ourselves = world.add(ChaosPrincipal { admin: true, ..ourselves });
        world.we_are(&ourselves);
        let victim = world.add(ChaosPrincipal {
            grants: vec![(String::from("shop/table/orders"), String::from("SELECT"))],
            ..ChaosPrincipal::account("reporting", VALUE_CANARY)
        });
        world.add(ChaosPrincipal::account("billing", "BystanderValue001"));
        let shm = std::path::Path::new("/dev/shm");
        let directory = if shm.is_dir() { TempDir::new_in(shm) } else { TempDir::new() }.unwrap();
        let disk_fails = Arc::new(AtomicBool::new(false));
        let switch = Arc::clone(&disk_fails);
        let options = OpenOptions {
            directory: directory.path().join("data"),
            database: Database::Embedded,
            kek: None,
            disk: Arc::new(RealDisk),
            clock: Arc::new(VirtualClock(clock.clone())),
            randomness: Box::new(SeededRandomness(Dice::new(7))),
            connectors: vec![Arc::new(ChaosConnector::new(world.clone()))],
            deadlines: Deadlines::default(),
            mail: Some(mail_to_nowhere()),
            chats: vec![chat_to_nowhere()],
            ldap,
            events: vec![events_to_nowhere()],
            ticket_hooks: ticket_hooks(),
            first_person: (String::from("administrator"), ADMINISTRATOR),
            commit_fault: Some(Arc::new(move || {
                switch.load(Ordering::SeqCst).then(|| String::from("fsync: input/output error"))
            })),
        };
        let Deployment { engine, .. } = Deployment::open(options).await.unwrap();
        let router = tenure_server::router(Arc::clone(&engine));
        let said = Mutex::default();
        let bench = Self { directory, world, clock, victim, engine, router, disk_fails, said };
        for (name, uid) in [("operator", OPERATOR), ("owner", OWNER), ("auditor", AUDITOR)] {
            let person = json!({ "name": name, "role": name, "local_uid": uid });
            assert_eq!(bench.post(ADMINISTRATOR, "/api/v1/people", &person).await.status, 201);
        }
        bench
    }

    /// From now on the disk confirms no write.
    pub(crate) fn break_disk(&self) {
        self.disk_fails.store(true, Ordering::SeqCst);
    }

    /// With the chaos source added, read and judged.
    pub(crate) async fn surveyed() -> Self {
        let bench = Self::empty().await;
        let source = json!({
            "name": "main", "system": "chaos", "secret": SOURCE_CANARY,
            "points": [{ "name": "primary", "url": "chaos:primary" }, { "name": "replica-1", "url": "chaos:replica-1" }],
        });
        assert_eq!(bench.post(ADMINISTRATOR, "/api/v1/sources", &source).await.status, 201);
        bench.survey("main").await;
        bench.engine.judge_touched().await.unwrap();
        bench
    }

    /// Reads a source through the API and waits for the end.
    pub(crate) async fn survey(&self, source: &str) -> Value {
        let begun = self.post(OPERATOR, &format!("/api/v1/sources/{source}/surveys"), &json!({})).await;
        assert_eq!(begun.status, 202, "{}", begun.text());
        let path = format!("/api/v1/surveys/{}", begun.json()["id"].as_str().unwrap());
        for _ in 0..100_000 {
            let shown = self.get(OPERATOR, &path).await.json();
            let ended = shown["survey"]["state"].as_str().is_some_and(|state| state != "running");
            if ended || !shown["failure"].is_null() {
                return shown;
            }
            tokio::task::yield_now().await;
        }
        panic!("the survey never ended");
    }

    /// Carries a plan out in virtual time.
    pub(crate) async fn carry_out(&self, plan: &str) {
        let plan: PlanId = plan.parse().unwrap();
        for _ in 0..1_000 {
            match self.engine.drive(plan).await.unwrap() {
                Drive::Settled => return,
                Drive::Waiting(until) => {
                    self.clock.advance(until.since(self.clock.now()).max(Duration::from_millis(1)));
                }
                Drive::Elsewhere => panic!("nobody else drives here"),
            }
        }
        panic!("the plan never settled");
    }

    pub(crate) async fn get(&self, uid: u32, path: &str) -> Reply {
        self.call(uid, "GET", path, None).await
    }

    pub(crate) async fn post(&self, uid: u32, path: &str, body: &Value) -> Reply {
        self.call(uid, "POST", path, Some(body)).await
    }

    pub(crate) async fn call(&self, uid: u32, method: &str, path: &str, body: Option<&Value>) -> Reply {
        let mut request = Request::builder().method(method).uri(path);
        let body = match body {
            None => Body::empty(),
            Some(body) => {
                request = request.header("content-type", "application/json");
                Body::from(body.to_string())
            }
        };
        let mut request = request.body(body).unwrap();
        request.extensions_mut().insert(Peer::Local { uid });
        self.send(request).await
    }

    /// Sends a request as it is, and holds the answer against the document.
    pub(crate) async fn send(&self, request: Request<Body>) -> Reply {
        let (method, path) = (request.method().to_string(), request.uri().path().to_owned());
        let answered = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = answered.into_parts();
        let body = body.collect().await.unwrap().to_bytes().to_vec();
        let reply = Reply { status: parts.status.as_u16(), headers: parts.headers, body };
        let mut said = self.said.lock().unwrap();
        said.extend_from_slice(format!("{:?}\n", reply.headers).as_bytes());
        said.extend_from_slice(&reply.body);
        shape::check(&method, &path, &reply);
        reply
    }

    /// Everything that was ever answered.
    pub(crate) fn said(&self) -> Vec<u8> {
        self.said.lock().unwrap().clone()
    }

    /// A plan to disable or revoke an identity, drafted by the administrator.
    pub(crate) async fn draft(&self, kind: &str, identity: &str) -> Value {
        let request = json!({ "kind": kind, "identity": identity, "reason": "contract ended" });
        let drafted = self.post(ADMINISTRATOR, "/api/v1/plans", &request).await;
        assert_eq!(drafted.status, 201, "{}", drafted.text());
        drafted.json()
    }
}

/// A request as it comes from the network.
pub(crate) fn from_network(method: &str, path: &str) -> http::request::Builder {
    Request::builder().method(method).uri(path).header("host", "127.0.0.1:8420")
}
