//! When nothing can be written down any more: the system's own commands, for a person to run.
//!
//! Law 1 in its last resort. Reading still works on a full or read-only disk, so this only reads.

use crate::{Engine, EngineFailure};
use serde::Serialize;
use tenure_connect::Target;
use tenure_model::{Presence, PrincipalKey};

/// Commands that end an identity by hand at one source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ByHand {
    /// Where to run them.
    pub source_name: String,
    /// What they end there.
    pub principal_name: String,
    /// The commands, in order.
    pub commands: Vec<String>,
}

impl Engine {
    /// The commands that end an identity by hand, source by source.
    pub async fn by_hand(&self, given: &str) -> Result<Vec<ByHand>, EngineFailure> {
        let wanted = given.to_owned();
        let principals = self
            .store
            .read("by_hand", move |tx| {
                let identity = tx.find_identity(&wanted)?;
                let mut found = Vec::new();
                for principal in tx.principals_of(identity.id)? {
                    if principal.presence == Presence::Present {
                        let source = tx.source(principal.source)?;
                        found.push((principal, source));
                    }
                }
                Ok(found)
            })
            .await?;
        principals
            .into_iter()
            .map(|(principal, row)| {
                let target = Target { key: PrincipalKey(principal.native_key), name: principal.name };
                let commands = self.open_source(&row)?.by_hand(&target);
                Ok(ByHand { source_name: row.name.to_string(), principal_name: target.name, commands })
            })
            .collect()
    }
}
