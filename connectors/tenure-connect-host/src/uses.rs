//! When keys and accounts were last used, as the SSH server's log or the journal, `wtmp` and `lastlog` tell it.
//!
//! Logins are counted by key, or account and terminal, by address and by hour. The logs are read anew with each survey, so the same login is counted
//! again and not twice. A log that only names hours past is no claim about the hours before it. This file must never
//! count a line for a key that the machine does not have. Next: `read/sshd_log.rs`, `journals.rs`.

use crate::files::Files;
use crate::journals::{self, Journaled};
use crate::limits::Budget;
use crate::map::ExtentContent;
use crate::place::{Place, shown};
use crate::read::lastlog::{self, LastSession};
use crate::read::sshd_log::Accepted;
use crate::read::wtmp::{self, RECORD_BYTES, TerminalSession};
use crate::sessions;
use crate::unread::Spent;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tenure_connect::NotObservable;
use tenure_model::{Completeness, Instant, Observation, ObservedUse, PrincipalKey, PrincipalKind, printable};

/// Uses by hour, key of the principal and consumer.
type Counted = BTreeMap<(Instant, String, String), i64>;

/// Records of `wtmp` that are read, from its end.
const WTMP_RECORDS_MAX: u64 = 20_000;
/// Bytes of `lastlog` that are read; one that is longer is passed over whole, and that is said.
const LASTLOG_BYTES_MAX: u64 = 4 << 20;
/// The successor of `lastlog`, a SQLite database, which is not read.
const LASTLOG2: &str = "var/lib/lastlog/lastlog2.db";
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
/// How far apart log and journal may write the time of one login: where the log names no zone, and where it does.
const APART: [Duration; 2] = [Duration::from_hours(15), Duration::from_secs(5)];

/// Whether the journal of systemd can be read beside the machine's other files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Journal {
    /// As they are.
    Here,
    /// Its files are large, and would be sent anew with each survey.
    FarAway,
}

/// What the log tells of the keys among these observations, and what it does not tell. When the budget has no time left,
/// the rest is left out and the extent is part.
pub(crate) fn of_keys(
    files: &dyn Files,
    extents: &[(String, ExtentContent)],
    now: Instant,
    budget: &Budget<'_>,
    journal: Journal,
) -> (Option<(String, ExtentContent)>, Vec<NotObservable>) {
    if let Err(spent) = budget.time_to_tell() {
        return (None, vec![logs_cut(spent)]);
    }
    let log = sessions::has_log(files).then(|| sessions::logins(files));
    let journaled = match journal {
        Journal::Here => journals::read(files, budget),
        Journal::FarAway => Journaled::default(),
    };
    let terminals = at_terminals(files);
    let (last, untold) = last_sessions(files);
    let (keys, accounts) = (of_kind(extents, PrincipalKind::Key), of_kind(extents, PrincipalKind::Account));
    let mut observations = by_account(&terminals.unwrap_or_default(), &last, &accounts, now, budget);
    let mut notes: Vec<NotObservable> = untold.into_iter().collect();
    if log.is_none() && !journaled.is_read {
        let content = ExtentContent { completeness: completeness(budget), observations };
        let extent = (!content.observations.is_empty()).then(|| (EXTENT.to_owned(), content));
        notes.insert(0, no_log(why_no_journal(files, journal, &journaled)));
        return (extent, notes);
    }
    notes.extend(journaled.note());
    notes.insert(0, reaches_back(log.as_deref(), &journaled, now));
    observations.extend(uses(&together(log.unwrap_or_default(), journaled.logins, now), &keys, now, budget));
    let content = ExtentContent { observations, completeness: completeness(budget) };
    (Some((EXTENT.to_owned(), content)), notes)
}

/// What is said when a limit was reached after the reading itself, among the logs.
pub(crate) fn logs_cut(limit: Spent) -> NotObservable {
    NotObservable {
        what: String::from("uses of keys that stand in logs which were not read"),
        why: limit.sentence(),
        remedy: String::from("raise the limit with an option of this source"),
    }
}

fn completeness(budget: &Budget<'_>) -> Completeness {
    match budget.time_to_tell() {
        Ok(()) => Completeness::Whole,
        Err(spent) => Completeness::Part {
            why: format!("the logs were not read to their end: {}", spent.sentence()),
            remedy: String::from("raise the limit with an option of this source"),
        },
    }
}

/// The logins of both, each once: what both have counts as the journal writes it, whose times have a zone.
fn together(log: Vec<Accepted>, journaled: Vec<Accepted>, now: Instant) -> Vec<Accepted> {
    type Login<'one> = (u32, &'one str, &'one str, &'one str, u16, Option<&'one str>);
    fn of(one: &Accepted) -> Login<'_> {
        (one.pid, &one.method, &one.account, &one.address, one.port, one.fingerprint.as_deref())
    }
    let mut times: BTreeMap<Login<'_>, Vec<Instant>> = BTreeMap::new();
    for one in &journaled {
        times.entry(of(one)).or_default().extend(instant(&one.when, now));
    }
    let is_again = |one: &Accepted| {
        let [without_zone, with_zone] = APART;
        let apart = if one.when.contains('T') { with_zone } else { without_zone };
        let (Some(at), Some(times)) = (instant(&one.when, now), times.get(&of(one))) else { return false };
        times.iter().any(|time| time.since(at).max(at.since(*time)) <= apart)
    };
    let mut logins: Vec<Accepted> = log.into_iter().filter(|one| !is_again(one)).collect();
    logins.extend(journaled);
    logins
}

/// Why the journal tells nothing, if there is one.
fn why_no_journal(files: &dyn Files, journal: Journal, journaled: &Journaled) -> Option<String> {
    match journal {
        Journal::FarAway => journals::is_there(files).then(|| {
            String::from(
                "its binary files are read on the machine itself and not over SSH, because they are large",
            )
        }),
        Journal::Here => journaled.why_not().or_else(|| {
            journals::is_there(files)
                .then(|| String::from("no file of the system is in it for this machine's id"))
        }),
    }
}

fn no_log(journal: Option<String>) -> NotObservable {
    let why = "no log of the SSH server can be read here (/var/log/auth.log, /var/log/secure)";
    let (further, remedy) = if let Some(why) = journal {
        (
            format!("; the journal is there (/var/log/journal), and nothing of it was read: {why}"),
            "let Tenure read the journal on the machine (group systemd-journal), or let it be written to such a \
             file too (install rsyslog, or ForwardToSyslog=yes with a syslog daemon), at LogLevel VERBOSE so that \
             keys are named",
        )
    } else {
        (
            String::new(),
            "let the SSH server log to such a file, at LogLevel VERBOSE so that it names keys, and let Tenure read it",
        )
    };
    NotObservable {
        what: String::from("when a key or a service was last used"),
        why: format!("{why}{further}"),
        remedy: remedy.to_owned(),
    }
}

/// The last session of each account, and what of it could not be read.
fn last_sessions(files: &dyn Files) -> (Vec<LastSession>, Option<NotObservable>) {
    let facts = |path: &str| files.facts(&Place::parse(path.as_bytes())?).ok();
    let untold = |why: &str, remedy: &str| NotObservable {
        what: String::from("the last session of accounts before wtmp begins"),
        why: why.to_owned(),
        remedy: remedy.to_owned(),
    };
    let place = Place::parse(b"var/log/lastlog");
    let read = match (facts("var/log/lastlog"), place) {
        (Some(file), Some(place)) if file.bytes <= LASTLOG_BYTES_MAX => {
            files.tail(&place, LASTLOG_BYTES_MAX).map(|content| lastlog::read(content.expose())).ok()
        }
        (Some(_), _) => {
            let why = "/var/log/lastlog has more than 4 MiB, because an account has a very high number";
            return (Vec::new(), Some(untold(why, "run `lastlog` for it; nothing else is missing by this")));
        }
        (None, _) => None,
    };
    // Where the successor is in use, the old file is no longer written.
    let successor = facts(LASTLOG2).map(|_| {
        untold(
            "/var/lib/lastlog/lastlog2.db is a database that is not read",
            "run `lastlog2` for it; keep wtmp longer",
        )
    });
    (read.unwrap_or_default(), successor)
}

/// Since when logins are told: the log by its first login, the journal by its first entry.
fn reaches_back(log: Option<&[Accepted]>, journaled: &Journaled, now: Instant) -> NotObservable {
    let log = log.map(|logins| {
        let since = logins.iter().filter_map(|login| instant(&login.when, now)).min();
        let since = since.map_or(String::from("it tells of no login"), |since| {
            format!("the first login it tells of was {since}")
        });
        format!("the log and the one before it are read; {since}")
    });
    let journal = journaled.is_read.then(|| {
        let gaps = String::from("the journal is read, but not all of it back from now");
        journaled.since.map_or(gaps, |since| format!("the journal is read back to {since}"))
    });
    NotObservable {
        what: String::from(
            "uses of a key before the SSH server's log begins, and uses of services and passwords",
        ),
        why: log.into_iter().chain(journal).collect::<Vec<String>>().join("; "),
        remedy: String::from(if journaled.is_read {
            "keep the log longer (logrotate; journald.conf, `SystemMaxUse=`), at LogLevel VERBOSE so that it names keys"
        } else {
            "keep the log longer (logrotate), at LogLevel VERBOSE so that it names keys"
        }),
    }
}

/// Sessions at terminals, of the file that is written now.
fn at_terminals(files: &dyn Files) -> Option<Vec<TerminalSession>> {
    let place = Place::parse(b"var/log/wtmp")?;
    let tail = files.tail(&place, WTMP_RECORDS_MAX * RECORD_BYTES as u64).ok()?;
    Some(wtmp::read(tail.expose()))
}

/// Sessions at terminals by account, place and hour. A terminal says that a person sat there. A last session counts
/// once, and not again where `wtmp` has it.
fn by_account(
    read: &[TerminalSession],
    last: &[LastSession],
    accounts: &BTreeSet<&str>,
    now: Instant,
    budget: &Budget<'_>,
) -> Vec<Observation> {
    let keys: BTreeMap<&str, &str> =
        accounts.iter().filter_map(|key| Some((key.splitn(3, ':').nth(2)?, *key))).collect();
    let mut counted = Counted::new();
    for session in budget.while_telling(read.iter()) {
        let at = Instant::from_micros(i64::from(session.seconds) * 1_000_000);
        let Some(key) = keys.get(shown(&session.account).as_str()).filter(|_| at <= latest(now)) else {
            continue;
        };
        count(&mut counted, at, key, &consumer_at(&session.host, &session.terminal));
    }
    let by_uid: BTreeMap<i64, &str> =
        accounts.iter().filter_map(|key| Some((key.split(':').nth(1)?.parse().ok()?, *key))).collect();
    for session in budget.while_telling(last.iter()) {
        let at = Instant::from_micros(i64::from(session.seconds) * 1_000_000);
        let Some(key) = by_uid.get(&session.uid).filter(|_| at <= latest(now)) else { continue };
        let consumer = consumer_at(&session.host, &session.terminal);
        counted.entry((hour_of(at), (*key).to_owned(), consumer)).or_insert(1);
    }
    observed(counted)
}

fn consumer_at(host: &[u8], terminal: &[u8]) -> String {
    let place = if host.is_empty() { String::from("local") } else { shown(host) };
    printable(&format!("{place} ({})", shown(terminal)), CONSUMER_CHARS)
}

/// Keys of principals of one kind.
fn of_kind(extents: &[(String, ExtentContent)], kind: PrincipalKind) -> BTreeSet<&str> {
    let seen = extents.iter().flat_map(|(_, content)| &content.observations);
    seen.filter_map(|observation| match observation {
        Observation::Principal(principal) if principal.kind == kind => Some(principal.key.0.as_str()),
        _ => None,
    })
    .collect()
}

fn uses(logins: &[Accepted], keys: &BTreeSet<&str>, now: Instant, budget: &Budget<'_>) -> Vec<Observation> {
    let mut counted = Counted::new();
    for login in budget.while_telling(logins.iter()) {
        let Some(fingerprint) = &login.fingerprint else { continue };
        let key = format!("key:{}:{fingerprint}", login.account);
        let Some(at) = instant(&login.when, now).filter(|_| keys.contains(key.as_str())) else { continue };
        count(&mut counted, at, &key, &format!("{} (ssh)", login.address));
    }
    observed(counted)
}

fn count(counted: &mut Counted, at: Instant, key: &str, consumer: &str) {
    let consumer = printable(consumer, CONSUMER_CHARS);
    *counted.entry((hour_of(at), key.to_owned(), consumer)).or_default() += 1;
}

fn observed(counted: Counted) -> Vec<Observation> {
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

/// A clock may be a little ahead; what is later is not believed.
fn latest(now: Instant) -> Instant {
    now.plus(Duration::from_hours(24))
}

/// The instant of a line: with its zone, or `Nov 22 06:26:13`, which names neither year nor zone. It is then taken for
/// UTC, right to within 14 hours, and for the latest such day that is not in the future.
fn instant(when: &str, now: Instant) -> Option<Instant> {
    if when.contains('T') {
        return Instant::parse(when).ok().filter(|at| *at <= latest(now));
    }
    let mut words = when.split_ascii_whitespace();
    let (month, day, time) = (words.next()?, words.next()?, words.next()?);
    let month = MONTHS.iter().position(|name| *name == month)? + 1;
    let day: u32 = day.parse().ok()?;
    let year: i32 = now.to_string().get(..4)?.parse().ok()?;
    let of = |year: i32| Instant::parse(&format!("{year:04}-{month:02}-{day:02}T{time}Z")).ok();
    let is_past = |at: &Instant| *at <= latest(now);
    of(year).filter(is_past).or_else(|| of(year - 1).filter(is_past))
}

#[cfg(test)]
mod tests {
    use super::{Journal, by_account, instant, of_keys, uses};
    use crate::read::{lastlog, sshd_log, wtmp};
    use crate::{Budget, FileSystems, Limits, Root};
    use std::collections::BTreeSet;
    use std::time::Duration;
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
        let budget = Budget::new(Limits::default(), &|| Duration::ZERO);
        let seen = uses(&sshd_log::read(log.as_bytes()), &BTreeSet::from([key.as_str()]), now(), &budget);
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

    #[test]
    fn a_session_at_a_terminal_is_a_use_of_its_account_if_there_is_one() {
        let seconds = u32::try_from(now().as_micros() / 1_000_000 - 7_200).unwrap();
        let file = [
            wtmp::record(7, "pts/0", "etl", "10.0.0.7", seconds),
            wtmp::record(7, "tty1", "etl", "", seconds),
            wtmp::record(7, "pts/1", "nobody-here", "10.0.0.7", seconds),
            wtmp::record(7, "pts/1", "etl", "from the future", u32::MAX),
        ]
        .concat();
        let last = [
            vec![lastlog::record("", "", 0); 997].concat(),
            lastlog::record("tty9", "", seconds),
            // `wtmp` has this one; of the next nobody is there, and the last is of the future.
            lastlog::record("pts/0", "10.0.0.7", seconds + 1),
            lastlog::record("pts/0", "10.0.0.9", seconds),
            lastlog::record("pts/0", "10.0.0.9", u32::MAX),
        ]
        .concat();
        let accounts = ["account:998:etl", "account:997:ada", "account:1000:bob"].into();
        let budget = Budget::new(Limits::default(), &|| Duration::ZERO);
        let seen = by_account(&wtmp::read(&file), &lastlog::read(&last), &accounts, now(), &budget);
        let mut shown: Vec<String> = seen
            .iter()
            .filter_map(|observation| match observation {
                Observation::Use(one) => Some(format!("{} {} {}", one.principal.0, one.consumer, one.count)),
                _ => None,
            })
            .collect();
        shown.sort();
        let expected = [
            "account:997:ada local (tty9) 1",
            "account:998:etl 10.0.0.7 (pts/0) 1",
            "account:998:etl local (tty1) 1",
        ];
        assert_eq!(shown, expected);
    }

    #[test]
    fn a_journal_that_is_far_away_is_not_read_and_that_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let said = |journal: Journal| {
            let root = Root::open(folder.path(), FileSystems::All).unwrap();
            let budget = Budget::new(Limits::default(), &|| Duration::ZERO);
            let (extent, notes) = of_keys(&root, &[], now(), &budget, journal);
            assert_eq!(extent, None);
            notes.first().map(|note| note.why.clone()).unwrap()
        };
        assert!(!said(Journal::FarAway).contains("journal"));
        std::fs::create_dir_all(folder.path().join("run/log/journal")).unwrap();
        assert!(said(Journal::FarAway).contains("not over SSH"));
        assert!(said(Journal::Here).contains("without /etc/machine-id"));
    }
}
