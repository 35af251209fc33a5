//! doctor: what is well, what is not, and what to do about it.
//!
//! Every check says what was found and, when it is not well, what a person can do. It must
//! never change anything, and never call an outside system: what is not known stays unknown.

use crate::{Engine, EngineFailure};
use serde::Serialize;
use tenure_model::{StepState, SurveyState};
use tenure_store::{LogReader, Tx};

/// How a check went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckState {
    /// Well.
    Well,
    /// Works, but a person should look.
    Look,
    /// Broken.
    Broken,
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was checked.
    pub what: String,
    /// How it went.
    pub state: CheckState,
    /// What was found.
    pub found: String,
    /// What to do, when something is to be done.
    pub remedy: Option<String>,
}

impl Check {
    fn well(what: &str, found: impl Into<String>) -> Self {
        Self { what: what.to_owned(), state: CheckState::Well, found: found.into(), remedy: None }
    }

    fn not_well(what: &str, state: CheckState, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { what: what.to_owned(), state, found: found.into(), remedy: Some(remedy.into()) }
    }
}

impl Engine {
    /// Runs every check.
    pub async fn doctor(&self) -> Result<Vec<Check>, EngineFailure> {
        let mut checks = vec![self.check_log().await?, self.check_writing(), self.check_reserve()];
        checks.extend(self.check_sources().await?);
        checks.extend(self.check_plans().await?);
        Ok(checks)
    }

    async fn check_log(&self) -> Result<Check, EngineFailure> {
        let what = "evidence log";
        let read = self
            .store
            .read("check_log", |tx| {
                let head = tx.head()?;
                let root = tenure_evidence::root_at(head.size, &LogReader::new(tx)).ok();
                Ok((head, root))
            })
            .await?;
        Ok(match read {
            (head, Some(root)) if root == head.root => {
                Check::well(what, format!("{} entries, the signed head is borne out by its tiles", head.size))
            }
            (head, _) => Check::not_well(
                what,
                CheckState::Broken,
                format!("{} entries, but the tiles do not bear out the signed head", head.size),
                "stop writing to it and restore from a backup (tenure restore)",
            ),
        })
    }

    fn check_writing(&self) -> Check {
        match self.store.stopped_because() {
            None => Check::well("writing", "the disk confirms every write"),
            Some(why) => {
                Check::not_well("writing", CheckState::Broken, why, "check the disk, then start Tenure again")
            }
        }
    }

    fn check_reserve(&self) -> Check {
        let path = self.paths.directory.join("reserve");
        let held = std::fs::metadata(&path).map_or(0, |meta| meta.len());
        if held > 0 && !self.store.reserve_was_used() {
            Check::well(
                "reserve",
                format!("{} KiB kept for emergency revocations on a full disk", held / 1024),
            )
        } else {
            let remedy =
                "free some disk space and start Tenure again; it sets the reserve aside at its start";
            Check::not_well("reserve", CheckState::Look, "none is kept", remedy)
        }
    }

    async fn check_sources(&self) -> Result<Vec<Check>, EngineFailure> {
        let sources = self
            .store
            .read("check_sources", |tx| {
                let mut found = Vec::new();
                for source in tx.sources()? {
                    let (survey, extents) = (tx.last_survey(source.id)?, tx.extents(source.id)?);
                    found.push((source, survey, extents));
                }
                Ok(found)
            })
            .await?;
        let mut checks = Vec::new();
        for (source, survey, extents) in sources {
            let what = format!("source {}", source.name);
            checks.push(match survey {
                None => Check::not_well(
                    &what,
                    CheckState::Look,
                    "never read",
                    format!("tenure survey {}", source.name),
                ),
                Some(survey) if survey.state == SurveyState::Held => Check::not_well(
                    &what,
                    CheckState::Look,
                    survey.note.unwrap_or_default(),
                    format!("tenure survey {} --accept, or --discard", source.name),
                ),
                Some(survey) => Check::well(&what, format!("read {} ({})", survey.started, survey.state)),
            });
            for extent in extents.into_iter().filter(|extent| !extent.whole) {
                checks.push(Check::not_well(
                    &format!("{what}, {}", tenure_model::printable(&extent.extent, 60)),
                    CheckState::Look,
                    extent.why.unwrap_or_default(),
                    extent.remedy.unwrap_or_default(),
                ));
            }
            for note in source.not_observable {
                checks.push(Check::not_well(
                    &format!("{what}, {}", note.what),
                    CheckState::Look,
                    note.why,
                    note.remedy,
                ));
            }
        }
        Ok(checks)
    }

    async fn check_plans(&self) -> Result<Vec<Check>, EngineFailure> {
        let stuck = self
            .store
            .read("check_plans", |tx: &mut Tx<'_>| {
                let mut stuck = Vec::new();
                for id in tx.plans_at_work()? {
                    let plan = tx.plan(id)?;
                    for step in tx.steps(id)? {
                        if step.escalated.is_some() && step.state != StepState::Done {
                            stuck.push((plan.handle.clone(), step));
                        }
                    }
                }
                Ok(stuck)
            })
            .await?;
        Ok(stuck
            .into_iter()
            .map(|(handle, step)| {
                Check::not_well(
                    &format!("plan {handle}, step {}", step.kind),
                    CheckState::Look,
                    step.answer.unwrap_or_default(),
                    format!("mend what it says; it is tried again by itself (tenure proof {handle})"),
                )
            })
            .collect())
    }
}
