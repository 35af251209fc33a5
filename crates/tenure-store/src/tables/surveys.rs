//! Surveys and extents: what was read when, and how whole it was.
//!
//! Only a whole extent may make something disappear (law 2); this file keeps the verdicts and must never
//! reach one. What an extent held when it was read in full stands only as long as nobody else changes rows of
//! it: whoever does calls `forget_digests`. Next: `ingest.rs`, which writes what was seen.

use crate::{Row, StoreFailure, Tx, value::named};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use tenure_model::{
    Completeness, Extent, Instant, PrincipalKey, SourceId, SurveyEvent, SurveyId, SurveyState,
    lifecycle::advance,
};

/// A survey as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SurveyRow {
    /// Its id.
    pub id: SurveyId,
    /// Of which source.
    pub source: SourceId,
    /// Where it stands.
    pub state: SurveyState,
    /// When it began.
    pub started: Instant,
    /// When it ended.
    pub ended: Option<Instant>,
    /// Things seen.
    pub seen: i64,
    /// Things new or different.
    pub changed: i64,
    /// Things no longer there.
    pub missing: i64,
    /// What a person should know.
    pub note: Option<String>,
}

/// An extent as it was last read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExtentRow {
    /// Its name.
    pub extent: String,
    /// Whether it was read whole.
    pub whole: bool,
    /// Why not.
    pub why: Option<String>,
    /// What would mend it.
    pub remedy: Option<String>,
    /// When it was read.
    pub read: Instant,
}

/// What an extent held when it was last read in full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContentRow {
    /// The keyed digest of its content, which the connector gave.
    pub digest: String,
    /// How many things there were.
    pub things: i64,
    /// The digest of their keys, as the evidence entry of that survey carries it.
    pub keys_digest: String,
    /// When that was.
    pub read_in_full: Instant,
    /// In which survey.
    pub survey: SurveyId,
}

pub(super) fn survey(row: &Row<'_>) -> Result<SurveyRow, StoreFailure> {
    Ok(SurveyRow {
        id: row.parsed(0)?,
        source: row.parsed(1)?,
        state: row.parsed(2)?,
        started: row.instant(3)?,
        ended: row.opt_instant(4)?,
        seen: row.number(5)?,
        changed: row.number(6)?,
        missing: row.number(7)?,
        note: row.opt_text(8)?,
    })
}

impl Tx<'_> {
    /// Principals of a source that are believed present and whose key begins so, each with the fingerprint of its
    /// credential, of the first by key.
    pub fn principals_known(
        &mut self,
        source: SourceId,
        key_start: &str,
    ) -> Result<BTreeMap<PrincipalKey, Option<String>>, StoreFailure> {
        let mut known = BTreeMap::new();
        self.query(
            "principals",
            "SELECT p.native_key, c.fingerprint FROM principals p LEFT JOIN credentials c ON c.principal_id = p.principal_id \
             WHERE p.source_id = $1 AND p.presence = 'present' AND p.native_key >= $2 ORDER BY p.native_key, c.native_key",
            &[named(source), key_start.into()],
            |row| {
                if row.text_ref(0)?.starts_with(key_start) {
                    let fingerprint = row.opt_text(1)?;
                    known.entry(PrincipalKey(row.text(0)?)).or_insert(fingerprint);
                }
                Ok(())
            },
        )?;
        Ok(known)
    }

    /// Begins a survey. One that a crash left running is marked failed first.
    pub fn begin_survey(&mut self, id: SurveyId, source: SourceId, now: Instant) -> Result<(), StoreFailure> {
        self.execute(
            "UPDATE surveys SET state = 'failed', ended_us = $2, note = 'cut off' WHERE source_id = $1 AND state = 'running'",
            &[named(source), now.into()],
        )?;
        self.execute(
            "INSERT INTO surveys (survey_id, source_id, state, started_us, seen, changed, missing) \
             VALUES ($1, $2, 'running', $3, 0, 0, 0)",
            &[named(id), named(source), now.into()],
        )?;
        Ok(())
    }

    /// One survey.
    pub fn survey(&mut self, id: SurveyId) -> Result<SurveyRow, StoreFailure> {
        self.query_one(
            "surveys",
            "SELECT survey_id, source_id, state, started_us, ended_us, seen, changed, missing, note FROM surveys \
             WHERE survey_id = $1",
            &[named(id)],
            survey,
        )?
        .ok_or_else(|| StoreFailure::Missing { noun: "survey", given: id.to_string() })
    }

    /// The last survey of a source.
    pub fn last_survey(&mut self, source: SourceId) -> Result<Option<SurveyRow>, StoreFailure> {
        self.query_one(
            "surveys",
            "SELECT survey_id, source_id, state, started_us, ended_us, seen, changed, missing, note FROM surveys \
             WHERE source_id = $1 ORDER BY started_us DESC LIMIT 1",
            &[named(source)],
            survey,
        )
    }

    /// Moves a survey on and notes its counts.
    pub fn move_survey(&mut self, row: &SurveyRow, event: SurveyEvent) -> Result<SurveyState, StoreFailure> {
        let current = self.survey(row.id)?.state;
        let next =
            advance(current, event).map_err(|error| StoreFailure::Conflict { why: error.to_string() })?;
        self.execute(
            "UPDATE surveys SET state = $2, ended_us = $3, seen = $4, changed = $5, missing = $6, note = $7 \
             WHERE survey_id = $1",
            &[
                named(row.id),
                named(next),
                row.ended.into(),
                row.seen.into(),
                row.changed.into(),
                row.missing.into(),
                row.note.clone().into(),
            ],
        )?;
        if let (SurveyState::Complete | SurveyState::Accepted, Some(ended)) = (next, row.ended) {
            self.touch_watching_source(row.source, ended)?;
        }
        Ok(next)
    }

    /// Notes how an extent was read. What it held before is forgotten: see `note_content`.
    pub fn note_extent(
        &mut self,
        source: SourceId,
        survey: SurveyId,
        extent: &Extent,
        completeness: &Completeness,
        now: Instant,
    ) -> Result<(), StoreFailure> {
        let (whole, why, remedy) = match completeness {
            Completeness::Whole => (true, None, None),
            Completeness::Part { why, remedy } => (false, Some(why.clone()), Some(remedy.clone())),
        };
        self.execute(
            "INSERT INTO extents (source_id, extent, whole, why, remedy, read_us, survey_id) \
             VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (source_id, extent) DO UPDATE SET \
             whole = excluded.whole, why = excluded.why, remedy = excluded.remedy, read_us = excluded.read_us, \
             survey_id = excluded.survey_id, content_digest = NULL, things = NULL",
            &[
                named(source),
                extent.0.as_str().into(),
                whole.into(),
                why.into(),
                remedy.into(),
                now.into(),
                named(survey),
            ],
        )?;
        Ok(())
    }

    /// Notes what a whole extent held, after `note_extent`, so that it can be recognised.
    pub fn note_content(
        &mut self,
        source: SourceId,
        extent: &Extent,
        content: &ContentRow,
    ) -> Result<(), StoreFailure> {
        self.execute(
            "UPDATE extents SET content_digest = $3, things = $4, keys_digest = $5, full_us = $6, full_survey_id = $7 \
             WHERE source_id = $1 AND extent = $2",
            &[
                named(source),
                extent.0.as_str().into(),
                content.digest.as_str().into(),
                content.things.into(),
                content.keys_digest.as_str().into(),
                content.read_in_full.into(),
                named(content.survey),
            ],
        )?;
        Ok(())
    }

    /// Notes how many things a whole extent held, after `note_extent`, where what they were cannot be recognised.
    pub fn note_things(
        &mut self,
        source: SourceId,
        extent: &Extent,
        things: i64,
    ) -> Result<(), StoreFailure> {
        self.execute(
            "UPDATE extents SET things = $3 WHERE source_id = $1 AND extent = $2",
            &[named(source), extent.0.as_str().into(), things.into()],
        )?;
        Ok(())
    }

    /// Extents that held nothing when they were read whole, and of which no row was written since: nothing
    /// can be missing there.
    pub fn blank_extents(&mut self, source: SourceId) -> Result<BTreeSet<Extent>, StoreFailure> {
        let rows = self.query(
            "extents",
            "SELECT extent FROM extents WHERE source_id = $1 AND whole = 1 AND things = 0",
            &[named(source)],
            |row| Ok(Extent(row.text(0)?)),
        )?;
        Ok(rows.into_iter().collect())
    }

    /// Notes that an extent was recognised: it was read, and is as it was. What it held stands.
    pub fn note_unchanged(
        &mut self,
        source: SourceId,
        survey: SurveyId,
        extent: &Extent,
        now: Instant,
    ) -> Result<(), StoreFailure> {
        self.execute(
            "UPDATE extents SET read_us = $3, survey_id = $4 WHERE source_id = $1 AND extent = $2",
            &[named(source), extent.0.as_str().into(), now.into(), named(survey)],
        )?;
        Ok(())
    }

    /// What each extent of a source held, as far as it can be recognised, by name.
    pub fn contents(&mut self, source: SourceId) -> Result<BTreeMap<Extent, ContentRow>, StoreFailure> {
        let rows = self.query(
            "extents",
            "SELECT extent, content_digest, things, keys_digest, full_us, full_survey_id FROM extents \
             WHERE source_id = $1 AND content_digest IS NOT NULL",
            &[named(source)],
            |row| {
                let content = ContentRow {
                    digest: row.text(1)?,
                    things: row.number(2)?,
                    keys_digest: row.text(3)?,
                    read_in_full: row.instant(4)?,
                    survey: row.parsed(5)?,
                };
                Ok((Extent(row.text(0)?), content))
            },
        )?;
        Ok(rows.into_iter().collect())
    }

    /// Forgets what every extent of a source held, because rows of it are changed by something other than
    /// reading them: the next survey reads all of it. A survey that is running notes no content at its end.
    pub fn forget_digests(&mut self, source: SourceId) -> Result<(), StoreFailure> {
        self.execute(
            "UPDATE extents SET content_digest = NULL, things = NULL WHERE source_id = $1 AND things IS NOT NULL",
            &[named(source)],
        )?;
        self.execute(
            "UPDATE surveys SET disturbed = 1 WHERE source_id = $1 AND state = 'running'",
            &[named(source)],
        )?;
        Ok(())
    }

    /// Forgets what one extent held.
    pub(crate) fn forget_digest(&mut self, source: SourceId, extent: &str) -> Result<(), StoreFailure> {
        self.execute(
            "UPDATE extents SET content_digest = NULL, things = NULL \
             WHERE source_id = $1 AND extent = $2 AND things IS NOT NULL",
            &[named(source), extent.into()],
        )?;
        Ok(())
    }

    /// Whether somebody else changed rows of the source while this survey was reading it.
    pub fn was_disturbed(&mut self, survey: SurveyId) -> Result<bool, StoreFailure> {
        let disturbed = self.query_one(
            "surveys",
            "SELECT disturbed FROM surveys WHERE survey_id = $1",
            &[named(survey)],
            |row| row.flag(0),
        )?;
        Ok(disturbed.unwrap_or(true))
    }

    /// Every extent of a source, by name.
    pub fn extents(&mut self, source: SourceId) -> Result<Vec<ExtentRow>, StoreFailure> {
        self.query(
            "extents",
            "SELECT extent, whole, why, remedy, read_us FROM extents WHERE source_id = $1 ORDER BY extent",
            &[named(source)],
            |row| {
                Ok(ExtentRow {
                    extent: row.text(0)?,
                    whole: row.flag(1)?,
                    why: row.opt_text(2)?,
                    remedy: row.opt_text(3)?,
                    read: row.instant(4)?,
                })
            },
        )
    }

    /// Forgets an extent that no longer exists.
    pub fn forget_extent(&mut self, source: SourceId, extent: &str) -> Result<(), StoreFailure> {
        self.execute(
            "DELETE FROM extents WHERE source_id = $1 AND extent = $2",
            &[named(source), extent.into()],
        )?;
        Ok(())
    }
}
