//! Clocks: what waits for people, and who is asked by now.
//!
//! A clock says how long a step has waited; it must never decide a step. Next: `request.rs`, `plan.rs`, what waits.

use crate::noun;

noun! {
    /// What a clock runs for.
    pub enum ClockKind as "kind of clock" {
        /// A step of a request.
        Request = "request",
        /// A step of a plan that somebody asked for.
        Plan = "plan",
        /// A step of a plan that Tenure proposed.
        Proposal = "proposal",
        /// An exception that waits for a decision.
        Exception = "exception",
        /// A handoff that waits for whom it was offered to.
        Handoff = "handoff",
        /// An identity of a review that waits for a decision; its item keeps its own end.
        Review = "review",
    }
}

noun! {
    /// Who is asked by now.
    pub enum ClockStage as "stage of a clock" {
        /// Whoever decides it as it stands.
        First = "first",
        /// Whom the service level names to stand in.
        Fallback = "fallback",
        /// Whom the service level names last.
        Escalation = "escalation",
    }
}
