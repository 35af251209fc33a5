//! Changing a source that stays itself: other options, other points, another password.
//!
//! What it showed keeps its identities, so it must go on reading the same system: its connector says whether it would.
//! This file must never show a password, keep one in clear, or send one we hold to an address its giver did not name.
//! Connects nowhere. Next: `source.rs`, adding and removing.

use crate::{
    Actor, Engine, EngineFailure,
    record::{By, Draft},
};
use serde::Serialize;
use std::{collections::BTreeMap, sync::Arc};
use tenure_connect::SourceConfig;
use tenure_model::{DecisionRight, PRIMARY, Point, Secret, ShortName};
use tenure_store::tables::sources::SourceRow;

/// What is to be different at a source. What is not named stays as it is.
#[derive(Debug, Default)]
pub struct SourceChange {
    /// Settings of the connector; `None` takes one away.
    pub options: BTreeMap<String, Option<String>>,
    /// Addresses of enforcement points; `None` takes one away.
    pub points: BTreeMap<ShortName, Option<String>>,
    /// Another password of ours there.
    pub secret: Option<Secret<String>>,
}

/// Whether something is only compared, or written too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writing {
    /// Say what would change.
    Preview,
    /// Change it.
    Write,
}

tenure_model::noun! {
    /// What of a source a change is about.
    pub enum SourcePart as "part of a source" {
        /// A setting of the connector.
        Option = "option",
        /// An enforcement point.
        Point = "point",
        /// Our password there; its value is never shown.
        Password = "password",
    }
}

/// One difference. Of a password neither side is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SettingChange {
    /// What it is about.
    pub part: SourcePart,
    /// Which option or point.
    pub name: String,
    /// What it is; nothing where there is none.
    pub was: Option<String>,
    /// What it will be; nothing where it is taken away.
    pub will: Option<String>,
}

impl Engine {
    /// Compares a source with what it is to be, and changes it when asked to. What is so already is no change; where
    /// nothing differs, nothing is written. Refused: what the connector cannot use, what would read another system, another
    /// address without the password that is to go there, and a change while a plan is carried out there.
    pub async fn change_source(
        &self,
        actor: Actor,
        name: &str,
        change: SourceChange,
        writing: Writing,
    ) -> Result<Vec<SettingChange>, EngineFailure> {
        let was = self.source_row(name).await?;
        let SourceChange { options, points, secret } = change;
        let mut will = SourceRow {
            points: points_after(&was.points, points)?,
            options: options_after(&was.options, options),
            ..was.clone()
        };
        let mut changes = compared(&was, &will);
        if secret.is_some() {
            let (part, name) = (SourcePart::Password, String::new());
            changes.push(SettingChange { part, name, was: None, will: None });
        }
        if changes.is_empty() {
            return Ok(changes);
        }
        refuse_without_password(&was, &changes)?;
        will.secret = match &secret {
            Some(secret) => Some(self.seal_secret(was.id, secret)?),
            None => was.secret.clone(),
        };
        self.accept(&was, &will, secret)?;
        if writing == Writing::Write {
            self.write_change(actor, was, will, &changes).await?;
        }
        Ok(changes)
    }

    /// Asks the connector: can it use this, and does it read the same system then?
    fn accept(
        &self,
        was: &SourceRow,
        will: &SourceRow,
        secret: Option<Secret<String>>,
    ) -> Result<(), EngineFailure> {
        let connector = self.connector(&will.system)?;
        let config = self.config_of(will)?;
        let secret = secret.map(Arc::new).or(config.secret);
        connector.source(SourceConfig { secret, ..config })?;
        let Some(why) = connector.another_system(&was.points, &will.points) else { return Ok(()) };
        let why = format!(
            "`{}` would read another system: {why}. What it showed belongs to the present one; add the other as a source of \
             its own (tenure source add), and take this one away when it is not read any more (tenure source remove {})",
            was.name, was.name
        );
        Err(EngineFailure::Refused { why })
    }

    async fn write_change(
        &self,
        actor: Actor,
        was: SourceRow,
        will: SourceRow,
        changes: &[SettingChange],
    ) -> Result<(), EngineFailure> {
        let entry = self.entry(
            Draft::new("source.changed", By::Person(actor, Some(DecisionRight::Configure)), was.id)
                .number("changes", i64::try_from(changes.len()).unwrap_or(i64::MAX))
                .flag("password", changes.iter().any(|change| change.part == SourcePart::Password))
                .body(serde_json::json!({ "name": was.name.as_str(), "changes": changes })),
        )?;
        let id = was.id;
        self.store
            .write("change_source", move |tx| {
                tx.change_source(&was, &will)?;
                tx.entry(entry.clone())
            })
            .await?;
        self.close_source(id);
        Ok(())
    }
}

fn options_after(
    was: &BTreeMap<String, String>,
    given: BTreeMap<String, Option<String>>,
) -> BTreeMap<String, String> {
    let mut after = was.clone();
    for (name, value) in given {
        match value {
            Some(value) => after.insert(name, value),
            None => after.remove(&name),
        };
    }
    after
}

/// The points in their order; new ones come last.
fn points_after(
    was: &[Point],
    mut given: BTreeMap<ShortName, Option<String>>,
) -> Result<Vec<Point>, EngineFailure> {
    let mut after = Vec::with_capacity(was.len());
    for point in was {
        match given.remove(&point.name) {
            None => after.push(point.clone()),
            Some(Some(url)) => after.push(Point { name: point.name.clone(), url }),
            Some(None) if point.name.as_str() == PRIMARY => {
                let why = "the point `primary` is what is read; a source without it is removed (tenure source remove)";
                return Err(EngineFailure::Refused { why: why.to_owned() });
            }
            Some(None) => {}
        }
    }
    after.extend(given.into_iter().filter_map(|(name, url)| url.map(|url| Point { name, url })));
    Ok(after)
}

fn compared(was: &SourceRow, will: &SourceRow) -> Vec<SettingChange> {
    let of = |row: &SourceRow| {
        let points =
            row.points.iter().map(|point| ((SourcePart::Point, point.name.to_string()), point.url.clone()));
        let options =
            row.options.iter().map(|(name, value)| ((SourcePart::Option, name.clone()), value.clone()));
        points.chain(options).collect::<BTreeMap<_, _>>()
    };
    let (was, will) = (of(was), of(will));
    let names: std::collections::BTreeSet<_> = was.keys().chain(will.keys()).collect();
    let changed = names.into_iter().filter(|name| was.get(name) != will.get(name));
    let change = |name: &(SourcePart, String)| SettingChange {
        part: name.0,
        name: name.1.clone(),
        was: was.get(name).cloned(),
        will: will.get(name).cloned(),
    };
    changed.map(change).collect()
}

/// A password is for the addresses it was given for. Whoever may configure could otherwise have the one that somebody
/// else gave be sent to a machine of theirs.
fn refuse_without_password(was: &SourceRow, changes: &[SettingChange]) -> Result<(), EngineFailure> {
    let gives_one = changes.iter().any(|change| change.part == SourcePart::Password);
    let elsewhere = changes.iter().find(|change| change.part == SourcePart::Point && change.will.is_some());
    match elsewhere {
        Some(point) if was.secret.is_some() && !gives_one => Err(EngineFailure::Refused {
            why: format!(
                "the password we hold was given for other addresses, and would be sent to that of `{}`; give it again with \
                 --password-file FILE",
                point.name
            ),
        }),
        Some(_) | None => Ok(()),
    }
}
