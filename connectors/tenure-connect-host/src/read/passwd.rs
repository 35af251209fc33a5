//! `passwd`: the accounts of a machine (passwd(5)).
//!
//! A password in this file, as systems of old kept it, comes out as a `Secret` only. Next: `shadow.rs`.

use super::shadow::{ShadowEntry, StoredPassword, stored_password};
use super::{LineFault, Parsed, id, lines};
use crate::item::{Item, ThingKind};
use crate::place::shown;

/// Accounts with a user id below this one are the system's own (`UID_MIN` of login.defs on Linux).
pub const PEOPLE_UID_MIN: u32 = 1_000;
/// Shells that let nobody in.
const NO_LOGIN: [&str; 4] = ["nologin", "false", "sync", "true"];

/// An account.
#[derive(Debug)]
pub struct Account {
    /// Its name.
    pub name: Vec<u8>,
    /// Its user id.
    pub uid: u32,
    /// Its primary group.
    pub gid: u32,
    /// What the file says about it.
    pub comment: Vec<u8>,
    /// Its home directory, as a path on that machine.
    pub home: Vec<u8>,
    /// The program it starts with.
    pub shell: Vec<u8>,
    /// What stands in the place of the password.
    pub password: StoredPassword,
    /// The line it stands on.
    pub line: u32,
}

impl Account {
    /// Whether its shell lets somebody work.
    pub fn has_login_shell(&self) -> bool {
        let name = self.shell.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
        // An empty field means /bin/sh (passwd(5)).
        !NO_LOGIN.iter().any(|shell| shell.as_bytes() == name)
    }

    /// As an item.
    pub fn item(&self) -> Item {
        Item::new(ThingKind::Account, &shown(&self.name))
            .at_line(self.line)
            .number("uid", i64::from(self.uid))
            .number("gid", i64::from(self.gid))
            .text("comment", &shown(&self.comment))
            .text("home", &shown(&self.home))
            .text("shell", &shown(&self.shell))
            .flag("login_shell", self.has_login_shell())
            .flag("system_range", self.uid != 0 && self.uid < PEOPLE_UID_MIN)
    }
}

/// A password kept in `passwd` itself, as an item; `None` where it is in `shadow` or locked.
pub fn password_in_clear_sight(account: Account) -> Option<Item> {
    let entry = ShadowEntry {
        name: account.name,
        password: account.password,
        changed_days: None,
        age_days_max: None,
        ends_days: None,
        line: account.line,
    };
    entry.into_item()
}

/// Reads the accounts. Comments and lines for other databases (`+`, `-`) are passed over.
pub fn read(bytes: &[u8]) -> Parsed<Account> {
    let mut parsed = Parsed::default();
    for (line, content) in lines(bytes) {
        match content {
            Ok(content) if is_passed_over(content) => {}
            Ok(content) => parsed.keep(line, account(content, line)),
            Err(why) => parsed.skip(line, why),
        }
    }
    parsed
}

fn is_passed_over(line: &[u8]) -> bool {
    line.trim_ascii().is_empty() || line.first().is_some_and(|byte| matches!(byte, b'#' | b'+' | b'-'))
}

fn account(line: &[u8], number_of_line: u32) -> Result<Account, LineFault> {
    let mut parts = line.split(|byte| *byte == b':');
    let mut next = || parts.next().ok_or(LineFault::PartMissing);
    let name = next()?;
    let password = stored_password(next()?);
    let uid = id(next()?)?;
    let gid = id(next()?)?;
    let (comment, home, shell) = (next()?, next()?, next()?);
    if name.is_empty() {
        return Err(LineFault::PartMissing);
    }
    if parts.next().is_some() {
        return Err(LineFault::Format);
    }
    Ok(Account {
        name: name.to_vec(),
        uid,
        gid,
        comment: comment.to_vec(),
        home: home.to_vec(),
        shell: shell.to_vec(),
        password,
        line: number_of_line,
    })
}

#[cfg(test)]
mod tests {
    use super::read;
    use core::fmt::Write as _;

    #[test]
    fn accounts_are_read_and_broken_lines_are_said() {
        let parsed = read(
            b"root:x:0:0:root:/srv/root:/bin/bash\n# note\n\n+nis::::::\netl:x:998:998:nightly load,,,:/srv/etl:/usr/sbin/nologin\n\
              half:x:1\nbad:x:one:1::/:/bin/sh\n:x:1:1::/:\nmany:x:1:1:a:b:c:d\nempty::7:7:::\n",
        );
        let mut said = String::new();
        for account in &parsed.things {
            let item = account.item();
            let _ = writeln!(said, "{item} {:?} login {}", account.password, account.has_login_shell());
        }
        for skipped in &parsed.skipped {
            let _ = writeln!(said, "{skipped}");
        }
        insta::assert_snapshot!("accounts", said);
    }

    #[test]
    fn the_largest_number_is_nobodys() {
        let parsed = read(b"odd:x:4294967295:1::/:/bin/sh\nodder:x:1:4294967295::/:/bin/sh\nlast:x:4294967294:1::/:/bin/sh\n");
        let names: Vec<&[u8]> = parsed.things.iter().map(|account| account.name.as_slice()).collect();
        assert_eq!((names, parsed.skipped.len()), (vec![b"last".as_slice()], 2));
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_fail(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..400)) {
            let parsed = read(&bytes);
            let lines = bytes.split(|byte| *byte == b'\n').count();
            assert!(parsed.things.len() + parsed.skipped.len() <= lines);
        }

        #[test]
        fn what_is_written_is_read(name in "[a-z][a-z0-9]{0,8}", uid in 0..u32::MAX, home in "/[a-z/]{0,9}") {
            let parsed = read(format!("{name}:x:{uid}:1:c:{home}:/bin/sh").as_bytes());
            let account = &parsed.things[0];
            assert_eq!((account.name.as_slice(), account.uid), (name.as_bytes(), uid));
            assert_eq!(account.home, home.as_bytes());
        }
    }
}
