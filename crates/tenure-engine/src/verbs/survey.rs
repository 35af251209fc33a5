//! observe and ingest: one reading of a source, and what it makes of the inventory.
//!
//! What is seen is written page by page while the survey runs. What is *not* seen takes effect
//! only at the end, only for extents that were read whole, and only when the loss is small
//! enough to believe; otherwise the survey is held for a person (law 2).

use super::sink::{Gathered, Receiver};
use crate::{
    Actor, Engine, EngineFailure, SurveyProgress,
    record::{By, Draft},
};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};
use tenure_connect::OutsideFailure;
use tenure_model::{
    Completeness, DecisionRight, Extent, IdentityId, Instant, PrincipalId, SurveyEvent, SurveyId, SurveyState,
};
use tenure_store::{
    NewEntry, StoreFailure, Tx,
    tables::{
        ingest::{IngestContext, Seen},
        sources::{SourceRow, Unobservable},
        surveys::SurveyRow,
    },
};

/// A survey is held when it would make at least this many principals disappear …
const HELD_COUNT_MIN: i64 = 5;
/// … and at least this share of those present, in percent.
const HELD_SHARE_MIN_PERCENT: i64 = 20;

/// What to do when a survey would make much disappear.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Belief {
    /// Hold it for a person.
    HoldWhenMuchIsMissing,
    /// A person says the loss is real.
    Believe,
}

/// What applying a survey to the inventory needs.
struct Reading {
    verdicts: BTreeMap<Extent, Completeness>,
    seen: BTreeMap<Extent, Seen>,
    /// The connector reached its end without a failure.
    finished: bool,
}

/// The end of a survey, ready to be written in one transaction.
struct Ending {
    survey: SurveyRow,
    event: SurveyEvent,
    belief: Belief,
    entries: Vec<NewEntry>,
    entry_of_end: NewEntry,
    entry_of_hold: NewEntry,
    reading: Reading,
    notes: Vec<Unobservable>,
    now: Instant,
}

impl Ending {
    fn write(&self, tx: &mut Tx<'_>) -> Result<SurveyRow, StoreFailure> {
        let source = self.survey.source;
        let mut survey = self.survey.clone();
        let missing = missing_principals(tx, source, &self.reading)?;
        survey.missing = i64::try_from(missing.gone.len()).unwrap_or(i64::MAX);
        for entry in &self.entries {
            tx.entry(entry.clone())?;
        }
        if self.belief == Belief::HoldWhenMuchIsMissing && missing.is_too_much() {
            survey.note = Some(format!(
                "{} of {} principals would disappear; nothing was removed. Accept or discard this survey",
                missing.gone.len(),
                missing.present
            ));
            tx.entry(self.entry_of_hold.clone())?;
            survey.state = tx.move_survey(&survey, SurveyEvent::Hold)?;
            return Ok(survey);
        }
        tx.mark_gone(&missing.gone, self.now)?;
        survey.missing += sweep(tx, source, &self.reading, self.now)?;
        for (extent, completeness) in &self.reading.verdicts {
            tx.note_extent(source, survey.id, extent, completeness, self.now)?;
        }
        tx.set_not_observable(source, &self.notes)?;
        tx.entry(self.entry_of_end.clone())?;
        survey.state = tx.move_survey(&survey, self.event)?;
        Ok(survey)
    }
}

impl Engine {
    /// Reads a source now. One survey of a source runs at a time.
    pub async fn survey(
        &self,
        by: Option<Actor>,
        name: &str,
        belief: Belief,
    ) -> Result<SurveyRow, EngineFailure> {
        let row = self.source_row(name).await?;
        let id = SurveyId::new(self.clock.now(), self.random()?);
        self.survey_as(by, row, id, belief).await
    }

    /// As `survey`, with an id chosen before, so that its progress can be watched.
    pub async fn survey_as(
        &self,
        by: Option<Actor>,
        row: SourceRow,
        id: SurveyId,
        belief: Belief,
    ) -> Result<SurveyRow, EngineFailure> {
        if !self.surveying.lock().unwrap_or_else(PoisonError::into_inner).insert(row.id) {
            let why = format!("`{}` is being read already; wait for that survey to end", row.name);
            return Err(EngineFailure::Refused { why });
        }
        let outcome = self.survey_alone(by, &row, id, belief).await;
        self.surveying.lock().unwrap_or_else(PoisonError::into_inner).remove(&row.id);
        self.board.remove(id);
        self.judging_woken.notify_one();
        outcome
    }

    /// Names of sources whose last survey is old enough to read them again.
    pub(crate) async fn sources_due(&self) -> Result<Vec<String>, EngineFailure> {
        let every = self.deadlines.survey_every;
        if every.is_zero() {
            return Ok(Vec::new());
        }
        let now = self.clock.now();
        let surveyed = self
            .store
            .read("sources_due", |tx| {
                let sources = tx.sources()?;
                sources
                    .into_iter()
                    .map(|source| Ok((source.name.to_string(), tx.last_survey(source.id)?)))
                    .collect::<Result<Vec<_>, _>>()
            })
            .await?;
        let is_due = |last: &Option<SurveyRow>| match last {
            // The first reading is asked for by a person: adding a source is not yet reading it.
            None => false,
            Some(last) => last.state != SurveyState::Held && now.since(last.started) >= every,
        };
        Ok(surveyed.into_iter().filter(|(_, last)| is_due(last)).map(|(name, _)| name).collect())
    }

    /// How far a running survey has come.
    pub fn survey_progress(&self, id: SurveyId) -> Option<SurveyProgress> {
        self.board.read(id)
    }

    async fn survey_alone(
        &self,
        by: Option<Actor>,
        row: &SourceRow,
        id: SurveyId,
        belief: Belief,
    ) -> Result<SurveyRow, EngineFailure> {
        let now = self.clock.now();
        let source_id = row.id;
        let source = self.open_source(row)?;
        self.store.write("begin_survey", move |tx| tx.begin_survey(id, source_id, now)).await?;
        self.board.update(id, |_| {});
        let gathered = Arc::new(Mutex::new(Gathered::default()));
        let mut receiver = Receiver {
            engine: self,
            context: IngestContext { source: row.id, source_name: row.name.to_string(), mint: self.mint()? },
            survey: id,
            gathered: Arc::clone(&gathered),
        };
        let observed = tokio::time::timeout(self.deadlines.survey, source.observe(now, &mut receiver)).await;
        let observed = observed.unwrap_or_else(|_| {
            Err(OutsideFailure::Unreachable { why: String::from("the survey took too long") })
        });
        // A receiver that is closed has already said why.
        let _ = receiver.write_uses().await;
        drop(receiver);
        let mut gathered = std::mem::take(&mut *gathered.lock().unwrap_or_else(PoisonError::into_inner));
        if let Some(failure) = gathered.failure.take() {
            return Err(failure.into());
        }
        self.finish_survey(by, row, id, belief, gathered, observed).await
    }

    async fn finish_survey(
        &self,
        by: Option<Actor>,
        row: &SourceRow,
        id: SurveyId,
        belief: Belief,
        gathered: Gathered,
        observed: Result<(), OutsideFailure>,
    ) -> Result<SurveyRow, EngineFailure> {
        let verdicts = gathered.verdicts();
        let all_whole = observed.is_ok() && verdicts.values().all(|verdict| *verdict == Completeness::Whole);
        let mut note = observed.as_ref().err().map(ToString::to_string);
        if gathered.orphans > 0 {
            note.get_or_insert_with(|| {
                format!("{} things belong to principals that were not seen", gathered.orphans)
            });
        }
        let event = match (&observed, gathered.ended.is_empty()) {
            (Err(_), true) => SurveyEvent::Fail,
            _ if all_whole => SurveyEvent::FinishWhole,
            _ => SurveyEvent::FinishPart,
        };
        let survey = SurveyRow {
            id,
            source: row.id,
            state: SurveyState::Running,
            started: self.clock.now(),
            ended: Some(self.clock.now()),
            seen: gathered.count,
            changed: gathered.changed,
            missing: 0,
            note,
        };
        let ending = Ending {
            survey,
            event,
            belief,
            entries: self.extent_entries(by, row, id, &verdicts, &gathered.seen)?,
            entry_of_end: self.entry(
                Draft::new("survey.finished", by_of(by), id)
                    .about(row.id)
                    .text("outcome", event)
                    .number("seen", gathered.count)
                    .number("changed", gathered.changed),
            )?,
            entry_of_hold: self.entry(Draft::new("survey.held", by_of(by), id).about(row.id))?,
            reading: Reading { verdicts, seen: gathered.seen, finished: observed.is_ok() },
            notes: gathered.notes,
            now: self.clock.now(),
        };
        let survey = self.store.write("finish_survey", move |tx| ending.write(tx)).await?;
        match observed {
            Err(failure) if survey.state == SurveyState::Failed => Err(crate::engine::outside(row)(failure)),
            _ => Ok(survey),
        }
    }

    /// One entry per extent: what was read, how whole, and a digest of what was seen.
    fn extent_entries(
        &self,
        by: Option<Actor>,
        row: &SourceRow,
        id: SurveyId,
        verdicts: &BTreeMap<Extent, Completeness>,
        seen: &BTreeMap<Extent, Seen>,
    ) -> Result<Vec<NewEntry>, EngineFailure> {
        verdicts
            .iter()
            .map(|(extent, verdict)| {
                let keys = seen.get(extent);
                let mut sorted: Vec<&[u8; 16]> = keys.into_iter().flatten().collect();
                sorted.sort_unstable();
                let bytes: Vec<u8> = sorted.iter().flat_map(|key| key.iter().copied()).collect();
                let digest = tenure_evidence::leaf_hash(&bytes);
                let why = match verdict {
                    Completeness::Whole => None,
                    Completeness::Part { why, .. } => Some(why),
                };
                self.entry(
                    Draft::new("survey.extent", by_of(by), id)
                        .about(row.id)
                        .flag("whole", why.is_none())
                        .number("seen", i64::try_from(sorted.len()).unwrap_or(i64::MAX))
                        .text("digest", digest)
                        .body(serde_json::json!({ "extent": extent.0, "why": why })),
                )
            })
            .collect()
    }

    /// Decides about the held survey of a source: believe it (and read again), or discard it.
    pub async fn decide_survey(
        &self,
        actor: Actor,
        name: &str,
        believe: bool,
    ) -> Result<SurveyRow, EngineFailure> {
        let row = self.source_row(name).await?;
        let source = row.id;
        let last = self.store.read("last_survey", move |tx| tx.last_survey(source)).await?;
        let Some(held) = last.filter(|survey| survey.state == SurveyState::Held) else {
            return Err(EngineFailure::Refused {
                why: format!("the last survey of `{}` is not held", row.name),
            });
        };
        let event = if believe { SurveyEvent::Accept } else { SurveyEvent::Discard };
        let entry = self.entry(
            Draft::new("survey.decided", By::Person(actor, Some(DecisionRight::Accept)), held.id)
                .about(row.id)
                .text("decision", event),
        )?;
        let decided = self
            .store
            .write("decide_survey", move |tx| {
                let mut survey = held.clone();
                survey.state = tx.move_survey(&survey, event)?;
                tx.entry(entry.clone())?;
                Ok(survey)
            })
            .await?;
        // What was held may be old by now: what a person believed in is read once more.
        if believe { self.survey(Some(actor), name, Belief::Believe).await } else { Ok(decided) }
    }
}

fn by_of(by: Option<Actor>) -> By {
    by.map_or(By::Tenure, |actor| By::Person(actor, None))
}

struct Missing {
    present: i64,
    gone: Vec<(PrincipalId, IdentityId)>,
}

impl Missing {
    fn is_too_much(&self) -> bool {
        let gone = i64::try_from(self.gone.len()).unwrap_or(i64::MAX);
        gone >= HELD_COUNT_MIN
            && gone.saturating_mul(100) >= self.present.saturating_mul(HELD_SHARE_MIN_PERCENT)
    }
}

fn missing_principals(
    tx: &mut Tx<'_>,
    source: tenure_model::SourceId,
    reading: &Reading,
) -> Result<Missing, StoreFailure> {
    let mut missing = Missing { present: 0, gone: Vec::new() };
    for extent in whole_extents(reading) {
        let nothing = Seen::default();
        let seen = reading.seen.get(extent).unwrap_or(&nothing);
        let (present, mut gone) = tx.missing_principals(source, &extent.0, seen)?;
        missing.present += present;
        missing.gone.append(&mut gone);
    }
    Ok(missing)
}

fn sweep(
    tx: &mut Tx<'_>,
    source: tenure_model::SourceId,
    reading: &Reading,
    now: Instant,
) -> Result<i64, StoreFailure> {
    let nothing = Seen::default();
    let mut swept: BTreeMap<&str, &Seen> = whole_extents(reading)
        .map(|extent| (extent.0.as_str(), reading.seen.get(extent).unwrap_or(&nothing)))
        .collect();
    // An extent that is no longer mentioned is gone only when everything that is was read whole.
    let mut former = Vec::new();
    if reading.finished && reading.verdicts.values().all(|verdict| *verdict == Completeness::Whole) {
        former = tx.extents(source)?;
        former.retain(|former| !reading.verdicts.contains_key(&Extent(former.extent.clone())));
    }
    swept.extend(former.iter().map(|former| (former.extent.as_str(), &nothing)));
    let removed = tx.sweep_extents(source, &swept, now)?;
    for former in &former {
        tx.forget_extent(source, &former.extent)?;
    }
    Ok(removed)
}

fn whole_extents(reading: &Reading) -> impl Iterator<Item = &Extent> {
    reading.verdicts.iter().filter(|(_, verdict)| **verdict == Completeness::Whole).map(|(extent, _)| extent)
}
