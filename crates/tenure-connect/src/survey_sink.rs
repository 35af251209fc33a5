//! Where a connector puts what it sees: page by page, extent by extent.
//!
//! Every extent is ended exactly once, as whole or as part with the reason; an extent that
//! is never ended counts as not read. Only whole extents may make something disappear.

use async_trait::async_trait;
use tenure_model::{Completeness, Extent, Observation};

/// Observations in one page, at most.
pub const PAGE_MAX: usize = 1_000;

/// The receiver is no longer there: stop reading and return.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the survey was stopped by its receiver")]
pub struct SinkClosed;

/// A fact that cannot be known here, said once per source and not once per identity.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct NotObservable {
    /// What cannot be known.
    pub what: String,
    /// Why not.
    pub why: String,
    /// What an operator can do about it.
    pub remedy: String,
}

/// Receives a survey.
#[async_trait]
pub trait SurveySink: Send {
    /// Takes one page of at most `PAGE_MAX` observations. Waits while the receiver is busy.
    async fn page(&mut self, extent: &Extent, page: Vec<Observation>) -> Result<(), SinkClosed>;
    /// Ends an extent.
    async fn end(&mut self, extent: &Extent, completeness: Completeness) -> Result<(), SinkClosed>;
    /// Notes something that cannot be known here.
    async fn not_observable(&mut self, note: NotObservable) -> Result<(), SinkClosed>;
}
