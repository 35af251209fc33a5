//! Risk tiers as the programme draws them: points for each of four terms, and the lines between the tiers.
//!
//! What is worse never counts less, so that a tier can be argued with term by term. It must never look at an identity.
//! Next: `../risk.rs`, which weighs one.

use super::ProgrammeRefused;
use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;
use tenure_model::{DataClass, Environment, RiskTier, noun};

/// Points of one row, at most.
const POINTS_MAX: u32 = 20;
/// Where a tier may begin: never at nothing, never above what four terms can add up to.
const LINE: RangeInclusive<u32> = 1..=80;
/// How many rights may be called many.
const MANY: RangeInclusive<u32> = 1..=100_000;
/// What a cadence in days may be.
const DAYS: RangeInclusive<u32> = 1..=3_650;

noun! {
    /// What an identity may do, as far as that was seen.
    pub(crate) enum Reach as "reach" {
        /// No right of it was seen.
        Nothing = "nothing",
        /// It holds or owns something.
        Some = "some",
        /// It holds or owns more than `many_rights`.
        Many = "many",
        /// No permission check applies to it, or it may make accounts.
        Everything = "everything",
        /// It belongs to a system that is not read: what it may do there is not known.
        Unknown = "unknown",
    }
}

noun! {
    /// How somebody else could come to use it: the worst way that was seen.
    pub(crate) enum Exposure as "exposure" {
        /// No such way was seen.
        Little = "little",
        /// A value has no end, or is older than allowed: whoever got it once has it still.
        Endless = "endless",
        /// A value is weak, unprotected, or lies in several places.
        Weak = "weak",
        /// Others can get at it now, or need nothing for it.
        Open = "open",
    }
}

/// How identities are put into tiers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RiskRules {
    /// Points for what the data is.
    pub data: DataPoints,
    /// Points for where it runs.
    pub environment: EnvironmentPoints,
    /// Points for what it may do.
    pub reach: ReachPoints,
    /// Rights held and things owned that are not many yet.
    pub many_rights: u32,
    /// Points for how others could come to use it.
    pub exposure: ExposurePoints,
    /// How many points the tiers begin with; below all of them it is low.
    pub tiers: TierLines,
    /// How often an owner confirms an identity of a tier, in days; of one that is not named, its class or the thresholds
    /// say so.
    pub review_days: TierDays,
}

/// Points for what the data is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DataPoints {
    /// Anybody may have it.
    pub public: u32,
    /// It is for the people of the organisation.
    pub internal: u32,
    /// It harms when others have it.
    pub confidential: u32,
    /// A law or a contract says who may have it.
    pub restricted: u32,
    /// Nobody said.
    pub unsaid: u32,
}

/// Points for where it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EnvironmentPoints {
    /// Where things are made.
    pub development: u32,
    /// Where things are tried.
    pub test: u32,
    /// A rehearsal of production.
    pub staging: u32,
    /// Real users depend on it.
    pub production: u32,
    /// Nobody said.
    pub unsaid: u32,
}

/// Points for what it may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReachPoints {
    /// No right of it was seen.
    pub nothing: u32,
    /// It holds or owns something.
    pub some: u32,
    /// It holds or owns more than `many_rights`.
    pub many: u32,
    /// No permission check applies to it, or it may make accounts.
    pub everything: u32,
    /// It belongs to a system that is not read.
    pub unknown: u32,
}

/// Points for how others could come to use it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ExposurePoints {
    /// No way was seen.
    pub little: u32,
    /// A value has no end, or is older than allowed.
    pub endless: u32,
    /// A value is weak, unprotected, or lies in several places.
    pub weak: u32,
    /// Others can get at it now, or need nothing for it.
    pub open: u32,
}

/// How many points a tier begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TierLines {
    /// Moderate, from here.
    pub moderate: u32,
    /// High, from here.
    pub high: u32,
    /// Critical, from here.
    pub critical: u32,
}

/// A cadence for each tier, in days.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TierDays {
    /// Of low ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub low: Option<u32>,
    /// Of moderate ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub moderate: Option<u32>,
    /// Of high ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub high: Option<u32>,
    /// Of critical ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub critical: Option<u32>,
}

impl TierDays {
    /// Of one tier; nothing where it is not named.
    pub const fn of(&self, tier: RiskTier) -> Option<u32> {
        match tier {
            RiskTier::Low => self.low,
            RiskTier::Moderate => self.moderate,
            RiskTier::High => self.high,
            RiskTier::Critical => self.critical,
        }
    }

    /// Whether no tier is named.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Everything that is wrong with them: what is riskier is never `done` less often.
    pub(super) fn faults(&self, setting: &'static str, done: &str) -> Vec<ProgrammeRefused> {
        let named: Vec<(RiskTier, u32)> =
            RiskTier::ALL.iter().filter_map(|tier| Some((*tier, self.of(*tier)?))).collect();
        let (min, max) = DAYS.into_inner();
        let outside = named.iter().filter(|(_, days)| !DAYS.contains(days));
        let mut faults: Vec<ProgrammeRefused> = outside
            .map(|(_, days)| ProgrammeRefused::OutOfRange { setting, given: *days, min, max })
            .collect();
        let mut pairs = named.iter().zip(named.iter().skip(1));
        if let Some((before, after)) = pairs.find(|(before, after)| after.1 > before.1) {
            let why = format!(
                "`{setting}`: `{}` is {done} less often than `{}` ({} and {} days)",
                after.0, before.0, after.1, before.1
            );
            faults.push(ProgrammeRefused::SettingUnfit { setting, why });
        }
        faults
    }
}

impl Default for RiskRules {
    fn default() -> Self {
        Self {
            data: DataPoints::default(),
            environment: EnvironmentPoints::default(),
            reach: ReachPoints::default(),
            many_rights: 100,
            exposure: ExposurePoints::default(),
            tiers: TierLines::default(),
            review_days: TierDays::default(),
        }
    }
}

impl Default for DataPoints {
    fn default() -> Self {
        Self { public: 0, internal: 1, confidential: 2, restricted: 4, unsaid: 2 }
    }
}

impl Default for EnvironmentPoints {
    fn default() -> Self {
        Self { development: 0, test: 0, staging: 1, production: 3, unsaid: 2 }
    }
}

impl Default for ReachPoints {
    fn default() -> Self {
        Self { nothing: 0, some: 1, many: 2, everything: 4, unknown: 2 }
    }
}

impl Default for ExposurePoints {
    fn default() -> Self {
        Self { little: 0, endless: 1, weak: 2, open: 4 }
    }
}

impl Default for TierLines {
    fn default() -> Self {
        Self { moderate: 4, high: 7, critical: 10 }
    }
}

impl RiskRules {
    pub(crate) const fn of_data(&self, data: Option<DataClass>) -> u32 {
        match data {
            None => self.data.unsaid,
            Some(DataClass::Public) => self.data.public,
            Some(DataClass::Internal) => self.data.internal,
            Some(DataClass::Confidential) => self.data.confidential,
            Some(DataClass::Restricted) => self.data.restricted,
        }
    }

    pub(crate) const fn of_environment(&self, environment: Option<Environment>) -> u32 {
        match environment {
            None => self.environment.unsaid,
            Some(Environment::Development) => self.environment.development,
            Some(Environment::Test) => self.environment.test,
            Some(Environment::Staging) => self.environment.staging,
            Some(Environment::Production) => self.environment.production,
        }
    }

    pub(crate) const fn of_reach(&self, reach: Reach) -> u32 {
        match reach {
            Reach::Nothing => self.reach.nothing,
            Reach::Some => self.reach.some,
            Reach::Many => self.reach.many,
            Reach::Everything => self.reach.everything,
            Reach::Unknown => self.reach.unknown,
        }
    }

    pub(crate) const fn of_exposure(&self, exposure: Exposure) -> u32 {
        match exposure {
            Exposure::Little => self.exposure.little,
            Exposure::Endless => self.exposure.endless,
            Exposure::Weak => self.exposure.weak,
            Exposure::Open => self.exposure.open,
        }
    }

    pub(crate) const fn tier_of(&self, points: u32) -> RiskTier {
        if points >= self.tiers.critical {
            RiskTier::Critical
        } else if points >= self.tiers.high {
            RiskTier::High
        } else if points >= self.tiers.moderate {
            RiskTier::Moderate
        } else {
            RiskTier::Low
        }
    }

    /// How often an owner confirms an identity of this tier; nothing where the tier does not say.
    pub(crate) const fn cadence_of(&self, tier: RiskTier) -> Option<u32> {
        self.review_days.of(tier)
    }

    /// The rows whose order says which is worse, each with its setting; what nobody said or knows stands in none.
    fn ladders(&self) -> [(&'static str, Vec<(&'static str, u32)>); 5] {
        let Self { data, environment, reach, exposure, tiers, .. } = self;
        [
            (
                "risk.data",
                vec![
                    ("public", data.public),
                    ("internal", data.internal),
                    ("confidential", data.confidential),
                    ("restricted", data.restricted),
                ],
            ),
            (
                "risk.environment",
                vec![
                    ("development", environment.development),
                    ("test", environment.test),
                    ("staging", environment.staging),
                    ("production", environment.production),
                ],
            ),
            (
                "risk.reach",
                vec![
                    ("nothing", reach.nothing),
                    ("some", reach.some),
                    ("many", reach.many),
                    ("everything", reach.everything),
                ],
            ),
            (
                "risk.exposure",
                vec![
                    ("little", exposure.little),
                    ("endless", exposure.endless),
                    ("weak", exposure.weak),
                    ("open", exposure.open),
                ],
            ),
            (
                "risk.tiers",
                vec![("moderate", tiers.moderate), ("high", tiers.high), ("critical", tiers.critical)],
            ),
        ]
    }
}

/// Everything that is wrong with the rules.
pub(super) fn faults(rules: &RiskRules) -> Vec<ProgrammeRefused> {
    let mut faults = Vec::new();
    let mut bounded = |setting, given, allowed: RangeInclusive<u32>| {
        if !allowed.contains(&given) {
            let (min, max) = allowed.into_inner();
            faults.push(ProgrammeRefused::OutOfRange { setting, given, min, max });
        }
    };
    let lines = [rules.tiers.moderate, rules.tiers.high, rules.tiers.critical];
    let points = rules.ladders().into_iter().filter(|(setting, _)| *setting != "risk.tiers");
    for (setting, rows) in points {
        for (_, given) in rows {
            bounded(setting, given, 0..=POINTS_MAX);
        }
    }
    bounded("risk.data.unsaid", rules.data.unsaid, 0..=POINTS_MAX);
    bounded("risk.environment.unsaid", rules.environment.unsaid, 0..=POINTS_MAX);
    bounded("risk.reach.unknown", rules.reach.unknown, 0..=POINTS_MAX);
    bounded("risk.many_rights", rules.many_rights, MANY);
    for given in lines {
        bounded("risk.tiers", given, LINE);
    }
    for (setting, rows) in rules.ladders() {
        let is_less = |pair: &&[(&str, u32)]| matches!(pair, [before, after] if after.1 < before.1 || (setting == "risk.tiers" && after.1 == before.1));
        if let Some([before, after]) = rows.windows(2).find(is_less) {
            let why = if setting == "risk.tiers" {
                format!(
                    "`{setting}`: `{}` must begin above `{}` ({} and {})",
                    after.0, before.0, after.1, before.1
                )
            } else {
                format!(
                    "`{setting}`: `{}` is worse than `{}` and must not count less ({} and {})",
                    after.0, before.0, after.1, before.1
                )
            };
            faults.push(ProgrammeRefused::SettingUnfit { setting, why });
        }
    }
    faults.extend(rules.review_days.faults("risk.review_days", "confirmed"));
    faults
}
