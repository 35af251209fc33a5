//! What waits for a person, and what of it comes first.
//!
//! Overdue first, then what could cost most, then what is due first, then the oldest. The order is total, so that two who look
//! at the same see the same. It must never say whose something is, and reads no clock. Next: `tenure-engine/src/verbs/inbox`.

use serde::Serialize;
use std::cmp::Reverse;
use tenure_model::{Instant, RiskTier, WaitingKind};

/// One line of somebody's inbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Waiting {
    /// What kind of thing it is.
    pub kind: WaitingKind,
    /// Its id; of several in one line, of the first.
    pub subject: String,
    /// What people call it.
    pub name: String,
    /// How many things stand in this line.
    pub count: u32,
    /// Since when it waits.
    pub since: Instant,
    /// Until when; nothing where it waits as long as it waits.
    pub due: Option<Instant>,
    /// Why it is theirs.
    pub why: String,
    /// What is to be done, in words.
    pub what: String,
    /// The command that does it, or shows it.
    pub command: String,
    /// The console's page about it.
    pub page: String,
    /// How much it could cost; nothing where that was never judged.
    pub risk: Option<RiskTier>,
}

impl Waiting {
    /// Its end came.
    pub fn is_overdue(&self, now: Instant) -> bool {
        self.due.is_some_and(|due| due <= now)
    }
}

/// The same lines, what comes first first. What was never judged is taken for moderate: not known is not harmless.
pub fn in_order(mut waiting: Vec<Waiting>, now: Instant) -> Vec<Waiting> {
    let never = Instant::from_micros(i64::MAX);
    waiting.sort_by_cached_key(|one| {
        (
            !one.is_overdue(now),
            Reverse(one.risk.unwrap_or(RiskTier::Moderate)),
            one.due.unwrap_or(never),
            one.since,
            one.kind,
            one.subject.clone(),
            one.risk,
        )
    });
    waiting
}

#[cfg(test)]
mod tests {
    use super::{Waiting, in_order};
    use proptest::prelude::*;
    use tenure_model::{Instant, RiskTier, WaitingKind};

    const NOW: i64 = 1_000;

    fn line(subject: &str, due: Option<i64>, risk: Option<RiskTier>, since: i64) -> Waiting {
        Waiting {
            kind: WaitingKind::Plan,
            subject: subject.to_owned(),
            name: subject.to_owned(),
            count: 1,
            since: Instant::from_micros(since),
            due: due.map(Instant::from_micros),
            why: String::new(),
            what: String::new(),
            command: String::new(),
            page: String::new(),
            risk,
        }
    }

    fn order(lines: Vec<Waiting>) -> Vec<String> {
        in_order(lines, Instant::from_micros(NOW)).into_iter().map(|one| one.subject).collect()
    }

    #[test]
    fn overdue_comes_before_risk_risk_before_the_end_and_the_end_before_age() {
        use RiskTier as T;
        let lines = vec![
            line("old", None, Some(T::Low), 1),
            line("young", None, Some(T::Low), 2),
            line("ends late", Some(3_000), Some(T::Low), 3),
            line("ends soon", Some(2_000), Some(T::Low), 4),
            line("unknown", None, None, 5),
            line("high", None, Some(T::High), 6),
            line("critical", None, Some(T::Critical), 7),
            line("overdue", Some(NOW), Some(T::Low), 8),
            line("overdue and high", Some(NOW - 1), Some(T::High), 9),
        ];
        let expected = [
            "overdue and high",
            "overdue",
            "critical",
            "high",
            "unknown",
            "ends soon",
            "ends late",
            "old",
            "young",
        ];
        assert_eq!(order(lines), expected);
    }

    #[test]
    fn what_is_due_in_a_moment_is_not_overdue() {
        let waits = |due| line("one", Some(due), None, 1).is_overdue(Instant::from_micros(NOW));
        assert_eq!((waits(NOW), waits(NOW + 1)), (true, false));
        assert!(!line("one", None, None, 1).is_overdue(Instant::from_micros(i64::MAX)));
    }

    fn drawn() -> impl Strategy<Value = Waiting> {
        let risk = prop::option::of(prop::sample::select(RiskTier::ALL.to_vec()));
        let due = prop::option::of(NOW - 3..NOW + 3);
        (0..40_u8, due, risk, 0..3_i64)
            .prop_map(|(subject, due, risk, since)| line(&subject.to_string(), due, risk, since))
    }

    proptest! {
        #[test]
        fn the_order_is_the_same_however_it_came_and_nothing_is_lost(
            (lines, shuffled) in prop::collection::vec(drawn(), 0..30)
                .prop_flat_map(|lines| (Just(lines.clone()), Just(lines).prop_shuffle())),
        ) {
            let now = Instant::from_micros(NOW);
            let (one, other) = (in_order(lines.clone(), now), in_order(shuffled, now));
            prop_assert_eq!(&one, &other);
            prop_assert_eq!(one.len(), lines.len());
            for pair in one.windows(2) {
                prop_assert!(pair[0].is_overdue(now) || !pair[1].is_overdue(now));
            }
        }
    }
}
