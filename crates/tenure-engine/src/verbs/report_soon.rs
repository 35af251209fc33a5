//! report, for somebody who waits for a page: the sheet if it is made soon, else the one before, or that it is being made.
//!
//! Of a million identities it takes many seconds to count everything. It is counted once however many ask meanwhile,
//! and what was made last is kept, in memory and bounded. It must never show a sheet as newer than it is: each says
//! when it was made. Next: `report.rs`.

use super::report::{Report, gather};
use crate::{Engine, EngineFailure};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tenure_model::Instant;
use tokio::sync::watch;

/// Sheets that are kept, each of another `since`, at most.
const KEPT_MAX: usize = 4;

/// What somebody who waited has.
#[derive(Debug)]
pub enum ReportSoon {
    /// The sheet as it is now.
    Made(Arc<Report>),
    /// It is being made; the one made before, if any is kept.
    UnderWay(Option<Arc<Report>>),
}

/// Sheets that were made lately or are being made, the newest last.
#[derive(Default)]
pub(crate) struct ReportsKept(Mutex<VecDeque<Kept>>);

struct Kept {
    since: Option<Instant>,
    last: Option<Arc<Report>>,
    /// Of the sheet that is being made: filled in when it is, closed when that failed.
    under_way: Option<watch::Receiver<Option<Arc<Report>>>>,
}

impl ReportsKept {
    fn with<T>(&self, since: Option<Instant>, run: impl FnOnce(&mut Kept) -> T) -> T {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = kept.iter().position(|one| one.since == since);
        let mut one =
            at.and_then(|at| kept.remove(at)).unwrap_or(Kept { since, last: None, under_way: None });
        let outcome = run(&mut one);
        kept.push_back(one);
        if kept.len() > KEPT_MAX {
            kept.pop_front();
        }
        outcome
    }
}

impl Engine {
    /// The report now, if it is made within `wait`. Making it goes on afterwards, once however many ask.
    pub async fn report_within(
        &self,
        since: Option<Instant>,
        wait: Duration,
    ) -> Result<ReportSoon, EngineFailure> {
        let mut making = self.making(since);
        let made = tokio::time::timeout(wait, making.wait_for(Option::is_some)).await;
        // What is awaited is borrowed from the channel, and may not be held any longer.
        let made = made.map(|outcome| outcome.ok().and_then(|report| (*report).clone()));
        match made {
            Ok(Some(report)) => return Ok(ReportSoon::Made(report)),
            Ok(None) => {}
            Err(_) => return Ok(ReportSoon::UnderWay(self.reports.with(since, |kept| kept.last.clone()))),
        }
        // Making it failed: whoever asks is told why.
        Ok(ReportSoon::Made(Arc::new(self.report(since).await?)))
    }

    /// The sheet that is being made, begun now unless it was before.
    fn making(&self, since: Option<Instant>) -> watch::Receiver<Option<Arc<Report>>> {
        self.reports.with(since, |kept| {
            // One that is made is of the past; one that is being made is of now.
            let open = kept
                .under_way
                .take()
                .filter(|making| making.borrow().is_none() && making.has_changed().is_ok());
            let making = open.unwrap_or_else(|| self.begin_report(since));
            kept.under_way = Some(making.clone());
            making
        })
    }

    fn begin_report(&self, since: Option<Instant>) -> watch::Receiver<Option<Arc<Report>>> {
        let (made, making) = watch::channel(None);
        let (store, reports) = (self.store.clone(), Arc::clone(&self.reports));
        let (now, log_keys) = (self.clock.now(), self.log_keys());
        tokio::spawn(async move {
            let gathered = store.read("report", move |tx| gather(tx, now, since, log_keys.clone())).await;
            match gathered {
                Ok(report) => {
                    let report = Arc::new(report);
                    reports.with(since, |kept| kept.last = Some(Arc::clone(&report)));
                    // Nobody may be waiting any more.
                    let _ = made.send(Some(report));
                }
                Err(error) => tracing::warn!(%error, "a report could not be made"),
            }
        });
        making
    }
}
