//! The connection to one machine: what every verb of the port starts from.
//!
//! Reads only. Every verb that would change something refuses and says how a person does it by hand. Keeps nothing
//! between calls. It must never read anything but through `survey.rs`. Next: `observe.rs`.

use crate::{config::Configured, limits::Limits, observe};
use async_trait::async_trait;
use std::path::PathBuf;
use std::sync::Arc;
use tenure_connect::{
    Ability, Act, BlastRadius, CheckReport, DerivedReading, Done, Effect, Fingerprint, OutsideFailure,
    Source, SurveySink, Target,
};
use tenure_model::{
    ControlPlane, Instant, PRIMARY, ProbeAnswer, RecordedIntent, Secret, ShortName, StepKind,
};

/// Why nothing is changed here.
const READS_ONLY: &str =
    "Tenure reads machines and does not change them yet; the commands to do it by hand are in the plan";

/// One configured machine.
pub(crate) struct HostSource {
    pub(crate) root: PathBuf,
    pub(crate) limits: Limits,
    pub(crate) fingerprint: Arc<dyn Fingerprint>,
}

impl HostSource {
    pub(crate) fn new(configured: Configured, fingerprint: Arc<dyn Fingerprint>) -> Self {
        Self { root: configured.root, limits: configured.limits, fingerprint }
    }
}

#[async_trait]
impl Source for HostSource {
    async fn check(&self) -> Result<CheckReport, OutsideFailure> {
        let looks = observe::abilities(&self.root).await?;
        let primary =
            ShortName::parse(PRIMARY).map_err(|why| OutsideFailure::Puzzling { why: why.to_string() })?;
        let able = |(what, place, able): (&str, &str, bool)| Ability {
            what: what.to_owned(),
            able,
            remedy: (!able).then(|| {
                format!(
                    "{place} is closed to our account: run Tenure as root, or give it CAP_DAC_READ_SEARCH"
                )
            }),
        };
        Ok(CheckReport {
            system: looks.system,
            account: looks.account,
            abilities: looks.places.into_iter().map(able).collect(),
            points: vec![(primary, None)],
        })
    }

    async fn observe(&self, _now: Instant, sink: &mut dyn SurveySink) -> Result<(), OutsideFailure> {
        observe::observe(self, sink).await
    }

    async fn blast_radius(&self, _target: &Target) -> Result<BlastRadius, OutsideFailure> {
        Ok(BlastRadius {
            sessions: Vec::new(),
            owned: Vec::new(),
            grants: 0,
            members: Vec::new(),
            heir: None,
            warnings: Vec::new(),
            refusals: vec![READS_ONLY.to_owned()],
            unread: Vec::new(),
            undo_restores_value: Err(READS_ONLY.to_owned()),
        })
    }

    async fn keepsake(&self, _target: &Target) -> Result<Option<Secret<String>>, OutsideFailure> {
        Ok(None)
    }

    async fn act(&self, _intent: &RecordedIntent, _act: &Act<'_>) -> Result<Done, OutsideFailure> {
        Err(OutsideFailure::NotOurs { why: READS_ONLY.to_owned() })
    }

    async fn effect(&self, _target: &Target, _step: StepKind, _value: Option<&Secret<String>>) -> Effect {
        Effect::Unobserved { why: READS_ONLY.to_owned() }
    }

    async fn control_plane(&self, _target: &Target) -> ControlPlane {
        ControlPlane::Unread { why: READS_ONLY.to_owned() }
    }

    async fn probe(&self, _point: &ShortName, _target: &Target, _value: &Secret<String>) -> ProbeAnswer {
        ProbeAnswer::CannotKnow { why: String::from("nothing of ours was installed here") }
    }

    fn by_hand(&self, target: &Target) -> Vec<String> {
        observe::by_hand(target)
    }

    async fn derived(&self, _target: &Target) -> DerivedReading {
        let unread = (PRIMARY.to_owned(), READS_ONLY.to_owned());
        DerivedReading { found: Vec::new(), unread: vec![unread] }
    }
}
