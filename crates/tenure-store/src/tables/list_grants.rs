//! Rights as lists show them: in the order of their key, filtered, a bounded look at a time.
//! It must never write. Next: `list_scan.rs`; `inventory.rs` for the rights of one principal.

use super::{
    inventory::GrantRow,
    list_principals::{Held, held},
    list_scan::{LOOK_AT_RIGHTS, Scanned, Span, containing, scan},
};
use crate::{StoreFailure, Tx};
use serde::Serialize;
use tenure_model::PrincipalId;

/// Which rights; every condition must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GrantQuery {
    /// The resource or the holder's name contains this.
    pub contains: Option<String>,
    /// This right, as the system calls it.
    pub right: Option<String>,
    /// At the source of this name.
    pub source_name: Option<String>,
    /// Only rights that may be passed on.
    pub grantable: bool,
}

/// A right and who holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HeldGrant {
    /// The holder.
    pub principal: PrincipalId,
    /// The holder's name, with its source.
    pub holder: String,
    /// The right.
    #[serde(flatten)]
    pub grant: GrantRow,
    /// Its path as it is kept, part of its key.
    #[serde(skip)]
    pub path_key: String,
}

/// Where a page of rights begins: holder, resource, right and path.
pub type GrantPlace = [String; 4];

impl HeldGrant {
    /// Where the next page begins when this is the last one.
    pub fn place(&self) -> GrantPlace {
        [
            self.principal.to_string(),
            self.grant.resource.clone(),
            self.grant.right.clone(),
            self.path_key.clone(),
        ]
    }
}

impl Tx<'_> {
    /// One page of rights after `after`.
    pub fn list_grants(
        &mut self,
        wanted: &GrantQuery,
        after: Option<&GrantPlace>,
        page_size: i64,
    ) -> Result<Scanned<Held<HeldGrant>, GrantPlace>, StoreFailure> {
        scan(
            LOOK_AT_RIGHTS,
            self,
            after.cloned(),
            page_size,
            (Tx::grant_after, Tx::last_grant),
            |tx, span| tx.grants_within(wanted, span),
        )
    }

    fn grant_after(
        &mut self,
        after: Option<&GrantPlace>,
        rows: i64,
    ) -> Result<Option<GrantPlace>, StoreFailure> {
        let [principal, resource, right, path] = after.cloned().unwrap_or_default();
        self.query_one(
            "grants",
            "SELECT principal_id, resource, right_name, path FROM grants \
             WHERE (principal_id, resource, right_name, path) > ($1, $2, $3, $4) \
             ORDER BY principal_id, resource, right_name, path LIMIT 1 OFFSET $5",
            &[principal.into(), resource.into(), right.into(), path.into(), (rows - 1).into()],
            |row| Ok([row.text(0)?, row.text(1)?, row.text(2)?, row.text(3)?]),
        )
    }

    fn last_grant(&mut self) -> Result<Option<GrantPlace>, StoreFailure> {
        self.query_one(
            "grants",
            "SELECT principal_id, resource, right_name, path FROM grants \
             ORDER BY principal_id DESC, resource DESC, right_name DESC, path DESC LIMIT 1",
            &[],
            |row| Ok([row.text(0)?, row.text(1)?, row.text(2)?, row.text(3)?]),
        )
    }

    fn grants_within(
        &mut self,
        wanted: &GrantQuery,
        span: &Span<'_, GrantPlace>,
    ) -> Result<Vec<Held<HeldGrant>>, StoreFailure> {
        let [principal, resource, right, path] = span.after.cloned().unwrap_or_default();
        let [end_principal, end_resource, end_right, end_path] = span.end.clone();
        self.query(
            "grants",
            "SELECT g.principal_id, s.name || '/' || p.name, g.resource, g.right_name, g.path, g.grantable, i.name, i.handle \
             FROM grants g JOIN principals p ON p.principal_id = g.principal_id \
             JOIN sources s ON s.source_id = g.source_id JOIN identities i ON i.identity_id = p.identity_id \
             WHERE (g.principal_id, g.resource, g.right_name, g.path) > ($1, $2, $3, $4) \
             AND (g.principal_id, g.resource, g.right_name, g.path) <= ($5, $6, $7, $8) \
             AND (LOWER(g.resource) LIKE $9 ESCAPE '\\' OR LOWER(p.name) LIKE $9 ESCAPE '\\') \
             AND ($10 = '' OR LOWER(g.right_name) = $10) AND ($11 = '' OR s.name = $11) AND ($12 = 0 OR g.grantable = 1) \
             ORDER BY g.principal_id, g.resource, g.right_name, g.path LIMIT $13",
            &[
                principal.into(),
                resource.into(),
                right.into(),
                path.into(),
                end_principal.into(),
                end_resource.into(),
                end_right.into(),
                end_path.into(),
                containing(wanted.contains.as_deref().unwrap_or_default()).into(),
                wanted.right.as_deref().unwrap_or_default().to_ascii_lowercase().into(),
                wanted.source_name.clone().unwrap_or_default().into(),
                wanted.grantable.into(),
                span.most.into(),
            ],
            held(
                |row| {
                    let grant = GrantRow {
                        resource: row.text(2)?,
                        right: row.text(3)?,
                        path: row.json(4)?,
                        grantable: row.flag(5)?,
                        first_seen: None,
                    };
                    let (principal, holder, path_key) = (row.parsed(0)?, row.text(1)?, row.text(4)?);
                    Ok(HeldGrant { principal, holder, grant, path_key })
                },
                6,
            ),
        )
    }
}
