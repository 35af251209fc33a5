//! Rights that were gained: which a complete survey was the first to see, and the request they were asked for by.
//!
//! A row is one right of one principal from when it is seen until a complete survey does not see it any more. Nothing is
//! taken out. Of what nobody asked for stands no request; whether the programme still asks, the judge says. It must never
//! decide what had to be asked for, nor match anything. Next: `tenure-engine/src/verbs/requests/privilege.rs`.

use crate::{Row, StoreFailure, Tx, value::named};
use serde::{Deserialize, Serialize};
use tenure_model::{AskedRight, Facts, IdentityId, Instant, PrincipalId, RequestId, SourceId};

/// A right that was gained.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GainRow {
    /// Whose.
    pub principal: PrincipalId,
    /// That principal's identity.
    pub identity: IdentityId,
    /// Which right.
    #[serde(flatten)]
    pub right: AskedRight,
    /// The class it was of then; nothing where none meant it.
    pub class: Option<String>,
    /// When a complete survey ended that did not see it.
    pub absent: Instant,
    /// When the first one saw it.
    pub seen: Instant,
    /// The request it was asked for by; nothing where nobody asked.
    pub request: Option<RequestId>,
    /// Until when it was asked for.
    pub until: Option<Instant>,
    /// When a complete survey ended that did not see it any more.
    pub gone: Option<Instant>,
}

/// A right that appeared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RightAppeared {
    /// Whose.
    pub principal: PrincipalId,
    /// That principal's identity.
    pub identity: IdentityId,
    /// What is known about that principal.
    pub facts: Facts,
    /// In which extent it was seen.
    pub extent: String,
    /// Which right.
    pub right: AskedRight,
    /// Since when it is seen as it is.
    pub since: Instant,
}

macro_rules! columns {
    () => {
        "SELECT g.principal_id, g.identity_id, g.right_name, g.resource, g.grantable, g.class, g.absent_us, g.seen_us, \
         g.request_id, g.until_us, g.gone_us FROM gains g "
    };
}

/// Rights that were not held in this form, nor in a wider one, when the complete survey ended that `$2` is of. What a
/// principal owns is left out: it comes by making something.
const APPEARED: &str = "SELECT p.principal_id, p.identity_id, p.facts, g.extent, g.right_name, g.resource, g.grantable, \
     COALESCE(g.changed_us, g.first_seen_us), g.path FROM grants g JOIN principals p ON p.principal_id = g.principal_id \
     WHERE g.source_id = $1 AND COALESCE(g.changed_us, g.first_seen_us) > $2 AND g.right_name <> 'owner' \
     AND (g.principal_id, g.resource, g.right_name, g.path) > ($3, $4, $5, $6) \
     AND p.presence = 'present' AND p.built_in = 0 AND p.first_seen_us <= $2 \
     AND NOT EXISTS (SELECT 1 FROM past_principals b WHERE b.principal_id = p.principal_id AND b.since_us <= $2 \
     AND b.until_us > $2 AND b.presence <> 'present') \
     AND NOT EXISTS (SELECT 1 FROM grants h WHERE h.principal_id = g.principal_id AND h.resource = g.resource \
     AND h.right_name = g.right_name AND h.grantable >= g.grantable AND COALESCE(h.changed_us, h.first_seen_us) <= $2) \
     AND NOT EXISTS (SELECT 1 FROM past_grants h WHERE h.principal_id = g.principal_id AND h.resource = g.resource \
     AND h.right_name = g.right_name AND h.grantable >= g.grantable AND h.since_us <= $2 AND h.until_us > $2) \
     AND NOT EXISTS (SELECT 1 FROM gains n WHERE n.principal_id = g.principal_id AND n.resource = g.resource \
     AND n.right_name = g.right_name AND n.grantable >= g.grantable AND n.gone_us IS NULL) \
     ORDER BY g.principal_id, g.resource, g.right_name, g.path LIMIT $7";

/// Where the next look at what appeared begins: principal, resource, right and path.
pub type RightPlace = [String; 4];

fn gain(row: &Row<'_>) -> Result<GainRow, StoreFailure> {
    Ok(GainRow {
        principal: row.parsed(0)?,
        identity: row.parsed(1)?,
        right: AskedRight { right: row.text(2)?, resource: row.text(3)?, grantable: row.flag(4)? },
        class: row.opt_text(5)?,
        absent: row.instant(6)?,
        seen: row.instant(7)?,
        request: row.opt_parsed(8)?,
        until: row.opt_instant(9)?,
        gone: row.opt_instant(10)?,
    })
}

impl Tx<'_> {
    /// Rights at a source that nobody held in this form when a complete survey ended, of principals that were there then;
    /// one look after `after`.
    pub fn rights_appeared(
        &mut self,
        (source, absent): (SourceId, Instant),
        after: Option<&RightPlace>,
        most: i64,
    ) -> Result<Vec<(RightPlace, RightAppeared)>, StoreFailure> {
        let [principal, resource, right, path] = after.cloned().unwrap_or_default();
        self.query(
            "grants",
            APPEARED,
            &[
                named(source),
                absent.into(),
                principal.into(),
                resource.into(),
                right.into(),
                path.into(),
                most.into(),
            ],
            |row| {
                let right =
                    AskedRight { right: row.text(4)?, resource: row.text(5)?, grantable: row.flag(6)? };
                let place = [row.text(0)?, right.resource.clone(), right.right.clone(), row.text(8)?];
                let (principal, identity) = (row.parsed(0)?, row.parsed(1)?);
                let (facts, extent, since) = (row.json(2)?, row.text(3)?, row.instant(7)?);
                Ok((place, RightAppeared { principal, identity, facts, extent, right, since }))
            },
        )
    }

    /// Whether a principal may pass a right on that it holds, and since when it is seen as it is; nothing where it does
    /// not hold it.
    pub fn right_held(
        &mut self,
        principal: PrincipalId,
        (right, resource): (&str, &str),
    ) -> Result<Option<(bool, Instant)>, StoreFailure> {
        self.query_one(
            "grants",
            "SELECT grantable, COALESCE(changed_us, first_seen_us) FROM grants \
             WHERE principal_id = $1 AND resource = $2 AND right_name = $3 ORDER BY grantable DESC, 2 LIMIT 1",
            &[named(principal), resource.into(), right.into()],
            |row| Ok((row.flag(0)?, row.instant(1)?)),
        )
    }

    /// Writes a right down that was gained.
    pub fn add_gain(&mut self, new: &GainRow) -> Result<(), StoreFailure> {
        self.execute(
            "INSERT INTO gains (principal_id, resource, right_name, seen_us, identity_id, grantable, class, absent_us, request_id, \
             until_us) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
             ON CONFLICT (principal_id, resource, right_name, seen_us) DO UPDATE SET \
             grantable = CASE WHEN gains.request_id IS NULL THEN excluded.grantable ELSE gains.grantable END",
            &[
                named(new.principal),
                new.right.resource.as_str().into(),
                new.right.right.as_str().into(),
                new.seen.into(),
                named(new.identity),
                new.right.grantable.into(),
                new.class.clone().into(),
                new.absent.into(),
                new.request.map(|id| id.to_string()).into(),
                new.until.into(),
            ],
        )?;
        self.touch(new.identity, new.seen)
    }

    /// Writes beside a right that is held by which request it is asked for from now on, and until when.
    pub fn set_gain_asked(
        &mut self,
        gain: &GainRow,
        (request, until): (RequestId, Instant),
        now: Instant,
    ) -> Result<(), StoreFailure> {
        self.execute(
            "UPDATE gains SET request_id = $5, until_us = $6 \
             WHERE principal_id = $1 AND resource = $2 AND right_name = $3 AND seen_us = $4",
            &[
                named(gain.principal),
                gain.right.resource.as_str().into(),
                gain.right.right.as_str().into(),
                gain.seen.into(),
                named(request),
                until.into(),
            ],
        )?;
        self.touch(gain.identity, now)
    }

    /// A complete survey of a source ended: what it did not see any more is gone since then. What may not be passed on any more
    /// is as that from then on: where somebody asked for it in that form, that is what is left.
    pub fn end_gains(&mut self, source: SourceId, now: Instant) -> Result<(), StoreFailure> {
        self.execute(
            "UPDATE gains SET gone_us = $2 WHERE gone_us IS NULL AND seen_us < $2 \
             AND principal_id IN (SELECT principal_id FROM principals WHERE source_id = $1) AND NOT EXISTS \
             (SELECT 1 FROM grants h WHERE h.principal_id = gains.principal_id AND h.resource = gains.resource \
             AND h.right_name = gains.right_name)",
            &[named(source), now.into()],
        )?;
        let narrowed: Vec<GainRow> = self.query(
            "gains",
            concat!(
                columns!(),
                "WHERE g.gone_us IS NULL AND g.seen_us < $2 AND g.grantable = 1 \
                 AND g.principal_id IN (SELECT principal_id FROM principals WHERE source_id = $1) AND NOT EXISTS \
                 (SELECT 1 FROM grants h WHERE h.principal_id = g.principal_id AND h.resource = g.resource \
                 AND h.right_name = g.right_name AND h.grantable = 1)"
            ),
            &[named(source), now.into()],
            gain,
        )?;
        for wide in narrowed {
            let narrow = AskedRight { grantable: false, ..wide.right.clone() };
            let sql = match self.gain_open(wide.principal, &narrow)? {
                Some(_) => {
                    "UPDATE gains SET gone_us = $5 \
                     WHERE principal_id = $1 AND resource = $2 AND right_name = $3 AND seen_us = $4"
                }
                None => {
                    "UPDATE gains SET grantable = 0 \
                     WHERE principal_id = $1 AND resource = $2 AND right_name = $3 AND seen_us = $4 AND seen_us < $5"
                }
            };
            let (resource, right) = (wide.right.resource.as_str(), wide.right.right.as_str());
            let row_key =
                [named(wide.principal), resource.into(), right.into(), wide.seen.into(), now.into()];
            self.execute(sql, &row_key)?;
            self.touch(wide.identity, now)?;
        }
        Ok(())
    }

    /// Rights of an identity that were gained and are held still, the latest first, at most `most`.
    pub fn gains_of(&mut self, identity: IdentityId, most: i64) -> Result<Vec<GainRow>, StoreFailure> {
        self.query(
            "gains",
            concat!(
                columns!(),
                "WHERE g.identity_id = $1 AND g.gone_us IS NULL AND EXISTS (SELECT 1 FROM grants h \
                 WHERE h.principal_id = g.principal_id AND h.resource = g.resource AND h.right_name = g.right_name) \
                 ORDER BY g.seen_us DESC, g.principal_id, g.resource, g.right_name LIMIT $2"
            ),
            &[named(identity), most.into()],
            gain,
        )
    }

    /// One right of a principal that was gained, in just this form, and of which no complete survey said that it is gone.
    pub fn gain_open(
        &mut self,
        principal: PrincipalId,
        right: &AskedRight,
    ) -> Result<Option<GainRow>, StoreFailure> {
        self.query_one(
            "gains",
            concat!(
                columns!(),
                "WHERE g.principal_id = $1 AND g.resource = $2 AND g.right_name = $3 AND g.grantable = $4 \
                 AND g.gone_us IS NULL ORDER BY g.seen_us DESC LIMIT 1"
            ),
            &[
                named(principal),
                right.resource.as_str().into(),
                right.right.as_str().into(),
                right.grantable.into(),
            ],
            gain,
        )
    }

    /// Rights that were seen by a request, also those that are gone.
    pub fn gains_by_request(&mut self, request: RequestId) -> Result<Vec<GainRow>, StoreFailure> {
        self.query(
            "gains",
            concat!(columns!(), "WHERE g.request_id = $1 ORDER BY g.right_name, g.resource, g.seen_us"),
            &[named(request)],
            gain,
        )
    }
}
