//! doctor: what is well, what is not, and what to do about it.
//!
//! Every check says what was found and, when it is not well, what a person can do. It must
//! never change anything, and never call an outside system: what is not known stays unknown.

use crate::{Engine, EngineFailure};
use serde::Serialize;
use tenure_evidence::{Level, Trust};
use tenure_model::{StepState, SurveyState};
use tenure_store::{LogReader, Tx};

/// A log of more entries is not checked whole on request: it would hold a reader too long.
const ENTRIES_CHECKED_MAX: u64 = 300_000;

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
        let keys = self.log_keys();
        let trust =
            Trust { log_keys: keys.iter().filter_map(|key| key.parse().ok()).collect(), ..Trust::default() };
        let read = self
            .store
            .read("check_log", move |tx| {
                let head = tx.head()?;
                let first = head.size.saturating_sub(ENTRIES_CHECKED_MAX);
                if first > 0 {
                    return Ok((head, None));
                }
                // One consistent state: every entry, every tile, the signed head.
                let entries: Vec<Vec<u8>> =
                    tx.leaves(0, head.size)?.into_iter().map(|(_, bytes)| bytes).collect();
                let entries = entries.into_iter().map(Ok::<_, std::convert::Infallible>);
                let verdict = tenure_evidence::verify_log(entries, &LogReader::new(tx), &head.note, &trust);
                Ok((head, Some(verdict)))
            })
            .await?;
        Ok(match read {
            (head, Some(verdict)) if verdict.level == Level::Verified => Check::well(
                what,
                format!("{} entries, each in its place; tiles and signed head bear them out", head.size),
            ),
            (head, Some(verdict)) => {
                let mut found: Vec<String> = verdict.faults.iter().take(3).map(ToString::to_string).collect();
                if let (Level::Refused(refusal), true) = (&verdict.level, found.is_empty()) {
                    found.push(crate::failure::chain(refusal));
                }
                let remedy = "stop writing to it and restore from a backup (tenure restore)";
                let found =
                    format!("{} entries, but it was damaged or altered: {}", head.size, found.join("; "));
                Check::not_well(what, CheckState::Broken, found, remedy)
            }
            (head, None) => Check::not_well(
                what,
                CheckState::Look,
                format!("{} entries are too many to check here", head.size),
                "tenure evidence export in ranges, and verify each",
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
