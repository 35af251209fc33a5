//! `tenure`: the command line, and the only place that knows which connectors are built in.
//!
//! Reads the command, runs it, prints the answer or the failure, ends with a documented code.
//! It speaks to a deployment through the API only (`session.rs`), with a server that runs or
//! with one it hosts itself; it must never read or write a deployment's database or keys. Begin
//! with `cli/mod.rs`, then `cli/revoke.rs` for the longest walk. For people: docs/cli.md.

mod charters;
mod chats;
mod cli;
mod client;
mod configuration;
mod connectors;
mod context;
mod database_choice;
mod events;
mod failure;
mod hooks;
mod ldap;
mod mail;
mod passwords;
mod place;
mod programme_files;
mod render;
mod session;
mod sign_in;
mod terminal;
mod unix_person;
mod way_out;
mod wire;
mod witness;

use clap::Parser as _;
use cli::{Cli, Command};
use context::{Context, Form};
use std::process::ExitCode;

/// The stack that commands run on. That of a process' first thread grows as it is used, and musl tells only
/// how far it has grown; Cedar, which asks before it evaluates, would deny everything on it.
const STACK_BYTES: usize = 8 << 20;

fn main() -> ExitCode {
    // Whatever this process makes is for its owner only, whatever the shell was told.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return not_understood(&error),
    };
    logging::begin(&cli);
    let work = std::thread::Builder::new().name(String::from("tenure")).stack_size(STACK_BYTES);
    let ended = match work.spawn(move || work_on(cli)) {
        Ok(work) => work.join(),
        Err(error) => Ok(not_begun(&error)),
    };
    match ended {
        Ok(code) => ExitCode::from(code),
        // It was told where it happened; what is left is to end as a program does that came to grief.
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

fn work_on(cli: Cli) -> u8 {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return not_begun(&error),
    };
    let code = runtime.block_on(run(cli));
    // A thread may still wait for somebody to type: nobody waits for that thread.
    runtime.shutdown_background();
    code
}

fn not_begun(error: &std::io::Error) -> u8 {
    eprint!("{}", failure::Failure::new("nothing was begun").caused_by(error).text());
    failure::Exit::Failed.code()
}

/// A command line that cannot be understood, or one that asks for help or the version.
fn not_understood(error: &clap::Error) -> ExitCode {
    let wants_json =
        std::env::args_os().take_while(|argument| argument != "--").any(|argument| argument == "--json");
    if error.use_stderr() && wants_json {
        use std::io::Write as _;
        let document = failure::Failure::of_usage(&error.render().to_string()).document();
        // Whoever asked may have closed their end, and then there is nobody to tell.
        let _ = writeln!(std::io::stdout(), "{document:#}");
    }
    // As above.
    let _ = error.print();
    if error.use_stderr() { ExitCode::from(failure::Exit::Usage.code()) } else { ExitCode::SUCCESS }
}

async fn run(cli: Cli) -> u8 {
    let terminal = terminal::Terminal::look();
    let form = match (cli.global.json, cli.global.quiet) {
        (true, _) => Form::Json,
        (false, true) => Form::Quiet,
        (false, false) => Form::Text,
    };
    let place = match place::Place::find(&cli.global, terminal.can_ask) {
        Ok(place) => place,
        Err(failure) => {
            if form == Form::Json {
                println!("{:#}", failure.document());
            }
            eprint!("{}", failure.text());
            return failure.exit.code();
        }
    };
    let context = Context::new(form, terminal, place);
    // The commands differ much in size; on the heap they cost each other nothing.
    let outcome = Box::pin(cli::run(cli.command, &context)).await;
    context.end(outcome)
}

mod logging {
    //! Structured logs on standard error. They never hold values, only ids, counts and reasons.

    use super::{Cli, Command};
    use crate::cli::LogForm;
    use std::io::IsTerminal as _;
    use tracing_subscriber::EnvFilter;

    /// Which messages are written, in the form of `tracing-subscriber`'s filters.
    const VARIABLE: &str = "TENURE_LOG";

    pub(crate) fn begin(cli: &Cli) {
        let (form, usual) = match &cli.command {
            // At a terminal `up` itself says what it does; a log line in between would only break that up.
            Command::Up(up) if up.log == LogForm::Text && std::io::stderr().is_terminal() => (up.log, "warn"),
            // Elsewhere a person wants to know what Tenure does, not who asked for which page.
            Command::Up(up) if up.log == LogForm::Text => {
                (up.log, "warn,tenure::cli=info,tenure_engine=info")
            }
            Command::Up(up) => (up.log, "info"),
            // A command tells a failure itself, once; a line of the log before it would tell it twice.
            _ => (LogForm::Text, "off"),
        };
        let filter = EnvFilter::try_from_env(VARIABLE).unwrap_or_else(|_| EnvFilter::new(usual));
        let builder =
            tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(false);
        match form {
            LogForm::Text => builder.init(),
            LogForm::Json => builder.json().init(),
        }
    }
}
