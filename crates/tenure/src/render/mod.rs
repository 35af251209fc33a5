//! What people read: tables, plans, identities, evidence. Text in, lines out.
//!
//! This room must never ask the server, read a clock or decide anything; everything it shows
//! came from an answer of the API. Text from outside goes through `tenure_model::printable`.
//! Begin with `table.rs`, then `plan.rs`.

pub(crate) mod evidence;
pub(crate) mod fold;
pub(crate) mod found;
pub(crate) mod identity;
pub(crate) mod paint;
pub(crate) mod plan;
pub(crate) mod table;
pub(crate) mod width;
pub(crate) mod words;

use paint::Paint;

/// What lines are made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Frame {
    /// Whether to paint.
    pub(crate) paint: Paint,
    /// Columns of the terminal; `None` when output goes elsewhere.
    pub(crate) columns: Option<usize>,
}

/// Columns of prose where there is no terminal.
const PROSE_COLUMNS: usize = 100;

impl Frame {
    /// Columns for prose, of which `indent` are taken already.
    pub(crate) fn prose(self, indent: usize) -> usize {
        self.columns.unwrap_or(PROSE_COLUMNS).saturating_sub(indent)
    }
}
