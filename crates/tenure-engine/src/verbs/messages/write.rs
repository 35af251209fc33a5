//! Who is told what now: their inbox against what they were told before, by the programme's rules.
//!
//! It must never tell anybody what their inbox does not show them. Next: `send.rs`.

use super::{HOUR, to_send};
use crate::{Engine, EngineFailure, Inbox};
use std::time::Duration;
use tenure_govern::Waiting;
use tenure_judge::{Tellable, Told};
use tenure_messages::{Letter, LetterLine, digest_letter};
use tenure_model::{Instant, MessageId, MessageKind, Person, PersonId};
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

/// What a test message says.
pub(super) fn test_letter(console: Option<&str>) -> Letter {
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
    let this_week = of_us().filter(|row| row.created.plus(WEEK) > now).count();
    Ok(Told {
        keys: keys.collect(),
        last_digest: of_us().find(|row| row.kind == MessageKind::Digest).map(|row| row.created),
        this_week: u32::try_from(this_week).unwrap_or(u32::MAX),
    })
}

impl Engine {
    /// Writes what people are to be told now; how many messages that are.
    pub async fn write_messages(&self) -> Result<usize, EngineFailure> {
        let before = self.clock.now().minus(KEPT);
        self.store.write("forget_messages", move |tx| tx.forget_messages(before)).await?;
        // Without a mail server nothing is written that would only be given up.
        if self.mail.is_none() {
            return Ok(0);
        }
        let mut written = 0;
        for person in self.reached().await? {
            let inbox = self.inbox(&person).await?;
            if !inbox.waiting.is_empty() {
                written += usize::from(self.write_message(&person, inbox).await?);
            }
        }
        Ok(written)
    }

    async fn write_message(&self, person: &Person, inbox: Inbox) -> Result<bool, EngineFailure> {
        let (now, in_force) = (self.clock.now(), self.in_force());
        let console = self.mail.as_ref().and_then(|mail| mail.console.clone());
        let (id, person) = (MessageId::new(now, self.random()?), person.id);
        let rules = &in_force.programme.messages;
        let spans = (HOUR * 24 * rules.remind_days, HOUR * rules.digest_every_hours);
        let write = move |tx: &mut Tx<'_>| {
            let told = told(tx, person, now, spans)?;
            let waiting: Vec<Tellable> = inbox
                .waiting
                .iter()
                .map(|one| Tellable {
                    key: key(&one.waiting, one.overdue),
                    tier: one.waiting.risk,
                    overdue: one.overdue,
                })
                .collect();
            let Some((kind, which)) = in_force.programme.tells(now, &told, &waiting) else {
                return Ok(false);
            };
            let meant = || which.iter().filter_map(|at| inbox.waiting.get(*at));
            let lines: Vec<LetterLine> = meant().map(|one| line(&one.waiting, one.overdue)).collect();
            let letter = digest_letter(&lines, console.as_deref());
            let tells = meant().map(|one| key(&one.waiting, one.overdue)).collect();
            tx.add_message(&to_send(id, person, kind, (tells, &letter), now))?;
            Ok(true)
        };
        Ok(self.store.write("write_message", write).await?)
    }
}
