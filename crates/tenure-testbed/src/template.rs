//! A freshly initialised cluster, made once per user and version and copied for every server.
//!
//! `initdb` takes most of a second; a copy takes a tenth. A template is never changed after it appeared
//! under its final name, so copying needs no lock; only making one does. Never started itself.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::account::Account;
use crate::home::{self, random_hex, write_private};

/// The superuser of every private cluster.
pub(crate) const SUPERUSER: &str = "testbed_admin";

/// A template: where its data directory is, and its superuser's password.
#[derive(Debug)]
pub(crate) struct Template {
    data: PathBuf,
    pub(crate) password: String,
}

impl Template {
    /// The template for the PostgreSQL in `folder`, made if there is none yet.
    pub(crate) fn open(folder: &Path, account: &Account) -> Result<Template> {
        let root = home::root()?;
        let path = root.join(format!("template-{}-{}", version(folder)?, account.user_id));
        if let Some(template) = existing(&path)? {
            return Ok(template);
        }
        let lock = File::create(root.join("template.lock")).context("creating the template lock")?;
        lock.lock().context("taking the template lock")?;
        match existing(&path)? {
            Some(made_meanwhile) => Ok(made_meanwhile),
            None => make(folder, account, &root, &path),
        }
    }

    /// Copies the template to `data`, which must not exist, as `account`.
    pub(crate) fn copy_to(&self, data: &Path, account: &Account) -> Result<()> {
        let mut copy = account.command("cp");
        run(copy.args(["-a", "--reflink=auto", "--"]).arg(&self.data).arg(data))
    }
}

fn existing(path: &Path) -> Result<Option<Template>> {
    match fs::read_to_string(path.join("password")) {
        Ok(password) => Ok(Some(Template { data: path.join("data"), password })),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("reading the password in {}", path.display())),
    }
}

/// Built beside its final name and renamed last, so that a half-made template is never seen.
fn make(folder: &Path, account: &Account, root: &Path, path: &Path) -> Result<Template> {
    let building = tempfile::Builder::new().prefix("building-").tempdir_in(root)?;
    account.give(building.path())?;
    let password = random_hex(16)?;
    let password_file = building.path().join("password");
    write_private(&password_file, password.as_bytes(), account)?;
    let mut initialise = account.command(folder.join("initdb"));
    initialise.arg("--pgdata").arg(building.path().join("data"));
    initialise.arg("--pwfile").arg(&password_file);
    initialise.args(["--username", SUPERUSER, "--auth", "scram-sha-256", "--encoding", "UTF8"]);
    initialise.args(["--locale", "C", "--wal-segsize", "1", "--no-sync", "--no-instructions"]);
    run(&mut initialise)?;
    match fs::rename(building.path(), path) {
        Ok(()) => {}
        Err(error) => return Err(error).with_context(|| format!("naming {}", path.display())),
    }
    // Renamed away: nothing is left for the temporary directory to remove.
    let _ = building.keep();
    Ok(Template { data: path.join("data"), password })
}

/// The server's version as it may stand in a file name: `15.18`.
fn version(folder: &Path) -> Result<String> {
    let output = Command::new(folder.join("postgres")).arg("--version").output();
    let output = output.with_context(|| format!("asking {} for its version", folder.display()))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let number = text.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()));
    number.map(str::to_owned).with_context(|| format!("no version number in `{}`", text.trim()))
}

/// Runs a command to its end; what it said is the error if it failed.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.output().with_context(|| format!("starting {program}"))?;
    if !output.status.success() {
        bail!("{program} failed ({}): {}", output.status, String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}
