//! Reading an embedded database where nothing at all can be written: a full disk, a read-only one.
//!
//! For the last resort only (law 1): it must never be used where the store can be opened, and it
//! refuses while another process uses the data directory. Next: `copy.rs`, the ordinary way to read a
//! database that no store has open.

use crate::{StoreFailure, Tx, database::Connection, database::sqlite};
use rusqlite::OpenFlags;
use std::{
    fmt::Write as _,
    fs::{File, TryLockError},
    io::Read as _,
    path::Path,
};

/// Reads the database at `path` in one transaction, writing nothing anywhere, not even beside it.
/// What a crash left in the write-ahead log is seen when its index is still there.
pub fn read_unwritable<T>(
    path: &Path,
    body: impl FnOnce(&mut Tx<'_>) -> Result<T, StoreFailure>,
) -> Result<T, StoreFailure> {
    let _nobody_else = path.parent().map(refuse_while_in_use).transpose()?;
    let flags =
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let failed = |error: &rusqlite::Error| sqlite::sort("read_unwritable", error);
    let connection =
        rusqlite::Connection::open_with_flags(address_of(path), flags).map_err(|error| failed(&error))?;
    connection
        .execute_batch("PRAGMA trusted_schema=OFF; PRAGMA temp_store=MEMORY; BEGIN DEFERRED")
        .map_err(|error| failed(&error))?;
    body(&mut Tx::new("read_unwritable", Connection::Sqlite(&connection)))
}

/// Holds the directory's lock, shared with other readers, as long as the answer lives.
fn refuse_while_in_use(directory: &Path) -> Result<Option<File>, StoreFailure> {
    // No lock file: nobody ever used it, and none can be made here.
    let Ok(mut lock) = File::open(directory.join("lock")) else { return Ok(None) };
    match lock.try_lock_shared() {
        Ok(()) => Ok(Some(lock)),
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            let _ = lock.read_to_string(&mut holder);
            Err(StoreFailure::InUse { pid: holder.trim().parse().unwrap_or(0) })
        }
        // A file system without locks: what is read changes nothing, whoever else is there.
        Err(TryLockError::Error(_)) => Ok(None),
    }
}

/// The database as a URI (sqlite.org/uri.html). With an empty write-ahead log the file is whole and, as
/// nobody else may write, unchanging: SQLite then needs no index beside it, which could not be made.
fn address_of(path: &Path) -> String {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    let is_whole = std::fs::metadata(log).map_or(0, |log| log.len()) == 0;
    let mut address = String::from("file:");
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' => {
                address.push(char::from(*byte));
            }
            other => {
                let _ = write!(address, "%{other:02X}");
            }
        }
    }
    address.push_str(if is_whole { "?immutable=1" } else { "?mode=ro" });
    address
}

#[cfg(test)]
mod tests {
    use super::address_of;

    #[test]
    fn any_path_is_one_address() {
        assert_eq!(
            address_of("/nowhere/a?b#c d%é/x.sqlite".as_ref()),
            "file:/nowhere/a%3Fb%23c%20d%25%C3%A9/x.sqlite?immutable=1"
        );
    }
}
