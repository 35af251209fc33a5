//! Open SSH sessions of an account: which of them this key opened, as far as processes and log say.
//!
//! The server's processes say whose session they are; its log says which key opened each of them. A session that the log
//! does not name is *unread*, never taken for somebody else's. What a session has started and left behind is not seen.
//! Ended is only what the log says this very key opened. This file must never signal a process that it cannot name so, nor
//! one of another machine, and never trust a title to show that there is no session: only the whole list does. Next:
//! `sessions/ending.rs`, `read/sshd_log.rs`.

mod ending;
pub(crate) use ending::end;

use crate::act::KeyOf;
use crate::act::ways_in::{Account, Ground};
use crate::files::Files;
use crate::limits::{Budget, FileSystems, Limits};
use crate::open::{Root, Way};
use crate::place::{Place, shown};
use crate::read::sshd_log::{self, Accepted};
use std::time::Instant as Clock;
use tenure_connect::DerivedReading;
use tenure_model::{Derived, PRIMARY, printable};

/// Where the log is, newest first (Debian and Red Hat).
const LOGS: [&str; 4] = ["var/log/auth.log", "var/log/auth.log.1", "var/log/secure", "var/log/secure.1"];
/// Bytes of each log that are read, from its end.
const LOG_BYTES_MAX: u64 = 8 << 20;
/// How the server calls the processes of its sessions (since version 9.8 the second).
const TITLES: [&str; 2] = ["sshd: ", "sshd-session: "];

/// A process of a session. When it ends, the session has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Session {
    pid: u32,
    parent: u32,
    title: String,
}

/// What was read of the sessions of a key's account.
#[derive(Default)]
struct Seen {
    reading: DerivedReading,
    /// Processes of sessions that this key opened.
    ours: Vec<u32>,
}

/// What is alive that the key opened.
pub(crate) fn derived(ground: &Ground, key: &KeyOf) -> DerivedReading {
    derived_of(ground, key).reading
}

fn derived_of(ground: &Ground, key: &KeyOf) -> Seen {
    let mut seen = Seen::default();
    let at_primary = |why: String| (PRIMARY.to_owned(), printable(&why, 300));
    let read = ground.with(|machine| {
        let server = machine.server()?.unwrap_or_default();
        let account = machine.account(&key.account)?;
        Ok((server.authority(), account, has_log(&machine.root).then(|| logins(&machine.root))))
    });
    let (authority, account, logins) = match read {
        Ok(read) => read,
        Err(why) => {
            seen.reading.unread.push(at_primary(why.to_string()));
            return seen;
        }
    };
    if let Some(authority) = authority {
        seen.reading.unknowable.push(at_primary(format!(
            "a certificate of the authority in {authority} may let the same key in, which asking for the key does not show"
        )));
    }
    match account.map(|account| sessions(ground, &account)) {
        None => {}
        Some(Err(why)) => seen.reading.unknowable.push(at_primary(why)),
        Some(Ok(open)) => attribute(&mut seen, open, logins.as_deref(), key),
    }
    seen
}

/// Says of each session whose it is. Without a log nobody will ever say it; with one, the session will end.
fn attribute(seen: &mut Seen, open: Vec<Session>, logins: Option<&[Accepted]>, key: &KeyOf) {
    for session in open {
        let name = format!("process {} ({})", session.pid, printable(&session.title, 80));
        match whose(&session, logins.unwrap_or_default(), key) {
            Whose::Ours => {
                seen.ours.push(session.pid);
                let found = Derived { point: PRIMARY.to_owned(), kind: String::from("session"), name };
                seen.reading.found.push(found);
            }
            Whose::Another => {}
            Whose::NotKnown => {
                let why = format!("which key opened the session of {name} is not in the log");
                match logins {
                    Some(_) => seen.reading.unread.push((PRIMARY.to_owned(), why)),
                    None => seen.reading.unknowable.push((PRIMARY.to_owned(), why)),
                }
            }
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whose {
    Ours,
    Another,
    NotKnown,
}

/// By whom a session was opened. Process ids come again: where the log names one with this key and later with another,
/// or without saying the key, nothing is known.
fn whose(session: &Session, logins: &[Accepted], key: &KeyOf) -> Whose {
    let of_process: Vec<&Accepted> = logins.iter().filter(|login| login.pid == session.pid).collect();
    let is_ours = |login: &&Accepted| login.fingerprint.as_deref() == Some(key.fingerprint.as_str());
    let another = |login: &&Accepted| login.method != "publickey" || login.fingerprint.is_some();
    match of_process.last() {
        None => Whose::NotKnown,
        Some(last) if is_ours(last) => Whose::Ours,
        Some(last) if another(last) && !of_process.iter().any(is_ours) => Whose::Another,
        Some(_) => Whose::NotKnown,
    }
}

/// Whether any log can be read.
pub(crate) fn has_log(files: &dyn Files) -> bool {
    LOGS.iter().filter_map(|path| Place::parse(path.as_bytes())).any(|place| files.tail(&place, 1).is_ok())
}

/// Every login in the logs that can be read, oldest first.
pub(crate) fn logins(files: &dyn Files) -> Vec<Accepted> {
    let mut logins = Vec::new();
    for path in LOGS.iter().rev() {
        let Some(place) = Place::parse(path.as_bytes()) else { continue };
        if let Ok(tail) = files.tail(&place, LOG_BYTES_MAX) {
            logins.extend(sshd_log::read(tail.expose()));
        }
    }
    logins
}

/// The sessions of an account, or why they cannot be known.
fn sessions(ground: &Ground, account: &Account) -> Result<Vec<Session>, String> {
    let began = Clock::now();
    let elapsed = || began.elapsed();
    let budget = Budget::new(Limits { file_systems: FileSystems::OfRoot, ..ground.limits }, &elapsed);
    let cannot = |why: String| format!("the running processes could not be read: {why}");
    let root = Root::open_by(&ground.root.join("proc"), FileSystems::OfRoot, Way::Kernel)
        .map_err(|why| cannot(why.to_string()))?;
    let read = |pid: u32, file: &str| {
        let place = Place::parse(format!("{pid}/{file}").as_bytes())?;
        root.read(&place, &budget).ok()
    };
    // With `hidepid` the processes of others are not listed, and no list says so.
    if read(1, "stat").is_none() {
        return Err(cannot(String::from("those of other accounts are hidden from ours")));
    }
    let (listed, cut) = crate::list(&root, &Place::root(), &budget).map_err(|why| cannot(why.to_string()))?;
    if let Some(spent) = cut {
        return Err(cannot(format!("the limit `{}` was reached", spent.as_str())));
    }
    let name = shown(&account.name);
    let mut open = Vec::new();
    for pid in listed.iter().filter_map(|entry| shown(&entry.name).parse::<u32>().ok()) {
        // A process that is gone by now has no session.
        let Some(title) = read(pid, "cmdline").and_then(|file| title_of(file.content.expose(), &name)) else {
            continue;
        };
        let parent = read(pid, "stat").and_then(|file| parent_of(file.content.expose())).unwrap_or(0);
        open.push(Session { pid, parent, title });
    }
    // The server logs under the id of the first process; the second, which has the account's rights, is its child.
    let first: Vec<u32> = open.iter().map(|session| session.pid).collect();
    open.retain(|session| !first.contains(&session.parent));
    Ok(open)
}

/// The title of a process that is a session of this account.
fn title_of(command_line: &[u8], account: &str) -> Option<String> {
    let text = shown(command_line.split(|byte| *byte == 0).next().unwrap_or_default());
    let rest = TITLES.iter().find_map(|title| text.strip_prefix(title))?.trim_end();
    let after = rest.strip_prefix(account)?;
    (after.is_empty() || after == " [priv]" || after.starts_with('@')).then(|| rest.to_owned())
}

/// Field 4 of `stat` (proc(5)); the name in field 2 may hold anything, so counting begins behind its last parenthesis.
fn parent_of(stat: &[u8]) -> Option<u32> {
    let text = shown(stat);
    let (_, rest) = text.rsplit_once(')')?;
    rest.split_ascii_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{Session, Whose, parent_of, title_of, whose};
    use crate::act::KeyOf;
    use crate::read::sshd_log;

    const KEY: &str = "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    const OTHER: &str = "SHA256:BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB";

    fn check(log: &[(u32, &str)], expect: Whose) {
        let line = |(pid, by): &(u32, &str)| format!("Nov 22 06:26:13 box sshd[{pid}]: Accepted {by}\n");
        let logins = sshd_log::read(log.iter().map(line).collect::<String>().as_bytes());
        assert_eq!(logins.len(), log.len());
        let session = Session { pid: 7, parent: 1, title: String::from("etl@notty") };
        let key = KeyOf { account: String::from("etl"), fingerprint: KEY.to_owned() };
        assert_eq!(whose(&session, &logins, &key), expect, "{log:?}");
    }

    #[test]
    fn a_session_is_anothers_only_where_the_log_says_so_of_this_very_process() {
        let by = |key: &str| format!("publickey for etl from 10.0.0.7 port 1 ssh2: ED25519 {key}");
        let (ours, other) = (by(KEY), by(OTHER));
        let password = "password for etl from 10.0.0.7 port 1 ssh2";
        check(&[(7, &ours)], Whose::Ours);
        check(&[(7, &other), (8, &ours)], Whose::Another);
        check(&[(7, password)], Whose::Another);
        check(&[], Whose::NotKnown);
        check(&[(8, &other)], Whose::NotKnown);
        // The id came again, or somebody wrote a second line for it.
        check(&[(7, &ours), (7, &other)], Whose::NotKnown);
        check(&[(7, &other), (7, &ours)], Whose::Ours);
        check(&[(7, "publickey for etl from 10.0.0.7 port 1 ssh2")], Whose::NotKnown);
    }

    #[test]
    fn titles_of_sessions_are_told_from_the_servers_other_processes() {
        let session = |line: &str| title_of(line.as_bytes(), "etl").is_some();
        assert!(session("sshd: etl [priv]\0\0"));
        assert!(session("sshd: etl@pts/0\0"));
        assert!(session("sshd-session: etl@notty"));
        assert!(session("sshd: etl"));
        assert!(!session("sshd: etl [net]"));
        assert!(!session("sshd: etl2@pts/0"));
        assert!(!session("sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups"));
        assert!(!session("sshd: root@pts/0"));
        assert!(!session("/usr/sbin/sshd\0-D\0"));
        assert_eq!(parent_of(b"9 (a) b) c) S 7 9 9 0"), Some(7));
    }
}
