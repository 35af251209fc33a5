//! What is known of what a ticket says: a pure function of what was observed since.
//!
//! A ticket is a claim (P0). It must never make anything ended, and it counts against an identity only where its source was
//! read whole after the ticket was closed, and only for what was there before. Next: `facts/principal.rs`, what a claim means.

use tenure_model::{Instant, Presence, TicketOutcome, TicketState};

/// A ticket and what was observed of what it names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketSeen {
    /// What it says of itself.
    pub state: TicketState,
    /// When it was closed, by its own word.
    pub closed: Option<Instant>,
    /// It names one identity that is known here.
    pub matched: bool,
    /// When the first survey began that read its source whole after it was closed.
    pub read_since: Option<Instant>,
    /// The principals of that identity.
    pub principals: Vec<PrincipalSeen>,
}

/// A principal, as a ticket is held against it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PrincipalSeen {
    /// Whether it is there.
    pub presence: Presence,
    /// Its source is still read.
    pub is_read: bool,
    /// When it was first seen.
    pub first_seen: Instant,
    /// When its source was first read whole: what was first seen by then may be older than that.
    pub baseline: Option<Instant>,
}

impl PrincipalSeen {
    /// It was made after an instant, as far as is known: what was there when nobody had looked yet may be older.
    pub fn is_made_after(&self, at: Instant) -> bool {
        self.first_seen > at && self.baseline.is_some_and(|baseline| self.first_seen > baseline)
    }

    const fn is_seen(&self) -> bool {
        matches!(self.presence, Presence::Present) && self.is_read
    }
}

/// What is known of what a ticket says.
pub fn ticket_outcome(ticket: &TicketSeen) -> TicketOutcome {
    match (ticket.state, ticket.closed) {
        (TicketState::Open, _) => TicketOutcome::Open,
        (TicketState::Dropped, _) => TicketOutcome::Dropped,
        (TicketState::Closed, _) if !ticket.matched => TicketOutcome::Unmatched,
        (TicketState::Closed, closed) => {
            let any = |presence| ticket.principals.iter().any(|one| one.presence == presence);
            let after = |one: &PrincipalSeen| closed.is_some_and(|at| one.is_made_after(at));
            if any(Presence::Unproven) {
                TicketOutcome::Unproven
            } else if !ticket.principals.is_empty()
                && ticket.principals.iter().all(|one| one.presence == Presence::Retired)
            {
                TicketOutcome::Proved
            } else if ticket.read_since.is_none()
                || ticket.principals.iter().any(|one| one.presence == Presence::Present && !one.is_read)
            {
                TicketOutcome::Unread
            } else if ticket.principals.iter().any(|one| one.is_seen() && !after(one)) {
                TicketOutcome::Alive
            } else if ticket.principals.iter().any(PrincipalSeen::is_seen) {
                TicketOutcome::MadeAgain
            } else {
                TicketOutcome::Absent
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{PrincipalSeen, TicketSeen, ticket_outcome};
    use tenure_model::{Instant, Presence, TicketOutcome as Outcome, TicketState as State};

    const fn at(day: i64) -> Instant {
        Instant::from_micros(day * 86_400_000_000)
    }

    /// First seen on a day, at a source that was first read whole on day 5.
    const fn principal(presence: Presence, first_seen: i64) -> PrincipalSeen {
        PrincipalSeen { presence, is_read: true, first_seen: at(first_seen), baseline: Some(at(5)) }
    }

    #[test]
    fn what_is_observed_decides_and_never_the_ticket() {
        use Presence::{Gone, Present, Retired, Unproven};
        let rows = [
            (State::Open, 10, Some(12), vec![principal(Present, 5)], Outcome::Open),
            (State::Dropped, 10, Some(12), vec![principal(Present, 5)], Outcome::Dropped),
            (State::Closed, 10, None, vec![principal(Present, 5)], Outcome::Unread),
            (State::Closed, 10, Some(12), vec![principal(Present, 5)], Outcome::Alive),
            (State::Closed, 10, Some(12), vec![principal(Present, 9)], Outcome::Alive),
            (State::Closed, 10, Some(12), vec![principal(Present, 11)], Outcome::MadeAgain),
            // Closed before anybody looked: what was there at the first reading may be older than that.
            (State::Closed, 1, Some(12), vec![principal(Present, 5)], Outcome::Alive),
            (State::Closed, 1, Some(12), vec![principal(Present, 6)], Outcome::MadeAgain),
            (State::Closed, 10, Some(12), vec![principal(Gone, 5)], Outcome::Absent),
            (State::Closed, 10, Some(12), vec![], Outcome::Absent),
            (State::Closed, 10, None, vec![principal(Gone, 5)], Outcome::Unread),
            (State::Closed, 10, Some(12), vec![principal(Gone, 5), principal(Present, 6)], Outcome::Alive),
            (State::Closed, 10, None, vec![principal(Retired, 5)], Outcome::Proved),
            (State::Closed, 10, Some(12), vec![principal(Retired, 5), principal(Gone, 5)], Outcome::Absent),
            (State::Closed, 10, Some(12), vec![principal(Unproven, 5)], Outcome::Unproven),
            (
                State::Closed,
                10,
                Some(12),
                vec![principal(Unproven, 5), principal(Present, 5)],
                Outcome::Unproven,
            ),
        ];
        for (state, closed, read_since, principals, wanted) in rows {
            let ticket = TicketSeen {
                state,
                closed: Some(at(closed)),
                matched: true,
                read_since: read_since.map(at),
                principals,
            };
            assert_eq!(ticket_outcome(&ticket), wanted, "{ticket:?}");
            let nobody = TicketSeen { matched: false, principals: Vec::new(), ..ticket };
            let unmatched = if state == State::Closed { Outcome::Unmatched } else { wanted };
            assert_eq!(ticket_outcome(&nobody), unmatched);
        }
        let unread = PrincipalSeen { is_read: false, ..principal(Present, 5) };
        let ticket = TicketSeen {
            state: State::Closed,
            closed: Some(at(10)),
            matched: true,
            read_since: Some(at(12)),
            principals: vec![unread],
        };
        assert_eq!(ticket_outcome(&ticket), Outcome::Unread, "nobody reads its source any more");
    }
}
