//! baseline: from when on what appears at a source is news.
//!
//! The first survey that ends sets it; a person may set it anew, after having seen what would no longer be
//! news. It closes nothing and must never hide a finding. Next: `queue.rs`.

use crate::{
    Actor, Engine, EngineFailure,
    record::{By, Draft},
};
use serde::Serialize;
use tenure_model::{DecisionRight, Instant, printable};
use tenure_store::{StoreFailure, tables::sources::SourceRow};

/// A source's baseline, and what is news by it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Baseline {
    /// The source's name.
    pub source: String,
    /// When it was set; nothing before the first survey has ended.
    pub baseline: Option<Instant>,
    /// Open findings that count, of identities that this source shows.
    pub findings: i64,
    /// Those of them that were opened after it.
    pub new: i64,
}

impl Engine {
    /// The baseline of a source. Changes nothing.
    pub async fn baseline(&self, source: &str) -> Result<Baseline, EngineFailure> {
        let row = self.source_called(source).await?;
        Ok(self.store.read("baseline", move |tx| shown(tx, &row)).await?)
    }

    /// Sets the baseline of a source to now: what is there is no news any more. What waits to be judged is
    /// judged before, so that it is not taken for news afterwards.
    pub async fn set_baseline(&self, actor: Actor, source: &str) -> Result<Baseline, EngineFailure> {
        let row = self.source_called(source).await?;
        self.judge_touched().await?;
        let now = self.clock.now();
        let before = self.baseline(source).await?;
        let by = By::Person(actor, Some(DecisionRight::Configure));
        let mut draft = Draft::new("source.baseline_set", by, row.id).number("new", before.new);
        if let Some(former) = before.baseline {
            draft = draft.text("former", former);
        }
        let entry = self.entry(draft)?;
        let written = self.store.write("set_baseline", move |tx| {
            if tx.person(actor.person)?.is_none_or(|person| person.role != actor.role) {
                let why = String::from("whoever asked this was removed or given another role meanwhile");
                return Err(StoreFailure::Conflict { why });
            }
            tx.set_baseline(row.id, now)?;
            tx.entry(entry.clone())?;
            shown(tx, &row)
        });
        let written = written.await?;
        self.judging_woken.notify_one();
        Ok(written)
    }

    async fn source_called(&self, name: &str) -> Result<SourceRow, EngineFailure> {
        let wanted = name.to_owned();
        let found = self.store.read("source_named", move |tx| tx.source_named(&wanted)).await?;
        let missing = || StoreFailure::Missing { noun: "source", given: printable(name, 60) };
        Ok(found.ok_or_else(missing)?)
    }
}

fn shown(tx: &mut tenure_store::Tx<'_>, row: &SourceRow) -> Result<Baseline, StoreFailure> {
    let (findings, new) = tx.count_findings_of(row.id)?;
    Ok(Baseline { source: row.name.to_string(), baseline: tx.baseline(row.id)?, findings, new })
}
