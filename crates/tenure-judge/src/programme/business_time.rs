//! Business time: how long somebody is at work between two instants, and when so much of it has passed.
//!
//! The same answer as asking `Calendar::is_at_work` of every instant: where a clock is put back, an hour that comes twice
//! counts twice; where it is put forward, the hour that is left out counts for nothing. It must never read a clock, and
//! never say an end that is not there: what would take longer than the horizon comes never. Next: `calendar.rs`.

use super::calendar::{Calendar, DAY_MINUTES, zone};
use jiff::{Timestamp, civil, tz::TimeZone};
use std::time::Duration;
use tenure_model::Instant;

/// How far ahead business time is looked for: 3,660 days.
const HORIZON: Duration = Duration::from_hours(24 * 3_660);
const MINUTE_US: i64 = 60_000_000;
const SECOND_US: i64 = 1_000_000;

/// A stretch in which somebody is at work: from its first instant to the first after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Open {
    from: Instant,
    to: Instant,
}

impl Calendar {
    /// The first instant by which `work` of business time has passed since `start`; `start` itself for none. Nothing
    /// where that is not within ten years: a calendar may be closed on every day on which it would be open.
    pub fn after(&self, start: Instant, work: Duration) -> Option<Instant> {
        let mut left = work;
        if left.is_zero() {
            return Some(start);
        }
        for open in self.openings(start, start.plus(HORIZON)) {
            let length = open.to.since(open.from);
            if left <= length {
                return Some(open.from.plus(left));
            }
            left = left.saturating_sub(length);
        }
        None
    }

    /// How much business time lies from `from` to `to`; none where `to` is not after it, and at most that of ten years.
    pub fn between(&self, from: Instant, to: Instant) -> Duration {
        let to = to.min(from.plus(HORIZON));
        self.openings(from, to).map(|open| open.to.since(open.from)).sum()
    }

    /// Whether it is closed for ten years from its first holiday on, because each day on which it would be open is one.
    pub(super) fn is_shut(&self) -> bool {
        let first = self.holidays.iter().min().and_then(|day| day.0.to_zoned(TimeZone::UTC).ok());
        let first = first.map(|day| Instant::from_micros(day.timestamp().as_microsecond()));
        first.is_some_and(|first| !self.is_ever_open(first))
    }

    /// Whether it is open within ten years of an instant.
    pub fn is_ever_open(&self, from: Instant) -> bool {
        self.openings(from, from.plus(HORIZON)).next().is_some()
    }

    fn openings(&self, from: Instant, to: Instant) -> impl Iterator<Item = Open> {
        Openings::of(self, from, to).into_iter().flatten()
    }
}

/// The stretches of a calendar from `at` to `end`, in order; two may touch.
struct Openings<'calendar> {
    calendar: &'calendar Calendar,
    zone: TimeZone,
    /// Minutes of each day of the week, from Monday, that are open: in order, and none within another.
    week: [Vec<(u16, u16)>; 7],
    at: Instant,
    end: Instant,
    found: std::vec::IntoIter<Open>,
}

impl<'calendar> Openings<'calendar> {
    fn of(calendar: &'calendar Calendar, at: Instant, end: Instant) -> Option<Self> {
        let zone = zone(&calendar.time_zone)?;
        let mut week: [Vec<(u16, u16)>; 7] = Default::default();
        for (day, open) in week.iter_mut().enumerate() {
            *open = calendar.open_on(day);
        }
        Some(Self { calendar, zone, week, at, end, found: Vec::new().into_iter() })
    }

    /// What is open until the local day ends, or until the local clock is put forward or back; and goes on from there.
    fn step(&mut self) -> Option<Vec<Open>> {
        let now = Timestamp::from_microsecond(self.at.as_micros()).ok()?;
        let offset_us = i64::from(self.zone.to_offset(now).seconds()) * SECOND_US;
        let put = self.zone.following(now).map(|next| next.timestamp().as_microsecond()).next();
        let date = now.to_zoned(self.zone.clone()).date();
        let midnight = date.to_zoned(TimeZone::UTC).ok()?.timestamp().as_microsecond();
        // Within this stretch local time and UTC differ by one offset.
        let minute_us = |minute: u16| midnight + i64::from(minute) * MINUTE_US - offset_us;
        let until = put.unwrap_or(i64::MAX).min(minute_us(DAY_MINUTES)).min(self.end.as_micros());
        let found = self.open_minutes(date).iter().filter_map(|(from, to)| {
            let from = minute_us(*from).max(self.at.as_micros());
            let to = minute_us(*to).min(until);
            (from < to).then(|| Open { from: Instant::from_micros(from), to: Instant::from_micros(to) })
        });
        let found = found.collect();
        self.at = Instant::from_micros(until);
        Some(found)
    }

    fn open_minutes(&self, date: civil::Date) -> &[(u16, u16)] {
        if self.calendar.holidays.iter().any(|day| day.0 == date) {
            return &[];
        }
        let day = usize::try_from(date.weekday().to_monday_zero_offset()).ok();
        day.and_then(|day| self.week.get(day)).map_or(&[], Vec::as_slice)
    }
}

impl Iterator for Openings<'_> {
    type Item = Open;

    fn next(&mut self) -> Option<Open> {
        loop {
            if let Some(open) = self.found.next() {
                return Some(open);
            }
            if self.at >= self.end {
                return None;
            }
            self.found = self.step()?.into_iter();
        }
    }
}
