//! A private OpenID provider: the npm package `oidc-provider` in a process of its own, on a loopback port of its own.
//!
//! It ends with its value, and with the test's process even when that is killed: its standard input ends then. It keeps
//! nothing on a disk. What it is made of is in `crates/tenure-testbed/oidc`, as its lock file says. Anybody signs in there
//! under any name, and that name is their subject.

use crate::programs::{node_program, oidc_folder};
use anyhow::{Context, Result};
use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

/// A provider that runs.
#[derive(Debug)]
pub struct OidcProvider {
    child: Child,
    _alive: ChildStdin,
    /// Kept: whoever writes to a pipe that nobody holds is ended.
    _output: BufReader<ChildStdout>,
    issuer: String,
}

impl OidcProvider {
    /// Starts a provider that knows one client; returns when it answers.
    pub fn start(client_id: &str, client_secret: &str, redirect_uri: &str) -> Result<Self> {
        let node = node_program().context("Node.js is not installed")?;
        let mut command = Command::new(node);
        command.arg("provider.mjs").current_dir(oidc_folder()).env_clear();
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().context("starting the provider")?;
        let mut input = child.stdin.take().context("its standard input")?;
        let output = child.stdout.take().context("its standard output")?;
        // None of these holds a quote or a backslash: they are made by tests.
        writeln!(
            input,
            r#"{{"client_id":"{client_id}","client_secret":"{client_secret}","redirect_uri":"{redirect_uri}"}}"#
        )?;
        let mut issuer = String::new();
        let mut output = BufReader::new(output);
        output.read_line(&mut issuer)?;
        let issuer = issuer.trim().to_owned();
        let mut provider = Self { child, _alive: input, _output: output, issuer };
        if !provider.issuer.starts_with("http://127.0.0.1:") {
            let status = provider.child.wait();
            anyhow::bail!("the provider did not start: {status:?}");
        }
        Ok(provider)
    }

    /// Its issuer, which is also its address.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }
}

impl Drop for OidcProvider {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
