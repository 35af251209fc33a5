//! Making the unix socket: private from its first moment, and never over a server that answers.
//!
//! A socket left by a process that was killed is replaced. The directory is private (0700), so
//! nobody else can put something in its place in between.

use super::ServeFailed;
use rustix::fs::{Mode, chmod};
use std::{
    os::unix::net::{UnixListener as StdListener, UnixStream},
    path::Path,
};
use tokio::net::UnixListener;

/// Bytes of a socket's path, at most (`sun_path` with its final zero, unix(7)).
const PATH_BYTES_MAX: usize = 107;

/// Makes and listens on the socket at `path`.
pub(super) fn bind(path: &Path) -> Result<UnixListener, ServeFailed> {
    let shown = || path.display().to_string();
    let failed = |source| ServeFailed::Socket { path: shown(), source };
    if path.as_os_str().len() > PATH_BYTES_MAX {
        let why = format!("its path is longer than {PATH_BYTES_MAX} bytes; use a shorter data directory");
        return Err(failed(std::io::Error::new(std::io::ErrorKind::InvalidInput, why)));
    }
    if UnixStream::connect(path).is_ok() {
        return Err(ServeFailed::SocketInUse { path: shown() });
    }
    match std::fs::remove_file(path) {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(failed(error)),
    }
    let listener = StdListener::bind(path).map_err(failed)?;
    chmod(path, Mode::RUSR | Mode::WUSR).map_err(|error| failed(error.into()))?;
    listener.set_nonblocking(true).map_err(failed)?;
    UnixListener::from_std(listener).map_err(failed)
}
