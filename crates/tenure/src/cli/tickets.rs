//! `tenure tickets`: what other systems say ended, brought in as claims, and what was observed since.
//!
//! Must never show a ticket's word as what is known: each line begins with what was observed. Next: docs/tickets.md.

use super::{changing, listing::Amount, reading, revoke::quoted};
use crate::{
    context::Context,
    failure::{Exit, Failure},
    place::pasted,
    render::{identity::ticket, words::count},
    session::{Session, shaped},
    wire::{Ticket, TicketsForeseen},
};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Map, Value, json};
use std::{io::Read as _, path::PathBuf};
use tenure_model::{ShortName, TicketOutcome, printable};

/// Bytes of a file, at most; more is not taken by the server either.
const FILE_BYTES_MAX: u64 = 1_500_000;
/// Tickets that are shown of what a file brings.
const SHOWN_MAX: usize = 20;

/// Tickets of other systems: claims, and what became of them
#[derive(Debug, Subcommand)]
pub(crate) enum TicketsCommand {
    Import(Import),
    List(List),
}

impl TicketsCommand {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        match self {
            Self::Import(args) => args.run(context).await,
            Self::List(args) => args.run(context).await,
        }
    }
}

/// Bring tickets in from a CSV file, as Jira and ServiceNow export them
///
/// A ticket is a claim (P0): that it is closed ends nothing here. What a closed ticket names and was seen since is claimed
/// dead and stands as unproven until it ends. Which identity a ticket names stands in a column of its own, and is looked for
/// exactly: SOURCE/NAME, a name, or a handle. What is not in the file stays as it was brought in last.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure tickets import jira.csv --system jira --preview
  tenure tickets import jira.csv --system jira --column identity=\"Service account\"
  tenure tickets import tasks.csv --system servicenow

Columns that are known: Issue key, Number; Status Category, Status, State; Resolution, Close code; Resolved,
Closed at; Identity, Configuration item; Summary, Short description; URL. --column says others:
key, state, resolution, closed, identity, title, url.

Exit codes: 0 done, 1 failed, 2 usage.")]
pub(crate) struct Import {
    /// The file; `-` is standard input
    file: PathBuf,
    /// Of which system they are, by a short name
    #[arg(long, value_name = "NAME", value_parser = parse_system)]
    system: ShortName,
    /// Which column holds what, where it is called otherwise; may be given several times
    #[arg(long, value_name = "WHAT=COLUMN", value_parser = parse_column)]
    column: Vec<(String, String)>,
    /// Only show what they would bring
    #[arg(long)]
    preview: bool,
}

fn parse_system(given: &str) -> Result<ShortName, String> {
    ShortName::parse(given).map_err(|error| error.to_string())
}

fn parse_column(given: &str) -> Result<(String, String), String> {
    let (field, column) = given.split_once('=').ok_or("write WHAT=COLUMN, such as identity=\"Account\"")?;
    Ok((field.trim().to_owned(), column.trim().to_owned()))
}

impl Import {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let what = "no ticket was brought in";
        let path = printable(&self.file.display().to_string(), 200);
        let csv = self.read().map_err(|error| {
            Failure::new(what).because(format!("{path}: {error}")).kept("nothing was changed")
        })?;
        let columns: Map<String, Value> =
            self.column.iter().map(|(field, column)| (field.clone(), json!(column))).collect();
        let body = json!({ "system": self.system, "csv": csv, "columns": columns });
        if self.preview {
            return reading(context, async |session| {
                let foreseen = brought(context, session, "/api/v1/ticket-imports/preview", &body).await?;
                context.say(said(&foreseen, ["would be", "would be"]));
                context.next(format!(
                    "tenure tickets import {} --system {}{}",
                    pasted(&self.file),
                    self.system,
                    self.columns_again()
                ));
                Ok(Exit::Done)
            })
            .await;
        }
        changing(context, async |session| {
            let foreseen = brought(context, session, "/api/v1/ticket-imports", &body).await?;
            context.say(said(&foreseen, ["is", "are"]));
            let of = |outcome| foreseen.tickets.iter().filter(|one| one.outcome == outcome).count();
            context.next(match (of(TicketOutcome::Alive), of(TicketOutcome::Unmatched)) {
                (0, 0) => "tenure survey looks again; tenure tickets list",
                (0, _) => "tenure tickets list --which unmatched: say in the ticket which identity is meant",
                _ => "tenure tickets list --which seen-since: closed, still alive",
            });
            Ok(Exit::Done)
        })
        .await
    }

    /// The columns that were named, as they are typed.
    fn columns_again(&self) -> String {
        self.column.iter().fold(String::new(), |typed, (field, column)| {
            typed + " --column " + &quoted(&format!("{field}={column}"))
        })
    }

    fn read(&self) -> std::io::Result<String> {
        let mut text = String::new();
        let read = if self.file.as_os_str() == "-" {
            std::io::stdin().lock().take(FILE_BYTES_MAX).read_to_string(&mut text)?
        } else {
            std::fs::File::open(&self.file)?.take(FILE_BYTES_MAX).read_to_string(&mut text)?
        };
        if u64::try_from(read).is_ok_and(|read| read >= FILE_BYTES_MAX) {
            return Err(std::io::Error::other("it is larger than 1.5 MB"));
        }
        Ok(text)
    }
}

async fn brought(
    context: &Context,
    session: &Session<'_>,
    path: &str,
    body: &Value,
) -> Result<TicketsForeseen, Failure> {
    let document = session.post("no ticket was brought in", path, body).await?;
    let foreseen: TicketsForeseen = shaped(&document)?;
    context.document(&document);
    for one in foreseen.tickets.iter().take(SHOWN_MAX) {
        lines(context, one);
    }
    let more = foreseen.tickets.len().saturating_sub(SHOWN_MAX);
    if more > 0 {
        context.print(format!("and {more} more"));
    }
    Ok(foreseen)
}

/// What a file brings; the verb is as of one and as of several.
fn said(foreseen: &TicketsForeseen, [one, several]: [&str; 2]) -> String {
    let verb = if foreseen.added == 1 { one } else { several };
    let tickets = |many: i64| count(many, "ticket");
    format!(
        "{} of {} {verb} new, {} said otherwise, {} as they were.",
        tickets(foreseen.added),
        foreseen.system,
        tickets(foreseen.changed),
        tickets(foreseen.same)
    )
}

/// Which tickets are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Which {
    /// Closed, and something of what they name was seen since
    SeenSince,
    /// Closed, and their source was not read whole since
    Unread,
    /// Naming nothing that is known here
    Unmatched,
    /// All of them
    All,
}

/// List tickets with what was observed since each was closed
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure tickets list --which seen-since
  tenure tickets list --json

Exit codes: 0 done, 1 failed, 2 usage.")]
pub(crate) struct List {
    /// Which of them
    #[arg(long, value_enum, default_value = "all", value_name = "WHICH")]
    which: Which,
    #[command(flatten)]
    amount: Amount,
}

impl List {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        reading(context, async |session| {
            let which = match self.which {
                Which::SeenSince => "seen_since",
                Which::Unread => "unread",
                Which::Unmatched => "unmatched",
                Which::All => "all",
            };
            let listed = super::listing::read::<Ticket>(
                session,
                "the tickets were not listed",
                "/api/v1/tickets",
                &[format!("which={which}")],
                self.amount.most(),
            )
            .await?;
            context.document(&listed.document);
            if listed.rows.is_empty() {
                let none = match self.which {
                    Which::All => "No ticket was brought in yet.",
                    Which::SeenSince | Which::Unread | Which::Unmatched => "None.",
                };
                context.say(none);
            }
            for one in &listed.rows {
                lines(context, one);
            }
            context.next(if listed.rows.iter().any(|one| one.outcome == TicketOutcome::Alive) {
                "tenure show NAME: end what was to be ended, and see it proved"
            } else {
                "tenure tickets import FILE --system NAME"
            });
            Ok(Exit::Done)
        })
        .await
    }
}

fn lines(context: &Context, one: &Ticket) {
    for line in ticket(one) {
        context.print(line.strip_prefix("  ").unwrap_or(&line));
    }
}
