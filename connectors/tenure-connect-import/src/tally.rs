//! What a reading came to: counts, and the reasons for what was left out.
//!
//! Bounded whatever the file holds: a reason is told once with its first line and a count. Must never hold a
//! value of a file. Next: `read.rs`, which fills it.

use crate::{
    limits::{COUNTED_MAX, REASONS_MAX, TOLD_CHARS_MAX},
    trouble::Trouble,
};
use serde::Serialize;
use std::collections::BTreeMap;
use tenure_model::{Completeness, Observation, printable};

/// Where further names are counted once there are too many.
const OTHERS: &str = "(others)";
/// What would mend a record that was left out.
const REMEDY: &str =
    "mend the file or the mapping (tenure import preview shows what is not understood), then survey again";

/// One reason for which records were left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// In words.
    pub why: String,
    /// The first line it was met at.
    pub first_line: u64,
    /// How often.
    pub count: u64,
}

/// What a reading came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Records read, understood or not.
    pub(crate) records: u64,
    /// Principals.
    pub(crate) principals: u64,
    /// Credentials.
    pub(crate) credentials: u64,
    /// Rights.
    pub(crate) rights: u64,
    /// Last uses.
    pub(crate) uses: u64,
    /// Records that were left out, and other things that keep the reading from being whole.
    pub(crate) left_out: u64,
    /// Cells that look like secrets and were dropped, by column.
    pub(crate) dropped: BTreeMap<String, u64>,
    /// Records that hold no identity, by their kind; they were passed over.
    pub(crate) passed_over: BTreeMap<String, u64>,
    troubles: BTreeMap<Trouble, (u64, u64)>,
}

impl Tally {
    pub(crate) fn trouble(&mut self, line: u64, trouble: Trouble) {
        self.left_out += 1;
        // A message without its column is the same reason; a file may have thousands of columns.
        if self.troubles.len() >= COUNTED_MAX && !self.troubles.contains_key(&trouble) {
            return;
        }
        self.troubles.entry(trouble).or_insert((line, 0)).1 += 1;
    }

    pub(crate) fn drop_secret(&mut self, column: &str) {
        count(&mut self.dropped, column);
    }

    pub(crate) fn pass_over(&mut self, kind: &str) {
        count(&mut self.passed_over, kind);
    }

    pub(crate) fn seen(&mut self, observation: &Observation) {
        match observation {
            Observation::Principal(_) => self.principals += 1,
            Observation::Credential(_) => self.credentials += 1,
            Observation::Grant(_) => self.rights += 1,
            Observation::Use(_) => self.uses += 1,
            Observation::Sighting(_) => {}
        }
    }

    /// Every reason, in the order of lines.
    pub(crate) fn reasons(&self) -> Vec<Reason> {
        let mut reasons: Vec<Reason> = self
            .troubles
            .iter()
            .map(|(trouble, (line, count))| Reason {
                why: trouble.to_string(),
                first_line: *line,
                count: *count,
            })
            .collect();
        reasons.sort_by_key(|reason| reason.first_line);
        reasons
    }

    /// Whether everything was understood, and if not, why.
    pub(crate) fn completeness(&self) -> Completeness {
        if self.left_out == 0 {
            return Completeness::Whole;
        }
        let reasons = self.reasons();
        let mut told: Vec<String> = reasons
            .iter()
            .take(REASONS_MAX)
            .map(|reason| match reason.count {
                1 => format!("line {}: {}", reason.first_line, reason.why),
                more => format!("line {} and {} more: {}", reason.first_line, more - 1, reason.why),
            })
            .collect();
        if reasons.len() > REASONS_MAX {
            told.push(format!("and {} further reasons", reasons.len() - REASONS_MAX));
        }
        let why = printable(&told.join("; "), TOLD_CHARS_MAX);
        Completeness::Part { why, remedy: REMEDY.to_owned() }
    }
}

fn count(counts: &mut BTreeMap<String, u64>, name: &str) {
    let name = printable(name, 60);
    let known = counts.contains_key(&name) || counts.len() < COUNTED_MAX;
    *counts.entry(if known { name } else { OTHERS.to_owned() }).or_insert(0) += 1;
}

#[cfg(test)]
mod tests {
    use super::Tally;
    use crate::trouble::Trouble;
    use tenure_model::Completeness;

    #[test]
    fn reasons_are_told_once_with_their_first_line() {
        let mut tally = Tally::default();
        assert_eq!(tally.completeness(), Completeness::Whole);
        for line in [9, 12, 17] {
            tally.trouble(line, Trouble::NotUtf8);
        }
        tally.trouble(4, Trouble::Empty { column: "id".to_owned() });
        let Completeness::Part { why, .. } = tally.completeness() else { panic!("it is part") };
        assert_eq!(why, "line 4: column `id` is empty; line 9 and 2 more: it is not UTF-8");
    }

    #[test]
    fn a_file_cannot_make_the_counts_grow_without_end() {
        let mut tally = Tally::default();
        for number in 0..10_000 {
            tally.pass_over(&format!("kind {number}"));
            tally.drop_secret(&format!("password {number}"));
            tally.trouble(number, Trouble::Empty { column: format!("column {number}") });
        }
        assert!(tally.passed_over.len() <= 51 && tally.dropped.len() <= 51 && tally.reasons().len() <= 50);
        assert_eq!(tally.left_out, 10_000);
        assert_eq!(tally.passed_over.values().sum::<u64>(), 10_000);
    }
}
