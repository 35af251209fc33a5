//! The handle a test holds: it builds the world, changes it from outside, scripts what
//! goes wrong, and asks what is true.
//!
//! A `ChaosWorld` survives the death of whoever uses it, as a real system does: keep it,
//! drop the engine, start another. Clones are the same world. Nothing here is reachable
//! through the port.

use super::{
    clock::ChaosClock,
    connector::ChaosFingerprint,
    fault::{Fault, FaultRates, Misfortune},
    file::ChaosFile,
    journal::{Breach, Journal},
    point::{Behaviour, ChaosPoint},
    principal::{ChaosPrincipal, Consumer},
    state::{Keepsakes, WorldState},
    truth::Truth,
};
use crate::SourceConfig;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tenure_model::{Derived, Instant, PRIMARY, Point, PrincipalKey, Secret, ShortName, SourceId, StepKind};
use tokio::sync::Notify;

/// A key that is not in this world.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("this world has no principal with the key `{key}`")]
pub struct NoSuchPrincipal {
    /// The key.
    pub key: String,
}

struct Inner {
    state: Mutex<WorldState>,
    crash: Notify,
    clock: ChaosClock,
}

/// An outside system in memory. Clones share it.
#[derive(Clone)]
pub struct ChaosWorld(Arc<Inner>);

impl core::fmt::Debug for ChaosWorld {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let state = self.state();
        f.debug_struct("ChaosWorld")
            .field("now", &self.now())
            .field("principals", &state.principals.len())
            .field("points", &state.points)
            .field("calls", &state.journal.len())
            .field("crashes", &state.crashes)
            .finish_non_exhaustive()
    }
}

/// Building it.
impl ChaosWorld {
    /// A world with one honest point, `primary`, where nothing goes wrong unless scripted.
    pub fn new(clock: ChaosClock) -> Self {
        Self::with(clock, Misfortune::default())
    }

    /// A world whose faults are drawn from `seed`. Scripted faults still come first.
    pub fn seeded(clock: ChaosClock, seed: u64, rates: FaultRates) -> Self {
        Self::with(clock, Misfortune::seeded(seed, rates))
    }

    fn with(clock: ChaosClock, misfortune: Misfortune) -> Self {
        let primary =
            ChaosPoint { name: PRIMARY.to_owned(), lag: Duration::ZERO, behaviour: Behaviour::Honest };
        let state = Mutex::new(WorldState::new(vec![primary], misfortune));
        Self(Arc::new(Inner { state, crash: Notify::new(), clock }))
    }

    /// Adds an enforcement point that follows `lag` behind, or changes the one of that name.
    pub fn point(&self, name: &str, lag: Duration, behaviour: Behaviour) {
        let mut state = self.state();
        let point = ChaosPoint { name: name.to_owned(), lag, behaviour };
        match state.points.iter_mut().find(|known| known.name == name) {
            Some(known) => *known = point,
            None => state.points.push(point),
        }
    }

    /// Changes how an existing point behaves from now on; a point nobody added stays unknown.
    pub fn behave(&self, name: &str, behaviour: Behaviour) {
        if let Some(point) = self.state().points.iter_mut().find(|point| point.name == name) {
            point.behaviour = behaviour;
        }
    }

    /// Adds a principal that has always been there, so that points that lag know it too.
    pub fn add(&self, principal: ChaosPrincipal) -> PrincipalKey {
        self.state().add(principal, Instant::from_micros(i64::MIN))
    }

    /// Creates a principal now: a point that lags will hear of it later.
    pub fn create(&self, principal: ChaosPrincipal) -> PrincipalKey {
        let now = self.now();
        self.state().add(principal, now)
    }

    /// Says which principal we ourselves are; acting on it is refused.
    pub fn we_are(&self, key: &PrincipalKey) {
        self.state().account = Some(key.clone());
    }

    /// From now on stored values cannot be read, so an undo can restore access only.
    pub fn hide_keepsakes(&self) {
        self.state().keepsakes = Keepsakes::Hidden;
    }

    /// A configuration that reaches every point of this world, in the order they were added.
    pub fn config(&self, id: SourceId, name: ShortName) -> SourceConfig {
        let points = self
            .state()
            .points
            .iter()
            .filter_map(|point| {
                let name = ShortName::parse(&point.name).ok()?;
                Some(Point { url: format!("chaos:{}", point.name), name })
            })
            .collect();
        let fingerprint = Arc::new(ChaosFingerprint);
        SourceConfig { id, name, points, secret: None, options: BTreeMap::new(), fingerprint }
    }
}

/// What others do to it, without Tenure.
impl ChaosWorld {
    /// Gives a principal another name.
    pub fn rename(&self, key: &PrincipalKey, name: &str) -> Result<(), NoSuchPrincipal> {
        self.alter(key, |state, now| {
            state.change(key, now, |version| name.clone_into(&mut version.name));
        })
    }

    /// Gives a principal another value.
    pub fn set_value(&self, key: &PrincipalKey, value: &str) -> Result<(), NoSuchPrincipal> {
        self.alter(key, |state, now| {
            state.replace_value(key, now, &Secret::new(value.to_owned()));
        })
    }

    /// Lets a principal authenticate again.
    pub fn allow(&self, key: &PrincipalKey) -> Result<(), NoSuchPrincipal> {
        self.alter(key, |state, now| {
            state.change(key, now, |version| version.can_login = true);
        })
    }

    /// Stops a principal from authenticating.
    pub fn forbid(&self, key: &PrincipalKey) -> Result<(), NoSuchPrincipal> {
        self.alter(key, |state, now| {
            state.change(key, now, |version| version.can_login = false);
        })
    }

    /// Removes a principal. What came from it stays alive.
    pub fn remove(&self, key: &PrincipalKey) -> Result<(), NoSuchPrincipal> {
        self.alter(key, |state, now| {
            state.change(key, now, |version| version.present = false);
        })
    }

    /// Gives a principal a right on a resource.
    pub fn grant(&self, key: &PrincipalKey, resource: &str, right: &str) -> Result<(), NoSuchPrincipal> {
        self.alter(key, |state, _| {
            if let Some(held) = state.principals.get_mut(key) {
                held.born.grants.push((resource.to_owned(), right.to_owned()));
            }
        })
    }

    /// Takes a right on a resource from a principal.
    pub fn revoke(&self, key: &PrincipalKey, resource: &str, right: &str) -> Result<(), NoSuchPrincipal> {
        self.alter(key, |state, _| {
            if let Some(held) = state.principals.get_mut(key) {
                held.born.grants.retain(|held| (held.0.as_str(), held.1.as_str()) != (resource, right));
            }
        })
    }

    /// Lays the value of a principal into a file of this mode: another file, wherever one was.
    pub fn put_file(&self, key: &PrincipalKey, place: &str, mode: u32) -> Result<(), NoSuchPrincipal> {
        self.alter(key, |state, _| state.put_file(key, place, mode))
    }

    /// Gives the file of a principal another mode.
    pub fn set_mode(&self, key: &PrincipalKey, mode: u32) -> Result<(), NoSuchPrincipal> {
        self.alter(key, |state, _| state.set_mode(key, mode))
    }

    /// Opens a session of a principal at a point.
    pub fn open_session(&self, key: &PrincipalKey, point: &str) -> Result<Derived, NoSuchPrincipal> {
        self.mint(key, point, "session")
    }

    /// Brings something alive that came from a principal. Only a `session` is ended by
    /// `EndSessions`; anything else, such as a `prepared transaction`, lives on.
    pub fn mint(&self, key: &PrincipalKey, point: &str, kind: &str) -> Result<Derived, NoSuchPrincipal> {
        self.state().bring_alive(key, point, kind).ok_or_else(|| NoSuchPrincipal { key: key.0.clone() })
    }

    /// Ends one derived thing, as its holder would.
    pub fn end(&self, key: &PrincipalKey, derived: &Derived) -> Result<(), NoSuchPrincipal> {
        self.alter(key, |state, _| {
            if let Some(held) = state.principals.get_mut(key) {
                held.alive.retain(|alive| alive.what != *derived);
            }
        })
    }

    /// Adds a consumer that holds the present value of a principal and opens a session at
    /// `point` again and again, for as long as that value is accepted there.
    pub fn add_consumer(&self, key: &PrincipalKey, point: &str) -> Result<(), NoSuchPrincipal> {
        self.alter(key, |state, now| {
            if let Some(held) = state.principals.get_mut(key)
                && let Some(era) = held.current().era
            {
                held.consumers.push(Consumer { point: point.to_owned(), era, session: None });
            }
            state.let_consumers_return(now);
        })
    }

    fn alter(
        &self,
        key: &PrincipalKey,
        alter: impl FnOnce(&mut WorldState, Instant),
    ) -> Result<(), NoSuchPrincipal> {
        let now = self.now();
        let mut state = self.state();
        if !state.principals.contains_key(key) {
            return Err(NoSuchPrincipal { key: key.0.clone() });
        }
        alter(&mut state, now);
        state.touched.clear();
        Ok(())
    }
}

/// What goes wrong.
impl ChaosWorld {
    /// Scripts a fault. Several may wait for the same kind of call.
    pub fn script(&self, fault: Fault) {
        self.state().misfortune.script(fault);
    }

    /// From now on nothing goes wrong any more, scripted or drawn. Bad habits of points stay.
    pub fn end_faults(&self) {
        self.state().misfortune.end();
    }

    /// How many scripted faults have not struck.
    pub fn faults_waiting(&self) -> usize {
        self.state().misfortune.waiting()
    }

    /// From now on the whole system cannot be reached by us. Consumers still reach it.
    pub fn take_down(&self, why: &str) {
        self.state().down = Some(why.to_owned());
    }

    /// The system can be reached again.
    pub fn bring_up(&self) {
        self.state().down = None;
    }

    /// Waits until the process is to die: a `CrashBefore` or `CrashAfter` struck. Returns at
    /// once for a crash that nobody has waited for yet. Every source made before it hangs
    /// for ever from then on, without effect: drop what used it and make a new source.
    pub async fn crashed(&self) {
        loop {
            let woken = self.0.crash.notified();
            if self.acknowledge_crash() {
                return;
            }
            woken.await;
        }
    }

    fn acknowledge_crash(&self) -> bool {
        let mut state = self.state();
        let is_new = state.crashes > state.crashes_acknowledged;
        state.crashes_acknowledged = state.crashes;
        is_new
    }

    /// How many crashes there have been.
    pub fn crashes(&self) -> u64 {
        self.state().crashes
    }
}

/// What is true, and what happened.
impl ChaosWorld {
    /// The clock of this world.
    pub fn clock(&self) -> &ChaosClock {
        &self.0.clock
    }

    /// What time it is in this world.
    pub fn now(&self) -> Instant {
        self.0.clock.now()
    }

    /// What is true of a principal now, also of one that was removed.
    pub fn truth(&self, key: &PrincipalKey) -> Result<Truth, NoSuchPrincipal> {
        let now = self.now();
        let mut state = self.state();
        state.let_consumers_return(now);
        state.truth(key, now).ok_or_else(|| NoSuchPrincipal { key: key.0.clone() })
    }

    /// What is true of everybody now, removed principals included.
    pub fn truths(&self) -> Vec<Truth> {
        let now = self.now();
        let mut state = self.state();
        state.let_consumers_return(now);
        state.principals.keys().filter_map(|key| state.truth(key, now)).collect()
    }

    /// The file in which the value of a principal lies, where there is one.
    pub fn file(&self, key: &PrincipalKey) -> Option<ChaosFile> {
        self.state().principals.get(key).and_then(|held| held.file.clone())
    }

    /// Whether a point really lets in whoever gives `name` and `value` now.
    pub fn accepts(&self, point: &str, name: &str, value: &Secret<String>) -> bool {
        let now = self.now();
        let state = self.state();
        state.point(point).is_some_and(|point| state.accepts(point, now, name, value))
    }

    /// Every call so far, oldest first.
    pub fn journal(&self) -> Vec<Journal> {
        self.state().journal.clone()
    }

    /// How often a step really changed each principal. A step that is done twice is counted
    /// once unless the second time changed something again.
    pub fn effects(&self) -> BTreeMap<(PrincipalKey, StepKind), u32> {
        let mut counted = BTreeMap::new();
        for entry in &self.state().journal {
            if let Some(step) = entry.effect() {
                for key in &entry.touched {
                    *counted.entry((key.clone(), step)).or_insert(0) += 1;
                }
            }
        }
        counted
    }

    /// How often a step really changed this principal.
    pub fn effect_count(&self, key: &PrincipalKey, step: StepKind) -> u32 {
        self.effects().get(&(key.clone(), step)).copied().unwrap_or(0)
    }

    /// Calls that changed a principal other than the one they were about, or changed one
    /// although they only read.
    pub fn strays(&self) -> Vec<Journal> {
        let is_stray = |entry: &&Journal| {
            entry
                .touched
                .iter()
                .any(|touched| entry.intent.is_none() || entry.principal.as_ref() != Some(touched))
        };
        self.state().journal.iter().filter(is_stray).cloned().collect()
    }

    /// Rules of the port that callers broke.
    pub fn breaches(&self) -> Vec<Breach> {
        self.state().breaches.clone()
    }

    pub(super) fn state(&self) -> MutexGuard<'_, WorldState> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The process dies now.
    pub(super) fn announce_crash(&self) {
        self.0.crash.notify_waiters();
    }
}
