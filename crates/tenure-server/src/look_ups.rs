//! How often somebody may ask whose a string is: each call confirms a guess, or refutes it.
//!
//! Counted per person in windows of a minute, in memory: a restart forgets it, and every call is in the evidence
//! anyway. It must never know what was asked. Next: `api/find.rs`.

use crate::problem::Problem;
use http::StatusCode;
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};
use tenure_model::{Instant, PersonId};

/// Calls of one person within `WINDOW`, at most.
pub(crate) const CALLS_MAX: u32 = 20;
const WINDOW: Duration = Duration::from_mins(1);

/// Calls of the running windows.
#[derive(Default)]
pub(crate) struct LookUps(Mutex<HashMap<PersonId, (Instant, u32)>>);

impl LookUps {
    /// Counts a call of a person; refuses it when there were too many in their window.
    pub(crate) fn count(&self, person: PersonId, now: Instant) -> Result<(), Problem> {
        let mut windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        windows.retain(|_, (since, _)| now.since(*since) < WINDOW);
        let (_, calls) = windows.entry(person).or_insert((now, 0));
        if *calls < CALLS_MAX {
            *calls += 1;
            return Ok(());
        }
        tracing::warn!(%person, "somebody looks up strings faster than people do");
        let detail = format!("{CALLS_MAX} strings a minute are looked up for one person; this one was not");
        Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, "too-many", "Slow down", detail)
            .with_remedy("wait a minute; several secrets may be pasted as one text"))
    }
}

#[cfg(test)]
mod tests {
    use super::{CALLS_MAX, LookUps};
    use tenure_model::{Instant, PersonId};

    #[test]
    fn a_person_is_slowed_down_for_the_rest_of_a_minute_and_nobody_else_is() {
        let look_ups = LookUps::default();
        let at = |seconds: i64| Instant::from_micros(seconds * 1_000_000);
        let (one, other) = (PersonId::new(at(1), [1; 10]), PersonId::new(at(1), [2; 10]));
        let allowed = (0..100).filter(|second| look_ups.count(one, at(second % 50)).is_ok()).count();
        assert_eq!(allowed, usize::try_from(CALLS_MAX).unwrap());
        let refused = look_ups.count(one, at(59)).unwrap_err();
        assert_eq!(refused.status.as_u16(), 429);
        assert!(look_ups.count(other, at(59)).is_ok());
        assert!(look_ups.count(one, at(60)).is_ok());
    }
}
