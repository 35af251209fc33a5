//! Rotating and retiring keys, with overlap: the new key is current at once, the old one still
//! opens, verifies or signs beside it until it is retired.

use crate::{
    Actor, Engine, EngineFailure,
    record::{By, Draft},
};
use serde::{Deserialize, Serialize};
use std::sync::PoisonError;
use tenure_keys::{KeyAge, KeyId, Sealed};
use tenure_model::{DecisionRight, Instant, noun};

noun! {
    /// A ring of keys.
    pub enum RingName as "ring" {
        /// Signs the evidence log.
        Log = "log",
        /// Seals secrets at rest.
        Sealing = "sealing",
        /// Takes fingerprints.
        Fingerprint = "fingerprint",
    }
}

/// A key of a ring, without the key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyShown {
    /// Which ring.
    pub ring: RingName,
    /// Its id.
    pub key_id: String,
    /// When it was made.
    pub made_at: Instant,
    /// True for the one that is used for new things.
    pub current: bool,
}

impl Engine {
    /// Every key, ring by ring, newest first.
    pub fn list_keys(&self) -> Vec<KeyShown> {
        let keys = self.keys();
        let rings = [
            (RingName::Log, keys.log.ages()),
            (RingName::Sealing, keys.sealer.ages()),
            (RingName::Fingerprint, keys.fingerprints.ages()),
        ];
        rings.into_iter().flat_map(|(ring, ages)| shown(ring, &ages)).collect()
    }

    /// Makes a new current key. Source passwords are sealed anew under a new sealing key.
    pub async fn rotate_key(&self, actor: Actor, ring: RingName) -> Result<KeyShown, EngineFailure> {
        let now = self.clock.now();
        let by = By::Person(actor, Some(DecisionRight::Configure));
        let entry_of = |key_id: &str| self.entry(Draft::new("key.rotated", by, ring).text("key_id", key_id));
        // Said before as well: a crash in between leaves a key that the log can explain.
        let begun = self.entry(Draft::new("key.rotation_begun", by, ring))?;
        self.store.write("rotation_begun", move |tx| tx.entry(begun.clone())).await?;
        let key_id = self
            .with_randomness(|randomness| {
                let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
                match ring {
                    RingName::Log => keys.log.rotate(now, &self.kek, randomness).map(|key| key.key_id),
                    RingName::Sealing => keys.sealer.rotate(now, &self.kek, randomness),
                    RingName::Fingerprint => keys.fingerprints.rotate(now, &self.kek, randomness),
                }
            })
            .map_err(EngineFailure::keys)?;
        let entry = entry_of(&key_id.to_string())?;
        let resealed = if ring == RingName::Sealing { self.reseal_sources().await? } else { Vec::new() };
        self.store
            .write("rotate_key", move |tx| {
                for (source, sealed) in &resealed {
                    tx.set_source_secret(*source, sealed.clone())?;
                }
                tx.entry(entry.clone())
            })
            .await?;
        Ok(KeyShown { ring, key_id: key_id.to_string(), made_at: now, current: true })
    }

    async fn reseal_sources(&self) -> Result<Vec<(tenure_model::SourceId, Vec<u8>)>, EngineFailure> {
        let sources = self.store.read("sources", |tx| tx.sources()).await?;
        let mut resealed = Vec::new();
        for source in sources {
            let Some(secret) = source.secret else { continue };
            let binding = crate::engine::binding_of(source.id);
            let anew = self
                .with_randomness(|randomness| {
                    self.keys().sealer.reseal(&Sealed::from_bytes(secret), &binding, randomness)
                })
                .map_err(EngineFailure::keys)?;
            if let Some(anew) = anew {
                resealed.push((source.id, anew.into_bytes()));
            }
        }
        Ok(resealed)
    }

    /// Drops an older key. What only it can open or verify is lost to this deployment, so values
    /// still under escrow keep a sealing key from being retired.
    pub async fn retire_key(&self, actor: Actor, ring: RingName, given: &str) -> Result<(), EngineFailure> {
        let key_id: KeyId = given
            .parse()
            .map_err(|error: tenure_keys::NotAKeyId| EngineFailure::Refused { why: error.to_string() })?;
        if ring == RingName::Sealing && !self.store.read("held", |tx| tx.held()).await?.is_empty() {
            let why = String::from(
                "values are under escrow for running plans; retire the key when they have settled",
            );
            return Err(EngineFailure::Refused { why });
        }
        let entry = self.entry(
            Draft::new("key.retired", By::Person(actor, Some(DecisionRight::Configure)), ring)
                .text("key_id", key_id),
        )?;
        // Said first: a key that is gone without an entry could not be explained, the other way round it can.
        self.store.write("retire_key", move |tx| tx.entry(entry.clone())).await?;
        self.with_randomness(|randomness| {
            let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
            match ring {
                RingName::Log => keys.log.retire(key_id, &self.kek, randomness),
                RingName::Sealing => keys.sealer.retire(key_id, &self.kek, randomness),
                RingName::Fingerprint => keys.fingerprints.retire(key_id, &self.kek, randomness),
            }
        })
        .map_err(EngineFailure::keys)
    }
}

fn shown(ring: RingName, ages: &[KeyAge]) -> Vec<KeyShown> {
    ages.iter()
        .map(|age| KeyShown {
            ring,
            key_id: age.key_id.to_string(),
            made_at: age.made_at,
            current: age.is_current,
        })
        .collect()
}
