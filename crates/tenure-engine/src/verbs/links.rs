//! Links: which account of an OpenID provider is which person. An administrator says so.
//!
//! Nobody becomes a person here by what a provider says of them alone, never by a name, and by an e-mail address only when
//! an administrator named it and the provider verified it. A subject and an address are personal data: they stand in the
//! body of an entry, which goes with the person. Next: `people.rs`.

use crate::{
    Actor, Engine, EngineFailure,
    record::{By, Draft},
};
use tenure_model::{DecisionRight, Person, PersonId, printable};
use tenure_store::{
    StoreFailure, Tx,
    tables::links::{LinkRow, Whom},
};

/// Characters of a subject, at most (OpenID Connect Core 1.0, section 2: 255 of ASCII).
const SUBJECT_CHARS_MAX: usize = 255;
/// Characters of an address, at most (RFC 5321).
const EMAIL_CHARS_MAX: usize = 254;
/// Accounts linked to one person, at most.
const LINKS_MAX: usize = 8;

fn refused<T>(why: &str) -> Result<T, EngineFailure> {
    Err(EngineFailure::Refused { why: why.to_owned() })
}

/// An address as it is compared: letters of ASCII alike.
fn comparable(email: &str) -> String {
    email.trim().to_ascii_lowercase()
}

fn checked(whom: Whom) -> Result<Whom, EngineFailure> {
    match whom {
        Whom::Subject(subject) => {
            let is_ascii = subject.chars().all(|letter| letter.is_ascii_graphic() || letter == ' ');
            if subject.is_empty() || subject.len() > SUBJECT_CHARS_MAX || !is_ascii {
                return refused("a subject has 1 to 255 characters of ASCII, as the provider writes it");
            }
            Ok(Whom::Subject(subject))
        }
        Whom::Email(email) => {
            let email = comparable(&email);
            let parts =
                email.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.'));
            if !parts || email.len() > EMAIL_CHARS_MAX || printable(&email, EMAIL_CHARS_MAX) != email {
                return refused("an e-mail address looks like name@example.com");
            }
            Ok(Whom::Email(email))
        }
    }
}

fn in_body(whom: &Whom) -> serde_json::Value {
    match whom {
        Whom::Subject(subject) => serde_json::json!({ "subject": subject }),
        Whom::Email(email) => serde_json::json!({ "email": email }),
    }
}

impl Engine {
    /// Links an account of a provider to a person, who signs in by it from then on.
    pub async fn link_person(
        &self,
        actor: Actor,
        name: &str,
        (issuer, whom): (String, Whom),
    ) -> Result<LinkRow, EngineFailure> {
        let person = self.person_called(name).await?.id;
        let link = LinkRow { person, issuer, whom: checked(whom)?, linked: self.clock.now() };
        let by = By::Person(actor, Some(DecisionRight::Configure));
        let draft = Draft::new("person.linked", by, person).text("issuer", &link.issuer);
        let entry = self.entry(draft.body(in_body(&link.whom)))?;
        let linked = link.clone();
        let change = move |tx: &mut Tx<'_>| {
            if tx.links_of(person)?.len() >= LINKS_MAX {
                let why = format!("they have {LINKS_MAX} links already; take them away first");
                return Err(StoreFailure::Conflict { why });
            }
            tx.link(&linked)?;
            tx.entry(entry.clone())
        };
        self.write_as(actor, "link_person", change).await?;
        Ok(link)
    }

    /// Takes every link of a person away. One who has none is missing it.
    pub async fn unlink_person(&self, actor: Actor, name: &str) -> Result<PersonId, EngineFailure> {
        let person = self.person_called(name).await?.id;
        let by = By::Person(actor, Some(DecisionRight::Configure));
        let links = self.links_of(person).await?;
        let were: Vec<_> = links.iter().map(|link| in_body(&link.whom)).collect();
        let body = serde_json::json!({ "were": were });
        let entry = self.entry(Draft::new("person.unlinked", by, person).body(body))?;
        let given = printable(name, 60);
        let change = move |tx: &mut Tx<'_>| {
            let found = tx.links_of(person)?;
            if found.is_empty() {
                return Err(StoreFailure::Missing { noun: "link for", given: given.clone() });
            }
            if found != links {
                let why = String::from("their links were changed meanwhile; try again");
                return Err(StoreFailure::Conflict { why });
            }
            tx.unlink(person)?;
            tx.entry(entry.clone())
        };
        self.write_as(actor, "unlink_person", change).await?;
        Ok(person)
    }

    /// Accounts linked to a person, oldest first.
    pub async fn links_of(&self, person: PersonId) -> Result<Vec<LinkRow>, EngineFailure> {
        Ok(self.store.read("links_of", move |tx| tx.links_of(person)).await?)
    }

    /// The person an account is linked to. An address that was named beforehand finds its person once, when the
    /// provider verified it: from then on the subject counts.
    pub async fn person_linked(
        &self,
        issuer: &str,
        subject: &str,
        verified_email: Option<&str>,
    ) -> Result<Option<Person>, EngineFailure> {
        let known = (issuer.to_owned(), Whom::Subject(subject.to_owned()));
        let found = self.store.read("person_linked", move |tx| match tx.linked(&known.0, &known.1)? {
            Some(person) => tx.person(person),
            None => Ok(None),
        });
        if let Some(person) = found.await? {
            return Ok(Some(person));
        }
        let Some(email) = verified_email.map(comparable) else { return Ok(None) };
        let (issuer, subject) = (issuer.to_owned(), checked(Whom::Subject(subject.to_owned()))?);
        let (at, by_email) = (issuer.clone(), Whom::Email(email.clone()));
        let Some(person) = self.store.read("linked", move |tx| tx.linked(&at, &by_email)).await? else {
            return Ok(None);
        };
        let draft = Draft::new("person.link_found", By::Tenure, person).text("issuer", &issuer);
        let entry = self.entry(draft.body(in_body(&subject)))?;
        let now = self.clock.now();
        let settle = move |tx: &mut Tx<'_>| {
            // Somebody else may have come first, or an administrator have changed their mind.
            let stands = tx.linked(&issuer, &Whom::Email(email.clone()))? == Some(person);
            let Whom::Subject(name) = &subject else { return Ok(None) };
            if !stands || tx.linked(&issuer, &subject)?.is_some() {
                return Ok(None);
            }
            tx.settle_link(&issuer, &email, name, now)?;
            tx.entry(entry.clone())?;
            tx.person(person)
        };
        Ok(self.store.write("settle_link", settle).await?)
    }
}
