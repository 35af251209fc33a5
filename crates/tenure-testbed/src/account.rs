//! The account that private servers run as.
//!
//! PostgreSQL and PgBouncer refuse to run as root. When the tests run as root, servers run as `postgres`
//! (or `nobody`), and their directories belong to that account; otherwise they run as whoever runs the
//! tests. Never changes the account of the test process itself.

use std::fs;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

/// Accounts tried in order when the tests run as root.
const UNPRIVILEGED: [&str; 2] = ["postgres", "nobody"];

/// Whom servers run as: `switch` is `None` when that is the caller.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Account {
    /// The user id the servers' processes and files have.
    pub(crate) user_id: u32,
    switch: Option<(u32, u32)>,
}

impl Account {
    /// Picks the account from who is asking and from `/etc/passwd`.
    pub(crate) fn choose() -> Result<Account> {
        let user_id = rustix::process::geteuid().as_raw();
        if user_id != 0 {
            return Ok(Account { user_id, switch: None });
        }
        let accounts = fs::read_to_string("/etc/passwd").context("reading /etc/passwd")?;
        let found = UNPRIVILEGED.iter().find_map(|name| entry(&accounts, name));
        let Some((user_id, group_id)) = found else {
            bail!("running as root, and neither of the accounts {UNPRIVILEGED:?} exists to run servers as")
        };
        Ok(Account { user_id, switch: Some((user_id, group_id)) })
    }

    /// A command that will run as this account.
    pub(crate) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        if let Some((user_id, group_id)) = self.switch {
            command.uid(user_id).gid(group_id);
        }
        command.current_dir("/");
        command
    }

    /// Gives one file or directory to this account.
    pub(crate) fn give(&self, path: &Path) -> Result<()> {
        let Some((user_id, group_id)) = self.switch else { return Ok(()) };
        chown(path, Some(user_id), Some(group_id)).with_context(|| format!("chown of {}", path.display()))
    }
}

/// User and group id of `name` in the text of a passwd file.
fn entry(accounts: &str, name: &str) -> Option<(u32, u32)> {
    accounts.lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next()? == name).then_some(())?;
        let user_id = fields.nth(1)?.parse().ok()?;
        let group_id = fields.next()?.parse().ok()?;
        Some((user_id, group_id))
    })
}

#[cfg(test)]
mod tests {
    use super::entry;

    #[test]
    fn an_account_is_found_by_its_whole_name() {
        let accounts = "root:x:0:0:root:/root:/bin/sh\npostgresql:x:7:7::/:\npostgres:x:101:104::/:\n";
        assert_eq!(entry(accounts, "postgres"), Some((101, 104)));
        assert_eq!(entry(accounts, "nobody"), None);
        assert_eq!(entry("broken:x:a:b", "broken"), None);
    }
}
