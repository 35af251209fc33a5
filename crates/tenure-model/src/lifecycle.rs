//! What every life looks like: a state, the events that may happen to it, where they lead.
//!
//! A transition that is not listed is refused. The whole (state × event) grid of each
//! life is a golden text that a person reviews, and the words are mirrored as SQL CHECKs
//! by `tenure-store`. This room must never act; it only says what may follow what.

use core::fmt::{Display, Write as _};

/// A life: states and the events that move them.
pub trait Lifecycle: Copy + Display + Sized + 'static {
    /// What can happen.
    type Event: Copy + Display + 'static;
    /// Every state.
    const STATES: &'static [Self];
    /// Every event.
    const EVENTS: &'static [Self::Event];

    /// Where `event` leads from here; `None` when it may not happen here.
    fn on(self, event: Self::Event) -> Option<Self>;
}

/// An event that may not happen in this state.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{event}` may not happen to something that is `{state}`")]
pub struct NotAllowedHere {
    /// The state it is in.
    pub state: String,
    /// The event that was asked for.
    pub event: String,
}

/// Moves `state` by `event`, or says why not.
pub fn advance<L: Lifecycle>(state: L, event: L::Event) -> Result<L, NotAllowedHere> {
    state.on(event).ok_or_else(|| NotAllowedHere { state: state.to_string(), event: event.to_string() })
}

/// The whole grid as text, one row per state, `·` where an event is refused.
pub fn grid<L: Lifecycle>() -> String {
    let mut text = String::new();
    for state in L::STATES {
        let _ = write!(text, "{state}:");
        for event in L::EVENTS {
            match state.on(*event) {
                Some(next) => {
                    let _ = write!(text, " {event}→{next}");
                }
                None => {
                    let _ = write!(text, " {event}·");
                }
            }
        }
        text.push('\n');
    }
    text
}
