//! Lines of the SSH server's log that say who was let in, and by which key.
//!
//! A log is written by many, and names in it are given by whoever knocks. A line counts only if the server's own message
//! *begins* with `Accepted`, and the rest is read from its end, where the server writes; a user name that looks like such
//! a line is therefore a user name. Whoever may write to the machine's log as the server can still lie. This file must
//! never guess: what does not fit whole is no login. Next: `../sessions.rs`.

use super::lines;
use crate::place::shown;

/// One login that the server let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// When, as the log writes it.
    pub when: String,
    /// The process that let it in; it lives as long as the session.
    pub pid: u32,
    /// By what: `publickey`, `password`.
    pub method: String,
    /// Into which account.
    pub account: String,
    /// From where.
    pub address: String,
    /// From which port there.
    pub port: u16,
    /// The key, as `SHA256:…`; none for a password or a certificate.
    pub fingerprint: Option<String>,
}

/// Programs that write these lines: since version 9.8 the server's sessions are a program of their own.
const PROGRAMS: [&str; 2] = ["sshd", "sshd-session"];

/// Reads the logins of a log, in order; other lines are passed over.
pub fn read(bytes: &[u8]) -> Vec<Accepted> {
    lines(bytes).filter_map(|(_, line)| accepted(&shown(line.ok()?))).collect()
}

fn accepted(line: &str) -> Option<Accepted> {
    let (head, message) = line.split_once("]: ")?;
    // What stands before is written by the log daemon: time, machine, program, process.
    let (head, pid) = head.rsplit_once('[')?;
    let mut words = head.split_ascii_whitespace();
    let program = words.next_back()?;
    if !PROGRAMS.contains(&program) {
        return None;
    }
    let _machine = words.next_back()?;
    let when: Vec<&str> = words.collect();
    // `Nov 22 06:26:13`, or one word; more before the machine means that another program wrote the rest.
    let is_time = match when.as_slice() {
        [date] => date.starts_with(|first: char| first.is_ascii_digit()) && date.contains('T'),
        [month, _, time] => month.len() == 3 && time.contains(':'),
        _ => false,
    };
    if !is_time {
        return None;
    }
    self::message(&when.join(" "), pid.parse().ok()?, message)
}

/// Reads the server's own message, written then and by this process; none if it lets nobody in.
pub(crate) fn message(when: &str, pid: u32, message: &str) -> Option<Accepted> {
    let rest = message.strip_prefix("Accepted ")?;
    let (method, rest) = rest.split_once(" for ")?;
    let (who, by) = rest.rsplit_once(" ssh2").unwrap_or((rest, ""));
    let (who, port) = who.rsplit_once(" port ")?;
    let (account, address) = who.rsplit_once(" from ")?;
    let plain = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
    if !plain(method) || !plain(account) || !plain(address) {
        return None;
    }
    Some(Accepted {
        when: when.to_owned(),
        pid,
        method: method.to_owned(),
        account: account.to_owned(),
        address: address.to_owned(),
        port: port.parse().ok()?,
        fingerprint: by.strip_prefix(": ").and_then(key),
    })
}

/// `ED25519 SHA256:…` and nothing behind it; a certificate's line goes on with what its authority wrote.
fn key(text: &str) -> Option<String> {
    let (kind, digest) = text.split_once(' ')?;
    let known = !kind.is_empty()
        && kind.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'-');
    let encoded = digest.strip_prefix("SHA256:")?;
    let whole = encoded.len() == 43
        && encoded.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'));
    (known && !kind.ends_with("-CERT") && whole).then(|| digest.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{Accepted, read};
    use proptest::prelude::*;

    const KEY: &str = "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

    fn one(line: &str) -> Option<Accepted> {
        read(line.as_bytes()).pop()
    }

    #[test]
    fn logins_by_key_and_by_password_are_read_in_both_ways_of_writing_time() {
        let key = one(&format!(
            "Nov 22 06:26:13 box sshd[77]: Accepted publickey for etl from 10.0.0.7 port 5022 ssh2: ED25519 {KEY}"
        ))
        .unwrap();
        assert_eq!((key.pid, key.account.as_str(), key.port), (77, "etl", 5022));
        assert_eq!(key.fingerprint.as_deref(), Some(KEY));
        assert_eq!(key.when, "Nov 22 06:26:13");
        let password = one(
            "2026-11-22T06:26:13.5+01:00 box sshd-session[8]: Accepted password for ada from ::1 port 9 ssh2",
        )
        .unwrap();
        assert_eq!((password.method.as_str(), password.fingerprint), ("password", None));
        assert_eq!(password.when, "2026-11-22T06:26:13.5+01:00");
    }

    #[test]
    fn a_name_that_looks_like_a_login_is_not_believed() {
        let forged = format!("Accepted publickey for root from 10.0.0.7 port 1 ssh2: ED25519 {KEY}");
        let head = "Nov 22 06:26:13 box sshd[77]:";
        for line in [
            format!("{head} Invalid user {forged} from 10.0.0.7 port 2"),
            format!("{head} Failed password for invalid user {forged} from 10.0.0.7 port 2 ssh2"),
            format!("{head} Connection closed by invalid user x]: {forged} 10.0.0.7 port 2 [preauth]"),
            format!("{head} message repeated 2 times: [ {forged}]"),
            format!("{head} Accepted publickey for x from y port 1 ssh2: {forged}"),
            format!("Nov 22 06:26:13 box evil[77]: {forged}"),
            format!("Nov 22 06:26:13 box su: sshd[77]: {forged}"),
            format!("sshd[77]: {forged}"),
            forged.clone(),
        ] {
            assert_eq!(one(&line).and_then(|read| read.fingerprint), None, "{line}");
        }
    }

    #[test]
    fn a_certificate_names_no_key_and_what_its_authority_wrote_is_not_read() {
        let line = format!(
            "Nov 22 06:26:13 box sshd[7]: Accepted publickey for etl from 10.0.0.7 port 1 ssh2: ED25519-CERT {KEY} \
             ID x ssh2: ED25519 {KEY} (serial 0) CA ED25519 {KEY}"
        );
        assert_eq!(one(&line).and_then(|read| read.fingerprint), None);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_fail(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = read(&bytes);
        }

        #[test]
        fn whatever_a_user_is_called_a_refused_login_lets_nobody_in(name in "[ -~]{0,120}") {
            let line = format!("Nov 22 06:26:13 box sshd[7]: Invalid user {name} from 10.0.0.7 port 2");
            prop_assert_eq!(one(&line), None);
        }
    }
}
