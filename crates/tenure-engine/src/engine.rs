//! The engine: everything a verb needs, and nothing a verb is.
//!
//! It is shared and has no state of its own that a restart would miss: what is in memory only
//! (open connections, who drives which plan) is made anew. Next: `verbs/`, `reconcile.rs`.

use crate::{
    Clock, Deadlines, EngineFailure, Paths,
    progress::Board,
    record::{Draft, EntryMaker},
    signer::{KeyedFingerprint, SharedKeys},
    verbs::{
        list_waiting::FirstThings,
        programme::{Foresights, InForce, Replays},
        report_soon::ReportsKept,
        soon::SoonKept,
    },
};
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard},
};
use tenure_connect::{Connector, Fingerprint, OutsideFailure, Source, SourceConfig};
use tenure_judge::Authoriser;
use tenure_keys::{Disk, Escrow, Keyring, Randomness, Sealed, draw};
use tenure_model::{PersonId, PlanId, Role, Secret, SourceId};
use tenure_store::{
    NewEntry, Store,
    tables::{Mint, sources::SourceRow},
};
use tokio::sync::Notify;

/// Who asks for something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Actor {
    /// The person.
    pub person: PersonId,
    /// What they do.
    pub role: Role,
    /// The request came over the data directory's own socket.
    pub local: bool,
}

/// Everything the verbs work with. Shared; every verb takes `&self`.
pub struct Engine {
    pub(crate) store: Store,
    pub(crate) keys: SharedKeys,
    pub(crate) kek: tenure_keys::Kek,
    pub(crate) escrow: Escrow,
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) paths: Paths,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) deadlines: Deadlines,
    pub(crate) randomness: Arc<Mutex<Box<dyn Randomness>>>,
    pub(crate) connectors: BTreeMap<&'static str, Arc<dyn Connector>>,
    pub(crate) in_force: RwLock<Arc<InForce>>,
    pub(crate) foresights: Foresights,
    pub(crate) replays: Replays,
    pub(crate) authoriser: Arc<Authoriser>,
    pub(crate) board: Board,
    pub(crate) checkpoint_was_missing: bool,
    /// Woken when a plan has work, when an identity was touched.
    pub(crate) plans_woken: Notify,
    pub(crate) judging_woken: Notify,
    /// Woken when a source is to be read before its time.
    pub(crate) surveys_woken: Notify,
    /// Woken when a review began or something of one was decided.
    pub(crate) reviews_woken: Notify,
    /// How mail leaves, where that is configured.
    pub(crate) mail: Option<crate::Mail>,
    /// Chats in which people may be told what waits for them.
    pub(crate) chats: Vec<Arc<crate::Chat>>,
    /// Directories that are read by LDAP.
    pub(crate) ldap: Vec<Arc<crate::LdapDirectory>>,
    /// Streams by which other systems are told what the log holds.
    pub(crate) events: Vec<Arc<crate::EventStream>>,
    /// Systems that post their tickets themselves.
    pub(crate) ticket_hooks: Vec<crate::TicketHook>,
    pub(crate) driving: Mutex<HashSet<PlanId>>,
    pub(crate) surveying: Mutex<HashSet<SourceId>>,
    pub(crate) reports: Arc<ReportsKept>,
    /// What to do first, as it was counted last.
    pub(crate) first_things: Arc<SoonKept<(), FirstThings>>,
    pub(crate) open_sources: Mutex<HashMap<SourceId, Arc<dyn Source>>>,
}

impl Engine {
    /// The store, for reads that are no verb of their own.
    pub const fn store(&self) -> &Store {
        &self.store
    }

    /// Answers who may do what.
    pub fn authoriser(&self) -> &Authoriser {
        &self.authoriser
    }

    /// The programme that judging follows now.
    pub(crate) fn in_force(&self) -> Arc<InForce> {
        Arc::clone(&self.in_force.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The present.
    pub fn now(&self) -> tenure_model::Instant {
        self.clock.now()
    }

    /// Where this deployment keeps its files.
    pub const fn paths(&self) -> &Paths {
        &self.paths
    }

    /// True when the last checkpoint was not beside the database at the start: a database that was rolled
    /// back was not noticed then.
    pub const fn checkpoint_was_missing(&self) -> bool {
        self.checkpoint_was_missing
    }

    /// The connectors that are built in, by system.
    pub fn connectors(&self) -> impl Iterator<Item = &Arc<dyn Connector>> {
        self.connectors.values()
    }

    pub(crate) fn keys(&self) -> RwLockReadGuard<'_, Keyring> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Draws fresh random bytes.
    pub(crate) fn random<const N: usize>(&self) -> Result<[u8; N], EngineFailure> {
        let mut randomness = self.randomness.lock().unwrap_or_else(PoisonError::into_inner);
        draw(randomness.as_mut()).map_err(EngineFailure::keys)
    }

    /// Runs something that draws randomness.
    pub(crate) fn with_randomness<T>(&self, run: impl FnOnce(&mut dyn Randomness) -> T) -> T {
        let mut randomness = self.randomness.lock().unwrap_or_else(PoisonError::into_inner);
        run(randomness.as_mut())
    }

    /// Finishes an evidence entry. It names the programme under which it was decided, once one was applied.
    pub(crate) fn entry(&self, draft: Draft) -> Result<NewEntry, EngineFailure> {
        let programme = self.in_force().version;
        let draft = if programme > 0 { draft.number("programme", programme) } else { draft };
        draft.finish(self.clock.now(), self.random()?, self.random()?)
    }

    /// Finishes entries inside one transaction.
    pub(crate) fn entry_maker(&self) -> Result<EntryMaker, EngineFailure> {
        Ok(EntryMaker::new(self.random()?, self.clock.now(), self.in_force().version))
    }

    /// A source of ids for one transaction.
    pub(crate) fn mint(&self) -> Result<Mint, EngineFailure> {
        Ok(Mint::ordered(self.clock.now(), self.random()?))
    }

    /// The connector of a system.
    pub(crate) fn connector(&self, system: &str) -> Result<&Arc<dyn Connector>, EngineFailure> {
        self.connectors.get(system).ok_or_else(|| EngineFailure::UnknownSystem {
            system: tenure_model::printable(system, 40),
            known: self.connectors.keys().copied().collect::<Vec<_>>().join(", "),
        })
    }

    /// The configuration of a source, with its password unsealed.
    pub(crate) fn config_of(&self, row: &SourceRow) -> Result<SourceConfig, EngineFailure> {
        let secret = match &row.secret {
            None => None,
            Some(sealed) => {
                let sealed = Sealed::from_bytes(sealed.clone());
                let opened = self
                    .keys()
                    .sealer
                    .open_text(&sealed, &binding_of(row.id))
                    .map_err(EngineFailure::keys)?;
                Some(Arc::new(opened))
            }
        };
        Ok(SourceConfig {
            id: row.id,
            name: row.name.clone(),
            points: row.points.clone(),
            secret,
            options: row.options.clone(),
            fingerprint: self.fingerprint(),
        })
    }

    pub(crate) fn fingerprint(&self) -> Arc<dyn Fingerprint> {
        Arc::new(KeyedFingerprint(Arc::clone(&self.keys)))
    }

    /// Seals a source's password, bound to the source it is for.
    pub(crate) fn seal_secret(
        &self,
        source: SourceId,
        secret: &Secret<String>,
    ) -> Result<Vec<u8>, EngineFailure> {
        let sealed = self.with_randomness(|randomness| {
            self.keys().sealer.seal_text(secret, &binding_of(source), randomness)
        });
        Ok(sealed.map_err(EngineFailure::keys)?.into_bytes())
    }

    /// The connection to a source; made once and shared.
    pub(crate) fn open_source(&self, row: &SourceRow) -> Result<Arc<dyn Source>, EngineFailure> {
        let mut open = self.open_sources.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(source) = open.get(&row.id) {
            return Ok(Arc::clone(source));
        }
        let source = self.connector(&row.system)?.source(self.config_of(row)?)?;
        open.insert(row.id, Arc::clone(&source));
        Ok(source)
    }

    pub(crate) fn close_source(&self, id: SourceId) {
        self.open_sources.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
    }

    pub(crate) async fn source_row(&self, name: &str) -> Result<SourceRow, EngineFailure> {
        let wanted = name.to_owned();
        let found = self.store.read("source_named", move |tx| tx.source_named(&wanted)).await?;
        found.ok_or_else(|| {
            let given = tenure_model::printable(name, 60);
            EngineFailure::Store(tenure_store::StoreFailure::Missing { noun: "source", given })
        })
    }
}

/// Binds a sealed password to the source it is for.
pub(crate) fn binding_of(source: SourceId) -> Vec<u8> {
    format!("tenure source {source}").into_bytes()
}

/// Puts the source's name to a failure outside.
pub(crate) fn outside(row: &SourceRow) -> impl FnOnce(OutsideFailure) -> EngineFailure + use<> {
    let source_name = row.name.to_string();
    move |failure| EngineFailure::Outside { source_name, failure }
}
