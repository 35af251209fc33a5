//! A dossier: everything that is known about one identity, gathered in one transaction for the judge.
//!
//! It says what was seen and what could not be; it must never judge, nor hold a value or a fingerprint.
//! Whatever it reads must touch the identity where it is written. Next: `judge.rs`.

use super::{
    confirm::{ConfirmedBy, validity},
    dismiss::SaidBy,
    retire::awaited,
};
use tenure_judge::{
    ClaimedDead, CredentialDossier, Dossier, Gain, MadeOutside, OpenSince, PrincipalDossier, PrincipalSeen,
    RightDossier, Said, UseDossier, Validity, Word,
};
use tenure_model::{
    Charter, Environment, IdentityId, Presence, PrincipalId, PrincipalKind, ProofLevel, Standing, printable,
};
use tenure_store::{
    StoreFailure, Tx,
    tables::{
        few::Few,
        identities::IdentityRow,
        inventory::{CredentialRow, GrantRow, PrincipalRow, Related},
    },
};

/// Consumers in a dossier, at most.
const USES_READ: i64 = 200;
/// Rights of one principal that are held against the charter, at most.
const RIGHTS_READ: i64 = 2_000;
/// Rights that an identity gained, at most.
const GAINS_READ: i64 = 200;

/// What was read of one identity.
pub(crate) struct Read {
    pub(super) dossier: Dossier,
    pub(super) open_since: OpenSince,
    pub(super) said_by: SaidBy,
    pub(super) confirmed_by: Option<ConfirmedBy>,
    /// Its standing, as it was judged last.
    pub(super) before: Standing,
}

/// Everything known about one identity, and since when its findings are open.
pub(crate) fn dossier(tx: &mut Tx<'_>, id: IdentityId) -> Result<Read, StoreFailure> {
    let identity = tx.identity(id)?;
    dossier_of(tx, identity, &Few::each_of(&[id]))
}

/// The same of several, in their order.
pub(crate) fn dossiers(tx: &mut Tx<'_>, ids: &[IdentityId]) -> Result<Vec<Read>, StoreFailure> {
    let few = tx.few_among(ids)?;
    let read = |id: &IdentityId| {
        let identity = tx.identity(*id)?;
        dossier_of(tx, identity, &few)
    };
    ids.iter().map(read).collect()
}

/// As `dossier`, as if this were its charter.
pub(crate) fn dossier_under(tx: &mut Tx<'_>, id: IdentityId, charter: Charter) -> Result<Read, StoreFailure> {
    let identity = tx.identity(id)?;
    dossier_of(tx, IdentityRow { charter, enrolled: true, ..identity }, &Few::each_of(&[id]))
}

fn dossier_of(tx: &mut Tx<'_>, identity: IdentityRow, few: &Few) -> Result<Read, StoreFailure> {
    let id = identity.id;
    let open_since = tx
        .open_since(id)?
        .into_iter()
        .map(|finding| ((finding.policy, finding.subject), finding.opened))
        .collect();
    let before = identity.standing;
    let (said, said_by) = said(tx, id, few)?;
    let mut principals = Vec::new();
    for row in tx.principals_of(id)? {
        principals.push(principal(tx, row, &identity.charter)?);
    }
    if few.made_outside.contains(&id) {
        made_outside(tx, id, &mut principals)?;
    }
    if few.gained.contains(&id) {
        gained(tx, id, &mut principals)?;
    }
    if few.ticketed.contains(&id) {
        heed_tickets(tx, id, &mut principals)?;
    }
    let (enrolled_since, new_since_baseline) = tx.enrolled_and_new(id)?;
    let (mut validity, confirmed_by) = if few.confirmed.contains(&id) {
        validity(tx, id, enrolled_since)?
    } else {
        (Validity { enrolled_since, ..Validity::default() }, None)
    };
    validity.awaited = awaited(tx, &identity)?;
    if few.review_missed.contains(&id) {
        validity.review_missed = tx.review_missed(id)?;
    }
    let dossier = Dossier {
        validity,
        identity: id,
        name: identity.name,
        enrolled: identity.enrolled,
        built_in: identity.built_in,
        new_since_baseline,
        charter: identity.charter,
        said,
        principals,
    };
    Ok(Read { dossier, open_since, said_by, confirmed_by, before })
}

/// Which of them were made although they had to be asked for, and nobody did since.
fn made_outside(
    tx: &mut Tx<'_>,
    id: IdentityId,
    principals: &mut [PrincipalDossier],
) -> Result<(), StoreFailure> {
    for row in tx.made_outside_of(id)?.into_iter().filter(|row| row.request.is_none()) {
        let made = MadeOutside { absent: row.absent, seen: row.seen, class: row.class };
        if let Some(one) = principals.iter_mut().find(|one| one.id == row.principal) {
            one.made_outside = Some(made);
        }
    }
    Ok(())
}

/// Which rights they gained while their source was watched, or by a request.
fn gained(tx: &mut Tx<'_>, id: IdentityId, principals: &mut [PrincipalDossier]) -> Result<(), StoreFailure> {
    for row in tx.gains_of(id, GAINS_READ)? {
        let Some(one) = principals.iter_mut().find(|one| one.id == row.principal) else { continue };
        one.gains.push(Gain {
            right: row.right.right,
            resource: row.right.resource,
            grantable: row.right.grantable,
            absent: row.absent,
            seen: row.seen,
            class: row.class,
            asked_until: row.until,
        });
    }
    Ok(())
}

/// A ticket that says that it ended is a claim (P0) against what was seen since, where no plan of ours claims more.
fn heed_tickets(
    tx: &mut Tx<'_>,
    id: IdentityId,
    principals: &mut [PrincipalDossier],
) -> Result<(), StoreFailure> {
    let closed = tx.tickets_of(id)?.into_iter().find(|ticket| ticket.read_since.is_some());
    let Some((ticket, at)) = closed.and_then(|ticket| ticket.closed.map(|at| (ticket, at))) else {
        return Ok(());
    };
    for row in tx.principals_of(id)? {
        let seen = principal_seen(tx, &row)?;
        let alive = row.presence == Presence::Present && seen.is_read && !seen.is_made_after(at);
        let one = principals.iter_mut().find(|one| one.id == row.id).filter(|one| one.claimed_dead.is_none());
        if let (true, Some(one)) = (alive, one) {
            let (system, key) = (printable(&ticket.system, 40), printable(&ticket.key, 80));
            one.claimed_dead = Some(ClaimedDead {
                level: ProofLevel::P0,
                required: ProofLevel::P2,
                sentence: format!("ticket {key} of {system} says that it ended {at:#}; it was seen since"),
            });
        }
    }
    Ok(())
}

/// A principal as a ticket is held against it.
pub(super) fn principal_seen(tx: &mut Tx<'_>, row: &PrincipalRow) -> Result<PrincipalSeen, StoreFailure> {
    Ok(PrincipalSeen {
        presence: row.presence,
        is_read: row.unread_since.is_none(),
        first_seen: row.first_seen,
        baseline: tx.baseline(row.source)?,
    })
}

/// What people said of its conditions, and who.
fn said(tx: &mut Tx<'_>, id: IdentityId, few: &Few) -> Result<(Vec<Said>, SaidBy), StoreFailure> {
    let (mut said, mut said_by) = (Vec::new(), SaidBy::new());
    let dismissed = if few.dismissed.contains(&id) { tx.dismissals_of(id)? } else { Vec::new() };
    for one in dismissed {
        said_by.insert(Word::Dismissal(one.id), vec![tx.person_since(one.dismissed_by, one.dismissed)?]);
        said.push(Said {
            policy: one.policy,
            subject: one.subject,
            ends_at: one.ends,
            word: Word::Dismissal(one.id),
            rested_on: one.rested_on,
            instead: Vec::new(),
            void: None,
        });
    }
    let excepted = if few.excepted.contains(&id) { tx.exceptions_standing(id)? } else { Vec::new() };
    for one in excepted {
        let by = match (one.decided_by, one.decided) {
            (Some(by), Some(decided)) => tx.person_since(by, decided)?,
            _ => None,
        };
        let mut by = vec![by];
        if let (Some(delegation), Some(decided)) = (one.delegation, one.decided) {
            let from = tx.delegation(delegation)?.from;
            by.push(tx.person_since(from, decided)?);
        }
        said_by.insert(Word::Exception(one.id), by);
        said.push(super::exceptions::said(&one));
    }
    Ok((said, said_by))
}

fn principal(
    tx: &mut Tx<'_>,
    row: PrincipalRow,
    charter: &Charter,
) -> Result<PrincipalDossier, StoreFailure> {
    let mut credentials = Vec::new();
    for held in tx.credentials_of(row.id)? {
        credentials.push(credential(tx, held, row.kind, charter.environment)?);
    }
    let uses = tx.uses_of(row.id, USES_READ)?.into_iter().map(|seen| UseDossier {
        consumer: seen.consumer,
        last_seen: seen.last_seen,
        count: seen.count,
    });
    let claimed_dead =
        tx.claimed_dead(row.id)?.map(|(level, required, sentence)| ClaimedDead { level, required, sentence });
    let (grants, owned) = tx.count_grants(row.id)?;
    Ok(PrincipalDossier {
        id: row.id,
        uses: uses.collect(),
        use_coverage: None,
        // Uses are what a survey found at its moment: one between two surveys can be missed.
        use_watched_since: None,
        claimed_dead,
        name_ended: names_ended(tx, row.id)?,
        made_outside: None,
        gains: Vec::new(),
        rights: rights(tx, row.id, charter)?,
        name: row.name,
        source: row.source_name,
        system: row.system,
        kind: row.kind,
        presence: row.presence,
        unread_since: row.unread_since,
        facts: row.facts,
        charter_hint: row.charter_hint,
        credentials,
        grants,
        owned,
    })
}

fn credential(
    tx: &mut Tx<'_>,
    row: CredentialRow,
    of: PrincipalKind,
    environment: Option<Environment>,
) -> Result<CredentialDossier, StoreFailure> {
    let (mut same_value, mut value_ended, mut opens_elsewhere, mut other_environments) = Default::default();
    if let Some(fingerprint) = &row.fingerprint {
        same_value = tx.same_value_as(row.id, fingerprint)?;
        value_ended = tx.ended_with_value(row.id, fingerprint)?.iter().map(ended_shown).collect();
        if of == PrincipalKind::Key {
            opens_elsewhere = tx.same_key_of_keys(row.id, fingerprint)?;
        }
        other_environments = match environment {
            Some(here) if !same_value.is_empty() => {
                elsewhere(tx.charters_with_value(row.id, fingerprint)?, here)
            }
            Some(_) | None => Vec::new(),
        };
    }
    Ok(CredentialDossier {
        id: row.id,
        kind: row.kind,
        state: row.state,
        facts: row.facts,
        valid_until: row.valid_until,
        first_seen: row.first_seen,
        value_changed_at: row.value_changed,
        same_value,
        value_ended,
        opens_elsewhere,
        other_environments,
    })
}

/// Those that are chartered for another environment, in words: `` pg-test/app (test) ``.
fn elsewhere(held: Vec<(String, Charter)>, here: Environment) -> Vec<String> {
    held.into_iter()
        .filter_map(|(name, charter)| charter.environment.map(|environment| (name, environment)))
        .filter(|(_, environment)| *environment != here)
        .map(|(name, environment)| format!("{name} ({environment})"))
        .collect()
}

/// What it may do, where the charter says what it should be allowed.
fn rights(tx: &mut Tx<'_>, id: PrincipalId, charter: &Charter) -> Result<Vec<RightDossier>, StoreFailure> {
    if charter.allowed_scope.is_empty() {
        return Ok(Vec::new());
    }
    let held = tx.grants_of(id, RIGHTS_READ)?;
    let right =
        |one: GrantRow| RightDossier { right: one.right, resource: one.resource, since: one.first_seen };
    Ok(held.into_iter().map(right).collect())
}

/// Those of the same name that were ended, in words.
fn names_ended(tx: &mut Tx<'_>, principal: PrincipalId) -> Result<Vec<String>, StoreFailure> {
    let ended = tx.namesakes(principal, [Presence::Retired, Presence::Unproven])?;
    Ok(ended.iter().map(ended_shown).collect())
}

/// One that was ended, in words: `` `main/app` (7k2m4xq), retired ``.
fn ended_shown(ended: &Related) -> String {
    format!("`{}` ({}), {}", printable(&ended.name, 60), ended.handle, ended.presence)
}
