//! A private SMTP server: aiosmtpd, from the Python registry, in a process of its own, on a loopback port of its own.
//!
//! It is what `crates/tenure-testbed/smtp/requirements.txt` says, hash by hash, in an environment of its own beside it, made by
//! `cargo xtask test`. It ends with its value, and with the test's process even when that is killed: its standard input ends
//! then. It knows one user. What arrives stands in files of a temporary folder.

use crate::{
    Certificate,
    programs::{smtp_folder, smtp_program},
};
use anyhow::{Context, Result};
use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    path::PathBuf,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};
use tempfile::TempDir;

/// What an SMTP server does with mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmtpBehaviour {
    /// Takes it, after STARTTLS and login.
    Accept,
    /// Takes it, on a line that is encrypted from the beginning.
    Wrapped,
    /// Takes it after a login in clear; it knows no encryption.
    Plain,
    /// Refuses each recipient for now, with 451.
    Defer,
    /// Refuses each recipient for good, with 550.
    Refuse,
    /// Never answers to a mail it was given.
    Slow,
}

impl SmtpBehaviour {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Wrapped => "wrapped",
            Self::Plain => "plain",
            Self::Defer => "defer",
            Self::Refuse => "refuse",
            Self::Slow => "slow",
        }
    }
}

/// A server that runs.
#[derive(Debug)]
pub struct SmtpServer {
    child: Child,
    _alive: ChildStdin,
    /// Kept: whoever writes to a pipe that nobody holds is ended.
    _output: BufReader<ChildStdout>,
    folder: TempDir,
    port: u16,
}

impl SmtpServer {
    /// Starts a server that knows one user; returns when it listens.
    pub fn start(behaviour: SmtpBehaviour, user: &str, password: &str) -> Result<Self> {
        let python = smtp_program().context("the SMTP server is not installed")?;
        let folder = tempfile::tempdir().context("a folder for mail")?;
        let made = Certificate::for_loopback()?;
        let (certificate, key) = (folder.path().join("certificate.pem"), folder.path().join("key.pem"));
        fs::write(&certificate, &made.certificate)?;
        fs::write(&key, &made.key)?;
        let mut command = Command::new(python);
        command.arg(smtp_folder().join("server.py")).arg(folder.path()).arg(&certificate).arg(&key);
        command.arg(behaviour.as_str()).env_clear().current_dir(folder.path());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().context("starting the SMTP server")?;
        let mut input = child.stdin.take().context("its standard input")?;
        let mut output = BufReader::new(child.stdout.take().context("its standard output")?);
        let mut server_line = String::new();
        writeln!(input, "{user}\n{password}")?;
        output.read_line(&mut server_line)?;
        let mut server = Self { child, _alive: input, _output: output, folder, port: 0 };
        server.port = server_line.trim().parse().context("the SMTP server did not start")?;
        Ok(server)
    }

    /// Where it listens, on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The file of the certificate that it shows, which is its own authority.
    pub fn certificate(&self) -> PathBuf {
        self.folder.path().join("certificate.pem")
    }

    /// The mails that arrived, each with its recipients in a first line `X-To`, in the order they came.
    pub fn mails(&self) -> Result<Vec<String>> {
        let mut mails = Vec::new();
        loop {
            let file = self.folder.path().join(format!("{}.eml", mails.len() + 1));
            if !file.is_file() {
                return Ok(mails);
            }
            mails.push(String::from_utf8_lossy(&fs::read(file)?).into_owned());
        }
    }
}

impl Drop for SmtpServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
