//! A deployment in a temporary directory over a chaos world, in virtual time.
//!
//! The world and its clock survive a "crash": the engine is dropped in the middle of what it
//! was doing and opened again, as after `kill -9`. Nothing here waits for real time.

use std::{sync::Arc, time::Duration};
use tempfile::TempDir;
use tenure_connect::chaos::{
    Behaviour, ChaosClock, ChaosConnector, ChaosPrincipal, ChaosWorld, Dice, FaultRates,
};
use tenure_engine::{
    Actor, Belief, Clock, Database, Deadlines, Deployment, Drive, Engine, EngineFailure, NewSource,
    OpenOptions, PlanRequest, PlanShown,
};
use tenure_keys::{Disk, Randomness, RandomnessFailed, RealDisk};
use tenure_model::{Instant, PlanId, PlanKind, Point, PrincipalKey, Secret, ShortName};
use tenure_store::{CommitFault, PostgresLocation};

/// Values planted in the world; they must appear nowhere.
pub(crate) const PLANTED: &str = "PlantedCanary0001value";

pub(crate) struct VirtualClock {
    clock: ChaosClock,
    behind: Duration,
}

impl Clock for VirtualClock {
    fn now(&self) -> Instant {
        // One microsecond a call: what is written later also reads as later.
        self.clock.advance(Duration::from_micros(1))
    }

    fn not_before(&self, floor: Instant) {
        let now = self.clock.now();
        if floor > now {
            self.clock.advance(floor.since(now));
        }
    }

    fn behind(&self) -> Duration {
        self.behind
    }
}

pub(crate) struct SeededRandomness(Dice);

impl Randomness for SeededRandomness {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), RandomnessFailed> {
        for chunk in bytes.chunks_mut(8) {
            let drawn = self.0.roll().to_le_bytes();
            chunk.copy_from_slice(&drawn[..chunk.len()]);
        }
        Ok(())
    }
}

pub(crate) struct Bench {
    pub(crate) directory: TempDir,
    pub(crate) world: ChaosWorld,
    pub(crate) clock: ChaosClock,
    pub(crate) victim: PrincipalKey,
    pub(crate) bystander: PrincipalKey,
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) commit_fault: Option<CommitFault>,
    /// How long a call may hang before its answer counts as lost. Long, so that a busy machine changes
    /// nothing; short where calls are made to hang, because that is waited for in real time.
    pub(crate) patience: Duration,
    /// How long content digests are believed.
    pub(crate) digest_believed: Duration,
    /// Our own database, when it is not the embedded one.
    pub(crate) postgres: Option<Arc<PostgresLocation>>,
    /// How mail leaves.
    pub(crate) mail: Option<tenure_engine::Mail>,
    /// Chats in which people may be told.
    pub(crate) chats: Vec<Arc<tenure_engine::Chat>>,
    /// Directories that are read by LDAP.
    pub(crate) ldap: Vec<Arc<tenure_engine::LdapDirectory>>,
    /// Whom the log is told.
    pub(crate) events: Vec<Arc<tenure_engine::EventStream>>,
    /// How far the machine's clock says it is behind what is recorded.
    pub(crate) behind: Duration,
    lives: u64,
    seed: u64,
}

pub(crate) fn start() -> Instant {
    Instant::parse("2026-11-21T12:00:00Z").unwrap()
}

fn memory_directory() -> TempDir {
    // Durability is tested elsewhere; thousands of runs need no real disk.
    let shm = std::path::Path::new("/dev/shm");
    if shm.is_dir() { TempDir::new_in(shm).unwrap() } else { TempDir::new().unwrap() }
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self::seeded(1, FaultRates::NONE)
    }

    pub(crate) fn seeded(seed: u64, rates: FaultRates) -> Self {
        let clock = ChaosClock::starting_at(start());
        let world = ChaosWorld::seeded(clock.clone(), seed, rates);
        world.point("primary", Duration::ZERO, Behaviour::Honest);
        world.point("replica-1", Duration::from_secs(4), Behaviour::Honest);
        world.point("pooler", Duration::from_secs(2), Behaviour::Honest);
        world.add(ChaosPrincipal { admin: true, ..ChaosPrincipal::account("root", "RootValue00000001") });
        let ourselves = world
            .add(ChaosPrincipal { admin: true, ..ChaosPrincipal::account("tenure", "TenureValue000001") });
        world.we_are(&ourselves);
        let victim = world.add(ChaosPrincipal {
            grants: vec![(String::from("shop/table/orders"), String::from("SELECT"))],
            ..ChaosPrincipal::account("reporting", PLANTED)
        });
        let bystander = world.add(ChaosPrincipal::account("billing", "BystanderValue001"));
        Self {
            directory: memory_directory(),
            world,
            clock,
            victim,
            bystander,
            disk: Arc::new(RealDisk),
            commit_fault: None,
            patience: Duration::from_secs(20),
            digest_believed: Duration::from_hours(24),
            postgres: None,
            behind: Duration::ZERO,
            mail: None,
            chats: Vec::new(),
            ldap: Vec::new(),
            events: Vec::new(),
            lives: 0,
            seed,
        }
    }

    /// The same with calls that may hang for so long.
    pub(crate) fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Opens the deployment, as at every start of the process.
    pub(crate) async fn open(&mut self) -> Result<Deployment, EngineFailure> {
        self.lives += 1;
        let dice = Dice::new(self.seed.wrapping_mul(1_000_003).wrapping_add(self.lives));
        // The former life may still be letting go of the directory's lock.
        let mut tries = 0;
        loop {
            let opened = Deployment::open(self.options(SeededRandomness(dice.clone()))).await;
            match opened {
                Err(EngineFailure::Store(tenure_store::StoreFailure::InUse { .. })) if tries < 2_000 => {
                    tries += 1;
                    std::thread::yield_now();
                }
                other => return other,
            }
        }
    }

    pub(crate) fn options(&self, randomness: SeededRandomness) -> OpenOptions {
        OpenOptions {
            directory: self.directory.path().join("data"),
            database: self.postgres.clone().map_or(Database::Embedded, Database::Postgres),
            kek: None,
            disk: Arc::clone(&self.disk),
            clock: Arc::new(VirtualClock { clock: self.clock.clone(), behind: self.behind }),
            randomness: Box::new(randomness),
            connectors: vec![Arc::new(ChaosConnector::new(self.world.clone()))],
            mail: self.mail.clone(),
            chats: self.chats.clone(),
            ldap: self.ldap.clone(),
            events: self.events.clone(),
            ticket_hooks: Vec::new(),
            first_person: (String::from("asha"), 1000),
            deadlines: Deadlines {
                call: self.patience,
                look: self.patience,
                blast_radius: self.patience,
                survey: (self.patience * 3).max(Duration::from_secs(5)),
                survey_every: Duration::from_hours(1),
                digest_believed: self.digest_believed,
            },
            commit_fault: self.commit_fault.clone(),
        }
    }

    /// Other randomness than that of any life of the deployment.
    pub(crate) fn randomness(&self) -> SeededRandomness {
        SeededRandomness(Dice::new(self.seed ^ 0xdead))
    }

    /// Opens, adds the chaos source, surveys and judges once.
    pub(crate) async fn surveyed(&mut self) -> Deployment {
        let deployment = self.open().await.unwrap();
        let engine = &deployment.engine;
        let actor = actor(engine).await;
        engine.add_source(actor, Self::source()).await.unwrap();
        engine.survey(Some(actor), "main", Belief::HoldWhenMuchIsMissing).await.unwrap();
        engine.judge_touched().await.unwrap();
        deployment
    }

    pub(crate) fn source() -> NewSource {
        let point =
            |name: &str| Point { name: ShortName::parse(name).unwrap(), url: format!("chaos:{name}") };
        NewSource {
            name: ShortName::parse("main").unwrap(),
            system: String::from("chaos"),
            points: vec![point("primary"), point("replica-1"), point("pooler")],
            options: std::collections::BTreeMap::new(),
            secret: Some(Secret::new(String::from("SourceCanary0002value"))),
        }
    }

    /// Drives a plan to its end in virtual time, reopening the deployment whenever the world says
    /// the process died. Returns the deployment of the last life.
    pub(crate) async fn carry_through(&mut self, mut deployment: Deployment, plan: PlanId) -> Deployment {
        for _ in 0..3_000 {
            let (next, is_settled) = self.one_decision(deployment, plan).await;
            deployment = next;
            if is_settled {
                return deployment;
            }
        }
        let shown = deployment.engine.show_plan(&plan.to_string()).await.unwrap();
        panic!("seed {}: not settled after 3000 drives: {shown:#?}", self.seed);
    }

    /// Drives a plan once, opening the deployment again when the world says that the process died. Says whether it settled.
    pub(crate) async fn one_decision(&mut self, deployment: Deployment, plan: PlanId) -> (Deployment, bool) {
        let driven = {
            let crashed = self.world.crashed();
            tokio::select! {
                biased;
                () = crashed => None,
                driven = deployment.engine.drive(plan) => Some(driven),
            }
        };
        match driven {
            None => {
                drop(deployment);
                (self.open().await.unwrap(), false)
            }
            Some(Ok(Drive::Settled)) => (deployment, true),
            Some(Ok(Drive::Waiting(until))) => {
                let ahead = until.since(self.clock.now()).max(Duration::from_millis(1));
                self.clock.advance(ahead);
                (deployment, false)
            }
            Some(Ok(Drive::Elsewhere)) => panic!("nobody else drives here"),
            Some(Err(failure)) => panic!("seed {}: {failure}", self.seed),
        }
    }

    /// True when a file below the data directory holds any of the planted values.
    pub(crate) fn leaked(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut open = vec![self.directory.path().to_path_buf()];
        while let Some(path) = open.pop() {
            if path.is_dir() {
                open.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            } else if let Ok(content) = std::fs::read(&path) {
                for canary in [PLANTED, "SourceCanary0002value", "BystanderValue001"] {
                    if content.windows(canary.len()).any(|window| window == canary.as_bytes()) {
                        found.push(format!("{}: {canary}", path.display()));
                    }
                }
            }
        }
        found
    }
}

pub(crate) async fn actor(engine: &Engine) -> Actor {
    let person = engine.store().read("people", |tx| tx.people()).await.unwrap().remove(0);
    Actor { person: person.id, role: person.role, local: true }
}

pub(crate) async fn plan(
    engine: &Engine,
    kind: PlanKind,
    identity: &str,
) -> Result<PlanShown, EngineFailure> {
    let request = PlanRequest {
        kind,
        identity: identity.to_owned(),
        reason: String::from("contract ended"),
        heir: None,
        file: None,
        readers: None,
    };
    engine.draft_plan(actor(engine).await, request).await
}

pub(crate) async fn applied(engine: &Engine, kind: PlanKind, identity: &str) -> PlanShown {
    let shown = plan(engine, kind, identity).await.unwrap();
    engine.apply(actor(engine).await, &shown.plan.handle, Some(&shown.plan.digest)).await.unwrap()
}

/// The plan in a few lines, for snapshots.
pub(crate) fn summary(shown: &PlanShown) -> String {
    use std::fmt::Write as _;
    let mut text = format!(
        "{} {}: {}\n",
        shown.plan.state,
        shown.plan.level.map_or("-", |level| level.as_str()),
        shown.plan.sentence.as_deref().unwrap_or("-")
    );
    for step in &shown.steps {
        let _ = writeln!(
            text,
            "{} {} x{} {}",
            step.kind,
            step.state,
            step.attempt,
            step.answer.as_deref().unwrap_or("-")
        );
    }
    text
}

/// The same, while faults strike from the beginning: each call is made again until it goes through.
impl Bench {
    pub(crate) async fn surveyed_in_a_storm(&mut self) -> Deployment {
        let mut deployment = self.open().await.unwrap();
        let who = actor(&deployment.engine).await;
        deployment.engine.add_source(who, Self::source()).await.unwrap();
        for _ in 0..50 {
            let surveyed = tokio::select! {
                biased;
                () = self.world.crashed() => None,
                surveyed = deployment.engine.survey(Some(who), "main", Belief::HoldWhenMuchIsMissing) => Some(surveyed),
            };
            match surveyed {
                None => {
                    drop(deployment);
                    deployment = self.open().await.unwrap();
                }
                Some(Ok(_)) if deployment.engine.show("reporting").await.is_ok() => return deployment,
                Some(Ok(_) | Err(_)) => {
                    self.clock.advance(Duration::from_secs(10));
                }
            }
        }
        panic!("seed {}: no survey went through", self.seed);
    }

    pub(crate) async fn applied_in_a_storm(&mut self, mut deployment: Deployment) -> (Deployment, PlanId) {
        for _ in 0..50 {
            let drafted = tokio::select! {
                biased;
                () = self.world.crashed() => None,
                drafted = plan(&deployment.engine, PlanKind::Revoke, "reporting") => Some(drafted),
            };
            match drafted {
                None => {
                    drop(deployment);
                    deployment = self.open().await.unwrap();
                }
                Some(Ok(shown)) => {
                    let who = actor(&deployment.engine).await;
                    let plan = deployment.engine.apply(who, &shown.plan.handle, None).await.unwrap().plan.id;
                    return (deployment, plan);
                }
                Some(Err(_)) => {
                    self.clock.advance(Duration::from_secs(10));
                }
            }
        }
        panic!("seed {}: no plan could be drafted", self.seed);
    }
}
