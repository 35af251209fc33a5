//! The directory tree of the test bed under the system's temporary directory.
//!
//! `tenure-testbed-<user id>/` holds the cached cluster templates and one directory per running server. A
//! server directory's *name* carries its owner (`<kind>-<pid>-<start ticks>-<random>`), so that there is
//! no moment at which a directory exists and nobody can tell whose it is. Never follows a link another
//! user put in its place.

use std::fmt::Write as _;
use std::fs::{self, DirBuilder, File};
use std::io::Read;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use crate::account::Account;
use crate::process;

/// Who owns a server directory: a process id and that process's start, in ticks since boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Owner {
    pub(crate) pid: u32,
    pub(crate) start_ticks: u64,
}

impl Owner {
    /// The calling process.
    pub(crate) fn this_process() -> Result<Owner> {
        let pid = std::process::id();
        let start_ticks = process::start_ticks(pid).context("this system has no /proc to read")?;
        Ok(Owner { pid, start_ticks })
    }

    /// The owner written in a server directory's name; `None` if the name is not one of ours.
    pub(crate) fn of_directory(name: &str) -> Option<Owner> {
        let mut parts = name.split('-');
        let kind = parts.next()?;
        let pid = parts.next()?.parse().ok()?;
        let start_ticks = parts.next()?.parse().ok()?;
        let random = parts.next()?;
        let ours = KINDS.contains(&kind) && !random.is_empty() && parts.next().is_none();
        ours.then_some(Owner { pid, start_ticks })
    }

    /// Whether that very process still runs.
    pub(crate) fn is_alive(self) -> bool {
        process::is_alive(self.pid) && process::start_ticks(self.pid) == Some(self.start_ticks)
    }
}

/// What server directories are made for.
const KINDS: [&str; 6] = ["postgres", "replica", "pgbouncer", "sshd", "rsyslog", "slapd"];

/// The root of the tree, made if needed. Traversable by the servers' account, listable only by us.
pub(crate) fn root() -> Result<PathBuf> {
    let user_id = rustix::process::geteuid().as_raw();
    let root = std::env::temp_dir().join(format!("tenure-testbed-{user_id}"));
    match DirBuilder::new().mode(0o711).create(&root) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
            return Err(error).with_context(|| format!("creating {}", root.display()));
        }
        _ => {}
    }
    let seen = fs::symlink_metadata(&root).with_context(|| format!("looking at {}", root.display()))?;
    if !seen.is_dir() || seen.uid() != user_id {
        bail!("{} is not a directory of this user: remove it and try again", root.display());
    }
    Ok(root)
}

/// A new directory for one server, given to `account`.
pub(crate) fn server_directory(kind: &'static str, account: &Account) -> Result<TempDir> {
    debug_assert!(KINDS.contains(&kind), "a directory of this kind would never be swept");
    let owner = Owner::this_process()?;
    let directory = tempfile::Builder::new()
        .prefix(&format!("{kind}-{}-{}-", owner.pid, owner.start_ticks))
        .rand_bytes(8)
        .tempdir_in(root()?)
        .context("creating a server directory")?;
    account.give(directory.path())?;
    Ok(directory)
}

/// Writes a file only its owner may read, and gives it to `account`. The file appears whole, as a new
/// file: PgBouncer takes one rewritten in place, within a second and with the same length, for unchanged.
pub(crate) fn write_private(path: &Path, contents: &[u8], account: &Account) -> Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt;
    let fresh = path.with_added_extension("new");
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&fresh)
        .with_context(|| format!("creating {}", fresh.display()))?;
    file.write_all(contents).with_context(|| format!("writing {}", fresh.display()))?;
    account.give(&fresh)?;
    fs::rename(&fresh, path).with_context(|| format!("naming {}", path.display()))
}

/// `count` random bytes in hexadecimal, from the kernel.
pub(crate) fn random_hex(count: usize) -> Result<String> {
    let mut bytes = vec![0; count];
    File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut bytes)).context("/dev/urandom")?;
    Ok(bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_directory_names_its_owner_and_foreign_names_have_none() {
        let own = Owner { pid: 12, start_ticks: 345 };
        assert_eq!(Owner::of_directory("postgres-12-345-aBcD0123"), Some(own));
        for foreign in
            ["template-15", "postgres-12-345", "postgres-x-345-a", "mysql-1-2-a", "postgres-1-2-a-b"]
        {
            assert_eq!(Owner::of_directory(foreign), None, "{foreign}");
        }
    }

    #[test]
    fn an_owner_with_a_reused_process_id_is_not_alive() {
        let own = Owner::this_process().unwrap();
        assert!(own.is_alive());
        assert!(!Owner { start_ticks: own.start_ticks + 1, ..own }.is_alive());
    }
}
