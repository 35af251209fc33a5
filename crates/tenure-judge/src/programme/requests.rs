//! Requests as the programme bounds them: how long one waits for its decisions, and how long what was approved may be used.
//! It must never read a clock. Next: `approvals.rs`, who decides; `stores.rs`, where credentials may live.

use super::{Class, Programme, ProgrammeRefused};
use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;

const DECIDED_WITHIN_DAYS: RangeInclusive<u32> = 1..=90;
const USED_WITHIN_DAYS: RangeInclusive<u32> = 1..=180;

/// How long what is asked for waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RequestRules {
    /// Days within which every step is decided, from when it was asked for.
    pub decided_within_days: u32,
    /// Days within which what was asked for is made, after those for its decisions.
    pub used_within_days: u32,
}

impl Default for RequestRules {
    fn default() -> Self {
        Self { decided_within_days: 14, used_within_days: 30 }
    }
}

/// Everything that is wrong with the rules.
pub(super) fn faults(rules: &RequestRules) -> Vec<ProgrammeRefused> {
    let rows = [
        ("requests.decided_within_days", rules.decided_within_days, DECIDED_WITHIN_DAYS),
        ("requests.used_within_days", rules.used_within_days, USED_WITHIN_DAYS),
    ];
    let outside = rows.into_iter().filter(|(_, given, allowed)| !allowed.contains(given));
    let refused = outside.map(|(setting, given, allowed)| {
        let (min, max) = allowed.into_inner();
        ProgrammeRefused::OutOfRange { setting, given, min, max }
    });
    refused.collect()
}

impl Programme {
    /// Whether anything has to be asked for before it is made, or before it is given rights.
    pub fn asks_for_requests(&self) -> bool {
        self.classes.iter().any(|class| class.made_by_request || class.rights_by_request)
    }

    /// Whether both ask for the same: by the same classes, which mean the same.
    pub fn asks_for_requests_as(&self, other: &Self) -> bool {
        let asked =
            |one: &Class| (one.id.clone(), one.matches.clone(), one.made_by_request, one.rights_by_request);
        let (these, those) = (self.classes.iter().map(asked), other.classes.iter().map(asked));
        these.eq(those)
    }
}

#[cfg(test)]
mod tests {
    use super::Programme;

    #[test]
    fn two_programmes_ask_for_the_same_where_their_classes_mean_and_ask_the_same() {
        let of = |rest: &str| {
            Programme::parse(&format!("version = 1\n[[class]]\nid = \"a\"\nmatch = [\"name:a\"]\n{rest}"))
                .unwrap()
        };
        let (free, asks) = (of(""), of("made_by_request = true\n"));
        assert!(!free.asks_for_requests() && asks.asks_for_requests());
        assert!(asks.asks_for_requests_as(&of("made_by_request = true\nlifetime_days_max = 3\n")));
        assert!(!asks.asks_for_requests_as(&free));
        let rights = of("rights_by_request = true\n");
        assert!(rights.asks_for_requests() && !rights.asks_for_requests_as(&asks));
        let other = Programme::parse(
            "version = 1\n[[class]]\nid = \"a\"\nmatch = [\"name:b\"]\nmade_by_request = true\n",
        );
        assert!(!asks.asks_for_requests_as(&other.unwrap()));
    }
}
