//! Who may stay when there are too many connections: a listener has so many seats.
//!
//! A connection waits from its beginning until somebody known asks something on it, and again
//! when that is answered. When all seats are taken, whoever waits longest has to go, so that
//! somebody new always gets in: connections that only hold a seat never keep others out. Known
//! callers take at most `known_max` seats; the rest stays for health checks and for those who are
//! still to say who they are. This room must never wait for anybody. Next: `connection.rs`.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::Notify;

/// The seats of one listener.
pub(super) struct Seats {
    connections_max: usize,
    known_max: usize,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    /// How to tell those who wait that they have to go, the longest wait first.
    waiting: BTreeMap<u64, Arc<Notify>>,
    /// How many are at work for somebody known.
    at_work: usize,
    next_turn: u64,
}

/// One connection's seat. Free again when it is dropped.
pub(crate) struct Seat {
    seats: Arc<Seats>,
    gone: Arc<Notify>,
    stands: Mutex<Stands>,
}

#[derive(Clone, Copy)]
enum Stands {
    Waiting { turn: u64 },
    AtWork,
}

/// As many known callers as there may be are at work, or this connection has lost its seat.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NoSeat;

impl Seats {
    /// `known_max` is kept below `connections_max`, so that there is always somebody who can go.
    pub(super) fn new(connections_max: usize, known_max: usize) -> Arc<Self> {
        let connections_max = connections_max.max(2);
        let known_max = known_max.clamp(1, connections_max - 1);
        Arc::new(Self { connections_max, known_max, held: Mutex::default() })
    }

    /// A seat for a new connection. When there is none, whoever waits longest has to go.
    pub(super) fn take(self: &Arc<Self>) -> Arc<Seat> {
        let gone = Arc::new(Notify::new());
        let mut held = self.held();
        if held.waiting.len() + held.at_work >= self.connections_max
            && let Some((_, longest)) = held.waiting.pop_first()
        {
            longest.notify_one();
            metrics::counter!("tenure_http_connections_cut_total").increment(1);
        }
        let turn = held.wait(Arc::clone(&gone));
        drop(held);
        Arc::new(Seat { seats: Arc::clone(self), gone, stands: Mutex::new(Stands::Waiting { turn }) })
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn wait(&mut self, gone: Arc<Notify>) -> u64 {
        let turn = self.next_turn;
        self.next_turn += 1;
        self.waiting.insert(turn, gone);
        turn
    }
}

impl Seat {
    /// Somebody known asks: from now on nobody takes this seat, until `rest`.
    pub(crate) fn work(&self) -> Result<(), NoSeat> {
        let (mut stands, mut held) = (self.stands(), self.seats.held());
        let Stands::Waiting { turn } = *stands else { return Ok(()) };
        if held.at_work >= self.seats.known_max || held.waiting.remove(&turn).is_none() {
            return Err(NoSeat);
        }
        held.at_work += 1;
        *stands = Stands::AtWork;
        Ok(())
    }

    /// It is answered: the connection waits again, behind those who wait already.
    pub(super) fn rest(&self) {
        let (mut stands, mut held) = (self.stands(), self.seats.held());
        if matches!(*stands, Stands::AtWork) {
            held.at_work = held.at_work.saturating_sub(1);
            *stands = Stands::Waiting { turn: held.wait(Arc::clone(&self.gone)) };
        }
    }

    /// Returns when this connection has to go.
    pub(super) async fn lost(&self) {
        self.gone.notified().await;
    }

    fn stands(&self) -> MutexGuard<'_, Stands> {
        self.stands.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let stands = *self.stands();
        let mut held = self.seats.held();
        match stands {
            Stands::Waiting { turn } => {
                held.waiting.remove(&turn);
            }
            Stands::AtWork => held.at_work = held.at_work.saturating_sub(1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{NoSeat, Seat, Seats};
    use futures::FutureExt as _;

    fn has_to_go(seat: &Seat) -> bool {
        seat.lost().now_or_never().is_some()
    }

    #[test]
    fn whoever_waits_longest_goes_and_whoever_is_at_work_stays() {
        let seats = Seats::new(3, 2);
        let [first, second, third] = [seats.take(), seats.take(), seats.take()];
        assert_eq!(first.work(), Ok(()));
        let fourth = seats.take();
        assert_eq!(
            [&first, &second, &third, &fourth].map(|seat| has_to_go(seat)),
            [false, true, false, false]
        );
        assert_eq!(second.work(), Err(NoSeat), "it has gone already");
        first.rest();
        let fifth = seats.take();
        assert!(has_to_go(&third), "who was at work waits behind the others");
        drop((fourth, fifth));
        let _sixth = seats.take();
        assert!(!has_to_go(&first), "what was left is free");
    }

    #[test]
    fn known_callers_leave_seats_for_others() {
        let seats = Seats::new(3, 2);
        let [first, second, third] = [seats.take(), seats.take(), seats.take()];
        assert_eq!(
            [first.work(), first.work(), second.work(), third.work()],
            [Ok(()), Ok(()), Ok(()), Err(NoSeat)]
        );
        drop(second);
        assert_eq!(third.work(), Ok(()));
        let health = seats.take();
        assert!(!has_to_go(&first) && !has_to_go(&third) && !has_to_go(&health));
    }
}
