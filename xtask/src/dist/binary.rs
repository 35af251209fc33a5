//! Builds the program as a static one, and refuses one that is not what it should be.
//!
//! Checked are: that it needs nothing of the machine it runs on, that it runs and says its version, and that it names no
//! folder of the machine that built it. Nothing of the caller's RUSTFLAGS or CFLAGS gets in: a package is the same
//! whoever makes it.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::contents::ask;
use super::elf;
use super::release::Release;
use super::toolchain::Target;
use super::traces::{self, Renaming};
use crate::stages::{cargo, must_succeed};

/// Separates the arguments in CARGO_ENCODED_RUSTFLAGS (The Cargo Book, "Environment variables").
const BETWEEN_ARGUMENTS: &str = "\u{1f}";

/// Where Cargo builds, and what it builds from.
#[derive(Debug)]
pub(super) struct Workshop {
    pub(super) root: PathBuf,
    /// What `cargo metadata` says for the target.
    pub(super) metadata: Value,
    /// Build output.
    pub(super) output: PathBuf,
    pub(super) renamed: Vec<Renaming>,
}

impl Workshop {
    pub(super) fn look(root: &Path, target: &Target) -> Result<Workshop> {
        let mut command = cargo();
        command.current_dir(root).args(["metadata", "--format-version", "1", "--locked"]);
        command.args(["--filter-platform", target.triple]);
        let done = command.output().context("asking cargo what is built")?;
        if !done.status.success() {
            bail!("cargo does not say what is built: {}", String::from_utf8_lossy(&done.stderr).trim());
        }
        let metadata: Value = serde_json::from_slice(&done.stdout).context("reading what cargo says")?;
        let output = metadata.get("target_directory").and_then(Value::as_str);
        let output = PathBuf::from(output.context("cargo names no folder for build output")?);
        let renamed = traces::renamed(root, &output, &cargo_home()?);
        Ok(Workshop { root: root.to_path_buf(), metadata, output, renamed })
    }

    /// Folders that nothing that is handed on may name.
    pub(super) fn folders(&self) -> Vec<PathBuf> {
        let variable = |name: &str| std::env::var_os(name).map(PathBuf::from);
        let private = traces::private(variable("HOME"), variable("RUSTUP_HOME"));
        self.renamed.iter().map(|renaming| renaming.folder().to_path_buf()).chain(private).collect()
    }
}

fn cargo_home() -> Result<PathBuf> {
    if let Some(home) = std::env::var_os("CARGO_HOME") {
        return Ok(PathBuf::from(home));
    }
    let home =
        std::env::var_os("HOME").context("neither CARGO_HOME nor HOME says where Cargo keeps sources")?;
    Ok(Path::new(&home).join(".cargo"))
}

/// Builds the program. Answers where it lies.
pub(super) fn build(workshop: &Workshop, target: &Target, profile: &str) -> Result<PathBuf> {
    let mut build = cargo();
    build.current_dir(&workshop.root);
    build.args(["build", "--locked", "-p", "tenure", "--bin", "tenure"]);
    build.args(["--profile", profile, "--target", target.triple]);
    for (name, value) in environment(workshop, target)? {
        build.env(name, value);
    }
    must_succeed(&mut build)?;
    // The profile `dev` builds into `debug` (The Cargo Book, "Build cache").
    let folder = if profile == "dev" { "debug" } else { profile };
    Ok(workshop.output.join(target.triple).join(folder).join("tenure"))
}

/// What the compilers are told beyond the manifest.
fn environment(workshop: &Workshop, target: &Target) -> Result<Vec<(String, OsString)>> {
    let mut rust = OsString::new();
    let mut c = OsString::new();
    for renaming in &workshop.renamed {
        let (for_rust, for_c) =
            (renaming.argument("--remap-path-prefix"), renaming.argument("-ffile-prefix-map"));
        if for_c.as_encoded_bytes().iter().any(u8::is_ascii_whitespace) {
            bail!(
                "the folder {} cannot be told to a C compiler; build in one without spaces",
                renaming.folder().display()
            );
        }
        if !rust.is_empty() {
            rust.push(BETWEEN_ARGUMENTS);
            c.push(" ");
        }
        rust.push(for_rust);
        c.push(for_c);
    }
    Ok(vec![("CARGO_ENCODED_RUSTFLAGS".to_owned(), rust), (target.variable("CFLAGS"), c)])
}

/// Refuses a program that is not static, does not run, is another version, or names this machine.
/// Answers its bytes.
pub(super) fn check(workshop: &Workshop, release: &Release, program: &Path) -> Result<Vec<u8>> {
    let bytes = fs::read(program).with_context(|| format!("reading {}", program.display()))?;
    elf::must_be_static(&bytes)?;
    must_be_version(program, release)?;
    traces::must_have_none("the program", &bytes, &workshop.folders())?;
    Ok(bytes)
}

/// Refuses a program that does not run here, or says another version.
pub(super) fn must_be_version(program: &Path, release: &Release) -> Result<()> {
    let said = String::from_utf8(ask(program, &["--version".as_ref()])?).context("reading its version")?;
    let expected = format!("tenure {}", release.version);
    if said.trim() != expected {
        bail!("the program says it is `{}`, and not `{expected}`", said.trim());
    }
    Ok(())
}

/// What a program that was unpacked from a package says, for whoever has dpkg; `false` where there is none.
pub(super) fn unpacks_and_runs(package: &Path, into: &Path, release: &Release) -> Result<bool> {
    let mut dpkg = Command::new("dpkg-deb");
    dpkg.arg("--extract").arg(package).arg(into);
    let done = match dpkg.output() {
        Ok(done) => done,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error).context("starting dpkg-deb"),
    };
    if !done.status.success() {
        bail!("dpkg-deb does not unpack it: {}", String::from_utf8_lossy(&done.stderr).trim());
    }
    must_be_version(&into.join("usr/bin/tenure"), release)?;
    Ok(true)
}
