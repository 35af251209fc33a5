//! Running other programs in stages a person can follow: what runs, how long it took.
//!
//! Output of the programs goes straight through. The clock here is for reading only; nothing passes or
//! fails by it.

use std::ffi::OsString;
use std::io::Write;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// Stages done so far, with their times.
#[derive(Debug)]
pub(crate) struct Stages {
    begun: Instant,
    done: Vec<(String, Duration)>,
}

impl Stages {
    pub(crate) fn begin() -> Stages {
        Stages { begun: Instant::now(), done: Vec::new() }
    }

    /// Runs one stage between two lines that name it.
    pub(crate) fn run<T>(&mut self, name: &str, stage: impl FnOnce() -> Result<T>) -> Result<T> {
        self.announce(name);
        let begun = Instant::now();
        let outcome = stage().with_context(|| format!("stage `{name}`"))?;
        let took = begun.elapsed();
        self.done.push((name.to_owned(), took));
        println!("   {name}: ok, {}", seconds(took));
        Ok(outcome)
    }

    /// Names a stage that says by itself how it ended.
    pub(crate) fn announce(&self, name: &str) {
        println!("== {name} (at {})", seconds(self.begun.elapsed()));
        let _ = std::io::stdout().flush();
    }

    /// All stages done so far in one line.
    pub(crate) fn summary(&self) -> String {
        let stages: Vec<String> =
            self.done.iter().map(|(name, took)| format!("{name} {}", seconds(*took))).collect();
        stages.join(", ")
    }

    /// The stages done so far, as figures.
    pub(crate) fn times(&self) -> impl Iterator<Item = (String, String)> + '_ {
        self.done.iter().map(|(name, took)| (name.clone(), seconds(*took)))
    }
}

/// The cargo that runs us.
pub(crate) fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")))
}

/// Runs a command to its end after showing it; its failure is an error.
pub(crate) fn must_succeed(command: &mut Command) -> Result<()> {
    let shown = show(command);
    println!("   $ {shown}");
    let status = command.status().with_context(|| format!("starting `{shown}`"))?;
    if !status.success() {
        bail!("`{shown}` failed ({status})");
    }
    Ok(())
}

/// Whether a command can be run and succeeds; its output is thrown away.
pub(crate) fn works(command: &mut Command) -> bool {
    command.output().is_ok_and(|output| output.status.success())
}

/// The command as a person would type it.
pub(crate) fn show(command: &Command) -> String {
    let program = command.get_program().to_string_lossy();
    let program = program.rsplit('/').next().unwrap_or_default().to_owned();
    let arguments = command.get_args().map(|argument| argument.to_string_lossy().into_owned());
    [program].into_iter().chain(arguments).collect::<Vec<_>>().join(" ")
}

fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_stage_is_an_error_that_names_it_and_the_command() {
        let mut stages = Stages::begin();
        let error = stages.run("trial", || must_succeed(&mut Command::new("false"))).unwrap_err();
        let text = format!("{error:#}");
        assert!(text.starts_with("stage `trial`: `false` failed"), "{text}");
        assert_eq!(stages.summary(), "");
    }

    #[test]
    fn a_stage_that_is_done_is_in_the_summary() {
        let mut stages = Stages::begin();
        assert_eq!(stages.run("trial", || Ok(7)).unwrap(), 7);
        assert!(stages.summary().starts_with("trial "));
    }

    #[test]
    fn a_command_is_shown_without_the_folder_of_its_program() {
        assert_eq!(show(Command::new("/a/b/cargo").args(["fmt", "--all"])), "cargo fmt --all");
    }
}
