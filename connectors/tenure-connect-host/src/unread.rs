//! Why something was not read.
//!
//! Each variant is one reason a person can act on. None may quote content. Next: `open.rs`, `walk.rs`.

use crate::place::Place;

/// What a file is, when it is not a regular file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Special {
    /// A directory where a file was expected.
    Directory,
    /// A named pipe.
    Fifo,
    /// A socket.
    Socket,
    /// A block or character device.
    Device,
    /// Something the system does not name.
    Unnamed,
}

impl Special {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Directory => "a directory",
            Self::Fifo => "a named pipe",
            Self::Socket => "a socket",
            Self::Device => "a device",
            Self::Unnamed => "of a kind the system does not name",
        }
    }
}

impl core::fmt::Display for Special {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.pad(self.as_str())
    }
}

/// Which limit of a reading was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Spent {
    /// `time_max`.
    Time,
    /// `entries_max`.
    Entries,
    /// `directory_entries_max`.
    DirectoryEntries,
    /// `depth_max`.
    Depth,
    /// `files_max`.
    Files,
    /// `bytes_max`.
    Bytes,
    /// `home_entries_max`.
    HomeEntries,
    /// `home_files_max`.
    HomeFiles,
    /// `file_secrets_max`.
    FileSecrets,
    /// `things_max`.
    Things,
    /// No limit: the connection to another machine was lost, and with it the rest of the reading.
    Connection,
}

impl Spent {
    /// The name of the limit, as in `Limits`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Time => "time_max",
            Self::Entries => "entries_max",
            Self::DirectoryEntries => "directory_entries_max",
            Self::Depth => "depth_max",
            Self::Files => "files_max",
            Self::Bytes => "bytes_max",
            Self::HomeEntries => "home_entries_max",
            Self::HomeFiles => "home_files_max",
            Self::FileSecrets => "file_secrets_max",
            Self::Things => "things_max",
            Self::Connection => "connection",
        }
    }
}

impl Spent {
    /// What happened, as a sentence.
    pub(crate) fn sentence(self) -> String {
        match self {
            Self::Connection => String::from("the connection to the machine was lost"),
            limit => format!("the limit `{limit}` of this reading was reached"),
        }
    }
}

impl core::fmt::Display for Spent {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.pad(self.as_str())
    }
}

/// Why a place was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
pub enum Unread {
    /// There is nothing of this name. Not reported for places that are only looked for.
    #[error("it is not there")]
    Absent,
    /// Our account may not.
    #[error("our account may not read it")]
    NotPermitted,
    /// It is, or the way to it leads through, a symbolic link.
    #[error("a symbolic link is on the way, and links are not followed")]
    Link,
    /// The root of a source is one, or one that somebody else could have put there leads to it.
    #[error(
        "it is a symbolic link, or reached through one that others could have put there; such links are not followed: give \
         the source the directory itself, and read it again (tenure survey)"
    )]
    RootIsLink,
    /// It is not a regular file.
    #[error("it is {0}, not a regular file")]
    NotRegular(Special),
    /// It is not a directory.
    #[error("it is not a directory")]
    NotADirectory,
    /// It is larger than `file_bytes_max`.
    #[error("it has {bytes} bytes; files above {bytes_max} are not read")]
    TooLarge {
        /// Its size.
        bytes: u64,
        /// The limit.
        bytes_max: u64,
    },
    /// It is on a file system that is not entered.
    #[error("it is on a file system that is not entered")]
    OtherFileSystem,
    /// Between looking and opening, something else was put in its place.
    #[error("it was replaced while it was being opened")]
    Replaced,
    /// A limit of the reading was reached.
    #[error("{}", .0.sentence())]
    Limit(Spent),
    /// Its content is not what its place says it is, as a whole.
    #[error("its content is not in the format its place says")]
    Format,
    /// The system said something else: an error number of its own.
    #[error("the system refused with error number {0}")]
    System(i32),
    /// Another machine said something else: a status of SFTP.
    #[error("the machine refused with SFTP status {0}")]
    RefusedByServer(u32),
}

/// A place that was not read, and why.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct NotRead {
    /// Where.
    pub place: Place,
    /// Why.
    pub why: Unread,
}

impl core::fmt::Display for NotRead {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}: {}", self.place, self.why)
    }
}

/// From the system's error number to a reason.
pub(crate) fn from_errno(errno: rustix::io::Errno) -> Unread {
    use rustix::io::Errno;
    match errno {
        Errno::NOENT | Errno::NAMETOOLONG => Unread::Absent,
        Errno::ACCESS | Errno::PERM => Unread::NotPermitted,
        Errno::LOOP => Unread::Link,
        Errno::NOTDIR => Unread::NotADirectory,
        Errno::XDEV => Unread::OtherFileSystem,
        Errno::NXIO | Errno::NODEV => Unread::NotRegular(Special::Unnamed),
        other => Unread::System(other.raw_os_error()),
    }
}
