//! Names that were given out, each once: the second of its kind has a number behind it.
//!
//! Whoever fills a file chooses what is wanted here, a hundred thousand times the same if they like. So the number that
//! comes next is kept for each text that was wanted, and never searched for from the beginning.

use std::collections::{BTreeMap, BTreeSet};

/// What was given out.
#[derive(Debug, Default)]
pub(super) struct Given {
    taken: BTreeSet<String>,
    /// The number that is tried next for a text that was wanted before.
    next: BTreeMap<String, u64>,
    /// Texts that were tried.
    #[cfg(test)]
    tried: u64,
}

impl Given {
    /// Gives out a text as it is.
    pub(super) fn insert(&mut self, text: String) {
        self.taken.insert(text);
    }

    /// The wanted text, or with a number behind it when it was given out before.
    pub(super) fn unique(&mut self, wanted: &str) -> String {
        let mut name = wanted.to_owned();
        while !self.is_new(&name) {
            let next = self.next.entry(wanted.to_owned()).or_insert(2);
            name = format!("{wanted}#{next}");
            *next += 1;
        }
        name
    }

    fn is_new(&mut self, name: &str) -> bool {
        #[cfg(test)]
        {
            self.tried += 1;
        }
        self.taken.insert(name.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::Given;

    #[test]
    fn the_second_of_its_kind_is_numbered_past_what_was_given_out() {
        let mut given = Given::default();
        given.insert(String::from("root"));
        let asked = ["root", "a", "a#2", "a", "a", "a#2", "root"].map(|wanted| given.unique(wanted));
        assert_eq!(asked, ["root#2", "a", "a#2", "a#3", "a#4", "a#2#2", "root#3"]);
    }

    #[test]
    fn the_same_wanted_many_times_costs_two_tries_each() {
        let mut given = Given::default();
        for _ in 0..40_000 {
            given.unique("A_TOKEN");
        }
        assert!(given.tried <= 80_000, "{}", given.tried);
        assert_eq!(given.unique("A_TOKEN"), "A_TOKEN#40001");
    }
}
