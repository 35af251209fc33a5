//! The host: what a machine's files say about its non-human identities.
//!
//! This room reads files below a root and, on a recorded intent only, takes a key out of an `authorized_keys` file or
//! puts it back, ends the sessions it opened, and changes the mode of a file. It must never execute, write anything else, follow a link, wait for a pipe, judge, store, or hand out a
//! secret value: a value becomes a fingerprint through the caller's callback and is gone. It asks the machine's own SSH
//! server whether it would take a key, and nobody else anything. Begin with `survey.rs` (one reading), `act.rs`, then `catalogue.rs` (which place means
//! what), `open.rs` (the only place that opens files) and `read/` (bytes to facts, pure). README.md says
//! what is read and how that looks to endpoint protection.

mod act;
mod awaited;
mod blast;
mod blast_file;
pub mod catalogue;
mod config;
mod connector;
mod files;
mod found;
mod item;
mod journals;
mod limits;
mod local;
mod machine_id;
mod map;
mod marks;
mod observe;
mod open;
mod place;
mod probe;
mod processes;
pub mod read;
mod remote;
mod sessions;
mod source;
mod survey;
mod unread;
mod uses;
mod vendor;
mod walk;

pub use config::{FILE_SYSTEMS, HOME_ENTRIES_MAX, PROCESSES, SECONDS_MAX, SSHD};
pub use connector::{HostConnector, MANIFEST};
pub use files::{FileContent, Files};
pub use found::{Found, FoundMark, Reading, STORED_HASH_DOMAIN, SkippedLine, VALUE_DOMAIN};
pub use item::{Item, Mark, Problem, ThingKind};
pub use limits::{Budget, FileSystems, Limits};
pub use open::{Directory, FileFacts, ReadFile, Root, Way};
pub use place::Place;
pub use remote::{BYTES_MAX, HOST_KEY, KEY_FILE, OPENS_MAX, REMOTE_MANIFEST, RemoteConnector};
pub use survey::{Asked, survey_root};
pub use unread::{NotRead, Special, Spent, Unread};
pub use vendor::{Vendor, vendor_of};
pub use walk::{Entry, EntryKind, Listed, Onward, list, walk};
