//! A request for what is there already: it was made outside, and is asked for after the fact.
//!
//! The same is asked of it, and the same people decide. With the last decision it is used at once, in that transaction, for
//! the principal it named: nothing has to be seen, because it was. It must never excuse what was not made outside, and what
//! was asked for late stays late. Next: `fulfil.rs`.

use super::{
    decide::RequestDeciding,
    fulfil::{Prepared, fulfil, lapse, no_more},
};
use tenure_model::{IdentityId, Instant, Presence, PrincipalId, PrincipalKind, SourceId};
use tenure_store::{StoreFailure, Tx, tables::requests::RequestRow};

/// What is there under a name although it had to be asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct There {
    pub(super) principal: PrincipalId,
    pub(super) identity: IdentityId,
    pub(super) kind: PrincipalKind,
}

/// What of this name was made outside and nobody asked for since; or why nothing of that name can be asked for.
pub(super) fn found(
    tx: &mut Tx<'_>,
    source: SourceId,
    principal: &str,
) -> Result<Result<Option<There>, &'static str>, StoreFailure> {
    let there = tx.principals_called(source, principal)?;
    let (id, identity) = match there.as_slice() {
        [] => return Ok(Ok(None)),
        [(id, identity, _)] => (*id, *identity),
        _ => return Ok(Err("is the name of several that are there; which of them is meant nobody can say")),
    };
    let open = tx.made_outside(id)?.filter(|row| row.request.is_none());
    if open.is_none() {
        return Ok(Err("is there already: what is there is claimed (tenure own), not asked for"));
    }
    let kind = tx.principal(id)?.kind;
    Ok(Ok(Some(There { principal: id, identity, kind })))
}

/// Uses a request that was asked for late, now that all decided; or lapses it where something does not hold any more.
pub(super) fn settle(
    tx: &mut Tx<'_>,
    deciding: &RequestDeciding,
    (row, prepared, principal): (&RequestRow, &Prepared, PrincipalId),
    now: Instant,
) -> Result<(), StoreFailure> {
    if tx.programme_version()? != deciding.in_force.version {
        let why = String::from("another programme came into force meanwhile; look at it again");
        return Err(StoreFailure::Conflict { why });
    }
    let seen = tx.principal(principal)?;
    let Some(creation) = row.wanted.creation() else { return Ok(()) };
    let why = if seen.presence != Presence::Present || seen.unread_since.is_some() {
        Some("it is not there any more, as far as is known")
    } else if seen.name != creation.principal {
        Some("it bears another name by now than what was decided about")
    } else {
        no_more(tx, deciding, (row, creation, prepared), (&seen, now))?
    };
    match why {
        Some(why) => lapse(tx, (row, prepared), why, now),
        None => {
            tx.set_asked_late(principal, row.id, now)?;
            fulfil(tx, (row, creation, prepared), (principal, seen.identity), now)
        }
    }
}
