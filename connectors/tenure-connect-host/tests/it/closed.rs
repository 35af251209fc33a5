//! The suite of the port about files, over this machine's own file system: the kernel is the second opinion.
//!
//! As root, other accounts really try to read (`setpriv`), in a private directory; else the mode says who could. A connector
//! that lies is caught by the suite's own tests. Next: `tightened.rs`, what is special to files of a machine.

use crate::machine::{Digest, Machine};
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};
use tenure_connect::conformance::{FileFixture, FixtureBroke, OpenFile, check_files};
use tenure_connect::{Connector, Manifest, Source, SourceConfig, Target};
use tenure_connect_host::HostConnector;
use tenure_model::{FileTarget, Instant, Point, PrincipalKey, Readers, Secret, ShortName, SourceId};

const LAID: u32 = 0o644;
/// Numbers of accounts that are not the owner, each with its group.
const OTHERS: [(u32, u32); 2] = [(4_001, 4_001), (4_002, 4_100)];

struct Files {
    machine: Machine,
    source: Arc<dyn Source>,
    made: AtomicU32,
}

fn source_id() -> SourceId {
    SourceId::new(Instant::from_micros(0), [0; 10])
}

fn broke(what: &str, why: impl ToString) -> FixtureBroke {
    FixtureBroke { what: what.to_owned(), why: why.to_string() }
}

impl Files {
    fn new() -> Self {
        let mut machine = Machine::new(6);
        let us = rustix::process::geteuid().as_raw();
        let passwd =
            format!("root:x:0:0::/root:/bin/sh\nus:x:{us}:{us}::/:/bin/sh\nci:x:4001:4001::/srv:/bin/sh\n");
        machine.put("etc/passwd", 0o644, passwd);
        machine.put("etc/group", 0o644, "ci:x:4001:\n");
        machine.put("srv/.keep", 0o644, "");
        for folder in ["srv", "etc"] {
            fs::set_permissions(machine.path(folder), fs::Permissions::from_mode(0o755)).unwrap();
        }
        let config = SourceConfig {
            id: source_id(),
            name: ShortName::parse("box").unwrap(),
            points: vec![Point {
                name: ShortName::parse("primary").unwrap(),
                url: format!("host://{}", machine.folder.path().display()),
            }],
            secret: None,
            options: BTreeMap::new(),
            fingerprint: Arc::new(Digest),
        };
        let source = HostConnector.source(config).unwrap();
        Self { machine, source, made: AtomicU32::new(0) }
    }

    fn path(&self, target: &Target) -> PathBuf {
        let place = target.file.as_ref().map(|file| file.place.trim_start_matches('/').to_owned());
        self.machine.path(&place.unwrap_or_default())
    }

    fn set(&self, target: &Target, mode: u32) -> Result<(), FixtureBroke> {
        fs::set_permissions(self.path(target), fs::Permissions::from_mode(mode))
            .map_err(|why| broke("change a mode", why))
    }
}

#[async_trait]
impl FileFixture for Files {
    fn manifest(&self) -> &'static Manifest {
        HostConnector.manifest()
    }

    fn source(&self) -> Arc<dyn Source> {
        Arc::clone(&self.source)
    }

    fn source_id(&self) -> SourceId {
        source_id()
    }

    fn now(&self) -> Instant {
        Instant::from_micros(1)
    }

    async fn open_file(&self) -> Result<OpenFile, FixtureBroke> {
        let number = self.made.fetch_add(1, Ordering::SeqCst);
        // A name that is hard to show, and no secret of anybody.
        let place = format!("/srv/it's \"{number}\" \u{202e}/.env");
        let value = Secret::new(format!("Sesame{number:08}"));
        let file = FileTarget { place, readers: Readers::Owner, copies: Vec::new(), was: None };
        let key = PrincipalKey(format!("copy:{number}"));
        let target = Target { file: Some(file), ..Target::principal(key, format!("file {number}")) };
        let folder = self.machine.path(&format!("srv/it's \"{number}\" \u{202e}"));
        let said = |why| broke("lay a file", why);
        fs::create_dir(&folder).map_err(said)?;
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).map_err(said)?;
        fs::write(self.path(&target), format!("TOKEN={}\n", value.expose())).map_err(said)?;
        self.set(&target, LAID)?;
        Ok(OpenFile { target, value })
    }

    async fn others_can_read(&self, target: &Target) -> Result<bool, FixtureBroke> {
        if !rustix::process::geteuid().is_root() {
            let mode = fs::metadata(self.path(target)).map_err(|why| broke("look at a file", why))?.mode();
            return Ok(mode & 0o044 != 0);
        }
        for (user, group) in OTHERS {
            let mut command = Command::new("setpriv");
            command.args([
                format!("--reuid={user}"),
                format!("--regid={group}"),
                "--clear-groups".to_owned(),
            ]);
            command.arg("cat").arg(self.path(target)).stdout(Stdio::null()).stderr(Stdio::null());
            if command.status().map_err(|why| broke("read as somebody else", why))?.success() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn record(&self, target: &Target) -> Result<String, FixtureBroke> {
        let path = self.path(target);
        let seen = fs::metadata(&path).map_err(|why| broke("look at a file", why))?;
        let content = fs::read_to_string(&path).map_err(|why| broke("read a file", why))?;
        Ok(format!("{} {:o} {}:{} {content}", seen.ino(), seen.mode(), seen.uid(), seen.gid()))
    }

    async fn open_again(&self, target: &Target) -> Result<(), FixtureBroke> {
        self.set(target, LAID)
    }

    async fn change_otherwise(&self, target: &Target) -> Result<(), FixtureBroke> {
        self.set(target, 0o604)
    }

    async fn replace(&self, target: &Target) -> Result<(), FixtureBroke> {
        let (path, beside) = (self.path(target), self.machine.path("srv/beside"));
        let said = |why| broke("replace a file", why);
        // A copy made beside it first, so that it cannot get the number of the one that goes.
        fs::copy(&path, &beside).map_err(said)?;
        fs::rename(&beside, &path).map_err(said)
    }
}

#[test]
fn what_is_said_of_a_closed_file_is_what_the_kernel_does() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let report = runtime.block_on(check_files(&Files::new()));
    assert!(report.passed(), "{report}");
    assert_eq!(report.results.len(), 7, "{report}");
}
