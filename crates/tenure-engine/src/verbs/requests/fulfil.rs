//! What was asked for is seen: its identity is enrolled with the charter that was decided about, and the request is used up.
//!
//! t0 every step is decided; t1 a complete survey that began after t0 does not see it; t2 it is made; t3 the first complete
//! survey sees it. What is seen at t1 was there before, and fulfils nothing. At t3 everything is asked again in the
//! transaction that ends the survey. It must never enrol by a request what another principal, kind or class was asked for.

use super::{about, decide::RequestDeciding, digest_of, gate};
use crate::{Engine, EngineFailure, record::By, verbs::dossier::dossier_under};
use tenure_evidence::FactValue;
use tenure_model::{IdentityId, Instant, PrincipalId, RequestEvent, RequestId, RequestState, SourceId};
use tenure_store::{NewEntry, StoreFailure, Tx, tables::requests::RequestRow};

/// Requests that may be used at a source, with the entries that say what became of them.
pub(crate) struct Waiting {
    deciding: RequestDeciding,
    requests: Vec<Prepared>,
}

struct Prepared {
    id: RequestId,
    digest: String,
    fulfilled: NewEntry,
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
    pub(crate) async fn requests_waiting(&self, source: SourceId) -> Result<Waiting, EngineFailure> {
        let rows = self.store.read("requests_approved", move |tx| tx.requests_approved(source)).await?;
        let mut requests = Vec::with_capacity(rows.len());
        for row in rows {
            requests.push(Prepared {
                id: row.id,
                digest: digest_of(&row)?,
                fulfilled: self.entry(about(&row, "request.fulfilled", By::Tenure))?,
                lapsed: self.entry(about(&row, "request.lapsed", By::Tenure))?,
            });
        }
        Ok(Waiting { deciding: self.request_deciding(), requests })
    }
}

impl Waiting {
    /// Uses what was approved for what this survey saw, and notes what it did not see.
    pub(crate) fn settle(&self, tx: &mut Tx<'_>, surveyed: Surveyed) -> Result<(), StoreFailure> {
        // Another programme came in force meanwhile: the next survey uses them, by that one.
        if tx.programme_version()? != self.deciding.in_force.version {
            return Ok(());
        }
        for prepared in &self.requests {
            let row = tx.request(prepared.id)?;
            if row.state == RequestState::Approved && row.use_by >= surveyed.ended {
                self.settle_one(tx, (&row, prepared), surveyed)?;
            }
        }
        Ok(())
    }

    fn settle_one(
        &self,
        tx: &mut Tx<'_>,
        (row, prepared): (&RequestRow, &Prepared),
        surveyed: Surveyed,
    ) -> Result<(), StoreFailure> {
        let there = tx.principals_called(row.creation.source, &row.creation.principal)?;
        let why = match there.as_slice() {
            [] => {
                let began_after = row.approved.is_some_and(|approved| approved < surveyed.began);
                return if began_after { tx.set_request_absent(row.id, surveyed.ended) } else { Ok(()) };
            }
            [(principal, identity, first_seen)] => {
                match self.unfit(tx, (row, prepared), (*principal, *identity, *first_seen), surveyed.ended)? {
                    Some(why) => why,
                    None => return fulfil(tx, (row, prepared), (*principal, *identity), surveyed.ended),
                }
            }
            _ => "several principals have its name",
        };
        if tx.end_request(row.id, RequestEvent::Lapse, why, surveyed.ended)? {
            let mut entry = prepared.lapsed.clone();
            entry.entry.facts.insert(String::from("why"), FactValue::Text(why.to_owned()));
            tx.entry(entry)?;
        }
        Ok(())
    }

    /// Why what was seen is not what was asked for, or may not be by now.
    fn unfit(
        &self,
        tx: &mut Tx<'_>,
        (row, prepared): (&RequestRow, &Prepared),
        (principal, identity, first_seen): (PrincipalId, IdentityId, Instant),
        now: Instant,
    ) -> Result<Option<&'static str>, StoreFailure> {
        if row.absent.is_none_or(|absent| first_seen <= absent) {
            return Ok(Some(
                "it was there before Tenure had seen that it was not: it was made outside the process",
            ));
        }
        let seen = tx.principal(principal)?;
        if seen.built_in || seen.kind != row.creation.principal_kind {
            return Ok(Some("what was made is of another kind than what was asked for"));
        }
        if tx.person_since(row.asked_by, row.asked)?.is_none() {
            return Ok(Some("whoever asked for it has left"));
        }
        let charter = &row.creation.charter;
        for owner in [charter.business_owner, charter.technical_owner] {
            if owner.map(|owner| tx.person(owner)).transpose()?.flatten().is_none() {
                return Ok(Some("somebody who was to own it has left"));
            }
        }
        if !self.deciding.is_decided(tx, row, &prepared.digest)? {
            return Ok(Some("somebody who decided it has left, or may not decide it any more"));
        }
        let in_force = &self.deciding.in_force;
        if gate::incomplete(in_force, &row.creation, now).is_some() {
            return Ok(Some(
                "the programme in force asks for more than it says, or approves its store no more",
            ));
        }
        let read = dossier_under(tx, identity, charter.clone())?;
        let class = in_force.judge.class_of(&read.dossier).map(|class| class.id.as_str());
        if class != row.creation.class.as_deref() {
            return Ok(Some("what was made is of another class than what was asked for"));
        }
        Ok(None)
    }
}

fn fulfil(
    tx: &mut Tx<'_>,
    (row, prepared): (&RequestRow, &Prepared),
    (principal, identity): (PrincipalId, IdentityId),
    now: Instant,
) -> Result<(), StoreFailure> {
    tx.fulfil_request(row.id, (principal, identity), now)?;
    tx.set_charter(identity, &row.creation.charter, now)?;
    let mut entry = prepared.fulfilled.clone();
    entry.about.push(identity.to_string());
    entry.entry.facts.insert(String::from("identity"), FactValue::Text(identity.to_string()));
    entry.entry.facts.insert(String::from("digest"), FactValue::Text(prepared.digest.clone()));
    tx.entry(entry)?;
    Ok(())
}
