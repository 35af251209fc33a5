//! People: who may sign in, from which local account.
//!
//! Their tokens are in `tokens.rs`, their accounts at a provider in `links.rs`. Names are rows that can be erased; the
//! evidence log knows people by id alone. Somebody must always be left who administers. Next: `identities.rs`.

use crate::{Row, StoreFailure, Tx, tables::identities::IdentityRow, value::named};
use serde::Serialize;
use tenure_evidence::Entry;
use tenure_model::{Charter, IdentityId, Instant, Origin, Person, PersonId, PlanId, Role, printable};

/// Kinds of entries whose body holds a name of a person: theirs, or that of their account at a provider.
const NAMING: [&str; 6] = [
    "person.added",
    "person.linked",
    "person.link_found",
    "person.unlinked",
    "person.joined",
    "person.changed",
];

/// What hangs on a person who leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaving {
    /// Who.
    pub person: Person,
    /// Identities they answer for, as they are now, by name.
    pub owned: Vec<IdentityRow>,
    /// Plans that wait to begin on their approval, oldest first.
    pub approved: Vec<Approved>,
    /// How many exceptions they granted that stand, and end with them.
    pub excepted_count: i64,
    /// Ids of the entries whose body holds their name.
    pub named_in: Vec<String>,
}

impl Leaving {
    /// True when nobody else answers for an identity of theirs.
    pub fn leaves_unowned(&self, owned: &IdentityRow) -> bool {
        owners(&without(&owned.charter, self.person.id)).is_empty()
    }
}

/// A plan that was approved and has not begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Approved {
    /// Which.
    pub plan: PlanId,
    /// The short form people type.
    pub handle: String,
    /// The principal it changes, by name.
    pub principal: String,
}

fn owners(charter: &Charter) -> Vec<PersonId> {
    [charter.business_owner, charter.technical_owner].into_iter().flatten().collect()
}

/// A charter in which this person owns nothing.
pub(super) fn without(charter: &Charter, person: PersonId) -> Charter {
    let others = |owner: Option<PersonId>| owner.filter(|owner| *owner != person);
    Charter {
        business_owner: others(charter.business_owner),
        technical_owner: others(charter.technical_owner),
        ..charter.clone()
    }
}

fn person(row: &Row<'_>) -> Result<Person, StoreFailure> {
    Ok(Person {
        id: row.parsed(0)?,
        name: row.text(1)?,
        role: row.parsed(2)?,
        local_uid: row.opt_number(3)?.and_then(|uid| u32::try_from(uid).ok()),
    })
}

impl Tx<'_> {
    /// Adds a person. A name or local account that is taken is a conflict.
    pub fn add_person(&mut self, person: &Person, now: Instant) -> Result<(), StoreFailure> {
        if self.person_named(&person.name)?.is_some() || self.directory_person_named(&person.name)?.is_some()
        {
            return Err(StoreFailure::Conflict {
                why: format!("there is already a person named `{}`", printable(&person.name, 60)),
            });
        }
        if let Some(uid) = person.local_uid
            && let Some(holder) = self.person_of_uid(uid)?
        {
            let why = format!("the local account {uid} is already that of `{}`", printable(&holder.name, 60));
            return Err(StoreFailure::Conflict { why });
        }
        self.execute(
            "INSERT INTO people (person_id, name, role, local_uid, created_us) VALUES ($1, $2, $3, $4, $5)",
            &[
                named(person.id),
                person.name.as_str().into(),
                named(person.role),
                person.local_uid.into(),
                now.into(),
            ],
        )?;
        Ok(())
    }

    /// Everybody, by name.
    pub fn people(&mut self) -> Result<Vec<Person>, StoreFailure> {
        self.query(
            "people",
            "SELECT person_id, name, role, local_uid FROM people WHERE erased_us IS NULL AND left_us IS NULL ORDER BY name",
            &[],
            person,
        )
    }

    /// The person of a local account.
    pub fn person_of_uid(&mut self, uid: u32) -> Result<Option<Person>, StoreFailure> {
        self.query_one(
            "people",
            "SELECT person_id, name, role, local_uid FROM people WHERE local_uid = $1 AND erased_us IS NULL AND left_us IS NULL",
            &[uid.into()],
            person,
        )
    }

    /// The person of a name.
    pub fn person_named(&mut self, name: &str) -> Result<Option<Person>, StoreFailure> {
        self.query_one(
            "people",
            "SELECT person_id, name, role, local_uid FROM people WHERE name = $1 AND erased_us IS NULL AND left_us IS NULL",
            &[name.into()],
            person,
        )
    }

    /// The person of an id.
    pub fn person(&mut self, id: PersonId) -> Result<Option<Person>, StoreFailure> {
        self.query_one(
            "people",
            "SELECT person_id, name, role, local_uid FROM people WHERE person_id = $1 AND erased_us IS NULL AND left_us IS NULL",
            &[named(id)],
            person,
        )
    }

    /// The person of an id who is there and has been since this moment: who left meanwhile and is back said nothing before.
    pub fn person_since(&mut self, id: PersonId, since: Instant) -> Result<Option<Person>, StoreFailure> {
        self.query_one(
            "people",
            "SELECT person_id, name, role, local_uid FROM people WHERE person_id = $1 AND erased_us IS NULL \
             AND left_us IS NULL AND (returned_us IS NULL OR returned_us < $2)",
            &[named(id), since.into()],
            person,
        )
    }

    /// The person of an id who is there, or left and may come back; and where they come from.
    pub fn person_or_leaver(&mut self, id: PersonId) -> Result<Option<(Person, Origin)>, StoreFailure> {
        self.query_one(
            "people",
            "SELECT person_id, name, role, local_uid, origin FROM people WHERE person_id = $1 AND erased_us IS NULL",
            &[named(id)],
            |row| Ok((person(row)?, row.parsed(4)?)),
        )
    }

    /// As `person_or_leaver`, by name.
    pub fn person_or_leaver_named(&mut self, name: &str) -> Result<Option<(Person, Origin)>, StoreFailure> {
        self.query_one(
            "people",
            "SELECT person_id, name, role, local_uid, origin FROM people WHERE name = $1 AND erased_us IS NULL",
            &[name.into()],
            |row| Ok((person(row)?, row.parsed(4)?)),
        )
    }

    /// Gives a person another role. The last administrator keeps theirs.
    pub fn set_role(&mut self, id: PersonId, role: Role, now: Instant) -> Result<(), StoreFailure> {
        self.touch_dismissed_by(id, now)?;
        self.touch_excepted_by(id, now)?;
        self.touch_confirmed_by(id, now)?;
        if role != Role::Administrator {
            self.leaves_an_administrator(id)?;
        }
        self.execute_on(
            ("person", id),
            "UPDATE people SET role = $2 WHERE person_id = $1 AND erased_us IS NULL",
            &[named(id), named(role)],
        )
    }

    /// What hangs on a person, for whoever is about to remove them. Somebody who is not there is missing.
    pub fn leaving(&mut self, id: PersonId) -> Result<Leaving, StoreFailure> {
        let missing = || StoreFailure::Missing { noun: "person", given: id.to_string() };
        Ok(Leaving {
            person: self.person_or_leaver(id)?.ok_or_else(missing)?.0,
            owned: self.owned_by(id)?,
            approved: self.approved_and_not_begun(id)?,
            excepted_count: self.count_excepted_by(id)?,
            named_in: self.entries_naming(id)?,
        })
    }

    /// Removes a person, who is then known by id alone: the row stays for what points to it; name, accounts
    /// and tokens go, so that another may have them, as do the bodies that name them and their share in every
    /// charter. The last administrator stays.
    pub fn remove_person(&mut self, leaving: &Leaving, now: Instant) -> Result<(), StoreFailure> {
        let id = leaving.person.id;
        if self.person(id)?.is_some() {
            self.leaves_an_administrator(id)?;
        }
        for owned in &leaving.owned {
            self.set_charter(owned.id, &without(&owned.charter, id), now)?;
        }
        for entry in &leaving.named_in {
            self.execute("DELETE FROM bodies WHERE entry_id = $1", &[entry.as_str().into()])?;
        }
        self.touch_dismissed_by(id, now)?;
        self.touch_confirmed_by(id, now)?;
        self.touch_watching_person(id, now)?;
        self.forget_acknowledgement(id)?;
        self.forget_messages_to(id)?;
        self.end_tokens_of(id)?;
        self.unlink(id)?;
        self.touch_excepted_by(id, now)?;
        self.forget_in_directory(id)?;
        // No person who is there has a line break in their name: this one is never in another's way.
        let marked = format!("removed\n{id}");
        self.execute_on(
            ("person", id),
            "UPDATE people SET erased_us = $2, name = $3, local_uid = NULL, token_hash = NULL \
             WHERE person_id = $1 AND erased_us IS NULL",
            &[named(id), now.into(), marked.as_str().into()],
        )
    }

    /// Identities whose charter names this person as an owner, by name.
    fn owned_by(&mut self, id: PersonId) -> Result<Vec<IdentityRow>, StoreFailure> {
        let naming: Vec<IdentityId> = self.query(
            "identities",
            "SELECT identity_id FROM identities WHERE charter LIKE $1 ORDER BY name, identity_id",
            &[format!("%\"{id}\"%").into()],
            |row| row.parsed(0),
        )?;
        let mut owned = Vec::new();
        for identity in naming {
            let row = self.identity(identity)?;
            if owners(&row.charter).contains(&id) {
                owned.push(row);
            }
        }
        Ok(owned)
    }

    /// Plans that wait to begin on an approval of this person.
    fn approved_and_not_begun(&mut self, id: PersonId) -> Result<Vec<Approved>, StoreFailure> {
        self.query(
            "approvals",
            "SELECT p.plan_id, p.handle, p.principal_name FROM approvals a JOIN plans p ON p.plan_id = a.plan_id \
             WHERE a.person_id = $1 AND p.state = 'approved' ORDER BY p.plan_id",
            &[named(id)],
            |row| Ok(Approved { plan: row.parsed(0)?, handle: row.text(1)?, principal: row.text(2)? }),
        )
    }

    /// Entries whose body, as far as it is there, holds this person's name.
    fn entries_naming(&mut self, id: PersonId) -> Result<Vec<String>, StoreFailure> {
        let about = self.query(
            "entries",
            "SELECT e.entry_id, e.bytes FROM entry_subjects s JOIN entries e ON e.entry_id = s.entry_id \
             JOIN bodies b ON b.entry_id = e.entry_id WHERE s.subject = $1 ORDER BY e.entry_id",
            &[id.to_string().into()],
            |row| Ok((row.text(0)?, row.bytes(1)?)),
        )?;
        let names =
            |bytes: &[u8]| Entry::decode(bytes).is_ok_and(|entry| NAMING.contains(&entry.kind.as_str()));
        Ok(about.into_iter().filter(|(_, bytes)| names(bytes)).map(|(entry, _)| entry).collect())
    }

    pub(super) fn leaves_an_administrator(&mut self, without: PersonId) -> Result<(), StoreFailure> {
        let mut people = self.people()?.into_iter();
        if people.any(|person| person.id != without && person.role == Role::Administrator) {
            return Ok(());
        }
        let why = String::from("this is the last administrator; make somebody else one first");
        Err(StoreFailure::Conflict { why })
    }
}
