//! Messages: whom mail reaches where, what somebody is told, and whether it was sent.
//!
//! An address and a message are personal: they go with the person. What a message says is forgotten once it was sent or given
//! up. This file must never decide who is told. Next: `verbs/messages/` of the engine.

use crate::{
    Row, StoreFailure, Tx,
    value::{json, named},
};
use tenure_model::{Instant, MessageId, MessageKind, PersonId};

/// A message as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageRow {
    /// Its id.
    pub id: MessageId,
    /// To whom.
    pub person: PersonId,
    /// Why they are told.
    pub kind: MessageKind,
    /// Keys of what it tells of.
    pub tells: Vec<String>,
    /// Its subject; nothing once it was sent or given up.
    pub subject: Option<String>,
    /// What it says; nothing once it was sent or given up.
    pub body: Option<String>,
    /// When it was written.
    pub created: Instant,
    /// How often it was tried.
    pub attempts: i64,
    /// When it is tried next.
    pub next: Instant,
    /// When a mail server took it.
    pub sent: Option<Instant>,
    /// When it was given up.
    pub given_up: Option<Instant>,
    /// Why the last try failed.
    pub why: Option<String>,
}

/// Which messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessagesMeant {
    /// All that are kept.
    All,
    /// Those that wait, and those that were given up.
    NotSent,
}

macro_rules! select_messages {
    ($rest:literal) => {
        concat!(
            "SELECT message_id, person_id, kind, tells, subject, body, created_us, attempts, next_us, sent_us, given_up_us, why \
             FROM messages ",
            $rest
        )
    };
}

fn message(row: &Row<'_>) -> Result<MessageRow, StoreFailure> {
    Ok(MessageRow {
        id: row.parsed(0)?,
        person: row.parsed(1)?,
        kind: row.parsed(2)?,
        tells: row.json(3)?,
        subject: row.opt_text(4)?,
        body: row.opt_text(5)?,
        created: row.instant(6)?,
        attempts: row.number(7)?,
        next: row.instant(8)?,
        sent: row.opt_instant(9)?,
        given_up: row.opt_instant(10)?,
        why: row.opt_text(11)?,
    })
}

impl Tx<'_> {
    /// Says where mail reaches somebody; nothing takes that away.
    pub fn set_mail_address(
        &mut self,
        person: PersonId,
        address: Option<&str>,
        now: Instant,
    ) -> Result<(), StoreFailure> {
        let Some(address) = address else {
            self.execute("DELETE FROM mail_addresses WHERE person_id = $1", &[named(person)])?;
            return Ok(());
        };
        self.execute(
            "INSERT INTO mail_addresses (person_id, address, set_us) VALUES ($1, $2, $3) \
             ON CONFLICT (person_id) DO UPDATE SET address = excluded.address, set_us = excluded.set_us",
            &[named(person), address.into(), now.into()],
        )?;
        Ok(())
    }

    /// Where mail reaches somebody.
    pub fn mail_address(&mut self, person: PersonId) -> Result<Option<String>, StoreFailure> {
        let sql = "SELECT address FROM mail_addresses WHERE person_id = $1";
        self.query_one("mail_addresses", sql, &[named(person)], |row| row.text(0))
    }

    /// Whom mail reaches, in no order that means anything.
    pub fn mail_people(&mut self) -> Result<Vec<PersonId>, StoreFailure> {
        let sql = "SELECT person_id FROM mail_addresses ORDER BY person_id";
        self.query("mail_addresses", sql, &[], |row| row.parsed(0))
    }

    /// Keeps a message that is to be sent.
    pub fn add_message(&mut self, row: &MessageRow) -> Result<(), StoreFailure> {
        self.execute(
            "INSERT INTO messages (message_id, person_id, kind, tells, subject, body, created_us, attempts, next_us) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            &[
                named(row.id),
                named(row.person),
                named(row.kind),
                json(&row.tells)?,
                row.subject.as_deref().into(),
                row.body.as_deref().into(),
                row.created.into(),
                row.attempts.into(),
                row.next.into(),
            ],
        )?;
        Ok(())
    }

    /// Messages to somebody since an instant, the newest first.
    pub fn messages_to(&mut self, person: PersonId, since: Instant) -> Result<Vec<MessageRow>, StoreFailure> {
        let sql = select_messages!(
            "WHERE person_id = $1 AND created_us >= $2 ORDER BY created_us DESC, message_id DESC"
        );
        self.query("messages", sql, &[named(person), since.into()], message)
    }

    /// One message.
    pub fn message(&mut self, id: MessageId) -> Result<Option<MessageRow>, StoreFailure> {
        self.query_one("messages", select_messages!("WHERE message_id = $1"), &[named(id)], message)
    }

    /// Messages that are to be tried, those that wait longest first.
    pub fn messages_due(&mut self, now: Instant, most: i64) -> Result<Vec<MessageRow>, StoreFailure> {
        let sql = select_messages!(
            "WHERE sent_us IS NULL AND given_up_us IS NULL AND next_us <= $1 ORDER BY next_us, message_id LIMIT $2"
        );
        self.query("messages", sql, &[now.into(), most.into()], message)
    }

    /// Messages, the newest first, after `skip` of them.
    pub fn messages(
        &mut self,
        meant: MessagesMeant,
        skip: u32,
        most: i64,
    ) -> Result<Vec<MessageRow>, StoreFailure> {
        let sql = match meant {
            MessagesMeant::All => {
                select_messages!("ORDER BY created_us DESC, message_id DESC LIMIT $1 OFFSET $2")
            }
            MessagesMeant::NotSent => select_messages!(
                "WHERE sent_us IS NULL ORDER BY created_us DESC, message_id DESC LIMIT $1 OFFSET $2"
            ),
        };
        self.query("messages", sql, &[most.into(), skip.into()], message)
    }

    /// How many were given up since an instant, and why the last was.
    pub fn messages_given_up(&mut self, since: Instant) -> Result<(i64, Option<String>), StoreFailure> {
        let sql = "SELECT COUNT(*) FROM messages WHERE given_up_us >= $1";
        let count = self.query_one("messages", sql, &[since.into()], |row| row.number(0))?.unwrap_or(0);
        let sql = "SELECT why FROM messages WHERE given_up_us >= $1 ORDER BY given_up_us DESC, message_id DESC LIMIT 1";
        let why = self.query_one("messages", sql, &[since.into()], |row| row.opt_text(0))?.flatten();
        Ok((count, why))
    }

    /// Writes down that a message is tried now, before it is: who is stopped meanwhile tries again at `next`.
    pub fn try_message(&mut self, row: &MessageRow, next: Instant) -> Result<bool, StoreFailure> {
        let changed = self.execute(
            "UPDATE messages SET attempts = attempts + 1, next_us = $2 WHERE message_id = $1 AND attempts = $3 \
             AND sent_us IS NULL AND given_up_us IS NULL",
            &[named(row.id), next.into(), row.attempts.into()],
        )?;
        Ok(changed > 0)
    }

    /// Writes down that a mail server took it, and forgets what it says.
    pub fn message_sent(&mut self, id: MessageId, now: Instant) -> Result<bool, StoreFailure> {
        let changed = self.execute(
            "UPDATE messages SET sent_us = $2, subject = NULL, body = NULL, why = NULL WHERE message_id = $1 AND sent_us IS NULL",
            &[named(id), now.into()],
        )?;
        Ok(changed > 0)
    }

    /// Writes down why it was not sent; with `given_up`, what it says is forgotten.
    pub fn message_failed(
        &mut self,
        id: MessageId,
        why: &str,
        given_up: Option<Instant>,
    ) -> Result<bool, StoreFailure> {
        let changed = match given_up {
            None => self.execute(
                "UPDATE messages SET why = $2 WHERE message_id = $1 AND sent_us IS NULL",
                &[named(id), why.into()],
            )?,
            Some(at) => self.execute(
                "UPDATE messages SET why = $2, given_up_us = $3, subject = NULL, body = NULL \
                 WHERE message_id = $1 AND sent_us IS NULL AND given_up_us IS NULL",
                &[named(id), why.into(), at.into()],
            )?,
        };
        Ok(changed > 0)
    }

    /// Forgets messages that were settled before an instant.
    pub fn forget_messages(&mut self, before: Instant) -> Result<(), StoreFailure> {
        let sql =
            "DELETE FROM messages WHERE created_us < $1 AND (sent_us IS NOT NULL OR given_up_us IS NOT NULL)";
        self.execute(sql, &[before.into()])?;
        Ok(())
    }

    /// Forgets where mail reached somebody who leaves, and what they were told.
    pub(super) fn forget_mail(&mut self, person: PersonId) -> Result<(), StoreFailure> {
        self.execute("DELETE FROM messages WHERE person_id = $1", &[named(person)])?;
        self.execute("DELETE FROM mail_addresses WHERE person_id = $1", &[named(person)])?;
        Ok(())
    }
}
