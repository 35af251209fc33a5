//! `cargo xtask test`: what CI runs, and the second of the README's two commands.
//!
//! Servers first, then the cheap checks, then the tests. The test runner's own closing lines are the last
//! thing printed, so that whoever reads the end reads the result. `Cargo.lock` is always respected.

use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};
use tenure_testbed::MUST_RUN;

use crate::repository::{self, Repository};
use crate::servers::{self, Installing, Skipping};
use crate::stages::{Stages, cargo, must_succeed, show, works};
use crate::tidy;

/// `cargo xtask test` on the command line.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Never install a missing server, also where that would be possible.
    #[arg(long)]
    no_install: bool,
    /// Run the tests only: no tidy, no format, no lints.
    #[arg(long)]
    tests_only: bool,
    /// Handed to the test runner, such as a part of a test's name.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    runner: Vec<String>,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let root = repository::root()?;
    let skipping = if in_ci() { Skipping::IsFailure } else { Skipping::Allowed };
    let installing = if options.no_install { Installing::Forbidden } else { Installing::Allowed };
    let mut stages = Stages::begin();
    let skipped = stages.run("servers", || servers::ensure(installing, skipping))?;
    if !options.tests_only {
        stages.run("tidy", tidy_holds)?;
        stages.run("format", || must_succeed(cargo_at(&root).args(["fmt", "--all", "--check"])))?;
        stages.run("lints", || {
            let clippy = ["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"];
            must_succeed(cargo_at(&root).args(clippy))
        })?;
        if works(cargo_at(&root).args(["deny", "--version"])) {
            let deny = ["deny", "--locked", "check", "bans", "licenses", "sources"];
            stages.run("dependencies", || must_succeed(cargo_at(&root).args(deny)))?;
        }
    }
    let documented = with_doc_tests(&Repository::read(&root)?);
    if !documented.is_empty() && options.runner.is_empty() {
        stages.run("doc tests", || doc_tests(&root, &documented))?;
    }
    println!("   before the tests: {}", stages.summary());
    for line in skipped {
        println!("   {line}");
    }
    stages.announce("tests");
    let mut tests = runner(&root, Shown::Failures);
    tests.args(&options.runner);
    if skipping == Skipping::IsFailure {
        tests.env(MUST_RUN, "1");
    }
    println!("   $ {}", show(&tests));
    let status = tests.status().with_context(|| format!("starting `{}`", show(&tests)))?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Cargo in the repository.
pub(crate) fn cargo_at(root: &Path) -> Command {
    let mut command = cargo();
    command.current_dir(root);
    command
}

/// Whose output is to be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown {
    /// That of tests that fail.
    Failures,
    /// That of every test, because their figures are in it.
    All,
}

/// The whole suite: with cargo-nextest where it is installed, with Cargo's own runner otherwise.
pub(crate) fn runner(root: &Path, shown: Shown) -> Command {
    let mut command = cargo_at(root);
    if works(cargo_at(root).args(["nextest", "--version"])) {
        command.args(["nextest", "run", "--workspace", "--locked"]);
        if shown == Shown::All {
            command.args(["--success-output", "immediate"]);
        }
    } else {
        // Doc tests have had their own stage.
        command.args(["test", "--workspace", "--locked", "--lib", "--bins", "--tests"]);
        if shown == Shown::All {
            command.args(["--", "--show-output"]);
        }
    }
    command
}

/// Whether this runs where a skip is a failure.
fn in_ci() -> bool {
    std::env::var("CI").is_ok_and(|value| !matches!(value.as_str(), "" | "0" | "false"))
}

fn tidy_holds() -> Result<()> {
    if tidy::run(tidy::Options::default())? == ExitCode::SUCCESS {
        return Ok(());
    }
    bail!("the house rules above do not hold")
}

fn doc_tests(root: &Path, documented: &[String]) -> Result<()> {
    let packages = documented.iter().flat_map(|name| ["--package", name]);
    must_succeed(cargo_at(root).args(["test", "--doc", "--locked"]).args(packages))
}

/// Names of library crates whose documentation holds examples that Cargo would run.
fn with_doc_tests(repository: &Repository) -> Vec<String> {
    let has_examples = |room: &&crate::repository::Room| {
        let is_library = repository.file(&format!("{}/src/lib.rs", room.folder)).is_some();
        is_library && repository.rust_files_of(room).any(|file| !file.is_test() && holds_example(&file.text))
    };
    repository.rooms.iter().filter(has_examples).map(|room| room.name.clone()).collect()
}

/// Whether a documentation comment opens a code block that rustdoc compiles (The rustdoc book,
/// "Documentation tests": a block without a language, or with only these words).
fn holds_example(text: &str) -> bool {
    const COMPILED: [&str; 4] = ["rust", "should_panic", "no_run", "compile_fail"];
    let mut in_block = false;
    for line in text.lines() {
        let line = line.trim_start();
        let Some(prose) = line.strip_prefix("///").or_else(|| line.strip_prefix("//!")) else {
            in_block = false;
            continue;
        };
        let Some(words) = prose.trim().strip_prefix("```") else { continue };
        let opens = !in_block;
        in_block = opens;
        let compiled =
            words.split(',').map(str::trim).all(|word| word.is_empty() || COMPILED.contains(&word));
        if opens && compiled {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_examples_that_rustdoc_compiles_count() {
        let cases = [
            ("/// ```\n/// f();\n/// ```\n", true),
            ("//! ```rust,no_run\n//! f();\n//! ```\n", true),
            ("/// ```text\n/// f();\n/// ```\n", false),
            ("/// ```sql\n/// a\n/// ```\n/// ```ignore\n/// b\n/// ```\n", false),
            ("// ```\nlet a = \"```\";\n", false),
        ];
        for (text, expected) in cases {
            assert_eq!(holds_example(text), expected, "{text}");
        }
    }

    #[test]
    fn a_library_with_an_example_is_named() {
        let repository = Repository::of(&[
            ("crates/a/Cargo.toml", "[package]\nname = \"tenure-a\"\n"),
            ("crates/a/src/lib.rs", "//! ```\n//! ```\n"),
            ("crates/b/Cargo.toml", "[package]\nname = \"tenure-b\"\n"),
            ("crates/b/src/main.rs", "//! ```\n//! ```\n"),
        ]);
        assert_eq!(with_doc_tests(&repository), ["tenure-a"]);
    }
}
