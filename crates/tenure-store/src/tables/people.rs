//! People: who may sign in, from which local account or with which token.
//!
//! Only the SHA-256 of a token comes here, never the token. Names are rows that can be erased; the
//! evidence log knows people by id alone.

use crate::{Row, StoreFailure, Tx, value::named};
use tenure_model::{Instant, Person, PersonId, printable};

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
        if self.person_named(&person.name)?.is_some() {
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
            "SELECT person_id, name, role, local_uid FROM people WHERE erased_us IS NULL ORDER BY name",
            &[],
            person,
        )
    }

    /// The person of a local account.
    pub fn person_of_uid(&mut self, uid: u32) -> Result<Option<Person>, StoreFailure> {
        self.query_one(
            "people",
            "SELECT person_id, name, role, local_uid FROM people WHERE local_uid = $1 AND erased_us IS NULL",
            &[uid.into()],
            person,
        )
    }

    /// The person of a name.
    pub fn person_named(&mut self, name: &str) -> Result<Option<Person>, StoreFailure> {
        self.query_one(
            "people",
            "SELECT person_id, name, role, local_uid FROM people WHERE name = $1 AND erased_us IS NULL",
            &[name.into()],
            person,
        )
    }

    /// The person of an id.
    pub fn person(&mut self, id: PersonId) -> Result<Option<Person>, StoreFailure> {
        self.query_one(
            "people",
            "SELECT person_id, name, role, local_uid FROM people WHERE person_id = $1 AND erased_us IS NULL",
            &[named(id)],
            person,
        )
    }

    /// The person whose token has this SHA-256.
    pub fn person_of_token(&mut self, token_hash: &[u8]) -> Result<Option<Person>, StoreFailure> {
        self.query_one(
            "people",
            "SELECT person_id, name, role, local_uid FROM people WHERE token_hash = $1 AND erased_us IS NULL",
            &[token_hash.to_vec().into()],
            person,
        )
    }

    /// Gives a person a token, replacing the former; only its SHA-256 is kept.
    pub fn set_token(&mut self, id: PersonId, token_hash: Option<Vec<u8>>) -> Result<(), StoreFailure> {
        self.execute_on(
            ("person", id),
            "UPDATE people SET token_hash = $2 WHERE person_id = $1",
            &[named(id), token_hash.into()],
        )
    }
}
