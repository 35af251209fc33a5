//! Rights that were gained although they had to be asked for: what a complete survey is the first to see, and no request was for.
//!
//! As in `outside.rs`, of what was there before: t1 a complete survey that began after the rule came into force ends; t2 a right
//! is granted; t3 the next complete survey sees it. A right that was held at t1 in the same form or a wider one is not gained, by
//! whatever way it is held at t3. It must never count what came with a principal that was made since t1, nor what a
//! principal owns because it made it. Next: `privilege.rs`, the requests for them.

use super::{
    fulfil::Surveyed,
    outside::{Watching, passes},
};
use crate::{
    record::{By, Draft},
    verbs::{dossier::dossier, programme::InForce},
};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, btree_map::Entry};
use tenure_model::{Extent, IdentityId, Instant, PrincipalId};
use tenure_store::{
    StoreFailure, Tx,
    tables::{gains::GainRow, made_outside::RequestWatch},
};

/// Rights read at once, and those that an entry names.
const BATCH: i64 = 500;
const NAMED_MAX: usize = 50;
/// Rights that are shown of one identity, at most.
const SHOWN_MAX: i64 = 200;

/// A right of an identity that was gained and is held, and whether somebody asked for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GainShown {
    /// The right, in words.
    pub says: String,
    /// When a complete survey ended that saw it first.
    pub seen: Instant,
    /// The handle of the request it was asked for by; nothing where nobody asked.
    pub request: Option<String>,
    /// Until when it was asked for.
    pub until: Option<Instant>,
}

/// Rights of an identity that were gained and are held, the latest first.
pub(crate) fn gains_shown(tx: &mut Tx<'_>, identity: IdentityId) -> Result<Vec<GainShown>, StoreFailure> {
    let shown = |gain: GainRow| GainShown {
        says: gain.right.to_string(),
        seen: gain.seen,
        request: gain.request.map(|id| id.handle()),
        until: gain.until,
    };
    Ok(tx.gains_of(identity, SHOWN_MAX)?.into_iter().map(shown).collect())
}

/// What one principal gained.
struct Gained {
    identity: IdentityId,
    class: String,
    rights: usize,
    named: Vec<String>,
}

/// The class that an identity is of, where that asks that its rights are asked for.
fn asking_class(
    tx: &mut Tx<'_>,
    in_force: &InForce,
    identity: IdentityId,
) -> Result<Option<String>, StoreFailure> {
    let read = dossier(tx, identity)?;
    let class = in_force.judge.class_of(&read.dossier).filter(|class| class.rights_by_request);
    Ok(class.map(|class| class.id.clone()))
}

impl Watching {
    /// Writes down which rights a complete survey was the first to see, where a class asks that they are asked for.
    pub(super) fn settle_gained(
        &self,
        tx: &mut Tx<'_>,
        in_force: &InForce,
        (before, surveyed, ephemeral): (&RequestWatch, Surveyed, &BTreeSet<Extent>),
    ) -> Result<(), StoreFailure> {
        if !in_force.programme.classes.iter().any(|class| class.rights_by_request) {
            return Ok(());
        }
        let (mut classes, mut gained) = (BTreeMap::new(), BTreeMap::<PrincipalId, Gained>::new());
        let mut after = None;
        loop {
            let page = tx.rights_appeared((self.source, before.absent), after.as_ref(), BATCH)?;
            let Some((last, _)) = page.last() else { break };
            after = Some(last.clone());
            for (_, one) in page.iter().filter(|(_, one)| !passes(&one.facts, &one.extent, ephemeral)) {
                let class = match classes.entry(one.identity) {
                    Entry::Occupied(known) => known.into_mut(),
                    Entry::Vacant(unknown) => unknown.insert(asking_class(tx, in_force, one.identity)?),
                };
                let Some(class) = class else { continue };
                tx.add_gain(&GainRow {
                    principal: one.principal,
                    identity: one.identity,
                    right: one.right.clone(),
                    class: Some(class.clone()),
                    absent: before.absent,
                    seen: surveyed.ended,
                    request: None,
                    until: None,
                    gone: None,
                })?;
                let (identity, class) = (one.identity, class.clone());
                let of_one = gained.entry(one.principal);
                let of_one = of_one.or_insert(Gained { identity, class, rights: 0, named: Vec::new() });
                of_one.rights += 1;
                if of_one.named.len() < NAMED_MAX {
                    of_one.named.push(one.right.to_string());
                }
            }
        }
        let mut entries = self.entries.clone();
        for (principal, of_one) in gained {
            let draft = Draft::new("identity.gained_outside", By::Tenure, of_one.identity).about(self.source);
            let draft = draft.text("class", &of_one.class).text("absent", before.absent);
            let draft = draft.text("seen", surveyed.ended).text("principal", principal);
            let draft = draft.number("rights", i64::try_from(of_one.rights).unwrap_or(i64::MAX));
            entries.write(tx, draft.body(serde_json::json!({ "rights": of_one.named })))?;
        }
        Ok(())
    }
}
