//! `cargo xtask soak`: the long run before an issue is called resolved.
//!
//! Release build, benches, then what only a long run shows: many simulated revocations, many storms over
//! the whole engine, many real kills; and at last the whole suite. Each has its own number, because one
//! simulated revocation takes microseconds and one real kill takes a second. A skip is a failure here as
//! in CI: figures of a run that left something out would mislead.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;
use tenure_testbed::MUST_RUN;

use crate::bench;
use crate::figures;
use crate::fuzz;
use crate::machine;
use crate::repository;
use crate::servers::{self, Installing, Skipping};
use crate::stages::{Stages, must_succeed};
use crate::test::{Shown, cargo_at, runner};

/// `cargo xtask soak` on the command line.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Simulated revocations in random worlds (`TENURE_SEEDS`).
    #[arg(long, default_value_t = 1_000_000)]
    seeds: u64,
    /// Seeded storms over the whole engine, with crashes (`TENURE_STORMS`).
    #[arg(long, default_value_t = 2_000)]
    storms: u64,
    /// Real `kill -9`s each kill loop survives: the program's, and the store's on both databases
    /// (`TENURE_KILLS`).
    #[arg(long, default_value_t = 10_000)]
    kills: u64,
    /// Random inputs for each reader of what strangers wrote (`PROPTEST_CASES`).
    #[arg(long, default_value_t = 1_000_000)]
    cases: u64,
    /// Seconds for each fuzz target, where cargo-fuzz is installed (`cargo xtask fuzz`).
    #[arg(long, default_value_t = 600)]
    fuzz_seconds: u64,
    /// Leave the benches out.
    #[arg(long)]
    without_benches: bool,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let root = repository::root()?;
    let mut stages = Stages::begin();
    println!("machine: {}", machine::description());
    stages.run("servers", || servers::ensure(Installing::Allowed, Skipping::IsFailure))?;
    stages.run("release build", || {
        must_succeed(cargo_at(&root).args(["build", "--release", "--workspace", "--locked"]))
    })?;
    let mut all = Vec::new();
    if !options.without_benches {
        all.extend(stages.run("benches", || bench::measure(&bench::Options::default()))?);
    }
    let simulated = [("TENURE_SEEDS", options.seeds)];
    all.extend(stages.run("simulations", || {
        long(
            &root,
            &simulated,
            &["--release", "-p", "tenure-govern"],
            "test(honest) or test(mutants) or test(laws)",
        )
    })?);
    // The readers of a machine's files and of imports see what strangers wrote.
    let cases = [("PROPTEST_CASES", options.cases)];
    let readers =
        ["--release", "-p", "tenure-connect-host", "-p", "tenure-connect-import", "-p", "tenure-secrets"];
    all.extend(
        stages.run("readers", || long(&root, &cases, &readers, "test(no_bytes) or test(almost_right)"))?,
    );
    all.extend(stages.run("fuzz", || fuzz::measure(&root, options.fuzz_seconds))?);
    let storms = [("TENURE_STORMS", options.storms)];
    all.extend(stages.run("storms", || long(&root, &storms, &["-p", "tenure-engine"], "test(storm)"))?);
    let kills = [("TENURE_KILLS", options.kills)];
    all.extend(
        stages.run("kills", || long(&root, &kills, &["-p", "tenure", "-p", "tenure-store"], "test(kill)"))?,
    );
    all.extend(stages.run("tests", || {
        let mut tests = runner(&root, Shown::All);
        tests.env(MUST_RUN, "1");
        figures::run_and_collect(&mut tests)
    })?);
    all.extend(stages.times().map(|(stage, took)| (format!("time of {stage}"), took)));
    println!("\nmachine: {}\n\n{}", machine::description(), figures::table(&all));
    Ok(ExitCode::SUCCESS)
}

/// Runs chosen tests as long as they take, without a second try.
fn long(
    root: &Path,
    numbers: &[(&str, u64)],
    packages: &[&str],
    chosen: &str,
) -> Result<Vec<(String, String)>> {
    let mut command = cargo_at(root);
    command.args(["nextest", "run", "--locked", "--profile", "soak", "--success-output", "immediate"]);
    command.args(packages).args(["-E", chosen]).env(MUST_RUN, "1");
    for (variable, number) in numbers {
        command.env(variable, number.to_string());
    }
    figures::run_and_collect(&mut command)
}
