//! What was asked for is seen: its identity is enrolled with the charter that was decided about, and the request is used up.
//!
//! t0 every step is decided; t1 a complete survey that began after t0 does not see it; t2 it is made; t3 the first complete
//! survey sees it. What is seen at t1 was there before, and fulfils nothing. At t3 everything is asked again in the
//! transaction that ends the survey. It must never enrol by a request what another principal, kind or class was asked for.
//! Next: `outside.rs`, what no request is used for.

use super::{about, decide::RequestDeciding, digest_of, gate, outside::Watching, privilege};
use crate::{Engine, EngineFailure, record::By, verbs::dossier::dossier_under};
use std::collections::BTreeSet;
use tenure_evidence::FactValue;
use tenure_model::{
    Creation, Extent, IdentityId, Instant, PrincipalId, RequestEvent, RequestId, RequestState, Wanted,
};
use tenure_store::{
    NewEntry, StoreFailure, Tx,
    tables::{inventory::PrincipalRow, requests::RequestRow, sources::SourceRow},
};

/// Requests that may be used at a source, with the entries that say what became of them.
pub(crate) struct Waiting {
    deciding: RequestDeciding,
    requests: Vec<Prepared>,
    watching: Watching,
}

/// A request with the entries that say what became of it.
pub(super) struct Prepared {
    id: RequestId,
    pub(super) digest: String,
    pub(super) fulfilled: NewEntry,
    /// Some of the rights that were asked for were seen.
    pub(super) matched: NewEntry,
    lapsed: NewEntry,
}

/// When a survey that was complete began and ended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Surveyed {
    pub(crate) began: Instant,
    pub(crate) ended: Instant,
}

impl Engine {
    /// The requests that the end of a survey of this source may use.
    pub(crate) async fn requests_waiting(&self, source: &SourceRow) -> Result<Waiting, EngineFailure> {
        let id = source.id;
        let rows = self.store.read("requests_approved", move |tx| tx.requests_approved(id)).await?;
        let requests = rows.iter().map(|row| self.prepared(row)).collect::<Result<_, _>>()?;
        Ok(Waiting { deciding: self.request_deciding(), requests, watching: self.watching(source)? })
    }

    /// The entries that say what becomes of a request.
    pub(super) fn prepared(&self, row: &RequestRow) -> Result<Prepared, EngineFailure> {
        Ok(Prepared {
            id: row.id,
            digest: digest_of(row)?,
            fulfilled: self.entry(about(row, "request.fulfilled", By::Tenure))?,
            matched: self.entry(about(row, "request.matched", By::Tenure))?,
            lapsed: self.entry(about(row, "request.lapsed", By::Tenure))?,
        })
    }
}

impl Waiting {
    /// Uses what was approved for what this survey saw, and notes what it did not see, and what nobody had asked for.
    pub(crate) fn settle(
        &self,
        tx: &mut Tx<'_>,
        surveyed: Surveyed,
        ephemeral: &BTreeSet<Extent>,
    ) -> Result<(), StoreFailure> {
        // Another programme came in force meanwhile: the next survey uses them, by that one.
        if tx.programme_version()? != self.deciding.in_force.version {
            return Ok(());
        }
        tx.end_gains(self.watching.source, surveyed.ended)?;
        for prepared in &self.requests {
            let row = tx.request(prepared.id)?;
            if row.state == RequestState::Approved && row.use_by >= surveyed.ended {
                match &row.wanted {
                    Wanted::Creation(creation) => {
                        self.settle_one(tx, (&row, creation, prepared), surveyed)?;
                    }
                    // It is offered with its last decision; nothing of it is seen.
                    Wanted::Ownership(_) => {}
                    Wanted::Privilege(asked) => {
                        privilege::settle(tx, &self.deciding, (&row, prepared, asked), surveyed)?;
                    }
                }
            }
        }
        self.watching.settle(tx, &self.deciding.in_force, (surveyed, ephemeral))
    }

    fn settle_one(
        &self,
        tx: &mut Tx<'_>,
        (row, creation, prepared): (&RequestRow, &Creation, &Prepared),
        surveyed: Surveyed,
    ) -> Result<(), StoreFailure> {
        let there = tx.principals_called(creation.source, &creation.principal)?;
        let why = match there.as_slice() {
            [] => {
                let began_after = row.approved.is_some_and(|approved| approved < surveyed.began);
                return if began_after { tx.set_request_absent(row.id, surveyed.ended) } else { Ok(()) };
            }
            [(principal, identity, first_seen)] => {
                match self.unfit(tx, (row, creation, prepared), (*principal, *first_seen), surveyed.ended)? {
                    Some(why) => why,
                    None => {
                        let of = (*principal, *identity);
                        return fulfil(tx, (row, creation, prepared), of, surveyed.ended);
                    }
                }
            }
            _ => "several principals have its name",
        };
        lapse(tx, (row, prepared), why, surveyed.ended)
    }

    /// Why what was seen is not what was asked for, or may not be by now.
    fn unfit(
        &self,
        tx: &mut Tx<'_>,
        (row, creation, prepared): (&RequestRow, &Creation, &Prepared),
        (principal, first_seen): (PrincipalId, Instant),
        now: Instant,
    ) -> Result<Option<&'static str>, StoreFailure> {
        if row.absent.is_none_or(|absent| first_seen <= absent) {
            return Ok(Some(
                "it was there before Tenure had seen that it was not: it was made outside the process",
            ));
        }
        let seen = tx.principal(principal)?;
        no_more(tx, &self.deciding, (row, creation, prepared), (&seen, now))
    }
}

/// Why what is there is not what was asked for, or why what was decided does not hold any more.
pub(super) fn no_more(
    tx: &mut Tx<'_>,
    deciding: &RequestDeciding,
    (row, creation, prepared): (&RequestRow, &Creation, &Prepared),
    (seen, now): (&PrincipalRow, Instant),
) -> Result<Option<&'static str>, StoreFailure> {
    if seen.built_in || seen.kind != creation.principal_kind {
        return Ok(Some("what was made is of another kind than what was asked for"));
    }
    if tx.person_since(row.asked_by, row.asked)?.is_none() {
        return Ok(Some("whoever asked for it has left"));
    }
    let charter = &creation.charter;
    for owner in [charter.business_owner, charter.technical_owner] {
        if owner.map(|owner| tx.person(owner)).transpose()?.flatten().is_none() {
            return Ok(Some("somebody who was to own it has left"));
        }
    }
    if !deciding.is_decided(tx, row, &prepared.digest)? {
        return Ok(Some("somebody who decided it has left, or may not decide it any more"));
    }
    let in_force = &deciding.in_force;
    if gate::incomplete(in_force, creation, now).is_some() {
        return Ok(Some("the programme in force asks for more than it says, or approves its store no more"));
    }
    let read = dossier_under(tx, seen.identity, charter.clone())?;
    let class = in_force.judge.class_of(&read.dossier).map(|class| class.id.as_str());
    if class != creation.class.as_deref() {
        return Ok(Some("what was made is of another class than what was asked for"));
    }
    Ok(None)
}

/// Writes down that a request is over without having been used, unless it was over already.
pub(super) fn lapse(
    tx: &mut Tx<'_>,
    (row, prepared): (&RequestRow, &Prepared),
    why: &str,
    now: Instant,
) -> Result<(), StoreFailure> {
    if tx.end_request(row.id, RequestEvent::Lapse, why, now)? {
        let mut entry = prepared.lapsed.clone();
        entry.entry.facts.insert(String::from("why"), FactValue::Text(why.to_owned()));
        tx.entry(entry)?;
    }
    Ok(())
}

/// Enrols what was asked for with the charter that was decided about, and uses the request up.
pub(super) fn fulfil(
    tx: &mut Tx<'_>,
    (row, creation, prepared): (&RequestRow, &Creation, &Prepared),
    (principal, identity): (PrincipalId, IdentityId),
    now: Instant,
) -> Result<(), StoreFailure> {
    tx.fulfil_request(row.id, (principal, identity), now)?;
    tx.set_charter(identity, &creation.charter, now)?;
    let mut entry = prepared.fulfilled.clone();
    entry.about.push(identity.to_string());
    entry.entry.facts.insert(String::from("identity"), FactValue::Text(identity.to_string()));
    entry.entry.facts.insert(String::from("digest"), FactValue::Text(prepared.digest.clone()));
    tx.entry(entry)?;
    Ok(())
}
