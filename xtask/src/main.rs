//! `cargo xtask`: the house's own tools, run by people and by CI alike.
//!
//! One file per subcommand; `tidy/` holds one file per house rule. Nothing here is linked into the product,
//! and nothing here starts, enables or changes a service of the machine it runs on.

mod bench;
mod dist;
mod figures;
mod fuzz;
mod machine;
mod precision;
mod repository;
mod rust_text;
mod screenshots;
mod servers;
mod soak;
mod stages;
mod test;
mod testbed;
mod tidy;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Tools of the Tenure workspace.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version)]
struct CommandLine {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Everything CI runs: servers, house rules, format, lints, then every test.
    Test(test::Options),
    /// Check the house rules, each with file, line and what to do.
    Tidy(tidy::Options),
    /// Start a primary, a replica and a PgBouncer with a demonstration schema, until Ctrl-C.
    Testbed,
    /// Walk the console in a browser and keep pictures of it in docs/console.
    Screenshots,
    /// Run the registered benches and print their figures as a table.
    Bench(bench::Options),
    /// For each policy, how often it is right on its labelled examples.
    Precision,
    /// Random input for every reader, led by coverage; needs cargo-fuzz and a nightly compiler.
    Fuzz(fuzz::Options),
    /// The long run: release build, benches, and the whole test suite with many seeds and kills.
    Soak(soak::Options),
    /// Make a static program and a Debian package of it, in target/dist.
    Dist(dist::Options),
}

fn main() -> ExitCode {
    let done = match CommandLine::parse().task {
        Task::Test(options) => test::run(&options),
        Task::Tidy(options) => tidy::run(options),
        Task::Testbed => testbed::run(),
        Task::Screenshots => screenshots::run(),
        Task::Bench(options) => bench::run(&options),
        Task::Precision => precision::run(),
        Task::Fuzz(options) => fuzz::run(&options),
        Task::Soak(options) => soak::run(&options),
        Task::Dist(options) => dist::run(&options),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        super::CommandLine::command().debug_assert();
    }
}
