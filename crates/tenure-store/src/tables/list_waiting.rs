//! What waits for people: plans without a decision, surveys that are held; and what a source showed, extent by extent.
//! It must never write. Next: `findings.rs`, the queue.

use super::{
    plans::{PlanRow, plan},
    surveys::{SurveyRow, survey},
};
use crate::{StoreFailure, Tx, value::named};
use tenure_model::{EntryId, Instant, SourceId};

/// What a survey last held of an extent, and how whole it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExtentSeen {
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
    /// How many things it held, where that was counted when it was read.
    pub things: Option<i64>,
}

impl Tx<'_> {
    /// Plans that wait for a decision, newest first.
    pub fn plans_undecided(&mut self, most: i64) -> Result<Vec<PlanRow>, StoreFailure> {
        self.query(
            "plans",
            "SELECT plan_id, handle, kind, state, source_id, principal_id, principal_key, principal_name, identity_id, reason, \
             digest, blast_radius, points, heir, required_level, lag_us, level, sentence, requested_by, created_us, settled_us, \
             version, file FROM plans WHERE state = 'proposed' ORDER BY plan_id DESC LIMIT $1",
            &[most.into()],
            plan,
        )
    }

    /// Plans that wait for a decision, the oldest first, one page after `skip` rows.
    pub fn plans_waiting(&mut self, skip: i64, page_size: i64) -> Result<Vec<PlanRow>, StoreFailure> {
        self.query(
            "plans",
            "SELECT plan_id, handle, kind, state, source_id, principal_id, principal_key, principal_name, identity_id, reason, \
             digest, blast_radius, points, heir, required_level, lag_us, level, sentence, requested_by, created_us, settled_us, \
             version, file FROM plans WHERE state = 'proposed' ORDER BY plan_id LIMIT $2 OFFSET $1",
            &[skip.into(), page_size.into()],
            plan,
        )
    }

    /// The last survey of each source that is read and waits for a decision, with the source's name.
    pub fn surveys_held(&mut self) -> Result<Vec<(String, SurveyRow)>, StoreFailure> {
        self.query(
            "surveys",
            "SELECT v.survey_id, v.source_id, v.state, v.started_us, v.ended_us, v.seen, v.changed, v.missing, v.note, s.name \
             FROM sources s JOIN surveys v ON v.survey_id = (SELECT l.survey_id FROM surveys l WHERE l.source_id = s.source_id \
             ORDER BY l.started_us DESC LIMIT 1) WHERE s.removed_us IS NULL AND v.state = 'held' ORDER BY s.name",
            &[],
            |row| Ok((row.text(9)?, survey(row)?)),
        )
    }

    /// Every extent of a source, by name, with what was counted when it was read.
    pub fn extents_seen(&mut self, source: SourceId) -> Result<Vec<ExtentSeen>, StoreFailure> {
        self.query(
            "extents",
            "SELECT extent, whole, why, remedy, read_us, things FROM extents WHERE source_id = $1 ORDER BY extent",
            &[named(source)],
            |row| {
                Ok(ExtentSeen {
                    extent: row.text(0)?,
                    whole: row.flag(1)?,
                    why: row.opt_text(2)?,
                    remedy: row.opt_text(3)?,
                    read: row.instant(4)?,
                    things: row.opt_number(5)?,
                })
            },
        )
    }

    /// Surveys of a source, newest first.
    pub fn surveys_of(&mut self, source: SourceId, most: i64) -> Result<Vec<SurveyRow>, StoreFailure> {
        self.query(
            "surveys",
            "SELECT survey_id, source_id, state, started_us, ended_us, seen, changed, missing, note FROM surveys \
             WHERE source_id = $1 ORDER BY started_us DESC LIMIT $2",
            &[named(source), most.into()],
            survey,
        )
    }

    /// Leaf indexes of the entries about one subject, newest first, at most `most`.
    pub fn newest_leaves_about(&mut self, subject: &str, most: i64) -> Result<Vec<i64>, StoreFailure> {
        self.query(
            "entry_subjects",
            "SELECT e.leaf_index FROM entry_subjects s JOIN entries e ON e.entry_id = s.entry_id \
             WHERE s.subject = $1 AND e.leaf_index IS NOT NULL ORDER BY e.leaf_index DESC LIMIT $2",
            &[subject.into(), most.into()],
            |row| row.number(0),
        )
    }

    /// The newest leaves about a thing that were written before an instant, newest first. Ids of entries begin with their
    /// time, to the millisecond: what is of the last one is for the caller to look at.
    pub fn newest_leaves_about_until(
        &mut self,
        subject: &str,
        until: Instant,
        most: i64,
    ) -> Result<Vec<i64>, StoreFailure> {
        let beyond = EntryId::new(until.plus(std::time::Duration::from_millis(1)), [0; 10]);
        self.query(
            "entry_subjects",
            "SELECT e.leaf_index FROM entry_subjects s JOIN entries e ON e.entry_id = s.entry_id \
             WHERE s.subject = $1 AND s.entry_id < $3 AND e.leaf_index IS NOT NULL ORDER BY e.leaf_index DESC LIMIT $2",
            &[subject.into(), most.into(), named(beyond)],
            |row| row.number(0),
        )
    }

    /// The first leaf about a thing.
    pub fn first_leaf_about(&mut self, subject: &str) -> Result<Option<i64>, StoreFailure> {
        self.query_one(
            "entry_subjects",
            "SELECT MIN(e.leaf_index) FROM entry_subjects s JOIN entries e ON e.entry_id = s.entry_id WHERE s.subject = $1",
            &[subject.into()],
            |row| row.opt_number(0),
        )
        .map(Option::flatten)
    }
}
