//! `cargo xtask soak`: the long run before an issue is called resolved.
//!
//! Release build, benches, then the whole suite told by its environment to try many seeds and many kills.
//! A skip is a failure here as in CI: figures of a run that left something out would mislead.

use std::process::ExitCode;

use anyhow::Result;
use tenure_testbed::MUST_RUN;

use crate::bench;
use crate::figures;
use crate::machine;
use crate::repository;
use crate::servers::{self, Installing, Skipping};
use crate::stages::{Stages, must_succeed};
use crate::test::{Shown, cargo_at, runner};

/// `cargo xtask soak` on the command line.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Seeds each simulation tries (`TENURE_SEEDS`).
    #[arg(long, default_value_t = 1_000_000)]
    seeds: u64,
    /// Real `kill -9`s the kill loop survives (`TENURE_KILLS`).
    #[arg(long, default_value_t = 10_000)]
    kills: u64,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let root = repository::root()?;
    let mut stages = Stages::begin();
    println!("machine: {}", machine::description());
    stages.run("servers", || servers::ensure(Installing::Allowed, Skipping::IsFailure))?;
    stages.run("release build", || {
        must_succeed(cargo_at(&root).args(["build", "--release", "--workspace", "--locked"]))
    })?;
    let mut all = stages.run("benches", || bench::measure(&bench::Options::default()))?;
    let tested = stages.run("tests", || {
        let mut tests = runner(&root, Shown::All);
        tests.env("TENURE_SOAK", "1").env(MUST_RUN, "1");
        tests.env("TENURE_SEEDS", options.seeds.to_string());
        tests.env("TENURE_KILLS", options.kills.to_string());
        figures::run_and_collect(&mut tests)
    })?;
    all.extend(tested);
    all.push(("seeds a simulation".to_owned(), options.seeds.to_string()));
    all.push(("kills".to_owned(), options.kills.to_string()));
    all.extend(stages.times().map(|(stage, took)| (format!("time of {stage}"), took)));
    println!("\nmachine: {}\n\n{}", machine::description(), figures::table(&all));
    Ok(ExitCode::SUCCESS)
}
