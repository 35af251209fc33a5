//! Figures that benches and long tests report, and the table made of them.
//!
//! A program reports a figure as a line `FIGURE <what> | <value with unit>` on standard output, anywhere
//! among its other lines. Nothing is computed here: who measures, says.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::stages;

const MARK: &str = "FIGURE ";

/// What was measured, and the value with its unit.
pub(crate) type Figure = (String, String);

/// Runs a command, shows its output as it comes, and collects its figures.
pub(crate) fn run_and_collect(command: &mut Command) -> Result<Vec<Figure>> {
    let shown = stages::show(command);
    println!("   $ {shown}");
    let mut child = command.stdout(Stdio::piped()).spawn().with_context(|| format!("starting `{shown}`"))?;
    let output = child.stdout.take().context("no output to read")?;
    let mut figures = Vec::new();
    for line in BufReader::new(output).lines() {
        let line = line.with_context(|| format!("reading from `{shown}`"))?;
        figures.extend(figure(&line));
        println!("{line}");
    }
    let status = child.wait().with_context(|| format!("waiting for `{shown}`"))?;
    if !status.success() {
        bail!("`{shown}` failed ({status})");
    }
    Ok(figures)
}

/// A Markdown table of figures, columns aligned for reading in a terminal.
pub(crate) fn table(figures: &[Figure]) -> String {
    let width = |column: fn(&Figure) -> &String, least: usize| {
        figures.iter().map(|figure| column(figure).chars().count()).fold(least, usize::max)
    };
    let (left, right) = (width(|figure| &figure.0, 4), width(|figure| &figure.1, 6));
    let mut lines = vec![
        format!("| {:<left$} | {:>right$} |", "what", "figure"),
        format!("|{}|{}:|", "-".repeat(left + 2), "-".repeat(right + 1)),
    ];
    lines.extend(figures.iter().map(|(what, value)| format!("| {what:<left$} | {value:>right$} |")));
    lines.join("\n")
}

fn figure(line: &str) -> Option<Figure> {
    let (what, value) = line.trim_start().strip_prefix(MARK)?.split_once(" | ")?;
    Some((what.trim().to_owned(), value.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_picked_out_of_other_output() {
        let mut command = Command::new("printf");
        command.arg("noise\n    FIGURE entries, batched | 100 k/s\nFIGURE without a value\n");
        let figures = run_and_collect(&mut command).unwrap();
        assert_eq!(figures, [("entries, batched".to_owned(), "100 k/s".to_owned())]);
    }

    #[test]
    fn a_program_that_fails_has_no_figures() {
        let error = run_and_collect(Command::new("sh").args(["-c", "echo 'FIGURE a | 1'; exit 3"]));
        assert!(error.unwrap_err().to_string().contains("failed"));
    }

    #[test]
    fn the_table_is_markdown() {
        let figures = [("a".to_owned(), "1 s".to_owned()), ("long name".to_owned(), "10 000/s".to_owned())];
        assert_eq!(
            table(&figures),
            "| what      |   figure |\n|-----------|---------:|\n| a         |      1 s |\n| long name | 10 000/s |"
        );
    }
}
