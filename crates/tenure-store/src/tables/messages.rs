//! Messages: where they reach whom, what somebody is told, and whether it was sent.
//!
//! An address and a message are personal: they go with the person. What a message says is forgotten once it was sent or given
//! up. This file must never decide who is told. Next: `verbs/messages/` of the engine.

use crate::{
    Row, StoreFailure, Tx,
    value::{json, named},
};
use tenure_model::{Instant, MessageId, MessageKind, MessageWay, PersonId};

/// A message as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageRow {
    /// Its id.
    pub id: MessageId,
    /// To whom.
    pub person: PersonId,
    /// Why they are told.
    pub kind: MessageKind,
    /// By which way.
    pub way: MessageWay,
    /// Keys of what it tells of.
    pub tells: Vec<String>,
    /// Its subject, or all of it in a line; nothing once it was sent or given up.
    pub subject: Option<String>,
    /// What it says, as its way keeps it; nothing once it was sent or given up.
    pub body: Option<String>,
    /// When it was written.
    pub created: Instant,
    /// How often it was tried.
    pub attempts: i64,
    /// When it is tried next.
    pub next: Instant,
    /// When a mail server or a chat took it.
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
            "SELECT message_id, person_id, kind, way, tells, subject, body, created_us, attempts, next_us, sent_us, given_up_us, why \
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
        way: row.parsed(3)?,
        tells: row.json(4)?,
        subject: row.opt_text(5)?,
        body: row.opt_text(6)?,
        created: row.instant(7)?,
        attempts: row.number(8)?,
        next: row.instant(9)?,
        sent: row.opt_instant(10)?,
        given_up: row.opt_instant(11)?,
        why: row.opt_text(12)?,
    })
}

impl Tx<'_> {
    /// Says where messages reach somebody by a way: an address of theirs, or a chat's name; nothing takes that away.
    pub fn set_message_address(
        &mut self,
        (person, way): (PersonId, MessageWay),
        address: Option<&str>,
        now: Instant,
    ) -> Result<(), StoreFailure> {
        let Some(address) = address else {
            let sql = "DELETE FROM message_addresses WHERE person_id = $1 AND way = $2";
            self.execute(sql, &[named(person), named(way)])?;
            return Ok(());
        };
        self.execute(
            "INSERT INTO message_addresses (person_id, way, address, set_us) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (person_id, way) DO UPDATE SET address = excluded.address, set_us = excluded.set_us",
            &[named(person), named(way), address.into(), now.into()],
        )?;
        Ok(())
    }

    /// Where messages reach somebody by a way.
    pub fn message_address(
        &mut self,
        person: PersonId,
        way: MessageWay,
    ) -> Result<Option<String>, StoreFailure> {
        let sql = "SELECT address FROM message_addresses WHERE person_id = $1 AND way = $2";
        self.query_one("message_addresses", sql, &[named(person), named(way)], |row| row.text(0))
    }

    /// Whom messages reach by which way and where, those of one person together.
    pub fn message_addresses(&mut self) -> Result<Vec<(PersonId, MessageWay, String)>, StoreFailure> {
        let sql = "SELECT person_id, way, address FROM message_addresses ORDER BY person_id, way";
        self.query("message_addresses", sql, &[], |row| Ok((row.parsed(0)?, row.parsed(1)?, row.text(2)?)))
    }

    /// Keeps a message that is to be sent.
    pub fn add_message(&mut self, row: &MessageRow) -> Result<(), StoreFailure> {
        self.execute(
            "INSERT INTO messages (message_id, person_id, kind, way, tells, subject, body, created_us, attempts, next_us) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            &[
                named(row.id),
                named(row.person),
                named(row.kind),
                named(row.way),
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

    /// Puts the next try off, where whoever answered wants that; never nearer.
    pub fn put_off_message(&mut self, id: MessageId, next: Instant) -> Result<(), StoreFailure> {
        let sql = "UPDATE messages SET next_us = $2 WHERE message_id = $1 AND next_us < $2 AND sent_us IS NULL AND given_up_us IS NULL";
        self.execute(sql, &[named(id), next.into()])?;
        Ok(())
    }

    /// Writes down that it was taken, and forgets what it says.
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

    /// Forgets where messages reached somebody who leaves, and what they were told.
    pub(super) fn forget_messages_to(&mut self, person: PersonId) -> Result<(), StoreFailure> {
        self.execute("DELETE FROM messages WHERE person_id = $1", &[named(person)])?;
        self.execute("DELETE FROM message_addresses WHERE person_id = $1", &[named(person)])?;
        Ok(())
    }
}
