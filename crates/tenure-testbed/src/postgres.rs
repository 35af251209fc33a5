//! A private PostgreSQL primary.
//!
//! Password authentication (SCRAM) over loopback TCP; no Unix socket. `fsync` is off: these servers are
//! for truth about behaviour, not about durability or speed on a real disk. Never holds anything a test
//! did not put there.

use std::path::PathBuf;

use anyhow::{Context, Result};
use rustix::process::Signal;

use crate::cluster::Cluster;
use crate::home::write_private;
use crate::psql::{PsqlFailed, quote_identifier};
use crate::template::{SUPERUSER, Template};

/// How a private PostgreSQL is to be set up. `PostgresOptions::default()` suits most tests.
#[derive(Debug, Clone)]
pub struct PostgresOptions {
    /// Lines for `pg_hba.conf`, before the ones that let everybody in by password from 127.0.0.1.
    pub hba_lines: Vec<String>,
    /// Names and values for `postgresql.conf`, after ours, so that they win.
    pub settings: Vec<(String, String)>,
    /// Files to place in the data directory, readable by the server's account only (a TLS key, say).
    pub data_files: Vec<(String, Vec<u8>)>,
    /// The server's `max_connections`.
    pub max_connections: u32,
}

impl Default for PostgresOptions {
    fn default() -> Self {
        PostgresOptions {
            hba_lines: Vec::new(),
            settings: Vec::new(),
            data_files: Vec::new(),
            max_connections: 60,
        }
    }
}

/// Settings of every private server. Small WAL and memory keep the copy and the start short; the last
/// three let a replica fall behind, come back and follow at once.
const SETTINGS: [(&str, &str); 16] = [
    ("listen_addresses", "127.0.0.1"),
    ("unix_socket_directories", ""),
    ("fsync", "off"),
    ("full_page_writes", "off"),
    ("shared_buffers", "32MB"),
    ("min_wal_size", "4MB"),
    ("lc_messages", "C"),
    ("log_timezone", "UTC"),
    ("timezone", "UTC"),
    ("max_prepared_transactions", "8"),
    ("wal_level", "replica"),
    ("max_wal_senders", "8"),
    ("max_replication_slots", "8"),
    ("hot_standby", "on"),
    ("wal_keep_size", "256MB"),
    ("wal_retrieve_retry_interval", "100ms"),
];

/// `pg_hba.conf` after the lines a test prepends.
const HBA: &str =
    "host all all 127.0.0.1/32 scram-sha-256\nhost replication all 127.0.0.1/32 scram-sha-256\n";

/// A running (or stopped) private PostgreSQL. Dropping it ends the server and removes its directory.
#[derive(Debug)]
pub struct Postgres {
    pub(crate) cluster: Cluster,
}

impl Postgres {
    /// Sets up and starts a server; returns when it accepts connections. Takes a few tenths of a second,
    /// and a second more the first time on a machine.
    pub fn start(options: &PostgresOptions) -> Result<Postgres> {
        let mut cluster = Cluster::prepare("postgres")?;
        let account = cluster.server.account;
        let template = Template::open(&cluster.folder, &account)?;
        cluster.password.clone_from(&template.password);
        let data = cluster.data();
        template.copy_to(&data, &account)?;
        write_private(&data.join("postgresql.conf"), configuration(options).as_bytes(), &account)?;
        write_private(&data.join("pg_hba.conf"), hba(&options.hba_lines).as_bytes(), &account)?;
        for (name, contents) in &options.data_files {
            write_private(&data.join(name), contents, &account)?;
        }
        cluster.start()?;
        Ok(Postgres { cluster })
    }

    /// The TCP port on 127.0.0.1; stays the same over restarts.
    pub fn port(&self) -> u16 {
        self.cluster.port
    }

    /// The superuser's name.
    pub fn superuser(&self) -> &'static str {
        SUPERUSER
    }

    /// The superuser's password.
    pub fn password(&self) -> &str {
        &self.cluster.password
    }

    /// `postgresql://superuser@127.0.0.1:port/database`, without the password.
    pub fn url(&self, database: &str) -> String {
        self.cluster.url(database)
    }

    /// Runs a script as superuser: rows unaligned, `|` between columns, line feeds between rows.
    pub fn sql(&self, database: &str, sql: &str) -> Result<String> {
        self.cluster.sql(database, sql)
    }

    /// Runs a script as somebody else; a refusal is a value to look at.
    pub fn sql_as(
        &self,
        user: &str,
        password: &str,
        database: &str,
        sql: &str,
    ) -> Result<String, PsqlFailed> {
        self.cluster.sql_as(user, password, database, sql)
    }

    /// Creates an empty database of any name.
    pub fn create_database(&self, name: &str) -> Result<()> {
        self.sql("postgres", &format!("CREATE DATABASE {}", quote_identifier(name))).map(drop)
    }

    /// Replaces the prepended lines of `pg_hba.conf` and makes the server read them. New connections see
    /// them once the server has handled the signal: wait for the effect.
    pub fn set_hba_lines(&self, lines: &[String]) -> Result<()> {
        let account = self.cluster.server.account;
        write_private(&self.cluster.data().join("pg_hba.conf"), hba(lines).as_bytes(), &account)?;
        self.reload()
    }

    /// Makes the server read its configuration files again (SIGHUP).
    pub fn reload(&self) -> Result<()> {
        self.cluster.server.signal(Signal::HUP)
    }

    /// Fast shutdown: open sessions end, data is written. Connections are refused afterwards.
    pub fn stop(&self) -> Result<()> {
        self.cluster.stop()
    }

    /// SIGKILL for every process of the server.
    pub fn kill9(&self) -> Result<()> {
        self.cluster.server.kill9()
    }

    /// Stops the server if it runs, and starts it again on the same data and port.
    pub fn restart(&self) -> Result<()> {
        self.cluster.restart()
    }

    /// Stops every process of the server where it stands: connections hang, nothing is refused. Children
    /// that end meanwhile are not waited for; call [`Postgres::resume`] to go on.
    pub fn pause(&self) -> Result<()> {
        self.cluster.server.pause()
    }

    /// Lets a paused server go on.
    pub fn resume(&self) -> Result<()> {
        self.cluster.server.resume()
    }

    /// The postmaster's process id.
    pub fn pid(&self) -> Result<u32> {
        self.cluster.pid()
    }

    /// The data directory.
    pub fn data_dir(&self) -> PathBuf {
        self.cluster.data()
    }

    /// Everything the server has logged so far.
    pub fn log(&self) -> Result<String> {
        self.cluster.server.log().context("the server's log")
    }
}

fn configuration(options: &PostgresOptions) -> String {
    let ours = SETTINGS.iter().map(|(name, value)| setting(name, value));
    let connections = setting("max_connections", &options.max_connections.to_string());
    let theirs = options.settings.iter().map(|(name, value)| setting(name, value));
    ours.chain([connections]).chain(theirs).collect()
}

/// One line of `postgresql.conf` (PostgreSQL manual, section "Parameter Interaction via the Configuration File").
fn setting(name: &str, value: &str) -> String {
    format!("{name} = '{}'\n", value.replace('\\', "\\\\").replace('\'', "''"))
}

fn hba(lines: &[String]) -> String {
    lines.iter().flat_map(|line| [line.as_str(), "\n"]).chain([HBA]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tests_own_settings_come_last_and_are_quoted() {
        let options = PostgresOptions {
            settings: vec![("log_line_prefix".to_owned(), "it's \\ ".to_owned())],
            ..PostgresOptions::default()
        };
        let text = configuration(&options);
        assert!(text.contains("max_connections = '60'\n"));
        assert!(text.ends_with("log_line_prefix = 'it''s \\\\ '\n"), "{text}");
    }

    #[test]
    fn prepended_access_rules_come_first() {
        let text = hba(&["host all guest 127.0.0.1/32 trust".to_owned()]);
        assert!(text.starts_with("host all guest 127.0.0.1/32 trust\nhost all all "));
    }
}
