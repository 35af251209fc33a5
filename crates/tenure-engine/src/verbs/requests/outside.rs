//! What was made although it had to be asked for: what a complete survey is the first to see, and no request was used for.
//!
//! t0 the programme in force asks for requests; t1 a complete survey that began after t0 ends: what it saw was there, and is
//! never found; t2 something is made; t3 the next complete survey sees it, and no request was used for it. That is written down
//! once, in the transaction that ends the survey, with the class it is of at t3: what is claimed, called otherwise or of another
//! class later stays found. Where what is read is other than it was (`tenure source set`, another build), and where what has to
//! be asked for is, t1 comes anew. It must never count what comes and goes by nature, what a file merely says, nor what
//! is back under the key it had. Next: `late.rs`, a request for what is there; `gained.rs`, the same of rights.

use super::fulfil::Surveyed;
use crate::{
    Engine, EngineFailure,
    record::{By, Draft, EntryMaker, digest_hex},
    verbs::{dossier::dossier, programme::InForce},
};
use std::collections::BTreeSet;
use tenure_model::{Extent, Fact, Facts, SourceId, names};
use tenure_store::{
    StoreFailure, Tx,
    tables::{
        made_outside::{Appeared, MadeOutsideRow, RequestWatch},
        sources::SourceRow,
    },
};

/// New principals read at once.
const BATCH: i64 = 500;

/// What the end of a survey needs, to know what was made outside at its source.
pub(super) struct Watching {
    pub(super) source: SourceId,
    /// What is read there, and how.
    basis: String,
    pub(super) entries: EntryMaker,
}

impl Engine {
    /// Ready for the end of a survey of this source.
    pub(super) fn watching(&self, row: &SourceRow) -> Result<Watching, EngineFailure> {
        let read = serde_json::json!({
            "points": row.points, "options": row.options, "build": env!("CARGO_PKG_VERSION"),
        });
        let basis = digest_hex(&tenure_evidence::canonical_json(&read).map_err(EngineFailure::evidence)?);
        Ok(Watching { source: row.id, basis, entries: self.entry_maker()? })
    }
}

impl Watching {
    /// Writes down what a complete survey was the first to see and nobody had asked for, and that it was complete.
    pub(super) fn settle(
        &self,
        tx: &mut Tx<'_>,
        in_force: &InForce,
        (surveyed, ephemeral): (Surveyed, &BTreeSet<Extent>),
    ) -> Result<(), StoreFailure> {
        if !in_force.programme.asks_for_requests() {
            return Ok(());
        }
        let watch = RequestWatch { basis: self.basis.clone(), absent: surveyed.ended };
        let Some(before) = tx.request_watch(self.source)?.filter(|before| before.basis == self.basis) else {
            // What was there when the rule came into force is seen by what began after that.
            let applied = tx.programme_applied()?;
            if applied.is_some_and(|applied| applied < surveyed.began) {
                tx.set_request_watch(self.source, &watch)?;
            }
            return Ok(());
        };
        let mut entries = self.entries.clone();
        let mut after = None;
        loop {
            let page = tx.appeared_since(self.source, before.absent, after, BATCH)?;
            let Some(last) = page.last().map(|one| one.id) else { break };
            for one in page.iter().filter(|one| !passes(&one.facts, &one.extent, ephemeral)) {
                self.note(tx, in_force, one, (&before, surveyed), &mut entries)?;
            }
            after = Some(last);
        }
        self.settle_gained(tx, in_force, (&before, surveyed, ephemeral))?;
        tx.set_request_watch(self.source, &watch)
    }

    fn note(
        &self,
        tx: &mut Tx<'_>,
        in_force: &InForce,
        one: &Appeared,
        (before, surveyed): (&RequestWatch, Surveyed),
        entries: &mut EntryMaker,
    ) -> Result<(), StoreFailure> {
        let read = dossier(tx, one.identity)?;
        let Some(class) = in_force.judge.class_of(&read.dossier).filter(|class| class.made_by_request) else {
            return Ok(());
        };
        let row = MadeOutsideRow {
            principal: one.id,
            identity: one.identity,
            class: class.id.clone(),
            absent: before.absent,
            seen: surveyed.ended,
            request: None,
        };
        tx.add_made_outside(&row)?;
        let draft = Draft::new("identity.made_outside", By::Tenure, one.identity).about(self.source);
        let draft = draft.text("class", &row.class).text("absent", row.absent).text("seen", row.seen);
        entries.write(tx, draft.text("principal", one.id))
    }
}

/// Nothing that is made: it comes and goes by nature, or a file says that it is there.
pub(super) fn passes(facts: &Facts, extent: &str, ephemeral: &BTreeSet<Extent>) -> bool {
    let is_claim = facts.get(names::CLAIMED).is_some_and(|fact| *fact != Fact::Flag(false));
    is_claim || ephemeral.iter().any(|one| one.0 == extent)
}
