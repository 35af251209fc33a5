//! Extents of rights that belong together: those granted, and those that follow from them by memberships.
//!
//! What the receiver recorded is read once for its digests; only if one of them is another is it read
//! again, in the same snapshot, and made into observations. A digest that is given at an end is always
//! that of the rows the pages were made from. Never ends an extent twice: `ended` says which are. Next:
//! `grants.rs`, where rows become rights.

use super::{
    Reading,
    content::{RowSum, is_recognised},
    end_failed,
    grants::{self, Inherited},
    pages::Stopped,
    settle,
};
use crate::source::unread;
use std::collections::BTreeSet;
use tenure_connect::{ContentDigest, SurveySink};
use tenure_model::Extent;
use tokio_postgres::Transaction;

/// Extents that are decided together.
pub(super) struct Rights<'statement> {
    /// Each with the statement that reads it.
    pub(super) granted: Vec<(Extent, &'statement str)>,
    /// What follows from all of them.
    pub(super) inherited: Extent,
}

impl Rights<'_> {
    /// Reads them. `ended` gains the extents that are ended, also where this fails.
    pub(super) async fn read(
        &self,
        reading: &Reading<'_>,
        transaction: &mut Transaction<'_>,
        sink: &mut dyn SurveySink,
        ended: &mut BTreeSet<Extent>,
    ) -> Result<(), Stopped> {
        self.recognise(reading, transaction, sink, ended).await?;
        let all = self.granted.iter().map(|(extent, _)| extent).chain([&self.inherited]);
        if all.into_iter().all(|extent| ended.contains(extent)) {
            return Ok(());
        }
        let mut inherited = Inherited::new(reading.memberships.graph()?);
        let (mut sums, mut failed) = (Vec::new(), None);
        for (extent, statement) in &self.granted {
            let savepoint = transaction.transaction().await.map_err(|error| unread(&error))?;
            let is_known = ended.contains(extent);
            let read = if is_known {
                grants::follow(reading, &savepoint, statement, &mut inherited).await
            } else {
                grants::read(reading, &savepoint, (extent, statement), &mut inherited, sink).await
            };
            match settle(savepoint, read).await? {
                Ok(sum) => sums.push(sum),
                Err(failure) if is_known => failed = Some(failure),
                Err(failure) => {
                    end_failed(sink, extent, &failure).await?;
                    failed = Some(failure);
                }
            }
            ended.insert(extent.clone());
        }
        if ended.insert(self.inherited.clone()) {
            let digest = self.inherited_digest(reading, &sums);
            let complete = failed.map_or(Ok(digest), Err);
            inherited.emit(&self.inherited, complete, sink).await?;
        }
        Ok(())
    }

    /// Reads the rows for their digests and offers them, when digests of all of them are recorded: in one
    /// that is not, every row has to be sent, and reading once does.
    async fn recognise(
        &self,
        reading: &Reading<'_>,
        transaction: &mut Transaction<'_>,
        sink: &mut dyn SurveySink,
        ended: &mut BTreeSet<Extent>,
    ) -> Result<(), Stopped> {
        for (extent, _) in &self.granted {
            if !sink.recalls(extent).await? {
                return Ok(());
            }
        }
        let savepoint = transaction.transaction().await.map_err(|error| unread(&error))?;
        let read = self.sums(reading, &savepoint).await;
        // What cannot be read ends as part when it is read in earnest.
        let Ok(sums) = settle(savepoint, read).await? else { return Ok(()) };
        for ((extent, statement), sum) in self.granted.iter().zip(&sums) {
            if is_recognised(sink, extent, &grants::digest(reading, extent, statement, sum)).await? {
                ended.insert(extent.clone());
            }
        }
        if is_recognised(sink, &self.inherited, &self.inherited_digest(reading, &sums)).await? {
            ended.insert(self.inherited.clone());
        }
        Ok(())
    }

    async fn sums(
        &self,
        reading: &Reading<'_>,
        transaction: &Transaction<'_>,
    ) -> Result<Vec<RowSum>, Stopped> {
        let mut sums = Vec::new();
        for (_, statement) in &self.granted {
            sums.push(reading.digests.read(transaction, statement).await?);
        }
        Ok(sums)
    }

    /// The digest of what follows from rights with these sums.
    fn inherited_digest(&self, reading: &Reading<'_>, sums: &[RowSum]) -> ContentDigest {
        let mut content = reading.memberships.within(reading.digests.content(&self.inherited));
        for ((_, statement), sum) in self.granted.iter().zip(sums) {
            content = content.answer(statement, sum);
        }
        content.digest()
    }
}
