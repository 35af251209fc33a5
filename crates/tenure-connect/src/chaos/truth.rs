//! The oracle: what is really accepted, and what really lives.
//!
//! Only tests may ask. "Falsely proved" means: somebody claims a level that `truth` denies.

use tenure_model::{Derived, PrincipalKey};

/// A point that accepts a value of a principal now.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Accepting {
    /// The point.
    pub point: String,
    /// Which value: 0 is the one the principal came with, 1 the first replacement.
    pub era: usize,
}

/// What is true of one principal now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Truth {
    /// Its key.
    pub key: PrincipalKey,
    /// Its name, the last one when it is gone.
    pub name: String,
    /// Whether the control plane has it.
    pub present: bool,
    /// Whether the control plane lets it authenticate.
    pub can_login: bool,
    /// The era of the value the control plane holds.
    pub era: Option<usize>,
    /// Where which of its values is really accepted, sorted.
    pub accepting: Vec<Accepting>,
    /// What really lives that came from it, at every point, reachable or not.
    pub derived: Vec<Derived>,
}

impl Truth {
    /// Whether any of its values is accepted anywhere.
    pub const fn is_accepted(&self) -> bool {
        !self.accepting.is_empty()
    }

    /// Whether anything of it lives: a value that is accepted or something derived.
    pub const fn lives(&self) -> bool {
        self.is_accepted() || !self.derived.is_empty()
    }

    /// Whether the value of `era` is accepted at `point`.
    pub fn accepts_at(&self, point: &str, era: usize) -> bool {
        self.accepting.iter().any(|accepting| accepting.point == point && accepting.era == era)
    }
}
