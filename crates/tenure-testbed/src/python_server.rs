//! A server for tests that is written in Python, with libraries from its registry, on a loopback port of its own.
//!
//! It ends with its value, and with the test's process even when that is killed: its standard input ends then. What arrives stands in
//! files of a temporary folder. Next: `smtp.rs`, `webhook.rs`.

use crate::Certificate;
use anyhow::{Context, Result};
use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};
use tempfile::TempDir;

/// A server that runs.
#[derive(Debug)]
pub(crate) struct PythonServer {
    child: Child,
    _alive: ChildStdin,
    /// Kept: whoever writes to a pipe that nobody holds is ended.
    _output: BufReader<ChildStdout>,
    folder: TempDir,
    port: u16,
}

impl PythonServer {
    /// Starts it with its folder, a certificate and what it does as arguments, and these lines of input; returns when it listens.
    pub(crate) fn start(
        python: &Path,
        program: &Path,
        behaviour: &str,
        input_lines: &[&str],
    ) -> Result<Self> {
        let folder = tempfile::tempdir().context("a folder for what arrives")?;
        let made = Certificate::for_loopback()?;
        let (certificate, key) = (folder.path().join("certificate.pem"), folder.path().join("key.pem"));
        fs::write(&certificate, &made.certificate)?;
        fs::write(&key, &made.key)?;
        let mut command = Command::new(python);
        command.arg(program).arg(folder.path()).arg(&certificate).arg(&key);
        command.arg(behaviour).env_clear().current_dir(folder.path());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().context("starting a server")?;
        let mut input = child.stdin.take().context("its standard input")?;
        let mut output = BufReader::new(child.stdout.take().context("its standard output")?);
        let mut server_line = String::new();
        for line in input_lines {
            writeln!(input, "{line}")?;
        }
        output.read_line(&mut server_line)?;
        let mut server = Self { child, _alive: input, _output: output, folder, port: 0 };
        let port = server_line.trim().parse();
        server.port = port.with_context(|| format!("{} did not start", program.display()))?;
        Ok(server)
    }

    /// Where it listens, on 127.0.0.1.
    pub(crate) const fn port(&self) -> u16 {
        self.port
    }

    /// The file of the certificate that it shows, which is its own authority.
    pub(crate) fn certificate(&self) -> PathBuf {
        self.file("certificate.pem")
    }

    /// A file of what arrives.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What arrived in files 1, 2 … with this ending, in that order.
    pub(crate) fn arrived(&self, ending: &str) -> Result<Vec<String>> {
        let mut all = Vec::new();
        loop {
            let file = self.file(&format!("{}.{ending}", all.len() + 1));
            if !file.is_file() {
                return Ok(all);
            }
            all.push(String::from_utf8_lossy(&fs::read(file)?).into_owned());
        }
    }
}

impl Drop for PythonServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
