//! Tickets: what another system says about an identity, which is a claim and nothing more.
//!
//! A closed ticket says that somebody believes an identity ended (P0). What became of it is observed, never taken from the
//! ticket. Next: `identity.rs`, what it is about.

use crate::noun;

noun! {
    /// What a ticket says of itself.
    pub enum TicketState as "ticket state" {
        /// Somebody works on it, or nobody does yet.
        Open = "open",
        /// It says that what it asked for is done.
        Closed = "closed",
        /// It was closed without anything being done: declined, a duplicate.
        Dropped = "dropped",
    }
}

noun! {
    /// What is known of what a ticket says.
    pub enum TicketOutcome as "ticket outcome" {
        /// It says nothing yet.
        Open = "open",
        /// Nothing was done, it says.
        Dropped = "dropped",
        /// What it names is no identity that is known here, or several.
        Unmatched = "unmatched",
        /// Its source was not read whole since it was closed.
        Unread = "unread",
        /// It was closed, and what it names was seen since.
        Alive = "alive",
        /// What it names ended, and something else of that name was made since.
        MadeAgain = "made_again",
        /// It was closed, and what it names was not there any more when its source was read whole since.
        Absent = "absent",
        /// It ended here, and less well known than required.
        Unproven = "unproven",
        /// It ended here, and is proved dead.
        Proved = "proved",
    }
}
