//! Why surveys that ran in the background failed, for whoever asks how theirs went.
//!
//! Bounded: the oldest is forgotten first. A survey that got far enough to be written down says
//! so itself; this holds what was said to nobody because nobody waited.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};
use tenure_model::SurveyId;

/// Failures remembered, at most.
const REMEMBERED_MAX: usize = 500;

/// Failures of surveys, by survey.
#[derive(Default)]
pub(crate) struct Failures(Mutex<Known>);

#[derive(Default)]
struct Known {
    begun: VecDeque<SurveyId>,
    failed: VecDeque<(SurveyId, String)>,
}

impl Failures {
    /// A survey was begun under this id.
    pub(crate) fn begun(&self, id: SurveyId) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.begun.len() >= REMEMBERED_MAX {
            known.begun.pop_front();
        }
        known.begun.push_back(id);
    }

    /// A survey failed.
    pub(crate) fn failed(&self, id: SurveyId, why: String) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.failed.len() >= REMEMBERED_MAX {
            known.failed.pop_front();
        }
        known.failed.push_back((id, why));
    }

    /// Whether a survey was begun here, and why it failed when it did.
    pub(crate) fn of(&self, id: SurveyId) -> (bool, Option<String>) {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let failed = known.failed.iter().find(|(failed, _)| *failed == id).map(|(_, why)| why.clone());
        (known.begun.contains(&id), failed)
    }
}
