//! Sending what was written: each try is written down before it is made, so that whoever is stopped in the middle tries again.
//!
//! What a mail server or a chat took just before we were stopped is sent twice; a mail under the same message id. It must never try
//! what cannot pass for ever. Next: `crates/tenure-messages/src/mail.rs`, `chat.rs`.

use super::ways::address_of;
use crate::{
    Engine, EngineFailure,
    record::{By, Draft},
};
use std::time::Duration;
use tenure_messages::{Letter, MailAddress, Notice};
use tenure_model::{Instant, MessageId, MessageWay, PersonId};
use tenure_store::{StoreFailure, Tx, tables::messages::MessageRow};

/// Messages that are sent before it is written down that they were, at most: so many are sent twice after a crash.
const ROUND_MAX: i64 = 10;
/// Rounds at one time, at most.
const ROUNDS_MAX: usize = 100;
/// The first wait after a failure; each next one is twice as long.
const FIRST_WAIT: Duration = Duration::from_mins(1);
const LONGEST_WAIT: Duration = Duration::from_hours(6);
/// How long a message is tried.
const TRIED_FOR: Duration = Duration::from_hours(72);

/// What became of one round.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MessagesSent {
    /// A mail server or a chat took them.
    pub sent: u32,
    /// They are tried again.
    pub again: u32,
    /// They were given up.
    pub given_up: u32,
}

/// Why one try did not go well.
struct Failed {
    /// In words of ours.
    why: String,
    /// Trying again without changing anything may help.
    may_pass: bool,
    /// How long whoever answered wants to be left alone.
    after: Option<Duration>,
}

impl Failed {
    const fn for_good(why: String) -> Self {
        Self { why, may_pass: false, after: None }
    }

    /// What `tenure.toml` does not name now, it may name again.
    const fn for_now(why: String) -> Self {
        Self { why, may_pass: true, after: None }
    }
}

/// When a message is tried next, if this try, from 0, does not go well.
fn next_try(now: Instant, attempts: i64) -> Instant {
    let doublings = u32::try_from(attempts.clamp(0, 20)).unwrap_or(20);
    now.plus(FIRST_WAIT.saturating_mul(1 << doublings).min(LONGEST_WAIT))
}

impl Engine {
    /// Sends what waits to be sent.
    pub async fn deliver_messages(&self) -> Result<MessagesSent, EngineFailure> {
        let mut all = MessagesSent::default();
        if self.mail.is_none() && self.chats.is_empty() {
            return Ok(all);
        }
        for _ in 0..ROUNDS_MAX {
            let round = self.deliver_round().await?;
            if round == MessagesSent::default() {
                break;
            }
            all.sent += round.sent;
            all.again += round.again;
            all.given_up += round.given_up;
        }
        Ok(all)
    }

    async fn deliver_round(&self) -> Result<MessagesSent, EngineFailure> {
        let (mut round, now) = (MessagesSent::default(), self.clock.now());
        let due = self.store.read("messages_due", move |tx| tx.messages_due(now, ROUND_MAX)).await?;
        let mut sent: Vec<(MessageId, PersonId)> = Vec::new();
        for row in due {
            let (id, person) = (row.id, row.person);
            match self.deliver(row).await? {
                Some(Ok(())) => sent.push((id, person)),
                Some(Err(true)) => round.again += 1,
                Some(Err(false)) => round.given_up += 1,
                None => {}
            }
        }
        round.sent = u32::try_from(sent.len()).unwrap_or(u32::MAX);
        let Some((first, _)) = sent.first() else { return Ok(round) };
        // One entry for all of a round, with ids alone; and what they said is forgotten with it.
        let mut draft = Draft::new("message.sent", By::Tenure, first).number("count", round.sent.into());
        for (id, person) in &sent {
            draft = draft.about(id).about(person);
        }
        let (entry, now) = (self.entry(draft)?, self.clock.now());
        let write = move |tx: &mut Tx<'_>| {
            for (id, _) in &sent {
                tx.message_sent(*id, now)?;
            }
            tx.entry(entry.clone())
        };
        self.store.write("messages_sent", write).await?;
        Ok(round)
    }

    /// Tries one message. `Some(Ok)`: sent; `Some(Err(true))`: it is tried again; `Some(Err(false))`: it was given up;
    /// nothing where somebody else tries it.
    async fn deliver(&self, row: MessageRow) -> Result<Option<Result<(), bool>>, EngineFailure> {
        let now = self.clock.now();
        let (tried, by_directory) = (row.clone(), self.directory_addresses());
        let claim = move |tx: &mut Tx<'_>| {
            let is_ours = tx.try_message(&tried, next_try(now, tried.attempts))?;
            let is_there = tx.person(tried.person)?.is_some();
            let way = (tried.person, tried.way);
            let address = if is_there { address_of(tx, way, by_directory)? } else { None };
            Ok(is_ours.then_some(address))
        };
        let Some(address) = self.store.write("try_message", claim).await? else { return Ok(None) };
        let answered = match address {
            None => {
                Err(Failed::for_good(String::from("nobody says any more where messages reach them by it")))
            }
            Some(address) => match row.way {
                MessageWay::Mail => self.by_mail(&row, &address).await,
                MessageWay::Chat => self.in_chat(&row, &address).await,
            },
        };
        let Err(Failed { why, may_pass, after }) = answered else { return Ok(Some(Ok(()))) };
        let again = may_pass && row.created.plus(TRIED_FOR) > now;
        tracing::warn!(message = %row.id, way = %row.way, %why, again, "a message was not sent");
        let put_off = after.map(|after| now.plus(after.min(LONGEST_WAIT)));
        self.not_sent(&row, why, if again { Ok(put_off) } else { Err(now) }).await?;
        Ok(Some(Err(again)))
    }

    async fn by_mail(&self, row: &MessageRow, address: &str) -> Result<(), Failed> {
        let mail = self.mail.as_ref();
        let mail = mail.ok_or_else(|| Failed::for_now(String::from("no mail server is configured")))?;
        let to = MailAddress::new(address).map_err(|why| Failed::for_good(why.to_string()))?;
        let (subject, body) = (row.subject.clone(), row.body.clone());
        let lines: Vec<String> = body.unwrap_or_default().lines().map(str::to_owned).collect();
        let letter = Letter::new(&subject.unwrap_or_default(), &lines);
        let answered = mail.channel.send(&to, &row.id.to_string(), row.created, &letter).await;
        answered.map_err(|failed| Failed {
            why: failed.to_string(),
            may_pass: failed.may_pass(),
            after: None,
        })
    }

    async fn in_chat(&self, row: &MessageRow, name: &str) -> Result<(), Failed> {
        let missing = || Failed::for_now(format!("tenure.toml names no chat `{name}`"));
        let chat = self.chat(name).ok_or_else(missing)?;
        let kept: Result<Notice, _> = serde_json::from_str(row.body.as_deref().unwrap_or_default());
        let unread = |_| Failed::for_good(String::from("it cannot be read as it was kept; a defect"));
        let notice = kept.map_err(unread)?;
        // It may have been written for another chat, or before this one was told that it may not know.
        let notice = if chat.details { notice } else { notice.without_details() };
        let answered = chat.channel.send(&notice).await;
        answered.map_err(|failed| Failed {
            why: failed.to_string(),
            may_pass: failed.may_pass(),
            after: failed.after(),
        })
    }

    /// Writes down that a try failed: that it is tried again, not before an instant where one is named, or that it was given up then.
    async fn not_sent(
        &self,
        row: &MessageRow,
        why: String,
        next: Result<Option<Instant>, Instant>,
    ) -> Result<(), EngineFailure> {
        let given_up = next.err();
        let draft = Draft::new("message.failed", By::Tenure, row.id)
            .about(row.person)
            .text("to", row.person)
            .text("kind", row.kind)
            .text("way", row.way)
            .number("attempts", row.attempts.saturating_add(1));
        let entry = given_up.map(|_| self.entry(draft)).transpose()?;
        let id = row.id;
        let write = move |tx: &mut Tx<'_>| -> Result<(), StoreFailure> {
            let is_new = tx.message_failed(id, &why, given_up)?;
            if let Ok(Some(next)) = next {
                tx.put_off_message(id, next)?;
            }
            match entry.clone().filter(|_| is_new) {
                Some(entry) => tx.entry(entry),
                None => Ok(()),
            }
        };
        Ok(self.store.write("message_failed", write).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::next_try;
    use tenure_model::Instant;

    #[test]
    fn each_wait_is_twice_as_long_and_none_longer_than_six_hours() {
        let now = Instant::from_micros(0);
        let minutes = |attempts: i64| next_try(now, attempts).since(now).as_secs() / 60;
        assert_eq!([0, 1, 2, 8, 9, 20, i64::MAX].map(minutes), [1, 2, 4, 256, 360, 360, 360]);
    }
}
