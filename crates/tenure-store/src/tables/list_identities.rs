//! Identities as lists show them: by name, filtered, a bounded look at a time.
//!
//! It must never write. Next: `list_scan.rs`, how a page stays quick; `identities.rs`, the rows themselves.

use super::{
    identities::{IdentityRow, identity},
    list_scan::{LOOK, Scanned, Span, containing, scan},
};
use crate::{StoreFailure, Tx, value::named};
use tenure_model::{IdentityId, PersonId, PrincipalKind, RiskTier, Standing};

/// Whose identities.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnedBy {
    /// Nobody's.
    Nobody,
    /// Of this person, in business or technically.
    Person(PersonId),
}

/// Which identities; every condition must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IdentityQuery {
    /// The name contains this.
    pub contains: Option<String>,
    /// This standing.
    pub standing: Option<Standing>,
    /// A principal of this kind.
    pub kind: Option<PrincipalKind>,
    /// A principal at the source of this name.
    pub source_name: Option<String>,
    /// Whose.
    pub owner: Option<OwnedBy>,
    /// Of this class of the programme.
    pub class: Option<String>,
    /// Of this risk tier.
    pub tier: Option<RiskTier>,
    /// An open finding that counts: nobody dismissed or excepted it.
    pub with_findings: bool,
    /// Also built-in ones.
    pub built_in: bool,
}

/// Where a page of identities begins: a name and an id.
pub type IdentityKey = (String, IdentityId);

impl Tx<'_> {
    /// One page of identities by name, after `after`.
    pub fn list_identities(
        &mut self,
        wanted: &IdentityQuery,
        after: Option<&IdentityKey>,
        page_size: i64,
    ) -> Result<Scanned<IdentityRow, IdentityKey>, StoreFailure> {
        scan(LOOK, self, after.cloned(), page_size, (Tx::identity_after, Tx::last_identity), |tx, span| {
            tx.identities_within(wanted, span)
        })
    }

    fn identity_after(
        &mut self,
        after: Option<&IdentityKey>,
        rows: i64,
    ) -> Result<Option<IdentityKey>, StoreFailure> {
        let (name, id) = parts(after);
        self.query_one(
            "identities",
            "SELECT name, identity_id FROM identities WHERE (name, identity_id) > ($1, $2) \
             ORDER BY name, identity_id LIMIT 1 OFFSET $3",
            &[name.into(), id.into(), (rows - 1).into()],
            |row| Ok((row.text(0)?, row.parsed(1)?)),
        )
    }

    fn last_identity(&mut self) -> Result<Option<IdentityKey>, StoreFailure> {
        self.query_one(
            "identities",
            "SELECT name, identity_id FROM identities ORDER BY name DESC, identity_id DESC LIMIT 1",
            &[],
            |row| Ok((row.text(0)?, row.parsed(1)?)),
        )
    }

    fn identities_within(
        &mut self,
        wanted: &IdentityQuery,
        span: &Span<'_, IdentityKey>,
    ) -> Result<Vec<IdentityRow>, StoreFailure> {
        let ((after_name, after_id), (end_name, end_id)) = (parts(span.after), parts(Some(span.end)));
        let (nobodys, owner) = match wanted.owner {
            None => (false, String::new()),
            Some(OwnedBy::Nobody) => (true, String::new()),
            Some(OwnedBy::Person(person)) => (false, format!("%\\_owner\":\"{person}\"%")),
        };
        self.query(
            "identities",
            "SELECT i.identity_id, i.name, i.handle, i.charter, i.enrolled, i.built_in, i.standing, i.due_us, i.judged_us, i.class, i.risk_tier \
             FROM identities i WHERE (i.name, i.identity_id) > ($1, $2) \
             AND (i.name, i.identity_id) <= ($3, $4) AND LOWER(i.name) LIKE $5 ESCAPE '\\' \
             AND ($6 = '' OR i.standing = $6) AND ($7 = 1 OR i.built_in = 0) \
             AND ($8 = 0 OR EXISTS (SELECT 1 FROM findings f WHERE f.identity_id = i.identity_id AND f.closed_us IS NULL AND f.excepted_us IS NULL \
             AND NOT EXISTS (SELECT 1 FROM dismissals d WHERE d.identity_id = f.identity_id AND d.policy = f.policy \
             AND d.subject = f.subject AND d.withdrawn_us IS NULL))) \
             AND ($9 = '' OR EXISTS (SELECT 1 FROM principals p JOIN sources s ON s.source_id = p.source_id \
             WHERE p.identity_id = i.identity_id AND s.name = $9)) \
             AND ($10 = '' OR EXISTS (SELECT 1 FROM principals p WHERE p.identity_id = i.identity_id AND p.kind = $10)) \
             AND ($11 = 0 OR (i.built_in = 0 AND i.charter NOT LIKE '%\\_owner\":\"%' ESCAPE '\\')) \
             AND ($12 = '' OR i.charter LIKE $12 ESCAPE '\\') AND ($14 = '' OR i.class = $14) AND ($15 = '' OR i.risk_tier = $15) \
             ORDER BY i.name, i.identity_id LIMIT $13",
            &[
                after_name.into(),
                after_id.into(),
                end_name.into(),
                end_id.into(),
                containing(wanted.contains.as_deref().unwrap_or_default()).into(),
                wanted.standing.map(|standing| standing.to_string()).unwrap_or_default().into(),
                wanted.built_in.into(),
                wanted.with_findings.into(),
                wanted.source_name.clone().unwrap_or_default().into(),
                wanted.kind.map(|kind| kind.to_string()).unwrap_or_default().into(),
                nobodys.into(),
                owner.into(),
                span.most.into(),
                wanted.class.clone().unwrap_or_default().into(),
                wanted.tier.map(|tier| tier.to_string()).unwrap_or_default().into(),
            ],
            identity,
        )
    }

    /// Identities that bear exactly this handle, at most ten: seldom more than one.
    pub fn identities_of_handle(&mut self, handle: &str) -> Result<Vec<IdentityRow>, StoreFailure> {
        self.query(
            "identities",
            "SELECT identity_id, name, handle, charter, enrolled, built_in, standing, due_us, judged_us, class, risk_tier FROM identities \
             WHERE handle = $1 ORDER BY identity_id LIMIT 10",
            &[handle.into()],
            identity,
        )
    }

    /// Names of the present sources an identity's principals are at, at most five.
    pub fn source_names_of(&mut self, identity: IdentityId) -> Result<Vec<String>, StoreFailure> {
        self.query(
            "principals",
            "SELECT DISTINCT s.name FROM principals p JOIN sources s ON s.source_id = p.source_id \
             WHERE p.identity_id = $1 ORDER BY s.name LIMIT 5",
            &[named(identity)],
            |row| row.text(0),
        )
    }
}

fn parts(key: Option<&IdentityKey>) -> (String, String) {
    key.map(|(name, id)| (name.clone(), id.to_string())).unwrap_or_default()
}
