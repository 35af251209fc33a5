//! Ways in that a refusal of the key, asked for from this machine, would not show.
//!
//! The server is asked at one address, from here. Where its settings or the account's files hold anything that may answer
//! somebody else differently, or that this connector cannot read as the server does, a refusal proves nothing, and
//! every such reason is said. This file must never decide that something it does not understand is harmless. Next:
//! `ways_in.rs`.

use super::ways_in::{Account, Machine};
use crate::read::authorized_keys;
use crate::read::ssh_wire::is_plain_rsa;
use crate::survey::place_of;
use crate::unread::Unread;
use tenure_model::printable;

/// Reasons that are said, at most; one is enough.
const SAID_MAX: usize = 5;

/// Why a refusal, asked for from here, would not show that the key is refused everywhere.
pub(crate) fn unseen(machine: &Machine<'_>, account: &Account) -> Result<Vec<String>, Unread> {
    let mut reasons = Vec::new();
    if let Some(server) = machine.server()? {
        if server.matches > 0 {
            let count = server.matches;
            reasons.push(format!(
                "{count} `Match` blocks of the SSH server may hold for others than who asks from here"
            ));
        }
        if let Some(command) = server.keys_command() {
            reasons.push(format!("the SSH server also asks `{command}` for keys"));
        }
        reasons.extend(server.not_followed.iter().cloned());
        for pattern in server.authorized_keys_files() {
            let odd = pattern.contains(['"', '\'', '\\']);
            if odd || place_of(&pattern, &account.name, b"/home").is_none() {
                reasons.push(format!(
                    "the key file `{}` of the settings is not followed",
                    printable(&pattern, 80)
                ));
            }
        }
    }
    for place in machine.key_files(account)? {
        match machine.read(&place) {
            Ok(Some(file)) => reasons.extend(unseen_in(&place.to_string(), file.content.expose())),
            Ok(None) => {}
            Err(why) => reasons.push(format!("{place}: {why}")),
        }
    }
    reasons.truncate(SAID_MAX);
    Ok(reasons)
}

/// Lines that the server may use although we cannot, or that let in more than one key.
fn unseen_in(place: &str, content: &[u8]) -> Vec<String> {
    let read = authorized_keys::read(content);
    let skipped = read.skipped.iter().filter(|skipped| may_hold_a_key(content, skipped.line));
    let skipped = skipped.map(|skipped| format!("{place}, {skipped}; the SSH server may read it"));
    let authority = read.things.iter().filter(|key| key.has("cert-authority"));
    let authority =
        authority.map(|key| format!("{place}, line {}: an authority may sign for this key", key.line));
    let odd = read.things.iter().filter(|key| key.key.algorithm == "ssh-rsa" && !is_plain_rsa(&key.blob));
    let odd = odd.map(|key| format!("{place}, line {}: its numbers are written unusually", key.line));
    skipped.chain(authority).chain(odd).collect()
}

/// Every key on the wire begins with the length of its type, below 2^24: `AAAA` in base64, which skips what is no letter
/// of its own. A line without it lets nobody in.
fn may_hold_a_key(content: &[u8], number: u32) -> bool {
    let index = usize::try_from(number.saturating_sub(1)).unwrap_or(usize::MAX);
    let line = content.split(|byte| *byte == b'\n').nth(index).unwrap_or(content);
    let letters: Vec<u8> =
        line.iter().copied().filter(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(byte)).collect();
    letters.windows(4).any(|four| four == b"AAAA")
}

#[cfg(test)]
mod tests {
    use super::unseen_in;
    use crate::read::ssh_wire::wire_of;
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    fn check(content: &str, reasons: usize) {
        assert_eq!(unseen_in("/keys", content.as_bytes()).len(), reasons, "{content:?}");
    }

    #[test]
    fn what_the_server_may_read_otherwise_is_a_reason() {
        let key = format!("ssh-ed25519 {}", STANDARD.encode(wire_of(&[b"ssh-ed25519", &[7; 32]])));
        let rsa = |exponent: &[u8]| {
            let modulus = [[0x41].as_slice(), &[9; 255]].concat();
            format!("ssh-rsa {} x", STANDARD.encode(wire_of(&[b"ssh-rsa", exponent, &modulus])))
        };
        check(
            &format!("# a remark\n\n{key} one\nrestrict,from=\"10.0.0.1\" {key} two\n{}\n", rsa(&[1, 0, 1])),
            0,
        );
        check(&format!("cert-authority {key} authority\n"), 1);
        check(&format!("{}\n", rsa(&[0, 1, 0, 1])), 1);
        check("ssh-ed25519 AAAA\0BBBB x\n", 1);
        check("ssh-ed25519 A\u{b}AAABBBB x\n", 1);
        check("no key at all \u{fffd}\n", 0);
        check(&format!("environment=\"A={}\" {key}\n", "x".repeat(70_000)), 1);
    }
}
