//! Principals as lists show them: by name, filtered, a bounded look at a time.
//! It must never write. Next: `list_scan.rs`.

use super::{
    inventory::{PrincipalRow, principal},
    list_scan::{LOOK, Scanned, Span, containing, scan},
};
use crate::{Row, StoreFailure, Tx};
use tenure_model::{Presence, PrincipalId, PrincipalKind};

/// Which principals; every condition must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PrincipalQuery {
    /// The name contains this.
    pub contains: Option<String>,
    /// This kind.
    pub kind: Option<PrincipalKind>,
    /// At the source of this name.
    pub source_name: Option<String>,
    /// This presence.
    pub presence: Option<Presence>,
    /// Also built-in ones.
    pub built_in: bool,
}

/// A row of a list with the identity it leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held<T> {
    /// The row.
    pub row: T,
    /// That identity's name.
    pub identity_name: String,
    /// That identity's handle.
    pub identity_handle: String,
}

/// Where a page of principals begins: a name and an id.
pub type PrincipalPlace = (String, PrincipalId);

/// Reads a row whose last two columns, from `at` on, are an identity's name and handle.
pub(super) fn held<T>(
    read: impl Fn(&Row<'_>) -> Result<T, StoreFailure>,
    at: usize,
) -> impl Fn(&Row<'_>) -> Result<Held<T>, StoreFailure> {
    move |row| Ok(Held { row: read(row)?, identity_name: row.text(at)?, identity_handle: row.text(at + 1)? })
}

impl Tx<'_> {
    /// One page of principals by name, after `after`.
    pub fn list_principals(
        &mut self,
        wanted: &PrincipalQuery,
        after: Option<&PrincipalPlace>,
        page_size: i64,
    ) -> Result<Scanned<Held<PrincipalRow>, PrincipalPlace>, StoreFailure> {
        scan(LOOK, self, after.cloned(), page_size, (Tx::principal_after, Tx::last_principal), |tx, span| {
            tx.principals_within(wanted, span)
        })
    }

    fn principal_after(
        &mut self,
        after: Option<&PrincipalPlace>,
        rows: i64,
    ) -> Result<Option<PrincipalPlace>, StoreFailure> {
        let (name, id) = parts(after);
        self.query_one(
            "principals",
            "SELECT name, principal_id FROM principals WHERE (name, principal_id) > ($1, $2) \
             ORDER BY name, principal_id LIMIT 1 OFFSET $3",
            &[name.into(), id.into(), (rows - 1).into()],
            |row| Ok((row.text(0)?, row.parsed(1)?)),
        )
    }

    fn last_principal(&mut self) -> Result<Option<PrincipalPlace>, StoreFailure> {
        self.query_one(
            "principals",
            "SELECT name, principal_id FROM principals ORDER BY name DESC, principal_id DESC LIMIT 1",
            &[],
            |row| Ok((row.text(0)?, row.parsed(1)?)),
        )
    }

    fn principals_within(
        &mut self,
        wanted: &PrincipalQuery,
        span: &Span<'_, PrincipalPlace>,
    ) -> Result<Vec<Held<PrincipalRow>>, StoreFailure> {
        let ((after_name, after_id), (end_name, end_id)) = (parts(span.after), parts(Some(span.end)));
        self.query(
            "principals",
            "SELECT p.principal_id, p.source_id, s.name, s.system, p.native_key, p.name, p.kind, p.built_in, p.facts, \
             p.charter_hint, p.presence, p.identity_id, p.first_seen_us, p.gone_us, \
             COALESCE(s.removed_us, CASE WHEN s.back_us IS NULL THEN s.left_us END), i.name, i.handle \
             FROM principals p JOIN sources s ON s.source_id = p.source_id \
             JOIN identities i ON i.identity_id = p.identity_id WHERE (p.name, p.principal_id) > ($1, $2) \
             AND (p.name, p.principal_id) <= ($3, $4) AND LOWER(p.name) LIKE $5 ESCAPE '\\' \
             AND ($6 = '' OR p.kind = $6) AND ($7 = '' OR s.name = $7) AND ($8 = '' OR p.presence = $8) \
             AND ($9 = 1 OR p.built_in = 0) ORDER BY p.name, p.principal_id LIMIT $10",
            &[
                after_name.into(),
                after_id.into(),
                end_name.into(),
                end_id.into(),
                containing(wanted.contains.as_deref().unwrap_or_default()).into(),
                wanted.kind.map(|kind| kind.to_string()).unwrap_or_default().into(),
                wanted.source_name.clone().unwrap_or_default().into(),
                wanted.presence.map(|presence| presence.to_string()).unwrap_or_default().into(),
                wanted.built_in.into(),
                span.most.into(),
            ],
            held(principal, 15),
        )
    }
}

fn parts(key: Option<&PrincipalPlace>) -> (String, String) {
    key.map(|(name, id)| (name.clone(), id.to_string())).unwrap_or_default()
}
