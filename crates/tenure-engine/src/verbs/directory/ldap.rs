//! Directories that are read by LDAP: by a timer, or when an administrator asks, who sees first what it changes.
//!
//! What a reading says is a list of people like a file's (`list.rs`), known by ids that never change. A reading that is not whole
//! lets nobody leave and takes nobody out of a team. What became of the last reading is kept in memory alone: each start reads
//! anew. Next: `tenure-ldap`, which reads; ADR 0034.

use super::{
    list::{ListFrom, Listed, PeopleForeseen, PeopleList, carry_out, compare, refused, shown},
    people::Asks,
};
use crate::{Actor, Engine, EngineFailure, record::By};
use serde::Serialize;
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tenure_ldap::{Directory, GroupRead, Reading, Security};
use tenure_model::{DecisionRight, Instant, Origin, PersonId, printable};
use tenure_store::{
    StoreFailure, Tx,
    tables::directory::{DirectoryGiven, name_key},
};

/// Faults that are told of one reading, at most.
const FAULTS_TOLD: usize = 100;

/// A directory that `tenure.toml` names.
#[derive(Debug)]
pub struct LdapDirectory {
    /// What it is called here.
    pub name: String,
    /// How it is read.
    pub directory: Directory,
    /// How often it is read by itself; never, unless said.
    pub every: Option<Duration>,
    /// What became of the last reading that was to be carried out.
    last: Mutex<Option<LdapRead>>,
    /// One reading at a time, so that an older one never overtakes a newer.
    turn: tokio::sync::Mutex<()>,
}

/// What became of one reading.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LdapRead {
    /// When it began.
    pub at: Instant,
    /// How many people stood there; nothing where it was not read.
    pub people: Option<usize>,
    /// Why it was not read, or not whole.
    pub why: Option<String>,
    /// How many entries could not be used.
    pub faults: usize,
}

/// A directory as people read it: no password, and not as whom it is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LdapShown {
    /// What it is called here.
    pub name: String,
    /// Its machine.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the line is encrypted: `tls`, `starttls` or `plain`.
    pub security: &'static str,
    /// How often it is read by itself, in minutes; nothing where that is not said.
    pub every_minutes: Option<u64>,
    /// What became of the last reading since the start.
    pub last: Option<LdapRead>,
}

/// What a reading changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LdapForeseen {
    /// The directory.
    pub directory: String,
    /// Why somebody who stands there may be missing: then nobody leaves, and teams stay as they are.
    pub incomplete: Option<String>,
    /// How often the directory named another one, which is not asked.
    pub referrals: usize,
    /// How many entries cannot be used.
    pub faults: usize,
    /// The first hundred of them, and why.
    pub fault_lines: Vec<String>,
    /// What it changes.
    pub changes: PeopleForeseen,
}

impl LdapDirectory {
    /// A directory that was not read yet.
    pub fn new(name: String, directory: Directory, every: Option<Duration>) -> Self {
        Self { name, directory, every, last: Mutex::new(None), turn: tokio::sync::Mutex::new(()) }
    }

    fn last(&self) -> Option<LdapRead> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn is_due(&self, now: Instant) -> bool {
        self.every.is_some_and(|every| self.last().is_none_or(|last| last.at.plus(every) <= now))
    }

    async fn read(&self) -> Result<Reading, EngineFailure> {
        let read = self.directory.read().await;
        read.map_err(|why| EngineFailure::Refused { why: format!("`{}` was not read: {why}", self.name) })
    }
}

impl Engine {
    /// The directories that are configured, and what became of their last reading.
    pub fn ldap_shown(&self) -> Vec<LdapShown> {
        let shown = |one: &Arc<LdapDirectory>| LdapShown {
            name: one.name.clone(),
            host: one.directory.host.clone(),
            port: one.directory.port,
            security: match one.directory.security {
                Security::Tls => "tls",
                Security::StartTls => "starttls",
                Security::Plain => "plain",
            },
            every_minutes: one.every.map(|every| every.as_secs() / 60),
            last: one.last(),
        };
        self.ldap.iter().map(shown).collect()
    }

    /// What a directory would change now. It is read; nothing is written.
    pub async fn foresee_ldap(&self, name: &str) -> Result<LdapForeseen, EngineFailure> {
        let directory = self.ldap_named(name)?;
        let reading = directory.read().await?;
        let read = Arc::new(listed(&directory.name, reading, &self.teams_known().await?));
        let (now, mint, list) = (self.clock.now(), self.mint()?, Arc::clone(&read));
        let compared = self.store.read("foresee_ldap", move |tx: &mut Tx<'_>| {
            let found = compare(tx, &list.list, &mint, now)?;
            Ok(found.map(|found| (shown(&found, list.list.people.len()), found.faults)))
        });
        let (changes, faults) = compared.await?.map_err(refused)?;
        Ok(read.foreseen(changes, faults))
    }

    /// Reads a directory and carries out what it says, as it was shown with this word; returns also who left.
    pub async fn read_ldap(
        &self,
        actor: Actor,
        name: &str,
        word: String,
    ) -> Result<(LdapForeseen, Vec<PersonId>), EngineFailure> {
        let directory = self.ldap_named(name)?;
        let by = By::Person(actor, Some(DecisionRight::Configure));
        self.take_ldap(&directory, by, Some((actor, word))).await
    }

    /// Reads directories that are due. One that cannot be read keeps no other from being read.
    pub async fn follow_ldap(&self) {
        for directory in self.ldap.iter().filter(|one| one.is_due(self.clock.now())) {
            if let Err(error) = self.take_ldap(directory, By::Tenure, None).await {
                let error = crate::failure::chain(&error);
                tracing::warn!(directory = %directory.name, %error, "a directory was not read");
            }
        }
    }

    async fn take_ldap(
        &self,
        directory: &LdapDirectory,
        by: By,
        shown_with: Option<(Actor, String)>,
    ) -> Result<(LdapForeseen, Vec<PersonId>), EngineFailure> {
        let _turn = directory.turn.lock().await;
        let at = self.clock.now();
        let done = self.take_reading(directory, by, shown_with).await;
        let read = match &done {
            Ok((found, _)) => LdapRead {
                at,
                people: Some(found.changes.people),
                why: found.incomplete.clone(),
                faults: found.faults,
            },
            Err(error) => LdapRead { at, people: None, why: Some(crate::failure::chain(error)), faults: 0 },
        };
        *directory.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(read);
        done
    }

    async fn take_reading(
        &self,
        directory: &LdapDirectory,
        by: By,
        shown_with: Option<(Actor, String)>,
    ) -> Result<(LdapForeseen, Vec<PersonId>), EngineFailure> {
        let reading = directory.read().await?;
        let read = Arc::new(listed(&directory.name, reading, &self.teams_known().await?));
        let (asks, mint, list) = (self.asks(by)?, self.mint()?, Arc::clone(&read));
        let word = shown_with.as_ref().map(|(_, word)| word.clone());
        let take = move |tx: &mut Tx<'_>| take(tx, &asks, (&list.list, word.as_deref()), &mint);
        let taken = match shown_with {
            Some((actor, _)) => self.write_as(actor, "read_ldap", take).await?,
            None => self.store.write("follow_ldap", take).await?,
        };
        self.judging_woken.notify_one();
        let (changes, faults, left) = taken.map_err(refused)?;
        Ok((read.foreseen(changes, faults), left))
    }

    /// The ids of groups that are teams here.
    async fn teams_known(&self) -> Result<BTreeSet<String>, EngineFailure> {
        let teams = self.store.read("teams", |tx| tx.teams()).await?;
        Ok(teams
            .into_iter()
            .filter(|team| team.origin == Origin::Ldap)
            .filter_map(|team| team.external_id)
            .collect())
    }

    fn ldap_named(&self, name: &str) -> Result<Arc<LdapDirectory>, EngineFailure> {
        let missing = || StoreFailure::Missing { noun: "directory", given: printable(name, 60) };
        Ok(self.ldap.iter().find(|one| one.name == name).cloned().ok_or_else(missing)?)
    }
}

type Taken = Result<(PeopleForeseen, Vec<String>, Vec<PersonId>), Vec<String>>;

fn take(
    tx: &mut Tx<'_>,
    asks: &Asks,
    (list, word): (&PeopleList, Option<&str>),
    mint: &tenure_store::tables::Mint,
) -> Result<Taken, StoreFailure> {
    let found = match compare(tx, list, mint, asks.now)? {
        Ok(found) => found,
        Err(faults) => return Ok(Err(faults)),
    };
    if word.is_some_and(|word| word != found.word) {
        let why = "what this directory changes is not what was shown with this word; look at it again";
        return Err(StoreFailure::Conflict { why: why.to_owned() });
    }
    carry_out(tx, &mut asks.clone(), &list.from, (&found, mint))?;
    let left = found.leaves.iter().map(|row| row.person).collect();
    Ok(Ok((shown(&found, list.people.len()), found.faults, left)))
}

/// A reading as a list of people.
struct ReadList {
    directory: String,
    list: PeopleList,
    incomplete: Option<String>,
    referrals: usize,
    faults: Vec<String>,
}

impl ReadList {
    fn foreseen(&self, changes: PeopleForeseen, more: Vec<String>) -> LdapForeseen {
        let faults: Vec<String> = self.faults.iter().cloned().chain(more).collect();
        LdapForeseen {
            directory: self.directory.clone(),
            incomplete: self.incomplete.clone(),
            referrals: self.referrals,
            faults: faults.len(),
            fault_lines: faults.into_iter().take(FAULTS_TOLD).collect(),
            changes,
        }
    }
}

/// Of groups with one name only the one that is a team here already is followed.
fn follow_the_known(
    groups: &mut Vec<GroupRead>,
    (mark, known): (&str, &BTreeSet<String>),
    faults: &mut Vec<String>,
) {
    let is_known = |group: &GroupRead| known.contains(&format!("{mark}{}", group.id));
    let followed: BTreeSet<String> =
        groups.iter().filter(|group| is_known(group)).map(|group| name_key(&group.name)).collect();
    groups.retain(|group| {
        let is_another = followed.contains(&name_key(&group.name)) && !is_known(group);
        if is_another {
            let shown = printable(&group.name, 80);
            faults.push(format!(
                "`{shown}`: another group of this name is the team here; this one is not followed"
            ));
        }
        !is_another
    });
}

/// Makes a list of a reading: a name that two entries have means neither of them. Of groups with one name it is the one that is a
/// team here already: whoever makes another does not take the first one's members out of what they follow.
fn listed(name: &str, mut reading: Reading, known: &BTreeSet<String>) -> ReadList {
    let from = ListFrom::Ldap(name.to_owned());
    let mark = from.mark();
    let marked = |id: &str| format!("{mark}{id}");
    let (mut faults, is_whole) = (reading.faults, reading.cut.is_none());
    let mut unclear: BTreeSet<String> = reading.unclear.iter().map(|id| marked(id)).collect();
    let mut count: BTreeMap<String, usize> = BTreeMap::new();
    for one in &reading.people {
        *count.entry(name_key(&one.name)).or_default() += 1;
    }
    let mut teams_of: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    let (mut team_ids, mut twice) = (BTreeMap::new(), BTreeSet::new());
    follow_the_known(&mut reading.groups, (&mark, known), &mut faults);
    for group in &reading.groups {
        if team_ids.insert(name_key(&group.name), marked(&group.id)).is_some() {
            faults.push(format!(
                "`{}`: two groups have this name; neither is followed",
                printable(&group.name, 80)
            ));
            twice.insert(name_key(&group.name));
        }
    }
    for group in reading.groups.iter().filter(|group| !twice.contains(&name_key(&group.name))) {
        for person in &group.people {
            teams_of.entry(person).or_default().insert(group.name.clone());
        }
    }
    let mut people = Vec::new();
    for one in &reading.people {
        let external_id = marked(&one.id);
        if count.get(&name_key(&one.name)).is_some_and(|many| *many > 1) {
            let shown = printable(&one.name, 80);
            faults.push(format!(
                "`{shown}`: two entries have this name; who is known by them stays as they are"
            ));
            unclear.insert(external_id);
            continue;
        }
        let display_name = one.display_name.iter().map(|name| (String::from("displayName"), json!(name)));
        let emails = one.email.iter().map(|email| (String::from("emails"), json!([{ "value": email }])));
        let resource: serde_json::Map<_, _> = display_name.chain(emails).collect();
        let given = DirectoryGiven {
            name: one.name.clone(),
            external_id: Some(external_id),
            resource: Value::Object(resource).to_string(),
        };
        let teams = teams_of.remove(one.id.as_str()).unwrap_or_default();
        people.push(Listed { line: 0, given, active: one.active, teams });
    }
    let says_teams = reading.says_groups && is_whole && twice.is_empty();
    ReadList {
        directory: name.to_owned(),
        list: PeopleList { from, people, says_teams, team_ids, unclear, is_whole },
        incomplete: reading.cut,
        referrals: reading.referrals,
        faults,
    }
}
