//! `cargo xtask precision`: for each policy, how often it is right on the labelled examples beside it.
//!
//! The test of the judge that holds policies to their precision prints the figures; this shows them as a table.
//! A figure is a property of the examples: a false alarm met in the field belongs among them.

use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};

use crate::repository;
use crate::test::cargo_at;

/// The test that prints.
const TEST: &str = "examples::every_policy_that_ships_enabled_is_precise_and_its_misses_are_known";
/// What each of its lines begins with.
const MARK: &str = "PRECISION ";
const COLUMNS: [&str; 8] =
    ["policy", "examples", "true", "false", "missed", "precision", "recall", "by default"];

pub(crate) fn run() -> Result<ExitCode> {
    let root = repository::root()?;
    let output = cargo_at(&root)
        .args(["test", "--quiet", "-p", "tenure-judge", "--test", "it", "--", "--exact", TEST, "--nocapture"])
        .output()
        .context("cargo could not be started")?;
    let rows = rows(&String::from_utf8_lossy(&output.stdout));
    if rows.is_empty() {
        bail!("the test printed no figures:\n{}", String::from_utf8_lossy(&output.stderr));
    }
    println!("{}", table(&rows));
    if output.status.success() {
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("{}", String::from_utf8_lossy(&output.stderr));
    Ok(ExitCode::FAILURE)
}

/// The figures of each policy, as the test prints them.
fn rows(printed: &str) -> Vec<Vec<String>> {
    printed
        .lines()
        .filter_map(|line| line.split_once(MARK))
        .map(|(_, figures)| figures.split(" | ").map(str::to_owned).collect())
        .filter(|row: &Vec<String>| row.len() == COLUMNS.len())
        .collect()
}

/// A table as a document holds it.
fn table(rows: &[Vec<String>]) -> String {
    let line = |cells: &[String]| format!("| {} |", cells.join(" | "));
    let head = COLUMNS.map(str::to_owned);
    let under = COLUMNS.map(|_| "---".to_owned());
    let mut lines = vec![line(&head), format!("|{}|", under.join("|"))];
    lines.extend(rows.iter().map(|row| line(row)));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::{rows, table};

    #[test]
    fn figures_become_a_table_and_other_lines_do_not() {
        let printed = "running 1 test\ntest x ... PRECISION no_owner | 16 | 6 | 0 | 1 | 100 % | 85 % | enabled\nPRECISION broken | 3\nok";
        assert_eq!(
            table(&rows(printed)),
            "| policy | examples | true | false | missed | precision | recall | by default |\n\
             |---|---|---|---|---|---|---|---|\n\
             | no_owner | 16 | 6 | 0 | 1 | 100 % | 85 % | enabled |"
        );
    }
}
