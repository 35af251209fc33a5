//! Exceptions: asked for by one person, decided by another, and over by themselves.

pub(super) mod decide;
pub(super) mod figures;
pub(super) mod list;
pub(super) mod request;
pub(super) mod show;
pub(super) mod withdraw;

use crate::api::prelude::*;
use tenure_engine::{ExceptionRow, IdentityRow};

/// An exception with its identity. Of one that does not exist nothing is told to whoever may not see any.
pub(crate) async fn found(
    shared: &Shared,
    asked: &Asked,
    given: &str,
) -> Result<(ExceptionRow, IdentityRow), Problem> {
    match shared.engine.exception_row(given).await {
        Ok(row) => {
            let identity = crate::api::identities::find(shared, &row.identity.to_string()).await?;
            Ok((row, identity))
        }
        Err(failure) => {
            asked.authorise(Whose::Nobodys)?;
            Err(failure.into())
        }
    }
}
