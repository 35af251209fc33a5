//! What a connector says about itself before it is asked to do anything.
//!
//! A manifest is a constant: it promises nothing that a live test does not show. The
//! documentation and `tenure source check` are printed from it.

use std::time::Duration;
use tenure_model::{ShownBy, StepKind};

/// A permission the connector can use, and what goes dark without it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Permission {
    /// The permission in the system's words.
    pub name: &'static str,
    /// What it makes possible.
    pub enables: &'static str,
    /// Whether nothing at all works without it.
    pub required: bool,
}

/// How many failed attempts a system tolerates before it locks somebody out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LockOut {
    /// Failures per principal within `window` that we never exceed; `u32::MAX` when the system has no limit.
    pub failures_max: u32,
    /// The window they are counted in.
    pub window: Duration,
}

/// A setting of a source, typed as an option: `NAME=VALUE`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SettingKnown {
    /// Its name. A part that is chosen stands in angle brackets: `kind.<point>`.
    pub name: &'static str,
    /// What it does and which values it takes, in plain words; names and values between backticks.
    pub meaning: &'static str,
    /// What counts where it is not set, in plain words; `None` where a source is refused without it.
    pub default: Option<&'static str>,
}

/// What a connector says about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Manifest {
    /// The kind of system, as typed in `source add`: `postgres`.
    pub system: &'static str,
    /// Its name for people: `PostgreSQL`.
    pub title: &'static str,
    /// The steps it can carry out.
    pub steps: &'static [StepKind],
    /// What `probe` tries: a value that `deny` installed, or the public half of the credential itself.
    pub shown_by: ShownBy,
    /// The permissions it can use.
    pub permissions: &'static [Permission],
    /// Whether we log in there with a password or token: only then one is asked for.
    pub takes_password: bool,
    /// Every setting that its sources take, and no other.
    pub settings: &'static [SettingKnown],
    /// The script that creates a least-privilege account, ready to run.
    pub least_privilege_script: &'static str,
    /// After this long, a change has reached every enforcement point unless a point says otherwise.
    pub propagation_lag: Duration,
    /// What counts as an enforcement point here, for people who configure one.
    pub enforcement_points: &'static str,
    /// How many failures it tolerates.
    pub lock_out: LockOut,
    /// What this connector cannot see, in plain words.
    pub blind_spots: &'static [&'static str],
}
