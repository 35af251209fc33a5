//! Messages: what a person is told about what waits for them.
//!
//! A message decides nothing. Next: `clock.rs`, what waits.

use crate::noun;

noun! {
    /// Why somebody is told.
    pub enum MessageKind as "kind of message" {
        /// What is new for them since they were last told.
        Digest = "digest",
        /// What does not wait for that.
        Urgent = "urgent",
        /// Somebody wants to know whether messages reach them.
        Test = "test",
    }
}

noun! {
    /// By which way somebody is told.
    pub enum MessageWay as "way of a message" {
        /// By mail, to an address of their own.
        Mail = "mail",
        /// In a chat that `tenure.toml` names, which others read too.
        Chat = "chat",
    }
}
