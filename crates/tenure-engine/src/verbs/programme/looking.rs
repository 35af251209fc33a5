//! Looking through the whole inventory for somebody who waits: once however many ask, and on when nobody does any more.
//!
//! What was looked at lately is kept in memory, a few of it; nothing is written. It must never answer what was made of
//! something else: whoever asks says what it is made of. Next: `foresee.rs`, `replay.rs`, what is looked for.

use crate::EngineFailure;
use std::{
    collections::VecDeque,
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tenure_model::Instant;
use tokio::{
    sync::{Semaphore, watch},
    task::AbortHandle,
};

/// Looks that are kept, at most, and how long what was made is of now.
const KEPT_MAX: usize = 4;
const FRESH: Duration = Duration::from_mins(5);

/// What somebody who asked has.
#[derive(Debug, Clone)]
pub enum Looked<T> {
    /// What was found.
    Made(Arc<T>),
    /// It is being looked at.
    UnderWay {
        /// So many identities were judged.
        judged: i64,
        /// Of about so many.
        of: i64,
    },
}

#[derive(Debug)]
enum State<T> {
    UnderWay { judged: i64, of: i64 },
    Made(Arc<T>),
    Failed(String),
}

/// Whoever looks says by it how far they are.
pub(super) struct Progress<T>(watch::Sender<State<T>>);

impl<T> Progress<T> {
    pub(super) fn say(&self, judged: i64, of: i64) {
        self.0.send_replace(State::UnderWay { judged, of });
    }
}

/// Looks that were made lately or are being made, the newest last. One goes on at a time, however many are begun: each reads
/// everything, and whoever works beside it has a processor and a reader, too.
pub(crate) struct Looks<T> {
    kept: Mutex<VecDeque<Kept<T>>>,
    one_at_a_time: Arc<Semaphore>,
}

impl<T> Default for Looks<T> {
    fn default() -> Self {
        Self { kept: Mutex::default(), one_at_a_time: Arc::new(Semaphore::new(1)) }
    }
}

struct Kept<T> {
    made_of: String,
    begun: Instant,
    state: watch::Receiver<State<T>>,
    task: AbortHandle,
}

impl<T> Drop for Kept<T> {
    /// What nobody remembers is not made any more.
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A look that was joined, or begun.
pub(super) struct Joined<T>(watch::Receiver<State<T>>);

impl<T> Joined<T> {
    /// What was found, if that is known within `wait`.
    pub(super) async fn within(mut self, wait: Duration) -> Result<Looked<T>, EngineFailure> {
        let over = |state: &State<T>| !matches!(state, State::UnderWay { .. });
        // Whoever looks may have ended without a word; what was said last counts.
        let _ = tokio::time::timeout(wait, self.0.wait_for(over)).await;
        match &*self.0.borrow() {
            State::Made(made) => Ok(Looked::Made(Arc::clone(made))),
            State::UnderWay { judged, of } => Ok(Looked::UnderWay { judged: *judged, of: *of }),
            State::Failed(why) => Err(EngineFailure::Refused { why: why.clone() }),
        }
    }
}

impl<T: Send + Sync + 'static> Looks<T> {
    /// Joins a look at the same that was begun lately, or begins one. `made_of` names everything that it is made of.
    pub(super) fn join<Look>(
        &self,
        made_of: String,
        now: Instant,
        begin: impl FnOnce(Progress<T>) -> Result<Look, EngineFailure>,
    ) -> Result<Joined<T>, EngineFailure>
    where
        Look: Future<Output = (Progress<T>, Result<T, EngineFailure>)> + Send + 'static,
    {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|one| !matches!(*one.state.borrow(), State::Failed(_)) && now.since(one.begun) < FRESH);
        if let Some(one) = kept.iter().find(|one| one.made_of == made_of) {
            return Ok(Joined(one.state.clone()));
        }
        let (say, state) = watch::channel(State::UnderWay { judged: 0, of: 0 });
        let (look, turns) = (begin(Progress(say))?, Arc::clone(&self.one_at_a_time));
        let task = tokio::spawn(async move {
            // Nobody closes it; and without a turn it would only be slower for others.
            let _turn = turns.acquire_owned().await.ok();
            let (progress, looked) = look.await;
            let ended = looked.map_or_else(
                |error| State::Failed(crate::failure::chain(&error)),
                |made| State::Made(Arc::new(made)),
            );
            // Nobody may be waiting any more.
            let _ = progress.0.send(ended);
        });
        kept.push_back(Kept { made_of, begun: now, state: state.clone(), task: task.abort_handle() });
        if kept.len() > KEPT_MAX {
            kept.pop_front();
        }
        Ok(Joined(state))
    }
}

#[cfg(test)]
mod tests {
    use super::{Looked, Looks, Progress};
    use std::{
        sync::{
            Arc,
            atomic::{AtomicUsize, Ordering},
        },
        time::Duration,
    };
    use tenure_model::Instant;
    use tokio::sync::Notify;

    #[tokio::test]
    async fn one_look_goes_on_at_a_time_and_the_same_is_made_once() {
        let looks: Looks<usize> = Looks::default();
        let (running, most, made) =
            (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let go = Arc::new(Notify::new());
        let begin = |number: usize| {
            let (running, most, made, go) =
                (Arc::clone(&running), Arc::clone(&most), Arc::clone(&made), Arc::clone(&go));
            move |progress: Progress<usize>| {
                Ok(async move {
                    made.fetch_add(1, Ordering::SeqCst);
                    most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    progress.say(1, 2);
                    go.notified().await;
                    running.fetch_sub(1, Ordering::SeqCst);
                    (progress, Ok(number))
                })
            }
        };
        let now = Instant::from_micros(0);
        let first = looks.join(String::from("one"), now, begin(1)).unwrap();
        let same = looks.join(String::from("one"), now, begin(1)).unwrap();
        let other = looks.join(String::from("two"), now, begin(2)).unwrap();
        assert!(matches!(same.within(Duration::from_millis(50)).await.unwrap(), Looked::UnderWay { .. }));
        go.notify_one();
        assert!(
            matches!(first.within(Duration::from_mins(1)).await.unwrap(), Looked::Made(one) if *one == 1)
        );
        go.notify_one();
        assert!(
            matches!(other.within(Duration::from_mins(1)).await.unwrap(), Looked::Made(two) if *two == 2)
        );
        assert_eq!((most.load(Ordering::SeqCst), made.load(Ordering::SeqCst)), (1, 2));
    }
}
