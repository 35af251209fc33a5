//! A private chat: Python's own HTTP server, which takes what Slack or Teams would take, and nothing else. It needs no library, and uses
//! the Python of the receiver of events. Next: `python_server.rs`.

use crate::{
    programs::{webhook_folder, webhook_program},
    python_server::PythonServer,
};
use anyhow::{Context, Result};
use std::{fs, path::PathBuf};

/// What a chat does with what is posted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChatBehaviour {
    /// Takes it where it has the right form, and answers 400 to others.
    Accept,
    /// Answers 429, and that it wants half an hour.
    Busy,
    /// Answers 410.
    Gone,
    /// Answers 403.
    Forbidden,
    /// Answers 404.
    Missing,
    /// Answers 500.
    Trouble,
    /// Sends us elsewhere.
    Redirect,
    /// Never answers.
    Slow,
    /// Answers 200 with a page that asks whoever reads it to sign in.
    Wrong,
}

impl ChatBehaviour {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Busy => "busy",
            Self::Gone => "gone",
            Self::Forbidden => "forbidden",
            Self::Missing => "missing",
            Self::Trouble => "trouble",
            Self::Redirect => "redirect",
            Self::Slow => "slow",
            Self::Wrong => "wrong",
        }
    }
}

/// A chat that runs.
#[derive(Debug)]
pub struct ChatReceiver {
    server: PythonServer,
    part: String,
}

impl ChatReceiver {
    /// Starts a chat whose addresses end in this part, which nobody else knows; returns when it listens.
    pub fn start(behaviour: ChatBehaviour, part: &str) -> Result<Self> {
        let python = webhook_program().context("the receiver of events is not installed")?;
        let program = webhook_folder().join("chat.py");
        let server = PythonServer::start(&python, &program, behaviour.as_str(), &[part])?;
        Ok(Self { server, part: part.to_owned() })
    }

    /// Where it is posted to in this form, `slack` or `teams`.
    pub fn url(&self, form: &str) -> String {
        format!("https://127.0.0.1:{}/{form}/{}", self.server.port(), self.part)
    }

    /// The file of the certificate that it shows, which is its own authority.
    pub fn certificate(&self) -> PathBuf {
        self.server.certificate()
    }

    /// What it took, as it came, in that order.
    pub fn messages(&self) -> Result<Vec<String>> {
        self.server.arrived("json")
    }

    /// Why it did not take the rest, a line for each.
    pub fn refused(&self) -> String {
        fs::read_to_string(self.server.file("refused")).unwrap_or_default()
    }
}
