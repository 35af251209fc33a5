//! The chaos connector: its manifest and how a configuration becomes a source.
//!
//! An address is `chaos:<point>`, which is how a test leads a configured point to the
//! wrong host. A source belongs to one life of the process: after a crash it never answers
//! again. Next: `source.rs`.

use super::{source::ChaosSource, world::ChaosWorld};
use crate::{
    ConfigRefused, Connector, Fingerprint, LockOut, Manifest, Marks, Permission, SettingKnown, Source,
    SourceConfig,
};
use std::{sync::Arc, time::Duration};
use tenure_model::{PRIMARY, Point, ShownBy, StepKind, printable};

/// What the chaos connector says about itself.
pub const CHAOS_MANIFEST: Manifest = Manifest {
    system: "chaos",
    title: "Chaos",
    steps: &[
        StepKind::Deny,
        StepKind::Disable,
        StepKind::EndSessions,
        StepKind::Delete,
        StepKind::Enable,
        StepKind::Tighten,
        StepKind::Loosen,
    ],
    shown_by: ShownBy::InstalledValue,
    permissions: &[Permission { name: "being in the same process", enables: "everything", required: true }],
    takes_password: true,
    settings: &[SettingKnown {
        name: "page_size",
        meaning: "how many principals a survey reads at a time, `1` to `1000`",
        default: Some("100"),
    }],
    least_privilege_script: "-- a chaos world lets everybody in\n",
    propagation_lag: Duration::from_secs(30),
    enforcement_points: "every point that was added to the world, each at `chaos:<point>`",
    lock_out: LockOut { failures_max: 20, window: Duration::from_mins(1) },
    blind_spots: &["a point that nobody configured"],
};

static CHAOS: Manifest = CHAOS_MANIFEST;

/// How many principals a survey reads at a time when the option `page_size` says nothing.
const PAGE_SIZE: usize = 100;

/// Makes sources that reach one chaos world.
#[derive(Debug, Clone)]
pub struct ChaosConnector {
    world: ChaosWorld,
    manifest: &'static Manifest,
}

impl ChaosConnector {
    /// A connector to `world` with the usual manifest.
    pub fn new(world: ChaosWorld) -> Self {
        Self { world, manifest: &CHAOS }
    }

    /// A connector to `world` that says something else about itself.
    pub const fn with_manifest(world: ChaosWorld, manifest: &'static Manifest) -> Self {
        Self { world, manifest }
    }

    /// Checks a configuration and makes the source itself. A point whose address names no
    /// point of the world is accepted and turns out to be unreachable.
    pub fn chaos_source(&self, config: SourceConfig) -> Result<ChaosSource, ConfigRefused> {
        if config.points.first().is_none_or(|point| point.name.as_str() != PRIMARY) {
            return Err(ConfigRefused::Address {
                point: PRIMARY.to_owned(),
                why: "the first point must be `primary`".to_owned(),
            });
        }
        let mut points = Vec::with_capacity(config.points.len());
        for point in &config.points {
            points.push((point.name.clone(), leads_to(point)?));
        }
        let mut page_size = PAGE_SIZE;
        for (name, value) in &config.options {
            page_size = match (name.as_str(), value.parse()) {
                ("page_size", Ok(size @ 1..=crate::PAGE_MAX)) => size,
                ("page_size", _) => return Err(setting(name, "it is a number from 1 to 1000")),
                _ => return Err(setting(name, "there is no such setting")),
            };
        }
        Ok(ChaosSource::new(
            self.world.clone(),
            self.manifest,
            config.id,
            points,
            page_size,
            config.fingerprint,
        ))
    }
}

impl Connector for ChaosConnector {
    fn manifest(&self) -> &'static Manifest {
        self.manifest
    }

    fn source(&self, config: SourceConfig) -> Result<Arc<dyn Source>, ConfigRefused> {
        Ok(Arc::new(self.chaos_source(config)?))
    }

    fn marks_of(&self, _: &[u8]) -> Marks {
        Marks { domains: &[FINGERPRINT_DOMAIN], public: Vec::new() }
    }

    fn not_recognisable(&self) -> Option<&'static str> {
        Some("values that were there before the last survey")
    }
}

fn setting(name: &str, why: &str) -> ConfigRefused {
    ConfigRefused::Setting { name: printable(name, 60), why: why.to_owned() }
}

fn leads_to(point: &Point) -> Result<String, ConfigRefused> {
    let name = point.name.to_string();
    if point.url.split_once('@').is_some_and(|(before, _)| before.trim_start_matches("chaos:").contains(':'))
    {
        return Err(ConfigRefused::PasswordInAddress { point: name });
    }
    match point.url.strip_prefix("chaos:") {
        Some(leads_to) if !leads_to.is_empty() => Ok(leads_to.to_owned()),
        _ => Err(ConfigRefused::Address { point: name, why: "expected `chaos:<point>`".to_owned() }),
    }
}

/// Domain of the fingerprints of values.
pub(super) const FINGERPRINT_DOMAIN: &str = "chaos-verifier";

/// A fingerprint for tests: equal means equal, different almost always means different.
/// It hides nothing from somebody who tries.
#[derive(Debug, Clone, Copy)]
pub struct ChaosFingerprint;

impl Fingerprint for ChaosFingerprint {
    fn fingerprint(&self, domain: &str, value: &[u8]) -> String {
        let stirred = super::dice::stir(super::dice::stir(0, domain.as_bytes()), value);
        format!("chaos:{stirred:016x}")
    }
}
