//! What a run of the suite found, for a person to read.
//!
//! A report passes only if every check held, was excepted with a reason, or does not apply
//! and says why. A fixture that breaks fails the report: nothing was shown.

use super::{Check, Exception, rig::Stop};

/// What was found about one promise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It was kept.
    Held,
    /// It was not.
    Broken {
        /// What was seen instead.
        why: String,
    },
    /// It was not, and a declared exception says why that is acceptable.
    Excepted {
        /// The declared reason.
        reason: String,
        /// What was seen.
        why: String,
    },
    /// An exception was declared without need, without reason, or twice.
    ExceptionRefused {
        /// What is wrong with it.
        why: String,
    },
    /// It says nothing about this connector.
    NotApplicable {
        /// Why not.
        why: String,
    },
    /// The fixture broke, so nothing is known.
    Unchecked {
        /// What happened.
        why: String,
    },
}

impl Verdict {
    /// Whether a connector may ship with this verdict.
    pub const fn passes(&self) -> bool {
        match self {
            Self::Held | Self::Excepted { .. } | Self::NotApplicable { .. } => true,
            Self::Broken { .. } | Self::ExceptionRefused { .. } | Self::Unchecked { .. } => false,
        }
    }

    const fn word(&self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Broken { .. } => "BROKEN",
            Self::Excepted { .. } => "excepted",
            Self::ExceptionRefused { .. } => "EXCEPTION REFUSED",
            Self::NotApplicable { .. } => "not applicable",
            Self::Unchecked { .. } => "UNCHECKED",
        }
    }

    fn remark(&self) -> String {
        match self {
            Self::Held => String::new(),
            Self::Broken { why }
            | Self::ExceptionRefused { why }
            | Self::NotApplicable { why }
            | Self::Unchecked { why } => why.clone(),
            Self::Excepted { reason, why } => format!("{reason} (seen: {why})"),
        }
    }
}

/// What a run of the suite found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Which kind of system.
    pub system: &'static str,
    /// What was to be checked.
    pub promises: &'static [Check],
    /// Every promise, in order.
    pub results: Vec<(Check, Verdict)>,
}

impl Report {
    /// Whether the connector may ship. Use as `assert!(report.passed(), "{report}")`.
    pub fn passed(&self) -> bool {
        self.results.len() == self.promises.len() && self.results.iter().all(|(_, verdict)| verdict.passes())
    }

    /// What was found about one promise.
    pub fn verdict(&self, check: Check) -> Option<&Verdict> {
        self.results.iter().find(|(promise, _)| *promise == check).map(|(_, verdict)| verdict)
    }
}

impl core::fmt::Display for Report {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let passed = self.results.iter().filter(|(_, verdict)| verdict.passes()).count();
        writeln!(f, "conformance of `{}`: {passed} of {} checks pass", self.system, self.results.len())?;
        for (check, verdict) in &self.results {
            writeln!(f, "  {:<17} {check}", verdict.word())?;
            let remark = verdict.remark();
            if !remark.is_empty() {
                writeln!(f, "  {:<17}   {remark}", "")?;
            }
        }
        Ok(())
    }
}

/// Turns the outcome of a check into a verdict, in the light of the declared exceptions.
pub(super) fn judge(check: Check, outcome: Result<(), Stop>, exceptions: &[Exception]) -> Verdict {
    let mut declared = exceptions.iter().filter(|exception| exception.check == check);
    let (exception, another) = (declared.next(), declared.next());
    if another.is_some() {
        return Verdict::ExceptionRefused { why: "it is declared twice".to_owned() };
    }
    match (outcome, exception) {
        (Err(Stop::Fixture(broke)), _) => Verdict::Unchecked { why: broke.to_string() },
        (Err(Stop::Broken(why)), None) => Verdict::Broken { why },
        (Err(Stop::Broken(why)), Some(exception)) if exception.reason.trim().is_empty() => {
            Verdict::ExceptionRefused { why: format!("it gives no reason (seen: {why})") }
        }
        (Err(Stop::Broken(why)), Some(exception)) => {
            Verdict::Excepted { reason: exception.reason.clone(), why }
        }
        (Ok(()) | Err(Stop::NotApplicable(_)), Some(_)) => {
            Verdict::ExceptionRefused { why: "it is not needed".to_owned() }
        }
        (Ok(()), None) => Verdict::Held,
        (Err(Stop::NotApplicable(why)), None) => Verdict::NotApplicable { why },
    }
}
