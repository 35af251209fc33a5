//! Plans and their steps: what should change, in which order, and where each stands.
//!
//! Words and lives only; choosing steps, linting and driving them is `tenure-govern`.

use crate::{DecisionRight, lifecycle::Lifecycle, noun};

noun! {
    /// What a plan is for.
    pub enum PlanKind as "plan kind" {
        /// Stop a principal, with a way back.
        Disable = "disable",
        /// End a principal and prove it dead.
        Revoke = "revoke",
        /// Bring a disabled principal back.
        Enable = "enable",
        /// Take from others the right to read a file in which a credential lies, with a way back. Ends nothing.
        Tighten = "tighten",
    }
}

impl PlanKind {
    /// By which right it is decided.
    pub const fn decided_by(self) -> DecisionRight {
        match self {
            Self::Revoke => DecisionRight::Revoke,
            Self::Disable | Self::Enable | Self::Tighten => DecisionRight::Disable,
        }
    }

    /// The step that takes back what it did.
    pub const fn taken_back_by(self) -> StepKind {
        match self {
            Self::Tighten => StepKind::Loosen,
            Self::Disable | Self::Revoke | Self::Enable => StepKind::Enable,
        }
    }
}

noun! {
    /// One kind of step.
    pub enum StepKind as "step" {
        /// Replace the value with one we hold, so that refusal can be shown to mean something.
        Deny = "deny",
        /// Show that the value we hold is accepted at each point.
        Control = "control",
        /// Stop it from authenticating.
        Disable = "disable",
        /// End what is logged in.
        EndSessions = "end_sessions",
        /// Remove it. The point of no return.
        Delete = "delete",
        /// Look for what was minted meanwhile.
        Sweep = "sweep",
        /// Show that it is refused at every point, past the lag.
        Prove = "prove",
        /// Let it authenticate again.
        Enable = "enable",
        /// Take from others the right to read the file.
        Tighten = "tighten",
        /// Give the file the mode back that it had before it was tightened.
        Loosen = "loosen",
    }
}

/// What is tried at a point before an act and after it, so that a refusal means something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShownBy {
    /// A value of ours, which the step `deny` installs and which is accepted from then on.
    InstalledValue,
    /// The public half of the credential itself: the system says whether it would take it. Nothing is
    /// installed, and what an undo needs names the key.
    PublicKey,
    /// An account that may read a file tries to. Nothing is installed and nothing is held.
    Reader,
}

impl StepKind {
    /// True when the step changes the outside system.
    pub const fn acts(self) -> bool {
        match self {
            Self::Deny
            | Self::Disable
            | Self::EndSessions
            | Self::Delete
            | Self::Enable
            | Self::Tighten
            | Self::Loosen => true,
            Self::Control | Self::Sweep | Self::Prove => false,
        }
    }

    /// True when the step takes back what others did.
    pub const fn takes_back(self) -> bool {
        matches!(self, Self::Enable | Self::Loosen)
    }

    /// True when nothing we do can bring the former state back.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Delete)
    }
}

noun! {
    /// Where a plan stands.
    pub enum PlanState as "plan state" {
        /// Waiting for the people whose decision it is.
        Proposed = "proposed",
        /// Decided; not begun.
        Approved = "approved",
        /// Being carried out.
        Running = "running",
        /// Done and proved to the required level.
        Proved = "proved",
        /// Done, below the required level.
        Short = "short",
        /// Being taken back.
        Undoing = "undoing",
        /// Taken back.
        Undone = "undone",
        /// Withdrawn before it began.
        Withdrawn = "withdrawn",
    }
}

noun! {
    /// What can happen to a plan.
    pub enum PlanEvent as "plan event" {
        /// The decision was taken.
        Approve = "approve",
        /// The first step begins.
        Begin = "begin",
        /// The required level was reached.
        Prove = "prove",
        /// All steps are done and the level was not reached.
        FallShort = "fall_short",
        /// Take it back.
        Undo = "undo",
        /// It was taken back.
        FinishUndo = "finish_undo",
        /// Never mind.
        Withdraw = "withdraw",
    }
}

impl Lifecycle for PlanState {
    type Event = PlanEvent;
    const STATES: &'static [Self] = Self::ALL;
    const EVENTS: &'static [PlanEvent] = PlanEvent::ALL;

    fn on(self, event: PlanEvent) -> Option<Self> {
        use PlanEvent as E;
        match (self, event) {
            (Self::Proposed, E::Approve) => Some(Self::Approved),
            (Self::Proposed | Self::Approved, E::Withdraw) => Some(Self::Withdrawn),
            (Self::Approved, E::Begin) => Some(Self::Running),
            (Self::Running, E::Prove) => Some(Self::Proved),
            (Self::Running, E::FallShort) => Some(Self::Short),
            // Undo ends with the point of no return; the engine checks that no removal was intended.
            (Self::Running | Self::Proved | Self::Short, E::Undo) => Some(Self::Undoing),
            (Self::Undoing, E::FinishUndo) => Some(Self::Undone),
            (
                Self::Proposed
                | Self::Approved
                | Self::Running
                | Self::Proved
                | Self::Short
                | Self::Undoing
                | Self::Undone
                | Self::Withdrawn,
                _,
            ) => None,
        }
    }
}

noun! {
    /// Where one step stands.
    pub enum StepState as "step state" {
        /// Not begun.
        Waiting = "waiting",
        /// An intent is recorded; the call may be under way.
        Intended = "intended",
        /// The answer was lost; the system must be observed.
        Unknown = "unknown",
        /// It is known not to have happened; it will be tried again.
        Failed = "failed",
        /// It is known to have happened.
        Done = "done",
        /// It had happened and was taken back.
        Undone = "undone",
        /// It cannot be done here and the plan goes on without it; the level says so.
        Skipped = "skipped",
    }
}

noun! {
    /// What can happen to a step.
    pub enum StepEvent as "step event" {
        /// An intent was recorded.
        Intend = "intend",
        /// The system said yes, or an observation shows the effect.
        Succeed = "succeed",
        /// The system said no, or an observation shows no effect.
        Fail = "fail",
        /// No answer we can trust.
        Lose = "lose",
        /// It was taken back.
        Revert = "revert",
        /// Something is alive again: do it once more.
        Repeat = "repeat",
        /// Go on without it.
        GiveUp = "give_up",
    }
}

impl Lifecycle for StepState {
    type Event = StepEvent;
    const STATES: &'static [Self] = Self::ALL;
    const EVENTS: &'static [StepEvent] = StepEvent::ALL;

    fn on(self, event: StepEvent) -> Option<Self> {
        use StepEvent as E;
        match (self, event) {
            (Self::Waiting | Self::Failed, E::Intend) => Some(Self::Intended),
            (Self::Intended | Self::Unknown, E::Succeed) => Some(Self::Done),
            (Self::Intended | Self::Unknown, E::Fail) => Some(Self::Failed),
            (Self::Intended, E::Lose) | (Self::Unknown, E::Lose) => Some(Self::Unknown),
            (Self::Done, E::Revert) => Some(Self::Undone),
            (Self::Done | Self::Skipped, E::Repeat) => Some(Self::Waiting),
            (Self::Waiting | Self::Failed | Self::Unknown, E::GiveUp) => Some(Self::Skipped),
            (
                Self::Waiting
                | Self::Intended
                | Self::Unknown
                | Self::Failed
                | Self::Done
                | Self::Undone
                | Self::Skipped,
                _,
            ) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{PlanState, StepState};

    #[test]
    fn the_life_of_a_plan() {
        insta::assert_snapshot!(crate::lifecycle::grid::<PlanState>());
    }

    #[test]
    fn the_life_of_a_step() {
        insta::assert_snapshot!(crate::lifecycle::grid::<StepState>());
    }
}
