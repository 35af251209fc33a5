//! What takes seconds to count, for somebody who waits for a page: what is made soon, else what was made before, or that it
//! is being made.
//!
//! Of a million identities it takes many seconds to count everything. It is counted once however many ask meanwhile,
//! and what was made last is kept, in memory and bounded. One of a kind is made at a time, whoever asks, so that the store
//! always has a reader for everybody else. It must never show what was made as newer than it is: each says when it was made.
//! Next: `report_soon.rs`, `list_waiting.rs`, what is counted.

use crate::EngineFailure;
use std::{
    collections::VecDeque,
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    task::AbortHandle,
};

/// Things that are kept, each of another key, at most.
const KEPT_MAX: usize = 4;

/// What somebody who waited has.
#[derive(Debug)]
pub enum Soon<T> {
    /// It, as it is now.
    Made(Arc<T>),
    /// It is being made; the one made before, if any is kept.
    UnderWay(Option<Arc<T>>),
}

type Making<T> = watch::Receiver<Option<Arc<T>>>;

/// What was made lately or is being made, the newest last.
pub(crate) struct SoonKept<K, T> {
    kept: Mutex<VecDeque<Kept<K, T>>>,
    one_at_a_time: Arc<Semaphore>,
}

impl<K, T> Default for SoonKept<K, T> {
    fn default() -> Self {
        Self { kept: Mutex::default(), one_at_a_time: Arc::new(Semaphore::new(1)) }
    }
}

struct Kept<K, T> {
    key: K,
    last: Option<Arc<T>>,
    /// Of what is being made: filled in when it is, closed when that failed.
    under_way: Option<Making<T>>,
    task: Option<AbortHandle>,
}

impl<K, T> Drop for Kept<K, T> {
    /// What nobody remembers is not made any more.
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

impl<K: Copy + PartialEq + Send + 'static, T: Send + Sync + 'static> SoonKept<K, T> {
    /// Waits for its turn; the turn lasts until what is returned is dropped.
    pub(super) async fn turn(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.one_at_a_time).acquire_owned().await.ok()
    }

    /// What was made last, if it is kept.
    pub(super) fn last(&self, key: K) -> Option<Arc<T>> {
        self.with(key, |kept| kept.last.clone())
    }

    fn with<R>(&self, key: K, run: impl FnOnce(&mut Kept<K, T>) -> R) -> R {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let at = kept.iter().position(|one| one.key == key);
        let none = || Kept { key, last: None, under_way: None, task: None };
        let mut one = at.and_then(|at| kept.remove(at)).unwrap_or_else(none);
        let outcome = run(&mut one);
        kept.push_back(one);
        if kept.len() > KEPT_MAX {
            kept.pop_front();
        }
        outcome
    }

    /// It now, if it is made within `wait`. Making it goes on afterwards, once however many ask. `make` takes its turn itself,
    /// where a reader is busy with it.
    pub(super) async fn within<Make>(
        self: &Arc<Self>,
        key: K,
        wait: Duration,
        make: impl Fn() -> Make,
    ) -> Result<Soon<T>, EngineFailure>
    where
        Make: Future<Output = Result<T, EngineFailure>> + Send + 'static,
    {
        let mut making = self.making(key, &make);
        let made = tokio::time::timeout(wait, making.wait_for(Option::is_some)).await;
        // What is awaited is borrowed from the channel, and may not be held any longer.
        let made = made.map(|outcome| outcome.ok().and_then(|one| (*one).clone()));
        match made {
            Ok(Some(one)) => return Ok(Soon::Made(one)),
            Ok(None) => {}
            Err(_) => return Ok(Soon::UnderWay(self.last(key))),
        }
        // Making it failed, and whoever asks is told why; or so many others were asked for that it was given up.
        match tokio::time::timeout(wait, make()).await {
            Ok(one) => Ok(Soon::Made(Arc::new(one?))),
            Err(_) => Ok(Soon::UnderWay(None)),
        }
    }

    /// What is being made, begun now unless it was before.
    fn making<Make>(self: &Arc<Self>, key: K, make: &impl Fn() -> Make) -> Making<T>
    where
        Make: Future<Output = Result<T, EngineFailure>> + Send + 'static,
    {
        self.with(key, |kept| {
            // One that is made is of the past; one that is being made is of now.
            let open = kept
                .under_way
                .take()
                .filter(|making| making.borrow().is_none() && making.has_changed().is_ok());
            let making = open.unwrap_or_else(|| {
                let (making, task) = self.begin(key, make());
                kept.task = Some(task);
                making
            });
            kept.under_way = Some(making.clone());
            making
        })
    }

    fn begin(
        self: &Arc<Self>,
        key: K,
        make: impl Future<Output = Result<T, EngineFailure>> + Send + 'static,
    ) -> (Making<T>, AbortHandle) {
        let (made, making) = watch::channel(None);
        let all = Arc::clone(self);
        let task = tokio::spawn(async move {
            match make.await {
                Ok(one) => {
                    let one = Arc::new(one);
                    all.with(key, |kept| kept.last = Some(Arc::clone(&one)));
                    // Nobody may be waiting any more.
                    let _ = made.send(Some(one));
                }
                Err(error) => tracing::warn!(%error, "what somebody waits for could not be made"),
            }
        });
        (making, task.abort_handle())
    }
}

#[cfg(test)]
mod tests {
    use super::{KEPT_MAX, SoonKept};
    use std::time::Duration;

    #[tokio::test]
    async fn one_turn_is_given_at_a_time() {
        let kept: SoonKept<usize, ()> = SoonKept::default();
        let turn = kept.turn().await;
        assert!(turn.is_some());
        assert!(tokio::time::timeout(Duration::ZERO, kept.turn()).await.is_err());
        drop(turn);
        assert!(tokio::time::timeout(Duration::ZERO, kept.turn()).await.is_ok());
    }

    #[tokio::test]
    async fn what_is_not_remembered_any_more_is_not_made_any_more() {
        let kept: SoonKept<usize, ()> = SoonKept::default();
        let tasks: Vec<_> = (0..=KEPT_MAX).map(|_| tokio::spawn(std::future::pending::<()>())).collect();
        for (number, task) in tasks.iter().enumerate() {
            kept.with(number, |kept| kept.task = Some(task.abort_handle()));
        }
        let mut tasks = tasks.into_iter();
        assert!(tasks.next().unwrap().await.unwrap_err().is_cancelled());
        assert!(tasks.all(|task| !task.is_finished()));
    }
}
