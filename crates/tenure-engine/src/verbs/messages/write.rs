//! Who is told what now: their inbox against what they were told before, by the programme's rules.
//!
//! It must never tell anybody what their inbox does not show them. Next: `send.rs`.

use super::{Chat, HOUR, Said, to_send, ways::WayOut};
use crate::{Engine, EngineFailure, Inbox, InboxLine};
use std::{collections::BTreeSet, time::Duration};
use tenure_govern::Waiting;
use tenure_judge::{Tellable, Told};
use tenure_messages::{Letter, LetterLine, Notice, Noticed, digest_letter};
use tenure_model::{Instant, MessageId, MessageKind, MessageWay, Person, PersonId};
use tenure_store::{StoreFailure, Tx};

/// Days in which messages count against somebody's week.
const WEEK: Duration = Duration::from_hours(24 * 7);
/// How long messages that were sent or given up are kept.
const KEPT: Duration = Duration::from_hours(24 * 90);

/// What tells a line from others: what became overdue is told anew.
fn key(line: &Waiting, overdue: bool) -> String {
    format!("{}:{}{}", line.kind, line.subject, if overdue { ":overdue" } else { "" })
}

/// An instant as a letter says it.
fn said(at: Instant) -> String {
    let exact = at.to_string();
    format!("{} {} UTC", exact.get(..10).unwrap_or_default(), exact.get(11..16).unwrap_or_default())
}

fn line(line: &Waiting, overdue: bool) -> LetterLine {
    LetterLine {
        name: line.name.clone(),
        what: line.what.clone(),
        why: line.why.clone(),
        due: line.due.map(said),
        overdue,
        page: line.page.clone(),
    }
}

fn noticed(line: &Waiting, overdue: bool) -> Noticed {
    Noticed {
        kind: line.kind,
        count: line.count,
        tier: line.risk,
        due: line.due.map(said),
        overdue,
        name: line.name.clone(),
        why: line.why.clone(),
        page: line.page.clone(),
    }
}

fn kept_letter(letter: &Letter) -> Said {
    (letter.subject().to_owned(), letter.body().to_owned())
}

/// What a chat is told is kept in no form yet, and without what not everybody there may know.
fn kept_notice(notice: Notice, chat: &Chat) -> Result<Said, StoreFailure> {
    let notice = if chat.details { notice } else { notice.without_details() };
    let unkept = |error: serde_json::Error| StoreFailure::Shape { table: "messages", why: error.to_string() };
    Ok((notice.summary.clone(), serde_json::to_string(&notice).map_err(unkept)?))
}

/// What a test message says.
fn test_letter(console: Option<&str>) -> Letter {
    let say = match console {
        Some(console) => format!("  {console}/programme, or `tenure programme acknowledge`"),
        None => String::from("  `tenure programme acknowledge`"),
    };
    let body = [
        "This is a test: somebody wants to know whether messages of Tenure reach you. Nothing waits because of it.",
        "",
        "Where the programme names you as a contact, say that this one did:",
        say.as_str(),
    ];
    Letter::new("Tenure: a test message", &body.map(str::to_owned))
}

/// What somebody was told before, as far as the rules ask.
fn told(
    tx: &mut Tx<'_>,
    person: PersonId,
    now: Instant,
    (remind, every): (Duration, Duration),
) -> Result<Told, StoreFailure> {
    let rows = tx.messages_to(person, now.minus(remind.max(every).max(WEEK)))?;
    let of_us = || rows.iter().filter(|row| row.kind != MessageKind::Test);
    let keys = of_us().filter(|row| row.created.plus(remind) > now).flat_map(|row| row.tells.clone());
    Ok(Told {
        keys: keys.collect(),
        last_digest: of_us().find(|row| row.kind == MessageKind::Digest).map(|row| row.created),
        this_week: this_week(of_us().map(|row| row.created), now),
    })
}

/// How many messages were written within a week. One that goes by two ways was written at one instant, and counts once.
fn this_week(written: impl Iterator<Item = Instant>, now: Instant) -> u32 {
    let written: BTreeSet<Instant> = written.filter(|at| at.plus(WEEK) > now).collect();
    u32::try_from(written.len()).unwrap_or(u32::MAX)
}

impl Engine {
    /// Writes what people are to be told now; how many messages that are, each by all of its ways.
    pub async fn write_messages(&self) -> Result<usize, EngineFailure> {
        let before = self.clock.now().minus(KEPT);
        self.store.write("forget_messages", move |tx| tx.forget_messages(before)).await?;
        let mut written = 0;
        // By a way that is not configured nothing is written that would only be given up.
        for (person, ways) in self.reached().await? {
            let inbox = self.inbox(&person).await?;
            if !inbox.waiting.is_empty() {
                written += usize::from(self.write_message(&person, &ways, inbox).await?);
            }
        }
        Ok(written)
    }

    async fn write_message(
        &self,
        person: &Person,
        ways: &[WayOut],
        inbox: Inbox,
    ) -> Result<bool, EngineFailure> {
        let (now, in_force) = (self.clock.now(), self.in_force());
        let mut outs = Vec::new();
        for way in ways {
            outs.push((MessageId::new(now, self.random()?), way.clone()));
        }
        let (person, console) = (person.clone(), self.mail.as_ref().and_then(|mail| mail.console.clone()));
        let rules = &in_force.programme.messages;
        let spans = (HOUR * 24 * rules.remind_days, HOUR * rules.digest_every_hours);
        let write = move |tx: &mut Tx<'_>| {
            let told = told(tx, person.id, now, spans)?;
            let waiting: Vec<Tellable> = inbox.waiting.iter().map(tellable).collect();
            let Some((kind, which)) = in_force.programme.tells(now, &told, &waiting) else {
                return Ok(false);
            };
            let meant: Vec<&InboxLine> = which.iter().filter_map(|at| inbox.waiting.get(*at)).collect();
            let tells: Vec<String> = meant.iter().map(|one| key(&one.waiting, one.overdue)).collect();
            for (id, out) in &outs {
                let said = match out {
                    WayOut::Mail => by_mail(&meant, console.as_deref()),
                    WayOut::Chat(chat) => in_chat(&person.name, &meant, chat)?,
                };
                tx.add_message(&to_send(*id, (person.id, out.way()), kind, (tells.clone(), said), now))?;
            }
            Ok(true)
        };
        Ok(self.store.write("write_message", write).await?)
    }

    /// What a test by mail says.
    pub(super) fn test_by_mail(&self) -> Said {
        kept_letter(&test_letter(self.mail.as_ref().and_then(|mail| mail.console.as_deref())))
    }

    /// What a test in the chat of somebody says; nothing where none of theirs is configured.
    pub(super) async fn test_in_chat(&self, person: &Person) -> Result<Option<Said>, EngineFailure> {
        let Some(name) = self.message_address(person.id, MessageWay::Chat).await? else { return Ok(None) };
        let Some(chat) = self.chat(&name) else { return Ok(None) };
        Ok(Some(kept_notice(Notice::test(&person.name, chat.console.as_deref()), chat)?))
    }
}

fn tellable(one: &InboxLine) -> Tellable {
    Tellable { key: key(&one.waiting, one.overdue), tier: one.waiting.risk, overdue: one.overdue }
}

fn by_mail(meant: &[&InboxLine], console: Option<&str>) -> Said {
    let lines: Vec<LetterLine> = meant.iter().map(|one| line(&one.waiting, one.overdue)).collect();
    kept_letter(&digest_letter(&lines, console))
}

fn in_chat(to: &str, meant: &[&InboxLine], chat: &Chat) -> Result<Said, StoreFailure> {
    let noticed: Vec<Noticed> = meant.iter().map(|one| noticed(&one.waiting, one.overdue)).collect();
    kept_notice(Notice::digest(to, &noticed, chat.console.as_deref()), chat)
}

#[cfg(test)]
mod tests {
    use super::{WEEK, this_week};
    use std::time::Duration;
    use tenure_model::Instant;

    #[test]
    fn a_message_by_two_ways_counts_once_in_the_week_and_two_messages_twice() {
        let at = |seconds| Instant::from_micros(0).plus(WEEK + Duration::from_secs(seconds));
        let count = |written: &[u64]| this_week(written.iter().copied().map(at), at(10));
        assert_eq!((count(&[5, 5]), count(&[5, 6]), count(&[])), (1, 2, 0));
        let old = [Instant::from_micros(0), at(1)];
        assert_eq!(this_week(old.into_iter(), at(10)), 1, "what is a week old does not count");
    }
}
