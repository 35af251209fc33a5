//! Findings as work: what to do first, and what a person says is no finding.

pub(super) mod beside;
pub(super) mod dismiss;
pub(super) mod queue;
pub(super) mod show;
pub(super) mod withdraw;

use crate::api::prelude::*;
use tenure_engine::{Actor, FindingRow};

/// An open finding, for whoever may see what is wrong; findings are listed for the same people.
async fn viewed(shared: &Shared, asked: &Asked, given: &str) -> Result<FindingRow, Problem> {
    asked.authorise(Whose::Nobodys)?;
    Ok(shared.engine.open_finding(given).await?)
}

/// An open finding, asked by whoever may plan for its identity. Of one that does not exist nothing is told to
/// others.
pub(in crate::api) async fn planned(
    shared: &Shared,
    asked: &Asked,
    given: &str,
) -> Result<(Actor, FindingRow), Problem> {
    let finding = match shared.engine.open_finding(given).await {
        Ok(finding) => finding,
        Err(failure) => {
            asked.authorise(Whose::Nobodys)?;
            return Err(failure.into());
        }
    };
    let identity = crate::api::identities::find(shared, &finding.identity.to_string()).await?;
    Ok((asked.authorise(Whose::Chartered(&identity.charter))?, finding))
}
