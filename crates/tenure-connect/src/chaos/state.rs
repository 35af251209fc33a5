//! What a chaos world consists of, and the few ways it changes.
//!
//! Always reached under the world's lock; nothing here waits, and nothing here decides
//! what goes wrong. Changes go through `change`, `begin_session` and `end_sessions`, so
//! that `touched` is a measurement. Next: `acts.rs` and `reads.rs`.

use super::{
    fault::Misfortune,
    file::ChaosFile,
    journal::{Breach, BreachKind, Journal},
    point::{Candour, ChaosPoint},
    principal::{Alive, ChaosPrincipal, Consumer, Held, Version},
    truth::{Accepting, Truth},
};
use crate::ContentDigest;
use std::collections::BTreeMap;
use tenure_model::{Derived, Extent, Instant, IntentId, PrincipalKey, Secret, StepKind};

/// Whether stored values can be read back for an undo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keepsakes {
    Readable,
    Hidden,
}

/// The outside, behind the world's lock.
pub(super) struct WorldState {
    pub(super) principals: BTreeMap<PrincipalKey, Held>,
    pub(super) points: Vec<ChaosPoint>,
    pub(super) journal: Vec<Journal>,
    pub(super) breaches: Vec<Breach>,
    pub(super) misfortune: Misfortune,
    pub(super) crashes: u64,
    pub(super) crashes_acknowledged: u64,
    /// Why the whole system cannot be reached.
    pub(super) down: Option<String>,
    /// The principal we ourselves are.
    pub(super) account: Option<PrincipalKey>,
    pub(super) keepsakes: Keepsakes,
    /// Acts under way, per principal.
    pub(super) under_way: BTreeMap<PrincipalKey, u32>,
    /// What each intent was used for.
    pub(super) intents: BTreeMap<IntentId, (StepKind, PrincipalKey)>,
    /// Whom the call in hand has changed.
    pub(super) touched: Vec<PrincipalKey>,
    /// The digest given last of each extent, for `SurveyFault::StaleDigest`.
    pub(super) digests: BTreeMap<Extent, ContentDigest>,
    numbered: u64,
}

impl WorldState {
    /// A world without anybody in it, with the given points.
    pub(super) fn new(points: Vec<ChaosPoint>, misfortune: Misfortune) -> Self {
        Self {
            principals: BTreeMap::new(),
            points,
            journal: Vec::new(),
            breaches: Vec::new(),
            misfortune,
            crashes: 0,
            crashes_acknowledged: 0,
            down: None,
            account: None,
            keepsakes: Keepsakes::Readable,
            under_way: BTreeMap::new(),
            intents: BTreeMap::new(),
            touched: Vec::new(),
            digests: BTreeMap::new(),
            numbered: 0,
        }
    }

    fn number(&mut self) -> u64 {
        self.numbered += 1;
        self.numbered
    }

    /// Adds a principal and gives its key.
    pub(super) fn add(&mut self, mut born: ChaosPrincipal, at: Instant) -> PrincipalKey {
        let number = self.number();
        let key = born.key.take().unwrap_or_else(|| PrincipalKey(format!("chaos:{number}")));
        self.principals.insert(key.clone(), Held::new(key.clone(), born, at));
        key
    }

    /// The principal with this key, if the system has it now.
    pub(super) fn there(&self, key: &PrincipalKey) -> Option<(&Held, Version)> {
        let held = self.principals.get(key)?;
        let version = held.current();
        version.present.then_some((held, version))
    }

    /// The principal that has this name now.
    pub(super) fn named(&self, name: &str) -> Option<PrincipalKey> {
        self.principals.values().find_map(|held| {
            let version = held.current();
            (version.present && version.name == name).then(|| held.key.clone())
        })
    }

    /// How many administrators could still log in if `key` could not.
    pub(super) fn administrators_without(&self, key: &PrincipalKey) -> usize {
        self.principals
            .values()
            .filter(|held| held.born.admin && held.key != *key)
            .filter(|held| {
                let version = held.current();
                version.present && version.can_login
            })
            .count()
    }

    /// Changes a principal from now on and remembers that it was touched. Says whether it was.
    pub(super) fn change(
        &mut self,
        key: &PrincipalKey,
        now: Instant,
        change: impl FnOnce(&mut Version),
    ) -> bool {
        let changed = self.principals.get_mut(key).is_some_and(|held| held.change(now, change));
        if changed {
            self.touch(key);
        }
        changed
    }

    /// Replaces the stored value. Says whether it was another one.
    pub(super) fn replace_value(&mut self, key: &PrincipalKey, now: Instant, value: &Secret<String>) -> bool {
        let Some(held) = self.principals.get_mut(key) else { return false };
        let current = held.current().era;
        if current.is_some() && held.era_of(value) == current {
            return false;
        }
        let era = held.new_era(value);
        self.change(key, now, |version| version.era = Some(era))
    }

    /// Lays the value of a principal into a new file. Nobody is touched by that.
    pub(super) fn put_file(&mut self, key: &PrincipalKey, place: &str, mode: u32) {
        let number = self.number();
        if let Some(held) = self.principals.get_mut(key) {
            held.file = Some(ChaosFile { place: place.to_owned(), number, mode });
        }
    }

    /// Changes the mode of the file of a principal and remembers that it was touched.
    pub(super) fn set_mode(&mut self, key: &PrincipalKey, mode: u32) {
        let file = self.principals.get_mut(key).and_then(|held| held.file.as_mut());
        if let Some(file) = file.filter(|file| file.mode != mode) {
            file.mode = mode;
            self.touch(key);
        }
    }

    fn touch(&mut self, key: &PrincipalKey) {
        if !self.touched.contains(key) {
            self.touched.push(key.clone());
        }
    }

    /// Adds something alive that came from a principal and gives it a name.
    pub(super) fn bring_alive(&mut self, key: &PrincipalKey, point: &str, kind: &str) -> Option<Derived> {
        let number = self.number();
        let held = self.principals.get_mut(key)?;
        let what = Derived { point: point.to_owned(), kind: kind.to_owned(), name: number.to_string() };
        held.alive.push(Alive { what: what.clone(), is_session: kind == "session" });
        Some(what)
    }

    /// Ends the sessions of a principal at the given points. Says how many.
    pub(super) fn end_sessions(&mut self, key: &PrincipalKey, points: &[String]) -> usize {
        let Some(held) = self.principals.get_mut(key) else { return 0 };
        let before = held.alive.len();
        held.alive.retain(|alive| !(alive.is_session && points.contains(&alive.what.point)));
        let ended = before - held.alive.len();
        if ended > 0 {
            self.touch(key);
        }
        ended
    }

    /// Hands everything `key` owns to `heir`. Being given something is not being touched.
    pub(super) fn hand_over(&mut self, key: &PrincipalKey, heir: &PrincipalKey) {
        let Some(held) = self.principals.get_mut(key) else { return };
        let owned = std::mem::take(&mut held.born.owned);
        if let Some(heir) = self.principals.get_mut(heir) {
            heir.born.owned.extend(owned);
        }
    }

    /// Lets consumers whose session is gone come back where their value is accepted.
    pub(super) fn let_consumers_return(&mut self, now: Instant) {
        let mut returning = Vec::new();
        for held in self.principals.values() {
            for (index, consumer) in held.consumers.iter().enumerate() {
                if self.would_return(held, consumer, now) {
                    returning.push((held.key.clone(), index, consumer.point.clone()));
                }
            }
        }
        for (key, index, point) in returning {
            let session = self.bring_alive(&key, &point, "session");
            let consumer = self.principals.get_mut(&key).and_then(|held| held.consumers.get_mut(index));
            if let (Some(consumer), Some(session)) = (consumer, session) {
                consumer.session = Some(session.name);
            }
        }
    }

    fn would_return(&self, held: &Held, consumer: &Consumer, now: Instant) -> bool {
        let connected = consumer
            .session
            .as_ref()
            .is_some_and(|session| held.alive.iter().any(|alive| alive.what.name == *session));
        !connected
            && self
                .point(&consumer.point)
                .is_some_and(|point| held.eras_accepted(point.window(now)).contains(&consumer.era))
    }

    /// The point of that name.
    pub(super) fn point(&self, name: &str) -> Option<&ChaosPoint> {
        self.points.iter().find(|point| point.name == name)
    }

    /// Whether the point really lets in whoever gives `name` and `value`.
    pub(super) fn accepts(
        &self,
        point: &ChaosPoint,
        now: Instant,
        name: &str,
        value: &Secret<String>,
    ) -> bool {
        let window = point.window(now);
        self.principals.values().any(|held| held.accepts(window, name, value))
    }

    /// Whether the point can be asked about what is alive there; `Err` says why not.
    pub(super) fn shows_alive(&self, point: &str, now: Instant) -> Result<bool, String> {
        let Some(point) = self.point(point) else {
            return Err("there is no such host".to_owned());
        };
        match point.candour(now) {
            Candour::Open | Candour::Refuses => Ok(true),
            Candour::Elsewhere => Ok(false),
            Candour::Silent => Err("no answer".to_owned()),
        }
    }

    /// Notes a broken rule.
    pub(super) fn breach(&mut self, at: Instant, principal: &PrincipalKey, what: BreachKind) {
        self.breaches.push(Breach { at, principal: principal.clone(), what });
    }

    /// What is true of a principal.
    pub(super) fn truth(&self, key: &PrincipalKey, now: Instant) -> Option<Truth> {
        let held = self.principals.get(key)?;
        let version = held.current();
        let mut accepting = Vec::new();
        for point in &self.points {
            for era in held.eras_accepted(point.window(now)) {
                accepting.push(Accepting { point: point.name.clone(), era });
            }
        }
        accepting.sort();
        Some(Truth {
            key: key.clone(),
            name: version.name,
            present: version.present,
            can_login: version.present && version.can_login,
            era: version.era,
            accepting,
            derived: held.alive.iter().map(|alive| alive.what.clone()).collect(),
        })
    }
}
