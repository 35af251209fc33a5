//! People: adding and removing them, their roles, and drawing what opens a session.
//!
//! Their tokens are in `tokens.rs`, their accounts at a provider in `links.rs`. A name is personal
//! data: it stands in the body of an entry, never in the entry, and goes with the person. Whoever
//! changes people must still be allowed to when it is written. Next: `own.rs`.

use crate::{
    Actor, Engine, EngineFailure,
    record::{By, Draft},
};
use serde::Serialize;
use tenure_model::{Charter, DecisionRight, IdentityId, Origin, Person, PersonId, Role, Secret, printable};
use tenure_store::{
    StoreFailure, Tx,
    tables::people::{Approved, Leaving},
};

/// Characters of a person's name, at most.
const NAME_CHARS_MAX: usize = 80;
/// One-time codes have this many digits, about 40 bits.
const CODE_DIGITS: usize = 12;

/// How often a removal is prepared again because somebody else changed what hangs on the person.
const TRIES_MAX: u32 = 8;
/// Identities and plans that an answer names, at most; the counts are whole.
const NAMED_MAX: usize = 1_000;
const NOT_THEMSELVES: &str = "nobody removes themselves; another administrator does that";

/// What a person leaves behind. It holds no name of theirs, so that it may be kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PersonLeaving {
    /// Who.
    pub person: PersonId,
    /// Why they cannot be removed by whoever asks; nothing when they can, or were.
    pub kept_because: Option<&'static str>,
    /// How many identities they answer for.
    pub owned_count: usize,
    /// How many of those nobody answers for without them.
    pub unowned_count: usize,
    /// Those identities, by name; at most 1,000.
    pub owned: Vec<OwnedShown>,
    /// Plans that wait to begin on their approval, which does not count without them; at most 1,000.
    pub approved: Vec<Approved>,
    /// Exceptions they granted that stand: those end with them.
    pub excepted_count: i64,
}

/// An identity that a person answers for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OwnedShown {
    /// Which.
    pub identity: IdentityId,
    /// The short form people type.
    pub handle: String,
    /// Its name.
    pub name: String,
    /// They are its business owner.
    pub business: bool,
    /// They are its technical owner.
    pub technical: bool,
    /// Nobody else answers for it.
    pub unowned: bool,
}

/// A person to be added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPerson {
    /// The name they sign in with.
    pub name: String,
    /// What they do.
    pub role: Role,
    /// The local account they act from.
    pub local_uid: Option<u32>,
}

/// SHA-256 of a bearer token, a session or a one-time code, in a domain of its own (a zero byte
/// goes before it, as before a leaf of RFC 6962). Values are drawn at random, so no salt is needed.
pub fn token_hash(token: &Secret<String>) -> [u8; 32] {
    *tenure_evidence::leaf_hash(token.expose().as_bytes()).as_bytes()
}

impl Engine {
    /// Adds a person. A name or local account that is taken is a conflict.
    pub async fn add_person(&self, actor: Actor, new: NewPerson) -> Result<Person, EngineFailure> {
        let name = new.name.trim().to_owned();
        check_name(&name)?;
        let now = self.clock.now();
        let id = PersonId::new(now, self.random()?);
        let person = Person { id, name, role: new.role, local_uid: new.local_uid };
        let entry = self.entry(
            Draft::new("person.added", By::Person(actor, Some(DecisionRight::Configure)), id)
                .text("role", person.role)
                .body(serde_json::json!({ "name": person.name, "local_uid": person.local_uid })),
        )?;
        let added = person.clone();
        let change = move |tx: &mut Tx<'_>| {
            tx.add_person(&added, now)?;
            tx.entry(entry.clone())
        };
        self.write_as(actor, "add_person", change).await?;
        Ok(person)
    }

    /// Gives a person another role, from their next call on; approvals of theirs that their new role may not
    /// give do not count any more. The last administrator keeps theirs. Of their own role, a person can only
    /// give up administration.
    pub async fn set_role(&self, actor: Actor, name: &str, role: Role) -> Result<Person, EngineFailure> {
        let person = self.person_called(name).await?;
        if actor.person == person.id && actor.role != Role::Administrator {
            let why = String::from("nobody changes their own role; an administrator does that");
            return Err(EngineFailure::Denied { why });
        }
        if person.role == role {
            let why = format!("`{}` is {role} already", printable(name, 60));
            return Err(StoreFailure::Conflict { why }.into());
        }
        let by = By::Person(actor, Some(DecisionRight::Configure));
        let draft = Draft::new("person.role_changed", by, person.id);
        let entry = self.entry(draft.text("former", person.role).text("role", role))?;
        let before = person.clone();
        let now = self.clock.now();
        let change = move |tx: &mut Tx<'_>| {
            if tx.person(before.id)?.as_ref() != Some(&before) {
                let why = format!("`{}` was changed meanwhile; look again", printable(&before.name, 60));
                return Err(StoreFailure::Conflict { why });
            }
            let origin = tx.person_or_leaver(before.id)?.map_or(Origin::Local, |(_, origin)| origin);
            if origin != Origin::Local {
                let why = format!(
                    "`{}` comes from {origin}, and so does their role: tenure people map-group gives another",
                    printable(&before.name, 60)
                );
                return Err(StoreFailure::Conflict { why });
            }
            tx.set_role(before.id, role, now)?;
            tx.entry(entry.clone())
        };
        self.write_as(actor, "set_role", change).await?;
        // What they dismissed or granted may not count any more.
        self.judging_woken.notify_one();
        Ok(Person { role, ..person })
    }

    /// What would follow if this person were removed by whoever asks, without removing them.
    pub async fn leaving(&self, asker: PersonId, name: &str) -> Result<PersonLeaving, EngineFailure> {
        let id = self.person_or_leaver_called(name).await?;
        let (leaving, people) =
            self.store.read("leaving", move |tx| Ok((tx.leaving(id)?, tx.people()?))).await?;
        let another = |other: &Person| other.id != id && other.role == Role::Administrator;
        let kept_because = if asker == id {
            Some(NOT_THEMSELVES)
        } else if people.iter().any(another) {
            None
        } else {
            Some("this is the last administrator; make somebody else one first")
        };
        Ok(PersonLeaving { kept_because, ..shown(&leaving) })
    }

    /// Removes a person: they, their token and their unused approvals count for nothing from now on, their name
    /// and local account are free, and what they answered for is judged without them. What they decided stays in
    /// the log, under their id; the body that named them goes. Nobody removes themselves, or the last administrator.
    pub async fn remove_person(&self, actor: Actor, name: &str) -> Result<PersonLeaving, EngineFailure> {
        let id = self.person_or_leaver_called(name).await?;
        if actor.person == id {
            return Err(EngineFailure::Refused { why: NOT_THEMSELVES.to_owned() });
        }
        for _ in 0..TRIES_MAX {
            let leaving = self.store.read("leaving", move |tx| tx.leaving(id)).await?;
            let (entry, now) = (
                self.entry(erasure(By::Person(actor, Some(DecisionRight::Configure)), &leaving))?,
                self.clock.now(),
            );
            let left = shown(&leaving);
            let change = move |tx: &mut Tx<'_>| {
                // The entry tells what they leave behind: it must be all of it.
                if tx.leaving(id)? != leaving {
                    return Ok(false);
                }
                tx.remove_person(&leaving, now)?;
                tx.entry(entry.clone())?;
                Ok(true)
            };
            if self.write_as(actor, "remove_person", change).await? {
                self.judging_woken.notify_one();
                return Ok(left);
            }
        }
        let why = format!("what hangs on `{}` is being changed by others; try again", printable(name, 60));
        Err(StoreFailure::Conflict { why }.into())
    }

    /// Writes as somebody who is still there, in the role in which they were let in: of two who remove each
    /// other at once, the later one is nobody any more.
    pub(crate) async fn write_as<T: Send + 'static>(
        &self,
        actor: Actor,
        what: &'static str,
        mut change: impl FnMut(&mut Tx<'_>) -> Result<T, StoreFailure> + Send + 'static,
    ) -> Result<T, EngineFailure> {
        let written = self.store.write(what, move |tx| {
            let asker = tx.person(actor.person)?;
            if asker.is_none_or(|asker| asker.role != actor.role) {
                return Ok(None);
            }
            change(tx).map(Some)
        });
        let denied = || EngineFailure::Denied {
            why: String::from("whoever asked this was removed or given another role meanwhile"),
        };
        written.await?.ok_or_else(denied)
    }

    /// The person of a name.
    pub async fn person_called(&self, name: &str) -> Result<Person, EngineFailure> {
        let wanted = name.to_owned();
        let found = self.store.read("person_named", move |tx| tx.person_named(&wanted)).await?;
        let missing = || StoreFailure::Missing { noun: "person", given: printable(name, 60) };
        Ok(found.ok_or_else(missing)?)
    }

    /// The person of a name who is there, or left and may come back.
    async fn person_or_leaver_called(&self, name: &str) -> Result<PersonId, EngineFailure> {
        let wanted = name.to_owned();
        let found = self.store.read("person_or_leaver", move |tx| tx.person_or_leaver_named(&wanted)).await?;
        let missing = || StoreFailure::Missing { noun: "person", given: printable(name, 60) };
        Ok(found.ok_or_else(missing)?.0.id)
    }

    /// Draws a value that nobody can guess: 32 letters and digits, about 190 bits.
    pub fn draw_token(&self) -> Result<Secret<String>, EngineFailure> {
        self.with_randomness(tenure_keys::generate_password).map_err(EngineFailure::keys)
    }

    /// Draws a one-time code of twelve digits, as people type it: `4821-7730-1196`.
    pub fn draw_code(&self) -> Result<Secret<String>, EngineFailure> {
        let drawn: [u8; 16] = self.random()?;
        let number = u128::from_be_bytes(drawn) % 10_u128.pow(12);
        let digits = format!("{number:0CODE_DIGITS$}");
        let mut code = String::with_capacity(14);
        for (place, digit) in digits.chars().enumerate() {
            if place > 0 && place % 4 == 0 {
                code.push('-');
            }
            code.push(digit);
        }
        Ok(Secret::new(code))
    }
}

pub(crate) fn check_name(name: &str) -> Result<(), EngineFailure> {
    let why = if name.is_empty() {
        "a person needs a name"
    } else if name.chars().count() > NAME_CHARS_MAX {
        "a person's name has at most 80 characters"
    } else if printable(name, NAME_CHARS_MAX) != name {
        "a person's name has no control characters and no marks that turn the reading direction"
    } else {
        return Ok(());
    };
    Err(EngineFailure::Refused { why: why.to_owned() })
}

fn shown(leaving: &Leaving) -> PersonLeaving {
    let person = leaving.person.id;
    PersonLeaving {
        person,
        kept_because: None,
        owned_count: leaving.owned.len(),
        unowned_count: leaving.owned.iter().filter(|owned| leaving.leaves_unowned(owned)).count(),
        owned: leaving
            .owned
            .iter()
            .take(NAMED_MAX)
            .map(|owned| OwnedShown {
                identity: owned.id,
                handle: owned.handle.clone(),
                name: owned.name.clone(),
                business: owned.charter.business_owner == Some(person),
                technical: owned.charter.technical_owner == Some(person),
                unowned: leaving.leaves_unowned(owned),
            })
            .collect(),
        approved: leaving.approved.iter().take(NAMED_MAX).cloned().collect(),
        excepted_count: leaving.excepted_count,
    }
}

/// The entry of a removal, with the ids of the entries whose bodies go, so that nobody wonders where they are.
pub(crate) fn erasure(by: By, leaving: &Leaving) -> Draft {
    departure("person.removed", by, leaving).text("erased", leaving.named_in.join(" "))
}

/// The entry of somebody who goes, also found under everything that changes with it.
pub(crate) fn departure(kind: &'static str, by: By, leaving: &Leaving) -> Draft {
    let person = leaving.person.id;
    let as_what = |charter: &Charter| -> Vec<&'static str> {
        let slots =
            [("business_owner", charter.business_owner), ("technical_owner", charter.technical_owner)];
        slots.into_iter().filter(|(_, owner)| *owner == Some(person)).map(|(slot, _)| slot).collect()
    };
    let owned: Vec<serde_json::Value> = leaving
        .owned
        .iter()
        .map(|owned| serde_json::json!({ "identity": owned.id, "was": as_what(&owned.charter) }))
        .collect();
    let approved: Vec<_> = leaving.approved.iter().map(|approved| approved.plan).collect();
    let count = |many: usize| i64::try_from(many).unwrap_or(i64::MAX);
    let mut draft = Draft::new(kind, by, person)
        .number("owned", count(leaving.owned.len()))
        .number("unowned", count(shown(leaving).unowned_count))
        .number("approvals", count(approved.len()))
        .number("exceptions", leaving.excepted_count)
        .body(serde_json::json!({ "owned": owned, "approved": approved }));
    for owned in &leaving.owned {
        draft = draft.about(owned.id);
    }
    for plan in approved {
        draft = draft.about(plan);
    }
    draft
}
