//! What a survey of a machine costs, against reading the same files plainly in the same run.
//!
//! A machine in memory with 100 homes and 1 000 candidate files in each: `.env` files (one in ten holds a secret),
//! `.pem` files that hold no key, and assistant configurations, beside as many files that are of no interest. Read (a)
//! plainly: every directory listed and every candidate read, with the standard library; (b) by the connector alone,
//! into a sink that drops everything; (c) by the engine into a new embedded deployment, and once more unchanged.

mod measure;

use anyhow::{Result, ensure};
use async_trait::async_trait;
use measure::{figure, first_person, memory_mib, milliseconds, open};
use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant as Clock,
};
use tempfile::TempDir;
use tenure_connect::{Connector as _, Fingerprint, NotObservable, SinkClosed, SourceConfig, SurveySink};
use tenure_connect_host::HostConnector;
use tenure_engine::{Belief, NewSource};
use tenure_model::{Completeness, Extent, Instant, Observation, Point, ShortName, SourceId};

const HOMES: usize = 100;
const PROJECTS: usize = 250;

fn main() -> Result<()> {
    let machine = TempDir::new_in("/dev/shm").or_else(|_| TempDir::new())?;
    let candidates = plant(machine.path())?;
    println!("{candidates} candidate files, {HOMES} homes");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let begun = Clock::now();
    let bytes = plain(machine.path())?;
    let plain = begun.elapsed();
    println!("{bytes} bytes read plainly");
    figure("host: the same files listed and read plainly", &milliseconds(plain));
    let begun = Clock::now();
    let sink = runtime.block_on(alone(machine.path()))?;
    let taken = begun.elapsed();
    println!("{} observations, {} extents not whole", sink.observations, sink.parts);
    figure("host: survey of 100 000 candidate files, connector alone", &milliseconds(taken));
    figure(
        "host: survey in times of reading plainly",
        &format!("{:.1}", taken.as_secs_f64() / plain.as_secs_f64().max(1e-9)),
    );
    figure(
        "host: memory at most, connector alone",
        &format!("{:.0} MiB", memory_mib(std::process::id(), "VmHWM")?),
    );
    runtime.block_on(with_ingest(machine.path()))?;
    figure(
        "host: memory at most, with ingest",
        &format!("{:.0} MiB", memory_mib(std::process::id(), "VmHWM")?),
    );
    Ok(())
}

/// Writes the machine; answers how many candidate files it has.
fn plant(root: &Path) -> Result<usize> {
    let mut passwd = String::from("root:x:0:0:root:/root:/bin/bash\n");
    let mut candidates = 0;
    fs::create_dir_all(root.join("etc"))?;
    for home in 0..HOMES {
        let _ = writeln!(passwd, "user{home}:x:{0}:{0}::/srv/user{home}:/bin/bash", 1_000 + home);
        for project in 0..PROJECTS {
            let folder = root.join(format!("srv/user{home}/project{project}"));
            fs::create_dir_all(folder.join(".cursor"))?;
            let number = home * PROJECTS + project;
            let secret = if number.is_multiple_of(10) { made_up(number) } else { String::from("changeme") };
            fs::write(folder.join(".env"), format!("MODE=test\nAPI_TOKEN={secret}\nPORT=8080\n"))?;
            fs::write(folder.join("notes.pem"), "no key is in here\n".repeat(20))?;
            fs::write(folder.join(".env.local"), "DEBUG=1\nLEVEL=info\n")?;
            let servers = r#"{"mcpServers": {"docs": {"command": "docs-server", "args": ["--quiet"]}}}"#;
            fs::write(folder.join(".cursor/mcp.json"), servers)?;
            for other in ["main.py", "README", "data.csv", "build.log"] {
                fs::write(folder.join(other), "nothing\n")?;
            }
            candidates += 4;
        }
    }
    fs::write(root.join("etc/passwd"), passwd)?;
    Ok(candidates)
}

/// Forty letters that look like a token; no secret is behind them.
fn made_up(number: usize) -> String {
    let hash = tenure_evidence::leaf_hash(&number.to_le_bytes()).to_string();
    hash.chars().filter(char::is_ascii_alphanumeric).take(40).collect()
}

/// Lists every directory and reads every candidate, as simply as it can be done.
fn plain(root: &Path) -> Result<usize> {
    let mut bytes = 0;
    let mut folders: Vec<PathBuf> = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                folders.push(entry.path());
                continue;
            }
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if name.starts_with(".env") || name.ends_with(".pem") || name == "mcp.json" {
                bytes += fs::read(entry.path())?.len();
            }
        }
    }
    Ok(bytes)
}

/// Drops what it is given, after counting it.
#[derive(Default)]
struct Drops {
    observations: usize,
    parts: usize,
}

#[async_trait]
impl SurveySink for Drops {
    async fn page(&mut self, _: &Extent, page: Vec<Observation>) -> Result<(), SinkClosed> {
        self.observations += page.len();
        Ok(())
    }

    async fn end(&mut self, extent: &Extent, completeness: Completeness) -> Result<(), SinkClosed> {
        if completeness != Completeness::Whole {
            self.parts += 1;
            println!("{}: {completeness:?}", extent.0);
        }
        Ok(())
    }

    async fn not_observable(&mut self, _: NotObservable) -> Result<(), SinkClosed> {
        Ok(())
    }
}

/// As long as a keyed one, and no secret is behind it.
struct MadeUp;

impl Fingerprint for MadeUp {
    fn fingerprint(&self, domain: &str, value: &[u8]) -> String {
        format!("{domain}:{}", tenure_evidence::leaf_hash(value))
    }
}

fn points(root: &Path) -> Result<Vec<Point>> {
    Ok(vec![Point { name: ShortName::parse("primary")?, url: format!("host://{}", root.display()) }])
}

async fn alone(root: &Path) -> Result<Drops> {
    let source = HostConnector.source(SourceConfig {
        id: SourceId::new(Instant::from_micros(0), [0; 10]),
        name: ShortName::parse("machine")?,
        points: points(root)?,
        secret: None,
        options: BTreeMap::new(),
        fingerprint: Arc::new(MadeUp),
    })?;
    let mut sink = Drops::default();
    source.observe(Instant::from_micros(1_780_272_000_000_000), &mut sink).await?;
    Ok(sink)
}

async fn with_ingest(root: &Path) -> Result<()> {
    let directory = TempDir::new()?;
    let deployment = open(&directory.path().join("data")).await?;
    let person = first_person(&deployment).await?;
    let new = NewSource {
        name: ShortName::parse("machine")?,
        system: String::from("host"),
        points: points(root)?,
        options: BTreeMap::new(),
        secret: None,
    };
    deployment.engine.add_source(person, new).await?;
    for what in ["first", "unchanged"] {
        let begun = Clock::now();
        let survey = deployment.engine.survey(None, "machine", Belief::HoldWhenMuchIsMissing).await?;
        figure(&format!("host: survey with ingest, {what}"), &milliseconds(begun.elapsed()));
        ensure!(what == "first" || survey.changed == 0, "nothing changed, but the survey says: {survey:?}");
    }
    let begun = Clock::now();
    let judged = deployment.engine.judge_touched().await?;
    println!("{judged} identities judged");
    figure("host: judging after the first survey", &milliseconds(begun.elapsed()));
    deployment.close().await;
    Ok(())
}
