//! Readers: bytes in, typed facts out. Pure: no file, no clock, no randomness; whatever the bytes are, an
//! answer in time linear in their number. A reader says of each line it could not use why; it never quotes
//! the line.

pub mod access_list;
pub mod assistants;
pub mod authorized_keys;
pub mod aws;
pub mod azure;
pub mod cargo;
pub mod certificate;
pub mod codeowners;
pub mod cron;
mod der;
pub mod docker;
pub mod environment;
pub(crate) mod federation;
pub mod gcloud;
pub mod git;
pub mod git_credentials;
pub mod group;
mod ini;
pub mod journal;
pub mod kubeconfig;
pub mod lastlog;
pub mod launchd;
mod lines;
pub mod my_cnf;
pub mod netrc;
pub mod npmrc;
pub mod passwd;
mod pem;
pub mod pgpass;
mod plist;
pub mod private_key;
pub mod pypirc;
mod scanned;
mod secret_name;
pub mod shadow;
pub(crate) mod ssh_wire;
pub mod sshd_config;
pub mod sshd_log;
pub mod systemd;
pub mod token_files;
mod tree;
pub mod wtmp;

pub(crate) use lines::{LINE_BYTES_MAX, id, lines, number, trimmed};
pub use lines::{LineFault, Parsed, Skipped};
pub(crate) use scanned::looks_like;
