//! `POST /api/v1/keys/{ring}/{key_id}/retire`: drops an older key for good.

use super::ring_named;
use crate::api::prelude::*;
use tenure_model::DecisionRight;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Post,
    path: "/api/v1/keys/{ring}/{key_id}/retire",
    access: Access::Decided { action: ApiAction::Administer, kind: ApiResourceKind::System },
    evidence: Some("key.retired"),
    about: "Drops an older key; what only it could open or verify is lost to this deployment.",
    query: &[],
    takes: None,
    answers: Answers::Nothing(204),
    route: || post(handle),
};

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Named((ring, key_id)): Named<(String, String)>,
) -> Result<StatusCode, Problem> {
    let actor = asked.authorise_decision(DecisionRight::Configure, Whose::Nobodys)?;
    check_retirable(&shared, &ring, &key_id)?;
    shared.engine.retire_key(actor, ring_named(&ring)?, &key_id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Refuses what the ring would refuse, before an entry says that it was done.
fn check_retirable(shared: &Shared, ring: &str, key_id: &str) -> Result<(), Problem> {
    let ring = ring_named(ring)?;
    let keys = shared.engine.list_keys();
    match keys.iter().find(|key| key.ring == ring && key.key_id == key_id) {
        Some(key) if key.current => {
            Err(Problem::conflict("this key is the current one; rotate first, then retire it"))
        }
        Some(_) => Ok(()),
        None => {
            let given = tenure_model::printable(key_id, 60);
            Err(Problem::missing(format!("the {ring} ring has no key `{given}`")))
        }
    }
}
