//! Adding, checking and removing sources. A password is sealed before it reaches the database.
//!
//! Adding connects nowhere; a check does, and changes nothing. This file must never show a password, or keep one in
//! clear. Next: `survey.rs`.

use crate::{
    Actor, Engine, EngineFailure,
    engine::outside,
    record::{By, Draft},
    verbs::doctor::missing_heir,
};
use std::{collections::BTreeMap, sync::Arc};
use tenure_connect::{Ability, CheckReport, OutsideFailure, SourceConfig};
use tenure_model::{DecisionRight, Point, Secret, ShortName, SourceId};
use tenure_store::tables::sources::{SourceLeaving, SourceRow};

/// A source to be added.
#[derive(Debug)]
pub struct NewSource {
    /// Its name.
    pub name: ShortName,
    /// Which connector.
    pub system: String,
    /// Its enforcement points; the first is named `primary`.
    pub points: Vec<Point>,
    /// Settings of the connector.
    pub options: BTreeMap<String, String>,
    /// Our password there.
    pub secret: Option<Secret<String>>,
}

impl Engine {
    /// Adds a source after its configuration was understood. It connects nowhere; `check_source` does.
    pub async fn add_source(&self, actor: Actor, new: NewSource) -> Result<SourceRow, EngineFailure> {
        let now = self.clock.now();
        // What was removed and is added again goes on, with the charters of what it shows.
        let (system, points) = (new.system.clone(), new.points.clone());
        let removed =
            self.store.read("removed_source", move |tx| tx.removed_source(&system, &points)).await?;
        let id = match removed {
            Some(removed) => removed,
            None => SourceId::new(now, self.random()?),
        };
        let sealed = new.secret.as_ref().map(|secret| self.seal_secret(id, secret)).transpose()?;
        let config = SourceConfig {
            id,
            name: new.name.clone(),
            points: new.points.clone(),
            secret: new.secret.map(Arc::new),
            options: new.options.clone(),
            fingerprint: self.fingerprint(),
        };
        self.connector(&new.system)?.source(config)?;
        let row = SourceRow {
            id,
            name: new.name,
            system: new.system,
            points: new.points,
            options: new.options,
            secret: sealed,
            not_observable: Vec::new(),
            created: now,
        };
        let entry = self.entry(
            Draft::new("source.added", By::Person(actor, Some(DecisionRight::Configure)), id)
                .text("system", &row.system)
                .number("points", i64::try_from(row.points.len()).unwrap_or(i64::MAX))
                .body(serde_json::json!({
                    "name": row.name.as_str(), "points": row.points, "options": row.options,
                })),
        )?;
        let added = row.clone();
        self.store
            .write("add_source", move |tx| {
                tx.add_source(&added)?;
                tx.entry(entry.clone())
            })
            .await?;
        Ok(row)
    }

    /// Connects to a source and says what we can and cannot do there.
    pub async fn check_source(&self, name: &str) -> Result<CheckReport, EngineFailure> {
        let row = self.source_row(name).await?;
        let source = self.open_source(&row)?;
        let checked = tokio::time::timeout(self.deadlines.look, source.check()).await;
        let timed_out = OutsideFailure::Unreachable {
            why: format!("no answer within {} s", self.deadlines.look.as_secs()),
        };
        let mut report = checked.unwrap_or(Err(timed_out)).map_err(outside(&row))?;
        report.abilities.extend(self.check_same_machine(row.id, report.machine.clone()).await?);
        // A connector that asked the system itself knows better than the last survey.
        let told = self.check_heir_of_source(row).await?;
        let is_told =
            told.as_ref().is_some_and(|told| report.abilities.iter().any(|one| one.what == told.what));
        report.abilities.extend(told.filter(|_| !is_told));
        Ok(report)
    }

    /// Whether another source reads this very machine, under another address: then each principal there is two
    /// identities, and nobody else would say so.
    async fn check_same_machine(
        &self,
        source: SourceId,
        machine: Option<String>,
    ) -> Result<Vec<Ability>, EngineFailure> {
        let Some(machine) = machine else { return Ok(Vec::new()) };
        let others =
            self.store.read("sources_of_machine", move |tx| tx.sources_of_machine(source, &machine)).await?;
        let ability = |other: String| Ability {
            what: format!("tell its principals from those of `{other}`"),
            able: false,
            remedy: Some(String::from(
                "both read the same machine, so each principal there is two identities: keep one of the two \
                 (tenure source remove NAME)",
            )),
        };
        Ok(others.into_iter().map(ability).collect())
    }

    /// Whether whoever is to receive what is owned there was seen by the last survey; nothing before the
    /// first one, and nothing where nobody is named.
    async fn check_heir_of_source(&self, row: SourceRow) -> Result<Option<Ability>, EngineFailure> {
        let Some(heir) = row.options.get("heir").map(|heir| tenure_model::printable(heir, 80)) else {
            return Ok(None);
        };
        let name = row.name.clone();
        let (was_surveyed, missing) = self
            .store
            .read("heir_of_source", move |tx| Ok((tx.last_survey(row.id)?, missing_heir(tx, &row)?)))
            .await?;
        Ok(was_surveyed.map(|_| Ability {
            what: format!("hand over what is owned to `{heir}`"),
            able: missing.is_none(),
            remedy: missing.map(|_| {
                format!("`{heir}` was not seen there: make it and run tenure survey {name}, or name another (tenure source set {name} heir=NAME)")
            }),
        }))
    }

    /// What would follow if this source were removed, without removing it.
    pub async fn source_leaving(&self, name: &str) -> Result<SourceLeaving, EngineFailure> {
        let id = self.source_row(name).await?.id;
        Ok(self.store.read("source_leaving", move |tx| tx.source_leaving(id)).await?)
    }

    /// Stops reading a source and forgets our password there.
    pub async fn remove_source(&self, actor: Actor, name: &str) -> Result<(), EngineFailure> {
        let row = self.source_row(name).await?;
        let entry = self.entry(
            Draft::new("source.removed", By::Person(actor, Some(DecisionRight::Configure)), row.id)
                .body(serde_json::json!({ "name": row.name.as_str() })),
        )?;
        let now = self.clock.now();
        self.store
            .write("remove_source", move |tx| {
                tx.remove_source(row.id, now)?;
                tx.entry(entry.clone())
            })
            .await?;
        self.close_source(row.id);
        Ok(())
    }
}
