//! prove: one observation for a proof, written down with its entry before anything is made of it.
//!
//! A probe is an attempt to authenticate. The value comes out of escrow for the length of one
//! call; what is written down is the answer and never the value.

use super::{
    drive::{DerivedRow, Loaded, tried, words_of},
    plan::target_of,
};
use crate::{
    Engine, EngineFailure,
    record::{By, Draft},
};
use tenure_connect::DerivedReading;
use tenure_govern::Look;
use tenure_model::{ControlPlane, ProbeAnswer, Secret, ShortName};
use tenure_store::tables::steps::ProbeRow;

/// Said of a point that did not answer within the deadline of a look.
const NO_ANSWER: &str = "no answer in time";

impl Engine {
    /// Makes one observation and writes it down.
    pub(crate) async fn look(&self, loaded: &Loaded, look: Look) -> Result<(), EngineFailure> {
        let (answer, short) = match &look {
            Look::Control(point) | Look::After(point) => {
                let answer = self.probe(loaded, point).await?;
                let short = short_of(&answer);
                (serde_json::to_value(answer), short)
            }
            Look::ControlPlane => {
                let read = self.read_control_plane(loaded).await?;
                let short = match &read {
                    ControlPlane::Absent => "absent",
                    ControlPlane::Disabled => "disabled",
                    ControlPlane::Enabled => "enabled",
                    ControlPlane::Unread { .. } => "unread",
                };
                (serde_json::to_value(read), short.to_owned())
            }
            Look::Derived => {
                let read = self.read_derived(loaded).await?;
                let short = format!(
                    "{} alive, {} unread",
                    read.found.len(),
                    read.unread.len() + read.unknowable.len()
                );
                let DerivedReading { found, unread, unknowable } = read;
                (serde_json::to_value(DerivedRow { found, unread, unknowable }), short)
            }
        };
        let answer = answer.map_err(|error| EngineFailure::Evidence { why: error.to_string() })?;
        let (kind, point) = words_of(&look);
        let entry = self.entry(
            Draft::new("proof.looked", By::Tenure, loaded.plan.id)
                .about(loaded.plan.identity)
                .text("look", kind)
                .text("point", &point)
                .text("answer", short)
                .body(answer.clone()),
        )?;
        let row = ProbeRow { number: 0, kind: kind.to_owned(), point, answer, at: self.clock.now() };
        let plan = loaded.plan.id;
        self.store
            .write_emergency("look", move |tx| {
                tx.add_probe(plan, &row)?;
                tx.entry(entry.clone())
            })
            .await?;
        match look {
            Look::Control(_) => Ok(()),
            Look::After(_) | Look::ControlPlane | Look::Derived => self.note_level(plan).await,
        }
    }

    async fn probe(&self, loaded: &Loaded, point: &ShortName) -> Result<ProbeAnswer, EngineFailure> {
        let held = match &loaded.plan.file {
            // Whoever tries to read a file holds nothing.
            Some(_) => Some(Secret::new(String::new())),
            None => self.held_value(loaded, tried(&loaded.view)).await?,
        };
        let Some(value) = held else {
            return Ok(ProbeAnswer::CannotKnow { why: String::from("we hold no value to try") });
        };
        let (source, _) = self.source_of(loaded).await?;
        let target = target_of(&loaded.plan);
        let answered = tokio::time::timeout(self.deadlines.look, source.probe(point, &target, &value)).await;
        Ok(answered.unwrap_or_else(|_| ProbeAnswer::Unreachable { why: NO_ANSWER.to_owned() }))
    }

    async fn read_control_plane(&self, loaded: &Loaded) -> Result<ControlPlane, EngineFailure> {
        let (source, _) = self.source_of(loaded).await?;
        let target = target_of(&loaded.plan);
        let read = tokio::time::timeout(self.deadlines.look, source.control_plane(&target)).await;
        Ok(read.unwrap_or_else(|_| ControlPlane::Unread { why: NO_ANSWER.to_owned() }))
    }

    async fn read_derived(&self, loaded: &Loaded) -> Result<DerivedReading, EngineFailure> {
        let (source, _) = self.source_of(loaded).await?;
        let target = target_of(&loaded.plan);
        let read = tokio::time::timeout(self.deadlines.look, source.derived(&target)).await;
        Ok(read.unwrap_or_else(|_| DerivedReading {
            found: Vec::new(),
            unread: loaded
                .plan
                .points
                .iter()
                .map(|point| (point.to_string(), NO_ANSWER.to_owned()))
                .collect(),
            unknowable: Vec::new(),
        }))
    }
}

fn short_of(answer: &ProbeAnswer) -> String {
    match answer {
        // The code alone: the system's words may quote the principal's name.
        ProbeAnswer::Refused { how } => {
            format!("refused {}", how.split_whitespace().next().unwrap_or_default())
        }
        ProbeAnswer::Accepted => String::from("accepted"),
        ProbeAnswer::Unreachable { .. } => String::from("unreachable"),
        ProbeAnswer::CannotKnow { .. } => String::from("cannot know"),
    }
}
