//! Filling pages, and walking through rows without holding them all.
//!
//! Never more than one page and one portion of rows in memory per extent, beside what `held_back.rs` holds.

use crate::source::unread;
use tenure_connect::{ContentDigest, OutsideFailure, PAGE_MAX, SinkClosed, SurveySink};
use tenure_model::{Completeness, Extent, Observation};
use tokio_postgres::{Portal, Row, Transaction, types::ToSql};

/// Rows fetched at a time.
const PORTION_ROWS: i32 = 1_000;

/// Why a reading stopped.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Stopped {
    /// The receiver is gone: no failure, but nothing more to do.
    #[error("the survey was stopped by its receiver")]
    Closed,
    /// The system failed us.
    #[error("the system failed")]
    Outside(#[source] OutsideFailure),
}

impl From<SinkClosed> for Stopped {
    fn from(_: SinkClosed) -> Self {
        Self::Closed
    }
}

impl From<OutsideFailure> for Stopped {
    fn from(failure: OutsideFailure) -> Self {
        Self::Outside(failure)
    }
}

/// Collects observations of one extent into pages.
pub(crate) struct Pages<'sink> {
    sink: &'sink mut dyn SurveySink,
    extent: Extent,
    page: Vec<Observation>,
}

impl<'sink> Pages<'sink> {
    pub(crate) fn new(sink: &'sink mut dyn SurveySink, extent: Extent) -> Self {
        Self { sink, extent, page: Vec::new() }
    }

    /// Adds one observation; a full page is handed over.
    pub(crate) async fn push(&mut self, observation: Observation) -> Result<(), Stopped> {
        if self.page.capacity() == 0 {
            self.page.reserve_exact(PAGE_MAX);
        }
        self.page.push(observation);
        if self.page.len() == PAGE_MAX {
            self.flush().await?;
        }
        Ok(())
    }

    async fn flush(&mut self) -> Result<(), Stopped> {
        if !self.page.is_empty() {
            let page = std::mem::take(&mut self.page);
            self.sink.page(&self.extent, page).await?;
        }
        Ok(())
    }

    /// Hands over what is left and ends the extent as read to its end.
    pub(crate) async fn end_whole(mut self) -> Result<(), Stopped> {
        self.flush().await?;
        Ok(self.sink.end(&self.extent, Completeness::Whole).await?)
    }

    /// Hands over what is left and ends the extent as read to its end, with the digest of what was read.
    pub(crate) async fn end_as(mut self, digest: ContentDigest) -> Result<(), Stopped> {
        self.flush().await?;
        Ok(self.sink.end_as(&self.extent, digest).await?)
    }

    /// Hands over what is left and ends the extent as part.
    pub(crate) async fn end_part(mut self, why: &str, remedy: &str) -> Result<(), Stopped> {
        self.flush().await?;
        end_part(self.sink, &self.extent, why, remedy).await
    }
}

/// Ends an extent as part.
pub(crate) async fn end_part(
    sink: &mut dyn SurveySink,
    extent: &Extent,
    why: &str,
    remedy: &str,
) -> Result<(), Stopped> {
    let completeness = Completeness::Part { why: why.to_owned(), remedy: remedy.to_owned() };
    Ok(sink.end(extent, completeness).await?)
}

/// The rows of a statement, a portion at a time.
pub(crate) struct Portions<'open, 'session> {
    transaction: &'open Transaction<'session>,
    portal: Portal,
    over: bool,
}

impl<'open, 'session> Portions<'open, 'session> {
    /// Begins to read.
    pub(crate) async fn of(
        transaction: &'open Transaction<'session>,
        statement: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Self, Stopped> {
        let portal = transaction.bind(statement, parameters).await.map_err(|error| unread(&error))?;
        Ok(Self { transaction, portal, over: false })
    }

    /// The next portion; `None` when there are no more.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<Row>>, Stopped> {
        if self.over {
            return Ok(None);
        }
        let fetched = self.transaction.query_portal(&self.portal, PORTION_ROWS).await;
        let rows = fetched.map_err(|error| unread(&error))?;
        self.over = rows.len() < usize::try_from(PORTION_ROWS).unwrap_or(usize::MAX);
        Ok(Some(rows))
    }
}
