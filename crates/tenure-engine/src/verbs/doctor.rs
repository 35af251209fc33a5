//! doctor: what is well, what is not, and what to do about it.
//!
//! Every check says what was found and, when it is not well, what a person can do. It must
//! never change anything, and never call an outside system: what is not known stays unknown.
//! The log is read page by page: memory does not grow with it, time does.

use super::messages::directory_mail;
use crate::{Engine, EngineFailure};
use serde::Serialize;
use std::{
    cell::RefCell, collections::BTreeSet, os::unix::fs::PermissionsExt as _, path::Path, time::Duration,
};
use tenure_evidence::{Checkpoint, Entry, FactValue, Hash, Level, TileSource, Trust, body_digest};
use tenure_model::{MessageWay, StepState, SurveyState, counted, printable};
use tenure_store::{LogReader, StoreFailure, Tx, tables::sources::SourceRow};

/// Entries of the log that are in memory at once while it is checked.
const PAGE: u64 = 1_000;
/// The machine's clock may be behind by less without a word: entries written in one microsecond set it ahead.
const CLOCK_BEHIND_MAX: Duration = Duration::from_secs(5);
/// Messages that were given up longer ago are no news.
const WEEK: Duration = Duration::from_hours(24 * 7);
/// Files that are named when others may read them; the rest is counted.
const FILES_NAMED: usize = 4;

/// How a check went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckState {
    /// Well.
    Well,
    /// Works, but a person should look.
    Look,
    /// Broken.
    Broken,
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was checked.
    pub what: String,
    /// How it went.
    pub state: CheckState,
    /// What was found.
    pub found: String,
    /// What to do, when something is to be done.
    pub remedy: Option<String>,
}

impl Check {
    fn well(what: &str, found: impl Into<String>) -> Self {
        Self { what: what.to_owned(), state: CheckState::Well, found: found.into(), remedy: None }
    }

    fn not_well(what: &str, state: CheckState, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { what: what.to_owned(), state, found: found.into(), remedy: Some(remedy.into()) }
    }
}

impl Engine {
    /// Runs every check.
    pub async fn doctor(&self) -> Result<Vec<Check>, EngineFailure> {
        let mut checks = vec![
            self.check_log().await?,
            self.check_bodies().await?,
            self.check_checkpoint().await?,
            self.check_writing(),
            self.check_reserve(),
            self.check_modes(),
            self.check_clock(),
        ];
        checks.push(self.check_tokens().await?);
        checks.push(self.check_messages().await?);
        checks.push(self.check_events().await?);
        checks.extend(self.check_directories());
        checks.extend(self.check_sources().await?);
        checks.extend(self.check_plans().await?);
        Ok(checks)
    }

    /// Messages that were given up in the last week, and people whom messages should reach by a way that is not configured.
    async fn check_messages(&self) -> Result<Check, EngineFailure> {
        let what = "messages";
        let since = self.clock.now().minus(WEEK);
        let read = move |tx: &mut Tx<'_>| {
            Ok((tx.messages_given_up(since)?, tx.message_addresses()?, directory_mail(tx)?))
        };
        let ((given_up, why), reached, of_directory) = self.store.read("check_messages", read).await?;
        let look = |found: String, remedy: &str| Check::not_well(what, CheckState::Look, found, remedy);
        let people = |count: usize| counted(u64::try_from(count).unwrap_or(u64::MAX), "person");
        let by_mail = reached.iter().filter(|(_, way, _)| *way == MessageWay::Mail).count();
        let (mail, chats) = (self.mail_shown(), self.chats_shown().await?);
        let is_said = |person| reached.iter().any(|(one, way, _)| *one == person && *way == MessageWay::Mail);
        let by_directory = if mail.as_ref().is_some_and(|mail| mail.directory_addresses) {
            of_directory.iter().filter(|(person, _)| !is_said(*person)).count()
        } else {
            0
        };
        let in_chats: usize = chats.iter().map(|chat| chat.people).sum();
        let astray = reached.len().saturating_sub(by_mail).saturating_sub(in_chats);
        if astray > 0 {
            return Ok(look(
                format!("{} to be told in a chat that tenure.toml does not name", people(astray)),
                "write a `[[chats]]` section of its name and start Tenure again, or say where else: tenure people address",
            ));
        }
        if mail.is_none() && by_mail > 0 {
            return Ok(look(
                format!("mail is to reach {}, and no mail server is configured", people(by_mail)),
                "write a `[mail]` section into tenure.toml and start Tenure again (docs/messages.md)",
            ));
        }
        if given_up > 0 {
            return Ok(look(
                format!("{given_up} given up within a week, the last because: {}", why.unwrap_or_default()),
                "tenure messages --failed lists them; tenure messages test NAME tries the way anew",
            ));
        }
        let mut ways = Vec::new();
        ways.extend(
            mail.map(|mail| {
                format!("mail through {} reaches {}", mail.server, people(by_mail + by_directory))
            }),
        );
        ways.extend(chats.iter().map(|chat| format!("chat {} reaches {}", chat.name, people(chat.people))));
        if ways.is_empty() {
            return Ok(Check::well(what, "none are sent: no mail server and no chat is configured"));
        }
        Ok(Check::well(what, ways.join("; ")))
    }

    /// Directories that were not read, or not whole.
    fn check_directories(&self) -> Vec<Check> {
        let shown = self.ldap_shown();
        let checked = shown.into_iter().map(|one| {
            let what = format!("directory {}", one.name);
            let next = format!("tenure people ldap {} --preview reads it now and says more", one.name);
            let Some(last) = one.last else {
                return Check::well(&what, "not read since the start");
            };
            match (last.people, last.why) {
                (None, why) => Check::not_well(&what, CheckState::Broken, why.unwrap_or_default(), next),
                (Some(people), Some(why)) => {
                    let found =
                        format!("{people} were read, and not all who stand there ({why}): nobody leaves");
                    Check::not_well(&what, CheckState::Look, found, next)
                }
                (Some(people), None) if last.faults > 0 => {
                    let found = format!(
                        "{people} were read, and {} could not be used",
                        counted(last.faults, "entry")
                    );
                    Check::not_well(&what, CheckState::Look, found, next)
                }
                (Some(people), None) => Check::well(&what, format!("{people} were read")),
            }
        });
        checked.collect()
    }

    /// Streams that stand still.
    async fn check_events(&self) -> Result<Check, EngineFailure> {
        let what = "event streams";
        let streams = self.event_streams_shown().await?;
        let stuck: Vec<String> = streams
            .iter()
            .filter_map(|one| {
                let why = one.why.as_ref()?;
                Some(format!(
                    "{} is {} behind the log because: {why}",
                    one.name,
                    counted(one.behind, "entry")
                ))
            })
            .collect();
        let all = counted(u64::try_from(streams.len()).unwrap_or(u64::MAX), "stream");
        Ok(match (streams.is_empty(), stuck.is_empty()) {
            (true, _) => Check::well(what, "none are configured: no other system is told anything"),
            (false, true) => Check::well(what, format!("{all} told what the log holds")),
            (false, false) => Check::not_well(
                what,
                CheckState::Look,
                stuck.join("; "),
                "nothing is lost: it is tried again by itself. Mend that, then tenure events test NAME",
            ),
        })
    }

    async fn check_log(&self) -> Result<Check, EngineFailure> {
        let what = "evidence log";
        let keys = self.log_keys();
        let trust =
            Trust { log_keys: keys.iter().filter_map(|key| key.parse().ok()).collect(), ..Trust::default() };
        let (head, verdict) = self
            .store
            .read("check_log", move |tx| {
                // One consistent state: every entry, every tile, the signed head.
                let head = tx.head()?;
                let log = WholeLog(RefCell::new(tx));
                let verdict = tenure_evidence::verify_log(log.entries(head.size), &log, &head.note, &trust);
                Ok((head, verdict))
            })
            .await?;
        if verdict.level == Level::Verified {
            return Ok(Check::well(
                what,
                match head.size {
                    0 => String::from("no entry yet: there is nothing to check"),
                    size => format!(
                        "{}, each in its place; tiles and signed head bear them out",
                        counted(size, "entry")
                    ),
                },
            ));
        }
        let mut found: Vec<String> = verdict.faults.iter().take(3).map(ToString::to_string).collect();
        if let (Level::Refused(refusal), true) = (&verdict.level, found.is_empty()) {
            found.push(crate::failure::chain(refusal));
        }
        let found =
            format!("{}, but it was damaged or altered: {}", counted(head.size, "entry"), found.join("; "));
        let remedy = "stop writing to it and restore from a backup (tenure restore)";
        Ok(Check::not_well(what, CheckState::Broken, found, remedy))
    }

    /// What entries commit to beside themselves: a body that was changed is found here. One that is missing is
    /// counted, unless the log says that it went with a person who was removed.
    async fn check_bodies(&self) -> Result<Check, EngineFailure> {
        let what = "bodies of the entries";
        let Bodies { whole, missing, erased, altered } = self.store.read("check_bodies", read_bodies).await?;
        if let Some(first) = altered.first() {
            let found = format!("{} altered, the first that of entry {first}", altered.len());
            let remedy = "whoever can write to the database did this; restore from a backup (tenure restore)";
            return Ok(Check::not_well(what, CheckState::Broken, found, remedy));
        }
        if missing > 0 {
            let found = format!("{whole} as recorded; {missing} are missing");
            let remedy = "if nobody erased them on purpose, restore from a backup (tenure restore)";
            return Ok(Check::not_well(what, CheckState::Look, found, remedy));
        }
        let gone =
            if erased > 0 { format!("; {erased} went with people who were removed") } else { String::new() };
        Ok(Check::well(what, format!("{whole} as recorded{gone}")))
    }

    /// The last checkpoint beside the database: without it, a database that was rolled back is not noticed.
    async fn check_checkpoint(&self) -> Result<Check, EngineFailure> {
        let what = "checkpoint beside the database";
        if self.checkpoint_was_missing {
            return Ok(Check::not_well(
                what,
                CheckState::Look,
                "it was missing at the start: a database that was rolled back was not noticed",
                "compare with a checkpoint kept elsewhere: tenure evidence export FILE, then \
                 tenure evidence verify FILE --log-key KEY --since CHECKPOINT",
            ));
        }
        // In this order: what is kept may lag behind the head, never lead.
        let kept = std::fs::read_to_string(self.paths.checkpoint());
        let head = self.store.read("head", |tx| tx.head()).await?;
        let kept = match kept {
            Ok(kept) => kept,
            Err(error) => {
                let remedy = "make the file readable for the account that runs Tenure; the next entry writes a new one";
                return Ok(Check::not_well(what, CheckState::Look, error.to_string(), remedy));
            }
        };
        Ok(match Checkpoint::parse_unverified(&kept) {
            // Whether it belongs to this log is checked at every start.
            Ok((seen, _)) if seen.size <= head.size => {
                Check::well(what, format!("kept up to entry {} of {}", seen.size, head.size))
            }
            Ok((seen, _)) => Check::not_well(
                what,
                CheckState::Broken,
                format!("it knows {}, the database has {}", counted(seen.size, "entry"), head.size),
                "the database was rolled back: tenure restore",
            ),
            Err(error) => Check::not_well(
                what,
                CheckState::Broken,
                format!("it cannot be read: {error}"),
                "restore it from a backup; the next start refuses it as it is",
            ),
        })
    }

    fn check_writing(&self) -> Check {
        match self.store.stopped_because() {
            None => Check::well("writing", "the disk confirms every write"),
            Some(why) => {
                Check::not_well("writing", CheckState::Broken, why, "check the disk, then start Tenure again")
            }
        }
    }

    fn check_clock(&self) -> Check {
        let behind = self.clock.behind();
        if behind < CLOCK_BEHIND_MAX {
            return Check::well("clock", "not behind what is recorded here");
        }
        let found = format!(
            "the machine's clock is {} s behind the last entry: time stands still here until it has caught up, and plans \
             that wait for a time stand still with it",
            behind.as_secs()
        );
        Check::not_well("clock", CheckState::Look, found, "set the machine's clock right, or wait")
    }

    /// Tokens that end soon: whoever uses one learns it otherwise from a refusal.
    async fn check_tokens(&self) -> Result<Check, EngineFailure> {
        let what = "tokens";
        let ending = self.tokens_ending_soon().await?;
        let Some((name, first)) = ending.first() else {
            return Ok(Check::well(what, "none ends within 14 days"));
        };
        let name = printable(name, 60);
        let found = format!(
            "{} within 14 days, the first ({}, of {name}) at {}",
            match ending.len() {
                1 => String::from("1 ends"),
                many => format!("{many} end"),
            },
            first.handle,
            first.ends
        );
        let remedy = format!(
            "tenure people token {name} makes another; take the former away once it is not used any more"
        );
        Ok(Check::not_well(what, CheckState::Look, found, remedy))
    }

    fn check_reserve(&self) -> Check {
        if !self.store.is_embedded() {
            return Check::well("reserve", "none is needed: the disk below the database is its server's");
        }
        let path = self.paths.directory.join("reserve");
        let held = std::fs::metadata(&path).map_or(0, |meta| meta.len());
        if held > 0 && !self.store.reserve_was_used() {
            Check::well(
                "reserve",
                format!("{} KiB kept for emergency revocations on a full disk", held / 1024),
            )
        } else {
            let remedy =
                "free some disk space and start Tenure again; it sets the reserve aside at its start";
            Check::not_well("reserve", CheckState::Look, "none is kept", remedy)
        }
    }

    /// What is in the data directory is for its owner only.
    fn check_modes(&self) -> Check {
        let what = "data directory";
        let mut open = Vec::new();
        note_open_to_others(&self.paths.directory, &mut open);
        if open.is_empty() {
            return Check::well(what, "only its owner may look into it");
        }
        let named: Vec<String> = open.iter().take(FILES_NAMED).map(|path| printable(path, 200)).collect();
        let more = open.len().saturating_sub(named.len());
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        Check::not_well(
            what,
            CheckState::Look,
            format!("open to others than its owner: {}{more}", named.join(", ")),
            format!("chmod -R go= {}", printable(&self.paths.directory.display().to_string(), 200)),
        )
    }

    async fn check_sources(&self) -> Result<Vec<Check>, EngineFailure> {
        let sources = self
            .store
            .read("check_sources", |tx| {
                let mut found = Vec::new();
                for source in tx.sources()? {
                    let (survey, extents) = (tx.last_survey(source.id)?, tx.extents(source.id)?);
                    let heir = missing_heir(tx, &source)?.filter(|_| survey.is_some());
                    found.push((source, survey, extents, heir));
                }
                Ok(found)
            })
            .await?;
        let mut checks = Vec::new();
        for (source, survey, extents, missing_heir) in sources {
            let what = format!("source {}", source.name);
            checks.extend(missing_heir.map(|heir| {
                Check::not_well(
                    &format!("{what}, heir"),
                    CheckState::Look,
                    format!("`{heir}` was not seen there, so it can receive nothing"),
                    format!(
                        "make it there and run tenure survey {0}, or name another: tenure source set {0} heir=NAME",
                        source.name
                    ),
                )
            }));
            checks.push(match survey {
                None => Check::not_well(
                    &what,
                    CheckState::Look,
                    "never read",
                    format!("tenure survey {}", source.name),
                ),
                Some(survey) if survey.state == SurveyState::Held => Check::not_well(
                    &what,
                    CheckState::Look,
                    survey.note.unwrap_or_default(),
                    format!("tenure survey {} --accept, or --discard", source.name),
                ),
                Some(survey) => Check::well(&what, format!("read {} ({})", survey.started, survey.state)),
            });
            for extent in extents.into_iter().filter(|extent| !extent.whole) {
                checks.push(Check::not_well(
                    &format!("{what}, {}", tenure_model::printable(&extent.extent, 60)),
                    CheckState::Look,
                    extent.why.unwrap_or_default(),
                    extent.remedy.unwrap_or_default(),
                ));
            }
            for note in source.not_observable {
                checks.push(Check::not_well(
                    &format!("{what}, {}", note.what),
                    CheckState::Look,
                    note.why,
                    note.remedy,
                ));
            }
        }
        Ok(checks)
    }

    async fn check_plans(&self) -> Result<Vec<Check>, EngineFailure> {
        let stuck = self
            .store
            .read("check_plans", |tx: &mut Tx<'_>| {
                let mut stuck = Vec::new();
                for id in tx.plans_at_work()? {
                    let plan = tx.plan(id)?;
                    for step in tx.steps(id)? {
                        if step.escalated.is_some() && step.state != StepState::Done {
                            stuck.push((plan.handle.clone(), step));
                        }
                    }
                }
                Ok(stuck)
            })
            .await?;
        Ok(stuck
            .into_iter()
            .map(|(handle, step)| {
                Check::not_well(
                    &format!("plan {handle}, step {}", step.kind),
                    CheckState::Look,
                    step.answer.unwrap_or_default(),
                    format!("mend what it says; it is tried again by itself (tenure proof {handle})"),
                )
            })
            .collect())
    }
}

/// The heir a source names by itself, made printable, when nobody of that name was seen there.
pub(crate) fn missing_heir(tx: &mut Tx<'_>, source: &SourceRow) -> Result<Option<String>, StoreFailure> {
    let Some(heir) = source.options.get("heir") else { return Ok(None) };
    Ok(if tx.is_present(source.id, heir)? { None } else { Some(printable(heir, 80)) })
}

/// Everything below a path whose mode lets in others than its owner.
fn note_open_to_others(path: &Path, open: &mut Vec<String>) {
    // What went away meanwhile is no matter; a link's mode says nothing.
    let Ok(facts) = std::fs::symlink_metadata(path) else { return };
    if facts.is_symlink() {
        return;
    }
    if facts.permissions().mode() & 0o077 != 0 {
        open.push(path.display().to_string());
    }
    if facts.is_dir()
        && let Ok(inside) = std::fs::read_dir(path)
    {
        let mut inside: Vec<_> = inside.flatten().map(|entry| entry.path()).collect();
        inside.sort();
        for path in inside {
            note_open_to_others(&path, open);
        }
    }
}

/// A log as the verifier reads it, entries and tiles through one transaction.
struct WholeLog<'tx, 'db>(RefCell<&'tx mut Tx<'db>>);

impl WholeLog<'_, '_> {
    /// The entries in order, page by page.
    fn entries(&self, size: u64) -> impl Iterator<Item = Result<Vec<u8>, StoreFailure>> {
        let mut from = 0;
        let mut page = Vec::new().into_iter();
        std::iter::from_fn(move || {
            loop {
                if let Some((_, bytes)) = page.next() {
                    return Some(Ok(bytes));
                }
                if from >= size {
                    return None;
                }
                let to = size.min(from + PAGE);
                match self.0.borrow_mut().leaves(from, to) {
                    Ok(leaves) => page = leaves.into_iter(),
                    Err(failure) => {
                        from = size;
                        return Some(Err(failure));
                    }
                }
                from = to;
            }
        })
    }
}

/// What became of the bodies of all entries.
struct Bodies {
    whole: u64,
    missing: u64,
    /// Missing, and an entry says why.
    erased: u64,
    /// Numbers of the entries whose body is not what they commit to.
    altered: Vec<u64>,
}

fn read_bodies(tx: &mut Tx<'_>) -> Result<Bodies, StoreFailure> {
    let size = tx.head()?.size;
    let (mut whole, mut missing, mut altered) = (0, 0_u64, Vec::new());
    let mut told = BTreeSet::new();
    let mut from = 0;
    while from < size {
        let to = size.min(from + PAGE);
        for (index, bytes) in tx.leaves(from, to)? {
            // An entry that cannot be read is told by the check of the log.
            let Ok(entry) = Entry::decode(&bytes) else { continue };
            if entry.kind == "person.removed"
                && let Some(FactValue::Text(ids)) = entry.facts.get("erased")
            {
                told.extend(ids.split_whitespace().map(str::to_owned));
            }
            match tx.body_of(&entry.id)? {
                None => missing += 1,
                Some((nonce, body)) if body_digest(&nonce, &body) == entry.body_digest => whole += 1,
                Some(_) => altered.push(index),
            }
        }
        from = to;
    }
    let mut erased = 0;
    for id in told {
        erased += u64::from(tx.body_of(&id)?.is_none());
    }
    Ok(Bodies { whole, missing: missing.saturating_sub(erased), erased, altered })
}

impl TileSource for WholeLog<'_, '_> {
    type Error = StoreFailure;

    fn tile(&self, level: u8, index: u64, width: u16) -> Result<Vec<Hash>, StoreFailure> {
        let mut tx = self.0.borrow_mut();
        LogReader::new(&mut tx).tile(level, index, width)
    }
}
