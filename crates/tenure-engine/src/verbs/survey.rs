//! observe and ingest: one reading of a source, and what it makes of the inventory.
//!
//! What is seen is written page by page while the survey runs. What is *not* seen takes effect
//! only at the end, only for extents that were read whole, and only when the loss is small
//! enough to believe; otherwise the survey is held for a person (law 2). An extent that was recognised by its
//! content digest is whole and has nothing missing; nothing is compared for it. What a digest may do, and for
//! how long, is decided here; next: `ending.rs`, which writes the end.

use super::{
    ending::{Belief, Ending, Manner, Reading},
    sink::{Gathered, Pages, Receiver},
};
use crate::{
    Actor, Engine, EngineFailure, SurveyProgress,
    record::{By, Draft},
};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};
use tenure_connect::OutsideFailure;
use tenure_model::{Completeness, DecisionRight, Extent, Instant, SurveyEvent, SurveyId, SurveyState};
use tenure_store::{
    NewEntry,
    tables::{
        ingest::IngestContext,
        sources::SourceRow,
        surveys::{ContentRow, SurveyRow},
    },
};

/// What a survey is to do, and for whom.
#[derive(Clone, Copy)]
struct Errand {
    by: Option<Actor>,
    id: SurveyId,
    belief: Belief,
    began: Instant,
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
                let (sources, looked_at) = (tx.sources()?, tx.sources_to_look_at()?);
                let surveyed = sources
                    .into_iter()
                    .map(|source| Ok((source.name.to_string(), tx.last_survey(source.id)?)))
                    .collect::<Result<Vec<_>, tenure_store::StoreFailure>>()?;
                Ok::<_, tenure_store::StoreFailure>((surveyed, looked_at))
            })
            .await?;
        let (surveyed, looked_at) = surveyed;
        let is_due = |(name, last): &(String, Option<SurveyRow>)| match last {
            // The first reading is asked for by a person: adding a source is not yet reading it.
            None => false,
            Some(last) => {
                last.state != SurveyState::Held
                    && (looked_at.contains(name) || now.since(last.started) >= every)
            }
        };
        Ok(surveyed.into_iter().filter(is_due).map(|(name, _)| name).collect())
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
        let recorded = self.store.write("begin_survey", move |tx| {
            tx.begin_survey(id, source_id, now)?;
            tx.contents(source_id)
        });
        let recorded = self.believed(recorded.await?, belief, now);
        self.board.update(id, |_| {});
        let gathered = Arc::new(Mutex::new(Gathered::default()));
        let mut receiver = Receiver {
            engine: self,
            context: IngestContext { source: row.id, source_name: row.name.to_string(), mint: self.mint()? },
            survey: id,
            recorded,
            gathered: Arc::clone(&gathered),
            pages: Pages::default(),
        };
        let observed = tokio::time::timeout(self.deadlines.survey, source.observe(now, &mut receiver)).await;
        let observed = observed.unwrap_or_else(|_| {
            Err(OutsideFailure::Unreachable { why: String::from("the survey took too long") })
        });
        // A receiver that is closed has already said why.
        let _ = receiver.write_the_rest().await;
        drop(receiver);
        let mut gathered = std::mem::take(&mut *gathered.lock().unwrap_or_else(PoisonError::into_inner));
        if let Some(failure) = gathered.failure.take() {
            return Err(failure.into());
        }
        self.finish_survey(row, Errand { by, id, belief, began: now }, gathered, observed).await
    }

    /// What is recorded of extents, as far as it is believed: a person who asks for the truth about a loss is
    /// answered by a full reading, and nothing is believed for longer than a deadline.
    fn believed(
        &self,
        mut recorded: BTreeMap<Extent, ContentRow>,
        belief: Belief,
        now: Instant,
    ) -> BTreeMap<Extent, ContentRow> {
        let longest = self.deadlines.digest_believed;
        recorded.retain(|_, content| {
            belief == Belief::HoldWhenMuchIsMissing && now.since(content.read_in_full) < longest
        });
        recorded
    }

    async fn finish_survey(
        &self,
        row: &SourceRow,
        errand: Errand,
        mut gathered: Gathered,
        observed: Result<(), OutsideFailure>,
    ) -> Result<SurveyRow, EngineFailure> {
        let (by, id) = (errand.by, errand.id);
        let reading = Reading::of(&mut gathered, observed.is_ok(), errand.began);
        let event = match (&observed, gathered.ended.is_empty()) {
            (Err(_), true) => SurveyEvent::Fail,
            _ if reading.is_whole() => SurveyEvent::FinishWhole,
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
            note: note_of(&reading, &gathered, observed.as_ref().err()),
        };
        let ending = Ending {
            survey,
            event,
            belief: errand.belief,
            entries: self.extent_entries(by, row, id, &reading)?,
            entry_of_end: self.entry(
                Draft::new("survey.finished", by_of(by), id)
                    .about(row.id)
                    .text("outcome", event)
                    .number("seen", gathered.count)
                    .number("changed", gathered.changed),
            )?,
            entry_of_hold: self.entry(Draft::new("survey.held", by_of(by), id).about(row.id))?,
            reading,
            notes: gathered.notes,
            requests: self.requests_waiting(row).await?,
            contradicted: self.entry_maker()?,
            now: self.clock.now(),
        };
        let survey = self.store.write("finish_survey", move |tx| ending.write(tx)).await?;
        match observed {
            Err(failure) if survey.state == SurveyState::Failed => Err(crate::engine::outside(row)(failure)),
            _ => Ok(survey),
        }
    }

    /// One entry per extent: what was read, how whole, and a digest of what was seen. For an extent that was
    /// recognised these are of the survey that read it in full, and the entry says which.
    fn extent_entries(
        &self,
        by: Option<Actor>,
        row: &SourceRow,
        id: SurveyId,
        reading: &Reading,
    ) -> Result<Vec<NewEntry>, EngineFailure> {
        let extents = reading.extents.iter();
        extents
            .map(|(extent, read)| {
                let why = match &read.verdict {
                    Completeness::Whole => None,
                    Completeness::Part { why, .. } => Some(why),
                };
                let draft = Draft::new("survey.extent", by_of(by), id)
                    .about(row.id)
                    .flag("whole", why.is_none())
                    .number("seen", read.things)
                    .text("digest", &read.keys_digest)
                    .body(serde_json::json!({ "extent": extent.0, "why": why }));
                self.entry(match &read.manner {
                    Manner::Compared { .. } => draft,
                    Manner::Recognised { from } => draft.flag("recognised", true).text("as_in", from),
                })
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

/// What a person should know: what went wrong, or else how much was recognised.
fn note_of(reading: &Reading, gathered: &Gathered, failure: Option<&OutsideFailure>) -> Option<String> {
    if let Some(failure) = failure {
        return Some(failure.to_string());
    }
    if gathered.orphans > 0 {
        return Some(format!(
            "of principals that were not seen, {} came",
            tenure_model::counted(gathered.orphans, "thing")
        ));
    }
    let (recognised, all) = (reading.recognised(), reading.extents.len());
    (recognised > 0)
        .then(|| format!("{recognised} of {all} extents are as they were, by their content digest"))
}
