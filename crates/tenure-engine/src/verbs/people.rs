//! People: adding them, giving them tokens, and drawing what opens a session.
//!
//! Only the hash of a token is kept; the token itself is handed over once. A name is personal
//! data: it stands in the body of an entry, never in the entry. Next: `own.rs`.

use crate::{
    Actor, Engine, EngineFailure,
    record::{By, Draft},
};
use tenure_model::{DecisionRight, Person, PersonId, Role, Secret};
use tenure_store::StoreFailure;

/// Characters of a person's name, at most.
const NAME_CHARS_MAX: usize = 80;
/// One-time codes have this many digits, about 40 bits.
const CODE_DIGITS: usize = 12;

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
        self.store
            .write("add_person", move |tx| {
                tx.add_person(&added, now)?;
                tx.entry(entry.clone())
            })
            .await?;
        Ok(person)
    }

    /// Gives a person a new bearer token, replacing the former. It is handed over once.
    pub async fn issue_token(&self, actor: Actor, name: &str) -> Result<Secret<String>, EngineFailure> {
        let wanted = name.to_owned();
        let found = self.store.read("person_named", move |tx| tx.person_named(&wanted)).await?;
        let Some(person) = found else {
            let given = tenure_model::printable(name, 60);
            return Err(StoreFailure::Missing { noun: "person", given }.into());
        };
        let token = self.draw_token()?;
        let hash = token_hash(&token).to_vec();
        let entry = self.entry(Draft::new(
            "person.token_issued",
            By::Person(actor, Some(DecisionRight::Configure)),
            person.id,
        ))?;
        self.store
            .write("issue_token", move |tx| {
                tx.set_token(person.id, Some(hash.clone()))?;
                tx.entry(entry.clone())
            })
            .await?;
        Ok(token)
    }

    /// The person who holds a bearer token.
    pub async fn person_of_token(&self, token: &Secret<String>) -> Result<Option<Person>, EngineFailure> {
        let hash = token_hash(token);
        Ok(self.store.read("person_of_token", move |tx| tx.person_of_token(&hash)).await?)
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

fn check_name(name: &str) -> Result<(), EngineFailure> {
    let why = if name.is_empty() {
        "a person needs a name"
    } else if name.chars().count() > NAME_CHARS_MAX {
        "a person's name has at most 80 characters"
    } else if tenure_model::printable(name, NAME_CHARS_MAX) != name {
        "a person's name has no control characters and no marks that turn the reading direction"
    } else {
        return Ok(());
    };
    Err(EngineFailure::Refused { why: why.to_owned() })
}
