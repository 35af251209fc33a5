//! A private SMTP server: aiosmtpd, from the Python registry, in a process of its own, on a loopback port of its own.
//!
//! It is what `crates/tenure-testbed/smtp/requirements.txt` says, hash by hash, in an environment of its own beside it, made by
//! `cargo xtask test`. It knows one user. Next: `python_server.rs`.

use crate::{
    programs::{smtp_folder, smtp_program},
    python_server::PythonServer,
};
use anyhow::{Context, Result};
use std::path::PathBuf;

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
pub struct SmtpServer(PythonServer);

impl SmtpServer {
    /// Starts a server that knows one user; returns when it listens.
    pub fn start(behaviour: SmtpBehaviour, user: &str, password: &str) -> Result<Self> {
        let python = smtp_program().context("the SMTP server is not installed")?;
        let program = smtp_folder().join("server.py");
        Ok(Self(PythonServer::start(&python, &program, behaviour.as_str(), &[user, password])?))
    }

    /// Where it listens, on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.0.port()
    }

    /// The file of the certificate that it shows, which is its own authority.
    pub fn certificate(&self) -> PathBuf {
        self.0.certificate()
    }

    /// The mails that arrived, each with its recipients in a first line `X-To`, in the order they came.
    pub fn mails(&self) -> Result<Vec<String>> {
        self.0.arrived("eml")
    }
}
