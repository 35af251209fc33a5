//! Links: by which account of an OpenID provider a person signs in.
//!
//! An account is known by issuer and subject, which never change hands. An e-mail address that an administrator named
//! beforehand stands until somebody signs in with it, verified, and is replaced by their subject then. Next: `people.rs`.

use crate::{Row, StoreFailure, Tx, value::named};
use serde::Serialize;
use tenure_model::{Instant, PersonId};

/// What an account is known by at its provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Whom {
    /// The provider's own name for it.
    Subject(String),
    /// An address that the provider must have verified, until the first sign-in.
    Email(String),
}

/// One link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LinkRow {
    /// Whose.
    pub person: PersonId,
    /// At which provider.
    pub issuer: String,
    /// Which account.
    #[serde(flatten)]
    pub whom: Whom,
    /// Since when.
    pub linked: Instant,
}

fn link(row: &Row<'_>) -> Result<LinkRow, StoreFailure> {
    let whom = match (row.opt_text(2)?, row.opt_text(3)?) {
        (Some(subject), _) => Whom::Subject(subject),
        // By the CHECK `links_say_whom` there is one of the two.
        (None, email) => Whom::Email(email.unwrap_or_default()),
    };
    Ok(LinkRow { person: row.parsed(0)?, issuer: row.text(1)?, whom, linked: row.instant(4)? })
}

impl Tx<'_> {
    /// Links an account to a person. One that is linked already is a conflict.
    pub fn link(&mut self, link: &LinkRow) -> Result<(), StoreFailure> {
        if self.linked(&link.issuer, &link.whom)?.is_some() {
            let why =
                String::from("this account of the provider is linked already, to them or to somebody else");
            return Err(StoreFailure::Conflict { why });
        }
        let (subject, email) = match &link.whom {
            Whom::Subject(subject) => (Some(subject.clone()), None),
            Whom::Email(email) => (None, Some(email.clone())),
        };
        self.execute(
            "INSERT INTO links (person_id, issuer, subject, email, linked_us) VALUES ($1, $2, $3, $4, $5)",
            &[
                named(link.person),
                link.issuer.as_str().into(),
                subject.into(),
                email.into(),
                link.linked.into(),
            ],
        )?;
        Ok(())
    }

    /// The person an account is linked to.
    pub fn linked(&mut self, issuer: &str, whom: &Whom) -> Result<Option<PersonId>, StoreFailure> {
        let (sql, whom) = match whom {
            Whom::Subject(subject) => {
                ("SELECT person_id FROM links WHERE issuer = $1 AND subject = $2", subject)
            }
            Whom::Email(email) => ("SELECT person_id FROM links WHERE issuer = $1 AND email = $2", email),
        };
        self.query_one("links", sql, &[issuer.into(), whom.as_str().into()], |row| row.parsed(0))
    }

    /// Replaces the address that somebody just signed in with by their subject.
    pub fn settle_link(
        &mut self,
        issuer: &str,
        email: &str,
        subject: &str,
        now: Instant,
    ) -> Result<(), StoreFailure> {
        self.execute(
            "UPDATE links SET subject = $3, email = NULL, linked_us = $4 WHERE issuer = $1 AND email = $2",
            &[issuer.into(), email.into(), subject.into(), now.into()],
        )
        .map(drop)
    }

    /// Accounts linked to a person, oldest first.
    pub fn links_of(&mut self, person: PersonId) -> Result<Vec<LinkRow>, StoreFailure> {
        self.query(
            "links",
            "SELECT person_id, issuer, subject, email, linked_us FROM links WHERE person_id = $1 \
             ORDER BY linked_us, issuer, subject, email",
            &[named(person)],
            link,
        )
    }

    /// Takes every link of a person away.
    pub fn unlink(&mut self, person: PersonId) -> Result<(), StoreFailure> {
        self.execute("DELETE FROM links WHERE person_id = $1", &[named(person)]).map(drop)
    }
}
