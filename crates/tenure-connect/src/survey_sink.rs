//! Where a connector puts what it sees: page by page, extent by extent.
//!
//! Every extent is ended exactly once: as whole, as part with the reason, or by being recognised as it
//! was (`offer`). An extent that is never ended counts as not read. Only whole extents may make something
//! disappear. A connector that offers no digest uses `page` and `end` alone; nothing is lost by that but time.
//! Next: `content_digest.rs`.

use crate::{ContentDigest, Recognition};
use async_trait::async_trait;
use std::collections::BTreeMap;
use tenure_model::{Completeness, Extent, Observation, PrincipalKey};

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

    /// Principals of this source that are believed present and whose key begins so, each with the fingerprint of its
    /// credential (of the first by key, if there are several). For a connector whose systems give no lasting key of
    /// their own: it keeps the keys it gave before. Ask before the first page. Empty where nothing is recorded.
    async fn known(&mut self, key_start: &str) -> Result<BTreeMap<PrincipalKey, Option<String>>, SinkClosed> {
        let _ = key_start;
        Ok(BTreeMap::new())
    }

    /// Says that what is in this extent comes and goes by nature, as what running processes hold does: however much of
    /// it is missing at once is believed, where the extent was read whole. Say it in every survey, before the extent
    /// ends. Never of an extent whose things a person made.
    async fn ephemeral(&mut self, extent: &Extent) -> Result<(), SinkClosed> {
        let _ = extent;
        Ok(())
    }

    /// Whether a digest of this extent is recorded and still believed, so that one that is computed before
    /// any page is sent could spare the pages. False when nothing is known: then read once, and
    /// give the digest to `end_as`. A receiver that records nothing says so by this default.
    async fn recalls(&mut self, extent: &Extent) -> Result<bool, SinkClosed> {
        let _ = extent;
        Ok(false)
    }

    /// Offers the digest of an extent of which nothing was sent yet. `Unchanged` ends the extent.
    async fn offer(&mut self, extent: &Extent, digest: &ContentDigest) -> Result<Recognition, SinkClosed> {
        let (_, _) = (extent, digest);
        Ok(Recognition::Unknown)
    }

    /// Ends an extent as whole, and gives the digest of the very content its pages were made from; the
    /// receiver may record it, and recognise the content next time.
    async fn end_as(&mut self, extent: &Extent, digest: ContentDigest) -> Result<(), SinkClosed> {
        drop(digest);
        self.end(extent, Completeness::Whole).await
    }
}
