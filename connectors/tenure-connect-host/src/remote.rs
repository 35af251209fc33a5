//! Another machine, read over SSH: the same survey, with the files asked for over SFTP.
//!
//! Reads and nothing else. It must never run a command there, write, act, or probe: what is to be ended is ended by hand,
//! or by Tenure on that machine. What only a command would tell is said as not observable, once. One connection for each
//! reading, closed at its end; the private key is read from its file each time. Next: `remote/line.rs` (connection),
//! `remote/files.rs` (files), `observe.rs` (what is sent).

mod address;
mod connector;
mod conversation;
mod files;
#[cfg(test)]
mod hostile;
mod line;
mod own_key;
mod sftp;

pub use address::{BYTES_MAX, HOST_KEY, KEY_FILE, OPENS_MAX};
pub use connector::{REMOTE_MANIFEST, RemoteConnector};

use crate::awaited::Awaited;
use crate::map::{ExtentContent, observations};
use crate::observe::{self, Closed};
use crate::survey::survey_files;
use crate::{Budget, Limits, machine_id, uses};
use address::Remote;
use async_trait::async_trait;
use files::RemoteFiles;
use std::sync::Arc;
use std::time::Duration;
use tenure_connect::{
    Act, BlastRadius, CheckReport, DerivedReading, Done, Effect, Fingerprint, NotObservable, OutsideFailure,
    SinkClosed, Source, SurveySink, Target,
};
use tenure_model::{
    ControlPlane, Instant, PRIMARY, ProbeAnswer, RecordedIntent, Secret, ShortName, StepKind, printable,
};

/// Why nothing is changed or proved there.
const READ_ONLY: &str = "over SSH Tenure reads a machine and changes nothing; end it there by hand, or run Tenure on that machine";
/// A check takes no longer.
const CHECK_TIME_MAX: Duration = Duration::from_secs(40);
/// What is said of places that are closed to the account we log in as.
const CLOSED: Closed = Closed {
    remedy: "log in as root, or as an account that may read them: tenure source add --sql ssh:// prints how",
};

/// One configured machine.
pub(crate) struct RemoteSource {
    remote: Remote,
    /// Opens the private key when it is encrypted.
    passphrase: Option<Arc<Secret<String>>>,
    fingerprint: Arc<dyn Fingerprint>,
}

impl RemoteSource {
    const fn new(
        remote: Remote,
        passphrase: Option<Arc<Secret<String>>>,
        fingerprint: Arc<dyn Fingerprint>,
    ) -> Self {
        Self { remote, passphrase, fingerprint }
    }

    /// Connects, hands over the machine's files in a thread that may wait, and closes.
    async fn with<T: Send + 'static>(
        &self,
        limits: Limits,
        work: impl FnOnce(&RemoteFiles, &Budget<'_>) -> T + Send + 'static,
    ) -> Result<T, OutsideFailure> {
        let (awaited, running) = Awaited::begin();
        let (path, passphrase) = (self.remote.key_file.clone(), self.passphrase.clone());
        // Opening an encrypted key takes long on purpose.
        let key = tokio::task::spawn_blocking(move || own_key::read(&path, passphrase.as_deref()));
        let key = key.await.map_err(cut_off)??;
        let until = tokio::time::Instant::now() + limits.time_max;
        let asking =
            line::open(&self.remote.address, &self.remote.host_key, key, until, line::PATIENCE).await?;
        let root = self.remote.address.root.clone();
        let address = self.remote.address.to_string();
        let done = tokio::task::spawn_blocking(move || {
            let files = RemoteFiles::open(asking, root.as_bytes(), limits).map_err(|why| {
                OutsideFailure::Unreachable { why: printable(&format!("{address}, `{root}`: {why}"), 300) }
            })?;
            let elapsed = || running.elapsed();
            Ok(work(&files, &Budget::new(limits, &elapsed)))
        });
        let done = done.await;
        awaited.until_here();
        done.map_err(cut_off)?
    }

    fn not_observable(&self) -> NotObservable {
        NotObservable {
            what: format!(
                "open sessions, running processes and the settings the SSH server runs with, at {}",
                self.remote.address
            ),
            why: String::from("they need a command, and over SSH Tenure asks for files and runs none"),
            remedy: String::from("run Tenure on that machine to see them, and to end keys there with proof"),
        }
    }
}

fn cut_off(gone: tokio::task::JoinError) -> OutsideFailure {
    OutsideFailure::Puzzling { why: observe::cut_off("the reading", &gone) }
}

/// What is said when the machine ended the conversation.
fn lost(files: &RemoteFiles) -> Option<NotObservable> {
    files.broken().map(|how| NotObservable {
        what: String::from("the rest of this machine"),
        why: how.to_string(),
        remedy: String::from(
            "see that machine's SSH log; raise seconds-max if it was only slow; then survey again",
        ),
    })
}

#[async_trait]
impl Source for RemoteSource {
    async fn check(&self) -> Result<CheckReport, OutsideFailure> {
        let primary =
            ShortName::parse(PRIMARY).map_err(|why| OutsideFailure::Puzzling { why: why.to_string() })?;
        let fingerprint = Arc::clone(&self.fingerprint);
        let limits = Limits { time_max: CHECK_TIME_MAX, ..self.remote.limits };
        let looked = self.with(limits, move |files, budget| {
            let looks = observe::look(files, budget);
            (looks, machine_id::read(files, budget, &*fingerprint), files.broken())
        });
        let (looks, machine, broken) = looked.await?;
        if let Some(how) = broken {
            return Err(OutsideFailure::Unreachable { why: format!("{}: {how}", self.remote.address) });
        }
        Ok(CheckReport {
            system: looks.system,
            account: format!("{} (over SSH, read-only)", self.remote.address.user),
            abilities: observe::told(looks.places, &CLOSED),
            points: vec![(primary, None)],
            machine,
        })
    }

    async fn observe(&self, now: Instant, sink: &mut dyn SurveySink) -> Result<(), OutsideFailure> {
        let scanner = observe::scanner()?;
        let fingerprint = Arc::clone(&self.fingerprint);
        let Ok(known) = observe::known(sink).await else { return Ok(()) };
        let read = self.with(self.remote.limits, move |files, budget| {
            let reading = survey_files(files, budget, &*fingerprint, scanner);
            let mut extents: Vec<(String, ExtentContent)> =
                observations(&reading, &known, CLOSED.remedy, budget);
            machine_id::say(&mut extents, machine_id::read(files, budget, &*fingerprint));
            let (logins, untold) = uses::of_keys(files, &extents, now, budget, uses::Journal::FarAway);
            // What is used comes before its uses.
            extents.extend(logins);
            let mut notes = observe::notes(&reading, untold, &CLOSED);
            notes.extend(lost(files));
            notes.extend(files.spent().filter(|_| reading.ended_by.is_none()).map(uses::logs_cut));
            (extents, notes)
        });
        let (extents, mut notes) = read.await?;
        notes.push(self.not_observable());
        match observe::send(&*self.fingerprint, sink, extents, notes).await {
            // Whoever receives is gone and knows why.
            Ok(()) | Err(SinkClosed) => Ok(()),
        }
    }

    async fn blast_radius(&self, target: &Target, _: Option<&str>) -> Result<BlastRadius, OutsideFailure> {
        Ok(crate::blast::of_none(READ_ONLY, &self.by_hand(target)))
    }

    async fn keepsake(&self, _target: &Target) -> Result<Option<Secret<String>>, OutsideFailure> {
        Ok(None)
    }

    async fn act(&self, _intent: &RecordedIntent, _act: &Act<'_>) -> Result<Done, OutsideFailure> {
        Err(OutsideFailure::NotOurs { why: READ_ONLY.to_owned() })
    }

    async fn effect(&self, _target: &Target, _step: StepKind, _value: Option<&Secret<String>>) -> Effect {
        Effect::Unobserved { why: READ_ONLY.to_owned() }
    }

    async fn control_plane(&self, _target: &Target) -> ControlPlane {
        ControlPlane::Unread { why: READ_ONLY.to_owned() }
    }

    async fn probe(&self, _point: &ShortName, _target: &Target, _value: &Secret<String>) -> ProbeAnswer {
        ProbeAnswer::CannotKnow { why: READ_ONLY.to_owned() }
    }

    fn by_hand(&self, target: &Target) -> Vec<String> {
        let machine = printable(&self.remote.address.machine, 120);
        let commands = match crate::act::KeyOf::parse(target) {
            Some(key) => vec![format!(
                "take the line of {} out of the files that `sshd -T -C {}` names as authorizedkeysfile",
                key.fingerprint,
                observe::quoted(&format!("user={}", key.account))
            )],
            None => observe::by_hand(target, std::path::Path::new(&self.remote.address.root)),
        };
        commands.into_iter().map(|command| format!("on {machine}: {command}")).collect()
    }

    async fn derived(&self, _target: &Target) -> DerivedReading {
        DerivedReading {
            found: Vec::new(),
            unread: vec![(PRIMARY.to_owned(), READ_ONLY.to_owned())],
            unknowable: Vec::new(),
        }
    }
}
