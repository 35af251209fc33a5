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
