//! A service level on a page: by when a step is decided or passes on, and who is asked by now.
//!
//! One line for every kind of page that waits. It must never count anything itself: the engine does, in the hours of its
//! calendar. Next: `tenure-engine/src/verbs/clocks.rs`.

use super::text::{self, When};
use crate::{api::prelude::Shared, problem::Problem};
use std::fmt::Display;
use tenure_engine::ClockShown;
use tenure_model::{ClockKind, Instant};

/// Seconds of an hour and of a minute.
const HOUR: u64 = 3_600;
const MINUTE: u64 = 60;

/// How a clock stands, as pages show it.
pub(super) struct ClockLine {
    /// What waits, by its kind and short form, and the page of it.
    pub(super) what: String,
    pub(super) href: String,
    /// What that is about, by name.
    pub(super) about: String,
    /// By when it is decided, or passes on.
    pub(super) due: When,
    /// Since when it is late.
    pub(super) late: Option<When>,
    /// Nobody is left to be asked.
    pub(super) is_over: bool,
    /// How much is left in the hours of its calendar; nothing where it counts around the clock, as `due` does.
    pub(super) left: Option<String>,
    /// What becomes of it then.
    pub(super) otherwise: &'static str,
    /// Why it stands still: until when, by whom, and their words.
    pub(super) paused: Option<(When, String, text::Prose)>,
    /// The page where it is paused; nothing where it never is.
    pub(super) page: Option<String>,
    /// Whose decision it is by now, in words.
    pub(super) asked: String,
}

/// The clock of what waits; nothing where it has none.
pub(super) async fn of(shared: &Shared, subject: &impl Display) -> Result<Option<ClockLine>, Problem> {
    let clock = shared.engine.due_of(&subject.to_string()).await.map_err(Problem::from)?;
    Ok(clock.map(|one| line(&one, shared.engine.now())))
}

/// One clock.
pub(super) fn line(one: &ClockShown, now: Instant) -> ClockLine {
    let pages = match one.kind {
        ClockKind::Request => "requests",
        ClockKind::Plan | ClockKind::Proposal => "plans",
        ClockKind::Exception => "exceptions",
        ClockKind::Handoff => "handoffs",
        ClockKind::Review => "review-items",
    };
    ClockLine {
        what: format!("{} {}", one.kind, one.handle),
        href: format!("/{pages}/{}", one.handle),
        about: text::shown(&one.about),
        due: text::when(one.due, now),
        late: one.late.map(|at| text::when(at, now)),
        is_over: one.over.is_some(),
        left: left(one),
        otherwise: if one.kind == ClockKind::Handoff { "it lapses" } else { "it passes on" },
        paused: one.paused.as_ref().map(|pause| {
            let by = pause.by.as_deref().map_or_else(|| String::from("somebody who left"), text::shown);
            (text::when(pause.until, now), by, text::prose(&pause.reason))
        }),
        page: one.pause_days_max.map(|_| format!("/clocks/{}", one.handle)),
        asked: text::shown(&one.asked),
    }
}

fn left(one: &ClockShown) -> Option<String> {
    let calendar = one.calendar.as_ref()?;
    let (hours, minutes) = (one.left_seconds / HOUR, one.left_seconds % HOUR / MINUTE);
    let long = if hours == 0 { format!("{minutes} min") } else { format!("{hours} h {minutes} min") };
    Some(format!("{long} of {}", text::shown(calendar)))
}
