//! What can go wrong in a chaos world, call by call.
//!
//! A fault is either scripted (the nth call of a kind from now) or drawn from a seed by
//! rates. The draw depends on the seed, the kind of call, whom it is about and how often
//! that was asked, never on which task ran first; so a seed replays under any scheduling.

use super::dice::{Dice, stir};
use std::collections::BTreeMap;
use tenure_model::StepKind;

/// A kind of call a source can be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Call {
    /// `Source::check`.
    Check,
    /// `Source::observe`.
    Observe,
    /// `Source::blast_radius`.
    BlastRadius,
    /// `Source::keepsake`.
    Keepsake,
    /// `Source::act` for this step.
    Act(StepKind),
    /// `Source::effect` for this step.
    Effect(StepKind),
    /// `Source::control_plane`.
    ControlPlane,
    /// `Source::probe`.
    Probe,
    /// `Source::derived`.
    Derived,
}

impl core::fmt::Display for Call {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Check => f.write_str("check"),
            Self::Observe => f.write_str("observe"),
            Self::BlastRadius => f.write_str("blast radius"),
            Self::Keepsake => f.write_str("keepsake"),
            Self::Act(step) => write!(f, "act {step}"),
            Self::Effect(step) => write!(f, "effect {step}"),
            Self::ControlPlane => f.write_str("control plane"),
            Self::Probe => f.write_str("probe"),
            Self::Derived => f.write_str("derived"),
        }
    }
}

/// What goes wrong in one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FaultKind {
    /// The system refuses; nothing happens.
    Error,
    /// The system asks us to wait two seconds; nothing happens.
    Throttle,
    /// No connection; nothing happens.
    Unreachable,
    /// An answer nobody understands; nothing happens.
    Puzzle,
    /// Nothing happens and no answer ever comes.
    TimeoutBefore,
    /// It happens; the answer is `Lost` (or could not be read).
    LostResponse,
    /// It happens; no answer ever comes.
    HangAfter,
    /// The answer says what the caller hopes for; nothing happens.
    ///
    /// An act says `Done`, an effect `Present`, the control plane the best it could say
    /// (`Absent`, of a file `Disabled`), a probe `Refused`, derived and a survey nothing at all.
    Lie,
    /// The process dies before the system was asked.
    CrashBefore,
    /// The process dies after it happened and before the answer arrived.
    CrashAfter,
    /// A survey goes wrong in its own way; on any other call it is an `Error`.
    Survey(SurveyFault),
}

/// What goes wrong in one survey.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SurveyFault {
    /// The first page comes twice.
    DuplicateKey,
    /// The first page is larger than `PAGE_MAX`.
    OversizePage,
    /// A page comes after its extent was ended.
    PageAfterEnd,
    /// An extent is ended twice, the second time as part.
    EndTwice,
    /// An extent is never ended, and the survey says all is well.
    NeverEnd,
    /// Between two pages somebody renames, deletes and creates principals. Only principals
    /// that are `restless` are renamed or deleted.
    Drift,
    /// Half of the principals were not read, and the survey says so.
    PartialExtent,
    /// Half of the credentials and grants may not be read, and the survey says so.
    HalfDenied,
    /// Every extent is empty and claims to be whole.
    Empty,
    /// The connection breaks after the first page.
    CutOff,
    /// The digest of every extent is the one it had in the last survey that was honest about it.
    StaleDigest,
}

impl SurveyFault {
    /// Every kind.
    pub const ALL: &'static [Self] = &[
        Self::DuplicateKey,
        Self::OversizePage,
        Self::PageAfterEnd,
        Self::EndTwice,
        Self::NeverEnd,
        Self::Drift,
        Self::PartialExtent,
        Self::HalfDenied,
        Self::Empty,
        Self::CutOff,
        Self::StaleDigest,
    ];
}

/// One scripted fault. It strikes once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// Which kind of call.
    pub on: Call,
    /// Which of those calls, counted from when the fault was scripted: 1 is the next one.
    pub nth: u32,
    /// What goes wrong.
    pub what: FaultKind,
}

/// How often each fault strikes in a seeded world, in calls per thousand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FaultRates {
    /// See `FaultKind::Error`.
    pub error_per_mille: u16,
    /// See `FaultKind::Throttle`.
    pub throttle_per_mille: u16,
    /// See `FaultKind::Unreachable`.
    pub unreachable_per_mille: u16,
    /// See `FaultKind::Puzzle`.
    pub puzzle_per_mille: u16,
    /// See `FaultKind::TimeoutBefore`.
    pub timeout_before_per_mille: u16,
    /// See `FaultKind::LostResponse`.
    pub lost_response_per_mille: u16,
    /// See `FaultKind::HangAfter`.
    pub hang_after_per_mille: u16,
    /// `FaultKind::Lie`, on acts alone.
    pub act_lie_per_mille: u16,
    /// `FaultKind::Lie`, on everything that only reads. No prover survives a system all of
    /// whose readings lie; use it with acts that are honest.
    pub read_lie_per_mille: u16,
    /// See `FaultKind::CrashBefore`.
    pub crash_before_per_mille: u16,
    /// See `FaultKind::CrashAfter`.
    pub crash_after_per_mille: u16,
    /// A `SurveyFault`, on surveys alone; which one is drawn too.
    pub survey_per_mille: u16,
    /// After so many faults the world behaves.
    pub faults_max: u32,
}

impl FaultRates {
    /// Nothing goes wrong.
    pub const NONE: Self = Self {
        error_per_mille: 0,
        throttle_per_mille: 0,
        unreachable_per_mille: 0,
        puzzle_per_mille: 0,
        timeout_before_per_mille: 0,
        lost_response_per_mille: 0,
        hang_after_per_mille: 0,
        act_lie_per_mille: 0,
        read_lie_per_mille: 0,
        crash_before_per_mille: 0,
        crash_after_per_mille: 0,
        survey_per_mille: 0,
        faults_max: 0,
    };

    /// About two calls in five go wrong, in every way but lying reads, forty times at most.
    pub const ROUGH: Self = Self {
        error_per_mille: 30,
        throttle_per_mille: 40,
        unreachable_per_mille: 40,
        puzzle_per_mille: 10,
        timeout_before_per_mille: 40,
        lost_response_per_mille: 60,
        hang_after_per_mille: 40,
        act_lie_per_mille: 40,
        read_lie_per_mille: 0,
        crash_before_per_mille: 50,
        crash_after_per_mille: 50,
        survey_per_mille: 300,
        faults_max: 40,
    };

    /// The faults that may strike `call`, each with its share of a thousand.
    fn shares(&self, call: Call) -> [(FaultKind, u16); 10] {
        let lie = if matches!(call, Call::Act(_)) { self.act_lie_per_mille } else { self.read_lie_per_mille };
        [
            (FaultKind::Error, self.error_per_mille),
            (FaultKind::Throttle, self.throttle_per_mille),
            (FaultKind::Unreachable, self.unreachable_per_mille),
            (FaultKind::Puzzle, self.puzzle_per_mille),
            (FaultKind::TimeoutBefore, self.timeout_before_per_mille),
            (FaultKind::LostResponse, self.lost_response_per_mille),
            (FaultKind::HangAfter, self.hang_after_per_mille),
            (FaultKind::Lie, lie),
            (FaultKind::CrashBefore, self.crash_before_per_mille),
            (FaultKind::CrashAfter, self.crash_after_per_mille),
        ]
    }
}

/// A scripted fault that has not struck yet.
struct Waiting {
    fault: Fault,
    calls_seen: u32,
}

/// What is left of a seed.
struct Seeded {
    seed: u64,
    rates: FaultRates,
    asked: BTreeMap<(Call, String), u64>,
}

/// Decides which call goes wrong, and how.
#[derive(Default)]
pub(super) struct Misfortune {
    scripted: Vec<Waiting>,
    seeded: Option<Seeded>,
    drawn: u32,
}

impl Misfortune {
    /// Faults drawn from `seed`.
    pub(super) fn seeded(seed: u64, rates: FaultRates) -> Self {
        let seeded = Some(Seeded { seed, rates, asked: BTreeMap::new() });
        Self { scripted: Vec::new(), seeded, drawn: 0 }
    }

    /// Adds a scripted fault.
    pub(super) fn script(&mut self, fault: Fault) {
        self.scripted.push(Waiting { fault, calls_seen: 0 });
    }

    /// Forgets scripted faults that have not struck, and stops drawing.
    pub(super) fn end(&mut self) {
        self.scripted.clear();
        self.seeded = None;
    }

    /// How many scripted faults have not struck yet.
    pub(super) fn waiting(&self) -> usize {
        self.scripted.len()
    }

    /// What happens to this call. A scripted fault comes before a drawn one.
    pub(super) fn strike(&mut self, call: Call, about: &str) -> Option<FaultKind> {
        for waiting in self.scripted.iter_mut().filter(|waiting| waiting.fault.on == call) {
            waiting.calls_seen += 1;
        }
        let due = self
            .scripted
            .iter()
            .position(|waiting| waiting.fault.on == call && waiting.calls_seen >= waiting.fault.nth);
        if let Some(index) = due {
            return Some(self.scripted.remove(index).fault.what);
        }
        self.draw(call, about)
    }

    fn draw(&mut self, call: Call, about: &str) -> Option<FaultKind> {
        let seeded = self.seeded.as_mut()?;
        let asked = seeded.asked.entry((call, about.to_owned())).or_insert(0);
        *asked += 1;
        if self.drawn >= seeded.rates.faults_max {
            return None;
        }
        let mixed = stir(stir(seeded.seed, call.to_string().as_bytes()), about.as_bytes());
        let mut dice = Dice::new(mixed ^ asked.wrapping_mul(0x2545_f491_4f6c_dd1d));
        let struck = draw_one(&mut dice, &seeded.rates, call);
        if struck.is_some() {
            self.drawn += 1;
        }
        struck
    }
}

fn draw_one(dice: &mut Dice, rates: &FaultRates, call: Call) -> Option<FaultKind> {
    if call == Call::Observe && dice.below(1000) < u64::from(rates.survey_per_mille) {
        return dice.choose(SurveyFault::ALL).copied().map(FaultKind::Survey);
    }
    let mut rolled = dice.below(1000);
    for (fault, share) in rates.shares(call) {
        let share = u64::from(share);
        if rolled < share {
            return Some(fault);
        }
        rolled -= share;
    }
    None
}
