//! Handoffs: one who answers for an identity offers that to another, and answers for it until that other accepts.
//!
//! An offer moves nothing. It ends once: accepted, declined, taken back, or lapsed by itself. It must never be both accepted
//! and over otherwise. Next: `identity.rs`, the charter.

use crate::{Charter, PersonId, lifecycle::Lifecycle, noun};

noun! {
    /// Which share of the charter is meant.
    pub enum OwnerRole as "role of an owner" {
        /// Answers for its existence.
        Business = "business",
        /// Can change it.
        Technical = "technical",
    }
}

noun! {
    /// Where the work on an identity stands when it is handed on.
    pub enum HandoffStage as "stage of a handoff" {
        /// It is not in use yet.
        SettingUp = "setting_up",
        /// It is in use, and nothing of it is under way.
        InUse = "in_use",
        /// Credentials, rights or what uses it are being changed.
        Changing = "changing",
        /// It is being ended.
        Ending = "ending",
    }
}

noun! {
    /// How far a handoff is.
    pub enum HandoffState as "state of a handoff" {
        /// It waits for whom it was offered to; whoever answered for it still does.
        Offered = "offered",
        /// Whom it was offered to answers for it since.
        Accepted = "accepted",
        /// Whom it was offered to said no.
        Declined = "declined",
        /// It was taken back.
        Withdrawn = "withdrawn",
        /// Its time was over, or what it rested on.
        Lapsed = "lapsed",
    }
}

noun! {
    /// What can happen to a handoff.
    pub enum HandoffEvent as "event of a handoff" {
        /// Whom it was offered to says yes.
        Accept = "accept",
        /// Whom it was offered to says no.
        Decline = "decline",
        /// It is taken back.
        Withdraw = "withdraw",
        /// Its time is over, or what it rested on.
        Lapse = "lapse",
    }
}

impl Lifecycle for HandoffState {
    type Event = HandoffEvent;
    const STATES: &'static [Self] = Self::ALL;
    const EVENTS: &'static [HandoffEvent] = HandoffEvent::ALL;

    fn on(self, event: HandoffEvent) -> Option<Self> {
        match (self, event) {
            (Self::Offered, HandoffEvent::Accept) => Some(Self::Accepted),
            (Self::Offered, HandoffEvent::Decline) => Some(Self::Declined),
            (Self::Offered, HandoffEvent::Withdraw) => Some(Self::Withdrawn),
            (Self::Offered, HandoffEvent::Lapse) => Some(Self::Lapsed),
            (Self::Accepted | Self::Declined | Self::Withdrawn | Self::Lapsed, _) => None,
        }
    }
}

impl Charter {
    /// Who has this share of it; nobody, where it is nobody's.
    pub const fn owner(&self, role: OwnerRole) -> Option<PersonId> {
        match role {
            OwnerRole::Business => self.business_owner,
            OwnerRole::Technical => self.technical_owner,
        }
    }

    /// The same charter with this share somebody else's.
    #[must_use]
    pub fn owned_by(&self, role: OwnerRole, person: PersonId) -> Self {
        match role {
            OwnerRole::Business => Self { business_owner: Some(person), ..self.clone() },
            OwnerRole::Technical => Self { technical_owner: Some(person), ..self.clone() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::HandoffState;

    #[test]
    fn the_life_of_a_handoff() {
        insta::assert_snapshot!(crate::lifecycle::grid::<HandoffState>());
    }
}
