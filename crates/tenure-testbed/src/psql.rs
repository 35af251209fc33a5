//! Asking a server something through `psql`.
//!
//! Used instead of a driver so that the test bed stays independent of the code under test. Passwords go
//! in the environment and SQL goes in on standard input; neither is ever an argument, which other users of
//! the machine could read.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

/// Whom to connect as, and where.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Login<'a> {
    pub(crate) port: u16,
    pub(crate) user: &'a str,
    pub(crate) password: &'a str,
    pub(crate) database: &'a str,
}

/// What `psql` said when it could not connect or a statement failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PsqlFailed {
    /// Its standard error, trimmed.
    pub message: String,
}

/// Refusals a server gives before a session exists, where `psql` shows no SQLSTATE, by their English text
/// (PostgreSQL source: `auth.c`, `miscinit.c`, `postinit.c`; class 28 of the manual's appendix A).
const REFUSALS: [(&str, &str); 6] = [
    ("is not permitted to log in", "28000"),
    ("no pg_hba.conf entry", "28000"),
    ("pg_hba.conf rejects connection", "28000"),
    ("password authentication failed", "28P01"),
    ("too many connections", "53300"),
    ("the database system is", "57P03"),
];

impl PsqlFailed {
    /// The SQLSTATE of a refused connection, as far as the text tells.
    pub fn refusal(&self) -> Option<&'static str> {
        REFUSALS.iter().find(|(text, _)| self.message.contains(text)).map(|(_, sqlstate)| *sqlstate)
    }
}

impl std::fmt::Display for PsqlFailed {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for PsqlFailed {}

/// `name` as a quoted SQL identifier.
pub fn quote_identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// `text` as a quoted SQL string, also where `standard_conforming_strings` is off.
pub fn quote_literal(text: &str) -> String {
    format!(" E'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}

/// Runs `sql` and answers the rows, unaligned, `|` between columns, without the last line feed.
pub(crate) fn run(folder: &Path, login: Login<'_>, sql: &str) -> Result<Result<String, PsqlFailed>> {
    let mut child = command(folder, login).spawn().context("starting psql")?;
    let mut input = child.stdin.take().context("psql has no standard input")?;
    let output = std::thread::scope(|scope| {
        // A script longer than a pipe holds must not wait for output nobody reads. A refused login closes
        // the pipe early, which is psql's answer and not our failure.
        scope.spawn(move || {
            let _ = input.write_all(sql.as_bytes());
        });
        child.wait_with_output()
    });
    let output = output.context("waiting for psql")?;
    if output.status.success() {
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        return Ok(Ok(text.strip_suffix('\n').map_or(text.clone(), str::to_owned)));
    }
    let message = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Ok(Err(PsqlFailed { message }))
}

fn command(folder: &Path, login: Login<'_>) -> Command {
    let mut command = Command::new(folder.join("psql"));
    command
        .args(["-XAtq", "-v", "ON_ERROR_STOP=1"])
        .env_clear()
        .env("LC_ALL", "C")
        .env("PGHOST", "127.0.0.1")
        .env("PGPORT", login.port.to_string())
        .env("PGUSER", login.user)
        .env("PGPASSWORD", login.password)
        .env("PGDATABASE", login.database)
        .env("PGPASSFILE", "/dev/null")
        .env("PGCONNECT_TIMEOUT", "30")
        .env("PGCLIENTENCODING", "UTF8")
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoting_survives_every_quote_and_backslash() {
        assert_eq!(quote_identifier("a\"b"), "\"a\"\"b\"");
        assert_eq!(quote_literal("o'clock \\"), " E'o''clock \\\\'");
    }

    #[test]
    fn a_refusal_is_told_from_another_failure() {
        let refused = PsqlFailed { message: "FATAL:  role \"x\" is not permitted to log in".to_owned() };
        assert_eq!(refused.refusal(), Some("28000"));
        let other = PsqlFailed { message: "ERROR:  relation \"x\" does not exist".to_owned() };
        assert_eq!(other.refusal(), None);
    }
}
