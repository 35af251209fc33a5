//! When nothing can be written down any more: the system's own commands, for a person to run.
//!
//! Law 1 in its last resort. Reading still works on a full or read-only disk, so this only reads.

use crate::{Engine, EngineFailure, Paths};
use serde::Serialize;
use std::sync::Arc;
use tenure_connect::{Connector, Fingerprint, Source, SourceConfig, Target};
use tenure_judge::{ApiAction, ApiResource, ApiResourceKind, Authoriser, Verdict};
use tenure_model::{Presence, PrincipalKey, printable};
use tenure_store::{
    StoreFailure, Tx, read_unwritable,
    tables::{inventory::PrincipalRow, sources::SourceRow},
};

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
        let found = self.store.read("by_hand", move |tx| present(tx, &wanted)).await?;
        found
            .into_iter()
            .map(|(principal, row)| Ok(commands(self.open_source(&row)?.as_ref(), principal, &row)))
            .collect()
    }
}

/// As [`Engine::by_hand`], for an embedded deployment that cannot be opened: it reads the database and
/// nothing else, needs no key, and asks the access policies about the local account `uid` as ever.
pub fn by_hand_unopened(
    paths: &Paths,
    connectors: &[Arc<dyn Connector>],
    uid: u32,
    given: &str,
) -> Result<Vec<ByHand>, EngineFailure> {
    let (person, found) =
        read_unwritable(&paths.database(), |tx| Ok((tx.person_of_uid(uid)?, present(tx, given)?)))?;
    let refused = |why: String| EngineFailure::Refused { why };
    let person = person.ok_or_else(|| refused(format!("the local account {uid} is not known to Tenure")))?;
    let authoriser =
        Authoriser::new().map_err(|error| EngineFailure::Programme { why: error.to_string() })?;
    let actor = tenure_judge::Actor { person: Some(person.id), role: person.role, local: true };
    let identity = ApiResource::new(ApiResourceKind::Identity, false);
    if let Verdict::Denied { why } = authoriser.authorise(&actor, &ApiAction::View, &identity) {
        return Err(refused(why));
    }
    found
        .into_iter()
        .map(|(principal, row)| {
            let connector = connectors.iter().find(|known| known.manifest().system == row.system);
            let connector = connector.ok_or_else(|| EngineFailure::UnknownSystem {
                system: printable(&row.system, 40),
                known: connectors.iter().map(|known| known.manifest().system).collect::<Vec<_>>().join(", "),
            })?;
            let source = connector.source(SourceConfig {
                id: row.id,
                name: row.name.clone(),
                points: row.points.clone(),
                secret: None,
                options: row.options.clone(),
                fingerprint: Arc::new(NoKeys),
            })?;
            Ok(commands(source.as_ref(), principal, &row))
        })
        .collect()
}

/// Stands where fingerprints are taken; commands need none, and without keys there are none.
struct NoKeys;

impl Fingerprint for NoKeys {
    fn fingerprint(&self, _: &str, _: &[u8]) -> String {
        String::new()
    }
}

/// What is present of an identity, with where it is.
fn present(tx: &mut Tx<'_>, given: &str) -> Result<Vec<(PrincipalRow, SourceRow)>, StoreFailure> {
    let identity = tx.find_identity(given)?;
    let mut found = Vec::new();
    for principal in tx.principals_of(identity.id)? {
        if principal.presence == Presence::Present {
            let source = tx.source(principal.source)?;
            found.push((principal, source));
        }
    }
    Ok(found)
}

fn commands(source: &dyn Source, principal: PrincipalRow, row: &SourceRow) -> ByHand {
    let target = Target::principal(PrincipalKey(principal.native_key), principal.name);
    let commands = source.by_hand(&target);
    ByHand { source_name: row.name.to_string(), principal_name: target.name, commands }
}
