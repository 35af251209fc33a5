//! Teams: groups of a directory, who belongs to them, and the role they give.
//!
//! Members are people, never teams: there is nothing that could go round in a circle. A team gives a role only when a
//! person here said so. Next: `directory.rs`.

use super::directory::name_key;
use crate::{Row, StoreFailure, Tx, value::named};
use serde::Serialize;
use tenure_model::{Instant, Origin, PersonId, Role, TeamId};

/// A team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TeamRow {
    /// Which.
    pub id: TeamId,
    /// Its name.
    pub name: String,
    /// The directory's own id for it.
    pub external_id: Option<String>,
    /// The role it gives to those who belong to it.
    pub role: Option<Role>,
    /// Counts changes, from 1.
    pub version: i64,
    /// When it was made.
    pub created: Instant,
    /// When it was last changed.
    pub changed: Instant,
    /// Who named it; its members come from there, too.
    pub origin: Origin,
}

fn team(row: &Row<'_>) -> Result<TeamRow, StoreFailure> {
    Ok(TeamRow {
        id: row.parsed(0)?,
        name: row.text(1)?,
        external_id: row.opt_text(2)?,
        role: row.opt_parsed(3)?,
        version: row.number(4)?,
        created: row.instant(5)?,
        changed: row.instant(6)?,
        origin: row.parsed(7)?,
    })
}

/// The role of somebody who belongs to these: the one that may do most.
pub fn role_of_teams<'a>(teams: impl IntoIterator<Item = &'a TeamRow>) -> Role {
    let weight = |role: &Role| match role {
        Role::Administrator => 3,
        Role::Operator => 2,
        Role::Auditor => 1,
        Role::Owner => 0,
    };
    teams.into_iter().filter_map(|team| team.role).max_by_key(weight).unwrap_or(Role::Owner)
}

impl Tx<'_> {
    /// Makes a team. Whether the name is free is asked before (`team_named`).
    pub fn add_team(&mut self, row: &TeamRow) -> Result<(), StoreFailure> {
        self.execute(
            "INSERT INTO teams (team_id, name, name_key, external_id, role, version, created_us, changed_us, origin) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            &[
                named(row.id),
                row.name.as_str().into(),
                name_key(&row.name).into(),
                row.external_id.clone().into(),
                row.role.map(|role| role.to_string()).into(),
                row.version.into(),
                row.created.into(),
                row.changed.into(),
                named(row.origin),
            ],
        )?;
        Ok(())
    }

    /// The team of an id.
    pub fn team(&mut self, id: TeamId) -> Result<Option<TeamRow>, StoreFailure> {
        self.query_one(
            "teams",
            "SELECT team_id, name, external_id, role, version, created_us, changed_us, origin FROM teams WHERE team_id = $1",
            &[named(id)],
            team,
        )
    }

    /// The team of a name, without regard to case.
    pub fn team_named(&mut self, name: &str) -> Result<Option<TeamRow>, StoreFailure> {
        self.query_one(
            "teams",
            "SELECT team_id, name, external_id, role, version, created_us, changed_us, origin FROM teams WHERE name_key = $1",
            &[name_key(name).into()],
            team,
        )
    }

    /// All teams, by name.
    pub fn teams(&mut self) -> Result<Vec<TeamRow>, StoreFailure> {
        self.query(
            "teams",
            "SELECT team_id, name, external_id, role, version, created_us, changed_us, origin FROM teams ORDER BY name_key",
            &[],
            team,
        )
    }

    /// Writes what a team is called now, and that it changed; false when it was changed since `version`.
    pub fn set_team(
        &mut self,
        id: TeamId,
        version: i64,
        (name, external_id): (&str, Option<&str>),
        now: Instant,
    ) -> Result<bool, StoreFailure> {
        let changed = self.execute(
            "UPDATE teams SET name = $3, name_key = $4, external_id = $5, version = version + 1, changed_us = $6 \
             WHERE team_id = $1 AND version = $2",
            &[
                named(id),
                version.into(),
                name.into(),
                name_key(name).into(),
                external_id.into(),
                now.into(),
            ],
        )?;
        Ok(changed > 0)
    }

    /// Says which role a team gives.
    pub fn set_team_role(&mut self, id: TeamId, role: Option<Role>) -> Result<(), StoreFailure> {
        self.execute_on(
            ("team", id),
            "UPDATE teams SET role = $2 WHERE team_id = $1",
            &[named(id), role.map(|role| role.to_string()).into()],
        )
    }

    /// Takes a team away, with who belonged to it.
    pub fn remove_team(&mut self, id: TeamId) -> Result<(), StoreFailure> {
        self.execute("DELETE FROM team_members WHERE team_id = $1", &[named(id)])?;
        self.execute_on(("team", id), "DELETE FROM teams WHERE team_id = $1", &[named(id)])
    }

    /// Who belongs to a team, also those who left, with their names.
    pub fn members_of(&mut self, id: TeamId) -> Result<Vec<(PersonId, String)>, StoreFailure> {
        self.query(
            "team_members",
            "SELECT m.person_id, p.name FROM team_members m JOIN people p ON p.person_id = m.person_id \
             WHERE m.team_id = $1 ORDER BY m.person_id",
            &[named(id)],
            |row| Ok((row.parsed(0)?, row.text(1)?)),
        )
    }

    /// How many belong to a team and did not leave.
    pub fn members_there(&mut self, id: TeamId) -> Result<i64, StoreFailure> {
        let counted = self.query_one(
            "team_members",
            "SELECT count(*) FROM team_members m JOIN people p ON p.person_id = m.person_id \
             WHERE m.team_id = $1 AND p.left_us IS NULL",
            &[named(id)],
            |row| row.number(0),
        )?;
        Ok(counted.unwrap_or(0))
    }

    /// Teams a person belongs to, by name.
    pub fn teams_of(&mut self, person: PersonId) -> Result<Vec<TeamRow>, StoreFailure> {
        self.query(
            "teams",
            "SELECT t.team_id, t.name, t.external_id, t.role, t.version, t.created_us, t.changed_us, t.origin FROM teams t \
             JOIN team_members m ON m.team_id = t.team_id WHERE m.person_id = $1 ORDER BY t.name_key",
            &[named(person)],
            team,
        )
    }

    /// A person belongs to a team from now on.
    pub fn add_member(&mut self, id: TeamId, person: PersonId) -> Result<(), StoreFailure> {
        self.execute(
            "INSERT INTO team_members (team_id, person_id) VALUES ($1, $2)",
            &[named(id), named(person)],
        )?;
        Ok(())
    }

    /// A person does not belong to a team any more.
    pub fn remove_member(&mut self, id: TeamId, person: PersonId) -> Result<(), StoreFailure> {
        self.execute(
            "DELETE FROM team_members WHERE team_id = $1 AND person_id = $2",
            &[named(id), named(person)],
        )?;
        Ok(())
    }

    /// The most that a person's teams make of them; an owner where none says anything.
    pub fn role_by_teams(&mut self, person: PersonId) -> Result<Role, StoreFailure> {
        Ok(role_of_teams(&self.teams_of(person)?))
    }

    /// Gives a person of a directory the role of their teams. The last administrator keeps theirs.
    pub fn set_role_by_teams(
        &mut self,
        person: PersonId,
        role: Role,
        now: Instant,
    ) -> Result<(), StoreFailure> {
        if self.person(person)?.is_some() {
            return self.set_role(person, role, now);
        }
        self.execute_on(
            ("person", person),
            "UPDATE people SET role = $2 WHERE person_id = $1 AND erased_us IS NULL",
            &[named(person), named(role)],
        )
    }
}
