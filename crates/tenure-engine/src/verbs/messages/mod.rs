//! messages: people are told what waits for them, where they do not look.
//!
//! What waits is what their inbox says; the programme says when they are told (`tenure-judge/src/programme/messages.rs`). A
//! message is kept before it is sent, and tried until a mail server or a chat takes it or it is given up: at least once, never silently
//! not at all. It decides nothing, and whoever follows its link signs in. It must never hold a secret, or somebody else's address.
//! `ways.rs` says where it goes, `write.rs` what is told, `send.rs` sends it. Next: `crates/tenure-messages`, how it reads.

mod send;
mod ways;
mod write;

pub use send::MessagesSent;
pub(crate) use ways::directory_mail;
pub use ways::{Chat, ChatShown, Mail, MailShown};

use crate::{
    Actor, Engine, EngineFailure,
    record::{By, Draft},
};
use serde::Serialize;
use std::time::Duration;
use tenure_model::{Instant, MessageId, MessageKind, MessageWay, PersonId, printable};
use tenure_store::{
    StoreFailure, Tx,
    tables::messages::{MessageRow, MessagesMeant},
};

/// Characters of a name, at most.
const NAME_CHARS_MAX: usize = 80;
/// Test messages to one person within an hour, at most: nobody is flooded through us.
const TESTS_MAX: usize = 3;
const HOUR: Duration = Duration::from_hours(1);

/// A message as people read it. What it said is not shown: it was theirs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MessageShown {
    /// Its id.
    pub id: MessageId,
    /// The short form of it.
    pub handle: String,
    /// To whom, by name.
    pub to: Option<String>,
    /// Why they were told.
    pub kind: MessageKind,
    /// By which way.
    pub way: MessageWay,
    /// Of how many things.
    pub tells: usize,
    /// When it was written.
    pub created: Instant,
    /// How often it was tried.
    pub attempts: i64,
    /// When it is tried next; nothing once it was sent or given up.
    pub next: Option<Instant>,
    /// When a mail server or a chat took it.
    pub sent: Option<Instant>,
    /// When it was given up.
    pub given_up: Option<Instant>,
    /// Why the last try failed.
    pub why: Option<String>,
}

fn shown(tx: &mut Tx<'_>, row: &MessageRow) -> Result<MessageShown, StoreFailure> {
    let to = tx.person(row.person)?.map(|person| printable(&person.name, NAME_CHARS_MAX));
    let waits = row.sent.is_none() && row.given_up.is_none();
    Ok(MessageShown {
        id: row.id,
        handle: row.id.handle(),
        to,
        kind: row.kind,
        way: row.way,
        tells: row.tells.len(),
        created: row.created,
        attempts: row.attempts,
        next: waits.then_some(row.next),
        sent: row.sent,
        given_up: row.given_up,
        why: row.why.clone(),
    })
}

/// What a message says, as its way keeps it until it was sent: all of it in a line, and its text.
type Said = (String, String);

/// A message that is to be tried at once.
fn to_send(
    id: MessageId,
    (person, way): (PersonId, MessageWay),
    kind: MessageKind,
    (tells, (subject, body)): (Vec<String>, Said),
    now: Instant,
) -> MessageRow {
    MessageRow {
        id,
        person,
        kind,
        way,
        tells,
        subject: Some(subject),
        body: Some(body),
        created: now,
        attempts: 0,
        next: now,
        sent: None,
        given_up: None,
        why: None,
    }
}

impl Engine {
    /// Sends somebody a message now by a way, to see whether messages reach them; what became of it is in the answer.
    pub async fn test_message(
        &self,
        actor: Actor,
        name: &str,
        way: MessageWay,
    ) -> Result<MessageShown, EngineFailure> {
        let person = self.person_called(name).await?;
        self.refuse_unconfigured(way)?;
        let (id, now) = (MessageId::new(self.clock.now(), self.random()?), self.clock.now());
        let entry = self.entry(
            Draft::new("message.asked", By::Person(actor, None), id).about(person.id).text("to", person.id),
        )?;
        let said = match way {
            MessageWay::Mail => Some(self.test_by_mail()),
            MessageWay::Chat => self.test_in_chat(&person).await?,
        };
        let row = said.map(|said| to_send(id, (person.id, way), MessageKind::Test, (Vec::new(), said), now));
        let shown_name = printable(name, NAME_CHARS_MAX);
        let by_directory = self.directory_addresses();
        let write = move |tx: &mut Tx<'_>| {
            let address = ways::address_of(tx, (person.id, way), by_directory)?;
            let Some(row) = row.as_ref().filter(|_| address.is_some()) else {
                let option = if way == MessageWay::Mail { "--mail ADDRESS" } else { "--chat CHAT" };
                let why = match address {
                    Some(_) => format!("tenure.toml does not name the chat of `{shown_name}` any more"),
                    None => format!("nobody said where messages reach `{shown_name}` by {way}"),
                };
                let why = format!("{why}: tenure people address {shown_name} {option}");
                return Ok(Err(EngineFailure::Refused { why }));
            };
            let earlier = tx.messages_to(person.id, now.minus(HOUR))?;
            if earlier.iter().filter(|row| row.kind == MessageKind::Test).count() >= TESTS_MAX {
                let why =
                    format!("`{shown_name}` was sent {TESTS_MAX} test messages within an hour; wait a while");
                return Err(StoreFailure::Conflict { why });
            }
            tx.add_message(row)?;
            tx.entry(entry.clone()).map(Ok)
        };
        self.store.write("test_message", write).await??;
        self.deliver_messages().await?;
        let read = move |tx: &mut Tx<'_>| {
            let row = tx.message(id)?;
            let missing = || StoreFailure::Missing { noun: "message", given: id.to_string() };
            shown(tx, &row.ok_or_else(missing)?)
        };
        Ok(self.store.read("tested_message", read).await?)
    }

    /// Messages, the newest first, after `skip` of them.
    pub async fn messages(
        &self,
        meant: MessagesMeant,
        skip: u32,
        most: i64,
    ) -> Result<Vec<MessageShown>, EngineFailure> {
        let read = move |tx: &mut Tx<'_>| {
            let rows = tx.messages(meant, skip, most)?;
            rows.iter().map(|row| shown(tx, row)).collect::<Result<Vec<_>, _>>()
        };
        Ok(self.store.read("messages", read).await?)
    }
}
