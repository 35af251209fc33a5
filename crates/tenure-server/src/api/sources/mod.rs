//! Sources: configured connections to systems, shown without their secrets.

pub(super) mod add;
pub(super) mod baseline;
pub(super) mod change;
pub(super) mod check;
pub(super) mod csv;
pub(super) mod leaving;
pub(super) mod list;
pub(super) mod remove;
pub(super) mod set_baseline;
pub(super) mod show;

use crate::{problem::Problem, shared::Shared};
use serde::Serialize;
use std::collections::BTreeMap;
use tenure_engine::{EngineFailure, SourceRow, StoreFailure, SurveyRow, Tx, Unobservable};
use tenure_model::{Instant, Point, SourceId, printable};

/// A source as callers see it.
#[derive(Serialize)]
pub(super) struct SourceShown {
    id: SourceId,
    name: String,
    system: String,
    points: Vec<Point>,
    options: BTreeMap<String, String>,
    /// Whether we hold a password for it.
    has_secret: bool,
    created: Instant,
    last_survey: Option<SurveyRow>,
    principals: i64,
    credentials: i64,
    rights: i64,
    /// Parts that were not read whole.
    unread: Vec<Unread>,
    not_observable: Vec<Unobservable>,
}

/// A part of a source that was not read whole.
#[derive(Serialize)]
struct Unread {
    extent: String,
    why: String,
    remedy: Option<String>,
    read: Instant,
}

/// Reads what is shown beside a source.
pub(super) fn shown(tx: &mut Tx<'_>, row: SourceRow) -> Result<SourceShown, StoreFailure> {
    let (principals, credentials, rights) = tx.count_inventory(row.id)?;
    let extents = tx.extents(row.id)?.into_iter().filter(|extent| !extent.whole);
    let unread = extents.map(|extent| Unread {
        extent: extent.extent,
        why: extent.why.unwrap_or_default(),
        remedy: extent.remedy,
        read: extent.read,
    });
    Ok(SourceShown {
        unread: unread.collect(),
        last_survey: tx.last_survey(row.id)?,
        id: row.id,
        name: row.name.to_string(),
        system: row.system,
        points: row.points,
        options: row.options,
        has_secret: row.secret.is_some(),
        created: row.created,
        principals,
        credentials,
        rights,
        not_observable: row.not_observable,
    })
}

/// The source of a name.
pub(super) async fn find(shared: &Shared, name: &str) -> Result<SourceShown, Problem> {
    let wanted = name.to_owned();
    let read = move |tx: &mut Tx<'_>| match tx.source_named(&wanted)? {
        Some(row) => shown(tx, row),
        None => Err(StoreFailure::Missing { noun: "source", given: printable(&wanted, 60) }),
    };
    Ok(shared.engine.store().read("source", read).await.map_err(EngineFailure::from)?)
}
