//! `cargo xtask bench`: runs the registered benches and prints machine and figures.
//!
//! A bench is a program (`harness = false` or criterion) that reports `FIGURE` lines, see `figures.rs`.
//! Figures are for reading and for docs/performance.md; no test passes or fails by them.

use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::figures::{self, Figure};
use crate::machine;
use crate::repository;
use crate::test::cargo_at;

/// A bench target and what it measures.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bench {
    package: &'static str,
    name: &'static str,
    measures: &'static str,
}

/// Every bench there is, in the order in which they run. A new one is added here.
const BENCHES: &[Bench] = &[
    Bench {
        package: "tenure-evidence",
        name: "evidence",
        measures: "the log's arithmetic: encode, hash, append, prove, verify, sign",
    },
    Bench {
        package: "tenure-judge",
        name: "judge",
        measures: "identities judged a second, against the same policies in plain Rust",
    },
    Bench {
        package: "tenure",
        name: "log",
        measures: "durable evidence entries, batched and individually acknowledged, against plain SQLite",
    },
    Bench {
        package: "tenure",
        name: "survey",
        measures: "what a survey of 10 000 roles and 200 000 grants costs, against what it costs the server",
    },
    Bench {
        package: "tenure",
        name: "host",
        measures: "a survey of a machine with 100 000 candidate files, against reading the same files plainly",
    },
    Bench {
        package: "tenure",
        name: "scale",
        measures: "a million principals with five million rights: ingest, again unchanged, judging, lists",
    },
    Bench {
        package: "tenure",
        name: "provision",
        measures: "people that a directory adds a second, over HTTP and each durable, against plain SQLite",
    },
    Bench {
        package: "tenure",
        name: "start",
        measures: "`tenure up` until its socket answers, idle memory, the binary's size",
    },
    Bench {
        package: "tenure-testbed",
        name: "start",
        measures: "how long private servers take to start and to end",
    },
];

/// `cargo xtask bench` on the command line.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Options {
    /// Run only the benches whose name holds this text.
    name: Option<String>,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    println!("machine: {}", machine::description());
    let figures = measure(options)?;
    if !figures.is_empty() {
        println!("\n{}", figures::table(&figures));
    }
    Ok(ExitCode::SUCCESS)
}

/// Runs the chosen benches one after the other and collects their figures.
pub(crate) fn measure(options: &Options) -> Result<Vec<Figure>> {
    let wanted = options.name.as_deref().unwrap_or_default();
    let chosen = chosen(BENCHES, wanted);
    if chosen.is_empty() {
        bail!("no bench is called `{wanted}`; there are: {}", names(BENCHES));
    }
    let root = repository::root()?;
    let mut figures = Vec::new();
    for bench in chosen {
        println!("== {}: {}", bench.name, bench.measures);
        let mut command = cargo_at(&root);
        command.args(["bench", "--locked", "--package", bench.package, "--bench", bench.name]);
        figures.extend(figures::run_and_collect(&mut command)?);
    }
    Ok(figures)
}

fn chosen<'a>(benches: &'a [Bench], wanted: &str) -> Vec<&'a Bench> {
    benches.iter().filter(|bench| bench.name.contains(wanted)).collect()
}

fn names(benches: &[Bench]) -> String {
    benches.iter().map(|bench| bench.name).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn benches_are_chosen_by_a_part_of_their_name() {
        let bench = |name| Bench { package: "tenure-a", name, measures: "a" };
        let benches = [bench("evidence_batched"), bench("survey")];
        assert_eq!(names(&benches), "evidence_batched, survey");
        assert_eq!(chosen(&benches, "").len(), 2);
        assert_eq!(
            chosen(&benches, "evid").iter().map(|bench| bench.name).collect::<Vec<_>>(),
            ["evidence_batched"]
        );
        assert!(chosen(&benches, "nothing").is_empty());
    }
}
