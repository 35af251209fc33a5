//! Whether a line of authorised keys is a way in at all, for somebody who has to administer the machine.
//!
//! Not one: an end that has come, addresses that nobody comes from, a forced command that only ends. In doubt about
//! an end a line is none, and about a command it is one: what is listed here is certain. This file must never decide
//! what becomes of a line. Next: `blast.rs`, which asks whether another way in is left.

use crate::place::shown;
use crate::read::authorized_keys::{AuthorizedKey, expiry};
use std::time::Duration;
use tenure_model::Instant;

/// Programs that give no session, by the last part of their path. A command made of nothing else is no way in.
const ENDING: [&str; 9] = ["false", "true", "nologin", "exit", "logout", ":", "echo", "printf", "sleep"];
/// Addresses from which only the machine itself comes, or nobody.
const NOBODYS: [&str; 6] = ["localhost", "127.0.0.1", "127.0.0.0/8", "::1", "0.0.0.0", "::"];
/// An end without `Z` is by the server's own clock, which may be this far from UTC.
const ZONE_MAX: Duration = Duration::from_hours(14);

/// True when the key lets somebody in who can then do something.
pub(crate) fn is_way_in(key: &AuthorizedKey, now: Instant) -> bool {
    !(key.has("cert-authority") || is_over(key, now) || is_from_nowhere(key) || only_ends(key))
}

/// Its end has come, may have come, or cannot be read, in which case the server refuses the line.
fn is_over(key: &AuthorizedKey, now: Instant) -> bool {
    let ends = key.options.iter().filter(|option| option.name == "expiry-time");
    ends.map(|option| shown(option.value.as_deref().unwrap_or_default())).any(|written| {
        let early = if written.ends_with('Z') { Duration::ZERO } else { ZONE_MAX };
        expiry(&written).is_none_or(|end| end.minus(early) <= now)
    })
}

/// No address is let in: none is named, or one that matches every address is forbidden (ssh_config(5), PATTERNS).
fn is_from_nowhere(key: &AuthorizedKey) -> bool {
    let mut froms = key.options.iter().filter(|option| option.name == "from");
    let Some(from) = froms.next() else { return false };
    let from = shown(from.value.as_deref().unwrap_or_default());
    let patterns: Vec<&str> = from.split(',').map(str::trim).filter(|one| !one.is_empty()).collect();
    let forbids = |what: &str| patterns.iter().any(|one| one.strip_prefix('!') == Some(what));
    let anybody = patterns.iter().any(|one| !one.starts_with('!') && !NOBODYS.contains(one));
    // Two `from` in one line are refused by the server (auth-options.c).
    froms.next().is_some() || !anybody || forbids("*") || (forbids("0.0.0.0/0") && forbids("::/0"))
}

/// The forced command does nothing but end, as those do that tell people to log in as somebody else.
fn only_ends(key: &AuthorizedKey) -> bool {
    let commands = key.options.iter().filter(|option| option.name == "command");
    commands.map(|option| shown(option.value.as_deref().unwrap_or_default())).any(|command| ends(&command))
}

fn ends(command: &str) -> bool {
    // What the shell puts in may be anything.
    !command.contains(['`', '$', '<', '(', '{', '\\'])
        && parts(command).iter().all(|part| {
            let mut words = part.split_ascii_whitespace().map(|word| word.trim_matches(['"', '\'']));
            let first = words.find(|word| *word != "exec").unwrap_or_default();
            let program = first.rsplit('/').next().unwrap_or_default();
            program.is_empty() || ENDING.contains(&program)
        })
}

/// The simple commands of a line, split where no quotes are open.
fn parts(command: &str) -> Vec<String> {
    let (mut parts, mut quoted) = (vec![String::new()], None);
    for letter in command.chars() {
        match (letter, quoted) {
            (';' | '&' | '|' | '\n', None) => parts.push(String::new()),
            (mark @ ('"' | '\''), None) => quoted = Some(mark),
            (mark, Some(open)) if mark == open => quoted = None,
            // What stands in quotes is a word, whatever is in it.
            (letter, _) => {
                if let Some(last) = parts.last_mut() {
                    last.push(letter);
                }
            }
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::is_way_in;
    use crate::read::authorized_keys::read;
    use crate::read::ssh_wire::wire_of;
    use base64::Engine as _;
    use tenure_model::Instant;

    fn is_one(options: &str) -> bool {
        let blob = wire_of(&[b"ssh-ed25519", &[7; 32]]);
        let encoded = base64::engine::general_purpose::STANDARD.encode(blob);
        let line =
            format!("{options}{}ssh-ed25519 {encoded} ann\n", if options.is_empty() { "" } else { " " });
        let parsed = read(line.as_bytes());
        let key = parsed.things.first().unwrap_or_else(|| panic!("{line}"));
        is_way_in(key, Instant::parse("2026-06-01T12:00:00Z").unwrap())
    }

    #[test]
    fn a_key_that_lets_nobody_do_anything_is_no_way_in() {
        for none in [
            "cert-authority",
            r#"expiry-time="20260601""#,
            r#"expiry-time="20260601110000Z""#,
            r#"expiry-time="202606020100""#,
            r#"expiry-time="soon""#,
            r#"from="!*""#,
            r#"from="*,!*""#,
            r#"from="""#,
            r#"from="!10.0.0.1""#,
            r#"from="127.0.0.1,::1""#,
            r#"from="*,!0.0.0.0/0,!::/0""#,
            r#"from="*",from="*""#,
            r#"command="false""#,
            r#"command="/bin/false""#,
            r#"command="/usr/sbin/nologin",no-pty"#,
            r#"command="exec /bin/true""#,
            r#"command="""#,
            r#"restrict,command="echo 'Please login as the user \"ubuntu\" rather than the user \"root\"; bye.';echo;sleep 10;exit 142""#,
        ] {
            assert!(!is_one(none), "{none}");
        }
    }

    #[test]
    fn a_key_that_is_restricted_and_still_opens_the_machine_is_one() {
        for one in [
            "",
            "restrict,pty",
            r#"expiry-time="20260601130000Z""#,
            r#"expiry-time="20260701""#,
            r#"from="10.0.0.0/8""#,
            r#"from="*,!10.0.0.1""#,
            r#"from="127.0.0.1,10.0.0.1""#,
            r#"command="/usr/bin/rescue""#,
            r#"command="echo hi; exec bash""#,
            r#"command="true && bash -l""#,
            r#"command="echo $(bash 1>&2)""#,
            r#"command="falsework""#,
        ] {
            assert!(is_one(one), "{one}");
        }
    }
}
