//! A principal of the chaos world, with everything it ever was.
//!
//! Each change is a version with its time, because enforcement points live in the past.
//! Values are numbered by era: 0 is the value it came with, 1 the first replacement. Eras
//! are what journals and truths name; the values themselves never leave this file.

use super::{file::ChaosFile, point::Window};
use crate::Owned;
use tenure_model::{Derived, Instant, PrincipalKey, PrincipalKind, Secret};

/// A principal to put into a world. Start from `account` or `group` and change what matters.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts about a principal, as systems hold them"
)]
pub struct ChaosPrincipal {
    /// Its key; `None` lets the world number it: `chaos:7`.
    pub key: Option<PrincipalKey>,
    /// Its name.
    pub name: String,
    /// What lets it authenticate; `None` when nothing does.
    pub value: Option<Secret<String>>,
    /// Whether it may authenticate.
    pub can_login: bool,
    /// What kind it is.
    pub kind: PrincipalKind,
    /// Holds every right; the last one of these cannot be ended.
    pub admin: bool,
    /// Part of the system itself.
    pub built_in: bool,
    /// May be renamed or deleted by somebody else while a survey runs.
    pub restless: bool,
    /// What it owns.
    pub owned: Vec<Owned>,
    /// Rights it holds directly: resource and right.
    pub grants: Vec<(String, String)>,
    /// Names of principals that hold rights through it.
    pub members: Vec<String>,
    /// Others that hold the same value and go on with it, as its blast radius says.
    pub goes_on: Vec<PrincipalKey>,
    /// A comment on it.
    pub comment: Option<String>,
}

impl ChaosPrincipal {
    /// An account that may authenticate with `value`.
    pub fn account(name: &str, value: &str) -> Self {
        Self {
            key: None,
            name: name.to_owned(),
            value: Some(Secret::new(value.to_owned())),
            can_login: true,
            kind: PrincipalKind::Account,
            admin: false,
            built_in: false,
            restless: false,
            owned: Vec::new(),
            grants: Vec::new(),
            members: Vec::new(),
            goes_on: Vec::new(),
            comment: None,
        }
    }

    /// A group, which only holds rights for others.
    pub fn group(name: &str) -> Self {
        Self { value: None, can_login: false, kind: PrincipalKind::Group, ..Self::account(name, "") }
    }
}

/// What a principal was from an instant until the next version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Version {
    pub(super) at: Instant,
    pub(super) name: String,
    pub(super) era: Option<usize>,
    pub(super) can_login: bool,
    pub(super) present: bool,
}

/// Something alive that came from a principal.
#[derive(Debug, Clone)]
pub(super) struct Alive {
    pub(super) what: Derived,
    /// Whether ending sessions ends it.
    pub(super) is_session: bool,
}

/// Somebody outside who holds a value and comes back whenever it is accepted.
pub(super) struct Consumer {
    pub(super) point: String,
    pub(super) era: usize,
    pub(super) session: Option<String>,
}

/// A principal as the world holds it.
pub(super) struct Held {
    pub(super) key: PrincipalKey,
    pub(super) born: ChaosPrincipal,
    values: Vec<Secret<String>>,
    versions: Vec<Version>,
    pub(super) alive: Vec<Alive>,
    pub(super) consumers: Vec<Consumer>,
    /// The file in which its value lies, where there is one.
    pub(super) file: Option<ChaosFile>,
    /// Failed attempts to authenticate, newest last.
    pub(super) failures: Vec<Instant>,
}

impl Held {
    /// A principal that begins to exist at `at`.
    pub(super) fn new(key: PrincipalKey, mut born: ChaosPrincipal, at: Instant) -> Self {
        let values: Vec<Secret<String>> = born.value.take().into_iter().collect();
        let first = Version {
            at,
            name: born.name.clone(),
            era: (!values.is_empty()).then_some(0),
            can_login: born.can_login,
            present: true,
        };
        Self {
            key,
            born,
            values,
            versions: vec![first],
            alive: Vec::new(),
            consumers: Vec::new(),
            file: None,
            failures: Vec::new(),
        }
    }

    /// What it is now. INVARIANT: there is always a first version; a world that lost it shows an absent one.
    pub(super) fn current(&self) -> Version {
        self.versions.last().cloned().unwrap_or_else(|| Version {
            at: Instant::from_micros(0),
            name: self.born.name.clone(),
            era: None,
            can_login: false,
            present: false,
        })
    }

    /// Changes it from `at` on. Says whether anything changed.
    pub(super) fn change(&mut self, at: Instant, change: impl FnOnce(&mut Version)) -> bool {
        let before = self.current();
        let mut after = Version { at, ..before.clone() };
        change(&mut after);
        let changed = Version { at: before.at, ..after.clone() } != before;
        if changed {
            self.versions.push(after);
        }
        changed
    }

    /// The era in which `value` is or was its value; the newest when there are several.
    pub(super) fn era_of(&self, value: &Secret<String>) -> Option<usize> {
        self.values.iter().rposition(|known| known.expose() == value.expose())
    }

    /// Keeps a new value and says which era begins with it.
    pub(super) fn new_era(&mut self, value: &Secret<String>) -> usize {
        self.values.push(Secret::new(value.expose().clone()));
        self.values.len() - 1
    }

    /// Whether `era` exists.
    pub(super) fn knows_era(&self, era: usize) -> bool {
        era < self.values.len()
    }

    /// The bytes of the current value, for a fingerprint.
    pub(super) fn with_current_value<T>(&self, read: impl FnOnce(&[u8]) -> T) -> Option<T> {
        let era = self.current().era?;
        self.values.get(era).map(|value| read(value.expose().as_bytes()))
    }

    /// The versions in force at any time within `window`.
    pub(super) fn in_force(&self, window: Window) -> impl Iterator<Item = &Version> {
        let ends = self.versions.iter().skip(1).map(|next| Some(next.at)).chain(std::iter::once(None));
        self.versions
            .iter()
            .zip(ends)
            .filter(move |(version, end)| version.at <= window.to && end.is_none_or(|end| end > window.from))
            .map(|(version, _)| version)
    }

    /// Eras accepted within `window`, whoever asks under whatever name.
    pub(super) fn eras_accepted(&self, window: Window) -> Vec<usize> {
        let mut eras: Vec<usize> = self
            .in_force(window)
            .filter(|version| version.present && version.can_login)
            .filter_map(|version| version.era)
            .collect();
        eras.sort_unstable();
        eras.dedup();
        eras
    }

    /// Whether `value`, given with `name`, is accepted within `window`.
    pub(super) fn accepts(&self, window: Window, name: &str, value: &Secret<String>) -> bool {
        self.in_force(window)
            .filter(|version| version.present && version.can_login && version.name == name)
            .filter_map(|version| self.values.get(version.era?))
            .any(|known| known.expose() == value.expose())
    }
}
