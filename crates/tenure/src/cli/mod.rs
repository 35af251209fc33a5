//! Every command: what it takes, and which file carries it out.
//!
//! One file per command or noun. A command asks the API, then renders; it must never do what
//! a request handler could not. Help texts are part of the interface: golden files in
//! `snapshots/` hold every one of them.

mod agree;
mod as_of;
mod backup;
mod baseline;
mod by_hand;
mod charter;
mod clocks;
mod confirm;
mod delegation;
#[cfg(feature = "host")]
mod demo;
mod dismiss;
mod doctor;
mod events;
mod evidence;
mod exception;
mod exception_decide;
mod find;
mod findings;
mod first_look;
mod handoff;
mod handoff_answer;
mod identities;
#[cfg(feature = "import")]
mod import;
mod inbox;
mod init;
mod keys;
mod listing;
mod man;
mod messages;
mod own;
mod own_many;
mod people;
mod people_address;
mod people_directory;
mod people_import;
mod people_ldap;
mod people_sign_in;
mod plan;
mod private_file;
mod programme;
mod programme_apply;
mod programme_check;
mod programme_drill;
mod programme_facts;
mod programme_replay;
mod proof;
mod report;
mod request;
mod request_decide;
mod request_ownership;
mod request_privilege;
mod review;
mod review_decide;
mod revoke;
mod show;
mod source;
mod source_remove;
mod source_set;
mod survey;
mod tickets;
mod tighten;
mod topics;
mod up;
mod verify;
mod watch;
mod who;
mod witness;

use crate::{
    context::Context,
    failure::{Exit, Failure},
    session::{Purpose, Session},
};
use clap::{Args, Parser, Subcommand, ValueEnum};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Heading of the options that every command takes.
const GLOBAL: &str = "Options of every command";

/// Governs non-human identities: what exists, whether it may go on existing, and proof when it does not
#[derive(Debug, Parser)]
#[command(
    name = "tenure",
    version,
    max_term_width = 100,
    disable_help_subcommand = true,
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = "Begin with `tenure up`. Topics: `tenure help proof-levels`, `exit-codes`, `keys`, `standing`."
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options of every command.
#[derive(Debug, Args)]
pub(crate) struct Global {
    /// The data directory [default: tenure in the XDG data home]
    #[arg(long, global = true, env = "TENURE_DATA", hide_env_values = true, value_name = "DIR", help_heading = GLOBAL)]
    pub(crate) data: Option<PathBuf>,
    /// Print one JSON document
    #[arg(long, global = true, help_heading = GLOBAL)]
    pub(crate) json: bool,
    /// Print only what a script would ask for; of a list, one name a line
    #[arg(long, short, global = true, conflicts_with = "json", help_heading = GLOBAL)]
    pub(crate) quiet: bool,
    /// The file that holds the key-encryption key [default: the one in the data directory, or TENURE_KEY]
    #[arg(long, global = true, value_name = "FILE", conflicts_with = "passphrase_file", help_heading = GLOBAL)]
    pub(crate) key_file: Option<PathBuf>,
    /// The file whose first line is the passphrase of the keys
    #[arg(long, global = true, value_name = "FILE", help_heading = GLOBAL)]
    pub(crate) passphrase_file: Option<PathBuf>,
    /// Which database holds the deployment [default: embedded]
    #[arg(long, global = true, value_name = "KIND", help_heading = GLOBAL, hide = true)]
    pub(crate) database: Option<DatabaseKind>,
    /// Where the PostgreSQL database is, without a password
    #[arg(long, global = true, value_name = "URL", help_heading = GLOBAL, hide = true)]
    pub(crate) database_url: Option<String>,
    /// The file that holds the password of that database
    #[arg(long, global = true, value_name = "FILE", help_heading = GLOBAL, hide = true)]
    pub(crate) database_password_file: Option<PathBuf>,
    /// A PEM file with the authorities that sign that server's certificate, beside the system's
    #[arg(long, global = true, value_name = "FILE", help_heading = GLOBAL, hide = true)]
    pub(crate) database_ca_file: Option<PathBuf>,
}

/// Which database holds the deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DatabaseKind {
    /// SQLite in the data directory
    Embedded,
    /// A PostgreSQL database
    Postgres,
}

/// The form of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogForm {
    /// For people
    Text,
    /// One JSON object a line
    Json,
}

/// What can be asked for.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Up(up::Up),
    Init(init::Init),
    #[cfg(feature = "host")]
    Demo(demo::Demo),
    #[command(subcommand)]
    Source(source::SourceCommand),
    #[cfg(feature = "import")]
    #[command(subcommand)]
    Import(import::ImportCommand),
    Survey(survey::SurveyArgs),
    Identities(identities::Identities),
    Principals(identities::Principals),
    Credentials(identities::Credentials),
    Show(show::Show),
    Find(find::Find),
    Explain(show::Explain),
    Who(who::WhoArgs),
    Own(own::Own),
    Confirm(confirm::Confirm),
    #[command(subcommand)]
    Handoff(handoff::HandoffCommand),
    #[command(subcommand)]
    Delegation(delegation::DelegationCommand),
    #[command(subcommand)]
    Charter(charter::CharterCommand),
    Inbox(inbox::InboxArgs),
    Findings(findings::Findings),
    Dismiss(dismiss::Dismiss),
    #[command(subcommand)]
    Exception(exception::ExceptionCommand),
    #[command(subcommand)]
    Request(request::RequestCommand),
    #[command(subcommand)]
    Review(review::ReviewCommand),
    Clocks(clocks::Clocks),
    Messages(messages::Messages),
    Events(events::Events),
    #[command(subcommand)]
    Tickets(tickets::TicketsCommand),
    AsOf(as_of::AsOfArgs),
    Baseline(baseline::BaselineArgs),
    #[command(subcommand)]
    Programme(programme::ProgrammeCommand),
    Plan(plan::PlanArgs),
    Apply(plan::Apply),
    Disable(revoke::Disable),
    Revoke(revoke::Revoke),
    Tighten(tighten::Tighten),
    Undo(plan::Undo),
    Plans(plan::Plans),
    Proof(proof::Proof),
    #[command(subcommand)]
    Evidence(evidence::EvidenceCommand),
    #[command(subcommand)]
    Witness(witness::WitnessCommand),
    Backup(backup::Backup),
    Restore(backup::Restore),
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    #[command(subcommand)]
    People(people::PeopleCommand),
    Doctor(doctor::Doctor),
    Report(report::ReportArgs),
    Completion(topics::Completion),
    Man(man::Man),
    Help(topics::Help),
}

/// Carries a command out.
pub(crate) async fn run(command: Command, context: &Context) -> Result<Exit, Failure> {
    match command {
        Command::Up(args) => args.run(context).await,
        Command::Init(args) => args.run(context).await,
        #[cfg(feature = "host")]
        Command::Demo(args) => args.run(context),
        Command::Source(command) => command.run(context).await,
        #[cfg(feature = "import")]
        Command::Import(command) => command.run(context).await,
        Command::Survey(args) => args.run(context).await,
        Command::Identities(args) => args.run(context).await,
        Command::Principals(args) => args.run(context).await,
        Command::Credentials(args) => args.run(context).await,
        Command::Show(args) => args.run(context).await,
        Command::Find(args) => args.run(context).await,
        Command::Explain(args) => args.run(context).await,
        Command::Who(args) => args.run(context).await,
        Command::Own(args) => args.run(context).await,
        Command::Confirm(args) => args.run(context).await,
        Command::Handoff(command) => command.run(context).await,
        Command::Delegation(command) => command.run(context).await,
        Command::Charter(command) => command.run(context).await,
        Command::Inbox(args) => args.run(context).await,
        Command::Findings(args) => args.run(context).await,
        Command::Dismiss(args) => args.run(context).await,
        Command::Exception(command) => command.run(context).await,
        Command::Request(command) => command.run(context).await,
        Command::Review(command) => command.run(context).await,
        Command::Clocks(args) => args.run(context).await,
        Command::Messages(args) => args.run(context).await,
        Command::Events(args) => args.run(context).await,
        Command::Tickets(command) => command.run(context).await,
        Command::AsOf(args) => args.run(context).await,
        Command::Baseline(args) => args.run(context).await,
        Command::Programme(command) => command.run(context).await,
        Command::Plan(args) => args.run(context).await,
        Command::Apply(args) => args.run(context).await,
        Command::Disable(args) => args.run(context).await,
        Command::Revoke(args) => args.run(context).await,
        Command::Tighten(args) => args.run(context).await,
        Command::Undo(args) => args.run(context).await,
        Command::Plans(args) => args.run(context).await,
        Command::Proof(args) => args.run(context).await,
        Command::Evidence(command) => command.run(context).await,
        Command::Witness(command) => command.run(context).await,
        Command::Backup(args) => args.run(context).await,
        Command::Restore(args) => args.run(context).await,
        Command::Keys(command) => command.run(context).await,
        Command::People(command) => command.run(context).await,
        Command::Doctor(args) => args.run(context).await,
        Command::Report(args) => args.run(context).await,
        Command::Completion(args) => Ok(args.run(context)),
        Command::Man(args) => args.run(context),
        Command::Help(args) => args.run(context),
    }
}

/// Runs `work`, which changes something, in a conversation with the deployment.
pub(crate) async fn changing<'place, T, F>(context: &'place Context, work: F) -> Result<T, Failure>
where
    F: AsyncFnOnce(&Session<'place>) -> Result<T, Failure>,
{
    converse(context, Purpose::Change, work).await
}

/// Runs `work`, which changes nothing, in a conversation with the deployment.
pub(crate) async fn reading<'place, T, F>(context: &'place Context, work: F) -> Result<T, Failure>
where
    F: AsyncFnOnce(&Session<'place>) -> Result<T, Failure>,
{
    converse(context, Purpose::Read, work).await
}

/// Runs `work` and ends the conversation whatever happens.
async fn converse<'place, T, F>(context: &'place Context, purpose: Purpose, work: F) -> Result<T, Failure>
where
    F: AsyncFnOnce(&Session<'place>) -> Result<T, Failure>,
{
    let session = Session::attach(context, purpose).await?;
    let outcome = work(&session).await;
    let waiting = session.end().await;
    if waiting > 0 {
        let (plans, wait) = if waiting == 1 {
            (String::from("1 approved plan"), "waits")
        } else {
            (format!("{waiting} approved plans"), "wait")
        };
        context.remark(format!("{plans} {wait}, because Tenure does not run here; `tenure up` carries on."));
    }
    outcome
}

#[cfg(test)]
mod tests {
    use super::Cli;
    use clap::CommandFactory as _;

    #[test]
    fn the_commands_are_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_is_in_the_documentation() {
        let document = include_str!("../../../../docs/cli.md");
        let missing: Vec<String> = Cli::command()
            .get_subcommands()
            .flat_map(|command| {
                let names = command.get_subcommands().map(|inner| (command.get_name(), inner.get_name()));
                let mut names: Vec<_> = names.collect();
                if names.is_empty() {
                    names.push((command.get_name(), ""));
                }
                names
            })
            .filter(|(outer, inner)| {
                let mut headings = document.lines().filter(|line| line.starts_with("### tenure "));
                !headings.any(|line| line.contains(outer) && line.contains(inner))
            })
            .map(|(outer, inner)| format!("{outer} {inner}"))
            .collect();
        assert!(missing.is_empty(), "{missing:?}");
    }

    #[test]
    fn every_help_text_is_reviewed() {
        fn collect(path: &str, command: &mut clap::Command, all: &mut Vec<(String, String)>) {
            all.push((path.replace(' ', "_"), command.render_long_help().to_string()));
            for inner in command.get_subcommands_mut() {
                let path = format!("{path} {}", inner.get_name());
                collect(&path, inner, all);
            }
        }
        let mut all = Vec::new();
        let mut command = Cli::command().term_width(100);
        command.build();
        collect("tenure", &mut command, &mut all);
        assert!(all.len() > 35, "{}", all.len());
        for (name, help) in all {
            assert!(help.contains("Example") || help.contains("Commands:"), "{name} has no example");
            insta::with_settings!({ prepend_module_to_snapshot => false, snapshot_path => "snapshots" }, {
                insta::assert_snapshot!(name, help);
            });
        }
    }
}
