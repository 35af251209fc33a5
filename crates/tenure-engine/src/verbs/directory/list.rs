//! A list of people that an administrator brings in: who is on it joins or changes, who is not on it any more leaves.
//!
//! Looked at first; what is carried out is what was shown, in one transaction, by the same functions as of a directory that
//! speaks SCIM, and by the same hold. Must never touch anybody who does not come from a list. Next: `people.rs`, `hold.rs`.

use super::{
    Provisioned,
    people::{Asks, change, counts, hold, join, joining, leave},
    teams::{TeamGiven, belong, check},
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
        teams::TeamRow,
    },
};

/// People on one list, at most.
pub const LISTED_MAX: usize = 10_000;
/// Names that are told of each kind of change, at most.
const NAMED_MAX: usize = 100;
/// Faults that are told at once, at most.
const FAULTS_MAX: usize = 10;
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

/// A list: whoever comes from a list and is not on it left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PeopleList {
    /// Who is on it, each once.
    pub people: Vec<Listed>,
    /// It says who belongs to which team; otherwise teams stay as they are.
    pub says_teams: bool,
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
    /// Who belongs to it from then on.
    pub added: usize,
    /// Who does not any more.
    pub removed: usize,
}

/// What a list changes, to be carried out.
struct Changes {
    word: String,
    joins: Vec<DirectoryRow>,
    changed: Vec<Change>,
    leaves: Vec<DirectoryRow>,
    held: Vec<DirectoryRow>,
    teams: Vec<TeamChange>,
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
            carry_out(tx, &mut asks.clone(), actor.person, (&found, &mint))?;
            let left = found.leaves.iter().map(|row| row.person).collect();
            Ok(Ok((shown(&found, people), left)))
        };
        let done = self.write_as(actor, "import_people", import).await?;
        self.judging_woken.notify_one();
        done.map_err(refused)
    }
}

fn refused(mut faults: Vec<String>) -> EngineFailure {
    let more = faults.len().saturating_sub(FAULTS_MAX);
    faults.truncate(FAULTS_MAX);
    let mut why = faults.join("; ");
    if more > 0 {
        why = format!("{why}; and {more} more");
    }
    EngineFailure::Refused { why }
}

fn shown(found: &Changes, people: usize) -> PeopleForeseen {
    let named = |names: Vec<&String>| NamedPeople {
        count: names.len(),
        names: names.into_iter().take(NAMED_MAX).cloned().collect(),
    };
    let rows = |rows: &[DirectoryRow]| named(rows.iter().map(|row| &row.name).collect());
    let changed = |returns: bool| {
        let meant = |one: &&Change| one.differs && (one.active && !one.before.active) == returns;
        named(found.changed.iter().filter(meant).map(|one| &one.given.name).collect())
    };
    let teams = found.teams.iter().map(|one| TeamForeseen {
        name: one.given.name.clone(),
        is_new: one.before.is_none(),
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
    }
}

/// Whom each line means, as far as they are known here.
struct Known {
    before: Vec<DirectoryRow>,
    of_line: Vec<Option<PersonId>>,
}

fn fault(line: u64, column: &str, why: &str) -> String {
    format!("line {line}, column `{column}`: {why}")
}

/// Who stands on which line; or what is wrong with some.
fn know(tx: &mut Tx<'_>, list: &PeopleList) -> Result<Result<Known, Vec<String>>, StoreFailure> {
    let before = tx.directory_people(Origin::Csv, None, i64::MAX)?;
    let by_id: BTreeMap<&str, &DirectoryRow> =
        before.iter().filter_map(|row| Some((row.external_id.as_deref()?, row))).collect();
    let by_name: BTreeMap<String, &DirectoryRow> =
        before.iter().map(|row| (name_key(&row.name), row)).collect();
    let (mut faults, mut of_line, mut seen) = (Vec::new(), Vec::new(), BTreeSet::new());
    for one in &list.people {
        if let Err(EngineFailure::Refused { why }) = check_name(&one.given.name) {
            faults.push(fault(one.line, "name", &why));
        }
        let id = one.given.external_id.as_deref();
        let same_name = by_name.get(&name_key(&one.given.name)).copied();
        // A name that somebody had under another id is not theirs: whoever has it now answers for nothing of theirs.
        let known = id
            .and_then(|id| by_id.get(id).copied())
            .or_else(|| same_name.filter(|row| id.is_none() || row.external_id.is_none()));
        let person = known.map(|row| row.person);
        if tx.is_given_name_taken(&one.given.name, person)? {
            let why = "somebody else has this name; who left keeps theirs until they are removed (tenure people remove)";
            faults.push(fault(one.line, "name", why));
        } else if person.is_some_and(|person| !seen.insert(person)) {
            faults.push(fault(one.line, "name", "another line means the same person by their id"));
        }
        of_line.push(person);
    }
    Ok(if faults.is_empty() { Ok(Known { before, of_line }) } else { Err(faults) })
}

fn compare(
    tx: &mut Tx<'_>,
    list: &PeopleList,
    mint: &Mint,
    now: Instant,
) -> Result<Result<Changes, Vec<String>>, StoreFailure> {
    let Known { before, of_line } = match know(tx, list)? {
        Ok(known) => known,
        Err(faults) => return Ok(Err(faults)),
    };
    let waiting: BTreeSet<PersonId> = tx.held_leavings()?.iter().map(|row| row.person).collect();
    let rows: BTreeMap<PersonId, &DirectoryRow> = before.iter().map(|row| (row.person, row)).collect();
    let (mut joins, mut changes, mut stays, mut ids) = (Vec::new(), Vec::new(), BTreeSet::new(), Vec::new());
    for (one, known) in list.people.iter().zip(&of_line) {
        let Some(row) = known.and_then(|known| rows.get(&known)) else {
            // Somebody who left before they came is nobody here.
            ids.push(one.active.then(|| {
                let (at, random) = mint.parts();
                let id = PersonId::new(at, random);
                joins.push(joining(id, Origin::Csv, Role::Owner, one.given.clone(), true, now));
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
    let gone = before.iter().filter(|row| row.active && !stays.contains(&row.person)).cloned();
    let (leaves, held) = leaving(tx, gone.collect(), now)?;
    let teams = match team_changes(tx, list, &ids)? {
        Ok(teams) => teams,
        Err(faults) => return Ok(Err(faults)),
    };
    let word = word(list, (&changes, &leaves, &held, &teams))?;
    Ok(Ok(Changes { word, joins, changed: changes, leaves, held, teams }))
}

/// Who of these leaves, and whose leaving waits for a person.
fn leaving(
    tx: &mut Tx<'_>,
    gone: Vec<DirectoryRow>,
    now: Instant,
) -> Result<(Vec<DirectoryRow>, Vec<DirectoryRow>), StoreFailure> {
    let (mut counted, mut leaves) = (Vec::new(), Vec::new());
    for row in gone {
        let has = tx.leaving(row.person)?;
        if counts(&row, &has, now) { counted.push(row) } else { leaves.push(row) }
    }
    let many = i64::try_from(counted.len()).unwrap_or(i64::MAX);
    if many > 0 && tx.leaving_lately(Origin::Csv, now)?.holds(many) {
        return Ok((leaves, counted));
    }
    leaves.extend(counted);
    Ok((leaves, Vec::new()))
}

/// Teams to which others belong by this list. Who is not on it keeps theirs: a leaving that is held takes nothing away.
fn team_changes(
    tx: &mut Tx<'_>,
    list: &PeopleList,
    ids: &[Option<PersonId>],
) -> Result<Result<Vec<TeamChange>, Vec<String>>, StoreFailure> {
    if !list.says_teams {
        return Ok(Ok(Vec::new()));
    }
    let listed: BTreeSet<PersonId> = ids.iter().flatten().copied().collect();
    let mut wanted: BTreeMap<String, (u64, String, BTreeSet<PersonId>)> = BTreeMap::new();
    for team in tx.teams()?.into_iter().filter(|team| team.origin == Origin::Csv) {
        wanted.insert(name_key(&team.name), (0, team.name, BTreeSet::new()));
    }
    for (one, id) in list.people.iter().zip(ids) {
        for team in &one.teams {
            let new = || (one.line, team.clone(), BTreeSet::new());
            wanted.entry(name_key(team)).or_insert_with(new).2.extend(*id);
        }
    }
    let (mut changes, mut faults) = (Vec::new(), Vec::new());
    for (line, name, mut members) in wanted.into_values() {
        let before = tx.team_named(&name)?;
        if before.as_ref().is_some_and(|team| team.origin != Origin::Csv) {
            faults.push(fault(
                line,
                "teams",
                &format!("`{}` is a team of the directory", printable(&name, 60)),
            ));
            continue;
        }
        let had: BTreeSet<PersonId> = match &before {
            Some(team) => tx.members_of(team.id)?.into_iter().map(|(id, _)| id).collect(),
            None => BTreeSet::new(),
        };
        members.extend(had.difference(&listed));
        let (added, removed) = (members.difference(&had).count(), had.difference(&members).count());
        let given = TeamGiven { name, external_id: None, members };
        if let Err(EngineFailure::Refused { why }) = check(&given) {
            faults.push(fault(line, "teams", &why));
        } else if before.is_none() || added + removed > 0 {
            changes.push(TeamChange { before, given, added, removed });
        }
    }
    Ok(if faults.is_empty() { Ok(changes) } else { Err(faults) })
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

fn carry_out(
    tx: &mut Tx<'_>,
    asks: &mut Asks,
    by: PersonId,
    (found, mint): (&Changes, &Mint),
) -> Result<(), StoreFailure> {
    let Changes { joins, changed: changes, leaves, held, teams, word } = found;
    if joins.is_empty() && changes.is_empty() && leaves.is_empty() && held.is_empty() && teams.is_empty() {
        return Ok(());
    }
    let count = |many: usize| i64::try_from(many).unwrap_or(i64::MAX);
    let draft = Draft::new("people.imported", asks.by, by)
        .text("word", word)
        .number("joined", count(joins.len()))
        .number("changed", count(changes.iter().filter(|one| one.differs).count()))
        .number("left", count(leaves.len()))
        .number("held", count(held.len()))
        .number("teams", count(teams.len()));
    asks.write(tx, draft)?;
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
        set_team(tx, asks, one, mint)?;
    }
    Ok(())
}

fn set_team(tx: &mut Tx<'_>, asks: &mut Asks, one: &TeamChange, mint: &Mint) -> Result<(), StoreFailure> {
    if let Some(row) = &one.before {
        let said = (row.name.as_str(), row.external_id.as_deref());
        if !tx.set_team(row.id, row.version, said, asks.now)? {
            return done::<()>(Provisioned::Moved);
        }
        return belong(tx, asks, (row, "team.changed"), &one.given).map(drop);
    }
    let (at, random) = mint.parts();
    let row = TeamRow {
        id: TeamId::new(at, random),
        name: one.given.name.clone(),
        external_id: None,
        role: None,
        version: 1,
        created: asks.now,
        changed: asks.now,
        origin: Origin::Csv,
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
