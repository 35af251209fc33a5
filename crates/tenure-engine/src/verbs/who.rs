//! who: somebody who can be reached now and may stop an identity, and why they.
//!
//! In order: its owners, who revokes by the controls that do not hold for it, and administrators. Who was removed is not
//! there. The answer is never empty; that only administrators are left is said as a fault. It must never change
//! anything. Next: `programme/partners.rs`, the check.

use super::{
    handoffs::{HandoffLine, in_words, waiting_of},
    programme::people,
};
use crate::{Engine, EngineFailure};
use serde::Serialize;
use std::collections::BTreeSet;
use tenure_judge::{ApiResource, ApiResourceKind, People, Verdict, who_revokes};
use tenure_model::{
    Charter, DecisionRight, IdentityId, Instant, OwnerRole, Person, PersonId, Role, printable,
};

/// Who may stop an identity, now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Who {
    /// Which identity.
    pub identity: IdentityId,
    /// Its name.
    pub name: String,
    /// When that was asked.
    pub at: Instant,
    /// Who is to be asked, the first who may stop it first of all; never empty where anybody is there.
    pub people: Vec<Reachable>,
    /// Who was offered to answer for it; until they accept, whoever answers for it does.
    pub handoffs: Vec<HandoffLine>,
    /// What is wrong with that, where nobody but administrators is left.
    pub fault: Option<String>,
}

/// Somebody who can be reached now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reachable {
    /// Who.
    pub person: PersonId,
    /// Their name.
    pub name: String,
    /// Why they.
    pub why: String,
    /// Whether they may stop it: whether they hold the right to disable it.
    pub may_stop: bool,
    /// Since when they say that messages reach them, where that still counts.
    pub acknowledged: Option<Instant>,
}

impl Engine {
    /// Who may stop an identity, now, and why they.
    pub async fn who(&self, given: &str) -> Result<Who, EngineFailure> {
        let (wanted, in_force, now) = (given.to_owned(), self.in_force(), self.clock.now());
        let (identity, failing, people, handoffs) = self
            .store
            .read("who", move |tx| {
                let identity = tx.find_identity(&wanted)?;
                let findings = tx.open_findings_of(identity.id)?;
                let handoffs = waiting_of(tx, identity.id)?;
                Ok((identity, findings, people(tx)?, handoffs))
            })
            .await?;
        let failing: BTreeSet<String> = failing
            .into_iter()
            .filter(|one| one.dismissed_until.is_none() && one.excepted_until.is_none())
            .map(|one| one.control)
            .collect();
        let programme = &in_force.programme;
        let mut asked =
            Asked { engine: self, people: &people, charter: &identity.charter, now, found: Vec::new() };
        for role in [OwnerRole::Technical, OwnerRole::Business] {
            let owner = identity.charter.owner(role);
            let why = why_owner(role, &handoffs);
            asked.person(people.people.iter().find(|one| Some(one.id) == owner), &why);
        }
        // Those of the controls that fail; where none fails, of all.
        let all = programme.controls.iter().map(|one| one.id.as_str());
        let (fails, holds): (Vec<&str>, Vec<&str>) = all.partition(|id| failing.contains(*id));
        for control in if fails.is_empty() { holds } else { fails } {
            for one in who_revokes(programme, control, &people, now) {
                asked.person(people.named(&one.name), &one.why);
            }
        }
        let fault = asked.stoppers().is_none().then(|| {
            asked.administrators();
            String::from(
                "no owner and no partner who can be reached may stop it: only administrators are left; name an owner, or a partner that revokes",
            )
        });
        let mut found = asked.found;
        // Whoever may stop it is asked first; among them the order stays.
        found.sort_by_key(|one| !one.may_stop);
        Ok(Who { identity: identity.id, name: identity.name, at: now, people: found, handoffs, fault })
    }
}

/// Why an owner is asked, and until when where it was offered to somebody else.
fn why_owner(role: OwnerRole, handoffs: &[HandoffLine]) -> String {
    let who = format!("its {}", in_words(role));
    match handoffs.iter().find(|one| one.row.role == role) {
        Some(one) => {
            let to = one.to_name.as_deref().unwrap_or("somebody who left");
            format!("{who}; offered to {to}, until {to} accepts", to = printable(to, 80))
        }
        None => who,
    }
}

/// Those found so far, each once.
struct Asked<'who> {
    engine: &'who Engine,
    people: &'who People,
    charter: &'who Charter,
    now: Instant,
    found: Vec<Reachable>,
}

impl Asked<'_> {
    fn person(&mut self, person: Option<&Person>, why: &str) {
        let Some(person) = person else { return };
        if let Some(known) = self.found.iter_mut().find(|one| one.person == person.id) {
            known.why = format!("{}; {why}", known.why);
            return;
        }
        self.found.push(Reachable {
            person: person.id,
            name: person.name.clone(),
            why: why.to_owned(),
            may_stop: self.may_stop(person),
            acknowledged: self.people.acknowledged(person.id, self.now),
        });
    }

    fn may_stop(&self, person: &Person) -> bool {
        let asker = tenure_judge::Actor { person: Some(person.id), role: person.role, local: false };
        let owned = [self.charter.business_owner, self.charter.technical_owner].contains(&Some(person.id));
        let about = ApiResource::new(ApiResourceKind::Identity, owned);
        self.engine.authoriser.holds(&asker, DecisionRight::Disable, &about) == Verdict::Allowed
    }

    fn stoppers(&self) -> Option<&Reachable> {
        self.found.iter().find(|one| one.may_stop)
    }

    fn administrators(&mut self) {
        for person in self.people.people.iter().filter(|one| one.role == Role::Administrator) {
            self.person(Some(person), "an administrator");
        }
    }
}
