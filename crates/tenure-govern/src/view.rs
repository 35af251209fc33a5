//! A plan as it is written down: all that the step machine may look at.
//!
//! The engine reads it from the store before every decision, so that a decision after a
//! crash is the same decision.

use std::time::Duration;
use tenure_model::{
    ControlPlane, Derived, Instant, PlanKind, PlanState, ProbeAnswer, ProofLevel, ShortName, ShownBy,
    StepKind, StepState,
};

/// One step as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepView {
    /// Its place in the plan, from 1.
    pub position: i64,
    /// What it does.
    pub kind: StepKind,
    /// Where it stands.
    pub state: StepState,
    /// How often it was intended.
    pub attempt: u32,
    /// Not to be tried again before this.
    pub not_before: Instant,
    /// When it was done.
    pub done: Option<Instant>,
    /// True when a person was asked to look at it.
    pub escalated: bool,
    /// The last answer, in words.
    pub answer: Option<String>,
}

/// What an observation was of, with its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SeenWhat {
    /// An attempt with the value we hold, before the act.
    Control {
        /// Where.
        point: ShortName,
        /// What was answered.
        answer: ProbeAnswer,
    },
    /// An attempt with the value we hold, after the act.
    After {
        /// Where.
        point: ShortName,
        /// What was answered.
        answer: ProbeAnswer,
    },
    /// A fresh read of the control plane.
    ControlPlane(ControlPlane),
    /// A reading of everything that came from the credential.
    Derived {
        /// What was found alive.
        found: Vec<Derived>,
        /// Points that could not be read, with why.
        unread: Vec<(String, String)>,
        /// What no further look will show, and where.
        unknowable: Vec<(String, String)>,
    },
}

/// One observation made for the proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// When.
    pub at: Instant,
    /// What.
    pub what: SeenWhat,
}

/// An observation to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Look {
    /// Try the value at a point, before the act.
    Control(ShortName),
    /// Try the value at a point, after the act.
    After(ShortName),
    /// Read the control plane.
    ControlPlane,
    /// Read what came from the credential.
    Derived,
}

/// A plan as it is written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanView {
    /// What it is for.
    pub kind: PlanKind,
    /// Where it stands.
    pub state: PlanState,
    /// Enforcement points to prove at.
    pub points: Vec<ShortName>,
    /// The level it must reach.
    pub required: ProofLevel,
    /// How long a change takes to reach every point.
    pub lag: Duration,
    /// Its steps, in order.
    pub steps: Vec<StepView>,
    /// Observations made for its proof, in order of time.
    pub seen: Vec<Seen>,
    /// True when there is something to try at the points: the value to install or what names the public key, in
    /// escrow, or an account that may read the file.
    pub can_try: bool,
    /// How many refused attempts the system tolerates within a window before it locks somebody out.
    pub refusals_max: u32,
    /// That window.
    pub refusals_window: Duration,
}

/// A reading of what came from a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DerivedSeen<'view> {
    /// When.
    pub at: Instant,
    /// What was found alive.
    pub found: &'view [Derived],
    /// Points that could not be read, with why.
    pub unread: &'view [(String, String)],
    /// What no further look will show, and where.
    pub unknowable: &'view [(String, String)],
}

impl PlanView {
    /// The step of a kind.
    pub fn step(&self, kind: StepKind) -> Option<&StepView> {
        self.steps.iter().find(|step| step.kind == kind)
    }

    /// What is tried at its points; `None` where nothing is. The steps say it, so that it needs no memory.
    pub fn shown_by(&self) -> Option<ShownBy> {
        match (self.step(StepKind::Deny), self.step(StepKind::Control)) {
            (None, Some(_)) if self.kind == PlanKind::Tighten => Some(ShownBy::Reader),
            (Some(_), _) => Some(ShownBy::InstalledValue),
            (None, Some(_)) => Some(ShownBy::PublicKey),
            (None, None) => None,
        }
    }

    /// Since when an acceptance is a control; `None` while there is nothing that could be tried. What
    /// nobody installed was there before the plan.
    pub fn controls_count_from(&self) -> Option<Instant> {
        match self.shown_by()? {
            ShownBy::InstalledValue => {
                self.step(StepKind::Deny).filter(|deny| deny.state == StepState::Done)?.done
            }
            ShownBy::PublicKey | ShownBy::Reader => {
                let control = self.step(StepKind::Control)?;
                (control.state != StepState::Skipped).then_some(Instant::from_micros(0))
            }
        }
    }

    /// True when a step of this kind is done.
    pub fn is_done(&self, kind: StepKind) -> bool {
        self.step(kind).is_some_and(|step| step.state == StepState::Done)
    }

    /// When the last change outside was made; `None` before the first.
    pub fn last_act(&self) -> Option<Instant> {
        self.steps
            .iter()
            .filter(|step| step.kind.acts() && step.state == StepState::Done)
            .filter_map(|step| step.done)
            .max()
    }

    /// When the next attempt may be made without coming near the system's lock-out limit: now, or
    /// when the oldest refusal that counts has left the window. Half of the limit is left to others.
    pub fn next_attempt(&self, now: Instant) -> Instant {
        let own_share = usize::try_from((self.refusals_max / 2).max(1)).unwrap_or(usize::MAX);
        let opens = now.minus(self.refusals_window);
        let refused: Vec<Instant> = self
            .seen
            .iter()
            .filter(|seen| seen.at > opens)
            .filter_map(|seen| match &seen.what {
                SeenWhat::Control { answer, .. } | SeenWhat::After { answer, .. } => match answer {
                    ProbeAnswer::Refused { .. } => Some(seen.at),
                    ProbeAnswer::Accepted
                    | ProbeAnswer::Unreachable { .. }
                    | ProbeAnswer::CannotKnow { .. } => None,
                },
                SeenWhat::ControlPlane(_) | SeenWhat::Derived { .. } => None,
            })
            .collect();
        let over = (refused.len() + 1).saturating_sub(own_share);
        match over.checked_sub(1).and_then(|last| refused.get(last)) {
            Some(leaves) => leaves.plus(self.refusals_window).plus(Duration::from_millis(1)),
            None => now,
        }
    }

    /// Answers at a point before the act, since `since`.
    pub fn controls(&self, point: &ShortName, since: Instant) -> Vec<(Instant, &ProbeAnswer)> {
        self.answers(|what, at| match what {
            SeenWhat::Control { point: tried, answer } if tried == point && at >= since => Some(answer),
            _ => None,
        })
    }

    /// When anything was tried for the first time before the act.
    pub fn first_control(&self) -> Option<Instant> {
        self.seen.iter().find(|seen| matches!(seen.what, SeenWhat::Control { .. })).map(|seen| seen.at)
    }

    /// Answers at a point after the act, since `since`.
    pub fn afters(&self, point: &ShortName, since: Instant) -> Vec<(Instant, &ProbeAnswer)> {
        self.answers(|what, at| match what {
            SeenWhat::After { point: tried, answer } if tried == point && at >= since => Some(answer),
            _ => None,
        })
    }

    /// Every answer at a point since `since`, as control or after the act: whoever is let in then is alive,
    /// whatever the attempt was meant for.
    pub fn tries(&self, point: &ShortName, since: Instant) -> Vec<(Instant, &ProbeAnswer)> {
        self.answers(|what, at| match what {
            SeenWhat::After { point: tried, answer } if tried == point && at >= since => Some(answer),
            // A refused control shows nothing here: it was not yet an attempt to prove anything.
            SeenWhat::Control { point: tried, answer: answer @ ProbeAnswer::Accepted }
                if tried == point && at > since =>
            {
                Some(answer)
            }
            _ => None,
        })
    }

    /// The answers that `pick` wants, in the order in which they were given.
    fn answers<'view>(
        &'view self,
        pick: impl Fn(&'view SeenWhat, Instant) -> Option<&'view ProbeAnswer>,
    ) -> Vec<(Instant, &'view ProbeAnswer)> {
        self.seen
            .iter()
            .filter_map(|seen| pick(&seen.what, seen.at).map(|answer| (seen.at, answer)))
            .collect()
    }

    /// The last reading of the control plane since `since`.
    pub fn control_plane(&self, since: Instant) -> Option<(Instant, &ControlPlane)> {
        self.seen.iter().rev().find_map(|seen| match &seen.what {
            SeenWhat::ControlPlane(read) if seen.at >= since => Some((seen.at, read)),
            SeenWhat::Control { .. }
            | SeenWhat::After { .. }
            | SeenWhat::ControlPlane(_)
            | SeenWhat::Derived { .. } => None,
        })
    }

    /// The last reading of what came from the credential since `since`.
    pub fn derived(&self, since: Instant) -> Option<DerivedSeen<'_>> {
        self.seen.iter().rev().find_map(|seen| match &seen.what {
            SeenWhat::Derived { found, unread, unknowable } if seen.at >= since => {
                Some(DerivedSeen { at: seen.at, found, unread, unknowable })
            }
            SeenWhat::Control { .. }
            | SeenWhat::After { .. }
            | SeenWhat::ControlPlane(_)
            | SeenWhat::Derived { .. } => None,
        })
    }
}
