//! messages: people are told what waits for them, where they do not look.
//!
//! What waits is what their inbox says; the programme says when they are told (`tenure-judge/src/programme/messages.rs`). A
//! message is kept before it is sent, and tried until a mail server takes it or it is given up: at least once, never silently
//! not at all. It decides nothing, and whoever follows its link signs in. It must never hold a secret, or somebody else's address.
//! `write.rs` says what is told, `send.rs` sends it. Next: `crates/tenure-messages`, the mail itself.

mod send;
mod write;

pub use send::MessagesSent;

use crate::{
    Actor, Engine, EngineFailure,
    record::{By, Draft},
};
use serde::Serialize;
use std::time::Duration;
use tenure_messages::{Letter, MailAddress, MailChannel, MailSecurity};
use tenure_model::{DecisionRight, Instant, MessageId, MessageKind, Person, PersonId, printable};
use tenure_store::{
    StoreFailure, Tx,
    tables::messages::{MessageRow, MessagesMeant},
};

/// Characters of a name, at most.
const NAME_CHARS_MAX: usize = 80;
/// People whom mail reaches, at most.
const PEOPLE_MAX: usize = 10_000;
/// Test messages to one person within an hour, at most: nobody is flooded through us.
const TESTS_MAX: usize = 3;
const HOUR: Duration = Duration::from_hours(1);

/// How mail leaves this deployment.
#[derive(Debug, Clone)]
pub struct Mail {
    /// The mail server.
    pub channel: MailChannel,
    /// Where browsers reach the console, without a slash at its end.
    pub console: Option<String>,
}

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
    /// Of how many things.
    pub tells: usize,
    /// When it was written.
    pub created: Instant,
    /// How often it was tried.
    pub attempts: i64,
    /// When it is tried next; nothing once it was sent or given up.
    pub next: Option<Instant>,
    /// When a mail server took it.
    pub sent: Option<Instant>,
    /// When it was given up.
    pub given_up: Option<Instant>,
    /// Why the last try failed.
    pub why: Option<String>,
}

/// How mail leaves this deployment, as people read it: no password and no user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MailShown {
    /// The mail server.
    pub server: String,
    /// Its port.
    pub port: u16,
    /// How the line is encrypted: `starttls`, `tls` or `plain`.
    pub security: &'static str,
    /// From whom mail comes.
    pub from: String,
    /// Where links lead; nothing where messages have none.
    pub console: Option<String>,
}

fn shown(tx: &mut Tx<'_>, row: &MessageRow) -> Result<MessageShown, StoreFailure> {
    let to = tx.person(row.person)?.map(|person| printable(&person.name, NAME_CHARS_MAX));
    let waits = row.sent.is_none() && row.given_up.is_none();
    Ok(MessageShown {
        id: row.id,
        handle: row.id.handle(),
        to,
        kind: row.kind,
        tells: row.tells.len(),
        created: row.created,
        attempts: row.attempts,
        next: waits.then_some(row.next),
        sent: row.sent,
        given_up: row.given_up,
        why: row.why.clone(),
    })
}

/// A message that is to be tried at once.
fn to_send(
    id: MessageId,
    person: PersonId,
    kind: MessageKind,
    (tells, letter): (Vec<String>, &Letter),
    now: Instant,
) -> MessageRow {
    MessageRow {
        id,
        person,
        kind,
        tells,
        subject: Some(letter.subject().to_owned()),
        body: Some(letter.body().to_owned()),
        created: now,
        attempts: 0,
        next: now,
        sent: None,
        given_up: None,
        why: None,
    }
}

impl Engine {
    /// How mail leaves this deployment; nothing where no mail server is configured.
    pub fn mail_shown(&self) -> Option<MailShown> {
        let mail = self.mail.as_ref()?;
        Some(MailShown {
            server: mail.channel.host.clone(),
            port: mail.channel.port,
            security: match mail.channel.security {
                MailSecurity::StartTls => "starttls",
                MailSecurity::Tls => "tls",
                MailSecurity::Plain => "plain",
            },
            from: mail.channel.from.as_str().to_owned(),
            console: mail.console.clone(),
        })
    }

    /// Says where mail reaches somebody; nothing takes that away, and what waited to be sent there is given up when it is tried.
    pub async fn set_mail_address(
        &self,
        actor: Actor,
        name: &str,
        address: Option<&str>,
    ) -> Result<Person, EngineFailure> {
        let person = self.person_called(name).await?;
        let address = address.map(MailAddress::new).transpose();
        let address = address
            .map_err(|why| EngineFailure::Refused { why: format!("the address is not taken: {why}") })?;
        // Neither the entry nor its body holds the address: it goes with the person.
        let by = By::Person(actor, Some(DecisionRight::Configure));
        let draft = Draft::new("person.mail_set", by, person.id).flag("reached", address.is_some());
        let entry = self.entry(draft)?;
        let (now, id) = (self.clock.now(), person.id);
        let change = move |tx: &mut Tx<'_>| {
            let is_there = tx.person(id)?.is_some();
            let reached = tx.mail_people()?;
            if !is_there || (reached.len() >= PEOPLE_MAX && !reached.contains(&id)) {
                let why = if is_there {
                    format!("mail reaches {PEOPLE_MAX} people already, which is the most there may be")
                } else {
                    String::from("whoever that was has left meanwhile")
                };
                return Err(StoreFailure::Conflict { why });
            }
            tx.set_mail_address(id, address.as_ref().map(MailAddress::as_str), now)?;
            tx.entry(entry.clone())
        };
        self.write_as(actor, "set_mail_address", change).await?;
        Ok(person)
    }

    /// Where mail reaches somebody.
    pub async fn mail_address(&self, person: PersonId) -> Result<Option<String>, EngineFailure> {
        Ok(self.store.read("mail_address", move |tx| tx.mail_address(person)).await?)
    }

    /// Sends somebody a message now, to see whether messages reach them; what became of it is in the answer.
    pub async fn test_message(&self, actor: Actor, name: &str) -> Result<MessageShown, EngineFailure> {
        let person = self.person_called(name).await?;
        let refused = |why: String| Err(EngineFailure::Refused { why });
        if self.mail.is_none() {
            let why = "no mail server is configured: write a `[mail]` section into tenure.toml and start Tenure again";
            return refused(why.to_owned());
        }
        let letter = write::test_letter(self.mail.as_ref().and_then(|mail| mail.console.as_deref()));
        let (id, now) = (MessageId::new(self.clock.now(), self.random()?), self.clock.now());
        let row = to_send(id, person.id, MessageKind::Test, (Vec::new(), &letter), now);
        let entry = self.entry(
            Draft::new("message.asked", By::Person(actor, None), id).about(person.id).text("to", person.id),
        )?;
        let shown_name = printable(name, NAME_CHARS_MAX);
        let write = move |tx: &mut Tx<'_>| {
            if tx.mail_address(person.id)?.is_none() {
                let why = format!(
                    "nobody said where mail reaches `{shown_name}`: tenure people address {shown_name} --mail ADDRESS"
                );
                return Ok(Err(EngineFailure::Refused { why }));
            }
            let earlier = tx.messages_to(person.id, now.minus(HOUR))?;
            if earlier.iter().filter(|row| row.kind == MessageKind::Test).count() >= TESTS_MAX {
                let why =
                    format!("`{shown_name}` was sent {TESTS_MAX} test messages within an hour; wait a while");
                return Err(StoreFailure::Conflict { why });
            }
            tx.add_message(&row)?;
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

    /// Whom mail reaches who is there.
    async fn reached(&self) -> Result<Vec<Person>, EngineFailure> {
        let read = |tx: &mut Tx<'_>| {
            let mut people = Vec::new();
            for id in tx.mail_people()? {
                people.extend(tx.person(id)?);
            }
            Ok(people)
        };
        Ok(self.store.read("reached", read).await?)
    }
}
