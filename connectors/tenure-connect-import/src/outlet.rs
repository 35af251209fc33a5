//! Where claims go: into pages, each thing once.
//!
//! What came before is remembered by 16 bytes a thing, whatever it holds. Two claims with one key that say different
//! things are a trouble and never a silent choice. Next: `read.rs`.

use crate::{claim::Claim, tally::Tally, trouble::Trouble};
use std::{
    collections::{HashMap, HashSet, hash_map::RandomState},
    hash::{BuildHasher as _, Hash},
};
use tenure_connect::PAGE_MAX;
use tenure_model::{Observation, ObservedCredential, ObservedPrincipal, names};

/// What several claims with one key mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeats {
    /// A mistake.
    Never,
    /// The same principal, of which each must say the same.
    MustAgree,
    /// The same principal, of which the first says what it is.
    FirstSpeaks,
}

/// Whether somebody still listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Listening {
    /// Go on.
    Yes,
    /// Stop.
    NoMore,
}

/// Takes pages.
pub(crate) type Take<'take> = dyn FnMut(Vec<Observation>) -> Listening + 'take;

/// Puts claims into pages.
pub(crate) struct Outlet<'take> {
    take: &'take mut Take<'take>,
    page: Vec<Observation>,
    repeats: Repeats,
    hashers: [RandomState; 2],
    /// What a key said: the key, and a hash of what was said of it.
    said: HashMap<[u64; 2], u64>,
    once: HashSet<[u64; 2]>,
    pub(crate) listening: Listening,
}

impl<'take> Outlet<'take> {
    pub(crate) fn new(repeats: Repeats, take: &'take mut Take<'take>) -> Self {
        Self {
            take,
            page: Vec::new(),
            repeats,
            hashers: [RandomState::new(), RandomState::new()],
            said: HashMap::new(),
            once: HashSet::new(),
            listening: Listening::Yes,
        }
    }

    /// Takes one claim; a trouble leaves out the rest of it.
    pub(crate) fn claim(&mut self, claim: Claim, tally: &mut Tally) -> Result<(), Trouble> {
        let key = self.hash(&("p", &claim.principal.key.0));
        let said = self.hashers[0].hash_one(principal_says(&claim.principal));
        match (self.said.get(&key), self.repeats) {
            (None, _) => {
                self.said.insert(key, said);
                self.send(Observation::Principal(claim.principal), tally);
            }
            (Some(_), Repeats::Never) => return Err(Trouble::KeyRepeated),
            (Some(before), Repeats::MustAgree) if *before != said => return Err(Trouble::Contradicts),
            (Some(_), Repeats::MustAgree | Repeats::FirstSpeaks) => {}
        }
        for observation in claim.further {
            self.further(observation, tally)?;
        }
        Ok(())
    }

    /// Takes something that belongs to a principal that came before.
    pub(crate) fn further(&mut self, observation: Observation, tally: &mut Tally) -> Result<(), Trouble> {
        let is_new = match &observation {
            Observation::Credential(credential) => {
                let key = self.hash(&("c", &credential.principal.0, &credential.key));
                let said = self.hashers[0].hash_one(credential_says(credential));
                match self.said.insert(key, said) {
                    None => true,
                    Some(before) if before == said || self.repeats == Repeats::FirstSpeaks => false,
                    Some(before) => {
                        self.said.insert(key, before);
                        return Err(Trouble::CredentialRepeated);
                    }
                }
            }
            Observation::Grant(grant) => {
                let key = self.hash(&("g", &grant.principal.0, &grant.resource, &grant.right));
                self.once.insert(key)
            }
            Observation::Use(seen) => {
                let key = self.hash(&("u", &seen.principal.0, &seen.consumer, seen.bucket));
                self.once.insert(key)
            }
            Observation::Principal(_) | Observation::Sighting(_) => true,
        };
        if is_new {
            self.send(observation, tally);
        }
        Ok(())
    }

    fn send(&mut self, observation: Observation, tally: &mut Tally) {
        tally.seen(&observation);
        self.page.push(observation);
        if self.page.len() >= PAGE_MAX {
            self.flush();
        }
    }

    /// Hands over what is left.
    pub(crate) fn flush(&mut self) {
        if self.page.is_empty() || self.listening == Listening::NoMore {
            self.page.clear();
            return;
        }
        self.listening = (self.take)(std::mem::take(&mut self.page));
    }

    fn hash<T: Hash>(&self, thing: &T) -> [u64; 2] {
        self.hashers.each_ref().map(|hasher| hasher.hash_one(thing))
    }
}

/// What is said of a principal, without the line it is said at.
fn principal_says(principal: &ObservedPrincipal) -> String {
    let facts: Vec<_> = principal.facts.iter().filter(|(name, _)| *name != names::DEFINED_IN).collect();
    format!("{:?}", (&principal.name, principal.kind, principal.built_in, facts, &principal.charter_hint))
}

/// The same of a credential.
fn credential_says(credential: &ObservedCredential) -> String {
    let facts: Vec<_> = credential.facts.iter().filter(|(name, _)| *name != names::DEFINED_IN).collect();
    let ObservedCredential { kind, state, fingerprint, valid_until, .. } = credential;
    format!("{:?}", (kind, state, fingerprint, valid_until, facts))
}
