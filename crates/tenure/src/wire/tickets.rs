//! Tickets, as far as this program shows them.

use serde::Deserialize;
use tenure_model::{Instant, TicketOutcome};

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Ticket {
    pub(crate) system: String,
    pub(crate) key: String,
    pub(crate) title: String,
    pub(crate) closed: Option<Instant>,
    pub(crate) names: String,
    pub(crate) identity_name: Option<String>,
    pub(crate) unmatched: Option<String>,
    pub(crate) outcome: TicketOutcome,
}

/// What a file of tickets brings.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct TicketsForeseen {
    pub(crate) system: String,
    pub(crate) added: i64,
    pub(crate) changed: i64,
    pub(crate) same: i64,
    pub(crate) tickets: Vec<Ticket>,
}
