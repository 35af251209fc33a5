//! A million principals with five million rights: what they cost to take in, to take in again, to judge and to list.
//!
//! A made-up source sends them in pages of a thousand, in order, as a connector would. It is read into a new embedded
//! deployment (a) first, (b) again with a digest, as a connector that recognises an extent does, (c) again without
//! one, every row compared; then (d) everything is judged, and judged again after a programme asked for more, and (e) every page of the console is asked for. `TENURE_SCALE`
//! takes another number of principals. The baseline is the same number of rows into a plain table.

mod measure;

use anyhow::{Result, ensure};
use async_trait::async_trait;
use axum::body::Body;
use http_body_util::BodyExt as _;
use measure::{figure, first_person, median, memory_mib, milliseconds, open_with};
use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant as Clock},
};
use tempfile::TempDir;
use tenure_connect::{
    Act, BlastRadius, CheckReport, ConfigRefused, Connector, ContentDigest, DerivedReading, Done, Effect,
    Fingerprint, LockOut, Manifest, OutsideFailure, PAGE_MAX, Recognition, Source, SourceConfig, SurveySink,
    Target,
};
use tenure_connect_host::HostConnector;
use tenure_engine::{
    Actor, Belief, CharterChange, Deployment, Foreseen, NewSource, ProgrammeApplied, ProgrammeFiles,
    ReviewItemsMeant, ReviewStart,
};
use tenure_model::{
    Completeness, ControlPlane, CredentialKind, CredentialState, Extent, Fact, Facts, Instant, Observation,
    ObservedCredential, ObservedGrant, ObservedPrincipal, Point, PrincipalKey, PrincipalKind, ProbeAnswer,
    RecordedIntent, Secret, ShortName, StepKind, names,
};
use tenure_server::Peer;

/// Rights of each principal.
const RIGHTS: usize = 5;
/// Identities that one person owns.
const OWNED: usize = 20_000;
/// How many one review is of.
const REVIEWED: usize = 10_000;
/// How often each page is asked for; the median is told.
const ROUNDS: usize = 5;

fn main() -> Result<()> {
    let principals =
        std::env::var("TENURE_SCALE").ok().and_then(|given| given.parse().ok()).unwrap_or(1_000_000);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    plain(principals)?;
    runtime.block_on(measured(principals))
}

fn seconds(what: &str, taken: Duration) {
    figure(what, &format!("{:.1} s", taken.as_secs_f64()));
}

async fn measured(principals: usize) -> Result<()> {
    let directory = TempDir::new()?;
    let digests = Arc::new(AtomicBool::new(true));
    let made_up = MadeUp { principals, digests: Arc::clone(&digests) };
    // The host connector beside it shows that a second one costs nothing.
    let deployment =
        open_with(&directory.path().join("data"), vec![Arc::new(made_up), Arc::new(HostConnector)]).await?;
    let person = first_person(&deployment).await?;
    let new = NewSource {
        name: ShortName::parse("large")?,
        system: String::from("made-up"),
        points: vec![Point { name: ShortName::parse("primary")?, url: String::from("made-up://") }],
        options: BTreeMap::new(),
        secret: None,
    };
    deployment.engine.add_source(person, new).await?;
    println!("{principals} principals, {} rights", principals * RIGHTS);
    survey(&deployment, "scale: first ingest", false).await?;
    survey(&deployment, "scale: unchanged, recognised", true).await?;
    digests.store(false, Ordering::Relaxed);
    survey(&deployment, "scale: unchanged, every row compared", true).await?;
    figure("scale: memory at most", &format!("{:.0} MiB", memory_mib(std::process::id(), "VmHWM")?));
    let begun = Clock::now();
    let judged = deployment.engine.judge_touched().await?;
    let taken = begun.elapsed();
    seconds("scale: judging all of them", taken);
    #[expect(clippy::cast_precision_loss, reason = "a figure for reading")]
    let rate = judged as f64 / taken.as_secs_f64().max(1e-9);
    figure("scale: identities judged and written a second", &format!("{rate:.0}"));
    judged_again(&deployment, person).await?;
    owned(&deployment, person, principals).await?;
    let review = reviewed(&deployment, person, principals).await?;
    pages(&deployment, principals, &review).await?;
    figure(
        "scale: memory at most, with the pages",
        &format!("{:.0} MiB", memory_mib(std::process::id(), "VmHWM")?),
    );
    deployment.close().await;
    Ok(())
}

/// Looks at what a programme changes that asks a purpose of every identity, applies it, and judges all of them again.
async fn judged_again(deployment: &Deployment, person: Actor) -> Result<()> {
    let engine = &deployment.engine;
    let class = "[[class]]\nid = \"all\"\nmatch = [\"name:**\"]\nrequired = [\"purpose\"]\n";
    let files = [("programme.toml", "version = 1\n"), ("classes.toml", class)];
    let files =
        ProgrammeFiles(files.into_iter().map(|(name, text)| (name.to_owned(), text.to_owned())).collect());
    let begun = Clock::now();
    let looked = engine.foresee_programme(&files, Duration::from_hours(1)).await?;
    let Foreseen::Made(looked) = looked else { anyhow::bail!("looking through took an hour") };
    seconds("scale: what a programme changes, all of them judged twice", begun.elapsed());
    let given = ProgrammeApplied {
        files,
        reason: String::from("measured"),
        word: looked.word.clone(),
        worse: Some(looked.worse),
    };
    let begun = Clock::now();
    engine.apply_programme(person, given).await?;
    seconds("scale: a programme applied, all of them marked", begun.elapsed());
    let begun = Clock::now();
    let judged = engine.judge_touched().await?;
    ensure!(i64::try_from(judged)? >= looked.identities, "{judged} were judged again");
    seconds("scale: judging all of them again, each with another standing", begun.elapsed());
    Ok(())
}

/// Makes the one who looks an owner of as many as an inbox looks at, each of which has something to mend.
async fn owned(deployment: &Deployment, person: Actor, principals: usize) -> Result<()> {
    let engine = &deployment.engine;
    let many = principals.min(OWNED);
    let begun = Clock::now();
    for number in 0..many {
        let name = format!("large/app-{:08}", number * (principals / many));
        engine.own(person, &name, CharterChange::default()).await?;
    }
    seconds(&format!("scale: {many} owned by one person, one by one"), begun.elapsed());
    engine.judge_touched().await?;
    Ok(())
}

/// Begins a review of so many that one campaign is, and has Tenure look at each; the addresses of its pages.
async fn reviewed(deployment: &Deployment, person: Actor, principals: usize) -> Result<[String; 2]> {
    let engine = &deployment.engine;
    let many = principals.min(REVIEWED);
    let rule = format!("name:app-{}*", "0".repeat(8 - REVIEWED.ilog10() as usize));
    let start = ReviewStart { rule, until: None, reason: String::from("measured") };
    let begun = Clock::now();
    let review = engine.start_review(person, start).await?;
    seconds(&format!("scale: a review of {many} begun"), begun.elapsed());
    let begun = Clock::now();
    while engine.review(&review.row.handle).await?.recommended.contains_key("not_looked_at") {
        engine.follow_reviews().await?;
        ensure!(begun.elapsed() < Duration::from_mins(10), "it is looked at for ever");
    }
    seconds(&format!("scale: {many} of it looked at, each with a recommendation"), begun.elapsed());
    let items = engine.review_items(&review.row, ReviewItemsMeant::default(), None, 1).await?;
    let item = items.first().ok_or_else(|| anyhow::anyhow!("nothing is reviewed"))?;
    Ok([format!("/reviews/{}", review.row.handle), format!("/review-items/{}", item.row.handle)])
}

/// Asks for every page of the console, as somebody on the machine does, and tells the slowest.
async fn pages(deployment: &Deployment, principals: usize, review: &[String; 2]) -> Result<()> {
    let router = tenure_server::router(Arc::clone(&deployment.engine));
    let (middle, last) = (principals / 2, principals.saturating_sub(1));
    let one = deployment.engine.show(&format!("large/app-{middle:08}")).await?.identity.handle;
    let paths = [
        String::from("/"),
        String::from("/api/v1/inbox"),
        String::from("/identities"),
        format!("/identities?q=app-{last:08}"),
        String::from("/identities?q=standing:unclaimed"),
        String::from("/identities?q=nothing-is-called-so"),
        format!("/identities/{one}"),
        String::from("/principals"),
        format!("/principals?q=app-{last:08}"),
        String::from("/credentials"),
        String::from("/credentials?q=nothing-is-called-so"),
        String::from("/rights"),
        String::from("/rights?q=right:r3"),
        String::from("/rights?q=nothing-is-called-so"),
        String::from("/systems"),
        String::from("/plans"),
        String::from("/evidence"),
        String::from("/sources"),
        String::from("/sources/large"),
        String::from("/doctor"),
        String::from("/report"),
        String::from("/reviews"),
        review[0].clone(),
        review[1].clone(),
    ];
    let mut slowest = Duration::ZERO;
    for path in &paths {
        let mut taken = Vec::new();
        let mut size = 0;
        for _ in 0..ROUNDS {
            let begun = Clock::now();
            size = page(&router, path).await?;
            taken.push(begun.elapsed());
        }
        let middle = median(taken)?;
        slowest = slowest.max(middle);
        println!("{:>9}  {:>7} bytes  {path}", milliseconds(middle), size);
    }
    figure("scale: the slowest page of the console", &milliseconds(slowest));
    Ok(())
}

/// The length of a page.
async fn page(router: &axum::Router, path: &str) -> Result<usize> {
    let mut request = http::Request::builder().uri(path).body(Body::empty())?;
    request.extensions_mut().insert(Peer::Local { uid: 1_000 });
    let answered = tower::ServiceExt::oneshot(router.clone(), request).await?;
    ensure!(answered.status().is_success(), "{path}: {}", answered.status());
    Ok(answered.into_body().collect().await?.to_bytes().len())
}

async fn survey(deployment: &Deployment, what: &str, unchanged: bool) -> Result<()> {
    let begun = Clock::now();
    let survey = deployment.engine.survey(None, "large", Belief::HoldWhenMuchIsMissing).await?;
    seconds(what, begun.elapsed());
    ensure!(!unchanged || survey.changed == 0, "nothing changed, but the survey says: {survey:?}");
    Ok(())
}

/// As many rows as there are rights into a plain table, in transactions of a thousand: the floor.
fn plain(principals: usize) -> Result<()> {
    let directory = TempDir::new()?;
    let database = rusqlite::Connection::open(directory.path().join("plain.sqlite"))?;
    database.execute_batch(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-32768;
         CREATE TABLE grants (principal TEXT NOT NULL, resource TEXT NOT NULL, right_name TEXT NOT NULL,
           PRIMARY KEY (principal, resource, right_name)) STRICT, WITHOUT ROWID",
    )?;
    let begun = Clock::now();
    for page in (0..principals * RIGHTS).collect::<Vec<_>>().chunks(PAGE_MAX) {
        let transaction = database.unchecked_transaction()?;
        for number in page {
            let mut statement = transaction.prepare_cached("INSERT INTO grants VALUES (?1, ?2, ?3)")?;
            let principal = format!("p:{:08}", number / RIGHTS);
            statement.execute((
                principal,
                format!("area/table/{:06}", number % 4_096),
                format!("r{}", number % RIGHTS),
            ))?;
        }
        transaction.commit()?;
    }
    seconds("scale: the same rights into a plain table", begun.elapsed());
    Ok(())
}

/// A system that does not exist, with as many principals as asked for.
struct MadeUp {
    principals: usize,
    digests: Arc<AtomicBool>,
}

static MANIFEST: Manifest = Manifest {
    system: "made-up",
    title: "Made up",
    steps: &[],
    permissions: &[],
    takes_password: false,
    least_privilege_script: "",
    shown_by: tenure_model::ShownBy::InstalledValue,
    propagation_lag: Duration::ZERO,
    enforcement_points: "none",
    lock_out: LockOut { failures_max: u32::MAX, window: Duration::from_mins(1) },
    blind_spots: &[],
    settings: &[],
};

impl Connector for MadeUp {
    fn manifest(&self) -> &'static Manifest {
        &MANIFEST
    }

    fn source(&self, config: SourceConfig) -> Result<Arc<dyn Source>, ConfigRefused> {
        let fingerprint = config.fingerprint;
        Ok(Arc::new(Large { principals: self.principals, digests: Arc::clone(&self.digests), fingerprint }))
    }
}

struct Large {
    principals: usize,
    digests: Arc<AtomicBool>,
    fingerprint: Arc<dyn Fingerprint>,
}

const NOTHING: &str = "there is nothing here";

fn principal(number: usize) -> Observation {
    let mut facts = Facts::new();
    facts.insert(names::LOGIN.to_owned(), Fact::Flag(true));
    Observation::Principal(ObservedPrincipal {
        key: PrincipalKey(format!("p:{number:08}")),
        name: format!("app-{number:08}"),
        kind: PrincipalKind::Account,
        built_in: false,
        facts,
        charter_hint: None,
    })
}

fn credential(number: usize) -> Observation {
    let mut facts = Facts::new();
    facts.insert(names::VERIFIER.to_owned(), Fact::Text(String::from("scram-sha-256")));
    Observation::Credential(ObservedCredential {
        key: String::from("password"),
        principal: PrincipalKey(format!("p:{number:08}")),
        kind: CredentialKind::Password,
        state: CredentialState::Live,
        fingerprint: Some(format!("made-up:{number}")),
        valid_until: None,
        facts,
    })
}

fn grant(number: usize) -> Observation {
    Observation::Grant(ObservedGrant {
        principal: PrincipalKey(format!("p:{:08}", number / RIGHTS)),
        resource: format!("area/table/{:06}", number % 4_096),
        right: format!("r{}", number % RIGHTS),
        path: Vec::new(),
        grantable: false,
    })
}

impl Large {
    async fn send(
        &self,
        sink: &mut dyn SurveySink,
        name: &str,
        count: usize,
        make: fn(usize) -> Observation,
    ) -> Result<(), tenure_connect::SinkClosed> {
        let extent = Extent(name.to_owned());
        let digest = ContentDigest::keyed(&*self.fingerprint, format!("{name}:{count}").as_bytes());
        let with_digest = self.digests.load(Ordering::Relaxed);
        if with_digest
            && sink.recalls(&extent).await?
            && sink.offer(&extent, &digest).await? == Recognition::Unchanged
        {
            return Ok(());
        }
        let mut from = 0;
        while from < count {
            let to = (from + PAGE_MAX).min(count);
            sink.page(&extent, (from..to).map(make).collect()).await?;
            from = to;
        }
        if with_digest {
            sink.end_as(&extent, digest).await
        } else {
            sink.end(&extent, Completeness::Whole).await
        }
    }
}

#[async_trait]
impl Source for Large {
    async fn check(&self) -> Result<CheckReport, OutsideFailure> {
        Err(OutsideFailure::Unreachable { why: NOTHING.to_owned() })
    }

    async fn observe(&self, _: Instant, sink: &mut dyn SurveySink) -> Result<(), OutsideFailure> {
        let closed = |_| OutsideFailure::Unreachable { why: NOTHING.to_owned() };
        self.send(sink, "principals", self.principals, principal).await.map_err(closed)?;
        self.send(sink, "credentials", self.principals, credential).await.map_err(closed)?;
        self.send(sink, "grants", self.principals * RIGHTS, grant).await.map_err(closed)
    }

    async fn blast_radius(&self, _: &Target, _: Option<&str>) -> Result<BlastRadius, OutsideFailure> {
        Err(OutsideFailure::Unreachable { why: NOTHING.to_owned() })
    }

    async fn keepsake(&self, _: &Target) -> Result<Option<Secret<String>>, OutsideFailure> {
        Ok(None)
    }

    async fn act(&self, _: &RecordedIntent, _: &Act<'_>) -> Result<Done, OutsideFailure> {
        Err(OutsideFailure::NotOurs { why: NOTHING.to_owned() })
    }

    async fn effect(&self, _: &Target, _: StepKind, _: Option<&Secret<String>>) -> Effect {
        Effect::Unobserved { why: NOTHING.to_owned() }
    }

    async fn control_plane(&self, _: &Target) -> ControlPlane {
        ControlPlane::Unread { why: NOTHING.to_owned() }
    }

    async fn probe(&self, _: &ShortName, _: &Target, _: &Secret<String>) -> ProbeAnswer {
        ProbeAnswer::CannotKnow { why: NOTHING.to_owned() }
    }

    async fn derived(&self, _: &Target) -> DerivedReading {
        DerivedReading::default()
    }
}
