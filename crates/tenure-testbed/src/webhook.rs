//! A private receiver of events: Python's own HTTP server, which believes and reads them with the libraries of Standard Webhooks and
//! CloudEvents, so that what we sign and write is judged by others. Next: `python_server.rs`.

use crate::{
    programs::{webhook_folder, webhook_program},
    python_server::PythonServer,
};
use anyhow::{Context, Result};
use std::{fs, path::PathBuf};

/// What a receiver does with events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WebhookBehaviour {
    /// Takes those it believes, and answers 401 to others.
    Accept,
    /// Answers 503.
    Busy,
    /// Answers 401.
    Refuse,
    /// Sends us elsewhere.
    Redirect,
    /// Never answers.
    Slow,
}

impl WebhookBehaviour {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Busy => "busy",
            Self::Refuse => "refuse",
            Self::Redirect => "redirect",
            Self::Slow => "slow",
        }
    }
}

/// A receiver that runs.
#[derive(Debug)]
pub struct WebhookReceiver(PythonServer);

impl WebhookReceiver {
    /// Starts a receiver that holds this secret; returns when it listens.
    pub fn start(behaviour: WebhookBehaviour, secret: &str) -> Result<Self> {
        let python = webhook_program().context("the receiver of events is not installed")?;
        let program = webhook_folder().join("receiver.py");
        Ok(Self(PythonServer::start(&python, &program, behaviour.as_str(), &[secret])?))
    }

    /// Where events are posted to.
    pub fn url(&self) -> String {
        format!("https://127.0.0.1:{}/in", self.0.port())
    }

    /// The file of the certificate that it shows, which is its own authority.
    pub fn certificate(&self) -> PathBuf {
        self.0.certificate()
    }

    /// What it believed, in the order it came: JSON with `type`, `id`, `sequence` and the whole `event`.
    pub fn events(&self) -> Result<Vec<String>> {
        self.0.arrived("json")
    }

    /// Why it did not believe the rest, a line for each.
    pub fn refused(&self) -> String {
        fs::read_to_string(self.0.file("refused")).unwrap_or_default()
    }
}
