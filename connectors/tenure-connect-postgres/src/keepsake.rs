//! What an undo needs: the stored verifier and its end, as they were.
//!
//! The keepsake is ours alone: three lines, of which the engine understands none and keeps
//! all sealed. It holds a verifier and is therefore a secret. Never logged, never compared.

use crate::{
    quote::literal,
    role,
    source::{PostgresSource, unread},
};
use tenure_connect::{OutsideFailure, Target};
use tenure_model::Secret;

/// First line of a keepsake.
const VERSION: &str = "tenure-postgres-keepsake-1";
/// Stands for "there was none".
const NONE: &str = "-";

const READABLE: &str =
    "SELECT has_column_privilege(current_user, 'pg_catalog.pg_authid', 'rolpassword', 'SELECT')";

/// Whether our account may read stored verifiers.
pub(crate) async fn readable(
    transaction: &tokio_postgres::Transaction<'_>,
) -> Result<bool, tokio_postgres::Error> {
    transaction.query_one(READABLE, &[]).await?.try_get(0)
}

/// Reads what an undo needs; `None` when stored verifiers are closed to us or the role is gone.
pub(crate) async fn keepsake(
    source: &PostgresSource,
    target: &Target,
) -> Result<Option<Secret<String>>, OutsideFailure> {
    let mut session = source.open(&source.primary).await?;
    let transaction = session.snapshot().await.map_err(|error| unread(&error))?;
    let found = role::of_target(&transaction, target).await?;
    let may = readable(&transaction).await.map_err(|error| unread(&error))?;
    let Some(role) = found.filter(|_| may) else { return Ok(None) };
    let row = transaction
        .query_one("SELECT rolvaliduntil::text, rolpassword FROM pg_authid WHERE oid = $1", &[&role.oid])
        .await
        .map_err(|error| unread(&error))?;
    let until: Option<&str> = row.try_get(0).map_err(|error| unread(&error))?;
    let verifier: Option<&str> = row.try_get(1).map_err(|error| unread(&error))?;
    let kept = format!("{VERSION}\n{}\n{}", until.unwrap_or(NONE), verifier.unwrap_or(NONE));
    Ok(Some(Secret::new(kept)))
}

/// A keepsake, understood.
pub(crate) struct Kept<'kept> {
    until: Option<&'kept str>,
    verifier: Option<&'kept str>,
}

impl<'kept> Kept<'kept> {
    /// Understands a keepsake; one that is not ours is refused without a word of it.
    pub(crate) fn parse(keepsake: &'kept Secret<String>) -> Result<Self, OutsideFailure> {
        let mut lines = keepsake.expose().splitn(3, '\n');
        let (Some(VERSION), Some(until), Some(verifier)) = (lines.next(), lines.next(), lines.next()) else {
            return Err(OutsideFailure::NotOurs { why: "the keepsake is not of this connector".to_owned() });
        };
        let known = verifier == NONE || verifier.starts_with("md5") || verifier.starts_with("SCRAM-SHA-256$");
        if !known {
            return Err(OutsideFailure::NotOurs { why: "the keepsake holds no stored verifier".to_owned() });
        }
        let some = |text: &'kept str| (text != NONE).then_some(text);
        Ok(Self { until: some(until), verifier: some(verifier) })
    }

    /// The clauses of `ALTER ROLE` that bring it back.
    pub(crate) fn clauses(&self) -> String {
        let password = self.verifier.map_or("NULL".to_owned(), literal);
        let until = literal(self.until.unwrap_or("infinity"));
        format!(" PASSWORD {password} VALID UNTIL {until}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clauses(keepsake: &str) -> String {
        let keepsake = Secret::new(keepsake.to_owned());
        match Kept::parse(&keepsake) {
            Ok(kept) => kept.clauses(),
            Err(refused) => refused.to_string(),
        }
    }

    #[test]
    fn a_keepsake_brings_back_verifier_and_end() {
        let kept = "tenure-postgres-keepsake-1\n2027-01-01 00:00:00+00\nSCRAM-SHA-256$4096:a'b$c:d";
        insta::assert_snapshot!(clauses(kept), @" PASSWORD E'SCRAM-SHA-256$4096:a''b$c:d' VALID UNTIL E'2027-01-01 00:00:00+00'");
        insta::assert_snapshot!(clauses("tenure-postgres-keepsake-1\n-\n-"), @" PASSWORD NULL VALID UNTIL E'infinity'");
    }

    #[test]
    fn a_clear_password_is_never_taken_for_a_verifier() {
        insta::assert_snapshot!(clauses("tenure-postgres-keepsake-1\n-\nhunter2"), @"will not be done: the keepsake holds no stored verifier");
        insta::assert_snapshot!(clauses("hunter2"), @"will not be done: the keepsake is not of this connector");
    }
}
