//! A connector that says, survey by survey, just what a test tells it to say.
//!
//! For surveys only: it can neither act nor probe. What the receiver answered is kept.

use async_trait::async_trait;
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, OnceLock},
};
use tenure_connect::{
    Act, BlastRadius, CheckReport, ConfigRefused, Connector, ContentDigest, DerivedReading, Done, Effect,
    Manifest, OutsideFailure, SinkClosed, Source, SourceConfig, SurveySink, Target,
    chaos::{CHAOS_MANIFEST, ChaosFingerprint},
};
use tenure_model::{
    Completeness, ControlPlane, Extent, Instant, Observation, ProbeAnswer, RecordedIntent, Secret, ShortName,
    SourceId, StepKind,
};
use tenure_store::Store;

static MANIFEST: Manifest = Manifest { system: "scripted", ..CHAOS_MANIFEST };

/// One thing to say.
#[derive(Debug, Clone)]
pub(crate) enum Say {
    Page(&'static str, Vec<Observation>),
    End(&'static str),
    /// Ends an extent as whole with the digest of this content.
    EndAs(&'static str, &'static str),
    Part(&'static str),
    /// Offers the digest of this content.
    Offer(&'static str, &'static str),
    /// Says that what is in an extent comes and goes by nature.
    Ephemeral(&'static str),
    /// Asks for what is known of keys that begin so.
    Known(&'static str),
    /// A plan of ours settles meanwhile.
    Disturb,
    Fail,
}

/// Shared by the connector, its source and the test.
#[derive(Clone, Default)]
pub(crate) struct Script(Arc<Played>);

#[derive(Default)]
struct Played {
    surveys: Mutex<VecDeque<Vec<Say>>>,
    heard: Mutex<Vec<String>>,
    store: OnceLock<(Store, SourceId)>,
}

impl Script {
    /// What the next survey says.
    pub(crate) fn next(&self, survey: Vec<Say>) {
        self.0.surveys.lock().unwrap().push_back(survey);
    }

    /// What was answered to offers since this was asked last.
    pub(crate) fn heard(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.heard.lock().unwrap())
    }

    /// Where `Disturb` disturbs.
    pub(crate) fn disturbs(&self, store: &Store, source: SourceId) {
        let _ = self.0.store.set((store.clone(), source));
    }
}

pub(crate) fn digest(content: &str) -> ContentDigest {
    ContentDigest::keyed(&ChaosFingerprint, content.as_bytes())
}

impl Connector for Script {
    fn manifest(&self) -> &'static Manifest {
        &MANIFEST
    }

    fn source(&self, _: SourceConfig) -> Result<Arc<dyn Source>, ConfigRefused> {
        Ok(Arc::new(self.clone()))
    }
}

impl Script {
    async fn say(&self, say: Say, sink: &mut dyn SurveySink) -> Result<Option<OutsideFailure>, SinkClosed> {
        let extent = |name: &str| Extent(name.to_owned());
        match say {
            Say::Page(name, page) => sink.page(&extent(name), page).await?,
            Say::End(name) => sink.end(&extent(name), Completeness::Whole).await?,
            Say::EndAs(name, content) => sink.end_as(&extent(name), digest(content)).await?,
            Say::Part(name) => {
                let (why, remedy) = (String::from("half was closed"), String::from("open it"));
                sink.end(&extent(name), Completeness::Part { why, remedy }).await?;
            }
            Say::Offer(name, content) => {
                let recalls = sink.recalls(&extent(name)).await?;
                let answer = sink.offer(&extent(name), &digest(content)).await?;
                self.0.heard.lock().unwrap().push(format!("{name}: {recalls} {answer:?}"));
            }
            Say::Ephemeral(name) => sink.ephemeral(&extent(name)).await?,
            Say::Known(start) => {
                let known = sink.known(start).await?;
                let keys: Vec<String> = known.into_keys().map(|key| key.0).collect();
                self.0.heard.lock().unwrap().push(keys.join(" "));
            }
            Say::Disturb => {
                let (store, source) = self.0.store.get().unwrap().clone();
                store.write("disturb", move |tx| tx.forget_digests(source)).await.unwrap();
            }
            Say::Fail => {
                return Ok(Some(OutsideFailure::Unreachable { why: String::from("cable pulled") }));
            }
        }
        Ok(None)
    }
}

fn no() -> OutsideFailure {
    OutsideFailure::NotOurs { why: String::from("a script only surveys") }
}

#[async_trait]
impl Source for Script {
    async fn check(&self) -> Result<CheckReport, OutsideFailure> {
        Ok(CheckReport {
            system: String::from("a script"),
            account: String::from("nobody"),
            abilities: Vec::new(),
            points: Vec::new(),
            machine: None,
        })
    }

    async fn observe(&self, _: Instant, sink: &mut dyn SurveySink) -> Result<(), OutsideFailure> {
        let survey = self.0.surveys.lock().unwrap().pop_front().unwrap_or_default();
        for say in survey {
            match self.say(say, sink).await {
                Ok(None) => {}
                Ok(Some(failure)) => return Err(failure),
                Err(SinkClosed) => return Ok(()),
            }
        }
        Ok(())
    }

    async fn blast_radius(&self, _: &Target, _: Option<&str>) -> Result<BlastRadius, OutsideFailure> {
        Err(no())
    }

    async fn keepsake(&self, _: &Target) -> Result<Option<Secret<String>>, OutsideFailure> {
        Err(no())
    }

    async fn act(&self, _: &RecordedIntent, _: &Act<'_>) -> Result<Done, OutsideFailure> {
        Err(no())
    }

    async fn effect(&self, _: &Target, _: StepKind, _: Option<&Secret<String>>) -> Effect {
        Effect::Unobserved { why: no().to_string() }
    }

    async fn control_plane(&self, _: &Target) -> ControlPlane {
        ControlPlane::Unread { why: no().to_string() }
    }

    async fn probe(&self, _: &ShortName, _: &Target, _: &Secret<String>) -> ProbeAnswer {
        ProbeAnswer::CannotKnow { why: no().to_string() }
    }

    async fn derived(&self, _: &Target) -> DerivedReading {
        DerivedReading::default()
    }
}
