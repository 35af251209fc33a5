//! By which ways messages reach whom: mail, and chats that `tenure.toml` names.
//!
//! An administrator says where; where `tenure.toml` lets it, a directory says of its people. An address of mail is somebody's own; a chat is a room that others read too. Neither way's secrets are
//! shown: no password, no user, no address of a chat. Next: `write.rs`, what is told by which.

use crate::{
    Actor, Engine, EngineFailure,
    record::{By, Draft},
};
use serde::Serialize;
use std::{collections::BTreeMap, sync::Arc};
use tenure_messages::{ChatChannel, MailAddress, MailChannel, MailSecurity};
use tenure_model::{DecisionRight, MessageWay, Person, PersonId, printable};
use tenure_store::{StoreFailure, Tx};

/// People whom messages reach by one way, at most.
const PEOPLE_MAX: usize = 10_000;
/// Characters of a chat's name that is none, at most.
const NAME_CHARS_MAX: usize = 60;

/// How mail leaves this deployment.
#[derive(Debug, Clone)]
pub struct Mail {
    /// The mail server.
    pub channel: MailChannel,
    /// Whom no administrator gave an address is reached at the one that their directory gives.
    pub directory_addresses: bool,
    /// Where browsers reach the console, without a slash at its end.
    pub console: Option<String>,
}

/// A chat in which people may be told what waits for them.
#[derive(Debug)]
pub struct Chat {
    /// What it is called here.
    pub name: String,
    /// The way into it.
    pub channel: ChatChannel,
    /// Everybody who reads it may know what things are called, and why they are somebody's.
    pub details: bool,
    /// Where browsers reach the console, without a slash at its end.
    pub console: Option<String>,
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
    /// Whom no administrator gave an address is reached at the one that their directory gives.
    pub directory_addresses: bool,
    /// Where links lead; nothing where messages have none.
    pub console: Option<String>,
}

/// A chat as people read it: nothing of its address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChatShown {
    /// What it is called here.
    pub name: String,
    /// Whose form it reads: `slack` or `teams`.
    pub kind: &'static str,
    /// Names and reasons are told there.
    pub details: bool,
    /// How many people are told there.
    pub people: usize,
    /// Where buttons lead; nothing where messages have none.
    pub console: Option<String>,
}

/// One way by which somebody is told now.
#[derive(Debug, Clone)]
pub(super) enum WayOut {
    /// By mail.
    Mail,
    /// In this chat.
    Chat(Arc<Chat>),
}

/// Where messages reach somebody by a way: as an administrator said; of mail, where none did and that is allowed, as their directory
/// says.
pub(super) fn address_of(
    tx: &mut Tx<'_>,
    (person, way): (PersonId, MessageWay),
    by_directory: bool,
) -> Result<Option<String>, StoreFailure> {
    let said = tx.message_address(person, way)?;
    if said.is_some() || way != MessageWay::Mail || !by_directory {
        return Ok(said);
    }
    Ok(tx.directory_person(person)?.filter(|row| row.active).and_then(|row| mail_of(&row.resource)))
}

/// Where mail reaches people of a directory who are there, as it says.
pub(crate) fn directory_mail(tx: &mut Tx<'_>) -> Result<Vec<(PersonId, String)>, StoreFailure> {
    let all = tx.directory_resources(i64::try_from(PEOPLE_MAX).unwrap_or(i64::MAX))?;
    Ok(all.into_iter().filter_map(|(person, resource)| Some((person, mail_of(&resource)?))).collect())
}

/// The address among those that a directory gives (RFC 7643, 4.1.2): the primary one, else one of work, else the first; nothing where
/// that is none that mail can be sent to.
fn mail_of(resource: &str) -> Option<String> {
    let said: serde_json::Value = serde_json::from_str(resource).ok()?;
    let emails = said.get("emails")?.as_array()?;
    let is = |key: &'static str, wanted: serde_json::Value| {
        move |one: &&serde_json::Value| one.get(key) == Some(&wanted)
    };
    let one = emails.iter().find(is("primary", true.into()));
    let one = one.or_else(|| emails.iter().find(is("type", "work".into()))).or_else(|| emails.first())?;
    MailAddress::new(one.get("value")?.as_str()?).ok().map(|address| address.as_str().to_owned())
}

impl WayOut {
    pub(super) const fn way(&self) -> MessageWay {
        match self {
            Self::Mail => MessageWay::Mail,
            Self::Chat(_) => MessageWay::Chat,
        }
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
            directory_addresses: mail.directory_addresses,
            console: mail.console.clone(),
        })
    }

    /// The chats that are configured, in that order.
    pub async fn chats_shown(&self) -> Result<Vec<ChatShown>, EngineFailure> {
        let reached = self.store.read("chats", |tx| tx.message_addresses()).await?;
        let told = |name: &str| {
            reached.iter().filter(|(_, way, chat)| *way == MessageWay::Chat && chat == name).count()
        };
        let shown = |chat: &Arc<Chat>| ChatShown {
            name: chat.name.clone(),
            kind: chat.channel.kind().as_str(),
            details: chat.details,
            people: told(&chat.name),
            console: chat.console.clone(),
        };
        Ok(self.chats.iter().map(shown).collect())
    }

    /// The chat of this name that is configured.
    pub(super) fn chat(&self, name: &str) -> Option<&Arc<Chat>> {
        self.chats.iter().find(|chat| chat.name == name)
    }

    /// Says where mail reaches somebody; nothing takes that away, and what waited to be sent there is given up when it is tried.
    pub async fn set_mail_address(
        &self,
        actor: Actor,
        name: &str,
        address: Option<&str>,
    ) -> Result<Person, EngineFailure> {
        let address = address.map(MailAddress::new).transpose();
        let address = address
            .map_err(|why| EngineFailure::Refused { why: format!("the address is not taken: {why}") })?;
        // Neither the entry nor its body holds the address: it goes with the person.
        let draft = |draft: Draft| draft.flag("reached", address.is_some());
        let address = address.as_ref().map(|one| one.as_str().to_owned());
        self.set_way(actor, (name, MessageWay::Mail), address, draft).await
    }

    /// Says in which chat somebody is told; nothing takes that away.
    pub async fn set_chat(
        &self,
        actor: Actor,
        name: &str,
        chat: Option<&str>,
    ) -> Result<Person, EngineFailure> {
        if let Some(wanted) = chat
            && self.chat(wanted).is_none()
        {
            let known: Vec<&str> = self.chats.iter().map(|one| one.name.as_str()).collect();
            let there = match known.as_slice() {
                [] => String::from("it names none: write a `[[chats]]` section and start Tenure again"),
                names => format!("it names {}", names.join(", ")),
            };
            let wanted = printable(wanted, NAME_CHARS_MAX);
            let why = format!("tenure.toml names no chat `{wanted}`; {there}");
            return Err(EngineFailure::Refused { why });
        }
        let draft = |draft: Draft| match chat {
            Some(chat) => draft.flag("reached", true).text("chat", chat),
            None => draft.flag("reached", false),
        };
        self.set_way(actor, (name, MessageWay::Chat), chat.map(str::to_owned), draft).await
    }

    async fn set_way(
        &self,
        actor: Actor,
        (name, way): (&str, MessageWay),
        address: Option<String>,
        facts: impl FnOnce(Draft) -> Draft,
    ) -> Result<Person, EngineFailure> {
        let person = self.person_called(name).await?;
        let kind = match way {
            MessageWay::Mail => "person.mail_set",
            MessageWay::Chat => "person.chat_set",
        };
        let by = By::Person(actor, Some(DecisionRight::Configure));
        let entry = self.entry(facts(Draft::new(kind, by, person.id)))?;
        let (now, id) = (self.clock.now(), person.id);
        let change = move |tx: &mut Tx<'_>| {
            let is_there = tx.person(id)?.is_some();
            let reached = tx.message_addresses()?;
            let reached: Vec<PersonId> =
                reached.into_iter().filter(|(_, by, _)| *by == way).map(|(person, ..)| person).collect();
            if !is_there || (reached.len() >= PEOPLE_MAX && !reached.contains(&id)) {
                let why = if is_there {
                    format!("{way} reaches {PEOPLE_MAX} people already, which is the most there may be")
                } else {
                    String::from("whoever that was has left meanwhile")
                };
                return Err(StoreFailure::Conflict { why });
            }
            tx.set_message_address((id, way), address.as_deref(), now)?;
            tx.entry(entry.clone())
        };
        self.write_as(actor, kind, change).await?;
        Ok(person)
    }

    /// Where messages reach somebody by a way: an address of theirs, or a chat's name.
    pub async fn message_address(
        &self,
        person: PersonId,
        way: MessageWay,
    ) -> Result<Option<String>, EngineFailure> {
        let by_directory = self.directory_addresses();
        Ok(self.store.read("message_address", move |tx| address_of(tx, (person, way), by_directory)).await?)
    }

    /// Whether mail reaches people where their directory says, whom no administrator gave an address.
    pub(super) fn directory_addresses(&self) -> bool {
        self.mail.as_ref().is_some_and(|mail| mail.directory_addresses)
    }

    /// Refuses a way that is not configured.
    pub(super) fn refuse_unconfigured(&self, way: MessageWay) -> Result<(), EngineFailure> {
        let why = match way {
            MessageWay::Mail if self.mail.is_none() => {
                "no mail server is configured: write a `[mail]` section into tenure.toml and start Tenure again"
            }
            MessageWay::Chat if self.chats.is_empty() => {
                "no chat is configured: write a `[[chats]]` section into tenure.toml and start Tenure again"
            }
            MessageWay::Mail | MessageWay::Chat => return Ok(()),
        };
        Err(EngineFailure::Refused { why: why.to_owned() })
    }

    /// Whom messages reach who is there, with every way that is configured.
    pub(super) async fn reached(&self) -> Result<Vec<(Person, Vec<WayOut>)>, EngineFailure> {
        let by_directory = self.directory_addresses();
        let read = move |tx: &mut Tx<'_>| {
            let mut ways: BTreeMap<PersonId, Vec<(MessageWay, String)>> = BTreeMap::new();
            for (person, way, address) in tx.message_addresses()? {
                ways.entry(person).or_default().push((way, address));
            }
            if by_directory {
                for (person, address) in directory_mail(tx)? {
                    let known = ways.entry(person).or_default();
                    if !known.iter().any(|(way, _)| *way == MessageWay::Mail) {
                        known.push((MessageWay::Mail, address));
                    }
                }
            }
            let mut people = Vec::new();
            for (id, ways) in ways {
                people.extend(tx.person(id)?.map(|person| (person, ways)));
            }
            Ok(people)
        };
        let people = self.store.read("reached", read).await?;
        let out = |(way, address): &(MessageWay, String)| match way {
            MessageWay::Mail => self.mail.as_ref().map(|_| WayOut::Mail),
            MessageWay::Chat => self.chat(address).cloned().map(WayOut::Chat),
        };
        let reached =
            people.into_iter().map(|(person, ways)| (person, ways.iter().filter_map(out).collect()));
        Ok(reached.filter(|(_, ways): &(_, Vec<_>)| !ways.is_empty()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::mail_of;

    #[test]
    fn of_several_addresses_the_primary_one_counts_then_that_of_work_then_the_first() {
        let of = |emails: &str| mail_of(&format!("{{\"emails\": {emails}}}"));
        let (home, work) =
            (r#"{"value": "a@home.example"}"#, r#"{"value": "a@work.example", "type": "work"}"#);
        let primary = r#"{"value": "a@first.example", "primary": true}"#;
        assert_eq!(of(&format!("[{home}, {work}, {primary}]")).as_deref(), Some("a@first.example"));
        assert_eq!(of(&format!("[{home}, {work}]")).as_deref(), Some("a@work.example"));
        assert_eq!(of(&format!("[{home}]")).as_deref(), Some("a@home.example"));
        for none in [
            "[]",
            "{}",
            "[{}]",
            r#"[{"value": 3}]"#,
            r#"[{"value": "no address"}]"#,
            r#"[{"value": "a@b.example\\r\\nBcc: x@y.example"}]"#,
        ] {
            assert_eq!(of(none), None, "{none}");
        }
        assert_eq!((mail_of(""), mail_of("{}")), (None, None));
    }
}
