//! The test bed: private PostgreSQL, streaming replicas, PgBouncers and SSH servers for tests and demonstrations.
//!
//! Every server lives in its own temporary directory, listens on loopback only, and is ended by its own
//! process id. This room must never touch a server it did not start, never use a fixed port, never leave
//! a process behind a killed test (a watcher per server sees to that), and never be linked into the
//! product: it is a dev-dependency, except for `xtask`, which starts it for people.
//!
//! Start at [`Postgres::start`]; [`needs!`] decides whether a test may run; `leftovers.rs` cleans up.

mod account;
mod certificate;
mod chat;
mod cluster;
mod home;
mod ldap;
mod leftovers;
mod oidc;
mod pgbouncer;
mod port;
mod postgres;
mod process;
mod programs;
mod psql;
mod python_server;
mod replica;
mod scim;
mod server;
mod smtp;
mod sshd;
mod syslog;
mod template;
mod wait;
mod watcher;
mod webhook;

pub use certificate::Certificate;
pub use chat::{ChatBehaviour, ChatReceiver};
pub use ldap::{LdapOptions, LdapServer};
pub use leftovers::sweep_leftovers;
pub use oidc::OidcProvider;
pub use pgbouncer::{PgBouncer, PgBouncerAuth, PgBouncerOptions, PoolMode};
pub use postgres::{Postgres, PostgresOptions};
pub use programs::{
    Availability, MUST_RUN, chromium_available, chromium_program, console_walk, journal_available,
    journal_remote_program, ldap_available, node_program, oidc_available, oidc_folder, pgbouncer_available,
    postgres_available, python_program, ready_to_run, rsyslog_available, scim_available, scim_folder,
    scim_program, smtp_available, smtp_folder, smtp_program, sshd_available, webhook_available,
    webhook_folder, webhook_program,
};
pub use psql::{PsqlFailed, quote_identifier, quote_literal};
pub use replica::Replica;
pub use scim::{ScimVerdict, test_scim};
pub use smtp::{SmtpBehaviour, SmtpServer};
pub use sshd::{SshKey, SshSession, Sshd, SshdOptions};
pub use syslog::SyslogServer;
pub use webhook::{WebhookBehaviour, WebhookReceiver};
