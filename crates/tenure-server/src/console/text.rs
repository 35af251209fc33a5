//! Texts for pages: names from outside on one line, times as people say them, marks beside words.
//!
//! Templates escape and isolate the direction (`<bdi>`); this makes what cannot be seen visible
//! and bounds the length.

use tenure_model::{Instant, PlanState, StepState, printable};

/// Characters of a name on a page, at most.
const NAME_CHARS_MAX: usize = 90;

/// A name from outside, as it may be shown.
pub(super) fn shown(name: &str) -> String {
    printable(name, NAME_CHARS_MAX)
}

/// A longer text from outside.
pub(super) fn shown_long(text: &str) -> String {
    printable(text, 600)
}

/// A time: said relatively, exact for whoever looks closer.
pub(super) struct When {
    pub(super) said: String,
    /// RFC 3339.
    pub(super) exact: String,
}

/// How long ago, or in how long.
pub(super) fn when(at: Instant, now: Instant) -> When {
    let (distance, is_past) = if at <= now { (now.since(at), true) } else { (at.since(now), false) };
    let seconds = distance.as_secs();
    let (count, unit) = match seconds {
        0..60 => (seconds, "s"),
        60..3_600 => (seconds / 60, "min"),
        3_600..86_400 => (seconds / 3_600, "h"),
        _ => (seconds / 86_400, "d"),
    };
    let said = match (is_past, seconds) {
        (true, 0..2) => String::from("just now"),
        (true, _) => format!("{count} {unit} ago"),
        (false, _) => format!("in {count} {unit}"),
    };
    When { said, exact: at.to_string() }
}

/// The mark beside the word of a step's state.
pub(super) const fn step_mark(state: StepState) -> &'static str {
    match state {
        StepState::Waiting => "○",
        StepState::Intended => "◐",
        StepState::Unknown => "?",
        StepState::Failed => "▲",
        StepState::Done => "✓",
        StepState::Undone => "↶",
        StepState::Skipped => "–",
    }
}

/// The mark beside the word of a plan's state.
pub(super) const fn plan_mark(state: PlanState) -> &'static str {
    match state {
        PlanState::Proposed => "○",
        PlanState::Approved => "◔",
        PlanState::Running => "◐",
        PlanState::Proved => "✓",
        PlanState::Short => "▲",
        PlanState::Undoing => "◐",
        PlanState::Undone => "↶",
        PlanState::Withdrawn => "–",
    }
}

/// Which of the five tones a plan's state has; colour never carries it alone.
pub(super) const fn plan_tone(state: PlanState) -> &'static str {
    match state {
        PlanState::Proved => "good",
        PlanState::Short => "bad",
        PlanState::Running | PlanState::Approved | PlanState::Undoing => "busy",
        PlanState::Proposed | PlanState::Undone | PlanState::Withdrawn => "quiet",
    }
}

/// Which tone a step's state has.
pub(super) const fn step_tone(state: StepState) -> &'static str {
    match state {
        StepState::Done => "good",
        StepState::Failed => "bad",
        StepState::Unknown => "warn",
        StepState::Intended => "busy",
        StepState::Waiting | StepState::Undone | StepState::Skipped => "quiet",
    }
}

#[cfg(test)]
mod tests {
    use super::when;
    use tenure_model::Instant;

    #[test]
    fn times_are_said_as_people_say_them() {
        let now = Instant::parse("2026-11-21T12:00:00Z").unwrap();
        let said = |seconds: i64| when(Instant::from_micros(now.as_micros() + seconds * 1_000_000), now).said;
        let all = [0, -5, -61, -7_300, -200_000, 30, 90_000].map(said).join(", ");
        insta::assert_snapshot!(all, @"just now, 5 s ago, 1 min ago, 2 h ago, 2 d ago, in 30 s, in 1 d");
    }
}
