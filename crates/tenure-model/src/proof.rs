//! Words of proof: what a probe answered, and how well a death is known.
//!
//! The level is computed in `tenure-govern` from these answers, never asserted.

use crate::{PlanKind, noun};
use serde::{Deserialize, Serialize};

noun! {
    /// How well the death of a credential is known.
    pub enum ProofLevel as "proof level" {
        /// Somebody said so.
        P0 = "P0",
        /// The system's API accepted the change.
        P1 = "P1",
        /// A fresh read of the control plane shows it absent or disabled.
        P2 = "P2",
        /// Authentication is refused at every known enforcement point, past the lag.
        P3 = "P3",
        /// Everything derived from it is dead too.
        P4 = "P4",
        /// A quiet period with coverage: no success since.
        P5 = "P5",
    }
}

impl ProofLevel {
    /// What this level means for a plan of this kind: of a file it is known how well who can read it is known.
    pub const fn meaning_for(self, kind: PlanKind) -> &'static str {
        match (kind, self) {
            (PlanKind::Tighten, Self::P2) => "a fresh read of mode and access list shows it closed to others",
            (PlanKind::Tighten, Self::P3) => {
                "an account that could read it is refused, past the propagation lag"
            }
            (PlanKind::Tighten | PlanKind::Disable | PlanKind::Revoke | PlanKind::Enable, _) => {
                self.meaning()
            }
        }
    }

    /// What this level means, for a reader who has not seen the scale.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::P0 => "somebody said so",
            Self::P1 => "the system accepted the change",
            Self::P2 => "a fresh read shows it absent or disabled",
            Self::P3 => "authentication is refused at every known point, past the propagation lag",
            Self::P4 => "refused at every known point, and everything known to be derived from it is dead",
            Self::P5 => "quiet since, with coverage",
        }
    }
}

/// What one enforcement point answered to one attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum ProbeAnswer {
    /// The credential was turned away.
    Refused {
        /// The system's own code or words, without the credential.
        how: String,
    },
    /// The credential was let in.
    Accepted,
    /// The point could not be reached.
    Unreachable {
        /// What happened.
        why: String,
    },
    /// The point answers, but the answer would prove nothing.
    CannotKnow {
        /// Why not.
        why: String,
    },
}

/// What a fresh read of the control plane shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "read", rename_all = "snake_case")]
pub enum ControlPlane {
    /// It is not there.
    Absent,
    /// It is there and may not authenticate.
    Disabled,
    /// It is there and may authenticate.
    Enabled,
    /// It could not be read.
    Unread {
        /// What happened.
        why: String,
    },
}

/// Something alive that came from a credential: a session, a prepared transaction, a minted copy.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Derived {
    /// Where it lives.
    pub point: String,
    /// What it is: `session`, `prepared transaction`, `replication slot`, `membership`.
    pub kind: String,
    /// Which one, in the system's words.
    pub name: String,
}
