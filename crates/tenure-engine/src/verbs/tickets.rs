//! tickets: what other systems say ended comes in as a claim, and what was observed since says what became of it.
//!
//! What a ticket names is looked for when it is brought in, exactly; it must never be guessed. An identity that was seen
//! after its ticket was closed is claimed dead at P0, and judged so. Next: `tenure-judge/src/ticket.rs`, what is known of it.

use super::{dossier::principal_seen, own::owns, reason::holds_a_secret};
use crate::{
    Actor, Engine, EngineFailure,
    record::{By, Draft, EntryMaker, digest_hex},
};
use serde::Serialize;
use tenure_events::{HubSecret, SignatureRefused, Signed, SigningSecret};
use tenure_evidence::FactValue;
use tenure_judge::{TicketSeen, ticket_outcome};
use tenure_model::{IdentityId, Instant, TicketOutcome, TicketState, printable};
use tenure_store::{
    StoreFailure, Tx,
    tables::tickets::{TicketRow, TicketsMeant},
};

/// Tickets in one file, at most.
pub const TICKETS_MAX: usize = 10_000;
/// What stands where a ticket holds what looks like a secret.
const LEFT_OUT: &str = "(left out: it looks like a secret)";
/// Tickets in one entry of the log, with their keys; of more, how many.
const KEYS_IN_ENTRY: usize = 1_000;

/// A ticket as a file says it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TicketGiven {
    /// The line it stands on.
    pub line: u64,
    /// Its key.
    pub key: String,
    /// What it is about.
    pub title: String,
    /// Where people read it.
    pub url: Option<String>,
    /// What it says of itself.
    pub state: TicketState,
    /// When it was closed.
    pub closed: Option<Instant>,
    /// What it names.
    pub names: String,
}

/// The form in which a system posts its tickets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TicketShape {
    /// Our own.
    Plain,
    /// Jira's.
    Jira {
        /// The field of an issue that holds what it names.
        identity_field: String,
    },
}

/// By what a post is believed.
#[derive(Debug)]
pub enum HookKey {
    /// As Standard Webhooks says: id, time and body are signed.
    Standard(SigningSecret),
    /// As Jira does: the body is.
    Hub(HubSecret),
}

/// A system that posts its tickets itself.
#[derive(Debug)]
pub struct TicketHook {
    /// Its short name.
    pub system: String,
    /// By what it is believed.
    pub key: HookKey,
    /// In which form.
    pub shape: TicketShape,
}

impl TicketHook {
    /// Refuses what this system did not sign; `header` answers what a header says, and nothing as an empty text.
    pub fn check<'header>(
        &self,
        header: impl Fn(&str) -> &'header str,
        body: &[u8],
        now: Instant,
    ) -> Result<(), SignatureRefused> {
        match &self.key {
            HookKey::Standard(secret) => {
                let signed = Signed {
                    id: header("webhook-id"),
                    timestamp: header("webhook-timestamp"),
                    signature: header("webhook-signature"),
                };
                secret.check(signed, body, now)
            }
            HookKey::Hub(secret) => secret.check(header("x-hub-signature"), body),
        }
    }
}

/// What became of a ticket that was posted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TicketHeard {
    /// It is new here.
    Added,
    /// It says something else than before.
    Changed,
    /// It says what it said.
    Same,
    /// Something newer was said of it already.
    Older,
}

/// A ticket with what became of what it says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TicketShown {
    /// The ticket.
    #[serde(flatten)]
    pub row: TicketRow,
    /// What is known of what it says.
    pub outcome: TicketOutcome,
}

/// What a file of tickets brings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TicketsForeseen {
    /// Which system they are of.
    pub system: String,
    /// How many are new here.
    pub added: usize,
    /// How many say something else than before.
    pub changed: usize,
    /// How many say what they said.
    pub same: usize,
    /// Those that are new or say something else, as they will stand.
    pub tickets: Vec<TicketShown>,
}

impl Engine {
    /// What these tickets would bring. Nothing is written.
    pub async fn foresee_tickets(
        &self,
        system: String,
        given: Vec<TicketGiven>,
    ) -> Result<TicketsForeseen, EngineFailure> {
        let (now, given) = (self.clock.now(), without_secrets(given));
        let read = move |tx: &mut Tx<'_>| Ok(compare(tx, &system, &given, now)?.0);
        Ok(self.store.read("foresee_tickets", read).await?)
    }

    /// Brings tickets in, as claims. What is not in the file stays as it was said last.
    pub async fn import_tickets(
        &self,
        actor: Actor,
        system: String,
        given: Vec<TicketGiven>,
    ) -> Result<TicketsForeseen, EngineFailure> {
        let (now, given) = (self.clock.now(), without_secrets(given));
        let shape = |why: serde_json::Error| EngineFailure::Refused { why: why.to_string() };
        let digest = digest_hex(&serde_json::to_vec(&given).map_err(shape)?);
        let keys: Vec<&str> = given.iter().take(KEYS_IN_ENTRY).map(|one| one.key.as_str()).collect();
        let count = i64::try_from(given.len()).unwrap_or(i64::MAX);
        let draft = Draft::new("tickets.imported", By::Person(actor, None), "inventory")
            .number("count", count)
            .text("digest", digest)
            .body(serde_json::json!({ "system": system, "keys": keys }));
        let (entry, entries) = (self.entry(draft)?, self.entry_maker()?);
        let import = move |tx: &mut Tx<'_>| {
            let (foreseen, rows) = compare(tx, &system, &given, now)?;
            let mut read_now = Vec::new();
            for row in &rows {
                not_taken_back(tx, row, actor)?;
                read_now.extend(read_first(tx, row)?);
                tx.put_ticket(row, now)?;
            }
            if !rows.is_empty() {
                tx.entry(entry.clone())?;
            }
            contradicted(tx, &mut entries.clone(), read_now)?;
            Ok(foreseen)
        };
        let brought = self.store.write("import_tickets", import).await?;
        self.judging_woken.notify_one();
        Ok(brought)
    }

    /// The hook of a system.
    pub fn ticket_hook(&self, system: &str) -> Option<&TicketHook> {
        self.ticket_hooks.iter().find(|hook| hook.system == system)
    }

    /// Hears what a system says of a ticket, as a claim; `said` is when it says so. What is no newer than what is known changes
    /// nothing, so that nothing is taken twice or out of order.
    pub async fn hear_ticket(
        &self,
        system: &str,
        given: TicketGiven,
        said: Instant,
    ) -> Result<TicketHeard, EngineFailure> {
        let (now, system) = (self.clock.now(), system.to_owned());
        let mut given = without_secrets(vec![given]);
        let draft = Draft::new("ticket.heard", By::Tenure, "inventory").text("system", &system).body(
            serde_json::json!({ "keys": given.iter().map(|one| one.key.as_str()).collect::<Vec<_>>() }),
        );
        let Some(given) = given.pop() else { return Ok(TicketHeard::Same) };
        let (entry, entries) = (self.entry(draft)?, self.entry_maker()?);
        let hear = move |tx: &mut Tx<'_>| {
            let before = tx.ticket(&system, &given.key)?;
            if before.as_ref().and_then(|before| before.said).is_some_and(|known| known >= said) {
                return Ok(TicketHeard::Older);
            }
            let row = TicketRow { said: Some(said), ..row_of(tx, &system, &given, (before.as_ref(), now))? };
            let heard = match &before {
                None => TicketHeard::Added,
                Some(before) if TicketRow { seen: now, said: Some(said), ..before.clone() } == row => {
                    TicketHeard::Same
                }
                Some(_) => TicketHeard::Changed,
            };
            let read_now = read_first(tx, &row)?;
            tx.put_ticket(&row, now)?;
            if heard != TicketHeard::Same {
                let mut entry = entry.clone();
                let facts = [("state", row.state.to_string()), ("before", word_of(before.as_ref()))];
                entry.entry.facts.extend(facts.map(|(name, word)| (name.to_owned(), FactValue::Text(word))));
                let named = before.iter().chain([&row]).filter_map(|row| row.identity);
                entry.about.extend(named.map(|id| id.to_string()));
                tx.entry(entry)?;
            }
            contradicted(tx, &mut entries.clone(), read_now.into_iter().collect())?;
            Ok(heard)
        };
        let heard = self.store.write("hear_ticket", hear).await?;
        self.judging_woken.notify_one();
        Ok(heard)
    }

    /// Tickets of those meant, one page after `skip` rows.
    pub async fn tickets(
        &self,
        meant: TicketsMeant,
        skip: u32,
        page_size: i64,
    ) -> Result<Vec<TicketShown>, EngineFailure> {
        let read = move |tx: &mut Tx<'_>| {
            let rows = tx.tickets(meant, skip.into(), page_size)?;
            rows.into_iter().map(|row| shown(tx, row)).collect::<Result<Vec<_>, _>>()
        };
        Ok(self.store.read("tickets", read).await?)
    }

    /// How many closed tickets name what was seen since.
    pub async fn tickets_seen_since(&self) -> Result<i64, EngineFailure> {
        Ok(self.store.read("count_tickets", |tx| tx.count_tickets_seen_since()).await?)
    }
}

fn word_of(before: Option<&TicketRow>) -> String {
    before.map_or_else(|| String::from("unknown"), |before| before.state.to_string())
}

/// The ticket, where its source was read since it was closed and that was not known of it before.
fn read_first(tx: &mut Tx<'_>, row: &TicketRow) -> Result<Option<TicketRow>, StoreFailure> {
    let before = tx.ticket(&row.system, &row.key)?;
    let was_read =
        before.is_some_and(|before| before.read_since.is_some() && before.identity == row.identity);
    Ok((row.read_since.is_some() && !was_read).then(|| row.clone()))
}

/// Writes down which tickets are contradicted by now: closed, and what they name was seen since.
pub(super) fn contradicted(
    tx: &mut Tx<'_>,
    entries: &mut EntryMaker,
    read_now: Vec<TicketRow>,
) -> Result<(), StoreFailure> {
    for row in read_now {
        let one = shown(tx, row)?;
        if let (TicketOutcome::Alive, Some(identity)) = (one.outcome, one.row.identity) {
            let draft = Draft::new("ticket.contradicted", By::Tenure, identity)
                .text("system", &one.row.system)
                .body(serde_json::json!({ "key": one.row.key, "identity": one.row.identity_name }));
            entries.write(tx, draft)?;
        }
    }
    Ok(())
}

/// Tickets as they are kept: people paste anything into a title.
fn without_secrets(mut given: Vec<TicketGiven>) -> Vec<TicketGiven> {
    for one in &mut given {
        for text in [&mut one.title, &mut one.names] {
            if holds_a_secret(text) {
                LEFT_OUT.clone_into(text);
            }
        }
        one.url = one.url.take().filter(|url| !holds_a_secret(url));
    }
    given
}

/// What was said to have ended is not taken back by whoever answers for it.
fn not_taken_back(tx: &mut Tx<'_>, row: &TicketRow, actor: Actor) -> Result<(), StoreFailure> {
    let before = tx.ticket(&row.system, &row.key)?;
    let Some((before, identity)) = before.and_then(|before| before.identity.map(|id| (before, id))) else {
        return Ok(());
    };
    let is_the_same = row.state == TicketState::Closed && row.identity == before.identity;
    if before.state != TicketState::Closed || is_the_same {
        return Ok(());
    }
    let accused = tx.identity(identity)?;
    if !owns(&accused.charter, actor.person) {
        return Ok(());
    }
    let (key, name) = (printable(&row.key, 60), printable(&accused.name, 120));
    Err(StoreFailure::Conflict {
        why: format!(
            "{key} said that `{name}` ended, and would not any more: you answer for it, so somebody else brings that in"
        ),
    })
}

/// Tickets that name an identity, with what became of what they say.
pub(super) fn of(tx: &mut Tx<'_>, identity: IdentityId) -> Result<Vec<TicketShown>, StoreFailure> {
    tx.tickets_of(identity)?.into_iter().map(|row| shown(tx, row)).collect()
}

fn shown(tx: &mut Tx<'_>, row: TicketRow) -> Result<TicketShown, StoreFailure> {
    let mut principals = Vec::new();
    if let Some(identity) = row.identity {
        for principal in tx.principals_of(identity)? {
            principals.push(principal_seen(tx, &principal)?);
        }
    }
    let outcome = ticket_outcome(&TicketSeen {
        state: row.state,
        closed: row.closed,
        matched: row.identity.is_some(),
        read_since: row.read_since,
        principals,
    });
    Ok(TicketShown { row, outcome })
}

/// What is new or said otherwise, as it is shown and as it is kept.
fn compare(
    tx: &mut Tx<'_>,
    system: &str,
    given: &[TicketGiven],
    now: Instant,
) -> Result<(TicketsForeseen, Vec<TicketRow>), StoreFailure> {
    let mut foreseen =
        TicketsForeseen { system: system.to_owned(), added: 0, changed: 0, same: 0, tickets: Vec::new() };
    let mut rows = Vec::new();
    for one in given {
        let before = tx.ticket(system, &one.key)?;
        let row = row_of(tx, system, one, (before.as_ref(), now))?;
        match &before {
            None => foreseen.added += 1,
            Some(before) if TicketRow { seen: now, ..before.clone() } == row => {
                foreseen.same += 1;
                continue;
            }
            Some(_) => foreseen.changed += 1,
        }
        foreseen.tickets.push(shown(tx, row.clone())?);
        rows.push(row);
    }
    Ok((foreseen, rows))
}

fn row_of(
    tx: &mut Tx<'_>,
    system: &str,
    given: &TicketGiven,
    (before, now): (Option<&TicketRow>, Instant),
) -> Result<TicketRow, StoreFailure> {
    if given.names.is_empty() {
        let unmatched = Some(String::from("it names no identity"));
        return Ok(TicketRow { unmatched, ..bare(system, given, (before, now)) });
    }
    let (identity, identity_name, unmatched) = match tx.find_identity(&given.names) {
        Ok(row) => (Some(row.id), Some(row.name), None),
        Err(
            failure @ (StoreFailure::Missing { .. }
            | StoreFailure::MissingNear { .. }
            | StoreFailure::Ambiguous { .. }),
        ) => (None, None, Some(printable(&failure.to_string(), 400))),
        Err(failure) => return Err(failure),
    };
    let read_since = match (given.state, identity, given.closed) {
        (TicketState::Closed, Some(identity), Some(closed)) => tx.read_whole_after(identity, closed)?,
        _ => None,
    };
    Ok(TicketRow { identity, identity_name, unmatched, read_since, ..bare(system, given, (before, now)) })
}

/// A ticket that names nothing.
fn bare(system: &str, given: &TicketGiven, (before, now): (Option<&TicketRow>, Instant)) -> TicketRow {
    TicketRow {
        system: system.to_owned(),
        key: given.key.clone(),
        title: given.title.clone(),
        url: given.url.clone(),
        state: given.state,
        closed: given.closed.filter(|_| given.state == TicketState::Closed),
        names: given.names.clone(),
        identity: None,
        identity_name: None,
        unmatched: None,
        read_since: None,
        first_seen: before.map_or(now, |before| before.first_seen),
        seen: now,
        said: before.and_then(|before| before.said),
    }
}
