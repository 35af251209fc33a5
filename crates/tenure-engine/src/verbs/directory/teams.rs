//! Teams of a directory: made, changed, taken away; and the role that a person here maps to one.
//!
//! A directory says who belongs to a team, never what that gives. Administration is mapped over the socket of the data
//! directory alone. Next: `people.rs`.

use super::{Provisioned, Provisioner, people::Asks};
use crate::{
    Actor, Engine, EngineFailure,
    record::{By, Draft},
};
use serde::Serialize;
use serde_json::json;
use std::collections::BTreeSet;
use tenure_model::{DecisionRight, Origin, PersonId, Role, TeamId, printable};
use tenure_store::{StoreFailure, Tx, tables::teams::TeamRow};

/// Who may belong to one team, at most.
pub const MEMBERS_MAX: usize = 10_000;
/// Characters of a team's name, at most.
const NAME_CHARS_MAX: usize = 200;

/// What a directory says of a team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamGiven {
    /// Its name.
    pub name: String,
    /// The directory's own id for it.
    pub external_id: Option<String>,
    /// Who belongs to it.
    pub members: BTreeSet<PersonId>,
}

/// A team and who belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Team {
    /// What it is.
    pub row: TeamRow,
    /// Who belongs to it, also those who left, with their names.
    pub members: Vec<(PersonId, String)>,
}

/// A team as it is listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TeamShown {
    /// Its name.
    pub name: String,
    /// How many belong to it who did not leave.
    pub members: i64,
    /// The role it gives.
    pub role: Option<Role>,
}

impl Engine {
    /// A directory makes a team.
    pub async fn provision_team(
        &self,
        by: Provisioner,
        given: TeamGiven,
    ) -> Result<Provisioned<Team>, EngineFailure> {
        check(&given)?;
        let asks = self.asks(By::Directory(by.token))?;
        let id = TeamId::new(asks.now, self.random()?);
        let make = move |tx: &mut Tx<'_>| {
            if tx.team_named(&given.name)?.is_some() {
                return Ok(Provisioned::Taken);
            }
            let mut asks = asks.clone();
            let row = TeamRow {
                id,
                name: given.name.clone(),
                external_id: given.external_id.clone(),
                role: None,
                version: 1,
                created: asks.now,
                changed: asks.now,
                origin: Origin::Scim,
            };
            tx.add_team(&row)?;
            let members = belong(tx, &mut asks, (&row, "team.made"), &given)?;
            Ok(Provisioned::Done(Team { row, members }))
        };
        Ok(self.store.write("provision_team", make).await?)
    }

    /// A directory says what a team is from now on, and who belongs to it.
    pub async fn change_team(
        &self,
        by: Provisioner,
        (id, version): (TeamId, i64),
        given: TeamGiven,
    ) -> Result<Provisioned<Team>, EngineFailure> {
        check(&given)?;
        let asks = self.asks(By::Directory(by.token))?;
        let change = move |tx: &mut Tx<'_>| {
            let row = team(tx, id)?;
            if row.version != version {
                return Ok(Provisioned::Moved);
            }
            let members = tx.members_of(id)?;
            let as_given = members.iter().map(|(id, _)| id).eq(&given.members);
            if row.name == given.name && row.external_id == given.external_id && as_given {
                return Ok(Provisioned::Done(Team { row, members }));
            }
            if tx.team_named(&given.name)?.is_some_and(|other| other.id != id) {
                return Ok(Provisioned::Taken);
            }
            let mut asks = asks.clone();
            let said = (given.name.as_str(), given.external_id.as_deref());
            if !tx.set_team(id, version, said, asks.now)? {
                return Ok(Provisioned::Moved);
            }
            let members = belong(tx, &mut asks, (&row, "team.changed"), &given)?;
            Ok(Provisioned::Done(Team { row: team(tx, id)?, members }))
        };
        Ok(self.store.write("change_team", change).await?)
    }

    /// A directory takes a team away, and with it the role it gave.
    pub async fn delete_team(
        &self,
        by: Provisioner,
        id: TeamId,
        version: Option<i64>,
    ) -> Result<Provisioned<()>, EngineFailure> {
        let asks = self.asks(By::Directory(by.token))?;
        let delete = move |tx: &mut Tx<'_>| {
            let row = team(tx, id)?;
            if version.is_some_and(|version| version != row.version) {
                return Ok(Provisioned::Moved);
            }
            take_away(tx, &mut asks.clone(), &row)?;
            Ok(Provisioned::Done(()))
        };
        Ok(self.store.write("delete_team", delete).await?)
    }

    /// A team and who belongs to it.
    pub async fn team(&self, id: TeamId) -> Result<Team, EngineFailure> {
        let read = move |tx: &mut Tx<'_>| Ok(Team { row: team(tx, id)?, members: tx.members_of(id)? });
        Ok(self.store.read("team", read).await?)
    }

    /// All teams, by name.
    pub async fn teams(&self) -> Result<Vec<TeamShown>, EngineFailure> {
        let read = |tx: &mut Tx<'_>| {
            let mut shown = Vec::new();
            for row in tx.teams()? {
                let members = tx.members_there(row.id)?;
                shown.push(TeamShown { name: row.name, members, role: row.role });
            }
            Ok(shown)
        };
        Ok(self.store.read("teams", read).await?)
    }

    /// A person says which role a team gives, or that it gives none.
    pub async fn map_team(
        &self,
        actor: Actor,
        name: &str,
        role: Option<Role>,
    ) -> Result<TeamShown, EngineFailure> {
        if role == Some(Role::Administrator) && !actor.local {
            let why = "a team is made one of administrators only over the socket of the data directory";
            return Err(EngineFailure::Denied { why: why.to_owned() });
        }
        let by = By::Person(actor, Some(DecisionRight::Configure));
        let (asks, wanted) = (self.asks(by)?, name.to_owned());
        let map = move |tx: &mut Tx<'_>| {
            let missing = || StoreFailure::Missing { noun: "team", given: printable(&wanted, 60) };
            let row = tx.team_named(&wanted)?.ok_or_else(missing)?;
            if row.role != role {
                let mut asks = asks.clone();
                tx.set_team_role(row.id, role)?;
                let word = |role: Option<Role>| role.map_or("none", Role::as_str);
                let draft = Draft::new("team.role_mapped", by, row.id).text("former", word(row.role));
                asks.write(tx, draft.text("role", word(role)).body(json!({ "name": row.name })))?;
                let members = tx.members_of(row.id)?;
                roles_by_teams(tx, &mut asks, members.into_iter().map(|(person, _)| person))?;
            }
            let members = tx.members_there(row.id)?;
            Ok(TeamShown { name: row.name, members, role })
        };
        let shown = self.write_as(actor, "map_team", map).await?;
        self.judging_woken.notify_one();
        Ok(shown)
    }
}

pub(super) fn check(given: &TeamGiven) -> Result<(), EngineFailure> {
    let name = &given.name;
    let length = name.chars().count();
    let why = if length == 0 || length > NAME_CHARS_MAX {
        format!("a team's name has 1 to {NAME_CHARS_MAX} characters")
    } else if printable(name, NAME_CHARS_MAX) != *name {
        String::from("a team's name has no control characters and no marks that turn the reading direction")
    } else if given.members.len() > MEMBERS_MAX {
        format!("at most {MEMBERS_MAX} people belong to one team")
    } else {
        return Ok(());
    };
    Err(EngineFailure::Refused { why })
}

fn team(tx: &mut Tx<'_>, id: TeamId) -> Result<TeamRow, StoreFailure> {
    let missing = || StoreFailure::Missing { noun: "team", given: id.to_string() };
    tx.team(id)?.filter(|team| team.origin == Origin::Scim).ok_or_else(missing)
}

/// Those given belong to a team from now on and nobody else; writes the entry, and the roles that follow.
pub(super) fn belong(
    tx: &mut Tx<'_>,
    asks: &mut Asks,
    (row, kind): (&TeamRow, &'static str),
    given: &TeamGiven,
) -> Result<Vec<(PersonId, String)>, StoreFailure> {
    let before: BTreeSet<PersonId> = tx.members_of(row.id)?.into_iter().map(|(id, _)| id).collect();
    let (added, removed): (Vec<PersonId>, Vec<PersonId>) = (
        given.members.difference(&before).copied().collect(),
        before.difference(&given.members).copied().collect(),
    );
    for person in &added {
        if tx.directory_person(*person)?.is_none_or(|member| member.origin != row.origin) {
            return Err(StoreFailure::Missing { noun: "member", given: person.to_string() });
        }
        tx.add_member(row.id, *person)?;
    }
    for person in &removed {
        tx.remove_member(row.id, *person)?;
    }
    let count = |many: &[PersonId]| i64::try_from(many.len()).unwrap_or(i64::MAX);
    let mut draft = Draft::new(kind, asks.by, row.id)
        .number("added", count(&added))
        .number("removed", count(&removed))
        .body(json!({ "name": given.name, "added": added, "removed": removed }));
    for person in added.iter().chain(&removed) {
        draft = draft.about(person);
    }
    asks.write(tx, draft)?;
    if row.role.is_some() {
        roles_by_teams(tx, asks, added.into_iter().chain(removed))?;
    }
    tx.members_of(row.id)
}

/// A team goes, and with it the role it gave.
pub(super) fn take_away(tx: &mut Tx<'_>, asks: &mut Asks, row: &TeamRow) -> Result<(), StoreFailure> {
    let members = tx.members_of(row.id)?;
    tx.remove_team(row.id)?;
    let mut draft = Draft::new("team.removed", asks.by, row.id).body(json!({ "name": row.name }));
    for (person, _) in &members {
        draft = draft.about(person);
    }
    asks.write(tx, draft)?;
    roles_by_teams(tx, asks, members.into_iter().map(|(person, _)| person))
}

/// Gives people the role of their teams, each with its entry.
fn roles_by_teams(
    tx: &mut Tx<'_>,
    asks: &mut Asks,
    people: impl Iterator<Item = PersonId>,
) -> Result<(), StoreFailure> {
    for id in people {
        let Some(person) = tx.directory_person(id)? else { continue };
        let role = tx.role_by_teams(id)?;
        if role == person.role {
            continue;
        }
        tx.set_role_by_teams(id, role, asks.now)?;
        let draft = Draft::new("person.role_changed", asks.by, id);
        asks.write(tx, draft.text("former", person.role).text("role", role))?;
    }
    Ok(())
}
