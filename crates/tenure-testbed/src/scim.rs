//! An independent SCIM client that tests a server: scim2-cli and scim2-tester, from the Python registry.
//!
//! It is what `crates/tenure-testbed/scim/requirements.txt` says, hash by hash, in an environment of its own beside it,
//! made by `cargo xtask test`. The token reaches it by its environment, never as an argument. What it says is believed
//! only line by line: an answer that is not understood is a failure.

use crate::programs::scim_program;
use anyhow::{Context, Result};
use std::process::{Command, Stdio};

/// What the tester found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ScimVerdict {
    /// How many checks succeeded.
    pub succeeded: usize,
    /// Every other check, and every line that is not understood.
    pub failed: Vec<String>,
}

impl ScimVerdict {
    /// Reads what the tester printed. A reason stands indented below its check.
    pub fn read(printed: &str) -> Self {
        let mut verdict = Self::default();
        let mut lines = printed.lines().filter(|line| !line.trim().is_empty());
        match lines.next() {
            Some(first) if first.starts_with("Performing a SCIM compliance check on ") => {}
            first => verdict.failed.push(format!("no checks begin: {}", first.unwrap_or_default())),
        }
        let mut succeeded = false;
        for line in lines {
            if line.starts_with("SUCCESS ") {
                verdict.succeeded += 1;
                succeeded = true;
            } else if !(succeeded && line.starts_with("  ")) {
                verdict.failed.push(line.to_owned());
                succeeded = false;
            }
        }
        verdict
    }

    /// True when there were checks and each succeeded.
    pub fn is_success(&self) -> bool {
        self.succeeded > 0 && self.failed.is_empty()
    }
}

/// Has the tester check the server below `url`, `…/scim/v2`, with a provisioning token.
pub fn test_scim(url: &str, token: &str) -> Result<ScimVerdict> {
    let program = scim_program().context("the SCIM tester is not installed")?;
    let mut command = Command::new(program);
    command.args(["--url", url, "test"]).stdin(Stdio::null()).env_clear();
    command.env("SCIM_CLI_HEADERS", format!("Authorization: Bearer {token}")).env("LC_ALL", "C.UTF-8");
    let output = command.output().context("starting the SCIM tester")?;
    let mut verdict = ScimVerdict::read(&String::from_utf8_lossy(&output.stdout));
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        verdict.failed.push(format!("the tester ended with {}: {}", output.status, said.trim()));
    }
    Ok(verdict)
}

#[cfg(test)]
mod tests {
    use super::ScimVerdict;

    const GOOD: &str = "Performing a SCIM compliance check on http://127.0.0.1:1/scim/v2 ...\n\
                        SUCCESS query_all_schemas\n  Schemas available are: 'User'\nSUCCESS object_creation\n";

    #[test]
    fn each_check_that_succeeded_is_counted() {
        let verdict = ScimVerdict::read(GOOD);
        assert_eq!((verdict.succeeded, verdict.is_success()), (2, true), "{verdict:?}");
    }

    #[test]
    fn a_result_in_which_anything_is_doctored_fails() {
        for (from, to) in [
            ("SUCCESS object_creation", "ERROR object_creation"),
            ("SUCCESS object_creation", "SKIPPED object_creation"),
            ("SUCCESS object_creation", "ACCEPTABLE object_creation"),
            ("SUCCESS object_creation", "SUCCESSFUL object_creation"),
            ("SUCCESS query_all_schemas", "CRITICAL query_all_schemas"),
            ("SUCCESS object_creation", "Traceback (most recent call last):"),
            ("Performing a SCIM compliance check on ", "Error: "),
        ] {
            let doctored = GOOD.replace(from, to);
            assert_ne!(doctored, GOOD);
            assert!(!ScimVerdict::read(&doctored).is_success(), "{doctored}");
        }
        for nothing in ["", GOOD.lines().next().unwrap(), "SUCCESS without a beginning\n"] {
            assert!(!ScimVerdict::read(nothing).is_success(), "{nothing}");
        }
    }
}
