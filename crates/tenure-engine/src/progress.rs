//! How far long work has come, for whoever watches. Kept in memory only: after a restart the
//! work is done anew and says so.

use serde::Serialize;
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};
use tenure_model::SurveyId;

/// How far a survey has come.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct SurveyProgress {
    /// Things seen so far.
    pub seen: u64,
    /// What is being read now.
    pub extent: String,
    /// Extents that are finished.
    pub extents_ended: u64,
}

/// Progress of everything that runs.
#[derive(Debug, Default)]
pub(crate) struct Board(Mutex<HashMap<SurveyId, SurveyProgress>>);

impl Board {
    pub(crate) fn update(&self, survey: SurveyId, change: impl FnOnce(&mut SurveyProgress)) {
        let mut board = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        change(board.entry(survey).or_default());
    }

    pub(crate) fn read(&self, survey: SurveyId) -> Option<SurveyProgress> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&survey).cloned()
    }

    pub(crate) fn remove(&self, survey: SurveyId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&survey);
    }
}
