//! report, for somebody who waits for a page. Next: `soon.rs`, what waiting means; `report.rs`.

use super::{
    report::{Report, gather},
    soon::{Soon, SoonKept},
};
use crate::{Engine, EngineFailure};
use std::{sync::Arc, time::Duration};
use tenure_model::Instant;
use tenure_store::Tx;

/// Sheets that were made lately or are being made, by since when they count changes.
pub(crate) type ReportsKept = SoonKept<Option<Instant>, Report>;
/// What somebody who waited for a sheet has.
pub type ReportSoon = Soon<Report>;

impl Engine {
    /// The report now, if it is made within `wait`. Making it goes on afterwards, once however many ask.
    pub async fn report_within(
        &self,
        since: Option<Instant>,
        wait: Duration,
    ) -> Result<ReportSoon, EngineFailure> {
        let make = || {
            let (store, reports) = (self.store.clone(), Arc::clone(&self.reports));
            let (now, log_keys) = (self.clock.now(), self.log_keys());
            let percent = i64::from(self.in_force().programme.exceptions.flagged_percent);
            async move {
                let turn = reports.turn().await;
                // The turn is over when the reader is free, not when nobody waits any more.
                let gather = move |tx: &mut Tx<'_>| {
                    let _turn = &turn;
                    gather(tx, now, since, (percent, log_keys.clone()))
                };
                Ok(store.read("report", gather).await?)
            }
        };
        self.reports.within(since, wait, make).await
    }
}
