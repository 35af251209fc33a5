//! What a primary and a replica have in common: a data directory and the server on it.
//!
//! Private to this crate; [`crate::Postgres`] and [`crate::Replica`] are the faces. Knows no roles of
//! servers among each other. Fast shutdown (SIGINT) is `stop`, immediate shutdown (SIGQUIT) is the crash.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use rustix::process::Signal;

use crate::port;
use crate::programs;
use crate::psql::{self, Login, PsqlFailed};
use crate::server::Server;
use crate::template::SUPERUSER;
use crate::wait::{self, PATIENCE};

/// Ports tried before we conclude that it is not the port.
const PORTS_TRIED_MAX: usize = 5;

#[derive(Debug)]
pub(crate) struct Cluster {
    pub(crate) server: Server,
    pub(crate) folder: PathBuf,
    pub(crate) port: u16,
    pub(crate) password: String,
}

/// What one launch led to.
enum Launch {
    Ready,
    PortTaken,
}

impl Cluster {
    /// A directory and no process yet.
    pub(crate) fn prepare(kind: &'static str) -> Result<Cluster> {
        let folder = programs::postgres_folder().context("PostgreSQL is not installed")?;
        let server = Server::prepare(kind, Signal::QUIT, "QUIT")?;
        Ok(Cluster { server, folder, port: 0, password: String::new() })
    }

    /// The first start: finds a port on the way.
    pub(crate) fn start(&mut self) -> Result<()> {
        for _ in 0..PORTS_TRIED_MAX {
            self.port = port::pick()?;
            match self.launch()? {
                Launch::Ready => return Ok(()),
                Launch::PortTaken => {}
            }
        }
        bail!("{PORTS_TRIED_MAX} ports in a row were taken between picking and listening")
    }

    /// A later start, on the same port.
    pub(crate) fn start_again(&self) -> Result<()> {
        match self.launch()? {
            Launch::Ready => Ok(()),
            Launch::PortTaken => bail!("port {} was taken while the server was stopped", self.port),
        }
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.server.directory().join("data")
    }

    pub(crate) fn stop(&self) -> Result<()> {
        self.server.end(Signal::INT)
    }

    pub(crate) fn restart(&self) -> Result<()> {
        self.stop()?;
        self.start_again()
    }

    pub(crate) fn pid(&self) -> Result<u32> {
        self.server.pid().context("the server does not run")
    }

    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgresql://{SUPERUSER}@127.0.0.1:{}/{}", self.port, percent_encode(database))
    }

    pub(crate) fn sql(&self, database: &str, sql: &str) -> Result<String> {
        Ok(self.ask(SUPERUSER, &self.password, database, sql)??)
    }

    pub(crate) fn sql_as(
        &self,
        user: &str,
        password: &str,
        database: &str,
        sql: &str,
    ) -> Result<String, PsqlFailed> {
        let asked = self.ask(user, password, database, sql);
        asked.unwrap_or_else(|error| Err(PsqlFailed { message: format!("psql did not run: {error:#}") }))
    }

    fn ask(
        &self,
        user: &str,
        password: &str,
        database: &str,
        sql: &str,
    ) -> Result<Result<String, PsqlFailed>> {
        psql::run(&self.folder, Login { port: self.port, user, password, database }, sql)
    }

    fn launch(&self) -> Result<Launch> {
        let log_before = self.server.log().map_or(0, |log| log.len());
        let arguments =
            ["-D".to_owned(), path_text(&self.data())?, "-c".to_owned(), format!("port={}", self.port)];
        self.server.launch(&self.folder.join("postgres"), &arguments)?;
        let mut ended = false;
        wait::until("PostgreSQL to be ready", PATIENCE, || {
            ended = self.server.has_ended()?;
            Ok(ended || self.is_ready())
        })?;
        if !ended {
            return Ok(Launch::Ready);
        }
        let log = self.server.log()?;
        let said = log.get(log_before..).unwrap_or_default();
        if said.contains("Address already in use") {
            return Ok(Launch::PortTaken);
        }
        bail!("PostgreSQL did not start: {said}")
    }

    /// The postmaster's own word in line 8 of `postmaster.pid` (`miscadmin.h`, `LOCK_FILE_LINE_PM_STATUS`),
    /// if the file is of the process we started: a killed one leaves its file behind.
    fn is_ready(&self) -> bool {
        let Ok(text) = fs::read_to_string(self.data().join("postmaster.pid")) else { return false };
        let mut lines = text.lines().map(str::trim);
        let pid = lines.next().and_then(|line| line.parse().ok());
        pid.is_some() && pid == self.server.pid() && lines.nth(6) == Some("ready")
    }
}

/// A path as an argument; our own directories are plain ASCII unless the temporary directory is not.
pub(crate) fn path_text(path: &Path) -> Result<String> {
    path.to_str().map(str::to_owned).with_context(|| format!("{} is not UTF-8", path.display()))
}

/// RFC 3986 section 2.1 for everything but unreserved characters.
fn percent_encode(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
        encoded
    })
}

#[cfg(test)]
mod tests {
    use super::percent_encode;

    #[test]
    fn a_database_name_in_a_url_is_percent_encoded() {
        assert_eq!(percent_encode("app_1"), "app_1");
        assert_eq!(percent_encode("a b/ü"), "a%20b%2F%C3%BC");
    }
}
