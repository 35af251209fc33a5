//! People of a directory: what it says of them beside name and role, and what becomes of those who leave.
//!
//! Who left is nobody to every other table's functions (`people.rs`) and keeps name and attributes, so that they can come
//! back; only a deletion erases them. Local people are never touched from here. Next: `teams.rs`.

use super::people::{Leaving, without};
use crate::{Row, StoreFailure, Tx, value::named};
use serde::Serialize;
use std::time::Duration;
use tenure_model::{Charter, IdentityId, Instant, Origin, PersonId, Role};

/// The time within which leavers are counted, and within which somebody counts as new.
pub const LEAVING_WINDOW: Duration = Duration::from_hours(1);
/// As many leavers within the window are never held.
pub const LEAVERS_UNHELD: i64 = 4;
/// One in so many may leave within the window.
pub const LEAVERS_SHARE: i64 = 5;

/// A person of a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectoryRow {
    /// Who.
    pub person: PersonId,
    /// The name they sign in with.
    pub name: String,
    /// What they do.
    pub role: Role,
    /// Where they come from.
    pub origin: Origin,
    /// They did not leave.
    pub active: bool,
    /// The directory's own id for them.
    pub external_id: Option<String>,
    /// What else the directory says of them, as JSON.
    pub resource: String,
    /// Counts changes, from 1.
    pub version: i64,
    /// When they joined.
    pub created: Instant,
    /// When they were last changed.
    pub changed: Instant,
}

/// What a directory says of a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DirectoryGiven {
    /// The name they sign in with.
    pub name: String,
    /// The directory's own id for them.
    pub external_id: Option<String>,
    /// What else it says, as JSON.
    pub resource: String,
}

/// Somebody whose leaving is held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HeldRow {
    /// Who.
    pub person: PersonId,
    /// Their name.
    pub name: String,
    /// They were to be deleted, not only to leave.
    pub erases: bool,
    /// When that was first asked.
    pub asked: Instant,
}

/// How many of a directory are there, and how many left lately.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeavingLately {
    /// Who is there.
    pub active: i64,
    /// Who left within the window, new ones not counted.
    pub left: i64,
    /// Whose leaving is held.
    pub held: i64,
}

impl LeavingLately {
    /// True when so many more may not leave without a person's word.
    pub fn holds(&self, more: i64) -> bool {
        let left = self.left + more;
        self.held > 0 || left > LEAVERS_UNHELD && left * LEAVERS_SHARE > self.active + self.left
    }
}

/// A name as it is compared: without regard to case.
pub fn name_key(name: &str) -> String {
    name.to_lowercase()
}

fn row_of(row: &Row<'_>) -> Result<DirectoryRow, StoreFailure> {
    Ok(DirectoryRow {
        person: row.parsed(0)?,
        name: row.text(1)?,
        role: row.parsed(2)?,
        origin: row.parsed(3)?,
        active: row.opt_instant(4)?.is_none(),
        external_id: row.opt_text(5)?,
        resource: row.text(6)?,
        version: row.number(7)?,
        created: row.instant(8)?,
        changed: row.instant(9)?,
    })
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT d.person_id, p.name, p.role, p.origin, p.left_us, d.external_id, d.resource, d.version, \
             d.created_us, d.changed_us FROM directory d JOIN people p ON p.person_id = d.person_id ",
            $rest
        )
    };
}

impl Tx<'_> {
    /// Adds a person of a directory. Whether the name is free is asked before (`is_given_name_taken`).
    pub fn add_directory_person(&mut self, row: &DirectoryRow) -> Result<(), StoreFailure> {
        let left = (!row.active).then_some(row.created);
        self.execute(
            "INSERT INTO people (person_id, name, role, created_us, origin, left_us) VALUES ($1, $2, $3, $4, $5, $6)",
            &[
                named(row.person),
                row.name.as_str().into(),
                named(row.role),
                row.created.into(),
                named(row.origin),
                left.into(),
            ],
        )?;
        self.execute(
            "INSERT INTO directory (person_id, name_key, external_id, resource, version, created_us, changed_us) \
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
            &[
                named(row.person),
                name_key(&row.name).into(),
                row.external_id.clone().into(),
                row.resource.as_str().into(),
                row.version.into(),
                row.created.into(),
                row.changed.into(),
            ],
        )?;
        Ok(())
    }

    /// True when somebody else has this name, without regard to case.
    pub fn is_given_name_taken(
        &mut self,
        name: &str,
        but_for: Option<PersonId>,
    ) -> Result<bool, StoreFailure> {
        let holder = self.query_one(
            "directory",
            "SELECT person_id FROM directory WHERE name_key = $1",
            &[name_key(name).into()],
            |row| row.parsed::<PersonId>(0),
        )?;
        if let Some(holder) = holder {
            return Ok(but_for != Some(holder));
        }
        let local = self.query(
            "people",
            "SELECT person_id FROM people WHERE lower(name) = $1 AND origin = 'local' AND erased_us IS NULL LIMIT 1",
            &[name.to_ascii_lowercase().into()],
            |row| row.parsed::<PersonId>(0),
        )?;
        Ok(!local.is_empty())
    }

    /// What directories say of everybody who is there, at most `most`.
    pub fn directory_resources(&mut self, most: i64) -> Result<Vec<(PersonId, String)>, StoreFailure> {
        self.query(
            "directory",
            "SELECT d.person_id, d.resource FROM directory d JOIN people p ON p.person_id = d.person_id \
             WHERE p.left_us IS NULL AND p.erased_us IS NULL ORDER BY d.person_id LIMIT $1",
            &[most.into()],
            |row| Ok((row.parsed(0)?, row.text(1)?)),
        )
    }

    /// Takes the name of a person of a directory from them, so that another may have it; they are given theirs in the same transaction.
    pub fn free_name(&mut self, id: PersonId) -> Result<(), StoreFailure> {
        self.execute_on(
            ("person", id),
            "UPDATE directory SET name_key = person_id WHERE person_id = $1",
            &[named(id)],
        )?;
        self.execute_on(
            ("person", id),
            "UPDATE people SET name = person_id WHERE person_id = $1",
            &[named(id)],
        )
    }

    /// A person of a directory, also one who left.
    pub fn directory_person(&mut self, id: PersonId) -> Result<Option<DirectoryRow>, StoreFailure> {
        self.query_one("directory", select!("WHERE d.person_id = $1"), &[named(id)], row_of)
    }

    /// The person of a directory with this name, without regard to case.
    pub fn directory_person_named(&mut self, name: &str) -> Result<Option<DirectoryRow>, StoreFailure> {
        self.query_one("directory", select!("WHERE d.name_key = $1"), &[name_key(name).into()], row_of)
    }

    /// People of one origin with this id of the directory's own.
    pub fn directory_people_of(
        &mut self,
        origin: Origin,
        external_id: &str,
    ) -> Result<Vec<DirectoryRow>, StoreFailure> {
        self.query(
            "directory",
            select!("WHERE d.external_id = $2 AND p.origin = $1 ORDER BY d.person_id LIMIT 1000"),
            &[named(origin), external_id.into()],
            row_of,
        )
    }

    /// People of one origin, also those who left, oldest first, behind `after`, at most `most`.
    pub fn directory_people(
        &mut self,
        origin: Origin,
        after: Option<PersonId>,
        most: i64,
    ) -> Result<Vec<DirectoryRow>, StoreFailure> {
        let after = after.map(|id| id.to_string()).unwrap_or_default();
        self.query(
            "directory",
            select!("WHERE d.person_id > $2 AND p.origin = $1 ORDER BY d.person_id LIMIT $3"),
            &[named(origin), after.into(), most.into()],
            row_of,
        )
    }

    /// Writes what a directory says of a person now; false when they were changed since `version`.
    pub fn set_directory_person(
        &mut self,
        id: PersonId,
        version: i64,
        given: &DirectoryGiven,
        now: Instant,
    ) -> Result<bool, StoreFailure> {
        let changed = self.execute(
            "UPDATE directory SET name_key = $3, external_id = $4, resource = $5, version = version + 1, changed_us = $6 \
             WHERE person_id = $1 AND version = $2",
            &[
                named(id),
                version.into(),
                name_key(&given.name).into(),
                given.external_id.clone().into(),
                given.resource.as_str().into(),
                now.into(),
            ],
        )?;
        if changed == 0 {
            return Ok(false);
        }
        self.execute_on(
            ("person", id),
            "UPDATE people SET name = $2 WHERE person_id = $1 AND erased_us IS NULL",
            &[named(id), given.name.as_str().into()],
        )?;
        Ok(true)
    }

    /// A person leaves and may come back: tokens and approvals not used yet end, and nobody answers for what they
    /// answered for. The last administrator stays.
    pub fn leave(&mut self, leaving: &Leaving, now: Instant) -> Result<(), StoreFailure> {
        let id = leaving.person.id;
        self.leaves_an_administrator(id)?;
        for owned in &leaving.owned {
            self.execute(
                "INSERT INTO left_owned (person_id, identity_id, business, technical) VALUES ($1, $2, $3, $4)",
                &[
                    named(id),
                    named(owned.id),
                    (owned.charter.business_owner == Some(id)).into(),
                    (owned.charter.technical_owner == Some(id)).into(),
                ],
            )?;
            self.set_charter(owned.id, &without(&owned.charter, id), now)?;
        }
        // Also of plans that wait for more decisions: an approval must not count again when they come back.
        self.execute(
            "UPDATE approvals SET ends_us = $2 WHERE person_id = $1 AND ends_us > $2 \
             AND plan_id IN (SELECT plan_id FROM plans WHERE state IN ('proposed', 'approved'))",
            &[named(id), now.into()],
        )?;
        self.touch_dismissed_by(id, now)?;
        self.touch_confirmed_by(id, now)?;
        self.touch_excepted_by(id, now)?;
        self.forget_acknowledgement(id)?;
        self.end_tokens_of(id)?;
        self.execute("DELETE FROM held_leavings WHERE person_id = $1", &[named(id)])?;
        self.execute_on(
            ("person", id),
            "UPDATE people SET left_us = $2 WHERE person_id = $1 AND erased_us IS NULL AND left_us IS NULL",
            &[named(id), now.into()],
        )
    }

    /// A person who left is back: they answer again for what nobody answers for in their stead. Returns what that is.
    pub fn come_back(&mut self, id: PersonId, now: Instant) -> Result<Vec<IdentityId>, StoreFailure> {
        let owned = self.query(
            "left_owned",
            "SELECT identity_id, business, technical FROM left_owned WHERE person_id = $1 ORDER BY identity_id",
            &[named(id)],
            |row| Ok((row.parsed::<IdentityId>(0)?, row.flag(1)?, row.flag(2)?)),
        )?;
        let mut back = Vec::new();
        for (identity, business, technical) in owned {
            let before = self.identity(identity)?.charter;
            let taken = |now: Option<PersonId>, was: bool| now.or_else(|| was.then_some(id));
            let charter = Charter {
                business_owner: taken(before.business_owner, business),
                technical_owner: taken(before.technical_owner, technical),
                ..before.clone()
            };
            if charter != before {
                self.set_charter(identity, &charter, now)?;
                back.push(identity);
            }
        }
        self.execute("DELETE FROM left_owned WHERE person_id = $1", &[named(id)])?;
        self.touch_dismissed_by(id, now)?;
        self.touch_confirmed_by(id, now)?;
        self.touch_excepted_by(id, now)?;
        self.execute_on(
            ("person", id),
            "UPDATE people SET left_us = NULL, returned_us = $2 \
             WHERE person_id = $1 AND erased_us IS NULL AND left_us IS NOT NULL",
            &[named(id), now.into()],
        )?;
        Ok(back)
    }

    /// Takes away what only a directory says of a person, when they are erased.
    pub(super) fn forget_in_directory(&mut self, id: PersonId) -> Result<(), StoreFailure> {
        for forget in [
            "DELETE FROM directory WHERE person_id = $1",
            "DELETE FROM left_owned WHERE person_id = $1",
            "DELETE FROM held_leavings WHERE person_id = $1",
            "DELETE FROM team_members WHERE person_id = $1",
        ] {
            self.execute(forget, &[named(id)])?;
        }
        Ok(())
    }

    /// A leaving counts from now on towards those that are too many at once, also when they come back or are erased.
    pub fn count_leaving(&mut self, id: PersonId, now: Instant) -> Result<(), StoreFailure> {
        self.execute(
            "UPDATE people SET leaving_counted_us = $2 WHERE person_id = $1",
            &[named(id), now.into()],
        )?;
        Ok(())
    }

    /// How many of an origin are there, and how many left lately: leavings that count, whoever is back since, and none
    /// that a person released before. Only those whose id of the directory's own begins with `mark`: several directories
    /// of one origin have one each.
    pub fn leaving_lately(
        &mut self,
        (origin, mark): (Origin, &str),
        now: Instant,
    ) -> Result<LeavingLately, StoreFailure> {
        let released = self.query_one(
            "leavings_released",
            "SELECT released_us FROM leavings_released WHERE only_one = 1",
            &[],
            |row| row.instant(0),
        )?;
        let since = now.minus(LEAVING_WINDOW).max(released.unwrap_or(Instant::from_micros(0)));
        let count = |row: &Row<'_>| row.number(0);
        let active = self.query_one(
            "people",
            "SELECT count(*) FROM people WHERE origin = $1 AND left_us IS NULL AND erased_us IS NULL \
             AND (leaving_counted_us IS NULL OR leaving_counted_us <= $2) AND ($3 = '' OR person_id IN \
             (SELECT person_id FROM directory WHERE substr(external_id, 1, length($3)) = $3))",
            &[named(origin), since.into(), mark.into()],
            count,
        )?;
        let left = self.query_one(
            "people",
            "SELECT count(*) FROM people WHERE origin = $1 AND leaving_counted_us > $2 AND ($3 = '' OR person_id IN \
             (SELECT person_id FROM directory WHERE substr(external_id, 1, length($3)) = $3))",
            &[named(origin), since.into(), mark.into()],
            count,
        )?;
        let held = self.query_one(
            "held_leavings",
            "SELECT count(*) FROM held_leavings h JOIN people p ON p.person_id = h.person_id WHERE p.origin = $1 \
             AND ($2 = '' OR p.person_id IN \
             (SELECT person_id FROM directory WHERE substr(external_id, 1, length($2)) = $2))",
            &[named(origin), mark.into()],
            count,
        )?;
        Ok(LeavingLately { active: active.unwrap_or(0), left: left.unwrap_or(0), held: held.unwrap_or(0) })
    }

    /// Writes down that a person's leaving is held; false when it was already.
    pub fn hold_leaving(&mut self, id: PersonId, erases: bool, now: Instant) -> Result<bool, StoreFailure> {
        let known = self.execute(
            "UPDATE held_leavings SET erases = $2 WHERE person_id = $1",
            &[named(id), erases.into()],
        )?;
        if known > 0 {
            return Ok(false);
        }
        self.execute(
            "INSERT INTO held_leavings (person_id, erases, asked_us) VALUES ($1, $2, $3)",
            &[named(id), erases.into(), now.into()],
        )?;
        Ok(true)
    }

    /// Whose leaving is held, by name.
    pub fn held_leavings(&mut self) -> Result<Vec<HeldRow>, StoreFailure> {
        self.query(
            "held_leavings",
            "SELECT h.person_id, p.name, h.erases, h.asked_us FROM held_leavings h \
             JOIN people p ON p.person_id = h.person_id ORDER BY p.name",
            &[],
            |row| {
                Ok(HeldRow {
                    person: row.parsed(0)?,
                    name: row.text(1)?,
                    erases: row.flag(2)?,
                    asked: row.instant(3)?,
                })
            },
        )
    }

    /// Whether a person's leaving is held, and then whether it erases them.
    pub fn held_leaving(&mut self, id: PersonId) -> Result<Option<bool>, StoreFailure> {
        let sql = "SELECT erases FROM held_leavings WHERE person_id = $1";
        self.query_one("held_leavings", sql, &[named(id)], |row| row.flag(0))
    }

    /// How many leavings are held.
    pub fn held_leavings_count(&mut self) -> Result<i64, StoreFailure> {
        let counted =
            self.query_one("held_leavings", "SELECT count(*) FROM held_leavings", &[], |row| row.number(0))?;
        Ok(counted.unwrap_or(0))
    }

    /// A person's leaving is not held any more; true when it was.
    pub fn unhold_leaving(&mut self, id: PersonId) -> Result<bool, StoreFailure> {
        Ok(self.execute("DELETE FROM held_leavings WHERE person_id = $1", &[named(id)])? > 0)
    }

    /// From now on those who left before do not count.
    pub fn release_leavings(&mut self, now: Instant) -> Result<(), StoreFailure> {
        self.execute("DELETE FROM leavings_released WHERE only_one = 1", &[])?;
        self.execute("INSERT INTO leavings_released (only_one, released_us) VALUES (1, $1)", &[now.into()])?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::LeavingLately;

    #[test]
    fn more_than_one_in_five_and_at_least_five_are_held_and_all_that_come_behind_them() {
        let lately = |active, left, held| LeavingLately { active, left, held };
        assert!(!lately(1, 0, 0).holds(1), "a small team may go");
        assert!(!lately(6, 3, 0).holds(1), "four of nine");
        assert!(lately(6, 4, 0).holds(1), "five of ten");
        assert!(!lately(21, 4, 0).holds(1), "five of twenty-five are one in five, not more");
        assert!(lately(20, 4, 0).holds(1), "five of twenty-four");
        assert!(lately(10_000, 0, 1).holds(1), "nobody goes while others are held");
        assert!(!lately(10_000, 0, 0).holds(2_000) && lately(10_000, 0, 0).holds(2_001));
    }
}
