//! Tickets of other systems, as they were last said to be, and which identity each names.
//!
//! A row is what somebody says (P0). It must never change what was observed; it only has identities judged again. Next:
//! `surveys.rs`, whose end says which sources were read since.

use crate::{Row, StoreFailure, Tx, value::named};
use serde::{Deserialize, Serialize};
use tenure_model::{IdentityId, Instant, SourceId, TicketState};

/// A ticket as it was last said to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketRow {
    /// Which system it is of, by a short name.
    pub system: String,
    /// Its key there: `OPS-117`.
    pub key: String,
    /// What it is about, in its words.
    pub title: String,
    /// Where people read it.
    pub url: Option<String>,
    /// What it says of itself.
    pub state: TicketState,
    /// When it was closed, by its own word.
    pub closed: Option<Instant>,
    /// What it names, in its words.
    pub names: String,
    /// The identity that is; nothing where that is none or several.
    pub identity: Option<IdentityId>,
    /// That identity's name.
    pub identity_name: Option<String>,
    /// Why it is none.
    pub unmatched: Option<String>,
    /// When the first survey began that read its source whole after it was closed.
    pub read_since: Option<Instant>,
    /// When it was first brought in.
    pub first_seen: Instant,
    /// When it was last brought in.
    pub seen: Instant,
    /// When its system said so, where it said that itself: nothing older is taken after.
    pub said: Option<Instant>,
}

/// Which tickets are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TicketsMeant {
    /// Closed, and something of what they name is there although its source was read whole since.
    SeenSince,
    /// Closed, and not read since.
    Unread,
    /// Closed, and naming nothing that is known.
    Unmatched,
    /// All of them.
    All,
}

macro_rules! tickets {
    () => {
        "SELECT t.system, t.ticket_key, t.title, t.url, t.state, t.closed_us, t.names, t.identity_id, i.name, t.unmatched, \
         t.read_us, t.first_us, t.seen_us, t.said_us FROM tickets t LEFT JOIN identities i ON i.identity_id = t.identity_id WHERE "
    };
}

macro_rules! last_closed_first {
    () => {
        " ORDER BY COALESCE(t.closed_us, 0) DESC, t.system, t.ticket_key "
    };
}

macro_rules! seen_since {
    () => {
        "t.state = 'closed' AND t.read_us IS NOT NULL AND EXISTS (SELECT 1 FROM principals p \
         JOIN sources s ON s.source_id = p.source_id WHERE p.identity_id = t.identity_id \
         AND p.presence = 'present' AND s.removed_us IS NULL)"
    };
}

macro_rules! page_of {
    ($wanted:expr) => {
        concat!(tickets!(), $wanted, last_closed_first!(), "LIMIT $2 OFFSET $1")
    };
}

impl TicketsMeant {
    const fn page(self) -> &'static str {
        match self {
            Self::SeenSince => page_of!(seen_since!()),
            Self::Unread => {
                page_of!("t.state = 'closed' AND t.identity_id IS NOT NULL AND t.read_us IS NULL")
            }
            Self::Unmatched => page_of!("t.state = 'closed' AND t.identity_id IS NULL"),
            Self::All => page_of!("1 = 1"),
        }
    }
}

fn ticket(row: &Row<'_>) -> Result<TicketRow, StoreFailure> {
    Ok(TicketRow {
        system: row.text(0)?,
        key: row.text(1)?,
        title: row.text(2)?,
        url: row.opt_text(3)?,
        state: row.parsed(4)?,
        closed: row.opt_instant(5)?,
        names: row.text(6)?,
        identity: row.opt_parsed(7)?,
        identity_name: row.opt_text(8)?,
        unmatched: row.opt_text(9)?,
        read_since: row.opt_instant(10)?,
        first_seen: row.instant(11)?,
        seen: row.instant(12)?,
        said: row.opt_instant(13)?,
    })
}

impl Tx<'_> {
    /// One ticket, if it was ever brought in.
    pub fn ticket(&mut self, system: &str, key: &str) -> Result<Option<TicketRow>, StoreFailure> {
        let sql = concat!(tickets!(), "t.system = $1 AND t.ticket_key = $2");
        self.query_one("tickets", sql, &[system.into(), key.into()], ticket)
    }

    /// Keeps what a ticket says now, and has the identities judged again that it named and names.
    pub fn put_ticket(&mut self, row: &TicketRow, now: Instant) -> Result<(), StoreFailure> {
        let before = self.ticket(&row.system, &row.key)?.and_then(|before| before.identity);
        self.execute(
            "INSERT INTO tickets (system, ticket_key, title, url, state, closed_us, names, identity_id, unmatched, read_us, \
             first_us, seen_us, said_us) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) \
             ON CONFLICT (system, ticket_key) DO UPDATE SET title = excluded.title, url = excluded.url, state = excluded.state, \
             closed_us = excluded.closed_us, names = excluded.names, identity_id = excluded.identity_id, \
             unmatched = excluded.unmatched, read_us = excluded.read_us, seen_us = excluded.seen_us, said_us = excluded.said_us",
            &[
                row.system.as_str().into(),
                row.key.as_str().into(),
                row.title.as_str().into(),
                row.url.clone().into(),
                named(row.state),
                row.closed.into(),
                row.names.as_str().into(),
                row.identity.map(|id| id.to_string()).into(),
                row.unmatched.clone().into(),
                row.read_since.into(),
                row.first_seen.into(),
                row.seen.into(),
                row.said.into(),
            ],
        )?;
        for identity in before.into_iter().chain(row.identity) {
            self.touch(identity, now)?;
        }
        Ok(())
    }

    /// Tickets of those meant, closed last first, then by system and key; after `skip` rows.
    pub fn tickets(
        &mut self,
        meant: TicketsMeant,
        skip: i64,
        most: i64,
    ) -> Result<Vec<TicketRow>, StoreFailure> {
        self.query("tickets", meant.page(), &[skip.into(), most.into()], ticket)
    }

    /// How many closed tickets name what is there although its source was read whole since.
    pub fn count_tickets_seen_since(&mut self) -> Result<i64, StoreFailure> {
        let sql = concat!("SELECT COUNT(*) FROM tickets t WHERE ", seen_since!());
        Ok(self.query_one("tickets", sql, &[], |row| row.number(0))?.unwrap_or_default())
    }

    /// Tickets that name this identity, closed last first, at most 50.
    pub fn tickets_of(&mut self, identity: IdentityId) -> Result<Vec<TicketRow>, StoreFailure> {
        let sql = concat!(tickets!(), "t.identity_id = $1", last_closed_first!(), "LIMIT 50");
        self.query("tickets", sql, &[named(identity)], ticket)
    }

    /// A survey read this source whole: tickets closed before it began are held against what it saw. Answers those that now are.
    pub fn read_since_closed(
        &mut self,
        source: SourceId,
        now: Instant,
    ) -> Result<Vec<TicketRow>, StoreFailure> {
        let mut read_now = Vec::new();
        let held: Vec<(String, String, IdentityId, Instant)> = self.query(
            "tickets",
            "SELECT t.system, t.ticket_key, t.identity_id, t.closed_us FROM tickets t WHERE t.state = 'closed' \
             AND t.read_us IS NULL AND t.identity_id IS NOT NULL AND t.closed_us IS NOT NULL AND EXISTS (SELECT 1 \
             FROM principals p WHERE p.identity_id = t.identity_id AND p.source_id = $1)",
            &[named(source)],
            |row| Ok((row.text(0)?, row.text(1)?, row.parsed(2)?, row.instant(3)?)),
        )?;
        for (system, key, identity, closed) in held {
            let Some(read) = self.read_whole_after(identity, closed)? else { continue };
            self.execute(
                "UPDATE tickets SET read_us = $3 WHERE system = $1 AND ticket_key = $2",
                &[system.as_str().into(), key.as_str().into(), read.into()],
            )?;
            self.touch(identity, now)?;
            read_now.extend(self.ticket(&system, &key)?);
        }
        Ok(read_now)
    }

    /// When the first survey after an instant began, of each source that an identity is at; nothing before all of them
    /// were read whole, and else the last of these.
    pub fn read_whole_after(
        &mut self,
        identity: IdentityId,
        at: Instant,
    ) -> Result<Option<Instant>, StoreFailure> {
        let began: Vec<Option<Instant>> = self.query(
            "surveys",
            "SELECT (SELECT MIN(v.started_us) FROM surveys v WHERE v.source_id = p.source_id \
             AND v.state IN ('complete', 'accepted') AND v.started_us > $2) \
             FROM (SELECT DISTINCT source_id FROM principals WHERE identity_id = $1) AS p",
            &[named(identity), at.into()],
            |row| row.opt_instant(0),
        )?;
        let all: Option<Vec<Instant>> = began.into_iter().collect();
        Ok(all.and_then(|all| all.into_iter().max()))
    }
}
