//! A folder of files, sources over them, and what a survey of one gives.
//!
//! It must never repair what a source gives. Next: `formats.rs`, `bad_input.rs`.

use async_trait::async_trait;
use std::{path::PathBuf, sync::Arc};
use tenure_connect::{
    Connector as _, Fingerprint, NotObservable, OutsideFailure, SinkClosed, Source, SourceConfig, SurveySink,
};
use tenure_connect_import::ImportConnector;
use tenure_model::{
    Completeness, Extent, Fact, Facts, Instant, Observation, PRIMARY, Point, ShortName, SourceId, names,
};

/// A keyed hash good enough for tests: equal for equal values, and without the value.
pub(crate) struct Hashed;

impl Fingerprint for Hashed {
    fn fingerprint(&self, domain: &str, value: &[u8]) -> String {
        let hash = value.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
        });
        format!("{domain}:{hash:016x}")
    }
}

/// A folder of files.
pub(crate) struct Bed {
    folder: tempfile::TempDir,
}

/// What a survey gave.
#[derive(Debug, Default)]
pub(crate) struct Survey {
    pub(crate) seen: Vec<Observation>,
    pub(crate) ends: Vec<Completeness>,
    pub(crate) notes: Vec<NotObservable>,
    pub(crate) pages: usize,
}

#[async_trait]
impl SurveySink for Survey {
    async fn page(&mut self, _: &Extent, page: Vec<Observation>) -> Result<(), SinkClosed> {
        assert!(page.len() <= tenure_connect::PAGE_MAX);
        self.pages += 1;
        self.seen.extend(page);
        Ok(())
    }

    async fn end(&mut self, _: &Extent, completeness: Completeness) -> Result<(), SinkClosed> {
        self.ends.push(completeness);
        Ok(())
    }

    async fn not_observable(&mut self, note: NotObservable) -> Result<(), SinkClosed> {
        self.notes.push(note);
        Ok(())
    }
}

impl Survey {
    /// Whether it was whole, or why not.
    pub(crate) fn why_part(&self) -> String {
        match self.ends.as_slice() {
            [Completeness::Whole] => "whole".to_owned(),
            [Completeness::Part { why, .. }] => why.clone(),
            other => panic!("{other:?}"),
        }
    }

    /// The names of principals, in order.
    pub(crate) fn names(&self) -> Vec<&str> {
        let names = self.seen.iter().filter_map(|seen| match seen {
            Observation::Principal(principal) => Some(principal.name.as_str()),
            _ => None,
        });
        names.collect()
    }

    /// Everything that was seen, one line each.
    pub(crate) fn told(&self) -> String {
        self.seen.iter().map(line).collect::<Vec<_>>().join("\n")
    }
}

fn facts(facts: &Facts) -> String {
    let shown = facts.iter().filter(|(_, fact)| !matches!(fact, Fact::Unknown(_)));
    let shown = shown.map(|(name, fact)| match fact {
        // The folder differs from run to run.
        Fact::Text(place) if name == names::DEFINED_IN => {
            format!("{name}={}", place.rsplit('/').next().unwrap())
        }
        Fact::Text(text) => format!("{name}={text}"),
        Fact::Flag(flag) => format!("{name}={flag}"),
        Fact::Number(number) => format!("{name}={number}"),
        Fact::At(at) => format!("{name}={at}"),
        Fact::Texts(texts) => format!("{name}={texts:?}"),
        Fact::Unknown(why) => format!("{name}: {why}"),
    });
    shown.collect::<Vec<_>>().join(" ")
}

fn line(seen: &Observation) -> String {
    match seen {
        Observation::Principal(seen) => format!(
            "{} {} `{}`{} {}{}",
            seen.kind,
            seen.key.0,
            seen.name,
            if seen.built_in { " (built in)" } else { "" },
            facts(&seen.facts),
            seen.charter_hint.as_ref().map_or_else(String::new, |hint| format!(" hint[{hint}]")),
        ),
        Observation::Credential(seen) => format!(
            "  {} {} {} of {}{}{} {}",
            seen.state,
            seen.kind,
            seen.key,
            seen.principal.0,
            seen.valid_until.map_or_else(String::new, |until| format!(" until {until}")),
            seen.fingerprint.as_ref().map_or_else(String::new, |print| format!(" {print}")),
            facts(&seen.facts),
        ),
        Observation::Grant(seen) => format!("  {} on {} for {}", seen.right, seen.resource, seen.principal.0),
        Observation::Use(seen) => {
            let by = seen.consumer.rsplit('/').next().unwrap();
            format!("  used {} {} {by}", seen.principal.0, seen.bucket)
        }
        Observation::Sighting(seen) => format!("  copy in {}", seen.place),
    }
}

impl Bed {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// The whole path of a file in the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        std::fs::canonicalize(self.folder.path()).unwrap().join(name)
    }

    /// Writes a file.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    /// A source of a file in the folder. Options that are paths are of the folder, too.
    pub(crate) fn source(&self, scheme: &str, name: &str, options: &[(&str, &str)]) -> Arc<dyn Source> {
        let value = |(name, value): &(&str, &str)| match *name {
            "mapping" => ("mapping".to_owned(), self.path(value).display().to_string()),
            other => (other.to_owned(), (*value).to_owned()),
        };
        let config = SourceConfig {
            id: SourceId::new(Instant::from_micros(0), [0; 10]),
            name: ShortName::parse("crm").unwrap(),
            points: vec![Point {
                name: ShortName::parse(PRIMARY).unwrap(),
                url: format!("{scheme}://{}", self.path(name).display()),
            }],
            secret: None,
            options: options.iter().map(value).collect(),
            fingerprint: Arc::new(Hashed),
        };
        ImportConnector.source(config).unwrap()
    }

    /// Surveys a file by a mapping.
    pub(crate) async fn survey(&self, scheme: &str, content: impl AsRef<[u8]>, mapping: &str) -> Survey {
        self.try_survey(scheme, content, mapping).await.unwrap()
    }

    /// The same, where it may fail.
    pub(crate) async fn try_survey(
        &self,
        scheme: &str,
        content: impl AsRef<[u8]>,
        mapping: &str,
    ) -> Result<Survey, OutsideFailure> {
        self.write("list", content);
        self.write("mapping.toml", mapping);
        let options: &[(&str, &str)] = if mapping.is_empty() { &[] } else { &[("mapping", "mapping.toml")] };
        survey_of(self.source(scheme, "list", options).as_ref()).await
    }
}

/// Surveys a source.
pub(crate) async fn survey_of(source: &dyn Source) -> Result<Survey, OutsideFailure> {
    let mut survey = Survey::default();
    source.observe(Instant::from_micros(0), &mut survey).await?;
    Ok(survey)
}

/// The shortest mapping: a key and nothing else.
pub(crate) const KEY_ONLY: &str = "version = 1\n[principal]\nkey = \"id\"\n";
