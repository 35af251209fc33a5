//! report, for somebody who waits for a page: the sheet if it is made soon, else the one before, or that it is being made.
//!
//! Of a million identities it takes many seconds to count everything. It is counted once however many ask meanwhile,
//! and what was made last is kept, in memory and bounded. One report is made at a time, whoever asks, so that the store
//! always has a reader for everybody else. It must never show a sheet as newer than it is: each says when it was made.
//! Next: `report.rs`.

use super::report::{Report, gather};
use crate::{Engine, EngineFailure};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tenure_model::Instant;
use tenure_store::Tx;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    task::AbortHandle,
};

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
pub(crate) struct ReportsKept {
    kept: Mutex<VecDeque<Kept>>,
    one_at_a_time: Arc<Semaphore>,
}

impl Default for ReportsKept {
    fn default() -> Self {
        Self { kept: Mutex::default(), one_at_a_time: Arc::new(Semaphore::new(1)) }
    }
}

struct Kept {
    since: Option<Instant>,
    last: Option<Arc<Report>>,
    /// Of the sheet that is being made: filled in when it is, closed when that failed.
    under_way: Option<watch::Receiver<Option<Arc<Report>>>>,
    task: Option<AbortHandle>,
}

impl Drop for Kept {
    /// What nobody remembers is not made any more.
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

impl ReportsKept {
    /// Waits for its turn; the turn lasts until what is returned is dropped.
    pub(super) async fn turn(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.one_at_a_time).acquire_owned().await.ok()
    }

    fn with<T>(&self, since: Option<Instant>, run: impl FnOnce(&mut Kept) -> T) -> T {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let at = kept.iter().position(|one| one.since == since);
        let none = || Kept { since, last: None, under_way: None, task: None };
        let mut one = at.and_then(|at| kept.remove(at)).unwrap_or_else(none);
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
        // Making it failed, and whoever asks is told why; or so many others were asked for that it was given up.
        match tokio::time::timeout(wait, self.report(since)).await {
            Ok(report) => Ok(ReportSoon::Made(Arc::new(report?))),
            Err(_) => Ok(ReportSoon::UnderWay(None)),
        }
    }

    /// The sheet that is being made, begun now unless it was before.
    fn making(&self, since: Option<Instant>) -> watch::Receiver<Option<Arc<Report>>> {
        self.reports.with(since, |kept| {
            // One that is made is of the past; one that is being made is of now.
            let open = kept
                .under_way
                .take()
                .filter(|making| making.borrow().is_none() && making.has_changed().is_ok());
            let making = open.unwrap_or_else(|| {
                let (making, task) = self.begin_report(since);
                kept.task = Some(task);
                making
            });
            kept.under_way = Some(making.clone());
            making
        })
    }

    fn begin_report(&self, since: Option<Instant>) -> (watch::Receiver<Option<Arc<Report>>>, AbortHandle) {
        let (made, making) = watch::channel(None);
        let (store, reports) = (self.store.clone(), Arc::clone(&self.reports));
        let (now, log_keys) = (self.clock.now(), self.log_keys());
        let percent = i64::from(self.in_force().programme.exceptions.flagged_percent);
        let task = tokio::spawn(async move {
            let turn = reports.turn().await;
            // The turn is over when the reader is free, not when nobody waits any more.
            let gather = move |tx: &mut Tx<'_>| {
                let _turn = &turn;
                gather(tx, now, since, (percent, log_keys.clone()))
            };
            match store.read("report", gather).await {
                Ok(report) => {
                    let report = Arc::new(report);
                    reports.with(since, |kept| kept.last = Some(Arc::clone(&report)));
                    // Nobody may be waiting any more.
                    let _ = made.send(Some(report));
                }
                Err(error) => tracing::warn!(%error, "a report could not be made"),
            }
        });
        (making, task.abort_handle())
    }
}

#[cfg(test)]
mod tests {
    use super::{KEPT_MAX, ReportsKept};
    use std::time::Duration;
    use tenure_model::Instant;

    #[tokio::test]
    async fn one_turn_is_given_at_a_time() {
        let reports = ReportsKept::default();
        let turn = reports.turn().await;
        assert!(turn.is_some());
        assert!(tokio::time::timeout(Duration::ZERO, reports.turn()).await.is_err());
        drop(turn);
        assert!(tokio::time::timeout(Duration::ZERO, reports.turn()).await.is_ok());
    }

    #[tokio::test]
    async fn what_is_not_remembered_any_more_is_not_made_any_more() {
        let reports = ReportsKept::default();
        let of = |number: usize| Some(Instant::from_micros(i64::try_from(number).unwrap()));
        let tasks: Vec<_> = (0..=KEPT_MAX).map(|_| tokio::spawn(std::future::pending::<()>())).collect();
        for (number, task) in tasks.iter().enumerate() {
            reports.with(of(number), |kept| kept.task = Some(task.abort_handle()));
        }
        let mut tasks = tasks.into_iter();
        assert!(tasks.next().unwrap().await.unwrap_err().is_cancelled());
        assert!(tasks.all(|task| !task.is_finished()));
    }
}
