//! Surveys that run in the background: which are under way, and why one failed, for whoever asks.
//!
//! The end of a survey is written down before the one who ran it can say why it failed. So an
//! end counts only once it was noted here: t0 the row says `failed`, t1 the reason is noted and
//! the survey is over; between the two it is still shown as under way. Bounded: the oldest is
//! forgotten first.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};
use tenure_model::SurveyId;

/// Surveys remembered, at most.
const REMEMBERED_MAX: usize = 500;

/// Surveys begun by this process.
#[derive(Default)]
pub(crate) struct Surveying(Mutex<VecDeque<(SurveyId, Course)>>);

/// Where a survey stands for the one who runs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Course {
    /// It runs.
    UnderWay,
    /// It is over, and why it failed when it did.
    Over(Option<String>),
}

impl Surveying {
    /// A survey was begun under this id.
    pub(crate) fn begun(&self, id: SurveyId) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED_MAX {
            known.pop_front();
        }
        known.push_back((id, Course::UnderWay));
    }

    /// A survey is over.
    pub(crate) fn over(&self, id: SurveyId, failure: Option<String>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, course)) = known.iter_mut().find(|(known, _)| *known == id) {
            *course = Course::Over(failure);
        }
    }

    /// Where a survey stands; nothing when this process did not begin it, or forgot it.
    pub(crate) fn course(&self, id: SurveyId) -> Option<Course> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter().find(|(known, _)| *known == id).map(|(_, course)| course.clone())
    }
}
