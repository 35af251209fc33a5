//! A dossier as it would have been gathered at an instant that is past.
//!
//! It is the dossier of today with everything put back of which is kept how it was. What is not kept is of today, and
//! [`OF_TODAY`] says what that is: whoever shows what comes of it shows that, too. It must never write.
//! Next: `programme/replay.rs`, which judges it; `tenure-store/src/tables/as_of.rs`, what is kept.

use super::{
    confirm::{Rights, confirmed, power_said, right_said},
    dossier::dossier_under,
    exceptions,
};
use std::collections::BTreeMap;
use tenure_judge::{
    ClaimedDead, CredentialDossier, Dossier, OpenSince, PrincipalDossier, RightDossier, Said, UseDossier,
    Word,
};
use tenure_model::{Charter, CredentialId, IdentityId, Instant, Presence, PrincipalId};
use tenure_store::{
    StoreFailure, Tx,
    tables::as_of::{CredentialInFull, PrincipalThen},
};

/// What is of today in a dossier of a day that is past, or left out, in words.
pub(crate) const OF_TODAY: [&str; 5] = [
    "which credentials have an equal value, where copies of them lie, and what was written beside a principal: of today, and nothing of a value that is another one now",
    "which names and values were ended before: of today",
    "what a charter waits for outside of its identity: not known",
    "what tickets claim: left out",
    "whether somebody who confirmed, dismissed or granted has left since: they had not",
];

/// Consumers of one principal, and rights that are held against a charter, at most.
const USES_READ: i64 = 200;
const RIGHTS_READ: i64 = 2_000;

/// Everything that was known about one identity at an instant; nothing where Tenure did not know it yet. `today` keeps what is
/// of today between one day and the next.
pub(super) fn dossier_then(
    tx: &mut Tx<'_>,
    (id, at): (IdentityId, Instant),
    today: &mut Option<Dossier>,
) -> Result<Option<Dossier>, StoreFailure> {
    let Some(identity) = tx.identity_then(id, at)? else { return Ok(None) };
    let of_today = match today.take().filter(|one| one.charter == identity.charter) {
        Some(kept) => kept,
        None => dossier_under(tx, id, identity.charter.clone())?.dossier,
    };
    let mut dossier = of_today.clone();
    *today = Some(of_today);
    let mut then: BTreeMap<PrincipalId, PrincipalThen> =
        tx.principals_then(id, at)?.into_iter().map(|one| (one.id, one)).collect();
    let mut credentials: BTreeMap<CredentialId, CredentialInFull> =
        tx.credentials_in_full_then(id, at)?.into_iter().map(|one| (one.then.id, one)).collect();
    let mut principals = Vec::new();
    for one in std::mem::take(&mut dossier.principals) {
        let Some(was) = then.remove(&one.id) else { continue };
        principals.push(principal(tx, one, (was, &mut credentials), (&identity.charter, at))?);
    }
    let validity = &mut dossier.validity;
    validity.enrolled_since = validity.enrolled_since.filter(|since| *since <= at);
    validity.review_missed = validity.review_missed.filter(|missed| *missed <= at);
    for awaited in &mut validity.awaited {
        (awaited.came, awaited.says) = (None, String::from("how that was then is not kept"));
    }
    validity.confirmed = match tx.confirmed_last_then(id, at)? {
        Some(last) => Some(confirmed(&last, &rights(tx, &principals, at)?)),
        None => None,
    };
    Ok(Some(Dossier {
        name: identity.name,
        enrolled: identity.enrolled,
        said: said(tx, id, at)?,
        principals,
        ..dossier
    }))
}

/// Since when its findings of then were open.
pub(super) fn open_since_then(
    tx: &mut Tx<'_>,
    id: IdentityId,
    at: Instant,
) -> Result<OpenSince, StoreFailure> {
    let open = tx.findings_then(id, at)?;
    Ok(open.into_iter().map(|one| ((one.policy, one.subject), one.opened)).collect())
}

fn principal(
    tx: &mut Tx<'_>,
    of_today: PrincipalDossier,
    (was, credentials): (PrincipalThen, &mut BTreeMap<CredentialId, CredentialInFull>),
    (charter, at): (&Charter, Instant),
) -> Result<PrincipalDossier, StoreFailure> {
    let held = of_today.credentials.into_iter();
    let held = held.filter_map(|one| credentials.remove(&one.id).map(|was| credential(one, was)));
    let uses = tx.uses_then(was.id, at, USES_READ)?.into_iter().map(|seen| UseDossier {
        consumer: seen.consumer,
        last_seen: seen.last_seen,
        count: seen.count,
    });
    let claimed_dead = tx.claimed_dead_then(was.id, at)?.map(|(level, required, sentence)| ClaimedDead {
        level,
        required,
        sentence,
    });
    let rights = if charter.allowed_scope.is_empty() {
        Vec::new()
    } else {
        let held = tx.rights_then(was.id, at, RIGHTS_READ)?.into_iter();
        held.map(|(one, since)| RightDossier { right: one.right, resource: one.resource, since: Some(since) })
            .collect()
    };
    let (grants, owned) = tx.count_grants_then(was.id, at)?;
    let mut gains = of_today.gains;
    gains.retain(|one| one.seen <= at);
    Ok(PrincipalDossier {
        credentials: held.collect(),
        uses: uses.collect(),
        claimed_dead,
        rights,
        grants,
        owned,
        gains,
        made_outside: of_today.made_outside.filter(|one| one.seen <= at),
        unread_since: of_today.unread_since.filter(|since| *since <= at),
        name: was.name,
        kind: was.kind,
        presence: was.presence,
        facts: was.facts,
        ..of_today
    })
}

fn credential(of_today: CredentialDossier, was: CredentialInFull) -> CredentialDossier {
    let one = CredentialDossier {
        kind: was.then.kind,
        state: was.then.state,
        facts: was.facts,
        valid_until: was.then.valid_until,
        first_seen: was.first_seen,
        value_changed_at: was.value_changed,
        ..of_today
    };
    if !was.is_another_value {
        return one;
    }
    CredentialDossier {
        same_value: Vec::new(),
        value_ended: Vec::new(),
        opens_elsewhere: Vec::new(),
        other_environments: Vec::new(),
        ..one
    }
}

/// Everything it could do, as a confirmation keeps it.
fn rights(tx: &mut Tx<'_>, principals: &[PrincipalDossier], at: Instant) -> Result<Rights, StoreFailure> {
    let mut rights = Rights::default();
    for one in principals.iter().filter(|one| one.presence == Presence::Present) {
        let place = format!("{}/{}", one.source, one.name);
        rights.named.extend(power_said(&one.facts, &place));
        rights.count += one.grants + one.owned;
        if !rights.are_too_many() {
            let held = tx.rights_then(one.id, at, Rights::KEPT_MAX)?;
            rights.named.extend(held.iter().map(|(it, _)| right_said(&it.right, &it.resource, &place)));
        }
    }
    if rights.are_too_many() {
        rights.named.clear();
    }
    Ok(rights)
}

/// What people had said of its conditions, and stood.
fn said(tx: &mut Tx<'_>, id: IdentityId, at: Instant) -> Result<Vec<Said>, StoreFailure> {
    let dismissed = tx.dismissals_then(id, at)?.into_iter().map(|one| Said {
        policy: one.policy,
        subject: one.subject,
        ends_at: one.ends,
        word: Word::Dismissal(one.id),
        rested_on: one.rested_on,
        instead: Vec::new(),
        void: None,
    });
    let mut said: Vec<Said> = dismissed.collect();
    said.extend(tx.exceptions_then(id, at)?.iter().map(exceptions::said));
    Ok(said)
}
