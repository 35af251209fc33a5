//! People as they are shown: where each came from, who left, and what nobody took up since.
//!
//! Reads alone, and never more than was asked for. Next: `directory.rs`, where somebody leaves.

use crate::{StoreFailure, Tx};
use tenure_model::{IdentityId, Instant, Origin, PersonId, Role};

/// Somebody, and where they came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonShownRow {
    /// Who.
    pub person: PersonId,
    /// Their name.
    pub name: String,
    /// What they do, or did.
    pub role: Role,
    /// Where they come from.
    pub origin: Origin,
    /// When they joined.
    pub joined: Instant,
    /// When they left, if they did.
    pub left: Option<Instant>,
}

/// An identity that somebody answered for who left, and for which nobody answers in their stead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftBehind {
    /// Who left.
    pub person: PersonId,
    /// Which identity.
    pub identity: IdentityId,
    /// Its name.
    pub name: String,
}

impl Tx<'_> {
    /// Everybody who is not erased, at most `most`: who left last first, then the others by name.
    pub fn people_shown(&mut self, most: i64) -> Result<Vec<PersonShownRow>, StoreFailure> {
        self.query(
            "people",
            "SELECT person_id, name, role, origin, created_us, left_us FROM people WHERE erased_us IS NULL \
             ORDER BY COALESCE(left_us, 0) DESC, name LIMIT $1",
            &[most.into()],
            |row| {
                Ok(PersonShownRow {
                    person: row.parsed(0)?,
                    name: row.text(1)?,
                    role: row.parsed(2)?,
                    origin: row.parsed(3)?,
                    joined: row.instant(4)?,
                    left: row.opt_instant(5)?,
                })
            },
        )
    }

    /// What those who left answered for and nobody took up, looked for among at most `most`.
    pub fn left_behind(&mut self, most: i64) -> Result<Vec<LeftBehind>, StoreFailure> {
        let owned = self.query(
            "left_owned",
            "SELECT person_id, identity_id, business, technical FROM left_owned ORDER BY person_id, identity_id LIMIT $1",
            &[most.into()],
            |row| Ok((row.parsed(0)?, row.parsed::<IdentityId>(1)?, row.flag(2)?, row.flag(3)?)),
        )?;
        let mut behind = Vec::new();
        for (person, identity, business, technical) in owned {
            let row = self.identity(identity)?;
            let charter = &row.charter;
            if business && charter.business_owner.is_none() || technical && charter.technical_owner.is_none()
            {
                behind.push(LeftBehind { person, identity, name: row.name });
            }
        }
        Ok(behind)
    }
}
