//! The connection to one machine: what every verb of the port starts from.
//!
//! Reads, and on a recorded intent takes an authorised key out or puts it back, or keeps others from reading a file. Every
//! other principal is refused, with the commands by which a person does it. Keeps nothing between calls. It must never
//! read anything but through `survey.rs` and `act/ways_in.rs`, nor write but through `act/replace.rs` and `act/mode.rs`.
//! Next: `observe.rs`, `act.rs`.

use crate::act::ways_in::Ground;
use crate::act::{self, KeyOf, mode, other_ways, try_reading};
use crate::blast::{self, OwnSession};
use crate::config::{Configured, Processes};
use crate::observe::cut_off;
use crate::{blast_file, observe, probe, sessions};
use async_trait::async_trait;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::SystemTime;
use tenure_connect::{
    Act, AtMost, BlastRadius, CheckReport, DerivedReading, Done, Effect, Fingerprint, OutsideFailure, Source,
    SurveySink, Target,
};
use tenure_model::{
    ControlPlane, Instant, PRIMARY, ProbeAnswer, ProofLevel, RecordedIntent, Secret, ShortName, StepKind,
    printable,
};

/// Why this principal is not changed.
const KEYS_ONLY: &str = "on a machine Tenure takes away authorised keys and keeps others from reading files, and nothing else; \
                         the commands to do it by hand are in the plan";

/// One configured machine.
pub(crate) struct HostSource {
    pub(crate) ground: Ground,
    pub(crate) fingerprint: Arc<dyn Fingerprint>,
    sshd: Option<SocketAddr>,
    own: OwnSession,
    pub(crate) processes: Processes,
}

impl HostSource {
    pub(crate) fn new(configured: Configured, fingerprint: Arc<dyn Fingerprint>) -> Self {
        let ground = Ground { root: configured.root, limits: configured.limits };
        // A copy of a machine is not the one whose sessions ours is among.
        let own = if ground.is_live() { OwnSession::of_this_process() } else { OwnSession::default() };
        Self { ground, fingerprint, sshd: configured.sshd, own, processes: configured.processes }
    }

    /// Runs what blocks beside the tasks of the program.
    async fn beside<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Ground) -> T + Send + 'static,
    ) -> Result<T, OutsideFailure> {
        let ground = self.ground.clone();
        let done = tokio::task::spawn_blocking(move || work(&ground)).await;
        // Whatever was under way went on to its end or not: nobody knows.
        done.map_err(|gone| OutsideFailure::Lost { why: cut_off("it", &gone) })
    }
}

/// What time it is: an end of a key counts when the server asks for it, which is now.
fn by_the_clock() -> Instant {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Instant::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

#[async_trait]
impl Source for HostSource {
    async fn check(&self) -> Result<CheckReport, OutsideFailure> {
        let (looks, machine) = observe::abilities(self).await?;
        let primary =
            ShortName::parse(PRIMARY).map_err(|why| OutsideFailure::Puzzling { why: why.to_string() })?;
        Ok(CheckReport {
            system: looks.system,
            account: format!("user id {}", rustix::process::geteuid().as_raw()),
            abilities: observe::told(looks.places, &observe::CLOSED),
            points: vec![(primary, None)],
            machine,
        })
    }

    async fn observe(&self, now: Instant, sink: &mut dyn SurveySink) -> Result<(), OutsideFailure> {
        observe::observe(self, now, sink).await
    }

    async fn blast_radius(&self, target: &Target, _: Option<&str>) -> Result<BlastRadius, OutsideFailure> {
        if let Some(file) = target.file.clone() {
            let fingerprint = Arc::clone(&self.fingerprint);
            return self.beside(move |ground| blast_file::of_file(ground, &file, &*fingerprint)).await?;
        }
        let Some(key) = KeyOf::parse(target) else { return Ok(blast::of_other(&self.by_hand(target))) };
        let (own, asked) = (self.own.clone(), key.clone());
        let mut blast =
            self.beside(move |ground| blast::of_key(ground, &own, &asked, by_the_clock())).await??;
        // What is refused is not planned, so nobody is asked about it.
        if blast.refusals.is_empty() {
            blast.at_most = self.at_most(key).await;
        }
        Ok(blast)
    }

    async fn keepsake(&self, target: &Target) -> Result<Option<Secret<String>>, OutsideFailure> {
        let Some(key) = KeyOf::parse(target) else { return Ok(None) };
        self.beside(move |ground| act::keepsake(ground, &key)).await?
    }

    async fn act(&self, intent: &RecordedIntent, act: &Act<'_>) -> Result<Done, OutsideFailure> {
        let record = intent.record();
        let target = Target::of(record);
        if let Some(file) = target.file {
            return match act {
                Act::Tighten => self.beside(move |ground| mode::tighten(ground, &file)).await?,
                Act::Loosen => self.beside(move |ground| mode::loosen(ground, &file)).await?,
                Act::Deny { .. }
                | Act::Disable
                | Act::EndSessions
                | Act::Delete { .. }
                | Act::Enable { .. } => {
                    Err(OutsideFailure::NotOurs { why: String::from("of a file only its mode is changed") })
                }
            };
        }
        let Some(key) = KeyOf::parse(&target) else {
            return Err(OutsideFailure::NotOurs { why: KEYS_ONLY.to_owned() });
        };
        // One name for all tries of a plan, so that what a crash left is found again.
        let mark = record.plan.handle();
        match act {
            Act::Disable | Act::Delete { .. } => {
                self.beside(move |ground| act::take_out(ground, &key, &mark)).await?
            }
            Act::Enable { keepsake } => {
                let kept = keepsake.map(|kept| Secret::new(kept.expose().clone()));
                self.beside(move |ground| act::put_back(ground, &key, kept.as_ref(), &mark)).await?
            }
            Act::EndSessions => self.beside(move |ground| sessions::end(ground, &key)).await?,
            Act::Tighten | Act::Loosen => {
                Err(OutsideFailure::NotOurs { why: String::from("the plan names no file") })
            }
            Act::Deny { .. } => {
                Err(OutsideFailure::NotOurs { why: String::from("nothing is installed on a machine") })
            }
        }
    }

    async fn effect(&self, target: &Target, step: StepKind, value: Option<&Secret<String>>) -> Effect {
        if let Some(file) = target.file.clone() {
            let wanted = match step {
                StepKind::Tighten => mode::Wanted::Tight,
                StepKind::Loosen => mode::Wanted::Former,
                _ => return Effect::Unobserved { why: format!("a file has no step `{step}`") },
            };
            let seen = self.beside(move |ground| mode::effect(ground, &file, wanted)).await;
            return seen.unwrap_or_else(|why| Effect::Unobserved { why: why.to_string() });
        }
        let Some(key) = KeyOf::parse(target) else {
            return Effect::Unobserved { why: KEYS_ONLY.to_owned() };
        };
        let kept = value.map(|kept| Secret::new(kept.expose().clone()));
        let seen = self
            .beside(move |ground| match step {
                StepKind::Disable | StepKind::Delete => act::is_out(ground, &key),
                StepKind::Enable => act::is_back(ground, &key, kept.as_ref()),
                StepKind::EndSessions => {
                    // What can never be known is not what the act ends.
                    let read = sessions::derived(ground, &key);
                    match (read.found.is_empty(), read.unread.into_iter().next()) {
                        (false, _) => Effect::Missing,
                        (true, None) => Effect::Present,
                        (true, Some((_, why))) => Effect::Unobserved { why },
                    }
                }
                StepKind::Deny
                | StepKind::Control
                | StepKind::Sweep
                | StepKind::Prove
                | StepKind::Tighten
                | StepKind::Loosen => Effect::Unobserved { why: format!("a machine has no step `{step}`") },
            })
            .await;
        seen.unwrap_or_else(|why| Effect::Unobserved { why: why.to_string() })
    }

    async fn control_plane(&self, target: &Target) -> ControlPlane {
        if let Some(file) = target.file.clone() {
            let read = self.beside(move |ground| mode::control_plane(ground, &file)).await;
            return read.unwrap_or_else(|why| ControlPlane::Unread { why: why.to_string() });
        }
        let Some(key) = KeyOf::parse(target) else {
            return ControlPlane::Unread { why: KEYS_ONLY.to_owned() };
        };
        let read = self.beside(move |ground| act::control_plane(ground, &key)).await;
        read.unwrap_or_else(|why| ControlPlane::Unread { why: why.to_string() })
    }

    async fn probe(&self, _point: &ShortName, target: &Target, value: &Secret<String>) -> ProbeAnswer {
        let cannot_know = |why: &str| ProbeAnswer::CannotKnow { why: why.to_owned() };
        if let Some(file) = target.file.clone() {
            let tried = self.beside(move |ground| try_reading::answer(ground, &file)).await;
            return tried.unwrap_or_else(|why| cannot_know(&why.to_string()));
        }
        let Some(key) = KeyOf::parse(target) else { return cannot_know(KEYS_ONLY) };
        let Some(blob) = act::public_key_of(value) else {
            return cannot_know("what was kept names no key");
        };
        let (sshd, live) = (self.sshd, self.ground.is_live());
        let account = key.account.clone();
        let question = self
            .beside(move |ground| question(ground, sshd, live, &key, blob))
            .await
            .unwrap_or_else(|why| Err(why.to_string()));
        match question {
            Ok(question) => match probe::ask(question).await {
                // Refused here: whether it is refused everywhere is another question.
                refused @ ProbeAnswer::Refused { .. } => self.refused_everywhere(refused, account).await,
                answer => answer,
            },
            Err(why) => ProbeAnswer::CannotKnow { why },
        }
    }

    fn by_hand(&self, target: &Target) -> Vec<String> {
        match KeyOf::parse(target) {
            Some(key) => blast::by_hand(&self.ground, &key),
            None => observe::by_hand(target, &self.ground.root),
        }
    }

    async fn derived(&self, target: &Target) -> DerivedReading {
        let unread = |why: String| DerivedReading {
            found: Vec::new(),
            unread: vec![(PRIMARY.to_owned(), why)],
            unknowable: Vec::new(),
        };
        if let Some(file) = target.file.clone() {
            let read = self.beside(move |ground| mode::copies(ground, &file)).await;
            return read.unwrap_or_else(|why| unread(why.to_string()));
        }
        let Some(key) = KeyOf::parse(target) else { return unread(KEYS_ONLY.to_owned()) };
        let read = self.beside(move |ground| sessions::derived(ground, &key)).await;
        read.unwrap_or_else(|why| unread(why.to_string()))
    }
}

impl HostSource {
    /// What keeps the end of a key from being shown, asked of the server before anybody approves it.
    async fn at_most(&self, key: KeyOf) -> Option<AtMost> {
        let cannot = |why: String| Some(AtMost { level: ProofLevel::P2, why: printable(&why, 600) });
        let (sshd, live, account) = (self.sshd, self.ground.is_live(), key.account.clone());
        let question = self
            .beside(move |ground| {
                let kept = act::keepsake(ground, &key).map_err(|why| why.to_string())?;
                let blob = kept.as_ref().and_then(act::public_key_of);
                let nowhere =
                    || String::from("it stands in no file that could be read, so it cannot be asked for");
                question(ground, sshd, live, &key, blob.ok_or_else(nowhere)?)
            })
            .await
            .unwrap_or_else(|why| Err(why.to_string()));
        let question = match question {
            Ok(question) => question,
            Err(why) => return cannot(why),
        };
        let server = question.server;
        match probe::ask(question).await {
            ProbeAnswer::Accepted => {}
            ProbeAnswer::Unreachable { why } => {
                return cannot(format!(
                    "no SSH server answers at {server} ({why}); start it, or name where it listens with the option sshd of \
                     the source, and plan again"
                ));
            }
            ProbeAnswer::Refused { .. } => {
                return cannot(format!(
                    "the SSH server at {server} does not take this key now, so a refusal afterwards would show nothing"
                ));
            }
            ProbeAnswer::CannotKnow { why } => return cannot(why),
        }
        // It is taken now. Whether its refusal would show everything is another question.
        match self.refused_everywhere(ProbeAnswer::Refused { how: String::new() }, account).await {
            ProbeAnswer::CannotKnow { why } => cannot(why),
            ProbeAnswer::Refused { .. } | ProbeAnswer::Accepted | ProbeAnswer::Unreachable { .. } => None,
        }
    }

    /// A refusal as it is, unless something may let the key in that asking from here does not show.
    async fn refused_everywhere(&self, refused: ProbeAnswer, account: String) -> ProbeAnswer {
        let read = self
            .beside(move |ground| {
                ground.with(|machine| match machine.account(&account)? {
                    Some(account) => other_ways::unseen(machine, &account),
                    None => Ok(Vec::new()),
                })
            })
            .await;
        let reasons = match read {
            Ok(Ok(reasons)) => reasons,
            Ok(Err(why)) => vec![why.to_string()],
            Err(why) => vec![why.to_string()],
        };
        if reasons.is_empty() {
            return refused;
        }
        let why =
            format!("it is refused when asked for from here, which is not enough: {}", reasons.join("; "));
        ProbeAnswer::CannotKnow { why: printable(&why, 600) }
    }
}

/// Whom to ask, and for what; `Err` says why nobody can be asked.
fn question(
    ground: &Ground,
    configured: Option<SocketAddr>,
    live: bool,
    key: &KeyOf,
    blob: Vec<u8>,
) -> Result<probe::Question, String> {
    let read =
        ground.with(|machine| Ok((machine.server()?, machine.account(&key.account)?, machine.host_keys())));
    let (server, account, host_keys) = read.map_err(|why| why.to_string())?;
    let found = if live { server.and_then(|server| server.address()) } else { None };
    let Some(server) = configured.or(found) else {
        let why = "which SSH server reads this machine's keys is not known; name it with the option sshd";
        return Err(why.to_owned());
    };
    let user = account.and_then(|account| String::from_utf8(account.name).ok());
    let Some(user) = user else {
        return Err(String::from("the account is not there, or its name cannot be asked for"));
    };
    Ok(probe::Question { server, user, key: blob, host_keys })
}
