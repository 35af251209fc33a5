//! What a static build needs of this machine, and what to install where it is missing.
//!
//! Looks only: a compiler for another C library is a choice of whoever owns the machine, and nothing is installed here.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

/// A machine that packages are made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Target {
    /// Rust's name for it.
    pub(super) triple: &'static str,
    /// Debian's name for its architecture.
    pub(super) debian: &'static str,
    /// As in the name of a C compiler.
    pub(super) machine: &'static str,
}

const TARGETS: [Target; 2] = [
    Target { triple: "x86_64-unknown-linux-musl", debian: "amd64", machine: "x86_64" },
    Target { triple: "aarch64-unknown-linux-musl", debian: "arm64", machine: "aarch64" },
];

/// The target of the machine this runs on, if everything for it is there.
pub(super) fn present() -> Result<Target> {
    let machine = std::env::consts::ARCH;
    let target = TARGETS.into_iter().find(|target| target.machine == machine);
    let target = target.with_context(|| {
        let known = TARGETS.map(|target| target.machine).join(" and ");
        format!("no packages are made on `{machine}`, only on {known}")
    })?;
    let missing = target.missing(target.has_library()?, target.compiler(can_run).as_deref());
    if !missing.is_empty() {
        bail!("a static program cannot be built here\n{}", missing.join("\n"));
    }
    Ok(target)
}

impl Target {
    /// The name of the variable by which C code for this target gets `what`, such as `CC`.
    pub(super) fn variable(&self, what: &str) -> String {
        format!("{what}_{}", self.triple.replace('-', "_"))
    }

    fn has_library(&self) -> Result<bool> {
        let mut rustc = Command::new("rustc");
        rustc.args(["--print", "target-libdir", "--target", self.triple]);
        let done = rustc.output().context("asking rustc for its libraries")?;
        let folder = String::from_utf8_lossy(&done.stdout);
        Ok(done.status.success() && Path::new(folder.trim()).is_dir())
    }

    /// The C compiler that the build will find: one that was named, or one of the usual names.
    fn compiler(&self, can_run: fn(&str) -> bool) -> Option<String> {
        if let Ok(named) = std::env::var(self.variable("CC")) {
            return Some(named);
        }
        self.compilers().into_iter().find(|name| can_run(name))
    }

    fn compilers(&self) -> [String; 2] {
        [format!("{}-linux-musl-gcc", self.machine), "musl-gcc".to_owned()]
    }

    /// What is missing, each with what to do about it.
    fn missing(&self, has_library: bool, compiler: Option<&str>) -> Vec<String> {
        let triple = self.triple;
        let library = format!(
            "  the Rust libraries for `{triple}` are not installed: run `rustup target add {triple}`"
        );
        let [first, second] = self.compilers();
        let compiler_is_missing = format!(
            "  a C compiler for musl is not installed (looked for `{first}` and `{second}`): run \
             `apt-get install musl-tools`, or name one in {}",
            self.variable("CC")
        );
        let library = (!has_library).then_some(library);
        library.into_iter().chain(compiler.is_none().then_some(compiler_is_missing)).collect()
    }
}

fn can_run(name: &str) -> bool {
    Command::new(name).arg("--version").output().is_ok_and(|done| done.status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TARGET: Target = TARGETS[0];

    #[test]
    fn nothing_is_missing_where_everything_is() {
        assert!(TARGET.missing(true, Some("musl-gcc")).is_empty());
        assert_eq!(TARGET.compiler(|name| name == "musl-gcc").as_deref(), Some("musl-gcc"));
    }

    #[test]
    fn what_is_missing_is_said_with_the_command_that_mends_it() {
        assert_eq!(TARGET.compiler(|_| false), None);
        let missing = TARGET.missing(false, None);
        assert!(missing[0].contains("`rustup target add x86_64-unknown-linux-musl`"), "{missing:?}");
        assert!(missing[1].contains("`apt-get install musl-tools`"), "{missing:?}");
        assert!(missing[1].contains("CC_x86_64_unknown_linux_musl"), "{missing:?}");
    }
}
