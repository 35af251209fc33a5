//! `cargo xtask fuzz`: random input, led by coverage, for every reader of what strangers wrote.
//!
//! Runs each target of `fuzz/` for a while, beginning with the files of the planted machine. It needs a nightly compiler
//! and cargo-fuzz, which are no part of the product's build: where they are missing it says so and what to install. It
//! must never install anything. What is found stays in `fuzz/artifacts` and belongs into an ordinary test.

use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result, bail};

use crate::repository;
use crate::stages::must_succeed;
use crate::test::cargo_at;

/// The test that writes what targets begin with.
const SEEDS: &str = "test(write_the_seeds_of_the_fuzz_targets)";
/// Longest time for one input, in seconds.
const INPUT_SECONDS_MAX: u64 = 10;

/// `cargo xtask fuzz` on the command line.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Seconds for each target.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Only these targets; all of fuzz/Cargo.toml otherwise.
    targets: Vec<String>,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let root = repository::root()?;
    if let Some(missing) = missing() {
        bail!("{missing}");
    }
    let known = targets(&root)?;
    if let Some(unknown) = options.targets.iter().find(|target| !known.contains(target)) {
        bail!("there is no fuzz target `{unknown}`; there are: {}", known.join(", "));
    }
    let chosen = if options.targets.is_empty() { known } else { options.targets.clone() };
    fuzz(&root, &chosen, options.seconds)?;
    Ok(ExitCode::SUCCESS)
}

/// Every target for so long, as figures; none, with a loud line, where the tools are not installed.
pub(crate) fn measure(root: &Path, seconds: u64) -> Result<Vec<(String, String)>> {
    if let Some(missing) = missing() {
        eprintln!("SKIPPED: fuzz targets ({missing})");
        return Ok(vec![(
            String::from("fuzz targets"),
            String::from("not run: cargo-fuzz is not installed"),
        )]);
    }
    let targets = targets(root)?;
    fuzz(root, &targets, seconds)?;
    let figure = |target: &String| (format!("fuzz {target}"), format!("{seconds} s, nothing found"));
    Ok(targets.iter().map(figure).collect())
}

/// What is not installed, and how it is.
fn missing() -> Option<&'static str> {
    let mut asked = nightly();
    asked.args(["fuzz", "--version"]).stdout(Stdio::null()).stderr(Stdio::null());
    let there = asked.status().is_ok_and(|status| status.success());
    (!there).then_some(
        "cargo-fuzz or a nightly compiler is not installed: `rustup toolchain install nightly`, \
         `cargo install cargo-fuzz --locked`",
    )
}

/// Cargo of the nightly toolchain, whatever toolchain runs us.
fn nightly() -> Command {
    let mut command = Command::new("rustup");
    command.args(["run", "nightly", "cargo"]).env_remove("RUSTUP_TOOLCHAIN").env_remove("RUSTC");
    command
}

/// The targets, as the manifest names them.
fn targets(root: &Path) -> Result<Vec<String>> {
    let text = std::fs::read_to_string(root.join("fuzz/Cargo.toml")).context("reading fuzz/Cargo.toml")?;
    let manifest: toml::Table = toml::from_str(&text).context("reading fuzz/Cargo.toml")?;
    let bins = manifest.get("bin").and_then(toml::Value::as_array).cloned().unwrap_or_default();
    let names = bins.iter().filter_map(|bin| bin.get("name")?.as_str().map(str::to_owned));
    Ok(names.collect())
}

fn fuzz(root: &Path, targets: &[String], seconds: u64) -> Result<()> {
    let folder = root.join("fuzz");
    let mut seeds = cargo_at(root);
    seeds.args([
        "nextest",
        "run",
        "--locked",
        "-p",
        "tenure-connect-host",
        "--run-ignored",
        "only",
        "-E",
        SEEDS,
    ]);
    must_succeed(seeds.env("TENURE_FUZZ_SEEDS", folder.join("corpus")))?;
    for target in targets {
        let mut run = nightly();
        run.current_dir(root).args(["fuzz", "run", target, "--"]);
        run.args([format!("-max_total_time={seconds}"), format!("-timeout={INPUT_SECONDS_MAX}")]);
        run.args(["-print_final_stats=1", "-rss_limit_mb=2048", "-max_len=65536"]);
        must_succeed(&mut run).with_context(|| {
            format!("fuzz target `{target}` found something: make a test of the file it names, then mend it")
        })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::targets;
    use std::path::Path;

    #[test]
    fn every_target_has_its_file_and_its_function() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let read = std::fs::read_to_string(root.join("fuzz/src/lib.rs")).unwrap();
        let targets = targets(root).unwrap();
        assert!(targets.len() >= 10, "{targets:?}");
        for target in targets {
            let file = root.join(format!("fuzz/fuzz_targets/{target}.rs"));
            assert!(
                std::fs::read_to_string(file).unwrap().contains(&format!("tenure_fuzz::{target}(bytes)"))
            );
            assert!(read.contains(&format!("pub fn {target}(bytes: &[u8])")), "{target}");
        }
    }
}
