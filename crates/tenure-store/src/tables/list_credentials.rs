//! Credentials as lists show them: oldest first, filtered, a bounded look at a time.
//! It must never write. Next: `list_scan.rs`.

use super::{
    inventory::{CredentialRow, credential},
    list_principals::{Held, held},
    list_scan::{LOOK, Scanned, Span, containing, scan},
};
use crate::{StoreFailure, Tx};
use tenure_model::{CredentialId, CredentialKind, CredentialState};

/// Which credentials; every condition must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CredentialQuery {
    /// Its key, its holder's name or a fact about it, such as its place, contains this.
    pub contains: Option<String>,
    /// This kind.
    pub kind: Option<CredentialKind>,
    /// This state.
    pub state: Option<CredentialState>,
    /// At the source of this name.
    pub source_name: Option<String>,
}

impl Tx<'_> {
    /// One page of credentials, oldest first, after `after`.
    pub fn list_credentials(
        &mut self,
        wanted: &CredentialQuery,
        after: Option<&CredentialId>,
        page_size: i64,
    ) -> Result<Scanned<Held<CredentialRow>, CredentialId>, StoreFailure> {
        scan(
            LOOK,
            self,
            after.copied(),
            page_size,
            (Tx::credential_after, Tx::last_credential),
            |tx, span| tx.credentials_within(wanted, span),
        )
    }

    fn credential_after(
        &mut self,
        after: Option<&CredentialId>,
        rows: i64,
    ) -> Result<Option<CredentialId>, StoreFailure> {
        self.query_one(
            "credentials",
            "SELECT credential_id FROM credentials WHERE credential_id > $1 ORDER BY credential_id LIMIT 1 OFFSET $2",
            &[text(after).into(), (rows - 1).into()],
            |row| row.parsed(0),
        )
    }

    fn last_credential(&mut self) -> Result<Option<CredentialId>, StoreFailure> {
        self.query_one(
            "credentials",
            "SELECT credential_id FROM credentials ORDER BY credential_id DESC LIMIT 1",
            &[],
            |row| row.parsed(0),
        )
    }

    fn credentials_within(
        &mut self,
        wanted: &CredentialQuery,
        span: &Span<'_, CredentialId>,
    ) -> Result<Vec<Held<CredentialRow>>, StoreFailure> {
        self.query(
            "credentials",
            "SELECT c.credential_id, c.principal_id, s.name || '/' || p.name, c.native_key, c.kind, c.state, c.fingerprint, \
             c.valid_until_us, c.facts, c.first_seen_us, c.value_changed_us, i.name, i.handle FROM credentials c \
             JOIN principals p ON p.principal_id = c.principal_id JOIN sources s ON s.source_id = c.source_id \
             JOIN identities i ON i.identity_id = p.identity_id WHERE c.credential_id > $1 \
             AND c.credential_id <= $2 AND (LOWER(p.name) LIKE $3 ESCAPE '\\' \
             OR LOWER(c.native_key) LIKE $3 ESCAPE '\\' OR LOWER(c.facts) LIKE $3 ESCAPE '\\') \
             AND ($4 = '' OR c.kind = $4) AND ($5 = '' OR c.state = $5) AND ($6 = '' OR s.name = $6) \
             ORDER BY c.credential_id LIMIT $7",
            &[
                text(span.after).into(),
                text(Some(span.end)).into(),
                containing(wanted.contains.as_deref().unwrap_or_default()).into(),
                wanted.kind.map(|kind| kind.to_string()).unwrap_or_default().into(),
                wanted.state.map(|state| state.to_string()).unwrap_or_default().into(),
                wanted.source_name.clone().unwrap_or_default().into(),
                span.most.into(),
            ],
            held(credential, 11),
        )
    }
}

fn text(id: Option<&CredentialId>) -> String {
    id.map(ToString::to_string).unwrap_or_default()
}
