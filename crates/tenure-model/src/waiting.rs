//! What waits for a person: the closed set of kinds, each with its stable name.
//!
//! A kind says what the person is to do. It must never say whose something is: that is asked of whatever decides it. Next:
//! `tenure-govern/src/inbox.rs`, the order.

use crate::noun;

noun! {
    /// What kind of thing waits for somebody.
    pub enum WaitingKind as "kind of what waits" {
        /// A plan, or the step of it that is theirs, is to be decided.
        Plan = "plan",
        /// A step of a request is to be decided.
        Request = "request",
        /// An exception somebody asks for is to be decided.
        Exception = "exception",
        /// An identity of a review is to be looked at.
        ReviewItem = "review_item",
        /// Somebody says that an identity is theirs.
        PassedOn = "passed_on",
        /// Somebody offers them that they answer for an identity.
        Handoff = "handoff",
        /// Somebody offers them to decide in their place.
        Delegation = "delegation",
        /// An identity of theirs is to be confirmed, or is not needed any more.
        Confirmation = "confirmation",
        /// An identity of theirs is due or lapsed: something of it is to be mended.
        Identity = "identity",
        /// That messages reach them is to be said, for the programme names them.
        Acknowledgement = "acknowledgement",
        /// A survey is held until somebody says whether it is believed.
        Survey = "survey",
        /// Tenure proposed a plan, they are the contact, and others decide it.
        Proposal = "proposal",
    }
}
