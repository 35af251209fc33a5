//! When a key was last used, as the SSH server's log tells it.
//!
//! Logins are counted by key, address and hour. The logs are read anew with each survey, so the same login is counted
//! again and not twice. A log that only names hours past is no claim about the hours before it. This file must never
//! count a line for a key that the machine does not have. Next: `read/sshd_log.rs`.

use crate::act::ways_in::Ground;
use crate::map::ExtentContent;
use crate::read::sshd_log::Accepted;
use crate::sessions;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tenure_connect::NotObservable;
use tenure_model::{Completeness, Instant, Observation, ObservedUse, PrincipalKey, PrincipalKind, printable};

/// The extent of what the log tells.
pub(crate) const EXTENT: &str = "logins";
/// Uses in one survey, at most; the latest count.
const USES_MAX: usize = 50_000;
/// Longest name of a consumer, in characters.
const CONSUMER_CHARS: usize = 160;
/// The names of months in a log (RFC 3164, section 4.1.2).
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const HOUR_US: i64 = 3_600_000_000;

/// What the log tells of the keys among these observations, and what it does not tell.
pub(crate) fn of_keys(
    ground: &Ground,
    extents: &[(String, ExtentContent)],
    now: Instant,
) -> (Option<(String, ExtentContent)>, NotObservable) {
    let read = ground.with(|machine| Ok((sessions::has_log(machine), sessions::logins(machine))));
    let Ok((true, logins)) = read else { return (None, no_log()) };
    let observations = uses(&logins, &keys(extents), now);
    let since = logins.iter().filter_map(|login| instant(&login.when, now)).min();
    let content = ExtentContent { observations, completeness: Completeness::Whole };
    (Some((EXTENT.to_owned(), content)), reaches_back(since))
}

fn no_log() -> NotObservable {
    NotObservable {
        what: String::from("when a key, an account or a service was last used"),
        why: String::from(
            "no log of the SSH server can be read here (/var/log/auth.log, /var/log/secure); the journal is not read",
        ),
        remedy: String::from(
            "let the SSH server log to such a file, at LogLevel VERBOSE so that it names keys, and let Tenure read it",
        ),
    }
}

fn reaches_back(since: Option<Instant>) -> NotObservable {
    let since = since.map_or(String::from("it tells of no login"), |since| {
        format!("the first login it tells of was {since}")
    });
    NotObservable {
        what: String::from(
            "uses of a key before the SSH server's log begins, and uses of services and passwords",
        ),
        why: format!("the log and the one before it are read; {since}"),
        remedy: String::from("keep the log longer (logrotate), at LogLevel VERBOSE so that it names keys"),
    }
}

/// Principals that are keys.
fn keys(extents: &[(String, ExtentContent)]) -> BTreeSet<&str> {
    let seen = extents.iter().flat_map(|(_, content)| &content.observations);
    seen.filter_map(|observation| match observation {
        Observation::Principal(principal) if principal.kind == PrincipalKind::Key => {
            Some(principal.key.0.as_str())
        }
        _ => None,
    })
    .collect()
}

fn uses(logins: &[Accepted], keys: &BTreeSet<&str>, now: Instant) -> Vec<Observation> {
    let mut counted: BTreeMap<(Instant, String, String), i64> = BTreeMap::new();
    for login in logins {
        let Some(fingerprint) = &login.fingerprint else { continue };
        let key = format!("key:{}:{fingerprint}", login.account);
        let Some(at) = instant(&login.when, now).filter(|_| keys.contains(key.as_str())) else { continue };
        let consumer = printable(&format!("{} (ssh)", login.address), CONSUMER_CHARS);
        *counted.entry((hour_of(at), key, consumer)).or_default() += 1;
    }
    let latest = counted.into_iter().rev().take(USES_MAX);
    latest
        .map(|((bucket, key, consumer), count)| {
            Observation::Use(ObservedUse { principal: PrincipalKey(key), consumer, bucket, count })
        })
        .collect()
}

fn hour_of(at: Instant) -> Instant {
    let micros = at.as_micros();
    Instant::from_micros(micros - micros.rem_euclid(HOUR_US))
}

/// The instant of a line: with its zone, or `Nov 22 06:26:13`, which names neither year nor zone. It is then taken for
/// UTC, right to within 14 hours, and for the latest such day that is not in the future.
fn instant(when: &str, now: Instant) -> Option<Instant> {
    if when.contains('T') {
        return Instant::parse(when).ok().filter(|at| *at <= now.plus(Duration::from_hours(24)));
    }
    let mut words = when.split_ascii_whitespace();
    let (month, day, time) = (words.next()?, words.next()?, words.next()?);
    let month = MONTHS.iter().position(|name| *name == month)? + 1;
    let day: u32 = day.parse().ok()?;
    let year: i32 = now.to_string().get(..4)?.parse().ok()?;
    let of = |year: i32| Instant::parse(&format!("{year:04}-{month:02}-{day:02}T{time}Z")).ok();
    let is_past = |at: &Instant| *at <= now.plus(Duration::from_hours(24));
    of(year).filter(is_past).or_else(|| of(year - 1).filter(is_past))
}

#[cfg(test)]
mod tests {
    use super::{instant, uses};
    use crate::read::sshd_log;
    use std::collections::BTreeSet;
    use tenure_model::{Instant, Observation};

    const KEY: &str = "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

    fn now() -> Instant {
        Instant::parse("2026-01-03T10:00:00Z").unwrap()
    }

    fn check(when: &str, expect: Option<&str>) {
        let expected = expect.map(|text| Instant::parse(text).unwrap());
        assert_eq!(instant(when, now()), expected, "{when}");
    }

    #[test]
    fn a_time_without_a_year_is_of_the_last_year_in_which_it_is_past() {
        check("Jan 2 06:26:13", Some("2026-01-02T06:26:13Z"));
        check("Dec 31 23:00:00", Some("2025-12-31T23:00:00Z"));
        check("Jan 3 20:00:00", Some("2026-01-03T20:00:00Z"));
        check("2026-01-02T06:26:13.5+02:00", Some("2026-01-02T04:26:13.5Z"));
        check("2031-01-02T06:26:13Z", None);
        check("Foo 2 06:26:13", None);
        check("Feb 30 06:26:13", None);
    }

    #[test]
    fn logins_are_counted_by_key_address_and_hour_and_only_for_keys_that_are_there() {
        let line = |time: &str, account: &str, address: &str| {
            format!(
                "Jan  2 {time} box sshd[7]: Accepted publickey for {account} from {address} port 1 ssh2: ED25519 {KEY}\n"
            )
        };
        let log = [
            line("06:00:00", "etl", "10.0.0.7"),
            line("06:59:59", "etl", "10.0.0.7"),
            line("07:00:00", "etl", "10.0.0.7"),
            line("07:00:00", "etl", "10.0.0.8"),
            line("07:00:00", "ada", "10.0.0.7"),
        ]
        .concat();
        let key = format!("key:etl:{KEY}");
        let seen = uses(&sshd_log::read(log.as_bytes()), &BTreeSet::from([key.as_str()]), now());
        let shown: Vec<String> = seen
            .iter()
            .filter_map(|observation| match observation {
                Observation::Use(one) => Some(format!("{} {} {}", one.bucket, one.consumer, one.count)),
                _ => None,
            })
            .collect();
        assert_eq!(shown.len(), 3, "{shown:?}");
        assert!(
            shown.contains(&format!("{} 10.0.0.7 (ssh) 2", Instant::parse("2026-01-02T06:00:00Z").unwrap()))
        );
    }
}
