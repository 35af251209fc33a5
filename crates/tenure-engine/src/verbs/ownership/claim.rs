//! claim: several identities become somebody's at once, because a person confirmed suggestions or a rule.
//!
//! One transaction and one entry per identity, which says what it rested on. What somebody owns stays as it is,
//! whoever asks: a rule takes nothing over. Asked again, what is done stays done. Next: `../own.rs`, one by one.

use super::{
    Names,
    clues::traits_of,
    suggest::{SuggestionShown, suggested},
};
use crate::{
    Actor, Engine, EngineFailure,
    record::{By, Draft},
    verbs::own::{Held, held, refuse_who_left},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use tenure_judge::Rule;
use tenure_model::{Charter, DecisionRight, IdentityId, Person, PersonId, printable};
use tenure_store::{NewEntry, StoreFailure, Tx, tables::identities::IdentityRow};

/// Identities claimed in one transaction, at most.
pub const CLAIMS_MAX: usize = 100;

/// One identity that is to become somebody's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClaimWish {
    /// Which.
    pub identity: IdentityId,
    /// Who answers for its existence, by name.
    pub business_owner: Option<String>,
    /// Who can change it, by name. When neither is named, whoever claims.
    pub technical_owner: Option<String>,
}

/// What a claim rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClaimBasis {
    /// A suggestion that names the person, looked up again when it is written.
    Suggestion,
    /// A rule, which must still mean the identity when it is written.
    Rule(Rule),
}

/// What became of one claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClaimMade {
    /// Which identity.
    pub identity: IdentityId,
    /// Its name.
    pub name: String,
    /// The short form people type.
    pub handle: String,
    /// True when it was claimed now.
    pub claimed: bool,
    /// Why it stays as it was.
    pub why: Option<String>,
}

/// A claim that may be written, as long as the identity is as it was.
struct Ready {
    row: IdentityRow,
    asked: Held,
    charter: Charter,
    entry: NewEntry,
}

/// What was read of one identity before it is decided.
struct Read {
    row: IdentityRow,
    held: Held,
    present: bool,
    meant: bool,
    suggestions: Vec<SuggestionShown>,
}

impl Engine {
    /// Claims up to 100 identities in one transaction. Each must be nobody's, still be meant by the rule or still be
    /// suggested for the person named, and whoever asks must hold the right for it; otherwise it stays, and the
    /// answer says why. A person or identity that is not known is a failure, and nothing is written.
    pub async fn claim_many(
        &self,
        actor: Actor,
        basis: ClaimBasis,
        wishes: Vec<ClaimWish>,
    ) -> Result<Vec<ClaimMade>, EngineFailure> {
        if wishes.is_empty() || wishes.len() > CLAIMS_MAX {
            let why = format!("from 1 to {CLAIMS_MAX} identities are claimed at once, not {}", wishes.len());
            return Err(EngineFailure::Refused { why });
        }
        let ids: BTreeSet<IdentityId> = wishes.iter().map(|wish| wish.identity).collect();
        if ids.len() < wishes.len() {
            let why = String::from("an identity is named twice; name each once");
            return Err(EngineFailure::Refused { why });
        }
        let (wanted, looked_by) = (wishes.clone(), basis.clone());
        let read = move |tx: &mut Tx<'_>| {
            let people = tx.people()?;
            let read = |wish: &ClaimWish| read_one(tx, wish.identity, &looked_by, &people);
            let read: Vec<Read> = wanted.iter().map(read).collect::<Result<_, StoreFailure>>()?;
            Ok((read, people))
        };
        let (read, people) = self.store.read("claims", read).await?;
        let mut made = Vec::with_capacity(read.len());
        let mut ready = Vec::new();
        for (wish, read) in wishes.iter().zip(read) {
            match self.decide(actor, &basis, wish, read, &people)? {
                Ok(claim) => ready.push(claim),
                Err(stays) => made.push(stays),
            }
        }
        made.extend(self.write_claims(ready).await?);
        made.sort_by(|one, other| one.name.cmp(&other.name));
        self.judging_woken.notify_one();
        Ok(made)
    }

    /// A claim that may be written, or why the identity stays as it is.
    fn decide(
        &self,
        actor: Actor,
        basis: &ClaimBasis,
        wish: &ClaimWish,
        read: Read,
        people: &[Person],
    ) -> Result<Result<Ready, ClaimMade>, EngineFailure> {
        let business = person_named(people, wish.business_owner.as_deref())?;
        let technical = person_named(people, wish.technical_owner.as_deref())?;
        let nobody = business.is_none() && technical.is_none();
        let technical = if nobody { Some(actor.person) } else { technical };
        let owners = Names::of(people).owners(&read.held.charter);
        let person = technical.or(business);
        let because = match basis {
            ClaimBasis::Rule(rule) => Some(serde_json::json!({ "rule": rule.text() })),
            ClaimBasis::Suggestion => {
                let given = read.suggestions.iter().find(|one| Some(one.person) == person);
                given.map(|given| serde_json::json!({ "suggestion": given }))
            }
        };
        let in_the_way = if !owners.is_empty() {
            Some(format!("{} already; it stays so", owned_by(&owners)))
        } else if read.row.built_in {
            Some(String::from("it is part of the system itself"))
        } else if !read.present {
            Some(String::from("it is not there any more"))
        } else if !read.meant {
            Some(String::from("the rule does not mean it"))
        } else {
            None
        };
        let because = match (in_the_way, because) {
            (Some(why), _) => return Ok(Err(stays(&read.row, why))),
            (None, None) => {
                return Ok(Err(stays(&read.row, String::from("nothing points to that person any more"))));
            }
            (None, Some(because)) => because,
        };
        let charter =
            Charter { business_owner: business, technical_owner: technical, ..read.held.charter.clone() };
        match self.may_claim(actor, read.held.claimed(actor.person, &charter)) {
            Ok(()) => {}
            Err(EngineFailure::Denied { why }) => return Ok(Err(stays(&read.row, why))),
            Err(failure) => return Err(failure),
        }
        let word = match basis {
            ClaimBasis::Suggestion => "suggestion",
            ClaimBasis::Rule(_) => "rule",
        };
        let draft = Draft::new("identity.owned", By::Person(actor, Some(DecisionRight::Own)), read.row.id)
            .text("because", word)
            .body(serde_json::json!({ "identity": read.row.name, "charter": charter, "because": because }));
        Ok(Ok(Ready { entry: self.entry(draft)?, row: read.row, asked: read.held, charter }))
    }

    async fn write_claims(&self, ready: Vec<Ready>) -> Result<Vec<ClaimMade>, EngineFailure> {
        if ready.is_empty() {
            return Ok(Vec::new());
        }
        let now = self.clock.now();
        let write = move |tx: &mut Tx<'_>| {
            let mut made = Vec::with_capacity(ready.len());
            for claim in &ready {
                if held(tx, claim.row.id)? != claim.asked {
                    made.push(stays(&claim.row, String::from("it was changed meanwhile; look again")));
                    continue;
                }
                refuse_who_left(tx, &claim.asked.charter, &claim.charter)?;
                tx.set_charter(claim.row.id, &claim.charter, now)?;
                tx.answer_passings(claim.row.id, now)?;
                tx.entry(claim.entry.clone())?;
                made.push(ClaimMade { claimed: true, why: None, ..stays(&claim.row, String::new()) });
            }
            Ok(made)
        };
        Ok(self.store.write("claim_many", write).await?)
    }
}

fn read_one(
    tx: &mut Tx<'_>,
    id: IdentityId,
    basis: &ClaimBasis,
    people: &[Person],
) -> Result<Read, StoreFailure> {
    let (row, held) = (tx.identity(id)?, held(tx, id)?);
    match basis {
        ClaimBasis::Rule(rule) => {
            let seen = traits_of(tx, &row)?;
            let meant = rule.holds(&seen.traits);
            Ok(Read { row, held, present: seen.present, meant, suggestions: Vec::new() })
        }
        ClaimBasis::Suggestion => {
            let found = suggested(tx, &row, people)?;
            let present = found.is_some();
            let suggestions = found.map(|found| found.suggestions).unwrap_or_default();
            Ok(Read { row, held, present, meant: true, suggestions })
        }
    }
}

fn stays(row: &IdentityRow, why: String) -> ClaimMade {
    ClaimMade {
        identity: row.id,
        name: row.name.clone(),
        handle: row.handle.clone(),
        claimed: false,
        why: Some(why),
    }
}

fn owned_by(owners: &[String]) -> String {
    let owners: Vec<String> = owners.iter().map(|name| printable(name, 80)).collect();
    format!("{} owns it", owners.join(" and "))
}

/// The id of somebody called so.
pub(super) fn person_named(people: &[Person], name: Option<&str>) -> Result<Option<PersonId>, StoreFailure> {
    let Some(name) = name else { return Ok(None) };
    let found = people.iter().find(|person| person.name == name).map(|person| person.id);
    found.map(Some).ok_or_else(|| StoreFailure::Missing { noun: "person", given: printable(name, 60) })
}
