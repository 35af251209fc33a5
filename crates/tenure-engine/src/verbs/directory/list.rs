//! A list of people, from a file or read from a directory: who is on it joins or changes, who is not on it any more leaves.
//!
//! What is carried out happens in one transaction, by the same functions as of a directory that speaks SCIM, and by the same
//! hold. A file with a fault is refused whole; of a reading one entry's fault costs nobody else. Must never touch anybody who
//! comes from elsewhere, nor let anybody leave by a list that is not whole. Next: `ldap.rs`, `people.rs`, `hold.rs`.

use super::{
    Provisioned,
    people::{Asks, change, counts, hold, join, joining, leave},
    teams::{TeamGiven, belong, check, take_away},
};
use crate::{
    Actor, Engine, EngineFailure,
    record::{By, Draft, digest_hex},
    verbs::people::check_name,
};
use serde::Serialize;
use serde_json::json;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};
use tenure_model::{DecisionRight, Instant, Origin, PersonId, Role, TeamId, printable};
use tenure_store::{
    StoreFailure, Tx,
    tables::{
        Mint,
        directory::{DirectoryGiven, DirectoryRow, name_key},
        teams::{TeamRow, role_of_teams},
    },
};

/// People on one list, at most.
pub const LISTED_MAX: usize = 10_000;
/// Names that are told of each kind of change, at most.
const NAMED_MAX: usize = 100;
/// Faults that are told at once, at most.
const FAULTS_MAX: usize = 10;
/// Why somebody may not have a name.
const TAKEN: &str =
    "somebody else has this name; who left keeps theirs until they are removed (tenure people remove)";
/// Digits of the word that lets a list happen.
const WORD_DIGITS: usize = 16;

/// Somebody on a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Listed {
    /// The line they stand on.
    pub line: u64,
    /// What it says of them.
    pub given: DirectoryGiven,
    /// They did not leave.
    pub active: bool,
    /// Names of the teams they belong to.
    pub teams: BTreeSet<String>,
}

/// Where a list comes from. It touches nobody who comes from elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum ListFrom {
    /// A file that an administrator brought in.
    File,
    /// The directory of this name, by LDAP.
    Ldap(String),
}

/// A list: whoever comes from where it does and is not on it left, where it is whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PeopleList {
    /// Where it comes from.
    pub from: ListFrom,
    /// Who is on it, each once.
    pub people: Vec<Listed>,
    /// It says who belongs to which team; otherwise teams stay as they are.
    pub says_teams: bool,
    /// The directory's own ids of its teams, by their compared names; none of a file's.
    pub team_ids: BTreeMap<String, String>,
    /// Ids of those who stand where it comes from, and of whom nothing can be used: they stay as they are.
    pub unclear: BTreeSet<String>,
    /// Who is not on it left.
    pub is_whole: bool,
}

impl ListFrom {
    const fn origin(&self) -> Origin {
        match self {
            Self::File => Origin::Csv,
            Self::Ldap(_) => Origin::Ldap,
        }
    }

    /// With what the ids begin of those who come from there.
    pub(super) fn mark(&self) -> String {
        match self {
            Self::File => String::new(),
            Self::Ldap(name) => format!("{name}:"),
        }
    }

    /// Whether an id of a directory's own is one from there.
    fn has(&self, external_id: Option<&str>) -> bool {
        external_id.unwrap_or_default().starts_with(&self.mark())
    }

    /// What is wrong with one on the list, in its own terms.
    fn fault(&self, one: (u64, &str), column: &str, why: &str) -> String {
        match self {
            Self::File => format!("line {}, column `{column}`: {why}", one.0),
            Self::Ldap(_) => format!("`{}`: {why}", printable(one.1, 80)),
        }
    }
}

impl PeopleList {
    /// A list of a file with nobody on it yet.
    pub const fn of_file(says_teams: bool) -> Self {
        Self {
            from: ListFrom::File,
            people: Vec::new(),
            says_teams,
            team_ids: BTreeMap::new(),
            unclear: BTreeSet::new(),
            is_whole: true,
        }
    }
}

/// What a list changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PeopleForeseen {
    /// Lets exactly this happen.
    pub word: String,
    /// How many are on the list.
    pub people: usize,
    /// Who joins.
    pub joins: NamedPeople,
    /// Of whom something else is said.
    pub changes: NamedPeople,
    /// Who left and is back.
    pub returns: NamedPeople,
    /// Who leaves.
    pub leaves: NamedPeople,
    /// Whose leaving waits for a person, because so many would leave at once.
    pub held: NamedPeople,
    /// Teams to which others belong, by name.
    pub teams: Vec<TeamForeseen>,
    /// Who has another role by that: `eve: owner → operator`.
    pub roles: NamedPeople,
}

/// So many, and the first hundred names.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct NamedPeople {
    /// How many.
    pub count: usize,
    /// Their names, in the order of the list or as they joined.
    pub names: Vec<String>,
}

/// A team to which others belong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TeamForeseen {
    /// Its name.
    pub name: String,
    /// There is none of this name yet.
    pub is_new: bool,
    /// There is one of another group that is gone: it goes, with the role it gave.
    pub replaces: bool,
    /// Who belongs to it from then on.
    pub added: usize,
    /// Who does not any more.
    pub removed: usize,
}

/// What a list changes, to be carried out.
pub(super) struct Changes {
    pub(super) word: String,
    joins: Vec<DirectoryRow>,
    changed: Vec<Change>,
    pub(super) leaves: Vec<DirectoryRow>,
    held: Vec<DirectoryRow>,
    /// Somebody's leaving is held who was not waiting for a person before.
    holds_more: bool,
    teams: Vec<TeamChange>,
    /// Who has another role by that, in words.
    roles: Vec<String>,
    /// Whose name somebody else on the list has from then on: they have another.
    freed: Vec<PersonId>,
    /// Who and which teams of a reading were left as they are, and why.
    pub(super) faults: Vec<String>,
}

struct Change {
    before: DirectoryRow,
    given: DirectoryGiven,
    active: bool,
    /// Something is said of them that was not; else only their leaving is not held any more.
    differs: bool,
}

struct TeamChange {
    before: Option<TeamRow>,
    /// The team of a group that is gone, whose name another group has now: it goes, with the role it gave.
    replaces: Option<TeamRow>,
    given: TeamGiven,
    added: usize,
    removed: usize,
}

impl Engine {
    /// What a list of people would change. Nothing is written.
    pub async fn foresee_people(&self, list: PeopleList) -> Result<PeopleForeseen, EngineFailure> {
        let (now, mint, people) = (self.clock.now(), self.mint()?, list.people.len());
        let read = move |tx: &mut Tx<'_>| compare(tx, &list, &mint, now);
        let found = self.store.read("foresee_people", read).await?;
        Ok(shown(&found.map_err(refused)?, people))
    }

    /// Carries a list of people out as it was shown with this word; returns also who left.
    pub async fn import_people(
        &self,
        actor: Actor,
        list: PeopleList,
        word: String,
    ) -> Result<(PeopleForeseen, Vec<PersonId>), EngineFailure> {
        let asks = self.asks(By::Person(actor, Some(DecisionRight::Configure)))?;
        let (mint, list) = (self.mint()?, Arc::new(list));
        let people = list.people.len();
        let import = move |tx: &mut Tx<'_>| {
            let found = match compare(tx, &list, &mint, asks.now)? {
                Ok(found) => found,
                Err(faults) => return Ok(Err(faults)),
            };
            if found.word != word {
                let why = "what this list changes is not what was shown with this word; look at it again";
                return Err(StoreFailure::Conflict { why: why.to_owned() });
            }
            carry_out(tx, &mut asks.clone(), &list.from, (&found, &mint))?;
            let left = found.leaves.iter().map(|row| row.person).collect();
            Ok(Ok((shown(&found, people), left)))
        };
        let done = self.write_as(actor, "import_people", import).await?;
        self.judging_woken.notify_one();
        done.map_err(refused)
    }
}

pub(super) fn refused(mut faults: Vec<String>) -> EngineFailure {
    let more = faults.len().saturating_sub(FAULTS_MAX);
    faults.truncate(FAULTS_MAX);
    let mut why = faults.join("; ");
    if more > 0 {
        why = format!("{why}; and {more} more");
    }
    EngineFailure::Refused { why }
}

pub(super) fn shown(found: &Changes, people: usize) -> PeopleForeseen {
    let named = |names: Vec<&String>| NamedPeople {
        count: names.len(),
        names: names.into_iter().take(NAMED_MAX).cloned().collect(),
    };
    let rows = |rows: &[DirectoryRow]| named(rows.iter().map(|row| &row.name).collect());
    let changed = |returns: bool| {
        let meant = |one: &&Change| one.differs && (one.active && !one.before.active) == returns;
        let told: Vec<String> = found.changed.iter().filter(meant).map(Change::told).collect();
        named(told.iter().collect())
    };
    let teams = found.teams.iter().map(|one| TeamForeseen {
        name: one.given.name.clone(),
        is_new: one.before.is_none(),
        replaces: one.replaces.is_some(),
        added: one.added,
        removed: one.removed,
    });
    PeopleForeseen {
        word: found.word.clone(),
        people,
        joins: rows(&found.joins),
        changes: changed(false),
        returns: changed(true),
        leaves: rows(&found.leaves),
        held: rows(&found.held),
        teams: teams.collect(),
        roles: named(found.roles.iter().collect()),
    }
}

impl Change {
    /// Their name; where they have another from then on, both.
    fn told(&self) -> String {
        let (was, is) = (&self.before.name, &self.given.name);
        if was == is { is.clone() } else { format!("{was} → {is}") }
    }
}

/// Whom each line means, as far as they are known here.
struct Known {
    before: Vec<DirectoryRow>,
    of_line: Vec<Meant>,
    /// Whose name somebody else on the list has from then on.
    freed: Vec<PersonId>,
    faults: Vec<String>,
}

/// Whom a line means.
#[derive(Debug, Clone, Copy)]
enum Meant {
    /// Somebody new.
    New,
    /// Somebody who is known.
    Known(PersonId),
    /// Nothing of it can be used; who is known by it stays as they are.
    Unclear(Option<PersonId>),
}

/// Who stands on which line; or what is wrong with some.
fn know(tx: &mut Tx<'_>, list: &PeopleList) -> Result<Result<Known, Vec<String>>, StoreFailure> {
    let mut before = tx.directory_people(list.from.origin(), None, i64::MAX)?;
    before.retain(|row| list.from.has(row.external_id.as_deref()));
    let by_id: BTreeMap<&str, &DirectoryRow> =
        before.iter().filter_map(|row| Some((row.external_id.as_deref()?, row))).collect();
    let by_name: BTreeMap<String, &DirectoryRow> =
        before.iter().map(|row| (name_key(&row.name), row)).collect();
    let (mut faults, mut of_line, mut seen) = (Vec::new(), Vec::new(), BTreeSet::new());
    let mut wanted: Vec<Option<PersonId>> = Vec::new();
    for one in &list.people {
        let said = (one.line, one.given.name.as_str());
        let faults_before = faults.len();
        if let Err(EngineFailure::Refused { why }) = check_name(&one.given.name) {
            faults.push(list.from.fault(said, "name", &why));
        }
        let id = one.given.external_id.as_deref();
        let same_name = by_name.get(&name_key(&one.given.name)).copied();
        // A name that somebody had under another id is not theirs: whoever has it now answers for nothing of theirs.
        let known = id
            .and_then(|id| by_id.get(id).copied())
            .or_else(|| same_name.filter(|row| id.is_none() || row.external_id.is_none()));
        let person = known.map(|row| row.person);
        let holder = same_name.map(|row| row.person).filter(|holder| Some(*holder) != person);
        let is_taken = tx.is_given_name_taken(&one.given.name, person)?;
        wanted.push(holder.filter(|_| is_taken));
        if is_taken && holder.is_none() {
            faults.push(list.from.fault(said, "name", TAKEN));
        } else if person.is_some_and(|person| !seen.insert(person)) {
            faults.push(list.from.fault(said, "name", "another line means the same person by their id"));
        }
        let is_clear = faults.len() == faults_before;
        of_line.push(match person {
            _ if !is_clear => Meant::Unclear(person),
            Some(person) => Meant::Known(person),
            None => Meant::New,
        });
    }
    let freed = free_names(list, &before, (&mut of_line, &mut wanted), &mut faults);
    let is_refused = list.from == ListFrom::File && !faults.is_empty();
    Ok(if is_refused { Err(faults) } else { Ok(Known { before, of_line, freed, faults }) })
}

/// Whose name somebody else on the list has from then on: whoever had it has another by the same list, also where two exchange
/// theirs. Whoever wants a name that its holder keeps gets a fault, and so does who wanted theirs.
fn free_names(
    list: &PeopleList,
    before: &[DirectoryRow],
    (of_line, wanted): (&mut [Meant], &mut [Option<PersonId>]),
    faults: &mut Vec<String>,
) -> Vec<PersonId> {
    let names: BTreeMap<PersonId, String> =
        before.iter().map(|row| (row.person, name_key(&row.name))).collect();
    let mut renamed: BTreeSet<PersonId> = BTreeSet::new();
    for (one, meant) in list.people.iter().zip(of_line.iter()) {
        let has_another = |person: &PersonId| names.get(person) != Some(&name_key(&one.given.name));
        if let Meant::Known(person) = meant {
            renamed.extend(Some(*person).filter(has_another));
        }
    }
    loop {
        let mut is_stable = true;
        for ((one, meant), holder) in list.people.iter().zip(of_line.iter_mut()).zip(wanted.iter_mut()) {
            if holder.is_none_or(|holder| renamed.contains(&holder)) {
                continue;
            }
            faults.push(list.from.fault((one.line, &one.given.name), "name", TAKEN));
            let person = meant.person();
            if let Some(person) = person {
                renamed.remove(&person);
            }
            (*meant, *holder, is_stable) = (Meant::Unclear(person), None, false);
        }
        if is_stable {
            return wanted.iter().copied().flatten().collect();
        }
    }
}

pub(super) fn compare(
    tx: &mut Tx<'_>,
    list: &PeopleList,
    mint: &Mint,
    now: Instant,
) -> Result<Result<Changes, Vec<String>>, StoreFailure> {
    let Known { before, of_line, freed, mut faults } = match know(tx, list)? {
        Ok(known) => known,
        Err(faults) => return Ok(Err(faults)),
    };
    let waiting: BTreeSet<PersonId> = tx.held_leavings()?.iter().map(|row| row.person).collect();
    let rows: BTreeMap<PersonId, &DirectoryRow> = before.iter().map(|row| (row.person, row)).collect();
    let (mut joins, mut changes, mut stays, mut ids) = (Vec::new(), Vec::new(), BTreeSet::new(), Vec::new());
    for (one, known) in list.people.iter().zip(&of_line) {
        if let Meant::Unclear(person) = known {
            stays.extend(*person);
            ids.push(None);
            continue;
        }
        let Some(row) = known.person().and_then(|known| rows.get(&known)) else {
            // Somebody who left before they came is nobody here.
            ids.push(one.active.then(|| {
                let (at, random) = mint.parts();
                let id = PersonId::new(at, random);
                joins.push(joining(id, list.from.origin(), Role::Owner, one.given.clone(), true, now));
                id
            }));
            continue;
        };
        ids.push(Some(row.person));
        if one.active {
            stays.insert(row.person);
        }
        let external_id = one.given.external_id.clone().or_else(|| row.external_id.clone());
        let given = DirectoryGiven { external_id, ..one.given.clone() };
        let says_else =
            given.name != row.name || given.external_id != row.external_id || given.resource != row.resource;
        let differs = says_else || (one.active && !row.active);
        if differs || (one.active && waiting.contains(&row.person)) {
            let (before, active) = ((*row).clone(), one.active || row.active);
            changes.push(Change { before, given, active, differs });
        }
    }
    let is_unclear =
        |row: &DirectoryRow| row.external_id.as_deref().is_some_and(|id| list.unclear.contains(id));
    let is_listed = |row: &DirectoryRow| of_line.iter().any(|known| known.person() == Some(row.person));
    let is_gone = |row: &&DirectoryRow| {
        row.active && !stays.contains(&row.person) && !is_unclear(row) && (list.is_whole || is_listed(row))
    };
    let gone = before.iter().filter(is_gone).cloned().collect();
    let (leaves, held) = leaving(tx, list, gone, now)?;
    let teams = team_changes(tx, list, &ids)?;
    let teams = match teams {
        Ok((teams, more)) => {
            faults.extend(more);
            teams
        }
        Err(faults) => return Ok(Err(faults)),
    };
    let roles = roles_foreseen(tx, list, (&teams, &joins), &rows)?;
    let holds_more = held.iter().any(|row| !waiting.contains(&row.person));
    let word = word(list, (&changes, &leaves, &held, &teams))?;
    Ok(Ok(Changes { word, joins, changed: changes, leaves, held, holds_more, teams, roles, freed, faults }))
}

/// Who of these leaves, and whose leaving waits for a person.
fn leaving(
    tx: &mut Tx<'_>,
    list: &PeopleList,
    gone: Vec<DirectoryRow>,
    now: Instant,
) -> Result<(Vec<DirectoryRow>, Vec<DirectoryRow>), StoreFailure> {
    let (mut counted, mut leaves) = (Vec::new(), Vec::new());
    for row in gone {
        let has = tx.leaving(row.person)?;
        if counts(&row, &has, now) { counted.push(row) } else { leaves.push(row) }
    }
    let many = i64::try_from(counted.len()).unwrap_or(i64::MAX);
    // Whoever is shown nothing at all by a directory may not see there any more: however few are meant, a person looks.
    if matches!(list.from, ListFrom::Ldap(_)) && list.people.is_empty() && list.unclear.is_empty() {
        leaves.extend(counted);
        return Ok((Vec::new(), leaves));
    }
    let of = (list.from.origin(), list.from.mark());
    if many > 0 && tx.leaving_lately((of.0, &of.1), now)?.holds(many) {
        return Ok((leaves, counted));
    }
    leaves.extend(counted);
    Ok((leaves, Vec::new()))
}

/// Teams to which others belong, and what is wrong with some of a reading; or why the list is refused.
type TeamsFound = Result<(Vec<TeamChange>, Vec<String>), Vec<String>>;

/// Who belongs to a team by a list: the line, its name, and they.
type Wanted = BTreeMap<String, (u64, String, BTreeSet<PersonId>)>;

/// Teams to which others belong by this list. Who is not on it keeps theirs: a leaving that is held takes nothing away.
fn team_changes(
    tx: &mut Tx<'_>,
    list: &PeopleList,
    ids: &[Option<PersonId>],
) -> Result<TeamsFound, StoreFailure> {
    if !list.says_teams {
        return Ok(Ok((Vec::new(), Vec::new())));
    }
    let listed: BTreeSet<PersonId> = ids.iter().flatten().copied().collect();
    let origin = list.from.origin();
    let mut teams = tx.teams()?;
    teams.retain(|team| team.origin == origin && list.from.has(team.external_id.as_deref()));
    let of_id: BTreeMap<&str, &TeamRow> =
        teams.iter().filter_map(|team| Some((team.external_id.as_deref()?, team))).collect();
    let (mut changes, mut faults) = (Vec::new(), Vec::new());
    for (key, (line, name, mut members)) in wanted(list, &teams, ids) {
        let external_id = list.team_ids.get(&key).cloned();
        let of_name = tx.team_named(&name)?;
        let before = match &external_id {
            Some(id) => of_id.get(id.as_str()).map(|team| (*team).clone()),
            None => of_name.clone(),
        };
        let other = of_name.filter(|team| before.as_ref().is_none_or(|before| before.id != team.id));
        let is_gone = |team: &TeamRow| {
            let id = team.external_id.as_deref().unwrap_or_default();
            list.is_whole && of_id.contains_key(id) && !list.team_ids.values().any(|known| known == id)
        };
        let is_elsewhere = before.as_ref().is_some_and(|team| team.origin != origin)
            || other.as_ref().is_some_and(|team| before.is_some() || !is_gone(team));
        if is_elsewhere {
            let why = match list.from {
                ListFrom::File => format!("`{}` is a team of the directory", printable(&name, 60)),
                ListFrom::Ldap(_) => {
                    String::from("another team has this name; who belongs to it stays as it is")
                }
            };
            faults.push(list.from.fault((line, &name), "teams", &why));
            continue;
        }
        let had: BTreeSet<PersonId> = match &before {
            Some(team) => tx.members_of(team.id)?.into_iter().map(|(id, _)| id).collect(),
            None => BTreeSet::new(),
        };
        members.extend(had.difference(&listed));
        let (added, removed) = (members.difference(&had).count(), had.difference(&members).count());
        let is_renamed = before.as_ref().is_some_and(|team| team.name != name);
        let given = TeamGiven { name, external_id, members };
        if let Err(EngineFailure::Refused { why }) = check(&given) {
            faults.push(list.from.fault((line, &given.name), "teams", &why));
        } else if before.is_none() || is_renamed || added + removed > 0 {
            changes.push(TeamChange { before, replaces: other, given, added, removed });
        }
    }
    let is_refused = list.from == ListFrom::File && !faults.is_empty();
    Ok(if is_refused { Err(faults) } else { Ok((changes, faults)) })
}

/// Every team that a list means: those it names, and those that are there and nobody on it belongs to.
fn wanted(list: &PeopleList, teams: &[TeamRow], ids: &[Option<PersonId>]) -> Wanted {
    let mut wanted = Wanted::new();
    let named_now = |team: &TeamRow| {
        let by_id = list.team_ids.iter().any(|(_, id)| team.external_id.as_ref() == Some(id));
        by_id || list.team_ids.contains_key(&name_key(&team.name))
    };
    // A team of a reading that still has its group is meant by the group's name of now.
    for team in teams.iter().filter(|team| !named_now(team)) {
        wanted.insert(name_key(&team.name), (0, team.name.clone(), BTreeSet::new()));
    }
    for team in teams {
        let now = list.team_ids.iter().find(|(_, id)| team.external_id.as_ref() == Some(id));
        if let Some((key, _)) = now {
            let name = if *key == name_key(&team.name) { team.name.clone() } else { key.clone() };
            wanted.insert(key.clone(), (0, name, BTreeSet::new()));
        }
    }
    for (one, id) in list.people.iter().zip(ids) {
        for team in &one.teams {
            let entry =
                wanted.entry(name_key(team)).or_insert_with(|| (one.line, team.clone(), BTreeSet::new()));
            if !list.team_ids.is_empty() {
                entry.1.clone_from(team);
            }
            entry.2.extend(*id);
        }
    }
    wanted
}

/// Who has another role by what changes of their teams, in words. Those who leave keep theirs, and may do nothing with it.
fn roles_foreseen(
    tx: &mut Tx<'_>,
    list: &PeopleList,
    (changes, joins): (&[TeamChange], &[DirectoryRow]),
    rows: &BTreeMap<PersonId, &DirectoryRow>,
) -> Result<Vec<String>, StoreFailure> {
    let mut affected: BTreeSet<PersonId> = BTreeSet::new();
    for one in changes {
        for team in one.before.iter().chain(&one.replaces) {
            affected.extend(tx.members_of(team.id)?.into_iter().map(|(person, _)| person));
        }
        affected.extend(&one.given.members);
    }
    let mut told = Vec::new();
    for person in affected {
        let known = rows.get(&person).copied().or_else(|| joins.iter().find(|row| row.person == person));
        let Some(row) = known else { continue };
        let mut teams = tx.teams_of(person)?;
        for one in changes {
            teams.retain(|team| {
                let is_this =
                    |known: &Option<TeamRow>| known.as_ref().is_some_and(|known| known.id == team.id);
                !is_this(&one.before) && !is_this(&one.replaces)
            });
            let belongs = one.given.members.contains(&person);
            teams.extend(one.before.iter().filter(|_| belongs).cloned());
        }
        let role = role_of_teams(&teams);
        if role != row.role {
            let id = row.external_id.as_deref();
            let now = list.people.iter().find(|one| id.is_some() && one.given.external_id.as_deref() == id);
            let name = now.map_or(&row.name, |one| &one.given.name);
            told.push(format!("{name}: {} → {role}", row.role));
        }
    }
    told.sort();
    Ok(told)
}

impl Meant {
    const fn person(self) -> Option<PersonId> {
        match self {
            Self::Known(person) => Some(person),
            Self::Unclear(person) => person,
            Self::New => None,
        }
    }
}

type Compared<'a> = (&'a [Change], &'a [DirectoryRow], &'a [DirectoryRow], &'a [TeamChange]);

/// Made of the list and of everything it changes, as it is now.
fn word(list: &PeopleList, (changes, leaves, held, teams): Compared<'_>) -> Result<String, StoreFailure> {
    let versions =
        |rows: &[DirectoryRow]| -> Vec<_> { rows.iter().map(|row| (row.person, row.version)).collect() };
    let changes: Vec<_> = changes.iter().map(|one| (one.before.person, one.before.version)).collect();
    let teams: Vec<_> = teams
        .iter()
        .map(|one| {
            let before = one.before.as_ref().map(|team| (team.id, team.version));
            (&one.given.name, before, one.added, one.removed)
        })
        .collect();
    let said = json!({
        "list": list, "changes": changes, "leaves": versions(leaves), "held": versions(held), "teams": teams,
    });
    let shape = |why: serde_json::Error| StoreFailure::Shape { table: "people", why: why.to_string() };
    Ok(digest_hex(&serde_json::to_vec(&said).map_err(shape)?).chars().take(WORD_DIGITS).collect())
}

pub(super) fn carry_out(
    tx: &mut Tx<'_>,
    asks: &mut Asks,
    from: &ListFrom,
    (found, mint): (&Changes, &Mint),
) -> Result<(), StoreFailure> {
    let Changes {
        joins,
        changed: changes,
        leaves,
        held,
        holds_more,
        teams,
        word,
        freed,
        roles: _,
        faults: _,
    } = found;
    if joins.is_empty() && changes.is_empty() && leaves.is_empty() && !holds_more && teams.is_empty() {
        return Ok(());
    }
    let count = |many: usize| i64::try_from(many).unwrap_or(i64::MAX);
    let subject = match (from, asks.by) {
        (ListFrom::Ldap(name), _) => name.clone(),
        (ListFrom::File, By::Person(actor, _)) => actor.person.to_string(),
        (ListFrom::File, By::Directory(_) | By::Tenure) => String::new(),
    };
    let draft = Draft::new("people.imported", asks.by, subject)
        .text("origin", from.origin())
        .text("word", word)
        .number("joined", count(joins.len()))
        .number("changed", count(changes.iter().filter(|one| one.differs).count()))
        .number("left", count(leaves.len()))
        .number("held", count(held.len()))
        .number("teams", count(teams.len()));
    asks.write(tx, draft)?;
    for person in freed {
        tx.free_name(*person)?;
    }
    for row in joins {
        done(join(tx, asks, row)?)?;
    }
    for one in changes {
        done(change(tx, asks, &one.before, &one.given, one.active)?)?;
    }
    for row in leaves {
        let leaving = tx.leaving(row.person)?;
        if counts(row, &leaving, asks.now) {
            tx.count_leaving(row.person, asks.now)?;
        }
        leave(tx, asks, &leaving)?;
    }
    for row in held {
        hold(tx, asks, row, false)?;
    }
    for one in teams {
        set_team(tx, asks, one, (from, mint))?;
    }
    Ok(())
}

fn set_team(
    tx: &mut Tx<'_>,
    asks: &mut Asks,
    one: &TeamChange,
    (from, mint): (&ListFrom, &Mint),
) -> Result<(), StoreFailure> {
    if let Some(gone) = &one.replaces {
        take_away(tx, asks, gone)?;
    }
    if let Some(row) = &one.before {
        let said = (one.given.name.as_str(), row.external_id.as_deref());
        if !tx.set_team(row.id, row.version, said, asks.now)? {
            return done::<()>(Provisioned::Moved);
        }
        return belong(tx, asks, (row, "team.changed"), &one.given).map(drop);
    }
    let (at, random) = mint.parts();
    let row = TeamRow {
        id: TeamId::new(at, random),
        name: one.given.name.clone(),
        external_id: one.given.external_id.clone(),
        role: None,
        version: 1,
        created: asks.now,
        changed: asks.now,
        origin: from.origin(),
    };
    tx.add_team(&row)?;
    belong(tx, asks, (&row, "team.made"), &one.given).map(drop)
}

/// All of a list happens, or nothing.
fn done<T>(provisioned: Provisioned<T>) -> Result<(), StoreFailure> {
    match provisioned {
        Provisioned::Done(_) => Ok(()),
        Provisioned::Taken | Provisioned::Moved | Provisioned::Held => {
            let why = "somebody on the list was changed meanwhile; look at it again";
            Err(StoreFailure::Conflict { why: why.to_owned() })
        }
    }
}
