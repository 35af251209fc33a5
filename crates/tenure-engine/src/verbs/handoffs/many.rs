//! Several identities offered to one person at once: shown first, with a word, and then exactly that or nothing.
//!
//! Each becomes a handoff of its own, to be accepted one by one: each is to be looked at. Next: `offer.rs`.

use super::{Handing, HandoffLine, line, offer::Terms, still_there};
use crate::{Actor, Engine, EngineFailure, record::digest_hex};
use serde::{Deserialize, Serialize};
use tenure_judge::Rule;
use tenure_model::{HandoffStage, IdentityId, OwnerRole};
use tenure_store::{StoreFailure, Tx, tables::handoffs::NewHandoff};

/// Handoffs offered at once, at most.
pub const HANDOFFS_MAX: usize = 100;
/// Identities that a rule may mean here, at most; more than anybody looks through.
const MEANT_MAX: usize = 1_000;
/// Characters of the word.
const WORD_CHARS: usize = 12;

/// What is offered of everything that a rule means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HandoffsWish {
    /// The rule, in the terms of `tenure own --rule`.
    pub rule: String,
    /// To whom, by name.
    pub to: String,
    /// Which share; as for one, unless said.
    #[serde(default)]
    pub role: Option<OwnerRole>,
    /// Where the work stands.
    pub stage: HandoffStage,
    /// What to do about them.
    pub runbook: String,
    /// Why.
    pub reason: String,
    /// The word that was shown with it: it is carried out as it was shown.
    #[serde(default)]
    pub word: Option<String>,
}

/// What the rule means and is not offered, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HandoffStays {
    /// Which identity.
    pub identity: IdentityId,
    /// Its name.
    pub name: String,
    /// Why it stays as it is.
    pub why: String,
}

/// What would be offered, or was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HandoffsForeseen {
    /// The names of what would be offered, or was.
    pub names: Vec<String>,
    /// The offers, once they are made.
    pub offered: Vec<HandoffLine>,
    /// What stays.
    pub stays: Vec<HandoffStays>,
    /// Lets just this happen.
    pub word: String,
}

struct Found {
    ready: Vec<(String, NewHandoff)>,
    stays: Vec<HandoffStays>,
    word: String,
}

impl Handing {
    fn found(
        &self,
        tx: &mut Tx<'_>,
        actor: Actor,
        (ids, terms): (&[IdentityId], &Terms),
    ) -> Result<Result<Found, EngineFailure>, StoreFailure> {
        let giver = still_there(tx, actor)?;
        let (mut ready, mut stays) = (Vec::new(), Vec::new());
        for id in ids {
            let identity = tx.identity(*id)?;
            let name = identity.name.clone();
            let stay = |why: String| HandoffStays { identity: *id, name: name.clone(), why };
            let new = match self.prepared(tx, (actor, &giver), (&identity, terms))? {
                Ok(new) => new,
                Err(EngineFailure::Denied { why } | EngineFailure::Refused { why }) => {
                    stays.push(stay(why));
                    continue;
                }
                Err(failure) => return Ok(Err(failure)),
            };
            let waits = tx.handoffs_of(*id)?.into_iter().find(|one| one.role == new.role);
            match waits {
                Some(other) => stays.push(stay(format!("handoff `{}` of it waits", other.id.handle()))),
                None => ready.push((name.clone(), new)),
            }
        }
        let offered: Vec<_> =
            ready.iter().map(|(_, new)| (new.identity, new.role, new.from, new.to)).collect();
        let whole = serde_json::json!({
            "offered": offered, "stage": terms.stage, "runbook": terms.runbook, "reason": terms.reason,
        });
        let bytes = match tenure_evidence::canonical_json(&whole) {
            Ok(bytes) => bytes,
            Err(why) => return Ok(Err(EngineFailure::evidence(why))),
        };
        let word = digest_hex(&bytes).chars().take(WORD_CHARS).collect();
        Ok(Ok(Found { ready, stays, word }))
    }
}

impl Engine {
    /// What a rule means is offered to one person: without the word it is only shown; with it, exactly what was shown is
    /// offered, or nothing.
    pub async fn offer_handoffs(
        &self,
        actor: Actor,
        wish: HandoffsWish,
    ) -> Result<HandoffsForeseen, EngineFailure> {
        let HandoffsWish { rule, to, role, stage, runbook, reason, word } = wish;
        let terms = Terms { to, role, stage, runbook, reason }.checked()?;
        let ids = self.meant_all(&rule).await?;
        let (mint, entries) = (self.mint()?, self.entry_maker()?);
        let handing = Handing { now: mint.now, ..self.handing() };
        let Some(word) = word else {
            let read = move |tx: &mut Tx<'_>| handing.found(tx, actor, (&ids, &terms));
            let found = self.store.read("handoffs_foreseen", read).await??;
            let names = found.ready.into_iter().map(|(name, _)| name).collect();
            return Ok(HandoffsForeseen { names, offered: Vec::new(), stays: found.stays, word: found.word });
        };
        let write = move |tx: &mut Tx<'_>| {
            handing.same_programme(tx)?;
            let found = match handing.found(tx, actor, (&ids, &terms))? {
                Ok(found) => found,
                Err(why) => return Ok(Err(why)),
            };
            if found.word != word {
                let why =
                    "what would be offered is other than what was shown with this word; look at it again";
                return Err(StoreFailure::Conflict { why: why.to_owned() });
            }
            let count = found.ready.len();
            if count == 0 || count > HANDOFFS_MAX {
                let why =
                    format!("from 1 to {HANDOFFS_MAX} are offered at once, not {count}; take another rule");
                return Ok(Err(EngineFailure::Refused { why }));
            }
            let (mut entries, mut offered) = (entries.clone(), Vec::new());
            for (_, new) in &found.ready {
                let id = handing.write(tx, (&mint, &mut entries), (actor, new))?;
                let row = tx.handoff(id)?;
                offered.push(line(tx, row)?);
            }
            let names = found.ready.iter().map(|(name, _)| name.clone()).collect();
            Ok(Ok(HandoffsForeseen { names, offered, stays: found.stays, word: found.word }))
        };
        self.store.write("offer_handoffs", write).await?
    }

    /// Every identity that a rule means, by name.
    async fn meant_all(&self, rule: &str) -> Result<Vec<IdentityId>, EngineFailure> {
        let rule = Rule::parse(rule).map_err(|why| EngineFailure::Refused { why: why.to_string() })?;
        let (mut ids, mut after) = (Vec::new(), None);
        loop {
            let page = self.meant(rule.clone(), after, 500).await?;
            ids.extend(page.rows.into_iter().map(|one| one.identity));
            if ids.len() > MEANT_MAX {
                let why = format!("the rule means more than {MEANT_MAX} identities; narrow it");
                return Err(EngineFailure::Refused { why });
            }
            after = page.stopped_at;
            if after.is_none() {
                return Ok(ids);
            }
        }
    }
}
