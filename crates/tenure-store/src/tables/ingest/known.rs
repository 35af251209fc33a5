//! What the tables hold of a run of observations, looked up with one statement instead of one for each.
//!
//! A run is looked up between its lowest and its highest key. A connector that reads its system in the order of the
//! keys is answered in one look; where too much lies in between, the look is cut, and what it did not find is looked
//! up by itself. It must never answer for a row that was written since: each is answered once. Next: `mod.rs`.

use super::{IngestContext, Place, facts_text, same_facts};
use crate::{StoreFailure, Tx, value::named};
use std::{
    borrow::Borrow,
    collections::{HashMap, HashSet},
    hash::Hash,
};
use tenure_model::{
    CredentialId, Extent, IdentityId, Instant, ObservedCredential, ObservedPrincipal, Presence, PrincipalId,
    PrincipalKey,
};

/// Rows of one look, by their keys.
pub(super) struct Known<K, R> {
    rows: HashMap<K, R>,
    /// There was more in between than one look takes.
    cut: bool,
    answered: HashSet<K>,
}

/// What is known of a row.
pub(super) enum Found<R> {
    Row(R),
    /// It is not in the table.
    Nothing,
    /// It has to be looked up by itself.
    Unknown,
}

impl<K: Eq + Hash, R> Known<K, R> {
    pub(super) fn of(rows: Vec<(K, R)>, most: i64) -> Self {
        let cut = i64::try_from(rows.len()).unwrap_or(i64::MAX) >= most;
        Self { rows: rows.into_iter().collect(), cut, answered: HashSet::new() }
    }

    /// What is known of a row that is written next; nothing is known of it afterwards.
    pub(super) fn take<Q>(&mut self, key: &Q) -> Found<R>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ToOwned<Owned = K> + ?Sized,
    {
        if !self.answered.insert(key.to_owned()) {
            return Found::Unknown;
        }
        match self.rows.remove(key) {
            Some(row) => Found::Row(row),
            None if self.cut => Found::Unknown,
            None => Found::Nothing,
        }
    }
}

/// Rows that one look takes at most: twice those wanted, and some.
pub(super) fn most_of(wanted: usize) -> i64 {
    i64::try_from(wanted.saturating_mul(2)).unwrap_or(i64::MAX).saturating_add(64)
}

/// A principal that is in the table.
pub(super) struct KnownPrincipal {
    pub(super) id: PrincipalId,
    pub(super) identity: IdentityId,
    /// It is as it was seen.
    pub(super) same: bool,
    pub(super) presence: Presence,
    pub(super) name: String,
    pub(super) place: Place,
}

/// A credential that is in the table.
pub(super) struct KnownCredential {
    pub(super) id: CredentialId,
    /// It is as it was seen.
    pub(super) same: bool,
    pub(super) same_value: bool,
    /// What recognises the value it had.
    pub(super) fingerprint: Option<String>,
    pub(super) value_changed: Option<Instant>,
    pub(super) place: Place,
}

/// A principal and its identity.
pub(super) type Owner = (PrincipalId, IdentityId);

/// Owners that were looked up; nothing for one that is not in the table.
pub(super) type Owners = HashMap<PrincipalKey, Option<Owner>>;

/// Credentials of one look, by their principal and their own key.
pub(super) type KnownCredentials = Known<(PrincipalId, String), KnownCredential>;

impl Tx<'_> {
    /// Principals of a run, compared with what was seen.
    pub(super) fn known_principals(
        &mut self,
        context: &IngestContext,
        extent: &Extent,
        run: &[&ObservedPrincipal],
    ) -> Result<Known<String, KnownPrincipal>, StoreFailure> {
        let wanted: HashMap<&str, &ObservedPrincipal> =
            run.iter().map(|seen| (seen.key.0.as_str(), *seen)).collect();
        let (Some(from), Some(to)) = (wanted.keys().min(), wanted.keys().max()) else {
            return Ok(Known::of(Vec::new(), 1));
        };
        let most = most_of(wanted.len());
        let rows = self.query(
            "principals",
            "SELECT native_key, principal_id, identity_id, name, kind, built_in, facts, charter_hint, presence, extent \
             FROM principals WHERE source_id = $1 AND native_key >= $2 AND native_key <= $3 ORDER BY native_key LIMIT $4",
            &[named(context.source), (*from).into(), (*to).into(), most.into()],
            |row| {
                // A row that nobody asked for counts towards the cut, and is answered to nobody.
                let seen = wanted.get(row.text_ref(0)?);
                let same = match seen {
                    Some(seen) => {
                        row.text_ref(3)? == seen.name
                            && row.text_ref(4)? == seen.kind.as_str()
                            && row.flag(5)? == seen.built_in
                            && same_facts(row, 6, &facts_text(&seen.facts)?, &seen.facts)?
                            && row.opt_text(7)? == seen.charter_hint
                            && row.text_ref(9)? == extent.0
                    }
                    None => false,
                };
                let known = KnownPrincipal {
                    id: row.parsed(1)?,
                    identity: row.parsed(2)?,
                    same,
                    presence: row.parsed(8)?,
                    name: row.text(3)?,
                    place: Place::of(row.text_ref(9)?, extent),
                };
                Ok((row.text(0)?, known))
            },
        )?;
        Ok(Known::of(rows, most))
    }

    /// Looks up the owners of a run that are not known yet.
    pub(super) fn look_up_owners<'seen>(
        &mut self,
        context: &IngestContext,
        run: impl Iterator<Item = &'seen PrincipalKey>,
        owners: &mut Owners,
    ) -> Result<(), StoreFailure> {
        let lacking: HashSet<&PrincipalKey> = run.filter(|key| !owners.contains_key(*key)).collect();
        let keys = || lacking.iter().map(|key| key.0.as_str());
        let (Some(from), Some(to)) = (keys().min(), keys().max()) else { return Ok(()) };
        let most = most_of(lacking.len());
        let rows = self.query(
            "principals",
            "SELECT native_key, principal_id, identity_id FROM principals \
             WHERE source_id = $1 AND native_key >= $2 AND native_key <= $3 ORDER BY native_key LIMIT $4",
            &[named(context.source), from.into(), to.into(), most.into()],
            |row| Ok((PrincipalKey(row.text(0)?), (row.parsed(1)?, row.parsed(2)?))),
        )?;
        let mut known = Known::of(rows, most);
        for key in lacking {
            let owner = match known.take(key) {
                Found::Row(owner) => Some(owner),
                Found::Nothing => None,
                Found::Unknown => self.owner_alone(context, key)?,
            };
            owners.insert(key.clone(), owner);
        }
        Ok(())
    }

    fn owner_alone(
        &mut self,
        context: &IngestContext,
        principal: &PrincipalKey,
    ) -> Result<Option<Owner>, StoreFailure> {
        self.query_one(
            "principals",
            "SELECT principal_id, identity_id FROM principals WHERE source_id = $1 AND native_key = $2",
            &[named(context.source), principal.0.as_str().into()],
            |row| Ok((row.parsed(0)?, row.parsed(1)?)),
        )
    }

    /// Credentials of a run, whose owners were looked up, compared with what was seen.
    pub(super) fn known_credentials(
        &mut self,
        extent: &Extent,
        run: &[(PrincipalId, &ObservedCredential)],
    ) -> Result<KnownCredentials, StoreFailure> {
        let wanted: HashMap<(PrincipalId, &str), &ObservedCredential> =
            run.iter().map(|(principal, seen)| ((*principal, seen.key.as_str()), *seen)).collect();
        let (Some(from), Some(to)) = (wanted.keys().min(), wanted.keys().max()) else {
            return Ok(Known::of(Vec::new(), 1));
        };
        let most = most_of(wanted.len());
        // Keys of one principal are narrowed further; of several, everything between the first and the last is read.
        let (from_key, to_key) = if from.0 == to.0 { (from.1, Some(to.1)) } else { ("", None) };
        let rows = self.query(
            "credentials",
            "SELECT principal_id, native_key, credential_id, kind, state, fingerprint, valid_until_us, facts, extent, \
             value_changed_us FROM credentials WHERE principal_id >= $1 AND principal_id <= $2 \
             AND native_key >= $3 AND ($4 = 1 OR native_key <= $5) ORDER BY principal_id, native_key LIMIT $6",
            &[
                named(from.0),
                named(to.0),
                from_key.into(),
                to_key.is_none().into(),
                to_key.unwrap_or_default().into(),
                most.into(),
            ],
            |row| {
                let key: (PrincipalId, String) = (row.parsed(0)?, row.text(1)?);
                let fingerprint = row.opt_text(5)?;
                let (mut same, mut same_value) = (false, false);
                if let Some(seen) = wanted.get(&(key.0, key.1.as_str())) {
                    same_value = fingerprint == seen.fingerprint;
                    same = same_value
                        && row.text_ref(3)? == seen.kind.as_str()
                        && row.text_ref(4)? == seen.state.as_str()
                        && row.opt_instant(6)? == seen.valid_until
                        && same_facts(row, 7, &facts_text(&seen.facts)?, &seen.facts)?
                        && row.text_ref(8)? == extent.0;
                }
                let place = Place::of(row.text_ref(8)?, extent);
                let value_changed = row.opt_instant(9)?;
                let known =
                    KnownCredential { id: row.parsed(2)?, same, same_value, fingerprint, value_changed, place };
                Ok((key, known))
            },
        )?;
        Ok(Known::of(rows, most))
    }
}
