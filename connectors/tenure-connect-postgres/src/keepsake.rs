//! What an undo needs: the stored verifier and its end, as they were.
//!
//! The keepsake is ours alone: three lines, of which the engine understands none and keeps
//! all sealed. It holds a verifier and is therefore a secret: never logged, compared in
//! constant time only.

use crate::{
    quote::literal,
    role, scram,
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
    let Some(role) = role::of_target(&transaction, target).await? else { return Ok(None) };
    let kept = current(&transaction, role.oid).await.map_err(|error| unread(&error))?;
    drop(transaction);
    session.close().await;
    Ok(kept)
}

/// No end and an infinite end mean the same.
const STORED: &str = "
SELECT nullif(rolvaliduntil::text, 'infinity'), rolpassword FROM pg_authid WHERE oid = $1";

/// What would be kept of a role now.
pub(crate) async fn current(
    transaction: &tokio_postgres::Transaction<'_>,
    oid: u32,
) -> Result<Option<Secret<String>>, tokio_postgres::Error> {
    if !readable(transaction).await? {
        return Ok(None);
    }
    let Some(row) = transaction.query_opt(STORED, &[&oid]).await? else { return Ok(None) };
    let (until, verifier): (Option<&str>, Option<&str>) = (row.try_get(0)?, row.try_get(1)?);
    if !verifier.is_none_or(is_verifier) {
        return Ok(None);
    }
    let kept = format!("{VERSION}\n{}\n{}", until.unwrap_or(NONE), verifier.unwrap_or(NONE));
    Ok(Some(Secret::new(kept)))
}

/// A text that PostgreSQL takes for a stored verifier and not for a clear password.
fn is_verifier(text: &str) -> bool {
    text.starts_with("SCRAM-SHA-256$") || (text.starts_with("md5") && text.len() == 35)
}

/// Whether two keepsakes are the same, in constant time.
pub(crate) fn same(one: &Secret<String>, other: &Secret<String>) -> bool {
    aws_lc_rs::constant_time::verify_slices_are_equal(one.expose().as_bytes(), other.expose().as_bytes())
        .is_ok()
}

/// Whether a role's stored verifier is one of `value`; `None` when it is closed to us.
pub(crate) async fn belongs(
    transaction: &tokio_postgres::Transaction<'_>,
    oid: u32,
    value: &Secret<String>,
) -> Result<Option<bool>, tokio_postgres::Error> {
    if !readable(transaction).await? {
        return Ok(None);
    }
    let row = transaction.query_opt("SELECT rolpassword FROM pg_authid WHERE oid = $1", &[&oid]).await?;
    let stored = row.map(|row| row.try_get::<_, Option<String>>(0)).transpose()?.flatten().map(Secret::new);
    let belongs = stored.and_then(|stored| scram::belongs(stored.expose(), value.expose()));
    Ok(Some(belongs == Some(true)))
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
        if verifier != NONE && !is_verifier(verifier) {
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
